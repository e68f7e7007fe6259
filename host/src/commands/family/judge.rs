//! `layak family judge FILE`: all programs at once, and a grid over its facts.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::super::program::{Loaded, find, report};
use super::super::screen::Screen;
use super::{Rules, rules};
use crate::columns::Dictionary;
use crate::error::{Error, Fault, Result};
use crate::explanation::grid::{Axis, Grid, drawn, grid};
use crate::explanation::nearest::judged_now;
use crate::explanation::written::{Hypothetical, read};
use crate::explanation::{Cut, Explanation, InSandbox, Regions, RowResult, Source, Standing, Trying, explain, render};
use crate::program::{Program, UnknownRule};
use crate::sandbox::Unit;
use crate::say;

/// Values of one axis.
const MOST_VALUES: usize = 200;

/// Judges a hypothetical family by all programs at once
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Family file, as `layak family new` prints one
    file: PathBuf,
    /// Programs, separated by commas (default: all)
    #[arg(long, value_name = "PROGRAM", value_delimiter = ',')]
    program: Vec<String>,
    /// Vary one fact, or two if given twice: youngest.age=0..21, decile=1..10, head.sex=1,2
    #[arg(long, value_name = "FACT=VALUES")]
    grid: Vec<String>,
}

/// What `family judge --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Judged {
    /// Day of the facts.
    as_of: String,
    /// Period of the aid.
    period: String,
    /// Program by program; a program of persons has one entry per member.
    programs: Vec<Explanation>,
    /// Program by program, where a grid was asked for.
    grids: Vec<Grid>,
}

pub(super) fn run(args: &Args, given: Option<&Path>, screen: &Screen) -> Result<()> {
    let bytes = super::super::plugin::read_given(&args.file)?;
    let text = String::from_utf8(bytes).map_err(|cause| Error::storage(&args.file, cause))?;
    // which period's rules hold stands in the file, and which columns exist in the rules
    let early = read(&args.file, &text, Dictionary::embedded()).ok().map(|family| family.period);
    let (Rules { loaded, _cache }, _) = rules(given, early, screen)?;
    let family = read(&args.file, &text, &loaded.dictionary).map_err(|errors| report(errors, screen))?;
    let (loaded, _cache) = if early == Some(family.period) {
        (loaded, _cache)
    } else {
        let (again, _) = rules(given, Some(family.period), screen)?;
        (again.loaded, again._cache)
    };
    let axes = args.grid.iter().map(|axis| axis_of(axis, &family, &loaded.dictionary)).collect::<Result<Vec<_>>>()?;
    if axes.len() > 2 {
        return Err(Error::new(Fault::Usage, say!("paling banyak dua --grid", "at most two --grid"))
            .fix(say!("pilih dua fakta", "choose two facts")));
    }
    let mut judged = Judged {
        as_of: family.as_of.to_string(),
        period: family.period.to_string(),
        programs: Vec::new(),
        grids: Vec::new(),
    };
    for name in &args.program {
        find(&loaded.programs, name)?;
    }
    let wanted = |program: &&Program| args.program.is_empty() || args.program.contains(&program.id);
    for program in loaded.programs.iter().filter(wanted) {
        let trying = trying(&loaded, program, &family)?;
        if let Some(down) = axes.first() {
            judged.grids.push(grid(program, &trying, &family.family, down, axes.get(1))?);
        } else {
            one(&loaded, program, &trying, &family, &mut judged.programs)?;
        }
    }
    if screen.json {
        return screen.json(&judged);
    }
    if judged.grids.is_empty() {
        screen.data(render::sheet(&judged.programs, screen.lang).trim_end());
    } else {
        let all: Vec<String> = judged.grids.iter().map(|grid| drawn(grid, screen.lang)).collect();
        screen.data(all.join("\n").trim_end());
    }
    screen.say(&say!(
        "keluarga rekaan: tidak ada peringkat; siapa menerima ditentukan dalam satu putaran",
        "a hypothetical family: no rank; who receives is decided in a run"
    ));
    let file = args.file.display();
    screen.next(&format!("layak family judge {file} --grid decile=1..10"));
    Ok(())
}

