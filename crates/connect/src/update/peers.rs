//! What packages ask their users to bring, in a lockfile of npm. Where a project tells npm not to look at that
//! (`legacy-peer-deps`), it writes whatever is asked for: what is not met after a change and was before stands in its way.
//! The same holds where npm refuses each change because of what was not met before: npm 6 did not look at all.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::confirm::allows;
use super::refusal::{Blocker, Reason};

/// Entries of a tree that are looked at.
const MOST: usize = 100_000;
/// How many of those that stand in the way are told.
const TOLD: usize = 8;
/// How many of those that npm refused are kept.
const KEPT: usize = 1_000;
/// What npm refused though no change had brought it in: each try would else meet it again.
static REFUSED: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());

/// Whether a configuration tells npm to write what does not go together.
pub(crate) fn are_ignored(npmrc: &str) -> bool {
    let is_on = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or((line, "true"));
        matches!(name.trim(), "legacy-peer-deps" | "force") && value.trim() == "true"
    };
    npmrc.lines().any(is_on)
}

/// That what a package asks its users for was met, or was not asked for, and is not now.
///
/// # Errors
/// Who asks for it.
pub(crate) fn kept(was: &Value, now: &Value) -> Result<(), Reason> {
    let pair = |blocker: &Blocker| {
        let who = blocker.who.rsplit_once('@').map_or(&*blocker.who, |(name, _)| name);
        (who.to_owned(), blocker.needs.clone())
    };
    let known: BTreeSet<(String, String)> = unmet(was).iter().map(pair).collect();
    let mut blockers: Vec<Blocker> =
        unmet(now).into_iter().filter(|blocker| !known.contains(&pair(blocker))).collect();
    blockers.truncate(TOLD);
    match blockers.is_empty() {
        true => Ok(()),
        false => Err(Reason::Conflict { blockers, said: String::new() }),
    }
}

/// Keeps in mind what npm refused, of that what was not met in a lockfile before anything changed; whether there is any.
pub(crate) fn learn(was: &Value, refused: &[Blocker]) -> bool {
    if refused.is_empty() {
        return false;
    }
    let unmet: BTreeSet<(String, String)> = unmet(was).into_iter().map(asked).collect();
    let own = refused.iter().cloned().map(asked).filter(|pair| unmet.contains(pair));
    let own: Vec<(String, String)> = own.collect();
    let is_own = !own.is_empty();
    let mut known = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let free = KEPT.saturating_sub(known.len());
    known.extend(own.into_iter().take(free));
    is_own
}

/// Whether a lockfile has something that npm refused.
pub(crate) fn are_refused(lockfile: &Value) -> bool {
    let known = REFUSED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    !known.is_empty() && unmet(lockfile).into_iter().any(|blocker| known.contains(&asked(blocker)))
}

/// Who asks, with its version, and for what.
fn asked(blocker: Blocker) -> (String, String) {
    (blocker.who, blocker.needs)
}

/// What packages of a lockfile ask their users for and do not get. One of version 1 does not tell.
fn unmet(lockfile: &Value) -> Vec<Blocker> {
    let Some(packages) = lockfile["packages"].as_object() else { return Vec::new() };
    let mut found = BTreeSet::new();
    for (path, entry) in packages.iter().take(MOST) {
        let Some((above, name)) = path.rsplit_once("node_modules/") else { continue };
        for (needs, range) in entry["peerDependencies"].as_object().into_iter().flatten() {
            let is_optional = entry["peerDependenciesMeta"][needs]["optional"] == true;
            let Some(range) = range.as_str().filter(|_| !is_optional) else { continue };
            let is_met = match version(packages, above, needs) {
                Some(version) => allows("npm", range, version) != Some(false),
                None => false,
            };
            if !is_met {
                let own = entry["name"].as_str().unwrap_or(name);
                let who = match entry["version"].as_str() {
                    Some(version) => format!("{own}@{version}"),
                    None => own.to_owned(),
                };
                found.insert(Blocker { who, needs: needs.clone(), range: range.to_owned() });
            }
        }
    }
    found.into_iter().collect()
}

