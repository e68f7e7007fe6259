//! Single bits flipped and files cut short in everything that a run stands on:
//! `verify` names the file each time.
//!
//! A sample by default. 2,000 flips and 200 cuts (about two minutes):
//! `cargo test --release -p layak --test all tamper -- --ignored`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use layak::error::Fault;
use layak::ledger::{Ledger, verify};

use crate::ledger::{Poor, Site, files, site, two};

/// Numbers that look drawn and are the same every time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// What stands for the rule file and the plugin that a run keeps of each program.
pub(crate) fn kept() -> Vec<(String, Vec<u8>)> {
    vec![("rules/x.toml".to_owned(), b"# rules".to_vec()), ("plugin.wasm".to_owned(), vec![7; 900])]
}

/// A run with two programs, its snapshot and three exported lists.
fn standing() -> (Site, String) {
    let mut site = site();
    let (pkh, sembako, after) = two();
    let made = site.run(&[(&pkh, Poor::default()), (&sembako, after)], None, 2).unwrap();
    site.export(&pkh, Poor::default(), &made.run, None).unwrap();
    (site, made.run)
}

/// Every file by its kind, so that small kinds are met as often as large ones.
fn by_kind(site: &Site) -> BTreeMap<String, Vec<PathBuf>> {
    let folders = &site.folders;
    let mut kinds: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in [&folders.snapshots, &folders.runs, &folders.lists].into_iter().flat_map(|folder| files(folder)) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let folder = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let kind = match name.rsplit_once('.') {
            Some((stem, "json" | "toml" | "wasm")) => stem.to_owned(),
            Some((_, ending)) => format!("{folder} {ending}"),
            None => folder,
        };
        kinds.entry(kind).or_default().push(path);
    }
    kinds
}

fn named(site: &Site, run: &str, path: &Path, what: &str) {
    let shown = path.strip_prefix(&site.folders.root).unwrap().display().to_string();
    let found = verify(&site.ledger, &site.folders, run).unwrap();
    assert!(!found.ok, "{what} in {shown} was not noticed");
    assert!(found.failures.iter().any(|one| one.file == shown), "{what} in {shown}: {:?}", found.failures);
    assert_eq!(found.error().unwrap().fault, Fault::Integrity);
}

fn tampered(flips: usize, cuts: usize) {
    let (site, run) = standing();
    let kinds: Vec<Vec<PathBuf>> = by_kind(&site).into_values().collect();
    assert!(kinds.len() >= 9, "{kinds:?}");
    let mut drawn = Drawn(20_260_920);
    for turn in 0..flips + cuts {
        let paths = &kinds[turn % kinds.len()];
        let path = &paths[drawn.below(paths.len())];
        let sound = fs::read(path).unwrap();
        let (bad, what) = if turn < flips {
            let (at, bit) = (drawn.below(sound.len()), drawn.below(8));
            let mut bad = sound.clone();
            bad[at] ^= 1 << bit;
            (bad, format!("bit {bit} of byte {at}"))
        } else {
            let len = drawn.below(sound.len());
            (sound[..len].to_vec(), format!("a cut at byte {len}"))
        };
        fs::write(path, bad).unwrap();
        named(&site, &run, path, &what);
        fs::write(path, sound).unwrap();
    }
    assert!(verify(&site.ledger, &site.folders, &run).unwrap().ok, "what was put back is whole again");
}

#[test]
fn flipped_bits_and_cut_files_are_named() {
    tampered(120, 20);
}

#[test]
#[ignore = "takes minutes: 2,000 flips and 200 cuts"]
fn two_thousand_flipped_bits_and_two_hundred_cut_files_are_named() {
    tampered(2_000, 200);
}

#[test]
fn files_that_nobody_made_are_named() {
    let (site, run) = standing();
    let snapshot = fs::read_dir(&site.folders.snapshots).unwrap().next().unwrap().unwrap().path();
    for path in [snapshot.join("more.parquet"), site.folders.runs.join(&run).join("pkh/more.parquet")] {
        fs::write(&path, b"PAR1").unwrap();
        named(&site, &run, &path, "a new file");
        fs::remove_file(&path).unwrap();
    }
}

/// The ledger's own line of a run: each letter of the run's id and of the hash of its receipt.
#[test]
fn a_changed_ledger_is_noticed() {
    let (site, run) = standing();
    let path = site.folders.root.join("ledger.sqlite");
    let sound = fs::read(&path).unwrap();
    // the row, not the index beside it: the period follows the id
    let row = format!("{run}2026Q3");
    let at = sound.windows(row.len()).position(|part| part == row.as_bytes()).expect("the run stands in the ledger");
    let mut drawn = Drawn(77);
    for _ in 0..24 {
        let mut bad = sound.clone();
        // run, period, snapshot, receipt: ids of 64 letters and a period of six
        let byte = at + drawn.below(64 + 6 + 64 + 64);
        bad[byte] ^= 1 << drawn.below(7);
        let copy = tempfile::tempdir().unwrap();
        fs::write(copy.path().join("ledger.sqlite"), bad).unwrap();
        let noticed = match Ledger::open(copy.path()) {
            Err(error) => error.fault == Fault::Integrity,
            Ok(ledger) => match verify(&ledger, &site.folders, &run) {
                Ok(found) => !found.ok,
                Err(error) => error.fault == Fault::Integrity,
            },
        };
        assert!(noticed, "byte {byte} of the ledger");
    }
    // neither a database nor anything else
    let copy = tempfile::tempdir().unwrap();
    fs::write(copy.path().join("ledger.sqlite"), vec![7; 5_000]).unwrap();
    assert_eq!(Ledger::open(copy.path()).unwrap_err().fault, Fault::Integrity);
}
