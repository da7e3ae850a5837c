//! pnpm: `pnpm install --lockfile-only`, with scripts and hooks off. Hooks (`.pnpmfile.cjs`) change
//! what is chosen and are code of the project: with them, it is run only where that is allowed.

use std::collections::BTreeSet;

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::confirm::allows;
use super::drive::Drive;
use super::edit::json::{self, Document};
use super::edit::{Edits, Manifests, Named, Uneditable, lines, yaml};
use super::forced::{self, Entry, Forced};
use super::javascript::{self, stays};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

pub(crate) const TOOL: Tool = Tool {
    id: "pnpm",
    purl_type: "npm",
    scheme: Scheme::SemVer,
    programs: &["pnpm"],
    install: "pnpm 9 or later",
    variables: &["npm_config_", "NPM_CONFIG_", "PNPM_", "pnpm_config_"],
    lockfiles: &[LOCKFILE],
    manifest: |name| name == javascript::MANIFEST,
    above: false,
    keep: |path| match javascript::keep(path, &[LOCKFILE, WORKSPACE, ".npmrc"]) {
        Keep::No if HOOKS.iter().any(|hooks| path.ends_with(hooks)) => Keep::Yes,
        keep => keep,
    },
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise, Kind::RaiseParent],
    moves_all: true,
    code: |manifests| {
        let hooks = HOOKS.iter().any(|hooks| manifests.text(hooks).is_some());
        hooks.then_some("its hooks in .pnpmfile.cjs")
    },
    lock,
    blockers,
    asks: Some(asks),
    listing: None,
    settle: None,
};

/// Packages that a rule of age is told to except.
const MOST_EXCLUDED: usize = 10_000;
/// Packages whose ranges are asked for.
const MOST_ASKED: usize = 4;
const LOCKFILE: &str = "pnpm-lock.yaml";
pub(crate) const WORKSPACE: &str = "pnpm-workspace.yaml";
/// Where a manifest forces versions.
const OVERRIDES: &[&str] = &["pnpm", "overrides"];
const HOOKS: &[&str] = &[".pnpmfile.cjs", ".pnpmfile.mjs"];
/// No other version of itself, and no complaint that another package manager is meant.
const SET: &[(&str, &str)] = &[
    ("npm_config_manage_package_manager_versions", "false"),
    ("npm_config_package_manager_strict", "false"),
    ("npm_config_update_notifier", "false"),
];

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let settings = manifests.text(WORKSPACE);
    if let (Kind::Override, Some(text)) = (wish.kind, settings)
        && text.lines().any(is_overrides)
    {
        return force(manifests, text, wish);
    }
    let edits = javascript::edit(manifests, wish, Forced::AtVersion(OVERRIDES));
    let Some(text) = settings else { return edits };
    if matches!(wish.kind, Kind::Raise | Kind::RaiseParent) {
        // A catalog: `  left: ^1.0.0` somewhere below `catalog:` or `catalogs:`.
        let mut inside = false;
        let mut found = false;
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            if yaml::ends(line) {
                inside = yaml::block(line).is_some_and(|b| matches!(b.key, "catalog" | "catalogs"));
            }
            let new = if inside { catalog_line(line, wish)? } else { None };
            found |= new.is_some();
            out.push_str(new.as_deref().unwrap_or(line));
        }
        if found {
            let mut edits = edits.or_else(|e| match e {
                Uneditable::NotNamed => Ok(Edits::none()),
                other => Err(other),
            })?;
            edits.put(&manifests.here(WORKSPACE), out, wish, wish.to());
            return Ok(edits);
        }
    }
    edits
}

fn is_overrides(line: &str) -> bool {
    yaml::block(line).is_some_and(|block| block.key == "overrides")
}

/// Whether the settings of a workspace force a version of a package.
pub(crate) fn forces(text: &str, wish: &Wish) -> bool {
    let mut inside = false;
    text.lines().any(|line| {
        if yaml::ends(line) {
            inside = is_overrides(line);
            return false;
        }
        let entry = yaml::entry(line).filter(|_| inside);
        entry.is_some_and(|entry| {
            let old = line.get(entry.value.clone()).unwrap_or_default();
            forced::is_about(entry.key, old, wish)
        })
    })
}

