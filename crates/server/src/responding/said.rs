//! What people say and do in an incident: who may say what, and what it must have.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use trimtab_engine::incident::What;
use trimtab_store::{NewIncident, NewIncidentEvent};
use utoipa::ToSchema;

use super::{Room, around, doers, drills, knows, look, published, room};
use crate::access::{Action, On, Who};
use crate::api::moment;
use crate::jobs::{look as job, notify};
use crate::problem::Problem;
use crate::state::App;

/// The longest text, in characters.
const LONGEST: usize = 4_000;

/// An incident to be opened.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewIncident)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Opening {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) title: String,
    /// A purl without version (`pkg:npm/lodash`) or a name of a vulnerability. It may be in no feed yet. Of a past
    /// event: left out.
    #[schema(max_length = 1000)]
    pub(crate) looked_for: String,
    /// A version or a range, as the ecosystem writes it or as VERS; if absent: every version.
    #[schema(max_length = 500)]
    pub(crate) versions: String,
    /// When the world was told. If absent: as the index tells it of a name, or of the advisory that is about just these
    /// versions of a package; else it is unknown.
    pub(crate) published: Option<String>,
    /// Whether it is a drill: marked everywhere, counted nowhere.
    pub(crate) drill: bool,
    /// Whether it is a near miss: caught before anything was touched, learnt from, and in no time of incidents.
    pub(crate) near_miss: bool,
    /// The past event that the drill plays: `log4shell`, `xz`, `event-stream`, `ua-parser-js`, `heartbleed`, `struts`,
    /// `spring4shell`, `eslint-scope`.
    #[schema(max_length = 50)]
    pub(crate) past: String,
    /// How many minutes of the past go by in one of the drill.
    #[schema(minimum = 1, maximum = 1440)]
    pub(crate) speed: Option<u32>,
}

/// Something that people say or do in an incident.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = IncidentSaid)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Said {
    /// `acknowledged`, `contained` or `fixed`: how far a team is; `note`; `task` or `action` to be done, the latter of
    /// what was learnt; `done` of either; `update` to those who answer for the business; `status` for customers;
    /// `closed`.
    #[schema(
        pattern = "^(acknowledged|contained|fixed|note|task|action|done|update|status|closed)$"
    )]
    pub(crate) kind: String,
    /// The team. If absent: the whole, or what nobody owns.
    pub(crate) team: Option<i64>,
    /// Of `contained`: in this environment alone, as the room names it. If absent: everywhere.
    #[schema(max_length = 200)]
    pub(crate) environment: Option<String>,
    /// In words. Needed, but for `acknowledged` and `done`.
    #[schema(max_length = 4000)]
    pub(crate) text: String,
    /// The person who does a task.
    pub(crate) owner: Option<i64>,
    /// Until when a task is to be done: a time, or a day, which is meant to its end (UTC).
    pub(crate) due: Option<String>,
    /// The number of the task that is done.
    pub(crate) task: Option<i64>,
    /// Of `closed`: why, though teams have not fixed it. Needed where some have not, but for drills and near misses.
    #[schema(max_length = 500)]
    pub(crate) undone: String,
}

fn line(name: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Problem::invalid(format!(
            "`{name}` must be at most {most} characters, on one line."
        )));
    }
    Ok(text.to_owned())
}

