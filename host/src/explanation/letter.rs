//! The letter: what was decided for a family and why, so that anyone understands it.
//!
//! Takes the explanations of one family and the office that hears objections;
//! gives text or HTML in one language. Short sentences, no codes, no rule
//! names. Names nobody: a family is known by its reference number, and only
//! the caller, who has a reason and notes it, may add to whom it is addressed.

mod html;

use super::{Change, ChangeKind, CriterionLine, Explanation, Outcome, Standing, signed};
use crate::program::Objection;
use crate::say;
use crate::terms::{Date, Lang, Period, Rupiah, Text, show_count};

pub use html::html;

/// What a letter says where the operator wrote nothing: a placeholder that nobody can take for an office.
#[must_use]
pub fn placeholder() -> Objection {
    Objection {
        office: Text::new(
            "kantor desa atau kelurahan Anda [operator: tulis nama dan alamat kantor di rules/operator.toml]",
            "your village office [operator: write the office's name and address in rules/operator.toml]",
        ),
        deadline_days: 30,
        source: String::from("BANYUWANGI-1; assumed"),
    }
}

/// What a letter says beside the explanations.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    /// Pseudonym of the family.
    pub reference: &'a str,
    /// Period of the aid.
    pub period: Period,
    /// Date of the facts.
    pub as_of: Date,
    /// Date of the letter, if it shall carry one.
    pub date: Option<Date>,
    /// Name and masked NIK, only where the caller gave a reason that was noted.
    pub addressed: Option<&'a str>,
    /// The office.
    pub objection: &'a Objection,
    /// Program by program.
    pub explanations: &'a [Explanation],
}

/// A piece of the letter.
pub(super) enum Piece {
    Title(Text),
    Line(Text),
    Heading(Text),
    Point(Text),
}

const MONTHS_ID: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month(at: i64) -> Text {
    let nth = usize::try_from(at - 1).unwrap_or(0);
    Text::new(MONTHS_ID.get(nth).copied().unwrap_or(""), MONTHS_EN.get(nth).copied().unwrap_or(""))
}

fn day(date: Date) -> Text {
    let civil = date.civil();
    let (day, year, name) = (civil.day(), civil.year(), month(i64::from(civil.month())));
    let (id, en) = (&name.id, &name.en);
    say!("{day} {id} {year}", "{day} {en} {year}")
}

fn months_of(period: Period) -> Text {
    match period {
        Period::Month(year, at) => {
            let name = month(i64::from(at));
            let (id, en) = (&name.id, &name.en);
            say!("{id} {year}", "{en} {year}")
        }
        Period::Quarter(year, quarter) => {
            let first = i64::from(quarter) * 3 - 2;
            let (from, to) = (month(first), month(first + 2));
            let (id, en, to_id, to_en) = (&from.id, &from.en, &to.id, &to.en);
            say!("{id} sampai {to_id} {year}", "{en} to {to_en} {year}")
        }
    }
}

/// A value without its code: `2 (Perempuan)` is told as `Perempuan`.
fn plain(text: &str) -> String {
    let coded = |text: &str| {
        let (code, word) = text.split_once(" (")?;
        code.bytes().all(|b| b.is_ascii_digit()).then(|| word.strip_suffix(')').map(str::to_owned))?
    };
    coded(text).unwrap_or_else(|| text.to_owned())
}

fn plain_text(text: &Text) -> Text {
    Text::new(plain(&text.id), plain(&text.en))
}

/// First letter large, a full stop at the end.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.trim_end().ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

fn sentences(text: &Text) -> Text {
    Text::new(sentence(&text.id), sentence(&text.en))
}

/// All pieces in order.
pub(super) fn pieces(letter: &Letter<'_>) -> Vec<Piece> {
    let mut out = head(letter);
    let mut before = "";
    for explanation in letter.explanations {
        // a program of persons has one heading for all of them
        if explanation.program != before {
            out.push(Piece::Heading(explanation.title.clone()));
        }
        before = &explanation.program;
        program(letter, explanation, &mut out);
    }
    facts(letter, &mut out);
    objection(letter, &mut out);
    out
}

fn head(letter: &Letter<'_>) -> Vec<Piece> {
    let (reference, period, as_of) = (letter.reference, months_of(letter.period), day(letter.as_of));
    let (months_id, months_en, day_id, day_en) = (&period.id, &period.en, &as_of.id, &as_of.en);
    let mut out = vec![
        Piece::Title(Text::new("Hasil pemeriksaan bantuan sosial", "Result of the social aid check")),
        Piece::Line(say!("Nomor rujukan: {reference}", "Reference number: {reference}")),
    ];
    if let Some(name) = letter.addressed {
        out.push(Piece::Line(say!("Kepada: {name}", "To: {name}")));
    }
    if let Some(date) = letter.date.map(day) {
        let (id, en) = (&date.id, &date.en);
        out.push(Piece::Line(say!("Tanggal surat: {id}", "Date of this letter: {en}")));
    }
    out.push(Piece::Line(say!(
        "Kami memeriksa bantuan untuk {months_id}. Kami memakai keterangan yang tercatat sampai {day_id}.",
        "We checked the aid for {months_en}. We used what was on record on {day_en}."
    )));
    out
}

