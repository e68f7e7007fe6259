//! Help and refusals of the command line in Indonesian.
//!
//! Takes clap's command built from the English doc comments; gives the same
//! command with Indonesian texts from `help.toml`. A test refuses a verb or an
//! option that has no Indonesian text.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

use crate::error::Fault;
use crate::terms::Lang;

const INDONESIAN: &str = include_str!("help.toml");
const TEMPLATE: &str = "{about-with-newline}\nPemakaian: {usage}\n\n{all-args}{after-help}";

/// The Indonesian texts: `verb` or `verb.option` -> text.
pub(crate) fn indonesian() -> BTreeMap<String, String> {
    toml::from_str(INDONESIAN).unwrap_or_default()
}

/// The command in the language of the reader.
pub(crate) fn translate(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Id => indonesian_command(command, "layak", &indonesian()),
    }
}

fn indonesian_command(command: Command, path: &str, texts: &BTreeMap<String, String>) -> Command {
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("Perintah")
        .subcommand_value_name("PERINTAH")
        .next_help_heading("Pilihan")
        .disable_help_flag(true)
        .arg(clap::Arg::new("help").short('h').long("help").action(clap::ArgAction::Help).help("Tampilkan bantuan"));
    if let Some(text) = texts.get(path) {
        command = command.about(text.clone());
    }
    let names: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    for name in names.into_iter().filter(|name| name != "help" && name != "version") {
        let text = texts.get(&format!("{path}.{name}")).or_else(|| texts.get(&format!("layak.{name}")));
        let Some(text) = text.cloned() else { continue };
        command = command.mut_arg(name, |arg| {
            let heading = match arg.get_help_heading() {
                _ if arg.is_positional() => "Argumen",
                Some(super::GLOBAL) => "Pilihan umum",
                _ => "Pilihan",
            };
            // the text itself names the values
            arg.help(text).help_heading(heading).hide_possible_values(true)
        });
    }
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for verb in verbs {
        let below = if path == "layak" { verb.clone() } else { format!("{path}.{verb}") };
        command = command.mut_subcommand(verb, |inner| indonesian_command(inner, &below, texts));
    }
    command
}

/// Prints help, version or a refusal, and gives the exit code.
pub(crate) fn stop(stop: &clap::Error, lang: Lang) -> ExitCode {
    let is_help = !stop.use_stderr();
    let shown_without_verb = stop.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if stop.kind() == ErrorKind::MissingSubcommand {
        // nothing was asked for: what there is
        let help = translate(super::Cli::command(), lang).render_help().to_string();
        show(help, lang, false);
    } else if lang == Lang::Id && (is_help || shown_without_verb) {
        show(stop.render().to_string(), lang, is_help);
    } else if is_help || lang == Lang::En {
        let _closed = stop.print();
        suggest_in_english(stop);
    } else {
        refuse_in_indonesian(stop);
    }
    ExitCode::from(if is_help { 0 } else { Fault::Usage.exit_code() })
}

/// clap finds `exprot`, but not `rnu`.
#[expect(clippy::print_stderr, reason = "refusals of the command line are talk")]
fn suggest_in_english(stop: &clap::Error) {
    let Some(ContextValue::String(verb)) = stop.get(ContextKind::InvalidSubcommand) else { return };
    if stop.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(near) = nearest_verb(verb)
    {
        eprintln!("  tip: did you mean `{near}`?");
    }
}

/// The verb that differs least, by at most two letters.
fn nearest_verb(given: &str) -> Option<String> {
    let command = super::Cli::command();
    let names = command.get_subcommands().map(|verb| verb.get_name().to_owned());
    let near = names.map(|name| (strsim::osa_distance(given, &name), name)).filter(|(distance, _)| *distance <= 2);
    near.min().map(|(_, name)| name)
}

/// Prints help, with the few words that clap itself writes in English in Indonesian.
fn show(mut text: String, lang: Lang, asked: bool) {
    let words: &[(&str, &str)] = match lang {
        Lang::Id => &[("[OPTIONS]", "[PILIHAN]"), ("[default: ", "[bawaan: "), ("[env: ", "[peubah: ")],
        Lang::En => &[],
    };
    for (english, own) in words {
        text = text.replace(english, own);
    }
    // a closed pipe (`| head`) is the reader's choice, not a failure
    let _closed = if asked {
        std::io::stdout().lock().write_all(text.as_bytes())
    } else {
        std::io::stderr().lock().write_all(text.as_bytes())
    };
}

#[expect(clippy::print_stderr, reason = "refusals of the command line are talk")]
fn refuse_in_indonesian(stop: &clap::Error) {
    let word = |kind: ContextKind| match stop.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = word(ContextKind::InvalidArg);
    let value = word(ContextKind::InvalidValue);
    let what = match stop.kind() {
        ErrorKind::InvalidSubcommand => format!("perintah `{}` tidak dikenal", word(ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument if !argument.starts_with('-') => format!("`{argument}` tidak diharapkan di sini"),
        ErrorKind::UnknownArgument => format!("pilihan `{argument}` tidak dikenal"),
        ErrorKind::InvalidValue if value.is_empty() => format!("`{argument}` memerlukan nilai"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("nilai `{value}` untuk `{argument}` tidak sah"),
        ErrorKind::MissingRequiredArgument => format!("belum diberikan: {argument}"),
        ErrorKind::ArgumentConflict => format!("`{argument}` tidak dapat dipakai bersama pilihan lain itu"),
        _ => stop.to_string(),
    };
    eprintln!("galat: {what}");
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let unknown_verb = stop.kind() == ErrorKind::InvalidSubcommand;
    let own = nearest_verb(&word(ContextKind::InvalidSubcommand)).filter(|_| unknown_verb);
    let mut near: Vec<String> = near.into_iter().map(word).filter(|text| !text.is_empty()).collect();
    if near.is_empty() {
        near.extend(own);
    }
    for suggestion in near {
        eprintln!("  mungkin maksud Anda: {suggestion}");
    }
    let valid = word(ContextKind::ValidValue);
    if !valid.is_empty() {
        eprintln!("  yang sah: {valid}");
    }
    // what our own readers of values say is an example; the standard library speaks English
    match std::error::Error::source(stop).map(ToString::to_string) {
        Some(said) if said.contains("digit") || said.contains("number") => eprintln!("  tulis bilangan bulat"),
        Some(said) => eprintln!("  contoh: {said}"),
        None => {}
    }
    eprintln!("  bantuan: layak --help");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    fn missing(command: &clap::Command, path: &str, texts: &super::BTreeMap<String, String>, out: &mut Vec<String>) {
        for arg in command.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())) {
            let (own, global) = (format!("{path}.{}", arg.get_id()), format!("layak.{}", arg.get_id()));
            let said = texts.contains_key(&own) || arg.is_global_set() && texts.contains_key(&global);
            if !said {
                out.push(own);
            }
        }
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let below =
                if path == "layak" { verb.get_name().to_owned() } else { format!("{path}.{}", verb.get_name()) };
            if !texts.contains_key(&below) {
                out.push(below.clone());
            }
            missing(verb, &below, texts, out);
        }
    }

    #[test]
    fn every_verb_and_option_has_an_indonesian_text() {
        let mut out = Vec::new();
        missing(&crate::commands::Cli::command(), "layak", &super::indonesian(), &mut out);
        assert!(out.is_empty(), "add to help.toml: {out:?}");
    }
}