/// Forces a version in the settings of the workspace, and in the manifest where that forces it too: which of them counts
/// differs from version to version of pnpm.
fn force(manifests: &Manifests, text: &str, wish: &Wish) -> Result<Edits, Uneditable> {
    if forced::is_direct(manifests, wish, Forced::AtVersion(OVERRIDES))? {
        return Err(Uneditable::Direct);
    }
    let mut edits = Edits::one(manifests.here(WORKSPACE), overridden(text, wish)?);
    if let Some(own) = forced::raised_where_it_stands(manifests, wish, OVERRIDES)? {
        edits.files.extend(own.files);
    }
    Ok(edits)
}

/// The settings with what they force of a package raised where it stands, and with an entry of its own where that does not
/// cover all who ask for it.
fn overridden(text: &str, wish: &Wish) -> Result<String, Uneditable> {
    let (mut inside, mut held) = (false, false);
    // As far as the first entry is indented.
    let mut depth = None;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if yaml::ends(line) {
            inside = false;
            if let Some(block) = yaml::block(line).filter(|block| block.key == "overrides") {
                if !block.value.is_empty() {
                    let why = format!(
                        "`overrides` in {WORKSPACE} are on one line: put each on its own line"
                    );
                    return Err(Uneditable::Unsupported(why));
                }
                inside = true;
            }
            out.push_str(line);
            continue;
        }
        let Some(entry) = yaml::entry(line).filter(|_| inside) else {
            out.push_str(line);
            continue;
        };
        let indent = line.get(..entry.depth).unwrap_or_default();
        depth.get_or_insert(indent);
        let old = line.get(entry.value.clone()).unwrap_or_default();
        let new = match forced::entry(entry.key, old, false, wish)? {
            Entry::Other => None,
            Entry::Part(new) => Some(new),
            Entry::All(new) => {
                held = true;
                Some(new)
            }
        };
        match new {
            Some(new) => out.push_str(&yaml::with_value(line, &entry, &new)),
            None => out.push_str(line),
        }
    }
    if held {
        return Ok(out);
    }
    let name = match &wish.from {
        Some(from) => format!("{}@{from}", wish.name),
        None => wish.name.clone(),
    };
    let line = format!("{}'{name}': '{}'", depth.unwrap_or("  "), wish.to());
    lines::after(&out, is_overrides, &line).ok_or(Uneditable::NotNamed)
}

/// A line of a catalog about the package, with its range raised.
fn catalog_line(line: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let Some(entry) = yaml::entry(line).filter(|entry| entry.key == wish.name) else {
        return Ok(None);
    };
    let range = line.get(entry.value.clone()).filter(|range| !range.is_empty());
    let Some(range) = range.filter(|range| javascript::is_own(range, wish)) else {
        return Ok(None);
    };
    let new = super::edit::raised(range, wish, "^", Scheme::SemVer)?;
    Ok(new.map(|new| yaml::with_value(line, &entry, &new)))
}

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    let mut quiet = vec!["--lockfile-only", "--ignore-scripts"];
    // Hooks elsewhere, which a setting may name, are never run.
    if !HOOKS.iter().any(|hooks| drive.manifests.text(hooks).is_some()) {
        quiet.push("--ignore-pnpmfile");
    }
    let age = drive.age().map(|minutes| format!("--config.minimum-release-age={minutes}"));
    // What is locked already stays, however young it is.
    let there = age.as_ref().map(|_| excluded(drive)).unwrap_or_default();
    quiet.extend(age.iter().chain(&there).map(String::as_str));
    let pnpm = |arguments: &[&str]| {
        javascript::run(drive, wish, &[arguments, &quiet].concat(), SET, peers)
    };
    let update_all = |names: &[&str]| {
        let mut deep = [&["update"], names, &["--depth", "Infinity", "--no-save"]].concat();
        // Outside of a workspace, pnpm would find no project to update.
        if drive.text(WORKSPACE).is_some_and(|text| text.contains("packages:")) {
            deep.push("--recursive");
        }
        pnpm(&deep)
    };
    // As soon as the project names one of them itself, pnpm moves none that others bring.
    let update = |names: &[&str]| {
        let own = javascript::named(drive.manifests);
        let (direct, brought): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| own.contains(**name));
        let others = javascript::other_names(drive.manifests, &brought);
        let direct = [direct, others.iter().map(String::as_str).collect()].concat();
        let runs = [direct, brought];
        runs.iter().filter(|run| !run.is_empty()).try_for_each(|run| update_all(run))
    };
    // Of a range that nothing locked satisfies, its lowest version: the one that is wanted.
    let lowest = "--config.resolution-mode=lowest-direct";
    match wish.kind {
        Kind::Raise => {
            let was = drive.text(LOCKFILE);
            pnpm(&["install", "--no-frozen-lockfile", lowest])?;
            copies(drive, wish, was.as_deref(), &pnpm)
        }
        Kind::RaiseParent => {
            let install = || pnpm(&["install", "--no-frozen-lockfile", lowest]);
            let exact = javascript::exactly(edits, wish);
            // What is named too would go to the newest of its range with what brings it.
            let apart = wish.brought().len() < wish.children().len() && exact.files != edits.files;
            if apart {
                drive.write_all(&exact)?;
            }
            let was = drive.text(LOCKFILE);
            install()?;
            let now = drive.text(LOCKFILE);
            let locked = |text: &Option<String>, child| Some(locked(text.as_deref()?, child));
            let mut free = free(wish, edits, &exact);
            free.retain(|child| stays(locked(&was, child), locked(&now, child)));
            match &free[..] {
                [] => {}
                children => update(children)?,
            }
            if apart {
                drive.write_all(edits)?;
                install()?;
            }
            Ok(())
        }
        Kind::Relock => {
            let was = drive.text(LOCKFILE);
            update(&wish.packages().map(|(name, _)| name).collect::<Vec<_>>())?;
            copies(drive, wish, was.as_deref(), &pnpm)
        }
        Kind::Override | Kind::Remove | Kind::Replace => pnpm(&["install", "--no-frozen-lockfile"]),
    }
}

