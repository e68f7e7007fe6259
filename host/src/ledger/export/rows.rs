//! The rows of a recipient list, batch by batch of the run's own snapshot.
//!
//! Takes the selection's tables, the snapshot and the vault; hands finished
//! cells to the writers. Every amount is explained by the plugin on the batch
//! that it was judged on; a sum that differs stops the export.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};
use crate::program::{PartText, Program, UnknownRule};
use crate::sandbox::{Unit, Verdicts};
use crate::say;
use crate::selection::{Place, Received, Rows, SealedRows, Selected, Wanted, area_code};
use crate::snapshot::{Batch, RegionTable, Values};
use crate::terms::{FamilyId, PersonId, RegionCode, RegionSystem};

use super::super::Ledger;
use super::super::lists::{Cell, Heading, ListWriter};
use super::super::receipt::Receipt;
use super::super::run::{received, receives_columns, unit_in};
use super::super::table::{TableKind, TableReader};
use super::{Export, ListOf, Vault};

/// What rows are read from.
pub(super) struct Source<'a> {
    pub(super) what: &'a Export<'a>,
    pub(super) run_dir: &'a Path,
    pub(super) period: &'a str,
    pub(super) run: &'a str,
    pub(super) sealed: &'a SealedRows<'a>,
    pub(super) receipt: &'a Receipt,
}

/// How much was written.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) rupiah: i64,
}

/// Headings: the fixed ones, what the kind of list adds, then one per benefit component.
pub(super) fn headings(program: &Program, of: ListOf) -> Vec<Heading> {
    let added: &[(&str, bool)] = match of {
        ListOf::Recipients => &[],
        ListOf::Waiting => &[("wilayah_kuota", false), ("urutan_tunggu", true)],
        ListOf::Review => &[("belum_diketahui", false)],
    };
    let fixed = [
        ("draft", false),
        ("program", false),
        ("periode", false),
        ("status", false),
        ("peringkat", true),
        ("nomor_kk", false),
        ("nik", false),
        ("nama", false),
        ("alamat", false),
        ("desa_kelurahan", false),
        ("kabupaten_kota", false),
        ("jumlah_rupiah", true),
    ];
    let components = program.description.components.iter().map(|part| (part.code.as_str(), true));
    fixed
        .into_iter()
        .chain(added.iter().copied())
        .chain(components)
        .map(|(name, number)| Heading { name: name.to_owned(), number })
        .collect()
}

/// The regions whose rows are written.
struct Wanting {
    regency: Vec<bool>,
    /// Empty = every village of a wanted regency.
    village: Vec<bool>,
}

impl Wanting {
    fn of(region: Option<&RegionCode>, table: &RegionTable) -> Result<Wanting> {
        let Some(region) = region else {
            return Ok(Wanting { regency: vec![true; table.regencies.len()], village: Vec::new() });
        };
        let code = region.code.as_str();
        let inside = |system: RegionSystem, full: &str| {
            let rest = full.strip_prefix(code);
            match system {
                RegionSystem::Kemendagri => rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
                RegionSystem::Bps => rest.is_some(),
            }
        };
        let by_regency = region.system == RegionSystem::Kemendagri && code.split('.').count() <= 2;
        let wanting = if by_regency {
            let regency = table.regencies.iter().map(|row| inside(RegionSystem::Kemendagri, &row.code)).collect();
            Wanting { regency, village: Vec::new() }
        } else {
            let village = table.villages.iter().map(|row| row.system == region.system && inside(row.system, &row.code));
            Wanting { regency: vec![true; table.regencies.len()], village: village.collect() }
        };
        let some = if by_regency { &wanting.regency } else { &wanting.village };
        if some.contains(&true) {
            return Ok(wanting);
        }
        Err(Error::new(
            Fault::Usage,
            say!("wilayah `{region}` tidak ada di snapshot", "the snapshot has no region `{region}`"),
        )
        .fix(say!("contoh: kemendagri:35 atau kemendagri:35.78", "for example kemendagri:35 or kemendagri:35.78")))
    }

