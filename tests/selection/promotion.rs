//! Promotion: vacancies of an earlier run go to its waiting rows, in its order.

use std::collections::BTreeMap;

use layak::program::{AreaLevel, Base, Incumbents, Seats, Unfilled};
use layak::sandbox::Unit;
use layak::selection::{Earlier, Outcome, Place, list_of, seat, status};

use super::drawn::{Draw, draw};
use super::naive::Fate;
use super::world::{World, frame, make, program, promote};
use super::{FULL, fates, plain, reader};

fn earlier(world: &World, rules: &super::Rules) -> (BTreeMap<u64, Fate>, Earlier) {
    let (own, judge) = (program("first", rules, &[], &[]), reader(rules.unit));
    let frame = frame(30, FULL);
    let (outcomes, kept) = make(world, &frame, &[(&own, &judge)], BTreeMap::new(), 2);
    assert!(matches!(outcomes.unwrap().remove(0), Outcome::Done(_)));
    let selected = kept.selected.lock().unwrap().clone();
    let of = |place: Place| Ok(selected[&(0, place)].clone());
    let list = list_of(&own, world, &frame, &frame, &of).unwrap();
    (fates(world, &kept, 0, rules.unit), list)
}

/// Who left is replaced from the same area, in the earlier order, then as the quota says.
#[test]
fn vacancies_go_down_the_earlier_list() {
    let mut moved = 0;
    for seed in 0..60 {
        let mut random = Draw(seed);
        let mut rules = plain(AreaLevel::Regency, Seats::Total { total: 40, base: Base::Eligible });
        rules.unit = if seed % 2 == 0 { Unit::Family } else { Unit::Person };
        rules.incumbents = [Incumbents::Keep, Incumbents::None][random.below(2) as usize];
        rules.unfilled = [Unfilled::Stay, Unfilled::Flow][random.below(2) as usize];
        if seed % 3 == 0 {
            (rules.level, rules.unfilled) = (AreaLevel::National, Unfilled::Stay);
        }
        let world = World::new(draw(&mut random, 200), 16, 5);
        let (before, list) = earlier(&world, &rules);
        // some fail now, some fail no more, and scores are others
        let mut now = world.clone();
        for family in now.partitions.iter_mut().flatten() {
            for row in std::iter::once(&mut family.row).chain(&mut family.members) {
                row.score = random.below(9) as i64;
                (row.failed, row.unknown) = (u8::from(random.below(5) == 0), 0);
            }
        }
        let (own, judge) = (program("first", &rules, &[], &[]), reader(rules.unit));
        let (outcome, kept) = promote(&now, &frame(30, FULL), &own, &judge, &list);
        let Outcome::Done(selection) = outcome else { panic!("seed {seed}") };
        let after = fates(&now, &kept, 0, rules.unit);
        let eligible = |id: &u64| after[id].rank > 0;
        let count = selection.funnel.promotion.unwrap();
        let (mut last, mut stayed) = (0, 0);
        for (id, fate) in before.iter().filter(|(_, fate)| fate.status == status::RECIPIENT) {
            last += 1;
            stayed += u64::from(eligible(id));
            assert_eq!(after[id].status == status::RECIPIENT, eligible(id), "seed {seed}: {fate:?}");
        }
        assert_eq!((count.last, count.stayed, count.left), (last, stayed, last - stayed), "seed {seed}");
        // nobody comes who did not wait, and nobody is passed over by one behind in the same area
        let regency: BTreeMap<u64, u16> = now
            .partitions
            .iter()
            .flatten()
            .flat_map(|family| {
                let rows = std::iter::once(&family.row).chain(&family.members);
                rows.map(|row| (row.id, if rules.level == AreaLevel::National { 0 } else { family.regency }))
            })
            .collect();
        let mut first_waiting: BTreeMap<u16, u32> = BTreeMap::new();
        for (id, fate) in &before {
            if fate.status == status::WAITING && after[id].status == status::WAITING {
                let first = first_waiting.entry(regency[id]).or_insert(u32::MAX);
                *first = (*first).min(fate.rank);
            }
        }
        let mut promoted = 0;
        for (id, fate) in after.iter().filter(|(_, fate)| fate.status == status::RECIPIENT && fate.seat != seat::HELD) {
            promoted += 1;
            assert_eq!(before[id].status, status::WAITING, "seed {seed}: {fate:?}");
            assert!(before[id].rank < first_waiting.get(&regency[id]).copied().unwrap_or(u32::MAX), "seed {seed}");
        }
        assert_eq!(count.promoted, promoted, "seed {seed}");
        // the earlier order goes on: ranks of listed rows rise together
        let mut listed: Vec<(u32, u32)> = before
            .iter()
            .filter(|(id, fate)| fate.rank > 0 && eligible(id))
            .map(|(id, fate)| (fate.rank, after[id].rank))
            .collect();
        listed.sort_unstable();
        assert!(listed.windows(2).all(|pair| pair[0].1 < pair[1].1), "seed {seed}");
        assert_eq!(selection.funnel.luck.recipients, 0, "a promotion draws no lots");
        moved += promoted;
    }
    assert!(moved > 300, "vacancies are filled: {moved}");
}
