//! What the tests of several families share: reading a case with its neighbours, comparing what a
//! suite states about packages, and mutating real files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use trimtab_extract::view::MemoryFiles;
use trimtab_extract::{registry, walk};
use trimtab_model::{Diagnostic, Ecosystem, FileInventory, Relation};
use trimtab_testkit::suite::Case;

/// Reads bytes as one format, at a path, among neighbours.
pub(crate) fn read(
    format: &str,
    path: &str,
    bytes: &[u8],
    files: &MemoryFiles,
) -> Result<FileInventory, Diagnostic> {
    let format = registry::by_id(format).expect("the format is in the registry");
    walk::extract(format, path, bytes, files)
}

/// Reads one of several files held in memory.
pub(crate) fn read_of(format: &str, path: &str, files: &[(&str, &str)]) -> FileInventory {
    let mut memory = MemoryFiles::default();
    for (path, text) in files {
        memory.insert(path, text.as_bytes());
    }
    let text = files.iter().find(|(p, _)| *p == path).expect("the file is among them").1;
    read(format, path, text.as_bytes(), &memory).expect("the file can be read")
}

/// All files below a folder, by their path relative to it.
pub(crate) fn tree(root: &Path) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let relative = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(&relative, &std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// A component's name as advisories spell it; names of ecosystems without case in lower case.
pub(crate) fn name(purl: &trimtab_model::Purl) -> String {
    let family = Ecosystem::of(purl).expect("a purl of a known ecosystem").family;
    family.normalise(&family.package_name(purl)).into_owned()
}

/// `name@version` of a component, without Go's `v`.
pub(crate) fn spelled(component: &trimtab_model::Component) -> String {
    let version = component.purl.version().unwrap_or_default();
    let version = if component.purl.purl_type() == "golang" {
        version.strip_prefix('v').unwrap_or(version)
    } else {
        version
    };
    format!("{}@{version}", name(&component.purl))
}

fn relation(word: &str) -> Option<Relation> {
    Some(match word {
        "root" | "workspace" => Relation::Own,
        "direct" => Relation::Direct,
        "indirect" => Relation::Transitive,
        _ => return None,
    })
}

/// Everything that a suite states about its packages and that we say otherwise.
pub(crate) fn differences(
    case: &Case,
    ours: &FileInventory,
    keep: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut wanted: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for package in case.expected["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let version = package["version"].as_str().unwrap_or_default();
        let golang = ours.format == "go-mod";
        let version = if golang { version.strip_prefix('v').unwrap_or(version) } else { version };
        let name = if golang { name.to_lowercase() } else { name.to_owned() };
        wanted.entry(format!("{name}@{version}")).or_default().push(package.clone());
    }
    let states_own = wanted.values().flatten().any(|p| p["relationship"] == "root");
    let mut listed: BTreeMap<String, Vec<&trimtab_model::Component>> = BTreeMap::new();
    for component in &ours.components {
        if states_own || component.relation != Relation::Own {
            let spelled = spelled(component);
            if keep(&spelled) {
                listed.entry(spelled).or_default().push(component);
            }
        }
    }
    let names: BTreeSet<String> = wanted.keys().chain(listed.keys()).cloned().collect();
    let mut out = Vec::new();
    for name in names {
        let (Some(theirs), Some(mine)) = (wanted.get(&name), listed.get(&name)) else {
            let what = if wanted.contains_key(&name) { "missing" } else { "extra" };
            out.push(format!("{what}: {name}"));
            continue;
        };
        for package in theirs {
            if let Some(line) = package["line"].as_u64()
                && !mine.iter().any(|c| c.line.map(u64::from) == Some(line))
            {
                let lines: Vec<_> = mine.iter().map(|c| c.line).collect();
                out.push(format!("line: {name} at {lines:?}, wanted {line}"));
            }
            if let Some(relation) = package["relationship"].as_str().and_then(relation)
                && !mine.iter().any(|c| c.relation == relation)
            {
                out.push(format!("relation: {name} is not {}", relation.as_str()));
            }
            let groups = package["groups"].as_array();
            for group in groups.into_iter().flatten().filter_map(Value::as_str) {
                if !mine.iter().any(|c| c.groups.iter().any(|g| &**g == group)) {
                    out.push(format!("group: {name} is not in {group}"));
                }
            }
            let licences = package["licenses"].as_array();
            for licence in licences.into_iter().flatten().filter_map(Value::as_str) {
                let stated = |c: &trimtab_model::Component| {
                    c.licence.as_deref().is_some_and(|l| l.contains(licence))
                };
                if !mine.iter().any(|c| stated(c)) {
                    out.push(format!("licence: {name} without {licence}"));
                }
            }
        }
    }
    out
}

/// Fails for every case that differs without a reason, and for every reason without a difference.
pub(crate) fn settle(results: &BTreeMap<String, Vec<String>>, deviations: &[(&str, &str)]) {
    let mut faults = Vec::new();
    for (case, differences) in results {
        let reason = deviations.iter().find(|(name, _)| name == case);
        if reason.is_none() && !differences.is_empty() {
            faults.push(format!("{case}\n    {}", differences.join("\n    ")));
        }
        if reason.is_some() && differences.is_empty() {
            faults.push(format!("{case}: the deviation no longer occurs"));
        }
    }
    for (case, _) in deviations {
        if !results.is_empty() && !results.contains_key(*case) {
            faults.push(format!("{case}: no such case"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A small deterministic mutation of a file: cut, flipped, doubled or spliced.
pub(crate) fn mutate(bytes: &[u8], kind: u8, at: usize, length: usize, with: u8) -> Vec<u8> {
    let mut out = bytes.to_vec();
    if out.is_empty() {
        return out;
    }
    let at = at % out.len();
    let end = (at + length).min(out.len());
    match kind % 5 {
        0 => out.truncate(at),
        1 => out[at] ^= with | 1,
        2 => {
            let piece = out[at..end].to_vec();
            out.splice(at..at, piece);
        }
        3 => {
            out.drain(at..end);
        }
        _ => {
            let half = out.len() / 2;
            let piece = out[half..].to_vec();
            out.splice(at..at, piece);
        }
    }
    out
}
