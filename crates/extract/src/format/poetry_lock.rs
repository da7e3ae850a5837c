//! poetry.lock, of every Poetry from 0.12 to 2.x (lock versions 0.x, 1.0, 1.1, 2.0, 2.1).
//!
//! Traps: up to 1.4 a package has a `category`, from 2.0 on it has `groups`, in between neither,
//! so that only the manifest beside it tells what is for development; hashes stood in
//! `[metadata.hashes]`, then in `[metadata.files]` under the bare name although a name may have
//! several versions, then in the package; an optional dependency is there only with its extra.

use std::collections::HashMap;

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Hash, Origin, Scope};

use super::pep508::{self, Asked, Requirement};
use super::{address, locked_project, pypi, pyproject};
use crate::read::toml;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "poetry-lock",
    title: "poetry.lock",
    family: Some(Family::PyPI),
    kind: FormatKind::Lockfile,
    names: "poetry.lock",
    claims: |path| view::file_name(path) == "poetry.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let root = doc.root();
    let mut out = FileInventory::default();
    let mut entries: Vec<Value<'_>> = Vec::new();
    let mut names = pypi::Names::default();
    for entry in root.get("package").into_iter().flat_map(Value::items) {
        let (Some(name), Some(version)) = (entry.get("name"), entry.str("version")) else {
            let message = "a package without name or version";
            out.diagnostics
                .push(Diagnostic::new(Code::EntryMalformed, message).at_line(entry.line()));
            continue;
        };
        let Some(text) = name.as_str().filter(|n| !n.is_empty()) else { continue };
        let mut component = component(entry, text, version);
        component.line = Some(name.line());
        let position = out.add(component);
        entries.push(entry);
        names.add(text, position);
    }
    add_old_hashes(root, &names, &mut out);
    let project = pyproject::sibling(view);
    let mut graph = pypi::Graph::new(&out);
    for (i, entry) in (0u32..).zip(&entries) {
        link(*entry, i, &names, &out, &mut graph);
    }
    if let Some(project) = project {
        locked_project::seed(&project, &names, &mut out, &mut graph);
    }
    graph.settle(&mut out);
    Ok(out)
}

fn component(entry: Value<'_>, name: &str, version: &str) -> Component {
    let mut component = Component::new(pypi::purl(name).with_version(version));
    let groups: Vec<&str> = entry.get("groups").into_iter().flat_map(Value::texts).collect();
    let optional = entry.flag("optional");
    let category = entry.str("category");
    let by_group = groups.iter().map(|g| pypi::group_scope(g)).max();
    let by_category = category.map(pypi::group_scope);
    component.scope = match by_group.or(by_category) {
        Some(Scope::Runtime) | None if optional => Scope::Optional,
        scope => scope.unwrap_or(Scope::Unknown),
    };
    component.groups = groups.into_iter().chain(category).map(Into::into).collect();
    if let Some(marker) = marker(entry) {
        component.requirement = Some(format!("=={version}; {marker}").into());
    }
    if let Some(source) = entry.get("source") {
        component.origin = origin(source);
    }
    component.hashes = locked_project::file_hashes(entry.get("files"));
    component
}

/// The marker under which a package is installed: a text, or one for each group.
fn marker(entry: Value<'_>) -> Option<String> {
    let markers = entry.get("markers").or_else(|| entry.get("marker"))?;
    if let Some(text) = markers.as_str() {
        return Some(text.to_owned()).filter(|t| !t.is_empty());
    }
    let all: Vec<String> =
        markers.entries().filter_map(|(_, m)| m.as_str()).map(|m| format!("({m})")).collect();
    (!all.is_empty()).then(|| all.join(" or "))
}

fn origin(source: Value<'_>) -> Origin {
    let url = source.str("url").unwrap_or_default();
    match source.str("type") {
        Some("git" | "hg") => {
            let commit = source.str("resolved_reference").or_else(|| source.str("reference"));
            address::git(url, commit)
        }
        Some("url") => Origin::Url(address::without_credentials(url).into()),
        Some("directory" | "file") => Origin::Path(url.into()),
        _ => Origin::Registry(address::without_credentials(url).into()),
    }
}

/// Hashes of lock versions before 2.0, which stand by name at the end of the file.
fn add_old_hashes(root: Value<'_>, names: &pypi::Names, out: &mut FileInventory) {
    let tables = ["files", "hashes"].into_iter().filter_map(|key| root.path(&["metadata", key]));
    for (name, list) in tables.flat_map(Value::entries) {
        let positions = names.of(name.as_str().unwrap_or_default());
        for file in list.items() {
            let hash = file.as_str().or_else(|| file.str("hash")).and_then(pypi::hash);
            let Some(hash) = hash else { continue };
            attribute(hash, file.str("file"), positions, out);
        }
    }
}

/// Gives a hash to the one version of a name that it is of. Where the file name does not tell,
/// nobody gets it.
fn attribute(hash: Hash, file: Option<&str>, positions: &[u32], out: &mut FileInventory) {
    const ENDINGS: &[&str] = &[".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".zip", ".egg", ".exe"];
    let of = |component: &Component| {
        let part = format!("-{}", component.purl.version().unwrap_or_default());
        let rest = file.and_then(|file| file.get(file.find(&part)? + part.len()..));
        rest.is_some_and(|rest| rest.starts_with('-') || ENDINGS.contains(&rest))
    };
    for position in positions {
        let Some(component) = out.components.get_mut(*position as usize) else { continue };
        if positions.len() == 1 || of(component) {
            component.hashes.push(hash);
            return;
        }
    }
}

/// Adds what one package needs to the graph.
fn link(
    entry: Value<'_>,
    from: u32,
    names: &pypi::Names,
    out: &FileInventory,
    graph: &mut pypi::Graph,
) {
    // Which extras bring in which optional dependency.
    let mut by_extra: HashMap<String, Vec<&str>> = HashMap::new();
    for (extra, list) in entry.get("extras").into_iter().flat_map(Value::entries) {
        for item in list.texts() {
            let name = Requirement::parse(item).map_or(item, |r| r.name);
            by_extra
                .entry(pypi::key(name).into_owned())
                .or_default()
                .push(extra.as_str().unwrap_or_default());
        }
    }
    for (name, value) in entry.get("dependencies").into_iter().flat_map(Value::entries) {
        let name = pypi::key(name.as_str().unwrap_or_default());
        let candidates = names.of(&name);
        let wanted: Vec<Value<'_>> =
            if value.kind() == Kind::List { value.items().collect() } else { vec![value] };
        for want in wanted {
            let constraint = want.as_str().or_else(|| want.str("version")).unwrap_or("*");
            let extras: Vec<&str> = want.get("extras").into_iter().flat_map(Value::texts).collect();
            let gates = by_extra.get(&*name).map_or(&[][..], Vec::as_slice);
            let only_extra = want.flag("optional")
                || want.str("markers").is_some_and(|m| {
                    !pep508::may_hold(m, &|asked| !matches!(asked, Asked::Extra(_)))
                });
            for to in locked_project::matching(candidates, constraint, out) {
                if !only_extra {
                    graph.needs(from, to, extras.iter().copied());
                }
                for gate in gates.iter().filter(|_| only_extra) {
                    let node = graph.extra(from, gate);
                    graph.needs(node, to, extras.iter().copied());
                }
            }
        }
    }
}
