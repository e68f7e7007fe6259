//! `layak plugin pack | inspect`: from a core module to a gated component, and
//! what a component asks for.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::screen::{Screen, Stand};
use crate::columns::Entity;
use crate::error::{Error, Fault, Result};
use crate::sandbox::{Description, Inspection, Limits, Part, Sandbox, SettingKind, Unit, Value, pack};
use crate::say;
use crate::terms::show_count;

/// Plugins: wrap and inspect
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Wraps a core wasm module into a component and gates it
    Pack(PackArgs),
    /// Shows what a plugin asks for
    Inspect(InspectArgs),
}

/// Wraps a core wasm module into a component and gates it
#[derive(Debug, clap::Args)]
pub(crate) struct PackArgs {
    /// Core module built for wasm32-unknown-unknown
    #[arg(value_name = "CORE.wasm")]
    core: PathBuf,
    /// Component to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Shows what a plugin asks for
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// Component
    file: PathBuf,
}

pub(crate) fn run(verb: &Verb, screen: &Screen) -> Result<()> {
    match verb {
        Verb::Pack(args) => run_pack(args, screen),
        Verb::Inspect(args) => run_inspect(args, screen),
    }
}

/// What `plugin pack --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Packed {
    /// The component.
    file: String,
    /// Bytes.
    bytes: usize,
    /// BLAKE3.
    digest: String,
}

/// A file that was named on the command line.
pub(crate) fn read_given(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => Error::new(Fault::Usage, say!("berkas tidak ada", "there is no such file"))
            .file(path)
            .fix(say!("periksa nama berkas dan foldernya", "check the name of the file and its folder")),
        _ => Error::storage(path, cause),
    })
}

/// A wasm file: a wrong file is told in plainer words than the gate's.
fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = read_given(path)?;
    if bytes.starts_with(b"\0asm") {
        return Ok(bytes);
    }
    Err(Error::new(Fault::Plugin, say!("berkas ini bukan wasm", "this is not a wasm file")).file(path).fix(say!(
        "beri berkas .wasm dari `cargo build --target wasm32-unknown-unknown`",
        "give the .wasm file that `cargo build --target wasm32-unknown-unknown` made"
    )))
}

fn run_pack(args: &PackArgs, screen: &Screen) -> Result<()> {
    let component = pack(&read(&args.core)?).map_err(|error| error.file(&args.core))?;
    write_whole(&args.out, &component)?;
    let digest = blake3::hash(&component).to_hex().to_string();
    let packed = Packed { file: args.out.display().to_string(), bytes: component.len(), digest };
    if screen.json {
        return screen.json(&packed);
    }
    let (file, bytes) = (&packed.file, show_count(i64::try_from(packed.bytes).unwrap_or(0), screen.lang));
    screen.say(&say!("`{file}` ditulis, {bytes} bita", "`{file}` written, {bytes} bytes"));
    screen.next(&format!("layak program add RULES.toml {file}"));
    Ok(())
}

/// Writes a file complete or not at all. A file that is there keeps its mode, a
/// new one gets what the umask allows.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let file = tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o666)).tempfile_in(folder)?;
        if let Ok(there) = std::fs::metadata(path) {
            file.as_file().set_permissions(there.permissions())?;
        }
        std::fs::write(file.path(), bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    };
    write().map_err(|cause| Error::storage(path, cause))
}

/// Looks at a component in a sandbox of its own, whose compiled code goes again.
pub(crate) fn inspect(path: &Path) -> Result<Inspection> {
    let cache = tempfile::tempdir().map_err(|cause| Error::storage(std::env::temp_dir(), cause))?;
    let sandbox = Sandbox::new(Limits::default(), cache.path())?;
    sandbox.inspect(&read(path)?).map_err(|error| error.file(path))
}

