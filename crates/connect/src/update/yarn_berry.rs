//! yarn 2 and later: `--mode=update-lockfile`, which unpacks nothing, and no script runs. Another
//! yarn that the project brings along is not started, and its plugins are not loaded.

use std::collections::BTreeSet;

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::Edits;
use super::forced::Forced;
use super::javascript;
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

pub(crate) const TOOL: Tool = Tool {
    id: "yarn-berry",
    purl_type: "npm",
    scheme: Scheme::SemVer,
    programs: &["yarn"],
    install: "yarn 4",
    variables: &["YARN_"],
    lockfiles: &["yarn.lock"],
    manifest: |name| name == javascript::MANIFEST,
    above: false,
    keep: |path| match path.rsplit('/').next() {
        Some(".yarnrc.yml") => Keep::Part(without_code),
        _ => javascript::keep(path, &["yarn.lock"]),
    },
    edit: |manifests, wish| javascript::edit(manifests, wish, Forced::At(&["resolutions"])),
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

const SET: &[(&str, &str)] = &[
    ("YARN_IGNORE_PATH", "1"),
    ("YARN_ENABLE_SCRIPTS", "false"),
    ("YARN_ENABLE_TELEMETRY", "false"),
    ("YARN_ENABLE_IMMUTABLE_INSTALLS", "false"),
    ("YARN_ENABLE_GLOBAL_CACHE", "true"),
    ("YARN_ENABLE_PROGRESS_BARS", "false"),
    ("SKIP_YARN_COREPACK_CHECK", "1"),
];
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

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    let age = drive.age().map(|minutes| minutes.to_string());
    let age = age.as_deref().map(|minutes| ("YARN_NPM_MINIMAL_AGE_GATE", minutes));
    let set: Vec<(&str, &str)> = SET.iter().copied().chain(age).collect();
    let yarn = |arguments: &[&str]| javascript::run(drive, wish, arguments, &set, peers);
    let update = |names: &[&str]| yarn(&[&["up", "--recursive"], names, &[MODE]].concat());
    match wish.kind {
        Kind::Raise | Kind::RaiseParent => {
            yarn(&["install", MODE])?;
            let ranges: BTreeSet<(&str, &str)> =
                edits.named.iter().map(|n| (&*n.package, &*n.requirement)).collect();
            // yarn took the newest of the range; it is told which one.
            let told = |is: &dyn Fn(&str) -> bool| {
                ranges.iter().filter(|(package, _)| is(package)).try_for_each(|(package, range)| {
                    let to = wish.wanted(package).filter(|to| to != range);
                    let Some(to) = to else { return Ok(()) };
                    let descriptor = format!("{package}@npm:{range}");
                    yarn(&["set", "resolution", &descriptor, &format!("npm:{to}")])
                })
            };
            told(&|_| true)?;
            let children = wish.children();
            if wish.kind != Kind::RaiseParent || children.is_empty() {
                return Ok(());
            }
            update(&children)?;
            // What is named too went to the newest again.
            told(&|package| children.contains(&package))
        }
        Kind::Relock => update(&wish.packages().map(|(name, _)| name).collect::<Vec<_>>()),
        Kind::Override | Kind::Remove | Kind::Replace => yarn(&["install", MODE]),
    }
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
    use super::without_code;

    #[test]
    fn a_configuration_names_no_code() {
        let text = "nodeLinker: pnp\nplugins:\n  - path: .yarn/plugins/x.cjs\n- checksum: a\n\nyarnPath: .yarn/y.cjs\nnpmScopes:\n  a:\n";
        assert_eq!(without_code(text), "nodeLinker: pnp\nnpmScopes:\n  a:\n");
    }
}