    fn admits(&self, regency: Option<u32>, village: Option<u32>) -> bool {
        let at =
            |all: &[bool], place: Option<u32>| place.is_some_and(|at| all.get(at as usize).is_some_and(|yes| *yes));
        if self.village.is_empty() { at(&self.regency, regency) } else { at(&self.village, village) }
    }
}

/// The columns that the list itself reads.
struct Own {
    regency: Option<ColumnId>,
    village: Option<ColumnId>,
    relation: Option<ColumnId>,
}

/// Writes every recipient of the wanted regions.
pub(super) fn write(
    source: &Source<'_>,
    ledger: &Ledger,
    vault: &mut dyn Vault,
    writers: &mut [ListWriter],
) -> Result<Written> {
    let what = source.what;
    let table = &what.snapshot.manifest().regions;
    let wanting = Wanting::of(what.region, table)?;
    let held = |name: &str| what.dictionary.id(name).filter(|id| what.snapshot.holds(*id));
    let own = Own { regency: held("regency"), village: held("village"), relation: held("relation") };
    let receives = receives(source, ledger)?;
    let wanted = wanted(what.program, &own, &receives);
    let mut written = Written::default();
    let mut first_group = 0;
    for (partition, part) in source.sealed.partitions().iter().enumerate() {
        let judged = TableReader::open(&source.run_dir.join(TableKind::Verdicts.path(&what.program.id, &part.code)))?;
        let selected =
            TableReader::open(&source.run_dir.join(TableKind::Selection.path(&what.program.id, &part.code)))?;
        for group in 0..part.groups.len() {
            let (rows, verdicts) = (selected.selection(group)?, judged.verdicts(group)?);
            let (mut family_at, mut member_at) = (0usize, 0usize);
            source.sealed.read(Place { partition, group }, &wanted, &mut |batch| {
                if what.cancel.load(Ordering::Relaxed) {
                    return Err(Error::new(
                        Fault::Interrupted,
                        say!("dihentikan atas permintaan", "stopped on request"),
                    ));
                }
                for (id, received) in &receives {
                    received.add_to(batch, *id, first_group + group, family_at, member_at);
                }
                let start = if what.program.unit() == Unit::Family { family_at } else { member_at };
                let status_of = |row: usize| rows.status.get(start + row).copied().unwrap_or(0);
                let is_wanted = |row: usize| status_of(row) == what.of.status();
                let chosen = chosen(what.program.unit(), batch, &own, &wanting, is_wanted);
                family_at += batch.families as usize;
                member_at += batch.members() as usize;
                if chosen.is_empty() {
                    return Ok(());
                }
                let number = |all: &[i64], row: u32| all.get(start + row as usize).copied().unwrap_or(0);
                let amounts: Vec<i64> = chosen.iter().map(|one| number(&verdicts.amount, one.row)).collect();
                let parts = components(source, batch, &chosen, &amounts)?;
                let rank = |row: u32| i64::from(rows.rank.get(start + row as usize).copied().unwrap_or(0));
                let lines = Lines { source, table, chosen: &chosen, amounts: &amounts, parts: &parts };
                let added = |one: &Chosen| added(source, one, start + one.row as usize, &rows, &verdicts);
                lines.write(batch, vault, writers, &rank, &added)?;
                written.rows += chosen.len() as u64;
                written.rupiah += amounts.iter().sum::<i64>();
                Ok(())
            })?;
        }
        first_group += part.groups.len();
    }
    Ok(written)
}

/// Recipients of the programs that this one reads, as its run read them.
fn receives(source: &Source<'_>, ledger: &Ledger) -> Result<BTreeMap<ColumnId, Received>> {
    let mut all = BTreeMap::new();
    for (id, program) in receives_columns(source.what.dictionary) {
        if !source.what.program.columns.contains(&Some(id)) {
            continue;
        }
        let own = unit_in(source.run_dir, &program);
        let earlier = source.receipt.result.get("receives").and_then(|run| run.as_str());
        let (dir, unit) = match (own, earlier) {
            (Ok(unit), _) => (source.run_dir.to_path_buf(), unit),
            (Err(_), Some(run)) => {
                let dir = source.what.folders.runs.join(ledger.find_run(run)?.run);
                let unit = unit_in(&dir, &program)?;
                (dir, unit)
            }
            // not ordered after it: the plugin did not see the column either
            (Err(_), None) => continue,
        };
        all.insert(id, received(&dir, &program, unit, source.sealed)?);
    }
    Ok(all)
}

