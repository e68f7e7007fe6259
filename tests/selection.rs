//! Selection: the same as a naive second implementation; the same bytes for any
//! order of rows, batch size and number of threads; failures stay alone.

mod cuts;
mod drawn;
mod laws;
mod naive;
mod promotion;
mod world;

use std::collections::BTreeMap;

use layak::error::Fault;
use layak::program::{AreaLevel, Base, Ceiling, Incumbents, Ratio, Seats, SubKey, Unfilled, VillageKind};
use layak::sandbox::Unit;
use layak::selection::{Binds, Depth, Outcome, Selection, status};

use drawn::{Draw, draw, draw_rules};
use naive::Fate;
use world::{Family, Kept, RECEIVES, Reader, Row, Rules, World, frame, make, program};

const FULL: Ratio = Ratio { holds: 1, stands_for: 1 };

fn reader(unit: Unit) -> Reader {
    Reader { unit, breaks: |_| false, not_with: None }
}

/// What became of every row of program 0, by id.
fn fates(world: &World, kept: &Kept, at: usize, unit: Unit) -> BTreeMap<u64, Fate> {
    let selected = kept.selected.lock().unwrap();
    let mut all = BTreeMap::new();
    for (partition, families) in world.partitions.iter().enumerate() {
        for (group, families) in families.chunks(world.group).enumerate() {
            let ids: Vec<u64> = match unit {
                Unit::Family => families.iter().map(|family| family.row.id).collect(),
                Unit::Person => families.iter().flat_map(|family| &family.members).map(|row| row.id).collect(),
            };
            let rows = &selected[&(at, layak::selection::Place { partition, group })];
            assert_eq!(ids.len(), rows.status.len());
            for (row, id) in ids.into_iter().enumerate() {
                all.insert(
                    id,
                    Fate {
                        status: rows.status[row],
                        rank: rows.rank[row],
                        place: rows.place[row],
                        seat: rows.seat[row],
                    },
                );
            }
        }
    }
    all
}

fn one(world: &World, rules: &Rules, scale: Ratio, threads: usize) -> (BTreeMap<u64, Fate>, Selection) {
    let own = program("first", rules, &[], &[]);
    let judge = reader(rules.unit);
    let (outcomes, kept) = make(world, &frame(30, scale), &[(&own, &judge)], BTreeMap::new(), threads);
    match outcomes.unwrap().remove(0) {
        Outcome::Done(selection) => (fates(world, &kept, 0, rules.unit), *selection),
        other => panic!("{other:?}"),
    }
}

fn shuffle<T>(rows: &mut [T], draw: &mut Draw) {
    for at in (1..rows.len()).rev() {
        rows.swap(at, draw.below(at as u64 + 1) as usize);
    }
}

