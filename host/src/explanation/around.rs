//! What stands around a row: how old its facts are, the area whose seats it
//! competes for, and what others in its regency got, as counts only.
//!
//! Takes columns of the batch and counts of a run; gives plain values. Counts of
//! 1 to 9 are withheld, and one more beside them, so that no small number can be
//! had by subtraction.

use serde::Serialize;

use super::cells::{Cell, cell_of};
use super::{Regions, Source};
use crate::columns::{Column, Entity, Origin};
use crate::program::AreaLevel;
use crate::say;
use crate::terms::{Date, Text};

/// Columns that an explanation reads besides those of the program.
pub const ALSO_READ: [&str; 6] = ["relation", "birth_date", "sex", "fact_month", "regency", "village"];

/// Counts below this are withheld.
const SMALL: u64 = 10;

/// How old a fact is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FactAge {
    /// Month of the fact, `2025-03`; empty if it was not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Months from then to the snapshot's as-of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub months: Option<i64>,
    /// The same in words; "not delivered" where no month was.
    pub text: Text,
}

impl FactAge {
    /// From months since 0000-01.
    #[must_use]
    pub fn of(month: Option<i64>, as_of: Date) -> FactAge {
        let Some(at) = month else {
            return FactAge { month: None, months: None, text: Text::new("tidak dikirim", "not delivered") };
        };
        let (year, within) = (at.div_euclid(12), at.rem_euclid(12) + 1);
        let today = as_of.civil();
        let months = i64::from(today.year()) * 12 + i64::from(today.month()) - 1 - at;
        let written = format!("{year:04}-{within:02}");
        let text = say!("{written}, {months} bulan", "{written}, {months} months old");
        FactAge { month: Some(written), months: Some(months), text }
    }

    /// Of one fact: the family's month goes for what the survey delivered, other
    /// lists carry none; what the run itself made has no age.
    #[must_use]
    pub fn of_fact(column: &Column, family: &FactAge) -> Option<FactAge> {
        match column.origin {
            Origin::Run => None,
            Origin::Delivered | Origin::Derived => Some(family.clone()),
            Origin::List | Origin::Village | Origin::History => Some(FactAge::of(None, Date(0))),
        }
    }
}

/// What the rows of one program in one regency got. A count of 1 to 9 is `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Others {
    /// Rows judged.
    pub registered: Option<u64>,
    /// In the list.
    pub recipients: Option<u64>,
    /// Eligible, behind the cut.
    pub waiting: Option<u64>,
    /// Set aside.
    pub review: Option<u64>,
    /// Failed a criterion, or refused for an unknown.
    pub not_eligible: Option<u64>,
}

impl Others {
    /// From exact counts: recipients, waiting, review, not eligible.
    #[must_use]
    pub fn of(counts: [u64; 4]) -> Others {
        let small = |count: u64| (1..SMALL).contains(&count);
        let mut shown = counts.map(|count| (!small(count)).then_some(count));
        let total: u64 = counts.iter().sum();
        let hidden: u64 = counts.iter().zip(&shown).filter(|(_, shown)| shown.is_none()).map(|(count, _)| count).sum();
        let some_hidden = shown.contains(&None);
        let alone = shown.iter().filter(|shown| shown.is_none()).count() == 1;
        // one withheld count is what is left of the total: its smallest neighbour goes too
        if some_hidden && (alone || hidden < SMALL) {
            let next = (0..4).filter(|at| shown.get(*at).copied().flatten().is_some_and(|count| count > 0));
            if let Some(slot) = next.min_by_key(|at| counts.get(*at).copied()).and_then(|at| shown.get_mut(at)) {
                *slot = None;
            }
        }
        let [recipients, waiting, review, not_eligible] = shown;
        Others { registered: (!small(total)).then_some(total), recipients, waiting, review, not_eligible }
    }
}

/// The number in a family column of the batch.
fn number(from: &Source<'_>, family: u32, name: &str) -> Option<i64> {
    let id = from.dictionary.id(name)?;
    match cell_of(from.batch.column(Entity::Family, id)?, family) {
        Cell::Number(value) => Some(value),
        _ => None,
    }
}

/// The age of the family's facts.
pub(super) fn fact_age(from: &Source<'_>, family: u32) -> FactAge {
    FactAge::of(number(from, family, "fact_month"), from.as_of)
}

/// The name of the family's regency, if it is known.
pub(super) fn regency(from: &Source<'_>, family: u32) -> Option<String> {
    let at = usize::try_from(number(from, family, "regency")?).ok()?;
    from.regions.regencies.get(at).cloned()
}

/// The area in whose seats the row has a part.
pub(super) fn area(level: AreaLevel, from: &Source<'_>, family: u32) -> Text {
    let same = |names: &[String], column: &str| {
        let at = number(from, family, column).and_then(|at| usize::try_from(at).ok())?;
        let name = names.get(at)?;
        Some(Text::new(name.clone(), name.clone()))
    };
    let Regions { regencies, villages, provinces, village_names } = from.regions;
    let unknown = || Text::new("wilayah yang tidak diketahui", "an unknown area");
    match level {
        AreaLevel::National => Text::new("Indonesia", "Indonesia"),
        AreaLevel::Province => same(provinces, "regency").unwrap_or_else(unknown),
        AreaLevel::Regency => same(regencies, "regency").unwrap_or_else(unknown),
        AreaLevel::District | AreaLevel::Village => {
            let name = same(village_names, "village").or_else(|| same(villages, "village")).unwrap_or_else(unknown);
            let (id, en) = (&name.id, &name.en);
            if level == AreaLevel::Village {
                say!("desa/kelurahan {id}", "the village {en}")
            } else {
                say!("kecamatan dari desa/kelurahan {id}", "the district of the village {en}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_cannot_be_had_by_subtraction() {
        let of = |counts| Others::of(counts);
        assert_eq!(of([100, 20, 0, 50]).recipients, Some(100));
        assert_eq!(of([100, 20, 0, 50]).registered, Some(170));
        // 3 is withheld; 20 goes with it, or 3 were the rest of the total
        let hidden = of([100, 20, 3, 50]);
        assert_eq!(
            (hidden.recipients, hidden.waiting, hidden.review, hidden.not_eligible),
            (Some(100), None, None, Some(50))
        );
        // two withheld that together are small: a third goes
        let both = of([100, 2, 3, 50]);
        assert_eq!((both.recipients, both.waiting, both.review, both.not_eligible), (Some(100), None, None, None));
        assert_eq!(of([1, 2, 3, 0]).registered, None);
    }

    #[test]
    fn age_is_counted_in_months() {
        let as_of = Date::from_ymd(2026, 9, 20).unwrap_or(Date(0));
        let age = FactAge::of(Some(2025 * 12 + 2), as_of);
        assert_eq!((age.month.as_deref(), age.months), (Some("2025-03"), Some(18)));
        assert_eq!(FactAge::of(None, as_of).text.en, "not delivered");
    }
}
