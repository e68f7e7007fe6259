//! Builds the bundled plugins and embeds them.

fn main() {}
