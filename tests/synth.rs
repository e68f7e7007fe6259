//! The invented country: the same bytes for a seed, believable marginals, history
//! as planned, sound numbers, and truth lines that match the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use layak::columns::regions::Regions;
use layak::columns::{Class, Dictionary, Entity, Kind};
use layak::registry::Registry;
use layak::synth::{FAMILY, INDIVIDUAL, Options, Summary, write_extracts};
use layak::terms::{KkNumber, Nik};

/// A file read back: header positions and rows.
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    fn read(folder: &Path, name: &str) -> Table {
        let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        Table { header, rows: reader.records().map(|row| row.unwrap()).collect() }
    }

    fn at(&self, column: &str) -> usize {
        self.header.iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"))
    }

    fn column(&self, column: &str) -> Vec<&str> {
        let at = self.at(column);
        self.rows.iter().map(|row| &row[at]).collect()
    }
}

fn make(families: u64, seed: u64, faults: u32) -> (tempfile::TempDir, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { families, seed, faults_per_mille: faults, ..Options::default() };
    let summary = write_extracts(&options, folder.path(), &mut |_| {}, &AtomicBool::new(false)).unwrap();
    (folder, summary)
}

fn bytes(folder: &Path) -> BTreeMap<String, blake3::Hash> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), blake3::hash(&fs::read(&path).unwrap()))
        })
        .collect()
}

#[test]
fn a_seed_decides_every_byte() {
    let (one, _) = make(3_000, 7, 20);
    let (two, _) = make(3_000, 7, 20);
    let (other, _) = make(3_000, 8, 20);
    assert_eq!(bytes(one.path()), bytes(two.path()));
    assert_ne!(bytes(one.path())["individual.csv"], bytes(other.path())["individual.csv"]);
    let csv = bytes(one.path()).keys().filter(|name| name.ends_with(".csv")).count();
    assert_eq!(csv, 11, "two of DTSEN, eight lists, the villages");
}

#[test]
fn headers_are_those_of_the_delivery_and_of_the_dictionary() {
    assert_eq!(INDIVIDUAL.split(',').count(), 48);
    assert_eq!(FAMILY.split(',').count(), 52);
    for (entity, header) in [(Entity::Member, INDIVIDUAL), (Entity::Family, FAMILY)] {
        let known: BTreeSet<&str> = Dictionary::embedded()
            .iter()
            .filter(|(_, column)| column.entity == entity)
            .flat_map(|(_, column)| column.delivered.iter().map(String::as_str))
            .collect();
        assert_eq!(known, header.split(',').collect());
    }
}

#[test]
fn without_faults_every_number_is_sound_and_unique_and_every_code_is_known() {
    let (folder, summary) = make(20_000, 1, 0);
    let (individual, family) = (Table::read(folder.path(), "individual.csv"), Table::read(folder.path(), "family.csv"));
    assert_eq!((individual.rows.len() as u64, family.rows.len() as u64), (summary.members, summary.families));
    assert_eq!(summary.faults, 0);
    let niks = individual.column("nomor_induk_kependudukan");
    assert!(niks.iter().all(|nik| Nik::parse(nik).is_ok()));
    assert_eq!(niks.iter().collect::<BTreeSet<_>>().len(), niks.len());
    let cards = family.column("nomor_kartu_keluarga");
    assert!(cards.iter().all(|card| KkNumber::parse(card).is_ok()));
    assert_eq!(cards.iter().collect::<BTreeSet<_>>().len(), cards.len());
    // the number says sex and birth date
    let (sexes, births) = (individual.column("jenis_kelamin"), individual.column("tanggal_lahir"));
    for ((nik, sex), birth) in niks.iter().zip(&sexes).zip(&births) {
        let day: u32 = birth[8..].parse().unwrap();
        let coded = day + if *sex == "2" { 40 } else { 0 };
        assert_eq!(&nik[6..12], format!("{coded:02}{}{}", &birth[5..7], &birth[2..4]));
    }
    for (table, entity) in [(&individual, Entity::Member), (&family, Entity::Family)] {
        codes_are_known(table, entity);
    }
    let declared: u64 = family.column("jumlah_anggota_keluarga").iter().map(|n| n.parse::<u64>().unwrap()).sum();
    assert_eq!(declared, summary.members);
    let heads = individual.column("status_hubungan_keluarga").iter().filter(|r| **r == "1").count();
    assert_eq!(heads as u64, summary.families);
}

