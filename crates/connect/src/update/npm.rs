//! npm: `npm install --package-lock-only`, which unpacks nothing, and no script runs. What stands in
//! a git repository would have to be packed by scripts of its own: it is not fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::Edits;
use super::forced::Forced;
use super::javascript::{self, stays};
use super::peers;
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};

pub(crate) const TOOL: Tool = Tool {
    id: "npm",
    purl_type: "npm",
    scheme: Scheme::SemVer,
    programs: &["npm"],
    install: "npm (it comes with Node.js)",
    variables: &["npm_config_", "NPM_CONFIG_"],
    // Where both are there, npm reads and writes the first.
    lockfiles: &["npm-shrinkwrap.json", "package-lock.json"],
    manifest: |name| name == javascript::MANIFEST,
    above: false,
    keep: |path| javascript::keep(path, &["package-lock.json", "npm-shrinkwrap.json", ".npmrc"]),
    edit: |manifests, wish| javascript::edit(manifests, wish, Forced::AtVersion(&["overrides"])),
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

const QUIET: &[&str] = &[
    "--package-lock-only",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--git=trimtab-fetches-nothing-with-git",
    "--loglevel=warn",
];
/// Tells npm in which format it writes a lockfile.
const FORMAT: &str = "npm_config_lockfile_version";
/// npm does not look at what packages ask their users to bring.
const UNLOOKED: &str = "--legacy-peer-deps";
/// Entries of a tree that are looked at, and how deep.
const MOST: usize = 100_000;
const DEEPEST: usize = 64;

/// Runs npm with some arguments.
type Npm<'n> = &'n dyn Fn(&[&str]) -> Result<(), Reason>;

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    let is_told = peers::are_ignored(&drive.text(".npmrc").unwrap_or_default());
    let locked = locked_as(drive);
    let was = lockfile(drive);
    match locked_anew(drive, wish, edits, is_told) {
        // What npm refuses was so before: the lockfile is an older npm's, or of somebody who told npm not to look. As it is,
        // no change at all could be made.
        Err(reason) if !is_told && peers::learn(&telling(was, drive), reason.blockers()) => {
            if let Some((name, text)) = locked {
                drive.write(name, &text)?;
            }
            drive.write_all(edits)?;
            locked_anew(drive, wish, edits, is_told)
        }
        ended => ended,
    }
}

/// A lockfile that tells of peers: one of the first version does not, and stands in the newest since the first run.
fn telling(was: Value, drive: &Drive<'_>) -> Value {
    if was["packages"].is_object() { was } else { lockfile(drive) }
}

/// `is_told`: the project itself tells npm not to look at peers.
fn locked_anew(drive: &Drive<'_>, wish: &Wish, edits: &Edits, is_told: bool) -> Result<(), Reason> {
    let before = drive.before().map(|before| format!("--before={before}"));
    let aged: Vec<&str> = before.iter().map(String::as_str).collect();
    // What the user's own configuration says of formats is about other projects.
    let format = match format_told(&drive.text(".npmrc").unwrap_or_default()) {
        Some(_) => None,
        None => {
            lockfile(drive)["lockfileVersion"].as_u64().filter(|format| [2, 3].contains(format))
        }
    };
    let format = format.map(|format| format.to_string());
    let set: Vec<(&str, &str)> = format.iter().map(|format| (FORMAT, format.as_str())).collect();
    // npm would write one of the first version anew, in the newest.
    let is_first = lockfile(drive)["lockfileVersion"] == 1;
    let newest = if is_first { as_newest(drive, edits, &aged)? } else { None };
    let was = lockfile(drive);
    let is_refused = !is_told && peers::are_refused(&was);
    let run = |arguments: &[&str], version: Option<&'static str>| {
        let own = aged.iter().copied().chain(version).chain(is_refused.then_some(UNLOOKED));
        let own: Vec<&str> = own.collect();
        javascript::run(drive, wish, &[arguments, QUIET, &own].concat(), &set, overridden)
    };
    // npm does not look then: this does.
    let kept = || match is_told || is_refused {
        true => peers::kept(&was, &lockfile(drive)),
        false => Ok(()),
    };
    let is_one_run = !is_refused && !matches!(wish.kind, Kind::Raise | Kind::RaiseParent);
    let Some(newest) = newest.filter(|_| !is_one_run) else {
        let version = is_first.then_some("--lockfile-version=1");
        resolve(drive, wish, edits, &|arguments| run(arguments, version))?;
        return kept();
    };
    // Each run would ask about all again that one of the first version has: it is written back by the last.
    resolve(drive, wish, edits, &|arguments| run(arguments, Some("--lockfile-version=3")))?;
    kept()?;
    if drive.text(newest.name).as_ref() == Some(&newest.text) {
        return drive.write(newest.name, &newest.first);
    }
    run(&["install"], Some("--lockfile-version=1"))
}

