//! Types one row: every cell through its place, or the first fault.
//!
//! Takes a row and its layout; appends numbers, text and keys to a block, or
//! leaves the block as it was and gives the reason. Allocates only for Papua's
//! names. Must never repair an NIK or a KK number.

use super::block::{Block, NOTHING, Reason, RowKeys, Unit};
use super::cells::{Broken, Row};
use super::keyring::{Key, Keyring};
use super::layout::{KeyCells, Layout, RegionCells, Table};
use super::place::{Places, VILLAGE_SYSTEM, code_of};
use super::text::LONGEST_CELL;
use crate::terms::{Date, IdentityFault, KkNumber, Nik, RegionSystem};

/// Why a row is set aside: the cell at fault (none: the whole row) and the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) cell: Option<usize>,
    pub(super) reason: Reason,
}

fn at(cell: usize, reason: Reason) -> Fault {
    Fault { cell: Some(cell), reason }
}

/// Reads the rows of one file.
pub(super) struct Typist<'a> {
    layout: &'a Layout,
    keyring: &'a Keyring,
    as_of: Date,
    places: Places,
    last_kk: (Vec<u8>, Key),
}

impl<'a> Typist<'a> {
    pub(super) fn new(layout: &'a Layout, keyring: &'a Keyring, as_of: Date) -> Typist<'a> {
        let places = Places::new(layout.system);
        Typist { layout, keyring, as_of, places, last_kk: (Vec::new(), Key::default()) }
    }

    /// Appends the row to the block, or says why not.
    pub(super) fn take(&mut self, row: &Row<'_>, block: &mut Block) -> Result<(), Fault> {
        let (numbers, texts, text) = (block.numbers.len(), block.text_ends.len(), block.text.len());
        let taken = self.append(row, block, numbers);
        if taken.is_err() {
            block.numbers.truncate(numbers);
            block.text_ends.truncate(texts);
            block.text.truncate(text);
        }
        taken
    }

    fn append(&mut self, row: &Row<'_>, block: &mut Block, base: usize) -> Result<(), Fault> {
        let layout = self.layout;
        self.whole(row)?;
        block.numbers.resize(base + layout.numbers.len(), NOTHING);
        let numbers = block.numbers.get_mut(base..).unwrap_or(&mut []);
        // the key's own faults are told before those of any fact
        self.check_keys(row)?;
        for place in &layout.places {
            let cell = row.cell(place.cell);
            if self.is_empty(cell) {
                if place.needed {
                    return Err(at(place.cell, Reason::CodeUnknown));
                }
                continue;
            }
            let value = place.parse.read(cell, self.as_of).map_err(|reason| at(place.cell, reason))?;
            if let Some(slot) = numbers.get_mut(place.slot) {
                *slot = value;
            }
        }
        let mut by_name = false;
        if let Some(region) = layout.region {
            let (code, named) = self.regency(row, region).ok_or(at(region.code.unwrap_or(0), Reason::RegionUnknown))?;
            by_name = named;
            if let Some(slot) = numbers.get_mut(region.slot) {
                *slot = code;
            }
        }
        if let Some((cell, slot)) = layout.village {
            let village = self.village(row.cell(cell)).map_err(|reason| at(cell, reason))?;
            if let Some(slot) = numbers.get_mut(slot) {
                *slot = village;
            }
        }
        let mut card_unknown = false;
        if let Some(card) = layout.card {
            let delivered = card.code.is_some_and(|c| !self.is_empty(row.cell(c)));
            let found = self.regency(row, card).filter(|_| delivered);
            card_unknown = delivered && found.is_none();
            if let (Some(slot), Some((code, _))) = (numbers.get_mut(card.slot), found) {
                *slot = code;
            }
        }
        let keys = self.keys(row, numbers)?;
        if let KeyCells::Person { nik, birth, sex, state, .. } = layout.keys {
            let fact = |slot: usize| numbers.get(slot).copied().unwrap_or(NOTHING);
            let number = row.cell(nik);
            let said = match () {
                () if self.is_empty(number) => 1,
                () if !born_as(number, fact(birth)) => 2,
                () if !is_sex(number, fact(sex)) => 3,
                () => 0,
            };
            if let Some(slot) = numbers.get_mut(state) {
                *slot = said;
            }
        }
        for text in &layout.texts {
            let cell = text.map_or(&b""[..], |cell| row.cell(cell));
            block.text.extend_from_slice(if self.is_empty(cell) { b"" } else { cell });
            block.text_ends.push(u32::try_from(block.text.len()).unwrap_or(u32::MAX));
        }
        block.keys.push(keys);
        block.regions_by_name += u64::from(by_name);
        block.card_regions_unknown += u64::from(card_unknown);
        block.cp1252 += u64::from(row.cp1252);
        Ok(())
    }

    /// Faults of the row as a whole.
    fn whole(&self, row: &Row<'_>) -> Result<(), Fault> {
        match row.broken {
            Some(Broken::Quotes) => return Err(Fault { cell: None, reason: Reason::FieldCount }),
            Some(Broken::Encoding) => return Err(Fault { cell: None, reason: Reason::Encoding }),
            None => {}
        }
        if row.cells.len() != self.layout.headers.len() {
            return Err(Fault { cell: None, reason: Reason::FieldCount });
        }
        if row.text.len() > LONGEST_CELL {
            let long = row.cells.iter().position(|&(start, end)| (end - start) as usize > LONGEST_CELL);
            if let Some(cell) = long {
                return Err(at(cell, Reason::OutOfRange));
            }
        }
        Ok(())
    }

    fn is_empty(&self, cell: &[u8]) -> bool {
        match cell.first() {
            None => true,
            Some(first) if first.is_ascii_digit() || cell.len() > 4 => false,
            Some(_) => self.layout.empty.iter().any(|empty| empty.eq_ignore_ascii_case(cell)),
        }
    }

    fn check_keys(&self, row: &Row<'_>) -> Result<(), Fault> {
        match self.layout.keys {
            KeyCells::Person { nik, kk, .. } => {
                if !self.is_empty(row.cell(nik)) {
                    nik_checked(row, nik)?;
                }
                self.kk_there(row, kk)
            }
            KeyCells::Kk(kk) => self.kk_there(row, kk),
            KeyCells::Nik(nik) => self.nik_there(row, nik),
            KeyCells::ByKind { kind, number, head } => {
                match self.layout.key_kinds.read(row.cell(kind)) {
                    Some(0) => self.nik_there(row, number)?,
                    Some(_) => self.kk_there(row, number)?,
                    None => return Err(at(kind, Reason::CodeUnknown)),
                }
                match head {
                    Some(head) if !self.is_empty(row.cell(head)) => nik_checked(row, head),
                    _ => Ok(()),
                }
            }
            KeyCells::Village { code, .. } => {
                // the row's own system decides the form, once it is read
                let shaped = code_of(row.cell(code), RegionSystem::Kemendagri, 10).is_some();
                if shaped { Ok(()) } else { Err(at(code, Reason::CodeUnknown)) }
            }
        }
    }

    fn nik_there(&self, row: &Row<'_>, cell: usize) -> Result<(), Fault> {
        if self.is_empty(row.cell(cell)) {
            return Err(at(cell, Reason::NikMissing));
        }
        nik_checked(row, cell)
    }

    fn kk_there(&self, row: &Row<'_>, cell: usize) -> Result<(), Fault> {
        let kk = row.cell(cell);
        if self.is_empty(kk) {
            return Err(at(cell, Reason::KkMissing));
        }
        KkNumber::check(kk).map_err(|fault| {
            at(
                cell,
                match fault {
                    IdentityFault::Length => Reason::KkLength,
                    IdentityFault::Digits => Reason::KkDigits,
                    IdentityFault::Shape => Reason::KkShape,
                },
            )
        })
    }

    /// The keys of a row whose identity cells were checked.
    fn keys(&mut self, row: &Row<'_>, numbers: &[i64]) -> Result<RowKeys, Fault> {
        let (unit, id, other) = match self.layout.keys {
            KeyCells::Person { nik, kk, name, birth, sex, relation, .. } => {
                let family = self.family(row.cell(kk));
                let number = row.cell(nik);
                let id = if self.is_empty(number) {
                    let fact = |slot: usize| numbers.get(slot).copied().unwrap_or(NOTHING);
                    let name = name.map_or(&b""[..], |cell| row.cell(cell));
                    self.keyring.nameless(row.cell(kk), name, fact(birth), fact(sex), fact(relation))
                } else {
                    self.keyring.person(number)
                };
                (Unit::Person, id, Some(family))
            }
            KeyCells::Kk(kk) => (Unit::Family, self.family(row.cell(kk)), None),
            KeyCells::Nik(nik) => (Unit::Person, self.keyring.person(row.cell(nik)), None),
            KeyCells::ByKind { kind, number, head } => {
                let head = head.map(|cell| row.cell(cell)).filter(|head| !self.is_empty(head));
                let head = head.map(|head| self.keyring.person(head));
                match self.layout.key_kinds.read(row.cell(kind)) {
                    Some(0) => (Unit::Person, self.keyring.person(row.cell(number)), head),
                    _ => (Unit::Family, self.family(row.cell(number)), head),
                }
            }
            KeyCells::Village { code, system } => {
                let system = numbers.get(system).copied().unwrap_or(0);
                let form = if system == 0 { RegionSystem::Kemendagri } else { RegionSystem::Bps };
                let number = code_of(row.cell(code), form, 10).ok_or(at(code, Reason::CodeUnknown))?;
                let code = number + if system == 0 { 0 } else { VILLAGE_SYSTEM };
                (Unit::Village, Key { base: code.unsigned_abs(), tail: 0 }, None)
            }
        };
        Ok(RowKeys { row: row.number, unit, id, other })
    }

    /// Members of a family stand together in most files: hash their KK once.
    fn family(&mut self, kk: &[u8]) -> Key {
        if self.last_kk.0 != kk {
            self.last_kk.0.clear();
            self.last_kk.0.extend_from_slice(kk);
            self.last_kk.1 = self.keyring.family(kk);
        }
        self.last_kk.1
    }

    /// Kemendagri code of a regency as a number, and whether its name decided.
    fn regency(&mut self, row: &Row<'_>, cells: RegionCells) -> Option<(i64, bool)> {
        let cell = |at: Option<usize>| at.map(|at| row.cell(at)).filter(|cell| !self.is_empty(cell)).unwrap_or(b"");
        let (province, code, name) = (cell(cells.province_code), cell(cells.code), cell(cells.name));
        self.places.regency(province, code, name)
    }

    /// A village keeps its source's code: system × 10^10 + code.
    fn village(&self, cell: &[u8]) -> Result<i64, Reason> {
        if self.is_empty(cell) {
            return Ok(NOTHING);
        }
        let code = code_of(cell, self.layout.system, 10);
        let system = match self.layout.system {
            RegionSystem::Kemendagri => 0,
            RegionSystem::Bps => VILLAGE_SYSTEM,
        };
        code.map(|code| code + system).ok_or(Reason::CodeUnknown)
    }
}

