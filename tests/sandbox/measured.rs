//! What the boundary costs: run by hand with
//! `cargo test --release -p layak --test all measure -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use layak::snapshot::batch::{Batch, Values};

use super::batches::{batch, places};
use super::built::{component, judge, sandbox};

#[path = "../hostile/src/decide.rs"]
mod decide;
use decide::{Columns, decide};

const FAMILIES: u32 = 16_384;

fn native(batch: &Batch) -> (Vec<u64>, Vec<u64>, Vec<i64>, Vec<i64>) {
    let values: Vec<&Values> = batch.family.iter().map(|(_, column)| &column.values).collect();
    let u8s = |at: usize| if let Values::U8(values) = values[at] { values.as_slice() } else { panic!() };
    let u16s = |at: usize| if let Values::U16(values) = values[at] { values.as_slice() } else { panic!() };
    let s64s = |at: usize| if let Values::S64(values) = values[at] { values.as_slice() } else { panic!() };
    let (Values::U32(village), Values::Bits(lost)) = (values[8], values[11]) else { panic!() };
    decide(&Columns {
        decile: u8s(0),
        members: u8s(1),
        floor: u8s(2),
        wall: u8s(3),
        roof: u8s(4),
        fuel: u8s(5),
        area: u16s(6),
        cattle: u16s(7),
        village,
        wealth: s64s(9),
        income: s64s(10),
        lost,
    })
}

/// Time of this thread on a CPU, which a busy machine does not stretch.
fn on_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Tenths of a nanosecond of CPU per family, over so many batches that the
/// kernel's coarse clock does not matter.
fn per_family(mut work: impl FnMut()) -> u128 {
    const BATCHES: u32 = 600;
    (0..20).for_each(|_| work());
    let started = on_cpu();
    (0..BATCHES).for_each(|_| work());
    (on_cpu() - started).as_nanos() * 10 / u128::from(BATCHES * FAMILIES)
}

#[test]
fn wasm_and_native_agree() {
    let rows = batch(FAMILIES);
    let (verdicts, _) = judge(0).judge(&rows, &places()).unwrap();
    assert_eq!((verdicts.failed, verdicts.unknown, verdicts.score, verdicts.amount), native(&rows));
}

#[test]
#[ignore = "measures"]
fn measure_the_boundary() {
    let rows = batch(FAMILIES);
    let judge = judge(0);
    let places = places();
    let alone = per_family(|| drop(black_box(native(&rows))));
    let boxed = per_family(|| drop(black_box(judge.judge(&rows, &places).unwrap())));
    let two = std::thread::scope(|scope| {
        let measure = || per_family(|| drop(black_box(judge.judge(&rows, &places).unwrap())));
        let threads = [scope.spawn(measure), scope.spawn(measure)];
        threads.map(|thread| thread.join().unwrap()).into_iter().max().unwrap()
    });
    let bytes = component(0);
    let sandbox = sandbox();
    let started = Instant::now();
    let loaded = sandbox.load(&bytes).unwrap();
    let warm = started.elapsed();
    let (_, fuel) = judge.judge(&rows, &places).unwrap();
    let report = format!(
        "native {}.{} ns, sandboxed {}.{} ns, on 2 threads {}.{} ns per family; warm load {warm:?}; {} fuel per family; {} bytes; {}",
        alone / 10,
        alone % 10,
        boxed / 10,
        boxed % 10,
        two / 10,
        two % 10,
        fuel / u64::from(FAMILIES),
        bytes.len(),
        loaded.description().name,
    );
    std::fs::write(std::env::temp_dir().join("layak-boundary.txt"), &report).unwrap();
    assert!(warm < Duration::from_millis(200), "{report}");
}
