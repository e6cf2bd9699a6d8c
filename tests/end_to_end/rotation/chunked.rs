//! Devices that are in no fleet, over Muster's chunks.

use super::yard::{Yard, today};
use crate::player::{self, Player, request};
use crate::provisioning::deliver;
use crate::support::{Attacker, Identity, Version};
use aws_sdk_iot::types::CertificateStatus;
use muster_documents::Mode;
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;

/// A device that is in.
pub async fn member(yard: &Yard, serial: &str) -> player::Identity {
    yard.stack().import(serial).await;
    let mut player = Player::listening(yard.stack(), serial, DeviceKey::generate().unwrap()).await;
    player.ask(Mode::Chunked).await;
    player.play_until_activated().await;
    yard.stack().settled().await;
    player.identities.remove(0)
}

pub fn of(identity: &player::Identity) -> Identity {
    Identity {
        certificate_pem: identity.certificate_pem.clone(),
        key_pem: identity.key_pem.clone(),
    }
}

/// Renews the certificate with another key, up to the notice that the new one works.
pub async fn renew(yard: &Yard, serial: &str, identity: &player::Identity) -> player::Identity {
    let key = DeviceKey::generate().unwrap();
    let mut player = Player::renewing(yard.stack(), serial, identity, key).await;
    player.ask(Mode::Chunked).await;
    player.play_until_activated().await;
    yard.stack()
        .settled_of("ChunkedRotationStateMachineArn")
        .await;
    player.identities.remove(0)
}