/// Moves the copies which others bring of what the project names itself: whatever pnpm is told, these it leaves. They are forced
/// for one run. What was locked by that stays when nothing forces it any more, where the ranges of those who ask allow it.
fn copies(
    drive: &Drive<'_>,
    wish: &Wish,
    was: Option<&str>,
    pnpm: &dyn Fn(&[&str]) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let now = drive.text(LOCKFILE);
    let (Some(was), Some(now)) = (was, now) else { return Ok(()) };
    let held = held(wish, &javascript::named(drive.manifests), was, &now);
    if held.is_empty() {
        return Ok(());
    }
    let Some((path, before, forced)) = forced_once(drive, &held) else { return Ok(()) };
    drive.write(path, &forced)?;
    let install = || pnpm(&["install", "--no-frozen-lockfile"]);
    let ran = install();
    drive.write(path, &before)?;
    match ran.and_then(|()| install()) {
        // What was carried out without them holds.
        Err(reason) if !reason.stops() => drive.write(LOCKFILE, &now),
        // pnpm forces whatever is asked for in a range that has the version: a later copy may have gone down with it.
        Ok(()) if lost(&held, &now, &drive.text(LOCKFILE).unwrap_or_default()) => {
            drive.write(LOCKFILE, &now)
        }
        ended => ended,
    }
}

/// Whether more copies went than those which were to: of what is held, as `name@version`, and the version it is to have.
fn lost(held: &[(String, String)], was: &str, now: &str) -> bool {
    held.iter().any(|(what, _)| {
        let name = what.rsplit_once('@').map_or(&**what, |(name, _)| name);
        let is_meant =
            |version: &String| held.iter().any(|(other, _)| *other == format!("{name}@{version}"));
        let now = locked(now, name);
        !locked(was, name).difference(&now).all(is_meant)
    })
}

/// Copies that stayed where they were, with the version that they are to have: of what the project names, and no further away
/// than `^` allows.
fn held(wish: &Wish, own: &BTreeSet<String>, was: &str, now: &str) -> Vec<(String, String)> {
    let mut held = Vec::new();
    for (name, to) in wish.packages().filter(|(name, _)| own.contains(*name)) {
        let Some(to) = to else { continue };
        let (was, now) = (locked(was, name), locked(now, name));
        let is_near = |from: &&String| {
            from.as_str() != to && allows("npm", &format!("^{from}"), to) == Some(true)
        };
        let stayed = was.intersection(&now).filter(is_near);
        held.extend(stayed.map(|from| (format!("{name}@{from}"), to.to_owned())));
    }
    held
}

