//! A team's tracker: how it is set and tried.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trimtab_connect::track::Software;
use trimtab_store::{NewTracker, PlannedChange, Team, Tracker};
use utoipa::ToSchema;

use crate::access::secret::Secret;
use crate::access::{Action, On, Who};
use crate::jobs::track;
use crate::problem::Problem;
use crate::state::App;
use crate::tracking::setting::{Tried, attempt};
use crate::tracking::{self, renamed, sealed_for};
use crate::web::team::{find, may_pace};

/// The longest word of the settings.
const WORD: usize = 200;
/// The longest address, and the longest token.
const LONGEST: usize = 2_000;
/// The most components that are named.
const COMPONENTS: usize = 500;
/// The most tickets that may be open.
pub(crate) const OPEN_MOST: u32 = 500;
/// How many are open at most, where nobody says.
pub(crate) const OPEN_USUAL: u32 = 10;

/// A tracker as it is set. Its secrets are not shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tracker)]
pub(crate) struct Shown {
    /// `github`, `gitlab`, `gitea`, `jira`, `jira-server`, `azure`.
    pub(crate) software: String,
    /// Where its API is.
    pub(crate) address: String,
    /// The project there.
    pub(crate) project: String,
    #[serde(flatten)]
    pub(crate) names: Names,
    /// The component of an asset or system, by its name; `*`: of all others.
    pub(crate) components: BTreeMap<String, String>,
    /// The most tickets that are open at once.
    pub(crate) open_limit: u32,
    /// Whether an administrator allowed an address of a private network.
    pub(crate) private: bool,
    /// Where its webhooks go.
    pub(crate) webhook: String,
    /// The secret that they are signed with: shown once, where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
    /// When it was looked at last.
    pub(crate) looked: Option<String>,
    /// What went wrong then. If absent: nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) trouble: String,
}

/// What differs from one site to another. Empty: the usual.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = TrackerNames)]
#[serde(default)]
pub(crate) struct Names {
    /// The type of a ticket (Jira, Azure).
    #[schema(max_length = 200)]
    pub(crate) kind: String,
    /// The field of points.
    #[schema(max_length = 200)]
    pub(crate) points: String,
    /// The field of the sprint.
    #[schema(max_length = 200)]
    pub(crate) sprint: String,
    /// The field of the due date (Azure).
    #[schema(max_length = 200)]
    pub(crate) due: String,
    /// The state or transition of what is done.
    #[schema(max_length = 200)]
    pub(crate) done: String,
    /// The state or transition of what is open again.
    #[schema(max_length = 200)]
    pub(crate) open: String,
}

/// How a tracker is to be set.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = TrackerWanted)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    /// `github`, `gitlab`, `gitea`, `jira`, `jira-server`, `azure`.
    pub(crate) software: String,
    /// Where its API is: `https://git.example/api/v1`.
    #[schema(max_length = 2000)]
    pub(crate) address: String,
    /// The project there: `OWNER/NAME`, `KEY`.
    #[schema(max_length = 200)]
    pub(crate) project: String,
    /// A token that may write tickets there. If absent: as before, if it goes to the same project.
    #[schema(max_length = 2000)]
    pub(crate) token: Option<String>,
    /// Whether webhooks get a new secret.
    pub(crate) new_secret: bool,
    #[schema(max_length = 200)]
    pub(crate) kind: String,
    #[schema(max_length = 200)]
    pub(crate) points: String,
    #[schema(max_length = 200)]
    pub(crate) sprint: String,
    #[schema(max_length = 200)]
    pub(crate) due: String,
    #[schema(max_length = 200)]
    pub(crate) done: String,
    #[schema(max_length = 200)]
    pub(crate) open: String,
    /// The component of an asset or system, by its name; `*`: of all others.
    pub(crate) components: BTreeMap<String, String>,
    /// The most tickets that are open at once. If absent: 10.
    #[schema(minimum = 0, maximum = 500)]
    pub(crate) open_limit: Option<u32>,
    /// Whether its address may be of a private network: only an administrator allows that.
    pub(crate) private: bool,
}

/// A tracker as people see it.
pub(crate) fn shown(app: &App, is: &Tracker, secret: Option<String>) -> Shown {
    let names = serde_json::from_value(is.is.settings.clone()).unwrap_or_default();
    Shown {
        software: is.is.software.clone(),
        address: is.is.address.clone(),
        project: is.is.project.clone(),
        names,
        components: serde_json::from_value(is.is.components.clone()).unwrap_or_default(),
        open_limit: is.is.open_limit,
        private: is.is.private,
        webhook: format!(
            "{}/hooks/trackers/{}",
            app.settings.public.trim_end_matches('/'),
            is.is.handle
        ),
        secret,
        looked: is.looked.map(|at| at.to_string()),
        trouble: is.trouble.clone(),
    }
}

/// A team that they may see, and its tracker.
///
/// # Errors
/// There is no such team, or it has no tracker.
pub(crate) async fn of(app: &App, who: &Who, id: i64) -> Result<(Team, Tracker), Problem> {
    let (team, _) = find(app, who, id).await?;
    let tracker = app.store.tracker(who.org, id).await?;
    Ok((team, tracker.ok_or_else(|| Problem::not_found("tracker"))?))
}

