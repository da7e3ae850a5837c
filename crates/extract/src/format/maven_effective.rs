//! A pom with all that it inherits and imports: Maven's "effective model", as far as the tree
//! holds the parents and BOMs.
//!
//! Follows Maven's model builder: profiles are merged into each pom, parents into their children,
//! then properties are expanded (so a parent's text sees the child's properties), then BOMs are
//! imported (each expanded by its own properties; what is declared wins over what is imported, an
//! earlier import over a later one), then management is applied. Nothing is fetched: what is not
//! in the tree is named in `missing`. Loops and chains of any length end.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::maven_index::Index;
use super::maven_pom::{Dependency, Parent, Pom, Text};
use crate::view::{self, FileView};

/// What tells dependencies apart in Maven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are the elements of the POM")]
pub struct Key {
    pub group: Text,
    pub artifact: Text,
    /// `type`; empty for `jar`.
    pub kind: Text,
    pub classifier: Text,
}

/// A dependency or an entry of management, with everything expanded that can be.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are the elements of the POM")]
pub struct Declared {
    pub key: Key,
    pub version: Option<Text>,
    pub scope: Option<Text>,
    pub optional: Option<bool>,
    pub exclusions: Vec<(Text, Text)>,
    /// The line in the pom itself; for what is inherited, that of its `parent` element.
    pub line: u32,
}

/// A pom that is named and not in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Whether it is a parent, whose dependencies are missing too, or a BOM.
    pub is_parent: bool,
    /// `group:artifact:version`.
    pub title: String,
    /// See [`Declared::line`].
    pub line: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Effective {
    chain: Vec<Arc<Pom>>,
    properties: HashMap<Box<str>, Box<str>>,
    /// Its dependencies, its own first, with management applied.
    pub dependencies: Vec<Declared>,
    /// `dependencyManagement`, with BOMs imported.
    pub managed: HashMap<Key, Declared>,
    /// What could not be looked at.
    pub missing: Vec<Missing>,
}

/// The longest chain of parents, and the deepest nesting of imports and of properties.
const MAX_DEPTH: usize = 32;
/// The most effective models that are made for one file.
const MAX_MODELS: usize = 4_000;
/// The longest text that expanding makes.
const MAX_TEXT: usize = 4_096;
/// The most expressions that are expanded for one text.
const MAX_EXPANSIONS: usize = 500;

/// Makes effective models out of the poms of one tree.
pub struct Models<'v> {
    view: &'v FileView<'v>,
    /// All poms of the tree.
    pub index: Arc<Index>,
    /// What the project's `.mvn/maven.config` puts on every command line.
    user_properties: Vec<(Box<str>, Box<str>)>,
    made: HashMap<Box<str>, Arc<Effective>>,
    making: HashSet<Box<str>>,
}

