//! PKH in DuckDB and Polars (`tests/rivals/`) gives what a run gives, row by row: status,
//! rank and amount. How long each takes is no matter of a test.

use std::io::Write;

use crate::support::json;

#[test]
fn duckdb_and_polars_select_the_same_families() {
    if std::env::var_os("LAYAK_PYTHON").is_none() {
        // for whoever runs the tests without `.ci/run`
        let note = b"skipped: LAYAK_PYTHON names no Python with duckdb and polars\n";
        std::io::stderr().write_all(note).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let benched = json(dir.path(), &["bench", "--families", "20000"]);
    let rivals = benched["rivals"].as_array().unwrap();
    let names: Vec<&str> = rivals.iter().filter_map(|one| one["engine"].as_str()).collect();
    assert_eq!(names, ["duckdb", "polars"]);
    for rival in rivals {
        assert!(rival["not_measured"].is_null(), "{rival}");
        assert_eq!((rival["rows"].as_u64(), rival["differences"].as_u64()), (Some(20_000), Some(0)), "{rival}");
    }
    assert_eq!(benched["differences"], 0);
}
