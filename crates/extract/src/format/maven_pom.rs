//! One `pom.xml` as it is written: nothing inherited, no property expanded.
//!
//! Follows the POM reference (model 4.0.0, and what 4.1.0 adds to it: a parent without
//! coordinates, `subprojects`). What profiles add is merged in where they are active by what the
//! tree shows; the others are named, so that nobody believes their dependencies were looked at.

use std::sync::Arc;

use trimtab_model::{Code, Diagnostic};

use crate::read::xml::{self, Element};
use crate::view;

/// A text that many effective models share.
pub type Text = Arc<str>;

/// The file a pom was read from, and what it declares.
#[derive(Debug, Default)]
pub struct Pom {
    /// Relative to the root of the tree.
    pub path: Box<str>,
    /// Its own `groupId`.
    pub group: Option<Box<str>>,
    /// Its `artifactId`.
    pub artifact: Option<Box<str>>,
    /// Its own `version`; in a repository, that of the folder.
    pub version: Option<Box<str>>,
    /// `packaging`.
    pub packaging: Option<Box<str>>,
    /// Line of the `artifactId`, or of the document's element.
    pub line: u32,
    /// What it inherits from.
    pub parent: Option<Parent>,
    /// In the order of the file, those of active profiles last.
    pub properties: Vec<(Box<str>, Box<str>)>,
    /// `dependencies`.
    pub dependencies: Vec<Dependency>,
    /// `dependencyManagement`.
    pub managed: Vec<Dependency>,
    /// `build` and `reporting` plugins.
    pub plugins: Vec<Plugin>,
    /// `pluginManagement`.
    pub managed_plugins: Vec<Plugin>,
    /// `build/extensions`.
    pub extensions: Vec<Dependency>,
    /// `modules`, with their lines.
    pub modules: Vec<(Box<str>, u32)>,
    /// The names (or else URLs) of `licenses`.
    pub licences: Vec<Box<str>>,
    /// Profiles that are not active and declare dependencies: id, line, how many.
    pub inactive: Vec<(Box<str>, u32, usize)>,
    /// Whether it lies in a Maven repository (`…/artifact/version/artifact-version.pom`): it then
    /// describes someone else's artefact, not a project of this tree.
    pub in_repository: bool,
}

/// See the POM reference, "Inheritance".
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are the elements of the POM")]
pub struct Parent {
    pub group: Option<Box<str>>,
    pub artifact: Option<Box<str>>,
    pub version: Option<Box<str>>,
    /// `None` if not stated; empty if the file says to look in repositories only.
    pub relative_path: Option<Box<str>>,
    pub line: u32,
}

/// A dependency, a managed dependency, or an extension.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields are the elements of the POM")]
pub struct Dependency {
    pub group: Text,
    pub artifact: Text,
    pub version: Option<Text>,
    /// `type`; empty means `jar`.
    pub kind: Text,
    pub classifier: Text,
    pub scope: Option<Text>,
    pub optional: Option<Text>,
    pub exclusions: Vec<(Text, Text)>,
    pub line: u32,
}

/// A plugin with the dependencies and annotation processors that it is given.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are the elements of the POM")]
pub struct Plugin {
    pub plugin: Dependency,
    pub dependencies: Vec<Dependency>,
}

