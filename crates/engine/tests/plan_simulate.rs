//! Ways of working over a time, reckoned by hand.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use trimtab_engine::plan::simulate::{Timeline, Way, alternatives, live, simulate};
use trimtab_model::Level;
use trimtab_model::plan::{Candidate, Finding, Problem, Team, Window};

fn at(day: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    start.checked_add((day * 24).hours()).unwrap()
}

/// Three windows of ten days with two points each. From the start: a low finding with the score 9 and one
/// update of two points; four medium ones with the score 5 that one update of two points removes.
/// On day 5: one that is *now*, one point.
fn example() -> Timeline {
    let finding = |id: &str, level, weight, now| Finding {
        id: id.into(),
        team: 0,
        level,
        weight,
        deadline: Some(at(12)),
        now,
        exploited: false,
        blocker: None,
    };
    let candidate = |id: &str, points, removes| Candidate {
        id: id.into(),
        team: 0,
        place: "one".into(),
        least: points,
        most: points,
        confidence: 1.0,
        removes,
        needs: Vec::new(),
        choice: None,
        quarantine: None,
    };
    let window = |w: i64| Window {
        name: format!("window {w}").into(),
        start: at(w * 10),
        end: at(w * 10 + 8),
        points: 2.0,
        least: Level::Low,
    };
    let mut findings = vec![finding("loud", Level::Low, 1.0, false)];
    findings.extend(["a", "b", "c", "d"].map(|id| finding(id, Level::Medium, 3.0, false)));
    findings.push(finding("fire", Level::Critical, 40.0, true));
    Timeline {
        problem: Problem {
            now: at(0),
            at_once: at(1),
            horizon: at(40),
            late: 1.0,
            zone: jiff::tz::TimeZone::UTC,
            teams: vec![Team {
                id: "web".into(),
                windows: (0..3).map(window).collect(),
                open_limit: None,
                open: 0,
            }],
            findings,
            candidates: vec![
                candidate("for loud", 2.0, vec![0]),
                candidate("for four", 2.0, vec![1, 2, 3, 4]),
                candidate("for fire", 1.0, vec![5]),
            ],
            accepted: Vec::new(),
            freezes: Vec::new(),
        },
        appears: vec![at(0), at(0), at(0), at(0), at(0), at(5)],
        available: vec![at(0), at(0), at(5)],
        severity: vec![9.0, 5.0, 5.0, 5.0, 5.0, 9.8],
        was: vec![Some(at(3)), None, None, None, None, Some(at(6))],
        ends: vec![None; 6],
        until: at(40),
    }
}

#[test]
fn ways_come_out_as_reckoned_by_hand() {
    let line = example();
    let load = |way| simulate(&line, way).unwrap().load_days;
    // Four in the first window (12 × 8), fire at once (40 × 1) from the second, loud in the third.
    assert_eq!(load(Way::Planned), 96.0 + 40.0 + 28.0);
    // Loud first (8); fire at once, out of the second window's points, so that the four go into the third
    // (12 × 28): the same rule as for the plan.
    assert_eq!(load(Way::SeverityFirst), 8.0 + 40.0 + 12.0 * 28.0);
    // One request for the four, worked from day 0 to 8 at two points in eight days. Fire at once (40 × 1), out of the
    // next point, which is day 10 to 14. Loud's first point is there on day 18, its second on day 24.
    assert_eq!(load(Way::PerAdvisory), 96.0 + 40.0 + 24.0);
    assert_eq!(load(Way::AsItWas), 3.0 + 12.0 * 40.0 + 40.0);

    let planned = simulate(&line, Way::Planned).unwrap();
    assert_eq!((planned.interruptions, planned.now, planned.most_a_week), (2, 1, 1));
    assert_eq!(planned.points, 5.0);
    // Loud misses its deadline.
    assert_eq!(planned.kept, (5, 1));
    let took = planned.remediation.unwrap();
    assert_eq!((took.median, took.most), (8.0, 28.0));
    assert_eq!(alternatives(&line).unwrap().len(), Way::ALL.len());
}

