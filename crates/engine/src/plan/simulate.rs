//! What other ways of working would have achieved: a pure replay of a time in which findings appear
//! and actions become possible, with the same teams, the same points and the same cost of every
//! action.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::plan::{Problem, Slot};

use super::check::{Wrong, check};
use super::ground::{Ground, POINT, UNIT};
use super::{requests, severity, ways};
use crate::measure::{Spread, spread};

const DAY: f64 = 86_400.0;

/// A time to live through.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Teams, findings and candidates of the whole time, from its `now` to its `horizon`. Every
    /// window is in it. `accepted` is not used.
    pub problem: Problem,
    /// Per finding: when it appears.
    pub appears: Vec<Timestamp>,
    /// Per candidate: when it becomes possible.
    pub available: Vec<Timestamp>,
    /// Per finding: the score that a tool without context orders it by, greatest first.
    pub severity: Vec<f64>,
    /// Per finding: when it was gone in reality, if it was.
    pub was: Vec<Option<Timestamp>>,
    /// Per finding: when it is gone whatever is done, because the package is given up.
    pub ends: Vec<Option<Timestamp>>,
    /// Until when is measured: not after the horizon, up to which is planned.
    pub until: Timestamp,
}

/// A way of working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// This planner, again at the start of every window and when something is *now*.
    Planned,
    /// At the start of every window: the open findings by severity, each by its cheapest action.
    SeverityFirst,
    /// For every advisory a request as soon as there is an action, by its cheapest one; advisories with the
    /// same action share a request. What is *now* is done at once, the rest the oldest first, without waiting
    /// for windows.
    PerAdvisory,
    /// As by severity, with all work of a month released at its end.
    Monthly,
    /// As it really was; its work is not known.
    AsItWas,
}

impl Way {
    /// All of them.
    pub const ALL: &[Way] =
        &[Way::Planned, Way::SeverityFirst, Way::PerAdvisory, Way::Monthly, Way::AsItWas];

    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::Planned => "planned",
            Way::SeverityFirst => "severity first",
            Way::PerAdvisory => "one request per advisory",
            Way::Monthly => "monthly",
            Way::AsItWas => "as it was",
        }
    }
}

/// What a way of working came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Load-days over the whole time.
    pub load_days: f64,
    /// Days from appearing to being gone, for what is gone. `None`: nothing is.
    pub remediation: Option<Spread>,
    /// Findings that were gone by their deadline, and findings that were not, for deadlines within
    /// the time.
    pub kept: (usize, usize),
    /// Times at which a team was asked for work outside *now*; what came to nothing had asked all the same.
    pub interruptions: usize,
    /// The most such times of one team within any seven days.
    pub most_a_week: usize,
    /// Times at which a team was asked for work *now*.
    pub now: usize,
    /// Points of work that were used.
    pub points: f64,
}

/// A time that was lived through.
#[derive(Debug, Clone, PartialEq)]
pub struct Lived {
    /// What it came to.
    pub outcome: Outcome,
    /// The load: at the beginning, and after each moment at which it changes.
    pub course: Vec<(Timestamp, f64)>,
    /// Days from appearing to being gone, for what is gone, the fewest first.
    pub days: Vec<f64>,
    /// Findings that are open at the end.
    pub open: usize,
    /// Findings that never were open, as something had removed them before anybody knew of them.
    pub spared: usize,
    /// Per finding: when it is gone.
    pub gone: Vec<Option<Timestamp>>,
}

/// Work that was requested in a simulation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) candidate: usize,
    /// When the team was asked.
    pub(super) asked: Timestamp,
    /// When it was in production. `None`: something else had removed its findings first, or nobody came to it.
    pub(super) by: Option<Timestamp>,
    /// Whether it was asked for at once.
    pub(super) now: bool,
    /// Requests of one asking are one interruption; `PerAdvisory` asks for each.
    pub(super) request: usize,
}