fn wanted(program: &Program, own: &Own, receives: &BTreeMap<ColumnId, Received>) -> Wanted {
    let mut wanted = Wanted::default();
    for (wish, id) in program.description.columns.iter().zip(&program.columns) {
        match (wish.entity, id.filter(|id| !receives.contains_key(id))) {
            (Entity::Family, Some(id)) => wanted.family.push(id),
            (Entity::Member, Some(id)) => wanted.member.push(id),
            (_, None) => {}
        }
    }
    wanted.family.extend(own.regency.into_iter().chain(own.village));
    wanted.member.extend(own.relation);
    for columns in [&mut wanted.family, &mut wanted.member] {
        columns.sort_unstable();
        columns.dedup();
    }
    wanted
}

/// A recipient in a batch.
struct Chosen {
    row: u32,
    family: u32,
    /// The person named in the list: the row itself, or the family's head.
    person: Option<u32>,
    regency: Option<u32>,
    village: Option<u32>,
}

fn ordinal(batch: &Batch, id: Option<ColumnId>, row: usize) -> Option<u32> {
    let column = batch.column(Entity::Family, id?)?;
    if column.valid.as_ref().is_some_and(|known| !crate::snapshot::batch::bit(known, row)) {
        return None;
    }
    match &column.values {
        Values::U16(all) => all.get(row).map(|value| u32::from(*value)),
        Values::U32(all) => all.get(row).copied(),
        _ => None,
    }
}

fn chosen(unit: Unit, batch: &Batch, own: &Own, wanting: &Wanting, is_wanted: impl Fn(usize) -> bool) -> Vec<Chosen> {
    let relations = own.relation.and_then(|id| batch.column(Entity::Member, id)).map(|column| &column.values);
    let is_head = |row: u32| matches!(relations, Some(Values::U8(all)) if all.get(row as usize) == Some(&1));
    let mut out = Vec::new();
    let mut first = 0u32;
    for (family, end) in (0u32..).zip(batch.member_ends.iter().copied()) {
        let members = first..end;
        first = end;
        let is_recipient = |row: &u32| is_wanted(*row as usize);
        let mut rows = match unit {
            Unit::Family => family..family + 1,
            Unit::Person => members.clone(),
        }
        .filter(is_recipient)
        .peekable();
        if rows.peek().is_none() {
            continue;
        }
        let at = family as usize;
        let (regency, village) = (ordinal(batch, own.regency, at), ordinal(batch, own.village, at));
        if !wanting.admits(regency, village) {
            continue;
        }
        let head = members.clone().find(|row| is_head(*row));
        for row in rows {
            let person = if unit == Unit::Person { Some(row) } else { head };
            out.push(Chosen { row, family, person, regency, village });
        }
    }
    out
}

/// What the kind of list adds to a row: its place on the waiting list, or what is missing.
fn added(source: &Source<'_>, one: &Chosen, at: usize, rows: &Selected, verdicts: &Verdicts) -> Vec<Cell> {
    let (program, of) = (source.what.program, source.what.of);
    match of {
        ListOf::Recipients => Vec::new(),
        ListOf::Waiting => {
            let regions = &source.what.snapshot.manifest().regions;
            let area = area_code(regions, program.quota.level, one.regency, one.village).unwrap_or_default();
            let place = rows.place.get(at).copied().unwrap_or(0);
            vec![Cell::Text(area), Cell::Number(i64::from(place))]
        }
        ListOf::Review => {
            let asks = verdicts.unknown.get(at).copied().unwrap_or(0) & program.unknown_bits(UnknownRule::Review);
            let open = |(bit, _): &(usize, &PartText)| asks >> bit & 1 == 1;
            let titles =
                program.criteria.iter().enumerate().take(64).filter(open).map(|(_, text)| text.title.id.clone());
            vec![Cell::Text(titles.collect::<Vec<_>>().join("; "))]
        }
    }
}

