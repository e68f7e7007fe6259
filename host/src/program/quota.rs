//! Seats: what a rule file says, and the arithmetic of scaling and sharing out.
//!
//! Takes `[quota]`; gives `Quota` with areas as region codes in canonical form.
//! The arithmetic is whole-number only (128 bits inside) and says itself who
//! gets the last seat: equal remainders go to the lower area code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::columns::regions::Regions;
use crate::error::{Error, Fault};
use crate::say;
use crate::terms::{Period, RegionCode, RegionSystem, Text};

use super::check::Site;
use super::dated;
use super::page::{At, Node, Page, Table, get};
use super::reserve;
use super::written::{self, QuotaTable};
use super::{AreaLevel, Base, Quota, Seats, Unfilled, VillageKind};

/// Most seats that a rule file may state: more than people in the country.
pub const MOST_SEATS: i64 = 1_000_000_000;

/// A snapshot's scale: it holds `holds` families and stands for `stands_for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// Families held.
    pub holds: u64,
    /// Families in the country.
    pub stands_for: u64,
}

/// A single total shrunk with the snapshot's scale; rounds down.
/// A scale of nothing is taken as one to one.
#[must_use]
pub fn scale_total(total: u64, scale: Ratio) -> u64 {
    if scale.stands_for == 0 {
        return total;
    }
    let scaled = u128::from(total) * u128::from(scale.holds) / u128::from(scale.stands_for);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Shares out `total` by `weights` (largest remainder): each area gets the whole
/// part of its share, the seats left go to the largest remainders, equal
/// remainders to the lower area code. Without any weight nobody gets a seat.
#[must_use]
pub fn largest_remainder<K: Ord + Clone>(total: u64, weights: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
    let sum: u128 = weights.values().map(|w| u128::from(*w)).sum();
    if sum == 0 {
        return weights.keys().map(|key| (key.clone(), 0)).collect();
    }
    let mut seats = BTreeMap::new();
    let mut remainders = Vec::with_capacity(weights.len());
    let mut given: u128 = 0;
    for (key, weight) in weights {
        // both factors are below 2^64
        let share = u128::from(total) * u128::from(*weight);
        given += share / sum;
        seats.insert(key.clone(), u64::try_from(share / sum).unwrap_or(u64::MAX));
        remainders.push((share % sum, key));
    }
    // stable: keys of equal remainders stay in their order
    remainders.sort_by_key(|(remainder, _)| std::cmp::Reverse(*remainder));
    let left = usize::try_from(u128::from(total) - given).unwrap_or(0);
    for (_, key) in remainders.into_iter().take(left) {
        if let Some(seat) = seats.get_mut(key) {
            *seat += 1;
        }
    }
    seats
}

/// A table of seats shrunk with the snapshot's scale: the sum rounds down, the
/// areas by largest remainder.
#[must_use]
pub fn scale_table<K: Ord + Clone>(table: &BTreeMap<K, u64>, scale: Ratio) -> BTreeMap<K, u64> {
    largest_remainder(scale_total(table.values().sum(), scale), table)
}

/// Reads `[quota]`; gives the quota and the text of each table file (for the rule hash).
pub(super) fn check(
    page: &mut Page,
    root: &Table,
    id: &str,
    site: &Site<'_>,
) -> (Option<Quota>, Vec<(String, String)>) {
    let (regions, period) = (site.regions, site.period);
    let mut files = Vec::new();
    let Some(node) = get(root, "quota") else { return (None, files) };
    let Some(table) = page.table("quota", node) else { return (None, files) };
    written::shape::<QuotaTable>(page, "quota", table, &node.span);
    let Some(level) = get(table, "level").and_then(|node| level(page, node)) else { return (None, files) };
    let base = get(table, "base").map(|node| (node, base(page, node)));
    let ways: Vec<&(At<String>, At<Node>)> = table
        .iter()
        .filter(|(key, _)| ["total", "areas", "table", "unlimited"].contains(&key.value.as_str()))
        .collect();
    let [(key, value)] = ways.as_slice() else {
        let message = Text::new(
            "`quota` memerlukan tepat satu dari `total`, `areas`, `table`, `unlimited`",
            "`quota` needs exactly one of `total`, `areas`, `table`, `unlimited`",
        );
        let span = ways.get(1).map_or(node.span.clone(), |(key, _)| key.span.clone());
        page.note(&span, message);
        return (None, files);
    };
    let way = key.value.as_str();
    let shared = way == "total" && level != AreaLevel::National;
    match &base {
        None if shared => {
            page.note_fix(
                &key.span,
                Text::new(
                    "`total` di bawah tingkat nasional memerlukan `base`",
                    "`total` below the national level needs `base`",
                ),
                Text::new(
                    "tulis base = \"d1_d4\", \"eligible\" atau \"registered\"",
                    "write base = \"d1_d4\", \"eligible\" or \"registered\"",
                ),
            );
        }
        Some((node, _)) if !shared => {
            let message = Text::new(
                "`base` hanya berlaku untuk `total` di bawah tingkat nasional",
                "`base` only goes with a `total` below the national level",
            );
            page.note(&node.span, message);
        }
        _ => {}
    }
    if level == AreaLevel::National && matches!(way, "areas" | "table") {
        page.note(&key.span, say!("kuota nasional tidak punya `{way}`", "a national quota has no `{way}`"));
        return (None, files);
    }
    let only = get(table, "only").map(|node| only(page, node, shared)).unwrap_or_default();
    let base = base.and_then(|(_, base)| base).unwrap_or(Base::Registered);
    let seats = match way {
        "total" => total(page, key, value, period).map(|total| Seats::Total { total, base }),
        "areas" => areas(page, key, value, level, regions, period).map(Seats::Table),
        "table" => tables(page, key, value, (level, regions, period), &mut files).map(Seats::Table),
        _ => unlimited(page, value),
    };
    let reserves = reserve::check(page, table, id, site);
    let unfilled = unfilled(page, table, level, way);
    let unlimited = way == "unlimited";
    if unlimited && let Some((key, _)) = table.iter().find(|(key, _)| key.value == "reserve") {
        page.note(
            &key.span,
            Text::new(
                "tanpa batas kursi tidak ada yang dapat dicadangkan",
                "without a limit of seats there is nothing to reserve",
            ),
        );
    }
    (seats.zip(reserves).map(|(seats, reserves)| Quota { level, seats, only, reserves, unfilled }), files)
}

/// What becomes of seats that an area cannot fill.
fn unfilled(page: &mut Page, table: &Table, level: AreaLevel, way: &str) -> Unfilled {
    let Some(node) = get(table, "unfilled") else { return Unfilled::Stay };
    let word = page.word("unfilled", node, &[("stay", Unfilled::Stay), ("flow", Unfilled::Flow)]);
    if word == Some(Unfilled::Flow) && (level == AreaLevel::National || way == "unlimited") {
        page.note_fix(
            &node.span,
            Text::new(
                "kuota nasional atau tanpa batas tidak punya wilayah di atasnya",
                "a national or unlimited quota has no area above it",
            ),
            Text::new("hapus `unfilled`, atau pilih tingkat di bawahnya", "remove `unfilled`, or choose a lower level"),
        );
    }
    word.unwrap_or_default()
}

fn unlimited(page: &mut Page, value: &At<Node>) -> Option<Seats> {
    if page.flag("unlimited", value)? {
        return Some(Seats::Unlimited);
    }
    page.note(
        &value.span,
        Text::new("`unlimited = false` tidak menyebut kuota", "`unlimited = false` states no quota"),
    );
    None
}

fn level(page: &mut Page, node: &At<Node>) -> Option<AreaLevel> {
    let words = [
        ("national", AreaLevel::National),
        ("province", AreaLevel::Province),
        ("regency", AreaLevel::Regency),
        ("district", AreaLevel::District),
        ("village", AreaLevel::Village),
    ];
    page.word("level", node, &words)
}

fn base(page: &mut Page, node: &At<Node>) -> Option<Base> {
    page.word("base", node, &[("d1_d4", Base::D1D4), ("eligible", Base::Eligible), ("registered", Base::Registered)])
}

/// The kinds of village that the total is shared out over.
fn only(page: &mut Page, node: &At<Node>, shared: bool) -> Vec<VillageKind> {
    if !shared {
        let message = Text::new(
            "`only` hanya berlaku untuk `total` di bawah tingkat nasional",
            "`only` only goes with a `total` below the national level",
        );
        page.note(&node.span, message);
    }
    let words = VillageKind::ALL.map(|kind| (kind.word(), kind));
    let mut kinds = Vec::new();
    let items = page.list("only", node).unwrap_or_default();
    for item in items {
        let Some(kind) = page.word("only", item, &words) else { continue };
        if kinds.contains(&kind) {
            let word = kind.word();
            page.note(&item.span, say!("`{word}` ditulis dua kali di `only`", "`{word}` is written twice in `only`"));
        }
        kinds.push(kind);
    }
    if matches!(&node.value, Node::List(items) if items.is_empty()) {
        page.note_fix(
            &node.span,
            Text::new("`only` tidak menyebut jenis desa", "`only` names no kind of village"),
            Text::new("hapus `only`: tanpanya semua jenis ikut", "remove `only`: without it all kinds share"),
        );
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn total(page: &mut Page, key: &At<String>, node: &At<Node>, period: Period) -> Option<u64> {
    let dated = dated::read(page, key, node, |page, node| page.integer("total", node, 0, MOST_SEATS));
    let line = dated.in_force(page, period)?;
    u64::try_from(line.value.value.value).ok()
}

fn areas(
    page: &mut Page,
    key: &At<String>,
    node: &At<Node>,
    level: AreaLevel,
    regions: &Regions,
    period: Period,
) -> Option<BTreeMap<String, u64>> {
    let dated = dated::read(page, key, node, |page, node| {
        let mut seats = BTreeMap::new();
        for (code, node) in page.table("areas", node)?.clone() {
            let count = page.integer(&code.value, &node, 0, MOST_SEATS);
            match area(&code.value, level, regions) {
                Err((message, fix)) => page.note(&code.span, message).fix = fix,
                Ok(area) => {
                    let count = count.and_then(|count| u64::try_from(count.value).ok()).unwrap_or(0);
                    if seats.insert(area, count).is_some() {
                        let name = &code.value;
                        page.note(
                            &code.span,
                            say!("wilayah `{name}` ditulis dua kali", "the region `{name}` is written twice"),
                        );
                    }
                }
            }
        }
        Some(seats)
    });
    dated.in_force(page, period).map(|line| line.value.value.clone())
}

/// A region code in canonical form (regencies and provinces by Kemendagri code),
/// or what is wrong with it and how to fix it.
pub(super) fn area(written: &str, level: AreaLevel, regions: &Regions) -> Result<String, (Text, Option<Text>)> {
    let code: RegionCode = written.parse().map_err(|message| (message, None))?;
    let digits: String = code.code.chars().filter(char::is_ascii_digit).collect();
    let wanted = match level {
        AreaLevel::National => 0,
        AreaLevel::Province => 2,
        AreaLevel::Regency => 4,
        AreaLevel::District => {
            if code.system == RegionSystem::Bps {
                7
            } else {
                6
            }
        }
        AreaLevel::Village => 10,
    };
    let dots = match (code.system, wanted) {
        (RegionSystem::Bps, _) | (_, 0 | 2) => 0,
        (_, 4) => 1,
        (_, 6) => 2,
        _ => 3,
    };
    if digits.len() != wanted || code.code.matches('.').count() != dots {
        let message =
            say!("`{written}` bukan kode untuk tingkat kuota ini", "`{written}` is not a code of the quota's level");
        return Err((message, Some(example(level))));
    }
    let unknown = || {
        let near = nearest(&code, level, regions);
        (say!("wilayah `{written}` tidak dikenal", "unknown region `{written}`"), near)
    };
    let regency = |digits: &str| {
        let kemendagri = || Some(format!("{}.{}", digits.get(..2)?, digits.get(2..4)?));
        match code.system {
            RegionSystem::Kemendagri => regions.regency(&kemendagri()?),
            RegionSystem::Bps => regions.regency_by_bps(digits.get(..4)?),
        }
    };
    match level {
        AreaLevel::National => Err(unknown()),
        AreaLevel::Province => {
            let own = |p: &&crate::columns::regions::Province| match code.system {
                RegionSystem::Kemendagri => p.kemendagri == digits,
                RegionSystem::Bps => p.bps == digits,
            };
            regions.provinces().iter().find(own).map(|p| format!("kemendagri:{}", p.kemendagri)).ok_or_else(unknown)
        }
        AreaLevel::Regency => {
            let found = regency(&digits).and_then(|at| regions.regencies().get(at));
            found.map(|r| format!("kemendagri:{}", r.kemendagri)).ok_or_else(unknown)
        }
        // villages have no table of their own: the regency must be known, the rest is the source's
        AreaLevel::District | AreaLevel::Village => regency(&digits).map(|_| code.to_string()).ok_or_else(unknown),
    }
}

fn example(level: AreaLevel) -> Text {
    let code = match level {
        AreaLevel::National | AreaLevel::Province => "kemendagri:35",
        AreaLevel::Regency => "kemendagri:35.78",
        AreaLevel::District => "kemendagri:35.78.01 / bps:3578010",
        AreaLevel::Village => "kemendagri:35.78.01.1001 / bps:3578010001",
    };
    say!("tulis seperti `{code}`", "write it like `{code}`")
}

fn nearest(code: &RegionCode, level: AreaLevel, regions: &Regions) -> Option<Text> {
    if code.system != RegionSystem::Kemendagri || !matches!(level, AreaLevel::Province | AreaLevel::Regency) {
        return None;
    }
    let known: BTreeSet<&str> = if level == AreaLevel::Province {
        regions.provinces().iter().map(|p| p.kemendagri.as_str()).collect()
    } else {
        regions.regencies().iter().map(|r| r.kemendagri.as_str()).collect()
    };
    let near = known.into_iter().min_by_key(|k| strsim::damerau_levenshtein(k, &code.code))?;
    Some(say!("maksudnya `kemendagri:{near}`?", "did you mean `kemendagri:{near}`?"))
}

fn tables(
    page: &mut Page,
    key: &At<String>,
    node: &At<Node>,
    (level, regions, period): (AreaLevel, &Regions, Period),
    files: &mut Vec<(String, String)>,
) -> Option<BTreeMap<String, u64>> {
    let folder = page.path().parent().map(Path::to_path_buf).unwrap_or_default();
    let dated = dated::read(page, key, node, |page, node| {
        let name = page.filled("table", node)?;
        let inside = !name.value.starts_with('/') && !name.value.split('/').any(|part| part == "..");
        if !inside {
            page.note(
                &name.span,
                Text::new("tabel harus di dalam folder berkas aturan", "a table must lie in the rule file's folder"),
            );
            return None;
        }
        let path = folder.join(&name.value);
        match std::fs::read_to_string(&path) {
            Err(cause) => {
                let shown = path.display();
                page.note(&name.span, say!("tabel `{shown}` tidak dapat dibaca", "cannot read the table `{shown}`"))
                    .cause = Some(cause.to_string());
                None
            }
            Ok(text) => {
                let seats = table(page, &path, &text, level, regions);
                files.push((name.value, text));
                Some(seats)
            }
        }
    });
    dated.in_force(page, period).map(|line| line.value.value.clone())
}

/// The rows of a quota table; problems name its line.
fn table(page: &mut Page, path: &Path, text: &str, level: AreaLevel, regions: &Regions) -> BTreeMap<String, u64> {
    let mut seats = BTreeMap::new();
    let mut offset = 0;
    for (number, line) in text.split('\n').enumerate() {
        let span = offset..offset + line.len();
        offset += line.len() + 1;
        let row = line.trim_end_matches('\r');
        let wrong = |message: Text| Error::new(Fault::Rules, message).file(path).at(text, span.clone());
        if number == 0 {
            if row.trim_start_matches('\u{feff}') != "region,seats" {
                page.add(wrong(Text::new(
                    "baris pertama harus `region,seats`",
                    "the first line must be `region,seats`",
                )));
                return seats;
            }
            continue;
        }
        if row.is_empty() {
            continue;
        }
        let Some((code, count)) = row.split_once(',') else {
            page.add(wrong(Text::new("baris tanpa koma", "a line without a comma")));
            continue;
        };
        let Some(count) = count.trim().parse::<u64>().ok().filter(|n| i64::try_from(*n).is_ok_and(|n| n <= MOST_SEATS))
        else {
            page.add(wrong(say!("`{count}` bukan jumlah kuota", "`{count}` is not a number of seats")));
            continue;
        };
        match area(code.trim(), level, regions) {
            Err((message, fix)) => page.add(wrong(message)).fix = fix,
            Ok(area) => {
                if seats.insert(area, count).is_some() {
                    page.add(wrong(say!("wilayah `{code}` ditulis dua kali", "the region `{code}` is written twice")));
                }
            }
        }
    }
    seats
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;
