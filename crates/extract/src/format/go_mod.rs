//! Go: `go.mod` with the `go.sum` beside it and the `go.work` above it.
//!
//! Follows the Go modules reference. The traps (TRAPS 12):
//!
//! - From Go 1.17 on, `go.mod` lists every module that the build selects. Before, what is only
//!   brought in by others stands in `go.sum` alone, together with versions that lost: the highest
//!   version of a module whose files were fetched is the best that is known offline.
//! - `replace` changes what is built: another module (the component is that one, at the line of
//!   the replacement), or a folder (the project's own code). A `go.work` that uses this module
//!   adds replacements, which win. `exclude` makes a required version not be used.
//! - The standard library is vulnerable too. It is the component `stdlib`, at the version of
//!   `toolchain`, else of `go`. Both are the *least* version that may build the module, not the
//!   one that did; `requirement` therefore repeats the directive (`toolchain go1.22.3`), from which
//!   matching makes a doubt.
//! - What is vendored may have `go.mod` files of its own, which Go does not read: `vendor/` is built as the
//!   project's `go.mod` says. A folder that is only called so is none of that.
//! - Go does not tell what only tests import: everything counts as runtime, except a module that
//!   no package of the project imports and that provides a `tool`: its scope is unknown.

use std::collections::{HashMap, HashSet};

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Origin, Purl, Relation, Scheme, Scope,
    Unmanaged, UnmanagedReason, Version,
};

use super::go_stdlib::{lists_everything, stdlib};
use super::go_syntax::{self, Statement, Sums};
use super::go_work::{Replacements, Work, workspace};
use crate::read::text;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "go-mod",
    title: "go.mod (with go.sum and go.work)",
    family: Some(Family::Go),
    kind: FormatKind::Lockfile,
    names: "go.mod, go.sum, go.work",
    claims: |path| matches!(view::file_name(path), "go.mod" | "go.sum" | "go.work"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    if is_vendored(view) {
        return Ok(FileInventory::default());
    }
    match view.name() {
        "go.sum" => lone_sum(view),
        "go.work" => workspace(view),
        _ => module(view),
    }
}

/// Whether a module has this file below its `vendor/`: a list of modules is in that, or what is vendored is told beside it.
fn is_vendored(view: &FileView<'_>) -> bool {
    let has = |folder: &str, name: &str| view.files.exists(&view::join(folder, name));
    // A file in `vendor/` itself is of a module of that name.
    view.folders_up().skip(1).filter(|at| view::file_name(at) == "vendor").any(|at| {
        let above = view::folder(at);
        has(at, "modules.txt") || ["go.mod", "go.work", "Gopkg.lock"].iter().any(|n| has(above, n))
    })
}

/// The purl of a module path: what stands before the last `/` is the namespace.
pub(super) fn purl(path: &str) -> Purl {
    match path.rsplit_once('/') {
        Some((namespace, name)) if !name.is_empty() => Purl::new("golang", Some(namespace), name),
        _ => Purl::new("golang", None, path),
    }
}

/// Whether a replacement is a folder: Go asks for a path that starts like one.
fn is_folder(path: &str) -> bool {
    path == "."
        || path == ".."
        || ["./", "../", "/", ".\\", "..\\"].iter().any(|p| path.starts_with(p))
        || path.get(1..2) == Some(":")
}

const VERBS: [&str; 10] = [
    "module",
    "go",
    "toolchain",
    "godebug",
    "require",
    "exclude",
    "replace",
    "retract",
    "tool",
    "ignore",
];

fn module(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let (statements, diagnostics) = go_syntax::statements(&text);
    if !statements.is_empty() && !statements.iter().any(|s| VERBS.contains(&s.verb)) {
        return Err(Diagnostic::new(
            Code::FileMalformed,
            "the file has no directive of a go.mod, such as `module` or `require`",
        )
        .at_line(1));
    }
    let mut out = FileInventory { diagnostics, ..FileInventory::default() };
    let work = Work::above(view);
    let mut replacements = Replacements::default();
    let mut excluded: HashSet<(&str, &str)> = HashSet::new();
    let mut tools = Vec::new();
    for statement in &statements {
        let understood = match statement.verb {
            "replace" => replacements.add(statement, Some(statement.line)).is_some(),
            "exclude" => {
                excluded.insert((statement.argument(0), statement.argument(1)));
                statement.arguments.len() == 2
            }
            "tool" => {
                tools.push(statement.argument(0));
                statement.arguments.len() == 1
            }
            "require" => statement.arguments.len() == 2 && !statement.argument(0).is_empty(),
            "module" | "go" | "toolchain" => statement.arguments.len() == 1,
            verb => VERBS.contains(&verb),
        };
        if !understood {
            out.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the `{}` statement cannot be understood", shorten(statement.verb)),
                )
                .at_line(statement.line),
            );
        }
    }
    replacements.0.extend(work.replacements.0);

    let module = statements.iter().find(|s| s.verb == "module" && !s.argument(0).is_empty());
    let own = module.map(|s| {
        let mut component = Component::new(purl(s.argument(0)));
        component.relation = Relation::Own;
        component.scope = Scope::Runtime;
        component.line = Some(s.line);
        out.add(component)
    });
    if let Some(component) = stdlib(&statements) {
        let at = out.add(component);
        out.edges.extend(own.map(|own| (own, at)));
    }

    let sum = sum_bytes(view, &mut out.diagnostics);
    let sum_text = match sum.as_deref().map(|bytes| text::decode(bytes)).transpose() {
        Ok(text) => text.unwrap_or_default(),
        Err(diagnostic) => {
            out.diagnostics.push(diagnostic.in_file(sibling_sum(view)));
            std::borrow::Cow::Borrowed("")
        }
    };
    let sums = go_syntax::sums(&sum_text);
    let path = sibling_sum(view);
    out.diagnostics.extend(sums.diagnostics.iter().cloned().map(|d| d.in_file(path.as_str())));

    let tools = tool_modules(&statements, &tools);
    let builder = Builder { replacements, excluded, tools, members: work.members, sums: &sums };
    list(&statements, &builder, own, &mut out);
    if !lists_everything(&statements) {
        if sum.is_some() {
            from_sum(&sums, &builder, &mut out);
        } else if statements.iter().any(|s| s.verb == "require") {
            out.unmanaged.push(Unmanaged {
                reason: UnmanagedReason::NoLockfile,
                package: None,
                requirement: None,
                line: None,
            });
        }
    }
    Ok(out)
}

