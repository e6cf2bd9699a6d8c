//! What a device that replaces its certificate says, with which certificate, and what it goes on from.

mod support;

use muster_chunking::Acknowledgement;
use muster_device::{
    Ending, Event, Held, NothingToRotate, Progress, Provisioning, Timings, UnfinishedDelivery,
};
use muster_documents::fleet_provisioning::topics::{accepted, rejected};
use muster_pki::{DeviceKey, certificate_id};
use secrecy::ExposeSecret;
use std::time::Duration;
use support::chance::Chance;
use support::rotation_cloud::{Kind, RotationCloud};
use support::rotation_desk::{KINDS, RotationDesk};
use support::service::Service;
use support::world::{Task, routes};

/// A device whose new certificate is to be tried.
fn trying(kind: Kind) -> RotationDesk {
    let mut desk = RotationDesk::new(kind, Task::Rotate);
    desk.get_next();
    desk
}

#[test]
fn a_device_asks_with_its_current_certificate_and_replaces_it_when_the_new_one_has_published() {
    for kind in KINDS {
        let mut desk = RotationDesk::new(kind, Task::Rotate);
        let before = desk.current();
        let certificate_id = certificate_id(before.as_ref().unwrap());
        let replaced = certificate_id.clone();
        assert_eq!(desk.told(), [Progress::RotationStarted { certificate_id }]);
        assert_eq!(desk.connects_with(), before);
        desk.get_next();
        assert_eq!(
            desk.current(),
            before,
            "it stays until the new one has worked"
        );
        desk.connect();
        assert_eq!(desk.current(), before);
        desk.on(Event::Delivered);
        assert!(matches!(desk.ending(), Some(Ending::Provisioned { .. })));
        let rotated = |told: &Progress| matches!(told, Progress::Rotated { replaced: id, .. } if *id == replaced);
        assert!(desk.told().iter().any(rotated), "{:?}", desk.told());
        assert_ne!(desk.current(), before);
        assert_eq!(desk.current().unwrap(), desk.cloud.in_force);
    }
}

#[test]
fn a_device_of_a_fleet_asks_by_the_rotation_template() {
    let mut desk = RotationDesk::new(Kind::Fleet, Task::Rotate);
    desk.on(Event::Connected);
    let (csr, provision) = (RotationCloud::csr_topic(), RotationCloud::provision_topic());
    assert_eq!(
        provision,
        "$aws/provisioning-templates/sensors-rotation/provision/json"
    );
    let expected = [
        accepted(&csr),
        rejected(&csr),
        accepted(&provision),
        rejected(&provision),
    ];
    assert_eq!(desk.subscribes().unwrap(), expected);
}

#[test]
fn a_device_asks_in_chunks_on_the_topics_of_its_thing() {
    let mut desk = RotationDesk::new(Kind::Chunked, Task::Rotate);
    desk.connect();
    assert_eq!(desk.asks_on().unwrap(), "rotate/SN-1/json");
    desk.answer();
    let (topic, payload) = desk.published().unwrap();
    assert_eq!(topic, "rotate/SN-1/ack");
    assert!(Acknowledgement::decode(&payload).unwrap().is_complete());
}

#[test]
fn what_is_kept_names_the_certificate_that_is_replaced_and_its_key_is_new() {
    for kind in KINDS {
        let desk = RotationDesk::new(kind, Task::Rotate);
        let delivery = desk
            .held
            .delivery
            .as_ref()
            .expect("the key is kept at once");
        let current = desk.held.current.as_ref().unwrap();
        assert_eq!(delivery.replaces, Some(current.certificate_id()));
        let keys = [&delivery.private_key_pem, current.private_key_pem()];
        let [new, old] = keys.map(|key| DeviceKey::from_pem(key).unwrap().fingerprint());
        assert_ne!(new, old);
    }
}

#[test]
fn without_a_certificate_there_is_nothing_to_rotate() {
    for kind in KINDS {
        let (_, rotation) = routes(kind, 256, Timings::default());
        let chance = Box::new(Chance::new(1));
        let rotated = Provisioning::rotate(rotation, Held::default(), chance, Duration::ZERO);
        assert_eq!(rotated.map(|_| ()).unwrap_err(), NothingToRotate);
    }
}

#[test]
fn a_pending_certificate_is_tried_first_after_a_restart() {
    for kind in KINDS {
        let mut desk = trying(kind).rebooted(Task::Rotate);
        assert_eq!(desk.connects_with(), desk.pending());
        desk.prove();
        assert_eq!(desk.cloud.requests, 1);
    }
}

#[test]
fn a_pending_certificate_that_is_refused_is_asked_for_again_with_the_current_one() {
    // In chunks: acknowledged again, and then asked for again with the same key.
    let mut desk = trying(Kind::Chunked).rebooted(Task::Rotate);
    for _ in 0..2 {
        desk.lost(true);
        desk.wait();
        assert_eq!(desk.connects_with(), desk.current());
        desk.connect();
        assert_eq!(desk.asks_on().unwrap(), "rotate/SN-1/ack");
        desk.answer();
        assert_eq!(desk.connects_with(), desk.pending());
    }
    desk.lost(true);
    desk.wait();
    desk.get_next();
    desk.prove();
    assert_eq!((desk.cloud.requests, desk.cloud.keys.len()), (2, 1));

    // In a fleet: with the same token.
    let mut desk = trying(Kind::Fleet).rebooted(Task::Rotate);
    desk.refuse_pending();
    desk.connect();
    assert_eq!(desk.asks_on(), Some(RotationCloud::provision_topic()));
    desk.answer();
    desk.prove();
    assert_eq!((desk.cloud.requests, desk.cloud.registrations), (1, 2));
}

