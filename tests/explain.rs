//! Explanations say what the run said (I9), and a nearest change is true: applied
//! by hand, it flips its criterion, and nothing says "would be eligible" unless
//! it then is.
//!
//! A few hundred random families in the gate; 10,000 with
//! `LAYAK_EXPLAIN_FAMILIES=10000 cargo test --release -p layak --test all a_nearest_change -- --nocapture`

use std::collections::BTreeMap;
use std::path::Path;

use layak::columns::regions::Regions as AllRegions;
use layak::columns::{ColumnId, Dictionary, Entity};
use layak::error::{Error, Result, draw_all};
use layak::explanation::{
    Change, ChangeKind, Cut, Explanation, InSandbox, Regions, RowResult, Source, Standing, Trying, explain,
};
use layak::ledger::{Folders, Ledger, Look, RunView, Spot};
use layak::program::{self, Found, Operator, Plugins, Program, Site, UnknownRule};
use layak::sandbox::{self, Limits, Plugin, Sandbox, Unit, Value};
use layak::selection::status;
use layak::snapshot::{Batch, Snapshot, Values};
use layak::terms::{Lang, Period};

use crate::golden::small;
use crate::support::{exits, json};

/// The bundled plugins in the sandbox.
pub(crate) struct InTest {
    pub(crate) plugins: BTreeMap<String, Plugin>,
    _cache: tempfile::TempDir,
}

impl InTest {
    pub(crate) fn new() -> InTest {
        let cache = tempfile::tempdir().unwrap();
        let compiler = env!("CARGO_BIN_EXE_layak").into();
        let sandbox = Sandbox::with_compiler(Limits::default(), cache.path(), compiler).unwrap();
        let load = |name: &str| sandbox.load(sandbox::bundled(name).unwrap()).unwrap();
        let plugins = sandbox::bundled_names().map(|name| (name.to_owned(), load(name))).collect();
        InTest { plugins, _cache: cache }
    }

    pub(crate) fn programs(&self, rules: &Path, period: Period) -> Vec<Program> {
        let dictionary = Dictionary::embedded();
        let operator = Operator::read(rules, dictionary).expect("the grants");
        let site = Site { dictionary, regions: AllRegions::embedded(), operator: &operator, period };
        program::load_all(rules, self, &site).unwrap_or_else(|errors| panic!("{}", draw_all(&errors, Lang::En, false)))
    }
}

impl Plugins for InTest {
    fn find(&self, name: &str) -> std::result::Result<Option<Found>, Error> {
        let found = |plugin: &Plugin| Found {
            description: plugin.description().clone(),
            digest: plugin.digest().to_hex().to_string(),
        };
        Ok(self.plugins.get(name).map(found))
    }

    fn names(&self) -> Vec<String> {
        self.plugins.keys().cloned().collect()
    }
}

/// What a test needs of one program of a run.
struct OfRun<'a> {
    program: &'a Program,
    trying: InSandbox,
    plugin: &'a Plugin,
    columns: Vec<Option<ColumnId>>,
}

fn of_run<'a>(snapshot: &Snapshot, plugins: &'a InTest, program: &'a Program) -> OfRun<'a> {
    let manifest = snapshot.manifest();
    let there = |id: &ColumnId, name: &str| snapshot.holds(*id) || name.starts_with("receives.");
    let wishes = program.description.columns.iter().zip(&program.columns);
    let columns: Vec<_> = wishes.map(|(wish, id)| id.filter(|id| there(id, &wish.name))).collect();
    let plugin = &plugins.plugins[&program.plugin];
    let dates = (manifest.as_of().unwrap(), manifest.period().unwrap().first_day());
    let trying = InSandbox::new(plugin, program, columns.clone(), dates).unwrap();
    OfRun { program, trying, plugin, columns }
}

fn result(look: &Look) -> RowResult {
    let standing = match look.status {
        status::RECIPIENT => Standing::Recipient,
        status::WAITING => Standing::Waiting,
        status::REVIEW => Standing::Review,
        status::REFUSED_UNKNOWN => Standing::RefusedUnknown,
        _ => Standing::NotEligible,
    };
    let some = |value: u32| (value > 0).then(|| u64::from(value));
    RowResult {
        failed: look.failed,
        unknown: look.unknown,
        score: look.score,
        amount: look.amount,
        standing,
        rank: some(look.rank),
        place: some(look.place),
    }
}

