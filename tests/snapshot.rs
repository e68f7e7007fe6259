//! The sealed snapshot: what goes in comes out, the same content has one root, a
//! half-built one leaves nothing, and every changed bit is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use layak::columns::{Dictionary, Entity, Kind};
use layak::error::Fault;
use layak::snapshot::batch::{BATCH_FAMILIES, GROUP_FAMILIES, bit, push_bits};
use layak::snapshot::{
    Batch, BatchColumn, GroupRows, Header, RegencyRow, RegionTable, Scale, Snapshot, Values, VillageRow, Writer,
};
use layak::terms::{Date, FamilyId, Period, PersonId, RegionSystem};

/// A stream of numbers that looks random and is the same each time.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn bits(rows: usize, mut is: impl FnMut(usize) -> bool) -> Vec<u8> {
    let mut out = vec![0; rows.div_ceil(8)];
    for row in 0..rows {
        out[row / 8] |= u8::from(is(row)) << (row % 8);
    }
    out
}

/// A column of any kind; `style` 0 = all known, 1 = some unknown, 2 = none known.
fn column(kind: Kind, rows: usize, style: u64, draw: &mut Draw) -> BatchColumn {
    let known: Vec<bool> = (0..rows)
        .map(|_| match style {
            0 => true,
            1 => !draw.next().is_multiple_of(5),
            _ => false,
        })
        .collect();
    let mut cell = |row: usize, many: u64| if known[row] { draw.next() % many } else { 0 };
    // stretches of one value, few codes, many codes
    let values = match kind {
        Kind::Bits => Values::Bits(bits(rows, |row| cell(row, 3) == 1)),
        Kind::U8 => Values::U8((0..rows).map(|row| cell(row, 11) as u8).collect()),
        Kind::U16 => Values::U16(
            (0..rows).map(|row| if row % 4096 < 3000 && known[row] { 7 } else { cell(row, 514) as u16 }).collect(),
        ),
        Kind::U32 => Values::U32((0..rows).map(|row| cell(row, 1 << 32) as u32).collect()),
        Kind::S32 => {
            Values::S32((0..rows).map(|row| cell(row, 36_000) as i32 - if known[row] { 16_000 } else { 0 }).collect())
        }
        Kind::S64 => {
            Values::S64((0..rows).map(|row| if known[row] { draw_money(cell(row, 1 << 40)) } else { 0 }).collect())
        }
        Kind::Set => {
            let known: Vec<u32> = (0..rows).map(|row| cell(row, 512) as u32).collect();
            let members = known.iter().map(|known| known & 0b1_0101_0101).collect();
            return BatchColumn { values: Values::Set { members, known }, valid: None };
        }
        Kind::Text => unreachable!(),
    };
    let valid = known.iter().any(|known| !known).then(|| bits(rows, |row| known[row]));
    BatchColumn { values, valid }
}

fn draw_money(value: u64) -> i64 {
    value as i64 - (1 << 39)
}

pub(crate) fn dictionary() -> Dictionary {
    Dictionary::embedded().with_programs(&[("kepri", Entity::Member)])
}

/// The groups of one province.
fn groups(families: u32, seed: u64) -> Vec<GroupRows> {
    let dictionary = dictionary();
    let mut draw = Draw(seed);
    let mut out = Vec::new();
    let mut left = families;
    while left > 0 {
        let count = left.min(GROUP_FAMILIES);
        left -= count;
        let mut group = GroupRows { families: count, ..GroupRows::default() };
        let mut end = 0;
        for _ in 0..count {
            // some families have no members loaded
            end += (draw.next() % 6) as u32;
            group.member_ends.push(end);
            group.family_ids.push(FamilyId(draw.next()));
        }
        group.person_ids = (0..end).map(|_| PersonId(draw.next())).collect();
        for id in dictionary.snapshot_columns(Entity::Family) {
            let style = draw.next() % 4;
            group.family.push((id, column(dictionary.get(id).kind, count as usize, style.min(2), &mut draw)));
        }
        for id in dictionary.snapshot_columns(Entity::Member) {
            let style = draw.next() % 4;
            group.member.push((id, column(dictionary.get(id).kind, end as usize, style.min(2), &mut draw)));
        }
        out.push(group);
    }
    out
}

