//! PKH: decile, exclusions, and of all assignments of members to components within the
//! caps the one with the greatest sum, found by trying them all.

mod assigned;
mod rules;

pub use assigned::best;
pub use rules::Rules;

use crate::family::{Day, Family, Member, When, any};
use crate::law;
use crate::{Answer, Opinion};

/// Components by code less one, as in `component_order`.
pub const COMPONENTS: [&str; 8] =
    ["victim", "disability", "elderly", "pregnancy", "child", "primary", "lower", "upper"];
/// From here on, five years end a component.
const FIRST_LIMITED: usize = 3;

/// What a member may count as, by component; `None` = a fact is missing.
struct Brings {
    by_component: [Option<bool>; 8],
    /// A pupil whose level is missing.
    pupil_without_level: bool,
    /// An attending member of school age without a level: looked at in any case.
    level_missing: bool,
}

/// What the law says of a family.
#[must_use]
pub fn judge(family: &Family, rules: &Rules, when: &When) -> Opinion {
    let counting: Vec<(usize, Brings)> = law::counting(family, rules.exclusion_scope)
        .map(|(at, member)| (at, brings(member, rules, when.as_of)))
        .collect();
    let over = five_years_over(family, rules, when);
    let open =
        |from: usize, to: usize| counting.iter().any(|(_, member)| member.by_component[from..to].contains(&None));
    let has =
        |from: usize, to: usize| counting.iter().any(|(_, member)| member.by_component[from..to].contains(&Some(true)));
    let without_level = counting.iter().any(|(_, member)| member.pupil_without_level);
    let level_missing = counting.iter().any(|(_, member)| member.level_missing);
    let complete = law::complete(family);
    let component = if has(0, 8) {
        Answer::Pass
    } else if open(0, 8) || without_level || !complete {
        Answer::Unknown
    } else {
        Answer::Fail
    };
    let within_five_years = match over {
        None if has(FIRST_LIMITED, 8) || open(FIRST_LIMITED, 8) || without_level => Answer::Unknown,
        None | Some(false) => Answer::Pass,
        Some(true) if has(0, FIRST_LIMITED) => Answer::Pass,
        Some(true) if open(0, FIRST_LIMITED) || !complete => Answer::Unknown,
        // nothing to lose is no matter of five years
        Some(true) if has(FIRST_LIMITED, 8) => Answer::Fail,
        Some(true) if open(FIRST_LIMITED, 8) || without_level => Answer::Unknown,
        Some(true) => Answer::Pass,
    };
    let options: Vec<(usize, Vec<usize>)> = counting
        .iter()
        .map(|(at, member)| {
            let left = (0..8).filter(|code| *code < FIRST_LIMITED || over != Some(true));
            (*at, left.filter(|code| member.by_component[*code] == Some(true)).collect())
        })
        .collect();
    let paid = best(&options, rules);
    let first = paid.iter().map(|(code, _)| rules.place(*code)).min();
    Opinion {
        criteria: vec![
            ("alive", law::alive(family)),
            ("members_complete", law::members_complete(family)),
            ("decile_determined", law::decile_determined(family)),
            ("decile_within", law::decile_within(family, rules.max_decile)),
            ("not_excluded", law::not_excluded(family, rules.exclusion_scope)),
            ("state_job_checked", law::state_job_checked(family, when.as_of)),
            ("not_with", law::not_with(&family.other_aid, &rules.not_with)),
            ("component", component),
            ("component_facts_known", if open(0, 8) { Answer::Unknown } else { Answer::Pass }),
            ("levels_known", if level_missing { Answer::Unknown } else { Answer::Pass }),
            ("within_five_years", within_five_years),
        ],
        paid: paid.iter().map(|(code, member)| (COMPONENTS[*code], Some(*member), rules.amount[*code])).collect(),
        points: vec![("decile", 10 * law::decile_steps(family)), ("component", first.map_or(0, |place| 9 - place))],
    }
    .closed()
}

/// Paid quarters from the first of the unbroken run through the one before the period;
/// none without the period before.
fn five_years_over(family: &Family, rules: &Rules, when: &When) -> Option<bool> {
    match family.previous_pkh {
        None => None,
        Some(false) => Some(false),
        Some(true) => family.since_pkh.map(|since| when.quarter() - i64::from(since) >= rules.limit_quarters),
    }
}

/// All of these; `None` if none is a no and one is not known.
fn all(parts: &[Option<bool>]) -> Option<bool> {
    if parts.contains(&Some(false)) {
        Some(false)
    } else if parts.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn brings(member: &Member, rules: &Rules, as_of: Day) -> Brings {
    let age = member.birth_date.map(|birth| birth.age_on(as_of));
    let of_school_age = age.map(|age| (rules.pupil_age_min..=rules.pupil_age_max).contains(&age));
    let attending = member.school_participation.map(|said| said == 2);
    let unfinished = member.certificate.map(|code| !rules.finished_certificates.contains(&i64::from(code)));
    // the school list where it has the member, else column 11
    let level = member.school_list_level.filter(|level| *level > 0).or(member.school_level);
    let pupil = all(&[of_school_age, attending, unfinished]);
    let mut by_component = [Some(false); 8];
    by_component[0] = Some(member.human_rights_victim == Some(true));
    by_component[1] = any(&member.severe_difficulties, 0..9);
    by_component[2] = age.map(|age| age >= rules.elderly_age);
    by_component[3] = pregnant(member, rules, as_of);
    by_component[4] = age.map(|age| age <= rules.child_age_max);
    for stage in 0..3 {
        let pays = level.map(|level| rules.levels[stage].contains(&i64::from(level)));
        by_component[5 + stage] = match pays {
            Some(true) => pupil,
            Some(false) => Some(false),
            // a pupil without a level pays nothing; whether there is a pupil may be open
            None => {
                if pupil.is_none() {
                    None
                } else {
                    Some(false)
                }
            }
        };
    }
    for (code, brings) in by_component.iter_mut().enumerate() {
        // a component that pays nothing, or has no place, is no component
        if rules.amount[code] == 0 || rules.cap[code] == 0 {
            *brings = Some(false);
        }
    }
    let stage_pays = (5..8).any(|code| rules.amount[code] > 0 && rules.cap[code] > 0);
    Brings {
        by_component,
        pupil_without_level: pupil == Some(true) && level.is_none() && stage_pays,
        level_missing: of_school_age == Some(true) && attending == Some(true) && level.is_none(),
    }
}

/// A woman pregnant, or within the days after birth, of an order that pays; not
/// delivered = not pregnant, order unknown pays.
fn pregnant(member: &Member, rules: &Rules, as_of: Day) -> Option<bool> {
    let delivered = match member.pregnancy {
        Some(1) => Some(true),
        Some(2) => member.delivery_date.map(|day| as_of.count() - day.count() <= rules.postpartum_days),
        _ => Some(false),
    };
    let order_pays = member.pregnancy_order.is_none_or(|order| i64::from(order) <= rules.pregnancy_max_order);
    all(&[delivered, Some(order_pays), member.sex.map(|sex| sex == 2)])
}
