//! `layak explain`: why a family or person is in or out, for all programs of a run.

mod letter;

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::export::opened;
use super::program::{Loaded, find};
use super::run::{folders, judge_of};
use super::screen::Screen;
use super::site::Site;
use crate::error::{Error, Fault, Result};
use crate::explanation::{Cut, Explanation, InSandbox, Regions, RowResult, Source, Standing, explain, render};
use crate::ledger::{Explaining, Look, RunView, Spot};
use crate::program::Program;
use crate::registry::Registry;
use crate::sandbox::Unit;
use crate::say;
use crate::selection::status;
use crate::snapshot::Snapshot;
use crate::terms::{FamilyId, Nik, PersonId};

/// Explains the decision on one family or person, for all programs of a run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of a family or person (F... or P...); without it an NIK is read from standard input or asked for
    #[arg(conflicts_with_all = ["family", "nik"])]
    id: Option<String>,
    /// The same as the id before it
    #[arg(long, value_name = "ID", conflicts_with = "nik")]
    family: Option<String>,
    /// Read an NIK from standard input or ask for it; never written on the command line
    #[arg(long)]
    nik: bool,
    /// Run id, its beginning, or `latest`
    #[arg(long, value_name = "RUN", default_value = "latest")]
    run: String,
    /// Programs, separated by commas (default: all)
    #[arg(long, value_name = "PROGRAM", value_delimiter = ',')]
    program: Vec<String>,
    /// Write a letter that a citizen understands: FILE.txt or FILE.html
    #[arg(long, value_name = "FILE")]
    letter: Option<PathBuf>,
    /// Date of the letter, for instance 2026-10-01 (default: none; the deadline counts from receipt)
    #[arg(long, value_name = "DATE", requires = "letter")]
    date: Option<String>,
    /// With --nik: why the letter shall bear the name; noted in the ledger
    #[arg(long, value_name = "TEXT", requires = "letter")]
    reason: Option<String>,
}

impl Args {
    /// One id, one program.
    pub(crate) fn of(id: &str, run: &str, program: &str) -> Args {
        Args {
            id: Some(id.to_owned()),
            family: None,
            nik: false,
            run: run.to_owned(),
            program: vec![program.to_owned()],
            letter: None,
            date: None,
            reason: None,
        }
    }
}

/// What `explain --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Explained {
    /// The family.
    family: String,
    /// The person asked for, if one was.
    person: Option<String>,
    /// Program by program.
    programs: Vec<Explanation>,
}

/// Who is meant.
enum Who {
    Family(FamilyId),
    Person(PersonId),
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let given = args.id.as_deref().or(args.family.as_deref());
    if args.reason.is_some() && given.is_some() {
        return Err(Error::new(Fault::Usage, say!("`--reason` memerlukan `--nik`", "`--reason` needs `--nik`")).fix(
            say!(
                "tanpa alasan, surat hanya memuat nomor rujukan",
                "without a reason, a letter bears a reference number only"
            ),
        ));
    }
    let (who, nik) = match given {
        Some(id) => (parse_id(id)?, None),
        None => {
            let nik = asked()?;
            (known(&nik, site, screen)?, Some(nik))
        }
    };
    let (mut ledger, loaded, snapshot) = opened(&args.run, site, screen)?;
    let view = RunView::open(&ledger, &folders(site), &args.run, &snapshot, &loaded.dictionary)?;
    let spot = match who {
        Who::Family(id) => view.find_family(id)?,
        Who::Person(id) => view.find_person(id)?,
    };
    let Some(spot) = spot else { return Err(not_there(given.unwrap_or("NIK"))) };
    let mut explained = Explained { family: String::new(), person: None, programs: Vec::new() };
    for program in chosen(args, &loaded)? {
        if view.program(&program.id).is_none() {
            if args.program.is_empty() {
                continue;
            }
            let id = &program.id;
            return Err(Error::new(
                Fault::Usage,
                say!("putaran ini tidak memuat hasil `{id}`", "this run holds no selection of `{id}`"),
            ));
        }
        explain_program(&view, &loaded, &snapshot, program, spot, &mut explained)?;
    }
    if let Some(path) = &args.letter {
        let nik = nik.filter(|_| args.reason.is_some());
        let asked = letter::Asked { path, date: args.date.as_deref(), named: args.reason.as_deref().zip(nik) };
        letter::write(&asked, &explained, (site, &loaded, &snapshot), (&mut ledger, &args.run), screen)?;
    }
    if screen.json {
        return screen.json(&explained);
    }
    screen.data(render::sheet(&explained.programs, screen.lang).trim_end());
    let run = args.run.get(..12).unwrap_or(&args.run);
    screen.next(&format!("layak verify {run}"));
    Ok(())
}

