//! Which delivery a message belongs to.

use core::fmt;

/// The name of one delivery: the first four bytes, big endian, of the SHA-256 of the certificate's DER.
///
/// A device that is sent another certificate sees another delivery, and a repeated request gets the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delivery(u32);

impl Delivery {
    /// The delivery of the certificate with this SHA-256.
    pub const fn of(digest: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *digest;
        Self(u32::from_be_bytes([a, b, c, d]))
    }

    /// The number as it travels.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl From<u32> for Delivery {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

/// Eight hex digits: the beginning of the AWS `IoT` certificate id.
impl fmt::Display for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    #[test]
    fn a_delivery_reads_as_the_beginning_of_the_certificate_id() {
        let mut digest = [0xff; 32];
        digest[..4].copy_from_slice(&[0x00, 0xab, 0x01, 0x02]);
        assert_eq!(Delivery::of(&digest).to_string(), "00ab0102");
    }
}