#[test]
fn a_request_that_came_to_nothing_had_asked_all_the_same() {
    let mut line = example();
    // The fourth has a cheaper action of its own, which is asked for; the action for all four comes first.
    let alone = Candidate {
        id: "for d alone".into(),
        least: 1.0,
        most: 1.0,
        removes: vec![4],
        ..line.problem.candidates[1].clone()
    };
    line.problem.candidates.push(alone);
    line.available.push(at(0));
    let is = simulate(&line, Way::PerAdvisory).unwrap();
    // For the four, for d, for loud; fire is *now*.
    assert_eq!((is.interruptions, is.most_a_week, is.now), (3, 3, 1));
    assert_eq!((is.points, is.load_days), (5.0, 160.0));
}

#[test]
fn what_one_way_of_a_choice_leaves_another_removes_later() {
    let mut line = example();
    // Two ways for the four: the nearer version has not the last one's fix.
    let near = Candidate {
        id: "for three".into(),
        least: 1.0,
        most: 1.0,
        removes: vec![1, 2, 3],
        choice: Some("the package".into()),
        ..line.problem.candidates[1].clone()
    };
    line.problem.candidates[1].choice = near.choice.clone();
    line.problem.candidates.push(near);
    line.available.push(at(0));
    // The last one appears when the nearer version is in production.
    line.appears[4] = at(9);
    let load = |way| simulate(&line, way).unwrap().load_days;
    // Three at once (9 × 8), fire (40), the last one in the third window (3 × 19); loud finds no two points.
    assert_eq!(load(Way::Planned), 72.0 + 40.0 + 57.0 + 40.0);
    // Loud (8), fire (40), three beside it in the second window (9 × 18), the last one in the third.
    assert_eq!(load(Way::SeverityFirst), 8.0 + 40.0 + 162.0 + 57.0);
    // Three until day 4, loud until 14, fire at once, whose point is worked until 18, the last one until 28.
    assert_eq!(load(Way::PerAdvisory), 36.0 + 14.0 + 40.0 + 57.0);
}

#[test]
fn a_window_takes_no_level_below_its_own_in_any_way_that_has_windows() {
    let mut line = example();
    line.problem.teams[0].windows.iter_mut().for_each(|window| window.least = Level::Medium);
    let load = |way| simulate(&line, way).unwrap().load_days;
    // Loud is low and stays (40); the four are done in the first window (12 × 8), fire at once.
    assert_eq!(load(Way::Planned), 40.0 + 96.0 + 40.0);
    assert_eq!(load(Way::SeverityFirst), 40.0 + 96.0 + 40.0);
    // A request waits for no window.
    assert_eq!(load(Way::PerAdvisory), 96.0 + 40.0 + 24.0);
}

#[test]
fn what_costs_more_than_any_window_takes_what_windows_leave_over() {
    let mut line = example();
    line.problem.candidates[1].least = 3.0;
    line.problem.candidates[1].most = 3.0;
    // Loud in the first window (8), which leaves nothing over; fire at once (40) out of the second, which leaves one
    // point; the third has two more for the four (12 × 28).
    for way in [Way::Planned, Way::SeverityFirst] {
        let is = simulate(&line, way).unwrap();
        assert_eq!((is.load_days, is.points), (8.0 + 40.0 + 336.0, 6.0), "{way:?}");
    }
    // What can be done only after it is no other way of the same.
    let after = Candidate {
        id: "after the four".into(),
        least: 1.0,
        most: 1.0,
        needs: vec![1],
        ..line.problem.candidates[1].clone()
    };
    let mut longer = line.clone();
    longer.problem.candidates.push(after);
    longer.available.push(at(0));
    assert_eq!(simulate(&longer, Way::Planned).unwrap().load_days, 8.0 + 40.0 + 336.0);
    // With nothing that waits for them, points are not saved: the four come too late for that.
    line.appears[1..5].fill(at(19));
    line.problem.candidates[0].least = 0.1;
    line.problem.candidates[0].most = 0.1;
    for way in [Way::Planned, Way::SeverityFirst] {
        assert_eq!(live(&line, way).unwrap().open, 4, "{way:?}");
    }
}

