//! The words of SPDX 2, the same in JSON and as tag-value.

use std::collections::HashSet;

/// The types of references that are ids; others are addresses and advisories.
const IDS: [&str; 6] = ["purl", "cpe22Type", "cpe23Type", "swid", "gitoid", "swh"];
/// What stands for the document itself in relationships.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
/// What ids in the document itself begin with.
const OWN: &str = "SPDXRef-";

/// The number in the version that a document states.
pub(super) fn number(version: &str) -> Option<&str> {
    version.strip_prefix("SPDX-")
}

/// Whether a creator is somebody: a tool is no author.
pub(super) fn is_author(creator: &str) -> bool {
    creator.starts_with("Organization:") || creator.starts_with("Person:")
}

/// Whether references of a type are ids. It may be written as an address.
pub(super) fn is_id(kind: &str) -> bool {
    kind.rsplit('/').next().is_some_and(|kind| IDS.contains(&kind))
}

/// Who stands in a relationship that tells what needs what, out of all: from, type, to.
pub(super) fn related<'d>(
    packages: &HashSet<&'d str>,
    all: impl Iterator<Item = (&'d str, &'d str, &'d str)>,
) -> HashSet<&'d str> {
    let is_file = |id: &str| id.starts_with(OWN) && !packages.contains(id);
    let mut related = HashSet::new();
    for (from, kind, to) in all {
        // Which files a package has tells of nothing that it needs, nor does that the document describes it.
        let is_listing = match kind {
            "CONTAINS" => is_file(to),
            "CONTAINED_BY" => is_file(from),
            _ => false,
        };
        if !is_listing && from != DOCUMENT && to != DOCUMENT {
            related.extend([from, to]);
        }
    }
    related.remove("");
    related
}
