//! The small words of the field: language and text, period, date, region code,
//! rupiah, identities and the ids made from them.
//!
//! Identities (`Nik`, `KkNumber`) have no `Display` and a masked `Debug`: they
//! can only be read by name, in the vault and the export. Nothing here reads a
//! clock or a file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Both languages of one message: each string is a format string that captures
/// the caller's variables. `say!("baris {row}", "row {row}")`.
#[macro_export]
macro_rules! say {
    ($id:literal, $en:literal $(,)?) => {
        $crate::terms::Text { id: format!($id), en: format!($en) }
    };
}

/// The language of what a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// English.
    En,
}

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Bahasa Indonesia.
    pub id: String,
    /// English.
    pub en: String,
}

impl Text {
    /// A text from both languages.
    #[must_use]
    pub fn new(id: impl Into<String>, en: impl Into<String>) -> Text {
        Text { id: id.into(), en: en.into() }
    }

    /// The text in one language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Id => &self.id,
            Lang::En => &self.en,
        }
    }
}

/// A civil date as days since 1970-01-01, the form in which dates cross to plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

impl Date {
    /// From a calendar date; `None` if there is no such day.
    #[must_use]
    pub fn from_ymd(year: i16, month: i8, day: i8) -> Option<Date> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        Some(Date::from_civil(date))
    }

    /// From a civil date.
    #[must_use]
    pub fn from_civil(date: jiff::civil::Date) -> Date {
        let days = date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24;
        Date(i32::try_from(days).unwrap_or(0))
    }

    /// As a civil date; the epoch if out of the calendar's range.
    #[must_use]
    pub fn civil(self) -> jiff::civil::Date {
        let epoch = jiff::civil::date(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().days(self.0.clamp(-3_000_000, 2_900_000))).unwrap_or(epoch)
    }

    /// Completed years from `self` to `at`; negative if `self` lies after `at`.
    #[must_use]
    pub fn years_at(self, at: Date) -> i32 {
        let (born, now) = (self.civil(), at.civil());
        let years = i32::from(now.year()) - i32::from(born.year());
        if (now.month(), now.day()) < (born.month(), born.day()) { years - 1 } else { years }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.civil())
    }
}

impl std::str::FromStr for Date {
    type Err = Text;
    fn from_str(text: &str) -> Result<Date, Text> {
        text.parse::<jiff::civil::Date>()
            .map(Date::from_civil)
            .map_err(|_| say!("`{text}` bukan tanggal; tulis TTTT-BB-HH", "`{text}` is not a date; write YYYY-MM-DD"))
    }
}

/// A quarter (`2026Q3`) or a month (`2026-09`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// Year and quarter 1 to 4.
    Quarter(i16, i8),
    /// Year and month 1 to 12.
    Month(i16, i8),
}

impl Period {
    /// The first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        let (year, month) = match self {
            Period::Quarter(year, quarter) => (year, (quarter - 1) * 3 + 1),
            Period::Month(year, month) => (year, month),
        };
        Date::from_ymd(year, month, 1).unwrap_or(Date(0))
    }

    /// The quarter that a date lies in.
    #[must_use]
    pub fn quarter_of(date: Date) -> Period {
        let civil = date.civil();
        Period::Quarter(civil.year(), (civil.month() - 1) / 3 + 1)
    }

    /// The quarter that this period lies in, counted from 0000Q1: `year * 4 + quarter - 1`.
    /// The form of `since.*` columns.
    #[must_use]
    pub fn quarter_ordinal(self) -> u16 {
        let (year, quarter) = match self {
            Period::Quarter(year, quarter) => (year, quarter),
            Period::Month(year, month) => (year, (month - 1) / 3 + 1),
        };
        u16::try_from(i32::from(year) * 4 + i32::from(quarter) - 1).unwrap_or(0)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Period::Quarter(year, quarter) => write!(f, "{year:04}Q{quarter}"),
            Period::Month(year, month) => write!(f, "{year:04}-{month:02}"),
        }
    }
}