fn codes_are_known(table: &Table, entity: Entity) {
    for (_, column) in Dictionary::embedded().iter() {
        let coded = column.entity == entity && column.class != Class::Identity && column.kind == Kind::U8;
        let [delivered] = column.delivered.as_slice() else { continue };
        if !coded || column.codes.is_empty() {
            continue;
        }
        for value in table.column(delivered) {
            let known = value.is_empty()
                || value == "belum ditentukan"
                || value.parse().is_ok_and(|code| column.code(code).is_some());
            assert!(known, "{delivered}: {value}");
        }
    }
}

#[test]
fn regions_resolve_and_families_follow_the_population() {
    let (folder, _) = make(20_000, 1, 0);
    let family = Table::read(folder.path(), "family.csv");
    let regions = Regions::embedded();
    let [province, code, name] = ["kode_provinsi", "kode_kabupaten_kota", "kabupaten_kota"].map(|c| family.column(c));
    let mut families = vec![0u64; regions.regencies().len()];
    for ((province, code), name) in province.iter().zip(&code).zip(&name) {
        families[regions.delivered(province, code, name).unwrap().0] += 1;
    }
    let people: u64 = regions.regencies().iter().map(|r| u64::from(r.population())).sum();
    for (regency, held) in regions.regencies().iter().zip(&families) {
        let exact = u64::from(regency.population()) * 20_000 / people;
        assert!(held.abs_diff(exact) <= 1, "{}: {held} for {exact}", regency.name);
    }
    let villages = Table::read(folder.path(), "villages.csv");
    let known: BTreeSet<&str> = villages.column("kode_desa").into_iter().collect();
    assert_eq!(known.len(), villages.rows.len());
    assert!(family.column("kode_kelurahan_desa").iter().all(|code| known.contains(code)));
    assert!(known.iter().all(|code| code.len() == 10));
}

/// Tenths of a percent.
fn share(part: usize, whole: usize) -> usize {
    part * 1_000 / whole.max(1)
}

#[track_caller]
fn near(what: &str, found: usize, low: usize, high: usize) {
    assert!((low..=high).contains(&found), "{what}: {found} is not within {low} to {high}");
}

