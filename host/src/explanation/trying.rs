//! What judges a family again, with its settings or with others.
//!
//! Takes batches; gives verdicts of the very plugin that a run or a scenario
//! uses. A setting that the plugin refuses gives nothing.

use crate::columns::ColumnId;
use crate::error::{Error, Fault, Result};
use crate::program::Program;
use crate::sandbox::{Judge, Line, Plugin, Value, Verdicts};
use crate::snapshot::batch::Batch;
use crate::terms::Date;

/// Judges copies of one family.
pub trait Trying: Sync {
    /// With the settings in force.
    ///
    /// # Errors
    /// A fault of the plugin.
    fn verdicts(&self, batch: &Batch) -> Result<Verdicts>;

    /// With these settings instead; `None` if the plugin refuses them.
    ///
    /// # Errors
    /// A fault of the plugin.
    fn verdicts_with(&self, settings: &[Value], batch: &Batch) -> Result<Option<Verdicts>>;

    /// Amounts and scores by part.
    ///
    /// # Errors
    /// A fault of the plugin.
    fn lines(&self, batch: &Batch) -> Result<Vec<Line>>;
}

/// A plugin of the sandbox with a program's settings and granted columns.
#[derive(Debug, Clone)]
pub struct InSandbox {
    plugin: Plugin,
    judge: Judge,
    columns: Vec<Option<ColumnId>>,
    dates: (Date, Date),
}

impl InSandbox {
    /// `columns` are those that will be in the batches; `dates` are as-of and the period's first day.
    ///
    /// # Errors
    /// Settings that the plugin refuses.
    pub fn new(
        plugin: &Plugin,
        program: &Program,
        columns: Vec<Option<ColumnId>>,
        dates: (Date, Date),
    ) -> Result<InSandbox> {
        let settings: Vec<Value> = program.settings.iter().map(|held| held.value.clone()).collect();
        let judge = configured(plugin, &settings, &columns, dates)?;
        Ok(InSandbox { plugin: plugin.clone(), judge, columns, dates })
    }
}

fn configured(
    plugin: &Plugin,
    settings: &[Value],
    columns: &[Option<ColumnId>],
    (as_of, first_day): (Date, Date),
) -> Result<Judge> {
    let present: Vec<bool> = columns.iter().map(Option::is_some).collect();
    plugin.configure(settings, &present, as_of, first_day)
}

impl Trying for InSandbox {
    fn verdicts(&self, batch: &Batch) -> Result<Verdicts> {
        Ok(self.judge.judge(batch, &self.columns)?.0)
    }

    fn verdicts_with(&self, settings: &[Value], batch: &Batch) -> Result<Option<Verdicts>> {
        let wishes = &self.plugin.description().settings;
        if settings.len() != wishes.len() {
            return Err(Error::bug("settings are those of the plugin's description"));
        }
        match configured(&self.plugin, settings, &self.columns, self.dates) {
            Ok(judge) => Ok(Some(judge.judge(batch, &self.columns)?.0)),
            Err(error) if error.fault == Fault::Rules => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lines(&self, batch: &Batch) -> Result<Vec<Line>> {
        self.judge.breakdown(batch, &self.columns)
    }
}
