//! What-ifs held against real runs: the shipped scenarios with their tables, and
//! laws that hold for any scenario. `BLESS=1` rewrites the tables.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use layak::columns::Dictionary;
use layak::ledger::selected_rows;
use layak::selection::{Place, Rows, SealedRows, status};
use layak::snapshot::Snapshot;
use serde_json::Value;

use crate::golden::small;
use crate::support::{exits, files, json, run};
use crate::tidy::top;

fn shipped() -> Vec<String> {
    let all = files(&top().join("rules/scenarios"));
    all.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn program<'a>(document: &'a Value, id: &str) -> &'a Value {
    let programs = document["programs"].as_array().unwrap();
    programs.iter().find(|one| one["program"] == id).unwrap_or_else(|| panic!("no {id}"))
}

fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// Each shipped scenario prints the table that stands in tests/scenarios/golden.
#[test]
fn the_shipped_scenarios_have_their_tables() {
    for scenario in shipped() {
        let output = run(&small().dir(), &["simulate", &scenario, "--by", "decile", "--threads", "2"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // the snapshot's name stands in the heading: it changes with the format, the figures do not
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let said: String =
            said.lines().filter(|line| !line.starts_with("Baseline")).map(|line| format!("{line}\n")).collect();
        let path = top().join(format!("tests/scenarios/golden/{scenario}.txt"));
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(&path).unwrap_or_default(), "{scenario}: run with BLESS=1");
    }
}

/// Whether each row is a recipient and what it is paid, group by group, of a finished run.
fn chosen(site: &Path, run: &str, program: &str) -> Vec<bool> {
    let snapshots: Vec<PathBuf> = fs::read_dir(site.join("snapshots")).unwrap().map(|e| e.unwrap().path()).collect();
    let snapshot = Snapshot::open_with(&snapshots[0], Dictionary::embedded()).unwrap();
    let rows = SealedRows::of(&snapshot).unwrap();
    let mut all = Vec::new();
    for (partition, part) in rows.partitions().iter().enumerate() {
        for group in 0..part.groups.len() {
            let selected =
                selected_rows(&site.join("runs").join(run), program, &rows, Place { partition, group }).unwrap();
            all.extend(selected.status.iter().map(|is| *is == status::RECIPIENT));
        }
    }
    all
}

/// Promoting a scenario and running gives the simulated reform: the same rows come and go.
#[test]
fn promoted_and_run_is_what_was_simulated() {
    for scenario in shipped() {
        let copy = small().copy();
        let site = copy.path();
        let simulated = json(site, &["simulate", &scenario]);
        json(site, &["scenario", "promote", &scenario, "--from", "2026Q3", "--source", "a decision"]);
        let made = json(site, &["run", "2026Q3"]);
        for one in simulated["programs"].as_array().unwrap() {
            let id = one["program"].as_str().unwrap();
            let after = program(&made, id);
            assert_eq!(count(after, "recipients"), count(&one["reform"], "recipients"), "{scenario} {id}");
            assert_eq!(after["cost_period"], one["reform"]["cost_period"], "{scenario} {id}");
            assert_eq!(count(after, "review"), count(&one["reform"], "review"), "{scenario} {id}");
            let after = chosen(site, made["run"].as_str().unwrap(), id);
            let before = match id {
                "food_d4" => vec![false; after.len()],
                _ => chosen(site, &small().run, id),
            };
            let moved =
                |from: bool, to: bool| before.iter().zip(&after).filter(|(a, b)| (**a, **b) == (from, to)).count();
            assert_eq!(moved(false, true) as u64, count(one, "gainers"), "{scenario} {id}");
            assert_eq!(moved(true, false) as u64, count(one, "losers"), "{scenario} {id}");
        }
    }
}

/// The rule files keep their comments, and only lines of the scenario are new.
#[test]
fn promoting_keeps_all_else_of_a_rule_file() {
    let copy = small().copy();
    let path = copy.path().join("rules/pkh.toml");
    let before = fs::read_to_string(&path).unwrap();
    json(copy.path(), &["scenario", "promote", "pkh_d5_quota", "--from", "2027Q1", "--source", "Keputusan \"X\""]);
    let after = fs::read_to_string(&path).unwrap();
    let new: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
    assert_eq!(
        new,
        [
            r#"max_decile = [{ from = "2025Q2", value = 4, source = "PUSDATIN-10FEB" },"#,
            r#"  { from = "2027Q1", value = 5, source = 'Keputusan "X"' }]"#,
            r#"total = [{ from = "2025Q1", value = 10_000_000, source = "PKH-LINGGAPURA, RAPBN26" },"#,
            r#"  { from = "2027Q1", value = 16700000, source = 'Keputusan "X"' }]"#,
        ]
    );
    // the period before is as it was
    let now = json(copy.path(), &["run", "2026Q3"]);
    assert_eq!(now["run"].as_str(), json(copy.path(), &["run", "2026Q3"])["run"].as_str());
}

#[test]
fn no_change_moves_nobody() {
    let site = small().dir();
    for set in ["pkh.max_decile=4", "sembako.quota.total=18_300_000", "pbi_jkn.incumbent=keep"] {
        let document = json(&site, &["simulate", "--set", set]);
        for one in document["programs"].as_array().unwrap() {
            let moves = count(one, "gainers") + count(one, "losers") + count(one, "changed");
            assert_eq!(moves, 0, "{set}: {one}");
            assert_eq!(one["delta"]["cost_year"], 0, "{set}");
        }
    }
}

/// A sweep is the same as its values one by one.
#[test]
fn sweeping_is_running_one_by_one() {
    let site = small().dir();
    let swept = json(&site, &["simulate", "--sweep", "sembako.max_decile=2..5"]);
    for one in swept["values"].as_array().unwrap() {
        let set = format!("sembako.max_decile={}", one["value"]);
        let alone = json(&site, &["simulate", "--set", &set]);
        for key in ["programs", "net"] {
            assert_eq!(one["comparison"][key], alone[key], "{set}");
        }
    }
}

/// Breakdowns, crossed ones too, add up to the whole; a province is not the nation.
#[test]
fn cells_add_up_to_the_nation() {
    let by = "decile,province,regency,head_sex,family_size,age_group,disability,settlement,province*decile,village_kind,relation";
    let document = json(&small().dir(), &["simulate", "pkh_fresh_order", "--by", by]);
    for one in document["programs"].as_array().unwrap() {
        let mut wholes: BTreeMap<String, u64> = BTreeMap::new();
        for (name, cells) in one["by"].as_object().unwrap() {
            let cells = cells.as_array().unwrap();
            let sum = |key: &str| cells.iter().map(|cell| count(cell, key)).sum::<u64>();
            for key in ["gainers", "losers", "changed", "displaced"] {
                assert_eq!(sum(key), count(one, key), "{} by {name}", one["program"]);
            }
            assert_eq!(sum("reform"), count(&one["reform"], "recipients"), "{} by {name}", one["program"]);
            let cost: i64 = cells.iter().map(|cell| cell["reform_cost"].as_i64().unwrap()).sum();
            assert_eq!(Some(cost), one["reform"]["cost_period"].as_i64());
            wholes.insert(name.clone(), sum("people"));
            assert!(cells.len() > 1 && cells.iter().all(|cell| count(cell, "people") < sum("people")), "{name}");
        }
        assert!(wholes.values().all(|people| wholes["decile"] == *people), "{wholes:?}");
    }
}

/// Own settings of one scenario make a waterfall: in order, and each alone.
#[test]
fn several_settings_make_a_waterfall() {
    let site = small().dir();
    let sets = ["--set", "pkh.max_decile=3", "--set", "pkh.amount_child=800000"];
    let both = json(&site, &[&["simulate"], &sets[..]].concat());
    let pkh = program(&both, "pkh");
    let falls = pkh["settings"].as_array().unwrap();
    assert_eq!(falls.len(), 2);
    let own: u64 = falls.iter().map(|fall| count(fall, "movers")).sum();
    assert_eq!(Some(own), pkh["causes"]["own"].as_u64());
    for fall in falls {
        let name = fall["setting"].as_str().unwrap();
        let set = if name == "max_decile" { sets[1] } else { sets[3] };
        let alone = json(&site, &["simulate", "--set", set]);
        let alone = program(&alone, "pkh");
        let wanted = ["gainers", "losers", "changed"].map(|key| count(alone, key));
        assert_eq!(fall["alone"], serde_json::json!(wanted), "{name}");
    }
}

/// Doubled amounts double the cost where no ceiling binds, and move nobody in or out.
#[test]
fn doubled_amounts_double_the_cost() {
    let document = json(&small().dir(), &["simulate", "--set", "sembako.amount_month=400_000"]);
    let sembako = program(&document, "sembako");
    let cost = |side: &str| sembako[side]["cost_period"].as_i64().unwrap();
    assert!(cost("baseline") > 0);
    assert_eq!(cost("reform"), 2 * cost("baseline"));
    assert_eq!((count(sembako, "gainers"), count(sembako, "losers")), (0, 0));
    assert_eq!(count(sembako, "changed"), count(&sembako["reform"], "recipients"));
}

/// A plugin that fails ends the simulation; it never pays everyone.
#[test]
fn a_failing_plugin_pays_nobody() {
    let copy = small().copy();
    json(copy.path(), &["program", "add", "given/hostile.toml", "given/hostile_150.wasm"]);
    let output = run(copy.path(), &["simulate", "--set", "hostile.max_decile=5", "--json"]);
    if output.status.success() {
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        panic!("a failing plugin gave figures: {document}");
    }
    assert_eq!(output.status.code(), Some(14), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
}

/// Up to four scenarios side by side are the same as each alone.
#[test]
fn side_by_side_is_one_by_one() {
    let site = small().dir();
    let two = json(&site, &["simulate", "pkh_d5", "sembako_cut"]);
    let all = two["scenarios"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    for (one, name) in all.iter().zip(["pkh_d5", "sembako_cut"]) {
        assert_eq!(one, &json(&site, &["simulate", name]));
    }
    exits(2, &site, &["simulate", "pkh_d5", "pkh_d5", "pkh_d5", "pkh_d5", "pkh_d5"]);
}