/// One program: the result, why, and what may be put right.
fn program(letter: &Letter<'_>, explanation: &Explanation, out: &mut Vec<Piece>) {
    let result = result(letter, explanation);
    match &explanation.whose {
        Some(Text { id: who_id, en: who_en }) => {
            let (id, en) = (&result.id, &result.en);
            out.push(Piece::Point(say!("{who_id}. {id}", "{who_en}. {en}")));
        }
        None => out.push(Piece::Line(result)),
    }
    let told = |outcome: Outcome| explanation.criteria.iter().filter(move |line| line.outcome == outcome);
    let reasons: Vec<&CriterionLine> = match explanation.standing {
        Standing::NotEligible => told(Outcome::Fail).collect(),
        Standing::Review | Standing::RefusedUnknown => told(Outcome::Unknown).collect(),
        Standing::Recipient | Standing::Waiting | Standing::Eligible => Vec::new(),
    };
    for line in reasons {
        let why = sentences(&super::outcome::plain_sentence(line));
        let (id, en) = (&why.id, &why.en);
        out.push(Piece::Point(say!("Alasan: {id}", "Reason: {en}")));
        out.extend(hints(explanation, line).map(Piece::Point));
    }
    let shares = matches!(explanation.standing, Standing::Recipient | Standing::Waiting | Standing::Eligible);
    for part in explanation.components.iter().filter(|_| shares && explanation.components.len() > 1) {
        let money = Rupiah(part.value);
        let who = part.member.and_then(|nth| member(explanation, nth)).unwrap_or_default();
        let of = |lang: Lang| {
            let who = who.get(lang);
            let behind = if who.is_empty() { String::new() } else { format!(" ({who})") };
            format!("{}: {}{behind}.", part.title.get(lang), money.show(lang))
        };
        out.push(Piece::Point(Text::new(of(Lang::Id), of(Lang::En))));
    }
}

fn member(explanation: &Explanation, nth: u32) -> Option<Text> {
    explanation.members.get(usize::try_from(nth).ok()?.checked_sub(1)?).cloned()
}

fn result(letter: &Letter<'_>, explanation: &Explanation) -> Text {
    let period = months_of(letter.period);
    let (months_id, months_en) = (&period.id, &period.en);
    let money = Rupiah(explanation.amount);
    let (money_id, money_en) = (money.show(Lang::Id), money.show(Lang::En));
    match explanation.standing {
        Standing::Recipient => say!(
            "Hasil: MENERIMA. Jumlahnya {money_id} untuk {months_id}.",
            "Result: YOU RECEIVE THIS AID. The amount is {money_en} for {months_en}."
        ),
        Standing::Waiting => {
            let place = signed(explanation.place.unwrap_or(0));
            let (id, en) = (show_count(place, Lang::Id), show_count(place, Lang::En));
            say!(
                "Hasil: MENUNGGU. Semua syarat terpenuhi, tetapi tempat sudah penuh. Anda di urutan tunggu {id}.",
                "Result: WAITING. All conditions are met, but all places are taken. You are number {en} on the waiting list."
            )
        }
        Standing::Eligible => say!(
            "Hasil: SYARAT TERPENUHI. Jumlahnya {money_id} bila terpilih.",
            "Result: ALL CONDITIONS ARE MET. The amount is {money_en} if chosen."
        ),
        Standing::Review => Text::new(
            "Hasil: SEDANG DITINJAU. Ada keterangan yang belum kami ketahui.",
            "Result: UNDER REVIEW. There is something that we do not know yet.",
        ),
        Standing::RefusedUnknown => Text::new(
            "Hasil: TIDAK MENERIMA. Ada keterangan wajib yang belum kami ketahui.",
            "Result: YOU DO NOT RECEIVE THIS AID. Something that we must know is missing.",
        ),
        Standing::NotEligible => Text::new("Hasil: TIDAK MENERIMA.", "Result: YOU DO NOT RECEIVE THIS AID."),
    }
}

