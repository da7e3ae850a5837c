//! Semantic Versioning 2.0.0, read the way lockfiles, tags and advisories write it.
//!
//! Order: numbers, then a pre-release below its release, identifiers one by one; build metadata
//! does not count. Accepted beyond the standard, because the ecosystems that share this scheme
//! have it: a leading `v` or `=`, missing minor and patch (`v4` is `4.0.0`), leading zeros,
//! numbers after the third (above the three, `1.2.3 < 1.2.3.1`), and a pre-release without its
//! hyphen (`1.2.3rc1`, `1.2.3.rc1`).
//!
//! Traps: `4e12345` is a short commit hash, not a pre-release of 4, so a hyphenless pre-release
//! needs a dot before it; seven or forty bare digits may be a hash as well, and are unknown.
//! `1.x`, `*` and `main` are not versions.

use super::push_number;

/// What follows the numbers: the order of these bytes is the order of versions.
const PRERELEASE: u8 = 1;
const RELEASE: u8 = 2;
const FURTHER_NUMBER: u8 = 3;
/// Ends a list of identifiers: below any further identifier.
const END: u8 = 0;
const NUMERIC: u8 = 1;
const ALPHANUMERIC: u8 = 2;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    Parts::split(text)?.key(3)
}

/// A version taken apart.
pub(super) struct Parts<'a> {
    /// The numbers, at least one.
    pub(super) numbers: Vec<&'a str>,
    /// The pre-release, without its hyphen.
    pub(super) prerelease: Option<&'a str>,
    /// The build metadata, without its `+`.
    pub(super) build: Option<&'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn split(text: &'a str) -> Option<Parts<'a>> {
        let bare = text.trim_start_matches(['=', ' ']);
        let unprefixed = bare.strip_prefix(['v', 'V']).unwrap_or(bare).trim_start();
        let (core, build) = match unprefixed.split_once('+') {
            Some((core, build)) => (core, Some(build)),
            None => (unprefixed, None),
        };
        let (numbers, rest) = numbers(core)?;
        if let [number] = numbers.as_slice()
            && bare.len() == unprefixed.len()
            && matches!(number.len(), 7 | 40)
        {
            return None;
        }
        let prerelease = match rest.as_bytes().first() {
            None => None,
            Some(b'-') => rest.get(1..),
            Some(b'a'..=b'z' | b'A'..=b'Z') if numbers.len() >= 2 => Some(rest),
            Some(b'.') if numbers.len() >= 2 && is_word(rest.get(1..)?) => rest.get(1..),
            Some(_) => return None,
        };
        Some(Parts { numbers, prerelease, build })
    }

    /// The key, with missing numbers up to `width` read as zero.
    pub(super) fn key(&self, width: usize) -> Option<Vec<u8>> {
        let mut key = Vec::with_capacity(16);
        for i in 0..width {
            push_number(&mut key, self.numbers.get(i).copied().unwrap_or("0"))?;
        }
        let further = self.numbers.get(width..).unwrap_or_default();
        let zeros = further.iter().rev().take_while(|n| n.bytes().all(|b| b == b'0')).count();
        for number in further.iter().take(further.len() - zeros) {
            key.push(FURTHER_NUMBER);
            push_number(&mut key, number)?;
        }
        match self.prerelease {
            Some(identifiers) => {
                key.push(PRERELEASE);
                push_identifiers(&mut key, identifiers)?;
            }
            None => key.push(RELEASE),
        }
        Some(key)
    }
}

/// Whether a text starts like a pre-release, and is no wildcard.
fn is_word(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && !word.eq_ignore_ascii_case("x")
}

/// The dotted numbers at the start, and what follows them.
pub(super) fn numbers(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut numbers = Vec::with_capacity(4);
    let mut rest = text;
    loop {
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        if end == 0 {
            return None;
        }
        let (number, after) = rest.split_at(end);
        numbers.push(number);
        match after.strip_prefix('.') {
            Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
            _ => return Some((numbers, after)),
        }
    }
}

/// Dotted identifiers: numeric ones below the others, a shorter list below a longer one.
pub(super) fn push_identifiers(key: &mut Vec<u8>, identifiers: &str) -> Option<()> {
    for identifier in identifiers.split('.') {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~');
        if identifier.is_empty() || !identifier.bytes().all(known) {
            return None;
        }
        if identifier.bytes().all(|b| b.is_ascii_digit()) {
            key.push(NUMERIC);
            push_number(key, identifier)?;
        } else {
            key.push(ALPHANUMERIC);
            key.extend_from_slice(identifier.as_bytes());
            key.push(END);
        }
    }
    key.push(END);
    Some(())
}
