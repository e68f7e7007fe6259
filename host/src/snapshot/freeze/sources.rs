//! Where each snapshot column comes from.
//!
//! Takes the dictionary; gives, per column, the fact, list or computation behind it.
//! A column without any is unknown everywhere.

use super::place;
use crate::columns::{ColumnId, Derive, Dictionary, Entity, Kind, Origin};
use crate::error::Result;
use crate::intake::Table;

/// What is behind a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A packed fact.
    Fact(usize),
    /// The village's ordinal, kind or settlement.
    Village,
    VillageKind,
    Settlement,
    /// Exclusions of the family or the person, by item.
    Exclusions,
    /// Item 9 of the person.
    Dead,
    OtherAid,
    LivelihoodLost,
    FactMonth,
    Pregnancy,
    PregnancyOrder,
    DeliveryDate,
    WagePremium,
    Victim,
    SchoolListLevel,
    /// Earlier aid of a program, by its number in the history.
    Previous(u8),
    Since(u8),
    /// Bit i: the fact in slot i equals a value; asked from an age on.
    SetWhere {
        slots: Vec<usize>,
        equals: i64,
        asked_from: Vec<u8>,
    },
    Nowhere,
}

/// Programs of the aid history, as `lists.toml` numbers them.
const PROGRAMS: [(&str, u8); 4] = [("pkh", 1), ("sembako", 2), ("pbi_jkn", 3), ("blt_dd", 4)];
/// Permakanan and KLJ in the history; their bits in `other_aid` are 0 and 1.
pub(super) const OTHER_AID: [u8; 2] = [5, 6];

/// A column, its kind and its source.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) id: ColumnId,
    pub(super) kind: Kind,
    pub(super) source: Source,
}

/// The snapshot columns of an entity.
pub(super) fn columns(dictionary: &Dictionary, entity: Entity) -> Result<Vec<Column>> {
    let mut all = Vec::new();
    for id in dictionary.snapshot_columns(entity) {
        let column = dictionary.get(id);
        all.push(Column { id, kind: column.kind, source: source(column, entity)? });
    }
    Ok(all)
}

fn source(column: &crate::columns::Column, entity: Entity) -> Result<Source> {
    let table = if entity == Entity::Family { Table::Family } else { Table::Person };
    let program = |prefix: &str| {
        let name = column.name.strip_prefix(prefix)?;
        PROGRAMS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
    };
    if let Some(Derive::SetWhere { columns, equals, asked_from }) = &column.derive {
        let slots = columns.iter().map(|name| place(table, name)).collect::<Result<_>>()?;
        return Ok(Source::SetWhere { slots, equals: i64::from(*equals), asked_from: asked_from.clone() });
    }
    Ok(match (column.name.as_str(), column.origin) {
        ("village", _) => Source::Village,
        ("village_kind", _) => Source::VillageKind,
        ("settlement", _) => Source::Settlement,
        ("exclusions" | "member_exclusions", _) => Source::Exclusions,
        ("dead", _) => Source::Dead,
        ("other_aid", _) => Source::OtherAid,
        ("livelihood_lost", _) => Source::LivelihoodLost,
        ("fact_month", _) => Source::FactMonth,
        ("pregnancy", _) => Source::Pregnancy,
        ("pregnancy_order", _) => Source::PregnancyOrder,
        ("delivery_date", _) => Source::DeliveryDate,
        ("wage_premium", _) => Source::WagePremium,
        ("human_rights_victim", _) => Source::Victim,
        ("school_list_level", _) => Source::SchoolListLevel,
        (name, Origin::Delivered) => Source::Fact(place(table, name)?),
        _ => match (program("previous."), program("since.")) {
            (Some(number), _) => Source::Previous(number),
            (_, Some(number)) => Source::Since(number),
            _ => Source::Nowhere,
        },
    })
}