/// What the family may have put right: a missing or wrong record that would make it eligible.
fn hints<'a>(explanation: &'a Explanation, line: &'a CriterionLine) -> impl Iterator<Item = Text> + 'a {
    let right =
        |change: &&Change| matches!(change.kind, ChangeKind::Missing | ChangeKind::Correction) && change.eligible;
    line.nearest.iter().filter(right).map(|change| {
        let Text { id, en } = &change.meaning;
        let who = change.member.and_then(|nth| member(explanation, nth));
        let whose = who.map_or_else(Text::default, |who| Text::new(format!(" ({})", who.id), format!(" ({})", who.en)));
        let (of_id, of_en) = (&whose.id, &whose.en);
        let (now, then) = (plain_text(&change.from), plain_text(&change.to));
        let (now_id, now_en, then_id, then_en) = (&now.id, &now.en, &then.id, &then.en);
        if change.kind == ChangeKind::Missing {
            say!(
                "Kami belum tahu: {id}{of_id}. Bila {then_id}, syarat terpenuhi. Silakan laporkan.",
                "We do not know: {en}{of_en}. If it is {then_en}, all conditions are met. Please tell us."
            )
        } else {
            say!(
                "Tercatat: {id}{of_id}: {now_id}. Bila ini keliru dan yang benar {then_id}, syarat terpenuhi.",
                "On record: {en}{of_en}: {now_en}. If this is wrong and {then_en} is right, all conditions are met."
            )
        }
    })
}

/// What the decision rests on, for the family to check.
fn facts(letter: &Letter<'_>, out: &mut Vec<Piece>) {
    let Some(first) = letter.explanations.iter().max_by_key(|one| one.members.len()) else { return };
    out.push(Piece::Heading(Text::new("Periksa keterangan ini", "Please check this")));
    let count = first.members.len();
    let list = |lang: Lang| first.members.iter().map(|who| who.get(lang)).collect::<Vec<_>>().join("; ");
    let (list_id, list_en) = (list(Lang::Id), list(Lang::En));
    out.push(Piece::Point(say!(
        "Anggota keluarga yang tercatat: {count} orang: {list_id}.",
        "Members of your family on record: {count}: {list_en}."
    )));
    let all = letter.explanations.iter().flat_map(|one| &one.criteria).flat_map(|line| &line.facts);
    if let Some(decile) = all.into_iter().find(|fact| fact.name == "decile") {
        let value = plain_text(&decile.value);
        let (id, en) = (&value.id, &value.en);
        out.push(Piece::Point(say!(
            "Kelompok kesejahteraan (desil): {id}. Seluruh keluarga dibagi menjadi sepuluh kelompok; 1 paling tidak mampu, 10 paling mampu.",
            "Welfare group (decile): {en}. All families are put into ten groups; 1 is the poorest, 10 the best off."
        )));
    }
    out.push(Piece::Point(match &first.facts.month {
        Some(written) => {
            let at = written.split_once('-').and_then(|(year, at)| Some((year.to_owned(), month(at.parse().ok()?))));
            let (year, name) = at.unwrap_or_default();
            let (id, en) = (&name.id, &name.en);
            say!("Keterangan ini dari {id} {year}.", "This is from {en} {year}.")
        }
        None => Text::new("Kami tidak tahu kapan keterangan ini dicatat.", "We do not know when this was recorded."),
    }));
}

fn objection(letter: &Letter<'_>, out: &mut Vec<Piece>) {
    let Objection { office, deadline_days, .. } = letter.objection;
    let (id, en) = (&office.id, &office.en);
    out.push(Piece::Heading(Text::new("Bila Anda tidak setuju", "If you do not agree")));
    out.push(Piece::Line(say!("Anda boleh menyanggah. Datanglah ke {id}.", "You may object. Go to {en}.")));
    let last = letter.date.and_then(|date| i32::try_from(*deadline_days).ok().map(|days| Date(date.0 + days)));
    out.push(Piece::Line(match last.map(day) {
        Some(last) => {
            let (id, en) = (&last.id, &last.en);
            say!("Paling lambat: {id} ({deadline_days} hari).", "At the latest on {en} ({deadline_days} days).")
        }
        None => say!(
            "Paling lambat {deadline_days} hari setelah Anda menerima surat ini.",
            "At the latest {deadline_days} days after you receive this letter."
        ),
    }));
    out.push(Piece::Line(Text::new(
        "Bawalah surat ini, KTP, dan Kartu Keluarga. Menyanggah tidak dipungut biaya.",
        "Bring this letter, your ID card and your family card. Objecting costs nothing.",
    )));
}

/// The letter as plain text, at most 76 letters wide.
#[must_use]
pub fn text(letter: &Letter<'_>, lang: Lang) -> String {
    let mut out = String::new();
    for piece in pieces(letter) {
        match piece {
            Piece::Title(text) => {
                let text = text.get(lang).to_uppercase();
                out.push_str(&format!("{text}\n{}\n", "=".repeat(text.chars().count())));
            }
            Piece::Heading(text) => out.push_str(&format!("\n{}\n", text.get(lang))),
            Piece::Line(text) => wrapped(&mut out, text.get(lang), "", ""),
            Piece::Point(text) => wrapped(&mut out, text.get(lang), "  - ", "    "),
        }
    }
    out
}

fn wrapped(out: &mut String, text: &str, first: &str, rest: &str) {
    let mut line = String::from(first);
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > 76 {
            out.push_str(&line);
            out.push('\n');
            line = String::from(rest);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push_str(&line);
    out.push('\n');
}
