//! Findings in groups: what one change removes, by vulnerability, by package, by system, by team, by level.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use trimtab_store::{Group, GroupBy, GroupCursor, Groups};
use utoipa::ToSchema;

use super::findings::{Asked, seen};
use super::{Listed, limit, no_next};
use crate::access::Who;
use crate::facts::listing;
use crate::problem::Problem;
use crate::state::App;

/// What findings can be grouped by.
const ALL: [(&str, GroupBy); 6] = [
    ("action", GroupBy::Action),
    ("vulnerability", GroupBy::Vulnerability),
    ("package", GroupBy::Package),
    ("system", GroupBy::System),
    ("team", GroupBy::Team),
    ("level", GroupBy::Level),
];

/// By what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct By {
    /// `action`: what one change removes.
    #[param(pattern = "^(action|vulnerability|package|system|team|level)$")]
    by: String,
}

/// Findings that go together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FindingGroup)]
pub(crate) struct Shown {
    /// What they have in common: a purl without version, or an id. Nothing: they belong to none.
    key: String,
    /// The same, for people.
    name: String,
    /// Of actions: the version to raise it to. `null`: no source names one.
    fix: Option<String>,
    findings: i64,
    /// In how many assets. `null`: not counted for this grouping.
    assets: Option<i64>,
    /// What those weigh together that count towards the load.
    load: f64,
    /// The gravest level.
    level: Option<&'static str>,
    /// The soonest deadline.
    #[schema(format = DateTime)]
    deadline: Option<String>,
}

/// Findings by filter, in groups, the heaviest first. Of the filter, `order` does not matter.
#[utoipa::path(get, path = "/api/v1/findings/groups", tag = "findings", params(By, Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn groups(
    State(app): State<App>,
    who: Who,
    Query(by): Query<By>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    seen(&who)?;
    let (rows, next) = page(&app, &who, &asked, by.is()?, limit(asked.limit)).await?;
    let rows = rows.iter().map(Shown::from).collect();
    Ok(Json(Listed { rows, next: next.as_ref().map(GroupCursor::to_text) }))
}

/// A page of the groups of what they may see.
///
/// # Errors
/// What is asked is not understood, or the store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    asked: &Asked,
    by: GroupBy,
    limit: usize,
) -> Result<Groups, Problem> {
    let after = match asked.after.as_deref() {
        None | Some("") => None,
        Some(text) => Some(GroupCursor::from_text(text).ok_or_else(no_next)?),
    };
    let (filter, _) = asked.filter(app, who).await?;
    Ok(app.store.group_page(who.org, &filter, by, after.as_ref(), limit).await?)
}

/// The same as CSV, at most 10,000.
#[utoipa::path(get, path = "/api/v1/findings/groups.csv", tag = "findings", params(By, Asked),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn groups_csv(
    State(app): State<App>,
    who: Who,
    Query(by): Query<By>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    listing::groups(&app, &who, &asked, by.is()?).await
}

impl By {
    fn is(&self) -> Result<GroupBy, Problem> {
        let by = ALL.iter().find(|(word, _)| *word == self.by).map(|(_, by)| *by);
        by.ok_or_else(|| {
            Problem::invalid(
                "`by` must be one of action, vulnerability, package, system, team, level.",
            )
        })
    }
}

impl From<&Group> for Shown {
    fn from(is: &Group) -> Shown {
        Shown {
            key: is.key.clone(),
            name: is.name.clone(),
            fix: is.fix.clone(),
            findings: is.findings,
            assets: is.assets,
            load: is.weight,
            level: is.level.map(trimtab_model::Level::as_str),
            deadline: is.deadline.map(|at| at.to_string()),
        }
    }
}
