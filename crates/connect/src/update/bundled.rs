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

/// The same out of a lockfile (version 2 or 3).
fn read(lockfile: &Value) -> Vec<Bundled> {
    let Some(packages) = lockfile.get("packages").and_then(Value::as_object) else {
        return Vec::new();
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
    let mut all: BTreeMap<(String, String), Option<Vec<String>>> = BTreeMap::new();
    for (path, entry) in packages.iter().filter(|(path, _)| path.contains("node_modules/")) {
        let Some(version) = version(entry) else { continue };
        let held = all.entry((name(path, entry), version)).or_insert_with(|| Some(Vec::new()));
        match by(path).filter(|_| is_bundled(entry)) {
            Some(by) => {
                if let Some(held) = held {
                    held.push(by);
                }
            }
            // One copy is not bundled: that can be moved.
            None => *held = None,
        }
    }
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
    }
}
