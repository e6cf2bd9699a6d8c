//! What a device in legacy mode makes of the two messages.

mod support;

use muster_device::{Event, Progress};
use muster_documents::Mode;
use muster_pki::certificate_id;
use support::cloud::Message;
use support::desk::Desk;

fn pair(desk: &mut Desk) -> (Message, Message) {
    let mut messages = desk.cloud.legacy();
    let certificate = messages.pop().unwrap();
    (messages.pop().unwrap(), certificate)
}

#[test]
fn a_legacy_request_is_the_seeds_own() {
    let desk = Desk::asked(Mode::Legacy);
    let (topic, payload) = desk.published().remove(0);
    assert_eq!(topic, "provision/nrf-00000001/json");
    let request: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(request, serde_json::json!({ "serialNumber": "SN-1" }));
}

#[test]
fn the_key_and_the_certificate_are_taken_in_either_order() {
    for certificate_first in [false, true] {
        let mut desk = Desk::asked(Mode::Legacy);
        let (key, certificate) = pair(&mut desk);
        let (first, second) = if certificate_first {
            (certificate, key)
        } else {
            (key, certificate)
        };
        desk.tell(&first);
        assert!(!desk.keeps_pending());
        desk.tell(&first);
        assert!(!desk.keeps_pending(), "a duplicate is harmless");
        desk.tell(&second);
        assert!(desk.keeps_pending() && desk.connects_with_its_own());
        desk.on(Event::Connected);
        desk.on(Event::Delivered);
        assert!(desk.promotes());
    }
}

#[test]
fn a_key_of_one_attempt_and_a_certificate_of_another_are_never_put_together() {
    let mut desk = Desk::asked(Mode::Legacy);
    let (old_key, old_certificate) = pair(&mut desk);
    let (new_key, new_certificate) = pair(&mut desk);
    for message in [&old_key, &new_certificate, &old_certificate, &new_key] {
        if message == &old_certificate {
            continue;
        }
        desk.tell(message);
        if message != &new_key {
            assert!(!desk.keeps_pending());
        }
    }
    assert!(desk.keeps_pending());
    let stored = desk.told().into_iter().find_map(|progress| match progress {
        Progress::Stored { certificate_id } => Some(certificate_id),
        _ => None,
    });
    assert_eq!(stored, Some(certificate_id(&desk.cloud.issued[1].der)));
}

#[test]
fn a_new_certificate_that_does_not_work_yet_is_tried_again_and_then_asked_for_again() {
    let mut desk = Desk::asked(Mode::Legacy);
    let (key, certificate) = pair(&mut desk);
    desk.tell(&key);
    desk.tell(&certificate);
    for _ in 0..2 {
        desk.lost(true);
        desk.wait();
        assert!(desk.connects_with_its_own());
    }
    desk.lost(true);
    desk.wait();
    assert!(desk.connects_with_the_claim());
}

#[test]
fn what_is_neither_a_key_nor_a_certificate_changes_nothing() {
    let mut desk = Desk::asked(Mode::Legacy);
    for payload in [&b"{}"[..], b"", b"[]", b"\xff\x00", b"{\"privateKey\": 1}"] {
        let topic = desk.cloud.topics().accepted();
        desk.tell(&(topic, payload.to_vec()));
        assert!(desk.actions.is_empty(), "{payload:?}");
    }
}