async fn refused(yard: &Yard, serial: &str, identity: &player::Identity, code: &str) {
    let key = DeviceKey::generate().unwrap();
    let mut player = Player::renewing(yard.stack(), serial, identity, key).await;
    player.ask(Mode::Chunked).await;
    player.refused(code).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_renews_its_certificate_in_chunks_with_the_one_that_it_has() {
    let yard = Yard::without_fleet(&[]).await;
    let old = member(&yard, "sensor-1").await;
    assert_eq!(yard.date("sensor-1").await, Some(today().to_string()));
    refused(&yard, "sensor-1", &old, "RotationNotDue").await;

    yard.ages("sensor-1", 400).await;
    let mut listening = yard.listening("sensor-1", &of(&old)).await.unwrap();
    let run = yard.run().await;
    assert_eq!(run.totals["notified"], 1, "{run:?}");
    assert_eq!(listening.hear().await.json()["msg"], "rotate_cert");
    drop(listening);

    let new = renew(&yard, "sensor-1", &old).await;
    assert_eq!(
        yard.status(&of(&old)).await,
        Some(CertificateStatus::Active)
    );
    let held = yard.held("sensor-1").await;
    assert_eq!(held.current.unwrap().id, old.certificate_id);
    assert_eq!(held.rotation.next.unwrap().id, new.certificate_id);

    assert!(yard.connects("sensor-1", &of(&new)).await);
    yard.in_force("sensor-1", &of(&new)).await;
    assert_eq!(
        yard.status(&of(&old)).await,
        Some(CertificateStatus::Inactive)
    );
    refused(&yard, "sensor-1", &new, "RotationNotDue").await;
    // It goes on as a device does.
    let mut device = yard.listening("sensor-1", &of(&new)).await.unwrap();
    assert!(device.publish("devices/sensor-1/hello", b"{}", false).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_asks_again_and_what_it_never_used_goes() {
    let yard = Yard::without_fleet(&[]).await;
    let old = member(&yard, "sensor-1").await;
    yard.ages("sensor-1", 400).await;
    let first = renew(&yard, "sensor-1", &old).await;
    let second = renew(&yard, "sensor-1", &old).await;
    let run = yard.run().await;
    assert_eq!(run.totals["undone"], 1, "{run:?}");
    assert_eq!(yard.status(&of(&first)).await, None);
    assert_eq!(
        yard.status(&of(&second)).await,
        Some(CertificateStatus::Active)
    );

    // The presence event is lost: it asks with the new one, and that is the proof.
    yard.stack().disable_rule("PresenceRule").await;
    refused(&yard, "sensor-1", &second, "RotationNotDue").await;
    yard.in_force("sensor-1", &of(&second)).await;
    assert_eq!(
        yard.status(&of(&old)).await,
        Some(CertificateStatus::Inactive)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_renews_its_own_certificate_and_nobody_elses() {
    let yard = Yard::without_fleet(&[]).await;
    let own = member(&yard, "sensor-1").await;
    member(&yard, "victim").await;
    for serial in ["sensor-1", "victim"] {
        yard.ages(serial, 400).await;
    }
    let key = DeviceKey::generate().unwrap();
    let own_identity = of(&own);
    let connect = || Attacker::connect(yard.stack(), Version::V5, "sensor-1", &own_identity, None);
    let body = |serial: &str| request(Mode::Chunked, serial, &key);
    for topic in [
        "rotate/victim/json",
        "rotate/victim/ack",
        "provision/sensor-1/json",
    ] {
        let mut device = connect().await.unwrap();
        assert!(
            !device.publish(topic, &body("victim"), false).await,
            "{topic}"
        );
    }
    let mut device = connect().await.unwrap();
    assert!(device.subscribe("rotate/sensor-1/rejected").await);
    assert!(
        device
            .publish("rotate/sensor-1/json", &body("victim"), false)
            .await
    );
    assert_eq!(device.hear().await.json()["code"], "ClientIdMismatch");

    // Who holds a claim certificate.
    let claim = Identity {
        certificate_pem: yard.stack().claim_certificate.clone(),
        key_pem: secrecy::ExposeSecret::expose_secret(&yard.stack().claim_key).to_owned(),
    };
    let claimant = Attacker::connect(yard.stack(), Version::V5, "victim", &claim, None).await;
    let mut claimant = claimant.unwrap();
    assert!(
        !claimant
            .publish("rotate/victim/json", &body("victim"), false)
            .await
    );
    yard.stack()
        .settled_of("ChunkedRotationStateMachineArn")
        .await;
    assert!(yard.held("victim").await.rotation.next.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_nobody_acknowledges_takes_nothing_from_the_device() {
    let yard = Yard::without_fleet(&[("DeliveryTimeoutSeconds", "2")]).await;
    let old = member(&yard, "sensor-1").await;
    yard.ages("sensor-1", 400).await;
    let key = DeviceKey::generate().unwrap();
    let mut silent = Player::renewing(yard.stack(), "sensor-1", &old, key).await;
    silent.ask(Mode::Chunked).await;
    let timeline = yard.stack().timeline("sensor-1", 2).await;
    drop(silent);
    assert_eq!(
        timeline[1].code.as_deref(),
        Some("DeliveryAbandoned"),
        "{timeline:?}"
    );
    let held = yard.held("sensor-1").await;
    assert!(held.pending.is_none() && held.rotation.next.is_none());
    assert_eq!(
        yard.stack().certificates().await,
        std::slice::from_ref(&old.certificate_id)
    );
    let new = renew(&yard, "sensor-1", &old).await;
    assert!(yard.connects("sensor-1", &of(&new)).await);
    yard.in_force("sensor-1", &of(&new)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_in_quarantine_gets_its_certificate_once_more_and_stays_there() {
    let yard = Yard::without_fleet(&[]).await;
    let stack = yard.stack();
    stack.import("sensor-1").await;
    let key = DeviceKey::generate().unwrap();
    let id = deliver(stack, "sensor-1", &key).await;
    stack.settled().await;
    yard.ages("sensor-1", 400).await;
    let asked = [("askedSince", today().plus(-60))];
    yard.set_days("sensor-1", "state", &asked).await;
    assert_eq!(yard.run().await.totals["enforced"], 1);

    // It has lost the certificate, and has the key.
    assert_eq!(deliver(stack, "sensor-1", &key).await, id);
    stack.settled().await;
    let described = stack.iot().describe_certificate().certificate_id(&id);
    let described = described.send().await.unwrap();
    let described = described.certificate_description().unwrap();
    let identity = Identity {
        certificate_pem: described.certificate_pem().unwrap().to_owned(),
        key_pem: key.pem().expose_secret().to_owned(),
    };
    let mut device = yard.listening("sensor-1", &identity).await.unwrap();
    assert!(!device.publish("devices/sensor-1/hello", b"{}", false).await);
}
