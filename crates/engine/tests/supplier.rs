//! What suppliers promised, judged by what came: as people would judge it by hand, and by laws.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use proptest::prelude::*;
use trimtab_engine::supplier::obligations::{
    Evidence, Format, Judged, Known, Obligations, Promise, Sbom, Standing, judge, version,
};
use trimtab_model::Level;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + day * 86_400).unwrap()
}

fn sbom(made: Option<i64>, received: i64) -> Sbom {
    Sbom {
        of: "4.2".into(),
        format: Some((Format::CycloneDx, (1, 5))),
        made: made.map(at),
        received: at(received),
        score: Some(71.4),
    }
}

fn known(name: &str, level: Option<Level>, since: i64, told: Option<i64>) -> Known {
    Known {
        vulnerability: name.into(),
        level,
        since: at(since),
        told: told.map(at),
        stated: told.map(at),
    }
}

fn one(promised: &Obligations, is: &Evidence, now: i64) -> Judged {
    let all = judge(promised, is, at(now));
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[test]
fn an_sbom_is_as_old_as_it_says_or_as_it_is_here() {
    let promised = Obligations { fresh_days: Some(30), ..Obligations::default() };
    let of = |sboms: Vec<Sbom>, now: i64| {
        let is = Evidence { since: at(0), sboms, ..Evidence::default() };
        one(&promised, &is, now).standing
    };
    use Standing::{Met, NotMet, Unknown};
    assert_eq!(of(vec![], 29), Unknown, "there is time");
    assert_eq!(of(vec![], 30), NotMet(at(30)));
    assert_eq!(of(vec![sbom(Some(10), 20)], 39), Met);
    assert_eq!(of(vec![sbom(Some(10), 20)], 40), NotMet(at(40)), "by its own time");
    // What says that it was made after it came was made by then.
    assert_eq!(of(vec![sbom(Some(90), 20)], 50), NotMet(at(50)));
    assert_eq!(of(vec![sbom(None, 20)], 49), Unknown, "nobody knows how old it was");
    assert_eq!(of(vec![sbom(None, 20)], 50), NotMet(at(50)), "at least as old as its arrival");
}

#[test]
fn the_newest_document_is_judged() {
    let is = Evidence { sboms: vec![sbom(Some(9), 10), sbom(Some(1), 2)], ..Evidence::default() };
    let format = |format, least| {
        let promised = Obligations { format: Some((format, least)), ..Obligations::default() };
        one(&promised, &is, 20).standing
    };
    assert_eq!(format(Format::CycloneDx, (1, 5)), Standing::Met);
    assert_eq!(format(Format::CycloneDx, (1, 4)), Standing::Met);
    assert_eq!(format(Format::CycloneDx, (1, 6)), Standing::NotMet(at(10)));
    assert_eq!(format(Format::Spdx, (2, 2)), Standing::NotMet(at(10)));
    let quality = |least, score| {
        let promised = Obligations { quality: Some(least), ..Obligations::default() };
        let mut is = is.clone();
        is.sboms[0].score = score;
        one(&promised, &is, 20)
    };
    assert_eq!(quality(71, Some(71.4)).standing, Standing::Met);
    assert_eq!(quality(72, Some(71.4)).standing, Standing::NotMet(at(10)));
    assert_eq!(quality(0, None).standing, Standing::Unknown, "unknown is not zero");
    assert!(quality(72, Some(71.4)).shown.contains("71 of 100 points; 72"));
    assert!(quality(72, Some(71.6)).shown.contains("71 of 100 points; 72"), "it is no 72");

    let promised = Obligations { each_release: true, ..Obligations::default() };
    let release = |release: Option<&str>| {
        let release = release.map(|name| (name.into(), at(15)));
        one(&promised, &Evidence { release, ..is.clone() }, 20).standing
    };
    assert_eq!(release(None), Standing::Unknown);
    assert_eq!(release(Some("4.2")), Standing::Met);
    assert_eq!(release(Some("4.3")), Standing::NotMet(at(15)));
}

#[test]
fn they_speak_in_time_or_not() {
    let notice = Obligations { notice_hours: Some(72), ..Obligations::default() };
    let vex = Obligations { vex: Some((14, Level::High)), ..Obligations::default() };
    let of = |promised: &Obligations, known: Option<Vec<Known>>, now| {
        one(promised, &Evidence { known, ..Evidence::default() }, now)
    };
    assert_eq!(of(&notice, None, 9).standing, Standing::Unknown);
    assert_eq!(of(&notice, Some(vec![]), 9).standing, Standing::Met);
    let two = vec![
        known("CVE-1", Some(Level::Low), 0, Some(2)),
        known("CVE-2", Some(Level::High), 4, None),
        known("CVE-3", Some(Level::High), 5, None),
    ];
    let waits = of(&notice, Some(two.clone()), 6);
    assert_eq!((waits.standing, waits.due), (Standing::Met, Some(at(7))));
    let late = of(&notice, Some(two.clone()), 9);
    assert_eq!(late.standing, Standing::NotMet(at(7)), "since the first of them is late");
    assert!(late.shown.starts_with("2 of 3") && late.shown.contains("CVE-2"), "{}", late.shown);
    // What is below the level asks for no statement; what was not weighed may.
    assert_eq!(of(&vex, Some(two), 17).standing, Standing::Met);
    let unweighed = vec![known("CVE-4", None, 0, None)];
    assert_eq!(of(&vex, Some(unweighed.clone()), 13).standing, Standing::Met);
    assert_eq!(of(&vex, Some(unweighed), 14).standing, Standing::Unknown);
    let answered = vec![known("CVE-5", Some(Level::Critical), 0, Some(20))];
    let tardy = of(&vex, Some(answered), 30);
    assert_eq!(tardy.standing, Standing::NotMet(at(14)), "what came late was not kept");
    assert!(tardy.shown.contains("One was answered late"), "{}", tardy.shown);
    // What seems not to be said may be among what was not looked at.
    let known = Some(vec![known("CVE-6", Some(Level::High), 0, None)]);
    let cut = Evidence { known, cut: Some("100 of 130 documents".into()), ..Evidence::default() };
    assert_eq!(one(&notice, &cut, 2).standing, Standing::Met);
    assert_eq!(one(&notice, &cut, 9).standing, Standing::Unknown);
}

#[test]
fn versions_are_numbers() {
    assert_eq!(version("1.10"), Some((1, 10)));
    assert!(version("1.10") > version("1.9"));
    assert_eq!(version("2"), Some((2, 0)));
    assert_eq!(version("2.2.1"), Some((2, 2)));
    for none in ["", "x", "1.x", "-1.2", "SPDX-2.3", "1.5.x", "1.5.0.0"] {
        assert_eq!(version(none), None, "{none}");
    }
}

proptest! {
    /// Time alone mends nothing, and what is broken is broken since a moment that has passed.
    #[test]
    fn time_alone_mends_nothing(
        made in proptest::option::of(0i64..200), received in 0i64..200, since in 0i64..100,
        told in proptest::option::of(0i64..300), level in 0usize..4, first in 0i64..400, more in 0i64..200
    ) {
        let levels = [Level::Low, Level::Medium, Level::High, Level::Critical];
        let promised = Obligations {
            format: Some((Format::Spdx, (2, 3))),
            fresh_days: Some(30),
            each_release: true,
            notice_hours: Some(48),
            vex: Some((10, Level::High)),
            quality: Some(60),
        };
        let is = Evidence {
            promised: [].into(),
            since: at(since),
            sboms: vec![sbom(made, received)],
            release: Some(("9".into(), at(since))),
            known: Some(vec![known("CVE-1", Some(levels[level]), since, told)]),
            cut: None,
        };
        let now = first.max(received).max(since);
        let (before, after) = (judge(&promised, &is, at(now)), judge(&promised, &is, at(now + more)));
        prop_assert_eq!(before.len(), 6);
        for (one, other) in before.iter().zip(&after) {
            prop_assert_eq!(one.promise, other.promise);
            if let Standing::NotMet(at_first) = one.standing {
                prop_assert!(at_first <= at(now));
                prop_assert_eq!(other.standing, one.standing, "{:?}", one.promise);
            }
            // A word that comes in time breaks nothing.
            if one.promise == Promise::Notice && told.is_some_and(|told| told <= since + 2) {
                prop_assert_eq!(one.standing, Standing::Met);
            }
        }
    }
}

#[test]
fn nobody_is_held_to_a_promise_before_it_was_made() {
    let is = |sboms: Vec<Sbom>, promise, day| Evidence {
        since: at(0),
        promised: [(promise, at(day))].into(),
        sboms,
        ..Evidence::default()
    };
    use Standing::{Met, NotMet, Unknown};
    let fresh = Obligations { fresh_days: Some(30), ..Obligations::default() };
    let of = |sboms, now| one(&fresh, &is(sboms, Promise::Freshness, 100), now).standing;
    // They have the whole time from then on, with or without an old one.
    assert_eq!((of(vec![], 129), of(vec![], 130)), (Unknown, NotMet(at(130))));
    assert_eq!(of(vec![sbom(Some(90), 90)], 119), Met);
    assert_eq!(of(vec![sbom(Some(10), 10)], 129), Unknown, "it is old");
    assert_eq!(of(vec![sbom(Some(10), 10)], 130), NotMet(at(130)));
    assert_eq!(
        of(vec![sbom(Some(110), 110)], 140),
        NotMet(at(140)),
        "what came after is as old as it is"
    );
    // Nor before they delivered anything: what they sent first may be old already.
    let first = |now| {
        let evidence =
            Evidence { since: at(100), sboms: vec![sbom(Some(10), 100)], ..Evidence::default() };
        one(&fresh, &evidence, now).standing
    };
    assert_eq!((first(100), first(129), first(130)), (Unknown, Unknown, NotMet(at(130))));
    // An old document breaks no later promise, and keeps it where it would.
    let good = Obligations { quality: Some(80), ..Obligations::default() };
    let of =
        |received| one(&good, &is(vec![sbom(None, received)], Promise::Quality, 100), 120).standing;
    assert_eq!((of(99), of(100)), (Unknown, NotMet(at(100))));
    let low = Obligations { quality: Some(50), ..Obligations::default() };
    let old = is(vec![sbom(None, 5)], Promise::Quality, 100);
    assert_eq!(one(&low, &old, 120).standing, Met);
    // What was known before is to be told from then on.
    let told = Obligations { notice_hours: Some(48), ..Obligations::default() };
    let evidence = Evidence {
        known: Some(vec![known("CVE-1", None, 3, None)]),
        ..is(vec![], Promise::Notice, 100)
    };
    assert_eq!(one(&told, &evidence, 101).standing, Met, "there is time");
    assert_eq!(one(&told, &evidence, 102).standing, NotMet(at(102)));
    let release = Obligations { each_release: true, ..Obligations::default() };
    let evidence = Evidence {
        release: Some(("5.0".into(), at(50))),
        ..is(vec![sbom(None, 60)], Promise::Release, 100)
    };
    assert_eq!(one(&release, &evidence, 120).standing, Unknown, "it was known before");
    let newer = Evidence { release: Some(("5.1".into(), at(110))), ..evidence };
    assert_eq!(one(&release, &newer, 120).standing, NotMet(at(110)));
}

proptest! {
    /// A promise is stricter than none, never than itself, and of two that differ in one number one alone is.
    #[test]
    fn of_two_promises_one_is_stricter(a in 1u32..400, b in 1u32..400) {
        let all = |days: u32| Obligations {
            format: Some((Format::CycloneDx, (1, days))),
            fresh_days: Some(days),
            each_release: true,
            notice_hours: Some(days),
            vex: Some((days, Level::High)),
            quality: Some(u8::try_from(days % 100).unwrap()),
        };
        let (one, other, none) = (all(a), all(b), Obligations::default());
        for promise in Promise::ALL {
            prop_assert!(one.is_stricter(promise, &none) && one.has(promise));
            prop_assert!(!none.is_stricter(promise, &one) && !none.has(promise));
            prop_assert!(!one.is_stricter(promise, &one));
            let both = one.is_stricter(promise, &other) && other.is_stricter(promise, &one);
            prop_assert!(!both);
            prop_assert_eq!(Promise::from_word(promise.as_str()), Some(promise));
        }
        prop_assert_eq!(one.is_stricter(Promise::Freshness, &other), a < b);
    }
}
