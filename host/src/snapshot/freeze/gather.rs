//! The families of one regency with their members, in the order of the snapshot.
//!
//! Takes packed rows; gives families by village and id, members by family and id,
//! and answers for one row what a column's source says. Superseded rows are gone.

use super::country::Country;
use super::lists::{Entry, List, Lists, OfFamily, OfPerson, value};
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
    /// Where each family and each member stands in each list: looked up once.
    family_lists: Vec<[u32; 4]>,
    member_lists: Vec<[u32; 6]>,
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
            family_lists: Vec::new(),
            member_lists: Vec::new(),
            birth: place(Table::Person, "birth_date")?,
            relation: place(Table::Person, "relation")?,
        };
        regency.order_families(u16::try_from(ordinal).unwrap_or(0))?;
        regency.order_members()?;
        let (of_families, of_people) = (lists.of_families(), lists.of_people());
        regency.family_lists =
            regency.families.iter().map(|family| of_families.map(|list| list.start(family.id))).collect();
        regency.member_lists =
            regency.members.iter().map(|member| of_people.map(|list| list.start(member.id))).collect();
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

    /// Entries of a family in a list.
    pub(super) fn of_family(&self, at: usize, list: OfFamily) -> &'a [Entry] {
        let start = self.family_lists.get(at).and_then(|starts| starts.get(list as usize));
        match (start, self.lists.of_families().get(list as usize)) {
            (Some(start), Some(list)) => list.from(*start),
            _ => &[],
        }
    }

    /// Entries of a member in a list.
    pub(super) fn of_person(&self, at: usize, list: OfPerson) -> &'a [Entry] {
        let start = self.member_lists.get(at).and_then(|starts| starts.get(list as usize));
        match (start, self.lists.of_people().get(list as usize)) {
            (Some(start), Some(list)) => list.from(*start),
            _ => &[],
        }
    }

    /// List entries that belong to a family and to a member.
    pub(super) fn hits(&self, family: usize) -> u64 {
        let Some(of) = self.families.get(family) else { return 0 };
        let sum = |starts: &[u32], lists: &[&List]| -> usize {
            starts.iter().zip(lists).map(|(start, list)| list.from(*start).len()).sum()
        };
        let own = self.family_lists.get(family).map_or(0, |starts| sum(starts, &self.lists.of_families()));
        let members = self.member_lists.get(of.members.0..of.members.1).unwrap_or(&[]);
        let theirs: usize = members.iter().map(|starts| sum(starts, &self.lists.of_people())).sum();
        let by_head = if self.of_family(family, OfFamily::History).is_empty() { self.aid(family).len() } else { 0 };
        (own + theirs + by_head) as u64
    }

    /// What a family column holds.
    pub(super) fn family_value(&self, at: usize, source: &Source) -> i64 {
        let Some(family) = self.families.get(at) else { return NOTHING };
        let lists = self.lists;
        let kinds = || self.country.kinds.get(&family.number).copied().unwrap_or((NOTHING, NOTHING));
        match source {
            Source::Fact(slot) => self.family_fact(family, *slot),
            Source::Village => family.village,
            Source::VillageKind => kinds().0,
            Source::Settlement => kinds().1,
            Source::LivelihoodLost => on(self.of_family(at, OfFamily::Losses), &lists.losses),
            Source::FactMonth => value(self.of_family(at, OfFamily::Months), 0, NOTHING),
            Source::Previous(program) => self.previous(self.aid(at), *program, &lists.family_history),
            Source::Since(program) => self.since(self.aid(at), *program),
            _ => NOTHING,
        }
    }

    /// What a family set holds, and what of it is known.
    pub(super) fn family_set(&self, at: usize, source: &Source) -> (u32, u32) {
        let Some(family) = self.families.get(at) else { return (0, 0) };
        match source {
            Source::Exclusions => items(self.of_family(at, OfFamily::Exclusions), &self.lists.family_exclusions),
            Source::OtherAid => {
                let own = self.aid(at).iter();
                let theirs = (family.members.0..family.members.1).flat_map(|at| self.of_person(at, OfPerson::History));
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
        let lists = self.lists;
        match source {
            Source::Fact(slot) => self.member_fact(at, *slot),
            Source::Dead => i64::from(self.of_person(at, OfPerson::Exclusions).iter().any(|entry| entry.topic == 9)),
            Source::Pregnancy => value(self.of_person(at, OfPerson::Pregnancies), 0, lists.pregnancies.zero()),
            Source::PregnancyOrder => value(self.of_person(at, OfPerson::Pregnancies), 1, NOTHING),
            Source::DeliveryDate => value(self.of_person(at, OfPerson::Pregnancies), 2, NOTHING),
            Source::WagePremium => value(self.of_person(at, OfPerson::WagePremiums), 0, lists.wage_premiums.zero()),
            Source::Victim => on(self.of_person(at, OfPerson::Victims), &lists.victims),
            Source::SchoolListLevel => value(self.of_person(at, OfPerson::SchoolLevels), 0, lists.school_levels.zero()),
            Source::Previous(program) => {
                self.previous(self.of_person(at, OfPerson::History), *program, &lists.person_history)
            }
            Source::Since(program) => self.since(self.of_person(at, OfPerson::History), *program),
            _ => NOTHING,
        }
    }

    /// What a member set holds, and what of it is known.
    pub(super) fn member_set(&self, at: usize, source: &Source) -> (u32, u32) {
        match source {
            Source::Exclusions => items(self.of_person(at, OfPerson::Exclusions), &self.lists.person_exclusions),
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
    pub(super) fn aid(&self, at: usize) -> &'a [Entry] {
        let own = self.of_family(at, OfFamily::History);
        match self.families.get(at).and_then(|family| family.head) {
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
fn on(entries: &[Entry], list: &List) -> i64 {
    if entries.is_empty() { list.zero() } else { 1 }
}

/// Exclusion items as a set.
fn items(entries: &[Entry], list: &List) -> (u32, u32) {
    let hits = entries.iter().fold(0_u32, |set, entry| set | 1_u32.checked_shl(u32::from(entry.topic)).unwrap_or(0));
    (hits & ALL_ITEMS, if list.complete { ALL_ITEMS } else { hits & ALL_ITEMS })
}
