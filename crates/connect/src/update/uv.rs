//! uv: `uv lock --upgrade-package`, of wheels only: a source distribution would run its build. What is locked without a
//! wheel stays as it is.

mod own;

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
        packages.extend(wish.brought().into_iter().map(str::to_owned));
    }
    let before = drive.text(LOCKFILE).unwrap_or_default();
    let mut held = if drive.builds() { Sources::default() } else { Sources::of(&before, wish) };
    if let Some(reason) = held.asks(wish).filter(|_| moves) {
        return Err(reason);
    }
    let own = if drive.builds() { Vec::new() } else { own::tell(drive, &before)? };
    let told = held.tell(drive)?;
    // Where uv does not hear what it is told, it would build what it is told of.
    if let Some((file, text)) = &told
        && !hears(drive)?
    {
        drive.write(file, text)?;
        held = Sources::default();
    }
    let told = told.filter(|_| !held.all.is_empty());
    let mut arguments = vec!["lock", "--no-progress", "--color=never"];
    if !drive.builds() {
        arguments.push("--no-build");
    }
    // They may be chosen; what is told of them keeps uv from building them.
    let built: Vec<String> =
        held.all.iter().map(|source| format!("--no-binary-package={}", source.name)).collect();
    arguments.extend(built.iter().map(String::as_str));
    for package in &packages {
        arguments.extend(["--upgrade-package", package]);
    }
    let output = drive.try_run(&arguments, &[("UV_PYTHON_DOWNLOADS", "never")])?;
    if let Some((file, text)) = &told {
        drive.write(file, text)?;
    }
    if !output.is_well() {
        return Err(refused(&held, drive.means(&output), &drive.words(&output)));
    }
    let mut after = drive.text(LOCKFILE).unwrap_or_default();
    if !own.is_empty() {
        after = own::forgotten(&own, &before, &after);
        drive.write(LOCKFILE, &after)?;
    }
    if let Some(here) = Here::of(&drive.words(&output)) {
        let named = wish.packages().map(|(name, _)| name).chain(wish.children());
        drive.tell_unfit(unfit((&before, &after), &named.collect::<Vec<_>>(), here));
    }
    match told {
        Some(_) => drive.write(LOCKFILE, &held.settled(&before, &after)?),
        None => Ok(()),
    }
}

/// Whether uv takes the settings of the project as they are now: one of which it does not understand a word is left out
/// with a warning, as are all where the environment says so.
fn hears(drive: &Drive<'_>) -> Result<bool, Reason> {
    if drive.sees("UV_NO_CONFIG") || drive.sees("UV_CONFIG_FILE") {
        return Ok(false);
    }
    let output = drive.try_run(&["cache", "dir", "--no-progress", "--color=never"], &[])?;
    let words = String::from_utf8_lossy(&output.stderr).to_lowercase();
    Ok(output.is_well() && !words.contains("warning") && !words.contains("failed to parse"))
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
