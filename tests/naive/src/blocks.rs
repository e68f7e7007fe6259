//! Blocks of families under one reading of the rules, and the comparison of what a
//! program says of them with what the law says.

use kit::{Description, Line, Value, Verdicts};

use crate::chance::Chance;
use crate::drawn::{Drawer, Limits, whens};
use crate::family::{Family, NONE, When};
use crate::laid::{Laid, blank_family, blank_member, lay, value};
use crate::seen::Seen;
use crate::{Answer, Opinion, Setting, blt_dd, pbi_jkn, pkh, sembako};

/// One reading of one program's rules.
#[derive(Debug, Clone)]
pub enum Rules {
    /// PKH.
    Pkh(Box<pkh::Rules>),
    /// Sembako.
    Sembako(sembako::Rules),
    /// PBI-JKN.
    PbiJkn(pbi_jkn::Rules),
    /// BLT Dana Desa.
    BltDd(blt_dd::Rules),
}

impl Rules {
    /// The rules in force in 2026Q3; `None` if there is no such program.
    #[must_use]
    pub fn shipped(program: &str) -> Option<Rules> {
        Some(match program {
            "pkh" => Rules::Pkh(Box::new(pkh::Rules::shipped())),
            "sembako" => Rules::Sembako(sembako::Rules::shipped()),
            "pbi_jkn" => Rules::PbiJkn(pbi_jkn::Rules::shipped()),
            "blt_dd" => Rules::BltDd(blt_dd::Rules::shipped()),
            _ => return None,
        })
    }

    /// Another reading of the same program.
    #[must_use]
    pub fn drawn(&self, chance: &mut Chance) -> Rules {
        match self {
            Rules::Pkh(_) => Rules::Pkh(Box::new(pkh::Rules::drawn(chance))),
            Rules::Sembako(_) => Rules::Sembako(sembako::Rules::drawn(chance)),
            Rules::PbiJkn(_) => Rules::PbiJkn(pbi_jkn::Rules::drawn(chance)),
            Rules::BltDd(_) => Rules::BltDd(blt_dd::Rules::drawn(chance)),
        }
    }

    /// The settings by name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, Setting)> {
        match self {
            Rules::Pkh(rules) => rules.named(),
            Rules::Sembako(rules) => rules.named(),
            Rules::PbiJkn(rules) => rules.named(),
            Rules::BltDd(rules) => rules.named(),
        }
    }

    /// Where families should sit.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let beside = |decile: i64| vec![decile, decile + 1, 1, 0];
        let limits =
            |ages: Vec<i64>, decile| Limits { ages, deciles: beside(decile), quarters: 20, postpartum_days: 42 };
        match self {
            Rules::Pkh(rules) => Limits {
                quarters: rules.limit_quarters,
                postpartum_days: rules.postpartum_days,
                ..limits(
                    vec![
                        0,
                        5,
                        rules.child_age_max,
                        rules.child_age_max + 1,
                        rules.pupil_age_min,
                        12,
                        rules.pupil_age_max,
                        rules.pupil_age_max + 1,
                        rules.elderly_age,
                    ],
                    rules.max_decile,
                )
            },
            Rules::Sembako(rules) => limits(vec![0, 5, 40], rules.max_decile),
            Rules::PbiJkn(rules) => limits(vec![0, 40], rules.max_decile),
            Rules::BltDd(rules) => {
                limits(vec![0, 30, rules.elderly_age, rules.elderly_age], rules.female_head_max_decile)
            }
        }
    }

    /// What the law says of each row, in the order of the rows.
    #[must_use]
    pub fn opinions(&self, families: &[Family], when: &When) -> Vec<Opinion> {
        match self {
            Rules::Pkh(rules) => families.iter().map(|family| pkh::judge(family, rules, when)).collect(),
            Rules::Sembako(rules) => families.iter().map(|family| sembako::judge(family, rules, when)).collect(),
            Rules::BltDd(rules) => families.iter().map(|family| blt_dd::judge(family, rules, when)).collect(),
            Rules::PbiJkn(rules) => families
                .iter()
                .flat_map(|family| family.members.iter().map(move |member| pbi_jkn::judge(family, member, rules)))
                .collect(),
        }
    }
}

/// Families under one reading of the rules, of one day, with some columns not granted.
#[derive(Debug, Clone)]
pub struct Block {
    /// The reading.
    pub rules: Rules,
    /// The dates.
    pub when: When,
    /// The families; what is not granted is unknown in them.
    pub families: Vec<Family>,
    /// The settings as they cross.
    pub settings: Vec<Value>,
    /// Which of the program's columns are granted.
    pub present: Vec<bool>,
    /// The families as columns.
    pub laid: Laid,
}

