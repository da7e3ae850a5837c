//! What one team brings to a plan: its windows, findings and changes, and what people decided about them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use trimtab_engine::plan::learn::taught;
use trimtab_engine::plan::windows;
use trimtab_engine::repository::ids;
use trimtab_engine::vulnerability::is_exploited;
use trimtab_model::Level;
use trimtab_model::plan;
use trimtab_store::{
    Finding, FindingFilter, FindingOrder, FindingState, Org, Placement, PlacementState,
    PlannedChange, Scheduled, Team,
};

use super::changes::{Tries, by_change};
use super::{
    Change, LOOKED, Learnt, MANY, MOST, Missing, Part, Wish, after, also, chosen, rhythm, slot,
    trial,
};
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
        let (cadence, points) = match rhythm(charter, team, wish) {
            Ok(rhythm) => rhythm,
            Err(missing) => return Ok(Err(missing)),
        };
        let count = if wish.until.is_some() { MANY } else { wish.windows };
        let seen = systems.clone();
        let mut slots = windows(cadence, charter, now, count, points);
        if slots.is_empty() {
            return Ok(Err(Missing::NoWindows(cadence.name.to_string())));
        }
        // Where none of its windows ends by then, what cannot wait is all that is done by then.
        let until = wish.until.map(|until| after(now, until));
        slots.retain(|window| until.is_none_or(|until| window.end < until));
        let (found, more) = match &wish.charter {
            Some(_) => {
                let (seen, permit) = ((org, systems.clone()), wish.permit.clone());
                trial::weighed(app, seen, team.id, (self.agreed, now), permit).await?
            }
            None => findings(app, org, systems.clone(), team).await?,
        };
        let placements = app.store.placements(org, team.id).await?;
        let scheduled = app.store.scheduled(org, team.id).await?;
        let tickets = app.store.tickets_in(org, team.id, seen.as_deref()).await?;
        let placed = placements.iter().map(|p| &p.change);
        let known = placed.chain(scheduled.iter().map(|s| &s.change));
        let known = known.chain(tickets.iter().filter(|row| row.wanted).map(|row| &row.change));
        let known: HashSet<PlannedChange> = known.cloned().collect();
        let looked = found.len();
        let findings = chosen::of(found, &known, MOST);
        let more = more || findings.len() < looked;
        let beyond = match &wish.charter {
            None if more => {
                let all = app.store.count_findings(org, &counting(team, systems)).await?.number;
                Some(all - i64::try_from(findings.len()).unwrap_or(i64::MAX))
            }
            _ => None,
        };
        // What the charter calls *now* is what it gives to a cadence of that name.
        let at_once = |level: Level| {
            charter.cadences.iter().any(|c| &*c.every == "now" && c.levels.contains(&level))
        };
        let exploited = exploited(app, &findings)?;
        let asked = findings
            .iter()
            .map(|f| plan::Finding {
                exploited: exploited.contains(&*f.vulnerability.1),
                ..asked(f, &at_once)
            })
            .collect();
        let tries = Tries::of(app.store.confirmed(org, team.id).await?, &findings);
        // Of what others carried out the numbers say nothing to who may not see it.
        let applied = app.store.finished(org, team.id, seen.as_deref(), LEARNT).await?;
        let mut finished = updating::finished(&applied, &charter.calendar);
        finished.extend(tracking::setting::finished(&tickets, &applied));
        let pointed: HashMap<&PlannedChange, f64> =
            tickets.iter().filter_map(|row| Some((&row.change, row.points?))).collect();
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
        tries.block(&findings, &mut part.asked);
        let supplied = self.supplied(&findings, &mut part.asked).await?;
        let placed: HashMap<&PlannedChange, &Placement> =
            placements.iter().map(|p| (&p.change, p)).collect();
        let held = super::held::of(app, org, team.id).await?;
        let mut scheduled: HashMap<PlannedChange, Scheduled> =
            scheduled.into_iter().map(|s| (s.change.clone(), s)).collect();
        let index = app.index();
        let says = |purl: &str| {
            let found = index.as_ref()?.findings(purl)?;
            Some(found.iter().flat_map(ids).collect::<HashSet<Box<str>>>())
        };
        for (of, removes) in by_change(&findings) {
            if supplied.contains_key(&of.asset) {
                continue;
            }
            let Some(first) = removes.first().and_then(|f| findings.get(*f)) else { continue };
            let priced = tries.priced(&of, removes, &findings, charter, &finished);
            let Some(mut priced) = priced else { continue };
            // A package manager that was asked has said all that an action of its removes.
            if priced.action.is_none() {
                let also = also::removed(&findings, &of, &priced.to, &says);
                let goes = |f: &usize| findings.get(*f).is_none_or(|f| !tries.stays(f));
                let also = also.into_iter().filter(goes);
                priced.removes.extend(also);
            }
            // Who does it says what it costs.
            if let Some(points) = pointed.get(&of) {
                (priced.least, priced.most) = (*points, *points);
            }
            // One action stands for every package that it moves.
            let choice =
                priced.action.map(|number| format!("{}: confirmed {number}", first.asset.1));
            let change = Change {
                kept: scheduled.remove(&of),
                placed: placed.get(&of).map(|p| (*p).clone()),
                of,
                asset: first.asset.1.clone(),
                purl: first.component.1.clone(),
                to: priced.to,
                sure: priced.sure,
                source: priced.source,
            };
            let candidate = plan::Candidate {
                id: format!("{} to {} in {}", change.purl, change.to, change.asset).into(),
                team: 0,
                place: change.asset.as_str().into(),
                least: priced.least,
                most: priced.most,
                confidence: priced.confidence,
                removes: priced.removes,
                needs: Vec::new(),
                choice: choice.map(Into::into),
                quarantine: priced.quarantine,
            };
            if let Some(is) = held.get(&change.of) {
                // That no action is known would be said of what people decided to do later.
                for at in &candidate.removes {
                    if let Some(asked) = part.asked.get_mut(*at) {
                        asked.blocker = Some(is.blocker().into());
                    }
                }
            }
            part.add(change, candidate);
        }
        part.make_way(now);
        part.next = tries.next(&findings, &part.asked);
        part.findings = findings;
        Ok(Ok(part))
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