/// The version of a package that is found from a folder with packages on upwards; an empty one, where it is a folder of the
/// project.
fn version<'p>(
    packages: &'p serde_json::Map<String, Value>,
    mut above: &str,
    name: &str,
) -> Option<&'p str> {
    loop {
        if let Some(entry) = packages.get(&format!("{above}node_modules/{name}")) {
            return Some(entry["version"].as_str().unwrap_or_default());
        }
        // `a/node_modules/b/`, `a/`, and the top.
        above = match above.rsplit_once("node_modules/") {
            Some((above, _)) => above,
            None if above.is_empty() => return None,
            None => "",
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_met_no_longer_stands_in_the_way() {
        let lockfile = |markdown: &str, core: &str, range: &str| {
            json!({ "packages": {
                "": { "peerDependencies": { "none": "1" } },
                "node_modules/core": { "version": core },
                "node_modules/markdown": { "version": markdown, "peerDependencies": { "core": range } },
                "node_modules/old": { "version": "1.0.0", "peerDependencies": { "gone": "1" } },
                "node_modules/a/node_modules/b": { "version": "1.0.0",
                    "peerDependencies": { "core": "*", "maybe": "1" },
                    "peerDependenciesMeta": { "maybe": { "optional": true } } },
            } })
        };
        let was = lockfile("9.0.0", "11.0.0", "^11.0.0");
        let told = |now: &Value| match kept(&was, now) {
            Ok(()) => Vec::new(),
            Err(why) => why.blockers().iter().map(ToString::to_string).collect::<Vec<_>>(),
        };
        // What was not met before is nobody's fault.
        assert!(told(&was).is_empty());
        assert!(told(&lockfile("10.0.0", "11.0.0", ">=10")).is_empty());
        let up = lockfile("17.0.0", "11.0.0", "^17.0.0");
        assert_eq!(told(&up), ["`markdown@17.0.0` requires `core ^17.0.0`"]);
        // The other way round: what is asked for went too far.
        let down = lockfile("9.0.0", "12.0.0", "^11.0.0");
        assert_eq!(told(&down), ["`markdown@9.0.0` requires `core ^11.0.0`"]);
        let mut missing = lockfile("9.0.0", "11.0.0", "^11.0.0");
        missing["packages"]["node_modules/markdown"]["peerDependencies"]["marked"] = json!("^4");
        assert_eq!(told(&missing), ["`markdown@9.0.0` requires `marked ^4`"]);
    }

    #[test]
    fn only_what_was_not_met_before_is_kept_in_mind() {
        let lockfile = |core: &str| {
            json!({ "packages": {
                "node_modules/core": { "version": core },
                "node_modules/task": { "version": "7.7.7", "peerDependencies": { "core": "~1.0" } },
            } })
        };
        let refused = |who: &str| {
            let needs = "core".to_owned();
            vec![Blocker { who: who.to_owned(), needs, range: "~1.0".to_owned() }]
        };
        let was = lockfile("1.2.0");
        assert!(!are_refused(&was));
        assert!(!learn(&was, &[]));
        assert!(!learn(&was, &refused("other@7.7.7")), "a change brought it in");
        assert!(!learn(&lockfile("1.0.1"), &refused("task@7.7.7")), "it was met");
        assert!(!are_refused(&was));
        assert!(learn(&was, &refused("task@7.7.7")));
        assert!(learn(&was, &refused("task@7.7.7")), "another try met it at the same time");
        assert!(are_refused(&was) && !are_refused(&lockfile("1.0.1")));
    }

    #[test]
    fn a_project_tells_npm_not_to_look() {
        assert!(are_ignored("save-exact=true\nlegacy-peer-deps = true\n"));
        assert!(are_ignored("force"));
        assert!(!are_ignored("legacy-peer-deps=false\n# force=true\nstrict-peer-deps=true\n"));
    }
}
