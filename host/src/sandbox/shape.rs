//! The shape of a binary: counts and sizes, before anything validates or
//! compiles it.
//!
//! One pass over the payloads, flat however deep components nest. Takes bytes;
//! gives `Shape` or the first limit that is passed, with the fix.

use wasmparser::{Encoding, FunctionBody, Parser, Payload};

use super::limits;
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::Text;

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Core modules.
    pub modules: u64,
    /// Components inside the component.
    pub components: u64,
    /// Functions with a body, in all modules.
    pub functions: u64,
    /// Bytes of the largest body.
    pub largest_body: usize,
    /// Linear memories, in all modules.
    pub memories: u64,
    /// Names that the outermost component imports.
    pub imports: Vec<String>,
    /// Names that it exports.
    pub exports: Vec<String>,
}

/// A refusal: the developer of the plugin can fix it. `code` is a stable word.
pub(super) fn refused(code: &'static str, message: Text, fix: Text) -> Error {
    Error::new(Fault::Plugin, message).fix(fix).code(code)
}

fn too_many(what_id: &str, what_en: &str, found: u64, limit: u64) -> Error {
    refused(
        "size",
        say!(
            "plugin ditolak: {what_id} {found}, batasnya {limit}",
            "plugin refused: {found} {what_en}, the limit is {limit}"
        ),
        say!(
            "perkecil plugin: buang pustaka yang tidak dipakai, bangun dengan `--release`",
            "make the plugin smaller: drop crates that it does not need, build with `--release`"
        ),
    )
}

fn within(what_id: &str, what_en: &str, found: u64, limit: u64) -> Result<()> {
    if found > limit { Err(too_many(what_id, what_en, found, limit)) } else { Ok(()) }
}

/// A text from a plugin or a parser as it may be shown: one line, no control
/// characters, at most 300 characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(300).flat_map(char::escape_debug).collect()
}

pub(super) fn malformed(cause: impl std::fmt::Display) -> Error {
    let cause = shown(&cause.to_string());
    refused(
        "malformed",
        say!("plugin ditolak: bukan komponen wasm yang utuh", "plugin refused: not a whole and valid wasm component"),
        say!(
            "bangun ulang berkas itu dengan `layak plugin pack`, lalu salin lagi secara utuh",
            "make the file anew with `layak plugin pack`, then copy all of it again"
        ),
    )
    .because(cause)
}

/// Whether the bytes are a component or a core module.
///
/// # Errors
/// `Fault::Plugin` if they are neither.
pub fn encoding(bytes: &[u8]) -> Result<Encoding> {
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding, .. })) => Ok(encoding),
        Some(Err(cause)) => Err(malformed(cause)),
        _ => Err(malformed("no wasm header")),
    }
}

/// Counts and refuses by size.
///
/// # Errors
/// `Fault::Plugin` naming the first limit that is passed.
pub fn measure(bytes: &[u8]) -> Result<Shape> {
    within("byte berukuran", "bytes", bytes.len() as u64, limits::COMPONENT_BYTES as u64)?;
    let mut shape = Shape::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        match &payload {
            Payload::ModuleSection { .. } => {
                depth += 1;
                shape.modules += 1;
                within("modul berjumlah", "modules", shape.modules, limits::MODULES)?;
            }
            Payload::ComponentSection { .. } => {
                depth += 1;
                shape.components += 1;
                within("komponen di dalamnya berjumlah", "inner components", shape.components, limits::COMPONENTS)?;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section.clone() {
                    shape.imports.push(import.map_err(malformed)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section.clone() {
                    shape.exports.push(export.map_err(malformed)?.name.name.to_owned());
                }
            }
            other => module_part(other, &mut shape)?,
        }
    }
    Ok(shape)
}

fn module_part(payload: &Payload<'_>, shape: &mut Shape) -> Result<()> {
    match payload {
        Payload::StartSection { .. } | Payload::ComponentStartSection { .. } => Err(refused(
            "start",
            say!("plugin ditolak: memiliki fungsi `start`", "plugin refused: it has a start function"),
            say!(
                "hapus fungsi `start`: plugin hanya berjalan bila dipanggil",
                "remove the start function: a plugin runs only when it is called"
            ),
        )),
        Payload::FunctionSection(section) => {
            shape.functions += u64::from(section.count());
            within("fungsi berjumlah", "functions", shape.functions, limits::FUNCTIONS)
        }
        Payload::CodeSectionEntry(body) => function(body, shape),
        Payload::MemorySection(section) => {
            shape.memories += u64::from(section.count());
            within("memori berjumlah", "memories", shape.memories, 1)?;
            for memory in section.clone() {
                let bytes = memory.map_err(malformed)?.initial.saturating_mul(65_536);
                within("byte memori awal", "bytes of initial memory", bytes, limits::MEMORY_BYTES as u64)?;
            }
            Ok(())
        }
        Payload::TableSection(section) => {
            within("tabel berjumlah", "tables", u64::from(section.count()), limits::TABLES)?;
            for table in section.clone() {
                let elements = table.map_err(malformed)?.ty.initial;
                within("isi tabel berjumlah", "table elements", elements, limits::TABLE_ELEMENTS)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn function(body: &FunctionBody<'_>, shape: &mut Shape) -> Result<()> {
    let size = body.range().len();
    shape.largest_body = shape.largest_body.max(size);
    within("byte pada satu fungsi", "bytes in one function", size as u64, limits::BODY_BYTES as u64)?;
    let mut locals = 0_u64;
    for group in body.get_locals_reader().map_err(malformed)? {
        locals = locals.saturating_add(u64::from(group.map_err(malformed)?.0));
    }
    within("variabel lokal pada satu fungsi", "locals in one function", locals, limits::LOCALS)
}
