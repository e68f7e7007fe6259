//! Values of a family file, and what is taken where nothing is written.
//!
//! Takes a column and a word; gives the cell, or what the column would accept.

use super::Unwritten;
use crate::columns::{Column, Kind, Origin};
use crate::explanation::cells::Cell;
use crate::program::page::{At, Node, Page, suggestion};
use crate::say;
use crate::terms::{Date, Period, Text};

/// Completed years, in the place of a birth date.
pub const AGE: &str = "age";

/// Words for a fact that is not known.
pub(super) const UNKNOWN: [&str; 3] = ["not known", "tidak diketahui", "unknown"];

/// Whether a word says "not known".
pub(super) fn is_unknown(word: &str) -> bool {
    UNKNOWN.contains(&word.to_lowercase().as_str())
}

/// A birth date of so many completed years, half a year after the birthday.
pub(super) fn born(as_of: Date, age: i64) -> i64 {
    i64::from(as_of.0) - age * 1_461 / 4 - 183
}

/// A single value as a word; a bare TOML date is taken from the text.
pub(super) fn word(page: &mut Page, node: &At<Node>) -> Option<String> {
    match &node.value {
        Node::Text(text) => Some(text.clone()),
        Node::Integer(number) => Some(number.to_string()),
        Node::Flag(flag) => Some(flag.to_string()),
        Node::Other => page.text().get(node.span.clone()).map(str::to_owned),
        Node::List(_) | Node::Table(_) => {
            page.wrong_type("...", node, Text::new("satu nilai", "one value"));
            None
        }
    }
}

/// The cell that a value of the file stands for.
pub(super) fn cell(page: &mut Page, column: &Column, node: &At<Node>) -> Option<Cell> {
    let name = &column.name;
    match (&node.value, column.kind) {
        (Node::List(items), Kind::Set) => {
            let mut members = 0;
            for item in items {
                let word = word(page, item)?;
                members |= code_bit(column, &word).or_else(|| {
                    refuse(page, column, item, &word);
                    None
                })?;
            }
            Some(Cell::Set { members, known: all_codes(column) })
        }
        (Node::Integer(_) | Node::Flag(_), Kind::Set) => {
            page.wrong_type(name, node, Text::new("daftar", "a list"));
            None
        }
        (Node::List(_) | Node::Table(_), _) => {
            page.wrong_type(name, node, Text::new("satu nilai", "one value"));
            None
        }
        _ => {
            let word = word(page, node)?;
            match of_word(column, &word) {
                Ok(cell) => Some(cell),
                Err(_) => {
                    refuse(page, column, node, &word);
                    None
                }
            }
        }
    }
}

/// Notes a word that is no value of a column, with what would be.
fn refuse(page: &mut Page, column: &Column, node: &At<Node>, word: &str) {
    let name = &column.name;
    let error = page.note(&node.span, say!("`{word}` bukan nilai `{name}`", "`{word}` is no value of `{name}`"));
    error.fix = Some(accepted(column, word));
}

