//! What `simulate --json` prints: level and delta side by side, both labelled.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::load::{Sample, World};
use crate::columns::regions::Regions;
use crate::error::Result;
use crate::program::Ratio;
use crate::simulation::by::AGE_GROUPS;
use crate::simulation::{By, Cell, Comparison, Dimension, MoverCount, ProgramComparison, Reform, Scenario, Side};
use crate::terms::Text;

/// Several scenarios side by side.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Several {
    /// In the order of the command line.
    pub(crate) scenarios: Vec<Simulated>,
}

/// One scenario against the baseline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Simulated {
    /// The scenario's id.
    pub(crate) scenario: String,
    /// Its title.
    pub(crate) title: Text,
    /// What it changes: program and key, with the values of both sides.
    pub(crate) changes: Vec<Changed>,
    /// Root of the snapshot.
    pub(crate) snapshot: String,
    /// Period of the snapshot.
    pub(crate) period: String,
    /// What the reform is compared with: `rules`, the site's rule files.
    pub(crate) baseline: String,
    /// Hash of the rule file and digest of the plugin of each baseline program.
    pub(crate) baseline_hashes: BTreeMap<String, [String; 2]>,
    /// The sample, if only that was read.
    pub(crate) sample: Option<Sample>,
    /// Families held and families stood for: quotas and ceilings shrink with it.
    pub(crate) scale: [u64; 2],
    /// Program by program, in the order of levels.
    pub(crate) programs: Vec<ProgramFigures>,
    /// Over all programs together.
    pub(crate) net: NetFigures,
}

/// One changed value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Changed {
    /// Program.
    pub(crate) program: String,
    /// Key as a scenario writes it.
    pub(crate) key: String,
    /// Value of the baseline; `null` where there is none.
    pub(crate) baseline: Option<String>,
    /// Value of the reform.
    pub(crate) reform: Option<String>,
}

/// Level of one side.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct SideFigures {
    /// Rows of the program's unit.
    pub(crate) registered: u64,
    /// Eligible rows.
    pub(crate) eligible: u64,
    /// Recipients.
    pub(crate) recipients: u64,
    /// Eligible rows not chosen.
    pub(crate) waiting: u64,
    /// Rows in review.
    pub(crate) review: u64,
    /// Rows refused for an unknown.
    pub(crate) refused_unknown: u64,
    /// Rupiah per run period.
    pub(crate) cost_period: i64,
    /// Rupiah per year.
    pub(crate) cost_year: i64,
    /// Seats after scaling; `null` = no limit.
    pub(crate) seats: Option<u64>,
    /// Ceiling per period after scaling.
    pub(crate) ceiling_period: Option<i64>,
    /// `quota`, `ceiling` or `none` = all eligible served.
    pub(crate) binds: String,
    /// Rows that fail each criterion, by bit.
    pub(crate) failed: BTreeMap<String, u64>,
}

/// Reform minus baseline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Delta {
    /// Recipients.
    pub(crate) recipients: i64,
    /// Rupiah per run period.
    pub(crate) cost_period: i64,
    /// Rupiah per year.
    pub(crate) cost_year: i64,
}

/// Movers by where they come from or go to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct MoverFigures {
    /// Gainers: not eligible before.
    pub(crate) newly_eligible: u64,
    /// Gainers: from the waiting list.
    pub(crate) promoted: u64,
    /// Gainers: out of review.
    pub(crate) out_of_review: u64,
    /// Losers: no longer eligible.
    pub(crate) no_longer_eligible: u64,
    /// Losers: still eligible, below the cut.
    pub(crate) displaced: u64,
    /// Losers: into review.
    pub(crate) into_review: u64,
    /// Rupiah per period that movers gain.
    pub(crate) rupiah_gained: i64,
    /// Rupiah per period that movers lose.
    pub(crate) rupiah_lost: i64,
}

