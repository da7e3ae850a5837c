//! What others bring and hold is relocked together with those. With npm, and a registry of ours on this machine.

use serde_json::{Value, json};
use trimtab_report::plan::json::{Action, Document};

use crate::offering::{Project, Universe, Version, plain};
use crate::planned::choice::{lockfile, reached, record};
use crate::planning::sums;

/// A version that asks for others.
pub(crate) fn asking(version: &str, dependencies: &[(&str, &str)]) -> (String, Version) {
    let all = dependencies.iter().map(|(name, range)| ((*name).to_owned(), (*range).to_owned()));
    (version.to_owned(), Version { dependencies: all.collect(), ..Version::default() })
}

pub(crate) fn universe(all: &[(&str, Vec<(String, Version)>)]) -> Universe {
    all.iter().map(|(name, versions)| ((*name).to_owned(), versions.clone())).collect()
}

pub(crate) fn manifest(dependencies: &Value) -> Value {
    json!({ "name": "app", "version": "1.0.0", "dependencies": dependencies })
}

/// The plan of a project with these locked, or, where none are told, as npm locks it. `None`: npm is not there.
pub(crate) fn planned(
    manifest: &Value,
    locked: &[(&str, &str, Value)],
    records: &[Value],
    universe: Universe,
) -> Option<Document> {
    let lockfile = (!locked.is_empty()).then(|| lockfile(manifest, locked));
    let project = Project::new(manifest, lockfile.as_ref(), records, universe)?;
    project.npm(&["--version"])?;
    let plan = project.plan();
    sums(&plan);
    Some(plan)
}

/// The packages that an action names.
pub(crate) fn named(action: &Action) -> Vec<&str> {
    let all = std::iter::once(&action.proposal).chain(&action.proposal.with);
    all.map(|asked| asked.package.split('@').next().unwrap()).collect()
}

/// `deep` is held by the `mid` that is locked; the range of `top` allows a later one, which wants the version that mends it.
#[test]
fn what_is_held_by_what_is_locked_is_relocked_with_that() {
    let universe = universe(&[
        ("top", vec![asking("1.0.0", &[("mid", "^1.0.0")])]),
        (
            "mid",
            vec![asking("1.0.0", &[("deep", "^1.0.0")]), asking("1.1.0", &[("deep", "^2.0.0")])],
        ),
        ("deep", vec![plain("1.0.0"), plain("2.0.0")]),
    ]);
    let locked = [
        ("top", "1.0.0", json!({ "mid": "^1.0.0" })),
        ("mid", "1.0.0", json!({ "deep": "^1.0.0" })),
        ("deep", "1.0.0", json!({})),
    ];
    let records = [record("OSV-TEST-0", "deep", "2.0.0")];
    let Some(plan) = planned(&manifest(&json!({ "top": "^1.0.0" })), &locked, &records, universe)
    else {
        return;
    };
    let [action] = &plan.actions[..] else { panic!("{:#?}", plan.actions) };
    assert_eq!((&*action.way, action.confirmed), ("relock", true), "{action:#?}");
    assert_eq!(named(action), ["pkg:npm/mid", "pkg:npm/deep"], "and not what the project names");
    assert_eq!(reached(action, "pkg:npm/mid"), Some("1.1.0"));
    assert_eq!(reached(action, "pkg:npm/deep"), Some("2.0.0"));
    assert_eq!(action.removes, ["OSV-TEST-0 in deep 1.0.0"]);
    let paths: Vec<&str> = action.changes.iter().map(|change| &*change.path).collect();
    assert_eq!(paths, ["package-lock.json"], "no constraint of the project changes");
    assert!(action.cost.reasons.iter().any(|r| r.what == "something else brings it in"));
    assert!(plan.left.is_empty() && plan.batches[0].confirmed == "together", "{plan:#?}");
}

