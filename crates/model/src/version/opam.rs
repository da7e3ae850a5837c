//! opam (OCaml): Debian's order without its epoch and without its restrictions on characters.
//!
//! The opam manual defines the order of versions by Debian's: what stands before the last `-`
//! is compared first, then what follows it.

use super::debian::push_part;
use super::is_commit_hash;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|b| b.is_ascii_graphic()) || is_commit_hash(text) {
        return None;
    }
    let (upstream, revision) = text.rsplit_once('-').unwrap_or((text, ""));
    let mut key = Vec::with_capacity(2 * text.len());
    push_part(&mut key, upstream)?;
    push_part(&mut key, revision)?;
    Some(key)
}