fn chosen<'a>(args: &Args, loaded: &'a Loaded) -> Result<Vec<&'a Program>> {
    if args.program.is_empty() {
        return Ok(loaded.programs.iter().collect());
    }
    args.program.iter().map(|name| find(&loaded.programs, name)).collect()
}

/// Explains one program: the family, or the person asked for, or every member.
fn explain_program(
    view: &RunView<'_>,
    loaded: &Loaded,
    snapshot: &Snapshot,
    program: &Program,
    spot: Spot,
    into: &mut Explained,
) -> Result<()> {
    let noted = view.program(&program.id);
    let same = |key: &str, now: &str| noted.and_then(|one| one.get(key)?.as_str()) == Some(now);
    if !same("rules", &program.rule_hash) || !same("plugin_digest", &program.plugin_digest) {
        let id = &program.id;
        return Err(Error::new(
            Fault::Rules,
            say!(
                "berkas aturan atau plugin `{id}` berubah sejak putaran ini",
                "the rule file or the plugin of `{id}` has changed since this run"
            ),
        )
        .fix(say!("kembalikan berkasnya, atau jalankan lagi", "put it back, or run again")));
    }
    let judge = judge_of(loaded, program, snapshot)?;
    let first = view.look(program, spot)?;
    let family = spot.family_row % crate::snapshot::batch::BATCH_FAMILIES;
    let at = usize::try_from(family).unwrap_or(usize::MAX);
    let begin = at.checked_sub(1).and_then(|before| first.batch.member_ends.get(before)).copied().unwrap_or(0);
    let size = first.batch.member_ends.get(at).copied().unwrap_or(begin).saturating_sub(begin);
    let members: Vec<Option<u32>> = match (program.unit(), spot.member) {
        (Unit::Family, _) => vec![None],
        (Unit::Person, Some(member)) => vec![Some(member)],
        (Unit::Person, None) => (0..size).map(Some).collect(),
    };
    let manifest = snapshot.manifest();
    let regions = Regions::of(manifest);
    let columns = judge.columns().to_vec();
    let plugin = loaded.plugins.get(&program.plugin)?.ok_or_else(|| Error::bug("a loaded program has its plugin"))?;
    let dates = (manifest.as_of()?, manifest.period()?.first_day());
    let trying = InSandbox::new(&plugin, program, columns, dates)?;
    let lines = judge.breakdown(&first.batch)?;
    let others = view.others(program, spot)?;
    let ids = ids(snapshot, spot)?;
    into.family = ids.0.to_string();
    into.person = spot.member.and_then(|at| ids.1.get(usize::try_from(at).ok()?)).map(ToString::to_string);
    for member in members {
        let look = if member.is_none() || member == spot.member {
            None
        } else {
            Some(view.look(program, Spot { member, ..spot })?)
        };
        let look = look.as_ref().unwrap_or(&first);
        let id = match member {
            Some(at) => {
                usize::try_from(at).ok().and_then(|at| ids.1.get(at)).map_or_else(String::new, ToString::to_string)
            }
            None => ids.0.to_string(),
        };
        let source = Source {
            dictionary: &loaded.dictionary,
            regions: &regions,
            batch: &look.batch,
            as_of: manifest.as_of()?,
            trying: Some(&trying),
            others,
        };
        into.programs.push(explain(program, id, look.row, result(look)?, cut(noted), &lines, source)?);
    }
    Ok(())
}

/// The ids of a family and of its members.
fn ids(snapshot: &Snapshot, spot: Spot) -> Result<(FamilyId, Vec<PersonId>)> {
    let partition = snapshot.partitions().get(spot.partition).ok_or_else(|| Error::bug("a spot's partition"))?;
    let (batch, row) = snapshot.batch_at(partition, spot.family_row, &[], &[], true)?;
    let begin = row.checked_sub(1).and_then(|before| batch.member_ends.get(before)).copied().unwrap_or(0);
    let end = batch.member_ends.get(row).copied().unwrap_or(begin);
    let range = usize::try_from(begin).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
    let family = batch.family_ids.get(row).copied().ok_or_else(|| Error::bug("a family has its id"))?;
    let members = batch.person_ids.get(range).unwrap_or_default().to_vec();
    Ok((family, members))
}

