//! `package-lock.json` and `npm-shrinkwrap.json`, lock versions 1 to 3, and the hidden lockfile
//! `node_modules/.package-lock.json`.
//!
//! Follows npm's documentation of the file. Versions 2 and 3 list every folder under `packages`;
//! version 1 nests `dependencies`, which are laid out as the same folders here, so that one
//! resolution serves both. Traps: the name is the entry's `name`, the folder only where there is
//! none (TRAPS 11); `link` entries point at a folder's entry; a shrinkwrap beside a package-lock
//! replaces it; `devOptional` needs both ways to be unneeded.

use std::borrow::Cow;
use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, Origin, Relation, Scope,
};

use super::demand::{Demands, Scopes};
use super::glob;
use super::npm::{self, Manifest};
use crate::read::json::Flavour;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "package-lock",
    title: "npm package-lock.json and npm-shrinkwrap.json",
    family: Some(Family::Npm),
    kind: FormatKind::Lockfile,
    names: "package-lock.json,npm-shrinkwrap.json",
    claims: |path| {
        matches!(
            view::file_name(path),
            "package-lock.json" | "npm-shrinkwrap.json" | ".package-lock.json"
        )
    },
    sniff: Some(|bytes| {
        let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
        let has = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
        has(b"\"lockfileVersion\"")
            && (has(b"\"requires\"") || has(b"\"packages\"") || has(b"\"dependencies\""))
            && !has(b"\"workspaces\": {")
    }),
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    if view.name() == "package-lock.json" && view.has("npm-shrinkwrap.json") {
        return Ok(FileInventory::default());
    }
    let text = view.text()?;
    let doc = npm::object(&text, Flavour::Strict, "a package-lock")?;
    let root = doc.root();
    let version = root.get("lockfileVersion").and_then(Value::as_u64).unwrap_or(1);
    if version > 3 {
        return Err(Diagnostic::new(
            Code::FormatVersion,
            format!("package-lock version {version} is newer than what is read (1 to 3)"),
        )
        .help("update trimtab, or write the lockfile with `npm install --lockfile-version 3`"));
    }
    // An empty `packages` beside filled `dependencies` was left by a tool that writes version 1.
    let dependencies = root.get("dependencies").filter(|d| d.entries().next().is_some());
    let says = |p: &Value<'_>| p.entries().next().is_some() || dependencies.is_none();
    let mut lock = match root.get("packages").filter(|p| p.kind() == Kind::Map).filter(says) {
        Some(packages) => Lock::flat(packages),
        None => Lock::nested(dependencies),
    };
    lock.list(view, root);
    Ok(lock.inventory)
}

/// The fields of one entry that matter here.
#[derive(Default, Clone, Copy)]
struct Fields<'d> {
    name: Option<&'d str>,
    version: Option<&'d str>,
    resolved: Option<&'d str>,
    integrity: Option<&'d str>,
    licence: Option<Value<'d>>,
    workspaces: Option<Value<'d>>,
    nested: Option<Value<'d>>,
    runtime: Option<Value<'d>>,
    optional_asks: Option<Value<'d>>,
    development: Option<Value<'d>>,
    peer_asks: Option<Value<'d>>,
    peer_meta: Option<Value<'d>>,
    dev: bool,
    optional: bool,
    dev_optional: bool,
    peer: bool,
    bundled: bool,
    extraneous: bool,
    link: bool,
}

