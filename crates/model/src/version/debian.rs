//! Debian and what descends from it: `[epoch:]upstream[-revision]`, as deb-version(7) says.
//!
//! Upstream and revision are runs of other characters and runs of digits in turn. Among other
//! characters `~` is below the end, the end below letters, letters below the rest. A missing
//! epoch, revision or number is zero, so `1.0`, `0:1.0` and `1.0-0` are equal.

use super::push_number;

const TILDE: u8 = 1;
const END: u8 = 2;
/// Added to a character that is no letter, to lift it above the letters.
const ABOVE_LETTERS: u8 = 0x80;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    if upstream.is_empty() || (revision.is_empty() && rest.ends_with('-')) {
        return None;
    }
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'~' | b':');
    if !upstream.bytes().all(known) || !revision.bytes().all(|b| known(b) && b != b':') {
        return None;
    }
    let mut key = Vec::with_capacity(2 * text.len());
    push_number(&mut key, epoch)?;
    push_part(&mut key, upstream)?;
    push_part(&mut key, revision)?;
    Some(key)
}

/// One part: other characters, their end, a number; over and over; and the end. ASCII only.
pub(super) fn push_part(key: &mut Vec<u8>, part: &str) -> Option<()> {
    let mut rest = part;
    loop {
        let digits_at = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (other, from_digits) = rest.split_at(digits_at);
        for b in other.bytes() {
            key.push(match b {
                b'~' => TILDE,
                b if b.is_ascii_alphabetic() => b,
                b => b | ABOVE_LETTERS,
            });
        }
        key.push(END);
        let end = from_digits.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = from_digits.split_at(end);
        push_number(key, if digits.is_empty() { "0" } else { digits })?;
        if after.is_empty() {
            key.push(END);
            return Some(());
        }
        rest = after;
    }
}
