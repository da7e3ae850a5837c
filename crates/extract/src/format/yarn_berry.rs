//! `yarn.lock` of yarn 2 and later ("berry").
//!
//! Every entry has a `resolution`, `name@protocol:reference`, which says what the package really
//! is; workspaces are entries of their own, whose `dependencies` mix what is for development with
//! the rest, so that their manifests are read for the purpose. Traps: a `patch:` entry stands
//! beside the package it patches; `checksum` is over yarn's own archive, not over the published
//! one, and is left out; before lock version 8 dependencies lack the `npm:` of the keys.

use std::borrow::Cow;

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Origin, Relation, Scope};

use super::demand::{self, Demands, Scopes};
use super::npm::{self, Manifest};
use super::yarn::{self, Entry, Targets};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "yarn-berry",
    title: "yarn.lock (yarn 2 and later)",
    family: Some(Family::Npm),
    kind: FormatKind::Lockfile,
    names: "yarn.lock",
    claims: |path| view::file_name(path) == "yarn.lock",
    sniff: Some(is_berry),
    extract,
};

/// Whether a `yarn.lock` is of this generation: it says so in its first entry.
pub(super) fn is_berry(bytes: &[u8]) -> bool {
    bytes.split(|b| *b == b'\n').take(50).any(|line| line.starts_with(b"__metadata:"))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut inventory = FileInventory::default();
    let entries = yarn::entries(&text, &mut inventory.diagnostics);
    let mut targets = Targets::default();
    let mut patched: Vec<(u32, String, String)> = Vec::new();
    let mut listed = Vec::with_capacity(entries.len());
    for entry in entries.iter().filter(|e| !e.keys.iter().any(|k| k == "__metadata")) {
        let read = match read(view, entry) {
            Ok(read) => read,
            Err(diagnostic) => {
                inventory.diagnostics.push(diagnostic);
                continue;
            }
        };
        let position = inventory.add(read.component);
        for key in &entry.keys {
            targets.insert(key, position);
            if let Some((name, specifier)) = patch_source(key) {
                patched.push((position, name, specifier));
            }
        }
        listed.push((position, entry, read.manifest));
    }
    let mut demands = Demands::default();
    let find = |name: &str, specifier: &str| {
        let prefixed = format!("npm:{specifier}");
        targets.find(name, &[specifier, &prefixed])
    };
    // What asks for the package that a builtin patch changes gets the changed one.
    let mut replaced = std::collections::HashMap::new();
    for (patch, name, specifier) in &patched {
        if let Some(source) = find(name, specifier)
            && source != *patch
        {
            demands.ask(Some(*patch), source, Scope::Runtime);
            replaced.insert(source, *patch);
        }
    }
    for (from, entry, manifest) in &listed {
        for (section, name, specifier) in &entry.maps {
            let Some(scope) = yarn::section_scope(section) else { continue };
            let Some(to) = find(name, specifier) else { continue };
            let optional = entry.flag("dependenciesMeta", name, "optional");
            let scope = match manifest {
                Some(manifest) => purpose(manifest, name),
                None if optional => Scope::Optional,
                None if is_workspace(entry) => Scope::Unknown,
                None => scope,
            };
            match replaced.get(&to) {
                Some(patch) if patch != from => demands.ask(Some(*from), *patch, scope),
                _ => demands.ask(Some(*from), to, scope),
            }
        }
    }
    demands.settle(&mut inventory, Scopes::Computed);
    Ok(inventory)
}

/// What a member of the workspace asks for a package for.
fn purpose(manifest: &Manifest, name: &str) -> Scope {
    let asked = manifest.asked.iter().filter(|a| a.name == name);
    asked.map(|a| a.scope).reduce(demand::stronger).unwrap_or(Scope::Unknown)
}

fn is_workspace(entry: &Entry<'_>) -> bool {
    entry.field("resolution").is_some_and(|r| npm::split_locator(r).1.starts_with("workspace:"))
}

