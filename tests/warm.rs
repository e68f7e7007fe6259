//! Working columns: the same batches as the sealed files, proved, made anew when
//! they are not what was sealed, and readable by others as Feather.

use std::fs;
use std::io::Write;
use std::path::Path;

use layak::columns::ColumnId;
use layak::selection::{Place, Rows, SealedRows, Wanted, WarmRows};
use layak::snapshot::{Batch, Snapshot, Warm, Warmed};

use crate::snapshot::{assert_same, dictionary, everything, seal};
use crate::support::{files, python};

const PROVINCES: [(&str, u32); 2] = [("11", 20_000), ("13", 131_073)];

/// Every batch of both readings is the same, ids and all.
fn same(rows: &WarmRows<'_>, snapshot: &Snapshot, family: &[ColumnId], member: &[ColumnId]) {
    let wanted = Wanted { family: family.to_vec(), member: member.to_vec() };
    let sealed = SealedRows::of(snapshot).unwrap();
    let read = |rows: &dyn Rows, place| {
        let mut all: Vec<Batch> = Vec::new();
        rows.read(place, &wanted, &mut |batch| {
            all.push(batch.clone());
            Ok(())
        })
        .unwrap();
        all
    };
    assert_eq!(rows.partitions(), sealed.partitions());
    for (partition, part) in sealed.partitions().iter().enumerate() {
        for group in 0..part.groups.len() {
            let place = Place { partition, group };
            let (found, wanted) = (read(rows, place), read(&sealed, place));
            assert_eq!(found.len(), wanted.len());
            found.iter().zip(&wanted).for_each(|(found, wanted)| assert_same(found, wanted));
        }
    }
}

#[test]
fn the_batches_are_those_of_the_sealed_files_and_the_second_process_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = seal(&dir.path().join("snapshots"), &PROVINCES);
    let snapshot = Snapshot::open_with(sealed.dir(), &dictionary()).unwrap();
    let (family, member) = everything();
    let cache = dir.path().join("cache");
    same(&WarmRows::of(&snapshot, &cache).unwrap(), &snapshot, &family, &member);
    let again = WarmRows::of(&snapshot, &cache).unwrap();
    let all = (family.len() + member.len() + 3) as u64 * 2;
    assert_eq!(again.warm().prepare(&family, &member, true).unwrap(), Warmed { proved: all, made: 0, remade: 0 });
    same(&again, &snapshot, &family, &member);
    // deletable at any time
    fs::remove_dir_all(&cache).unwrap();
    let (few, none) = (&family[..2], &[][..]);
    let anew = Warm::of(&snapshot, &cache).prepare(few, none, false).unwrap();
    assert_eq!(anew, Warmed { proved: 0, made: 6, remade: 0 });
}

/// Ways in which a file stops being what was made.
fn spoil(path: &Path, other: &Path, way: usize) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    match way {
        0 => bytes[middle] ^= 1,
        1 => bytes.truncate(middle),
        2 => bytes.clear(),
        3 => bytes = fs::read(other).unwrap(),
        4 => {
            let at = bytes.len() - 40;
            bytes[at] ^= 0x40;
        }
        // the length of the footer, out of all bounds
        _ => {
            let at = bytes.len() - 10;
            bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        }
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_spoilt_or_stale_file_is_noticed_and_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = seal(&dir.path().join("snapshots"), &PROVINCES[..1]);
    let snapshot = Snapshot::open_with(sealed.dir(), &dictionary()).unwrap();
    let (family, member) = everything();
    let (family, member) = (&family[..6], &member[..6]);
    let cache = dir.path().join("cache");
    Warm::of(&snapshot, &cache).prepare(family, member, true).unwrap();
    let made: Vec<_> = files(&cache).into_iter().filter(|path| fs::metadata(path).unwrap().len() > 10_000).collect();
    assert!(made.len() > 8, "{made:?}");
    let mut noticed = 0;
    for way in 0..6 {
        for (path, other) in made.iter().zip(made.iter().cycle().skip(1)) {
            let before = fs::read(path).unwrap();
            spoil(path, other, way);
            let changed = fs::read(path).unwrap() != before;
            let rows = WarmRows::of(&snapshot, &cache).unwrap();
            let warmed = rows.warm().prepare(family, member, true).unwrap();
            // a bit of padding is no value, and two columns may hold the same values
            let harmless = matches!(way, 0 | 3 | 4);
            assert!(warmed.remade == u64::from(changed) || harmless, "{way} {}: {warmed:?}", path.display());
            noticed += warmed.remade;
            same(&rows, &snapshot, family, member);
            if warmed.remade > 0 {
                assert_eq!(fs::read(path).unwrap(), before);
            }
            fs::write(path, before).unwrap();
        }
    }
    assert!(noticed > made.len() as u64 * 4, "{noticed} of {} noticed", made.len() * 6);
}

#[test]
fn others_open_them_as_feather() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = seal(&dir.path().join("snapshots"), &PROVINCES[..1]);
    let snapshot = Snapshot::open_with(sealed.dir(), &dictionary()).unwrap();
    let (family, member) = everything();
    let warm = Warm::of(&snapshot, &dir.path().join("cache"));
    warm.prepare(&family, &member, true).unwrap();
    let script = "
import sys, pathlib
try:
    import polars
except ImportError:
    sys.exit(print('no polars'))
bad, n = [], 0
snapshot, warm = map(pathlib.Path, sys.argv[1:])
for table in ('families', 'members'):
    sealed = polars.read_parquet(snapshot / table / '11.parquet')
    for path in sorted((warm / '11' / table).iterdir()):
        held = polars.read_ipc(path)
        for name in held.columns:
            n += 1
            if not held[name].equals(sealed[name].cast(held[name].dtype), null_equal=True):
                bad.append(str(path))
print(n, bad)
";
    let paths = [snapshot.dir().to_str().unwrap(), warm.dir().to_str().unwrap()];
    if let Some(said) = python(script, &paths) {
        if said.trim() == "no polars" {
            let _shown = writeln!(std::io::stderr(), "NOT RUN: warm::others_open_them_as_feather: no Polars");
            return;
        }
        let (count, bad) = said.trim().split_once(' ').unwrap();
        assert_eq!(bad, "[]");
        assert!(count.parse::<usize>().unwrap() >= family.len() + member.len() + 3, "{said}");
    }
}
