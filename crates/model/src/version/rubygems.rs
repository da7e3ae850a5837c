//! RubyGems: `Gem::Version`.
//!
//! A version is its runs of digits and of letters; `-` stands for `.pre.`. Words are below
//! numbers, and a missing segment is zero, so `1.0.a < 1.0 = 1 < 1.0.1`. Zeros at the end of the
//! numbers and at the end of the whole do not count. Words are compared with regard to case.

use super::push_number;

/// A word after some zeros: below the end.
const WORD: u8 = 1;
const END: u8 = 2;
/// A number above zero after some zeros: above the end.
const NUMBER: u8 = 3;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    if !is_gem_version(text) {
        return None;
    }
    let expanded = text.replace('-', ".pre.");
    let segments = segments(&expanded);
    let words_at = segments.iter().position(|s| !is_number(s)).unwrap_or(segments.len());
    let (numbers, words) = segments.split_at(words_at);
    let zeros = numbers.iter().rev().take_while(|s| is_zero(s)).count();
    let numbers = numbers.get(..numbers.len() - zeros).unwrap_or_default();

    // The versions are padded with zeros without end, so a run of zeros is counted and its length
    // put behind the kind of what follows it: the longer the run, the nearer to the end of all.
    let mut key = Vec::with_capacity(text.len() + 8);
    let mut run: u16 = 0;
    for segment in numbers.iter().chain(words) {
        if is_zero(segment) {
            run = run.checked_add(1)?;
        } else if is_number(segment) {
            key.push(NUMBER);
            key.extend_from_slice(&(u16::MAX - run).to_be_bytes());
            push_number(&mut key, segment)?;
            run = 0;
        } else {
            key.push(WORD);
            key.extend_from_slice(&run.to_be_bytes());
            key.extend_from_slice(segment.as_bytes());
            key.push(0);
            run = 0;
        }
    }
    key.push(END);
    Some(key)
}

/// The pattern that the constructor of `Gem::Version` checks: a number, then alphanumeric
/// segments; after the first `-` segments may also contain hyphens. Letters may follow the first
/// number (`1beta`), which RubyGems refuses and the shared corpus orders, unless the whole could
/// be a commit (`4e12345`).
fn is_gem_version(text: &str) -> bool {
    let (release, prerelease) = match text.split_once('-') {
        Some((release, prerelease)) => (release, Some(prerelease)),
        None => (text, None),
    };
    let mut segments = release.split('.');
    let could_be_commit =
        text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit()) && !is_number(text);
    let first = segments.next().unwrap_or_default();
    let starts_well = first.starts_with(|c: char| c.is_ascii_digit()) && !could_be_commit;
    let word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
    let hyphened =
        |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    starts_well
        && word(first)
        && segments.all(word)
        && prerelease.is_none_or(|p| p.split('.').all(hyphened))
}

fn segments(text: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut rest = part;
        while let Some(first) = rest.bytes().next() {
            let digit = first.is_ascii_digit();
            let end = rest.bytes().take_while(|b| b.is_ascii_digit() == digit).count();
            let (segment, after) = rest.split_at(end);
            segments.push(segment);
            rest = after;
        }
    }
    segments
}

fn is_number(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit())
}

fn is_zero(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|b| b == b'0')
}
