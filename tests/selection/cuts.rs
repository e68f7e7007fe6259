//! Cuts that a domain person can read: `tests/selection/cuts/*.toml`.
//!
//! Each case is quota, ceiling and ranking as a rule file says them, a few rows,
//! and who gets which seat. They go through the checker of rule files, the
//! selection, and the naive second implementation. The top of `areas.toml` says
//! how a case is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use layak::columns::Dictionary;
use layak::columns::regions::Regions;
use layak::error::{Error, draw_all};
use layak::program::{self, Found, Operator, Plugins, Ratio, Site};
use layak::sandbox::{Description, Unit};
use layak::selection::{Draw, Funnel, order_hash, order_key, seat, status};
use layak::terms::{Date, Lang, Period};

use crate::tidy::top;

use super::naive::{self, Fate};
use super::one;
use super::world::{AS_OF, DECILE, Family, KIND, REGENCY, Row, Rules, SEVERE, VILLAGE, World};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    law: String,
    unit: Option<String>,
    scale: Option<String>,
    rules: String,
    rows: String,
    seats: Option<BTreeMap<String, u64>>,
    lots: Option<Vec<String>>,
    cost: Option<i64>,
    binds: Option<String>,
    held: Option<u64>,
    left: Option<u64>,
}

/// A plugin that judges nothing: the rows say themselves how they are judged.
struct Nothing(Unit);

impl Plugins for Nothing {
    fn find(&self, _name: &str) -> Result<Option<Found>, Error> {
        let description = Description {
            name: "cut".to_owned(),
            version: "1.0.0".to_owned(),
            unit: self.0,
            columns: Vec::new(),
            settings: Vec::new(),
            criteria: Vec::new(),
            components: Vec::new(),
            score_parts: Vec::new(),
            score: (0, 1000),
            amount: (0, 1_000_000),
        };
        Ok(Some(Found { description, digest: "cut".to_owned() }))
    }

    fn names(&self) -> Vec<String> {
        vec!["cut".to_owned()]
    }
}

/// The rules as the checker of rule files reads them, on the columns of the made-up country.
fn rules_of(text: &str, unit: Unit) -> Result<Rules, String> {
    let text = format!("plugin = \"cut\"\ntitle = {{ id = \"Potong\", en = \"Cut\" }}\n{text}");
    let plain = ["[incumbent]\nrule = \"none\"\n", "[ranking]\nthen = []\nseed = \"undian\"\n"];
    let missing = plain.iter().filter(|table| !text.contains(table.lines().next().unwrap()));
    let text = missing.fold(text.clone(), |text, table| text + table);
    let operator = Operator::open_handed(&["cut"]);
    let (dictionary, regions) = (Dictionary::embedded(), Regions::embedded());
    let site = Site { dictionary, regions, operator: &operator, period: Period::Quarter(2026, 3) };
    let checked = program::load_one(Path::new("cut.toml"), &text, &Nothing(unit), &site);
    let checked = checked.map_err(|errors| draw_all(&errors, Lang::En, false))?;
    let mut reserves = checked.quota.reserves;
    for reserve in &mut reserves {
        reserve.group.column = match reserve.group.name.as_str() {
            "decile" => DECILE,
            "village_kind" => KIND,
            "regency" => REGENCY,
            "village" => VILLAGE,
            "severe_difficulties" => SEVERE,
            other => return Err(format!("no row of a case has `{other}`")),
        };
    }
    Ok(Rules {
        unit,
        incumbents: checked.incumbents,
        level: checked.quota.level,
        seats: checked.quota.seats,
        only: checked.quota.only,
        reserves,
        unfilled: checked.quota.unfilled,
        ceiling: checked.ceiling,
        sub_keys: checked.sub_keys,
        seed: checked.seed,
    })
}

/// The ids 1 to `count` in the order of the lot.
fn by_lot(seed: &str, count: usize, from: u64) -> Vec<u64> {
    let key = order_key(seed);
    let mut ids: Vec<u64> = (from..from + count as u64).collect();
    ids.sort_by_key(|id| order_hash(&key, *id));
    ids
}

/// A line of a case's table, by the names in its first line.
type Line<'a> = BTreeMap<&'a str, &'a str>;

fn lines(table: &str) -> Vec<Line<'_>> {
    let mut lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let cells = |line| str::split(line, '|').map(str::trim).collect::<Vec<_>>();
    let names: Vec<&str> = cells(lines.next().unwrap());
    let known = [
        "row", "family", "lives in", "kind", "score", "rupiah", "decile", "disabled", "received", "age", "judged",
        "gets",
    ];
    for name in &names {
        assert!(known.contains(name), "no column `{name}`; there are {known:?}");
    }
    lines
        .map(|line| {
            let cells = cells(line);
            assert_eq!(cells.len(), names.len(), "as many cells as columns: {line}");
            names.iter().copied().zip(cells).filter(|(_, cell)| !cell.is_empty()).collect()
        })
        .collect()
}

