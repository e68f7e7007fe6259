//! Reserves: seats of every area that are first offered to a group.
//!
//! Takes `[[quota.reserve]]`; gives them in the order of filling, each with a
//! test on one granted column. Integers only; decides about no row.

use std::cmp::Ordering;

use crate::columns::{Class, Column, Entity, Kind, Origin};
use crate::say;
use crate::terms::Text;

use super::check::Site;
use super::dated;
use super::page::{At, Node, Page, Table, get};
use super::quota::{MOST_SEATS, area};
use super::written::{self, GroupTable, ReserveTable};
use super::{AreaLevel, Group, GroupTest, Reserve, ReserveSeats};

/// Reserves of one quota.
const MOST_RESERVES: usize = 8;

/// The reserves in the order of filling; `None` if one of them is wrong.
pub(super) fn check(page: &mut Page, quota: &Table, program: &str, site: &Site<'_>) -> Option<Vec<Reserve>> {
    let Some(node) = get(quota, "reserve") else { return Some(Vec::new()) };
    let items = page.list("reserve", node)?;
    if items.len() > MOST_RESERVES {
        let message = say!("paling banyak {MOST_RESERVES} cadangan", "at most {MOST_RESERVES} reserves");
        page.note(&node.span, message);
    }
    let mut all: Vec<Option<Reserve>> = Vec::new();
    let mut shares = 0u32;
    for item in items {
        let one = reserve(page, item, program, site);
        if let Some(one) = &one {
            if all.iter().flatten().any(|earlier| earlier.name == one.name) {
                let name = &one.name;
                page.note(
                    &item.span,
                    say!("cadangan `{name}` ditulis dua kali", "the reserve `{name}` is written twice"),
                );
            }
            if let ReserveSeats::PerMille(share) = one.seats {
                shares += u32::from(share);
                if shares > 1000 {
                    page.note(
                        &item.span,
                        say!(
                            "cadangan seluruhnya {shares}‰, lebih dari semua kursi",
                            "the reserves are {shares}‰ in all, more than all seats"
                        ),
                    );
                }
            }
        }
        all.push(one);
    }
    all.into_iter().collect()
}

fn reserve(page: &mut Page, item: &At<Node>, program: &str, site: &Site<'_>) -> Option<Reserve> {
    let table = page.table("reserve", item)?;
    written::shape::<ReserveTable>(page, "quota.reserve", table, &item.span);
    let name = get(table, "name").and_then(|node| page.filled("name", node));
    if let Some(name) = &name
        && !name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        let word = &name.value;
        page.note(
            &name.span,
            say!(
                "nama cadangan `{word}` memakai selain huruf kecil, angka dan `_`",
                "the reserve's name `{word}` has more than small letters, digits and `_`"
            ),
        );
    }
    let title = get(table, "title").and_then(|node| written::text(page, "title", node));
    let seats = seats(page, item, table, site);
    let group = get(table, "group").and_then(|node| group(page, node, program, site));
    let (seats, source) = seats?;
    Some(Reserve { name: name?.value, title: title?.value, seats, source, group: group? })
}

/// How many seats, and where the number comes from.
fn seats(page: &mut Page, item: &At<Node>, table: &Table, site: &Site<'_>) -> Option<(ReserveSeats, String)> {
    let ways: Vec<&(At<String>, At<Node>)> =
        table.iter().filter(|(key, _)| ["share", "seats"].contains(&key.value.as_str())).collect();
    let [(key, node)] = ways.as_slice() else {
        let span = ways.get(1).map_or(item.span.clone(), |(key, _)| key.span.clone());
        page.note(
            &span,
            Text::new(
                "cadangan memerlukan tepat satu dari `share`, `seats`",
                "a reserve needs exactly one of `share`, `seats`",
            ),
        );
        return None;
    };
    let dated = dated::read(page, key, node, |page, node| {
        if key.value == "share" {
            return share(page, node).map(ReserveSeats::PerMille);
        }
        let number = page.integer("seats", node, 0, MOST_SEATS)?;
        u64::try_from(number.value).ok().map(ReserveSeats::Number)
    });
    let line = dated.in_force(page, site.period)?;
    Some((line.value.value, line.source.clone()))
}

/// A share in thousandths.
fn share(page: &mut Page, node: &At<Node>) -> Option<u16> {
    let text = page.text_of("share", node)?;
    let number = |digits: &str, most: u16| digits.parse::<u16>().ok().filter(|n| (1..=most).contains(n));
    let whole = text.value.strip_suffix('%').and_then(|n| number(n, 100)).map(|n| n * 10);
    let share = whole.or_else(|| text.value.strip_suffix('‰').and_then(|n| number(n, 1000)));
    if share.is_none() {
        let word = &text.value;
        page.note_fix(
            &text.span,
            say!(
                "`{word}` bukan persen utuh (1% sampai 100%) atau permil utuh (1‰ sampai 1000‰)",
                "`{word}` is no whole percentage (1% to 100%) and no whole thousandths (1‰ to 1000‰)"
            ),
            Text::new("tulis \"10%\" atau \"125‰\"", "write \"10%\" or \"125‰\""),
        );
    }
    share
}

