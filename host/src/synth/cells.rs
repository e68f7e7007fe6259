//! What an invented family says in each snapshot column: what import and freeze of
//! its extracts would say.
//!
//! Takes families in the order of a snapshot; gives columns. A code of 0 was not
//! delivered and is unknown; lists are complete, so who is not on one is a known no.
//! A column that no extract brings is unknown everywhere.

use super::people::{Family, Person};
use crate::columns::{ColumnId, Dictionary, Entity, Kind};
use crate::snapshot::batch::{BatchColumn, Values};
use crate::terms::Date;

/// Items 1 to 16 of an exclusion set.
const ALL_ITEMS: u32 = 0x1_fffe;
/// Item of the dead.
const DEAD: u8 = 9;
/// Age from which each difficulty is asked.
const ASKED_FROM: [i32; 9] = [2, 2, 2, 2, 2, 2, 5, 5, 5];

/// What all families of a village share, and the dates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) regency: u16,
    pub(super) village: u32,
    pub(super) settlement: u8,
    pub(super) village_kind: u8,
    /// The day that the facts are of.
    pub(super) noted: Date,
    /// The snapshot's date.
    pub(super) as_of: Date,
    /// Quarter ordinal of the last paid period.
    pub(super) last: u16,
}

/// A member with the age that its birth date gives at the snapshot's date.
type Rows<'a, T> = &'a [&'a T];
type FamilyFill = fn(Rows<'_, Family>, &Frame) -> BatchColumn;
type MemberFill = fn(Rows<'_, Person>, &Frame) -> BatchColumn;

/// How each snapshot column is filled.
pub(super) struct Cells {
    family: Vec<(ColumnId, Kind, Option<FamilyFill>)>,
    member: Vec<(ColumnId, Kind, Option<MemberFill>)>,
}

impl Cells {
    pub(super) fn new(dictionary: &Dictionary) -> Cells {
        let of = |entity| dictionary.snapshot_columns(entity).into_iter().map(|id| (id, dictionary.get(id)));
        Cells {
            family: of(Entity::Family).map(|(id, column)| (id, column.kind, family(&column.name))).collect(),
            member: of(Entity::Member).map(|(id, column)| (id, column.kind, member(&column.name))).collect(),
        }
    }

    /// The family columns of some families.
    pub(super) fn families(&self, rows: Rows<'_, Family>, frame: &Frame) -> Vec<(ColumnId, BatchColumn)> {
        let fill = |(id, kind, fill): &(ColumnId, Kind, Option<FamilyFill>)| {
            (*id, fill.map_or_else(|| unknown(*kind, rows.len()), |fill| fill(rows, frame)))
        };
        self.family.iter().map(fill).collect()
    }

    /// The member columns of some members.
    pub(super) fn members(&self, rows: Rows<'_, Person>, frame: &Frame) -> Vec<(ColumnId, BatchColumn)> {
        let fill = |(id, kind, fill): &(ColumnId, Kind, Option<MemberFill>)| {
            (*id, fill.map_or_else(|| unknown(*kind, rows.len()), |fill| fill(rows, frame)))
        };
        self.member.iter().map(fill).collect()
    }
}

fn pack(flags: impl ExactSizeIterator<Item = bool>) -> Vec<u8> {
    let mut bits = vec![0u8; flags.len().div_ceil(8)];
    for (row, flag) in flags.enumerate() {
        if let Some(byte) = bits.get_mut(row / 8) {
            *byte |= u8::from(flag) << (row % 8);
        }
    }
    bits
}

/// Bits of the rows that are known; `None` if all are.
fn known<T>(rows: Rows<'_, T>, is: impl Fn(&T) -> bool) -> Option<Vec<u8>> {
    if rows.iter().all(|row| is(row)) { None } else { Some(pack(rows.iter().map(|row| is(row)))) }
}

fn unknown(kind: Kind, rows: usize) -> BatchColumn {
    let mut values = Values::empty(kind);
    match &mut values {
        Values::Bits(cells) => cells.resize(rows.div_ceil(8), 0),
        Values::U8(cells) => cells.resize(rows, 0),
        Values::U16(cells) => cells.resize(rows, 0),
        Values::U32(cells) => cells.resize(rows, 0),
        Values::S32(cells) => cells.resize(rows, 0),
        Values::S64(cells) => cells.resize(rows, 0),
        Values::Set { members, known } => {
            members.resize(rows, 0);
            known.resize(rows, 0);
        }
    }
    let valid = (kind != Kind::Set).then(|| vec![0; rows.div_ceil(8)]);
    BatchColumn { values, valid }
}

fn flags<T>(rows: Rows<'_, T>, get: impl Fn(&T) -> bool) -> BatchColumn {
    BatchColumn { values: Values::Bits(pack(rows.iter().map(|row| get(row)))), valid: None }
}

/// 1 yes, 2 no, 0 not asked.
fn asked<T>(rows: Rows<'_, T>, get: impl Fn(&T) -> u8) -> BatchColumn {
    BatchColumn {
        values: Values::Bits(pack(rows.iter().map(|row| get(row) == 1))),
        valid: known(rows, |row| get(row) != 0),
    }
}

fn bytes<T>(rows: Rows<'_, T>, get: impl Fn(&T) -> u8) -> BatchColumn {
    BatchColumn { values: Values::U8(rows.iter().map(|row| get(row)).collect()), valid: None }
}

/// A code; 0 was not delivered.
fn codes<T>(rows: Rows<'_, T>, get: impl Fn(&T) -> u8) -> BatchColumn {
    let valid = known(rows, |row| get(row) != 0);
    BatchColumn { valid, ..bytes(rows, get) }
}

fn counts<T>(rows: Rows<'_, T>, get: impl Fn(&T) -> u16) -> BatchColumn {
    BatchColumn { values: Values::U16(rows.iter().map(|row| get(row)).collect()), valid: None }
}

/// A number or nothing.
fn counts_if<T>(rows: Rows<'_, T>, get: impl Fn(&T) -> Option<u16>) -> BatchColumn {
    let valid = known(rows, |row| get(row).is_some());
    BatchColumn { valid, ..counts(rows, |row| get(row).unwrap_or(0)) }
}

/// First quarter of an unbroken run up to the last paid one.
fn since<T>(rows: Rows<'_, T>, last: u16, quarters: impl Fn(&T) -> u8) -> BatchColumn {
    counts_if(rows, |row| Some(u16::from(quarters(row))).filter(|paid| *paid > 0).map(|paid| last + 1 - paid))
}

fn set<T>(rows: Rows<'_, T>, get: impl Fn(&T) -> (u32, u32)) -> BatchColumn {
    let (members, known) = rows.iter().map(|row| get(row)).unzip();
    BatchColumn { values: Values::Set { members, known }, valid: None }
}

fn item(code: u8) -> u32 {
    if code == 0 { 0 } else { 1 << code }
}

fn family(name: &str) -> Option<FamilyFill> {
    Some(match name {
        "regency" => |rows, frame| counts(rows, |_| frame.regency),
        "village" => |rows, frame| BatchColumn { values: Values::U32(vec![frame.village; rows.len()]), valid: None },
        "settlement" => |rows, frame| bytes(rows, |_| frame.settlement),
        "village_kind" => |rows, frame| bytes(rows, |_| frame.village_kind),
        "member_count" => |rows, _| bytes(rows, |f| f.members.len() as u8),
        "decile" => |rows, _| bytes(rows, |f| f.deciles[0]),
        "decile_province" => |rows, _| bytes(rows, |f| f.deciles[1]),
        "decile_regency" => |rows, _| bytes(rows, |f| f.deciles[2]),
        "family_pbi_nas" => |rows, _| flags(rows, |f| f.members.iter().any(|p| p.pbi_nas)),
        "family_pbi_pemda" => |rows, _| flags(rows, |f| f.members.iter().any(|p| p.pbi_pemda)),
        "exclusions" => |rows, _| set(rows, |f| (item(f.aid.exclusion), ALL_ITEMS)),
        "livelihood_lost" => |rows, _| flags(rows, |f| f.aid.lost_ago > 0),
        "other_aid" => |rows, _| {
            let klj = |f: &Family| u32::from(f.members.iter().any(|p| p.klj));
            set(rows, |f| (u32::from(f.aid.permakanan > 0) | klj(f) << 1, 0b11))
        },
        "fact_month" => |rows, frame| {
            let today = frame.noted.civil();
            let month = today.year().unsigned_abs() * 12 + u16::from(today.month().unsigned_abs()) - 1;
            counts(rows, |f| month - u16::from(f.aid.fact_age))
        },
        "previous.pkh" => |rows, _| flags(rows, |f| f.aid.pkh > 0),
        "previous.sembako" => |rows, _| flags(rows, |f| f.aid.sembako > 0),
        "previous.blt_dd" => |rows, _| flags(rows, |f| f.aid.blt > 0),
        "since.pkh" => |rows, frame| since(rows, frame.last, |f| f.aid.pkh),
        "since.sembako" => |rows, frame| since(rows, frame.last, |f| f.aid.sembako),
        "since.blt_dd" => |rows, frame| since(rows, frame.last, |f| f.aid.blt),
        _ => return home(name).or_else(|| asset(name)),
    })
}

fn home(name: &str) -> Option<FamilyFill> {
    Some(match name {
        "house_tenure" => |rows, _| codes(rows, |f| f.home.tenure),
        "floor_type" => |rows, _| codes(rows, |f| f.home.floor),
        "floor_area" => |rows, _| counts(rows, |f| f.home.area),
        "wall_type" => |rows, _| codes(rows, |f| f.home.wall),
        "roof_type" => |rows, _| codes(rows, |f| f.home.roof),
        "water_source" => |rows, _| codes(rows, |f| f.home.water),
        "lighting_source" => |rows, _| codes(rows, |f| f.home.lighting),
        "installed_power" => |rows, _| codes(rows, |f| f.home.power),
        "cooking_fuel" => |rows, _| codes(rows, |f| f.home.fuel),
        "toilet_facility" => |rows, _| codes(rows, |f| f.home.toilet),
        "toilet_bowl" => |rows, _| codes(rows, |f| f.home.bowl),
        "waste_disposal" => |rows, _| codes(rows, |f| f.home.disposal),
        "livestock_cattle" => |rows, _| counts(rows, |f| u16::from(f.home.animals[0])),
        "livestock_buffalo" => |rows, _| counts(rows, |f| u16::from(f.home.animals[1])),
        "livestock_horse" => |rows, _| counts(rows, |f| u16::from(f.home.animals[2])),
        "livestock_pig" => |rows, _| counts(rows, |f| u16::from(f.home.animals[3])),
        "livestock_goat" => |rows, _| counts(rows, |f| u16::from(f.home.animals[4])),
        "assets_owned" => |rows, _| flags(rows, |f| f.home.assets.contains(&true)),
        _ => return None,
    })
}

fn asset(name: &str) -> Option<FamilyFill> {
    Some(match name {
        "asset_gas_bottle" => |rows, _| flags(rows, |f| f.home.assets[0]),
        "asset_fridge" => |rows, _| flags(rows, |f| f.home.assets[1]),
        "asset_air_conditioner" => |rows, _| flags(rows, |f| f.home.assets[2]),
        "asset_water_heater" => |rows, _| flags(rows, |f| f.home.assets[3]),
        "asset_landline" => |rows, _| flags(rows, |f| f.home.assets[4]),
        "asset_flat_tv" => |rows, _| flags(rows, |f| f.home.assets[5]),
        "asset_gold" => |rows, _| flags(rows, |f| f.home.assets[6]),
        "asset_computer" => |rows, _| flags(rows, |f| f.home.assets[7]),
        "asset_motorcycle" => |rows, _| flags(rows, |f| f.home.assets[8]),
        "asset_bicycle" => |rows, _| flags(rows, |f| f.home.assets[9]),
        "asset_car" => |rows, _| flags(rows, |f| f.home.assets[10]),
        "asset_boat" => |rows, _| flags(rows, |f| f.home.assets[11]),
        "asset_motor_boat" => |rows, _| flags(rows, |f| f.home.assets[12]),
        "asset_smartphone" => |rows, _| flags(rows, |f| f.home.assets[13]),
        "asset_other_land" => |rows, _| flags(rows, |f| f.home.assets[14]),
        "asset_other_house" => |rows, _| flags(rows, |f| f.home.assets[15]),
        _ => return None,
    })
}

fn member(name: &str) -> Option<MemberFill> {
    Some(match name {
        "birth_date" => {
            |rows, _| BatchColumn { values: Values::S32(rows.iter().map(|p| born(p).0).collect()), valid: None }
        }
        "sex" => |rows, _| codes(rows, |p| p.sex),
        "relation" => |rows, _| codes(rows, |p| p.relation),
        "marital_status" => |rows, _| codes(rows, |p| p.marital),
        "pbi_nas" => |rows, _| flags(rows, |p| p.pbi_nas),
        "pbi_pemda" => |rows, _| flags(rows, |p| p.pbi_pemda),
        "school_participation" => |rows, _| codes(rows, |p| p.participation),
        "school_level" => |rows, _| codes(rows, |p| p.level),
        "school_grade" => |rows, _| codes(rows, |p| p.grade),
        "certificate" => |rows, _| codes(rows, |p| p.certificate),
        "working" => |rows, _| asked(rows, |p| p.working),
        "industry" => |rows, _| codes(rows, |p| p.industry),
        "job_status" => |rows, _| codes(rows, |p| p.job_status),
        "has_business" => |rows, _| asked(rows, |p| p.business),
        "business_count" => |rows, _| codes(rows, |p| p.businesses),
        "business_industry" => |rows, _| codes(rows, |p| if p.business == 1 { p.industry } else { 0 }),
        "paid_workers" => |rows, _| counts_if(rows, |p| (p.business == 1).then_some(u16::from(p.paid))),
        "unpaid_workers" => |rows, _| counts_if(rows, |p| (p.business == 1).then_some(u16::from(p.unpaid))),
        "turnover_band" => |rows, _| codes(rows, |p| p.turnover),
        "ktp_regency" => |rows, frame| counts(rows, |_| frame.regency),
        "ktp_occupation" => |rows, _| codes(rows, |p| p.occupation),
        "ktp_education" => |rows, _| codes(rows, |p| p.education),
        "member_exclusions" => {
            |rows, _| set(rows, |p| (item(p.exclusion) | if p.dead { item(DEAD) } else { 0 }, ALL_ITEMS))
        }
        "dead" => |rows, _| flags(rows, |p| p.dead),
        "pregnancy" => |rows, _| bytes(rows, |p| p.pregnancy),
        "pregnancy_order" => |rows, _| codes(rows, |p| if p.pregnancy > 0 { p.pregnancy_order } else { 0 }),
        "delivery_date" => |rows, frame| BatchColumn {
            values: Values::S32(rows.iter().map(|p| delivered(p, frame).unwrap_or(0)).collect()),
            valid: known(rows, |p| p.pregnancy == 2),
        },
        "wage_premium" => |rows, _| bytes(rows, |p| p.premium),
        "human_rights_victim" => |rows, _| flags(rows, |p| p.victim),
        "school_list_level" => |rows, _| bytes(rows, |p| p.list_level),
        "previous.pbi_jkn" => |rows, _| flags(rows, |p| p.pbi_quarters > 0),
        "since.pbi_jkn" => |rows, frame| since(rows, frame.last, |p| p.pbi_quarters),
        _ => return health(name),
    })
}

fn health(name: &str) -> Option<MemberFill> {
    Some(match name {
        "nutrition" => |rows, _| codes(rows, |p| p.nutrition),
        "difficulty_seeing" => |rows, _| codes(rows, |p| p.difficulties[0]),
        "difficulty_hearing" => |rows, _| codes(rows, |p| p.difficulties[1]),
        "difficulty_walking" => |rows, _| codes(rows, |p| p.difficulties[2]),
        "difficulty_hands" => |rows, _| codes(rows, |p| p.difficulties[3]),
        "difficulty_learning" => |rows, _| codes(rows, |p| p.difficulties[4]),
        "difficulty_behaviour" => |rows, _| codes(rows, |p| p.difficulties[5]),
        "difficulty_speaking" => |rows, _| codes(rows, |p| p.difficulties[6]),
        "difficulty_self_care" => |rows, _| codes(rows, |p| p.difficulties[7]),
        "difficulty_remembering" => |rows, _| codes(rows, |p| p.difficulties[8]),
        "sadness" => |rows, _| codes(rows, |p| p.sadness),
        "chronic_illness" => |rows, _| codes(rows, |p| p.chronic),
        "severe_difficulties" => |rows, frame| set(rows, |p| severe(p, frame)),
        _ => return None,
    })
}

fn born(person: &Person) -> Date {
    let (year, month, day) = person.birth;
    Date::from_ymd(year.cast_signed(), month.cast_signed(), day.cast_signed()).unwrap_or(Date(0))
}

fn delivered(person: &Person, frame: &Frame) -> Option<i32> {
    (person.pregnancy == 2).then_some(frame.noted.0 - i32::from(person.delivered_ago))
}

/// The difficulties of "cannot at all", and those that are settled: asked, or not asked at this age.
fn severe(person: &Person, frame: &Frame) -> (u32, u32) {
    let (mut held, mut known) = (0, 0);
    let mut years = None;
    for (bit, (difficulty, from)) in person.difficulties.iter().zip(ASKED_FROM).enumerate() {
        let settled = *difficulty != 0 || *years.get_or_insert_with(|| born(person).years_at(frame.as_of)) < from;
        held |= u32::from(*difficulty == 1) << bit;
        known |= u32::from(settled) << bit;
    }
    (held, known)
}