struct Read {
    component: Component,
    /// Of a member of the workspace.
    manifest: Option<Manifest>,
}

fn read(view: &FileView<'_>, entry: &Entry<'_>) -> Result<Read, Diagnostic> {
    let malformed = |what: &str| {
        let key = entry.keys.first().map_or("", |k| &**k);
        Diagnostic::new(Code::EntryMalformed, format!("the entry `{key}` {what}"))
            .at_line(entry.line)
            .help("write the lockfile again with yarn")
    };
    let resolution = entry.field("resolution").ok_or_else(|| malformed("has no resolution"))?;
    let (name, reference) = npm::split_locator(resolution);
    let purl = npm::purl(name).ok_or_else(|| malformed("has no valid package name"))?;
    let stated = entry.field("version").filter(|v| *v != "0.0.0-use.local");
    let mut manifest = None;
    let mut component = Component::new(purl);
    component.line = Some(entry.line);
    let mut version = stated;
    let own_version;
    if let Some(folder) = reference.strip_prefix("workspace:") {
        manifest = Manifest::beside(view, &view::join(folder, "package.json"));
        component.relation = Relation::Own;
        own_version = manifest.as_ref().and_then(|m| m.version.clone());
        version = version.or(own_version.as_deref());
    } else {
        component.origin = origin(name, reference);
    }
    if let Some(version) = version {
        component.purl = component.purl.with_version(version);
    }
    Ok(Read { component, manifest })
}

/// Where a resolution's reference says that the package comes from.
fn origin(name: &str, reference: &str) -> Origin {
    let (reference, bound) = match reference.split_once("::") {
        Some((reference, bound)) => (reference, Some(bound)),
        None => (reference, None),
    };
    if let Some(source) = reference.strip_prefix("patch:") {
        let inner = decode(source.split('#').next().unwrap_or(source));
        let (name, reference) = npm::split_locator(&inner);
        return origin(name, reference);
    }
    if let Some(source) = reference.strip_prefix("virtual:") {
        return origin(name, source.split_once('#').map_or(source, |(_, s)| s));
    }
    if reference.starts_with("npm:") {
        // The archive's URL stands here where it is not where the registry's rules put it.
        let archive = bound.iter().flat_map(|b| b.split('&')).find_map(|parameter| {
            parameter.strip_prefix("__archiveUrl=").map(|url| decode(url).into_owned())
        });
        return archive.map_or(Origin::Unstated, |url| npm::registry_of(&url, name));
    }
    npm::foreign_origin(reference).unwrap_or(Origin::Unstated)
}

/// The package that a `patch:` specifier changes: name and specifier.
fn patch_source(key: &str) -> Option<(String, String)> {
    let (_, specifier) = npm::split_locator(key);
    let source = specifier.strip_prefix("patch:")?;
    let source = decode(source.split('#').next().unwrap_or(source));
    let (name, specifier) = npm::split_locator(&source);
    Some((name.to_owned(), specifier.to_owned()))
}

/// Percent-decoding; what is not valid stays as it is.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (first, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_say_where_a_package_comes_from() {
        assert_eq!(origin("x", "npm:1.0.0"), Origin::Unstated);
        assert_eq!(
            origin("x", "npm:1.0.0::__archiveUrl=https%3A%2F%2Fnpm.example%2Fx%2F-%2Fx-1.0.0.tgz"),
            Origin::Registry("https://npm.example".into())
        );
        assert_eq!(
            origin("x", "patch:x@npm%3A1.0.0#~builtin<compat/x>::version=1"),
            Origin::Unstated
        );
        assert!(matches!(
            origin("x", "https://github.com/o/r.git#commit=0123456789"),
            Origin::Git { .. }
        ));
        assert!(matches!(origin("x", "file:../x#../x::hash=1&locator=y"), Origin::Path(_)));
        assert!(matches!(origin("x", "https://files.example/a.tgz"), Origin::Url(_)));
    }
}
