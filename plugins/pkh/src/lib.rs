//! PKH (Program Keluarga Harapan): cash for poor families by their members'
//! components.
//!
//! Takes a family's facts and its members'; gives criteria, the sum that the
//! best assignment of members to components pays, and a score by decile and
//! first component. The law is `programs.md`, "PKH"; every number in it is a
//! setting. Never decides what an unknown means.
#![forbid(unsafe_code)]

mod assignment;
mod components;
mod declared;

use kit::{Award, Dates, Known, Marks, Outcome, Problem, Program, Row, SetAt, Unit, law};

use assignment::{Assignment, Members};
use components::{FOUND, Found, LIMITED, OVERLAP, Qualification};
pub use declared::{Column, Columns, Component, Criterion, ScorePart, Setting, Settings};

/// What the criteria and the award need to know of one family.
#[derive(Debug, Default)]
pub struct Family {
    decile: Known<u8>,
    declared: Known<u8>,
    household: law::Household,
    exclusions: law::Exclusions,
    other_aid: SetAt,
    /// Paid quarters so far.
    paid: Known<i64>,
    /// What the members bring, all together.
    found: Found,
    /// Whether a member qualifies for more than one component.
    overlap: bool,
    /// Row of the first member.
    start: usize,
    size: usize,
    /// What each member brings; may be longer than the family.
    brings: Vec<u8>,
}

/// PKH with its settings worked out.
#[derive(Debug)]
pub struct Pkh {
    max_decile: i64,
    scope: law::Scope,
    not_with: u32,
    limit_quarters: i64,
    quarter: i64,
    /// Members born after it are too young for school and job questions.
    asked_from: i32,
    qualification: Qualification,
    assignment: Assignment,
}

/// The criteria. Each is a test that a family passes, fails, or cannot be put to.
impl Pkh {
    /// Someone is alive to receive.
    ///
    /// Fails only if members are loaded and all are known to be dead (exclusion
    /// item 9: an heir in the same KK keeps the card). Example: a widow living
    /// alone dies. Source: `domain.md` 4.2 item 9.
    #[inline(always)]
    fn alive(&self, family: &Family) -> Outcome {
        family.household.alive()
    }

    /// All members are loaded, and one is the head.
    ///
    /// Unknown if loaded members, dead included, differ from the declared count
    /// or none is head; never fails. A missing member may bring a component or
    /// an exclusion. Example: five declared, four delivered. Source: assumed.
    #[inline(always)]
    fn members_complete(&self, family: &Family) -> Outcome {
        family.household.members_complete(family.declared)
    }

    /// BPS has determined a decile.
    ///
    /// Unknown where it is delivered as "not determined"; such a family is
    /// outside the deciles, not in decile 10. Never fails. Source: PBI-15M; review
    /// for PKH: assumed.
    #[inline(always)]
    fn decile_determined(&self, family: &Family) -> Outcome {
        Outcome::unknown_if(family.decile == Some(law::DECILE_NONE))
    }

    /// The decile is at most the limit.
    ///
    /// Unknown if no decile was delivered. A decile that is not determined is
    /// left to `decile_determined`. Example: decile 5 with limit 4 fails.
    /// Source: PUSDATIN-10FEB.
    #[inline(always)]
    fn decile_within(&self, family: &Family) -> Outcome {
        match family.decile {
            Some(law::DECILE_NONE) => Outcome::Pass,
            decile => law::decile_within(decile, self.max_decile),
        }
    }

    /// No hit on the exclusion list.
    ///
    /// Items 1 to 8 of anyone living in the KK, items 10 to 12 and 14 to 16 of
    /// the KK or its head. Unknown if there is no hit but the list is missing or
    /// not complete ("not checked"). Example: a son is a soldier. Source:
    /// EXCL-TRIBUN, EXCL-POSKOTA1, EXCL-POSKOTA2.
    #[inline(always)]
    fn not_excluded(&self, family: &Family) -> Outcome {
        family.exclusions.not_excluded()
    }

    /// No state job stands unchecked.
    ///
    /// Job status 5 lumps civil servants with state companies: a living member
    /// who has it, without a hit on items 1 to 8, makes this unknown, also when
    /// the list is complete. Never fails. Source: DTSEN-VARS; review: assumed.
    #[inline(always)]
    fn state_job_checked(&self, family: &Family) -> Outcome {
        family.exclusions.state_job_checked()
    }

    /// No similar aid in the period before (exclusion item 13).
    ///
    /// Fails on an aid named by `not_with`; unknown where the aid history does
    /// not say. Example: grandmother is fed by Permakanan. Source: `domain.md`
    /// 4.3 and 4.12.
    #[inline(always)]
    fn not_with(&self, family: &Family) -> Outcome {
        law::not_with(family.other_aid, self.not_with)
    }

    /// A living member brings at least one paid component.
    ///
    /// Unknown if none does for certain, but one may: a fact is missing, or a
    /// member. Example: a couple of 40 and 38 without children fails; with a third
    /// declared and not loaded, unknown. Source: PKH-LINGGAPURA.
    #[inline(always)]
    fn component(&self, family: &Family) -> Outcome {
        if family.found.certain() != 0 {
            Outcome::Pass
        } else if family.found.open() | family.found.level_open() != 0 || !self.complete(family) {
            Outcome::Unknown
        } else {
            Outcome::Fail
        }
    }

    /// Every fact on which a component rests is known, school levels apart.
    ///
    /// Unknown if a living member may bring a component but a birth date, sex,
    /// difficulty, delivery date, attendance or certificate is missing; what is
    /// unknown pays nothing, so it must not pass in silence. Never fails. Source: assumed.
    #[inline(always)]
    fn component_facts_known(&self, family: &Family) -> Outcome {
        Outcome::unknown_if(family.found.open() != 0)
    }