/// A timeline with what is known of its candidates.
pub(super) struct Past<'t> {
    pub(super) line: &'t Timeline,
    pub(super) ground: Ground<'t>,
    /// Per finding: the candidates that remove it, the cheapest first.
    pub(super) by_cost: Vec<Vec<usize>>,
    /// Per candidate: whether it costs more than any window of its team has.
    pub(super) dear: Vec<bool>,
}

impl<'t> Past<'t> {
    fn new(line: &'t Timeline, ground: Ground<'t>) -> Past<'t> {
        let mut by_cost = vec![Vec::new(); line.problem.findings.len()];
        for (candidate, of) in line.problem.candidates.iter().enumerate() {
            for finding in &of.removes {
                by_cost[*finding].push(candidate);
            }
        }
        for list in &mut by_cost {
            list.sort_unstable_by_key(|c| (ground.candidates[*c].cost, ground.rank[*c]));
            list.dedup();
        }
        let most = |team: usize| {
            let windows = line.problem.teams[team].windows.iter();
            windows.map(|window| (window.points * POINT) as i64).max().unwrap_or(0)
        };
        let most: Vec<i64> = (0..line.problem.teams.len()).map(most).collect();
        let of = line.problem.candidates.iter().zip(&ground.candidates);
        let dear = of.map(|(of, known)| known.cost > most[of.team]).collect();
        Past { line, ground, by_cost, dear }
    }

    /// Whether what has a finding is still there at a moment.
    pub(super) fn lasts(&self, finding: usize, at: Timestamp) -> bool {
        self.line.ends[finding].is_none_or(|end| end > at)
    }

    /// From when a candidate can be worked on: when it is possible and its version is old enough.
    pub(super) fn possible(&self, candidate: usize) -> Timestamp {
        let available = self.line.available[candidate];
        self.ground.young(candidate).map_or(available, |until| available.max(until))
    }

    /// Whether a candidate can be worked on in a window: it is known when that begins, and its version is old enough
    /// before it ends.
    pub(super) fn fits(&self, candidate: usize, start: Timestamp, end: Timestamp) -> bool {
        let young = self.ground.young(candidate).is_some_and(|until| until > start && until >= end);
        self.line.available[candidate] <= start && !young
    }
}

/// Simulates a time in one way of working, and returns the result.
pub fn simulate(line: &Timeline, way: Way) -> Result<Outcome, Wrong> {
    live(line, way).map(|lived| lived.outcome)
}

/// Lives through a time in one way.
pub fn live(line: &Timeline, way: Way) -> Result<Lived, Wrong> {
    let mut bare = line.clone();
    bare.problem.accepted.clear();
    let order = check(&bare.problem)?;
    let lengths = [line.appears.len(), line.severity.len(), line.was.len(), line.ends.len()];
    if lengths.iter().any(|n| *n != line.problem.findings.len())
        || line.available.len() != line.problem.candidates.len()
    {
        return Err(Wrong::Missing("the timeline", "".into(), "time of a finding or candidate"));
    }
    if line.until <= line.problem.now || line.until > line.problem.horizon {
        return Err(Wrong::Order("the timeline", "".into()));
    }
    let past = Past::new(&bare, Ground::new(&bare.problem, &order));
    let done = match way {
        Way::Planned => ways::planned(&past)?,
        Way::SeverityFirst => severity::by_severity(&past, false),
        Way::Monthly => severity::by_severity(&past, true),
        Way::PerAdvisory => requests::per_advisory(&past),
        Way::AsItWas => Vec::new(),
    };
    let gone = match way {
        Way::AsItWas => line.was.clone(),
        _ => gone(&past, &done),
    };
    Ok(lived(&past, &done, &gone))
}

/// The same time in every way.
pub fn alternatives(line: &Timeline) -> Result<Vec<(Way, Outcome)>, Wrong> {
    Way::ALL.iter().map(|way| Ok((*way, simulate(line, *way)?))).collect()
}

