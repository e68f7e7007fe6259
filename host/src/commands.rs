//! One verb, one file: arguments beside the function.
//!
//! Takes the command line; gives data on standard output, talk on standard
//! error, and the exit code of design 4.7. Errors are printed here and nowhere
//! else. Must never take an NIK from the command line.

mod bench;
mod completions;
mod demo;
mod explain;
mod export;
mod family;
mod freeze;
mod help;
mod import;
mod init;
mod memory;
mod output;
mod plugin;
mod plugins;
mod program;
mod progress;
mod quarantine;
mod rules;
mod run;
mod scenario;
mod screen;
mod simulate;
mod site;
mod stop;
mod synth;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::Result;
use crate::terms::Lang;

pub use output::schemas;
pub use screen::Screen;
pub use site::Site;

/// Heading of the options that every verb takes.
const GLOBAL: &str = "Global options";

/// Judges families for social aid with sandboxed programs, and explains every decision.
#[derive(Debug, Parser)]
#[command(name = "layak", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Language of what is printed (default: from the locale)
    #[arg(long, global = true, value_name = "id|en", value_parser = parse_lang, help_heading = GLOBAL)]
    pub lang: Option<Lang>,
    /// Print one JSON document on standard output
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub json: bool,
    /// The site's folder (default: found upward from the working directory)
    #[arg(long, global = true, value_name = "DIR", env = "LAYAK_SITE", hide_env_values = true, help_heading = GLOBAL)]
    pub site: Option<PathBuf>,
    /// Show progress: `auto` or `none`
    #[arg(long, global = true, value_name = "auto|none", default_value = "auto", hide_default_value = true)]
    #[arg(hide_possible_values = true, help_heading = GLOBAL)]
    pub progress: progress::Mode,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Args),
    Synth(synth::Args),
    Import(import::Args),
    Quarantine(quarantine::Args),
    Freeze(freeze::Args),
    Run(run::Args),
    Export(export::Args),
    Explain(explain::Args),
    #[command(subcommand)]
    Family(family::Verb),
    Simulate(simulate::Args),
    #[command(subcommand)]
    Scenario(scenario::Verb),
    Verify(verify::Args),
    #[command(subcommand)]
    Program(program::Verb),
    #[command(subcommand)]
    Plugin(plugin::Verb),
    #[command(subcommand)]
    Rules(rules::Verb),
    Demo(demo::Args),
    Bench(bench::Args),
    Completions(completions::Args),
}

fn parse_lang(text: &str) -> std::result::Result<Lang, String> {
    match text {
        "id" => Ok(Lang::Id),
        "en" => Ok(Lang::En),
        _ => Err("id | en".to_owned()),
    }
}

/// The language before the command line is parsed: `--lang`, then `LAYAK_LANG`,
/// `LC_ALL`, `LC_MESSAGES`, `LANG`. Indonesian locales give Indonesian, a
/// missing or other locale gives English.
fn early_lang(arguments: &[OsString]) -> Lang {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    for (at, word) in words.iter().enumerate() {
        let given = word.strip_prefix("--lang=").or_else(|| (*word == "--lang").then(|| words.get(at + 1).copied())?);
        if let Some(lang) = given.and_then(|text| parse_lang(text).ok()) {
            return lang;
        }
    }
    let from = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = from("LAYAK_LANG").or_else(|| from("LC_ALL")).or_else(|| from("LC_MESSAGES")).or_else(|| from("LANG"));
    match locale {
        Some(locale) if locale.starts_with("id") => Lang::Id,
        _ => Lang::En,
    }
}

/// The language that the site's `layak.toml` chooses, unless `LAYAK_LANG` says otherwise.
fn site_lang(cli: &Cli) -> Option<Lang> {
    if std::env::var_os("LAYAK_LANG").is_some_and(|value| !value.is_empty()) {
        return None;
    }
    Site::find(cli.site.as_deref()).ok()?.lang
}

/// Runs the command line and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let lang = early_lang(&arguments);
    let command = help::translate(Cli::command(), lang);
    let cli = match command.try_get_matches_from(&arguments).and_then(|found| Cli::from_arg_matches(&found)) {
        Ok(cli) => cli,
        Err(stop) => return help::stop(&stop, lang),
    };
    let screen = Screen::new(cli.lang.unwrap_or_else(|| site_lang(&cli).unwrap_or(lang)), cli.json, cli.progress);
    stop::watch();
    match dispatch(cli, &screen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.error(&error);
            ExitCode::from(error.fault.exit_code())
        }
    }
}

fn dispatch(cli: Cli, screen: &Screen) -> Result<()> {
    let site = || Site::find(cli.site.as_deref());
    match cli.verb {
        Verb::Init(args) => init::run(&args, screen),
        Verb::Synth(args) => synth::run(&args, site, screen),
        Verb::Import(args) => import::run(&args, &site()?, screen),
        Verb::Quarantine(args) => quarantine::run(&args, &site()?, screen),
        Verb::Freeze(args) => freeze::run(&args, &site()?, screen),
        Verb::Run(args) => run::run(&args, &site()?, screen),
        Verb::Export(args) => export::run(&args, &site()?, screen),
        Verb::Explain(args) => explain::run(&args, &site()?, screen),
        Verb::Family(verb) => family::run(&verb, cli.site.as_deref(), screen),
        Verb::Simulate(args) => simulate::run(&args, &site()?, screen),
        Verb::Scenario(verb) => scenario::run(&verb, &site()?, screen),
        Verb::Verify(args) => verify::run(&args, &site()?, screen),
        Verb::Program(verb) => program::run(&verb, &site()?, screen),
        Verb::Plugin(verb) => plugin::run(&verb, screen),
        Verb::Rules(verb) => rules::run(&verb, cli.site.as_deref(), screen),
        Verb::Demo(args) => demo::run(&args, screen),
        Verb::Bench(args) => bench::run(&args, screen),
        Verb::Completions(args) => completions::run(&args),
    }
}
