//! What the family programs share: who lives, whether the family is complete, the
//! decile, the exclusion list, similar aid.

use crate::Answer;
use crate::family::{Day, Family, Items, Member, any};

/// Whose job excludes whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Items 1 to 8 of one member exclude the family.
    Kk,
    /// They exclude the member alone.
    Person,
}

impl Scope {
    /// As in a rule file.
    #[must_use]
    pub fn word(self) -> &'static str {
        if self == Scope::Kk { "kk" } else { "person" }
    }
}

/// Items 1 to 8.
pub const INCOME: std::ops::RangeInclusive<usize> = 1..=8;
/// Items 10 to 12 and 14 to 16; 9 is death, 13 a setting.
pub const RECORD: [usize; 6] = [10, 11, 12, 14, 15, 16];

/// Who is not known to be dead.
#[must_use]
pub fn lives(member: &Member) -> bool {
    member.dead != Some(true)
}

/// The living head, by relation.
fn heads(member: &Member) -> bool {
    member.relation == Some(1)
}

/// Whether members 1 to 8 of the list name this member.
#[must_use]
pub fn has_state_income(member: &Member) -> bool {
    any(&member.member_exclusions, INCOME) == Some(true)
}

/// The members who count: alive and, in scope `person`, not excluded themselves.
pub fn counting(family: &Family, scope: Scope) -> impl Iterator<Item = (usize, &Member)> {
    let excluded = move |member: &Member| scope == Scope::Person && has_state_income(member);
    family.members.iter().enumerate().filter(move |(_, member)| lives(member) && !excluded(member))
}

/// Fails only if members are loaded and all of them are dead.
#[must_use]
pub fn alive(family: &Family) -> Answer {
    Answer::of(Some(family.members.is_empty() || family.members.iter().any(lives)))
}

/// As many loaded, the dead included, as declared, and a head among them.
#[must_use]
pub fn complete(family: &Family) -> bool {
    family.member_count.map(usize::from) == Some(family.members.len()) && family.members.iter().any(heads)
}

/// A family that is not complete is not known to be: it never fails.
#[must_use]
pub fn members_complete(family: &Family) -> Answer {
    if complete(family) { Answer::Pass } else { Answer::Unknown }
}

/// Undetermined asks for a look; not delivered is the next criterion's matter.
#[must_use]
pub fn decile_determined(family: &Family) -> Answer {
    if family.decile == Some(0) { Answer::Unknown } else { Answer::Pass }
}

/// Not above the limit.
#[must_use]
pub fn decile_within(family: &Family, max: i64) -> Answer {
    Answer::of(family.decile.map(|decile| i64::from(decile) <= max))
}

/// Items by KK, items 1 to 8 of anyone living (scope `kk`), the others of the head.
#[must_use]
pub fn not_excluded(family: &Family, scope: Scope) -> Answer {
    let by_kk = any(&family.exclusions, INCOME.chain(RECORD));
    let living = family.members.iter().filter(|member| lives(member));
    let mut all = vec![by_kk];
    for member in living {
        match (scope, any(&member.member_exclusions, INCOME)) {
            // settled: the member counts for nothing, the family stays
            (Scope::Person, Some(true)) => {}
            (_, income) => all.push(income),
        }
        if heads(member) {
            all.push(any(&member.member_exclusions, RECORD.into_iter()));
        }
    }
    let hit = if all.contains(&Some(true)) {
        Some(true)
    } else if all.contains(&None) {
        None
    } else {
        Some(false)
    };
    Answer::of(hit.map(|hit| !hit))
}

/// Job status 5 (or a missing one of somebody who may work) of a living member, with
/// no hit on items 1 to 8, asks for a look.
#[must_use]
pub fn state_job_checked(family: &Family, as_of: Day) -> Answer {
    if any(&family.exclusions, INCOME) == Some(true) {
        return Answer::Pass;
    }
    let asks = |member: &Member| {
        let asked = member.birth_date.is_none_or(|birth| birth.age_on(as_of) >= 5) && member.working != Some(false);
        match member.job_status {
            Some(status) => status == 5,
            None => asked,
        }
    };
    let open = family.members.iter().any(|member| lives(member) && !has_state_income(member) && asks(member));
    if open { Answer::Unknown } else { Answer::Pass }
}

/// No similar aid in the period before: 0 permakanan, 1 klj.
#[must_use]
pub fn not_with(other_aid: &Items, names: &[&str]) -> Answer {
    let codes: Vec<usize> = [(0, "permakanan"), (1, "klj")]
        .into_iter()
        .filter(|(_, name)| names.contains(name))
        .map(|(code, _)| code)
        .collect();
    Answer::of(any(other_aid, codes.into_iter()).map(|had| !had))
}

/// Ten steps from decile 1; none where the decile is not a number from 1 to 10.
#[must_use]
pub fn decile_steps(family: &Family) -> i64 {
    match family.decile {
        Some(decile @ 1..=10) => 11 - i64::from(decile),
        _ => 0,
    }
}
