//! Conan's `conan.lock`.
//!
//! Conan 2 (version 0.5) has flat lists of references; Conan 1 (up to 0.4) a graph of nodes, whose
//! references are in `ref` or, in older ones, in `pref`, and whose edges are positions or a map
//! from reference to node. A reference is `name/version[@user/channel][#revision][:package][%time]`.
//! The node with a `path` (or without a reference) is the project itself. Revisions tell two
//! builds of one version apart: the recipe's is the purl's `rrev`.

use std::collections::{HashMap, HashSet};

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Purl, Relation, Scope};

use super::scopes;
use crate::read::json::{self, Flavour};
use crate::read::text;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "conan-lock",
    title: "Conan conan.lock",
    family: Some(Family::ConanCenter),
    kind: FormatKind::Lockfile,
    names: "conan.lock",
    claims: |path| view::file_name(path) == "conan.lock",
    sniff: None,
    extract,
};

/// The lists of Conan 2, and what they are for. Python requires extend recipes.
const LISTS: [(&str, Scope); 4] = [
    ("requires", Scope::Runtime),
    ("build_requires", Scope::Build),
    ("python_requires", Scope::Build),
    ("config_requires", Scope::Build),
];

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Relaxed)?;
    let root = doc.root();
    if root.kind() != Kind::Map {
        return Err(Diagnostic::new(Code::FileMalformed, "the lockfile is not a JSON object")
            .at_line(1)
            .help("run `conan lock create` to write it anew"));
    }
    let mut file = FileInventory::default();
    match root.path(&["graph_lock", "nodes"]) {
        Some(nodes) => graph(&mut file, nodes),
        None => lists(&mut file, root, view),
    }
    Ok(file)
}

/// A parsed reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'t> {
    name: &'t str,
    pub(super) version: &'t str,
    user: &'t str,
    channel: &'t str,
    revision: &'t str,
}

impl<'t> Reference<'t> {
    pub(super) fn parse(text: &'t str) -> Option<Reference<'t>> {
        let text = text.split('%').next().unwrap_or(text);
        let (rest, revision) = text.split_once('#').unwrap_or((text, ""));
        let revision = revision.split(':').next().unwrap_or(revision);
        let rest = rest.split(':').next().unwrap_or(rest);
        let (rest, owner) = rest.split_once('@').unwrap_or((rest, ""));
        let (user, channel) = owner.split_once('/').unwrap_or((owner, ""));
        let (name, version) = rest.split_once('/')?;
        // `_/_` was once written for "none".
        let none = |text: &'t str| if text == "_" { "" } else { text };
        (!name.is_empty() && !version.is_empty()).then_some(Reference {
            name,
            version,
            user: none(user),
            channel: none(channel),
            revision,
        })
    }

    pub(super) fn component(&self, line: u32) -> Component {
        // A purl has the user as its namespace only together with a channel.
        let namespace = Some(self.user).filter(|_| !self.channel.is_empty());
        let purl = Purl::new("conan", namespace, self.name)
            .with_version(self.version)
            .with_qualifier("user", self.user)
            .with_qualifier("channel", self.channel)
            .with_qualifier("rrev", if self.revision == "0" { "" } else { self.revision });
        let mut component = Component::new(purl);
        component.line = Some(line);
        component
    }
}

fn malformed(text: &str, line: u32) -> Diagnostic {
    Diagnostic::new(
        Code::EntryMalformed,
        format!("the reference `{text}` is not spelled as a name and a version"),
    )
    .at_line(line)
}

/// Conan 2.
fn lists(file: &mut FileInventory, root: Value<'_>, view: &FileView<'_>) {
    let manifest = ["conanfile.txt", "conanfile.py"]
        .iter()
        .find_map(|name| view.read(name)?.ok())
        .and_then(|bytes| text::decode(&bytes).ok().map(std::borrow::Cow::into_owned));
    let asked = manifest.as_deref().map(names);
    for (list, scope) in LISTS {
        for entry in root.get(list).into_iter().flat_map(Value::items) {
            let text = entry.scalar().unwrap_or_default();
            let Some(reference) = Reference::parse(text) else {
                file.diagnostics.push(malformed(text, entry.line()));
                continue;
            };
            let mut component = reference.component(entry.line());
            component.scope = scope;
            component.groups.push(list.into());
            if let Some(asked) = &asked {
                let direct = asked.contains(reference.name);
                component.relation = if direct { Relation::Direct } else { Relation::Transitive };
            }
            file.add(component);
        }
    }
}

/// The names that a recipe asks for as `name/…`. A recipe may be Python: it is searched, not run.
fn names(manifest: &str) -> HashSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '.' | '-');
    let heads = manifest.split('/').enumerate().filter_map(|(at, before)| {
        let start = before.trim_end_matches(is_name).len();
        let whole = match before.get(..start)?.chars().next_back() {
            Some(c) => c.is_whitespace() || matches!(c, '"' | '\''),
            None => at == 0,
        };
        before.get(start..).filter(|name| whole && !name.is_empty())
    });
    heads.collect()
}

