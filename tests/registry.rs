//! The registry's promises: whole or not at all, once, whatever the order.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use layak::error::Fault;
use layak::registry::{Filter, Options, Registry};
use layak::snapshot::freeze::freeze;
use layak::synth;
use layak::terms::{Date, KkNumber, Nik};

use crate::intake::{import, registry};
use crate::tidy::top;

fn country(families: u64, faults: u32, dir: &Path) {
    let options = synth::Options { families, faults_per_mille: faults, ..synth::Options::default() };
    synth::write_extracts(&options, dir, &mut |_| {}, &AtomicBool::new(false)).unwrap();
}

fn root(registry: &Registry, dir: &Path) -> String {
    let as_of = Date::from_ymd(2026, 9, 20).unwrap();
    let no = AtomicBool::new(false);
    let (snapshot, _) = freeze(registry, "2026Q3".parse().unwrap(), as_of, dir, &mut |_| {}, &no).unwrap();
    snapshot.root().to_owned()
}

/// The rows of a CSV backwards; its fields hold no line breaks.
fn backwards(from: &Path, to: &Path) {
    let text = fs::read_to_string(from).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let mut rows: Vec<&str> = lines.collect();
    rows.reverse();
    fs::write(to, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
}

#[test]
fn the_same_file_again_gives_the_first_counts() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(dir.path());
    let case = top().join("tests/extracts/duplicate_row");
    let first = import(&mut registry, &case, &Options::default()).unwrap();
    let before = root(&registry, &dir.path().join("a"));
    let again = import(&mut registry, &case, &Options::default()).unwrap();
    assert!(again.files.iter().all(|file| file.already));
    assert_eq!((first.rows, first.accepted, &first.reasons), (again.rows, again.accepted, &again.reasons));
    assert_eq!(before, root(&registry, &dir.path().join("a")));
}

#[test]
fn the_order_of_files_and_rows_means_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, turned) = (dir.path().join("plain"), dir.path().join("turned"));
    country(800, 30, &plain);
    fs::create_dir(&turned).unwrap();
    for entry in fs::read_dir(&plain).unwrap() {
        let from = entry.unwrap().path();
        let name = from.file_name().unwrap().to_string_lossy().into_owned();
        match name.strip_suffix(".csv") {
            // a name that sorts the files the other way round
            Some(stem) => {
                let first = u8::MAX - stem.bytes().next().unwrap();
                backwards(&from, &turned.join(format!("{first:03}-{stem}.csv")));
            }
            None => drop(fs::copy(&from, turned.join(name)).unwrap()),
        }
    }
    // ids of few bits, so that inputs collide and must be told apart
    for bits in [64, 12] {
        let mut roots = Vec::new();
        let mut counts = Vec::new();
        for folder in [&plain, &turned] {
            let site = tempfile::tempdir().unwrap();
            let mut registry = Registry::create_truncated(site.path(), [7; 32], bits).unwrap();
            let report = import(&mut registry, folder, &Options::default()).unwrap();
            assert_eq!(report.rows, report.accepted + report.quarantined);
            counts.push((report.rows, report.accepted, report.reasons));
            roots.push(root(&registry, &site.path().join("snapshots")));
        }
        assert_eq!(counts[0], counts[1], "{bits} bits");
        assert_eq!(roots[0], roots[1], "{bits} bits");
    }
}

#[test]
fn colliding_inputs_keep_their_own_facts() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    country(300, 0, &plain);
    let mut counted = Vec::new();
    for bits in [64, 8] {
        let site = tempfile::tempdir().unwrap();
        let mut registry = Registry::create_truncated(site.path(), [7; 32], bits).unwrap();
        import(&mut registry, &plain, &Options::default()).unwrap();
        let as_of = Date::from_ymd(2026, 9, 20).unwrap();
        let no = AtomicBool::new(false);
        let dest = site.path().join("snapshots");
        let (snapshot, _) = freeze(&registry, "2026Q3".parse().unwrap(), as_of, &dest, &mut |_| {}, &no).unwrap();
        let manifest = snapshot.manifest();
        counted.push((manifest.families, manifest.members, manifest.findings.clone()));
    }
    assert_eq!(counted[0], counted[1]);
}

