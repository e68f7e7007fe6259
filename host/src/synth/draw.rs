//! Seeded draws: one ChaCha8 stream per family, so that a family is the same
//! whatever was drawn before it. Integers only. Never a clock or the system's
//! randomness.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws.
pub(super) struct Draw {
    rng: ChaCha8Rng,
}

impl Draw {
    /// All streams of a seed; `start` chooses one.
    pub(super) fn new(seed: u64) -> Draw {
        Draw { rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Goes to the beginning of a family's stream.
    pub(super) fn start(&mut self, stream: u64) {
        self.rng.set_stream(stream);
        self.rng.set_word_pos(0);
    }

    /// How much of the stream was drawn.
    pub(super) fn drawn(&self) -> u128 {
        self.rng.get_word_pos()
    }

    /// Goes back to where a family's stream was left.
    pub(super) fn resume(&mut self, stream: u64, drawn: u128) {
        self.rng.set_stream(stream);
        self.rng.set_word_pos(drawn);
    }

    /// 32 random bits.
    pub(super) fn bits(&mut self) -> u32 {
        self.rng.next_u32()
    }

    /// A number from 0 up to, not including, `end`; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.bits()) * u64::from(end)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `share` of 1,000 cases.
    pub(super) fn chance(&mut self, share: u32) -> bool {
        self.below(1_000) < share
    }

    /// True in `share` of 100,000 cases.
    pub(super) fn rarely(&mut self, share: u32) -> bool {
        self.below(100_000) < share
    }

    /// One of the values, by weight.
    pub(super) fn weighted(&mut self, choices: &[(u8, u16)]) -> u8 {
        let total: u32 = choices.iter().map(|(_, weight)| u32::from(*weight)).sum();
        let mut left = self.below(total);
        for (value, weight) in choices {
            let weight = u32::from(*weight);
            if left < weight {
                return *value;
            }
            left -= weight;
        }
        choices.last().map_or(0, |(value, _)| *value)
    }
}

/// A well-mixed number from three small ones: attributes of places.
pub(super) fn mixed(seed: u64, a: u64, b: u64) -> u64 {
    let mut x = seed ^ a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for _ in 0..2 {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
    }
    x
}

/// A share for a decile, straight between its values in decile 1, 5 and 10.
pub(super) fn by_decile(at: [u32; 3], decile: u8) -> u32 {
    let d = u32::from(decile.clamp(1, 10));
    let [first, middle, last] = at;
    if d <= 5 { (first * (5 - d) + middle * (d - 1)) / 4 } else { (middle * (10 - d) + last * (d - 5)) / 5 }
}
