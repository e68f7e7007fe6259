//! The settings of a rule file against what the plugin asks for.
//!
//! Takes `[settings]` and the plugin's description; gives one value in force
//! per setting, in the order of the description. Every dated line is checked,
//! also those that are not in force.

use crate::sandbox::{SettingKind, SettingWish, Value};
use crate::say;
use crate::terms::{Period, Text};

use super::InForce;
use super::dated::{self, Dated};
use super::page::{At, Node, Page, Table, get};

/// The setting that the top-level `months_paid` fills, where a plugin asks for it.
const MONTHS_PAID: &str = "months_paid";

/// The values in force; `None` where one is missing or wrong (noted).
pub fn check(page: &mut Page, root: &Table, wishes: &[SettingWish], period: Period) -> Option<Vec<InForce>> {
    let node = get(root, "settings");
    let empty = Table::new();
    let table = node.and_then(|node| page.table("settings", node)).unwrap_or(&empty);
    let names: Vec<String> = wishes.iter().map(|wish| wish.name.clone()).collect();
    for (key, _) in table {
        let name = &key.value;
        if !names.contains(name) {
            page.unlisted(
                key,
                say!("plugin tidak punya pengaturan `{name}`", "the plugin has no setting `{name}`"),
                &names,
            );
        }
    }
    let months = root.iter().find(|(key, _)| key.value == MONTHS_PAID).map(|(key, _)| key);
    if let Some(key) = months.filter(|_| !names.iter().any(|name| name == MONTHS_PAID)) {
        page.note_fix(
            &key.span,
            Text::new("plugin tidak memakai `months_paid`", "the plugin makes no use of `months_paid`"),
            Text::new(
                "hapus baris ini; jumlahnya sudah per periode",
                "drop this line; its amounts are per period already",
            ),
        );
    }
    let all: Vec<Option<InForce>> = wishes
        .iter()
        .map(|wish| match table.iter().find(|(key, _)| key.value == wish.name) {
            Some((key, _)) if wish.name == MONTHS_PAID && months.is_some() => {
                let message = say!(
                    "`months_paid` ditulis dua kali: di atas dan di `[settings]`",
                    "`months_paid` is written twice: at the top and in `[settings]`"
                );
                page.note(&key.span, message);
                None
            }
            Some((key, node)) => written(page, wish, key, node, period),
            None if wish.name == MONTHS_PAID && months.is_some() => months_paid(page, root, wish.min, wish.max, period),
            None => default(page, wish, node),
        })
        .collect();
    all.into_iter().collect()
}

/// The months paid in the period: a number or dated numbers; without it, `None`.
pub fn months_paid(page: &mut Page, root: &Table, min: i64, max: i64, period: Period) -> Option<InForce> {
    let (key, node) = root.iter().find(|(key, _)| key.value == MONTHS_PAID)?;
    if let Node::Integer(_) = node.value {
        let number = page.integer(MONTHS_PAID, node, min, max)?;
        return Some(InForce {
            value: Value::Integer(number.value),
            written: toml::Value::Integer(number.value),
            from: String::new(),
            source: String::from("rule file"),
            conflict: None,
        });
    }
    let dated = dated::read(page, key, node, |page, node| page.integer(MONTHS_PAID, node, min, max));
    let line = dated.in_force(page, period)?;
    Some(in_force(line, Value::Integer(line.value.value.value), toml::Value::Integer(line.value.value.value)))
}

fn written(page: &mut Page, wish: &SettingWish, key: &At<String>, node: &At<Node>, period: Period) -> Option<InForce> {
    let clean = page.count();
    let dated: Dated<(Value, toml::Value)> =
        dated::read(page, key, node, |page, node| Some((value(page, wish, node)?, node.value.plain())));
    if page.count() > clean {
        return None;
    }
    let line = dated.in_force(page, period)?;
    let (value, plain) = &line.value.value;
    Some(in_force(line, value.clone(), plain.clone()))
}

fn in_force<T>(line: &dated::Line<T>, value: Value, written: toml::Value) -> InForce {
    InForce {
        value,
        written,
        from: line.from.value.to_string(),
        source: line.source.clone(),
        conflict: line.conflict.clone(),
    }
}

