//! What the tests need of a certificate and of the wire.
#![allow(dead_code, reason = "each test binary uses its own part")]

use muster_chunking::{Answer, Manifest, Progress, Reassembler, ReassemblyError};

/// The topic of the byte budget: `provision/<12 characters>/accepted`.
pub const ACCEPTED_TOPIC_LEN: usize = "provision/nrf-00000001/accepted".len();

/// A stand-in for a certificate's DER: `length` bytes without a pattern, others for each `seed`.
pub fn certificate(length: usize, seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    (0..length)
        .map(|_| numbers.next().to_be_bytes()[0])
        .collect()
}

/// The payload of an answer.
pub fn payload(answer: &Answer<'_>) -> Vec<u8> {
    let mut buffer = vec![0; answer.encoded_len()];
    let length = answer
        .encode(&mut buffer)
        .expect("the buffer has the length that it asked for");
    assert_eq!(length, buffer.len());
    buffer
}

/// The payloads of the chunks at `indexes`, those the delivery doesn't have left out.
pub fn chunks(
    manifest: &Manifest,
    indexes: impl IntoIterator<Item = u16>,
    certificate: &[u8],
) -> Vec<Vec<u8>> {
    indexes
        .into_iter()
        .filter_map(|index| manifest.chunk(index, certificate))
        .map(|chunk| payload(&Answer::Chunk(chunk)))
        .collect()
}

/// The payloads of a whole delivery: the manifest, then every chunk.
pub fn delivery(manifest: &Manifest, certificate: &[u8]) -> Vec<Vec<u8>> {
    let mut payloads = vec![payload(&Answer::Manifest(*manifest))];
    payloads.extend(chunks(manifest, 0..manifest.count(), certificate));
    payloads
}

/// A device with room for a certificate of 655 bytes.
pub type Device = Reassembler<655>;

/// Gives a device a payload.
pub fn accept(device: &mut Device, payload: &[u8]) -> Result<Progress, ReassemblyError> {
    device.accept(&Answer::decode(payload).unwrap())
}

/// A device with the manifest and the chunks at `indexes`, out of 655 bytes in four chunks.
pub fn device_with(indexes: &[u16]) -> (Device, Manifest, Vec<u8>) {
    let certificate = certificate(655, 1);
    let manifest = Manifest::new(&certificate, 200).unwrap();
    let mut device = Device::new();
    device.accept(&Answer::Manifest(manifest)).unwrap();
    for chunk in chunks(&manifest, indexes.iter().copied(), &certificate) {
        accept(&mut device, &chunk).unwrap();
    }
    (device, manifest, certificate)
}

/// Repeatable pseudo-random numbers (`SplitMix64`).
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Yes, `percent` times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
