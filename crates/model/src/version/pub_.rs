//! Pub (Dart) and Julia: Semantic Versioning in which build metadata is ordered.
//!
//! A version without build metadata is below the same version with some, and the identifiers of
//! the metadata are compared like those of a pre-release. Dart packages and Julia's binary
//! packages (`OpenSSL_jll 3.0.8+1`) publish fixes that differ in nothing else.

use super::semver::{Parts, push_identifiers};

const NO_BUILD: u8 = 0;
const BUILD: u8 = 1;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let parts = Parts::split(text)?;
    let mut key = parts.key(3)?;
    match parts.build {
        Some(build) => {
            key.push(BUILD);
            push_identifiers(&mut key, build)?;
        }
        None => key.push(NO_BUILD),
    }
    Some(key)
}