fn resolve(drive: &Drive<'_>, wish: &Wish, edits: &Edits, npm: Npm<'_>) -> Result<(), Reason> {
    moved(drive, wish, edits, npm)?;
    // What members of a workspace bring stays as it is locked, whatever is forced, until npm is told to update it.
    match &still_there(&lockfile(drive), &forced_away(&manifest(drive), wish))[..] {
        [] => Ok(()),
        names => npm(&[&["update"], names].concat()),
    }
}

fn moved(drive: &Drive<'_>, wish: &Wish, edits: &Edits, npm: Npm<'_>) -> Result<(), Reason> {
    let update = |name: &str| npm(&["update", name]);
    match wish.kind {
        // npm saves one kind of range in a run. So several are locked by exactly these versions first; the ranges that
        // the manifests get then have them. What parents bring moves before that: what is named too would else go to the
        // newest of its range.
        // Of another name it would install the package under its own.
        Kind::Raise | Kind::RaiseParent
            if !wish.also.is_empty() || javascript::is_aliased(edits, wish) =>
        {
            let exact = javascript::exactly(edits, wish);
            drive.write_all(&exact)?;
            let was = lockfile(drive);
            npm(&["install"])?;
            let now = lockfile(drive);
            let stays = |child: &&str| stays(locked(&was, child), locked(&now, child));
            match &wish.children().into_iter().filter(stays).collect::<Vec<_>>()[..] {
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
            let names: Vec<&str> = wish.packages().map(|(name, _)| name).collect();
            let others = javascript::other_names(drive.manifests, &names);
            let all = names.into_iter().chain(others.iter().map(String::as_str));
            npm(&std::iter::once("update").chain(all).collect::<Vec<_>>())
        }
        Kind::Override | Kind::Remove | Kind::Replace => npm(&["install"]),
    }
}

/// Names and versions of what is forced to something else: those of the wish, by the keys of `overrides` (`left@1.0.0`).
fn forced_away(manifest: &Value, wish: &Wish) -> Vec<(String, String)> {
    let own = wish.from.as_ref().filter(|_| wish.kind == Kind::Override);
    let own = own.map(|from| (wish.name.clone(), from.clone()));
    let keys = manifest["overrides"].as_object().into_iter().flat_map(|all| all.keys());
    let of = |key: &String| {
        let (name, version) = key.rsplit_once('@').filter(|(name, _)| !name.is_empty())?;
        wish.packages().any(|(asked, _)| asked == name).then(|| (name.into(), version.into()))
    };
    own.into_iter().chain(keys.filter_map(of)).collect()
}

/// Of names and versions the names of those that are locked.
fn still_there<'f>(lockfile: &Value, forced: &'f [(String, String)]) -> Vec<&'f str> {
    let is_there = |(name, version): &&(String, String)| {
        locked(lockfile, name).is_some_and(|versions| versions.contains(version))
    };
    let mut names: Vec<&str> = forced.iter().filter(is_there).map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The manifest in the tool's folder. Nothing: it cannot be read.