impl Part {
    /// A change that may be planned, where people left it to the plan, and where they put it.
    fn add(&mut self, change: Change, candidate: plan::Candidate) {
        let at = self.changes.len();
        match change.placed.as_ref().map(|p| (p.state, p.starts)) {
            Some((PlacementState::Held, _)) => {
                self.held.push(change);
                return;
            }
            Some((PlacementState::Accepted, starts)) => match slot(&self.rhythm, starts) {
                Some(slot) => self.accepted.push(plan::Placement { candidate: at, slot }),
                None => self.missed.extend(change.placed.clone()),
            },
            None => {}
        }
        // What people put somewhere and then left to the plan again is the plan's to place.
        if let Some(is) = change.by_plan()
            && let Some(slot) = slot(&self.rhythm, is.window.as_ref().map(|w| w.starts))
        {
            self.before.push(plan::Placement { candidate: at, slot });
        }
        self.candidates.push(candidate);
        self.changes.push(change);
    }

    /// What was not done in its window and is past its deadline has no window to stay in: nothing stays before it but what has
    /// begun.
    fn make_way(&mut self, now: Timestamp) {
        let is_missed = |(change, candidate): (&Change, &plan::Candidate)| {
            let window = change.by_plan().and_then(|is| is.window.as_ref());
            let due = |f: &usize| self.asked.get(*f).and_then(|f| f.deadline);
            let is_late = |f: &usize| due(f).is_some_and(|due| due <= now);
            window.is_some_and(|w| w.ends <= now) && candidate.removes.iter().any(is_late)
        };
        if !self.changes.iter().zip(&self.candidates).any(is_missed) {
            return;
        }
        let windows = &self.rhythm.windows;
        let has_begun = |of: &plan::Placement| match of.slot {
            plan::Slot::Now => true,
            plan::Slot::Window(at) => windows.get(at).is_some_and(|w| w.start <= now),
        };
        let all = self.before.len();
        self.before.retain(has_begun);
        self.makes_way = self.before.len() < all;
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

#[cfg(test)]
mod tests {
    use trimtab_engine::plan::learn::Source;
    use trimtab_store::ScheduledIn;

    use super::super::Sure;
    use super::*;

    /// Two changes: one whose window has ended, with a deadline, and one that is scheduled in the last of two windows.
    fn part(due: &str) -> Part {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = |name: &str, start: &str, end: &str| plan::Window {
            name: name.into(),
            start: at(start),
            end: at(end),
            points: 10.0,
            least: Level::Low,
        };
        let mut part = Part {
            rhythm: plan::Team {
                id: "web".into(),
                windows: vec![
                    window("second", "2026-12-14T00:00:00Z", "2026-12-18T17:00:00Z"),
                    window("third", "2026-12-21T00:00:00Z", "2026-12-25T17:00:00Z"),
                ],
                open_limit: None,
                open: 0,
            },
            whole: 10.0,
            findings: Vec::new(),
            more: false,
            beyond: None,
            asked: Vec::new(),
            candidates: Vec::new(),
            changes: Vec::new(),
            held: Vec::new(),
            missed: Vec::new(),
            accepted: Vec::new(),
            before: Vec::new(),
            makes_way: false,
            learnt: Learnt { updates: 0, taught: Vec::new() },
        };
        for (number, package, starts, ends) in [
            (0, "pkg:npm/late", "2026-12-07T00:00:00Z", "2026-12-11T17:00:00Z"),
            (1, "pkg:npm/kept", "2026-12-21T00:00:00Z", "2026-12-25T17:00:00Z"),
        ] {
            part.asked.push(plan::Finding {
                id: package.into(),
                team: 0,
                level: Level::High,
                weight: 10.0,
                deadline: Some(at(due)),
                now: false,
                exploited: false,
                blocker: None,
            });
            let of = PlannedChange { asset: 1, package: package.to_owned() };
            let kept = Scheduled {
                change: of.clone(),
                version: "2.0.0".to_owned(),
                window: Some(ScheduledIn {
                    name: "window".to_owned(),
                    starts: at(starts),
                    ends: at(ends),
                }),
                ready: None,
                points: 1.0,
                load: 10.0,
                findings: Vec::new(),
                why: String::new(),
                by_people: false,
                since: at(starts),
            };
            let change = Change {
                of,
                asset: "shop".to_owned(),
                purl: format!("{package}@1.0.0"),
                to: "2.0.0".to_owned(),
                placed: None,
                kept: Some(kept),
                sure: Sure::Guess,
                source: Source::Prior,
            };
            let candidate = plan::Candidate {
                id: package.into(),
                team: 0,
                place: "shop".into(),
                least: 1.0,
                most: 1.0,
                confidence: 0.9,
                removes: vec![number],
                needs: Vec::new(),
                choice: None,
                quarantine: None,
            };
            part.add(change, candidate);
        }
        part
    }

    #[test]
    fn nothing_stays_before_what_is_past_its_deadline() {
        let now = "2026-12-16T09:00:00Z".parse().unwrap();
        let mut late = part("2026-12-15T17:00:00Z");
        assert_eq!(late.before.len(), 1, "what has no window any longer does not stay");
        late.make_way(now);
        assert!(late.makes_way && late.before.is_empty());
        // Nothing makes way for what has time left.
        let mut in_time = part("2026-12-30T17:00:00Z");
        in_time.make_way(now);
        assert!(!in_time.makes_way && in_time.before.len() == 1);
        // What has begun stays.
        let mut begun = part("2026-12-15T17:00:00Z");
        begun.make_way("2026-12-22T09:00:00Z".parse().unwrap());
        assert!(!begun.makes_way && begun.before.len() == 1);
    }
}
