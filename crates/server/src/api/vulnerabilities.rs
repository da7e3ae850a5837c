//! One vulnerability: what its sources say, and where it is here.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::findings::Shown;
use crate::access::Who;
use crate::facts::vulnerability::{Event, Facts};
use crate::problem::Problem;
use crate::state::App;

/// A vulnerability. What is `null` is unknown to the advisory index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vulnerability)]
pub(crate) struct Details {
    /// The name by which it goes here.
    name: String,
    /// Every name.
    aliases: Vec<String>,
    summary: Option<String>,
    /// The band of its severity: `critical`, `high`, `medium`, `low`, `none`, `unknown`.
    severity: Option<&'static str>,
    /// The base score, recomputed from the vector.
    score: Option<f64>,
    vector: Option<String>,
    /// Whether it stands in the catalogue of known exploited vulnerabilities.
    exploited: Option<bool>,
    /// Since which day.
    #[schema(format = Date)]
    exploited_since: Option<String>,
    /// The probability of exploitation within thirty days (EPSS).
    epss: Option<f64>,
    cwes: Vec<String>,
    references: Vec<String>,
    /// Who says what of the version that is here.
    advisories: Vec<Says>,
    /// How many live findings it has.
    findings: i64,
    /// Whether there may be more.
    findings_at_least: bool,
    load: f64,
    /// Whether it may be more.
    load_at_least: bool,
    /// The gravest of them, at most 100; `/api/v1/findings?vulnerability=` has all.
    gravest: Vec<Shown>,
    /// Where it came and went, the latest first.
    events: Vec<ShownEvent>,
}

/// What an advisory says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdvisorySays)]
struct Says {
    /// The component that it is about here.
    purl: String,
    advisory: String,
    affected: bool,
    /// The range, or what else makes it so.
    because: String,
    fixed: Vec<String>,
}

/// Where it came or went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VulnerabilityEvent)]
struct ShownEvent {
    #[schema(format = DateTime)]
    at: String,
    /// `detected`, `fixed`.
    kind: &'static str,
    finding: i64,
    asset: String,
    component: String,
}

/// A vulnerability by any of its names, where it is or was here.
#[utoipa::path(get, path = "/api/v1/vulnerabilities/{name}", tag = "vulnerabilities",
    params(("name" = String, Path, description = "Any of its names")),
    responses((status = 200, body = Details)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(name): Path<String>,
) -> Result<Json<Details>, Problem> {
    let facts = Facts::of(&app, &who, &name).await?;
    let told = facts.told.as_ref();
    let is = told.map(|told| &told.vulnerability);
    let says = told.into_iter().flat_map(|told| {
        told.attributions.iter().map(|a| Says {
            purl: told.purl.to_string(),
            advisory: a.advisory.id.to_string(),
            affected: a.affected,
            because: a.reason.to_string(),
            fixed: a.fixed.iter().map(ToString::to_string).collect(),
        })
    });
    let kev = is.and_then(|is| is.kev.as_ref());
    Ok(Json(Details {
        severity: is.map(|is| is.severity.rating.as_str()),
        score: is.and_then(|is| is.severity.score_tenths).map(|tenths| f64::from(tenths) / 10.0),
        vector: is.and_then(|is| is.severity.vector.as_deref()).map(ToOwned::to_owned),
        exploited: is.map(|is| is.kev.is_some()),
        exploited_since: kev.and_then(|kev| kev.added).map(|day| day.to_string()),
        epss: is.and_then(|is| is.epss.as_ref()).map(|epss| epss.probability),
        cwes: is.map_or_else(Vec::new, |is| is.cwes.iter().map(ToString::to_string).collect()),
        references: is
            .map_or_else(Vec::new, |is| is.references.iter().map(ToString::to_string).collect()),
        advisories: says.collect(),
        findings: facts.number.number,
        findings_at_least: facts.number.is_least,
        load: facts.load.weight,
        load_at_least: facts.load.is_least,
        gravest: facts.found.rows.iter().map(Shown::from).collect(),
        events: facts.events.iter().map(ShownEvent::from).collect(),
        name: facts.name,
        aliases: facts.aliases,
        summary: facts.summary,
    }))
}

impl From<&Event> for ShownEvent {
    fn from(is: &Event) -> ShownEvent {
        ShownEvent {
            at: is.at.to_string(),
            kind: if is.gone { "fixed" } else { "detected" },
            finding: is.finding,
            asset: is.asset.clone(),
            component: is.component.clone(),
        }
    }
}