#[test]
fn the_same_as_a_naive_second_implementation() {
    let mut met = BTreeMap::<&str, usize>::new();
    for seed in 0..600 {
        let mut random = Draw(seed);
        let families = [3, 40, 300][random.below(3) as usize];
        let partitions = draw(&mut random, families);
        let rows = partitions.iter().flatten().map(|family| 1 + family.members.len() as u64).sum();
        let rules = draw_rules(&mut random, rows);
        let scale = [FULL, Ratio { holds: 2, stands_for: 7 }][random.below(2) as usize];
        let (group, batch) = (1 + random.below(90) as usize, 1 + random.below(40) as usize);
        let mut world = World::new(partitions, group, batch);
        world.weighted = random.below(4) == 0;
        let (found, selection) = one(&world, &rules, scale, 1 + random.below(4) as usize);
        let said = naive::select(&world.partitions, &rules, scale, world.weighted);
        assert_eq!(found, said.fates, "seed {seed}: {rules:?}");
        let funnel = &selection.funnel;
        if !world.weighted {
            assert_eq!(funnel.cost_period, said.paid, "seed {seed}");
        }
        let count = |is: u8| said.fates.values().filter(|fate| fate.status == is).count() as u64;
        assert_eq!(
            (funnel.recipients, funnel.waiting, funnel.review, funnel.refused_unknown, funnel.failed),
            (
                count(status::RECIPIENT),
                count(status::WAITING),
                count(status::REVIEW),
                count(status::REFUSED_UNKNOWN),
                count(status::NOT_ELIGIBLE)
            ),
            "seed {seed}"
        );
        assert_eq!(funnel.incumbents.held, said.held, "seed {seed}: {rules:?}");
        assert_eq!(funnel.luck.recipients, said.drawn, "seed {seed}: {rules:?}");
        let draws = funnel.areas.iter().filter_map(|area| Some((area.code.clone(), area.draw?)));
        let draws: BTreeMap<_, _> = draws.map(|(code, draw)| (code, (draw.candidates, draw.places))).collect();
        assert_eq!(draws, said.draws, "seed {seed}: {rules:?}");
        let seats = |kind: fn(u8) -> bool| said.fates.values().filter(|fate| kind(fate.seat)).count() as u64;
        assert_eq!(funnel.flowed, seats(|kind| kind == 2), "seed {seed}");
        *met.entry(funnel.binds.name()).or_default() += 1;
        for (name, happened) in [
            ("reserve", seats(|kind| kind >= 16) > 0),
            ("second reserve", seats(|kind| kind == 17) > 0),
            ("flow", funnel.flowed > 0),
            ("held", said.held > 0),
            ("draw", said.drawn > 0),
            ("reserve and flow under a ceiling", funnel.flowed > 0 && funnel.binds == Binds::Ceiling),
            ("weights", world.weighted),
        ] {
            *met.entry(name).or_default() += usize::from(happened);
        }
        alone(&world, &rules, scale, &said.fates, funnel, seed);
    }
    assert!(met.len() == 10 && met.values().all(|times| *times >= 5), "everything happens somewhere: {met:?}");
}

/// The cut without the whole order serves the same rows, and counts the same.
fn alone(
    world: &World,
    rules: &Rules,
    scale: Ratio,
    wanted: &BTreeMap<u64, Fate>,
    whole: &layak::selection::Funnel,
    seed: u64,
) {
    let own = program("first", rules, &[], &[]);
    let judge = reader(rules.unit);
    let programs: [(&layak::program::Program, &dyn layak::selection::Judging); 1] = [(&own, &judge)];
    let (outcomes, kept) = world::make_to(Depth::Cut, world, &frame(30, scale), &programs, BTreeMap::new(), 2);
    let Outcome::Done(selection) = outcomes.unwrap().remove(0) else { panic!("seed {seed}") };
    for (id, fate) in fates(world, &kept, 0, rules.unit) {
        let wanted = wanted[&id];
        assert_eq!((fate.status, fate.seat), (wanted.status, wanted.seat), "seed {seed}, row {id}: {rules:?}");
        assert_eq!((fate.rank, fate.place), (0, 0));
    }
    let funnel = layak::selection::Funnel { last_rank: whole.last_rank, ..selection.funnel };
    assert_eq!(funnel, *whole, "seed {seed}: {rules:?}");
}

#[test]
fn row_order_batch_size_and_threads_change_nothing() {
    for seed in 1000..1040 {
        let mut random = Draw(seed);
        let partitions = draw(&mut random, 400);
        let rules = draw_rules(&mut random, 1500);
        let first = one(&World::new(partitions.clone(), 131_072, 16_384), &rules, FULL, 1);
        for (group, batch, threads) in [(64, 16, 2), (7, 3, 4), (1, 1, 3)] {
            let world = World::new(partitions.clone(), group, batch);
            let again = one(&world, &rules, FULL, threads);
            assert_eq!(again.0, first.0, "seed {seed}");
            assert_eq!(again.1.funnel, first.1.funnel, "seed {seed}");
            let mut mixed = partitions.clone();
            for families in &mut mixed {
                shuffle(families, &mut random);
                families.iter_mut().for_each(|family| shuffle(&mut family.members, &mut random));
            }
            let mixed = one(&World::new(mixed, group, batch), &rules, FULL, threads);
            assert_eq!(mixed.0, first.0, "seed {seed}, rows shuffled");
        }
    }
}