/// What `plugin inspect --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Inspected {
    /// Bytes of the component.
    bytes: usize,
    /// BLAKE3.
    digest: String,
    /// Plugin name.
    name: String,
    /// Version.
    version: String,
    /// `family` or `person`.
    unit: String,
    /// Columns.
    columns: Vec<InspectedColumn>,
    /// Settings.
    settings: Vec<InspectedSetting>,
    /// Criteria, by bit.
    criteria: Vec<InspectedPart>,
    /// Benefit components.
    components: Vec<InspectedPart>,
    /// Score parts.
    score_parts: Vec<InspectedPart>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct InspectedColumn {
    name: String,
    entity: String,
    kind: String,
    required: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct InspectedSetting {
    name: String,
    kind: String,
    options: Vec<String>,
    unit: String,
    min: i64,
    max: i64,
    default: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct InspectedPart {
    code: String,
    columns: Vec<String>,
    settings: Vec<String>,
}

fn part(part: &Part, description: &Description) -> InspectedPart {
    let names = |list: &[u16], of: &dyn Fn(usize) -> Option<String>| {
        list.iter().filter_map(|at| of(usize::from(*at))).collect::<Vec<_>>()
    };
    InspectedPart {
        code: part.code.clone(),
        columns: names(&part.columns, &|at| description.columns.get(at).map(|wish| wish.name.clone())),
        settings: names(&part.settings, &|at| description.settings.get(at).map(|wish| wish.name.clone())),
    }
}

fn inspected(inspection: &Inspection) -> Inspected {
    let said = &inspection.description;
    let parts = |list: &[Part]| list.iter().map(|one| part(one, said)).collect();
    Inspected {
        bytes: inspection.bytes,
        digest: inspection.digest.clone(),
        name: said.name.clone(),
        version: said.version.clone(),
        unit: unit_word(said.unit).to_owned(),
        columns: said
            .columns
            .iter()
            .map(|wish| InspectedColumn {
                name: wish.name.clone(),
                entity: if wish.entity == Entity::Family { "family" } else { "member" }.to_owned(),
                kind: format!("{:?}", wish.kind).to_lowercase(),
                required: wish.required,
            })
            .collect(),
        settings: said
            .settings
            .iter()
            .map(|wish| InspectedSetting {
                name: wish.name.clone(),
                kind: setting_word(wish.kind).to_owned(),
                options: wish.options.clone(),
                unit: wish.unit.clone(),
                min: wish.min,
                max: wish.max,
                default: wish.default.as_ref().map(|value| match value {
                    Value::Integer(number) => number.to_string(),
                    Value::Codes(codes) => format!("{codes:?}"),
                }),
            })
            .collect(),
        criteria: parts(&said.criteria),
        components: parts(&said.components),
        score_parts: parts(&said.score_parts),
    }
}

/// `family` or `person`.
pub(crate) fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Family => "family",
        Unit::Person => "person",
    }
}

fn setting_word(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Integer => "integer",
        SettingKind::Flag => "flag",
        SettingKind::Choice => "choice",
        SettingKind::Choices => "choices",
        SettingKind::Codes => "codes",
    }
}

fn run_inspect(args: &InspectArgs, screen: &Screen) -> Result<()> {
    let page = inspected(&inspect(&args.file)?);
    if screen.json {
        return screen.json(&page);
    }
    let (unit, digest) = (&page.unit, &page.digest);
    screen.data(&format!("{} {} · {unit} · {} B · {digest}", page.name, page.version, page.bytes));
    let word = |id, en| screen.word(id, en);
    let need = |required: bool| if required { word("wajib", "required") } else { word("pilihan", "optional") };
    let columns: Vec<Vec<String>> = page
        .columns
        .iter()
        .map(|c| vec![c.name.clone(), c.entity.clone(), c.kind.clone(), need(c.required).to_owned()])
        .collect();
    let left = Stand::Left;
    screen.table(&[(word("kolom", "column"), left), ("", left), ("", left), ("", left)], &columns);
    let settings: Vec<Vec<String>> = page
        .settings
        .iter()
        .map(|s| {
            let allowed = if s.options.is_empty() { format!("{}..{}", s.min, s.max) } else { s.options.join(" | ") };
            vec![s.name.clone(), s.kind.clone(), s.unit.clone(), allowed, s.default.clone().unwrap_or_default()]
        })
        .collect();
    let head = [
        (word("pengaturan", "setting"), left),
        ("", left),
        (word("satuan", "unit"), left),
        (word("batas", "bounds"), left),
        (word("bawaan", "default"), left),
    ];
    screen.table(&head, &settings);
    for (title, parts) in [
        (word("kriteria", "criterion"), &page.criteria),
        (word("komponen", "component"), &page.components),
        (word("bagian skor", "score part"), &page.score_parts),
    ] {
        let rows: Vec<Vec<String>> =
            parts.iter().map(|p| vec![p.code.clone(), p.columns.join(" "), p.settings.join(" ")]).collect();
        screen.table(&[(title, left), (word("membaca", "reads"), left), (word("pengaturan", "settings"), left)], &rows);
    }
    screen.next(&format!("layak program add RULES.toml {}", args.file.display()));
    Ok(())
}

/// A usage error where a file of the wrong kind was named.
pub(crate) fn needs_toml(path: &Path) -> Result<()> {
    if path.extension().is_some_and(|ending| ending == "toml") {
        return Ok(());
    }
    let shown = path.display();
    Err(Error::new(Fault::Usage, say!("`{shown}` bukan berkas .toml", "`{shown}` is not a .toml file")).fix(say!(
        "urutannya: `layak program add ATURAN.toml PLUGIN.wasm`",
        "the order is `layak program add RULES.toml PLUGIN.wasm`"
    )))
}
