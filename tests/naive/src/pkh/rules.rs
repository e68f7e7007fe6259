//! The values of PKH's rule file.

use crate::Setting;
use crate::chance::Chance;
use crate::law::Scope;

use super::COMPONENTS;

/// Values of the rule file; components by code less one.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the setting of its name")]
pub struct Rules {
    pub max_decile: i64,
    pub exclusion_scope: Scope,
    pub not_with: Vec<&'static str>,
    pub limit_quarters: i64,
    pub cap_members: i64,
    pub component_order: [i64; 8],
    pub amount: [i64; 8],
    pub cap: [i64; 8],
    pub pregnancy_max_order: i64,
    pub postpartum_days: i64,
    pub child_age_max: i64,
    pub pupil_age_min: i64,
    pub pupil_age_max: i64,
    pub finished_certificates: Vec<i64>,
    /// Primary, lower, upper.
    pub levels: [Vec<i64>; 3],
    pub elderly_age: i64,
}

const AMOUNTS: [&str; 8] = [
    "amount_victim",
    "amount_disability",
    "amount_elderly",
    "amount_pregnancy",
    "amount_child",
    "amount_primary",
    "amount_lower",
    "amount_upper",
];
const CAPS: [&str; 8] = [
    "cap_victim",
    "cap_disability",
    "cap_elderly",
    "cap_pregnancy",
    "cap_child",
    "cap_primary",
    "cap_lower",
    "cap_upper",
];

impl Rules {
    /// In force in 2026Q3.
    #[must_use]
    pub fn shipped() -> Rules {
        Rules {
            max_decile: 4,
            exclusion_scope: Scope::Kk,
            not_with: vec!["permakanan", "klj"],
            limit_quarters: 20,
            cap_members: 4,
            component_order: [1, 2, 3, 4, 5, 6, 7, 8],
            amount: [2_700_000, 600_000, 600_000, 750_000, 750_000, 225_000, 375_000, 500_000],
            cap: [8, 1, 1, 8, 2, 8, 8, 8],
            pregnancy_max_order: 2,
            postpartum_days: 42,
            child_age_max: 6,
            pupil_age_min: 6,
            pupil_age_max: 21,
            finished_certificates: (11..=22).collect(),
            levels: [(1..=5).collect(), (6..=10).collect(), (11..=17).collect()],
            elderly_age: 60,
        }
    }

    /// Any other reading: equal amounts on purpose, so that ties are settled by order.
    pub fn drawn(chance: &mut Chance) -> Rules {
        let mut order = [1, 2, 3, 4, 5, 6, 7, 8];
        for at in (1..8).rev() {
            order.swap(at, usize::try_from(chance.below(at as u64 + 1)).unwrap_or(0));
        }
        let step = chance.one(&[100_000, 150_000, 75_000]);
        let certificates: Vec<i64> = (1..=23).collect();
        let mut levels = [Vec::new(), Vec::new(), Vec::new()];
        for level in 1..=22 {
            if let Some(stage) = levels.get_mut(usize::try_from(chance.below(4)).unwrap_or(3)) {
                stage.push(level);
            }
        }
        let pupil_age_min = chance.between(4, 8);
        Rules {
            max_decile: chance.between(1, 10),
            exclusion_scope: chance.one(&[Scope::Kk, Scope::Person]),
            not_with: chance.some(&["permakanan", "klj"]),
            limit_quarters: chance.between(4, 24),
            cap_members: chance.between(1, 6),
            component_order: order,
            amount: COMPONENTS.map(|_| if chance.often(60) { 0 } else { step * chance.between(1, 5) }),
            cap: COMPONENTS.map(|_| if chance.often(60) { 0 } else { chance.between(1, 4) }),
            pregnancy_max_order: chance.between(1, 4),
            postpartum_days: chance.between(10, 60),
            child_age_max: chance.between(3, 8),
            pupil_age_min,
            pupil_age_max: chance.between(pupil_age_min, 24),
            finished_certificates: chance.some(&certificates),
            levels,
            elderly_age: chance.between(50, 80),
        }
    }

    /// The place of a component in the rule file's order, from 1.
    #[must_use]
    pub fn place(&self, component: usize) -> i64 {
        let code = i64::try_from(component).unwrap_or(i64::MAX) + 1;
        let at = self.component_order.iter().position(|other| *other == code);
        at.and_then(|at| i64::try_from(at).ok()).map_or(i64::MAX, |at| at + 1)
    }

    /// By name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, Setting)> {
        let mut named = vec![
            ("max_decile", Setting::Integer(self.max_decile)),
            ("exclusion_scope", Setting::Word(self.exclusion_scope.word())),
            ("not_with", Setting::Words(self.not_with.clone())),
            ("limit_quarters", Setting::Integer(self.limit_quarters)),
            ("cap_members", Setting::Integer(self.cap_members)),
            ("component_order", Setting::Codes(self.component_order.to_vec())),
            ("pregnancy_max_order", Setting::Integer(self.pregnancy_max_order)),
            ("postpartum_days", Setting::Integer(self.postpartum_days)),
            ("child_age_max", Setting::Integer(self.child_age_max)),
            ("pupil_age_min", Setting::Integer(self.pupil_age_min)),
            ("pupil_age_max", Setting::Integer(self.pupil_age_max)),
            ("finished_certificates", Setting::Codes(self.finished_certificates.clone())),
            ("levels_primary", Setting::Codes(self.levels[0].clone())),
            ("levels_lower", Setting::Codes(self.levels[1].clone())),
            ("levels_upper", Setting::Codes(self.levels[2].clone())),
            ("elderly_age", Setting::Integer(self.elderly_age)),
        ];
        for code in 0..8 {
            named.push((AMOUNTS[code], Setting::Integer(self.amount[code])));
            named.push((CAPS[code], Setting::Integer(self.cap[code])));
        }
        named
    }
}
