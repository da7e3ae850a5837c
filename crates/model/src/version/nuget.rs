//! NuGet: Semantic Versioning 2.0.0 with a fourth number and without regard to case.
//!
//! Missing numbers are zero, so `1.0` is `1.0.0.0`. Pre-release identifiers are compared as .NET
//! compares strings without case, which is by their upper-case letters. Metadata does not count.

use super::semver::Parts;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let upper = text.to_ascii_uppercase();
    let parts = Parts::split(&upper)?;
    if parts.numbers.len() > 4 {
        return None;
    }
    parts.key(4)
}
