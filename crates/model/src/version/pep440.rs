//! Python packages: PEP 440, and below it what was published before PEP 440.
//!
//! `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`, with every alternative spelling that the PEP
//! allows. Zeros at the end of the release do not count. A development release is below the
//! pre-releases, a local version above its public one.
//!
//! A version that is not PEP 440 is ordered as old packaging tools did (their "legacy" version):
//! below every PEP 440 version, by runs of digits and letters. Only what has the characters of a
//! version counts as one; names, ranges and commit hashes are unknown.

use super::{is_commit_hash, push_number};

const LEGACY: u8 = 0;
const STANDARD: u8 = 1;
const END: u8 = 0;

/// A pre-release position: a lone development release is below all, a release above all.
const DEV_ONLY: u8 = 0;
const NO_PRERELEASE: u8 = 4;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let lower = text.to_ascii_lowercase();
    standard(&lower).or_else(|| legacy(&lower))
}

/// Whether a key is that of a PEP 440 version.
pub(super) fn is_standard(key: &[u8]) -> bool {
    key.first() == Some(&STANDARD)
}

fn standard(text: &str) -> Option<Vec<u8>> {
    let mut scan = Scan(text);
    scan.eat("v");
    let mut release = vec![scan.digits()?];
    let epoch = if scan.eat("!") {
        let epoch = std::mem::replace(release.first_mut()?, scan.digits()?);
        Some(epoch)
    } else {
        None
    };
    while let Some(number) = scan.dotted_number() {
        release.push(number);
    }
    let pre = scan.prerelease();
    let post = scan.post();
    let dev = scan.marked(&["dev"]).map(|(_, number)| number);
    let local = if scan.eat("+") { Some(scan.take()) } else { None };
    if !scan.0.is_empty() {
        return None;
    }

    let mut key = Vec::with_capacity(text.len() + 12);
    key.push(STANDARD);
    push_number(&mut key, epoch.unwrap_or("0"))?;
    let zeros = release.iter().rev().take_while(|n| n.bytes().all(|b| b == b'0')).count();
    for number in release.iter().take(release.len() - zeros) {
        key.push(1);
        push_number(&mut key, number)?;
    }
    key.push(END);
    match pre {
        Some((letter, number)) => {
            key.push(letter);
            push_number(&mut key, number)?;
        }
        None if post.is_none() && dev.is_some() => key.push(DEV_ONLY),
        None => key.push(NO_PRERELEASE),
    }
    match post {
        Some(number) => {
            key.push(1);
            push_number(&mut key, number)?;
        }
        None => key.push(0),
    }
    match dev {
        Some(number) => {
            key.push(0);
            push_number(&mut key, number)?;
        }
        None => key.push(1),
    }
    match local {
        Some(local) => {
            key.push(1);
            push_local(&mut key, local)?;
        }
        None => key.push(0),
    }
    Some(key)
}

/// Words below numbers, a shorter local version below one that continues it.
fn push_local(key: &mut Vec<u8>, local: &str) -> Option<()> {
    for part in local.split(['.', '-', '_']) {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        if part.bytes().all(|b| b.is_ascii_digit()) {
            key.push(2);
            push_number(key, part)?;
        } else {
            key.push(1);
            key.extend_from_slice(part.as_bytes());
            key.push(END);
        }
    }
    key.push(END);
    Some(())
}

/// What is left to read, in lower case.
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    fn eat(&mut self, word: &str) -> bool {
        match self.0.strip_prefix(word) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn eat_separator(&mut self) {
        self.0 = self.0.strip_prefix(['.', '-', '_']).unwrap_or(self.0);
    }

    fn take(&mut self) -> &'a str {
        std::mem::take(&mut self.0)
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        if digits.is_empty() { None } else { Some(digits) }
    }

    fn dotted_number(&mut self) -> Option<&'a str> {
        let mut ahead = Scan(self.0.strip_prefix('.')?);
        let number = ahead.digits()?;
        self.0 = ahead.0;
        Some(number)
    }

    /// `[sep] word [sep] [number]`: which word, and the number, 0 where there is none.
    fn marked(&mut self, words: &[&str]) -> Option<(usize, &'a str)> {
        let mut ahead = Scan(self.0);
        ahead.eat_separator();
        let word = words.iter().position(|word| ahead.eat(word))?;
        ahead.eat_separator();
        let number = ahead.digits().unwrap_or("0");
        self.0 = ahead.0;
        Some((word, number))
    }

    fn prerelease(&mut self) -> Option<(u8, &'a str)> {
        let words = ["alpha", "a", "beta", "b", "preview", "pre", "c", "rc"];
        let (word, number) = self.marked(&words)?;
        Some((
            if word < 2 {
                1
            } else if word < 4 {
                2
            } else {
                3
            },
            number,
        ))
    }

    /// `.postN` in its spellings, or `-N`.
    fn post(&mut self) -> Option<&'a str> {
        if let Some(rest) = self.0.strip_prefix('-') {
            let mut ahead = Scan(rest);
            if let Some(number) = ahead.digits() {
                self.0 = ahead.0;
                return Some(number);
            }
        }
        self.marked(&["post", "rev", "r"]).map(|(_, number)| number)
    }
}

fn legacy(text: &str) -> Option<Vec<u8>> {
    let known = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+' | b'!' | b'~' | b':')
    };
    let marked = text.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    if !marked || !text.bytes().all(known) || is_commit_hash(text) {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    for part in legacy_parts(text).chain([Some("*final".to_owned())]).flatten() {
        if part.starts_with('*') {
            if part.as_str() < "*final" {
                while parts.last().is_some_and(|p| p == "*final-") {
                    parts.pop();
                }
            }
            while parts.last().is_some_and(|p| p == "00000000") {
                parts.pop();
            }
        }
        parts.push(part);
    }
    let mut key = vec![LEGACY];
    for part in parts {
        key.push(1);
        key.extend_from_slice(part.as_bytes());
        key.push(END);
    }
    key.push(END);
    Some(key)
}

/// Runs of digits, of letters, `-`, and of anything else; dots only separate.
fn legacy_parts(text: &str) -> impl Iterator<Item = Option<String>> + '_ {
    let kind = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'.' => 2,
        b'-' => 3,
        _ => 4,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.bytes().next()?);
        let single = matches!(first, 2 | 3);
        let end = if single { 1 } else { rest.bytes().take_while(|b| kind(*b) == first).count() };
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(match (first, part) {
            (2, _) => None,
            (0, digits) => Some(format!("{digits:0>8}")),
            (_, "pre" | "preview" | "rc") => Some("*c".to_owned()),
            (_, "-") => Some("*final-".to_owned()),
            (_, "dev") => Some("*@".to_owned()),
            (_, word) => Some(format!("*{word}")),
        })
    })
}
