//! How mature a team or the organisation is: what the store shows, judged by the engine. Of what somebody may see: a
//! number here is never of a system that is kept from them, and it is told whether that was all.

mod document;
mod ground;
mod oscal;

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_engine::maturity::{Assessment, Fact, Stage, organisation, team};
use trimtab_store::{Cursor, EventKind, LedgerFilter};

pub(crate) use document::document;
pub(crate) use oscal::oscal;

use self::ground::{Ground, Scope};
use crate::access::{Action, On, Who};
use crate::api::findings;
use crate::problem::Problem;
use crate::state::App;

/// How many entries of the ledger are named for a fact.
const ENTRIES: usize = 3;
/// In how many systems of a team they are looked for.
const SYSTEMS: usize = 6;

/// An assessment, of a team or of the organisation.
pub(crate) struct Told {
    /// Of whom.
    pub(crate) name: String,
    /// The team; `None`: the organisation.
    pub(crate) team: Option<i64>,
    /// Whether all of it may be seen.
    pub(crate) whole: bool,
    pub(crate) at: Timestamp,
    pub(crate) is: Assessment,
    /// Of the organisation: its teams that own a system. Others have nothing to show.
    pub(crate) teams: Vec<(i64, String, Assessment)>,
    /// Where the ledger ends, entry and seal, for who may read it.
    pub(crate) ledger: Option<(i64, String)>,
}

impl Told {
    /// The team's own name; of the organisation, its name.
    pub(crate) fn team_name(&self) -> &str {
        self.name.strip_prefix("Team ").filter(|_| self.team.is_some()).unwrap_or(&self.name)
    }

    /// The stage in words.
    pub(crate) fn headline(&self) -> String {
        let stage = self.is.stage;
        let part = if self.whole { "" } else { ", of what you may see" };
        let left = self.is.next().count();
        let next = match (stage, left) {
            (Stage::Advanced, _) => "there is none above it".to_owned(),
            (_, 1) => "one criterion is missing to the next".to_owned(),
            (_, left) => format!("{left} criteria are missing to the next"),
        };
        let (number, words) = (stage.number(), stage.words());
        format!("{} is at stage {number} of 5{part}: {words}; {next}.", self.name)
    }

    /// The list behind a fact, for who may open it.
    pub(crate) fn list(&self, fact: Fact, who: &Who) -> String {
        let all = who.may(Action::View, On::ALL);
        let and = self.team.map(|id| format!("&team={id}")).unwrap_or_default();
        let only = self.team.map(|id| format!("?team={id}")).unwrap_or_default();
        match fact {
            Fact::Inventory
            | Fact::Watched
            | Fact::Current
            | Fact::Owned
            | Fact::Described
            | Fact::Running
            | Fact::Accountable => format!("/systems{only}"),
            Fact::Read | Fact::Fresh | Fact::Exploits if all => "/feeds".to_owned(),
            Fact::Weighed => format!("/findings?counts=true{and}"),
            Fact::Planned => match self.team {
                Some(id) => format!("/teams/{id}/plan"),
                None => "/plan".to_owned(),
            },
            Fact::Tested => format!("/updates{only}"),
            Fact::Kept => format!("/metrics/list?of=due&days=90{and}"),
            Fact::Agreed => "/charter".to_owned(),
            Fact::Held => format!("/reviews{only}"),
            Fact::Decided => format!("/exceptions?state=in-force{and}"),
            Fact::Stated => format!("/exceptions?state=in-force&kind=not-affected{and}"),
            Fact::Quiet => format!("/metrics/list?of=interruptions&days=90{and}"),
            Fact::Falling => format!("/metrics?days=90{and}"),
            Fact::Gated => format!("/verdicts?source=change&days=30{and}"),
            Fact::Mended => format!("/verdicts?outcome=refused&source=change&days=90{and}"),
            Fact::Promised | Fact::Supplied | Fact::Replied => "/suppliers".to_owned(),
            Fact::Sealed if who.may(Action::Audit, On::ALL) => "/ledger".to_owned(),
            Fact::Read | Fact::Fresh | Fact::Exploits | Fact::Sealed => String::new(),
        }
    }
}

