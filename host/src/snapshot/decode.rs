//! Column chunks back into the cells of a batch, in reused buffers.
//!
//! Takes the proved pages of one chunk; gives the next rows: values with zeros in
//! unknown rows, and the known bits if any row is unknown. Dictionary numbers are
//! turned into the final type at once, never through a wider one.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::Page;

use super::batch::{all_set, bit, push_bits, push_same};
use super::runs::Runs;
use super::table::Pages;
use crate::error::Result;
use crate::terms::{FamilyId, PersonId};

/// A value that a leaf holds.
pub(super) trait Cell: Copy + Default {
    /// Bytes of a plain value in the file.
    const BYTES: usize;
    /// From the first bytes of a plain value, little endian.
    fn plain(bytes: &[u8]) -> Self;
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk::<N>().copied().unwrap_or([0; N])
}

impl Cell for u8 {
    const BYTES: usize = 4;
    fn plain(bytes: &[u8]) -> u8 {
        u8::from_le_bytes(first(bytes))
    }
}

impl Cell for u16 {
    const BYTES: usize = 4;
    fn plain(bytes: &[u8]) -> u16 {
        u16::from_le_bytes(first(bytes))
    }
}

impl Cell for u32 {
    const BYTES: usize = 4;
    fn plain(bytes: &[u8]) -> u32 {
        u32::from_le_bytes(first(bytes))
    }
}

impl Cell for i32 {
    const BYTES: usize = 4;
    fn plain(bytes: &[u8]) -> i32 {
        i32::from_le_bytes(first(bytes))
    }
}

impl Cell for i64 {
    const BYTES: usize = 8;
    fn plain(bytes: &[u8]) -> i64 {
        i64::from_le_bytes(first(bytes))
    }
}

impl Cell for FamilyId {
    const BYTES: usize = 8;
    fn plain(bytes: &[u8]) -> FamilyId {
        FamilyId(u64::from_le_bytes(first(bytes)))
    }
}

impl Cell for PersonId {
    const BYTES: usize = 8;
    fn plain(bytes: &[u8]) -> PersonId {
        PersonId(u64::from_le_bytes(first(bytes)))
    }
}

/// The values of one page that are not read yet.
enum Source {
    Numbers(Runs),
    Plain { bytes: Bytes, at: usize },
}

/// One data page: `at` of `rows` are read.
struct PageRows {
    rows: usize,
    at: usize,
    valid: Option<Vec<u8>>,
    values: Source,
}

/// A place in the pages of one chunk.
struct Place {
    pages: Pages,
    optional: bool,
    page: Option<PageRows>,
    dictionary: Option<Bytes>,
}

impl Place {
    /// Makes a page with rows left current.
    fn ready(&mut self) -> Result<()> {
        while self.page.as_ref().is_none_or(|page| page.at == page.rows) {
            match self.pages.next()? {
                None => return Err(self.pages.broken("a column is shorter than its row group")),
                Some(Page::DictionaryPage { buf, .. }) => self.dictionary = Some(buf),
                Some(Page::DataPage { buf, num_values, encoding, .. }) => {
                    self.page = Some(self.open(buf, num_values as usize, encoding)?);
                }
                Some(Page::DataPageV2 { .. }) => return Err(self.pages.broken("pages of version 2")),
            }
        }
        Ok(())
    }

    /// Passes over `count` rows; `width` is the size of a plain value.
    fn skip(&mut self, mut count: usize, width: usize) -> Result<()> {
        while count > 0 {
            self.ready()?;
            let Some(page) = self.page.as_mut() else { break };
            let take = (page.rows - page.at).min(count);
            let known = match &page.valid {
                Some(bits) => (page.at..page.at + take).filter(|row| bit(bits, *row)).count(),
                None => take,
            };
            match &mut page.values {
                Source::Numbers(runs) => runs.skip(known),
                Source::Plain { at, .. } => *at += known * width,
            }
            page.at += take;
            count -= take;
        }
        Ok(())
    }

