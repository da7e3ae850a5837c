//! What waits for a team beside its plan: decisions to be answered, exceptions that end, a review that is prepared, an
//! incident that touches it, what was decided or handed over and is late. Read once for all teams; each is told to who may
//! see the system that it is about, and where it is about several, to who may see the whole team.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_model::Purl;
use trimtab_store::{
    Appeal, AppealState, Decision, DecisionKind, Finding, FindingFilter, FindingOrder, Incident,
    IncidentSort, NewPending, Org, PlacementState, Resolve, ResolveState, Review, ReviewFilter,
    ReviewOf, ReviewState, StoreError, StoredCharter, Tracker,
};

use super::things::Told;
use crate::access::Who;
use crate::access::secret::digest;
use crate::deciding;
use crate::facts::handoffs;
use crate::problem::Problem;
use crate::responding::{self, Task};
use crate::state::App;
use crate::web::today::short;

/// How long before its end an exception is told, and before its time a review.
pub(crate) const ENDS: SignedDuration = SignedDuration::from_hours(24 * 14);
pub(crate) const MEETS: SignedDuration = SignedDuration::from_hours(24 * 7);
/// A review that is open for so long was forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);
/// So long a tracker may fail before its team is told.
const STOPPED: SignedDuration = SignedDuration::from_hours(1);
/// So long who asked for an emergency is told how it was answered.
const ANSWERED: SignedDuration = SignedDuration::from_hours(48);
/// The most of a kind that are looked at, and hand-offs of a team: those that are due first.
const MOST: usize = 500;
const HANDED: usize = 30;
/// The most decisions that are asked for, the oldest first.
const ASKED: usize = 10_000;
/// So many pages of reviews are looked at for what is late.
const PAGES: usize = 20;

/// An incident that touches a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Its id.
    pub(crate) id: i64,
    title: String,
    /// What it is about, as findings have it.
    about: About,
    acknowledged: bool,
}

/// What an incident is about, as findings have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct About {
    package: Option<String>,
    vulnerability: Option<i64>,
}

impl About {
    /// What is looked for, by whichever name.
    async fn of(app: &App, org: Org, looked_for: &str) -> Result<About, Problem> {
        if let Ok(purl) = looked_for.parse::<Purl>() {
            let package = Some(purl.package().to_string());
            return Ok(About { package, vulnerability: None });
        }
        let name = responding::called(app, org, looked_for).await?;
        let vulnerability = app.store.vulnerability_of(org, &name).await?.map(|is| is.0);
        Ok(About { package: None, vulnerability })
    }

    fn has(&self, is: &Finding) -> bool {
        self.package.as_ref() == Some(&is.package) || self.vulnerability == Some(is.vulnerability.0)
    }
}

/// What waits for a team.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Others {
    things: Vec<NewPending>,
    incidents: Vec<Touched>,
}

impl Others {
    /// By what it was looked at: with another mark it is looked at again.
    pub(crate) fn mark(&self) -> String {
        let things = self.things.iter().map(|is| format!("{}={}", is.item, is.mark));
        let incidents = self.incidents.iter().map(|is| format!("{}={}", is.id, is.acknowledged));
        digest(&things.chain(incidents).collect::<Vec<_>>().join("\n"))
    }

    /// All of it, with the incidents as grave as what the team has of them.
    pub(crate) fn things(
        &self,
        findings: &[Finding],
        urgent: impl Fn(&Finding) -> bool,
    ) -> Vec<NewPending> {
        let incident = |is: &Touched| is.thing(findings, &urgent);
        self.things.iter().cloned().chain(self.incidents.iter().map(incident)).collect()
    }
}

impl Touched {
    /// What is told of it. It breaks through where the charter calls *now* what the team has of it.
    fn thing(&self, findings: &[Finding], urgent: &impl Fn(&Finding) -> bool) -> NewPending {
        let own: Vec<&Finding> = findings.iter().filter(|f| self.about.has(f)).collect();
        let level = own.iter().filter_map(|f| Some(f.weighed.as_ref()?.level)).max();
        let is_now = own.iter().any(|f| urgent(f));
        let said = if self.acknowledged {
            "The team is working on it."
        } else {
            "Nobody on the team has acknowledged it yet."
        };
        let told = Told {
            title: format!("Incident: {}", self.title),
            detail: format!("It touches systems of this team. {said}"),
            act: "Report the progress of the team in the incident room.".to_owned(),
            link: format!("/incidents/{}", self.id),
            level: level.map(|level| level as u8),
            findings: own.len(),
            ..Told::default()
        };
        let item = format!("incident:{}", self.id);
        thing(&item, &format!("{}", self.acknowledged), &told, is_now && !self.acknowledged)
    }
}