#[test]
fn what_is_later_than_is_looked_ahead_is_planned_when_its_time_comes() {
    let mut line = example();
    let (window, of) =
        (line.problem.teams[0].windows[0].clone(), line.problem.candidates[0].clone());
    let name = |n: usize| format!("{n:02}").into();
    line.problem.horizon = at(130);
    line.until = at(120);
    line.problem.teams[0].windows = (0..12)
        .map(|n| {
            let begin = i64::from(n) * 10;
            let (start, end) = (at(begin), at(begin + 8));
            Window { name: name(n as usize), start, end, ..window.clone() }
        })
        .collect();
    let finding = line.problem.findings[0].clone();
    line.problem.findings = (0..12).map(|n| Finding { id: name(n), ..finding.clone() }).collect();
    line.problem.candidates =
        (0..12).map(|n| Candidate { id: name(n), removes: vec![n], ..of.clone() }).collect();
    line.appears = vec![at(0); 12];
    line.available = vec![at(0); 12];
    line.severity = vec![5.0; 12];
    line.was = vec![None; 12];
    line.ends = vec![None; 12];
    let is = live(&line, Way::Planned).unwrap();
    // One in each window: the last in the one from day 110 to 118.
    assert_eq!((is.open, is.outcome.points), (0, 24.0));
    assert_eq!(is.gone.iter().max(), Some(&Some(at(118))));
}

#[test]
fn nothing_is_worked_on_for_what_was_given_up() {
    let mut line = example();
    // Loud comes first. Three are told of on day 1 and given up on day 7, before anybody comes to their request; the
    // last is told of on day 20, when its package is there again.
    line.appears[1..4].fill(at(1));
    line.ends[1..4].fill(Some(at(7)));
    line.appears[4] = at(20);
    let is = live(&line, Way::PerAdvisory).unwrap();
    // Loud is worked from day 0 to 8, fire from day 10 to 14 (and is at once through), the last from day 20 to 28.
    assert_eq!(is.outcome.load_days, 8.0 + 3.0 * 3.0 * 6.0 + 40.0 + 3.0 * 8.0);
    assert_eq!((is.outcome.interruptions, is.outcome.points, is.spared), (3, 5.0, 0));
}

/// Windows of ten days, and findings that each have an action of their own.
fn any_line() -> impl Strategy<Value = Timeline> {
    let actions = prop::collection::vec((1u8..=12, 0i64..60, 1u8..=4), 1..12);
    (prop::collection::vec(1u8..=4, 3..9), actions).prop_map(|(points, actions)| {
        let mut line = example();
        let window = line.problem.teams[0].windows[0].clone();
        let windows = points.iter().zip(0i64..).map(|(points, n)| Window {
            name: format!("{n}").into(),
            start: at(n * 10),
            end: at(n * 10 + 8),
            points: f64::from(*points),
            ..window.clone()
        });
        line.problem.teams[0].windows = windows.collect();
        line.problem.horizon = at(100);
        line.until = at(90);
        let (finding, candidate) = (&line.problem.findings[0], &line.problem.candidates[0]);
        let all = || actions.iter().enumerate();
        let findings = all().map(|(n, (_, _, weight))| Finding {
            id: format!("{n}").into(),
            weight: f64::from(*weight),
            ..finding.clone()
        });
        let candidates = all().map(|(n, (cost, _, _))| Candidate {
            id: format!("{n}").into(),
            least: f64::from(*cost),
            most: f64::from(*cost),
            removes: vec![n],
            ..candidate.clone()
        });
        let (findings, candidates) = (findings.collect(), candidates.collect());
        line.problem.findings = findings;
        line.problem.candidates = candidates;
        line.appears = all().map(|(_, (_, day, _))| at(*day)).collect();
        line.available = line.appears.clone();
        line.severity = all().map(|(_, (cost, _, _))| f64::from(*cost)).collect();
        line.was = vec![None; actions.len()];
        line.ends = vec![None; actions.len()];
        line
    })
}

proptest! {
    #[test]
    fn no_more_points_are_spent_than_windows_had_until_then(line in any_line()) {
        for way in [Way::Planned, Way::SeverityFirst] {
            let mut had = 0.0;
            for window in &line.problem.teams[0].windows {
                had += window.points;
                // What is asked for when this window begins is in it.
                let until = window.end;
                let is = simulate(&Timeline { until, ..line.clone() }, way).unwrap();
                prop_assert!(is.points <= had, "{way:?}: {} of {had} at {until}", is.points);
            }
        }
    }
}

#[test]
fn a_timeline_that_is_not_whole_says_so() {
    let mut line = example();
    line.appears.pop();
    assert_eq!(simulate(&line, Way::Planned).unwrap_err().code(), "plan-member-missing");
}
