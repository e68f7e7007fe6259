//! Sembako (BPNT): food money for poor families, one per family.
//!
//! Takes a family's decile, its members' state and what lists say of them;
//! gives the criteria not met or not known, 200,000 rupiah a month, and an
//! order of decile, PKH recipients, living members. The reading of the law is
//! `programs.md`, "Sembako" and "For all programs"; values are the rule file's.
//! Never looks at components: a family needs none.

use kit::{Award, Dates, Known, Marks, Outcome, Problem, Program, Row, SetAt, Unit, law, marks};

kit::columns! {
    family {
        decile: u8 required,
        member_count: u8 required,
        exclusions: set optional,
        other_aid: set optional,
        receives_pkh: bits optional = "receives.pkh",
    }
    member {
        relation: u8 required,
        dead: bits required,
        birth_date: s32 required,
        working: bits required,
        job_status: u8 required,
        member_exclusions: set optional,
    }
}

kit::settings! {
    /// Highest decile served.
    max_decile: integer("decile", 1..=10) = 4,
    /// Whom items 1 to 8 of the exclusion list exclude.
    exclusion_scope: choice(law::Scope::OPTIONS) = "kk",
    /// Similar aids of the previous period that exclude (item 13).
    not_with: choices(law::OTHER_AID) = ["permakanan", "klj"],
    /// Whether PKH recipients of this period come first inside a decile.
    pkh_first: flag() = true,
    /// Rupiah per family and month.
    amount_month: integer("idr/month", 0..=10_000_000) = 200_000,
    /// Months paid in the run period.
    months_paid: integer("months", 1..=12) = 3,
}

kit::criteria! { Sembako judges Family;
    alive reads [dead] with [];
    members_complete reads [member_count, relation] with [];
    decile_determined reads [decile] with [];
    decile_within reads [decile] with [max_decile];
    not_excluded reads [exclusions, member_exclusions, relation, dead] with [exclusion_scope];
    state_job_checked reads [job_status, working, birth_date, exclusions, member_exclusions, dead] with [];
    not_with reads [other_aid] with [not_with];
}

kit::components! {
    food reads [] with [amount_month, months_paid];
}

kit::score! {
    decile reads [decile] with [];
    pkh_recipient reads [receives_pkh] with [pkh_first];
    living_members reads [dead, member_exclusions] with [exclusion_scope];
}

/// Points of one decile step: more than a PKH recipient with all members can have.
const DECILE_STEP: i64 = 1_000;
/// Points of a PKH recipient: more than all members can have.
const PKH_STEP: i64 = 500;
/// Most members that count in the order.
const MOST_MEMBERS: i64 = 255;

/// What is known of one family.
#[derive(Debug, Default)]
pub struct Family {
    decile: Known<u8>,
    declared: Known<u8>,
    household: law::Household,
    exclusions: law::Exclusions,
    /// Living members who are not excluded in person.
    served: u32,
    other_aid: SetAt,
    receives_pkh: bool,
}

/// The program with its settings.
#[derive(Debug)]
pub struct Sembako {
    settings: Settings,
    scope: law::Scope,
    /// Rupiah per run period.
    amount: i64,
    /// Births up to this day are old enough to be asked about work.
    asked_about_work: i32,
}

impl Sembako {
    /// A member is alive, or no member is loaded.
    ///
    /// Why: the card passes on to an heir in the same KK; without one it ends.
    /// Example: the head is recorded as dead, the widow is not: passes.
    /// Source: EXCL-POSKOTA2 item 9.
    #[inline(always)]
    fn alive(&self, family: &Family) -> Outcome {
        family.household.alive()
    }

    /// As many members are loaded as the family declares, the dead included,
    /// and one of them is the head. Never fails.
    ///
    /// Why: whoever is missing may be excluded, or be one more mouth.
    /// Example: four declared, three loaded: unknown.
    /// Source: assumed.
    #[inline(always)]
    fn members_complete(&self, family: &Family) -> Outcome {
        family.household.members_complete(family.declared)
    }

    /// BPS has determined a decile. Never fails.
    ///
    /// Why: "not determined" is a state of its own, not decile 10.
    /// Example: a family that is new to DTSEN: unknown.
    /// Source: PBI-15M; review for Sembako: assumed.
    #[inline(always)]
    fn decile_determined(&self, family: &Family) -> Outcome {
        Outcome::unknown_if(family.decile == Some(law::DECILE_NONE))
    }

    /// The national decile is at most `max_decile`; not delivered is unknown,
    /// not determined is left to `decile_determined`.
    ///
    /// Why: Sembako is for the poorest. The limit is 4 by one report, 5 by another.
    /// Example: decile 5 fails under 4 and passes under 5.
    /// Source: PUSDATIN-10FEB against HARIAN-BPNT.
    #[inline(always)]
    fn decile_within(&self, family: &Family) -> Outcome {
        match family.decile {
            Some(law::DECILE_NONE) => Outcome::Pass,
            decile => law::decile_within(decile, self.settings.max_decile),
        }
    }

