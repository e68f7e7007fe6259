//! A family and its members as a person would write them down; `None` = not known.

/// A civil date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Year.
    pub year: i64,
    /// Month from 1.
    pub month: i64,
    /// Day of the month from 1.
    pub day: i64,
}

fn leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Day {
    /// A date; a day beyond the month's end is the month's last.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Day {
        Day { year, month, day: day.min(length(year, month)) }
    }

    /// The next day.
    #[must_use]
    pub fn after(self) -> Day {
        if self.day < length(self.year, self.month) {
            Day { day: self.day + 1, ..self }
        } else if self.month < 12 {
            Day { month: self.month + 1, day: 1, ..self }
        } else {
            Day { year: self.year + 1, month: 1, day: 1 }
        }
    }

    /// The day before.
    #[must_use]
    pub fn before(self) -> Day {
        if self.day > 1 {
            Day { day: self.day - 1, ..self }
        } else if self.month > 1 {
            Day { month: self.month - 1, day: length(self.year, self.month - 1), ..self }
        } else {
            Day { year: self.year - 1, month: 12, day: 31 }
        }
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn count(self) -> i64 {
        let year_length = |year| if leap(year) { 366 } else { 365 };
        let years: i64 = if self.year >= 1970 {
            (1970..self.year).map(year_length).sum()
        } else {
            -(self.year..1970).map(year_length).sum::<i64>()
        };
        years + (1..self.month).map(|month| length(self.year, month)).sum::<i64>() + self.day - 1
    }

    /// Completed years on another date: who is born on 29 February completes a year
    /// on 1 March where there is no such day.
    #[must_use]
    pub fn age_on(self, on: Day) -> i64 {
        let had_birthday = (on.month, on.day) >= (self.month, self.day);
        on.year - self.year - i64::from(!had_birthday)
    }
}

/// Items of a list by their code, each known or not.
pub type Items = [Option<bool>; 32];

/// A list delivered complete without a hit.
pub const NONE: Items = [Some(false); 32];

/// A member of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the column of its name in schema/columns.toml")]
pub struct Member {
    pub birth_date: Option<Day>,
    pub sex: Option<u8>,
    pub relation: Option<u8>,
    pub dead: Option<bool>,
    pub member_exclusions: Items,
    pub working: Option<bool>,
    pub job_status: Option<u8>,
    pub pregnancy: Option<u8>,
    pub pregnancy_order: Option<u8>,
    pub delivery_date: Option<Day>,
    pub school_participation: Option<u8>,
    pub school_level: Option<u8>,
    pub certificate: Option<u8>,
    pub school_list_level: Option<u8>,
    pub severe_difficulties: Items,
    pub human_rights_victim: Option<bool>,
    pub chronic_illness: Option<u8>,
    pub wage_premium: Option<u8>,
    pub pbi_nas: Option<bool>,
    pub pbi_pemda: Option<bool>,
    pub previous_pbi_jkn: Option<bool>,
}

/// A family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the column of its name in schema/columns.toml")]
pub struct Family {
    pub decile: Option<u8>,
    pub member_count: Option<u8>,
    pub village_kind: Option<u8>,
    pub exclusions: Items,
    pub other_aid: Items,
    pub livelihood_lost: Option<bool>,
    pub previous_pkh: Option<bool>,
    /// First quarter of the run of paid quarters: year x 4 + quarter - 1.
    pub since_pkh: Option<u16>,
    pub receives_pkh: Option<bool>,
    pub receives_sembako: Option<bool>,
    pub members: Vec<Member>,
}

/// The dates of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The date on which facts hold.
    pub as_of: Day,
    /// First day of the period.
    pub period: Day,
}

impl When {
    /// The period's quarter: year x 4 + quarter - 1.
    #[must_use]
    pub fn quarter(&self) -> i64 {
        self.period.year * 4 + (self.period.month - 1) / 3
    }
}

/// Disability: code 1 in any of delivery columns 24 to 32; a missing answer with no
/// such code elsewhere is unknown.
#[must_use]
pub fn any(items: &Items, codes: impl Iterator<Item = usize> + Clone) -> Option<bool> {
    if codes.clone().any(|code| items[code] == Some(true)) {
        Some(true)
    } else if codes.clone().any(|code| items[code].is_none()) {
        None
    } else {
        Some(false)
    }
}
