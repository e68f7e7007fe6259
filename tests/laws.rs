//! Laws that every plugin keeps in the sandbox, on families drawn to sit on the limits
//! (`tests/naive`): verdicts depend on no other row of the batch, on no column that is
//! not granted, and on no setting of the compiler. What holds of the programs natively
//! stands in `tests/naive/tests/laws.rs`, what holds of the selection in
//! `tests/selection/laws.rs`.
//!
//! `LAYAK_LAWS=200 cargo test --release -p layak --test all laws`; without it 12
//! scenarios of each.

mod compiled;

use kit::native;
use layak::columns::Dictionary;
use layak::sandbox::Verdicts;
use layak::snapshot::Batch;
use naive::blocks::Block;
use naive::chance::Chance;
use naive::laid::{Laid, lay, of_family, of_member};

use crate::judged::{batch, bundled, column, date, settings};

pub(crate) fn scenarios(gate: u64) -> u64 {
    std::env::var("LAYAK_LAWS").ok().and_then(|text| text.parse().ok()).unwrap_or(gate)
}

fn one(said: &Verdicts, row: usize) -> (u64, u64, i64, i64) {
    (said.failed[row], said.unknown[row], said.score[row], said.amount[row])
}

/// A block judged whole, then in batches of a few families in another order.
fn rows_stand_alone<P: kit::Program>() {
    let description = native::describe::<P>();
    let (plugin, _cache) = bundled(P::NAME);
    for number in 0..scenarios(12) {
        let block = Block::draw(&description, 9_000_000 + number, 150).unwrap();
        let (whole, columns) = batch(&block, &description);
        let (as_of, period) = (date(block.when.as_of), date(block.when.period));
        let judge = plugin.configure(&settings(&block), &block.present, as_of, period).unwrap();
        let said = judge.judge(&whole, &columns).unwrap().0;
        let starts: Vec<usize> = std::iter::once(0).chain(block.laid.ends.iter().map(|end| *end as usize)).collect();
        let mut chance = Chance(number);
        let mut order: Vec<usize> = (0..block.families.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(chance.below(at as u64 + 1)).unwrap());
        }
        while !order.is_empty() {
            let few = 1 + usize::try_from(chance.below(70)).unwrap();
            let some = order.split_off(order.len().saturating_sub(few));
            let families: Vec<_> = some.iter().map(|at| block.families[*at].clone()).collect();
            let laid = lay(&families, description.columns, &block.present);
            let (part, _) = batch(&Block { families, laid, ..block.clone() }, &description);
            let again = judge.judge(&part, &columns).unwrap().0;
            let rows: Vec<usize> = match description.unit {
                kit::Unit::Family => some,
                kit::Unit::Person => some.iter().flat_map(|at| starts[*at]..starts[*at + 1]).collect(),
            };
            assert_eq!(rows.len(), again.failed.len());
            for (at, row) in rows.into_iter().enumerate() {
                assert_eq!(one(&again, at), one(&said, row), "{}, {number}, row {row}", P::NAME);
            }
        }
    }
}

/// Columns that no program of ours is told of, with any content.
fn foreign(batch: &mut Batch, laid: &Laid, chance: &mut Chance) {
    let dictionary = Dictionary::embedded();
    let noise = |rows: usize, chance: &mut Chance| {
        let cells: Vec<_> =
            (0..rows).map(|_| naive::laid::Cell::Number(i64::try_from(chance.below(2)).unwrap())).collect();
        column(&naive::laid::column(kit::Kind::U8, &cells))
    };
    let members = laid.ends.last().map_or(0, |end| *end as usize);
    batch.family.insert(0, (dictionary.id("floor_type").unwrap(), noise(laid.ends.len(), chance)));
    batch.member.push((dictionary.id("marital_status").unwrap(), noise(members, chance)));
}

/// A batch that holds more than is granted: what is not granted is not there, whatever
/// it says.
fn only_what_is_granted<P: kit::Program>() {
    let description = native::describe::<P>();
    let (plugin, _cache) = bundled(P::NAME);
    let mut hidden = 0;
    for number in 0..scenarios(12) {
        // every third block is drawn with some columns not granted
        let block = Block::draw(&description, 3 * (3_000_000 + number), 150).unwrap();
        let (bare, columns) = batch(&block, &description);
        let (as_of, period) = (date(block.when.as_of), date(block.when.period));
        let judge = plugin.configure(&settings(&block), &block.present, as_of, period).unwrap();
        let said = judge.judge(&bare, &columns).unwrap().0;
        let mut chance = Chance(number);
        let full = Block::draw(&description, 3 * chance.below(1 << 20) + 1, 0).unwrap();
        assert!(full.present.iter().all(|present| *present));
        // the same rows with other families' facts in every column that is not granted
        let others = lay(&shifted(&block), description.columns, &full.present);
        let mut wide = bare.clone();
        let id = |at: usize| Dictionary::embedded().id(description.columns[at].name).unwrap();
        for (at, laid) in others.family.iter().filter(|(at, _)| !block.present[*at]) {
            assert!(of_family(description.columns[*at].name).is_some());
            wide.family.push((id(*at), column(laid)));
            hidden += 1;
        }
        for (at, laid) in others.member.iter().filter(|(at, _)| !block.present[*at]) {
            assert!(of_member(description.columns[*at].name).is_some());
            wide.member.push((id(*at), column(laid)));
            hidden += 1;
        }
        foreign(&mut wide, &block.laid, &mut chance);
        let again = judge.judge(&wide, &columns).unwrap().0;
        for row in 0..said.failed.len() {
            assert_eq!(one(&again, row), one(&said, row), "{}, {number}, row {row}", P::NAME);
        }
    }
    assert!(hidden > 0 || description.columns.iter().all(|wish| wish.required), "{}", P::NAME);
}

/// Families of the same sizes with other facts.
fn shifted(block: &Block) -> Vec<naive::family::Family> {
    let known: Vec<naive::family::Member> = block.families.iter().flat_map(|family| family.members.clone()).collect();
    let mut families = block.families.clone();
    let mut at = 0;
    for family in &mut families {
        family.previous_pkh = Some(true);
        family.receives_pkh = Some(true);
        family.receives_sembako = Some(true);
        family.livelihood_lost = Some(true);
        family.exclusions = [Some(true); 32];
        family.other_aid = [Some(true); 32];
        for member in &mut family.members {
            at += 7;
            *member = known[at % known.len()].clone();
            member.dead = Some(true);
            member.human_rights_victim = Some(true);
            member.pregnancy = Some(1);
            member.member_exclusions = [Some(true); 32];
            member.wage_premium = Some(1);
        }
    }
    families
}

macro_rules! laws {
    ($($name:ident: $law:ident;)*) => { $(
        #[test]
        fn $name() {
            $law::<pkh::Pkh>();
            $law::<sembako::Sembako>();
            $law::<pbi_jkn::PbiJkn>();
            $law::<blt_dd::BltDd>();
        }
    )* };
}
use laws;

laws! {
    a_row_depends_on_no_other: rows_stand_alone;
    what_is_not_granted_is_not_there: only_what_is_granted;
}
