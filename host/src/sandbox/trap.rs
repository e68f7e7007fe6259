//! Why a call into a plugin did not return: one short reason that is the same
//! on every machine, without addresses, without backtrace.

use wasmtime::Trap;

use super::shape::shown;
use crate::error::{Error, Fault};
use crate::say;

/// The error of a call that did not return. `call` is the function's name.
pub(super) fn failed(plugin: &str, call: &str, cause: &wasmtime::Error) -> Error {
    if let Some(told) = of_the_machine(cause) {
        return told;
    }
    let (code, id, en, fix_id, fix_en) = reason(cause);
    Error::new(
        Fault::Plugin,
        say!("plugin `{plugin}` gagal pada `{call}`: {id}", "plugin `{plugin}` failed in `{call}`: {en}"),
    )
    .fix(say!("{fix_id}", "{fix_en}"))
    .code(code)
}

/// A full disk or memory below the engine is no fault of the plugin: without this,
/// a run would note the program as failed.
fn of_the_machine(cause: &wasmtime::Error) -> Option<Error> {
    let root = cause.root_cause();
    let text = root.to_string();
    // the engine's own calls to the system; a plugin has no way to put words into these
    let of_system = root.downcast_ref::<std::io::Error>().is_some() || text.contains("(os error ");
    of_system.then(|| {
        Error::new(
            Fault::Storage,
            say!("memori atau disk untuk plugin tidak cukup", "there is not enough memory or disk for a plugin"),
        )
        .because(shown(&text))
        .fix(say!("beri ruang di memori atau disk, lalu ulangi", "make room in memory or on the disk, then try again"))
    })
}

/// Code, the reason in both languages, and the fix in both.
type Reason = (&'static str, String, String, &'static str, &'static str);

fn reason(cause: &wasmtime::Error) -> Reason {
    let own = |code: &'static str, id: &str, en: &str, fix_id: &'static str, fix_en: &'static str| {
        (code, id.to_owned(), en.to_owned(), fix_id, fix_en)
    };
    let developer = (
        "jalankan kasus uji plugin itu dengan nilai batas; laporkan kepada pembuatnya",
        "run the plugin's cases with values at the edges; report it to its developer",
    );
    if let Some(trap) = cause.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => own(
                "out_of_fuel",
                "bahan bakar habis (perulangan tanpa akhir atau terlalu berat)",
                "out of fuel (an endless loop, or too much work)",
                "ringankan kriteria, atau minta operator menaikkan bahan bakar per keluarga",
                "make the criteria lighter, or ask the operator for more fuel per family",
            ),
            Trap::Interrupt => own(
                "watchdog",
                "melewati batas waktu pengawas",
                "stopped by the watchdog clock",
                "ulangi saat mesin tidak sibuk; bila berulang, laporkan kepada pembuat plugin",
                "run again when the machine is less busy; if it happens again, tell the plugin's developer",
            ),
            Trap::StackOverflow => own("stack", "tumpukan penuh", "stack exhausted", developer.0, developer.1),
            Trap::MemoryOutOfBounds => own(
                "memory_access",
                "akses memori di luar batas",
                "memory access out of bounds",
                developer.0,
                developer.1,
            ),
            Trap::UnreachableCodeReached => own(
                "stopped_itself",
                "berhenti sendiri (panic atau luapan bilangan)",
                "it stopped itself (panic or integer overflow)",
                developer.0,
                developer.1,
            ),
            Trap::IntegerDivisionByZero => {
                own("division", "pembagian dengan nol", "division by zero", developer.0, developer.1)
            }
            other => ("trap", format!("trap: {other}"), format!("trap: {other}"), developer.0, developer.1),
        };
    }
    let text = shown(&cause.root_cause().to_string());
    if text.contains("forcing trap when growing") {
        return own(
            "memory",
            "memori melewati batas",
            "memory beyond the limit",
            "kurangi memori: plugin cukup menyimpan satu batch",
            "use less memory: a plugin need hold one batch only",
        );
    }
    if text.contains("hostcall fuel") || text.contains("fuel allocated for hostcalls") {
        return own("answer_size", "jawabannya terlalu besar", "its answer is too large", developer.0, developer.1);
    }
    (
        "answer_invalid",
        format!("jawaban tidak sah: {text}"),
        format!("invalid answer: {text}"),
        developer.0,
        developer.1,
    )
}
