//! `modified_id.csv`: when each record of an ecosystem was last modified, newest first.
//!
//! Lines are `2026-08-21T20:38:00Z,GO-2026-5026`; the list of all ecosystems has `Go/GO-2026-5026`.
//! Ids become names of files and parts of addresses, so what is no id is left out.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Ids and when they were modified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct List(pub(crate) BTreeMap<Box<str>, Timestamp>);

impl List {
    /// Reads a list. `None` if it has no line that can be understood.
    pub(crate) fn parse(bytes: &[u8]) -> Option<List> {
        let text = String::from_utf8_lossy(bytes);
        let mut list = BTreeMap::new();
        for line in text.lines() {
            let Some((modified, path)) = line.trim().split_once(',') else { continue };
            let id = path.rsplit('/').next().unwrap_or(path);
            if let (Ok(modified), true) = (modified.parse::<Timestamp>(), is_id(id)) {
                list.insert(id.into(), modified);
            }
        }
        (!list.is_empty()).then_some(List(list))
    }

    /// The same as text, sorted by id.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (id, modified) in &self.0 {
            text.push_str(&format!("{modified},{id}\n"));
        }
        text
    }

    /// What is new or newer in `later`.
    pub(crate) fn changed(&self, later: &List) -> Vec<(Box<str>, Timestamp)> {
        let known = |id: &str, at: &Timestamp| self.0.get(id).is_some_and(|before| before >= at);
        later.0.iter().filter(|(id, at)| !known(id, at)).map(|(id, at)| (id.clone(), *at)).collect()
    }

    /// Whether something is no longer in `later`.
    pub(crate) fn lost(&self, later: &List) -> bool {
        self.0.keys().any(|id| !later.0.contains_key(id))
    }
}

/// Whether a text can be an id: what databases use (`ALSA-2026:55775`, `x_GLAD-…`), no more.
fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'+');
    (1..=128).contains(&id.len())
        && id.bytes().all(plain)
        && id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_become_names_of_files() {
        let list = List::parse(
            b"2026-08-21T20:38:00Z,Go/GO-2026-5026\r\n2026-08-21T12:56:10.5Z,ALSA-2026:55775\n\
              2026-01-01T00:00:00Z,..\n2026-01-01T00:00:00Z,a b\nyesterday,GO-1\n\xFF,x\n",
        )
        .unwrap();
        let ids: Vec<&str> = list.0.keys().map(|id| &**id).collect();
        assert_eq!(ids, ["ALSA-2026:55775", "GO-2026-5026"]);
        assert_eq!(List::parse(list.text().as_bytes()).unwrap(), list);
        assert_eq!(List::parse(b"<html>not here</html>"), None);
    }

    #[test]
    fn what_is_new_newer_or_gone_is_told() {
        let list = |text: &str| List::parse(text.as_bytes()).unwrap();
        let before = list("2026-01-01T00:00:00Z,A\n2026-01-01T00:00:00Z,B\n2026-01-01T00:00:00Z,C");
        let after = list("2026-01-02T00:00:00Z,A\n2025-12-31T00:00:00Z,B\n2026-01-01T00:00:00Z,D");
        let ids: Vec<Box<str>> = before.changed(&after).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["A".into(), "D".into()]);
        assert!(before.lost(&after) && !before.lost(&before));
    }
}
