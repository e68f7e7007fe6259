//! The whole outcome of one row in one sentence.
//!
//! Takes the program, what the run says, the criteria in words and the area;
//! gives a sentence in both languages. Never decides anything.

use super::{CriterionLine, Cut, Outcome, RowResult, Standing, signed};
use crate::program::{AreaLevel, Program, UnknownRule};
use crate::say;
use crate::terms::{Lang, Rupiah, Text, show_count};

/// A number in both languages.
fn count(value: u64) -> Text {
    Text::new(show_count(signed(value), Lang::Id), show_count(signed(value), Lang::En))
}

/// What the criteria with this outcome say, one after another.
fn reasons(program: &Program, criteria: &[CriterionLine], outcome: Outcome, rule: Option<UnknownRule>) -> Text {
    let of_rule = |at: usize| rule.is_none_or(|rule| program.unknowns.get(at) == Some(&rule));
    let told = |lang: Lang| {
        let lines = criteria.iter().enumerate().filter(|(at, line)| line.outcome == outcome && of_rule(*at));
        lines.map(|(_, line)| plain(line, lang)).collect::<Vec<_>>().join("; ")
    };
    Text::new(told(Lang::Id), told(Lang::En))
}

/// A criterion's sentence without the note on what the rule file does with an unknown.
fn plain(line: &CriterionLine, lang: Lang) -> &str {
    let text = line.sentence.get(lang);
    match line.outcome {
        Outcome::Unknown => text.rsplit_once(" (").map_or(text, |(text, _)| text),
        Outcome::Pass | Outcome::Fail => text,
    }
}

/// A criterion's sentence without that note, in both languages.
pub(super) fn plain_sentence(line: &CriterionLine) -> Text {
    Text::new(plain(line, Lang::Id), plain(line, Lang::En))
}

/// Receives; eligible and waiting at a place of an area; in review, refused or not eligible, because of what.
pub(super) fn sentence(
    program: &Program,
    result: RowResult,
    cut: Cut,
    criteria: &[CriterionLine],
    area: &Text,
) -> Text {
    let Text { id: title_id, en: title_en } = &program.title;
    let money = Rupiah(result.amount);
    let (money_id, money_en) = (money.show(Lang::Id), money.show(Lang::En));
    let (area_id, area_en) = (&area.id, &area.en);
    match result.standing {
        Standing::Recipient => {
            let (rank, all) = (count(result.rank.unwrap_or(0)), count(cut.eligible));
            let (rank_id, rank_en, all_id, all_en) = (&rank.id, &rank.en, &all.id, &all.en);
            say!(
                "Penerima {title_id}: {money_id} pada periode ini (peringkat {rank_id} dari {all_id} yang layak).",
                "Receives {title_en}: {money_en} this period (rank {rank_en} of {all_en} eligible)."
            )
        }
        Standing::Waiting => {
            let place = count(result.place.unwrap_or(0));
            let (id, en) = (&place.id, &place.en);
            let (of_id, of_en) = match program.quota.level {
                AreaLevel::National => (String::from("nasional"), String::from("of the national waiting list")),
                _ => (format!("di {area_id}"), format!("of the waiting list of {area_en}")),
            };
            say!(
                "Layak untuk {title_id} dan menunggu: urutan tunggu {id} {of_id} (akan menerima {money_id}).",
                "Eligible for {title_en} and waiting: place {en} {of_en} (would receive {money_en})."
            )
        }
        Standing::Eligible => say!(
            "Layak untuk {title_id}: {money_id} pada periode ini bila terpilih. Peringkat hanya ada dalam satu putaran.",
            "Eligible for {title_en}: {money_en} this period if chosen. A rank exists only in a run."
        ),
        Standing::Review => {
            let why = reasons(program, criteria, Outcome::Unknown, Some(UnknownRule::Review));
            let (id, en) = (&why.id, &why.en);
            say!("{title_id}: sedang ditinjau, karena {id}.", "{title_en}: in review, because {en}.")
        }
        Standing::RefusedUnknown => {
            let why = reasons(program, criteria, Outcome::Unknown, Some(UnknownRule::Refuse));
            let (id, en) = (&why.id, &why.en);
            say!(
                "{title_id}: ditolak karena fakta yang wajib tidak diketahui: {id}.",
                "{title_en}: refused for an unknown fact: {en}."
            )
        }
        Standing::NotEligible => {
            let why = reasons(program, criteria, Outcome::Fail, None);
            let (id, en) = (&why.id, &why.en);
            say!("Tidak layak untuk {title_id}, karena {id}.", "Not eligible for {title_en}, because {en}.")
        }
    }
}
