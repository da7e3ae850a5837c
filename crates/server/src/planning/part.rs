//! What one team brings to a plan: its windows, findings and changes, and what people decided about them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use trimtab_engine::plan::learn::taught;
use trimtab_engine::plan::windows;
use trimtab_engine::vulnerability::is_exploited;
use trimtab_model::Level;
use trimtab_model::plan;
use trimtab_store::{
    Finding, FindingFilter, FindingOrder, FindingState, Org, Placement, PlannedChange, Scheduled,
    StoreError, Team, TicketOf,
};

use super::changes::{Tries, by_change};
use super::held::{self, Held};
use super::pricing::{Pricing, planned};
use super::{LOOKED, Learnt, MANY, MOST, Missing, Part, Wish, after, chosen, rhythm, trial};
use crate::facts::within;
use crate::problem::Problem;
use crate::state::App;
use crate::tracking;
use crate::updating::{self, LEARNT};
use crate::web::today::short;
use crate::weighing::Agreed;

/// What all parts of a plan are asked with.
pub(super) struct Asking<'a> {
    pub(super) app: &'a App,
    pub(super) org: Org,
    pub(super) agreed: &'a Arc<Agreed>,
    pub(super) now: Timestamp,
}

impl Asking<'_> {
    /// The part of a team, of what may be seen of it; or why it has none.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn part(
        &self,
        systems: Option<Vec<i64>>,
        team: &Team,
        wish: &Wish,
    ) -> Result<Result<Part, Missing>, Problem> {
        let (app, org, now) = (self.app, self.org, self.now);
        let charter = &self.agreed.charter;
        let (slots, points) = match self.slots(team, wish) {
            Ok(slots) => slots,
            Err(missing) => return Ok(Err(missing)),
        };
        let seen = systems.clone();
        let (found, more) = match &wish.charter {
            Some(_) => {
                let (seen, permit) = ((org, systems.clone()), wish.permit.clone());
                trial::weighed(app, seen, team.id, (self.agreed, now), permit).await?
            }
            None => findings(app, org, systems.clone(), team).await?,
        };
        let decided = Decided::of(app, org, team.id, seen.as_deref()).await?;
        let looked = found.len();
        let findings = chosen::of(found, &decided.changes(), MOST);
        let more = more || findings.len() < looked;
        let beyond = match &wish.charter {
            None if more => {
                let all = app.store.count_findings(org, &counting(team, systems)).await?.number;
                Some(all - i64::try_from(findings.len()).unwrap_or(i64::MAX))
            }
            _ => None,
        };
        let Decided { placements, scheduled, tickets, held } = decided;
        let tries = Tries::of(app.store.confirmed(org, team.id).await?, &findings);
        // Of what others carried out the numbers say nothing to who may not see it.
        let applied = app.store.finished(org, team.id, seen.as_deref(), LEARNT).await?;
        let mut finished = updating::finished(&applied, &charter.calendar);
        finished.extend(tracking::setting::finished(&tickets, &applied));
        let mut asked = self.asked(&findings)?;
        tries.block(&findings, &mut asked);
        let supplied = self.supplied(&findings, &mut asked).await?;
        let mut part = Part {
            rhythm: plan::Team {
                id: team.name.as_str().into(),
                windows: slots,
                open_limit: wish.open_limit.or(team.open_limit),
                // What is open is in the plan until it is merged: its findings are still there.
                open: 0,
            },
            whole: points,
            findings: Vec::new(),
            more,
            beyond,
            asked,
            next: HashMap::new(),
            candidates: Vec::new(),
            changes: Vec::new(),
            held: Vec::new(),
            missed: Vec::new(),
            accepted: Vec::new(),
            before: Vec::new(),
            makes_way: false,
            learnt: Learnt { updates: applied.len(), taught: taught(&charter.cost, &finished) },
        };
        let pricing = Pricing {
            findings: &findings,
            tries: &tries,
            charter,
            finished: &finished,
            pointed: tickets.iter().filter_map(|row| Some((&row.change, row.points?))).collect(),
            index: app.index(),
        };
        let placed: HashMap<&PlannedChange, &Placement> =
            placements.iter().map(|p| (&p.change, p)).collect();
        let mut scheduled: HashMap<PlannedChange, Scheduled> =
            scheduled.into_iter().map(|s| (s.change.clone(), s)).collect();
        for (of, removes) in by_change(&findings) {
            if supplied.contains_key(&of.asset) {
                continue;
            }
            let Some(first) = removes.first().and_then(|f| findings.get(*f)) else { continue };
            let Some(priced) = pricing.priced(&of, removes) else { continue };
            let placed = placed.get(&of).map(|p| (*p).clone());
            let kept = scheduled.remove(&of);
            let (change, candidate) = planned(of, first, priced, (placed, kept));
            if let Some(is) = held.get(&change.of) {
                part.hold_back(&candidate, is);
            }
            part.add(change, candidate);
        }
        part.make_way(now);
        part.next = tries.next(&findings, &part.asked);
        part.findings = findings;
        Ok(Ok(part))
    }

    /// The windows that are looked at, and the points of a whole one; or why there are none.
    fn slots(&self, team: &Team, wish: &Wish) -> Result<(Vec<plan::Window>, f64), Missing> {
        let charter = &self.agreed.charter;
        let (cadence, points) = rhythm(charter, team, wish)?;
        let count = if wish.until.is_some() { MANY } else { wish.windows };
        let mut slots = windows(cadence, charter, self.now, count, points);
        if slots.is_empty() {
            return Err(Missing::NoWindows(cadence.name.to_string()));
        }
        // Where none of its windows ends by then, what cannot wait is all that is done by then.
        let until = wish.until.map(|until| after(self.now, until));
        slots.retain(|window| until.is_none_or(|until| window.end < until));
        Ok((slots, points))
    }

    /// Findings as a plan is asked about them.
    fn asked(&self, findings: &[Finding]) -> Result<Vec<plan::Finding>, Problem> {
        // What the charter calls *now* is what it gives to a cadence of that name.
        let cadences = &self.agreed.charter.cadences;
        let at_once =
            |level: Level| cadences.iter().any(|c| &*c.every == "now" && c.levels.contains(&level));
        let exploited = exploited(self.app, findings)?;
        let asked = findings.iter().map(|f| plan::Finding {
            exploited: exploited.contains(&*f.vulnerability.1),
            ..asked(f, &at_once)
        });
        Ok(asked.collect())
    }

    /// Nobody here can raise anything in what a supplier delivers: they are asked. Returns by asset who delivers it, and
    /// whether they still do.
    async fn supplied(
        &self,
        findings: &[Finding],
        asked: &mut [plan::Finding],
    ) -> Result<BTreeMap<i64, (String, bool)>, Problem> {
        let mut assets: Vec<i64> = findings.iter().map(|f| f.asset.0).collect();
        assets.sort_unstable();
        assets.dedup();
        let supplied = self.app.store.delivered(self.org, &assets).await?;
        for (is, asked) in findings.iter().zip(asked) {
            if is.state == FindingState::Merged {
                asked.blocker = Some("its deployment: the main line no longer has it".into());
                continue;
            }
            asked.blocker = match supplied.get(&is.asset.0) {
                Some((supplier, true)) => {
                    Some(format!("{supplier}, its supplier: ask them").into())
                }
                Some((supplier, false)) => {
                    Some(format!("{supplier}, which delivers it no longer: replace it").into())
                }
                None => continue,
            };
        }
        Ok(supplied)
    }
}

