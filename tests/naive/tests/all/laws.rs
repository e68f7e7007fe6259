//! Laws of the programs on drawn families, judged natively: components add to amounts,
//! no row depends on another, and a looser limit takes nobody's aid away.
//!
//! `LAYAK_LAWS=200 cargo test --release -p naive --test laws`; without it 40 scenarios.

use kit::{Line, Program, Verdicts, native};
use naive::blocks::{Block, Rules};
use naive::blt_dd;
use naive::chance::Chance;
use naive::laid::{lay, value};
use naive::law::Scope;

fn scenarios() -> u64 {
    std::env::var("LAYAK_LAWS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

fn judged<P: Program>(block: &Block) -> (Verdicts, Vec<Line>) {
    let [as_of, period] = [block.when.as_of, block.when.period].map(|day| i32::try_from(day.count()).unwrap());
    let judge = native::Judge::<P>::new(&block.settings, &block.present, as_of, period).unwrap();
    block.laid.batch(|batch| (judge.judge(batch).unwrap(), judge.breakdown(batch).unwrap()))
}

fn block<P: Program>(number: u64) -> Block {
    Block::draw(&native::describe::<P>(), 7_000_000 + number, 400).unwrap()
}

/// Components add to the amount, score parts to the score; a line is never nothing and
/// never of a row that failed.
fn adds_up<P: Program>() {
    let description = native::describe::<P>();
    for number in 0..scenarios() {
        let (said, lines) = judged::<P>(&block::<P>(number));
        let (mut amount, mut score) = (vec![0; said.amount.len()], vec![0; said.score.len()]);
        for line in &lines {
            let row = line.row as usize;
            assert!(line.value != 0 && said.failed[row] == 0, "{line:?}");
            let of = if usize::from(line.part) < description.components.len() { &mut amount } else { &mut score };
            of[row] += line.value;
        }
        assert_eq!((amount, score), (said.amount.clone(), said.score.clone()), "{}, {number}", P::NAME);
        for row in 0..said.failed.len() {
            assert_eq!(said.failed[row] & said.unknown[row], 0);
            assert!(said.failed[row] != 0 || (description.amount.0..=description.amount.1).contains(&said.amount[row]));
            assert!(said.failed[row] != 0 || (description.score.0..=description.score.1).contains(&said.score[row]));
        }
    }
}

/// The same families one by one, in other batches and in another order.
fn rows_stand_alone<P: Program>() {
    let description = native::describe::<P>();
    for number in 0..scenarios() / 4 {
        let whole = block::<P>(number);
        let (said, _) = judged::<P>(&whole);
        let person = description.unit == kit::Unit::Person;
        let starts: Vec<usize> = std::iter::once(0).chain(whole.laid.ends.iter().map(|end| *end as usize)).collect();
        let mut chance = Chance(number);
        let mut order: Vec<usize> = (0..whole.families.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(chance.below(at as u64 + 1)).unwrap());
        }
        while !order.is_empty() {
            let some = order.split_off(order.len().saturating_sub(1 + usize::try_from(chance.below(20)).unwrap()));
            let families: Vec<_> = some.iter().map(|at| whole.families[*at].clone()).collect();
            let laid = lay(&families, description.columns, &whole.present);
            let (again, _) = judged::<P>(&Block { families, laid, ..whole.clone() });
            let rows: Vec<usize> =
                some.iter().flat_map(|at| if person { starts[*at]..starts[*at + 1] } else { *at..*at + 1 }).collect();
            assert_eq!(rows.len(), again.failed.len());
            for (at, row) in rows.into_iter().enumerate() {
                let one = |v: &Verdicts, at: usize| (v.failed[at], v.unknown[at], v.score[at], v.amount[at]);
                assert_eq!(one(&again, at), one(&said, row), "{}, {number}, row {row}", P::NAME);
            }
        }
    }
}

/// A limit made looser, and whether it may put a question to a member whom the narrower
/// one did not look at: then a missing fact may ask for a review, but nobody fails.
fn looser(rules: &Rules, chance: &mut Chance) -> (Rules, bool) {
    let up = |value: i64, most: i64| (value + 1).min(most);
    match rules.clone() {
        Rules::Pkh(mut r) => {
            let which = chance.below(12);
            match which {
                0 => r.max_decile = up(r.max_decile, 10),
                1 => r.limit_quarters += 1,
                2 => r.cap_members += 1,
                3 => r.elderly_age -= 1,
                4 => r.child_age_max += 1,
                5 => drop(r.not_with.pop()),
                6 => r.cap = r.cap.map(|cap| if cap > 0 { up(cap, 8) } else { 0 }),
                7 => r.exclusion_scope = Scope::Person,
                8 => r.pupil_age_max += 1,
                9 => r.pregnancy_max_order += 1,
                10 => r.postpartum_days += 1,
                _ => drop(r.finished_certificates.pop()),
            }
            let asks = which >= 7;
            (Rules::Pkh(r), asks)
        }
        Rules::Sembako(mut r) => {
            match chance.below(3) {
                0 => r.max_decile = up(r.max_decile, 10),
                1 => drop(r.not_with.pop()),
                _ => r.exclusion_scope = Scope::Person,
            }
            (Rules::Sembako(r), false)
        }
        Rules::PbiJkn(mut r) => {
            match chance.below(4) {
                0 => r.max_decile = up(r.max_decile, 10),
                1 => r.keep_above_limit = true,
                2 => drop(r.premium_payers.pop()),
                _ => r.pemda = "take_over",
            }
            (Rules::PbiJkn(r), false)
        }
        Rules::BltDd(mut r) => {
            match chance.below(6) {
                0 => r.village_kinds = vec!["kelurahan", "desa", "desa_adat"],
                1 => drop(r.not_receiving.pop()),
                2 => r.reasons = blt_dd::REASONS.to_vec(),
                3 => r.extreme_poor_max_decile = up(r.extreme_poor_max_decile, 10),
                4 => r.elderly_age -= 1,
                _ => r.female_head_max_decile = up(r.female_head_max_decile, 10),
            }
            (Rules::BltDd(r), false)
        }
    }
}

/// Who passed everything still does, and PKH pays no less for wider caps.
fn looser_limits_take_nothing_away<P: Program>() {
    let description = native::describe::<P>();
    let (mut gained, mut asked) = (0, 0);
    for number in 0..scenarios() {
        let block = block::<P>(number);
        let mut chance = Chance(number);
        let (rules, asks) = looser(&block.rules, &mut chance);
        let settings = description.settings.iter().map(|wish| value(wish, &rules.named()).unwrap()).collect();
        let (before, _) = judged::<P>(&block);
        let (after, _) = judged::<P>(&Block { settings, ..block.clone() });
        for row in 0..before.failed.len() {
            gained += usize::from(before.failed[row] != 0 && after.failed[row] == 0);
            if before.failed[row] | before.unknown[row] == 0 {
                let shown = || format!("{}, {number}, row {row}: {:?} to {rules:?}", P::NAME, block.rules);
                assert_eq!(after.failed[row], 0, "{}", shown());
                assert!(asks || after.unknown[row] == 0, "{}", shown());
                asked += usize::from(after.unknown[row] != 0);
            }
        }
    }
    assert!(gained > 0 && (P::NAME == "pkh" || asked == 0), "{}: {gained} gained", P::NAME);
}

macro_rules! laws {
    ($($name:ident: $law:ident;)*) => { $(
        #[test]
        fn $name() {
            $law::<::pkh::Pkh>();
            $law::<::sembako::Sembako>();
            $law::<::pbi_jkn::PbiJkn>();
            $law::<::blt_dd::BltDd>();
        }
    )* };
}

laws! {
    components_add_to_amounts: adds_up;
    a_row_depends_on_no_other: rows_stand_alone;
    a_looser_limit_takes_nobodys_aid_away: looser_limits_take_nothing_away;
}

/// With wider caps PKH pays no family less.
#[test]
fn wider_caps_pay_no_less() {
    let description = native::describe::<::pkh::Pkh>();
    for number in 0..scenarios() {
        let block = block::<::pkh::Pkh>(number);
        let Rules::Pkh(mut rules) = block.rules.clone() else { continue };
        rules.cap_members += 1;
        rules.cap = rules.cap.map(|cap| if cap > 0 { (cap + 1).min(8) } else { 0 });
        let named = Rules::Pkh(rules).named();
        let settings = description.settings.iter().map(|wish| value(wish, &named).unwrap()).collect();
        let (before, _) = judged::<::pkh::Pkh>(&block);
        let (after, _) = judged::<::pkh::Pkh>(&Block { settings, ..block });
        assert_eq!((&before.failed, &before.unknown), (&after.failed, &after.unknown));
        assert!(before.amount.iter().zip(&after.amount).all(|(before, after)| before <= after), "{number}");
    }
}
