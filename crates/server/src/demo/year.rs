//! The year: builds, deployments, advisories and decisions in the order of time, each through the store.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};
use trimtab_model::{Level, Role};
use trimtab_store::{
    Contents, DecisionKind, DecisionState, FindingFilter, FindingOrder, JudgedBy, Listed,
    NewComponent, NewDecision, NewDeployment, NewSnapshot, Org, Outcome, Product,
};

use super::chance::Chance;
use super::packages::{self, Package};
use super::people::{self, People};
use super::{Filled, Sample, incidents, notices, reviews, shares, suppliers, tickets, updates};
use crate::access::secret::hex;
use crate::agreeing;
use crate::ingest;
use crate::jobs::measure;
use crate::opened::Opened;
use crate::replanning;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// How long it goes back, in days.
const DAYS: i64 = 364;
/// How often advisories appear.
const STAGES: usize = 9;
/// Of a hundred builds that remove something, so many were made of a batch that says so.
const UPDATES: usize = 6;
/// How many batches wait to be merged at the end.
const WAITING: usize = 5;
/// How many exceptions are asked for.
const EXCEPTIONS: i64 = 22;

/// Something that carries components.
struct Carrier {
    id: i64,
    system: i64,
    team: usize,
    /// Packages and how far each has come.
    carried: Vec<(usize, usize)>,
    /// The snapshot that runs.
    runs: Option<i64>,
    /// Whether anybody tells what runs.
    told: bool,
    builds: usize,
}

/// What happens next.
enum Act {
    Build(usize),
    Deploy {
        carrier: usize,
        snapshot: i64,
    },
    RollBack {
        carrier: usize,
        snapshot: i64,
        broken: i64,
    },
    Advisories(usize),
    /// A step of the year's incidents.
    Respond(usize),
    Ask,
    Answer {
        decision: i64,
        system: i64,
        expires: Timestamp,
    },
    Settle(i64),
    /// A team holds its weekly review.
    Review(usize),
    CloseReview(i64),
    /// A step of the year's suppliers.
    Supply(usize),
    /// The organisation holds its monthly review.
    Pack,
}

struct Year<'y> {
    app: &'y App,
    org: Org,
    chance: Chance,
    /// For what came to the year later: the rest of it stays as it was.
    apart: Chance,
    people: People,
    packages: Vec<Package>,
    /// The ids of every version of every package.
    ids: Vec<Vec<i64>>,
    stages: Vec<Arc<Opened>>,
    stage: usize,
    /// Components that the advisories of now speak of.
    affected: HashSet<i64>,
    agreed: Agreed,
    production: Vec<String>,
    carriers: Vec<Carrier>,
    queue: BTreeMap<(Timestamp, u64), Act>,
    number: u64,
    /// The incident that was opened last.
    incident: Option<i64>,
    /// What a supplier sends documents of.
    supplied: Option<Product>,
    filled: Filled,
}

type Done = Result<(), String>;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(super) async fn fill(
    app: &App,
    sample: &Sample,
    seed: u64,
    now: Timestamp,
) -> Result<Filled, String> {
    let mut chance = Chance::new(seed);
    let start = now - SignedDuration::from_hours(24 * DAYS);
    let store = &app.store;
    let (advisories, folder) = (&sample.advisories, &sample.folder);
    let stages = packages::stages(advisories, folder, &mut chance, STAGES)?;
    let last = stages.last().ok_or("the sample has no advisories")?;
    let packages = packages::ladders(&sample.components, last)?;
    let org = store.add_organisation(&sample.organisation, start).await.map_err(told)?;
    let people = people::fill(store, org, &mut chance, start).await.map_err(told)?;
    let charter = store.propose_charter(org, &sample.charter, people.security, "trimtab", start);
    let charter = charter.await.map_err(told)?;
    let is = agreeing::read(&sample.charter).map_err(|wrong| agreeing::told(&wrong))?;
    let terms = agreeing::terms(&is);
    for (side, person) in [
        (Role::Security, people.security),
        (Role::Engineering, people.engineering),
        (Role::Product, people.product),
        (Role::Operations, people.operations),
    ] {
        let actor = format!("person:{person}");
        let by = (side, person);
        store.agree(org, charter, by, &terms, &actor, start).await.map_err(told)?;
    }
    let mut ids = Vec::new();
    for package in &packages {
        let known = store.put_components(org, &package.rungs).await.map_err(told)?;
        ids.push(known.into_iter().map(|(id, _)| id).collect());
    }
    let agreed = Agreed::of(store, org, start).await.map_err(told)?;
    let filled = Filled {
        org,
        person: people.everybody,
        systems: people.systems.len(),
        assets: 0,
        snapshots: 0,
        deployments: 0,
    };
    let mut year = Year {
        app,
        org,
        chance,
        apart: Chance::new(seed.wrapping_add(1)),
        people,
        packages,
        ids,
        stages,
        stage: 0,
        affected: HashSet::new(),
        production: agreed.production(),
        agreed,
        carriers: Vec::new(),
        queue: BTreeMap::new(),
        number: 0,
        incident: None,
        supplied: None,
        filled,
    };
    year.begin(start).await?;
    while let Some(((at, _), act)) = year.queue.pop_first() {
        if at >= now {
            break;
        }
        year.act(act, at).await?;
    }
    year.end(now).await?;
    shares::fill(store, org, &year.people, now).await?;
    Ok(year.filled)
}

