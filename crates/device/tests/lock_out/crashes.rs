//! A rotation is killed after each thing that it does, and the power is lost at each operation of its disk.

use crate::support::air::Weather;
use crate::support::disk::Fuse;
use crate::support::rotation_cloud::{Kind, RotationCloud};
use crate::support::rotation_desk::KINDS;
use crate::support::service::Service;
use crate::support::world::{Task, World};
use muster_device::{Ending, read_slots};

/// How often each crash is played: what of the unsynced writes survives is chance, and so is how late the cloud is.
const ROUNDS: u64 = 8;

fn new(round: u64, kind: Kind, task: Task) -> World<RotationCloud> {
    World::rotation(round, kind, task, Weather::default())
}

/// The device has a certificate that works, and nothing else is left over.
fn assert_sound(world: &mut World<RotationCloud>, ending: &Ending, place: &str) {
    world.cloud.catch_up();
    let held = read_slots(&world.disk).unwrap();
    let current = held.current.expect("a certificate");
    assert!(world.cloud.takes(current.certificate_der()), "{place}");
    assert_eq!(world.disk.names(), ["current.pem"], "{place}");
    assert!(!world.cloud.due, "{place}: it has been rotated");
    match ending {
        Ending::Provisioned { .. } => {}
        // Killed after the promotion, it asks again and is told that none is due.
        Ending::Refused(refused) => {
            assert!(
                ["RotationNotDue", "AccessDenied"].contains(&refused.code.as_str()),
                "{place}"
            );
        }
        Ending::GaveUp { because } => panic!("{place}: {because}"),
    }
}

#[test]
fn a_device_that_is_killed_after_anything_that_it_does_ends_with_a_certificate_that_works() {
    for (kind, task) in KINDS
        .map(|kind| [(kind, Task::Rotate), (kind, Task::Stay)])
        .concat()
    {
        for round in 0..ROUNDS {
            let mut undisturbed = new(round, kind, task);
            let ending = undisturbed.run();
            assert_sound(&mut undisturbed, &ending, "undisturbed");
            assert!(
                undisturbed.actions > 20,
                "there is something to be killed at"
            );
            for action in 1..undisturbed.actions {
                let mut world = new(round, kind, task);
                world.actions_to_live = Some(action);
                let ending = world.run();
                let place = format!("{kind:?}, {task:?}, round {round}, after action {action}");
                assert_eq!(world.deaths, 1, "{place}");
                assert_sound(&mut world, &ending, &place);
            }
        }
    }
}

#[test]
fn a_device_that_loses_power_at_any_write_of_its_rotation_ends_with_a_certificate_that_works() {
    for (kind, task) in KINDS
        .map(|kind| [(kind, Task::Rotate), (kind, Task::Stay)])
        .concat()
    {
        for round in 0..ROUNDS {
            let mut undisturbed = new(round, kind, task);
            undisturbed.disk.set_fuse(None);
            undisturbed.run();
            let operations = undisturbed.disk.operations();
            assert!(
                operations > 8,
                "there is something to crash at: {operations}"
            );
            for operation in 0..2 * operations {
                let (operation, after) = (operation / 2, operation % 2 == 1);
                let mut world = new(round, kind, task);
                world.disk.set_fuse(Some(Fuse { operation, after }));
                let ending = world.run();
                let place = format!("{kind:?}, {task:?}, round {round}, {operation}, {after}");
                assert_eq!(world.deaths, 1, "{place}");
                assert_sound(&mut world, &ending, &place);
            }
        }
    }
}