fn manifest(drive: &Drive<'_>) -> Value {
    let text = drive.text(javascript::MANIFEST).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// All that npm reads: the texts of the project by path, and how old versions must be.
type Read = (Vec<String>, BTreeMap<String, String>);
/// What npm makes of a lockfile of version 1, as soon as that is known; the same text where it can make nothing of it.
type Made = Arc<Mutex<Option<String>>>;
/// What npm makes of lockfiles of version 1: with each run it would ask a registry again about each package that such a one
/// has.
static NEWEST: Mutex<BTreeMap<Read, Made>> = Mutex::new(BTreeMap::new());
/// How many are kept. The first is what most tries begin with.
const KEPT: usize = 16;

/// A lockfile of version 1, and the same in the newest.
struct Newest {
    name: &'static str,
    first: String,
    text: String,
}

/// Puts the same in the newest version in the place of a lockfile of version 1. `None`: npm cannot, and it stays.
fn as_newest(drive: &Drive<'_>, edits: &Edits, aged: &[&str]) -> Result<Option<Newest>, Reason> {
    let Some((name, first)) = locked_as(drive) else { return Ok(None) };
    let aged_as: Vec<String> = aged.iter().map(|argument| (*argument).to_owned()).collect();
    let read: Read = (aged_as, drive.manifests.files.clone());
    let made = {
        let mut all = NEWEST.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&read).cloned();
        let made = known.unwrap_or_default();
        if all.len() < KEPT {
            all.insert(read, Arc::clone(&made));
        }
        made
    };
    // Who comes second to the same texts waits for it, as it would take as long by itself.
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    let known: Option<String> = (*made).clone();
    let text = match known {
        Some(text) => text,
        None => {
            let text = in_newest(drive, edits, name, aged)?.unwrap_or_else(|| first.clone());
            *made = Some(text.clone());
            text
        }
    };
    drive.write(name, &text)?;
    Ok((text != first).then_some(Newest { name, first, text }))
}

/// What npm makes of a lockfile of version 1 before anything is edited. `None`: it cannot. Which try came first is nothing to
/// tell.
fn in_newest(
    drive: &Drive<'_>,
    edits: &Edits,
    name: &str,
    aged: &[&str],
) -> Result<Option<String>, Reason> {
    let files = &drive.manifests.files;
    let was = |path: &String| Some((path.clone(), files.get(path)?.clone()));
    let unedited = edits.files.keys().filter_map(was).collect();
    drive.write_all(&Edits { files: unedited, named: Vec::new() })?;
    let install = [&["install", "--lockfile-version=3"][..], QUIET, aged].concat();
    let ended = drive.try_untold(&install, &[])?;
    // What it refuses is the project's own: nothing was edited.
    let refused = match ended.is_well() {
        true => Vec::new(),
        false => blockers(&drive.words(&ended)),
    };
    let ended = match &refused[..] {
        [] => ended,
        _ => drive.try_untold(&[&install[..], &[UNLOOKED]].concat(), &[])?,
    };
    drive.write_all(edits)?;
    let made = drive.text(name).filter(|_| ended.is_well());
    let tree = made.as_deref().and_then(|text| serde_json::from_str(text).ok());
    peers::learn(&tree.unwrap_or_default(), &refused);
    Ok(made)
}

/// Whether the child of a parent is still locked at the version that was there. Where its lockfile does not
/// tell, it may be.
fn is_locked(drive: &Drive<'_>, wish: &Wish) -> bool {
    let Some(from) = wish.child.as_deref() else { return true };
    let locked = locked(&lockfile(drive), wish.other());
    locked.is_none_or(|versions| versions.contains(from))
}

/// The versions of a package that are locked. `None`: the lockfile does not tell.
fn locked(lockfile: &Value, name: &str) -> Option<BTreeSet<String>> {
    let Some(packages) = lockfile["packages"].as_object() else {
        let all = nested(lockfile);
        let own = all.into_iter().filter(|(own, _)| *own == name);
        let versions = own.filter_map(|(_, entry)| entry["version"].as_str().map(str::to_owned));
        return lockfile["dependencies"].is_object().then(|| versions.collect());
    };
    let own = packages.iter().filter(|(path, package)| {
        let is_end = path.rsplit_once("node_modules/").is_some_and(|(_, end)| end == name);
        is_end && package["name"].is_null() || package["name"] == name
    });
    Some(own.filter_map(|(_, package)| package["version"].as_str().map(str::to_owned)).collect())
}

