//! All that is known of one finding: how it was weighed, who brings it in, who owns which step, what each side is
//! told, what happened.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use trimtab_model::assessment::Assessment;
use trimtab_model::finding::Finding as Matched;
use trimtab_model::{Inventory, Role};
use trimtab_report::voices::{Line, Subject, lines};
use trimtab_store::{Attribution, Decision, Finding, Known, PlannedChange, Scheduled, Told};

use super::steps::{self, Step};
use crate::access::{Action, On, Who};
use crate::api::on;
use crate::ingest::Refused;
use crate::knowing::known;
use crate::paths::{self, Ways};
use crate::people;
use crate::planning::held::{self, Held};
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// How many people of a side are named.
const NAMES: usize = 3;

/// Those who are told of a finding, each in its own words.
pub(crate) const SIDES: [Role; 4] =
    [Role::Product, Role::Engineering, Role::Security, Role::Operations];

/// The graver of two findings is the greater: what is not weighed may be anything; then by level, weight and probability, and of
/// equals the older.
pub(crate) fn by_gravity(a: &Finding, b: &Finding) -> Ordering {
    let weighed = match (&a.weighed, &b.weighed) {
        (Some(a), Some(b)) => a
            .level
            .cmp(&b.level)
            .then(a.weight.total_cmp(&b.weight))
            .then(a.probability.total_cmp(&b.probability)),
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    weighed.then(b.id.cmp(&a.id))
}

/// A finding that they may see.
///
/// # Errors
/// There is none, or they may not see it: the answer is the same.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<Finding, Problem> {
    let missing = || Problem::not_found("finding");
    let finding = app.store.finding(who.org, id).await?.ok_or_else(missing)?;
    let on = on(&app.store, who.org, finding.system.as_ref().map(|s| s.0)).await?;
    if who.may(Action::View, on) { Ok(finding) } else { Err(missing()) }
}

/// Whether they may read a decision about a finding that they may see: those of all systems are for who may see all, as
/// they are where they are listed.
pub(crate) fn may_read(who: &Who, decision: &Decision) -> bool {
    decision.is.system.is_some() || who.may(Action::View, On::ALL)
}

/// How the change that removes a finding is scheduled: that of its package, else another one that removes it too.
async fn planned(app: &App, who: &Who, is: &Finding) -> Result<Option<(i64, Scheduled)>, Problem> {
    let Some((team, _)) = is.team.as_ref().filter(|_| is.state.is_live()) else { return Ok(None) };
    let mut all = app.store.scheduled(who.org, *team).await?;
    all.retain(|s| s.change.asset == is.asset.0 && s.findings.contains(&is.id));
    all.sort_by_key(|s| s.change.package != is.package);
    Ok(all.into_iter().next().map(|scheduled| (*team, scheduled)))
}

/// That people hold back the change that removes a finding, why and until when.
async fn held_back(app: &App, who: &Who, is: &Finding) -> Result<Option<Held>, Problem> {
    let is_left = is.state.is_live() && is.fix.is_some();
    let Some((team, _)) = is.team.as_ref().filter(|_| is_left) else { return Ok(None) };
    let change = PlannedChange { asset: is.asset.0, package: is.package.clone() };
    Ok(held::of(app, who.org, *team).await?.remove(&change))
}

