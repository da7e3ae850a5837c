//! Haskell packages (Hackage, GHC): the Package Versioning Policy.
//!
//! Numbers separated by dots, compared one by one; a version that another one continues is below
//! it, so `1.0 < 1.0.0`. Tags (`1.0-beta`) are no longer part of a version: unknown.

use super::push_numbers;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    push_numbers(text.split('.'))
}
