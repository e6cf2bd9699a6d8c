//! What a delivery costs a device: memory, and bytes over the air.

mod common;

use common::{ACCEPTED_TOPIC_LEN, certificate, delivery, payload};
use muster_chunking::{
    Answer, DEFAULT_PACKET_SIZE, Manifest, Progress, Reassembler, publish_packet_size,
    room_for_chunk_data,
};
use sha2::Sha256;

/// A P-256 certificate from an RSA issuer, which is what AWS IoT signs.
const CERTIFICATE_BYTES: usize = 655;

fn plan(certificate: &[u8]) -> Manifest {
    let room = room_for_chunk_data(DEFAULT_PACKET_SIZE, ACCEPTED_TOPIC_LEN).unwrap();
    Manifest::new(certificate, room).unwrap()
}

#[test]
fn certificate_state_and_one_packet_take_at_most_1280_bytes_of_a_device() {
    let state = size_of::<Reassembler<CERTIFICATE_BYTES>>();
    let total = state + DEFAULT_PACKET_SIZE;
    println!("reassembler {state} bytes, with one packet {total} bytes");
    println!(
        "its SHA-256 while it is checked: {} bytes of stack more",
        size_of::<Sha256>()
    );
    assert!(total <= 1280, "{total} bytes");
    // Even with the digest's working state, which lives only while the last chunk is taken.
    assert!(total + size_of::<Sha256>() <= 1280);
}

#[test]
fn the_reassembler_and_one_packet_are_all_that_a_device_needs() {
    let certificate = certificate(CERTIFICATE_BYTES, 1);
    let mut reassembler = Reassembler::<CERTIFICATE_BYTES>::new();
    let mut packet = [0u8; DEFAULT_PACKET_SIZE];
    let mut last = None;
    for message in delivery(&plan(&certificate), &certificate) {
        packet[..message.len()].copy_from_slice(&message);
        let answer = Answer::decode(&packet[..message.len()]).unwrap();
        last = Some(reassembler.accept(&answer).unwrap());
        // The next packet overwrites this one.
        packet.fill(0xff);
    }
    assert_eq!(last, Some(Progress::Completed));
    assert_eq!(reassembler.certificate(), Some(certificate.as_slice()));
}

#[test]
fn a_certificate_comes_down_in_at_most_1100_bytes_of_packets() {
    let certificate = certificate(CERTIFICATE_BYTES, 1);
    let manifest = plan(&certificate);
    let mut messages = delivery(&manifest, &certificate);
    messages.push(payload(&Answer::Activated(manifest.delivery())));

    let packets: Vec<usize> = messages
        .iter()
        .map(|message| publish_packet_size(ACCEPTED_TOPIC_LEN, message.len()))
        .collect();
    let bytes: usize = packets.iter().sum();
    println!(
        "{} packets of {packets:?} bytes, {bytes} in all",
        packets.len()
    );
    assert!(packets.iter().all(|packet| *packet <= DEFAULT_PACKET_SIZE));
    assert!(bytes <= 1100, "{bytes} bytes");
}