/// Families of one province, all eligible, equal but for their ids.
fn equal_families(count: u64, regency: impl Fn(u64) -> u16) -> Vec<Family> {
    let row = |id| Row { id, amount: 100, ..Row::default() };
    (1..=count)
        .map(|id| Family { row: row(id), regency: regency(id), decile: Some(1), kind: Some(2), ..Family::default() })
        .collect()
}

fn plain(level: AreaLevel, seats: Seats) -> Rules {
    Rules {
        unit: Unit::Family,
        incumbents: Incumbents::None,
        level,
        seats,
        only: Vec::new(),
        reserves: Vec::new(),
        unfilled: Unfilled::Stay,
        ceiling: None,
        sub_keys: Vec::new(),
        seed: "undian".to_owned(),
    }
}

fn total(total: u64) -> Seats {
    Seats::Total { total, base: Base::Eligible }
}

#[test]
fn ties_are_broken_by_the_published_lot() {
    let world = World::new(vec![equal_families(50, |_| 0)], 8, 4);
    let (found, _) = one(&world, &plain(AreaLevel::National, total(10)), FULL, 2);
    let key = layak::selection::order_key("undian");
    let mut ids: Vec<u64> = (1..=50).collect();
    ids.sort_by_key(|id| layak::selection::order_hash(&key, *id));
    for (at, id) in ids.iter().enumerate() {
        assert_eq!(found[id].rank, at as u32 + 1);
        assert_eq!(found[id].status == status::RECIPIENT, at < 10);
        assert_eq!(found[id].place, (at as u32 + 1).saturating_sub(10));
    }
    // anyone can recompute the lot from the published seed
    let by_hand = blake3::keyed_hash(blake3::hash(b"undian").as_bytes(), &7u64.to_be_bytes());
    assert_eq!(key, *blake3::hash(b"undian").as_bytes());
    assert_eq!(layak::selection::order_hash(&key, 7).to_be_bytes(), by_hand.as_bytes()[..8]);
}

#[test]
fn quotas_of_zero_and_beyond_the_eligible() {
    let world = World::new(vec![equal_families(9, |_| 0)], 4, 2);
    for (seats, recipients, binds) in [(0, 0, Binds::Quota), (9, 9, Binds::None), (100, 9, Binds::None)] {
        let (_, selection) = one(&world, &plain(AreaLevel::National, total(seats)), FULL, 2);
        assert_eq!((selection.funnel.recipients, selection.funnel.binds), (recipients, binds));
        assert_eq!(selection.funnel.seats, Some(seats));
    }
    let (_, selection) = one(&world, &plain(AreaLevel::National, Seats::Unlimited), FULL, 2);
    assert_eq!((selection.funnel.recipients, selection.funnel.seats), (9, None));
}

#[test]
fn areas_with_equal_remainders_go_by_code() {
    // three areas of equal weight, four seats: the odd one goes to the lowest code
    let world = World::new(vec![equal_families(30, |id| (id % 3) as u16)], 4, 2);
    let (found, selection) = one(&world, &plain(AreaLevel::Regency, total(4)), FULL, 2);
    let chosen = |area: u64| (1..=30).filter(|id| id % 3 == area && found[id].status == status::RECIPIENT).count();
    assert_eq!([chosen(0), chosen(1), chosen(2)], [2, 1, 1]);
    assert_eq!(selection.funnel.seats, Some(4));
}

#[test]
fn villages_of_a_kind_outside_have_no_seats_and_no_weight() {
    // area 0 is all kelurahan, area 1 half, area 2 none; the kind of one family is not known
    let mut families = equal_families(31, |id| (id % 3) as u16);
    for family in &mut families {
        let id = family.row.id;
        family.kind = Some(if id % 3 == 0 || (id % 3 == 1 && id % 2 == 0) { 1 } else { 2 + (id % 2) as u8 });
    }
    families[30].kind = None; // id 31, area 1
    let world = World::new(vec![families], 4, 2);
    let mut rules = plain(AreaLevel::Regency, Seats::Total { total: 15, base: Base::D1D4 });
    rules.only = vec![VillageKind::Desa, VillageKind::DesaAdat];
    let (found, selection) = one(&world, &rules, FULL, 2);
    let chosen = |area: u64| (1..=31).filter(|id| id % 3 == area && found[id].status == status::RECIPIENT).count();
    // weights 0, 5 and 10
    assert_eq!([chosen(0), chosen(1), chosen(2)], [0, 5, 10]);
    assert_eq!((selection.funnel.seats, selection.funnel.recipients, selection.funnel.waiting), (Some(15), 15, 16));
    assert_eq!(found[&31].status, status::WAITING);
    assert!(found[&31].place > 0, "a list without seats is a list");
}

