//! `Cargo.toml` as the two Cargo formats need it: who a package is, what it asks for and what for,
//! which of its features are on, and which manifests make a workspace.
//!
//! Follows the Cargo book (manifest, specifying dependencies, workspaces, features). Traps:
//! dependencies may be renamed (`package = "x"`) or inherited (`workspace = true`), stand under
//! `target.<cfg>`, and be optional; an optional one that a default feature turns on is shipped.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use trimtab_model::{Origin, Scope};

use super::{demand, glob};
use crate::read::toml;
use crate::read::tree::{Kind, Value};
use crate::view::{self, FileView};

/// The most manifests that are read for one workspace.
const MAX_MEMBERS: usize = 20_000;

/// One dependency as a manifest asks for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The name in this manifest, which features use.
    pub(super) key: String,
    /// The package's own name.
    pub(super) package: String,
    pub(super) requirement: Option<String>,
    pub(super) scope: Scope,
    pub(super) optional: bool,
    pub(super) git: Option<String>,
    /// A `rev`, of a git dependency.
    pub(super) commit: Option<String>,
    /// A `branch` or `tag`, of a git dependency.
    pub(super) reference: Option<String>,
    pub(super) path: Option<String>,
    pub(super) registry: Option<String>,
    pub(super) features: Vec<String>,
    pub(super) inherited: bool,
    pub(super) line: u32,
}

impl Asked {
    /// Where the dependency is asked from.
    pub(super) fn origin(&self) -> Origin {
        match (&self.git, &self.path, &self.registry) {
            (Some(url), _, _) => Origin::Git {
                url: url.as_str().into(),
                commit: self.commit.as_deref().map(Into::into),
            },
            (None, Some(path), _) => Origin::Path(path.as_str().into()),
            (None, None, Some(registry)) => Origin::Registry(registry.as_str().into()),
            (None, None, None) => Origin::Unstated,
        }
    }
}

/// The `[workspace]` table.
#[derive(Debug, Clone, Default)]
pub(super) struct Workspace {
    pub(super) members: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) dependencies: HashMap<String, Asked>,
    /// `package.version`, to be inherited.
    pub(super) version: Option<String>,
    pub(super) licence: Option<String>,
}

/// What a `Cargo.toml` says.
#[derive(Debug, Clone, Default)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    pub(super) name_line: Option<u32>,
    pub(super) version: Option<String>,
    pub(super) inherits_version: bool,
    pub(super) licence: Option<String>,
    pub(super) inherits_licence: bool,
    /// `package.workspace`: where the root of the workspace lies.
    pub(super) workspace_root: Option<String>,
    pub(super) asked: Vec<Asked>,
    pub(super) features: HashMap<String, Vec<String>>,
    pub(super) workspace: Option<Workspace>,
}

const SECTIONS: [(&str, Scope); 5] = [
    ("dependencies", Scope::Runtime),
    ("build-dependencies", Scope::Build),
    ("build_dependencies", Scope::Build),
    ("dev-dependencies", Scope::Development),
    ("dev_dependencies", Scope::Development),
];

impl Manifest {
    /// Reads the root table.
    pub(super) fn of(root: Value<'_>) -> Manifest {
        let package = root.get("package").or_else(|| root.get("project"));
        let text = |key: &str| package.and_then(|p| p.str(key)).map(str::to_owned);
        let inherits =
            |key: &str| package.and_then(|p| p.get(key)).is_some_and(|v| v.flag("workspace"));
        let name = package.and_then(|p| p.entries().find(|(k, _)| k.as_str() == Some("name")));
        let mut asked = Vec::new();
        let targets = root.get("target").into_iter().flat_map(Value::entries).map(|(_, t)| t);
        for table in std::iter::once(root).chain(targets) {
            for (section, scope) in SECTIONS {
                for (key, value) in table.get(section).into_iter().flat_map(Value::entries) {
                    asked.extend(one(key, value, scope));
                }
            }
        }
        let features = root.get("features").into_iter().flat_map(Value::entries);
        let features = features.filter_map(|(name, on)| {
            Some((name.as_str()?.to_owned(), on.texts().map(str::to_owned).collect()))
        });
        Manifest {
            name: text("name"),
            name_line: name.map(|(k, _)| k.line()),
            version: text("version"),
            inherits_version: inherits("version"),
            licence: text("license"),
            inherits_licence: inherits("license"),
            workspace_root: text("workspace"),
            asked,
            features: features.collect(),
            workspace: root.get("workspace").map(workspace),
        }
    }

