//! What a device that stays does of itself, and what it does when the cloud asks.

mod support;

use muster_device::{Action, Ending, Event, Progress, Timings};
use std::time::Duration;
use support::rotation_cloud::{Kind, RotationCloud};
use support::rotation_desk::{KINDS, RotationDesk};
use support::world::Task;

const SECOND: Duration = Duration::from_secs(1);

/// A device that waits for alerts.
fn waiting(kind: Kind) -> RotationDesk {
    let mut desk = RotationDesk::new(kind, Task::Stay);
    desk.connect();
    desk
}

fn waits_for_alerts(desk: &RotationDesk) -> bool {
    let topic = RotationCloud::alerts_topic();
    desk.told() == [Progress::WaitingForAlerts { topic }]
}

#[test]
fn a_device_that_stays_only_subscribes_to_its_alerts() {
    for kind in KINDS {
        let mut desk = RotationDesk::new(kind, Task::Stay);
        assert!(desk.told().is_empty() && desk.connects_with() == desk.current());
        desk.on(Event::Connected);
        assert!(
            desk.published().is_none(),
            "in quarantine it may not publish"
        );
        assert_eq!(desk.subscribes().unwrap(), ["cmd/SN-1/alerts"]);
        desk.on(Event::Subscribed);
        assert!(desk.published().is_none() && waits_for_alerts(&desk));
        assert_eq!(desk.machine.wake_at(), Duration::MAX);
    }
}

#[test]
fn an_alert_makes_a_rotation_after_which_it_goes_on_with_the_new_certificate() {
    for kind in KINDS {
        let mut desk = waiting(kind);
        let before = desk.current();
        desk.alert();
        let certificate_id = muster_pki::certificate_id(before.as_ref().unwrap());
        let told = [
            Progress::AlertReceived {
                due_date: Some("20261122".into()),
                deadline: Some("20261206".into()),
                days_left: Some(14),
            },
            Progress::RotationStarted { certificate_id },
        ];
        assert_eq!(desk.told(), told);
        desk.get_next();
        desk.prove();
        assert!(desk.ending().is_none(), "it stays");
        assert_ne!(desk.current(), before);
        assert_eq!(desk.connects_with(), desk.current());
        desk.connect();
        assert!(desk.published().is_none() && waits_for_alerts(&desk));
    }
}

#[test]
fn an_alert_that_is_repeated_makes_no_second_rotation() {
    for kind in KINDS {
        let mut desk = waiting(kind);
        desk.alert();
        desk.alert();
        assert!(desk.actions.is_empty());
        desk.get_next();
        desk.prove();
        desk.connect();
        assert_eq!(desk.cloud.requests, 1);
    }
}

#[test]
fn other_messages_and_malformed_ones_are_passed_over() {
    let mut desk = waiting(Kind::Fleet);
    let topic = RotationCloud::alerts_topic();
    for payload in [&b"{}"[..], b"", br#"{"msg": "reboot"}"#, b"\xff"] {
        desk.tell(&[(topic.clone(), payload.to_vec())]);
        assert!(desk.actions.is_empty());
    }
    let (_, alert) = RotationCloud::alert_message();
    desk.tell(&[("cmd/SN-2/alerts".into(), alert)]);
    assert!(desk.actions.is_empty());
}

#[test]
fn an_alert_that_overtakes_the_subscriptions_answer_is_as_good() {
    let mut desk = RotationDesk::new(Kind::Fleet, Task::Stay);
    desk.on(Event::Connected);
    desk.alert();
    desk.get_next();
    desk.prove();
}

#[test]
fn a_rotation_that_the_cloud_refuses_is_no_failure() {
    for (kind, code) in [
        (Kind::Chunked, "RotationNotDue"),
        (Kind::Fleet, "AccessDenied"),
    ] {
        let mut desk = waiting(kind);
        desk.cloud.rejections.push((403, code));
        desk.alert();
        desk.connect();
        desk.answer();
        if kind == Kind::Fleet {
            desk.answer();
        }
        assert!(desk.ending().is_none() && desk.held.delivery.is_none());
        assert_eq!(desk.connects_with(), desk.current());
        desk.connect();
        assert!(waits_for_alerts(&desk));
        desk.alert();
        desk.get_next();
        desk.prove();
        assert_eq!(
            desk.cloud.in_force,
            desk.current().unwrap(),
            "the next alert starts afresh"
        );
    }
}

