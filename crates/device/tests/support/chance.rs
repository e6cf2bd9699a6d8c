//! Randomness that can be played again from its seed (`SplitMix64`).

use muster_device::Entropy;
use muster_pki::{DeviceKey, KeyError};

#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Any number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }

    /// Whether something with this chance in a thousand happens.
    pub fn happens(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }
}

impl Entropy for Chance {
    fn new_key(&mut self) -> Result<DeviceKey, KeyError> {
        DeviceKey::generate()
    }

    fn number(&mut self) -> u32 {
        u32::try_from(Chance::number(self) >> 32).unwrap()
    }
}
