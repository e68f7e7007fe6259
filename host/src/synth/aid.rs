//! Invents what lists say of a family: exclusions, deaths, pregnancies, premiums,
//! lost livelihoods and earlier aid ("Last period, planted by `synth`" of
//! `programs.md`; exclusions: `domain.md` 4.2).
//!
//! Takes a family with members and home; fills its lists. Counts of earlier aid
//! are steered to the national figures in families of 95,006,179. The test of
//! "still eligible today" is a rough one, to plant movers; it is no program.

use super::draw::{Draw, by_decile};
use super::people::{Family, Person};

/// Families in the nation (DTSEN, January 2026, [BPS-JAN26]).
pub(super) const NATION: u64 = 95_006_179;
/// Quarters after which PKH's health and education components end.
const FIVE_YEARS: u32 = 20;

/// What lists say of one family.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Aid {
    /// Quarters in a row that PKH was paid, up to the last period; 0 = not.
    pub(super) pkh: u8,
    /// The same for Sembako.
    pub(super) sembako: u8,
    /// The same for BLT Dana Desa.
    pub(super) blt: u8,
    /// The same for Permakanan.
    pub(super) permakanan: u8,
    /// PKH ended this many quarters before the last period; 0 = never.
    pub(super) ended: u8,
    /// Exclusion item delivered by KK; 0 = none.
    pub(super) exclusion: u8,
    /// Days before as-of on which the livelihood was lost; 0 = not.
    pub(super) lost_ago: u8,
    /// Months before as-of in which the facts were noted.
    pub(super) fact_age: u8,
}

/// Steers a count to its rate: `rate` of 95,006,179 families.
struct Steer {
    rate: i128,
    due: i128,
    /// Expected weight of candidates per 1,000 families.
    pool: i128,
    window: i128,
}

impl Steer {
    fn new(rate: i128, pool: i128, families: u64) -> Steer {
        Steer { rate, due: 0, pool, window: i128::from((families / 20 + 64).min(2_000)) }
    }

    fn family(&mut self) {
        self.due += self.rate;
    }

    /// Takes `units` at once, by a chance that grows with the weight and with what is due.
    fn takes(&mut self, draw: &mut Draw, weight: u32, units: usize) -> bool {
        let share = (self.due + self.rate * self.window) * i128::from(weight);
        let whole = i128::from(NATION) * self.pool * self.window;
        let taken = i128::from(draw.below(1 << 20)) * whole < share * (1 << 20);
        if taken {
            self.due -= i128::from(NATION) * units as i128;
        }
        taken
    }
}

/// Earlier aid of the whole country.
pub(super) struct Aids {
    pkh_stays: Steer,
    pkh_five_years: Steer,
    pkh_gone: Steer,
    sembako_with_pkh: Steer,
    sembako_stays: Steer,
    sembako_gone: Steer,
    pbi_low: Steer,
    pbi_high: Steer,
    blt: Steer,
    permakanan: Steer,
}

/// What a family would bring to PKH today.
struct Standing {
    low: bool,
    clean: bool,
    lasting: bool,
    passing: bool,
}

impl Aids {
    /// Nothing given yet, in a country of so many families.
    pub(super) fn new(families: u64) -> Aids {
        let steer = |rate, pool| Steer::new(rate, pool, families);
        Aids {
            pkh_stays: steer(7_300_000, 260),
            pkh_five_years: steer(850_000, 160),
            pkh_gone: steer(1_850_000, 180),
            sembako_with_pkh: steer(7_400_000, 105),
            sembako_stays: steer(9_600_000, 250),
            sembako_gone: steer(1_300_000, 180),
            pbi_low: steer(81_800_000, 1_450),
            pbi_high: steer(15_000_000, 900),
            blt: steer(1_500_000, 80),
            permakanan: steer(133_774, 12),
        }
    }

    /// Fills the lists of a family.
    pub(super) fn give(&mut self, draw: &mut Draw, family: &mut Family) {
        family.aid = Aid::default();
        bodies(draw, family);
        exclude(draw, family);
        let standing = stand(family);
        self.pkh(draw, family, &standing);
        self.sembako(draw, family, &standing);
        self.pbi(draw, family);
        self.others(draw, family);
        premiums(draw, family);
        if draw.rarely(800) {
            family.aid.lost_ago = draw.between(1, 240) as u8;
        }
        family.aid.fact_age =
            draw.below(6).min(draw.below(30)) as u8 + if draw.chance(120) { draw.between(12, 40) as u8 } else { 0 };
    }

