//! What a package carries in its own archive (`bundledDependencies` of npm): no lockfile and no override moves it, only
//! another version of what bundles it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::scratch::Scratch;
use super::{Tool, npm};

/// A package that stands in a lockfile only as others bundle it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bundled {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who bundles it, with version: `nyc@11.9.0`.
    pub by: Vec<String>,
}

/// All that a project has only bundled. Nothing of another tool than npm.
pub fn bundled(tool: &'static Tool, base: &Scratch) -> Vec<Bundled> {
    if tool.id != npm::TOOL.id {
        return Vec::new();
    }
    let texts = tool
        .lockfiles
        .iter()
        .filter_map(|name| base.read(&super::drive::below(&base.inside(), name)));
    let lockfile: Option<Value> =
        texts.into_iter().find_map(|text| serde_json::from_str(&text).ok());
    lockfile.map(|lockfile| read(&lockfile)).unwrap_or_default()
}

/// How deep a lockfile of version 1 is looked at.
const DEEPEST: usize = 64;

/// By name and version who bundles it. `None`: a copy of it is not bundled.
type Held = BTreeMap<(String, String), Option<Vec<String>>>;

/// The same out of a lockfile.
fn read(lockfile: &Value) -> Vec<Bundled> {
    let Some(packages) = lockfile.get("packages").and_then(Value::as_object) else {
        let mut all = Held::new();
        nested(lockfile, &mut Vec::new(), &mut all);
        return only(all);
    };
    let name = |path: &str, entry: &Value| -> String {
        let own = path.rsplit("node_modules/").next().unwrap_or_default();
        entry.get("name").and_then(Value::as_str).unwrap_or(own).to_owned()
    };
    let version = |entry: &Value| entry.get("version").and_then(Value::as_str).map(str::to_owned);
    let is_bundled = |entry: &Value| entry.get("inBundle").and_then(Value::as_bool) == Some(true);
    // The nearest folder above that is no part of a bundle itself.
    let by = |path: &str| -> Option<String> {
        let mut above = path;
        loop {
            above = above.rsplit_once("/node_modules/")?.0;
            // A folder of the project bundles for itself, and can move that.
            if !above.contains("node_modules/") {
                return None;
            }
            let entry = packages.get(above)?;
            if !is_bundled(entry) {
                return Some(format!("{}@{}", name(above, entry), version(entry)?));
            }
        }
    };
    let mut all = Held::new();
    for (path, entry) in packages.iter().filter(|(path, _)| path.contains("node_modules/")) {
        let Some(version) = version(entry) else { continue };
        hold(&mut all, (name(path, entry), version), by(path).filter(|_| is_bundled(entry)));
    }
    only(all)
}

/// Notes a copy, with who bundles it.
fn hold(all: &mut Held, copy: (String, String), by: Option<String>) {
    let held = all.entry(copy).or_insert_with(|| Some(Vec::new()));
    match by {
        Some(by) => {
            if let Some(held) = held {
                held.push(by);
            }
        }
        // One copy is not bundled: that can be moved.
        None => *held = None,
    }
}

/// Notes what a lockfile of version 1 nests. `above`: whoever it stands within, with whether that is bundled itself.
fn nested(node: &Value, above: &mut Vec<(String, bool)>, all: &mut Held) {
    let entries = node.get("dependencies").and_then(Value::as_object);
    for (name, entry) in entries.filter(|_| above.len() < DEEPEST).into_iter().flatten() {
        let Some(version) = entry.get("version").and_then(Value::as_str) else { continue };
        let is_bundled = entry.get("bundled").and_then(Value::as_bool) == Some(true);
        let by = above.iter().rev().find(|(_, is_bundled)| !is_bundled).map(|(by, _)| by.clone());
        hold(all, (name.clone(), version.to_owned()), by.filter(|_| is_bundled));
        above.push((format!("{name}@{version}"), is_bundled));
        nested(entry, above, all);
        above.pop();
    }
}

/// What only others bundle.
fn only(all: Held) -> Vec<Bundled> {
    let only = all.into_iter().filter_map(|((name, version), by)| {
        let mut by = by.filter(|by| !by.is_empty())?;
        by.sort();
        by.dedup();
        Some(Bundled { name, version, by })
    });
    only.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_only_in_bundles_is_told_with_what_bundles_it() {
        let lockfile = json!({ "packages": {
            "": { "name": "app", "version": "1.0.0" },
            "node_modules/nyc": { "version": "11.9.0" },
            "node_modules/nyc/node_modules/lodash": { "version": "4.17.5", "inBundle": true },
            "node_modules/nyc/node_modules/a": { "version": "1.0.0", "inBundle": true },
            "node_modules/nyc/node_modules/a/node_modules/@s/deep": { "version": "2.0.0", "inBundle": true },
            "node_modules/lodash": { "version": "4.17.4" },
            "node_modules/a": { "version": "1.0.0" },
        }});
        let is = |name: &str, version: &str| Bundled {
            name: name.to_owned(),
            version: version.to_owned(),
            by: vec!["nyc@11.9.0".to_owned()],
        };
        // What a workspace bundles for itself is its own to move.
        let own = json!({ "packages": {
            "packages/a": { "name": "a", "version": "1.0.0" },
            "packages/a/node_modules/foo": { "version": "1.0.0", "inBundle": true },
        }});
        assert!(read(&own).is_empty());
        // Of `a` a copy is not bundled, and of `lodash` another version is.
        assert_eq!(read(&lockfile), [is("@s/deep", "2.0.0"), is("lodash", "4.17.5")]);
        assert!(read(&json!({ "dependencies": {} })).is_empty());
        // Version 1 nests them.
        let first = json!({ "lockfileVersion": 1, "dependencies": {
            "nyc": { "version": "11.9.0", "dependencies": {
                "lodash": { "version": "4.17.5", "bundled": true },
                "a": { "version": "1.0.0", "bundled": true, "dependencies": {
                    "@s/deep": { "version": "2.0.0", "bundled": true },
                }},
                "b": { "version": "1.0.0" },
            }},
            "lodash": { "version": "4.17.4" },
            "a": { "version": "1.0.0" },
            "own": { "version": "1.0.0", "bundled": true },
        }});
        assert_eq!(read(&first), [is("@s/deep", "2.0.0"), is("lodash", "4.17.5")]);
    }
}
