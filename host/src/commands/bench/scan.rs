//! `layak bench --scan`: what reading each column costs.
//!
//! Takes the site of a bench; gives, for each column that PKH is granted, the cost
//! of reading it alone beside its bytes, and the cost of whole grants: PKH's, and
//! the nine columns of the design's budget.

use schemars::JsonSchema;
use serde::Serialize;

use super::report::per_family;
use super::{ROUNDS, granted};
use crate::columns::{ColumnId, Dictionary, Entity};
use crate::commands::program::{find, load};
use crate::commands::run::snapshot_of;
use crate::commands::screen::{Screen, Stand};
use crate::commands::site::Site;
use crate::error::{Error, Result};
use crate::say;
use crate::snapshot::{Snapshot, scan};
use crate::terms::show_count;

/// The grant of the budget: five family and four member columns.
const GRANT: [&str; 9] = [
    "decile",
    "member_count",
    "family_pbi_nas",
    "previous.pkh",
    "exclusions",
    "birth_date",
    "relation",
    "school_level",
    "pregnancy",
];

/// What `bench --scan --json` prints; nanoseconds are wall clock over all threads.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Scanned {
    /// Families of the snapshot.
    pub(crate) families: u64,
    /// Members of the snapshot.
    pub(crate) members: u64,
    /// Threads that read.
    pub(crate) threads: usize,
    /// Reading the number of members of each family and nothing else: below every other figure.
    pub(crate) counts_ns: f64,
    /// Column by column, each read alone.
    pub(crate) columns: Vec<ScannedColumn>,
    /// The nine columns of the budget together.
    pub(crate) grant_ns: f64,
    /// The columns that PKH is granted, together.
    pub(crate) pkh_ns: f64,
    /// Bytes per family of these, as they lie on disk.
    pub(crate) grant_bytes: f64,
    /// See `grant_bytes`.
    pub(crate) pkh_bytes: f64,
}

/// One column read alone.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ScannedColumn {
    /// Its name.
    pub(crate) column: String,
    /// Of families or of members.
    pub(crate) member: bool,
    /// Nanoseconds per family, the counts of members included.
    pub(crate) ns: f64,
    /// Bytes per family on disk.
    pub(crate) bytes: f64,
}

pub(super) fn run(site: &Site, threads: usize, screen: &Screen) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::bug)?;
    let loaded = load(site, super::PERIOD, pool.current_num_threads(), screen)?;
    let snapshot = snapshot_of(site, super::PERIOD, &loaded.dictionary)?;
    let (family, member) = granted(&loaded, find(&loaded.programs, "pkh")?, &snapshot);
    let families = snapshot.manifest().families;
    let read = |family: &[ColumnId], member: &[ColumnId]| {
        let times = pool.install(|| super::times(ROUNDS, || scan(&snapshot, family, member).map(drop)))?;
        let time = super::least(&times);
        Ok::<f64, Error>(per_family(time, families))
    };
    let mut columns = Vec::new();
    for (id, is_member) in family.iter().map(|id| (id, false)).chain(member.iter().map(|id| (id, true))) {
        let one = std::slice::from_ref(id);
        let ns = if is_member { read(&[], one)? } else { read(one, &[])? };
        columns.push(ScannedColumn {
            column: loaded.dictionary.get(*id).name.clone(),
            member: is_member,
            ns,
            bytes: bytes(&snapshot, one)?,
        });
    }
    let (nine_family, nine_member) = nine(&loaded.dictionary);
    let both = |a: &[ColumnId], b: &[ColumnId]| bytes(&snapshot, &[a, b].concat());
    let scanned = Scanned {
        families,
        members: snapshot.manifest().members,
        threads: pool.current_num_threads(),
        counts_ns: read(&[], &[])?,
        columns,
        grant_ns: read(&nine_family, &nine_member)?,
        pkh_ns: read(&family, &member)?,
        grant_bytes: both(&nine_family, &nine_member)?,
        pkh_bytes: both(&family, &member)?,
    };
    if screen.json {
        return screen.json(&scanned);
    }
    show(&scanned, screen);
    screen.next("layak bench");
    Ok(())
}

fn nine(dictionary: &Dictionary) -> (Vec<ColumnId>, Vec<ColumnId>) {
    let of = |entity: Entity| {
        let ids = GRANT.iter().filter_map(|name| dictionary.id(name));
        ids.filter(|id| dictionary.get(*id).entity == entity).collect()
    };
    (of(Entity::Family), of(Entity::Member))
}

/// Bytes per family of columns on disk.
#[expect(clippy::float_arithmetic, reason = "a measure for people, never a decision")]
fn bytes(snapshot: &Snapshot, ids: &[ColumnId]) -> Result<f64> {
    let hundredths = snapshot.bytes_of(ids)?.saturating_mul(100).checked_div(snapshot.manifest().families).unwrap_or(0);
    Ok(f64::from(u32::try_from(hundredths).unwrap_or(u32::MAX)) / 100.0)
}

fn show(scanned: &Scanned, screen: &Screen) {
    let word = |id, en| screen.word(id, en);
    let head = [
        (word("kolom", "column"), Stand::Left),
        (word("ns/keluarga", "ns/family"), Stand::Right),
        (word("bita/keluarga", "bytes/family"), Stand::Right),
    ];
    let row = |title: &str, ns: f64, bytes: f64| vec![title.to_owned(), format!("{ns:.1}"), format!("{bytes:.2}")];
    let mut rows = vec![row(word("(jumlah anggota)", "(counts of members)"), scanned.counts_ns, 0.0)];
    rows.extend(scanned.columns.iter().map(|one| row(&one.column, one.ns, one.bytes)));
    let five = word("5 kolom keluarga + 4 anggota", "5 family + 4 member columns");
    rows.push(row(five, scanned.grant_ns, scanned.grant_bytes));
    rows.push(row(word("semua kolom PKH", "all columns of PKH"), scanned.pkh_ns, scanned.pkh_bytes));
    screen.table(&head, &rows);
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let (families, members, threads) = (count(scanned.families), count(scanned.members), scanned.threads);
    screen.say(&say!(
        "{families} keluarga, {members} orang, {threads} utas, terbaik dari {ROUNDS}",
        "{families} families, {members} people, {threads} threads, best of {ROUNDS}"
    ));
}
