//! The quarterly pack: what was exploited in the wild, what attackers published, and how fast we were.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trimtab_advisories::index::IndexError;
use trimtab_engine::matching::package_of;
use trimtab_engine::review::{Met, Part, Topic, order, speed};
use trimtab_engine::selection::near::Popular;
use trimtab_model::Purl;
use trimtab_model::advisory::Kind;
use trimtab_model::ecosystem::Family;
use trimtab_pages::part::number;
use trimtab_store::{Stocked, Struck};

use super::Before;
use super::agenda::{Draft, Filled, LISTED, Making};
use super::health::STOCKED;
use super::packing::{Made, PackChart, PackSeries, counted, load_line, since, whole};
use crate::opened::Opened;
use crate::problem::Problem;
use crate::router::broken;
use crate::web::count;
use crate::web::findings::encode;
use crate::web::today::short;

/// A quarter, in days.
const QUARTER: i64 = 91;
/// How many vulnerabilities that were listed are looked at.
const LISTINGS: usize = 500;
/// How many of their findings.
const STRUCK: usize = 10_000;
/// How many names of ours, and how many malicious ones, are held beside each other.
const COMPARED: usize = 3_000;

/// A package with something that was exploited in the wild.
#[derive(Debug, Clone)]
struct Listing {
    cve: String,
    listed: Timestamp,
    /// Family and name of the package.
    package: (Family, String),
}

