//! Whatever the network loses, doubles and reorders, and whenever a device dies while it rotates: it is never without a
//! certificate that works, and in the end it has another.

use crate::support::air::Weather;
use crate::support::chance::Chance;
use crate::support::rotation_cloud::{Kind, RotationCloud};
use crate::support::rotation_desk::KINDS;
use crate::support::schedules::play;
use crate::support::service::Service;
use crate::support::world::{Task, World};
use muster_device::{Ending, Progress, read_slots};

const SCHEDULES: u64 = 1_500;

fn assert_rotated(world: &mut World<RotationCloud>, ending: &Ending) {
    world.cloud.catch_up();
    let held = read_slots(&world.disk).unwrap();
    let current = held.current.expect("the device has a certificate");
    assert!(
        world.cloud.takes(current.certificate_der()),
        "its certificate doesn't work"
    );
    assert_eq!(
        world.disk.names(),
        ["current.pem"],
        "nothing else is left over"
    );
    if let Ending::Refused(refused) = ending {
        assert!(
            ["RotationNotDue", "AccessDenied"].contains(&refused.code.as_str()),
            "{refused:?}"
        );
    }
    assert!(!world.cloud.due, "it has been rotated");
}

fn schedule(seed: u64, kind: Kind, task: Task) {
    let mut world = World::rotation(seed, kind, task, Weather::any(&mut Chance::new(!seed)));
    let before = world.cloud.in_force.clone();
    let ending = world.run();
    assert_rotated(&mut world, &ending);
    assert_ne!(world.cloud.in_force, before);
}

#[test]
fn after_any_schedule_a_device_that_rotates_in_chunks_has_a_certificate_that_works() {
    play(0..SCHEDULES, |seed| {
        schedule(seed, Kind::Chunked, Task::Rotate);
    });
}

#[test]
fn after_any_schedule_a_device_of_a_fleet_that_rotates_has_a_certificate_that_works() {
    play(0..SCHEDULES, |seed| {
        schedule(seed, Kind::Fleet, Task::Rotate);
    });
}

#[test]
fn after_any_schedule_a_device_that_stays_has_a_certificate_that_works() {
    play(0..SCHEDULES, |seed| {
        schedule(seed, Kind::Chunked, Task::Stay);
    });
    play(0..SCHEDULES, |seed| schedule(seed, Kind::Fleet, Task::Stay));
}

#[test]
fn in_fair_weather_each_question_is_asked_once_and_with_a_new_key() {
    for kind in KINDS {
        let mut world = World::rotation(7, kind, Task::Rotate, Weather::default());
        let ending = world.run();
        assert_rotated(&mut world, &ending);
        assert!(matches!(ending, Ending::Provisioned { .. }));
        assert_eq!(
            (world.cloud.requests, world.cloud.keys.len()),
            (1, 1),
            "{kind:?}"
        );
        assert_eq!(world.cloud.registrations, u32::from(kind == Kind::Fleet));
        assert!(world.now.as_secs() < 1, "it waits for nothing");
    }
}

#[test]
fn in_fair_weather_an_alert_makes_one_rotation() {
    for kind in KINDS {
        let mut world = World::rotation(8, kind, Task::Stay, Weather::default());
        world.cloud.lag = 0;
        let ending = world.run();
        assert_rotated(&mut world, &ending);
        assert_eq!(world.cloud.requests, 1, "{kind:?}");
        let rotations = |told: &&Progress| matches!(told, Progress::RotationStarted { .. });
        assert_eq!(world.told.iter().filter(rotations).count(), 1);
    }
}