fn header() -> Header {
    let regency = |code: &str| RegencyRow { code: code.to_owned(), name: format!("Kabupaten {code}") };
    let village = |regency, code: &str| VillageRow {
        regency,
        system: RegionSystem::Bps,
        code: code.to_owned(),
        name: "Sukamaju".to_owned(),
    };
    Header {
        period: Period::Quarter(2026, 3),
        as_of: Date::from_ymd(2026, 9, 20).unwrap(),
        scale: Scale { stands_for: 95_006_179, holds: 100_000 },
        key_fingerprint: "test".to_owned(),
        regions: RegionTable {
            regencies: vec![regency("11.01"), regency("12.01")],
            villages: vec![village(0, "1101010001"), village(1, "1201010001")],
        },
        complete_lists: vec!["pregnancies".to_owned(), "exclusions".to_owned()],
        findings: BTreeMap::from([("orphan".to_owned(), 3)]),
    }
}

pub(crate) fn seal(parent: &Path, provinces: &[(&str, u32)]) -> Snapshot {
    let writer = Writer::create(parent, header(), &dictionary()).unwrap();
    let mut parts = Vec::new();
    for (province, families) in provinces {
        let mut partition = writer.partition(province).unwrap();
        for group in groups(*families, province.parse().unwrap()) {
            partition.push(&group).unwrap();
        }
        parts.push(partition.finish().unwrap());
    }
    writer.finish(parts).unwrap()
}

fn slice(column: &BatchColumn, from: usize, count: usize) -> BatchColumn {
    let cut = |bits: &[u8]| {
        let mut out = Vec::new();
        push_bits(&mut out, 0, bits, from, count);
        out
    };
    let to = from + count;
    let values = match &column.values {
        Values::Bits(bits) => Values::Bits(cut(bits)),
        Values::U8(cells) => Values::U8(cells[from..to].to_vec()),
        Values::U16(cells) => Values::U16(cells[from..to].to_vec()),
        Values::U32(cells) => Values::U32(cells[from..to].to_vec()),
        Values::S32(cells) => Values::S32(cells[from..to].to_vec()),
        Values::S64(cells) => Values::S64(cells[from..to].to_vec()),
        Values::Set { members, known } => {
            Values::Set { members: members[from..to].to_vec(), known: known[from..to].to_vec() }
        }
    };
    let valid = column.valid.as_ref().map(|bits| cut(bits));
    let all = valid.as_ref().is_none_or(|bits| (0..count).all(|row| bit(bits, row)));
    BatchColumn { values, valid: if all { None } else { valid } }
}

/// The batches that a group must come back as.
fn expected(group: &GroupRows) -> Vec<Batch> {
    let mut out = Vec::new();
    let end = |row: usize| if row == 0 { 0 } else { group.member_ends[row - 1] as usize };
    let mut from = 0;
    while from < group.families as usize {
        let to = (from + BATCH_FAMILIES as usize).min(group.families as usize);
        let (first, last) = (end(from), end(to));
        let cut = |columns: &[(_, BatchColumn)], from, count| {
            columns.iter().map(|(id, column)| (*id, slice(column, from, count))).collect()
        };
        out.push(Batch {
            families: (to - from) as u32,
            member_ends: group.member_ends[from..to].iter().map(|end| end - first as u32).collect(),
            family: cut(&group.family, from, to - from),
            member: cut(&group.member, first, last - first),
            family_ids: group.family_ids[from..to].to_vec(),
            person_ids: group.person_ids[first..last].to_vec(),
        });
        from = to;
    }
    out
}

