//! The monthly pack: how healthy what is relied on is.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_engine::measure::noise;
use trimtab_engine::review::{
    Concentration, HeldPackage, Kind, Part, Topic, concentration, drift, median_age,
};
use trimtab_model::Purl;
use trimtab_pages::part::tenth;
use trimtab_store::{GroupBy, Stocked, ToldPublished};

use super::agenda::{Draft, Filled, LISTED, Making, further};
use super::packing::{Made, PackChart, PackSeries, counted, whole};
use super::supported::{Said, has_cycles, said};
use super::{Before, last_of};
use crate::problem::Problem;
use crate::published::{self, against, age, oldest};
use crate::web::count;
use crate::web::findings::encode;
use crate::web::today::short;

/// How many components are looked at.
pub(super) const STOCKED: usize = 60_000;
/// How many packages of the load are looked at.
const WEIGHED: usize = 500;
/// What a new licence weighs among others: it comes first.
const NEW: f64 = 1e9;
/// How many weeks noise is told of.
const WEEKS: i32 = 8;

/// What is kept of a month, for the next.
#[derive(Debug, Serialize, Deserialize)]
struct Stock {
    /// Whether there was more than was looked at.
    cut: bool,
    /// Packages with their declared licences.
    packages: Vec<(String, Vec<String>)>,
}

/// A package with what is carried of it.
#[derive(Default)]
struct Carried {
    versions: Vec<String>,
    licences: Vec<String>,
    /// Whether advisories can be looked up for all of it.
    managed: bool,
    /// Places: assets times versions.
    places: i64,
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
    let (store, org) = (&making.app.store, making.org);
    let systems = making.scope.systems.as_deref();
    let stocked = store.stocked(org, systems, STOCKED).await?;
    let cut = stocked.len() >= STOCKED;
    let all = by_package(&stocked);
    let names: Vec<String> = all.keys().cloned().collect();
    let said = said(making, &stocked).await?;
    let last = match last_of(before, Kind::Monthly, making.scope) {
        None => None,
        Some(one) => store.review_stock(org, one.review.id).await?,
    };
    let last: Option<Stock> = last.and_then(|text| serde_json::from_str(&text).ok());
    let stock = Stock {
        cut,
        packages: all.iter().map(|(name, is)| (name.clone(), is.licences.clone())).collect(),
    };
    let [added, removed, licences] = drifted(last.as_ref(), &stock, &all);
    let (relied, ages) = relied(making, &all, said.as_ref(), names.len()).await?;
    let of_cycles = said.as_ref().filter(|_| has_cycles(making));
    let (ending, ended) = ending(&all, of_cycles, making.now);
    let unmanaged = unmanaged(making, &all, cut).await?;
    let (concentrated, five, half) = concentrated(making, &all, cut).await?;
    let (told, asked, chart) = told_and_asked(making).await?;
    let known = |filled: &Filled| (!filled.more).then_some(filled.count as f64);
    let unmaintained =
        said.as_ref().filter(|_| !cut).map(|all| all.values().filter(|is| is.unmaintained).count());
    let numbers = vec![
        counted(Part::Added, "packages added", known(&added)),
        counted(Part::Removed, "packages removed", known(&removed)),
        counted(Part::Relied, "packages known to be unmaintained", unmaintained.map(whole)),
        counted(Part::Ending, "versions without support", ended.filter(|_| !cut).map(whole)),
        counted(Part::Unmanaged, "packages that cannot be looked up", known(&unmanaged)),
        counted(Part::Concentration, "% of the load in five packages", five),
        counted(Part::Licences, "packages with another licence", known(&licences)),
        counted(Part::Noise, "interruptions in four weeks", asked),
        counted(Part::Concentration, "packages that make up half of the load", half),
        counted(Part::Relied, "packages", (!cut).then(|| whole(names.len()))),
        counted(Part::Relied, "median age of the most relied on, in days", ages.half),
        counted(Part::Relied, "most relied on, but advised against", ages.against),
    ];
    let load = (making.load().await?, making.now);
    let load = super::packing::load_line(making.app, org, making.scope, load).await?;
    Ok(Made {
        parts: vec![
            (Part::Follow, follow),
            (Part::Added, added),
            (Part::Removed, removed),
            (Part::Relied, relied),
            (Part::Ending, ending),
            (Part::Unmanaged, unmanaged),
            (Part::Concentration, concentrated),
            (Part::Licences, licences),
            (Part::Noise, told),
        ],
        numbers,
        charts: vec![load, chart],
        stock: serde_json::to_string(&stock).ok(),
    })
}

