//! Enters the ids of a file into the vault, in order, and parts inputs that share one.
//!
//! Takes sorted keys; gives `person_at` and `family_at` with the newest identity of
//! each id. Two inputs with the same first 64 bits are told apart by the next 64:
//! the smallest keeps the id, the others get one of their own, so that ids never
//! depend on the order of arrival. Must never leave a fact under another's id.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::facts::{Poured, Seen};
use super::{Registry, schema};
use crate::error::Result;
use crate::intake::{Key, Table, Unit};

/// Enters own keys and the keys that rows refer to.
pub(super) fn settle(
    registry: &Registry,
    table: Table,
    extract: i64,
    poured: &mut Poured,
    precedence: i64,
) -> Result<()> {
    let people = std::mem::take(&mut poured.people);
    let families = std::mem::take(&mut poured.families);
    let others = std::mem::take(&mut poured.others);
    let own = |unit, seen| Batch { unit, seen, referred: false };
    let referred = if table == Table::Person { Unit::Family } else { Unit::Person };
    for batch in
        [own(Unit::Person, people), own(Unit::Family, families), Batch { unit: referred, seen: others, referred: true }]
    {
        if batch.seen.is_empty() {
            continue;
        }
        let entry = Entry { registry, table, extract, poured, precedence };
        for base in entry.enter(&batch)? {
            entry.part(&batch, base)?;
        }
    }
    Ok(())
}

/// Keys of one unit in one column of the file.
struct Batch {
    unit: Unit,
    /// Sorted by base (as SQLite orders it), then tail, then row.
    seen: Vec<Seen>,
    /// The column that a row refers to another unit with.
    referred: bool,
}

struct Entry<'a> {
    registry: &'a Registry,
    table: Table,
    extract: i64,
    poured: &'a Poured,
    precedence: i64,
}

fn at(unit: Unit) -> &'static str {
    if unit == Unit::Family { "family_at" } else { "person_at" }
}

