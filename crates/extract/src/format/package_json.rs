//! `package.json` where no lockfile speaks for it.
//!
//! With a lockfile beside it, or a workspace above that counts it as a member, it lists nothing.
//! Otherwise the package itself and what it asks for: an exact version is a component at that
//! version, a range or tag floats. Unity's packages use the same file name for another registry,
//! and list nothing; a VS Code extension is not an npm package, though its dependencies are.

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Origin, Relation, Unmanaged,
    UnmanagedReason,
};

use super::demand::{Demands, Scopes};
use super::npm::{self, Asked, Manifest};
use crate::read::json::Flavour;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "package-json",
    title: "package.json without a lockfile",
    family: Some(Family::Npm),
    kind: FormatKind::Manifest,
    names: "package.json",
    claims: |path| view::file_name(path) == "package.json",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = npm::object(&text, Flavour::Strict, "a package.json")?;
    let root = doc.root();
    if root.get("unity").is_some() || npm::lockfile_covers(view) {
        return Ok(FileInventory::default());
    }
    let manifest = Manifest::of(root);
    let mut inventory = FileInventory::default();
    let own = own(root, &manifest, &mut inventory);
    let mut demands = Demands::default();
    for asked in &manifest.asked {
        match component(asked) {
            Some(component) => {
                if component.purl.version().is_none() && floats(&component.origin) {
                    inventory.unmanaged.push(Unmanaged {
                        reason: UnmanagedReason::FloatingVersion,
                        package: Some(component.purl.clone()),
                        requirement: component.requirement.clone(),
                        line: component.line,
                    });
                }
                let position = inventory.add(component);
                demands.ask(own, position, asked.scope);
            }
            None => inventory.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("`{}` cannot be the name of a package", asked.name.escape_debug()),
                )
                .at_line(asked.line),
            ),
        }
    }
    // The binary lockfile of bun pins, though nothing here can read it.
    if !manifest.asked.is_empty() && !view.has("bun.lockb") {
        inventory.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::NoLockfile,
            package: None,
            requirement: None,
            line: None,
        });
    }
    demands.settle(&mut inventory, Scopes::Computed);
    Ok(inventory)
}

/// The package itself.
fn own(root: Value<'_>, manifest: &Manifest, inventory: &mut FileInventory) -> Option<u32> {
    let name = manifest.name.as_deref()?;
    let extension = root.get("contributes").is_some_and(|c| c.kind() == Kind::Map)
        || root.path(&["engines", "vscode"]).is_some();
    if extension {
        return None;
    }
    let Some(purl) = manifest.purl() else {
        let mut diagnostic = Diagnostic::new(
            Code::EntryMalformed,
            format!("`{}` cannot be the name of a package", name.escape_debug()),
        );
        diagnostic.line = manifest.name_line;
        inventory.diagnostics.push(diagnostic);
        return None;
    };
    let mut component = Component::new(purl);
    component.relation = Relation::Own;
    component.line = manifest.name_line;
    component.licence = root.get("license").or_else(|| root.get("licenses")).and_then(npm::licence);
    Some(inventory.add(component))
}

/// Whether something without a version may be another thing tomorrow.
fn floats(origin: &Origin) -> bool {
    match origin {
        Origin::Git { commit, .. } => commit.is_none(),
        Origin::Unstated | Origin::Registry(_) => true,
        Origin::Url(_) | Origin::Path(_) => false,
    }
}

fn component(asked: &Asked) -> Option<Component> {
    let (name, wanted) =
        npm::alias(&asked.specifier).unwrap_or((&asked.name, asked.specifier.as_str()));
    let purl = npm::purl(name)?;
    let exact = npm::exact_version(wanted);
    let mut component = Component::new(exact.map_or(purl.clone(), |v| purl.with_version(v)));
    component.line = Some(asked.line);
    if exact.is_none() {
        component.requirement = Some(asked.specifier.as_str().into());
        component.origin = npm::foreign_origin(wanted).unwrap_or(Origin::Unstated);
        // Plain paths are folders or archives of the same tree.
        if wanted.starts_with(['.', '~']) && wanted.contains('/') {
            component.origin = Origin::Path(wanted.into());
        }
    }
    component.groups = match asked.peer {
        true => vec!["peer".into()],
        false => Vec::new(),
    };
    Some(component)
}
