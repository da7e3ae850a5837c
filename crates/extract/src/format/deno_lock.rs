//! `deno.lock`, versions 2 to 5, and the bare map of URLs of version 1.
//!
//! npm and JSR packages with digests, and every remote module by URL. `specifiers` says what was
//! asked for in the code or configuration, by the project or by a JSR package: what no package
//! asks for, the project does. deno does not tell what for. Remote modules are listed by the
//! versioned folder that their URL names (`deno.land/std@0.100.0`), else by host.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Hash, HashAlgorithm, Origin, Purl, Relation, Scope,
};

use super::demand::{Demands, Scopes};
use super::npm::{self, Manifest};
use crate::read::json::Flavour;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "deno-lock",
    title: "deno.lock",
    family: None,
    kind: FormatKind::Lockfile,
    names: "deno.lock",
    claims: |path| view::file_name(path) == "deno.lock",
    sniff: None,
    extract,
};

/// The newest version of the file that is read.
const NEWEST: u64 = 5;

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = npm::object(&text, Flavour::Strict, "a deno.lock")?;
    let root = doc.root();
    let version = root.get("version").and_then(Value::scalar);
    let number = version.map_or(Some(1), |v| v.parse().ok());
    let Some(number) = number.filter(|n| (1..=NEWEST).contains(n)) else {
        let version = version.unwrap_or_default();
        return Err(Diagnostic::new(
            Code::FormatVersion,
            format!("deno.lock version `{version}` is not read (1 to {NEWEST} are)"),
        )
        .help("update trimtab"));
    };
    // Versions 2 and 3 keep the parts one level deeper.
    let place = |keys: &[&str]| root.path(keys).filter(|v| v.kind() == Kind::Map);
    let (specifiers, npm, jsr) = match number {
        1 | 2 => (place(&["npm", "specifiers"]), place(&["npm", "packages"]), None),
        3 => (
            place(&["packages", "specifiers"]),
            place(&["packages", "npm"]),
            place(&["packages", "jsr"]),
        ),
        _ => (place(&["specifiers"]), place(&["npm"]), place(&["jsr"])),
    };
    let mut lock = Lock::default();
    let own = lock.own(view);
    lock.packages(npm, Registry::Npm);
    lock.packages(jsr, Registry::Jsr);
    lock.specifiers(specifiers);
    lock.edges(view, own);
    lock.demands.settle(&mut lock.inventory, Scopes::Computed);
    let remote = if number == 1 && version.is_none() { Some(root) } else { place(&["remote"]) };
    remotes(remote, &mut lock.inventory);
    Ok(lock.inventory)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Registry {
    Npm,
    Jsr,
}

impl Registry {
    fn prefix(self) -> &'static str {
        match self {
            Registry::Npm => "npm:",
            Registry::Jsr => "jsr:",
        }
    }
}

#[derive(Default)]
struct Lock<'d> {
    inventory: FileInventory,
    demands: Demands,
    /// `npm:name@version` to component.
    by_id: HashMap<String, u32>,
    /// `npm:name` to component; `None` where there are several.
    by_name: HashMap<String, Option<u32>>,
    /// `npm:name@range` to component.
    by_specifier: HashMap<String, u32>,
    listed: Vec<(u32, Registry, Value<'d>)>,
}

impl<'d> Lock<'d> {
    /// The project, where its configuration names it.
    fn own(&mut self, view: &FileView<'_>) -> Option<u32> {
        let manifest =
            ["deno.json", "deno.jsonc"].iter().find_map(|n| Manifest::beside(view, n))?;
        let purl = package_purl(Registry::Jsr, manifest.name.as_deref()?)?;
        let mut component =
            Component::new(purl.with_version(manifest.version.as_deref().unwrap_or_default()));
        component.relation = Relation::Own;
        Some(self.inventory.add(component))
    }