/// Lists what the file asks for. `own`: the module itself.
fn list(
    statements: &[Statement<'_>],
    builder: &Builder<'_>,
    own: Option<u32>,
    out: &mut FileInventory,
) {
    let mut seen = HashMap::new();
    let requires = statements.iter().filter(|s| s.verb == "require" && s.arguments.len() == 2);
    for statement in requires.filter(|s| !s.argument(0).is_empty()) {
        let (component, unmanaged) = builder.required(statement);
        let key = (component.purl.clone(), component.relation == Relation::Own);
        let (direct, unknown) =
            (component.relation != Relation::Transitive, component.scope == Scope::Unknown);
        let at = *seen.entry(key).or_insert_with(|| out.add(component));
        if let Some(listed) = out.components.get_mut(at as usize) {
            // The same module twice: asked for directly once is asked for directly.
            if direct && listed.relation == Relation::Transitive {
                listed.relation = Relation::Direct;
            }
            if !unknown {
                listed.scope = Scope::Runtime;
            }
        }
        out.unmanaged.extend(unmanaged);
        if direct {
            out.edges.extend(own.map(|own| (own, at)));
        }
    }
}

pub(super) fn shorten(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(at, _)| &text[..at])
}

/// What makes components out of requirements.
struct Builder<'t> {
    replacements: Replacements,
    excluded: HashSet<(&'t str, &'t str)>,
    /// Module paths that hold a `tool`.
    tools: HashSet<&'t str>,
    /// Module paths of the workspace.
    members: HashSet<String>,
    sums: &'t Sums<'t>,
}

impl Builder<'_> {
    fn required(&self, statement: &Statement<'_>) -> (Component, Option<Unmanaged>) {
        let (path, version) = (statement.argument(0), statement.argument(1));
        let indirect = statement.is_indirect();
        let mut component = Component::new(purl(path));
        component.line = Some(statement.line);
        component.relation = if indirect { Relation::Transitive } else { Relation::Direct };
        component.scope = Scope::Runtime;
        if self.tools.contains(path) {
            component.groups.push("tool".into());
            component.relation = Relation::Direct;
            if indirect {
                component.scope = Scope::Unknown;
            }
        }
        if let Some(replacement) = self.replacements.of(path, version) {
            component.requirement = Some(format!("{path} {version}").into());
            component.line = replacement.line.or(component.line);
            if is_folder(&replacement.path) {
                component.relation = Relation::Own;
                component.origin = Origin::Path(replacement.path.as_str().into());
            } else {
                component.purl = purl(&replacement.path);
                return self.at_version(component, &replacement.path, &replacement.version);
            }
            return (component, None);
        }
        if self.members.contains(path) {
            component.relation = Relation::Own;
            return (component, None);
        }
        if self.excluded.contains(&(path, version)) {
            return unresolved(component, version, UnmanagedReason::Unresolved);
        }
        self.at_version(component, path, version)
    }

    fn at_version(
        &self,
        mut component: Component,
        path: &str,
        version: &str,
    ) -> (Component, Option<Unmanaged>) {
        if !is_version(version) {
            return unresolved(component, version, UnmanagedReason::FloatingVersion);
        }
        component.purl = component.purl.with_version(version);
        component.hashes.extend(self.sums.zips.get(&(path, version)).cloned());
        (component, None)
    }
}

/// The longest path that a package's path may have and still be looked for.
const MAX_PATH: usize = 1_000;

