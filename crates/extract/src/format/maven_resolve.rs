//! What a Maven project brings in, as far as the tree holds the poms to know it.
//!
//! The project's own declarations are always known. What those bring in is known where their poms
//! lie in the tree in a Maven repository's layout; the rules are Maven's: the nearest declaration
//! wins (the first of equals), the project's management overrules what dependencies ask for,
//! optional, test and provided dependencies of dependencies are left out, and so is what is
//! excluded on the way. A module of the same tree is not walked into: its own pom tells.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use trimtab_model::Scope;

use super::maven_effective::{Declared, Effective, Key, Models};
use super::maven_pom::{Pom, Text};
use crate::view;

/// One artefact of the result.
#[derive(Debug)]
pub struct Node {
    /// What was asked for, with management applied.
    pub declared: Declared,
    /// What it is needed for.
    pub scope: Scope,
    /// Whether the project itself asks for it.
    pub is_direct: bool,
    /// Who else asks for it: positions of nodes.
    pub asked_by: Vec<usize>,
    /// The folder of the module of this tree that makes it.
    pub sibling: Option<Box<str>>,
    /// The version of that module, where the declaration has none.
    pub sibling_version: Option<Box<str>>,
    /// The licence that its pom states, if the tree has that.
    pub licence: Option<String>,
}

/// The most artefacts of one project.
const MAX_NODES: usize = 50_000;

/// The longest path from the project to an artefact.
const MAX_PATH: u32 = 200;

/// What is excluded on a path: a list that grows towards the leaves.
struct Excluded {
    /// How long the list is.
    length: u32,
    patterns: Vec<(Text, Text)>,
    above: Option<Arc<Excluded>>,
}

impl Excluded {
    fn names(list: Option<&Arc<Excluded>>, key: &Key) -> bool {
        let mut next = list;
        while let Some(list) = next {
            let is = |pattern: &str, name: &str| pattern == "*" || pattern == name;
            if list.patterns.iter().any(|(g, a)| is(g, &key.group) && is(a, &key.artifact)) {
                return true;
            }
            next = list.above.as_ref();
        }
        false
    }
}

/// The scope of a declaration.
pub fn scope_of(declared: &Declared) -> Scope {
    match declared.scope.as_deref().unwrap_or("compile") {
        "test" => Scope::Test,
        // On the class path of the build; where it runs, something else brings it.
        "provided" | "system" => Scope::Build,
        "compile" | "runtime" if declared.optional == Some(true) => Scope::Optional,
        "compile" | "runtime" => Scope::Runtime,
        _ => Scope::Unknown,
    }
}

