//! What people ask of each other outside of the plan: a change outside of any cadence, and a dispute about what comes
//! first. The charter's rule says who answers: never who asked. What is granted moves the change in the team's plan.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_charter::calendar::deadline;
use trimtab_charter::file::words::tell_term;
use trimtab_model::assessment::Deadline;
use trimtab_model::charter::Calendar;
use trimtab_model::{Level, Role};
use trimtab_store::{
    Appeal, AppealState, Finding, FindingFilter, FindingOrder, Follows, NewAppeal,
    NewIncidentEvent, Org, Placement, PlacementState, PlannedChange, StoreError, System,
};
use utoipa::ToSchema;

use crate::access::{Action, On, Who, who};
use crate::api::{on, visible};
use crate::deciding::{self, level};
use crate::facts::finding;
use crate::jobs::{notify, replan};
use crate::notices::own;
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::short;
use crate::weighing::Agreed;

/// The most days that a dispute holds a change back.
pub(crate) const HELD: i64 = 30;
/// The most people who are named as those who may answer.
const ANSWERERS: usize = 10;
/// So many of them are ended at once.
const BLOCK: usize = 200;

/// What is asked.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewAppeal)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    /// `emergency`: a change outside of any cadence; `dispute`: about what comes first.
    #[schema(pattern = "^(emergency|dispute)$")]
    pub(crate) kind: String,
    /// The finding that it is about. The change is that of its package.
    pub(crate) finding: i64,
    /// The incident that it is for.
    pub(crate) incident: Option<i64>,
    /// Of a dispute: `now` or `later`. An emergency is `now`.
    #[schema(pattern = "^(now|later)$")]
    pub(crate) wanted: Option<String>,
    /// Why, on one line.
    #[schema(min_length = 1, max_length = 1000)]
    pub(crate) reason: String,
}

/// An answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AppealAnswer)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    /// `granted` or `refused`.
    #[schema(pattern = "^(granted|refused)$")]
    pub(crate) state: String,
    /// The side that they answer for.
    #[schema(max_length = 50)]
    pub(crate) role: String,
    /// Why, on one line.
    #[schema(min_length = 1, max_length = 1000)]
    pub(crate) reason: String,
}

fn reason(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    let right = (1..=1000).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let wrong = || Problem::invalid("`reason` must be 1 to 1000 characters, on one line.");
    right.then_some(text).ok_or_else(wrong)
}

/// What the charter says about what is asked.
struct Rule {
    /// The sides that answer.
    sides: Vec<Role>,
    /// Whether the charter names them for this.
    named: bool,
    /// How many people must grant it.
    people: u32,
    /// Until when.
    due: Timestamp,
    /// All of it in words.
    words: String,
}

/// Who answers what is of a level, by the charter.
fn rule(agreed: &Agreed, dispute: bool, level: Level, now: Timestamp) -> Rule {
    let charter = &agreed.charter;
    let rule = if dispute { &charter.disputes } else { &charter.emergencies };
    let sides = rule.sides(level, &charter.exceptions);
    let words: Vec<&str> = sides.iter().map(|side| side.as_str()).collect();
    let who = if words.is_empty() { "nobody".to_owned() } else { words.join(" or ") };
    let what = match (&rule.sides, dispute) {
        (None, _) => format!("whoever may accept {level} findings decides it: {who}"),
        (Some(_), true) => format!("a dispute is decided by {who}"),
        (Some(_), false) => format!("a change outside of any cadence is granted by {who}"),
    };
    let people = u32::from(rule.people.max(1));
    let more = if people > 1 { format!(", {people} people") } else { String::new() };
    let words = format!(
        "The charter “{}” {}: {what}{more}, within {}; never whoever asked.",
        charter.name,
        charter.version,
        tell_term(rule.within)
    );
    // People answer while nothing is deployed, too.
    let calendar = Calendar { freezes: Vec::new(), ..charter.calendar.clone() };
    let due = match deadline(rule.within, level, now, None, &calendar) {
        Deadline::By { at, .. } => at,
        Deadline::Opportunistic | Deadline::Unknown { .. } => now,
    };
    Rule { sides, named: rule.sides.is_some(), people, due, words }
}

