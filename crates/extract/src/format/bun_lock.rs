//! `bun.lock`, the text lockfile of bun (lock versions 0 and 1): JSON with trailing commas.
//!
//! `workspaces` are the members with what they ask for; a key of `packages` is the path of install
//! names from the top (`chalk/supports-color`), its value a tuple that begins with
//! `name@reference`: the real package, also of an alias. The binary `bun.lockb` before it is not
//! read, and said so.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, Origin, Relation, Scope,
};

use super::demand::{Demands, Scopes};
use super::npm::{self, Manifest};
use crate::read::json::Flavour;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "bun-lock",
    title: "bun.lock",
    family: Some(Family::Npm),
    kind: FormatKind::Lockfile,
    names: "bun.lock",
    claims: |path| matches!(view::file_name(path), "bun.lock" | "bun.lockb"),
    sniff: Some(|bytes| {
        let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
        let has = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
        has(b"\"lockfileVersion\"") && has(b"\"workspaces\": {")
    }),
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    if view.name() == "bun.lockb" {
        if view.has("bun.lock") {
            return Ok(FileInventory::default());
        }
        return Err(Diagnostic::new(Code::FormatVersion, "the binary bun.lockb is not read")
            .help("write the text form with `bun install --save-text-lockfile`"));
    }
    let text = view.text()?;
    let doc = npm::object(&text, Flavour::Relaxed, "a bun.lock")?;
    let root = doc.root();
    let mut inventory = FileInventory::default();
    let mut demands = Demands::default();
    let mut members = HashMap::new();
    let mut asks = Vec::new();
    for (folder, workspace) in root.get("workspaces").into_iter().flat_map(Value::entries) {
        let manifest = Manifest::of(workspace);
        let name = manifest.name.clone().unwrap_or_default();
        let position = manifest.purl().map(|purl| {
            let mut component = Component::new(purl);
            component.relation = Relation::Own;
            component.line = Some(folder.line());
            inventory.add(component)
        });
        if let Some(position) = position {
            members.insert(folder.as_str().unwrap_or_default(), position);
        }
        asks.push((position, name, manifest.asked));
    }
    let mut by_path: HashMap<&str, u32, foldhash::fast::RandomState> = HashMap::default();
    let mut listed = Vec::new();
    for (key, value) in root.get("packages").into_iter().flat_map(Value::entries) {
        let path = key.as_str().unwrap_or_default();
        let locator = value.items().next().and_then(Value::as_str).unwrap_or_default();
        let (_, reference) = npm::split_locator(locator);
        if let Some(folder) = reference.strip_prefix("workspace:") {
            if let Some(position) = members.get(folder) {
                by_path.insert(path, *position);
            }
            continue;
        }
        if reference == "root:" {
            if let Some(position) = members.get("") {
                by_path.insert(path, *position);
            }
            continue;
        }
        match component(value) {
            Some(mut component) => {
                component.line = Some(key.line());
                let position = inventory.add(component);
                by_path.insert(path, position);
                listed.push((position, path, value));
            }
            None => inventory.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the entry `{path}` names no package at a version"),
                )
                .at_line(key.line())
                .help("write the lockfile again with bun"),
            ),
        }
    }
    for (from, name, asked) in &asks {
        for one in asked {
            if let Some(to) = resolve(&by_path, name, &one.name) {
                demands.ask(*from, to, one.scope);
            }
        }
    }
    for (from, path, value) in listed {
        let Some(about) = value.items().find(|v| v.kind() == Kind::Map) else { continue };
        let optional_peers: Vec<&str> =
            about.get("optionalPeers").into_iter().flat_map(Value::texts).collect();
        for (section, scope) in [
            ("dependencies", Scope::Runtime),
            ("optionalDependencies", Scope::Optional),
            ("peerDependencies", Scope::Runtime),
        ] {
            for (name, _) in about.get(section).into_iter().flat_map(Value::entries) {
                let name = name.as_str().unwrap_or_default();
                let peer = section == "peerDependencies" && optional_peers.contains(&name);
                if let Some(to) = resolve(&by_path, path, name) {
                    demands.ask(Some(from), to, if peer { Scope::Optional } else { scope });
                }
            }
        }
    }
    demands.settle(&mut inventory, Scopes::Computed);
    Ok(inventory)
}

/// The component of a tuple.
fn component(value: Value<'_>) -> Option<Component> {
    let locator = value.items().next()?.as_str()?;
    let (name, reference) = npm::split_locator(locator);
    let foreign = npm::foreign_origin(reference);
    if reference.is_empty() {
        return None;
    }
    let version = if foreign.is_none() { reference } else { "" };
    let mut component = Component::new(npm::purl(name)?.with_version(version));
    let registry = value.items().nth(1).and_then(Value::as_str).filter(|r| !r.is_empty());
    component.origin = match (foreign, registry) {
        (Some(origin), _) => origin,
        (None, Some(registry)) if registry.contains("/-/") => npm::registry_of(registry, name),
        (None, Some(registry)) => Origin::Registry(registry.trim_end_matches('/').into()),
        (None, None) => Origin::Unstated,
    };
    let bundled = value.items().any(|v| v.kind() == Kind::Map && v.flag("bundled"));
    component.groups = bundled.then(|| "bundled".into()).into_iter().collect();
    let digest = value.items().skip(1).filter_map(Value::as_str).find(|t| t.starts_with("sha"));
    component.hashes = digest.map(Hash::from_integrity).unwrap_or_default();
    Some(component)
}

/// The component that `name` means for the package at a path of install names.
fn resolve(
    by_path: &HashMap<&str, u32, foldhash::fast::RandomState>,
    path: &str,
    name: &str,
) -> Option<u32> {
    let mut folder = path;
    loop {
        let candidate = view::join(folder, name);
        if let Some(found) = by_path.get(candidate.as_str()) {
            return Some(*found);
        }
        if folder.is_empty() {
            return None;
        }
        folder = view::folder(folder);
        // The slash of a scope does not separate install names.
        if view::file_name(folder).starts_with('@') {
            folder = view::folder(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_resolve_from_the_innermost_out() {
        let mut by_path = HashMap::default();
        for (path, at) in [("a", 0), ("@s/b", 1), ("@s/b/a", 2), ("c/a", 3)] {
            by_path.insert(path, at);
        }
        assert_eq!(resolve(&by_path, "@s/b", "a"), Some(2));
        assert_eq!(resolve(&by_path, "@s/b/a", "@s/b"), Some(1));
        assert_eq!(resolve(&by_path, "c", "@s/b"), Some(1));
        assert_eq!(resolve(&by_path, "", "a"), Some(0));
        assert_eq!(resolve(&by_path, "c", "missing"), None);
    }
}