fn trying(loaded: &Loaded, program: &Program, family: &Hypothetical) -> Result<InSandbox> {
    let plugin = loaded.plugins.get(&program.plugin)?.ok_or_else(|| Error::bug("a loaded program has its plugin"))?;
    InSandbox::new(&plugin, program, program.columns.clone(), (family.as_of, family.period.first_day()))
}

/// Explains one program for the family, or for each member.
fn one(
    loaded: &Loaded,
    program: &Program,
    trying: &InSandbox,
    family: &Hypothetical,
    into: &mut Vec<Explanation>,
) -> Result<()> {
    let batch = family.family.batch();
    let regions = Regions::default();
    let lines = trying.lines(&batch)?;
    let rows = match program.unit() {
        Unit::Family => 1,
        Unit::Person => family.family.members,
    };
    for row in 0..rows {
        let member = (program.unit() == Unit::Person).then_some(row);
        let now = judged_now(trying, &family.family, program.unit(), member)?;
        let refusing = now.unknown & program.unknown_bits(UnknownRule::Refuse) != 0;
        let standing = match (now.failed, now.eligible(program), refusing) {
            (0, true, _) => Standing::Eligible,
            (0, false, true) => Standing::RefusedUnknown,
            (0, false, false) => Standing::Review,
            _ => Standing::NotEligible,
        };
        let own = |line: &&crate::sandbox::Line| {
            line.row == row && usize::from(line.part) >= program.description.components.len()
        };
        let score = lines.iter().filter(own).map(|line| line.value).sum();
        let (failed, unknown, amount) = (now.failed, now.unknown, now.amount);
        let result = RowResult { failed, unknown, score, amount, standing, rank: None, place: None };
        let from = Source {
            dictionary: &loaded.dictionary,
            regions: &regions,
            batch: &batch,
            as_of: family.as_of,
            trying: Some(trying),
            others: None,
        };
        into.push(explain(program, String::from("-"), row, result, Cut::default(), &lines, from)?);
    }
    Ok(())
}

/// `FACT=VALUES`: `a..b`, or values separated by commas.
fn axis_of(text: &str, family: &Hypothetical, dictionary: &Dictionary) -> Result<Axis> {
    let refuse = |message| {
        Error::new(Fault::Usage, message).fix(say!(
            "contoh: `--grid youngest.age=0..21 --grid decile=1..10`",
            "for example: `--grid youngest.age=0..21 --grid decile=1..10`"
        ))
    };
    let Some((name, values)) = text.split_once('=') else {
        return Err(refuse(say!("`{text}` bukan FAKTA=NILAI", "`{text}` is not FACT=VALUES")));
    };
    let place = family.place(name, dictionary).map_err(refuse)?;
    let words: Vec<String> = match values.split_once("..") {
        Some((from, to)) => match (from.parse::<i64>(), to.parse::<i64>()) {
            (Ok(from), Ok(to)) if from <= to => {
                (from..=to).take(MOST_VALUES + 1).map(|value| value.to_string()).collect()
            }
            _ => return Err(refuse(say!("`{values}` bukan rentang", "`{values}` is no range"))),
        },
        None => values.split(',').map(|word| word.trim().to_owned()).collect(),
    };
    if words.len() > MOST_VALUES {
        return Err(refuse(say!("lebih dari {MOST_VALUES} nilai", "more than {MOST_VALUES} values")));
    }
    let put = |word: String| {
        let put = family.with_word(place, &word, dictionary).map_err(refuse)?;
        Ok((word, put))
    };
    Ok(Axis { name: name.to_owned(), values: words.into_iter().map(put).collect::<Result<_>>()? })
}
