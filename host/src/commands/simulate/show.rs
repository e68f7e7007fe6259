//! A simulation on the terminal: a headline, then level and delta side by side.

use super::output::{ProgramFigures, Simulated};
use crate::commands::screen::{Screen, Stand};
use crate::error::Result;
use crate::say;
use crate::terms::{Lang, Rupiah, Text, show_count};

/// All scenarios, one after the other.
pub(super) fn all(documents: &[Simulated], next: &str, screen: &Screen) -> Result<()> {
    for document in documents {
        head(document, screen);
        programs(document, screen);
        for program in document.programs.iter().filter(|one| one.gainers + one.losers + one.changed > 0) {
            causes(program, screen);
            breakdowns(program, screen);
        }
        net(document, screen);
    }
    screen.next(next);
    Ok(())
}

fn count(value: u64, lang: Lang) -> String {
    show_count(i64::try_from(value).unwrap_or(i64::MAX), lang)
}

fn signed(value: i64, lang: Lang) -> String {
    let shown = show_count(value, lang);
    if value > 0 { format!("+{shown}") } else { shown }
}

fn rupiah_delta(value: i64, lang: Lang) -> String {
    let shown = Rupiah(value).show(lang);
    if value > 0 { format!("+{shown}") } else { shown }
}

/// What is compared with what, and the answer in a sentence.
fn head(document: &Simulated, screen: &Screen) {
    let Text { id, en } = &document.title;
    screen.say(&say!("Skenario: {id}", "Scenario: {en}"));
    for change in &document.changes {
        let (before, after) =
            (change.baseline.as_deref().unwrap_or("-").to_owned(), change.reform.as_deref().unwrap_or("-").to_owned());
        let (program, key) = (&change.program, &change.key);
        screen.say(&say!("  {program}.{key}: {before} -> {after}", "  {program}.{key}: {before} -> {after}"));
    }
    let (snapshot, period) = (document.snapshot.get(..12).unwrap_or(&document.snapshot), &document.period);
    screen.say(&say!(
        "Pembanding: berkas aturan situs, snapshot {snapshot}, {period}",
        "Baseline: the site's rule files, snapshot {snapshot}, {period}"
    ));
    if let Some(sample) = &document.sample {
        let (part, of) = (count(sample.families, screen.lang), count(sample.of, screen.lang));
        screen.warn(&say!("contoh: {part} dari {of} keluarga", "a sample: {part} of {of} families"));
    }
}

fn programs(document: &Simulated, screen: &Screen) {
    let word = |id, en| screen.word(id, en);
    let right = Stand::Right;
    let head = [
        (word("program", "program"), Stand::Left),
        (word("penerima sekarang", "recipients now"), right),
        (word("usulan", "reform"), right),
        (word("selisih", "change"), right),
        (word("masuk", "gainers"), right),
        (word("keluar", "losers"), right),
        (word("tergeser", "displaced"), right),
        (word("jumlah berubah", "amount changed"), right),
        (word("biaya setahun", "cost a year"), right),
        (word("selisih setahun", "change a year"), right),
        (word("yang mengikat", "what binds"), Stand::Left),
    ];
    let lang = screen.lang;
    let rows: Vec<Vec<String>> = document
        .programs
        .iter()
        .map(|one| {
            vec![
                one.program.clone(),
                count(one.baseline.recipients, lang),
                count(one.reform.recipients, lang),
                signed(one.delta.recipients, lang),
                count(one.gainers, lang),
                count(one.losers, lang),
                count(one.displaced, lang),
                count(one.changed, lang),
                Rupiah(one.reform.cost_year).show(lang),
                rupiah_delta(one.delta.cost_year, lang),
                binds(&one.binds, screen).to_owned(),
            ]
        })
        .collect();
    screen.table(&head, &rows);
}

fn binds<'a>(word: &str, screen: &Screen) -> &'a str {
    let (id, en) = match word {
        "quota" => ("kuota", "quota"),
        "ceiling" => ("pagu", "ceiling"),
        _ => ("tidak ada: semua yang layak dilayani", "none: all eligible are served"),
    };
    match screen.lang {
        Lang::Id => id,
        Lang::En => en,
    }
}

