//! Lists and exports what was set aside.
//!
//! Takes a filter; gives rows with masked values, and only on request, from the
//! vault, the rows as they stood in the file.

use std::io::Write;

use rusqlite::OptionalExtension;
use serde::Serialize;

use super::Registry;
use crate::error::{Error, Result};
use crate::terms::formula_safe;

/// Which rows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Name of the file, without its folder.
    pub file: Option<String>,
    /// Reason code.
    pub reason: Option<String>,
    /// At most so many; `None` = all.
    pub limit: Option<u64>,
}

/// A row set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// The file.
    pub file: String,
    /// Row of the file, header not counted.
    pub row: u64,
    /// Delivered header, empty for the whole row.
    pub column: String,
    /// Masked value.
    pub value: String,
    /// Reason code.
    pub reason: String,
    #[serde(skip)]
    extract: i64,
}

impl Registry {
    /// Rows set aside, by file and row.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn quarantine(&self, filter: &Filter) -> Result<Vec<SetAside>> {
        let mut all = Vec::new();
        self.each_set_aside(filter, &mut |row| {
            all.push(row);
            Ok(())
        })?;
        Ok(all)
    }

    /// Writes them as CSV; `raw` adds each row as it stood, from the vault. Gives the count.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn export_quarantine(&self, filter: &Filter, raw: bool, to: &mut dyn Write) -> Result<u64> {
        let wrong = |cause: csv::Error| Error::storage("-", cause);
        let mut out = csv::Writer::from_writer(to);
        let mut header = vec!["file", "row", "column", "value", "reason"];
        if raw {
            header.push("raw");
        }
        out.write_record(&header).map_err(wrong)?;
        let mut count = 0;
        self.each_set_aside(filter, &mut |row| {
            count += 1;
            let number = row.row.to_string();
            let mut cells =
                vec![formula_safe(&row.file), number, formula_safe(&row.column), formula_safe(&row.value), row.reason];
            if raw {
                cells.push(formula_safe(&self.raw(row.extract, row.row)?));
            }
            out.write_record(&cells).map_err(wrong)
        })?;
        out.flush().map_err(|cause| Error::storage("-", cause))?;
        Ok(count)
    }

    fn each_set_aside(&self, filter: &Filter, take: &mut dyn FnMut(SetAside) -> Result<()>) -> Result<()> {
        let wrong = self.facts_failed();
        let mut statement = self
            .facts
            .prepare(
                "SELECT file, row, header, shown, reason, quarantine.extract FROM quarantine JOIN extract USING (extract)
                 WHERE (?1 IS NULL OR file = ?1) AND (?2 IS NULL OR reason = ?2)
                 ORDER BY file, quarantine.extract, row LIMIT coalesce(?3, -1)",
            )
            .map_err(&wrong)?;
        let limit = filter.limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let mut rows = statement.query((&filter.file, &filter.reason, limit)).map_err(&wrong)?;
        while let Some(row) = rows.next().map_err(&wrong)? {
            let read = || {
                Ok(SetAside {
                    file: row.get(0)?,
                    row: row.get::<_, i64>(1)?.unsigned_abs(),
                    column: row.get(2)?,
                    value: row.get(3)?,
                    reason: row.get(4)?,
                    extract: row.get(5)?,
                })
            };
            take(read().map_err(&wrong)?)?;
        }
        Ok(())
    }

    fn raw(&self, extract: i64, row: u64) -> Result<String> {
        let raw: Option<Vec<u8>> = self
            .vault
            .prepare_cached("SELECT raw FROM quarantine_raw WHERE extract = ? AND row = ?")
            .and_then(|mut found| found.query_row((extract, row.cast_signed()), |row| row.get(0)).optional())
            .map_err(self.vault_failed())?;
        Ok(String::from_utf8_lossy(&raw.unwrap_or_default()).into_owned())
    }
}
