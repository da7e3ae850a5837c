//! The topics of each part of a briefing, and its chart.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use trimtab_engine::review::{Part, Topic, order};
use trimtab_model::ecosystem::Family;
use trimtab_pages::part::number;
use trimtab_store::Struck;

use super::super::agenda::{Draft, Filled, further};
use super::super::packing::{PackChart, PackSeries, whole};
use super::read::{Ours, Own, Published, Read};
use crate::web::count;
use crate::web::findings::encode;
use crate::web::today::short;

/// Whether it was decided that it does not concern us.
pub(super) fn is_unaffected(one: &Struck) -> bool {
    one.decided.as_deref() == Some("not-affected")
}

/// A part whose topics are all known: the first are listed.
pub(super) fn filled(part: Part, mut topics: Vec<Draft>, list: String) -> Filled {
    topics.sort_by(|a, b| order(part, &a.is, &b.is));
    let count = i64::try_from(topics.len()).unwrap_or(i64::MAX);
    let further = further(&mut topics);
    Filled { topics, further, count, more: false, list, about: String::new() }
}

pub(super) fn draft(key: String, weight: f64, title: String, note: String, page: String) -> Draft {
    Draft { is: Topic { key, level: None, weight, due: None }, title, note, page }
}

pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What was exploited and was here, by vulnerability.
pub(super) fn exploited<'s>(
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

pub(super) fn many(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What was exploited in packages of ours, and was not here; and whether of some it is not known. `cut`: of some that are
/// here nobody looked.
pub(super) fn nearly<'s>(
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
        let affected = match own.unknown || listing.unknown || cut {
            true => "whether it is affected is unknown",
            false => "not affected",
        };
        some_unknown |= own.unknown || listing.unknown || cut;
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

/// The numbers of the advisories of `Read::hit`, the findings that there are of them, and whether there are more of either.
type Was<'a> = (&'a HashMap<String, i64>, &'a [Struck], bool);

/// What attackers published: names of ours first, then those near to ours, then by ecosystem.
pub(super) fn attacks(read: &Read, ours: &Ours, was: Was<'_>) -> Vec<Draft> {
    let hit = read.hit.iter().filter_map(|(of, all)| {
        let own = ours.get(of)?;
        let (advisory, at) = all.iter().max_by_key(|(_, at)| *at)?;
        let more = match all.len() {
            1 => String::new(),
            all => format!(" (and {} before it)", all - 1),
        };
        let note = format!(
            "{advisory}, published {}{more}: malicious versions of a package that is here, in {}; {}",
            day(*at),
            count(own.places, "place", "places"),
            ran(all, own, was)
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

/// Whether a malicious version was here, as far as findings tell: an advisory is compared with what is carried when it comes.
fn ran(advisories: &[(String, Timestamp)], own: &Own, (ids, was, cut): Was<'_>) -> String {
    let ids: Vec<i64> = advisories.iter().filter_map(|(name, _)| ids.get(name).copied()).collect();
    let mut all: Vec<&Struck> = was
        .iter()
        .filter(|one| ids.contains(&one.vulnerability.0) && one.package == own.purl)
        .collect();
    all.sort_by_key(|one| (!one.live, one.detected));
    let Some(first) = all.first() else {
        return match own.unknown {
            true => "whether one of them is here is unknown: not every version is known".to_owned(),
            false if cut => {
                "whether one of them is here is unknown: not all were looked at".to_owned()
            }
            false => "no finding tells of one of them, which says nothing of what was gone before \
                      its advisory came"
                .to_owned(),
        };
    };
    let when = match (first.live, first.gone) {
        (true, _) => format!("is here since {}", day(first.detected)),
        (false, Some(gone)) => {
            format!("was here from {} until {}", day(first.detected), day(gone))
        }
        (false, None) => format!("was here from {} on", day(first.detected)),
    };
    let more = match all.len() {
        1 => String::new(),
        all => format!(", and in {} more", all - 1),
    };
    format!("one of them {when}, in {}{more}", first.asset)
}

/// What is exploited and still here, the oldest first.
pub(super) fn slow<'s>(
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
pub(super) fn watch(read: &Read, ours: &Ours) -> Vec<Draft> {
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
pub(super) fn chart(read: &Read) -> PackChart {
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
