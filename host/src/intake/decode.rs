//! Reads one cell: a code, a number, a date.
//!
//! Takes the bytes of a trimmed, non-empty cell; gives a number or the reason why
//! it is none. Allocates nothing. Must never make a value up: `2001-02-30` is no date.

use std::collections::{BTreeMap, HashMap};

use super::block::Reason;
use super::mapping::{DateForm, Source};
use crate::columns::{Dictionary, Kind};
use crate::terms::Date;

/// 1900-01-01: an earlier date is a fault.
const OLDEST: i64 = -25_567;

/// How a column is read.
#[derive(Debug)]
pub(super) enum Parse {
    /// A whole number within bounds.
    Number { low: i64, high: i64 },
    /// A number or label of a list.
    Code(Codes),
    /// A civil date, as days since 1970-01-01.
    Date(Vec<DateForm>),
    /// `2025-03`, as months since 0000-01.
    Month,
    /// `2021Q3`, as `year * 4 + quarter - 1`.
    Quarter,
}

impl Parse {
    pub(super) fn new(to: &str, values: Option<&str>, source: &Source, dictionary: &Dictionary) -> Parse {
        let table = values.and_then(|name| source.values.get(name));
        let dates = || Parse::Date(source.date_formats.clone());
        match to {
            "item" => return Parse::Number { low: 1, high: 16 },
            "noted_on" | "lost_on" => return dates(),
            "since" | "until" => return Parse::Quarter,
            _ => {}
        }
        let Some(column) = dictionary.column(to) else { return Parse::Code(Codes::listed(table)) };
        if column.kind == Kind::S32 {
            return dates();
        }
        if column.unit == "month" {
            return Parse::Month;
        }
        if !column.codes.is_empty() || column.kind == Kind::Bits {
            let mut codes = Codes::listed(table);
            for code in &column.codes {
                codes.add(&code.id.to_lowercase(), i64::from(code.code));
                codes.add(&code.code.to_string(), i64::from(code.code));
            }
            if column.codes.is_empty() && table.is_none() {
                codes.add("0", 0);
                codes.add("1", 1);
            }
            return Parse::Code(codes);
        }
        let (low, high) = column.range.unwrap_or_else(|| column.kind.bounds());
        Parse::Number { low, high }
    }

    /// The value of a cell; `as_of` is the last day that is believed.
    pub(super) fn read(&self, cell: &[u8], as_of: Date) -> Result<i64, Reason> {
        match self {
            Parse::Number { low, high } => {
                let value = number(cell).ok_or(Reason::NumberInvalid)?;
                if value < *low || value > *high { Err(Reason::OutOfRange) } else { Ok(value) }
            }
            Parse::Code(codes) => codes.read(cell).ok_or(Reason::CodeUnknown),
            Parse::Date(forms) => {
                let day = forms.iter().find_map(|form| date(cell, *form)).ok_or(Reason::DateInvalid)?;
                match day {
                    _ if day > i64::from(as_of.0) => Err(Reason::DateFuture),
                    _ if day < OLDEST => Err(Reason::DateTooOld),
                    _ => Ok(day),
                }
            }
            Parse::Month => month(cell, as_of),
            Parse::Quarter => quarter(cell),
        }
    }
}

/// Delivered values and their codes: short numbers by position, the rest by text.
#[derive(Debug, Default)]
pub(super) struct Codes {
    small: Vec<Option<i64>>,
    labels: HashMap<Vec<u8>, i64>,
}

impl Codes {
    /// From a table of a mapping.
    pub(super) fn listed(table: Option<&BTreeMap<String, i64>>) -> Codes {
        let mut codes = Codes::default();
        for (value, code) in table.into_iter().flatten() {
            codes.add(&value.to_lowercase(), *code);
        }
        codes
    }

    /// The mapping comes first: a value that it gave keeps its code.
    fn add(&mut self, value: &str, code: i64) {
        match value.parse::<u8>() {
            Ok(small) if value.len() == small.to_string().len() => {
                let at = usize::from(small);
                if self.small.len() <= at {
                    self.small.resize(at + 1, None);
                }
                if let Some(place) = self.small.get_mut(at) {
                    place.get_or_insert(code);
                }
            }
            _ => {
                self.labels.entry(value.as_bytes().to_vec()).or_insert(code);
            }
        }
    }

