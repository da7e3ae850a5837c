//! How firmly a file states the version of a component.
//!
//! Go's standard library comes with the toolchain, and no file of a module names the toolchain of a
//! build (TRAPS 12). By the Go toolchain reference, the `go` command builds with its own toolchain
//! unless the `go` or `toolchain` line asks for a newer one. Both are lower bounds; but `go` is
//! what the code needs, which a project seldom changes, and `toolchain` is what its maintainers
//! chose to build with.

use trimtab_model::Component;

/// Ordered from the loosest. A component listed twice is as sure as its firmest place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stated {
    /// No older version can be used.
    Least,
    /// No older version is used by default; a newer one that is installed is preferred.
    Default,
    /// This version.
    Exactly,
}

impl Stated {
    pub(super) fn of(component: &Component) -> Stated {
        let purl = &component.purl;
        let from_toolchain = purl.purl_type() == "golang"
            && purl.namespace().is_none()
            && matches!(purl.name(), "stdlib" | "toolchain");
        // The readers of `go.mod` and `go.work` keep the directive that the version is taken from.
        let directive = component.requirement.as_deref().filter(|_| from_toolchain);
        match directive.and_then(|d| d.split(' ').next()) {
            Some("go") => Stated::Least,
            Some("toolchain") => Stated::Default,
            _ => Stated::Exactly,
        }
    }
}
