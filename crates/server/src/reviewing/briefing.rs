//! The quarterly pack: what was exploited in the wild, what attackers published, and how fast we were.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
use super::agenda::{Draft, Filled, LISTED, Making, Pack};
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
/// A day.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How many vulnerabilities that were listed are looked at.
const LISTINGS: usize = 500;
/// How many of their findings.
const STRUCK: usize = 10_000;
/// How many names of ours, and how many malicious ones, are held beside each other.
const COMPARED: usize = 3_000;
/// How late a source may tell of a day: what the last briefing could not know yet is told by this one.
const LATE: SignedDuration = SignedDuration::from_hours(48);
/// The numbers, in their order.
const NUMBERS: [(Part, &str); 8] = [
    (Part::Exploited, "exploited in the wild, and here"),
    (Part::Nearly, "exploited, and nearly here"),
    (Part::Attacks, "malicious packages published"),
    (Part::Attacks, "packages that are here with malicious versions published"),
    (Part::Attacks, "malicious packages with a name near to ours"),
    (Part::Speed, "days to know, median"),
    (Part::Speed, "days to be gone, median"),
    (Part::Speed, "findings of it still here"),
];

/// A package with something that was exploited in the wild.
#[derive(Debug, Clone)]
struct Listing {
    cve: String,
    listed: Timestamp,
    /// Family and name of the package.
    package: (Family, String),
}

/// A package of ours.
struct Own {
    /// The purl without version.
    purl: String,
    versions: BTreeSet<String>,
    places: i64,
    /// Whether some of it was not compared with advisories: it has no version, comes from elsewhere, or waits.
    unknown: bool,
}

/// Our packages, by family and name.
type Ours = BTreeMap<(Family, String), Own>;

/// Malicious packages of an ecosystem.
#[derive(Debug, Default)]
struct Published {
    /// Names of this time, each with when it was published last.
    names: BTreeMap<String, Timestamp>,
    /// Names of the time before.
    before: BTreeSet<String>,
}