    /// No item of the exclusion list meets the family: items 1 to 8 on anyone
    /// living in the KK, items 10 to 12 and 14 to 16 on the KK or the head.
    ///
    /// Why: who draws income from the state, owns a company or earns above the
    /// minimum is not poor in the law's eye.
    /// Example: a daughter is a civil servant: fails under scope `kk`. Under
    /// `person` she counts for nothing, and the family fails only if no other
    /// living member is left.
    /// Source: EXCL-TRIBUN, EXCL-POSKOTA1, EXCL-POSKOTA2.
    #[inline(always)]
    fn not_excluded(&self, family: &Family) -> Outcome {
        if family.household.living > 0 && family.served == 0 {
            return Outcome::Fail;
        }
        family.exclusions.not_excluded()
    }

    /// No living member has DTSEN job status 5 without a hit on items 1 to 8.
    /// Never fails.
    ///
    /// Why: the code lumps civil servants, whom the law excludes, with people of
    /// state companies; a person must look.
    /// Example: a son works for the region's water company: unknown.
    /// Source: EXCL-POSKOTA2 item 1; DTSEN-VARS; PPATK-BUMN.
    #[inline(always)]
    fn state_job_checked(&self, family: &Family) -> Outcome {
        family.exclusions.state_job_checked()
    }

    /// The family had none of the aids of `not_with` in the previous period.
    ///
    /// Why: a similar aid excludes, and PKH is not similar: both may be had.
    /// Example: KLJ paid last quarter: fails.
    /// Source: EXCL-POSKOTA2 item 13; PERMAKANAN-TIRTO; KLJ-POSKOTA.
    #[inline(always)]
    fn not_with(&self, family: &Family) -> Outcome {
        law::not_with(family.other_aid, self.settings.not_with)
    }
}

impl Program for Sembako {
    type Columns<'a> = Columns<'a>;
    type Settings = Settings;

    const NAME: &'static str = "sembako";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const UNIT: Unit = Unit::Family;
    const COMPONENTS: &'static [kit::Part] = Component::PARTS;
    const SCORE_PARTS: &'static [kit::Part] = ScorePart::PARTS;
    const SCORE: (i64, i64) = (0, 10 * DECILE_STEP + PKH_STEP + MOST_MEMBERS);
    const AMOUNT: (i64, i64) = (0, 120_000_000);

    fn new(settings: Settings, dates: Dates) -> Result<Self, Vec<Problem>> {
        let scope = law::Scope::named(settings.exclusion_scope);
        let amount = settings.amount_month * settings.months_paid;
        Ok(Self { settings, scope, amount, asked_about_work: dates.latest_birth(law::WORK_ASKED_FROM) })
    }

    const MARKS: bool = true;

    #[inline(always)]
    fn mark(&self, columns: &Columns<'_>, marks: &mut Marks<'_>) {
        marks.people(&columns.relation, &columns.dead);
        marks.state_jobs(&columns.job_status, &columns.working, &columns.birth_date, self.asked_about_work);
        marks.exclusions(&columns.member_exclusions, self.scope);
        marks.settle(0);
    }

    #[inline(always)]
    fn read(&self, columns: &Columns<'_>, row: &Row<'_>, family: &mut Family) {
        family.decile = columns.decile.get(row.family);
        family.declared = columns.member_count.get(row.family);
        family.other_aid = columns.other_aid.get(row.family);
        family.receives_pkh = columns.receives_pkh.is_yes(row.family);
        let mut household = law::Household::default();
        let (mut all, mut served) = (0, 0);
        for mark in row.marks {
            household.add_mark(*mark);
            all |= mark;
            served += u32::from(mark & (marks::DEAD | marks::EXCLUDED) == 0);
        }
        family.household = household;
        family.served = served;
        family.exclusions = law::Exclusions::of(columns.exclusions.get(row.family), all);
    }

    #[inline(always)]
    fn award(&self, family: &Family, award: &mut impl Award) {
        award.pay(Component::food, None, self.amount);
        award.rank(ScorePart::decile, law::decile_points(family.decile) * DECILE_STEP);
        if self.settings.pkh_first && family.receives_pkh {
            award.rank(ScorePart::pkh_recipient, PKH_STEP);
        }
        award.rank(ScorePart::living_members, i64::from(family.served).min(MOST_MEMBERS));
    }
}

kit::export!(Sembako);

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_consistent() {
        assert_eq!(kit::native::describe::<super::Sembako>().faults(), Vec::<String>::new());
    }
}
