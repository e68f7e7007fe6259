//! The dictionary and the region tables as shipped, and what wrong ones get.

use layak::columns::regions::{Recognised, Regions};
use layak::columns::{Class, Dictionary, Entity, Kind, TEXT};
use layak::error::Fault;

#[test]
fn all_hundred_variables_of_the_delivery_are_covered_once() {
    let dictionary = Dictionary::parse(TEXT, "schema/columns.toml").unwrap();
    for (entity, expected) in [(Entity::Member, 48), (Entity::Family, 52)] {
        let mut delivered: Vec<&str> = dictionary
            .iter()
            .filter(|(_, c)| c.entity == entity)
            .flat_map(|(_, c)| c.delivered.iter().map(String::as_str))
            .collect();
        delivered.sort_unstable();
        delivered.dedup();
        assert_eq!(delivered.len(), expected);
    }
    assert_eq!(Dictionary::embedded(), &dictionary);
}

#[test]
fn snapshot_columns_hold_no_identity_and_nothing_of_a_run() {
    let dictionary = Dictionary::embedded();
    for entity in [Entity::Family, Entity::Member] {
        for id in dictionary.snapshot_columns(entity) {
            let column = dictionary.get(id);
            assert_ne!(column.class, Class::Identity);
            assert_ne!(column.kind, Kind::Text);
            assert!(!column.name.starts_with("receives."));
        }
    }
    let family = dictionary.snapshot_columns(Entity::Family);
    assert!(family.contains(&dictionary.id("previous.pkh").unwrap()));
    assert!(dictionary.snapshot_columns(Entity::Member).contains(&dictionary.id("since.pbi_jkn").unwrap()));
}

#[test]
fn further_programs_keep_the_positions_and_change_the_hash() {
    let base = Dictionary::embedded();
    let wider = base.with_programs(&[("rutilahu", Entity::Family), ("pkh", Entity::Family)]);
    assert_eq!(wider.len(), base.len() + 3);
    for (id, column) in base.iter() {
        assert_eq!(wider.get(id), column);
    }
    assert!(wider.id("receives.rutilahu").is_some());
    assert_ne!(wider.hash(), base.hash());
    assert_eq!(base.with_programs(&[("pkh", Entity::Family)]).hash(), base.hash());
}

#[test]
fn a_mistyped_name_gets_the_nearest() {
    assert_eq!(Dictionary::embedded().nearest("decil"), Some("decile"));
    assert_eq!(Dictionary::embedded().nearest("birthdate"), Some("birth_date"));
    assert_eq!(Dictionary::embedded().nearest("xyzzyxyzzy"), None);
}

#[test]
fn a_wrong_dictionary_is_refused_with_its_place() {
    let column = |name: &str, rest: &str| {
        format!(
            "[[column]]\nname = \"{name}\"\nentity = \"family\"\nkind = \"u8\"\nclass = \"fact\"\norigin = \"delivered\"\nmeaning = {{ id = \"a\", en = \"a\" }}\nlegal = \"a\"\n{rest}\n"
        )
    };
    let cases = [
        (format!("{}{}", column("a", ""), column("a", "")), "a:11:8: column `a` is written twice"),
        (column("a", "codes = \"nope\""), "a:9:9: there is no code list `nope`"),
        (column("a", "range = [0, 300]"), "a:9:9: the range of column `a` cannot be"),
        (column("a", "colour = 1"), "a:9:1: the column dictionary cannot be read"),
        (
            format!("[codes]\nx = [{{ code = 300, id = \"a\", en = \"a\" }}]\n{}", column("a", "codes = \"x\"")),
            "a:11:9: code 300 does not fit column `a`",
        ),
        (column("a", "derive = { set_where = { columns = [\"b\"], equals = 1 } }"), "a:9:10: there is no column `b`"),
    ];
    for (text, expected) in cases {
        let error = Dictionary::parse(&text, "a").unwrap_err();
        assert_eq!(error.fault, Fault::Rules);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn regions_are_complete_and_add_up() {
    let regions = Regions::embedded();
    assert_eq!(regions.provinces().len(), 38);
    assert_eq!(regions.regencies().len(), 514);
    let people: u64 = regions.regencies().iter().map(|r| u64::from(r.population())).sum();
    assert_eq!(people, 284_973_643);
    let districts: usize = regions.regencies().iter().map(|r| regions.districts_of(&r.kemendagri).len()).sum();
    assert_eq!(districts, 6_449);
    let name = |at: usize| regions.regencies()[at].name.as_str();
    assert_eq!(regions.regency("35.78").map(name), Some("Kota Surabaya"));
    assert_eq!(regions.regency_by_bps("3578").map(name), Some("Kota Surabaya"));
}

#[test]
fn papua_is_found_by_province_and_name_only() {
    let regions = Regions::embedded();
    let name =
        |found: Option<(usize, Recognised)>| found.map(|(at, how)| (regions.regencies()[at].kemendagri.as_str(), how));
    assert_eq!(name(regions.delivered("35", "3578", "anything")), Some(("35.78", Recognised::Code)));
    assert_eq!(name(regions.delivered("95", "9501", "MERAUKE")), Some(("93.01", Recognised::Name)));
    assert_eq!(name(regions.delivered("92", "9201", "Kabupaten Sorong")), Some(("96.01", Recognised::Name)));
    assert_eq!(name(regions.delivered("92", "9271", "KOTA SORONG")), Some(("96.71", Recognised::Name)));
    assert_eq!(regions.delivered("35", "9999", "Kota Surabaya"), None);
    assert_eq!(regions.delivered("95", "9401", "Nowhere"), None);
}
