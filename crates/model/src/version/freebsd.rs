//! FreeBSD ports and base: the order of pkg(8), `version[_revision][,epoch]`.
//!
//! The epoch counts first, then the version, then the revision. A version is components: a
//! number, a letter, a patch level (`1.2b3`). Missing components are zero. A component that
//! starts with a letter has a number below zero, so `1.0.b1 < 1.0`; `alpha`, `beta`, `pre`, `rc`
//! and `pl` start a component of their own, so `1.0rc1 < 1.0 < 1.0a`. Other words count by their
//! first letter, without regard to case.
//!
//! Trap: `+` separates blocks of components, and a block is compared to its end, as if the shorter
//! one went on with zeros, before the next: `1.1+1 > 1+2`.

use super::push_number;

/// A component or block below zero after some zeros.
const BELOW: u8 = 1;
const END: u8 = 2;
/// A component or block above zero after some zeros.
const ABOVE: u8 = 3;

const STAGES: [(&str, u8); 5] = [("pl", 0), ("alpha", 1), ("beta", 2), ("pre", 16), ("rc", 18)];

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let lower = text.to_ascii_lowercase();
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'_' | b',' | b':');
    if !lower.bytes().all(known) {
        return None;
    }
    let (rest, epoch) = lower.rsplit_once(',').unwrap_or((&lower, "0"));
    let (version, revision) = rest.rsplit_once('_').unwrap_or((rest, "0"));
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut key = Vec::with_capacity(2 * text.len());
    push_number(&mut key, epoch)?;
    let mut zeros = 0;
    for text in version.split('+') {
        let block = block(text)?;
        match block.first() {
            None => zeros += 1,
            Some(side) => {
                push_side(&mut key, *side, std::mem::take(&mut zeros));
                key.extend_from_slice(&block);
                key.push(END);
            }
        }
    }
    key.push(END);
    push_number(&mut key, revision)?;
    Some(key)
}

/// The key of one block. Empty for a block of zeros.
fn block(text: &str) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(text.len() + 4);
    let mut rest = text.trim_start_matches(is_separator);
    let mut zeros = 0;
    while !rest.is_empty() {
        let (component, after) = Component::read(rest)?;
        rest = after.trim_start_matches(is_separator);
        if component.is_zero() {
            zeros += 1;
            continue;
        }
        let side = if component.number.is_some() { ABOVE } else { BELOW };
        push_side(&mut key, side, std::mem::take(&mut zeros));
        component.push(&mut key)?;
    }
    Some(key)
}

/// What comes after some zeros, and is above or below them. Components and blocks are padded with
/// zeros without end: the longer the run of zeros, the nearer to the end.
fn push_side(key: &mut Vec<u8>, side: u8, zeros: u16) {
    let rank = if side == ABOVE { u16::MAX - zeros } else { zeros };
    key.push(side);
    key.extend_from_slice(&rank.to_be_bytes());
}

fn is_separator(c: char) -> bool {
    !c.is_ascii_alphanumeric()
}

struct Component<'a> {
    number: Option<&'a str>,
    /// 0 for none, 1 for `a`.
    letter: u8,
    /// The number after the letter, where there is a letter.
    patch: Option<&'a str>,
}

impl<'a> Component<'a> {
    fn read(text: &'a str) -> Option<(Component<'a>, &'a str)> {
        let (number, rest) = digits(text);
        let number = if number.is_empty() { None } else { Some(number) };
        let end = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let (word, after) = rest.split_at(end);
        let Some(first) = word.bytes().next() else {
            return Some((Component { number, letter: 0, patch: Some("0") }, rest));
        };
        let stage = STAGES.iter().find(|(name, _)| *name == word).map(|(_, letter)| *letter);
        let letter = match (stage, number) {
            // A stage starts a component of its own.
            (Some(_), Some(_)) => {
                return Some((Component { number, letter: 0, patch: Some("0") }, rest));
            }
            (Some(letter), None) => letter,
            (None, _) => first - b'a' + 1,
        };
        let (patch, after) = digits(after);
        let patch = if patch.is_empty() { None } else { Some(patch) };
        Some((Component { number, letter, patch }, after))
    }

    fn is_zero(&self) -> bool {
        let zero = |text: Option<&str>| text.is_some_and(|t| t.bytes().all(|b| b == b'0'));
        zero(self.number) && self.letter == 0 && zero(self.patch)
    }

    fn push(&self, key: &mut Vec<u8>) -> Option<()> {
        if let Some(number) = self.number {
            push_number(key, number)?;
        }
        key.push(self.letter);
        match self.patch {
            None => key.push(0),
            Some(patch) => {
                key.push(1);
                push_number(key, patch)?;
            }
        }
        Some(())
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}
