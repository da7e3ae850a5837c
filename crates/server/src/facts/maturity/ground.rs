//! What the store shows of an organisation, read once for it and for all of its teams.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_engine::maturity::{Counted, Fact, Facts, Known};
use trimtab_store::{
    Applied, CharterState, Decision, DecisionKind, DecisionState, FindingFilter, GroupBy,
    Inventoried, ProductsKnown, System, Team, Waits,
};

use crate::access::Who;
use crate::api::visible;
use crate::facts::verified;
use crate::measuring::question::{Asked, Measured, Numbers, measure};
use crate::opened::Opened;
use crate::problem::Problem;
use crate::state::App;
use crate::web::teams::may_see;
use crate::web::today::epoch_day;

/// For how many days is looked back.
const DAYS: i64 = 90;
/// Within so many days a review of a team is held: a month, and a week more.
pub(super) const REVIEWED: i64 = 37;
/// So often a week a team may be interrupted.
const OFTEN: f64 = 2.0;
/// The sides that agree to a charter.
const SIDES: u64 = 4;
/// The most decisions and updates that are looked at: the newest.
const MOST: usize = 10_000;

/// Of whom facts are asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    All,
    Team(i64),
}

/// What is read of an organisation, as far as somebody may see it.
pub(super) struct Ground {
    pub(super) now: Timestamp,
    /// From when on is looked at what happened.
    pub(super) since: Timestamp,
    pub(super) organisation: String,
    /// Whether all may be seen.
    pub(super) whole: bool,
    pub(super) teams: Vec<Team>,
    systems: Vec<System>,
    inventories: HashMap<i64, Inventoried>,
    /// Open findings by system, and how many of them have a level.
    open: Option<HashMap<i64, (u64, u64)>>,
    running: HashSet<i64>,
    charter: Known,
    index: [Known; 3],
    /// The digest of the index. `None`: there is none.
    digest: Option<String>,
    /// The index itself.
    advisories: Option<Arc<Opened>>,
    decisions: Vec<Decision>,
    updates: Vec<Applied>,
    planned: HashSet<i64>,
    /// Teams that held a review lately.
    reviewed: HashSet<i64>,
    measured: Arc<Measured>,
    sealed: Known,
    /// Assets with a verdict of the gate lately, by system.
    gated: BTreeMap<Option<i64>, i64>,
    /// Refusals that had time to be answered, and how many of them are, by system.
    refused: BTreeMap<Option<i64>, (i64, i64)>,
    /// What is known of suppliers' products, by system.
    supplied: BTreeMap<Option<i64>, ProductsKnown>,
}

fn unknown(why: &str) -> Known {
    Known::Unknown(why.into())
}

