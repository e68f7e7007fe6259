//! Families laid out as the columns of a batch, by the names that a program asks for,
//! and rules as the values that cross.

use kit::{Batch, BatchColumn, ColumnWish, Entity, Kind, SettingKind, SettingWish, Value, Values};

use crate::Setting;
use crate::family::{Family, Items, Member};

/// One value of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Not known.
    Unknown,
    /// A number, a code, a day, or 1 for yes.
    Number(i64),
    /// Codes that hold, and codes whose state is known.
    Set(u32, u32),
}

fn number<T: Into<i64>>(value: Option<T>) -> Cell {
    value.map_or(Cell::Unknown, |value| Cell::Number(value.into()))
}

fn set(items: &Items) -> Cell {
    let mask = |holds: fn(Option<bool>) -> bool| {
        (0..32).filter(|code| holds(items[*code as usize])).fold(0, |all, code: u32| all | 1_u32 << code)
    };
    Cell::Set(mask(|item| item == Some(true)), mask(|item| item.is_some()))
}

/// Reads a family column by name; `None` if there is none of that name.
#[must_use]
pub fn of_family(name: &str) -> Option<fn(&Family) -> Cell> {
    Some(match name {
        "decile" => |family| number(family.decile),
        "member_count" => |family| number(family.member_count),
        "village_kind" => |family| number(family.village_kind),
        "exclusions" => |family| set(&family.exclusions),
        "other_aid" => |family| set(&family.other_aid),
        "livelihood_lost" => |family| number(family.livelihood_lost),
        "previous.pkh" => |family| number(family.previous_pkh),
        "since.pkh" => |family| number(family.since_pkh),
        "receives.pkh" => |family| number(family.receives_pkh),
        "receives.sembako" => |family| number(family.receives_sembako),
        _ => return None,
    })
}

/// Reads a member column by name; `None` if there is none of that name.
#[must_use]
pub fn of_member(name: &str) -> Option<fn(&Member) -> Cell> {
    Some(match name {
        "birth_date" => |member| number(member.birth_date.map(super::family::Day::count)),
        "sex" => |member| number(member.sex),
        "relation" => |member| number(member.relation),
        "dead" => |member| number(member.dead),
        "member_exclusions" => |member| set(&member.member_exclusions),
        "working" => |member| number(member.working),
        "job_status" => |member| number(member.job_status),
        "pregnancy" => |member| number(member.pregnancy),
        "pregnancy_order" => |member| number(member.pregnancy_order),
        "delivery_date" => |member| number(member.delivery_date.map(super::family::Day::count)),
        "school_participation" => |member| number(member.school_participation),
        "school_level" => |member| number(member.school_level),
        "certificate" => |member| number(member.certificate),
        "school_list_level" => |member| number(member.school_list_level),
        "severe_difficulties" => |member| set(&member.severe_difficulties),
        "human_rights_victim" => |member| number(member.human_rights_victim),
        "chronic_illness" => |member| number(member.chronic_illness),
        "wage_premium" => |member| number(member.wage_premium),
        "pbi_nas" => |member| number(member.pbi_nas),
        "pbi_pemda" => |member| number(member.pbi_pemda),
        "previous.pbi_jkn" => |member| number(member.previous_pbi_jkn),
        _ => return None,
    })
}

/// Takes a family column away: not granted = not known. Says whether there is one of that name.
pub fn blank_family(name: &str, family: &mut Family) -> bool {
    match name {
        "decile" => family.decile = None,
        "member_count" => family.member_count = None,
        "village_kind" => family.village_kind = None,
        "exclusions" => family.exclusions = [None; 32],
        "other_aid" => family.other_aid = [None; 32],
        "livelihood_lost" => family.livelihood_lost = None,
        "previous.pkh" => family.previous_pkh = None,
        "since.pkh" => family.since_pkh = None,
        "receives.pkh" => family.receives_pkh = None,
        "receives.sembako" => family.receives_sembako = None,
        _ => return false,
    }
    true
}

