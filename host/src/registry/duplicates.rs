//! Sets aside what a file says twice.
//!
//! Takes the keys of a file whose rows are written but not committed; of equal
//! rows the first stays, of rows that contradict each other none. The reasons are
//! `duplicate_row` and `duplicate_conflict`. Never looks past the file.

use std::path::Path;

use rayon::slice::ParallelSliceMut;
use rusqlite::types::Value;

use super::facts::{Poured, Seen};
use super::{Registry, schema};
use crate::error::Result;
use crate::intake::{self, Opened, Reason, Table};
use crate::terms::mask_identity;

/// Sorts the keys, as `ids` needs them, and takes duplicates out.
pub(super) fn set_aside(
    registry: &Registry,
    path: &Path,
    opened: &Opened,
    extract: i64,
    poured: &mut Poured,
) -> Result<()> {
    let table = opened.layout.table;
    let mut out: Vec<(u32, Reason)> = Vec::new();
    let villages = table == Table::Village;
    for seen in [&mut poured.people, &mut poured.families, &mut poured.others] {
        seen.par_sort_unstable_by_key(|s| (s.key.base.cast_signed(), s.key.tail, s.from));
    }
    let own = if villages { vec![&poured.others] } else { vec![&poured.people, &poured.families] };
    for seen in own {
        for group in seen.chunk_by(|a, b| a.key == b.key).filter(|group| group.len() > 1) {
            judge(registry, table, poured, group, &mut out)?;
        }
    }
    if out.is_empty() {
        return Ok(());
    }
    out.sort_unstable_by_key(|(at, _)| *at);
    let rows = take_out(registry, opened, extract, poured, &out)?;
    let mut keep = registry
        .vault
        .prepare("INSERT INTO quarantine_raw (extract, row, raw) VALUES (?, ?, ?)")
        .map_err(registry.vault_failed())?;
    intake::raw_rows(path, opened, &rows, &mut |row, raw| {
        keep.execute((extract, row.cast_signed(), raw)).map(drop).map_err(registry.vault_failed())
    })?;
    let gone = |seen: &Seen| out.binary_search_by_key(&seen.from, |(at, _)| *at).is_ok();
    poured.people.retain(|seen| !gone(seen));
    poured.families.retain(|seen| !gone(seen));
    Ok(())
}

/// Judges the rows of one key.
fn judge(
    registry: &Registry,
    table: Table,
    poured: &Poured,
    group: &[Seen],
    out: &mut Vec<(u32, Reason)>,
) -> Result<()> {
    let mut rows = Vec::new();
    for seen in group {
        rows.push((seen.from, content(registry, table, poured, seen.from)?));
    }
    // two hits of different items, or two programs, do not contradict each other
    let topic = |row: &[Value]| match table {
        Table::Exclusion => row.to_vec(),
        Table::AidHistory => row.get(..2).unwrap_or(row).to_vec(),
        _ => Vec::new(),
    };
    let mut judged = vec![false; rows.len()];
    for at in 0..rows.len() {
        let Some((_, first)) = rows.get(at) else { continue };
        if judged.get(at) == Some(&true) {
            continue;
        }
        let same: Vec<usize> = (at..rows.len())
            .filter(|other| rows.get(*other).is_some_and(|(_, row)| topic(row) == topic(first)))
            .collect();
        let equal = same.iter().all(|other| rows.get(*other).is_some_and(|(_, row)| row == first));
        let (skip, reason) = if equal { (1, Reason::DuplicateRow) } else { (0, Reason::DuplicateConflict) };
        for other in &same {
            if let Some(done) = judged.get_mut(*other) {
                *done = true;
            }
        }
        if same.len() > 1 {
            out.extend(same.iter().skip(skip).filter_map(|other| rows.get(*other)).map(|(from, _)| (*from, reason)));
        }
    }
    Ok(())
}

/// Everything that an accepted row says: unit first, facts, then its text.
fn content(registry: &Registry, table: Table, poured: &Poured, at: u32) -> Result<Vec<Value>> {
    let wanted: Vec<String> = schema::columns(table)
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "extract" | "row" | "id" | "unit" | "head"))
        .collect();
    let mut out = vec![Value::Null];
    let first = if table == Table::AidHistory { "program" } else { "NULL" };
    let list = wanted.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
    let comma = if list.is_empty() { "" } else { "," };
    let sql = format!("SELECT {first}{comma}{list} FROM {} WHERE rowid = ?", table.sql());
    let mut statement = registry.facts.prepare_cached(&sql).map_err(registry.facts_failed())?;
    let width = wanted.len() + 1;
    statement
        .query_row([poured.facts_from + i64::from(at)], |row| {
            for column in 0..width {
                out.push(row.get(column)?);
            }
            Ok(())
        })
        .map_err(registry.facts_failed())?;
    if table.is_identified() {
        let sql = format!("SELECT {} FROM {}_identity WHERE rowid = ?", table.texts().join(","), table.sql());
        let mut statement = registry.vault.prepare_cached(&sql).map_err(registry.vault_failed())?;
        statement
            .query_row([poured.vault_from + i64::from(at)], |row| {
                for column in 0..table.texts().len() {
                    out.push(row.get(column)?);
                }
                Ok(())
            })
            .map_err(registry.vault_failed())?;
    }
    Ok(out)
}

/// Takes rows back out of the facts and notes them in the quarantine; gives their numbers.
fn take_out(
    registry: &Registry,
    opened: &Opened,
    extract: i64,
    poured: &mut Poured,
    out: &[(u32, Reason)],
) -> Result<Vec<u64>> {
    let table = opened.layout.table;
    let facts = registry.facts_failed();
    let mut delete = registry
        .facts
        .prepare(&format!("DELETE FROM {} WHERE rowid = ? RETURNING row", table.sql()))
        .map_err(&facts)?;
    let mut aside = registry
        .facts
        .prepare("INSERT INTO quarantine (extract, row, header, shown, reason) VALUES (?, ?, ?, ?, ?)")
        .map_err(&facts)?;
    let mut rows = Vec::new();
    for (at, reason) in out {
        let row: i64 = delete.query_row([poured.facts_from + i64::from(*at)], |row| row.get(0)).map_err(&facts)?;
        let mut shown = String::new();
        if table.is_identified() {
            let number = table.texts().first().copied().unwrap_or("");
            let sql = format!("DELETE FROM {}_identity WHERE rowid = ? RETURNING {number}", table.sql());
            let mut take = registry.vault.prepare_cached(&sql).map_err(registry.vault_failed())?;
            let number: Option<String> = take
                .query_row([poured.vault_from + i64::from(*at)], |row| row.get(0))
                .map_err(registry.vault_failed())?;
            shown = mask_identity(&number.unwrap_or_default());
        }
        let header = opened.layout.key_header();
        aside.execute((extract, row, header, shown, reason.code())).map_err(&facts)?;
        *poured.reasons.entry(reason.code().to_owned()).or_default() += 1;
        poured.accepted -= 1;
        rows.push(row.unsigned_abs());
    }
    rows.sort_unstable();
    Ok(rows)
}
