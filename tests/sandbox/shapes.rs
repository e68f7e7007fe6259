//! Bytes that must not get past the gate, written as text, and the sentence
//! that each of them gets.

use layak::error::Fault;
use layak::sandbox::{gate, pack};

use super::built::{component, core, text};

fn refused(bytes: &[u8], words: &str) {
    let error = gate::check(bytes).unwrap_err();
    assert_eq!(error.fault, Fault::Plugin);
    assert!(text(&error).contains(words), "`{words}` is not in: {}", text(&error));
}

fn refused_text(wat: &str, words: &str) {
    refused(&wat::parse_str(wat).unwrap(), words);
}

fn module(inside: &str) -> String {
    format!("(component (core module {inside}))")
}

#[test]
fn what_is_no_whole_component_is_refused() {
    refused(b"", "not a whole and valid wasm component");
    refused(b"[settings]\nmax_decile = 4\n", "not a whole and valid wasm component");
    refused(core(), "layak plugin pack");
    let honest = component(0);
    for cut in [1, 7, 8, 9, honest.len() / 3, honest.len() / 2, honest.len() - 1] {
        refused(&honest[..cut], "plugin refused");
    }
}

#[test]
fn imports_are_refused_by_name() {
    let clock =
        r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64))))))"#;
    refused_text(clock, "it imports `wasi:clocks/monotonic-clock@0.2.0`");
    refused_text(clock, "build for wasm32-unknown-unknown");
    refused_text(r#"(component (import "log" (func)))"#, "it imports `log`");
    let guise = r#"(component (import "layak:program/types@1.0.0" (instance (export "f" (func)))))"#;
    refused_text(guise, "it imports `layak:program/types@1.0.0`");
}

#[test]
fn another_world_is_refused() {
    refused_text("(component)", "it does not export `layak:program/rules@1.0.0`");
    let function = r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))"#;
    refused_text(&format!(r#"{function} (export "judge" (func $f)))"#), "it exports `judge`");
    let instance = format!(r#"{function} (instance $r (export "describe" (func $f)))"#);
    refused_text(
        &format!(r#"{instance} (export "layak:program/rules@1.0.0" (instance $r)))"#),
        "`describe` has other types",
    );
    refused_text(&format!(r#"{instance} (export "layak:program/rules@2.0.0" (instance $r)))"#), "rules@2.0.0");
    let empty = r#"(component (instance $r) (export "layak:program/rules@1.0.0" (instance $r)))"#;
    refused_text(empty, "`describe` is missing");
}

#[test]
fn only_integers_of_the_agreed_instructions() {
    for (inside, words) in [
        ("(func (result f32) f32.const 1)", "it uses floating-point numbers"),
        ("(func (param f64))", "it uses floating-point numbers"),
        ("(global f64 (f64.const 0))", "it uses floating-point numbers"),
        ("(func (param v128) (result v128) local.get 0 local.get 0 f32x4.add)", "it uses floating-point numbers"),
        ("(func (param v128) (result v128) local.get 0 local.get 0 i8x16.relaxed_swizzle)", "it uses relaxed SIMD"),
        ("(memory 1 1 shared)", "it uses threads"),
        ("(memory i64 1)", "it uses 64-bit memory"),
        ("(func $f return_call $f)", "it uses tail calls"),
        ("(tag)", "it uses exceptions"),
        ("(type (struct))", "it uses garbage collection"),
        ("(func (param externref))", "plugin refused"),
        ("(func (param i64 i64) local.get 0 local.get 1 i64.mul_wide_u drop drop)", "it uses wide arithmetic"),
    ] {
        refused_text(&module(inside), words);
    }
    // vectors of integers are fine: only the missing export is left to refuse
    refused_text(&module("(func (param v128) (result v128) local.get 0 local.get 0 i32x4.add)"), "it does not export");
}

#[test]
fn sizes_are_refused_before_anything_compiles() {
    let many = |count: usize, one: &str| one.repeat(count);
    refused_text(&module("(func $f) (start $f)"), "it has a start function");
    refused_text(&module("(memory 1025)"), "bytes of initial memory");
    refused_text(&module("(memory 1) (memory 1)"), "memories, the limit is 1");
    refused_text(&module(&many(5, "(table 1 funcref)")), "5 tables, the limit is 4");
    refused_text(&module("(table 10001 funcref)"), "10001 table elements");
    refused_text(&module(&many(20_001, "(func)")), "20001 functions");
    refused_text(&module(&format!("(func (local {}))", many(2_001, "i32 "))), "2001 locals");
    refused_text(&module(&format!("(func {})", many(270_000, "nop "))), "bytes in one function");
    refused_text(&format!("(component {})", many(5, "(core module)")), "5 modules, the limit is 4");
    refused_text(&format!("(component {})", many(17, "(component)")), "17 inner components");
    let nested = format!("{}{}", many(20, "(component "), many(20, ")"));
    refused_text(&format!("(component {nested})"), "inner components");
    let padded = format!(r#"(component (@custom "padding" "{}"))"#, many(4 << 20, "x"));
    refused_text(&padded, "the limit is 4194304");
}

#[test]
fn packing_says_what_a_module_was_built_for() {
    let wasi = wat::parse_str(
        r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#,
    );
    let error = pack(&wasi.unwrap()).unwrap_err();
    assert!(text(&error).contains("wasi_snapshot_preview1.fd_write"), "{}", text(&error));
    assert!(text(&error).contains("build for wasm32-unknown-unknown"), "{}", text(&error));
    let error = pack(&wat::parse_str("(module)").unwrap()).unwrap_err();
    assert!(text(&error).contains("it does not export"), "{}", text(&error));
    // the same bytes in, the same bytes out; a component passes through
    let packed = pack(core()).unwrap();
    assert_eq!(packed, pack(core()).unwrap());
    assert_eq!(packed, pack(&packed).unwrap());
}

/// Whatever a flipped byte does, the gate answers and does not panic.
#[test]
fn damaged_components_get_an_answer() {
    let honest = component(0);
    for at in (0..honest.len()).step_by(honest.len() / 300) {
        let mut damaged = honest.clone();
        damaged[at] ^= 0x41;
        if let Err(error) = gate::check(&damaged) {
            assert_eq!(error.fault, Fault::Plugin, "{error}");
            let _ = text(&error);
        }
    }
}
