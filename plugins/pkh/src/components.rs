//! Which components a living member brings.
//!
//! Takes one member's facts; gives what is certain, what may be and what only
//! the school level keeps open. A component that pays nothing is brought by no one.

use kit::{Dates, Known, law};

use crate::declared::{Columns, Component, Settings};

const fn of(component: Component) -> u8 {
    1 << component as u16
}

const VICTIM: u8 = of(Component::victim);
const DISABILITY: u8 = of(Component::disability);
const ELDERLY: u8 = of(Component::elderly);
const PREGNANCY: u8 = of(Component::pregnancy);
const CHILD: u8 = of(Component::child);
const PUPIL: u8 = of(Component::primary) | of(Component::lower) | of(Component::upper);
/// Health and education: what ends after five years.
pub(crate) const LIMITED: u8 = PREGNANCY | CHILD | PUPIL;
/// `school_participation` of a member who attends.
const ATTENDING: u8 = 2;

/// What a member brings, one bit per component.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    pub(crate) certain: u8,
    pub(crate) open: u8,
    pub(crate) level_open: u8,
    pub(crate) level_missing: bool,
}

/// The limits of the settings, as dates and masks.
#[derive(Debug)]
pub(crate) struct Qualification {
    payable: u8,
    as_of: i32,
    /// Born after it: young child.
    child_after: i32,
    /// Born after it: too old for no pupil.
    pupil_after: i32,
    /// Born at or before it: old enough for a pupil.
    pupil_until: i32,
    /// Born at or before it: elderly.
    elderly_until: i32,
    postpartum_days: i64,
    pregnancy_max_order: i64,
    finished: u32,
    /// The pupil's component by school level (r413); any of them at level 0, unknown.
    by_level: [u8; 32],
}

impl Qualification {
    /// Works out dates and masks once; `payable` are the components that pay.
    pub(crate) fn new(settings: &Settings, dates: &Dates, payable: u8) -> Self {
        let mut by_level = [0; 32];
        by_level[0] = PUPIL;
        let levels = [
            (&settings.levels_primary, Component::primary),
            (&settings.levels_lower, Component::lower),
            (&settings.levels_upper, Component::upper),
        ];
        for (codes, component) in levels {
            for code in codes {
                if let Some(slot) = usize::try_from(*code).ok().and_then(|code| by_level.get_mut(code)) {
                    *slot = of(component);
                }
            }
        }
        let mask = |codes: &[i64]| codes.iter().fold(0_u32, |all, code| all | 1 << (code & 31));
        Self {
            payable,
            as_of: dates.as_of,
            child_after: dates.latest_birth(settings.child_age_max + 1),
            pupil_after: dates.latest_birth(settings.pupil_age_max + 1),
            pupil_until: dates.latest_birth(settings.pupil_age_min),
            elderly_until: dates.latest_birth(settings.elderly_age),
            postpartum_days: settings.postpartum_days,
            pregnancy_max_order: settings.pregnancy_max_order,
            finished: mask(&settings.finished_certificates),
            by_level,
        }
    }

    /// What a living member brings.
    #[inline(always)]
    pub(crate) fn of(&self, columns: &Columns<'_>, member: usize, birth: Known<i32>) -> Found {
        let mut found = Found::default();
        found.certain |= VICTIM * u8::from(columns.human_rights_victim.is_yes(member));
        let severe = columns.severe_difficulties.get(member);
        let disabled = severe.members & law::SEVERE_DIFFICULTIES != 0;
        found.certain |= DISABILITY * u8::from(disabled);
        found.open |=
            DISABILITY * u8::from(!disabled & (severe.known & law::SEVERE_DIFFICULTIES != law::SEVERE_DIFFICULTIES));
        if columns.pregnancy.code(member) != 0 {
            self.pregnancy(columns, member, &mut found);
        }
        match birth {
            Some(birth) => {
                found.certain |= CHILD * u8::from(birth > self.child_after);
                found.certain |= ELDERLY * u8::from(birth <= self.elderly_until);
                let school_age = (birth <= self.pupil_until) & (birth > self.pupil_after);
                self.pupil(columns, member, Some(school_age), &mut found);
            }
            None => {
                found.open |= CHILD | ELDERLY;
                self.pupil(columns, member, None, &mut found);
            }
        }
        found.certain &= self.payable;
        found.open &= self.payable;
        found.level_open &= self.payable;
        found
    }

    /// A woman on the pregnancy list: pregnant, or within the days after birth.
    /// A higher pregnancy than the last that pays brings nothing, one of unknown
    /// order pays; a man is not counted.
    fn pregnancy(&self, columns: &Columns<'_>, member: usize, found: &mut Found) {
        let paid_order = columns.pregnancy_order.get(member).is_none_or(|n| i64::from(n) <= self.pregnancy_max_order);
        let sex = columns.sex.get(member);
        if !paid_order || sex == Some(1) {
            return;
        }
        let now = match columns.pregnancy.get(member) {
            Some(1) => Some(true),
            _ => columns
                .delivery_date
                .get(member)
                .map(|date| i64::from(self.as_of) - i64::from(date) <= self.postpartum_days),
        };
        match now {
            Some(false) => {}
            Some(true) if sex.is_some() => found.certain |= PREGNANCY,
            _ => found.open |= PREGNANCY,
        }
    }

    /// A member of school age, or of unknown age: attending, twelve years
    /// unfinished, at the level of the school list or else of DTSEN.
    ///
    /// Codes with 0 = unknown, and no branch: it is put to every member.
    #[inline(always)]
    fn pupil(&self, columns: &Columns<'_>, member: usize, school_age: Known<bool>, found: &mut Found) {
        let participation = columns.school_participation.code(member);
        let certificate = columns.certificate.code(member);
        let listed = columns.school_list_level.code(member);
        let delivered = columns.school_level.code(member);
        let level = if listed != 0 { listed } else { delivered };
        let component = self.by_level[usize::from(level & 31)];
        let attending = participation == ATTENDING;
        let in_age = school_age != Some(false);
        let may_attend = (attending | (participation == 0)) & in_age;
        let unfinished = self.finished >> (certificate & 31) & 1 == 0;
        let pupil = if may_attend & unfinished { component } else { 0 };
        let settled = attending & (certificate != 0) & school_age.is_some();
        found.level_missing |= attending & in_age & school_age.is_some() & (level == 0);
        let level_only = settled & (level == 0);
        found.certain |= if settled & (level != 0) { pupil } else { 0 };
        found.level_open |= if level_only { pupil } else { 0 };
        found.open |= if settled { 0 } else { pupil };
    }
}
