//! The quarterly pack: what was exploited in the wild, what attackers published, and how fast we were.

mod gone;
mod listed;
mod read;
mod told;
mod topics;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trimtab_engine::review::{Kind, Part, Speed, speed};
use trimtab_model::ecosystem::Family;
use trimtab_store::{Incident, Struck};

use gone::gone;
use listed::Listed;
use read::{Ours, Read, ours, read};
use topics::{attacks, chart, day, draft, exploited, filled, nearly, slow, watch};

use super::Before;
use super::agenda::{Draft, Filled, LISTED, Making, Pack};
use super::health::STOCKED;
use super::packing::{Made, PackChart, counted, load_line, since, whole};
use crate::problem::Problem;
use crate::router::broken;

/// A quarter, in days.
const QUARTER: i64 = 91;
/// A day.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How many vulnerabilities that were listed are looked at.
const LISTINGS: usize = 500;
/// How many of their findings.
const STRUCK: usize = 10_000;
/// How late a source may tell of a day: what the last briefing could not know yet is told by this one.
const LATE: SignedDuration = SignedDuration::from_hours(48);
/// The numbers, in their order.
const NUMBERS: [(Part, &str); 9] = [
    (Part::Exploited, "exploited in the wild, and here"),
    (Part::Nearly, "exploited, and nearly here"),
    (Part::Attacks, "malicious packages published"),
    (Part::Attacks, "packages that are here with malicious versions published"),
    (Part::Attacks, "malicious packages with a name near to ours"),
    (Part::NearMisses, "near misses"),
    (Part::Speed, "days to know, median"),
    (Part::Speed, "days to be gone, median"),
    (Part::Speed, "findings of it still here"),
];

/// From when on is told: since the last briefing, and some days before it, for what came late.
fn begun(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let from = since(last, now, QUARTER);
    let day = Timestamp::from_second(from.as_second().div_euclid(86_400) * 86_400).unwrap_or(from);
    if last.is_some() { day - LATE } else { day }
}

/// The pack.
///
/// # Errors
/// The store does not answer.
pub(super) async fn made(
    making: &Making<'_>,
    follow: Filled,
    before: &[Before],
) -> Result<Made, Problem> {
    let (store, org, now) = (&making.app.store, making.org, making.now);
    let systems = making.scope.systems.as_deref();
    let last = before.first().and_then(|one| one.review.opened);
    let from = begun(last, now);
    let stocked = store.stocked(org, systems, STOCKED).await?;
    let ours = ours(&stocked);
    let read = read_of(making, &ours, from).await?;
    let load = load_line(making.app, org, making.scope, (making.load().await?, now)).await?;
    let caught = near_misses(making, last).await?;
    let Some(mut read) = read else { return Ok(without(follow, caught, load)) };
    leave_out_told(&mut read, last, before.first().and_then(|one| one.pack.as_ref()));
    let cut_stock = stocked.len() >= STOCKED;
    let listed = Listed::of(making, &read, cut_stock).await?;
    let (attacks, cut_attacks) = attacked(making, &read, &ours, from).await?;
    // What came after the data is not known: of a time that they do not reach, nothing is.
    let begun = last.map_or(from, |last| last.max(from)).to_zoned(TimeZone::UTC).date();
    let reaches = |of: Option<Date>| of.is_some_and(|of| of >= begun);
    let has_kev = read.has_kev && reaches(read.days.0);
    let has_attacks = read.has_malicious && reaches(read.days.1);
    let near_cut = read.near_cut || cut_stock;
    let fast = speed(&listed.met(), now);
    let [exploited, nearly, slow] =
        by_catalogue((&read, has_kev), &ours, (&listed, &fast), (from, now));
    let attacks = Filled {
        more: !has_attacks || near_cut || cut_attacks,
        ..told::attacked(&read, attacks, (from, now), (has_attacks, near_cut))
    };
    let watch = Filled {
        about: "Packages that are here and had several vulnerabilities exploited in the wild at any time: attackers return to what worked."
            .to_owned(),
        ..filled(Part::Watch, watch(&read, &ours), "/where".to_owned())
    };
    let watch = Filled { more: !read.has_kev, ..watch };
    let published: usize = read.malicious.values().map(|is| is.names.len()).sum();
    let counts = |filled: &Filled| (!filled.more).then_some(filled.count as f64);
    let values = [
        counts(&exploited),
        counts(&nearly),
        has_attacks.then(|| whole(published)),
        (has_attacks && !cut_stock).then(|| whole(read.hit.len())),
        (has_attacks && !near_cut).then(|| whole(read.near.len())),
        counts(&caught),
        fast.know.map(|is| is.median),
        fast.fix.map(|is| is.median),
        (!listed.cut && has_kev).then(|| whole(fast.open)),
    ];
    let numbers = NUMBERS.into_iter().zip(values);
    let numbers = numbers.map(|((part, name), value)| counted(part, name, value)).collect();
    let charts = [load, chart(&read)].into_iter().filter(|chart| !chart.labels.is_empty());
    let all = [follow, exploited, nearly, attacks, caught, slow, watch];
    Ok(Made {
        parts: Kind::Quarterly.parts().iter().copied().zip(all).collect(),
        numbers,
        charts: charts.collect(),
        stock: None,
    })
}

