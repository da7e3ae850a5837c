//! conda-lock.yml of conda-lock, version 1: every package of every platform, of conda and of pip.
//!
//! A package stands once for each platform; here it is one component with the digests of all its
//! archives. A package of pip is PyPI's. Which packages are asked for directly stands in the
//! sources, of which an environment.yml beside the lockfile is read.

use std::collections::{BTreeMap, HashMap, HashSet};

use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Hash, HashAlgorithm, Relation, Scope,
};

use super::{address, conda, environment_yml, pypi, scopes};
use crate::read::tree::Value;
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "conda-lock",
    title: "conda-lock.yml",
    family: None,
    kind: FormatKind::Lockfile,
    names: "conda-lock.yml, *.conda-lock.yml",
    claims: |path| {
        let name = view::file_name(path);
        let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
        stem.is_some_and(|stem| stem == "conda-lock" || stem.ends_with(".conda-lock"))
    },
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::lockfile(&text, "conda-lock")?;
    let root = doc.root();
    if let Some(version) = root.get("version").and_then(Value::as_u64).filter(|v| *v > 1) {
        return Err(Diagnostic::new(
            Code::FormatVersion,
            format!("conda-lock version {version} is newer than what is read (1)"),
        )
        .help("update trimtab"));
    }
    let mut out = FileInventory::default();
    let mut known: HashMap<(bool, String, &str), u32> = HashMap::new();
    // By platform, manager (pip or not) and name.
    let mut places: HashMap<(&str, bool, String), u32> = HashMap::new();
    let mut entries = Vec::new();
    for entry in root.get("package").into_iter().flat_map(Value::items) {
        let name = entry.get("name").and_then(Value::scalar).filter(|n| !n.is_empty());
        let (Some(name), Some(version)) = (name, entry.get("version").and_then(Value::scalar))
        else {
            let message = "a package without name or version";
            out.diagnostics
                .push(Diagnostic::new(Code::EntryMalformed, message).at_line(entry.line()));
            continue;
        };
        let pip = entry.str("manager") == Some("pip");
        let key = key(pip, name);
        let at = match known.get(&(pip, key.clone(), version)) {
            Some(at) => *at,
            None => {
                let at = out.add(component(entry, pip, name, version));
                known.insert((pip, key.clone(), version), at);
                at
            }
        };
        merge(&mut out.components[at as usize], entry, pip);
        let platform = entry.str("platform").unwrap_or_default();
        places.insert((platform, pip, key), at);
        entries.push((at, platform, pip, entry));
    }
    for (from, platform, pip, entry) in entries {
        for (name, _) in entry.get("dependencies").into_iter().flat_map(Value::entries) {
            let name = name.scalar().unwrap_or_default();
            // What pip needs may have come from conda.
            let places = [pip, !pip].map(|pip| places.get(&(platform, pip, key(pip, name))));
            if let Some(to) = places.into_iter().flatten().next() {
                out.edge(from, *to);
            }
        }
    }
    relate(view, root, &mut out);
    Ok(out)
}

fn key(pip: bool, name: &str) -> String {
    if pip { pypi::key(name).into_owned() } else { name.to_ascii_lowercase() }
}

fn component(entry: Value<'_>, pip: bool, name: &str, version: &str) -> Component {
    let purl = if pip { pypi::purl(name) } else { conda::purl(name) };
    let mut component = Component::new(purl.with_version(version));
    component.line = Some(entry.line());
    let url = entry.str("url").unwrap_or_default();
    component.origin = match conda::Archive::of(url).filter(|_| !pip) {
        Some(archive) => archive.component().origin,
        None if pip => match pypi::origin(url).0 {
            git @ trimtab_model::Origin::Git { .. } => git,
            _ => trimtab_model::Origin::Unstated,
        },
        None => trimtab_model::Origin::Url(address::without_credentials(url).into()),
    };
    component
}

/// Adds what the entry of one platform says.
fn merge(component: &mut Component, entry: Value<'_>, pip: bool) {
    let category = entry.str("category").unwrap_or("main");
    // A category other than those for work on the project is installed only where it is named.
    let scope = match category {
        "main" if entry.flag("optional") => Scope::Optional,
        "main" => Scope::Runtime,
        "dev" | "develop" | "development" => Scope::Development,
        "test" | "tests" | "testing" => Scope::Test,
        _ => Scope::Optional,
    };
    component.scope = component.scope.max(scope);
    pypi::add_group(&mut component.groups, category.into());
    let digest = |name: &str, algorithm| {
        let hex = entry.get("hash")?.get(name).and_then(Value::scalar)?;
        Hash::from_hex(algorithm, hex)
    };
    let strong = digest("sha256", HashAlgorithm::Sha256);
    let hash = strong.or_else(|| digest("md5", HashAlgorithm::Md5).filter(|_| !pip));
    component.hashes.extend(hash.filter(|hash| !component.hashes.contains(hash)));
}

/// What is direct: by the sources, where all of them can be read; else what nobody else asks for.
fn relate(view: &FileView<'_>, root: Value<'_>, out: &mut FileInventory) {
    let sources = root.path(&["metadata", "sources"]).into_iter().flat_map(Value::texts);
    let mut asked: BTreeMap<bool, HashSet<String>> = BTreeMap::new();
    let mut all = true;
    for source in sources {
        let found = view.read(source).and_then(Result::ok);
        match found.and_then(|bytes| environment_yml::asked(&bytes)) {
            Some(names) => {
                for (pip, name) in names {
                    asked.entry(pip).or_default().insert(key(pip, &name));
                }
            }
            None => all = false,
        }
    }
    if all && !asked.is_empty() {
        for component in &mut out.components {
            let pip = component.purl.purl_type() == "pypi";
            let name = key(pip, component.purl.name());
            if asked.get(&pip).is_some_and(|names| names.contains(&name)) {
                component.relation = Relation::Direct;
            }
        }
        scopes::relate_rest(out);
    } else {
        scopes::relate_by_edges(out);
    }
}
