//! What the index says of a quarter, beside our packages.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use trimtab_advisories::index::{Affected, Entry, IndexError};
use trimtab_engine::matching::package_of;
use trimtab_engine::selection::near::Popular;
use trimtab_model::Purl;
use trimtab_model::advisory::Kind;
use trimtab_model::ecosystem::Family;
use trimtab_model::version::Version;
use trimtab_store::Stocked;

use crate::opened::Opened;

/// How many names of ours, and how many malicious ones, are held beside each other.
pub(super) const COMPARED: usize = 3_000;

/// A package with something that was exploited in the wild.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub(super) cve: String,
    pub(super) listed: Timestamp,
    /// Family and name of the package.
    pub(super) package: (Family, String),
    /// Whether a version of ours cannot be compared with what the advisories say of it.
    pub(super) unknown: bool,
}

/// A package of ours.
pub(super) struct Own {
    /// The purl without version.
    pub(super) purl: String,
    pub(super) versions: BTreeSet<String>,
    pub(super) places: i64,
    /// Whether some of it was not compared with advisories: it has no version, comes from elsewhere, or waits.
    pub(super) unknown: bool,
}

/// Our packages, by family and name.
pub(super) type Ours = BTreeMap<(Family, String), Own>;

/// Malicious packages of an ecosystem.
#[derive(Debug, Clone, Default)]
pub(super) struct Published {
    /// Names of this time, each with when it was published last.
    pub(super) names: BTreeMap<String, Timestamp>,
    /// Names of the time before.
    pub(super) before: BTreeSet<String>,
}

/// What the index says of a quarter.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    /// Whether the catalogue of exploited vulnerabilities is in it.
    pub(super) has_kev: bool,
    /// Of which days that catalogue and the advisories are. `None`: they do not say.
    pub(super) days: (Option<Date>, Option<Date>),
    pub(super) listings: Vec<Listing>,
    /// Malicious packages of the quarter, and of the time before, by family.
    pub(super) malicious: BTreeMap<Family, Published>,
    /// How many advisories of malicious packages name no day on which they were published.
    pub(super) undated: usize,
    /// Whether the index has any malicious package, of whichever time.
    pub(super) has_malicious: bool,
    /// Packages of ours of which malicious versions were published: the advisories, and when.
    pub(super) hit: BTreeMap<(Family, String), Vec<(String, Timestamp)>>,
    /// Of our packages, how many of their vulnerabilities were ever exploited.
    pub(super) ever: HashMap<(Family, String), usize>,
    /// Malicious names of the quarter that are near to one of ours: the name, ours, and in what they differ.
    pub(super) near: Vec<(Family, String, String, &'static str)>,
    /// Whether there were more names than are held beside each other.
    pub(super) near_cut: bool,
}

/// Our packages by family and name.
pub(super) fn ours(stocked: &[Stocked]) -> Ours {
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
pub(super) fn read(
    index: &Opened,
    ours: &BTreeMap<(Family, String), BTreeSet<String>>,
    (from, to): (Timestamp, Timestamp),
) -> Result<Read, IndexError> {
    let info = index.info()?;
    let day = |text: Option<&str>| text?.get(..10)?.replace('.', "-").parse::<Date>().ok();
    let days = (day(info.kev.as_deref()), day(info.data_date.as_deref()));
    // The time before is as long as this one is known.
    let end =
        |day: Date| day.to_zoned(TimeZone::UTC).ok()?.timestamp().checked_add(super::DAY).ok();
    let known = days.1.and_then(end).map_or(to, |at| at.clamp(from, to.max(from)));
    let earlier = from - known.duration_since(from);
    let mut read = Read { has_kev: index.has_kev(), days, ..Read::default() };
    let mine: HashSet<(Family, &str)> =
        ours.keys().map(|(family, name)| (*family, name.as_str())).collect();
    let mut kev: HashMap<u32, Option<(String, Timestamp)>> = HashMap::new();
    let mut undated: HashSet<u32> = HashSet::new();
    for package in index.packages() {
        let package = package?;
        let of = (package.family(), package.name());
        let mut groups = BTreeSet::new();
        for entry in package.entries() {
            if entry.kind() == Kind::Malicious {
                read.has_malicious = true;
                let advisory = index.advisory_at(entry.advisory())?;
                let Some(at) = advisory.published() else {
                    undated.insert(entry.advisory());
                    continue;
                };
                if from <= at && at < to {
                    let held = read.malicious.entry(of.0).or_default();
                    let newest = held.names.entry(of.1.to_owned()).or_insert(at);
                    *newest = at.max(*newest);
                    if mine.contains(&of) {
                        let told = (advisory.id().to_owned(), at);
                        let all = read.hit.entry((of.0, of.1.to_owned())).or_default();
                        if !all.contains(&told) {
                            all.push(told);
                        }
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
                let held = (of.0, of.1.to_owned());
                let versions = ours.get(&held);
                let unknown = versions.is_some_and(|versions| {
                    let all = package.entries().filter(|one| one.group() == entry.group());
                    all.into_iter().any(|one| versions.iter().any(|v| !is_comparable(&one, v)))
                });
                read.listings.push(Listing { cve, listed, package: held, unknown });
            }
        }
    }
    read.undated = undated.len();
    for (family, is) in &read.malicious {
        let own = ours.keys().filter(|(of, _)| of == family);
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

/// Whether what an advisory says of a package can be compared with a version.
fn is_comparable(entry: &Entry<'_>, version: &str) -> bool {
    let version = Version::parse(entry.family().scheme(), version);
    version.is_ok_and(|version| entry.verdict(&version).affected != Affected::Unknown)
}

/// By which CVE a group is listed as exploited, and since when.
pub(super) fn exploited_since(
    index: &Opened,
    group: u32,
) -> Result<Option<(String, Timestamp)>, IndexError> {
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
