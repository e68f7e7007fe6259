//! Pours the blocks of one file into both databases.
//!
//! Takes a file being read; gives what was written and the keys seen. One thread
//! reads, one writes the vault, the caller's writes the facts: rows are appended
//! by rowid, in the order of the file. Must never let text of a person into the
//! registry.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, Statement};

use super::extract::{Reasons, stopped};
use super::{Registry, failed, schema};
use crate::error::{Error, Result};
use crate::intake::{self, Block, Key, Layout, NOTHING, Opened, Reading, RowKeys, Table, Unit};

/// Blocks between two threads.
const WAITING: usize = 16;

/// Consecutive rows of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) key: Key,
    /// First accepted row (from 0) of the file, and how many follow with the same key.
    pub(super) from: u32,
    pub(super) count: u32,
}

/// What a file left behind.
#[derive(Debug, Default)]
pub(super) struct Poured {
    /// Rows of the file.
    pub(super) rows: u64,
    pub(super) accepted: u64,
    pub(super) reasons: Reasons,
    pub(super) regions_by_name: u64,
    pub(super) card_regions_unknown: u64,
    pub(super) cp1252: u64,
    /// Own keys of persons and of families.
    pub(super) people: Vec<Seen>,
    pub(super) families: Vec<Seen>,
    /// KK of people, heads of the aid history, villages.
    pub(super) others: Vec<Seen>,
    /// Rowids of accepted row 0 in the fact table and in the vault.
    pub(super) facts_from: i64,
    pub(super) vault_from: i64,
}

pub(super) fn pour(
    registry: &mut Registry,
    path: &Path,
    opened: &Opened,
    reading: Reading<'_>,
    extract: i64,
    told: &mut dyn FnMut(u64),
    cancel: &AtomicBool,
) -> Result<Poured> {
    let layout = &opened.layout;
    let paths = (registry.dir.join(super::FACTS), registry.dir.join(super::VAULT));
    let mut poured =
        Poured { facts_from: next_rowid(&registry.facts, layout.table.sql(), &paths.0)?, ..Poured::default() };
    if layout.table.is_identified() {
        let table = format!("{}_identity", layout.table.sql());
        poured.vault_from = next_rowid(&registry.vault, &table, &paths.1)?;
    }
    let (facts, vault) = (&registry.facts, &mut registry.vault);
    let (to_facts, from_reader) = sync_channel::<Arc<Block>>(WAITING);
    let (to_vault, vault_blocks) = sync_channel::<Arc<Block>>(WAITING);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read(path, opened, reading, &to_facts, &to_vault));
        let vault_path = &paths.1;
        let keeper = scope.spawn(move || keep(vault, layout, extract, &vault_blocks, vault_path));
        let written = write(facts, layout, extract, from_reader, &mut poured, told, cancel, &paths.0);
        let kept = keeper.join().unwrap_or_else(|_| Err(Error::bug("the vault's writer ends")));
        let read = reader.join().unwrap_or_else(|_| Err(Error::bug("the reader ends")));
        // a writer that stops makes the reader stop: the cause comes first
        written.and(kept).and(read)
    })?;
    Ok(poured)
}

fn next_rowid(connection: &Connection, table: &str, path: &Path) -> Result<i64> {
    connection
        .query_row(&format!("SELECT coalesce(max(rowid), 0) + 1 FROM {table}"), [], |row| row.get(0))
        .map_err(|cause| failed(path, &cause))
}

fn read(
    path: &Path,
    opened: &Opened,
    reading: Reading<'_>,
    facts: &SyncSender<Arc<Block>>,
    vault: &SyncSender<Arc<Block>>,
) -> Result<()> {
    let for_vault = opened.layout.table.is_identified();
    intake::read(path, opened, reading, &mut |block| {
        let block = Arc::new(block);
        if for_vault || !block.rejected.is_empty() {
            vault.send(Arc::clone(&block)).map_err(|_| Error::bug("the vault's writer listens"))?;
        }
        facts.send(block).map_err(|_| Error::bug("the registry's writer listens"))
    })
}

