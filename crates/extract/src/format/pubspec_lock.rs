//! Dart's and Flutter's `pubspec.lock`.
//!
//! `dependency` says how a package is asked for (`direct main`, `direct dev`, `direct overridden`,
//! `transitive`), `source` where it comes from. There are no edges: what a transitive package is
//! needed for is known only where all direct ones are of one kind. What an overridden one is for, `pubspec.yaml`
//! says. Packages of an SDK have its
//! version (most often `0.0.0`) and are not the registry's.

use std::collections::HashSet;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Purl,
    Relation, Scope,
};

use crate::read::text;
use crate::read::tree::Value;
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pubspec-lock",
    title: "Dart pubspec.lock",
    family: Some(Family::Pub),
    kind: FormatKind::Lockfile,
    names: "pubspec.lock",
    claims: |path| view::file_name(path) == "pubspec.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::lockfile(&text, "dart pub get")?;
    let mut file = FileInventory::default();
    for (name, entry) in doc.root().get("packages").into_iter().flat_map(Value::entries) {
        let known = name.scalar().filter(|n| !n.is_empty());
        match (known, entry.get("version").and_then(Value::scalar)) {
            (Some(known), Some(version)) => {
                let mut component = component(known, version, entry);
                component.line = Some(name.line());
                file.add(component);
            }
            _ => file.diagnostics.push(
                Diagnostic::new(Code::EntryMalformed, "a package has no name or no version")
                    .at_line(name.line()),
            ),
        }
    }
    if let Some(Ok(manifest)) = view.read("pubspec.yaml") {
        scope_of_overridden(&mut file, &manifest);
    }
    scope_of_transitives(&mut file);
    Ok(file)
}

/// An override hides what a package is asked for; the manifest still says it.
fn scope_of_overridden(file: &mut FileInventory, manifest: &[u8]) {
    let Ok(text) = text::decode(manifest) else { return };
    let Ok(doc) = yaml::parse(&text) else { return };
    let asked = |table: &str| -> HashSet<&str> {
        let entries = doc.root().get(table).into_iter().flat_map(Value::entries);
        entries.filter_map(|(name, _)| name.scalar()).collect()
    };
    let (runtime, development) = (asked("dependencies"), asked("dev_dependencies"));
    for component in &mut file.components {
        if component.relation == Relation::Direct && component.scope == Scope::Unknown {
            component.scope = match component.purl.name() {
                name if runtime.contains(name) => Scope::Runtime,
                name if development.contains(name) => Scope::Development,
                _ => Scope::Unknown,
            };
        }
    }
}

fn component(name: &str, version: &str, entry: Value<'_>) -> Component {
    let mut component = Component::new(Purl::new("pub", None, name).with_version(version));
    (component.relation, component.scope) = match entry.str("dependency") {
        Some("direct main") => (Relation::Direct, Scope::Runtime),
        Some("direct dev") => (Relation::Direct, Scope::Development),
        Some("direct overridden") => (Relation::Direct, Scope::Unknown),
        Some("transitive") => (Relation::Transitive, Scope::Unknown),
        _ => (Relation::Unknown, Scope::Unknown),
    };
    if let Some(kind) = entry.str("dependency") {
        component.groups.push(kind.into());
    }
    let description = entry.get("description");
    let text = |key| description.and_then(|d| d.get(key)).and_then(Value::scalar);
    component.origin = match entry.str("source") {
        Some("hosted") => text("url").map_or(Origin::Unstated, |url| Origin::Registry(url.into())),
        Some("git") => Origin::Git {
            url: text("url").unwrap_or_default().into(),
            commit: text("resolved-ref").map(Into::into),
        },
        Some("path") => Origin::Path(text("path").unwrap_or_default().into()),
        Some("sdk") => {
            let sdk = description.and_then(Value::scalar).unwrap_or_default();
            Origin::Url(format!("sdk:{sdk}").into())
        }
        _ => Origin::Unstated,
    };
    // A package may be hosted under another name than the one the project imports it by.
    if let (Some("hosted"), Some(hosted)) = (entry.str("source"), text("name"))
        && !hosted.is_empty()
    {
        component.purl = Purl::new("pub", None, hosted).with_version(version);
    }
    component.hashes = text("sha256")
        .and_then(|hex| Hash::from_hex(HashAlgorithm::Sha256, hex))
        .into_iter()
        .collect();
    component
}

/// Where all direct dependencies are of one scope, so is what they bring in.
fn scope_of_transitives(file: &mut FileInventory) {
    let direct = file.components.iter().filter(|c| c.relation == Relation::Direct);
    let mut scopes = direct.map(|c| c.scope);
    let Some(first) = scopes.next() else { return };
    if scopes.all(|scope| scope == first) {
        for component in &mut file.components {
            component.scope = component.scope.max(first);
        }
    }
}
