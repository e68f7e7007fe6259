//! The rule files that ship, and that of the program from outside, fit their
//! plugins, the dictionary and the shipped grants, in every period they speak of.

use std::fs;

use layak::columns::regions::Regions;
use layak::columns::{Dictionary, Entity, Kind};
use layak::error::{Error, draw_all};
use layak::program::{
    self, AreaLevel, Base, Found, Incumbents, Operator, Plugins, Program, Seats, Site, SubKey, UnknownRule, VillageKind,
};
use layak::sandbox::{ColumnWish, Description, Part, SettingKind, SettingWish, Unit, Value};
use layak::terms::{Lang, Period};

use crate::tidy::top;

/// What a plugin says natively, in the host's own form.
fn host<P: kit::Program>() -> Description {
    let own = kit::native::describe::<P>();
    let value = |value: kit::Value| match value {
        kit::Value::Integer(n) => Value::Integer(n),
        kit::Value::Codes(codes) => Value::Codes(codes),
    };
    let parts = |parts: &[kit::Part]| -> Vec<Part> {
        let part = |p: &kit::Part| Part {
            code: p.code.to_owned(),
            columns: p.columns.to_vec(),
            settings: p.settings.to_vec(),
        };
        parts.iter().map(part).collect()
    };
    let column = |c: &kit::ColumnWish| ColumnWish {
        name: c.name.to_owned(),
        entity: if c.entity == kit::Entity::Family { Entity::Family } else { Entity::Member },
        kind: match c.kind {
            kit::Kind::Bits => Kind::Bits,
            kit::Kind::U8 => Kind::U8,
            kit::Kind::U16 => Kind::U16,
            kit::Kind::U32 => Kind::U32,
            kit::Kind::S32 => Kind::S32,
            kit::Kind::S64 => Kind::S64,
            kit::Kind::Set => Kind::Set,
        },
        required: c.required,
    };
    let setting = |s: &kit::SettingWish| SettingWish {
        name: s.name.to_owned(),
        kind: match s.kind {
            kit::SettingKind::Integer => SettingKind::Integer,
            kit::SettingKind::Flag => SettingKind::Flag,
            kit::SettingKind::Choice => SettingKind::Choice,
            kit::SettingKind::Choices => SettingKind::Choices,
            kit::SettingKind::Codes => SettingKind::Codes,
        },
        options: s.options.iter().map(|o| (*o).to_owned()).collect(),
        unit: s.unit.to_owned(),
        min: s.min,
        max: s.max,
        default: s.default.clone().map(value),
    };
    Description {
        name: own.name.to_owned(),
        version: own.version.to_owned(),
        unit: if own.unit == kit::Unit::Family { Unit::Family } else { Unit::Person },
        columns: own.columns.iter().map(column).collect(),
        settings: own.settings.iter().map(setting).collect(),
        criteria: parts(own.criteria),
        components: parts(own.components),
        score_parts: parts(own.score_parts),
        score: own.score,
        amount: own.amount,
    }
}

/// The bundled plugins, without any sandbox.
struct Bundled;

impl Plugins for Bundled {
    fn find(&self, name: &str) -> Result<Option<Found>, Error> {
        let description = match name {
            "pkh" => host::<pkh::Pkh>(),
            "sembako" => host::<sembako::Sembako>(),
            "pbi_jkn" => host::<pbi_jkn::PbiJkn>(),
            "blt_dd" => host::<blt_dd::BltDd>(),
            _ => return Ok(None),
        };
        Ok(Some(Found { description, digest: format!("digest of {name}") }))
    }

    fn names(&self) -> Vec<String> {
        ["pkh", "sembako", "pbi_jkn", "blt_dd"].map(str::to_owned).to_vec()
    }
}

/// A shipped program in a period; panics with every problem of its rule file.
fn shipped(name: &str, period: Period) -> Program {
    let dictionary = Dictionary::embedded();
    let operator = Operator::read(&top().join("rules"), dictionary).expect("the shipped grants");
    let site = Site { dictionary, regions: Regions::embedded(), operator: &operator, period };
    let path = top().join("rules").join(format!("{name}.toml"));
    let text = fs::read_to_string(&path).unwrap();
    match program::load_one(&path, &text, &Bundled, &site) {
        Ok(program) => program,
        Err(errors) => panic!("{}", draw_all(&errors, Lang::En, false)),
    }
}

