//! How mature the organisation or a team is, with what shows it; as JSON, as OSCAL, and as a page to keep.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trimtab_engine::maturity::{Assessment, Judged};
use trimtab_store::StageDay;
use utoipa::ToSchema;

use super::{Named, Rows};
use crate::access::Who;
use crate::facts::maturity::kept::{self, Asked as AskedOf};
use crate::facts::maturity::{self, Told};
use crate::measuring::question::told;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;
use crate::web;

/// Of whom.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of a team: its id. Without it: of the organisation.
    team: Option<i64>,
}

/// An assessment, judged from what the system shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Maturity)]
pub(crate) struct Shown {
    /// `null`: the organisation.
    team: Option<Named>,
    #[schema(format = DateTime)]
    at: String,
    /// Whether all of it may be seen: else it is of a part.
    whole: bool,
    /// `unmanaged`, `basic`, `proactive`, `centralised`, `advanced`: the highest of which all criteria are met, with
    /// all below.
    stage: &'static str,
    /// 1 to 5.
    number: u8,
    criteria: Vec<ShownCriterion>,
    /// Of the organisation: its teams.
    teams: Vec<ShownTeam>,
    /// Where the ledger ends; `null`: it may not be read.
    ledger: Option<ShownEnd>,
    /// The stages of the days that were kept, of a year at most; none for who sees a part.
    days: Vec<ShownDay>,
}

/// The stage of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaturityDay)]
struct ShownDay {
    #[schema(format = Date)]
    day: String,
    /// 1 to 5.
    number: i64,
    /// How many criteria were met, not met and unknown.
    met: i64,
    not_met: i64,
    unknown: i64,
}

impl From<&StageDay> for ShownDay {
    fn from(is: &StageDay) -> ShownDay {
        ShownDay {
            day: told(is.day),
            number: is.stage,
            met: is.met,
            not_met: is.unmet,
            unknown: is.unknown,
        }
    }
}

/// A criterion, and how it stands with it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaturityCriterion)]
struct ShownCriterion {
    id: &'static str,
    /// The stage that asks for it.
    stage: &'static str,
    words: &'static str,
    /// `met`, `not-met`, `unknown`.
    verdict: &'static str,
    /// What decides it.
    fact: &'static str,
    /// How many are as they should be; `null`: unknown.
    count: Option<u64>,
    /// Of how many.
    of: Option<u64>,
    /// How much is asked for, in percent: by the organisation itself, or of all.
    least: u8,
    /// How much is asked of all.
    usual: u8,
    /// Since when it is known.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// What is missing, or would make it known; empty: it is met.
    missing: String,
    /// Teams that do not meet it, of what each must.
    teams: Vec<String>,
    next: &'static str,
    references: Vec<ShownReference>,
    /// Entries of the ledger that tell of it, the newest first, for who may read it.
    entries: Vec<i64>,
}

/// A place in a framework, by its own id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaturityReference)]
struct ShownReference {
    framework: &'static str,
    id: &'static str,
}

/// The stage of a team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaturityTeam)]
struct ShownTeam {
    id: i64,
    name: String,
    stage: &'static str,
    number: u8,
}

/// Where the ledger ends.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaturityLedger)]
struct ShownEnd {
    entry: i64,
    seal: String,
}

impl From<&Judged> for ShownCriterion {
    fn from(is: &Judged) -> ShownCriterion {
        let counted = is.counted.as_ref();
        let references = is.criterion.references.iter();
        ShownCriterion {
            id: is.criterion.id,
            stage: is.criterion.stage.as_str(),
            words: is.criterion.words,
            verdict: is.verdict.as_str(),
            fact: is.criterion.fact.as_str(),
            count: counted.map(|c| c.yes),
            of: counted.map(|c| c.of),
            least: is.least,
            usual: is.criterion.least,
            since: counted.and_then(|c| c.since).map(|at| at.to_string()),
            missing: is.missing.clone(),
            teams: is.teams.iter().map(ToString::to_string).collect(),
            next: is.criterion.next,
            references: references
                .map(|r| ShownReference { framework: r.framework.as_str(), id: r.id })
                .collect(),
            entries: counted.map(|c| c.entries.clone()).unwrap_or_default(),
        }
    }
}

impl From<Told> for Shown {
    fn from(is: Told) -> Shown {
        let Assessment { stage, judged } = &is.is;
        let team = |(id, name, of): &(i64, String, Assessment)| ShownTeam {
            id: *id,
            name: name.clone(),
            stage: of.stage.as_str(),
            number: of.stage.number(),
        };
        Shown {
            team: is.team.map(|id| Named { id, name: is.team_name().to_owned() }),
            at: is.at.to_string(),
            whole: is.whole,
            stage: stage.as_str(),
            number: stage.number(),
            criteria: judged.iter().map(ShownCriterion::from).collect(),
            teams: is.teams.iter().map(team).collect(),
            ledger: is.ledger.clone().map(|(entry, seal)| ShownEnd { entry, seal }),
            days: is.days.iter().map(ShownDay::from).collect(),
        }
    }
}