/// What the index says of a quarter.
#[derive(Debug, Default)]
struct Read {
    /// Whether the catalogue of exploited vulnerabilities is in it.
    has_kev: bool,
    /// Of which days that catalogue and the advisories are. `None`: they do not say.
    days: (Option<Date>, Option<Date>),
    listings: Vec<Listing>,
    /// Malicious packages of the quarter, and of the time before, by family.
    malicious: BTreeMap<Family, Published>,
    /// Whether the index has any malicious package, of whichever time.
    has_malicious: bool,
    /// Packages of ours of which malicious versions were published: the advisory, and when.
    hit: BTreeMap<(Family, String), (String, Timestamp)>,
    /// Of our packages, how many of their vulnerabilities were ever exploited.
    ever: HashMap<(Family, String), usize>,
    /// Malicious names of the quarter that are near to one of ours: the name, ours, and in what they differ.
    near: Vec<(Family, String, String, &'static str)>,
    /// Whether there were more names than are held beside each other.
    near_cut: bool,
}

/// From when on is told: since the last briefing, and some days before it, for what came late.
fn begun(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let from = since(last, now, QUARTER);
    let day = Timestamp::from_second(from.as_second().div_euclid(86_400) * 86_400).unwrap_or(from);
    if last.is_some() { day - LATE } else { day }
}

/// Whether it was decided that it does not concern us.
fn is_unaffected(one: &Struck) -> bool {
    one.decided.as_deref() == Some("not-affected")
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
    let Some(mut read) = read else { return Ok(without(follow, load)) };
    // Of the days that both look at, what the last one told is not told again.
    let pack = before.first().and_then(|one| one.pack.as_ref());
    let told: HashSet<&str> = pack.into_iter().flat_map(Pack::topics).collect();
    read.listings.retain(|is| {
        last.is_none_or(|last| is.listed >= last)
            || !told.contains(format!("vulnerability:{}", is.cve).as_str())
    });
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
    let cut_stock = stocked.len() >= STOCKED;
    let cut = listed.len() > LISTINGS || struck.len() >= STRUCK || cut_stock;
    let when: HashMap<&str, Timestamp> =
        read.listings.iter().map(|is| (is.cve.as_str(), is.listed)).collect();
    let of = |one: &Struck| {
        let cve = ids.get(&one.vulnerability.0)?;
        Some((cve.as_str(), *when.get(cve.as_str())?))
    };
    // Whether it was still here when it was listed, and concerns us.
    let had = |one: &&Struck| {
        let here =
            |(_, listed): (&str, Timestamp)| one.live || one.gone.is_none_or(|at| at >= listed);
        !is_unaffected(one) && of(one).is_some_and(here)
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
    let (nearly, some_unknown) = nearly((&read, cut), &ours, &struck, &of, &had);
    let attacks = attacks(&read, &ours);
    let (slow, watch) = (slow(&struck, &of, now), watch(&read, &ours));
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date().to_string();
    let span = format!("Listed between {} and {}", day(from), day(now));
    // What came after the data is not known: of a time that they do not reach, nothing is.
    let begun = last.map_or(from, |last| last.max(from)).to_zoned(TimeZone::UTC).date();
    let reaches = |of: Option<Date>| of.is_some_and(|of| of >= begun);
    let has_kev = read.has_kev && reaches(read.days.0);
    let has_attacks = read.has_malicious && reaches(read.days.1);
    let near_cut = read.near_cut || cut_stock;
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
        ..filled(Part::Exploited, exploited, "#exploited".to_owned())
    });
    let nearly = kev(Filled {
        about: about(
            "Exploited in the wild in a package that is here: in a version that is not affected, decided to be so, or gone \
             before.",
        ),
        ..filled(Part::Nearly, nearly, "#nearly".to_owned())
    });
    let nearly = Filled { more: nearly.more || some_unknown, ..nearly };
    let all: usize = read.malicious.values().map(|is| is.names.len()).sum();
    let compared = match near_cut {
        true => format!(
            " Of each ecosystem {COMPARED} of our names and the newest {COMPARED} of theirs were held beside each other: more \
             may be near."
        ),
        false => String::new(),
    };
    let attacks = Filled {
        about: format!(
            "Malicious packages whose advisories were published between {} and {}, by ecosystem, as far as the advisories \
             of {} know; those of them that are here by name, first, in whichever version; and those of their names that \
             are near to one of ours. How an account was taken over is not told by advisories.{compared}",
            day(from),
            day(now),
            told(read.days.1)
        ),
        more: !has_attacks || near_cut,
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
    let slow = Filled { about: speed_about, ..filled(Part::Speed, slow, "#speed".to_owned()) };
    let slow = Filled { more: cut || !has_kev, ..slow };
    let watch = Filled {
        about: "Packages that are here and of which several vulnerabilities were exploited in the wild, at any time: what \
                was attacked is attacked again."
            .to_owned(),
        ..filled(Part::Watch, watch, "/where".to_owned())
    };
    let watch = Filled { more: !read.has_kev, ..watch };
    let counts = |filled: &Filled| (!filled.more).then_some(filled.count as f64);
    let values = [
        counts(&exploited),
        counts(&nearly),
        has_attacks.then(|| whole(all)),
        (has_attacks && !cut_stock).then(|| whole(read.hit.len())),
        (has_attacks && !near_cut).then(|| whole(read.near.len())),
        fast.know.map(|is| is.median),
        fast.fix.map(|is| is.median),
        (!cut && has_kev).then(|| whole(fast.open)),
    ];
    let numbers = NUMBERS.into_iter().zip(values);
    let numbers = numbers.map(|((part, name), value)| counted(part, name, value)).collect();
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
    let numbers = NUMBERS.into_iter().map(|(part, name)| counted(part, name, None)).collect();
    Made { parts, numbers, charts: vec![load], stock: None }
}

/// Our packages by family and name.
fn ours(stocked: &[Stocked]) -> Ours {
    let mut of = Ours::new();
    for one in stocked {
        let is = &one.component.is;
        let Some((family, name)) = is.purl.parse::<Purl>().ok().and_then(|purl| package_of(&purl))
        else {
            continue;
        };
        let held = of.entry((family, name.to_string())).or_insert_with(|| Own {
            purl: is.package.clone(),
            versions: BTreeSet::new(),
            places: 0,
            unknown: false,
        });
        held.versions.extend(is.version.clone());
        held.places += one.assets;
        held.unknown |= is.version.is_none() || !is.registry || !one.component.matched;
    }
    of
}

/// Reads the whole index once.
fn read(
    index: &Opened,
    ours: &[(Family, String)],
    (from, to): (Timestamp, Timestamp),
) -> Result<Read, IndexError> {
    let info = index.info()?;
    let day = |text: Option<&str>| text?.get(..10)?.replace('.', "-").parse::<Date>().ok();
    let days = (day(info.kev.as_deref()), day(info.data_date.as_deref()));
    // The time before is as long as this one is known.
    let end = |day: Date| day.to_zoned(TimeZone::UTC).ok()?.timestamp().checked_add(DAY).ok();
    let known = days.1.and_then(end).map_or(to, |at| at.clamp(from, to.max(from)));
    let earlier = from - known.duration_since(from);
    let mut read = Read { has_kev: index.has_kev(), days, ..Read::default() };
    let mine: HashSet<(Family, &str)> =
        ours.iter().map(|(family, name)| (*family, name.as_str())).collect();
    let mut kev: HashMap<u32, Option<(String, Timestamp)>> = HashMap::new();
    for package in index.packages() {
        let package = package?;
        let of = (package.family(), package.name());
        let mut groups = BTreeSet::new();
        for entry in package.entries() {
            if entry.kind() == Kind::Malicious {
                read.has_malicious = true;
                let advisory = index.advisory_at(entry.advisory())?;
                let Some(at) = advisory.published() else { continue };
                if from <= at && at < to {
                    let held = read.malicious.entry(of.0).or_default();
                    let newest = held.names.entry(of.1.to_owned()).or_insert(at);
                    *newest = at.max(*newest);
                    if mine.contains(&of) {
                        let told = (advisory.id().to_owned(), at);
                        read.hit.insert((of.0, of.1.to_owned()), told);
                    }
                } else if earlier <= at && at < from {
                    let held = read.malicious.entry(of.0).or_default();
                    held.before.insert(of.1.to_owned());
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
    for (family, is) in &read.malicious {
        let own = ours.iter().filter(|(of, _)| of == family);
        let own: Vec<&str> = own.map(|(_, name)| name.as_str()).collect();
        read.near_cut |= own.len() > COMPARED || is.names.len() > COMPARED;
        let own: Vec<&str> = own.into_iter().take(COMPARED).collect();
        let list = Popular::read(*family, &own.join("\n"));
        let mut newest: Vec<(&String, &Timestamp)> = is.names.iter().collect();
        newest.sort_by_key(|(name, at)| (std::cmp::Reverse(**at), *name));
        for (name, _) in newest.into_iter().take(COMPARED) {
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
        let accepted = all.iter().filter(|one| one.live && one.decided.is_some()).count();
        let accepted = match accepted {
            0 => String::new(),
            some => format!(", {some} of them accepted"),
        };
        let first = all.iter().map(|one| one.detected).min().map_or_else(String::new, day);
        let packages: BTreeSet<String> = all.iter().map(|one| short(&one.package).0).collect();
        let packages: Vec<String> = packages.into_iter().collect();
        let note = format!(
            "listed {}, detected here {first}; {}, {live} still here{accepted}",
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

/// What was exploited in packages of ours, and was not here; and whether of some it is not known. `cut`: of some that are
/// here nobody looked.
fn nearly<'s>(
    (read, cut): (&Read, bool),
    ours: &Ours,
    struck: &'s [Struck],
    of: &impl Fn(&'s Struck) -> Option<(&'s str, Timestamp)>,
    had: &impl Fn(&&'s Struck) -> bool,
) -> (Vec<Draft>, bool) {
    let mut some_unknown = false;
    let here: BTreeSet<&str> =
        struck.iter().filter(had).filter_map(|one| of(one).map(|(cve, _)| cve)).collect();
    let mut topics: BTreeMap<String, Draft> = BTreeMap::new();
    // Here once, and gone before it was listed; or decided not to concern us.
    for one in struck {
        let Some((cve, listed)) = of(one).filter(|(cve, _)| !here.contains(cve)) else { continue };
        let gone = one.gone.map_or_else(|| "an unknown day".to_owned(), day);
        let note = match is_unaffected(one) && one.live {
            true => format!("here, and decided to be not affected; listed {}", day(listed)),
            false => format!("gone {gone}, listed {}", day(listed)),
        };
        let title = format!("{cve} in {}", short(&one.package).0);
        let page = format!("/vulnerabilities/{}", encode(cve));
        let key = format!("vulnerability:{cve}");
        topics.entry(cve.to_owned()).or_insert_with(|| draft(key, 2.0, title, note, page));
    }
    for listing in read.listings.iter().filter(|is| !here.contains(is.cve.as_str())) {
        let Some(own) = ours.get(&listing.package) else { continue };
        let some: Vec<&str> = own.versions.iter().take(3).map(String::as_str).collect();
        let some = if some.is_empty() { "no version told".to_owned() } else { some.join(", ") };
        let affected = match own.unknown || cut {
            true => "whether it is affected is unknown",
            false => "not affected",
        };
        some_unknown |= own.unknown || cut;
        let note = format!(
            "listed {}; {some} here in {}, {affected}",
            day(listing.listed),
            count(own.places, "place", "places")
        );
        let title = format!("{} in {}", listing.cve, short(&own.purl).0);
        let page = format!("/packages?purl={}", encode(&own.purl));
        let key = format!("vulnerability:{}", listing.cve);
        topics.entry(listing.cve.clone()).or_insert_with(|| draft(key, 1.0, title, note, page));
    }
    (topics.into_values().collect(), some_unknown)
}

/// What attackers published: names of ours first, then those near to ours, then by ecosystem.
fn attacks(read: &Read, ours: &Ours) -> Vec<Draft> {
    let hit = read.hit.iter().filter_map(|(of, (advisory, at))| {
        let own = ours.get(of)?;
        let note = format!(
            "{advisory}, published {}: malicious versions of a package that is here, in {}; its page tells whether one of \
             them is",
            day(*at),
            count(own.places, "place", "places")
        );
        let key = format!("malicious:{}/{}", of.0.osv_name(), of.1);
        let page = format!("/packages?purl={}", encode(&own.purl));
        Some(draft(key, 2e9, format!("{} ({})", of.1, of.0.osv_name()), note, page))
    });
    let near = read.near.iter().map(|(family, name, own, slip)| {
        let is = ours.get(&(*family, own.clone()));
        let page = is.map_or_else(
            || "/where".to_owned(),
            |own| format!("/packages?purl={}", encode(&own.purl)),
        );
        let note = format!("malicious, and near to {own}, which is here: {slip}");
        let key = format!("malicious:{}/{name}", family.osv_name());
        draft(key, 1e9, format!("{name} ({})", family.osv_name()), note, page)
    });
    let by = read.malicious.iter().map(|(family, is)| {
        let note = format!("{} before", number(whole(is.before.len())));
        let title = format!(
            "{}: {}",
            family.osv_name(),
            count(many(is.names.len()), "malicious package", "malicious packages")
        );
        let key = format!("attacks:{}", family.osv_name());
        draft(key, whole(is.names.len()), title, note, "#attacks".to_owned())
    });
    hit.chain(near).chain(by).collect()
}

/// What is exploited and still here, the oldest first.
fn slow<'s>(
    struck: &'s [Struck],
    of: &impl Fn(&'s Struck) -> Option<(&'s str, Timestamp)>,
    now: Timestamp,
) -> Vec<Draft> {
    let one = |one: &'s Struck| {
        let (cve, listed) = of(one).filter(|_| one.live && !is_unaffected(one))?;
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
fn watch(read: &Read, ours: &Ours) -> Vec<Draft> {
    let one = |(of, times): (&(Family, String), &usize)| {
        let own = ours.get(of)?;
        let note = format!(
            "{times} of its vulnerabilities were exploited in the wild; in {}",
            count(own.places, "place", "places")
        );
        let page = format!("/packages?purl={}", encode(&own.purl));
        let (key, title) = (format!("package:{}", own.purl), short(&own.purl).0);
        Some(draft(key, whole(*times), title, note, page))
    };
    read.ever.iter().filter(|(_, times)| **times > 1).filter_map(one).collect()
}

/// Malicious packages by ecosystem, this quarter and the time before.
fn chart(read: &Read) -> PackChart {
    let of = |pick: fn(&Published) -> usize| {
        read.malicious.values().map(|is| Some(whole(pick(is)))).collect()
    };
    PackChart {
        title: "Malicious packages".to_owned(),
        unit: "published".to_owned(),
        labels: read.malicious.keys().map(|family| family.osv_name().to_owned()).collect(),
        series: vec![
            PackSeries { name: "this time".to_owned(), values: of(|is| is.names.len()) },
            PackSeries { name: "the time before".to_owned(), values: of(|is| is.before.len()) },
        ],
    }
}

#[cfg(test)]
mod tests {
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
        let listing =
            Listing { cve: "CVE-2026-2".to_owned(), listed: at(5), package: right.clone() };
        let hit = BTreeMap::from([(right.clone(), ("MAL-2026-1".to_owned(), at(6)))]);
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
            // A malicious version of what is here comes before all others.
            let told = &attacks(&read, &ours)[0].note;
            assert!(told.starts_with("MAL-2026-1, published 1970-01-07"), "{told}");
        }
    }
}
