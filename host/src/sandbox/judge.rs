//! A plugin with its settings, ready to judge batches.
//!
//! Takes batches; gives checked verdicts and the fuel they cost. Each call runs
//! in a fresh instance, so that nothing can be carried from one batch to the
//! next; any number of threads may judge at the same time.

use super::bindings::Program;
use super::bindings::layak::program::types as wit;
use super::check::{self, Declared};
use super::description::{Unit, Value};
use super::limits;
use super::lower::Crossing;
use super::plugin::Plugin;
use super::shape::shown;
use super::{Line, Verdicts, describe};
use crate::columns::ColumnId;
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::snapshot::batch::Batch;
use crate::terms::{Date, Text};

/// Bytes that `configure` may bring into the host.
const CONFIGURE_BYTES: usize = limits::PROBLEMS * (2 * limits::TEXT_BYTES + 64);

/// A configured plugin.
#[derive(Debug, Clone)]
pub struct Judge {
    plugin: Plugin,
    settings: Vec<Value>,
    present: Vec<bool>,
    as_of: Date,
    period_start: Date,
    declared: Declared,
}

impl Judge {
    pub(super) fn new(
        plugin: Plugin,
        settings: &[Value],
        present: &[bool],
        as_of: Date,
        period_start: Date,
    ) -> Result<Judge> {
        match Judge::asked(plugin, settings, present, as_of, period_start)? {
            (judge, problems) if problems.is_empty() => Ok(judge),
            (judge, problems) => Err(judge.not_accepted(&problems)),
        }
    }

    /// The judge, and each setting that the plugin does not accept with its reason.
    pub(super) fn asked(
        plugin: Plugin,
        settings: &[Value],
        present: &[bool],
        as_of: Date,
        period_start: Date,
    ) -> Result<(Judge, Vec<(String, Text)>)> {
        let description = plugin.description();
        if settings.len() != description.settings.len() || present.len() != description.columns.len() {
            return Err(Error::bug("settings or columns are not those of the plugin's description"));
        }
        if let Some((wish, _)) =
            description.settings.iter().zip(settings).find(|(wish, value)| !describe::fits(wish, value))
        {
            return Err(Error::bug(format!("setting `{}` was not checked against the description", wish.name)));
        }
        if let Some((wish, _)) = description.columns.iter().zip(present).find(|(wish, here)| wish.required && !**here) {
            let (name, column) = (&description.name, &wish.name);
            return Err(Error::new(
                Fault::Rules,
                say!(
                    "program `{name}` membutuhkan kolom `{column}` yang tidak diberikan",
                    "program `{name}` needs column `{column}`, which is not granted"
                ),
            )
            .fix(say!(
                "beri izin kolom `{column}` di rules/operator.toml, atau hentikan program ini",
                "grant column `{column}` in rules/operator.toml, or leave this program out"
            )));
        }
        let declared = Declared::of(description);
        let judge =
            Judge { plugin, settings: settings.to_vec(), present: present.to_vec(), as_of, period_start, declared };
        let fuel = judge.plugin.inner.runner.limits.fuel_base;
        let (problems, _) = judge.call("configure", fuel, 0, |_, _| Ok(()))?;
        let problems = problems.err().map(|problems| judge.by_setting(&problems));
        Ok((judge, problems.unwrap_or_default()))
    }

    /// The problems by the names of their settings, safe to print.
    fn by_setting(&self, problems: &[wit::Problem]) -> Vec<(String, Text)> {
        let settings = &self.plugin.description().settings;
        let one = |problem: &wit::Problem| {
            let name = settings.get(usize::from(problem.setting)).map_or("?", |wish| wish.name.as_str());
            (name.to_owned(), Text::new(shown(&problem.id), shown(&problem.en)))
        };
        problems.iter().take(limits::PROBLEMS).map(one).collect()
    }