#[test]
fn marginals_are_those_of_the_census_and_the_surveys() {
    let (folder, summary) = make(20_000, 1, 0);
    let (individual, family) = (Table::read(folder.path(), "individual.csv"), Table::read(folder.path(), "family.csv"));
    let (people, families) = (summary.members as usize, summary.families as usize);
    near("mean size x 100", people * 100 / families, 296, 308);
    let years: Vec<i32> =
        individual.column("tanggal_lahir").iter().map(|d| 2026 - d[..4].parse::<i32>().unwrap()).collect();
    near("0 to 14", share(years.iter().filter(|y| **y <= 14).count(), people), 215, 255);
    near("60 and over", share(years.iter().filter(|y| **y >= 61).count(), people), 90, 120);
    let men = individual.column("jenis_kelamin").iter().filter(|s| **s == "1").count();
    near("men", share(men, people), 485, 515);
    let size: BTreeMap<&str, usize> = family
        .column("nomor_kartu_keluarga")
        .into_iter()
        .zip(family.column("jumlah_anggota_keluarga"))
        .map(|(k, n)| (k, n.parse().unwrap()))
        .collect();
    let mut by_decile = BTreeMap::new();
    for (card, decile) in family.column("nomor_kartu_keluarga").into_iter().zip(family.column("desil_nasional")) {
        *by_decile.entry(decile).or_insert(0) += size[card];
    }
    for decile in 1..=10 {
        near(&format!("people in decile {decile}"), share(by_decile[decile.to_string().as_str()], people), 88, 109);
    }
    near("no decile", share(by_decile["belum ditentukan"], people), 10, 20);
    let low = family.column("desil_nasional").iter().filter(|d| matches!(**d, "1" | "2" | "3" | "4")).count();
    near("families in D1-D4", share(low, families), 345, 385);
    let status = individual.column("status_dalam_pekerjaan_utama");
    let cards = individual.column("nomor_kartu_keluarga");
    let servants: BTreeSet<&str> = status.iter().zip(&cards).filter(|(s, _)| **s == "5").map(|(_, c)| *c).collect();
    near("families with a civil servant", share(servants.len(), families), 45, 75);
    let severe = individual.rows.iter().filter(|row| (23..32).any(|at| &row[at] == "1")).count();
    near("severe disability", share(severe, people), 10, 18);
    let adults = years.iter().filter(|y| **y >= 19).count();
    let ill = individual.column("penyakit_kronis").iter().zip(&years).filter(|(c, y)| **c != "1" && **y >= 19).count();
    near("chronic illness of adults", share(ill, adults), 175, 225);
    let pregnant = Table::read(folder.path(), "pregnancies.csv").column("status").iter().filter(|s| **s == "1").count();
    near("pregnant", share(pregnant, people), 9, 15);
    let exclusions = Table::read(folder.path(), "exclusions.csv").column("butir").iter().filter(|i| **i != "9").count();
    near("exclusions of families", share(exclusions, families), 20, 45);
    for (asset, low, high) in [
        ("aset_bergerak_sepeda_motor", 780, 890),
        ("aset_bergerak_mobil", 90, 200),
        ("aset_bergerak_lemari_es", 550, 680),
    ] {
        near(asset, share(family.column(asset).iter().filter(|v| **v == "1").count(), families), low, high);
    }
    near(
        "own house",
        share(family.column("status_kepemilikan_rumah").iter().filter(|v| **v == "1").count(), families),
        810,
        880,
    );
    let villages = Table::read(folder.path(), "villages.csv");
    let urban: BTreeSet<&str> = villages
        .column("kode_desa")
        .into_iter()
        .zip(villages.column("kawasan"))
        .filter(|(_, k)| *k == "1")
        .map(|(c, _)| c)
        .collect();
    near(
        "urban",
        share(family.column("kode_kelurahan_desa").iter().filter(|c| urban.contains(*c)).count(), families),
        520,
        650,
    );
}

#[test]
fn history_is_the_nations_in_small() {
    let families = 20_000;
    let (folder, summary) = make(families, 1, 0);
    let history = Table::read(folder.path(), "aid_history.csv");
    let mut previous: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &history.rows {
        if &row[5] == "2026Q2" {
            previous.entry(&row[3]).or_default().insert(&row[1]);
        }
        assert!(row[4] <= row[5]);
    }
    let scaled = |nation: u64| (nation * families / 95_006_179) as usize;
    let both = previous["pkh"].intersection(&previous["sembako"]).count();
    for (what, found, nation) in [
        ("pkh", previous["pkh"].len(), 10_000_000),
        ("sembako", previous["sembako"].len(), 18_300_000),
        ("both", both, 7_400_000),
        ("pbi_jkn", previous["pbi_jkn"].len(), 96_800_000),
    ] {
        let wanted = scaled(nation);
        near(what, found, wanted * 97 / 100, wanted * 103 / 100);
    }
    let family = Table::read(folder.path(), "family.csv");
    let decile: BTreeMap<&str, &str> =
        family.column("nomor_kartu_keluarga").into_iter().zip(family.column("desil_nasional")).collect();
    let individual = Table::read(folder.path(), "individual.csv");
    let above = individual
        .column("nomor_induk_kependudukan")
        .into_iter()
        .zip(individual.column("nomor_kartu_keluarga"))
        .filter(|(nik, card)| previous["pbi_jkn"].contains(nik) && !matches!(decile[card], "1" | "2" | "3" | "4" | "5"))
        .count();
    near("pbi in D6+ or none", above, scaled(15_000_000) * 90 / 100, scaled(15_000_000) * 110 / 100);
    let out = previous["pkh"].iter().filter(|card| !matches!(decile[*card], "1" | "2" | "3" | "4")).count();
    near("pkh above D4, tenths of a percent", share(out, previous["pkh"].len()), 60, 240);
    assert!(summary.members > 0);
}

