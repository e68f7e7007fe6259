//! Facts and settings as a person reads them, in both languages.
//!
//! Takes columns of a batch and the dictionary; gives texts. Never an identity:
//! members are told apart by relation and age.

use super::Source;
use super::cells::{Cell, laid_out};
use crate::columns::{Column, Entity, Kind, Origin};
use crate::sandbox::{SettingKind, SettingWish};
use crate::say;
use crate::snapshot::Manifest;
use crate::snapshot::batch::{BatchColumn, Values, bit};
use crate::terms::{Date, Lang, Rupiah, Text, show_count};

/// Names of regencies and villages by ordinal.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    /// Regency names, by ordinal.
    pub regencies: Vec<String>,
    /// Village codes with system, by ordinal.
    pub villages: Vec<String>,
    /// Names of the regencies' provinces, by regency ordinal.
    pub provinces: Vec<String>,
    /// Village names, by ordinal.
    pub village_names: Vec<String>,
}

impl Regions {
    /// The names that a snapshot's ordinals stand for.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Regions {
        let all = crate::columns::regions::Regions::embedded();
        let province = |code: &str| {
            let at = all.regency(code.rsplit(':').next().unwrap_or(code))?;
            all.provinces().get(all.regencies().get(at)?.province).map(|province| province.name.clone())
        };
        let Manifest { regions, .. } = manifest;
        Regions {
            regencies: regions.regencies.iter().map(|row| row.name.clone()).collect(),
            villages: regions.villages.iter().map(|row| row.code.clone()).collect(),
            provinces: regions.regencies.iter().map(|row| province(&row.code).unwrap_or_default()).collect(),
            village_names: regions.villages.iter().map(|row| row.name.clone()).collect(),
        }
    }
}

fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// One value as a person reads it.
#[must_use]
pub fn shown_value(column: &Column, values: &BatchColumn, row: u32, regions: &Regions) -> Text {
    let row = at(row);
    if values.valid.as_ref().is_some_and(|valid| !bit(valid, row)) {
        return Text::new("tidak diketahui", "not known");
    }
    match &values.values {
        Values::Bits(bits) => yes_no(bit(bits, row)),
        Values::U8(list) => coded(column, list.get(row).copied().map(i64::from), regions),
        Values::U16(list) => coded(column, list.get(row).copied().map(i64::from), regions),
        Values::U32(list) => coded(column, list.get(row).copied().map(i64::from), regions),
        Values::S32(list) => {
            let date = Date(list.get(row).copied().unwrap_or(0));
            say!("{date}", "{date}")
        }
        Values::S64(list) => {
            let money = Rupiah(list.get(row).copied().unwrap_or(0));
            Text::new(money.show(Lang::Id), money.show(Lang::En))
        }
        Values::Set { members, known } => {
            shown_set(column, members.get(row).copied().unwrap_or(0), known.get(row).copied().unwrap_or(0))
        }
    }
}

/// One cell as a person reads it.
pub(super) fn shown_cell(column: &Column, cell: Cell, regions: &Regions) -> Text {
    shown_value(column, &laid_out(column.kind, &[cell]), 0, regions)
}

/// A meaning without the remark in brackets behind it.
pub(super) fn short(meaning: &Text) -> Text {
    let cut = |text: &str| text.split(" (").next().unwrap_or(text).to_owned();
    Text::new(cut(&meaning.id), cut(&meaning.en))
}

fn yes_no(yes: bool) -> Text {
    if yes { Text::new("ya", "yes") } else { Text::new("tidak", "no") }
}

fn coded(column: &Column, value: Option<i64>, regions: &Regions) -> Text {
    let value = value.unwrap_or(0);
    let named = column.codes.iter().find(|code| i64::from(code.code) == value);
    // a decile is its number; only the lack of one needs a word
    let named = named.filter(|_| column.unit != "decile" || value == 0);
    if let Some(code) = named {
        return if code.id == code.en && code.id == value.to_string() {
            say!("{value}", "{value}")
        } else {
            Text::new(format!("{value} ({})", code.id), format!("{value} ({})", code.en))
        };
    }
    if value == 0 && column.origin == Origin::List && !column.codes.is_empty() {
        return Text::new("tidak ada dalam daftar", "not on the list");
    }
    let ordinal = usize::try_from(value).unwrap_or(usize::MAX);
    match (column.unit.as_str(), column.kind) {
        ("quarter", _) => quarter(value),
        ("month", _) => {
            let (year, month) = (value / 12, value % 12 + 1);
            say!("{year:04}-{month:02}", "{year:04}-{month:02}")
        }
        ("region", Kind::U16) => named_region(&regions.regencies, ordinal),
        ("region", _) => named_region(&regions.villages, ordinal),
        _ => Text::new(show_count(value, Lang::Id), show_count(value, Lang::En)),
    }
}