/// Puts a value into the run's own batch, by hand: not through the code under test.
fn put(batch: &mut Batch, name: &str, row: usize, value: &serde_json::Value) {
    let dictionary = Dictionary::embedded();
    let id = dictionary.id(name).unwrap();
    let family = dictionary.get(id).entity == Entity::Family;
    let side = if family { &mut batch.family } else { &mut batch.member };
    let column = &mut side.iter_mut().find(|(at, _)| *at == id).unwrap().1;
    if let Some(valid) = &mut column.valid {
        valid[row / 8] |= 1 << (row % 8);
    }
    let number = || value.as_i64().unwrap();
    match &mut column.values {
        Values::Bits(bits) if number() == 1 => bits[row / 8] |= 1 << (row % 8),
        Values::Bits(bits) => bits[row / 8] &= !(1 << (row % 8)),
        Values::U8(list) => list[row] = number().try_into().unwrap(),
        Values::U16(list) => list[row] = number().try_into().unwrap(),
        Values::U32(list) => list[row] = number().try_into().unwrap(),
        Values::S32(list) => list[row] = number().try_into().unwrap(),
        Values::S64(list) => list[row] = number(),
        Values::Set { members, known } => {
            members[row] = value["members"].as_u64().unwrap().try_into().unwrap();
            known[row] = value["known"].as_u64().unwrap().try_into().unwrap();
        }
    }
}

/// A setting's value as it crosses, read from its rule-file form by hand.
fn crossing(program: &Program, at: usize, value: &serde_json::Value) -> Value {
    let wish = &program.description.settings[at];
    let option = |value: &serde_json::Value| {
        wish.options.iter().position(|option| Some(option.as_str()) == value.as_str()).unwrap()
    };
    match (wish.kind, value) {
        (sandbox::SettingKind::Codes, list) => {
            Value::Codes(list.as_array().unwrap().iter().map(|code| code.as_i64().unwrap()).collect())
        }
        (sandbox::SettingKind::Choices, list) => {
            Value::Integer(list.as_array().unwrap().iter().map(|one| 1_i64 << option(one)).sum())
        }
        (sandbox::SettingKind::Choice, one) => Value::Integer(option(one).try_into().unwrap()),
        (sandbox::SettingKind::Flag, flag) => Value::Integer(i64::from(flag.as_bool().unwrap())),
        (sandbox::SettingKind::Integer, number) => Value::Integer(number.as_i64().unwrap()),
    }
}

/// Failed, unknown and amount of the row after a change, judged in the run's whole batch.
fn applied(of: &OfRun<'_>, snapshot: &Snapshot, look: &Look, first_member: u32, change: &Change) -> (u64, u64, i64) {
    let manifest = snapshot.manifest();
    let mut settings: Vec<Value> = of.program.settings.iter().map(|held| held.value.clone()).collect();
    let mut batch = look.batch.clone();
    if change.kind == ChangeKind::Rule {
        let at = of.program.description.settings.iter().position(|wish| wish.name == change.input).unwrap();
        settings[at] = crossing(of.program, at, &change.value);
    } else {
        let family = match of.program.unit() {
            Unit::Family => look.row,
            Unit::Person => look.batch.member_ends.partition_point(|end| *end <= look.row) as u32,
        };
        let row = change.member.map_or(family, |nth| first_member + nth - 1);
        put(&mut batch, &change.input, row as usize, &change.value);
    }
    let present: Vec<bool> = of.columns.iter().map(Option::is_some).collect();
    let dates = (manifest.as_of().unwrap(), manifest.period().unwrap().first_day());
    let judge = of.plugin.configure(&settings, &present, dates.0, dates.1).unwrap();
    let verdicts = judge.judge(&batch, &of.columns).unwrap().0;
    let row = look.row as usize;
    (verdicts.failed[row], verdicts.unknown[row], verdicts.amount[row])
}

