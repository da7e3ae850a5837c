//! `pnpm-lock.yaml`, lock versions 5.0 to 9.0 (and `shrinkwrap.yaml` before them).
//!
//! `importers` are the members of the workspace (before workspaces the top of the file is the only
//! one), `packages` what was resolved; since 9.0 the edges stand in `snapshots`, one for every
//! combination of peers. Traps: a key is `/name/1.0.0_peers` in 5, `/name@1.0.0(peers)` in 6 and
//! `name@1.0.0(peers)` in 9, with a host in front for other registries; git and archive
//! dependencies carry `name` and `version` inside; since pnpm 11 a first document lists the
//! package manager itself.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, Origin, Purl, Relation, Scope,
};

use super::demand::{self, Demands, Scopes};
use super::npm::{self, Manifest};
use crate::read::tree::{Kind, Value};
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pnpm-lock",
    title: "pnpm-lock.yaml",
    family: Some(Family::Npm),
    kind: FormatKind::Lockfile,
    names: "pnpm-lock.yaml",
    claims: |path| {
        let name = view::file_name(path);
        name == "shrinkwrap.yaml" || (name.starts_with("pnpm-lock.") && name.ends_with(".yaml"))
    },
    sniff: Some(|bytes| {
        bytes.split(|b| *b == b'\n').take(5).any(|l| l.starts_with(b"lockfileVersion:"))
    }),
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut lock = Lock::default();
    for (skipped, part) in documents(&text) {
        let doc = yaml::parse(part).map_err(|mut diagnostic| {
            diagnostic.line = diagnostic.line.map(|line| line.saturating_add(skipped));
            diagnostic
        })?;
        let root = doc.root();
        match root.kind() {
            Kind::Map => lock.read(view, root, skipped)?,
            Kind::Null => {}
            _ => {
                return Err(Diagnostic::new(Code::FileMalformed, "a pnpm-lock must be a map")
                    .at_line(skipped + 1)
                    .help("write it again with pnpm"));
            }
        }
    }
    Ok(lock.finish())
}

/// The documents of a file, each with the number of lines before it.
fn documents(text: &str) -> Vec<(u32, &str)> {
    let mut all = Vec::new();
    let (mut start, mut skipped) = (0, 0u32);
    let mut offset = 0;
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        offset += line.len();
        if line.trim_end() == "---" {
            all.push((skipped, text.get(start..offset - line.len()).unwrap_or_default()));
            (start, skipped) = (offset, number);
        }
    }
    all.push((skipped, text.get(start..).unwrap_or_default()));
    all.retain(|(_, part)| !part.trim().is_empty());
    all
}

/// Nodes are what asks and is asked for: the importers, and every snapshot of a package. Two
/// snapshots of one package, with other peers, may be needed for different things, though they
/// are one component.
#[derive(Default)]
struct Lock {
    inventory: FileInventory,
    /// The scope that an entry's own flags give, by component.
    stated: Vec<Scope>,
    /// A stand-in for every node, on which relations and scopes are worked out.
    nodes: FileInventory,
    /// The component of every node.
    component_of: Vec<u32>,
    demands: Demands,
}

