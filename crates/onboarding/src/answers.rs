//! The payloads that go down to a device.

use muster_chunking::{
    Answer, Delivery, MAX_PACKET_SIZE, Manifest, room_for_chunk_data, room_for_payload,
};
use muster_documents::Refusal;
use secrecy::{ExposeSecret, SecretString};

/// Why a certificate cannot be sent in packets of that size.
#[derive(Debug, thiserror::Error)]
#[error(
    "the certificate of {certificate_bytes} bytes does not go into packets of {packet_size} bytes on {topic}"
)]
pub struct AnswerError {
    /// The certificate's DER.
    pub certificate_bytes: usize,
    /// The largest packet.
    pub packet_size: usize,
    /// The topic, which takes its share of every packet.
    pub topic: String,
}

/// The payloads of a chunked delivery: the manifest and all chunks, or just those of `missing`.
///
/// A device that misses a chunk that there isn't works with another manifest, so it is sent everything again.
pub fn chunk_answers(
    certificate: &[u8],
    topic: &str,
    packet_size: usize,
    missing: Option<&[u16]>,
) -> Result<Vec<Vec<u8>>, AnswerError> {
    let error = || AnswerError {
        certificate_bytes: certificate.len(),
        packet_size,
        topic: topic.to_owned(),
    };
    let room = room_for_chunk_data(packet_size, topic.len()).ok_or_else(error)?;
    let manifest = Manifest::new(certificate, room).map_err(|_| error())?;
    let missing = missing.filter(|missing| missing.iter().all(|index| *index < manifest.count()));
    let mut answers = Vec::new();
    if missing.is_none() {
        answers.push(encode(&Answer::Manifest(manifest)));
    }
    let wanted = |index: &u16| missing.is_none_or(|missing| missing.contains(index));
    for index in (0..manifest.count()).filter(wanted) {
        let chunk = manifest.chunk(index, certificate).ok_or_else(error)?;
        answers.push(encode(&Answer::Chunk(chunk)));
    }
    Ok(answers)
}

/// The notice that the certificate works from now on.
pub fn activated_answer(digest: &[u8; 32]) -> Vec<u8> {
    encode(&Answer::Activated(Delivery::of(digest)))
}

/// The seed's two messages, in its order.
pub fn legacy_answers(private_key: &SecretString, certificate_pem: &str) -> [SecretString; 2] {
    let field =
        |name: &str, text: &str| SecretString::from(serde_json::json!({ name: text }).to_string());
    [
        field("privateKey", private_key.expose_secret()),
        field("certificatePem", certificate_pem),
    ]
}

/// The payload of a refusal that makes a packet of at most `packet_size` bytes on `topic`.
pub fn refusal_answer(refusal: &Refusal, topic: &str, packet_size: usize) -> Vec<u8> {
    refusal.to_payload(room_for_payload(packet_size, topic.len()).unwrap_or(0))
}

fn encode(answer: &Answer<'_>) -> Vec<u8> {
    let mut buffer = [0u8; MAX_PACKET_SIZE];
    // A payload that goes into the largest packet goes into a buffer of that size.
    let length = answer.encode(&mut buffer).unwrap_or(0);
    buffer[..length].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "provision/sensor-00001/accepted";

    fn sent(missing: Option<&[u16]>) -> Vec<Option<u16>> {
        let answers = chunk_answers(&[7; 655], TOPIC, 256, missing).unwrap();
        answers
            .iter()
            .map(|answer| match Answer::decode(answer).unwrap() {
                Answer::Chunk(chunk) => Some(chunk.index()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_device_is_sent_just_the_chunks_that_it_misses() {
        assert_eq!(sent(None), [None, Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(sent(Some(&[1, 3])), [Some(1), Some(3)]);
    }

    #[test]
    fn a_device_that_misses_a_chunk_that_there_is_not_is_sent_everything() {
        for missing in [&[4][..], &[0, 127], &[u16::MAX]] {
            assert_eq!(sent(Some(missing)), sent(None), "{missing:?}");
        }
    }
}
