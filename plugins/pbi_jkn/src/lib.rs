//! PBI-JKN: the state pays the health insurance premium of a person.
//!
//! Takes the decile of the person's family, death, premiums paid by others and
//! the scheme that pays now; gives the criteria not met or not known, 42,000
//! rupiah a month, and an order by decile. The reading of the law is
//! `programs.md`, "PBI-JKN"; values are the rule file's. Members of a family
//! stand together and the youngest come first by sub-keys of the rule file,
//! which are the host's. The exclusion list is not applied, death apart, and
//! whether the rest of the family is loaded does not concern a person.

use kit::{Award, Dates, Known, Outcome, Problem, Program, Row, Unit, law};

kit::columns! {
    family {
        decile: u8 required,
    }
    member {
        dead: bits required,
        wage_premium: u8 optional,
        pbi_nas: bits required,
        pbi_pemda: bits required,
        previous: bits optional = "previous.pbi_jkn",
    }
}

kit::settings! {
    /// Highest decile served.
    max_decile: integer("decile", 1..=10) = 5,
    /// Whether members of the previous period stay above the limit or without a decile.
    keep_above_limit: flag() = false,
    /// What a decile that is not determined does.
    decile_none: choice(["fail", "unknown"]) = "fail",
    /// Whose premium payments exclude.
    premium_payers: choices(["employer", "self"]) = ["employer", "self"],
    /// What happens to a person paid for by the region alone.
    pemda: choice(["fail", "take_over"]) = "fail",
    /// Rupiah per person and month.
    amount_month: integer("idr/month", 0..=10_000_000) = 42_000,
    /// Months paid in the run period.
    months_paid: integer("months", 1..=12) = 3,
}

kit::criteria! { PbiJkn judges Person;
    alive reads [dead] with [];
    decile_within reads [decile, previous] with [max_decile, keep_above_limit, decile_none];
    no_wage_premium reads [wage_premium] with [premium_payers];
    one_scheme reads [pbi_pemda, pbi_nas] with [pemda];
}

kit::components! {
    premium reads [] with [amount_month, months_paid];
}

kit::score! {
    decile reads [decile] with [];
}

/// What is known of one person.
#[derive(Debug, Default)]
pub struct Person {
    member: usize,
    decile: Known<u8>,
    dead: Known<bool>,
    wage_premium: Known<u8>,
    pbi_nas: Known<bool>,
    pbi_pemda: Known<bool>,
    previous: Known<bool>,
}

/// The program with its settings.
#[derive(Debug)]
pub struct PbiJkn {
    settings: Settings,
    none_fails: bool,
    take_over: bool,
    /// Rupiah per run period.
    amount: i64,
}

impl PbiJkn {
    /// The person is not recorded as dead.
    ///
    /// Why: premiums paid for the dead are what audits find first.
    /// Example: on the list of deaths by NIK: fails.
    /// Source: PBI-11M; EXCL-POSKOTA2 item 9.
    #[inline(always)]
    fn alive(&self, person: &Person) -> Outcome {
        Outcome::fail_if(person.dead)
    }

    /// The family's decile is at most `max_decile`. Undetermined fails, unless
    /// `decile_none` asks for a look. With `keep_above_limit` a member of the
    /// previous period stays whatever the decile.
    ///
    /// Why: 15 million members were in D6 to D10 or without decile while poorer
    /// people waited; since February 2026 they go.
    /// Example: decile 7 and paid last period: fails today, passed before.
    /// Source: PUSDATIN-10FEB; PBI-15M; Kepmensos 3/HUK/2026 [PBI-11M].
    #[inline(always)]
    fn decile_within(&self, person: &Person) -> Outcome {
        let within = match person.decile {
            Some(law::DECILE_NONE) if self.none_fails => Outcome::Fail,
            decile => law::decile_within(decile, self.settings.max_decile),
        };
        if !self.settings.keep_above_limit || within == Outcome::Pass {
            return within;
        }
        match (person.previous, within) {
            (Some(true), _) => Outcome::Pass,
            (Some(false), _) => within,
            (None, _) => Outcome::Unknown,
        }
    }

    /// No premium is paid by an employer or by the person, of those in `premium_payers`.
    ///
    /// Why: who is insured through a wage needs no aid. Not on the list is
    /// unknown unless the list is complete; the rule file lets it pass.
    /// Example: a factory pays: fails.
    /// Source: domain.md 4.12 (general knowledge).
    #[inline(always)]
    fn no_wage_premium(&self, person: &Person) -> Outcome {
        match person.wage_premium {
            // where no payer excludes, the list is not asked
            None => Outcome::unknown_if(self.settings.premium_payers != 0),
            Some(0) => Outcome::Pass,
            // 1 employer, 2 self: the options of the setting in the same order
            Some(payer) => Outcome::fail_if(Some(self.settings.premium_payers >> (payer.min(32) - 1) & 1 == 1)),
        }
    }

    /// The region does not pay alone; with `pemda = "take_over"` it may.
    ///
    /// Why: a person is in one scheme only; where both are set the national one stays.
    /// Example: paid by the regency since 2023: fails, and keeps that cover.
    /// Source: DTSEN-VARS; assumed.
    #[inline(always)]
    fn one_scheme(&self, person: &Person) -> Outcome {
        if self.take_over {
            return Outcome::Pass;
        }
        match (person.pbi_pemda, person.pbi_nas) {
            (Some(false), _) | (_, Some(true)) => Outcome::Pass,
            (Some(true), Some(false)) => Outcome::Fail,
            _ => Outcome::Unknown,
        }
    }
}

impl Program for PbiJkn {
    type Columns<'a> = Columns<'a>;
    type Settings = Settings;

    const NAME: &'static str = "pbi_jkn";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const UNIT: Unit = Unit::Person;
    const COMPONENTS: &'static [kit::Part] = Component::PARTS;
    const SCORE_PARTS: &'static [kit::Part] = ScorePart::PARTS;
    const SCORE: (i64, i64) = (0, 10);
    const AMOUNT: (i64, i64) = (0, 120_000_000);

    fn new(settings: Settings, _dates: Dates) -> Result<Self, Vec<Problem>> {
        let none_fails = settings.decile_none == "fail";
        let take_over = settings.pemda == "take_over";
        let amount = settings.amount_month * settings.months_paid;
        Ok(Self { settings, none_fails, take_over, amount })
    }

    #[inline(always)]
    fn read(&self, columns: &Columns<'_>, row: &Row<'_>, person: &mut Person) {
        person.member = row.index;
        person.decile = columns.decile.get(row.family);
        person.dead = columns.dead.get(row.index);
        person.wage_premium = columns.wage_premium.get(row.index);
        person.pbi_nas = columns.pbi_nas.get(row.index);
        person.pbi_pemda = columns.pbi_pemda.get(row.index);
        person.previous = columns.previous.get(row.index);
    }

    #[inline(always)]
    fn award(&self, person: &Person, award: &mut impl Award) {
        award.pay(Component::premium, Some(person.member), self.amount);
        award.rank(ScorePart::decile, law::decile_points(person.decile));
    }
}

kit::export!(PbiJkn);

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_consistent() {
        assert_eq!(kit::native::describe::<super::PbiJkn>().faults(), Vec::<String>::new());
    }
}
