//! The binary: the compiling child, or the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(layak::sandbox::child::VERB) => layak::sandbox::child::main(arguments),
        _ => layak::commands::main(),
    }
}