impl Entry<'_> {
    /// Enters all keys; gives the bases that more than one input has.
    fn enter(&self, batch: &Batch) -> Result<Vec<u64>> {
        let wrong = self.registry.vault_failed();
        let vault = &self.registry.vault;
        let table = at(batch.unit);
        let newest: Option<i64> =
            vault.query_row(&format!("SELECT max(id) FROM {table}"), [], |row| row.get(0)).map_err(&wrong)?;
        let mut known = vault
            .prepare(&format!("SELECT tail, precedence, place IS NULL FROM {table} WHERE id = ?"))
            .map_err(&wrong)?;
        let mut insert = vault
            .prepare(&format!("INSERT INTO {table} (id, tail, place, precedence) VALUES (?, ?, ?, ?)"))
            .map_err(&wrong)?;
        let mut update =
            vault.prepare(&format!("UPDATE {table} SET place = ?2, precedence = ?3 WHERE id = ?1")).map_err(&wrong)?;
        let mut shared = self.moved_bases(batch.unit)?;
        let mut parted = Vec::new();
        let bases = batch.seen.chunk_by(|a, b| a.key.base == b.key.base);
        for group in bases {
            let Some(first) = group.first() else { continue };
            let (base, id) = (first.key.base, first.key.base.cast_signed());
            let one_input = group.iter().all(|seen| seen.key.tail == first.key.tail);
            if !one_input || shared.contains_key(&base) {
                shared.insert(base, ());
                parted.push(base);
                continue;
            }
            let place = self.place(batch, group);
            let tail = first.key.tail.cast_signed();
            let held: Option<(i64, i64, bool)> = if newest.is_none_or(|newest| id > newest) {
                None
            } else {
                known.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional().map_err(&wrong)?
            };
            match held {
                None => {
                    insert.execute((id, tail, place, self.rank(place))).map_err(&wrong)?;
                }
                Some((other, ..)) if other != tail => parted.push(base),
                Some((_, rank, bare)) => {
                    if place.is_some() && (bare || self.precedence >= rank) {
                        update.execute((id, place, self.precedence)).map_err(&wrong)?;
                    }
                }
            }
        }
        Ok(parted)
    }

    /// Rowid of the identity that a key's row carries.
    fn place(&self, batch: &Batch, group: &[Seen]) -> Option<i64> {
        let own = !batch.referred && self.table.is_identified();
        group.last().filter(|_| own).map(|seen| self.poured.vault_from + i64::from(seen.from))
    }

    fn rank(&self, place: Option<i64>) -> i64 {
        if place.is_some() { self.precedence } else { i64::MIN }
    }

    fn moved_bases(&self, unit: Unit) -> Result<BTreeMap<u64, ()>> {
        let wrong = self.registry.vault_failed();
        let mut statement = self.registry.vault.prepare("SELECT base FROM moved WHERE unit = ?").map_err(&wrong)?;
        let rows = statement.query_map([unit as i64], |row| row.get::<_, i64>(0)).map_err(&wrong)?;
        rows.map(|base| base.map(|base| (base.cast_unsigned(), ()))).collect::<rusqlite::Result<_>>().map_err(&wrong)
    }

    /// Gives each input of one base its id, and puts the facts under it.
    fn part(&self, batch: &Batch, base: u64) -> Result<()> {
        let wrong = self.registry.vault_failed();
        let vault = &self.registry.vault;
        let before = self.registry.inputs(batch.unit, base)?;
        let from = batch.seen.partition_point(|s| s.key.base.cast_signed() < base.cast_signed());
        let group: Vec<Seen> =
            batch.seen.get(from..).unwrap_or(&[]).iter().take_while(|s| s.key.base == base).copied().collect();
        let mut inputs: Vec<u64> = before.keys().copied().chain(group.iter().map(|s| s.key.tail)).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let table = at(batch.unit);
        let mut moved = Vec::new();
        for (rank, tail) in inputs.iter().enumerate() {
            let key = Key { base, tail: *tail };
            let id = if rank == 0 { base } else { self.registry.free_id(batch.unit, key)? };
            let mine: Vec<Seen> = group.iter().filter(|s| s.key.tail == *tail).copied().collect();
            let place = self.place(batch, &mine).filter(|_| !mine.is_empty());
            moved.push((tail, id, place, mine));
        }
        // first clear the old entries, so that no id is held twice on the way
        let mut old = BTreeMap::new();
        for (tail, id) in &before {
            let entry: (Option<i64>, i64) = vault
                .query_row(
                    &format!("DELETE FROM {table} WHERE id = ? RETURNING place, precedence"),
                    [id.cast_signed()],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .map_err(&wrong)?;
            old.insert(*tail, entry);
        }
        vault
            .execute("DELETE FROM moved WHERE unit = ? AND base = ?", (batch.unit as i64, base.cast_signed()))
            .map_err(&wrong)?;
        // the one that leaves its id goes before the one that comes to it
        for (tail, id, ..) in moved.iter().rev() {
            if let Some(was) = before.get(*tail).filter(|was| *was != id) {
                self.registry.rename(batch, *was, *id, self.extract)?;
            }
        }
        for (tail, id, place, mine) in moved {
            let (old_place, old_rank) = old.get(tail).copied().unwrap_or((None, i64::MIN));
            let newer = place.is_some() && (old_place.is_none() || self.precedence >= old_rank);
            let (place, rank) = if newer { (place, self.precedence) } else { (old_place, old_rank) };
            vault
                .execute(
                    &format!("INSERT INTO {table} (id, tail, place, precedence) VALUES (?, ?, ?, ?)"),
                    (id.cast_signed(), tail.cast_signed(), place, rank),
                )
                .map_err(&wrong)?;
            if id != base {
                vault
                    .execute(
                        "INSERT INTO moved (unit, base, tail, id) VALUES (?, ?, ?, ?)",
                        (batch.unit as i64, base.cast_signed(), tail.cast_signed(), id.cast_signed()),
                    )
                    .map_err(&wrong)?;
            }
            self.place_rows(batch, &mine, id)?;
        }
        Ok(())
    }

    /// Puts this file's rows under their id; they were written under their base.
    fn place_rows(&self, batch: &Batch, mine: &[Seen], id: u64) -> Result<()> {
        let wrong = self.registry.facts_failed();
        let column = match (batch.referred, self.table) {
            (false, _) => "id",
            (true, Table::Person) => "family",
            (true, _) => "head",
        };
        let sql = format!("UPDATE {} SET {column} = ?1 WHERE rowid BETWEEN ?2 AND ?3", self.table.sql());
        let mut statement = self.registry.facts.prepare_cached(&sql).map_err(&wrong)?;
        for seen in mine {
            let first = self.poured.facts_from + i64::from(seen.from);
            let last = first + i64::from(seen.count) - 1;
            statement.execute((id.cast_signed(), first, last)).map_err(&wrong)?;
        }
        Ok(())
    }
}

