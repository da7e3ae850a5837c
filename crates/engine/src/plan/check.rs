//! Checks whether a problem can be planned: references that exist, numbers that are finite, bounds.

use std::collections::HashSet;
use std::fmt;

use trimtab_model::plan::{Placement, Problem, Slot};

/// The most teams, findings and candidates, and the most windows of a team, that are planned at once.
pub const MOST: (usize, usize, usize, usize) = (10_000, 200_000, 200_000, 200);

/// Why a problem cannot be planned. The caller must correct it; nothing is planned in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// More than [`MOST`]: of what, how many, how many are allowed.
    TooMany(&'static str, usize, usize),
    /// Two of a kind have one name.
    Twice(&'static str, Box<str>),
    /// A member names another that is not there: of what, which, what it names.
    Missing(&'static str, Box<str>, &'static str),
    /// A number is not finite, negative, or too large: of what, which, what number.
    Number(&'static str, Box<str>, &'static str),
    /// A time is before one that it must follow: of what, which.
    Order(&'static str, Box<str>),
    /// A candidate needs itself, by way of others.
    Circle(Box<str>),
}

impl Wrong {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Wrong::TooMany(..) => "plan-too-large",
            Wrong::Twice(..) => "plan-name-twice",
            Wrong::Missing(..) => "plan-member-missing",
            Wrong::Number(..) => "plan-number",
            Wrong::Order(..) => "plan-times",
            Wrong::Circle(..) => "plan-circle",
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::TooMany(what, count, most) => {
                write!(
                    f,
                    "{count} {what} are more than the {most} that are planned at once; plan parts"
                )
            }
            Wrong::Twice(what, id) => write!(f, "two of the {what} are called {id}"),
            Wrong::Missing(what, id, member) => {
                write!(f, "{what} {id} names a {member} that is not in the problem")
            }
            Wrong::Number(what, id, number) => {
                write!(f, "{number} of {what} {id} is not a number in its range")
            }
            Wrong::Order(what, id) => write!(f, "{what} {id} ends before it begins"),
            Wrong::Circle(id) => write!(f, "candidate {id} needs itself, by way of others"),
        }
    }
}

impl std::error::Error for Wrong {}

/// Checks a problem; gives the candidates in an order in which each comes after what it needs.
pub(super) fn check(problem: &Problem) -> Result<Vec<usize>, Wrong> {
    let (teams, findings, candidates, windows) = MOST;
    let many = |what, count, most| match count > most {
        true => Err(Wrong::TooMany(what, count, most)),
        false => Ok(()),
    };
    many("teams", problem.teams.len(), teams)?;
    many("findings", problem.findings.len(), findings)?;
    many("candidates", problem.candidates.len(), candidates)?;
    unique("teams", problem.teams.iter().map(|t| &*t.id))?;
    unique("findings", problem.findings.iter().map(|f| &*f.id))?;
    unique("candidates", problem.candidates.iter().map(|c| &*c.id))?;
    number(problem.late, 10.0, ("the problem", "", "the price of days after the deadline"))?;
    if problem.at_once < problem.now || problem.horizon <= problem.now {
        return Err(Wrong::Order("the problem", "".into()));
    }
    for team in &problem.teams {
        many("windows of one team", team.windows.len(), windows)?;
        for window in &team.windows {
            number(window.points, 1e6, ("window", &window.name, "points"))?;
            if window.end < window.start {
                return Err(Wrong::Order("window", window.name.clone()));
            }
        }
    }
    for freeze in &problem.freezes {
        if freeze.to < freeze.from {
            return Err(Wrong::Order("freeze", freeze.reason.clone()));
        }
    }
    for finding in &problem.findings {
        number(finding.weight, 1e5, ("finding", &finding.id, "the weight"))?;
        if finding.team >= problem.teams.len() {
            return Err(Wrong::Missing("finding", finding.id.clone(), "team"));
        }
    }
    for candidate in &problem.candidates {
        let missing = |member| Err(Wrong::Missing("candidate", candidate.id.clone(), member));
        number(candidate.least, 1e5, ("candidate", &candidate.id, "the least points"))?;
        number(candidate.most, 1e5, ("candidate", &candidate.id, "the most points"))?;
        number(candidate.confidence, 1.0, ("candidate", &candidate.id, "the confidence"))?;
        if candidate.team >= problem.teams.len() {
            return missing("team");
        }
        if candidate.removes.iter().any(|f| *f >= problem.findings.len()) {
            return missing("finding");
        }
        if candidate.needs.iter().any(|c| *c >= problem.candidates.len()) {
            return missing("candidate");
        }
    }
    accepted(problem)?;
    in_order(problem)
}

fn unique<'t>(what: &'static str, ids: impl Iterator<Item = &'t str>) -> Result<(), Wrong> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(Wrong::Twice(what, id.into()));
        }
    }
    Ok(())
}

fn number(
    value: f64,
    most: f64,
    (what, id, name): (&'static str, &str, &'static str),
) -> Result<(), Wrong> {
    match (0.0..=most).contains(&value) {
        true => Ok(()),
        false => Err(Wrong::Number(what, id.into(), name)),
    }
}

fn accepted(problem: &Problem) -> Result<(), Wrong> {
    let mut seen = HashSet::new();
    for Placement { candidate, slot } in &problem.accepted {
        let named = || Box::from(candidate.to_string());
        let Some(of) = problem.candidates.get(*candidate) else {
            return Err(Wrong::Missing("accepted action", named(), "candidate"));
        };
        let windows = problem.teams.get(of.team).map_or(0, |t| t.windows.len());
        if matches!(slot, Slot::Window(w) if *w >= windows) {
            return Err(Wrong::Missing("accepted action", of.id.clone(), "window"));
        }
        if !seen.insert(*candidate) {
            return Err(Wrong::Twice("accepted actions", of.id.clone()));
        }
    }
    Ok(())
}

/// Candidates, each after what it needs.
fn in_order(problem: &Problem) -> Result<Vec<usize>, Wrong> {
    let mut waits: Vec<usize> = Vec::with_capacity(problem.candidates.len());
    let mut needed_by = vec![Vec::new(); problem.candidates.len()];
    for (index, candidate) in problem.candidates.iter().enumerate() {
        waits.push(candidate.needs.len());
        for need in &candidate.needs {
            if let Some(list) = needed_by.get_mut(*need) {
                list.push(index);
            }
        }
    }
    let mut order: Vec<usize> = (0..waits.len()).filter(|c| waits.get(*c) == Some(&0)).collect();
    let mut next = 0;
    while let Some(done) = order.get(next).copied() {
        next += 1;
        for then in needed_by.get(done).into_iter().flatten() {
            if let Some(count) = waits.get_mut(*then) {
                *count -= 1;
                if *count == 0 {
                    order.push(*then);
                }
            }
        }
    }
    if order.len() == waits.len() {
        return Ok(order);
    }
    // The first by name, so that the same problem in another order says the same.
    let stuck = waits.iter().zip(&problem.candidates).filter(|(n, _)| **n > 0);
    let first = stuck.map(|(_, c)| &c.id).min();
    Err(Wrong::Circle(first.cloned().unwrap_or_default()))
}
