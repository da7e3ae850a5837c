//! pixi.lock, versions 4 to 6: environments name archives by platform, `packages` describes each.
//!
//! Up to version 5 an entry has a `kind`, a name and a version; from 6 on its address says whose
//! it is (`conda:` or `pypi:`), and for conda the name and version, too. The archives of several
//! platforms are one component.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Hash, HashAlgorithm, Origin, Relation,
};

use super::pep508::Requirement;
use super::{conda, pypi, scopes};
use crate::read::tree::Value;
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pixi-lock",
    title: "pixi.lock",
    family: None,
    kind: FormatKind::Lockfile,
    names: "pixi.lock",
    claims: |path| view::file_name(path) == "pixi.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::lockfile(&text, "pixi lock")?;
    let root = doc.root();
    let version = root.get("version").and_then(Value::as_u64).unwrap_or_default();
    if !(4..=6).contains(&version) {
        return Err(Diagnostic::new(
            Code::FormatVersion,
            format!("pixi.lock version {version} is not read (4 to 6 are)"),
        )
        .help("update trimtab, or write the lockfile with another pixi"));
    }
    let mut out = FileInventory::default();
    let mut known: HashMap<(String, String), u32> = HashMap::new();
    let mut by_name: HashMap<(bool, String), Vec<u32>> = HashMap::new();
    let mut entries = Vec::new();
    for entry in root.get("packages").into_iter().flat_map(Value::items) {
        let pip = entry.get("pypi").is_some() || entry.str("kind") == Some("pypi");
        let Some(mut component) = component(entry, pip) else {
            let message = "a package without name or version";
            out.diagnostics
                .push(Diagnostic::new(Code::EntryMalformed, message).at_line(entry.line()));
            continue;
        };
        component.line = Some(entry.line());
        let name = pypi::key(component.purl.name()).into_owned();
        let identity = (component.purl.to_string(), format!("{:?}", component.origin));
        let at = match known.get(&identity) {
            Some(at) => {
                if let Some(first) = out.components.get_mut(*at as usize) {
                    first.hashes.append(&mut component.hashes);
                }
                *at
            }
            None => {
                let at = out.add(component);
                known.insert(identity, at);
                by_name.entry((pip, name)).or_default().push(at);
                at
            }
        };
        entries.push((at, pip, entry));
    }
    for (from, pip, entry) in entries {
        let list = |key: &str| entry.get(key).into_iter().flat_map(Value::texts);
        let conda = list("depends").filter_map(|d| conda::spec(d).map(|(name, _)| name));
        let python = list("requires_dist")
            .filter(|d| !d.contains("extra =="))
            .filter_map(|d| Some(Requirement::parse(d)?.name));
        for name in conda.chain(python) {
            let key = pypi::key(name).into_owned();
            // What pip needs may have come from conda. Which of several versions is needed
            // depends on the platform: no edge is guessed.
            let own = by_name.get(&(pip, key.clone())).or_else(|| by_name.get(&(!pip, key)));
            if let Some([to]) = own.map(Vec::as_slice) {
                out.edge(from, *to);
            }
        }
    }
    let own = |at: u32| out.components.get(at as usize).map(|c| c.relation) == Some(Relation::Own);
    let direct: Vec<u32> = out.edges.iter().filter(|(a, _)| own(*a)).map(|(_, b)| *b).collect();
    for at in direct {
        if let Some(component) = out.components.get_mut(at as usize) {
            component.relation = Relation::Direct;
        }
    }
    scopes::relate_by_edges(&mut out);
    Ok(out)
}

fn component(entry: Value<'_>, pip: bool) -> Option<Component> {
    let key = if pip { "pypi" } else { "conda" };
    let url = entry.str(key).or_else(|| entry.str("url")).unwrap_or_default();
    let scalar = |key: &str| entry.get(key).and_then(Value::scalar);
    let archive = conda::Archive::of(url).filter(|_| !pip);
    let name = scalar("name").or(archive.as_ref().map(|a| a.name)).filter(|n| !n.is_empty())?;
    let version = scalar("version").or(archive.as_ref().map(|a| a.version));
    let purl = if pip { pypi::purl(name) } else { conda::purl(name) };
    let mut component = Component::new(purl.with_version(version.unwrap_or_default()));
    let foreign = || {
        let path = scalar("path").map(|path| Origin::Path(path.into()));
        path.unwrap_or_else(|| pypi::origin(url).0)
    };
    component.origin = match archive {
        Some(archive) => archive.component().origin,
        // A wheel of a registry: its address does not say which.
        None => match foreign() {
            Origin::Url(_) if pip && version.is_some() => Origin::Unstated,
            origin => origin,
        },
    };
    if matches!(&component.origin, Origin::Path(path) if matches!(&**path, "." | "./")) {
        component.relation = Relation::Own;
    }
    let hex = |key: &str, algorithm| Hash::from_hex(algorithm, scalar(key)?);
    let hash = hex("sha256", HashAlgorithm::Sha256).or_else(|| hex("md5", HashAlgorithm::Md5));
    component.hashes = hash.into_iter().collect();
    component.licence = entry.str("license").map(Into::into);
    Some(component)
}
