//! One piece of a certificate.

use crate::codec::{Message, Reader};
use crate::{DecodeError, Delivery, MAX_CHUNKS};
use minicbor::Encoder;
use minicbor::encode::{Error, Write};

/// The kind that stands first in a chunk.
pub(crate) const CHUNK: u16 = 1;
/// Bytes before the data's own head at the most: array and kind, delivery, index.
pub(crate) const LARGEST_CHUNK_HEAD: usize = 2 + 5 + 2;

/// One piece of a certificate: from [`crate::Manifest::chunk`] in the cloud, from a packet on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    pub(crate) delivery: Delivery,
    pub(crate) index: u16,
    pub(crate) data: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The delivery that it is a piece of.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Its place, counted from 0.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// Its piece of the certificate's DER; never empty.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Reads what follows the kind.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let chunk = Self {
            delivery: Delivery::from(reader.u32()?),
            index: reader.u16()?,
            data: reader.bytes()?,
        };
        if usize::from(chunk.index) >= MAX_CHUNKS {
            return Err(DecodeError::IndexTooLarge(chunk.index));
        }
        if chunk.data.is_empty() {
            return Err(DecodeError::ChunkEmpty);
        }
        Ok(chunk)
    }
}

impl Message for Chunk<'_> {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        encoder
            .array(4)?
            .u16(CHUNK)?
            .u32(self.delivery.number())?
            .u16(self.index)?
            .bytes(self.data)?;
        Ok(())
    }
}
