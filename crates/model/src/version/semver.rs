//! Not written yet.

pub(super) fn key(_text: &str) -> Option<Vec<u8>> {
    None
}
