//! PEM (RFC 7468), the text form of DER.

use ::pem::{EncodeConfig, LineEnding, Pem};

/// Why a text is not the PEM that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No PEM block, or one whose markers or base64 are damaged.
    #[error(
        "The text is not PEM: a block from \"-----BEGIN\" to \"-----END\" with base64 in between is expected."
    )]
    Unreadable,
    /// More than one block, so that it would have to be guessed which one is meant.
    #[error("The text holds {0} PEM blocks where exactly one is expected.")]
    NotOne(usize),
}

/// The DER inside the one PEM block of a text, whatever its label. Text before and after the block is passed over.
///
/// Not for private keys, since the bytes are not wiped: read those with
/// [`DeviceKey::from_pem`](crate::DeviceKey::from_pem).
///
/// # Errors
/// [`PemError`] unless there is exactly one readable block.
pub fn pem_to_der(text: &str) -> Result<Vec<u8>, PemError> {
    block(text).map(Pem::into_contents)
}

/// PEM with the given label (`CERTIFICATE`, for example), 64 characters a line. Lines end in LF alone: the nRF91
/// modem takes no other.
pub fn der_to_pem(label: &str, der: &[u8]) -> String {
    ::pem::encode_config(
        &Pem::new(label, der),
        EncodeConfig::new().set_line_ending(LineEnding::LF),
    )
}

/// The one PEM block of a text.
pub(crate) fn block(text: &str) -> Result<Pem, PemError> {
    let mut blocks = ::pem::parse_many(text).map_err(|_| PemError::Unreadable)?;
    match (blocks.len(), blocks.pop()) {
        (1, Some(block)) => Ok(block),
        (0, _) | (_, None) => Err(PemError::Unreadable),
        (count, _) => Err(PemError::NotOne(count)),
    }
}
