//! The weighing of stored findings: the engine's, with what the organisation knows. Pure but for the
//! index, which is read in place; made once for a settling, called for every finding of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use trimtab_advisories::index::Index;
use trimtab_charter::preset;
use trimtab_decisions::exceptions::{self, Found};
use trimtab_engine::assess::{Situation, assess, environment};
use trimtab_engine::repository::ids;
use trimtab_model::assessment::{Assessment, Cost, Deadline};
use trimtab_model::charter::Charter;
use trimtab_model::decision::{Exception, Reach, Signatory};
use trimtab_model::evidence::Fact;
use trimtab_model::finding::Finding;
use trimtab_model::scan::IndexInfo;
use trimtab_model::{
    Component, Evidence, FileInventory, Inventory, Purl, Relation, Role, Scope, System,
};
use trimtab_store::{
    Decision, DecisionKind, DecisionState, Known, Org, Store, StoreError, Team, Weighed,
};

/// What an organisation agreed on and knows.
pub(crate) struct Agreed {
    /// The charter in force. Before there is one: the framework's preset.
    pub(crate) charter: Charter,
    /// Its id; `None`: the preset.
    pub(crate) charter_id: Option<i64>,
    /// Its systems as the engine sees them, by id.
    pub(crate) systems: HashMap<i64, System>,
    /// As they are stored.
    pub(crate) stored: Vec<trimtab_store::System>,
    /// Its teams.
    pub(crate) teams: Vec<Team>,
    exceptions: Vec<(i64, Exception)>,
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
        let names: HashMap<i64, &str> = stored.iter().map(|s| (s.id, s.name.as_str())).collect();
        let approved = store.decisions(org, DecisionState::Approved, 10_000).await?;
        let exceptions = approved
            .iter()
            .filter(|d| d.is.kind == DecisionKind::Exception)
            .filter(|d| d.is.expires.is_none_or(|end| now < end))
            .map(|d| (d.id, exception(d, &charter, &names)))
            .collect();
        Ok(Agreed { charter, charter_id, systems, stored, teams, exceptions })
    }

    /// The environments that customers depend on.
    pub(crate) fn production(&self) -> Vec<String> {
        let production = self.charter.environments.iter().filter(|e| e.production);
        production.map(|e| e.name.to_string()).collect()
    }
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

fn exception(is: &Decision, charter: &Charter, systems: &HashMap<i64, &str>) -> Exception {
    let role = |word: &str| Role::ALL.iter().copied().find(|r| r.as_str() == word);
    let day = |at: Timestamp| at.to_zoned(charter.calendar.time_zone.clone()).date();
    let asset = is.is.asset.map(|id| format!("asset:{id}").into_boxed_str());
    Exception {
        id: is.id.to_string().into(),
        reach: Reach {
            vulnerability: is.is.vulnerability.as_deref().map(Into::into),
            package: is.is.package.as_deref().and_then(|p| p.parse::<Purl>().ok()),
            path: asset,
            system: is.is.system.map(|id| (*systems.get(&id).unwrap_or(&"")).into()),
            environment: is.is.environment.as_deref().map(Into::into),
        },
        reason: is.is.reason.as_str().into(),
        author: Signatory {
            name: format!("person:{}", is.is.author).into(),
            role: role(&is.is.author_role),
        },
        approver: is.approver.as_ref().map(|(person, side)| Signatory {
            name: format!("person:{person}").into(),
            role: role(side),
        }),
        created: Some(day(is.answered.unwrap_or(is.asked))),
        expires: is.is.expires.map(day),
        control: is.is.control.as_deref().map(Into::into),
        ticket: None,
        file: "".into(),
        line: 0,
    }
}

/// Weighs findings of one organisation.
pub(crate) struct Weigher<'a> {
    agreed: &'a Agreed,
    index: Arc<Index>,
    info: Option<IndexInfo>,
    today: Date,
    /// What the index says of a purl: asked once in a settling.
    found: Mutex<HashMap<String, Arc<Vec<Finding>>>>,
}