    fn pkh(&mut self, draw: &mut Draw, family: &mut Family, standing: &Standing) {
        for steer in [&mut self.pkh_stays, &mut self.pkh_five_years, &mut self.pkh_gone] {
            steer.family();
        }
        let decile = family.deciles[0];
        let rank = by_first([1_500, 1_250, 800, 550], decile);
        let component = standing.lasting || standing.passing;
        if standing.low && standing.clean && component {
            if !standing.lasting && self.pkh_five_years.takes(draw, rank, 1) {
                family.aid.pkh = draw.between(FIVE_YEARS, 36) as u8;
            } else if self.pkh_stays.takes(draw, rank, 1) {
                let longest = if standing.lasting { 36 } else { FIVE_YEARS - 1 };
                family.aid.pkh = draw.between(4, longest) as u8;
            }
        } else {
            let weight = match decile {
                0 => 0,
                1..=4 if standing.clean => 350,
                1..=4 => 700,
                5 => 1_000,
                6 => 500,
                7 => 200,
                _ => 30,
            };
            if weight > 0 && self.pkh_gone.takes(draw, weight, 1) {
                family.aid.pkh = draw.between(4, 36) as u8;
            }
        }
        if family.aid.pkh == 0 && draw.chance(12) {
            family.aid.ended = draw.between(1, 12) as u8;
        }
    }

    fn sembako(&mut self, draw: &mut Draw, family: &mut Family, standing: &Standing) {
        for steer in [&mut self.sembako_with_pkh, &mut self.sembako_stays, &mut self.sembako_gone] {
            steer.family();
        }
        let decile = family.deciles[0];
        let given = if family.aid.pkh > 0 {
            self.sembako_with_pkh.takes(draw, 1_000, 1)
        } else if standing.low && standing.clean {
            self.sembako_stays.takes(draw, by_first([1_500, 1_250, 850, 600], decile), 1)
        } else {
            let weight = match decile {
                0 => 100,
                1..=4 => 700,
                5 => 1_000,
                6 => 500,
                7 => 200,
                _ => 30,
            };
            self.sembako_gone.takes(draw, weight, 1)
        };
        if given {
            family.aid.sembako = draw.between(1, 36) as u8;
        }
    }

    fn pbi(&mut self, draw: &mut Draw, family: &mut Family) {
        self.pbi_low.family();
        self.pbi_high.family();
        let living = family.members.iter().filter(|p| !p.dead).count();
        let decile = family.deciles[0];
        // counted before single members are left out, so a little above the target
        let units = living;
        let given = match decile {
            1..=5 => self.pbi_low.takes(draw, by_first([1_350, 1_200, 1_050, 900, 700], decile), units),
            0 => self.pbi_high.takes(draw, 1_500, units),
            _ => self.pbi_high.takes(
                draw,
                [1_500, 1_100, 700, 350, 150].get(usize::from(decile) - 6).copied().unwrap_or(0),
                units,
            ),
        };
        if given {
            let quarters = draw.between(1, 40) as u8;
            for person in family.members.iter_mut().filter(|p| !p.dead) {
                // a small child joined when it was born
                person.pbi_quarters = quarters.min((person.months / 3 + 1).min(200) as u8);
                person.pbi_nas = true;
            }
        } else if (2..=8).contains(&decile) && draw.chance(160) {
            family.members.iter_mut().for_each(|person| person.pbi_pemda = true);
        }
    }

    fn others(&mut self, draw: &mut Draw, family: &mut Family) {
        self.blt.family();
        self.permakanan.family();
        let regular = family.aid.pkh > 0 || family.aid.sembako > 0;
        let decile = family.deciles[0];
        if !regular
            && family.village_kind >= 2
            && (1..=4).contains(&decile)
            && self.blt.takes(draw, by_first([1_500, 700, 300, 150], decile), 1)
        {
            family.aid.blt = draw.between(1, 8) as u8;
        }
        let alone = family.members.len() == 1 && family.members.iter().any(|p| p.age >= 70);
        if !regular && alone && (1..=4).contains(&decile) && self.permakanan.takes(draw, 1_000, 1) {
            family.aid.permakanan = draw.between(1, 10) as u8;
        }
        if !regular && family.province == 31 {
            for person in &mut family.members {
                person.klj = person.age >= 60 && draw.chance(220);
            }
        }
    }
}

