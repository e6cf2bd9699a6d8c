mod cloud;
mod device;
mod rotation;

use crate::Undecided;
use cloud::{Broken, Cloud, World};
use device::{CLAIM, Device};
use muster_documents::fleet_provisioning::HookAnswer;
use muster_onboarding::ports::{VerifierAnswer, VoucherRecord};
use serde_json::{Value, json};
use std::time::Duration;

/// 2025-12-31T23:59:59.999Z, in milliseconds.
const NEWYEARS_EVE: i64 = 1_767_225_599_999;
const HOUR: i64 = 3_600_000;

async fn answered(hook: &World, device: &Device) -> Result<HookAnswer, Undecided> {
    hook.answer(NEWYEARS_EVE, device.asks()).await
}

async fn is_let_in(hook: &World, device: &Device) -> bool {
    let answer = answered(hook, device).await;
    answer.is_ok_and(|answer| answer.allow_provisioning)
}

#[tokio::test]
async fn a_known_device_is_let_in_and_told_of() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    let device = Device::new("sensor-1");
    let answer = answered(&cloud.hook(), &device).await.unwrap();
    assert_eq!(
        json!(answer),
        json!({
            "allowProvisioning": true,
            "parameterOverrides": { "SerialNumber": "sensor-1", "CertIssuance": "20251231", "MadeBy": "muster-1",
                "ModelType": "-" },
        })
    );
    let [told] = &cloud.told("DeviceAdmitted")[..] else {
        panic!("told once")
    };
    assert_eq!(told["serial"], "sensor-1");
    assert_eq!(told["certificateId"], device.request.certificate_id);
}

#[tokio::test]
async fn one_device_that_was_let_in_opens_the_door_for_no_other() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    let hook = cloud.hook();
    assert!(is_let_in(&hook, &Device::new("sensor-1")).await);
    for serial in ["sensor-2", "sensor-3"] {
        let answer = answered(&hook, &Device::new(serial)).await;
        assert_eq!(
            json!(answer.unwrap()),
            json!({ "allowProvisioning": false })
        );
        assert_eq!(cloud.recorded(serial), ["SerialUnknown"]);
    }
    let told = cloud.told("DeviceRejected");
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["code"], "SerialUnknown");
}

#[tokio::test]
async fn the_day_is_that_of_the_event_and_not_of_the_start() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    cloud.import("sensor-2");
    let hook = cloud.hook();
    let mut days = Vec::new();
    for (now, serial) in [(NEWYEARS_EVE, "sensor-1"), (NEWYEARS_EVE + 1, "sensor-2")] {
        let answer = hook.answer(now, Device::new(serial).asks()).await;
        let mut answer = answer.unwrap();
        days.push(answer.parameter_overrides.remove("CertIssuance").unwrap());
    }
    assert_eq!(days, ["20251231", "20260101"]);
}

#[tokio::test]
async fn what_is_no_hooks_payload_is_denied_and_nothing_is_looked_up() {
    let cloud = Cloud::new();
    let mut without_template = Device::new("sensor-1").asks();
    without_template
        .as_object_mut()
        .unwrap()
        .remove("templateArn");
    let mut of_numbers = Device::new("sensor-1").asks();
    of_numbers["parameters"]["SerialNumber"] = 7.into();
    for payload in [
        Value::Null,
        json!([]),
        json!({}),
        without_template,
        of_numbers,
    ] {
        let answer = cloud.hook().answer(NEWYEARS_EVE, payload).await.unwrap();
        assert!(!answer.allow_provisioning);
    }
    assert!(cloud.state().hours.is_empty() && cloud.state().done.is_empty());
}

