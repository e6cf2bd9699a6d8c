//! A delivery that outlives a reboot.

use crate::codec::{self, Message, Reader};
use crate::manifest::{LARGEST_MANIFEST, MANIFEST};
use crate::{DecodeError, EncodeError, Manifest, MissingSet, Reassembler, ReassemblyError};
use core::convert::Infallible;
use core::fmt;
use minicbor::Encoder;
use minicbor::encode::{Error, Write};
use sha2::{Digest, Sha256};

/// The most bytes that a snapshot takes beyond the certificate's own.
pub const SNAPSHOT_OVERHEAD: usize = 1 + 1 + LARGEST_MANIFEST + 17 + 3 + CHECK_LENGTH;

/// The layout's version: a snapshot of another is refused, and the delivery begins anew.
const VERSION: u16 = 1;
/// Bytes of the SHA-256 over the rest that end a snapshot: flash that was half written is recognised.
const CHECK_LENGTH: usize = 8;

/// Why a snapshot was not restored. Begin with [`Reassembler::new`] and repeat the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// Cut short, half written, or of another version.
    Damaged,
    /// It is of a longer certificate than this reassembler has room for.
    TooLarge {
        /// Bytes of the certificate.
        length: usize,
        /// Bytes of the buffer.
        capacity: usize,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => formatter.write_str(
                "the stored delivery is damaged or of another version: repeat the request",
            ),
            Self::TooLarge { length, capacity } => ReassemblyError::TooLarge {
                length: *length,
                capacity: *capacity,
            }
            .fmt(formatter),
        }
    }
}

impl core::error::Error for RestoreError {}

impl From<DecodeError> for RestoreError {
    fn from(_: DecodeError) -> Self {
        Self::Damaged
    }
}

impl<const N: usize> Reassembler<N> {
    /// Writes the state to the beginning of `buffer` and answers its length: at most the certificate's plus
    /// [`SNAPSHOT_OVERHEAD`] bytes, and 0 while there is no manifest.
    ///
    /// Store it where a reboot leaves it (it holds no secret), and [`Self::restore`] it.
    pub fn snapshot(&self, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        let available = buffer.len();
        let mut needed = 0usize;
        let mut rest = Some(buffer);
        let Ok(()) = self.snapshot_to(|bytes| {
            needed = needed.saturating_add(bytes.len());
            rest = rest
                .take()
                .and_then(|room| room.split_at_mut_checked(bytes.len()))
                .map(|(place, after)| {
                    place.copy_from_slice(bytes);
                    after
                });
            Ok::<(), Infallible>(())
        });
        match rest {
            Some(_) => Ok(needed),
            None => Err(EncodeError { needed, available }),
        }
    }

    /// The same piece by piece, for a device that has no room for a second buffer: `write` gets the bytes in
    /// order, and its first error ends it.
    pub fn snapshot_to<E>(&self, write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let Some(manifest) = self.manifest else {
            return Ok(());
        };
        let certificate = self
            .certificate
            .get(..manifest.length())
            .unwrap_or_default();
        let body = Body {
            manifest,
            missing: self.missing,
            certificate,
        };
        let mut sink = Sink {
            write,
            hasher: Sha256::new(),
            failed: None,
        };
        // Writing fails only through the sink, which keeps the error.
        let _ = body.write(&mut Encoder::new(&mut sink));
        let Sink {
            mut write,
            hasher,
            failed,
        } = sink;
        match failed {
            Some(error) => Err(error),
            None => write(&check(hasher)),
        }
    }

    /// The state that [`Self::snapshot`] wrote; no bytes at all are a reassembler that knows of no delivery.
    ///
    /// A complete certificate is checked against its SHA-256 again. Never panics, whatever the bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut restored = Self::new();
        if bytes.is_empty() {
            return Ok(restored);
        }
        let (body, expected) = bytes
            .split_last_chunk::<CHECK_LENGTH>()
            .ok_or(RestoreError::Damaged)?;
        if check(Sha256::new_with_prefix(body)) != *expected {
            return Err(RestoreError::Damaged);
        }
        let Body {
            manifest,
            missing,
            certificate,
        } = codec::decode(body, Body::read)?;
        let too_large = RestoreError::TooLarge {
            length: certificate.len(),
            capacity: N,
        };
        restored
            .certificate
            .get_mut(..certificate.len())
            .ok_or(too_large)?
            .copy_from_slice(certificate);
        restored.manifest = Some(manifest);
        restored.missing = missing;
        Ok(restored)
    }
}

/// All of a snapshot but the check at its end.
struct Body<'a> {
    manifest: Manifest,
    missing: MissingSet,
    certificate: &'a [u8],
}

impl<'a> Body<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        reader.fields(4)?;
        let version = reader.u16()?;
        if version != VERSION {
            return Err(DecodeError::UnknownMessage(version));
        }
        reader.fields(5)?;
        let kind = reader.u16()?;
        if kind != MANIFEST {
            return Err(DecodeError::UnknownMessage(kind));
        }
        let manifest = Manifest::read(reader)?;
        let missing = MissingSet::from_bits(u128::from_be_bytes(reader.byte_array()?));
        let certificate = reader.bytes()?;
        let consistent = certificate.len() == manifest.length()
            && missing.is_within(manifest.count())
            && (!missing.is_empty() || manifest.matches(certificate));
        if !consistent {
            return Err(DecodeError::ManifestInconsistent);
        }
        Ok(Self {
            manifest,
            missing,
            certificate,
        })
    }
}

impl Message for Body<'_> {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        encoder.array(4)?.u16(VERSION)?;
        self.manifest.write(encoder)?;
        encoder
            .bytes(&self.missing.bits().to_be_bytes())?
            .bytes(self.certificate)?;
        Ok(())
    }
}

fn check(hasher: Sha256) -> [u8; CHECK_LENGTH] {
    let digest: [u8; 32] = hasher.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Hashes what it passes on and keeps the first error.
struct Sink<F, E> {
    write: F,
    hasher: Sha256,
    failed: Option<E>,
}

impl<E, F: FnMut(&[u8]) -> Result<(), E>> Write for Sink<F, E> {
    type Error = ();

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.hasher.update(bytes);
        (self.write)(bytes).map_err(|error| self.failed = Some(error))
    }
}
