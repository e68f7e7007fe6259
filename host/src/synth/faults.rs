//! Faults planted on purpose: at most one in a family, so that each can be told
//! apart (`domain.md` 5.7, `practice.md` part C, row B1).
//!
//! Takes a family and draws; gives what to spoil and what intake and freeze must
//! say of it. Must never change a fact that no truth line names.

use super::draw::Draw;
use super::people::Family;

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    NikMissing,
    NikShort,
    NikLong,
    NikScientific,
    NikLetter,
    NikOfOtherBirth,
    KkShort,
    DuplicateRow,
    DuplicateConflict,
    Orphan,
    NoHead,
    ManyHeads,
    CountOff,
    OneMember,
    DeceasedListed,
    NoSuchDay,
    FutureBirth,
    AncientBirth,
    CodeUnknown,
    RegionUnknown,
    DecileEleven,
    TextForNumber,
    TwoPbiSchemes,
}

/// Which row carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Member,
    Family,
}

/// A fault in a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// What is wrong.
    pub(super) kind: Kind,
    /// The member concerned.
    pub(super) member: usize,
}

/// All kinds by weight; rates lean on `domain.md` 5.7.
const KINDS: [(Kind, u16); 23] = [
    (Kind::NikMissing, 150),
    (Kind::NikShort, 60),
    (Kind::NikLong, 40),
    (Kind::NikScientific, 50),
    (Kind::NikLetter, 25),
    (Kind::NikOfOtherBirth, 60),
    (Kind::KkShort, 25),
    (Kind::DuplicateRow, 100),
    (Kind::DuplicateConflict, 70),
    (Kind::Orphan, 60),
    (Kind::NoHead, 40),
    (Kind::ManyHeads, 20),
    (Kind::CountOff, 70),
    (Kind::OneMember, 40),
    (Kind::DeceasedListed, 60),
    (Kind::NoSuchDay, 50),
    (Kind::FutureBirth, 30),
    (Kind::AncientBirth, 15),
    (Kind::CodeUnknown, 40),
    (Kind::RegionUnknown, 15),
    (Kind::DecileEleven, 25),
    (Kind::TextForNumber, 30),
    (Kind::TwoPbiSchemes, 40),
];

impl Kind {
    /// The name in `truth.ndjson`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::NikMissing => "nik_missing",
            Kind::NikShort => "nik_15_digits",
            Kind::NikLong => "nik_17_digits",
            Kind::NikScientific => "nik_scientific",
            Kind::NikLetter => "nik_letter",
            Kind::NikOfOtherBirth => "nik_of_other_birth",
            Kind::KkShort => "kk_15_digits",
            Kind::DuplicateRow => "duplicate_row",
            Kind::DuplicateConflict => "duplicate_conflict",
            Kind::Orphan => "orphan",
            Kind::NoHead => "no_head",
            Kind::ManyHeads => "many_heads",
            Kind::CountOff => "count_off",
            Kind::OneMember => "one_member",
            Kind::DeceasedListed => "deceased_listed",
            Kind::NoSuchDay => "no_such_day",
            Kind::FutureBirth => "future_birth",
            Kind::AncientBirth => "ancient_birth",
            Kind::CodeUnknown => "code_unknown",
            Kind::RegionUnknown => "region_unknown",
            Kind::DecileEleven => "decile_11",
            Kind::TextForNumber => "text_for_number",
            Kind::TwoPbiSchemes => "two_pbi_schemes",
        }
    }

    /// The file whose row is named in `truth.ndjson`.
    pub(super) fn row(self) -> Row {
        match self {
            Kind::CountOff
            | Kind::OneMember
            | Kind::CodeUnknown
            | Kind::RegionUnknown
            | Kind::DecileEleven
            | Kind::TextForNumber => Row::Family,
            _ => Row::Member,
        }
    }

    /// The reason with which intake sets the row aside; `None` = accepted.
    pub(super) fn reason(self) -> Option<&'static str> {
        Some(match self {
            Kind::NikShort | Kind::NikLong | Kind::NikScientific => "nik_length",
            Kind::NikLetter => "nik_digits",
            Kind::KkShort => "kk_length",
            Kind::DuplicateRow => "duplicate_row",
            Kind::DuplicateConflict => "duplicate_conflict",
            Kind::NoSuchDay => "date_invalid",
            Kind::FutureBirth => "date_future",
            Kind::AncientBirth => "date_too_old",
            Kind::CodeUnknown | Kind::DecileEleven => "code_unknown",
            Kind::RegionUnknown => "region_unknown",
            Kind::TextForNumber => "number_invalid",
            _ => return None,
        })
    }

    /// What `freeze` finds in the end, in a family of so many members.
    pub(super) fn findings(self, member: usize, members: usize) -> &'static [&'static str] {
        match self {
            Kind::NikMissing => &["nik_missing"],
            Kind::NikOfOtherBirth => &["nik_birth_mismatch"],
            Kind::NoHead => &["no_head"],
            Kind::ManyHeads => &["many_heads"],
            Kind::TwoPbiSchemes => &["two_pbi_schemes"],
            Kind::CountOff | Kind::OneMember => &["incomplete_family"],
            Kind::Orphan => &["orphan_member", "incomplete_family"],
            Kind::DuplicateRow | Kind::DeceasedListed => &[],
            _ if self.row() == Row::Family => &["orphan_member"],
            _ if members == 1 => &["empty_family"],
            _ if member == 0 => &["incomplete_family", "no_head"],
            _ => &["incomplete_family"],
        }
    }
}

/// Draws the fault of a family, if it has one: `share` of 1,000 people are hit.
pub(super) fn plan(draw: &mut Draw, family: &Family, share: u32) -> Option<Plan> {
    let members = family.members.len();
    if share == 0 || !draw.chance(share.saturating_mul(members as u32).min(1_000)) {
        return None;
    }
    let total = KINDS.iter().map(|(_, weight)| u32::from(*weight)).sum();
    let mut left = draw.below(total);
    let mut kind = Kind::NikMissing;
    for (candidate, weight) in KINDS {
        kind = candidate;
        if left < u32::from(weight) {
            break;
        }
        left -= u32::from(weight);
    }
    if members == 1 && matches!(kind, Kind::Orphan | Kind::ManyHeads | Kind::OneMember) {
        // these need somebody beside the head
        kind = Kind::NikShort;
    }
    let member = match kind {
        Kind::NoHead => 0,
        Kind::Orphan | Kind::ManyHeads => 1 + draw.below(members as u32 - 1) as usize,
        _ => draw.below(members as u32) as usize,
    };
    Some(Plan { kind, member })
}
