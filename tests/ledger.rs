//! Runs are complete or absent, the same each time, and every changed bit is
//! named; lists hold what the receipt says and nothing that a spreadsheet runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};

use layak::columns::{ColumnId, Dictionary, Entity};
use layak::error::{Error, Fault, Result};
use layak::ledger::{
    Candidate, Explaining, Export, Folders, Ledger, ListFormat, ListOf, Made, RunRequest, Vault, export, run, verify,
};
use layak::program::{AreaLevel, Base, Incumbents, PartText, Program, Quota, Seats, SubKey, Unfilled, UnknownRule};
use layak::registry::{FamilyIdentity, PersonIdentity};
use layak::sandbox::{ColumnWish, Description, Line, Part, Unit, Verdicts};
use layak::selection::Judging;
use layak::snapshot::{
    Batch, BatchColumn, GroupRows, Header, RegencyRow, RegionTable, Scale, Snapshot, Values, VillageRow, Writer,
};
use layak::terms::{Date, FamilyId, Period, PersonId, RegionSystem, Text, formula_safe};

fn id(name: &str) -> ColumnId {
    Dictionary::embedded().id(name).unwrap()
}

/// One province with `families` families of one to four members; deciles go round.
fn province(families: u32, regency: u16) -> GroupRows {
    let dictionary = Dictionary::embedded();
    let mut group = GroupRows { families, ..GroupRows::default() };
    let sizes: Vec<u32> = (0..families).map(|at| 1 + at % 4).collect();
    let mut end = 0;
    for (at, size) in sizes.iter().enumerate() {
        end += size;
        group.member_ends.push(end);
        group.family_ids.push(FamilyId(u64::from(regency) << 32 | at as u64));
    }
    group.person_ids = (0..end).map(|at| PersonId(u64::from(regency) << 40 | u64::from(at))).collect();
    let first_of_family: Vec<bool> = (0..end).map(|row| row == 0 || group.member_ends.contains(&row)).collect();
    for column in dictionary.snapshot_columns(Entity::Family) {
        let rows = families as usize;
        let name = dictionary.get(column).name.as_str();
        let values = match name {
            "regency" => Values::U16(vec![regency; rows]),
            "village" => Values::U32(vec![u32::from(regency); rows]),
            "decile" => Values::U8((0..rows).map(|at| (at % 11) as u8).collect()),
            "member_count" => Values::U8(sizes.iter().map(|size| *size as u8).collect()),
            _ => blank(dictionary, column, rows),
        };
        group.family.push((column, BatchColumn { values, valid: None }));
    }
    for column in dictionary.snapshot_columns(Entity::Member) {
        let rows = end as usize;
        let values = match dictionary.get(column).name.as_str() {
            "relation" => Values::U8(first_of_family.iter().map(|first| if *first { 1 } else { 4 }).collect()),
            _ => blank(dictionary, column, rows),
        };
        group.member.push((column, BatchColumn { values, valid: None }));
    }
    group
}

fn blank(dictionary: &Dictionary, column: ColumnId, rows: usize) -> Values {
    match Values::empty(dictionary.get(column).kind) {
        Values::Bits(_) => Values::Bits(vec![0; rows.div_ceil(8)]),
        Values::U8(_) => Values::U8(vec![0; rows]),
        Values::U16(_) => Values::U16(vec![0; rows]),
        Values::U32(_) => Values::U32(vec![0; rows]),
        Values::S32(_) => Values::S32(vec![0; rows]),
        Values::S64(_) => Values::S64(vec![0; rows]),
        Values::Set { .. } => Values::Set { members: vec![0; rows], known: vec![0; rows] },
    }
}

fn seal(parent: &Path) -> Snapshot {
    let regency = |code: &str, name: &str| RegencyRow { code: code.to_owned(), name: name.to_owned() };
    let village = |regency, code: &str, name: &str| VillageRow {
        regency,
        system: RegionSystem::Bps,
        code: code.to_owned(),
        name: name.to_owned(),
    };
    let header = Header {
        period: Period::Quarter(2026, 3),
        as_of: Date::from_ymd(2026, 9, 20).unwrap(),
        scale: Scale { stands_for: 500, holds: 500 },
        key_fingerprint: "test".to_owned(),
        regions: RegionTable {
            regencies: vec![regency("11.01", "Aceh Selatan"), regency("12.01", "Tapanuli Tengah")],
            villages: vec![village(0, "1101010001", "Sukamaju"), village(1, "1201010001", "Mekarsari")],
        },
        complete_lists: Vec::new(),
        findings: BTreeMap::new(),
    };
    let writer = Writer::create(parent, header, Dictionary::embedded()).unwrap();
    let mut parts = Vec::new();
    for (code, families, regency) in [("11", 300, 0), ("12", 200, 1)] {
        let mut partition = writer.partition(code).unwrap();
        partition.push(&province(families, regency)).unwrap();
        parts.push(partition.finish().unwrap());
    }
    writer.finish(parts).unwrap()
}

