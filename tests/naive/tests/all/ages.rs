//! The kit turns completed years into a date once per batch; the naive reading counts
//! years person by person.

use naive::family::Day;

/// Every age up to 130 on days where birthdays are odd, from both sides of the limit.
#[test]
fn the_last_birthday_is_that_of_a_person_who_counts_years() {
    let days = [(2024, 2, 29), (2000, 2, 29), (2026, 2, 28), (2026, 3, 1), (2100, 2, 28), (2100, 3, 1), (2027, 1, 1)];
    for (year, month, day) in days {
        let as_of = Day::new(year, month, day);
        for years in 0..=130 {
            let cut = kit::latest_birth(i32::try_from(as_of.count()).unwrap(), years);
            let mut birth = Day::new(year - years, month, day);
            while birth.age_on(as_of) >= years {
                birth = birth.after();
            }
            while birth.age_on(as_of) < years {
                birth = birth.before();
            }
            assert_eq!(birth.count(), i64::from(cut), "{years} years on {as_of:?}");
        }
    }
}
