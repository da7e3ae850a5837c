//! `yarn.lock` of yarn 1 ("classic").
//!
//! The file lists what was resolved, not who the project is: the `package.json` beside it, and
//! those of its workspaces, say what is asked for directly and for what purpose. Traps: the key of
//! an alias (`alias@npm:real@1`) names the wrong package first (TRAPS 36); the fragment of an
//! archive's URL is a SHA-1, that of a repository a commit.

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Hash};

use super::demand::{Demands, Scopes};
use super::npm;
use super::yarn::{self, Entry, Project, Targets};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "yarn-v1",
    title: "yarn.lock (yarn 1)",
    family: Some(Family::Npm),
    kind: FormatKind::Lockfile,
    names: "yarn.lock",
    claims: |path| view::file_name(path) == "yarn.lock",
    sniff: Some(|bytes| {
        let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
        let mark = b"# yarn lockfile v1";
        head.windows(mark.len()).any(|w| w == mark)
    }),
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut inventory = FileInventory::default();
    let entries = yarn::entries(&text, &mut inventory.diagnostics);
    if entries.is_empty() && !inventory.diagnostics.is_empty() {
        return Err(Diagnostic::new(Code::FileMalformed, "the file is not a yarn.lock")
            .help("write it again with yarn"));
    }
    let project = Project::list(view, &mut inventory);
    let mut targets = Targets::default();
    let mut listed = Vec::with_capacity(entries.len());
    for entry in &entries {
        match component(entry) {
            Ok(component) => {
                let position = inventory.add(component);
                for key in &entry.keys {
                    targets.insert(key, position);
                }
                listed.push((position, entry));
            }
            Err(diagnostic) => inventory.diagnostics.push(diagnostic),
        }
    }
    let mut demands = Demands::default();
    project.ask(&targets, &mut demands);
    for (from, entry) in listed {
        for (section, name, specifier) in &entry.maps {
            if let (Some(scope), Some(to)) =
                (yarn::section_scope(section), targets.find(name, &[specifier]))
            {
                demands.ask(Some(from), to, scope);
            }
        }
    }
    demands.settle(&mut inventory, Scopes::Computed);
    Ok(inventory)
}

fn component(entry: &Entry<'_>) -> Result<Component, Diagnostic> {
    let malformed = |what: &str| {
        let key = entry.keys.first().map_or("", |k| &**k);
        Diagnostic::new(Code::EntryMalformed, format!("the entry `{key}` {what}"))
            .at_line(entry.line)
            .help("write the lockfile again with yarn")
    };
    let key = entry.keys.first().ok_or_else(|| malformed("has no key"))?;
    let (installed, specifier) = npm::split_locator(key);
    let name = npm::alias(specifier).map_or(installed, |(real, _)| real);
    let purl = npm::purl(name).ok_or_else(|| malformed("has no valid package name"))?;
    let version = entry.field("version").ok_or_else(|| malformed("has no version"))?;
    let mut component = Component::new(purl.with_version(version));
    component.line = Some(entry.line);
    match entry.field("resolved") {
        Some(resolved) => {
            component.origin = npm::resolved_origin(resolved, name);
            // A specifier that is a URL means that archive, whatever name is inside.
            let by_url = entry.keys.iter().all(|k| npm::is_url(npm::split_locator(k).1));
            if by_url && component.origin.is_registry() {
                let url = resolved.split('#').next().unwrap_or(resolved);
                component.origin = trimtab_model::Origin::Url(url.into());
            }
            component.hashes.extend(npm::fragment_hash(resolved));
        }
        None => {
            if let Some(origin) = entry.keys.iter().find_map(|k| {
                npm::foreign_origin(npm::split_locator(k).1).filter(|o| !o.is_registry())
            }) {
                component.origin = origin;
            }
        }
    }
    if let Some(integrity) = entry.field("integrity") {
        component.hashes = Hash::from_integrity(integrity);
    }
    Ok(component)
}
