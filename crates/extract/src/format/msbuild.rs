//! MSBuild project files as far as package references need them: properties, conditions that can
//! be decided from the files, imports inside the tree, and NuGet's central package versions.
//!
//! Nothing is built and nothing outside the tree is read. MSBuild would also know properties from
//! the SDK and the command line, so a property that no file sets is unknown rather than empty, a
//! condition over it is undecided, and items under undecided conditions are listed.

use std::collections::{HashMap, HashSet};

use trimtab_model::{Code, Diagnostic, Scope};

use crate::read::xml::{self, Element};
use crate::view::{self, FileView};

/// The most files that one project's evaluation reads.
const MAX_FILES: usize = 64;
/// The longest value that a property may grow to.
const MAX_VALUE: usize = 1024;
/// The most packages that one project may ask for: lists in properties multiply.
const MAX_REFERENCES: usize = 100_000;

/// A package that a project file asks for.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// As spelled.
    pub(crate) name: String,
    /// The requirement, expanded; as written where it could not be expanded; `None` where no file
    /// states one.
    pub(crate) requirement: Option<String>,
    /// Whether the requirement holds a property that no file of the tree sets.
    pub(crate) unresolved: bool,
    /// What for.
    pub(crate) scope: Scope,
    /// Line of the entry.
    pub(crate) line: u32,
}

/// What a project file asks for.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// In the order of the file.
    pub(crate) references: Vec<Reference>,
    /// Whether it is a test project: all that it ships is for tests.
    pub(crate) test: bool,
    /// The lockfile that the project names itself.
    pub(crate) lockfile: Option<String>,
    /// Problems with this file or one that it imports.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Project {
    /// Reads a project file, and what it imports from the tree.
    pub(crate) fn read(view: &FileView<'_>) -> Result<Project, Diagnostic> {
        let text = view.text()?;
        let doc = xml::parse(&text)?;
        let root = doc.root();
        if root.name() != "Project" {
            return Err(Diagnostic::new(
                Code::FileMalformed,
                format!("the file's element is `{}`, not `Project`", root.name()),
            )
            .at_line(root.line()));
        }
        let mut evaluation = Evaluation::new(view);
        for name in ["Directory.Build.props", "Directory.Packages.props"] {
            if let Some(path) = file_above(view, view::folder(view.path), name) {
                evaluation.import(&path);
            }
        }
        evaluation.visited.insert(view.path.to_owned());
        evaluation.file(root, view.path);
        Ok(evaluation.project(root))
    }
}

/// The path of the nearest file of a name in a folder or above it.
fn file_above(view: &FileView<'_>, folder: &str, name: &str) -> Option<String> {
    let mut folder = folder;
    loop {
        let path = view::join(folder, name);
        if view.files.exists(&path) {
            return Some(path);
        }
        if folder.is_empty() {
            return None;
        }
        folder = view::folder(folder);
    }
}

