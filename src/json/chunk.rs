//! Eight bytes, looked at together.
//!
//! Strings of JSON are gone through for the few bytes that mean something in them; a word of the
//! processor holds eight bytes, and a handful of its operations look at all of them. What this
//! leaves out: what the bytes mean.

/// How many bytes are looked at together.
pub(super) const CHUNK: usize = 8;

/// The chunk that begins at `at`.
#[inline]
pub(super) fn chunk(bytes: &[u8], at: usize) -> Option<&[u8; CHUNK]> {
    bytes.get(at..)?.first_chunk()
}

/// The top bit of each byte of a chunk that is such a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteMask(u64);

impl ByteMask {
    /// The bytes that are `byte`.
    #[inline]
    pub(super) fn equal(chunk: &[u8; CHUNK], byte: u8) -> ByteMask {
        zeros(u64::from_le_bytes(*chunk) ^ each(byte))
    }

    /// The control bytes, those below the space.
    #[inline]
    pub(super) fn controls(chunk: &[u8; CHUNK]) -> ByteMask {
        zeros(u64::from_le_bytes(*chunk) & each(!(b' ' - 1)))
    }

    /// Those of both.
    #[inline]
    pub(super) fn or(self, other: ByteMask) -> ByteMask {
        ByteMask(self.0 | other.0)
    }

    /// Those that are not among these.
    #[inline]
    pub(super) fn others(self) -> ByteMask {
        ByteMask(self.0 ^ each(0x80))
    }

    /// The index of the first; the length of the chunk where there is none.
    #[inline]
    pub(super) fn first(self) -> usize {
        self.0.trailing_zeros() as usize / 8
    }

    /// A bit for each byte, the first the lowest.
    #[inline]
    pub(super) fn bits(self) -> u8 {
        // The factor moves the top bit of byte N to bit 56 + N.
        (self.0.wrapping_mul(0x0002_0408_1020_4081) >> 56) as u8
    }
}

/// A word whose bytes are all `byte`.
#[inline]
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; CHUNK])
}

/// The bytes of a word that are zero: adding 127 to the lower bits of any other carries into its top
/// bit, if that is not set already.
#[inline]
fn zeros(word: u64) -> ByteMask {
    let low = each(0x7f);
    ByteMask(!(((word & low) + low) | word | low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_found_is_there(
            chunk in proptest::array::uniform8(prop_oneof![any::<u8>(), 0x1eu8..0x24, Just(b'\\')]),
            byte in prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\')],
        ) {
            let at = |is_it: &dyn Fn(u8) -> bool| {
                (0..CHUNK).filter(|&index| is_it(chunk[index])).fold(0, |bits, index| bits | 1u8 << index)
            };
            let equal = ByteMask::equal(&chunk, byte);
            prop_assert_eq!(equal.bits(), at(&|found| found == byte));
            prop_assert_eq!(equal.others().bits(), at(&|found| found != byte));
            let either = equal.or(ByteMask::controls(&chunk));
            prop_assert_eq!(either.bits(), at(&|found| found == byte || found < b' '));
            prop_assert_eq!(either.first(), (either.bits().trailing_zeros() as usize).min(CHUNK));
        }
    }
}
