//! How a team wishes to be told.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::access::{Action, Who};
use crate::notices::wishes::{Wanted, Wishes, keep, may_wish};
use crate::object;
use crate::problem::Problem;
use crate::state::App;
use crate::web::team::find;

/// From when to when no digest is sent, every day; over midnight if the first is later.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = NoticeQuiet)]
pub(crate) struct Quiet {
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    from: String,
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    to: String,
}

/// How a team wishes to be told. What is *now* by the charter goes to people at once, whatever stands here of days.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = NoticeWishes)]
pub(crate) struct Shown {
    /// Where its clock is read: a name of the time zone database.
    #[schema(max_length = 64)]
    zone: String,
    /// The days of its digest, `monday` to `sunday`. None: no digest, and what waits can be looked at.
    #[schema(max_items = 7)]
    days: Vec<String>,
    /// The time of its digest.
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    time: String,
    /// Quiet hours.
    #[serde(default)]
    quiet: Option<Quiet>,
    /// The most digests in a week.
    #[schema(minimum = 0, maximum = 50)]
    budget: u32,
    /// After so many minutes without an answer, what is *now* goes to the next circle. If absent: never.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1440)]
    escalates: Option<u32>,
    /// `none`, `mail`, `slack`, `teams`, `mattermost` or `webhook`.
    #[schema(max_length = 20)]
    channel: String,
    /// To whom the digest is mailed, where the channel is mail.
    #[serde(default)]
    #[schema(max_items = 20)]
    addresses: Vec<String>,
    /// Addresses of people on duty: they are mailed what is *now*.
    #[serde(default)]
    #[schema(max_items = 20)]
    on_duty: Vec<String>,
    /// Addresses of people who are told if nobody has it, and of those who are told after them.
    #[serde(default)]
    #[schema(max_items = 20)]
    second: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 20)]
    third: Vec<String>,
    /// The server of the channel.
    #[serde(default, skip_deserializing)]
    #[schema(read_only)]
    server: String,
    /// Another address of the channel's webhook; it is kept sealed and is in no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, max_length = 2000)]
    address: Option<String>,
    /// What letters to a webhook are signed with, 16 to 200 characters; in no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(write_only, max_length = 200)]
    secret: Option<String>,
}

impl Shown {
    pub(super) fn wanted(self) -> Wanted {
        let quiet = self.quiet.map(|q| crate::notices::wishes::Quiet { from: q.from, to: q.to });
        Wanted {
            wishes: Wishes {
                zone: self.zone,
                days: self.days,
                time: self.time,
                quiet,
                budget: self.budget,
                escalates: self.escalates,
                channel: self.channel,
                addresses: self.addresses,
                ..Wishes::default()
            },
            people: [self.on_duty, self.second, self.third],
            address: self.address.unwrap_or_default(),
            secret: self.secret.unwrap_or_default(),
        }
    }
}

/// How a team wishes to be told; as nobody wished it yet, where nobody did. For those who may say it.
#[utoipa::path(get, path = "/api/v1/teams/{id}/notices/wishes", tag = "notices",
    params(("id" = i64, Path)), responses((status = 200, body = Shown)))]
pub(crate) async fn wishes(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    let (team, _) = find(&app, &who, id).await?;
    if !may_wish(&who, team.id) {
        return Err(Problem::forbidden(Action::Pace));
    }
    let wished = app.store.wishes(who.org, id).await?;
    let is = wished.map(|w| Wishes::of(&w.told)).unwrap_or_default();
    let people = app.store.people(who.org).await?;
    let emails = |ids: &[i64]| {
        let found = ids.iter().filter_map(|id| people.iter().find(|p| p.id == *id));
        found.map(|p| p.email.clone()).collect()
    };
    let [on_duty, second, third] = &is.circles;
    Ok(Json(Shown {
        on_duty: emails(on_duty),
        second: emails(second),
        third: emails(third),
        zone: is.zone,
        days: is.days,
        time: is.time,
        quiet: is.quiet.map(|q| Quiet { from: q.from, to: q.to }),
        budget: is.budget,
        escalates: is.escalates,
        channel: is.channel,
        addresses: is.addresses,
        server: is.server,
        address: None,
        secret: None,
    }))
}

/// What was sent, each part of it by name: a list of values in some order is no wish.
pub(super) fn read(sent: Map<String, Value>) -> Result<Shown, Problem> {
    if sent.get("quiet").is_some_and(|quiet| !quiet.is_object() && !quiet.is_null()) {
        return Err(Problem::invalid("`quiet` must have `from` and `to`."));
    }
    object::read(sent)
}

/// Says how a team wishes to be told. An address or secret that is not said stays as it was.
#[utoipa::path(put, path = "/api/v1/teams/{id}/notices/wishes", tag = "notices",
    params(("id" = i64, Path)), request_body = Shown, responses((status = 200, body = Shown)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(sent): Json<Map<String, Value>>,
) -> Result<Json<Shown>, Problem> {
    let (team, _) = find(&app, &who, id).await?;
    let sent = read(sent)?;
    if let Err((name, text)) = keep(&app, &who, &team, sent.wanted()).await? {
        return Err(Problem::invalid(format!("`{name}`: {text}")));
    }
    wishes(State(app), who, Path(id)).await
}
