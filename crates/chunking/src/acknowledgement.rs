//! What a device says about a delivery.

use crate::codec::{self, Message};
use crate::{DecodeError, Delivery, EncodeError, MAX_CHUNKS, MissingSet};
use minicbor::Encoder;
use minicbor::encode::{Error, Write};

/// A message on `ack`, the device's to the cloud: these chunks are not here yet. None means that the
/// certificate is complete, checked and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    delivery: Delivery,
    missing: MissingSet,
}

impl Acknowledgement {
    /// Bytes of the longest acknowledgement: array, delivery, array of [`MAX_CHUNKS`] indexes, of which the
    /// first 24 take a byte and the others two.
    pub const MAX_LENGTH: usize = 1 + 5 + 2 + 24 + 2 * (MAX_CHUNKS - 24);

    /// Of `delivery`, these are `missing`.
    pub const fn new(delivery: Delivery, missing: MissingSet) -> Self {
        Self { delivery, missing }
    }

    /// The delivery that it is about.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The chunks that are to be sent again. The cloud sends those that the delivery has
    /// ([`crate::Manifest::chunk`]) and, for one that there isn't, all of them.
    pub fn missing(&self) -> MissingSet {
        self.missing
    }

    /// Whether the device has the whole certificate.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// As much of the acknowledgement as fits in `room` bytes, for a device whose packets are small
    /// ([`crate::room_for_payload`]): the lowest indexes; the others are for the next time.
    ///
    /// `None` if not even one fits, since none at all would say that the certificate is complete.
    #[must_use]
    pub fn within(&self, room: usize) -> Option<Self> {
        if self.encoded_len() <= room {
            return Some(*self);
        }
        let mut part = Self::new(self.delivery, MissingSet::new());
        for index in self.missing.iter() {
            let mut longer = part;
            longer.missing.insert(index);
            if longer.encoded_len() > room {
                break;
            }
            part = longer;
        }
        (!part.is_complete()).then_some(part)
    }

    /// Reads a payload. Indexes may come in any order and twice, and integers may be longer than need be;
    /// an index from [`MAX_CHUNKS`] on, an indefinite length or anything that follows is refused. Never panics.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::decode(bytes, |reader| {
            reader.fields(2)?;
            let delivery = Delivery::from(reader.u32()?);
            let count = reader.array()?;
            if count > MAX_CHUNKS as u64 {
                return Err(DecodeError::TooManyIndexes(count));
            }
            let mut missing = MissingSet::new();
            for _ in 0..count {
                let index = reader.u16()?;
                if !missing.insert(index) {
                    return Err(DecodeError::IndexTooLarge(index));
                }
            }
            Ok(Self { delivery, missing })
        })
    }

    /// Writes the payload to the beginning of `buffer` and answers its length in bytes, at most
    /// [`Self::MAX_LENGTH`].
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        codec::encode(self, buffer)
    }

    /// How many bytes [`Self::encode`] takes.
    pub fn encoded_len(&self) -> usize {
        codec::encoded_len(self)
    }
}

impl Message for Acknowledgement {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        encoder
            .array(2)?
            .u32(self.delivery.number())?
            .array(self.missing.len() as u64)?;
        for index in self.missing.iter() {
            encoder.u16(index)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_acknowledgement_fits_in_the_length_that_is_promised() {
        let all = Acknowledgement::new(Delivery::from(u32::MAX), MissingSet::all(128));
        assert_eq!(all.encoded_len(), Acknowledgement::MAX_LENGTH);
    }

    #[test]
    fn a_cut_acknowledgement_never_says_complete() {
        let all = Acknowledgement::new(Delivery::from(u32::MAX), MissingSet::all(128));
        for room in 0..=Acknowledgement::MAX_LENGTH {
            match all.within(room) {
                Some(part) => {
                    assert!(part.encoded_len() <= room && !part.is_complete());
                    assert!(
                        part.missing()
                            .iter()
                            .all(|index| all.missing().contains(index))
                    );
                }
                None => assert!(room < 8),
            }
        }
        assert_eq!(all.within(Acknowledgement::MAX_LENGTH), Some(all));
    }

    #[test]
    fn a_complete_acknowledgement_stays_complete() {
        let complete = Acknowledgement::new(Delivery::from(u32::MAX), MissingSet::new());
        assert_eq!(complete.within(7), Some(complete));
        assert_eq!(complete.within(6), None);
    }
}