/// When each finding is gone. What appears after an action was asked for needs another one.
fn gone(past: &Past, done: &[Done]) -> Vec<Option<Timestamp>> {
    let mut gone: Vec<Option<Timestamp>> = past.line.ends.clone();
    for (work, by) in done.iter().filter_map(|work| Some((work, work.by?))) {
        for finding in &past.line.problem.candidates[work.candidate].removes {
            // The new version has none of them, also of those that are told of later.
            let at = by.max(past.line.appears[*finding]);
            let first = gone[*finding].get_or_insert(at);
            *first = at.min(*first);
        }
    }
    gone
}

fn lived(past: &Past, done: &[Done], gone: &[Option<Timestamp>]) -> Lived {
    let (problem, end) = (&past.line.problem, past.line.until);
    let days =
        |from: Timestamp, to: Timestamp| (to.as_second() - from.as_second()).max(0) as f64 / DAY;
    let (mut load_days, mut took, mut kept, mut open) = (0.0, Vec::new(), (0, 0), 0);
    let mut spared = 0;
    let mut moves: BTreeMap<Timestamp, i64> = BTreeMap::from([(problem.now, 0)]);
    for finding in &past.ground.findings {
        let of = &problem.findings[*finding];
        let appears = past.line.appears[*finding].max(problem.now);
        let until = gone[*finding].filter(|at| *at < end);
        if appears >= end {
            continue;
        }
        load_days += of.weight * days(appears, until.unwrap_or(end));
        let weight = (of.weight * UNIT).round() as i64;
        *moves.entry(appears).or_default() += weight;
        match until {
            // It was removed before anybody knew of it.
            Some(at) if at <= past.line.appears[*finding] => {
                *moves.entry(appears).or_default() -= weight;
                spared += 1;
            }
            Some(at) => {
                *moves.entry(at.max(appears)).or_default() -= weight;
                took.push(days(past.line.appears[*finding], at));
            }
            None => open += 1,
        }
        if let Some(due) = of.deadline.filter(|due| (problem.now..end).contains(due)) {
            match until.is_some_and(|at| at <= due) {
                true => kept.0 += 1,
                false => kept.1 += 1,
            }
        }
    }
    let mut load = 0;
    let course = moves.into_iter().map(|(at, by)| {
        load += by;
        (at, load as f64 / UNIT)
    });
    let course = course.collect();
    took.sort_by(f64::total_cmp);
    let team = |work: &Done| problem.candidates[work.candidate].team;
    let within = || done.iter().filter(|work| work.asked < end);
    let asked: BTreeSet<(usize, Timestamp, usize)> =
        within().filter(|w| !w.now).map(|w| (team(w), w.asked, w.request)).collect();
    let now: BTreeSet<(usize, Timestamp)> =
        within().filter(|w| w.now).map(|w| (team(w), w.asked)).collect();
    let worked = within().filter(|w| w.by.is_some());
    let points: i64 = worked.map(|w| past.ground.candidates[w.candidate].cost).sum();
    let outcome = Outcome {
        load_days,
        remediation: spread(took.clone()),
        kept,
        interruptions: asked.len(),
        most_a_week: most_a_week(&asked),
        now: now.len(),
        points: points as f64 / POINT,
    };
    Lived { outcome, course, days: took, open, spared, gone: gone.to_vec() }
}

/// The most interruptions of one team within seven days.
fn most_a_week(asked: &BTreeSet<(usize, Timestamp, usize)>) -> usize {
    let all: Vec<_> = asked.iter().map(|(team, at, _)| (*team, at.as_second())).collect();
    let (mut first, mut most) = (0, 0);
    for (last, (team, at)) in all.iter().enumerate() {
        while all[first].0 != *team || at - all[first].1 >= 7 * DAY as i64 {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

/// The windows of a team with their places, in the order of their starts.
pub(super) fn by_start(past: &Past, team: usize) -> Vec<(usize, Timestamp, Timestamp)> {
    let spans = past.ground.slots[team].iter();
    let mut windows: Vec<_> = spans
        .filter_map(|s| match s.slot {
            Slot::Window(w) => Some((w, s.start, s.end)),
            Slot::Now => None,
        })
        .collect();
    windows.sort_by_key(|(w, start, end)| (*start, *end, *w));
    windows
}