#[test]
fn a_stop_leaves_nothing_and_the_next_import_completes() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    country(2_000, 10, &plain);
    let (mut whole, mut stopped) = (registry(&dir.path().join("a")), registry(&dir.path().join("b")));
    let want = import(&mut whole, &plain, &Options::default()).unwrap();
    let cancel = AtomicBool::new(false);
    let mut told = |at: layak::registry::Progress<'_>| {
        if at.rows > 3_000 {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let error = stopped.import(std::slice::from_ref(&plain), &Options::default(), &mut told, &cancel).unwrap_err();
    assert_eq!(error.fault, Fault::Interrupted);
    drop(stopped);
    let mut stopped = Registry::open(&dir.path().join("b")).unwrap();
    let report = import(&mut stopped, &plain, &Options::default()).unwrap();
    assert_eq!((want.rows, want.accepted, want.reasons), (report.rows, report.accepted, report.reasons));
    assert!(report.files.iter().any(|file| !file.already), "the stopped file was not in");
    assert_eq!(root(&whole, &dir.path().join("s")), root(&stopped, &dir.path().join("t")));
}

#[test]
fn a_later_as_of_replaces_row_by_row_and_absence_deletes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let later = dir.path().join("later");
    fs::create_dir(&later).unwrap();
    let case = top().join("tests/extracts/sound");
    let text = fs::read_to_string(case.join("family.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    // only the second family is delivered again, with decile 9
    let second = rows.lines().nth(1).unwrap().replacen(",2,0,0,", ",9,0,0,", 1);
    fs::write(later.join("family.csv"), format!("{header}\n{second}\n")).unwrap();
    fs::write(later.join("extract.toml"), "as_of = \"2026-09-10\"\n").unwrap();
    let mut roots = Vec::new();
    for order in [[&case, &later], [&later, &case]] {
        let site = tempfile::tempdir().unwrap();
        let mut registry = registry(site.path());
        for folder in order {
            import(&mut registry, folder, &Options::default()).unwrap();
        }
        let dest = site.path().join("snapshots");
        let as_of = Date::from_ymd(2026, 9, 20).unwrap();
        let no = AtomicBool::new(false);
        let (snapshot, _) = freeze(&registry, "2026Q3".parse().unwrap(), as_of, &dest, &mut |_| {}, &no).unwrap();
        let manifest = snapshot.manifest();
        assert_eq!((manifest.families, manifest.members), (2, 4));
        let before =
            freeze(&registry, "2026Q3".parse().unwrap(), Date::from_ymd(2026, 9, 5).unwrap(), &dest, &mut |_| {}, &no);
        let hash = |m: &layak::snapshot::Manifest| m.partitions[0].family_columns["decile"].clone();
        assert_ne!(hash(manifest), hash(before.unwrap().0.manifest()), "the later decile holds from its day on");
        roots.push(snapshot.root().to_owned());
    }
    assert_eq!(roots[0], roots[1]);
}

#[test]
fn a_second_writer_is_told_to_wait() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = registry(dir.path());
    let mut two = Registry::open(dir.path()).unwrap();
    let case = top().join("tests/extracts/sound");
    let mut second = None;
    let mut told = |_: layak::registry::Progress<'_>| {
        if second.is_none() {
            second = Some(import(&mut two, &case, &Options::default()).map_err(|error| error.fault));
        }
    };
    one.import(std::slice::from_ref(&case), &Options::default(), &mut told, &AtomicBool::new(false)).unwrap();
    assert_eq!(second, Some(Err(Fault::Busy)));
}

#[test]
fn identities_are_found_by_number_and_by_id() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(dir.path());
    import(&mut registry, &top().join("tests/extracts/sound"), &Options::default()).unwrap();
    let nik = Nik::parse("3578014202550004").unwrap();
    let (person, family) = registry.person_by_nik(&nik).unwrap().unwrap();
    let kk = KkNumber::parse("3578010101200002").unwrap();
    assert_eq!(registry.family_by_kk(&kk).unwrap(), Some(family));
    let mut identities = registry.identities().unwrap();
    let who = identities.families(&[family]).unwrap();
    assert_eq!((who[0].head_name.as_str(), who[0].village_name.as_str()), ("Ani Contoh", "Warugunung"));
    assert_eq!(identities.persons(&[person]).unwrap()[0].name, "Ani Contoh");
    let stranger = Nik::parse("3578014202559999").unwrap();
    assert_eq!(registry.person_by_nik(&stranger).unwrap(), None);
}