fn counted(yes: usize, of: usize) -> Known {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Known::Counted(Counted::of(number(yes), number(of)))
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

impl Ground {
    pub(super) async fn of(app: &App, who: &Who) -> Result<Ground, Problem> {
        let (now, store, org) = (app.now(), &app.store, who.org);
        let since = now - SignedDuration::from_hours(24 * DAYS);
        let mut systems = store.systems(org).await?.to_vec();
        let visible = visible(who, &systems);
        let mut teams = store.teams(org).await?;
        teams.retain(|team| may_see(who, team, &systems));
        if let Some(may) = &visible {
            systems.retain(|s| may.contains(&s.id));
        }
        let organisations = store.organisations().await?;
        let organisation = organisations.into_iter().find(|o| o.org == org);
        let month = now - SignedDuration::from_hours(24 * 30);
        let week = now - SignedDuration::from_hours(24 * 7);
        let inventories = store.inventoried(org, [month, week]).await?;
        let agreed = app.agreed(org, now).await?;
        let production = agreed.production();
        let deployed = store.deployed_by_system(org).await?;
        let running = deployed.into_iter().filter(|d| production.contains(&d.environment));
        let mut decisions = store.decisions(org, DecisionState::Approved, MOST).await?;
        decisions.retain(|d| {
            d.is.expires.is_none_or(|end| now < end)
                && match (d.is.system, &visible) {
                    (_, None) => true,
                    (Some(system), Some(may)) => may.contains(&system),
                    (None, Some(_)) => false,
                }
        });
        let plans = store.plan_marks(org).await?;
        let asked = Asked { days: DAYS.to_string(), ..Asked::default() };
        Ok(Ground {
            now,
            since,
            organisation: organisation.map(|o| o.name).unwrap_or_default(),
            whole: visible.is_none(),
            inventories: inventories.into_iter().map(|i| (i.system, i)).collect(),
            open: open(app, who, visible.as_deref(), systems.len()).await?,
            running: running.map(|d| d.system).collect(),
            charter: charter(app, who).await?,
            index: index(app, now).await?,
            digest: app.index().and_then(|is| is.info().ok()).map(|info| info.digest.to_string()),
            advisories: app.index(),
            decisions,
            updates: updates(app, who, visible.as_deref(), since).await?,
            planned: plans.into_iter().map(|(team, _)| team).collect(),
            reviewed: reviewed(app, who, now).await?,
            measured: measure(app, who, &asked).await?,
            sealed: verified::so_far(app, who).await?,
            gated: store.gated(org, month).await?,
            refused: store.refused(org, (since, week)).await?,
            supplied: store.products_known(org, (since, now)).await?,
            teams,
            systems,
        })
    }

    /// What is known of it that no entry of the ledger tells: of when the newest advisory is, the digest of the index, how
    /// many of the two sources of exploits are known (`null`: there is no index), which teams have no plan, and how suppliers'
    /// products were judged.
    pub(super) fn rests(&self) -> Value {
        let [read, _, exploits] = &self.index;
        let newest = match read {
            Known::Counted(is) => is.since.map(|at| at.to_string()),
            Known::Unknown(_) => None,
        };
        let sources = match exploits {
            Known::Counted(is) => Some(is.yes),
            Known::Unknown(_) => None,
        };
        let planless = self.teams.iter().map(|t| t.id).filter(|id| !self.planned.contains(id));
        let judged = self.supplied.iter().filter(|(_, is)| is.judged > 0).map(|(system, is)| {
            json!({ "system": system, "judged": is.judged, "kept": is.kept,
                "decided": is.decided, "unclear": is.unclear })
        });
        json!({ "advisories": newest, "index": self.digest, "exploits": sources,
            "planless": planless.collect::<Vec<_>>(),
            "products": judged.collect::<Vec<_>>() })
    }

    /// The digest of what the records of the index are and when each was last changed, whichever index has them. `None`: there
    /// is no index, or it is damaged.
    pub(super) async fn records(&self) -> Option<String> {
        let index = Arc::clone(self.advisories.as_ref()?);
        let read = tokio::task::spawn_blocking(move || index.records().ok());
        read.await.ok().flatten()
    }

    /// The systems of a team.
    pub(super) fn systems_of(&self, team: i64) -> impl Iterator<Item = &System> {
        self.systems.iter().filter(move |s| s.team == Some(team))
    }

    /// What is known of a team, or of all.
    pub(super) fn facts(&self, scope: Scope) -> Facts {
        let systems: Vec<&System> = match scope {
            Scope::All => self.systems.iter().collect(),
            Scope::Team(id) => self.systems_of(id).collect(),
        };
        let those = |yes: &dyn Fn(&System) -> bool| {
            counted(systems.iter().filter(|s| yes(s)).count(), systems.len())
        };
        let has = |s: &System| self.inventories.get(&s.id).is_some_and(|i| i.with > 0);
        let described = |s: &System| s.tier.is_some() && s.exposure.is_some() && s.data.is_some();
        let named = |s: &System| s.product_owner.is_some() && s.operations.is_some();
        let [read, fresh, exploits] = self.index.clone();
        let all = [
            (Fact::Inventory, self.dated(scope, &systems, those(&has))),
            (Fact::Watched, self.inventory(scope, &systems, 0)),
            (Fact::Current, self.inventory(scope, &systems, 1)),
            (Fact::Owned, those(&|s| s.team.is_some())),
            (Fact::Described, those(&described)),
            (Fact::Running, those(&|s| self.running.contains(&s.id))),
            (Fact::Accountable, those(&named)),
            (Fact::Read, read),
            (Fact::Fresh, fresh),
            (Fact::Exploits, exploits),
            (Fact::Weighed, self.weighed(scope, &systems)),
            (Fact::Planned, self.rhythm(scope)),
            (Fact::Tested, self.tested(scope, &systems)),
            (Fact::Kept, self.kept(scope)),
            (Fact::Agreed, self.charter.clone()),
            (Fact::Held, self.held(scope)),
            (Fact::Decided, self.decided(scope, &systems)),
            (Fact::Stated, self.stated(scope, &systems)),
            (Fact::Quiet, self.quiet(scope)),
            (Fact::Falling, self.falling(scope)),
            (Fact::Gated, self.gated(scope, &systems)),
            (Fact::Mended, self.mended(scope, &systems)),
            (Fact::Promised, self.promised(scope, &systems)),
            (Fact::Supplied, self.of_products(scope, &systems, |is| (is.sent, is.products))),
            (Fact::Replied, self.of_products(scope, &systems, |is| (is.answered, is.asked))),
            (Fact::Sealed, self.sealed.clone()),
        ];
        Facts(all.into_iter().collect())
    }

    /// The inventories of systems; of all, with what belongs to no system.
    fn inventories(&self, scope: Scope, systems: &[&System]) -> Vec<&Inventoried> {
        let none = matches!(scope, Scope::All) && self.whole;
        let ids = systems.iter().map(|s| s.id).chain(none.then_some(0));
        ids.filter_map(|id| self.inventories.get(&id)).collect()
    }

    /// With since when it is so: the oldest of the newest inventories.
    fn dated(&self, scope: Scope, systems: &[&System], known: Known) -> Known {
        let oldest = self.inventories(scope, systems).into_iter().filter_map(|i| i.oldest).min();
        match known {
            Known::Counted(counted) => Known::Counted(Counted { since: oldest, ..counted }),
            unknown @ Known::Unknown(_) => unknown,
        }
    }

    /// Assets with an inventory after one of the two moments.
    fn inventory(&self, scope: Scope, systems: &[&System], moment: usize) -> Known {
        let all = self.inventories(scope, systems);
        let yes = all.iter().filter_map(|i| i.since.get(moment)).copied().map(natural).sum();
        let of = all.iter().map(|i| natural(i.assets)).sum();
        self.dated(scope, systems, Known::Counted(Counted::of(yes, of)))
    }

    /// The keys of numbers by system: of all, with what belongs to no system.
    fn keys(&self, scope: Scope, systems: &[&System]) -> Vec<Option<i64>> {
        let none = matches!(scope, Scope::All) && self.whole;
        systems.iter().map(|s| Some(s.id)).chain(none.then_some(None)).collect()
    }

    /// The sum of two numbers of suppliers' products.
    fn of_products(
        &self,
        scope: Scope,
        systems: &[&System],
        pick: impl Fn(&ProductsKnown) -> (i64, i64),
    ) -> Known {
        let keys = self.keys(scope, systems);
        let found = keys.iter().filter_map(|key| self.supplied.get(key)).map(pick);
        let (yes, of) = found.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Known::Counted(Counted::of(natural(yes), natural(of)))
    }

    fn promised(&self, scope: Scope, systems: &[&System]) -> Known {
        let keys = self.keys(scope, systems);
        let mut found = keys.iter().filter_map(|key| self.supplied.get(key));
        if found.any(|is| is.judged < is.products) {
            return unknown(
                "Not all suppliers' products have been judged yet; this happens every day.",
            );
        }
        let found = keys.iter().filter_map(|key| self.supplied.get(key));
        let (products, decided, unclear) = found.fold((0, 0, 0), |sum, is| {
            (sum.0 + is.products, sum.1 + is.decided, sum.2 + is.unclear)
        });
        if unclear > decided || (decided == 0 && products > 0) {
            return unknown(
                "For most products it is unknown whether suppliers keep their promises: record what was promised, and ask for the evidence.",
            );
        }
        self.of_products(scope, systems, |is| (is.kept, is.decided))
    }

    /// Assets with a verdict, of those that change here: what suppliers deliver does not.
    fn gated(&self, scope: Scope, systems: &[&System]) -> Known {
        let keys = self.keys(scope, systems);
        let yes = keys.iter().filter_map(|key| self.gated.get(key)).sum::<i64>();
        let theirs = keys.iter().filter_map(|key| self.supplied.get(key)).map(|is| is.assets);
        let all: i64 = self.inventories(scope, systems).iter().map(|i| i.assets).sum();
        Known::Counted(Counted::of(natural(yes), natural(all - theirs.sum::<i64>())))
    }

    fn mended(&self, scope: Scope, systems: &[&System]) -> Known {
        let keys = self.keys(scope, systems);
        let found: Vec<(i64, i64)> =
            keys.iter().filter_map(|key| self.refused.get(key)).copied().collect();
        if found.is_empty() && keys.iter().all(|key| !self.gated.contains_key(key)) {
            return unknown(
                "The gate has not checked a change yet: push a verdict, or run trimtab push --wait in CI.",
            );
        }
        let (of, yes) = found.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Known::Counted(Counted::of(natural(yes), natural(of)))
    }

    fn weighed(&self, scope: Scope, systems: &[&System]) -> Known {
        let Some(open) = &self.open else {
            return unknown("There is no advisory index: add one to find out what is vulnerable.");
        };
        let none = matches!(scope, Scope::All) && self.whole;
        let ids = systems.iter().map(|s| s.id).chain(none.then_some(0));
        let found = ids.filter_map(|id| open.get(&id));
        let (of, yes) = found.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Known::Counted(Counted::of(yes, of))
    }

    fn rhythm(&self, scope: Scope) -> Known {
        let owning = self.owning(scope);
        if owning.is_empty() {
            return unknown("No team owns a system yet: assign one.");
        }
        let yes = |t: &&&Team| t.cadence.is_some() && self.planned.contains(&t.id);
        counted(owning.iter().filter(yes).count(), owning.len())
    }

    /// Teams that own a system: of the others nothing is asked.
    fn owning(&self, scope: Scope) -> Vec<&Team> {
        self.teams_of(scope).filter(|t| self.systems_of(t.id).next().is_some()).collect()
    }

    /// Teams that own a system, and held a review lately.
    fn held(&self, scope: Scope) -> Known {
        let owning = self.owning(scope);
        if owning.is_empty() {
            return unknown("No team owns a system yet: assign one.");
        }
        let yes = owning.iter().filter(|team| self.reviewed.contains(&team.id));
        counted(yes.count(), owning.len())
    }

    fn teams_of(&self, scope: Scope) -> impl Iterator<Item = &Team> {
        self.teams.iter().filter(move |t| match scope {
            Scope::All => true,
            Scope::Team(id) => t.id == id,
        })
    }

    /// Whether something about a system is of a scope.
    fn is_in(&self, scope: Scope, systems: &[&System], system: Option<i64>) -> bool {
        match system {
            Some(id) => systems.iter().any(|s| s.id == id),
            None => self.whole && matches!(scope, Scope::All),
        }
    }

    fn tested(&self, scope: Scope, systems: &[&System]) -> Known {
        let told = |one: &Applied, path: &str| {
            one.is.told.pointer(path).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
        };
        let done = |one: &&Applied| {
            self.is_in(scope, systems, one.system)
                && !matches!(told(one, "/outcome").as_str(), "nothing" | "refused")
        };
        let all: Vec<&Applied> = self.updates.iter().filter(done).collect();
        let yes =
            |one: &&&Applied| one.reverted.is_none() && told(one, "/tests/judgement") == "unharmed";
        counted(all.iter().filter(yes).count(), all.len())
    }

    /// The numbers of 90 days, and of the 90 before.
    fn numbers(&self, scope: Scope) -> Option<(&Numbers, &Numbers)> {
        match scope {
            Scope::All => Some((&self.measured.now, &self.measured.before)),
            Scope::Team(id) => {
                self.systems_of(id).next()?;
                let group = self.measured.groups.iter().find(|group| group.1 == id)?;
                Some((&group.2, &group.3))
            }
        }
    }

    fn kept(&self, scope: Scope) -> Known {
        let Some((now, _)) = self.numbers(scope) else {
            return unknown("The team owns no system: assign one.");
        };
        let due = now.deadlines.met + now.deadlines.missed;
        // That none was missed shows something only where some time is known.
        let first = self.measured.period.first;
        if due == 0 && self.measured.began.is_none_or(|began| began > first) {
            return unknown("Nothing was due yet, and too little time is known to say more.");
        }
        counted(now.deadlines.met, due)
    }

    /// Whether a team had an inventory on a day.
    fn is_known_on(&self, team: i64, day: i64) -> bool {
        let of = |s: &System| self.inventories.get(&s.id).and_then(|i| i.first);
        let first = self.systems_of(team).filter_map(of).min();
        first.is_some_and(|at| epoch_day(at.to_zoned(TimeZone::UTC).date()) <= day)
    }

    /// How many teams are so, of those that own a system. Unknown where one was not known on a day, unless another
    /// is known not to be so.
    fn teams_that(&self, scope: Scope, day: i64, is: impl Fn(&Numbers, &Numbers) -> bool) -> Known {
        let young = "Part of this is not known for the whole 90 days yet.";
        if self.measured.began.is_none_or(|began| began > day) {
            return unknown(young);
        }
        let (mut yes, mut of, mut is_young) = (0, 0, false);
        for team in self.teams_of(scope) {
            let Some((now, before)) = self.numbers(Scope::Team(team.id)) else { continue };
            if !self.is_known_on(team.id, day) {
                is_young = true;
                continue;
            }
            of += 1;
            yes += usize::from(is(now, before));
        }
        if is_young && yes == of {
            return unknown(young);
        }
        if of == 0 {
            return unknown("No team owns a system yet: assign one.");
        }
        counted(yes, of)
    }

    fn quiet(&self, scope: Scope) -> Known {
        let is = |now: &Numbers, _: &Numbers| now.noise_a_week.is_some_and(|n| n <= OFTEN);
        self.teams_that(scope, self.measured.period.first, is)
    }

    fn falling(&self, scope: Scope) -> Known {
        let load = |numbers: &Numbers| numbers.load.unwrap_or_default();
        let is = |now: &Numbers, before: &Numbers| load(now) <= load(before) + 1e-6;
        self.teams_that(scope, self.measured.other.last, is)
    }

    fn decisions(&self, scope: Scope, systems: &[&System]) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(move |d| self.is_in(scope, systems, d.is.system))
    }

    fn decided(&self, scope: Scope, systems: &[&System]) -> Known {
        let yes = |d: &&Decision| {
            let ends = d.is.kind != DecisionKind::Exception || d.is.expires.is_some();
            ends && d.approver.as_ref().is_some_and(|(person, _)| *person != d.is.author)
        };
        let of = self.decisions(scope, systems).count();
        counted(self.decisions(scope, systems).filter(yes).count(), of)
    }

    fn stated(&self, scope: Scope, systems: &[&System]) -> Known {
        let is = |d: &&Decision| d.is.kind == DecisionKind::NotAffected;
        let all: Vec<&Decision> = self.decisions(scope, systems).filter(is).collect();
        let yes = all.iter().filter(|d| d.is.justification.is_some() && !d.is.reason.is_empty());
        counted(yes.count(), all.len())
    }
}

