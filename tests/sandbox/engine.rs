//! Every engine setting, read back from an engine; what has no getter is shown
//! by what it does.

use layak::sandbox::settings::{FEATURES, Settings};
use wasmtime::{Engine, Instance, Module, Store, WasmFeatures};

#[test]
fn every_setting_is_what_the_table_says() {
    for settings in [Settings::compiling(), Settings::running(2)] {
        let engine = Engine::new(&settings.config()).unwrap();
        assert_eq!(Settings::read(&engine), settings);
    }
}

#[test]
fn the_table_says_what_was_decided() {
    let settings = Settings::running(2);
    assert!(settings.consume_fuel && settings.epoch_interruption && settings.relaxed_simd_deterministic);
    assert!(
        !settings.concurrency_support && !settings.shared_memory && !settings.memory_may_move && !settings.debug_info
    );
    assert_eq!((settings.memory_reservation, settings.memory_guard, settings.guard_before), (4 << 30, 32 << 20, true));
    assert_eq!(
        (settings.max_wasm_stack, settings.backtrace_frames, settings.nan_canonicalization),
        (512 << 10, 0, Some(true))
    );
    let pool = settings.pool.unwrap();
    assert_eq!((pool.components, pool.memory, pool.memories_each, pool.keep_resident), (4, 64 << 20, 1, 8 << 20));
    for off in [
        WasmFeatures::FLOATS,
        WasmFeatures::RELAXED_SIMD,
        WasmFeatures::THREADS,
        WasmFeatures::MEMORY64,
        WasmFeatures::MULTI_MEMORY,
        WasmFeatures::TAIL_CALL,
        WasmFeatures::EXCEPTIONS,
        WasmFeatures::GC,
        WasmFeatures::GC_TYPES,
        WasmFeatures::WIDE_ARITHMETIC,
        WasmFeatures::STACK_SWITCHING,
        WasmFeatures::CUSTOM_PAGE_SIZES,
        WasmFeatures::CM_ASYNC,
        WasmFeatures::CM_MAP,
        WasmFeatures::CM_GC,
    ] {
        assert!(!FEATURES.contains(off), "{off:?}");
    }
}

/// Fuel of known instructions: an engine upgrade that counts otherwise changes
/// the fuel of every run, and is seen here first.
#[test]
fn the_cost_table_counts_as_pinned() {
    let burnt = |body: &str| {
        let wat = format!("(module (memory 1 10) (func (export \"f\") {body}))");
        let engine = Engine::new(&Settings::compiling().config()).unwrap();
        let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(1 << 20);
        store.set_fuel(1_000_000).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let function = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
        function.call(&mut store, ()).unwrap();
        1_000_000 - store.get_fuel().unwrap()
    };
    let entry = burnt("");
    assert_eq!(entry, 1);
    assert_eq!(burnt("i32.const 1 i32.const 2 i32.add drop") - entry, 3);
    assert_eq!(burnt("nop block nop end") - entry, 0);
    assert_eq!(burnt("i32.const 0 i32.const 7 i32.const 5000 memory.fill") - entry, 4 + 5000);
    assert_eq!(burnt("i32.const 0 i32.const 100 i32.const 50 memory.copy") - entry, 4 + 50);
    assert_eq!(burnt("i32.const 3 memory.grow drop") - entry, 2 + 3 * 255);
}

#[test]
fn the_engine_itself_refuses_what_the_gate_refuses() {
    let engine = Engine::new(&Settings::running(1).config()).unwrap();
    for wat in [
        "(module (func (result f32) f32.const 1))",
        "(module (memory i64 1))",
        "(module (memory 1) (memory 1))",
        "(module (func $f return_call $f))",
        "(module (func (param v128) (result v128) local.get 0 local.get 0 i8x16.relaxed_swizzle))",
    ] {
        assert!(Module::validate(&engine, &wat::parse_str(wat).unwrap()).is_err(), "{wat}");
    }
}
