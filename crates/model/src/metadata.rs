//! What a registry reports about a package at a version. Every fact may be unknown: registries
//! differ in what they keep, and clients in what they pass on.

use jiff::Timestamp;

use crate::licence::Licence;
use crate::purl::Purl;

/// A package at a version, as its registry reports it. `None` is always *unknown*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The package, at the version for which the registry answered.
    pub purl: Purl,
    /// Who was asked, in words (`npm view`).
    pub source: Box<str>,
    /// When it was asked.
    pub asked: Timestamp,
    /// The licence that the package declares.
    pub licence: Option<Licence>,
    /// When this version was published.
    pub published: Option<Timestamp>,
    /// The latest moment at which it can have been published, where no more is known: when the list that has it was changed.
    pub published_by: Option<Timestamp>,
    /// Whether that list has no later version.
    pub newest: Option<bool>,
    /// When the newest version was published.
    pub last_release: Option<Timestamp>,
    /// Whether the version is still offered without reservation.
    pub standing: Option<Standing>,
    /// Whether the project's repository is archived.
    pub archived: Option<bool>,
    /// Where its sources are.
    pub repository: Option<Box<str>>,
    /// Where its changes are described, according to its publisher.
    pub changelog: Option<Box<str>>,
    /// How many people may publish.
    pub maintainers: Option<u32>,
    /// Whether the package runs something of its own while it is installed.
    pub install_scripts: Option<bool>,
    /// Where the client gets it from: the URL of the registry, or of the package's file in it.
    pub registry: Option<Box<str>>,
    /// What it needs at run time. Empty: nothing.
    pub dependencies: Option<Vec<Requirement>>,
    /// How many versions there are.
    pub versions: Option<u32>,
}

impl Metadata {
    /// Of this package nothing is known yet.
    pub fn unknown(purl: Purl, source: &str, asked: Timestamp) -> Metadata {
        Metadata {
            purl,
            source: source.into(),
            asked,
            licence: None,
            published: None,
            published_by: None,
            newest: None,
            last_release: None,
            standing: None,
            archived: None,
            repository: None,
            changelog: None,
            maintainers: None,
            install_scripts: None,
            registry: None,
            dependencies: None,
            versions: None,
        }
    }
}

/// Whether a version is still offered without reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is offered without reservation.
    Offered,
    /// Its publisher advises against it, with these words.
    Deprecated(Box<str>),
    /// Its publisher withdrew it, with these words (often none).
    Yanked(Box<str>),
}

/// A dependency that a package requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Of which package.
    pub package: Purl,
    /// Which versions, in the ecosystem's notation. Empty: any.
    pub versions: Box<str>,
}

/// A package that another would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The package, at the version that was chosen.
    pub purl: Purl,
    /// The licence that it declares. `None`: unknown.
    pub licence: Option<Licence>,
    /// Whether it runs something of its own while it is installed or built. `None`: unknown.
    pub install_scripts: Option<bool>,
}

impl Brought {
    /// A package of which only the purl is known.
    pub fn new(purl: Purl) -> Brought {
        Brought { purl, licence: None, install_scripts: None }
    }
}
