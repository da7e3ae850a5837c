//! pnpm: `pnpm install --lockfile-only`, with scripts and hooks off. Hooks (`.pnpmfile.cjs`) change
//! what is chosen and are code of the project: with them, it is run only where that is allowed.

mod copies;
pub(super) mod lockfile;
mod said;
mod settings;

use serde_json::Value;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::{Edits, Manifests, Named, Uneditable, yaml};
use super::forced::{self, Forced};
use super::javascript::{self, stays};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;
use copies::copies;
use lockfile::{bringing, is_ignored, locked, packages};
use said::{blockers, peers};
pub(crate) use settings::forces;
use settings::{catalog_line, excepted, is_overrides, overridden};

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
/// A release that ignores whatever one ignores: only where that could be so it is asked which one it is.
const NEWEST: &str = "99";
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

/// A pnpm that ignores the lockfile would resolve all of it anew, and that would be told as the change.
fn is_read(drive: &Drive<'_>) -> Result<(), Reason> {
    let Some(lockfile) = drive.text(LOCKFILE).filter(|text| is_ignored(text, NEWEST)) else {
        return Ok(());
    };
    let told = drive.try_untold(&["--version"], SET)?;
    match is_ignored(&lockfile, &String::from_utf8_lossy(&told.stdout)) {
        true => Err(Reason::ToolMissing {
            program: "pnpm 7 or 8",
            install: "pnpm 7 or 8, for example with `corepack enable` (the `pnpm` that was found ignores this lockfile)",
        }),
        false => Ok(()),
    }
}

fn lock(drive: &Drive<'_>, wish: &Wish, edits: &Edits) -> Result<(), Reason> {
    is_read(drive)?;
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

/// All that is locked, and what the project itself excepts from its rule of age, as exceptions from such a rule: pnpm applies
/// it to what is locked too, and takes what is told here in the place of the project's own.
fn excluded(drive: &Drive<'_>) -> Vec<String> {
    let locked = drive.text(LOCKFILE).unwrap_or_default();
    let settings = drive.text(WORKSPACE).unwrap_or_default();
    let all = packages(&locked).map(|(name, version)| format!("{name}@{version}"));
    let all = all.chain(excepted(&settings)).take(MOST_EXCLUDED);
    all.map(|what| format!("--config.minimum-release-age-exclude={what}")).collect()
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