fn program(name: &str, seats: u64, reads: &[&str], after: &[&str]) -> Program {
    let dictionary = Dictionary::embedded();
    let names: Vec<&str> = ["decile", "member_count"].iter().chain(reads).copied().collect();
    let wish = |name: &&str| ColumnWish {
        name: (*name).to_owned(),
        entity: Entity::Family,
        kind: dictionary.column(name).unwrap().kind,
        required: true,
    };
    let part = |code: &str| Part { code: code.to_owned(), columns: Vec::new(), settings: Vec::new() };
    let text = PartText { title: Text::default(), legal: String::new(), pass: None, fail: None, unknown: None };
    Program {
        id: name.to_owned(),
        title: Text::default(),
        plugin: name.to_owned(),
        description: Description {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            unit: Unit::Family,
            columns: names.iter().map(wish).collect(),
            settings: Vec::new(),
            criteria: vec![part("decile_within"), part("not_with")],
            components: vec![part("beras"), part("telur")],
            score_parts: vec![part("decile")],
            score: (-10, 0),
            amount: (0, 1000),
        },
        settings: Vec::new(),
        columns: names.iter().map(|name| dictionary.id(name)).collect(),
        unknowns: vec![UnknownRule::Review, UnknownRule::Pass],
        criteria: vec![text.clone(), text],
        components: Vec::new(),
        score_parts: Vec::new(),
        incumbents: Incumbents::Keep,
        quota: Quota {
            level: AreaLevel::National,
            seats: Seats::Total { total: seats, base: Base::Eligible },
            only: Vec::new(),
            reserves: Vec::new(),
            unfilled: Unfilled::Stay,
        },
        ceiling: None,
        sub_keys: vec![SubKey::FamilyLot],
        seed: "undian 2026Q3".to_owned(),
        months_paid: None,
        after: after.iter().map(|name| (*name).to_owned()).collect(),
        rule_hash: "rules".to_owned(),
        plugin_digest: "plugin".to_owned(),
    }
}

/// Decile at most 4; pays 100 for each member, in two components.
#[derive(Clone, Copy, Default)]
pub(crate) struct Poor {
    not_with: Option<ColumnId>,
    traps: bool,
    lies: bool,
}

impl Poor {
    fn columns(batch: &Batch) -> (Vec<u8>, Vec<u8>) {
        let column = |name: &str| match &batch.column(Entity::Family, id(name)).unwrap().values {
            Values::U8(all) => all.clone(),
            _ => panic!("u8"),
        };
        (column("decile"), column("member_count"))
    }
}

impl Judging for Poor {
    fn judge(&self, batch: &Batch) -> Result<(Verdicts, u64)> {
        if self.traps {
            return Err(Error::new(Fault::Plugin, Text::new("plugin terjebak", "the plugin trapped")));
        }
        let (decile, count) = Poor::columns(batch);
        let had = self.not_with.map(|id| match &batch.column(Entity::Family, id).unwrap().values {
            Values::Bits(bits) => bits.clone(),
            _ => panic!("bits"),
        });
        let mut verdicts = Verdicts::default();
        for (row, (decile, count)) in decile.iter().zip(count).enumerate() {
            let both = had.as_ref().is_some_and(|bits| bits[row / 8] >> (row % 8) & 1 == 1);
            let failed = u64::from(*decile > 4) | u64::from(both) << 1;
            let unknown = u64::from(*decile == 0) & !failed;
            verdicts.failed.push(failed);
            verdicts.unknown.push(unknown);
            verdicts.score.push(if failed == 0 { -i64::from(*decile) } else { 0 });
            verdicts.amount.push(if failed == 0 { 100 * i64::from(count) } else { 0 });
        }
        Ok((verdicts, 7))
    }
}

