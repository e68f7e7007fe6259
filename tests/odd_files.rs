//! Extracts that are made while the test runs, because they are too large for the
//! repository or no file at all: giant lines and cells, a million columns, folders,
//! pipes and links under a file's name, Parquet files that unpack to far more than
//! they are. Memory is held down by the kernel where that is the question.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use layak::error::{Error, Fault};
use layak::registry::{ImportReport, Options};
use layak::terms::{Date, Lang};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::identities::sound;
use crate::intake::{import, registry, scratch};

fn imported(path: &Path) -> Result<ImportReport, Error> {
    let dir = scratch();
    import(&mut registry(dir.path()), path, &Options { source: None, as_of: Date::from_ymd(2026, 9, 1) })
}

/// Refused, by the sender's or the user's fault, with these words.
fn refused(path: &Path, words: &str) {
    let error = imported(path).unwrap_err();
    assert!(matches!(error.fault, Fault::Extract | Fault::Usage), "{error}");
    assert!(error.line(Lang::En).contains(words), "{error}");
    assert!(error.fix.is_some(), "{error}");
}

fn header() -> String {
    sound("individual.csv").0.join(",") + "\n"
}

fn person(name: &str) -> String {
    let (header, mut rows) = sound("individual.csv");
    let at = header.iter().position(|known| known == "nama").unwrap();
    rows[0][at] = name.to_owned();
    rows[0].join(",") + "\n"
}

#[test]
fn a_giant_line_is_refused_and_a_giant_cell_is_set_aside() {
    let dir = scratch();
    let file = dir.path().join("individual.csv");
    fs::write(&file, header() + &person(&"x".repeat(65 << 20))).unwrap();
    refused(&file, "longer than 64 MiB");
    for cell in ["y".repeat(1 << 20), format!("\"{}\"", "z".repeat(100_000))] {
        fs::write(&file, header() + &person(&cell) + &person("Contoh")).unwrap();
        let report = imported(&file).unwrap();
        assert_eq!((report.rows, report.accepted, report.quarantined), (2, 1, 1), "{:?}", report.reasons);
        assert_eq!(report.reasons.get("out_of_range"), Some(&1), "{:?}", report.reasons);
    }
    // the longest cell that is accepted fits into a spreadsheet
    fs::write(&file, header() + &person(&"x".repeat(32_000))).unwrap();
    assert_eq!(imported(&file).unwrap().accepted, 1);
    fs::write(&file, header() + &person(&"x".repeat(32_001))).unwrap();
    assert_eq!(imported(&file).unwrap().quarantined, 1);
}

#[test]
fn a_million_columns_or_delimiters_are_refused_or_set_aside() {
    let dir = scratch();
    let file = dir.path().join("individual.csv");
    let names: String = (0..1_000_000).map(|at| format!("k{at},")).collect();
    fs::write(&file, header().trim_end().to_owned() + "," + &names + "\n").unwrap();
    refused(&file, "the limit is 1000");
    fs::write(&file, header() + &",".repeat(1_000_000) + "\n" + &person("Contoh")).unwrap();
    let report = imported(&file).unwrap();
    assert_eq!((report.accepted, report.reasons.get("field_count")), (1, Some(&1)));
    // a million lines with nothing but a quote each
    fs::write(&file, header() + &"\"\n".repeat(50_000) + &person("Contoh")).unwrap();
    let report = imported(&file).unwrap();
    assert_eq!(report.rows, report.accepted + report.quarantined);
}

#[test]
fn what_is_no_file_is_refused() {
    let dir = scratch();
    let inside = |name: &str| dir.path().join(name);
    refused(&inside("nothing.csv"), "no such file");
    fs::create_dir(inside("given")).unwrap();
    refused(&inside("given"), "there is no `.csv`");
    fs::create_dir(inside("given/individual.csv")).unwrap();
    refused(&inside("given"), "no plain file");
    fs::remove_dir(inside("given/individual.csv")).unwrap();
    let made = Command::new("mkfifo").arg(inside("given/individual.csv")).status().unwrap();
    assert!(made.success());
    refused(&inside("given"), "no plain file");
    refused(&inside("given/individual.csv"), "no plain file");
    refused(Path::new("/dev/zero"), "no plain file");
    fs::remove_file(inside("given/individual.csv")).unwrap();
    // links that lead in a circle or to nowhere
    for target in [inside("given/individual.csv"), inside("gone.csv")] {
        std::os::unix::fs::symlink(target, inside("given/individual.csv")).unwrap();
        let error = imported(&inside("given")).unwrap_err();
        assert_eq!(error.fault, Fault::Storage, "{error}");
        fs::remove_file(inside("given/individual.csv")).unwrap();
    }
    // a link to a file is that file
    fs::write(inside("people.txt"), header() + &person("Contoh")).unwrap();
    std::os::unix::fs::symlink(inside("people.txt"), inside("given/individual.csv")).unwrap();
    assert_eq!(imported(&inside("given")).unwrap().accepted, 1);
    // a file without permission: root reads it all the same
    fs::set_permissions(inside("people.txt"), fs::Permissions::from_mode(0o000)).unwrap();
    match imported(&inside("given")) {
        Ok(report) => assert_eq!(report.accepted, 1),
        Err(error) => assert_eq!(error.fault, Fault::Storage, "{error}"),
    }
    fs::write(inside("given/extract.toml"), "as_of = \"2026-09-01\"\n").unwrap();
    fs::remove_file(inside("given/extract.toml")).unwrap();
    fs::create_dir(inside("given/extract.toml")).unwrap();
    assert_eq!(imported(&inside("given")).unwrap_err().fault, Fault::Storage);
}

