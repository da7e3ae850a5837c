//! Measures: a hand-reckoned example, and laws over made histories.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use jiff::Timestamp;
use proptest::prelude::*;
use trimtab_engine::measure::{
    Assessed, Cause, Counted, Event, Flow, Happened, Lives, Noise, Share, Telling, Word, a_week,
    attainment, backlog, flow, interruptions, legs, load_by_day, load_days, members, moves, noise,
    notices, remediation, spread,
};
use trimtab_model::Level;

const DAY: i64 = 86_400;

/// Noon of a day.
fn noon(day: i64) -> Timestamp {
    Timestamp::from_second(day * DAY + DAY / 2).unwrap()
}

fn midnight(day: i64) -> Timestamp {
    Timestamp::from_second(day * DAY).unwrap()
}

fn event(day: i64, asset: i64, finding: Option<i64>, what: Happened) -> Event {
    Event { at: noon(day), what, system: Some(7), asset: Some(asset), finding }
}

fn weighed(level: Level, weight: f64, due: Option<i64>, decision: Option<i64>) -> Happened {
    Happened::Assessed(Assessed {
        level: Some(level),
        weight,
        production: Some(true),
        deadline: due.map(noon),
        decision,
    })
}

/// Day 10: a snapshot brings finding 1 (high, weight 8, due day 20). Day 12: an advisory brings finding 2
/// (low, weight 2, due day 15). Day 16: 1 is merged; day 18: deployed, so that 1 is gone. Day 19: 2 is
/// accepted by decision 5; day 25 that ends. Day 28: a roll-back brings 1 back.
fn example() -> Lives {
    let mut lives = Lives::default();
    let told = [
        event(10, 1, None, Happened::Received),
        event(10, 1, Some(1), Happened::Detected("CVE-1".into())),
        event(10, 1, Some(1), weighed(Level::High, 8.0, Some(20), None)),
        event(12, 1, Some(2), Happened::Detected("CVE-2".into())),
        event(12, 1, Some(2), weighed(Level::Low, 2.0, Some(15), None)),
        event(16, 1, None, Happened::Received),
        event(16, 1, Some(1), Happened::Merged),
        event(18, 1, None, Happened::Deployed),
        event(18, 1, Some(1), Happened::Fixed),
        event(19, 1, Some(2), weighed(Level::Low, 2.0, Some(15), Some(5))),
        event(25, 1, Some(2), weighed(Level::Low, 2.0, Some(15), None)),
        event(28, 1, None, Happened::Deployed),
        event(28, 1, Some(1), Happened::Regressed),
        event(28, 1, Some(1), weighed(Level::High, 8.0, Some(38), None)),
    ];
    told.iter().for_each(|e| lives.tell(e));
    lives
}

#[test]
fn what_an_asset_carries_goes_with_it_to_another_system() {
    let mut lives = example();
    assert!(lives.iter().all(|life| life.system == Some(7)));
    let moved = |asset| Event { system: Some(8), ..event(29, asset, None, Happened::Belongs) };
    lives.tell(&moved(2));
    assert!(lives.iter().all(|life| life.system == Some(7)), "another asset moved");
    lives.tell(&moved(1));
    assert!(lives.iter().all(|life| life.system == Some(8)));
    assert_eq!(lives.iter().count(), 2);
}

