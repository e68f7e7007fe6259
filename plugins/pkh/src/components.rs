//! Which components a living member brings.
//!
//! Takes one member's facts; gives what is certain, what may be and what only
//! the school level keeps open. A component that pays nothing is brought by no one.

use kit::marks::{Marks, mark};
use kit::{Dates, law};

use crate::declared::{Columns, Component, Settings};

/// The first bits of the three parts of `Found` in a mark.
const CERTAIN: u32 = 1;
const OPEN: u32 = 1 << 8;
const LEVEL_OPEN: u32 = 1 << 16;
/// All bits of `Found`.
pub(crate) const FOUND: u32 = 0xff_ffff | Found::LEVEL_MISSING;
/// A member brings more than one component for certain.
pub(crate) const OVERLAP: u32 = 1 << 27;
/// On the way: the birth date is known.
const AGE_KNOWN: u32 = 1 << 13;

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

    /// What a mark says, or the marks of all members together.
    #[inline(always)]
    pub(crate) fn of(mark: u32) -> Self {
        Self(mark & FOUND)
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

    /// Marks what each member brings, as `Found`: a living one, and one who counts.
    #[inline(always)]
    pub(crate) fn mark(&self, columns: &Columns<'_>, marks: &mut Marks<'_>) {
        self.pupils(columns, marks);
        marks.bits(&columns.human_rights_victim, |word, victim, _| word | mark(u32::from(VICTIM), victim));
        marks.sets(&columns.severe_difficulties, |word, severe| {
            let disabled = severe.members & law::SEVERE_DIFFICULTIES != 0;
            let all_known = severe.known & law::SEVERE_DIFFICULTIES == law::SEVERE_DIFFICULTIES;
            word | mark(CERTAIN * u32::from(DISABILITY), disabled)
                | mark(OPEN * u32::from(DISABILITY), !(disabled | all_known))
        });
        let Self { child_after, elderly_until, payable, .. } = *self;
        marks.numbers(&columns.birth_date, move |word, birth, known| {
            word | mark(CERTAIN * u32::from(CHILD), known & (birth > child_after))
                | mark(CERTAIN * u32::from(ELDERLY), known & (birth <= elderly_until))
                | mark(OPEN * u32::from(CHILD | ELDERLY), !known)
        });
        marks.rare(&columns.pregnancy, |word, member| word | self.pregnancy(columns, member).0);
        marks.each(move |word| {
            let word = word & (payable | !FOUND);
            let certain = word & 0xff;
            word | mark(OVERLAP, certain & certain.wrapping_sub(1) != 0)
        });
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

    /// Members of school age, or of unknown age: attending, twelve years
    /// unfinished, at the level of the school list or else of DTSEN. Codes with
    /// 0 = unknown. Uses bits of `open` and `level_open` on the way.
    #[inline(always)]
    fn pupils(&self, columns: &Columns<'_>, marks: &mut Marks<'_>) {
        const IN_AGE: u32 = 1 << 8;
        const SETTLED: u32 = 1 << 9;
        const ATTENDS: u32 = 1 << 10;
        const MAY_ATTEND: u32 = 1 << 11;
        const LEVEL: u32 = 1 << 16;
        const LEVEL_KNOWN: u32 = 1 << 12;
        marks.codes(&columns.school_list_level, |word, listed| word | (LEVEL * u32::from(listed & 31)));
        let Self { pupil_until, pupil_after, finished, by_level, .. } = *self;
        marks.codes(&columns.school_level, move |word, delivered| {
            let listed = (word / LEVEL) & 31;
            let level = if listed != 0 { listed } else { u32::from(delivered & 31) };
            let component = by_level[level as usize & 31];
            (word & !(LEVEL * 31)) | (LEVEL * u32::from(component)) | mark(LEVEL_KNOWN, level != 0)
        });
        marks.codes(&columns.school_participation, |word, participation| {
            let attends = participation == ATTENDING;
            word | mark(ATTENDS | SETTLED, attends) | mark(MAY_ATTEND, attends | (participation == 0))
        });
        marks.codes(&columns.certificate, move |word, certificate| {
            let finished = finished >> (certificate & 31) & 1 != 0;
            word & !mark(LEVEL * 255, finished) & !mark(SETTLED, certificate == 0)
        });
        marks.numbers(&columns.birth_date, move |word, birth, known| {
            let school_age = (birth <= pupil_until) & (birth > pupil_after);
            (word | mark(IN_AGE, school_age | !known)) & !mark(SETTLED, !known) | mark(AGE_KNOWN, known)
        });
        marks.each(|word| {
            let (in_age, level_known) = (word & IN_AGE != 0, word & LEVEL_KNOWN != 0);
            let pupil = (word / LEVEL) & 255 & mark(255, in_age & (word & MAY_ATTEND != 0));
            let settled = word & SETTLED != 0;
            let missing = (word & ATTENDS != 0) & in_age & (word & AGE_KNOWN != 0) & !level_known;
            mark(CERTAIN * pupil, settled & level_known)
                | mark(OPEN * pupil, !settled)
                | mark(LEVEL_OPEN * pupil, settled & !level_known)
                | mark(Found::LEVEL_MISSING, missing)
        });
    }
}
