//! Batches of the hostile plugin's twelve columns.

use layak::columns::ColumnId;
use layak::snapshot::batch::{Batch, BatchColumn, Values};

/// So many families, with values that follow from the row.
pub(crate) fn batch(families: u32) -> Batch {
    let rows = 0..families;
    let u8s = |step: u32, codes: u32| Values::U8(rows.clone().map(|row| (row * step % codes) as u8).collect());
    let u16s = |step: u32| Values::U16(rows.clone().map(|row| (row * step % 200) as u16).collect());
    let values = [
        u8s(7, 11),
        u8s(3, 9),
        u8s(5, 10),
        u8s(11, 8),
        u8s(13, 7),
        u8s(17, 9),
        u16s(19),
        u16s(1),
        Values::U32(rows.clone().map(|row| row / 100).collect()),
        Values::S64(rows.clone().map(|row| i64::from(row * 7919 % 60) * 1_000_000).collect()),
        Values::S64(rows.clone().map(|row| i64::from(row * 104_729 % 50) * 100_000).collect()),
        Values::Bits(
            (0..families.div_ceil(8))
                .map(|byte| {
                    (byte * 37 % 256) as u8 & if byte * 8 + 8 > families { (1_u8 << (families % 8)) - 1 } else { 255 }
                })
                .collect(),
        ),
    ];
    let family = values.into_iter().zip(0..).map(|(values, at)| (ColumnId(at), BatchColumn { values, valid: None }));
    Batch { families, member_ends: (1..=families).collect(), family: family.collect(), ..Batch::default() }
}

/// Where each wish is found in `batch`.
pub(crate) fn places() -> Vec<Option<ColumnId>> {
    (0..12).map(|at| Some(ColumnId(at))).collect()
}