/// What the index says of a quarter.
#[derive(Debug, Default)]
struct Read {
    /// Whether the catalogue of exploited vulnerabilities is in it.
    has_kev: bool,
    /// Of which days that catalogue and the advisories are. `None`: they do not say.
    days: (Option<Date>, Option<Date>),
    listings: Vec<Listing>,
    /// Malicious packages of the quarter, and how many in the one before, by family.
    malicious: BTreeMap<Family, (Vec<String>, usize)>,
    /// Of our packages, how many of their vulnerabilities were ever exploited.
    ever: HashMap<(Family, String), usize>,
    /// Malicious names of the quarter that are near to one of ours: the name, ours, and in what they differ.
    near: Vec<(Family, String, String, &'static str)>,
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
    let from = since(before.first().and_then(|one| one.review.opened), now, QUARTER);
    let stocked = store.stocked(org, systems, STOCKED).await?;
    let ours = ours(&stocked);
    let read = match making.app.index() {
        None => None,
        Some(index) => {
            let names: Vec<(Family, String)> = ours.keys().cloned().collect();
            let read =
                tokio::task::spawn_blocking(move || read(&index, &names, (from, now)).ok()).await;
            read.map_err(|_| broken())?
        }
    };
    let load = load_line(making.app, org, making.scope, now).await?;
    let Some(read) = read else { return Ok(without(follow, load)) };
    let listed: BTreeSet<&str> = read.listings.iter().map(|is| is.cve.as_str()).collect();
    let mut ids: BTreeMap<i64, String> = BTreeMap::new();
    for cve in listed.iter().take(LISTINGS) {
        if let Some((id, _)) = store.vulnerability_of(org, cve).await? {
            ids.insert(id, (*cve).to_owned());
        }
    }
    let known: Vec<i64> = ids.keys().copied().collect();
    let struck = match known.is_empty() {
        true => Vec::new(),
        false => store.struck_by(org, &known, systems, STRUCK).await?,
    };
    let cut = listed.len() > LISTINGS || struck.len() >= STRUCK || stocked.len() >= STOCKED;
    let when: HashMap<&str, Timestamp> =
        read.listings.iter().map(|is| (is.cve.as_str(), is.listed)).collect();
    let of = |one: &Struck| {
        let cve = ids.get(&one.vulnerability.0)?;
        Some((cve.as_str(), *when.get(cve.as_str())?))
    };
    // Whether it was still here when it was listed.
    let had = |one: &&Struck| {
        of(one).is_some_and(|(_, listed)| one.live || one.gone.is_none_or(|at| at >= listed))
    };
    let met: Vec<Met> = struck
        .iter()
        .filter(had)
        .filter_map(|one| {
            let (_, listed) = of(one)?;
            // What nobody says any longer, without a day, is no day.
            let gone = if one.live { None } else { Some(one.gone?) };
            Some(Met { listed, detected: one.detected, gone })
        })
        .collect();
    let fast = speed(&met, now);
    let exploited = exploited(&struck, &of, &had);
    let nearly = nearly(&read, &ours, &struck, &of, &had);
    let attacks = attacks(&read, &ours);
    let (slow, watch) = (slow(&struck, &of, now), watch(&read, &ours));
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date().to_string();
    let span = format!("Listed between {} and {}", day(from), day(now));
    // What came after the data is not known: of a time that they do not reach, nothing is.
    let begun = from.to_zoned(TimeZone::UTC).date();
    let reaches = |of: Option<Date>| of.is_some_and(|of| of >= begun);
    let has_kev = read.has_kev && reaches(read.days.0);
    let has_attacks = reaches(read.days.1);
    let kev = |filled: Filled| Filled { more: cut || !has_kev, ..filled };
    let told = |of: Option<Date>| of.map_or_else(|| "no day".to_owned(), |of| of.to_string());
    let about = |text: &str| match has_kev {
        true => format!("{span}, as far as the catalogue of {} knows. {text}", told(read.days.0)),
        false => format!(
            "The index has no catalogue of what is exploited in the wild that reaches into this time (it is of {}): it is \
             unknown.",
            told(read.days.0)
        ),
    };
    let exploited = kev(Filled {
        about: about("Exploited in the wild, and here when or after it was listed."),
        ..filled(Part::Exploited, exploited, making.of("/findings?order=newest"))
    });
    let nearly = kev(Filled {
        about: about(
            "Exploited in the wild in a package that is here: in a version that is not affected, or gone before.",
        ),
        ..filled(Part::Nearly, nearly, "/where".to_owned())
    });
    let all: usize = read.malicious.values().map(|(names, _)| names.len()).sum();
    let attacks = Filled {
        about: format!(
            "Malicious packages whose advisories were published between {} and {}, by ecosystem, as far as the advisories \
             of {} know; and those of their names that are near to one of ours. How an account was taken over is not told \
             by advisories.",
            day(from),
            day(now),
            told(read.days.1)
        ),
        more: !has_attacks,
        ..filled(Part::Attacks, attacks, "#attacks".to_owned())
    };
    let words = |of: Option<trimtab_engine::measure::Spread>| {
        of.map_or_else(|| "unknown".to_owned(), |is| number((is.median * 10.0).round() / 10.0))
    };
    let speed_about = format!(
        "Days until it was known here, and until it was gone, median: {} and {}. Those that are still here, the oldest first.",
        words(fast.know),
        words(fast.fix)
    );
    let slow = Filled {
        about: speed_about,
        ..filled(Part::Speed, slow, making.of("/findings?order=newest"))
    };
    let slow = Filled { more: cut || !has_kev, ..slow };
    let watch = Filled {
        about: "Packages that are here and of which several vulnerabilities were exploited in the wild, at any time: what \
                was attacked is attacked again."
            .to_owned(),
        ..filled(Part::Watch, watch, "/where".to_owned())
    };
    let watch = Filled { more: !read.has_kev, ..watch };
    let counts = |filled: &Filled| (!filled.more).then_some(filled.count as f64);
    let numbers = vec![
        counted(Part::Exploited, "exploited in the wild, and here", counts(&exploited)),
        counted(Part::Nearly, "exploited, and nearly here", counts(&nearly)),
        counted(Part::Attacks, "malicious packages published", has_attacks.then(|| whole(all))),
        counted(
            Part::Attacks,
            "of them with a name near to ours",
            has_attacks.then(|| whole(read.near.len())),
        ),
        counted(Part::Speed, "days to know, median", fast.know.map(|is| is.median)),
        counted(Part::Speed, "days to be gone, median", fast.fix.map(|is| is.median)),
        counted(
            Part::Speed,
            "findings of it still here",
            (!cut && has_kev).then(|| whole(fast.open)),
        ),
    ];
    let published = chart(&read);
    let parts =
        [Part::Follow, Part::Exploited, Part::Nearly, Part::Attacks, Part::Speed, Part::Watch];
    let all = [follow, exploited, nearly, attacks, slow, watch];
    Ok(Made {
        parts: parts.into_iter().zip(all).collect(),
        numbers,
        charts: [load, published].into_iter().filter(|chart| !chart.labels.is_empty()).collect(),
        stock: None,
    })
}

/// A pack where there is no index: nothing of it is known.
fn without(follow: Filled, load: PackChart) -> Made {
    let unknown = || Filled {
        topics: Vec::new(),
        count: 0,
        more: true,
        list: "#attacks".to_owned(),
        about: "There is no index of advisories, so that this is unknown.".to_owned(),
    };
    let rest = [Part::Exploited, Part::Nearly, Part::Attacks, Part::Speed, Part::Watch];
    let mut parts = vec![(Part::Follow, follow)];
    parts.extend(rest.into_iter().map(|part| (part, unknown())));
    Made { parts, numbers: Vec::new(), charts: vec![load], stock: None }
}

/// Our packages by family and name: the purl, versions, and places.
fn ours(stocked: &[Stocked]) -> BTreeMap<(Family, String), (String, BTreeSet<String>, i64)> {
    let mut of = BTreeMap::new();
    for one in stocked {
        let is = &one.component.is;
        let Some((family, name)) = is.purl.parse::<Purl>().ok().and_then(|purl| package_of(&purl))
        else {
            continue;
        };
        let held: &mut (String, BTreeSet<String>, i64) = of
            .entry((family, name.to_string()))
            .or_insert_with(|| (is.package.clone(), BTreeSet::new(), 0));
        held.1.extend(is.version.clone());
        held.2 += one.assets;
    }
    of
}

/// Reads the whole index once.
fn read(
    index: &Opened,
    ours: &[(Family, String)],
    (from, to): (Timestamp, Timestamp),
) -> Result<Read, IndexError> {
    let earlier = from - (to.duration_since(from)).max(SignedDuration::ZERO);
    let info = index.info()?;
    let day = |text: Option<&str>| text?.get(..10)?.replace('.', "-").parse::<Date>().ok();
    let days = (day(info.kev.as_deref()), day(info.data_date.as_deref()));
    let mut read = Read { has_kev: index.has_kev(), days, ..Read::default() };
    let mine: std::collections::HashSet<(Family, &str)> =
        ours.iter().map(|(family, name)| (*family, name.as_str())).collect();
    let mut kev: HashMap<u32, Option<(String, Timestamp)>> = HashMap::new();
    for package in index.packages() {
        let package = package?;
        let of = (package.family(), package.name());
        let mut groups = BTreeSet::new();
        for entry in package.entries() {
            if entry.kind() == Kind::Malicious {
                let at = index.advisory_at(entry.advisory())?.published();
                let held = read.malicious.entry(of.0).or_default();
                match at {
                    Some(at) if from <= at && at < to => held.0.push(of.1.to_owned()),
                    Some(at) if earlier <= at && at < from => held.1 += 1,
                    _ => {}
                }
                continue;
            }
            if !groups.insert(entry.group()) {
                continue;
            }
            let listed = match kev.get(&entry.group()) {
                Some(known) => known.clone(),
                None => {
                    let known = exploited_since(index, entry.group())?;
                    kev.insert(entry.group(), known.clone());
                    known
                }
            };
            let Some((cve, listed)) = listed else { continue };
            if mine.contains(&of) {
                *read.ever.entry((of.0, of.1.to_owned())).or_default() += 1;
            }
            if from <= listed && listed < to {
                let package = (of.0, of.1.to_owned());
                read.listings.push(Listing { cve, listed, package });
            }
        }
    }
    for (names, _) in read.malicious.values_mut() {
        names.sort();
        names.dedup();
    }
    read.malicious.retain(|_, (names, before)| !names.is_empty() || *before > 0);
    for (family, (names, _)) in &read.malicious {
        let own = ours.iter().filter(|(of, _)| of == family).take(COMPARED);
        let own: Vec<&str> = own.map(|(_, name)| name.as_str()).collect();
        let list = Popular::read(*family, &own.join("\n"));
        for name in names.iter().take(COMPARED) {
            if let Some(near) = list.near(name) {
                let (ours, slip) = (near.popular.to_owned(), near.slip.as_str());
                read.near.push((*family, name.clone(), ours, slip));
            }
        }
    }
    Ok(read)
}

/// By which CVE a group is listed as exploited, and since when.
fn exploited_since(index: &Opened, group: u32) -> Result<Option<(String, Timestamp)>, IndexError> {
    for id in &index.group(group)?.ids {
        if !id.text.starts_with("CVE-") {
            continue;
        }
        if let Some(kev) = index.kev(id.text)? {
            let added = kev.added.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            return Ok(added.map(|at| (id.text.to_owned(), at.timestamp())));
        }
    }
    Ok(None)
}

/// A part whose topics are all known: the first are listed.
fn filled(part: Part, mut topics: Vec<Draft>, list: String) -> Filled {
    topics.sort_by(|a, b| order(part, &a.is, &b.is));
    let count = i64::try_from(topics.len()).unwrap_or(i64::MAX);
    topics.truncate(LISTED);
    Filled { topics, count, more: false, list, about: String::new() }
}

fn draft(key: String, weight: f64, title: String, note: String, page: String) -> Draft {
    Draft { is: Topic { key, level: None, weight, due: None }, title, note, page }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What was exploited and was here, by vulnerability.
fn exploited<'s>(
    struck: &'s [Struck],
    of: &impl Fn(&'s Struck) -> Option<(&'s str, Timestamp)>,
    had: &impl Fn(&&'s Struck) -> bool,
) -> Vec<Draft> {
    let mut by: BTreeMap<&str, (Timestamp, Vec<&Struck>)> = BTreeMap::new();
    for one in struck.iter().filter(had) {
        if let Some((cve, listed)) = of(one) {
            by.entry(cve).or_insert((listed, Vec::new())).1.push(one);
        }
    }
    let one = |(cve, (listed, all)): (&str, (Timestamp, Vec<&Struck>))| {
        let live = all.iter().filter(|one| one.live).count();
        let first = all.iter().map(|one| one.detected).min().map_or_else(String::new, day);
        let packages: BTreeSet<String> = all.iter().map(|one| short(&one.package).0).collect();
        let packages: Vec<String> = packages.into_iter().collect();
        let note = format!(
            "listed {}, detected here {first}; {}, {live} still here",
            day(listed),
            count(many(all.len()), "finding", "findings")
        );
        let title = format!("{cve} in {}", packages.join(", "));
        let key = format!("vulnerability:{cve}");
        draft(key, whole(live), title, note, format!("/vulnerabilities/{}", encode(cve)))
    };
    by.into_iter().map(one).collect()
}

fn many(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What was exploited in packages of ours, and was not here.
fn nearly<'s>(
    read: &Read,
    ours: &BTreeMap<(Family, String), (String, BTreeSet<String>, i64)>,
    struck: &'s [Struck],
    of: &impl Fn(&'s Struck) -> Option<(&'s str, Timestamp)>,
    had: &impl Fn(&&'s Struck) -> bool,
) -> Vec<Draft> {
    let here: BTreeSet<&str> =
        struck.iter().filter(had).filter_map(|one| of(one).map(|(cve, _)| cve)).collect();
    let mut topics: BTreeMap<String, Draft> = BTreeMap::new();
    // Here once, and gone before it was listed.
    for one in struck {
        let Some((cve, listed)) = of(one).filter(|(cve, _)| !here.contains(cve)) else { continue };
        let gone = one.gone.map_or_else(|| "an unknown day".to_owned(), day);
        let note = format!("gone {gone}, listed {}", day(listed));
        let title = format!("{cve} in {}", short(&one.package).0);
        let page = format!("/vulnerabilities/{}", encode(cve));
        let key = format!("vulnerability:{cve}");
        topics.entry(cve.to_owned()).or_insert_with(|| draft(key, 2.0, title, note, page));
    }
    for listing in read.listings.iter().filter(|is| !here.contains(is.cve.as_str())) {
        let Some((purl, versions, places)) = ours.get(&listing.package) else { continue };
        let some: Vec<&str> = versions.iter().take(3).map(String::as_str).collect();
        let note = format!(
            "listed {}; {} here in {}, not affected",
            day(listing.listed),
            some.join(", "),
            count(*places, "place", "places")
        );
        let title = format!("{} in {}", listing.cve, short(purl).0);
        let page = format!("/packages?purl={}", encode(purl));
        let key = format!("vulnerability:{}", listing.cve);
        topics.entry(listing.cve.clone()).or_insert_with(|| draft(key, 1.0, title, note, page));
    }
    topics.into_values().collect()
}

/// What attackers published: names near to ours first, then by ecosystem.
fn attacks(
    read: &Read,
    ours: &BTreeMap<(Family, String), (String, BTreeSet<String>, i64)>,
) -> Vec<Draft> {
    let near = read.near.iter().map(|(family, name, own, slip)| {
        let is = ours.get(&(*family, own.clone()));
        let page = is.map_or_else(
            || "/where".to_owned(),
            |(purl, ..)| format!("/packages?purl={}", encode(purl)),
        );
        let note = format!("malicious, and near to {own}, which is here: {slip}");
        let key = format!("malicious:{}/{name}", family.osv_name());
        draft(key, 1e9, format!("{name} ({})", family.osv_name()), note, page)
    });
    let by = read.malicious.iter().map(|(family, (names, before))| {
        let note = format!("{} before", number(whole(*before)));
        let title = format!(
            "{}: {}",
            family.osv_name(),
            count(many(names.len()), "malicious package", "malicious packages")
        );
        let key = format!("attacks:{}", family.osv_name());
        draft(key, whole(names.len()), title, note, "#attacks".to_owned())
    });
    near.chain(by).collect()
}

/// What is exploited and still here, the oldest first.
fn slow<'s>(
    struck: &'s [Struck],
    of: &impl Fn(&'s Struck) -> Option<(&'s str, Timestamp)>,
    now: Timestamp,
) -> Vec<Draft> {
    let one = |one: &'s Struck| {
        let (cve, listed) = of(one).filter(|_| one.live)?;
        let begun = listed.max(one.detected);
        let days = now.duration_since(begun).as_hours() / 24;
        let note =
            format!("{}, here for {} since it was listed", one.asset, count(days, "day", "days"));
        let title = format!("{cve} in {}", short(&one.package).0);
        let key = format!("finding:{}", one.finding);
        let page = format!("/findings/{}", one.finding);
        Some(draft(key, days as f64, title, note, page))
    };
    struck.iter().filter_map(one).collect()
}

/// Packages of ours that were attacked more than once.
fn watch(
    read: &Read,
    ours: &BTreeMap<(Family, String), (String, BTreeSet<String>, i64)>,
) -> Vec<Draft> {
    let one = |(of, times): (&(Family, String), &usize)| {
        let (purl, _, places) = ours.get(of)?;
        let note = format!(
            "{times} of its vulnerabilities were exploited in the wild; in {}",
            count(*places, "place", "places")
        );
        let page = format!("/packages?purl={}", encode(purl));
        Some(draft(format!("package:{purl}"), whole(*times), short(purl).0, note, page))
    };
    read.ever.iter().filter(|(_, times)| **times > 1).filter_map(one).collect()
}

/// Malicious packages by ecosystem, this quarter and the time before.
fn chart(read: &Read) -> PackChart {
    let of = |pick: fn(&(Vec<String>, usize)) -> usize| {
        read.malicious.values().map(|is| Some(whole(pick(is)))).collect()
    };
    PackChart {
        title: "Malicious packages".to_owned(),
        unit: "published".to_owned(),
        labels: read.malicious.keys().map(|family| family.osv_name().to_owned()).collect(),
        series: vec![
            PackSeries { name: "this time".to_owned(), values: of(|is| is.0.len()) },
            PackSeries { name: "the time before".to_owned(), values: of(|is| is.1) },
        ],
    }
}