impl std::str::FromStr for Period {
    type Err = Text;
    fn from_str(text: &str) -> Result<Period, Text> {
        let wrong = || {
            say!(
                "`{text}` bukan periode; tulis triwulan `2026Q3` atau bulan `2026-09`",
                "`{text}` is not a period; write a quarter `2026Q3` or a month `2026-09`"
            )
        };
        let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i16>().ok()).flatten();
        let (year, rest) = text.split_at_checked(4).ok_or_else(wrong)?;
        let year = number(year).ok_or_else(wrong)?;
        if let Some(quarter) = rest.strip_prefix('Q') {
            return match number(quarter) {
                Some(q @ 1..=4) if quarter.len() == 1 => Ok(Period::Quarter(year, q as i8)),
                _ => Err(wrong()),
            };
        }
        match rest.strip_prefix('-').filter(|m| m.len() == 2).and_then(number) {
            Some(m @ 1..=12) => Ok(Period::Month(year, m as i8)),
            _ => Err(wrong()),
        }
    }
}

/// The system of a region code. Kemendagri and BPS codes collide (92, 95, 96, 1201).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegionSystem {
    /// Home Affairs, `35.78`; decree 300.2.2-2138/2025.
    Kemendagri,
    /// Statistics, `3578`.
    Bps,
}

/// A region code with its system: `kemendagri:35.78`, `bps:3578`. A bare code is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode {
    /// Whose code it is.
    pub system: RegionSystem,
    /// The code as that system writes it.
    pub code: String,
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system = match self.system {
            RegionSystem::Kemendagri => "kemendagri",
            RegionSystem::Bps => "bps",
        };
        write!(f, "{system}:{}", self.code)
    }
}

impl std::str::FromStr for RegionCode {
    type Err = Text;
    fn from_str(text: &str) -> Result<RegionCode, Text> {
        let (system, code) = match text.split_once(':') {
            Some(("kemendagri", code)) => (RegionSystem::Kemendagri, code),
            Some(("bps", code)) => (RegionSystem::Bps, code),
            _ => {
                return Err(say!(
                    "kode wilayah `{text}` tanpa sistem; tulis `kemendagri:{text}` atau `bps:{text}`",
                    "region code `{text}` names no system; write `kemendagri:{text}` or `bps:{text}`"
                ));
            }
        };
        let shaped = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !shaped {
            return Err(say!("`{code}` bukan kode wilayah", "`{code}` is not a region code"));
        }
        Ok(RegionCode { system, code: code.to_owned() })
    }
}

/// Whole rupiah.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Rupiah(pub i64);

impl Rupiah {
    /// `Rp1.234.567` in Indonesian, `Rp1,234,567` in English.
    #[must_use]
    pub fn show(self, lang: Lang) -> String {
        format!("Rp{}", show_count(self.0, lang))
    }
}

/// An integer with thousands separators of the language.
#[must_use]
pub fn show_count(value: i64, lang: Lang) -> String {
    let separator = match lang {
        Lang::Id => '.',
        Lang::En => ',',
    };
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        out.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// 64 bits of a keyed BLAKE3 of the KK number: a pseudonym, shown as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FamilyId(pub u64);

/// 64 bits of a keyed BLAKE3 of the NIK: a pseudonym, shown as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PersonId(pub u64);

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{:016x}", self.0)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{:016x}", self.0)
    }
}

/// A person number of the civil registry: 16 digits, no check digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nik(String);

/// A family card number: 16 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KkNumber(String);

/// Why 16 characters are not an identity number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityFault {
    /// Not 16 characters long.
    Length,
    /// Something that is not a digit.
    Digits,
    /// Day or month of the birth or issue date cannot be, or serial 0000.
    Shape,
}

fn sixteen_digits(text: &[u8]) -> Result<&[u8], IdentityFault> {
    if text.len() != 16 {
        return Err(IdentityFault::Length);
    }
    if !text.iter().all(u8::is_ascii_digit) {
        return Err(IdentityFault::Digits);
    }
    Ok(text)
}

