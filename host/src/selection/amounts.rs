//! Amounts of the eligible rows of one group, in row order, in little memory.
//!
//! Most programs pay one amount or a few dozen; a palette of 65,536 keeps two
//! bytes per row, and only a program with more pays eight. Never rounds.

use std::collections::BTreeMap;

/// Amounts in the order in which they were pushed.
#[derive(Debug, Clone)]
pub(super) enum Amounts {
    /// All equal.
    One { value: i64, len: usize },
    /// Positions in a palette.
    Few { palette: Vec<i64>, known: BTreeMap<i64, u16>, at: Vec<u16> },
    /// As they are.
    Many(Vec<i64>),
}

impl Default for Amounts {
    fn default() -> Amounts {
        Amounts::One { value: 0, len: 0 }
    }
}

impl Amounts {
    /// Adds one amount.
    pub(super) fn push(&mut self, amount: i64) {
        match self {
            Amounts::One { value, len } if *len == 0 || *value == amount => {
                *value = amount;
                *len += 1;
            }
            Amounts::One { value, len } => {
                let (palette, at) = (vec![*value], vec![0; *len]);
                *self = Amounts::Few { known: BTreeMap::from([(*value, 0)]), palette, at };
                self.push(amount);
            }
            Amounts::Few { palette, known, at } => {
                if let Some(position) = known.get(&amount) {
                    at.push(*position);
                } else if let Ok(position) = u16::try_from(palette.len()) {
                    palette.push(amount);
                    known.insert(amount, position);
                    at.push(position);
                } else {
                    let mut many: Vec<i64> = self.iter().collect();
                    many.push(amount);
                    *self = Amounts::Many(many);
                }
            }
            Amounts::Many(all) => all.push(amount),
        }
    }

    /// All amounts in order.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = i64> + '_> {
        match self {
            Amounts::One { value, len } => Box::new(std::iter::repeat_n(*value, *len)),
            Amounts::Few { palette, at, .. } => {
                Box::new(at.iter().map(|position| palette.get(usize::from(*position)).copied().unwrap_or(0)))
            }
            Amounts::Many(all) => Box::new(all.iter().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Amounts;

    #[test]
    fn keeps_every_amount_in_order() {
        for distinct in [1i64, 2, 300, 70_000] {
            let mut amounts = Amounts::default();
            let wanted: Vec<i64> = (0..100_000).map(|at| (at * 7919) % distinct).collect();
            wanted.iter().for_each(|amount| amounts.push(*amount));
            assert!(amounts.iter().eq(wanted.iter().copied()), "{distinct}");
        }
    }
}
