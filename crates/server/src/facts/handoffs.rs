//! What waits for whom: the steps of live findings that are somebody's turn, by when they are due. Nothing is without an
//! owner: what nobody is named for is the owner team's, and what no team owns is told first.

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_model::Role;
use trimtab_store::{Cursor, Decision, Finding, FindingFilter, FindingOrder, Org};

use super::finding::may_read;
use super::steps::{self, Standing};
use crate::access::{Action, On, Who};
use crate::api::visible;
use crate::problem::Problem;
use crate::state::App;

/// A system and its team.
type Reach = (Option<i64>, Option<i64>);
/// Who speaks for a part there: the first names, and how many there are.
type Speakers = (Vec<String>, usize);

/// How many findings are looked at for a page: those that are due first.
pub(crate) const MOST: usize = 100;
/// How many findings are looked at for what waits for one person.
const LOOKED: usize = 2_000;
/// How many people of a side are named.
const NAMES: usize = 3;

/// A step that waits.
pub(crate) struct HandOff {
    pub(crate) finding: Finding,
    pub(crate) side: Role,
    pub(crate) task: &'static str,
    /// For whom.
    pub(crate) on: String,
    /// Whom it waits for, where that is somebody who is named for the part.
    pub(crate) person: Option<i64>,
    pub(crate) since: Timestamp,
    /// By the charter. `None`: at the next opportunity.
    pub(crate) until: Option<Timestamp>,
    pub(crate) late: bool,
}

/// All of them.
pub(crate) struct All {
    /// Those that are due first.
    pub(crate) rows: Vec<HandOff>,
    /// Where it goes on, if there are more findings.
    pub(crate) next: Option<Cursor>,
}

/// What waits in a team's systems, as far as they may see it; `None`: in all. A page at a time.
///
/// # Errors
/// There is no such team, they may see nothing, or the store does not answer.
pub(crate) async fn waiting(
    app: &App,
    who: &Who,
    team: Option<i64>,
    after: Option<Cursor>,
) -> Result<All, Problem> {
    crate::api::findings::seen(who)?;
    if let Some(id) = team {
        let known = app.store.teams(who.org).await?.iter().any(|team| team.id == id);
        if !known || !who.may(Action::View, On { system: None, team }) {
            return Err(Problem::not_found("team"));
        }
    }
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let filter = FindingFilter {
        team,
        systems: visible(who, &agreed.stored),
        counts: Some(true),
        ..FindingFilter::default()
    };
    let part = (&filter, after, MOST);
    of(app, who.org, part, |decision| may_read(who, decision), now).await
}

/// The late ones of a team, of so many findings that are due first, whoever looks, and when the next of them is late:
/// decisions for all systems, which not everybody may read, are passed over.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn late(
    app: &App,
    org: Org,
    team: i64,
    most: usize,
    now: Timestamp,
) -> Result<(Vec<HandOff>, Option<Timestamp>), Problem> {
    let filter = FindingFilter { team: Some(team), counts: Some(true), ..FindingFilter::default() };
    let all = of(app, org, (&filter, None, most), is_of_one, now).await?.rows;
    let (late, rest): (Vec<HandOff>, Vec<HandOff>) = all.into_iter().partition(|row| row.late);
    let next = rest.iter().filter_map(|row| row.until).filter(|at| *at >= now).min();
    Ok((late, next))
}

/// The late ones that wait for somebody by name, in systems of which they are named for a part and which they may see: of
/// the findings that are due first, until no step of a page of them is late, or so many were looked at.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn mine(app: &App, who: &Who, now: Timestamp) -> Result<Vec<HandOff>, Problem> {
    let named = app.store.system_people(who.org).await?;
    let mut systems: Vec<i64> = named
        .iter()
        .filter(|(_, person)| **person == who.person.id)
        .map(|((system, _), _)| *system)
        .collect();
    systems.dedup();
    let stored = app.store.systems(who.org).await?;
    if let Some(seen) = visible(who, &stored) {
        systems.retain(|system| seen.contains(system));
    }
    if systems.is_empty() {
        return Ok(Vec::new());
    }
    let systems = Some(systems);
    let filter = FindingFilter { systems, counts: Some(true), ..FindingFilter::default() };
    let (mut mine, mut after, mut looked) = (Vec::new(), None, 0);
    loop {
        let part = (&filter, after, MOST);
        let page = of(app, who.org, part, |decision| may_read(who, decision), now).await?;
        let any = page.rows.iter().any(|row| row.late);
        let theirs = |row: &HandOff| row.late && row.person == Some(who.person.id);
        mine.extend(page.rows.into_iter().filter(theirs));
        after = page.next;
        looked += MOST;
        if after.is_none() || !any || looked >= LOOKED {
            return Ok(mine);
        }
    }
}

/// Whether a decision is about one system: who may see that may read it.
fn is_of_one(decision: &Decision) -> bool {
    decision.is.system.is_some()
}

async fn of(
    app: &App,
    org: Org,
    (filter, after, most): (&FindingFilter, Option<Cursor>, usize),
    may_read: impl Fn(&Decision) -> bool,
    now: Timestamp,
) -> Result<All, Problem> {
    let agreed = app.agreed(org, now).await?;
    let order = FindingOrder::Deadline;
    let page = app.store.findings(org, filter, order, after, most).await?;
    let people = app.store.system_people(org).await?;
    // Who has left waits for nothing: it is the owner team's again.
    let all = app.store.people(org).await?.into_iter().filter(|person| !person.disabled);
    let names: HashMap<i64, String> = all.map(|person| (person.id, person.name)).collect();
    let mut assets: Vec<i64> = page.rows.iter().map(|is| is.asset.0).collect();
    assets.sort_unstable();
    assets.dedup();
    let suppliers = app.store.delivered(org, &assets).await?;
    let mut speaks: HashMap<Reach, Speakers> = HashMap::new();
    let mut rows = Vec::new();
    for is in page.rows {
        let aliases = app.store.aliases(org, is.vulnerability.0).await?;
        let mut decisions = app.store.decisions_about(org, &is, &aliases).await?;
        decisions.retain(&may_read);
        let place = (is.system.as_ref().map(|s| s.0), is.team.as_ref().map(|t| t.0));
        let security = match speaks.get(&place) {
            Some(known) => known.clone(),
            None => {
                let of = app.store.who_holds(org, Role::Security, place, NAMES).await?;
                speaks.insert(place, of.clone());
                of
            }
        };
        let facts = steps::Facts {
            is: &is,
            agreed: &agreed,
            decisions: &decisions,
            people: &people,
            names: &names,
            security: &security,
            supplier: suppliers.get(&is.asset.0).map(|(name, still)| (name.as_str(), *still)),
            last_affected: None,
            held: None,
            now,
        };
        for step in facts.steps() {
            let Standing::Waiting { on, since, until, late } = step.standing else { continue };
            let (finding, side, task, person) = (is.clone(), step.side, step.task, on.person);
            rows.push(HandOff { finding, side, task, on: on.words, person, since, until, late });
        }
    }
    // Of what is looked at, what no team owns is told first.
    rows.sort_by_key(|row: &HandOff| row.finding.team.is_some());
    Ok(All { rows, next: page.next })
}
