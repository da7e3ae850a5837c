//! uv.lock (version 1, all revisions), also the lock of a single script (`x.py.lock`).
//!
//! Traps: members of a workspace are `editable` or `virtual` packages that `[manifest]` names, and
//! an editable package that it does not name is a plain dependency by path; one name may have
//! several versions, which then stand in the dependency; a dependency may ask for extras; a
//! project without a static version has none; hashes stand at every file.

use std::collections::HashSet;

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Origin, Relation, Scope};

use super::{address, pypi};
use crate::read::toml;
use crate::read::tree::Value;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "uv-lock",
    title: "uv.lock",
    family: Some(Family::PyPI),
    kind: FormatKind::Lockfile,
    names: "uv.lock, *.py.lock",
    claims: |path| {
        let name = view::file_name(path);
        name == "uv.lock" || name.ends_with(".py.lock")
    },
    sniff: None,
    extract,
};

/// The newest version of the format that is read.
const VERSION: u64 = 1;

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let root = doc.root();
    if let Some(version) = root.get("version").and_then(Value::as_u64).filter(|v| *v > VERSION) {
        return Err(Diagnostic::new(
            Code::FormatVersion,
            format!("uv.lock version {version}; versions up to {VERSION} are read"),
        )
        .at_line(1));
    }
    let mut lock = Lock::default();
    let manifest = root.get("manifest");
    let members: HashSet<String> = manifest
        .and_then(|m| m.get("members"))
        .into_iter()
        .flat_map(Value::texts)
        .map(|m| pypi::key(m).into_owned())
        .collect();
    for entry in root.get("package").into_iter().flat_map(Value::items) {
        lock.package(entry, &members);
    }
    let mut graph = pypi::Graph::new(&lock.out);
    for (i, entry) in (0u32..).zip(lock.entries.clone()) {
        lock.link(i, entry, &mut graph);
    }
    if let Some(manifest) = manifest {
        // What a script, or a workspace root that is no package, asks for.
        lock.ask(None, manifest.get("requirements"), Scope::Runtime, None, &mut graph);
        for (group, list) in manifest.get("dependency-groups").into_iter().flat_map(Value::entries)
        {
            let group = group.as_str().unwrap_or_default();
            lock.ask(None, Some(list), pypi::group_scope(group), Some(group), &mut graph);
        }
    }
    for Direct { position, scope, group, member } in std::mem::take(&mut lock.direct) {
        let Some(component) = lock.out.components.get_mut(position as usize) else { continue };
        if component.relation != Relation::Own {
            component.relation = Relation::Direct;
            component.member = component.member.take().or(member.filter(|_| members.len() > 1));
        }
        graph.seed(position, scope);
        if let Some(group) = group {
            pypi::add_group(&mut component.groups, group);
        }
    }
    let mut out = lock.out;
    graph.settle(&mut out);
    Ok(out)
}

#[derive(Default)]
struct Lock<'d> {
    out: FileInventory,
    /// The table of each component.
    entries: Vec<Value<'d>>,
    names: pypi::Names,
    /// What the project or a member asks for.
    direct: Vec<Direct>,
}

struct Direct {
    position: u32,
    scope: Scope,
    group: Option<Box<str>>,
    member: Option<Box<str>>,
}

impl<'d> Lock<'d> {
    fn package(&mut self, entry: Value<'d>, members: &HashSet<String>) {
        let Some((name, text)) = entry.get("name").and_then(|n| Some((n, n.as_str()?))) else {
            let message = "a package without a name";
            let diagnostic = Diagnostic::new(Code::EntryMalformed, message).at_line(entry.line());
            self.out.diagnostics.push(diagnostic);
            return;
        };
        let key = pypi::key(text).into_owned();
        let version = entry.str("version").unwrap_or_default();
        let mut component = Component::new(pypi::purl(text).with_version(version));
        component.line = Some(name.line());
        let source = entry.get("source");
        component.origin = source.map_or(Origin::Unstated, origin);
        let here = source
            .is_some_and(|s| ["virtual", "editable"].iter().any(|kind| s.str(kind) == Some(".")));
        if members.contains(&key) || (members.is_empty() && here) {
            component.relation = Relation::Own;
        }
        let files = entry.get("sdist").into_iter();
        let files = files.chain(entry.get("wheels").into_iter().flat_map(Value::items));
        component.hashes = files.filter_map(|f| pypi::hash(f.str("hash")?)).collect();
        if let Some(marker) = fork(entry) {
            component.requirement = Some(format!("=={version}; {marker}").into());
        }
        let position = self.out.add(component);
        self.entries.push(entry);
        self.names.add(text, position);
    }