/// Until when what is asked is answered by the charter, in words, and by how many people.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn awaited(app: &App, who: &Who, dispute: bool) -> Result<String, Problem> {
    let agreed = app.agreed(who.org, app.now()).await?;
    let charter = &agreed.charter;
    let rule = if dispute { &charter.disputes } else { &charter.emergencies };
    let people = match rule.people {
        0 | 1 => String::new(),
        people => format!("{people} people must grant it. "),
    };
    Ok(format!("{people}It waits {} at most, then it is late.", tell_term(rule.within)))
}

/// Asks. Returns the id.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn ask(app: &App, who: &Who, sent: &Wanted) -> Result<i64, Problem> {
    let is: Finding = finding::find(app, who, sent.finding).await?;
    let place = on(&app.store, who.org, is.system.as_ref().map(|s| s.0)).await?;
    who.must(Action::Ask, place)?;
    let reason = reason(&sent.reason)?.to_owned();
    let dispute = match sent.kind.as_str() {
        "emergency" => false,
        "dispute" => true,
        _ => return Err(Problem::invalid("`kind` must be emergency or dispute.")),
    };
    let at_once = match (dispute, sent.wanted.as_deref()) {
        (false, None | Some("now")) | (true, Some("now")) => true,
        (true, Some("later")) => false,
        _ => {
            return Err(Problem::invalid(
                "`wanted` must be now or later; for an emergency it must be now.",
            ));
        }
    };
    if !is.state.is_live() {
        return Err(Problem::conflict("The finding is gone: there is nothing left to do."));
    }
    if place.team.is_none() {
        return Err(Problem::conflict("No team owns the system: set its owner team first."));
    }
    let (there, gravest) = change(app, who, is.asset.0, &is.package).await?;
    if is.fix.is_none() || !there.contains(&is.id) {
        return Err(Problem::conflict(NO_CHANGE));
    }
    if let Some(incident) = sent.incident {
        let room = crate::responding::room(app, who, incident).await?;
        if room.is.is.drill.is_some() || room.is.closed.is_some() {
            let text = "The incident is a drill or closed: it cannot be the reason for a request.";
            return Err(Problem::conflict(text));
        }
        let mut rows = room.places.rows.iter();
        let is_it = rows.any(|p| p.asset.0 == is.asset.0 && p.component.is.package == is.package);
        if !is_it && !room.places.more {
            return Err(Problem::conflict("The incident is not about this package there."));
        }
    }
    let open = (Some(AppealState::Asked), None, place.team);
    let open = app.store.appeals(who.org, open, None, None, 500).await?.rows;
    if open.iter().any(|a| a.is.dispute == dispute && a.is.finding == Some(is.id)) {
        return Err(Problem::conflict("The same request is already waiting for an answer."));
    }
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    // What is done outside of all that was agreed is decided as the gravest is.
    // A dispute moves the change, with all that it removes: the gravest of it says who decides.
    let level = if dispute { gravest } else { Level::Critical };
    let rule = rule(&agreed, dispute, level, now);
    let new = NewAppeal {
        dispute,
        incident: sent.incident,
        finding: Some(is.id),
        asset: is.asset.0,
        package: is.package.clone(),
        system: place.system,
        team: place.team,
        at_once,
        reason,
        author: who.person.id,
        due: rule.due,
        rule: rule.words,
        sides: rule.sides.iter().map(|side| side.as_str().to_owned()).collect(),
        needs: rule.people,
        named: rule.named,
    };
    let when = if at_once { "at once" } else { "later" };
    let text = format!("{} is asked: {} of {} {when}.", word(dispute), is.package, is.asset.1);
    let told = Some(note(dispute, place.team, &text));
    let id = app.store.add_appeal_with(who.org, &new, told, &who.actor(), now).await?;
    if let Some(is) = app.store.appeal(who.org, id).await?
        && let Err(problem) = own::begin_for(app, who.org, &is, place).await
    {
        tracing::warn!(problem.detail, "who may answer has no digest of their own");
    }
    // An emergency has hours: who may answer hears of it now.
    app.store.add_job(&notify::at_once(who.org, now), now).await?;
    app.work.notify_one();
    Ok(id)
}

/// Why nothing is asked or granted that no plan can do.
const NO_CHANGE: &str =
    "No planned change removes it: no source names a fix, or it does not count towards the load.";

