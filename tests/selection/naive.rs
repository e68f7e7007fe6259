//! Order and cut a second time, as a reader of the design would write it: every
//! row in one list, plain sorting, plain loops.

use std::collections::BTreeMap;

use layak::program::{
    AreaLevel, Base, Group, GroupTest, Incumbents, Ratio, ReserveSeats, Seats, SubKey, Unfilled, UnknownRule,
};
use layak::sandbox::Unit;
use layak::selection::{order_hash, order_key, status};
use layak::terms::Date;

use super::world::{AS_OF, Family, Row, Rules, UNKNOWNS, area_of, code_of};

/// What becomes of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fate {
    pub(super) status: u8,
    pub(super) rank: u32,
    pub(super) place: u32,
    /// 1 general, 2 flowed, 16 and on by reserve.
    pub(super) seat: u8,
}

/// Those in no area of their own: no seats, and one waiting list per province.
const NOWHERE: u32 = u32::MAX;

struct Judged<'a> {
    row: &'a Row,
    family: &'a Family,
    status: u8,
}

/// What the second implementation says of a selection.
pub(super) struct Said {
    pub(super) fates: BTreeMap<u64, Fate>,
    pub(super) paid: i64,
    /// Incumbents whom an order without the rule would not have served.
    pub(super) held: u64,
    /// By area code: rows of equal standing at the cut of the general seats, seats among them.
    pub(super) draws: BTreeMap<String, (u64, u64)>,
    /// Rows served that a row of equal standing, area and kind of seat waits beside.
    pub(super) drawn: u64,
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

/// Compared left to right before any lot; smaller first.
fn standing(rules: &Rules, judged: &Judged<'_>) -> Vec<i128> {
    let previous = judged.row.previous;
    let points = match rules.incumbents {
        Incumbents::Band(points) if previous => points,
        _ => 0,
    };
    let mut key =
        vec![i128::from(!(rules.incumbents == Incumbents::Keep && previous)), -i128::from(judged.row.score + points)];
    for sub in rules.sub_keys.iter().take_while(|sub| **sub != SubKey::FamilyLot) {
        key.push(age(rules, judged, *sub));
    }
    key
}

fn age(rules: &Rules, judged: &Judged<'_>, sub: SubKey) -> i128 {
    let as_of: Date = AS_OF.parse().unwrap();
    let age = judged.row.birth.map(|day| i128::from(Date(day).years_at(as_of)));
    match (sub, rules.unit) {
        (_, Unit::Family) => 0,
        (SubKey::AgeOldest, Unit::Person) => age.map_or(9999, |age| -age),
        (_, Unit::Person) => age.unwrap_or(9999),
    }
}

/// The whole order; smaller first.
fn key(rules: &Rules, judged: &Judged<'_>) -> Vec<i128> {
    let seed = order_key(&rules.seed);
    let mut key = standing(rules, judged);
    for sub in rules.sub_keys.iter().skip_while(|sub| **sub != SubKey::FamilyLot) {
        key.push(match sub {
            SubKey::FamilyLot => i128::from(order_hash(&seed, judged.family.row.id)),
            sub => age(rules, judged, *sub),
        });
    }
    key.push(i128::from(order_hash(&seed, judged.row.id)));
    key
}

fn shares(total: u64, weights: &BTreeMap<u32, u64>) -> BTreeMap<u32, u64> {
    let sum: u64 = weights.values().sum();
    if sum == 0 {
        return BTreeMap::new();
    }
    let mut seats: BTreeMap<u32, u64> = weights.iter().map(|(area, w)| (*area, total * w / sum)).collect();
    let mut left: Vec<(u64, u32)> = weights.iter().map(|(area, w)| (sum - total * w % sum, *area)).collect();
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

/// One more than this many areas of a level are enough for every world.
const AREAS: u32 = 200;

fn seats(rules: &Rules, all: &[Judged<'_>], scale: Ratio, weight: &dyn Fn(&Family) -> u64) -> BTreeMap<u32, u64> {
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
                *weights.entry(area_of(rules.level, judged.family)).or_default() +=
                    u64::from(counts) * weight(judged.family);
            }
            shares(scaled(*total), &weights)
        }
        Seats::Table(table) => {
            let by_code = (0..AREAS).filter_map(|at| Some((at, *table.get(&code_of(rules.level, at))?)));
            let table: BTreeMap<u32, u64> = by_code.collect();
            shares(scaled(table.values().sum()), &table)
        }
    }
}

