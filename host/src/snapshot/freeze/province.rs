//! Seals one province, regency by regency.
//!
//! Takes the country and the lists; writes the partition's row groups in order and
//! gives its findings. Memory: one regency and one row group.

use std::sync::atomic::{AtomicBool, Ordering};

use super::country::Country;
use super::gather::{Family, Regency};
use super::groups::Group;
use super::lists::{Lists, OfPerson};
use super::sources::{Column, columns};
use super::{interrupted, place};
use crate::columns::regions::Regions;
use crate::columns::{ColumnId, Dictionary, Entity, Kind};
use crate::error::{Error, Result};
use crate::intake::{NOTHING, Table};
use crate::quality::{Check, Tally};
use crate::snapshot::batch::GROUP_FAMILIES;
use crate::snapshot::{PartitionWriter, Sealed, Writer};
use crate::terms::{Date, FamilyId, PersonId};

/// The work on a province.
pub(super) struct Province<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) country: &'a Country,
    pub(super) lists: &'a Lists,
    pub(super) as_of: Date,
}

/// A sealed province.
pub(super) struct Done {
    pub(super) sealed: Sealed,
    pub(super) tally: Tally,
    pub(super) families: u64,
    /// List entries whose person or family is here.
    pub(super) matched: u64,
}

struct Shape {
    family: Vec<Column>,
    member: Vec<Column>,
    family_kinds: Vec<(ColumnId, Kind)>,
    member_kinds: Vec<(ColumnId, Kind)>,
}

impl Shape {
    fn group(&self) -> Group {
        Group::new(&self.family_kinds, &self.member_kinds)
    }
}

impl Province<'_> {
    pub(super) fn seal(&self, writer: &Writer, province: usize, cancel: &AtomicBool) -> Result<Done> {
        let code = Regions::embedded().provinces().get(province).map(|found| found.kemendagri.clone());
        let code = code.ok_or_else(|| Error::bug("a province of the region table"))?;
        let (family, member) = (columns(self.dictionary, Entity::Family)?, columns(self.dictionary, Entity::Member)?);
        let kinds = |all: &[Column]| all.iter().map(|column| (column.id, column.kind)).collect();
        let shape = Shape { family_kinds: kinds(&family), member_kinds: kinds(&member), family, member };
        let mut partition = writer.partition(&code)?;
        let mut group = shape.group();
        let mut tally = Tally::default();
        let (mut families, mut matched) = (0, 0);
        for ordinal in Country::regencies(province) {
            if cancel.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            let regency = Regency::load(self.country, self.lists, self.as_of, ordinal)?;
            families += regency.families.len() as u64;
            matched += Self::look(&regency, &mut tally)?;
            let mut from = 0;
            while from < regency.families.len() {
                let room = (GROUP_FAMILIES - group.rows.families) as usize;
                let to = (from + room).min(regency.families.len());
                fill(&mut group, &shape, &regency, from, to);
                if group.rows.families == GROUP_FAMILIES {
                    push(&mut partition, std::mem::replace(&mut group, shape.group()))?;
                }
                from = to;
            }
        }
        if group.rows.families > 0 {
            push(&mut partition, group)?;
        }
        Ok(Done { sealed: partition.finish()?, tally, families, matched })
    }

    /// Findings of a regency; gives how many list entries it matched.
    fn look(regency: &Regency<'_>, tally: &mut Tally) -> Result<u64> {
        let declared = place(Table::Family, "member_count")?;
        let (national, regional) = (place(Table::Person, "pbi_nas")?, place(Table::Person, "pbi_pemda")?);
        let state = place(Table::Person, "nik_state")?;
        let mut matched = 0;
        for (position, family) in regency.families.iter().enumerate() {
            look_family(regency, family, declared, tally);
            matched += regency.hits(position);
            let (from, to) = family.members;
            for at in from..to {
                let Some(member) = regency.members.get(at) else { continue };
                let shown = || PersonId(member.id).to_string();
                if regency.member_fact(at, national) == 1 && regency.member_fact(at, regional) == 1 {
                    tally.note(Check::TwoPbiSchemes, shown);
                }
                match regency.member_fact(at, state) {
                    1 => tally.note(Check::NikMissing, shown),
                    2 => tally.note(Check::NikBirthMismatch, shown),
                    3 => tally.note(Check::NikSexMismatch, shown),
                    _ => {}
                }
                if regency.relation(at) != 1 {
                    let loose = |topic: u8| matches!(topic, 10..=12 | 14..=16);
                    for _ in regency.of_person(at, OfPerson::Exclusions).iter().filter(|entry| loose(entry.topic)) {
                        tally.note(Check::ExclusionOnMember, shown);
                    }
                }
            }
        }
        Ok(matched)
    }
}

fn look_family(regency: &Regency<'_>, family: &Family, declared: usize, tally: &mut Tally) {
    let shown = || FamilyId(family.id).to_string();
    let (from, to) = family.members;
    let heads = (from..to).filter(|member| regency.relation(*member) == 1).count();
    let declared = regency.family_fact(family, declared);
    if from == to {
        tally.note(Check::EmptyFamily, shown);
    } else if heads == 0 {
        tally.note(Check::NoHead, shown);
    }
    if heads > 1 {
        tally.note(Check::ManyHeads, shown);
    }
    if from != to && declared != NOTHING && declared != (to - from) as i64 {
        tally.note(Check::IncompleteFamily, shown);
    }
}

/// Appends families `from..to` of a regency and their members, column by column.
fn fill(group: &mut Group, shape: &Shape, regency: &Regency<'_>, from: usize, to: usize) {
    let families = regency.families.get(from..to).unwrap_or(&[]);
    let first = families.first().map_or(0, |family| family.members.0);
    let last = families.last().map_or(first, |family| family.members.1);
    let base = group.rows.member_ends.last().copied().unwrap_or(0);
    group.rows.families += u32::try_from(families.len()).unwrap_or(0);
    group.rows.family_ids.extend(families.iter().map(|family| FamilyId(family.id)));
    let end = |family: &Family| base + u32::try_from(family.members.1 - first).unwrap_or(0);
    group.rows.member_ends.extend(families.iter().map(end));
    let members = regency.members.get(first..last).unwrap_or(&[]);
    group.rows.person_ids.extend(members.iter().map(|member| PersonId(member.id)));
    for (column, (_, filling)) in shape.family.iter().zip(&mut group.family) {
        for family in from..to {
            if column.kind == Kind::Set {
                let (held, known) = regency.family_set(family, &column.source);
                filling.push_set(held, known);
            } else {
                filling.push(regency.family_value(family, &column.source));
            }
        }
    }
    for (column, (_, filling)) in shape.member.iter().zip(&mut group.member) {
        for member in first..last {
            if column.kind == Kind::Set {
                let (held, known) = regency.member_set(member, &column.source);
                filling.push_set(held, known);
            } else {
                filling.push(regency.member_value(member, &column.source));
            }
        }
    }
}

fn push(partition: &mut PartitionWriter, group: Group) -> Result<()> {
    partition.push(&group.done())
}
