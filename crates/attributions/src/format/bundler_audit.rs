//! `bundler-audit check`, as JSON and as text.
//!
//! Traps: in JSON `cve` and `ghsa` are mostly without their prefix; an insecure source of gems is
//! no vulnerability; in text an advisory ends with an empty line. A text that says that nothing was
//! found is not taken: any tool may have written it.

use super::Format;
use crate::document::Document;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "bundler-audit",
    name: "bundler-audit",
    tool: "bundler-audit",
    words: WORDS,
    sniff,
    read,
};

const WORDS: &[Word] = &[("gem", "gem", "")];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let results = root.at("results");
    let json = match results.items().next() {
        Some(first) => {
            first.at("gem").is_object() || first.at("type").text() == Some("insecure_source")
        }
        None => results.is_array() && root.at("created_at").is_some(),
    };
    json || document.text().is_some_and(|text| {
        let start = |prefix| text.lines().any(|line| line.starts_with(prefix));
        start("Name: ") && start("Version: ") && start("Solution: ")
    })
}

fn read(document: &Document, reading: &mut Reading) {
    if let Some(text) = document.text() {
        return lines(text, reading);
    }
    let root = document.json();
    reading.tool(None, root.at("version").text());
    reading.created(root.at("created_at").text());
    for result in root.at("results").items() {
        if !result.at("gem").is_object() {
            reading.leave_out("an insecure source of gems");
            continue;
        }
        let advisory = result.at("advisory");
        let mut entry = Entry {
            kind: Some("gem"),
            name: result.path(&["gem", "name"]).text(),
            version: result.path(&["gem", "version"]).text(),
            words: advisory.at("criticality").texts().collect(),
            fixed: advisory.at("patched_versions").texts().flat_map(packages::named_in).collect(),
            title: advisory.at("title").text(),
            text: advisory.at("description").text(),
            ..Entry::default()
        };
        entry.ids_of(advisory.at("id").texts());
        for (key, prefix) in [("cve", "CVE-"), ("ghsa", "GHSA-")] {
            let id = advisory.at(key).text();
            entry.ids.extend(id.map(|id| format!("{prefix}{}", id.trim_start_matches(prefix))));
        }
        entry
            .scores
            .extend(["cvss_v3", "cvss_v2"].iter().find_map(|key| advisory.at(key).written()));
        reading.add(&entry);
    }
}

fn lines(text: &str, reading: &mut Reading) {
    let mut entry: Option<Entry<'_>> = None;
    for line in text.lines().chain([""]) {
        let Some((key, value)) = line.split_once(": ") else {
            if line.trim().is_empty()
                && let Some(entry) = entry.take()
            {
                reading.add(&entry);
            }
            continue;
        };
        if key == "Name" {
            if let Some(entry) = entry.take() {
                reading.add(&entry);
            }
            entry = Some(Entry { kind: Some("gem"), name: Some(value), ..Entry::default() });
            continue;
        }
        let Some(entry) = &mut entry else {
            if key == "Insecure Source URI found" {
                reading.leave_out("an insecure source of gems");
            }
            continue;
        };
        match key {
            "Version" => entry.version = Some(value),
            "CVE" | "GHSA" | "Advisory" => entry.ids_of([value]),
            "Criticality" => entry.words.push(value),
            "Title" => entry.title = Some(value),
            "Solution" => {
                let range = value.strip_prefix("upgrade to ").unwrap_or_default();
                entry.fixed.extend(packages::named_in(range));
            }
            _ => {}
        }
    }
}
