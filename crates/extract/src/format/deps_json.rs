//! `<application>.deps.json`: what a built .NET application is deployed with.
//!
//! `libraries` lists everything, `targets` says per runtime target who needs whom and which files
//! are deployed; `runtimeTarget` names the target in force. Traps: a package without files for the
//! run is only compiled against (or only passes on others), so its scope is build; a
//! `runtimepack.X` is the package X that a self-contained application brings along; hashes are
//! `sha512-` and base64, and empty for projects.

use std::collections::{HashMap, HashSet};

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, Origin, Relation, Scope,
};

use super::nuget;
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "deps-json",
    title: ".NET deps.json",
    family: Some(Family::NuGet),
    kind: FormatKind::Lockfile,
    names: "*.deps.json",
    claims: |path| view::file_name(path).to_ascii_lowercase().ends_with(".deps.json"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Relaxed)?;
    let root = doc.root();
    let Some(libraries) = root.get("libraries").filter(|l| l.kind() == Kind::Map) else {
        return Err(Diagnostic::new(Code::FileMalformed, "the file has no `libraries`").at_line(1));
    };
    let target = root.path(&["runtimeTarget", "name"]).and_then(Value::as_str).or_else(|| {
        // Older files state the target directly.
        root.str("runtimeTarget")
    });
    let target = root.get("targets").zip(target).and_then(|(targets, name)| targets.get(name));
    let mut deps = Deps { file: FileInventory::default(), by_key: HashMap::new() };
    for (key, library) in libraries.entries() {
        deps.library(key.scalar().unwrap_or_default(), library);
    }
    if let Some(target) = target {
        deps.relate(target);
    }
    Ok(deps.file)
}

struct Deps<'d> {
    file: FileInventory,
    by_key: HashMap<&'d str, u32>,
}

impl<'d> Deps<'d> {
    fn library(&mut self, key: &'d str, library: Value<'d>) {
        let kind = library.str("type").unwrap_or_default();
        let Some((name, version)) = nuget::split_key(key) else {
            self.file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the library `{key}` is not spelled as a name and a version"),
                )
                .at_line(library.line()),
            );
            return;
        };
        let name = name.strip_prefix("runtimepack.").filter(|n| !n.is_empty()).unwrap_or(name);
        let mut component = Component::new(nuget::purl(name, version));
        component.line = Some(library.line());
        component.hashes = library.str("sha512").map(Hash::from_integrity).unwrap_or_default();
        match kind {
            "project" => component.relation = Relation::Own,
            "package" | "runtimepack" => component.scope = Scope::Runtime,
            // An assembly that came from a folder, not from a package of that name.
            _ => {
                component.scope = Scope::Runtime;
                component.origin = Origin::Path(library.str("path").unwrap_or(name).into());
            }
        }
        let at = self.file.add(component);
        self.by_key.insert(key, at);
    }

    fn relate(&mut self, target: Value<'d>) {
        let mut by_name: HashMap<String, u32> = HashMap::new();
        for (key, _) in target.entries() {
            let key = key.scalar().unwrap_or_default();
            if let (Some((name, _)), Some(at)) = (nuget::split_key(key), self.by_key.get(key)) {
                by_name.insert(name.to_ascii_lowercase(), *at);
            }
        }
        // Libraries that no target lists are still asked for by name.
        for (key, at) in &self.by_key {
            if let Some((name, _)) = nuget::split_key(key) {
                by_name.entry(name.to_ascii_lowercase()).or_insert(*at);
            }
        }
        let mut asked_by_own = HashSet::new();
        for (key, entry) in target.entries() {
            let Some(&from) = key.scalar().and_then(|key| self.by_key.get(key)) else { continue };
            let own = self.is_own(from);
            for (wanted, _) in entry.get("dependencies").into_iter().flat_map(Value::entries) {
                let Some(wanted) = wanted.scalar() else { continue };
                if let Some(&to) = by_name.get(&wanted.to_ascii_lowercase()) {
                    self.file.edge(from, to);
                    if own {
                        asked_by_own.insert(to);
                    }
                }
            }
            let deployed = ["runtime", "native", "runtimeTargets", "resources"]
                .iter()
                .any(|assets| entry.get(assets).is_some_and(|a| a.entries().next().is_some()));
            if !deployed && !own {
                self.file.components[from as usize].scope = Scope::Build;
            }
        }
        for (at, component) in (0u32..).zip(&mut self.file.components) {
            if component.relation == Relation::Unknown {
                let direct = asked_by_own.contains(&at);
                component.relation = if direct { Relation::Direct } else { Relation::Transitive };
            }
        }
    }

    fn is_own(&self, at: u32) -> bool {
        self.file.components.get(at as usize).is_some_and(|c| c.relation == Relation::Own)
    }
}
