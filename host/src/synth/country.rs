//! Places of the invented country: how many families each regency holds, its
//! villages and districts with the codes that a delivery writes, and where the
//! deciles are cut.
//!
//! Takes the region tables, the number of families and the seed; gives places.
//! Population decides the families (largest remainder, `domain.md` 3.4); about
//! 1,130 families make a village. Must never depend on the order of families.

use super::draw::mixed;
use crate::columns::regions::{Regency, Regions};

/// Families in a village, about (95,006,179 over 83,762 villages).
const FAMILIES_PER_VILLAGE: u64 = 1_130;
/// Welfare is the sum of four bytes: 0 to 1,020; offsets keep it within this range.
const WELFARE_SPAN: usize = 2_000;
/// Added so that a low offset stays positive.
const WELFARE_BASE: i32 = 400;

/// One district of a place.
pub(super) struct District {
    /// 7 digits as delivered (BPS style; invented in Papua).
    pub(super) bps: String,
    /// 6 digits as in an NIK (Kemendagri).
    pub(super) prefix: [u8; 6],
    /// Prefix of another district, for people registered elsewhere first.
    pub(super) foreign: [u8; 6],
    /// Name, ready for CSV.
    pub(super) name: String,
}

/// One regency or city.
pub(super) struct Place {
    /// Position in `Regions::regencies`.
    pub(super) regency: usize,
    /// Home Affairs code of the province, for what varies by region.
    pub(super) province: u8,
    /// Index of its first family in the country.
    pub(super) first_family: u64,
    /// Number of its families.
    pub(super) families: u64,
    /// Number of its villages.
    pub(super) villages: u64,
    /// Added to the welfare of its families.
    offset: i32,
    /// Urban villages of 1,000.
    urban: u32,
    /// Wards (kelurahan) of 1,000 villages.
    wards: u32,
    /// The delivery's columns before the district: codes and names of province and regency, ready for CSV.
    pub(super) head: String,
    /// Districts in order of their villages.
    pub(super) districts: Vec<District>,
    /// Decile bounds of the regency.
    cuts: [u16; 9],
    /// Decile bounds of its province.
    province_cuts: [u16; 9],
}

/// The villages of one district.
#[derive(Clone)]
pub(super) struct Stretch<'a> {
    pub(super) place: &'a Place,
    pub(super) district: &'a District,
    /// Positions of its villages in the place.
    pub(super) villages: std::ops::Range<u64>,
}

impl Stretch<'_> {
    /// The families of one village, by their index in the country.
    pub(super) fn families(&self, village: u64) -> std::ops::Range<u64> {
        let first = |village: u64| self.place.first_family + self.place.families * village / self.place.villages;
        first(village)..first(village + 1)
    }
}

/// One village.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Village {
    /// Position in the place.
    pub(super) at: u64,
    /// Position of its district.
    pub(super) district: usize,
    /// Number within the district, from 1: the last three digits of its code.
    pub(super) serial: u32,
    /// 1 urban, 2 rural.
    pub(super) settlement: u8,
    /// 1 kelurahan, 2 desa, 3 desa adat.
    pub(super) kind: u8,
    /// Chooses its name.
    pub(super) name: u64,
}

/// The invented country.
pub(super) struct Country {
    /// Places in order of their Kemendagri code, those without a family left out.
    pub(super) places: Vec<Place>,
    cuts: [u16; 9],
    seed: u64,
}