/// Of the days that both look at, what the last one told is not told again.
fn leave_out_told(read: &mut Read, last: Option<Timestamp>, pack: Option<&Pack>) {
    let told: HashSet<&str> = pack.into_iter().flat_map(Pack::remembered).collect();
    read.listings.retain(|is| {
        last.is_none_or(|last| is.listed >= last)
            || !told.contains(format!("vulnerability:{}", is.cve).as_str())
    });
}

/// What the catalogue of exploited vulnerabilities tells: what was here, what nearly was, and how fast we were.
fn by_catalogue(
    (read, has_kev): (&Read, bool),
    ours: &Ours,
    (listed, fast): (&Listed, &Speed),
    (from, now): (Timestamp, Timestamp),
) -> [Filled; 3] {
    let of = |one: &Struck| listed.of_one(one);
    let had = |one: &&Struck| listed.had(one);
    let kev = |filled: Filled| Filled { more: listed.cut || !has_kev, ..filled };
    let about = |text: &str| told::by_catalogue((read, has_kev), (from, now), text);
    let exploited = Filled {
        about: about("Exploited in the wild, and here when or after it was listed."),
        ..filled(Part::Exploited, exploited(&listed.struck, &of, &had), "#exploited".to_owned())
    };
    let (topics, some_unknown) = nearly((read, listed.cut), ours, &listed.struck, &of, &had);
    let nearly = kev(Filled {
        about: about(
            "Exploited in the wild in a package that is here, but in an unaffected version, decided to be not affected, or gone before it was listed.",
        ),
        ..filled(Part::Nearly, topics, "#nearly".to_owned())
    });
    let nearly = Filled { more: nearly.more || some_unknown, ..nearly };
    let slow = told::fast((fast.know, fast.fix), slow(&listed.struck, &of, now));
    [kev(exploited), nearly, kev(slow)]
}

/// What attackers published of what is here, near to it, or gone since; and whether there is more than was looked at.
async fn attacked(
    making: &Making<'_>,
    read: &Read,
    ours: &Ours,
    from: Timestamp,
) -> Result<(Vec<Draft>, bool), Problem> {
    // Which of the malicious versions were here is told by findings: they were matched with the same advisories.
    let hits: BTreeSet<&str> = read.hit.values().flatten().map(|(name, _)| name.as_str()).collect();
    let found = ids_of(making, &hits).await?.into_iter();
    let malicious: HashMap<String, i64> = found.map(|(id, name)| (name, id)).collect();
    let mut known: Vec<i64> = malicious.values().copied().collect();
    known.sort_unstable();
    let was = struck_by(making, &known).await?;
    let cut_hits = hits.len() > LISTINGS || was.len() >= STRUCK;
    let mut topics = attacks(read, ours, (&malicious, &was, cut_hits));
    let (gone, cut_gone) = gone(making, read, ours, from).await?;
    topics.extend(gone);
    Ok((topics, cut_gone))
}

