//! Made portfolios: teams with lockfiles, packages with findings, and the actions that remove them.
//! Everything follows from a seed.

use jiff::{Timestamp, ToSpan};
use trimtab_charter::preset;
use trimtab_engine::plan::simulate::Timeline;
use trimtab_model::Level;
use trimtab_model::charter::CostModel;
use trimtab_model::plan::{Candidate, Finding, Problem, Team, Window};

/// What a portfolio is like.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) teams: usize,
    pub(crate) findings: usize,
    pub(crate) candidates: usize,
    pub(crate) windows: usize,
    /// Days from one window to the next.
    pub(crate) every: i64,
    /// Findings of a package, at the most.
    pub(crate) together: u64,
    /// Of a hundred packages, how many a parent or base image brings in with others.
    pub(crate) shared: u64,
    /// Points of all windows, as a share of what the cheapest action for every package costs.
    pub(crate) capacity: f64,
    /// Of a hundred findings, how many are there at the beginning.
    pub(crate) backlog: u64,
    /// Of a hundred packages, how many have no action.
    pub(crate) unfixed: u64,
    /// Of a hundred findings, how many have a deadline.
    pub(crate) deadlines: u64,
}

/// Numbers out of a seed.
pub(crate) struct Made(u64);

impl Made {
    pub(crate) fn new(seed: u64) -> Made {
        let mut made = Made(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = made.below(2));
        made
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end.max(1)
    }
}

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-01-05T08:00:00Z".parse().expect("a time");
    start.checked_add(minutes.minutes()).expect("within the calendar")
}

const DAY: i64 = 24 * 60;

/// A portfolio over the time of its windows.
pub(crate) fn portfolio(shape: &Shape, seed: u64) -> Timeline {
    let mut made = Made::new(seed);
    let charter = preset::default();
    let length = shape.windows as i64 * shape.every;
    let mut line = Timeline {
        problem: Problem {
            now: at(0),
            at_once: at(DAY),
            horizon: at((length + shape.every) * DAY),
            late: 1.0,
            zone: jiff::tz::TimeZone::UTC,
            teams: Vec::new(),
            findings: Vec::new(),
            candidates: Vec::new(),
            accepted: Vec::new(),
            freezes: Vec::new(),
        },
        appears: Vec::new(),
        available: Vec::new(),
        severity: Vec::new(),
        was: Vec::new(),
        ends: Vec::new(),
        until: at((length + shape.every) * DAY),
    };
    // Packages of each team, with the cheapest points for each.
    let mut packages: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut work = vec![0.0; shape.teams];
    while line.problem.findings.len() < shape.findings {
        let team = packages.len() % shape.teams;
        let count = 1 + made.below(shape.together).min(made.below(shape.together));
        let left = shape.findings - line.problem.findings.len();
        let own = (0..left.min(count as usize))
            .map(|_| finding(&mut made, shape, team, length, &mut line));
        packages.push((team, own.collect()));
    }
    let mut of_team: Vec<Vec<usize>> = vec![Vec::new(); shape.teams];
    for (package, (team, own)) in packages.iter().enumerate() {
        if made.below(100) < shape.unfixed {
            continue;
        }
        let place = format!("repository {team}/{}", made.below(5));
        let cost = actions(&mut made, &charter.cost, (package, *team, &place, own), &mut line);
        work[*team] += cost;
        of_team[*team].push(package);
    }
    // What remains are parents and base images, which remove what several packages have.
    while line.problem.candidates.len() < shape.candidates {
        let team = line.problem.candidates.len() % shape.teams;
        let mut removes = Vec::new();
        for package in &of_team[team] {
            if made.below(100) < shape.shared && made.below(of_team[team].len() as u64) < 4 {
                removes.extend(&packages[*package].1);
            }
        }
        let (least, most) =
            if made.below(3) == 0 { charter.cost.major } else { charter.cost.minor };
        let place = format!("repository {team}/{}", made.below(5));
        push(&mut line, ("parent", team, &place), (least, most), 0.8, removes, None);
    }
    for (team, work) in work.iter().enumerate() {
        let points = (work * shape.capacity / shape.windows as f64 * 2.0).ceil() / 2.0;
        let windows = (0..shape.windows as i64).map(|w| Window {
            name: format!("window {w:02}").into(),
            start: at(w * shape.every * DAY),
            end: at(((w + 1) * shape.every - 2) * DAY + 9 * 60),
            points,
            least: Level::Low,
        });
        line.problem.teams.push(Team {
            id: format!("team {team:02}").into(),
            windows: windows.collect(),
            open_limit: Some(4),
            open: 0,
        });
    }
    line
}

