//! Which chunks are not there yet.

use crate::manifest::MAX_CHUNKS;

/// A set of chunk indexes below [`MAX_CHUNKS`], in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MissingSet(u128);

// One bit a chunk.
const _: () = assert!(MAX_CHUNKS == u128::BITS as usize);

impl MissingSet {
    /// Nothing is missing.
    pub const fn new() -> Self {
        Self(0)
    }

    /// All of the first `count` chunks are missing; at most [`MAX_CHUNKS`] are.
    pub fn all(count: u16) -> Self {
        Self(match u128::MAX.checked_shl(u32::from(count)) {
            Some(beyond) => !beyond,
            None => u128::MAX,
        })
    }

    /// Adds an index. `false` if it is not below [`MAX_CHUNKS`]; then the set is as before.
    pub fn insert(&mut self, index: u16) -> bool {
        let bit = Self::bit(index);
        self.0 |= bit;
        bit != 0
    }

    /// Takes an index out; one that is not in the set changes nothing.
    pub fn remove(&mut self, index: u16) {
        self.0 &= !Self::bit(index);
    }

    /// Whether the index is in the set.
    pub fn contains(&self, index: u16) -> bool {
        self.0 & Self::bit(index) != 0
    }

    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// How many are missing.
    pub fn len(&self) -> usize {
        self.0.count_ones() as usize
    }

    /// The indexes, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let lowest = rest.trailing_zeros();
            // Takes the lowest bit away; of nothing, nothing.
            rest &= rest.wrapping_sub(1);
            u16::try_from(lowest)
                .ok()
                .filter(|index| usize::from(*index) < MAX_CHUNKS)
        })
    }

    /// Whether only chunks of a delivery of `count` are in the set.
    pub(crate) fn is_within(&self, count: u16) -> bool {
        self.0 & !Self::all(count).0 == 0
    }

    /// Bit n is chunk n.
    pub(crate) const fn bits(self) -> u128 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    fn bit(index: u16) -> u128 {
        1u128.checked_shl(u32::from(index)).unwrap_or(0)
    }
}

impl Extend<u16> for MissingSet {
    /// Adds the indexes; those not below [`MAX_CHUNKS`] are left out.
    fn extend<I: IntoIterator<Item = u16>>(&mut self, indexes: I) {
        for index in indexes {
            self.insert(index);
        }
    }
}

impl FromIterator<u16> for MissingSet {
    /// The set of these indexes; those not below [`MAX_CHUNKS`] are left out.
    fn from_iter<I: IntoIterator<Item = u16>>(indexes: I) -> Self {
        let mut set = Self::new();
        set.extend(indexes);
        set
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    #[test]
    fn what_is_inserted_is_missing_until_it_is_removed() {
        let mut set = MissingSet::new();
        assert!(set.is_empty());
        assert!(set.insert(127) && set.insert(0) && set.insert(5) && set.insert(5));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 127]);
        assert_eq!(set.len(), 3);
        set.remove(5);
        assert!(!set.contains(5) && set.contains(127));
    }

    #[test]
    fn an_index_beyond_the_last_possible_chunk_is_never_in_the_set() {
        let mut set = MissingSet::new();
        for index in [128, 129, 255, 256, u16::MAX] {
            assert!(!set.insert(index));
            assert!(!set.contains(index));
            set.remove(index);
        }
        assert!(set.is_empty());
    }

    #[test]
    fn all_is_every_chunk_and_no_more() {
        for count in [0, 1, 4, 127, 128] {
            let expected: Vec<u16> = (0..count).collect();
            assert_eq!(MissingSet::all(count).iter().collect::<Vec<_>>(), expected);
        }
        assert_eq!(MissingSet::all(u16::MAX).len(), MAX_CHUNKS);
    }
}
