//! Invents a country straight into a sealed snapshot: what import and freeze of its
//! extracts would seal, without files in between.
//!
//! Takes a number of families, a seed and the key of the ids; gives a snapshot. Memory
//! does not grow with the country: about two row groups, and the ids of a province.
//! Districts are invented on all cores; earlier aid, which is steered to national
//! counts, is given in the order of the country, so that the threads change nothing.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::cells::{Cells, Frame};
use super::country::{Country, Stretch, Village};
use super::people::{Family, Numbers, Person};
use super::{Options, aid, check_size, draw, extract, invent, lists, stopped};
use crate::columns::Dictionary;
use crate::columns::regions::Regions;
use crate::error::{Error, Result};
use crate::intake::Keyring;
use crate::snapshot::batch::{Batch, GROUP_FAMILIES};
use crate::snapshot::{Header, PartitionWriter, RegencyRow, RegionTable, Scale, Sealed, Snapshot, VillageRow, Writer};
use crate::terms::{Date, FamilyId, Period, PersonId, RegionSystem};

/// Families invented at once, on all cores; a district is not cut.
const AT_ONCE: u64 = 1 << 16;

/// What a snapshot needs beside the country.
#[derive(Debug, Clone, Copy)]
pub struct SealedOptions<'a> {
    /// The country; faults are of files and are not planted.
    pub country: &'a Options,
    /// The snapshot's date; the facts are of `country.as_of`.
    pub as_of: Date,
    /// What makes the ids.
    pub keyring: &'a Keyring,
    /// The columns.
    pub dictionary: &'a Dictionary,
}

/// A country in a snapshot.
#[derive(Debug)]
pub struct Invented {
    /// The snapshot, opened.
    pub snapshot: Snapshot,
    /// Its period: the one after the last paid one.
    pub period: Period,
}

/// Invents a country and seals it below `parent`. `progress` is told the families done;
/// a raised `cancel` leaves nothing behind.
///
/// # Errors
/// `Fault::Usage` for a size that the nation does not hold, `Fault::Interrupted`,
/// `Fault::Storage`.
pub fn write_snapshot(
    options: &SealedOptions<'_>,
    parent: &Path,
    progress: &mut (dyn FnMut(u64) + Send),
    cancel: &AtomicBool,
) -> Result<Invented> {
    check_size(options.country)?;
    let country = Country::new(Regions::embedded(), options.country.families, options.country.seed);
    let period = period_after(options.country.last_period);
    let header = Header {
        period,
        as_of: options.as_of,
        scale: Scale { stands_for: aid::NATION, holds: options.country.families },
        key_fingerprint: options.keyring.fingerprint(),
        regions: regions(&country),
        complete_lists: lists::COMPLETE.iter().map(|list| (*list).to_owned()).collect(),
        findings: std::collections::BTreeMap::new(),
    };
    let mut writer = Writer::create(parent, header, options.dictionary)?;
    writer.invented = true;
    let work = Work {
        options,
        country: &country,
        cells: Cells::new(options.dictionary),
        first_villages: first_villages(&country),
        writer: &writer,
        sealed: Mutex::default(),
    };
    rayon::scope(|scope| work.seal_all(scope, progress, cancel))?;
    let mut parts = Vec::new();
    for part in work.sealed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        parts.push(part?);
    }
    Ok(Invented { snapshot: writer.finish(parts)?, period })
}

/// The quarter after the last paid one.
#[must_use]
pub fn period_after(last: Period) -> Period {
    let ordinal = last.quarter_ordinal() + 1;
    Period::Quarter((ordinal / 4).cast_signed(), (ordinal % 4) as i8 + 1)
}

