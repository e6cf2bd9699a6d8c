//! Randomness, as a port.

use muster_pki::{DeviceKey, KeyError};

/// Where a device's randomness comes from.
pub trait Entropy {
    /// A new private key.
    fn new_key(&mut self) -> Result<DeviceKey, KeyError>;

    /// Any number, each as likely: for jitter, not for secrets.
    fn number(&mut self) -> u32;
}
