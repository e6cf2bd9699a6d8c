//! What a delivery consists of.

use crate::codec::{Message, Reader};
use crate::{Chunk, DecodeError, Delivery, PlanError};
use minicbor::Encoder;
use minicbor::encode::{Error, Write};
use sha2::{Digest, Sha256};

/// The most chunks that one delivery has: what fits in an acknowledgement and in 16 bytes of a device's state.
pub const MAX_CHUNKS: usize = 128;
/// The longest certificate in bytes of DER.
pub const MAX_CERTIFICATE: usize = 8192;

/// The kind that stands first in a manifest.
pub(crate) const MANIFEST: u16 = 0;
/// Bytes of the longest manifest: array and kind, delivery, length, count, digest.
pub(crate) const LARGEST_MANIFEST: usize = 2 + 5 + 3 + 2 + 34;

/// What a delivery consists of: how long the certificate is, in how many chunks it comes, and its SHA-256,
/// which is the AWS `IoT` certificate id too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    length: u16,
    count: u16,
    digest: [u8; 32],
}

impl Manifest {
    /// Plans the delivery of a certificate (DER) in chunks of at most `room` bytes of data
    /// ([`crate::room_for_chunk_data`]): as few chunks as will do, of even size.
    pub fn new(certificate: &[u8], room: usize) -> Result<Self, PlanError> {
        let length = certificate.len();
        if length == 0 {
            return Err(PlanError::CertificateEmpty);
        }
        if length > MAX_CERTIFICATE {
            return Err(PlanError::CertificateTooLarge { length });
        }
        let count = ceil_div(length, room).ok_or(PlanError::NoRoom)?;
        let too_many = PlanError::TooManyChunks { count };
        if count > MAX_CHUNKS {
            return Err(too_many);
        }
        Ok(Self {
            length: u16::try_from(length).map_err(|_| PlanError::CertificateTooLarge { length })?,
            count: u16::try_from(count).map_err(|_| too_many)?,
            digest: Sha256::digest(certificate).into(),
        })
    }

    /// The delivery that this is the manifest of.
    pub fn delivery(&self) -> Delivery {
        Delivery::of(&self.digest)
    }

    /// Bytes of the certificate's DER, 1 to [`MAX_CERTIFICATE`].
    pub fn length(&self) -> usize {
        usize::from(self.length)
    }

    /// In how many chunks it comes, 1 to [`MAX_CHUNKS`].
    pub fn count(&self) -> u16 {
        self.count
    }

    /// SHA-256 of the certificate's DER; in lowercase hex it is the AWS `IoT` certificate id.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Bytes of data in every chunk but the last, which has what is left.
    pub fn chunk_size(&self) -> usize {
        // A manifest's count is never 0.
        ceil_div(self.length(), usize::from(self.count)).unwrap_or(0)
    }

    /// The chunk at `index`, cut out of the certificate that this manifest was made for; `None` beyond the last.
    pub fn chunk<'a>(&self, index: u16, certificate: &'a [u8]) -> Option<Chunk<'a>> {
        let (start, end) = self.range(index)?;
        Some(Chunk {
            delivery: self.delivery(),
            index,
            data: certificate.get(start..end)?,
        })
    }

    /// Whether `certificate` is the one that this manifest promises.
    pub fn matches(&self, certificate: &[u8]) -> bool {
        <[u8; 32]>::from(Sha256::digest(certificate)) == self.digest
    }

    /// Where in the certificate the chunk at `index` begins and ends.
    pub(crate) fn range(&self, index: u16) -> Option<(usize, usize)> {
        if index >= self.count {
            return None;
        }
        let start = usize::from(index).checked_mul(self.chunk_size())?;
        let end = start.checked_add(self.chunk_size())?.min(self.length());
        Some((start, end))
    }

    /// Reads what follows the kind.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let delivery = Delivery::from(reader.u32()?);
        let manifest = Self {
            length: reader.u16()?,
            count: reader.u16()?,
            digest: reader.byte_array()?,
        };
        if manifest.delivery() == delivery && manifest.is_consistent() {
            Ok(manifest)
        } else {
            Err(DecodeError::ManifestInconsistent)
        }
    }

    /// Whether every chunk has data and the last one ends where the certificate does.
    fn is_consistent(&self) -> bool {
        (1..=MAX_CERTIFICATE).contains(&self.length())
            && (1..=MAX_CHUNKS).contains(&usize::from(self.count))
            && ceil_div(self.length(), self.chunk_size()) == Some(usize::from(self.count))
    }
}

impl Message for Manifest {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        encoder
            .array(5)?
            .u16(MANIFEST)?
            .u32(self.delivery().number())?
            .u16(self.length)?
            .u16(self.count)?
            .bytes(&self.digest)?;
        Ok(())
    }
}

/// `dividend / divisor`, rounded up; `None` for a divisor of 0.
fn ceil_div(dividend: usize, divisor: usize) -> Option<usize> {
    let whole = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?;
    whole.checked_add(usize::from(rest > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_cut_into_as_few_even_chunks_as_fit() {
        let certificate = [7; 655];
        let manifest = Manifest::new(&certificate, 207).unwrap();
        assert_eq!((manifest.count(), manifest.chunk_size()), (4, 164));
        let last = manifest.chunk(3, &certificate).unwrap();
        assert_eq!(last.data().len(), 655 - 3 * 164);
        assert_eq!(manifest.chunk(4, &certificate), None);
    }

    #[test]
    fn what_cannot_be_delivered_is_said_before_anything_is_sent() {
        assert_eq!(Manifest::new(&[], 207), Err(PlanError::CertificateEmpty));
        assert_eq!(Manifest::new(&[0; 655], 0), Err(PlanError::NoRoom));
        assert_eq!(
            Manifest::new(&[0; MAX_CERTIFICATE + 1], 4000),
            Err(PlanError::CertificateTooLarge {
                length: MAX_CERTIFICATE + 1
            })
        );
        assert_eq!(
            Manifest::new(&[0; 655], 5),
            Err(PlanError::TooManyChunks { count: 131 })
        );
        assert_eq!(Manifest::new(&[0; 128], 1).unwrap().count(), 128);
    }

    #[test]
    fn every_plan_is_a_consistent_manifest_whose_chunks_are_the_certificate() {
        let certificate: [u8; 700] = core::array::from_fn(|i| i.to_le_bytes()[0]);
        for length in 1..=certificate.len() {
            let certificate = &certificate[..length];
            for room in [1, 2, 3, 7, 64, 80, 207, 699, 700, 4000] {
                let Ok(manifest) = Manifest::new(certificate, room) else {
                    assert!(length > room * MAX_CHUNKS);
                    continue;
                };
                assert!(manifest.is_consistent(), "{manifest:?}");
                let mut rest = certificate;
                for index in 0..manifest.count() {
                    let chunk = manifest.chunk(index, certificate).unwrap();
                    assert!((1..=room).contains(&chunk.data().len()));
                    rest = rest.strip_prefix(chunk.data()).unwrap();
                }
                assert!(rest.is_empty());
            }
        }
    }
}