#[tokio::test]
async fn a_ledger_that_fails_lets_nobody_in() {
    for broken in [Broken::LookingForThings, Broken::Reading, Broken::Writing] {
        let cloud = Cloud::new();
        cloud.import("sensor-1");
        cloud.state().broken = broken;
        assert!(!is_let_in(&cloud.hook(), &Device::new("sensor-1")).await);
        assert_eq!(
            cloud.recorded("sensor-1"),
            ["ProvisioningFailed"],
            "{broken:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_decided_in_time_is_denied() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    cloud.state().broken = Broken::ReadingForEver;
    let mut hook = cloud.hook();
    hook.patience.decision = Duration::from_millis(20);
    assert!(!is_let_in(&hook, &Device::new("sensor-1")).await);
    assert_eq!(cloud.recorded("sensor-1"), ["ProvisioningFailed"]);
}

#[tokio::test]
async fn telling_changes_no_answer_and_does_not_keep_a_device_waiting() {
    for broken in [Broken::Telling, Broken::TellingForEver] {
        let cloud = Cloud::new();
        cloud.import("sensor-1");
        cloud.state().broken = broken;
        let mut hook = cloud.hook();
        hook.patience.telling = Duration::from_millis(20);
        assert!(
            is_let_in(&hook, &Device::new("sensor-1")).await,
            "{broken:?}"
        );
        assert!(
            !is_let_in(&hook, &Device::new("sensor-2")).await,
            "{broken:?}"
        );
    }
}

#[tokio::test]
async fn of_two_devices_with_one_serial_at_once_one_is_let_in() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    let hook = cloud.hook();
    let (one, other) = (Device::new("sensor-1"), Device::new("sensor-1"));
    let (first, second) = tokio::join!(is_let_in(&hook, &one), is_let_in(&hook, &other));
    assert!(first != second, "{first} and {second}");
    assert_eq!(cloud.recorded("sensor-1"), ["AlreadyProvisioned"]);
}

#[tokio::test]
async fn the_same_request_twice_at_once_is_let_in_twice_and_written_once() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    let hook = cloud.hook();
    let device = Device::new("sensor-1");
    let (first, second) = tokio::join!(answered(&hook, &device), answered(&hook, &device));
    assert!(first.as_ref().is_ok_and(|answer| answer.allow_provisioning));
    assert_eq!(first, second);
    assert_eq!(cloud.state().done.len(), 1);
    assert_eq!(cloud.told("DeviceAdmitted").len(), 1);
}

#[tokio::test]
async fn a_device_that_starts_over_gets_its_new_certificate_and_the_old_one_goes_after_it() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    let hook = cloud.hook();
    let mut device = Device::new("sensor-1");
    assert!(is_let_in(&hook, &device).await);
    let old = device.request.certificate_id.clone();
    device.starts_over();
    assert!(is_let_in(&hook, &device).await);
    let new = &device.request.certificate_id;
    assert_eq!(
        cloud.state().done,
        [
            format!("admit {old}"),
            format!("admit {new}"),
            format!("deactivate {old}")
        ]
    );
}

#[tokio::test]
async fn a_certificate_before_that_cannot_be_deactivated_keeps_its_device_from_nothing() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    let hook = cloud.hook();
    let mut device = Device::new("sensor-1");
    assert!(is_let_in(&hook, &device).await);
    device.starts_over();
    cloud.state().broken = Broken::Deactivating;
    assert!(is_let_in(&hook, &device).await);
}

/// A fleet that lets in whom the verifier `plant` confirms.
fn verifying(answer: Option<VerifierAnswer>) -> Cloud {
    let cloud = Cloud::new();
    cloud.state().settings["admission"] = "verifier".into();
    cloud.state().settings["verifierName"] = "plant".into();
    cloud.state().verifier = answer;
    cloud
}

fn said(answer: &str) -> VerifierAnswer {
    VerifierAnswer::Said(answer.into())
}