pub(crate) fn assert_same(found: &Batch, wanted: &Batch) {
    assert_eq!(found.families, wanted.families);
    assert_eq!(found.member_ends, wanted.member_ends);
    assert_eq!(found.family_ids, wanted.family_ids);
    assert_eq!(found.person_ids, wanted.person_ids);
    for (found, wanted) in [(&found.family, &wanted.family), (&found.member, &wanted.member)] {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!(found == wanted, "column {} differs", dictionary().get(wanted.0).name);
        }
    }
}

pub(crate) fn everything() -> (Vec<layak::columns::ColumnId>, Vec<layak::columns::ColumnId>) {
    (dictionary().snapshot_columns(Entity::Family), dictionary().snapshot_columns(Entity::Member))
}

#[test]
fn what_goes_in_comes_out_at_every_size() {
    let dir = tempfile::tempdir().unwrap();
    let sizes = [1, 7, 16_383, 16_384, 16_385, 32_769, 131_073];
    let provinces: Vec<(String, u32)> = sizes.iter().zip(11..).map(|(size, at)| (format!("{at}"), *size)).collect();
    let provinces: Vec<(&str, u32)> = provinces.iter().map(|(code, size)| (code.as_str(), *size)).collect();
    let sealed = seal(dir.path(), &provinces);
    let snapshot = Snapshot::open_with(sealed.dir(), &dictionary()).unwrap();
    let (family, member) = everything();
    for (partition, (province, families)) in snapshot.partitions().iter().zip(provinces) {
        assert_eq!((partition.province.as_str(), partition.families), (province, u64::from(families)));
        let wanted: Vec<Batch> = groups(families, province.parse().unwrap()).iter().flat_map(expected).collect();
        let mut batches = snapshot.batches(partition, &family, &member, true).unwrap();
        // one batch reused, as a run does
        let mut batch = Batch::default();
        for wanted in &wanted {
            assert!(batches.next_into(&mut batch).unwrap());
            assert_same(&batch, wanted);
        }
        assert!(!batches.next_into(&mut batch).unwrap());
        let fresh: Vec<Batch> =
            snapshot.batches(partition, &family, &member, true).unwrap().map(|batch| batch.unwrap()).collect();
        assert_eq!(fresh.len(), wanted.len());
    }
    let found = snapshot.verify();
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert!(found.checked > 14 * 6);
}

#[test]
fn a_narrow_reading_gives_only_what_was_asked() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = seal(dir.path(), &[("31", 20_000)]);
    let id = |name: &str| dictionary().id(name).unwrap();
    let partition = &snapshot.partitions()[0];
    let group = &groups(20_000, 31)[0];
    // in any order, twice: the batch is in dictionary order
    let asked = [id("previous.pkh"), id("decile"), id("decile")];
    let batches = snapshot.batches(partition, &asked, &[], false).unwrap();
    let found: Vec<Batch> = batches.map(Result::unwrap).collect();
    for (found, whole) in found.iter().zip(expected(group)) {
        assert_eq!(found.family.len(), 2);
        assert!(found.member.is_empty() && found.family_ids.is_empty() && found.person_ids.is_empty());
        assert_eq!(found.member_ends, whole.member_ends);
        for name in ["decile", "previous.pkh"] {
            assert_eq!(found.column(Entity::Family, id(name)), whole.column(Entity::Family, id(name)));
        }
    }
    let refused = snapshot.batches(partition, &[id("receives.pkh")], &[], false).err().unwrap();
    assert_eq!(refused.fault, Fault::Bug);
    assert!(!snapshot.holds(id("receives.pkh")) && snapshot.holds(id("decile")));
}

