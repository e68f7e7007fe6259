//! The texts of criteria, components and score parts, and what an unknown does.
//!
//! Takes the tables of a rule file and the plugin's parts; gives one text for
//! each part, none left over, with only placeholders that can be filled.

use crate::sandbox::{Description, Part};
use crate::say;
use crate::terms::Text;

use super::page::{At, Node, Page, Table, get};
use super::written::{self, CriterionTable, PartTable};
use super::{PartText, UnknownRule};

/// The three kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `[criteria]`
    Criterion,
    /// `[components]`
    Component,
    /// `[score_parts]`
    ScorePart,
}

impl Kind {
    fn key(self) -> &'static str {
        match self {
            Kind::Criterion => "criteria",
            Kind::Component => "components",
            Kind::ScorePart => "score_parts",
        }
    }

    fn noun(self) -> Text {
        match self {
            Kind::Criterion => Text::new("kriteria", "criterion"),
            Kind::Component => Text::new("komponen", "component"),
            Kind::ScorePart => Text::new("bagian skor", "score part"),
        }
    }
}

/// One text per part, in the plugin's order; `None` where something was noted.
pub fn check(page: &mut Page, root: &Table, kind: Kind, parts: &[Part], plugin: &Description) -> Option<Vec<PartText>> {
    let key = kind.key();
    let Text { id: noun_id, en: noun_en } = kind.noun();
    let empty = Table::new();
    let node = get(root, key);
    let table = node.and_then(|node| page.table(key, node)).unwrap_or(&empty);
    let codes: Vec<String> = parts.iter().map(|part| part.code.clone()).collect();
    for (name, _) in table {
        let code = &name.value;
        if !codes.contains(code) {
            page.unlisted(
                name,
                say!("plugin tidak punya {noun_id} `{code}`", "the plugin has no {noun_en} `{code}`"),
                &codes,
            );
        }
    }
    let texts: Vec<Option<PartText>> = parts
        .iter()
        .map(|part| {
            let code = &part.code;
            let Some(node) = get(table, code) else {
                let span = node.map_or(0..0, |node| node.span.clone());
                page.note_fix(
                    &span,
                    say!("{noun_id} `{code}` tidak punya teks", "the {noun_en} `{code}` has no text"),
                    say!(
                        "tambahkan `[{key}.{code}]` dengan `title` dan `legal`",
                        "add `[{key}.{code}]` with `title` and `legal`"
                    ),
                );
                return None;
            };
            part_text(page, kind, part, node, plugin)
        })
        .collect();
    texts.into_iter().collect()
}

fn part_text(page: &mut Page, kind: Kind, part: &Part, node: &At<Node>, plugin: &Description) -> Option<PartText> {
    let name = format!("{}.{}", kind.key(), part.code);
    let table = page.table(&name, node)?;
    match kind {
        Kind::Criterion => written::shape::<CriterionTable>(page, &name, table, &node.span),
        Kind::Component | Kind::ScorePart => written::shape::<PartTable>(page, &name, table, &node.span),
    }
    let title = get(table, "title").and_then(|node| written::text(page, "title", node));
    let legal = get(table, "legal").and_then(|node| page.filled("legal", node));
    let known = placeholders(part, plugin);
    let mut said = |key: &str| {
        let node = get(table, key)?;
        let text = written::text(page, key, node)?;
        let languages = page.table(key, node)?;
        for node in ["id", "en"].into_iter().filter_map(|language| get(languages, language)) {
            filled(page, node, &known);
        }
        Some(text.value)
    };
    let (pass, fail, unknown) = (said("pass"), said("fail"), said("unknown"));
    Some(PartText { title: title?.value, legal: legal?.value, pass, fail, unknown })
}

/// What a text of this part may name.
fn placeholders(part: &Part, plugin: &Description) -> Vec<String> {
    let column = |at: &u16| plugin.columns.get(usize::from(*at)).map(|wish| wish.name.clone());
    let setting = |at: &u16| plugin.settings.get(usize::from(*at)).map(|wish| wish.name.clone());
    let columns: Vec<String> = part.columns.iter().filter_map(column).collect();
    let settings: Vec<String> = part.settings.iter().filter_map(setting).collect();
    let mut known = Vec::new();
    if !columns.is_empty() {
        known.push(String::from("value"));
    }
    if !settings.is_empty() {
        known.push(String::from("limit"));
    }
    known.extend(columns);
    known.extend(settings);
    known
}

/// Notes a placeholder that nothing fills, and a brace without its partner.
fn filled(page: &mut Page, node: &At<Node>, known: &[String]) {
    let Node::Text(text) = &node.value else { return };
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let behind = rest.get(at..).unwrap_or("");
        let inside = behind.strip_prefix('{').and_then(|behind| behind.split_once('}'));
        let Some((name, next)) = inside.filter(|(name, _)| !name.contains('{')) else {
            page.note(&node.span, Text::new("kurung kurawal tanpa pasangan", "a brace without its partner"));
            return;
        };
        if !known.iter().any(|k| k == name) {
            let word = format!("{{{name}}}");
            let written = page.text().get(node.span.clone()).and_then(|written| written.find(&word));
            let start = written.map_or(node.span.start, |at| node.span.start + at);
            let end = written.map_or(node.span.end, |_| start + word.len());
            let place = At { value: name.to_owned(), span: start..end };
            page.unlisted(&place, say!("tidak ada yang mengisi `{word}`", "nothing fills `{word}`"), known);
        }
        rest = next;
    }
}

/// What each criterion's unknown does; not written = review, so that nobody is refused in silence.
pub fn unknowns(page: &mut Page, root: &Table, criteria: &[Part]) -> Vec<UnknownRule> {
    let words: Vec<String> = ["refuse", "pass", "review"].map(str::to_owned).to_vec();
    let codes: Vec<String> = criteria.iter().map(|part| part.code.clone()).collect();
    let mut rules = vec![UnknownRule::Review; criteria.len()];
    let Some(table) = get(root, "unknown").and_then(|node| page.table("unknown", node)) else { return rules };
    for (key, node) in table {
        let code = &key.value;
        let word = page.text_of(code, node);
        let rule = word.and_then(|word| match word.value.as_str() {
            "refuse" => Some(UnknownRule::Refuse),
            "pass" => Some(UnknownRule::Pass),
            "review" => Some(UnknownRule::Review),
            other => {
                let message = say!(
                    "`{other}` bukan perlakuan bagi yang tidak diketahui",
                    "`{other}` is no way to treat an unknown"
                );
                page.unlisted(&word, message, &words);
                None
            }
        });
        match codes.iter().position(|c| c == code) {
            Some(at) => {
                if let (Some(slot), Some(rule)) = (rules.get_mut(at), rule) {
                    *slot = rule;
                }
            }
            None => page.unlisted(
                key,
                say!("plugin tidak punya kriteria `{code}`", "the plugin has no criterion `{code}`"),
                &codes,
            ),
        }
    }
    rules
}
