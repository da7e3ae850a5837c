//! The changes that may be planned: what each removes, costs and raises to. A package manager's own answer stands in
//! place of a guess, where it is about what the asset has now.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use trimtab_engine::assess::distance;
use trimtab_engine::plan::learn::{Estimate, Finished, Kind, Sort, Source, estimate, learnt};
use trimtab_model::charter::{Charter, CostModel};
use trimtab_model::plan;
use trimtab_model::{Ecosystem, Purl};
use trimtab_store::{Confirmed, Finding, FindingState, PlannedChange};

use super::Sure;
use crate::confirming::{Action, Stays, Tried};

/// The findings of each package of each asset that have a fix. What is gone from the main line, and still runs, needs a
/// deployment and no change.
pub(super) fn by_change(findings: &[Finding]) -> BTreeMap<PlannedChange, Vec<usize>> {
    let mut of: BTreeMap<PlannedChange, Vec<usize>> = BTreeMap::new();
    let can = |f: &Finding| f.fix.is_some() && f.state != FindingState::Merged;
    for (at, is) in findings.iter().enumerate().filter(|(_, f)| can(f)) {
        let change = PlannedChange { asset: is.asset.0, package: is.package.clone() };
        of.entry(change).or_default().push(at);
    }
    of
}

/// The lowest version at which none of some findings is left: the highest of their fixes.
fn highest(findings: &[Finding], of: &[usize]) -> Option<String> {
    let first = findings.get(*of.first()?)?;
    let ecosystem = Ecosystem::of(&first.component.1.parse::<Purl>().ok()?)?;
    let mut fixes = of.iter().filter_map(|f| findings.get(*f)?.fix.as_deref());
    let mut highest = fixes.next()?;
    for fix in fixes {
        if ecosystem.family.compare(fix, highest).is_some_and(std::cmp::Ordering::is_gt) {
            highest = fix;
        }
    }
    Some(highest.to_owned())
}

/// What package managers were asked, by asset.
pub(super) struct Tries {
    of: HashMap<i64, Try>,
    /// The findings of each asset that was asked about.
    findings: HashMap<i64, Vec<usize>>,
}

/// Something about vulnerabilities of packages: by package without version, then by id.
type ByName<T> = HashMap<String, HashMap<String, T>>;

struct Try {
    actions: Vec<Action>,
    /// Positions of the actions that remove it.
    removing: ByName<Vec<usize>>,
    stays: Vec<Stays>,
    /// Positions of what stays.
    staying: ByName<usize>,
    made: Timestamp,
    /// Whether it is about the newest snapshot.
    is_new: bool,
}

impl Try {
    fn of(tried: Tried, made: Timestamp, is_new: bool) -> Try {
        let mut removing: ByName<Vec<usize>> = HashMap::new();
        for (at, action) in tried.actions.iter().enumerate() {
            for (ids, package) in &action.removes {
                let of = removing.entry(package.clone()).or_default();
                for id in ids {
                    let all = of.entry(id.clone()).or_default();
                    // The last one that was added, if it was: several of its removals may share an id.
                    if all.last() != Some(&at) {
                        all.push(at);
                    }
                }
            }
        }
        let mut staying: ByName<usize> = HashMap::new();
        for (at, stays) in tried.stays.iter().enumerate() {
            let of = staying.entry(stays.package.clone()).or_default();
            for id in &stays.ids {
                of.entry(id.clone()).or_insert(at);
            }
        }
        Try { actions: tried.actions, removing, stays: tried.stays, staying, made, is_new }
    }

    fn removing(&self, is: &Finding) -> &[usize] {
        self.removing
            .get(&is.package)
            .and_then(|of| of.get(&is.vulnerability.1))
            .map_or(&[], |all| all)
    }

    fn staying(&self, is: &Finding) -> Option<&Stays> {
        self.stays.get(*self.staying.get(&is.package)?.get(&is.vulnerability.1)?)
    }

    /// The confirmed action that removes most of some findings; the cheaper one of two.
    fn best(&self, of: &[usize], findings: &[Finding]) -> Option<usize> {
        let mut removed: BTreeMap<usize, usize> = BTreeMap::new();
        for is in of.iter().filter_map(|f| findings.get(*f)) {
            for action in self.removing(is) {
                *removed.entry(*action).or_default() += 1;
            }
        }
        let best = removed.into_iter().max_by(|(a, of_a), (b, of_b)| {
            let (one, other) = (&self.actions[*a], &self.actions[*b]);
            of_a.cmp(of_b).then(other.most.total_cmp(&one.most)).then(other.moves.cmp(&one.moves))
        });
        best.map(|(action, _)| action)
    }
}

/// A change with what it removes and costs.
pub(super) struct Priced {
    pub(super) to: String,
    /// Which of the asset's confirmed actions it is: one stands for every package that it moves.
    pub(super) action: Option<usize>,
    pub(super) removes: Vec<usize>,
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) confidence: f64,
    pub(super) quarantine: Option<Timestamp>,
    pub(super) sure: Sure,
    pub(super) source: Source,
}

impl Tries {
    /// What this build cannot read any longer is as if it had not been asked.
    pub(super) fn of(all: Vec<(Confirmed, Option<i64>)>, findings: &[Finding]) -> Tries {
        let read = |(is, latest): (Confirmed, Option<i64>)| {
            let tried = serde_json::from_value(is.told).ok()?;
            Some((is.asset, Try::of(tried, is.made, latest == Some(is.snapshot))))
        };
        let of: HashMap<i64, Try> = all.into_iter().filter_map(read).collect();
        let mut positions: HashMap<i64, Vec<usize>> = HashMap::new();
        for (at, is) in findings.iter().enumerate().filter(|(_, f)| of.contains_key(&f.asset.0)) {
            positions.entry(is.asset.0).or_default().push(at);
        }
        Tries { of, findings: positions }
    }

