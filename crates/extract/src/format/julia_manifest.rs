//! Julia's `Manifest.toml`, formats 1 and 2, also under its versioned names.
//!
//! Format 1 has the packages at the top, format 2 under `deps`; each name has a list, for two
//! packages may share a name: the UUID tells them apart. `deps` is a list of names, or a table from
//! name to UUID where names are not unique. A package of the standard library has no tree hash and,
//! before Julia 1.11, no version of its own: it is the one of `julia_version`. What the project
//! asks for is in the `Project.toml` beside it.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Purl,
    Relation, Scope,
};

use super::scopes;
use crate::read::text;
use crate::read::toml;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "julia-manifest",
    title: "Julia Manifest.toml",
    family: Some(Family::Julia),
    kind: FormatKind::Lockfile,
    names: "Manifest.toml, JuliaManifest.toml, Manifest-v*.toml",
    claims,
    sniff: None,
    extract,
};

fn claims(path: &str) -> bool {
    let name = view::file_name(path);
    let name = name.strip_prefix("Julia").unwrap_or(name);
    name == "Manifest.toml" || (name.starts_with("Manifest-v") && name.ends_with(".toml"))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let root = doc.root();
    let packages = match root.get("manifest_format") {
        Some(_) => root.get("deps"),
        None => root.get("deps").filter(|d| d.kind() == Kind::Map).or(Some(root)),
    };
    let mut manifest = Manifest {
        file: FileInventory::default(),
        by_uuid: HashMap::new(),
        by_name: HashMap::new(),
        needs: Vec::new(),
        julia: root.get("julia_version").and_then(Value::scalar).unwrap_or_default(),
    };
    for (name, entries) in packages.into_iter().flat_map(Value::entries) {
        for entry in entries.items() {
            manifest.package(name.scalar().unwrap_or_default(), entry);
        }
    }
    manifest.edges();
    if let Some(Ok(project)) =
        ["Project.toml", "JuliaProject.toml"].iter().find_map(|name| view.read(name))
    {
        manifest.project(&project);
    }
    Ok(manifest.file)
}

struct Manifest<'d> {
    file: FileInventory,
    by_uuid: HashMap<&'d str, u32>,
    by_name: HashMap<&'d str, Vec<u32>>,
    needs: Vec<(u32, Value<'d>)>,
    julia: &'d str,
}

impl<'d> Manifest<'d> {
    fn package(&mut self, name: &'d str, entry: Value<'d>) {
        let uuid = entry.str("uuid").unwrap_or_default();
        if name.is_empty() || uuid.is_empty() {
            self.file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the package `{name}` has no name or no UUID"),
                )
                .at_line(entry.line()),
            );
            return;
        }
        let tree = entry.str("git-tree-sha1");
        let repository = entry.str("repo-url");
        let path = entry.str("path");
        let standard = tree.is_none() && repository.is_none() && path.is_none();
        let version = entry.str("version").unwrap_or(if standard { self.julia } else { "" });
        let purl =
            Purl::new("julia", None, name).with_version(version).with_qualifier("uuid", uuid);
        let mut component = Component::new(purl);
        component.line = Some(entry.line());
        component.hashes =
            tree.and_then(|hex| Hash::from_hex(HashAlgorithm::Sha1, hex)).into_iter().collect();
        component.origin = match (repository, path) {
            // The tree's hash pins what was taken; `repo-rev` may be a branch.
            (Some(url), _) => Origin::Git {
                url: url.into(),
                commit: entry.str("repo-rev").filter(|rev| is_commit(rev)).map(Into::into),
            },
            (None, Some(path)) => Origin::Path(path.into()),
            (None, None) => Origin::Unstated,
        };
        let at = self.file.add(component);
        self.by_uuid.insert(uuid, at);
        self.by_name.entry(name).or_default().push(at);
        self.needs.extend(entry.get("deps").map(|deps| (at, deps)));
    }

    fn edges(&mut self) {
        for (from, deps) in std::mem::take(&mut self.needs) {
            for (_, uuid) in deps.entries() {
                let target = uuid.scalar().and_then(|uuid| self.by_uuid.get(uuid)).copied();
                self.edge(from, target, uuid);
            }
            for name in deps.items() {
                let target = match name.scalar().and_then(|name| self.by_name.get(name)) {
                    Some(list) if list.len() == 1 => list.first().copied(),
                    // None, or several and nothing to choose by.
                    _ => None,
                };
                self.edge(from, target, name);
            }
        }
    }

    fn edge(&mut self, from: u32, target: Option<u32>, wanted: Value<'_>) {
        match target {
            Some(to) => self.file.edge(from, to),
            None => self.file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!(
                        "the dependency `{}` is not one package of this manifest",
                        wanted.scalar().unwrap_or_default()
                    ),
                )
                .at_line(wanted.line())
                .help("resolve the environment again to write the manifest anew"),
            ),
        }
    }

    /// Relations and scopes out of the project file, and the project itself.
    fn project(&mut self, bytes: &[u8]) {
        let Ok(text) = text::decode(bytes) else { return };
        let Ok(doc) = toml::parse(&text) else { return };
        let root = doc.root();
        let own = root.str("name").filter(|n| !n.is_empty()).map(|name| {
            let purl = Purl::new("julia", None, name)
                .with_version(root.str("version").unwrap_or_default())
                .with_qualifier("uuid", root.str("uuid").unwrap_or_default());
            let mut own = Component::new(purl);
            own.relation = Relation::Own;
            self.file.add(own)
        });
        for (table, scope) in
            [("deps", Scope::Runtime), ("weakdeps", Scope::Optional), ("extras", Scope::Test)]
        {
            for (_, uuid) in root.get(table).into_iter().flat_map(Value::entries) {
                let Some(&at) = uuid.scalar().and_then(|uuid| self.by_uuid.get(uuid)) else {
                    continue;
                };
                let component = &mut self.file.components[at as usize];
                component.relation = Relation::Direct;
                component.scope = component.scope.max(scope);
                if let Some(own) = own {
                    self.file.edge(own, at);
                }
            }
        }
        scopes::spread_from_direct(&mut self.file);
        scopes::relate_rest(&mut self.file);
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
