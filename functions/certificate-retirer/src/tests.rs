mod cloud;

use cloud::{Break, Cloud, State};
use muster_documents::Serial;
use muster_documents::rotation_tasks::{
    EndingCertificate, RetireCertificates, RetiredCertificates,
};
use muster_onboarding::ports::{Certificate, Ending, HeldDevice};

/// 2026-02-01, in milliseconds.
const NOW: i64 = 1_769_904_000_000;

const DELETED: RetiredCertificates = RetiredCertificates {
    deleted: 1,
    undone: 0,
    failed: 0,
};
const UNDONE: RetiredCertificates = RetiredCertificates {
    deleted: 0,
    undone: 1,
    failed: 0,
};
const NOTHING: RetiredCertificates = RetiredCertificates {
    deleted: 0,
    undone: 0,
    failed: 0,
};
const FAILED: RetiredCertificates = RetiredCertificates {
    deleted: 0,
    undone: 0,
    failed: 1,
};

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

/// A device with the certificate `second` in force. `first` is retired, and `third` is its next; both are due.
fn cloud() -> Cloud {
    let cloud = Cloud::default();
    let mut held = HeldDevice {
        current: Some(certificate("second")),
        ..HeldDevice::default()
    };
    held.rotation.next = Some(certificate("third"));
    let mut state = cloud.state();
    state.devices.insert(sensor(), held);
    for id in ["first", "second", "third"] {
        let ending = Ending {
            arn: format!("arn:cert/{id}"),
            unused: id == "third",
        };
        state.items.insert(id.to_owned(), ending);
        state.registered.insert(id.to_owned());
    }
    state.due = ["first", "third"].map(str::to_owned).into();
    drop(state);
    cloud
}

/// A run that has found these.
async fn run(cloud: &Cloud, ids: &[&str]) -> RetiredCertificates {
    let ending = |id: &&str| EndingCertificate {
        serial: sensor(),
        certificate_id: (*id).to_owned(),
    };
    let task = RetireCertificates {
        certificates: ids.iter().map(ending).collect(),
    };
    let Ok(answer) = cloud.retirer().retire(NOW, task).await;
    answer
}

fn takes_force(state: &mut State) {
    let held = state.devices.get_mut(&sensor()).unwrap();
    held.current = held.rotation.next.take();
    state.due.remove("third");
}

#[tokio::test]
async fn a_retired_certificate_is_deleted_and_told_of() {
    let cloud = cloud();
    assert_eq!(run(&cloud, &["first"]).await, DELETED);
    let state = cloud.state();
    assert_eq!(state.done, ["take away first", "forget first"]);
    assert_eq!(state.lines[0].event(), "CertificateDeleted");
    let [event] = &state.events[..] else {
        panic!("told once")
    };
    assert_eq!(event.name, "CertificateDeleted");
    assert_eq!(event.detail["certificateId"], "first");
    let held = &state.devices[&sensor()];
    assert_eq!(held.current, Some(certificate("second")));
    assert_eq!(held.rotation.next, Some(certificate("third")));
}

#[tokio::test]
async fn a_next_certificate_that_nobody_has_shown_proves_nothing_any_more_before_it_is_taken_away()
{
    let cloud = cloud();
    assert_eq!(run(&cloud, &["third"]).await, UNDONE);
    let state = cloud.state();
    assert_eq!(
        state.done,
        ["forget next third", "take away third", "forget third"]
    );
    assert_eq!(state.lines[0].event(), "RotationUndone");
    assert_eq!(state.events[0].name, "RotationUndone");
    let held = &state.devices[&sensor()];
    assert_eq!(held.current, Some(certificate("second")), "all along");
    assert!(state.registered.contains("second"));
}

#[tokio::test]
async fn a_next_certificate_that_took_force_meanwhile_is_kept() {
    // Before the run looks at the device, and at the moment at which it undoes.
    let before = cloud();
    takes_force(&mut before.state());
    before.state().due.insert("third".to_owned());
    let at_the_moment = cloud();
    at_the_moment.state().meanwhile = Some(("forget next", takes_force));
    for cloud in [before, at_the_moment] {
        assert_eq!(run(&cloud, &["third"]).await, NOTHING);
        let state = cloud.state();
        assert!(state.registered.contains("third"));
        assert!(state.items.contains_key("third"));
        assert!(!state.due.contains("third"), "no later run finds it");
        assert!(state.events.is_empty());
    }
}

