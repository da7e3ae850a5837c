//! R's `renv.lock`.
//!
//! `Source` says where a package comes from: a repository (CRAN or a mirror of it), Bioconductor,
//! or a remote (GitHub, GitLab, Bitbucket, a Git repository, a URL, a local file). Only the first
//! two are what advisories speak about. `Hash` is the MD5 of fields of the package's DESCRIPTION
//! file. Edges are in `Requirements`, in newer locks in `Depends`, `Imports` and `LinkingTo`; they
//! also name R itself and its base packages, which are not locked.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Purl,
};

use super::scopes;
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "renv-lock",
    title: "R renv.lock",
    family: Some(Family::Cran),
    kind: FormatKind::Lockfile,
    names: "renv.lock",
    claims: |path| view::file_name(path) == "renv.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Strict)?;
    let root = doc.root();
    if root.kind() != Kind::Map {
        return Err(
            Diagnostic::new(Code::FileMalformed, "the lockfile is not a JSON object").at_line(1)
        );
    }
    let repositories: HashMap<&str, &str> = root
        .path(&["R", "Repositories"])
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|r| Some((r.str("Name")?, r.str("URL")?)))
        .collect();
    let mut file = FileInventory::default();
    let mut by_name = HashMap::new();
    let mut needs = Vec::new();
    for (key, entry) in root.get("Packages").into_iter().flat_map(Value::entries) {
        let name = entry.str("Package").or(key.scalar()).filter(|n| !n.is_empty());
        let (Some(name), Some(version)) = (name, entry.get("Version").and_then(Value::scalar))
        else {
            file.diagnostics.push(
                Diagnostic::new(Code::EntryMalformed, "a package has no name or no version")
                    .at_line(key.line()),
            );
            continue;
        };
        let mut component = component(name, version, entry, &repositories);
        component.line = Some(key.line());
        let at = file.add(component);
        by_name.insert(name, at);
        needs.push((at, entry));
    }
    for (from, entry) in needs {
        for list in ["Requirements", "Depends", "Imports", "LinkingTo"] {
            for wanted in entry.get(list).into_iter().flat_map(Value::texts) {
                // `name (>= 1.0)` in the newer lists.
                let name = wanted.split([' ', '(']).next().unwrap_or(wanted);
                if let Some(to) = by_name.get(name) {
                    file.edge(from, *to);
                }
            }
        }
    }
    // A lock without any edge is one of a renv that wrote none.
    if !file.edges.is_empty() {
        scopes::relate_by_edges(&mut file);
    }
    Ok(file)
}

fn component(
    name: &str,
    version: &str,
    entry: Value<'_>,
    repositories: &HashMap<&str, &str>,
) -> Component {
    let source = entry.str("Source").unwrap_or_default();
    let repository = entry.str("Repository").unwrap_or_default();
    let bioconductor = source.eq_ignore_ascii_case("bioconductor")
        || repository.starts_with("Bioconductor")
        || repository.starts_with("BioC");
    let purl_type = if bioconductor { "bioconductor" } else { "cran" };
    let mut component = Component::new(Purl::new(purl_type, None, name).with_version(version));
    component.hashes = entry
        .str("Hash")
        .and_then(|hex| Hash::from_hex(HashAlgorithm::Md5, hex))
        .into_iter()
        .collect();
    component.origin = origin(source, entry).unwrap_or_else(|| {
        let url = repositories.get(repository).copied().unwrap_or(repository);
        if url.is_empty() { Origin::Unstated } else { Origin::Registry(url.into()) }
    });
    component
}

/// Where a package comes from, if not from a repository of R packages.
fn origin(source: &str, entry: Value<'_>) -> Option<Origin> {
    let remote = |key| entry.str(key).filter(|v| !v.is_empty());
    let host = match source.to_ascii_lowercase().as_str() {
        "github" => "github.com",
        "gitlab" => "gitlab.com",
        "bitbucket" => "bitbucket.org",
        "local" | "cellar" => {
            return Some(Origin::Path(remote("RemoteUrl").unwrap_or_default().into()));
        }
        "url" => return Some(Origin::Url(remote("RemoteUrl").unwrap_or_default().into())),
        "git" | "git2r" | "xgit" => "",
        // Without a source, what a remote or repository says counts.
        "" if remote("RemoteUsername").is_some() => "github.com",
        _ => return None,
    };
    let commit = remote("RemoteSha").map(Into::into);
    if let Some(url) = remote("RemoteUrl") {
        return Some(Origin::Git { url: url.into(), commit });
    }
    // The API's host is not where the repository is.
    let stated = remote("RemoteHost").map(|h| h.split('/').next().unwrap_or(h));
    let host = stated.filter(|h| !h.starts_with("api.")).unwrap_or(host);
    let (user, name) = (remote("RemoteUsername")?, remote("RemoteRepo")?);
    Some(Origin::Git { url: format!("https://{host}/{user}/{name}").into(), commit })
}