/// The number that stands in the run's batch.
fn held(batch: &Batch, name: &str, row: usize) -> Option<i64> {
    let dictionary = Dictionary::embedded();
    let id = dictionary.id(name)?;
    let column = batch.column(dictionary.get(id).entity, id)?;
    match (&column.valid, &column.values) {
        (Some(valid), _) if valid[row / 8] >> (row % 8) & 1 == 0 => None,
        (_, Values::U8(list)) => Some(list[row].into()),
        (_, Values::U16(list)) => Some(list[row].into()),
        (_, Values::S32(list)) => Some(list[row].into()),
        _ => None,
    }
}

/// No nearer value of the same input flips the criterion: all of them are tried, up to a year of days.
fn no_nearer(of: &OfRun<'_>, snapshot: &Snapshot, look: &Look, first_member: u32, change: &Change, bit: usize) -> u32 {
    let Some(column) = Dictionary::embedded().column(&change.input) else { return 0 };
    let latest = match column.unit.as_str() {
        "date" => i64::from(snapshot.manifest().as_of().unwrap().0),
        "quarter" => i64::from(snapshot.manifest().period().unwrap().quarter_ordinal()),
        "decile" | "people" => column.range.unwrap().1,
        _ => return 0,
    };
    let row = change.member.map_or(look.row, |nth| first_member + nth - 1);
    let Some(now) = held(&look.batch, &change.input, row as usize).filter(|now| *now != 0) else { return 0 };
    let mut tried = 0;
    for step in 1..i64::try_from(change.distance).unwrap().min(400) {
        for value in [now - step, now + step].into_iter().filter(|value| (1..=latest).contains(value)) {
            let nearer = Change { value: value.into(), ..change.clone() };
            let (failed, unknown, _) = applied(of, snapshot, look, first_member, &nearer);
            tried += 1;
            assert_eq!((failed | unknown) >> bit & 1, 1, "{}: {value} is nearer", change.sentence.en);
        }
    }
    tried
}

/// Every change of an explanation, applied.
fn hold(of: &OfRun<'_>, snapshot: &Snapshot, look: &Look, explained: &Explanation, counts: &mut BTreeMap<String, u32>) {
    let program = of.program;
    let family = match program.unit() {
        Unit::Family => look.row as usize,
        Unit::Person => look.batch.member_ends.partition_point(|end| *end <= look.row),
    };
    let first_member = family.checked_sub(1).map_or(0, |before| look.batch.member_ends[before]);
    let pass = program.unknown_bits(UnknownRule::Pass);
    for (bit, line) in explained.criteria.iter().enumerate() {
        let in_the_way = (look.failed | (look.unknown & !pass)) >> bit & 1 == 1;
        assert!(in_the_way || line.nearest.is_empty(), "{}: {} is not in the way", explained.id, line.code);
        let kinds: Vec<ChangeKind> = line.nearest.iter().map(|change| change.kind).collect();
        assert!(kinds.is_sorted() && kinds.windows(2).all(|two| two[0] != two[1]), "{kinds:?}");
        if in_the_way {
            let found = if line.nearest.is_empty() { "nothing found" } else { "found" };
            *counts.entry(format!("{} {}: {found}", program.id, line.code)).or_default() += 1;
        }
        for change in &line.nearest {
            let (failed, unknown, amount) = applied(of, snapshot, look, first_member, change);
            if program.unit() == Unit::Family {
                let tried = no_nearer(of, snapshot, look, first_member, change, bit);
                *counts.entry("nearer values tried".to_owned()).or_default() += tried;
            }
            let told = format!("{} {}: {}", explained.id, line.code, change.sentence.en);
            assert_eq!((failed | unknown) >> bit & 1, 0, "{told}: does not flip it");
            let eligible = failed == 0 && unknown & !pass == 0;
            assert_eq!(change.eligible, eligible, "{told}: then failed {failed:b}, unknown {unknown:b}");
            assert_eq!(change.sentence.en.contains("would be eligible"), eligible, "{told}");
            assert_eq!(change.sentence.id.contains("akan layak"), eligible, "{told}");
            assert_eq!(change.amount, amount, "{told}");
            let codes = |mask: u64| -> Vec<String> {
                let all = program.description.criteria.iter().enumerate();
                all.filter(|(at, _)| mask >> at & 1 == 1).map(|(_, part)| part.code.clone()).collect()
            };
            assert_eq!(change.still_fails, codes(failed), "{told}");
            assert_eq!(change.still_unknown, codes(unknown & !pass), "{told}");
        }
    }
}