fn number<T: std::str::FromStr>(line: &Line<'_>, name: &str) -> Option<T> {
    line.get(name).map(|cell| cell.parse().unwrap_or_else(|_| panic!("`{cell}` is no {name}: {line:?}")))
}

/// Where a family lives: `11.01`, or with district and village `11.01.02.2003`.
fn lives(line: &Line<'_>) -> (u16, u32) {
    let parts: Vec<u32> =
        line.get("lives in").unwrap_or(&"11.01").split('.').map(|part| part.parse().unwrap()).collect();
    let village = match parts.get(2..).unwrap_or_default() {
        [] => 0,
        [district @ 1..=2] => (district - 1) * 3,
        [district @ 1..=2, village @ 2001..=2003] => (district - 1) * 3 + village - 2001,
        _ => panic!("a regency has districts 01 and 02, each with villages 2001 to 2003: {line:?}"),
    };
    assert!((11..=13).contains(&parts[0]) && (1..=10).contains(&parts[1]), "regencies 11.01 to 13.10: {line:?}");
    (((parts[0] - 11) * 10 + parts[1] - 1) as u16, village)
}

fn row_of(line: &Line<'_>, id: u64) -> Row {
    let yes = |name: &str| match line.get(name) {
        None | Some(&"no") => false,
        Some(&"yes") => true,
        Some(other) => panic!("`{other}` is neither yes nor no: {line:?}"),
    };
    let (failed, unknown) = match line.get("judged").copied().unwrap_or("eligible") {
        "eligible" => (0, 0),
        "not eligible" => (1, 0),
        "refused" => (0, 1),
        "review" => (0, 4),
        other => panic!("nothing is judged `{other}`: {line:?}"),
    };
    let year = AS_OF.parse::<Date>().unwrap().civil().year();
    let born = |age: i16| Date::from_ymd(year - age, 1, 1).unwrap().0;
    Row {
        id,
        failed,
        unknown,
        score: number(line, "score").unwrap_or(0),
        amount: number(line, "rupiah").unwrap_or(100),
        previous: yes("received"),
        birth: number(line, "age").map(born),
        severe: u32::from(yes("disabled")),
    }
}

/// The name of each row by its id, and what it is to get.
type Wanted<'a> = BTreeMap<u64, (&'a str, &'a str)>;

