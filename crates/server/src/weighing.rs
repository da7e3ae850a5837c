//! The weighing of stored findings: the engine's, with what the organisation knows. Pure but for the
//! index, which is read in place; made once for a settling, called for every finding of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use jiff::civil::Date;
use trimtab_charter::preset;
use trimtab_decisions::exceptions::{self, Found};
use trimtab_decisions::not_affected::{self, Case};
use trimtab_engine::assess::{Situation, assess, environment};
use trimtab_engine::repository::{changed, ids};
use trimtab_model::assessment::{Assessment, Cost, Deadline};
use trimtab_model::charter::Charter;
use trimtab_model::decision::{Exception, Justification, NotAffected, Reach, Signatory, Statement};
use trimtab_model::evidence::Fact;
use trimtab_model::finding::Finding;
use trimtab_model::scan::IndexInfo;
use trimtab_model::{Evidence, Purl, Relation, Role, Scope, System};
use trimtab_store::{
    Decision, DecisionKind, DecisionState, Known, Org, Store, StoreError, Team, Weighed,
};

pub(crate) mod vex;

use vex::Said;

use crate::measuring::then;
use crate::opened::Opened;

/// What an organisation agreed on and knows.
pub(crate) struct Agreed {
    /// The charter in force. Before there is one: the framework's preset.
    pub(crate) charter: Charter,
    /// Its id; `None`: the preset.
    pub(crate) charter_id: Option<i64>,
    /// Its systems as the engine sees them, by id.
    pub(crate) systems: HashMap<i64, System>,
    /// As they are stored.
    pub(crate) stored: Arc<Vec<trimtab_store::System>>,
    /// Its teams.
    pub(crate) teams: Vec<Team>,
    exceptions: Vec<(i64, Exception)>,
    not_affected: Vec<(i64, NotAffected)>,
    approved: Vec<Decision>,
    /// What suppliers and others state.
    said: Arc<Said>,
}

impl Agreed {
    /// Reads it.
    ///
    /// # Errors
    /// The store does not answer. A stored charter that this build cannot read counts as damaged.
    pub(crate) async fn of(store: &Store, org: Org, now: Timestamp) -> Result<Agreed, StoreError> {
        let (charter, charter_id) = match store.charter_in_force(org).await? {
            None => (preset::default(), None),
            Some((id, text)) => match trimtab_charter::read("charter", &text) {
                Ok((charter, _)) => (charter, Some(id)),
                Err(_) => return Err(StoreError::Damaged(format!("charter {id}"))),
            },
        };
        let stored = store.systems(org).await?;
        let teams = store.teams(org).await?;
        let systems = stored.iter().map(|s| (s.id, model(s, &stored, &teams))).collect();
        let approved = store.decisions(org, DecisionState::Approved, 10_000).await?;
        let none = (Vec::new(), Vec::new());
        let agreed = Agreed {
            charter,
            charter_id,
            systems,
            stored,
            teams,
            exceptions: none.0,
            not_affected: none.1,
            approved: approved
                .into_iter()
                .filter(|d| d.is.expires.is_none_or(|end| now < end))
                .collect(),
            said: Arc::new(Said::of(store, org).await?),
        };
        Ok(agreed.decided())
    }

    /// The same, if another charter were in force.
    pub(crate) fn by(&self, charter: Charter) -> Agreed {
        let agreed = Agreed {
            charter,
            charter_id: None,
            systems: self.systems.clone(),
            stored: Arc::clone(&self.stored),
            teams: self.teams.clone(),
            exceptions: Vec::new(),
            not_affected: Vec::new(),
            approved: self.approved.clone(),
            said: Arc::clone(&self.said),
        };
        agreed.decided()
    }

    /// The same, if a VEX document about an asset held as well.
    pub(crate) fn stating(&self, asset: i64, read: Arc<vex::Read>) -> Agreed {
        let said = Arc::new(self.said.with(asset, read));
        Agreed { said, charter_id: self.charter_id, ..self.by(self.charter.clone()) }
    }