impl Lock {
    fn read(
        &mut self,
        view: &FileView<'_>,
        root: Value<'_>,
        skipped: u32,
    ) -> Result<(), Diagnostic> {
        let version = root.get("lockfileVersion").or_else(|| root.get("shrinkwrapVersion"));
        let version = version.and_then(Value::scalar).unwrap_or("5");
        let major: u32 = version.split('.').next().and_then(|v| v.parse().ok()).unwrap_or(5);
        if major > 9 {
            return Err(Diagnostic::new(
                Code::FormatVersion,
                format!("pnpm-lock version {version} is newer than what is read (up to 9)"),
            )
            .help("update trimtab"));
        }
        let importers = importers(root);
        let own = self.own(view, &importers);
        let mut components: HashMap<&str, u32> = HashMap::new();
        let mut by_key: HashMap<&str, u32> = HashMap::new();
        let mut listed = Vec::new();
        let snapshots = root.get("snapshots").filter(|s| s.kind() == Kind::Map);
        for (key, value) in root.get("packages").into_iter().flat_map(Value::entries) {
            let text = key.scalar().unwrap_or_default();
            let line = key.line().saturating_add(skipped);
            let Some((mut component, scope)) = component(text, value, major) else {
                self.inventory.diagnostics.push(
                    Diagnostic::new(
                        Code::EntryMalformed,
                        format!("the key `{text}` names no package at a version"),
                    )
                    .at_line(line)
                    .help("write the lockfile again with pnpm"),
                );
                continue;
            };
            component.line = Some(line);
            let position = self.inventory.add(component);
            self.stated.push(scope);
            components.insert(text, position);
            if snapshots.is_none() {
                let node = self.node(position, None);
                by_key.insert(text, node);
                listed.push((node, value));
            }
        }
        for (key, value) in snapshots.into_iter().flat_map(Value::entries) {
            let text = key.scalar().unwrap_or_default();
            let found = components.get(text).or_else(|| components.get(without_peers(text)));
            let Some(position) = found.copied() else { continue };
            let node = self.node(position, None);
            by_key.insert(text, node);
            listed.push((node, value));
        }
        self.edges(Targets { by_key, major, candidate: String::new() }, &importers, &own, listed);
        Ok(())
    }

    /// Adds a node of a component; of the project's own with its name, for the members.
    fn node(&mut self, component: u32, own: Option<&Purl>) -> u32 {
        let purl = own.cloned().unwrap_or_else(|| Purl::new("npm", None, "-"));
        let mut node = Component::new(purl);
        if own.is_some() {
            node.relation = Relation::Own;
        }
        self.component_of.push(component);
        self.nodes.add(node)
    }

