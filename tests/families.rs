//! Hypothetical families: what is printed of them in both languages is held to
//! golden texts (`BLESS=1` rewrites), bad files to their refusals, letters to
//! what a citizen reads; and a letter names nobody without a reason that is kept.

use std::fs;
use std::path::Path;
use std::process::Output;

use layak::columns::Dictionary;
use layak::explanation::letter::{self, Letter};
use layak::explanation::nearest::judged_now;
use layak::explanation::written::{self, Hypothetical, template};
use layak::explanation::{Cut, Explanation, InSandbox, Regions, RowResult, Source, Standing, Trying, explain};
use layak::program::Objection;
use layak::sandbox::Unit;
use layak::terms::{Date, Lang, Text};

use crate::explain::InTest;
use crate::golden::{fed, small};
use crate::support::{exits, json, layak};
use crate::tidy::top;

fn folder() -> std::path::PathBuf {
    top().join("tests/families")
}

/// Holds a text to its golden file, or writes it.
fn golden(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name} is not what is kept; look, then BLESS=1:\n{text}");
}

/// In the folder of the family files, with the small site's programs.
fn said(lang: &str, arguments: &[&str]) -> Output {
    let site = small().dir();
    let mut all = vec!["--site", site.to_str().unwrap(), "family"];
    all.extend(arguments);
    let mut command = layak(&folder(), &all);
    command.env("LAYAK_LANG", lang);
    command.output().unwrap()
}