/// What a declared version comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'v> {
    /// This version: `1.0`, or `[1.0]`.
    Version(&'v str),
    /// A range, `LATEST` or `RELEASE`: only the registry knows.
    Floating(&'v str),
    /// A property that no pom of the tree declares, or nothing at all.
    Unknown(Option<&'v str>),
}

/// Reads a declared version.
pub fn asked(version: Option<&str>) -> Asked<'_> {
    let Some(text) = version.map(str::trim).filter(|v| !v.is_empty()) else {
        return Asked::Unknown(None);
    };
    if text.contains("${") {
        return Asked::Unknown(Some(text));
    }
    let inside = text.strip_prefix('[').and_then(|v| v.strip_suffix(']')).map(str::trim);
    match inside.filter(|v| !v.is_empty() && !v.contains([',', '[', ']', '(', ')'])) {
        Some(only) => Asked::Version(only),
        None if text.starts_with(['[', '(']) || matches!(text, "LATEST" | "RELEASE") => {
            Asked::Floating(text)
        }
        None => Asked::Version(text),
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Resolved {
    /// All that a project brings in: what it asks for first, in its order.
    pub nodes: Vec<Node>,
    /// Whether a bound was reached, and more would be brought in.
    pub is_cut: bool,
}

/// What a project brings in.
pub fn resolve(models: &mut Models<'_>, root: &Effective) -> Resolved {
    let mut nodes: Vec<Node> = Vec::new();
    let mut is_cut = root.dependencies.len() > MAX_NODES;
    let mut at: HashMap<Key, usize> = HashMap::new();
    let mut queue: VecDeque<(usize, Option<Arc<Excluded>>)> = VecDeque::new();
    for declared in root.dependencies.iter().take(MAX_NODES) {
        // Only management knows the scope `import`; Maven warns and takes nothing.
        if declared.scope.as_deref() == Some("import") {
            continue;
        }
        let position = nodes.len();
        at.insert(declared.key.clone(), position);
        queue.push_back((position, excluding(declared, None)));
        nodes.push(node(models, declared.clone(), scope_of(declared), true));
    }
    while let Some((position, excluded)) = queue.pop_front() {
        let Some(parent) = nodes.get(position) else { continue };
        let (scope, is_sibling) = (parent.scope, parent.sibling.is_some());
        // What is brought in stands where the one stands that brings it in.
        let line = parent.declared.line;
        let (key, version) = (parent.declared.key.clone(), parent.declared.version.clone());
        if is_sibling {
            continue;
        }
        let Asked::Version(version) = asked(version.as_deref()) else { continue };
        let Some(pom) = models.index.find(&key.group, &key.artifact, version) else { continue };
        if pom.known_version() != Some(version) {
            continue;
        }
        let model = models.effective(&pom);
        if let Some(parent) = nodes.get_mut(position) {
            parent.licence = model.licence();
        }
        for declared in &model.dependencies {
            let passed_on = matches!(declared.scope.as_deref(), None | Some("compile" | "runtime"));
            let too_far = excluded.as_ref().is_some_and(|list| list.length >= MAX_PATH);
            is_cut |= too_far;
            if !passed_on
                || too_far
                || declared.optional == Some(true)
                || Excluded::names(excluded.as_ref(), &declared.key)
            {
                continue;
            }
            let declared = Declared { line, ..overruled(declared, root) };
            match at.entry(declared.key.clone()) {
                Entry::Occupied(nearer) => {
                    let nearer = *nearer.get();
                    let Some(known) = nodes.get_mut(nearer) else { continue };
                    if nearer != position && known.asked_by.last() != Some(&position) {
                        known.asked_by.push(position);
                    }
                    // A stronger need also holds for all that it brings in.
                    if scope > known.scope && !known.is_direct {
                        known.scope = scope;
                        queue.push_back((nearer, excluding(&declared, excluded.as_ref())));
                    }
                }
                Entry::Vacant(free) if nodes.len() < MAX_NODES => {
                    let next = nodes.len();
                    free.insert(next);
                    queue.push_back((next, excluding(&declared, excluded.as_ref())));
                    let mut found = node(models, declared, scope, false);
                    found.asked_by.push(position);
                    nodes.push(found);
                }
                Entry::Vacant(_) => is_cut = true,
            }
        }
    }
    Resolved { nodes, is_cut }
}

fn node(models: &Models<'_>, declared: Declared, scope: Scope, is_direct: bool) -> Node {
    let key = &declared.key;
    let version = match asked(declared.version.as_deref()) {
        Asked::Version(version) => Some(version),
        Asked::Floating(_) | Asked::Unknown(_) => None,
    };
    let sibling = models.index.sibling(&key.group, &key.artifact, version);
    Node {
        sibling: sibling.map(|pom| view::folder(&pom.path).into()),
        sibling_version: sibling
            .and_then(Pom::known_version)
            .filter(|v| !v.contains("${"))
            .map(Into::into),
        declared,
        scope,
        is_direct,
        asked_by: Vec::new(),
        licence: None,
    }
}

/// What a dependency asks for, where the project's own management says otherwise.
fn overruled(declared: &Declared, root: &Effective) -> Declared {
    let mut declared = declared.clone();
    if let Some(managed) = root.managed.get(&declared.key) {
        if managed.version.is_some() {
            declared.version.clone_from(&managed.version);
        }
        declared.exclusions.extend(managed.exclusions.iter().cloned());
    }
    declared
}

fn excluding(declared: &Declared, above: Option<&Arc<Excluded>>) -> Option<Arc<Excluded>> {
    if declared.exclusions.is_empty() {
        return above.cloned();
    }
    let length = above.map_or(0, |list| list.length) + 1;
    let patterns = declared.exclusions.clone();
    Some(Arc::new(Excluded { length, patterns, above: above.cloned() }))
}
