//! What a device of a fleet says, and when.

mod support;

use muster_device::{
    Action, Ending, Event, FleetDeviceSettings, Held, Identity, Keep, Progress, Timings,
};
use muster_documents::fleet_provisioning::Format;
use muster_documents::fleet_provisioning::topics::{accepted, rejected};
use secrecy::ExposeSecret;
use std::time::Duration;
use support::fleet_cloud::{FleetCloud, Manner};
use support::fleet_desk::FleetDesk;
use support::service::Service;
use support::world::SERIAL;

const SECOND: Duration = Duration::from_secs(1);

fn cloud() -> FleetCloud {
    FleetCloud::new(SERIAL)
}

/// A device that has asked to be provisioned.
fn registering(cloud: FleetCloud) -> FleetDesk {
    let mut desk = FleetDesk::new(cloud);
    desk.connect();
    desk.answer();
    assert_eq!(desk.asks_on(), Some(desk.cloud.provision_topic()));
    desk
}

#[test]
fn the_key_is_kept_before_anything_is_asked_and_the_answers_are_subscribed_to_first() {
    let mut desk = FleetDesk::new(cloud());
    let [
        Action::Keep(Keep::Delivery(_)),
        Action::Connect {
            client_id,
            identity,
        },
    ] = &desk.actions[..]
    else {
        panic!("{:?}", desk.actions);
    };
    assert!(client_id == SERIAL && matches!(identity, Identity::Claim));
    desk.on(Event::Connected);
    assert!(desk.published().is_none());
    let (csr, provision) = (desk.cloud.csr_topic(), desk.cloud.provision_topic());
    let expected = [
        accepted(&csr),
        rejected(&csr),
        accepted(&provision),
        rejected(&provision),
    ];
    assert_eq!(desk.subscribes().unwrap(), expected);
    desk.subscribe();
    assert_eq!(desk.asks_on(), Some(csr));
}

#[test]
fn a_device_gets_its_certificate_in_json_and_in_cbor() {
    for format in [Format::Json, Format::Cbor] {
        let mut desk = registering(FleetCloud { format, ..cloud() });
        desk.answer();
        desk.prove();
        assert_eq!((desk.cloud.keys.len(), desk.cloud.made.len()), (1, 1));
        assert_eq!(
            desk.cloud.registrations,
            [serde_json::json!({ "SerialNumber": SERIAL })]
        );
    }
}