#[test]
fn a_row_is_found_by_its_id_in_the_batch_of_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = seal(dir.path(), &[("11", 140_000), ("12", 300)]);
    let (family, member) = everything();
    let group = &groups(140_000, 11)[1];
    for row in [0usize, 1, 8_000, 8_927] {
        let place = snapshot.find_family(group.family_ids[row]).unwrap().unwrap();
        assert_eq!((place.partition, place.row), (0, GROUP_FAMILIES + row as u32));
        let partition = &snapshot.partitions()[place.partition];
        let (batch, at) = snapshot.batch_at(partition, place.row, &family, &member, true).unwrap();
        assert_eq!(batch.family_ids[at], group.family_ids[row]);
        assert_same(&batch, &expected(group)[row / BATCH_FAMILIES as usize]);
    }
    let last = group.person_ids.len() - 1;
    for row in [0, 1_000, last] {
        let place = snapshot.find_person(group.person_ids[row]).unwrap().unwrap();
        let partition = &snapshot.partitions()[place.partition];
        let (family_row, in_family) = snapshot.family_of(partition, place.row).unwrap();
        let (batch, at) = snapshot.batch_at(partition, family_row, &[], &[], true).unwrap();
        let start = if at == 0 { 0 } else { batch.member_ends[at - 1] };
        assert_eq!(batch.person_ids[(start + in_family) as usize], group.person_ids[row]);
    }
    assert_eq!(snapshot.find_family(FamilyId(1)).unwrap(), None);
    assert_eq!(snapshot.find_person(PersonId(1)).unwrap(), None);
    assert!(snapshot.batch_at(&snapshot.partitions()[1], 300, &family, &member, true).is_err());
}

