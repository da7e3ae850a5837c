//! Conan 2 (ConanCenter): like Semantic Versioning, with any number of parts that may be words.
//!
//! Zeros at the end do not count (`1.0 = 1`), a pre-release is below its release, and build
//! metadata counts: `1.0 < 1.0+1`. Numbers are below words.
//!
//! Trap: Conan compares a number with a word by their text (`9 < 10 < "1a" < 9`), which is no
//! order. Here a part is its leading number and then the rest, so that `1.1.1 < 1.1.1t < 1.1.2`
//! holds as Conan has it, and `9 < 10 < 10a` does too.

use super::{is_commit_hash, push_number};

const PRERELEASE: u8 = 1;
const RELEASE: u8 = 2;
const NO_BUILD: u8 = 1;
const BUILD: u8 = 2;
const END: u8 = 0;
const NUMBER: u8 = 1;
const WORD: u8 = 2;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let text = match text.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    };
    if !text.bytes().any(|b| b.is_ascii_digit()) || is_commit_hash(text) {
        return None;
    }
    let (core, build) = match text.rsplit_once('+') {
        Some((core, build)) => (core, Some(build)),
        None => (text, None),
    };
    let (main, prerelease) = match core.split_once('-') {
        Some((main, prerelease)) => (main, Some(prerelease)),
        None => (core, None),
    };
    let mut key = Vec::with_capacity(text.len() + 8);
    push_parts(&mut key, main)?;
    match prerelease {
        Some(prerelease) => {
            key.push(PRERELEASE);
            push_parts(&mut key, prerelease)?;
        }
        None => key.push(RELEASE),
    }
    match build {
        Some(build) => {
            key.push(BUILD);
            push_parts(&mut key, build)?;
        }
        None => key.push(NO_BUILD),
    }
    Some(key)
}

fn push_parts(key: &mut Vec<u8>, text: &str) -> Option<()> {
    let known = |b: u8| {
        b.is_ascii_graphic() && !matches!(b, b'[' | b']' | b'<' | b'>' | b'=' | b'*' | b'@' | b'#')
    };
    let parts: Vec<&str> = text.split('.').collect();
    if !parts.iter().all(|part| !part.is_empty() && part.bytes().all(known)) {
        return None;
    }
    let zeros = parts.iter().rev().take_while(|p| p.bytes().all(|b| b == b'0')).count();
    for part in parts.iter().take(parts.len() - zeros) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, word) = part.split_at(digits);
        if digits > 0 {
            key.push(NUMBER);
            push_number(key, number)?;
        } else {
            key.push(WORD);
        }
        key.extend_from_slice(word.as_bytes());
        key.push(END);
    }
    key.push(END);
    Some(())
}