    /// Reads the manifest at a path from the root of the tree. `None` if there is none, or it
    /// cannot be read: its own entry in the inventory says so.
    pub(super) fn at(view: &FileView<'_>, path: &str) -> Option<Manifest> {
        let bytes = view.files.read(path)?.ok()?;
        let text = crate::read::text::decode(&bytes).ok()?;
        let doc = toml::parse(&text).ok()?;
        Some(Manifest::of(doc.root()))
    }

    /// Fills in what is inherited from the root of the workspace, whose folder is given relative
    /// to the root of the tree.
    pub(super) fn inherit(&mut self, workspace: &Workspace, root: &str, own: &str) {
        if self.inherits_version {
            self.version.clone_from(&workspace.version);
        }
        if self.inherits_licence {
            self.licence.clone_from(&workspace.licence);
        }
        for asked in self.asked.iter_mut().filter(|a| a.inherited) {
            let Some(shared) = workspace.dependencies.get(&asked.key) else { continue };
            let features = std::mem::take(&mut asked.features);
            *asked = Asked {
                key: std::mem::take(&mut asked.key),
                scope: asked.scope,
                optional: asked.optional,
                inherited: true,
                line: asked.line,
                features: shared.features.iter().cloned().chain(features).collect(),
                path: shared.path.as_ref().map(|p| rebase(p, root, own)),
                ..shared.clone()
            };
        }
    }

    /// What a dependency, found in the lockfile by name and version, is asked for.
    pub(super) fn purpose(&self, name: &str, version: &str, on: &HashSet<String>) -> Scope {
        let named = || self.asked.iter().filter(|a| a.package == name);
        // Two versions of a package may be asked for under two names.
        let several = named().nth(1).is_some();
        let version = if several { semver::Version::parse(version).ok() } else { None };
        let fits = |asked: &&Asked| {
            let Some(version) = &version else { return true };
            let requirement = asked.requirement.as_deref().unwrap_or("*");
            semver::VersionReq::parse(requirement).is_ok_and(|r| r.matches(version))
        };
        let scope = |asked: &Asked| {
            let waits = asked.optional && !on.contains(&asked.key);
            // Optional is weaker than runtime; what only builds or tests stays that.
            if waits && asked.scope == Scope::Runtime { Scope::Optional } else { asked.scope }
        };
        let fitting = named().filter(fits).map(scope).reduce(demand::stronger);
        fitting.or_else(|| named().map(scope).reduce(demand::stronger)).unwrap_or(Scope::Unknown)
    }

    /// The optional dependencies that are on when some features are: the defaults, and what other
    /// members of the workspace ask for.
    pub(super) fn switched_on<'f>(
        &'f self,
        asked_for: impl IntoIterator<Item = &'f str>,
    ) -> HashSet<String> {
        let mut open: Vec<&str> = std::iter::once("default").chain(asked_for).collect();
        let mut seen: HashSet<&str> = open.iter().copied().collect();
        let mut on = HashSet::new();
        while let Some(feature) = open.pop() {
            // An optional dependency is a feature of its own name.
            on.insert(feature.to_owned());
            for value in self.features.get(feature).into_iter().flatten() {
                if let Some(dependency) = value.strip_prefix("dep:") {
                    on.insert(dependency.to_owned());
                } else if let Some((dependency, _)) = value.split_once('/') {
                    if !dependency.ends_with('?') {
                        on.insert(dependency.to_owned());
                    }
                } else if seen.insert(value) {
                    open.push(value);
                }
            }
        }
        on
    }
}

