//! Bitnami: Semantic Versioning, in which a number after the hyphen is a revision.
//!
//! Bitnami appends to the version of the software the number of its own packaging, so
//! `2.4.58 < 2.4.58-1 < 2.4.58-2 < 2.4.59`. Read as a pre-release, every installed package would
//! be below the version that fixes it (aquasecurity/trivy#5622). Anything else after the hyphen
//! is a pre-release.

use super::push_number;
use super::semver::Parts;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let mut parts = Parts::split(text)?;
    let revision = parts.prerelease.filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if revision.is_some() {
        parts.prerelease = None;
    }
    let mut key = parts.key(3)?;
    if let Some(revision) = revision {
        push_number(&mut key, revision)?;
    }
    Some(key)
}
