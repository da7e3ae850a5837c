//! `Cargo.toml` where no `Cargo.lock` speaks for it.
//!
//! With a lockfile beside it, or at the root of its workspace, it lists nothing. Otherwise the
//! package itself and what it asks for: only `=1.2.3` and a git `rev` are exact; `1.2.3` means
//! "compatible with", and floats.

use trimtab_model::{
    Component, Diagnostic, Family, FileInventory, Purl, Relation, Unmanaged, UnmanagedReason,
};

use super::cargo_manifest::{Asked, Manifest, Workspace};
use super::demand::{self, Demands, Scopes};
use super::glob;
use crate::read::toml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "cargo-toml",
    title: "Cargo.toml without a Cargo.lock",
    family: Some(Family::CratesIo),
    kind: FormatKind::Manifest,
    names: "Cargo.toml",
    claims: |path| view::file_name(path) == "Cargo.toml",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let mut manifest = Manifest::of(doc.root());
    let root = workspace_root(view, &manifest);
    let locked = root.as_deref().unwrap_or_else(|| view::folder(view.path));
    if view.has("Cargo.lock") || view.files.exists(&view::join(locked, "Cargo.lock")) {
        return Ok(FileInventory::default());
    }
    let own_folder = view::folder(view.path);
    let shared = match (&manifest.workspace, &root) {
        (Some(workspace), _) => Some(workspace.clone()),
        (None, Some(folder)) => {
            Manifest::at(view, &view::join(folder, "Cargo.toml")).and_then(|m| m.workspace)
        }
        (None, None) => None,
    };
    if let Some(shared) = shared {
        manifest.inherit(&shared, root.as_deref().unwrap_or(own_folder), own_folder);
    }
    Ok(list(&manifest))
}

fn list(manifest: &Manifest) -> FileInventory {
    let mut inventory = FileInventory::default();
    let own = manifest.name.as_deref().filter(|n| !n.is_empty()).map(|name| {
        let version = manifest.version.as_deref().unwrap_or_default();
        let mut component = Component::new(Purl::new("cargo", None, name).with_version(version));
        component.relation = Relation::Own;
        component.line = manifest.name_line;
        component.licence = manifest.licence.as_deref().map(Into::into);
        inventory.add(component)
    });
    // The same ask in several sections is one component, for its strongest purpose.
    let mut merged: Vec<Asked> = Vec::new();
    for asked in manifest.asked.iter().filter(|a| !a.package.is_empty()) {
        let same = |a: &&mut Asked| {
            a.package == asked.package
                && a.requirement == asked.requirement
                && a.origin() == asked.origin()
        };
        match merged.iter_mut().find(same) {
            Some(held) => {
                held.scope = demand::stronger(held.scope, asked.scope);
                held.optional &= asked.optional;
            }
            None => merged.push(asked.clone()),
        }
    }
    let on = manifest.switched_on([]);
    let mut demands = Demands::default();
    for asked in &merged {
        let component = component(asked);
        if component.purl.version().is_none() && floats(asked) {
            inventory.unmanaged.push(Unmanaged {
                reason: UnmanagedReason::FloatingVersion,
                package: Some(component.purl.clone()),
                requirement: component.requirement.clone(),
                line: component.line,
            });
        }
        let position = inventory.add(component);
        let waits = asked.optional && !on.contains(&asked.key);
        let scope = if waits && asked.scope == trimtab_model::Scope::Runtime {
            trimtab_model::Scope::Optional
        } else {
            asked.scope
        };
        demands.ask(own, position, scope);
    }
    if !merged.is_empty() {
        inventory.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::NoLockfile,
            package: None,
            requirement: None,
            line: None,
        });
    }
    demands.settle(&mut inventory, Scopes::Computed);
    inventory
}

fn component(asked: &Asked) -> Component {
    let purl = Purl::new("cargo", None, &asked.package);
    let exact = asked.requirement.as_deref().and_then(exact).filter(|_| asked.git.is_none());
    let mut component = Component::new(exact.map_or(purl.clone(), |v| purl.with_version(v)));
    component.line = Some(asked.line);
    component.origin = asked.origin();
    if exact.is_none() {
        let wanted = asked.requirement.as_deref().or(asked.reference.as_deref());
        component.requirement = wanted.map(Into::into);
    }
    component
}

/// `=1.2.3`, and nothing less.
fn exact(requirement: &str) -> Option<&str> {
    let version = requirement.trim().strip_prefix('=')?.trim();
    semver::Version::parse(version).ok().map(|_| version)
}

fn floats(asked: &Asked) -> bool {
    match (&asked.git, &asked.path) {
        (Some(_), _) => asked.commit.is_none(),
        (None, path) => path.is_none(),
    }
}

/// The folder of the workspace that a manifest belongs to, if it is not its own.
fn workspace_root(view: &FileView<'_>, manifest: &Manifest) -> Option<String> {
    if manifest.workspace.is_some() {
        return None;
    }
    if let Some(named) = &manifest.workspace_root {
        return view.resolve(named);
    }
    let own = view::folder(view.path);
    view.folders_up().skip(1).find(|folder| takes(view, folder, own)).map(str::to_owned)
}

/// Whether the manifest in a folder is the root of a workspace that does not exclude `own`.
fn takes(view: &FileView<'_>, folder: &str, own: &str) -> bool {
    let Some(Ok(bytes)) = view.files.read(&view::join(folder, "Cargo.toml")) else { return false };
    let Ok(text) = crate::read::text::decode(&bytes) else { return false };
    // Every member asks this of the same root: look closely only where it may exclude something.
    if !text.lines().any(|l| l.trim_start().starts_with("[workspace")) {
        return false;
    }
    if !text.contains("exclude") {
        return true;
    }
    let Ok(doc) = toml::parse(&text) else { return false };
    let Some(workspace) = Manifest::of(doc.root()).workspace else { return false };
    let inside = own.strip_prefix(folder).unwrap_or(own).trim_start_matches('/');
    !excludes(&workspace, inside)
}

fn excludes(workspace: &Workspace, inside: &str) -> bool {
    let named = workspace.members.iter().any(|m| glob::matches(m, inside));
    let out = workspace.exclude.iter().any(|e| {
        let e = e.trim_start_matches("./").trim_end_matches('/');
        inside == e || inside.strip_prefix(e).is_some_and(|rest| rest.starts_with('/'))
    });
    out && !named
}