impl<'a> Weigher<'a> {
    pub(crate) fn new(agreed: &'a Agreed, index: Arc<Index>, now: Timestamp) -> Weigher<'a> {
        let today = now.to_zoned(agreed.charter.calendar.time_zone.clone()).date();
        let info = index.info().ok();
        Weigher { agreed, index, info, today, found: Mutex::default() }
    }

    /// The finding as the index has it, and what it means.
    pub(crate) fn assess(&self, known: &Known) -> Option<(Finding, Assessment)> {
        let findings = self.findings(&known.purl)?;
        let is = |finding: &&Finding| ids(finding).iter().any(|id| **id == *known.vulnerability);
        let finding = findings.iter().find(is)?;
        let system = known.system.and_then(|id| self.agreed.systems.get(&id));
        let situation = Situation {
            system,
            environment: environment(system, &self.agreed.charter),
            scope: scope(&known.scope),
            relation: relation(&known.relation),
            files: usize::try_from(known.files).unwrap_or(1),
            detected: Some(Fact { value: known.detected, source: "the ledger".into() }),
            has_kev: self.info.as_ref().is_some_and(|i| i.kev.is_some()),
            epss_date: self.info.as_ref().and_then(|i| i.epss.as_deref()),
        };
        let assessment = assess(finding, &Evidence::default(), &situation, &self.agreed.charter);
        Some((finding.clone(), assessment))
    }

    /// What is stored of it.
    pub(crate) fn weigh(&self, known: &Known) -> Option<Weighed> {
        let (finding, assessment) = self.assess(known)?;
        let (deadline, deadline_kind) = match &assessment.deadline {
            Deadline::By { at, .. } => (Some(*at), "by"),
            Deadline::Opportunistic => (None, "opportunistic"),
            Deadline::Unknown { .. } => (None, "unknown"),
        };
        let cost = match &assessment.cost {
            Cost::Range { least, most, .. } => Some((*least, *most)),
            Cost::Unknown { .. } => None,
        };
        Some(Weighed {
            level: assessment.level,
            bounds: assessment.bounds,
            probability: assessment.likelihood.probability,
            weight: assessment.weight,
            deadline,
            deadline_kind,
            cost,
            decision: self.accepted(known, &finding, &assessment).map(|id| (id, "accepted")),
        })
    }

    /// The exception that accepts it.
    fn accepted(&self, known: &Known, finding: &Finding, assessment: &Assessment) -> Option<i64> {
        if finding.vulnerability.kind == trimtab_model::advisory::Kind::Malicious {
            return None;
        }
        let ids = ids(finding);
        let path = format!("asset:{}", known.asset.0);
        let system = known.system.and_then(|id| self.agreed.systems.get(&id));
        let found = Found {
            ids: &ids,
            package: Some(&finding.purl),
            path: Some(&path),
            system: system.map(|s| &*s.name),
            environment: environment(system, &self.agreed.charter),
        };
        let holds = |(_, exception): &&(i64, Exception)| {
            let one = std::slice::from_ref(exception);
            let rules = &self.agreed.charter.exceptions;
            exceptions::accepting(one, &found, assessment.level, rules, self.today).is_some()
        };
        self.agreed.exceptions.iter().find(holds).map(|(id, _)| *id)
    }

    fn findings(&self, purl: &str) -> Option<Arc<Vec<Finding>>> {
        let mut held = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = held.get(purl) {
            return Some(Arc::clone(found));
        }
        let component = Component::new(purl.parse().ok()?);
        let file = FileInventory { components: vec![component], ..FileInventory::default() };
        let inventory = Inventory { files: vec![file], diagnostics: Vec::new() };
        let matching = trimtab_engine::match_inventory(&inventory, &self.index).ok()?;
        let found = Arc::new(matching.findings);
        held.insert(purl.to_owned(), Arc::clone(&found));
        Some(found)
    }
}

/// The scope of a word; one that is not known is unknown.
fn scope(word: &str) -> Scope {
    let all = [Scope::Test, Scope::Development, Scope::Build, Scope::Optional, Scope::Runtime];
    all.into_iter().find(|s| s.as_str() == word).unwrap_or_default()
}

/// The relation of a word; one that is not known is unknown.
fn relation(word: &str) -> Relation {
    let all = [Relation::Own, Relation::Direct, Relation::Transitive];
    all.into_iter().find(|r| r.as_str() == word).unwrap_or_default()
}
