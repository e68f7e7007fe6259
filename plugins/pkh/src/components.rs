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
/// `pregnancy` of a woman who has not yet delivered.
const PREGNANT: u8 = 1;

/// What a member brings, or all members of a family together: one bit per
/// component, three times. One word, so that it stays in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Found(u32);

impl Found {
    const LEVEL_MISSING: u32 = 1 << 24;

    #[inline(always)]
    fn new(certain: u8, open: u8, level_open: u8) -> Self {
        Self(u32::from_le_bytes([certain, open, level_open, 0]))
    }

    /// Components that are certain.
    #[inline(always)]
    pub(crate) fn certain(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// Components that may be: a fact is missing.
    #[inline(always)]
    pub(crate) fn open(self) -> u8 {
        self.0.to_le_bytes()[1]
    }

    /// Components that may be: only the school level is missing.
    #[inline(always)]
    pub(crate) fn level_open(self) -> u8 {
        self.0.to_le_bytes()[2]
    }

    /// Whether the level of an attending member of school age is missing.
    #[inline(always)]
    pub(crate) fn level_missing(self) -> bool {
        self.0 & Self::LEVEL_MISSING != 0
    }
}

impl std::ops::BitOr for Found {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The limits of the settings, as dates and masks.
#[derive(Debug)]
pub(crate) struct Qualification {
    /// Mask of what pays at all, as a `Found`.
    payable: u32,
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
            payable: Found::new(payable, payable, payable).0 | Found::LEVEL_MISSING,
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
        let victim = columns.human_rights_victim.is_yes(member);
        let severe = columns.severe_difficulties.get(member);
        let disabled = severe.members & law::SEVERE_DIFFICULTIES != 0;
        let maybe_disabled = !disabled & (severe.known & law::SEVERE_DIFFICULTIES != law::SEVERE_DIFFICULTIES);
        let mut found = Found::new(
            (VICTIM * u8::from(victim)) | (DISABILITY * u8::from(disabled)),
            DISABILITY * u8::from(maybe_disabled),
            0,
        );
        found = match birth {
            Some(birth) => {
                let child = CHILD * u8::from(birth > self.child_after);
                let elderly = ELDERLY * u8::from(birth <= self.elderly_until);
                let school_age = (birth <= self.pupil_until) & (birth > self.pupil_after);
                found | Found::new(child | elderly, 0, 0) | self.pupil(columns, member, Some(school_age))
            }
            None => found | Found::new(0, CHILD | ELDERLY, 0) | self.pupil(columns, member, None),
        };
        if columns.pregnancy.code(member) != 0 {
            found = found | self.pregnancy(columns, member);
        }
        Found(found.0 & self.payable)
    }

    /// A woman on the pregnancy list: pregnant, or within the days after birth.
    /// A higher pregnancy than the last that pays brings nothing, one of unknown
    /// order pays; a man is not counted.
    fn pregnancy(&self, columns: &Columns<'_>, member: usize) -> Found {
        let paid_order = columns.pregnancy_order.get(member).is_none_or(|n| i64::from(n) <= self.pregnancy_max_order);
        let sex = columns.sex.get(member);
        if !paid_order || sex.is_some_and(|sex| sex != law::FEMALE) {
            return Found::default();
        }
        let since_birth = |date: i32| i64::from(self.as_of) - i64::from(date);
        let now = match columns.pregnancy.get(member) {
            Some(PREGNANT) => Some(true),
            _ => columns.delivery_date.get(member).map(|date| since_birth(date) <= self.postpartum_days),
        };
        match now {
            Some(false) => Found::default(),
            Some(true) if sex.is_some() => Found::new(PREGNANCY, 0, 0),
            _ => Found::new(0, PREGNANCY, 0),
        }
    }

    /// A member of school age, or of unknown age: attending, twelve years
    /// unfinished, at the level of the school list or else of DTSEN.
    ///
    /// Codes with 0 = unknown, and no branch: it is put to every member.
    #[inline(always)]
    fn pupil(&self, columns: &Columns<'_>, member: usize, school_age: Known<bool>) -> Found {
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
        // the byte of `Found` that the pupil's component belongs to
        let place = if !settled {
            8
        } else if level == 0 {
            16
        } else {
            0
        };
        let missing = attending & in_age & school_age.is_some() & (level == 0);
        Found((u32::from(pupil) << place) | (Found::LEVEL_MISSING * u32::from(missing)))
    }
}