/// Amount by component of each chosen row; refuses a sum that is not the amount judged.
fn components(source: &Source<'_>, batch: &Batch, chosen: &[Chosen], amounts: &[i64]) -> Result<Vec<Vec<i64>>> {
    let count = source.what.program.description.components.len();
    let mut parts = vec![vec![0i64; count]; chosen.len()];
    for line in source.what.explaining.breakdown(batch)? {
        let Ok(at) = chosen.binary_search_by_key(&line.row, |one| one.row) else { continue };
        if let Some(cell) = parts.get_mut(at).and_then(|row| row.get_mut(usize::from(line.part))) {
            *cell = cell.saturating_add(line.value);
        }
    }
    let same = parts
        .iter()
        .zip(amounts)
        .all(|(row, amount)| row.iter().map(|part| i128::from(*part)).sum::<i128>() == i128::from(*amount));
    if same {
        return Ok(parts);
    }
    let id = &source.what.program.id;
    Err(Error::new(
        Fault::Plugin,
        say!(
            "rincian `{id}` tidak berjumlah sama dengan putusannya; tidak ada yang ditulis",
            "the breakdown of `{id}` does not add up to its verdict; nothing was written"
        ),
    )
    .code("breakdown_sum"))
}

/// The recipients of one batch with their amounts.
struct Lines<'a> {
    source: &'a Source<'a>,
    table: &'a RegionTable,
    chosen: &'a [Chosen],
    amounts: &'a [i64],
    parts: &'a [Vec<i64>],
}

impl Lines<'_> {
    fn write(
        &self,
        batch: &Batch,
        vault: &mut dyn Vault,
        writers: &mut [ListWriter],
        rank: &dyn Fn(u32) -> i64,
        added: &dyn Fn(&Chosen) -> Vec<Cell>,
    ) -> Result<()> {
        let family_id = |one: &Chosen| batch.family_ids.get(one.family as usize).copied();
        let person_id = |one: &Chosen| batch.person_ids.get(one.person? as usize).copied();
        let families: Option<Vec<FamilyId>> = self.chosen.iter().map(family_id).collect();
        let families = vault.families(&families.ok_or_else(|| Error::bug("batches of a list carry ids"))?)?;
        let named: Vec<Option<PersonId>> = self.chosen.iter().map(person_id).collect();
        let mut persons = vault.persons(&named.iter().flatten().copied().collect::<Vec<_>>())?.into_iter();
        let run = self.source.run.get(..12).unwrap_or(self.source.run);
        for (at, (one, family)) in self.chosen.iter().zip(families).enumerate() {
            let person = named.get(at).copied().flatten().and_then(|_| persons.next());
            let (nik, name) = person.map_or((String::new(), family.head_name), |person| (person.nik, person.name));
            let village = one.village.and_then(|village| self.table.village(village)).map(|row| row.name.clone());
            let village = village.filter(|name| !name.is_empty()).unwrap_or(family.village_name);
            let regency = one.regency.and_then(|at| u16::try_from(at).ok()).and_then(|at| self.table.regency(at));
            let mut cells: Vec<Cell> = [
                run.to_owned(),
                self.source.what.program.id.clone(),
                self.source.period.to_owned(),
                self.source.what.of.word().to_owned(),
            ]
            .into_iter()
            .map(Cell::Text)
            .collect();
            cells.push(Cell::Number(rank(one.row)));
            let regency = regency.map(|row| row.name.clone()).unwrap_or_default();
            let who = [family.kk_number, nik, name, family.address, village, regency];
            cells.extend(who.into_iter().map(Cell::Text));
            cells.push(Cell::Number(self.amounts.get(at).copied().unwrap_or(0)));
            cells.extend(added(one));
            cells.extend(self.parts.get(at).into_iter().flatten().map(|part| Cell::Number(*part)));
            writers.iter_mut().try_for_each(|writer| writer.row(&cells))?;
        }
        Ok(())
    }
}
