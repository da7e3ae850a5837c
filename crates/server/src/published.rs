//! When versions that are carried were published, and what came after them. The server asks no registry: it names to
//! whoever pushes an asset those of its packages that most is built on, and keeps what their own clients tell.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::review::age_words;
use trimtab_model::Purl;
use trimtab_store::{Org, Published, ToldPublished};

use crate::problem::Problem;
use crate::state::App;
use crate::web::count;

/// How many packages of the organisation are asked about, and of each team beside.
const RELIED: usize = 200;
/// See there.
const OF_TEAM: usize = 20;
/// The types of purls whose clients can be asked when a version was published.
const TOLD_OF: &[&str] = &["npm", "cargo", "pypi", "golang", "maven", "composer", "gem"];
/// How many one push is asked about.
const ASKED: usize = 10;
/// What was told is asked for again after this.
const FRESH: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Where no registry answered, whoever pushed the asset is asked again after this.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// So long what is no longer relied on most is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);
/// How many may be told at once.
pub(crate) const MOST: usize = 50;
/// The longest text.
const TEXT: usize = 500;

/// Reckons which packages most is built on: of the organisation, and of each of its teams; of those that a client tells of.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn rank(
    app: &App,
    org: Org,
    now: Timestamp,
) -> Result<usize, trimtab_store::StoreError> {
    let mut all: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut owned: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for system in app.store.systems(org).await?.iter() {
        if let Some(team) = system.team {
            owned.entry(team).or_default().push(system.id);
        }
    }
    let scopes = owned.values().map(|systems| (Some(systems.as_slice()), OF_TEAM));
    for (systems, most) in std::iter::once((None, RELIED)).chain(scopes) {
        for relied in app.store.relied_on_of(org, systems, TOLD_OF, most).await? {
            if seen.insert(relied.package.clone()) {
                all.push(relied.package);
            }
        }
    }
    app.store.rank_relied(org, &all, now - KEPT).await?;
    Ok(all.len())
}

/// Purls of an asset that whoever pushes it is asked about.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn wanted(app: &App, org: Org, asset: i64) -> Result<Vec<String>, Problem> {
    let now = app.now();
    let all = app.store.wanted(org, asset, (now - FRESH, now - AGAIN), ASKED).await?;
    let purl = |(package, version): &(String, String)| {
        let purl: Purl = package.parse().ok()?;
        Some(purl.with_version(version).to_string())
    };
    Ok(all.iter().filter_map(purl).collect())
}

/// Checks what somebody tells.
///
/// # Errors
/// Something of it cannot be so.
pub(crate) fn checked(is: &Published, now: Timestamp) -> Result<(), Problem> {
    let wrong = |what: &str| {
        let (package, version) = (&is.package, &is.version);
        Err(Problem::invalid(format!("Of `{package}@{version}`: {what}.")))
    };
    let texts = [&is.source, &is.words];
    let long = |text: &&String| text.chars().count() > TEXT || text.chars().any(char::is_control);
    if texts.into_iter().chain(is.newest.as_ref()).any(|text| long(&text)) {
        return wrong("texts have 500 characters at most, on one line");
    }
    let soon = now + SignedDuration::from_hours(1);
    let days = [is.asked, is.published, is.last_release];
    if days.into_iter().flatten().any(|at| at > soon) {
        return wrong("nothing was asked or published in the future");
    }
    if is.asked.is_some_and(|at| at < now - FRESH * 2) {
        return wrong("it was asked more than two weeks ago");
    }
    if is.since.is_some_and(|count| !(0..=1_000_000).contains(&count)) {
        return wrong("`since` must be 0 to 1,000,000");
    }
    Ok(())
}

/// How old a version is, in whole days. `None`: unknown.
pub(crate) fn age(is: &Published, now: Timestamp) -> Option<i64> {
    is.published.map(|at| (now.duration_since(at).as_secs() / (24 * 3600)).max(0))
}

/// Whether its registry advises against it: deprecated, taken back or archived. `None`: it does not tell.
pub(crate) fn against(is: &Published) -> Option<bool> {
    let standing = is.standing.as_deref().map(|word| word != "offered");
    match (standing, is.archived) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), _) | (_, Some(false)) => Some(false),
        (None, None) => None,
    }
}

