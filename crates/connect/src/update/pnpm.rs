//! pnpm: `pnpm install --lockfile-only`, with scripts and hooks off. Hooks (`.pnpmfile.cjs`) change
//! what is chosen and are code of the project: with them, it is run only where that is allowed.

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable, lines};
use super::javascript::{self, About, Forced};
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
};

/// Packages whose ranges are asked for.
const MOST_ASKED: usize = 8;
const LOCKFILE: &str = "pnpm-lock.yaml";
const WORKSPACE: &str = "pnpm-workspace.yaml";
const HOOKS: &[&str] = &[".pnpmfile.cjs", ".pnpmfile.mjs"];
/// No other version of itself, and no complaint that another package manager is meant.
const SET: &[(&str, &str)] = &[
    ("npm_config_manage_package_manager_versions", "false"),
    ("npm_config_package_manager_strict", "false"),
    ("npm_config_update_notifier", "false"),
];

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let edits = javascript::edit(manifests, wish, Forced::AtVersion(&["pnpm", "overrides"]));
    let Some(text) = manifests.text(WORKSPACE) else { return edits };
    let path = manifests.here(WORKSPACE);
    let is_overrides = |line: &str| line.trim_end() == "overrides:";
    if wish.kind == Kind::Override && edits.is_ok() && text.lines().any(is_overrides) {
        let name = match &wish.from {
            Some(from) => format!("{}@{from}", wish.name),
            None => wish.name.clone(),
        };
        let line = format!("  '{name}': '{}'", wish.to());
        let (text, held) = own_override(text, wish)?;
        let text = match held {
            true => text,
            false => lines::after(&text, is_overrides, &line).ok_or(Uneditable::NotNamed)?,
        };
        return Ok(Edits::one(path, text));
    }
    if matches!(wish.kind, Kind::Raise | Kind::RaiseParent) {
        // A catalog: `  left: ^1.0.0` somewhere below `catalog:` or `catalogs:`.
        let mut inside = false;
        let mut found = false;
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            if !line.starts_with([' ', '\t', '#', '\n', '\r']) {
                inside = line.starts_with("catalog:") || line.starts_with("catalogs:");
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
            edits.put(&path, out, wish, wish.to());
            return Ok(edits);
        }
    }
    edits
}

/// The settings with what they force of a package raised where it stands; and whether that covers all who ask for it.
fn own_override(text: &str, wish: &Wish) -> Result<(String, bool), Uneditable> {
    let (mut inside, mut found) = (false, false);
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if !line.starts_with([' ', '\t', '#', '\n', '\r']) {
            inside = line.starts_with("overrides:");
        }
        let key = line.split_once(": ").map_or("", |(key, _)| key.trim().trim_matches(['\'', '"']));
        let about = if inside { javascript::about(key, wish) } else { About::Other };
        let new = if about == About::Other { None } else { ranged_line(line, wish)? };
        found |= new.is_some() && about == About::All;
        out.push_str(new.as_deref().unwrap_or(line));
    }
    Ok((out, found))
}

/// A line of a catalog about the package, with its range raised.
fn catalog_line(line: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let key = line.split_once(": ").map_or("", |(key, _)| key.trim().trim_matches(['\'', '"']));
    if key == wish.name { ranged_line(line, wish) } else { Ok(None) }
}

/// A line `name: range` with its range raised.
fn ranged_line(line: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    let Some((key, value)) = line.split_once(": ") else { return Ok(None) };
    let bare = value.split(" #").next().unwrap_or(value).trim().trim_matches(['\'', '"']);
    let new = super::edit::raised(bare, wish, "^", Scheme::SemVer)?;
    Ok(new
        .filter(|_| !bare.is_empty())
        .map(|new| format!("{key}: {}", value.replacen(bare, &new, 1))))
}

fn lock(drive: &Drive<'_>, wish: &Wish, _: &Edits) -> Result<(), Reason> {
    let mut quiet = vec!["--lockfile-only", "--ignore-scripts"];
    // Hooks elsewhere, which a setting may name, are never run.
    if !HOOKS.iter().any(|hooks| drive.manifests.text(hooks).is_some()) {
        quiet.push("--ignore-pnpmfile");
    }
    let age = drive.age().map(|minutes| format!("--config.minimum-release-age={minutes}"));
    quiet.extend(age.as_deref());
    let pnpm = |arguments: &[&str]| {
        javascript::run(drive, wish, &[arguments, &quiet].concat(), SET, peers)
    };
    let update = |names: &[&str]| {
        let mut deep = [&["update"], names, &["--depth", "Infinity", "--no-save"]].concat();
        // Outside of a workspace, pnpm would find no project to update.
        if drive.text(WORKSPACE).is_some_and(|text| text.contains("packages:")) {
            deep.push("--recursive");
        }
        pnpm(&deep)
    };
    // Of a range that nothing locked satisfies, its lowest version: the one that is wanted.
    let lowest = "--config.resolution-mode=lowest-direct";
    match wish.kind {
        Kind::Raise => pnpm(&["install", "--no-frozen-lockfile", lowest]),
        Kind::RaiseParent => {
            pnpm(&["install", "--no-frozen-lockfile", lowest])?;
            update(&wish.children())
        }
        Kind::Relock => update(&wish.packages().map(|(name, _)| name).collect::<Vec<_>>()),
        Kind::Override | Kind::Remove | Kind::Replace => pnpm(&["install", "--no-frozen-lockfile"]),
    }
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
}
