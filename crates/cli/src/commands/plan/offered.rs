//! Which of the versions that a registry offers are worth trying.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use trimtab_connect::registry;
use trimtab_engine::action::Idea;
use trimtab_model::Purl;
use trimtab_model::version::{Scheme, flavour};

use super::words::bound;

/// The final versions above the one of a purl that were not taken back; of its flavour, if there are any.
pub(in crate::commands) fn later(
    purl: &Purl,
    offered: Vec<registry::versions::Offered>,
) -> Vec<Box<str>> {
    let family = trimtab_model::Family::from_purl_type(purl.purl_type());
    let above = |version: &str| {
        let (Some(family), Some(from)) = (family, purl.version()) else { return false };
        family.compare(version, from).is_some_and(std::cmp::Ordering::is_gt)
    };
    let fine = offered.into_iter().filter(|o| o.yanked != Some(true) && is_final(purl, &o.version));
    let all: Vec<Box<str>> = fine.map(|o| o.version).filter(|version| above(version)).collect();
    let scheme = family.map_or(Scheme::Unknown, trimtab_model::Family::scheme);
    let from = purl.version().unwrap_or_default();
    let (own, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|version| flavour::same(scheme, version, from));
    if own.is_empty() { others } else { own }
}

/// Whether a version is no trial one, by the custom of its ecosystem.
fn is_final(purl: &Purl, version: &str) -> bool {
    const TRIAL: &[&str] = &[
        "alpha",
        "beta",
        "rc",
        "dev",
        "pre",
        "snapshot",
        "canary",
        "next",
        "nightly",
        "milestone",
    ];
    let lower = version.to_ascii_lowercase();
    if TRIAL.iter().any(|word| lower.contains(word)) {
        return false;
    }
    match purl.purl_type() {
        "npm" | "cargo" | "golang" => !version.contains('-') || version.contains('+'),
        "pypi" => !lower.trim_start_matches('v').contains(['a', 'b', 'c']),
        _ => true,
    }
}

/// Of the versions that are offered, the lowest from a fix on that is of the flavour that is there.
fn of_flavour(
    scheme: Scheme,
    (installed, fix): (&str, &str),
    package: &Purl,
    offered: Vec<registry::versions::Offered>,
) -> Option<Box<str>> {
    let fits = |version: &str| {
        flavour::same(scheme, version, installed)
            && scheme.compare(version, fix).is_some_and(std::cmp::Ordering::is_ge)
            && is_final(package, version)
    };
    offered.into_iter().filter(|o| o.yanked != Some(true)).map(|o| o.version).find(|v| fits(v))
}

/// Puts the version that is offered in the flavour that is there in the place of the one that an advisory names, which
/// may be of another, or of none that was ever published. Until `limit` is over; what is not known stays.
pub(super) fn flavoured(ideas: &mut [Idea], options: &registry::Options, limit: Duration) {
    let begun = Instant::now();
    for idea in ideas.iter_mut().filter(|idea| idea.package.purl_type() == "maven") {
        let (Some(installed), Some(fix)) = (idea.package.version(), idea.to.as_deref()) else {
            continue;
        };
        let scheme = Scheme::Maven;
        let concerns = [installed, fix].iter().any(|version| flavour::is_any(scheme, version));
        if !concerns || begun.elapsed() >= limit {
            continue;
        }
        let Ok(offered) = registry::versions::versions(&idea.package, options) else { continue };
        let found = of_flavour(scheme, (installed, fix), &idea.package, offered);
        idea.to = found.or(idea.to.take());
    }
}

/// Of the versions that are offered, the lowest final one from a fix on.
fn lowest(
    fix: &str,
    package: &Purl,
    offered: Vec<registry::versions::Offered>,
) -> Option<Box<str>> {
    let scheme = Scheme::SemVer;
    let fits = |version: &str| {
        scheme.compare(version, fix).is_some_and(std::cmp::Ordering::is_ge)
            && is_final(package, version)
    };
    let all = offered.into_iter().filter(|o| o.yanked != Some(true)).map(|o| o.version);
    let all = all.filter(|version| fits(version));
    all.reduce(|held, next| {
        let below = scheme.compare(&next, &held).is_some_and(std::cmp::Ordering::is_lt);
        if below { next } else { held }
    })
}

/// Puts the lowest published version in the place of a fix that only bounds a range: RustSec's *later than* ends in `-0`.
/// Until `limit` is over; what is not known stays. Returns the packages of which none is offered.
pub(super) fn published(
    ideas: &mut [Idea],
    options: &registry::Options,
    limit: Duration,
) -> BTreeSet<Purl> {
    let begun = Instant::now();
    let mut none = BTreeSet::new();
    for idea in ideas {
        let to = idea.to.as_deref();
        let Some(fix) = to.filter(|to| bound(&idea.package, to).is_some()) else { continue };
        if begun.elapsed() >= limit {
            break;
        }
        let Ok(offered) = registry::versions::versions(&idea.package, options) else { continue };
        match lowest(fix, &idea.package, offered) {
            Some(found) => idea.to = Some(found),
            None => {
                none.insert(idea.package.clone());
            }
        }
    }
    none
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_of_a_range_is_no_version() {
        let package: Purl = "pkg:cargo/memmap".parse().unwrap();
        let offered = |all: &[&str]| {
            let one = |version: &&str| registry::versions::Offered {
                version: (*version).into(),
                published: None,
                yanked: Some(*version == "0.7.1"),
                built: None,
            };
            all.iter().map(one).collect::<Vec<_>>()
        };
        let all = ["0.9.0", "0.7.0", "0.7.1", "0.7.2", "0.7.1-rc.1"];
        assert_eq!(lowest("0.7.1-0", &package, offered(&all)).as_deref(), Some("0.7.2"));
        assert_eq!(lowest("0.7.1-0", &package, offered(&["0.7.0"])), None);
    }

    #[test]
    fn a_fix_is_taken_in_the_flavour_that_is_there() {
        let package: Purl = "pkg:maven/com.example/guava".parse().unwrap();
        let all = [
            "23.0",
            "28.0-android",
            "28.0-jre",
            "32.0.0-android",
            "32.0.0-jre",
            "32.0.1-android",
            "32.0.1-jre",
            "33.0-rc1",
            "42.2.5.jre7",
            "42.2.5.jre8",
        ];
        let offered = || {
            let one = |version: &&str| registry::versions::Offered {
                version: (*version).into(),
                published: None,
                yanked: Some(*version == "32.0.1-android"),
                built: None,
            };
            all.iter().map(one).collect::<Vec<_>>()
        };
        for (installed, fix, taken) in [
            ("28.0-jre", "32.0.0-android", Some("32.0.0-jre")),
            ("28.0-jre", "32.0.0-jre", Some("32.0.0-jre")),
            ("28.0-jre", "32.0.0.1-jre", Some("32.0.1-jre")),
            ("28.0-android", "32.0.0-android", Some("32.0.0-android")),
            ("28.0-android", "32.0.0-jre", None),
            ("20.0", "22.0", Some("23.0")),
            ("42.2.1.jre8", "42.2.5.jre7", Some("42.2.5.jre8")),
        ] {
            let found = of_flavour(Scheme::Maven, (installed, fix), &package, offered());
            assert_eq!(found.as_deref(), taken, "{installed} {fix}");
        }
        let from = |version: &str| later(&package.clone().with_version(version), offered());
        assert_eq!(from("32.0.0-jre"), [Box::from("32.0.1-jre")]);
        // Where none goes on without a flavour, any will do.
        assert!(from("23.0").contains(&"28.0-jre".into()));
    }
}
