mod cloud;
mod undo;

use cloud::{Break, Cloud};
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
            shut: false,
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
    run_after(0, cloud, ids).await
}

/// A run so many days later.
async fn run_after(days: i64, cloud: &Cloud, ids: &[&str]) -> RetiredCertificates {
    let ending = |id: &&str| EndingCertificate {
        serial: sensor(),
        certificate_id: (*id).to_owned(),
    };
    let task = RetireCertificates {
        certificates: ids.iter().map(ending).collect(),
    };
    let Ok(answer) = cloud.retirer().retire(NOW + days * 86_400_000, task).await;
    answer
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
async fn the_certificate_in_force_is_never_taken_away() {
    let cloud = cloud();
    cloud.state().due.insert("second".to_owned());
    assert_eq!(run(&cloud, &["second"]).await, NOTHING);
    let state = cloud.state();
    assert_eq!(state.done, ["keep second"]);
    assert!(state.registered.contains("second"));
}

#[tokio::test]
async fn a_certificate_of_a_device_that_has_gone_goes_as_well() {
    let cloud = cloud();
    cloud.state().devices.clear();
    assert_eq!(run(&cloud, &["first"]).await, DELETED);
    assert!(!cloud.state().registered.contains("first"));
}

#[tokio::test]
async fn wherever_it_was_broken_off_the_next_run_finishes_it() {
    for call in 0..2 {
        for breaks in [Break::Before(call), Break::After(call)] {
            let cloud = cloud();
            cloud.state().breaks = Some(breaks);
            assert_eq!(run(&cloud, &["first"]).await, FAILED, "{breaks:?}");
            cloud.state().breaks = None;
            run(&cloud, &["first"]).await;
            let state = cloud.state();
            assert!(!state.registered.contains("first"), "{breaks:?}");
            assert!(!state.items.contains_key("first"), "{breaks:?}");
            assert!(!state.due.contains("first"), "{breaks:?}");
            assert_eq!(state.lines.len(), 1, "{breaks:?}");
        }
    }
}

#[tokio::test]
async fn what_was_deleted_is_deleted_and_told_of_once() {
    let cloud = cloud();
    assert_eq!(run(&cloud, &["first"]).await, DELETED);
    assert_eq!(run(&cloud, &["first"]).await, NOTHING);
    assert_eq!(cloud.state().events.len(), 1);
}

#[tokio::test]
async fn one_that_cannot_be_taken_away_stands_in_no_others_way() {
    let cloud = cloud();
    cloud.state().stuck = Some("first".to_owned());
    run(&cloud, &["third"]).await;
    let one = RetiredCertificates {
        failed: 1,
        ..UNDONE
    };
    assert_eq!(run_after(1, &cloud, &["first", "third"]).await, one);
    assert!(cloud.state().due.contains("first"), "the next run finds it");
    cloud.state().stuck = None;
    assert_eq!(run_after(1, &cloud, &["first"]).await, DELETED);
}

#[tokio::test]
async fn a_bus_that_fails_changes_nothing() {
    let cloud = cloud();
    cloud.state().bus_fails = true;
    assert_eq!(run(&cloud, &["first"]).await, DELETED);
    assert!(!cloud.state().registered.contains("first"));
}
