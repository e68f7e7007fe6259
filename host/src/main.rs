//! The binary: parses, calls the verb, prints an error once, chooses the exit code.

fn main() {}
