//! A rule file with a scenario's values in place of its own.
//!
//! Takes the text of a rule file and one program's change; gives the text of
//! the changed rule file, whose values hold in the simulated period. The text
//! then goes through the same checks as any rule file.

use toml::{Table, Value};

use super::scenario::Change;
use crate::error::{Error, Result};
use crate::program::page::Node;
use crate::terms::Period;

/// Keys of `[quota]` of which exactly one stands.
const WAYS: [&str; 4] = ["total", "areas", "table", "unlimited"];

/// The rule file with the change, as TOML; comments are lost.
///
/// # Errors
/// A bug: a rule file that was read before is no TOML.
pub fn rewritten(rules: &str, change: &Change, period: Period, source: &str) -> Result<String> {
    let mut root: Table = toml::from_str(rules).map_err(Error::bug)?;
    let dated = |value: Value| {
        let mut line = Table::new();
        line.insert("from".into(), Value::String(period.to_string()));
        line.insert("value".into(), value);
        line.insert("source".into(), Value::String(source.to_owned()));
        Value::Array(vec![Value::Table(line)])
    };
    for (key, node) in &change.table {
        let key = key.value.as_str();
        match (key, &node.value) {
            ("like" | "removed", _) => {}
            ("settings" | "unknown" | "quota" | "ceiling" | "ranking" | "incumbent", Node::Table(inside)) => {
                if key == "ceiling"
                    && inside.iter().any(|(name, node)| name.value == "removed" && node.value == Node::Flag(true))
                {
                    root.remove(key);
                    continue;
                }
                let part = root.entry(key).or_insert_with(|| Value::Table(Table::new()));
                let Some(part) = part.as_table_mut() else { continue };
                for (name, value) in inside {
                    let name = name.value.as_str();
                    if key == "quota" && WAYS.contains(&name) {
                        WAYS.iter().for_each(|way| drop(part.remove(*way)));
                    }
                    let is_dated = key == "settings"
                        || matches!((key, name), ("quota", "total" | "areas" | "table") | ("ceiling", "year"));
                    let value = value.value.plain();
                    part.insert(name.to_owned(), if is_dated { dated(value) } else { value });
                }
            }
            _ => {
                root.insert(key.to_owned(), node.value.plain());
            }
        }
    }
    toml::to_string(&root).map_err(Error::bug)
}
