//! opam (OCaml): Debian's order without its restrictions on characters.
//!
//! The opam manual defines the order of versions by Debian's; packages are free to use any
//! character, so nothing is refused but control characters and what is not ASCII.

use super::debian::push_part;
use super::push_number;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) && !epoch.is_empty() => (epoch, rest),
        _ => ("0", text),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    let mut key = Vec::with_capacity(2 * text.len());
    push_number(&mut key, epoch)?;
    push_part(&mut key, upstream)?;
    push_part(&mut key, revision)?;
    Some(key)
}
