//! Fleet provisioning over real TLS and MQTT, with a real folder.

mod support;

use edge_client::{Format, Progress, RunError, fleet, status};
use muster_documents::bundle::files;
use secrecy::ExposeSecret;
use std::time::Duration;
use support::broker::{Broker, Script};
use support::fleet_cloud::{FleetCloud, Manner};
use tempfile::tempdir;

async fn broker(serial: &str, cloud: impl FnOnce(FleetCloud) -> FleetCloud) -> Broker<FleetCloud> {
    let cloud = cloud(FleetCloud::new(serial));
    Broker::fleet(serial, cloud, Script::default()).await
}

#[tokio::test]
async fn a_device_with_its_bundle_gets_its_certificate_in_json_and_in_cbor() {
    for format in [Format::Json, Format::Cbor] {
        let broker = broker("SN-1", |cloud| FleetCloud { format, ..cloud }).await;
        let folder = tempdir().unwrap();
        let mut config = broker.fleet_config(folder.path());
        config.format = format;
        let mut told = Vec::new();
        let outcome = fleet(config, |progress| told.push(progress.clone()))
            .await
            .unwrap();
        let seen = broker.seen();
        assert_eq!(outcome.thing_name, "SN-1");
        let made = &seen.cloud.made[0];
        assert_eq!(
            outcome.certificate_id,
            muster_pki::certificate_id(&made.der)
        );
        assert_eq!((outcome.requests, seen.hellos), (1, 1));
        assert_eq!(
            seen.cloud.registrations,
            [serde_json::json!({ "SerialNumber": "SN-1", "ModelType": "probe" })]
        );
        let steps: Vec<_> = told
            .iter()
            .map(|progress| serde_json::to_value(progress).unwrap()["event"].clone())
            .collect();
        assert_eq!(
            steps,
            [
                "connected",
                "requested",
                "certificateMade",
                "registrationRequested",
                "registered",
                "stored",
                "reconnected",
                "published",
                "promoted",
                "finished",
            ]
        );
        let held = status(&folder.path().join(files::CREDENTIALS)).unwrap();
        assert_eq!(held.current.unwrap().certificate_id, outcome.certificate_id);
        assert!(held.pending.is_none() && held.delivery.is_none());
    }
}

#[tokio::test]
async fn a_device_that_is_done_asks_for_nothing_when_it_runs_again() {
    let broker = broker("SN-2", |cloud| cloud).await;
    let folder = tempdir().unwrap();
    let first = fleet(broker.fleet_config(folder.path()), |_| {})
        .await
        .unwrap();
    let again = fleet(broker.fleet_config(folder.path()), |_| {})
        .await
        .unwrap();
    assert_eq!((again.requests, again.traffic.packets), (0, 0));
    assert_eq!(again.certificate_id, first.certificate_id);
    assert_eq!(broker.seen().cloud.made.len(), 1);
}

#[tokio::test]
async fn a_cloud_without_requests_for_own_keys_makes_the_key_whatever_it_does_with_them() {
    for from_csr in [
        Manner::Silent,
        Manner::Rejects(404, "NotFound"),
        Manner::Cuts,
        Manner::RefusesSubscription,
    ] {
        let broker = broker("SN-3", |cloud| FleetCloud { from_csr, ..cloud }).await;
        let folder = tempdir().unwrap();
        let config = broker.fleet_config(folder.path());
        let outcome = fleet(config, |_| {}).await.expect("a certificate");
        let seen = broker.seen();
        assert_eq!(seen.cloud.made.len(), 1, "{from_csr:?}");
        assert_eq!(
            seen.hellos, 1,
            "with the RSA key of the cloud, {from_csr:?}"
        );
        // The whole answer, with certificate and key, came in one packet.
        assert!(
            outcome.traffic.largest_packet > 2500,
            "{:?}",
            outcome.traffic
        );
    }
}

#[tokio::test]
async fn a_device_whose_run_was_ended_goes_on_with_the_same_certificate() {
    let broker = broker("SN-4", |cloud| FleetCloud {
        rejections: vec![(503, "ServiceUnavailable"); 100],
        ..cloud
    })
    .await;
    let folder = tempdir().unwrap();
    let mut config = broker.fleet_config(folder.path());
    config.timings.give_up_after = Duration::from_secs(1);
    let store = config.store.clone();
    let error = fleet(config, |_| {}).await.unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("ServiceUnavailable"), "{error}");
    let made = muster_pki::certificate_id(&broker.seen().cloud.made[0].der);
    let held = status(&store).unwrap();
    assert_eq!(held.delivery.unwrap().certificate_id, Some(made.clone()));
    broker.seen().cloud.rejections.clear();
    let outcome = fleet(broker.fleet_config(folder.path()), |_| {})
        .await
        .unwrap();
    assert_eq!((outcome.certificate_id, outcome.requests), (made, 0));
}