    fn packages(&mut self, packages: Option<Value<'d>>, registry: Registry) {
        for (key, value) in packages.into_iter().flat_map(Value::entries) {
            let id = key.as_str().unwrap_or_default();
            let (name, version) = npm::split_locator(id);
            // What follows are the versions of its peers.
            let version = match registry {
                Registry::Npm => version.split('_').next().unwrap_or(version),
                Registry::Jsr => version,
            };
            let Some(purl) = package_purl(registry, name).filter(|_| !version.is_empty()) else {
                self.inventory.diagnostics.push(
                    Diagnostic::new(
                        Code::EntryMalformed,
                        format!("the entry `{id}` names no package at a version"),
                    )
                    .at_line(key.line())
                    .help("write the lockfile again with deno"),
                );
                continue;
            };
            let mut component = Component::new(purl.with_version(version));
            component.line = Some(key.line());
            component.hashes = match (registry, value.str("integrity")) {
                (Registry::Npm, Some(text)) => Hash::from_integrity(text),
                (Registry::Jsr, Some(hex)) => {
                    Hash::from_hex(HashAlgorithm::Sha256, hex).into_iter().collect()
                }
                (_, None) => Vec::new(),
            };
            if let Some(archive) = value.str("tarball") {
                component.origin = npm::registry_of(archive, name);
            }
            let position = self.inventory.add(component);
            self.by_id.insert(format!("{}{id}", registry.prefix()), position);
            let one = self.by_name.entry(format!("{}{name}", registry.prefix()));
            one.and_modify(|held| *held = None).or_insert(Some(position));
            self.listed.push((position, registry, value));
        }
    }

    fn specifiers(&mut self, specifiers: Option<Value<'d>>) {
        for (key, value) in specifiers.into_iter().flat_map(Value::entries) {
            let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
            let prefixed = key.starts_with("npm:") || key.starts_with("jsr:");
            // Version 2 knows only npm.
            let key = if prefixed { key.to_owned() } else { format!("npm:{key}") };
            let id = if value.starts_with("npm:") || value.starts_with("jsr:") {
                value.to_owned()
            } else if !prefixed {
                format!("npm:{value}")
            } else {
                format!("{}@{value}", specifier_name(&key))
            };
            if let Some(position) = self.by_id.get(&id) {
                self.by_specifier.insert(key, *position);
            }
        }
    }

    /// What `text` means to a package of a registry.
    fn find(&self, text: &str, registry: Registry) -> Option<u32> {
        let prefixed = text.starts_with("npm:") || text.starts_with("jsr:");
        let text = if prefixed { text.to_owned() } else { format!("{}{text}", registry.prefix()) };
        let found = self.by_id.get(&text).or_else(|| self.by_specifier.get(&text)).copied();
        found.or_else(|| self.by_name.get(specifier_name(&text)).copied()?)
    }

    fn edges(&mut self, view: &FileView<'_>, own: Option<u32>) {
        let manifest = Manifest::beside(view, "package.json");
        let mut asked_by_packages = std::collections::HashSet::new();
        for (from, registry, value) in std::mem::take(&mut self.listed) {
            for (section, scope) in
                [("dependencies", Scope::Runtime), ("optionalDependencies", Scope::Optional)]
            {
                let Some(section) = value.get(section) else { continue };
                let mapped = section.entries().filter_map(|(_, v)| v.as_str());
                for text in mapped.chain(section.texts()) {
                    // `alias@npm:real@1.0.0`
                    let text = match text.split_once("@npm:") {
                        Some((alias, real)) if !alias.is_empty() => real,
                        _ => text,
                    };
                    if let Some(to) = self.find(text, registry) {
                        self.demands.ask(Some(from), to, scope);
                        if registry == Registry::Jsr {
                            asked_by_packages.insert(to);
                        }
                    }
                }
            }
        }
        let mut asked: Vec<(&String, u32)> =
            self.by_specifier.iter().map(|(k, v)| (k, *v)).collect();
        asked.sort_unstable();
        for (specifier, to) in asked {
            let name = specifier_name(specifier).trim_start_matches("npm:");
            let listed = manifest.as_ref().and_then(|m| m.asked.iter().find(|a| a.name == name));
            let scope = listed.map_or(Scope::Unknown, |a| a.scope);
            if listed.is_some() || !asked_by_packages.contains(&to) {
                self.demands.ask(own, to, scope);
            }
        }
    }
}