/// A linear congruence: the same families each time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Explains so many random families of a site's newest run and holds each stated change to the truth.
fn random_families(site: &Path, families: usize) -> Result<BTreeMap<String, u32>> {
    let dictionary = Dictionary::embedded();
    let at = |folder: &str| site.join(folder);
    let folders =
        Folders { root: site.to_path_buf(), snapshots: at("snapshots"), runs: at("runs"), lists: at("lists") };
    let ledger = Ledger::open(site)?;
    let entry = ledger.find_run("latest")?;
    let snapshot = Snapshot::open_with(folders.snapshots.join(&entry.snapshot), dictionary)?;
    let view = RunView::open(&ledger, &folders, "latest", &snapshot, dictionary)?;
    let plugins = InTest::new();
    let programs = plugins.programs(&at("rules"), snapshot.manifest().period()?);
    let all: Vec<OfRun<'_>> = programs.iter().map(|program| of_run(&snapshot, &plugins, program)).collect();
    let regions = Regions::of(snapshot.manifest());
    let (mut state, mut counts) = (20_260_920, BTreeMap::new());
    for _ in 0..families {
        let partition = next(&mut state) as usize % snapshot.partitions().len();
        let held = snapshot.partitions()[partition].families;
        let family_row = u32::try_from(next(&mut state) % held).unwrap();
        for of in &all {
            let spot = Spot { partition, family_row, member: (of.program.unit() == Unit::Person).then_some(0) };
            let look = view.look(of.program, spot)?;
            // masks, score and amount of the plugin on the run's batch are those of the run
            let verdicts = of.trying.verdicts(&look.batch)?;
            let row = look.row as usize;
            let judged = (verdicts.failed[row], verdicts.unknown[row], verdicts.score[row], verdicts.amount[row]);
            assert_eq!(judged, (look.failed, look.unknown, look.score, look.amount));
            let lines = of.trying.lines(&look.batch)?;
            let from = Source {
                dictionary,
                regions: &regions,
                batch: &look.batch,
                as_of: snapshot.manifest().as_of()?,
                trying: Some(&of.trying),
                others: None,
            };
            let id = format!("{partition}/{family_row} {}", of.program.id);
            // the search cuts the family out of its batch and insists on the run's masks itself
            let explained = explain(of.program, id, look.row, result(&look), Cut::default(), &lines, from)?;
            for (bit, line) in explained.criteria.iter().enumerate() {
                let said = format!("{:?}", line.outcome).to_lowercase();
                let run = match (look.failed >> bit & 1, look.unknown >> bit & 1) {
                    (1, _) => "fail",
                    (_, 1) => "unknown",
                    _ => "pass",
                };
                assert_eq!(said, run, "{}: {}", explained.id, line.code);
            }
            hold(of, &snapshot, &look, &explained, &mut counts);
        }
    }
    Ok(counts)
}

#[expect(clippy::print_stdout, reason = "with --nocapture, what was found for which criterion")]
#[test]
fn a_nearest_change_applied_does_what_it_says() {
    let asked = std::env::var("LAYAK_EXPLAIN_FAMILIES").ok().and_then(|n| n.parse::<usize>().ok());
    let counts = match asked {
        None => random_families(&small().dir(), 200).unwrap(),
        Some(families) => {
            let folder = tempfile::tempdir().unwrap();
            exits(0, folder.path(), &["init", "site"]);
            let site = folder.path().join("site");
            let held = (families * 2).to_string();
            exits(0, &site, &["synth", "--families", &held, "--faults", "2%", "--out", "extracts"]);
            json(&site, &["import", "extracts"]);
            json(&site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
            json(&site, &["run", "2026Q3"]);
            random_families(&site, families).unwrap()
        }
    };
    let shown: Vec<String> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
    println!("{}", shown.join("\n"));
    let of = |end: &str| counts.iter().filter(|(what, _)| what.ends_with(end)).map(|(_, count)| count).sum::<u32>();
    let (found, nothing) = (of(": found"), of(": nothing found"));
    assert!(found >= 100, "too few criteria in the way to say anything: {found}");
    // a criterion that reads facts can nearly always be flipped by one of them
    assert!(nothing * 10 <= found, "nothing found for {nothing} of {} criteria", found + nothing);
}