    /// With its decisions in the engine's words: their days are those of the charter's calendar.
    fn decided(mut self) -> Agreed {
        for decision in &self.approved {
            match decision.is.kind {
                DecisionKind::Exception => {
                    self.exceptions.push((decision.id, exception(decision, &self)));
                }
                DecisionKind::NotAffected => {
                    let model = not_affected(decision, &self);
                    self.not_affected.extend(model.map(|model| (decision.id, model)));
                }
            }
        }
        self
    }

    /// The environments that customers depend on.
    pub(crate) fn production(&self) -> Vec<String> {
        then::names(&self.charter)
    }
}

/// What organisations agreed on, remembered: how often each had changed it, since when it is remembered, and
/// from when to when it holds if nothing is changed.
pub(crate) type Remembered = Arc<Mutex<HashMap<Org, Held>>>;

/// What is remembered of one.
pub(crate) struct Held {
    count: i64,
    since: Instant,
    from: Timestamp,
    to: Option<Timestamp>,
    agreed: Arc<Agreed>,
}

/// What an organisation agreed on and knows now: as it is remembered, while it holds.
pub(crate) async fn agreed(
    remembered: &Remembered,
    store: &Store,
    org: Org,
    now: Timestamp,
) -> Result<Arc<Agreed>, StoreError> {
    // The count first: what is read after it is at least as new.
    let count = store.described(org).await?;
    let holds = |held: &&Held| {
        held.count == count
            && held.since.elapsed() < trimtab_store::BELIEVED
            && held.from <= now
            && held.to.is_none_or(|to| now < to)
    };
    let is = {
        let held = remembered.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&org).filter(holds).map(|held| Arc::clone(&held.agreed))
    };
    if let Some(is) = is {
        return Ok(is);
    }
    let agreed = Arc::new(Agreed::of(store, org, now).await?);
    let to = agreed.approved.iter().filter_map(|decision| decision.is.expires).min();
    let new = Held { count, since: Instant::now(), from: now, to, agreed: Arc::clone(&agreed) };
    remembered.lock().unwrap_or_else(PoisonError::into_inner).insert(org, new);
    Ok(agreed)
}

/// A system in the engine's words.
fn model(is: &trimtab_store::System, all: &[trimtab_store::System], teams: &[Team]) -> System {
    let boxed = |text: &Option<String>| text.as_deref().map(Into::into);
    let list = |words: &Option<Vec<String>>| {
        words.as_ref().map(|words| words.iter().map(|w| w.as_str().into()).collect())
    };
    let owner = is.team.and_then(|id| teams.iter().find(|t| t.id == id));
    let needs = is.needs.iter().filter_map(|id| all.iter().find(|s| s.id == *id));
    System {
        name: is.name.as_str().into(),
        owner: owner.map(|team| team.name.as_str().into()),
        product_owner: boxed(&is.product_owner),
        operations: boxed(&is.operations),
        tier: boxed(&is.tier),
        exposure: is.exposure,
        data: list(&is.data),
        environments: list(&is.environments),
        failure: boxed(&is.failure),
        paths: Vec::new(),
        depends_on: needs.map(|s| s.name.as_str().into()).collect(),
    }
}

fn day(agreed: &Agreed, at: Timestamp) -> Date {
    at.to_zoned(agreed.charter.calendar.time_zone.clone()).date()
}

fn reach(is: &Decision, agreed: &Agreed) -> Reach {
    let system = |id: i64| agreed.stored.iter().find(|s| s.id == id).map_or("", |s| &s.name);
    Reach {
        vulnerability: is.is.vulnerability.as_deref().map(Into::into),
        package: is.is.package.as_deref().and_then(|p| p.parse::<Purl>().ok()),
        path: is.is.asset.map(|id| format!("asset:{id}").into_boxed_str()),
        system: is.is.system.map(|id| system(id).into()),
        environment: is.is.environment.as_deref().map(Into::into),
    }
}