    /// Lists the importers that have a name: importer path to node.
    fn own(
        &mut self,
        view: &FileView<'_>,
        importers: &[(&str, Value<'_>)],
    ) -> HashMap<String, u32> {
        let mut own = HashMap::new();
        for (path, _) in importers {
            let manifest = Manifest::beside(view, &view::join(path, "package.json"));
            let Some(purl) = manifest.as_ref().and_then(Manifest::purl) else { continue };
            let mut component = Component::new(purl.clone());
            component.relation = Relation::Own;
            let position = self.inventory.add(component);
            self.stated.push(Scope::Unknown);
            let node = self.node(position, Some(&purl));
            own.insert(npm::clean(path).unwrap_or_default(), node);
        }
        own
    }

    /// Brings what was worked out on the nodes to their components.
    fn finish(mut self) -> FileInventory {
        self.demands.settle(&mut self.nodes, Scopes::Computed);
        let mut reached = vec![false; self.inventory.components.len()];
        for (node, &at) in self.nodes.components.iter().zip(&self.component_of) {
            let (Some(component), Some(reached)) =
                (self.inventory.components.get_mut(at as usize), reached.get_mut(at as usize))
            else {
                continue;
            };
            let first = !std::mem::replace(reached, true);
            component.scope =
                if first { node.scope } else { demand::stronger(component.scope, node.scope) };
            let closer = matches!(component.relation, Relation::Unknown | Relation::Transitive);
            if closer && node.relation != Relation::Unknown {
                component.relation = node.relation;
            }
            if component.member.is_none() {
                component.member.clone_from(&node.member);
            }
        }
        for (component, stated) in self.inventory.components.iter_mut().zip(self.stated) {
            if component.scope == Scope::Unknown {
                component.scope = stated;
            }
        }
        let of = |node: u32| self.component_of.get(node as usize).copied();
        self.inventory.edges =
            self.nodes.edges.iter().filter_map(|(a, b)| Some((of(*a)?, of(*b)?))).collect();
        self.inventory
    }

    fn edges(
        &mut self,
        mut targets: Targets<'_>,
        importers: &[(&str, Value<'_>)],
        own: &HashMap<String, u32>,
        listed: Vec<(u32, Value<'_>)>,
    ) {
        const ASKS: [(&str, Scope); 5] = [
            ("dependencies", Scope::Runtime),
            ("optionalDependencies", Scope::Optional),
            ("devDependencies", Scope::Development),
            ("configDependencies", Scope::Development),
            ("packageManagerDependencies", Scope::Development),
        ];
        for (path, importer) in importers {
            let path = npm::clean(path).unwrap_or_default();
            let from = own.get(&path).copied();
            for (section, scope) in ASKS {
                for (name, value) in importer.get(section).into_iter().flat_map(Value::entries) {
                    let name = name.scalar().unwrap_or_default();
                    let Some(reference) = value.scalar().or_else(|| value.get("version")?.scalar())
                    else {
                        continue;
                    };
                    let to = match reference.strip_prefix("link:") {
                        Some(folder) => {
                            view::resolve(&path, folder).and_then(|f| own.get(&f).copied())
                        }
                        None => targets.find(name, reference),
                    };
                    if let Some(to) = to {
                        self.demands.ask(from, to, scope);
                    }
                }
            }
        }
        for (from, value) in listed {
            for (section, scope) in ASKS.into_iter().take(2) {
                for (name, reference) in value.get(section).into_iter().flat_map(Value::entries) {
                    let (Some(name), Some(reference)) = (name.scalar(), reference.scalar()) else {
                        continue;
                    };
                    if let Some(to) = targets.find(name, reference) {
                        self.demands.ask(Some(from), to, scope);
                    }
                }
            }
        }
    }
}

/// The members of the workspace: path and what they ask for. Without workspaces, the file's top.
fn importers(root: Value<'_>) -> Vec<(&str, Value<'_>)> {
    match root.get("importers").filter(|i| i.kind() == Kind::Map) {
        Some(importers) => {
            importers.entries().filter_map(|(k, v)| Some((k.scalar()?, v))).collect()
        }
        None => vec![(".", root)],
    }
}

/// A key without the peers in parentheses.
fn without_peers(key: &str) -> &str {
    key.find('(').and_then(|at| key.get(..at)).unwrap_or(key)
}

/// What a key says: the registry's host where it has one, name, and version or reference.
fn parse_key(key: &str, major: u32) -> Option<(Option<&str>, &str, &str)> {
    let starts_numeric = |v: &str| v.starts_with(|c: char| c.is_ascii_digit());
    let key = without_peers(key);
    if major >= 9 {
        let (name, reference) = npm::split_locator(key);
        return (!reference.is_empty() && !name.contains(':')).then_some((None, name, reference));
    }
    let (host, rest) = match key.strip_prefix('/') {
        Some(rest) => (None, rest),
        None => key.split_once('/').map(|(host, rest)| (Some(host), rest))?,
    };
    if major >= 6 {
        let (name, version) = npm::split_locator(rest);
        return starts_numeric(version).then_some((host, name, version));
    }
    let scope = if rest.starts_with('@') { rest.find('/')? + 1 } else { 0 };
    let end = scope + rest.get(scope..)?.find('/')?;
    let name = rest.get(..end)?;
    let version = rest.get(end + 1..)?.split(['/', '_']).next()?;
    starts_numeric(version).then_some((host, name, version))
}

/// The component of an entry, and the scope that its flags give.
fn component(key: &str, value: Value<'_>, major: u32) -> Option<(Component, Scope)> {
    let parsed = parse_key(key, major);
    let stated_name = value.get("name").and_then(Value::scalar);
    let stated_version = value.get("version").and_then(Value::scalar);
    let name = stated_name.or(parsed.map(|(_, name, _)| name))?;
    let reference = parsed.map_or("", |(_, _, reference)| reference);
    let foreign =
        if reference.is_empty() || major < 9 { None } else { npm::foreign_origin(reference) };
    let version = match (stated_version, &foreign) {
        (Some(version), _) => version,
        (None, Some(_)) => "",
        (None, None) => reference,
    };
    let mut component = Component::new(npm::purl(name)?.with_version(version));
    let resolution = value.get("resolution");
    let part = |key: &str| resolution.and_then(|r| r.get(key)).and_then(Value::scalar);
    component.hashes = part("integrity").map(Hash::from_integrity).unwrap_or_default();
    component.origin = match (part("repo"), part("directory"), part("tarball")) {
        (Some(repo), _, _) => {
            Origin::Git { url: repo.into(), commit: part("commit").map(Into::into) }
        }
        (None, Some(folder), _) => Origin::Path(folder.into()),
        (None, None, Some(archive)) => match (npm::foreign_origin(archive), parsed, foreign) {
            (Some(git @ Origin::Git { .. }), _, _) => git,
            (_, _, Some(foreign)) => foreign,
            (_, Some(_), None) if stated_name.is_none() => npm::registry_of(archive, name),
            (Some(origin), _, _) => origin,
            (None, _, None) => Origin::Path(archive.into()),
        },
        (None, None, None) => match (foreign, parsed) {
            (Some(foreign), _) => foreign,
            (None, Some((Some(host), _, _))) => Origin::Registry(host.into()),
            (None, None) if key.starts_with("file:") => {
                Origin::Path(without_peers(key).trim_start_matches("file:").into())
            }
            (None, _) => Origin::Unstated,
        },
    };
    let dev = value.get("dev").and_then(Value::as_bool);
    let optional = value.flag("optional");
    let groups = [(dev == Some(true), "dev"), (optional, "optional")];
    component.groups = groups.into_iter().filter(|(set, _)| *set).map(|(_, g)| g.into()).collect();
    let scope = match (dev, optional) {
        (Some(true), _) => Scope::Development,
        (_, true) => Scope::Optional,
        (Some(false), false) => Scope::Runtime,
        (None, false) => Scope::Unknown,
    };
    Some((component, scope))
}

/// Nodes by the keys of packages or snapshots.
struct Targets<'t> {
    by_key: HashMap<&'t str, u32>,
    major: u32,
    candidate: String,
}

impl Targets<'_> {
    /// The node that a reference of a package asked for as `name` means.
    fn find(&mut self, name: &str, reference: &str) -> Option<u32> {
        self.candidate.clear();
        let parts = match self.major {
            ..6 => ["/", name, "/", reference],
            6..9 => ["/", name, "@", reference],
            9.. => ["", name, "@", reference],
        };
        parts.iter().for_each(|p| self.candidate.push_str(p));
        // An alias and what is from elsewhere are referred to by their whole key.
        let found = self.by_key.get(self.candidate.as_str()).or_else(|| self.by_key.get(reference));
        let found = found.or_else(|| self.by_key.get(without_peers(&self.candidate)));
        found.or_else(|| self.by_key.get(without_peers(reference))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_lock_versions() {
        for (key, major, parsed) in [
            ("/foo/1.0.0", 5, Some((None, "foo", "1.0.0"))),
            ("/@s/foo/1.0.0_bar@2.0.0", 5, Some((None, "@s/foo", "1.0.0"))),
            ("/foo/1.0.0/bar@2.0.0", 5, Some((None, "foo", "1.0.0"))),
            ("host.example/@s/foo/1.0.0", 5, Some((Some("host.example"), "@s/foo", "1.0.0"))),
            ("/foo/bar", 5, None),
            ("github.com/o/r", 5, None),
            ("/foo@1.0.0(bar@2.0.0)(@s/x@1.0.0)", 6, Some((None, "foo", "1.0.0"))),
            ("/@s/foo@1.0.0", 6, Some((None, "@s/foo", "1.0.0"))),
            ("foo@1.0.0(bar@2.0.0)", 9, Some((None, "foo", "1.0.0"))),
            ("@s/foo@file:x", 9, Some((None, "@s/foo", "file:x"))),
            ("foo", 9, None),
            ("", 5, None),
        ] {
            assert_eq!(parse_key(key, major), parsed, "{key}");
        }
    }

    #[test]
    fn documents_keep_their_line_numbers() {
        assert_eq!(documents("---\na: 1\n---\nb: 2\n"), [(1, "a: 1\n"), (3, "b: 2\n")]);
        assert_eq!(documents("a: 1\n"), [(0, "a: 1\n")]);
        assert_eq!(documents(""), []);
    }
}
