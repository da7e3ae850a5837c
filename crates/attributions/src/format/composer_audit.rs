//! `composer audit --format json`.
//!
//! Traps: PHP writes an empty map as a list; the installed version is not given; ignored advisories
//! are in a separate list; an abandoned package is no vulnerability.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "composer-audit",
    name: "composer audit",
    tool: "composer audit",
    words: WORDS,
    sniff,
    read,
};

const WORDS: &[Word] = &[("composer", "composer", "")];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let advisories = root.at("advisories");
    let of_package = |(_, list): &(&str, Node<'_>)| list.item(0).at("advisoryId").is_some();
    (advisories.is_array() && root.at("abandoned").is_some())
        || (advisories.is_object()
            && (root.at("abandoned").is_some()
                || advisories.members().first().is_some_and(of_package)))
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    for (key, mark) in [("advisories", None), ("ignored-advisories", Some("ignored"))] {
        for (package, advisories) in root.at(key).members() {
            // Numbered keys where the list has gaps.
            let numbered = advisories.members().into_iter().map(|(_, one)| one);
            for advisory in advisories.items().chain(numbered) {
                self::advisory(advisory, package, mark, reading);
            }
        }
    }
    let abandoned = root.at("abandoned");
    (0..abandoned.members().len()).for_each(|_| reading.leave_out("an abandoned package"));
}

fn advisory(advisory: Node<'_>, package: &str, mark: Option<&str>, reading: &mut Reading) {
    let why = advisory.at("ignoreReason").text().map(|why| format!(": {why}")).unwrap_or_default();
    let mut entry = Entry {
        kind: Some("composer"),
        name: advisory.at("packageName").text().or(Some(package)),
        words: advisory.at("severity").texts().collect(),
        title: advisory.at("title").text(),
        dismissed: mark.map(|mark| format!("{mark}{why}")),
        ..Entry::default()
    };
    entry.ids_of(advisory.at("cve").texts());
    entry.ids_of(advisory.at("sources").items().filter_map(|s| s.at("remoteId").text()).filter(
        |id| {
            // Packagist's other source names files.
            !id.contains('/')
        },
    ));
    entry.ids_in(advisory.at("link").text());
    entry.ids_of(advisory.at("advisoryId").texts());
    reading.add(&entry);
}