impl Explaining for Poor {
    fn breakdown(&self, batch: &Batch) -> Result<Vec<Line>> {
        let (verdicts, _) = self.judge(batch)?;
        let (_, count) = Poor::columns(batch);
        let rows = (0u32..).zip(verdicts.failed.iter().zip(count)).filter(|(_, (failed, _))| **failed == 0);
        let lines = rows.flat_map(|(row, (_, count))| {
            let line = |part, value| Line { row, member: None, part, value };
            let more = i64::from(self.lies && row == 1);
            [line(0, 60 * i64::from(count) + more), line(1, 40 * i64::from(count)), line(2, -3)]
        });
        Ok(lines.collect())
    }
}

pub(crate) struct Site {
    _dir: tempfile::TempDir,
    pub(crate) folders: Folders,
    snapshot: Snapshot,
    pub(crate) ledger: Ledger,
}

pub(crate) fn site() -> Site {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let folders =
        Folders { root: dir.path().to_path_buf(), snapshots: at("snapshots"), runs: at("runs"), lists: at("lists") };
    let snapshot = seal(&folders.snapshots);
    let mut ledger = Ledger::open(&folders.root).unwrap();
    ledger.note_snapshot(Period::Quarter(2026, 3), &snapshot).unwrap();
    assert_eq!(ledger.snapshot_of(Period::Quarter(2026, 3)).unwrap().as_deref(), Some(snapshot.root()));
    Site { _dir: dir, folders, snapshot, ledger }
}

impl Site {
    pub(crate) fn run(
        &mut self,
        programs: &[(&Program, Poor)],
        receives: Option<&str>,
        threads: usize,
    ) -> Result<Made> {
        self.run_until(programs, receives, threads, false)
    }

    fn run_until(
        &mut self,
        programs: &[(&Program, Poor)],
        receives: Option<&str>,
        threads: usize,
        stop: bool,
    ) -> Result<Made> {
        let programs: Vec<Candidate<'_>> =
            programs.iter().map(|(program, judge)| Candidate { program, judge }).collect();
        let (cancel, seen) = (AtomicBool::new(stop), AtomicU64::new(0));
        let request = RunRequest {
            folders: &self.folders,
            snapshot: &self.snapshot,
            dictionary: Dictionary::embedded(),
            programs: &programs,
            used: &programs.iter().map(|one| (one.program.id.clone(), crate::tamper::kept())).collect(),
            receives,
            promote: None,
            threads,
            cancel: &cancel,
            seen: &seen,
            durable: true,
        };
        run(&mut self.ledger, &request)
    }

    pub(crate) fn export(
        &mut self,
        program: &Program,
        judge: Poor,
        run: &str,
        region: Option<&str>,
    ) -> Result<layak::ledger::Exported> {
        let region = region.map(|code| code.parse().unwrap());
        let cancel = AtomicBool::new(false);
        let what = Export {
            folders: &self.folders,
            run,
            snapshot: &self.snapshot,
            dictionary: Dictionary::embedded(),
            program,
            explaining: &judge,
            of: ListOf::Recipients,
            region: region.as_ref(),
            formats: &[ListFormat::Csv, ListFormat::Xlsx, ListFormat::Parquet],
            cancel: &cancel,
        };
        export(&mut self.ledger, &mut Names, &what)
    }
}

/// A vault whose names are what an attacker would write.
struct Names;

const PAYLOADS: [&str; 12] = [
    "=HYPERLINK(\"http://x\")",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "\u{ff1d}1",
    "\u{ff0b}1",
    "\u{ff0d}1",
    "\u{ff20}A",
    "  =1",
];

impl Vault for Names {
    fn families(&mut self, ids: &[FamilyId]) -> Result<Vec<FamilyIdentity>> {
        let one = |id: &FamilyId| FamilyIdentity {
            kk_number: format!("{:016}", 1_101_010_101_010_000 + id.0 % 1000),
            head_name: "Kepala".to_owned(),
            address: PAYLOADS[(id.0 % 12) as usize].to_owned(),
            ..FamilyIdentity::default()
        };
        Ok(ids.iter().map(one).collect())
    }

    fn persons(&mut self, ids: &[PersonId]) -> Result<Vec<PersonIdentity>> {
        let one = |id: &PersonId| PersonIdentity {
            nik: format!("{:016}", 1_101_014_101_900_000 + id.0 % 1000),
            name: PAYLOADS[(id.0 % 12) as usize].to_owned(),
            ..PersonIdentity::default()
        };
        Ok(ids.iter().map(one).collect())
    }
}

