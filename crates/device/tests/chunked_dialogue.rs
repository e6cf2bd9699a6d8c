//! What a device in chunked mode says, and when.

mod support;

use muster_chunking::{Answer, Manifest};
use muster_device::{Action, Ending, Event, Held, Keep, Progress};
use muster_documents::{Mode, RefusalCode};
use std::time::Duration;
use support::cloud::Cloud;
use support::desk::Desk;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_key_is_kept_before_anything_is_asked_with_it() {
    let desk = Desk::new(Mode::Chunked, Held::default());
    let [
        Action::Keep(Keep::Delivery(delivery)),
        Action::Connect { .. },
    ] = &desk.actions[..]
    else {
        panic!("{:?}", desk.actions);
    };
    assert!(delivery.snapshot.is_empty());
}

#[test]
fn the_certificate_is_kept_before_it_is_acknowledged() {
    let mut desk = Desk::asked(Mode::Chunked);
    desk.complete();
    let kept = desk
        .actions
        .iter()
        .position(|action| matches!(action, Action::Keep(Keep::Pending(_))));
    let said = desk
        .actions
        .iter()
        .position(|action| matches!(action, Action::Publish { .. }));
    assert!(kept.unwrap() < said.unwrap());
    assert_eq!(desk.missing(), Some(vec![]));
}

#[test]
fn only_what_is_missing_is_asked_for_after_a_quiet_time() {
    let mut desk = Desk::asked(Mode::Chunked);
    let answers = desk.answers();
    assert!(answers.len() > 4, "a manifest and at least four chunks");
    for (index, answer) in answers.iter().enumerate() {
        // The first is the manifest.
        if index != 2 && index != 4 {
            desk.tell(answer);
        }
    }
    assert_eq!(desk.wait(), 2 * SECOND);
    assert_eq!(desk.missing(), Some(vec![1, 3]));
    assert_eq!(desk.wait(), 2 * SECOND);
    assert_eq!(desk.missing(), Some(vec![1, 3]), "said again");
    assert_eq!(desk.wait(), 4 * SECOND, "and then less and less often");
}

#[test]
fn after_a_reboot_in_the_middle_only_what_is_missing_is_asked_for() {
    let mut desk = Desk::asked(Mode::Chunked);
    let answers = desk.answers();
    for answer in &answers[..3] {
        desk.tell(answer);
    }
    let delivery = desk.delivery();
    assert_eq!(
        delivery.as_ref().unwrap().chunks(),
        Some((2, answers.len() - 1))
    );
    let mut rebooted = Desk::new(
        Mode::Chunked,
        Held {
            delivery,
            ..Held::default()
        },
    );
    rebooted.on(Event::Connected);
    rebooted.on(Event::Subscribed);
    let missing: Vec<u16> = (2..).take(answers.len() - 3).collect();
    assert_eq!(rebooted.missing(), Some(missing));
    for answer in &answers[3..] {
        rebooted.tell(answer);
    }
    assert!(rebooted.keeps_pending());
}

#[test]
fn a_request_without_an_answer_is_repeated_less_and_less_often() {
    let mut desk = Desk::asked(Mode::Chunked);
    let request = desk.published();
    let mut longest = Duration::ZERO;
    for seconds in [5, 10, 20, 40, 60, 60] {
        let wait = desk.wait();
        assert!(
            (SECOND * seconds / 2..=SECOND * seconds).contains(&wait),
            "{wait:?}"
        );
        assert_eq!(desk.published()[0].0, request[0].0);
        longest = longest.max(wait);
    }
    assert!(longest > 30 * SECOND);
}

#[test]
fn a_cloud_that_forgot_the_delivery_is_asked_again() {
    let mut desk = Desk::asked(Mode::Chunked);
    let manifest = desk.answers().remove(0);
    desk.tell(&manifest);
    let mut topics = Vec::new();
    for _ in 0..7 {
        desk.wait();
        topics.extend(desk.published().into_iter().map(|(topic, _)| topic));
    }
    let requests = topics
        .iter()
        .filter(|topic| topic.ends_with("/json"))
        .count();
    assert_eq!(
        (topics.len() - requests, requests),
        (6, 1),
        "five times missing, then the request"
    );
}

