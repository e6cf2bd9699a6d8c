//! Devices about which something was done, and that are not due any more.

use super::cloud::{Break, Cloud, State};
use super::{
    ENFORCED, FAILED, NOTHING, REINSTATED, certificate, cloud_of, day, held, registered, run,
    sensor,
};
use muster_onboarding::ports::{OverdueAction, RotationState};

const ACTIONS: [OverdueAction; 3] = [
    OverdueAction::Quarantine,
    OverdueAction::Deactivate,
    OverdueAction::Alert,
];

/// A device about which something was done, and whose date was edited then.
async fn edited(action: OverdueAction) -> Cloud {
    let cloud = cloud_of(1);
    assert_eq!(run(&cloud, action).await, ENFORCED);
    held(&cloud, |held| held.issued_on = Some(day("20260101")));
    cloud.breaks(None);
    cloud.state().done.clear();
    cloud.state().events.clear();
    cloud
}

#[tokio::test]
async fn whatever_was_done_is_undone_and_the_device_is_asked_when_it_is_due_again() {
    for action in ACTIONS {
        let before = registered(&cloud_of(1));
        let cloud = edited(action).await;
        assert_eq!(run(&cloud, action).await, REINSTATED, "{action:?}");
        assert_eq!(registered(&cloud), before, "{action:?}");
        let state = cloud.state();
        let item = &state.items[&sensor(1)];
        assert_eq!(item.held.rotation, RotationState::default(), "{action:?}");
        assert_eq!(item.rotation_day, Some(day("20270101")), "{action:?}");
        assert_eq!(state.events[0].name, "DeviceReinstated");
        assert_eq!(state.events[0].detail["action"], action.name());
    }
}

#[tokio::test]
async fn it_gets_its_policies_before_it_leaves_the_quarantine() {
    let cloud = edited(OverdueAction::Quarantine).await;
    run(&cloud, OverdueAction::Quarantine).await;
    assert_eq!(
        cloud.state().done,
        [
            "attach devices",
            "attach extra",
            "detach quarantine",
            "forget cert-1"
        ]
    );
}

#[tokio::test]
async fn wherever_it_was_broken_off_the_next_run_finishes_it() {
    for action in ACTIONS {
        let calls = match action {
            OverdueAction::Quarantine => 4,
            OverdueAction::Deactivate => 2,
            OverdueAction::Alert => 1,
        };
        for call in 0..calls {
            for breaks in [Break::Before(call), Break::After(call)] {
                let cloud = edited(action).await;
                cloud.breaks(Some(breaks));
                assert_eq!(run(&cloud, action).await, FAILED, "{action:?} {breaks:?}");
                cloud.breaks(None);
                run(&cloud, action).await;
                let before = registered(&cloud_of(1));
                assert_eq!(registered(&cloud), before, "{action:?} {breaks:?}");
                held(&cloud, |held| assert_eq!(held.rotation.overdue, None));
            }
        }
    }
}

#[tokio::test]
async fn what_was_begun_and_never_finished_is_undone_as_well() {
    for call in 0..5 {
        let cloud = cloud_of(1);
        let before = registered(&cloud);
        cloud.breaks(Some(Break::After(call)));
        run(&cloud, OverdueAction::Quarantine).await;
        cloud.breaks(None);
        held(&cloud, |held| held.issued_on = Some(day("20260101")));
        let undone = run(&cloud, OverdueAction::Quarantine).await;
        assert_eq!(undone, REINSTATED, "after call {call}");
        assert_eq!(registered(&cloud), before, "after call {call}");
    }
}

#[tokio::test]
async fn an_order_keeps_it_where_it_is() {
    let cloud = edited(OverdueAction::Quarantine).await;
    held(&cloud, |held| held.rotation.ordered = true);
    assert_eq!(run(&cloud, OverdueAction::Quarantine).await, NOTHING);
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn a_certificate_that_is_not_registered_holds_nothing_up() {
    for action in ACTIONS {
        let cloud = cloud_of(1);
        cloud.state().certificates.clear();
        assert_eq!(run(&cloud, action).await, ENFORCED, "{action:?}");
        held(&cloud, |held| held.issued_on = Some(day("20260101")));
        assert_eq!(run(&cloud, action).await, REINSTATED, "{action:?}");
    }
}

#[tokio::test]
async fn a_certificate_whose_successor_takes_force_at_this_moment_stays_inactive() {
    let cloud = edited(OverdueAction::Deactivate).await;
    cloud.state().meanwhile = Some(("forget", |state: &mut State| {
        let held = &mut state.items.get_mut(&sensor(1)).unwrap().held;
        held.current = Some(certificate("cert-2"));
        held.rotation = RotationState::default();
    }));
    assert_eq!(run(&cloud, OverdueAction::Deactivate).await, NOTHING);
    assert!(!registered(&cloud).active);
    assert!(cloud.state().events.is_empty());
}

#[tokio::test]
async fn a_device_that_is_due_again_at_this_moment_stays_where_it_was() {
    for again in [
        |state: &mut State| {
            let item = state.items.get_mut(&sensor(1)).unwrap();
            item.held.rotation.ordered = true;
            item.rotation_day = Some(day("20260201"));
        },
        // The registry's follower takes over another date.
        |state: &mut State| {
            let item = state.items.get_mut(&sensor(1)).unwrap();
            item.held.issued_on = Some(day("20250101"));
            item.held.rotation.asked_since = None;
            item.rotation_day = Some(day("20260201"));
        },
    ] {
        for action in ACTIONS {
            let cloud = edited(action).await;
            let shut = registered(&cloud);
            cloud.state().meanwhile = Some(("forget", again));
            assert_eq!(run(&cloud, action).await, NOTHING, "{action:?}");
            assert_eq!(registered(&cloud), shut, "{action:?}");
            let state = cloud.state();
            let item = &state.items[&sensor(1)];
            assert!(item.held.rotation.overdue.is_some(), "{action:?}");
            assert_eq!(item.rotation_day, Some(day("20260201")), "{action:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_undone_for_a_device_whose_notice_was_taken_back_by_an_edit() {
    let cloud = edited(OverdueAction::Quarantine).await;
    held(&cloud, |held| held.rotation.asked_since = None);
    assert_eq!(run(&cloud, OverdueAction::Quarantine).await, NOTHING);
    assert!(cloud.state().done.is_empty(), "the next run asks it first");
}

#[tokio::test]
async fn who_holds_a_certificate_that_it_has_not_shown_yet_is_asked_for_it_tomorrow() {
    let cloud = edited(OverdueAction::Quarantine).await;
    held(&cloud, |held| {
        held.rotation.next = Some(certificate("cert-2"));
    });
    assert_eq!(run(&cloud, OverdueAction::Quarantine).await, REINSTATED);
    let asked_on = cloud.state().items[&sensor(1)].rotation_day;
    assert_eq!(asked_on, Some(day("20260202")));
}

#[tokio::test]
async fn nobody_is_let_in_again_who_is_being_released() {
    for action in ACTIONS {
        let cloud = edited(action).await;
        held(&cloud, |held| held.undoing = Some("release-1".to_owned()));
        assert_eq!(run(&cloud, action).await, NOTHING, "{action:?}");
        assert!(cloud.state().done.is_empty(), "{action:?}");
    }
}
