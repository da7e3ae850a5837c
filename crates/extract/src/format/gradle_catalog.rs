//! Gradle's version catalogues: `libs.versions.toml`.
//!
//! Follows the Gradle manual, "Version catalogs" and "Rich versions". A catalogue says what build
//! scripts may ask for by a short name; which of it a project takes, and for what, only the
//! scripts say, and they are programs. So everything is listed, with an unknown scope; plugins are
//! build scope, under the name of their marker `id:id.gradle.plugin`.
//!
//! A version is what Gradle takes if nothing else asks for more. `strictly` and `require` of one
//! version name it, `prefer` names it where they are ranges; `+`, `latest.…` and ranges float.
//! A Gradle lock in the project says what was taken, and then the catalogue is silent.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Purl, Relation, Scope, Unmanaged,
    UnmanagedReason,
};

use crate::read::toml;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "gradle-version-catalog",
    title: "Gradle version catalogue",
    family: Some(Family::Maven),
    kind: FormatKind::Manifest,
    names: "libs.versions.toml, *.versions.toml",
    claims: |path| view::file_name(path).ends_with(".versions.toml"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    if is_locked(view) {
        return Ok(FileInventory::default());
    }
    let root = doc.root();
    let versions: HashMap<&str, Wanted> =
        entries(root, "versions").map(|(name, value)| (name, Wanted::of(value))).collect();
    let mut out = FileInventory::default();
    for (alias, value) in entries(root, "libraries") {
        let entry = library(value)
            .map(|(group, name, version)| (Purl::new("maven", Some(group), name), version));
        add(&mut out, &versions, alias, value, entry, Scope::Unknown);
    }
    for (alias, value) in entries(root, "plugins") {
        let entry = plugin(value).map(|(id, version)| {
            (Purl::new("maven", Some(id), &format!("{id}.gradle.plugin")), version)
        });
        add(&mut out, &versions, alias, value, entry, Scope::Build);
    }
    if !out.components.is_empty() {
        out.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::NoLockfile,
            package: None,
            requirement: None,
            line: None,
        });
    }
    Ok(out)
}

/// Whether a Gradle lock lies in the project that the catalogue belongs to.
fn is_locked(view: &FileView<'_>) -> bool {
    let folder = view::folder(view.path);
    let project = if view::file_name(folder) == "gradle" { view::folder(folder) } else { folder };
    let inside = |path: &str| {
        project.is_empty() || path.strip_prefix(project).is_some_and(|p| p.starts_with('/'))
    };
    // The lock of a build script says nothing about libraries.
    let is_lock = |path: &str| {
        (super::gradle_lockfile::FORMAT.claims)(path)
            && !view::file_name(path).starts_with("buildscript-")
    };
    view.files.exists(&view::join(project, "gradle.lockfile"))
        || view.files.claimed().iter().any(|path| inside(path) && is_lock(path))
}

