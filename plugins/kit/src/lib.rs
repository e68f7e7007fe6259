//! The guest's kit: a Rust type becomes a program that Layak can run.
//!
//! Takes columns of a batch and typed settings; gives verdicts and their
//! breakdown. A program never sees a name, a clock, a file or another batch,
//! and this crate gives it no way to. The only generated `unsafe` of the
//! repository stands in `guest`, for wasm alone.
//!
//! A program is one short file. In this order:
//! 1. `kit::columns!`: what it reads. Makes `Columns` and the names in `Column`.
//! 2. `kit::settings!`: what its rule file decides. Makes `Settings`, `Setting`.
//! 3. `kit::criteria!`, `kit::components!`, `kit::score!`: each with the columns
//!    and settings that it reads; a misspelt name does not compile.
//! 4. One function per criterion, and `impl kit::Program`: `new` works out once
//!    what the rows need (cut-off dates), `read` looks at one row, `award` pays
//!    and ranks it.
//!    A program that looks at many member columns may mark its members first,
//!    column by column ([`marks`]).
//! 5. `kit::export!(Type);` makes it a plugin when it is built for wasm.
//!
//! The same source runs natively through [`native`]. A whole program:
//!
//! ```
//! use kit::{Award, Dates, Outcome, Problem, Program, Row, Unit, law};
//!
//! kit::columns! {
//!     family { decile: u8 required }
//!     member { relation: u8 required, dead: bits optional }
//! }
//! kit::settings! {
//!     /// Highest decile served.
//!     max_decile: integer("decile", 1..=10) = 4,
//!     /// Paid per living member.
//!     amount: integer("idr/quarter", 0..=1_000_000) = 75_000,
//! }
//! kit::criteria! { Rice judges Family;
//!     alive reads [dead] with [];
//!     decile_within reads [decile] with [max_decile];
//! }
//! kit::components! { rice reads [relation, dead] with [amount] }
//! kit::score! { decile reads [decile] with [] }
//!
//! #[derive(Default)]
//! struct Family {
//!     decile: kit::Known<u8>,
//!     household: law::Household,
//! }
//!
//! struct Rice(Settings);
//!
//! impl Rice {
//!     /// At least one member lives.
//!     fn alive(&self, family: &Family) -> Outcome {
//!         family.household.alive()
//!     }
//!     /// The decile is within the limit.
//!     fn decile_within(&self, family: &Family) -> Outcome {
//!         law::decile_within(family.decile, self.0.max_decile)
//!     }
//! }
//!
//! impl Program for Rice {
//!     type Columns<'a> = Columns<'a>;
//!     type Settings = Settings;
//!     const NAME: &'static str = "rice";
//!     const VERSION: &'static str = "0.1.0";
//!     const UNIT: Unit = Unit::Family;
//!     const COMPONENTS: &'static [kit::Part] = Component::PARTS;
//!     const SCORE_PARTS: &'static [kit::Part] = ScorePart::PARTS;
//!     const SCORE: (i64, i64) = (0, 10);
//!     const AMOUNT: (i64, i64) = (0, 1_000_000_000);
//!
//!     fn new(settings: Settings, _: Dates) -> Result<Self, Vec<Problem>> {
//!         Ok(Self(settings))
//!     }
//!     fn read(&self, columns: &Columns<'_>, row: &Row<'_>, family: &mut Family) {
//!         family.decile = columns.decile.get(row.family);
//!         family.household = law::Household::default();
//!         for member in row.members.clone() {
//!             family.household.add(columns.relation.get(member), columns.dead.is_yes(member));
//!         }
//!     }
//!     fn award(&self, family: &Family, award: &mut impl Award) {
//!         award.pay(Component::rice, None, self.0.amount * i64::from(family.household.living));
//!         award.rank(ScorePart::decile, law::decile_points(family.decile));
//!     }
//! }
//! kit::export!(Rice);
//! # fn main() {
//! assert!(kit::native::describe::<Rice>().faults().is_empty());
//! # }
//! ```

mod batch;
mod columns;
mod criteria;
mod dates;
mod description;
#[cfg(target_arch = "wasm32")]
pub mod guest;
pub mod law;
pub mod marks;
pub mod native;
mod program;
mod settings;

pub use batch::{Batch, BatchColumn, Values};
pub use columns::{
    Bits, Columns, Known, Numbers, S32, S64, Set, SetAt, U8, U16, U32, bind_bits, bind_numbers, bind_set,
};
pub use criteria::{Component, Masks, Outcome, ScorePart};
pub use dates::{Dates, latest_birth};
pub use description::{ColumnWish, Description, Entity, Kind, Part, SettingKind, SettingWish, Unit, Value};
pub use marks::Marks;
pub use program::{Award, Criteria, Line, Program, Row, Verdicts};
pub use settings::{Problem, SettingValue, Settings};

/// Makes a program the plugin of its crate: nothing natively, the exports of
/// `schema/program.wit` for wasm.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export {
    ($program:ty) => {};
}

/// See the native form.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export {
    ($program:ty) => {
        $crate::export_guest!($program);
    };
}
