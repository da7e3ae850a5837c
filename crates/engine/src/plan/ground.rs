//! What is fixed before anything is chosen: what candidates cost, which slots are open to them, and
//! what each day of each finding counts. All values are whole numbers (thousandths of a load-day,
//! hundredths of a point, seconds), so that the order of summing does not matter.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_model::Level;
use trimtab_model::plan::{Problem, Slot};

use super::now::at_once;
use super::parts::parts;

/// No confidence below this is believed: a change that nearly always breaks costs ten times its points.
const LEAST_CONFIDENCE: f64 = 0.1;
/// Thousandths of a load-day.
pub(super) const UNIT: f64 = 1000.0;
/// Hundredths of a point.
pub(super) const POINT: f64 = 100.0;
const DAY: f64 = 86_400.0;

/// A problem with what follows from it.
pub(super) struct Ground<'p> {
    pub(super) problem: &'p Problem,
    /// What is known of each candidate.
    pub(super) candidates: Vec<Known>,
    /// Per team: *now*, then its windows, the earlier end first.
    pub(super) slots: Vec<Vec<Span>>,
    /// Candidates of each team, each after what it needs; ties by name.
    pub(super) of_team: Vec<Vec<usize>>,
    /// Per candidate: how long the chain of what it needs is, and its place among all names.
    pub(super) rank: Vec<(usize, usize)>,
    /// Findings in the order of their names.
    pub(super) findings: Vec<usize>,
    /// Teams in the order of their names.
    pub(super) teams: Vec<usize>,
    /// Where candidates are that are not to be planned: accepted by people, or done at once.
    pub(super) accepted: Vec<Option<Slot>>,
    /// Those, each after what it needs.
    pub(super) stays: Vec<usize>,
    /// Per candidate: whether people accepted it.
    pub(super) by_people: Vec<bool>,
}

/// What is known of a candidate. What another one needs may do what that one may.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The planned points, in hundredths.
    pub(super) cost: i64,
    /// The least that it may take, in hundredths of points.
    pub(super) least: i64,
    /// The levels of what it removes.
    pub(super) levels: Vec<Level>,
    /// Whether it removes something that is *now*.
    pub(super) now: bool,
    /// Whether it removes something that is known to be exploited.
    pub(super) exploited: bool,
}

/// A slot of a team in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) slot: Slot,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Span {
    /// From when a version that leaves quarantine at a moment can be worked on in the slot: from its beginning, or,
    /// in a window, from that moment, if it comes before the end. `None`: not in it. What is done at once does not wait.
    pub(super) fn from(&self, until: Timestamp) -> Option<Timestamp> {
        if until <= self.start {
            return Some(self.start);
        }
        (self.slot != Slot::Now && until < self.end).then_some(until)
    }
}

/// Why a slot is closed to a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barrier {
    /// Nothing that it removes is *now*.
    NotNow,
    /// The window has ended.
    Past,
    /// The window takes graver levels alone.
    Level,
    /// The version is too young until then.
    Quarantine(Timestamp),
    /// The freeze in which the slot ends.
    Frozen(usize),
}

/// What an action takes of a window: its planned points. If these are more than the window has, and
/// its minimum is not, it takes the whole window, which it has to itself. All in hundredths of
/// points.
pub(super) fn takes(cost: i64, least: i64, window: i64) -> i64 {
    if window > 0 && cost > window && least <= window { window } else { cost }
}

/// The points used for planning: the middle of the range, times the number of attempts until it
/// holds.
pub fn reckoned(least: f64, most: f64, confidence: f64) -> f64 {
    (least + most.max(least)) / 2.0 / confidence.max(LEAST_CONFIDENCE)
}

impl<'p> Ground<'p> {
    /// Reckons a checked problem; `order` has each candidate after what it needs.
    pub(super) fn new(problem: &'p Problem, order: &[usize]) -> Ground<'p> {
        let mut candidates: Vec<Known> = Vec::with_capacity(problem.candidates.len());
        for candidate in &problem.candidates {
            let findings = || candidate.removes.iter().map(|f| &problem.findings[*f]);
            let points = reckoned(candidate.least, candidate.most, candidate.confidence);
            candidates.push(Known {
                cost: (points * POINT).round() as i64,
                least: (candidate.least * POINT).round() as i64,
                levels: findings().map(|f| f.level).collect(),
                now: findings().any(|f| f.now),
                exploited: findings().any(|f| f.exploited),
            });
        }
        for candidate in order.iter().rev() {
            let by = candidates[*candidate].clone();
            for need in &problem.candidates[*candidate].needs {
                let known = &mut candidates[*need];
                known.levels.extend(&by.levels);
                known.levels.sort_unstable();
                known.levels.dedup();
                known.now |= by.now;
                known.exploited |= by.exploited;
            }
        }
        let rank = ranks(problem, order);
        let mut accepted = vec![None; problem.candidates.len()];
        for placement in &problem.accepted {
            accepted[placement.candidate] = Some(placement.slot);
        }
        let slots = problem.teams.iter().map(|team| {
            let mut windows: Vec<usize> = (0..team.windows.len()).collect();
            windows.sort_by_key(|w| {
                let window = &team.windows[*w];
                (window.end, window.start, &window.name)
            });
            let now = Span { slot: Slot::Now, start: problem.now, end: problem.at_once };
            let spans = windows.into_iter().map(|w| {
                let (start, end) = (team.windows[w].start, team.windows[w].end);
                Span { slot: Slot::Window(w), start: start.max(problem.now), end }
            });
            std::iter::once(now).chain(spans).collect()
        });
        let slots = slots.collect();
        let mut sorted: Vec<usize> = order.to_vec();
        sorted.sort_unstable_by_key(|c| rank[*c]);
        let mut of_team = vec![Vec::new(); problem.teams.len()];
        for candidate in &sorted {
            of_team[problem.candidates[*candidate].team].push(*candidate);
        }
        let stays = sorted.into_iter().filter(|c| accepted[*c].is_some()).collect();
        let mut findings: Vec<usize> = (0..problem.findings.len()).collect();
        findings.sort_unstable_by_key(|f| &problem.findings[*f].id);
        let mut teams: Vec<usize> = (0..problem.teams.len()).collect();
        teams.sort_unstable_by_key(|t| &problem.teams[*t].id);
        let by_people = accepted.iter().map(Option::is_some).collect();
        let mut ground = Ground {
            problem,
            candidates,
            slots,
            of_team,
            rank,
            findings,
            teams,
            accepted,
            stays,
            by_people,
        };
        let parts = parts(problem);
        let now: Vec<usize> = parts.iter().flat_map(|teams| at_once(&ground, teams)).collect();
        for candidate in &now {
            ground.accepted[*candidate] = Some(Slot::Now);
        }
        ground.stays.extend(now);
        ground.stays.sort_unstable_by_key(|c| ground.rank[*c]);
        ground
    }

    /// Choices that something stays of.
    pub(super) fn taken(&self) -> BTreeSet<&'p str> {
        self.stays.iter().filter_map(|c| self.problem.candidates[*c].choice.as_deref()).collect()
    }

