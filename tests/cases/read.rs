//! Reads case files and lays a case out as a batch of one family.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use kit::{Description, Entity, Kind};
use layak::columns::{ColumnId, Dictionary};
use layak::snapshot::{Batch, BatchColumn, Values};
use layak::terms::{Date, Period};
use serde::Deserialize;
use toml::{Table, Value};

use crate::tidy::top;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: Option<toml::value::Datetime>,
    period: Option<String>,
    case: Vec<Case>,
}

/// One case, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    law: String,
    as_of: Option<toml::value::Datetime>,
    period: Option<String>,
    #[serde(default)]
    settings: Table,
    #[serde(default)]
    family: Table,
    members: Vec<Table>,
    #[serde(default)]
    absent: Vec<String>,
    #[serde(default)]
    pub(crate) row: usize,
    #[serde(default)]
    pub(crate) failed: Vec<String>,
    #[serde(default)]
    pub(crate) unknown: Vec<String>,
    #[serde(default)]
    pub(crate) amount: i64,
    #[serde(default)]
    pub(crate) components: BTreeMap<String, i64>,
    pub(crate) score_parts: Option<BTreeMap<String, i64>>,
    pub(crate) paid: Option<BTreeMap<String, String>>,
}

/// All cases of a program with the name of their file, in order.
pub(crate) fn cases(program: &str) -> Vec<(String, Case)> {
    let folder = top().join("tests/cases").join(program);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    let named = |path: &PathBuf| format!("{program}/{}", path.file_name().unwrap().to_string_lossy());
    files.iter().flat_map(|path| of_file(path, &named(path))).collect()
}

/// The cases of one file, with the name that stands for it.
pub(crate) fn of_file(path: &Path, name: &str) -> Vec<(String, Case)> {
    let file: File = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut cases = Vec::new();
    for mut case in file.case {
        assert!(!case.law.is_empty(), "{name}: {}: which law?", case.name);
        case.as_of = case.as_of.or(file.as_of);
        case.period = case.period.or_else(|| file.period.clone());
        cases.push((name.to_owned(), case));
    }
    cases
}

/// One value: known or not, or a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    Unknown,
    Number(i64),
    Set { members: u32, known: u32 },
}

/// A case laid out for judging.
pub(crate) struct Setup {
    pub(crate) settings: Vec<kit::Value>,
    pub(crate) present: Vec<bool>,
    pub(crate) as_of: Date,
    pub(crate) period_start: Date,
    /// By column of the description, one cell per family or member.
    pub(crate) cells: Vec<Vec<Cell>>,
    pub(crate) members: usize,
    /// Columns by entity and kind, in the order of the description.
    pub(crate) wishes: Vec<kit::ColumnWish>,
}

impl Setup {
    /// Lays a case out; panics with the file and the case's name on what it does not understand.
    pub(crate) fn new(description: &Description, case: &Case, file: &str) -> Setup {
        let at = format!("{file}: {}", case.name);
        let as_of = day(&case.as_of.unwrap_or_else(|| panic!("{at}: as_of is missing")));
        let period = Period::from_str(case.period.as_deref().unwrap_or_else(|| panic!("{at}: period is missing")));
        let period = period.unwrap_or_else(|_| panic!("{at}: not a period"));
        let reads = |entity: Entity, name: &String| {
            let age = entity == Entity::Member && name == "age";
            age || description.columns.iter().any(|wish| wish.entity == entity && wish.name == name)
        };
        for name in case.family.keys() {
            assert!(reads(Entity::Family, name), "{at}: `{name}` is no family column of this program");
        }
        for name in case.members.iter().flat_map(Table::keys) {
            assert!(reads(Entity::Member, name), "{at}: `{name}` is no member column of this program");
        }
        let births: Vec<Option<Date>> = case.members.iter().map(|member| birth(member, as_of)).collect();
        let cells = description.columns.iter().map(|wish| match wish.entity {
            Entity::Family => vec![match case.family.get(wish.name) {
                Some(value) => cell(wish, value, &at),
                None => family_default(wish.name, wish.kind, case.members.len()),
            }],
            Entity::Member => (case.members.iter().enumerate().zip(&births))
                .map(|((row, member), birth)| match member.get(wish.name) {
                    Some(value) => cell(wish, value, &at),
                    None => member_default(wish.name, wish.kind, row, birth.map(|b| b.years_at(as_of)), *birth),
                })
                .collect(),
        });
        let cells = cells.collect();
        let absent = |name: &str| case.absent.iter().any(|absent| absent == name);
        Setup {
            settings: settings(description, &case.settings, &at),
            present: description.columns.iter().map(|wish| !absent(wish.name)).collect(),
            as_of,
            period_start: period.first_day(),
            cells,
            members: case.members.len(),
            wishes: description.columns.to_vec(),
        }
    }

