//! Parquet's mix of runs and packed groups, read a stretch at a time.
//!
//! Takes the bytes of dictionary numbers or of known bits; gives values through a
//! dictionary, or bits. Reads what this build's writer makes; bytes that make no
//! sense give zeros, because the chunk's hash was proved before.

use bytes::Bytes;

use super::batch::{push_bits, push_same};

#[derive(Debug, Clone, Copy)]
enum Run {
    /// The same number again and again.
    Same { number: u32, left: usize },
    /// Numbers packed one after another from byte `start`; `at` are read.
    Packed { start: usize, at: usize, left: usize },
}

/// A reader of numbers of `width` bits.
#[derive(Debug)]
pub(super) struct Runs {
    bytes: Bytes,
    /// The next run's header.
    next: usize,
    width: usize,
    run: Run,
}

impl Runs {
    /// Numbers of `width` bits, at most 32.
    pub(super) fn new(bytes: Bytes, width: u8) -> Runs {
        Runs { bytes, next: 0, width: usize::from(width.min(32)), run: Run::Same { number: 0, left: 0 } }
    }

    /// Makes the next run current; false at the end.
    fn advance(&mut self) -> bool {
        let (mut header, mut shift) = (0u64, 0);
        loop {
            let Some(byte) = self.bytes.get(self.next) else { return false };
            self.next += 1;
            header |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift > 56 {
                break;
            }
        }
        let count = usize::try_from(header >> 1).unwrap_or(0);
        if header & 1 == 1 {
            self.run = Run::Packed { start: self.next, at: 0, left: count.saturating_mul(8) };
            self.next = self.next.saturating_add(count.saturating_mul(self.width));
        } else {
            let bytes = self.width.div_ceil(8);
            let number = (0..bytes).fold(0, |number, at| {
                number | u32::from(self.bytes.get(self.next + at).copied().unwrap_or(0)) << (8 * at)
            });
            self.next += bytes;
            self.run = Run::Same { number, left: count };
        }
        true
    }

    /// Fills `out` with `dictionary[number]`. The dictionary has at least 256 entries.
    pub(super) fn fill<T: Copy + Default>(&mut self, dictionary: &[T], mut out: &mut [T]) {
        while !out.is_empty() {
            match self.run {
                Run::Same { left: 0, .. } | Run::Packed { left: 0, .. } => {
                    if !self.advance() {
                        return;
                    }
                }
                Run::Same { number, left } => {
                    let take = left.min(out.len());
                    let (now, later) = out.split_at_mut(take);
                    now.fill(dictionary.get(number as usize).copied().unwrap_or_default());
                    self.run = Run::Same { number, left: left - take };
                    out = later;
                }
                Run::Packed { start, at, left } => {
                    let take = left.min(out.len());
                    let (now, later) = out.split_at_mut(take);
                    unpack(&self.bytes, start, self.width, at, dictionary, now);
                    self.run = Run::Packed { start, at: at + take, left: left - take };
                    out = later;
                }
            }
        }
    }

    /// Passes over `count` numbers.
    pub(super) fn skip(&mut self, mut count: usize) {
        while count > 0 {
            let (Run::Same { left, .. } | Run::Packed { left, .. }) = self.run;
            let take = left.min(count);
            match &mut self.run {
                Run::Same { left, .. } => *left -= take,
                Run::Packed { left, at, .. } => {
                    *left -= take;
                    *at += take;
                }
            }
            count -= take;
            if count > 0 && !self.advance() {
                return;
            }
        }
    }

    /// Reads `count` bits (width 1) as a bitmap; `None` if all are set.
    pub(super) fn bits(&mut self, count: usize) -> Option<Vec<u8>> {
        let (mut out, mut filled) = (Vec::with_capacity(count.div_ceil(8)), 0);
        while filled < count {
            match self.run {
                Run::Same { left: 0, .. } | Run::Packed { left: 0, .. } => {
                    if !self.advance() {
                        break;
                    }
                }
                Run::Same { number: 1, left } if filled == 0 && left >= count => return None,
                Run::Same { number, left } => {
                    let take = left.min(count - filled);
                    push_same(&mut out, filled, number == 1, take);
                    filled += take;
                    self.run = Run::Same { number, left: left - take };
                }
                Run::Packed { start, at, left } => {
                    let take = left.min(count - filled);
                    push_bits(&mut out, filled, self.bytes.get(start..).unwrap_or_default(), at, take);
                    filled += take;
                    self.run = Run::Packed { start, at: at + take, left: left - take };
                }
            }
        }
        out.resize(count.div_ceil(8), 0);
        Some(out)
    }
}