impl Year<'_> {
    fn later(&mut self, at: Timestamp, hours: i64, act: Act) {
        self.number += 1;
        self.queue.insert((at + SignedDuration::from_hours(hours), self.number), act);
    }

    /// Hours of so many days from one number to another, at a time when people work.
    fn workday(&mut self, least: i64, most: i64) -> i64 {
        24 * self.chance.between(least, most) + self.chance.between(-3, 3)
    }

    async fn begin(&mut self, start: Timestamp) -> Done {
        self.advisories(0, start).await?;
        for stage in 1..STAGES {
            let days = DAYS * i64::try_from(stage).unwrap_or(1) / 9 + self.chance.between(-12, 12);
            self.later(start, 24 * days, Act::Advisories(stage));
        }
        for (step, hours) in incidents::STEPS.iter().enumerate() {
            self.later(start, 24 * DAYS - hours, Act::Respond(step));
        }
        for (step, hours) in suppliers::STEPS.iter().enumerate() {
            self.later(start, 24 * DAYS - hours, Act::Supply(step));
        }
        for _ in 0..EXCEPTIONS {
            let hours = 24 * self.chance.between(20, DAYS - 1);
            self.later(start, hours, Act::Ask);
        }
        let ecosystems: Vec<String> = {
            let all: HashSet<&str> = self.packages.iter().map(|p| p.ecosystem.as_str()).collect();
            let mut all: Vec<String> = all.into_iter().map(ToOwned::to_owned).collect();
            all.sort();
            all
        };
        for system in self.people.systems.clone() {
            let team = self.people.teams.iter().position(|t| Some(*t) == system.team).unwrap_or(0);
            let ecosystem = self.chance.one(&ecosystems).cloned().unwrap_or_default();
            let mut kinds = vec![("repository", ""), ("image", "-image")];
            if self.chance.happens(45) {
                kinds.push(("host", "-host"));
            }
            for (kind, end) in kinds {
                let name = format!("{}{end}", system.name);
                let asset = self.app.store.put_asset(self.org, &name, kind, Some(system.id), start);
                let asset = asset.await.map_err(told)?;
                let carried = self.some_packages(&ecosystem);
                self.carriers.push(Carrier {
                    id: asset.id,
                    system: system.id,
                    team,
                    carried,
                    runs: None,
                    told: kind != "host" || self.chance.happens(60),
                    builds: 0,
                });
                let hours = self.workday(0, 12).max(1);
                self.later(start, hours, Act::Build(self.carriers.len() - 1));
            }
        }
        self.filled.assets = self.carriers.len();
        for (week, team) in reviews::held() {
            // Not quite whole days: the last is held before the year ends.
            let hours = 24 * (DAYS - 7 * week) - 5;
            self.later(start, hours, Act::Review(team));
        }
        self.later(start, 24 * (DAYS - 28) - 6, Act::Pack);
        Ok(())
    }

    /// What something is built of at first.
    fn some_packages(&mut self, ecosystem: &str) -> Vec<(usize, usize)> {
        let is = |at: &usize| self.packages.get(*at).is_some_and(|p| p.ecosystem == ecosystem);
        let mut all: Vec<usize> = (0..self.packages.len()).filter(is).collect();
        self.chance.shuffle(&mut all);
        all.truncate(usize::try_from(self.chance.between(14, 34)).unwrap_or(20));
        all.sort_unstable();
        all.into_iter()
            .map(|at| {
                let most = self.packages.get(at).map_or(0, |p| p.rungs.len() - 1);
                (at, if self.chance.happens(45) { most } else { 0 })
            })
            .collect()
    }

    async fn act(&mut self, act: Act, at: Timestamp) -> Done {
        match act {
            Act::Build(carrier) => self.build(carrier, at).await,
            Act::Deploy { carrier, snapshot } => self.deploy(carrier, snapshot, at).await,
            Act::RollBack { carrier, snapshot, broken } => {
                self.note(carrier, snapshot, Outcome::RolledBack, at).await?;
                let hours = self.workday(2, 6);
                self.later(at, hours, Act::Deploy { carrier, snapshot: broken });
                Ok(())
            }
            Act::Advisories(stage) => self.advisories(stage, at).await,
            Act::Respond(step) => {
                let is = (step, &mut self.incident);
                incidents::step(self.app, self.org, &self.people, is, at).await
            }
            Act::Ask => self.ask(at).await,
            Act::Review(team) => {
                let of = (&self.people, team);
                let held = reviews::weekly(self.app, self.org, of, &self.agreed, at).await?;
                if let Some((review, minutes)) = held {
                    self.number += 1;
                    let end = at + SignedDuration::from_mins(minutes);
                    self.queue.insert((end, self.number), Act::CloseReview(review));
                }
                Ok(())
            }
            Act::Supply(step) => self.supply(step, at).await,
            Act::Pack => {
                let people = &self.people;
                let id = reviews::monthly(self.app, self.org, people, &self.agreed, at).await?;
                self.number += 1;
                let end = at + SignedDuration::from_mins(42);
                self.queue.insert((end, self.number), Act::CloseReview(id));
                Ok(())
            }
            Act::CloseReview(review) => reviews::close(self.app, self.org, review, at).await,
            Act::Answer { decision, system, expires } => {
                self.answer(decision, system, expires, at).await
            }
            Act::Settle(system) => {
                self.agreed = Agreed::of(&self.app.store, self.org, at).await.map_err(told)?;
                self.settle(|c| c.system == system, at).await
            }
        }
    }

    /// A step of the year's suppliers.
    async fn supply(&mut self, step: usize, at: Timestamp) -> Done {
        let store = &self.app.store;
        if step == 0 {
            self.supplied = suppliers::begin(store, self.org, &self.people, at).await?;
        }
        let Some(product) = self.supplied.clone() else { return Ok(()) };
        match step {
            0 | 1 => {
                // Of every fifth package the oldest version: what suppliers ship is seldom the newest.
                let carried: Vec<(usize, usize)> =
                    (0..self.packages.len()).step_by(5).map(|package| (package, 0)).collect();
                let carried = carried.get(..24 + step).unwrap_or(&carried);
                let document = self.document(carried, at).await?;
                let of = (&product, step);
                let new = suppliers::came(store, self.org, of, document, at).await?;
                let weigher = Weigher::new(&self.agreed, self.index()?, at);
                let weigh = |known: &_| weigher.weigh(known);
                let by = JudgedBy::new(&self.production, &weigh, at);
                let actor = format!("supplier:{}", product.supplier);
                let added = store.add_snapshot(self.org, product.asset, &new, by, &actor).await;
                added.map_err(told)?;
                self.filled.snapshots += 1;
                Ok(())
            }
            2 => suppliers::ask(store, self.org, (&self.people, &product), at).await,
            _ => suppliers::answer(store, self.org, (&self.people, &product), at).await,
        }
    }

    fn index(&self) -> Result<Arc<Opened>, String> {
        self.stages.get(self.stage).cloned().ok_or_else(|| "there is no such stage".to_owned())
    }

    /// Advisories appear: what they speak of is matched and settled, and some teams react.
    async fn advisories(&mut self, stage: usize, at: Timestamp) -> Done {
        self.stage = stage;
        let index = self.index()?;
        let all: Vec<(i64, NewComponent)> = self
            .ids
            .iter()
            .zip(&self.packages)
            .flat_map(|(ids, p)| ids.iter().copied().zip(p.rungs.iter().cloned()))
            .collect();
        let answers = ingest::answers(&all, &index).map_err(told)?;
        let changed = self.app.store.put_matches(self.org, &answers, at).await.map_err(told)?;
        let touched = self.app.store.assets_carrying(self.org, &changed).await.map_err(told)?;
        self.affected = answers.iter().filter(|(_, m)| !m.is_empty()).map(|(id, _)| *id).collect();
        self.settle(|c| touched.contains(&c.id), at).await?;
        let touched: Vec<usize> = (0..self.carriers.len())
            .filter(|c| self.carriers.get(*c).is_some_and(|c| touched.contains(&c.id)))
            .collect();
        for carrier in touched {
            if self.chance.happens(45) {
                let hours = self.workday(1, 12);
                self.later(at, hours, Act::Build(carrier));
            }
        }
        Ok(())
    }

    /// A team builds: it raises what it knows to be affected, and sometimes takes something new.
    async fn build(&mut self, carrier: usize, at: Timestamp) -> Done {
        let team = self.carriers.get(carrier).map_or(0, |c| c.team);
        // Teams differ: some raise nearly everything each time, some half.
        let diligence = 45 + (team * 17) % 50;
        let rhythm = 26 + i64::try_from((team * 11) % 40).unwrap_or(0);
        let hours = self.workday(rhythm, rhythm + 25);
        self.later(at, hours, Act::Build(carrier));
        let Some(mut is) = self.carriers.get(carrier).map(|c| c.carried.clone()) else {
            return Ok(());
        };
        let before = is.clone();
        for (package, rung) in &mut is {
            let Some(ids) = self.ids.get(*package) else { continue };
            let affected = |rung: usize| ids.get(rung).is_some_and(|id| self.affected.contains(id));
            if affected(*rung) && self.chance.happens(diligence) {
                while affected(*rung) && *rung + 1 < ids.len() {
                    *rung += 1;
                }
            }
        }
        if self.chance.happens(12)
            && let Some(ecosystem) = is.first().and_then(|(p, _)| self.packages.get(*p))
        {
            let ecosystem = ecosystem.ecosystem.clone();
            let new = self.some_packages(&ecosystem).into_iter().take(2);
            let new: Vec<_> = new.filter(|(p, _)| is.iter().all(|(had, _)| had != p)).collect();
            is.extend(new);
        }
        let Some(held) = self.carriers.get_mut(carrier) else { return Ok(()) };
        held.builds += 1;
        if is == before && held.builds > 1 {
            return Ok(());
        }
        held.carried.clone_from(&is);
        let (id, builds, is_told) = (held.id, held.builds, held.told);
        let document = self.document(&is, at).await?;
        let new = NewSnapshot {
            document,
            revision: Some(hex(&Sha256::digest(format!("{id}-{builds}")))[..12].to_owned()),
            branch: None,
            build: Some(format!("build-{builds}")),
            received: None,
        };
        let weigher = Weigher::new(&self.agreed, self.index()?, at);
        let weigh = |known: &_| weigher.weigh(known);
        let store = &self.app.store;
        let done = store.add_snapshot(
            self.org,
            id,
            &new,
            JudgedBy::new(&self.production, &weigh, at),
            "trimtab",
        );
        let done = done.await.map_err(told)?;
        self.filled.snapshots += 1;
        let gone: Vec<i64> = done.merged.iter().chain(&done.fixed).copied().collect();
        if !gone.is_empty() && self.apart.happens(UPDATES) {
            let moved = self.moved(&before, &is);
            let of = (id, moved.as_slice(), gone.as_slice());
            updates::of_build(store, self.org, of, &mut self.apart, at).await?;
        }
        if let Some(snapshot) = done.snapshot.filter(|_| is_told) {
            let hours = self.chance.between(2, 24 * (1 + i64::try_from(team % 5).unwrap_or(0)));
            self.later(at, hours, Act::Deploy { carrier, snapshot });
        }
        Ok(())
    }

    /// What moved from one build to the next.
    fn moved(&self, before: &[(usize, usize)], is: &[(usize, usize)]) -> Vec<updates::Moved> {
        let mut moved = Vec::new();
        for (package, rung) in is {
            let was = before.iter().find(|(p, r)| p == package && r != rung);
            let Some(all) = self.packages.get(*package) else { continue };
            let (from, to) = (was.and_then(|(_, r)| all.rungs.get(*r)), all.rungs.get(*rung));
            if let (Some(from), Some(to)) = (from, to)
                && let (Some(old), Some(new)) = (&from.version, &to.version)
            {
                moved.push((to.package.clone(), old.clone(), new.clone()));
            }
        }
        moved
    }

    /// Keeps the document of what is carried: a CycloneDX SBOM.
    async fn document(&self, carried: &[(usize, usize)], at: Timestamp) -> Result<String, String> {
        let mut components = Vec::new();
        let mut contents = Contents::default();
        for (package, rung) in carried {
            let is = self.packages.get(*package).and_then(|p| p.rungs.get(*rung));
            let id = self.ids.get(*package).and_then(|ids| ids.get(*rung));
            let (Some(is), Some(id)) = (is, id) else { continue };
            components.push(json!({ "type": "library", "name": is.name, "version": is.version,
                "purl": is.purl }));
            contents.listed.push(Listed {
                component: *id,
                scope: "runtime".to_owned(),
                relation: if package % 3 == 0 { "direct" } else { "transitive" }.to_owned(),
                files: 1,
            });
        }
        contents.listed.sort_by_key(|l| l.component);
        let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "components": components })
        .to_string();
        let digest = hex(&Sha256::digest(text.as_bytes()));
        let store = &self.app.store;
        if store.put_document(self.org, &digest, text.as_bytes(), at).await.map_err(told)? {
            store.put_contents(self.org, &digest, &contents).await.map_err(told)?;
        }
        Ok(digest)
    }

    async fn deploy(&mut self, carrier: usize, snapshot: i64, at: Timestamp) -> Done {
        let runs = self.carriers.get(carrier).and_then(|c| c.runs);
        // A newer one came first.
        if runs.is_some_and(|runs| runs > snapshot) {
            return Ok(());
        }
        if self.chance.happens(5) {
            self.note(carrier, snapshot, Outcome::Failed, at).await?;
            let hours = self.workday(1, 3);
            self.later(at, hours, Act::Deploy { carrier, snapshot });
            return Ok(());
        }
        self.note(carrier, snapshot, Outcome::Ok, at).await?;
        if let Some(before) = runs.filter(|before| *before != snapshot)
            && self.chance.happens(4)
        {
            let hours = self.chance.between(2, 30);
            self.later(at, hours, Act::RollBack { carrier, snapshot: before, broken: snapshot });
        }
        Ok(())
    }

    async fn note(
        &mut self,
        carrier: usize,
        snapshot: i64,
        outcome: Outcome,
        at: Timestamp,
    ) -> Done {
        let environment = self.production.first().cloned().ok_or("no environment is production")?;
        let weigher = Weigher::new(&self.agreed, self.index()?, at);
        let weigh = |known: &_| weigher.weigh(known);
        let Some(held) = self.carriers.get_mut(carrier) else { return Ok(()) };
        let new = NewDeployment { asset: held.id, environment, snapshot, outcome, at };
        let store = &self.app.store;
        let done = store
            .add_deployment(self.org, &new, JudgedBy::new(&self.production, &weigh, at), "trimtab")
            .await;
        done.map_err(told)?;
        if outcome != Outcome::Failed {
            held.runs = Some(snapshot);
        }
        self.filled.deployments += 1;
        Ok(())
    }

    async fn settle(&mut self, is: impl Fn(&Carrier) -> bool, at: Timestamp) -> Done {
        let index = self.index()?;
        // What the index says of a package is asked once for all.
        let weigher = Weigher::new(&self.agreed, index, at);
        let weigh = |known: &_| weigher.weigh(known);
        for carrier in self.carriers.iter().filter(|c| c.builds > 0 && is(c)) {
            let store = &self.app.store;
            let done = store
                .settle(self.org, carrier.id, JudgedBy::new(&self.production, &weigh, at))
                .await;
            done.map_err(told)?;
        }
        Ok(())
    }

    /// A team asks for an exception for something that it cannot remove yet.
    async fn ask(&mut self, at: Timestamp) -> Done {
        let filter = FindingFilter { counts: Some(true), ..FindingFilter::default() };
        let store = &self.app.store;
        let open = store.findings(self.org, &filter, FindingOrder::Level, None, 300).await;
        let open = open.map_err(told)?.rows;
        let Some(finding) = self.chance.one(&open) else { return Ok(()) };
        let (Some((system, _)), Some(weighed)) = (&finding.system, &finding.weighed) else {
            return Ok(());
        };
        let days = match weighed.level {
            Level::Critical => 6,
            Level::High => self.chance.between(14, 28),
            Level::Medium => self.chance.between(28, 80),
            Level::Low => self.chance.between(60, 150),
        };
        let team = finding.team.as_ref().map(|t| t.0);
        let team = self.people.teams.iter().position(|t| Some(*t) == team).unwrap_or(0);
        let author = self.people.leads.get(team).copied().unwrap_or(self.people.engineering);
        let reasons = [
            "The fixed version changes the wire format; the other side moves next sprint.",
            "The affected function is behind a flag that is off in production.",
            "The season begins this week, and nothing is deployed that need not be.",
            "The replacement of this system goes live before the exception ends.",
        ];
        let expires = at + SignedDuration::from_hours(24 * days);
        let new = NewDecision {
            kind: DecisionKind::Exception,
            vulnerability: Some(finding.vulnerability.1.clone()),
            package: None,
            asset: None,
            system: Some(*system),
            environment: None,
            reason: self.chance.one(&reasons).copied().unwrap_or_default().to_owned(),
            justification: None,
            control: Some("The gateway refuses requests of this shape.".to_owned()),
            author,
            author_role: Role::Engineering.as_str().to_owned(),
            expires: Some(expires),
        };
        let system = *system;
        let decision = store.ask(self.org, &new, &format!("person:{author}"), at).await;
        let decision = decision.map_err(told)?;
        let hours = self.workday(1, 4);
        self.later(at, hours, Act::Answer { decision, system, expires });
        Ok(())
    }

    /// Security answers; what is approved holds until its end.
    async fn answer(
        &mut self,
        decision: i64,
        system: i64,
        expires: Timestamp,
        at: Timestamp,
    ) -> Done {
        let state =
            if self.chance.happens(80) { DecisionState::Approved } else { DecisionState::Refused };
        let by = self.people.security;
        let store = &self.app.store;
        let actor = format!("person:{by}");
        let role = Role::Security.as_str();
        store.answer(self.org, decision, state, (by, role), &actor, at).await.map_err(told)?;
        if state == DecisionState::Approved {
            self.agreed = Agreed::of(store, self.org, at).await.map_err(told)?;
            self.settle(|c| c.system == system, at).await?;
            // Whole days hold to their end: a day later none does.
            let hours = expires.duration_since(at).as_hours() + 25;
            self.later(at, hours, Act::Settle(system));
        }
        Ok(())
    }

    async fn end(&mut self, now: Timestamp) -> Done {
        self.stage = STAGES - 1;
        self.agreed = Agreed::of(&self.app.store, self.org, now).await.map_err(told)?;
        self.settle(|_| true, now).await?;
        measure::keep(self.app, self.org, now).await.map_err(told)?;
        replanning::anew(self.app, self.org, None, now).await.map_err(told)?;
        let scheduled = self.app.store.all_scheduled(self.org).await.map_err(told)?;
        let mut assets = HashSet::new();
        for (_, is) in
            scheduled.iter().filter(|(_, is)| assets.insert(is.change.asset)).take(WAITING)
        {
            updates::waiting(&self.app.store, self.org, is, &mut self.apart, now).await?;
        }
        let on_call = [self.people.engineering, self.people.operations];
        notices::fill(self.app, self.org, (&self.people.leads, &on_call), now).await?;
        incidents::end(&self.app.store, self.org, &self.people, now).await?;
        tickets::of_first(&self.app.store, self.org, &scheduled, now).await?;
        reviews::ahead(self.app, self.org, &self.people, now).await?;
        let next = measure::next(self.org, now);
        self.app.store.add_job(&next, now).await.map(|_| ()).map_err(told)
    }
}
