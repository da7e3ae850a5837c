//! Incidents: opened, acknowledged, contained, fixed, closed, learnt from.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_engine::incident::Span;
use trimtab_store::{Cursor, Incident, IncidentEvent, IncidentSort, Where};
use utoipa::ToSchema;

use super::{Changed, Listed, Named, cursor, limit, visible};
use crate::access::Who;
use crate::object::Object;
use crate::problem::Problem;
use crate::responding::said::{Opening, Said, open, say};
use crate::responding::{Room, Task, draft, drills, report, room};
use crate::state::App;

/// Which.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `true`: only open ones; `false`: only closed ones.
    pub(crate) open: Option<bool>,
    /// Only one sort: `incident` (a real one), `drill` or `near-miss`.
    #[param(pattern = "^(incident|drill|near-miss)$")]
    pub(crate) sort: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// An incident in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Incident)]
pub(crate) struct Short {
    id: i64,
    title: String,
    looked_for: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    versions: String,
    /// `null`: nobody said when the world was told.
    published: Option<String>,
    opened: String,
    /// `null`: it is open.
    closed: Option<String>,
    /// Whether it is a drill, which is counted in no measure.
    drill: bool,
    /// Whether it is a near miss, which is in no time of incidents.
    near_miss: bool,
    /// The past event that it plays.
    #[serde(skip_serializing_if = "Option::is_none")]
    past: Option<String>,
}

impl From<&Incident> for Short {
    fn from(is: &Incident) -> Short {
        Short {
            id: is.id,
            title: is.is.title.clone(),
            looked_for: is.is.looked_for.clone(),
            versions: is.is.versions.clone(),
            published: is.is.published.map(|at| at.to_string()),
            opened: is.opened.to_string(),
            closed: is.closed.map(|at| at.to_string()),
            drill: is.is.drill.is_some(),
            near_miss: is.is.near_miss,
            past: is.is.drill.clone().filter(|past| !past.is_empty()),
        }
    }
}

/// How long something took.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentSpan)]
pub(crate) struct ShownSpan {
    /// `took`; `runs`: it has not happened, so long until now; `unknown`.
    state: &'static str,
    seconds: Option<i64>,
    /// Why it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

impl From<Span> for ShownSpan {
    fn from(span: Span) -> ShownSpan {
        let (state, seconds, why) = match span {
            Span::Took(took) => ("took", Some(took.as_secs()), None),
            Span::Runs(runs) => ("runs", Some(runs.as_secs()), None),
            Span::Unknown(why) => ("unknown", None, Some(why)),
        };
        ShownSpan { state, seconds, why }
    }
}

/// How far a team is, and how long it took.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentTeam)]
pub(crate) struct ShownTeam {
    /// `null`: nobody owns it.
    team: Option<Named>,
    touched: String,
    acknowledged: Option<String>,
    contained: Option<String>,
    fixed: Option<String>,
    /// In how many places it is now.
    places: usize,
    to_know: ShownSpan,
    to_acknowledge: ShownSpan,
    to_contain: ShownSpan,
    to_fix: ShownSpan,
    /// The same in each environment in which it was told to run.
    environments: Vec<ShownEnvironment>,
}

/// How far a team is in an environment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentEnvironment)]
pub(crate) struct ShownEnvironment {
    environment: String,
    /// When it was first seen to run there.
    touched: String,
    contained: Option<String>,
    fixed: Option<String>,
    /// In how many places it runs there now. `null`: there are more deployments than are looked at, or a version there cannot
    /// be compared.
    places: Option<usize>,
    to_contain: ShownSpan,
    to_fix: ShownSpan,
}

/// A team of which it runs in other environments alone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentElsewhere)]
pub(crate) struct ShownElsewhere {
    /// `null`: nobody owns it.
    team: Option<Named>,
    environments: Vec<ShownEnvironment>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentEvent)]
pub(crate) struct ShownEvent {
    seq: i64,
    at: String,
    actor: String,
    kind: String,
    team: Option<i64>,
    told: serde_json::Value,
}

impl From<&IncidentEvent> for ShownEvent {
    fn from(event: &IncidentEvent) -> ShownEvent {
        ShownEvent {
            seq: event.seq,
            at: event.at.to_string(),
            actor: event.actor.clone(),
            kind: event.is.kind.clone(),
            team: event.is.team,
            told: event.is.told.clone(),
        }
    }
}

