mod cloud;
mod disorder;

use cloud::Cloud;
use muster_documents::Serial;
use muster_lambda::{SqsAttributes, SqsBatch, SqsRecord};
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{Certificate, HeldDevice, Overdue, OverdueAction, RotationState};
use muster_onboarding::rotation::Day;
use muster_pki::{CaCertificate, CaKey, CaSubject, Validity};
use serde_json::json;

/// 2026-02-01T23:59:59.999Z, in milliseconds.
const NOW: i64 = 1_769_990_399_999;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn sensor() -> Serial {
    Serial::new("sensor-1").unwrap()
}

fn certificate(id: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("arn:cert/{id}"),
        der: Vec::new(),
    }
}

/// A device that has been given the certificate `second` beside `first`.
fn cloud() -> Cloud {
    let cloud = Cloud::default();
    let held = HeldDevice {
        state: Some(DeviceState::Provisioned),
        fingerprint: Some("key of first".to_owned()),
        current: Some(certificate("first")),
        issued_on: Some(day("20250101")),
        rotation: RotationState {
            next: Some(certificate("second")),
            next_fingerprint: Some("key of second".to_owned()),
            asked_since: Some(day("20260101")),
            ..RotationState::default()
        },
        ..HeldDevice::default()
    };
    let mut state = cloud.state();
    state.devices.insert(sensor(), held);
    state.active = ["first", "second"].map(str::to_owned).into();
    state.thing_date = Some(day("20250101"));
    drop(state);
    cloud
}

fn held(cloud: &Cloud) -> HeldDevice {
    cloud.state().devices[&sensor()].clone()
}

fn change(cloud: &Cloud, change: impl FnOnce(&mut HeldDevice)) {
    change(cloud.state().devices.get_mut(&sensor()).unwrap());
}

/// Whether what the queue says is taken, and not delivered again.
async fn takes(cloud: &Cloud, body: &str) -> bool {
    let record = SqsRecord {
        message_id: "m".to_owned(),
        body: body.to_owned(),
        attributes: SqsAttributes::default(),
    };
    let batch = SqsBatch {
        records: vec![record],
    };
    let answer = cloud.completer().complete(NOW, batch).await.unwrap();
    answer.batch_item_failures.is_empty()
}

/// Whether the message that somebody has connected is taken.
async fn connects(cloud: &Cloud, client_id: &str, certificate_id: &str) -> bool {
    let body = json!({ "clientId": client_id, "principalIdentifier": certificate_id });
    takes(cloud, &body.to_string()).await
}

/// The device with `second` in force, and nothing left to do.
fn is_rotated(cloud: &Cloud) -> bool {
    let held = held(cloud);
    let state = cloud.state();
    held.current == Some(certificate("second"))
        && held.rotation == RotationState::default()
        && held.issued_on == Some(day("20260201"))
        && state.active.iter().eq(["second"])
}

#[tokio::test]
async fn a_connection_with_the_next_certificate_puts_it_in_force_before_the_old_one_goes() {
    let cloud = cloud();
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert_eq!(
        cloud.state().done,
        [
            "take force second",
            "deactivate first",
            "date 20260201",
            "forget first"
        ]
    );
    assert!(is_rotated(&cloud));
    assert_eq!(held(&cloud).fingerprint.as_deref(), Some("key of second"));
    assert_eq!(cloud.state().thing_date, Some(day("20260201")));
}

#[tokio::test]
async fn what_is_written_has_the_days_on_which_the_one_goes_and_the_other_is_due() {
    let cloud = cloud();
    assert!(connects(&cloud, "sensor-1", "second").await);
    let state = cloud.state();
    let taken = &state.taken[0];
    assert_eq!(taken.before, certificate("first"));
    assert_eq!(taken.before_fingerprint, "key of first");
    assert_eq!(taken.due_on, day("20270201"));
    assert_eq!(taken.delete_on, day("20260303"));
    assert_eq!(taken.expires_at, 1_769_990_399 + 365 * 86_400);
}

/// A certificate that is valid for so many days.
fn der_of_days(days: i64) -> Vec<u8> {
    let key = CaKey::generate().unwrap();
    let subject = CaSubject {
        common_name: "sensor-1".to_owned(),
        ..CaSubject::default()
    };
    let validity = Validity::of_days(NOW.div_euclid(1000), days);
    let issued = CaCertificate::issue(&key, &subject, validity).unwrap();
    issued.der().to_vec()
}

