//! One finding in full: how it was weighed, who brings it in, who owns which step, what each side is told, and its
//! history.

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use trimtab_model::assessment::{Assessment, Cost, Deadline, Effect, Factor};
use trimtab_store::Scheduled;
use utoipa::ToSchema;

use super::decisions;
use super::findings::{Shown, ShownAttribution, ShownEntry};
use crate::access::Who;
use crate::facts::finding::{Facts, SIDES};
use crate::facts::steps::{Standing, Step};
use crate::paths::Ways;
use crate::problem::Problem;
use crate::state::App;

/// A finding with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FindingDetails)]
pub(crate) struct Details {
    #[serde(flatten)]
    finding: Shown,
    /// Every name of the vulnerability.
    aliases: Vec<String>,
    /// Who says so.
    attributions: Vec<ShownAttribution>,
    /// How it was weighed, reckoned now. `null`: the advisory index does not know the vulnerability.
    assessment: Option<ShownAssessment>,
    evidence: Evidence,
    /// Who brings the component in.
    paths: Paths,
    /// Who owns which step, in the order of the work.
    steps: Vec<ShownStep>,
    /// What product, engineering, security and operations are told.
    voices: Vec<Voice>,
    /// Decisions about it, the newest first.
    decisions: Vec<decisions::Shown>,
    /// How the change that removes it is scheduled. `null`: none is.
    planned: Option<ShownPlanned>,
    /// From detected to gone, oldest first: its own entries, documents and deployments of its asset, planned
    /// changes of its package there or that remove it, and decisions about it.
    history: Vec<ShownEntry>,
    /// Whether all of the history is here; older entries of the asset stand in the ledger.
    history_complete: bool,
}

/// A change that is scheduled, and removes a finding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlannedOfFinding)]
struct ShownPlanned {
    /// The team whose plan has it.
    team: i64,
    /// The purl without version that is changed.
    package: String,
    /// What it is raised to.
    version: String,
    /// `now`, or the name of its window.
    window: String,
    /// From when it can be carried out, where that is within its window.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// Since when it is in that window, and why.
    #[schema(format = DateTime)]
    since: String,
    why: String,
}

impl From<&(i64, Scheduled)> for ShownPlanned {
    fn from((team, is): &(i64, Scheduled)) -> ShownPlanned {
        ShownPlanned {
            team: *team,
            package: is.change.package.clone(),
            version: is.version.clone(),
            window: is.window.as_ref().map_or_else(|| "now".to_owned(), |w| w.name.clone()),
            from: is.ready.map(|at| at.to_string()),
            since: is.since.to_string(),
            why: is.why.clone(),
        }
    }
}

/// How a finding was weighed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assessment)]
struct ShownAssessment {
    environment: String,
    probability: f64,
    /// `unlikely`, `possible`, `likely`, `active`.
    likelihood: &'static str,
    /// `minor`, `moderate`, `major`, `severe`.
    impact: &'static str,
    level: &'static str,
    /// What is unknown leaves the level between these.
    level_least: &'static str,
    level_most: &'static str,
    weight: f64,
    /// How the deadline came about, or what is missing.
    deadline_because: Option<String>,
    /// What makes the cost, or why it is not known.
    cost_because: Vec<String>,
    /// Every factor, in the order of the weighing.
    factors: Vec<ShownFactor>,
}

/// One step of a weighing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Factor)]
struct ShownFactor {
    /// What was looked at.
    name: String,
    /// What was found, in words.
    value: String,
    /// Whether the fact itself is unknown, so that the effect is an assumption.
    unknown: bool,
    /// What it did: `probability` set it, `odds` multiplied them, `steps` moved the impact, `floor` and `kept`
    /// bound the level, `none`.
    effect: &'static str,
    /// By how much: of `probability`, `odds` and `steps`.
    by: Option<f64>,
    /// Of `floor` and `kept`.
    level: Option<&'static str>,
    /// Who says so.
    source: String,
}

/// What is known from outside. What is `null` is unknown.
#[derive(Debug, Serialize, ToSchema)]
struct Evidence {
    /// Whether it stands in the catalogue of known exploited vulnerabilities.
    exploited: Option<bool>,
    /// The probability of exploitation within thirty days (EPSS).
    epss: Option<f64>,
    /// Whether it runs in production.
    production: Option<bool>,
}

/// Who brings a component in.
#[derive(Debug, Serialize, ToSchema)]
struct Paths {
    /// Each from the project down.
    ways: Vec<Vec<String>>,
    /// How many more there are.
    more: usize,
    /// Why none is known.
    unknown: Option<&'static str>,
}

/// One side's step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step)]
struct ShownStep {
    /// `engineering`, `security`, `product`, `operations`.
    side: &'static str,
    task: &'static str,
    /// Who does it, in words.
    owner: String,
    /// What was chosen, or is to be chosen.
    text: String,
    /// `done`, `waiting`, `not-yet`: another step comes first.
    state: &'static str,
    /// On whom it waits, in words.
    on: Option<String>,
    /// The decision whose answer it waits for.
    decision: Option<i64>,
    /// Since when it is done, or waits.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Until when, by the charter.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Whether that has passed.
    late: bool,
}

