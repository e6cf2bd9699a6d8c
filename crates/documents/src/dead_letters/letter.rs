//! What a message in a dead-letter queue says.

use super::DeadLetterQueue;
use super::masked::{json_or_cbor, masked, masked_text, payload};
use crate::{
    CertificateRegistered, DeviceMessage, PresenceMessage, ProvisioningRequest, ThingChanged,
    is_certificate_id,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LetterKind {
    /// A device's request, with a CSR.
    Request,
    /// A device's request without one, or one that is none: in legacy mode it makes a key.
    KeylessRequest,
    /// A device's acknowledgement.
    Acknowledgement,
    /// A connection.
    Connection,
    /// A certificate that a device brought.
    Registration,
    /// A change of a thing.
    ThingChange,
    /// What a topic rule writes where it could not put the message into its queue.
    RuleReport,
    /// None of what its queue's function takes.
    Unreadable,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// What it is.
    pub kind: LetterKind,
    /// By which names it names its device: serial first, then client id. None where it names a certificate alone, or cannot
    /// be read.
    pub devices: Vec<String>,
    /// The certificate that it is about, or that the device was connected with.
    pub certificate_id: Option<String>,
    /// What a topic rule says of its failure.
    pub failure: Option<String>,
    /// It, with the device's payload as a document and without secrets.
    pub body: Value,
}

impl Letter {
    /// Reads a message of this queue.
    pub fn read(queue: DeadLetterQueue, body: &str) -> Self {
        let Ok(value) = serde_json::from_str::<Value>(body) else {
            return Self::new(
                LetterKind::Unreadable,
                [],
                Value::String(masked_text(body.to_owned())),
            );
        };
        if value["ruleName"].is_string() && value["base64OriginalPayload"].is_string() {
            return Self::of_rule(value);
        }
        let taken = match queue {
            DeadLetterQueue::ClaimRequest => Self::of_request(body),
            DeadLetterQueue::Acknowledgement => {
                Self::of_acknowledgement(body).or_else(|| Self::of_connection(body))
            }
            DeadLetterQueue::Registration => Self::of_registration(body),
            DeadLetterQueue::Connection => Self::of_connection(body),
            DeadLetterQueue::Registry => Self::of_thing(body),
        };
        taken.unwrap_or_else(|| Self::new(LetterKind::Unreadable, named(&value), masked(value)))
    }

    /// Whether it names a device so.
    pub fn is_of(&self, device: &str) -> bool {
        self.devices.iter().any(|name| name == device)
    }

    fn new(kind: LetterKind, devices: impl IntoIterator<Item = String>, body: Value) -> Self {
        let mut names: Vec<String> = Vec::new();
        for device in devices {
            if !device.is_empty() && !names.contains(&device) {
                names.push(device);
            }
        }
        Self {
            kind,
            devices: names,
            certificate_id: None,
            failure: None,
            body,
        }
    }

    fn of_request(body: &str) -> Option<Self> {
        let message: DeviceMessage = serde_json::from_str(body).ok()?;
        let sent = message.payload_bytes().unwrap_or_default();
        let request = ProvisioningRequest::decode(&sent).unwrap_or_default();
        let kind = if request.csr.is_some() {
            LetterKind::Request
        } else {
            LetterKind::KeylessRequest
        };
        Some(Self::of_device(kind, request.serial_number, message, &sent))
    }

    fn of_acknowledgement(body: &str) -> Option<Self> {
        let message: DeviceMessage = serde_json::from_str(body).ok()?;
        let sent = message.payload_bytes().unwrap_or_default();
        let kind = LetterKind::Acknowledgement;
        Some(Self::of_device(kind, None, message, &sent))
    }

    fn of_device(
        kind: LetterKind,
        serial: Option<String>,
        message: DeviceMessage,
        sent: &[u8],
    ) -> Self {
        let mut body = serde_json::to_value(&message).unwrap_or_default();
        // Masked as a whole document: base64 would hide a secret from the mask, and nothing else.
        body["payload"] = payload(sent);
        let devices = serial.into_iter().chain([message.client_id]);
        Self {
            certificate_id: message.principal,
            ..Self::new(kind, devices, body)
        }
    }

    fn of_connection(body: &str) -> Option<Self> {
        let connection: PresenceMessage = serde_json::from_str(body).ok()?;
        let kind = LetterKind::Connection;
        let body = serde_json::to_value(&connection).ok()?;
        Some(Self {
            certificate_id: Some(connection.principal_identifier),
            ..Self::new(kind, [connection.client_id], body)
        })
    }

    fn of_thing(body: &str) -> Option<Self> {
        let changed: ThingChanged = serde_json::from_str(body).ok()?;
        let body = serde_json::to_value(&changed).ok()?;
        let kind = LetterKind::ThingChange;
        Some(Self::new(kind, [changed.thing_name], body))
    }

    fn of_registration(body: &str) -> Option<Self> {
        let registered: CertificateRegistered = serde_json::from_str(body).ok()?;
        let ids = [&registered.certificate_id, &registered.ca_certificate_id];
        if !ids.into_iter().all(|id| is_certificate_id(id)) {
            return None;
        }
        let body = serde_json::to_value(&registered).ok()?;
        Some(Self {
            certificate_id: Some(registered.certificate_id),
            ..Self::new(LetterKind::Registration, [], body)
        })
    }

    /// What a rule could not deliver (AWS IoT developer guide, "Error action message format").
    fn of_rule(mut report: Value) -> Self {
        let original = report["base64OriginalPayload"].as_str().unwrap_or_default();
        let sent = STANDARD.decode(original).unwrap_or_default();
        let document = json_or_cbor(&sent).unwrap_or_default();
        let said = |name: &str| document[name].as_str().map(str::to_owned);
        let devices = [named(&document), named(&report)].concat();
        let failure = report["failures"][0]["errorMessage"].as_str();
        let failure = failure.map(str::to_owned);
        report["base64OriginalPayload"] = payload(&sent);
        Self {
            certificate_id: said("principalIdentifier").or_else(|| said("certificateId")),
            failure,
            ..Self::new(LetterKind::RuleReport, devices, masked(report))
        }
    }
}

/// How a document may name its device.
fn named(document: &Value) -> Vec<String> {
    let names = ["serialNumber", "thingName", "clientId"].into_iter();
    let said = names.filter_map(|name| document[name].as_str());
    said.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(payload: &[u8]) -> String {
        let message = json!({
            "payload": STANDARD.encode(payload), "topic": "provision/modem-1/json", "clientId": "modem-1",
            "principal": "ab", "timestamp": 1,
        });
        message.to_string()
    }

    #[test]
    fn a_request_names_its_device_by_serial_and_client_id_and_shows_what_was_sent() {
        let sent = br#"{"serialNumber": "sensor-1", "csr": "MII", "token": "7QX2"}"#;
        let read = Letter::read(DeadLetterQueue::ClaimRequest, &message(sent));
        assert_eq!(read.kind, LetterKind::Request);
        assert_eq!(read.devices, ["sensor-1", "modem-1"]);
        assert!(read.is_of("modem-1") && !read.is_of("sensor"));
        assert_eq!(read.certificate_id.as_deref(), Some("ab"));
        assert_eq!(read.body["payload"]["csr"], "MII");
        assert!(!read.body.to_string().contains("7QX2"));
    }

    #[test]
    fn a_request_that_would_make_a_key_and_one_that_is_none_are_told_apart_from_others() {
        for sent in [b"{}".as_slice(), b"hello"] {
            let read = Letter::read(DeadLetterQueue::ClaimRequest, &message(sent));
            assert_eq!(read.kind, LetterKind::KeylessRequest);
            assert_eq!(read.devices, ["modem-1"]);
        }
    }

    #[test]
    fn each_queue_has_messages_of_its_own() {
        let presence = r#"{"clientId": "sensor-1", "principalIdentifier": "ab"}"#;
        let thing = r#"{"thingName": "sensor-1"}"#;
        let id = "a".repeat(64);
        let registered = json!({ "certificateId": id, "caCertificateId": id, "timestamp": 1 });
        let registered = registered.to_string();
        let acknowledgement = message(&[0x82, 0x01, 0x80]);
        for (queue, body, kind) in [
            (
                DeadLetterQueue::Acknowledgement,
                acknowledgement.as_str(),
                LetterKind::Acknowledgement,
            ),
            (
                DeadLetterQueue::Acknowledgement,
                presence,
                LetterKind::Connection,
            ),
            (
                DeadLetterQueue::Connection,
                presence,
                LetterKind::Connection,
            ),
            (DeadLetterQueue::Registry, thing, LetterKind::ThingChange),
            (
                DeadLetterQueue::Registration,
                &registered,
                LetterKind::Registration,
            ),
            (DeadLetterQueue::Connection, thing, LetterKind::Unreadable),
            (DeadLetterQueue::ClaimRequest, "[1", LetterKind::Unreadable),
            (
                DeadLetterQueue::Registration,
                r#"{"certificateId": "a", "caCertificateId": "b", "timestamp": 1}"#,
                LetterKind::Unreadable,
            ),
        ] {
            assert_eq!(Letter::read(queue, body).kind, kind, "{queue:?} {body}");
        }
        let read = Letter::read(DeadLetterQueue::Connection, thing);
        assert!(read.is_of("sensor-1"), "as far as the body tells");
    }

    #[test]
    fn a_rules_report_says_why_and_shows_what_the_rule_had() {
        let event =
            r#"{"clientId": "sensor-1", "principalIdentifier": "ab", "sessionIdentifier": "s"}"#;
        let report = json!({
            "ruleName": "PresenceRule", "topic": "$aws/events/presence/connected/sensor-1",
            "base64OriginalPayload": STANDARD.encode(event),
            "failures": [{ "failedAction": "SqsAction", "failedResource": "queue", "errorMessage": "no such queue" }],
        });
        let read = Letter::read(DeadLetterQueue::Connection, &report.to_string());
        assert_eq!(read.kind, LetterKind::RuleReport);
        assert_eq!(read.failure.as_deref(), Some("no such queue"));
        assert_eq!(read.devices, ["sensor-1"]);
        assert_eq!(read.certificate_id.as_deref(), Some("ab"));
        assert_eq!(read.body["base64OriginalPayload"]["clientId"], "sensor-1");
    }
}