impl Registry {
    /// The inputs of a base that are known, and their ids.
    fn inputs(&self, unit: Unit, base: u64) -> Result<BTreeMap<u64, u64>> {
        let wrong = self.vault_failed();
        let mut inputs = BTreeMap::new();
        let holder: Option<i64> = self
            .vault
            .query_row(&format!("SELECT tail FROM {} WHERE id = ?", at(unit)), [base.cast_signed()], |row| row.get(0))
            .optional()
            .map_err(&wrong)?;
        if let Some(tail) = holder {
            inputs.insert(tail.cast_unsigned(), base);
        }
        let mut moved =
            self.vault.prepare_cached("SELECT tail, id FROM moved WHERE unit = ? AND base = ?").map_err(&wrong)?;
        let rows = moved
            .query_map((unit as i64, base.cast_signed()), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .map_err(&wrong)?;
        for row in rows {
            let (tail, id) = row.map_err(&wrong)?;
            inputs.insert(tail.cast_unsigned(), id.cast_unsigned());
        }
        Ok(inputs)
    }

    /// The id of an input that does not hold its base.
    fn free_id(&self, unit: Unit, key: Key) -> Result<u64> {
        let wrong = self.vault_failed();
        let held_by_me = self.inputs(unit, key.base)?.get(&key.tail).copied();
        for counter in 0..u32::MAX {
            let id = self.keyring.moved(key, counter);
            let held: Option<i64> = self
                .vault
                .query_row(&format!("SELECT id FROM {} WHERE id = ?", at(unit)), [id.cast_signed()], |row| row.get(0))
                .optional()
                .map_err(&wrong)?;
            if held.is_none() || held_by_me == Some(id) {
                return Ok(id);
            }
        }
        Err(crate::error::Error::bug("an id is free"))
    }

    /// Renames an id in the facts of all earlier extracts: rare, so by a full read.
    ///
    /// This extract's rows are put in their place one by one, column after column:
    /// only a column that was settled before is renamed with the rest.
    fn rename(&self, batch: &Batch, was: u64, id: u64, extract: i64) -> Result<()> {
        let unit = batch.unit;
        let wrong = self.facts_failed();
        for table in schema::TABLES {
            let named = schema::prefix(table);
            let mut columns: Vec<(&str, &str)> = Vec::new();
            match (table, unit) {
                (Table::Person, Unit::Family) => columns.push(("family", "")),
                (
                    Table::Person
                    | Table::Pregnancy
                    | Table::WagePremium
                    | Table::HumanRightsVictim
                    | Table::SchoolLevel,
                    Unit::Person,
                ) => {
                    columns.push(("id", ""));
                }
                (Table::Family | Table::LivelihoodLoss | Table::FactMonth, Unit::Family) => columns.push(("id", "")),
                (Table::Exclusion | Table::AidHistory, _) => {
                    columns.push(("id", if unit == Unit::Family { " AND unit = 1" } else { " AND unit = 0" }));
                    if unit == Unit::Person && named.contains(&"head") {
                        columns.push(("head", ""));
                    }
                }
                _ => {}
            }
            for (column, only) in columns {
                let sql =
                    format!("UPDATE {} SET {column} = ?1 WHERE {column} = ?2 AND extract <> ?3{only}", table.sql());
                let skipped = if batch.referred && column == "id" { -1 } else { extract };
                self.facts.execute(&sql, (id.cast_signed(), was.cast_signed(), skipped)).map_err(&wrong)?;
            }
        }
        Ok(())
    }

    /// The id of a key, if it was ever seen.
    pub(super) fn id_of(&self, unit: Unit, key: Key) -> Result<Option<u64>> {
        Ok(self.inputs(unit, key.base)?.get(&key.tail).copied())
    }
}
