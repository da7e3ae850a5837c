//! Malicious versions that were carried once and are no longer: also what was gone before its advisory came, which no
//! finding tells of. Components that documents listed are looked at, and then the documents of the time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use trimtab_advisories::index::{Affected, Entry};
use trimtab_engine::matching::package_of;
use trimtab_model::Purl;
use trimtab_model::advisory::Kind;
use trimtab_model::ecosystem::Family;
use trimtab_model::version::Version;
use trimtab_store::{CarriedOnce, Component, Struck};

use super::super::agenda::{Draft, Making};
use super::STRUCK;
use super::read::{Ours, Read};
use super::topics::{day, draft};
use crate::problem::Problem;
use crate::state::App;
use crate::web::findings::encode;

/// How many packages that documents ever listed are held beside malicious ones.
const PACKAGES: usize = 200_000;
/// How many versions of malicious packages are looked at.
const VERSIONS: usize = 500;
/// How many documents are looked through for them, the newest first.
const DOCUMENTS: usize = 2_000;
/// How long before the time documents are looked through.
const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 91);

/// What of it was here, and whether there is more than was looked at.
///
/// # Errors
/// The store does not answer.
pub(super) async fn gone(
    making: &Making<'_>,
    read: &Read,
    ours: &Ours,
    from: Timestamp,
) -> Result<(Vec<Draft>, bool), Problem> {
    let (store, org) = (&making.app.store, making.org);
    if read.malicious.is_empty() {
        return Ok((Vec::new(), false));
    }
    let known = store.packages_listed(org, PACKAGES).await?;
    let mut cut = known.len() >= PACKAGES;
    let mut versions: Vec<Component> = Vec::new();
    let mut advisories: BTreeSet<String> = BTreeSet::new();
    for package in &known {
        let of = package.parse::<Purl>().ok().and_then(|purl| package_of(&purl));
        let Some((family, name)) = of else { continue };
        let published = read.malicious.get(&family);
        if !published.is_some_and(|is| is.names.contains_key(&*name)) {
            continue;
        }
        let all = store.versions_listed(org, package, VERSIONS).await?;
        cut |= all.len() >= VERSIONS;
        let carried = ours.get(&(family, name.to_string())).map(|own| &own.versions);
        for is in all {
            // What is carried still is not gone.
            let version = is.is.version.as_ref();
            if version.is_some_and(|version| carried.is_some_and(|all| all.contains(version))) {
                continue;
            }
            let named = malicious(making.app, (family, &name), &is);
            if !named.is_empty() {
                advisories.extend(named);
                versions.push(is);
            }
        }
        if versions.len() >= VERSIONS {
            cut = true;
            break;
        }
    }
    if versions.is_empty() {
        return Ok((Vec::new(), cut));
    }
    let ids: Vec<i64> = versions.iter().map(|is| is.id).collect();
    let since = (from - BEFORE, DOCUMENTS);
    let systems = making.scope.systems.as_deref();
    let (carried, more) = store.carried_once(org, &ids, systems, since).await?;
    let mut known = Vec::new();
    for advisory in &advisories {
        known.extend(store.vulnerability_of(org, advisory).await?.map(|(id, _)| id));
    }
    let was = match known.is_empty() {
        true => Vec::new(),
        false => store.struck_by(org, &known, systems, STRUCK).await?,
    };
    cut |= was.len() >= STRUCK;
    Ok((told(read, &versions, &carried, &was), cut || more))
}

/// The advisories that call a version malicious.
fn malicious(app: &App, (family, name): (Family, &str), is: &Component) -> Vec<String> {
    let mut all = Vec::new();
    let Some(version) = is.is.version.as_deref().filter(|_| is.is.registry) else { return all };
    let Ok(version) = Version::parse(family.scheme(), version) else { return all };
    let Some(index) = app.index() else { return all };
    let Ok(Some(package)) = index.package(family, name) else { return all };
    let names = |entry: &Entry<'_>| {
        entry.kind() == Kind::Malicious && entry.verdict(&version).affected == Affected::Yes
    };
    for entry in package.entries().filter(names) {
        if let Ok(advisory) = index.advisory_at(entry.advisory()) {
            all.push(advisory.id().to_owned());
        }
    }
    all
}

