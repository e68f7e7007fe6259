//! Laws of the selection on drawn countries: more seats only add recipients, regions add
//! to the nation, and nothing but the rows themselves decides.
//!
//! `LAYAK_LAWS=200 cargo test --release -p layak --test all laws`; without it 60
//! scenarios.

use layak::program::{Seats, Unfilled};
use layak::selection::{Selection, status};

use super::drawn::{Draw, draw, draw_rules};
use super::world::{Rules, World};
use super::{FULL, one};
use crate::laws::scenarios;

fn world(random: &mut Draw) -> (World, u64) {
    let partitions = draw(random, 300);
    let rows = partitions.iter().flatten().map(|family| 1 + family.members.len() as u64).sum();
    let (group, batch) = (1 + random.below(90) as usize, 1 + random.below(40) as usize);
    (World::new(partitions, group, batch), rows)
}

/// One more reading of the rules with more seats everywhere; `None` where the law does
/// not hold: shares of a total may lose a seat to another area, and a ceiling that binds
/// stops earlier at a dearer row.
fn with_more(rules: &Rules, random: &mut Draw) -> Option<Rules> {
    let mut more = rules.clone();
    match &mut more.seats {
        Seats::Total { total, .. } if rules.level == layak::program::AreaLevel::National => {
            *total += 1 + random.below(20);
        }
        Seats::Table(table) => table.values_mut().for_each(|seats| *seats += random.below(4)),
        _ => return None,
    }
    Some(more)
}

#[test]
fn more_seats_only_add_recipients() {
    let (mut held, mut added) = (0, 0);
    for seed in 0..scenarios(60) * 4 {
        let mut random = Draw(40_000 + seed);
        let (world, rows) = world(&mut random);
        let mut rules = draw_rules(&mut random, rows);
        rules.ceiling = None;
        // a reserve that grows may take the seat of a general one
        rules.reserves.clear();
        rules.unfilled = Unfilled::Stay;
        let Some(more) = with_more(&rules, &mut random) else { continue };
        let (before, _) = one(&world, &rules, FULL, 2);
        let (after, _) = one(&world, &more, FULL, 2);
        held += 1;
        for (id, fate) in &before {
            let (then, now) = (fate.status, after[id].status);
            assert_eq!(fate.rank, after[id].rank, "seed {seed}: the order is the same");
            assert!(then != status::RECIPIENT || now == status::RECIPIENT, "seed {seed}, row {id}: {rules:?}");
            added += usize::from(then != now);
            assert!(then == now || (then, now) == (status::WAITING, status::RECIPIENT), "seed {seed}, row {id}");
        }
    }
    assert!(held > scenarios(60) && added > 0, "{held} scenarios, {added} recipients more");
}

/// Everything counted per region adds to the nation's count.
fn adds_up(selection: &Selection, seed: u64) {
    let funnel = &selection.funnel;
    let sum = |of: &dyn Fn(&layak::selection::PartitionCount) -> i128| funnel.partitions.iter().map(of).sum::<i128>();
    let whole = [
        funnel.registered,
        funnel.failed,
        funnel.eligible,
        funnel.review,
        funnel.refused_unknown,
        funnel.recipients,
        funnel.waiting,
    ];
    let parts = [
        sum(&|part| part.registered.into()),
        sum(&|part| part.failed.into()),
        sum(&|part| part.eligible.into()),
        sum(&|part| part.review.into()),
        sum(&|part| part.refused_unknown.into()),
        sum(&|part| part.recipients.into()),
        sum(&|part| part.waiting.into()),
    ];
    assert_eq!(parts, whole.map(i128::from), "seed {seed}");
    assert_eq!(sum(&|part| part.cost_period.into()), i128::from(funnel.cost_period), "seed {seed}");
    let ways = funnel.failed + funnel.refused_unknown + funnel.review + funnel.eligible;
    assert_eq!(ways, funnel.judged, "seed {seed}: every row goes one way");
    assert_eq!(funnel.recipients + funnel.waiting, funnel.eligible, "seed {seed}");
}

#[test]
fn regions_add_to_the_nation() {
    for seed in 0..scenarios(60) {
        let mut random = Draw(50_000 + seed);
        let (world, rows) = world(&mut random);
        let rules = draw_rules(&mut random, rows);
        let (fates, selection) = one(&world, &rules, FULL, 2);
        adds_up(&selection, seed);
        // rupiah: the amounts of the recipients, one by one
        let paid: i64 = world
            .partitions
            .iter()
            .flatten()
            .flat_map(|family| std::iter::once(&family.row).chain(&family.members))
            .filter(|row| fates.get(&row.id).is_some_and(|fate| fate.status == status::RECIPIENT))
            .map(|row| row.amount)
            .sum();
        assert_eq!(paid, selection.funnel.cost_period, "seed {seed}");
    }
}