#[test]
fn the_example_comes_out_as_reckoned_by_hand() {
    let lives = example();
    let loads: Vec<f64> = load_by_day(lives.iter(), 9, 30).iter().map(|d| d.load).collect();
    let mut expected = vec![0.0, 8.0, 8.0];
    expected.extend([10.0; 6]); // 12 to 17
    expected.push(2.0); // 18
    expected.extend([0.0; 6]); // 19 to 24
    expected.extend([2.0; 3]); // 25 to 27
    expected.extend([10.0; 3]);
    assert_eq!(loads, expected);
    let last = load_by_day(lives.iter(), 30, 30)[0];
    assert_eq!((last.levels, last.unknown), ([1, 0, 1, 0], 0));

    // 8 for 8 days, 2 for 7 days and from noon of 25 to midnight of 30, 8 from noon of 28.
    let sum = load_days(lives.iter(), midnight(0), midnight(30));
    assert!((sum - (8.0 * 8.0 + 2.0 * 7.0 + 2.0 * 4.5 + 8.0 * 1.5)).abs() < 1e-9, "{sum}");

    let took = remediation(lives.iter(), None, midnight(0), midnight(30)).unwrap();
    assert_eq!((took.count, took.median, took.p90), (1, 8.0, 8.0));
    assert_eq!(remediation(lives.iter(), Some(Level::Low), midnight(0), midnight(30)), None);
    let legs = legs(lives.iter(), midnight(0), midnight(30));
    assert_eq!((legs.merge.unwrap().median, legs.deploy.unwrap().median), (6.0, 2.0));

    // 1 was gone in time, 2 was not.
    let kept = attainment(lives.iter(), midnight(0), midnight(30));
    assert_eq!((kept.met, kept.missed, kept.share()), (1, 1, Some(0.5)));
    assert_eq!(attainment(lives.iter(), midnight(0), midnight(5)).share(), None);

    let age = backlog(lives.iter(), noon(29));
    assert_eq!((age.spread.unwrap().count, age.bands), (2, [1, 1, 0, 0]));
    let all = flow(lives.iter(), midnight(0), midnight(30));
    assert_eq!(all, Flow { found: 3, fixed: 1, retracted: 0 });

    let told: Vec<_> =
        moves(lives.iter(), 0, 30, 9).into_iter().map(|m| (m.day, m.by, m.cause)).collect();
    assert_eq!(
        told,
        [
            (10, 8.0, Cause::Snapshot),
            (12, 2.0, Cause::Advisory),
            (18, -8.0, Cause::Deployment),
            (19, -2.0, Cause::Decision(5)),
            (25, 2.0, Cause::DecisionEnded(5)),
            (28, 8.0, Cause::Regression),
        ]
    );
    assert_eq!(moves(lives.iter(), 0, 30, 2).len(), 2);
}

#[test]
fn what_came_where_it_runs_alone_was_merged_by_nobody() {
    let mut lives = example();
    lives.tell(&event(28, 1, Some(1), Happened::Merged));
    lives.tell(&event(29, 1, Some(1), Happened::Fixed));
    let (from, to) = (midnight(28), midnight(30));
    assert_eq!(remediation(lives.iter(), None, from, to).unwrap().count, 1);
    let of = legs(lives.iter(), from, to);
    assert_eq!((of.merge, of.deploy), (None, None));
    assert_eq!(members(lives.iter(), Counted::Merged, from, to).len(), 0);
}

