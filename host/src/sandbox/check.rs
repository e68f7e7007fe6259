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

    /// What is wrong with the bits of a row: 0 if nothing.
    #[inline(always)]
    fn stray(self, failed: u64, unknown: u64) -> u64 {
        ((failed | unknown) & !self.criteria) | (failed & unknown)
    }

    /// The top bit is set if score or amount is out of its bounds, which are
    /// zero where something failed. Only additions and bit operations, so that
    /// the loop over good rows becomes vector instructions on any CPU.
    #[inline(always)]
    fn outside(self, failed: u64, score: i64, amount: i64) -> u64 {
        // all ones where nothing failed
        let open = ((failed | failed.wrapping_neg()) >> 63).wrapping_sub(1);
        beyond(score, self.score, open) | beyond(amount, self.amount, open)
    }

    /// Whether one row breaks a promise.
    fn broken(self, failed: u64, unknown: u64, score: i64, amount: i64) -> bool {
        self.stray(failed, unknown) != 0 || self.outside(failed, score, amount) >> 63 != 0
    }
}

/// The top bit is set if `value` is outside `bounds`, or outside 0 to 0 where
/// `open` is zero. `least <= most` was checked when the plugin was loaded.
#[inline(always)]
fn beyond(value: i64, bounds: (i64, i64), open: u64) -> u64 {
    let least = bounds.0.cast_unsigned() & open;
    let span = bounds.1.cast_unsigned().wrapping_sub(bounds.0.cast_unsigned()) & open;
    let above = value.cast_unsigned().wrapping_sub(least);
    // the borrow of `span - above`
    (!span & above) | ((!span | above) & span.wrapping_sub(above))
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
                "answer_length",
                say!("daftar `{name}` berisi {length}, seharusnya {rows}", "list `{name}` holds {length}, not {rows}"),
            ));
        }
    }
    let (mut stray, mut outside) = (0, 0);
    for (((failed, unknown), score), amount) in failed.iter().zip(&unknown).zip(&score).zip(&amount) {
        stray |= declared.stray(*failed, *unknown);
        outside |= declared.outside(*failed, *score, *amount);
    }
    let verdicts = Verdicts { failed, unknown, score, amount };
    if stray != 0 || outside >> 63 != 0 { Err(first_breach(plugin, &verdicts, declared)) } else { Ok(verdicts) }
}

fn breach(plugin: &str, code: &'static str, what: Text) -> Error {
    let Text { id, en } = what;
    Error::new(
        Fault::Plugin,
        say!("jawaban plugin `{plugin}` ditolak: {id}", "the answer of plugin `{plugin}` is refused: {en}"),
    )
    .fix(say!(
        "perbaiki plugin: jawabannya harus sesuai uraian dirinya",
        "correct the plugin: its answers must keep to its own description"
    ))
    .code(code)
}

fn first_breach(plugin: &str, verdicts: &Verdicts, declared: Declared) -> Error {
    let rows = verdicts.failed.iter().zip(&verdicts.unknown).zip(&verdicts.score).zip(&verdicts.amount);
    for (row, (((failed, unknown), score), amount)) in rows.enumerate() {
        if declared.broken(*failed, *unknown, *score, *amount) {
            let (code, Text { id, en }) = why(*failed, *unknown, *score, *amount, declared);
            return breach(plugin, code, say!("{id} (baris {row} dalam batch)", "{en} (row {row} of its batch)"));
        }
    }
    Error::bug("a breach that has no row")
}

fn why(failed: u64, unknown: u64, score: i64, amount: i64, declared: Declared) -> (&'static str, Text) {
    let undeclared = (failed | unknown) & !declared.criteria;
    if undeclared != 0 {
        let bit = undeclared.trailing_zeros();
        return ("undeclared_bit", say!("bit kriteria {bit} tidak dinyatakan", "bit {bit} is no declared criterion"));
    }
    if failed & unknown != 0 {
        let bit = (failed & unknown).trailing_zeros();
        return (
            "failed_and_unknown",
            say!("kriteria {bit} gagal sekaligus tidak diketahui", "criterion {bit} is both failed and unknown"),
        );
    }
    if failed != 0 && score != 0 {
        return ("score_of_failed", say!("skor {score} pada baris yang gagal", "score {score} on a row that failed"));
    }
    if failed != 0 {
        return (
            "amount_of_failed",
            say!("jumlah {amount} pada baris yang gagal", "amount {amount} on a row that failed"),
        );
    }
    let (least, most) = declared.score;
    if score < least || score > most {
        return (
            "score_bounds",
            say!("skor {score} di luar {least} sampai {most}", "score {score} outside {least} to {most}"),
        );
    }
    let (least, most) = declared.amount;
    (
        "amount_bounds",
        say!("jumlah {amount} di luar {least} sampai {most}", "amount {amount} outside {least} to {most}"),
    )
}

/// Checks breakdown lines: equal lengths, rows, members and parts that exist.
/// That they add up is for the caller, who holds the verdicts.
pub(super) fn lines(
    description: &Description,
    said: wit::BreakdownLines,
    rows: u32,
    members: u32,
) -> Result<Vec<Line>> {
    let plugin = &description.name;
    let count = said.row.len();
    if said.member.len() != count || said.part.len() != count || said.value.len() != count {
        return Err(breach(
            plugin,
            "breakdown_length",
            say!("daftar rincian tidak sama panjang", "the lists of the breakdown differ in length"),
        ));
    }
    let parts = description.components.len() + description.score_parts.len();
    let mut lines = Vec::with_capacity(count);
    for (((row, member), part), value) in said.row.iter().zip(&said.member).zip(&said.part).zip(&said.value) {
        let (row, part) = (*row, *part);
        let member = (*member != u32::MAX).then_some(*member);
        if row >= rows || member.is_some_and(|member| member >= members) || usize::from(part) >= parts {
            return Err(breach(
                plugin,
                "breakdown_place",
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

#[cfg(test)]
mod tests {
    use super::Declared;

    /// The branchless bounds agree with the plain ones at every edge.
    #[test]
    fn bounds_hold_at_the_edges() {
        let edges = [i64::MIN, i64::MIN + 1, -5, -1, 0, 1, 4, 5, 6, i64::MAX - 1, i64::MAX];
        for least in edges {
            for most in edges.into_iter().filter(|most| *most >= least) {
                let declared = Declared { criteria: 0b11, score: (least, most), amount: (0, 0) };
                for value in edges {
                    let plain = value < least || value > most;
                    assert_eq!(declared.broken(0, 0, value, 0), plain, "{value} in {least}..={most}");
                    assert_eq!(declared.broken(1, 2, value, 0), value != 0, "{value} on a failed row");
                }
            }
        }
    }
}
