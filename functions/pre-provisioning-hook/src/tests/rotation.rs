//! Devices that renew their certificates.

use super::cloud::{Broken, Cloud};
use super::device::Device;
use super::{NEWYEARS_EVE, answered, is_let_in};
use crate::Undecided;
use muster_documents::fleet_provisioning::HookAnswer;

/// A device that has been in for so many days, and asks for another certificate with the one that it has.
async fn renewing(cloud: &Cloud, days: i64) -> Device {
    cloud.import("sensor-1");
    let mut device = Device::new("sensor-1");
    let in_since = NEWYEARS_EVE - days * 86_400_000;
    let answer = cloud.hook().answer(in_since, device.asks()).await.unwrap();
    assert!(answer.allow_provisioning);
    let mut state = cloud.state();
    state.thing.attached = true;
    state.done.clear();
    state.events.clear();
    drop(state);
    device.renews();
    device
}

#[tokio::test]
async fn a_device_that_is_due_gets_another_certificate_beside_the_one_it_has() {
    let cloud = Cloud::new();
    let device = renewing(&cloud, 400).await;
    assert!(is_let_in(&cloud.hook(), &device).await);
    let state = cloud.state();
    let new = &device.request.certificate_id;
    assert_eq!(
        state.done,
        [format!("admit next {new}")],
        "nothing is taken"
    );
    let current = state.devices["sensor-1"].current.as_ref().unwrap();
    assert_eq!(current.id, device.request.claim_certificate_id);
    drop(state);
    let [told] = &cloud.told("RotationAdmitted")[..] else {
        panic!("told once")
    };
    assert_eq!(told["certificateId"], *new);
    assert_eq!(told["inForce"], device.request.claim_certificate_id);
}

#[tokio::test]
async fn one_that_is_not_due_is_told_so_for_good_and_counted_against_no_claim() {
    let cloud = Cloud::new();
    let mut device = renewing(&cloud, 0).await;
    let hours = cloud.state().hours.len();
    let told = answered(&cloud.hook(), &device).await;
    assert_eq!(told, Ok(HookAnswer::denied()), "it asks no more");
    assert_eq!(cloud.recorded("sensor-1"), ["RotationNotDue"]);
    assert_eq!(cloud.state().hours.len(), hours);
    // Another device's certificate, or a claim's.
    device.request.claim_certificate_id = super::CLAIM.to_owned();
    assert_eq!(
        answered(&cloud.hook(), &device).await,
        Ok(HookAnswer::denied())
    );
    assert_eq!(cloud.recorded("sensor-1")[1], "CertificateNotOfDevice");
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_another_certificate_takes_the_place_of_one_that_was_never_used()
 {
    let cloud = Cloud::new();
    let mut device = renewing(&cloud, 400).await;
    let hook = cloud.hook();
    for _ in 0..2 {
        assert!(is_let_in(&hook, &device).await);
    }
    let first = device.request.certificate_id.clone();
    assert_eq!(cloud.state().done, [format!("admit next {first}")]);
    device.takes_another_key();
    assert!(is_let_in(&hook, &device).await);
    let second = &device.request.certificate_id;
    assert_eq!(
        cloud.state().done[1..],
        [
            format!("admit next {second}"),
            format!("deactivate {first}")
        ]
    );
}

#[tokio::test]
async fn who_asks_with_the_new_certificate_has_proven_it_and_needs_no_other() {
    let cloud = Cloud::new();
    let mut device = renewing(&cloud, 400).await;
    let hook = cloud.hook();
    assert!(is_let_in(&hook, &device).await);
    device.renews();
    let told = answered(&hook, &device).await;
    assert_eq!(told, Ok(HookAnswer::denied()));
    assert_eq!(cloud.recorded("sensor-1"), ["RotationNotDue"]);
    let proven = &device.request.claim_certificate_id;
    assert_eq!(
        cloud.state().done[1],
        format!("sensor-1 has connected with {proven}")
    );
    // What cannot be reported is asked again.
    cloud.state().broken = Broken::Reporting;
    assert_eq!(answered(&hook, &device).await, Err(Undecided));
}

#[tokio::test]
async fn what_cannot_be_looked_at_or_written_is_asked_again() {
    let cloud = Cloud::new();
    let device = renewing(&cloud, 400).await;
    let hook = cloud.hook();
    for broken in [Broken::LookingForThings, Broken::Reading, Broken::Writing] {
        cloud.state().broken = broken;
        assert_eq!(answered(&hook, &device).await, Err(Undecided), "{broken:?}");
    }
    cloud.state().broken = Broken::Nothing;
    assert!(is_let_in(&hook, &device).await);
}
