//! The year: builds, deployments, advisories and decisions in the order of time, each through the store.

mod builds;
mod decisions;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Role;
use trimtab_store::{JudgedBy, NewComponent, NewVerdict, Org, Outcome, Product};

use super::chance::Chance;
use super::packages::{self, Package};
use super::people::{self, People};
use super::{
    Filled, Sample, incidents, kept, notices, published, reviews, shares, suppliers, tickets,
    updates, verdicts,
};
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
    /// The gate refuses what nobody goes on with.
    Refuse,
    /// The gate judges a change.
    Judge(usize),
    /// It passes one that was mended.
    Mend(Box<NewVerdict>),
    /// It refuses a package before it is added.
    Catch,
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
        self.later(start, 24 * (DAYS - 50), Act::Refuse);
        for (at, hours) in verdicts::moments() {
            self.later(start, 24 * DAYS - hours, Act::Judge(at));
        }
        self.later(start, 24 * DAYS - verdicts::CAUGHT, Act::Catch);
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
            Act::Refuse => kept::refuse(self.app, self.org, &self.people, at).await,
            Act::Judge(which) => {
                let store = &self.app.store;
                let more = verdicts::judge(store, self.org, &self.people, which, at).await?;
                if let Some((mended, hours)) = more {
                    self.later(at, hours, Act::Mend(Box::new(mended)));
                }
                Ok(())
            }
            Act::Mend(is) => verdicts::mend(&self.app.store, self.org, &self.people, &is, at).await,
            Act::Catch => verdicts::caught(&self.app.store, self.org, &self.people, at).await,
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
        published::fill(self.app, self.org, &mut self.apart, now).await?;
        kept::fill(self.app, self.org, &self.people, now).await?;
        let next = measure::next(self.org, now);
        self.app.store.add_job(&next, now).await.map(|_| ()).map_err(told)
    }
}