#[test]
fn truth_lines_name_the_rows_that_carry_the_faults() {
    let (folder, summary) = make(20_000, 3, 20);
    let truth = fs::read_to_string(folder.path().join("truth.ndjson")).unwrap();
    assert_eq!(truth.lines().count() as u64, summary.faults);
    near("faults of 1,000 people", share(summary.faults as usize, summary.members as usize), 17, 24);
    let tables = BTreeMap::from([
        ("individual.csv", Table::read(folder.path(), "individual.csv")),
        ("family.csv", Table::read(folder.path(), "family.csv")),
    ]);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for line in truth.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let table = &tables[line["file"].as_str().unwrap()];
        let row = &table.rows[line["row"].as_u64().unwrap() as usize - 1];
        let kind = line["kind"].as_str().unwrap();
        *kinds.entry(kind.to_owned()).or_default() += 1;
        assert_eq!(line["reason"].is_null(), line["outcome"] == "accepted");
        let value = |column: &str| row[table.at(column)].to_owned();
        let holds = match kind {
            "nik_missing" => value("nomor_induk_kependudukan").is_empty(),
            "nik_15_digits" => value("nomor_induk_kependudukan").len() == 15,
            "nik_17_digits" => value("nomor_induk_kependudukan").len() == 17,
            "nik_scientific" => value("nomor_induk_kependudukan").ends_with("E+15"),
            "nik_letter" => value("nomor_induk_kependudukan").ends_with('O'),
            "kk_15_digits" => value("nomor_kartu_keluarga").len() == 15,
            "no_such_day" => value("tanggal_lahir") == "1987-02-31",
            "future_birth" => value("tanggal_lahir").as_str() > "2026-09-01",
            "ancient_birth" => value("tanggal_lahir").as_str() < "1900",
            "region_unknown" => value("kode_kabupaten_kota") == "0099",
            "decile_11" => value("desil_nasional") == "11",
            "text_for_number" => value("luas_lantai").parse::<u32>().is_err(),
            "code_unknown" => value("jenis_lantai_terluas") == "77",
            "two_pbi_schemes" => value("pbi_nas") == "1" && value("pbi_pemda") == "1",
            "no_head" => value("status_hubungan_keluarga") == "8",
            "many_heads" => value("status_hubungan_keluarga") == "1",
            _ => true,
        };
        assert!(holds, "{line}");
    }
    assert_eq!(kinds.len(), 23, "{kinds:?}");
    let cards: BTreeSet<&str> = tables["family.csv"].column("nomor_kartu_keluarga").into_iter().collect();
    let orphans = tables["individual.csv"]
        .column("nomor_kartu_keluarga")
        .into_iter()
        .filter(|c| c.len() == 16 && !cards.contains(c))
        .count();
    assert_eq!(orphans, kinds["orphan"]);
}

#[test]
fn more_than_the_nation_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { families: 95_006_180, ..Options::default() };
    assert!(write_extracts(&options, folder.path(), &mut |_| {}, &AtomicBool::new(false)).is_err());
}