fn by_package(all: &[Stocked]) -> BTreeMap<String, Carried> {
    let mut of: BTreeMap<String, Carried> = BTreeMap::new();
    for one in all {
        let is = &one.component.is;
        let held = of
            .entry(is.package.clone())
            .or_insert_with(|| Carried { managed: true, ..Carried::default() });
        held.managed &= is.registry && is.version.is_some();
        held.places += one.assets;
        held.versions.extend(is.version.clone());
        if let Some(licence) = is.licence.clone().filter(|it| !held.licences.contains(it)) {
            held.licences.push(licence);
        }
    }
    for held in of.values_mut() {
        held.versions.sort();
        held.versions.dedup();
        held.licences.sort();
    }
    of
}

/// A package as a topic of a part: what it is there, it is in no other.
fn package(part: Part, name: &str, weight: f64, note: String) -> Draft {
    let (words, _) = short(name);
    Draft {
        is: Topic { key: format!("{}:{name}", part.as_str()), level: None, weight, due: None },
        title: words,
        note,
        page: format!("/packages?purl={}", encode(name)),
    }
}

/// A part whose topics are all known: the heaviest are listed.
fn filled(part: Part, mut topics: Vec<Draft>, about: String, list: &str) -> Filled {
    topics.sort_by(|a, b| trimtab_engine::review::order(part, &a.is, &b.is));
    let count = i64::try_from(topics.len()).unwrap_or(i64::MAX);
    let further = further(&mut topics);
    Filled { topics, further, count, more: false, list: list.to_owned(), about }
}

/// A part of which nothing can be said yet.
fn unknown(about: &str, list: &str) -> Filled {
    Filled {
        topics: Vec::new(),
        further: Vec::new(),
        count: 0,
        more: true,
        list: list.to_owned(),
        about: about.to_owned(),
    }
}

/// What came, what went, and whose licence is another one.
fn drifted(last: Option<&Stock>, now: &Stock, all: &BTreeMap<String, Carried>) -> [Filled; 3] {
    let list = "/where";
    let Some(last) = last else {
        let about = "There is no earlier pack for the same systems: added and removed packages are listed from the next one on.";
        return [unknown(about, list), unknown(about, list), unknown(about, list)];
    };
    if last.cut || now.cut {
        let about = "There are more components than Trimtab compares: added and removed packages are unknown.";
        return [unknown(about, list), unknown(about, list), unknown(about, list)];
    }
    let (before, is) = (held(last), held(now));
    let drift = drift(&before, &is);
    let places = |name: &str| all.get(name).map_or(0, |is| is.places);
    let added = drift.added.iter().map(|name| {
        let is = all.get(*name);
        let versions = is.map_or_else(String::new, |is| versions(&is.versions));
        let note = format!("{versions}, in {}", count(places(name), "place", "places"));
        package(Part::Added, name, places(name) as f64, note)
    });
    let gone = || "in no asset any longer".to_owned();
    let removed = drift.removed.iter().map(|name| package(Part::Removed, name, 0.0, gone()));
    let other = drift.relicensed.iter().map(|(name, was, is)| {
        let note = format!("{}; before {}", is.join(", "), was.join(", "));
        package(Part::Licences, name, places(name) as f64, note)
    });
    let new = drift.licences.iter().map(|licence| Draft {
        is: Topic { key: format!("licence:{licence}"), level: None, weight: NEW, due: None },
        title: format!("Licence {licence}"),
        note: "no package had it before".to_owned(),
        page: format!("/where?licence={}", encode(licence)),
    });
    [
        filled(
            Part::Added,
            added.collect(),
            "Packages that no asset had in the last pack, those in most places first.".to_owned(),
            list,
        ),
        filled(
            Part::Removed,
            removed.collect(),
            "Packages that were in the last pack.".to_owned(),
            list,
        ),
        filled(
            Part::Licences,
            new.chain(other).collect(),
            "As documents declare them; packages without a declared licence are not listed. New licences first, then packages whose licence changed since the last pack."
                .to_owned(),
            list,
        ),
    ]
}