/// The vault's half: identities, and rejected rows as they stood.
fn keep(vault: &Connection, layout: &Layout, extract: i64, blocks: &Receiver<Arc<Block>>, path: &Path) -> Result<()> {
    let keep = || {
        let mut identity = match layout.table.is_identified() {
            true => Some(vault.prepare(&schema::insert_identity(layout.table))?),
            false => None,
        };
        let mut raw = vault.prepare("INSERT INTO quarantine_raw (extract, row, raw) VALUES (?, ?, ?)")?;
        let width = layout.text_width();
        for block in blocks {
            for rejected in &block.rejected {
                raw.execute((extract, rejected.row.cast_signed(), rejected.raw.as_slice()))?;
            }
            let Some(identity) = &mut identity else { continue };
            for row in 0..block.keys.len() {
                identity.clear_bindings();
                for column in 0..width {
                    let text = block.row_text(row, column, width);
                    if !text.is_empty() {
                        identity.raw_bind_parameter(column + 1, std::str::from_utf8(text).unwrap_or(""))?;
                    }
                }
                identity.raw_execute()?;
            }
        }
        Ok(())
    };
    keep().map_err(|cause: rusqlite::Error| failed(path, &cause))
}

#[expect(clippy::too_many_arguments, reason = "the registry's half of `pour`, called once")]
fn write(
    facts: &Connection,
    layout: &Layout,
    extract: i64,
    blocks: Receiver<Arc<Block>>,
    poured: &mut Poured,
    told: &mut dyn FnMut(u64),
    cancel: &AtomicBool,
    path: &Path,
) -> Result<()> {
    let wrong = |cause: rusqlite::Error| failed(path, &cause);
    let mut insert = facts.prepare(&schema::insert(layout.table)).map_err(wrong)?;
    let mut aside = facts
        .prepare("INSERT INTO quarantine (extract, row, header, shown, reason) VALUES (?, ?, ?, ?, ?)")
        .map_err(wrong)?;
    for block in blocks {
        stopped(cancel)?;
        for rejected in &block.rejected {
            let reason = rejected.reason.code();
            *poured.reasons.entry(reason.to_owned()).or_default() += 1;
            poured.rows = poured.rows.max(rejected.row);
            aside
                .execute((extract, rejected.row.cast_signed(), &rejected.column, &rejected.shown, reason))
                .map_err(wrong)?;
        }
        for (at, keys) in block.keys.iter().enumerate() {
            append(&mut insert, layout, extract, &block, at, keys).map_err(wrong)?;
            poured.note(keys);
        }
        poured.regions_by_name += block.regions_by_name;
        poured.card_regions_unknown += block.card_regions_unknown;
        poured.cp1252 += block.cp1252;
        told(poured.rows);
    }
    Ok(())
}

/// Appends one row; what was not delivered stays null.
fn append(
    insert: &mut Statement<'_>,
    layout: &Layout,
    extract: i64,
    block: &Block,
    at: usize,
    keys: &RowKeys,
) -> rusqlite::Result<()> {
    insert.clear_bindings();
    let id = keys.id.base.cast_signed();
    let other = keys.other.map(|key| key.base.cast_signed());
    let row = keys.row.cast_signed();
    let mut bound = match layout.table {
        Table::Person => {
            insert.raw_bind_parameter(1, id)?;
            insert.raw_bind_parameter(2, other)?;
            2
        }
        Table::Exclusion | Table::AidHistory => {
            insert.raw_bind_parameter(1, keys.unit as i64)?;
            insert.raw_bind_parameter(2, id)?;
            if layout.table == Table::AidHistory {
                insert.raw_bind_parameter(3, other)?;
                3
            } else {
                2
            }
        }
        _ => {
            insert.raw_bind_parameter(1, id)?;
            1
        }
    };
    insert.raw_bind_parameter(bound + 1, extract)?;
    insert.raw_bind_parameter(bound + 2, row)?;
    bound += 2;
    let numbers = block.row_numbers(at, layout.numbers.len());
    for (slot, value) in numbers.iter().enumerate() {
        if *value != NOTHING {
            insert.raw_bind_parameter(bound + slot + 1, *value)?;
        }
    }
    if layout.table == Table::Village {
        let name = std::str::from_utf8(block.row_text(at, 0, 1)).unwrap_or("");
        insert.raw_bind_parameter(bound + numbers.len() + 1, name)?;
    }
    insert.raw_execute().map(drop)
}

impl Poured {
    fn note(&mut self, keys: &RowKeys) {
        let at = u32::try_from(self.accepted).unwrap_or(u32::MAX);
        self.accepted += 1;
        self.rows = self.rows.max(keys.row);
        let own = Seen { key: keys.id, from: at, count: 1 };
        match keys.unit {
            Unit::Person => self.people.push(own),
            Unit::Family => self.families.push(own),
            Unit::Village => self.others.push(own),
        }
        let Some(key) = keys.other else { return };
        match self.others.last_mut() {
            Some(last) if last.key == key && last.from + last.count == at => last.count += 1,
            _ => self.others.push(Seen { key, from: at, count: 1 }),
        }
    }
}