    /// The school level of every attending member of school age is known.
    ///
    /// Unknown if neither the school list nor DTSEN has it, even where the sum
    /// could not change; the member then pays nothing as a pupil. Never fails.
    /// Source: PKH-AYOBOGOR; review: assumed.
    #[inline(always)]
    fn levels_known(&self, family: &Family) -> Outcome {
        Outcome::unknown_if(family.found.level_missing())
    }

    /// Something is left after five years.
    ///
    /// After `limit_quarters` paid quarters in an unbroken run, health and
    /// education components pay nothing; this fails only if nothing else is
    /// there. Unknown if the history is missing and a limited component is at
    /// stake, or if what would be left is itself unknown: a fact of it is missing,
    /// or a member. Example: since 2021Q3, two pupils, run 2026Q3: fails; with a
    /// grandmother of 65: passes. Source: PKH-5Y.
    #[inline(always)]
    fn within_five_years(&self, family: &Family) -> Outcome {
        let (certain, open) = (family.found.certain(), family.found.open() | family.found.level_open());
        match family.paid {
            None => Outcome::unknown_if((certain | open) & LIMITED != 0),
            Some(paid) if paid < self.limit_quarters => Outcome::Pass,
            Some(_) if certain & !LIMITED != 0 => Outcome::Pass,
            Some(_) if open & !LIMITED != 0 || !self.complete(family) => Outcome::Unknown,
            Some(_) if certain != 0 => Outcome::Fail,
            Some(_) => Outcome::unknown_if(open != 0),
        }
    }

    /// Whether all members are loaded: who is not may bring what the others do not.
    #[inline(always)]
    fn complete(&self, family: &Family) -> bool {
        self.members_complete(family) == Outcome::Pass
    }

    /// Components that may still be paid after the five-year limit.
    #[inline(always)]
    fn allowed(&self, family: &Family) -> u8 {
        if family.paid.is_some_and(|paid| paid >= self.limit_quarters) { !LIMITED } else { u8::MAX }
    }
}

impl Program for Pkh {
    type Columns<'a> = Columns<'a>;
    type Settings = Settings;

    const NAME: &'static str = "pkh";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const UNIT: Unit = Unit::Family;
    const COMPONENTS: &'static [kit::Part] = Component::PARTS;
    const SCORE_PARTS: &'static [kit::Part] = ScorePart::PARTS;
    /// Ten points for each decile step, one for each place in the component order.
    const SCORE: (i64, i64) = (0, 108);
    /// The most that the bounds of the settings allow: eight members.
    const AMOUNT: (i64, i64) = (0, 8 * declared::AMOUNT_MAX);

    fn new(settings: Settings, dates: Dates) -> Result<Self, Vec<Problem>> {
        let assignment = Assignment::new(&settings)?;
        Ok(Self {
            max_decile: settings.max_decile,
            scope: law::Scope::named(settings.exclusion_scope),
            not_with: settings.not_with,
            limit_quarters: settings.limit_quarters,
            quarter: dates.quarter(),
            asked_from: dates.latest_birth(law::WORK_ASKED_FROM),
            qualification: Qualification::new(&settings, &dates, assignment.payable()),
            assignment,
        })
    }

    const MARKS: bool = true;

    #[inline(always)]
    fn mark(&self, columns: &Columns<'_>, marks: &mut Marks<'_>) {
        self.qualification.mark(columns, marks);
        marks.people(&columns.relation, &columns.dead);
        marks.state_jobs(&columns.job_status, &columns.working, &columns.birth_date, self.asked_from);
        marks.exclusions(&columns.member_exclusions, self.scope);
        marks.settle(FOUND | OVERLAP);
    }

    #[inline(always)]
    fn read(&self, columns: &Columns<'_>, row: &Row<'_>, family: &mut Family) {
        let at = row.family;
        family.decile = columns.decile.get(at);
        family.declared = columns.member_count.get(at);
        family.other_aid = columns.other_aid.get(at);
        family.paid = self.paid_quarters(columns, at);
        family.start = row.members.start;
        family.size = row.marks.len();
        if family.brings.len() < family.size {
            family.brings.resize(family.size, 0);
        }
        let mut household = law::Household::default();
        let mut all = 0;
        for (mark, brings) in row.marks.iter().zip(family.brings.iter_mut()) {
            household.add_mark(*mark);
            all |= mark;
            *brings = Found::of(*mark).certain();
        }
        family.household = household;
        family.exclusions = law::Exclusions::of(columns.exclusions.get(at), all);
        family.found = Found::of(all);
        family.overlap = all & OVERLAP != 0;
    }

    #[inline(always)]
    fn award(&self, family: &Family, award: &mut impl Award) {
        award.rank(ScorePart::decile, law::decile_points(family.decile) * 10);
        let brings = family.brings.get(..family.size).unwrap_or_default();
        let members = Members { start: family.start, brings, allowed: self.allowed(family) };
        let first = self.assignment.pay(members, family.overlap, award);
        award.rank(ScorePart::component, first);
    }
}

impl Pkh {
    /// Paid quarters of the unbroken run, from that of `since` through the one
    /// before this period; none without `previous`.
    #[inline(always)]
    fn paid_quarters(&self, columns: &Columns<'_>, at: usize) -> Known<i64> {
        match columns.previous.get(at)? {
            false => Some(0),
            true => columns.since.get(at).map(|since| self.quarter - i64::from(since)),
        }
    }
}

kit::export!(Pkh);

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_consistent() {
        assert_eq!(kit::native::describe::<super::Pkh>().faults(), Vec::<String>::new());
    }
}