    /// Adds what one package needs to the graph, or, for the project and its members, what they
    /// ask for.
    fn link(&mut self, from: u32, entry: Value<'d>, graph: &mut pypi::Graph) {
        let own =
            self.out.components.get(from as usize).is_some_and(|c| c.relation == Relation::Own);
        let tables = |key: &str| entry.get(key).into_iter().flat_map(Value::entries);
        if own {
            self.ask(Some(from), entry.get("dependencies"), Scope::Runtime, None, graph);
            for (extra, list) in tables("optional-dependencies") {
                self.ask(Some(from), Some(list), Scope::Optional, extra.as_str(), graph);
            }
            for (group, list) in tables("dev-dependencies") {
                let group = group.as_str().unwrap_or_default();
                let scope = pypi::group_scope(group).min(Scope::Development);
                self.ask(Some(from), Some(list), scope, Some(group), graph);
            }
            return;
        }
        for (to, extras) in self.targets(entry.get("dependencies")) {
            graph.needs(from, to, extras);
        }
        for (extra, list) in tables("optional-dependencies") {
            let node = graph.extra(from, extra.as_str().unwrap_or_default());
            for (to, extras) in self.targets(Some(list)) {
                graph.needs(node, to, extras);
            }
        }
    }

    /// What the project or a member (`from`) asks for.
    fn ask(
        &mut self,
        from: Option<u32>,
        list: Option<Value<'d>>,
        scope: Scope,
        group: Option<&str>,
        graph: &mut pypi::Graph,
    ) {
        let member = from.and_then(|i| self.out.components.get(i as usize)).map(|c| c.purl.name());
        let member: Option<Box<str>> = member.map(Into::into);
        for (to, extras) in self.targets(list) {
            if let Some(from) = from {
                self.out.edge(from, to);
            }
            let group = group.map(Into::into);
            self.direct.push(Direct { position: to, scope, group, member: member.clone() });
            for extra in extras {
                let node = graph.extra(to, extra);
                graph.seed(node, scope);
            }
        }
    }

    /// The components that a list of dependencies means, with the extras asked for.
    fn targets(&self, list: Option<Value<'d>>) -> Vec<(u32, Vec<&'d str>)> {
        let mut out = Vec::new();
        for want in list.into_iter().flat_map(Value::items) {
            let Some(name) = want.str("name") else { continue };
            let candidates = self.names.of(name);
            let extras: Vec<&str> = want
                .get("extra")
                .or_else(|| want.get("extras"))
                .into_iter()
                .flat_map(Value::texts)
                .collect();
            let (version, source) = (want.str("version"), want.get("source").map(origin));
            out.extend(
                candidates
                    .iter()
                    .copied()
                    .filter(|i| {
                        self.out.components.get(*i as usize).is_some_and(|c| {
                            version.is_none_or(|v| c.purl.version() == Some(v))
                                && source.as_ref().is_none_or(|s| c.origin == *s)
                        })
                    })
                    .map(|i| (i, extras.clone())),
            );
        }
        out
    }
}

/// The markers of the environments that this version of a package is for.
fn fork(entry: Value<'_>) -> Option<String> {
    let markers: Vec<String> =
        entry.get("resolution-markers")?.texts().map(|m| format!("({m})")).collect();
    (!markers.is_empty()).then(|| markers.join(" or "))
}

fn origin(source: Value<'_>) -> Origin {
    let Some((kind, value)) = source.entries().find_map(|(k, v)| match (k.as_str()?, v.as_str()) {
        ("subdirectory", _) => None,
        (kind, Some(value)) => Some((kind, value)),
        _ => None,
    }) else {
        return Origin::Unstated;
    };
    match kind {
        // The commit follows `#`; what was asked for (`?rev=main`) stands before it.
        "git" => {
            let (address, commit) = value.rsplit_once('#').unwrap_or((value, ""));
            let address = address.split('?').next().unwrap_or(address);
            address::git(address, Some(commit))
        }
        "url" => Origin::Url(address::without_credentials(value).into()),
        "registry" => Origin::Registry(address::without_credentials(value).into()),
        _ => Origin::Path(value.into()),
    }
}