/// How mature the organisation or a team is, judged from what the system shows of what may be seen.
#[utoipa::path(get, path = "/api/v1/maturity", tag = "maturity", operation_id = "maturity",
    params(Asked), responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(maturity::of(&app, &who, asked.team).await?.into()))
}

/// The same as OSCAL assessment results: an observation for each criterion.
#[utoipa::path(get, path = "/api/v1/maturity/oscal", tag = "maturity", operation_id = "maturity_oscal",
    params(Asked), responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn oscal(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let told = maturity::of(&app, &who, asked.team).await?;
    let document = maturity::oscal(&told, &app.settings.public);
    let kept = (header::CONTENT_DISPOSITION, "attachment; filename=\"maturity-oscal.json\"");
    Ok(([kept], Json(document)).into_response())
}

/// The same to be printed: PDF.
#[utoipa::path(get, path = "/api/v1/maturity/pdf", tag = "maturity", operation_id = "maturity_pdf",
    params(Asked), responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
pub(crate) async fn pdf(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let told = maturity::of(&app, &who, asked.team).await?;
    let document = maturity::document(&told, &who.person.name, &app.settings.public);
    let kind = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"maturity.pdf\""),
    ];
    Ok((kind, super::pdf(&document)?).into_response())
}

/// The same as a page to keep: HTML that needs nothing else, with links to the lists and into the ledger.
#[utoipa::path(get, path = "/api/v1/maturity/pack", tag = "maturity", operation_id = "maturity_pack",
    params(Asked), responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn pack(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let told = maturity::of(&app, &who, asked.team).await?;
    let kept = (header::CONTENT_DISPOSITION, "attachment; filename=\"maturity.html\"");
    Ok(([kept], web::maturity::pack(&app, &who, &told)).into_response())
}

/// How much of a criterion is enough.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaturityThreshold)]
pub(crate) struct ShownThreshold {
    criterion: &'static str,
    words: &'static str,
    /// How much is asked of all, in percent.
    usual: u8,
    /// Between which the organisation may choose.
    lowest: u8,
    highest: u8,
    /// What it asks of itself. `null`: what is asked of all.
    least: Option<i64>,
    /// Why, since when, and who said so.
    reason: Option<String>,
    #[schema(format = DateTime)]
    at: Option<String>,
    actor: Option<String>,
}

impl From<&AskedOf> for ShownThreshold {
    fn from(is: &AskedOf) -> ShownThreshold {
        let usual = is.criterion.least;
        let (lowest, highest) = is.criterion.bounds().unwrap_or((usual, usual));
        let own = is.own.as_ref();
        ShownThreshold {
            criterion: is.criterion.id,
            words: is.criterion.words,
            usual,
            lowest,
            highest,
            least: own.map(|own| own.least),
            reason: own.map(|own| own.reason.clone()),
            at: own.map(|own| own.at.to_string()),
            actor: own.map(|own| own.actor.clone()),
        }
    }
}

/// How much of each criterion is enough, where an organisation may choose.
#[utoipa::path(get, path = "/api/v1/maturity/thresholds", tag = "maturity",
    operation_id = "maturity_thresholds",
    responses((status = 200, body = Rows<ShownThreshold>)))]
pub(crate) async fn thresholds(
    State(app): State<App>,
    who: Who,
) -> Result<Json<Rows<ShownThreshold>>, Problem> {
    let all = kept::all(&app, &who).await?;
    Ok(Json(Rows { rows: all.iter().map(ShownThreshold::from).collect() }))
}

/// How much of a criterion is to be enough.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewMaturityThreshold)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewThreshold {
    /// The id of the criterion.
    #[schema(max_length = 100)]
    criterion: String,
    /// In percent, within the bounds of the criterion. `null`: what is asked of all.
    #[schema(minimum = 1, maximum = 100)]
    least: Option<i64>,
    /// Why; needed with `least`.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
}

/// Says how much of a criterion is enough for the organisation, and why.
#[utoipa::path(put, path = "/api/v1/maturity/thresholds", tag = "maturity",
    operation_id = "maturity_threshold",
    request_body = NewThreshold,
    responses((status = 204, description = "It is so")))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<NewThreshold>,
) -> Result<StatusCode, Problem> {
    kept::set(&app, &who, (&sent.criterion, sent.least, &sent.reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}