/// What a side is told.
#[derive(Debug, Serialize, ToSchema)]
struct Voice {
    side: &'static str,
    lines: Vec<ShownLine>,
}

/// One line of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VoiceLine)]
struct ShownLine {
    /// What it is about; nothing where no source describes the finding.
    label: Option<&'static str>,
    says: String,
}

/// A finding with all that is known of it: factors, paths, steps, voices and history.
#[utoipa::path(get, path = "/api/v1/findings/{id}", tag = "findings", params(("id" = i64, Path)),
    responses((status = 200, body = Details)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Details>, Problem> {
    let facts = Facts::of(&app, &who, id).await?;
    let matched = facts.assessed.as_ref().map(|(matched, _)| &matched.vulnerability);
    Ok(Json(Details {
        finding: Shown::from(&facts.is),
        attributions: facts.attributions.iter().map(ShownAttribution::from).collect(),
        assessment: facts.assessed.as_ref().map(|(_, a)| ShownAssessment::from(a)),
        evidence: Evidence {
            exploited: matched.map(|is| is.kev.is_some()),
            epss: matched.and_then(|is| is.epss.as_ref()).map(|epss| epss.probability),
            production: facts.is.production,
        },
        paths: Paths::from(&facts.ways),
        steps: facts.steps().into_iter().map(ShownStep::from).collect(),
        voices: voices(&facts),
        decisions: facts.decisions.iter().map(decisions::Shown::from).collect(),
        planned: facts.planned.as_ref().map(ShownPlanned::from),
        history: facts.history.entries.iter().map(ShownEntry::from).collect(),
        history_complete: !facts.history.is_cut,
        aliases: facts.aliases,
    }))
}

fn voices(facts: &Facts) -> Vec<Voice> {
    let lines = |side| match facts.voice(side) {
        None => vec![ShownLine { label: None, says: facts.stranger() }],
        Some(lines) => lines
            .into_iter()
            .map(|line| ShownLine { label: Some(line.label), says: line.says })
            .collect(),
    };
    SIDES.into_iter().map(|side| Voice { side: side.as_str(), lines: lines(side) }).collect()
}

impl From<&Assessment> for ShownAssessment {
    fn from(a: &Assessment) -> ShownAssessment {
        ShownAssessment {
            environment: a.environment.to_string(),
            probability: a.likelihood.probability,
            likelihood: a.likelihood.band.as_str(),
            impact: a.impact.band.as_str(),
            level: a.level.as_str(),
            level_least: a.bounds.0.as_str(),
            level_most: a.bounds.1.as_str(),
            weight: a.weight,
            deadline_because: match &a.deadline {
                Deadline::By { because, .. } | Deadline::Unknown { because } => {
                    Some(because.to_string())
                }
                Deadline::Opportunistic => None,
            },
            cost_because: match &a.cost {
                Cost::Range { reasons, .. } => reasons.iter().map(|r| r.what.to_string()).collect(),
                Cost::Unknown { because } => vec![because.to_string()],
            },
            factors: a.factors().map(ShownFactor::from).collect(),
        }
    }
}

impl From<&Factor> for ShownFactor {
    fn from(is: &Factor) -> ShownFactor {
        let (effect, by, level) = match is.effect {
            Effect::Probability(by) => ("probability", Some(by), None),
            Effect::Odds(by) => ("odds", Some(by), None),
            Effect::Steps(by) => ("steps", Some(f64::from(by)), None),
            Effect::Floor(level) => ("floor", None, Some(level.as_str())),
            Effect::Kept(level) => ("kept", None, Some(level.as_str())),
            Effect::None => ("none", None, None),
        };
        ShownFactor {
            name: is.name.to_string(),
            value: is.value.to_string(),
            unknown: is.unknown,
            effect,
            by,
            level,
            source: is.source.to_string(),
        }
    }
}

impl From<&Ways> for Paths {
    fn from(is: &Ways) -> Paths {
        match is {
            Ways::Unknown(why) => Paths { ways: Vec::new(), more: 0, unknown: Some(why) },
            Ways::Known(ways, more) => Paths { ways: ways.clone(), more: *more, unknown: None },
        }
    }
}

impl From<Step> for ShownStep {
    fn from(is: Step) -> ShownStep {
        let told = |at: Timestamp| Some(at.to_string());
        let (state, on, since, until, late) = match is.standing {
            Standing::Done(at) => ("done", None, told(at), None, false),
            Standing::NotYet => ("not-yet", None, None, None, false),
            Standing::Waiting { on, since, until, late } => {
                ("waiting", Some(on), told(since), until.and_then(told), late)
            }
        };
        ShownStep {
            side: is.side.as_str(),
            task: is.task,
            owner: is.owner.words,
            text: is.text,
            state,
            decision: on.as_ref().and_then(|on| on.decision),
            on: on.map(|on| on.words),
            since,
            until,
            late,
        }
    }
}
