//! `layak explain --letter FILE`: the letter to a family.
//!
//! Takes explanations; writes text or HTML. Names nobody: a family is known by
//! its reference number, so that a letter needs no identity (only an export
//! touches them). With `--nik` and a reason, the letter also bears the name and
//! the masked NIK of the person who gave the NIK, and the ledger keeps the reason.

use std::path::Path;

use super::super::program::{Loaded, report};
use super::super::screen::Screen;
use super::super::site::Site;
use super::Explained;
use crate::error::{Error, Fault, Result};
use crate::explanation::letter::{Letter, html, placeholder, text};
use crate::ledger::Ledger;
use crate::program::Operator;
use crate::registry::Registry;
use crate::say;
use crate::snapshot::Snapshot;
use crate::terms::{Date, Nik};

/// What the command line asks for.
pub(super) struct Asked<'a> {
    /// The file to write.
    pub(super) path: &'a Path,
    /// Date of the letter.
    pub(super) date: Option<&'a str>,
    /// Why it shall bear the name of the person with this NIK.
    pub(super) named: Option<(&'a str, Nik)>,
}

/// Writes the letter; an existing file is replaced only if it is a letter's own ending.
pub(super) fn write(
    asked: &Asked<'_>,
    explained: &Explained,
    (site, loaded, snapshot): (&Site, &Loaded, &Snapshot),
    (ledger, run): (&mut Ledger, &str),
    screen: &Screen,
) -> Result<()> {
    let ending = asked.path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let draw = match ending {
        "txt" => text,
        "html" => html,
        _ => {
            return Err(Error::new(
                Fault::Usage,
                say!("surat ditulis ke .txt atau .html", "a letter is .txt or .html"),
            )
            .file(asked.path)
            .fix(say!("misalnya `--letter surat.html`", "for instance `--letter letter.html`")));
        }
    };
    let date = asked.date.map(str::parse::<Date>).transpose();
    let date = date.map_err(|message| Error::new(Fault::Usage, message))?;
    let operator = Operator::read(&site.rules, &loaded.dictionary).map_err(|errors| report(errors, screen))?;
    let objection = operator.objection.unwrap_or_else(placeholder);
    let addressed = match &asked.named {
        Some((reason, nik)) => Some(addressed(reason, nik, site)?),
        None => None,
    };
    let manifest = snapshot.manifest();
    let letter = Letter {
        reference: &explained.family,
        period: manifest.period()?,
        as_of: manifest.as_of()?,
        date,
        addressed: addressed.as_deref(),
        objection: &objection,
        explanations: &explained.programs,
    };
    let written = draw(&letter, screen.lang);
    if let (Some((reason, _)), Some(person)) = (&asked.named, &explained.person) {
        // the reason is kept before the name is shown
        let run = ledger.find_run(run)?.run;
        ledger.note_letter(&run, person, reason, &blake3::hash(written.as_bytes()).to_hex())?;
    }
    std::fs::write(asked.path, written).map_err(|cause| Error::storage(asked.path, cause))?;
    let shown = asked.path.display();
    screen.say(&say!("surat ditulis ke `{shown}`", "the letter is in `{shown}`"));
    if objection.office.id.contains('[') {
        screen.warn(&say!(
            "kantor sanggah masih contoh: isi [objection] di rules/operator.toml",
            "the office for objections is still a placeholder: fill in [objection] in rules/operator.toml"
        ));
    }
    Ok(())
}

/// Name and masked NIK of a person.
fn addressed(reason: &str, nik: &Nik, site: &Site) -> Result<String> {
    if reason.trim().chars().count() < 8 {
        return Err(Error::new(Fault::Usage, say!("alasannya terlalu pendek", "the reason is too short"))
            .fix(say!("tulis siapa yang meminta dan untuk apa", "write who asks for it and what for")));
    }
    let registry = Registry::open(&site.root)?;
    let person = registry.person_by_nik(nik)?.ok_or_else(|| Error::bug("a person who was found is in the vault"))?.0;
    let identity = registry.identities()?.person(person)?;
    let name = identity.map(|identity| identity.name).unwrap_or_default();
    Ok(format!("{name} (NIK {})", nik.masked()))
}