/// A path that stands in the root's manifest, as the manifest in another folder would write it;
/// both folders are relative to the root of the tree. Kept as the root wrote it if it leads out.
fn rebase(path: &str, root: &str, own: &str) -> String {
    match view::resolve(root, path) {
        Some(target) => {
            let up = own.split('/').filter(|p| !p.is_empty()).count();
            format!("{}{target}", "../".repeat(up))
        }
        None => path.to_owned(),
    }
}

fn workspace(table: Value<'_>) -> Workspace {
    let list = |key: &str| {
        table.get(key).map(|l| l.texts().map(str::to_owned).collect()).unwrap_or_default()
    };
    let package = |key: &str| table.path(&["package", key])?.as_str().map(str::to_owned);
    let shared = table.get("dependencies").into_iter().flat_map(Value::entries);
    let shared = shared.filter_map(|(key, value)| one(key, value, Scope::Runtime));
    Workspace {
        members: list("members"),
        exclude: list("exclude"),
        dependencies: shared.map(|asked| (asked.key.clone(), asked)).collect(),
        version: package("version"),
        licence: package("license"),
    }
}

/// One line of a section of dependencies.
fn one(key: Value<'_>, value: Value<'_>, scope: Scope) -> Option<Asked> {
    let name = key.as_str()?;
    let mut asked = Asked {
        key: name.to_owned(),
        package: name.to_owned(),
        scope,
        line: key.line(),
        ..Asked::default()
    };
    if let Some(requirement) = value.as_str() {
        asked.requirement = Some(requirement.to_owned());
        return Some(asked);
    }
    if value.kind() != Kind::Map {
        return None;
    }
    for (field, value) in value.entries() {
        let text = || value.as_str().map(str::to_owned);
        match field.as_str().unwrap_or_default() {
            "version" => asked.requirement = text(),
            "package" => asked.package = text().unwrap_or(asked.package),
            "git" => asked.git = text(),
            "rev" => asked.commit = text(),
            "branch" | "tag" => asked.reference = text(),
            "path" => asked.path = text(),
            "registry" | "registry-index" => asked.registry = text(),
            "optional" => asked.optional = value.as_bool() == Some(true),
            "workspace" => asked.inherited = value.as_bool() == Some(true),
            "features" => asked.features = value.texts().map(str::to_owned).collect(),
            _ => {}
        }
    }
    Some(asked)
}