impl Country {
    /// Shares the families out and cuts the deciles.
    pub(super) fn new(regions: &Regions, families: u64, seed: u64) -> Country {
        let weights: Vec<u64> = regions.regencies().iter().map(|r| u64::from(r.population())).collect();
        let shares = largest_remainder(&weights, families);
        let pool = spread();
        let mut places = Vec::new();
        let mut first_family = 0;
        for (at, (regency, share)) in regions.regencies().iter().zip(&shares).enumerate() {
            places.push(place(regions, at, regency, (first_family, *share), seed));
            first_family += share;
        }
        let mut national = vec![0u128; WELFARE_SPAN];
        let mut provinces: Vec<(u8, Vec<u128>)> = Vec::new();
        for place in &mut places {
            let mut own = vec![0u128; WELFARE_SPAN];
            for (offset, share) in [(place.offset + 40, place.urban), (place.offset - 40, 1_000 - place.urban)] {
                let weight = u128::from(place.families.max(1)) * u128::from(share);
                for (welfare, ways) in pool.iter().enumerate() {
                    let bin = usize::try_from(offset + WELFARE_BASE).unwrap_or(0) + welfare;
                    if let Some(slot) = own.get_mut(bin) {
                        *slot += weight * u128::from(*ways);
                    }
                }
            }
            place.cuts = cut(&own);
            if provinces.last().is_none_or(|(province, _)| *province != place.province) {
                provinces.push((place.province, vec![0u128; WELFARE_SPAN]));
            }
            if let Some((_, sum)) = provinces.last_mut() {
                sum.iter_mut().zip(&own).for_each(|(a, b)| *a += b);
            }
            national.iter_mut().zip(&own).for_each(|(a, b)| *a += b);
        }
        for place in &mut places {
            if let Some((_, sum)) = provinces.iter().find(|(province, _)| *province == place.province) {
                place.province_cuts = cut(sum);
            }
        }
        places.retain(|place| place.families > 0);
        Country { places, cuts: cut(&national), seed }
    }

    /// The districts that hold a village, in the order of the country. A district is
    /// invented in one go: its people's numbers run through it.
    pub(super) fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        self.places.iter().flat_map(|place| {
            let districts = place.districts.len() as u64;
            let first = move |district: u64| (district * place.villages).div_ceil(districts.max(1));
            (0..districts).zip(&place.districts).filter_map(move |(at, district)| {
                let villages = first(at)..first(at + 1);
                (!villages.is_empty()).then_some(Stretch { place, district, villages })
            })
        })
    }

    /// A village by its position in a place.
    pub(super) fn village(&self, place: &Place, at: u64) -> Village {
        let districts = place.districts.len().max(1) as u64;
        let district = at * districts / place.villages.max(1);
        let first = (district * place.villages).div_ceil(districts);
        let dice = mixed(self.seed, place.regency as u64 + 1, at + 1);
        let ward = dice % 1_000 < u64::from(place.wards);
        let urban = (dice >> 10) % 1_000 < u64::from(place.urban);
        let custom = place.province >= 91 && (dice >> 20).is_multiple_of(200);
        Village {
            at,
            district: district as usize,
            serial: (at - first + 1) as u32,
            settlement: if urban { 1 } else { 2 },
            kind: if ward {
                1
            } else if custom {
                3
            } else {
                2
            },
            name: dice >> 30,
        }
    }

    /// Deciles of a family in the country, its province and its regency, from its
    /// welfare (0 to 1,020) and settlement.
    pub(super) fn deciles(&self, place: &Place, settlement: u8, welfare: u32) -> [u8; 3] {
        let tilt = if settlement == 1 { 40 } else { -40 };
        let at = place.offset + tilt + WELFARE_BASE + welfare as i32;
        let at = u16::try_from(at).unwrap_or(0);
        [&self.cuts, &place.province_cuts, &place.cuts]
            .map(|cuts| 1 + cuts.iter().filter(|cut| at >= **cut).count() as u8)
    }
}

/// Ways to get each sum of four bytes.
fn spread() -> Vec<u64> {
    let mut ways = vec![1u64];
    for _ in 0..4 {
        let mut next = vec![0u64; ways.len() + 255];
        for (sum, count) in ways.iter().enumerate() {
            for byte in 0..256 {
                if let Some(slot) = next.get_mut(sum + byte) {
                    *slot += count;
                }
            }
        }
        ways = next;
    }
    ways
}

/// Mean family size of a decile, in thousandths: larger at the bottom (`domain.md` 5.1).
fn mean_size(decile: usize) -> u128 {
    if decile < 2 { 3_850 } else { 2_868 }
}

/// Bounds that hold equal people in each decile.
fn cut(welfare: &[u128]) -> [u16; 9] {
    let total: u128 = welfare.iter().sum();
    let share = |decile: usize| 1_000_000_000 / mean_size(decile);
    let all: u128 = (0..10).map(share).sum();
    let mut cuts = [0u16; 9];
    let (mut wanted, mut seen, mut bin) = (0u128, 0u128, 0usize);
    for (decile, bound) in cuts.iter_mut().enumerate() {
        wanted += share(decile);
        while bin < welfare.len() {
            let next = seen + welfare.get(bin).copied().unwrap_or(0);
            // the nearer side of the bound, so that ties do not add up
            if (next + seen) * all >= 2 * wanted * total {
                break;
            }
            seen = next;
            bin += 1;
        }
        *bound = bin as u16;
    }
    cuts
}

