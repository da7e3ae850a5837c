//! Who is on duty: somebody at each moment, and one turn.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::civil::{Date, Time, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use trimtab_engine::rota::{Cover, Rota, Turn};

fn berlin() -> Rota {
    Rota {
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        people: vec![1, 2, 3],
        first: date(2026, 3, 2),
        days: 7,
        at: time(9, 0, 0, 0),
        covers: Vec::new(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn it_goes_round_at_the_time_of_the_teams_clock() {
    let rota = berlin();
    let who = |text: &str| rota.turn(at(text)).unwrap().person;
    assert_eq!(who("2026-03-02T07:59:59Z"), 3, "before the first day it goes round backwards");
    assert_eq!(who("2026-03-02T08:00:00Z"), 1);
    assert_eq!(who("2026-03-09T07:59:59Z"), 1);
    assert_eq!(who("2026-03-09T08:00:00Z"), 2);
    // The clock is set forward on March 29: nine o'clock is an hour earlier by the world's.
    let turn = rota.turn(at("2026-03-25T12:00:00Z")).unwrap();
    assert_eq!((turn.starts, turn.ends), (at("2026-03-23T08:00:00Z"), at("2026-03-30T07:00:00Z")));
    assert_eq!(turn.ends.duration_since(turn.starts), SignedDuration::from_hours(7 * 24 - 1));
    // And back on October 25.
    let turn = rota.turn(at("2026-10-21T12:00:00Z")).unwrap();
    assert_eq!(turn.ends.duration_since(turn.starts), SignedDuration::from_hours(7 * 24 + 1));
}

#[test]
fn a_hand_over_that_the_clock_skips_is_when_it_has_passed() {
    let rota = Rota { at: time(2, 30, 0, 0), days: 1, first: date(2026, 3, 28), ..berlin() };
    let turn = rota.turn(at("2026-03-28T12:00:00Z")).unwrap();
    assert_eq!(turn.ends, at("2026-03-29T01:30:00Z"), "half past three by the new time");
    assert_eq!(rota.turn(turn.ends).unwrap().person, 2);
}

#[test]
fn others_take_days_and_are_asked_in_their_place() {
    let cover = Cover { from: date(2026, 3, 4), until: date(2026, 3, 6), person: 9 };
    let rota = Rota { covers: vec![cover], ..berlin() };
    let turns = rota.turns(at("2026-03-02T08:00:00Z"), at("2026-03-16T08:00:00Z"));
    let told: Vec<(i64, Option<i64>, Timestamp)> =
        turns.iter().map(|is| (is.person, is.instead_of, is.starts)).collect();
    let expected = [
        (1, None, at("2026-03-02T08:00:00Z")),
        (9, Some(1), at("2026-03-04T08:00:00Z")),
        (1, None, at("2026-03-06T08:00:00Z")),
        (2, None, at("2026-03-09T08:00:00Z")),
    ];
    assert_eq!(told, expected);
    assert_eq!(rota.order(at("2026-03-03T08:00:00Z")), [1, 2, 3]);
    assert_eq!(rota.order(at("2026-03-05T08:00:00Z")), [9, 2, 3, 1], "whose turn was taken, last");
    assert_eq!(rota.order(at("2026-03-10T08:00:00Z")), [2, 3, 1]);
    // Who takes their own turn takes nothing.
    let own = Cover { person: 1, ..cover };
    let rota = Rota { covers: vec![own], ..berlin() };
    assert_eq!(rota.turn(at("2026-03-05T08:00:00Z")).unwrap().instead_of, None);
    let turns = rota.turns(at("2026-03-02T08:00:00Z"), at("2026-03-09T08:00:00Z"));
    assert_eq!(turns.len(), 1, "{turns:?}");
    let nobody = Rota { people: Vec::new(), ..berlin() };
    assert_eq!(nobody.turn(at("2026-03-05T08:00:00Z")), None);
    assert_eq!(nobody.order(at("2026-03-05T08:00:00Z")), Vec::<i64>::new());
}

fn day(by: i32) -> Date {
    date(2026, 1, 1).checked_add(by.days()).unwrap()
}

prop_compose! {
    fn any_cover()(from in -60i32..500, long in 1i32..40, person in 1i64..9) -> Cover {
        Cover { from: day(from), until: day(from + long), person }
    }
}

prop_compose! {
    fn any_rota()(
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia",
            "America/Sao_Paulo", "Asia/Kathmandu",
        ]),
        count in 1i64..6, first in -40i32..400, days in 1u16..30,
        (hour, minute) in (0i8..24, 0i8..60),
        covers in prop::collection::vec(any_cover(), 0..6),
    ) -> Rota {
        let zone = TimeZone::get(zone).unwrap();
        let people = (1..=count).collect();
        let at = Time::constant(hour, minute, 0, 0);
        Rota { zone, people, first: day(first), days, at, covers }
    }
}

proptest! {
    /// At each moment there is one turn: that which holds the moment, the same one wherever in it one asks.
    #[test]
    fn somebody_has_each_moment(rota in any_rota(), second in 0i64..40_000_000) {
        let now = Timestamp::from_second(1_767_225_600 + second).unwrap();
        let turn = rota.turn(now).unwrap();
        prop_assert!(turn.starts <= now && now < turn.ends, "{turn:?} at {now}");
        prop_assert_eq!(rota.turn(turn.starts), Some(turn));
        let last = turn.ends.checked_sub(SignedDuration::from_nanos(1)).unwrap();
        prop_assert_eq!(rota.turn(last), Some(turn));
        let next: Turn = rota.turn(turn.ends).unwrap();
        prop_assert_eq!(next.starts, turn.ends);
        let known = rota.people.contains(&turn.person)
            || rota.covers.iter().any(|is| is.person == turn.person);
        prop_assert!(known);
    }

    /// Turns follow each other without a gap, and each moment's is among them.
    #[test]
    fn turns_follow_each_other(rota in any_rota(), second in 0i64..30_000_000, inside in 0i64..9_000_000) {
        let from = Timestamp::from_second(1_767_225_600 + second).unwrap();
        let until = from + SignedDuration::from_hours(24 * 120);
        let all = rota.turns(from, until);
        prop_assert!(all.first().unwrap().starts <= from);
        prop_assert!(all.last().unwrap().ends >= until);
        prop_assert!(all.windows(2).all(|two| two[0].ends == two[1].starts));
        let at = from + SignedDuration::from_secs(inside);
        let holds: Vec<&Turn> = all.iter().filter(|is| is.starts <= at && at < is.ends).collect();
        prop_assert_eq!(holds.len(), 1);
        prop_assert_eq!(holds[0].person, rota.turn(at).unwrap().person);
    }

    /// Who is on duty is asked first, and everybody once.
    #[test]
    fn everybody_is_asked_once(rota in any_rota(), second in 0i64..30_000_000) {
        let at = Timestamp::from_second(1_767_225_600 + second).unwrap();
        let mut all = rota.order(at);
        prop_assert_eq!(all.first().copied(), rota.turn(at).map(|is| is.person));
        prop_assert!(rota.people.iter().all(|is| all.contains(is)));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), count);
    }

    /// Without covers, each of the people has as many days as the others in each round.
    #[test]
    fn a_round_is_fair(rota in any_rota(), round in -3i64..6) {
        let rota = Rota { covers: Vec::new(), zone: TimeZone::UTC, ..rota };
        let span = i64::from(rota.days) * i64::try_from(rota.people.len()).unwrap();
        let first = rota.first.checked_add((round * span).days()).unwrap();
        let begin = first.to_datetime(rota.at).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let turns = rota.turns(begin, begin + SignedDuration::from_hours(24 * span));
        let people: Vec<i64> = turns.iter().map(|is| is.person).collect();
        prop_assert_eq!(&people, &rota.people);
    }
}
