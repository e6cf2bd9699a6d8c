//! Why a certificate cannot be delivered in chunks.

use core::fmt;

/// Why there is no manifest for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanError {
    /// The certificate is empty.
    CertificateEmpty,
    /// The certificate is larger than [`crate::MAX_CERTIFICATE`].
    CertificateTooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// It would take more than [`crate::MAX_CHUNKS`] chunks. A larger packet or a shorter client id helps.
    TooManyChunks {
        /// How many it would take.
        count: usize,
    },
    /// There is no room for data in a chunk.
    NoRoom,
}

impl fmt::Display for PlanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateEmpty => formatter.write_str("the certificate is empty"),
            Self::CertificateTooLarge { length } => write!(
                formatter,
                "the certificate has {length} bytes; at most {} can be delivered",
                crate::MAX_CERTIFICATE
            ),
            Self::TooManyChunks { count } => write!(
                formatter,
                "the certificate would take {count} chunks and at most {} are allowed: the device \
                 needs a larger packet size or a shorter client id",
                crate::MAX_CHUNKS
            ),
            Self::NoRoom => formatter.write_str(
                "the topic leaves no room for data in a packet: the device needs a larger packet \
                 size or a shorter client id",
            ),
        }
    }
}

impl core::error::Error for PlanError {}
