//! What a person reads.

use super::*;
use muster_cloud::operator::Depth;
use muster_documents::dead_letters::Letter;

const QUEUE: DeadLetterQueue = DeadLetterQueue::Connection;

fn seen(body: &str, moved: bool) -> SeenMessage {
    SeenMessage {
        id: "m-1".to_owned(),
        sent_at: 0,
        received: 6,
        moved,
        letter: Letter::read(QUEUE, body),
        attributes: Vec::new(),
    }
}

fn looked(messages: Vec<SeenMessage>, more: bool) -> Looked {
    let depth = Depth {
        visible: 40,
        hidden: 2,
    };
    Looked {
        messages,
        depth,
        more,
    }
}

fn shown<'a>(looked: &'a Looked, why: &'a Why) -> Shown<'a> {
    Shown {
        queue: QUEUE,
        device: None,
        looked,
        why,
    }
}

#[test]
fn a_message_says_whose_it_is_how_it_came_and_why() {
    let connection = r#"{"clientId": "sensor-1", "principalIdentifier": "ab"}"#;
    let looked = looked(vec![seen(connection, true)], true);
    let redelivery = Redelivery {
        error: "CloudUnavailable".to_owned(),
        cause: "no answer".to_owned(),
    };
    let why = Why::from([("m-1".to_owned(), redelivery)]);
    let text = shown(&looked, &why).to_string();
    let first = [
        "m-1  a connection of sensor-1",
        "sent         1970-01-01T00:00:00Z",
        "received     6 times, this look among them",
    ];
    assert!(text.starts_with(&first.join("\n  ")), "{text}");
    for said in [
        "rotation-completer failed to take it",
        "CloudUnavailable: no answer",
        "certificate  ab",
        "1 of about 40 messages",
        "2 more are hidden",
    ] {
        assert!(text.contains(said), "{text}");
    }
    let json = shown(&looked, &why).json();
    let message = &json["messages"][0];
    assert_eq!(message["sentAt"], "1970-01-01T00:00:00Z");
    assert_eq!(message["devices"][0], "sensor-1");
    assert_eq!(message["kind"], "connection");
    assert_eq!(message["why"]["error"], "CloudUnavailable");
}

#[test]
fn what_is_long_is_cut_and_json_has_all() {
    let long = "x".repeat(5000);
    let looked = looked(vec![seen(&long, false)], false);
    let why = Why::new();
    let text = shown(&looked, &why).to_string();
    assert!(text.contains("(5000 bytes; --json has all)"), "{text}");
    assert!(text.len() < 2000);
    assert_eq!(shown(&looked, &why).json()["messages"][0]["body"], long);
}

#[test]
fn a_device_without_messages_is_named() {
    let (looked, why) = (looked(Vec::new(), false), Why::new());
    let shown = Shown {
        device: Some("sensor-9"),
        ..shown(&looked, &why)
    };
    assert!(
        shown
            .to_string()
            .starts_with("no message of sensor-9 is in connection")
    );
}
