//! Maven: `pom.xml`.
//!
//! Follows the POM reference and Maven's "Introduction to the Dependency Mechanism". The work is in
//! `maven_pom` (one file as written), `maven_index` (all poms of the tree), `maven_effective`
//! (parents, properties, BOMs, management) and `maven_resolve` (what brings in what).
//!
//! Maven has no lockfile, and this reader asks no network and no repository of the machine it runs
//! on: the answer depends on the tree alone. So (TRAPS 13) what a parent or BOM outside the tree
//! would say is not known; such a dependency has no version, is unmanaged, and the missing pom is
//! named. A version stands for itself (`1.0`: "soft", but what Maven takes where nothing nearer
//! says otherwise), as does `[1.0]`; other ranges, `LATEST` and `RELEASE` float.
//!
//! Plugins, their dependencies and build extensions are build scope; they stand in the pom that
//! configures them and are not repeated for every module that inherits them.

use std::collections::HashMap;
use std::sync::Arc;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Origin, Purl, Relation, Scope, Unmanaged,
    UnmanagedReason,
};

use super::maven_effective::{Declared, Effective, Models};
use super::maven_index;
use super::maven_pom::Pom;
use super::maven_resolve::{self, Asked, Node, Resolved, asked};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pom-xml",
    title: "Maven pom.xml",
    family: Some(Family::Maven),
    kind: FormatKind::Manifest,
    names: "pom.xml, *.pom",
    claims: maven_index::is_pom,
    sniff: Some(|bytes| mentions(bytes, "<project") && mentions(bytes, "maven.apache.org/POM")),
    extract,
};

/// Whether a text stands near the start of a file.
fn mentions(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes)).contains(text)
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let mut models = Models::of(view);
    let pom = match models.index.known(view.path) {
        Some(pom) => pom,
        // Other things than Maven's are called `.pom` too.
        None if view.path.ends_with(".pom") && !mentions(view.bytes, "<project") => {
            return Ok(FileInventory::default());
        }
        None => Arc::new(Pom::parse(view.path, view.bytes, &|path| view.files.exists(path))?),
    };
    if pom.in_repository {
        // It describes an artefact of someone else; whoever asks for that reads it here.
        return Ok(FileInventory::default());
    }
    let model = models.of_project(&pom);
    let mut out = Listing {
        out: FileInventory::default(),
        at: HashMap::new(),
        model: &model,
        boms_are_told: false,
    };
    let own = out.own(&pom);
    out.missing_parents();
    let Resolved { nodes, is_cut } = maven_resolve::resolve(&mut models, &model);
    if is_cut {
        out.out.diagnostics.push(Diagnostic::new(
            Code::FileLimit,
            "the project brings in more than is followed; the rest is not listed",
        ));
    }
    let positions: Vec<Option<u32>> = nodes.iter().map(|node| out.dependency(node)).collect();
    for (node, at) in nodes.iter().zip(&positions) {
        let Some(at) = *at else { continue };
        if let (true, Some(own)) = (node.is_direct, own) {
            out.out.edge(own, at);
        }
        for from in node.asked_by.iter().filter_map(|from| *positions.get(*from)?) {
            out.out.edge(from, at);
        }
    }
    let depends = out.out.components.iter().any(|c| c.relation != Relation::Own);
    out.build(&pom, own);
    let mut out = out.out;
    inactive_profiles(&pom, &mut out);
    missing_modules(view, &pom, &mut out);
    if depends {
        out.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::NoLockfile,
            package: None,
            requirement: None,
            line: None,
        });
    }
    Ok(out)
}

/// The most BOMs that one diagnostic names.
const MAX_TITLES: usize = 20;

const RESOLVED: &str = "scan an SBOM of the built artefact to see what was resolved";

/// The inventory as it grows.
struct Listing<'m> {
    out: FileInventory,
    at: HashMap<Purl, u32>,
    model: &'m Effective,
    boms_are_told: bool,
}

