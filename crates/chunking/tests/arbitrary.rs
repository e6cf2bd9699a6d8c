//! Whatever bytes come, they are judged, nothing panics, and the device still ends with its certificate.

mod common;

use common::{certificate, chunks, delivery};
use muster_chunking::{Acknowledgement, Answer, Manifest, Reassembler, room_for_chunk_data};
use proptest::prelude::*;

/// Bytes that often get past the first checks: a message's beginning, or a whole message with bytes changed.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let beginning = prop::sample::select(vec![
        vec![0x82, 0x02],
        vec![0x84, 0x01, 0x00, 0x00],
        vec![0x85, 0x00, 0x00],
        vec![0x82, 0x00],
        vec![],
    ]);
    let rest = prop::collection::vec(any::<u8>(), 0..64);
    let made_up = (beginning, rest).prop_map(|(beginning, rest)| [beginning, rest].concat());
    prop_oneof![made_up, changed_message()]
}

/// One of an honest delivery's messages with up to three bytes changed, some cut off.
fn changed_message() -> impl Strategy<Value = Vec<u8>> {
    let certificate = certificate(300, 7);
    let messages = delivery(&Manifest::new(&certificate, 80).unwrap(), &certificate);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..=3);
    (prop::sample::select(messages), changes, 0..3usize).prop_map(|(mut message, changes, cut)| {
        for (place, byte) in changes {
            let place = place.index(message.len());
            message[place] = byte;
        }
        message.truncate(message.len() - cut);
        message
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_decoded_or_refused_and_what_is_decoded_is_written_the_same(bytes in hostile_bytes()) {
        if let Ok(answer) = Answer::decode(&bytes) {
            let mut buffer = [0; 512];
            let length = answer.encode(&mut buffer).unwrap();
            prop_assert!(length <= bytes.len(), "the deterministic form is the shortest");
            prop_assert_eq!(Answer::decode(&buffer[..length]), Ok(answer));
        }
        if let Ok(acknowledgement) = Acknowledgement::decode(&bytes) {
            let mut buffer = [0; Acknowledgement::MAX_LENGTH];
            let length = acknowledgement.encode(&mut buffer).unwrap();
            prop_assert_eq!(Acknowledgement::decode(&buffer[..length]), Ok(acknowledgement));
        }
    }

    #[test]
    fn damaged_flash_is_refused_or_holds_what_was_saved(bytes in hostile_bytes()) {
        prop_assert!(bytes.is_empty() || Reassembler::<655>::restore(&bytes).is_err());
    }

    #[test]
    fn any_packet_size_and_topic_give_room_that_fits_or_none(packet in any::<usize>(), topic in any::<usize>()) {
        prop_assert!(room_for_chunk_data(packet, topic).is_none_or(|room| room < packet));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_any_hostile_messages_a_device_still_gets_its_certificate(
        messages in prop::collection::vec(hostile_bytes(), 0..40),
    ) {
        let issued = certificate(300, 7);
        let honest = Manifest::new(&issued, 80).unwrap();
        let mut device = Reassembler::<655>::new();
        for message in &messages {
            if let Ok(answer) = Answer::decode(message) {
                let _ = device.accept(&answer);
            }
            if let Some(held) = device.certificate() {
                let manifest = *device.manifest().unwrap();
                prop_assert!(manifest.matches(held), "what is handed out has been checked");
            }
        }
        // From here on only the cloud speaks. The device says what is missing, or repeats its request after a few
        // acknowledgements without effect.
        for round in 0..12 {
            let answers = match device.acknowledgement() {
                Some(acknowledgement) if round % 4 != 3 && acknowledgement.delivery() == honest.delivery() => {
                    chunks(&honest, acknowledgement.missing().iter(), &issued)
                }
                _ => delivery(&honest, &issued),
            };
            for message in answers {
                let _ = device.accept(&Answer::decode(&message).unwrap());
            }
        }
        prop_assert_eq!(device.certificate(), Some(issued.as_slice()));
    }
}
