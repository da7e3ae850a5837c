//! Planning again: what an earlier plan had stays where it was, unless that is no longer possible
//! or costs too much, so that people can rely on what they were told.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_model::plan::{Placement, Plan, Problem, Slot};

use super::check::{Wrong, check};
use super::ground::{Ground, POINT, in_time, takes};
use super::plan;

/// A plan that was made with an earlier one in mind.
#[derive(Debug, Clone, PartialEq)]
pub struct Again {
    /// The plan. What stays is marked in it as accepted.
    pub plan: Plan,
    /// Candidates that stay where the earlier plan had them.
    pub stays: Vec<usize>,
    /// Candidates that could stay and are let go: keeping them would cost too much.
    pub let_go: Vec<usize>,
}

/// What of an earlier plan may stay where it was. These may not: what people accepted (that stays
/// anyway) and what is done at once (that is decided anew); what a level, a quarantine or a freeze
/// forbids; what needs something that is not in time; what excludes something that stays already;
/// and, in a window that has not begun, what exceeds its points, the least saving per point first.
/// A running window keeps everything that it has, because people are working on it.
///
/// # Errors
/// The problem cannot be planned.
pub fn stay(problem: &Problem, kept: &[Placement]) -> Result<Vec<Placement>, Wrong> {
    let order = check(problem)?;
    Ok(possible(&Ground::new(problem, &order), kept))
}

/// Plans again. What stays may cost so large a share of what the best plan saves (0.05: a twentieth of its
/// load-days); beyond that it is let go, the one first that the best plan moves by most.
///
/// # Errors
/// The problem cannot be planned.
pub fn again(problem: &Problem, kept: &[Placement], share: f64) -> Result<Again, Wrong> {
    let order = check(problem)?;
    let ground = Ground::new(problem, &order);
    let kept = possible(&ground, kept);
    let best = plan(problem)?;
    if kept.is_empty() {
        return Ok(Again { plan: best, stays: Vec::new(), let_go: Vec::new() });
    }
    let saves: f64 = best.batches.iter().map(|b| b.load_days).sum();
    let most = best.worth.objective + share.max(0.0) * saves + 1e-6;
    let mut placed: BTreeMap<usize, Slot> = BTreeMap::new();
    for batch in &best.batches {
        placed.extend(batch.candidates.iter().map(|c| (*c, batch.slot)));
    }
    // What the best plan has elsewhere: by how much, and by name where it is equal.
    let worth = |candidate: usize, slot: Option<Slot>| -> i64 {
        let of = &problem.candidates[candidate];
        let span = slot.and_then(|slot| ground.span(of.team, slot));
        span.map_or(0, |span| of.removes.iter().map(|f| ground.saves(*f, span.end)).sum())
    };
    let mut moved: Vec<Placement> = kept.clone();
    moved.retain(|p| placed.get(&p.candidate) != Some(&p.slot));
    moved.sort_by_key(|p| {
        let by = worth(p.candidate, placed.get(&p.candidate).copied())
            - worth(p.candidate, Some(p.slot));
        (std::cmp::Reverse(by.abs()), ground.rank[p.candidate].1)
    });
    // Twice as many each time: a few plans, however much moves.
    let mut free = 0;
    loop {
        let let_go: BTreeSet<usize> = moved.iter().take(free).map(|p| p.candidate).collect();
        let stays: Vec<Placement> =
            kept.iter().filter(|p| !let_go.contains(&p.candidate)).copied().collect();
        let mut with = problem.clone();
        with.accepted.extend(&stays);
        let made = plan(&with)?;
        if made.worth.objective <= most {
            let stays = stays.into_iter().map(|p| p.candidate).collect();
            return Ok(Again { plan: made, stays, let_go: let_go.into_iter().collect() });
        }
        if free >= moved.len() {
            let let_go = kept.iter().map(|p| p.candidate).collect();
            return Ok(Again { plan: best, stays: Vec::new(), let_go });
        }
        free = (free * 2).max(1).min(moved.len());
    }
}

