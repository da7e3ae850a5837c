//! setup.cfg and setup.py of setuptools, where no lockfile covers the project.
//!
//! setup.cfg lists requirements as text. setup.py is a program and is never run: literal texts in
//! a list that follows `install_requires=` or `setup_requires=` are read; where the list is put
//! together otherwise, only that nothing locks it is told.

use trimtab_model::{Diagnostic, Family, FileInventory, Origin, Relation, Scope};

use super::pep508::Requirement;
use super::{floating, pypi, pyproject};
use crate::read::text::Lines;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// The longest list in a setup.py that is read.
const MAX_LIST: usize = 20_000;

/// See the module.
pub const FORMAT: Format = Format {
    id: "setuptools",
    title: "setup.cfg and setup.py without a lockfile",
    family: Some(Family::PyPI),
    kind: FormatKind::Manifest,
    names: "setup.cfg, setup.py",
    claims: |path| matches!(view::file_name(path), "setup.cfg" | "setup.py"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    if pyproject::covered(view) || view.has("Pipfile.lock") {
        return Ok(out);
    }
    if view.name() == "setup.cfg" {
        configuration(&text, &mut out);
    } else {
        program(&text, &mut out);
    }
    floating::note(&mut out);
    Ok(out)
}

/// The requirements of setup.cfg: values of an INI file that go on in indented lines.
fn configuration(text: &str, out: &mut FileInventory) {
    let (mut section, mut scope, mut group) = ("", None, None);
    for (number, line) in (1u32..).zip(text.lines()) {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = content.strip_prefix('[').and_then(|c| c.strip_suffix(']')) {
            (section, scope) = (name.trim(), None);
            continue;
        }
        let mut asks = content;
        if !line.starts_with([' ', '\t']) {
            let Some((key, value)) = content.split_once(['=', ':']) else { continue };
            let key = key.trim();
            (scope, group) = match (section, key) {
                ("options", "install_requires") => (Some(Scope::Runtime), None),
                ("options", "setup_requires") => (Some(Scope::Build), None),
                ("options", "tests_require") => (Some(Scope::Test), None),
                ("options.extras_require", extra) => (Some(Scope::Optional), Some(extra)),
                _ => (None, None),
            };
            asks = value.trim();
        }
        if let Some(scope) = scope {
            asks.split(" #").take(1).for_each(|asks| add(asks, scope, group, number, out));
        }
    }
}

/// The literal requirements of setup.py.
fn program(text: &str, out: &mut FileInventory) {
    let lines = Lines::of(text);
    for (keyword, scope) in [("install_requires", Scope::Runtime), ("setup_requires", Scope::Build)]
    {
        for (at, _) in text.match_indices(keyword) {
            let rest = text.get(at + keyword.len()..).unwrap_or_default().trim_start();
            let Some(value) = rest.strip_prefix('=').filter(|v| !v.starts_with('=')) else {
                continue;
            };
            let Some(list) = value.trim_start().strip_prefix('[') else {
                let asks = value.lines().next().unwrap_or_default();
                out.unmanaged.push(floating::not_literal(
                    &format!("{keyword}={}", asks.trim()),
                    lines.at(at),
                ));
                continue;
            };
            let start = text.len() - list.len();
            for (offset, asks) in literals(list) {
                add(asks, scope, None, lines.at(start + offset), out);
            }
        }
    }
}

/// The quoted texts of a list, up to its closing bracket, with their offsets.
fn literals(list: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let mut comment = false;
    for (at, c) in list.char_indices().take_while(|(at, _)| *at < MAX_LIST) {
        match (open, c) {
            (None, '\n') => comment = false,
            (None, _) if comment => {}
            (None, '#') => comment = true,
            (None, ']') => break,
            (None, '"' | '\'') => open = Some((at + 1, c)),
            (Some((start, quote)), c) if c == quote => {
                found.extend(list.get(start..at).map(|text| (start, text)));
                open = None;
            }
            _ => {}
        }
    }
    found
}

fn add(asks: &str, scope: Scope, group: Option<&str>, line: u32, out: &mut FileInventory) {
    let Some(asked) = Requirement::parse(asks) else { return };
    let mut component =
        floating::direct(pypi::purl(asked.name), asked.pin(), &asked.asks(), scope, line);
    if asked.marker.is_some() {
        component.requirement = Some(asked.asks().into());
    }
    component.relation = Relation::Direct;
    component.origin = asked.url.map_or(Origin::Unstated, |url| pypi::origin(url).0);
    component.groups = group.map(Into::into).into_iter().collect();
    out.add(component);
}