    fn open(&self, mut bytes: Bytes, rows: usize, encoding: Encoding) -> Result<PageRows> {
        let short = || self.pages.broken("a page shorter than its levels");
        let mut valid = None;
        if self.optional {
            let length = u32::from_le_bytes(*bytes.first_chunk::<4>().ok_or_else(short)?) as usize;
            if bytes.len() < 4 + length {
                return Err(short());
            }
            valid = Runs::new(bytes.slice(4..4 + length), 1).bits(rows);
            bytes = bytes.slice(4 + length..);
        }
        let values = match encoding {
            Encoding::PLAIN => Source::Plain { bytes, at: 0 },
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let width = bytes.first().copied().unwrap_or(0);
                let rest = bytes.len().min(1);
                Source::Numbers(Runs::new(bytes.slice(rest..), width))
            }
            other => return Err(self.pages.broken(format!("encoding {other}"))),
        };
        Ok(PageRows { rows, at: 0, valid, values })
    }
}

/// The known bits of the rows read so far; empty while all are known.
fn note_known(valid: &mut Vec<u8>, filled: usize, bits: Option<&[u8]>, count: usize) {
    if bits.is_none() && valid.is_empty() {
        return;
    }
    if valid.is_empty() {
        valid.resize(filled / 8, 0xff);
        if !filled.is_multiple_of(8) {
            valid.push((1 << (filled % 8)) - 1);
        }
    }
    match bits {
        Some(bits) => push_bits(valid, filled, bits, 0, count),
        None => push_same(valid, filled, true, count),
    }
}

/// Clears the known bits if every row turned out to be known.
fn settle(valid: &mut Vec<u8>, count: usize) {
    if !valid.is_empty() && all_set(valid, count) {
        valid.clear();
    }
}

/// A leaf of numbers.
pub(super) struct Leaf<T> {
    place: Place,
    dictionary: Vec<T>,
    known: Vec<u8>,
    dense: Vec<T>,
}

impl<T: Cell> Leaf<T> {
    /// Reads a chunk from its start; `optional` = it has known bits.
    pub(super) fn new(pages: Pages, optional: bool) -> Leaf<T> {
        let place = Place { pages, optional, page: None, dictionary: None };
        Leaf { place, dictionary: vec![T::default(); 256], known: Vec::new(), dense: Vec::new() }
    }

    /// Passes over `count` rows.
    pub(super) fn skip(&mut self, count: usize) -> Result<()> {
        self.place.skip(count, T::BYTES)
    }

    /// The next `count` rows; `valid` stays empty if all are known.
    pub(super) fn read(&mut self, count: usize, out: &mut Vec<T>, valid: &mut Vec<u8>) -> Result<()> {
        valid.clear();
        out.resize(count, T::default());
        let mut filled = 0;
        while filled < count {
            self.place.ready()?;
            if let Some(bytes) = self.place.dictionary.take() {
                self.dictionary.clear();
                self.dictionary.extend(bytes.chunks_exact(T::BYTES).map(T::plain));
                let padded = self.dictionary.len().max(256);
                self.dictionary.resize(padded, T::default());
            }
            let Some(page) = self.place.page.as_mut() else { break };
            let take = (page.rows - page.at).min(count - filled);
            let slots = out.get_mut(filled..filled + take).unwrap_or_default();
            if let Some(bits) = &page.valid {
                self.known.clear();
                push_bits(&mut self.known, 0, bits, page.at, take);
                let some: usize = self.known.iter().map(|byte| byte.count_ones() as usize).sum();
                self.dense.resize(take.max(some), T::default());
                page.values.fill(&self.dictionary, self.dense.get_mut(..some).unwrap_or_default());
                spread(&self.known, &self.dense, slots);
                note_known(valid, filled, Some(&self.known), take);
            } else {
                page.values.fill(&self.dictionary, slots);
                note_known(valid, filled, None, take);
            }
            page.at += take;
            filled += take;
        }
        settle(valid, count);
        Ok(())
    }
}

