//! Wraps a core module into a component, and hands out the bundled ones.
//!
//! Takes the bytes that cargo built for `wasm32-unknown-unknown`; gives a
//! component that passed the gate. The same bytes in give the same bytes out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmparser::Encoding;

use super::gate;
use super::shape::{self, malformed, refused, shown};
use super::world;
use crate::error::Result;
use crate::say;

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// The component of a program that ships inside the binary.
#[must_use]
pub fn bundled(name: &str) -> Option<&'static [u8]> {
    BUNDLED.iter().find(|(at, _)| *at == name).map(|(_, bytes)| *bytes)
}

/// Names of the programs that ship inside the binary, sorted.
pub fn bundled_names() -> impl Iterator<Item = &'static str> {
    BUNDLED.iter().map(|(name, _)| *name)
}

/// Wraps a core module and gates it; a component is only gated.
///
/// # Errors
/// `Fault::Plugin` with what is wrong and how to fix it.
pub fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    if shape::encoding(bytes)? == Encoding::Component {
        gate::check(bytes)?;
        return Ok(bytes.to_vec());
    }
    // sizes first: the encoder is not ours and the bytes are not trusted
    shape::measure(bytes)?;
    let encoded = catch_unwind(AssertUnwindSafe(|| {
        wit_component::ComponentEncoder::default()
            .module(bytes)
            .and_then(|encoder| encoder.validate(false).encode())
            .map_err(|cause| format!("{cause:#}"))
    }))
    .map_err(|_| malformed("the module cannot be wrapped"))?;
    let component = encoded.map_err(|cause| not_wrapped(bytes, &cause))?;
    gate::check(&component)?;
    Ok(component)
}

fn not_wrapped(bytes: &[u8], cause: &str) -> crate::error::Error {
    if let Some(name) = first_import(bytes) {
        return world::import(&name);
    }
    refused(
        "not_wrapped",
        say!("plugin tidak dapat dibungkus", "the plugin cannot be wrapped"),
        say!(
            "bangun plugin dengan `kit` dari versi Layak ini untuk wasm32-unknown-unknown",
            "build the plugin with the `kit` of this version of Layak for wasm32-unknown-unknown"
        ),
    )
    .because(shown(cause))
}

/// The module of a core module's first import, if it has one.
fn first_import(bytes: &[u8]) -> Option<String> {
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let wasmparser::Payload::ImportSection(section) = payload.ok()? {
            let import = section.into_imports().next()?.ok()?;
            return Some(format!("{}.{}", import.module, import.name));
        }
    }
    None
}
