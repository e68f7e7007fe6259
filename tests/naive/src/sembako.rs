//! Sembako: decile, exclusions, similar aid; 200,000 a month for three months.

use crate::family::{Family, When};
use crate::law::{self, Scope};
use crate::{Opinion, Setting, chance::Chance};

/// Values of the rule file.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the setting of its name")]
pub struct Rules {
    pub max_decile: i64,
    pub exclusion_scope: Scope,
    pub not_with: Vec<&'static str>,
    pub pkh_first: bool,
    pub amount_month: i64,
    pub months_paid: i64,
}

impl Rules {
    /// In force in 2026Q3.
    #[must_use]
    pub fn shipped() -> Rules {
        Rules {
            max_decile: 4,
            exclusion_scope: Scope::Kk,
            not_with: vec!["permakanan", "klj"],
            pkh_first: true,
            amount_month: 200_000,
            months_paid: 3,
        }
    }

    /// Any other reading.
    pub fn drawn(chance: &mut Chance) -> Rules {
        Rules {
            max_decile: chance.between(1, 10),
            exclusion_scope: chance.one(&[Scope::Kk, Scope::Person]),
            not_with: chance.some(&["permakanan", "klj"]),
            pkh_first: chance.often(500),
            amount_month: chance.between(1, 500) * 1000,
            months_paid: chance.between(1, 3),
        }
    }

    /// By name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, Setting)> {
        vec![
            ("max_decile", Setting::Integer(self.max_decile)),
            ("exclusion_scope", Setting::Word(self.exclusion_scope.word())),
            ("not_with", Setting::Words(self.not_with.clone())),
            ("pkh_first", Setting::Flag(self.pkh_first)),
            ("amount_month", Setting::Integer(self.amount_month)),
            ("months_paid", Setting::Integer(self.months_paid)),
        ]
    }
}

/// What the law says of a family.
#[must_use]
pub fn judge(family: &Family, rules: &Rules, when: &When) -> Opinion {
    let pkh = rules.pkh_first && family.receives_pkh == Some(true);
    let living = law::counting(family, rules.exclusion_scope).count();
    Opinion {
        criteria: vec![
            ("alive", law::alive(family)),
            ("members_complete", law::members_complete(family)),
            ("decile_determined", law::decile_determined(family)),
            ("decile_within", law::decile_within(family, rules.max_decile)),
            ("not_excluded", not_excluded(family, rules.exclusion_scope)),
            ("state_job_checked", law::state_job_checked(family, when.as_of)),
            ("not_with", law::not_with(&family.other_aid, &rules.not_with)),
        ],
        paid: vec![("food", None, rules.amount_month * rules.months_paid)],
        points: vec![
            ("decile", 1000 * law::decile_steps(family)),
            ("pkh_recipient", if pkh { 500 } else { 0 }),
            ("living_members", i64::try_from(living).unwrap_or(i64::MAX)),
        ],
    }
    .closed()
}

/// In scope `person` a family of whom nobody is left is excluded with its members.
fn not_excluded(family: &Family, scope: Scope) -> crate::Answer {
    let somebody_lives = family.members.iter().any(law::lives);
    if scope == Scope::Person && somebody_lives && law::counting(family, scope).next().is_none() {
        return crate::Answer::Fail;
    }
    law::not_excluded(family, scope)
}