/// What the index says since a moment, also about what is here. `None`: there is no index, or it is damaged.
async fn read_of(
    making: &Making<'_>,
    ours: &Ours,
    from: Timestamp,
) -> Result<Option<Read>, Problem> {
    let Some(index) = making.app.index() else { return Ok(None) };
    let now = making.now;
    let names: BTreeMap<(Family, String), BTreeSet<String>> =
        ours.iter().map(|(of, own)| (of.clone(), own.versions.clone())).collect();
    let read = tokio::task::spawn_blocking(move || read(&index, &names, (from, now)).ok()).await;
    read.map_err(|_| broken())
}

/// The vulnerabilities of some names that are known here, with the names.
async fn ids_of(
    making: &Making<'_>,
    names: &BTreeSet<&str>,
) -> Result<Vec<(i64, String)>, Problem> {
    let mut found = Vec::new();
    for name in names.iter().take(LISTINGS) {
        if let Some((id, _)) = making.app.store.vulnerability_of(making.org, name).await? {
            found.push((id, (*name).to_owned()));
        }
    }
    Ok(found)
}

/// The findings of some vulnerabilities.
async fn struck_by(making: &Making<'_>, known: &[i64]) -> Result<Vec<Struck>, Problem> {
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let systems = making.scope.systems.as_deref();
    Ok(making.app.store.struck_by(making.org, known, systems, STRUCK).await?)
}

/// What was caught before it touched anything, since the last briefing: never among incidents, which it is none of.
async fn near_misses(making: &Making<'_>, last: Option<Timestamp>) -> Result<Filled, Problem> {
    let (store, org, now) = (&making.app.store, making.org, making.now);
    let systems = making.scope.systems.as_deref();
    let from = since(last, now, QUARTER);
    let (found, count) = store.near_misses(org, (from, now), systems, LISTED).await?;
    let (_, before) = store.near_misses(org, (from - (now - from), from), systems, 1).await?;
    let one = |is: &Incident| {
        let state = if is.closed.is_some() { "closed" } else { "open" };
        let note = format!("{}, noted {}, {state}", is.is.looked_for, day(is.opened));
        let (key, page) = (format!("incident:{}", is.id), format!("/incidents/{}", is.id));
        draft(key, 0.0, is.is.title.clone(), note, page)
    };
    let topics = found.iter().map(one).collect();
    let about = format!(
        "Caught before they touched anything, and noted between {} and {}; {before} in the period before. They are not incidents and count in no incident times.",
        day(from),
        day(now)
    );
    let list = "#near-misses".to_owned();
    Ok(Filled { count, about, ..filled(Part::NearMisses, topics, list) })
}

