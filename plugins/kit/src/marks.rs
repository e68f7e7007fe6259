//! Marks: what a program needs to know of each member, as bits of one word.
//!
//! Takes member columns; gives one word per member, made column by column. A
//! loop over one column holds little at a time and becomes vector instructions,
//! natively and in wasm, where a loop over members that looks at twenty columns
//! does neither. A family is then the bits of its members' words together.
//! Bits below `HEAD` belong to the program; those of `law` are set here.

use crate::columns::{Bits, Numbers, S32, Set, SetAt, U8};
use crate::law::{ITEMS_OF_INCOME, ITEMS_OF_RECORD, STATE_JOB as JOB, Scope};

/// Head of the family.
pub const HEAD: u32 = 1 << 25;
/// Known to be dead. Such a member keeps no other mark but `HEAD`.
pub const DEAD: u32 = 1 << 26;
/// Excluded in person (scope `person`), and so counts for nothing.
pub const EXCLUDED: u32 = 1 << 28;
/// A hit that excludes the family.
pub const HIT: u32 = 1 << 29;
/// The exclusion list does not say all that matters of this member.
pub const UNCHECKED: u32 = 1 << 30;
/// Job status 5 holds, or may hold.
pub const STATE_JOB: u32 = 1 << 31;

/// The words of consecutive members; `start` is the row of the first, a multiple of 8.
#[derive(Debug)]
pub struct Marks<'w> {
    start: usize,
    words: &'w mut [u32],
}

/// Each word anew from itself and the value beside it.
#[inline(always)]
fn beside<T: Copy>(words: &mut [u32], values: &[T], next: impl Fn(u32, T) -> u32) {
    for (word, value) in words.iter_mut().zip(values) {
        *word = next(*word, *value);
    }
}

/// `bit` if it holds.
#[inline(always)]
#[must_use]
pub const fn mark(bit: u32, holds: bool) -> u32 {
    // all ones or none: no branch, and no multiplication that could overflow
    bit & 0_u32.wrapping_sub(holds as u32)
}

// Each pass is a function of its own: a few columns and constants then stay in
// registers, which one long function would spill. A closure takes what it needs by
// value, so that nothing it reads could be changed by the writing of words.
impl<'w> Marks<'w> {
    pub(crate) fn new(start: usize, words: &'w mut [u32]) -> Self {
        Self { start, words }
    }

    /// Each word anew from itself.
    #[inline(never)]
    pub fn each(&mut self, next: impl Fn(u32) -> u32) {
        for word in self.words.iter_mut() {
            *word = next(*word);
        }
    }

    /// Each word anew from itself, the value of its row and whether that is
    /// known; an unknown value is zero.
    #[inline(never)]
    pub fn numbers<T: Copy + Default>(&mut self, column: &Numbers<'_, T>, next: impl Fn(u32, T, bool) -> u32) {
        let (values, valid) = column.rows(self.start, self.words.len());
        match (values, valid) {
            ([], _) => self.each(move |word| next(word, T::default(), false)),
            (values, None) => beside(self.words, values, |word, value| next(word, value, true)),
            (values, Some(valid)) => {
                let known = |byte: u8, at: usize| byte >> at & 1 == 1;
                let ((words, word_rest), (values, value_rest)) =
                    (self.words.as_chunks_mut::<8>(), values.as_chunks::<8>());
                for ((words, values), byte) in words.iter_mut().zip(values).zip(valid) {
                    for (at, (word, value)) in words.iter_mut().zip(values).enumerate() {
                        *word = next(*word, *value, known(*byte, at));
                    }
                }
                let byte = valid.get(words.len()).copied().unwrap_or(0);
                for (at, (word, value)) in word_rest.iter_mut().zip(value_rest).enumerate() {
                    *word = next(*word, *value, known(byte, at));
                }
            }
        }
    }

    /// As `numbers`, for codes with 0 = unknown.
    #[inline(never)]
    pub fn codes(&mut self, column: &U8<'_>, next: impl Fn(u32, u8) -> u32) {
        match column.rows(self.start, self.words.len()).0 {
            [] => self.each(|word| next(word, 0)),
            values => beside(self.words, values, next),
        }
    }

