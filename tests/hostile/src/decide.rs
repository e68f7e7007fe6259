//! The arithmetic of the honest rule, without any binding: the guest and the
//! measuring test compile this same file, one for wasm and one natively.

/// The columns of a batch, in the order of crossing.
pub(crate) struct Columns<'a> {
    pub(crate) decile: &'a [u8],
    pub(crate) members: &'a [u8],
    pub(crate) floor: &'a [u8],
    pub(crate) wall: &'a [u8],
    pub(crate) roof: &'a [u8],
    pub(crate) fuel: &'a [u8],
    pub(crate) area: &'a [u16],
    pub(crate) cattle: &'a [u16],
    pub(crate) village: &'a [u32],
    pub(crate) wealth: &'a [i64],
    pub(crate) income: &'a [i64],
    pub(crate) lost: &'a [u8],
}

/// Failed, unknown, score and amount of each row.
pub(crate) fn decide(columns: &Columns<'_>) -> (Vec<u64>, Vec<u64>, Vec<i64>, Vec<i64>) {
    let rows = columns.decile.len();
    let mut failed = Vec::with_capacity(rows);
    let mut score = Vec::with_capacity(rows);
    let mut amount = Vec::with_capacity(rows);
    let first = columns.decile.iter().zip(columns.members).zip(columns.floor).zip(columns.wall).zip(columns.roof);
    let second = columns.fuel.iter().zip(columns.area).zip(columns.cattle).zip(columns.village);
    let third = columns.wealth.iter().zip(columns.income);
    for (row, ((((((decile, members), floor), wall), roof), (((fuel, area), cattle), village)), (wealth, income))) in
        first.zip(second).zip(third).enumerate()
    {
        let lost = columns.lost.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1);
        let mut bits = 0_u64;
        bits |= u64::from(*decile == 0 || *decile > 4);
        bits |= u64::from(*wealth > 50_000_000) << 1;
        bits |= u64::from(*income > 3_000_000 && !lost) << 2;
        let need = i64::from(*floor) * 700 + i64::from(*wall) * 500 + i64::from(*roof) * 300 + i64::from(*fuel) * 200
            - i64::from(*area)
            - i64::from(*cattle) * 50
            + i64::from(*village & 7);
        let open = i64::from(bits != 0) - 1;
        failed.push(bits);
        score.push(need.clamp(0, 1_000_000) & open);
        amount.push((200_000 + i64::from(*members) * 25_000).min(3_000_000) & open);
    }
    (failed, vec![0; rows], score, amount)
}
