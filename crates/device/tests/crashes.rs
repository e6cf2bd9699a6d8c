//! The power is lost at each operation of the disk in turn, before it and after it.

mod support;

use muster_device::{CredentialStore, Ending, SlotStore, UnfinishedDelivery, read_slots};
use muster_documents::Mode;
use muster_pki::DeviceKey;
use support::air::Weather;
use support::chance::Chance;
use support::disk::{Fuse, PoweredDisk};
use support::fleet_cloud::FleetCloud;
use support::service::Service;
use support::world::{SERIAL, World};

/// How often each crash is played: what of the unsynced writes survives is chance.
const ROUNDS: u64 = 8;

/// Plays every crash of such a device; `look` looks at how each ended.
fn every_crash<S: Service>(mut new: impl FnMut() -> World<S>, look: impl Fn(&World<S>, &str)) {
    let mut undisturbed = new();
    undisturbed.disk.set_fuse(None);
    undisturbed.run();
    let operations = undisturbed.disk.operations();
    assert!(
        operations > 8,
        "there is something to crash at: {operations}"
    );
    for operation in 0..operations {
        for after in [false, true] {
            for round in 0..ROUNDS {
                let mut world = new();
                for _ in 0..round {
                    world.chance.number();
                }
                world.disk.set_fuse(Some(Fuse { operation, after }));
                let ending = world.run();
                let place = format!("operation {operation}, after: {after}, round {round}");
                assert_eq!(world.deaths, 1, "{place}");
                assert!(matches!(ending, Ending::Provisioned { .. }), "{place}");
                let current = read_slots(&world.disk)
                    .unwrap()
                    .current
                    .expect("a certificate");
                assert!(world.cloud.takes(current.certificate_der()), "{place}");
                assert_eq!(world.disk.names(), ["current.pem"], "{place}");
                look(&world, &place);
            }
        }
    }
}

#[test]
fn a_device_that_loses_power_at_any_write_still_ends_with_its_one_certificate() {
    let new = || World::new(1, Mode::Chunked, Weather::default());
    every_crash(new, |world, place| {
        assert_eq!(world.cloud.keys.len(), 1, "{place}: asked with another key");
    });
}

#[test]
fn a_legacy_device_that_loses_power_at_any_write_still_ends_with_a_certificate() {
    every_crash(
        || World::new(2, Mode::Legacy, Weather::default()),
        |_, _| {},
    );
}

#[test]
fn a_device_of_a_fleet_that_loses_power_at_any_write_still_ends_with_its_one_key() {
    let new = || World::fleet(3, FleetCloud::new(SERIAL), Weather::default());
    every_crash(new, |world, place| {
        assert_eq!(world.cloud.keys.len(), 1, "{place}: asked with another key");
        let active = world.cloud.made.iter().filter(|made| made.active);
        assert_eq!(active.count(), 1, "{place}: provisioned twice");
    });
}

#[test]
fn a_device_of_a_fleet_with_a_key_of_the_clouds_that_loses_power_still_ends_with_one_certificate() {
    let new = || World::fleet(4, FleetCloud::without_csr(SERIAL), Weather::default());
    every_crash(new, |world, place| {
        let active = world.cloud.made.iter().filter(|made| made.active);
        assert_eq!(active.count(), 1, "{place}: provisioned twice");
    });
}

#[test]
fn a_key_that_a_run_finds_outlives_a_later_loss_of_power() {
    let key = || DeviceKey::generate().unwrap().pem();
    for seed in 0..ROUNDS {
        let disk = PoweredDisk::default();
        let mut killed = SlotStore::open(disk.clone()).unwrap();
        // The key is written, synced and has its name, and then the program is killed.
        disk.set_fuse(Some(Fuse {
            operation: 3,
            after: false,
        }));
        let kept = killed.keep_delivery(&UnfinishedDelivery::new(key()));
        assert!(kept.is_err());
        disk.restart();
        let found = SlotStore::open(disk.clone()).unwrap();
        assert!(found.held().unwrap().delivery.is_some());
        disk.lose_power(&mut Chance::new(seed));
        assert!(
            read_slots(&disk).unwrap().delivery.is_some(),
            "round {seed}"
        );
    }
}
