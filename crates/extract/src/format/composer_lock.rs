//! composer.lock, with the composer.json beside it.
//!
//! Traps: platform packages (`php`, `ext-json`, `composer-runtime-api`) are requirements on the
//! machine and no packages; a package may be there under another name (`replace`, `provide`);
//! packages of every composer repository also state a git source, so that only a repository that
//! composer.json lists as one makes it a git dependency; versions keep their `v`.

use std::collections::{HashMap, HashSet};

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Purl,
    Relation, Scope,
};

use super::address::{is_commit, without_credentials};
use super::scopes;
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "composer-lock",
    title: "composer.lock",
    family: Some(Family::Packagist),
    kind: FormatKind::Lockfile,
    names: "composer.lock",
    claims: |path| view::file_name(path) == "composer.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Strict)?;
    let root = doc.root();
    if root.kind() != Kind::Map {
        return Err(
            Diagnostic::new(Code::FileMalformed, "a composer.lock is a JSON object").at_line(1)
        );
    }
    let manifest =
        view.read("composer.json").and_then(Result::ok).and_then(|bytes| manifest(&bytes));
    let manifest_known = manifest.is_some();
    let manifest = manifest.unwrap_or_default();
    let mut out = FileInventory::default();
    let mut entries: Vec<Value<'_>> = Vec::new();
    for (list, scope) in [("packages", Scope::Runtime), ("packages-dev", Scope::Development)] {
        for entry in root.get(list).into_iter().flat_map(Value::items) {
            let Some(mut component) = component(entry, &manifest) else {
                let message = "a package without name or version";
                let diagnostic = Diagnostic::new(Code::EntryMalformed, message);
                out.diagnostics.push(diagnostic.at_line(entry.line()));
                continue;
            };
            component.scope = scope;
            component.groups.push(list.into());
            out.add(component);
            entries.push(entry);
        }
    }
    link(&entries, &mut out);
    relate(&manifest, manifest_known, &mut out);
    Ok(out)
}

fn component(entry: Value<'_>, manifest: &Manifest) -> Option<Component> {
    let name = entry.get("name")?;
    let text = name.as_str().filter(|n| !n.is_empty())?;
    let version = entry.get("version").and_then(Value::scalar)?;
    let (namespace, package) = match text.split_once('/') {
        Some((namespace, package)) if !package.is_empty() => (Some(namespace), package),
        _ => (None, text),
    };
    let purl = Purl::new("composer", namespace, package).with_version(version);
    let mut component = Component::new(purl);
    component.line = Some(name.line());
    component.origin = origin(entry, manifest);
    let shasum = entry.path(&["dist", "shasum"]).and_then(Value::as_str);
    component.hashes.extend(shasum.and_then(|hex| Hash::from_hex(HashAlgorithm::Sha1, hex)));
    component.licence = licence(entry);
    Some(component)
}

/// A list of licences means a choice. Composer takes operators in lower case, SPDX does not.
fn licence(entry: Value<'_>) -> Option<Box<str>> {
    let licence = entry.get("license")?;
    let all: Vec<String> = licence
        .as_str()
        .into_iter()
        .chain(licence.texts())
        .map(|text| text.replace(" or ", " OR ").replace(" and ", " AND "))
        .collect();
    (!all.is_empty()).then(|| all.join(" OR ").into())
}

fn origin(entry: Value<'_>, manifest: &Manifest) -> Origin {
    let text = |table: &str, key: &str| entry.get(table).and_then(|t| t.str(key));
    if text("dist", "type") == Some("path") || text("source", "type") == Some("path") {
        let path = text("dist", "url").or_else(|| text("source", "url"));
        return Origin::Path(path.unwrap_or_default().into());
    }
    if let Some(url) = entry.str("notification-url") {
        return Origin::Registry(without_credentials(url).into());
    }
    let source = text("source", "url");
    if let Some(url) = source.filter(|url| manifest.repositories.contains(&repository(url))) {
        let commit = text("source", "reference").filter(|r| is_commit(r)).map(Into::into);
        return Origin::Git { url: without_credentials(url).into(), commit };
    }
    Origin::Unstated
}

/// A repository's address in the form in which two are compared.
fn repository(url: &str) -> String {
    url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase()
}

/// The most packages that stand in for one name; a real lock has a handful.
const MAX_STAND_INS: usize = 64;

/// What composer.json says.
#[derive(Default)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    asked: Vec<(String, Scope)>,
    repositories: HashSet<String>,
}