/// Of the findings of a package of an asset that count: those that a change removes, and the gravest level of all.
async fn change(
    app: &App,
    who: &Who,
    asset: i64,
    package: &str,
) -> Result<(Vec<i64>, Level), Problem> {
    let filter = FindingFilter {
        asset: Some(asset),
        package: Some(package.to_owned()),
        counts: Some(true),
        ..FindingFilter::default()
    };
    let rows = app.store.findings(who.org, &filter, FindingOrder::Level, None, 500).await?.rows;
    let gravest = rows.iter().map(level).max();
    let there = rows.iter().filter(|is| is.fix.is_some()).map(|is| is.id).collect();
    Ok((there, gravest.unwrap_or(Level::Critical)))
}

fn word(dispute: bool) -> &'static str {
    if dispute { "Dispute" } else { "Emergency" }
}

/// What is told in the incident that it is for.
fn note(dispute: bool, team: Option<i64>, text: &str) -> NewIncidentEvent {
    let kind = if dispute { "dispute" } else { "emergency" };
    NewIncidentEvent { kind: kind.to_owned(), team, told: serde_json::json!({ "text": text }) }
}

/// What was asked, if they may see it.
///
/// # Errors
/// There is none, or they may not: the answer is the same.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<(Appeal, On), Problem> {
    let missing = || Problem::not_found("appeal");
    let is = app.store.appeal(who.org, id).await?.ok_or_else(missing)?;
    let place = on(&app.store, who.org, is.is.system).await?;
    if who.may(Action::View, place) { Ok((is, place)) } else { Err(missing()) }
}

/// The sides for which they could answer; none for who asked, or granted it before.
pub(crate) fn answering(who: &Who, is: &Appeal, place: On) -> Vec<Role> {
    let granted = is.consents.iter().any(|consent| consent.person == who.person.id);
    if is.state != AppealState::Asked || is.is.author == who.person.id || granted {
        return Vec::new();
    }
    spoken(who, is, place)
}

/// People who may answer what is asked, by id, the first of them: not who asked, nor who granted it before.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn answerers(
    app: &App,
    org: Org,
    is: &Appeal,
    place: On,
) -> Result<Vec<i64>, Problem> {
    let mut all = Vec::new();
    if is.state != AppealState::Asked {
        return Ok(all);
    }
    for role in is.is.sides.iter().filter_map(|side| Role::from_word(side)) {
        for id in app.store.people_holding(org, role, (place.system, place.team)).await? {
            if all.contains(&id) || all.len() >= ANSWERERS {
                continue;
            }
            let Ok(who) = who::of(app, org, id, None, None).await else { continue };
            if !answering(&who, is, place).is_empty() {
                all.push(id);
            }
        }
    }
    Ok(all)
}

/// That it waits for more people than may answer it, and what an admin does about it. `None`: enough may.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn too_few(
    app: &App,
    org: Org,
    listed: &Appeal,
    place: On,
) -> Result<Option<String>, Problem> {
    // Who granted it before is told of one alone.
    let Some(is) = app.store.appeal(org, listed.id).await? else { return Ok(None) };
    let may = answerers(app, org, &is, place).await?.len();
    let granted = u32::try_from(is.consents.len()).unwrap_or(u32::MAX);
    let left = is.is.needs.saturating_sub(granted).max(1);
    let is_enough = usize::try_from(left).is_ok_and(|left| may >= left);
    if is.state != AppealState::Asked || is_enough {
        return Ok(None);
    }
    let there = if may == 0 { "nobody".to_owned() } else { format!("only {may}") };
    let sides = match is.is.sides.is_empty() {
        true => "the charter names no side for it".to_owned(),
        false => format!("give somebody the role {}", is.is.sides.join(" or ")),
    };
    Ok(Some(format!(
        "{} {} ({} of {}) waits, and {there} may answer it: {sides}.",
        word(is.is.dispute),
        is.id,
        short(&is.is.package).0,
        is.asset_name
    )))
}

/// What waits for somebody's word, each with the sides for which they may answer.
pub(crate) type Waiting = Vec<(Appeal, Vec<Role>)>;