fn quarter(ordinal: i64) -> Text {
    let (year, quarter) = (ordinal / 4, ordinal % 4 + 1);
    say!("{year:04}Q{quarter}", "{year:04}Q{quarter}")
}

fn named_region(names: &[String], ordinal: usize) -> Text {
    let name = names.get(ordinal).cloned().unwrap_or_else(|| ordinal.to_string());
    Text::new(name.clone(), name)
}

fn shown_set(column: &Column, members: u32, known: u32) -> Text {
    let holds = |mask: u32, code: u32| mask.checked_shr(code).unwrap_or(0) & 1 == 1;
    let list = |lang: Lang, mask: u32| {
        let words = column.codes.iter().filter(|code| holds(mask, code.code)).map(|code| match lang {
            Lang::Id => code.id.as_str(),
            Lang::En => code.en.as_str(),
        });
        words.collect::<Vec<_>>().join(", ")
    };
    let all: u32 = column.codes.iter().filter_map(|code| 1u32.checked_shl(code.code)).fold(0, |mask, bit| mask | bit);
    let open = known & all != all;
    let (id, en) = match (members & all != 0, open) {
        (false, false) => ("tidak ada".to_owned(), "none".to_owned()),
        (false, true) => ("tidak ada yang diketahui".to_owned(), "none known".to_owned()),
        (true, _) => (list(Lang::Id, members), list(Lang::En, members)),
    };
    Text { id, en }
}

/// A setting as the rule file writes it.
pub(super) fn shown_setting(wish: &SettingWish, written: &toml::Value) -> Text {
    match written {
        toml::Value::Integer(value) if wish.unit.starts_with("idr") => {
            Text::new(Rupiah(*value).show(Lang::Id), Rupiah(*value).show(Lang::En))
        }
        toml::Value::Integer(value) if wish.kind == SettingKind::Integer => {
            Text::new(show_count(*value, Lang::Id), show_count(*value, Lang::En))
        }
        toml::Value::Boolean(yes) => yes_no(*yes),
        toml::Value::String(text) => Text::new(text.clone(), text.clone()),
        toml::Value::Array(list) => {
            let words: Vec<String> =
                list.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
            let text = words.join(", ");
            Text::new(text.clone(), text)
        }
        other => Text::new(other.to_string(), other.to_string()),
    }
}

/// The members of a family by relation and age, in the snapshot's order.
pub(super) fn members(from: &Source<'_>, family: u32) -> Vec<Text> {
    let first = super::first_member(from.batch, family);
    let end = from.batch.member_ends.get(at(family)).copied().unwrap_or(first);
    let column = |name: &str| {
        let id = from.dictionary.id(name)?;
        Some((from.dictionary.get(id), from.batch.column(Entity::Member, id)?))
    };
    let (relation, born) = (column("relation"), column("birth_date"));
    let one = |member: u32| {
        let role = relation.and_then(|(column, values)| relation_word(column, values, member));
        let age = born.and_then(|(_, values)| age_of(values, member, from.as_of));
        let role = role.unwrap_or_else(|| Text::new("anggota", "member"));
        match age {
            Some(years) => Text::new(format!("{}, {years} tahun", role.id), format!("{}, {years} years", role.en)),
            None => role,
        }
    };
    (first..end).map(one).collect()
}

fn relation_word(column: &Column, values: &BatchColumn, member: u32) -> Option<Text> {
    if values.valid.as_ref().is_some_and(|valid| !bit(valid, at(member))) {
        return None;
    }
    let Values::U8(list) = &values.values else { return None };
    let value = u32::from(*list.get(at(member))?);
    let code = column.codes.iter().find(|code| code.code == value)?;
    Some(Text::new(code.id.clone(), code.en.clone()))
}

fn age_of(values: &BatchColumn, member: u32, as_of: Date) -> Option<i32> {
    if values.valid.as_ref().is_some_and(|valid| !bit(valid, at(member))) {
        return None;
    }
    let Values::S32(list) = &values.values else { return None };
    Some(Date(*list.get(at(member))?).years_at(as_of))
}