impl Listing<'_> {
    fn own(&mut self, pom: &Pom) -> Option<u32> {
        let (group, artifact, version) = self.model.coordinates();
        // A template of a project (an archetype) has expressions for names.
        let known = |text: &String| !text.contains("${");
        let group = group.filter(known);
        let mut purl = Purl::new("maven", group.as_deref(), &artifact.filter(known)?);
        if let Some(version) = version.filter(known) {
            purl = purl.with_version(&version);
        }
        let mut component = Component::new(purl);
        component.relation = Relation::Own;
        component.scope = Scope::Runtime;
        component.line = Some(pom.line);
        component.licence = self.model.licence().map(Into::into);
        Some(self.list(component))
    }

    fn missing_parents(&mut self) {
        let parents = self.model.missing.iter().filter(|m| m.is_parent);
        self.out.diagnostics.extend(parents.map(|missing| {
            let title = &missing.title;
            let what = format!(
                "the parent `{title}` is not in the tree; the versions and dependencies it declares are not known"
            );
            Diagnostic::new(Code::UnresolvedOffline, what)
                .at_line(missing.line)
                .help(RESOLVED)
        }));
    }

    /// Names the BOMs that might have given a version, once.
    fn missing_boms(&mut self) {
        if std::mem::replace(&mut self.boms_are_told, true) {
            return;
        }
        let mut boms: Vec<_> = self.model.missing.iter().filter(|m| !m.is_parent).collect();
        boms.dedup_by_key(|m| &m.title);
        let Some(first) = boms.first() else { return };
        let mut titles: Vec<&str> = boms.iter().map(|m| &*m.title).take(MAX_TITLES).collect();
        if boms.len() > titles.len() {
            titles.push("…");
        }
        let what = format!(
            "BOMs that are not in the tree may give versions that are not known: {}",
            titles.join(", ")
        );
        self.out.diagnostics.push(
            Diagnostic::new(Code::UnresolvedOffline, what).at_line(first.line).help(RESOLVED),
        );
    }

    fn dependency(&mut self, node: &Node) -> Option<u32> {
        let mut component = self.named(&node.declared)?;
        component.scope = node.scope;
        component.relation = if node.is_direct { Relation::Direct } else { Relation::Transitive };
        component.licence = node.licence.as_deref().map(Into::into);
        if let Some(word) = &node.declared.scope
            && &**word != "compile"
        {
            component.groups.push((&**word).into());
        }
        let version = node.declared.version.as_deref();
        let Some(folder) = &node.sibling else {
            let reason = at_version(&mut component, version);
            return Some(self.unmanaged(component, reason));
        };
        component.relation = Relation::Own;
        component.origin =
            Origin::Path(if folder.is_empty() { ".".into() } else { folder.clone() });
        let known = match asked(version) {
            Asked::Version(version) => Some(version),
            Asked::Floating(_) | Asked::Unknown(_) => node.sibling_version.as_deref(),
        };
        component.purl = component.purl.with_version(known.unwrap_or_default());
        Some(self.list(component))
    }

    /// What the build itself uses: plugins with what they are given, and extensions.
    fn build(&mut self, pom: &Pom, own: Option<u32>) {
        for extension in &pom.extensions {
            let declared = self.model.expanded(extension, extension.line);
            let at = self.of_build(&declared, "extension", Relation::Direct);
            self.out.edges.extend(own.zip(at));
        }
        for plugin in &pom.plugins {
            let mut declared = self.model.expanded(&plugin.plugin, plugin.plugin.line);
            declared.key.kind = Default::default();
            if declared.version.is_none() {
                let key = &declared.key;
                declared.version = self
                    .model
                    .managed_plugin(&key.group, &key.artifact)
                    .and_then(|managed| managed.version);
            }
            let at = self.of_build(&declared, "plugin", Relation::Direct);
            self.out.edges.extend(own.zip(at));
            for given in &plugin.dependencies {
                let mut given = self.model.expanded(given, given.line);
                if given.version.is_none() {
                    // Annotation processors may be managed like dependencies.
                    given.version =
                        self.model.managed.get(&given.key).and_then(|m| m.version.clone());
                }
                let to = self.of_build(&given, "plugin", Relation::Transitive);
                self.out.edges.extend(at.zip(to));
            }
        }
    }

    fn of_build(&mut self, declared: &Declared, group: &str, relation: Relation) -> Option<u32> {
        let mut component = self.named(declared)?;
        component.scope = Scope::Build;
        component.relation = relation;
        component.groups.push(group.into());
        let mut reason = at_version(&mut component, declared.version.as_deref());
        let foreign = self.model.missing.iter().any(|m| m.is_parent);
        if declared.version.is_none() && group == "plugin" && !foreign {
            // Maven takes the version that its own release or the registry prefers.
            reason = Some(UnmanagedReason::FloatingVersion);
        }
        Some(self.unmanaged(component, reason))
    }

    /// A component without a version. `None`, with a diagnostic, if it cannot be named.
    fn named(&mut self, declared: &Declared) -> Option<Component> {
        let key = &declared.key;
        let line = declared.line;
        if key.group.is_empty() || key.artifact.is_empty() {
            self.out.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    "a dependency lacks its `groupId` or `artifactId`",
                )
                .at_line(line),
            );
            return None;
        }
        if key.group.contains("${") || key.artifact.contains("${") {
            let what = format!(
                "the dependency `{}:{}` is named by a property that the tree does not declare",
                key.group, key.artifact
            );
            self.out.diagnostics.push(Diagnostic::new(Code::UnresolvedOffline, what).at_line(line));
            self.missing_boms();
            return None;
        }
        let purl = Purl::new("maven", Some(&key.group), &key.artifact)
            .with_qualifier("classifier", &key.classifier)
            .with_qualifier("type", &key.kind);
        let mut component = Component::new(purl);
        component.line = Some(line);
        Some(component)
    }

    fn unmanaged(&mut self, component: Component, reason: Option<UnmanagedReason>) -> u32 {
        if reason == Some(UnmanagedReason::Unresolved) {
            self.missing_boms();
            if self.model.missing.is_empty() {
                let key = format!(
                    "{}:{}",
                    component.purl.namespace().unwrap_or_default(),
                    component.purl.name()
                );
                self.out.diagnostics.push(
                    Diagnostic::new(
                        Code::UnresolvedOffline,
                        format!("no pom of the tree gives a version of `{key}`"),
                    )
                    .at_line(component.line.unwrap_or(1)),
                );
            }
        }
        self.out.unmanaged.extend(reason.map(|reason| Unmanaged {
            reason,
            package: Some(component.purl.package()),
            requirement: component.requirement.clone(),
            line: component.line,
        }));
        self.list(component)
    }

    /// Adds a component, or strengthens the same one that is listed already.
    fn list(&mut self, component: Component) -> u32 {
        let listed = self.at.get(&component.purl).copied();
        if let Some(at) = listed
            && let Some(known) = self.out.components.get_mut(at as usize)
        {
            known.scope = known.scope.max(component.scope);
            if known.relation != Relation::Own && component.relation == Relation::Direct {
                known.relation = Relation::Direct;
            }
            for group in component.groups {
                if !known.groups.contains(&group) {
                    known.groups.push(group);
                }
            }
            return at;
        }
        let purl = component.purl.clone();
        let at = self.out.add(component);
        self.at.insert(purl, at);
        at
    }
}