/// Open findings by system, and how many of them have a level. `None`: there is no index.
async fn open(
    app: &App,
    who: &Who,
    visible: Option<&[i64]>,
    systems: usize,
) -> Result<Option<HashMap<i64, (u64, u64)>>, Problem> {
    if app.index().is_none() {
        return Ok(None);
    }
    let mut all: HashMap<i64, (u64, u64)> = HashMap::new();
    // Those without a level are few: to sum up the others costs more.
    for without in [false, true] {
        let filter = FindingFilter {
            counts: Some(true),
            waits: without.then_some(Waits::Assessment),
            systems: visible.map(<[i64]>::to_vec),
            ..FindingFilter::default()
        };
        let by = GroupBy::System;
        for group in app.store.group_findings(who.org, &filter, by, systems + 1).await? {
            let known = all.entry(group.key.parse().unwrap_or_default()).or_default();
            let findings = natural(group.findings);
            *known = if without {
                (known.0, known.0.saturating_sub(findings))
            } else {
                (findings, findings)
            };
        }
    }
    Ok(Some(all))
}

/// How many sides agreed to the charter in force, and since when it is.
async fn charter(app: &App, who: &Who) -> Result<Known, Problem> {
    let charters = app.store.charters(who.org).await?;
    let Some(is) = charters.into_iter().find(|c| c.state == CharterState::InForce) else {
        return Ok(unknown("No charter is in force; a preset applies that nobody has agreed to."));
    };
    let sides: HashSet<&str> = is.agreed.iter().map(|(side, ..)| side.as_str()).collect();
    let yes = u64::try_from(sides.len()).unwrap_or(SIDES);
    Ok(Known::Counted(Counted { since: is.in_force, ..Counted::of(yes, SIDES) }))
}