fn thing(item: &str, mark: &str, told: &Told, urgent: bool) -> NewPending {
    NewPending {
        item: item.to_owned(),
        mark: digest(mark),
        told: json!(told),
        urgent,
        urgent_of: if urgent { vec![item.to_owned()] } else { Vec::new() },
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What a decision is about, in a few words.
fn about(is: &Decision) -> String {
    let vulnerability = is.is.vulnerability.as_deref().unwrap_or("findings");
    match is.is.package.as_deref() {
        Some(package) => format!("{vulnerability} in {}", short(package).0),
        None => vulnerability.to_owned(),
    }
}

/// Where a decision is, in a few words; what is about no system is about all.
fn place(system: Option<(i64, &str)>) -> &str {
    system.map_or("all systems", |system| system.1)
}

/// The decision of an item that waits for an answer.
pub(crate) fn asked_id(item: &str) -> Option<i64> {
    item.strip_prefix("answer:")?.parse().ok()
}

pub(crate) fn asked(is: &Decision, system: Option<(i64, &str)>) -> NewPending {
    let what = match is.is.kind {
        DecisionKind::Exception => "an exception",
        DecisionKind::NotAffected => "a not-affected decision",
    };
    let told = Told {
        title: format!("Answer the request for {what}: {}", about(is)),
        detail: format!(
            "In {}, requested {} ({}).",
            place(system),
            day(is.asked),
            is.is.author_role
        ),
        act: "Approve or reject it on its page, if the charter lets you.".to_owned(),
        link: format!("/exceptions/{}", is.id),
        system: system.map(|system| system.0),
        answer: Some(is.is.author),
        ..Told::default()
    };
    thing(&format!("answer:{}", is.id), "", &told, false)
}

/// What waits outside of the plan: an emergency breaks through, as the charter wants it answered within hours.
pub(crate) fn appeal(is: &Appeal, system: Option<(i64, &str)>) -> NewPending {
    let (package, _) = short(&is.is.package);
    let what = if is.is.dispute { "dispute" } else { "emergency" };
    let told = Told {
        title: format!("Answer the {what}: {package} in {}", is.asset_name),
        detail: format!(
            "In {}, to be answered by {} UTC: {}",
            place(system),
            is.is.due.strftime("%Y-%m-%d %H:%M"),
            is.is.reason
        ),
        act: format!(
            "Grant or refuse it on its page, or tell those who may: {}.",
            is.is.sides.join(" or ")
        ),
        link: format!("/appeals/{}", is.id),
        system: system.map(|system| system.0),
        // Also who may not answer hears of it: within hours somebody has to be found who may.
        answer: None,
        ..Told::default()
    };
    thing(&format!("appeal:{}", is.id), "", &told, !is.is.dispute)
}

/// The words of an answer with the side that gave it, and where it holds.
fn by_side(is: &Appeal, system: Option<(i64, &str)>) -> String {
    let side = is.approver.as_ref().map_or("nobody", |(_, side)| side.as_str());
    let words = if is.answer.is_empty() { "no words" } else { is.answer.as_str() };
    format!("In {}, for {side}: {words}", place(system))
}

/// An emergency that too few people may answer, for admins, who give roles: it breaks through, as it is to be answered within
/// hours.
pub(crate) fn unanswerable(is: &Appeal, system: Option<(i64, &str)>, words: &str) -> NewPending {
    let (package, _) = short(&is.is.package);
    let told = Told {
        title: format!("Too few people may answer an emergency: {package} in {}", is.asset_name),
        detail: format!("In {}. {words}", place(system)),
        act: "Give the roles under Administration, or have it taken back.".to_owned(),
        link: format!("/appeals/{}", is.id),
        system: system.map(|system| system.0),
        ..Told::default()
    };
    thing(&format!("unanswerable:{}", is.id), "", &told, true)
}

/// What was asked and taken back before anybody answered, for those who were asked.
pub(crate) fn taken_back(is: &Appeal, system: Option<(i64, &str)>) -> NewPending {
    let (package, _) = short(&is.is.package);
    let what = if is.is.dispute { "dispute" } else { "emergency" };
    let told = Told {
        title: format!("The {what} was taken back: {package} in {}", is.asset_name),
        detail: format!("In {}. It was asked for because of: {}", place(system), is.is.reason),
        act: "Nothing is to be answered any longer.".to_owned(),
        link: format!("/appeals/{}", is.id),
        system: system.map(|system| system.0),
        ..Told::default()
    };
    thing(&format!("taken-back:{}", is.id), "", &told, false)
}

/// A granted emergency, for its team: it breaks through, as what was asked for did.
fn granted(is: &Appeal, system: (i64, &str)) -> NewPending {
    let (package, _) = short(&is.is.package);
    let told = Told {
        title: format!("Emergency {} is granted: {package} in {}", is.id, is.asset_name),
        detail: format!(
            "{}. It was asked for because of: {}",
            by_side(is, Some(system)),
            is.is.reason
        ),
        act: "Carry it out now with `trimtab apply`, then deploy it.".to_owned(),
        link: format!("/appeals/{}", is.id),
        system: Some(system.0),
        ..Told::default()
    };
    thing(&format!("granted:{}", is.id), "", &told, true)
}

/// How an emergency was answered, for who asked for it.
pub(crate) fn answered(is: &Appeal, system: Option<(i64, &str)>) -> NewPending {
    let (package, _) = short(&is.is.package);
    let (how, act) = match is.state {
        AppealState::Granted => ("granted", "It is in the plan now; see that it is carried out."),
        _ => ("refused", "It stays where the plan has it."),
    };
    let told = Told {
        title: format!("Your emergency was {how}: {package} in {}", is.asset_name),
        detail: format!("{}.", by_side(is, system)),
        act: act.to_owned(),
        link: format!("/appeals/{}", is.id),
        system: system.map(|system| system.0),
        ..Told::default()
    };
    thing(&format!("answered:{}", is.id), "", &told, true)
}

pub(crate) fn ends(is: &Decision, system: Option<(i64, &str)>, at: Timestamp) -> NewPending {
    let told = Told {
        title: format!("An exception ends on {}: {}", day(at), about(is)),
        detail: format!("In {}. It counts again from then on.", place(system)),
        act: "Fix it before then, or ask for a new exception.".to_owned(),
        link: format!("/exceptions/{}", is.id),
        system: system.map(|system| system.0),
        ..Told::default()
    };
    thing(&format!("ends:{}", is.id), &at.to_string(), &told, false)
}

pub(crate) fn review(is: &Review) -> NewPending {
    let told = Told {
        title: format!("A review is planned for {} UTC", is.is.at.strftime("%Y-%m-%d %H:%M")),
        detail: format!("{} minutes; the agenda is updated until it begins.", is.is.minutes),
        act: "Read the agenda beforehand.".to_owned(),
        link: format!("/reviews/{}", is.id),
        ..Told::default()
    };
    thing(&format!("review:{}", is.id), &is.is.at.to_string(), &told, false)
}

/// A review that nobody closed: until then it has no end, and its minutes are not those of a meeting.
fn unclosed(is: &Review, opened: Timestamp) -> NewPending {
    let told = Told {
        title: format!("A review is still open, since {}", day(opened)),
        detail: format!("It was planned for {} minutes.", is.is.minutes),
        act: "Say what was decided, and close it on its page.".to_owned(),
        link: format!("/reviews/{}", is.id),
        ..Told::default()
    };
    thing(&format!("unclosed:{}", is.id), "", &told, false)
}

pub(crate) fn followed(is: &Resolve) -> NewPending {
    let told = Told {
        title: format!("Late: {}", is.is.what),
        detail: format!(
            "Agreed in a review; it was due on {}.",
            crate::reviewing::last_day(is.is.due)
        ),
        act: "On the page of the review, mark it as done or say what became of it.".to_owned(),
        link: format!("/reviews/{}", is.is.review),
        ..Told::default()
    };
    thing(&format!("followed:{}", is.id), &is.is.due.to_string(), &told, false)
}

fn over(is: &Appeal, system: (i64, &str), at: Timestamp) -> NewPending {
    let (package, _) = short(&is.is.package);
    let told = Told {
        title: format!("No longer held back: {package} in {}", is.asset_name),
        detail: format!("In {}. The dispute that held it back ended on {}.", system.1, day(at)),
        act: "It is in the plan again: check when, or open a new dispute.".to_owned(),
        link: format!("/appeals/{}", is.id),
        system: Some(system.0),
        ..Told::default()
    };
    thing(&format!("held:{}", is.id), "", &told, false)
}

/// Whether a tracker stands still: something is wrong with it, and for so long it did what it was asked for at no time.
fn is_stopped(trouble: &str, since: Timestamp, now: Timestamp) -> bool {
    !trouble.is_empty() && now.duration_since(since) >= STOPPED
}

/// Since when a tracker stands still. `None`: it does not.
pub(crate) fn stopped_since(is: &Tracker, now: Timestamp) -> Option<Timestamp> {
    // When it was last well; of one that never was, since it is set so.
    let since = is.told.map_or(is.changed, |told| told.max(is.changed));
    is_stopped(&is.trouble, since, now).then_some(since)
}

/// A tracker that stands still: nobody sees it there.
fn stopped(is: &Tracker, now: Timestamp) -> Option<NewPending> {
    let since = stopped_since(is, now)?;
    let told = Told {
        title: "The team's tickets stand still: its tracker cannot be used".to_owned(),
        detail: format!(
            "Since {} UTC no ticket is made, changed or closed: {}.",
            since.strftime("%Y-%m-%d %H:%M"),
            is.trouble.trim_end_matches('.')
        ),
        act: "Set the tracker or its token again; tickets follow by themselves then.".to_owned(),
        link: format!("/teams/{}/tickets", is.is.team),
        ..Told::default()
    };
    Some(thing("tracker", &since.to_string(), &told, false))
}

/// Emergencies that were answered a short while ago.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn newly_answered(
    app: &App,
    org: Org,
    now: Timestamp,
) -> Result<Vec<Appeal>, StoreError> {
    let mut all = Vec::new();
    for state in [AppealState::Granted, AppealState::Refused] {
        let found = app.store.appeals(org, (Some(state), None, None), None, None, MOST).await?;
        all.extend(found.rows);
    }
    let fresh = |is: &Appeal| is.answered.is_some_and(|at| at > now - ANSWERED);
    all.retain(|is| !is.is.dispute && fresh(is));
    Ok(all)
}

/// What was taken back a short while ago.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn newly_taken_back(
    app: &App,
    org: Org,
    now: Timestamp,
) -> Result<Vec<Appeal>, StoreError> {
    let of = (Some(AppealState::TakenBack), None, None);
    let mut all = app.store.appeals(org, of, None, None, MOST).await?.rows;
    all.retain(|is| is.answered.is_some_and(|at| at > now - ANSWERED));
    Ok(all)
}