/// One own setting of several.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct SettingFigures {
    /// The setting.
    pub(crate) setting: String,
    /// Movers whose cause it is, in the scenario's order.
    pub(crate) movers: u64,
    /// Gainers, losers and changed when it is changed alone.
    pub(crate) alone: [u64; 3],
}

/// One cell of a breakdown.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct CellFigures {
    /// Value of each fact; `null` = not delivered.
    pub(crate) key: Vec<Option<String>>,
    /// What the values mean.
    pub(crate) label: Text,
    /// Families.
    pub(crate) families: u64,
    /// People.
    pub(crate) people: u64,
    /// Recipients of the baseline.
    pub(crate) baseline: u64,
    /// Recipients of the reform.
    pub(crate) reform: u64,
    /// Rupiah per period of the baseline.
    pub(crate) baseline_cost: i64,
    /// Rupiah per period of the reform.
    pub(crate) reform_cost: i64,
    /// Recipients in the reform only.
    pub(crate) gainers: u64,
    /// Recipients in the baseline only.
    pub(crate) losers: u64,
    /// Losers who are still eligible.
    pub(crate) displaced: u64,
    /// Recipients on both sides with another amount.
    pub(crate) changed: u64,
}

/// One program.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ProgramFigures {
    /// Program id.
    pub(crate) program: String,
    /// `family` or `person`.
    pub(crate) unit: String,
    /// What limits the reform's recipients: `quota`, `ceiling`, `none`.
    pub(crate) binds: String,
    /// As it is.
    pub(crate) baseline: SideFigures,
    /// As it would be.
    pub(crate) reform: SideFigures,
    /// Reform minus baseline.
    pub(crate) delta: Delta,
    /// Recipients in the reform only.
    pub(crate) gainers: u64,
    /// Recipients in the baseline only.
    pub(crate) losers: u64,
    /// Recipients on both sides with another amount.
    pub(crate) changed: u64,
    /// Losers who are still eligible.
    pub(crate) displaced: u64,
    /// Movers in detail.
    pub(crate) movers: MoverFigures,
    /// Movers by cause; sums to gainers, losers and changed.
    pub(crate) causes: BTreeMap<String, u64>,
    /// Own settings, where several are changed.
    pub(crate) settings: Vec<SettingFigures>,
    /// Breakdowns.
    pub(crate) by: BTreeMap<String, Vec<CellFigures>>,
}

/// Over all programs together.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct NetFigures {
    /// Families.
    pub(crate) families: u64,
    /// Change of a family's rupiah per period: families and rupiah by band.
    pub(crate) bands: Vec<BandFigures>,
    /// Families by number of programs: programs, baseline, reform.
    pub(crate) programs: Vec<[u64; 3]>,
    /// Families of decile 1.
    pub(crate) poorest: u64,
    /// Of these, with no program: baseline, reform.
    pub(crate) poorest_with_none: [u64; 2],
    /// Families served by both of two programs.
    pub(crate) overlaps: Vec<Overlap>,
}

/// One band of change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct BandFigures {
    /// Band.
    pub(crate) band: String,
    /// Families.
    pub(crate) families: u64,
    /// Rupiah per period gained or lost.
    pub(crate) rupiah: i64,
}

/// Families served by both of two programs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Overlap {
    /// The programs.
    pub(crate) programs: [String; 2],
    /// Baseline.
    pub(crate) baseline: u64,
    /// Reform.
    pub(crate) reform: u64,
}

/// The document of one scenario.
pub(super) fn document(
    world: &World,
    reforms: &[Reform],
    scenario: &Scenario,
    comparison: &Comparison,
    by: &[By],
    sample: Option<Sample>,
    scale: Ratio,
) -> Result<Simulated> {
    let manifest = world.snapshot.manifest();
    let before = reforms.iter().filter_map(|reform| reform.before.as_ref());
    let hashes = before.map(|one| (one.id.clone(), [one.rule_hash.clone(), one.plugin_digest.clone()])).collect();
    let programs = comparison.programs.iter().map(|one| figures(world, reforms, one, by)).collect();
    Ok(Simulated {
        scenario: scenario.id.clone(),
        title: scenario.title.clone(),
        changes: super::load::differences(reforms),
        snapshot: world.snapshot.root().to_owned(),
        period: manifest.period.clone(),
        baseline: "rules".to_owned(),
        baseline_hashes: hashes,
        sample,
        scale: [scale.holds, scale.stands_for],
        programs,
        net: net(comparison),
    })
}