fn possible(ground: &Ground<'_>, kept: &[Placement]) -> Vec<Placement> {
    let problem = ground.problem;
    let mut kept: Vec<Placement> = kept
        .iter()
        .filter(|p| p.candidate < problem.candidates.len() && p.slot != Slot::Now)
        .filter(|p| ground.accepted[p.candidate].is_none() && !ground.candidates[p.candidate].now)
        .copied()
        .collect();
    kept.sort_by_key(|p| ground.rank[p.candidate]);
    kept.dedup_by_key(|p| p.candidate);
    let mut room = Room::new(ground);
    let mut taken = ground.taken();
    // What saves most for a point comes first where a window has become too small; what others need comes before them.
    let saving = |p: &Placement| {
        let of = &problem.candidates[p.candidate];
        let end = ground.span(of.team, p.slot).map(|span| span.end);
        let saves: i64 = of.removes.iter().filter_map(|f| Some(ground.saves(*f, end?))).sum();
        saves as f64 / ground.candidates[p.candidate].cost.max(1) as f64
    };
    kept.sort_by(|a, b| {
        let (of_a, of_b) = (ground.rank[a.candidate], ground.rank[b.candidate]);
        of_a.0.cmp(&of_b.0).then(saving(b).total_cmp(&saving(a))).then(of_a.1.cmp(&of_b.1))
    });
    let mut at: BTreeMap<usize, Slot> =
        ground.stays.iter().filter_map(|c| Some((*c, ground.accepted[*c]?))).collect();
    let mut stays = Vec::new();
    for p in kept {
        let of = &problem.candidates[p.candidate];
        let Some(span) = ground.span(of.team, p.slot) else { continue };
        let needed = of.needs.iter().all(|need| {
            let team = problem.candidates[*need].team;
            let span_of = at.get(need).and_then(|slot| ground.span(team, *slot));
            span_of.is_some_and(|needed| in_time((team, needed), (of.team, span)))
        });
        let excluded = of.choice.as_deref().is_some_and(|choice| taken.contains(choice));
        if !needed || excluded || ground.barrier(p.candidate, span).is_some() {
            continue;
        }
        if !room.take(ground, p) {
            continue;
        }
        taken.extend(of.choice.as_deref());
        at.insert(p.candidate, p.slot);
        stays.push(p);
    }
    stays.sort_unstable();
    stays
}

/// What is left in each window: hundredths of points, and places that have a batch in it.
struct Room<'p> {
    left: BTreeMap<(usize, usize), i64>,
    places: BTreeMap<(usize, usize), BTreeSet<&'p str>>,
}

impl<'p> Room<'p> {
    fn new(ground: &Ground<'p>) -> Room<'p> {
        let mut room = Room { left: BTreeMap::new(), places: BTreeMap::new() };
        for (team, of) in ground.problem.teams.iter().enumerate() {
            for (window, is) in of.windows.iter().enumerate() {
                room.left.insert((team, window), (is.points * POINT).round() as i64);
            }
        }
        for candidate in &ground.stays {
            let of = &ground.problem.candidates[*candidate];
            // What is done at once takes from the first window.
            let window = match ground.accepted[*candidate] {
                Some(Slot::Window(window)) => Some(window),
                Some(Slot::Now) => ground.slots[of.team].iter().find_map(|s| match s.slot {
                    Slot::Window(window) => Some(window),
                    Slot::Now => None,
                }),
                None => None,
            };
            let Some(window) = window else { continue };
            if let Some(left) = room.left.get_mut(&(of.team, window)) {
                *left -= ground.candidates[*candidate].cost;
            }
            room.places.entry((of.team, window)).or_default().insert(&of.place);
        }
        room
    }

    /// Takes what a placement needs. `false`: there is not so much.
    fn take(&mut self, ground: &Ground<'p>, p: Placement) -> bool {
        let Slot::Window(window) = p.slot else { return false };
        let of = &ground.problem.candidates[p.candidate];
        let team = &ground.problem.teams[of.team];
        let key = (of.team, window);
        let (Some(is), Some(left)) = (team.windows.get(window), self.left.get_mut(&key)) else {
            return false;
        };
        let places = self.places.entry(key).or_default();
        let runs = is.start <= ground.problem.now;
        let known = &ground.candidates[p.candidate];
        let cost = takes(known.cost, known.least, (is.points * POINT).round() as i64);
        // What is open already counts in the first window.
        let first = ground.slots[of.team].get(1).is_some_and(|s| s.slot == p.slot);
        let open = if first { team.open as usize } else { 0 };
        let many = team.open_limit.is_some_and(|most| places.len() + open >= most as usize);
        if !runs && (cost > *left || many && !places.contains(&*of.place)) {
            return false;
        }
        *left -= cost;
        places.insert(&of.place);
        true
    }
}
