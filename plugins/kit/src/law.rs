//! The rules that all programs share (`programs.md`, "For all programs"), so
//! that two programs cannot read the same sentence in two ways.
//!
//! Takes facts of a family and, one by one, of its members; gives outcomes.
//! Dead members never count in anything but completeness.

use crate::columns::{Known, SetAt};
use crate::criteria::Outcome;
use crate::marks;

/// Items 1 to 8 of the exclusion list: income from the state, company owners,
/// wages above the minimum, facilitators.
pub const ITEMS_OF_INCOME: u32 = 0b1_1111_1110;
/// Items 10 to 12 and 14 to 16: refused, not found, moved, judged able, data
/// mismatch, account invalid. They count by KK or by the head's NIK.
pub const ITEMS_OF_RECORD: u32 = 0b1_1101_1100_0000_0000;
/// Code of the head in `relation`.
pub const HEAD: u8 = 1;
/// `job_status` 5 lumps civil servants, army, police and state companies.
pub const STATE_JOB: u8 = 5;
/// Value of `decile` where BPS has not determined one.
pub const DECILE_NONE: u8 = 0;
/// Ages from which the delivery asks about work (`domain.md` 2.2).
pub const WORK_ASKED_FROM: i64 = 5;
/// The nine difficulties, delivery columns 24 to 32, in `severe_difficulties`.
pub const SEVERE_DIFFICULTIES: u32 = 0b1_1111_1111;
/// Code of a woman in `sex`.
pub const FEMALE: u8 = 2;
/// The options of a setting `not_with`, in the order of the codes of `other_aid`.
pub const OTHER_AID: [&str; 2] = ["permakanan", "klj"];

/// Whom a hit of a member on items 1 to 8 excludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The whole family.
    #[default]
    Kk,
    /// That person only, who then counts for nothing.
    Person,
}

impl Scope {
    /// The options of a setting `exclusion_scope`, in order.
    pub const OPTIONS: [&'static str; 2] = ["kk", "person"];

    /// The scope by its option.
    #[must_use]
    pub fn named(option: &str) -> Self {
        if option == "person" { Self::Person } else { Self::Kk }
    }
}

/// Decile at most `max`. None (undetermined) and not delivered cannot be put.
#[inline(always)]
#[must_use]
pub fn decile_within(decile: Known<u8>, max: i64) -> Outcome {
    match decile {
        None | Some(DECILE_NONE) => Outcome::Unknown,
        Some(decile) => Outcome::pass_if(Some(i64::from(decile) <= max)),
    }
}

/// Points that put a lower decile first: 10 for decile 1, 1 for decile 10, 0
/// for none and for not delivered.
#[inline(always)]
#[must_use]
pub fn decile_points(decile: Known<u8>) -> i64 {
    match decile {
        Some(decile @ 1..=10) => 11 - i64::from(decile),
        _ => 0,
    }
}

/// None of the similar aids of the mask was had in the previous period (item
/// 13). Undelivered is unknown, which the rule files let pass.
#[inline(always)]
#[must_use]
pub fn not_with(other_aid: SetAt, mask: u32) -> Outcome {
    Outcome::fail_if(other_aid.any(mask))
}

/// How many members are loaded, living and heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Household {
    /// Loaded members, dead included.
    pub loaded: u32,
    /// Members not known to be dead.
    pub living: u32,
    /// Loaded members who are head of the family, dead included.
    pub heads: u32,
}

impl Household {
    /// Counts a member.
    #[inline(always)]
    pub fn add(&mut self, relation: Known<u8>, dead: bool) {
        self.loaded += 1;
        self.living += u32::from(!dead);
        self.heads += u32::from(relation == Some(HEAD));
    }

    /// Counts a member by its mark.
    #[inline(always)]
    pub fn add_mark(&mut self, mark: u32) {
        self.loaded += 1;
        self.living += u32::from(mark & marks::DEAD == 0);
        self.heads += u32::from(mark & marks::HEAD != 0);
    }

    /// Fails only if members are loaded and all of them are dead.
    #[inline(always)]
    #[must_use]
    pub fn alive(&self) -> Outcome {
        Outcome::fail_if(Some(self.loaded > 0 && self.living == 0))
    }

    /// Unknown if loaded members differ from the declared count, or there is no head. Never fails.
    #[inline(always)]
    #[must_use]
    pub fn members_complete(&self, declared: Known<u8>) -> Outcome {
        Outcome::unknown_if(declared.map(u32::from) != Some(self.loaded) || self.heads == 0)
    }
}

/// The exclusion list (`domain.md` 4.2) and the job status that stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exclusions {
    hit: bool,
    unchecked: bool,
    state_job: bool,
}

impl Exclusions {
    /// From what is delivered by KK and the marks of all members together.
    #[inline(always)]
    #[must_use]
    pub fn of(family: SetAt, all: u32) -> Self {
        let by_kk = family.any(ITEMS_OF_INCOME | ITEMS_OF_RECORD);
        Self {
            hit: by_kk == Some(true) || all & marks::HIT != 0,
            unchecked: by_kk.is_none() || all & marks::UNCHECKED != 0,
            state_job: all & marks::STATE_JOB != 0 && family.members & ITEMS_OF_INCOME == 0,
        }
    }

    /// Fails on a hit; unknown if there is none but the list is not complete.
    #[inline(always)]
    #[must_use]
    pub fn not_excluded(&self) -> Outcome {
        if self.hit { Outcome::Fail } else { Outcome::unknown_if(self.unchecked) }
    }

    /// Unknown if a living member has job status 5 and no hit on items 1 to 8. Never fails.
    #[inline(always)]
    #[must_use]
    pub fn state_job_checked(&self) -> Outcome {
        Outcome::unknown_if(self.state_job)
    }
}
