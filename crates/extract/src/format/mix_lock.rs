//! Elixir's `mix.lock`: one Elixir map of tuples.
//!
//! A Hex package is `{:hex, :name, "1.0.0", "inner", [managers], [deps], "repo", "outer"}`, where
//! `outer` is the SHA-256 of the archive and `inner` that of its content (older locks have only
//! that one, or neither). A Git dependency is `{:git, url, commit, options}`. The key is the
//! application's name and may differ from the package's. `hexpm:acme` is a private organisation.
//!
//! The lock does not say what the project asks for. The `deps` in `mix.exs` do; that file is
//! Elixir source and is not run: tuples of the shape `{:name, …}` whose name is locked are taken.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Origin, Purl,
    Relation, Scope,
};

use super::elixir::{self, Term};
use super::scopes;
use crate::read::text::Lines;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "mix-lock",
    title: "Elixir mix.lock",
    family: Some(Family::Hex),
    kind: FormatKind::Lockfile,
    names: "mix.lock",
    claims: |path| view::file_name(path) == "mix.lock",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let lines = Lines::of(&text);
    let entries = match elixir::parse(&text) {
        Ok(Term::Map(entries)) => entries,
        Ok(_) => {
            return Err(Diagnostic::new(Code::FileMalformed, "the lockfile is not an Elixir map")
                .at_line(1));
        }
        Err(at) => {
            let code = if at >= text.len() { Code::FileTruncated } else { Code::FileMalformed };
            return Err(Diagnostic::new(code, "the lockfile cannot be read as an Elixir term")
                .at_line(lines.at(at)));
        }
    };
    let mut file = FileInventory::default();
    let mut by_app: HashMap<&str, u32> = HashMap::new();
    let mut needs: Vec<(u32, &Term<'_>)> = Vec::new();
    for (at, key, value) in &entries {
        let line = lines.at(*at);
        let entry = match (key, value) {
            (Term::Text(app) | Term::Atom(app), Term::Tuple(entry)) => {
                component(app, entry).map(|c| (*app, c))
            }
            _ => None,
        };
        let Some((app, (mut component, deps))) = entry else {
            file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    "an entry is neither a Hex package, a Git repository nor a path",
                )
                .at_line(line),
            );
            continue;
        };
        component.line = Some(line);
        let at = file.add(component);
        by_app.insert(app, at);
        needs.extend(deps.map(|deps| (at, deps)));
    }
    for (from, deps) in needs {
        let Term::List(deps) = deps else { continue };
        for dep in deps {
            if let Term::Tuple(parts) = dep
                && let Some(Term::Atom(app)) = parts.first()
                && let Some(to) = by_app.get(app)
            {
                file.edge(from, *to);
            }
        }
    }
    match view.read("mix.exs") {
        Some(Ok(bytes)) => relate_by_manifest(&mut file, &by_app, &bytes),
        _ => scopes::relate_by_edges(&mut file),
    }
    scopes::spread_from_direct(&mut file);
    Ok(file)
}

/// The component of an entry, and its list of dependencies.
fn component<'a, 't>(
    app: &str,
    entry: &'a [Term<'t>],
) -> Option<(Component, Option<&'a Term<'t>>)> {
    let text = |at: usize| match entry.get(at) {
        Some(Term::Text(text)) => Some(*text),
        _ => None,
    };
    match entry.first()? {
        Term::Atom("hex") => {
            let name = match entry.get(1)? {
                Term::Atom(name) | Term::Text(name) if !name.is_empty() => name,
                _ => return None,
            };
            let repo = text(6).unwrap_or("hexpm");
            let namespace = repo.strip_prefix("hexpm:");
            let purl = Purl::new("hex", namespace, name).with_version(text(2)?);
            let mut component = Component::new(purl);
            component.hashes = text(7)
                .and_then(|hex| Hash::from_hex(HashAlgorithm::Sha256, hex))
                .into_iter()
                .collect();
            if namespace.is_none() && repo != "hexpm" {
                component.origin = Origin::Registry(repo.into());
            }
            Some((component, entry.get(5)))
        }
        Term::Atom("git") => {
            let mut component = Component::new(Purl::new("hex", None, non_empty(app)?));
            let commit = text(2).map(Into::into);
            component.origin = Origin::Git { url: text(1)?.into(), commit };
            Some((component, None))
        }
        Term::Atom("path") => {
            let mut component = Component::new(Purl::new("hex", None, non_empty(app)?));
            component.origin = Origin::Path(text(1)?.into());
            Some((component, None))
        }
        _ => None,
    }
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn relate_by_manifest(file: &mut FileInventory, by_app: &HashMap<&str, u32>, manifest: &[u8]) {
    let Ok(text) = crate::read::text::decode(manifest) else {
        scopes::relate_by_edges(file);
        return;
    };
    for (_, parts) in elixir::tuples(&text) {
        let Some(Term::Atom(app)) = parts.first() else { continue };
        let Some(component) = by_app.get(app).and_then(|at| file.components.get_mut(*at as usize))
        else {
            continue;
        };
        component.relation = Relation::Direct;
        component.scope = component.scope.max(scope(&parts));
    }
    scopes::relate_by_edges(file);
}

/// The value of an option among the keywords of a tuple.
pub(super) fn option<'a, 't>(parts: &'a [Term<'t>], name: &str) -> Option<&'a Term<'t>> {
    let options = parts.iter().skip(1).find_map(|part| match part {
        Term::List(options) => Some(options),
        _ => None,
    });
    options.into_iter().flatten().find_map(|option| match option {
        Term::Pair(key, value) if *key == name => Some(&**value),
        _ => None,
    })
}

/// What a tuple of `deps` is for: `only:` names environments, `optional:` and `runtime:` flags.
pub(super) fn scope(parts: &[Term<'_>]) -> Scope {
    let option = |name: &str| option(parts, name);
    let environments: Vec<&str> = match option("only") {
        Some(Term::Atom(one)) => vec![one],
        Some(Term::List(several)) => several
            .iter()
            .filter_map(|e| match e {
                Term::Atom(e) => Some(*e),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let is = |name, flag| matches!(option(name), Some(Term::Atom(a)) if *a == flag);
    match environments.as_slice() {
        [] if is("optional", "true") => Scope::Optional,
        [] if is("runtime", "false") => Scope::Build,
        [] => Scope::Runtime,
        ["test"] => Scope::Test,
        list if list.contains(&"prod") => Scope::Runtime,
        _ => Scope::Development,
    }
}
