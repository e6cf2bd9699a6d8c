//! Bad input: each gets a coded refusal, is recorded, and leaves nothing behind.

use crate::provisioning::{deliver, request};
use crate::support::{RawDevice, Recorded, Refused, Stack};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_chunking::{
    Acknowledgement, DEFAULT_PACKET_SIZE, Delivery, MIN_PACKET_SIZE, MissingSet,
};
use muster_documents::{CsrField, ProvisioningRequest};
use muster_pki::DeviceKey;
use serde_json::{Value, json};

/// A request that is refused.
struct Bad {
    client_id: String,
    body: Vec<u8>,
    refused: Refused,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_device_sends_wrongly_is_refused_with_a_code_recorded_and_leaves_nothing() {
    let stack = Stack::start(&[]).await;
    let mut expected = bad_requests(&stack).await;
    expected.extend(bad_acknowledgements(&stack).await);
    expected.extend(bad_senders(&stack).await);
    stack.recorded(&expected).await;
    stack.settled().await;
    assert!(stack.things().await.is_empty());
    assert!(stack.certificates().await.is_empty());
    for item in stack.ledger().await {
        let state = item.get("state").and_then(|state| state.as_s().ok());
        assert!(state.is_none_or(|state| state == "known"), "{item:?}");
        assert!(
            !item["pk"].as_s().unwrap().starts_with("delivery#"),
            "{item:?}"
        );
    }
    every_form_of_a_csr_is_taken(&stack).await;
}

/// Connects every device, has all ask, then hears each answer.
async fn bad_requests(stack: &Stack) -> Vec<Recorded> {
    let cases = [
        unreadable_bodies(),
        bad_fields(),
        bad_csrs(),
        bad_packet_sizes(),
    ]
    .concat_all();
    for case in &cases {
        if let Some(serial) = case
            .refused
            .serial
            .as_deref()
            .filter(|serial| *serial != "nobody-knows")
        {
            stack.import(serial).await;
        }
    }
    let mut asking = Vec::new();
    for case in &cases {
        let mut device = RawDevice::asking(stack, &case.client_id).await;
        let topic = format!("provision/{}/json", case.client_id);
        assert!(
            device.publish(&topic, case.body.clone()).await,
            "{}",
            case.client_id
        );
        asking.push(device);
    }
    let mut expected = Vec::new();
    for (case, mut device) in cases.iter().zip(asking) {
        case.refused.check(&case.client_id, &device.hear().await);
        expected.push(case.refused.recorded(&case.client_id));
    }
    expected
}

/// Joins arrays of cases.
trait ConcatAll {
    fn concat_all(self) -> Vec<Bad>;
}

impl<const N: usize> ConcatAll for [Vec<Bad>; N] {
    fn concat_all(self) -> Vec<Bad> {
        self.into_iter().flatten().collect()
    }
}

/// A case that says no packet size, or not so that it could be read: then the smallest holds.
fn bad(client_id: &str, body: impl Into<Vec<u8>>, code: &'static str) -> Bad {
    let packet_size = if code.starts_with("Request") {
        MIN_PACKET_SIZE
    } else {
        DEFAULT_PACKET_SIZE
    };
    let refused = Refused {
        packet_size,
        ..Refused::new(code)
    };
    Bad {
        client_id: client_id.to_owned(),
        body: body.into(),
        refused,
    }
}

/// A case whose serial could be read, so that it stands in that device's timeline.
fn bad_device(client_id: &str, body: impl Into<Vec<u8>>, code: &'static str) -> Bad {
    let refused = Refused {
        serial: Some(client_id.to_owned()),
        ..Refused::new(code)
    };
    Bad {
        refused,
        ..bad(client_id, body, code)
    }
}

fn unreadable_bodies() -> Vec<Bad> {
    let deep_json = format!("{{\"a\": {}{}}}", "[".repeat(500), "]".repeat(500));
    let mut deep_cbor = vec![0xa1, 0x61, b'a'];
    deep_cbor.extend([0x81; 500]);
    deep_cbor.push(0);
    vec![
        bad("body-text", "hello", "RequestUnreadable"),
        bad("body-empty", "", "RequestUnreadable"),
        bad("body-bytes", vec![0xff, 0, 1, 2], "RequestUnreadable"),
        bad("body-array", "[1, 2]", "RequestUnreadable"),
        bad("body-cut-json", r#"{"csr": "#, "RequestUnreadable"),
        bad("body-cut-cbor", vec![0xa1, 0x61], "RequestUnreadable"),
        bad(
            "body-9-kb",
            format!(r#"{{"a": "{}"}}"#, "x".repeat(9000)),
            "RequestTooLarge",
        ),
        bad("body-deep-json", deep_json, "RequestTooDeep"),
        bad("body-deep-cbor", deep_cbor, "RequestTooDeep"),
    ]
}

fn bad_fields() -> Vec<Bad> {
    let serial = |serial: &str| json!({ "serialNumber": serial, "csr": csr_pem() }).to_string();
    vec![
        bad("field-csr", r#"{"csr": 1}"#, "RequestInvalid"),
        bad(
            "field-size",
            r#"{"csr": "a", "packetSize": "256"}"#,
            "RequestInvalid",
        ),
        bad(
            "field-size-real",
            r#"{"csr": "a", "packetSize": 256.5}"#,
            "RequestInvalid",
        ),
        bad(
            "field-size-huge",
            r#"{"csr": "a", "packetSize": 9223372036854775808}"#,
            "RequestInvalid",
        ),
        bad(
            "field-serial",
            r#"{"serialNumber": ["a"]}"#,
            "RequestInvalid",
        ),
        bad("serial-empty", serial(""), "SerialMalformed"),
        bad("serial-dot", serial("SN.1"), "SerialMalformed"),
        bad("serial-slash", serial("a/b"), "SerialMalformed"),
        bad("serial-long", serial(&"9".repeat(129)), "SerialMalformed"),
        bad(
            "serial.is.client.id",
            json!({ "csr": csr_pem() }).to_string(),
            "SerialMalformed",
        ),
        Bad {
            refused: Refused {
                serial: Some("nobody-knows".into()),
                ..Refused::new("SerialUnknown")
            },
            ..bad("serial-unknown", serial("nobody-knows"), "SerialUnknown")
        },
        bad_device("no-csr", "{}", "LegacyModeOff"),
        bad_device("no-csr-but-size", r#"{"packetSize": 256}"#, "CsrMissing"),
    ]
}

/// A good CSR of a key that nobody needs.
fn csr_pem() -> String {
    fixture("p256.csr.pem")
}

fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/pki/tests/data");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

fn bad_csrs() -> Vec<Bad> {
    let asked = |csr: &str| json!({ "csr": csr }).to_string();
    let mut forged = DeviceKey::generate().unwrap().csr_der("forged").unwrap();
    // The last byte belongs to the signature's second number.
    *forged.last_mut().unwrap() ^= 1;
    vec![
        bad_device("csr-text", asked("hello"), "CsrUnreadable"),
        bad_device("csr-empty", asked(""), "CsrUnreadable"),
        bad_device(
            "csr-certificate",
            asked(&fixture("device.crt.pem")),
            "CsrUnreadable",
        ),
        bad_device(
            "csr-forged",
            asked(&STANDARD.encode(forged)),
            "CsrSignatureInvalid",
        ),
        bad_device(
            "csr-rsa-1024",
            asked(&fixture("rsa1024.csr.pem")),
            "KeyTooWeak",
        ),
        bad_device(
            "csr-rsa-2047",
            asked(&fixture("rsa2047.csr.pem")),
            "KeyTooWeak",
        ),
        bad_device(
            "csr-p521",
            asked(&fixture("p521.csr.pem")),
            "KeyUnsupported",
        ),
        bad_device(
            "csr-secp256k1",
            asked(&fixture("secp256k1.csr.pem")),
            "KeyUnsupported",
        ),
        bad_device(
            "csr-ed25519",
            asked(&fixture("ed25519.csr.pem")),
            "KeyUnsupported",
        ),
        Bad {
            refused: Refused {
                serial: Some("csr-in-small".into()),
                packet_size: 128,
                ..Refused::new("CsrUnreadable")
            },
            ..bad("csr-in-small", r#"{"csr": "hello", "packetSize": 128}"#, "")
        },
    ]
}

fn bad_packet_sizes() -> Vec<Bad> {
    let sized = |client_id: &str, size: i64, limit: usize, code: &'static str| {
        let body = json!({ "csr": csr_pem(), "packetSize": size }).to_string();
        let refused = Refused {
            serial: Some(client_id.to_owned()),
            packet_size: limit,
            ..Refused::new(code)
        };
        Bad {
            refused,
            ..bad(client_id, body, code)
        }
    };
    // The topic of 77 bytes is the first that leaves no room for a manifest in 128 bytes.
    let long = "x".repeat(77 - "provision//accepted".len());
    vec![
        sized("size-127", 127, 128, "PacketSizeOutOfRange"),
        sized("size-4097", 4097, 4096, "PacketSizeOutOfRange"),
        sized("size-0", 0, 128, "PacketSizeOutOfRange"),
        sized("size-minus-1", -1, 128, "PacketSizeOutOfRange"),
        sized(&long, 128, 128, "PacketSizeTooSmall"),
    ]
}

/// Acknowledgements that say nothing, or speak of a delivery that nobody makes. What the device can take is not
/// known then, so the refusal is one for the smallest packets.
async fn bad_acknowledgements(stack: &Stack) -> Vec<Recorded> {
    let unknown = acknowledgement(0x0102_0304, &[0, 5]);
    let mut trailing = unknown.clone();
    trailing.push(0);
    let cases: [(&str, &[u8], &'static str); 7] = [
        ("ack-text", b"hello", "AcknowledgementUnreadable"),
        ("ack-empty", b"", "AcknowledgementUnreadable"),
        ("ack-json", b"[1, []]", "AcknowledgementUnreadable"),
        ("ack-trailing", &trailing, "AcknowledgementUnreadable"),
        // [1, [128]]: no delivery has so many chunks.
        (
            "ack-index-128",
            &[0x82, 1, 0x81, 0x18, 0x80],
            "AcknowledgementUnreadable",
        ),
        ("ack-unknown", &unknown, "DeliveryUnknown"),
        (
            "ack-done-unknown",
            &acknowledgement(7, &[]),
            "DeliveryUnknown",
        ),
    ];
    let mut expected = Vec::new();
    for (client_id, body, code) in cases {
        let mut device = RawDevice::asking(stack, client_id).await;
        assert!(
            device
                .publish(&format!("provision/{client_id}/ack"), body)
                .await
        );
        let refused = Refused {
            packet_size: MIN_PACKET_SIZE,
            ..Refused::new(code)
        };
        refused.check(client_id, &device.hear().await);
        expected.push(refused.recorded(client_id));
    }
    expected
}

/// An acknowledgement's bytes.
fn acknowledgement(delivery: u32, missing: &[u16]) -> Vec<u8> {
    let mut set = MissingSet::new();
    for index in missing {
        set.insert(*index);
    }
    let mut body = vec![0; Acknowledgement::MAX_LENGTH];
    let length = Acknowledgement::new(Delivery::from(delivery), set)
        .encode(&mut body)
        .unwrap();
    body.truncate(length);
    body
}

/// Client ids that no device may have, and topics that are not the sender's. The claim policy refuses nearly all of
/// them at the broker; claim-intake and delivery-acknowledger refuse them again, which messages put straight into
/// their queues show.
async fn bad_senders(stack: &Stack) -> Vec<Recorded> {
    for id in ["+", "#", "*", "?", "a/b", "v*", "??????"] {
        assert!(
            RawDevice::claim(stack, id, &[]).await.is_none(),
            "{id:?} connected"
        );
    }
    let mut thief = RawDevice::asking(stack, "thief").await;
    assert!(
        !thief.publish("provision/victim/json", "{}").await,
        "the policy lets a thief ask for the victim"
    );
    let mut thief = RawDevice::asking(stack, "thief").await;
    assert!(
        !thief.publish("provision/victim/ack", "x").await,
        "the policy lets a thief answer for the victim"
    );

    let mut expected = Vec::new();
    let long = "x".repeat(129);
    let queues = ["ClaimRequestQueueUrl", "AcknowledgementQueueUrl"];
    for queue in queues {
        for id in ["+", "#", "*", "?", "a/b", "a$b", "a b", &long] {
            put(stack, queue, id, id).await;
            expected.push(Refused::new("ClientIdMalformed").recorded(id));
        }
    }
    let mut victim = RawDevice::asking(stack, "victim").await;
    let mut thief = RawDevice::asking(stack, "thief").await;
    for queue in queues {
        put(stack, queue, "victim", "thief").await;
        let refused = Refused {
            packet_size: MIN_PACKET_SIZE,
            ..Refused::new("ClientIdMismatch")
        };
        refused.check("thief", &thief.hear().await);
        expected.push(refused.recorded("thief"));
    }
    assert!(
        victim.heard_so_far().is_empty(),
        "the victim was told of the thief's request"
    );

    // AWS IoT takes a space in a client id and no policy can forbid every character: claim-intake is the one.
    if let Some(mut spaced) = RawDevice::claim(stack, "c d", &[]).await {
        assert!(spaced.publish("provision/c d/json", "{}").await);
        expected.push(Refused::new("ClientIdMalformed").recorded("c d"));
    }
    expected
}

/// Puts into a queue what the topic rule would have put there.
async fn put(stack: &Stack, queue: &'static str, topic: &str, client_id: &str) {
    let kind = if queue.starts_with("Claim") {
        "json"
    } else {
        "ack"
    };
    let message: Value = json!({
        "payload": STANDARD.encode(json!({ "csr": csr_pem() }).to_string()),
        "topic": format!("provision/{topic}/{kind}"), "clientId": client_id, "timestamp": 1_767_225_600_000_i64,
    });
    let sent = stack
        .sqs()
        .send_message()
        .queue_url(stack.output(queue))
        .message_body(message.to_string());
    sent.send().await.unwrap();
}

/// Text in PEM, text in base64, bytes in CBOR; P-256, P-384 and RSA.
async fn every_form_of_a_csr_is_taken(stack: &Stack) {
    let rsa = fixture("rsa2048.csr.pem");
    let base64 = STANDARD.encode(muster_pki::pem_to_der(&fixture("p384.csr.pem")).unwrap());
    let cbor = ProvisioningRequest {
        csr: Some(CsrField::Text(csr_pem())),
        ..ProvisioningRequest::default()
    };
    let bodies = [
        ("form-pem", json!({ "csr": rsa }).to_string().into_bytes()),
        (
            "form-base64",
            json!({ "csr": base64 }).to_string().into_bytes(),
        ),
        ("form-cbor-pem", cbor.to_cbor()),
        (
            "form-cbor-der",
            request(&DeviceKey::generate().unwrap(), "form-cbor-der", 4096),
        ),
    ];
    let mut devices = Vec::new();
    for (client_id, body) in bodies {
        stack.import(client_id).await;
        let mut device = RawDevice::asking(stack, client_id).await;
        assert!(
            device
                .publish(&format!("provision/{client_id}/json"), body)
                .await
        );
        devices.push((client_id, device));
    }
    for (client_id, mut device) in devices {
        let heard = device.hear().await;
        assert_eq!(
            heard.topic,
            format!("provision/{client_id}/accepted"),
            "{:?}",
            heard.text()
        );
    }
    stack.import("form-good").await;
    deliver(stack, "form-good", &DeviceKey::generate().unwrap()).await;
}
