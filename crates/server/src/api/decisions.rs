//! Decisions: asked for by one, answered by another.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trimtab_store::{Decision, DecisionFilter, DecisionKind, DecisionState};
use utoipa::ToSchema;

use super::{Listed, Rows, Stands, cursor, findings, limit, moment};
use crate::access::Who;
use crate::deciding;
use crate::facts::groups::{Common, askable};
use crate::facts::{finding, register};
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// A decision to be asked for, about a finding.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDecision)]
pub(crate) struct Wanted {
    /// The finding.
    finding: i64,
    /// `exception`, `not-affected`.
    #[serde(default)]
    kind: String,
    /// Why.
    #[serde(default)]
    reason: String,
    /// Why not affected: one of the five labels.
    #[serde(default)]
    justification: Option<String>,
    /// What lowers the risk meanwhile.
    #[serde(default)]
    control: Option<String>,
    /// The side that they speak for.
    #[serde(default)]
    role: String,
    /// How many days it is to hold. A decision *not affected* may go without.
    #[serde(default)]
    days: Option<i64>,
}

impl Wanted {
    fn is(&self) -> deciding::Wanted {
        deciding::Wanted {
            kind: self.kind.clone(),
            reason: self.reason.clone(),
            justification: self.justification.clone(),
            control: self.control.clone(),
            role: self.role.clone(),
            days: self.days,
        }
    }
}

/// A decision to be asked for, about each of several findings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDecisions)]
pub(crate) struct Several {
    /// The findings.
    #[serde(default)]
    #[schema(max_items = 100)]
    findings: Vec<i64>,
    /// Groups: those of their findings that are live and not decided. All together 1 to 100 findings.
    #[serde(default)]
    #[schema(max_items = 100)]
    groups: Vec<Common>,
    /// `exception`, `not-affected`.
    #[serde(default)]
    kind: String,
    /// Why.
    #[serde(default)]
    reason: String,
    /// Why not affected: one of the five labels.
    #[serde(default)]
    justification: Option<String>,
    /// What lowers the risk meanwhile.
    #[serde(default)]
    control: Option<String>,
    /// The side that they speak for.
    #[serde(default)]
    role: String,
    /// How many days it is to hold. A decision *not affected* may go without.
    #[serde(default)]
    days: Option<i64>,
}

impl Several {
    fn is(&self) -> deciding::Wanted {
        deciding::Wanted {
            kind: self.kind.clone(),
            reason: self.reason.clone(),
            justification: self.justification.clone(),
            control: self.control.clone(),
            role: self.role.clone(),
            days: self.days,
        }
    }
}

/// A decision that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionAsked)]
pub(crate) struct AskedFor {
    id: i64,
    /// The finding.
    finding: i64,
    state: &'static str,
}

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How it stands with them: `asked`, the default; `any`.
    #[param(pattern = "^(asked|approved|refused|ended|any)?$")]
    state: Option<String>,
    #[param(pattern = "^(exception|not-affected)?$")]
    kind: Option<String>,
    /// Those that touch a team.
    team: Option<i64>,
    /// About a system.
    system: Option<i64>,
    /// With an end at or before a time such as 2026-11-21T09:00:00Z.
    expires_before: Option<String>,
    /// A part of the name of the vulnerability, the package or the one who asked.
    q: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

impl Asked {
    fn filter(&self) -> Result<DecisionFilter, Problem> {
        let states = match self.state.as_deref() {
            None | Some("") => vec![DecisionState::Asked],
            Some("any") => Vec::new(),
            Some(word) => vec![DecisionState::from_text(word).ok_or_else(|| {
                Problem::invalid("`state` must be one of asked, approved, refused, ended, any.")
            })?],
        };
        let kind = kind(self.kind.as_deref())?;
        let text = self.q.as_deref().map(|q| q.trim().to_lowercase()).filter(|q| !q.is_empty());
        let before = moment("expires_before", self.expires_before.as_deref())?;
        Ok(DecisionFilter {
            states,
            kind,
            system: self.system,
            ends_by: before,
            text,
            ..DecisionFilter::default()
        })
    }
}

/// The kind of a word; none: of any.
///
/// # Errors
/// It is none of the words.
pub(crate) fn kind(word: Option<&str>) -> Result<Option<DecisionKind>, Problem> {
    let Some(word) = word.filter(|word| !word.is_empty()) else { return Ok(None) };
    let wrong = || Problem::invalid("`kind` must be `exception` or `not-affected`.");
    DecisionKind::from_text(word).ok_or_else(wrong).map(Some)
}

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// `approved`, `refused`, `ended`.
    state: String,
    /// The side that they speak for.
    role: String,
}

/// An answer to each of several decisions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answers {
    /// The decisions.
    #[schema(min_items = 1, max_items = 100)]
    decisions: Vec<i64>,
    /// `approved`, `refused`, `ended`.
    state: String,
    /// The side that they speak for.
    role: String,
}

/// What became of a decision that was to be answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionAnswered)]
pub(crate) struct Answered {
    id: i64,
    /// How it stands with it now; `null`: it was not answered so.
    state: Option<&'static str>,
    /// Why it was not.
    problem: Option<Problem>,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(crate) struct Shown {
    id: i64,
    /// `exception`, `not-affected`.
    kind: &'static str,
    /// `asked`, `approved`, `refused`, `ended`.
    state: &'static str,
    vulnerability: Option<String>,
    package: Option<String>,
    /// Only of an asset.
    asset: Option<i64>,
    /// Only of a system.
    system: Option<i64>,
    reason: String,
    control: Option<String>,
    justification: Option<String>,
    author: i64,
    author_role: String,
    approver: Option<i64>,
    /// The side for which it was answered.
    approver_role: Option<String>,
    #[schema(format = DateTime)]
    asked: String,
    #[schema(format = DateTime)]
    answered: Option<String>,
    #[schema(format = DateTime)]
    expires: Option<String>,
}

/// Decisions, the newest first.
#[utoipa::path(get, path = "/api/v1/decisions", tag = "decisions", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    findings::seen(&who)?;
    let (after, limit) = (cursor(asked.after.as_deref())?, limit(asked.limit));
    // A team of which they may see nothing is as unknown as none.
    if let Some(team) = asked.team {
        crate::web::team::find(&app, &who, team).await?;
    }
    let page = register::page(&app, &who, &asked.filter()?, asked.team, (after, limit)).await?;
    Ok(Json(Listed::of(&page)))
}