/// Opens an incident and looks at once where it is. Returns its id.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn open(app: &App, who: &Who, sent: &Opening) -> Result<i64, Problem> {
    who.must(Action::Respond, On::ALL)?;
    let mut title = line("title", &sent.title, 200)?;
    let mut looked_for = line("looked_for", &sent.looked_for, 1000)?;
    let mut versions = line("versions", &sent.versions, 500)?;
    let mut published = moment("published", sent.published.as_deref())?;
    let past = line("past", &sent.past, 50)?;
    let speed = sent.speed.unwrap_or(1);
    if !(1..=1440).contains(&speed) {
        return Err(Problem::invalid("`speed` must be 1 to 1440: the minutes that pass in one."));
    }
    if sent.drill && sent.near_miss {
        return Err(Problem::invalid("A drill cannot be a near miss: set `drill` or `near_miss`."));
    }
    if !past.is_empty() {
        if !sent.drill {
            return Err(Problem::invalid("`past` belongs to a drill: set `drill` as well."));
        }
        let is = drills::of_word(&past)
            .ok_or_else(|| Problem::invalid("`past` is not a known event."))?;
        if title.is_empty() {
            is.title.clone_into(&mut title);
        }
        // A drill may play its day with a package that is really here.
        if looked_for.is_empty() {
            is.looked_for.clone_into(&mut looked_for);
            is.versions.clone_into(&mut versions);
        }
        published = published.or_else(|| is.published.parse().ok());
    }
    if title.is_empty() {
        return Err(Problem::invalid("`title` must not be empty."));
    }
    if !is_named(&looked_for) && !knows(app, who.org, &looked_for).await? {
        let text = "`looked_for` must be a package such as pkg:npm/lodash, or a name such as CVE-2021-44228.";
        return Err(Problem::invalid(text));
    }
    let now = app.now();
    if published.is_some_and(|at| at > now) {
        return Err(Problem::invalid("`published` must not be in the future."));
    }
    // A drill of our own plays on its own day; of a real one the sources say when the world was told.
    if published.is_none() && !sent.drill {
        let by_sources = match looked_for.starts_with("pkg:") {
            true => published::of_package(app, &looked_for, &versions),
            false => published::of_name(app, &super::called(app, who.org, &looked_for).await?),
        };
        published = by_sources.filter(|at| *at <= now);
    }
    // What cannot be understood is told before anything is kept.
    super::places(app, who.org, (&looked_for, &versions), Some(Vec::new())).await?;
    let new = NewIncident {
        title,
        looked_for,
        versions,
        published,
        drill: sent.drill.then_some(past),
        speed,
        near_miss: sent.near_miss,
    };
    let next = job::next(who.org, now);
    let id = app.store.open_incident_with(who.org, &new, Some(&next), &who.actor(), now).await?;
    // It is opened: what cannot be looked at now is looked at by the job.
    match app.store.incident(who.org, id).await {
        Ok(Some(incident)) => {
            match look(app, who.org, &incident, now).await {
                Ok(0) => {}
                // The next look finds nothing new: who is touched is told now.
                Ok(_) => {
                    let told = app.store.add_job(&notify::at_once(who.org, now), now).await;
                    if let Err(error) = told {
                        tracing::warn!(%error, "an incident is told later");
                    }
                    app.work.notify_one();
                }
                Err(problem) => {
                    tracing::warn!(error = %problem.detail, "an incident is looked at later");
                }
            }
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "an incident is looked at later"),
    }
    Ok(id)
}

/// Databases of vulnerabilities, by the beginning of their names.
const DATABASES: [&str; 30] = [
    "A", "ALAS", "ALBA", "ALEA", "ALSA", "ASB", "BIT", "CGA", "CURL", "CVE", "DEBIAN", "DLA",
    "DSA", "DTSA", "EUVD", "GHSA", "GO", "GSD", "HSEC", "MAL", "OSV", "PSF", "PYSEC", "RHSA",
    "RLSA", "RSEC", "RUSTSEC", "SNYK", "SUSE", "USN",
];

/// Whether it is a package, or can be the name of a vulnerability. What it is not is never looked for by the beginning
/// of a name, which would be other packages as well.
pub(crate) fn is_named(text: &str) -> bool {
    if text.contains(char::is_whitespace) {
        return false;
    }
    if text.starts_with("pkg:") {
        return text.parse::<trimtab_model::Purl>().is_ok();
    }
    let database = |start: &str| DATABASES.iter().any(|name| name.eq_ignore_ascii_case(start));
    text.split_once('-').is_some_and(|(start, rest)| database(start) && !rest.is_empty())
}

/// Whether they may say how far a team is, or what nobody owns.
pub(crate) fn may_of(who: &Who, team: Option<i64>) -> bool {
    let on = team.map_or(On::ALL, |team| On { system: None, team: Some(team) });
    who.may(Action::Respond, on)
}

