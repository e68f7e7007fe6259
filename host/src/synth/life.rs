//! Invents what members do and how they are: school, work, business, health,
//! and what their identity card says. Marginals: `domain.md` 5.5 and 5.6.
//!
//! Takes a person with age, sex and relation and the family's welfare decile;
//! fills the rest. A question not asked at an age stays 0 (`domain.md` 2.2).

use super::draw::{Draw, by_decile};
use super::people::Person;

/// Fills school, work, health and card of one member.
pub(super) fn live(draw: &mut Draw, person: &mut Person, welfare: u8, urban: bool) {
    health(draw, person, welfare);
    if person.age >= 5 {
        school(draw, person, welfare);
        work(draw, person, welfare, urban);
    }
    card(draw, person);
}

fn school(draw: &mut Draw, person: &mut Person, welfare: u8) {
    let age = u32::from(person.age);
    let severe = person.difficulties.contains(&1);
    let attending = match age {
        5 => 0,
        6 => 620,
        7..=12 => by_decile([984, 992, 998], welfare),
        13..=15 => by_decile([925, 962, 992], welfare),
        16..=18 => by_decile([610, 735, 900], welfare),
        19..=23 => by_decile([110, 260, 560], welfare),
        24..=30 => by_decile([4, 15, 40], welfare),
        _ => 0,
    };
    let attending = if severe { attending / 2 } else { attending };
    if draw.chance(attending) {
        attend(draw, person, age);
    } else {
        left(draw, person, age, welfare);
    }
}

fn attend(draw: &mut Draw, person: &mut Person, age: u32) {
    person.participation = 2;
    let lag = if draw.chance(60) { 1 } else { 0 };
    let year = age.saturating_sub(6 + lag);
    let islamic = draw.chance(150);
    let (level, grade, certificate) = match year {
        0..=5 => (if islamic { 4 } else { 3 }, year + 1, 23),
        6..=8 => (if islamic { 9 } else { 8 }, year - 5, if islamic { 4 } else { 3 }),
        9..=12 if age <= 18 => {
            let level = if islamic { 14 } else { draw.weighted(&[(13, 520), (15, 440), (11, 40)]) };
            (level, (year - 8).min(3), if islamic { 9 } else { 8 })
        }
        _ => {
            let level = draw.weighted(&[(18, 150), (19, 800), (20, 20), (21, 30)]);
            (level, (year.saturating_sub(12)).clamp(1, 4), draw.weighted(&[(13, 600), (14, 150), (15, 250)]))
        }
    };
    (person.level, person.grade, person.certificate) = (level, grade as u8, certificate);
    person.list_level = level;
    if draw.chance(70) {
        // not on the school list; a few have no level in the delivery either
        person.list_level = 0;
        if draw.chance(60) {
            person.level = 0;
            person.grade = 0;
        }
    } else if draw.chance(20) && (3..=9).contains(&level) {
        // moved up since the delivery
        person.list_level = if level <= 4 { 8 } else { 13 };
    }
}

fn left(draw: &mut Draw, person: &mut Person, age: u32, welfare: u8) {
    let never = match age {
        5..=6 => 1_000,
        7..=40 => by_decile([15, 6, 2], welfare),
        41..=60 => by_decile([60, 25, 5], welfare),
        _ => by_decile([200, 110, 30], welfare),
    };
    if draw.chance(never) {
        person.participation = 1;
        person.certificate = 23;
        return;
    }
    person.participation = 3;
    let primary = by_decile([480, 330, 130], welfare) as u16;
    let higher = by_decile([10, 70, 400], welfare) as u16;
    let old = if age >= 60 { 250 } else { 0 };
    let (level, certificate) =
        match draw.weighted(&[(0, 110 + old), (1, primary + old), (2, 210), (3, 320), (4, higher)]) {
            0 => (3, 23),
            1 => (3, 3),
            2 if age >= 15 => (8, 8),
            3 if age >= 18 => (13, draw.weighted(&[(13, 600), (14, 120), (15, 280)])),
            4 if age >= 22 => {
                let level = draw.weighted(&[(18, 260), (19, 660), (20, 30), (21, 45), (22, 5)]);
                (level, level)
            }
            _ if age >= 15 => (8, 8),
            _ => (3, if age >= 12 { 3 } else { 23 }),
        };
    (person.level, person.certificate) =
        (if certificate == 14 || certificate == 15 { certificate } else { level }, certificate);
    person.grade = if certificate == 23 { draw.between(1, 5) as u8 } else { 8 };
}

