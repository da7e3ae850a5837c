//! Go modules, the standard library and the toolchain.
//!
//! Module versions are Semantic Versions: a pseudo-version (`v0.0.0-20210101000000-abcdef123456`)
//! is a pre-release, and `+incompatible` is build metadata, which does not count. Releases of Go
//! itself are spelled `go1.21rc2` or `1.21rc2`; the Go vulnerability database writes the same
//! release `1.21.0-rc.2`, so both give one key. `(devel)`, branches and commit hashes are unknown.

use super::semver::{self, Parts};

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    match text.strip_prefix("go") {
        Some(release) => toolchain(release),
        None => toolchain_prerelease(text).or_else(|| semver::key(text)),
    }
}

/// What follows `go`: a vendor's suffix (`-fips`, ` X:boringcrypto`) does not change the release.
fn toolchain(release: &str) -> Option<Vec<u8>> {
    let release = release.split(['-', '+', ' ']).next().unwrap_or(release);
    if let Some(key) = toolchain_prerelease(release) {
        return Some(key);
    }
    let parts = Parts::split(release)?;
    if parts.prerelease.is_some() { None } else { parts.key(3) }
}

/// `1.21rc2` or `1.9beta1`, as `1.21.0-rc.2` and `1.9.0-beta.1`.
fn toolchain_prerelease(text: &str) -> Option<Vec<u8>> {
    let (numbers, rest) = semver::numbers(text)?;
    let word = ["rc", "beta"].into_iter().find(|word| rest.starts_with(word))?;
    let serial = rest.get(word.len()..)?;
    if serial.is_empty() || !serial.bytes().all(|b| b.is_ascii_digit()) || numbers.len() < 2 {
        return None;
    }
    let identifiers = format!("{word}.{serial}");
    Parts { numbers, prerelease: Some(&identifiers), build: None }.key(3)
}
