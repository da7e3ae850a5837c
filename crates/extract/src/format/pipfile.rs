//! Pipfile where no Pipfile.lock stands beside it: `==` pins, everything else floats.

use std::collections::HashMap;

use trimtab_model::{Diagnostic, Family, FileInventory, Relation};

use super::{floating, pipfile_lock};
use crate::read::toml;
use crate::read::tree::Value;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pipfile",
    title: "Pipfile without a lockfile",
    family: Some(Family::PyPI),
    kind: FormatKind::Manifest,
    names: "Pipfile",
    claims: |path| view::file_name(path) == "Pipfile",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let mut out = FileInventory::default();
    if floating::locked_beside(view, &["Pipfile.lock"]) {
        return Ok(out);
    }
    let root = doc.root();
    let sources: HashMap<&str, &str> = root
        .get("source")
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|source| Some((source.str("name")?, source.str("url")?)))
        .collect();
    for (table, packages) in root.entries() {
        let category = match table.as_str().unwrap_or_default() {
            "source" | "requires" | "scripts" | "pipenv" => continue,
            "packages" => "default",
            "dev-packages" => "develop",
            other => other,
        };
        for (name, entry) in packages.entries() {
            let Some(text) = name.as_str().filter(|n| !n.is_empty()) else { continue };
            let mut component = pipfile_lock::component(text, entry, &sources);
            component.line = Some(name.line());
            component.scope = pipfile_lock::scope(category);
            component.groups.push(category.into());
            if component.relation != Relation::Own {
                component.relation = Relation::Direct;
            }
            out.add(component);
        }
    }
    floating::note(&mut out);
    Ok(out)
}