/// A pack where there is no index: nothing of it is known.
fn without(follow: Filled, caught: Filled, load: PackChart) -> Made {
    let unknown = || Filled {
        topics: Vec::new(),
        further: Vec::new(),
        count: 0,
        more: true,
        list: "#attacks".to_owned(),
        about: "Unknown: there is no advisory index.".to_owned(),
    };
    let misses = caught.count as f64;
    let (mut follow, mut caught) = (Some(follow), Some(caught));
    let of = |part: &Part| match part {
        Part::Follow => (*part, follow.take().unwrap_or_else(unknown)),
        Part::NearMisses => (*part, caught.take().unwrap_or_else(unknown)),
        _ => (*part, unknown()),
    };
    let parts = Kind::Quarterly.parts().iter().map(of).collect();
    // What people noted needs no advisories.
    let value = |part: Part| (part == Part::NearMisses).then_some(misses);
    let numbers =
        NUMBERS.into_iter().map(|(part, name)| counted(part, name, value(part))).collect();
    Made { parts, numbers, charts: vec![load], stock: None }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use trimtab_model::ecosystem::Family;

    use super::read::{Listing, Own};
    use super::topics::is_unaffected;
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    #[test]
    fn what_came_late_is_told_by_the_next_briefing() {
        let hours = SignedDuration::from_hours(10);
        assert_eq!(begun(Some(at(50) + hours), at(100) + hours), at(48));
        assert_eq!(begun(None, at(100) + hours), at(9));
    }

    #[test]
    fn what_nobody_compared_or_somebody_decided_about_is_told_as_that() {
        let all = [Struck {
            finding: 1,
            package: "pkg:npm/left".to_owned(),
            vulnerability: (7, "CVE-2026-1".to_owned()),
            asset: "shop".to_owned(),
            detected: at(3),
            gone: None,
            live: true,
            decided: Some("not-affected".to_owned()),
        }];
        let right = (Family::Npm, "right".to_owned());
        let listing = Listing {
            cve: "CVE-2026-2".to_owned(),
            listed: at(5),
            package: right.clone(),
            unknown: false,
        };
        let hit = BTreeMap::from([(right.clone(), vec![("MAL-2026-1".to_owned(), at(6))])]);
        let read = Read { listings: vec![listing], hit, ..Read::default() };
        let of = |_: &Struck| Some(("CVE-2026-1", at(5)));
        let had = |one: &&Struck| !is_unaffected(one);
        assert!(exploited(&all, &of, &had).is_empty() && slow(&all, &of, at(9)).is_empty());
        for (unknown, cut) in [(false, false), (true, false), (false, true)] {
            let own = Own {
                purl: "pkg:npm/right".to_owned(),
                versions: BTreeSet::from(["1.0.0".to_owned()]),
                places: 3,
                unknown,
            };
            let ours = Ours::from([(right.clone(), own)]);
            let (topics, some) = nearly((&read, cut), &ours, &all, &of, &had);
            let notes: Vec<&str> = topics.iter().map(|one| one.note.as_str()).collect();
            assert!(notes[0].starts_with("here, and decided to be not affected"), "{notes:?}");
            assert_eq!(some, unknown || cut);
            assert_eq!(notes[1].ends_with("3 places, not affected"), !some, "{notes:?}");
            // A version that cannot be compared with the advisory is not told as not affected.
            let mut other = read.clone();
            other.listings.iter_mut().for_each(|is| is.unknown = true);
            let (topics, some) = nearly((&other, cut), &ours, &all, &of, &had);
            assert!(some && topics[1].note.ends_with("whether it is affected is unknown"));
            // A malicious version of what is here comes before all others.
            let ids = HashMap::from([("MAL-2026-1".to_owned(), 8)]);
            let told = &attacks(&read, &ours, (&ids, &all, cut))[0].note;
            let not = match (unknown, cut) {
                (true, _) => "is unknown: not every version",
                (false, true) => "is unknown: not all were looked at",
                (false, false) => "no finding tells of one of them",
            };
            assert!(told.contains(not), "{told}");
            // One that was here is told with its days, and one that is here before it.
            let one = Struck {
                package: "pkg:npm/right".to_owned(),
                vulnerability: (8, "GHSA-x".to_owned()),
                gone: Some(at(7)),
                live: false,
                ..all[0].clone()
            };
            let was = [one.clone()];
            let note = attacks(&read, &ours, (&ids, &was, cut))[0].note.clone();
            assert!(note.ends_with("was here from 1970-01-04 until 1970-01-08, in shop"), "{note}");
            let still = Struck { gone: None, live: true, asset: "desk".to_owned(), ..one.clone() };
            let was = [one, still];
            let note = attacks(&read, &ours, (&ids, &was, cut))[0].note.clone();
            assert!(note.ends_with("is here since 1970-01-04, in desk, and in 1 more"), "{note}");
            let told = &attacks(&read, &ours, (&ids, &all, cut))[0].note;
            assert!(told.starts_with("MAL-2026-1, published 1970-01-07"), "{told}");
        }
    }
}
