//! Reads what a plugin says of itself, and believes none of it unchecked.
//!
//! Takes the generated form; gives the host's `Description` or a refusal that
//! names the part that is out of its limits. Names are plain ASCII, so that
//! nothing in them can trick a terminal or a page.

use std::collections::BTreeSet;

use super::bindings::layak::program::types as wit;
use super::description::{ColumnWish, Description, Part, SettingKind, SettingWish, Unit, Value};
use super::limits;
use super::shape::{refused, shown};
use crate::columns::{Entity, Kind};
use crate::error::{Error, Result};
use crate::say;

/// Converts and checks.
pub(super) fn read(said: wit::Description) -> Result<Description> {
    let description = Description {
        name: said.name,
        version: said.version,
        unit: match said.unit {
            wit::Unit::Family => Unit::Family,
            wit::Unit::Person => Unit::Person,
        },
        columns: said.columns.into_iter().map(column).collect(),
        settings: said.settings.into_iter().map(setting).collect(),
        criteria: said.criteria.into_iter().map(part).collect(),
        components: said.components.into_iter().map(part).collect(),
        score_parts: said.score_parts.into_iter().map(part).collect(),
        score: (said.score_min, said.score_max),
        amount: (said.amount_min, said.amount_max),
    };
    check(&description)?;
    Ok(description)
}

/// Holds a description to its limits.
///
/// # Errors
/// `Fault::Plugin` naming the part that is out of them.
pub fn check(said: &Description) -> Result<()> {
    name("name", &said.name, false)?;
    version(&said.version)?;
    count("columns", said.columns.len(), limits::WISHES)?;
    count("settings", said.settings.len(), limits::WISHES)?;
    count("criteria", said.criteria.len(), limits::CRITERIA)?;
    count("components", said.components.len(), limits::WISHES)?;
    count("score-parts", said.score_parts.len(), limits::WISHES)?;
    said.columns.iter().try_for_each(|column| name("columns", &column.name, true))?;
    said.settings.iter().try_for_each(check_setting)?;
    let (columns, settings) = (said.columns.len(), said.settings.len());
    let parts = |what: &str, parts: &[Part]| check_parts(what, parts, columns, settings);
    parts("criteria", &said.criteria)?;
    parts("components", &said.components)?;
    parts("score-parts", &said.score_parts)?;
    bounds("score", said.score)?;
    bounds("amount", said.amount)?;
    if said.amount.0 < 0 {
        return Err(wrong("amount", "the smallest amount is below 0"));
    }
    let columns = said.columns.iter().map(|column| (column.name.as_str(), column.entity == Entity::Member));
    distinct("columns", columns.map(|(name, member)| format!("{name}{}", if member { " (member)" } else { "" })))?;
    distinct("settings", said.settings.iter().map(|setting| setting.name.clone()))?;
    distinct("criteria", said.criteria.iter().map(|part| part.code.clone()))?;
    distinct("components", said.components.iter().map(|part| part.code.clone()))?;
    distinct("score-parts", said.score_parts.iter().map(|part| part.code.clone()))
}

/// A refusal of one part of a description.
fn wrong(what: &str, cause: &str) -> Error {
    refused(
        "description",
        say!(
            "plugin ditolak: uraian dirinya (`describe`) salah pada `{what}`",
            "plugin refused: its description (`describe`) is wrong in `{what}`"
        ),
        say!("perbaiki `{what}` di kode plugin", "correct `{what}` in the plugin's code"),
    )
    .because(cause)
}

fn count(what: &str, found: usize, limit: usize) -> Result<()> {
    if found > limit { Err(wrong(what, &format!("{found} entries, the limit is {limit}"))) } else { Ok(()) }
}

/// Lower-case ASCII letters, digits and `_`, from a letter; dots only in columns.
fn name(what: &str, text: &str, dots: bool) -> Result<()> {
    let shaped = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || (dots && b == b'.'));
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if shaped && starts && text.len() <= limits::NAME_BYTES {
        return Ok(());
    }
    Err(wrong(what, &format!("`{}` is not a lower-case name of at most {} bytes", shown(text), limits::NAME_BYTES)))
}

fn version(text: &str) -> Result<()> {
    let shaped = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
    let numbers = text.split(['-', '+']).next().unwrap_or("").split('.').filter(|part| part.parse::<u32>().is_ok());
    if shaped && numbers.count() == 3 && text.len() <= limits::NAME_BYTES {
        return Ok(());
    }
    Err(wrong("version", &format!("`{}` is not a version such as 1.0.0", shown(text))))
}

