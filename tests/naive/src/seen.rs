//! Which ways through the law the drawn families took.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::{Answer, Opinion};

/// Counts for one program.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    rows: u64,
    answers: BTreeMap<(&'static str, Answer), u64>,
    combinations: BTreeMap<Vec<(&'static str, Answer)>, u64>,
    lines: BTreeMap<(&'static str, usize), u64>,
    paid: BTreeMap<usize, u64>,
}

impl Seen {
    /// Counts one row.
    pub fn add(&mut self, opinion: &Opinion) {
        self.rows += 1;
        for (code, answer) in &opinion.criteria {
            *self.answers.entry((code, *answer)).or_default() += 1;
        }
        let open = opinion.criteria.iter().filter(|(_, answer)| *answer != Answer::Pass).copied().collect();
        *self.combinations.entry(open).or_default() += 1;
        let mut by_code = BTreeMap::<&'static str, usize>::new();
        for (code, _, _) in &opinion.paid {
            *by_code.entry(code).or_default() += 1;
        }
        *self.paid.entry(opinion.paid.len()).or_default() += 1;
        for line in by_code {
            *self.lines.entry(line).or_default() += 1;
        }
    }

    /// How often a criterion said this.
    #[must_use]
    pub fn times(&self, code: &'static str, answer: Answer) -> u64 {
        self.answers.get(&(code, answer)).copied().unwrap_or(0)
    }

    /// How many different sets of failed and unknown criteria were met.
    #[must_use]
    pub fn combinations(&self) -> usize {
        self.combinations.len()
    }

    /// How often so many members were paid.
    #[must_use]
    pub fn paid(&self, members: usize) -> u64 {
        self.paid.get(&members).copied().unwrap_or(0)
    }

    /// A table for a person.
    #[must_use]
    pub fn shown(&self, program: &str, criteria: &[&'static str]) -> String {
        let mut text = format!("{program}: {} rows, {} combinations of answers\n", self.rows, self.combinations.len());
        for code in criteria {
            let [pass, fail, unknown] = [Answer::Pass, Answer::Fail, Answer::Unknown].map(|is| self.times(code, is));
            let _ = writeln!(text, "  {code:<24} pass {pass:>9}  fail {fail:>9}  unknown {unknown:>9}");
        }
        for ((code, members), rows) in &self.lines {
            let _ = writeln!(text, "  {code:<24} paid x{members} in {rows} rows");
        }
        let rare = self.combinations.values().filter(|rows| **rows < 5).count();
        let _ = writeln!(text, "  lines paid per row: {:?}; {rare} combinations met fewer than 5 times", self.paid);
        text
    }
}