fn in_group(group: &Group, rules: &Rules, one: &Judged<'_>) -> bool {
    let severe = |row: &Row| match &group.test {
        GroupTest::Yes(_) => row.severe != 0,
        GroupTest::In(codes) => codes.iter().any(|code| row.severe >> code & 1 == 1),
        _ => unreachable!(),
    };
    match (group.name.as_str(), &group.test) {
        ("decile", GroupTest::AtMost(most)) => one.family.decile.is_some_and(|d| i64::from(d) <= *most),
        ("decile", GroupTest::AtLeast(least)) => one.family.decile.is_some_and(|d| i64::from(d) >= *least),
        ("village_kind", _) => matches!(one.family.kind, Some(1 | 3)),
        ("regency", GroupTest::Regions(codes)) => [AreaLevel::Province, AreaLevel::Regency]
            .iter()
            .any(|level| codes.contains(&code_of(*level, area_of(*level, one.family)))),
        _ if rules.unit == Unit::Person => severe(one.row),
        _ => one.family.members.iter().any(severe),
    }
}

/// Serves the best of `rows` that have no seat yet and are admitted, until one does not fit.
fn serve(rows: &[usize], got: &mut [u8], left: &mut u64, code: u8, weight: &[u64], admits: &dyn Fn(usize) -> bool) {
    for at in rows {
        if got[*at] == 0 && admits(*at) {
            if weight[*at] > *left {
                return;
            }
            got[*at] = code;
            *left -= weight[*at];
        }
    }
}