/// The packages of a month, as the engine compares them.
fn held(stock: &Stock) -> Vec<HeldPackage<'_>> {
    let mut all = Vec::with_capacity(stock.packages.len());
    for (package, licences) in &stock.packages {
        all.push(HeldPackage { package, licences: licences.iter().map(String::as_str).collect() });
    }
    all
}

/// `4.17.21`, `3 versions, 1.0 … 2.3`.
fn versions(all: &[String]) -> String {
    match all {
        [] => "no version is told".to_owned(),
        [one] => one.clone(),
        [first, .., last] => format!("{} versions, {first} … {last}", all.len()),
    }
}

/// How old what most is built on is, and of how much of it registries advise against. `None`: unknown.
struct Ages {
    half: Option<f64>,
    against: Option<f64>,
}

/// What registries told of the versions of a package that are carried.
fn told_of<'t>(
    told: &'t [ToldPublished],
    package: &str,
    all: &BTreeMap<String, Carried>,
) -> Vec<&'t ToldPublished> {
    let held = all.get(package).map_or(&[][..], |is| &is.versions);
    let here = |one: &&ToldPublished| one.is.package == package && held.contains(&one.is.version);
    told.iter().filter(here).collect()
}

/// The packages that most is built on.
async fn relied(
    making: &Making<'_>,
    all: &BTreeMap<String, Carried>,
    said: Option<&HashMap<String, Said>>,
    known: usize,
) -> Result<(Filled, Ages), Problem> {
    let store = &making.app.store;
    let first = store.relied_on(making.org, making.scope.systems.as_deref(), LISTED).await?;
    let names: Vec<String> = first.iter().map(|is| is.package.clone()).collect();
    let told = store.published(making.org, &names).await?;
    let of = |package: &str| told_of(&told, package, all);
    let held = |package: &str| all.get(package).map_or(0, |is| is.versions.len());
    // Where one version is not dated, it may be the oldest.
    let ages: Vec<Option<i64>> = names
        .iter()
        .map(|name| {
            let known: Vec<i64> =
                of(name).iter().filter_map(|one| age(&one.is, making.now)).collect();
            (known.len() == held(name)).then(|| known.into_iter().max()).flatten()
        })
        .collect();
    // And where one was not told of, that may be the one that is advised against.
    let refused: Vec<Option<bool>> = names
        .iter()
        .map(|name| {
            let says: Vec<bool> = of(name).iter().filter_map(|one| against(&one.is)).collect();
            match says.contains(&true) {
                true => Some(true),
                false => (held(name) > 0 && says.len() == held(name)).then_some(false),
            }
        })
        .collect();
    let dated = ages.iter().flatten().count();
    let is = Ages {
        half: median_age(&ages).map(|days| days as f64),
        // Of one that nobody told of it is not known.
        against: (!refused.is_empty() && refused.iter().all(Option::is_some))
            .then(|| whole(refused.iter().filter(|is| **is == Some(true)).count())),
    };
    let topic = |is: &trimtab_store::Relied| {
        let of = said.and_then(|all| all.get(&is.package));
        let kept = match of {
            None => "whether it is maintained is unknown",
            Some(said) if said.unmaintained => "an advisory says that nobody maintains it",
            Some(_) => "no advisory says that it is unmaintained",
        };
        let told = told_of(&told, &is.package, all);
        let told_age = oldest(&told, held(&is.package), making.now);
        let age = match (told_age, of.and_then(|said| said.released)) {
            (Some(told), _) => told,
            (None, Some(day)) => format!("its release cycle began {day}"),
            (None, None) => "its age is unknown".to_owned(),
        };
        let standing = told.iter().filter(|one| against(&one.is) == Some(true)).find_map(|one| {
            published::standing(&one.is).map(|words| format!("; {} is {words}", one.is.version))
        });
        let standing = standing.unwrap_or_default();
        let versions = all.get(&is.package).map_or_else(String::new, |is| versions(&is.versions));
        let note = format!(
            "{versions}; in {} of {}; {kept}; {age}{standing}",
            count(is.assets, "asset", "assets"),
            count(is.systems, "system", "systems"),
        );
        package(Part::Relied, &is.package, is.assets as f64, note)
    };
    let topics = first.iter().map(topic).collect();
    let about = format!(
        "The packages that most assets carry. Maintenance is told by advisories and by what registries told whoever \
         pushed; so is when the oldest version in use was published, which is known of {dated} of {}. Else age is told \
         by release cycles.",
        names.len()
    );
    let list = filled(Part::Relied, topics, about, "/where");
    Ok((Filled { count: i64::try_from(known).unwrap_or(i64::MAX), ..list }, is))
}

