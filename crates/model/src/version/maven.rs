//! Not written yet.

pub(super) fn key(_text: &str) -> Option<Vec<u8>> {
    None
}

pub(super) fn compare_keys(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    a.cmp(b)
}
