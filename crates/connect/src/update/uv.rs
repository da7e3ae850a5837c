//! uv: `uv lock --upgrade-package`, of wheels only: a source distribution would run its build.

use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable};
use super::proposal::{Kind, Wish};
use super::refusal::Reason;
use super::{Tool, python};

pub(crate) const TOOL: Tool = Tool {
    id: "uv",
    purl_type: "pypi",
    scheme: python::SCHEME,
    programs: &["uv"],
    install: "uv",
    variables: &["UV_", "PYENV_"],
    lockfiles: &["uv.lock"],
    manifest: |name| name == python::MANIFEST,
    above: false,
    keep: |path| python::keep(path, &["uv.lock", "uv.toml", ".python-version"]),
    edit,
    edits_itself: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: false,
    code: python::is_dynamic,
    lock,
    blockers: python::blockers,
    asks: None,
    listing: None,
    settle: None,
};

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if wish.kind != Kind::Override {
        return python::edit(manifests, wish);
    }
    if python::is_direct(manifests, wish) {
        return Err(Uneditable::Direct);
    }
    let array = ["tool", "uv", "override-dependencies"];
    if let Some(edits) = python::raised_here(manifests, &array, wish)? {
        return Ok(edits);
    }
    let requirement = format!("{}>={}", wish.name, wish.to());
    python::added(manifests, &["tool", "uv"], "override-dependencies", &requirement)
}

fn lock(drive: &Drive<'_>, wish: &Wish, _: &Edits) -> Result<(), Reason> {
    let moves = !matches!(wish.kind, Kind::Remove | Kind::Replace);
    let exactly = |(name, to): (&str, Option<&str>)| match to {
        Some(to) => format!("{name}=={to}"),
        None => name.to_owned(),
    };
    let mut packages: Vec<String> = wish.packages().filter(|_| moves).map(exactly).collect();
    if wish.kind == Kind::RaiseParent {
        packages.extend(wish.children().into_iter().map(str::to_owned));
    }
    let mut arguments = vec!["lock", "--no-build", "--no-progress", "--color=never"];
    for package in &packages {
        arguments.extend(["--upgrade-package", package]);
    }
    drive.run(&arguments, &[("UV_PYTHON_DOWNLOADS", "never")]).map(drop)
}