pub(crate) fn two() -> (Program, Program, Poor) {
    let after = Poor { not_with: Some(id("receives.pkh")), ..Poor::default() };
    (program("pkh", 60, &[], &[]), program("sembako", 90, &["receives.pkh"], &["pkh"]), after)
}

pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

#[test]
fn a_run_is_the_same_on_any_thread_count_and_verifies() {
    let mut site = site();
    let (pkh, sembako, after) = two();
    let made = site.run(&[(&pkh, Poor::default()), (&sembako, after)], None, 1).unwrap();
    assert!(!made.again);
    let line = &made.programs[0];
    // 500 families, deciles 0 to 10 in turn: 1 to 4 eligible, 0 in review
    assert_eq!((line.registered, line.recipients, line.status.as_str()), (500, 60, "done"));
    assert_eq!((line.eligible, line.review), (183, 47));
    assert_eq!((made.programs[1].eligible, made.programs[1].recipients), (123, 90));
    let receipt = fs::read(site.folders.runs.join(&made.run).join("receipt.json")).unwrap();
    assert_eq!(blake3::hash(&receipt).to_hex().to_string(), made.receipt);
    for threads in [2, 4] {
        let again = site.run(&[(&pkh, Poor::default()), (&sembako, after)], None, threads).unwrap();
        assert!(again.again);
        assert_eq!((&again.run, &again.receipt, &again.programs), (&made.run, &made.receipt, &made.programs));
    }
    assert_eq!(fs::read_dir(&site.folders.runs).unwrap().count(), 1, "no temporary folder is left");
    assert_eq!(site.ledger.runs().unwrap().len(), 1);
    let verified = verify(&site.ledger, &site.folders, "latest").unwrap();
    assert!(verified.ok, "{:?}", verified.failures);
    assert!(verified.checked > 30);
}

#[test]
fn every_changed_file_is_named() {
    let mut site = site();
    let (pkh, ..) = two();
    let made = site.run(&[(&pkh, Poor::default())], None, 2).unwrap();
    let run_dir = site.folders.runs.join(&made.run);
    let sealed = files(&site.folders.snapshots);
    for path in files(&run_dir).into_iter().chain(sealed) {
        let sound = fs::read(&path).unwrap();
        for at in [0, sound.len() / 2, sound.len() - 1] {
            let mut changed = sound.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            let found = verify(&site.ledger, &site.folders, &made.run).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(!found.ok, "{} at {at}", path.display());
            assert!(found.failures.iter().any(|failure| failure.file.contains(&name)), "{name}: {:?}", found.failures);
            assert_eq!(found.error().unwrap().fault, Fault::Integrity);
        }
        fs::write(&path, &sound).unwrap();
    }
    assert!(verify(&site.ledger, &site.folders, &made.run).unwrap().ok);
    // a run made again does not hide a changed file
    let table = run_dir.join("pkh/selection/11.parquet");
    let mut changed = fs::read(&table).unwrap();
    changed[20] ^= 4;
    fs::write(&table, changed).unwrap();
    assert_eq!(site.run(&[(&pkh, Poor::default())], None, 2).unwrap_err().fault, Fault::Integrity);
}

#[test]
fn a_failed_program_leaves_nothing_and_the_others_finish() {
    let mut site = site();
    let (pkh, sembako, after) = two();
    let other = program("pbi_jkn", 10, &[], &[]);
    let broken = Poor { traps: true, ..Poor::default() };
    let made = site.run(&[(&pkh, broken), (&sembako, after), (&other, Poor::default())], None, 2).unwrap();
    let status: Vec<&str> = made.programs.iter().map(|line| line.status.as_str()).collect();
    assert_eq!(status, ["failed", "not_run", "done"]);
    assert_eq!(made.programs[1].reason.as_ref().unwrap().en, "`pkh` failed");
    assert_eq!(made.worst().unwrap().fault, Fault::Plugin);
    let dir = site.folders.runs.join(&made.run);
    assert!(!dir.join("pkh").exists() && !dir.join("sembako").exists() && dir.join("pbi_jkn").is_dir());
    assert!(verify(&site.ledger, &site.folders, &made.run).unwrap().ok);
}