/// Why rows move: each has one cause.
fn causes(program: &ProgramFigures, screen: &Screen) {
    let name = &program.program;
    let word = |cause: &str| match cause {
        "own" => Text::new("aturan sendiri", "its own rules"),
        "others" => Text::new("program lain", "other programs"),
        "order" => Text::new("urutan", "order"),
        "seats" => Text::new("kursi", "seats"),
        "ceiling" => Text::new("pagu", "ceiling"),
        "added" => Text::new("program baru", "a new program"),
        _ => Text::new("program dihapus", "program left out"),
    };
    let list = |of: fn(&Text) -> &str| {
        let parts = program
            .causes
            .iter()
            .map(|(cause, movers)| format!("{} {}", of(&word(cause)), count(*movers, screen.lang)));
        parts.collect::<Vec<_>>().join(", ")
    };
    let (id, en) = (list(|text| &text.id), list(|text| &text.en));
    screen.say(&say!("{name}, sebab perpindahan: {id}", "{name}, causes of the moves: {en}"));
    for setting in &program.settings {
        let (key, movers) = (&setting.setting, count(setting.movers, screen.lang));
        let [gain, lose, change] = setting.alone.map(|value| count(value, screen.lang));
        screen.say(&say!(
            "  {key}: {movers}; sendirian: masuk {gain}, keluar {lose}, berubah {change}",
            "  {key}: {movers}; alone: gainers {gain}, losers {lose}, changed {change}"
        ));
    }
}

fn breakdowns(program: &ProgramFigures, screen: &Screen) {
    let word = |id, en| screen.word(id, en);
    let right = Stand::Right;
    for (name, cells) in &program.by {
        let title = format!("{}: {name}", program.program);
        let head = [
            (title.as_str(), Stand::Left),
            (word("keluarga", "families"), right),
            (word("orang", "people"), right),
            (word("sekarang", "now"), right),
            (word("usulan", "reform"), right),
            (word("masuk", "gainers"), right),
            (word("keluar", "losers"), right),
            (word("berubah", "changed"), right),
        ];
        let rows: Vec<Vec<String>> = cells
            .iter()
            .map(|cell| {
                let mut row = vec![cell.label.get(screen.lang).to_owned()];
                let figures =
                    [cell.families, cell.people, cell.baseline, cell.reform, cell.gainers, cell.losers, cell.changed];
                row.extend(figures.map(|value| count(value, screen.lang)));
                row
            })
            .collect();
        screen.table(&head, &rows);
    }
}

/// What families meet over all programs together.
fn net(document: &Simulated, screen: &Screen) {
    let lang = screen.lang;
    let word = |id, en| screen.word(id, en);
    let head = [
        (word("rupiah keluarga, semua program", "a family's rupiah, all programs"), Stand::Left),
        (word("keluarga", "families"), Stand::Right),
        (word("rupiah periode ini", "rupiah this period"), Stand::Right),
    ];
    let band = |name: &str| match name {
        "lost_all" => word("kehilangan semua", "loses all"),
        "minus_50_and_more" => word("turun 50% atau lebih", "loses 50% or more"),
        "minus_less_than_50" => word("turun kurang dari 50%", "loses less than 50%"),
        "same" => word("tetap", "the same"),
        "plus_less_than_50" => word("naik kurang dari 50%", "gains less than 50%"),
        "plus_50_and_more" => word("naik 50% atau lebih", "gains 50% or more"),
        _ => word("dari tidak ada", "from nothing"),
    };
    let bands = document.net.bands.iter();
    let rows: Vec<Vec<String>> = bands
        .map(|one| vec![band(&one.band).to_owned(), count(one.families, lang), rupiah_delta(one.rupiah, lang)])
        .collect();
    screen.table(&head, &rows);
    let [before, after] = document.net.poorest_with_none.map(|value| count(value, lang));
    screen.say(&say!(
        "keluarga desil 1 tanpa program: {before} -> {after}",
        "families of decile 1 with no program: {before} -> {after}"
    ));
}
