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
    completes_edits: false,
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
    settle: None,
};

/// Its own Python, and no environment of the project.
const SET: &[(&str, &str)] = &[
    ("POETRY_VIRTUALENVS_CREATE", "false"),
    ("POETRY_VIRTUALENVS_USE_POETRY_PYTHON", "true"),
    ("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring"),
];

/// What tells Poetry how many days old a version must be, and what may be of any age. One before 2.4 does not read it.
const DAYS: &str = "POETRY_SOLVER_MIN_RELEASE_AGE";
const ANY_AGE: &str = "POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE";
/// The same in its settings.
const SETTING: &str = "min-release-age";

/// The environment so that no version comes in that is too young, but for those that are asked for by their version. Nothing
/// where no age is wanted, or where the project or whoever runs it keeps to one already.
fn aged(drive: &Drive<'_>, wish: &Wish) -> Vec<(&'static str, String)> {
    let says = |file: &str| drive.text(file).is_some_and(|text| text.contains(SETTING));
    let is_kept = drive.sees(DAYS) || says("poetry.toml") || says(python::MANIFEST);
    let Some(minutes) = drive.age().filter(|_| !is_kept) else { return Vec::new() };
    let asks = matches!(wish.kind, Kind::Raise | Kind::RaiseParent);
    let asked = wish.packages().filter(|(_, to)| asks && to.is_some()).map(|(name, _)| name);
    let asked: Vec<&str> = asked.collect();
    let mut set = vec![(DAYS, days(minutes).to_string())];
    if !asked.is_empty() {
        set.push((ANY_AGE, asked.join(",")));
    }
    set
}

/// Whole days: a part of one that has passed since the plan began is left out.
fn days(minutes: u64) -> u64 {
    (minutes / (24 * 60)).max(1)
}

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
    // Beside `dependencies` of `project` a table of Poetry's only says more of those.
    let own = python::says(manifests, &["tool", "poetry", "dependencies"]);
    if own && !python::lists(manifests, &["project", "dependencies"]) {
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
    let aged = aged(drive, wish);
    let set =
        [SET, &aged.iter().map(|(name, value)| (*name, &**value)).collect::<Vec<_>>()].concat();
    let poetry = |arguments: &[&str]| {
        drive.run(&[arguments, &["--no-interaction", "--no-ansi"]].concat(), &set).map(drop)
    };
    match wish.kind {
        Kind::Raise | Kind::RaiseParent => {
            // First exactly this version; then, with it locked, the range of the manifest.
            drive.write_all(&pinned(edits, wish))?;
            poetry(&["lock"])?;
            drive.write_all(edits)?;
            poetry(&["lock"])?;
            match &wish.brought()[..] {
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

/// Edited manifests with exactly the versions that are wanted, wherever they were raised to them.
fn pinned(edits: &Edits, wish: &Wish) -> Edits {
    let mut pinned = Edits { files: edits.files.clone(), named: Vec::new() };
    for Named { path, package, .. } in &edits.named {
        let (Some(to), Some(text)) = (wish.wanted(package), pinned.files.get_mut(path)) else {
            continue;
        };
        let own = Wish {
            kind: Kind::Raise,
            name: package.clone(),
            from: None,
            to: Some(to.to_owned()),
            ..wish.clone()
        };
        // What cannot be read is as it was when it was raised.
        if let Ok(Some(exact)) = python::exactly(path, text, &own) {
            *text = exact;
        }
    }
    pinned
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn an_age_is_told_in_whole_days() {
        let day = 24 * 60;
        assert_eq!([day * 7, day * 7 + 59, day * 8, 0].map(days), [7, 7, 8, 1]);
    }
}
