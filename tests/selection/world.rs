//! A made-up country in memory: rows, a judge that reads its verdicts from
//! columns, and a sink that keeps what it is given.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

use layak::columns::{ColumnId, Entity, Kind};
use layak::error::{Error, Fault, Result};
use layak::program::{
    AreaLevel, Ceiling, Incumbents, PartText, Program, Quota, Ratio, Reserve, Seats, SubKey, Unfilled, UnknownRule,
    VillageKind,
};
use layak::sandbox::{ColumnWish, Description, Part, Unit, Verdicts};
use layak::selection::{
    AreaTable, Depth, Earlier, Entry, Frame, GroupRows, Judging, Outcome, PartitionRows, Place, Received, Request,
    Rows, Selected, Sink, Wanted, select,
};
use layak::snapshot::{Batch, BatchColumn, Values};
use layak::terms::{Date, FamilyId, PersonId, Text};

pub(super) const REGENCY: ColumnId = ColumnId(1);
pub(super) const DECILE: ColumnId = ColumnId(2);
pub(super) const BIRTH: ColumnId = ColumnId(3);
pub(super) const PREVIOUS: ColumnId = ColumnId(4);
pub(super) const KIND: ColumnId = ColumnId(5);
pub(super) const SEVERE: ColumnId = ColumnId(6);
pub(super) const VILLAGE: ColumnId = ColumnId(7);
const FAILED: ColumnId = ColumnId(10);
const UNKNOWN: ColumnId = ColumnId(11);
const SCORE: ColumnId = ColumnId(12);
const AMOUNT: ColumnId = ColumnId(13);
pub(super) const RECEIVES: ColumnId = ColumnId(20);
pub(super) const CRITERIA: usize = 4;

/// One row of either unit: what the plugin would say, and what the host knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) failed: u8,
    pub(super) unknown: u8,
    pub(super) score: i64,
    pub(super) amount: i64,
    pub(super) previous: bool,
    pub(super) birth: Option<i32>,
    /// A set of four codes.
    pub(super) severe: u32,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Family {
    pub(super) row: Row,
    pub(super) regency: u16,
    /// Which of the six villages of its regency.
    pub(super) village: u32,
    /// Seats that each of its rows takes.
    pub(super) weight: u32,
    pub(super) decile: Option<u8>,
    pub(super) kind: Option<u8>,
    pub(super) members: Vec<Row>,
}

/// Families by partition, and how they are cut into groups and batches.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) partitions: Vec<Vec<Family>>,
    pub(super) group: usize,
    pub(super) batch: usize,
    /// Whether rows take the seats of their weight.
    pub(super) weighted: bool,
    pub(super) shape: Vec<PartitionRows>,
}

impl World {
    pub(super) fn new(partitions: Vec<Vec<Family>>, group: usize, batch: usize) -> World {
        let rows = |families: &[Family]| GroupRows {
            families: families.len() as u32,
            members: families.iter().map(|family| family.members.len() as u32).sum(),
        };
        let shape = partitions
            .iter()
            .enumerate()
            .map(|(at, families)| PartitionRows {
                code: format!("{:02}", at + 11),
                groups: families.chunks(group).map(rows).collect(),
            })
            .collect();
        World { partitions, group, batch, weighted: false, shape }
    }
}

fn bits(all: impl Iterator<Item = bool>) -> Vec<u8> {
    let all: Vec<bool> = all.collect();
    let mut out = vec![0u8; all.len().div_ceil(8)];
    all.iter().enumerate().filter(|(_, yes)| **yes).for_each(|(at, _)| out[at / 8] |= 1 << (at % 8));
    out
}

fn column(values: Values, known: Option<Vec<u8>>) -> BatchColumn {
    BatchColumn { values, valid: known }
}

fn columns_of(rows: &[&Row], wanted: &[ColumnId]) -> Vec<(ColumnId, BatchColumn)> {
    let one = |id: ColumnId| {
        let values = match id {
            PREVIOUS => Values::Bits(bits(rows.iter().map(|row| row.previous))),
            FAILED => Values::U8(rows.iter().map(|row| row.failed).collect()),
            UNKNOWN => Values::U8(rows.iter().map(|row| row.unknown).collect()),
            SCORE => Values::S64(rows.iter().map(|row| row.score).collect()),
            AMOUNT => Values::S64(rows.iter().map(|row| row.amount).collect()),
            SEVERE => {
                let members: Vec<u32> = rows.iter().map(|row| row.severe).collect();
                let known = vec![0b1111; members.len()];
                Values::Set { members, known }
            }
            BIRTH => {
                let known = bits(rows.iter().map(|row| row.birth.is_some()));
                let days = rows.iter().map(|row| row.birth.unwrap_or(0)).collect();
                return Some((id, column(Values::S32(days), Some(known))));
            }
            _ => return None,
        };
        Some((id, column(values, None)))
    };
    wanted.iter().filter_map(|id| one(*id)).collect()
}

