//! Families drawn to sit on the limits: ages at birthdays, deciles at the limit, four
//! and five members, 19 to 21 paid quarters, missing facts, every code, twins, no head.

use crate::chance::Chance;
use crate::family::{Day, Family, Items, Member, NONE, When};

/// Where the limits lie in the rules at hand; each is met from both sides.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Ages in years at which something begins or ends.
    pub ages: Vec<i64>,
    /// Deciles at and beside which something ends.
    pub deciles: Vec<i64>,
    /// Paid quarters.
    pub quarters: i64,
    /// Days after birth.
    pub postpartum_days: i64,
}

/// Dates of runs: an ordinary one, leap days and their neighbours, the turn of the year.
#[must_use]
pub fn whens() -> Vec<When> {
    let when = |as_of: (i64, i64, i64), period: (i64, i64)| When {
        as_of: Day::new(as_of.0, as_of.1, as_of.2),
        period: Day::new(period.0, period.1, 1),
    };
    vec![
        when((2026, 9, 20), (2026, 7)),
        when((2024, 2, 29), (2024, 1)),
        when((2026, 2, 28), (2026, 1)),
        when((2026, 3, 1), (2026, 1)),
        when((2025, 12, 31), (2025, 10)),
        when((2027, 1, 1), (2027, 1)),
        when((2026, 8, 31), (2026, 8)),
    ]
}

/// A draw of families: how much is missing is drawn anew for each.
#[derive(Debug)]
pub struct Drawer<'a> {
    /// The stream.
    pub chance: &'a mut Chance,
    /// What to sit on.
    pub limits: &'a Limits,
    /// The dates.
    pub when: When,
    /// How many facts in a thousand are missing in the family at hand.
    missing: u64,
    /// How many facts in a thousand are out of the ordinary.
    odd: u64,
}