#[tokio::test]
async fn whom_the_verifier_confirms_is_let_in_and_asked_about_once() {
    let cloud = verifying(Some(said(r#"{"verified": true}"#)));
    let hook = cloud.hook();
    let mut device = Device::new("sensor-1");
    assert!(is_let_in(&hook, &device).await);
    assert_eq!(cloud.state().done[0], "ask about \"sensor-1\"");
    cloud.state().verifier = Some(said(r#"{"verified": false}"#));
    device.starts_over();
    assert!(
        is_let_in(&hook, &device).await,
        "its key has shown who it is"
    );
}

#[tokio::test]
async fn a_verifier_that_says_anything_but_yes_or_nothing_lets_nobody_in() {
    for (answer, code) in [
        (Some(said(r#"{"verified": false}"#)), "NotVerified"),
        (Some(said("rubbish")), "NotVerified"),
        (Some(said("")), "NotVerified"),
        (Some(VerifierAnswer::Failed), "ProvisioningFailed"),
        (Some(VerifierAnswer::Late), "ProvisioningFailed"),
        (None, "ProvisioningFailed"),
    ] {
        let cloud = verifying(answer.clone());
        let told = answered(&cloud.hook(), &Device::new("sensor-1")).await;
        // Whether the device asks again.
        let expected = match code {
            "NotVerified" => Ok(HookAnswer::denied()),
            _ => Err(Undecided),
        };
        assert_eq!(told, expected, "{answer:?}");
        assert_eq!(cloud.recorded("sensor-1"), [code], "{answer:?}");
        assert!(cloud.state().devices.is_empty());
    }
    let cloud = verifying(Some(said(r#"{"verified": true}"#)));
    cloud.state().settings["verifierName"] = "another".into();
    assert!(!is_let_in(&cloud.hook(), &Device::new("sensor-1")).await);
}

#[tokio::test]
async fn a_voucher_is_good_for_one_device_and_told_to_nobody() {
    let cloud = Cloud::new();
    cloud.state().settings["admission"] = "voucher".into();
    let voucher = VoucherRecord {
        fleet: "plant-7".to_owned(),
        serial: None,
        expires_at: NEWYEARS_EVE,
        spent: None,
    };
    let hash = muster_pki::sha256_hex(b"7QX2");
    cloud.state().vouchers.insert(hash, voucher);
    let hook = cloud.hook();
    let device = |serial| Device::new(serial).with("Voucher", "7QX2");
    let (one, other) = (device("sensor-1"), device("sensor-2"));
    let (first, second) = tokio::join!(is_let_in(&hook, &one), is_let_in(&hook, &other));
    assert!(first != second, "{first} and {second}");
    assert!(!is_let_in(&hook, &device("sensor-3")).await);
    assert_eq!(cloud.recorded("sensor-3"), ["VoucherInvalid"]);
    let state = cloud.state();
    let told = format!("{:?} {:?}", state.events, state.refused);
    assert!(!told.contains("7QX2"), "{told}");
}

#[tokio::test]
async fn a_surge_is_told_once_an_hour_and_the_day_before_is_read_once() {
    let cloud = Cloud::new();
    let hook = cloud.hook();
    for _ in 0..5 {
        let _ = answered(&hook, &Device::new("sensor-1")).await;
    }
    let [surge] = &cloud.told("ClaimSurge")[..] else {
        panic!("told once")
    };
    assert_eq!(surge["claimCertificateId"], CLAIM);
    assert_eq!(surge["hour"], "2025-12-31T23");
    assert_eq!(
        (&surge["requests"], &surge["threshold"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(surge["shut"], false);
    assert_eq!(cloud.state().done, ["read the day before"]);

    // Ten times the average hour of a day with five requests are two requests.
    for _ in 0..3 {
        let _ = hook
            .answer(NEWYEARS_EVE + HOUR, Device::new("sensor-1").asks())
            .await;
    }
    assert_eq!(cloud.told("ClaimSurge").len(), 2);
}

#[tokio::test]
async fn what_is_usual_is_no_surge() {
    let cloud = Cloud::new();
    let hook = cloud.hook();
    for _ in 0..24 {
        let _ = answered(&hook, &Device::new("sensor-1")).await;
    }
    cloud.state().events.clear();
    for _ in 0..10 {
        let _ = hook
            .answer(NEWYEARS_EVE + HOUR, Device::new("sensor-1").asks())
            .await;
    }
    assert!(cloud.told("ClaimSurge").is_empty());
    let _ = hook
        .answer(NEWYEARS_EVE + HOUR, Device::new("sensor-1").asks())
        .await;
    assert_eq!(cloud.told("ClaimSurge").len(), 1);
}

#[tokio::test]
async fn where_surges_shut_the_request_that_is_one_too_many_is_refused_and_all_after_it() {
    let cloud = Cloud::new();
    let mut hook = cloud.hook();
    hook.surge_rule.shuts = true;
    for (serial, expected) in [("a", true), ("b", true), ("c", false), ("d", false)] {
        cloud.import(serial);
        assert_eq!(
            is_let_in(&hook, &Device::new(serial)).await,
            expected,
            "{serial}"
        );
    }
    assert_eq!(cloud.recorded("c"), ["ClaimShut"]);
    assert!(cloud.state().done.contains(&format!("deactivate {CLAIM}")));
    let [surge] = &cloud.told("ClaimSurge")[..] else {
        panic!("told once")
    };
    assert_eq!(surge["shut"], true);
}

#[tokio::test]
async fn who_opens_a_claim_again_has_the_rest_of_the_hour() {
    let cloud = Cloud::new();
    let mut hook = cloud.hook();
    hook.surge_rule.shuts = true;
    for _ in 0..3 {
        let _ = answered(&hook, &Device::new("sensor-1")).await;
    }
    assert_eq!(cloud.state().claim.shut.as_deref(), Some("surge"));
    cloud.state().claim.shut = None;
    cloud.import("sensor-1");
    assert!(is_let_in(&hook, &Device::new("sensor-1")).await);
}

#[tokio::test]
async fn a_claim_certificate_that_cannot_be_deactivated_provisions_nothing_all_the_same() {
    let cloud = Cloud::new();
    cloud.state().broken = Broken::Deactivating;
    let mut hook = cloud.hook();
    hook.surge_rule = muster_onboarding::claims::SurgeRule {
        minimum: 0,
        factor: 0,
        shuts: true,
    };
    cloud.import("sensor-1");
    assert!(!is_let_in(&hook, &Device::new("sensor-1")).await);
    assert_eq!(cloud.told("ClaimSurge").len(), 1);
}

#[tokio::test]
async fn a_count_that_fails_keeps_nobody_out() {
    let cloud = Cloud::new();
    cloud.import("sensor-1");
    cloud.state().broken = Broken::Counting;
    assert!(is_let_in(&cloud.hook(), &Device::new("sensor-1")).await);
}
