//! Planning: small universes with the plan that a person expects, agreement with trying everything,
//! and the laws that hold for every plan.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "plan/brute.rs"]
mod brute;
#[path = "plan/made.rs"]
mod made;

use proptest::prelude::*;
use trimtab_engine::plan::{Wrong, one_more, plan};
use trimtab_model::plan::{Placement, Plan, Problem, Slot};

/// Candidates with their slots, by name.
fn placed(problem: &Problem, plan: &Plan) -> Vec<(String, String)> {
    let mut placed = Vec::new();
    for batch in &plan.batches {
        for candidate in &batch.candidates {
            let slot = match batch.slot {
                Slot::Now => "now".to_owned(),
                Slot::Window(w) => problem.teams[batch.team].windows[w].name.to_string(),
            };
            placed.push((problem.candidates[*candidate].id.to_string(), slot));
        }
    }
    placed.sort();
    placed
}

/// The placements of a plan.
fn placements(plan: &Plan) -> Vec<Placement> {
    let of = |batch: &trimtab_model::plan::Batch| {
        let slot = batch.slot;
        batch.candidates.clone().into_iter().map(move |candidate| Placement { candidate, slot })
    };
    plan.batches.iter().flat_map(of).collect()
}

fn near(a: f64, b: f64) -> bool {
    // Each finding is rounded to a thousandth.
    (a - b).abs() <= 0.05 + b.abs() * 1e-5
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, ..ProptestConfig::default() })]

    #[test]
    fn no_placement_is_better(seed in any::<u64>()) {
        let problem = made::small(seed);
        let plan = plan(&problem).unwrap();
        let placed = placements(&plan);
        prop_assert!(brute::holds(&problem, &placed), "{problem:#?}\n{placed:?}");
        let told = brute::objective(&problem, &placed);
        prop_assert!(near(plan.worth.objective, told), "{} {told}", plan.worth.objective);
        // What is now is decided first, and the rest is the best that there is beside it.
        prop_assert!(brute::now_is_least(&problem, &placed), "{problem:#?}\n{placed:?}");
        let least = brute::least(&problem, &placed);
        prop_assert!(near(plan.worth.objective, least), "{} {least}\n{problem:#?}\n{placed:?}", plan.worth.objective);
        prop_assert!(plan.worth.bound <= least + 0.05 + least * 1e-5, "{} {least}", plan.worth.bound);
        prop_assert!(plan.worth.gap <= 1e-4, "{:?}", plan.worth);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_input_is_nothing(seed in any::<u64>(), shuffle in any::<u64>(), larger in any::<bool>()) {
        let problem = if larger { made::middling(seed) } else { made::small(seed) };
        let (a, other) = (plan(&problem).unwrap(), made::shuffled(&problem, shuffle));
        let b = plan(&other).unwrap();
        prop_assert_eq!(placed(&problem, &a), placed(&other, &b));
        prop_assert_eq!(a.worth, b.worth);
        prop_assert_eq!(&a.course, &b.course);
        prop_assert_eq!(a.left.len(), b.left.len());
        prop_assert_eq!(a.margins.len(), b.margins.len());
    }

    #[test]
    fn without_a_finding_the_load_is_never_higher(seed in any::<u64>(), which in any::<prop::sample::Index>()) {
        let problem = made::small(seed);
        // What is *now*, exploited or excepted opens slots for others too: without it they wait.
        let plain: Vec<usize> = (0..problem.findings.len())
            .filter(|f| !problem.findings[*f].now && !problem.findings[*f].exploited)
            .collect();
        prop_assume!(!plain.is_empty());
        let gone = plain[which.index(plain.len())];
        let mut without = problem.clone();
        without.findings[gone].weight = 0.0;
        let (all, less) = (plan(&problem).unwrap(), plan(&without).unwrap());
        prop_assert!(less.worth.objective <= all.worth.objective + 0.05);
        prop_assert!(less.nothing.load_days <= all.nothing.load_days + 1e-6);
    }

    #[test]
    fn more_capacity_is_never_worse(seed in any::<u64>(), more in 1u8..12) {
        let problem = made::small(seed);
        let mut wider = problem.clone();
        for window in wider.teams.iter_mut().flat_map(|t| &mut t.windows) {
            window.points += f64::from(more) / 2.0;
        }
        let (all, less) = (plan(&problem).unwrap(), plan(&wider).unwrap());
        prop_assert!(less.worth.objective <= all.worth.objective + 0.05);
    }

    #[test]
    fn what_was_accepted_stays(seed in any::<u64>(), part in any::<u64>()) {
        let mut problem = made::small(seed);
        let first = plan(&problem).unwrap();
        let first_placed = placements(&first);
        let mut chosen: Vec<usize> =
            (0..first_placed.len()).filter(|at| part >> (at % 64) & 1 == 1).map(|at| first_placed[at].candidate).collect();
        // Whoever accepts an action accepts what it needs.
        let mut next = 0;
        while next < chosen.len() {
            chosen.extend(problem.candidates[chosen[next]].needs.clone());
            next += 1;
        }
        for placement in first_placed {
            if chosen.contains(&placement.candidate)
                && !problem.accepted.iter().any(|a| a.candidate == placement.candidate)
            {
                problem.accepted.push(placement);
            }
        }
        let again = plan(&problem).unwrap();
        let placed = placements(&again);
        prop_assert!(problem.accepted.iter().all(|a| placed.contains(a)));
        // Nothing has changed, so that the plan is no worse than before. It may be better: what is *now* and
        // goes by an accepted action is not asked to go for the least points.
        prop_assert!(again.worth.objective <= first.worth.objective + 0.05);
    }

    #[test]
    fn a_margin_can_be_had(seed in any::<u64>()) {
        let problem = made::small(seed);
        let before = plan(&problem).unwrap();
        for margin in &before.margins {
            let mut wider = problem.clone();
            wider.teams[margin.team].windows[margin.window].points += 1.0;
            let after = plan(&wider).unwrap();
            let saved = before.worth.objective - after.worth.objective;
            prop_assert!(saved + 0.05 >= margin.saves, "{margin:?} {saved}");
            let anew = one_more(&problem, margin.team, margin.window).unwrap().unwrap();
            prop_assert!(anew.saves + 1e-9 >= margin.saves && near(anew.saves, saved), "{anew:?} {saved}");
        }
    }

    #[test]
    fn everything_is_placed_or_left_once(seed in any::<u64>()) {
        use trimtab_model::plan::Item;
        let problem = made::middling(seed);
        let plan = plan(&problem).unwrap();
        let mut seen: Vec<Item> = plan.left.iter().map(|l| l.what).collect();
        for batch in &plan.batches {
            prop_assert!(!batch.why_these.is_empty() && !batch.why_now.is_empty(), "{batch:?}");
            // It begins in its slot, and not before its versions are old enough.
            prop_assert!(batch.from >= problem.now && batch.from <= batch.by, "{batch:?}");
            let exploited = |c: &usize| problem.candidates[*c].removes.iter().any(|f| problem.findings[*f].exploited);
            let stays = |c: &usize| problem.accepted.iter().any(|p| p.candidate == *c);
            let needed = |c: &usize| problem.candidates.iter().any(|of| of.needs.contains(c));
            for c in batch.candidates.iter().filter(|c| !exploited(c) && !stays(c) && !needed(c)) {
                let quarantine = problem.candidates[*c].quarantine;
                prop_assert!(quarantine.is_none_or(|until| until <= batch.from), "{batch:?}");
            }
            // What removes an exploited finding waits for no other.
            if batch.candidates.iter().any(exploited) {
                let start = match batch.slot {
                    Slot::Now => problem.now,
                    Slot::Window(w) => problem.teams[batch.team].windows[w].start.max(problem.now),
                };
                prop_assert_eq!(batch.from, start, "{:?}", batch);
            }
            seen.extend(batch.removes.iter().map(|f| Item::Finding(*f)));
            seen.extend(batch.candidates.iter().map(|c| Item::Candidate(*c)));
        }
        seen.sort_unstable();
        let all = (0..problem.findings.len()).map(Item::Finding);
        let all: Vec<Item> = all.chain((0..problem.candidates.len()).map(Item::Candidate)).collect();
        prop_assert_eq!(seen, all);
        prop_assert!(plan.worth.bound <= plan.worth.objective && plan.worth.gap < 0.05, "{:?}", plan.worth);
        let saved: f64 = plan.batches.iter().map(|b| b.load_days).sum();
        prop_assert!(near(plan.nothing.load_days - saved, plan.worth.load_days));
        let last = plan.course.last().unwrap().load;
        let left: f64 = plan.left.iter().filter_map(|l| match l.what {
            Item::Finding(f) => Some(problem.findings[f].weight),
            Item::Candidate(_) => None,
        }).sum();
        prop_assert!(near(last, left), "{last} {left}");
        prop_assert!(plan.course.windows(2).all(|w| w[0].load > w[1].load && w[0].at < w[1].at));
    }
}

