//! A finding: a vulnerability in a package of an asset, with the evidence that says so.

use crate::advisory::{Advisory, Vulnerability};
use crate::ecosystem::Ecosystem;
use crate::purl::Purl;

/// How sure a finding is. Ordered from the least sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// It rests on a hint (an open-ended range, a name without registry, a bound of the version).
    Low,
    /// Sources disagree, or part of the evidence could not be compared.
    Medium,
    /// Every source that speaks of the package says the same.
    High,
}

impl Confidence {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// What makes a finding less than sure. The order is the order of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doubt {
    /// `versions` and `ranges` of one advisory contradict each other (TRAPS 2).
    VersionsAgainstRanges,
    /// Another advisory of the group covers the package and says that this version is not affected.
    SourcesDisagree,
    /// The upper bound is a hint of the database (`last_known_affected_version_range`), not a range (TRAPS 1).
    BoundIsHint,
    /// Some bound of the advisory could not be compared.
    BoundUnknown,
    /// The component does not come from the registry that the advisory speaks of.
    OtherOrigin,
    /// The operating system release of the component is not known.
    ReleaseUnknown,
    /// The version is the least that may be built with, not the one that was (TRAPS 12): Go's
    /// `go` directive.
    VersionIsLeast,
    /// The version is what is built with unless the machine has a newer one: Go's `toolchain`
    /// directive.
    VersionIsDefault,
}

impl Doubt {
    /// Every doubt, in the order of telling.
    pub const ALL: &[Doubt] = &[
        Doubt::VersionsAgainstRanges,
        Doubt::SourcesDisagree,
        Doubt::BoundIsHint,
        Doubt::BoundUnknown,
        Doubt::OtherOrigin,
        Doubt::ReleaseUnknown,
        Doubt::VersionIsLeast,
        Doubt::VersionIsDefault,
    ];

    /// How sure a finding with only this doubt is.
    pub const fn confidence(self) -> Confidence {
        match self {
            Doubt::BoundIsHint
            | Doubt::OtherOrigin
            | Doubt::ReleaseUnknown
            | Doubt::VersionIsLeast => Confidence::Low,
            Doubt::VersionsAgainstRanges
            | Doubt::SourcesDisagree
            | Doubt::BoundUnknown
            | Doubt::VersionIsDefault => Confidence::Medium,
        }
    }

    /// A sentence part for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Doubt::VersionsAgainstRanges => {
                "the advisory's version list and ranges contradict each other"
            }
            Doubt::SourcesDisagree => "another source says that this version is not affected",
            Doubt::BoundIsHint => "the upper bound is a hint of the database, not a stated range",
            Doubt::BoundUnknown => "a bound of the advisory could not be compared",
            Doubt::OtherOrigin => {
                "the package does not come from the registry that the advisory speaks of"
            }
            Doubt::ReleaseUnknown => "the release of the operating system is not known",
            Doubt::VersionIsLeast => {
                "`go` states the least version, the build may have used a newer one"
            }
            Doubt::VersionIsDefault => {
                "`toolchain` states the default version, a machine with a newer one builds with that"
            }
        }
    }

    /// The stable spelling for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Doubt::VersionsAgainstRanges => "versions-against-ranges",
            Doubt::SourcesDisagree => "sources-disagree",
            Doubt::BoundIsHint => "bound-is-hint",
            Doubt::BoundUnknown => "bound-unknown",
            Doubt::OtherOrigin => "other-origin",
            Doubt::ReleaseUnknown => "release-unknown",
            Doubt::VersionIsLeast => "version-is-least",
            Doubt::VersionIsDefault => "version-is-default",
        }
    }
}

/// What one advisory says about the installed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// Who says so.
    pub advisory: Advisory,
    /// Whether it says that the version is affected; a source that disagrees is kept and shown.
    pub affected: bool,
    /// The fixed versions it names for this package, in the order of the ecosystem.
    pub fixed: Vec<Box<str>>,
    /// The range that contains the version, in words (`>= 1.2.0, < 1.4.3`), or that it is listed.
    pub reason: Box<str>,
    /// Names of affected functions or packages, where the advisory has them; kept for reachability.
    pub symbols: Vec<Box<str>>,
}

