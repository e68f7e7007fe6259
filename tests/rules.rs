//! Broken rule files and site files: each is refused with every problem at its
//! place, in both languages. The outputs are golden (`BLESS=1` rewrites them).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use layak::columns::regions::Regions;
use layak::columns::{Dictionary, Entity, Kind};
use layak::error::{Error, draw_all};
use layak::program::{self, Found, Lock, Operator, Plugins, Program, Site};
use layak::sandbox::{ColumnWish, Description, Part, SettingKind, SettingWish, Unit, Value};
use layak::terms::{Lang, Period};

use crate::tidy::top;

/// A tiny plugin with one setting of each kind.
fn tiny() -> Description {
    let setting = |name: &str, kind, options: &[&str], unit: &str, (min, max), default| SettingWish {
        name: name.into(),
        kind,
        options: options.iter().map(|o| (*o).to_owned()).collect(),
        unit: unit.into(),
        min,
        max,
        default,
    };
    let column = |name: &str, entity, kind, required| ColumnWish { name: name.into(), entity, kind, required };
    let part = |code: &str, columns: &[u16], settings: &[u16]| Part {
        code: code.into(),
        columns: columns.to_vec(),
        settings: settings.to_vec(),
    };
    Description {
        name: "tiny".into(),
        version: "1.0.0".into(),
        unit: Unit::Family,
        columns: vec![
            column("decile", Entity::Family, Kind::U8, true),
            column("member_count", Entity::Family, Kind::U8, true),
        ],
        settings: vec![
            setting("max_decile", SettingKind::Integer, &[], "decile", (1, 10), None),
            setting("amount", SettingKind::Integer, &[], "idr/month", (0, 10_000_000), None),
            setting("strict", SettingKind::Flag, &[], "", (0, 1), Some(Value::Integer(0))),
            setting("scope", SettingKind::Choice, &["kk", "person"], "", (0, 1), Some(Value::Integer(0))),
            setting("not_with", SettingKind::Choices, &["permakanan", "klj"], "", (0, 3), Some(Value::Integer(3))),
            setting("codes", SettingKind::Codes, &[], "code", (1, 18), Some(Value::Codes(vec![5, 7]))),
            setting("months_paid", SettingKind::Integer, &[], "months", (1, 12), None),
        ],
        criteria: vec![part("decile_within", &[0], &[0]), part("members_complete", &[1], &[])],
        components: vec![part("cash", &[], &[1, 6])],
        score_parts: vec![part("decile", &[0], &[])],
        score: (0, 100),
        amount: (0, 120_000_000),
    }
}

/// Plugins by name, without any sandbox.
struct Shelf(BTreeMap<String, Description>);

impl Shelf {
    fn tiny() -> Shelf {
        let mut odd = tiny();
        odd.name = "odd".into();
        odd.columns.push(ColumnWish { name: "nik".into(), entity: Entity::Member, kind: Kind::Text, required: false });
        odd.columns.push(ColumnWish { name: "decil".into(), entity: Entity::Family, kind: Kind::U8, required: false });
        odd.columns.push(ColumnWish { name: "sex".into(), entity: Entity::Family, kind: Kind::U16, required: false });
        // pays per quarter: takes no `months_paid`
        let mut quarterly = tiny();
        quarterly.name = "quarterly".into();
        quarterly.settings.pop();
        quarterly.components[0].settings.pop();
        let mut follower = tiny();
        follower.name = "follower".into();
        follower.columns.push(ColumnWish {
            name: "receives.pkh".into(),
            entity: Entity::Family,
            kind: Kind::Bits,
            required: false,
        });
        Shelf(
            [
                ("tiny".to_owned(), tiny()),
                ("odd".to_owned(), odd),
                ("follower".to_owned(), follower),
                ("quarterly".to_owned(), quarterly),
            ]
            .into(),
        )
    }
}

