//! yarn 2 and later: `--mode=update-lockfile`, which unpacks nothing, and no script runs. Another
//! yarn that the project brings along is not started, and its plugins are not loaded.

use std::collections::BTreeSet;

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::Edits;
use super::forced::Forced;
use super::javascript::{self, stays};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;
use super::yarn_lock::{Keys, ranged};

pub(crate) const TOOL: Tool = Tool {
    id: "yarn-berry",
    purl_type: "npm",
    scheme: Scheme::SemVer,
    programs: &["yarn"],
    install: "yarn 4",
    variables: &["YARN_"],
    lockfiles: &[LOCKFILE],
    manifest: |name| name == javascript::MANIFEST,
    above: false,
    keep: |path| match path.rsplit('/').next() {
        Some(".yarnrc.yml") => Keep::Part(without_code),
        _ => javascript::keep(path, &[LOCKFILE]),
    },
    edit: |manifests, wish| {
        javascript::edit(manifests, wish, Forced::Asked(&["resolutions"], Keys::Berry))
    },
    edits_itself: false,
    completes_edits: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: true,
    code: |_| None,
    lock,
    blockers,
    asks: Some(asks),
    listing: None,
    settle: None,
};

const SET: &[(&str, &str)] = &[
    ("YARN_IGNORE_PATH", "1"),
    ("YARN_ENABLE_SCRIPTS", "false"),
    ("YARN_ENABLE_TELEMETRY", "false"),
    ("YARN_ENABLE_IMMUTABLE_INSTALLS", "false"),
    ("YARN_ENABLE_GLOBAL_CACHE", "true"),
    ("YARN_ENABLE_PROGRESS_BARS", "false"),
    ("SKIP_YARN_COREPACK_CHECK", "1"),
];
const LOCKFILE: &str = "yarn.lock";
const MODE: &str = "--mode=update-lockfile";

/// A configuration without the members that name code: `plugins` and `yarnPath`.
fn without_code(text: &str) -> String {
    let mut skip = false;
    let keep = |line: &&str| {
        if !line.starts_with([' ', '\t', '-', '#', '\n', '\r']) {
            let name = line.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
            skip = matches!(name, "plugins" | "yarnPath");
        }
        !skip
    };
    text.split_inclusive('\n').filter(keep).collect()
}

/// Most machines have yarn 1 as `yarn`, which takes the same commands and writes all of the lockfile anew in its own format.
fn is_later(drive: &Drive<'_>) -> Result<(), Reason> {
    let told = drive.try_untold(&["--version"], SET)?;
    match is_first(&String::from_utf8_lossy(&told.stdout)) {
        true => Err(Reason::ToolMissing {
            program: "yarn 2 or later",
            install: "yarn 4, for example with `corepack enable` (the `yarn` that was found is yarn 1)",
        }),
        false => Ok(()),
    }
}

fn is_first(version: &str) -> bool {
    ["0.", "1."].iter().any(|first| version.trim().starts_with(first))
}

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    is_later(drive)?;
    let age = drive.age().map(|minutes| minutes.to_string());
    let age = age.as_deref().map(|minutes| ("YARN_NPM_MINIMAL_AGE_GATE", minutes));
    let set: Vec<(&str, &str)> = SET.iter().copied().chain(age).collect();
    let yarn = |arguments: &[&str]| javascript::run(drive, wish, arguments, &set, peers);
    let update = |names: &[&str]| yarn(&[&["up", "--recursive"], names, &[MODE]].concat());
    match wish.kind {
        Kind::Raise | Kind::RaiseParent => {
            // yarn takes the newest of a new range, and to be told which one it would fetch and link all. So the range is made
            // one that it has locked; what is brought moves before that, as what is named too would go to the newest again.
            let exact = javascript::exactly(edits, wish);
            let was = drive.text(LOCKFILE);
            let apart = was.is_some() && exact.files != edits.files;
            if apart {
                drive.write_all(&exact)?;
            }
            yarn(&["install", MODE])?;
            let now = drive.text(LOCKFILE);
            let locked = |text: &Option<String>, child| Some(locked(text.as_deref()?, child));
            let mut children = wish.children();
            children.retain(|child| stays(locked(&was, child), locked(&now, child)));
            if wish.kind == Kind::RaiseParent && !children.is_empty() {
                update(&children)?;
            }
            if apart {
                let locked = drive.text(LOCKFILE).unwrap_or_default();
                drive.write(LOCKFILE, &ranged(&locked, wish, edits, Keys::Berry))?;
                drive.write_all(edits)?;
                yarn(&["install", MODE])?;
            }
            Ok(())
        }
        Kind::Relock => {
            let names: Vec<&str> = wish.packages().map(|(name, _)| name).collect();
            let others = javascript::other_names(drive.manifests, &names);
            update(&[names, others.iter().map(String::as_str).collect()].concat())
        }
        Kind::Override | Kind::Remove | Kind::Replace => yarn(&["install", MODE]),
    }
}

