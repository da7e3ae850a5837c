//! How far teams are in an incident, and how long it took them: cases by hand, and the laws over any events.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use trimtab_engine::incident::{Happened, Span, What, middle, stands, stands_in};

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-30T00:00:00Z".parse().unwrap();
    start.checked_add(minutes.minutes()).unwrap()
}

fn on(minutes: i64, team: i64, what: What) -> Happened {
    Happened { at: at(minutes), team: Some(team), what }
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn a_day_as_it_goes() {
    let events = [
        on(60, 1, What::Touched),
        on(75, 1, What::Acknowledged),
        on(90, 2, What::Touched),
        on(180, 1, What::Contained),
        on(600, 1, What::Fixed),
    ];
    let stands = stands(&events);
    assert_eq!(stands.iter().map(|s| s.team).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let one = stands[0].measures(Some(at(0)), false, at(700));
    assert_eq!(one.know, Span::Took(minutes(60)));
    assert_eq!(one.acknowledge, Span::Took(minutes(15)));
    assert_eq!(one.contain, Span::Took(minutes(120)));
    assert_eq!(one.fix, Span::Took(minutes(540)));
    let two = stands[1].measures(None, false, at(700));
    assert!(matches!(two.know, Span::Unknown(_)), "nobody said when it was published");
    assert_eq!(two.acknowledge, Span::Runs(minutes(610)), "not zero, and not over");
    assert_eq!(middle([one.acknowledge, two.acknowledge]), Some(minutes(15)));
    assert_eq!(middle([two.acknowledge]), None, "unknown is not zero");
}

#[test]
fn what_comes_back_is_neither_gone_nor_contained() {
    let mut events = vec![on(0, 1, What::Touched), on(10, 1, What::Fixed)];
    let gone = stands(&events)[0];
    assert_eq!((gone.acknowledged, gone.contained), (Some(at(10)), Some(at(10))));
    events.push(on(20, 1, What::Returned));
    let back = stands(&events)[0];
    assert_eq!((back.acknowledged, back.contained, back.fixed), (Some(at(10)), None, None));
    events.push(on(50, 1, What::Fixed));
    assert_eq!(stands(&events)[0].measures(None, true, at(99)).fix, Span::Took(minutes(50)));
}

#[test]
fn who_gave_it_away_did_not_fix_it() {
    let mut events =
        vec![on(0, 1, What::Touched), on(10, 1, What::Handed), on(10, 2, What::Touched)];
    assert_eq!(stands(&events).iter().map(|s| s.team).collect::<Vec<_>>(), [Some(2)]);
    events.push(on(20, 1, What::Touched));
    assert_eq!(stands(&events)[1].touched, at(20), "what comes again is new");
}

#[test]
fn a_drill_tells_nothing_of_knowing() {
    let stand = stands(&[on(0, 1, What::Touched)])[0];
    assert!(matches!(stand.measures(Some(at(-900)), true, at(1)).know, Span::Unknown(_)));
}

#[test]
fn what_is_gone_from_one_environment_is_in_another_still() {
    let events = [
        ("staging", on(0, 1, What::Touched)),
        ("production", on(0, 1, What::Touched)),
        ("production", on(5, 1, What::Contained)),
        ("staging", on(30, 1, What::Fixed)),
        ("staging", on(40, 1, What::Returned)),
        ("production", on(60, 1, What::Fixed)),
    ];
    let told = stands_in(events);
    assert_eq!(told.keys().copied().collect::<Vec<_>>(), ["production", "staging"]);
    let production = told["production"][0].measures(None, false, at(99));
    assert_eq!(production.contain, Span::Took(minutes(5)));
    assert_eq!(production.fix, Span::Took(minutes(60)));
    let staging = told["staging"][0].measures(None, false, at(99));
    assert_eq!((staging.contain, staging.fix), (Span::Runs(minutes(99)), Span::Runs(minutes(99))));
    assert!(stands_in([]).is_empty(), "of what nothing is told, nothing is said");
}

fn events() -> impl Strategy<Value = Vec<Happened>> {
    let one = (0i64..500, 0i64..4, 0usize..5).prop_map(|(minute, team, what)| Happened {
        at: at(minute),
        team: (team > 0).then_some(team),
        what: What::ALL[what],
    });
    prop::collection::vec(one, 0..40)
}

proptest! {
    /// The order in which events are heard of changes nothing, nor does hearing of one twice; no team stands there
    /// that was not touched, each once; moments are in order, and no time is negative.
    #[test]
    fn laws(all in events(), turn in 0usize..40, twice in 0usize..40) {
        let told = stands(&all);
        let mut other = all.clone();
        if !other.is_empty() {
            let length = other.len();
            other.rotate_left(turn % length);
            other.push(other[twice % length]);
        }
        prop_assert_eq!(&told, &stands(&other));
        for stand in &told {
            let begins = |e: &Happened| matches!(e.what, What::Touched | What::Returned);
            let first = all.iter().filter(|e| e.team == stand.team && begins(e)).map(|e| e.at).min();
            prop_assert_eq!(Some(stand.touched), first);
            prop_assert_eq!(told.iter().filter(|s| s.team == stand.team).count(), 1);
            let after = |a: Option<Timestamp>, b: Option<Timestamp>| b.is_none_or(|b| a.is_some_and(|a| a <= b));
            prop_assert!(after(Some(stand.touched), stand.acknowledged));
            prop_assert!(after(stand.acknowledged, stand.contained));
            prop_assert!(after(stand.contained, stand.fixed));
            let is = stand.measures(Some(at(250)), false, at(600));
            for span in [is.know, is.acknowledge, is.contain, is.fix] {
                let (Span::Took(length) | Span::Runs(length)) = span else { continue };
                prop_assert!(!length.is_negative());
            }
        }
    }

    /// An environment is told of its own events alone: as they would be told without the others.
    #[test]
    fn environments_know_nothing_of_each_other(all in events(), of in prop::collection::vec(0usize..3, 40)) {
        const NAMES: [&str; 3] = ["production", "staging", "test"];
        let named: Vec<(&str, Happened)> = all.iter().zip(&of).map(|(e, n)| (NAMES[*n], *e)).collect();
        let told = stands_in(named.iter().copied());
        for name in NAMES {
            let own: Vec<Happened> = named.iter().filter(|(n, _)| *n == name).map(|(_, e)| *e).collect();
            let held = told.get(name).cloned().unwrap_or_default();
            prop_assert_eq!(held, stands(&own));
        }
    }
}