fn figures(world: &World, reforms: &[Reform], one: &ProgramComparison, by: &[By]) -> ProgramFigures {
    let MoverCount { gainers, losers, changed, displaced, .. } = one.movers;
    let reform = reforms.iter().find(|reform| reform.id() == one.program);
    let codes = |program: Option<&crate::program::Program>| -> Vec<String> {
        program.map(|p| p.description.criteria.iter().map(|part| part.code.clone()).collect()).unwrap_or_default()
    };
    let before = codes(reform.and_then(|r| r.before.as_ref()));
    let after = codes(reform.and_then(|r| r.after.as_ref()));
    let (baseline, reformed) = (side(&one.baseline, &before), side(&one.reform, &after));
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let cells = one.by.iter().zip(by).map(|(cells, by)| {
        (by.name.clone(), cells.iter().map(|(key, cell)| cell_figures(world, by, key, cell)).collect())
    });
    ProgramFigures {
        program: one.program.clone(),
        unit: if one.person { "person" } else { "family" }.to_owned(),
        binds: reformed.binds.clone(),
        delta: Delta {
            recipients: signed(reformed.recipients) - signed(baseline.recipients),
            cost_period: reformed.cost_period - baseline.cost_period,
            cost_year: reformed.cost_year - baseline.cost_year,
        },
        baseline,
        reform: reformed,
        gainers,
        losers,
        changed,
        displaced,
        movers: movers(&one.movers),
        causes: one.causes.iter().map(|(cause, count)| ((*cause).to_owned(), *count)).collect(),
        settings: one
            .waterfall
            .iter()
            .map(|fall| SettingFigures {
                setting: fall.setting.clone(),
                movers: fall.movers,
                alone: [fall.alone.gainers, fall.alone.losers, fall.alone.changed],
            })
            .collect(),
        by: cells.collect(),
    }
}

fn movers(count: &MoverCount) -> MoverFigures {
    MoverFigures {
        newly_eligible: count.newly_eligible,
        promoted: count.promoted,
        out_of_review: count.out_of_review,
        no_longer_eligible: count.no_longer_eligible,
        displaced: count.displaced,
        into_review: count.into_review,
        rupiah_gained: count.rupiah_gained,
        rupiah_lost: count.rupiah_lost,
    }
}

fn side(side: &Side, criteria: &[String]) -> SideFigures {
    let funnel = &side.funnel;
    SideFigures {
        registered: funnel.registered,
        eligible: funnel.eligible,
        recipients: funnel.recipients,
        waiting: funnel.waiting,
        review: funnel.review,
        refused_unknown: funnel.refused_unknown,
        cost_period: funnel.cost_period,
        cost_year: side.cost_year,
        seats: funnel.seats,
        ceiling_period: funnel.ceiling,
        binds: funnel.binds.name().to_owned(),
        failed: criteria.iter().cloned().zip(funnel.criteria.iter().map(|count| count.failed)).collect(),
    }
}

fn cell_figures(world: &World, by: &By, key: &[i64], cell: &Cell) -> CellFigures {
    let labels: Vec<Text> = by.of.iter().zip(key).map(|(of, value)| label(world, *of, *value)).collect();
    let joined = |of: fn(&Text) -> &str| labels.iter().map(of).collect::<Vec<_>>().join(" / ");
    CellFigures {
        key: by.of.iter().zip(key).map(|(of, value)| code(world, *of, *value)).collect(),
        label: Text::new(joined(|text| &text.id), joined(|text| &text.en)),
        families: cell.families,
        people: cell.people,
        baseline: cell.recipients[0],
        reform: cell.recipients[1],
        baseline_cost: cell.cost[0],
        reform_cost: cell.cost[1],
        gainers: cell.gainers,
        losers: cell.losers,
        displaced: cell.displaced,
        changed: cell.changed,
    }
}

