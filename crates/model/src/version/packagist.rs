//! Packagist: Composer's normal form of a version, in the order of PHP's `version_compare`.
//!
//! Composer reads up to four numbers (missing ones are zero), or a date, then a stability
//! (`alpha`, `beta`, `RC`, `patch`; `a`, `b`, `p`, `pl`) with its number, then `dev`. A numeric
//! branch (`2.x-dev`) is above every release of that number. Order of what follows a number:
//! any other word, `dev`, `alpha`, `beta`, `RC`, the end, numbers, `patch`.
//!
//! Trap: a branch (`dev-main`) has no place among versions, so it is unknown. What Composer
//! itself refuses but starts with a number (`3.2.0rc1.post1`) is ordered by `version_compare`.

use super::{is_commit_hash, push_number};

const OTHER: u8 = 1;
const DEV: u8 = 2;
const ALPHA: u8 = 3;
const BETA: u8 = 4;
const RC: u8 = 5;
const END: u8 = 6;
const NUMBER: u8 = 7;
const PATCH: u8 = 8;

/// What a wildcard in the name of a branch stands for.
const BRANCH_NUMBER: &str = "9999999";

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let text = match text.rsplit_once('@') {
        Some((version, "dev" | "alpha" | "beta" | "RC" | "stable")) => version,
        _ => text,
    };
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("dev-") || !lower.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let bare = lower.strip_prefix('v').unwrap_or(&lower);
    if !bare.starts_with(|c: char| c.is_ascii_digit()) || is_commit_hash(bare) {
        return None;
    }
    let unbuilt = bare.split_once('+').map_or(bare, |(version, _)| version);
    let normal = classical(unbuilt).or_else(|| dated(unbuilt)).or_else(|| branch(unbuilt));
    compare_key(&normal.or_else(|| padded(unbuilt))?)
}

/// `1.2.3.4` and what may follow.
fn classical(text: &str) -> Option<String> {
    let (mut numbers, rest) = super::semver::numbers(text)?;
    if numbers.len() > 4 || numbers.first()?.len() > 5 {
        return None;
    }
    numbers.resize(4, "0");
    Some(numbers.join(".") + &modifiers(rest)?)
}

/// What Composer refuses: its numbers as far as they go, and the rest unchanged.
fn padded(text: &str) -> Option<String> {
    let (mut numbers, rest) = super::semver::numbers(text)?;
    let zeros = 4_usize.saturating_sub(numbers.len());
    numbers.extend(std::iter::repeat_n("0", zeros));
    Some(format!("{}-{rest}", numbers.join(".")))
}

/// `20230131` or `2023-01-31`: a year, up to six pairs of digits, up to two shorter numbers.
fn dated(text: &str) -> Option<String> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    if digits(text) < 4 {
        return None;
    }
    let mut end = 4;
    for (count, least, most) in [(6, 2, 2), (2, 1, 3)] {
        for turn in 0..count {
            let rest = text.get(end..)?;
            let separator = usize::from(rest.starts_with(['.', ':', '-']));
            let found = digits(rest.get(separator..)?);
            if found < least {
                if least == 2 && turn == 0 {
                    return None;
                }
                break;
            }
            end += separator + found.min(most);
        }
    }
    let date = text.get(..end)?.replace([':', '-'], ".");
    Some(date + &modifiers(text.get(end..)?)?)
}

/// `2.x-dev`, `2.1-dev`: a branch whose name is a number.
fn branch(text: &str) -> Option<String> {
    let name = text.strip_suffix("dev")?;
    let name = name.strip_suffix(['.', '-']).unwrap_or(name);
    let mut numbers: Vec<&str> = Vec::with_capacity(4);
    for part in name.split('.') {
        let wildcard = matches!(part, "x" | "*");
        if wildcard && !numbers.is_empty() {
            numbers.push(BRANCH_NUMBER);
        } else if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) {
            numbers.push(part);
        } else {
            return None;
        }
    }
    if numbers.len() > 4 {
        return None;
    }
    numbers.resize(4, BRANCH_NUMBER);
    Some(numbers.join(".") + "-dev")
}

/// `[sep] [stability [numbers]] [[sep] dev]`, in normal form. `None` if that is not all.
fn modifiers(text: &str) -> Option<String> {
    let words = [
        ("stable", ""),
        ("beta", "beta"),
        ("b", "beta"),
        ("rc", "rc"),
        ("alpha", "alpha"),
        ("a", "alpha"),
        ("patch", "patch"),
        ("pl", "patch"),
        ("p", "patch"),
    ];
    let mut rest = text.strip_prefix(['.', '_', '-']).unwrap_or(text);
    let mut normal = String::new();
    if let Some((after, stability)) =
        words.iter().find_map(|(w, s)| Some((rest.strip_prefix(w)?, *s)))
    {
        let (numbers, after) = after.split_at(stability_numbers(after));
        if stability.is_empty() {
            // What follows is read, and means nothing.
            let after = after.strip_prefix(['.', '-']).unwrap_or(after);
            return matches!(after, "" | "dev").then(String::new);
        }
        rest = after;
        normal = format!("-{stability}{}", numbers.trim_start_matches(['.', '-']));
    } else if rest != text && !rest.starts_with("dev") && !rest.is_empty() {
        return None;
    }
    if rest.is_empty() {
        return Some(normal);
    }
    let rest = rest.strip_prefix(['.', '-']).unwrap_or(rest);
    if rest == "dev" { Some(normal + "-dev") } else { None }
}

/// How many bytes at the start are of the form `1`, `.1`, `-1.2`.
fn stability_numbers(text: &str) -> usize {
    let mut end = 0;
    while let Some(rest) = text.get(end..) {
        let separator = usize::from(rest.starts_with(['.', '-']));
        let digits = rest.bytes().skip(separator).take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            break;
        }
        end += separator + digits;
    }
    end
}

/// The parts of `version_compare`: runs of digits and runs of letters.
fn compare_key(text: &str) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(text.len() + 8);
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut rest = part;
        while let Some(first) = rest.bytes().next() {
            let digit = first.is_ascii_digit();
            let (run, after) =
                rest.split_at(rest.bytes().take_while(|b| b.is_ascii_digit() == digit).count());
            rest = after;
            if digit {
                key.push(NUMBER);
                push_number(&mut key, run)?;
            } else {
                key.push(word_rank(run));
            }
        }
    }
    key.push(END);
    Some(key)
}

/// A word counts by how it starts.
fn word_rank(word: &str) -> u8 {
    match word.as_bytes() {
        [b'd', b'e', b'v', ..] => DEV,
        [b'a', ..] => ALPHA,
        [b'b', ..] => BETA,
        [b'r', b'c', ..] => RC,
        [b'p', ..] => PATCH,
        _ => OTHER,
    }
}