#[test]
fn the_model_and_the_voucher_are_told_and_never_shown() {
    let settings = FleetDeviceSettings::new(SERIAL, "sensors", Timings::default())
        .and_then(|settings| settings.with_model("probe"))
        .unwrap()
        .with_voucher("voucher-1".into());
    let mut desk = FleetDesk::with(cloud(), Held::default(), settings);
    desk.connect();
    let mut shown = vec![format!("{:?}", desk.actions)];
    desk.answer();
    shown.push(format!("{:?} {:?}", desk.actions, desk.held));
    desk.answer();
    shown.push(format!("{:?}", desk.actions));
    let shown = shown.concat();
    let told = &desk.cloud.registrations[0];
    assert_eq!(
        (&told["ModelType"], &told["Voucher"]),
        (&"probe".into(), &"voucher-1".into())
    );
    for secret in ["voucher-1", "token-0", "PRIVATE KEY"] {
        let bytes = format!("{:?}", secret.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(
            !shown.contains(secret) && !shown.contains(bytes),
            "{secret} is shown"
        );
    }
}

#[test]
fn a_cloud_that_never_answers_a_request_with_a_csr_is_asked_for_key_and_certificate() {
    let mut desk = FleetDesk::new(FleetCloud::without_csr(SERIAL));
    desk.connect();
    for _ in 0..2 {
        assert_eq!(desk.asks_on(), Some(desk.cloud.csr_topic()));
        assert_eq!(desk.wait(), 10 * SECOND);
    }
    let otherwise =
        |progress: &Progress| matches!(progress, Progress::AskingOtherwise { with_key: true, .. });
    assert!(desk.told().iter().any(otherwise));
    assert!(
        desk.published().is_none(),
        "its answers are subscribed to first"
    );
    desk.subscribe();
    assert_eq!(desk.asks_on(), Some(desk.cloud.key_topic()));
    desk.answer();
    desk.answer();
    desk.prove();
}

#[test]
fn an_answer_to_the_csr_that_comes_late_is_as_good() {
    for after_the_subscription in [true, false] {
        let mut desk = FleetDesk::new(cloud());
        desk.connect();
        let (topic, payload) = desk.published().unwrap();
        desk.wait();
        desk.wait();
        let subscription = desk.subscribes().unwrap();
        assert!(subscription.contains(&accepted(&desk.cloud.key_topic())));
        if after_the_subscription {
            desk.subscribe();
            assert_eq!(desk.asks_on(), Some(desk.cloud.key_topic()));
        }
        let answers = desk.cloud.publish(&topic, &payload).unwrap();
        desk.tell(&answers);
        let asked = desk.published();
        assert_eq!(desk.asks_on(), Some(desk.cloud.provision_topic()));
        if !after_the_subscription {
            desk.on(Event::Subscribed);
            assert!(desk.published().is_none(), "it has asked already");
        }
        assert_eq!(desk.wait(), 10 * SECOND);
        assert_eq!(desk.published(), asked);
        desk.answer();
        desk.prove();
        assert_eq!(desk.cloud.made.len(), 1);
    }
}

#[test]
fn a_cloud_that_refuses_requests_with_a_csr_is_asked_for_key_and_certificate_at_once() {
    for (status, code) in [
        (403, "AccessDenied"),
        (404, "NotFound"),
        (400, "Unsupported"),
    ] {
        let from_csr = Manner::Rejects(status, code);
        let mut desk = FleetDesk::new(FleetCloud {
            from_csr,
            ..cloud()
        });
        desk.connect();
        desk.answer();
        desk.subscribe();
        assert_eq!(desk.asks_on(), Some(desk.cloud.key_topic()), "{code}");
    }
}

#[test]
fn a_connection_that_is_cut_at_the_csr_again_and_again_means_that_it_is_not_allowed() {
    let mut desk = FleetDesk::new(FleetCloud {
        from_csr: Manner::Cuts,
        ..cloud()
    });
    let key = desk.held.delivery.as_ref().unwrap().private_key_pem.clone();
    for _ in 0..3 {
        desk.connect();
        while desk.published().is_none() {
            desk.wait();
        }
        assert_eq!(desk.asks_on(), Some(desk.cloud.csr_topic()));
        desk.lost(true);
        desk.wait();
    }
    desk.connect();
    while desk.published().is_none() {
        desk.wait();
    }
    assert_eq!(desk.asks_on(), Some(desk.cloud.key_topic()));
    let held = desk.held.delivery.as_ref().unwrap();
    let (before, now) = (key, &held.private_key_pem);
    assert_eq!(
        before.expose_secret(),
        now.expose_secret(),
        "the key is still there"
    );
    desk.answer();
    desk.answer();
    desk.prove();
}

#[test]
fn a_subscription_that_is_refused_again_and_again_means_the_same() {
    let mut desk = FleetDesk::new(cloud());
    for _ in 0..3 {
        desk.on(Event::Connected);
        desk.lost(true);
        desk.wait();
    }
    desk.on(Event::Connected);
    let topics = desk.subscribes().unwrap();
    assert!(topics.contains(&accepted(&desk.cloud.key_topic())));
    assert!(!topics.contains(&accepted(&desk.cloud.csr_topic())));
}

#[test]
fn a_network_that_fails_says_nothing_about_the_request_with_a_csr() {
    let mut desk = FleetDesk::new(cloud());
    for _ in 0..6 {
        desk.connect();
        while desk.published().is_none() {
            desk.wait();
        }
        assert_eq!(desk.asks_on(), Some(desk.cloud.csr_topic()));
        desk.lost(false);
        desk.wait();
    }
}

#[test]
fn where_nobody_answers_either_request_both_are_tried_in_turn_less_and_less_often() {
    let mut desk = FleetDesk::new(FleetCloud {
        with_key: Manner::Silent,
        ..FleetCloud::without_csr(SERIAL)
    });
    desk.connect();
    let mut asked = Vec::new();
    while desk.ending().is_none() {
        asked.extend(desk.asks_on().map(|topic| (desk.now, topic)));
        desk.wait();
        desk.subscribe();
    }
    let topics: Vec<_> = asked.iter().map(|(_, topic)| topic.clone()).collect();
    let (csr, key) = (desk.cloud.csr_topic(), desk.cloud.key_topic());
    assert_eq!(
        topics[..6],
        [&csr, &csr, &key, &key, &csr, &csr].map(Clone::clone)
    );
    let longest = asked
        .windows(2)
        .map(|pair| pair[1].0.saturating_sub(pair[0].0))
        .max()
        .unwrap();
    assert!(
        (30 * SECOND..=60 * SECOND).contains(&longest),
        "{longest:?}"
    );
    assert!(matches!(desk.ending(), Some(Ending::GaveUp { .. })));
}

#[test]
fn a_question_without_an_answer_is_repeated_with_the_same_token() {
    let mut desk = registering(cloud());
    let first = desk.published();
    assert_eq!(desk.wait(), 10 * SECOND);
    assert_eq!(desk.published(), first);
    desk.answer();
    desk.prove();
    assert_eq!(desk.cloud.made.len(), 1);
}

#[test]
fn after_some_tries_the_certificate_is_tried_out_and_if_it_works_that_is_that() {
    let mut desk = registering(FleetCloud {
        lost_answers: 9,
        ..cloud()
    });
    desk.answer();
    desk.wait();
    desk.answer();
    desk.wait();
    desk.prove();
}

#[test]
fn a_certificate_that_is_tried_out_too_early_is_provisioned_with_the_same_token() {
    let mut desk = registering(cloud());
    let first = desk.published();
    desk.wait();
    desk.wait();
    desk.refuse_its_own();
    assert!(desk.held.pending.is_some(), "it stays");
    desk.connect();
    while desk.published().is_none() {
        desk.wait();
    }
    assert_eq!(desk.published(), first);
    desk.answer();
    desk.prove();
    assert_eq!(desk.cloud.made.len(), 1);
}

#[test]
fn a_token_that_is_too_old_leads_to_another_certificate_for_the_same_key() {
    let mut desk = registering(cloud());
    desk.cloud.expire_tokens();
    desk.answer();
    desk.refuse_its_own();
    desk.connect();
    assert_eq!(desk.asks_on(), Some(desk.cloud.csr_topic()));
    desk.answer();
    desk.answer();
    desk.prove();
    assert_eq!((desk.cloud.keys.len(), desk.cloud.made.len()), (1, 2));
}

#[test]
fn a_certificate_that_works_although_its_token_is_too_old_is_not_given_up() {
    let mut desk = registering(FleetCloud {
        lost_answers: 1,
        ..cloud()
    });
    desk.answer();
    desk.cloud.expire_tokens();
    desk.wait();
    desk.answer();
    desk.prove();
    assert_eq!(desk.cloud.made.len(), 1);
}

#[test]
fn a_token_too_old_for_a_key_of_the_clouds_leads_to_a_key_of_the_devices_own() {
    let mut desk = FleetDesk::new(FleetCloud {
        from_csr: Manner::Rejects(404, ""),
        ..cloud()
    });
    desk.connect();
    desk.answer();
    desk.subscribe();
    desk.answer();
    desk.cloud.expire_tokens();
    desk.cloud.from_csr = Manner::Answers;
    desk.answer();
    desk.refuse_its_own();
    desk.connect();
    assert_eq!(desk.asks_on(), Some(desk.cloud.csr_topic()));
    desk.answer();
    desk.answer();
    desk.prove();
}

#[test]
fn a_device_that_is_switched_off_in_between_goes_on_with_the_same_certificate_and_token() {
    let desk = registering(cloud());
    let asked = desk.published();
    let mut desk = desk.rebooted();
    desk.connect();
    assert_eq!(desk.published(), asked);
    desk.answer();
    let mut desk = desk.rebooted();
    desk.prove();
    assert_eq!(desk.cloud.made.len(), 1);
}

#[test]
fn a_device_that_is_switched_off_before_the_certificate_has_come_asks_with_the_same_key() {
    let mut desk = FleetDesk::new(cloud());
    desk.connect();
    let (topic, payload) = desk.published().unwrap();
    desk.cloud.publish(&topic, &payload);
    let mut desk = desk.rebooted();
    desk.connect();
    desk.answer();
    desk.answer();
    desk.prove();
    assert_eq!((desk.cloud.keys.len(), desk.cloud.made.len()), (1, 2));
}

#[test]
fn a_device_whose_certificate_works_asks_for_nothing() {
    let mut desk = registering(cloud());
    desk.answer();
    desk.prove();
    let mut desk = desk.rebooted();
    desk.prove();
    assert_eq!(
        (desk.cloud.made.len(), desk.cloud.registrations.len()),
        (1, 1)
    );
}

#[test]
fn what_can_not_be_used_is_passed_over_and_asked_for_again() {
    let mut desk = FleetDesk::new(cloud());
    desk.connect();
    let mut other = FleetDesk::new(cloud());
    other.connect();
    let (topic, payload) = other.published().unwrap();
    let for_another_key = desk.cloud.publish(&topic, &payload).unwrap();
    desk.tell(&for_another_key);
    for noise in [
        &b""[..],
        b"{}",
        b"\xff",
        br#"{"certificatePem": "x", "certificateOwnershipToken": "t"}"#,
    ] {
        desk.tell(&[(accepted(&topic), noise.to_vec())]);
    }
    assert!(desk.held.delivery.as_ref().unwrap().made.is_none());
    desk.wait();
    desk.answer();
    desk.tell(&[(accepted(&desk.cloud.provision_topic()), b"{".to_vec())]);
    desk.wait();
    desk.answer();
    desk.prove();
}