/// Keeps what somebody says or does.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn say(app: &App, who: &Who, id: i64, sent: &Said) -> Result<(), Problem> {
    let room = room(app, who, id).await?;
    let text = sent.text.trim();
    if text.chars().count() > LONGEST
        || text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c))
    {
        return Err(Problem::invalid(format!("`text` must be at most {LONGEST} characters.")));
    }
    let kind = sent.kind.as_str();
    let needs = !matches!(kind, "acknowledged" | "done");
    if needs && text.is_empty() {
        return Err(Problem::invalid("Say what others must know in `text`."));
    }
    let now = app.now();
    let team = if matches!(kind, "update" | "status" | "closed") { None } else { sent.team };
    let of_task = sent.task.and_then(|seq| room.tasks.iter().find(|task| task.seq == seq));
    let team = if kind == "done" { of_task.and_then(|task| task.team) } else { team };
    // Who does a task says that it is done, wherever it is.
    let is_mine = kind == "done"
        && who.token.is_none()
        && of_task.is_some_and(|task| task.owner == Some(who.person.id));
    if !is_mine && !may_of(who, team) {
        return Err(Problem::forbidden(Action::Respond));
    }
    if team.is_some_and(|id| !room.teams.iter().any(|team| team.id == id)) {
        return Err(Problem::invalid("`team` is not a team of this organisation."));
    }
    if let Some(environment) = sent.environment.as_deref().filter(|name| !name.is_empty()) {
        return contained_in(app, who, &room, (environment, team), (kind, text)).await;
    }
    let told = match kind {
        "acknowledged" | "contained" | "fixed" => {
            if !room.stands.iter().any(|stand| stand.team == team) {
                return Err(Problem::invalid("The incident does not touch this team."));
            }
            if kind == "fixed" && room.places.more {
                let text = "There are more places than can be checked: an inventory may still list it there.";
                return Err(Problem::conflict(text));
            }
            if kind == "fixed" && room.of(team).any(|place| place.listed) {
                let text = "An inventory still lists it there: it counts as fixed when it is gone from the inventory.";
                return Err(Problem::conflict(text));
            }
            json!({ "text": text })
        }
        "note" | "update" | "status" => json!({ "text": text }),
        "task" | "action" => {
            let due = due(sent.due.as_deref().unwrap_or_default())?;
            let doers = match sent.owner {
                Some(_) => doers(app, who, &room, team).await?,
                None => Vec::new(),
            };
            let owner = sent.owner.filter(|owner| doers.iter().any(|(id, _)| id == owner));
            if sent.owner.is_some() && owner.is_none() {
                return Err(Problem::invalid(
                    "`owner` must be a person with an account who can see it.",
                ));
            }
            if owner.is_none() && team.is_none() {
                return Err(Problem::invalid("An owner is needed: set `owner` or `team`."));
            }
            json!({ "text": text, "owner": owner, "due": due.to_string() })
        }
        "done" => {
            let task =
                of_task.ok_or_else(|| Problem::invalid("`task` is not one of its tasks."))?;
            if task.done.is_some() {
                return Err(Problem::conflict("This task is already done."));
            }
            json!({ "task": task.seq, "text": text })
        }
        "closed" => return close(app, who, &room, (text, &sent.undone), now).await,
        _ => return Err(Problem::invalid("`kind` is not a known kind.")),
    };
    let event = NewIncidentEvent { kind: kind.to_owned(), team, told };
    let kept = app.store.tell_incident(who.org, id, (&[event], &[]), &who.actor(), now).await?;
    kept.map(|_| ()).ok_or_else(closed)
}

/// Keeps that nothing more can happen in an environment, though what is affected runs there still.
async fn contained_in(
    app: &App,
    who: &Who,
    room: &Room,
    (environment, team): (&str, Option<i64>),
    (kind, text): (&str, &str),
) -> Result<(), Problem> {
    if kind != "contained" {
        let text =
            "`environment` belongs to `contained`: what is fixed there is detected by itself.";
        return Err(Problem::invalid(text));
    }
    let stands = room.around();
    let stand = stands.iter().find(|(name, stand)| *name == environment && stand.team == team);
    match stand {
        None => {
            let text = "`environment` must be one in which it is known to run for this team.";
            return Err(Problem::invalid(text));
        }
        Some((_, stand)) if stand.fixed.is_some() => {
            return Err(Problem::conflict("It is already gone from there."));
        }
        Some(_) => {}
    }
    let told = json!({ "text": text });
    let event = around::event((environment, team), What::Contained, told);
    let (id, now) = (room.is.id, app.now());
    let kept = app.store.tell_incident(who.org, id, (&[event], &[]), &who.actor(), now).await?;
    kept.map(|_| ()).ok_or_else(closed)
}

