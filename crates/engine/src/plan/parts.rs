//! Which teams must be planned together.

use std::collections::HashMap;

use trimtab_model::plan::Problem;

/// Teams that share a need, a choice or a finding, in the order of their names.
pub(super) fn parts(problem: &Problem) -> Vec<Vec<usize>> {
    let mut head: Vec<usize> = (0..problem.teams.len()).collect();
    let mut join = |a: usize, b: usize| {
        let (a, b) = (find(&mut head, a), find(&mut head, b));
        head[a.max(b)] = a.min(b);
    };
    let mut by_choice = HashMap::new();
    for candidate in &problem.candidates {
        for need in &candidate.needs {
            join(candidate.team, problem.candidates[*need].team);
        }
        for finding in &candidate.removes {
            join(candidate.team, problem.findings[*finding].team);
        }
        if let Some(choice) = &candidate.choice {
            join(candidate.team, *by_choice.entry(choice).or_insert(candidate.team));
        }
    }
    let mut sorted: Vec<usize> = (0..problem.teams.len()).collect();
    sorted.sort_unstable_by_key(|t| &problem.teams[*t].id);
    let mut place = vec![usize::MAX; problem.teams.len()];
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for team in sorted {
        let head = find(&mut head, team);
        if place[head] == usize::MAX {
            place[head] = parts.len();
            parts.push(Vec::new());
        }
        parts[place[head]].push(team);
    }
    parts
}

fn find(head: &mut [usize], mut of: usize) -> usize {
    while head[of] != of {
        head[of] = head[head[of]];
        of = head[of];
    }
    of
}

/// The teams that are planned together with one.
pub(super) fn part_of(problem: &Problem, team: usize) -> Vec<usize> {
    parts(problem).into_iter().find(|part| part.contains(&team)).unwrap_or_default()
}