/// Whether something of what an appeal is about is still there to be done.
async fn counts(app: &App, org: Org, is: &Appeal) -> Result<bool, Problem> {
    let filter = FindingFilter {
        asset: Some(is.is.asset),
        package: Some(is.is.package.clone()),
        counts: Some(true),
        ..FindingFilter::default()
    };
    let found = app.store.findings(org, &filter, FindingOrder::Level, None, 1).await?;
    Ok(!found.rows.is_empty())
}

/// What waits for each team, by the team.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of_teams(
    app: &App,
    org: Org,
    now: Timestamp,
) -> Result<HashMap<i64, Others>, Problem> {
    let mut all: HashMap<i64, Others> = HashMap::new();
    let systems = app.store.systems(org).await?;
    let owner = |id: Option<i64>| {
        let system = systems.iter().find(|system| Some(system.id) == id)?;
        Some((system.team?, (system.id, system.name.as_str())))
    };
    // Nobody has the number 0: of everybody. What is told to no team takes no place of what is.
    let owned: Vec<i64> =
        systems.iter().filter(|system| system.team.is_some()).map(|system| system.id).collect();
    let waits = app.store.asked_by_others(org, 0, Some(&owned), now, ASKED).await?;
    for is in deciding::waiting(app, org, waits).await? {
        if let Some((team, system)) = owner(is.is.system) {
            all.entry(team).or_default().things.push(asked(&is, Some(system)));
        }
    }
    let asked = (Some(AppealState::Asked), None, None);
    for is in app.store.appeals(org, asked, None, None, MOST).await?.rows {
        if let Some((team, system)) = owner(is.is.system) {
            all.entry(team).or_default().things.push(appeal(&is, Some(system)));
        }
    }
    for is in app
        .store
        .appeals(org, (Some(AppealState::Granted), None, None), None, None, MOST)
        .await?
        .rows
    {
        let fresh = is.answered.is_some_and(|at| at > now - ENDS);
        let Some((team, system)) = owner(is.is.system).filter(|_| fresh && !is.is.dispute) else {
            continue;
        };
        // People may have decided otherwise since.
        let placed = app.store.placements(org, team).await?;
        let is_held = placed.iter().any(|one| {
            one.state == PlacementState::Held
                && (one.change.asset, &one.change.package) == (is.is.asset, &is.is.package)
        });
        if !is_held && counts(app, org, &is).await? {
            all.entry(team).or_default().things.push(granted(&is, system));
        }
    }
    for is in newly_taken_back(app, org, now).await? {
        if let Some((team, system)) = owner(is.is.system) {
            all.entry(team).or_default().things.push(taken_back(&is, Some(system)));
        }
    }
    for is in app.store.ending_decisions(org, None, now, now + ENDS, MOST).await? {
        let ending = is.is.expires.filter(|_| is.is.kind == DecisionKind::Exception);
        if let (Some((team, system)), Some(at)) = (owner(is.is.system), ending) {
            all.entry(team).or_default().things.push(ends(&is, Some(system), at));
        }
    }
    let newest = app.store.reviews(org, &ReviewFilter::default(), None, MOST).await?.rows;
    for is in &newest {
        let near = is.is.at >= now && is.is.at <= now + MEETS;
        if let (ReviewOf::Team(team), ReviewState::Prepared, true) = (&is.is.of, is.state, near) {
            all.entry(*team).or_default().things.push(review(is));
        }
        let forgotten =
            is.opened.filter(|at| is.state == ReviewState::Open && *at <= now - FORGOTTEN);
        if let (ReviewOf::Team(team), Some(opened)) = (&is.is.of, forgotten) {
            all.entry(*team).or_default().things.push(unclosed(is, opened));
        }
    }
    for is in app.store.held_until(org, now - ENDS, MOST).await? {
        // Whose plan it is in now: a system may have moved since it was answered.
        let (Some((team, system)), Some(at)) = (owner(is.is.system), is.ended) else { continue };
        if counts(app, org, &is).await? {
            all.entry(team).or_default().things.push(over(&is, system, at));
        }
    }
    for tracker in app.store.troubled_trackers(org).await? {
        if let Some(thing) = stopped(&tracker, now) {
            all.entry(tracker.is.team).or_default().things.push(thing);
        }
    }
    late(app, org, now, &mut all).await?;
    incidents(app, org, &mut all).await?;
    tasks(app, org, now, &mut all).await?;
    Ok(all)
}