impl<'a> Drawer<'a> {
    /// A drawer of families.
    pub fn new(chance: &'a mut Chance, limits: &'a Limits, when: When) -> Drawer<'a> {
        Drawer { chance, limits, when, missing: 0, odd: 0 }
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        if self.chance.often(self.missing) { None } else { Some(value) }
    }

    fn flag(&mut self, yes: u64) -> Option<bool> {
        let yes = self.chance.often(yes);
        self.maybe(yes)
    }

    fn code(&mut self, low: i64, high: i64) -> Option<u8> {
        let code = self.chance.between(low, high);
        self.maybe(u8::try_from(code).unwrap_or(0))
    }

    /// Mostly delivered complete without a hit; else hits, hits only, or some unknown.
    fn items(&mut self, low: i64, high: i64) -> Items {
        let mut items = NONE;
        if self.chance.often(self.odd) {
            for _ in 0..self.chance.between(1, 2) {
                items[usize::try_from(self.chance.between(low, high)).unwrap_or(0)] = Some(true);
            }
        }
        if self.chance.often(self.missing) {
            let all = self.chance.often(500);
            for item in items.iter_mut().filter(|item| **item == Some(false)) {
                if all || self.chance.often(100) {
                    *item = None;
                }
            }
        }
        items
    }

    /// A birthday at a limit, the day before or after it, or any date.
    fn birth(&mut self) -> Day {
        let as_of = self.when.as_of;
        if self.chance.often(350) {
            let year = as_of.year - self.chance.between(0, 99);
            let birth = Day::new(year, self.chance.between(1, 12), self.chance.between(1, 31));
            return if birth > as_of { as_of } else { birth };
        }
        let age = self.chance.one(&self.limits.ages);
        let birthday = Day::new(as_of.year - age, as_of.month, as_of.day);
        let birth = match self.chance.below(6) {
            0 | 1 => birthday,
            2 => birthday.after(),
            3 => birthday.before(),
            4 => birthday.after().after(),
            _ => Day::new(as_of.year - age, 2, 29),
        };
        if birth > as_of { as_of } else { birth }
    }

    fn member(&mut self, head: bool) -> Member {
        let birth = self.birth();
        let age = birth.age_on(self.when.as_of);
        let sex = self.chance.below(2) + 1;
        let asked = |drawer: &mut Self, from: i64, code: Option<u8>| {
            if age < from && drawer.chance.often(900) { None } else { code }
        };
        let relation = if head == self.chance.often(970) { 1 } else { self.chance.between(2, 8) };
        let (participation, level) = (self.code(1, 3), self.code(1, 22));
        let participation = if self.chance.often(500) { self.maybe(2) } else { participation };
        let certificate = if self.chance.often(500) { self.maybe(23) } else { self.code(1, 23) };
        let working = if age < 5 && self.chance.often(900) { None } else { self.flag(400) };
        let job = self.code(1, 8).filter(|code| *code != 5 || self.chance.often(4 * self.odd));
        let pregnancy = if self.chance.often(self.odd * 2) { self.code(0, 2) } else { self.maybe(0) };
        let mut delivered = self.when.as_of;
        for _ in 0..self.limits.postpartum_days + self.chance.between(-2, 2) {
            delivered = delivered.before();
        }
        let illness = if self.chance.often(self.odd) { self.code(1, 18) } else { self.maybe(1) };
        Member {
            birth_date: self.maybe(birth),
            sex: self.maybe(u8::try_from(sex).unwrap_or(1)),
            relation: self.maybe(u8::try_from(relation).unwrap_or(8)),
            dead: self.flag(self.odd / 2),
            member_exclusions: self.items(1, 16),
            working,
            job_status: if working == Some(false) { None } else { asked(self, 5, job) },
            pregnancy,
            pregnancy_order: if self.chance.often(200) { None } else { self.code(0, 4) },
            delivery_date: self.maybe(delivered),
            school_participation: asked(self, 5, participation),
            school_level: if self.chance.often(200) { None } else { level },
            certificate: asked(self, 5, certificate),
            school_list_level: if self.chance.often(700) { self.maybe(0) } else { self.code(0, 22) },
            severe_difficulties: self.items(0, 8),
            human_rights_victim: self.flag(self.odd / 3),
            chronic_illness: illness,
            wage_premium: if self.chance.often(self.odd) { self.code(0, 2) } else { self.maybe(0) },
            pbi_nas: self.flag(300),
            pbi_pemda: self.flag(100),
            previous_pbi_jkn: self.flag(500),
        }
    }

    fn since(&mut self) -> Option<u16> {
        let ago = match self.chance.below(3) {
            0 => self.chance.between(1, 40),
            _ => self.limits.quarters + self.chance.between(-1, 1),
        };
        self.maybe(u16::try_from(self.when.quarter() - ago).unwrap_or(0))
    }

    /// One family.
    pub fn family(&mut self) -> Family {
        self.missing = self.chance.one(&[0, 0, 5, 20, 100, 400]);
        self.odd = self.chance.one(&[10, 40, 120, 300]);
        let size = self.chance.one(&[0, 1, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 7, 9]);
        let head = self.chance.below(3);
        let mut members: Vec<Member> =
            (0..size).map(|at| self.member(at == 0 && head > 0 || at == 1 && head == 0)).collect();
        // twins: one like another in everything
        if members.len() > 1 && self.chance.often(100) {
            let at = usize::try_from(self.chance.below(members.len() as u64 - 1)).unwrap_or(0);
            members[at + 1] = Member { relation: members[at + 1].relation, ..members[at].clone() };
        }
        let declared = size + if self.chance.often(40) { self.chance.between(-1, 1) } else { 0 };
        let decile =
            if self.chance.often(600) { self.chance.one(&self.limits.deciles) } else { self.chance.between(0, 10) };
        Family {
            decile: self.maybe(u8::try_from(decile).unwrap_or(0)),
            member_count: self.maybe(u8::try_from(declared).unwrap_or(0)),
            village_kind: if self.chance.often(800) { self.maybe(2) } else { self.code(1, 3) },
            exclusions: self.items(1, 16),
            other_aid: self.items(0, 1),
            livelihood_lost: self.flag(self.odd),
            previous_pkh: self.flag(400),
            since_pkh: self.since(),
            receives_pkh: self.flag(self.odd),
            receives_sembako: self.flag(self.odd),
            members,
        }
    }
}
