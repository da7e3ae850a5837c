//! A team's card: what its updates removed, for the retrospective and the release notes.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trimtab_report::minutes;
use utoipa::ToSchema;

use crate::access::Who;
use crate::api::{Named, pdf};
use crate::carding;
use crate::measuring::question::told;
use crate::problem::Problem;
use crate::state::App;

/// Of which time, and in which format.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CardAsked {
    /// The last so many days. If absent: 84.
    #[serde(default)]
    #[param(pattern = "^([1-9][0-9]{0,2})?$")]
    days: String,
    /// `md`, `html`, `pdf`, `json`, or `notes`: for release notes, in Markdown. If absent: `json`.
    r#as: Option<String>,
}

/// A number of a card. `null` is unknown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CardNumber {
    name: &'static str,
    now: Option<f64>,
    before: Option<f64>,
}

impl From<carding::Number> for CardNumber {
    fn from((name, now, before): carding::Number) -> CardNumber {
        CardNumber { name, now, before }
    }
}

/// What a team's updates removed, beside its own time before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamCard)]
pub(crate) struct ShownCard {
    team: Named,
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    numbers: Vec<CardNumber>,
    milestones: Vec<String>,
    /// The ids of the updates that came into production.
    updates: Vec<i64>,
    /// Whether there are more updates than were looked at: what is not known of them is `null`.
    more: bool,
}

/// A team's card, for the retrospective and the release notes.
#[utoipa::path(get, path = "/api/v1/teams/{id}/card", tag = "reviews",
    params(("id" = i64, Path,), CardAsked),
    responses((status = 200, content(
        (ShownCard = "application/json"), (Vec<u8> = "text/markdown"), (Vec<u8> = "text/html"),
        (Vec<u8> = "application/pdf")))))]
pub(crate) async fn card(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<CardAsked>,
) -> Result<Response, Problem> {
    let is = carding::card(&app, &who, id, &asked.days).await?;
    let document = carding::document(&is);
    let (kind, name, bytes) = match asked.r#as.as_deref() {
        Some("md") => {
            ("text/markdown; charset=utf-8", "md", minutes::markdown(&document).into_bytes())
        }
        Some("html") => ("text/html; charset=utf-8", "html", minutes::html(&document).into_bytes()),
        Some("pdf") => ("application/pdf", "pdf", pdf(&document)?),
        Some("notes") => {
            let (from, to) = (told(is.measured.period.first), told(is.measured.period.last));
            let notes = carding::notes(&is.team.name, (&from, &to), (&is.updates, is.cut));
            ("text/markdown; charset=utf-8", "md", minutes::markdown(&notes).into_bytes())
        }
        None | Some("json") => {
            let shown = ShownCard {
                team: Named { id, name: is.team.name.clone() },
                from: told(is.measured.period.first),
                to: told(is.measured.period.last),
                numbers: carding::numbers(&is).into_iter().map(CardNumber::from).collect(),
                milestones: carding::milestones(&is),
                updates: is.updates.iter().map(|update| update.is.id).collect(),
                more: is.more,
            };
            return Ok(Json(shown).into_response());
        }
        Some(_) => return Err(Problem::invalid("`as` must be one of md, html, pdf, json, notes.")),
    };
    let name = format!("attachment; filename=\"card.{name}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}
