//! `layak completions SHELL`: a completion script on standard output.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::error::Result;

/// Prints shell completions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    clap_complete::generate(args.shell, &mut super::Cli::command(), "layak", &mut std::io::stdout().lock());
    Ok(())
}