/// What a column accepts; near a word, the nearest of its names.
fn accepted(column: &Column, word: &str) -> Text {
    if !column.codes.is_empty() {
        let names = column.codes.iter().flat_map(|code| [code.id.clone(), code.en.clone()]).collect::<Vec<_>>();
        let near = names.iter().any(|name| strsim::damerau_levenshtein(word, name) <= (word.len() / 3).max(2));
        if let (true, Some(near)) = (near, suggestion(word, &names)) {
            return near;
        }
        let list = |id: bool| {
            let one = |code: &crate::columns::Code| format!("{} {}", code.code, if id { &code.id } else { &code.en });
            column.codes.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let (id, en) = (list(true), list(false));
        return say!("yang dikenal: {id}", "known here: {en}");
    }
    match (column.kind, column.unit.as_str()) {
        (Kind::Bits, _) => Text::new("tulis true atau false", "write true or false"),
        (_, "date") => Text::new("tulis 2021-03-05", "write 2021-03-05"),
        (_, "quarter") => Text::new("tulis \"2021Q3\"", "write \"2021Q3\""),
        (_, "month") => Text::new("tulis \"2025-03\"", "write \"2025-03\""),
        _ => {
            let (least, most) = column.range.unwrap_or_else(|| column.kind.bounds());
            say!("bilangan bulat {least} sampai {most}", "a whole number of {least} to {most}")
        }
    }
}

fn all_codes(column: &Column) -> u32 {
    column.codes.iter().filter_map(|code| 1_u32.checked_shl(code.code)).fold(0, |all, bit| all | bit)
}

/// The code of a number or name.
fn code(column: &Column, word: &str) -> Option<u32> {
    let number = word.parse::<u32>().ok();
    let named = |code: &&crate::columns::Code| {
        number == Some(code.code) || [&code.id, &code.en].iter().any(|name| name.to_lowercase() == word.to_lowercase())
    };
    column.codes.iter().find(named).map(|code| code.code)
}

fn code_bit(column: &Column, word: &str) -> Option<u32> {
    1_u32.checked_shl(code(column, word)?)
}

/// The cell that a word stands for.
///
/// # Errors
/// What the column accepts instead.
pub fn of_word(column: &Column, word: &str) -> Result<Cell, Text> {
    if is_unknown(word) {
        return Ok(if column.kind == Kind::Set { Cell::Set { members: 0, known: 0 } } else { Cell::Unknown });
    }
    let in_range = |number: i64| {
        let (least, most) = column.range.unwrap_or_else(|| column.kind.bounds());
        (least..=most).contains(&number).then_some(number)
    };
    let number = match (column.kind, column.unit.as_str()) {
        (Kind::Set, _) => {
            let known = all_codes(column);
            let bit = if word == "none" { Some(0) } else { code_bit(column, word) };
            return bit.map(|members| Cell::Set { members, known }).ok_or_else(|| accepted(column, word));
        }
        (Kind::Bits, _) => match word {
            "true" | "yes" | "ya" => Some(1),
            "false" | "no" | "tidak" => Some(0),
            _ => None,
        },
        _ if !column.codes.is_empty() => code(column, word).map(i64::from),
        (_, "date") => word.parse::<Date>().ok().map(|date| i64::from(date.0)),
        (_, "quarter") => match word.parse::<Period>() {
            Ok(period @ Period::Quarter(..)) => Some(i64::from(period.quarter_ordinal())),
            _ => None,
        },
        (_, "month") => match word.parse::<Period>() {
            Ok(Period::Month(year, month)) => Some(i64::from(year) * 12 + i64::from(month) - 1),
            _ => None,
        },
        _ => word.parse::<i64>().ok().and_then(in_range),
    };
    number.map(Cell::Number).ok_or_else(|| accepted(column, word))
}

fn nothing(column: &Column) -> Cell {
    if column.kind == Kind::Set { Cell::Set { members: 0, known: 0 } } else { Cell::Unknown }
}

/// What a family fact is where nothing is written.
pub(super) fn of_family(column: &Column, members: usize, unwritten: Unwritten) -> Cell {
    if column.name == "member_count" {
        return i64::try_from(members).map_or(Cell::Unknown, Cell::Number);
    }
    if unwritten == Unwritten::NotKnown {
        return nothing(column);
    }
    match column.name.as_str() {
        "decile" | "village_kind" | "settlement" => Cell::Number(2),
        _ => no_hit(column),
    }
}

/// Not on a list, no earlier aid, no recipient of this period; other facts are not known.
fn no_hit(column: &Column) -> Cell {
    match (column.kind, column.origin) {
        (Kind::Set, _) => Cell::Set { members: 0, known: all_codes(column) },
        (Kind::Bits, Origin::List | Origin::History | Origin::Run) => Cell::Number(0),
        _ => Cell::Unknown,
    }
}

/// What a member's fact is where nothing is written.
pub(super) fn of_member(column: &Column, nth: usize, birth: Cell, as_of: Date, unwritten: Unwritten) -> Cell {
    if unwritten == Unwritten::NotKnown {
        return nothing(column);
    }
    let age = match birth {
        Cell::Number(day) => i32::try_from(day).ok().map(|day| Date(day).years_at(as_of)),
        _ => None,
    };
    let asked = |code: i64| if age.is_some_and(|age| age < 5) { Cell::Unknown } else { Cell::Number(code) };
    // of school age: at school, at the level of that age, with the certificate of the level before
    let school = match age {
        Some(6..=12) => Some((3, 23)),
        Some(13..=15) => Some((8, 3)),
        Some(16..=18) => Some((13, 8)),
        _ => None,
    };
    match column.name.as_str() {
        "relation" => Cell::Number(match (nth, age) {
            (0, _) => 1,
            (1, Some(age)) if age >= 18 => 2,
            _ => 3,
        }),
        "sex" => Cell::Number(if nth == 0 { 1 } else { 2 }),
        "school_participation" => asked(if school.is_some() { 2 } else { 3 }),
        "school_level" => school.map_or(Cell::Unknown, |(level, _)| Cell::Number(level)),
        "certificate" => asked(school.map_or(23, |(_, certificate)| certificate)),
        // not working, no illness, not pregnant: nothing that brings or bars an aid
        "working" => asked(0),
        "chronic_illness" => Cell::Number(1),
        "pregnancy" | "school_list_level" | "wage_premium" => Cell::Number(0),
        "pbi_nas" | "pbi_pemda" => Cell::Number(0),
        _ => no_hit(column),
    }
}
