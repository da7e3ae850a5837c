//! Who is told what and when: cases by hand, and the laws over random weeks.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use trimtab_engine::notices::{Decided, Held, Pending, STEPS, Sent, Why, Wishes, decide};

/// Monday, in winter.
const MONDAY: &str = "2026-11-30T00:00:00Z";

fn at(hours: i64) -> Timestamp {
    let monday: Timestamp = MONDAY.parse().unwrap();
    monday.checked_add(hours.hours()).unwrap()
}

/// Tuesday at nine, quiet from 20 to 7, one digest a week, the next people after half an hour.
fn wishes() -> Wishes {
    Wishes {
        zone: TimeZone::UTC,
        days: vec![Weekday::Tuesday],
        time: time(9, 0, 0, 0),
        quiet: Some((time(20, 0, 0, 0), time(7, 0, 0, 0))),
        budget: 1,
        escalates: Some(SignedDuration::from_mins(30)),
        steps: STEPS,
        since: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_time_that_was_chosen_today_does_not_count_for_last_week() {
    // Monday at ten, a week later.
    let then = at(7 * 24 + 10);
    let waits = [pending("a", false, at(1))];
    let late = decide(&wishes(), &waits, &[], then);
    assert_eq!(messages(&late), [(Why::Digest, vec!["a"])]);
    let chosen = Wishes { since: then, ..wishes() };
    assert_eq!(decide(&chosen, &waits, &[], then).send, []);
}

fn pending(key: &str, now: bool, since: Timestamp) -> Pending {
    Pending { key: key.into(), now: now.then_some(since), since, acknowledged: None }
}

fn messages(decided: &Decided) -> Vec<(Why, Vec<&str>)> {
    decided.send.iter().map(|m| (m.why, m.keys.iter().map(|k| &**k).collect())).collect()
}

fn digest(hours: i64, keys: &[&str]) -> Sent {
    Sent { at: at(hours), why: Why::Digest, keys: keys.iter().map(|k| (*k).into()).collect() }
}

#[test]
fn what_is_not_now_waits_for_the_digest_and_is_told_once() {
    let all = [pending("b", false, at(1)), pending("a", false, at(2))];
    let before = decide(&wishes(), &all, &[], at(32));
    assert_eq!(before.send, []);
    assert_eq!(before.held["a"], Held::Digest(at(33)));
    assert_eq!(before.again, Some(at(33)));
    let due = decide(&wishes(), &all, &[], at(33));
    assert_eq!(messages(&due), [(Why::Digest, vec!["a", "b"])]);
    // Told: nothing is left to say until there is something new about it.
    let told = [digest(33, &["a", "b"])];
    assert_eq!(decide(&wishes(), &all, &told, at(40)), Decided::default());
    let more = [pending("a", false, at(40)), all[0].clone()];
    let later = decide(&wishes(), &more, &told, at(41));
    assert_eq!(
        later.held.into_iter().collect::<Vec<_>>(),
        [("a".into(), Held::Digest(at(33 + 168)))]
    );
}

#[test]
fn what_is_now_breaks_through_once_and_goes_on_to_others_until_somebody_has_it() {
    // At three in the night.
    let mut fire = pending("fire", true, at(3));
    let first = decide(&wishes(), std::slice::from_ref(&fire), &[], at(3));
    assert_eq!(messages(&first), [(Why::Now, vec!["fire"])]);
    assert_eq!(first.again, Some(at(3).checked_add(30.minutes()).unwrap()));
    let mut sent = vec![Sent { at: at(3), why: Why::Now, keys: vec!["fire".into()] }];
    let minutes = |m: i64| at(3).checked_add(m.minutes()).unwrap();
    let ask = |fire: &Pending, sent: &[Sent], m: i64| {
        let decided = decide(&wishes(), std::slice::from_ref(fire), sent, minutes(m));
        decided.send.iter().map(|m| m.why).collect::<Vec<_>>()
    };
    assert_eq!(ask(&fire, &sent, 29), []);
    assert_eq!(ask(&fire, &sent, 30), [Why::Escalation(1)]);
    // Nothing but the time brings the next step.
    let again = decide(&wishes(), std::slice::from_ref(&fire), &sent, minutes(30)).again;
    assert_eq!(again, Some(minutes(60)));
    sent.push(Sent { at: minutes(30), why: Why::Escalation(1), keys: vec!["fire".into()] });
    assert_eq!(ask(&fire, &sent, 59), []);
    assert_eq!(ask(&fire, &sent, 60), [Why::Escalation(2)]);
    sent.push(Sent { at: minutes(60), why: Why::Escalation(2), keys: vec!["fire".into()] });
    assert_eq!(ask(&fire, &sent, 600), []);
    fire.acknowledged = Some(minutes(10));
    assert_eq!(ask(&fire, &sent[..1], 60), []);
    // Gone and back: another alarm, for which nobody has said that they have it.
    let again = Pending { now: Some(minutes(500)), ..fire.clone() };
    assert_eq!(ask(&again, &sent, 500), [Why::Now]);
    // Where nobody else is named, nobody else is told, and nothing need be asked again.
    let alone = Wishes { steps: 0, ..wishes() };
    let other = pending("other", true, at(3));
    let told = [Sent { at: at(3), why: Why::Now, keys: vec!["other".into()] }];
    assert_eq!(decide(&alone, &[other], &told, at(4)).send, []);
    // It stands in the digest as well.
    let due = decide(&wishes(), &[fire], &sent, at(33));
    assert_eq!(messages(&due), [(Why::Digest, vec!["fire"])]);
}

#[test]
fn quiet_hours_and_the_budget_hold_the_digest_back_and_say_until_when() {
    let mut night = Wishes { time: time(23, 0, 0, 0), ..wishes() };
    let all = [pending("a", false, at(1))];
    // Tuesday at 23, quiet until Wednesday at 7.
    let held = decide(&night, &all, &[], at(47));
    assert_eq!(held.held["a"], Held::Quiet(at(55)));
    assert_eq!(messages(&decide(&night, &all, &[], at(55))), [(Why::Digest, vec!["a"])]);
    night.quiet = None;
    night.days = vec![Weekday::Monday, Weekday::Tuesday];
    let sent = [digest(23, &["b"])];
    // The one digest of the week was sent on Monday: the next is Monday's of the next week.
    let held = decide(&night, &all, &sent, at(47));
    assert_eq!(held.held["a"], Held::Budget(at(168 + 23)));
    // Not as soon as the week begins, whoever asks.
    assert_eq!(decide(&night, &all, &sent, at(168 + 1)).send, []);
    assert_eq!(messages(&decide(&night, &all, &sent, at(168 + 23))), [(Why::Digest, vec!["a"])]);
    night.budget = 0;
    assert_eq!(decide(&night, &all, &sent, at(47)).held["a"], Held::NoDigest);
    night.days.clear();
    assert_eq!(decide(&night, &all, &[], at(47)).held["a"], Held::NoDigest);
}

#[test]
fn the_clock_is_the_teams_own_on_days_that_it_is_set() {
    // 29 March 2026 in Berlin: two o'clock is three.
    let spring = Wishes {
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        days: vec![Weekday::Sunday],
        time: time(2, 30, 0, 0),
        quiet: None,
        ..wishes()
    };
    let all = [pending("a", false, "2026-03-28T12:00:00Z".parse().unwrap())];
    let held = decide(&spring, &all, &[], "2026-03-28T13:00:00Z".parse().unwrap());
    assert_eq!(held.held["a"], Held::Digest("2026-03-29T01:30:00Z".parse().unwrap()));
}

/// What happens in an hour.
#[derive(Debug, Clone)]
enum Step {
    Appears(u8, bool),
    Acknowledged(u8),
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..12u8, any::<bool>()).prop_map(|(key, now)| Step::Appears(key, now)),
        1 => (0..12u8).prop_map(Step::Acknowledged),
        4 => Just(Step::Nothing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nobody_is_flooded_and_nothing_is_lost(
        steps in prop::collection::vec(step(), 1..500),
        budget in 1..4u32,
        days in 1..128u8,
        hour in 0..24i8,
        quiet in prop::option::of((0..24i8, 0..24i8)),
    ) {
        let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday,
            Weekday::Friday, Weekday::Saturday, Weekday::Sunday];
        let wishes = Wishes {
            days: week.into_iter().enumerate().filter(|(i, _)| days & (1 << i) != 0).map(|(_, d)| d).collect(),
            time: time(hour, 0, 0, 0),
            quiet: quiet.map(|(a, b)| (time(a, 0, 0, 0), time(b, 0, 0, 0))),
            budget,
            ..wishes()
        };
        let (mut all, mut sent): (Vec<Pending>, Vec<Sent>) = (Vec::new(), Vec::new());
        let mut again: Option<Timestamp> = None;
        // Three weeks more than anything happens in.
        for hours in 0..(steps.len() as i64 + 3 * 168) {
            match steps.get(hours as usize) {
                Some(Step::Appears(key, now)) => {
                    let key = format!("{key:02}");
                    match all.iter_mut().find(|of| *of.key == *key) {
                        Some(of) => {
                            of.since = at(hours);
                            of.now = of.now.or(now.then_some(at(hours)));
                        }
                        None => all.push(pending(&key, *now, at(hours))),
                    }
                }
                Some(Step::Acknowledged(key)) => {
                    let key = format!("{key:02}");
                    if let Some(of) = all.iter_mut().find(|of| *of.key == *key) {
                        of.acknowledged = Some(at(hours));
                    }
                }
                // Nobody asks before the time that was told.
                Some(Step::Nothing) | None if again.is_none_or(|again| again > at(hours)) => continue,
                Some(Step::Nothing) | None => {}
            }
            let decided = decide(&wishes, &all, &sent, at(hours));
            // Asked again at once, nothing more is sent: the same decision, noted, is the last.
            for message in &decided.send {
                prop_assert!(!message.keys.is_empty());
                sent.push(Sent { at: at(hours), why: message.why, keys: message.keys.clone() });
            }
            prop_assert_eq!(decide(&wishes, &all, &sent, at(hours)).send, vec![]);
            // Everything is sent or was, or is held with a reason.
            for of in &all {
                let told = sent.iter().any(|is| is.keys.contains(&of.key) && is.why == Why::Digest && is.at >= of.since);
                prop_assert!(told || decided.held.contains_key(&of.key), "{:?}", of);
            }
            prop_assert!(decided.again.is_none_or(|again| again > at(hours)));
            again = decided.again;
        }
        let digests: Vec<i64> = sent.iter().filter(|is| is.why == Why::Digest)
            .map(|is| is.at.duration_since(at(0)).as_hours()).collect();
        for week in 0..6 {
            let within = digests.iter().filter(|h| (week * 168..(week + 1) * 168).contains(*h)).count();
            prop_assert!(within <= budget as usize);
        }
        for hours in &digests {
            let hour = (hours % 24) as i8;
            let silent = quiet.filter(|(a, b)| a != b).is_some_and(|(a, b)| if a < b { (a..b).contains(&hour) } else { hour >= a || hour < b });
            prop_assert!(!silent);
            // At a time that was chosen, or when it is no longer quiet.
            let day = at(*hours).to_zoned(TimeZone::UTC).weekday();
            let chosen = i64::from(wishes.time.hour()) == hours % 24 && wishes.days.contains(&day);
            prop_assert!(chosen || quiet.is_some_and(|(_, end)| i64::from(end) == hours % 24), "{hours}");
        }
        for of in &all {
            let of_key = || sent.iter().filter(|is| is.keys.contains(&of.key));
            // By the end all is told, what is *now* once at each step.
            prop_assert!(of_key().any(|is| is.why == Why::Digest && is.at >= of.since));
            let alarms = of_key().filter(|is| is.why == Why::Now).count();
            prop_assert_eq!(alarms, usize::from(of.now.is_some()));
            for step in 1..=STEPS {
                let times = of_key().filter(|is| is.why == Why::Escalation(step)).count();
                prop_assert!(times <= 1 && (times == 1 || of.acknowledged.is_some() || of.now.is_none()));
            }
        }
    }

    #[test]
    fn how_many_messages_leave_does_not_depend_on_how_much_there_is(count in 1..400usize, now in any::<bool>()) {
        let all: Vec<Pending> = (0..count).map(|i| pending(&format!("{i:05}"), now, at(1))).collect();
        let decided = decide(&wishes(), &all, &[], at(33));
        prop_assert_eq!(decided.send.len(), 1 + usize::from(now));
        prop_assert!(decided.send.iter().all(|m| m.keys.len() == count));
    }
}
