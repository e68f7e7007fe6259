//! All assignments of members to components, and the best of them.

use super::Rules;

/// Component (code less one) and the member who brings it.
type Pair = (usize, usize);

/// The assignment with the greatest sum; of equal sums the one whose components come
/// first in the rule file's order, then lower members.
#[must_use]
pub fn best(options: &[(usize, Vec<usize>)], rules: &Rules) -> Vec<Pair> {
    let able: Vec<&(usize, Vec<usize>)> = options.iter().filter(|(_, components)| !components.is_empty()).collect();
    let mut found = (0, Vec::new());
    extend(&able, rules, &mut Vec::new(), &mut found);
    found.1
}

fn extend(rest: &[&(usize, Vec<usize>)], rules: &Rules, taken: &mut Vec<Pair>, found: &mut (i64, Vec<Pair>)) {
    let Some(((member, components), rest)) = rest.split_first().map(|(first, rest)| ((first.0, &first.1), rest)) else {
        let sum: i64 = taken.iter().map(|(component, _)| rules.amount[*component]).sum();
        if sum > found.0 || (sum == found.0 && comes_first(taken, &found.1, rules)) {
            *found = (sum, taken.clone());
        }
        return;
    };
    extend(rest, rules, taken, found);
    if i64::try_from(taken.len()).unwrap_or(i64::MAX) >= rules.cap_members {
        return;
    }
    for component in components {
        let already = taken.iter().filter(|(other, _)| other == component).count();
        if i64::try_from(already).unwrap_or(i64::MAX) < rules.cap[*component] {
            taken.push((*component, member));
            extend(rest, rules, taken, found);
            taken.pop();
        }
    }
}

fn comes_first(one: &[Pair], other: &[Pair], rules: &Rules) -> bool {
    let sorted = |pairs: &[Pair]| {
        let mut places: Vec<(i64, usize)> =
            pairs.iter().map(|(component, member)| (rules.place(*component), *member)).collect();
        places.sort_unstable();
        places
    };
    let (one, other) = (sorted(one), sorted(other));
    let places = |pairs: &[(i64, usize)]| pairs.iter().map(|(place, _)| *place).collect::<Vec<_>>();
    let members = |pairs: &[(i64, usize)]| pairs.iter().map(|(_, member)| *member).collect::<Vec<_>>();
    (places(&one), members(&one)) < (places(&other), members(&other))
}
