//! Reads the registry for `freeze`: extracts, and facts by rowid.
//!
//! Takes a table; gives each row's numbers in the order in which they were
//! written, `NOTHING` where a fact was not delivered. Never an identity.

use rusqlite::types::ValueRef;

use super::{Registry, schema};
use crate::error::Result;
use crate::intake::{NOTHING, Table};
use crate::terms::Date;

/// An extract in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Its number in the facts.
    pub extract: i64,
    /// Source and kind of file.
    pub source: String,
    /// See `source`.
    pub kind: String,
    /// Name of the file.
    pub file: String,
    /// BLAKE3 of the file.
    pub blake3: String,
    /// The day of its facts.
    pub as_of: Date,
    /// Counts corrections of one as-of.
    pub revision: u8,
    /// Delivered complete.
    pub complete: bool,
    /// Families that it stands for, and holds.
    pub scale: Option<(u64, u64)>,
    /// Rows that became facts.
    pub accepted: u64,
}

impl Registry {
    /// All extracts, oldest facts first: the order in which a later one wins.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn extracts(&self) -> Result<Vec<Extract>> {
        let wrong = self.facts_failed();
        let mut statement = self
            .facts
            .prepare(
                "SELECT extract, source, kind, file, blake3, as_of, revision, complete, stands_for, holds, accepted
                 FROM extract ORDER BY as_of, revision, blake3",
            )
            .map_err(&wrong)?;
        let rows = statement
            .query_map([], |row| {
                let whole = |at: usize| row.get::<_, Option<i64>>(at).map(|n| n.map(i64::unsigned_abs));
                Ok(Extract {
                    extract: row.get(0)?,
                    source: row.get(1)?,
                    kind: row.get(2)?,
                    file: row.get(3)?,
                    blake3: row.get(4)?,
                    as_of: Date(row.get(5)?),
                    revision: row.get(6)?,
                    complete: row.get(7)?,
                    scale: whole(8)?.zip(whole(9)?),
                    accepted: whole(10)?.unwrap_or(0),
                })
            })
            .map_err(&wrong)?;
        rows.collect::<rusqlite::Result<_>>().map_err(&wrong)
    }

    /// The columns of a fact table, in the order in which `each_fact` gives them.
    #[must_use]
    pub fn fact_columns(table: Table) -> Vec<String> {
        let mut columns = schema::columns(table);
        if table == Table::Village {
            columns.pop();
        }
        columns
    }

    /// Hands on each row of a table by rowid.
    ///
    /// # Errors
    /// `Fault::Storage`; whatever `take` returns.
    pub fn each_fact(&self, table: Table, take: &mut dyn FnMut(&[i64]) -> Result<()>) -> Result<()> {
        let wrong = self.facts_failed();
        let columns = Registry::fact_columns(table);
        let sql = format!("SELECT \"{}\" FROM {}", columns.join("\",\""), table.sql());
        let mut statement = self.facts.prepare(&sql).map_err(&wrong)?;
        let mut values = vec![NOTHING; columns.len()];
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(&wrong)? {
            for (at, value) in values.iter_mut().enumerate() {
                *value = match row.get_ref(at).map_err(&wrong)? {
                    ValueRef::Integer(number) => number,
                    _ => NOTHING,
                };
            }
            take(&values)?;
        }
        Ok(())
    }

    /// Names of villages by the number that facts carry; the newest extract of a date wins.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn village_names(&self, as_of: Date) -> Result<Vec<(i64, String)>> {
        let wrong = self.facts_failed();
        let mut statement = self
            .facts
            .prepare(
                "SELECT id, name FROM village JOIN extract USING (extract)
                 WHERE name <> '' AND as_of <= ? ORDER BY id, as_of, revision, blake3",
            )
            .map_err(&wrong)?;
        let rows = statement.query_map([as_of.0], |row| Ok((row.get(0)?, row.get(1)?))).map_err(&wrong)?;
        let mut names: Vec<(i64, String)> = Vec::new();
        for row in rows {
            let (id, name): (i64, String) = row.map_err(&wrong)?;
            match names.last_mut() {
                Some(last) if last.0 == id => last.1 = name,
                _ => names.push((id, name)),
            }
        }
        Ok(names)
    }

    /// Hands on id and extract of each row of a table, by rowid.
    ///
    /// # Errors
    /// `Fault::Storage`; whatever `take` returns.
    pub fn each_id(&self, table: Table, take: &mut dyn FnMut(i64, i64) -> Result<()>) -> Result<()> {
        let wrong = self.facts_failed();
        let sql = format!("SELECT id, extract FROM {}", table.sql());
        let mut statement = self.facts.prepare(&sql).map_err(&wrong)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(&wrong)? {
            take(row.get(0).map_err(&wrong)?, row.get(1).map_err(&wrong)?)?;
        }
        Ok(())
    }

    /// Kind and settlement (`NOTHING` = not delivered) of each village by the number
    /// that facts carry; the newest extract wins.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn villages(&self, as_of: Date) -> Result<Vec<(i64, (i64, i64))>> {
        let wrong = self.facts_failed();
        let mut statement = self
            .facts
            .prepare(
                "SELECT id, village_kind, settlement FROM village JOIN extract USING (extract)
                 WHERE as_of <= ? ORDER BY as_of, revision, blake3",
            )
            .map_err(&wrong)?;
        let number = |value: Option<i64>| value.unwrap_or(NOTHING);
        let rows = statement
            .query_map([as_of.0], |row| Ok((row.get(0)?, (number(row.get(1)?), number(row.get(2)?)))))
            .map_err(&wrong)?;
        rows.collect::<rusqlite::Result<_>>().map_err(&wrong)
    }
}