fn manifest(bytes: &[u8]) -> Option<Manifest> {
    let text = crate::read::text::decode(bytes).ok()?;
    let doc = json::parse(&text, Flavour::Strict).ok()?;
    let root = doc.root();
    let mut out = Manifest {
        name: root.str("name").map(str::to_owned),
        version: root.str("version").map(str::to_owned),
        ..Manifest::default()
    };
    for (table, scope) in [("require", Scope::Runtime), ("require-dev", Scope::Development)] {
        let names = root.get(table).into_iter().flat_map(Value::entries);
        out.asked.extend(
            names.filter_map(|(name, _)| Some((name.as_str()?.to_ascii_lowercase(), scope))),
        );
    }
    let repositories = root.get("repositories").into_iter();
    // A list of repositories, or a table that names them.
    let all = repositories.flat_map(|r| r.items().chain(r.entries().map(|(_, value)| value)));
    let vcs = |kind: &str| {
        matches!(kind, "vcs" | "git" | "github" | "gitlab" | "bitbucket" | "hg" | "svn")
    };
    out.repositories = all
        .filter(|r| r.str("type").is_some_and(vcs))
        .filter_map(|r| r.str("url").map(repository))
        .collect();
    Some(out)
}

/// Adds an edge for every requirement on a package of the file. Platform packages are in no list,
/// so that nothing is added for them.
fn link(entries: &[Value<'_>], out: &mut FileInventory) {
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut stand_ins: HashMap<String, Vec<u32>> = HashMap::new();
    for (i, entry) in (0u32..).zip(entries) {
        let name = entry.str("name").unwrap_or_default().to_ascii_lowercase();
        names.entry(name).or_insert(i);
        for table in ["replace", "provide"] {
            for (name, _) in entry.get(table).into_iter().flat_map(Value::entries) {
                let name = name.as_str().unwrap_or_default().to_ascii_lowercase();
                let positions = stand_ins.entry(name).or_default();
                if positions.len() < MAX_STAND_INS {
                    positions.push(i);
                }
            }
        }
    }
    for (from, entry) in (0u32..).zip(entries) {
        for (name, _) in entry.get("require").into_iter().flat_map(Value::entries) {
            let name = name.as_str().unwrap_or_default().to_ascii_lowercase();
            let other = stand_ins.get(&name).map_or(&[][..], Vec::as_slice);
            let found = names.get(&name).map_or(other, std::slice::from_ref);
            found.iter().for_each(|to| out.edge(from, *to));
        }
    }
}

/// What is direct, by composer.json; without one, what nothing else asks for.
fn relate(manifest: &Manifest, known: bool, out: &mut FileInventory) {
    let key = |c: &Component| Family::Packagist.package_name(&c.purl).to_ascii_lowercase();
    let positions: HashMap<String, u32> =
        (0u32..).zip(&out.components).map(|(i, c)| (key(c), i)).collect();
    let mut direct: Vec<(u32, Scope)> = manifest
        .asked
        .iter()
        .filter_map(|(name, scope)| Some((*positions.get(name)?, *scope)))
        .collect();
    if !known {
        let mut needed = vec![false; out.components.len()];
        for (_, to) in &out.edges {
            if let Some(slot) = needed.get_mut(*to as usize) {
                *slot = true;
            }
        }
        let free = (0u32..).zip(needed).filter(|(_, needed)| !needed);
        direct = free.map(|(i, _)| (i, Scope::Unknown)).collect();
    }
    let reached = scopes::spread(out.components.len(), &out.edges, &direct);
    for (component, reached) in out.components.iter_mut().zip(reached) {
        if reached.is_some() {
            component.relation = Relation::Transitive;
        }
    }
    for (position, _) in &direct {
        if let Some(component) = out.components.get_mut(*position as usize) {
            component.relation = Relation::Direct;
        }
    }
    let Some(name) = manifest.name.as_deref().filter(|n| !n.is_empty()) else { return };
    let (namespace, package) = name.split_once('/').map_or((None, name), |(ns, p)| (Some(ns), p));
    let purl = Purl::new("composer", namespace, package);
    let mut own =
        Component::new(purl.with_version(manifest.version.as_deref().unwrap_or_default()));
    own.relation = Relation::Own;
    own.origin = Origin::Path(".".into());
    let own = out.add(own);
    for (position, _) in direct {
        out.edge(own, position);
    }
}
