//! Boards that are mailed to who asks for it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trimtab_engine::rhythm::Rhythm;
use trimtab_store::BoardMail;
use utoipa::ToSchema;

use crate::access::Who;
use crate::api::findings::seen;
use crate::mailing::{self, Wanted};
use crate::notices::own::must_be_here;
use crate::object::Object;
use crate::problem::Problem;
use crate::sharing::side;
use crate::state::App;

/// When a board is mailed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BoardMailWanted)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    /// `week-1` is every Monday, `month-15` every fifteenth.
    #[schema(pattern = "^(week-[1-7]|month-([1-9]|1[0-9]|2[0-8]))$")]
    rhythm: String,
    /// A full hour.
    #[schema(minimum = 0, maximum = 23)]
    hour: i8,
    /// Where the clock is read: a name of the time zone database. If absent: UTC.
    #[serde(default)]
    #[schema(max_length = 64)]
    zone: Option<String>,
    /// Of a team alone. If absent: of all that its reader may see.
    #[serde(default)]
    team: Option<i64>,
}

/// When a board is mailed, and when it comes next. Without a rhythm it is not mailed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoardMail)]
pub(crate) struct Shown {
    side: String,
    rhythm: Option<String>,
    hour: Option<i64>,
    zone: Option<String>,
    team: Option<i64>,
    #[schema(format = DateTime)]
    next: Option<String>,
}

impl From<&BoardMail> for Shown {
    fn from(is: &BoardMail) -> Shown {
        Shown {
            side: is.side.clone(),
            rhythm: Some(is.rhythm.clone()),
            hour: Some(is.hour),
            zone: Some(is.zone.clone()),
            team: is.team,
            next: Some(is.next.to_string()),
        }
    }
}

/// How the board of a side is mailed to me.
#[utoipa::path(get, path = "/api/v1/boards/{side}/mail", tag = "boards", operation_id = "board_mail",
    params(("side" = String, Path)), responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Path(word): Path<String>,
) -> Result<Json<Shown>, Problem> {
    must_be_here(&who)?;
    seen(&who)?;
    let side = side(&word)?;
    let is = app.store.board_mail(who.org, who.person.id, side.as_str()).await?;
    let none = Shown {
        side: side.as_str().to_owned(),
        rhythm: None,
        hour: None,
        zone: None,
        team: None,
        next: None,
    };
    Ok(Json(is.as_ref().map_or(none, Shown::from)))
}

/// Has the board of a side mailed to me from now on, with what I may see at each time. For people who are signed in: it would
/// outlive a token.
#[utoipa::path(put, path = "/api/v1/boards/{side}/mail", tag = "boards",
    operation_id = "set_board_mail", params(("side" = String, Path)), request_body = Sent,
    responses((status = 200, body = Shown)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Path(word): Path<String>,
    Object(sent): Object<Sent>,
) -> Result<Json<Shown>, Problem> {
    let side = side(&word)?;
    let text = "`rhythm` must be `week-1` to `week-7` or `month-1` to `month-28`.";
    let rhythm = Rhythm::from_word(&sent.rhythm).ok_or_else(|| Problem::invalid(text))?;
    let zone = sent.zone.unwrap_or_else(|| "UTC".to_owned());
    let wanted = Wanted { rhythm, hour: sent.hour, zone, team: sent.team };
    Ok(Json(Shown::from(&mailing::set(&app, &who, side, wanted).await?)))
}

/// No longer mails it to me.
#[utoipa::path(delete, path = "/api/v1/boards/{side}/mail", tag = "boards",
    operation_id = "end_board_mail", params(("side" = String, Path)),
    responses((status = 204, description = "It is not mailed any longer")))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(word): Path<String>,
) -> Result<StatusCode, Problem> {
    must_be_here(&who)?;
    mailing::end(&app, &who, side(&word)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
