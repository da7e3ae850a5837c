//! pylock.toml and pylock.*.toml: the lock format of PEP 751.
//!
//! Traps: what is optional stands in markers over `extras` and `dependency_groups`; `dependencies`
//! are tables that need only say enough to tell a package apart, and many tools leave them out; a
//! package without a version is a folder or repository.

use std::collections::HashSet;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, Origin, Relation, Scope,
};

use super::pep508::{self, Asked};
use super::{address, pypi, pyproject};
use crate::read::toml;
use crate::read::tree::Value;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pylock",
    title: "pylock.toml",
    family: Some(Family::PyPI),
    kind: FormatKind::Lockfile,
    names: "pylock.toml, pylock.*.toml",
    claims: |path| {
        let name = view::file_name(path);
        name == "pylock.toml" || (name.starts_with("pylock.") && name.ends_with(".toml"))
    },
    sniff: None,
    extract,
};

/// The most extras and groups of one marker that are looked at.
const MAX_NAMED: usize = 64;

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let root = doc.root();
    let version = root.get("lock-version");
    if let Some(other) = version.and_then(Value::as_str).filter(|v| !v.starts_with("1.")) {
        let message = format!("pylock version {other}; versions 1.x are read");
        return Err(
            Diagnostic::new(Code::FormatVersion, message).at_line(version.map_or(1, Value::line))
        );
    }
    let defaults: Vec<&str> =
        root.get("default-groups").into_iter().flat_map(Value::texts).collect();
    let project = pyproject::sibling(view);
    let mut out = FileInventory::default();
    let mut entries: Vec<Value<'_>> = Vec::new();
    let mut names = pypi::Names::default();
    for entry in root.get("packages").into_iter().flat_map(Value::items) {
        let Some((name, text)) = entry.get("name").and_then(|n| Some((n, n.as_str()?))) else {
            let message = "a package without a name";
            out.diagnostics
                .push(Diagnostic::new(Code::EntryMalformed, message).at_line(entry.line()));
            continue;
        };
        let mut component = component(entry, text, &defaults);
        component.line = Some(name.line());
        let position = out.add(component);
        entries.push(entry);
        names.add(text, position);
    }
    relate(project, &names, &mut out);
    for (from, entry) in (0u32..).zip(&entries) {
        for want in entry.get("dependencies").into_iter().flat_map(Value::items) {
            for to in want.str("name").map_or(&[][..], |name| names.of(name)) {
                let other = out.components.get(*to as usize).and_then(|c| c.purl.version());
                if want.str("version").is_none_or(|version| Some(version) == other) {
                    out.edge(from, *to);
                }
            }
        }
    }
    Ok(out)
}

fn component(entry: Value<'_>, name: &str, defaults: &[&str]) -> Component {
    let version = entry.str("version").unwrap_or_default();
    let mut component = Component::new(pypi::purl(name).with_version(version));
    let text = |table: &str, key: &str| entry.get(table).and_then(|t| t.str(key));
    component.origin = if let Some(vcs) = entry.get("vcs") {
        address::git(
            vcs.str("url").or_else(|| vcs.str("path")).unwrap_or_default(),
            vcs.str("commit-id"),
        )
    } else if let Some(path) = text("directory", "path") {
        if matches!(path, "." | "./") {
            component.relation = Relation::Own;
        }
        Origin::Path(path.into())
    } else if let Some(url) = text("archive", "url") {
        Origin::Url(address::without_credentials(url).into())
    } else if let Some(path) = text("archive", "path") {
        Origin::Path(path.into())
    } else if let Some(index) = entry.str("index") {
        Origin::Registry(address::without_credentials(index).into())
    } else {
        Origin::Unstated
    };
    let files = entry.get("wheels").into_iter().flat_map(Value::items);
    for file in entry.get("sdist").into_iter().chain(entry.get("archive")).chain(files) {
        component.hashes.extend(file.get("hashes").into_iter().flat_map(hashes));
    }
    component.scope = Scope::Runtime;
    if let Some(marker) = entry.str("marker").filter(|m| !m.is_empty()) {
        let asks = if version.is_empty() { "*".to_owned() } else { format!("=={version}") };
        component.requirement = Some(format!("{asks}; {marker}").into());
        (component.scope, component.groups) = selected_by(marker, defaults);
    }
    component
}

fn hashes(table: Value<'_>) -> impl Iterator<Item = Hash> {
    table.entries().filter_map(|(name, hex)| pypi::hash_of(name.as_str()?, hex.as_str()?))
}

/// What a package is for, by what must be asked for so that its marker can hold, and the extras
/// and groups that its marker names.
fn selected_by(marker: &str, defaults: &[&str]) -> (Scope, Vec<Box<str>>) {
    let named = std::cell::RefCell::new(Vec::<(bool, String)>::new());
    let default = pep508::may_hold(marker, &|asked| {
        let (extra, name) = match asked {
            Asked::Extra(name) => (true, name),
            Asked::Group(name) => (false, name),
        };
        named.borrow_mut().push((extra, name.to_owned()));
        !extra && defaults.contains(&name)
    });
    let with = |want: &(bool, String)| {
        pep508::may_hold(marker, &|asked| match asked {
            Asked::Extra(name) => want.0 && want.1 == name,
            Asked::Group(name) => !want.0 && want.1 == name,
        })
    };
    let mut named = named.into_inner();
    named.truncate(MAX_NAMED);
    let alone = named.iter().filter(|want| with(want));
    let scopes =
        alone.map(|(extra, name)| if *extra { Scope::Optional } else { pypi::group_scope(name) });
    let scope = scopes.max();
    let mut groups: Vec<Box<str>> = named.iter().map(|(_, name)| name.as_str().into()).collect();
    groups.dedup();
    match (default, scope) {
        (true, _) => (Scope::Runtime, groups),
        (false, Some(scope)) => (scope, groups),
        // Only several together bring it in.
        (false, None) => (Scope::Optional, groups),
    }
}

/// Which packages the project asks for, as far as its manifest is there.
fn relate(project: Option<pyproject::Project>, names: &pypi::Names, out: &mut FileInventory) {
    let Some(project) = project else { return };
    let mut direct = HashSet::new();
    for asked in &project.asked {
        direct.extend(names.of(&asked.name));
    }
    for (i, component) in (0u32..).zip(&mut out.components) {
        if component.relation == Relation::Unknown {
            let asked = direct.contains(&i);
            component.relation = if asked { Relation::Direct } else { Relation::Transitive };
        }
    }
    let listed = out.components.iter().position(|c| c.relation == Relation::Own);
    let own = listed.and_then(|i| u32::try_from(i).ok()).or_else(|| project.add_own(out));
    if let Some(own) = own {
        for to in direct {
            out.edge(own, to);
        }
    }
}