/// How it stands with its registry, in words. Nothing: it is offered.
pub(crate) fn standing(is: &Published) -> Option<String> {
    let because = match is.words.trim() {
        "" => String::new(),
        words => format!(" ({words})"),
    };
    match (is.standing.as_deref(), is.archived) {
        (Some("deprecated"), _) => Some(format!("deprecated{because}")),
        (Some("yanked"), _) => Some(format!("taken back{because}")),
        (_, Some(true)) => Some("archived".to_owned()),
        (None, None) => Some("whether it is advised against is unknown".to_owned()),
        _ => None,
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What came after a version, in words. `None`: nobody told.
pub(crate) fn after(is: &Published) -> Option<String> {
    let newest = is.newest.as_deref().map(|version| match is.last_release {
        Some(at) => format!("newest {version} of {}", day(at)),
        None => format!("newest {version}"),
    });
    match (is.since, newest) {
        (Some(0), _) => Some("nothing came after it".to_owned()),
        (Some(releases), newest) => {
            let told = count(releases, "release", "releases");
            Some(newest.map_or(format!("{told} since"), |newest| format!("{told} since, {newest}")))
        }
        (None, newest) => {
            newest.or_else(|| is.last_release.map(|at| format!("newest release {}", day(at))))
        }
    }
}

/// The oldest of so many versions of a package, in words: the one whose publication lies back furthest, of those of which
/// it is known. `None`: it is known of none.
pub(crate) fn oldest(told: &[&ToldPublished], held: usize, now: Timestamp) -> Option<String> {
    let known = told.iter().filter(|one| one.is.published.is_some()).count();
    let dated = told.iter().filter_map(|one| one.is.published.map(|at| (at, one)));
    let (at, one) = dated.min_by_key(|(at, one)| (*at, one.is.version.clone()))?;
    let version = &one.is.version;
    let mut text = match age(&one.is, now).map(age_words) {
        Some(old) if old != "today" => {
            format!("{version} was published {} ({old} ago)", day(at))
        }
        _ => format!("{version} was published {}", day(at)),
    };
    if let Some(after) = after(&one.is) {
        text += &format!(", {after}");
    }
    if let Some(asked) = one.is.asked {
        text += &format!(" (told {})", day(asked));
    }
    if known < held {
        text += &format!("; the oldest of the {known} of {held} versions whose day is known");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    fn told(version: &str, published: Option<&str>) -> ToldPublished {
        ToldPublished {
            is: Published {
                package: "pkg:npm/left".to_owned(),
                version: version.to_owned(),
                asked: Some(at("2026-03-01")),
                source: "npm view".to_owned(),
                published: published.map(at),
                last_release: Some(at("2026-01-05")),
                newest: Some("4.0.0".to_owned()),
                since: Some(12),
                standing: None,
                words: String::new(),
                archived: None,
            },
            told: at("2026-03-01"),
            actor: "token:1".to_owned(),
        }
    }

    #[test]
    fn the_oldest_version_is_told_with_what_came_after_it() {
        let now = at("2026-03-02");
        let (old, new, untold) =
            (told("1.0.0", Some("2023-03-02")), told("2.0.0", Some("2025-03-02")), told("3", None));
        assert_eq!(
            oldest(&[&new, &old], 2, now).unwrap(),
            "1.0.0 was published 2023-03-02 (3.0 years ago), 12 releases since, newest 4.0.0 of 2026-01-05 (told 2026-03-01)"
        );
        let part = oldest(&[&new, &old, &untold], 3, now).unwrap();
        assert!(part.ends_with("; the oldest of the 2 of 3 versions whose day is known"), "{part}");
        assert_eq!(oldest(&[&untold], 1, now), None);
        assert_eq!(age(&new.is, now), Some(365));
    }

    #[test]
    fn what_a_registry_does_not_tell_is_not_fine() {
        let mut is = told("1.0.0", None).is;
        assert_eq!(against(&is), None);
        assert_eq!(standing(&is).unwrap(), "whether it is advised against is unknown");
        is.standing = Some("offered".to_owned());
        assert_eq!((against(&is), standing(&is)), (Some(false), None));
        is.archived = Some(true);
        assert_eq!((against(&is), standing(&is).as_deref()), (Some(true), Some("archived")));
        is.standing = Some("deprecated".to_owned());
        is.words = "use right".to_owned();
        assert_eq!(standing(&is).unwrap(), "deprecated (use right)");
    }

    #[test]
    fn what_cannot_be_so_is_refused() {
        let now = at("2026-03-02");
        let is = told("1.0.0", Some("2023-03-02")).is;
        assert!(checked(&is, now).is_ok());
        let wrong = [
            Published { published: Some(at("2026-03-03")), ..is.clone() },
            Published { asked: Some(at("2026-01-02")), ..is.clone() },
            Published { since: Some(-1), ..is.clone() },
            Published { words: "x".repeat(501), ..is.clone() },
        ];
        assert!(wrong.iter().all(|is| checked(is, now).is_err()));
    }
}
