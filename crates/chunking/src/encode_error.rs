//! Why a message could not be written.

use core::fmt;

/// The buffer is too small for the message. What is in the buffer now is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeError {
    /// Bytes that the message takes.
    pub needed: usize,
    /// Bytes that the buffer has.
    pub available: usize,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, available } = self;
        write!(
            formatter,
            "the message takes {needed} bytes and the buffer has {available}"
        )
    }
}

impl core::error::Error for EncodeError {}
