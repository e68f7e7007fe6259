//! Lansia: a food parcel for poor families with a very old member.
//!
//! An example of a program from outside, made up for it: no such law exists. A
//! family of decile 3 or less with a living member of 75 or more gets 200,000
//! rupiah a month; poorer deciles first, then more old members.
//!
//! To make it run beside the bundled programs:
//!
//! ```text
//! cargo build --release --target wasm32-unknown-unknown
//! layak plugin pack target/wasm32-unknown-unknown/release/lansia.wasm -o lansia.wasm
//! layak program add lansia.toml lansia.wasm
//! layak run 2026Q3
//! ```
#![forbid(unsafe_code)]

use kit::{Award, Dates, Known, Outcome, Problem, Program, Row, Unit, law};

kit::columns! {
    family {
        decile: u8 required,
    }
    member {
        dead: bits required,
        birth_date: s32 required,
    }
}

kit::settings! {
    /// Highest decile served.
    max_decile: integer("decile", 1..=10) = 3,
    /// Age from which a member counts.
    old_age: integer("years", 60..=120) = 75,
    /// Rupiah per family and month.
    amount_month: integer("idr/month", 0..=1_000_000) = 200_000,
    /// Months paid in the run period.
    months_paid: integer("months", 1..=12) = 3,
}

kit::criteria! { Lansia judges Family;
    decile_within reads [decile] with [max_decile];
    old_member reads [birth_date, dead] with [old_age];
}

kit::components! {
    parcel reads [] with [amount_month, months_paid];
}

kit::score! {
    decile reads [decile] with [];
    old_members reads [birth_date, dead] with [old_age];
}

/// Points of one decile step: more than the old members of a family.
const DECILE_STEP: i64 = 100;
/// Most old members that count in the order.
const MOST: i64 = 99;

/// What is known of one family.
#[derive(Debug, Default)]
pub struct Family {
    decile: Known<u8>,
    /// Living members of the age.
    old: i64,
    /// Living members whose age is not known.
    open: bool,
}

/// The program with its settings.
#[derive(Debug)]
pub struct Lansia {
    settings: Settings,
    /// Births up to this day have reached the age.
    born: i32,
}

impl Lansia {
    /// The national decile is at most `max_decile`; not determined or not
    /// delivered is unknown.
    ///
    /// Why: the parcel is for poor families.
    /// Example: decile 4: fails.
    /// Source: an example.
    fn decile_within(&self, family: &Family) -> Outcome {
        law::decile_within(family.decile, self.settings.max_decile)
    }

    /// A living member has completed `old_age` years.
    ///
    /// Why: the very old cannot earn.
    /// Example: 75 today: passes; 75 tomorrow: fails; no birth date: unknown.
    /// Source: an example.
    fn old_member(&self, family: &Family) -> Outcome {
        if family.old > 0 {
            Outcome::Pass
        } else if family.open {
            Outcome::Unknown
        } else {
            Outcome::Fail
        }
    }
}

impl Program for Lansia {
    type Columns<'a> = Columns<'a>;
    type Settings = Settings;

    const NAME: &'static str = "lansia";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const UNIT: Unit = Unit::Family;
    const COMPONENTS: &'static [kit::Part] = Component::PARTS;
    const SCORE_PARTS: &'static [kit::Part] = ScorePart::PARTS;
    const SCORE: (i64, i64) = (0, 10 * DECILE_STEP + MOST);
    const AMOUNT: (i64, i64) = (0, 12_000_000);

    fn new(settings: Settings, dates: Dates) -> Result<Self, Vec<Problem>> {
        let born = dates.latest_birth(settings.old_age);
        Ok(Self { settings, born })
    }

    fn read(&self, columns: &Columns<'_>, row: &Row, family: &mut Family) {
        *family = Family { decile: columns.decile.get(row.family), ..Family::default() };
        for member in row.members.clone().filter(|member| !columns.dead.is_yes(*member)) {
            match columns.birth_date.get(member) {
                Some(born) => family.old += i64::from(born <= self.born),
                None => family.open = true,
            }
        }
    }

    fn award(&self, family: &Family, award: &mut impl Award) {
        award.pay(Component::parcel, None, self.settings.amount_month * self.settings.months_paid);
        award.rank(ScorePart::decile, law::decile_points(family.decile) * DECILE_STEP);
        award.rank(ScorePart::old_members, family.old.min(MOST));
    }
}

kit::export!(Lansia);

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_consistent() {
        assert_eq!(kit::native::describe::<super::Lansia>().faults(), Vec::<String>::new());
    }
}