fn value<'p>(program: &'p Program, setting: &str) -> &'p Value {
    let at = program.description.settings.iter().position(|wish| wish.name == setting);
    &program.settings[at.unwrap_or_else(|| panic!("no setting `{setting}`"))].value
}

fn unknown(program: &Program, criterion: &str) -> UnknownRule {
    let at = program.description.criteria.iter().position(|part| part.code == criterion);
    program.unknowns[at.unwrap_or_else(|| panic!("no criterion `{criterion}`"))]
}

#[test]
fn shipped_rule_files_fit_their_plugins() {
    for name in ["sembako", "pbi_jkn", "blt_dd"] {
        let program = shipped(name, Period::Quarter(2026, 3));
        assert!(program.columns.iter().all(Option::is_some), "{name}: a column is not granted as shipped");
        for (wish, given) in program.description.settings.iter().zip(&program.settings) {
            assert!(!given.from.is_empty(), "{name}: `{}` has no dated value with its source", wish.name);
        }
    }
}

/// Where the rule file's values of today are the defaults that cases run with.
#[test]
fn cases_run_with_the_values_in_force() {
    for name in ["sembako", "pbi_jkn", "blt_dd"] {
        let program = shipped(name, Period::Quarter(2026, 3));
        for (wish, given) in program.description.settings.iter().zip(&program.settings) {
            assert_eq!(wish.default.as_ref(), Some(&given.value), "{name}: `{}`", wish.name);
        }
    }
}

#[test]
fn the_law_of_programs_stands_in_the_rule_files() {
    let today = Period::Quarter(2026, 3);
    let sembako = shipped("sembako", today);
    assert_eq!(sembako.after, ["pkh"]);
    assert_eq!(sembako.incumbents, Incumbents::Keep);
    assert_eq!(unknown(&sembako, "not_excluded"), UnknownRule::Pass, "no hit and no complete list = not checked");
    assert_eq!(unknown(&sembako, "not_with"), UnknownRule::Pass, "undelivered = no");
    for criterion in ["members_complete", "decile_determined", "decile_within", "state_job_checked"] {
        assert_eq!(unknown(&sembako, criterion), UnknownRule::Review, "{criterion}");
    }
    let pbi = shipped("pbi_jkn", today);
    assert_eq!(pbi.incumbents, Incumbents::Keep);
    assert_eq!(unknown(&pbi, "no_wage_premium"), UnknownRule::Pass, "absent = pass");
    assert_eq!(value(&pbi, "keep_above_limit"), &Value::Integer(0));
    let before = shipped("pbi_jkn", Period::Quarter(2025, 4));
    assert_eq!(value(&before, "keep_above_limit"), &Value::Integer(1), "the state before February 2026");
    let blt = shipped("blt_dd", today);
    assert_eq!(blt.after, ["pkh", "sembako"]);
    assert_eq!(blt.incumbents, Incumbents::None);
    for program in [&sembako, &pbi, &blt] {
        let ceiling = program.ceiling.expect("a ceiling");
        assert!(!ceiling.binding, "{}: ceilings report, they never cut", program.id);
    }
}

/// The whole folder, level by level.
fn folder(period: Period) -> Vec<Program> {
    let rules = top().join("rules");
    let dictionary = Dictionary::embedded();
    let loaded = Operator::read(&rules, dictionary).and_then(|operator| {
        let site = Site { dictionary, regions: Regions::embedded(), operator: &operator, period };
        program::load_all(&rules, &Bundled, &site)
    });
    loaded.unwrap_or_else(|errors| panic!("{}", draw_all(&errors, Lang::En, false)))
}

fn of<'a>(programs: &'a [Program], id: &str) -> &'a Program {
    programs.iter().find(|program| program.id == id).unwrap()
}

#[test]
fn the_shipped_programs_check_clean_and_stand_in_order() {
    let programs = folder(Period::Quarter(2026, 3));
    let ids: Vec<&str> = programs.iter().map(|program| program.id.as_str()).collect();
    assert_eq!(ids, ["pkh", "pbi_jkn", "sembako", "blt_dd"]);
    assert_eq!(program::levels(&programs), [vec![0, 1], vec![2], vec![3]]);
}