#[tokio::test]
async fn a_lost_answer_costs_no_certificate() {
    let broker = broker("SN-5", |cloud| FleetCloud {
        lost_answers: 9,
        ..cloud
    })
    .await;
    let folder = tempdir().unwrap();
    let outcome = fleet(broker.fleet_config(folder.path()), |_| {})
        .await
        .unwrap();
    let seen = broker.seen();
    assert_eq!(seen.cloud.made.len(), 1);
    assert!(seen.cloud.takes_certificate(&outcome.certificate_id));
}

#[tokio::test]
async fn a_token_that_is_too_old_leads_to_another_certificate_for_the_same_key() {
    let broker = broker("SN-6", |cloud| FleetCloud {
        rejections: vec![(400, "InvalidCertificateOwnershipToken")],
        ..cloud
    })
    .await;
    let folder = tempdir().unwrap();
    let outcome = fleet(broker.fleet_config(folder.path()), |_| {})
        .await
        .unwrap();
    assert_eq!(outcome.requests, 2);
    let seen = broker.seen();
    assert_eq!((seen.cloud.keys.len(), seen.cloud.made.len()), (1, 2));
}

#[tokio::test]
async fn a_device_that_the_hook_refuses_is_told_so_for_good() {
    let broker = broker("SN-7", |cloud| FleetCloud {
        rejections: vec![(403, "AccessDenied")],
        ..cloud
    })
    .await;
    let folder = tempdir().unwrap();
    let error = fleet(broker.fleet_config(folder.path()), |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::Refused { .. }));
    assert_eq!(error.exit_code(), 2);
    let expected = "SN-7 was refused for good: AccessDenied. The cloud refused this serial, model, voucher or client \
                    id. It tells devices no reason; the operator sees it with `muster device show SERIAL`.";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[tokio::test]
async fn a_hook_that_failed_is_waited_out() {
    let broker = broker("SN-8", |cloud| FleetCloud {
        rejections: vec![(400, "InvocationError")],
        ..cloud
    })
    .await;
    let folder = tempdir().unwrap();
    let mut told = Vec::new();
    let outcome = fleet(broker.fleet_config(folder.path()), |progress| {
        told.push(progress.clone());
    });
    outcome.await.unwrap();
    assert!(told.iter().any(|progress| matches!(
        progress,
        Progress::Refused {
            retryable: true,
            ..
        }
    )));
    assert_eq!(broker.seen().cloud.registrations.len(), 2);
}

#[tokio::test]
async fn many_devices_of_a_fleet_are_provisioned_at_once_in_one_process() {
    let mut devices = Vec::new();
    for number in 0..10 {
        devices.push(tokio::spawn(async move {
            let broker = broker(&format!("SN-9-{number}"), |cloud| cloud).await;
            let folder = tempdir().unwrap();
            let mut config = broker.fleet_config(folder.path());
            config.store = folder.path().join("elsewhere");
            fleet(config, |_| {}).await.unwrap().thing_name
        }));
    }
    for (number, device) in devices.into_iter().enumerate() {
        assert_eq!(device.await.unwrap(), format!("SN-9-{number}"));
    }
}

#[tokio::test]
async fn what_is_kept_and_shown_of_a_device_holds_its_voucher_nowhere() {
    let broker = broker("SN-10", |cloud| cloud).await;
    let folder = tempdir().unwrap();
    let mut config = broker.fleet_config(folder.path());
    config.voucher = Some("voucher-1".into());
    assert!(!format!("{config:?}").contains("voucher-1"));
    let store = config.store.clone();
    let mut told = String::new();
    let outcome = fleet(config, |progress| {
        told.push_str(&serde_json::to_string(progress).unwrap());
    });
    let outcome = outcome.await.unwrap();
    assert_eq!(broker.seen().cloud.registrations[0]["Voucher"], "voucher-1");
    assert!(!told.contains("voucher-1") && !format!("{outcome:?}").contains("voucher-1"));
    let kept = std::fs::read_to_string(store.join("current.pem")).unwrap();
    let kept = secrecy::SecretString::from(kept);
    let labels = ["voucher-1", "TOKEN"].map(|text| kept.expose_secret().contains(text));
    assert_eq!(
        labels,
        [false, false],
        "only a key and a certificate are left"
    );
}