#[test]
fn a_token_that_is_too_old_leads_to_another_certificate_in_the_earlier_ones_place() {
    let mut desk = trying(Kind::Fleet);
    let replaced = desk.pending().unwrap();
    desk.cloud.expire_tokens();
    let mut desk = desk.rebooted(Task::Rotate);
    desk.refuse_pending();
    desk.connect();
    assert_eq!(desk.asks_on(), Some(RotationCloud::provision_topic()));
    desk.answer();
    // It has just been tried, and once more it is: whether its question was heard nobody knows.
    desk.refuse_pending();
    desk.get_next();
    assert!(!desk.cloud.takes(&replaced));
    desk.prove();
    assert_eq!((desk.cloud.requests, desk.cloud.keys.len()), (2, 1));
}

#[test]
fn a_device_whose_current_certificate_is_retired_already_goes_back_to_the_pending_one() {
    for kind in KINDS {
        let mut desk = trying(kind);
        // The cloud has seen the new one connect, and the device has not seen its publication arrive.
        desk.connect();
        let next = desk.pending();
        assert_eq!(desk.cloud.in_force, next.clone().unwrap());
        desk.lost(true);
        desk.wait();
        while desk.connects_with() == next {
            desk.lost(true);
            desk.wait();
        }
        assert_eq!(desk.connects_with(), desk.current());
        desk.connect();
        desk.wait();
        desk.prove();
    }
}

#[test]
fn the_pending_certificate_is_overwritten_only_by_one_that_the_cloud_has_taken() {
    let mut desk = trying(Kind::Fleet);
    let first = desk.pending();
    desk.refuse_pending();
    desk.cloud.expire_tokens();
    desk.connect_and_ask();
    desk.answer();
    desk.refuse_pending();
    desk.connect_and_ask();
    desk.answer();
    assert_eq!(desk.asks_on(), Some(RotationCloud::provision_topic()));
    desk.cloud.lost_answers = 3;
    for _ in 0..3 {
        // Nobody answers, and so nobody knows which of the two will be in force.
        desk.answer();
        desk.wait();
        assert_eq!(desk.pending(), first);
    }
    desk.answer();
    assert_ne!(desk.pending(), first);
    desk.prove();
}

#[test]
fn a_token_too_old_for_another_certificate_leads_to_a_third_on_the_same_connection() {
    let mut desk = trying(Kind::Fleet);
    let first = desk.pending();
    desk.refuse_pending();
    desk.cloud.expire_tokens();
    desk.connect_and_ask();
    desk.answer();
    desk.refuse_pending();
    desk.connect_and_ask();
    desk.answer();
    desk.cloud.expire_tokens();
    desk.answer();
    let topics = desk.subscribes().expect("the answers of both questions");
    assert!(topics.contains(&accepted(&RotationCloud::csr_topic())));
    assert_eq!(desk.pending(), first);
    desk.cloud.subscribe(&topics);
    desk.on(Event::Subscribed);
    desk.ask();
    assert_eq!(desk.asks_on(), Some(RotationCloud::csr_topic()));
    desk.answer();
    desk.answer();
    desk.prove();
    assert_eq!((desk.cloud.requests, desk.cloud.keys.len()), (3, 1));
}

#[test]
fn a_delivery_of_a_first_provisioning_or_of_an_earlier_rotation_is_no_part_of_this_one() {
    for kind in KINDS {
        let desk = RotationDesk::new(kind, Task::Rotate);
        for replaces in [None, Some("the id of another certificate".to_owned())] {
            let (mut cloud, _) = RotationCloud::new(kind);
            cloud.in_force = desk.current().unwrap();
            let stale = UnfinishedDelivery {
                replaces,
                ..desk.held.delivery.clone().unwrap()
            };
            let key = stale.private_key_pem.clone();
            let held = Held {
                delivery: Some(stale),
                ..desk.held.clone()
            };
            let other = RotationDesk::holding(cloud, held, Task::Rotate);
            let kept = other.held.delivery.unwrap();
            assert_ne!(kept.private_key_pem.expose_secret(), key.expose_secret());
            assert_eq!(kept.replaces, desk.held.current_id());
        }
    }
}

#[test]
fn a_first_provisioning_goes_on_with_nothing_that_a_rotation_has_kept() {
    for kind in KINDS {
        let desk = trying(kind);
        let (first, _) = routes(kind, 512, Timings::default());
        let held = Held {
            current: None,
            pending: None,
            ..desk.held.clone()
        };
        let chance = Box::new(Chance::new(1));
        let (_, actions) = Provisioning::start(first, held, chance, Duration::ZERO);
        let kept = actions.iter().find_map(|action| match action {
            muster_device::Action::Keep(muster_device::Keep::Delivery(delivery)) => Some(delivery),
            _ => None,
        });
        let kept = kept.expect("another key");
        let rotations = &desk.held.delivery.as_ref().unwrap().private_key_pem;
        assert_ne!(
            kept.private_key_pem.expose_secret(),
            rotations.expose_secret()
        );
        assert_eq!(kept.replaces, None);
    }
}

#[test]
fn a_run_without_rotation_tries_a_rotations_certificate_and_falls_back_to_the_current_one() {
    for kind in KINDS {
        let mut plain = trying(kind).provisioned();
        plain.refuse_pending();
        plain.lost(true);
        plain.wait();
        assert_eq!(
            plain.connects_with(),
            plain.pending(),
            "either may be the one in force"
        );
        plain.lost(false);
        plain.wait();
        plain.prove();
    }
}
