//! The power is lost at each operation of the disk in turn, before it and after it.

mod support;

use muster_device::{Ending, read_slots};
use muster_documents::Mode;
use support::air::Weather;
use support::disk::Fuse;
use support::world::World;

/// How often each crash is played: what of the unsynced writes survives is chance.
const ROUNDS: u64 = 8;

fn every_crash(mode: Mode, seed: u64) {
    let mut undisturbed = World::new(seed, mode, Weather::default());
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
                let mut world = World::new(seed, mode, Weather::default());
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
                if mode == Mode::Chunked {
                    assert_eq!(world.cloud.keys.len(), 1, "{place}: asked with another key");
                }
            }
        }
    }
}

#[test]
fn a_device_that_loses_power_at_any_write_still_ends_with_its_one_certificate() {
    every_crash(Mode::Chunked, 1);
}

#[test]
fn a_legacy_device_that_loses_power_at_any_write_still_ends_with_a_certificate() {
    every_crash(Mode::Legacy, 2);
}