#[test]
fn a_lost_activation_does_not_stop_the_device() {
    let mut desk = Desk::asked(Mode::Chunked);
    desk.complete();
    for _ in 0..4 {
        assert_eq!(desk.wait(), 2 * SECOND);
        assert_eq!(desk.missing(), Some(vec![]));
    }
    desk.wait();
    assert!(desk.connects_with_its_own());
}

#[test]
fn an_activation_of_another_certificate_does_not_count() {
    let mut desk = Desk::asked(Mode::Chunked);
    desk.complete();
    let other = Manifest::new(b"another certificate", 100).unwrap();
    let activation = desk.cloud.accept(&Answer::Activated(other.delivery()));
    desk.tell(&activation);
    assert!(desk.actions.is_empty());
}

#[test]
fn the_old_certificate_is_replaced_only_when_a_publication_with_the_new_one_has_arrived() {
    let mut desk = Desk::asked(Mode::Chunked);
    desk.complete();
    let activation = desk.answers().remove(0);
    desk.tell(&activation);
    assert!(desk.told().contains(&Progress::Activated));
    assert!(desk.connects_with_its_own() && !desk.promotes());
    desk.on(Event::Connected);
    assert_eq!(desk.published()[0].0, "devices/SN-1/hello");
    assert!(!desk.promotes());
    desk.on(Event::Delivered);
    assert!(desk.promotes());
    assert!(matches!(desk.ending(), Some(Ending::Provisioned { .. })));
}

#[test]
fn an_unreachable_endpoint_is_no_reason_to_doubt_the_new_certificate() {
    let mut desk = Desk::asked(Mode::Chunked);
    desk.complete();
    let activation = desk.answers().remove(0);
    desk.tell(&activation);
    for _ in 0..10 {
        desk.lost(false);
        desk.wait();
        assert!(desk.connects_with_its_own());
    }
}

#[test]
fn a_new_certificate_that_is_refused_is_acknowledged_again_and_then_asked_for_again_with_the_same_key()
 {
    let mut desk = Desk::asked(Mode::Chunked);
    desk.complete();
    let activation = desk.answers().remove(0);
    desk.tell(&activation);
    for _ in 0..2 {
        desk.lost(true);
        desk.wait();
        assert!(desk.connects_with_the_claim());
        desk.on(Event::Connected);
        desk.on(Event::Subscribed);
        assert_eq!(desk.missing(), Some(vec![]));
        let activation = desk.answers().remove(0);
        desk.tell(&activation);
        assert!(desk.connects_with_its_own());
    }
    desk.lost(true);
    assert!(
        !desk.keeps_pending(),
        "the pending one stays until another takes its place"
    );
    desk.wait();
    desk.on(Event::Connected);
    desk.on(Event::Subscribed);
    while desk.published().is_empty() {
        desk.wait();
    }
    assert!(desk.published()[0].0.ends_with("/json"));
    desk.answers();
    assert_eq!(desk.cloud.keys.len(), 1);
}

#[test]
fn a_delivery_that_was_abandoned_is_asked_for_again() {
    let mut desk = Desk::asked(Mode::Chunked);
    desk.complete();
    desk.cloud.abandon();
    let refusal = desk.cloud.refuse(RefusalCode::DeliveryAbandoned);
    desk.tell(&refusal);
    desk.wait();
    assert!(desk.published()[0].0.ends_with("/json"));
    desk.complete();
    assert_eq!(desk.cloud.keys.len(), 1, "with the same key");
    assert_eq!(desk.cloud.issued.len(), 2, "for another certificate");
}

#[test]
fn a_certificate_for_another_key_is_never_kept() {
    let mut desk = Desk::asked(Mode::Chunked);
    let mut elsewhere = Cloud::new("nrf-00000001");
    elsewhere.legacy();
    let other = elsewhere.issued[0].clone();
    desk.tell(&elsewhere.accept(&Answer::Manifest(other.manifest)));
    for index in 0..other.manifest.count() {
        desk.tell(&elsewhere.chunk(&other, index));
        assert!(!desk.keeps_pending());
    }
    let answers = desk.cloud.publish("provision/nrf-00000001/json", b"{}");
    assert_eq!(answers.len(), 2, "the cloud still serves");
    desk.wait();
    desk.complete();
}