/// Gives a component the version that is asked for, or says why it has none.
fn at_version(component: &mut Component, version: Option<&str>) -> Option<UnmanagedReason> {
    match asked(version) {
        Asked::Version(version) => {
            component.purl = component.purl.clone().with_version(version);
            // A snapshot is built anew under the same version.
            version.ends_with("-SNAPSHOT").then_some(UnmanagedReason::FloatingVersion)
        }
        Asked::Floating(range) => {
            component.requirement = Some(range.into());
            Some(UnmanagedReason::FloatingVersion)
        }
        Asked::Unknown(text) => {
            component.requirement = text.map(Into::into);
            Some(UnmanagedReason::Unresolved)
        }
    }
}

fn inactive_profiles(pom: &Pom, out: &mut FileInventory) {
    for (id, line, count) in &pom.inactive {
        out.diagnostics.push(
            Diagnostic::new(
                Code::UnresolvedOffline,
                format!("the profile `{id}` is not active by default; its dependencies ({count}) are not listed"),
            )
            .at_line(*line),
        );
    }
}

fn missing_modules(view: &FileView<'_>, pom: &Pom, out: &mut FileInventory) {
    for (module, line) in &pom.modules {
        if module.contains("${") || view.has(module) || view.has(&view::join(module, "pom.xml")) {
            continue;
        }
        out.diagnostics.push(
            Diagnostic::new(
                Code::ReferenceMissing,
                format!("the module `{module}` is not in the tree"),
            )
            .at_line(*line),
        );
    }
}
