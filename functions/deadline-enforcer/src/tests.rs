mod cloud;
mod quarantine;
mod reinstatement;

use cloud::{Cloud, Item, Registered};
use muster_documents::Serial;
use muster_documents::rotation_tasks::{DueDevices, EnforcedDeadlines};
use muster_lambda::NamedError;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{Certificate, HeldDevice, OverdueAction, RotationState};
use muster_onboarding::rotation::Day;

/// 2026-02-01, the day after the deadline of who was asked on 2026-01-01, in milliseconds.
const NOW: i64 = 1_769_904_000_000;

const ENFORCED: EnforcedDeadlines = EnforcedDeadlines {
    enforced: 1,
    reinstated: 0,
    failed: 0,
};
const REINSTATED: EnforcedDeadlines = EnforcedDeadlines {
    enforced: 0,
    reinstated: 1,
    failed: 0,
};
const NOTHING: EnforcedDeadlines = EnforcedDeadlines {
    enforced: 0,
    reinstated: 0,
    failed: 0,
};
const FAILED: EnforcedDeadlines = EnforcedDeadlines {
    enforced: 0,
    reinstated: 0,
    failed: 1,
};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn sensor(number: u32) -> Serial {
    Serial::new(format!("sensor-{number}")).unwrap()
}

fn certificate(id: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("arn:cert/{id}"),
        der: Vec::new(),
    }
}

/// The first so many sensors. Their certificates, `cert-<number>`, are old, and their deadlines have passed.
fn cloud_of(sensors: u32) -> Cloud {
    let cloud = Cloud::default();
    for number in 1..=sensors {
        let id = format!("cert-{number}");
        let held = HeldDevice {
            state: Some(DeviceState::Provisioned),
            current: Some(certificate(&id)),
            issued_on: Some(day("20250101")),
            rotation: RotationState {
                asked_since: Some(day("20260101")),
                ..RotationState::default()
            },
            ..HeldDevice::default()
        };
        let item = Item {
            held,
            rotation_day: Some(day("20260202")),
        };
        let registered = Registered {
            active: true,
            policies: ["devices", "extra"].map(str::to_owned).into(),
        };
        let mut state = cloud.state();
        state.items.insert(sensor(number), item);
        state.certificates.insert(id, registered);
    }
    cloud
}

/// What a run of that day does to all devices.
async fn run_on(cloud: &Cloud, action: OverdueAction, today: &str) -> EnforcedDeadlines {
    let task = DueDevices {
        devices: cloud.state().items.keys().cloned().collect(),
        day: today.to_owned(),
    };
    cloud.enforcer(action).enforce(NOW, task).await.unwrap()
}

async fn run(cloud: &Cloud, action: OverdueAction) -> EnforcedDeadlines {
    run_on(cloud, action, "20260201").await
}

fn held(cloud: &Cloud, change: impl FnOnce(&mut HeldDevice)) {
    change(&mut cloud.state().items.get_mut(&sensor(1)).unwrap().held);
}

fn registered(cloud: &Cloud) -> Registered {
    cloud.state().certificates["cert-1"].clone()
}

#[tokio::test]
async fn an_overdue_device_is_deactivated_where_that_is_the_action() {
    let cloud = cloud_of(1);
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, ENFORCED);
    let did = ["note cert-1", "deactivate cert-1", "confirm cert-1"];
    assert_eq!(cloud.state().done, did);
    assert_eq!(registered(&cloud).policies.len(), 2, "they stay");
}

#[tokio::test]
async fn an_overdue_device_is_only_told_of_where_that_is_the_action() {
    let cloud = cloud_of(1);
    let before = registered(&cloud);
    assert_eq!(run(&cloud, OverdueAction::Alert).await, ENFORCED);
    assert_eq!(registered(&cloud), before);
    let state = cloud.state();
    let [event] = &state.events[..] else {
        panic!("told once")
    };
    assert_eq!(event.name, "DeviceOverdue");
    assert_eq!(event.detail["serial"], "sensor-1");
    assert_eq!(event.detail["action"], "alert");
}

#[tokio::test]
async fn an_adopted_device_that_has_never_renewed_a_certificate_is_only_told_of() {
    for action in [OverdueAction::Quarantine, OverdueAction::Deactivate] {
        let cloud = cloud_of(1);
        let before = registered(&cloud);
        held(&cloud, |device| {
            device.adopted = Some("cert-1".to_owned());
            // A rotation that failed.
            device.execution = Some("chunked-1".to_owned());
        });
        assert_eq!(run(&cloud, action).await, ENFORCED);
        assert_eq!(registered(&cloud), before, "{action:?}");
        assert_eq!(cloud.state().events[0].detail["action"], "alert");
        // One that has renewed its certificate knows how.
        let cloud = cloud_of(1);
        held(&cloud, |device| {
            device.adopted = Some("cert-0".to_owned());
        });
        run(&cloud, action).await;
        assert_ne!(registered(&cloud), before, "{action:?}");
    }
}