impl<'v> Models<'v> {
    /// For the tree around a file.
    pub fn of(view: &'v FileView<'v>) -> Models<'v> {
        Models {
            view,
            index: Index::of(view),
            user_properties: user_properties(view),
            made: HashMap::new(),
            making: HashSet::new(),
        }
    }

    /// The effective model of the project that is looked at. Of management it has what the
    /// project may need, which is all of it only where poms of dependencies lie in the tree.
    pub fn of_project(&mut self, pom: &Arc<Pom>) -> Arc<Effective> {
        if self.index.has_repository {
            return self.effective(pom);
        }
        let mut model = self.inherit(pom);
        model.declare();
        let wanted = model.asked_for();
        let imports = model.manage(Some(&wanted));
        self.making.insert(pom.path.clone());
        for import in imports {
            self.import(&import, &mut model, Some(&wanted));
        }
        self.making.remove(&pom.path);
        model.apply_management();
        Arc::new(model)
    }

    /// The effective model of a pom. Inside a loop of imports, and beyond the bounds, it is
    /// without imports.
    pub fn effective(&mut self, pom: &Arc<Pom>) -> Arc<Effective> {
        if let Some(made) = self.made.get(&pom.path) {
            return Arc::clone(made);
        }
        let mut model = self.inherit(pom);
        model.declare();
        let imports = model.manage(None);
        let bounded = self.making.len() < MAX_DEPTH && self.made.len() < MAX_MODELS;
        if bounded && self.making.insert(pom.path.clone()) {
            for import in imports {
                self.import(&import, &mut model, None);
            }
            self.making.remove(&pom.path);
            model.apply_management();
            let model = Arc::new(model);
            self.made.insert(pom.path.clone(), Arc::clone(&model));
            return model;
        }
        model.apply_management();
        Arc::new(model)
    }

    /// The pom with its parents, and all their properties.
    fn inherit(&self, pom: &Arc<Pom>) -> Effective {
        let mut model = Effective { chain: vec![Arc::clone(pom)], ..Effective::default() };
        let mut last = Arc::clone(pom);
        while let Some(parent) = &last.parent {
            if model.chain.len() >= MAX_DEPTH {
                break;
            }
            match self.parent(&last, parent) {
                Some(found) if model.chain.iter().any(|p| p.path == found.path) => break,
                Some(found) => {
                    model.chain.push(Arc::clone(&found));
                    last = found;
                }
                None => {
                    let title = parent.title();
                    let line = pom.parent.as_ref().map_or(pom.line, |p| p.line);
                    model.missing.push(Missing { is_parent: true, title, line });
                    break;
                }
            }
        }
        for pom in model.chain.iter().rev() {
            model.properties.extend(pom.properties.iter().cloned());
        }
        if !pom.in_repository {
            model.properties.extend(self.user_properties.iter().cloned());
        }
        model
    }

    fn parent(&self, pom: &Pom, parent: &Parent) -> Option<Arc<Pom>> {
        let relative = parent.relative_path.as_deref().unwrap_or("../pom.xml");
        if !relative.is_empty()
            && let Some(path) = view::resolve(view::folder(&pom.path), relative)
        {
            let inside = view::join(&path, "pom.xml");
            let found = [path, inside]
                .iter()
                .filter(|path| **path != *pom.path)
                .find_map(|path| self.index.at(self.view.files, path))
                .filter(|found| is_named(found, parent));
            if found.is_some() {
                return found;
            }
        }
        let found = self.index.find(
            parent.group.as_deref()?,
            parent.artifact.as_deref()?,
            parent.version.as_deref()?,
        );
        found.filter(|found| found.path != pom.path)
    }

    fn import(&mut self, import: &Declared, model: &mut Effective, wanted: Option<&HashSet<Text>>) {
        let (group, artifact) = (&import.key.group, &import.key.artifact);
        let version = import.version.as_deref().unwrap_or_default();
        let Some(bom) = self.index.find(group, artifact, version) else {
            let title = format!("{group}:{artifact}:{version}");
            let title = title.trim_end_matches(':').to_owned();
            model.missing.push(Missing { is_parent: false, title, line: import.line });
            return;
        };
        let bom = self.effective(&bom);
        let is_wanted = |key: &Key| wanted.is_none_or(|wanted| wanted.contains(&key.artifact));
        for (key, managed) in bom.managed.iter().filter(|(key, _)| is_wanted(key)) {
            if let Entry::Vacant(free) = model.managed.entry(key.clone()) {
                free.insert(Declared { line: import.line, ..managed.clone() });
            }
        }
        let missing = bom.missing.iter();
        model.missing.extend(missing.map(|m| Missing {
            is_parent: false,
            title: m.title.clone(),
            line: import.line,
        }));
    }
}

