//! Requests that cannot be met.

use super::{csr_pem, fixture};
use crate::support::{RawDevice, Recorded, Refused, Stack};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_chunking::{DEFAULT_PACKET_SIZE, MIN_PACKET_SIZE};
use muster_pki::DeviceKey;
use serde_json::json;

/// A request that is refused.
struct Bad {
    client_id: String,
    body: Vec<u8>,
    refused: Refused,
}

/// Connects every device, has all ask, then hears each answer.
pub async fn bad_requests(stack: &Stack) -> Vec<Recorded> {
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

fn bad_csrs() -> Vec<Bad> {
    let asked = |csr: &str| json!({ "csr": csr }).to_string();
    let key = DeviceKey::generate().unwrap();
    let mut forged = key.csr("forged").unwrap().der().to_vec();
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
