//! What the cloud sends to a device.

use crate::chunk::CHUNK;
use crate::codec::{self, Message};
use crate::manifest::MANIFEST;
use crate::{Chunk, DecodeError, Delivery, EncodeError, Manifest};
use minicbor::Encoder;
use minicbor::encode::{Error, Write};

/// The kind that stands first in an activation.
const ACTIVATED: u16 = 2;

/// A message on `accepted`, the cloud's to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// What is going to be delivered.
    Manifest(Manifest),
    /// One piece of it.
    Chunk(Chunk<'a>),
    /// The certificate works from now on: connect with it.
    Activated(Delivery),
}

impl<'a> Answer<'a> {
    /// Reads a payload. Integers longer than need be are taken; indefinite lengths and anything that follows
    /// the message are not. Never panics, whatever the bytes.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        codec::decode(bytes, |reader| {
            let found = reader.array()?;
            let kind = reader.u16()?;
            let expected = match kind {
                MANIFEST => 5,
                CHUNK => 4,
                ACTIVATED => 2,
                unknown => return Err(DecodeError::UnknownMessage(unknown)),
            };
            if found != expected {
                return Err(DecodeError::FieldCount { expected, found });
            }
            Ok(match kind {
                MANIFEST => Self::Manifest(Manifest::read(reader)?),
                CHUNK => Self::Chunk(Chunk::read(reader)?),
                _ => Self::Activated(Delivery::from(reader.u32()?)),
            })
        })
    }

    /// Writes the payload to the beginning of `buffer` and answers its length in bytes.
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        codec::encode(self, buffer)
    }

    /// How many bytes [`Self::encode`] takes.
    pub fn encoded_len(&self) -> usize {
        codec::encoded_len(self)
    }

    /// The delivery that the message belongs to.
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Manifest(manifest) => manifest.delivery(),
            Self::Chunk(chunk) => chunk.delivery(),
            Self::Activated(delivery) => *delivery,
        }
    }
}

impl Message for Answer<'_> {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        match self {
            Self::Manifest(manifest) => manifest.write(encoder),
            Self::Chunk(chunk) => chunk.write(encoder),
            Self::Activated(delivery) => {
                encoder.array(2)?.u16(ACTIVATED)?.u32(delivery.number())?;
                Ok(())
            }
        }
    }
}