fn group(page: &mut Page, node: &At<Node>, program: &str, site: &Site<'_>) -> Option<Group> {
    let table = page.table("group", node)?;
    written::shape::<GroupTable>(page, "group", table, &node.span);
    let name = get(table, "column").and_then(|node| page.filled("column", node))?;
    let word = &name.value;
    let Some(id) = site.dictionary.id(word) else {
        let near = site.dictionary.nearest(word).map(|near| say!("maksudnya `{near}`?", "did you mean `{near}`?"));
        page.note(&name.span, say!("kolom `{word}` tidak ada di kamus", "the dictionary has no column `{word}`")).fix =
            near;
        return None;
    };
    let column = site.dictionary.get(id);
    if column.class == Class::Identity || column.origin == Origin::Run || column.kind == Kind::Text {
        page.note(
            &name.span,
            say!("kolom `{word}` tidak dapat menguji cadangan", "the column `{word}` cannot test a reserve"),
        );
        return None;
    }
    if !site.operator.grants(program, word) {
        page.note_fix(
            &name.span,
            say!(
                "kolom `{word}` tidak diberikan kepada program `{program}`",
                "the column `{word}` is not granted to the program `{program}`"
            ),
            say!(
                "tambahkan \"{word}\" ke `columns` di `[grants.{program}]`",
                "add \"{word}\" to `columns` in `[grants.{program}]`"
            ),
        );
    }
    let test = test(page, node, table, column, site)?;
    Some(Group { column: id, name: name.value, entity: column.entity, test })
}

fn test(page: &mut Page, node: &At<Node>, table: &Table, column: &Column, site: &Site<'_>) -> Option<GroupTest> {
    let words = ["in", "at_least", "at_most", "yes"];
    let ways: Vec<&(At<String>, At<Node>)> =
        table.iter().filter(|(key, _)| words.contains(&key.value.as_str())).collect();
    let [(key, value)] = ways.as_slice() else {
        let span = ways.get(1).map_or(node.span.clone(), |(key, _)| key.span.clone());
        page.note(
            &span,
            Text::new(
                "`group` memerlukan tepat satu dari `in`, `at_least`, `at_most`, `yes`",
                "`group` needs exactly one of `in`, `at_least`, `at_most`, `yes`",
            ),
        );
        return None;
    };
    let way = key.value.as_str();
    let region = column.unit == "region" && column.entity == Entity::Family;
    let fits = match column.kind {
        Kind::Bits => way == "yes",
        Kind::Set => matches!(way, "in" | "yes"),
        Kind::S32 => false,
        _ if region => way == "in",
        _ => way != "yes",
    };
    if !fits {
        let name = &column.name;
        let kind = format!("{:?}", column.kind).to_lowercase();
        page.note(
            &key.span,
            say!(
                "`{way}` tidak cocok untuk kolom `{name}` ({kind})",
                "`{way}` does not fit the column `{name}` ({kind})"
            ),
        );
        return None;
    }
    let bound = |page: &mut Page| page.integer(way, value, i64::MIN, i64::MAX).map(|number| number.value);
    match way {
        "yes" => yes(page, value, column).map(GroupTest::Yes),
        "at_least" => bound(page).map(GroupTest::AtLeast),
        "at_most" => bound(page).map(GroupTest::AtMost),
        _ if region => regions(page, value, column, site).map(GroupTest::Regions),
        _ => codes(page, value, column).map(GroupTest::In),
    }
}

/// Yes or no; of a set only yes, since one unknown code leaves it open whether it holds any.
fn yes(page: &mut Page, node: &At<Node>, column: &Column) -> Option<bool> {
    let yes = page.flag("yes", node)?;
    if column.kind == Kind::Set && !yes {
        let name = &column.name;
        page.note(
            &node.span,
            say!(
                "kolom himpunan `{name}` hanya diuji dengan `yes = true`",
                "the set `{name}` is tested with `yes = true` only"
            ),
        );
        return None;
    }
    Some(yes)
}

/// Values of a coded or counted column, ascending.
fn codes(page: &mut Page, node: &At<Node>, column: &Column) -> Option<Vec<i64>> {
    let items = page.list("in", node)?;
    empty(page, node, items);
    let mut values = Vec::new();
    for item in items {
        let Some(number) = page.integer("in", item, i64::MIN, i64::MAX) else { continue };
        let known = column.codes.iter().any(|code| i64::from(code.code) == number.value);
        if !column.codes.is_empty() && !known {
            let (name, value) = (&column.name, number.value);
            let list = |text: fn(&crate::columns::Code) -> &str| {
                column.codes.iter().map(|code| format!("{} {}", code.code, text(code))).collect::<Vec<_>>().join(", ")
            };
            let (id, en) = (list(|code| &code.id), list(|code| &code.en));
            page.note_fix(
                &item.span,
                say!("`{name}` tidak punya kode {value}", "`{name}` has no code {value}"),
                say!("kodenya: {id}", "its codes: {en}"),
            );
        }
        values.push(number.value);
    }
    values.sort_unstable();
    values.dedup();
    (values.len() == items.len()).then_some(values)
}

/// Region codes in canonical form: provinces and regencies, or districts and villages.
fn regions(page: &mut Page, node: &At<Node>, column: &Column, site: &Site<'_>) -> Option<Vec<String>> {
    let items = page.list("in", node)?;
    empty(page, node, items);
    let mut codes = Vec::new();
    for item in items {
        let Some(text) = page.filled("in", item) else { continue };
        let digits = text.value.chars().filter(char::is_ascii_digit).count();
        let level = match (column.name.as_str(), digits.cmp(&4)) {
            ("village", _) if digits < 10 => AreaLevel::District,
            ("village", _) => AreaLevel::Village,
            (_, Ordering::Less) => AreaLevel::Province,
            _ => AreaLevel::Regency,
        };
        match area(&text.value, level, site.regions) {
            Ok(code) => codes.push(code),
            Err((message, fix)) => page.note(&text.span, message).fix = fix,
        }
    }
    codes.sort_unstable();
    codes.dedup();
    (codes.len() == items.len()).then_some(codes)
}

fn empty(page: &mut Page, node: &At<Node>, items: &[At<Node>]) {
    if items.is_empty() {
        page.note(&node.span, Text::new("`in` tidak menyebut nilai apa pun", "`in` names no value"));
    }
}