/// Whether the date inside an NIK is the recorded birth date; an unknown one does not contradict.
fn born_as(nik: &[u8], birth: i64) -> bool {
    let two = |at: usize| {
        nik.get(at..at + 2)
            .map_or(0, |two| two.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0'))))
    };
    let day = if two(6) > 40 { two(6) - 40 } else { two(6) };
    let century = |year: i64| super::decode::days(year, two(8), day) == Some(birth);
    birth == NOTHING || century(1900 + two(10)) || century(2000 + two(10))
}

/// Whether the day inside an NIK (day + 40: a woman) fits the recorded sex.
fn is_sex(nik: &[u8], sex: i64) -> bool {
    sex == NOTHING || (nik.get(6).is_some_and(|ten| *ten >= b'4')) == (sex == 2)
}

fn nik_checked(row: &Row<'_>, cell: usize) -> Result<(), Fault> {
    Nik::check(row.cell(cell)).map_err(|fault| {
        at(
            cell,
            match fault {
                IdentityFault::Length => Reason::NikLength,
                IdentityFault::Digits => Reason::NikDigits,
                IdentityFault::Shape => Reason::NikShape,
            },
        )
    })
}

impl Table {
    /// A village's code as written in its system, from the number that rows carry.
    #[must_use]
    pub fn village_code(number: i64) -> String {
        let (system, code) =
            if number >= VILLAGE_SYSTEM { ("bps", number - VILLAGE_SYSTEM) } else { ("kemendagri", number) };
        format!("{system}:{code:010}")
    }
}