/// All entries of a lockfile of version 1, which nests what each brings, by name.
fn nested(lockfile: &Value) -> Vec<(&str, &Value)> {
    let mut all = Vec::new();
    let mut open = vec![(lockfile, 0)];
    while let Some((node, depth)) = open.pop() {
        for (name, inner) in node["dependencies"].as_object().into_iter().flatten() {
            if all.len() == MOST || depth == DEEPEST {
                return all;
            }
            all.push((name.as_str(), inner));
            open.push((inner, depth + 1));
        }
    }
    all
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

/// Who asks for a package, as the lockfile tells.
fn asks(drive: &Drive<'_>, name: &str) -> Result<Vec<Blocker>, Reason> {
    Ok(asking(&lockfile(drive), name))
}

/// The lockfile. Nothing: there is none that can be read.
fn lockfile(drive: &Drive<'_>) -> Value {
    let text = locked_as(drive).map(|(_, text)| text).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// The format of a lockfile: `"lockfileVersion": 3`. `None`: it does not say.
pub(super) fn format(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("\"lockfileVersion\"")?;
    let number = rest.trim_start().strip_prefix(':')?.trim_start();
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// The format in which a configuration has npm write lockfiles.
pub(super) fn format_told(npmrc: &str) -> Option<u64> {
    let value = |line: &str| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "lockfile-version").then(|| value.trim().parse().ok())?
    };
    npmrc.lines().filter_map(value).next_back()
}

/// The name of the lockfile, and its text.
fn locked_as(drive: &Drive<'_>) -> Option<(&'static str, String)> {
    TOOL.lockfiles.iter().find_map(|name| Some((*name, drive.text(name)?)))
}

/// Who asks for a package in a lockfile, and in which range.
fn asking(lockfile: &Value, name: &str) -> Vec<Blocker> {
    let mut found = Vec::new();
    let mut ask = |who: String, range: &Value| {
        if let Some(range) = range.as_str() {
            found.push(Blocker { who, needs: name.to_owned(), range: range.to_owned() });
        }
    };
    let who = |name: &str, entry: &Value| match entry["version"].as_str() {
        Some(version) => format!("{name}@{version}"),
        None => name.to_owned(),
    };
    let packages = lockfile["packages"].as_object();
    for (path, entry) in packages.into_iter().flatten().take(MOST) {
        let folder = path.rsplit("node_modules/").next().unwrap_or(path);
        let own = entry["name"].as_str().filter(|name| !name.is_empty()).unwrap_or(folder);
        let own = if own.is_empty() { "the project" } else { own };
        let all = [javascript::SECTIONS, &["peerDependencies"]].concat();
        for section in all {
            ask(who(own, entry), &entry[section][name]);
        }
    }
    if packages.is_some() {
        return found;
    }
    for (own, entry) in nested(lockfile) {
        ask(who(own, entry), &entry["requires"][name]);
    }
    found
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

    #[test]
    fn the_format_of_a_lockfile_is_what_it_says() {
        assert_eq!(format("{\n  \"name\": \"a\",\n  \"lockfileVersion\": 3,\n}"), Some(3));
        assert_eq!(format("{\"lockfileVersion\":2}"), Some(2));
        assert_eq!(format("{\"lockfileVersion\": \"x\"}"), None);
        assert_eq!(format("{}"), None);
        assert_eq!(format_told("audit=false\nlockfile-version = 3\n"), Some(3));
        assert_eq!(
            format_told("lockfile-version=2\nlockfile-version=3"),
            Some(3),
            "the last counts"
        );
        assert_eq!(format_told("# lockfile-version\npackage-lock=true"), None);
    }

    #[test]
    fn who_asks_stands_in_the_lockfile() {
        let all = |lockfile: Value| -> Vec<String> {
            let mut told: Vec<String> =
                asking(&lockfile, "left").iter().map(ToString::to_string).collect();
            told.sort();
            told
        };
        let told = all(serde_json::json!({ "lockfileVersion": 3, "packages": {
            "": { "name": "app", "version": "1.0.0", "devDependencies": { "left": "^1" } },
            "node_modules/right": { "version": "2.0.0", "dependencies": { "left": "~1.2", "other": "1" } },
            "node_modules/a/node_modules/@s/up": { "version": "3.0.0", "peerDependencies": { "left": ">=1" } },
            "node_modules/other": { "version": "1.0.0", "name": "real", "optionalDependencies": { "left": "1" } },
        }}));
        let expected = [
            "`@s/up@3.0.0` requires `left >=1`",
            "`app@1.0.0` requires `left ^1`",
            "`real@1.0.0` requires `left 1`",
            "`right@2.0.0` requires `left ~1.2`",
        ];
        assert_eq!(told, expected);
        let told = all(serde_json::json!({ "lockfileVersion": 1, "dependencies": {
            "right": { "version": "2.0.0", "requires": { "left": "~1.2" }, "dependencies": {
                "@s/up": { "version": "3.0.0", "requires": { "left": "1" } },
            }},
            "left": { "version": "1.2.0" },
        }}));
        assert_eq!(told, ["`@s/up@3.0.0` requires `left 1`", "`right@2.0.0` requires `left ~1.2`"]);
    }

    #[test]
    fn what_is_forced_and_stays_is_known_by_the_keys_of_what_is_forced() {
        let wish = Wish {
            kind: Kind::Override,
            name: "left".to_owned(),
            from: Some("1.0.0".to_owned()),
            to: Some("1.0.1".to_owned()),
            other: None,
            child: None,
            also: vec![("@s/up".to_owned(), Some("2.0.1".to_owned()))],
            others: Vec::new(),
        };
        let manifest = serde_json::json!({ "overrides": {
            "left@1.0.0": "1.0.1", "@s/up@2.0.0": "2.0.1", "other@3.0.0": "3.0.1", "@s/up": "2.0.1",
        }});
        let forced = forced_away(&manifest, &wish);
        let there = |left: &str, up: &str| {
            let lockfile = serde_json::json!({ "packages": {
                "node_modules/left": { "version": left },
                "packages/web/node_modules/@s/up": { "version": up },
                "node_modules/other": { "version": "3.0.0" },
            }});
            still_there(&lockfile, &forced).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(there("1.0.0", "2.0.0"), ["@s/up", "left"]);
        assert_eq!(there("1.0.1", "2.0.0"), ["@s/up"]);
        assert_eq!(there("1.0.1", "2.0.1"), [""; 0]);
    }

    #[test]
    fn the_versions_that_are_locked_of_a_package_are_told_by_its_name() {
        let lockfile = serde_json::json!({ "packages": {
            "node_modules/left": { "version": "1.0.0" },
            "node_modules/a/node_modules/left": { "version": "2.0.0" },
            "node_modules/@s/left": { "version": "3.0.0" },
            "node_modules/b/node_modules/left": { "version": "4.0.0", "name": "right" },
            "node_modules/other": { "version": "5.0.0", "name": "left" },
        }});
        let versions = locked(&lockfile, "left").unwrap();
        assert_eq!(
            versions.iter().map(String::as_str).collect::<Vec<_>>(),
            ["1.0.0", "2.0.0", "5.0.0"]
        );
        let first = serde_json::json!({ "lockfileVersion": 1, "dependencies": {
            "left": { "version": "1.0.0" },
            "right": { "version": "2.0.0", "dependencies": { "left": { "version": "3.0.0" } } },
        }});
        let versions = locked(&first, "left").unwrap();
        assert_eq!(versions.iter().map(String::as_str).collect::<Vec<_>>(), ["1.0.0", "3.0.0"]);
        assert_eq!(locked(&serde_json::json!({}), "left"), None);
    }
}