impl Pom {
    /// Reads a pom. `exists` answers for files relative to the root of the tree.
    ///
    /// # Errors
    /// The file is not a pom.
    pub fn parse(
        path: &str,
        bytes: &[u8],
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<Pom, Diagnostic> {
        let text = xml::decode(bytes)?;
        let doc = xml::parse(&text)?;
        let root = doc.root();
        if root.name() != "project" {
            return Err(Diagnostic::new(Code::FileMalformed, "the XML is not a Maven `project`")
                .at_line(root.line()));
        }
        if let Some(odd) = root.descendants().find(|e| e.name().contains(['$', '{', '}'])) {
            return Err(Diagnostic::new(
                Code::FileMalformed,
                "an XML element has a name that XML does not allow",
            )
            .at_line(odd.line())
            .help("expressions such as `${name}` are for texts, not for names of elements"));
        }
        Ok(read(path, root, exists))
    }

    /// Its `groupId`, or the one that its parent element states.
    pub fn known_group(&self) -> Option<&str> {
        self.group.as_deref().or_else(|| self.parent.as_ref()?.group.as_deref())
    }

    /// Its `version`, or the one that its parent element states.
    pub fn known_version(&self) -> Option<&str> {
        self.version.as_deref().or_else(|| self.parent.as_ref()?.version.as_deref())
    }
}

impl Parent {
    /// `group:artifact:version` for people.
    pub fn title(&self) -> String {
        let parts = [&self.group, &self.artifact, &self.version];
        parts.map(|part| part.as_deref().unwrap_or_default()).join(":").trim_matches(':').to_owned()
    }
}

fn read(path: &str, root: Element<'_>, exists: &dyn Fn(&str) -> bool) -> Pom {
    let text = |name| root.child_text(name).map(Into::into);
    let parent = root.child("parent").map(|p| Parent {
        group: p.child_text("groupId").map(Into::into),
        artifact: p.child_text("artifactId").map(Into::into),
        version: p.child_text("version").map(Into::into),
        relative_path: p.child("relativePath").map(|r| r.text().into()),
        line: p.line(),
    });
    let mut pom = Pom {
        path: path.into(),
        group: text("groupId"),
        artifact: text("artifactId"),
        version: text("version"),
        packaging: text("packaging"),
        line: root.child("artifactId").map_or(root.line(), Element::line),
        parent,
        ..Pom::default()
    };
    if let Some((artifact, version)) = in_repository(path) {
        pom.in_repository = true;
        pom.artifact = Some(artifact.into());
        pom.version = Some(version.into());
    }
    let licences = root.child("licenses").into_iter().flat_map(|l| l.all("license"));
    pom.licences = licences
        .filter_map(|l| l.child_text("name").or_else(|| l.child_text("url")))
        .map(Into::into)
        .collect();
    pom.merge(root);
    for profile in active_profiles(root, path, exists, &mut pom.inactive) {
        pom.merge(profile);
    }
    pom
}

/// The artifact and version that the layout of a Maven repository gives a path, if it is of one:
/// `…/artifact/version/artifact-version.pom`, also with a time stamp in the place of `SNAPSHOT`.
fn in_repository(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.rsplit_once('/')?;
    let (folder, version) = folder.rsplit_once('/')?;
    let artifact = view::file_name(folder);
    let stem = name.strip_suffix(".pom")?.strip_prefix(artifact)?.strip_prefix('-')?;
    let base = version.strip_suffix("SNAPSHOT").unwrap_or(version);
    (stem == version || (base != version && stem.starts_with(base))).then_some((artifact, version))
}

impl Pom {
    /// Takes in what a project and a profile may both declare.
    fn merge(&mut self, from: Element<'_>) {
        let inside =
            |path: &[&'static str]| path.iter().try_fold(from, |element, name| element.child(name));
        let list = |path: &[&'static str], name: &'static str| {
            inside(path).into_iter().flat_map(move |e| e.all(name))
        };
        self.properties.extend(
            inside(&["properties"])
                .into_iter()
                .flat_map(Element::children)
                .map(|p| (p.name().into(), p.text().into())),
        );
        self.dependencies.extend(list(&["dependencies"], "dependency").map(dependency));
        self.managed
            .extend(list(&["dependencyManagement", "dependencies"], "dependency").map(dependency));
        self.extensions.extend(list(&["build", "extensions"], "extension").map(dependency));
        self.plugins.extend(list(&["build", "plugins"], "plugin").map(plugin));
        self.plugins.extend(list(&["reporting", "plugins"], "plugin").map(plugin));
        self.managed_plugins
            .extend(list(&["build", "pluginManagement", "plugins"], "plugin").map(plugin));
        let modules = list(&["modules"], "module").chain(list(&["subprojects"], "subproject"));
        self.modules
            .extend(modules.filter(|m| !m.text().is_empty()).map(|m| (m.text().into(), m.line())));
    }
}

fn dependency(element: Element<'_>) -> Dependency {
    let maybe = |name| element.child_text(name).map(Text::from);
    let text = |name| maybe(name).unwrap_or_default();
    let exclusions = element.child("exclusions").into_iter().flat_map(|e| e.all("exclusion"));
    Dependency {
        group: text("groupId"),
        artifact: text("artifactId"),
        version: maybe("version"),
        kind: maybe("type").filter(|kind| &**kind != "jar").unwrap_or_default(),
        classifier: text("classifier"),
        scope: maybe("scope"),
        optional: maybe("optional"),
        exclusions: exclusions
            .map(|e| {
                let part = |name| e.child_text(name).unwrap_or("*").into();
                (part("groupId"), part("artifactId"))
            })
            .collect(),
        line: element.line(),
    }
}

fn plugin(element: Element<'_>) -> Plugin {
    let mut plugin = dependency(element);
    if plugin.group.is_empty() {
        plugin.group = "org.apache.maven.plugins".into();
    }
    let given = element.child("dependencies").into_iter().flat_map(|d| d.all("dependency"));
    // The compiler plugin's processors run in the build like any other dependency of a plugin.
    let processors = element
        .descendants()
        .filter(|e| e.name() == "annotationProcessorPaths")
        .flat_map(Element::children)
        .filter(|e| e.child("artifactId").is_some());
    let dependencies = given.chain(processors).map(dependency).collect();
    Plugin { plugin, dependencies }
}

/// The profiles that are active without anything said on the command line. The others that
/// declare dependencies are named in `inactive`.
fn active_profiles<'d>(
    root: Element<'d>,
    path: &str,
    exists: &dyn Fn(&str) -> bool,
    inactive: &mut Vec<(Box<str>, u32, usize)>,
) -> Vec<Element<'d>> {
    let profiles: Vec<_> =
        root.child("profiles").into_iter().flat_map(|p| p.all("profile")).collect();
    let triggered: Vec<bool> =
        profiles.iter().map(|p| is_triggered(*p, view::folder(path), exists)).collect();
    // A profile that something triggers switches those off that are active by default.
    let by_default = !triggered.contains(&true);
    let mut active = Vec::new();
    for (profile, triggered) in profiles.into_iter().zip(triggered) {
        let default = profile
            .child("activation")
            .and_then(|a| a.child_text("activeByDefault"))
            .is_some_and(|t| t == "true");
        if triggered || (by_default && default) {
            active.push(profile);
            continue;
        }
        let declared = profile.child("dependencies").map_or(0, |d| d.all("dependency").count());
        if declared > 0 {
            let id = profile.child_text("id").unwrap_or("default");
            inactive.push((id.into(), profile.line(), declared));
        }
    }
    active
}

/// Whether all of a profile's conditions hold, as far as the tree shows: files that exist or do
/// not, and properties that must not be set. A JDK or an operating system is not known.
fn is_triggered(profile: Element<'_>, folder: &str, exists: &dyn Fn(&str) -> bool) -> bool {
    let Some(activation) = profile.child("activation") else { return false };
    let mut conditions = 0;
    for condition in activation.children() {
        let holds = match condition.name() {
            "activeByDefault" => continue,
            "property" => condition
                .child_text("name")
                .is_some_and(|name| name.starts_with('!') && condition.child("value").is_none()),
            "file" => {
                let there = |name| {
                    let stated = condition.child_text(name)?;
                    let stated = ["${basedir}/", "${project.basedir}/"]
                        .iter()
                        .find_map(|prefix| stated.strip_prefix(prefix))
                        .unwrap_or(stated);
                    if stated.contains("${") {
                        return None;
                    }
                    Some(view::resolve(folder, stated).is_some_and(|path| exists(&path)))
                };
                there("exists").unwrap_or(false) || there("missing").is_some_and(|there| !there)
            }
            _ => false,
        };
        if !holds {
            return false;
        }
        conditions += 1;
    }
    conditions > 0
}