#[test]
fn receives_come_from_a_named_run_or_not_at_all() {
    let mut site = site();
    let (pkh, sembako, after) = two();
    assert_eq!(site.run(&[(&sembako, after)], None, 2).unwrap_err().fault, Fault::Usage);
    let both = site.run(&[(&pkh, Poor::default()), (&sembako, after)], None, 2).unwrap();
    let alone = site.run(&[(&sembako, after)], Some(&both.run[..10]), 2).unwrap();
    assert_eq!(alone.programs[0].list, both.programs[1].list);
    assert_ne!(alone.run, both.run);
    let sembako_only = site.run(&[(&sembako, after)], Some(&alone.run), 2);
    assert_eq!(sembako_only.unwrap_err().fault, Fault::Usage);
    // a list of the run that took its recipients from elsewhere
    let list = site.export(&sembako, after, &alone.run, None).unwrap();
    assert_eq!(list.rows, alone.programs[0].recipients);
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let mut site = site();
    let (pkh, ..) = two();
    let error = site.run_until(&[(&pkh, Poor::default())], None, 2, true).unwrap_err();
    assert_eq!(error.fault, Fault::Interrupted);
    assert_eq!(fs::read_dir(&site.folders.runs).unwrap().count(), 0);
    assert!(site.ledger.runs().unwrap().is_empty());
}

#[test]
fn lists_agree_with_the_receipt_and_hold_no_formula() {
    let mut site = site();
    let (pkh, ..) = two();
    let made = site.run(&[(&pkh, Poor::default())], None, 2).unwrap();
    let list = site.export(&pkh, Poor::default(), &made.run, None).unwrap();
    assert_eq!((list.rows, list.rupiah), (60, made.programs[0].cost_period));
    assert_eq!(list.files.len(), 3);
    assert!(list.files.iter().all(|file| file.file.file_name().unwrap().to_string_lossy().starts_with("draft-")));
    let text = fs::read_to_string(&list.files[0].file).unwrap();
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(&csv.headers().unwrap()[0], "draft");
    let (mut rows, mut rupiah) = (0, 0);
    for record in csv.records() {
        let record = record.unwrap();
        assert_eq!(record.len(), 14);
        let money = |at: usize| record[at].parse::<i64>().unwrap();
        assert_eq!(money(11), money(12) + money(13));
        (rows, rupiah) = (rows + 1, rupiah + money(11));
        assert!(record[5].len() == 16 && record[6].len() == 16);
        for cell in &record {
            let first = cell.trim_start().chars().next().unwrap_or('x');
            assert!(!"=+-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(first), "{cell:?}");
        }
    }
    assert_eq!((rows, rupiah), (60, list.rupiah));
    assert!(text.starts_with("\"draft\",") && text.contains("\r\n"));
    let half = site.export(&pkh, Poor::default(), &made.run, Some("kemendagri:11")).unwrap();
    let other = site.export(&pkh, Poor::default(), &made.run, Some("bps:1201")).unwrap();
    assert!(half.rows > 0 && other.rows > 0 && half.rows + other.rows == 60);
    assert_eq!(half.rupiah + other.rupiah, list.rupiah);
    let unknown = site.export(&pkh, Poor::default(), &made.run, Some("kemendagri:99"));
    assert_eq!(unknown.unwrap_err().fault, Fault::Usage);
}

#[test]
fn a_breakdown_that_lies_writes_nothing() {
    let mut site = site();
    let (pkh, ..) = two();
    let made = site.run(&[(&pkh, Poor::default())], None, 2).unwrap();
    let lying = Poor { lies: true, ..Poor::default() };
    assert_eq!(site.export(&pkh, lying, &made.run, None).unwrap_err().fault, Fault::Plugin);
    assert_eq!(fs::read_dir(&site.folders.lists).unwrap().count(), 0);
    let mut changed = pkh.clone();
    changed.rule_hash = "other rules".to_owned();
    assert_eq!(site.export(&changed, Poor::default(), &made.run, None).unwrap_err().fault, Fault::Rules);
}

#[test]
fn formulas_become_text() {
    for payload in PAYLOADS {
        assert!(formula_safe(payload).starts_with('\''), "{payload:?}");
    }
    for plain in ["", "Siti", "Jl. Melati 3", "1101010101010001", "a=b"] {
        assert_eq!(formula_safe(plain), plain);
    }
}