fn result(look: &Look) -> Result<RowResult> {
    let standing = match look.status {
        status::RECIPIENT => Standing::Recipient,
        status::WAITING => Standing::Waiting,
        status::REVIEW => Standing::Review,
        status::REFUSED_UNKNOWN => Standing::RefusedUnknown,
        status::NOT_ELIGIBLE => Standing::NotEligible,
        other => return Err(Error::bug(format!("a status below 5, not {other}"))),
    };
    let some = |value: u32| (value > 0).then(|| u64::from(value));
    Ok(RowResult {
        failed: look.failed,
        unknown: look.unknown,
        score: look.score,
        amount: look.amount,
        standing,
        rank: some(look.rank),
        place: some(look.place),
    })
}

fn cut(noted: Option<&serde_json::Value>) -> Cut {
    let funnel = noted.and_then(|one| one.get("funnel"));
    let count = |key: &str| funnel.and_then(|funnel| funnel.get(key)?.as_u64()).unwrap_or(0);
    Cut { recipients: count("recipients"), eligible: count("eligible") }
}

/// The first family or person of a run with this status.
pub(crate) fn first_with(site: &Site, run: &str, program: &str, wanted: u8, screen: &Screen) -> Result<Option<String>> {
    let (ledger, loaded, snapshot) = opened(run, site, screen)?;
    let view = RunView::open(&ledger, &folders(site), run, &snapshot, &loaded.dictionary)?;
    let program = find(&loaded.programs, program)?;
    let id = view.first_with(program, wanted)?;
    Ok(id.map(|id| match program.unit() {
        Unit::Family => FamilyId(id).to_string(),
        Unit::Person => PersonId(id).to_string(),
    }))
}

/// `F` or `P` and 16 hex digits. Sixteen decimal digits are an NIK: refused here,
/// because a command line is kept in histories and seen by others.
fn parse_id(text: &str) -> Result<Who> {
    let hex = |rest: &str| (rest.len() == 16).then(|| u64::from_str_radix(rest, 16).ok()).flatten();
    if let Some(id) = text.strip_prefix('F').and_then(hex) {
        return Ok(Who::Family(FamilyId(id)));
    }
    if let Some(id) = text.strip_prefix('P').and_then(hex) {
        return Ok(Who::Person(PersonId(id)));
    }
    if text.bytes().filter(u8::is_ascii_digit).count() >= 12 {
        return Err(Error::new(
            Fault::Usage,
            say!("NIK tidak boleh ditulis pada baris perintah", "an NIK may not stand on the command line"),
        )
        .fix(say!(
            "jalankan `layak explain` tanpa id; NIK akan ditanyakan atau dibaca dari masukan baku",
            "run `layak explain` without an id; the NIK is asked for, or read from standard input"
        )));
    }
    Err(Error::new(Fault::Usage, say!("`{text}` bukan id", "`{text}` is not an id"))
        .fix(say!("id ditulis F atau P dan 16 digit heksadesimal", "an id is F or P and 16 hex digits")))
}

/// An NIK from standard input, or from a prompt that does not show it.
fn asked() -> Result<Nik> {
    let read = |cause: std::io::Error| Error::storage("-", cause);
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password("NIK: ").map_err(read)?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(read)?;
        line
    };
    Nik::parse(text.trim()).map_err(|_| {
        Error::new(Fault::Usage, say!("yang diberikan bukan NIK 16 digit", "what was given is not an NIK of 16 digits"))
            .fix(say!("salin 16 digit dari kartu, tanpa spasi", "copy the 16 digits from the card, without spaces"))
    })
}

/// The person of an NIK.
fn known(nik: &Nik, site: &Site, screen: &Screen) -> Result<Who> {
    let registry = Registry::open(&site.root)?;
    let found = registry.person_by_nik(nik)?;
    let masked = nik.masked();
    let Some((person, _)) = found else { return Err(not_there(&format!("NIK {masked}"))) };
    screen.say(&say!("NIK {masked} adalah {person}", "NIK {masked} is {person}"));
    Ok(Who::Person(person))
}

fn not_there(who: &str) -> Error {
    Error::new(
        Fault::Usage,
        say!("{who} tidak ada dalam snapshot putaran ini", "{who} is not in the snapshot of this run"),
    )
    .fix(say!(
        "periksa karantina: `layak quarantine`; atau putaran lain: `--run`",
        "look at the quarantine: `layak quarantine`; or another run: `--run`"
    ))
}