/// The file in which versions are forced for one run, its text, and the text that forces them.
fn forced_once(
    drive: &Drive<'_>,
    held: &[(String, String)],
) -> Option<(&'static str, String, String)> {
    if let Some(text) = drive.text(WORKSPACE).filter(|text| text.lines().any(is_overrides)) {
        let forced = forced_in(&text, held)?;
        return Some((WORKSPACE, text, forced));
    }
    let text = drive.text(javascript::MANIFEST)?;
    let document = Document::read(&text, javascript::MANIFEST).ok()?;
    let object = document.object_or_new(OVERRIDES).ok()?;
    held.iter().for_each(|(name, to)| json::set(&object, name, to));
    let forced = document.text();
    Some((javascript::MANIFEST, text, forced))
}

/// Settings with more that they force, as far indented as what they force already and before it. `None`: it stands in one
/// line.
fn forced_in(text: &str, held: &[(String, String)]) -> Option<String> {
    let mut inside = false;
    let mut depth = "  ";
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if yaml::ends(line) {
            let block = yaml::block(line).filter(|block| block.key == "overrides");
            if block.as_ref().is_some_and(|block| !block.value.is_empty()) {
                return None;
            }
            inside = block.is_some();
        } else if let Some(entry) = yaml::entry(line).filter(|_| inside) {
            depth = line.get(..entry.depth).unwrap_or(depth);
            // No key may stand there twice.
            if held.iter().any(|(name, _)| name == entry.key) {
                continue;
            }
        }
        kept.push_str(line);
    }
    held.iter().try_fold(kept, |text, (name, to)| {
        lines::after(&text, is_overrides, &format!("{depth}'{name}': '{to}'"))
    })
}

/// All that is locked, and what the project itself excepts from its rule of age, as exceptions from such a rule: pnpm applies
/// it to what is locked too, and takes what is told here in the place of the project's own.
fn excluded(drive: &Drive<'_>) -> Vec<String> {
    let locked = drive.text(LOCKFILE).unwrap_or_default();
    let settings = drive.text(WORKSPACE).unwrap_or_default();
    let all = packages(&locked).map(|(name, version)| format!("{name}@{version}"));
    let all = all.chain(excepted(&settings)).take(MOST_EXCLUDED);
    all.map(|what| format!("--config.minimum-release-age-exclude={what}")).collect()
}

/// What the settings of a workspace except from its rule of age: one on each line.
fn excepted(settings: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in settings.lines() {
        let entry = line.trim();
        match entry.strip_prefix("- ") {
            Some(what) if inside => found.push(what.trim_matches([' ', '\'', '"']).to_owned()),
            _ if entry.is_empty() || entry.starts_with('#') => {}
            _ => inside = entry == "minimumReleaseAgeExclude:",
        }
    }
    found
}

/// The children that may move: not what is named in a range that could not be made exact, as in a catalog.
fn free<'w>(wish: &'w Wish, edits: &Edits, exact: &Edits) -> Vec<&'w str> {
    let mut all = wish.children();
    all.retain(|child| {
        let ranged = |named: &&Named| {
            let same = edits.files.get(&named.path) == exact.files.get(&named.path);
            named.package == **child && same && wish.wanted(child) != Some(&named.requirement)
        };
        wish.wanted(child).is_none() || !edits.named.iter().any(|named| ranged(&named))
    });
    all
}

/// `No matching version found for left@>=9`, and whoever asks: `This error happened while
/// installing the dependencies of right@1.0.0`.
fn blockers(text: &str) -> Vec<Blocker> {
    let after = |words: &str| text.lines().find_map(|l| Some(l.split_once(words)?.1.trim()));
    let Some(wanted) = after("No matching version found for ") else { return Vec::new() };
    let wanted = wanted.split_whitespace().next().unwrap_or_default();
    let Some((needs, range)) = wanted.rsplit_once('@').filter(|(name, _)| !name.is_empty()) else {
        return Vec::new();
    };
    let who = after("installing the dependencies of ").unwrap_or("the project");
    vec![Blocker { who: who.to_owned(), needs: needs.to_owned(), range: range.to_owned() }]
}

