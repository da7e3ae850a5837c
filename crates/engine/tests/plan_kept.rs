//! Planning again: what was planned stays where it was, within what that may cost.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "plan/brute.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod brute;
#[path = "plan/made.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod made;

use proptest::prelude::*;
use trimtab_engine::plan::kept::{again, stay};
use trimtab_engine::plan::plan;
use trimtab_model::Level;
use trimtab_model::plan::{Candidate, Finding, Placement, Plan, Problem, Slot, Team, Window};

fn placements(plan: &Plan) -> Vec<Placement> {
    let of = |batch: &trimtab_model::plan::Batch| {
        let slot = batch.slot;
        batch.candidates.clone().into_iter().map(move |candidate| Placement { candidate, slot })
    };
    let mut all: Vec<Placement> = plan.batches.iter().flat_map(of).collect();
    all.sort_unstable();
    all
}

fn saves(plan: &Plan) -> f64 {
    plan.batches.iter().map(|b| b.load_days).sum()
}

/// Whether something that it, or what needs it, removes is *now*: that is decided anew.
fn is_urgent(problem: &Problem, candidate: usize) -> bool {
    let own = problem.candidates[candidate].removes.iter().any(|f| problem.findings[*f].now);
    let served = (0..problem.candidates.len())
        .filter(|c| problem.candidates[*c].needs.contains(&candidate))
        .any(|c| is_urgent(problem, c));
    own || served
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_moves_where_nothing_changed(seed in any::<u64>(), larger in any::<bool>()) {
        let problem = if larger { made::middling(seed) } else { made::small(seed) };
        let first = plan(&problem).unwrap();
        let kept = placements(&first);
        let next = again(&problem, &kept, 0.0).unwrap();
        prop_assert!(next.let_go.is_empty(), "{:?}", next.let_go);
        prop_assert!(next.plan.worth.objective <= first.worth.objective + 0.05);
        let placed = placements(&next.plan);
        for p in kept.iter().filter(|p| p.slot != Slot::Now && !is_urgent(&problem, p.candidate)) {
            prop_assert!(placed.contains(p), "{p:?} moved: {placed:?}");
        }
        // And a third time.
        let third = again(&problem, &placed, 0.0).unwrap();
        prop_assert_eq!(placements(&third.plan), placed);
    }

    #[test]
    fn what_stays_costs_no_more_than_it_may(
        seed in any::<u64>(),
        grave in any::<prop::sample::Index>(),
        half in any::<bool>(),
        share in 0u8..20,
    ) {
        let before = made::small(seed);
        let kept = placements(&plan(&before).unwrap());
        let mut problem = before.clone();
        problem.findings[grave.index(before.findings.len())].weight *= 20.0;
        if half {
            for window in problem.teams.iter_mut().flat_map(|t| &mut t.windows) {
                window.points /= 2.0;
            }
        }
        let best = plan(&problem).unwrap();
        let share = f64::from(share) / 100.0;
        let next = again(&problem, &kept, share).unwrap();
        let most = best.worth.objective + share * saves(&best) + 0.05;
        prop_assert!(next.plan.worth.objective <= most, "{} {most}", next.plan.worth.objective);
        let placed = placements(&next.plan);
        for candidate in &next.stays {
            let p = kept.iter().find(|p| p.candidate == *candidate).unwrap();
            prop_assert!(placed.contains(p), "{p:?} is said to stay: {placed:?}");
            prop_assert!(!next.let_go.contains(candidate));
        }
        // Every rule holds, but for the points and batches of a window that runs.
        let mut wide = problem.clone();
        for window in wide.teams.iter_mut().flat_map(|t| &mut t.windows) {
            if window.start <= problem.now {
                window.points = 1000.0;
            }
        }
        for team in &mut wide.teams {
            if team.windows.iter().any(|w| w.start <= problem.now) {
                team.open_limit = None;
            }
        }
        prop_assert!(brute::holds(&wide, &placed), "{problem:#?}\n{placed:?}");
    }
}

fn window(day: i64, points: f64) -> Window {
    Window {
        name: format!("day {day}").into(),
        start: made::day(day),
        end: made::day(day + 7),
        points,
        least: Level::Low,
    }
}