impl Block {
    /// The block of this number: half of them under the shipped rules, and two in three
    /// with every column granted.
    ///
    /// # Errors
    /// A column or setting of the program that the law's second reading does not know.
    pub fn draw(description: &Description, number: u64, size: usize) -> Result<Block, String> {
        let mut chance = Chance(number.wrapping_mul(0x0005_deec_e66d).wrapping_add(description.name.len() as u64));
        let shipped = Rules::shipped(description.name).ok_or("no such program")?;
        let rules = if number.is_multiple_of(2) { shipped } else { shipped.drawn(&mut chance) };
        let when = chance.one(&whens());
        let limits = rules.limits();
        let mut families: Vec<Family> = {
            let mut drawer = Drawer::new(&mut chance, &limits, when);
            (0..size).map(|_| drawer.family()).collect()
        };
        let all_granted = !number.is_multiple_of(3);
        let present: Vec<bool> =
            description.columns.iter().map(|wish| wish.required || all_granted || chance.often(700)).collect();
        for (wish, _) in description.columns.iter().zip(&present).filter(|(_, present)| !**present) {
            for family in &mut families {
                let known = blank_family(wish.name, family);
                let known =
                    family.members.iter_mut().fold(known, |known, member| blank_member(wish.name, member) || known);
                if !known && !family.members.is_empty() {
                    return Err(format!("column `{}` is not known here", wish.name));
                }
            }
        }
        let named = rules.named();
        let settings: Option<Vec<Value>> = description.settings.iter().map(|wish| value(wish, &named)).collect();
        let settings = settings.ok_or("the settings of the program are not those of its rule file")?;
        let laid = lay(&families, description.columns, &present);
        if laid.family.len() + laid.member.len() != present.iter().filter(|present| **present).count() {
            return Err("a column of the program is not known here".to_owned());
        }
        Ok(Block { rules, when, families, settings, present, laid })
    }

    /// Compares with verdicts, and with the lines behind them where they are given;
    /// counts what was met. Gives the first difference.
    #[must_use]
    pub fn difference(
        &self,
        description: &Description,
        said: &Verdicts,
        lines: Option<&[Line]>,
        seen: &mut Seen,
    ) -> Option<String> {
        let opinions = self.rules.opinions(&self.families, &self.when);
        if [said.failed.len(), said.unknown.len(), said.score.len(), said.amount.len()] != [opinions.len(); 4] {
            return Some(format!("{} rows judged of {}", said.failed.len(), opinions.len()));
        }
        for (row, opinion) in opinions.iter().enumerate() {
            seen.add(opinion);
            let mask = |is: Answer| {
                let met = |code: &str| opinion.criteria.iter().any(|(other, answer)| *other == code && *answer == is);
                let bits = description.criteria.iter().enumerate().filter(|(_, part)| met(part.code));
                bits.fold(0_u64, |all, (bit, _)| all | 1 << bit)
            };
            let mine = (mask(Answer::Fail), mask(Answer::Unknown), opinion.score(), opinion.amount());
            let theirs = (said.failed[row], said.unknown[row], said.score[row], said.amount[row]);
            if mine != theirs {
                return Some(format!(
                    "row {row}: the law {mine:?}, the program {theirs:?}\n{}",
                    self.shown(row, opinion)
                ));
            }
        }
        let lines = lines?;
        let (mine, mut theirs) = (self.lines(description, &opinions), lines.to_vec());
        theirs.sort_unstable_by_key(|line| (line.row, line.part, line.member));
        let differs = mine.iter().zip(&theirs).find(|(mine, theirs)| mine != theirs);
        if let Some((mine, theirs)) = differs {
            let row = mine.row.min(theirs.row) as usize;
            return Some(format!(
                "lines: the law {mine:?}, the program {theirs:?}\n{}",
                self.shown(row, &opinions[row])
            ));
        }
        (mine.len() != theirs.len()).then(|| format!("{} lines, of the program {}", mine.len(), theirs.len()))
    }

    fn lines(&self, description: &Description, opinions: &[Opinion]) -> Vec<Line> {
        let at =
            |parts: &[kit::Part], code: &str| parts.iter().position(|part| part.code == code).unwrap_or(usize::MAX);
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let starts: Vec<u32> = std::iter::once(0).chain(self.laid.ends.iter().copied()).collect();
        let persons = matches!(self.rules, Rules::PbiJkn(_));
        let mut lines = Vec::new();
        for (row, opinion) in opinions.iter().enumerate() {
            let mut add = |member: Option<u32>, part: usize, value: i64| {
                let member = member.unwrap_or(u32::MAX);
                lines.push(Line { row: short(row), member, part: u16::try_from(part).unwrap_or(u16::MAX), value });
            };
            for (code, member, rupiah) in &opinion.paid {
                // where the row is a person, it is the member too
                let member = if persons { Some(short(row)) } else { member.map(|member| starts[row] + short(member)) };
                add(member, at(description.components, code), *rupiah);
            }
            for (code, points) in &opinion.points {
                add(None, description.components.len() + at(description.score_parts, code), *points);
            }
        }
        lines.sort_unstable_by_key(|line| (line.row, line.part, line.member));
        lines
    }

    fn shown(&self, row: usize, opinion: &Opinion) -> String {
        let family = if matches!(self.rules, Rules::PbiJkn(_)) {
            self.laid.ends.iter().position(|end| *end as usize > row).unwrap_or(0)
        } else {
            row
        };
        let shown = format!("{opinion:?}\n{:?}\n{:?}\n{:?}", self.families[family], self.rules, self.when);
        // a member on a line of its own, and long lists by their name
        let shown =
            shown.replace(&format!("{NONE:?}"), "NONE").replace(&format!("{:?}", [None::<bool>; 32]), "NOT KNOWN");
        shown.replace("Member {", "\n  Member {")
    }
}