/// A topic for each malicious version that was here, and of which no finding tells.
fn told(
    read: &Read,
    versions: &[Component],
    carried: &[CarriedOnce],
    was: &[Struck],
) -> Vec<Draft> {
    let mut by: BTreeMap<i64, (&Component, Vec<&CarriedOnce>)> = BTreeMap::new();
    for one in carried {
        let Some(is) = versions.iter().find(|is| is.id == one.component) else { continue };
        let told = |struck: &Struck| struck.package == is.is.package && struck.asset == one.asset;
        if !was.iter().any(told) {
            by.entry(is.id).or_insert_with(|| (is, Vec::new())).1.push(one);
        }
    }
    let topic = |(is, all): (&Component, Vec<&CarriedOnce>)| {
        let package = is.is.package.as_str();
        let of = package.parse::<Purl>().ok().and_then(|purl| package_of(&purl))?;
        let published = read.malicious.get(&of.0)?.names.get(&*of.1)?;
        let first = all.iter().map(|one| one.first).min()?;
        let last = all.iter().map(|one| one.last).max()?;
        let assets: BTreeSet<&str> = all.iter().map(|one| one.asset.as_str()).collect();
        let more = match assets.len() {
            0 | 1 => String::new(),
            all => format!(", and in {} more", all - 1),
        };
        let note = format!(
            "malicious, published {}: {} was listed from {} to {} in {}{more}, and no finding tells of it",
            day(*published),
            is.is.version.as_deref().unwrap_or("a version"),
            day(first),
            day(last),
            assets.first()?
        );
        let key = format!("carried:{}", is.is.purl);
        let page = format!("/where?q={}", encode(package));
        Some(draft(key, 3e9, format!("{} ({})", of.1, of.0.osv_name()), note, page))
    };
    by.into_values().filter_map(topic).collect()
}

#[cfg(test)]
mod tests {
    use trimtab_store::NewComponent;

    use super::super::read::Published;
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    #[test]
    fn what_was_gone_before_its_advisory_came_is_told_with_its_days() {
        let is = NewComponent {
            purl: "pkg:npm/worm@1.2.3".to_owned(),
            package: "pkg:npm/worm".to_owned(),
            name: "worm".to_owned(),
            version: Some("1.2.3".to_owned()),
            licence: None,
            registry: true,
        };
        let later = NewComponent {
            purl: "pkg:npm/worm@1.2.4".to_owned(),
            version: Some("1.2.4".to_owned()),
            ..is.clone()
        };
        let versions =
            [Component { id: 7, is, matched: true }, Component { id: 8, is: later, matched: true }];
        let names = BTreeMap::from([("worm".to_owned(), at(9))]);
        let published = Published { names, ..Published::default() };
        let read =
            Read { malicious: BTreeMap::from([(Family::Npm, published)]), ..Read::default() };
        let once = |component, first, last| {
            let asset = "shop".to_owned();
            CarriedOnce { component, asset, first: at(first), last: at(last) }
        };
        let carried = [once(7, 4, 6), once(8, 8, 9)];
        let topics = told(&read, &versions, &carried, &[]);
        assert_eq!(topics.len(), 2, "each version has days of its own");
        for (topic, words) in topics.iter().zip([
            "1.2.3 was listed from 1970-01-05 to 1970-01-07 in shop",
            "1.2.4 was listed from 1970-01-09 to 1970-01-10 in shop",
        ]) {
            assert!(topic.note.contains(words), "{words}: {}", topic.note);
        }
        // What findings tell is told by them.
        let struck = Struck {
            finding: 1,
            package: "pkg:npm/worm".to_owned(),
            vulnerability: (7, "MAL-2026-1".to_owned()),
            asset: "shop".to_owned(),
            detected: at(5),
            gone: None,
            live: true,
            decided: None,
        };
        assert!(told(&read, &versions, &carried, &[struck]).is_empty());
    }
}
