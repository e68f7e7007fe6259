//! The limits that only a runaway reaches: the clock over a call, and the CPU
//! time and address space of the compiling child. Each is reached here.

use std::fs;
use std::time::Duration;

use layak::error::Fault;
use layak::sandbox::{Limits, Sandbox, pack};

use super::batches::{batch, places};
use super::built::{compiler, component, configure, core, folder, limits, text};
use super::graft::{Grafted, tangle};

/// Fuel that nobody burns up, so that only the clock is left to stop a loop.
fn clocked() -> Sandbox {
    let limits = Limits { fuel_base: 1 << 60, wall: Duration::from_millis(100), ..limits() };
    Sandbox::with_compiler(limits, folder(), compiler()).unwrap()
}

#[test]
fn the_clock_stops_a_loop_that_fuel_does_not() {
    let judge = configure(&clocked().load(&component(30)).unwrap()).unwrap();
    for _ in 0..2 {
        let error = judge.judge(&batch(64), &places()).unwrap_err();
        assert_eq!(error.fault, Fault::Plugin, "{error}");
        assert!(text(&error).contains("stopped by the watchdog clock"), "{}", text(&error));
    }
    // the same sandbox serves an honest plugin, which the clock does not reach
    let honest = configure(&clocked().load(&component(0)).unwrap()).unwrap();
    assert!(honest.judge(&batch(64), &places()).is_ok());
}

#[test]
fn the_clock_stops_a_loop_in_describe() {
    let error = clocked().load(&component(12)).unwrap_err();
    assert!(text(&error).contains("stopped by the watchdog clock"), "{}", text(&error));
}

/// The largest component that the gate lets through, hard to compile.
fn bomb() -> Vec<u8> {
    let bodies: Vec<Vec<u8>> = (0..14).map(|salt| tangle(240 << 10, salt)).collect();
    pack(&Grafted::of(core()).functions(&bodies).bytes()).unwrap()
}

#[test]
fn the_compiling_child_is_stopped_by_its_own_limits() {
    let (bomb, honest) = (bomb(), component(0));
    for (limits, words) in [
        (Limits { compile_cpu: 1, ..limits() }, "it took too much CPU time"),
        (Limits { compile_memory: 320 << 20, ..limits() }, "it took too much memory"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::with_compiler(limits, folder.path(), compiler()).unwrap();
        let error = sandbox.load(&bomb).unwrap_err();
        assert_eq!(error.fault, Fault::Plugin, "{error}");
        assert!(text(&error).contains(words), "{}", text(&error));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["key"], "something half-made is left");
        // under the very same limits, an ordinary plugin compiles
        sandbox.load(&honest).unwrap();
    }
}