/// `├─┬ left 2.0.0`, and below it `│ └── ✕ unmet peer right@"<3": found 3.0.0`.
fn peers(text: &str) -> Vec<Blocker> {
    let mut who = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start_matches(|c: char| " │├└─┬".contains(c)).trim();
        if let Some(rest) = bare.strip_prefix("✕ unmet peer ") {
            let what = rest.split(": found").next().unwrap_or(rest);
            let at = what.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
            let (needs, range) = what.split_at(at.unwrap_or(what.len()));
            found.push(Blocker {
                who: who.clone(),
                needs: needs.to_owned(),
                range: range.trim_start_matches('@').trim_matches('"').to_owned(),
            });
        } else if line.contains("─┬ ") {
            who = bare.replacen(' ', "@", 1);
        }
    }
    found
}

/// The lockfile says who brings a package, and in which version; in which range they ask for it, the
/// registry tells through pnpm.
fn asks(drive: &Drive<'_>, name: &str) -> Result<Vec<Blocker>, Reason> {
    let text = drive.text(LOCKFILE).unwrap_or_default();
    let mut found = Vec::new();
    for who in bringing(&text, name).into_iter().take(MOST_ASKED) {
        let output = drive.try_run(&["view", &who, "dependencies", "--json"], SET)?;
        let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let range = value[name].as_str().unwrap_or("a version of its own choice").to_owned();
        found.push(Blocker { who, needs: name.to_owned(), range });
    }
    Ok(found)
}

/// The versions of a package that are locked.
fn locked(text: &str, name: &str) -> BTreeSet<String> {
    let of = packages(text).filter(|(of, _)| *of == name);
    of.map(|(_, version)| version.to_owned()).collect()
}

/// All that is locked, by name and version.
fn packages(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        match line.len() - line.trim_start().len() {
            0 if !line.is_empty() => inside = line.trim_end_matches(':') == "packages",
            2 if inside => {
                let key = line.trim().split(": ").next().unwrap_or_default();
                let key = key.trim_end_matches(':').trim_matches('\'');
                let key = key.trim_start_matches('/').split('(').next().unwrap_or(key);
                // Up to version 5 of the format `/left/1.0.0_peer@2.0.0`; no version has a `_`.
                let key = key.split('_').next().unwrap_or(key);
                let (name, version) = key
                    .rsplit_once('@')
                    .filter(|(name, _)| !name.is_empty())
                    .or_else(|| key.rsplit_once('/'))?;
                return version
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then_some((name, version));
            }
            _ => {}
        }
        None
    })
}

