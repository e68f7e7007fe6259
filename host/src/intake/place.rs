//! Resolves the region that a row delivers.
//!
//! Takes the codes and the name of a regency as they stand in a row; gives its
//! Kemendagri code. A code must have its system's own form and all its digits, and
//! must not contradict the province or the name beside it. Must never guess.

use crate::columns::regions::{Recognised, Regions};
use crate::terms::RegionSystem;

/// Kemendagri villages are `code`, BPS villages are `10^10 + code`.
pub(super) const VILLAGE_SYSTEM: i64 = 10_000_000_000;

/// A region code of so many digits. Kemendagri writes `35.78` or `3578`, BPS `3578`
/// only: a dotted code in a BPS file is of the other system.
pub(super) fn code_of(cell: &[u8], system: RegionSystem, digits: usize) -> Option<i64> {
    let dotted = cell.len() > digits;
    if dotted && system == RegionSystem::Bps {
        return None;
    }
    let (mut value, mut found) = (0_i64, 0);
    for (at, byte) in cell.iter().enumerate() {
        match byte {
            b'0'..=b'9' if found < digits && !(dotted && matches!(at, 2 | 5 | 8)) => {
                value = value * 10 + i64::from(byte - b'0');
                found += 1;
            }
            b'.' if dotted && matches!(at, 2 | 5 | 8) && found < digits => {}
            _ => return None,
        }
    }
    // no region's code begins with a zero
    let first = cell.first() != Some(&b'0');
    (found == digits && first).then_some(value)
}

/// What was last asked under a code, and the answer.
#[derive(Debug, Clone, Default)]
struct Asked {
    province: Vec<u8>,
    name: Vec<u8>,
    /// Not asked yet: neither a yes nor a no.
    answer: Option<Option<(i64, bool)>>,
}

/// Resolves regencies; remembers, by code, what it was last asked.
#[derive(Debug)]
pub(super) struct Places {
    system: RegionSystem,
    asked: Vec<Asked>,
}

impl Places {
    pub(super) fn new(system: RegionSystem) -> Places {
        Places { system, asked: vec![Asked::default(); 10_000] }
    }

    /// Kemendagri code of a regency as a number, and whether its name decided;
    /// empty cells were not delivered.
    pub(super) fn regency(&mut self, province: &[u8], code: &[u8], name: &[u8]) -> Option<(i64, bool)> {
        let number = code_of(code, self.system, 4);
        let slot = number.and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
        let asked = self.asked.get_mut(slot)?;
        if let Some(answer) = asked.answer
            && asked.province == province
            && asked.name == name
        {
            return answer;
        }
        let answer = resolve(self.system, province, number, name);
        *asked = Asked { province: province.to_vec(), name: name.to_vec(), answer: Some(answer) };
        answer
    }
}

fn resolve(system: RegionSystem, province: &[u8], number: Option<i64>, name: &[u8]) -> Option<(i64, bool)> {
    let regions = Regions::embedded();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ours = |at: usize| {
        let code = regions.regencies().get(at)?.kemendagri.as_bytes();
        code_of(code, RegionSystem::Kemendagri, 4)
    };
    let known = number.and_then(|number| match system {
        RegionSystem::Kemendagri => regions.regency(&format!("{:02}.{:02}", number / 100, number % 100)),
        RegionSystem::Bps => regions.regency_by_bps(&format!("{number:04}")),
    });
    if let Some(at) = known {
        // the province's code and the name must speak of the same regency
        let above = number.map(|number| number / 100);
        let fits = province.is_empty() || code_of(province, system, 2) == above;
        return if fits && !regions.is_another(at, &text(name)) { Some((ours(at)?, false)) } else { None };
    }
    if system == RegionSystem::Kemendagri {
        return None;
    }
    let (at, how) = regions.delivered(&text(province), "", &text(name))?;
    if how == Recognised::Name { Some((ours(at)?, true)) } else { None }
}
