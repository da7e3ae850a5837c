//! pubspec.yaml where no pubspec.lock stands beside it, nor above it for a member of a workspace.

use trimtab_model::{Component, Diagnostic, Family, FileInventory, Origin, Purl, Relation, Scope};

use super::{address, floating};
use crate::read::tree::Value;
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pubspec-yaml",
    title: "Dart pubspec.yaml without a lockfile",
    family: Some(Family::Pub),
    kind: FormatKind::Manifest,
    names: "pubspec.yaml",
    claims: |path| view::file_name(path) == "pubspec.yaml",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::parse(&text)?;
    let root = doc.root();
    let mut out = FileInventory::default();
    let member = root.str("resolution") == Some("workspace");
    if floating::locked_beside(view, &["pubspec.lock"])
        || (member && floating::locked_above(view, &["pubspec.lock"]))
    {
        return Ok(out);
    }
    let own = root.get("name").and_then(|name| {
        let version = root.get("version").and_then(Value::scalar).unwrap_or_default();
        let purl = Purl::new("pub", None, name.as_str().filter(|n| !n.is_empty())?);
        let mut own = Component::new(purl.with_version(version));
        own.relation = Relation::Own;
        own.line = Some(name.line());
        Some(out.add(own))
    });
    for (table, scope) in
        [("dependencies", Scope::Runtime), ("dev_dependencies", Scope::Development)]
    {
        for (name, entry) in root.get(table).into_iter().flat_map(Value::entries) {
            let Some(text) = name.scalar().filter(|n| !n.is_empty()) else { continue };
            let mut component = component(text, entry);
            component.relation = Relation::Direct;
            component.scope = scope;
            component.line = Some(name.line());
            let position = out.add(component);
            out.edges.extend(own.map(|own| (own, position)));
        }
    }
    floating::note(&mut out);
    Ok(out)
}

/// A requirement, or a table that says where the package comes from.
fn component(name: &str, entry: Value<'_>) -> Component {
    let text = |value: Option<Value<'_>>| value.and_then(Value::scalar).map(str::to_owned);
    let asks = text(Some(entry)).or_else(|| text(entry.get("version"))).unwrap_or_default();
    let hosted = entry.get("hosted");
    let name = text(hosted.and_then(|h| h.get("name"))).unwrap_or_else(|| name.to_owned());
    let purl = Purl::new("pub", None, &name);
    let mut component = floating::direct(purl, floating::exact(&asks), &asks, Scope::Unknown, 0);
    if let Some(git) = entry.get("git") {
        let url = text(Some(git)).or_else(|| text(git.get("url"))).unwrap_or_default();
        component.origin = address::git(&url, text(git.get("ref")).as_deref());
    } else if let Some(path) = text(entry.get("path")) {
        component.origin = Origin::Path(path.into());
    } else if let Some(sdk) = text(entry.get("sdk")) {
        component.origin = Origin::Url(format!("sdk:{sdk}").into());
    } else if let Some(url) = text(hosted).or_else(|| text(hosted.and_then(|h| h.get("url")))) {
        component.origin = Origin::Registry(address::without_credentials(&url).into());
    }
    component
}