/// The country of a case.
fn country<'a>(lines: &[Line<'a>], rules: &Rules) -> (Vec<Vec<Family>>, Wanted<'a>) {
    let mut names: Vec<&str> = Vec::new();
    for line in lines {
        let name = line.get("family").unwrap_or(&line["row"]);
        if !names.contains(name) {
            names.push(name);
        }
    }
    let (of_family, of_row) = (by_lot(&rules.seed, names.len(), 1), by_lot(&rules.seed, lines.len(), 1001));
    let (mut families, mut wanted) = (Vec::new(), BTreeMap::new());
    for (name, id) in names.iter().zip(of_family) {
        let own: Vec<(&Line<'_>, u64)> = lines
            .iter()
            .zip(&of_row)
            .filter(|(line, _)| line.get("family").unwrap_or(&line["row"]) == name)
            .map(|(line, row)| (line, if rules.unit == Unit::Family { id } else { *row }))
            .collect();
        let first = own[0].0;
        let (regency, village) = lives(first);
        let kind = first.get("kind").map(|kind| {
            let at = ["kelurahan", "desa", "desa_adat"].iter().position(|word| word == kind);
            at.unwrap_or_else(|| panic!("no kind of village `{kind}`")) as u8 + 1
        });
        let mut family =
            Family { regency, village, kind, decile: number(first, "decile"), weight: 1, ..Family::default() };
        for (line, id) in own {
            assert!(wanted.insert(id, (line["row"], line["gets"])).is_none(), "one row for each family: {name}");
            if rules.unit == Unit::Person {
                family.members.push(row_of(line, id));
                continue;
            }
            // whoever has the difficulty is a member of the family
            family.row = row_of(line, id);
            family.members.push(Row { id: id + 2000, severe: family.row.severe, ..Row::default() });
        }
        if rules.unit == Unit::Person {
            family.row.id = id;
        }
        families.push(family);
    }
    let mut partitions = vec![Vec::new(); 3];
    families.into_iter().for_each(|family| partitions[usize::from(family.regency / 10)].push(family));
    partitions.retain(|families| !families.is_empty());
    (partitions, wanted)
}

/// A fate in the words of a case.
fn told(fate: Fate, rules: &Rules) -> String {
    match (fate.status, fate.seat) {
        (status::NOT_ELIGIBLE, _) => "nothing".to_owned(),
        (status::REVIEW, _) => "review".to_owned(),
        (status::REFUSED_UNKNOWN, _) => "refused".to_owned(),
        (status::WAITING, _) => format!("waits {}", fate.place),
        (_, seat::GENERAL) => "general".to_owned(),
        (_, seat::FLOW) => "flowed".to_owned(),
        (_, kind) => rules.reserves[usize::from(kind - seat::RESERVE)].name.clone(),
    }
}

/// The lots in the words of a case: area and kind of seat, seats of those who stood for them.
fn lots(funnel: &Funnel, rules: &Rules) -> Vec<String> {
    let mut all = Vec::new();
    for area in &funnel.areas {
        let place = area.code.strip_prefix("kemendagri:").unwrap_or("nation");
        let mut add = |kind: &str, draw: Option<Draw>| {
            all.extend(draw.map(|draw| format!("{place} {kind}: {} of {}", draw.places, draw.candidates)));
        };
        add("general", area.draw);
        rules.reserves.iter().zip(&area.reserves).for_each(|(reserve, count)| add(&reserve.name, count.draw));
    }
    all
}

/// What differs between a case and what happens, or why the case cannot be read.
fn differs(case: &Case) -> Vec<String> {
    let unit = match case.unit.as_deref() {
        None | Some("family") => Unit::Family,
        Some("person") => Unit::Person,
        Some(other) => return vec![format!("no unit `{other}`")],
    };
    let rules = match rules_of(&case.rules, unit) {
        Ok(rules) => rules,
        Err(why) => return vec![why],
    };
    let scale = case.scale.as_deref().unwrap_or("1 of 1").split_once(" of ").unwrap();
    let scale = Ratio { holds: scale.0.parse().unwrap(), stands_for: scale.1.parse().unwrap() };
    let lines = lines(&case.rows);
    let (partitions, wanted) = country(&lines, &rules);
    let world = World::new(partitions, 3, 2);
    let (found, selection) = one(&world, &rules, scale, 2);
    let funnel = &selection.funnel;
    let mut out = Vec::new();
    for (id, (name, wanted)) in &wanted {
        let told = told(found[id], &rules);
        if told != *wanted {
            out.push(format!("{name} gets `{told}`, not `{wanted}`"));
        }
    }
    let mut same = |what: &str, wanted: String, now: String| {
        if wanted != now {
            out.push(format!("{what} = {now}, not {wanted}"));
        }
    };
    if let Some(seats) = &case.seats {
        let of = |area: &layak::selection::AreaCount| Some((area.code.clone(), area.seats.filter(|seats| *seats > 0)?));
        let now: BTreeMap<String, u64> = funnel.areas.iter().filter_map(of).collect();
        same("seats", format!("{seats:?}"), format!("{now:?}"));
    }
    // a case that names no lots says that there are none
    same("lots", format!("{:?}", case.lots.clone().unwrap_or_default()), format!("{:?}", lots(funnel, &rules)));
    same("held", case.held.unwrap_or(0).to_string(), funnel.incumbents.held.to_string());
    if let Some(cost) = case.cost {
        same("cost", cost.to_string(), funnel.cost_period.to_string());
    }
    if let Some(binds) = &case.binds {
        same("binds", binds.clone(), funnel.binds.name().to_owned());
    }
    if let Some(left) = case.left {
        same("left", left.to_string(), funnel.unfilled.to_string());
    }
    let said = naive::select(&world.partitions, &rules, scale, false);
    if said.fates != found {
        out.push("the second implementation says otherwise".to_owned());
    }
    out
}

#[test]
fn every_cut_gives_the_seats_that_are_written_down() {
    let folder = top().join("tests/selection/cuts");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut faults, mut count, mut names) = (Vec::new(), 0, std::collections::BTreeSet::new());
    for path in files {
        let cases: Cases =
            toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        for case in cases.case {
            count += 1;
            assert!(
                names.insert(case.name.clone()) && !case.law.is_empty(),
                "a name of its own and a law: {}",
                case.name
            );
            let differs = differs(&case).into_iter().map(|one| format!("  {one}"));
            let differs: Vec<String> = differs.collect();
            if !differs.is_empty() {
                faults.push(format!("{}: {}\n{}", path.file_name().unwrap().display(), case.name, differs.join("\n")));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(count >= 15, "{count} cases");
}