impl Plugins for Shelf {
    fn find(&self, name: &str) -> Result<Option<Found>, Error> {
        Ok(self
            .0
            .get(name)
            .map(|description| Found { description: description.clone(), digest: format!("digest of {name}") }))
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

fn quarter() -> Period {
    Period::Quarter(2026, 3)
}

fn site(operator: &Operator) -> Site<'_> {
    Site { dictionary: Dictionary::embedded(), regions: Regions::embedded(), operator, period: quarter() }
}

fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Compares with a golden file, or writes it.
fn golden(path: &Path, text: &str) -> Option<String> {
    if bless() {
        fs::write(path, text).unwrap();
        return None;
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    (kept != text).then(|| format!("{} differs; is now:\n{text}", path.display()))
}

/// The parts of a case file: `### name` begins a part of that file name.
fn split(text: &str, name: &str) -> Vec<(PathBuf, String)> {
    let mut parts: Vec<(PathBuf, String)> = Vec::new();
    if !text.starts_with("### ") {
        return vec![(PathBuf::from(name), text.to_owned())];
    }
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("### ") {
            Some(file) => parts.push((PathBuf::from(file.trim()), String::new())),
            None => parts.last_mut().unwrap().1.push_str(line),
        }
    }
    parts
}

/// What a case says: its files are checked together, `operator.toml` if it has one.
fn problems(path: &Path) -> Vec<Error> {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut files = split(&text, &name);
    let written = files.iter().position(|(path, _)| path.ends_with("operator.toml")).map(|at| files.remove(at));
    let stems: Vec<String> =
        files.iter().map(|(path, _)| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let stems: Vec<&str> = stems.iter().map(String::as_str).collect();
    let operator = match &written {
        None => Ok(Operator::open_handed(&stems)),
        Some((path, text)) => Operator::parse(path, text, Dictionary::embedded()),
    };
    let operator = match operator {
        Ok(operator) => operator,
        Err(errors) => return errors,
    };
    // tables are looked up beside the rule file: the cases stand in for the rules folder
    let folder = top().join("tests/rules");
    if let [(file, text)] = files.as_slice()
        && written.is_none()
    {
        let program = program::load_one(&folder.join(file), text, &Shelf::tiny(), &site(&operator));
        return program.err().unwrap_or_default();
    }
    let files: Vec<(PathBuf, String)> = files.into_iter().map(|(file, text)| (folder.join(file), text)).collect();
    program::load_texts(&files, &Shelf::tiny(), &site(&operator)).err().unwrap_or_default()
}

fn cases() -> Vec<PathBuf> {
    let folder = top().join("tests/rules");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    cases.sort();
    cases
}

#[test]
fn every_broken_rule_file_is_refused_as_written_down() {
    let cases = cases();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    let mut faults = Vec::new();
    for path in cases {
        let errors = problems(&path);
        let good = path.file_name().unwrap().to_string_lossy().starts_with("good");
        assert_eq!(errors.is_empty(), good, "{}: {}", path.display(), draw_all(&errors, Lang::En, false));
        if good {
            continue;
        }
        for (lang, ending) in [(Lang::Id, "id.txt"), (Lang::En, "en.txt")] {
            // the folder of this checkout is nobody's business
            let drawn = draw_all(&errors, lang, false).replace(&format!("{}/", top().display()), "");
            faults.extend(golden(&path.with_extension(ending), &drawn));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_problem_names_its_place_and_both_languages() {
    for path in cases() {
        for error in problems(&path) {
            assert_ne!(error.message.id, error.message.en, "{}", path.display());
            let plugin = error.fault == layak::error::Fault::Plugin;
            assert!(plugin || error.path.is_some(), "{}: {error}", path.display());
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let text = "max = 1\nmin = 2\n";
    let error = Error::new(layak::error::Fault::Rules, layak::say!("salah", "wrong")).file("x.toml").at(text, 8..11);
    let plain = layak::error::draw(&error, Lang::En, false);
    assert_eq!(plain, "x.toml:2:1: wrong\n  |\n2 | min = 2\n  | ^^^\n");
    let colored = layak::error::draw(&error, Lang::En, true);
    let mut bare = String::new();
    let mut inside = false;
    for c in colored.chars() {
        match c {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            c if !inside => bare.push(c),
            _ => {}
        }
    }
    assert_eq!(bare, plain);
}

fn good(id: &str, after: &str) -> (PathBuf, String) {
    let text = fs::read_to_string(top().join("tests/rules/good.toml")).unwrap();
    (PathBuf::from(format!("{id}.toml")), text.replace("after = []", &format!("after = [{after}]")))
}

/// The good file with the plugin that may read `receives.pkh`.
fn follower(id: &str, after: &str) -> (PathBuf, String) {
    let (path, text) = good(id, after);
    (path, text.replace("plugin = \"tiny\"", "plugin = \"follower\""))
}

fn load(files: &[(PathBuf, String)], operator: &Operator) -> Vec<Program> {
    program::load_texts(files, &Shelf::tiny(), &site(operator))
        .unwrap_or_else(|errors| panic!("{}", draw_all(&errors, Lang::En, false)))
}

#[test]
fn a_good_file_gives_the_values_in_force() {
    let operator = Operator::open_handed(&["pkh", "good"]);
    let programs = load(&[good("good", "\"pkh\""), good("pkh", "")], &operator);
    let program = programs.iter().find(|p| p.id == "good").unwrap();
    let value = |name: &str| {
        let at = program.description.settings.iter().position(|wish| wish.name == name).unwrap();
        program.settings[at].clone()
    };
    assert_eq!(value("max_decile").value, Value::Integer(5));
    assert_eq!(value("max_decile").from, "2026Q2");
    assert_eq!(value("max_decile").conflict.as_deref(), Some("HARIAN says 4"));
    assert_eq!(value("strict").value, Value::Integer(1));
    assert_eq!(value("scope").value, Value::Integer(1));
    assert_eq!(value("not_with").value, Value::Integer(2));
    assert_eq!(value("codes").value, Value::Codes(vec![18, 1]));
    assert_eq!(value("months_paid").value, Value::Integer(3));
    assert_eq!(program.months_paid, Some(3));
    assert_eq!(program.unknowns, [program::UnknownRule::Pass, program::UnknownRule::Review]);
    let shown = serde_json::to_value(program::show(program)).unwrap();
    assert_eq!(shown["settings"]["max_decile"]["value"], 5);
    assert_eq!(shown["settings"]["max_decile"]["unit"], "decile");
    assert_eq!(shown["settings"]["not_with"]["value"], serde_json::json!(["klj"]));
    assert_eq!(program.ceiling, Some(program::Ceiling { period: 25, binding: true }), "a quarter of 100");
}

#[test]
fn programs_come_level_by_level_in_the_operators_order() {
    let operator = Operator::parse(
        Path::new("operator.toml"),
        "order = [\"d\", \"b\"]\n[grants]\na.all_requested = true\nb.all_requested = true\nc.all_requested = true\nd.all_requested = true\npkh.all_requested = true\n",
        Dictionary::embedded(),
    )
    .unwrap();
    let all = [
        good("a", "\"pkh\""),
        good("b", "\"pkh\""),
        good("c", "\"a\", \"pkh\""),
        good("d", "\"pkh\""),
        good("pkh", ""),
    ];
    let ids = |programs: &[Program]| programs.iter().map(|p| p.id.clone()).collect::<Vec<_>>();
    let programs = load(&all, &operator);
    assert_eq!(ids(&programs), ["pkh", "d", "b", "a", "c"]);
    assert_eq!(program::levels(&programs), [vec![0], vec![1, 2, 3], vec![4]]);
    let mut turned = all.clone();
    turned.reverse();
    assert_eq!(ids(&load(&turned, &operator)), ids(&programs), "the order of files does not matter");
}

#[test]
fn a_missing_column_of_the_snapshot_is_refused_or_left_out() {
    let operator = Operator::open_handed(&["pkh", "good"]);
    let mut programs = load(&[follower("good", "\"pkh\""), good("pkh", "")], &operator);
    let program = programs.last_mut().unwrap();
    let dictionary = Dictionary::embedded();
    let all = vec!["decile".to_owned(), "member_count".to_owned()];
    program::against_snapshot(program, dictionary, &all).unwrap();
    assert!(program.columns.iter().all(Option::is_some), "a column made by the run is never in a snapshot");
    let error = program::against_snapshot(program, dictionary, &all[..1]).unwrap_err();
    assert!(error.message.en.contains("member_count"), "{error}");
}

#[test]
fn optional_columns_that_are_not_granted_are_absent() {
    let text = "[grants.good]\ncolumns = [\"decile\", \"member_count\"]\n";
    let operator = Operator::parse(Path::new("operator.toml"), text, Dictionary::embedded()).unwrap();
    let programs = load(&[follower("good", "")], &operator);
    let granted: Vec<bool> = programs[0].columns.iter().map(Option::is_some).collect();
    assert_eq!(granted, [true, true, false]);
}

#[test]
fn a_changed_plugin_is_refused_until_the_lock_is_updated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layak.lock");
    let mut lock = Lock::read(&path).unwrap();
    let error = lock.check("pkh", "aaaa").unwrap_err();
    assert!(error.message.en.contains("not locked yet"), "{error}");
    lock.pin("pkh", "aaaa", Some("rule"));
    lock.pin("blt_dd", "bbbb", None);
    lock.write().unwrap();
    let read = Lock::read(&path).unwrap();
    assert_eq!(read, lock);
    read.check("pkh", "aaaa").unwrap();
    let error = read.check("pkh", "cccc").unwrap_err();
    assert_eq!(error.fault.exit_code(), 10);
    assert!(error.fix.unwrap().en.contains("--update-lock"));
    fs::write(&path, "[programs.pkh]\nplug = 1\n").unwrap();
    assert!(Lock::read(&path).unwrap_err().span.is_some());
}

#[test]
fn the_rule_hash_covers_the_text_and_the_tables() {
    let operator = Operator::open_handed(&["x"]);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tables")).unwrap();
    let (_, text) = good("x", "");
    let old = "level = \"national\"\ntotal = [{ from = \"2025Q1\", value = 1_000, source = \"RAPBN26\" }]";
    assert!(text.contains(old));
    let text = text.replace(
        old,
        "level = \"regency\"\ntable = [{ from = \"2026Q1\", value = \"tables/q.csv\", source = \"assumed\" }]",
    );
    let hash = |table: &str| {
        fs::write(folder.path().join("tables/q.csv"), table).unwrap();
        let program = program::load_one(&folder.path().join("x.toml"), &text, &Shelf::tiny(), &site(&operator));
        program.unwrap_or_else(|errors| panic!("{}", draw_all(&errors, Lang::En, false)))
    };
    let one = hash("region,seats\nkemendagri:35.78,10\nbps:3273,5\n");
    let two = hash("region,seats\nkemendagri:35.78,10\nbps:3273,6\n");
    assert_ne!(one.rule_hash, two.rule_hash);
    let program::Seats::Table(seats) = one.quota.seats else { panic!("a table") };
    assert_eq!(
        seats.into_iter().collect::<Vec<_>>(),
        [("kemendagri:32.73".into(), 5), ("kemendagri:35.78".into(), 10)]
    );
}

#[test]
fn the_schemas_for_editors_are_current() {
    let schemas = [
        ("rules", program::schema::rules()),
        ("operator", program::schema::operator()),
        ("scenario", layak::simulation::scenario::schema()),
    ];
    for (name, schema) in schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let fault = golden(&top().join(format!("schema/{name}.schema.json")), &text);
        assert!(fault.is_none(), "{}; run with BLESS=1", fault.unwrap());
    }
    let own = program::schema::rules_of(&tiny());
    assert_eq!(
        own["properties"]["settings"]["properties"]["max_decile"]["items"]["properties"]["value"]["maximum"],
        10
    );
    assert_eq!(own["properties"]["criteria"]["required"], serde_json::json!(["decile_within", "members_complete"]));
}
