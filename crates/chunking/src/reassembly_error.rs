//! Why an answer was not taken into the certificate.

use core::fmt;

/// Why a device's reassembler did not take an answer. It stays usable: acknowledge if it
/// still has an acknowledgement ([`crate::Reassembler::acknowledgement`]), else repeat the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReassemblyError {
    /// The certificate is longer than the device's buffer. Nothing was changed.
    TooLarge {
        /// Bytes of the certificate that was announced.
        length: usize,
        /// Bytes of the buffer.
        capacity: usize,
    },
    /// The chunk is beyond the manifest's last one, or of another length: the cloud cuts this certificate in
    /// another way now, for a request with another packet size. The manifest is forgotten, so that the repeated
    /// request brings the one that holds; acknowledgements would bring such chunks for ever.
    ChunkInvalid {
        /// The chunk's place.
        index: u16,
    },
    /// The last chunk is here and the SHA-256 is not the manifest's. All chunks are missing again; after the
    /// second time in a row the manifest is forgotten too, since the fault may be in it.
    DigestMismatch,
}

impl fmt::Display for ReassemblyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { length, capacity } => write!(
                formatter,
                "the certificate has {length} bytes and this device has room for {capacity}: \
                 give its reassembler a larger buffer"
            ),
            Self::ChunkInvalid { index } => {
                write!(
                    formatter,
                    "chunk {index} is not the manifest's: the request is repeated"
                )
            }
            Self::DigestMismatch => formatter.write_str(
                "the certificate's SHA-256 is not the manifest's: all chunks are asked for again",
            ),
        }
    }
}

impl core::error::Error for ReassemblyError {}
