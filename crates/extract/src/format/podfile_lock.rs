//! CocoaPods' `Podfile.lock`.
//!
//! `PODS` lists every pod and subspec with its version and needs, `DEPENDENCIES` what the Podfile
//! asks for, `EXTERNAL SOURCES` and `CHECKOUT OPTIONS` where a pod does not come from a spec
//! repository, `SPEC CHECKSUMS` the SHA-1 of each pod's podspec (not of its code). A subspec is
//! part of its root pod: the same package, with a subpath in the purl.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Hash, HashAlgorithm, Origin, Purl, Relation,
};

use super::scopes;
use crate::read::tree::Value;
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "podfile-lock",
    title: "CocoaPods Podfile.lock",
    family: None,
    kind: FormatKind::Lockfile,
    names: "Podfile.lock",
    claims: |path| view::file_name(path) == "Podfile.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::lockfile(&text, "pod install")?;
    let root = doc.root();
    let sources = Sources::of(root);
    let mut file = FileInventory::default();
    let mut by_name: HashMap<&str, u32> = HashMap::new();
    let mut needs = Vec::new();
    for entry in root.get("PODS").into_iter().flat_map(Value::items) {
        // A pod without needs is a text, one with needs a map of one key.
        let (spec, wanted) = match entry.entries().next() {
            Some((spec, wanted)) => (spec, Some(wanted)),
            None => (entry, None),
        };
        let parsed = spec.scalar().map(split).filter(|(name, _)| !name.is_empty());
        let Some((name, Some(version))) = parsed else {
            file.diagnostics.push(
                Diagnostic::new(Code::EntryMalformed, "a pod has no name or no version")
                    .at_line(entry.line()),
            );
            continue;
        };
        let (pod, subspec) = name.split_once('/').unwrap_or((name, ""));
        let purl = Purl::new("cocoapods", None, pod).with_version(version).with_subpath(subspec);
        let mut component = Component::new(purl);
        component.line = Some(entry.line());
        component.origin = sources.origins.get(pod).cloned().unwrap_or_default();
        component.hashes = sources.checksums.get(pod).cloned().into_iter().collect();
        let at = file.add(component);
        by_name.insert(name, at);
        needs.extend(wanted.map(|wanted| (at, wanted)));
    }
    for (from, wanted) in needs {
        for name in wanted.items().filter_map(Value::scalar).map(|w| split(w).0) {
            if let Some(to) = by_name.get(name) {
                file.edge(from, *to);
            }
        }
    }
    for wanted in root.get("DEPENDENCIES").into_iter().flat_map(Value::items) {
        let name = wanted.scalar().map_or("", |w| split(w).0);
        if let Some(at) = by_name.get(name) {
            file.components[*at as usize].relation = Relation::Direct;
        }
    }
    scopes::relate_rest(&mut file);
    Ok(file)
}

/// The name and what stands in brackets behind it: a version, a requirement or a source.
fn split(spec: &str) -> (&str, Option<&str>) {
    match spec.split_once(" (") {
        Some((name, rest)) => (name.trim(), rest.strip_suffix(')').filter(|v| !v.is_empty())),
        None => (spec.trim(), None),
    }
}

/// Where pods come from, by the name of the root pod.
struct Sources<'d> {
    origins: HashMap<&'d str, Origin>,
    checksums: HashMap<&'d str, Hash>,
}

impl<'d> Sources<'d> {
    fn of(root: Value<'d>) -> Sources<'d> {
        let section = |name| root.get(name).into_iter().flat_map(Value::entries);
        let mut origins = HashMap::new();
        for (repository, pods) in section("SPEC REPOS") {
            // `trunk` is CocoaPods' own.
            let Some(repository) = repository.scalar().filter(|r| *r != "trunk") else { continue };
            for pod in pods.items().filter_map(Value::scalar) {
                origins.insert(pod, Origin::Registry(repository.into()));
            }
        }
        // Keys are Ruby symbols: `:git: url`. What was checked out is more exact than what was asked.
        for (pod, options) in section("EXTERNAL SOURCES").chain(section("CHECKOUT OPTIONS")) {
            let Some(pod) = pod.scalar() else { continue };
            let pod = pod.split('/').next().unwrap_or(pod);
            let text = |key| options.get(key).and_then(Value::scalar);
            let origin = if let Some(url) = text(":git") {
                Origin::Git { url: url.into(), commit: text(":commit").map(Into::into) }
            } else if let Some(path) = text(":path") {
                Origin::Path(path.into())
            } else if let Some(url) = text(":http").or_else(|| text(":podspec")) {
                Origin::Url(url.into())
            } else {
                continue;
            };
            origins.insert(pod, origin);
        }
        let checksums = section("SPEC CHECKSUMS")
            .filter_map(|(pod, sum)| {
                Some((pod.scalar()?, Hash::from_hex(HashAlgorithm::Sha1, sum.scalar()?)?))
            })
            .collect();
        Sources { origins, checksums }
    }
}
