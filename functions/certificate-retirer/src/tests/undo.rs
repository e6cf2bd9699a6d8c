//! New certificates that nobody has connected with in time.

use super::cloud::{Break, Cloud, State};
use super::{DELETED, FAILED, NOTHING, UNDONE, certificate, cloud, run, run_after, sensor};

fn takes_force(state: &mut State) {
    let held = state.devices.get_mut(&sensor()).unwrap();
    held.current = held.rotation.next.take();
    state.due.remove("third");
}

fn in_force(cloud: &Cloud) -> String {
    let state = cloud.state();
    state.devices[&sensor()]
        .current
        .as_ref()
        .unwrap()
        .id
        .clone()
}

/// Whether somebody could connect with it.
fn lets_in(cloud: &Cloud, id: &str) -> bool {
    let state = cloud.state();
    state.registered.contains(id) && !state.inactive.contains(id)
}

#[tokio::test]
async fn it_is_shut_out_on_its_day_and_undone_on_the_next_so_that_a_connection_can_be_heard_of() {
    let cloud = cloud();
    assert_eq!(run(&cloud, &["third"]).await, NOTHING);
    assert_eq!(
        cloud.state().done,
        ["begin third", "deactivate third", "note third"]
    );
    let next = cloud.state().devices[&sensor()].rotation.next.clone();
    assert_eq!(next, Some(certificate("third")), "it can be proven still");
    assert_eq!(run(&cloud, &["third"]).await, NOTHING, "the same evening");
    assert_eq!(run_after(1, &cloud, &["third"]).await, UNDONE);
    assert_eq!(
        cloud.state().done[3..],
        ["forget next third", "take away third", "forget third"]
    );
    let state = cloud.state();
    assert_eq!(state.lines[0].event(), "RotationUndone");
    assert_eq!(state.events[0].name, "RotationUndone");
    drop(state);
    assert_eq!(in_force(&cloud), "second", "all along");
    assert!(lets_in(&cloud, "second"));
}

#[tokio::test]
async fn one_that_took_force_meanwhile_is_kept_and_lets_its_device_in() {
    // Before the run looks at the device, and at the moment at which it begins.
    let before = cloud();
    takes_force(&mut before.state());
    before.state().due.insert("third".to_owned());
    let at_the_moment = cloud();
    at_the_moment.state().meanwhile = Some(("begin", takes_force));
    for cloud in [before, at_the_moment] {
        assert_eq!(run(&cloud, &["third"]).await, NOTHING);
        assert!(lets_in(&cloud, "third"));
        assert_eq!(in_force(&cloud), "third");
        assert!(
            !cloud.state().due.contains("third"),
            "no later run finds it"
        );
    }
}

#[tokio::test]
async fn one_whose_connection_was_heard_of_on_the_last_day_is_kept() {
    for at_the_moment in [true, false] {
        let cloud = cloud();
        run(&cloud, &["third"]).await;
        if at_the_moment {
            cloud.state().meanwhile = Some(("forget next", takes_force));
        } else {
            takes_force(&mut cloud.state());
        }
        assert_eq!(run_after(1, &cloud, &["third"]).await, NOTHING);
        assert!(cloud.state().registered.contains("third"));
        assert_eq!(in_force(&cloud), "third");
        assert!(cloud.state().events.is_empty());
    }
}

#[tokio::test]
async fn one_in_whose_place_another_came_meanwhile_is_left_to_its_day() {
    let cloud = cloud();
    cloud.state().meanwhile = Some(("begin", |state| {
        let held = state.devices.get_mut(&sensor()).unwrap();
        held.rotation.next = Some(certificate("fourth"));
        state.items.get_mut("third").unwrap().unused = false;
    }));
    assert_eq!(run(&cloud, &["third"]).await, NOTHING);
    assert!(cloud.state().registered.contains("third"));
    assert_eq!(run_after(1, &cloud, &["third"]).await, DELETED);
    let next = cloud.state().devices[&sensor()].rotation.next.clone();
    assert_eq!(next, Some(certificate("fourth")));
}

#[tokio::test]
async fn wherever_it_was_broken_off_nobody_is_let_in_whose_connection_proves_nothing() {
    for call in 0..6 {
        for breaks in [Break::Before(call), Break::After(call)] {
            let cloud = cloud();
            cloud.state().breaks = Some(breaks);
            let today = run(&cloud, &["third"]).await;
            let tomorrow = run_after(1, &cloud, &["third"]).await;
            assert!(today == FAILED || tomorrow == FAILED, "{breaks:?}");
            let proves = cloud.state().devices[&sensor()].rotation.next.is_some();
            assert!(proves || !lets_in(&cloud, "third"), "{breaks:?}");
            cloud.state().breaks = None;
            for days in 2..=3 {
                run_after(days, &cloud, &["third"]).await;
            }
            let state = cloud.state();
            assert!(!state.registered.contains("third"), "{breaks:?}");
            assert!(!state.items.contains_key("third"), "{breaks:?}");
            assert_eq!(state.lines.len(), 1, "{breaks:?}");
            drop(state);
            assert_eq!(in_force(&cloud), "second");
            assert!(lets_in(&cloud, "second"));
        }
    }
}
