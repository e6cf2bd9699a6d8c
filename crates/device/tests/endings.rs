//! Refusals, giving up, and what is never shown.

mod support;

use muster_device::{Action, Ending, Event, Held, Keep};
use muster_documents::{Mode, RefusalCode};
use muster_pki::DeviceKey;
use std::time::Duration;
use support::desk::Desk;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_refusal_for_good_ends_it_with_the_reason() {
    let mut desk = Desk::asked(Mode::Chunked);
    let refusal = desk.cloud.refuse(RefusalCode::SerialUnknown);
    desk.tell(&refusal);
    let Some(Ending::Refused(refused)) = desk.ending() else {
        panic!("{:?}", desk.actions)
    };
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("SerialUnknown", "No.")
    );
    desk.now += Duration::from_hours(1);
    desk.on(Event::Tick);
    assert!(desk.actions.is_empty(), "it is over");
}

#[test]
fn a_refusal_for_now_is_waited_out() {
    let mut desk = Desk::asked(Mode::Chunked);
    let refusal = desk.cloud.refuse(RefusalCode::ProvisioningInProgress);
    desk.tell(&refusal);
    assert!(desk.ending().is_none() && desk.published().is_empty());
    let wait = desk.wait();
    assert!(
        (5 * SECOND..=10 * SECOND).contains(&wait),
        "the second wait: {wait:?}"
    );
    assert!(desk.published()[0].0.ends_with("/json"));
}

#[test]
fn without_success_the_device_gives_up_for_now_and_says_what_stood_in_the_way() {
    let mut desk = Desk::new(Mode::Chunked, Held::default());
    let ending = loop {
        if desk
            .actions
            .iter()
            .any(|action| matches!(action, Action::Connect { .. }))
        {
            desk.lost(false);
        }
        desk.wait();
        if let Some(ending) = desk.ending() {
            break ending;
        }
    };
    assert_eq!(
        ending,
        Ending::GaveUp {
            because: "the line is cut".into()
        }
    );
    assert_eq!(desk.now, Duration::from_mins(10));
}

#[test]
fn an_endpoint_that_takes_a_connection_and_then_says_nothing_is_left() {
    let mut desk = Desk::new(Mode::Chunked, Held::default());
    desk.on(Event::Connected);
    assert_eq!(desk.wait(), 15 * SECOND);
    assert!(
        desk.actions
            .iter()
            .any(|action| matches!(action, Action::Disconnect))
    );
    desk.wait();
    assert!(desk.connects_with_the_claim());
}

#[test]
fn nothing_that_a_device_shows_holds_its_private_key() {
    let mut desk = Desk::new(Mode::Chunked, Held::default());
    let Action::Keep(Keep::Delivery(delivery)) = desk.actions[0].clone() else {
        panic!()
    };
    let key = DeviceKey::from_pem(&delivery.private_key_pem).unwrap();
    let secret = secrecy::ExposeSecret::expose_secret(&key.pem())
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    let mut shown = Vec::new();
    let mut look = |desk: &Desk| shown.push(format!("{:?}", desk.actions));
    look(&desk);
    desk.on(Event::Connected);
    desk.on(Event::Subscribed);
    look(&desk);
    desk.complete();
    look(&desk);
    let activation = desk.answers().remove(0);
    desk.tell(&activation);
    look(&desk);
    let shown = shown.concat();
    assert!(!shown.contains(&secret) && !shown.contains("PRIVATE KEY"));
}