/// What one side is told of a finding as it was weighed, a line each.
pub(crate) fn voice(
    known: &Known,
    agreed: &Agreed,
    (finding, assessment): &(Matched, Assessment),
    now: Timestamp,
    side: Role,
) -> Vec<Line> {
    let scan = trimtab_model::scan::Scan {
        target: known.asset.1.as_str().into(),
        inventory: Inventory::default(),
        index: None,
        findings: Vec::new(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    };
    let mut finding = finding.clone();
    finding.occurrences.clear();
    let assessed = trimtab_model::scan::Assessed {
        finding: 0,
        occurrences: Vec::new(),
        assessment: assessment.clone(),
        exception: None,
        not_affected: None,
        vex: None,
    };
    let subject = Subject {
        scan: &scan,
        finding: &finding,
        assessed: &assessed,
        system: known.system.and_then(|id| agreed.systems.get(&id)),
        charter: &agreed.charter,
        scope: crate::weighing::scope(&known.scope),
        described: crate::weighing::DESCRIBED,
        now,
    };
    // The factors are told on their own.
    lines(&subject, side).into_iter().filter(|line| !line.label.is_empty()).collect()
}

/// A finding with all that is known of it.
pub(crate) struct Facts {
    pub(crate) is: Finding,
    /// Every name of the vulnerability.
    pub(crate) aliases: Vec<String>,
    pub(crate) attributions: Vec<Attribution>,
    /// Decisions about it, the newest first.
    pub(crate) decisions: Vec<Decision>,
    /// The names of people by id.
    pub(crate) names: HashMap<i64, String>,
    pub(crate) history: Told,
    /// How the change that removes it is scheduled, with the team whose plan has it. `None`: none is.
    pub(crate) planned: Option<(i64, Scheduled)>,
    /// That people hold back the change that removes it.
    pub(crate) held: Option<Held>,
    /// Who supplies what the asset stands for: id and name.
    pub(crate) supplier: Option<(i64, String)>,
    /// The same by name alone, also who does so no longer: whether it still does.
    delivered: Option<(String, bool)>,
    /// What the index says of it, and what that means here. `None`: it does not know it.
    pub(crate) assessed: Option<(Matched, Assessment)>,
    /// Who brings the component in, by the newest document of the asset.
    pub(crate) ways: Ways,
    security: (Vec<String>, usize),
    people: BTreeMap<(i64, String), i64>,
    agreed: Arc<Agreed>,
    known: Known,
    now: Timestamp,
}

impl Facts {
    /// Gathers them, of a finding that they may see.
    ///
    /// # Errors
    /// There is none; the store does not answer.
    pub(crate) async fn of(app: &App, who: &Who, id: i64) -> Result<Facts, Problem> {
        let is = find(app, who, id).await?;
        let now = app.now();
        let attributions = app.store.attributions(who.org, id).await?;
        let aliases = app.store.aliases(who.org, is.vulnerability.0).await?;
        let mut decisions = app.store.decisions_about(who.org, &is, &aliases).await?;
        decisions.retain(|d| may_read(who, d));
        let history = app.store.history_of(who.org, &is, &decisions).await?;
        let planned = planned(app, who, &is).await?;
        let held = held_back(app, who, &is).await?.filter(|_| planned.is_none());
        let names = people::names(app, who.org).await?;
        let place = (is.system.as_ref().map(|s| s.0), is.team.as_ref().map(|t| t.0));
        let security = app.store.who_holds(who.org, Role::Security, place, NAMES).await?;
        let agreed = app.agreed(who.org, now).await?;
        let known = known(&app.store, who.org, std::slice::from_ref(&is)).await?;
        let known = known.into_iter().next().ok_or_else(|| Problem::not_found("finding"))?;
        let weigher = app.index().map(|index| Weigher::new(&agreed, index, now));
        let assessed = weigher.as_ref().and_then(|w| w.assess(&known));
        let ways = match paths::of(app, who.org, is.asset.0, &is.component.1).await {
            // Looking is no place for what an upload would have been refused for.
            Err(Refused::Unreadable(_)) => Ways::Unknown("the document cannot be read any longer"),
            Err(refused) => return Err(crate::api::snapshots::refused(refused)),
            Ok(ways) => ways,
        };
        let delivered = app.store.delivered(who.org, &[is.asset.0]).await?.remove(&is.asset.0);
        let supplier = match &delivered {
            Some((name, true)) => {
                let product = app.store.product_of(who.org, is.asset.0).await?;
                product.map(|product| (product.supplier, name.clone()))
            }
            _ => None,
        };
        Ok(Facts {
            supplier,
            delivered,
            is,
            aliases,
            attributions,
            decisions,
            names,
            history,
            planned,
            held,
            assessed,
            ways,
            security,
            people: app.store.system_people(who.org).await?,
            agreed,
            known,
            now,
        })
    }

    /// The last version that is called affected, where no source names a fix.
    pub(crate) fn last_affected(&self) -> Option<&str> {
        self.assessed.as_ref().and_then(|(matched, _)| matched.last_affected())
    }

    /// Who owns which step.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let facts = steps::Facts {
            is: &self.is,
            agreed: &self.agreed,
            decisions: &self.decisions,
            people: &self.people,
            names: &self.names,
            security: &self.security,
            supplier: self.delivered.as_ref().map(|(name, still)| (name.as_str(), *still)),
            last_affected: self.last_affected(),
            held: self.held.as_ref(),
            now: self.now,
        };
        facts.steps()
    }

    /// What one side is told, a line each. `None`: the index does not know it.
    pub(crate) fn voice(&self, side: Role) -> Option<Vec<Line>> {
        let assessed = self.assessed.as_ref()?;
        Some(voice(&self.known, &self.agreed, assessed, self.now, side))
    }

    /// What is said where the index does not know the vulnerability: it has no level.
    pub(crate) fn stranger(&self) -> String {
        let others =
            self.attributions.iter().filter(|a| a.until.is_none() && a.source != "trimtab");
        let others: Vec<&str> = others.map(|a| a.source.as_str()).collect();
        if others.is_empty() {
            return "The advisory index does not know this vulnerability any longer.".to_owned();
        }
        format!(
            "The advisory index does not know this vulnerability, so that it has no level: {} says so.",
            others.join(", ")
        )
    }
}