#[test]
fn intake_sets_aside_exactly_the_rows_that_the_truth_names() {
    let (folder, _) = make(10_000, 5, 20);
    let site = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(site.path(), Some([7; 32])).unwrap();
    let options = layak::registry::Options::default();
    let report =
        registry.import(&[folder.path().to_path_buf()], &options, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let truth = fs::read_to_string(folder.path().join("truth.ndjson")).unwrap();
    let lines = truth.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut planted: BTreeSet<(String, u64, String)> = lines
        .filter(|line| line["outcome"] == "quarantined")
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            (text("file"), line["row"].as_u64().unwrap(), text("reason"))
        })
        .collect();
    for row in registry.quarantine(&layak::registry::Filter::default()).unwrap() {
        let file = Path::new(&row.file).file_name().unwrap().to_string_lossy().into_owned();
        let found = (file, row.row, row.reason);
        assert!(planted.remove(&found), "nobody planted {found:?} in {}: {}", row.column, row.value);
    }
    assert!(planted.is_empty(), "not set aside: {planted:?}");
    assert_eq!(report.rows, report.accepted + report.quarantined);
}

/// Seals a country of `families` on so many threads below `folder`.
fn seal(folder: &Path, families: u64, threads: usize) -> layak::snapshot::Snapshot {
    let options = Options { families, ..Options::default() };
    let keyring = layak::intake::Keyring::new([7; 32]);
    let wanted = layak::synth::SealedOptions {
        country: &options,
        as_of: layak::terms::Date::from_ymd(2026, 9, 20).unwrap(),
        keyring: &keyring,
        dictionary: Dictionary::embedded(),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let made =
        pool.install(|| layak::synth::write_snapshot(&wanted, folder, &mut |_| {}, &AtomicBool::new(false)).unwrap());
    made.snapshot
}

#[test]
fn a_snapshot_holds_what_import_and_freeze_of_the_extracts_seal() {
    let (folder, _) = make(20_000, 1, 0);
    let site = tempfile::tempdir().unwrap();
    let mut registry = Registry::create(site.path(), Some([7; 32])).unwrap();
    let options = layak::registry::Options::default();
    registry.import(&[folder.path().to_path_buf()], &options, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let as_of = layak::terms::Date::from_ymd(2026, 9, 20).unwrap();
    let period = layak::terms::Period::Quarter(2026, 3);
    let (frozen, _) = layak::snapshot::freeze::freeze(
        &registry,
        period,
        as_of,
        &site.path().join("snapshots"),
        &mut |_| {},
        &AtomicBool::new(false),
    )
    .unwrap();
    let straight = tempfile::tempdir().unwrap();
    let sealed = seal(straight.path(), 20_000, 2);
    let (a, b) = (frozen.manifest(), sealed.manifest());
    for (one, two) in a.partitions.iter().zip(&b.partitions) {
        let at = &one.province;
        for (name, hash) in one.family_columns.iter().chain(&one.member_columns) {
            let same = two.family_columns.get(name).or_else(|| two.member_columns.get(name));
            assert_eq!(Some(hash), same, "column {name} of province {at}");
        }
    }
    // the mark is all that sets them apart: even the files are the same
    assert!(b.invented && !a.invented);
    assert_eq!(*a, layak::snapshot::Manifest { invented: false, ..b.clone() });
}

#[test]
fn threads_change_no_byte_of_a_snapshot() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for families in [1, 3_000] {
        assert_eq!(seal(one.path(), families, 1).root(), seal(two.path(), families, 3).root());
    }
}

/// `cargo test --release --workspace --test all -- --ignored row_groups_of_a_snapshot`
#[test]
#[ignore = "a province of more than one row group: 900,000 families, twice"]
fn threads_change_no_byte_of_the_row_groups_of_a_snapshot() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sealed = seal(one.path(), 900_000, 1);
    assert!(sealed.manifest().partitions.iter().any(|part| part.families > 131_072));
    assert_eq!(sealed.root(), seal(two.path(), 900_000, 3).root());
    assert!(sealed.verify().failures.is_empty());
}