fn regions(country: &Country) -> RegionTable {
    let regencies = Regions::embedded().regencies();
    let village = |stretch: &Stretch<'_>, at| {
        let village = country.village(stretch.place, at);
        VillageRow {
            regency: u16::try_from(stretch.place.regency).unwrap_or(u16::MAX),
            system: RegionSystem::Bps,
            code: format!("{}{:03}", stretch.district.bps, village.serial),
            name: extract::name_of(&village).concat(),
        }
    };
    RegionTable {
        regencies: regencies.iter().map(|r| RegencyRow { code: r.kemendagri.clone(), name: r.name.clone() }).collect(),
        villages: country
            .stretches()
            .flat_map(|stretch| stretch.villages.clone().map(move |at| village(&stretch, at)))
            .collect(),
    }
}

/// For each place the ordinal of its first village, by regency.
fn first_villages(country: &Country) -> Vec<u32> {
    let mut first = vec![0; Regions::embedded().regencies().len()];
    let mut next = 0;
    for place in &country.places {
        if let Some(slot) = first.get_mut(place.regency) {
            *slot = next;
        }
        next += u32::try_from(place.villages).unwrap_or(0);
    }
    first
}

/// An invented family and how much of its stream was drawn.
struct Born {
    family: Family,
    drawn: u128,
}

/// The families of one village, before and after their aid.
struct Hamlet {
    frame: Frame,
    families: Vec<Born>,
}

struct Work<'a> {
    options: &'a SealedOptions<'a>,
    country: &'a Country,
    cells: Cells,
    first_villages: Vec<u32>,
    writer: &'a Writer,
    sealed: Mutex<Vec<Result<Sealed>>>,
}

/// A province being written.
struct Open {
    province: u8,
    partition: PartitionWriter,
    group: Batch,
}