/// Something to be done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentTask)]
pub(crate) struct ShownTask {
    task: i64,
    text: String,
    team: Option<i64>,
    owner: Option<i64>,
    due: Option<String>,
    /// Whether it is of what was learnt.
    after: bool,
    done: Option<String>,
    late: bool,
}

/// Where it is now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentPlace)]
pub(crate) struct ShownPlace {
    purl: String,
    asset: String,
    system: Option<String>,
    team: Option<String>,
    /// `null`: no inventory lists it, a scanner's report alone says so.
    running: Option<bool>,
    environments: Vec<String>,
}

impl From<&Where> for ShownPlace {
    fn from(is: &Where) -> ShownPlace {
        ShownPlace {
            purl: is.component.is.purl.clone(),
            asset: is.asset.1.clone(),
            system: is.system.as_ref().map(|s| s.1.clone()),
            team: is.team.as_ref().map(|t| t.1.clone()),
            running: is.listed.then_some(is.running),
            environments: is.environments.clone(),
        }
    }
}

/// An incident, as far as they may see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentRoom)]
pub(crate) struct Shown {
    #[serde(flatten)]
    is: Short,
    /// Whether all of it is told: otherwise only what touches systems and teams that they may see.
    whole: bool,
    teams: Vec<ShownTeam>,
    /// Teams of which it runs in an environment, and which have it neither in a main line nor in production.
    elsewhere: Vec<ShownElsewhere>,
    /// Whether where it runs is known. Otherwise there is more than is looked at, or it could not be looked for. Looked at
    /// are systems that have, or had, it in a main line or in production; until it is found anywhere, all that runs.
    environments_known: bool,
    places: Vec<ShownPlace>,
    /// Whether it could be looked for: a package, or a name that some source knows. Otherwise where it is is unknown.
    known: bool,
    /// Whether there are more places than are looked at.
    more_places: bool,
    /// Versions that cannot be compared with the range, and may be meant as well.
    unknown_versions: usize,
    tasks: Vec<ShownTask>,
    timeline: Vec<ShownEvent>,
    /// What the day brought so far, in a drill.
    brought: Vec<Brought>,
    /// Words to begin from, where all of it is told: nothing is sent by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    drafts: Option<Drafts>,
}

/// What the day brought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Brought {
    at: String,
    text: &'static str,
}

/// Words to begin from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Drafts {
    update: String,
    status: String,
}

fn shown(room: &Room, now: Timestamp) -> Shown {
    let published = room.is.is.published;
    let drill = room.is.is.drill.is_some();
    let around = room.around();
    let environments = |team: Option<i64>| {
        let own = around.iter().filter(|(_, stand)| stand.team == team);
        own.map(|(name, stand)| {
            let is = stand.measures(None, true, room.is.closed.unwrap_or(now));
            ShownEnvironment {
                environment: (*name).to_owned(),
                touched: stand.touched.to_string(),
                contained: stand.contained.map(|at| at.to_string()),
                fixed: stand.fixed.map(|at| at.to_string()),
                places: room.running(name, team),
                to_contain: is.contain.into(),
                to_fix: is.fix.into(),
            }
        })
        .collect()
    };
    let teams = room.stands.iter().map(|stand| {
        let is = stand.measures(published, drill, room.is.closed.unwrap_or(now));
        let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
        ShownTeam {
            team: stand.team.map(|id| Named { id, name: room.team(Some(id)) }),
            touched: stand.touched.to_string(),
            acknowledged: at(stand.acknowledged),
            contained: at(stand.contained),
            fixed: at(stand.fixed),
            places: room.of(stand.team).count(),
            to_know: is.know.into(),
            to_acknowledge: is.acknowledge.into(),
            to_contain: is.contain.into(),
            to_fix: is.fix.into(),
            environments: environments(stand.team),
        }
    });
    let mut alone: Vec<Option<i64>> = around.iter().map(|(_, stand)| stand.team).collect();
    alone.sort_unstable();
    alone.dedup();
    alone.retain(|team| !room.stands.iter().any(|stand| stand.team == *team));
    let elsewhere = alone.iter().map(|team| ShownElsewhere {
        team: team.map(|id| Named { id, name: room.team(Some(id)) }),
        environments: environments(*team),
    });
    let task = |task: &Task| ShownTask {
        task: task.seq,
        text: task.text.clone(),
        team: task.team,
        owner: task.owner,
        due: task.due.map(|at| at.to_string()),
        after: task.after,
        done: task.done.map(|at| at.to_string()),
        late: task.is_late(now),
    };
    let brought = drills::brought(&room.is, now).into_iter();
    Shown {
        is: Short::from(&room.is),
        whole: room.all,
        teams: teams.collect(),
        elsewhere: elsewhere.collect(),
        environments_known: room.runs.is_some(),
        places: room.places.rows.iter().map(ShownPlace::from).collect(),
        known: room.places.known,
        more_places: room.places.more,
        unknown_versions: room.places.unknown,
        tasks: room.tasks.iter().map(task).collect(),
        timeline: room.events.iter().map(ShownEvent::from).collect(),
        brought: brought.map(|(at, text)| Brought { at: at.to_string(), text }).collect(),
        drafts: room.all.then(|| Drafts {
            update: draft::stakeholders(room, now),
            status: draft::status(room),
        }),
    }
}