/// A value as scripts read it: region codes with their system, numbers else.
fn code(world: &World, of: Dimension, value: i64) -> Option<String> {
    let at = usize::try_from(value).ok()?;
    let manifest = world.snapshot.manifest();
    Some(match of {
        Dimension::Province => format!("kemendagri:{}", manifest.partitions.get(at)?.province),
        Dimension::Regency => format!("kemendagri:{}", manifest.regions.regencies.get(at)?.code),
        Dimension::AgeGroup => AGE_GROUPS.get(at)?.to_string(),
        _ => value.to_string(),
    })
}

/// A value in words.
fn label(world: &World, of: Dimension, value: i64) -> Text {
    let Some(code) = code(world, of, value) else { return Text::new("tidak dikirim", "not delivered") };
    let column = |name: &str| world.dictionary.id(name);
    let coded = |id: Option<crate::columns::ColumnId>| {
        let code = u32::try_from(value).ok();
        let found = id.zip(code).and_then(|(id, code)| world.dictionary.get(id).code(code));
        found.map(|code| Text::new(code.id.clone(), code.en.clone()))
    };
    let at = usize::try_from(value).unwrap_or(usize::MAX);
    let named = match of {
        Dimension::Province => {
            let (_, bare) = code.split_once(':').unwrap_or(("", &code));
            let found = Regions::embedded().provinces().iter().find(|province| province.kemendagri == bare);
            found.map(|province| Text::new(province.name.clone(), province.name.clone()))
        }
        Dimension::Regency => {
            world.snapshot.manifest().regions.regencies.get(at).map(|row| Text::new(row.name.clone(), row.name.clone()))
        }
        Dimension::Decile if value == 0 => Some(Text::new("belum ditentukan", "undetermined")),
        Dimension::Decile => Some(Text::new(format!("desil {value}"), format!("decile {value}"))),
        Dimension::HeadSex => coded(column("sex")),
        Dimension::Settlement => coded(column("settlement")),
        Dimension::FamilySize if value >= 10 => Some(Text::new("10 orang dan lebih", "10 people and more")),
        Dimension::FamilySize => Some(Text::new(format!("{value} orang"), format!("{value} people"))),
        Dimension::AgeGroup => {
            let until = AGE_GROUPS.get(at + 1).map_or_else(|| "+".to_owned(), |next| format!("-{}", next - 1));
            Some(Text::new(format!("{code}{until} tahun"), format!("{code}{until} years")))
        }
        Dimension::Disability if value == 1 => Some(Text::new("disabilitas berat", "severe disability")),
        Dimension::Disability => Some(Text::new("tanpa disabilitas berat", "no severe disability")),
        Dimension::Column(id, _) => coded(Some(id)),
    };
    named.unwrap_or_else(|| Text::new(code.clone(), code))
}

fn net(comparison: &Comparison) -> NetFigures {
    let net = &comparison.net;
    NetFigures {
        families: net.families,
        bands: net
            .bands
            .iter()
            .map(|(band, (families, rupiah))| BandFigures {
                band: band.name().to_owned(),
                families: *families,
                rupiah: *rupiah,
            })
            .collect(),
        programs: (0u64..).zip(&net.programs).map(|(many, [before, after])| [many, *before, *after]).collect(),
        poorest: net.poorest,
        poorest_with_none: net.poorest_with_none,
        overlaps: net
            .overlaps
            .iter()
            .map(|pair| Overlap {
                programs: [pair.programs.0.clone(), pair.programs.1.clone()],
                baseline: pair.families[0],
                reform: pair.families[1],
            })
            .collect(),
    }
}