impl Rows for World {
    fn partitions(&self) -> &[PartitionRows] {
        &self.shape
    }

    fn read(&self, place: Place, wanted: &Wanted, each: &mut dyn FnMut(&mut Batch) -> Result<()>) -> Result<()> {
        let group = self.partitions[place.partition].chunks(self.group).nth(place.group).unwrap();
        for families in group.chunks(self.batch) {
            let rows: Vec<&Row> = families.iter().map(|family| &family.row).collect();
            let members: Vec<&Row> = families.iter().flat_map(|family| &family.members).collect();
            let mut family = columns_of(&rows, &wanted.family);
            if wanted.family.contains(&REGENCY) {
                family.push((REGENCY, column(Values::U16(families.iter().map(|f| f.regency).collect()), None)));
            }
            if wanted.family.contains(&VILLAGE) {
                let all = families.iter().map(|f| u32::from(f.regency) * 6 + f.village).collect();
                family.push((VILLAGE, column(Values::U32(all), None)));
            }
            if wanted.family.contains(&DECILE) {
                let known = bits(families.iter().map(|f| f.decile.is_some()));
                let deciles = families.iter().map(|f| f.decile.unwrap_or(0)).collect();
                family.push((DECILE, column(Values::U8(deciles), Some(known))));
            }
            if wanted.family.contains(&KIND) {
                let known = bits(families.iter().map(|f| f.kind.is_some()));
                let kinds = families.iter().map(|f| f.kind.unwrap_or(0)).collect();
                family.push((KIND, column(Values::U8(kinds), Some(known))));
            }
            let ends = families.iter().scan(0u32, |end, family| {
                *end += family.members.len() as u32;
                Some(*end)
            });
            let mut batch = Batch {
                families: families.len() as u32,
                member_ends: ends.collect(),
                family,
                member: columns_of(&members, &wanted.member),
                family_ids: rows.iter().map(|row| FamilyId(row.id)).collect(),
                person_ids: members.iter().map(|row| PersonId(row.id)).collect(),
            };
            each(&mut batch)?;
        }
        Ok(())
    }

    fn weigh(&self, place: Place, batch: &Batch, into: &mut Vec<u32>) {
        if self.weighted {
            let of = |id: &FamilyId| self.partitions[place.partition].iter().find(|family| family.row.id == id.0);
            into.extend(batch.family_ids.iter().map(|id| of(id).unwrap().weight));
        }
    }
}

/// Says what the columns say; fails rows that receive what it may not be had with.
pub(super) struct Reader {
    pub(super) unit: Unit,
    /// Fails on batches whose first family has an id for which this holds.
    pub(super) breaks: fn(u64) -> bool,
    /// Rows that receive this fail criterion 0.
    pub(super) not_with: Option<ColumnId>,
}

impl Judging for Reader {
    fn judge(&self, batch: &Batch) -> Result<(Verdicts, u64)> {
        let first = batch.family_ids.first().map_or(0, |id| id.0);
        if (self.breaks)(first) {
            return Err(Error::new(Fault::Plugin, Text::new(format!("jebakan {first}"), format!("trap {first}"))));
        }
        let entity = if self.unit == Unit::Family { Entity::Family } else { Entity::Member };
        let small = |id: ColumnId| match &batch.column(entity, id).unwrap().values {
            Values::U8(all) => all.iter().map(|value| u64::from(*value)).collect::<Vec<u64>>(),
            _ => panic!("u8"),
        };
        let money = |id: ColumnId| match &batch.column(entity, id).unwrap().values {
            Values::S64(all) => all.clone(),
            _ => panic!("s64"),
        };
        let mut verdicts =
            Verdicts { failed: small(FAILED), unknown: small(UNKNOWN), score: money(SCORE), amount: money(AMOUNT) };
        if let Some(Values::Bits(had)) = self.not_with.map(|id| &batch.column(entity, id).unwrap().values) {
            for row in 0..verdicts.failed.len() {
                if had[row / 8] >> (row % 8) & 1 == 1 {
                    verdicts.failed[row] |= 1;
                    verdicts.unknown[row] &= !1;
                }
            }
        }
        for row in 0..verdicts.failed.len() {
            if verdicts.failed[row] != 0 {
                (verdicts.score[row], verdicts.amount[row]) = (0, 0);
            }
        }
        Ok((verdicts, u64::from(batch.families)))
    }
}

