//! Poetry: `poetry update --lock` and `poetry lock`, which install nothing. Where a package has no
//! wheel, Poetry reads its source distribution, and may run its build to know what it needs.

use super::drive::Drive;
use super::edit::toml::{changed, table_or_new};
use super::edit::{Edits, Manifests, Named, Uneditable};
use super::proposal::{Kind, Wish};
use super::refusal::Reason;
use super::{Tool, python};

pub(crate) const TOOL: Tool = Tool {
    id: "poetry",
    purl_type: "pypi",
    scheme: python::SCHEME,
    programs: &["poetry"],
    install: "Poetry 2",
    variables: &["POETRY_", "PYENV_"],
    lockfiles: &["poetry.lock"],
    manifest: |name| name == python::MANIFEST,
    above: false,
    keep: |path| python::keep(path, &["poetry.lock", "poetry.toml", ".python-version"]),
    edit,
    edits_itself: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: true,
    code: |manifests| {
        let plugins = python::says(manifests, &["tool", "poetry", "requires-plugins"]);
        plugins.then_some("plugins that pyproject.toml asks for")
    },
    lock,
    blockers: python::blockers,
    asks: None,
    listing: None,
};

/// Its own Python, and no environment of the project.
const SET: &[(&str, &str)] = &[
    ("POETRY_VIRTUALENVS_CREATE", "false"),
    ("POETRY_VIRTUALENVS_USE_POETRY_PYTHON", "true"),
    ("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring"),
];

/// A package that others bring is forced by asking for it directly.
fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if wish.kind != Kind::Override {
        return python::edit(manifests, wish);
    }
    if python::is_direct(manifests, wish) {
        return Err(Uneditable::Direct);
    }
    let path = manifests.here(python::MANIFEST);
    let text = manifests.text(python::MANIFEST).ok_or(Uneditable::NotNamed)?;
    if python::says(manifests, &["tool", "poetry", "dependencies"]) {
        let text = changed(text, &path, |document| {
            let table = table_or_new(document, &["tool", "poetry", "dependencies"])?;
            table.insert(&wish.name, toml_edit::value(format!(">={}", wish.to())));
            Some(())
        })?;
        return Ok(Edits::one(path, text));
    }
    let requirement = format!("{}>={}", wish.name, wish.to());
    python::added(manifests, &["project"], "dependencies", &requirement)
}

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    let poetry = |arguments: &[&str]| {
        drive.run(&[arguments, &["--no-interaction", "--no-ansi"]].concat(), SET).map(drop)
    };
    match wish.kind {
        Kind::Raise | Kind::RaiseParent => {
            // First exactly this version; then, with it locked, the range of the manifest.
            drive.write_all(&pinned(edits, wish))?;
            poetry(&["lock"])?;
            drive.write_all(edits)?;
            poetry(&["lock"])?;
            match &wish.children()[..] {
                [] => Ok(()),
                children => poetry(&[&["update"], children, &["--lock"]].concat()),
            }
        }
        Kind::Relock => {
            let names: Vec<&str> = wish.packages().map(|(name, _)| name).collect();
            poetry(&[&["update"], &names[..], &["--lock"]].concat())
        }
        Kind::Override | Kind::Remove | Kind::Replace => poetry(&["lock"]),
    }
}

/// Edited manifests with exactly the versions that are wanted.
fn pinned(edits: &Edits, wish: &Wish) -> Edits {
    let mut pinned = Edits { files: edits.files.clone(), named: Vec::new() };
    for Named { path, package, requirement } in &edits.named {
        let (Some(to), Some(text)) = (wish.wanted(package), pinned.files.get_mut(path)) else {
            continue;
        };
        let exact = match python::name(requirement) {
            // Of an array; a table has the versions alone.
            Some(name) if requirement.starts_with(|c: char| c.is_alphabetic()) => {
                let end = requirement.find(';').unwrap_or(requirement.len());
                let marker = requirement.get(end..).unwrap_or_default();
                let extras = requirement.split_once('[').and_then(|(_, r)| r.split_once(']'));
                let extras = extras.map_or(String::new(), |(e, _)| format!("[{e}]"));
                format!("{name}{extras}=={to}{marker}")
            }
            _ => format!("=={to}"),
        };
        // In a table the range alone would be found with other packages too.
        let own = |line: &str| line.contains(requirement.as_str()) && mentions(line, package);
        let one = |line: &str| match own(line) {
            true => line
                .replace(&format!("\"{requirement}\""), &format!("\"{exact}\""))
                .replace(&format!("'{requirement}'"), &format!("'{exact}'")),
            false => line.to_owned(),
        };
        let lines: String = text.split_inclusive('\n').map(one).collect();
        // In a table of its own the range stands on another line than the name.
        *text = match lines == *text {
            false => lines,
            true => text
                .replace(&format!("\"{requirement}\""), &format!("\"{exact}\""))
                .replace(&format!("'{requirement}'"), &format!("'{exact}'")),
        };
    }
    pinned
}

/// Whether a line names a package, however that is spelled.
fn mentions(line: &str, package: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "._-".contains(c);
    line.split(|c: char| !is_part(c)).any(|word| python::same(word, package))
}