/// What nobody supports any longer, or soon; and how much has ended.
fn ending(
    all: &BTreeMap<String, Carried>,
    said: Option<&HashMap<String, Said>>,
    now: Timestamp,
) -> (Filled, Option<usize>) {
    let Some(said) = said else {
        return (unknown("Unknown: there is no index with ends of support.", "/where"), None);
    };
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut topics = Vec::new();
    let mut ended = 0;
    for (name, is) in said {
        for (version, day) in &is.ending {
            let over = day.is_none_or(|day| day <= today);
            ended += usize::from(over);
            let (words, _) = short(name);
            let note = match (day, over) {
                (None, _) => "support has ended".to_owned(),
                (Some(day), true) => format!("support ended {day}"),
                (Some(day), false) => format!("support ends {day}"),
            };
            let due = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
            topics.push(Draft {
                is: Topic {
                    key: format!("end:{name}@{version}"),
                    level: None,
                    weight: all.get(name).map_or(0.0, |is| is.places as f64),
                    due: due.map(|day| day.timestamp()),
                },
                title: format!("{words} {version}"),
                note,
                page: format!("/packages?purl={}", encode(name)),
            });
        }
    }
    let about = "Support has ended, or ends within 180 days, by the release cycles in the index. Products that the index does not list are not covered."
        .to_owned();
    (filled(Part::Ending, topics, about, "/where"), Some(ended))
}

/// What advisories cannot be looked up for.
async fn unmanaged(
    making: &Making<'_>,
    all: &BTreeMap<String, Carried>,
    cut: bool,
) -> Result<Filled, Problem> {
    let store = &making.app.store;
    let (unread, assets) = store.unread(making.org, making.scope.systems.as_deref()).await?;
    let topics = all.iter().filter(|(_, is)| !is.managed).map(|(name, is)| {
        let why = match is.versions.is_empty() {
            true => "no version is told",
            false => "it comes from no registry that advisories know, or has no version somewhere",
        };
        let note = format!("{why}; in {}", count(is.places, "place", "places"));
        package(Part::Unmanaged, name, is.places as f64, note)
    });
    let about = format!(
        "Vendored, private or without a version, so advisories cannot be matched. In {} with an inventory, {} could not be identified at all.",
        count(assets, "asset", "assets"),
        count(unread, "more component", "more components"),
    );
    let is = filled(Part::Unmanaged, topics.collect(), about, "/where");
    Ok(Filled { more: cut, ..is })
}

fn percent(share: f64) -> f64 {
    (share * 100.0).round()
}