/// The manifests of a workspace by folder relative to the root of the tree: the root first, then
/// its members by pattern and by path, sorted.
pub(super) fn workspace_manifests(view: &FileView<'_>) -> Vec<(String, Manifest)> {
    let root_folder = view::folder(view.path).to_owned();
    let Some(root) = Manifest::at(view, &view::join(&root_folder, "Cargo.toml")) else {
        return Vec::new();
    };
    let shared = root.workspace.clone().unwrap_or_default();
    let excluded = |folder: &str| {
        let inside = folder.strip_prefix(&*root_folder).unwrap_or(folder);
        let inside = inside.trim_start_matches('/');
        shared.exclude.iter().any(|e| {
            glob::matches(e, inside)
                || inside.strip_prefix(e.trim_end_matches('/')).is_some_and(|r| r.starts_with('/'))
        })
    };
    let mut open: Vec<String> = named_members(view, &root_folder, &shared.members);
    open.retain(|folder| !excluded(folder));
    let mut seen: HashSet<String> = open.iter().cloned().collect();
    seen.insert(root_folder.clone());
    let mut all = Vec::new();
    let mut add = |folder: String, mut manifest: Manifest, open: &mut Vec<String>| {
        manifest.inherit(&shared, &root_folder, &folder);
        for path in manifest.asked.iter().filter_map(|a| a.path.as_deref()) {
            if let Some(target) = view::resolve(&folder, path)
                && seen.len() < MAX_MEMBERS
                && seen.insert(target.clone())
            {
                open.push(target);
            }
        }
        all.push((folder, manifest));
    };
    add(root_folder.clone(), root, &mut open);
    while !open.is_empty() {
        let round = std::mem::take(&mut open).into_par_iter().filter_map(|folder| {
            let manifest = Manifest::at(view, &view::join(&folder, "Cargo.toml"))?;
            Some((folder, manifest))
        });
        for (folder, manifest) in round.collect::<Vec<_>>() {
            add(folder, manifest, &mut open);
        }
    }
    all[1..].sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// The folders that `workspace.members` names.
fn named_members(view: &FileView<'_>, root: &str, patterns: &[String]) -> Vec<String> {
    let literal = patterns.iter().filter(|p| glob::is_literal(p));
    let mut folders: Vec<String> = literal.filter_map(|p| view::resolve(root, p)).collect();
    if patterns.iter().any(|p| !glob::is_literal(p)) {
        let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
        let claimed = view.files.claimed();
        let start = claimed.partition_point(|p| p.as_str() < prefix.as_str());
        for path in claimed.iter().skip(start) {
            let Some(inside) = path.strip_prefix(&prefix) else { break };
            let Some(folder) = inside.strip_suffix("/Cargo.toml") else { continue };
            if patterns.iter().any(|p| glob::matches(p, folder)) {
                folders.push(view::join(root, folder));
            }
        }
    }
    folders.sort_unstable();
    folders.dedup();
    folders.truncate(MAX_MEMBERS);
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        Manifest::of(toml::parse(text).unwrap().root())
    }

    #[test]
    fn purposes_follow_sections_targets_renames_and_features() {
        let m = manifest(
            r#"
            [features]
            default = ["net"]
            net = ["dep:on", "maybe?/x"]
            [dependencies]
            run = "1"
            on = { version = "1", optional = true }
            off = { version = "1", optional = true }
            maybe = { version = "1", optional = true }
            old = { package = "two", version = "1" }
            [dev-dependencies]
            two = "2"
            both = "1"
            [build-dependencies]
            both = "1"
            [target.'cfg(unix)'.dependencies]
            unix = "1"
            "#,
        );
        let on = m.switched_on([]);
        for (name, version, scope) in [
            ("run", "1.0.0", Scope::Runtime),
            ("on", "1.0.0", Scope::Runtime),
            ("off", "1.0.0", Scope::Optional),
            ("maybe", "1.0.0", Scope::Optional),
            ("two", "1.5.0", Scope::Runtime),
            ("two", "2.0.0", Scope::Development),
            ("both", "1.0.0", Scope::Build),
            ("unix", "1.0.0", Scope::Runtime),
            ("old", "1.0.0", Scope::Unknown),
        ] {
            assert_eq!(m.purpose(name, version, &on), scope, "{name} {version}");
        }
    }

    #[test]
    fn members_inherit_from_the_root() {
        let root = manifest(
            "[workspace]\n[workspace.package]\nversion = \"3.0.0\"\n[workspace.dependencies]\n\
             x = { package = \"real\", version = \"1\", features = [\"a\"] }\ny = { path = \"libs/y\" }",
        );
        let mut member = manifest(
            "[package]\nname = \"m\"\nversion.workspace = true\n[dependencies]\n\
             x = { workspace = true, optional = true, features = [\"b\"] }\ny.workspace = true",
        );
        member.inherit(root.workspace.as_ref().unwrap(), "", "apps/m");
        assert_eq!(member.version.as_deref(), Some("3.0.0"));
        assert_eq!(member.asked[0].package, "real");
        assert_eq!(member.asked[0].features, ["a", "b"]);
        assert!(member.asked[0].optional);
        assert_eq!(member.asked[1].path.as_deref(), Some("../../libs/y"));
    }
}