fn two(digits: &[u8], at: usize) -> u8 {
    let digit = |i: usize| digits.get(i).map_or(0, |b| b - b'0');
    digit(at) * 10 + digit(at + 1)
}

impl Nik {
    /// Checks the shape of `domain.md` 3.1: region prefix not 00, day 1 to 31 or
    /// 41 to 71, month 1 to 12, serial not 0000. A date that disagrees with the
    /// recorded birth date is a finding elsewhere, never an error here.
    ///
    /// # Errors
    /// The first fault found.
    pub fn parse(text: &str) -> Result<Nik, IdentityFault> {
        Nik::check(text.as_bytes()).map(|()| Nik(text.to_owned()))
    }

    /// The checks of `parse` on a cell, without making a value.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(cell: &[u8]) -> Result<(), IdentityFault> {
        let digits = sixteen_digits(cell)?;
        let day = two(digits, 6);
        let day_ok = (1..=31).contains(&day) || (41..=71).contains(&day);
        let month_ok = (1..=12).contains(&two(digits, 8));
        let serial_ok = digits.get(12..) != Some(b"0000");
        if two(digits, 0) == 0 || !day_ok || !month_ok || !serial_ok {
            return Err(IdentityFault::Shape);
        }
        Ok(())
    }

    /// The digits, for the vault and exported lists only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `36************01`: first two and last two digits.
    #[must_use]
    pub fn masked(&self) -> String {
        mask_identity(&self.0)
    }
}

impl KkNumber {
    /// Checks 16 digits, region prefix not 00, serial not 0000. The issue date
    /// has no +40 rule and old cards carry odd dates, so it is not checked.
    ///
    /// # Errors
    /// The first fault found.
    pub fn parse(text: &str) -> Result<KkNumber, IdentityFault> {
        KkNumber::check(text.as_bytes()).map(|()| KkNumber(text.to_owned()))
    }

    /// The checks of `parse` on a cell, without making a value.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(cell: &[u8]) -> Result<(), IdentityFault> {
        let digits = sixteen_digits(cell)?;
        if two(digits, 0) == 0 || digits.get(12..) == Some(b"0000") {
            return Err(IdentityFault::Shape);
        }
        Ok(())
    }

    /// The digits, for the vault and exported lists only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// First two and last two characters, stars between; shorter texts become stars.
#[must_use]
pub fn mask_identity(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let n = chars.len();
    let shown = |at: usize| n >= 12 && (at < 2 || at + 2 >= n);
    chars.iter().enumerate().map(|(at, c)| if shown(at) { *c } else { '*' }).collect()
}

/// Whether a character leaves nothing on a page and may hide what stands behind it:
/// zero-width and bidirectional marks, soft hyphens, fillers, odd blanks.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A cell that no spreadsheet takes for a formula: one that begins, behind blanks,
/// invisible characters and apostrophes, with `=`, `+`, `-`, `@`, one of their
/// full-width or small forms, or a control character, gets an apostrophe in front.
/// Taking that apostrophe away from such a cell gives the text back, always.
#[must_use]
pub fn formula_safe(cell: &str) -> String {
    let first = cell.chars().find(|c| !(*c == ' ' || *c == '\'' || is_invisible(*c) || is_blank(*c)));
    let risky = first.is_some_and(|c| {
        matches!(c, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
            || matches!(c, '\u{fe66}' | '\u{fe62}' | '\u{fe63}' | '\u{fe6b}' | '\u{207a}' | '\u{207b}' | '\u{207c}')
            || matches!(c, '\u{2212}' | '\u{2010}'..='\u{2015}' | '\u{2e3a}' | '\u{2e3b}')
            || c.is_control()
    });
    if risky { format!("'{cell}") } else { cell.to_owned() }
}

/// A blank that is no control character.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && !c.is_control()
}

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nik({})", self.masked())
    }
}

impl fmt::Debug for KkNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KkNumber({})", mask_identity(&self.0))
    }
}