    /// Each word anew from itself, whether its row is a known yes and whether it is a known no.
    #[inline(never)]
    pub fn bits(&mut self, column: &Bits<'_>, next: impl Fn(u32, bool, bool) -> u32) {
        let (yes, valid) = column.rows(self.start, self.words.len());
        for (at, words) in self.words.chunks_mut(8).enumerate() {
            let yes = yes.get(at).copied().unwrap_or(0);
            let no = !yes & valid(at);
            for (at, word) in words.iter_mut().enumerate() {
                *word = next(*word, yes >> at & 1 == 1, no >> at & 1 == 1);
            }
        }
    }

    /// Each word anew from itself and the set of its row.
    #[inline(never)]
    pub fn sets(&mut self, column: &Set<'_>, next: impl Fn(u32, SetAt) -> u32) {
        match column.rows(self.start, self.words.len()) {
            ([], _) | (_, []) => self.each(|word| next(word, SetAt::default())),
            (members, known) => {
                for ((word, members), known) in self.words.iter_mut().zip(members).zip(known) {
                    *word = next(*word, SetAt { members: *members, known: *known });
                }
            }
        }
    }

    /// Calls `next` for the few members whose code is not 0, with the word and the row.
    #[inline(never)]
    pub fn rare(&mut self, column: &U8<'_>, next: impl Fn(u32, usize) -> u32) {
        let codes = column.rows(self.start, self.words.len()).0;
        for (chunk, codes) in codes.chunks(16).enumerate() {
            if codes.iter().fold(0, |all, code| all | code) == 0 {
                continue;
            }
            for (at, code) in codes.iter().enumerate() {
                let at = chunk * 16 + at;
                if let (Some(word), true) = (self.words.get_mut(at), *code != 0) {
                    *word = next(*word, self.start + at);
                }
            }
        }
    }

    /// Sets `HEAD` and `DEAD`.
    #[inline(always)]
    pub fn people(&mut self, relation: &U8<'_>, dead: &Bits<'_>) {
        self.codes(relation, |word, relation| word | mark(HEAD, relation == crate::law::HEAD));
        self.bits(dead, |word, dead, _| word | mark(DEAD, dead));
    }

    /// Sets `STATE_JOB`. The question is put to people of 5 and over who work: it
    /// may hold where the answer is missing and nothing says that it was not put.
    /// Who was born after `asked_from` is too young.
    #[inline(always)]
    pub fn state_jobs(&mut self, job: &U8<'_>, working: &Bits<'_>, birth: &S32<'_>, asked_from: i32) {
        self.numbers(birth, move |word, birth, known| word | mark(STATE_JOB, !(known & (birth > asked_from))));
        self.bits(working, |word, _, idle| word & !mark(STATE_JOB, idle));
        self.codes(job, |word, job| {
            let may = mark(STATE_JOB, job == 0) & word;
            (word & !STATE_JOB) | may | mark(STATE_JOB, job == JOB)
        });
    }

    /// Sets `HIT`, `UNCHECKED` and `EXCLUDED` by the exclusion list: items 1 to 8
    /// of anyone, items 10 to 12 and 14 to 16 of the head. Who has a hit on items 1 to 8
    /// keeps no `STATE_JOB`. `people` and `state_jobs` go before.
    #[inline(always)]
    pub fn exclusions(&mut self, list: &Set<'_>, scope: Scope) {
        let of_income = if scope == Scope::Kk { HIT } else { EXCLUDED };
        self.sets(list, move |word, set| {
            let record = mark(ITEMS_OF_RECORD, word & HEAD != 0);
            let income = set.members & ITEMS_OF_INCOME != 0;
            // settled by the hit, but for what the head's record may still say of the family
            let wanted = record | mark(ITEMS_OF_INCOME, !income);
            (word & !mark(STATE_JOB, income))
                | mark(UNCHECKED, set.known & wanted != wanted)
                | mark(of_income, income)
                | mark(HIT, set.members & record != 0)
        });
    }

    /// Drops what does not count: all marks of the dead but `HEAD`, and the
    /// program's `own` marks and job of who is excluded in person.
    #[inline(always)]
    pub fn settle(&mut self, own: u32) {
        self.each(move |word| {
            let word = word & !mark(own | STATE_JOB, word & EXCLUDED != 0);
            word & !mark(!(HEAD | DEAD), word & DEAD != 0)
        });
    }
}