#[test]
fn a_rotation_that_gives_up_for_now_waits_for_the_next_alert() {
    for kind in KINDS {
        let mut desk = waiting(kind);
        desk.alert();
        desk.get_next();
        let put_off = |told: &Progress| matches!(told, Progress::RotationPutOff { .. });
        while !desk.told().iter().any(put_off) {
            if desk.connects_with().is_some() {
                desk.lost(false);
            }
            desk.wait();
        }
        assert!(desk.now >= Timings::default().give_up_after);
        assert_eq!(desk.connects_with(), desk.current());
        desk.connect();
        assert!(waits_for_alerts(&desk));
        desk.alert();
        assert_eq!(desk.connects_with(), desk.pending(), "from where it was");
        desk.prove();
        assert_eq!(desk.cloud.requests, 1);
    }
}

#[test]
fn a_device_whose_certificate_is_retired_while_it_waits_takes_the_pending_one() {
    for kind in KINDS {
        let mut desk = waiting(kind);
        desk.alert();
        desk.get_next();
        desk.connect();
        while desk.ending().is_none() && desk.now < Timings::default().give_up_after {
            desk.wait();
            if desk.connects_with().is_some() {
                desk.lost(false);
            }
        }
        assert_eq!(desk.cloud.in_force, desk.pending().unwrap());
        while desk.connects_with() != desk.current() {
            desk.wait();
        }
        desk.connect();
        assert_eq!(desk.connects_with(), desk.pending());
        desk.prove();
    }
}

#[test]
fn what_an_earlier_run_has_left_is_gone_on_with_at_the_start() {
    for kind in KINDS {
        let mut desk = waiting(kind);
        desk.alert();
        let key = desk.cloud.keys.len();
        let mut desk = {
            desk.connect();
            desk.answers();
            desk.rebooted(Task::Stay)
        };
        assert!(matches!(desk.told()[0], Progress::RotationStarted { .. }));
        desk.get_next();
        let mut desk = desk.rebooted(Task::Stay);
        assert_eq!(desk.connects_with(), desk.pending());
        desk.prove();
        desk.connect();
        assert!(waits_for_alerts(&desk));
        assert_eq!(desk.cloud.keys.len(), key + 1, "with the same key");
    }
}

#[test]
fn a_lost_connection_is_made_again_later_each_time() {
    let mut desk = waiting(Kind::Fleet);
    let mut longest = Duration::ZERO;
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        desk.lost(false);
        let wait = desk.wait();
        assert!(
            (SECOND * seconds / 2..=SECOND * seconds).contains(&wait),
            "{wait:?}"
        );
        assert_eq!(desk.connects_with(), desk.current());
        longest = longest.max(wait);
    }
    assert!(longest > 30 * SECOND);
    // A connection that ends at once is no success, one that has lasted is.
    desk.connect();
    desk.lost(false);
    assert!(desk.wait() > 15 * SECOND);
    desk.connect();
    desk.now += Timings::default().connect_retry_longest;
    desk.lost(false);
    assert!(desk.wait() <= SECOND);
}

#[test]
fn an_endpoint_that_takes_a_connection_and_then_says_nothing_is_left() {
    let mut desk = RotationDesk::new(Kind::Fleet, Task::Stay);
    desk.on(Event::Connected);
    assert_eq!(desk.wait(), 15 * SECOND);
    let hangs_up = |action: &Action| matches!(action, Action::Disconnect);
    assert!(desk.actions.iter().any(hangs_up));
    desk.wait();
    desk.connect();
    assert!(waits_for_alerts(&desk));
}

#[test]
fn a_device_without_a_certificate_gets_its_first_one_and_then_stays() {
    use support::fleet_cloud::FleetCloud;
    use support::fleet_desk::FleetDesk;
    use support::world::{SERIAL, routes};
    let start = |desk: &mut FleetDesk| {
        let (first, rotation) = routes(Kind::Fleet, 256, Timings::default());
        desk.stay(first, rotation);
    };
    let mut desk = FleetDesk::new(FleetCloud::new(SERIAL));
    start(&mut desk);
    desk.connect();
    desk.answer();
    desk.answer();
    let own = desk.its_own().unwrap();
    desk.on(Event::Connected);
    assert_eq!(desk.asks_on().unwrap(), "devices/SN-1/hello");
    desk.on(Event::Delivered);
    assert!(desk.ending().is_none());
    assert_eq!(desk.its_own(), Some(own));
    desk.on(Event::Connected);
    assert_eq!(desk.subscribes().unwrap(), ["cmd/SN-1/alerts"]);

    let refusing = FleetCloud {
        rejections: vec![(403, "AccessDenied")],
        ..FleetCloud::new(SERIAL)
    };
    let mut desk = FleetDesk::new(refusing);
    start(&mut desk);
    desk.connect();
    desk.answer();
    desk.answer();
    assert!(
        matches!(desk.ending(), Some(Ending::Refused(_))),
        "there is nothing to stay with"
    );
}
