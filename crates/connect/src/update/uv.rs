//! uv: `uv lock --upgrade-package`, of wheels only: a source distribution would run its build. What is locked without a
//! wheel stays as it is.

use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable};
use super::proposal::{Kind, Wish};
use super::refusal::Reason;
use super::sources::{LOCKFILE, Sources, unbuilt};
use super::wheels::{Here, unfit};
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
    let before = drive.text(LOCKFILE).unwrap_or_default();
    let held = if drive.builds() { Sources::default() } else { Sources::of(&before, wish) };
    if let Some(reason) = held.asks(wish).filter(|_| moves) {
        return Err(reason);
    }
    let mut arguments = vec!["lock", "--no-progress", "--color=never"];
    if !drive.builds() {
        arguments.push("--no-build");
    }
    // They may be chosen; what is told of them keeps uv from building them.
    for source in &held.all {
        arguments.extend(["--no-binary-package", &source.name]);
    }
    for package in &packages {
        arguments.extend(["--upgrade-package", package]);
    }
    let told = held.tell(drive)?;
    let output = drive.try_run(&arguments, &[("UV_PYTHON_DOWNLOADS", "never")])?;
    if let Some((file, text)) = &told {
        drive.write(file, text)?;
    }
    if !output.is_well() {
        return Err(refused(&held, drive.means(&output), &drive.words(&output)));
    }
    let after = drive.text(LOCKFILE).unwrap_or_default();
    if let Some(here) = Here::of(&drive.words(&output)) {
        let named = wish.packages().map(|(name, _)| name).chain(wish.children());
        drive.tell_unfit(unfit((&before, &after), &named.collect::<Vec<_>>(), here));
    }
    match told {
        Some(_) => drive.write(LOCKFILE, &held.settled(&before, &after)?),
        None => Ok(()),
    }
}

/// What it means where a package that has no wheel is the cause.
fn refused(held: &Sources, reason: Reason, words: &str) -> Reason {
    if let Some((package, version)) = unbuilt(words) {
        return Reason::NoWheel { package, version, asked: None };
    }
    // Its requirements are ours, not its own.
    let ours = reason.blockers().iter().find_map(|blocker| {
        let (name, _) = blocker.who.split_once('@')?;
        Some(held.named(name)?.reason(Some(blocker.needs.clone())))
    });
    ours.unwrap_or(reason)
}
