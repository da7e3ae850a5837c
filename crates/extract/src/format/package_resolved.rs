//! Swift's `Package.resolved`, versions 1 to 3.
//!
//! A package is named by its repository: version 1 has `object.pins[].repositoryURL`, versions 2
//! and 3 `pins[].location`. The purl's namespace is host and owner; SwiftURL advisories name a
//! package by its URL without scheme and `.git`. A pin is a version with its revision, or a branch
//! or bare revision, which is a commit and no version. Pins of a package registry have an identity
//! (`scope.name`) and no location. `Package.swift`, or the project that holds the file, says what
//! is asked for directly; it is searched for the addresses and not run.

use std::collections::HashSet;

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Origin, Purl, Relation};

use crate::read::json::{self, Flavour};
use crate::read::text;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "package-resolved",
    title: "Swift Package.resolved",
    family: Some(Family::SwiftUrl),
    kind: FormatKind::Lockfile,
    names: "Package.resolved",
    claims: |path| view::file_name(path) == "Package.resolved",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Relaxed)?;
    let root = doc.root();
    let pins = root.get("pins").or_else(|| root.path(&["object", "pins"]));
    let Some(pins) = pins.filter(|p| p.kind() == Kind::List) else {
        return Err(Diagnostic::new(Code::FileMalformed, "the file has no `pins`").at_line(1));
    };
    let asked = asked_for(view);
    let mut file = FileInventory::default();
    for pin in pins.items() {
        let Some(mut component) = component(pin) else {
            file.diagnostics.push(
                Diagnostic::new(Code::EntryMalformed, "a pin names no package or no state")
                    .at_line(pin.line()),
            );
            continue;
        };
        if let Some(asked) = &asked {
            let namespace = component.purl.namespace().unwrap_or_default();
            let name = format!("{namespace}/{}", component.purl.name()).to_ascii_lowercase();
            let direct = asked.contains(&name);
            component.relation = if direct { Relation::Direct } else { Relation::Transitive };
        }
        file.add(component);
    }
    Ok(file)
}

fn component(pin: Value<'_>) -> Option<Component> {
    let location = pin.str("location").or_else(|| pin.str("repositoryURL")).unwrap_or_default();
    let identity = pin.str("identity").or_else(|| pin.str("package")).unwrap_or_default();
    let state = pin.get("state")?;
    let version = state.str("version").unwrap_or_default();
    let kind = pin.str("kind").unwrap_or("remoteSourceControl");
    let purl = match kind {
        "registry" => match identity.split_once('.') {
            Some((scope, name)) => Purl::new("swift", Some(scope), name),
            None => Purl::new("generic", None, identity),
        },
        // A purl of type swift needs a host and an owner; a folder has neither.
        _ => purl(location).unwrap_or_else(|| Purl::new("generic", None, identity)),
    };
    if purl.name().is_empty() {
        return None;
    }
    let mut component = Component::new(purl.with_version(version));
    component.line = Some(pin.line());
    let local = kind == "localSourceControl" || location.starts_with(['/', '.']);
    component.origin = match kind {
        "registry" => Origin::Unstated,
        _ if local => Origin::Path(location.into()),
        // The repository is the registry: a version of it is what advisories speak about.
        _ if !version.is_empty() => Origin::Registry(location.into()),
        _ => Origin::Git { url: location.into(), commit: state.str("revision").map(Into::into) },
    };
    component.groups.extend(state.str("branch").map(Into::into));
    Some(component)
}

/// The purl of a repository's address, in any spelling that Git accepts.
pub(super) fn purl(location: &str) -> Option<Purl> {
    let plain = plain_address(location)?;
    let (namespace, name) = plain.rsplit_once('/')?;
    (!namespace.is_empty() && !name.is_empty()).then(|| Purl::new("swift", Some(namespace), name))
}

/// `host/owner/name` of an address: without scheme, user, port and `.git`.
fn plain_address(location: &str) -> Option<String> {
    let (rest, scp) = match location.split_once("://") {
        Some(("http" | "https" | "ssh" | "git", rest)) => (rest, false),
        Some(_) => return None,
        None => (location, true),
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let separator = if scp { ':' } else { '/' };
    let (host, path) = rest.split_once(separator)?;
    let host = host.split(':').next().unwrap_or(host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{host}/{path}"))
}

/// What the manifest or project asks for, as `namespace/name` in lower case: addresses, and the
/// identities of a registry (`scope.name`). `None` without a manifest.
fn asked_for(view: &FileView<'_>) -> Option<HashSet<String>> {
    let xcode = view
        .path
        .rsplit_once(".xcodeproj/")
        .map(|(project, _)| format!("{project}.xcodeproj/project.pbxproj"));
    let bytes = match xcode {
        Some(project) => view.files.read(&project)?,
        None => view.read("Package.swift")?,
    };
    let bytes = bytes.ok()?;
    let text = text::decode(&bytes).ok()?;
    let quoted = text.split('"').skip(1).step_by(2);
    let names = quoted.filter_map(|asked| match plain_address(asked) {
        Some(address) => Some(address.to_ascii_lowercase()),
        None => asked
            .split_once('.')
            .map(|(scope, name)| format!("{scope}/{name}").to_ascii_lowercase()),
    });
    Some(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_host_owner_and_name() {
        for text in [
            "https://github.com/apple/swift-nio.git",
            "http://github.com/apple/swift-nio/",
            "git@github.com:apple/swift-nio.git",
            "ssh://git@github.com:22/apple/swift-nio",
        ] {
            assert_eq!(
                plain_address(text).as_deref(),
                Some("github.com/apple/swift-nio"),
                "{text}"
            );
        }
        assert_eq!(plain_address("/home/x"), None);
        assert_eq!(plain_address("file:///x/y"), None);
    }
}
