//! What a refusal has to look like, on the wire and in the ledger.

use super::{Heard, Stack, wait_until};
use muster_chunking::{DEFAULT_PACKET_SIZE, publish_packet_size};
use serde_json::Value;

/// A refusal that a test waits for.
#[derive(Debug, Clone)]
pub struct Refused {
    pub code: &'static str,
    /// The serial, where the request says it well enough to stand in that device's timeline.
    pub serial: Option<String>,
    /// The largest packet in bytes that it may be.
    pub packet_size: usize,
}

/// An entry of a timeline: the partition and the refusal's code.
pub type Recorded = (String, &'static str);

impl Refused {
    /// For a device that asked for no packet size, in the timeline of its client id.
    pub fn new(code: &'static str) -> Self {
        Self {
            code,
            serial: None,
            packet_size: DEFAULT_PACKET_SIZE,
        }
    }

    /// Where the ledger has it.
    pub fn recorded(&self, client_id: &str) -> Recorded {
        let key = match &self.serial {
            Some(serial) => format!("device#{serial}"),
            None => format!("client#{client_id}"),
        };
        (key, self.code)
    }

    /// Holds what was heard to the contract: topic, fields, code, size.
    pub fn check(&self, client_id: &str, heard: &Heard) {
        let said = heard.text();
        assert_eq!(
            heard.topic,
            format!("provision/{client_id}/rejected"),
            "{said}"
        );
        let json: Value = serde_json::from_slice(&heard.payload).unwrap();
        assert_eq!(json["code"], self.code, "{said}");
        let packet = publish_packet_size(heard.topic.len(), heard.payload.len());
        // Under the longest topics there is room for the code alone.
        let no_room = packet + r#""retryable":false,"#.len() > self.packet_size;
        assert!(
            json["retryable"].is_boolean() || no_room,
            "{client_id}: {said}"
        );
        assert!(
            packet <= self.packet_size,
            "{client_id}: {packet} > {}: {said}",
            self.packet_size
        );
        // A sentence that was cut has the code in its place; in the smallest packets it may be gone.
        if json["error"] != json["message"] {
            assert!(
                json.get("error").is_none_or(|error| error == self.code),
                "{client_id}: {said}"
            );
            assert!(
                self.packet_size <= DEFAULT_PACKET_SIZE,
                "{client_id}: cut without need: {said}"
            );
        } else if packet + 60 < self.packet_size {
            assert!(
                json["message"].as_str().unwrap().ends_with('.'),
                "no sentence: {said}"
            );
        }
    }
}

impl Stack {
    /// Waits until the ledger has each of these refusals, as often as it is named here.
    pub async fn recorded(&self, expected: &[Recorded]) {
        wait_until(
            &format!("{} refusals in the ledger", expected.len()),
            || async {
                let mut there: Vec<Recorded> = Vec::new();
                for item in self.ledger().await {
                    let text =
                        |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
                    if !text("sk").unwrap_or_default().starts_with("event#") {
                        continue;
                    }
                    assert_eq!(text("event").as_deref(), Some("DeviceRejected"));
                    let outcome: Value = serde_json::from_str(&text("outcome").unwrap()).unwrap();
                    assert!(
                        outcome["message"]
                            .as_str()
                            .is_some_and(|message| !message.is_empty())
                    );
                    let known = expected.iter().find(|one| outcome["code"] == one.1);
                    there.push((text("pk").unwrap(), known.map_or("unexpected", |one| one.1)));
                }
                let missing: Vec<_> = expected
                    .iter()
                    .filter(|one| {
                        let count =
                            |list: &[Recorded]| list.iter().filter(|other| other == one).count();
                        count(&there) < count(expected)
                    })
                    .collect();
                missing.is_empty().then_some(())
            },
        )
        .await;
    }
}
