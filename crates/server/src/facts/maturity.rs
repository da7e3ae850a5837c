//! How mature a team or the organisation is: what the store shows, judged by the engine. Of what somebody may see: a
//! number here is never of a system that is kept from them, and it is told whether that was all.

mod document;
mod entries;
mod ground;
pub(crate) mod kept;
mod oscal;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_engine::maturity::{Assessment, Fact, Judged, Stage, organisation_by, team_by};
use trimtab_store::{Org, StageDay};

pub(crate) use document::document;
pub(crate) use entries::kind;
pub(crate) use oscal::oscal;

use self::ground::{Ground, Scope};
use crate::access::{Action, On, Who};
use crate::api::findings;
use crate::problem::Problem;
use crate::state::App;

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
    /// What the organisation asks of itself instead of what is asked of all, with why.
    pub(crate) reasons: Vec<kept::Reason>,
    /// Where the ledger ends, entry and seal, for who may read it.
    pub(crate) ledger: Option<(i64, String)>,
    /// The stages of the days that were kept, for who sees all of it.
    pub(crate) days: Vec<StageDay>,
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
            (_, 1) => "one criterion is missing for the next".to_owned(),
            (_, left) => format!("{left} criteria are missing for the next"),
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
            Fact::Mended => {
                format!("/verdicts?outcome=refused&source=change&days=90&had_time=true{and}")
            }
            Fact::Promised | Fact::Supplied | Fact::Replied => "/suppliers".to_owned(),
            Fact::Sealed if who.may(Action::Audit, On::ALL) => "/ledger".to_owned(),
            Fact::Read | Fact::Fresh | Fact::Exploits | Fact::Sealed => String::new(),
        }
    }
}

/// How much of a criterion is enough, beside what is asked of all where the organisation asks for another part. Nothing: it
/// is so or it is not.
fn enough(judged: &Judged) -> String {
    let (own, usual) = (judged.least, judged.criterion.least);
    match judged.criterion.bounds() {
        None => String::new(),
        Some(_) if own == usual => format!("{own} %"),
        Some(_) => format!("{own} % (of all: {usual} %)"),
    }
}

/// Assesses the organisation and its teams for the server itself, which sees all: the stages of a day, what they rest on that
/// the ledger does not tell, and the moment.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of_day(
    app: &App,
    org: Org,
) -> Result<(Vec<StageDay>, (Value, Timestamp)), Problem> {
    // What is told while it is read may be seen or not; what was told before is.
    let upto = app.store.ledger_end(org).await?;
    let (told, ground) = assessed(app, &Who::of_server(org), None).await?;
    let day = kept::day(told.at);
    let teams = told.teams.iter().map(|(id, _, is)| kept::stage_day(Some(*id), day, is));
    let all = std::iter::once(kept::stage_day(None, day, &told.is)).chain(teams).collect();
    let mut rests = ground.rests();
    rests["upto"] = upto.into();
    rests["records"] = ground.records().await.map_or(Value::Null, Value::from);
    Ok((all, (rests, told.at)))
}

/// Assesses a team, or the organisation with its teams.
///
/// # Errors
/// They may see nothing, or not this team; the store does not answer.
pub(crate) async fn of(app: &App, who: &Who, asked: Option<i64>) -> Result<Told, Problem> {
    let (mut told, ground) = assessed(app, who, asked).await?;
    if who.may(Action::Audit, On::ALL) {
        entries::name(app, who, &ground, &mut told).await?;
    }
    Ok(told)
}

/// The same without the entries of the ledger that tell of it, with what it rests on.
async fn assessed(app: &App, who: &Who, asked: Option<i64>) -> Result<(Told, Ground), Problem> {
    findings::seen(who)?;
    let ground = Ground::of(app, who).await?;
    let own = kept::thresholds(app, who.org).await?;
    let at = ground.now;
    let one = |id: i64| {
        let found = ground.teams.iter().find(|t| t.id == id);
        found.ok_or_else(|| Problem::not_found("team"))
    };
    let (name, is, teams) = match asked {
        Some(id) => {
            let found = one(id)?;
            (
                format!("Team {}", found.name),
                team_by(&ground.facts(Scope::Team(id)), &own),
                Vec::new(),
            )
        }
        None => {
            let of = |id: i64| team_by(&ground.facts(Scope::Team(id)), &own);
            let owning = ground.teams.iter().filter(|t| ground.systems_of(t.id).next().is_some());
            let teams: Vec<(i64, String, Assessment)> =
                owning.map(|t| (t.id, t.name.clone(), of(t.id))).collect();
            let named: Vec<(Box<str>, &Assessment)> =
                teams.iter().map(|(_, name, is)| (name.as_str().into(), is)).collect();
            let is = organisation_by(&ground.facts(Scope::All), &named, &own);
            (ground.organisation.clone(), is, teams)
        }
    };
    let whole = match asked {
        None => ground.whole,
        Some(id) => ground.whole || who.may(Action::View, On { system: None, team: Some(id) }),
    };
    // Who sees a part sees another stage than was kept of the whole.
    let days = match whole {
        true => kept::days(app, who.org, asked, at).await?,
        false => Vec::new(),
    };
    let reasons = kept::reasons(app, who.org).await?;
    let told = Told { name, team: asked, whole, at, is, teams, reasons, ledger: None, days };
    Ok((told, ground))
}
