//! What the store keeps of a rotation, and what it makes of stores that others have written.

mod support;

use muster_device::{
    CredentialStore, Credentials, Disk, Held, MadeCertificate, SlotStore, UnfinishedDelivery,
    read_slots,
};
use muster_pki::{DeviceKey, der_to_pem};
use secrecy::ExposeSecret;
use support::chance::Chance;
use support::cloud::Cloud;
use support::disk::{Fuse, PoweredDisk};

const ROUNDS: u64 = 16;

fn credentials(cloud: &Cloud) -> Credentials {
    let (key, der) = cloud.identity(Vec::new());
    Credentials::matched(&der_to_pem("CERTIFICATE", &der), &key).unwrap()
}

/// What a rotation of `current` has kept when its certificate has come.
fn kept(current: &Credentials, next: &Credentials) -> UnfinishedDelivery {
    UnfinishedDelivery {
        made: Some(MadeCertificate {
            certificate_pem: next.certificate_pem().to_owned(),
            ownership_token: "token-1".into(),
        }),
        replaces: Some(current.certificate_id()),
        ..UnfinishedDelivery::new(next.private_key_pem().clone())
    }
}

/// A store in the middle of a rotation.
fn rotating() -> (PoweredDisk, SlotStore<PoweredDisk>, Credentials) {
    let cloud = Cloud::new("any");
    let (current, next) = (credentials(&cloud), credentials(&cloud));
    let disk = PoweredDisk::default();
    let mut store = SlotStore::open(disk.clone()).unwrap();
    store.keep_pending(&current).unwrap();
    store.promote().unwrap();
    store.keep_delivery(&kept(&current, &next)).unwrap();
    store.keep_pending(&next).unwrap();
    (disk, store, current)
}

fn open(disk: &PoweredDisk) -> Held {
    let store = SlotStore::open(disk.clone()).unwrap();
    store.held().unwrap()
}

#[test]
fn a_rotations_delivery_outlives_a_restart_with_what_it_replaces() {
    let (disk, _, current) = rotating();
    let held = open(&disk);
    let delivery = held.delivery.unwrap();
    assert_eq!(delivery.replaces, Some(current.certificate_id()));
    assert_eq!(
        delivery.made.unwrap().ownership_token.expose_secret(),
        "token-1"
    );
    assert!(held.pending.is_some());
}

#[test]
fn a_rotation_is_forgotten_whole_or_not_at_all_whenever_the_power_goes() {
    let (disk, mut store, _) = rotating();
    disk.set_fuse(None);
    store.forget_rotation().unwrap();
    let operations = disk.operations();
    let mut seen = [0, 0];
    for operation in 0..operations {
        for round in 0..ROUNDS {
            let (disk, mut store, current) = rotating();
            let after = round % 2 == 1;
            disk.set_fuse(Some(Fuse { operation, after }));
            assert!(store.forget_rotation().is_err());
            if round % 4 < 2 {
                disk.restart();
            } else {
                disk.lose_power(&mut Chance::new(round));
            }
            let looked = read_slots(&disk).unwrap();
            let held = open(&disk);
            let place = format!("operation {operation}, round {round}");
            for held in [looked, held] {
                assert_eq!(held.current_id(), Some(current.certificate_id()), "{place}");
                let (pending, delivery) = (held.pending.is_some(), held.delivery.is_some());
                assert_eq!(pending, delivery, "{place}");
                seen[usize::from(pending)] += 1;
            }
            if open(&disk).pending.is_none() {
                assert_eq!(disk.names(), ["current.pem"], "{place}");
            }
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn a_delivery_of_a_rotation_that_is_done_is_removed() {
    let (disk, mut store, _) = rotating();
    // The key of the delivery is not that of the certificate which has worked in the end.
    let other = UnfinishedDelivery {
        replaces: store.held().unwrap().current_id(),
        ..UnfinishedDelivery::new(DeviceKey::generate().unwrap().pem())
    };
    store.keep_delivery(&other).unwrap();
    disk.set_fuse(Some(Fuse {
        operation: 1,
        after: true,
    }));
    assert!(store.promote().is_err(), "killed after the rename");
    disk.restart();
    assert!(open(&disk).delivery.is_none());
    assert_eq!(disk.names(), ["current.pem"]);
}

#[test]
fn a_delivery_of_a_rotation_whose_certificate_was_taken_away_by_hand_is_removed() {
    let (mut disk, store, _) = rotating();
    drop(store);
    disk.remove("current.pem").unwrap();
    let held = open(&disk);
    assert!(held.current.is_none() && held.delivery.is_none());
    assert!(
        held.pending.is_some(),
        "a certificate that may work is kept"
    );
}

#[test]
fn a_store_that_an_earlier_version_has_written_is_read_as_it_was() {
    let cloud = Cloud::new("any");
    let (current, next) = (credentials(&cloud), credentials(&cloud));
    let file = |credentials: &Credentials| {
        let key = credentials.private_key_pem().expose_secret();
        format!("{key}{}", credentials.certificate_pem())
    };
    let delivery = format!(
        "{}-----BEGIN MUSTER DELIVERY-----\n-----END MUSTER DELIVERY-----\n{}\
         -----BEGIN MUSTER OWNERSHIP TOKEN-----\ndG9rZW4tMQ==\n-----END MUSTER OWNERSHIP TOKEN-----\n",
        next.private_key_pem().expose_secret(),
        next.certificate_pem(),
    );
    for with_current in [false, true] {
        let mut disk = PoweredDisk::default();
        if with_current {
            disk.write("current.pem", file(&current).as_bytes())
                .unwrap();
        }
        disk.write("pending.pem", file(&next).as_bytes()).unwrap();
        disk.write("delivery.pem", delivery.as_bytes()).unwrap();
        let held = open(&disk);
        assert_eq!(held.current.is_some(), with_current);
        assert_eq!(
            held.pending.unwrap().certificate_id(),
            next.certificate_id()
        );
        let delivery = held.delivery.unwrap();
        assert_eq!(delivery.replaces, None, "it is of a first provisioning");
        assert_eq!(
            delivery.made.unwrap().ownership_token.expose_secret(),
            "token-1"
        );
    }
}
