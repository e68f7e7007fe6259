//! Tests on the registry that return failing rows.
//!
//! Takes what `freeze` meets; gives each finding by code, with its meaning, its
//! count and the first ids. A finding refuses nothing: it tells where facts are
//! incomplete or at odds. Never an identity, only ids.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::terms::Text;

/// Ids shown with a finding.
const SHOWN: usize = 20;

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is explained by `meaning`")]
pub enum Check {
    OrphanMember,
    EmptyFamily,
    NoHead,
    ManyHeads,
    IncompleteFamily,
    TwoPbiSchemes,
    NikMissing,
    NikBirthMismatch,
    NikSexMismatch,
    ExclusionOnMember,
    ListRowUnmatched,
    ContradictingExtracts,
}

impl Check {
    /// The code that scripts rely on.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Check::OrphanMember => "orphan_member",
            Check::EmptyFamily => "empty_family",
            Check::NoHead => "no_head",
            Check::ManyHeads => "many_heads",
            Check::IncompleteFamily => "incomplete_family",
            Check::TwoPbiSchemes => "two_pbi_schemes",
            Check::NikMissing => "nik_missing",
            Check::NikBirthMismatch => "nik_birth_mismatch",
            Check::NikSexMismatch => "nik_sex_mismatch",
            Check::ExclusionOnMember => "exclusion_on_member",
            Check::ListRowUnmatched => "list_row_unmatched",
            Check::ContradictingExtracts => "contradicting_extracts",
        }
    }

    /// What a person reads.
    #[must_use]
    pub fn meaning(self) -> Text {
        let (id, en) = match self {
            Check::OrphanMember => (
                "anggota yang KK-nya tidak ada dalam berkas keluarga; tidak masuk snapshot",
                "member whose KK is not in the family file; not in the snapshot",
            ),
            Check::EmptyFamily => ("keluarga tanpa seorang anggota pun", "family without any member"),
            Check::NoHead => ("keluarga tanpa kepala keluarga", "family without a head"),
            Check::ManyHeads => ("keluarga dengan lebih dari satu kepala keluarga", "family with more than one head"),
            Check::IncompleteFamily => {
                ("jumlah anggota tidak sama dengan yang dinyatakan", "members loaded differ from the declared count")
            }
            Check::TwoPbiSchemes => {
                ("orang dengan PBI nasional dan PBI pemda sekaligus", "person with national and regional PBI at once")
            }
            Check::NikMissing => ("orang tanpa NIK", "person without NIK"),
            Check::NikBirthMismatch => {
                ("tanggal lahir tidak sama dengan yang ada dalam NIK", "birth date differs from the one in the NIK")
            }
            Check::NikSexMismatch => {
                ("jenis kelamin tidak sama dengan yang ada dalam NIK", "sex differs from the one in the NIK")
            }
            Check::ExclusionOnMember => (
                "pengecualian butir 10-12 atau 14-16 pada anggota yang bukan kepala",
                "exclusion item 10-12 or 14-16 on a member who is not the head",
            ),
            Check::ListRowUnmatched => (
                "baris daftar yang orang atau keluarganya tidak ada dalam snapshot",
                "list row whose person or family is not in the snapshot",
            ),
            Check::ContradictingExtracts => (
                "dua berkas dari satu sumber dan satu tanggal data berbeda tentangnya; tulis `revision` di yang benar",
                "two files of one source and one as-of differ on it; write a `revision` in the right one",
            ),
        };
        Text::new(id, en)
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// Its code.
    pub code: String,
    /// What it means.
    pub meaning: Text,
    /// How many.
    pub count: u64,
    /// The first ids, as `F...` or `P...`, at most 20.
    pub examples: Vec<String>,
}

/// Counts findings; parts of the country are added in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    found: BTreeMap<Check, (u64, Vec<String>)>,
}

impl Tally {
    /// Notes one; `id` is asked for only while examples are wanted.
    pub fn note(&mut self, check: Check, id: impl FnOnce() -> String) {
        let (count, examples) = self.found.entry(check).or_default();
        *count += 1;
        if examples.len() < SHOWN {
            examples.push(id());
        }
    }

    /// Notes many at once, without ids.
    pub fn count(&mut self, check: Check, count: u64) {
        if count > 0 {
            self.found.entry(check).or_default().0 += count;
        }
    }

    /// Adds the findings of a further part.
    pub fn add(&mut self, other: Tally) {
        for (check, (count, examples)) in other.found {
            let (sum, shown) = self.found.entry(check).or_default();
            *sum += count;
            shown.extend(examples);
            shown.truncate(SHOWN);
        }
    }

    /// Counts by code, for the manifest.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.found.iter().map(|(check, (count, _))| (check.code().to_owned(), *count)).collect()
    }

    /// All findings.
    #[must_use]
    pub fn findings(self) -> Vec<Finding> {
        let finding = |(check, (count, examples)): (Check, (u64, Vec<String>))| Finding {
            code: check.code().to_owned(),
            meaning: check.meaning(),
            count,
            examples,
        };
        self.found.into_iter().map(finding).collect()
    }
}