/// The versions of a package that are locked.
fn locked(text: &str, name: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    // Of a key that is too long for one line (`? "…"`) the colon stands on the next.
    for line in text.lines().filter(|line| line.trim_end() != ":") {
        if !line.starts_with([' ', '#']) {
            // `"left@npm:^1.0.0, left@npm:~1.2.0":`
            let key = line.strip_prefix("? ").unwrap_or(line);
            let key = key.trim_start_matches('"').strip_prefix(name);
            inside = key.is_some_and(|rest| rest.starts_with('@'));
        } else if let Some(version) = line.strip_prefix("  version: ").filter(|_| inside) {
            found.insert(version.trim_matches('"').to_owned());
        }
    }
    found
}

/// `right is listed by your project with version 3.0.0 (p0), which doesn't satisfy what left requests
/// (<3).`
fn peers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let (needs, rest) = line.split_once(" is listed by your project with version ")?;
        let (_, rest) = rest.split_once("satisfy what ")?;
        let who = rest.split_whitespace().next()?.to_owned();
        let range = rest.rsplit_once('(')?.1.split(')').next()?.to_owned();
        let needs = needs.split_whitespace().last()?.to_owned();
        Some(Blocker { who, needs, range })
    };
    text.lines().filter_map(one).collect()
}

/// `left@npm:9: No candidates found`
fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let (what, _) = line.split_once(": No candidates found")?;
        let (needs, range) = what.split_whitespace().last()?.split_once("@npm:")?;
        let who = "the project".to_owned();
        Some(Blocker { who, needs: needs.to_owned(), range: range.to_owned() })
    };
    text.lines().filter_map(one).collect()
}

fn asks(drive: &Drive<'_>, name: &str) -> Result<Vec<Blocker>, Reason> {
    let text = drive.run(&["why", name, "--json"], SET)?;
    let mut found = Vec::new();
    for value in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let who = value["value"].as_str().unwrap_or("the project").replace("@npm:", "@");
        for (_, child) in value["children"].as_object().into_iter().flatten() {
            let descriptor = child["descriptor"].as_str().unwrap_or_default();
            if let Some((needs, range)) = descriptor.split_once("@npm:") {
                let (who, needs) = (who.clone(), needs.to_owned());
                found.push(Blocker { who, needs, range: range.to_owned() });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_that_are_locked_of_a_package_are_told_by_its_name() {
        let text = "__metadata:\n  version: 8\n\n\"left@npm:^1.0.0, left@npm:~1.2.0\":\n  version: 1.2.3\n  dependencies:\n    \
                    version: \"npm:^9\"\n\n\"@s/left@npm:2\":\n  version: 2.0.0\n\n\"left-b@npm:3\":\n  version: 3.0.0\n";
        assert_eq!(locked(text, "left").into_iter().collect::<Vec<_>>(), ["1.2.3"]);
        assert_eq!(locked(text, "@s/left").into_iter().collect::<Vec<_>>(), ["2.0.0"]);
        let long = "? \"left@npm:^1.0.0, left@npm:~1.2.0\"\n:\n  version: 1.2.3\n";
        assert_eq!(locked(long, "left").into_iter().collect::<Vec<_>>(), ["1.2.3"]);
    }

    #[test]
    fn a_configuration_names_no_code() {
        let text = "nodeLinker: pnp\nplugins:\n  - path: .yarn/plugins/x.cjs\n- checksum: a\n\nyarnPath: .yarn/y.cjs\nnpmScopes:\n  a:\n";
        assert_eq!(without_code(text), "nodeLinker: pnp\nnpmScopes:\n  a:\n");
    }
}
