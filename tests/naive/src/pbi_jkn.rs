//! PBI-JKN: persons. The family's decile, alive, no other premium, one scheme.

use crate::family::{Family, Member};
use crate::{Answer, Opinion, Setting, chance::Chance, law};

/// Values of the rule file.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the setting of its name")]
pub struct Rules {
    pub max_decile: i64,
    pub keep_above_limit: bool,
    pub decile_none: &'static str,
    pub premium_payers: Vec<&'static str>,
    pub pemda: &'static str,
    pub amount_month: i64,
    pub months_paid: i64,
}

impl Rules {
    /// In force in 2026Q3.
    #[must_use]
    pub fn shipped() -> Rules {
        Rules {
            max_decile: 5,
            keep_above_limit: false,
            decile_none: "fail",
            premium_payers: vec!["employer", "self"],
            pemda: "fail",
            amount_month: 42_000,
            months_paid: 3,
        }
    }

    /// Any other reading.
    pub fn drawn(chance: &mut Chance) -> Rules {
        Rules {
            max_decile: chance.between(1, 10),
            keep_above_limit: chance.often(600),
            decile_none: chance.one(&["fail", "unknown"]),
            premium_payers: chance.some(&["employer", "self"]),
            pemda: chance.one(&["fail", "take_over"]),
            amount_month: chance.between(1, 100) * 1000,
            months_paid: chance.between(1, 3),
        }
    }

    /// By name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, Setting)> {
        vec![
            ("max_decile", Setting::Integer(self.max_decile)),
            ("keep_above_limit", Setting::Flag(self.keep_above_limit)),
            ("decile_none", Setting::Word(self.decile_none)),
            ("premium_payers", Setting::Words(self.premium_payers.clone())),
            ("pemda", Setting::Word(self.pemda)),
            ("amount_month", Setting::Integer(self.amount_month)),
            ("months_paid", Setting::Integer(self.months_paid)),
        ]
    }
}

/// What the law says of a member.
#[must_use]
pub fn judge(family: &Family, member: &Member, rules: &Rules) -> Opinion {
    Opinion {
        criteria: vec![
            ("alive", Answer::of(member.dead.map(|dead| !dead))),
            ("decile_within", decile_within(family, member, rules)),
            ("no_wage_premium", no_wage_premium(member, rules)),
            ("one_scheme", one_scheme(member, rules)),
        ],
        paid: vec![("premium", None, rules.amount_month * rules.months_paid)],
        points: vec![("decile", law::decile_steps(family))],
    }
    .closed()
}

/// Within the limit; where those above it stay, an incumbent stays whatever the decile.
fn decile_within(family: &Family, member: &Member, rules: &Rules) -> Answer {
    if family.decile.is_some_and(|decile| decile > 0 && i64::from(decile) <= rules.max_decile) {
        return Answer::Pass;
    }
    if rules.keep_above_limit {
        match member.previous_pbi_jkn {
            Some(true) => return Answer::Pass,
            Some(false) => {}
            None => return Answer::Unknown,
        }
    }
    match family.decile {
        None => Answer::Unknown,
        Some(0) if rules.decile_none == "unknown" => Answer::Unknown,
        Some(_) => Answer::Fail,
    }
}

/// Where the list says that an employer (1) or the person (2) pays.
fn no_wage_premium(member: &Member, rules: &Rules) -> Answer {
    if rules.premium_payers.is_empty() {
        return Answer::Pass;
    }
    let payer = |code: u8| match code {
        1 => "employer",
        2 => "self",
        _ => "none",
    };
    Answer::of(member.wage_premium.map(|code| !rules.premium_payers.contains(&payer(code))))
}

/// Paid for by the region and not by the nation fails.
fn one_scheme(member: &Member, rules: &Rules) -> Answer {
    if rules.pemda == "take_over" || member.pbi_pemda == Some(false) || member.pbi_nas == Some(true) {
        return Answer::Pass;
    }
    match (member.pbi_pemda, member.pbi_nas) {
        (Some(true), Some(false)) => Answer::Fail,
        _ => Answer::Unknown,
    }
}