impl<'d> Fields<'d> {
    fn of(entry: Value<'d>, nested: bool) -> Fields<'d> {
        let mut f = Fields::default();
        let yes = |v: Value<'_>| v.as_bool() == Some(true);
        for (key, value) in entry.entries() {
            match key.as_str().unwrap_or_default() {
                "name" => f.name = value.as_str(),
                "version" => f.version = value.as_str(),
                "resolved" => f.resolved = value.as_str(),
                "integrity" => f.integrity = value.as_str(),
                "license" | "licenses" => f.licence = Some(value),
                "workspaces" => f.workspaces = Some(value),
                "requires" if nested => f.runtime = Some(value),
                "dependencies" if nested => f.nested = Some(value),
                "dependencies" => f.runtime = Some(value),
                "optionalDependencies" => f.optional_asks = Some(value),
                "devDependencies" => f.development = Some(value),
                "peerDependencies" => f.peer_asks = Some(value),
                "peerDependenciesMeta" => f.peer_meta = Some(value),
                "dev" => f.dev = yes(value),
                "optional" => f.optional = yes(value),
                "devOptional" => f.dev_optional = yes(value),
                "peer" => f.peer = yes(value),
                "inBundle" | "bundled" => f.bundled = yes(value),
                "extraneous" => f.extraneous = yes(value),
                "link" => f.link = yes(value),
                _ => {}
            }
        }
        f
    }

    fn scope(&self) -> Scope {
        match self {
            Fields { extraneous: true, .. } => Scope::Unknown,
            Fields { dev: true, .. } => Scope::Development,
            Fields { optional: true, .. } | Fields { dev_optional: true, .. } => Scope::Optional,
            _ => Scope::Runtime,
        }
    }

    fn groups(&self) -> Vec<Box<str>> {
        let flags = [
            (self.dev || self.dev_optional, "dev"),
            (self.optional || self.dev_optional, "optional"),
            (self.bundled, "bundled"),
            (self.peer, "peer"),
            (self.extraneous, "extraneous"),
        ];
        flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.into()).collect()
    }
}

struct Entry<'d> {
    /// The folder, relative to the project.
    folder: Cow<'d, str>,
    line: u32,
    fields: Fields<'d>,
    component: Option<u32>,
}

struct Lock<'d> {
    entries: Vec<Entry<'d>>,
    inventory: FileInventory,
    demands: Demands,
}