/// Due on day 20 and fixed on day 18; back on another day, and gone on a third.
#[test]
fn what_comes_back_soon_goes_on_with_its_term_and_was_not_fixed() {
    let told = |back: i64, gone: i64| {
        let mut lives = Lives::default();
        lives.tell(&event(10, 1, Some(1), Happened::Detected("CVE-1".into())));
        lives.tell(&event(10, 1, Some(1), weighed(Level::High, 8.0, Some(20), None)));
        lives.tell(&event(18, 1, Some(1), Happened::Fixed));
        lives.tell(&event(back, 1, Some(1), Happened::Resumed(noon(10))));
        lives.tell(&event(back, 1, Some(1), weighed(Level::High, 8.0, Some(20), None)));
        lives.tell(&event(gone, 1, Some(1), Happened::Fixed));
        lives
    };
    let kept = |lives: &Lives, from: i64, to: i64| {
        let kept = attainment(lives.iter(), midnight(from), midnight(to));
        (kept.met, kept.missed)
    };
    let took = |lives: &Lives, to: i64| {
        remediation(lives.iter(), None, midnight(0), midnight(to)).map(|s| (s.count, s.most))
    };
    // Back and gone again before the deadline: met once, after nine days and not after eight.
    let lives = told(18, 19);
    assert_eq!((kept(&lives, 0, 30), took(&lives, 30)), ((1, 0), Some((1, 9.0))));
    // Back before the deadline, and there when it passes: the first fix kept nothing.
    let lives = told(19, 25);
    assert_eq!((kept(&lives, 0, 30), took(&lives, 30)), ((0, 1), Some((1, 15.0))));
    assert_eq!((kept(&lives, 0, 19), took(&lives, 19)), ((1, 0), Some((1, 8.0))), "not yet back");
    assert_eq!(backlog(lives.iter(), noon(22)).spread.unwrap().most, 12.0);
    // The deadline passed while it was gone: it is late as soon as it is back.
    let lives = told(24, 25);
    assert_eq!((kept(&lives, 0, 24), kept(&lives, 24, 25)), ((1, 0), (0, 1)));
    let flows = |from: i64, to: i64| {
        let is = flow(lives.iter(), midnight(from), midnight(to));
        let found = members(lives.iter(), Counted::Found, midnight(from), midnight(to));
        let gone = members(lives.iter(), Counted::Gone, midnight(from), midnight(to));
        assert_eq!((found.len(), gone.len()), (is.found, is.fixed));
        (is.found, is.fixed)
    };
    assert_eq!(flows(0, 30), (1, 1), "what was taken back was neither gone nor found again");
    assert_eq!((flows(0, 20), flows(20, 30)), ((1, 1), (1, 1)));
    // What was missed before it came back is not missed again.
    let mut lives = told(19, 25);
    lives.tell(&event(26, 1, Some(1), Happened::Resumed(noon(10))));
    lives.tell(&event(26, 1, Some(1), weighed(Level::High, 8.0, Some(20), None)));
    assert_eq!((kept(&lives, 0, 30), took(&lives, 30)), ((0, 1), None));
}

#[test]
fn the_findings_behind_the_numbers_are_those_of_the_example() {
    let lives = example();
    let of = |what, from, to| -> Vec<i64> {
        members(lives.iter(), what, midnight(from), midnight(to))
            .iter()
            .map(|m| m.life.finding)
            .collect()
    };
    assert_eq!(of(Counted::Counting, 0, 13), [1, 2]);
    assert_eq!(of(Counted::CountingAt(Some(Level::Low)), 0, 13), [2]);
    assert_eq!(of(Counted::CountingAt(None), 0, 13), [0_i64; 0]);
    assert_eq!(of(Counted::Counting, 0, 19), [2]);
    assert_eq!(of(Counted::Found, 0, 30), [1, 1, 2], "the one that came back is found twice");
    assert_eq!(of(Counted::Found, 12, 13), [2]);
    assert_eq!(of(Counted::Remediated(Some(Level::High)), 0, 30), [1]);
    assert_eq!(of(Counted::Remediated(Some(Level::Low)), 0, 30), [0_i64; 0]);
    assert_eq!((of(Counted::Met, 0, 30), of(Counted::Missed, 0, 30)), (vec![1], vec![2]));
    assert_eq!(of(Counted::Due, 0, 30), [1, 2]);
    let days = members(lives.iter(), Counted::Merged, midnight(0), midnight(30));
    assert_eq!((days.len(), days[0].value, days[0].at), (1, 8.0, noon(18)));
}

/// A team is asked twice within an hour, an hour later, and *now*; what nobody owns interrupts nobody.
#[test]
fn noise_is_what_teams_are_asked_outside_of_now() {
    let at = |minutes: i64| Timestamp::from_second(10 * DAY + minutes * 60).unwrap();
    let telling = |minutes, word, team, now, update| Telling {
        at: at(minutes),
        word,
        team,
        system: Some(7),
        asset: Some(1),
        now,
        about: "x".into(),
        update,
    };
    let all = [
        telling(5, Word::Plan, Some(1), false, None),
        telling(5, Word::Plan, Some(1), true, None),
        telling(50, Word::Request, Some(1), false, Some(3)),
        telling(61, Word::Request, Some(1), true, Some(4)),
        telling(61, Word::Request, Some(2), false, Some(5)),
        telling(62, Word::Request, Some(2), false, Some(5)),
        telling(200, Word::Request, None, false, Some(6)),
        telling(300, Word::Finding, Some(1), false, None),
        telling(300, Word::Finding, Some(1), false, None),
        telling(9000, Word::Request, Some(1), false, Some(7)),
    ];
    let is = noise(all.iter(), at(0), at(1440));
    assert_eq!(is, Noise { interruptions: 2, now: 1, requests: 4, notices: 2 });
    let asked = interruptions(all.iter(), at(0), at(1440));
    assert_eq!((asked[0].at, asked[0].asked.len(), asked[0].now), (at(5), 3, false));
    let told = notices(all.iter(), at(0), at(1440));
    assert_eq!(told.iter().map(|n| n.told.len()).collect::<Vec<_>>(), [2, 2]);
    // Two teams in a day: a seventh of a week.
    assert_eq!(a_week(is, 2, at(0), at(1440)), Some(7.0));
    assert_eq!(a_week(is, 0, at(0), at(1440)), None);
    assert_eq!(a_week(is, 2, at(0), at(0)), None);
}