#[tokio::test]
async fn a_new_certificate_that_ends_soon_is_due_before_it_ends() {
    let cloud = cloud();
    change(&cloud, |held| {
        held.rotation.next.as_mut().unwrap().der = der_of_days(90);
    });
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert_eq!(cloud.state().taken[0].due_on, day("20260401"));
}

#[tokio::test]
async fn a_retired_certificate_that_ends_soon_is_still_known_when_it_is_to_be_deleted() {
    for (days, at_least) in [(2, 30), (9000, 8999)] {
        let cloud = cloud();
        change(&cloud, |held| {
            held.current.as_mut().unwrap().der = der_of_days(days);
        });
        assert!(connects(&cloud, "sensor-1", "second").await);
        let kept = cloud.state().taken[0].before_kept_until - NOW.div_euclid(1000);
        assert!(kept >= at_least * 86_400, "{kept} seconds");
    }
}

#[tokio::test]
async fn the_bus_is_told_once_which_certificate_is_in_force_and_which_is_retired() {
    let cloud = cloud();
    for _ in 0..3 {
        assert!(connects(&cloud, "sensor-1", "second").await);
    }
    let state = cloud.state();
    let [event] = &state.events[..] else {
        panic!("told once")
    };
    assert_eq!(event.name, "CertificateRotated");
    assert_eq!(event.detail["certificateId"], "second");
    assert_eq!(event.detail["retiredCertificateId"], "first");
    assert_eq!(event.detail["leavesQuarantine"], false);
}

#[tokio::test]
async fn a_device_that_rotates_leaves_what_was_done_about_its_deadline() {
    for (action, leaves) in [
        (OverdueAction::Quarantine, true),
        (OverdueAction::Deactivate, true),
        (OverdueAction::Alert, false),
    ] {
        let cloud = cloud();
        change(&cloud, |held| {
            held.rotation.overdue = Some(Overdue {
                action,
                certificate_id: "first".to_owned(),
                policies: Vec::new(),
                done: true,
            });
        });
        assert!(connects(&cloud, "sensor-1", "second").await);
        assert!(is_rotated(&cloud));
        let event = &cloud.state().events[0];
        assert_eq!(event.detail["leavesQuarantine"], leaves, "{action:?}");
    }
}

#[tokio::test]
async fn who_connects_with_what_it_has_changes_nothing() {
    let cloud = cloud();
    let before = held(&cloud);
    for certificate in ["first", "unknown", ""] {
        assert!(connects(&cloud, "sensor-1", certificate).await);
    }
    assert_eq!(held(&cloud), before);
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn whatever_else_connects_to_the_account_is_let_by() {
    let cloud = cloud();
    for client_id in ["sensor-2", "iotconsole 1/2", "", "sensor-1 ", "#"] {
        assert!(connects(&cloud, client_id, "second").await, "{client_id:?}");
    }
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn a_thing_without_room_for_its_date_keeps_no_certificate_from_being_retired() {
    let cloud = cloud();
    cloud.state().thing_is_full = true;
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert!(is_rotated(&cloud));
}

#[tokio::test]
async fn a_bus_that_fails_changes_nothing() {
    let cloud = cloud();
    cloud.state().bus_fails = true;
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert!(is_rotated(&cloud));
}

#[tokio::test]
async fn a_message_that_is_none_is_delivered_again_alone() {
    let cloud = cloud();
    let good = json!({ "clientId": "sensor-1", "principalIdentifier": "second" }).to_string();
    let bodies = ["{", "null", r#"{"clientId":"sensor-1"}"#, &good];
    let records = bodies.iter().zip(1..).map(|(body, number)| SqsRecord {
        message_id: format!("m{number}"),
        body: (*body).to_owned(),
        attributes: SqsAttributes::default(),
    });
    let batch = SqsBatch {
        records: records.collect(),
    };
    let answer = cloud.completer().complete(NOW, batch).await.unwrap();
    let again = answer.batch_item_failures.iter();
    assert!(
        again
            .map(|failed| failed.item_identifier.as_str())
            .eq(["m1", "m2", "m3"])
    );
    assert!(is_rotated(&cloud));
}

#[tokio::test]
async fn the_first_connection_with_a_vended_certificate_is_noted_once() {
    let cloud = cloud();
    change(&cloud, |held| held.unproven = Some("first".to_owned()));
    assert!(connects(&cloud, "sensor-1", "another").await);
    assert!(held(&cloud).unproven.is_some());
    assert!(connects(&cloud, "sensor-1", "first").await);
    assert_eq!(held(&cloud).unproven, None);
    assert!(connects(&cloud, "sensor-1", "first").await);
}