/// A decision.
#[utoipa::path(get, path = "/api/v1/decisions/{id}", tag = "decisions", params(("id" = i64, Path)),
    responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(Shown::from(&deciding::find(&app, &who, id).await?)))
}

/// Asks for a decision about a finding.
#[utoipa::path(post, path = "/api/v1/decisions", tag = "decisions", request_body = Wanted,
    responses((status = 201, body = Stands)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(wanted): Object<Wanted>,
) -> Result<(StatusCode, Json<Stands>), Problem> {
    let finding = finding::find(&app, &who, wanted.finding).await?;
    let id = deciding::ask(&app, &who, &finding, wanted.is()).await?;
    Ok((StatusCode::CREATED, Json(Stands { id, state: "asked" })))
}

/// Asks for a decision about each of several findings: about all or none. Each is answered on its own.
#[utoipa::path(post, path = "/api/v1/decisions/several", tag = "decisions", request_body = Several,
    responses((status = 201, body = Rows<AskedFor>)))]
pub(crate) async fn several(
    State(app): State<App>,
    who: Who,
    Object(wanted): Object<Several>,
) -> Result<(StatusCode, Json<Rows<AskedFor>>), Problem> {
    let is = wanted.is();
    let mut numbers = wanted.findings;
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() > deciding::MOST {
        let detail = format!("Choose 1 to {} findings at once.", deciding::MOST);
        return Err(Problem::invalid(detail));
    }
    let mut all = Vec::with_capacity(numbers.len());
    for id in &numbers {
        all.push(finding::find(&app, &who, *id).await?);
    }
    let everything = findings::Asked::default();
    all.extend(askable(&app, &who, &everything, &wanted.groups).await?);
    all.sort_by_key(|is| is.id);
    all.dedup_by_key(|is| is.id);
    if all.is_empty() && !wanted.groups.is_empty() {
        let detail = "In these groups there is no finding that is live, not decided, and about which you may ask.";
        return Err(Problem::invalid(detail));
    }
    let asked = deciding::ask_all(&app, &who, &all, &is).await;
    let ids = asked.map_err(|stopped| {
        let problem = Problem::from(stopped.why);
        let detail =
            format!("Finding {}: {} Nothing was requested.", stopped.finding, problem.detail);
        Problem { detail, ..problem }
    })?;
    let rows = ids.into_iter().zip(&all);
    let rows = rows.map(|(id, of)| AskedFor { id, finding: of.id, state: "asked" }).collect();
    Ok((StatusCode::CREATED, Json(Rows { rows })))
}

/// Answers what somebody else asked for, or ends what holds.
#[utoipa::path(post, path = "/api/v1/decisions/{id}/answer", tag = "decisions", request_body = Answer,
    params(("id" = i64, Path)), responses((status = 200, body = Stands)))]
pub(crate) async fn answer(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(answer): Object<Answer>,
) -> Result<Json<Stands>, Problem> {
    let decision = deciding::find(&app, &who, id).await?;
    let state = state(&answer.state)?;
    deciding::answer(&app, &who, &decision, state, &answer.role).await?;
    Ok(Json(Stands { id, state: state.as_str() }))
}

/// Answers several decisions in the same way. Each is judged by itself and has its own result; nobody approves what
/// they asked for.
#[utoipa::path(post, path = "/api/v1/decisions/answers", tag = "decisions", request_body = Answers,
    responses((status = 200, body = Rows<Answered>)))]
pub(crate) async fn answers(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<Answers>,
) -> Result<Json<Rows<Answered>>, Problem> {
    let state = state(&sent.state)?;
    let all = deciding::answer_all(&app, &who, &sent.decisions, state, &sent.role).await?;
    let rows = all.into_iter().map(|(id, became)| match became {
        Ok(()) => Answered { id, state: Some(state.as_str()), problem: None },
        Err(refused) => Answered { id, state: None, problem: Some(refused.into()) },
    });
    Ok(Json(Rows { rows: rows.collect() }))
}

/// What is answered.
fn state(word: &str) -> Result<DecisionState, Problem> {
    match DecisionState::from_text(word) {
        Some(state) if state != DecisionState::Asked => Ok(state),
        _ => Err(Problem::invalid("`state` must be one of approved, refused, ended.")),
    }
}

impl From<&Decision> for Shown {
    fn from(is: &Decision) -> Shown {
        Shown {
            id: is.id,
            kind: is.is.kind.as_str(),
            state: is.state.as_str(),
            vulnerability: is.is.vulnerability.clone(),
            package: is.is.package.clone(),
            asset: is.is.asset,
            system: is.is.system,
            reason: is.is.reason.clone(),
            control: is.is.control.clone(),
            justification: is.is.justification.clone(),
            author: is.is.author,
            author_role: is.is.author_role.clone(),
            approver: is.approver.as_ref().map(|a| a.0),
            approver_role: is.approver.as_ref().map(|a| a.1.clone()),
            asked: is.asked.to_string(),
            answered: is.answered.map(|t| t.to_string()),
            expires: is.is.expires.map(|t| t.to_string()),
        }
    }
}