#[tokio::test]
async fn a_next_certificate_in_whose_place_another_came_meanwhile_is_left_to_its_day() {
    let cloud = cloud();
    cloud.state().meanwhile = Some(("forget next", |state| {
        let held = state.devices.get_mut(&sensor()).unwrap();
        held.rotation.next = Some(certificate("fourth"));
        state.items.get_mut("third").unwrap().unused = false;
    }));
    assert_eq!(run(&cloud, &["third"]).await, NOTHING);
    assert!(cloud.state().registered.contains("third"));
    let next = cloud.state().devices[&sensor()].rotation.next.clone();
    assert_eq!(next, Some(certificate("fourth")));
    assert_eq!(run(&cloud, &["third"]).await, DELETED, "on that day");
    let next = cloud.state().devices[&sensor()].rotation.next.clone();
    assert_eq!(next, Some(certificate("fourth")));
}

#[tokio::test]
async fn the_certificate_in_force_is_never_taken_away() {
    let cloud = cloud();
    cloud.state().due.insert("second".to_owned());
    assert_eq!(run(&cloud, &["second"]).await, NOTHING);
    let state = cloud.state();
    assert_eq!(state.done, ["keep second"]);
    assert!(state.registered.contains("second"));
}

#[tokio::test]
async fn wherever_it_was_broken_off_the_next_run_finishes_it() {
    for (id, calls) in [("first", 2), ("third", 3)] {
        for call in 0..calls {
            for breaks in [Break::Before(call), Break::After(call)] {
                let cloud = cloud();
                cloud.state().breaks = Some(breaks);
                assert_eq!(run(&cloud, &[id]).await, FAILED, "{id} {breaks:?}");
                cloud.state().breaks = None;
                run(&cloud, &[id]).await;
                let state = cloud.state();
                assert!(!state.registered.contains(id), "{id} {breaks:?}");
                assert!(!state.items.contains_key(id), "{id} {breaks:?}");
                assert!(!state.due.contains(id), "{id} {breaks:?}");
                let lines = state.lines.iter().map(|line| line.undone);
                assert!(lines.eq([id == "third"]), "{id} {breaks:?}");
                let current = &state.devices[&sensor()].current;
                assert_eq!(*current, Some(certificate("second")));
            }
        }
    }
}

#[tokio::test]
async fn what_was_seen_to_is_seen_to_once() {
    let cloud = cloud();
    let both = RetiredCertificates {
        undone: 1,
        ..DELETED
    };
    assert_eq!(run(&cloud, &["first", "third"]).await, both);
    let done = cloud.state().done.len();
    assert_eq!(run(&cloud, &["first", "third"]).await, NOTHING);
    assert_eq!(cloud.state().done.len(), done);
    assert_eq!(cloud.state().events.len(), 2);
}

#[tokio::test]
async fn a_certificate_of_a_device_that_has_gone_goes_as_well() {
    let cloud = cloud();
    cloud.state().devices.clear();
    assert_eq!(run(&cloud, &["first"]).await, DELETED);
    assert!(!cloud.state().registered.contains("first"));
}

#[tokio::test]
async fn one_that_cannot_be_taken_away_stands_in_no_others_way() {
    let cloud = cloud();
    cloud.state().stuck = Some("first".to_owned());
    let one = RetiredCertificates {
        failed: 1,
        ..UNDONE
    };
    assert_eq!(run(&cloud, &["first", "third"]).await, one);
    assert!(cloud.state().due.contains("first"), "the next run finds it");
    cloud.state().stuck = None;
    assert_eq!(run(&cloud, &["first"]).await, DELETED);
}

#[tokio::test]
async fn a_bus_that_fails_changes_nothing() {
    let cloud = cloud();
    cloud.state().bus_fails = true;
    assert_eq!(run(&cloud, &["third"]).await, UNDONE);
    assert!(!cloud.state().registered.contains("third"));
}
