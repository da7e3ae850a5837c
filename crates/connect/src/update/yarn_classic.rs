//! yarn 1: `yarn install --ignore-scripts`, which has no way to lock without unpacking: it unpacks
//! into the copy, and no script runs. Another yarn that the project brings along is not started.

use std::collections::BTreeSet;

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::{Edits, Named};
use super::forced::Forced;
use super::javascript;
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};

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
    edit: |manifests, wish| javascript::edit(manifests, wish, Forced::At(&["resolutions"])),
    edits_itself: false,
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

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
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
        javascript::run(drive, wish, &quiet, SET, peers)
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
                drive.write(LOCKFILE, &ranged(&locked, wish, edits))?;
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

/// A lockfile whose entries for exactly the versions that are wanted stand for the new ranges, and no others do.
fn ranged(text: &str, wish: &Wish, edits: &Edits) -> String {
    let renamed: Vec<(String, String)> = edits
        .named
        .iter()
        .filter_map(|Named { package, requirement, .. }| {
            let to = wish.wanted(package)?;
            Some((format!("{package}@{to}"), format!("{package}@{requirement}")))
        })
        .collect();
    let quote = |key: &str| match key.starts_with('@') || key.contains(' ') {
        true => format!("\"{key}\""),
        false => key.to_owned(),
    };
    let entries = text.lines().filter(|line| !line.starts_with([' ', '#']));
    let keys: BTreeSet<&str> = entries
        .flat_map(|line| line.trim_end_matches(':').split(", "))
        .map(|key| key.trim_matches('"'))
        .collect();
    // What is brought in the same range was locked by itself, maybe in another version.
    let is_other = |key: &str| {
        let mut new = renamed.iter().filter(|(exact, new)| key == new && exact != new);
        new.any(|(exact, _)| keys.contains(exact.as_str()))
    };
    let is_ours = |line: &str| {
        let all = renamed.iter().flat_map(|(exact, new)| [exact, new]);
        !line.starts_with([' ', '#']) && all.into_iter().any(|key| line.contains(key.as_str()))
    };
    let mut skip = false;
    let one = |line: &str| {
        if !is_ours(line) {
            skip &= line.starts_with(' ');
            return if skip { String::new() } else { line.to_owned() };
        }
        let (keys, end) = line.rsplit_once(':').unwrap_or((line, ""));
        let mut keys: Vec<String> = keys
            .split(", ")
            .map(|key| key.trim_matches('"'))
            .filter(|key| !is_other(key))
            // One version may stand for several ranges.
            .flat_map(|key| {
                let new: Vec<String> = renamed
                    .iter()
                    .filter(|(exact, _)| exact == key)
                    .map(|(_, n)| quote(n))
                    .collect();
                if new.is_empty() { vec![quote(key)] } else { new }
            })
            .collect();
        keys.dedup();
        skip = keys.is_empty();
        if skip { String::new() } else { format!("{}:{end}", keys.join(", ")) }
    };
    text.split_inclusive('\n').map(one).collect()
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
                skip = key.get(..at) == Some(name);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_entry_becomes_the_one_of_a_range() {
        let wish = Wish {
            kind: Kind::Raise,
            name: "@a/b".to_owned(),
            from: None,
            to: Some("1.2.0".to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        };
        let mut edits = Edits::none();
        edits.put("package.json", "{\n  \"@a/b\": \"^1.2.0\"\n}".to_owned(), &wish, "^1.2.0");
        let exact = javascript::exactly(&edits, &wish);
        assert_eq!(exact.files["package.json"], "{\n  \"@a/b\": \"1.2.0\"\n}");
        let lock = "\"@a/b@1.2.0\":\n  version \"1.2.0\"\n\nc@1:\n  version \"1.2.0\"\n";
        assert_eq!(ranged(lock, &wish, &edits), lock.replace("@a/b@1.2.0", "@a/b@^1.2.0"));
        // Others ask for it in the same range, which yarn locked by itself.
        let other = "\"@a/b@^1.2.0\":\n  version \"1.9.0\"\n\n";
        let own = lock.replace("@a/b@1.2.0", "@a/b@^1.2.0");
        assert_eq!(ranged(&format!("{lock}\n{other}"), &wish, &edits).trim_end(), own.trim_end());
        let both = other.replace("^1.2.0\"", "^1.0.0\", \"@a/b@^1.2.0\"");
        let left = other.replace("^1.2.0", "^1.0.0");
        assert_eq!(ranged(&format!("{lock}\n{both}"), &wish, &edits), format!("{own}\n{left}"));
    }
}
