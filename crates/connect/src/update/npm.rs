//! npm: `npm install --package-lock-only`, which unpacks nothing, and no script runs. What stands in
//! a git repository would have to be packed by scripts of its own: it is not fetched.

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::Edits;
use super::forced::Forced;
use super::javascript;
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};

pub(crate) const TOOL: Tool = Tool {
    id: "npm",
    purl_type: "npm",
    scheme: Scheme::SemVer,
    programs: &["npm"],
    install: "npm (it comes with Node.js)",
    variables: &["npm_config_", "NPM_CONFIG_"],
    lockfiles: &["package-lock.json", "npm-shrinkwrap.json"],
    manifest: |name| name == javascript::MANIFEST,
    above: false,
    keep: |path| javascript::keep(path, &["package-lock.json", "npm-shrinkwrap.json", ".npmrc"]),
    edit: |manifests, wish| javascript::edit(manifests, wish, Forced::AtVersion(&["overrides"])),
    edits_itself: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: true,
    code: |_| None,
    lock,
    blockers,
    asks: Some(asks),
    listing: None,
    settle: None,
};

const QUIET: &[&str] = &[
    "--package-lock-only",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--git=trimtab-fetches-nothing-with-git",
    "--loglevel=warn",
];
/// Entries of a tree that are looked at, and how deep.
const MOST: usize = 100_000;
const DEEPEST: usize = 64;

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    let before = drive.before().map(|before| format!("--before={before}"));
    let npm = |arguments: &[&str]| {
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        javascript::run(drive, wish, &[arguments, QUIET, &before].concat(), &[], overridden)
    };
    let update = |name: &str| npm(&["update", name]);
    match wish.kind {
        // npm saves one kind of range in a run. So several are locked by exactly these versions first; the ranges that
        // the manifests get then have them. What parents bring moves before that: what is named too would else go to the
        // newest of its range.
        Kind::Raise | Kind::RaiseParent if !wish.also.is_empty() => {
            let exact = javascript::exactly(edits, wish);
            drive.write_all(&exact)?;
            npm(&["install"])?;
            match &wish.children()[..] {
                [] => {}
                children => npm(&[&["update"], children].concat())?,
            }
            if exact.files != edits.files {
                drive.write_all(edits)?;
                npm(&["install"])?;
            }
            Ok(())
        }
        Kind::Raise | Kind::RaiseParent => {
            let members = javascript::members(drive.manifests, edits);
            let mut requirements: Vec<&String> = members.iter().map(|(_, r)| r).collect();
            requirements.sort();
            requirements.dedup();
            for requirement in requirements {
                // The version itself, and the kind of range that the manifest has: so npm locks
                // this version and not the newest in the range.
                let what = format!("{}@{}", wish.name, wish.to());
                let prefix = requirement.strip_suffix(wish.to()).unwrap_or_default();
                let save = match prefix.trim() {
                    "^" | "~" => format!("--save-prefix={}", prefix.trim()),
                    _ => "--save-exact".to_owned(),
                };
                let mut arguments = vec!["install", &what, &save];
                for (folder, _) in members.iter().filter(|(_, r)| r == requirement) {
                    match folder.as_str() {
                        "" if members.len() > 1 => arguments.push("--include-workspace-root"),
                        "" => {}
                        folder => arguments.extend(["--workspace", folder]),
                    }
                }
                npm(&arguments)?;
                if !matches!(prefix, "^" | "~" | "") {
                    // npm has no way to save such a range: it reads the manifest as we wrote it.
                    drive.write_all(edits)?;
                    npm(&["install"])?;
                }
            }
            // What npm puts into the place of a child that is gone is the newest already.
            let left = wish.kind == Kind::RaiseParent && is_locked(drive, wish);
            if left { update(wish.other()) } else { Ok(()) }
        }
        Kind::Relock => {
            let names = wish.packages().map(|(name, _)| name);
            npm(&std::iter::once("update").chain(names).collect::<Vec<_>>())
        }
        Kind::Override | Kind::Remove | Kind::Replace => npm(&["install"]),
    }
}

/// Whether the child of a parent is still locked at the version that was there. Where its lockfile does not
/// tell, it may be.
fn is_locked(drive: &Drive<'_>, wish: &Wish) -> bool {
    let Some(from) = wish.child.as_deref() else { return true };
    let text = TOOL.lockfiles.iter().find_map(|name| drive.text(name)).unwrap_or_default();
    let value = serde_json::from_str::<Value>(&text).unwrap_or_default();
    let Some(packages) = value["packages"].as_object() else { return true };
    let end = format!("node_modules/{}", wish.other());
    packages.iter().any(|(path, package)| {
        let named = path.ends_with(&end) || package["name"] == wish.other();
        named && package["version"] == from
    })
}

/// Peers that npm overrides, and says so: after each heading of its own.
fn overridden(text: &str) -> Vec<Blocker> {
    let parts = text.split("Could not resolve dependency:").skip(1);
    parts.filter_map(|part| blockers(part.split("ERESOLVE").next()?).into_iter().next()).collect()
}

/// `npm error   peer react@"^16.0.0" from foo@1.0.0`
fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let line = line.trim_start_matches("npm").trim_start();
        let line = ["error", "ERR!", "warn", "WARN"]
            .iter()
            .find_map(|w| line.strip_prefix(w))?
            .trim_start();
        let line = line.strip_prefix("peerOptional ").unwrap_or(line);
        let line = line.strip_prefix("peer ").unwrap_or(line);
        let (what, who) = line.split_once("\" from ")?;
        let (needs, range) = what.split_once("@\"")?;
        let plain = !needs.contains(' ') && !who.starts_with("the root");
        plain.then(|| Blocker {
            who: who.split_whitespace().next().unwrap_or(who).to_owned(),
            needs: needs.to_owned(),
            range: range.to_owned(),
        })
    };
    text.lines().filter_map(one).collect()
}

fn asks(drive: &Drive<'_>, name: &str) -> Result<Vec<Blocker>, Reason> {
    let arguments = ["ls", name, "--package-lock-only", "--json", "--long", "--all"];
    let output = drive.try_run(&arguments, &[])?;
    let Ok(tree) = serde_json::from_slice::<Value>(&output.stdout) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut open = vec![(&tree, 0)];
    let mut left = MOST;
    while let Some((node, depth)) = open.pop() {
        if let Some(range) = node["_dependencies"][name].as_str() {
            let who = node["_id"].as_str().unwrap_or("the project");
            found.push(Blocker {
                who: who.to_owned(),
                needs: name.to_owned(),
                range: range.to_owned(),
            });
        }
        for (_, inner) in node["dependencies"].as_object().into_iter().flatten() {
            if left > 0 && depth < DEEPEST {
                left -= 1;
                open.push((inner, depth + 1));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blockers_are_read_out_of_its_words() {
        let text = "npm error code ERESOLVE\nnpm error Found: react@18.0.0\n\
                    npm error   peer react@\"^16.8\" from left@2.0.0\n\
                    npm error   react@\"18.0.0\" from the root project\n";
        let blockers = blockers(text);
        assert_eq!(blockers.len(), 1);
        assert_eq!(blockers[0].to_string(), "`left@2.0.0` requires `react ^16.8`");
    }
}
