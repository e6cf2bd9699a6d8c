//! What a delivery costs the device; computed, so it is the same on every machine.

use crate::cases::{CERTIFICATE_BYTES, CLIENT_ID, certificate};
use muster_chunking::{DEFAULT_PACKET_SIZE, Manifest, Reassembler, publish_packet_size};
use muster_documents::{ClientId, Topics};
use muster_onboarding::{activated_answer, chunk_answers};
use std::error::Error;

/// Prints bytes of PUBLISH packets, without loss, and what the device keeps in memory.
pub fn print() -> Result<(), Box<dyn Error>> {
    let certificate = certificate();
    let topics = Topics::new("provision", &ClientId::new(CLIENT_ID)?);
    let topic = topics.accepted();
    let mut answers = chunk_answers(&certificate, &topic, DEFAULT_PACKET_SIZE, None)?;
    let chunks = answers.len() - 1;
    answers.push(activated_answer(
        Manifest::new(&certificate, CERTIFICATE_BYTES)?.digest(),
    ));
    let packets: Vec<usize> = answers
        .iter()
        .map(|answer| publish_packet_size(topic.len(), answer.len()))
        .collect();
    println!(
        "| one chunked provisioning: {CERTIFICATE_BYTES}-byte certificate, {DEFAULT_PACKET_SIZE}-byte packets | |"
    );
    println!("|---|--:|");
    println!("| chunks | {chunks} |");
    println!(
        "| PUBLISH packets to the device (manifest, chunks, activated) | {} |",
        packets.len()
    );
    println!("| bytes of them | {} |", packets.iter().sum::<usize>());
    println!(
        "| largest packet, bytes | {} |",
        packets.iter().max().copied().unwrap_or_default()
    );
    println!(
        "| reassembler with its buffer for {CERTIFICATE_BYTES} bytes | {} |",
        size_of::<Reassembler<CERTIFICATE_BYTES>>()
    );
    println!(
        "| the same and one packet | {} |",
        size_of::<Reassembler<CERTIFICATE_BYTES>>() + DEFAULT_PACKET_SIZE
    );
    Ok(())
}
