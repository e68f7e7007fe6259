//! `rules/operator.toml`: what the operator of a site grants, limits and orders.
//!
//! Takes its text; gives the columns that each program may read. A column that
//! is not granted never reaches a plugin; identity is never granted to anyone.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use schemars::JsonSchema;

use crate::columns::{Class, ColumnId, Dictionary, Entity};
use crate::error::{Error, Fault};
use crate::sandbox::{ColumnWish, Description};
use crate::say;
use crate::terms::Text;

use super::page::{At, Node, Page, Table, get};
use super::written;

/// What one program may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Everything that the plugin asks for, identity apart.
    pub all_requested: bool,
    /// Named columns.
    pub columns: Vec<At<String>>,
    /// The table in the file.
    pub span: Range<usize>,
}

/// Limits of the sandbox, where the operator sets them; else the sandbox's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Fuel for a batch, whatever its size.
    pub fuel_base: Option<u64>,
    /// Fuel for each family.
    pub fuel_per_family: Option<u64>,
    /// Fuel for each member.
    pub fuel_per_member: Option<u64>,
    /// Wall clock of one call, in seconds: a watchdog.
    pub wall_seconds: Option<u64>,
    /// Address space of the compiling child, in mebibytes.
    pub compile_memory_mib: Option<u64>,
    /// CPU seconds of the compiling child.
    pub compile_seconds: Option<u64>,
}

/// Where and until when a family may object, as letters say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The office, with its address.
    pub office: Text,
    /// Days after the letter.
    pub deadline_days: i64,
    /// Where the deadline comes from.
    pub source: String,
}

/// The operator's file in its checked form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operator {
    /// By program.
    pub grants: BTreeMap<String, Grant>,
    /// Of the sandbox.
    pub limits: Limits,
    /// Programs in the order in which they are shown and, within a level, run.
    pub order: Vec<At<String>>,
    /// Where and until when to object; `None` = not written.
    pub objection: Option<Objection>,
    path: std::path::PathBuf,
    text: String,
}

/// One program's grant as written.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GrantTable {
    /// Columns that the program may read.
    pub columns: Option<Vec<String>>,
    /// Whether it may read everything that its plugin asks for.
    pub all_requested: Option<bool>,
}

/// The limits as written.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LimitTable {
    /// Fuel for a batch, whatever its size.
    pub fuel_base: Option<u64>,
    /// Fuel for each family.
    pub fuel_per_family: Option<u64>,
    /// Fuel for each member.
    pub fuel_per_member: Option<u64>,
    /// Wall clock of one call, in seconds: a watchdog.
    pub wall_seconds: Option<u64>,
    /// Address space of the compiling child, in mebibytes.
    pub compile_memory_mib: Option<u64>,
    /// CPU seconds of the compiling child.
    pub compile_seconds: Option<u64>,
}

/// Where and until when to object, as written.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ObjectionTable {
    /// The office, with its address.
    pub office: Text,
    /// Days after the letter.
    #[schemars(range(min = 1, max = 366))]
    pub deadline_days: i64,
    /// Decree, or `assumed`.
    #[schemars(length(min = 1))]
    pub source: String,
}

/// The operator's file as written.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Layak operator file")]
pub struct OperatorTable {
    /// The schema for editors.
    #[schemars(rename = "$schema")]
    pub schema: Option<String>,
    /// By program.
    pub grants: Option<BTreeMap<String, GrantTable>>,
    /// Of the sandbox.
    pub limits: Option<LimitTable>,
    /// Programs in the order in which they are shown.
    pub order: Option<Vec<String>>,
    /// Where and until when to object.
    pub objection: Option<ObjectionTable>,
}

impl Operator {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Every problem found: keys, types, names that are no column, identity.
    pub fn parse(path: &Path, text: &str, dictionary: &Dictionary) -> Result<Operator, Vec<Error>> {
        let (mut page, root) = Page::open(path, text);
        let Some(root) = root else { return Err(page.close()) };
        written::shape::<OperatorTable>(&mut page, "", &root, &(0..0));
        let mut operator = Operator { path: path.to_path_buf(), text: text.to_owned(), ..Operator::default() };
        if let Some(grants) = get(&root, "grants").and_then(|node| page.table("grants", node)) {
            for (program, node) in grants {
                if let Some(grant) = grant(&mut page, program, node, dictionary) {
                    operator.grants.insert(program.value.clone(), grant);
                }
            }
        }
        if let Some(node) = get(&root, "limits")
            && let Some(table) = page.table("limits", node)
        {
            operator.limits = limits(&mut page, table, &node.span);
        }
        if let Some(node) = get(&root, "objection") {
            operator.objection = objection(&mut page, node);
        }
        if let Some(node) = get(&root, "order") {
            operator.order = page.texts("order", node);
        }
        let errors = page.close();
        if errors.is_empty() { Ok(operator) } else { Err(errors) }
    }

