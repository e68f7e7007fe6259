//! The tables of both databases and the statements that fill them.
//!
//! Takes `schema/registry.sql` and the dictionary; gives DDL and the column order
//! of each fact table. Must never name a fact column by hand.

use rusqlite::Connection;

use super::VERSION;
use crate::columns::Dictionary;
use crate::intake::Table;

const SQL: &str = include_str!("../../../schema/registry.sql");
const BORDER: &str = "-- ==== vault.sqlite ====";

/// All fact tables.
pub(super) const TABLES: [Table; 11] = [
    Table::Person,
    Table::Family,
    Table::Exclusion,
    Table::Pregnancy,
    Table::WagePremium,
    Table::HumanRightsVictim,
    Table::SchoolLevel,
    Table::LivelihoodLoss,
    Table::AidHistory,
    Table::FactMonth,
    Table::Village,
];

/// Columns before the numbers of a row.
pub(super) fn prefix(table: Table) -> &'static [&'static str] {
    match table {
        Table::Person => &["id", "family", "extract", "row"],
        Table::Exclusion => &["unit", "id", "extract", "row"],
        Table::AidHistory => &["unit", "id", "head", "extract", "row"],
        _ => &["id", "extract", "row"],
    }
}

/// All columns of a fact table, in order; a village's name stands last.
pub(super) fn columns(table: Table) -> Vec<String> {
    let mut all: Vec<String> = prefix(table).iter().map(|name| (*name).to_owned()).collect();
    all.extend(table.numbers(Dictionary::embedded()));
    if table == Table::Village {
        all.push("name".to_owned());
    }
    all
}

/// `INSERT` with one parameter per column.
pub(super) fn insert(table: Table) -> String {
    let columns = columns(table);
    let marks = vec!["?"; columns.len()].join(",");
    format!("INSERT INTO {} (\"{}\") VALUES ({marks})", table.sql(), columns.join("\",\""))
}

/// `INSERT` of the texts of a row into the vault.
pub(super) fn insert_identity(table: Table) -> String {
    let columns = table.texts();
    let marks = vec!["?"; columns.len()].join(",");
    format!("INSERT INTO {}_identity ({}) VALUES ({marks})", table.sql(), columns.join(","))
}

pub(super) fn make_registry(connection: &Connection) -> rusqlite::Result<()> {
    let structural = SQL.split(BORDER).next().unwrap_or("");
    let mut ddl = format!("BEGIN;\n{structural}\n");
    for table in [Table::Person, Table::Family] {
        let columns: Vec<String> = columns(table).iter().map(|name| format!("\"{name}\" INTEGER")).collect();
        ddl.push_str(&format!("CREATE TABLE {} ({}) STRICT;\n", table.sql(), columns.join(", ")));
    }
    ddl.push_str(&format!("PRAGMA user_version = {VERSION};\nCOMMIT;"));
    connection.execute_batch(&ddl)
}

pub(super) fn make_vault(connection: &Connection, key: &[u8; 32], bits: u32) -> rusqlite::Result<()> {
    let structural = SQL.split(BORDER).nth(1).unwrap_or("");
    connection.execute_batch(&format!("BEGIN;\n{structural}\nPRAGMA user_version = {VERSION};"))?;
    connection.execute("INSERT INTO site (key, id_bits) VALUES (?, ?)", (&key[..], bits))?;
    connection.execute_batch("COMMIT;")
}