#[test]
fn the_same_content_has_one_root_whatever_the_threads() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = seal(one.path(), &[("11", 3_000), ("12", 20_000), ("31", 5)]);
    let writer = Writer::create(two.path(), header(), &dictionary()).unwrap();
    let parts = std::thread::scope(|scope| {
        let handles: Vec<_> = [("31", 5), ("12", 20_000), ("11", 3_000)]
            .into_iter()
            .map(|(province, families)| {
                let mut partition = writer.partition(province).unwrap();
                scope.spawn(move || {
                    for group in groups(families, province.parse().unwrap()) {
                        partition.push(&group).unwrap();
                    }
                    partition.finish().unwrap()
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    let second = writer.finish(parts).unwrap();
    assert_eq!(first.root(), second.root());
    // again into the same parent: kept, and nothing else is left
    let again = seal(two.path(), &[("12", 20_000), ("31", 5), ("11", 3_000)]);
    assert_eq!(again.root(), second.root());
    assert_eq!(fs::read_dir(two.path()).unwrap().count(), 1);
    assert_eq!(again.manifest().complete_lists, ["exclusions", "pregnancies"]);
    let other = seal(two.path(), &[("12", 20_000), ("31", 6), ("11", 3_000)]);
    assert_ne!(other.root(), second.root());
}

#[test]
fn the_sample_holds_the_hundredth_part_of_every_decile() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = seal(dir.path(), &[("11", 20_000), ("12", 3)]);
    let (family, member) = everything();
    let rows: Vec<GroupRows> = groups(20_000, 11);
    let place: BTreeMap<FamilyId, usize> = rows[0].family_ids.iter().copied().zip(0..).collect();
    let sample = &snapshot.sample()[0];
    assert!(sample.sample && sample.families >= 200 && sample.families <= 212);
    assert_eq!(sample.families, sample.strata.iter().map(|stratum| stratum.sampled).sum::<u64>());
    assert_eq!(20_000, sample.strata.iter().map(|stratum| stratum.families).sum::<u64>());
    let mut last = None;
    for batch in snapshot.batches(sample, &family, &member, true).unwrap() {
        let batch = batch.unwrap();
        let mut start = 0;
        for (row, id) in batch.family_ids.iter().enumerate() {
            let at = place[id];
            assert!(last.replace(at).is_none_or(|before| before < at), "the sample keeps the order of rows");
            for ((_, found), (_, whole)) in batch.family.iter().zip(&rows[0].family) {
                assert_eq!(slice(found, row, 1), slice(whole, at, 1));
            }
            let end = batch.member_ends[row] as usize;
            let from = if at == 0 { 0 } else { rows[0].member_ends[at - 1] as usize };
            assert_eq!(batch.person_ids[start..end], rows[0].person_ids[from..rows[0].member_ends[at] as usize]);
            for ((_, found), (_, whole)) in batch.member.iter().zip(&rows[0].member) {
                assert_eq!(slice(found, start, end - start), slice(whole, from, end - start));
            }
            start = end;
        }
    }
}

#[test]
fn a_half_built_snapshot_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path(), header(), &dictionary()).unwrap();
    let mut partition = writer.partition("11").unwrap();
    partition.push(&groups(10, 1)[0]).unwrap();
    let half = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    assert!(Snapshot::open(&half).is_err(), "a folder being built is not a snapshot");
    drop(partition);
    drop(writer);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_group_that_is_not_canonical_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path(), header(), &dictionary()).unwrap();
    let refuse = |at: &str, change: fn(&mut GroupRows)| {
        let mut group = groups(10, 5).remove(0);
        change(&mut group);
        let error = writer.partition(at).unwrap().push(&group).unwrap_err();
        assert_eq!(error.fault, Fault::Bug, "{at}");
    };
    refuse("11", |group| _ = group.family.pop());
    refuse("12", |group| _ = group.family_ids.pop());
    refuse("13", |group| {
        let (_, column) = group.family.iter_mut().find(|(_, column)| matches!(column.values, Values::U8(_))).unwrap();
        *column = BatchColumn { values: Values::U8(vec![1; 10]), valid: Some(vec![0xff, 0x01]) };
    });
    let mut partition = writer.partition("14").unwrap();
    partition.push(&groups(10, 5)[0]).unwrap();
    assert!(partition.push(&groups(10, 6)[0]).is_err(), "only the last group may be short");
    let mut twice = groups(10, 5).remove(0);
    twice.family_ids[3] = twice.family_ids[4];
    let mut partition = writer.partition("15").unwrap();
    partition.push(&twice).unwrap();
    assert!(partition.finish().is_err(), "an id stands once");
}

fn sealed_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(sealed_files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_changed_bit_is_named_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = seal(dir.path(), &[("11", 400)]);
    let (family, member) = everything();
    let files = sealed_files(sealed.dir());
    assert_eq!(files.len(), 13);
    let mut draw = Draw(9);
    for path in files {
        let whole = fs::read(&path).unwrap();
        for _ in 0..6 {
            let mut changed = whole.clone();
            let at = (draw.next() % changed.len() as u64) as usize;
            changed[at] ^= 1 << (draw.next() % 8);
            fs::write(&path, &changed).unwrap();
            if path.ends_with("manifest.json") {
                assert_eq!(Snapshot::open(sealed.dir()).unwrap_err().fault, Fault::Integrity);
                continue;
            }
            let snapshot = Snapshot::open_with(sealed.dir(), &dictionary()).unwrap();
            let found = snapshot.verify();
            assert_eq!(found.failures.len(), 1, "{}", path.display());
            assert_eq!(found.failures[0].path.as_deref(), Some(path.as_path()));
            assert_eq!(found.failures[0].fault, Fault::Integrity);
            // a reading of every column notices it too, unless the bit lies where no run reads
            let name = path.strip_prefix(sealed.dir()).unwrap().to_string_lossy().into_owned();
            if name.starts_with("families") || name.starts_with("members") || name.starts_with("sums") {
                let read = snapshot.batches(&snapshot.partitions()[0], &family, &member, true);
                let read = read.and_then(|batches| batches.collect::<Result<Vec<_>, _>>());
                if let Err(error) = read {
                    assert_eq!((error.fault, error.path.as_deref()), (Fault::Integrity, Some(path.as_path())));
                }
            }
        }
        fs::remove_file(&path).unwrap();
        if !path.ends_with("manifest.json") {
            let found = Snapshot::open_with(sealed.dir(), &dictionary()).unwrap().verify();
            assert_eq!(found.failures[0].path.as_deref(), Some(path.as_path()));
        }
        fs::write(&path, &whole).unwrap();
    }
}
