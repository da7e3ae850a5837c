//! yarn 1: `yarn install --ignore-scripts`, which has no way to lock without fetching. So that it does not unpack all into the
//! copy as well, it is told to plug it and play (what it locks is the same), and no script runs. Another yarn that the project
//! brings along is not started.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::Edits;
use super::forced::Forced;
use super::javascript;
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::yarn_line::Line;
use super::yarn_lock::{Keys, ranged};

pub(crate) const TOOL: Tool = Tool {
    id: "yarn",
    purl_type: "npm",
    scheme: Scheme::SemVer,
    programs: &["yarn", "yarnpkg"],
    install: "yarn 1",
    variables: &["YARN_", "yarn_", "npm_config_", "NPM_CONFIG_"],
    lockfiles: &[LOCKFILE],
    manifest: |name| name == javascript::MANIFEST,
    above: false,
    keep: |path| javascript::keep(path, &[LOCKFILE, ".yarnrc", ".npmrc"]),
    edit: |manifests, wish| {
        javascript::edit(manifests, wish, Forced::Asked(&["resolutions"], Keys::Classic))
    },
    edits_itself: false,
    completes_edits: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: true,
    code: |_| None,
    lock,
    blockers: |_| Vec::new(),
    asks: Some(asks),
    listing: None,
    settle: None,
};

const LOCKFILE: &str = "yarn.lock";
const SET: &[(&str, &str)] = &[("YARN_IGNORE_PATH", "1"), ("SKIP_YARN_COREPACK_CHECK", "1")];
/// Where packages are loaded from the cache of yarn, it links none of them.
const UNLINKED: (&str, &str) = ("YARN_PLUGNPLAY_OVERRIDE", "1");

/// How often linking failed too, and from when on that is known to be for a reason of its own.
static IN_VAIN: AtomicUsize = AtomicUsize::new(0);
const ENOUGH: usize = 2;

/// Whether the words of yarn are about plugging.
fn is_plugging(said: &str) -> bool {
    let lower = said.to_lowercase();
    ["pnp", "plug"].iter().any(|word| lower.contains(word))
}

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    Line::Classic.is_run(drive, SET)?;
    let in_vain = || IN_VAIN.load(Ordering::Relaxed);
    let install = || {
        let quiet = [
            "install",
            "--ignore-scripts",
            "--ignore-engines",
            "--ignore-platform",
            "--non-interactive",
            "--no-progress",
            "--no-bin-links",
        ];
        let unlinked = [SET, &[UNLINKED]].concat();
        match javascript::run(drive, wish, &quiet, &unlinked, peers) {
            // What it cannot plug may be linked. Where that failed as well, more than once, it is asked only if plugging was
            // named.
            Err(Reason::Failed(said)) if is_plugging(&said) || in_vain() < ENOUGH => {
                let ended = javascript::run(drive, wish, &quiet, SET, peers);
                if matches!(ended, Err(Reason::Failed(_))) {
                    IN_VAIN.fetch_add(1, Ordering::Relaxed);
                }
                ended
            }
            ended => ended,
        }
    };
    match wish.kind {
        Kind::Raise | Kind::RaiseParent => {
            // yarn takes the newest of a new range. So the range is made one that it has locked; what is named and brought too
            // moves before that.
            let (exact, brought) = (javascript::exactly(edits, wish), wish.brought());
            let forgotten = |is: &dyn Fn(&str) -> bool| {
                let children = match wish.kind {
                    Kind::RaiseParent => wish.children(),
                    _ => Vec::new(),
                };
                let mut children = children.into_iter().filter(|child| is(child));
                children.try_for_each(|child| forget(drive, child))
            };
            if drive.text(LOCKFILE).is_some() && exact.files != edits.files {
                forgotten(&|child| !brought.contains(&child))?;
                drive.write_all(&exact)?;
                install()?;
                let locked = drive.text(LOCKFILE).unwrap_or_default();
                drive.write(LOCKFILE, &ranged(&locked, wish, edits, Keys::Classic))?;
                drive.write_all(edits)?;
                forgotten(&|child| brought.contains(&child))?;
            } else {
                forgotten(&|_| true)?;
            }
            install()
        }
        Kind::Relock => {
            wish.packages().try_for_each(|(name, _)| forget(drive, name))?;
            install()
        }
        Kind::Override | Kind::Remove | Kind::Replace => install(),
    }
}

/// `warning " > left@2.0.0" has incorrect peer dependency "right@<3".`
fn peers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let (who, rest) = line.split_once("\" has incorrect peer dependency \"")?;
        let who = who.split_once('"')?.1.rsplit(" > ").next()?.trim();
        let what = rest.split('"').next()?;
        let at = what.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at)?;
        let (needs, range) = (what.get(..at)?, what.get(at + 1..)?);
        Some(Blocker { who: who.to_owned(), needs: needs.to_owned(), range: range.to_owned() })
    };
    text.lines().filter_map(one).collect()
}

/// Leaves the entries of a package out of the lockfile: yarn 1 moves what others bring in no other
/// way.
fn forget(drive: &Drive<'_>, name: &str) -> Result<(), Reason> {
    let text = drive.text(LOCKFILE).unwrap_or_default();
    let mut skip = false;
    let kept: String = text
        .split_inclusive('\n')
        .filter(|line| {
            if !line.starts_with([' ', '\n', '\r', '#']) {
                let key = line.split(", ").next().unwrap_or(line).trim_start_matches('"');
                let at = key.rfind('@').unwrap_or(0);
                let of = key.get(..at).unwrap_or_default();
                // Under another name: `old@npm:left@^1.0.0`.
                skip = of == name || of.split_once("@npm:").is_some_and(|(_, real)| real == name);
            }
            !skip
        })
        .collect();
    drive.write(LOCKFILE, &kept)
}

/// Who asks for a package: yarn tells by its own lockfile, with `list --pattern` of no ranges; so
/// the entries of the lockfile are asked, whose shape is yarn's own.
fn asks(drive: &Drive<'_>, name: &str) -> Result<Vec<Blocker>, Reason> {
    let text = drive.text(LOCKFILE).unwrap_or_default();
    let mut found = Vec::new();
    let (mut who, mut version) = (String::new(), String::new());
    for line in text.lines() {
        if !line.starts_with([' ', '#']) {
            let key = line.trim_start_matches('"');
            let end = key.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(0, |(at, _)| at);
            key.get(..end).unwrap_or_default().clone_into(&mut who);
        } else if let Some(text) = line.trim_start().strip_prefix("version ") {
            text.trim_matches('"').clone_into(&mut version);
        } else if line.starts_with("    ")
            && let Some((needs, range)) = line.trim().split_once(' ')
            && needs.trim_matches('"') == name
        {
            found.push(Blocker {
                who: format!("{who}@{version}"),
                needs: name.to_owned(),
                range: range.trim_matches('"').to_owned(),
            });
        }
    }
    let manifest = drive.text(javascript::MANIFEST).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&manifest).unwrap_or_default();
    if let Some(range) = manifest["resolutions"][name].as_str() {
        let (who, needs) = ("the project's resolutions".to_owned(), name.to_owned());
        found.push(Blocker { who, needs, range: range.to_owned() });
    }
    Ok(found)
}