/// Shares a total by weights; equal remainders go to the earlier one.
pub(super) fn largest_remainder(weights: &[u64], total: u64) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|w| u128::from(*w)).sum::<u128>().max(1);
    let exact: Vec<u128> = weights.iter().map(|w| u128::from(*w) * u128::from(total)).collect();
    let mut shares: Vec<u64> = exact.iter().map(|e| (e / sum) as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(exact.get(*at).map_or(0, |e| e % sum)), *at));
    let left = total - shares.iter().sum::<u64>();
    for at in order.into_iter().take(left as usize) {
        if let Some(share) = shares.get_mut(at) {
            *share += 1;
        }
    }
    shares
}

/// How well off a province is, beside the nation (assumed).
fn province_offset(province: u8) -> i32 {
    match province {
        31 => 170,
        21 | 64 => 90,
        34 | 36 | 51 => 40,
        32 | 19 | 65 | 14 => 15,
        11 | 17 | 18 | 52 | 72 | 74 | 75 | 76 => -40,
        53 | 81 | 82 => -90,
        91..=96 => -110,
        _ => 0,
    }
}

fn place(regions: &Regions, at: usize, regency: &Regency, (first_family, families): (u64, u64), seed: u64) -> Place {
    let province = regency.kemendagri.get(..2).and_then(|p| p.parse().ok()).unwrap_or(0);
    let city = regency.is_city();
    let java = (31..=36).contains(&province);
    let urban = if city {
        950
    } else if java {
        580
    } else {
        330
    };
    let wards = match (province, city) {
        (31, _) => 1_000,
        (11, _) => 0,
        (_, true) => 800,
        _ => 60,
    };
    let jitter = (mixed(seed, at as u64 + 1, 0) % 121) as i32 - 60;
    let owner = regions.provinces().get(regency.province);
    let province_bps = owner.map_or("", |p| p.bps.as_str());
    let code = if regency.bps_valid {
        regency.bps.clone()
    } else {
        // the code after the split was not obtained: province and last two digits
        format!("{province_bps}{}", regency.kemendagri.get(3..).unwrap_or("01"))
    };
    let head =
        format!("{province_bps},{},{code},{}", plain(owner.map_or("", |p| p.name.as_str())), plain(&regency.name));
    Place {
        regency: at,
        province,
        first_family,
        families,
        villages: ((families + FAMILIES_PER_VILLAGE / 2) / FAMILIES_PER_VILLAGE).max(1),
        offset: province_offset(province) + if city { 40 } else { 0 } + jitter,
        urban,
        wards,
        head,
        districts: districts(regions, regency, &code),
        cuts: [0; 9],
        province_cuts: [0; 9],
    }
}

/// The districts of a regency from the crosswalk; in Papua, where it has none,
/// numbered ones.
fn districts(regions: &Regions, regency: &Regency, code: &str) -> Vec<District> {
    let known = regions.districts_of(&regency.kemendagri);
    let prefix = |kemendagri: &str| {
        let mut digits = [b'0'; 6];
        for (slot, digit) in digits.iter_mut().zip(kemendagri.bytes().filter(u8::is_ascii_digit)) {
            *slot = digit;
        }
        digits
    };
    if known.is_empty() {
        return (1..=regency.districts.clamp(1, 99))
            .map(|n| {
                let own = prefix(&format!("{}{n:02}", regency.kemendagri));
                let name = format!("Distrik {n}");
                District { bps: format!("{code}{:03}", n * 10), prefix: own, foreign: own, name }
            })
            .collect();
    }
    let mut all: Vec<District> = known
        .iter()
        .map(|d| District {
            bps: d.bps.clone(),
            prefix: prefix(&d.kemendagri),
            foreign: prefix(&regions.district_far_from(d).kemendagri),
            name: plain(&d.name),
        })
        .collect();
    // by the code that villages carry: families come in the order of a snapshot's rows
    all.sort_by(|a, b| a.bps.cmp(&b.bps));
    all
}

/// Upper case, quoted where CSV asks for it.
fn plain(name: &str) -> String {
    let upper = name.to_uppercase();
    if upper.contains([',', '"', ';']) { format!("\"{}\"", upper.replace('"', "\"\"")) } else { upper }
}
