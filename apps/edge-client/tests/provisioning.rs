//! The library over real TLS and MQTT, with a real folder.

mod support;

use edge_client::{Mode, Progress, RunError, run, status};
use std::time::Duration;
use support::broker::{Broker, Script};
use support::cloud::Cloud;
use tempfile::tempdir;

#[tokio::test]
async fn a_device_gets_its_certificate_in_packets_no_larger_than_it_asked_for() {
    let broker = Broker::start("SN-0000-0001", Script::default()).await;
    let folder = tempdir().unwrap();
    let mut told = Vec::new();
    let outcome = run(broker.config(folder.path()), |progress| {
        told.push(progress.clone());
    });
    let outcome = outcome.await.unwrap();
    let seen = broker.seen();
    let issued = &seen.cloud.issued[0];
    assert_eq!(
        outcome.certificate_id,
        muster_pki::certificate_id(&issued.der)
    );
    assert_eq!(outcome.thing_name, "SN-0000-0001");
    assert_eq!(outcome.requests, 1);
    // A manifest, the chunks, and the activation, each counted as the broker sent it.
    assert_eq!(seen.sent.len(), usize::from(issued.manifest.count()) + 2);
    assert_eq!(outcome.traffic.packets, seen.sent.len() as u64);
    assert_eq!(
        outcome.traffic.bytes,
        seen.sent.iter().sum::<usize>() as u64
    );
    assert_eq!(
        Some(&outcome.traffic.largest_packet),
        seen.sent.iter().max()
    );
    assert!(outcome.traffic.largest_packet <= 256);
    assert_eq!(seen.hellos, 1);
    let steps: Vec<String> = told
        .iter()
        .map(|progress| {
            serde_json::to_value(progress).unwrap()["event"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let chunks = vec!["chunkReceived"; usize::from(issued.manifest.count())];
    let expected = [
        &["connected", "requested", "manifestReceived"][..],
        &chunks,
        &[
            "stored",
            "acknowledged",
            "activated",
            "reconnected",
            "published",
            "promoted",
            "finished",
        ],
    ];
    assert_eq!(steps, expected.concat());
}

#[tokio::test]
async fn a_device_that_is_done_asks_for_nothing_when_it_runs_again() {
    let broker = Broker::start("SN-2", Script::default()).await;
    let folder = tempdir().unwrap();
    let first = run(broker.config(folder.path()), |_| {}).await.unwrap();
    let again = run(broker.config(folder.path()), |_| {}).await.unwrap();
    assert_eq!((again.requests, again.traffic.packets), (0, 0));
    assert_eq!(again.certificate_id, first.certificate_id);
    assert_eq!(broker.seen().cloud.requests, 1);
}

#[tokio::test]
async fn a_legacy_device_gets_its_key_and_its_certificate_in_two_messages() {
    let broker = Broker::start("SN-3", Script::default()).await;
    let folder = tempdir().unwrap();
    let mut config = broker.config(folder.path());
    config.mode = Mode::Legacy;
    let outcome = run(config, |_| {}).await.unwrap();
    assert_eq!(outcome.traffic.packets, 2);
    assert_eq!(broker.seen().hellos, 1);
    let held = status(folder.path()).unwrap();
    assert_eq!(held.current.unwrap().certificate_id, outcome.certificate_id);
}

#[tokio::test]
async fn what_the_network_loses_is_asked_for_again() {
    let broker = Broker::start(
        "SN-4",
        Script {
            loss: 400,
            ..Script::default()
        },
    )
    .await;
    let folder = tempdir().unwrap();
    let outcome = run(broker.config(folder.path()), |_| {}).await.unwrap();
    let seen = broker.seen();
    assert_eq!(
        outcome.certificate_id,
        muster_pki::certificate_id(&seen.cloud.issued[0].der)
    );
    assert_eq!(seen.cloud.keys.len(), 1);
}

#[tokio::test]
async fn many_devices_are_provisioned_at_once_in_one_process() {
    let mut devices = Vec::new();
    for number in 0..10 {
        devices.push(tokio::spawn(async move {
            let broker = Broker::start(&format!("SN-5-{number}"), Script::default()).await;
            let folder = tempdir().unwrap();
            run(broker.config(folder.path()), |_| {})
                .await
                .unwrap()
                .thing_name
        }));
    }
    for (number, device) in devices.into_iter().enumerate() {
        assert_eq!(device.await.unwrap(), format!("SN-5-{number}"));
    }
}

#[tokio::test]
async fn a_packet_of_just_the_asked_size_is_taken_and_a_byte_more_ends_the_run() {
    for (first_packet, taken) in [(128, true), (129, false)] {
        let script = Script {
            first_packet: Some(first_packet),
            ..Script::default()
        };
        let broker = Broker::start("SN-6", script).await;
        let folder = tempdir().unwrap();
        let mut config = broker.config(folder.path());
        config.packet_size = 128;
        let result = run(config, |_| {}).await;
        match result {
            Ok(outcome) => assert!(taken && outcome.traffic.largest_packet == 128),
            Err(error) => {
                assert!(!taken, "{error}");
                assert!(
                    error.to_string().contains("a packet of 129 bytes came"),
                    "{error}"
                );
                assert_eq!(error.exit_code(), 3);
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_told_with_its_reason() {
    let broker = Broker::start("SN-7", Script::default()).await;
    broker
        .seen()
        .cloud
        .refusals
        .push(muster_documents::RefusalCode::SerialUnknown);
    let folder = tempdir().unwrap();
    let error = run(broker.config(folder.path()), |_| {}).await.unwrap_err();
    assert!(matches!(error, RunError::Refused { .. }));
    assert_eq!(error.exit_code(), 2);
    assert_eq!(
        error.to_string(),
        "SN-7 was refused for good: SerialUnknown. No."
    );
}

#[tokio::test]
async fn a_refusal_for_now_is_waited_out() {
    let broker = Broker::start("SN-8", Script::default()).await;
    let folder = tempdir().unwrap();
    broker
        .seen()
        .cloud
        .refusals
        .push(muster_documents::RefusalCode::ProvisioningInProgress);
    let mut told = Vec::new();
    let outcome = run(broker.config(folder.path()), |progress| {
        told.push(progress.clone());
    });
    assert_eq!(outcome.await.unwrap().requests, 2);
    assert!(told.iter().any(|progress| matches!(
        progress,
        Progress::Refused {
            retryable: true,
            ..
        }
    )));
}

#[tokio::test]
async fn two_runs_never_share_a_store() {
    let script = Script {
        silent: true,
        ..Script::default()
    };
    let broker = Broker::start("SN-9", script).await;
    let folder = tempdir().unwrap();
    let first = tokio::spawn(run(broker.config(folder.path()), |_| {}));
    while !folder.path().join("lock").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let error = run(broker.config(folder.path()), |_| {}).await.unwrap_err();
    assert!(matches!(error, RunError::StoreInUse(_)), "{error}");
    first.abort();
}

#[tokio::test]
async fn an_endpoint_of_another_authority_is_told_nothing() {
    let broker = Broker::start("SN-10", Script::default()).await;
    let folder = tempdir().unwrap();
    let mut config = broker.config(folder.path());
    let stranger = Cloud::new("SN-10").authority;
    config.ca = muster_pki::der_to_pem("CERTIFICATE", &stranger).into();
    config.timings.give_up_after = Duration::from_secs(1);
    let error = run(config, |_| {}).await.unwrap_err();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
    assert_eq!(broker.seen().cloud.requests, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_store() {
    use std::os::unix::fs::PermissionsExt;
    let broker = Broker::start("SN-11", Script::default()).await;
    let folder = tempdir().unwrap();
    let store = folder.path().join("deep/store");
    run(broker.config(&store), |_| {}).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store), 0o700);
    assert_eq!(mode(&store.join("current.pem")), 0o600);
    let mut names: Vec<_> = std::fs::read_dir(&store)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["current.pem", "lock"],
        "nothing with a key is left over"
    );
}