    /// The plugin judging.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Judges a batch: checked verdicts, one row per family or per member, and
    /// the fuel burnt. `columns[i]` is where wish i is found in the batch.
    ///
    /// # Errors
    /// `Fault::Plugin` if the plugin traps or breaks a promise.
    pub fn judge(&self, batch: &Batch, columns: &[Option<ColumnId>]) -> Result<(Verdicts, u64)> {
        let description = self.plugin.description();
        let crossing = Crossing::new(description, batch, columns, &self.present)?;
        let rows = self.rows(batch);
        let answer = 4 * 32 * rows as usize;
        let fuel = self.plugin.inner.runner.limits.fuel(batch.families, batch.members());
        let (said, burnt) = self.call("judge", fuel, answer, |program, store| {
            program.layak_program_rules().call_judge(store, crossing.batch())
        })?;
        let said = said.map_err(|problems| self.changed_its_mind(&problems))?;
        let verdicts = check::verdicts(&description.name, said, rows as usize, self.declared)?;
        Ok((verdicts, burnt))
    }

    /// Explains amounts and scores of a batch's rows that did not fail, by
    /// component and part. The caller checks the sums against the verdicts.
    ///
    /// # Errors
    /// `Fault::Plugin` if the plugin traps or names a row, member or part that
    /// does not exist.
    pub fn breakdown(&self, batch: &Batch, columns: &[Option<ColumnId>]) -> Result<Vec<Line>> {
        let description = self.plugin.description();
        let crossing = Crossing::new(description, batch, columns, &self.present)?;
        let rows = self.rows(batch);
        let parts = description.components.len() + description.score_parts.len();
        let most = (rows as usize).saturating_add(batch.members() as usize).saturating_mul(parts.max(1));
        let fuel = self.plugin.inner.runner.limits.fuel(batch.families, batch.members()).saturating_mul(2);
        let (said, _) = self.call("breakdown", fuel, most.saturating_mul(24), |program, store| {
            program.layak_program_rules().call_breakdown(store, crossing.batch())
        })?;
        let said = said.map_err(|problems| self.changed_its_mind(&problems))?;
        check::lines(description, said, rows, batch.members())
    }

    fn rows(&self, batch: &Batch) -> u32 {
        match self.plugin.description().unit {
            Unit::Family => batch.families,
            Unit::Person => batch.members(),
        }
    }

    /// Configures a fresh instance and then works in it.
    fn call<R>(
        &self,
        name: &str,
        fuel: u64,
        answer: usize,
        work: impl FnOnce(&Program, &mut wasmtime::Store<wasmtime::StoreLimits>) -> wasmtime::Result<R>,
    ) -> Result<(std::result::Result<R, Vec<wit::Problem>>, u64)> {
        let settings: Vec<wit::ValueParam<'_>> = self.settings.iter().map(crossing_value).collect();
        let inner = &self.plugin.inner;
        let answer = answer.saturating_add(64 << 10);
        inner.runner.call(&inner.description.name, name, fuel, answer, |program, store| {
            store.set_hostcall_fuel(CONFIGURE_BYTES);
            let rules = program.layak_program_rules();
            let checked =
                rules.call_configure(&mut *store, &settings, &self.present, self.as_of.0, self.period_start.0)?;
            store.set_hostcall_fuel(answer);
            match checked {
                Ok(()) => work(program, store).map(Ok),
                Err(problems) => Ok(Err(problems)),
            }
        })
    }

    fn not_accepted(&self, problems: &[(String, Text)]) -> Error {
        let name = &self.plugin.description().name;
        let joined = |text: &dyn Fn(&Text) -> &str| {
            problems.iter().map(|(at, why)| format!("`{at}`: {}", text(why))).collect::<Vec<_>>().join("; ")
        };
        let (id, en) = (joined(&|why| &why.id), joined(&|why| &why.en));
        Error::new(
            Fault::Rules,
            say!(
                "program `{name}` tidak menerima pengaturannya: {id}",
                "program `{name}` does not accept its settings: {en}"
            ),
        )
        .fix(say!(
            "ubah nilai itu di [settings] berkas aturan rules/{name}.toml",
            "change that value in [settings] of the rule file rules/{name}.toml"
        ))
        .code("settings")
    }

    /// `configure` accepted these settings before: the same call must agree.
    fn changed_its_mind(&self, problems: &[wit::Problem]) -> Error {
        let mut error = self.not_accepted(&self.by_setting(problems));
        error.fault = Fault::Plugin;
        error.code("changed_its_mind")
    }
}

fn crossing_value(value: &Value) -> wit::ValueParam<'_> {
    match value {
        Value::Integer(value) => wit::ValueParam::Integer(*value),
        Value::Codes(codes) => wit::ValueParam::Codes(codes),
    }
}