/// One team with windows from days 7 and 14 of two points, and a candidate of two points for each weight.
fn two_windows(weights: &[f64]) -> Problem {
    let finding = |(at, weight): (usize, &f64)| Finding {
        id: format!("f{at}").into(),
        team: 0,
        level: Level::High,
        weight: *weight,
        deadline: None,
        now: false,
        exploited: false,
        blocker: None,
    };
    let candidate = |at: usize| Candidate {
        id: format!("c{at}").into(),
        team: 0,
        place: format!("place {at}").into(),
        least: 2.0,
        most: 2.0,
        confidence: 1.0,
        removes: vec![at],
        needs: Vec::new(),
        choice: None,
        quarantine: None,
    };
    Problem {
        now: made::day(0),
        at_once: made::day(1),
        horizon: made::day(90),
        late: 2.0,
        zone: jiff::tz::TimeZone::UTC,
        teams: vec![Team {
            id: "t".into(),
            windows: vec![window(7, 2.0), window(14, 2.0)],
            open_limit: None,
            open: 0,
        }],
        findings: weights.iter().enumerate().map(finding).collect(),
        candidates: (0..weights.len()).map(candidate).collect(),
        accepted: Vec::new(),
        freezes: Vec::new(),
    }
}

fn at(candidate: usize, window: usize) -> Placement {
    Placement { candidate, slot: Slot::Window(window) }
}

#[test]
fn a_small_gain_moves_nothing_and_a_large_one_does() {
    // The second weighs a little more than the first now: the best plan changes their places.
    let problem = two_windows(&[10.0, 11.0]);
    let kept = [at(0, 0), at(1, 1)];
    assert_eq!(placements(&plan(&problem).unwrap()), [at(0, 1), at(1, 0)]);
    let same = again(&problem, &kept, 0.05).unwrap();
    assert_eq!((placements(&same.plan), same.stays), (kept.to_vec(), vec![0, 1]));
    let moved = again(&problem, &kept, 0.0).unwrap();
    assert_eq!(placements(&moved.plan), [at(0, 1), at(1, 0)]);
    assert!(!moved.let_go.is_empty());
    // Ten times as grave, it comes first whatever was told.
    let grave = two_windows(&[10.0, 100.0]);
    let moved = again(&grave, &kept, 0.05).unwrap();
    assert_eq!(placements(&moved.plan), [at(0, 1), at(1, 0)]);
}

#[test]
fn what_is_new_goes_where_there_is_room() {
    let problem = two_windows(&[10.0, 11.0]);
    let next = again(&problem, &[at(0, 0)], 0.05).unwrap();
    assert_eq!(placements(&next.plan), [at(0, 0), at(1, 1)]);
}

#[test]
fn what_is_not_possible_any_longer_does_not_stay() {
    let problem = || two_windows(&[10.0, 11.0]);
    let kept = [at(0, 0), at(1, 1)];
    assert_eq!(stay(&problem(), &kept).unwrap(), kept);
    let mut less = problem();
    less.teams[0].windows[1].points = 1.0;
    assert_eq!(stay(&less, &kept).unwrap(), [at(0, 0)], "the window has become too small");
    let mut runs = less.clone();
    runs.now = made::day(15);
    runs.at_once = made::day(16);
    assert_eq!(stay(&runs, &kept).unwrap(), [at(1, 1)], "one is over, the other one runs");
    let mut young = problem();
    young.candidates[0].quarantine = Some(made::day(30));
    assert_eq!(stay(&young, &kept).unwrap(), [at(1, 1)], "its version is too young");
    let mut low = problem();
    low.findings[1].level = Level::Low;
    low.teams[0].windows[1].least = Level::High;
    assert_eq!(stay(&low, &kept).unwrap(), [at(0, 0)], "the window takes graver ones");
    let mut accepted = problem();
    accepted.accepted = vec![at(0, 1)];
    assert_eq!(stay(&accepted, &kept).unwrap(), [], "people put the other one there");
    let mut now = problem();
    now.findings[0].now = true;
    assert_eq!(stay(&now, &kept).unwrap(), [at(1, 1)], "it does not wait any longer");
    // What does not exist is not kept, and one thing is in one place.
    assert_eq!(stay(&problem(), &[at(9, 0), at(0, 9)]).unwrap(), []);
    assert_eq!(stay(&problem(), &[at(0, 0), at(0, 1)]).unwrap().len(), 1);
}