/// What people and the plan before decided about a team's changes.
struct Decided {
    placements: Vec<Placement>,
    scheduled: Vec<Scheduled>,
    tickets: Vec<TicketOf>,
    held: HashMap<PlannedChange, Held>,
}

impl Decided {
    /// Of tickets those that may be seen.
    async fn of(
        app: &App,
        org: Org,
        team: i64,
        seen: Option<&[i64]>,
    ) -> Result<Decided, StoreError> {
        Ok(Decided {
            placements: app.store.placements(org, team).await?,
            scheduled: app.store.scheduled(org, team).await?,
            tickets: app.store.tickets_in(org, team, seen).await?,
            held: held::of(app, org, team).await?,
        })
    }

    /// The changes that something was decided about: a ticket that is not wanted any longer decides nothing.
    fn changes(&self) -> HashSet<PlannedChange> {
        let placed = self.placements.iter().map(|p| &p.change);
        let all = placed.chain(self.scheduled.iter().map(|s| &s.change));
        let wanted = self.tickets.iter().filter(|row| row.wanted).map(|row| &row.change);
        all.chain(wanted).cloned().collect()
    }
}

/// The team's live findings that count, the gravest first.
async fn findings(
    app: &App,
    org: Org,
    systems: Option<Vec<i64>>,
    team: &Team,
) -> Result<(Vec<Finding>, bool), Problem> {
    Ok(within::findings(app, org, &counting(team, systems), FindingOrder::Level, LOOKED).await?)
}

fn counting(team: &Team, systems: Option<Vec<i64>>) -> FindingFilter {
    FindingFilter { team: Some(team.id), counts: Some(true), systems, ..FindingFilter::default() }
}

fn asked(is: &Finding, at_once: &impl Fn(Level) -> bool) -> plan::Finding {
    let weighed = is.weighed.as_ref();
    // One that could not be weighed may go into every window, and adds no load that is not known.
    let level = weighed.map_or(Level::Critical, |w| w.level);
    // As people read it; its number makes it one of its kind.
    let (package, _) = short(&is.package);
    plan::Finding {
        id: format!("{} in {package} of {} (no. {})", is.vulnerability.1, is.asset.1, is.id).into(),
        team: 0,
        level,
        weight: weighed.map_or(0.0, |w| w.weight),
        deadline: weighed.and_then(|w| w.deadline),
        // Nobody is interrupted for what is not known.
        now: weighed.is_some() && is.production != Some(false) && at_once(level),
        exploited: false,
        // Nothing that has a name stands in the way: no source names a version that is not affected.
        blocker: None,
    }
}

/// The vulnerabilities among those of some findings that are known to be exploited; none without an index.
fn exploited<'f>(app: &App, findings: &'f [Finding]) -> Result<HashSet<&'f str>, Problem> {
    let Some(index) = app.index() else { return Ok(HashSet::new()) };
    let mut names: Vec<&str> = findings.iter().map(|f| f.vulnerability.1.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut all = HashSet::new();
    for name in names {
        if is_exploited(&index, name).map_err(|e| Problem::conflict(e.to_string()))? {
            all.insert(name);
        }
    }
    Ok(all)
}