/// What is asked and waits for a word of theirs, what is to be answered first above; and whether there may be more than the
/// `most` that were looked at. `systems`: all of the organisation.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn waiting(
    app: &App,
    who: &Who,
    systems: &[System],
    most: usize,
) -> Result<(Waiting, bool), Problem> {
    let asked = (Some(AppealState::Asked), None, None);
    let seen = visible(who, systems);
    let page = app.store.appeals(who.org, asked, seen.as_deref(), None, most).await?;
    let is_least = page.next.is_some();
    let mut all = Vec::new();
    for listed in page.rows {
        let system = systems.iter().find(|system| Some(system.id) == listed.is.system);
        let place = system.map_or(On::ALL, |is| On { system: Some(is.id), team: is.team });
        if answering(who, &listed, place).is_empty() {
            continue;
        }
        // Who granted it before is told of one alone.
        let whole = if listed.granted == 0 {
            Some(listed)
        } else {
            app.store.appeal(who.org, listed.id).await?
        };
        let Some(is) = whole else { continue };
        let sides = answering(who, &is, place);
        if !sides.is_empty() {
            all.push((is, sides));
        }
    }
    all.sort_by_key(|(is, _)| is.is.due);
    Ok((all, is_least))
}

/// The sides that the rule names and for which they may speak there: whoever answers what others ask for, and of a side that
/// the charter names for this whoever may ask for it.
pub(crate) fn spoken(who: &Who, is: &Appeal, place: On) -> Vec<Role> {
    let may = |role: &Role| {
        let speaks = who.may(Action::Answer, place) || (is.is.named && who.may(Action::Ask, place));
        who.holds(*role, place) && speaks
    };
    is.is.sides.iter().filter_map(|side| Role::from_word(side)).filter(may).collect()
}

/// Answers. What is granted is in the team's plan from then on.
///
/// # Errors
/// They may not, it is answered, or something of it is not right.
pub(crate) async fn answer(
    app: &App,
    who: &Who,
    id: i64,
    sent: &Answer,
) -> Result<Appeal, Problem> {
    let (is, place) = find(app, who, id).await?;
    if spoken(who, &is, place).is_empty() {
        who.must(Action::Answer, place)?;
    }
    let words = reason(&sent.reason)?;
    let granted = match sent.state.as_str() {
        "granted" => true,
        "refused" => false,
        _ => return Err(Problem::invalid("`state` must be granted or refused.")),
    };
    if is.state != AppealState::Asked {
        return Err(deciding::no_longer_asked());
    }
    if is.is.author == who.person.id {
        return Err(deciding::needs_another());
    }
    if is.consents.iter().any(|consent| consent.person == who.person.id) {
        return Err(Problem::conflict(
            "You have already granted it: somebody else must grant it too.",
        ));
    }
    let role = Role::from_word(&sent.role);
    let role = role.filter(|role| answering(who, &is, place).contains(role));
    let role = role.ok_or_else(|| {
        Problem::invalid(format!("`role` must be a side of yours that may answer. {}", is.is.rule))
    })?;
    let now = app.now();
    let actor = who.actor();
    let by = (who.person.id, role.as_str(), actor.as_str());
    let kind = word(is.is.dispute);
    let mut placed = None;
    if granted {
        // The plan is that of who owns it now, and has a change that it is about.
        let text = "No team owns the system any longer: set its owner team first.";
        let team = place.team.ok_or_else(|| Problem::conflict(text))?;
        let (there, gravest) = change(app, who, is.is.asset, &is.is.package).await?;
        if there.is_empty() {
            return Err(Problem::conflict(NO_CHANGE));
        }
        let agreed = app.agreed(who.org, now).await?;
        let until = (!is.is.at_once).then(|| held_until(&agreed, gravest, now));
        let state = if is.is.at_once { PlacementState::Accepted } else { PlacementState::Held };
        let decided = Placement {
            change: PlannedChange { asset: is.is.asset, package: is.is.package.clone() },
            state,
            starts: None,
            reason: match is.is.at_once {
                true => granted_because(&is, role.as_str()),
                false => held_because(&is),
            },
            actor: actor.clone(),
            at: now,
        };
        placed = Some((team, decided, until));
    }
    let done = if granted { "granted" } else { "refused" };
    let end = placed.as_ref().and_then(|(_, _, until)| *until);
    let end = end.map_or_else(String::new, |at| {
        format!(" (held back until {} at most)", at.strftime("%Y-%m-%d"))
    });
    let text = format!("{kind} {id} is {done} for the side of {}{end}: {words}", role.as_str());
    let told = Some(note(is.is.dispute, place.team.or(is.is.team), &text));
    let job = placed.as_ref().map(|(team, ..)| replan::of_team(who.org, *team, now));
    let decided = placed.as_ref().map(|(team, placed, until)| (*team, placed, *until));
    let so_far = is.consents.len() + 1;
    let text = format!(
        "{kind} {id} is granted by {so_far} of {} for the side of {}: {words}",
        is.is.needs,
        role.as_str()
    );
    let consented = Some(note(is.is.dispute, place.team.or(is.is.team), &text));
    let follows = Follows { placed: decided, job: job.as_ref(), told, consented };
    let answer = (granted, words);
    if !app.store.answer_appeal_with(who.org, id, answer, by, follows, now).await? {
        return Err(Problem::conflict("Somebody else has just answered this."));
    }
    // Who asked waits for it.
    app.store.add_job(&notify::at_once(who.org, now), now).await?;
    app.work.notify_one();
    Ok(find(app, who, id).await?.0)
}