#[test]
fn the_shipped_programs_check_within_a_moment() {
    let start = std::time::Instant::now();
    folder(Period::Quarter(2026, 3));
    let took = start.elapsed();
    assert!(took.as_millis() < 1_000, "checking four programs took {took:?}");
}

#[test]
fn exactly_the_columns_asked_for_are_granted() {
    let operator = Operator::read(&top().join("rules"), Dictionary::embedded()).unwrap();
    for program in folder(Period::Quarter(2026, 3)) {
        let asked: Vec<&str> = program.description.columns.iter().map(|wish| wish.name.as_str()).collect();
        let grant = &operator.grants[&program.id];
        assert!(!grant.all_requested);
        let surplus: Vec<&str> =
            grant.columns.iter().map(|c| c.value.as_str()).filter(|c| !asked.contains(c)).collect();
        assert!(surplus.is_empty(), "{}: granted and never asked for: {surplus:?}", program.id);
        let refused: Vec<&str> =
            asked.iter().zip(&program.columns).filter(|(_, id)| id.is_none()).map(|(name, _)| *name).collect();
        assert!(refused.is_empty(), "{}: asked for and not granted: {refused:?}", program.id);
    }
}

#[test]
fn quotas_ceilings_and_incumbents_are_those_of_the_programs_page() {
    let programs = folder(Period::Quarter(2026, 3));
    let total = |id: &str| match of(&programs, id).quota.seats {
        Seats::Total { total, .. } => total,
        _ => panic!("{id} has no total"),
    };
    assert_eq!(["pkh", "sembako", "pbi_jkn", "blt_dd"].map(total), [10_000_000, 18_300_000, 96_800_000, 1_800_000]);
    let ceiling = |id: &str| of(&programs, id).ceiling.map(|ceiling| (ceiling.period, ceiling.binding));
    assert_eq!(ceiling("pkh"), Some((7_175_000_000_000, false)));
    assert_eq!(ceiling("sembako"), Some((10_950_000_000_000, false)));
    assert_eq!(ceiling("pbi_jkn"), Some((12_196_800_000_000, false)));
    let incumbents = |id: &str| of(&programs, id).incumbents;
    assert_eq!(["pkh", "sembako", "pbi_jkn"].map(incumbents), [Incumbents::Keep; 3]);
    let blt = of(&programs, "blt_dd");
    assert_eq!(blt.incumbents, Incumbents::None);
    assert_eq!(blt.quota.level, AreaLevel::Village);
    assert_eq!(blt.quota.seats, Seats::Total { total: 1_800_000, base: Base::D1D4 });
    assert_eq!(blt.quota.only, [VillageKind::Desa, VillageKind::DesaAdat], "no village fund elsewhere");
    assert_eq!(of(&programs, "pbi_jkn").sub_keys, [SubKey::FamilyLot, SubKey::AgeYoungest]);
}

#[test]
fn decile_limits_go_by_one_name() {
    let programs = folder(Period::Quarter(2026, 3));
    for (id, limit) in [("pkh", 4), ("sembako", 4), ("pbi_jkn", 5)] {
        let shown = serde_json::to_value(program::show(of(&programs, id))).unwrap();
        let setting = &shown["settings"]["max_decile"];
        assert_eq!(setting["value"], limit, "{id}");
        assert_eq!(setting["unit"], "decile");
        assert!(setting["from"].is_string() && setting["source"].is_string());
    }
    let sembako = program::show(of(&programs, "sembako"));
    assert!(sembako.settings["max_decile"].conflict.is_some(), "the two reports conflict, both are named");
}

#[test]
fn a_change_of_any_value_changes_the_rule_hash() {
    let text = fs::read_to_string(top().join("rules/pkh.toml")).unwrap();
    let operator = Operator::open_handed(&["pkh"]);
    let site = Site {
        dictionary: Dictionary::embedded(),
        regions: Regions::embedded(),
        operator: &operator,
        period: Period::Quarter(2026, 3),
    };
    let hash = |text: &str| program::load_one(&top().join("rules/pkh.toml"), text, &Bundled, &site).unwrap().rule_hash;
    assert_ne!(hash(&text), hash(&text.replacen("value = 4", "value = 3", 1)));
    assert_eq!(hash(&text), hash(&text));
}