/// The required modules that the packages named by `tool` are of: the longest path that fits.
fn tool_modules<'t>(statements: &'t [Statement<'_>], tools: &[&'t str]) -> HashSet<&'t str> {
    if tools.is_empty() {
        return HashSet::new();
    }
    let requires = statements.iter().filter(|s| s.verb == "require");
    let required: HashSet<&str> = requires.map(|s| s.argument(0)).collect();
    let module = |tool: &&'t str| {
        let mut path = (tool.len() <= MAX_PATH).then_some(*tool)?;
        while !required.contains(path) {
            path = path.rsplit_once('/')?.0;
        }
        Some(path)
    };
    tools.iter().filter_map(module).collect()
}

fn unresolved(
    mut component: Component,
    asked: &str,
    reason: UnmanagedReason,
) -> (Component, Option<Unmanaged>) {
    if component.requirement.is_none() && !asked.is_empty() {
        component.requirement = Some(asked.into());
    }
    let unmanaged = Unmanaged {
        reason,
        package: Some(component.purl.clone()),
        requirement: component.requirement.clone(),
        line: component.line,
    };
    (component, Some(unmanaged))
}

/// A version as `go.mod` pins it; anything else (a branch, a commit) is a query that the next
/// `go mod tidy` answers.
fn is_version(text: &str) -> bool {
    let rest = text.strip_prefix('v').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains('.')
}

fn sibling_sum(view: &FileView<'_>) -> String {
    view::join(view::folder(view.path), "go.sum")
}

fn sum_bytes(
    view: &FileView<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<std::sync::Arc<Vec<u8>>> {
    match view.read("go.sum")? {
        Ok(bytes) => Some(bytes),
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            None
        }
    }
}

/// The highest fetched version of every module that `go.mod` does not list.
fn from_sum(sums: &Sums<'_>, builder: &Builder<'_>, out: &mut FileInventory) {
    let listed: HashSet<Purl> = out.components.iter().map(|c| c.purl.package()).collect();
    let replaced: HashSet<&str> =
        builder.replacements.0.keys().map(|(path, _)| path.as_str()).collect();
    let unlisted = |path: &str| {
        !listed.contains(&purl(path)) && !replaced.contains(path) && !builder.members.contains(path)
    };
    for (path, version, _) in highest(sums) {
        if !unlisted(path) || builder.excluded.contains(&(path, version)) {
            continue;
        }
        let mut component = Component::new(purl(path).with_version(version));
        component.relation = Relation::Transitive;
        component.scope = Scope::Runtime;
        component.hashes.extend(sums.zips.get(&(path, version)).cloned());
        out.add(component);
    }
}

/// The highest version per module, in the order of the file. Versions that cannot be compared
/// are all kept.
fn highest<'t>(sums: &Sums<'t>) -> Vec<(&'t str, &'t str, u32)> {
    let mut best: HashMap<&str, (Version, u32)> = HashMap::new();
    let mut keep: HashSet<u32> = HashSet::new();
    for &(path, version, line) in &sums.order {
        let Ok(version) = Version::parse(Scheme::Go, version) else {
            keep.insert(line);
            continue;
        };
        let higher = best
            .get(path)
            .is_none_or(|(kept, _)| kept.compare(&version) == Some(std::cmp::Ordering::Less));
        if higher {
            best.insert(path, (version, line));
        }
    }
    keep.extend(best.values().map(|(_, line)| *line));
    sums.order.iter().copied().filter(|(_, _, line)| keep.contains(line)).collect()
}

/// A `go.sum` without its `go.mod`: what was fetched is all that is known. With one, that speaks.
fn lone_sum(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    if view.has("go.mod") {
        return Ok(FileInventory::default());
    }
    let text = view.text()?;
    let sums = go_syntax::sums(&text);
    let mut out = FileInventory::default();
    for (path, version, line) in highest(&sums) {
        let mut component = Component::new(purl(path).with_version(version));
        component.line = Some(line);
        component.hashes.extend(sums.zips.get(&(path, version)).cloned());
        out.add(component);
    }
    out.diagnostics = sums.diagnostics;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::MemoryFiles;

    #[test]
    fn what_is_vendored_is_told_by_the_module_that_has_it() {
        let bytes = b"module a.example/x\n\nrequire b.example/y v1.0.0\n";
        let is_read = |path: &str, beside: &[&str]| {
            let mut files = MemoryFiles::default();
            for name in beside {
                files.insert(name, b"module m.example\n");
            }
            let view = FileView { path, bytes, files: &files };
            !extract(&view).unwrap().components.is_empty()
        };
        assert!(!is_read("vendor/a.example/x/go.mod", &["go.mod"]));
        assert!(!is_read("vendor/a.example/x/go.mod", &["vendor/modules.txt"]));
        assert!(!is_read("app/vendor/a.example/x/go.mod", &["app/Gopkg.lock"]));
        // Folders that are only called so.
        assert!(is_read("services/vendor/go.mod", &["services/go.mod"]));
        assert!(is_read("vendor/go.mod", &["go.mod"]));
        assert!(is_read("third_party/vendor/tool/go.mod", &["go.mod"]));
    }
}