/// Which kind of entry tells of a fact. `None`: it is not of the ledger, or of a kind that tells of much else.
pub(crate) fn kind(fact: Fact) -> Option<EventKind> {
    Some(match fact {
        Fact::Inventory | Fact::Watched | Fact::Current => EventKind::Received,
        Fact::Weighed => EventKind::Assessed,
        Fact::Planned | Fact::Quiet => EventKind::Planned,
        Fact::Kept | Fact::Falling => EventKind::Fixed,
        Fact::Running => EventKind::Deployed,
        Fact::Decided | Fact::Stated => EventKind::Decided,
        Fact::Owned
        | Fact::Described
        | Fact::Accountable
        | Fact::Agreed
        | Fact::Held
        | Fact::Tested
        | Fact::Gated
        | Fact::Mended
        | Fact::Promised
        | Fact::Supplied
        | Fact::Replied
        | Fact::Read
        | Fact::Fresh
        | Fact::Exploits
        | Fact::Sealed => return None,
    })
}

/// Assesses a team, or the organisation with its teams.
///
/// # Errors
/// They may see nothing, or not this team; the store does not answer.
pub(crate) async fn of(app: &App, who: &Who, asked: Option<i64>) -> Result<Told, Problem> {
    findings::seen(who)?;
    let ground = Ground::of(app, who).await?;
    let at = ground.now;
    let one = |id: i64| {
        let found = ground.teams.iter().find(|t| t.id == id);
        found.ok_or_else(|| Problem::not_found("team"))
    };
    let (name, is, teams) = match asked {
        Some(id) => {
            let found = one(id)?;
            (format!("Team {}", found.name), team(&ground.facts(Scope::Team(id))), Vec::new())
        }
        None => {
            let of = |id: i64| team(&ground.facts(Scope::Team(id)));
            let owning = ground.teams.iter().filter(|t| ground.systems_of(t.id).next().is_some());
            let teams: Vec<(i64, String, Assessment)> =
                owning.map(|t| (t.id, t.name.clone(), of(t.id))).collect();
            let named: Vec<(Box<str>, &Assessment)> =
                teams.iter().map(|(_, name, is)| (name.as_str().into(), is)).collect();
            let is = organisation(&ground.facts(Scope::All), &named);
            (ground.organisation.clone(), is, teams)
        }
    };
    let whole = match asked {
        None => ground.whole,
        Some(id) => ground.whole || who.may(Action::View, On { system: None, team: Some(id) }),
    };
    let mut told = Told { name, team: asked, whole, at, is, teams, ledger: None };
    if who.may(Action::Audit, On::ALL) {
        entries(app, who, &ground, &mut told).await?;
    }
    Ok(told)
}

/// Names entries of the ledger, the newest of the kind that tells of each fact.
async fn entries(app: &App, who: &Who, ground: &Ground, told: &mut Told) -> Result<(), Problem> {
    let newest = app.store.entries(who.org, &LedgerFilter::default(), None, 1).await?;
    told.ledger = newest.rows.into_iter().next().map(|entry| (entry.seq, entry.hash));
    let mut known: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for fact in Fact::ALL {
        let Some(kind) = kind(*fact) else { continue };
        if known.contains_key(kind.as_str()) {
            continue;
        }
        let systems: Vec<Option<i64>> = match told.team {
            None => vec![None],
            Some(id) => ground.systems_of(id).take(SYSTEMS).map(|s| Some(s.id)).collect(),
        };
        let mut found: Vec<Cursor> = Vec::new();
        for system in systems {
            let filter = LedgerFilter {
                kind: Some(kind),
                system,
                since: Some(ground.since),
                ..LedgerFilter::default()
            };
            let page = app.store.entries(who.org, &filter, None, ENTRIES).await?;
            found.extend(page.rows.iter().map(|e| Cursor { value: e.at, id: e.seq }));
        }
        found.sort_by_key(|at| std::cmp::Reverse((at.value, at.id)));
        found.truncate(ENTRIES);
        known.insert(kind.as_str(), found.into_iter().map(|at| at.id).collect());
    }
    for judged in &mut told.is.judged {
        let entries = kind(judged.criterion.fact).and_then(|kind| known.get(kind.as_str()));
        if let (Some(counted), Some(entries)) = (judged.counted.as_mut(), entries) {
            counted.entries.clone_from(entries);
        }
    }
    Ok(())
}