#[test]
fn what_is_not_weighed_is_unknown_and_never_zero() {
    let mut lives = Lives::default();
    lives.tell(&event(3, 1, Some(1), Happened::Detected("X".into())));
    let day = load_by_day(lives.iter(), 3, 3)[0];
    assert_eq!((day.load, day.levels, day.unknown), (0.0, [0; 4], 1));
    lives.tell(&event(4, 1, Some(1), Happened::Moved(Some(false))));
    assert_eq!(load_by_day(lives.iter(), 4, 4)[0].unknown, 0);
}

#[test]
fn a_ledger_that_begins_in_the_middle_is_read() {
    let mut lives = Lives::default();
    for what in [Happened::Merged, Happened::Fixed, Happened::Retracted, Happened::Regressed] {
        lives.tell(&event(3, 1, Some(1), what));
    }
    assert!(load_by_day(lives.iter(), 0, 20_000).len() <= 10_000);
}

/// One step of a made history: days later, which finding, and what.
fn step() -> impl Strategy<Value = (i64, i64, u8, u8)> {
    (0i64..4, 1i64..6, 0u8..9, 1u8..50)
}

/// What counts after a day: finding and weight.
type Counting = (i64, Vec<(i64, f64)>);

/// A history as a ledger would have it, and its naive model: (finding, weight, counts) after each step.
fn made(steps: &[(i64, i64, u8, u8)]) -> (Lives, Vec<Counting>) {
    use std::collections::BTreeMap;
    let mut lives = Lives::default();
    let mut now: BTreeMap<i64, (bool, bool, f64)> = BTreeMap::new();
    let (mut day, mut told) = (0, Vec::new());
    for (later, finding, what, weight) in steps {
        day += later;
        let weight = f64::from(*weight);
        let mut say = |what| lives.tell(&event(day, 1, Some(*finding), what));
        let held = now.get(finding).copied();
        match (what, held) {
            (0..=3, None) => {
                say(Happened::Detected("V".into()));
                say(weighed(Level::High, weight, Some(day + 3), None));
                now.insert(*finding, (true, true, weight));
            }
            (0..=3, Some((false, ..))) => {
                say(Happened::Regressed);
                say(weighed(Level::High, weight, Some(day + 3), None));
                now.insert(*finding, (true, true, weight));
            }
            (4, Some((true, ..))) => {
                say(Happened::Fixed);
                now.insert(*finding, (false, false, 0.0));
            }
            (5, Some((true, ..))) => {
                say(weighed(Level::Low, weight, None, Some(1)));
                now.insert(*finding, (true, false, weight));
            }
            (6, Some((true, ..))) => {
                say(weighed(Level::Low, weight, None, None));
                now.insert(*finding, (true, true, weight));
            }
            (7, Some((true, ..))) => say(Happened::Merged),
            _ => {}
        }
        let counts = now.iter().filter(|(_, n)| n.1).map(|(f, n)| (*f, n.2)).collect();
        told.push((day, counts));
    }
    (lives, told)
}