struct Evaluation<'v> {
    view: &'v FileView<'v>,
    /// By lower-case name; `None` where conditions leave open which value holds.
    properties: HashMap<String, Option<String>>,
    /// Central versions by lower-case name.
    central: HashMap<String, Vec<String>>,
    visited: HashSet<String>,
    depth: usize,
    /// Positions of references by lower-case name, for `Update`.
    known: HashMap<String, usize>,
    full: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'v> Evaluation<'v> {
    fn new(view: &'v FileView<'v>) -> Evaluation<'v> {
        let stem = view.name().rsplit_once('.').map_or(view.name(), |(stem, _)| stem);
        let properties = HashMap::from([("msbuildprojectname".to_owned(), Some(stem.to_owned()))]);
        Evaluation {
            view,
            properties,
            central: HashMap::new(),
            visited: HashSet::new(),
            depth: 0,
            known: HashMap::new(),
            full: false,
            diagnostics: Vec::new(),
        }
    }

    /// Reads another file of the tree for its properties and central versions.
    fn import(&mut self, path: &str) {
        if self.depth >= 8
            || self.visited.len() >= MAX_FILES
            || !self.visited.insert(path.to_owned())
        {
            return;
        }
        let Some(bytes) = self.view.files.read(path) else { return };
        self.depth += 1;
        let outcome = bytes.and_then(|bytes| {
            let view = FileView { path, bytes: &bytes, files: self.view.files };
            let text = view.text()?;
            let doc = xml::parse(&text)?;
            self.file(doc.root(), path);
            Ok(())
        });
        self.depth -= 1;
        if let Err(diagnostic) = outcome {
            self.diagnostics.push(diagnostic.in_file(path));
        }
    }

    fn file(&mut self, root: Element<'_>, path: &str) {
        let folder = view::folder(path);
        let here = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let outer =
            self.properties.insert("msbuildthisfiledirectory".to_owned(), Some(here.clone()));
        self.groups(root, path, Some(true));
        if let Some(outer) = outer {
            self.properties.insert("msbuildthisfiledirectory".to_owned(), outer);
        }
    }

    /// The XML reader bounds depth, and only `Choose` and `ImportGroup` nest.
    fn groups(&mut self, parent: Element<'_>, path: &str, sure: Option<bool>) {
        for element in parent.children() {
            let sure = both(sure, self.condition(element));
            if sure == Some(false) {
                continue;
            }
            match element.name() {
                "PropertyGroup" => self.property_group(element, sure),
                "ItemGroup" => self.item_group(element),
                "Import" => self.import_element(element, path),
                "Choose" | "ImportGroup" => self.groups(element, path, sure),
                "When" | "Otherwise" => self.groups(element, path, None),
                _ => {}
            }
        }
    }

    fn property_group(&mut self, group: Element<'_>, sure: Option<bool>) {
        for property in group.children() {
            let sure = both(sure, self.condition(property));
            let name = property.name().to_ascii_lowercase();
            let value = self.expand(property.text());
            match sure {
                Some(false) => {}
                Some(true) => {
                    self.properties.insert(name, value);
                }
                // Whether it is set is open: what holds is known only if nothing changes.
                None => match self.properties.get(&name) {
                    Some(known) if *known == value => {}
                    Some(_) => {
                        self.properties.insert(name, None);
                    }
                    None => {
                        self.properties.insert(name, value);
                    }
                },
            }
        }
    }

    fn item_group(&mut self, group: Element<'_>) {
        for item in group.all("PackageVersion") {
            let names = item.attribute("Include").or_else(|| item.attribute("Update"));
            let Some(version) = metadata(item, "Version") else { continue };
            let version = self.expand(version).unwrap_or_else(|| version.to_owned());
            for name in self.names(names.unwrap_or_default()) {
                let versions = self.central.entry(name.to_ascii_lowercase()).or_default();
                if item.attribute("Condition").is_none() && group.attribute("Condition").is_none() {
                    versions.clear();
                }
                if !versions.contains(&version) && versions.len() < 64 {
                    versions.push(version.clone());
                }
            }
        }
    }

    fn import_element(&mut self, element: Element<'_>, path: &str) {
        let Some(project) = element.attribute("Project") else { return };
        if project.contains("GetPathOfFileAbove") {
            let name = ["Directory.Build.props", "Directory.Packages.props"]
                .into_iter()
                .find(|name| project.contains(name));
            let folder = view::folder(path);
            if let (Some(name), false) = (name, folder.is_empty())
                && let Some(above) = file_above(self.view, view::folder(folder), name)
            {
                self.import(&above);
            }
            return;
        }
        let Some(project) = self.expand(project) else { return };
        let folder = view::folder(path);
        // `$(MSBuildThisFileDirectory)` has already made it relative to the root.
        let from_root = view::resolve("", &project)
            .filter(|p| !folder.is_empty() && p.starts_with(folder) && self.view.files.exists(p));
        match from_root.or_else(|| view::resolve(folder, &project)) {
            Some(target) => self.import(&target),
            None => self.diagnostics.push(
                Diagnostic::new(
                    Code::PathEscapes,
                    format!("the import `{project}` leads out of the tree and is not followed"),
                )
                .in_file(path)
                .at_line(element.line()),
            ),
        }
    }

    /// `None` if it cannot be decided.
    fn condition(&self, element: Element<'_>) -> Option<bool> {
        let Some(condition) = element.attribute("Condition") else { return Some(true) };
        let (left, right, equal) = match condition.split_once("==") {
            Some((left, right)) => (left, right, true),
            None => {
                let (left, right) = condition.split_once("!=")?;
                (left, right, false)
            }
        };
        let side =
            |text: &'_ str| text.trim().strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned);
        let (left, right) = (side(left)?, side(right)?);
        if left.contains('\'') || right.contains('\'') {
            return None;
        }
        // A property that no file sets counts as empty only where that is what is asked.
        let same = if right.is_empty() || left.is_empty() {
            let text = if right.is_empty() { &left } else { &right };
            match self.sole_property(text) {
                Some(name) => match self.properties.get(&name) {
                    Some(value) => value.as_ref()?.is_empty(),
                    None => true,
                },
                None => self.expand(text)?.is_empty(),
            }
        } else {
            self.expand(&left)?.eq_ignore_ascii_case(&self.expand(&right)?)
        };
        Some(same == equal)
    }

    /// The lower-case name if a text is exactly one `$(Name)`.
    fn sole_property(&self, text: &str) -> Option<String> {
        let name = text.strip_prefix("$(")?.strip_suffix(')')?;
        is_property_name(name).then(|| name.to_ascii_lowercase())
    }

    /// Puts in the values of properties. `None` if one is unknown.
    fn expand(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("$(") {
            let (name, after) = after.split_once(')')?;
            if !is_property_name(name) {
                return None;
            }
            out.push_str(before);
            out.push_str(self.properties.get(&name.to_ascii_lowercase())?.as_deref()?);
            if out.len() > MAX_VALUE {
                return None;
            }
            rest = after;
        }
        out.push_str(rest);
        (out.len() <= MAX_VALUE && !out.contains("@(")).then_some(out)
    }

    /// The names of an item's list. What cannot be expanded is left out.
    fn names(&self, list: &str) -> Vec<String> {
        let list = self.expand(list).unwrap_or_default();
        list.split(';').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect()
    }

    fn project(mut self, root: Element<'_>) -> Project {
        let mut references: Vec<Reference> = Vec::new();
        self.sdks(root, &mut references);
        for item in root.descendants() {
            let scope = match item.name() {
                "PackageReference" if is_private(item) => Scope::Development,
                "PackageReference" => Scope::Runtime,
                "GlobalPackageReference" | "DotNetCliToolReference" => Scope::Development,
                "PackageDownload" => Scope::Build,
                _ => continue,
            };
            self.item(item, scope, &mut references);
        }
        let test = self.property("IsTestProject").is_some_and(|v| v.eq_ignore_ascii_case("true"))
            || references.iter().any(|r| r.name.eq_ignore_ascii_case("Microsoft.NET.Test.Sdk"));
        if test {
            for reference in references.iter_mut().filter(|r| r.scope == Scope::Runtime) {
                reference.scope = Scope::Test;
            }
        }
        let lockfile = self.property("NuGetLockFilePath").map(str::to_owned);
        Project { references, test, lockfile, diagnostics: self.diagnostics }
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(&name.to_ascii_lowercase())?.as_deref()
    }

    /// SDKs that come as packages: `Sdk="Name/1.0.0;Other/2.0.0"`, `<Sdk Name=".." Version=".."/>`
    /// and imports. Without a version they belong to the installed SDK or to `global.json`.
    fn sdks(&self, root: Element<'_>, references: &mut Vec<Reference>) {
        let mut add = |name: &str, version: &str, line| {
            references.push(Reference {
                name: name.to_owned(),
                requirement: Some(version.to_owned()),
                unresolved: false,
                scope: Scope::Build,
                line,
            });
        };
        for sdk in root.attribute("Sdk").unwrap_or_default().split(';') {
            if let Some((name, version)) = sdk.trim().split_once('/') {
                add(name, version, root.line());
            }
        }
        for element in root.all("Sdk").chain(root.all("Import")) {
            let name = element.attribute("Name").or_else(|| element.attribute("Sdk"));
            if let (Some(name), Some(version)) = (name, element.attribute("Version")) {
                add(name, version, element.line());
            }
        }
    }

    fn item(&mut self, item: Element<'_>, scope: Scope, references: &mut Vec<Reference>) {
        let update = item.attribute("Update");
        let Some(list) = item.attribute("Include").or(update) else {
            if item.attribute("Remove").is_none() {
                self.malformed(item, "a package reference names no package");
            }
            return;
        };
        let names = self.names(list);
        if references.len() + names.len() > MAX_REFERENCES {
            if !self.full {
                self.full = true;
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::FileLimit,
                        format!("more than {MAX_REFERENCES} packages; the rest was not read"),
                    )
                    .at_line(item.line()),
                );
            }
            return;
        }
        if names.is_empty() {
            self.malformed(item, "a package reference names no package that can be known");
        }
        let stated = metadata(item, "VersionOverride").or_else(|| metadata(item, "Version"));
        for name in names {
            let key = name.to_ascii_lowercase();
            if update.is_some() {
                let known = self.known.get(&key).and_then(|at| references.get_mut(*at));
                match (known, stated) {
                    (Some(known), stated) => {
                        if let Some(stated) = stated {
                            let version = self.expand(stated);
                            known.unresolved = version.is_none();
                            known.requirement = Some(version.unwrap_or_else(|| stated.to_owned()));
                        }
                        if scope == Scope::Development {
                            known.scope = scope;
                        }
                        continue;
                    }
                    (None, None) => continue,
                    // Some SDKs ask for a package by themselves (F# for its core library).
                    (None, Some(_)) => {}
                }
            }
            self.known.insert(key.clone(), references.len());
            let mut add = |requirement: Option<String>, unresolved| {
                references.push(Reference {
                    name: name.clone(),
                    requirement,
                    unresolved,
                    scope,
                    line: item.line(),
                });
            };
            match (stated, self.central.get(&key)) {
                (Some(stated), _) => match self.expand(stated) {
                    // A download may name several exact versions.
                    Some(list) if item.name() == "PackageDownload" => {
                        list.split(';').for_each(|v| add(Some(v.trim().to_owned()), false));
                    }
                    Some(version) => add(Some(version), false),
                    None => add(Some(stated.to_owned()), true),
                },
                (None, Some(versions)) => {
                    versions.iter().for_each(|v| add(Some(v.clone()), v.contains("$(")));
                }
                (None, None) => add(None, false),
            }
        }
    }

    fn malformed(&mut self, item: Element<'_>, what: &str) {
        self.diagnostics.push(Diagnostic::new(Code::EntryMalformed, what).at_line(item.line()));
    }
}

/// Both conditions together.
fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn is_property_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// A value that may be an attribute or an element inside; empty counts as absent.
fn metadata<'d>(item: Element<'d>, name: &str) -> Option<&'d str> {
    item.attribute(name).map(str::trim).filter(|v| !v.is_empty()).or_else(|| item.child_text(name))
}

/// A private reference (`PrivateAssets="all"`) is not passed on to who uses the project: the
/// custom for analysers, build tasks and test collectors.
fn is_private(item: Element<'_>) -> bool {
    let is_all = |v: &str| v.split(';').any(|p| p.trim().eq_ignore_ascii_case("all"));
    metadata(item, "PrivateAssets").is_some_and(is_all)
}