    /// The code of a cell.
    pub(super) fn read(&self, cell: &[u8]) -> Option<i64> {
        let digits = cell.strip_suffix(b".0").unwrap_or(cell);
        if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) && !digits.is_empty() {
            let value = digits.iter().fold(0_usize, |sum, digit| sum * 10 + usize::from(digit - b'0'));
            if let Some(Some(code)) = self.small.get(value) {
                return Some(*code);
            }
        }
        let mut lower = [0_u8; 96];
        let room = lower.get_mut(..cell.len())?;
        room.copy_from_slice(cell);
        room.make_ascii_lowercase();
        self.labels.get(&*room).copied().or_else(|| self.labels.get(digits).copied())
    }
}

/// A whole number; spreadsheets write it as `3.0` when a column has gaps.
pub(super) fn number(cell: &[u8]) -> Option<i64> {
    let (sign, digits) = match cell.first()? {
        b'-' => (-1, cell.get(1..)?),
        _ => (1, cell),
    };
    let whole = match memchr::memchr2(b'.', b',', digits) {
        Some(at) => {
            let behind = digits.get(at + 1..)?;
            let nothing_behind = !behind.is_empty() && behind.len() <= 2 && behind.iter().all(|b| *b == b'0');
            digits.get(..at).filter(|_| nothing_behind)?
        }
        None => digits,
    };
    if whole.is_empty() || whole.len() > 17 || !whole.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(sign * whole.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

fn digits(cell: &[u8], from: usize, to: usize) -> Option<i64> {
    let part = cell.get(from..to)?;
    part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |sum, d| sum * 10 + i64::from(d - b'0')))
}

/// Days since 1970-01-01 of a date written in one form.
fn date(cell: &[u8], form: DateForm) -> Option<i64> {
    // a time of day behind the date is let be
    let cell = match cell.get(10) {
        Some(b' ' | b'T') => cell.get(..10)?,
        Some(_) => return None,
        None => cell,
    };
    let apart = |mark: u8, first: usize, second: usize| {
        cell.len() == 10 && cell.get(first) == Some(&mark) && cell.get(second) == Some(&mark)
    };
    let (year, month, day) = match form {
        DateForm::YearDash if apart(b'-', 4, 7) => (digits(cell, 0, 4)?, digits(cell, 5, 7)?, digits(cell, 8, 10)?),
        DateForm::YearSlash if apart(b'/', 4, 7) => (digits(cell, 0, 4)?, digits(cell, 5, 7)?, digits(cell, 8, 10)?),
        DateForm::DayDash if apart(b'-', 2, 5) => (digits(cell, 6, 10)?, digits(cell, 3, 5)?, digits(cell, 0, 2)?),
        DateForm::DaySlash if apart(b'/', 2, 5) => (digits(cell, 6, 10)?, digits(cell, 3, 5)?, digits(cell, 0, 2)?),
        DateForm::Plain if cell.len() == 8 => (digits(cell, 0, 4)?, digits(cell, 4, 6)?, digits(cell, 6, 8)?),
        _ => return None,
    };
    days(year, month, day)
}

/// Days since 1970-01-01 of a day of the proleptic Gregorian calendar, if there is such a day.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > longest || !(0..=9999).contains(&year) {
        return None;
    }
    // years begin in March, so that the leap day ends them
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn month(cell: &[u8], as_of: Date) -> Result<i64, Reason> {
    let read = || {
        let (year, month) = (digits(cell, 0, 4)?, digits(cell, 5, 7)?);
        let whole = cell.len() == 7 && cell.get(4) == Some(&b'-') && (1..=12).contains(&month);
        whole.then_some(year * 12 + month - 1)
    };
    let value = read().ok_or(Reason::DateInvalid)?;
    let last = as_of.civil();
    if value > i64::from(last.year()) * 12 + i64::from(last.month()) - 1 {
        return Err(Reason::DateFuture);
    }
    if value < 1900 * 12 { Err(Reason::DateTooOld) } else { Ok(value) }
}

fn quarter(cell: &[u8]) -> Result<i64, Reason> {
    let read = || {
        let (year, quarter) = (digits(cell, 0, 4)?, digits(cell, 5, 6)?);
        let whole = cell.len() == 6 && matches!(cell.get(4), Some(b'Q' | b'q')) && (1..=4).contains(&quarter);
        whole.then_some(year * 4 + quarter - 1)
    };
    let value = read().ok_or(Reason::DateInvalid)?;
    if value < 1900 * 4 { Err(Reason::DateTooOld) } else { Ok(value) }
}