fn finding(made: &mut Made, shape: &Shape, team: usize, length: i64, line: &mut Timeline) -> usize {
    let (level, weight, days) = match made.below(100) {
        0..=2 => (Level::Critical, 40.0, 3),
        3..=17 => (Level::High, 10.0, 14),
        18..=57 => (Level::Medium, 3.0, 60),
        _ => (Level::Low, 1.0, 180),
    };
    let index = line.problem.findings.len();
    let appears = match made.below(100) < shape.backlog {
        true => -(made.below(90) as i64),
        false => made.below(length as u64) as i64,
    };
    line.problem.findings.push(Finding {
        id: format!("finding {index:05}").into(),
        team,
        level,
        weight,
        deadline: (made.below(100) < shape.deadlines).then(|| at((appears + days) * DAY)),
        now: level == Level::Critical,
        exploited: level == Level::Critical && made.below(2) == 0,
        blocker: None,
    });
    line.appears.push(at(appears * DAY));
    // A score knows nothing of the context: about half of what tells them apart is the level, half is not.
    line.severity.push(level as usize as f64 * 2.4 + made.below(64) as f64 / 10.0);
    line.was.push(None);
    line.ends.push(None);
    index
}

/// The actions for one package; gives the points of the cheapest.
fn actions(
    made: &mut Made,
    model: &CostModel,
    (package, team, place, own): (usize, usize, &str, &[usize]),
    line: &mut Timeline,
) -> f64 {
    let transitive = made.below(2) == 0;
    let more = if transitive { model.transitive } else { (0.0, 0.0) };
    let sum = |a: (f64, f64)| (a.0 + more.0, a.1 + more.1);
    let choice = format!("package {package:05}");
    let (first, confidence) = match made.below(10) {
        0..=4 => (model.patch, 0.95),
        5..=7 => (model.minor, 0.9),
        _ => (model.major, 0.7),
    };
    let (least, most) = sum(first);
    // The nearest version removes some of them, a later one all.
    let some = 1 + made.below(own.len() as u64) as usize;
    push(
        line,
        ("near", team, place),
        (least, most),
        confidence,
        own[..some].to_vec(),
        Some(&choice),
    );
    if some < own.len() {
        let (least, most) = sum(if made.below(2) == 0 { model.minor } else { model.major });
        push(line, ("later", team, place), (least, most), 0.85, own.to_vec(), Some(&choice));
    } else if transitive && made.below(2) == 0 {
        push(line, ("override", team, place), sum(model.patch), 0.8, own.to_vec(), Some(&choice));
    }
    (least + most) / 2.0 / confidence
}

fn push(
    line: &mut Timeline,
    (kind, team, place): (&str, usize, &str),
    (least, most): (f64, f64),
    confidence: f64,
    removes: Vec<usize>,
    choice: Option<&str>,
) {
    let index = line.problem.candidates.len();
    // Possible as soon as one of its findings is there.
    let available = removes.iter().map(|f| line.appears[*f]).min().unwrap_or(at(0));
    line.available.push(available);
    line.problem.candidates.push(Candidate {
        id: format!("{kind} {index:05}").into(),
        team,
        place: place.into(),
        least,
        most,
        confidence,
        removes,
        needs: Vec::new(),
        choice: choice.map(Into::into),
        quarantine: (index.is_multiple_of(11))
            .then(|| available.checked_add((7 * 24).hours()).unwrap_or(available)),
    });
}
