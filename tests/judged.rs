//! The bundled plugins, in the sandbox, against the naive interpreter of `tests/naive`:
//! families drawn to sit on the limits of the law, and no difference in any row.
//!
//! `LAYAK_FAMILIES=1000000 cargo test --release -p layak --test all judged` draws a
//! million for each program; without it 20,000. The same comparison natively, and the
//! coverage of criteria, is `cargo test --release -p naive` (see `tests/naive`).

use kit::{Entity, native};
use layak::columns::{ColumnId, Dictionary};
use layak::sandbox::{self, Limits, Sandbox};
use layak::snapshot::{Batch, BatchColumn, Values};
use layak::terms::Date;
use naive::blocks::Block;
use naive::family::Day;
use naive::laid::{Column, Owned};
use naive::seen::Seen;

const BLOCK: usize = 1000;

fn families() -> u64 {
    std::env::var("LAYAK_FAMILIES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

pub(crate) fn column(laid: &Column) -> BatchColumn {
    let values = match laid.values.clone() {
        Owned::Bits(values) => Values::Bits(values),
        Owned::U8(values) => Values::U8(values),
        Owned::U16(values) => Values::U16(values),
        Owned::U32(values) => Values::U32(values),
        Owned::S32(values) => Values::S32(values),
        Owned::S64(values) => Values::S64(values),
        Owned::Set(members, known) => Values::Set { members, known },
    };
    BatchColumn { values, valid: laid.valid.clone() }
}

pub(crate) fn date(day: Day) -> Date {
    Date(i32::try_from(day.count()).unwrap())
}

/// A block as the host hands it over, and which column stands where.
pub(crate) fn batch(block: &Block, description: &kit::Description) -> (Batch, Vec<Option<ColumnId>>) {
    let dictionary = Dictionary::embedded();
    let id = |at: usize| dictionary.id(description.columns[at].name).unwrap();
    let side = |columns: &[(usize, Column)]| columns.iter().map(|(at, laid)| (id(*at), column(laid))).collect();
    let batch = Batch {
        families: u32::try_from(block.laid.ends.len()).unwrap(),
        member_ends: block.laid.ends.clone(),
        family: side(&block.laid.family),
        member: side(&block.laid.member),
        ..Batch::default()
    };
    let columns = (0..description.columns.len()).map(|at| block.present[at].then(|| id(at))).collect();
    (batch, columns)
}

pub(crate) fn settings(block: &Block) -> Vec<sandbox::Value> {
    let value = |value: &kit::Value| match value {
        kit::Value::Integer(n) => sandbox::Value::Integer(*n),
        kit::Value::Codes(codes) => sandbox::Value::Codes(codes.clone()),
    };
    block.settings.iter().map(value).collect()
}

/// A bundled program in a sandbox with its own cache.
pub(crate) fn bundled(name: &str) -> (sandbox::Plugin, tempfile::TempDir) {
    let cache = tempfile::tempdir().unwrap();
    let compiler = env!("CARGO_BIN_EXE_layak").into();
    let sandbox = Sandbox::with_compiler(Limits::default(), cache.path(), compiler).unwrap();
    let plugin = sandbox.load(sandbox::bundled(name).expect("this build bundles it")).unwrap();
    (plugin, cache)
}

fn agrees<P: kit::Program>() {
    let description = native::describe::<P>();
    let (plugin, _cache) = bundled(P::NAME);
    let mut seen = Seen::default();
    for number in 0..families().div_ceil(BLOCK as u64) {
        let block = Block::draw(&description, number, BLOCK).unwrap();
        let (batch, columns) = batch(&block, &description);
        let (as_of, period) = (date(block.when.as_of), date(block.when.period));
        let judge = plugin.configure(&settings(&block), &block.present, as_of, period).unwrap();
        let (said, _) = judge.judge(&batch, &columns).unwrap();
        let said = kit::Verdicts { failed: said.failed, unknown: said.unknown, score: said.score, amount: said.amount };
        // the lines behind amounts and scores, of one block in four
        let lines = number.is_multiple_of(4).then(|| judge.breakdown(&batch, &columns).unwrap());
        let line = |line: &sandbox::Line| kit::Line {
            row: line.row,
            member: line.member.unwrap_or(u32::MAX),
            part: line.part,
            value: line.value,
        };
        let lines: Option<Vec<kit::Line>> = lines.map(|lines| lines.iter().map(line).collect());
        let difference = block.difference(&description, &said, lines.as_deref(), &mut seen);
        assert!(difference.is_none(), "{}, block {number}: {}", P::NAME, difference.unwrap_or_default());
    }
    assert!(description.columns.iter().any(|wish| wish.entity == Entity::Family));
    assert!(seen.combinations() > 40, "{}", seen.shown(P::NAME, &[]));
}

#[test]
fn pkh_as_the_law_has_it() {
    agrees::<pkh::Pkh>();
}

#[test]
fn sembako_as_the_law_has_it() {
    agrees::<sembako::Sembako>();
}

#[test]
fn pbi_jkn_as_the_law_has_it() {
    agrees::<pbi_jkn::PbiJkn>();
}

#[test]
fn blt_dd_as_the_law_has_it() {
    agrees::<blt_dd::BltDd>();
}
