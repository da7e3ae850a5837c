//! Which versions of a package a registry offers.

use std::cmp::Ordering;

use jiff::Timestamp;
use trimtab_model::version::Scheme;
use trimtab_model::{Diagnostic, Purl};

use super::run::Runner;
use super::{Options, offline, question, told, unavailable};

/// Versions of one package that are taken over.
const MOST: usize = 50_000;

/// A version that a registry offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The version.
    pub version: Box<str>,
    /// When it was published. `None`: the client does not tell.
    pub published: Option<Timestamp>,
    /// Whether it was taken back. `None`: the client does not tell.
    pub yanked: Option<bool>,
    /// Whether it can be installed here without a build. `None`: the client does not tell.
    pub built: Option<bool>,
}

impl Offered {
    /// A version of which nothing else is told.
    pub(super) fn untold(version: &str) -> Offered {
        Offered { version: version.trim().into(), published: None, yanked: None, built: None }
    }
}

/// Every version of a package, in the ascending order of its ecosystem; those that cannot be ordered
/// are left out. Nothing is kept: it is asked when an update is looked for.
///
/// # Errors
/// Why the registry could not be asked, and what helps.
pub fn versions(purl: &Purl, options: &Options) -> Result<Vec<Offered>, Box<Diagnostic>> {
    let unavailable = |(why, help): (String, String)| {
        Box::new(unavailable(&format!("the versions of {purl} are unknown: {why}"), help))
    };
    let package = purl.package();
    let (client, question) = question(&package, options).map_err(&unavailable)?;
    if options.offline {
        return Err(unavailable(offline()));
    }
    let answer = Runner::new(client.program, options)
        .and_then(|runner| (client.versions)(&question, &runner));
    let mut all = answer.map_err(|failure| unavailable(told(client, &failure, options)))?;
    all.truncate(MOST);
    let scheme = scheme(client.purl_type);
    all.retain(|offered| scheme.compare(&offered.version, &offered.version).is_some());
    all.sort_by(|a, b| scheme.compare(&a.version, &b.version).unwrap_or(Ordering::Equal));
    Ok(all)
}

fn scheme(purl_type: &str) -> Scheme {
    match purl_type {
        "npm" | "cargo" => Scheme::SemVer,
        "pypi" => Scheme::Pep440,
        "golang" => Scheme::Go,
        "maven" => Scheme::Maven,
        "composer" => Scheme::Packagist,
        "gem" => Scheme::RubyGems,
        _ => Scheme::Unknown,
    }
}