/// `mid` in turn is held by the `top` that is locked, which the project names in a range that allows a later one.
#[test]
fn the_way_is_gone_up_as_far_as_it_takes() {
    let universe = universe(&[
        ("top", vec![asking("1.0.0", &[("mid", "~1.0.0")]), asking("1.1.0", &[("mid", "^1.1.0")])]),
        (
            "mid",
            vec![asking("1.0.0", &[("deep", "^1.0.0")]), asking("1.1.0", &[("deep", "^2.0.0")])],
        ),
        ("deep", vec![plain("1.0.0"), plain("2.0.0")]),
    ]);
    let locked = [
        ("top", "1.0.0", json!({ "mid": "~1.0.0" })),
        ("mid", "1.0.0", json!({ "deep": "^1.0.0" })),
        ("deep", "1.0.0", json!({})),
    ];
    let records = [record("OSV-TEST-0", "deep", "2.0.0")];
    let Some(plan) = planned(&manifest(&json!({ "top": "^1.0.0" })), &locked, &records, universe)
    else {
        return;
    };
    let [action] = &plan.actions[..] else { panic!("{:#?}", plan.actions) };
    assert_eq!(&*action.way, "relock", "{action:#?}");
    assert_eq!(named(action), ["pkg:npm/top", "pkg:npm/mid", "pkg:npm/deep"]);
    assert_eq!(action.removes, ["OSV-TEST-0 in deep 1.0.0"]);
    assert!(action.changes.iter().all(|change| change.path == "package-lock.json"));
}

/// The project names `deep` 2; the `deep` 1 that `top` brings is another copy, which the range of the project does not hold.
#[test]
fn what_the_project_names_holds_no_other_copy() {
    let universe = universe(&[
        ("top", vec![asking("1.0.0", &[("deep", "^1.0.0")])]),
        ("deep", ["1.0.0", "1.0.1", "2.0.0"].map(plain).into()),
    ]);
    let locked = [
        ("top", "1.0.0", json!({ "deep": "^1.0.0" })),
        ("top/node_modules/deep", "1.0.0", json!({})),
        ("deep", "2.0.0", json!({})),
    ];
    let records = [record("OSV-TEST-0", "deep", "1.0.1")];
    let manifest = manifest(&json!({ "deep": "^2.0.0", "top": "^1.0.0" }));
    let Some(plan) = planned(&manifest, &locked, &records, universe) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!((&*action.way, named(action)), ("relock", vec!["pkg:npm/deep"]), "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in deep 1.0.0"]);
}

/// The `mid` that wants the mended `deep` is too young: then what brings both is raised, which is no relock.
#[test]
fn where_who_asks_is_too_young_what_brings_it_is_raised() {
    let (_, young) = asking("1.1.0", &[("deep", "^2.0.0")]);
    let young = Version { published: "2026-02-01T09:00:00.000Z".to_owned(), ..young };
    let universe = universe(&[
        ("top", vec![asking("1.0.0", &[("mid", "^1.0.0")]), plain("2.0.0")]),
        ("mid", vec![asking("1.0.0", &[("deep", "^1.0.0")]), ("1.1.0".to_owned(), young)]),
        ("deep", vec![plain("1.0.0"), plain("2.0.0")]),
    ]);
    let locked = [
        ("top", "1.0.0", json!({ "mid": "^1.0.0" })),
        ("mid", "1.0.0", json!({ "deep": "^1.0.0" })),
        ("deep", "1.0.0", json!({})),
    ];
    let records = [record("OSV-TEST-0", "deep", "2.0.0")];
    let Some(plan) = planned(&manifest(&json!({ "top": "^1.0.0" })), &locked, &records, universe)
    else {
        return;
    };
    let relock = plan.actions.iter().find(|action| action.way == "relock").unwrap();
    assert!(relock.quarantine.is_some(), "{relock:#?}");
    let parent = plan.actions.iter().find(|action| action.way == "raise-parent");
    let parent = parent.unwrap_or_else(|| panic!("{:#?}", plan.actions));
    assert_eq!((reached(parent, "pkg:npm/top"), &parent.quarantine), (Some("2.0.0"), &None));
    assert_eq!(parent.removes, ["OSV-TEST-0 in deep 1.0.0"]);
}