#[tokio::test]
async fn what_was_done_is_done_and_told_of_once() {
    for action in [
        OverdueAction::Quarantine,
        OverdueAction::Deactivate,
        OverdueAction::Alert,
    ] {
        let cloud = cloud_of(1);
        assert_eq!(run(&cloud, action).await, ENFORCED);
        let did = cloud.state().done.len();
        assert_eq!(run_on(&cloud, action, "20260202").await, NOTHING);
        assert_eq!(cloud.state().done.len(), did, "{action:?}");
        assert_eq!(cloud.state().events.len(), 1, "{action:?}");
    }
}

#[tokio::test]
async fn what_was_begun_is_finished_as_it_was_begun_whatever_the_action_is_by_now() {
    let cloud = cloud_of(1);
    cloud.breaks(Some(cloud::Break::Before(1)));
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, FAILED);
    cloud.breaks(None);
    assert_eq!(run(&cloud, OverdueAction::Alert).await, ENFORCED);
    assert!(!registered(&cloud).active);
}

#[tokio::test]
async fn nothing_is_done_to_a_device_that_is_in_time() {
    let cloud = cloud_of(1);
    for today in ["20260101", "20260131"] {
        let done = run_on(&cloud, OverdueAction::Deactivate, today).await;
        assert_eq!(done, NOTHING, "{today}");
    }
    held(&cloud, |held| held.rotation.asked_since = None);
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, NOTHING);
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn nothing_is_done_to_a_device_whose_date_is_fresh_though_it_was_asked_long_ago() {
    let cloud = cloud_of(1);
    held(&cloud, |held| held.issued_on = Some(day("20260101")));
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, NOTHING);
    // An order holds whatever the date says.
    held(&cloud, |held| held.rotation.ordered = true);
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, ENFORCED);
}

#[tokio::test]
async fn nothing_is_done_to_a_device_that_is_being_released_or_has_gone() {
    for gone in [
        |held: &mut HeldDevice| held.undoing = Some("release-1".to_owned()),
        |held: &mut HeldDevice| held.state = Some(DeviceState::Provisioning),
        |held: &mut HeldDevice| *held = HeldDevice::default(),
    ] {
        let cloud = cloud_of(1);
        held(&cloud, gone);
        assert_eq!(run(&cloud, OverdueAction::Quarantine).await, NOTHING);
        assert!(cloud.state().done.is_empty());
    }
    let task = DueDevices {
        devices: vec![sensor(7)],
        day: "20260201".to_owned(),
    };
    let enforcer = cloud_of(1).enforcer(OverdueAction::Quarantine);
    assert_eq!(enforcer.enforce(NOW, task).await.unwrap(), NOTHING);
}

#[tokio::test]
async fn a_device_that_renews_its_certificate_or_is_released_at_this_moment_is_left_alone() {
    for meanwhile in [
        |state: &mut cloud::State| {
            let held = &mut state.items.get_mut(&sensor(1)).unwrap().held;
            held.current = Some(certificate("cert-2"));
            held.rotation = RotationState::default();
        },
        |state: &mut cloud::State| {
            let held = &mut state.items.get_mut(&sensor(1)).unwrap().held;
            held.undoing = Some("release-1".to_owned());
        },
    ] {
        let cloud = cloud_of(1);
        cloud.state().meanwhile = Some(("note", meanwhile));
        assert_eq!(run(&cloud, OverdueAction::Deactivate).await, NOTHING);
        assert!(registered(&cloud).active);
        assert!(cloud.state().events.is_empty());
    }
}

#[tokio::test]
async fn one_device_that_fails_stands_in_no_others_way() {
    let cloud = cloud_of(3);
    cloud.state().unreadable = Some(sensor(2));
    let done = EnforcedDeadlines {
        enforced: 2,
        failed: 1,
        ..NOTHING
    };
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, done);
    cloud.state().unreadable = None;
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, ENFORCED);
    let state = cloud.state();
    assert!(state.certificates.values().all(|one| !one.active));
}

#[tokio::test]
async fn a_bus_that_fails_changes_nothing() {
    let cloud = cloud_of(1);
    cloud.state().bus_fails = true;
    assert_eq!(run(&cloud, OverdueAction::Quarantine).await, ENFORCED);
    held(&cloud, |held| held.issued_on = Some(day("20260101")));
    assert_eq!(run(&cloud, OverdueAction::Quarantine).await, REINSTATED);
}

#[tokio::test]
async fn a_day_that_is_none_is_named_and_nothing_is_done() {
    let cloud = cloud_of(1);
    let task = DueDevices {
        devices: vec![sensor(1)],
        day: "20260229".to_owned(),
    };
    let enforcer = cloud.enforcer(OverdueAction::Quarantine);
    let error = enforcer.enforce(NOW, task).await.unwrap_err();
    assert_eq!(error.name(), "InputInvalid");
    assert!(cloud.state().done.is_empty());
}
