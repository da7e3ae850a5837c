//! `go.work`: a workspace of Go modules, and the replacements that it shares with `go.mod`.
//!
//! Follows the Go modules reference, "Workspaces". The modules that a workspace uses are the
//! project's own; its replacements win over theirs; it chooses the toolchain for all of them.

use std::collections::{HashMap, HashSet};

use trimtab_model::{Code, Component, Diagnostic, FileInventory, Origin, Relation, Scope};

use super::go_mod::{purl, shorten};
use super::go_stdlib::stdlib;
use super::go_syntax::{self, Statement};
use crate::read::text;
use crate::view::{self, FileView};

/// A replacement: by path and, where the file names one, version.
#[derive(Debug, Clone)]
pub(super) struct Replacement {
    pub(super) path: String,
    pub(super) version: String,
    /// `None` where a `go.work` has it.
    pub(super) line: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Replacements(pub(super) HashMap<(String, String), Replacement>);

impl Replacements {
    /// `replace old [version] => new [version]`. `None` if the statement is not one.
    pub(super) fn add(&mut self, statement: &Statement<'_>, line: Option<u32>) -> Option<()> {
        let words: Vec<&str> = statement.arguments.iter().map(|a| &**a).collect();
        let arrow = words.iter().position(|w| *w == "=>")?;
        let (old, new) = (words.get(..arrow)?, words.get(arrow + 1..)?);
        let (&path, version) = (old.first()?, old.get(1).copied().unwrap_or_default());
        let (&new_path, new_version) = (new.first()?, new.get(1).copied().unwrap_or_default());
        if old.len() > 2 || new.len() > 2 || path.is_empty() || new_path.is_empty() {
            return None;
        }
        let replacement =
            Replacement { path: new_path.to_owned(), version: new_version.to_owned(), line };
        self.0.insert((path.to_owned(), version.to_owned()), replacement);
        Some(())
    }

    /// What is built instead of a module; one for exactly this version comes first.
    pub(super) fn of(&self, path: &str, version: &str) -> Option<&Replacement> {
        let key = |version: &str| (path.to_owned(), version.to_owned());
        self.0.get(&key(version)).or_else(|| self.0.get(&key("")))
    }
}

/// What a workspace says to its modules.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) replacements: Replacements,
    /// Module paths.
    pub(super) members: HashSet<String>,
}

/// The most modules of one workspace that are looked at.
const MAX_MEMBERS: usize = 1_000;

impl Work {
    /// The nearest `go.work` above, if it uses the module of this folder.
    pub(super) fn above(view: &FileView<'_>) -> Work {
        for folder in view.folders_up() {
            let path = view::join(folder, "go.work");
            let Some(Ok(bytes)) = view.files.read(&path) else { continue };
            let Ok(text) = text::decode(&bytes) else { return Work::default() };
            let (statements, _) = go_syntax::statements(&text);
            let used = |s: &&Statement<'_>| {
                s.verb == "use"
                    && view::resolve(folder, s.argument(0)).as_deref()
                        == Some(view::folder(view.path))
            };
            if !statements.iter().any(|s| used(&s)) {
                return Work::default();
            }
            let mut work = Work::default();
            for statement in statements.iter().filter(|s| s.verb == "replace") {
                // A malformed one is told where the go.work itself is read.
                let _ = work.replacements.add(statement, None);
            }
            for statement in statements.iter().filter(|s| s.verb == "use").take(MAX_MEMBERS) {
                work.members.extend(member(view, folder, statement.argument(0)).map(|m| m.0));
            }
            return work;
        }
        Work::default()
    }
}

/// The module path of a workspace member, and the path of its `go.mod`.
fn member(view: &FileView<'_>, folder: &str, used: &str) -> Option<(String, String)> {
    let path = view::join(&view::resolve(folder, used)?, "go.mod");
    let bytes = view.files.read(&path)?.ok()?;
    let text = text::decode(&bytes).ok()?;
    let (statements, _) = go_syntax::statements(&text);
    let module = statements.iter().find(|s| s.verb == "module" && !s.argument(0).is_empty())?;
    Some((module.argument(0).to_owned(), path))
}

/// A `go.work`: its members are the project's own, and it chooses the toolchain for all of them.
pub(super) fn workspace(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let (statements, diagnostics) = go_syntax::statements(&text);
    let known = ["go", "toolchain", "godebug", "use", "replace"];
    if !statements.is_empty() && !statements.iter().any(|s| known.contains(&s.verb)) {
        return Err(Diagnostic::new(
            Code::FileMalformed,
            "the file has no directive of a go.work, such as `go` or `use`",
        )
        .at_line(1));
    }
    let mut out = FileInventory { diagnostics, ..FileInventory::default() };
    let stdlib = stdlib(&statements).map(|component| out.add(component));
    for statement in &statements {
        let line = statement.line;
        match statement.verb {
            "use" if out.components.len() <= MAX_MEMBERS => {
                let used = statement.argument(0);
                match member(view, view::folder(view.path), used) {
                    Some((module, _)) => {
                        let mut component = Component::new(purl(&module));
                        component.relation = Relation::Own;
                        component.scope = Scope::Runtime;
                        component.line = Some(line);
                        component.origin = Origin::Path(used.into());
                        let at = out.add(component);
                        out.edges.extend(stdlib.map(|stdlib| (at, stdlib)));
                    }
                    None => out.diagnostics.push(
                        Diagnostic::new(
                            Code::ReferenceMissing,
                            format!(
                                "the workspace uses `{}`, where no go.mod was read",
                                shorten(used)
                            ),
                        )
                        .at_line(line),
                    ),
                }
            }
            "use" => {
                out.diagnostics.push(
                    Diagnostic::new(
                        Code::FileLimit,
                        format!("the workspace uses more than {MAX_MEMBERS} modules"),
                    )
                    .at_line(line),
                );
                break;
            }
            "replace" if Replacements::default().add(statement, None).is_none() => {
                out.diagnostics.push(
                    Diagnostic::new(
                        Code::EntryMalformed,
                        "the `replace` statement cannot be understood",
                    )
                    .at_line(line),
                );
            }
            _ => {}
        }
    }
    Ok(out)
}
