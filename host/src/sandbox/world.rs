//! The world of a component, compared with `schema/program.wit` itself.
//!
//! Takes bytes that were measured and validated; refuses any import that could
//! do something, any export but `layak:program/rules@1.0.0`, and any function
//! whose types differ. Types are compared by shape, in step with the contract,
//! so that a hostile type cannot make the comparison long.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, WorldId, WorldItem};

use super::shape::{malformed, refused, shown};
use crate::error::{Error, Result};
use crate::say;

/// The contract, as text.
pub const CONTRACT: &str = include_str!("../../../schema/program.wit");
/// The one interface that a plugin exports.
pub const RULES: &str = "layak:program/rules@1.0.0";
/// The interface of types that a component names as an import; it holds no function.
const TYPES: &str = "layak:program/types@1.0.0";

/// The contract's `rules` interface.
fn contract() -> Result<(Resolve, InterfaceId)> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("program.wit", CONTRACT).map_err(Error::bug)?;
    let rules = resolve.packages.get(package).and_then(|package| package.interfaces.get("rules").copied());
    rules.map(|rules| (resolve, rules)).ok_or_else(|| Error::bug("schema/program.wit has no interface `rules`"))
}

/// Refuses a component that is not exactly the world.
///
/// # Errors
/// `Fault::Plugin` naming the import, export or function that differs.
pub fn compare(bytes: &[u8]) -> Result<()> {
    // the decoder is not ours and the bytes are not trusted: a panic in it is a refusal
    let decoded = catch_unwind(AssertUnwindSafe(|| wit_component::decode(bytes)))
        .map_err(|_| malformed("its world cannot be read"))?
        .map_err(|cause| malformed(format!("{cause:#}")))?;
    let wit_component::DecodedWasm::Component(resolve, world) = decoded else {
        return Err(malformed("a package of interfaces, not a component"));
    };
    imports(&resolve, world)?;
    let rules = export(&resolve, world)?;
    let (contract, wanted) = contract()?;
    let (Some(wanted), Some(found)) = (contract.interfaces.get(wanted), resolve.interfaces.get(rules)) else {
        return Err(Error::bug("an interface that was just found is gone"));
    };
    for (name, function) in &wanted.functions {
        let Some(other) = found.functions.get(name) else {
            return Err(other_version(&format!("`{name}` is missing")));
        };
        if !same_function(&contract, function, &resolve, other) {
            return Err(other_version(&format!("`{name}` has other types")));
        }
    }
    match found.functions.keys().find(|name| !wanted.functions.contains_key(*name)) {
        Some(extra) => Err(other_version(&format!("`{}` is not part of it", shown(extra)))),
        None => Ok(()),
    }
}

fn other_version(cause: &str) -> Error {
    refused(
        "interface",
        say!(
            "plugin ditolak: antarmukanya bukan `{RULES}` milik Layak ini",
            "plugin refused: its interface is not the `{RULES}` of this Layak"
        ),
        say!(
            "bangun ulang plugin dengan `kit` dari versi Layak ini",
            "build the plugin again with the `kit` of this version of Layak"
        ),
    )
    .because(cause)
}

fn imports(resolve: &Resolve, world: WorldId) -> Result<()> {
    let Some(world) = resolve.worlds.get(world) else { return Err(Error::bug("a decoded world is gone")) };
    for (key, item) in &world.imports {
        let name = resolve.name_world_key(key);
        let only_types = match item {
            WorldItem::Interface { id, .. } => resolve.interfaces.get(*id).is_some_and(|interface| {
                interface.functions.is_empty() && interface.types.values().all(|id| !is_resource(resolve, *id))
            }),
            WorldItem::Function(_) | WorldItem::Type { .. } => false,
        };
        if !only_types || name != TYPES {
            return Err(import(&name));
        }
    }
    Ok(())
}

fn is_resource(resolve: &Resolve, id: wit_parser::TypeId) -> bool {
    resolve.types.get(id).is_some_and(|ty| matches!(ty.kind, TypeDefKind::Resource))
}

