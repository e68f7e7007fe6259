//! Order and cut a second time, as a reader of the design would write it: every
//! row in one list, plain sorting, plain loops.

use std::collections::BTreeMap;

use layak::program::{AreaLevel, Base, Incumbents, Ratio, Seats, SubKey, UnknownRule};
use layak::sandbox::Unit;
use layak::selection::{order_hash, order_key, status};
use layak::terms::Date;

use super::world::{AS_OF, Family, Row, Rules, UNKNOWNS};

/// What becomes of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fate {
    pub(super) status: u8,
    pub(super) rank: u32,
    pub(super) place: u32,
}

/// Those in no area of their own: no seats, and one waiting list per province.
const NOWHERE: u16 = u16::MAX;

struct Judged<'a> {
    row: &'a Row,
    family: &'a Family,
    status: u8,
}

fn judge(row: &Row) -> u8 {
    let unknown = |rule: UnknownRule| (0..UNKNOWNS.len()).any(|at| UNKNOWNS[at] == rule && row.unknown >> at & 1 == 1);
    if row.failed != 0 {
        status::NOT_ELIGIBLE
    } else if unknown(UnknownRule::Refuse) {
        status::REFUSED_UNKNOWN
    } else if unknown(UnknownRule::Review) {
        status::REVIEW
    } else {
        status::WAITING
    }
}

/// Compared left to right; smaller first.
fn key(rules: &Rules, judged: &Judged<'_>) -> Vec<i128> {
    let seed = order_key(&rules.seed);
    let as_of: Date = AS_OF.parse().unwrap();
    let previous = judged.row.previous;
    let mut key = vec![i128::from(!(rules.incumbents == Incumbents::Keep && previous))];
    let points = match rules.incumbents {
        Incumbents::Band(points) if previous => points,
        _ => 0,
    };
    key.push(-i128::from(judged.row.score + points));
    for sub in &rules.sub_keys {
        let age = judged.row.birth.map(|day| i128::from(Date(day).years_at(as_of)));
        key.push(match (sub, rules.unit) {
            (SubKey::FamilyLot, _) => i128::from(order_hash(&seed, judged.family.row.id)),
            (_, Unit::Family) => 0,
            (SubKey::AgeYoungest, Unit::Person) => age.unwrap_or(9999),
            (SubKey::AgeOldest, Unit::Person) => age.map_or(9999, |age| -age),
        });
    }
    key.push(i128::from(order_hash(&seed, judged.row.id)));
    key
}

fn shares(total: u64, weights: &BTreeMap<u16, u64>) -> BTreeMap<u16, u64> {
    let sum: u64 = weights.values().sum();
    if sum == 0 {
        return BTreeMap::new();
    }
    let mut seats: BTreeMap<u16, u64> = weights.iter().map(|(area, w)| (*area, total * w / sum)).collect();
    let mut left: Vec<(u64, u16)> = weights.iter().map(|(area, w)| (sum - total * w % sum, *area)).collect();
    left.sort_unstable();
    let missing = total - seats.values().sum::<u64>();
    for (_, area) in left.into_iter().take(missing as usize) {
        *seats.get_mut(&area).unwrap() += 1;
    }
    seats
}

/// A family in a village of a kind that the share-out is over.
fn shares_in(rules: &Rules, family: &Family) -> bool {
    let names = ["kelurahan", "desa", "desa_adat"];
    let named = |kind: u8| rules.only.iter().any(|only| only.word() == names[kind as usize - 1]);
    rules.only.is_empty() || family.kind.is_some_and(named)
}

fn seats(rules: &Rules, all: &[Judged<'_>], scale: Ratio) -> BTreeMap<u16, u64> {
    let scaled = |total: u64| total * scale.holds / scale.stands_for;
    match &rules.seats {
        Seats::Unlimited => BTreeMap::from([(0, u64::MAX)]),
        Seats::Total { total, .. } if rules.level == AreaLevel::National => BTreeMap::from([(0, scaled(*total))]),
        Seats::Total { total, base } => {
            let mut weights = BTreeMap::new();
            for judged in all.iter().filter(|judged| shares_in(rules, judged.family)) {
                let counts = match base {
                    Base::Registered => true,
                    Base::Eligible => judged.status == status::WAITING,
                    Base::D1D4 => matches!(judged.family.decile, Some(1..=4)),
                };
                *weights.entry(judged.family.regency).or_default() += u64::from(counts);
            }
            shares(scaled(*total), &weights)
        }
        Seats::Table(table) => {
            let area = |code: &str| {
                let (province, regency) = code.strip_prefix("kemendagri:").unwrap().split_once('.').unwrap();
                (province.parse::<u16>().unwrap() - 11) * 10 + regency.parse::<u16>().unwrap()
            };
            let table: BTreeMap<u16, u64> = table.iter().map(|(code, seats)| (area(code), *seats)).collect();
            shares(scaled(table.values().sum()), &table)
        }
    }
}

/// The fate of every row by id, and the rupiah paid.
pub(super) fn select(partitions: &[Vec<Family>], rules: &Rules, scale: Ratio) -> (BTreeMap<u64, Fate>, i64) {
    let mut all: Vec<Judged<'_>> = Vec::new();
    for family in partitions.iter().flatten() {
        let rows: Vec<&Row> = match rules.unit {
            Unit::Family => vec![&family.row],
            Unit::Person => family.members.iter().collect(),
        };
        all.extend(rows.into_iter().map(|row| Judged { row, family, status: judge(row) }));
    }
    let seats = seats(rules, &all, scale);
    let mut fates: BTreeMap<u64, Fate> =
        all.iter().map(|one| (one.row.id, Fate { status: one.status, ..Fate::default() })).collect();
    all.retain(|one| one.status == status::WAITING);
    all.sort_by_cached_key(|one| key(rules, one));
    let area = |one: &Judged<'_>| match rules.level {
        AreaLevel::National => 0,
        _ if shares_in(rules, one.family) => one.family.regency,
        _ => NOWHERE - one.family.regency / 10,
    };
    let mut taken: BTreeMap<u16, u64> = BTreeMap::new();
    let mut chosen = Vec::new();
    for (at, one) in all.iter().enumerate() {
        fates.get_mut(&one.row.id).unwrap().rank = at as u32 + 1;
        let taken = taken.entry(area(one)).or_default();
        if *taken < seats.get(&area(one)).copied().unwrap_or(0) {
            *taken += 1;
            chosen.push(one);
        }
    }
    let mut paid = 0;
    for one in chosen {
        let limit = rules.ceiling.filter(|ceiling| ceiling.binding);
        let limit = limit.map_or(i64::MAX, |c| (c.period as u64 * scale.holds / scale.stands_for) as i64);
        if paid + one.row.amount > limit {
            break;
        }
        paid += one.row.amount;
        fates.get_mut(&one.row.id).unwrap().status = status::RECIPIENT;
    }
    let mut waiting: BTreeMap<u16, u32> = BTreeMap::new();
    for one in &all {
        let fate = fates.get_mut(&one.row.id).unwrap();
        if fate.status == status::WAITING {
            let place = waiting.entry(area(one)).or_default();
            *place += 1;
            fate.place = *place;
        }
    }
    (fates, paid)
}