impl Source {
    fn fill<T: Cell>(&mut self, dictionary: &[T], slots: &mut [T]) {
        match self {
            Source::Numbers(runs) => runs.fill(dictionary, slots),
            Source::Plain { bytes, at } => {
                let from = bytes.get(*at..).unwrap_or_default();
                for (slot, plain) in slots.iter_mut().zip(from.chunks_exact(T::BYTES)) {
                    *slot = T::plain(plain);
                }
                *at += slots.len() * T::BYTES;
            }
        }
    }
}

/// Puts dense values into the known rows, zeros into the others: eight alike at
/// once, a mix without a branch.
fn spread<T: Cell>(known: &[u8], dense: &[T], slots: &mut [T]) {
    let mut next = 0;
    for (group, byte) in slots.chunks_mut(8).zip(known) {
        let all = dense.get(next..).and_then(|rest| rest.first_chunk::<8>());
        match (byte, all, group.first_chunk_mut::<8>()) {
            (0xff, Some(all), Some(eight)) => {
                *eight = *all;
                next += 8;
                continue;
            }
            (0, ..) => {
                group.fill(T::default());
                continue;
            }
            _ => {}
        }
        for (place, slot) in group.iter_mut().enumerate() {
            let is = byte >> place & 1;
            let value = dense.get(next).copied().unwrap_or_default();
            *slot = if is == 1 { value } else { T::default() };
            next += usize::from(is);
        }
    }
}

/// A leaf of yes and no.
pub(super) struct BitLeaf {
    place: Place,
    known: Vec<u8>,
}

impl BitLeaf {
    /// Reads a chunk from its start.
    pub(super) fn new(pages: Pages) -> BitLeaf {
        BitLeaf { place: Place { pages, optional: true, page: None, dictionary: None }, known: Vec::new() }
    }

    /// Passes over `count` rows.
    pub(super) fn skip(&mut self, count: usize) -> Result<()> {
        self.place.skip(count, 1)
    }

    /// The next `count` rows as bits; `valid` stays empty if all are known.
    pub(super) fn read(&mut self, count: usize, out: &mut Vec<u8>, valid: &mut Vec<u8>) -> Result<()> {
        valid.clear();
        out.clear();
        let mut filled = 0;
        while filled < count {
            self.place.ready()?;
            let Some(page) = self.place.page.as_mut() else { break };
            let Source::Plain { bytes, at } = &mut page.values else {
                return Err(self.place.pages.broken("yes and no in a dictionary"));
            };
            let take = (page.rows - page.at).min(count - filled);
            if let Some(bits) = &page.valid {
                self.known.clear();
                push_bits(&mut self.known, 0, bits, page.at, take);
                let mut held = vec![0; take.div_ceil(8)];
                *at += spread_bits(&self.known, bytes, *at, &mut held);
                push_bits(out, filled, &held, 0, take);
                note_known(valid, filled, Some(&self.known), take);
            } else {
                push_bits(out, filled, bytes, *at, take);
                *at += take;
                note_known(valid, filled, None, take);
            }
            page.at += take;
            filled += take;
        }
        settle(valid, count);
        Ok(())
    }
}

/// Puts dense bits from `from` on into the known rows; gives how many it used.
fn spread_bits(known: &[u8], dense: &[u8], from: usize, held: &mut [u8]) -> usize {
    let mut next = from;
    for (slot, byte) in held.iter_mut().zip(known) {
        if *byte == 0xff {
            let pair = [dense.get(next / 8), dense.get(next / 8 + 1)].map(|byte| byte.copied().unwrap_or(0));
            *slot = (u16::from_le_bytes(pair) >> (next % 8)) as u8;
            next += 8;
            continue;
        }
        let mut left = *byte;
        while left != 0 {
            let place = left.trailing_zeros();
            *slot |= u8::from(bit(dense, next)) << place;
            next += 1;
            left &= left - 1;
        }
    }
    next - from
}