    /// The batch that a run would hand over, and where each wish is in it.
    pub(crate) fn batch(&self) -> (Batch, Vec<Option<ColumnId>>) {
        let dictionary = Dictionary::embedded();
        let mut batch =
            Batch { families: 1, member_ends: vec![u32::try_from(self.members).unwrap()], ..Batch::default() };
        let mut columns = Vec::new();
        for ((wish, cells), present) in self.wishes.iter().zip(&self.cells).zip(&self.present) {
            let id = dictionary.id(wish.name).unwrap_or_else(|| panic!("`{}` is not in the dictionary", wish.name));
            columns.push(present.then_some(id));
            if *present {
                let side = if wish.entity == Entity::Family { &mut batch.family } else { &mut batch.member };
                side.push((id, column(wish.kind, cells)));
            }
        }
        (batch, columns)
    }
}

fn bits(rows: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bits = Vec::new();
    for (row, on) in rows.enumerate() {
        if row % 8 == 0 {
            bits.push(0);
        }
        *bits.last_mut().unwrap() |= u8::from(on) << (row % 8);
    }
    bits
}

fn column(kind: Kind, cells: &[Cell]) -> BatchColumn {
    fn numbers<T: TryFrom<i64>>(cells: &[Cell]) -> Vec<T> {
        let number = |cell: &Cell| if let Cell::Number(n) = cell { *n } else { 0 };
        cells.iter().map(|cell| T::try_from(number(cell)).ok().expect("a value within its kind")).collect()
    }
    let values = match kind {
        Kind::Bits => Values::Bits(bits(cells.iter().map(|cell| *cell == Cell::Number(1)))),
        Kind::U8 => Values::U8(numbers(cells)),
        Kind::U16 => Values::U16(numbers(cells)),
        Kind::U32 => Values::U32(numbers(cells)),
        Kind::S32 => Values::S32(numbers(cells)),
        Kind::S64 => Values::S64(numbers(cells)),
        Kind::Set => {
            let set = |cell: &Cell| if let Cell::Set { members, known } = cell { (*members, *known) } else { (0, 0) };
            let (members, known) = cells.iter().map(set).unzip();
            return BatchColumn { values: Values::Set { members, known }, valid: None };
        }
    };
    let unknown = cells.contains(&Cell::Unknown);
    BatchColumn { values, valid: unknown.then(|| bits(cells.iter().map(|cell| *cell != Cell::Unknown))) }
}

fn day(date: &toml::value::Datetime) -> Date {
    let date = date.date.expect("a date");
    Date::from_ymd(date.year.try_into().unwrap(), date.month.try_into().unwrap(), date.day.try_into().unwrap()).unwrap()
}

/// The birth date: as written, or half a year before the birthday that `age` names.
fn birth(member: &Table, as_of: Date) -> Option<Date> {
    match (member.get("birth_date"), member.get("age")) {
        (Some(Value::Datetime(date)), None) => Some(day(date)),
        (Some(_), None) => None,
        (None, age) => {
            let age = age.map_or(35, |age| age.as_integer().expect("an age in years"));
            Some(Date(kit::latest_birth(as_of.0, age) - 182))
        }
        (Some(_), Some(_)) => panic!("`age` or `birth_date`, not both"),
    }
}

