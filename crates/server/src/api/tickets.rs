//! The tickets of a team's actions.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use trimtab_pages::part::Link;
use trimtab_store::{PlannedChange, TicketOf};
use utoipa::ToSchema;

use super::{Listed, limit, visible};
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;
use crate::tracking::{Had, Told};
use crate::web::team::find;

/// Which tickets.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct Shows {
    /// The action: a package of an asset that is raised.
    asset: i64,
    package: String,
    title: String,
    level: String,
    /// Its key in the tracker. If absent: it is not made yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Its page there.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// `waiting`, to be made; `open`; `done`, as people say; `wont-do`; `gone`; `closed`, by evidence.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sprint: Option<String>,
    /// Points that people gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<f64>,
    /// What people changed there.
    changed: Vec<String>,
    /// What became of what they will not do.
    #[serde(skip_serializing_if = "String::is_empty")]
    answer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    trouble: String,
    looked: Option<String>,
}

/// How it stands with a ticket, as a word.
pub(crate) fn state(row: &TicketOf, had: &Had) -> &'static str {
    stands(row.key.is_some(), had, row.wanted)
}

/// The same of what a round just saw: whether it was made, what the tracker has, and whether it is wanted.
pub(crate) fn stands(is_made: bool, had: &Had, is_wanted: bool) -> &'static str {
    match (is_made, had.stage.as_str(), is_wanted) {
        (false, ..) => "waiting",
        (_, "gone", _) => "gone",
        (_, "wont-do", _) => "wont-do",
        (_, "done", true) => "done",
        (_, "done", false) => "closed",
        _ => "open",
    }
}

/// The tickets of a team of which they may see the assets.
///
/// # Errors
/// There is no such team.
pub(crate) async fn seen(app: &App, who: &Who, id: i64) -> Result<Vec<TicketOf>, Problem> {
    let (_, systems) = find(app, who, id).await?;
    let visible = visible(who, &systems);
    let rows = app.store.tickets_in(who.org, id, visible.as_deref()).await?;
    Ok(rows)
}

/// Where tickets lead, by action: to their pages, where those are of the web.
pub(crate) fn links(rows: &[TicketOf]) -> HashMap<PlannedChange, Link> {
    let link = |row: &TicketOf| {
        let key = row.key.clone()?;
        let link = match Had::of(&row.seen).address() {
            Some(page) => Link::to(key, page.to_owned()),
            None => Link::words(key),
        };
        Some((row.change.clone(), link))
    };
    rows.iter().filter_map(link).collect()
}

fn shows(row: &TicketOf) -> Shows {
    let (told, had) = (Told::of(&row.told), Had::of(&row.seen));
    Shows {
        asset: row.change.asset,
        package: row.change.package.clone(),
        state: state(row, &had),
        page: had.address().map(ToOwned::to_owned),
        title: told.title,
        level: told.level,
        key: row.key.clone(),
        due: told.due,
        assignee: had.assignee,
        sprint: had.sprint,
        points: row.points,
        changed: had.said,
        answer: row.answer.clone(),
        trouble: row.trouble.clone(),
        looked: row.looked.map(|at| at.to_string()),
    }
}

/// The tickets of a team's actions, and what people changed in them. Of what they may not see there is nothing in it.
#[utoipa::path(get, path = "/api/v1/teams/{id}/tickets", tag = "tickets",
    params(("id" = i64, Path,), Asked), responses((status = 200, body = Listed<Shows>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shows>>, Problem> {
    let mut rows = seen(&app, &who, id).await?;
    let page = (asked.after.as_deref(), limit(asked.limit));
    let key = |row: &TicketOf| (row.change.package.clone(), row.change.asset);
    Ok(Json(Listed::part(&mut rows, key, page, shows)?))
}