/// `npm:name` of `npm:name@range`.
fn specifier_name(specifier: &str) -> &str {
    let (prefix, rest) =
        specifier.split_once(':').map_or((0, specifier), |(p, r)| (p.len() + 1, r));
    let (name, _) = npm::split_locator(rest.trim_start_matches('/'));
    let skipped = rest.len() - rest.trim_start_matches('/').len();
    specifier.get(..prefix + skipped + name.len()).unwrap_or(specifier)
}

fn package_purl(registry: Registry, name: &str) -> Option<Purl> {
    match registry {
        Registry::Npm => npm::purl(name),
        // JSR has no registered purl type; its own name is used, so that nothing is taken for npm's.
        Registry::Jsr => {
            let (scope, rest) = name.split_once('/')?;
            let valid = scope.starts_with('@') && scope.len() > 1 && !rest.is_empty();
            valid.then(|| Purl::new("jsr", Some(scope), rest))
        }
    }
}

/// Lists remote modules by the versioned folder that their URL names.
fn remotes(remote: Option<Value<'_>>, inventory: &mut FileInventory) {
    let mut seen = std::collections::HashSet::new();
    for (key, _) in remote.into_iter().flat_map(Value::entries) {
        let Some(url) = key.as_str() else { continue };
        let Some((scheme, rest)) = url.split_once("://") else { continue };
        let (folder, name, version) = module_of(rest);
        if !seen.insert(folder) {
            continue;
        }
        let (namespace, name) = match name.rsplit_once('/') {
            Some((namespace, name)) if !name.is_empty() => (Some(namespace), name),
            _ => (None, name),
        };
        if name.is_empty() {
            continue;
        }
        let purl = Purl::new("generic", namespace, name).with_version(version);
        let mut component = Component::new(purl);
        component.line = Some(key.line());
        component.origin = Origin::Url(format!("{scheme}://{folder}").into());
        inventory.add(component);
    }
}

/// The part of a URL that names a versioned module, with its name and version; else the host.
fn module_of(rest: &str) -> (&str, &str, &str) {
    let mut end = 0;
    for part in rest.split('/') {
        let start = end;
        end += part.len();
        if let Some(at) = part.rfind('@').filter(|at| *at > 0 && start > 0) {
            let name = rest.get(..start + at).unwrap_or(rest);
            let version = rest.get(start + at + 1..end).unwrap_or_default();
            return (rest.get(..end).unwrap_or(rest), name, version);
        }
        end += 1;
    }
    let host = rest.split('/').next().unwrap_or(rest);
    (host, host, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_the_versioned_folders_of_their_urls() {
        assert_eq!(
            module_of("deno.land/x/oak@v10.0.0/mod.ts"),
            ("deno.land/x/oak@v10.0.0", "deno.land/x/oak", "v10.0.0")
        );
        assert_eq!(module_of("host.example/a/mod.ts"), ("host.example", "host.example", ""));
        assert_eq!(
            module_of("esm.example/@s/a@1.0.0/x"),
            ("esm.example/@s/a@1.0.0", "esm.example/@s/a", "1.0.0")
        );
    }

    #[test]
    fn specifiers_have_names() {
        assert_eq!(specifier_name("npm:@s/a@^1"), "npm:@s/a");
        assert_eq!(specifier_name("jsr:@s/a"), "jsr:@s/a");
        assert_eq!(specifier_name("npm:a@1"), "npm:a");
    }
}
