//! NuGet's `packages.lock.json`, versions 1 and 2 (version 2 comes with central versions).
//!
//! Traps: one list per target framework, and more per runtime (`net8.0/linux-x64`) that hold only
//! what differs; `CentralTransitive` is a transitive package at a centrally stated version;
//! `Project` entries are other projects of the solution and have no version; `dependencies` state
//! ranges, so edges are resolved by name within the framework. The file does not tell development
//! dependencies apart: the project file beside it does.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Relation,
    Scope,
};

use super::{nuget, scopes};
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "nuget-lock",
    title: "NuGet packages.lock.json",
    family: Some(Family::NuGet),
    kind: FormatKind::Lockfile,
    names: "packages.lock.json, packages.*.lock.json",
    claims,
    sniff: None,
    extract,
};

/// A project may name its lockfile itself; `packages.<project>.lock.json` is the custom where
/// several projects share a folder.
fn claims(path: &str) -> bool {
    let name = view::file_name(path);
    name == "packages.lock.json" || (name.starts_with("packages.") && name.ends_with(".lock.json"))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Relaxed)?;
    let frameworks = doc.root().get("dependencies").filter(|d| d.kind() == Kind::Map);
    let Some(frameworks) = frameworks else {
        return Err(Diagnostic::new(Code::FileMalformed, "the lockfile has no `dependencies`")
            .at_line(1)
            .help("restore the project again to write the lockfile anew"));
    };
    let projects = nuget::sibling_projects(view);
    let mut lock = Lock {
        file: FileInventory::default(),
        positions: HashMap::new(),
        scopes: nuget::scopes(&projects),
        fallback: match projects.iter().all(|(_, p)| p.test) && !projects.is_empty() {
            true => Scope::Test,
            false => Scope::Runtime,
        },
        root: None,
    };
    if let [(name, _)] = projects.as_slice() {
        let mut own = Component::new(nuget::purl(name, ""));
        own.relation = Relation::Own;
        lock.root = Some(lock.file.add(own));
    }
    let mut by_framework: HashMap<&str, HashMap<String, u32>> = HashMap::new();
    for (framework, packages) in frameworks.entries() {
        let framework = framework.scalar().unwrap_or_default();
        let here = packages
            .entries()
            .filter_map(|(name, entry)| {
                let name = name.scalar()?;
                Some((name.to_ascii_lowercase(), lock.package(framework, name, entry)?))
            })
            .collect();
        by_framework.insert(framework, here);
    }
    for (framework, packages) in frameworks.entries() {
        lock.edges(framework.scalar().unwrap_or_default(), packages, &by_framework);
    }
    scopes::spread_from_direct(&mut lock.file);
    Ok(lock.file)
}

struct Lock {
    file: FileInventory,
    /// By lower-case name and version.
    positions: HashMap<(String, String), u32>,
    scopes: HashMap<String, Scope>,
    /// Of other projects, and of packages that no project file beside the lock asks for.
    fallback: Scope,
    root: Option<u32>,
}

impl Lock {
    fn package(&mut self, framework: &str, name: &str, entry: Value<'_>) -> Option<u32> {
        let kind = entry.str("type").unwrap_or_default();
        let project = kind == "Project";
        let version = entry.str("resolved").unwrap_or_default();
        if name.is_empty() || (version.is_empty() && !project) {
            self.file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the entry `{name}` has no resolved version"),
                )
                .at_line(entry.line()),
            );
            return None;
        }
        let key = (name.to_ascii_lowercase(), version.to_owned());
        let at = match self.positions.get(&key) {
            Some(at) => *at,
            None => {
                let at = self.file.add(component(name, version, entry));
                self.positions.insert(key, at);
                at
            }
        };
        let relation = match kind {
            "Direct" => Relation::Direct,
            // Without the project itself in the list, other projects are what it asks for.
            "Project" if self.root.is_none() => Relation::Direct,
            "Project" => Relation::Own,
            "Transitive" | "CentralTransitive" => Relation::Transitive,
            _ => Relation::Unknown,
        };
        let component = self.file.components.get_mut(at as usize)?;
        nuget::add_group(component, framework);
        // Direct in one framework is direct.
        component.relation = match (component.relation, relation) {
            (Relation::Own, _) | (_, Relation::Own) => Relation::Own,
            (Relation::Direct, _) | (_, Relation::Direct) => Relation::Direct,
            (Relation::Unknown, other) | (other, _) => other,
        };
        if component.relation == Relation::Direct {
            let known = self.scopes.get(&name.to_ascii_lowercase()).copied();
            component.scope = known.unwrap_or(self.fallback);
        } else if project {
            component.scope = self.fallback;
        }
        if let (Some(root), true) = (self.root, matches!(kind, "Direct" | "Project")) {
            self.file.edge(root, at);
        }
        Some(at)
    }

    fn edges(
        &mut self,
        framework: &str,
        packages: Value<'_>,
        by_framework: &HashMap<&str, HashMap<String, u32>>,
    ) {
        let here = by_framework.get(framework);
        let base = framework.split_once('/').and_then(|(base, _)| by_framework.get(base));
        let find = |name: &str| {
            let name = name.to_ascii_lowercase();
            [here, base].into_iter().flatten().find_map(|map| map.get(&name)).copied()
        };
        for (name, entry) in packages.entries() {
            let Some(from) = name.scalar().and_then(find) else { continue };
            for (wanted, _) in entry.get("dependencies").into_iter().flat_map(Value::entries) {
                if let Some(to) = wanted.scalar().and_then(find) {
                    self.file.edge(from, to);
                }
            }
        }
    }
}

fn component(name: &str, version: &str, entry: Value<'_>) -> Component {
    let mut component = Component::new(nuget::purl(name, version));
    component.line = Some(entry.line());
    component.hashes = entry
        .str("contentHash")
        .and_then(|hash| Hash::from_base64(HashAlgorithm::Sha512, hash))
        .into_iter()
        .collect();
    if entry.str("type") == Some("Project") {
        component.origin = Origin::Path(name.into());
    }
    component
}