fn signatory(person: i64, side: &str) -> Signatory {
    Signatory { name: format!("person:{person}").into(), role: Role::from_word(side) }
}

/// A stored decision as an exception in the engine's words.
pub(crate) fn exception(is: &Decision, agreed: &Agreed) -> Exception {
    Exception {
        id: is.id.to_string().into(),
        reach: reach(is, agreed),
        reason: is.is.reason.as_str().into(),
        author: signatory(is.is.author, &is.is.author_role),
        approver: is.approver.as_ref().map(|(person, side)| signatory(*person, side)),
        created: Some(day(agreed, is.answered.unwrap_or(is.asked))),
        expires: is.is.expires.map(|at| day(agreed, at)),
        control: is.is.control.as_deref().map(Into::into),
        ticket: None,
        file: "".into(),
        line: 0,
    }
}

/// A stored decision as a decision *not affected* in the engine's words. `None`: it does not say why.
pub(crate) fn not_affected(is: &Decision, agreed: &Agreed) -> Option<NotAffected> {
    Some(NotAffected {
        id: is.id.to_string().into(),
        reach: reach(is, agreed),
        justification: is.is.justification.as_deref().and_then(Justification::from_label)?,
        reason: is.is.reason.as_str().into(),
        author: signatory(is.is.author, &is.is.author_role),
        approver: is.approver.as_ref().map(|(person, side)| signatory(*person, side)),
        // Somebody looked when it was asked for: an advisory that changed before the answer counts.
        created: Some(day(agreed, is.asked)),
        expires: is.is.expires.map(|at| day(agreed, at)),
        evidence: None,
        file: "".into(),
        line: 0,
    })
}

/// Weighs findings of one organisation.
pub(crate) struct Weigher<'a> {
    agreed: &'a Agreed,
    index: Arc<Opened>,
    info: Option<IndexInfo>,
    today: Date,
}

