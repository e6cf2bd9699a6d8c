//! What a device that replaces its certificate makes of refusals.

mod support;

use muster_device::{Action, Ending, Event, Keep, Refused, Timings};
use muster_documents::RefusalCode;
use support::rotation_cloud::{Kind, RotationCloud};
use support::rotation_desk::{KINDS, RotationDesk};
use support::world::Task;

/// What says that there is no rotation now.
fn not_due(kind: Kind) -> (u16, &'static str) {
    match kind {
        Kind::Chunked => (0, "RotationNotDue"),
        Kind::Fleet => (403, "AccessDenied"),
    }
}

/// A device that the cloud has refused a certificate.
fn refused_at_once(kind: Kind) -> RotationDesk {
    let mut desk = RotationDesk::new(kind, Task::Rotate);
    desk.cloud.rejections.push(not_due(kind));
    desk.connect();
    desk.answer();
    if kind == Kind::Fleet {
        desk.answer();
    }
    desk
}

fn refused(desk: &RotationDesk) -> Refused {
    match desk.ending() {
        Some(Ending::Refused(refused)) => refused,
        _ => panic!("{:?}", desk.actions),
    }
}

fn assert_nothing_is_left(desk: &RotationDesk) {
    let forgotten = |action: &Action| matches!(action, Action::Keep(Keep::RotationOver));
    assert!(desk.actions.iter().any(forgotten));
    assert!(desk.held.pending.is_none() && desk.held.delivery.is_none());
    assert!(desk.held.current.is_some());
}

#[test]
fn a_rotation_that_is_not_due_ends_and_leaves_nothing_but_the_current_certificate() {
    assert!(
        RefusalCode::RotationNotDue.retryable(),
        "the cloud says so, and it isn't"
    );
    for kind in KINDS {
        let desk = refused_at_once(kind);
        let refused = refused(&desk);
        assert_eq!(refused.code, not_due(kind).1);
        assert!(!refused.retryable);
        assert_nothing_is_left(&desk);
    }
}

#[test]
fn a_device_of_a_fleet_is_told_where_the_reason_is() {
    let refused = refused(&refused_at_once(Kind::Fleet));
    let expected = "The cloud has no rotation for this device now: none is due, or the certificate that it asks with is \
                    not the one in force. It tells devices no reason; the operator sees it with `muster device show \
                    SERIAL`.";
    assert!(refused.message.starts_with(expected), "{}", refused.message);
}

#[test]
fn another_refusal_for_good_ends_it_as_well() {
    for (kind, status, code) in [
        (Kind::Chunked, 0, "CsrRefused"),
        (Kind::Fleet, 400, "InvalidTemplate"),
        (Kind::Fleet, 400, "InvalidParameters"),
    ] {
        let mut desk = RotationDesk::new(kind, Task::Rotate);
        desk.cloud.rejections.push((status, code));
        desk.connect();
        desk.answer();
        if kind == Kind::Fleet {
            desk.answer();
        }
        assert_eq!(refused(&desk).code, code);
        assert_nothing_is_left(&desk);
    }
}

#[test]
fn a_refusal_for_now_is_waited_out() {
    for (kind, status, code) in [
        (Kind::Chunked, 0, "ProvisioningFailed"),
        (Kind::Fleet, 400, "InvocationError"),
    ] {
        let mut desk = RotationDesk::new(kind, Task::Rotate);
        desk.cloud.rejections.push((status, code));
        desk.connect();
        desk.answer();
        if kind == Kind::Fleet {
            desk.answer();
        }
        assert!(desk.ending().is_none() && desk.held.delivery.is_some());
        desk.wait();
        desk.answer();
        if kind == Kind::Chunked {
            desk.answer();
        }
        desk.prove();
        assert_eq!(desk.cloud.keys.len(), 1);
    }
}

/// A device that is refused although it has a certificate that it could not prove.
fn refused_with_a_pending_one(kind: Kind) -> RotationDesk {
    let mut desk = RotationDesk::new(kind, Task::Rotate);
    desk.get_next();
    if kind == Kind::Chunked {
        for _ in 1..Timings::default().refusals {
            desk.lost(true);
            desk.wait();
            desk.connect();
            desk.answer();
        }
        desk.lost(true);
        desk.wait();
    } else {
        desk.refuse_pending();
    }
    desk.cloud.rejections.push(not_due(kind));
    desk.connect_and_ask();
    desk.answer();
    assert!(desk.ending().is_none());
    assert_eq!(
        desk.connects_with(),
        desk.pending(),
        "it is tried once more"
    );
    desk
}

#[test]
fn a_refusal_for_good_is_not_believed_before_the_pending_certificate_was_tried_again() {
    for kind in KINDS {
        let mut desk = refused_with_a_pending_one(kind);
        desk.prove();
        assert!(matches!(desk.ending(), Some(Ending::Provisioned { .. })));
    }
}

#[test]
fn a_pending_certificate_is_forgotten_only_when_the_current_one_still_connects() {
    for kind in KINDS {
        let mut desk = refused_with_a_pending_one(kind);
        desk.refuse_pending();
        desk.lost(true);
        desk.wait();
        assert!(desk.pending().is_some(), "the current one does not");
        desk.refuse_pending();
        desk.connect();
        assert_eq!(refused(&desk).code, not_due(kind).1);
        assert_nothing_is_left(&desk);
    }
}

#[test]
fn a_refusal_after_an_answer_that_was_lost_counts_only_if_the_certificate_does_not_work() {
    for works in [true, false] {
        let mut desk = RotationDesk::new(Kind::Fleet, Task::Rotate);
        desk.cloud.lost_answers = 1;
        desk.connect();
        desk.answer();
        desk.answer();
        desk.cloud.rejections.push((403, "AccessDenied"));
        desk.wait();
        desk.answer();
        assert_eq!(desk.connects_with(), desk.pending());
        if works {
            desk.prove();
            continue;
        }
        desk.refuse_pending();
        desk.connect();
        assert_eq!(refused(&desk).code, "AccessDenied");
        assert_nothing_is_left(&desk);
    }
}

#[test]
fn a_device_that_gives_up_for_now_goes_on_from_there() {
    for kind in KINDS {
        let mut desk = RotationDesk::new(kind, Task::Rotate);
        desk.get_next();
        while desk.ending().is_none() {
            if desk.connects_with().is_some() {
                desk.lost(false);
            }
            desk.wait();
        }
        assert!(matches!(desk.ending(), Some(Ending::GaveUp { .. })));
        let mut desk = desk.rebooted(Task::Rotate);
        desk.prove();
        assert_eq!(desk.cloud.requests, 1);
    }
}

#[test]
fn nothing_that_a_rotation_shows_holds_a_key_or_a_token() {
    for kind in KINDS {
        let mut desk = RotationDesk::new(kind, Task::Rotate);
        let mut shown = vec![format!("{:?}", desk.actions)];
        desk.connect();
        desk.answer();
        shown.push(format!("{:?} {:?}", desk.actions, desk.held));
        desk.answer();
        shown.push(format!("{:?}", desk.actions));
        let shown = shown.concat();
        assert!(!shown.contains("PRIVATE KEY") && !shown.contains("token-0"));
    }
}

#[test]
fn an_alert_that_comes_while_a_device_rotates_changes_nothing() {
    for kind in KINDS {
        let mut desk = RotationDesk::new(kind, Task::Rotate);
        desk.connect();
        let (topic, payload) = RotationCloud::alert_message();
        let payload = payload.into();
        desk.on(Event::Message { topic, payload });
        assert!(desk.actions.is_empty());
    }
}
