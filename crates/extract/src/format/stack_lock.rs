//! Haskell Stack's `stack.yaml.lock`, and `stack.yaml` where there is no lock.
//!
//! The lock has, for each extra dependency, what was asked (`original`) and what that means
//! (`completed`): a Hackage package as `name-version@sha256:hash,size` (the hash of its revised
//! Cabal file), a repository with its commit, or an archive. `pantry-tree` is the hash of the
//! content and is the one recorded. Packages of the snapshot are not in it. In a name and version
//! the last `-` before a number separates: `hasql-pool-1.0.1`.

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Purl,
    Relation, Unmanaged, UnmanagedReason,
};

use crate::read::tree::{Kind, Value};
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "stack-lock",
    title: "Haskell stack.yaml.lock",
    family: Some(Family::Hackage),
    kind: FormatKind::Lockfile,
    names: "stack.yaml.lock, stack.yaml",
    claims: |path| matches!(view::file_name(path), "stack.yaml.lock" | "stack.yaml"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut file = FileInventory::default();
    if view.name() == "stack.yaml" && view.has("stack.yaml.lock") {
        return Ok(file);
    }
    let doc = yaml::parse(&text)?;
    let root = doc.root();
    if !matches!(root.kind(), Kind::Map | Kind::Null) {
        return Err(Diagnostic::new(Code::FileMalformed, "the file is not a YAML map").at_line(1));
    }
    let manifest = view.name() == "stack.yaml";
    let entries = if manifest { root.get("extra-deps") } else { root.get("packages") };
    for entry in entries.into_iter().flat_map(Value::items) {
        let stated = if manifest { entry } else { entry.get("completed").unwrap_or(entry) };
        match components(stated) {
            Some(components) => components.into_iter().for_each(|mut component| {
                component.line = Some(entry.line());
                component.relation = Relation::Direct;
                floating(&mut file, &component);
                file.add(component);
            }),
            None => file.diagnostics.push(
                Diagnostic::new(Code::EntryMalformed, "an extra dependency names no package")
                    .at_line(entry.line()),
            ),
        }
    }
    if manifest && !file.components.is_empty() {
        file.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::NoLockfile,
            package: None,
            requirement: None,
            line: None,
        });
    }
    Ok(file)
}

fn floating(file: &mut FileInventory, component: &Component) {
    if component.purl.version().is_none() && component.origin.is_registry() {
        file.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::FloatingVersion,
            package: Some(component.purl.clone()),
            requirement: component.requirement.clone(),
            line: component.line,
        });
    }
}

/// One entry may be a repository with several packages in it.
fn components(entry: Value<'_>) -> Option<Vec<Component>> {
    if let Some(text) = entry.scalar() {
        return hackage(text).or_else(|| local(text)).map(|c| vec![c]);
    }
    let tree = entry
        .path(&["pantry-tree", "sha256"])
        .and_then(Value::scalar)
        .and_then(|hex| Hash::from_hex(HashAlgorithm::Sha256, hex));
    if let Some(text) = entry.get("hackage").and_then(Value::scalar) {
        let mut component = hackage(text)?;
        component.hashes = tree.into_iter().collect();
        return Some(vec![component]);
    }
    let text = |key| entry.get(key).and_then(Value::scalar);
    let commit: Option<Box<str>> = text("commit").map(Into::into);
    let origin = if let Some(url) = text("git").or_else(|| text("hg")) {
        Origin::Git { url: url.into(), commit }
    } else if let Some(repository) = text("github") {
        Origin::Git { url: format!("https://github.com/{repository}").into(), commit }
    } else {
        Origin::Url(text("url").or_else(|| text("archive"))?.into())
    };
    let address = match &origin {
        Origin::Git { url, .. } | Origin::Url(url) => url.clone(),
        _ => return None,
    };
    let folders = entry.get("subdirs").into_iter().flat_map(Value::texts).chain(text("subdir"));
    let mut names: Vec<&str> = text("name").map_or_else(|| folders.collect(), |name| vec![name]);
    if names.is_empty() {
        let last = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        names.push(last.split(".git").next().unwrap_or(last));
    }
    let component = |name: &str| {
        let name = name.trim_end_matches('/').rsplit('/').next().filter(|n| !n.is_empty())?;
        let purl = Purl::new("hackage", None, name);
        let mut component = Component::new(purl.with_version(text("version").unwrap_or_default()));
        component.origin = origin.clone();
        component.hashes = tree.clone().into_iter().collect();
        Some(component)
    };
    names.into_iter().take(1000).map(component).collect()
}

/// `name-1.2.3`, `name-1.2.3@sha256:…,123`, `name-1.2.3@rev:1`, or a bare `name`.
fn hackage(text: &str) -> Option<Component> {
    let package = text.split('@').next().unwrap_or(text);
    if package.is_empty() || package.contains(['/', '\\', ' ']) || package.starts_with('.') {
        return None;
    }
    let (name, version) = match package.rsplit_once('-') {
        Some((name, version))
            if !name.is_empty()
                && version.starts_with(|c: char| c.is_ascii_digit())
                && version.bytes().all(|b| b.is_ascii_digit() || b == b'.') =>
        {
            (name, version)
        }
        _ => (package, ""),
    };
    Some(Component::new(Purl::new("hackage", None, name).with_version(version)))
}

/// A folder or archive of the tree.
fn local(text: &str) -> Option<Component> {
    let path = text.trim_end_matches(['/', '\\']);
    let name = path.rsplit(['/', '\\']).next().filter(|n| !n.is_empty())?;
    let mut component = Component::new(Purl::new("hackage", None, name));
    component.origin = match text.contains("://") {
        true => Origin::Url(text.into()),
        false => Origin::Path(text.into()),
    };
    Some(component)
}