/// Faults of the invented country are found as its truth says.
#[test]
fn planted_faults_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    country(3_000, 40, &plain);
    let mut registry = registry(&dir.path().join("site"));
    let report = import(&mut registry, &plain, &Options::default()).unwrap();
    let truth = fs::read_to_string(plain.join("truth.ndjson")).unwrap();
    let mut wanted = Vec::new();
    for line in truth.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(reason) = line["reason"].as_str() {
            wanted.push((line["file"].as_str().unwrap().to_owned(), line["row"].as_u64().unwrap(), reason.to_owned()));
        }
    }
    let aside = registry.quarantine(&Filter::default()).unwrap();
    let mut found: Vec<_> = aside.into_iter().map(|row| (row.file, row.row, row.reason)).collect();
    wanted.sort();
    found.sort();
    assert!(wanted.len() > 50);
    assert_eq!(found, wanted);
    assert_eq!(report.quarantined, wanted.len() as u64);
}

/// Speed beside a bare prepared INSERT of the same rows. Run with
/// `--ignored --nocapture`, `LAYAK_FAMILIES` says how many.
#[test]
#[ignore = "a measurement"]
fn import_speed() {
    let families = std::env::var("LAYAK_FAMILIES").ok().and_then(|n| n.parse().ok()).unwrap_or(330_000);
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    country(families, 0, &plain);
    let mut registry = registry(&dir.path().join("site"));
    let mut lines = Vec::new();
    for file in ["family.csv", "individual.csv", "aid_history.csv"] {
        let start = Instant::now();
        let report = import(&mut registry, &plain.join(file), &Options::default()).unwrap();
        let took = start.elapsed();
        lines.push(format!(
            "{file}: {} rows, {took:?}, {} rows/s",
            report.rows,
            u128::from(report.rows) * 1_000_000 / took.as_micros()
        ));
    }
    for entry in fs::read_dir(&plain).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "csv") {
            import(&mut registry, &path, &Options::default()).unwrap();
        }
    }
    let start = Instant::now();
    root(&registry, &dir.path().join("snapshots"));
    lines.push(format!("freeze: {:?}", start.elapsed()));
    // the same bytes through a bare prepared INSERT: one copy of both tables into a fresh file
    let source = rusqlite::Connection::open(dir.path().join("site/registry.sqlite")).unwrap();
    let columns = source.prepare("SELECT * FROM person").unwrap().column_count();
    let mut read = source.prepare("SELECT * FROM person").unwrap();
    let mut rows = read.query([]).unwrap();
    let mut values: Vec<Option<i64>> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        values.extend((0..columns).map(|at| row.get::<_, Option<i64>>(at).unwrap()));
    }
    drop(rows);
    let bare = rusqlite::Connection::open(dir.path().join("bare.sqlite")).unwrap();
    let names = (0..columns).map(|at| format!("c{at} INTEGER")).collect::<Vec<_>>().join(",");
    bare.execute_batch(&format!(
        "PRAGMA page_size=16384; PRAGMA journal_mode=TRUNCATE; CREATE TABLE t ({names}) STRICT; BEGIN"
    ))
    .unwrap();
    let start = Instant::now();
    {
        let marks = vec!["?"; columns].join(",");
        let mut insert = bare.prepare(&format!("INSERT INTO t VALUES ({marks})")).unwrap();
        for row in values.chunks(columns) {
            for (at, value) in row.iter().enumerate() {
                insert.raw_bind_parameter(at + 1, value).unwrap();
            }
            insert.raw_execute().unwrap();
        }
    }
    bare.execute_batch("COMMIT").unwrap();
    let took = start.elapsed();
    let count = (values.len() / columns) as u128;
    lines.push(format!(
        "bare INSERT of the facts: {count} rows, {took:?}, {} rows/s",
        count * 1_000_000 / took.as_micros()
    ));
    let start = Instant::now();
    let mut rows = read.query([]).unwrap();
    let mut sum = 0_i64;
    while let Some(row) = rows.next().unwrap() {
        for at in 0..columns {
            sum = sum.wrapping_add(row.get::<_, Option<i64>>(at).unwrap().unwrap_or(0));
        }
    }
    lines.push(format!("bare SELECT of persons: {:?} ({sum})", start.elapsed()));
    panic!("{}", lines.join("\n"));
}