/// How a program is set up in a test.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) unit: Unit,
    pub(super) incumbents: Incumbents,
    pub(super) level: AreaLevel,
    pub(super) seats: Seats,
    pub(super) only: Vec<VillageKind>,
    pub(super) reserves: Vec<Reserve>,
    pub(super) unfilled: Unfilled,
    pub(super) ceiling: Option<Ceiling>,
    pub(super) sub_keys: Vec<SubKey>,
    pub(super) seed: String,
}

pub(super) const UNKNOWNS: [UnknownRule; CRITERIA] =
    [UnknownRule::Refuse, UnknownRule::Pass, UnknownRule::Review, UnknownRule::Pass];

pub(super) fn program(id: &str, rules: &Rules, reads: &[ColumnId], after: &[&str]) -> Program {
    let entity = if rules.unit == Unit::Family { Entity::Family } else { Entity::Member };
    let mut ids = vec![FAILED, UNKNOWN, SCORE, AMOUNT];
    ids.extend(reads);
    let wish = |id: &ColumnId| ColumnWish { name: format!("c{}", id.0), entity, kind: Kind::S64, required: false };
    let part = |at: usize| Part { code: format!("criterion_{at}"), columns: Vec::new(), settings: Vec::new() };
    let empty = PartText { title: Text::default(), legal: String::new(), pass: None, fail: None, unknown: None };
    Program {
        id: id.to_owned(),
        title: Text::default(),
        plugin: id.to_owned(),
        description: Description {
            name: id.to_owned(),
            version: "1.0.0".to_owned(),
            unit: rules.unit,
            columns: ids.iter().map(wish).collect(),
            settings: Vec::new(),
            criteria: (0..CRITERIA).map(part).collect(),
            components: vec![part(0)],
            score_parts: Vec::new(),
            score: (i64::MIN / 4, i64::MAX / 4),
            amount: (0, i64::MAX / 4),
        },
        settings: Vec::new(),
        columns: ids.iter().map(|id| Some(*id)).collect(),
        unknowns: UNKNOWNS.to_vec(),
        criteria: vec![empty; CRITERIA],
        components: Vec::new(),
        score_parts: Vec::new(),
        incumbents: rules.incumbents,
        quota: Quota {
            level: rules.level,
            seats: rules.seats.clone(),
            only: rules.only.clone(),
            reserves: rules.reserves.clone(),
            unfilled: rules.unfilled,
        },
        ceiling: rules.ceiling,
        sub_keys: rules.sub_keys.clone(),
        seed: rules.seed.clone(),
        months_paid: None,
        after: after.iter().map(|name| (*name).to_owned()).collect(),
        rule_hash: "rules".to_owned(),
        plugin_digest: "plugin".to_owned(),
    }
}

/// Keeps everything.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) verdicts: Mutex<BTreeMap<(usize, Place), Verdicts>>,
    pub(super) selected: Mutex<BTreeMap<(usize, Place), Selected>>,
    pub(super) spoiled: Mutex<Vec<usize>>,
}

impl Sink for Kept {
    fn verdicts(&self, program: usize, place: Place, verdicts: &Verdicts) -> Result<()> {
        assert!(self.verdicts.lock().unwrap().insert((program, place), verdicts.clone()).is_none());
        Ok(())
    }

    fn selected(&self, program: usize, place: Place, rows: &Selected) -> Result<()> {
        assert!(self.selected.lock().unwrap().insert((program, place), rows.clone()).is_none());
        Ok(())
    }

    fn spoiled(&self, program: usize) -> Result<()> {
        self.spoiled.lock().unwrap().push(program);
        Ok(())
    }
}

pub(super) const AS_OF: &str = "2026-09-20";

pub(super) const LEVELS: [AreaLevel; 4] =
    [AreaLevel::Province, AreaLevel::Regency, AreaLevel::District, AreaLevel::Village];

/// The area of a level in which a family lives: ten regencies to a province, two districts
/// to a regency, three villages to a district.
pub(super) fn area_of(level: AreaLevel, family: &Family) -> u32 {
    let regency = u32::from(family.regency);
    match level {
        AreaLevel::National => 0,
        AreaLevel::Province => regency / 10,
        AreaLevel::Regency => regency,
        AreaLevel::District => regency * 2 + family.village / 3,
        AreaLevel::Village => regency * 6 + family.village,
    }
}