    /// Names what stands in the way of findings that a package manager found no action for.
    pub(super) fn block(&self, findings: &[Finding], asked: &mut [plan::Finding]) {
        for (is, asked) in findings.iter().zip(asked) {
            let of = self.of.get(&is.asset.0).filter(|of| of.is_new);
            let stays = of.and_then(|of| of.staying(is));
            if let Some(stays) = stays {
                asked.blocker = stays.blocker.as_deref().map(Into::into);
            }
        }
    }

    /// What the pushed plan says to do next about such findings, by position, where nothing else stands in their way since.
    pub(super) fn next(
        &self,
        findings: &[Finding],
        asked: &[plan::Finding],
    ) -> HashMap<usize, String> {
        let of = |(at, (is, asked)): (usize, (&Finding, &plan::Finding))| {
            let stays = self.of.get(&is.asset.0).filter(|of| of.is_new)?.staying(is)?;
            let is_why = asked.blocker.as_deref() == stays.blocker.as_deref();
            Some((at, stays.next.clone().filter(|_| is_why)?))
        };
        findings.iter().zip(asked).enumerate().filter_map(of).collect()
    }

    /// Whether a package manager that was asked about what the asset has now found no action for it.
    pub(super) fn stays(&self, is: &Finding) -> bool {
        let of = self.of.get(&is.asset.0).filter(|of| of.is_new);
        of.is_some_and(|of| of.staying(is).is_some())
    }

    /// A change as it may be planned. `None`: no version is known, or a package manager found no way.
    pub(super) fn priced(
        &self,
        of: &PlannedChange,
        mut removes: Vec<usize>,
        findings: &[Finding],
        charter: &Charter,
        finished: &[Finished],
    ) -> Option<Priced> {
        let asked = self.of.get(&of.asset);
        let mut sure = Sure::Guess;
        if let Some(asked) = asked {
            let stays = |f: &usize| findings.get(*f).is_some_and(|is| asked.staying(is).is_some());
            if let Some(number) = asked.best(&removes, findings) {
                let removed = |f: &usize| {
                    findings.get(*f).is_some_and(|is| asked.removing(is).contains(&number))
                };
                // What was told of since has no action yet: then it is a guess once more.
                if asked.is_new && removes.iter().all(|f| removed(f) || stays(f)) {
                    // What it removes of the whole asset, of other packages too.
                    let all = self.findings.get(&of.asset).into_iter().flatten().copied();
                    let gone = all.filter(removed).collect();
                    let action = &asked.actions[number];
                    let confirmed =
                        confirmed(of, action, asked.made, gone, &charter.cost, finished);
                    return Some(Priced { action: Some(number), ..confirmed });
                }
                sure = Sure::Old(asked.made);
            }
            if asked.is_new {
                removes.retain(|f| !stays(f));
            }
            if removes.is_empty() {
                return None;
            }
        }
        let to = highest(findings, &removes)?;
        let purl = findings.get(*removes.first()?)?.component.1.parse::<Purl>().ok();
        let from = purl.as_ref().and_then(Purl::version);
        let distance = from.and_then(|from| distance(from, &to));
        let sort = Sort { kind: Kind::Upgrade, distance, transitive: false };
        let learnt = estimate(sort, &charter.cost, finished);
        // The weighing knows how many files list it and how it came in; what the team did knows better.
        let known = |f: &usize| findings.get(*f)?.weighed.as_ref()?.cost;
        let cost = removes.iter().filter_map(known).fold(None, |held: Option<(f64, f64)>, cost| {
            Some(held.map_or(cost, |held| (held.0.max(cost.0), held.1.max(cost.1))))
        });
        let (least, most) = match (learnt.source, cost) {
            (Source::Prior, Some(cost)) => cost,
            _ => (learnt.least, learnt.most),
        };
        Some(Priced {
            to,
            action: None,
            removes,
            least,
            most: most.max(least),
            confidence: learnt.confidence,
            quarantine: None,
            sure,
            source: learnt.source,
        })
    }
}

/// An action as it was confirmed at a moment, with the findings that it removes: by the points that were pushed, with what
/// the team learnt of such changes since.
fn confirmed(
    of: &PlannedChange,
    action: &Action,
    made: Timestamp,
    removes: Vec<usize>,
    model: &CostModel,
    finished: &[Finished],
) -> Priced {
    let own = action.moves.iter().find(|(package, _)| *package == of.package);
    let to = match own.or(action.moves.first()) {
        Some((package, Some(to))) if *package == of.package => to.clone(),
        // Something that brings it in moves.
        Some((package, Some(to))) => format!("what {package} {to} brings"),
        Some((_, None)) | None => "nothing: it goes".to_owned(),
    };
    let pushed = Estimate {
        least: action.least,
        most: action.most,
        confidence: action.confidence,
        source: Source::Prior,
    };
    let told = action.estimate.as_ref().and_then(|is| is.read(model));
    let is = told.map_or(pushed, |(sort, told)| {
        let pushed = Estimate { source: told.source, ..pushed };
        learnt(pushed, &told, &estimate(sort, model, finished))
    });
    Priced {
        to,
        action: None,
        removes,
        least: is.least,
        most: is.most,
        confidence: is.confidence,
        quarantine: action.quarantine.and_then(|at| Timestamp::from_second(at).ok()),
        sure: Sure::Confirmed(made),
        source: is.source,
    }
}
