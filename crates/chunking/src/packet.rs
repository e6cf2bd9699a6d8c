//! How large an MQTT packet gets, and how much of it is left for the payload.

use crate::chunk::LARGEST_CHUNK_HEAD;
use crate::manifest::LARGEST_MANIFEST;

/// The smallest packet in bytes that a device may ask for.
pub const MIN_PACKET_SIZE: usize = 128;
/// The packet size in bytes for a device that asks for none: what `PubSubClient` and lwIP take as they come.
pub const DEFAULT_PACKET_SIZE: usize = 256;
/// The largest packet in bytes that a device may ask for.
pub const MAX_PACKET_SIZE: usize = 4096;

/// The packet type's byte, the topic's length field and the packet id of a `QoS` 1 PUBLISH.
const FIXED_BYTE: usize = 1;
const TOPIC_LENGTH_FIELD: usize = 2;
const PACKET_ID: usize = 2;

/// Bytes of the remaining-length field and the largest value that it holds (MQTT 3.1.1, 2.2.3).
const REMAINING_LENGTHS: [(usize, usize); 4] =
    [(1, 127), (2, 16_383), (3, 2_097_151), (4, 268_435_455)];

/// Bytes of a CBOR byte string's head and the longest string that it announces (RFC 8949, 3.1).
const BYTE_STRING_HEADS: [(usize, usize); 3] = [(1, 23), (2, 255), (3, 65_535)];

/// Size in bytes of a whole MQTT 3.1.1 PUBLISH packet at `QoS` 1: header, topic, packet id and payload.
///
/// Both lengths are in bytes. What no MQTT packet can hold (over 256 MiB) gives `usize::MAX`.
pub fn publish_packet_size(topic_len: usize, payload_len: usize) -> usize {
    let remaining = topic_len
        .saturating_add(TOPIC_LENGTH_FIELD)
        .saturating_add(PACKET_ID)
        .saturating_add(payload_len);
    REMAINING_LENGTHS
        .iter()
        .find(|(_, most)| remaining <= *most)
        .map_or(usize::MAX, |(field, _)| {
            remaining.saturating_add(*field).saturating_add(FIXED_BYTE)
        })
}

/// The longest payload in bytes of a `QoS` 1 PUBLISH that is at most `packet_size` bytes on a topic of
/// `topic_len` bytes, or `None` if the topic alone is too long.
pub fn room_for_payload(packet_size: usize, topic_len: usize) -> Option<usize> {
    let after_type = packet_size.checked_sub(FIXED_BYTE)?;
    largest(after_type, &REMAINING_LENGTHS)?
        .checked_sub(TOPIC_LENGTH_FIELD)?
        .checked_sub(topic_len)?
        .checked_sub(PACKET_ID)
}

/// How many bytes of a certificate fit in each chunk's packet of at most `packet_size` bytes on a topic of
/// `topic_len` bytes. It counts with the longest delivery and index, so that it holds for every chunk.
///
/// `None` if not one byte would fit, or if the manifest would not: then the device must take larger packets
/// or use a shorter client id. The limits [`MIN_PACKET_SIZE`] and [`MAX_PACKET_SIZE`] are the caller's to check.
pub fn room_for_chunk_data(packet_size: usize, topic_len: usize) -> Option<usize> {
    let payload = room_for_payload(packet_size, topic_len)?;
    if payload < LARGEST_MANIFEST {
        return None;
    }
    let string = payload.checked_sub(LARGEST_CHUNK_HEAD)?;
    largest(string, &BYTE_STRING_HEADS).filter(|room| *room > 0)
}

/// The longest content that fits in `room` together with the length field that announces it.
fn largest(room: usize, fields: &[(usize, usize)]) -> Option<usize> {
    fields
        .iter()
        .filter_map(|(field, most)| Some(room.checked_sub(*field)?.min(*most)))
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_counted_whole() {
        // 1 type + 1 remaining length + 2 topic length + 31 topic + 2 packet id + 45 payload
        assert_eq!(publish_packet_size(31, 45), 82);
        // From 128 remaining bytes on, the length itself takes two.
        assert_eq!(publish_packet_size(31, 92), 1 + 1 + 127);
        assert_eq!(publish_packet_size(31, 93), 1 + 2 + 128);
        assert_eq!(publish_packet_size(31, 16_348), 1 + 2 + 16_383);
        assert_eq!(publish_packet_size(31, 16_349), 1 + 3 + 16_384);
        assert_eq!(publish_packet_size(usize::MAX, usize::MAX), usize::MAX);
    }

    #[test]
    fn the_room_is_exactly_what_still_fits() {
        for packet_size in 0..=MAX_PACKET_SIZE + 2 {
            for topic_len in [1, 31, 76, 93, 150, 256] {
                match room_for_payload(packet_size, topic_len) {
                    Some(room) => {
                        assert!(publish_packet_size(topic_len, room) <= packet_size);
                        assert!(publish_packet_size(topic_len, room + 1) > packet_size);
                    }
                    None => assert!(publish_packet_size(topic_len, 0) > packet_size),
                }
            }
        }
    }

    #[test]
    fn a_topic_that_leaves_no_room_for_a_manifest_is_told_at_once() {
        assert_eq!(room_for_chunk_data(MIN_PACKET_SIZE, 31), Some(80));
        assert_eq!(room_for_chunk_data(DEFAULT_PACKET_SIZE, 31), Some(207));
        assert!(room_for_chunk_data(MIN_PACKET_SIZE, 76).is_some());
        assert_eq!(room_for_chunk_data(MIN_PACKET_SIZE, 77), None);
        assert_eq!(room_for_chunk_data(MIN_PACKET_SIZE, 256), None);
        assert_eq!(room_for_chunk_data(0, 0), None);
    }
}
