//! mix.exs where no mix.lock stands beside it, nor above it for an application of an umbrella.
//!
//! The file is a program and is never run: tuples that look like dependencies are read
//! (`{:plug, "~> 1.0"}`, `{:x, git: "…"}`); what is put together at run time is not seen.

use trimtab_model::{Component, Diagnostic, Family, FileInventory, Origin, Purl, Relation};

use super::elixir::{self, Term};
use super::mix_lock::{option, scope};
use super::{address, floating};
use crate::read::text::Lines;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "mix-exs",
    title: "Elixir mix.exs without a lockfile",
    family: Some(Family::Hex),
    kind: FormatKind::Manifest,
    names: "mix.exs",
    claims: |path| view::file_name(path) == "mix.exs",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    if floating::locked_above(view, &["mix.lock"]) {
        return Ok(out);
    }
    let lines = Lines::of(&text);
    for (at, parts) in elixir::tuples(&text) {
        if let Some(mut component) = component(&parts) {
            component.relation = Relation::Direct;
            component.scope = scope(&parts);
            component.line = Some(lines.at(at));
            out.add(component);
        }
    }
    floating::note(&mut out);
    Ok(out)
}

/// The package of a tuple of `deps`; `None` for a tuple of another kind.
fn component(parts: &[Term<'_>]) -> Option<Component> {
    let Some(Term::Atom(app)) = parts.first().filter(|_| parts.len() < 4) else { return None };
    let asks = match parts.get(1) {
        Some(Term::Text(asks)) => Some(*asks),
        _ => None,
    };
    let text = |name| match option(parts, name) {
        Some(Term::Text(text) | Term::Atom(text)) => Some(*text),
        _ => None,
    };
    let requirement = asks.is_some_and(|a| {
        a.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '~' | '>' | '<' | '=' | '!'))
    });
    let sourced = ["git", "github", "path", "hex"].iter().any(|key| text(key).is_some());
    if app.is_empty() || !(requirement || sourced) || text("in_umbrella") == Some("true") {
        return None;
    }
    let asks = asks.unwrap_or_default();
    let purl = Purl::new("hex", None, text("hex").unwrap_or(app));
    let mut component = floating::direct(purl, floating::exact(asks), asks, Default::default(), 0);
    let repository = text("git").map(str::to_owned);
    let repository =
        repository.or_else(|| text("github").map(|path| format!("https://github.com/{path}")));
    if let Some(url) = repository {
        component.origin = address::git(&url, text("ref"));
    } else if let Some(path) = text("path") {
        component.origin = Origin::Path(path.into());
    }
    Some(component)
}