/// Conan 1.
fn graph(file: &mut FileInventory, nodes: Value<'_>) {
    let mut by_id: HashMap<&str, u32> = HashMap::new();
    for (id, node) in nodes.entries() {
        let text = node.str("ref").or_else(|| node.str("pref")).unwrap_or_default();
        let own = node.get("path").is_some_and(|p| !p.is_null());
        let Some(reference) = Reference::parse(text) else {
            // The consumer of a conanfile.txt has no reference, or a bare comment in its place.
            if !(own || text.is_empty() || text.starts_with("conanfile")) {
                file.diagnostics.push(malformed(text, node.line()));
            }
            continue;
        };
        let mut component = reference.component(node.line());
        if own {
            component.relation = Relation::Own;
        }
        if node.str("context") == Some("build") {
            component.groups.push("build".into());
        }
        let at = file.add(component);
        by_id.insert(id.scalar().unwrap_or_default(), at);
    }
    for (id, node) in nodes.entries() {
        let from = by_id.get(id.scalar().unwrap_or_default()).copied();
        let root = from.is_none_or(|at| file.components[at as usize].relation == Relation::Own);
        for (list, scope) in [("requires", Scope::Runtime), ("build_requires", Scope::Build)] {
            let targets = node.get(list);
            let positions = targets.into_iter().flat_map(Value::items);
            let mapped = targets.into_iter().flat_map(Value::entries).map(|(_, id)| id);
            for to in positions.chain(mapped) {
                let Some(&to) = to.scalar().and_then(|id| by_id.get(id)) else { continue };
                // What a dependency is built with does not run because the dependency does.
                if let Some(from) = from.filter(|_| root || scope == Scope::Runtime) {
                    file.edge(from, to);
                }
                let component = &mut file.components[to as usize];
                if root && component.relation != Relation::Own {
                    component.relation = Relation::Direct;
                }
                if root || scope == Scope::Build {
                    component.scope = component.scope.max(scope);
                }
            }
        }
    }
    scopes::spread_from_direct(file);
    // The build tools of dependencies come with their edges only now.
    for (id, node) in nodes.entries() {
        let from = by_id.get(id.scalar().unwrap_or_default()).copied();
        for to in node.get("build_requires").into_iter().flat_map(Value::items) {
            let to = to.scalar().and_then(|id| by_id.get(id));
            if let (Some(from), Some(&to)) = (from, to) {
                file.edge(from, to);
            }
        }
    }
    scopes::relate_rest(file);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_apart() {
        let all = Reference::parse("zlib/1.2.11@user/stable#abc:0123#def%1667.1").unwrap();
        assert_eq!(
            (all.name, all.version, all.user, all.channel, all.revision),
            ("zlib", "1.2.11", "user", "stable", "abc")
        );
        assert_eq!(Reference::parse("zlib/1.2").unwrap().user, "");
        assert_eq!(Reference::parse("1.2.3#x"), None);
        assert!(names("[requires]\nzlib/1.2\n").contains("zlib"));
        assert!(names("requires = \"zlib/1.2\"").contains("zlib"));
        assert!(!names("minizlib/1.2 zlib-ng/1 \"https://a/zlib/x\"").contains("zlib"));
    }
}