    /// Reads `operator.toml` of a rules folder.
    ///
    /// # Errors
    /// As `parse`, and a file that cannot be read.
    pub fn read(rules: &Path, dictionary: &Dictionary) -> Result<Operator, Vec<Error>> {
        let path = rules.join("operator.toml");
        let text = std::fs::read_to_string(&path).map_err(|cause| vec![Error::storage(&path, cause)])?;
        Operator::parse(&path, &text, dictionary)
    }

    /// An operator who grants everything that is asked for: for `rules check`
    /// outside a site, and for tests. Never for a run.
    #[must_use]
    pub fn open_handed(programs: &[&str]) -> Operator {
        let grant = Grant { all_requested: true, columns: Vec::new(), span: 0..0 };
        let grants = programs.iter().map(|program| ((*program).to_owned(), grant.clone())).collect();
        Operator { grants, ..Operator::default() }
    }

    /// Notes names in `order` and `grants` that are no program of the site.
    pub(super) fn names(&self, programs: &[String], errors: &mut Vec<Error>) {
        let written = self.order.iter().map(|name| (&name.value, &name.span));
        let granted = self.grants.iter().map(|(name, grant)| (name, &grant.span));
        for (name, span) in written.chain(granted) {
            if !programs.contains(name) {
                let mut error = self.error(
                    span,
                    say!("tidak ada berkas aturan untuk program `{name}`", "no rule file for the program `{name}`"),
                );
                error.fix = super::page::suggestion(name, programs);
                errors.push(error);
            }
        }
    }

    fn error(&self, span: &Range<usize>, message: Text) -> Error {
        let error = Error::new(Fault::Rules, message).file(&self.path);
        if self.text.is_empty() { error } else { error.at(&self.text, span.clone()) }
    }

    /// Whether a program may read a column, asked for by its plugin or by its rule file.
    #[must_use]
    pub fn grants(&self, program: &str, column: &str) -> bool {
        let grant = self.grants.get(program);
        grant.is_some_and(|g| g.all_requested || g.columns.iter().any(|c| c.value == column))
    }

    /// For each column that the plugin asks for its id, or `None` where an
    /// optional one is not granted.
    ///
    /// # Errors
    /// Required columns that are not granted (all in one), columns that the
    /// dictionary does not know or knows otherwise, identity.
    pub fn resolve(
        &self,
        program: &str,
        plugin: &Description,
        dictionary: &Dictionary,
    ) -> Result<Vec<Option<ColumnId>>, Vec<Error>> {
        let grant = self.grants.get(program);
        let mut errors = Vec::new();
        let mut missing = Vec::new();
        let mut columns = Vec::new();
        for wish in &plugin.columns {
            let granted = self.grants(program, &wish.name);
            match known(wish, plugin, dictionary) {
                Err(error) => errors.push(error),
                Ok(id) if granted => columns.push(Some(id)),
                Ok(_) if wish.required => missing.push(wish.name.clone()),
                Ok(_) => columns.push(None),
            }
        }
        if !missing.is_empty() {
            let span = grant.map_or(0..0, |grant| grant.span.clone());
            let (shown, list) =
                (missing.join(", "), missing.iter().map(|m| format!("\"{m}\"")).collect::<Vec<_>>().join(", "));
            let message = say!(
                "program `{program}` memerlukan kolom yang tidak diberikan: {shown}",
                "the program `{program}` needs columns that are not granted: {shown}"
            );
            errors.push(self.error(&span, message).fix(say!(
                "tambahkan {list} ke `columns` di `[grants.{program}]`",
                "add {list} to `columns` in `[grants.{program}]`"
            )));
        }
        if errors.is_empty() { Ok(columns) } else { Err(errors) }
    }
}

