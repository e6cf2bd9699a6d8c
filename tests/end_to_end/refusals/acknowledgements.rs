//! Acknowledgements for nothing.

use crate::support::{RawDevice, Recorded, Refused, Stack};
use muster_chunking::{Acknowledgement, Delivery, MIN_PACKET_SIZE, MissingSet};

/// Acknowledgements that say nothing, or speak of a delivery that nobody makes. What the device can take is not
/// known then, so the refusal is one for the smallest packets.
pub async fn bad_acknowledgements(stack: &Stack) -> Vec<Recorded> {
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
