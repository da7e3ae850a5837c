//! pdm.lock, of lock versions 2 to 4.5 and of PDM 1 before them.
//!
//! Traps: a package asked for with extras has a second table with the same version and the
//! extras' dependencies; which groups a package is in stands in the lock only from 4.4 on; hashes
//! stood under `[metadata.files]` as `"name version"` before they moved into the package; a group
//! is optional or for development, and only the manifest says which.

use std::collections::HashMap;

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Origin, Relation, Scope};

use super::pep508::Requirement;
use super::{address, locked_project, pypi, pyproject};
use crate::read::toml;
use crate::read::tree::Value;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pdm-lock",
    title: "pdm.lock",
    family: Some(Family::PyPI),
    kind: FormatKind::Lockfile,
    names: "pdm.lock, pdm.*.lock",
    claims: |path| {
        let name = view::file_name(path);
        name == "pdm.lock" || (name.starts_with("pdm.") && name.ends_with(".lock"))
    },
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let root = doc.root();
    let project = pyproject::sibling(view);
    let mut out = FileInventory::default();
    // Each table with the component that it is about; one component may have several.
    let mut tables: Vec<(u32, Value<'_>)> = Vec::new();
    let mut known: HashMap<(String, Option<Box<str>>, Origin), u32> = HashMap::new();
    let mut names = pypi::Names::default();
    let scopes = declared_scopes(project.as_ref());
    let old_hashes = old_hashes(root);
    for entry in root.get("package").into_iter().flat_map(Value::items) {
        let Some((name, text)) = entry.get("name").and_then(|n| Some((n, n.as_str()?))) else {
            let message = "a package without a name";
            out.diagnostics
                .push(Diagnostic::new(Code::EntryMalformed, message).at_line(entry.line()));
            continue;
        };
        let text = text.split('[').next().unwrap_or(text);
        let mut component = component(entry, text);
        component.line = Some(name.line());
        component.scope = scope(&component.groups, &scopes);
        let version = entry.str("version").unwrap_or_default();
        if let Some(list) = old_hashes.get(&*format!("{text} {version}")) {
            component.hashes.extend(locked_project::file_hashes(Some(*list)));
        }
        let key = pypi::key(text).into_owned();
        let identity = (key, entry.str("version").map(Into::into), component.origin.clone());
        let position = match known.get(&identity) {
            Some(position) => {
                merge(&mut out, *position, component);
                *position
            }
            None => {
                let position = out.add(component);
                known.insert(identity, position);
                names.add(text, position);
                position
            }
        };
        tables.push((position, entry));
    }
    let mut graph = pypi::Graph::new(&out);
    for (position, entry) in &tables {
        link(*position, *entry, &names, &out, &mut graph);
    }
    if let Some(project) = project {
        locked_project::seed(&project, &names, &mut out, &mut graph);
    }
    graph.settle(&mut out);
    Ok(out)
}

fn component(entry: Value<'_>, name: &str) -> Component {
    let version = entry.str("version").unwrap_or_default();
    let mut component = Component::new(pypi::purl(name).with_version(version));
    let groups = entry.get("groups").or_else(|| entry.get("sections"));
    component.groups = groups.into_iter().flat_map(Value::texts).map(Into::into).collect();
    if let Some(marker) = entry.str("marker").filter(|m| !m.is_empty()) {
        component.requirement = Some(format!("=={version}; {marker}").into());
    }
    component.origin = if let Some(url) = entry.str("git") {
        address::git(url, entry.str("revision").or_else(|| entry.str("ref")))
    } else if let Some(url) = entry.str("url") {
        Origin::Url(address::without_credentials(url).into())
    } else if let Some(path) = entry.str("path") {
        Origin::Path(path.into())
    } else {
        Origin::Unstated
    };
    if matches!(&component.origin, Origin::Path(path) if matches!(&**path, "." | "./")) {
        component.relation = Relation::Own;
    }
    component.hashes = locked_project::file_hashes(entry.get("files"));
    component
}

/// What the manifest says of its groups, which are extras or for development.
fn declared_scopes(project: Option<&pyproject::Project>) -> HashMap<String, Scope> {
    let asked = project.into_iter().flat_map(|p| &p.asked);
    asked.filter_map(|a| Some((pypi::key(a.group.as_deref()?).into_owned(), a.scope))).collect()
}

/// What a package is for by its groups. Of a group that no manifest declares, all that is sure is
/// that the product can run without it.
fn scope(groups: &[Box<str>], declared: &HashMap<String, Scope>) -> Scope {
    let of = |group: &str| match group {
        "default" => Scope::Runtime,
        _ => declared.get(&*pypi::key(group)).copied().unwrap_or(match group {
            "dev" | "test" | "tests" => pypi::group_scope(group),
            _ => Scope::Optional,
        }),
    };
    groups.iter().map(|g| of(g)).max().unwrap_or(Scope::Unknown)
}

/// Hashes of lock versions before 4.3, by `name version`.
fn old_hashes(root: Value<'_>) -> HashMap<&str, Value<'_>> {
    let files = root.path(&["metadata", "files"]).into_iter().flat_map(Value::entries);
    files.filter_map(|(key, list)| Some((key.as_str()?, list))).collect()
}

/// Adds what a second table of the same package says.
fn merge(out: &mut FileInventory, position: u32, other: Component) {
    let Some(component) = out.components.get_mut(position as usize) else { return };
    component.scope = component.scope.max(other.scope);
    for group in other.groups {
        pypi::add_group(&mut component.groups, group);
    }
    if component.hashes.is_empty() {
        component.hashes = other.hashes;
    }
}

fn link(
    from: u32,
    entry: Value<'_>,
    names: &pypi::Names,
    out: &FileInventory,
    graph: &mut pypi::Graph,
) {
    // The table with extras says what only these bring in.
    let extras: Vec<&str> = entry.get("extras").into_iter().flat_map(Value::texts).collect();
    let nodes: Vec<u32> = match extras.as_slice() {
        [] => vec![from],
        extras => extras.iter().map(|extra| graph.extra(from, extra)).collect(),
    };
    let Some(list) = entry.get("dependencies") else { return };
    // PDM 1 had a table of names instead of a list of requirements.
    let old = list.entries().filter_map(|(name, _)| name.as_str());
    for text in list.texts().chain(old) {
        let Some(want) = Requirement::parse(text) else { continue };
        for to in locked_project::matching(names.of(want.name), want.specifiers, out) {
            for node in nodes.iter().copied().filter(|node| *node != to) {
                graph.needs(node, to, want.extras.iter().copied());
            }
        }
    }
}
