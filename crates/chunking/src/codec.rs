//! What every message does alike with CBOR: count, write, and read to the very end.

use crate::{DecodeError, EncodeError};
use core::convert::Infallible;
use minicbor::encode::{Error, Write};
use minicbor::{Decoder, Encoder};

/// A message that can be written as CBOR.
pub(crate) trait Message {
    /// Writes the message to whatever `encoder` writes to.
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>>;
}

/// Counts bytes and keeps none.
struct Counter(usize);

impl Write for Counter {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(())
    }
}

/// How many bytes the message takes.
pub(crate) fn encoded_len(message: &impl Message) -> usize {
    let mut encoder = Encoder::new(Counter(0));
    // Counting cannot fail: the writer's error has no values.
    let _ = message.write(&mut encoder);
    encoder.into_writer().0
}

/// Writes the message to the beginning of `buffer`; answers how many bytes it took.
pub(crate) fn encode(message: &impl Message, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    let needed = encoded_len(message);
    let available = buffer.len();
    match message.write(&mut Encoder::new(buffer)) {
        Ok(()) => Ok(needed),
        Err(_) => Err(EncodeError { needed, available }),
    }
}

/// Reads one value and insists that nothing follows it.
pub(crate) fn decode<'b, T>(
    bytes: &'b [u8],
    read: impl FnOnce(&mut Reader<'b>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let mut reader = Reader(Decoder::new(bytes));
    let value = read(&mut reader)?;
    match bytes.len().saturating_sub(reader.0.position()) {
        0 => Ok(value),
        trailing => Err(DecodeError::TrailingBytes { trailing }),
    }
}

/// Reads definite-length CBOR and says where it could not.
pub(crate) struct Reader<'b>(Decoder<'b>);

impl<'b> Reader<'b> {
    /// The number of an array's elements.
    pub(crate) fn array(&mut self) -> Result<u64, DecodeError> {
        let at = self.0.position();
        let length = self.0.array().map_err(|_| DecodeError::Malformed { at })?;
        length.ok_or(DecodeError::Malformed { at })
    }

    /// An array of exactly `expected` elements.
    pub(crate) fn fields(&mut self, expected: u64) -> Result<(), DecodeError> {
        match self.array()? {
            found if found == expected => Ok(()),
            found => Err(DecodeError::FieldCount { expected, found }),
        }
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.read(Decoder::u32)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.read(Decoder::u16)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], DecodeError> {
        self.read(Decoder::bytes)
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn byte_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let at = self.0.position();
        self.bytes()?
            .try_into()
            .map_err(|_| DecodeError::Malformed { at })
    }

    fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, DecodeError> {
        let at = self.0.position();
        read(&mut self.0).map_err(|_| DecodeError::Malformed { at })
    }
}
