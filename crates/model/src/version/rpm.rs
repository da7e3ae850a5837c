//! RPM: `[epoch:]version[-release]`, each part compared by `rpmvercmp`.
//!
//! A part is its runs of letters and of digits; everything else only separates. `~` is below the
//! end, the end below `^`, `^` below letters, letters below digits. A missing epoch is 0.
//!
//! Trap: RPM ignores the release in a dependency that names none. Here a missing release is
//! below every release, as RPM's `labelCompare` has it, so that versions have one order.

use super::push_number;

const TILDE: u8 = 1;
const END: u8 = 2;
const CARET: u8 = 3;
const LETTERS: u8 = 4;
const DIGITS: u8 = 5;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let (epoch, rest) = match text.split_once(':') {
        // `name-1:2-3.x86_64`: what stands before the epoch is the package's name.
        Some((before, rest)) => (before.rsplit_once('-').map_or(before, |(_, epoch)| epoch), rest),
        None => ("0", text),
    };
    let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
    if !version.bytes().any(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let mut key = Vec::with_capacity(2 * text.len());
    push_number(&mut key, epoch)?;
    push_part(&mut key, version)?;
    push_part(&mut key, release)?;
    Some(key)
}

fn push_part(key: &mut Vec<u8>, part: &str) -> Option<()> {
    let mut rest = part;
    while let Some(first) = rest.bytes().next() {
        let same: fn(&u8) -> bool = match first {
            b'0'..=b'9' => u8::is_ascii_digit,
            b'a'..=b'z' | b'A'..=b'Z' => u8::is_ascii_alphabetic,
            b'~' | b'^' => {
                key.push(if first == b'~' { TILDE } else { CARET });
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            _ => {
                rest =
                    rest.get(rest.chars().next().map_or(1, char::len_utf8)..).unwrap_or_default();
                continue;
            }
        };
        let (run, after) = rest.split_at(rest.bytes().take_while(same).count());
        if first.is_ascii_digit() {
            key.push(DIGITS);
            push_number(key, run)?;
        } else {
            key.push(LETTERS);
            key.extend_from_slice(run.as_bytes());
            key.push(0);
        }
        rest = after;
    }
    key.push(END);
    Some(())
}