fn work(draw: &mut Draw, person: &mut Person, welfare: u8, urban: bool) {
    let age = u32::from(person.age);
    let man = person.sex == 1;
    let share = match age {
        0..=14 => 4,
        _ if person.participation == 2 => 60,
        15..=19 => 420,
        20..=59 => {
            if man {
                915
            } else {
                540
            }
        }
        60..=69 => {
            if man {
                640
            } else {
                380
            }
        }
        _ => {
            if man {
                300
            } else {
                140
            }
        }
    };
    let share = if person.difficulties.contains(&1) { share / 4 } else { share };
    if !draw.chance(share) {
        (person.working, person.business) = (2, 2);
        return;
    }
    person.working = 1;
    person.job_status = status(draw, person, welfare, urban);
    person.industry = match person.job_status {
        5 => draw.weighted(&[(20, 520), (21, 300), (22, 110), (9, 20), (16, 50)]),
        6 => draw.weighted(&[(1, 600), (2, 130), (3, 270)]),
        7 => draw.weighted(&[(11, 620), (13, 200), (24, 180)]),
        _ if !urban && draw.chance(480) => draw.weighted(&[(1, 500), (2, 90), (3, 240), (4, 70), (5, 90), (6, 10)]),
        _ => draw.weighted(&[
            (12, 330),
            (8, 230),
            (14, 110),
            (13, 70),
            (11, 70),
            (24, 60),
            (21, 35),
            (22, 20),
            (15, 15),
            (16, 20),
            (19, 20),
            (25, 20),
        ]),
    };
    if !(1..=3).contains(&person.job_status) {
        person.business = 2;
        return;
    }
    person.business = 1;
    person.businesses = if draw.chance(60) { 2 } else { 1 };
    match person.job_status {
        2 => person.unpaid = draw.between(1, 3) as u8,
        3 => person.paid = draw.between(1, 8) as u8,
        _ => {}
    }
    let large = by_decile([2, 60, 330], welfare);
    person.turnover =
        if !draw.chance(large) { 1 } else { draw.weighted(&[(2, 640), (3, 220), (4, 125), (5, 13), (6, 2)]) };
}

fn status(draw: &mut Draw, person: &Person, welfare: u8, urban: bool) -> u8 {
    // about one family in 17 holds a civil servant, most of them well off (`domain.md` 5.5)
    let servant = by_decile([3, 20, 145], welfare);
    if (22..=60).contains(&person.age) && person.level >= 13 && draw.chance(servant * 2) {
        return 5;
    }
    let employee = (by_decile([210, 400, 560], welfare) + if urban { 90 } else { 0 }) as u16;
    let casual = by_decile([130, 45, 10], welfare) as u16;
    let unpaid = if person.sex == 2 { 230 } else { 60 };
    let helped = by_decile([12, 30, 95], welfare) as u16;
    draw.weighted(&[(1, 200), (2, 150), (3, helped), (4, employee), (6, casual), (7, casual), (8, unpaid)])
}

fn health(draw: &mut Draw, person: &mut Person, welfare: u8) {
    let age = u32::from(person.age);
    if age < 5 {
        person.nutrition = draw.weighted(&[(1, 70), (2, 195), (3, 560), (8, 175)]);
    }
    let asked = match age {
        0..=1 => 0,
        2..=4 => 6,
        _ => 9,
    };
    let severe = match age {
        0..=59 => 850,
        60..=69 => 2_500,
        70..=79 => 6_500,
        _ => 15_000,
    };
    let milder = if age < 60 { 25 } else { 220 };
    let is_severe = draw.rarely(severe);
    let mild = draw.chance(milder);
    for question in person.difficulties.iter_mut().take(asked) {
        *question = 4;
    }
    if asked > 0 && (is_severe || mild) {
        let which = draw.below(asked as u32) as usize;
        if let Some(question) = person.difficulties.get_mut(which) {
            *question = if is_severe { 1 } else { draw.weighted(&[(2, 250), (3, 750)]) };
        }
    }
    if age >= 5 {
        person.sadness = draw.weighted(&[(1, 4), (2, 16), (3, 130), (4, 850)]);
    }
    let ill = match age {
        0..=17 => 12,
        18..=39 => 85,
        40..=59 => 230,
        _ => 430,
    };
    let ill = ill + u32::from(10 - welfare.min(10)) * ill / 60;
    person.chronic = if draw.chance(ill) {
        draw.weighted(&[
            (2, 420),
            (3, 120),
            (4, 60),
            (5, 70),
            (6, 100),
            (7, 20),
            (8, 36),
            (9, 12),
            (10, 11),
            (11, 1),
            (12, 4),
            (13, 80),
            (14, 3),
            (15, 2),
            (16, 1),
            (17, 3),
            (18, 57),
        ])
    } else {
        1
    };
}

fn card(draw: &mut Draw, person: &mut Person) {
    person.education = match person.certificate {
        0 => 1,
        23 if person.participation == 1 => 1,
        23 => 2,
        1..=5 => 3,
        6..=10 => 4,
        11..=17 => 5,
        18 => 7,
        19 | 20 => 8,
        21 => 9,
        _ => 10,
    };
    person.occupation = match (person.job_status, person.age) {
        (_, 0..=6) => 1,
        _ if person.participation == 2 => 3,
        (5, _) => draw.weighted(&[(5, 620), (6, 90), (7, 100), (16, 150), (17, 40)]),
        (4, _) => draw.weighted(&[(15, 860), (18, 90), (27, 50)]),
        (6, _) => 20,
        (7, _) => 19,
        (1..=3, _) if person.industry <= 3 => 9,
        (1..=3, _) => draw.weighted(&[(24, 700), (33, 300)]),
        (8, _) if person.sex == 2 => 2,
        (0, 60..) => draw.weighted(&[(1, 500), (4, 120), (2, 380)]),
        (0, _) if person.sex == 2 => 2,
        _ => 1,
    };
}
