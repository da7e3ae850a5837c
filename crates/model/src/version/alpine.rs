//! Alpine and the other distributions of apk: the order of apk-tools.
//!
//! `number{.number}[letter]{_suffix[number]}[~hash][-rnumber]`. Each token is compared with the
//! one in the same place. Where the kinds differ, the longer version is above, unless it goes on
//! with a suffix of a pre-release (`_alpha`, `_beta`, `_pre`, `_rc`). After the first number, a
//! number with a leading zero is compared as text.
//!
//! Trap: apk-tools also orders versions that it calls invalid: it stops at the token that it
//! does not understand, which is below the end. Releases of apk-tools differ here; this follows
//! the shared corpus: digits may follow the letter, and an empty number is below the end.

use super::{is_commit_hash, push_number};

/// The kinds of token, in the order in which they sort when they meet in one place.
const PRERELEASE_SUFFIX: u8 = 1;
const INVALID: u8 = 2;
const EMPTY_NUMBER: u8 = 3;
const END: u8 = 4;
const REVISION: u8 = 5;
const HASH: u8 = 6;
const SUFFIX_NUMBER: u8 = 7;
const SUFFIX: u8 = 8;
const LETTER: u8 = 9;
const NUMBER: u8 = 10;

const PRERELEASE_SUFFIXES: [&str; 4] = ["alpha", "beta", "pre", "rc"];
const SUFFIXES: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|b| b.is_ascii_graphic()) || is_commit_hash(text) {
        return None;
    }
    let (first, mut rest) = digits(text);
    let first_is_letter = rest.starts_with(|c: char| c.is_ascii_lowercase());
    let starts_well =
        !first.is_empty() || rest.starts_with('.') || (first_is_letter && rest.len() == 1);
    if !starts_well {
        return None;
    }
    let mut key = Vec::with_capacity(2 * text.len());
    push_number(&mut key, if first.is_empty() { "0" } else { first })?;
    let mut last = NUMBER;
    while !rest.is_empty() {
        match push_token(&mut key, last, rest)? {
            Some((kind, after)) => (last, rest) = (kind, after),
            None => {
                key.push(INVALID);
                return Some(key);
            }
        }
    }
    key.push(END);
    Some(key)
}

/// Appends the next token. Gives its kind and what follows; the inner `None` is an invalid token,
/// the outer one a number too long to compare.
fn push_token<'a>(key: &mut Vec<u8>, last: u8, text: &'a str) -> Option<Option<(u8, &'a str)>> {
    let (first, after) = text.split_at(1);
    let numbers_go_on = matches!(last, NUMBER | LETTER | EMPTY_NUMBER);
    match first.as_bytes() {
        [b'a'..=b'z'] if matches!(last, NUMBER | EMPTY_NUMBER) => {
            key.push(LETTER);
            key.extend_from_slice(first.as_bytes());
            Some(Some((LETTER, after)))
        }
        [b'.'] if numbers_go_on => push_digits(key, after),
        [b'0'..=b'9'] if last == LETTER => push_digits(key, text),
        [b'0'..=b'9'] if matches!(last, PRERELEASE_SUFFIX | SUFFIX) => {
            let (number, after) = digits(text);
            key.push(SUFFIX_NUMBER);
            push_number(key, number)?;
            Some(Some((SUFFIX_NUMBER, after)))
        }
        [b'_'] if numbers_go_on || matches!(last, PRERELEASE_SUFFIX | SUFFIX | SUFFIX_NUMBER) => {
            let end = after.bytes().take_while(u8::is_ascii_lowercase).count();
            let (word, after) = after.split_at(end);
            Some(push_suffix(key, word).map(|kind| (kind, after)))
        }
        [b'~'] if !matches!(last, HASH | REVISION) => {
            let end = after.bytes().take_while(u8::is_ascii_hexdigit).count();
            let (hash, after) = after.split_at(end);
            if hash.is_empty() {
                return Some(None);
            }
            key.push(HASH);
            key.extend_from_slice(hash.as_bytes());
            key.push(0);
            Some(Some((HASH, after)))
        }
        [b'-'] if last != REVISION => {
            let Some(after) = after.strip_prefix('r') else { return Some(None) };
            let (number, after) = digits(after);
            if number.is_empty() && !(after.is_empty() || after.starts_with('-')) {
                return Some(None);
            }
            key.push(REVISION);
            push_number(key, if number.is_empty() { "0" } else { number })?;
            Some(Some((REVISION, after)))
        }
        _ => Some(None),
    }
}

/// A number after the first: with a leading zero it is text, and below those without.
fn push_digits<'a>(key: &mut Vec<u8>, text: &'a str) -> Option<Option<(u8, &'a str)>> {
    let (number, after) = digits(text);
    if number.is_empty() {
        key.push(EMPTY_NUMBER);
        return Some(Some((EMPTY_NUMBER, after)));
    }
    key.push(NUMBER);
    if number.starts_with('0') {
        key.push(0);
        key.extend_from_slice(number.as_bytes());
        key.push(0);
    } else {
        key.push(1);
        push_number(key, number)?;
    }
    Some(Some((NUMBER, after)))
}

fn push_suffix(key: &mut Vec<u8>, word: &str) -> Option<u8> {
    let place =
        |list: &[&str]| list.iter().position(|w| *w == word).and_then(|i| u8::try_from(i).ok());
    let (kind, rank) = match (place(&PRERELEASE_SUFFIXES), place(&SUFFIXES)) {
        (Some(rank), _) => (PRERELEASE_SUFFIX, rank),
        (None, Some(rank)) => (SUFFIX, rank),
        (None, None) => return None,
    };
    key.extend_from_slice(&[kind, rank]);
    Some(kind)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}