impl<'d> Lock<'d> {
    fn new() -> Lock<'d> {
        Lock {
            entries: Vec::new(),
            inventory: FileInventory::default(),
            demands: Demands::default(),
        }
    }

    /// Lock versions 2 and 3.
    fn flat(packages: Value<'d>) -> Lock<'d> {
        let mut lock = Lock::new();
        for (key, value) in packages.entries() {
            let folder = key.as_str().unwrap_or_default();
            if value.kind() != Kind::Map {
                lock.malformed(key.line(), folder, "is not an object");
                continue;
            }
            let fields = Fields::of(value, false);
            lock.entries.push(Entry {
                folder: Cow::Borrowed(folder),
                line: key.line(),
                fields,
                component: None,
            });
        }
        lock
    }

    /// Lock version 1, and the shrinkwraps before it.
    fn nested(dependencies: Option<Value<'d>>) -> Lock<'d> {
        let mut lock = Lock::new();
        let mut open: Vec<(String, _)> = Vec::new();
        open.extend(dependencies.map(|d| (String::new(), d.entries())));
        while let Some((parent, mut entries)) = open.pop() {
            let Some((key, value)) = entries.next() else { continue };
            let name = key.as_str().unwrap_or_default();
            let folder = view::join(&parent, &format!("node_modules/{name}"));
            open.push((parent, entries));
            if value.kind() != Kind::Map {
                lock.malformed(key.line(), name, "is not an object");
                continue;
            }
            let fields = Fields::of(value, true);
            if let Some(nested) = fields.nested {
                open.push((folder.clone(), nested.entries()));
            }
            lock.entries.push(Entry {
                folder: Cow::Owned(folder),
                line: key.line(),
                fields,
                component: None,
            });
        }
        lock
    }

    fn malformed(&mut self, line: u32, entry: &str, why: &str) {
        self.inventory.diagnostics.push(
            Diagnostic::new(Code::EntryMalformed, format!("the entry `{entry}` {why}"))
                .at_line(line)
                .help("write the lockfile again with npm"),
        );
    }

    fn list(&mut self, view: &FileView<'_>, root: Value<'d>) {
        let listed_root = self.entries.iter().find(|e| e.folder.is_empty()).map(|e| e.fields);
        // Version 1 and the hidden lockfile do not say what the project itself asks for.
        let manifest = match listed_root {
            Some(_) => None,
            None if view.name() == ".package-lock.json" => {
                Manifest::beside(view, "../package.json")
            }
            None => Manifest::beside(view, "package.json"),
        };
        let workspaces = match listed_root.and_then(|f| f.workspaces) {
            Some(value) => npm::workspaces(value),
            None => manifest.as_ref().map(|m| m.workspaces.clone()).unwrap_or_default(),
        };
        let own = match listed_root {
            Some(_) => None,
            None => self.own_root(root, manifest.as_ref()),
        };
        for at in 0..self.entries.len() {
            self.add(at, root, &workspaces);
        }
        let mut index = HashMap::with_capacity_and_hasher(
            self.entries.len(),
            foldhash::fast::RandomState::default(),
        );
        for (i, entry) in self.entries.iter().enumerate() {
            index.insert(&*entry.folder, i);
        }
        let mut resolver = Resolver { entries: &self.entries, index, candidate: String::new() };
        for asked in manifest.iter().flat_map(|m| &m.asked) {
            if let Some(to) = resolver.resolve("", &asked.name) {
                self.demands.ask(own, to, asked.scope);
            }
        }
        let mut by_url = Vec::new();
        let mut missing = Vec::new();
        for entry in resolver.entries {
            let is_root = entry.folder.is_empty();
            if entry.component.is_none() && !is_root {
                if let (true, Some(target)) = (entry.fields.link, entry.fields.resolved)
                    && !resolver.index.contains_key(target)
                {
                    missing.push((entry.line, target));
                }
                continue;
            }
            let own = is_root
                || entry
                    .component
                    .and_then(|c| self.inventory.components.get(c as usize))
                    .is_some_and(|c| c.relation == Relation::Own);
            let f = &entry.fields;
            let development = f.development.filter(|_| own);
            let asks = [
                (f.runtime, Scope::Runtime),
                (f.optional_asks, Scope::Optional),
                (development, Scope::Development),
                (f.peer_asks, Scope::Runtime),
            ];
            for (section, scope) in asks {
                let Some(section) = section else { continue };
                for (key, value) in section.entries() {
                    let name = key.as_str().unwrap_or_default();
                    let Some(to) = resolver.resolve(&entry.folder, name) else { continue };
                    if value.as_str().is_some_and(npm::is_url) {
                        by_url.push(to);
                    }
                    self.demands.ask(entry.component, to, scope);
                }
            }
        }
        let urls: HashMap<u32, &str> = self
            .entries
            .iter()
            .filter_map(|e| Some((e.component?, e.fields.resolved?)))
            .filter(|_| !by_url.is_empty())
            .collect();
        for to in by_url {
            if let (Some(component), Some(url)) =
                (self.inventory.components.get_mut(to as usize), urls.get(&to))
                && matches!(component.origin, Origin::Registry(_))
            {
                component.origin = Origin::Url((*url).into());
            }
        }
        for (line, target) in missing {
            self.inventory.diagnostics.push(
                Diagnostic::new(
                    Code::ReferenceMissing,
                    format!("a link points at `{target}`, which the lockfile does not list"),
                )
                .at_line(line)
                .help("write the lockfile again with npm"),
            );
        }
        std::mem::take(&mut self.demands).settle(&mut self.inventory, Scopes::Stated);
    }

    /// The project itself, where no entry lists it.
    fn own_root(&mut self, root: Value<'d>, manifest: Option<&Manifest>) -> Option<u32> {
        let name = root.str("name").or_else(|| manifest.and_then(|m| m.name.as_deref()))?;
        let version = root.str("version").or_else(|| manifest.and_then(|m| m.version.as_deref()));
        // Without its manifest, what it asks for is not known: a root without asks would make
        // everything look transitive.
        manifest?;
        let purl = npm::purl(name)?;
        let mut component = Component::new(version.map_or(purl.clone(), |v| purl.with_version(v)));
        component.relation = Relation::Own;
        component.line = root.get("name").map(Value::line);
        Some(self.inventory.add(component))
    }

    /// Makes the component of an entry, where it is one.
    fn add(&mut self, at: usize, root: Value<'d>, workspaces: &[String]) {
        let Some(entry) = self.entries.get(at) else { return };
        let (folder, line, f) = (&*entry.folder, entry.line, entry.fields);
        // npm keeps the place of an optional package that it could not resolve: there is none.
        let unresolved = f.optional && f.version.is_none() && f.resolved.is_none();
        let installed = installed_name(folder);
        if f.link || (unresolved && installed.is_some()) {
            return;
        }
        let is_root = folder.is_empty();
        let aliased = f.version.and_then(npm::alias);
        let name = match (f.name, aliased, installed) {
            (_, Some((real, _)), _) => Some(real),
            (Some(name), None, _) | (None, None, Some(name)) => Some(name),
            (None, None, None) if is_root => root.str("name"),
            (None, None, None) => Some(folder_name(folder)),
        };
        // A root without a name is a project that is never published.
        let Some(name) = name else { return };
        let Some(purl) = npm::purl(name) else {
            // A nameless or oddly named project is still the one that asks.
            if !is_root {
                let folder = folder.to_owned();
                self.malformed(line, &folder, "has no valid package name");
            }
            return;
        };
        let stated = match aliased {
            Some((_, version)) => Some(version),
            None if is_root => f.version.or_else(|| root.str("version")),
            None => f.version,
        };
        let foreign = stated.and_then(npm::foreign_origin);
        let version = stated.filter(|_| foreign.is_none()).unwrap_or_default();
        let member = is_root
            || (installed.is_none()
                && glob::any_matches(workspaces.iter().map(String::as_str), folder));
        let mut component = Component::new(purl.with_version(version));
        component.line = Some(line);
        component.licence = f.licence.and_then(npm::licence);
        if member {
            component.relation = Relation::Own;
        } else {
            component.scope = f.scope();
            component.groups = f.groups();
            component.hashes = f.integrity.map(Hash::from_integrity).unwrap_or_default();
            component.origin = match (foreign, f.resolved, installed) {
                (Some(origin), _, _) => origin,
                (None, Some(resolved), _) => npm::resolved_origin(resolved, name),
                (None, None, None) => Origin::Path(folder.into()),
                (None, None, Some(_)) => Origin::Unstated,
            };
        }
        let position = self.inventory.add(component);
        if let Some(entry) = self.entries.get_mut(at) {
            entry.component = Some(position);
        }
    }
}

/// The name under which a folder is installed: what follows `node_modules/` at its end.
fn installed_name(folder: &str) -> Option<&str> {
    let name = folder_name(folder);
    let before = folder.get(..folder.len() - name.len())?;
    (before == "node_modules/" || before.ends_with("/node_modules/")).then_some(name)
}

/// The name that npm gives a folder whose manifest has none: its last part, with the one before
/// if that is a scope.
fn folder_name(folder: &str) -> &str {
    let bytes = folder.as_bytes();
    let start = |end: usize| {
        let before = bytes.get(..end).unwrap_or_default();
        before.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1)
    };
    let last = start(bytes.len());
    let with_parent = start(last.saturating_sub(1));
    let from = if bytes.get(with_parent) == Some(&b'@') { with_parent } else { last };
    folder.get(from..).unwrap_or(folder)
}