/// What reviews of teams decided and is late.
async fn late(
    app: &App,
    org: Org,
    now: Timestamp,
    all: &mut HashMap<i64, Others>,
) -> Result<(), Problem> {
    let undone = ReviewFilter { undone: true, ..ReviewFilter::default() };
    let (mut reviews, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = app.store.reviews(org, &undone, after, MOST).await?;
        reviews.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let teams: HashMap<i64, i64> = reviews
        .iter()
        .filter_map(|review| match review.is.of {
            ReviewOf::Team(team) => Some((review.id, team)),
            _ => None,
        })
        .collect();
    let mut ids: Vec<i64> = teams.keys().copied().collect();
    ids.sort_unstable();
    if ids.is_empty() {
        return Ok(());
    }
    for is in app.store.resolved(org, &ids).await? {
        let is_late = is.state == ResolveState::Open && is.is.due < now;
        if let Some(team) = teams.get(&is.is.review).copied().filter(|_| is_late) {
            all.entry(team).or_default().things.push(followed(&is));
        }
    }
    Ok(())
}

/// Open incidents by the teams that they touch. Drills are nobody's news, and what was caught is in its room.
async fn incidents(app: &App, org: Org, all: &mut HashMap<i64, Others>) -> Result<(), Problem> {
    let open = app
        .store
        .incidents_of(org, (Some(true), Some(IncidentSort::Real)), None, None, MOST)
        .await?;
    for is in open.rows {
        let about = About::of(app, org, &is.is.looked_for).await?;
        let events = app.store.incident_events(org, is.id).await?;
        for stand in responding::how_far(&events) {
            let Some(team) = stand.team.filter(|_| stand.fixed.is_none()) else { continue };
            all.entry(team).or_default().incidents.push(Touched {
                id: is.id,
                title: is.is.title.clone(),
                about: about.clone(),
                acknowledged: stand.acknowledged.is_some(),
            });
        }
    }
    Ok(())
}

/// Tasks of teams that are late, of the newest incidents and near misses. Of one that is closed what was learnt is
/// followed alone.
async fn tasks(
    app: &App,
    org: Org,
    now: Timestamp,
    all: &mut HashMap<i64, Others>,
) -> Result<(), Problem> {
    let mut newest = app.store.incidents_of(org, (None, None), None, None, MOST).await?.rows;
    newest.retain(|is| is.is.drill.is_none());
    let ids: Vec<i64> = newest.iter().map(|is| is.id).collect();
    let events = app.store.incident_tasks(org, &ids).await?;
    for is in newest {
        let told = events.get(&is.id).map_or(&[][..], Vec::as_slice);
        for task in responding::tasks(told).iter().filter(|task| task.is_late(now)) {
            let Some(team) = task.team.filter(|_| task.after || is.closed.is_none()) else {
                continue;
            };
            all.entry(team).or_default().things.push(late_task(&is, task));
        }
    }
    Ok(())
}

/// A task that is late.
pub(crate) fn late_task(is: &Incident, task: &Task) -> NewPending {
    let due = task.due.map_or_else(String::new, day);
    let told = Told {
        title: format!("Late: {}", task.text),
        detail: format!("Task of the incident {}; it was due on {due}.", is.is.title),
        act: "Mark it as done in the incident room.".to_owned(),
        link: format!("/incidents/{}", is.id),
        ..Told::default()
    };
    thing(&format!("task:{}:{}", is.id, task.seq), &due, &told, false)
}

/// Steps of a team's findings that wait for somebody and are late, of those that are due first: one thing for a system,
/// for the findings have things of their own. And when the next of them is late.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn handed(
    app: &App,
    org: Org,
    team: i64,
    now: Timestamp,
) -> Result<(Vec<NewPending>, Option<Timestamp>), Problem> {
    let (late, next) = handoffs::late(app, org, team, HANDED, now).await?;
    Ok((by_system(&late, &format!("/handoffs?team={team}&late=true")), next))
}