#[test]
fn a_ceiling_ends_at_the_first_row_that_does_not_fit() {
    let world = World::new(vec![equal_families(20, |_| 0)], 4, 2);
    let mut rules = plain(AreaLevel::National, total(15));
    rules.ceiling = Some(Ceiling { period: 1050, binding: true });
    let funnel = one(&world, &rules, FULL, 2).1.funnel;
    assert_eq!((funnel.recipients, funnel.cost_period, funnel.binds), (10, 1000, Binds::Ceiling));
    rules.ceiling = Some(Ceiling { period: 1050, binding: false });
    let funnel = one(&world, &rules, FULL, 2).1.funnel;
    assert_eq!((funnel.recipients, funnel.over_ceiling, funnel.binds), (15, 450, Binds::Quota));
}

#[test]
fn a_row_too_dear_is_not_jumped_over() {
    let mut families = equal_families(3, |_| 0);
    for (family, (score, amount)) in families.iter_mut().zip([(3, 50), (2, 500), (1, 10)]) {
        (family.row.score, family.row.amount) = (score, amount);
    }
    let mut rules = plain(AreaLevel::National, Seats::Unlimited);
    rules.ceiling = Some(Ceiling { period: 100, binding: true });
    let (found, _) = one(&World::new(vec![families], 4, 2), &rules, FULL, 1);
    let statuses: Vec<u8> = (1..=3).map(|id| found[&id].status).collect();
    assert_eq!(statuses, [status::RECIPIENT, status::WAITING, status::WAITING]);
}

#[test]
fn incumbents_are_kept_or_given_points() {
    let mut families = equal_families(10, |_| 0);
    for family in &mut families {
        family.row.score = family.row.id as i64;
        family.row.previous = family.row.id <= 2;
    }
    families[1].row.failed = 1;
    let world = World::new(vec![families], 4, 2);
    let mut rules = plain(AreaLevel::National, total(3));
    for (incumbents, first) in [(Incumbents::Keep, 1), (Incumbents::Band(8), 10), (Incumbents::Band(20), 1)] {
        rules.incumbents = incumbents;
        let (found, selection) = one(&world, &rules, FULL, 2);
        assert_eq!(found[&first].rank, 1, "{incumbents:?}");
        let counts = selection.funnel.incumbents;
        assert_eq!((counts.last, counts.eligible, counts.gone), (2, 1, 1));
    }
}

#[test]
fn members_stand_together_then_by_age() {
    let mut random = Draw(5);
    let partitions = draw(&mut random, 200);
    let mut rules = plain(AreaLevel::National, Seats::Unlimited);
    rules.unit = Unit::Person;
    rules.sub_keys = vec![SubKey::FamilyLot, SubKey::AgeYoungest];
    let world = World::new(partitions, 16, 4);
    let (found, _) = one(&world, &rules, FULL, 2);
    for family in world.partitions.iter().flatten() {
        let of_score = |score: i64| {
            let mut ranks: Vec<u32> =
                family.members.iter().filter(|row| row.score == score).map(|row| found[&row.id].rank).collect();
            ranks.retain(|rank| *rank > 0);
            ranks.sort_unstable();
            ranks
        };
        for score in [-20, -10, 0, 10, 20, 30] {
            assert!(of_score(score).windows(2).all(|pair| pair[0] + 1 == pair[1]), "{family:?}");
        }
    }
}

