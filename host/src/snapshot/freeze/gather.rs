//! The families of one regency with their members, in the order of the snapshot.
//!
//! Takes packed rows; gives families by village and id, members by family and id,
//! and answers for one row what a column's source says. Superseded rows are gone.

use super::country::Country;
use super::lists::{Entry, List, Lists};
use super::place;
use super::sources::{OTHER_AID, Source};
use crate::error::Result;
use crate::intake::{NOTHING, Table};
use crate::terms::Date;

/// Items 1 to 16 of an exclusion set.
const ALL_ITEMS: u32 = 0x1_fffe;

/// A family and where its members lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    pub(super) id: u64,
    row: usize,
    village: i64,
    number: i64,
    pub(super) members: (usize, usize),
    /// Person id of the first head, if there is one.
    pub(super) head: Option<u64>,
}

/// A member.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) id: u64,
    family: u32,
    row: usize,
}

/// One regency, ready to be written.
pub(super) struct Regency<'a> {
    country: &'a Country,
    lists: &'a Lists,
    as_of: Date,
    family_rows: Vec<u8>,
    member_rows: Vec<u8>,
    pub(super) families: Vec<Family>,
    pub(super) members: Vec<Member>,
    birth: usize,
    relation: usize,
}

impl<'a> Regency<'a> {
    pub(super) fn load(country: &'a Country, lists: &'a Lists, as_of: Date, ordinal: usize) -> Result<Regency<'a>> {
        let spread = &country.spread;
        let rows =
            |buckets: &[super::packing::Bucket]| buckets.get(ordinal).map_or(Ok(Vec::new()), |bucket| bucket.rows());
        let mut regency = Regency {
            country,
            lists,
            as_of,
            family_rows: rows(&spread.families)?,
            member_rows: rows(&spread.members)?,
            families: Vec::new(),
            members: Vec::new(),
            birth: place(Table::Person, "birth_date")?,
            relation: place(Table::Person, "relation")?,
        };
        regency.order_families(u16::try_from(ordinal).unwrap_or(0))?;
        regency.order_members()?;
        Ok(regency)
    }

    fn order_families(&mut self, ordinal: u16) -> Result<()> {
        let packing = &self.country.spread.family_packing;
        let (extract, village) = (place(Table::Family, "extract")?, place(Table::Family, "village")?);
        let count = self.family_rows.len() / packing.width.max(1);
        for row in 0..count {
            let bytes = self.family_row(row);
            let id = packing.get(bytes, 0);
            let rank = u32::try_from(packing.get(bytes, extract)).unwrap_or(0);
            if !self.country.is_home(id, rank, ordinal) {
                continue;
            }
            let number = packing.get(bytes, village);
            let at = self.country.village(ordinal, number).map_or(NOTHING, i64::from);
            let family = Family { id: id.cast_unsigned(), row, village: at, number, members: (0, 0), head: None };
            self.families.push(family);
        }
        self.families.sort_unstable_by_key(|family| (family.village, family.id));
        Ok(())
    }

    fn order_members(&mut self) -> Result<()> {
        let packing = &self.country.spread.member_packing;
        let family = place(Table::Person, "family")?;
        let mut by_id: Vec<(u64, u32)> = self.families.iter().zip(0..).map(|(family, at)| (family.id, at)).collect();
        by_id.sort_unstable();
        let count = self.member_rows.len() / packing.width.max(1);
        for row in 0..count {
            let bytes = self.member_row(row);
            let home = packing.get(bytes, family).cast_unsigned();
            let Ok(at) = by_id.binary_search_by_key(&home, |(id, _)| *id) else { continue };
            let Some((_, family)) = by_id.get(at) else { continue };
            self.members.push(Member { id: packing.get(bytes, 0).cast_unsigned(), family: *family, row });
        }
        self.members.sort_unstable_by_key(|member| (member.family, member.id));
        let mut from = 0;
        for at in 0..self.families.len() {
            let mine = |member: &&Member| member.family as usize == at;
            let to = from + self.members.get(from..).unwrap_or(&[]).iter().take_while(mine).count();
            let head = (from..to).find(|member| self.relation(*member) == 1);
            let head = head.and_then(|member| self.members.get(member)).map(|member| member.id);
            if let Some(family) = self.families.get_mut(at) {
                family.members = (from, to);
                family.head = head;
            }
            from = to;
        }
        Ok(())
    }

    fn family_row(&self, row: usize) -> &[u8] {
        let width = self.country.spread.family_packing.width;
        self.family_rows.get(row * width..(row + 1) * width).unwrap_or(&[])
    }

    fn member_row(&self, row: usize) -> &[u8] {
        let width = self.country.spread.member_packing.width;
        self.member_rows.get(row * width..(row + 1) * width).unwrap_or(&[])
    }

    /// Relation to the head of a member by position.
    pub(super) fn relation(&self, member: usize) -> i64 {
        self.member_fact(member, self.relation)
    }

    /// A delivered fact of a member by position.
    pub(super) fn member_fact(&self, member: usize, slot: usize) -> i64 {
        let Some(member) = self.members.get(member) else { return NOTHING };
        self.country.spread.member_packing.get(self.member_row(member.row), slot)
    }

    /// A delivered fact of a family.
    pub(super) fn family_fact(&self, family: &Family, slot: usize) -> i64 {
        self.country.spread.family_packing.get(self.family_row(family.row), slot)
    }

    /// What a family column holds.
    pub(super) fn family_value(&self, family: &Family, source: &Source) -> i64 {
        let lists = self.lists;
        let kinds = || self.country.kinds.get(&family.number).copied().unwrap_or((NOTHING, NOTHING));
        match source {
            Source::Fact(slot) => self.family_fact(family, *slot),
            Source::Village => family.village,
            Source::VillageKind => kinds().0,
            Source::Settlement => kinds().1,
            Source::LivelihoodLost => on(&lists.losses, family.id),
            Source::FactMonth => lists.months.value(family.id, 0, NOTHING),
            Source::Previous(program) => self.previous(self.aid(family), *program, &lists.family_history),
            Source::Since(program) => self.since(self.aid(family), *program),
            _ => NOTHING,
        }
    }

    /// What a family set holds, and what of it is known.
    pub(super) fn family_set(&self, family: &Family, source: &Source) -> (u32, u32) {
        match source {
            Source::Exclusions => items(&self.lists.family_exclusions, family.id),
            Source::OtherAid => {
                let own = self.aid(family).iter();
                let (from, to) = family.members;
                let members = self.members.get(from..to).unwrap_or(&[]);
                let theirs = members.iter().flat_map(|member| self.lists.person_history.of(member.id));
                let paid = own.chain(theirs).filter(|entry| entry.values.get(1) == Some(&self.lists.last_quarter));
                let bit = |entry: &Entry| OTHER_AID.iter().position(|program| *program == entry.topic);
                let hits = paid.filter_map(bit).fold(0, |set, bit| set | 1 << bit);
                (hits, if self.lists.family_history.complete { 0b11 } else { hits })
            }
            _ => (0, 0),
        }
    }

    /// What a member column holds.
    pub(super) fn member_value(&self, at: usize, source: &Source) -> i64 {
        let Some(member) = self.members.get(at) else { return NOTHING };
        let lists = self.lists;
        match source {
            Source::Fact(slot) => self.member_fact(at, *slot),
            Source::Dead => i64::from(lists.person_exclusions.of(member.id).iter().any(|entry| entry.topic == 9)),
            Source::Pregnancy => lists.pregnancies.value(member.id, 0, lists.pregnancies.zero()),
            Source::PregnancyOrder => lists.pregnancies.value(member.id, 1, NOTHING),
            Source::DeliveryDate => lists.pregnancies.value(member.id, 2, NOTHING),
            Source::WagePremium => lists.wage_premiums.value(member.id, 0, lists.wage_premiums.zero()),
            Source::Victim => on(&lists.victims, member.id),
            Source::SchoolListLevel => lists.school_levels.value(member.id, 0, lists.school_levels.zero()),
            Source::Previous(program) => {
                self.previous(lists.person_history.of(member.id), *program, &lists.person_history)
            }
            Source::Since(program) => self.since(lists.person_history.of(member.id), *program),
            _ => NOTHING,
        }
    }

    /// What a member set holds, and what of it is known.
    pub(super) fn member_set(&self, at: usize, source: &Source) -> (u32, u32) {
        let Some(member) = self.members.get(at) else { return (0, 0) };
        match source {
            Source::Exclusions => items(&self.lists.person_exclusions, member.id),
            Source::SetWhere { slots, equals, asked_from } => {
                let birth = self.member_fact(at, self.birth);
                let age = || (birth != NOTHING).then(|| Date(i32::try_from(birth).unwrap_or(0)).years_at(self.as_of));
                let (mut held, mut known, mut years) = (0, 0, None);
                for (bit, slot) in slots.iter().enumerate() {
                    let value = self.member_fact(at, *slot);
                    let asked = asked_from.get(bit).copied().unwrap_or(0);
                    let settled =
                        value != NOTHING || years.get_or_insert_with(age).is_some_and(|years| years < i32::from(asked));
                    held |= u32::from(value == *equals) << bit;
                    known |= u32::from(settled) << bit;
                }
                (held, known)
            }
            _ => (0, 0),
        }
    }

    /// Earlier aid of a family: under its id, or where that is new, under its head's.
    pub(super) fn aid(&self, family: &Family) -> &'a [Entry] {
        let own = self.lists.family_history.of(family.id);
        match family.head {
            Some(head) if own.is_empty() => self.lists.head_history.of(head),
            _ => own,
        }
    }

    fn previous(&self, aid: &[Entry], program: u8, list: &List) -> i64 {
        match aid.iter().find(|entry| entry.topic == program) {
            Some(entry) => i64::from(entry.values.get(1) == Some(&self.lists.last_quarter)),
            None => list.zero(),
        }
    }

    fn since(&self, aid: &[Entry], program: u8) -> i64 {
        let paid = |entry: &&Entry| entry.topic == program && entry.values.get(1) == Some(&self.lists.last_quarter);
        match aid.iter().find(paid).and_then(|entry| entry.values.first()) {
            Some(&since) if since != i32::MIN => i64::from(since),
            _ => NOTHING,
        }
    }
}

/// On the list, or known not to be.
fn on(list: &List, id: u64) -> i64 {
    if list.one(id).is_some() { 1 } else { list.zero() }
}

/// Exclusion items as a set.
fn items(list: &List, id: u64) -> (u32, u32) {
    let hits =
        list.of(id).iter().fold(0_u32, |set, entry| set | 1_u32.checked_shl(u32::from(entry.topic)).unwrap_or(0));
    (hits & ALL_ITEMS, if list.complete { ALL_ITEMS } else { hits & ALL_ITEMS })
}