fn printed(lang: &str, arguments: &[&str]) -> String {
    let output = said(lang, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn families_are_judged_by_all_programs_in_both_languages() {
    for lang in ["id", "en"] {
        for name in ["young", "barred", "not_known"] {
            golden(&format!("{name}.{lang}.txt"), &printed(lang, &["judge", &format!("{name}.toml")]));
        }
        let grid = ["judge", "young.toml", "--program", "pkh,pbi_jkn", "--grid", "3.age=0..8", "--grid", "decile=1..6"];
        let one = ["judge", "barred.toml", "--program", "pkh,blt_dd", "--grid", "head.age=55..62"];
        golden(&format!("grid.{lang}.txt"), &format!("{}\n{}", printed(lang, &grid), printed(lang, &one)));
        golden(&format!("template.{lang}.toml"), &printed(lang, &["new"]));
    }
}

#[test]
fn a_bad_file_is_refused_at_each_place() {
    for lang in ["id", "en"] {
        let output = said(lang, &["judge", "bad.toml"]);
        assert_eq!(output.status.code(), Some(10));
        assert!(output.stdout.is_empty());
        golden(&format!("bad.{lang}.txt"), &String::from_utf8(output.stderr).unwrap());
    }
    for (grid, near) in [
        ("decil=1..3", "decile"),
        ("birth_date=2020-01-01", "name the member"),
        ("head.decile=1", "write it alone"),
        ("decile=9..12", "known here"),
        ("decile", "FACT=VALUES"),
        ("youngest.age=3..1", "no range"),
    ] {
        let output = said("en", &["judge", "young.toml", "--grid", grid]);
        assert_eq!(output.status.code(), Some(2), "{grid}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(near) && stderr.contains("--grid youngest.age=0..21"), "{grid}: {stderr}");
    }
}

#[test]
fn the_template_is_a_family_and_needs_no_site() {
    let place = tempfile::tempdir().unwrap();
    exits(0, place.path(), &["family", "new", "--out", "f.toml"]);
    exits(2, place.path(), &["family", "new", "--out", "f.toml"]);
    let judged = json(place.path(), &["family", "judge", "f.toml"]);
    // four programs, one of them once per member
    assert_eq!(judged["programs"].as_array().unwrap().len(), 3 + 3);
    let pkh = &judged["programs"][0];
    assert_eq!((&pkh["standing"], &pkh["amount"]), (&"eligible".into(), &750_000.into()));
    assert!(pkh["rank"].is_null());
}

#[test]
fn every_line_of_the_template_may_be_written() {
    let dictionary = Dictionary::embedded();
    let columns: Vec<_> = dictionary.iter().map(|(_, column)| column).filter(|c| written::writable(c)).collect();
    let (as_of, period) = (Date::from_ymd(2026, 9, 20).unwrap(), "2026Q3".parse().unwrap());
    for lang in [Lang::Id, Lang::En] {
        let text = template::template(&columns, as_of, period, lang);
        let open = |line: &str| {
            let bare = line.strip_prefix("# ").filter(|rest| rest.contains(" = ") && !rest.starts_with('`'));
            bare.map_or_else(|| line.to_owned(), str::to_owned)
        };
        let all: Vec<String> = text.lines().map(open).collect();
        let read = written::read(Path::new("all.toml"), &all.join("\n"), dictionary);
        let errors = read.err().unwrap_or_default();
        assert!(errors.is_empty(), "{}", layak::error::draw_all(&errors, Lang::En, false));
    }
}

#[test]
fn the_schema_of_family_files_is_current() {
    let text = format!("{}\n", serde_json::to_string_pretty(&template::schema(Dictionary::embedded())).unwrap());
    let path = top().join("schema/family.schema.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is not current; run with BLESS=1", path.display());
}

/// A family's explanations with standings as a run might give them.
fn explained(
    name: &str,
    plugins: &InTest,
    standing: impl Fn(&str, Standing) -> Standing,
) -> (Hypothetical, Vec<Explanation>) {
    let dictionary = Dictionary::embedded();
    let text = fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap();
    let family = written::read(Path::new(name), &text, dictionary).unwrap();
    let programs = plugins.programs(&top().join("rules"), family.period);
    let batch = family.family.batch();
    let mut out = Vec::new();
    for program in &programs {
        let dates = (family.as_of, family.period.first_day());
        let plugin = &plugins.plugins[&program.plugin];
        let trying = InSandbox::new(plugin, program, program.columns.clone(), dates).unwrap();
        let lines = trying.lines(&batch).unwrap();
        let rows = if program.unit() == Unit::Family { 1 } else { family.family.members };
        for row in 0..rows {
            let member = (program.unit() == Unit::Person).then_some(row);
            let now = judged_now(&trying, &family.family, program.unit(), member).unwrap();
            let score = trying.verdicts(&batch).unwrap().score[row as usize];
            let standing = match (now.failed, now.eligible(program)) {
                (0, true) => standing(&program.id, Standing::Recipient),
                (0, false) => Standing::Review,
                _ => Standing::NotEligible,
            };
            let result = RowResult {
                failed: now.failed,
                unknown: now.unknown,
                score,
                amount: now.amount,
                standing,
                rank: Some(1_294),
                place: (standing == Standing::Waiting).then_some(331),
            };
            let cut = Cut { recipients: 963, eligible: 1_730 };
            let from = Source {
                dictionary,
                regions: &Regions::default(),
                batch: &batch,
                as_of: family.as_of,
                trying: Some(&trying),
                others: None,
            };
            out.push(explain(program, "F0123456789abcdef".to_owned(), row, result, cut, &lines, from).unwrap());
        }
    }
    (family, out)
}

#[test]
fn letters_are_what_a_citizen_reads() {
    let plugins = InTest::new();
    let office = Text::new("Kantor Desa Sukamaju, Jalan Raya 1", "Sukamaju village office, Jalan Raya 1");
    let objection = Objection { office, deadline_days: 30, source: "assumed".to_owned() };
    // the seats of Sembako are taken
    let seats = |program: &str, standing: Standing| if program == "sembako" { Standing::Waiting } else { standing };
    let date = Date::from_ymd(2026, 10, 1);
    for name in ["young", "barred", "not_known"] {
        let (family, explanations) = explained(name, &plugins, seats);
        let letter = Letter {
            reference: "F0123456789abcdef",
            period: family.period,
            as_of: family.as_of,
            date: date.filter(|_| name == "young"),
            addressed: None,
            objection: &objection,
            explanations: &explanations,
        };
        for (lang, code) in [(Lang::Id, "id"), (Lang::En, "en")] {
            let text = letter::text(&letter, lang);
            let html = letter::html(&letter, lang);
            golden(&format!("letter_{name}.{code}.txt"), &text);
            golden(&format!("letter_{name}.{code}.html"), &html);
            // no code of a criterion, column, setting or source
            let codes = ["decile_within", "max_decile", "severe_difficulties", "PUSDATIN", "EXCL-", "assumed", "BLTDD"];
            for code in codes {
                assert!(!text.contains(code) && !html.contains(code), "{code} in the letter:\n{text}");
            }
            assert!(text.lines().all(|line| line.chars().count() <= 76), "{text}");
            // nothing is fetched, and nothing runs
            for word in ["http", "src=", "<script", "url("] {
                assert!(!html.contains(word), "{word}");
            }
            assert!(html.contains("@media print"));
        }
    }
}

#[test]
fn a_letter_names_nobody_without_a_reason_that_is_kept() {
    let copy = small().copy();
    let site = copy.path();
    let extract = fs::read_to_string(small().dir().join("extracts/individual.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(extract.as_bytes());
    let names = reader.headers().unwrap().clone();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no `{name}` in {names:?}"));
    let (nik_at, name_at) = (at("nomor_induk_kependudukan"), at("nama"));
    let people: Vec<(String, String)> = reader
        .records()
        .take(40)
        .map(|row| row.unwrap())
        .map(|row| (row[nik_at].to_owned(), row[name_at].to_owned()))
        .filter(|(nik, name)| nik.len() == 16 && name.len() > 5)
        .collect();
    let write = |nik: &str, more: &[&str]| {
        let mut arguments = vec!["explain", "--nik", "--letter", "letter.txt"];
        arguments.extend(more);
        let output = fed(layak(site, &arguments), nik);
        output.status.success().then(|| fs::read_to_string(site.join("letter.txt")).unwrap())
    };
    let (nik, name, plain) =
        people.iter().find_map(|(nik, name)| Some((nik, name, write(nik, &[])?))).expect("one of them is in the run");
    assert!(!plain.contains(name.as_str()) && !plain.contains(nik.as_str()), "{plain}");
    assert!(plain.contains("Reference number: F"), "{plain}");
    let ledger = || rusqlite::Connection::open(site.join("ledger.sqlite")).unwrap();
    let kept = || {
        ledger().query_row("SELECT count(*), max(reason) FROM letters", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
        })
    };
    assert_eq!(kept().unwrap(), (0, None));
    // too short a reason is none
    assert!(write(nik, &["--reason", "why"]).is_none());
    assert_eq!(kept().unwrap(), (0, None));
    let named = write(nik, &["--reason", "asked at the counter, form 12"]).unwrap();
    assert!(named.contains(name.as_str()) && !named.contains(nik.as_str()), "{named}");
    assert_eq!(kept().unwrap(), (1, Some("asked at the counter, form 12".to_owned())));
    assert!(ledger().execute("DELETE FROM letters", []).is_err(), "append only");
    // a reason without an NIK, and another ending, are refused
    exits(2, site, &["explain", &small().family, "--letter", "a.txt", "--reason", "asked at the counter"]);
    exits(2, site, &["explain", &small().family, "--letter", "a.pdf"]);
    exits(0, site, &["explain", "--family", &small().family, "--letter", "a.html"]);
    assert!(fs::read_to_string(site.join("a.html")).unwrap().starts_with("<!doctype html>"));
}