fn cell(wish: &kit::ColumnWish, value: &Value, at: &str) -> Cell {
    let refuse = || -> ! { panic!("{at}: `{value}` is no value of `{}`", wish.name) };
    let codes = |list: &Value| {
        let list = list.as_array().unwrap_or_else(|| refuse());
        list.iter().map(|code| 1_u32 << code.as_integer().unwrap_or_else(|| refuse())).fold(0, |all, bit| all | bit)
    };
    match value {
        Value::String(text) if text == "unknown" && wish.kind == Kind::Set => Cell::Set { members: 0, known: 0 },
        Value::String(text) if text == "unknown" => Cell::Unknown,
        Value::Array(_) if wish.kind == Kind::Set => Cell::Set { members: codes(value), known: u32::MAX },
        Value::Table(set) if wish.kind == Kind::Set => {
            let part = |key: &str| set.get(key).map_or(0, codes);
            Cell::Set { members: part("yes"), known: part("known") | part("yes") }
        }
        Value::Boolean(yes) => Cell::Number(i64::from(*yes)),
        Value::Integer(n) => Cell::Number(*n),
        Value::Datetime(date) => Cell::Number(i64::from(day(date).0)),
        Value::String(text) => {
            let column = Dictionary::embedded().column(wish.name).unwrap_or_else(|| refuse());
            let named =
                column.codes.iter().find(|code| [&code.id, &code.en].iter().any(|n| n.eq_ignore_ascii_case(text)));
            match (named, Period::from_str(text)) {
                (Some(code), _) => Cell::Number(i64::from(code.code)),
                (None, Ok(period)) if wish.kind == Kind::U16 => Cell::Number(i64::from(period.quarter_ordinal())),
                _ => refuse(),
            }
        }
        _ => refuse(),
    }
}

fn empty(kind: Kind) -> Cell {
    if kind == Kind::Set { Cell::Set { members: 0, known: u32::MAX } } else { Cell::Unknown }
}

/// See the top of `cases.rs`.
fn family_default(name: &str, kind: Kind, members: usize) -> Cell {
    match name {
        "decile" | "village_kind" | "settlement" => Cell::Number(2),
        "member_count" => Cell::Number(i64::try_from(members).unwrap()),
        "livelihood_lost" | "family_pbi_nas" | "family_pbi_pemda" => Cell::Number(0),
        _ if name.starts_with("previous.") || name.starts_with("receives.") => Cell::Number(0),
        _ => empty(kind),
    }
}

/// See the top of `cases.rs`.
fn member_default(name: &str, kind: Kind, row: usize, age: Option<i32>, birth: Option<Date>) -> Cell {
    let asked_from =
        |years: i32, code: i64| if age.is_some_and(|age| age < years) { Cell::Unknown } else { Cell::Number(code) };
    match name {
        "birth_date" => birth.map_or(Cell::Unknown, |birth| Cell::Number(i64::from(birth.0))),
        "relation" => Cell::Number(if row == 0 { 1 } else { 3 }),
        "sex" => Cell::Number(if row == 0 { 1 } else { 2 }),
        "school_participation" => asked_from(5, 3),
        "certificate" => asked_from(5, 23),
        "working" => asked_from(5, 2),
        "chronic_illness" => Cell::Number(1),
        "dead"
        | "pregnancy"
        | "human_rights_victim"
        | "school_list_level"
        | "pbi_nas"
        | "pbi_pemda"
        | "wage_premium" => Cell::Number(0),
        _ if name.starts_with("previous.") || name.starts_with("receives.") => Cell::Number(0),
        _ => empty(kind),
    }
}

fn settings(description: &Description, written: &Table, at: &str) -> Vec<kit::Value> {
    for key in written.keys() {
        assert!(description.settings.iter().any(|wish| wish.name == key), "{at}: `{key}` is no setting");
    }
    let one = |wish: &kit::SettingWish| {
        let refuse = || -> ! { panic!("{at}: not a value of setting `{}`", wish.name) };
        let option =
            |value: &Value| wish.options.iter().position(|o| value.as_str() == Some(o)).unwrap_or_else(|| refuse());
        let value = match (written.get(wish.name), wish.kind) {
            (None, _) => wish.default.clone().unwrap_or_else(|| panic!("{at}: setting `{}` must be given", wish.name)),
            (Some(Value::Integer(n)), kit::SettingKind::Integer) => kit::Value::Integer(*n),
            (Some(Value::Boolean(yes)), kit::SettingKind::Flag) => kit::Value::Integer(i64::from(*yes)),
            (Some(value), kit::SettingKind::Choice) => kit::Value::Integer(i64::try_from(option(value)).unwrap()),
            (Some(Value::Array(list)), kit::SettingKind::Choices) => {
                kit::Value::Integer(list.iter().map(|value| 1 << option(value)).fold(0, |all, bit: i64| all | bit))
            }
            (Some(Value::Array(list)), kit::SettingKind::Codes) => {
                kit::Value::Codes(list.iter().map(|n| n.as_integer().unwrap_or_else(|| refuse())).collect())
            }
            _ => refuse(),
        };
        if let Some(why) = wish.refuses(&value) {
            panic!("{at}: setting `{}`: {why}", wish.name);
        }
        value
    };
    description.settings.iter().map(one).collect()
}
