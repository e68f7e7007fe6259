//! BLT Dana Desa: families of a desa whom PKH and Sembako do not reach, with at least
//! one of six reasons.

use crate::family::{Family, Member, When, any};
use crate::law::{self, lives};
use crate::{Answer, Opinion, Setting, chance::Chance};

/// The six reasons in the order of the rule file.
pub const REASONS: [&str; 6] =
    ["extreme_poor", "livelihood_lost", "chronic_illness", "elderly_alone", "severe_disability", "female_head"];

/// Values of the rule file.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the setting of its name")]
pub struct Rules {
    pub village_kinds: Vec<&'static str>,
    pub not_receiving: Vec<&'static str>,
    pub reasons: Vec<&'static str>,
    pub extreme_poor_max_decile: i64,
    pub chronic_codes: Vec<i64>,
    pub livelihood_undelivered: &'static str,
    pub elderly_age: i64,
    pub female_head_max_decile: i64,
    pub amount_month: i64,
    pub months_paid: i64,
}

impl Rules {
    /// In force in 2026Q3.
    #[must_use]
    pub fn shipped() -> Rules {
        Rules {
            village_kinds: vec!["desa", "desa_adat"],
            not_receiving: vec!["pkh", "sembako"],
            reasons: REASONS.to_vec(),
            extreme_poor_max_decile: 1,
            chronic_codes: vec![5, 7, 8, 9, 10, 11, 14, 15, 16, 17],
            livelihood_undelivered: "no",
            elderly_age: 60,
            female_head_max_decile: 4,
            amount_month: 300_000,
            months_paid: 3,
        }
    }

    /// Any other reading.
    pub fn drawn(chance: &mut Chance) -> Rules {
        let codes: Vec<i64> = (1..=18).collect();
        Rules {
            village_kinds: chance.some(&["kelurahan", "desa", "desa_adat"]),
            not_receiving: chance.some(&["pkh", "sembako"]),
            // alone, or in any company
            reasons: match chance.below(2) {
                0 => vec![chance.one(&REASONS)],
                _ => REASONS.into_iter().filter(|_| chance.often(700)).collect(),
            },
            extreme_poor_max_decile: chance.between(1, 10),
            chronic_codes: chance.some(&codes),
            livelihood_undelivered: chance.one(&["no", "unknown"]),
            elderly_age: chance.between(50, 80),
            female_head_max_decile: chance.between(1, 10),
            amount_month: chance.between(1, 600) * 1000,
            months_paid: chance.between(1, 3),
        }
    }

    /// By name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, Setting)> {
        vec![
            ("village_kinds", Setting::Words(self.village_kinds.clone())),
            ("not_receiving", Setting::Words(self.not_receiving.clone())),
            ("reasons", Setting::Words(self.reasons.clone())),
            ("extreme_poor_max_decile", Setting::Integer(self.extreme_poor_max_decile)),
            ("chronic_codes", Setting::Codes(self.chronic_codes.clone())),
            ("livelihood_undelivered", Setting::Word(self.livelihood_undelivered)),
            ("elderly_age", Setting::Integer(self.elderly_age)),
            ("female_head_max_decile", Setting::Integer(self.female_head_max_decile)),
            ("amount_month", Setting::Integer(self.amount_month)),
            ("months_paid", Setting::Integer(self.months_paid)),
        ]
    }
}

/// What the law says of a family.
#[must_use]
pub fn judge(family: &Family, rules: &Rules, when: &When) -> Opinion {
    let reasons: Vec<(&'static str, Option<bool>)> = REASONS
        .into_iter()
        .filter(|name| rules.reasons.contains(name))
        .map(|name| (name, reason(name, family, rules, when)))
        .collect();
    let kind = |code: u8| match code {
        1 => "kelurahan",
        2 => "desa",
        _ => "desa_adat",
    };
    let not_recipient = |program: &str, receives: Option<bool>| {
        if rules.not_receiving.contains(&program) { Answer::of(receives.map(|yes| !yes)) } else { Answer::Pass }
    };
    let mut points = vec![("decile_one", if family.decile == Some(1) { 1_000_000 } else { 0 })];
    points.extend(reasons.iter().filter(|(_, met)| *met == Some(true)).map(|(name, _)| (*name, 1000)));
    points.push(("decile", law::decile_steps(family)));
    Opinion {
        criteria: vec![
            ("alive", law::alive(family)),
            ("members_complete", law::members_complete(family)),
            ("in_desa", Answer::of(family.village_kind.map(|code| rules.village_kinds.contains(&kind(code))))),
            ("not_pkh_recipient", not_recipient("pkh", family.receives_pkh)),
            ("not_sembako_recipient", not_recipient("sembako", family.receives_sembako)),
            ("any_reason", any_reason(&reasons)),
        ],
        paid: vec![("cash", None, rules.amount_month * rules.months_paid)],
        points,
    }
    .closed()
}

/// One met = pass; otherwise any unknown among them = unknown.
fn any_reason(reasons: &[(&str, Option<bool>)]) -> Answer {
    if reasons.iter().any(|(_, met)| *met == Some(true)) {
        Answer::Pass
    } else if reasons.iter().any(|(_, met)| met.is_none()) {
        Answer::Unknown
    } else {
        Answer::Fail
    }
}

/// Yes if any member says yes; a missing answer, or a missing member, leaves it open.
fn of_anyone(family: &Family, says: impl Fn(&Member) -> Option<bool>) -> Option<bool> {
    let said: Vec<Option<bool>> = family.members.iter().filter(|member| lives(member)).map(says).collect();
    if said.contains(&Some(true)) {
        Some(true)
    } else if said.contains(&None) || !law::complete(family) {
        None
    } else {
        Some(false)
    }
}

fn reason(name: &str, family: &Family, rules: &Rules, when: &When) -> Option<bool> {
    let up_to = |max: i64| family.decile.map(|decile| decile > 0 && i64::from(decile) <= max);
    match name {
        "extreme_poor" => up_to(rules.extreme_poor_max_decile),
        "livelihood_lost" if rules.livelihood_undelivered == "no" => Some(family.livelihood_lost == Some(true)),
        "livelihood_lost" => family.livelihood_lost,
        "chronic_illness" => of_anyone(family, |member| {
            member.chronic_illness.map(|code| rules.chronic_codes.contains(&i64::from(code)))
        }),
        "elderly_alone" => {
            let living: Vec<&Member> = family.members.iter().filter(|member| lives(member)).collect();
            let old = |member: &Member| member.birth_date.map(|birth| birth.age_on(when.as_of) >= rules.elderly_age);
            match living.as_slice() {
                [alone] if law::complete(family) => old(alone),
                [alone] if old(alone) == Some(false) => Some(false),
                [] | [_] if !law::complete(family) => None,
                _ => Some(false),
            }
        }
        "severe_disability" => of_anyone(family, |member| any(&member.severe_difficulties, 0..9)),
        "female_head" => {
            let leads = of_anyone(family, |member| {
                if member.relation == Some(1) { member.sex.map(|sex| sex == 2) } else { Some(false) }
            });
            match (leads, up_to(rules.female_head_max_decile)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }
        }
        _ => Some(false),
    }
}