/// How a team's tracker is set.
#[utoipa::path(get, path = "/api/v1/teams/{id}/tracker", tag = "tickets",
    params(("id" = i64, Path,)), responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    let (_, tracker) = of(&app, &who, id).await?;
    Ok(Json(shown(&app, &tracker, None)))
}

/// Sets a team's tracker: from then on the changes that its plan schedules have tickets there.
#[utoipa::path(put, path = "/api/v1/teams/{id}/tracker", tag = "tickets",
    params(("id" = i64, Path,)), request_body = Wanted,
    responses((status = 200, body = Shown)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(sent): Json<serde_json::Value>,
) -> Result<Json<Shown>, Problem> {
    // A list would be taken for its members.
    if !sent.is_object() {
        return Err(Problem::invalid("Must be a JSON object."));
    }
    let wanted: Wanted =
        serde_json::from_value(sent).map_err(|e| Problem::invalid(e.to_string()))?;
    let (tracker, secret) = set(&app, &who, id, &wanted).await?;
    Ok(Json(shown(&app, &tracker, secret)))
}

/// Forgets a team's tracker. Its tickets stay where they are.
#[utoipa::path(delete, path = "/api/v1/teams/{id}/tracker", tag = "tickets",
    params(("id" = i64, Path,)), responses((status = 204)))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<axum::http::StatusCode, Problem> {
    end(&app, &who, id).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Ends it; the pages do it the same way.
///
/// # Errors
/// They may not, or there is none.
pub(crate) async fn end(app: &App, who: &Who, id: i64) -> Result<(), Problem> {
    find(app, who, id).await?;
    may(who, id)?;
    if app.store.end_tracker(who.org, id, &who.actor(), app.now()).await? {
        return Ok(());
    }
    Err(Problem::not_found("tracker"))
}

/// What came of a try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackerTried)]
pub(crate) struct Came {
    works: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<String>,
    /// As whom the tracker knows the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// How many tickets of Trimtab's are there.
    tickets: usize,
    /// What does not come through, and why.
    missing: Vec<String>,
}

/// Reads the project with the token, and says what does not come through. Nothing is written there.
#[utoipa::path(post, path = "/api/v1/teams/{id}/tracker/try", tag = "tickets",
    params(("id" = i64, Path,)), responses((status = 200, body = Came)))]
pub(crate) async fn attempted(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Came>, Problem> {
    let Tried { wrong, account, tickets, missing, .. } = tried(&app, &who, id).await?;
    Ok(Json(Came { works: wrong.is_none(), wrong, account, tickets, missing }))
}

/// Tries it; the pages do it the same way.
///
/// # Errors
/// They may not, or there is none.
pub(crate) async fn tried(app: &App, who: &Who, id: i64) -> Result<Tried, Problem> {
    find(app, who, id).await?;
    may(who, id)?;
    let (_, tracker) = of(app, who, id).await?;
    // Whoever may try often makes this machine ask often. No token and no webhook has such a number.
    app.limits.token(who.org, i64::MIN.saturating_add(id))?;
    attempt(app, &tracker).await.map_err(|e| Problem::conflict(e.to_string()))
}

fn may(who: &Who, id: i64) -> Result<(), Problem> {
    if may_pace(who, id) { Ok(()) } else { Err(Problem::forbidden(Action::Pace)) }
}

/// Sets it; the pages do it the same way. The secret of its webhooks is given where it is new.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn set(
    app: &App,
    who: &Who,
    id: i64,
    wanted: &Wanted,
) -> Result<(Tracker, Option<String>), Problem> {
    find(app, who, id).await?;
    may(who, id)?;
    let key = app.settings.access.key.as_ref().ok_or_else(|| {
        Problem::conflict(
            "The server has no key to encrypt tokens with: start it with `--key-file`.",
        )
    })?;
    let known = app.store.tracker(who.org, id).await?;
    let mut new = checked(who, id, wanted, known.as_ref())?;
    let now = app.now();
    let seal = |what: &str, word: &str| {
        key.seal(word.as_bytes(), &sealed_for(what, who.org, id))
            .map_err(|e| Problem::conflict(e.to_string()))
    };
    let same = known.as_ref().filter(|known| {
        known.is.software == new.software
            && known.is.address == new.address
            && known.is.project == new.project
    });
    // Who sets it here says that this server writes its tickets.
    new.home = tracking::address(&app.settings.public);
    new.token = match wanted.token.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        Some(token) if token.len() <= LONGEST && token.chars().all(|c| c.is_ascii_graphic()) => {
            seal("token", token)?
        }
        Some(_) => {
            return Err(Problem::invalid("`token` has characters that are not valid in a token."));
        }
        // A token that was given for one place is sent to no other.
        None => match same {
            Some(known) => known.is.token.clone(),
            None => {
                return Err(Problem::invalid("`token` must be given again for another project."));
            }
        },
    };
    let random = || Secret::new("").map_err(|e| Problem::conflict(e.to_string()));
    let secret = match &known {
        Some(known) if !wanted.new_secret => {
            (new.secret, new.handle) = (known.is.secret.clone(), known.is.handle.clone());
            None
        }
        known => {
            let secret = random()?;
            new.secret = seal("secret", secret.shown())?;
            new.handle = match known {
                Some(known) => known.is.handle.clone(),
                // One that was ended goes on with the one that it had: the store keeps that.
                None => random()?.digest().chars().take(16).collect(),
            };
            Some(secret.shown().to_owned())
        }
    };
    let keys = renamed_keys(app, who, known.as_ref(), (&new, wanted.token.as_deref())).await?;
    app.store.put_tracker_with(who.org, &new, keys.as_deref(), &who.actor(), now).await?;
    app.store.add_job(&track::of_team(who.org, id, now), now).await?;
    app.work.notify_one();
    let tracker = app.store.tracker(who.org, id).await?;
    Ok((tracker.ok_or_else(|| Problem::not_found("tracker"))?, secret))
}