/// Eight bytes from `at`, zeros beyond the end.
#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    if let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        return u64::from_le_bytes(*eight);
    }
    let mut eight = [0; 8];
    for (slot, byte) in eight.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        *slot = *byte;
    }
    u64::from_le_bytes(eight)
}

fn unpack<T: Copy + Default>(bytes: &[u8], start: usize, width: usize, at: usize, dictionary: &[T], out: &mut [T]) {
    // finish the group of eight that an earlier stretch began
    let head = at.next_multiple_of(8).saturating_sub(at).min(out.len());
    let (first, rest) = out.split_at_mut(head);
    one_by_one(bytes, start, width, at, dictionary, first);
    let at = at + head;
    let base = start + at / 8 * width;
    let small = dictionary.first_chunk::<256>();
    let done = match (width, small) {
        (1, Some(small)) => eights::<T, 1>(bytes, base, small, rest),
        (2, Some(small)) => eights::<T, 2>(bytes, base, small, rest),
        (3, Some(small)) => eights::<T, 3>(bytes, base, small, rest),
        (4, Some(small)) => eights::<T, 4>(bytes, base, small, rest),
        (5, Some(small)) => eights::<T, 5>(bytes, base, small, rest),
        (6, Some(small)) => eights::<T, 6>(bytes, base, small, rest),
        (7, Some(small)) => eights::<T, 7>(bytes, base, small, rest),
        (8, Some(small)) => eights::<T, 8>(bytes, base, small, rest),
        (9, _) => wides::<T, 9>(bytes, base, dictionary, rest),
        (10, _) => wides::<T, 10>(bytes, base, dictionary, rest),
        (11, _) => wides::<T, 11>(bytes, base, dictionary, rest),
        (12, _) => wides::<T, 12>(bytes, base, dictionary, rest),
        (13, _) => wides::<T, 13>(bytes, base, dictionary, rest),
        (14, _) => wides::<T, 14>(bytes, base, dictionary, rest),
        (15, _) => wides::<T, 15>(bytes, base, dictionary, rest),
        (16, _) => wides::<T, 16>(bytes, base, dictionary, rest),
        _ => 0,
    };
    let tail = rest.get_mut(done..).unwrap_or_default();
    one_by_one(bytes, start, width, at + done, dictionary, tail);
}

/// Whole groups of eight numbers of `W` bits; gives how many values were written.
#[inline]
fn eights<T: Copy, const W: usize>(bytes: &[u8], base: usize, dictionary: &[T; 256], out: &mut [T]) -> usize {
    let mask = (1u64 << W) - 1;
    let mut done = 0;
    let mut at = base;
    for group in out.as_chunks_mut::<8>().0 {
        let word = word(bytes, at);
        for (place, slot) in group.iter_mut().enumerate() {
            *slot = dictionary[usize::from((word >> (place * W) & mask) as u8)];
        }
        at += W;
        done += 8;
    }
    done
}

/// As `eights`, for numbers of 9 to 16 bits: two words hold four numbers each.
#[inline]
fn wides<T: Copy + Default, const W: usize>(bytes: &[u8], base: usize, dictionary: &[T], out: &mut [T]) -> usize {
    let mask = (1u64 << W) - 1;
    let mut done = 0;
    let mut at = base;
    for group in out.as_chunks_mut::<8>().0 {
        let words = [word(bytes, at), word(bytes, at + W / 2) >> (W % 2 * 4)];
        for (half, word) in group.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            for (place, slot) in half.iter_mut().enumerate() {
                let number = (word >> (place * W) & mask) as usize;
                *slot = dictionary.get(number).copied().unwrap_or_default();
            }
        }
        at += W;
        done += 8;
    }
    done
}

fn one_by_one<T: Copy + Default>(bytes: &[u8], start: usize, width: usize, at: usize, dictionary: &[T], out: &mut [T]) {
    let mask = (1u64 << width) - 1;
    let mut bit = at * width;
    for slot in out {
        let number = word(bytes, start + bit / 8) >> (bit % 8) & mask;
        *slot = dictionary.get(number as usize).copied().unwrap_or_default();
        bit += width;
    }
}
