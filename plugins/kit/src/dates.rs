//! Civil dates as days, worked out once per batch and never per row.
//!
//! Takes as-of; gives the cut-off dates that turn "completed years" into one
//! comparison per person.

/// The only two dates that a program is told, in days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    /// The date on which facts hold.
    pub as_of: i32,
    /// First day of the run's period.
    pub period_start: i32,
}

impl Dates {
    /// The latest birth date of a person who has completed `years` at as-of.
    /// Age is at least `years` exactly if the birth date is not after it.
    #[must_use]
    pub fn latest_birth(&self, years: i64) -> i32 {
        latest_birth(self.as_of, years)
    }

    /// Quarter of the period's first day: year x 4 + quarter - 1.
    #[must_use]
    pub fn quarter(&self) -> i64 {
        let (year, month, _) = civil(i64::from(self.period_start));
        year.saturating_mul(4).saturating_add(month.saturating_sub(1) / 3)
    }
}

/// See [`Dates::latest_birth`]. Who is born on 29 February completes a year on
/// 1 March where the year has no such day.
#[must_use]
pub fn latest_birth(as_of: i32, years: i64) -> i32 {
    let (year, month, day) = civil(i64::from(as_of));
    let year = year.saturating_sub(years);
    // As-of 29 February: in a year without it, 28 February is the last birthday reached.
    let day = if month == 2 && day == 29 && !leap(year) { 28 } else { day };
    i32::try_from(days(year, month, day)).unwrap_or(i32::MIN)
}

const fn leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

/// Year, month, day of a day number (proleptic Gregorian; years start in March inside).
const fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Day number of a civil date.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * mp + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::{civil, days, latest_birth};

    fn day(y: i64, m: i64, d: i64) -> i32 {
        i32::try_from(days(y, m, d)).unwrap_or(0)
    }

    #[test]
    fn dates_round_trip() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2026, 9, 20), 20_716);
        for n in -40_000..40_000 {
            let (y, m, d) = civil(n);
            assert_eq!(days(y, m, d), n);
        }
    }

    #[test]
    fn a_leap_day_birthday_is_reached_on_the_first_of_march() {
        let born = day(2020, 2, 29);
        assert!(born > latest_birth(day(2026, 2, 28), 6));
        assert!(born <= latest_birth(day(2026, 3, 1), 6));
        assert!(born <= latest_birth(day(2024, 2, 29), 4));
        assert_eq!(latest_birth(day(2024, 2, 29), 6), day(2018, 2, 28));
    }
}
