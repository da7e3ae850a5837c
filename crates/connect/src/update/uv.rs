//! uv: `uv lock --upgrade-package`, of wheels only: a source distribution would run its build. What is locked without a
//! wheel stays as it is.

pub(super) mod age;
mod own;

use super::drive::Drive;
use super::edit::toml::{Places, place};
use super::edit::{Edits, Manifests, Uneditable};
use super::proposal::{Kind, Wish};
use super::refusal::Reason;
use super::sources::{LOCKFILE, Sources, unbuilt};
use super::wheels::{Here, unfit};
use super::{Tool, python, requirement};

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
    completes_edits: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: false,
    code: python::is_dynamic,
    lock,
    blockers: python::blockers,
    asks: None,
    listing: None,
    settle: None,
};

/// What everything that is locked is held to, and what is locked whatever is asked for.
const HELD: &str = "constraint-dependencies";
const FORCED: &str = "override-dependencies";

/// The manifest with the settings raised that do not allow what is wished, on top of other edits, and the first range that
/// does not. `None`: they all allow it.
fn settings(
    manifests: &Manifests,
    edits: &Edits,
    wish: &Wish,
    arrays: &[&str],
) -> Result<Option<(Edits, String)>, Uneditable> {
    let path = manifests.here(python::MANIFEST);
    let text = edits.files.get(&path).map(String::as_str);
    let Some(text) = text.or_else(|| manifests.text(python::MANIFEST)) else { return Ok(None) };
    if wish.to.is_none() {
        return Ok(None);
    }
    let mut places = Places::read(text, &path)?;
    let (mut new, mut range) = (Vec::new(), None);
    for name in arrays {
        for value in places.array(&["tool", "uv", name]).into_iter().flat_map(|a| a.iter()) {
            let Some((at, old)) = place(value) else { continue };
            if requirement::has(old, wish.to()) {
                continue;
            }
            if let Some(text) = requirement::edited(old, wish)? {
                let was = requirement::requirement(old).and_then(|read| old.get(read.versions));
                range.get_or_insert_with(|| was.unwrap_or_default().to_owned());
                new.push((at, text));
            }
        }
    }
    places.replace(new);
    Ok(range.map(|range| (Edits::one(path.clone(), places.text()), range)))
}

/// Edits, with others on top of them.
fn and(mut edits: Edits, others: Edits) -> Edits {
    edits.files.extend(others.files);
    edits.named.extend(others.named);
    edits
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if wish.kind != Kind::Override {
        let edits = python::edit(manifests, wish)?;
        return match wish.kind {
            Kind::Relock => match settings(manifests, &edits, wish, &[HELD, FORCED])? {
                Some((_, range)) => Err(Uneditable::Held(range)),
                None => Ok(edits),
            },
            Kind::Raise | Kind::RaiseParent => {
                let held = settings(manifests, &edits, wish, &[HELD, FORCED])?;
                Ok(and(edits, held.map_or_else(Edits::none, |(held, _)| held)))
            }
            _ => Ok(edits),
        };
    }
    if python::is_direct(manifests, wish) {
        return Err(Uneditable::Direct);
    }
    let held = settings(manifests, &Edits::none(), wish, &[HELD])?;
    let held = held.map_or_else(Edits::none, |(held, _)| held);
    if let Some((forced, _)) = settings(manifests, &held, wish, &[FORCED])? {
        return Ok(and(held, forced));
    }
    if !held.files.is_empty() {
        return Ok(held);
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
    let aged = age::told(drive, &before, wish);
    arguments.extend(aged.iter().map(String::as_str));
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
    if !aged.is_empty() {
        after = age::forgotten(&after)?;
        drive.write(LOCKFILE, &after)?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = "[project]\nname = \"a\"\ndependencies = [\"direct>=1\"]\n\n[tool.uv]\n\
        constraint-dependencies = [\"left<2\", \"direct<2\"] # why\noverride-dependencies = [\"right==3.3\"]\n";

    fn edited(kind: Kind, name: &str, to: &str) -> Result<String, Uneditable> {
        let files = [("pyproject.toml".to_owned(), SETTINGS.to_owned())];
        let manifests = Manifests { folder: String::new(), files: files.into() };
        let wish = Wish {
            kind,
            name: name.to_owned(),
            from: None,
            to: Some(to.to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        };
        let edits = edit(&manifests, &wish)?;
        Ok(edits.files.get("pyproject.toml").cloned().unwrap_or_default())
    }

    #[test]
    fn what_settings_hold_is_not_relocked_past_them() {
        for (name, to, range) in [("left", "2.1", "<2"), ("right", "3.7", "==3.3")] {
            let held = edited(Kind::Relock, name, to);
            assert!(matches!(&held, Err(Uneditable::Held(own)) if own == range), "{held:?}");
        }
        assert_eq!(edited(Kind::Relock, "left", "1.9").unwrap(), "");
    }

    #[test]
    fn settings_that_hold_what_is_raised_or_forced_are_raised() {
        let text = |old: &str, new: &str| SETTINGS.replace(old, new);
        let raised = edited(Kind::Raise, "direct", "2.5").unwrap();
        assert_eq!(raised, text("direct<2", "direct>=2.5").replace("direct>=1", "direct>=2.5"));
        // A constraint that is raised is enough, and an override stays one.
        assert_eq!(edited(Kind::Override, "left", "2.1").unwrap(), text("left<2", "left>=2.1"));
        assert_eq!(
            edited(Kind::Override, "right", "3.7").unwrap(),
            text("right==3.3", "right==3.7")
        );
        let other = edited(Kind::Override, "other", "1.1").unwrap();
        assert!(other.contains("\"other>=1.1\""), "{other}");
    }
}