/// Packages, as `name@version`, that have another one among their dependencies in a lockfile.
fn bringing(text: &str, name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut section = "";
    let mut who = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let depth = line.len() - line.trim_start().len();
        let key = line.trim().split(": ").next().unwrap_or_default();
        let key = key.trim_end_matches(':').trim_matches('\'');
        match depth {
            0 => section = key,
            // Peers stand behind it in brackets.
            2 => who = key.trim_start_matches('/').split('(').next().unwrap_or(key).to_owned(),
            6 if matches!(section, "snapshots" | "packages") && key == name => {
                found.push(who.clone());
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_brings_a_package_stands_in_the_lockfile() {
        let text = "packages:\n\n  a@1.0.0:\n    engines: {node: '>=4'}\n\nsnapshots:\n\n  \
                    '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      c: 1.0.0\n\n  c@1.0.0: {}\n";
        assert_eq!(bringing(text, "c"), ["@s/a@1.0.0"]);
    }

    #[test]
    fn copies_that_stay_beside_what_is_named_are_known() {
        let wish = Wish {
            kind: Kind::Relock,
            name: "left".to_owned(),
            from: Some("1.0.0".to_owned()),
            to: Some("1.2.0".to_owned()),
            other: None,
            child: None,
            also: vec![("right".to_owned(), Some("2.0.0".to_owned()))],
            others: Vec::new(),
        };
        let lock = |all: &[&str]| {
            all.iter()
                .fold("packages:\n".to_owned(), |text, key| format!("{text}\n  {key}: {{}}\n"))
        };
        let own = BTreeSet::from(["left".to_owned()]);
        let was = lock(&["left@1.0.0", "left@0.9.0", "right@1.9.0"]);
        let now = lock(&["left@1.0.0", "left@0.9.0", "left@1.3.0", "right@1.9.0"]);
        let one = [("left@1.0.0".to_owned(), "1.2.0".to_owned())];
        assert_eq!(held(&wish, &own, &was, &now), one, "not what is a major step away");
        assert!(held(&wish, &BTreeSet::new(), &was, &now).is_empty(), "others pnpm moves itself");
        let gone = lock(&["left@1.3.0", "left@0.9.0"]);
        assert!(held(&wish, &own, &was, &gone).is_empty());
    }

    #[test]
    fn a_copy_that_was_not_to_go_is_known() {
        let lock = |all: &[&str]| {
            all.iter()
                .fold("packages:\n".to_owned(), |text, key| format!("{text}\n  {key}: {{}}\n"))
        };
        let held = [("left@1.0.0".to_owned(), "1.2.0".to_owned())];
        let was = lock(&["left@1.0.0", "left@1.3.0", "right@2.0.0"]);
        assert!(!lost(&held, &was, &lock(&["left@1.2.0", "left@1.3.0", "right@2.0.1"])));
        assert!(lost(&held, &was, &lock(&["left@1.2.0", "right@2.0.0"])), "1.3.0 went down");
    }

    #[test]
    fn more_is_forced_as_settings_are_written() {
        let held = [("left@1.0.0".to_owned(), "1.2.0".to_owned())];
        for (text, forced) in [
            ("overrides:\n  a: '1'\n", "overrides:\n  'left@1.0.0': '1.2.0'\n  a: '1'\n"),
            (
                "a: b\noverrides: # ours\n    a: 1\n    left@1.0.0: 1.1.0\nb: c\n",
                "a: b\noverrides: # ours\n    'left@1.0.0': '1.2.0'\n    a: 1\nb: c\n",
            ),
        ] {
            assert_eq!(forced_in(text, &held).as_deref(), Some(forced), "{text}");
        }
        assert_eq!(forced_in("overrides: { a: 1 }\n", &held), None);
    }

    #[test]
    fn what_a_workspace_excepts_from_its_rule_of_age_stays_excepted() {
        let text = "packages:\n  - 'a/*'\nminimumReleaseAge: 1440\nminimumReleaseAgeExclude:\n  # ours\n  - '@ours/*'\n\n  - left@1.0.0\noverrides:\n  a: 1\n";
        assert_eq!(excepted(text), ["@ours/*", "left@1.0.0"]);
        assert!(excepted("packages:\n  - a\n").is_empty());
    }

    #[test]
    fn the_versions_that_are_locked_of_a_package_are_told_by_its_name() {
        let text = "lockfileVersion: '9.0'\n\noverrides:\n  left@9.0.0: 1.0.0\n\npackages:\n\n  left@1.0.0:\n    engines: {node: '>=4'}\n\n  \
                    '@s/left@2.0.0(b@2.0.0)':\n    resolution: {}\n\n  left-b@3.0.0: {}\n\n  left@4.0.0: {}\n\nsnapshots:\n\n  left@1.0.0: {}\n";
        let versions = |name: &str| locked(text, name).into_iter().collect::<Vec<_>>();
        assert_eq!(versions("left"), ["1.0.0", "4.0.0"]);
        assert_eq!(versions("@s/left"), ["2.0.0"]);
        let fifth = "lockfileVersion: 5.4\n\npackages:\n\n  /left/1.0.0:\n    dev: true\n\n  /@s/left/2.0.0_b@2.0.0:\n    dev: true\n";
        assert!(locked(fifth, "left").iter().eq(["1.0.0"]));
        assert!(locked(fifth, "@s/left").iter().eq(["2.0.0"]));
        let all: Vec<(&str, &str)> = packages(fifth).collect();
        assert_eq!(all, [("left", "1.0.0"), ("@s/left", "2.0.0")]);
        let set = |all: &[&str]| Some(all.iter().map(|v| (*v).to_owned()).collect());
        assert!(!stays(set(&["1.0.0"]), set(&["4.0.0"])), "it went with what brought it");
        assert!(stays(set(&["1.0.0", "4.0.0"]), set(&["4.0.0", "5.0.0"])), "a copy stands");
        assert!(stays(set(&["1.0.0"]), None), "it is not told");
        assert!(stays(set(&[]), set(&["4.0.0"])), "it was not found");
    }
}