/// Takes back what they asked, while it waits for an answer.
///
/// # Errors
/// It is not theirs, or it waits no longer.
pub(crate) async fn take_back(app: &App, who: &Who, id: i64) -> Result<Appeal, Problem> {
    let (is, place) = find(app, who, id).await?;
    if !is_own(who, &is) {
        let detail = "Only the person who asked can take it back; others answer it.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail));
    }
    who.must(Action::Ask, place)?;
    let now = app.now();
    let text = format!("{} {id} was taken back by who asked.", word(is.is.dispute));
    let told = Some(note(is.is.dispute, place.team.or(is.is.team), &text));
    let actor = who.actor();
    let by = (who.person.id, actor.as_str());
    if !app.store.take_back_appeal(who.org, id, by, told, now).await? {
        return Err(Problem::conflict("It has been answered already: nothing can be taken back."));
    }
    // Who was asked to answer hears that nobody needs to.
    app.store.add_job(&notify::at_once(who.org, now), now).await?;
    app.work.notify_one();
    Ok(find(app, who, id).await?.0)
}

/// Whether they asked for it.
pub(crate) fn is_own(who: &Who, is: &Appeal) -> bool {
    is.is.author == who.person.id
}

/// Why a change is decided about that was asked for so.
fn held_because(is: &Appeal) -> String {
    format!("{} {}: {}", word(is.is.dispute), is.id, is.is.reason)
}

/// Why a change is done at once that was asked for so, with the sides for which it was granted.
fn granted_because(is: &Appeal, last: &str) -> String {
    let mut sides: Vec<&str> = is.consents.iter().map(|consent| consent.role.as_str()).collect();
    sides.push(last);
    sides.sort_unstable();
    sides.dedup();
    let (kind, id) = (word(is.is.dispute), is.id);
    format!("{kind} {id}, granted for {}: {}", sides.join(" and "), is.is.reason)
}

/// Until when a change of a level is held back: as long as the charter lets what is of this level be accepted, a day at
/// least and [`HELD`] days at most.
pub(crate) fn held_until(agreed: &Agreed, level: Level, now: Timestamp) -> Timestamp {
    let days = deciding::longest(agreed, level).clamp(1, HELD);
    now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now)
}

/// Ends disputes whose time is over: what they held back is in the teams' plans again, and told. Returns how many.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn end_due(app: &App, org: Org, now: Timestamp) -> Result<usize, StoreError> {
    let mut ended = 0;
    let systems = app.store.systems(org).await?;
    let owner = |id: Option<i64>| systems.iter().find(|is| Some(is.id) == id)?.team;
    loop {
        let over = app.store.holding(org, Some(now), BLOCK).await?;
        for is in &over {
            let text = format!(
                "Dispute {} is over: {} of {} is left to the plan again.",
                is.id, is.is.package, is.asset_name
            );
            // The system may have moved since: whose plan it is in now is told.
            let told = note(true, owner(is.is.system), &text);
            let held = held_because(is);
            ended += usize::from(app.store.end_dispute(org, is, (&held, told), now).await?);
        }
        if over.len() < BLOCK {
            return Ok(ended);
        }
    }
}

/// How it stands, in words; whether it is late.
pub(crate) fn standing(is: &Appeal, now: Timestamp) -> (&'static str, bool) {
    match is.state {
        AppealState::Granted if is.ended.is_some() => ("granted, and over", false),
        AppealState::Granted if is.until.is_some() => ("granted: held back", false),
        AppealState::Asked => ("waits for an answer", is.is.due < now),
        AppealState::Granted => ("granted", false),
        AppealState::Refused => ("refused", false),
        AppealState::TakenBack => ("taken back", false),
    }
}
