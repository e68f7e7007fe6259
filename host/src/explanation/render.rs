//! The sentences and the page of an explanation.
//!
//! Takes an `Explanation`; gives text in one language. Never decides anything.

use super::{CriterionLine, Explanation, Fact, Others, Outcome, Standing, rule_word, signed};
use crate::program::{PartText, UnknownRule};
use crate::terms::{Lang, Rupiah, Text, show_count};

/// A criterion's sentence: the rule file's own text with its values, or a plain one.
pub(super) fn criterion_sentence(
    text: Option<&PartText>,
    outcome: Outcome,
    unknown: Option<UnknownRule>,
    facts: &[Fact],
    limits: &[Fact],
) -> Text {
    let written = text.and_then(|text| match outcome {
        Outcome::Pass => text.pass.as_ref(),
        Outcome::Fail => text.fail.as_ref(),
        Outcome::Unknown => text.unknown.as_ref(),
    });
    let plain = match outcome {
        Outcome::Pass => Text::new("terpenuhi", "met"),
        Outcome::Fail => Text::new("tidak terpenuhi", "not met"),
        Outcome::Unknown => Text::new("belum diketahui", "not known"),
    };
    let mut out = written.cloned().unwrap_or(plain);
    let first = |list: &[Fact]| list.first().map(|fact| fact.value.clone());
    for (name, value) in [("value", first(facts)), ("limit", first(limits))] {
        if let Some(value) = value {
            fill(&mut out, name, &value);
        }
    }
    for fact in facts.iter().chain(limits) {
        fill(&mut out, &fact.name, &fact.value);
    }
    if let (Outcome::Unknown, Some(rule)) = (outcome, unknown) {
        let word = rule_word(rule);
        out = Text::new(format!("{} ({})", out.id, word.id), format!("{} ({})", out.en, word.en));
    }
    out
}

fn fill(text: &mut Text, name: &str, value: &Text) {
    let mark = format!("{{{name}}}");
    text.id = text.id.replace(&mark, &value.id);
    text.en = text.en.replace(&mark, &value.en);
}

/// All programs of one family on one page: who, in a glance what, then each in full.
#[must_use]
pub fn sheet(all: &[Explanation], lang: Lang) -> String {
    let word = |id: &'static str, en: &'static str| match lang {
        Lang::Id => id,
        Lang::En => en,
    };
    let mut out = String::new();
    if let Some(first) = all.iter().max_by_key(|one| one.members.len()) {
        let members: Vec<String> =
            first.members.iter().enumerate().map(|(at, who)| format!("{} {}", at + 1, who.get(lang))).collect();
        out.push_str(&format!("{}: {}\n", word("anggota", "members"), members.join(" · ")));
        let unknown = word("tidak diketahui", "not known");
        out.push_str(&format!(
            "{}: {} · {}: {}\n",
            word("kabupaten/kota", "regency"),
            first.regency.as_deref().unwrap_or(unknown),
            word("umur fakta", "age of the facts"),
            first.facts.text.get(lang)
        ));
    }
    if all.len() > 1 {
        out.push('\n');
        for one in all {
            let whose = one.whose.as_ref().map(|who| format!("{}: ", who.get(lang))).unwrap_or_default();
            out.push_str(&format!("{} {whose}{}\n", mark(one.standing), one.sentence.get(lang)));
        }
    }
    for one in all {
        out.push('\n');
        out.push_str(&page(one, lang));
    }
    out
}

/// One letter for a standing.
fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::Recipient => "●",
        Standing::Waiting | Standing::Eligible => "○",
        Standing::Review => "?",
        Standing::RefusedUnknown | Standing::NotEligible => "✗",
    }
}

/// What others in the regency got.
fn others_line(others: &Others, regency: &str, lang: Lang) -> String {
    let word = |id: &'static str, en: &'static str| match lang {
        Lang::Id => id,
        Lang::En => en,
    };
    let count = |count: Option<u64>| match count {
        Some(count) => show_count(signed(count), lang),
        None => word("(dirahasiakan)", "(withheld)").to_owned(),
    };
    format!(
        "  {} {regency}: {} {} · {} {} · {} {} · {} {} · {} {}\n",
        word("di", "in"),
        word("dinilai", "judged"),
        count(others.registered),
        word("menerima", "receive"),
        count(others.recipients),
        word("menunggu", "wait"),
        count(others.waiting),
        word("ditinjau", "in review"),
        count(others.review),
        word("tidak layak", "not eligible"),
        count(others.not_eligible)
    )
}

/// The page of one program for a terminal.
#[must_use]
pub fn page(explanation: &Explanation, lang: Lang) -> String {
    let word = |id: &'static str, en: &'static str| match lang {
        Lang::Id => id,
        Lang::En => en,
    };
    let whose = explanation.whose.as_ref().map(|who| format!(" · {}", who.get(lang))).unwrap_or_default();
    let (title, id) = (explanation.title.get(lang), &explanation.id);
    let mut out = format!("{title} · {id}{whose}\n{}\n", explanation.sentence.get(lang));
    for line in &explanation.criteria {
        criterion_lines(&mut out, line, lang);
    }
    let shown = !matches!(explanation.standing, Standing::NotEligible);
    if shown && !explanation.components.is_empty() {
        let total = Rupiah(explanation.amount).show(lang);
        out.push_str(&format!("  {} {total}\n", word("besaran", "amount")));
        for part in &explanation.components {
            let member = part.member.map(|n| format!(" · {} {n}", word("anggota", "member"))).unwrap_or_default();
            out.push_str(&format!("      {} {}{member}\n", Rupiah(part.value).show(lang), part.title.get(lang)));
        }
    }
    if shown && !explanation.score_parts.is_empty() {
        out.push_str(&format!("  {} {}\n", word("skor", "score"), show_count(explanation.score, lang)));
        for part in &explanation.score_parts {
            out.push_str(&format!("      {} {}\n", show_count(part.value, lang), part.title.get(lang)));
        }
    }
    if let (Some(rank), Some(from_cut)) = (explanation.rank, explanation.from_cut) {
        let distance = show_count(from_cut.abs(), lang);
        let side = if from_cut <= 0 {
            word("di dalam batas", "inside the cut")
        } else {
            word("di luar batas", "behind the cut")
        };
        let places = word("tempat", "places");
        out.push_str(&format!(
            "  {} {} · {distance} {places} {side}\n",
            word("peringkat", "rank"),
            show_count(signed(rank), lang)
        ));
    }
    if let (Some(others), Some(regency)) = (&explanation.others, &explanation.regency) {
        out.push_str(&others_line(others, regency, lang));
    }
    out
}

fn criterion_lines(out: &mut String, line: &CriterionLine, lang: Lang) {
    let mark = match line.outcome {
        Outcome::Pass => "✓",
        Outcome::Fail => "✗",
        Outcome::Unknown => "?",
    };
    out.push_str(&format!("  {mark} {}: {} [{}]\n", line.title.get(lang), line.sentence.get(lang), line.legal));
    if line.outcome == Outcome::Pass {
        return;
    }
    for fact in &line.facts {
        let member = fact.member.map(|n| format!("{n} ")).unwrap_or_default();
        out.push_str(&format!("      {member}{}: {}\n", fact.meaning.get(lang), fact.value.get(lang)));
    }
    for limit in &line.limits {
        let since = if limit.since.is_empty() { String::new() } else { format!(", {}", limit.since) };
        out.push_str(&format!("      {} = {} [{}{since}]\n", limit.name, limit.value.get(lang), limit.source));
    }
    for change in &line.nearest {
        out.push_str(&format!("      → {}\n", change.sentence.get(lang)));
    }
}