#[test]
fn parquet_cut_anywhere_is_refused_whole() {
    let dir = scratch();
    let file = dir.path().join("pregnancies.parquet");
    let batch = list(&["3578014108820002", "3578014202550004"]);
    let mut writer = ArrowWriter::try_new(fs::File::create(&file).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let whole = fs::read(&file).unwrap();
    assert_eq!(imported(&file).unwrap().rows, 2);
    for at in 0..40 {
        let mut cut = fs::File::create(&file).unwrap();
        cut.write_all(&whole[..whole.len() * at / 40]).unwrap();
        refused(&file, "not a whole Parquet");
    }
    // a byte turned anywhere: read or refused, never a panic, never a row lost
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&file, bytes).unwrap();
        match imported(&file) {
            Ok(report) => assert_eq!(report.rows, report.accepted + report.quarantined),
            Err(error) => assert_eq!(error.fault, Fault::Extract, "{error}"),
        }
    }
}

fn list(niks: &[&str]) -> RecordBatch {
    let ones = || Arc::new(Int32Array::from(vec![1; niks.len()])) as ArrayRef;
    let none = Arc::new(StringArray::from(vec![None::<&str>; niks.len()])) as ArrayRef;
    let nik = Arc::new(StringArray::from(niks.to_vec())) as ArrayRef;
    RecordBatch::try_from_iter([("nik", nik), ("status", ones()), ("kehamilan_ke", ones()), ("tanggal_bersalin", none)])
        .unwrap()
}

/// Writes batches of long NIKs: each is `bytes` of one letter.
fn bomb(file: &Path, bytes: usize, rows: usize, batches: usize, properties: WriterProperties) {
    let nik = "7".repeat(bytes);
    let batch = list(&vec![nik.as_str(); rows]);
    let mut writer = ArrowWriter::try_new(fs::File::create(file).unwrap(), batch.schema(), Some(properties)).unwrap();
    for _ in 0..batches {
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
}

/// Imports with the built binary under a limit of address space; gives exit code,
/// peak memory in MiB and what was said.
fn held_down(file: &Path) -> (i32, u64, String) {
    let dir = scratch();
    crate::support::exits(0, dir.path(), &["init", "site"]);
    let script = "ulimit -v 1500000; exec \"$@\"";
    let output = Command::new("bash")
        .args(["-c", script, "bash", env!("CARGO_BIN_EXE_layak"), "import", "--as-of", "2026-09-01"])
        .arg(file)
        .current_dir(dir.path().join("site"))
        .env("LAYAK_LANG", "en")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    (output.status.code().unwrap_or(-1), fs::metadata(file).unwrap().len(), said)
}

fn packed(compression: Compression, dictionary: bool, page: usize) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(compression)
        .set_dictionary_enabled(dictionary)
        .set_data_page_size_limit(page)
        .set_dictionary_page_size_limit(1 << 30)
        .set_write_batch_size(1)
        .build()
}

#[test]
fn what_unpacks_to_far_more_than_it_is_is_refused() {
    let dir = scratch();
    let zstd = || Compression::ZSTD(ZstdLevel::try_new(1).unwrap());
    let file = dir.path().join("pregnancies.parquet");
    // 1.2 GB of one letter in 120 pages, 2 GB in pages of 40 MB, one page of 600 MB
    for (name, bytes, rows, batches, properties) in [
        ("small pages", 1 << 20, 100, 12, packed(zstd(), false, 1 << 20)),
        ("large pages", 10 << 20, 4, 25, packed(zstd(), false, 40 << 20)),
        ("one page", 20 << 20, 5, 6, packed(zstd(), false, 1 << 30)),
    ] {
        bomb(&file, bytes, rows, batches, properties);
        let (code, size, said) = held_down(&file);
        assert!(size < 1 << 20, "{name}: {size} bytes");
        assert!(code == 11 && said.contains("unpacks to"), "{name}: exit {code}, {said}");
    }
}

#[test]
fn a_dictionary_that_stands_for_gigabytes_is_read_a_few_rows_at_a_time() {
    let dir = scratch();
    let file = dir.path().join("pregnancies.parquet");
    // one entry of 8 MB, 220 rows that all mean it: 1.8 GB of cells
    bomb(&file, 8 << 20, 10, 22, packed(Compression::SNAPPY, true, 1 << 20));
    let (code, size, said) = held_down(&file);
    assert!(size < 1 << 20, "{size} bytes");
    assert!(code == 0 && said.contains("out_of_range    220"), "exit {code}, {said}");
}

#[test]
fn more_rows_than_a_file_can_hold_are_refused() {
    let dir = scratch();
    let file = dir.path().join("pregnancies.parquet");
    let zstd = Compression::ZSTD(ZstdLevel::try_new(1).unwrap());
    let batch = list(&vec!["3578014108820002"; 1 << 20]);
    let properties = packed(zstd, true, 1 << 20);
    let mut writer = ArrowWriter::try_new(fs::File::create(&file).unwrap(), batch.schema(), Some(properties)).unwrap();
    for _ in 0..4 {
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
    refused(&file, "rows");
}