impl<'a> Weigher<'a> {
    pub(crate) fn new(agreed: &'a Agreed, index: Arc<Opened>, now: Timestamp) -> Weigher<'a> {
        let today = now.to_zoned(agreed.charter.calendar.time_zone.clone()).date();
        let info = index.info().ok();
        Weigher { agreed, index, info, today }
    }

    /// The finding as the index has it, and what it means.
    pub(crate) fn assess(&self, known: &Known) -> Option<(Finding, Assessment)> {
        self.about(known, |finding| (finding.clone(), self.reckon(known, finding)))
    }

    /// Does something with the finding as the index has it.
    fn about<T>(&self, known: &Known, with: impl FnOnce(&Finding) -> T) -> Option<T> {
        let findings = self.index.findings(&known.purl)?;
        let is = |finding: &&Finding| ids(finding).iter().any(|id| **id == *known.vulnerability);
        match findings.iter().find(is) {
            Some(finding) => Some(with(finding)),
            // The matcher does not say so; another tool does.
            None => {
                let purl = known.purl.parse().ok()?;
                let asserted = trimtab_engine::asserted(&self.index, &purl, &known.vulnerability);
                asserted.ok()?.as_ref().map(with)
            }
        }
    }

    fn reckon(&self, known: &Known, finding: &Finding) -> Assessment {
        let system = known.system.and_then(|id| self.agreed.systems.get(&id));
        let situation = Situation {
            system,
            environment: environment(system, &self.agreed.charter),
            scope: scope(&known.scope),
            relation: relation(&known.relation),
            files: usize::try_from(known.files).unwrap_or(1),
            detected: Some(Fact { value: known.detected, source: "the ledger".into() }),
            has_kev: self.info.as_ref().is_some_and(|i| i.kev.is_some()),
            described: DESCRIBED,
            epss_date: self.info.as_ref().and_then(|i| i.epss.as_deref()),
        };
        let vex = self.agreed.said.about(known.asset.0, finding, &ids(finding)).0;
        let evidence = Evidence { vex, ..Evidence::default() };
        assess(finding, &evidence, &situation, &self.agreed.charter)
    }

    /// What is stored of it.
    pub(crate) fn weigh(&self, known: &Known) -> Option<Weighed> {
        self.about(known, |finding| self.weighed(known, finding))
    }

    fn weighed(&self, known: &Known, finding: &Finding) -> Weighed {
        let assessment = self.reckon(known, finding);
        let (deadline, deadline_kind) = match &assessment.deadline {
            Deadline::By { at, .. } => (Some(*at), "by"),
            Deadline::Opportunistic => (None, "opportunistic"),
            Deadline::Unknown { .. } => (None, "unknown"),
        };
        let cost = match &assessment.cost {
            Cost::Range { least, most, .. } => Some((*least, *most)),
            Cost::Unknown { .. } => None,
        };
        let ids = ids(finding);
        let (vex, said) = self.agreed.said.about(known.asset.0, finding, &ids);
        // What does not matter by a statement that holds is no load, as in a scan.
        let weight =
            if vex.is_none_or(|vex| vex.value.is_open()) { assessment.weight } else { 0.0 };
        Weighed {
            level: assessment.level,
            bounds: assessment.bounds,
            probability: assessment.likelihood.probability,
            weight,
            deadline,
            deadline_kind,
            cost,
            decision: self.decided(known, finding, &ids, &said, &assessment),
        }
    }

    /// The decision that holds for it, and what it comes to. Where an exception and a decision *not
    /// affected* both do, it counts as accepted.
    fn decided(
        &self,
        known: &Known,
        finding: &Finding,
        ids: &[Box<str>],
        said: &[Statement],
        assessment: &Assessment,
    ) -> Option<(i64, &'static str)> {
        // Nobody decides so about malware.
        if finding.vulnerability.kind == trimtab_model::advisory::Kind::Malicious {
            return None;
        }
        let path = format!("asset:{}", known.asset.0);
        let system = known.system.and_then(|id| self.agreed.systems.get(&id));
        let found = Found {
            ids,
            package: Some(&finding.purl),
            path: Some(&path),
            system: system.map(|s| &*s.name),
            environment: environment(system, &self.agreed.charter),
        };
        let rules = &self.agreed.charter.exceptions;
        let accepts = |(_, exception): &&(i64, Exception)| {
            let one = std::slice::from_ref(exception);
            exceptions::accepting(one, &found, assessment.level, rules, self.today).is_some()
        };
        if let Some((id, _)) = self.agreed.exceptions.iter().find(accepts) {
            return Some((*id, "accepted"));
        }
        let said: Vec<&Statement> = said.iter().collect();
        let case = Case {
            level: assessment.level,
            rules,
            today: self.today,
            zone: &self.agreed.charter.calendar.time_zone,
            changed: changed(finding).after,
            said: &said,
        };
        let holds = |(_, decision): &&(i64, NotAffected)| {
            exceptions::covers(&decision.reach, &found)
                && not_affected::holds(decision, &case).is_held()
        };
        self.agreed.not_affected.iter().find(holds).map(|(id, _)| (*id, "not-affected"))
    }

    /// The vulnerabilities that the index says a component has.
    pub(crate) fn vulnerabilities(&self, purl: &str) -> Vec<String> {
        let found = self.index.findings(purl);
        let all = found.iter().flat_map(|found| found.iter());
        all.map(|finding| finding.vulnerability.id.to_string()).collect()
    }
}

/// Where people say what a system is.
pub(crate) const DESCRIBED: &str = "the system's page";

/// The scope of a word; one that is not known is unknown.
pub(crate) fn scope(word: &str) -> Scope {
    let all = [Scope::Test, Scope::Development, Scope::Build, Scope::Optional, Scope::Runtime];
    all.into_iter().find(|s| s.as_str() == word).unwrap_or_default()
}

/// The relation of a word; one that is not known is unknown.
fn relation(word: &str) -> Relation {
    let all = [Relation::Own, Relation::Direct, Relation::Transitive];
    all.into_iter().find(|r| r.as_str() == word).unwrap_or_default()
}
