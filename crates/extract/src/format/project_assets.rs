//! `obj/project.assets.json`: what a restore of a .NET project resolved.
//!
//! `targets` has one list per framework and runtime with exact edges by name, `libraries` the
//! hashes, `projectFileDependencyGroups` what the project asks for (`Name >= 1.0.0`), and
//! `project.frameworks.*.dependencies` which of that is private (`suppressParent: All`), hence
//! development. The file lies in a build folder and is most often ignored by version control.

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
    id: "project-assets",
    title: ".NET project.assets.json",
    family: Some(Family::NuGet),
    kind: FormatKind::Lockfile,
    names: "project.assets.json",
    claims: |path| view::file_name(path) == "project.assets.json",
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
    let mut file = FileInventory::default();
    let own = own_component(root).map(|own| file.add(own));
    let mut by_key: HashMap<&str, u32> = HashMap::new();
    for (key, library) in libraries.entries() {
        let key = key.scalar().unwrap_or_default();
        match nuget::split_key(key) {
            Some((name, version)) => {
                by_key.insert(key, file.add(component(name, version, library)));
            }
            None => file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the library `{key}` is not spelled as a name and a version"),
                )
                .at_line(library.line()),
            ),
        }
    }
    let private = private_names(root);
    for (target, entries) in root.get("targets").into_iter().flat_map(Value::entries) {
        let framework = target.scalar().unwrap_or_default();
        let mut by_name: HashMap<String, u32> = HashMap::new();
        for (key, _) in entries.entries() {
            let key = key.scalar().unwrap_or_default();
            if let (Some((name, _)), Some(&at)) = (nuget::split_key(key), by_key.get(key)) {
                by_name.insert(name.to_ascii_lowercase(), at);
                nuget::add_group(&mut file.components[at as usize], framework);
            }
        }
        for (key, entry) in entries.entries() {
            let Some(&from) = key.scalar().and_then(|key| by_key.get(key)) else { continue };
            for (wanted, _) in entry.get("dependencies").into_iter().flat_map(Value::entries) {
                let wanted = wanted.scalar().unwrap_or_default().to_ascii_lowercase();
                if let Some(&to) = by_name.get(&wanted) {
                    file.edge(from, to);
                }
            }
        }
        for name in asked_for(root, framework) {
            let name = name.to_ascii_lowercase();
            let Some(&at) = by_name.get(&name) else { continue };
            if let Some(own) = own {
                file.edge(own, at);
            }
            let component = &mut file.components[at as usize];
            if component.relation == Relation::Own {
                component.scope = Scope::Runtime;
                continue;
            }
            component.relation = Relation::Direct;
            component.scope = match private.get(&name) {
                Some(true) => Scope::Development,
                _ => Scope::Runtime,
            };
        }
    }
    scopes::spread_from_direct(&mut file);
    Ok(file)
}

fn own_component(root: Value<'_>) -> Option<Component> {
    let project = root.get("project")?;
    let name = project.path(&["restore", "projectName"])?.as_str().filter(|n| !n.is_empty())?;
    let mut own = Component::new(nuget::purl(name, project.str("version").unwrap_or_default()));
    own.relation = Relation::Own;
    own.line = Some(project.line());
    Some(own)
}

fn component(name: &str, version: &str, library: Value<'_>) -> Component {
    let mut component = Component::new(nuget::purl(name, version));
    component.line = Some(library.line());
    component.hashes = library
        .str("sha512")
        .and_then(|hash| Hash::from_base64(HashAlgorithm::Sha512, hash))
        .into_iter()
        .collect();
    if library.str("type") == Some("project") {
        component.relation = Relation::Own;
        component.origin = Origin::Path(library.str("path").unwrap_or(name).into());
    }
    component
}

/// The names that the project asks for under a framework. A target may have a runtime behind a `/`,
/// and groups may spell the framework in another form than targets: then all groups count.
fn asked_for<'d>(root: Value<'d>, framework: &str) -> Vec<&'d str> {
    let base = framework.split_once('/').map_or(framework, |(base, _)| base);
    let groups = || root.get("projectFileDependencyGroups").into_iter().flat_map(Value::entries);
    let is_mine = |key: Value<'_>| key.scalar().is_none_or(|key| key.is_empty() || key == base);
    let known = groups().any(|(key, _)| is_mine(key));
    groups()
        .filter(|(key, _)| !known || is_mine(*key))
        .flat_map(|(_, list)| list.texts())
        .map(|entry| entry.split_once(' ').map_or(entry, |(name, _)| name))
        .collect()
}

/// Lower-case names that the project asks for, and whether they are private in every framework.
fn private_names(root: Value<'_>) -> HashMap<String, bool> {
    let mut names = HashMap::new();
    let frameworks = root.path(&["project", "frameworks"]).into_iter().flat_map(Value::entries);
    for (_, framework) in frameworks {
        for (name, entry) in framework.get("dependencies").into_iter().flat_map(Value::entries) {
            let private =
                entry.str("suppressParent").is_some_and(|s| s.eq_ignore_ascii_case("all"));
            let name = name.scalar().unwrap_or_default().to_ascii_lowercase();
            let flag = names.entry(name).or_insert(true);
            *flag &= private;
        }
    }
    names
}
