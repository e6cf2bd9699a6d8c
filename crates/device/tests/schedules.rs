//! Whatever the network loses, doubles and reorders, and whenever the device dies: it ends with its certificate.

mod support;

use muster_device::{Ending, read_slots};
use muster_documents::Mode;
use muster_pki::certificate_id;
use support::air::Weather;
use support::chance::Chance;
use support::fleet_cloud::{FleetCloud, Manner};
use support::schedules::play;
use support::service::Service;
use support::world::{SERIAL, World};

const SCHEDULES: u64 = 10_000;
const LEGACY_SCHEDULES: u64 = 2_000;
const FLEET_SCHEDULES: u64 = 2_000;

/// The certificate in the current slot is one that the cloud issued and that works, the device holds nothing else,
/// and the ending names it.
fn assert_provisioned<S: Service>(world: &World<S>, ending: Ending) {
    let held = read_slots(&world.disk).unwrap();
    let current = held.current.expect("the device has a certificate");
    assert!(
        world.cloud.takes(current.certificate_der()),
        "its certificate doesn't work"
    );
    let Ending::Provisioned {
        thing_name,
        certificate_id: id,
    } = ending
    else {
        panic!("ended with {ending:?}");
    };
    assert_eq!(thing_name, "SN-1");
    assert_eq!(id, certificate_id(current.certificate_der()));
    assert!(held.pending.is_none());
    assert_eq!(
        world.disk.names(),
        ["current.pem"],
        "nothing else is left over"
    );
}

#[test]
fn after_any_schedule_a_device_has_exactly_the_certificate_that_was_issued_for_its_one_key() {
    play(0..SCHEDULES, |seed| {
        let weather = Weather::any(&mut Chance::new(!seed));
        let mut world = World::new(seed, Mode::Chunked, weather);
        let ending = world.run();
        assert_provisioned(&world, ending);
        assert_eq!(
            world.cloud.keys.len(),
            1,
            "every request was made with the same key"
        );
    });
}

#[test]
fn after_any_schedule_a_legacy_device_has_a_key_and_its_certificate() {
    play(0..LEGACY_SCHEDULES, |seed| {
        let weather = Weather::any(&mut Chance::new(!seed));
        let mut world = World::new(
            seed,
            Mode::Legacy,
            Weather {
                abandonment: 0,
                ..weather
            },
        );
        let ending = world.run();
        assert_provisioned(&world, ending);
    });
}

#[test]
fn after_any_schedule_a_device_of_a_fleet_has_a_certificate_for_its_one_key() {
    play(0..FLEET_SCHEDULES, |seed| {
        let weather = Weather::any(&mut Chance::new(!seed));
        let cloud = FleetCloud {
            with_key: Manner::Silent,
            ..FleetCloud::new(SERIAL)
        };
        let mut world = World::fleet(seed, cloud, weather);
        let ending = world.run();
        assert_provisioned(&world, ending);
        assert_eq!(
            world.cloud.keys.len(),
            1,
            "every request was made with the same key"
        );
    });
}

#[test]
fn after_any_schedule_a_device_of_a_fleet_has_one_certificate_whoever_made_its_key() {
    play(0..FLEET_SCHEDULES, |seed| {
        let mut chance = Chance::new(!seed);
        let weather = Weather {
            abandonment: 0,
            ..Weather::any(&mut chance)
        };
        let manners = [
            Manner::Answers,
            Manner::Silent,
            Manner::Cuts,
            Manner::RefusesSubscription,
        ];
        let from_csr = manners[usize::try_from(chance.below(4)).unwrap()];
        let cloud = FleetCloud {
            from_csr,
            ..FleetCloud::new(SERIAL)
        };
        let mut world = World::fleet(seed, cloud, weather);
        let ending = world.run();
        assert_provisioned(&world, ending);
        let active = world.cloud.made.iter().filter(|made| made.active);
        assert_eq!(
            active.count(),
            1,
            "the hook let one key in, for one certificate"
        );
    });
}

#[test]
fn in_fair_weather_a_device_of_a_fleet_asks_each_question_once() {
    let mut world = World::fleet(9, FleetCloud::new(SERIAL), Weather::default());
    let ending = world.run();
    assert_provisioned(&world, ending);
    assert_eq!(
        (world.cloud.made.len(), world.cloud.registrations.len()),
        (1, 1)
    );
    assert!(world.now.as_secs() < 1, "it waits for nothing");
}

#[test]
fn in_fair_weather_a_device_asks_once_and_acknowledges_once() {
    let mut world = World::new(7, Mode::Chunked, Weather::default());
    let ending = world.run();
    assert_provisioned(&world, ending);
    assert_eq!((world.cloud.requests, world.cloud.acknowledgements), (1, 1));
    assert!(world.now.as_secs() < 1, "it waits for nothing");
}

#[test]
fn a_device_whose_certificate_works_asks_for_nothing() {
    let mut world = World::new(8, Mode::Chunked, Weather::default());
    let current = world.give_current();
    let ending = world.run();
    assert_eq!(world.cloud.requests, 0);
    assert_eq!(world.cloud.proven, [current]);
    assert_provisioned(&world, ending);
}