/// Whether the advisories are of the last 30 days, of the last two, and know of exploits.
async fn index(app: &App, now: Timestamp) -> Result<[Known; 3], Problem> {
    let Some(info) = app.index().and_then(|index| index.info().ok()) else {
        let none =
            unknown("There is no advisory index: add one, or let the server fetch the feeds.");
        return Ok([none.clone(), none.clone(), none]);
    };
    let feeds = app.store.feeds().await?;
    let data: Option<Timestamp> = info.data_date.as_deref().and_then(|text| text.parse().ok());
    let fetched = feeds.into_iter().filter(|f| f.name == "fetch").filter_map(|f| f.succeeded);
    let newest = fetched.chain(data).max();
    let within = |hours: i64| match newest {
        None => unknown("No advisory in the index says when it was last modified."),
        Some(at) => {
            let yes = u64::from(now.duration_since(at) <= SignedDuration::from_hours(hours));
            Known::Counted(Counted { since: Some(at), ..Counted::of(yes, 1) })
        }
    };
    let sources = [info.kev.is_some(), info.epss.is_some()];
    let exploits = counted(sources.iter().filter(|is| **is).count(), sources.len());
    Ok([within(24 * 30), within(48), exploits])
}

/// Teams of which a review was held lately: one that was opened.
async fn reviewed(app: &App, who: &Who, now: Timestamp) -> Result<HashSet<i64>, Problem> {
    let since = now - SignedDuration::from_hours(24 * REVIEWED);
    Ok(app.store.teams_reviewed(who.org, since).await?.into_iter().collect())
}

/// Updates since a moment, the newest first.
async fn updates(
    app: &App,
    who: &Who,
    visible: Option<&[i64]>,
    since: Timestamp,
) -> Result<Vec<Applied>, Problem> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = app.store.all_applied(who.org, (None, None), visible, after, 500).await?;
        let is_over = page.rows.last().is_none_or(|last| last.is.at < since);
        all.extend(page.rows);
        after = page.next;
        if after.is_none() || is_over || all.len() >= MOST {
            all.retain(|one| one.is.at >= since);
            return Ok(all);
        }
    }
}