#[test]
fn a_failing_program_fails_alone_and_names_its_lowest_batch() {
    let mut random = Draw(77);
    let partitions = draw(&mut random, 300);
    let world = World::new(partitions, 16, 4);
    let rules = plain(AreaLevel::National, total(20));
    let (first, second, third) = (
        program("first", &rules, &[], &[]),
        program("second", &rules, &[RECEIVES], &["first"]),
        program("third", &rules, &[], &[]),
    );
    let mut broken = reader(Unit::Family);
    broken.breaks = |id| id % 5 == 0;
    let heads = world.partitions.iter().flat_map(|part| part.chunks(16).flat_map(|group| group.chunks(4)));
    let lowest = heads.map(|batch| batch[0].row.id).find(|id| id % 5 == 0).unwrap();
    let (good, after) = (reader(Unit::Family), Reader { not_with: Some(RECEIVES), ..reader(Unit::Family) });
    for threads in [1, 2, 4] {
        let (outcomes, kept) = make(
            &world,
            &frame(30, FULL),
            &[(&second, &after), (&first, &broken), (&third, &good)],
            BTreeMap::new(),
            threads,
        );
        let outcomes = outcomes.unwrap();
        assert!(matches!(&outcomes[0], Outcome::NotRun(reason) if reason.en == "`first` failed"), "{:?}", outcomes[0]);
        assert!(
            matches!(&outcomes[1], Outcome::Failed(error)
            if error.fault == Fault::Plugin && error.message.en == format!("trap {lowest}")),
            "{:?}",
            outcomes[1]
        );
        assert!(matches!(&outcomes[2], Outcome::Done(_)));
        assert_eq!(*kept.spoiled.lock().unwrap(), [1]);
        assert!(kept.selected.lock().unwrap().keys().all(|(at, _)| *at == 2));
    }
}

#[test]
fn a_program_sees_who_receives_the_one_before() {
    for unit in [Unit::Family, Unit::Person] {
        let mut random = Draw(99);
        let world = World::new(draw(&mut random, 300), 16, 5);
        let mut rules = plain(AreaLevel::National, total(25));
        rules.unit = unit;
        let (first, second) = (program("first", &rules, &[], &[]), program("second", &rules, &[RECEIVES], &["first"]));
        let (good, after) = (reader(unit), Reader { not_with: Some(RECEIVES), ..reader(unit) });
        let (outcomes, kept) =
            make(&world, &frame(30, FULL), &[(&first, &good), (&second, &after)], BTreeMap::new(), 2);
        assert!(outcomes.unwrap().iter().all(|outcome| matches!(outcome, Outcome::Done(_))));
        let (a, b) = (fates(&world, &kept, 0, unit), fates(&world, &kept, 1, unit));
        let both = |id: &u64| a[id].status == status::RECIPIENT && b[id].status == status::RECIPIENT;
        assert!(!a.keys().any(both));
        assert!(
            a.iter()
                .filter(|(_, fate)| fate.status == status::RECIPIENT)
                .all(|(id, _)| b[id].status == status::NOT_ELIGIBLE)
        );
        assert_eq!(b.values().filter(|fate| fate.status == status::RECIPIENT).count(), 25);
    }
}

#[test]
fn alone_it_needs_the_earlier_recipients_and_a_circle_is_refused() {
    let world = World::new(vec![equal_families(5, |_| 0)], 4, 2);
    let rules = plain(AreaLevel::National, total(2));
    let second = program("second", &rules, &[RECEIVES], &["first"]);
    let judge = Reader { not_with: Some(RECEIVES), ..reader(Unit::Family) };
    let (outcomes, _) = make(&world, &frame(30, FULL), &[(&second, &judge)], BTreeMap::new(), 1);
    assert_eq!(outcomes.unwrap_err().fault, Fault::Usage);
    let (a, b) = (program("first", &rules, &[], &["second"]), program("second", &rules, &[], &["first"]));
    let good = reader(Unit::Family);
    let (outcomes, _) = make(&world, &frame(30, FULL), &[(&a, &good), (&b, &good)], BTreeMap::new(), 1);
    assert_eq!(outcomes.unwrap_err().fault, Fault::Rules);
}
