//! composer.json where no composer.lock stands beside it.
//!
//! Traps: a name without `/` is the platform (`php`, `ext-json`), not a package; a manifest under
//! `vendor/` is that of an installed package, which the project's own files speak for.

use trimtab_model::{Component, Diagnostic, Family, FileInventory, Origin, Purl, Relation, Scope};

use super::floating;
use super::npm;
use crate::read::json::Flavour;
use crate::read::tree::Value;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "composer-json",
    title: "composer.json without a lockfile",
    family: Some(Family::Packagist),
    kind: FormatKind::Manifest,
    names: "composer.json",
    claims: |path| view::file_name(path) == "composer.json",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = npm::object(&text, Flavour::Strict, "a composer.json")?;
    let root = doc.root();
    let mut out = FileInventory::default();
    let installed = view.path.split('/').any(|part| part == "vendor");
    if installed || floating::locked_beside(view, &["composer.lock"]) {
        return Ok(out);
    }
    let purl = |name: &str| {
        let (namespace, package) = name.split_once('/')?;
        let whole = !namespace.is_empty() && !package.is_empty();
        whole.then(|| Purl::new("composer", Some(namespace), package))
    };
    let asks = ["require", "require-dev"].iter().any(|table| root.get(table).is_some());
    let own = root.get("name").filter(|_| asks).and_then(|name| {
        let version = root.str("version").unwrap_or_default();
        let mut own = Component::new(purl(name.as_str()?)?.with_version(version));
        own.relation = Relation::Own;
        own.origin = Origin::Path(".".into());
        own.line = Some(name.line());
        Some(out.add(own))
    });
    for (table, scope) in [("require", Scope::Runtime), ("require-dev", Scope::Development)] {
        for (name, wanted) in root.get(table).into_iter().flat_map(Value::entries) {
            let Some(purl) = name.as_str().and_then(purl) else { continue };
            let asks = wanted.as_str().unwrap_or_default();
            let version = floating::exact(asks.split('@').next().unwrap_or(asks));
            let position = out.add(floating::direct(purl, version, asks, scope, name.line()));
            out.edges.extend(own.map(|own| (own, position)));
        }
    }
    floating::note(&mut out);
    Ok(out)
}
