//! Who may ask on the claim topics: what AWS IoT's policies let in, and what the ledger does.

use crate::player::queued;
use crate::provisioning::request;
use crate::support::{Attacker, Identity, RawDevice, Stack, Version, send, wait_until};
use edge_client::{Config, Mode, Source};
use muster_cloud::operator::ClaimNotAdopted;
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;

/// A certificate of another system's, with a policy that allows everything: its id, its ARN and itself.
async fn theirs(stack: &Stack) -> (String, String, Identity) {
    let iot = stack.iot();
    let wide = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;
    let made = iot.create_policy().policy_name("theirs");
    made.policy_document(wide).send().await.unwrap();
    let made = iot.create_keys_and_certificate().set_as_active(true);
    let made = made.send().await.unwrap();
    let arn = made.certificate_arn.unwrap();
    let attached = iot.attach_policy().policy_name("theirs").target(&arn);
    attached.send().await.unwrap();
    let identity = Identity {
        certificate_pem: made.certificate_pem.unwrap(),
        key_pem: made.key_pair.unwrap().private_key.unwrap(),
    };
    (made.certificate_id.unwrap(), arn, identity)
}

/// The code with which a request for `serial` is refused, over a connection with this certificate.
async fn refused(stack: &Stack, identity: &Identity, serial: &str) -> String {
    let rejected = format!("provision/{serial}/rejected");
    let Identity {
        certificate_pem,
        key_pem,
    } = identity;
    let mut device = RawDevice::connect(stack, serial, &[&rejected], certificate_pem, key_pem)
        .await
        .expect("its policy allows everything");
    let asked = request(&DeviceKey::generate().unwrap(), serial, 256);
    let topic = format!("provision/{serial}/json");
    assert!(device.publish(&topic, asked).await);
    device.hear().await.json()["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The configuration of a device that asks under a client id of its own kind.
fn asking_as(config: Config, client_id: &str) -> Config {
    Config {
        serial: Some(config.client_id.clone()),
        client_id: client_id.to_owned(),
        ..config
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_claim_certificate_that_the_ledger_knows_asks_and_under_the_client_ids_that_the_operator_allows()
 {
    let stack = Stack::start(&[("ClaimClientIdPrefix", "claim-")]).await;
    for serial in ["sensor-00001", "sensor-00002"] {
        stack.import(serial).await;
    }
    let own = Identity {
        certificate_pem: stack.claim_certificate.clone(),
        key_pem: stack.claim_key.expose_secret().to_owned(),
    };
    let as_device = Attacker::connect(&stack, Version::V5, "sensor-00001", &own, None);
    assert!(
        as_device.await.is_none(),
        "it could end the device's connection"
    );
    let config = asking_as(
        stack.config("sensor-00001", Mode::Chunked),
        "claim-sensor-00001",
    );
    edge_client::run(config, |_| {}).await.unwrap();
    let timeline = stack.timeline("sensor-00001", 1).await;
    let device = stack.show("sensor-00001").await.0.unwrap();
    assert_eq!(device.claim_certificate_id.as_ref(), Some(&stack.claim_id));
    assert_eq!(
        timeline[0].claim_certificate_id.as_ref(),
        Some(&stack.claim_id)
    );

    let (id, arn, theirs) = theirs(&stack).await;
    assert_eq!(
        refused(&stack, &theirs, "sensor-00002").await,
        "ClaimUnknown"
    );
    let timeline = stack.timeline("sensor-00002", 1).await;
    let device = stack.show("sensor-00002").await.0.unwrap();
    assert_eq!(device.state, "known");
    assert_eq!(timeline[0].code.as_deref(), Some("ClaimUnknown"));
    assert_eq!(timeline[0].claim_certificate_id.as_ref(), Some(&id));

    let claims = stack.target.claims().unwrap();
    let devices_own = device_certificate(&stack, "sensor-00001").await;
    let adopted = claims.adopt(&devices_own, "line-1", 0).await;
    assert!(
        matches!(&adopted, Err(ClaimNotAdopted::OfThing { thing, .. }) if thing == "sensor-00001"),
        "{adopted:?}"
    );
    let adopted = claims.adopt(&"0".repeat(64), "line-1", 0).await;
    assert!(
        matches!(adopted, Err(ClaimNotAdopted::Missing(_))),
        "{adopted:?}"
    );
    for _ in 0..2 {
        let (claim, others) = claims.adopt(&id, "line-1", 0).await.unwrap();
        assert_eq!((claim.status.as_str(), claim.adopted), ("ACTIVE", true));
        assert_eq!(others, ["theirs"]);
    }
    // What the operator was told to do.
    let detached = stack.iot().detach_policy().policy_name("theirs");
    detached.target(&arn).send().await.unwrap();
    let mut config = asking_as(
        stack.config("sensor-00002", Mode::Chunked),
        "claim-sensor-00002",
    );
    config.claim_certificate = Source::from(theirs.certificate_pem);
    config.claim_key = Source::from(theirs.key_pem);
    edge_client::run(config, |_| {}).await.unwrap();
    let (device, _) = stack.show("sensor-00002").await;
    assert_eq!(device.unwrap().claim_certificate_id, Some(id));
    what_waits_is_refused_once_its_claim_is_shut(&stack).await;
}

async fn device_certificate(stack: &Stack, serial: &str) -> String {
    let (device, _) = stack.show(serial).await;
    device.unwrap().certificate_id.unwrap()
}

async fn what_waits_is_refused_once_its_claim_is_shut(stack: &Stack) {
    stack.import("sensor-00003").await;
    let claims = stack.target.claims().unwrap();
    claims.shut(&stack.claim_id, "leaked").await.unwrap();
    let asked = request(&DeviceKey::generate().unwrap(), "sensor-00003", 256);
    let waiting = queued(&stack.claim_id, "claim-sensor-00003", "json", &asked);
    let waiting = serde_json::to_string(&waiting).unwrap();
    send(stack, "ClaimRequestQueueUrl", &waiting).await;
    let refused = wait_until("the refusal", || async {
        let (_, timeline) = stack.show("sensor-00003").await;
        timeline.first()?.code.clone()
    });
    assert_eq!(refused.await, "ClaimShut");
}
