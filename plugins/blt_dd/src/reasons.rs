//! The six reasons of BLT Dana Desa, one function each.
//!
//! Takes what is known of a family; gives for each reason met, not met or not
//! known. Whether one is enough is `any_reason`'s to say, and which of them a
//! village takes is a setting. Only living members count.

use kit::{Known, Outcome, law};

use crate::{BltDd, Family};

/// Names of the reasons: the options of the setting, in the order of bits.
pub(crate) const REASONS: [&str; 6] =
    ["extreme_poor", "livelihood_lost", "chronic_illness", "elderly_alone", "severe_disability", "female_head"];

/// Whether any of several members meets a test.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    met: bool,
    open: bool,
}

impl Found {
    /// Adds the answer of one member.
    #[inline(always)]
    pub(crate) fn add(&mut self, answer: Known<bool>) {
        self.met |= answer == Some(true);
        self.open |= answer.is_none();
    }

    /// One member who meets it is enough; if none does, a member of whom it is
    /// not known, or one who is not loaded, leaves it open.
    #[inline(always)]
    fn answer(self, complete: bool) -> Known<bool> {
        if self.met {
            Some(true)
        } else if self.open || !complete {
            None
        } else {
            Some(false)
        }
    }
}

impl BltDd {
    /// All six, in the order of `REASONS`.
    #[inline(always)]
    pub(crate) fn reasons(&self, family: &Family) -> [Known<bool>; 6] {
        let complete = family.household.members_complete(family.declared) == Outcome::Pass;
        [
            self.extreme_poor(family),
            self.livelihood_lost(family),
            self.chronic_illness(family, complete),
            self.elderly_alone(family, complete),
            self.severe_disability(family, complete),
            self.female_head(family, complete),
        ]
    }

    /// The national decile is 1 (`extreme_poor_max_decile`); undetermined is not.
    ///
    /// Why: the extreme poor come first in the village fund's use.
    /// Example: decile 2: not met, unless the village sets the limit higher.
    /// Source: BLTDD-26B, BLTDD-26C; KEP79 (decile 1 = extreme poor).
    #[inline(always)]
    fn extreme_poor(&self, family: &Family) -> Known<bool> {
        decile_in(family.decile, self.settings.extreme_poor_max_decile)
    }

    /// The KK is on the list of lost livelihoods. A list that was not delivered
    /// means no (`livelihood_undelivered`).
    ///
    /// Why: who lost the means to live is poor before any register says so.
    /// Example: a fisher whose boat sank, reported by the village: met.
    /// Source: BLTDD-26B, BLTDD-26C.
    #[inline(always)]
    fn livelihood_lost(&self, family: &Family) -> Known<bool> {
        match family.livelihood_lost {
            None if self.undelivered_is_no => Some(false),
            known => known,
        }
    }

    /// A living member has an illness of `chronic_codes`.
    ///
    /// Why: long illness eats a family's income.
    /// Example: code 10, kidney failure: met. Code 2, high blood pressure: not.
    /// Source: BLTDD-26B, BLTDD-26C; the codes are assumed.
    #[inline(always)]
    fn chronic_illness(&self, family: &Family, complete: bool) -> Known<bool> {
        family.chronic.answer(complete)
    }

    /// One living member only, who has completed `elderly_age` years.
    ///
    /// Why: nobody in the house can earn or care.
    /// Example: a widow of 60 today whose husband is recorded as dead: met.
    /// Source: BLTDD-26B, BLTDD-26C; the age is assumed.
    #[inline(always)]
    fn elderly_alone(&self, family: &Family, complete: bool) -> Known<bool> {
        match (family.household.living, family.elderly.answer(true)) {
            // one who is not loaded may live here too, or be the one
            (1, Some(true)) if !complete => None,
            (0, _) if !complete => None,
            (1, elderly) => elderly,
            _ => Some(false),
        }
    }

    /// A living member cannot at all do one of the nine things asked in the
    /// delivery's columns 24 to 32.
    ///
    /// Why: a severe disability raises costs and binds a carer.
    /// Example: cannot walk at all: met. A null and no such answer: not known.
    /// Source: BLTDD-26B, BLTDD-26C; the threshold is assumed.
    #[inline(always)]
    fn severe_disability(&self, family: &Family, complete: bool) -> Known<bool> {
        family.severe.answer(complete)
    }

    /// The living head is a woman, and the decile is 1 to `female_head_max_decile`.
    ///
    /// Why: a woman who heads a poor family alone often earns less.
    /// Example: a woman at the head in decile 3: met; without decile: not met.
    /// Source: BLTDD-26B, BLTDD-26C (poor: KEP79).
    #[inline(always)]
    fn female_head(&self, family: &Family, complete: bool) -> Known<bool> {
        let poor = decile_in(family.decile, self.settings.female_head_max_decile);
        match (family.female_head.answer(complete), poor) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
}

/// Whether a decile lies in 1 to `max`: none is a known no.
#[inline(always)]
fn decile_in(decile: Known<u8>, max: i64) -> Known<bool> {
    decile.map(|decile| decile != law::DECILE_NONE && i64::from(decile) <= max)
}
