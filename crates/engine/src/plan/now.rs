//! What the charter calls *now* is decided first: the least points that remove all of it, at once.

use microlp::{ComparisonOp, OptimizationDirection, Problem as Program, SolveOptions};
use trimtab_model::plan::Slot;

use super::ground::{Ground, POINT, in_time};

/// Steps of the solver's search.
const STEPS: u64 = 5_000;

/// The candidates that are done at once, of some teams that are planned together.
pub(super) fn at_once(ground: &Ground, teams: &[usize]) -> Vec<usize> {
    let possible = possible(ground, teams);
    let problem = ground.problem;
    let mut findings: Vec<usize> =
        possible.iter().flat_map(|c| problem.candidates[*c].removes.iter().copied()).collect();
    findings.retain(|f| problem.findings[*f].now && !is_going(ground, *f));
    findings.sort_unstable_by_key(|f| &problem.findings[*f].id);
    findings.dedup();
    if findings.is_empty() {
        return Vec::new();
    }
    least(ground, &possible, &findings)
        .unwrap_or_else(|| each_cheapest(ground, &possible, &findings))
}

/// Whether something that people accepted removes a finding no later.
fn is_going(ground: &Ground, finding: usize) -> bool {
    ground.stays.iter().any(|c| {
        let of = &ground.problem.candidates[*c];
        let span = ground.accepted[*c].and_then(|slot| ground.span(of.team, slot));
        of.removes.contains(&finding) && span.is_some_and(|s| s.end <= ground.problem.at_once)
    })
}

/// Candidates that may be done at once, each after what it needs.
fn possible(ground: &Ground, teams: &[usize]) -> Vec<usize> {
    let candidates = &ground.problem.candidates;
    let taken = ground.taken();
    let mut all: Vec<usize> = teams.iter().flat_map(|t| &ground.of_team[*t]).copied().collect();
    all.sort_unstable_by_key(|c| ground.rank[*c]);
    let mut possible: Vec<usize> = Vec::new();
    for candidate in all {
        let of = &candidates[candidate];
        let Some(now) = ground.span(of.team, Slot::Now) else { continue };
        let done = |need: &usize| match ground.accepted[*need] {
            Some(slot) => {
                let team = candidates[*need].team;
                ground.span(team, slot).is_some_and(|s| in_time((team, s), (of.team, now)))
            }
            None => possible.contains(need) && candidates[*need].team == of.team,
        };
        if ground.candidates[candidate].now
            && ground.accepted[candidate].is_none()
            && of.choice.as_deref().is_none_or(|c| !taken.contains(c))
            && ground.barrier(candidate, now).is_none()
            && of.needs.iter().all(done)
        {
            possible.push(candidate);
        }
    }
    possible
}

/// The weightiest findings that can be removed together, for the least points.
fn least(ground: &Ground, possible: &[usize], findings: &[usize]) -> Option<Vec<usize>> {
    let candidates = &ground.problem.candidates;
    let points = |c: usize| ground.candidates[c].cost as f64 / POINT + tie(&candidates[c].id);
    let all: f64 = possible.iter().map(|c| points(*c)).sum();
    let mut program = Program::new(OptimizationDirection::Minimize);
    let x: Vec<_> = possible.iter().map(|c| program.add_binary_var(points(*c))).collect();
    let place = |candidate: &usize| possible.iter().position(|c| c == candidate);
    for finding in findings {
        // No saving of points is worth a finding.
        let stays = (1.0 + all) * (1.0 + ground.problem.findings[*finding].weight);
        let mut terms = vec![(program.add_var(stays, (0.0, 1.0)), 1.0)];
        for (candidate, x) in possible.iter().zip(&x) {
            if candidates[*candidate].removes.contains(finding) {
                terms.push((*x, 1.0));
            }
        }
        program.add_constraint(terms, ComparisonOp::Ge, 1.0);
    }
    for (candidate, x_then) in possible.iter().zip(&x) {
        for need in candidates[*candidate].needs.iter().filter_map(place) {
            program.add_constraint([(*x_then, 1.0), (x[need], -1.0)], ComparisonOp::Le, 0.0);
        }
        let Some(choice) = &candidates[*candidate].choice else { continue };
        let same = |c: &usize| candidates[*c].choice.as_ref() == Some(choice);
        // Once for each choice, at its first.
        if possible.iter().find(|c| same(c)) == Some(candidate) {
            let group = possible.iter().zip(&x).filter(|(c, _)| same(c));
            let terms: Vec<_> = group.map(|(_, x)| (*x, 1.0)).collect();
            program.add_constraint(terms, ComparisonOp::Le, 1.0);
        }
    }
    let mut options = SolveOptions::default();
    options.node_limit = Some(STEPS);
    let outcome = program.solve_with(options).ok()?;
    let solution = outcome.solution()?;
    let chosen = possible.iter().zip(&x).filter(|(_, x)| solution.var_value(**x) > 0.5);
    Some(chosen.map(|(c, _)| *c).collect())
}

/// Less than a hundredth of a point for all together, by the name: of sets that cost the same the choice
/// must be the same whatever else is accepted or known.
fn tie(id: &str) -> f64 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 11) as f64 / (1_u64 << 53) as f64 * 1e-4
}

/// If the solver has no answer: for each finding the cheapest that goes with what was taken.
fn each_cheapest(ground: &Ground, possible: &[usize], findings: &[usize]) -> Vec<usize> {
    let candidates = &ground.problem.candidates;
    let mut chosen: Vec<usize> = Vec::new();
    let mut by_cost = possible.to_vec();
    by_cost.sort_by_key(|c| (ground.candidates[*c].cost, ground.rank[*c]));
    for finding in findings {
        let gone =
            |chosen: &[usize]| chosen.iter().any(|c| candidates[*c].removes.contains(finding));
        let fits = |c: &&usize| {
            let of = &candidates[**c];
            of.removes.contains(finding)
                && of.needs.iter().all(|n| chosen.contains(n) || ground.accepted[*n].is_some())
                && !chosen.iter().any(|o| of.choice.is_some() && candidates[*o].choice == of.choice)
        };
        if !gone(&chosen)
            && let Some(candidate) = by_cost.iter().find(fits)
        {
            chosen.push(*candidate);
        }
    }
    chosen
}