    /// The span of a slot of a team.
    pub(super) fn span(&self, team: usize, slot: Slot) -> Option<Span> {
        self.slots[team].iter().find(|s| s.slot == slot).copied()
    }

    /// Until when the version of a candidate is in quarantine, where that holds.
    pub(super) fn young(&self, candidate: usize) -> Option<Timestamp> {
        let exploited = self.candidates[candidate].exploited;
        self.problem.candidates[candidate].quarantine.filter(|_| !exploited)
    }

    /// Why a candidate may not go into a slot of its team; `None`: it may.
    pub(super) fn barrier(&self, candidate: usize, span: Span) -> Option<Barrier> {
        let (of, known) = (&self.problem.candidates[candidate], &self.candidates[candidate]);
        match span.slot {
            Slot::Now if !known.now => return Some(Barrier::NotNow),
            Slot::Now => {}
            Slot::Window(_) if span.end <= self.problem.now => return Some(Barrier::Past),
            Slot::Window(w) => {
                let least = self.problem.teams[of.team].windows[w].least;
                if known.levels.iter().max().is_none_or(|gravest| *gravest < least) {
                    return Some(Barrier::Level);
                }
            }
        }
        if let Some(until) = self.young(candidate).filter(|until| span.from(*until).is_none()) {
            return Some(Barrier::Quarantine(until));
        }
        let frozen = self.problem.freezes.iter().enumerate().filter(|(_, freeze)| {
            freeze.from <= span.end
                && span.end < freeze.to
                && !known.levels.iter().any(|level| freeze.except.contains(level))
        });
        // The one that ends last is told.
        frozen.max_by_key(|(_, f)| (f.to, f.from, &f.reason)).map(|(i, _)| Barrier::Frozen(i))
    }

    /// What a finding counts until it is gone: load-days, and what days after the deadline count more.
    pub(super) fn counts(&self, finding: usize, until: Timestamp) -> (i64, i64) {
        let of = &self.problem.findings[finding];
        let until = until.clamp(self.problem.now, self.problem.horizon);
        let days = |from: Timestamp| {
            (until.as_second() - from.max(self.problem.now).as_second()).max(0) as f64 / DAY
        };
        let late = of.deadline.map_or(0.0, days) * self.problem.late;
        let whole = |days: f64| (days * of.weight * UNIT).round() as i64;
        (whole(days(self.problem.now)), whole(late))
    }

    /// What some findings weigh together. Summed in whole thousandths, so that their order is nothing.
    pub(super) fn load(&self, findings: impl IntoIterator<Item = usize>) -> f64 {
        let weight = |f: usize| (self.problem.findings[f].weight * UNIT).round() as i64;
        findings.into_iter().map(weight).sum::<i64>() as f64 / UNIT
    }

    /// By how much the objective falls if a finding is gone at a moment and not never.
    pub(super) fn saves(&self, finding: usize, at: Timestamp) -> i64 {
        let sum = |(load, late)| load + late;
        let never = sum(self.counts(finding, self.problem.horizon));
        (never - sum(self.counts(finding, at))).max(0)
    }
}

/// Whether what is needed in one slot (team and span) is done in time for another: within a team it
/// ends no later, across teams it has ended when the other begins.
pub(super) fn in_time(need: (usize, Span), then: (usize, Span)) -> bool {
    let limit = if need.0 == then.0 { then.1.end } else { then.1.start };
    need.1.end <= limit
}

/// Per candidate: how long the chain of what it needs is, and its place among all names.
fn ranks(problem: &Problem, order: &[usize]) -> Vec<(usize, usize)> {
    let mut rank = vec![(0, 0); order.len()];
    for candidate in order {
        let needs = &problem.candidates[*candidate].needs;
        rank[*candidate].0 = needs.iter().map(|n| rank[*n].0 + 1).max().unwrap_or(0);
    }
    let mut by_name = order.to_vec();
    by_name.sort_unstable_by_key(|c| &problem.candidates[*c].id);
    for (place, candidate) in by_name.into_iter().enumerate() {
        rank[candidate].1 = place;
    }
    rank
}
