//! Events that come twice, late, out of order, or while something else happens.

use super::cloud::{Break, State};
use super::{certificate, change, cloud, connects, day, held, is_rotated, sensor};
use muster_onboarding::ports::HeldDevice;

#[tokio::test]
async fn an_old_devices_event_that_comes_late_brings_nothing_back() {
    let cloud = cloud();
    assert!(connects(&cloud, "sensor-1", "second").await);
    let done = cloud.state().done.len();
    assert!(connects(&cloud, "sensor-1", "first").await);
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert!(is_rotated(&cloud));
    assert_eq!(cloud.state().done.len(), done);
}

#[tokio::test]
async fn wherever_it_was_broken_off_the_message_finishes_it_when_it_comes_again() {
    for call in 0..4 {
        for breaks in [Break::Before(call), Break::After(call)] {
            let cloud = cloud();
            cloud.state().breaks = Some(breaks);
            assert!(!connects(&cloud, "sensor-1", "second").await, "{breaks:?}");
            let current = held(&cloud).current.unwrap().id;
            assert!(cloud.state().active.contains(&current), "{breaks:?}");
            cloud.state().breaks = None;
            assert!(connects(&cloud, "sensor-1", "second").await, "{breaks:?}");
            assert!(is_rotated(&cloud), "{breaks:?}");
        }
    }
}

#[tokio::test]
async fn a_message_that_is_lost_half_way_is_made_good_by_the_next_connection() {
    let cloud = cloud();
    cloud.state().breaks = Some(Break::Before(1));
    assert!(!connects(&cloud, "sensor-1", "second").await);
    assert!(cloud.state().active.contains("first"));
    cloud.state().breaks = None;
    // A year later it has been given a third.
    change(&cloud, |held| {
        held.rotation.next = Some(certificate("third"));
    });
    cloud.state().active.insert("third".to_owned());
    assert!(connects(&cloud, "sensor-1", "third").await);
    assert_eq!(
        cloud.state().done[1..],
        [
            "deactivate first",
            "date 20260201",
            "forget first",
            "take force third",
            "deactivate second",
            "date 20260201",
            "forget second"
        ]
    );
    assert!(cloud.state().active.iter().eq(["third"]));
}

#[tokio::test]
async fn a_device_that_was_given_another_certificate_meanwhile_has_to_show_that_one() {
    let cloud = cloud();
    cloud.state().once = Some(("take force", |state: &mut State| {
        let held = state.devices.get_mut(&sensor()).unwrap();
        held.rotation.next = Some(certificate("third"));
    }));
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert_eq!(held(&cloud).current, Some(certificate("first")));
    assert!(cloud.state().active.contains("first"));
}

#[tokio::test]
async fn a_rotation_that_is_undone_at_this_moment_stays_undone_and_the_old_one_active() {
    let cloud = cloud();
    cloud.state().once = Some(("take force", |state: &mut State| {
        let held = state.devices.get_mut(&sensor()).unwrap();
        held.rotation.next = None;
    }));
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert_eq!(held(&cloud).current, Some(certificate("first")));
    assert!(cloud.state().active.contains("first"));
    assert!(cloud.state().events.is_empty());
}

#[tokio::test]
async fn two_messages_at_the_same_time_do_each_step_to_its_end() {
    let cloud = cloud();
    // The other one was quicker, and is not done yet.
    cloud.state().once = Some(("take force", |state: &mut State| {
        let held = state.devices.get_mut(&sensor()).unwrap();
        held.current = held.rotation.next.take();
        held.issued_on = Some(day("20260201"));
        held.rotation.asked_since = None;
        held.rotation.next_fingerprint = None;
        held.rotation.retiring = Some("first".to_owned());
    }));
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert!(is_rotated(&cloud));
    assert!(cloud.state().events.is_empty(), "the other one tells");
}

#[tokio::test]
async fn a_device_that_is_being_released_is_looked_at_later() {
    let cloud = cloud();
    change(&cloud, |held| held.undoing = Some("release-1".to_owned()));
    assert!(!connects(&cloud, "sensor-1", "second").await);
    assert_eq!(held(&cloud).current, Some(certificate("first")));
    // It was released, and waits to be provisioned again.
    change(&cloud, |held| *held = HeldDevice::default());
    assert!(connects(&cloud, "sensor-1", "second").await);
    assert_eq!(held(&cloud), HeldDevice::default());
}

#[tokio::test]
async fn a_device_that_changes_all_the_time_is_looked_at_later() {
    let cloud = cloud();
    cloud.state().always = Some(("take force", |state: &mut State| {
        let held = state.devices.get_mut(&sensor()).unwrap();
        let first = held.current.as_mut().unwrap();
        first.id += "'";
    }));
    assert!(!connects(&cloud, "sensor-1", "second").await);
    assert!(cloud.state().done.is_empty());
}