/// Seats to the rows of one order, before any ceiling: the kind of seat of each.
fn fill(rules: &Rules, order: &[&Judged<'_>], seats: &BTreeMap<u32, u64>, scale: Ratio, weight: &[u64]) -> Vec<u8> {
    let mut got = vec![0u8; order.len()];
    let inside = |at: usize| shares_in(rules, order[at].family);
    let rows_of = |level: AreaLevel, area: u32| -> Vec<usize> {
        (0..order.len()).filter(|at| inside(*at) && area_of(level, order[*at].family) == area).collect()
    };
    let mut rest: BTreeMap<u32, u64> = BTreeMap::new();
    for (area, seats) in seats {
        let rows = rows_of(rules.level, *area);
        let mut left = *seats;
        for (at, reserve) in rules.reserves.iter().enumerate() {
            let wanted = match reserve.seats {
                ReserveSeats::PerMille(share) => (u128::from(*seats) * u128::from(share) / 1000) as u64,
                ReserveSeats::Number(number) => number * scale.holds / scale.stands_for,
            };
            // what others before it have not reserved
            let before: u64 = rules.reserves[..at]
                .iter()
                .map(|earlier| match earlier.seats {
                    ReserveSeats::PerMille(share) => (u128::from(*seats) * u128::from(share) / 1000) as u64,
                    ReserveSeats::Number(number) => number * scale.holds / scale.stands_for,
                })
                .sum();
            let own = wanted.min(seats.saturating_sub(before));
            let mut reserved = own;
            let admits = |row: usize| in_group(&reserve.group, rules, order[row]);
            serve(&rows, &mut got, &mut reserved, 16 + at as u8, weight, &admits);
            left -= own - reserved;
        }
        serve(&rows, &mut got, &mut left, 1, weight, &|_| true);
        rest.insert(*area, left);
    }
    if rules.unfilled == Unfilled::Flow {
        let levels =
            [AreaLevel::Village, AreaLevel::District, AreaLevel::Regency, AreaLevel::Province, AreaLevel::National];
        let up = |level: AreaLevel, area: u32| match level {
            AreaLevel::Village => area / 3,
            AreaLevel::District => area / 2,
            AreaLevel::Regency => area / 10,
            _ => 0,
        };
        let first = levels.iter().position(|level| *level == rules.level).unwrap();
        for pair in levels[first..].windows(2) {
            let mut pool: BTreeMap<u32, u64> = BTreeMap::new();
            for (area, left) in &rest {
                *pool.entry(up(pair[0], *area)).or_default() += left;
            }
            for (area, left) in &mut pool {
                serve(&rows_of(pair[1], *area), &mut got, left, 2, weight, &|_| true);
            }
            rest = pool;
        }
    }
    got
}

/// Cuts at the ceiling, down the order; gives the rupiah paid.
fn pay(rules: &Rules, order: &[&Judged<'_>], got: &mut [u8], scale: Ratio, weight: &[u64]) -> i64 {
    let limit = rules.ceiling.filter(|ceiling| ceiling.binding);
    let limit = limit.map_or(i64::MAX, |c| (c.period as u64 * scale.holds / scale.stands_for) as i64);
    let (mut paid, mut open) = (0, true);
    for (at, one) in order.iter().enumerate() {
        if got[at] == 0 {
            continue;
        }
        open &= paid + one.row.amount * weight[at] as i64 <= limit;
        if open {
            paid += one.row.amount * weight[at] as i64;
        } else {
            got[at] = 0;
        }
    }
    paid
}

/// The fate of every row by id, the rupiah paid, and what lot and incumbency did.
pub(super) fn select(partitions: &[Vec<Family>], rules: &Rules, scale: Ratio, weighted: bool) -> Said {
    let weight_of = |family: &Family| if weighted { u64::from(family.weight) } else { 1 };
    let mut all: Vec<Judged<'_>> = Vec::new();
    for family in partitions.iter().flatten() {
        let rows: Vec<&Row> = match rules.unit {
            Unit::Family => vec![&family.row],
            Unit::Person => family.members.iter().collect(),
        };
        all.extend(rows.into_iter().map(|row| Judged { row, family, status: judge(row) }));
    }
    let seats = seats(rules, &all, scale, &weight_of);
    let mut fates: BTreeMap<u64, Fate> =
        all.iter().map(|one| (one.row.id, Fate { status: one.status, ..Fate::default() })).collect();
    let cut = |rules: &Rules| {
        let mut order: Vec<&Judged<'_>> = all.iter().filter(|one| one.status == status::WAITING).collect();
        order.sort_by_cached_key(|one| key(rules, one));
        let weight: Vec<u64> = order.iter().map(|one| weight_of(one.family)).collect();
        let mut got = fill(rules, &order, &seats, scale, &weight);
        let paid = pay(rules, &order, &mut got, scale, &weight);
        (order, got, paid)
    };
    let (order, got, paid) = cut(rules);
    let (fresh, given, _) = cut(&Rules { incumbents: Incumbents::None, ..rules.clone() });
    let given: Vec<u64> = fresh.iter().zip(given).filter(|(_, kind)| *kind != 0).map(|(one, _)| one.row.id).collect();
    let area = |one: &Judged<'_>| match rules.level {
        AreaLevel::National => 0,
        level if shares_in(rules, one.family) => area_of(level, one.family),
        _ => NOWHERE - u32::from(one.family.regency) / 10,
    };
    let (mut waiting, mut held): (BTreeMap<u32, u32>, u64) = (BTreeMap::new(), 0);
    for (at, (one, kind)) in order.iter().zip(&got).enumerate() {
        let fate = fates.get_mut(&one.row.id).unwrap();
        (fate.rank, fate.seat) = (at as u32 + 1, *kind);
        if *kind == 0 {
            let place = waiting.entry(area(one)).or_default();
            *place += 1;
            fate.place = *place;
        } else {
            fate.status = status::RECIPIENT;
            held += u64::from(one.row.previous && !given.contains(&one.row.id));
        }
    }
    let (draws, drawn) = luck(rules, &order, &got, &area);
    Said { fates, paid, held, draws, drawn }
}

/// Groups of one area, standing and kind of seat in which some were served and some wait.
fn luck(
    rules: &Rules,
    order: &[&Judged<'_>],
    got: &[u8],
    area: &dyn Fn(&Judged<'_>) -> u32,
) -> (BTreeMap<String, (u64, u64)>, u64) {
    let (mut draws, mut drawn) = (BTreeMap::new(), 0);
    let mut groups: BTreeMap<(u32, Vec<i128>), Vec<usize>> = BTreeMap::new();
    for (at, one) in order.iter().enumerate() {
        groups.entry((area(one), standing(rules, one))).or_default().push(at);
    }
    for ((area, _), rows) in groups {
        let waits: Vec<usize> = rows.iter().copied().filter(|at| got[*at] == 0).collect();
        for code in std::iter::once(1).chain((16..).take(rules.reserves.len())) {
            let served = rows.iter().filter(|at| got[**at] == code || (code == 1 && got[**at] == 2)).count() as u64;
            let candidates = waits
                .iter()
                .filter(|at| code == 1 || in_group(&rules.reserves[usize::from(code) - 16].group, rules, order[**at]));
            let waiting = candidates.count() as u64;
            if served > 0 && waiting > 0 {
                drawn += served;
                if code == 1 {
                    draws.insert(code_of(rules.level, area), (served + waiting, served));
                }
            }
        }
    }
    (draws, drawn)
}
