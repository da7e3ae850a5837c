//! Made problems: small ones with every rule in them, middling ones, and the same in another order.

use jiff::{Timestamp, ToSpan};
use trimtab_model::Level;
use trimtab_model::plan::{Candidate, Finding, Freeze, Placement, Problem, Slot, Team, Window};

/// Numbers from a seed (xorshift), the same on every machine.
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

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

pub(crate) fn day(day: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
    start.checked_add((day * 24).hours()).unwrap()
}

/// At most two teams, three windows, five candidates.
pub(crate) fn small(seed: u64) -> Problem {
    let mut made = Made::new(seed);
    let teams = 1 + made.below(2);
    let (candidates, findings) = (2 + made.below(4), 1 + made.below(7));
    problem(&mut made, (teams, 1, 3), findings, candidates)
}

/// Four teams, six windows, forty candidates.
pub(crate) fn middling(seed: u64) -> Problem {
    problem(&mut Made::new(seed), (4, 4, 6), 50, 40)
}

fn problem(
    made: &mut Made,
    (teams, least, most): (u64, u64, u64),
    findings: u64,
    candidates: u64,
) -> Problem {
    let levels = [Level::Critical, Level::High, Level::Medium, Level::Low];
    let team = |made: &mut Made, t: u64| {
        let length = made.of(&[7, 14]);
        let count = least + made.below(most - least + 1);
        let windows = (0..count as i64).map(|w| Window {
            name: format!("window {w}").into(),
            start: day(w * length),
            end: day((w + 1) * length - 2),
            points: made.below(12) as f64 / 2.0,
            least: if made.one_in(5) { Level::High } else { Level::Low },
        });
        Team {
            id: format!("team {t}").into(),
            windows: windows.collect(),
            open_limit: made.one_in(3).then_some(made.below(3) as u32),
            open: u32::from(made.one_in(4)),
        }
    };
    let teams: Vec<Team> = (0..teams).map(|t| team(made, t)).collect();
    let findings = (0..findings).map(|f| {
        let level = made.of(&levels);
        Finding {
            id: format!("f{f:02}").into(),
            team: made.below(teams.len() as u64) as usize,
            level,
            weight: [1.0, 3.0, 10.0, 40.0][level as usize],
            deadline: (!made.one_in(4)).then(|| day(made.below(60) as i64 - 5)),
            now: level == Level::Critical && !made.one_in(3),
            exploited: made.one_in(8),
            blocker: made.one_in(5).then(|| "a parent".into()),
        }
    });
    let findings: Vec<Finding> = findings.collect();
    let mut list: Vec<Candidate> = Vec::new();
    for c in 0..candidates {
        let team = made.below(teams.len() as u64) as usize;
        let own: Vec<usize> = (0..findings.len()).filter(|f| findings[*f].team == team).collect();
        let mut removes = Vec::new();
        for _ in 0..1 + made.below(3) {
            if !own.is_empty() && !made.one_in(6) {
                removes.push(made.of(&own));
            }
        }
        let mut needs = Vec::new();
        if c > 0 && made.one_in(4) {
            let need = made.below(c) as usize;
            // Now and then somebody else must do something first.
            if list[need].team == team || made.one_in(4) {
                needs.push(need);
            }
        }
        let cost = made.of(&[0.5, 0.75, 1.0, 1.5, 2.0, 3.0]);
        list.push(Candidate {
            id: format!("c{c:02}").into(),
            team,
            place: format!("place {}", made.below(3)).into(),
            least: cost,
            most: cost * made.of(&[1.0, 2.0]),
            confidence: made.of(&[0.5, 0.9, 1.0]),
            removes,
            needs,
            choice: made.one_in(3).then(|| format!("choice {team} {}", made.below(2)).into()),
            quarantine: made.one_in(5).then(|| day(made.below(25) as i64)),
        });
    }
    let mut accepted = Vec::new();
    if made.one_in(4) {
        let candidate = made.below(list.len() as u64) as usize;
        let windows = teams[list[candidate].team].windows.len() as u64;
        accepted.push(Placement { candidate, slot: Slot::Window(made.below(windows) as usize) });
    }
    let freezes = match made.one_in(3) {
        true => vec![Freeze {
            from: day(11),
            to: day(20),
            reason: "a freeze".into(),
            except: if made.one_in(2) { vec![Level::Critical] } else { Vec::new() },
        }],
        false => Vec::new(),
    };
    Problem {
        now: day(0),
        at_once: day(1),
        horizon: day(60),
        late: made.of(&[0.0, 1.0, 2.0]),
        zone: jiff::tz::TimeZone::UTC,
        teams,
        findings,
        candidates: list,
        accepted,
        freezes,
    }
}

/// The same problem with its members in another order.
pub(crate) fn shuffled(problem: &Problem, seed: u64) -> Problem {
    let mut made = Made::new(seed);
    // Per list: the old indexes in their new order, and the other way round.
    let mut order = |count: usize| {
        let mut new: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            new.swap(last, made.below(last as u64 + 1) as usize);
        }
        let mut back = vec![0; count];
        new.iter().enumerate().for_each(|(place, old)| back[*old] = place);
        (new, back)
    };
    let (teams, team_at) = order(problem.teams.len());
    let (findings, finding_at) = order(problem.findings.len());
    let (candidates, candidate_at) = order(problem.candidates.len());
    let windows: Vec<(Vec<usize>, Vec<usize>)> =
        problem.teams.iter().map(|t| order(t.windows.len())).collect();
    let mut other = problem.clone();
    other.teams = teams
        .iter()
        .map(|t| {
            let mut team = problem.teams[*t].clone();
            team.windows =
                windows[*t].0.iter().map(|w| problem.teams[*t].windows[*w].clone()).collect();
            team
        })
        .collect();
    other.findings = findings.iter().map(|f| problem.findings[*f].clone()).collect();
    other.findings.iter_mut().for_each(|f| f.team = team_at[f.team]);
    other.candidates = candidates.iter().map(|c| problem.candidates[*c].clone()).collect();
    for candidate in &mut other.candidates {
        candidate.team = team_at[candidate.team];
        candidate.removes.iter_mut().for_each(|f| *f = finding_at[*f]);
        candidate.needs.iter_mut().for_each(|c| *c = candidate_at[*c]);
    }
    for placement in &mut other.accepted {
        if let Slot::Window(w) = &mut placement.slot {
            *w = windows[problem.candidates[placement.candidate].team].1[*w];
        }
        placement.candidate = candidate_at[placement.candidate];
    }
    other
}