fn entries<'d>(root: Value<'d>, table: &str) -> impl Iterator<Item = (&'d str, Value<'d>)> {
    let entries = root.get(table).into_iter().flat_map(Value::entries);
    entries.filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// Where an entry has its version.
enum Stated<'d> {
    Inline(&'d str),
    Value(Value<'d>),
    Reference(&'d str),
    Nowhere,
}

fn stated(table: Value<'_>) -> Stated<'_> {
    let Some(version) = table.get("version") else { return Stated::Nowhere };
    match version.str("ref") {
        Some(name) => Stated::Reference(name),
        None => Stated::Value(version),
    }
}

/// `"group:name:version"`, or a table with `module`, or with `group` and `name`.
fn library(value: Value<'_>) -> Option<(&str, &str, Stated<'_>)> {
    if let Some(text) = value.as_str() {
        let mut parts = text.splitn(3, ':').map(str::trim);
        let (group, name) = (parts.next()?, parts.next()?);
        let version = parts.next().map_or(Stated::Nowhere, Stated::Inline);
        return filled(group, name).then_some((group, name, version));
    }
    let (group, name) = match value.str("module") {
        Some(module) => module.split_once(':')?,
        None => (value.str("group")?, value.str("name")?),
    };
    filled(group, name).then_some((group, name, stated(value)))
}

/// `"id:version"`, or a table with `id`.
fn plugin(value: Value<'_>) -> Option<(&str, Stated<'_>)> {
    let (id, version) = match value.as_str() {
        Some(text) => match text.split_once(':') {
            Some((id, version)) => (id, Stated::Inline(version)),
            None => (text, Stated::Nowhere),
        },
        None => (value.str("id")?, stated(value)),
    };
    filled(id, id).then_some((id, version))
}

fn filled(group: &str, name: &str) -> bool {
    let part = |text: &str| !text.is_empty() && !text.contains([':', '/', ' ']);
    part(group) && part(name)
}

/// What a version declaration comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// This version, unless something else asks for more.
    Version(String),
    /// A range, `latest…`, or a version to be avoided only.
    Floating(String),
    /// Nothing is said.
    Nothing,
}

impl Wanted {
    fn of(value: Value<'_>) -> Wanted {
        match value.kind() {
            Kind::Map => Wanted::rich(value),
            _ => value.scalar().map_or(Wanted::Nothing, Wanted::plain),
        }
    }

    /// One text, which may have the short forms `1.2!!` and `[1,2[!!1.5` for `strictly`.
    fn plain(text: &str) -> Wanted {
        let text = text.trim();
        match text.split_once("!!") {
            _ if text.is_empty() => Wanted::Nothing,
            Some((strict, "")) => Wanted::plain(strict),
            Some((_, preferred)) => Wanted::plain(preferred),
            None if floats(text) => Wanted::Floating(text.to_owned()),
            None => Wanted::Version(text.to_owned()),
        }
    }

    fn rich(table: Value<'_>) -> Wanted {
        let strong = table.str("strictly").or_else(|| table.str("require"));
        let strong = strong.map_or(Wanted::Nothing, Wanted::plain);
        let preferred = table.str("prefer").map_or(Wanted::Nothing, Wanted::plain);
        match (strong, preferred) {
            (Wanted::Version(version), _) | (_, Wanted::Version(version)) => {
                Wanted::Version(version)
            }
            (Wanted::Floating(range), _) | (_, Wanted::Floating(range)) => Wanted::Floating(range),
            (Wanted::Nothing, Wanted::Nothing) => Wanted::Nothing,
        }
    }
}

/// Whether a version of Gradle's notation names more than one.
fn floats(text: &str) -> bool {
    text.ends_with('+')
        || text.starts_with(['[', '(', ']'])
        || text.starts_with("latest.")
        || text.contains(',')
}

fn add(
    out: &mut FileInventory,
    versions: &HashMap<&str, Wanted>,
    alias: &str,
    value: Value<'_>,
    entry: Option<(Purl, Stated<'_>)>,
    scope: Scope,
) {
    let line = value.line();
    let malformed = |what: String| Diagnostic::new(Code::EntryMalformed, what).at_line(line);
    let Some((purl, stated)) = entry else {
        let what = format!("the catalogue entry `{alias}` does not name a module or plugin");
        out.diagnostics.push(malformed(what));
        return;
    };
    let wanted = match stated {
        Stated::Inline(text) => Wanted::plain(text),
        Stated::Value(value) => Wanted::of(value),
        Stated::Nowhere => Wanted::Nothing,
        Stated::Reference(name) => match versions.get(name) {
            Some(wanted) => wanted.clone(),
            None => {
                out.diagnostics.push(malformed(format!(
                    "the catalogue entry `{alias}` refers to the version `{name}`, which is not declared"
                )));
                Wanted::Nothing
            }
        },
    };
    let mut component = Component::new(purl);
    component.relation = Relation::Direct;
    component.scope = scope;
    component.line = Some(line);
    let reason = match wanted {
        Wanted::Version(version) => {
            component.purl = component.purl.with_version(&version);
            None
        }
        Wanted::Floating(range) => {
            component.requirement = Some(range.into());
            Some(UnmanagedReason::FloatingVersion)
        }
        // A platform (BOM) may give the version; which, only the build scripts say.
        Wanted::Nothing => Some(UnmanagedReason::Unresolved),
    };
    out.unmanaged.extend(reason.map(|reason| Unmanaged {
        reason,
        package: Some(component.purl.clone()),
        requirement: component.requirement.clone(),
        line: Some(line),
    }));
    out.add(component);
}