/// Code of an area of a level, as the Ministry of Home Affairs writes it.
pub(super) fn code_of(level: AreaLevel, at: u32) -> String {
    let regency = |at: u32| format!("kemendagri:{:02}.{:02}", 11 + at / 10, at % 10 + 1);
    match level {
        AreaLevel::National => String::new(),
        AreaLevel::Province => format!("kemendagri:{:02}", 11 + at),
        AreaLevel::Regency => regency(at),
        AreaLevel::District => format!("{}.{:02}", regency(at / 2), at % 2 + 1),
        AreaLevel::Village => format!("{}.{:02}.200{}", regency(at / 6), at % 6 / 3 + 1, at % 3 + 1),
    }
}

/// How many areas of a level lie in one of the level above.
fn within(level: AreaLevel) -> u32 {
    match level {
        AreaLevel::Village => 3,
        AreaLevel::District => 2,
        _ => 10,
    }
}

/// The frame of a world with this many regencies in all.
pub(super) fn frame(regencies: u32, scale: Ratio) -> Frame {
    let table = |level: AreaLevel, areas: u32, regions: u32| AreaTable {
        of: (0..regions).map(|region| region / (regions / areas)).collect(),
        codes: (0..areas).map(|at| code_of(level, at)).collect(),
        parents: match level {
            AreaLevel::Province => Vec::new(),
            _ => (0..areas).map(|at| at / within(level)).collect(),
        },
    };
    Frame {
        as_of: AS_OF.parse::<Date>().unwrap(),
        scale,
        regency: Some(REGENCY),
        village: Some(VILLAGE),
        village_kind: Some(KIND),
        decile: Some(DECILE),
        birth_date: Some(BIRTH),
        areas: BTreeMap::from([
            (AreaLevel::Province, table(AreaLevel::Province, regencies / 10, regencies)),
            (AreaLevel::Regency, table(AreaLevel::Regency, regencies, regencies)),
            (AreaLevel::District, table(AreaLevel::District, regencies * 2, regencies * 6)),
            (AreaLevel::Village, table(AreaLevel::Village, regencies * 6, regencies * 6)),
        ]),
        receives: BTreeMap::from([(RECEIVES, "first".to_owned())]),
    }
}

/// Selects on a pool of this many threads.
pub(super) fn make(
    world: &World,
    frame: &Frame,
    programs: &[(&Program, &dyn Judging)],
    received: BTreeMap<String, Received>,
    threads: usize,
) -> (Result<Vec<Outcome>>, Kept) {
    make_to(Depth::Whole, world, frame, programs, received, threads)
}

/// One program promoted from an earlier list.
pub(super) fn promote(
    world: &World,
    frame: &Frame,
    program: &Program,
    judge: &dyn Judging,
    earlier: &Earlier,
) -> (Outcome, Kept) {
    let kept = Kept::default();
    let entries = [Entry { program, judge, previous: Some(PREVIOUS), receives: None, promote: Some(earlier) }];
    let (cancel, seen) = (AtomicBool::new(false), AtomicU64::new(0));
    let request = Request {
        rows: world,
        entries: &entries,
        frame,
        received: BTreeMap::new(),
        depth: Depth::Whole,
        sink: &kept,
        cancel: &cancel,
        seen: &seen,
    };
    (select(request).unwrap().remove(0), kept)
}

/// The same, ordered as far as is asked.
pub(super) fn make_to(
    depth: Depth,
    world: &World,
    frame: &Frame,
    programs: &[(&Program, &dyn Judging)],
    received: BTreeMap<String, Received>,
    threads: usize,
) -> (Result<Vec<Outcome>>, Kept) {
    let kept = Kept::default();
    let entries: Vec<Entry<'_>> = programs
        .iter()
        .map(|(program, judge)| Entry {
            program,
            judge: *judge,
            previous: Some(PREVIOUS),
            receives: None,
            promote: None,
        })
        .collect();
    let (cancel, seen) = (AtomicBool::new(false), AtomicU64::new(0));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let outcome = pool.install(|| {
        select(Request {
            rows: world,
            entries: &entries,
            frame,
            received,
            depth,
            sink: &kept,
            cancel: &cancel,
            seen: &seen,
        })
    });
    (outcome, kept)
}