/// A page of the incidents that they may see, the newest first.
///
/// # Errors
/// They may see nothing.
pub(crate) async fn all(
    app: &App,
    who: &Who,
    asked: &Asked,
) -> Result<trimtab_store::Page<Incident>, Problem> {
    super::findings::seen(who)?;
    let seen = visible(who, &app.store.systems(who.org).await?);
    let (after, limit) = (cursor(asked.after.as_deref())?, limit(asked.limit));
    let sort = match asked.sort.as_deref() {
        None => None,
        Some(word) => Some(
            IncidentSort::from_text(word)
                .ok_or_else(|| Problem::invalid("`sort` must be incident, drill or near-miss."))?,
        ),
    };
    let wanted = (asked.open, sort);
    Ok(app.store.incidents_of(who.org, wanted, seen.as_deref(), after, limit).await?)
}

/// Incidents, the newest first.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", operation_id = "incidents",
    params(Asked), responses((status = 200, body = Listed<Short>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Short>>, Problem> {
    let page = all(&app, &who, &asked).await?;
    let rows = page.rows.iter().map(Short::from).collect();
    Ok(Json(Listed { rows, next: page.next.map(Cursor::to_text) }))
}

/// Opens an incident, and looks at once where it is.
#[utoipa::path(post, path = "/api/v1/incidents", tag = "incidents", operation_id = "open_incident",
    request_body = Opening, responses((status = 201, body = Changed)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<Opening>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let id = open(&app, &who, &sent).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// An incident: whom it touches, where it is now, how far they are, what happened.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "incidents", operation_id = "incident",
    params(("id" = i64, Path,)), responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(shown(&room(&app, &who, id).await?, app.now())))
}

/// Says or does something in an incident.
#[utoipa::path(post, path = "/api/v1/incidents/{id}", tag = "incidents",
    operation_id = "say_in_incident", params(("id" = i64, Path,)), request_body = Said,
    responses((status = 200, body = Shown)))]
pub(crate) async fn tell(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Said>,
) -> Result<Json<Shown>, Problem> {
    say(&app, &who, id, &sent).await?;
    one(State(app), who, Path(id)).await
}

/// As what.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Format {
    /// `markdown` or `md`, `html`, `json`; `markdown` where it is left out.
    #[param(pattern = "^(markdown|md|html|json)$")]
    format: Option<String>,
}

/// The retrospective of an incident, filled from what happened.
#[utoipa::path(get, path = "/api/v1/incidents/{id}/report", tag = "incidents",
    operation_id = "incident_report", params(("id" = i64, Path,), Format),
    responses((status = 200, description = "The report", body = String,
        content_type = "text/markdown")))]
pub(crate) async fn report(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<Format>,
) -> Result<Response, Problem> {
    let (room, now) = (room(&app, &who, id).await?, app.now());
    let (kind, end, text) = match asked.format.as_deref() {
        None | Some("markdown" | "md") => {
            ("text/markdown; charset=utf-8", "md", report::markdown(&room, now))
        }
        Some("html") => ("text/html; charset=utf-8", "html", report::html(&room, now)),
        Some("json") => {
            let text = serde_json::to_string_pretty(&shown(&room, now));
            let text = text.map_err(|e| Problem::invalid(e.to_string()))?;
            ("application/json", "json", text + "\n")
        }
        Some(_) => {
            return Err(Problem::invalid("`format` must be one of markdown, md, html, json."));
        }
    };
    let name = format!("attachment; filename=\"incident-{id}.{end}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text).into_response())
}
