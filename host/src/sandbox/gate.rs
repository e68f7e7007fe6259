//! The gate: what a plugin must look like before anything compiles it.
//!
//! Takes bytes; gives their shape or a refusal that names what is wrong and how
//! to fix it. Order: size and counts, imports by name, validity under the
//! allowed features, the exact world.

use wasmparser::{Encoding, Validator};

use super::settings::FEATURES;
use super::shape::{self, Shape, malformed, refused};
use super::world;
use crate::error::Result;
use crate::say;

/// Lets a component through, or says why not.
///
/// # Errors
/// `Fault::Plugin` with what is wrong and how to fix it.
pub fn check(bytes: &[u8]) -> Result<Shape> {
    if shape::encoding(bytes)? == Encoding::Module {
        return Err(refused(
            "core_module",
            say!(
                "plugin ditolak: berkas ini modul inti wasm, belum komponen",
                "plugin refused: this is a core wasm module, not yet a component"
            ),
            say!("bungkus dahulu dengan `layak plugin pack`", "wrap it first with `layak plugin pack`"),
        ));
    }
    let shape = shape::measure(bytes)?;
    if let Some(name) = shape.imports.iter().find(|name| !name.starts_with("layak:program/types@")) {
        return Err(world::import(name));
    }
    valid(bytes)?;
    world::compare(bytes)?;
    Ok(shape)
}

/// Validity under `FEATURES`; an instruction outside them gets a sentence of its own.
fn valid(bytes: &[u8]) -> Result<()> {
    let Err(cause) = Validator::new_with_features(FEATURES).validate_all(bytes) else { return Ok(()) };
    let text = cause.message();
    let feature = [
        ("floating-point", "float"),
        ("relaxed SIMD", "relaxed SIMD"),
        ("threads", "threads"),
        ("shared memor", "threads"),
        ("memory64", "64-bit memory"),
        ("64-bit", "64-bit memory"),
        ("multi-memory", "more than one memory"),
        ("multiple memories", "more than one memory"),
        ("tail calls", "tail calls"),
        ("exceptions", "exceptions"),
        ("gc", "garbage collection"),
        ("wide arithmetic", "wide arithmetic"),
        ("stack switching", "stack switching"),
        ("async", "async"),
    ]
    .into_iter()
    .find(|(pattern, _)| text.contains(pattern));
    match feature {
        Some((_, "float")) => Err(refused(
            "float",
            say!("plugin ditolak: memakai bilangan pecahan (float)", "plugin refused: it uses floating-point numbers"),
            say!(
                "hitung dengan bilangan bulat: rupiah utuh, atau perseribu untuk pecahan",
                "calculate with integers: whole rupiah, or thousandths for fractions"
            ),
        )
        .because(shape::shown(text))),
        Some((_, name)) => Err(refused(
            "feature",
            say!("plugin ditolak: memakai {name}", "plugin refused: it uses {name}"),
            say!(
                "bangun tanpa fitur wasm itu (`-C target-feature`)",
                "build without that wasm feature (`-C target-feature`)"
            ),
        )
        .because(shape::shown(text))),
        None => Err(malformed(text)),
    }
}