/// The keys of the tickets that are known, where the project has another name now and is the one before: the tracker is
/// asked. `None`: there is nothing to keep, or it is another project.
///
/// # Errors
/// They ask too often, or the store does not answer.
async fn renamed_keys(
    app: &App,
    who: &Who,
    known: Option<&Tracker>,
    (new, token): (&NewTracker, Option<&str>),
) -> Result<Option<Vec<(PlannedChange, String)>>, Problem> {
    let is_there = |known: &&Tracker| {
        known.is.software == new.software
            && known.is.address == new.address
            && known.is.project != new.project
    };
    let (Some(before), Some(token)) = (known.filter(is_there), token.map(str::trim)) else {
        return Ok(None);
    };
    let tickets = app.store.tickets(who.org, new.team).await?;
    if tickets.iter().all(|row| row.key.is_none()) {
        return Ok(None);
    }
    // As a try does, it makes this machine ask.
    app.limits.token(who.org, i64::MIN.saturating_add(new.team))?;
    let now = Tracker { is: new.clone(), ..before.clone() };
    Ok(renamed::keys(before, &now, token.to_owned(), &tickets).await)
}

/// What is to be kept, but for secrets.
fn checked(
    who: &Who,
    id: i64,
    wanted: &Wanted,
    known: Option<&Tracker>,
) -> Result<NewTracker, Problem> {
    let words = |name: &str, text: &str| {
        let text = text.trim();
        let wrong = text.chars().count() > WORD || text.chars().any(char::is_control);
        match wrong {
            true => Err(Problem::invalid(format!(
                "`{name}` must be at most {WORD} characters, on one line."
            ))),
            false => Ok(text.to_owned()),
        }
    };
    if Software::from_word(&wanted.software).is_none() {
        let all: Vec<&str> = Software::all().map(Software::as_str).collect();
        return Err(Problem::invalid(format!("`software` must be one of: {}.", all.join(", "))));
    }
    let address = wanted.address.trim().trim_end_matches('/').to_owned();
    let url = address.parse::<trimtab_connect::Url>();
    let plain = !address.contains(['@', '?', '#']) && address.len() <= LONGEST;
    if url.is_err() || !plain {
        let detail = "`address` must be that of the API, such as https://git.example/api/v1, without user name or password.";
        return Err(Problem::invalid(detail));
    }
    let project = words("project", &wanted.project)?;
    if project.is_empty() {
        return Err(Problem::invalid("`project` must not be empty."));
    }
    let allowed = known.is_some_and(|known| known.is.private && known.is.address == address);
    if wanted.private && !allowed && !who.may(Action::Administer, On::ALL) {
        let detail = "`private`: only an administrator allows an address of a private network.";
        return Err(Problem::invalid(detail));
    }
    let open_limit = wanted.open_limit.unwrap_or(OPEN_USUAL);
    if open_limit > OPEN_MOST {
        return Err(Problem::invalid(format!("`open_limit` must be 0 to {OPEN_MOST} tickets.")));
    }
    if wanted.components.len() > COMPONENTS {
        return Err(Problem::invalid(format!("`components` must name at most {COMPONENTS}.")));
    }
    for (name, component) in &wanted.components {
        words("components", name)?;
        words("components", component)?;
    }
    let names = Names {
        kind: words("kind", &wanted.kind)?,
        points: words("points", &wanted.points)?,
        sprint: words("sprint", &wanted.sprint)?,
        due: words("due", &wanted.due)?,
        done: words("done", &wanted.done)?,
        open: words("open", &wanted.open)?,
    };
    Ok(NewTracker {
        team: id,
        software: wanted.software.clone(),
        address,
        project,
        settings: serde_json::to_value(names).map_err(|e| Problem::invalid(e.to_string()))?,
        components: json!(wanted.components),
        open_limit,
        private: wanted.private,
        token: Vec::new(),
        secret: Vec::new(),
        handle: String::new(),
        person: who.person.id,
        home: String::new(),
    })
}
