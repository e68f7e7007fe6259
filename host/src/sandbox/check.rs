//! The output checker: what a plugin answers is believed only after this.
//!
//! Takes verdicts or breakdown lines and what was declared; gives the first
//! breach and its row. The pass over good rows has no branch; only a breach
//! pays for the search of its row.

use super::bindings::layak::program::types as wit;
use super::description::Description;
use super::{Line, Verdicts};
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::Text;

/// What a row may answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared {
    /// Bits of the declared criteria.
    criteria: u64,
    score: (i64, i64),
    amount: (i64, i64),
}

impl Declared {
    pub(super) fn of(description: &Description) -> Declared {
        let criteria = match description.criteria.len() {
            64.. => u64::MAX,
            count => (1_u64 << count) - 1,
        };
        Declared { criteria, score: description.score, amount: description.amount }
    }

    /// Whether one row breaks a promise.
    #[inline(always)]
    fn broken(self, failed: u64, unknown: u64, score: i64, amount: i64) -> bool {
        // all ones where nothing failed: bounds hold there and are zero elsewhere
        let open = i64::from(failed != 0) - 1;
        let bits = ((failed | unknown) & !self.criteria) | (failed & unknown);
        (bits != 0)
            | (score < (self.score.0 & open))
            | (score > (self.score.1 & open))
            | (amount < (self.amount.0 & open))
            | (amount > (self.amount.1 & open))
    }
}

/// Checks verdicts of so many rows.
pub(super) fn verdicts(plugin: &str, said: wit::Verdicts, rows: usize, declared: Declared) -> Result<Verdicts> {
    let wit::Verdicts { failed, unknown, score, amount } = said;
    for (name, length) in
        [("failed", failed.len()), ("unknown", unknown.len()), ("score", score.len()), ("amount", amount.len())]
    {
        if length != rows {
            return Err(breach(
                plugin,
                say!("daftar `{name}` berisi {length}, seharusnya {rows}", "list `{name}` holds {length}, not {rows}"),
            ));
        }
    }
    let mut broken = false;
    for (((failed, unknown), score), amount) in failed.iter().zip(&unknown).zip(&score).zip(&amount) {
        broken |= declared.broken(*failed, *unknown, *score, *amount);
    }
    let verdicts = Verdicts { failed, unknown, score, amount };
    if broken { Err(first_breach(plugin, &verdicts, declared)) } else { Ok(verdicts) }
}

fn breach(plugin: &str, what: Text) -> Error {
    let Text { id, en } = what;
    Error::new(
        Fault::Plugin,
        say!("jawaban plugin `{plugin}` ditolak: {id}", "the answer of plugin `{plugin}` is refused: {en}"),
    )
    .fix(say!(
        "perbaiki plugin: jawabannya harus sesuai uraian dirinya",
        "correct the plugin: its answers must keep to its own description"
    ))
}

fn first_breach(plugin: &str, verdicts: &Verdicts, declared: Declared) -> Error {
    let rows = verdicts.failed.iter().zip(&verdicts.unknown).zip(&verdicts.score).zip(&verdicts.amount);
    for (row, (((failed, unknown), score), amount)) in rows.enumerate() {
        if declared.broken(*failed, *unknown, *score, *amount) {
            let Text { id, en } = why(*failed, *unknown, *score, *amount, declared);
            return breach(plugin, say!("{id} (baris {row} dalam batch)", "{en} (row {row} of its batch)"));
        }
    }
    Error::bug("a breach that has no row")
}

fn why(failed: u64, unknown: u64, score: i64, amount: i64, declared: Declared) -> Text {
    let undeclared = (failed | unknown) & !declared.criteria;
    if undeclared != 0 {
        let bit = undeclared.trailing_zeros();
        return say!("bit kriteria {bit} tidak dinyatakan", "bit {bit} is no declared criterion");
    }
    if failed & unknown != 0 {
        let bit = (failed & unknown).trailing_zeros();
        return say!("kriteria {bit} gagal sekaligus tidak diketahui", "criterion {bit} is both failed and unknown");
    }
    if failed != 0 && score != 0 {
        return say!("skor {score} pada baris yang gagal", "score {score} on a row that failed");
    }
    if failed != 0 {
        return say!("jumlah {amount} pada baris yang gagal", "amount {amount} on a row that failed");
    }
    let (least, most) = declared.score;
    if score < least || score > most {
        return say!("skor {score} di luar {least} sampai {most}", "score {score} outside {least} to {most}");
    }
    let (least, most) = declared.amount;
    say!("jumlah {amount} di luar {least} sampai {most}", "amount {amount} outside {least} to {most}")
}

/// Checks breakdown lines: equal lengths, rows, members and parts that exist.
/// That they add up is for the caller, who holds the verdicts.
pub(super) fn lines(description: &Description, said: wit::BreakdownLines, rows: u32, members: u32) -> Result<Vec<Line>> {
    let plugin = &description.name;
    let count = said.row.len();
    if said.member.len() != count || said.part.len() != count || said.value.len() != count {
        return Err(breach(plugin, say!("daftar rincian tidak sama panjang", "the lists of the breakdown differ in length")));
    }
    let parts = description.components.len() + description.score_parts.len();
    let mut lines = Vec::with_capacity(count);
    for (((row, member), part), value) in said.row.iter().zip(&said.member).zip(&said.part).zip(&said.value) {
        let (row, part) = (*row, *part);
        let member = (*member != u32::MAX).then_some(*member);
        if row >= rows || member.is_some_and(|member| member >= members) || usize::from(part) >= parts {
            return Err(breach(
                plugin,
                say!(
                    "rincian menunjuk baris, anggota, atau komponen yang tidak ada (baris {row} dalam batch)",
                    "a line of the breakdown names a row, member or part that does not exist (row {row} of its batch)"
                ),
            ));
        }
        lines.push(Line { row, member, part, value: *value });
    }
    Ok(lines)
}