/// How much hangs on how few: the part, the share of five packages in the load, and how many make up half.
async fn concentrated(
    making: &Making<'_>,
    all: &BTreeMap<String, Carried>,
    cut: bool,
) -> Result<(Filled, Option<f64>, Option<f64>), Problem> {
    let store = &making.app.store;
    let filter = making.counting();
    let groups = store.group_findings(making.org, &filter, GroupBy::Package, WEIGHED).await?;
    let sum: f64 = groups.iter().map(|group| group.weight).sum();
    // The lightest are left out where there are more: shares are then those of the heaviest.
    // What was not weighed adds nothing to the sum: then it is not the load.
    let of_all = groups.len() < WEIGHED && making.unweighed(None).await? == 0;
    let load = concentration(groups.iter().map(|group| group.weight)).filter(|_| of_all);
    let mut topics: Vec<Draft> = Vec::new();
    for group in groups.iter().take(5).filter(|group| group.weight > 0.0) {
        let share = match of_all {
            true => format!("{} % of the load", percent(group.weight / sum)),
            false => format!("load {}", tenth(group.weight)),
        };
        let note = format!("{share}, {} findings", group.findings);
        topics.push(package(Part::Concentration, &group.key, group.weight, note));
    }
    let mut suppliers: BTreeMap<String, f64> = BTreeMap::new();
    let mut unnamed = 0;
    for (name, is) in all {
        match supplier(name) {
            Some(of) => *suppliers.entry(of).or_default() += is.places as f64,
            None => unnamed += is.places,
        }
    }
    let places = concentration(suppliers.values().copied());
    let mut first: Vec<(&String, &f64)> = suppliers.iter().collect();
    first.sort_by(|a, b| b.1.total_cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let whole: f64 = suppliers.values().sum();
    topics.extend(first.into_iter().take(5).map(|(name, places)| Draft {
        is: Topic { key: format!("supplier:{name}"), level: None, weight: 0.0, due: None },
        title: format!("Supplier {name}"),
        note: format!("{} % of the places of named suppliers", percent(places / whole)),
        page: "#concentration".to_owned(),
    }));
    let told = |of: Option<Concentration>, what: &str| match of {
        None => format!("The distribution of {what} is unknown. "),
        Some(is) => format!(
            "Of {what}, the largest {} of {} make up {} %, and {} make up half. ",
            is.of.min(5),
            is.of,
            percent(is.five),
            is.half
        ),
    };
    let about = format!(
        "{}{}A supplier is the namespace of a package; it is unknown for {}, as is the number of people behind each.",
        told(load, "the load by package"),
        told(places.filter(|_| !cut), "places by supplier"),
        count(unnamed, "place", "places")
    );
    let list = making.of("/findings?by=package&counts=true");
    let is = filled(Part::Concentration, topics, about, &list);
    Ok((is, load.map(|is| percent(is.five)), load.map(|is| is.half as f64)))
}

/// Who supplies a package: its namespace, with the ecosystem.
fn supplier(package: &str) -> Option<String> {
    let purl: Purl = package.parse().ok()?;
    let namespace = purl.namespace()?.to_owned();
    Some(format!("{}/{namespace}", purl.purl_type()))
}

fn many(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How often teams were asked: the part, the number of four weeks, and the chart of eight.
async fn told_and_asked(making: &Making<'_>) -> Result<(Filled, Option<f64>, PackChart), Problem> {
    let (app, org, now) = (making.app, making.org, making.now);
    let folded = app.folded(org).await?;
    let stored = app.store.systems(org).await?;
    let teams = app.store.teams(org).await?;
    let team = match making.scope.of {
        trimtab_store::ReviewOf::Team(id) => Some(id),
        _ => None,
    };
    let all = folded.tellings.of(making.scope.systems.as_deref(), &stored, team);
    let week = SignedDuration::from_hours(24 * 7);
    let spans: Vec<(Timestamp, Timestamp)> =
        (1..=WEEKS).rev().map(|back| (now - week * back, now - week * (back - 1))).collect();
    // Of what was before the first entry nobody knows.
    let began = folded.lives.iter().filter_map(|l| l.episodes.first()).map(|e| e.began).min();
    let known = |from: Timestamp| began.is_some_and(|began| began <= from);
    let weekly: Vec<Option<f64>> = spans
        .iter()
        .map(|(from, to)| known(*from).then(|| whole(noise(all.iter(), *from, *to).interruptions)))
        .collect();
    let month = now - week * 4;
    let span = if known(month) { "in four weeks" } else { "so far" };
    let asked = noise(all.iter(), month, now).interruptions;
    let topics = teams.iter().filter_map(|team| {
        let own = all.iter().filter(|is| is.team == Some(team.id));
        let is = noise(own, month, now);
        let said = is.interruptions + is.notices;
        (said > 0).then(|| Draft {
            is: Topic {
                key: format!("team:{}", team.id),
                level: None,
                weight: is.interruptions as f64,
                due: None,
            },
            title: team.name.clone(),
            note: format!(
                "{}, and told of {}, {span}",
                count(many(is.interruptions), "interruption", "interruptions"),
                count(
                    many(is.notices),
                    "changed plan or new finding",
                    "changed plans and new findings"
                )
            ),
            page: format!("/metrics?team={}&days=28", team.id),
        })
    });
    let about = "Requests for work outside what the charter calls now, and messages to teams, in four weeks."
        .to_owned();
    let list = making.of("/metrics/list?of=interruptions&days=28");
    let part = filled(Part::Noise, topics.collect(), about, &list);
    let chart = PackChart {
        title: "Noise".to_owned(),
        unit: "interruptions in the week".to_owned(),
        labels: spans.iter().map(|(from, _)| from.strftime("%Y-%m-%d").to_string()).collect(),
        series: vec![PackSeries { name: "interruptions".to_owned(), values: weekly }],
    };
    Ok((part, known(month).then(|| whole(asked)), chart))
}
