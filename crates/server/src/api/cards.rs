//! The card of a person, whether it is shown to others, and the wall.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trimtab_report::minutes;
use utoipa::ToSchema;

use super::Named;
use super::reviews::card::CardNumber;
use crate::access::Who;
use crate::carding::notes;
use crate::carding::person::{Place, card_numbers, card_of, document, show, wall};
use crate::measuring::question::told;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// Of which time, and in which format.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CardOf {
    /// The last so many days. If absent: 84.
    #[serde(default)]
    #[param(pattern = "^([1-9][0-9]{0,2})?$")]
    days: String,
    /// `json`; `md`: for release notes; `card`: the card as Markdown, for the retrospective. If absent: `json`.
    r#as: Option<String>,
}

/// What the updates of a person removed, beside their own time before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonCard)]
pub(crate) struct ShownCard {
    person: Named,
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    numbers: Vec<CardNumber>,
    milestones: Vec<String>,
    /// The ids of the updates that came into production.
    updates: Vec<i64>,
    /// The ids of those that the person merged in the time, where git or they themselves tell.
    merged: Vec<i64>,
    /// Whether there are more updates than were looked at: what is not known of them is `null`.
    more: bool,
    /// Whether the person wants that nobody else sees it.
    hidden: bool,
}

/// The card of a person: one's own, or one that is shown, of what one may see.
#[utoipa::path(get, path = "/api/v1/cards/{id}", tag = "reviews", operation_id = "person_card",
    params(("id" = i64, Path,), CardOf),
    responses((status = 200, content(
        (ShownCard = "application/json"), (Vec<u8> = "text/markdown")))))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<CardOf>,
) -> Result<Response, Problem> {
    let is = card_of(&app, &who, id, &asked.days).await?;
    let (from, to) = (told(is.period.first), told(is.period.last));
    match asked.r#as.as_deref() {
        Some(format @ ("md" | "card")) => {
            let (told, name) = match format {
                "card" => (document(&is), "attachment; filename=\"card.md\""),
                _ => {
                    let notes = notes(&is.name, (&from, &to), (&is.updates, is.cut));
                    (notes, "attachment; filename=\"notes.md\"")
                }
            };
            let text = minutes::markdown(&told);
            let kind = "text/markdown; charset=utf-8";
            let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
            Ok((headers, text).into_response())
        }
        None | Some("json") => {
            let numbers = card_numbers(&is);
            let shown = ShownCard {
                person: Named { id, name: is.name.clone() },
                from,
                to,
                numbers: numbers.into_iter().map(CardNumber::from).collect(),
                milestones: is.milestones.clone(),
                updates: is.updates.iter().map(|update| update.is.id).collect(),
                merged: is.merged.iter().map(|update| update.is.id).collect(),
                more: is.more,
                hidden: is.hidden,
            };
            Ok(Json(shown).into_response())
        }
        Some(_) => Err(Problem::invalid("`as` must be one of json, md, card.")),
    }
}

/// Whether one's own card is shown to others.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CardShown {
    /// Nobody else sees it, and one is not on the wall that others see.
    hidden: bool,
}

/// Says whether one's own card is shown to others.
#[utoipa::path(put, path = "/api/v1/cards", tag = "reviews", operation_id = "set_card_shown",
    request_body = CardShown, responses((status = 200, body = CardShown)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<CardShown>,
) -> Result<Json<CardShown>, Problem> {
    super::findings::seen(&who)?;
    show(&app, &who, sent.hidden).await?;
    Ok(Json(sent))
}

/// A team or a person on the wall: this time, and their own time before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WallPlace {
    is: Named,
    numbers: Vec<CardNumber>,
    /// Whether only oneself sees it.
    hidden: bool,
}

/// The wall: in the order of names, each beside their own past.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wall)]
pub(crate) struct ShownWall {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    teams: Vec<WallPlace>,
    people: Vec<WallPlace>,
    /// Whether there are more updates than were looked at: what is not known of them is `null`.
    more: bool,
}

/// Of which time.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WallAsked {
    /// The last so many days. If absent: 84.
    #[serde(default)]
    #[param(pattern = "^([1-9][0-9]{0,2})?$")]
    pub(crate) days: String,
}

/// The wall: teams and people in the order of their names, each beside their own past.
#[utoipa::path(get, path = "/api/v1/wall", tag = "reviews", operation_id = "wall", params(WallAsked),
    responses((status = 200, body = ShownWall)))]
pub(crate) async fn all(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<WallAsked>,
) -> Result<Json<ShownWall>, Problem> {
    let is = wall(&app, &who, &asked.days).await?;
    let place = |of: &Place| WallPlace {
        is: Named { id: of.id, name: of.name.clone() },
        numbers: of.numbers((is.cut, is.more)).into_iter().map(CardNumber::from).collect(),
        hidden: of.hidden,
    };
    Ok(Json(ShownWall {
        from: told(is.period.first),
        to: told(is.period.last),
        teams: is.teams.iter().map(place).collect(),
        people: is.people.iter().map(place).collect(),
        more: is.more,
    }))
}
