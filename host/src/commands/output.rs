//! JSON Schema of what each verb prints with `--json`.

use std::collections::BTreeMap;

use schemars::schema_for;
use serde_json::Value;

/// Verb -> schema, from the very structs that are printed.
#[must_use]
pub fn schemas() -> BTreeMap<&'static str, Value> {
    let mut all = BTreeMap::new();
    let mut add = |verb, schema: schemars::Schema| {
        all.insert(verb, schema.to_value());
    };
    add("init", schema_for!(super::init::Made));
    add("synth", schema_for!(crate::synth::Summary));
    add("synth --snapshot", schema_for!(super::synth::Sealed));
    add("import", schema_for!(crate::registry::ImportReport));
    add("quarantine", schema_for!(super::quarantine::Listed));
    add("quarantine --export", schema_for!(super::quarantine::Exported));
    add("freeze", schema_for!(super::freeze::Frozen));
    add("run", schema_for!(super::run::Ran));
    add("export", schema_for!(crate::ledger::Exported));
    add("explain", schema_for!(super::explain::Explained));
    add("family new", schema_for!(super::family::Written));
    add("family judge", schema_for!(super::family::Judged));
    add("scenario check", schema_for!(super::scenario::Checked));
    add("scenario promote", schema_for!(super::scenario::Promoted));
    add("simulate", schema_for!(super::simulate::Simulated));
    add("simulate --sweep", schema_for!(super::simulate::Swept));
    add("verify", schema_for!(crate::ledger::Verified));
    add("program list", schema_for!(super::program::Listed));
    add("program show", schema_for!(crate::program::show::Shown));
    add("program add", schema_for!(super::program::Added));
    add("plugin pack", schema_for!(super::plugin::Packed));
    add("plugin inspect", schema_for!(super::plugin::Inspected));
    add("rules check", schema_for!(super::rules::Checked));
    add("demo", schema_for!(super::demo::Shown));
    add("bench", schema_for!(super::bench::Benched));
    add("bench --scan", schema_for!(super::bench::Scanned));
    all
}
