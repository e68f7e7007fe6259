//! The arithmetic of seats: scale, largest remainder, ties.

use std::collections::BTreeMap;

use super::{Ratio, largest_remainder, scale_table, scale_total};

fn weights(pairs: &[(&'static str, u64)]) -> BTreeMap<&'static str, u64> {
    pairs.iter().copied().collect()
}

fn seats(total: u64, pairs: &[(&'static str, u64)]) -> Vec<u64> {
    largest_remainder(total, &weights(pairs)).into_values().collect()
}

#[test]
fn a_single_total_rounds_down() {
    let scale = Ratio { holds: 100_000, stands_for: 95_006_179 };
    assert_eq!(scale_total(10_000_000, scale), 10_525);
    assert_eq!(scale_total(18_300_000, scale), 19_261);
    assert_eq!(scale_total(0, scale), 0);
}

#[test]
fn a_scale_of_one_changes_nothing() {
    assert_eq!(scale_total(u64::MAX, Ratio { holds: 7, stands_for: 7 }), u64::MAX);
    assert_eq!(scale_total(5, Ratio { holds: 0, stands_for: 0 }), 5);
}

#[test]
fn equal_remainders_go_to_the_lower_code() {
    assert_eq!(seats(2, &[("11", 1), ("12", 1), ("13", 1)]), [1, 1, 0]);
    assert_eq!(seats(5, &[("11", 10), ("12", 10), ("13", 10)]), [2, 2, 1]);
}

#[test]
fn the_largest_remainder_gets_the_seat_left() {
    // shares 4.5, 3.3, 2.2 of 10
    assert_eq!(seats(10, &[("a", 45), ("b", 33), ("c", 22)]), [5, 3, 2]);
    // shares 1.8, 0.6, 0.6 of 3: after 1, 0, 0 the two left go to the first and, of equals, the lower
    assert_eq!(seats(3, &[("a", 3), ("b", 1), ("c", 1)]), [2, 1, 0]);
}

#[test]
fn the_parts_sum_to_the_total() {
    for total in [0, 1, 2, 17, 1_000, 1_800_000, u64::MAX] {
        let shared = largest_remainder(total, &weights(&[("a", 7), ("b", 11), ("c", u64::MAX), ("d", 0)]));
        assert_eq!(shared.values().map(|n| u128::from(*n)).sum::<u128>(), u128::from(total), "of {total}");
        assert_eq!(shared["d"], 0, "an area without weight gets nothing");
    }
}

#[test]
fn without_any_weight_nobody_gets_a_seat() {
    assert_eq!(seats(9, &[("a", 0), ("b", 0)]), [0, 0]);
    assert!(largest_remainder::<u32>(9, &BTreeMap::new()).is_empty());
}

#[test]
fn a_table_shrinks_by_largest_remainder() {
    let table = weights(&[("a", 10), ("b", 10), ("c", 11)]);
    let half = scale_table(&table, Ratio { holds: 1, stands_for: 2 });
    assert_eq!(half.values().sum::<u64>(), 15, "31 / 2 rounds down");
    assert_eq!(half.into_values().collect::<Vec<_>>(), [5, 5, 5]);
}
