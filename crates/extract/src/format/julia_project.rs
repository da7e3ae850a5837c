//! Julia's Project.toml where no Manifest.toml stands beside or above it.
//!
//! `[deps]` has names and UUIDs, `[compat]` what versions will do: `=1.2.3` is one, `1.2.3` is not.

use trimtab_model::{Component, Diagnostic, Family, FileInventory, Purl, Relation, Scope};

use super::floating;
use super::julia_manifest;
use crate::read::toml;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "julia-project",
    title: "Julia Project.toml without a manifest",
    family: Some(Family::Julia),
    kind: FormatKind::Manifest,
    names: "Project.toml, JuliaProject.toml",
    claims: |path| matches!(view::file_name(path), "Project.toml" | "JuliaProject.toml"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let root = doc.root();
    let mut out = FileInventory::default();
    // The name of the manifest may carry the version of Julia.
    let locked = view.folders_up().any(|folder| {
        let here = |path: &&String| view::folder(path) == folder;
        view.files.claimed().iter().filter(here).any(|path| (julia_manifest::FORMAT.claims)(path))
    });
    if locked || root.get("deps").is_none_or(|deps| deps.kind() != Kind::Map) {
        return Ok(out);
    }
    let own = root.get("name").and_then(|name| {
        let purl = Purl::new("julia", None, name.as_str().filter(|n| !n.is_empty())?)
            .with_version(root.str("version").unwrap_or_default())
            .with_qualifier("uuid", root.str("uuid").unwrap_or_default());
        let mut own = Component::new(purl);
        own.relation = Relation::Own;
        own.line = Some(name.line());
        Some(out.add(own))
    });
    for (table, scope) in
        [("deps", Scope::Runtime), ("weakdeps", Scope::Optional), ("extras", Scope::Test)]
    {
        for (name, uuid) in root.get(table).into_iter().flat_map(Value::entries) {
            let Some(text) = name.as_str().filter(|n| !n.is_empty()) else { continue };
            let asks = root.get("compat").and_then(|c| c.str(text)).unwrap_or_default();
            let version = asks.starts_with('=').then(|| floating::exact(asks)).flatten();
            let purl = Purl::new("julia", None, text)
                .with_qualifier("uuid", uuid.as_str().unwrap_or_default());
            let position = out.add(floating::direct(purl, version, asks, scope, name.line()));
            out.edges.extend(own.map(|own| (own, position)));
        }
    }
    floating::note(&mut out);
    Ok(out)
}
