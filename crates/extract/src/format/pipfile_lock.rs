//! Pipfile.lock (pipfile-spec 6 and before), with the Pipfile beside it.
//!
//! Traps: besides `default` and `develop` there may be categories of one's own; the file knows
//! nothing of who needs whom, so that only the Pipfile tells what is direct; an editable entry of
//! the project itself has a hash for a name; `index` names a source of `_meta`.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Origin, Relation, Scope, Unmanaged,
    UnmanagedReason,
};

use super::{address, pypi};
use crate::read::json::{self, Flavour};
use crate::read::toml;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pipfile-lock",
    title: "Pipfile.lock",
    family: Some(Family::PyPI),
    kind: FormatKind::Lockfile,
    names: "Pipfile.lock",
    claims: |path| view::file_name(path) == "Pipfile.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    if text.trim().is_empty() {
        return Ok(out);
    }
    let doc = json::parse(&text, Flavour::Strict)?;
    let root = doc.root();
    if root.kind() != Kind::Map {
        return Err(
            Diagnostic::new(Code::FileMalformed, "a Pipfile.lock is a JSON object").at_line(1)
        );
    }
    let sources: HashMap<&str, &str> = root
        .path(&["_meta", "sources"])
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|source| Some((source.str("name")?, source.str("url")?)))
        .collect();
    let asked = view.read("Pipfile").and_then(Result::ok).and_then(|bytes| asked_for(&bytes));
    let mut known: HashMap<(String, Option<Box<str>>, Origin), u32> = HashMap::new();
    for (category, entries) in root.entries() {
        let category = category.as_str().unwrap_or_default();
        if category.starts_with('_') {
            continue;
        }
        for (name, entry) in entries.entries() {
            let Some(text) = name.as_str().filter(|n| !n.is_empty()) else { continue };
            if entry.kind() != Kind::Map {
                let message = format!("the entry of `{text}` is not an object");
                let diagnostic = Diagnostic::new(Code::EntryMalformed, message);
                out.diagnostics.push(diagnostic.at_line(name.line()));
                continue;
            }
            let mut component = component(text, entry, &sources);
            component.line = Some(name.line());
            component.scope = scope(category);
            component.groups.push(category.into());
            if let (Some(asked), Relation::Unknown) = (&asked, component.relation) {
                let direct = asked.contains_key(&*pypi::key(text));
                component.relation = if direct { Relation::Direct } else { Relation::Transitive };
            }
            let version = component.purl.version().map(Into::into);
            let identity = (pypi::key(text).into_owned(), version, component.origin.clone());
            match known.get(&identity).and_then(|i| out.components.get_mut(*i as usize)) {
                Some(first) => {
                    first.scope = first.scope.max(component.scope);
                    first.groups.append(&mut component.groups);
                }
                None => {
                    note_floating(&component, &mut out);
                    known.insert(identity, out.add(component));
                }
            }
        }
    }
    Ok(out)
}

pub(super) fn component(name: &str, entry: Value<'_>, sources: &HashMap<&str, &str>) -> Component {
    let stated = entry.as_str().or_else(|| entry.str("version")).unwrap_or_default().trim();
    let version = super::pep508::pin(stated);
    let mut component = Component::new(pypi::purl(name).with_version(version.unwrap_or_default()));
    let marker = entry.str("markers").filter(|m| !m.is_empty());
    if version.is_none() || marker.is_some() {
        let asks = if stated.is_empty() { "*" } else { stated };
        component.requirement = Some(super::pep508::with_marker(asks, marker).into());
    }
    let vcs = ["git", "hg", "svn", "bzr"].into_iter().find_map(|kind| entry.str(kind));
    component.origin = if let Some(url) = vcs {
        let reference = entry.str("ref");
        if let Some(reference) = reference.filter(|r| !address::is_commit(r)) {
            component.requirement = Some(reference.into());
        }
        address::git(url, reference)
    } else if let Some(path) = entry.str("path") {
        if matches!(path, "." | "./") {
            component.relation = Relation::Own;
        }
        Origin::Path(path.into())
    } else if let Some(url) = entry.str("file").or_else(|| entry.str("uri")) {
        pypi::origin(url).0
    } else if let Some(index) = entry.str("index") {
        let url = sources.get(index).copied().unwrap_or(index);
        Origin::Registry(address::without_credentials(url).into())
    } else {
        Origin::Unstated
    };
    let hashes = entry.get("hashes").into_iter().flat_map(Value::texts);
    component.hashes = hashes.filter_map(pypi::hash).collect();
    component
}

/// An entry of the registry without an exact version, or of a branch.
fn note_floating(component: &Component, out: &mut FileInventory) {
    let floats = match &component.origin {
        Origin::Git { commit, .. } => commit.is_none(),
        origin => origin.is_registry() && component.purl.version().is_none(),
    };
    if floats {
        out.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::FloatingVersion,
            package: Some(component.purl.package()),
            requirement: component.requirement.clone(),
            line: component.line,
        });
    }
}

/// A category other than pipenv's own two is installed only where it is named.
pub(super) fn scope(category: &str) -> Scope {
    match category {
        "default" => Scope::Runtime,
        "develop" => Scope::Development,
        other => match pypi::group_scope(other) {
            Scope::Test => Scope::Test,
            _ if other.contains("dev") || other.contains("doc") => Scope::Development,
            _ => Scope::Optional,
        },
    }
}

/// The names that a Pipfile asks for, with its table.
fn asked_for(bytes: &[u8]) -> Option<HashMap<String, String>> {
    const OTHER: &[&str] = &["source", "requires", "scripts", "pipenv"];
    let text = crate::read::text::decode(bytes).ok()?;
    let doc = toml::parse(&text).ok()?;
    let mut out = HashMap::new();
    for (table, packages) in doc.root().entries() {
        let table = table.as_str().unwrap_or_default();
        for (name, _) in packages.entries().filter(|_| !OTHER.contains(&table)) {
            out.insert(pypi::key(name.as_str()?).into_owned(), table.to_owned());
        }
    }
    Some(out)
}
