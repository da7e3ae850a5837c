//! Package.swift where no Package.resolved stands beside or above it.
//!
//! The file is a program and is never run: calls of `.package(…)` with literal arguments are read.
//! `exact` and a full `revision` pin; `from`, ranges and branches float.

use trimtab_model::{Diagnostic, Family, FileInventory, Origin, Purl, Scope};

use super::{address, floating, package_resolved};
use crate::read::text::Lines;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// The longest call that is read.
const MAX_CALL: usize = 2_000;

/// See the module.
pub const FORMAT: Format = Format {
    id: "package-swift",
    title: "Package.swift without a lockfile",
    family: Some(Family::SwiftUrl),
    kind: FormatKind::Manifest,
    names: "Package.swift",
    claims: |path| view::file_name(path) == "Package.swift",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    if floating::locked_above(view, &["Package.resolved"]) {
        return Ok(out);
    }
    let lines = Lines::of(&text);
    for (at, call) in text.match_indices(".package(") {
        let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |n| n + 1);
        if text.get(start..at).is_some_and(|before| before.contains("//")) {
            continue;
        }
        let line = lines.at(at);
        let arguments = arguments(text.get(at + call.len()..).unwrap_or_default());
        if argument(arguments, "path").is_some() {
            continue;
        }
        let location = argument(arguments, "url");
        let registry = argument(arguments, "id").and_then(|id| id.split_once('.'));
        let purl = match (location, registry) {
            (Some(url), _) => package_resolved::purl(url),
            (None, Some((scope, name))) => Some(Purl::new("swift", Some(scope), name)),
            (None, None) => None,
        };
        let Some(purl) = purl.filter(|p| !p.name().is_empty()) else {
            out.unmanaged.push(floating::not_literal(arguments, line));
            continue;
        };
        let exact = argument(arguments, "exact").or_else(|| {
            let call = arguments.split_once(".exact(")?.1;
            quoted(call)
        });
        let asks = arguments.split_once(',').map_or("", |(_, asks)| asks.trim());
        let mut component = floating::direct(purl, exact, asks, Scope::Unknown, line);
        if let Some(url) = location {
            let url = address::without_credentials(url);
            component.origin = match argument(arguments, "revision") {
                Some(revision) => address::git(&url, Some(revision)),
                // The repository is the registry: a version of it is what advisories speak about.
                None => Origin::Registry(url.into()),
            };
        }
        out.add(component);
    }
    floating::note(&mut out);
    Ok(out)
}

/// What stands between the brackets of a call, which may hold other calls.
fn arguments(text: &str) -> &str {
    let mut depth = 0usize;
    for (at, c) in text.char_indices().take(MAX_CALL) {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return text.get(..at).unwrap_or(text),
            ')' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// The literal text of a labelled argument.
fn argument<'t>(arguments: &'t str, label: &str) -> Option<&'t str> {
    let label = format!("{label}:");
    let found = arguments.match_indices(&label).find(|(at, _)| {
        let before = arguments.get(..*at).and_then(|b| b.chars().next_back());
        before.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '('))
    });
    let (at, label) = found?;
    quoted(arguments.get(at + label.len()..)?)
}

fn quoted(text: &str) -> Option<&str> {
    let inside = text.trim_start().strip_prefix('"')?;
    inside.get(..inside.find('"')?).filter(|text| !text.contains("\\("))
}