/// A plan that is proven before it is improved once kept an action that another had made idle.
#[test]
fn nothing_is_placed_without_a_reason() {
    let problem = made::middling(7_669_790_455_908_386_478);
    let plan = plan(&problem).unwrap();
    assert!(plan.batches.iter().all(|b| !b.why_these.is_empty()), "{:?}", plan.batches);
}

#[test]
fn what_cannot_be_planned_says_why() {
    let problem = || made::small(7);
    let wrong = |problem: &Problem| plan(problem).unwrap_err();
    let mut p = problem();
    p.candidates[0].removes = vec![99];
    assert!(matches!(wrong(&p), Wrong::Missing("candidate", _, "finding")));
    let mut p = problem();
    p.findings[0].weight = f64::NAN;
    assert_eq!(wrong(&p).code(), "plan-number");
    let mut p = problem();
    let last = p.candidates.len() - 1;
    p.candidates[0].needs = vec![last];
    p.candidates[last].needs = vec![0];
    assert_eq!(wrong(&p).to_string(), "candidate c00 needs itself, by way of others");
    let mut p = problem();
    p.horizon = p.now;
    assert_eq!(wrong(&p).code(), "plan-times");
    let mut p = problem();
    p.accepted = vec![Placement { candidate: 0, slot: Slot::Window(77) }];
    assert_eq!(wrong(&p).code(), "plan-member-missing");
    let mut p = problem();
    p.candidates[1].id = p.candidates[0].id.clone();
    assert_eq!(wrong(&p).to_string(), "two of the candidates are called c00");
    let mut p = problem();
    p.findings.clear();
    p.candidates.clear();
    p.accepted.clear();
    let empty = plan(&p).unwrap();
    assert_eq!((empty.batches.len(), empty.worth.objective, empty.worth.gap), (0, 0.0, 0.0));
}
