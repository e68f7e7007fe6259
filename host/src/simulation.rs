//! The same selection under changed rules, compared with the present one.
//!
//! Takes rows, the programs of the baseline and those of a reform, and what
//! configures their plugins; gives a `Comparison`: who gains, who loses, what it
//! costs, and the one cause of each move. Holds one code per row and variant in
//! memory and writes nothing: it can never publish (I10).

pub mod by;
mod compare;
mod held;
mod household;
mod overlay;
pub mod scenario;
mod stage;
mod steps;

pub use by::{By, Cell, Dimension};
pub use compare::{Comparison, MoverCount, ProgramComparison, Side, Waterfall};
pub use held::{Ended, Held, Outcomes};
pub use household::{Band, Net, Pair};
pub use overlay::rewritten;
pub use scenario::{Change, Scenario};
pub use stage::{Baseline, Judges, Site, simulate};
pub use steps::{Reform, Step};