/// The `-Dname=value` of the nearest `.mvn/maven.config` above: there, continuous delivery sets
/// properties such as `revision`.
fn user_properties(view: &FileView<'_>) -> Vec<(Box<str>, Box<str>)> {
    let config = view
        .folders_up()
        .find_map(|folder| view.files.read(&view::join(folder, ".mvn/maven.config"))?.ok());
    let Some(config) = config else { return Vec::new() };
    let text = String::from_utf8_lossy(&config);
    let settings = text.split_ascii_whitespace().filter_map(|word| word.strip_prefix("-D"));
    settings
        .map(|setting| setting.split_once('=').unwrap_or((setting, "true")))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// Whether a pom found by path is the one that is meant; Maven passes over another one.
fn is_named(pom: &Pom, parent: &Parent) -> bool {
    let same = |own: Option<&str>, asked: Option<&str>| match (own, asked) {
        (Some(own), Some(asked)) => own == asked || own.contains("${") || asked.contains("${"),
        _ => true,
    };
    let range = parent.version.as_deref().is_some_and(|v| v.starts_with(['[', '(']));
    same(pom.known_group(), parent.group.as_deref())
        && same(pom.artifact.as_deref(), parent.artifact.as_deref())
        && (range || same(pom.known_version(), parent.version.as_deref()))
}

impl Effective {
    /// The project's group, artifact and version.
    pub fn coordinates(&self) -> (Option<String>, Option<String>, Option<String>) {
        let own = |name| self.own(name).map(|text| self.expand(text));
        (own("groupId"), own("artifactId"), own("version"))
    }

    /// The names of the licences, of the nearest pom that states any.
    pub fn licence(&self) -> Option<String> {
        let stated = self.chain.iter().find(|pom| !pom.licences.is_empty())?;
        // Several licences of a pom are a choice for whoever takes the artefact.
        Some(stated.licences.join(" OR "))
    }

    /// A dependency with its texts expanded.
    pub fn expanded(&self, raw: &Dependency, line: u32) -> Declared {
        let text = |raw: &Text| self.text(raw);
        let optional = raw.optional.as_deref().map(|o| self.expand(o) == "true");
        Declared {
            key: Key {
                group: text(&raw.group),
                artifact: text(&raw.artifact),
                kind: text(&raw.kind),
                classifier: text(&raw.classifier),
            },
            version: raw.version.as_ref().map(text),
            scope: raw.scope.as_ref().map(text),
            optional,
            exclusions: raw.exclusions.iter().map(|(g, a)| (text(g), text(a))).collect(),
            line,
        }
    }

    /// What `pluginManagement` says of a plugin.
    pub fn managed_plugin(&self, group: &str, artifact: &str) -> Option<Declared> {
        let managed = self.chain.iter().flat_map(|pom| pom.managed_plugins.iter().rev());
        managed
            .map(|plugin| self.expanded(&plugin.plugin, plugin.plugin.line))
            .find(|m| *m.key.group == *group && *m.key.artifact == *artifact && m.version.is_some())
    }

    fn text(&self, raw: &Text) -> Text {
        if raw.contains("${") { self.expand(raw).into() } else { Text::clone(raw) }
    }

    /// Expands `${…}`; what is not known stays as it is.
    pub fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut left = MAX_EXPANSIONS;
        self.expand_into(text, 0, &mut left, &mut out);
        out
    }

    fn expand_into(&self, text: &str, depth: usize, left: &mut usize, out: &mut String) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else { break };
            out.push_str(before);
            match self.lookup(name) {
                Some(value) if depth < MAX_DEPTH && *left > 0 && out.len() < MAX_TEXT => {
                    *left -= 1;
                    self.expand_into(value, depth + 1, left, out);
                }
                _ => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
            }
            rest = behind;
        }
        out.push_str(rest);
    }

    fn lookup(&self, name: &str) -> Option<&str> {
        let of_project = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom."));
        let own = of_project.and_then(|name| self.own(name));
        own.or_else(|| self.properties.get(name).map(|v| &**v)).or_else(|| self.own(name))
    }

    /// A field of the project itself.
    fn own(&self, name: &str) -> Option<&str> {
        let pom = self.chain.first()?;
        let parent = pom.parent.as_ref();
        // What a pom does not state it has from its parent's model; where that is not in the
        // tree, from the element that names it.
        let inherited = |field: fn(&Pom) -> Option<&str>, last: fn(&Pom) -> Option<&str>| {
            let stated = self.chain.iter().find_map(|pom| field(pom));
            stated.or_else(|| self.chain.last().and_then(|pom| last(pom)))
        };
        match name {
            "groupId" => inherited(|p| p.group.as_deref(), Pom::known_group),
            "version" => inherited(|p| p.version.as_deref(), Pom::known_version),
            "artifactId" => pom.artifact.as_deref(),
            "packaging" => Some(pom.packaging.as_deref().unwrap_or("jar")),
            "parent.groupId" => parent?.group.as_deref(),
            "parent.artifactId" => parent?.artifact.as_deref(),
            "parent.version" => parent?.version.as_deref(),
            _ => None,
        }
    }

    /// The line of an entry in the pom itself; for a parent's entry, that of the parent element.
    fn line(&self, depth: usize, dependency: &Dependency) -> u32 {
        let parent = self.chain.first().and_then(|pom| pom.parent.as_ref());
        match parent {
            Some(parent) if depth > 0 => parent.line,
            _ => dependency.line,
        }
    }

    /// Puts together the dependencies of the chain.
    fn declare(&mut self) {
        let mut at: HashMap<Key, (usize, usize)> = HashMap::new();
        for (depth, pom) in self.chain.clone().iter().enumerate() {
            for raw in &pom.dependencies {
                let declared = self.expanded(raw, self.line(depth, raw));
                match at.entry(declared.key.clone()) {
                    // The last of the same pom wins, and a child over its parents.
                    Entry::Occupied(earlier) if earlier.get().0 == depth => {
                        if let Some(slot) = self.dependencies.get_mut(earlier.get().1) {
                            *slot = declared;
                        }
                    }
                    Entry::Occupied(_) => {}
                    Entry::Vacant(free) => {
                        free.insert((depth, self.dependencies.len()));
                        self.dependencies.push(declared);
                    }
                }
            }
        }
    }

    /// The names of the artefacts that the project itself asks for: what management may concern.
    fn asked_for(&self) -> HashSet<Text> {
        let own = self.dependencies.iter().map(|d| Text::clone(&d.key.artifact));
        let plugins = self.chain.first().into_iter().flat_map(|pom| &pom.plugins);
        let given = plugins.flat_map(|p| &p.dependencies).map(|d| self.text(&d.artifact));
        own.chain(given).collect()
    }

    /// Puts together the management of the chain, of the `wanted` artefacts only if there are
    /// such; gives the imports.
    fn manage(&mut self, wanted: Option<&HashSet<Text>>) -> Vec<Declared> {
        let mut of_pom: HashMap<Key, usize> = HashMap::new();
        let mut imports = Vec::new();
        for (depth, pom) in self.chain.clone().iter().enumerate() {
            for raw in &pom.managed {
                let import = raw.scope.as_deref() == Some("import") && &*raw.kind == "pom";
                let is_wanted = wanted.is_none_or(|wanted| {
                    raw.artifact.contains("${") || wanted.contains(&raw.artifact)
                });
                if !import && !is_wanted {
                    continue;
                }
                let declared = self.expanded(raw, self.line(depth, raw));
                if import {
                    imports.push(declared);
                    continue;
                }
                let nearer = of_pom.get(&declared.key).is_some_and(|d| *d < depth);
                if !nearer {
                    of_pom.insert(declared.key.clone(), depth);
                    self.managed.insert(declared.key.clone(), declared);
                }
            }
        }
        imports
    }

    fn apply_management(&mut self) {
        for dependency in &mut self.dependencies {
            let Some(managed) = self.managed.get(&dependency.key) else { continue };
            if dependency.version.is_none() {
                dependency.version.clone_from(&managed.version);
            }
            if dependency.scope.is_none() {
                dependency.scope.clone_from(&managed.scope);
            }
            dependency.optional = dependency.optional.or(managed.optional);
            // The resolver adds managed exclusions to a dependency's own.
            dependency.exclusions.extend(managed.exclusions.iter().cloned());
        }
    }
}
