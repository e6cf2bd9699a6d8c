//! Why bytes are not a message.

use core::fmt;

/// Why a payload is not the message that was expected. Nothing was changed by it; drop the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// Not CBOR, cut short, of another type, out of the type's range, or of indefinite length.
    Malformed {
        /// Offset in bytes of the value that could not be read.
        at: usize,
    },
    /// An array with too many or too few elements.
    FieldCount {
        /// How many the message has.
        expected: u64,
        /// How many were announced.
        found: u64,
    },
    /// A message of a kind that this version doesn't know.
    UnknownMessage(u16),
    /// Something follows the message.
    TrailingBytes {
        /// How many bytes follow.
        trailing: usize,
    },
    /// The manifest's length, count, digest and delivery don't go together.
    ManifestInconsistent,
    /// A chunk without data.
    ChunkEmpty,
    /// A chunk index that no delivery has ([`crate::MAX_CHUNKS`]).
    IndexTooLarge(u16),
    /// More missing indexes than a delivery has chunks ([`crate::MAX_CHUNKS`]).
    TooManyIndexes(u64),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { at } => write!(
                formatter,
                "the value at byte {at} is not the definite-length CBOR that belongs there"
            ),
            Self::FieldCount { expected, found } => {
                write!(
                    formatter,
                    "the message has {found} fields instead of {expected}"
                )
            }
            Self::UnknownMessage(kind) => {
                write!(
                    formatter,
                    "{kind} is not a kind of message (0, 1 and 2 are)"
                )
            }
            Self::TrailingBytes { trailing } => {
                write!(
                    formatter,
                    "{trailing} bytes follow the message; nothing may"
                )
            }
            Self::ManifestInconsistent => formatter.write_str(
                "the manifest's length, chunk count, digest and delivery don't go together",
            ),
            Self::ChunkEmpty => formatter.write_str("the chunk has no data"),
            Self::IndexTooLarge(index) => {
                write!(
                    formatter,
                    "chunk index {index} is over {}",
                    crate::MAX_CHUNKS.saturating_sub(1)
                )
            }
            Self::TooManyIndexes(count) => write!(
                formatter,
                "{count} chunks are said to be missing; a delivery has at most {}",
                crate::MAX_CHUNKS
            ),
        }
    }
}

impl core::error::Error for DecodeError {}
