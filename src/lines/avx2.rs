//! The survey of a text for processors that look at 32 bytes at once.
//!
//! To find the lines of a log, 16 bytes at a time as every x86-64 can, took an eighth of all that
//! docgen itself does for a raw capture. Nearly all processors in use look at 32 and count bits too,
//! which saves a third of that. What this leaves out: what is made of what was seen, which is the
//! same for all.

use std::arch::x86_64::*;

use super::{CHUNK, survey_with};

/// The same as [`super::survey`]; `None` where the processor cannot do it.
pub(super) fn survey(text: &[u8]) -> Option<(Vec<usize>, bool)> {
    let is_able = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt");
    #[allow(unsafe_code, reason = "the compiler cannot know what was asked of the processor")]
    // SAFETY: the processor has all that the function is compiled for.
    is_able.then(|| unsafe { survey_with_avx2(text) })
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn survey_with_avx2(text: &[u8]) -> (Vec<usize>, bool) {
    survey_with(text, |chunk| look(chunk))
}

/// The same as [`super::look`].
#[inline]
#[target_feature(enable = "avx2")]
fn look(chunk: &[u8; CHUNK]) -> (u64, bool) {
    let all = |byte: u8| _mm256_set1_epi8(byte as i8);
    let (mut plain, mut rare) = (all(0xff), all(0));
    let mut feeds = 0;
    for (index, lane) in chunk.as_chunks().0.iter().enumerate() {
        let bytes = load(lane);
        let is_feed = _mm256_cmpeq_epi8(bytes, all(b'\n'));
        feeds |= u64::from(_mm256_movemask_epi8(is_feed).cast_unsigned()) << (32 * index);
        let is_printable = _mm256_cmpgt_epi8(_mm256_add_epi8(bytes, all(1)), all(b' '));
        plain = _mm256_and_si256(plain, _mm256_or_si256(is_printable, is_feed));
        let [backtick, less] = [b'`', b'<'].map(|byte| _mm256_cmpeq_epi8(bytes, all(byte)));
        rare = _mm256_or_si256(rare, _mm256_or_si256(backtick, less));
    }
    (feeds, _mm256_movemask_epi8(_mm256_andnot_si256(rare, plain)) != -1)
}

/// One load, which the compiler makes of the four.
#[inline]
#[target_feature(enable = "avx2")]
fn load(lane: &[u8; 32]) -> __m256i {
    let words = lane.as_chunks().0;
    let [a, b, c, d] = std::array::from_fn(|at| i64::from_le_bytes(words[at]));
    _mm256_set_epi64x(d, c, b, a)
}