/// Takes a member column away: not granted = not known. Says whether there is one of that name.
pub fn blank_member(name: &str, member: &mut Member) -> bool {
    match name {
        "birth_date" => member.birth_date = None,
        "sex" => member.sex = None,
        "relation" => member.relation = None,
        "dead" => member.dead = None,
        "member_exclusions" => member.member_exclusions = [None; 32],
        "working" => member.working = None,
        "job_status" => member.job_status = None,
        "pregnancy" => member.pregnancy = None,
        "pregnancy_order" => member.pregnancy_order = None,
        "delivery_date" => member.delivery_date = None,
        "school_participation" => member.school_participation = None,
        "school_level" => member.school_level = None,
        "certificate" => member.certificate = None,
        "school_list_level" => member.school_list_level = None,
        "severe_difficulties" => member.severe_difficulties = [None; 32],
        "human_rights_victim" => member.human_rights_victim = None,
        "chronic_illness" => member.chronic_illness = None,
        "wage_premium" => member.wage_premium = None,
        "pbi_nas" => member.pbi_nas = None,
        "pbi_pemda" => member.pbi_pemda = None,
        "previous.pbi_jkn" => member.previous_pbi_jkn = None,
        _ => return false,
    }
    true
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the kinds of kit::Values, owned")]
pub enum Owned {
    Bits(Vec<u8>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    S32(Vec<i32>),
    S64(Vec<i64>),
    Set(Vec<u32>, Vec<u32>),
}

/// A column: values, and which rows are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// One value per row.
    pub values: Owned,
    /// One bit per row; `None` = all known.
    pub valid: Option<Vec<u8>>,
}

/// One bit per row, least significant first.
pub fn bits(rows: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bits = Vec::new();
    for (row, on) in rows.enumerate() {
        if row % 8 == 0 {
            bits.push(0);
        }
        if let Some(last) = bits.last_mut() {
            *last |= u8::from(on) << (row % 8);
        }
    }
    bits
}

/// A column of cells.
#[must_use]
pub fn column(kind: Kind, cells: &[Cell]) -> Column {
    fn numbers<T: TryFrom<i64> + Default>(cells: &[Cell]) -> Vec<T> {
        let number = |cell: &Cell| if let Cell::Number(n) = cell { *n } else { 0 };
        cells.iter().map(|cell| T::try_from(number(cell)).unwrap_or_default()).collect()
    }
    let values = match kind {
        Kind::Bits => Owned::Bits(bits(cells.iter().map(|cell| *cell == Cell::Number(1)))),
        Kind::U8 => Owned::U8(numbers(cells)),
        Kind::U16 => Owned::U16(numbers(cells)),
        Kind::U32 => Owned::U32(numbers(cells)),
        Kind::S32 => Owned::S32(numbers(cells)),
        Kind::S64 => Owned::S64(numbers(cells)),
        Kind::Set => {
            let set = |cell: &Cell| if let Cell::Set(members, known) = cell { (*members, *known) } else { (0, 0) };
            let (members, known) = cells.iter().map(set).unzip();
            return Column { values: Owned::Set(members, known), valid: None };
        }
    };
    let unknown = cells.contains(&Cell::Unknown);
    Column { values, valid: unknown.then(|| bits(cells.iter().map(|cell| *cell != Cell::Unknown))) }
}

/// Families as the columns that a program is granted.
#[derive(Debug, Clone, Default)]
pub struct Laid {
    /// For each family the end of its members.
    pub ends: Vec<u32>,
    /// Family columns, with their place among the wishes.
    pub family: Vec<(usize, Column)>,
    /// Member columns, with their place among the wishes.
    pub member: Vec<(usize, Column)>,
}

/// Lays families out; a wish that is not present is left away.
#[must_use]
pub fn lay(families: &[Family], wishes: &[ColumnWish], present: &[bool]) -> Laid {
    let mut laid = Laid::default();
    let mut end = 0;
    for family in families {
        end += u32::try_from(family.members.len()).unwrap_or(0);
        laid.ends.push(end);
    }
    for (at, wish) in wishes.iter().enumerate().filter(|(at, _)| present.get(*at) == Some(&true)) {
        if wish.entity == Entity::Family {
            let Some(read) = of_family(wish.name) else { continue };
            let cells: Vec<Cell> = families.iter().map(read).collect();
            laid.family.push((at, column(wish.kind, &cells)));
        } else {
            let Some(read) = of_member(wish.name) else { continue };
            let cells: Vec<Cell> = families.iter().flat_map(|family| &family.members).map(read).collect();
            laid.member.push((at, column(wish.kind, &cells)));
        }
    }
    laid
}

/// Borrows a column as the kit takes it.
#[must_use]
pub fn borrowed(column: &Column) -> BatchColumn<'_> {
    let values = match &column.values {
        Owned::Bits(values) => Values::Bits(values),
        Owned::U8(values) => Values::U8(values),
        Owned::U16(values) => Values::U16(values),
        Owned::U32(values) => Values::U32(values),
        Owned::S32(values) => Values::S32(values),
        Owned::S64(values) => Values::S64(values),
        Owned::Set(members, known) => Values::Set { members, known },
    };
    BatchColumn { values, valid: column.valid.as_deref() }
}

impl Laid {
    /// Hands the batch to `then`.
    pub fn batch<T>(&self, then: impl FnOnce(&Batch<'_>) -> T) -> T {
        let family: Vec<_> = self.family.iter().map(|(_, column)| borrowed(column)).collect();
        let member: Vec<_> = self.member.iter().map(|(_, column)| borrowed(column)).collect();
        let families = u32::try_from(self.ends.len()).unwrap_or(0);
        then(&Batch { families, member_ends: &self.ends, family: &family, member: &member })
    }
}

/// A setting as it crosses; `None` if the program asks for something else.
#[must_use]
pub fn value(wish: &SettingWish, named: &[(&'static str, Setting)]) -> Option<Value> {
    let (_, setting) = named.iter().find(|(name, _)| *name == wish.name)?;
    let at = |word: &str| wish.options.iter().position(|option| *option == word).and_then(|at| i64::try_from(at).ok());
    Some(match (wish.kind, setting) {
        (SettingKind::Integer, Setting::Integer(n)) => Value::Integer(*n),
        (SettingKind::Flag, Setting::Flag(yes)) => Value::Integer(i64::from(*yes)),
        (SettingKind::Choice, Setting::Word(word)) => Value::Integer(at(word)?),
        (SettingKind::Choices, Setting::Words(words)) => {
            let bits: Option<Vec<i64>> = words.iter().map(|word| at(word).map(|at| 1 << at)).collect();
            Value::Integer(bits?.into_iter().fold(0, |all, bit: i64| all | bit))
        }
        (SettingKind::Codes, Setting::Codes(codes)) => Value::Codes(codes.clone()),
        _ => return None,
    })
}