fn default(page: &mut Page, wish: &SettingWish, node: Option<&At<Node>>) -> Option<InForce> {
    if let Some(value) = &wish.default {
        return Some(InForce {
            value: value.clone(),
            written: shown(wish, value),
            from: String::new(),
            source: String::from("plugin"),
            conflict: None,
        });
    }
    let span = node.map_or(0..0, |node| node.span.clone());
    let name = &wish.name;
    page.note_fix(
        &span,
        say!("pengaturan `{name}` tidak ditulis", "the setting `{name}` is missing"),
        say!(
            "tambahkan `{name} = [{{ from = \"2026Q3\", value = ..., source = \"...\" }}]` di `[settings]`",
            "add `{name} = [{{ from = \"2026Q3\", value = ..., source = \"...\" }}]` to `[settings]`"
        ),
    );
    None
}

/// A value as the rule file would write it.
#[must_use]
pub fn shown(wish: &SettingWish, value: &Value) -> toml::Value {
    let option = |at: usize| wish.options.get(at).cloned().unwrap_or_default();
    match (wish.kind, value) {
        (SettingKind::Flag, Value::Integer(number)) => toml::Value::Boolean(*number != 0),
        (SettingKind::Choice, Value::Integer(number)) => {
            toml::Value::String(option(usize::try_from(*number).unwrap_or(usize::MAX)))
        }
        (SettingKind::Choices, Value::Integer(mask)) => {
            let chosen = (0..wish.options.len()).filter(|at| bit(*at) & mask != 0);
            toml::Value::Array(chosen.map(|at| toml::Value::String(option(at))).collect())
        }
        (_, Value::Integer(number)) => toml::Value::Integer(*number),
        (_, Value::Codes(codes)) => toml::Value::Array(codes.iter().map(|code| toml::Value::Integer(*code)).collect()),
    }
}

fn bit(at: usize) -> i64 {
    1i64.checked_shl(u32::try_from(at).unwrap_or(64)).unwrap_or(0)
}

/// One value against the wish, as it crosses.
fn value(page: &mut Page, wish: &SettingWish, node: &At<Node>) -> Option<Value> {
    let name = &wish.name;
    match wish.kind {
        SettingKind::Integer => bounded(page, wish, node).map(Value::Integer),
        SettingKind::Flag => page.flag(name, node).map(|flag| Value::Integer(i64::from(flag))),
        SettingKind::Choice => option(page, wish, node).and_then(|at| i64::try_from(at).ok()).map(Value::Integer),
        SettingKind::Choices => {
            let items = page.list(name, node)?;
            let mut mask = 0i64;
            let mut clean = true;
            for item in items {
                let Some(at) = option(page, wish, item) else {
                    clean = false;
                    continue;
                };
                if mask & bit(at) != 0 {
                    twice(page, name, item);
                    clean = false;
                }
                mask |= bit(at);
            }
            clean.then_some(Value::Integer(mask))
        }
        SettingKind::Codes => {
            let items = page.list(name, node)?;
            let mut codes = Vec::new();
            for item in items {
                let Some(code) = bounded(page, wish, item) else { continue };
                if codes.contains(&code) {
                    twice(page, name, item);
                } else {
                    codes.push(code);
                }
            }
            (codes.len() == items.len()).then_some(Value::Codes(codes))
        }
    }
}

fn twice(page: &mut Page, name: &str, item: &At<Node>) {
    page.note(&item.span, say!("nilai ini ditulis dua kali di `{name}`", "this value is written twice in `{name}`"));
}

fn bounded(page: &mut Page, wish: &SettingWish, node: &At<Node>) -> Option<i64> {
    let found = page.integer(&wish.name, node, wish.min, wish.max);
    if found.is_none()
        && let Some(error) = page.last()
        && !wish.unit.is_empty()
    {
        let unit = &wish.unit;
        error.fix = Some(say!("satuannya `{unit}`", "its unit is `{unit}`"));
    }
    found.map(|number| number.value)
}

fn option(page: &mut Page, wish: &SettingWish, node: &At<Node>) -> Option<usize> {
    let text = page.text_of(&wish.name, node)?;
    let at = wish.options.iter().position(|option| *option == text.value);
    if at.is_none() {
        let (name, word) = (&wish.name, &text.value);
        let message: Text = say!("`{word}` bukan pilihan untuk `{name}`", "`{word}` is not an option of `{name}`");
        page.unlisted(&text, message, &wish.options);
    }
    at
}