/// A refusal of an import, by name.
pub(super) fn import(name: &str) -> Error {
    let name = shown(name);
    let fix = if name.starts_with("wasi") {
        say!(
            "plugin dibangun untuk WASI (wasm32-wasip1 atau wasm32-wasip2); bangun untuk wasm32-unknown-unknown",
            "built for WASI (wasm32-wasip1 or wasm32-wasip2): build for wasm32-unknown-unknown"
        )
    } else {
        say!(
            "hapus impor itu: keputusan tidak boleh membaca jam, berkas, jaringan, atau angka acak",
            "remove the import: a decision may read no clock, file, network or random number"
        )
    };
    refused("import", say!("plugin ditolak: mengimpor `{name}`", "plugin refused: it imports `{name}`"), fix)
}

fn export(resolve: &Resolve, world: WorldId) -> Result<InterfaceId> {
    let Some(world) = resolve.worlds.get(world) else { return Err(Error::bug("a decoded world is gone")) };
    let mut found = None;
    for (key, item) in &world.exports {
        let name = resolve.name_world_key(key);
        match item {
            WorldItem::Interface { id, .. } if name == RULES => found = Some(*id),
            _ => {
                let name = shown(&name);
                return Err(refused(
                    "export",
                    say!(
                        "plugin ditolak: mengekspor `{name}`, yang diharapkan hanya `{RULES}`",
                        "plugin refused: it exports `{name}`, only `{RULES}` is expected"
                    ),
                    say!(
                        "bangun plugin dengan `kit` dari versi Layak ini, tanpa ekspor lain",
                        "build the plugin with the `kit` of this version of Layak, with no other export"
                    ),
                ));
            }
        }
    }
    found.ok_or_else(|| {
        refused(
            "export",
            say!("plugin ditolak: tidak mengekspor `{RULES}`", "plugin refused: it does not export `{RULES}`"),
            say!(
                "bangun plugin dengan `kit`, lalu bungkus dengan `layak plugin pack`",
                "build the plugin with `kit`, then wrap it with `layak plugin pack`"
            ),
        )
    })
}

fn same_function(a: &Resolve, fa: &Function, b: &Resolve, fb: &Function) -> bool {
    fa.params.len() == fb.params.len()
        && fa.kind == fb.kind
        && fa.params.iter().zip(&fb.params).all(|(pa, pb)| pa.name == pb.name && same(a, pa.ty, b, pb.ty))
        && same_maybe(a, fa.result, b, fb.result)
}

fn same_maybe(a: &Resolve, ta: Option<Type>, b: &Resolve, tb: Option<Type>) -> bool {
    match (ta, tb) {
        (Some(ta), Some(tb)) => same(a, ta, b, tb),
        (ta, tb) => ta.is_none() && tb.is_none(),
    }
}

/// Follows aliases to what a type is.
fn bare(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty {
        match resolve.types.get(id).map(|def| &def.kind) {
            Some(TypeDefKind::Type(inner)) => ty = *inner,
            _ => break,
        }
    }
    ty
}

fn same(a: &Resolve, ta: Type, b: &Resolve, tb: Type) -> bool {
    let (Type::Id(ia), Type::Id(ib)) = (bare(a, ta), bare(b, tb)) else {
        return bare(a, ta) == bare(b, tb);
    };
    let (Some(da), Some(db)) = (a.types.get(ia), b.types.get(ib)) else { return false };
    match (&da.kind, &db.kind) {
        (TypeDefKind::Record(ra), TypeDefKind::Record(rb)) => {
            ra.fields.len() == rb.fields.len()
                && ra.fields.iter().zip(&rb.fields).all(|(fa, fb)| fa.name == fb.name && same(a, fa.ty, b, fb.ty))
        }
        (TypeDefKind::Variant(va), TypeDefKind::Variant(vb)) => {
            va.cases.len() == vb.cases.len()
                && va.cases.iter().zip(&vb.cases).all(|(ca, cb)| ca.name == cb.name && same_maybe(a, ca.ty, b, cb.ty))
        }
        (TypeDefKind::Enum(ea), TypeDefKind::Enum(eb)) => {
            ea.cases.len() == eb.cases.len() && ea.cases.iter().zip(&eb.cases).all(|(ca, cb)| ca.name == cb.name)
        }
        (TypeDefKind::List(la), TypeDefKind::List(lb)) => same(a, *la, b, *lb),
        (TypeDefKind::Option(oa), TypeDefKind::Option(ob)) => same(a, *oa, b, *ob),
        (TypeDefKind::Result(ra), TypeDefKind::Result(rb)) => {
            same_maybe(a, ra.ok, b, rb.ok) && same_maybe(a, ra.err, b, rb.err)
        }
        _ => false,
    }
}
