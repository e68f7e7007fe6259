//! Countries and rules drawn from a seed: ties, unknowns and limits on purpose.

use layak::columns::Entity;
use layak::program::{
    AreaLevel, Base, Ceiling, Group, GroupTest, Incumbents, Reserve, ReserveSeats, Seats, SubKey, Unfilled, VillageKind,
};
use layak::sandbox::Unit;
use layak::terms::Text;

use super::world::{DECILE, Family, KIND, LEVELS, REGENCY, Row, Rules, SEVERE, code_of};

/// Numbers that look random and are the same each time.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most.max(1)
    }
}

/// A country drawn from a seed: families, members, verdicts, ties on purpose.
pub(super) fn draw(draw: &mut Draw, families: u64) -> Vec<Vec<Family>> {
    let (provinces, scores) = (1 + draw.below(3), 1 + draw.below(6));
    let mut id = 1;
    let row = |draw: &mut Draw, id: &mut u64| {
        *id += 1 + draw.below(1000);
        let failed = if draw.below(3) == 0 { 1 << draw.below(4) } else { 0u8 };
        let unknown = if draw.below(4) == 0 { (1 << draw.below(4)) & !failed } else { 0u8 };
        Row {
            id: *id,
            failed,
            unknown,
            score: draw.below(scores) as i64 * 10 - 20,
            amount: 1000 * (1 + draw.below(4) as i64),
            previous: draw.below(4) == 0,
            birth: (draw.below(20) != 0).then(|| 20_000 - draw.below(30_000) as i32),
            severe: if draw.below(5) == 0 { 1 << draw.below(4) } else { 0 },
        }
    };
    (0..provinces)
        .map(|province| {
            (0..draw.below(families) + 1)
                .map(|_| Family {
                    row: row(draw, &mut id),
                    regency: (province * 10 + draw.below(4)) as u16,
                    village: draw.below(6) as u32,
                    weight: 1 + draw.below(5) as u32,
                    decile: (draw.below(10) != 0).then(|| draw.below(11) as u8),
                    kind: (draw.below(10) != 0).then(|| 1 + draw.below(3) as u8),
                    members: (0..draw.below(6)).map(|_| row(draw, &mut id)).collect(),
                })
                .collect()
        })
        .collect()
}

/// A group on any of the columns that a world has.
fn draw_group(draw: &mut Draw) -> Group {
    let group = |column, name: &str, entity, test| Group { column, name: name.to_owned(), entity, test };
    match draw.below(5) {
        0 => group(DECILE, "decile", Entity::Family, GroupTest::AtMost(draw.below(4) as i64)),
        1 => group(DECILE, "decile", Entity::Family, GroupTest::AtLeast(draw.below(10) as i64)),
        2 => group(KIND, "village_kind", Entity::Family, GroupTest::In(vec![1, 3])),
        3 => {
            let regencies = [draw.below(4) as u32, 10 + draw.below(4) as u32];
            let mut codes: Vec<String> = regencies.iter().map(|at| code_of(AreaLevel::Regency, *at)).collect();
            codes.extend((draw.below(3) == 0).then(|| code_of(AreaLevel::Province, 1)));
            group(REGENCY, "regency", Entity::Family, GroupTest::Regions(codes))
        }
        _ if draw.below(2) == 0 => group(SEVERE, "severe", Entity::Member, GroupTest::Yes(true)),
        _ => group(SEVERE, "severe", Entity::Member, GroupTest::In(vec![0, 2])),
    }
}

/// Rules drawn from a seed.
pub(super) fn draw_rules(draw: &mut Draw, rows: u64) -> Rules {
    let base = [Base::Eligible, Base::Registered, Base::D1D4][draw.below(3) as usize];
    let total = [0, 1, rows / 10, rows / 3, rows * 3][draw.below(5) as usize];
    let level = LEVELS[draw.below(4) as usize];
    let of_level = match level {
        AreaLevel::Province => 3,
        AreaLevel::Regency => 30,
        AreaLevel::District => 60,
        _ => 180,
    };
    let table = |draw: &mut Draw| {
        let most = rows * 4 / of_level + 2;
        Seats::Table((0..of_level as u32).map(|at| (code_of(level, at), draw.below(most))).collect())
    };
    let (level, seats) = match draw.below(6) {
        0 => (AreaLevel::National, Seats::Unlimited),
        1 | 2 => (AreaLevel::National, Seats::Total { total, base }),
        3 | 4 => (level, Seats::Total { total, base }),
        _ => (level, table(draw)),
    };
    let kinds = VillageKind::ALL.into_iter().filter(|_| draw.below(2) == 0).collect();
    let shared = level != AreaLevel::National && matches!(seats, Seats::Total { .. });
    let only = if shared { kinds } else { Vec::new() };
    let keys = [SubKey::FamilyLot, SubKey::AgeYoungest, SubKey::AgeOldest];
    let mut sub_keys: Vec<SubKey> = (0..draw.below(3)).map(|_| keys[draw.below(3) as usize]).collect();
    sub_keys.dedup();
    let number = |draw: &mut Draw| match draw.below(2) {
        0 => ReserveSeats::PerMille([10, 100, 333, 500, 1000][draw.below(5) as usize]),
        _ => ReserveSeats::Number(draw.below(rows / 20 + 3)),
    };
    let wanted = if seats == Seats::Unlimited || draw.below(2) == 0 { 0 } else { 1 + draw.below(3) };
    let reserve = |at: u64| Reserve {
        name: format!("reserve_{at}"),
        title: Text::default(),
        seats: number(draw),
        source: "assumed".to_owned(),
        group: draw_group(draw),
    };
    let reserves = (0..wanted).map(reserve).collect();
    let flow = level != AreaLevel::National && draw.below(2) == 0;
    Rules {
        unit: if draw.below(2) == 0 { Unit::Family } else { Unit::Person },
        incumbents: [Incumbents::Keep, Incumbents::Band(15), Incumbents::Band(10), Incumbents::None]
            [draw.below(4) as usize],
        level,
        seats,
        only,
        reserves,
        unfilled: if flow { Unfilled::Flow } else { Unfilled::Stay },
        ceiling: match draw.below(3) {
            0 => None,
            binding => Some(Ceiling { period: draw.below(rows * 1500 + 1) as i64, binding: binding == 1 }),
        },
        sub_keys,
        seed: format!("undian {}", draw.below(1000)),
    }
}