fn closed() -> Problem {
    Problem::conflict("The incident is closed: only its follow-up tasks continue.")
}

async fn close(
    app: &App,
    who: &Who,
    room: &Room,
    (text, undone): (&str, &str),
    now: Timestamp,
) -> Result<(), Problem> {
    let undone = line("undone", undone, 500)?;
    let left = left_of(room);
    if left > 0 && undone.is_empty() {
        return Err(Problem::invalid(needs_a_reason(left)));
    }
    let stands: Vec<serde_json::Value> = room
        .stands
        .iter()
        .map(|stand| {
            let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
            json!({ "team": stand.team, "touched": stand.touched.to_string(),
                "acknowledged": at(stand.acknowledged), "contained": at(stand.contained),
                "fixed": at(stand.fixed) })
        })
        .collect();
    let around: Vec<serde_json::Value> = room
        .around()
        .iter()
        .map(|(environment, stand)| {
            let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
            json!({ "environment": environment, "team": stand.team,
                "touched": stand.touched.to_string(), "contained": at(stand.contained),
                "fixed": at(stand.fixed) })
        })
        .collect();
    // What was there when it was closed is the evidence of it.
    let mut told = json!({ "text": text, "teams": stands, "environments": around, "places": room.places.rows.len(),
        "more": room.places.more, "unknown": room.places.unknown, "known": room.places.known,
        "environments_known": room.runs.is_some() });
    if left > 0 && !undone.is_empty() {
        told["undone"] = json!(undone);
    }
    let done = app.store.close_incident(who.org, room.is.id, told, &who.actor(), now).await?;
    if done { Ok(()) } else { Err(closed()) }
}

/// How many teams have not fixed it. A drill and a near miss leave nothing: what is affected in one stays as it is.
pub(crate) fn left_of(room: &Room) -> usize {
    let is = &room.is.is;
    match is.drill.is_some() || is.near_miss {
        true => 0,
        false => room.stands.iter().filter(|stand| stand.fixed.is_none()).count(),
    }
}

/// That somebody has to say why it is closed.
fn needs_a_reason(left: usize) -> String {
    let teams = match left {
        1 => "one team has".to_owned(),
        more => format!("{more} teams have"),
    };
    format!("`undone` must say why it is closed though {teams} not fixed it.")
}

/// Until when something is to be done. A day is meant to its end.
fn due(sent: &str) -> Result<Timestamp, Problem> {
    let sent = sent.trim();
    let due = match sent.parse::<Date>() {
        Ok(_) if sent.len() == 10 => moment("due", Some(&format!("{sent}T23:59:00Z"))),
        _ => moment("due", Some(sent)),
    };
    due?.ok_or_else(|| Problem::invalid("Set `due`."))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_day_is_meant_to_its_end_and_a_time_as_it_is() {
        let due = |text: &str| super::due(text).ok().map(|at| at.to_string());
        assert_eq!(due("2026-12-24").as_deref(), Some("2026-12-24T23:59:00Z"));
        assert_eq!(due(" 2026-12-24T09:00:00Z").as_deref(), Some("2026-12-24T09:00:00Z"));
        for wrong in ["", "2026-13-01", "tomorrow", "2026-12-24 soon"] {
            assert_eq!(due(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn how_many_have_not_fixed_it_is_said() {
        assert!(super::needs_a_reason(1).contains("one team has not fixed"));
        assert!(super::needs_a_reason(2).contains("2 teams have not fixed"));
    }

    #[test]
    fn what_is_no_package_and_no_vulnerability_is_not_looked_for() {
        for right in ["pkg:npm/left-pad", "CVE-2099-1", "ghsa-jfh8-c2jp-5v3q", "GO-2022-0001"] {
            assert!(super::is_named(right), "{right}");
        }
        for wrong in ["pkg:left-pad", "pkg:npm:left-pad", "log4j-core", "is-", "CVE-", "a b"] {
            assert!(!super::is_named(wrong), "{wrong}");
        }
    }
}
