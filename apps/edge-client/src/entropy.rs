//! Randomness from the system.

use muster_device::Entropy;
use muster_pki::{DeviceKey, KeyError};

/// The system's source of random numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn new_key(&mut self) -> Result<DeviceKey, KeyError> {
        DeviceKey::generate()
    }

    fn number(&mut self) -> u32 {
        let mut bytes = [0; 4];
        // Only jitter depends on it: a system without random numbers fails at the key.
        let _ = rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut bytes);
        u32::from_ne_bytes(bytes)
    }
}