fn bounds(what: &str, (least, most): (i64, i64)) -> Result<()> {
    if least <= most { Ok(()) } else { Err(wrong(what, &format!("bounds {least} to {most} are reversed"))) }
}

fn distinct(what: &str, names: impl Iterator<Item = String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if let Some(twice) = seen.replace(name) {
            return Err(wrong(what, &format!("`{twice}` is there twice")));
        }
    }
    Ok(())
}

fn column(said: wit::ColumnWish) -> ColumnWish {
    ColumnWish {
        name: said.name,
        entity: match said.entity {
            wit::Entity::Family => Entity::Family,
            wit::Entity::Member => Entity::Member,
        },
        kind: match said.kind {
            wit::Kind::Bits => Kind::Bits,
            wit::Kind::U8 => Kind::U8,
            wit::Kind::U16 => Kind::U16,
            wit::Kind::U32 => Kind::U32,
            wit::Kind::S32 => Kind::S32,
            wit::Kind::S64 => Kind::S64,
            wit::Kind::Set => Kind::Set,
        },
        required: said.required,
    }
}

fn setting(said: wit::SettingWish) -> SettingWish {
    SettingWish {
        name: said.name,
        kind: match said.kind {
            wit::SettingKind::Integer => SettingKind::Integer,
            wit::SettingKind::Flag => SettingKind::Flag,
            wit::SettingKind::Choice => SettingKind::Choice,
            wit::SettingKind::Choices => SettingKind::Choices,
            wit::SettingKind::Codes => SettingKind::Codes,
        },
        options: said.options,
        unit: said.unit,
        min: said.min,
        max: said.max,
        default: said.default.map(|value| match value {
            wit::ValueResult::Integer(value) => Value::Integer(value),
            wit::ValueResult::Codes(codes) => Value::Codes(codes),
        }),
    }
}

fn part(said: wit::Part) -> Part {
    Part { code: said.code, columns: said.columns, settings: said.settings }
}

fn check_setting(wish: &SettingWish) -> Result<()> {
    name("settings", &wish.name, false)?;
    let what = format!("settings.{}", wish.name);
    count(&what, wish.options.len(), limits::OPTIONS)?;
    for option in &wish.options {
        name(&what, option, false)?;
    }
    distinct(&what, wish.options.iter().cloned())?;
    let unit_ok = wish.unit.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'/' | b'_' | b'2'));
    if !unit_ok || wish.unit.len() > limits::NAME_BYTES {
        return Err(wrong(&what, &format!("`{}` is not a unit", shown(&wish.unit))));
    }
    bounds(&what, (wish.min, wish.max))?;
    match &wish.default {
        Some(value) if !fits(wish, value) => Err(wrong(&what, "its default does not fit its own kind and bounds")),
        _ => Ok(()),
    }
}

/// Whether a value may be given for a setting: kind, bounds, options.
#[must_use]
pub fn fits(wish: &SettingWish, value: &Value) -> bool {
    let options = wish.options.len() as u32;
    match (wish.kind, value) {
        (SettingKind::Integer, Value::Integer(value)) => (wish.min..=wish.max).contains(value),
        (SettingKind::Flag, Value::Integer(value)) => matches!(value, 0 | 1),
        (SettingKind::Choice, Value::Integer(value)) => u32::try_from(*value).is_ok_and(|value| value < options),
        (SettingKind::Choices, Value::Integer(value)) => *value >= 0 && value.checked_shr(options).unwrap_or(0) == 0,
        (SettingKind::Codes, Value::Codes(codes)) => {
            codes.len() <= 4096 && codes.iter().all(|code| (wish.min..=wish.max).contains(code))
        }
        _ => false,
    }
}

fn check_parts(what: &str, said: &[Part], columns: usize, settings: usize) -> Result<()> {
    for part in said {
        name(what, &part.code, false)?;
        let what = format!("{what}.{}", part.code);
        positions(&what, &part.columns, columns, "column")?;
        positions(&what, &part.settings, settings, "setting")?;
    }
    Ok(())
}

fn positions(what: &str, found: &[u16], limit: usize, of: &str) -> Result<()> {
    count(what, found.len(), limits::WISHES)?;
    match found.iter().find(|at| usize::from(**at) >= limit) {
        Some(at) => Err(wrong(what, &format!("it reads {of} {at}, there are {limit}"))),
        None => distinct(what, found.iter().map(u16::to_string)),
    }
}