/// Where a component is: positions in [`crate::Inventory::files`] and its components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Occurrence {
    /// Position of the file.
    pub file: u32,
    /// Position of the component in it.
    pub component: u32,
}

/// A vulnerability in a package at a version, wherever the inventory lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The ecosystem.
    pub ecosystem: Ecosystem,
    /// The package's name as the ecosystem spells it.
    pub package: Box<str>,
    /// The component: purl with version.
    pub purl: Purl,
    /// What is wrong.
    pub vulnerability: Vulnerability,
    /// Who says what about this version, sorted by advisory id.
    pub attributions: Vec<Attribution>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is not surer, sorted.
    pub doubts: Vec<Doubt>,
    /// The nearest version above the installed one that no attribution calls affected.
    /// `None`: no source names one.
    pub nearest_fix: Option<Box<str>>,
    /// Every place that lists the component, sorted.
    pub occurrences: Vec<Occurrence>,
}

impl Finding {
    /// The installed version, as listed.
    pub fn version(&self) -> &str {
        self.purl.version().unwrap_or("unknown")
    }

    /// The last version that is called affected, where no source names a fix and all that call it affected agree: what is
    /// above it is called affected by none of them. `None`: there is a fix, there is no end, or they differ.
    pub fn last_affected(&self) -> Option<&str> {
        if self.nearest_fix.is_some() {
            return None;
        }
        last_of(self.attributions.iter().filter(|is| is.affected).map(|is| &*is.reason))
    }
}

/// The inclusive end that all of some ranges in words have.
fn last_of<'r>(mut reasons: impl Iterator<Item = &'r str>) -> Option<&'r str> {
    let last = |reason: &'r str| reason.rsplit(", ").next()?.strip_prefix("<= ");
    let first = last(reasons.next()?)?;
    reasons.all(|reason| last(reason) == Some(first)).then_some(first)
}

/// Why a component could not be compared with the advisories about its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnknownReason {
    /// The component has no version.
    NoVersion,
    /// The version is not one that the ecosystem's order understands.
    UnparsableVersion,
    /// No advisory database covers its ecosystem, or its ecosystem is not known.
    NoEcosystem,
    /// It comes from a repository, a path or a URL, so that name and version say nothing.
    NotFromRegistry,
    /// An advisory about the package has only ranges that cannot be compared (GIT, or malformed).
    IncomparableRange,
}

impl UnknownReason {
    /// Every reason, in the order of telling.
    pub const ALL: &[UnknownReason] = &[
        UnknownReason::NoVersion,
        UnknownReason::UnparsableVersion,
        UnknownReason::IncomparableRange,
        UnknownReason::NotFromRegistry,
        UnknownReason::NoEcosystem,
    ];

    /// The stable spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            UnknownReason::NoVersion => "no-version",
            UnknownReason::UnparsableVersion => "unparsable-version",
            UnknownReason::NoEcosystem => "no-ecosystem",
            UnknownReason::NotFromRegistry => "not-from-registry",
            UnknownReason::IncomparableRange => "incomparable-range",
        }
    }
}

/// A component that cannot be judged. Unknown is not clean: it is counted and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The component.
    pub purl: Purl,
    /// Why.
    pub reason: UnknownReason,
    /// The advisories that might apply, where there are any, sorted.
    pub advisories: Vec<Box<str>>,
    /// Every place that lists it, sorted.
    pub occurrences: Vec<Occurrence>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_the_last_affected_version_is_known_where_all_agree() {
        for (reasons, last) in [
            (vec!["<= 1.0.6"], Some("1.0.6")),
            (vec![">= 1.0.0, <= 1.0.6", "<= 1.0.6"], Some("1.0.6")),
            (vec!["<= 1.0.6", "<= 1.0.7"], None),
            (vec!["<= 1.0.6", "listed"], None),
            (vec![">= 1.0.0, < 1.0.7"], None),
            (vec!["all versions"], None),
            (vec![], None),
        ] {
            assert_eq!(last_of(reasons.iter().copied()), last, "{reasons:?}");
        }
    }
}