impl Work<'_> {
    fn seal_all<'s>(
        &'s self,
        scope: &rayon::Scope<'s>,
        progress: &mut (dyn FnMut(u64) + Send),
        cancel: &AtomicBool,
    ) -> Result<()> {
        let mut stretches = self.country.stretches().peekable();
        let mut aids = aid::Aids::new(self.options.country.families);
        let mut draw = draw::Draw::new(self.options.country.seed);
        let (mut open, mut ready): (Option<Open>, Option<(u8, Vec<Batch>)>) = (None, None);
        let mut done = 0;
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Err(stopped());
            }
            let mut window: Vec<Stretch<'_>> = Vec::new();
            let mut families = 0;
            while let Some(next) = stretches.next_if(|next| {
                window.last().is_none_or(|last| last.place.province == next.place.province) && families < AT_ONCE
            }) {
                families += next.villages.clone().map(|at| next.families(at)).map(|f| f.end - f.start).sum::<u64>();
                window.push(next);
            }
            let province = window.first().map(|stretch| stretch.place.province);
            let (written, built) = rayon::join(
                || ready.take().map_or(Ok(()), |(province, batches)| self.write(scope, &mut open, province, &batches)),
                || self.build(&window, &mut aids, &mut draw),
            );
            written?;
            done += families;
            progress(done);
            match province {
                Some(province) => ready = Some((province, built)),
                None => break,
            }
        }
        self.close(scope, open)
    }

    /// Invents districts, gives them their aid in order, and lays them out as columns.
    fn build(&self, window: &[Stretch<'_>], aids: &mut aid::Aids, draw: &mut draw::Draw) -> Vec<Batch> {
        let mut hamlets: Vec<Vec<Hamlet>> = window.par_iter().map(|stretch| self.invent(stretch)).collect();
        for born in hamlets.iter_mut().flatten().flat_map(|hamlet| &mut hamlet.families) {
            draw.resume(born.family.index, born.drawn);
            aids.give(draw, &mut born.family);
        }
        let hamlets: Vec<Hamlet> = hamlets.into_iter().flatten().collect();
        hamlets.into_par_iter().map(|hamlet| self.lay_out(&hamlet)).collect()
    }

    fn invent(&self, stretch: &Stretch<'_>) -> Vec<Hamlet> {
        let options = self.options.country;
        let mut draw = draw::Draw::new(options.seed);
        let mut numbers = Numbers::default();
        let mut hamlets = Vec::new();
        for at in stretch.villages.clone() {
            let village = self.country.village(stretch.place, at);
            let home = extract::Where { place: stretch.place, district: stretch.district, village };
            let mut families = Vec::new();
            for index in stretch.families(at) {
                let mut family = Family::default();
                invent(&mut draw, &mut family, self.country, &home, (index, options.as_of), &mut numbers);
                families.push(Born { family, drawn: draw.drawn() });
            }
            hamlets.push(Hamlet { frame: self.frame(stretch, &village), families });
        }
        hamlets
    }

    fn frame(&self, stretch: &Stretch<'_>, village: &Village) -> Frame {
        let first = self.first_villages.get(stretch.place.regency).copied().unwrap_or(0);
        Frame {
            regency: u16::try_from(stretch.place.regency).unwrap_or(u16::MAX),
            village: first + u32::try_from(village.at).unwrap_or(0),
            settlement: village.settlement,
            village_kind: village.kind,
            noted: self.options.country.as_of,
            as_of: self.options.as_of,
            last: self.options.country.last_period.quarter_ordinal(),
        }
    }

    /// A village as a snapshot orders it: families by id, members by id within them.
    fn lay_out(&self, hamlet: &Hamlet) -> Batch {
        let keyring = self.options.keyring;
        let mut families: Vec<(u64, &Family)> =
            hamlet.families.iter().map(|born| (keyring.family(&born.family.kk).base, &born.family)).collect();
        families.sort_unstable_by_key(|(id, _)| *id);
        let mut batch = Batch { families: u32::try_from(families.len()).unwrap_or(0), ..Batch::default() };
        let mut people: Vec<&Person> = Vec::with_capacity(families.len() * 3);
        let mut members: Vec<(u64, &Person)> = Vec::new();
        for (id, family) in &families {
            members.clear();
            members.extend(family.members.iter().map(|person| (keyring.person(&person.nik).base, person)));
            members.sort_unstable_by_key(|(id, _)| *id);
            people.extend(members.iter().map(|(_, person)| *person));
            batch.person_ids.extend(members.iter().map(|(id, _)| PersonId(*id)));
            batch.family_ids.push(FamilyId(*id));
            batch.member_ends.push(u32::try_from(people.len()).unwrap_or(u32::MAX));
        }
        let families: Vec<&Family> = families.into_iter().map(|(_, family)| family).collect();
        batch.family = self.cells.families(&families, &hamlet.frame);
        batch.member = self.cells.members(&people, &hamlet.frame);
        batch
    }

    /// Writes villages behind those before; another province begins another partition.
    fn write<'s>(
        &'s self,
        scope: &rayon::Scope<'s>,
        open: &mut Option<Open>,
        province: u8,
        villages: &[Batch],
    ) -> Result<()> {
        if open.as_ref().is_none_or(|open| open.province != province) {
            self.close(scope, open.take())?;
            let partition = self.writer.partition(&format!("{province:02}"))?;
            *open = Some(Open { province, partition, group: Batch::default() });
        }
        let open = open.as_mut().ok_or_else(|| Error::bug("a province is open"))?;
        for village in villages {
            let mut from = 0;
            while from < village.families as usize {
                let room = (GROUP_FAMILIES - open.group.families) as usize;
                let to = (from + room).min(village.families as usize);
                open.group.append(village, from..to);
                if open.group.families == GROUP_FAMILIES {
                    open.partition.push(&open.group)?;
                    open.group.clear_rows();
                }
                from = to;
            }
        }
        Ok(())
    }

    /// Writes what is left of a province; its indexes and sample are made beside the next one.
    fn close<'s>(&'s self, scope: &rayon::Scope<'s>, open: Option<Open>) -> Result<()> {
        let Some(Open { mut partition, group, .. }) = open else { return Ok(()) };
        partition.push(&group)?;
        drop(group);
        scope.spawn(|_| {
            let done = partition.finish();
            self.sealed.lock().unwrap_or_else(PoisonError::into_inner).push(done);
        });
        Ok(())
    }
}