/// The value of a decile from 1; 0 past the end.
fn by_first<const N: usize>(values: [u32; N], decile: u8) -> u32 {
    usize::from(decile).checked_sub(1).and_then(|at| values.get(at)).copied().unwrap_or(0)
}

/// Deaths, pregnancies, victims.
fn bodies(draw: &mut Draw, family: &mut Family) {
    let children = family.members.iter().filter(|p| p.relation == 3).count() as u8;
    for person in &mut family.members {
        person.dead = draw.rarely(if person.age >= 60 { 900 } else { 40 });
        person.victim = person.age >= 55 && draw.rarely(30);
        if person.sex == 2 && person.marital == 2 && !person.dead {
            let (share, delivered) = match person.age {
                18..=24 => (195, 27),
                25..=34 => (165, 22),
                35..=39 => (95, 12),
                40..=44 => (30, 4),
                _ => (0, 0),
            };
            if draw.chance(share) {
                (person.pregnancy, person.pregnancy_order) = (1, (children + 1).min(9));
            } else if draw.chance(delivered) {
                (person.pregnancy, person.pregnancy_order) = (2, (children + 1).min(9));
                person.delivered_ago = draw.below(70) as u8;
            }
        }
    }
}

fn exclude(draw: &mut Draw, family: &mut Family) {
    let poor = family.welfare <= 4;
    let wages = by_decile([50, 180, 700], family.welfare);
    let rural = family.village_kind >= 2;
    for person in &mut family.members {
        person.exclusion = match (person.job_status, person.occupation) {
            (5, 5..=7) if draw.chance(if poor { 850 } else { 190 }) => 1,
            (5, _) if draw.chance(60) => 4,
            (_, 4) if draw.chance(220) => 2,
            (4, 27) if draw.chance(150) => 3,
            (4, _) if draw.rarely(wages) => 7,
            (3, _) if draw.chance(12) => 6,
            (1..=4, _) if rural && draw.rarely(180) => 5,
            (4, _) if draw.rarely(60) => 8,
            _ => 0,
        };
        if person.relation == 1 && person.exclusion == 0 && draw.rarely(220) {
            person.exclusion = 15;
        }
    }
    family.aid.exclusion = match draw.below(100_000) {
        0..=49 => 10,
        50..=149 => 11,
        150..=309 => 12,
        310..=589 => 14,
        590..=709 => 16,
        710..=779 => 7,
        _ => 0,
    };
}

fn stand(family: &Family) -> Standing {
    let living = || family.members.iter().filter(|p| !p.dead);
    let hit = |p: &Person| (1..=8).contains(&p.exclusion) || (p.relation == 1 && p.exclusion > 9) || p.job_status == 5;
    let pupil = |p: &Person| {
        let level = if p.list_level > 0 { p.list_level } else { p.level };
        (6..=21).contains(&p.age)
            && p.participation == 2
            && (1..=17).contains(&level)
            && !(11..=22).contains(&p.certificate)
    };
    let expecting =
        |p: &Person| (p.pregnancy == 1 || (p.pregnancy == 2 && p.delivered_ago <= 42)) && p.pregnancy_order <= 2;
    Standing {
        low: (1..=4).contains(&family.deciles[0]),
        clean: family.aid.exclusion == 0 && !living().any(hit),
        lasting: living().any(|p| p.age >= 60 || p.difficulties.contains(&1) || p.victim),
        passing: living().any(|p| p.age <= 6 || pupil(p) || expecting(p)),
    }
}

/// Health premiums paid by employers or by people themselves.
fn premiums(draw: &mut Draw, family: &mut Family) {
    let national = family.members.iter().any(|p| p.pbi_nas);
    let formal = by_decile([140, 300, 560], family.welfare) / if national { 20 } else { 1 };
    let employed = family.members.iter().any(|p| p.job_status == 5 || (p.job_status == 4 && p.age >= 18));
    let covered = employed && (draw.chance(formal) || (!national && family.members.iter().any(|p| p.job_status == 5)));
    let alone = !covered && !national && draw.chance(by_decile([10, 60, 260], family.welfare));
    for person in family.members.iter_mut().filter(|p| !p.dead && !p.pbi_pemda) {
        let worker = person.job_status == 4 || person.job_status == 5;
        let dependent = person.relation <= 2 || (person.relation == 3 && person.age <= 20);
        person.premium = if covered && (worker || dependent) { 1 } else { u8::from(alone) * 2 };
    }
}
