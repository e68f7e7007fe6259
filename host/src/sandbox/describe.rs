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

/// Checks and converts.
pub(super) fn read(said: wit::Description) -> Result<Description> {
    name("name", &said.name, false)?;
    version(&said.version)?;
    count("columns", said.columns.len(), limits::WISHES)?;
    count("settings", said.settings.len(), limits::WISHES)?;
    count("criteria", said.criteria.len(), limits::CRITERIA)?;
    count("components", said.components.len(), limits::WISHES)?;
    count("score-parts", said.score_parts.len(), limits::WISHES)?;
    let (columns, settings) = (said.columns.len(), said.settings.len());
    let parts = |what: &str, parts: Vec<wit::Part>| parts_of(what, parts, columns, settings);
    let description = Description {
        name: said.name,
        version: said.version,
        unit: match said.unit {
            wit::Unit::Family => Unit::Family,
            wit::Unit::Person => Unit::Person,
        },
        columns: said.columns.into_iter().map(column).collect::<Result<_>>()?,
        settings: said.settings.into_iter().map(setting).collect::<Result<_>>()?,
        criteria: parts("criteria", said.criteria)?,
        components: parts("components", said.components)?,
        score_parts: parts("score-parts", said.score_parts)?,
        score: bounds("score", said.score_min, said.score_max)?,
        amount: bounds("amount", said.amount_min, said.amount_max)?,
    };
    if description.amount.0 < 0 {
        return Err(wrong("amount", "the smallest amount is below 0"));
    }
    let columns = description.columns.iter().map(|column| (column.name.as_str(), column.entity == Entity::Member));
    distinct("columns", columns.map(|(name, member)| format!("{name}{}", if member { " (member)" } else { "" })))?;
    distinct("settings", description.settings.iter().map(|setting| setting.name.clone()))?;
    distinct("criteria", description.criteria.iter().map(|part| part.code.clone()))?;
    distinct("components", description.components.iter().map(|part| part.code.clone()))?;
    distinct("score-parts", description.score_parts.iter().map(|part| part.code.clone()))?;
    Ok(description)
}

/// A refusal of one part of a description.
fn wrong(what: &str, cause: &str) -> Error {
    refused(
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

fn bounds(what: &str, least: i64, most: i64) -> Result<(i64, i64)> {
    if least <= most { Ok((least, most)) } else { Err(wrong(what, &format!("bounds {least} to {most} are reversed"))) }
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

fn column(said: wit::ColumnWish) -> Result<ColumnWish> {
    name("columns", &said.name, true)?;
    Ok(ColumnWish {
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
    })
}

fn setting(said: wit::SettingWish) -> Result<SettingWish> {
    name("settings", &said.name, false)?;
    let what = format!("settings.{}", said.name);
    count(&what, said.options.len(), limits::OPTIONS)?;
    for option in &said.options {
        name(&what, option, false)?;
    }
    distinct(&what, said.options.iter().cloned())?;
    let unit_ok = said.unit.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'/' | b'_' | b'2'));
    if !unit_ok || said.unit.len() > limits::NAME_BYTES {
        return Err(wrong(&what, &format!("`{}` is not a unit", shown(&said.unit))));
    }
    let (min, max) = bounds(&what, said.min, said.max)?;
    let wish = SettingWish {
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
        min,
        max,
        default: said.default.map(|value| match value {
            wit::ValueResult::Integer(value) => Value::Integer(value),
            wit::ValueResult::Codes(codes) => Value::Codes(codes),
        }),
    };
    match &wish.default {
        Some(value) if !fits(&wish, value) => Err(wrong(&what, "its default does not fit its own kind and bounds")),
        _ => Ok(wish),
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

fn parts_of(what: &str, said: Vec<wit::Part>, columns: usize, settings: usize) -> Result<Vec<Part>> {
    let mut parts = Vec::with_capacity(said.len());
    for part in said {
        name(what, &part.code, false)?;
        let what = format!("{what}.{}", part.code);
        positions(&what, &part.columns, columns, "column")?;
        positions(&what, &part.settings, settings, "setting")?;
        parts.push(Part { code: part.code, columns: part.columns, settings: part.settings });
    }
    Ok(parts)
}

fn positions(what: &str, found: &[u16], limit: usize, of: &str) -> Result<()> {
    count(what, found.len(), limits::WISHES)?;
    match found.iter().find(|at| usize::from(**at) >= limit) {
        Some(at) => Err(wrong(what, &format!("it reads {of} {at}, there are {limit}"))),
        None => distinct(what, found.iter().map(u16::to_string)),
    }
}