/// Late steps that wait for somebody by name, of those that are due first: one thing for a system.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn handed_to(
    app: &App,
    who: &Who,
    now: Timestamp,
) -> Result<Vec<NewPending>, Problem> {
    let mine = handoffs::mine(app, who, now).await?;
    Ok(by_system(&mine, "/handoffs?late=true"))
}

/// A charter that waits for the word of sides.
pub(crate) fn charter(is: &StoredCharter, sides: &[&str]) -> NewPending {
    let sides = sides.join(" and ");
    let told = Told {
        title: format!("A charter is waiting for {sides}"),
        detail: format!(
            "Proposed on {}; it is not in force until all sides agree.",
            day(is.proposed)
        ),
        act: "Review the changes, then agree or say why not.".to_owned(),
        link: format!("/charter/proposals/{}", is.id),
        ..Told::default()
    };
    thing(&format!("charter:{}", is.id), &sides, &told, false)
}

/// Late steps, one thing for each system.
fn by_system(late: &[handoffs::HandOff], link: &str) -> Vec<NewPending> {
    let mut by: BTreeMap<(i64, String), Vec<&handoffs::HandOff>> = BTreeMap::new();
    for is in late {
        if let Some((id, name)) = is.finding.system.clone() {
            by.entry((id, name)).or_default().push(is);
        }
    }
    let system = |((id, name), all): (&(i64, String), &Vec<&handoffs::HandOff>)| {
        let count = match all.len() {
            1 => "1 hand-off is late".to_owned(),
            HANDED.. => format!("{HANDED} or more hand-offs are late"),
            more => format!("{more} hand-offs are late"),
        };
        let first = all.first();
        let first = first.map_or_else(String::new, |is| {
            format!("First: {} ({}) waits for {}.", is.task, is.side, is.on)
        });
        let told = Told {
            title: format!("{count} in {name}"),
            detail: first,
            act: "Do them, or say who will.".to_owned(),
            link: link.to_owned(),
            system: Some(*id),
            findings: all.len(),
            ..Told::default()
        };
        let mark: Vec<String> =
            all.iter().map(|is| format!("{} {}", is.finding.id, is.side)).collect();
        thing(&format!("handed:{id}"), &mark.join(" "), &told, false)
    };
    by.iter().map(system).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracker_stands_still_that_fails_for_an_hour() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        assert!(is_stopped("denied", at(0), at(60)));
        assert!(!is_stopped("denied", at(0), at(59)), "it may be well again");
        assert!(!is_stopped("", at(0), at(600)), "nothing is wrong");
    }
}