/// The column of a wish, if the dictionary has it in that form.
fn known(wish: &ColumnWish, plugin: &Description, dictionary: &Dictionary) -> Result<ColumnId, Error> {
    let (name, by) = (&wish.name, &plugin.name);
    let Some(id) = dictionary.id(name) else {
        let mut error = Error::new(
            Fault::Plugin,
            say!(
                "plugin `{by}` meminta kolom `{name}` yang tidak ada di kamus",
                "the plugin `{by}` asks for the column `{name}`, which the dictionary does not have"
            ),
        );
        error.fix = dictionary.nearest(name).map(|near| say!("maksudnya `{near}`?", "did you mean `{near}`?"));
        return Err(error.code("column"));
    };
    let column = dictionary.get(id);
    if column.class == Class::Identity {
        let message = say!(
            "plugin `{by}` meminta identitas `{name}`; identitas tidak pernah diberikan",
            "the plugin `{by}` asks for the identity `{name}`; identity is never granted"
        );
        return Err(Error::new(Fault::Plugin, message).code("identity"));
    }
    if column.kind != wish.kind || column.entity != wish.entity {
        let (own, asked) = (form(column.entity, column.kind), form(wish.entity, wish.kind));
        let message = say!(
            "plugin `{by}` meminta kolom `{name}` sebagai {asked}, di kamus {own}",
            "the plugin `{by}` asks for the column `{name}` as {asked}, in the dictionary it is {own}"
        );
        return Err(Error::new(Fault::Plugin, message).code("column"));
    }
    Ok(id)
}

fn form(entity: Entity, kind: crate::columns::Kind) -> String {
    format!("{entity:?} {kind:?}").to_lowercase()
}

fn grant(page: &mut Page, program: &At<String>, node: &At<Node>, dictionary: &Dictionary) -> Option<Grant> {
    let name = format!("grants.{}", program.value);
    let table = page.table(&name, node)?;
    written::shape::<GrantTable>(page, &name, table, &node.span);
    let all_requested = get(table, "all_requested").and_then(|node| page.flag("all_requested", node)).unwrap_or(false);
    let columns = get(table, "columns").map(|node| page.texts("columns", node)).unwrap_or_default();
    for column in &columns {
        let name = &column.value;
        match dictionary.id(name).map(|id| dictionary.get(id).class) {
            Some(Class::Identity) => {
                page.note(
                    &column.span,
                    say!(
                        "`{name}` adalah identitas dan tidak pernah diberikan",
                        "`{name}` is identity and is never granted"
                    ),
                );
            }
            Some(_) => {}
            None => {
                let fix = dictionary.nearest(name).map(|near| say!("maksudnya `{near}`?", "did you mean `{near}`?"));
                page.note(
                    &column.span,
                    say!("kolom `{name}` tidak ada di kamus", "the dictionary has no column `{name}`"),
                )
                .fix = fix;
            }
        }
    }
    Some(Grant { all_requested, columns, span: program.span.clone() })
}

fn objection(page: &mut Page, node: &At<Node>) -> Option<Objection> {
    let table = page.table("objection", node)?;
    written::shape::<ObjectionTable>(page, "objection", table, &node.span);
    let office = get(table, "office").and_then(|node| written::text(page, "office", node));
    let days = get(table, "deadline_days").and_then(|node| page.integer("deadline_days", node, 1, 366));
    let source = get(table, "source").and_then(|node| page.filled("source", node));
    Some(Objection { office: office?.value, deadline_days: days?.value, source: source?.value })
}

fn limits(page: &mut Page, table: &Table, span: &Range<usize>) -> Limits {
    written::shape::<LimitTable>(page, "limits", table, span);
    let mut number = |key: &str, most: i64| {
        let number = get(table, key).and_then(|node| page.integer(key, node, 1, most))?;
        u64::try_from(number.value).ok()
    };
    Limits {
        fuel_base: number("fuel_base", 1_000_000_000_000),
        fuel_per_family: number("fuel_per_family", 1_000_000_000),
        fuel_per_member: number("fuel_per_member", 1_000_000_000),
        wall_seconds: number("wall_seconds", 3_600),
        compile_memory_mib: number("compile_memory_mib", 65_536),
        compile_seconds: number("compile_seconds", 3_600),
    }
}