/// Node's resolution over the folders of the lockfile.
struct Resolver<'e, 'd> {
    entries: &'e [Entry<'d>],
    index: HashMap<&'e str, usize, foldhash::fast::RandomState>,
    candidate: String,
}

impl Resolver<'_, '_> {
    /// The component that `name` means for the package in `from`.
    fn resolve(&mut self, from: &str, name: &str) -> Option<u32> {
        let mut folder = from;
        loop {
            self.candidate.clear();
            self.candidate.push_str(folder);
            if !folder.is_empty() {
                self.candidate.push('/');
            }
            self.candidate.push_str("node_modules/");
            self.candidate.push_str(name);
            if let Some(entry) =
                self.index.get(self.candidate.as_str()).and_then(|i| self.entries.get(*i))
            {
                return self.component(entry);
            }
            if folder.is_empty() {
                return None;
            }
            folder = match installed_name(folder) {
                Some(name) => {
                    let cut = folder.len() - name.len() - "node_modules/".len();
                    folder.get(..cut).unwrap_or_default().trim_end_matches('/')
                }
                None => view::folder(folder),
            };
        }
    }

    /// The component of an entry, through a link.
    fn component(&self, entry: &Entry<'_>) -> Option<u32> {
        if !entry.fields.link {
            return entry.component;
        }
        let target = entry.fields.resolved?;
        self.entries.get(*self.index.get(target)?)?.component
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_names() {
        assert_eq!(installed_name("node_modules/a/node_modules/@s/b"), Some("@s/b"));
        assert_eq!(installed_name("packages/a"), None);
        assert_eq!(folder_name("packages/a"), "a");
        assert_eq!(folder_name("packages/@s/a"), "@s/a");
        assert_eq!(folder_name("@s/a"), "@s/a");
    }
}