#[test]
fn what_is_said_of_a_deadline_later_changes_nothing_that_has_passed() {
    let told = |more: &[Event]| {
        let mut lives = Lives::default();
        lives.tell(&event(10, 1, Some(1), Happened::Detected("CVE-1".into())));
        lives.tell(&event(10, 1, Some(1), weighed(Level::High, 8.0, Some(20), None)));
        more.iter().for_each(|e| lives.tell(e));
        let kept = |from: i64, to: i64| {
            let kept = attainment(lives.iter(), midnight(from), midnight(to));
            (kept.met, kept.missed)
        };
        (kept(0, 25), kept(25, 60))
    };
    let due =
        |day: i64, due: i64| event(day, 1, Some(1), weighed(Level::Low, 2.0, Some(due), None));
    let gone = event(40, 1, Some(1), Happened::Fixed);
    assert_eq!(told(&[]), ((0, 1), (0, 0)));
    assert_eq!(told(&[due(26, 50), gone.clone()]), ((0, 1), (0, 0)), "loosened too late");
    assert_eq!(told(&[due(15, 50), gone]), ((0, 0), (1, 0)), "loosened in time");
    assert_eq!(told(&[due(18, 12)]), ((0, 1), (0, 0)), "drawn forward to a day that was over");
}

proptest! {
    #[test]
    fn what_does_not_touch_a_time_adds_nothing_to_it(
        steps in prop::collection::vec(step(), 0..60), from in 0i64..200, length in 0i64..60
    ) {
        let (lives, _) = made(&steps);
        let (first, last) = (from, from + length);
        let (from, to) = (midnight(first), midnight(last + 1));
        let few = || lives.iter().filter(|life| life.touches(from, to));
        let all = || lives.iter();
        for level in [None, Some(Level::High), Some(Level::Low)] {
            prop_assert_eq!(remediation(few(), level, from, to), remediation(all(), level, from, to));
        }
        prop_assert_eq!(legs(few(), from, to), legs(all(), from, to));
        prop_assert_eq!(attainment(few(), from, to), attainment(all(), from, to));
        prop_assert_eq!(flow(few(), from, to), flow(all(), from, to));
        prop_assert_eq!(backlog(few(), to), backlog(all(), to));
        prop_assert_eq!(load_by_day(few(), last, last), load_by_day(all(), last, last));
        prop_assert!((load_days(few(), from, to) - load_days(all(), from, to)).abs() < 1e-9);
        prop_assert!(few().count() <= all().count());
    }

    #[test]
    fn the_load_of_a_day_is_the_sum_of_what_counts_then(
        steps in prop::collection::vec(step(), 0..60)
    ) {
        let (lives, told) = made(&steps);
        for loads in load_by_day(lives.iter(), 0, 250) {
            let then = told.iter().rev().find(|(day, _)| *day <= loads.day);
            let expected: f64 = then.map_or(0.0, |(_, c)| c.iter().map(|(_, w)| w).sum());
            prop_assert!((loads.load - expected).abs() < 1e-9, "{loads:?} {expected}");
            let counted = then.map_or(0, |(_, c)| c.len() as i64);
            prop_assert_eq!(loads.levels.iter().sum::<i64>() + loads.unknown, counted);
        }
    }

    #[test]
    fn without_a_finding_the_load_is_never_higher(
        steps in prop::collection::vec(step(), 1..60), gone in 1i64..6
    ) {
        let (lives, _) = made(&steps);
        let rest = || lives.iter().filter(|l| l.finding != gone);
        let all = load_by_day(lives.iter(), 0, 250);
        for (less, all) in load_by_day(rest(), 0, 250).iter().zip(&all) {
            prop_assert!(less.load <= all.load + 1e-9);
        }
        let (from, to) = (midnight(0), midnight(250));
        prop_assert!(load_days(rest(), from, to) <= load_days(lives.iter(), from, to) + 1e-9);
    }

    #[test]
    fn the_moves_sum_up_to_the_change(steps in prop::collection::vec(step(), 0..60)) {
        let (lives, _) = made(&steps);
        let sum: f64 = moves(lives.iter(), 0, 250, usize::MAX).iter().map(|m| m.by).sum();
        prop_assert!((sum - load_by_day(lives.iter(), 250, 250)[0].load).abs() < 1e-9);
    }

    #[test]
    fn load_days_add_up(steps in prop::collection::vec(step(), 0..60), cut in 0i64..250) {
        let (lives, _) = made(&steps);
        let whole = load_days(lives.iter(), midnight(0), midnight(250));
        let parts = load_days(lives.iter(), midnight(0), noon(cut))
            + load_days(lives.iter(), noon(cut), midnight(251))
            - load_days(lives.iter(), midnight(250), midnight(251));
        prop_assert!((whole - parts).abs() < 1e-6, "{whole} {parts}");
    }

    #[test]
    fn deadlines_are_counted_once(steps in prop::collection::vec(step(), 0..60), cut in 0i64..250) {
        let (lives, _) = made(&steps);
        let whole = attainment(lives.iter(), midnight(0), midnight(300));
        let a = attainment(lives.iter(), midnight(0), noon(cut));
        let b = attainment(lives.iter(), noon(cut), midnight(300));
        prop_assert_eq!((whole.met, whole.missed), (a.met + b.met, a.missed + b.missed));
    }

    #[test]
    fn a_list_has_as_many_rows_as_its_number_says(
        steps in prop::collection::vec(step(), 0..60), from in 0i64..200, length in 1i64..60
    ) {
        let (lives, _) = made(&steps);
        let (from, to) = (midnight(from), midnight(from + length));
        let rows = |what| members(lives.iter(), what, from, to).len();
        let flow = flow(lives.iter(), from, to);
        prop_assert_eq!(rows(Counted::Found), flow.found);
        prop_assert_eq!(rows(Counted::Fixed), flow.fixed);
        prop_assert_eq!(rows(Counted::Gone), flow.fixed + flow.retracted);
        let kept = attainment(lives.iter(), from, to);
        prop_assert_eq!((rows(Counted::Met), rows(Counted::Missed)), (kept.met, kept.missed));
        prop_assert_eq!(rows(Counted::Due), kept.met + kept.missed);
        for level in [None, Some(Level::High), Some(Level::Low)] {
            let took = remediation(lives.iter(), level, from, to).map_or(0, |s| s.count);
            prop_assert_eq!(rows(Counted::Remediated(level)), took);
        }
        let merged = legs(lives.iter(), from, to).merge.map_or(0, |s| s.count);
        prop_assert_eq!(rows(Counted::Merged), merged);
        let age = backlog(lives.iter(), to);
        for (band, number) in age.bands.iter().enumerate() {
            prop_assert_eq!(rows(Counted::Backlog(Some(band))), *number);
        }
        let last = to.as_second() / DAY - 1;
        let day = load_by_day(lives.iter(), last, last)[0];
        let counting = members(lives.iter(), Counted::Counting, from, to);
        prop_assert_eq!(counting.len() as i64, day.levels.iter().sum::<i64>() + day.unknown);
        let load: f64 = counting.iter().map(|m| m.value).sum();
        prop_assert!((load - day.load).abs() < 1e-6, "{load} {day:?}");
        prop_assert_eq!(rows(Counted::CountingAt(Some(Level::High))) as i64, day.levels[2]);
        let carried = members(lives.iter(), Counted::LoadDays, from, to);
        let sum: f64 = carried.iter().map(|m| m.value).sum();
        prop_assert!((sum - load_days(lives.iter(), from, to)).abs() < 1e-6);
    }

    #[test]
    fn the_median_lies_between(values in prop::collection::vec(0.0f64..1e6, 0..40)) {
        match spread(values.clone()) {
            None => prop_assert!(values.is_empty()),
            Some(s) => {
                prop_assert!(s.least <= s.median && s.median <= s.p90 && s.p90 <= s.most);
                prop_assert!(values.contains(&s.median) && s.count == values.len());
            }
        }
    }

    #[test]
    fn shares_stand_in_order(steps in prop::collection::vec(step(), 0..60)) {
        let (lives, _) = made(&steps);
        for life in lives.iter() {
            prop_assert!(life.changes.windows(2).all(|w| w[0].at <= w[1].at));
            prop_assert!(life.changes.windows(2).all(|w| w[0].share != w[1].share));
            prop_assert!(life.changes.first().is_none_or(|c| c.share != Share::Nothing));
        }
    }
}
