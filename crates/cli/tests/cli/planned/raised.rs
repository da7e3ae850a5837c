//! What others bring is raised with those, and those to their own fix at least. With npm, and a registry of ours on this
//! machine.

use serde_json::json;

use crate::offering::{Version, plain};
use crate::planned::askers::{asking, manifest, named, planned, universe};
use crate::planned::choice::{reached, record};

/// The project names `fresh`, and `send` brings the same version of it: either alone leaves a copy.
#[test]
fn what_is_named_and_brought_too_is_raised_with_what_brings_it() {
    let universe = universe(&[
        ("fresh", ["0.5.0", "0.5.2", "0.6.0", "1.0.0"].map(plain).into()),
        (
            "send",
            vec![
                asking("0.15.0", &[("fresh", "0.5.0")]),
                asking("0.15.4", &[("fresh", "0.5.2")]),
                asking("0.16.0", &[("fresh", "0.6.0")]),
            ],
        ),
    ]);
    let records = [record("OSV-TEST-0", "fresh", "0.5.2")];
    let manifest = manifest(&json!({ "fresh": "0.5.0", "send": "0.15.0" }));
    let Some(plan) = planned(&manifest, &[], &records, universe) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!((&*action.way, action.confirmed), ("raise", true), "{action:#?}");
    assert_eq!(named(action), ["pkg:npm/fresh", "pkg:npm/send"], "{action:#?}");
    // The smallest that do.
    assert_eq!(reached(action, "pkg:npm/fresh"), Some("0.5.2"), "{action:#?}");
    assert_eq!(reached(action, "pkg:npm/send"), Some("0.15.4"), "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in fresh 0.5.0"]);
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}

/// The same, named in a range that allows later versions: what is told is what is locked.
#[test]
fn what_is_named_and_brought_too_is_raised_to_what_is_told() {
    let universe = universe(&[
        ("fresh", ["0.5.0", "0.5.2", "0.5.9", "1.0.0"].map(plain).into()),
        (
            "send",
            vec![asking("0.15.0", &[("fresh", "0.5.0")]), asking("0.15.4", &[("fresh", "^0.5.2")])],
        ),
    ]);
    let locked = [("fresh", "0.5.0", json!({})), ("send", "0.15.0", json!({ "fresh": "0.5.0" }))];
    let records = [record("OSV-TEST-0", "fresh", "0.5.2")];
    let manifest = manifest(&json!({ "fresh": "^0.5.0", "send": "0.15.0" }));
    let Some(plan) = planned(&manifest, &locked, &records, universe) else { return };
    let both = |action: &&trimtab_report::plan::json::Action| named(action).len() == 2;
    let action = plan.actions.iter().find(both);
    let action = action.unwrap_or_else(|| panic!("{:#?} {:#?}", plan.actions, plan.left));
    assert_eq!(named(action), ["pkg:npm/fresh", "pkg:npm/send"], "{action:#?}");
    assert_eq!(action.proposal.to.as_deref(), Some("0.5.2"), "{action:#?}");
    assert_eq!(reached(action, "pkg:npm/fresh"), Some("0.5.2"), "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in fresh 0.5.0"]);
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}

/// Many versions mend it, and the last of the line that is there does already: the step is as small as it can be.
#[test]
fn the_step_of_several_parents_is_the_smallest() {
    let versions = || -> Vec<(String, Version)> {
        let of = |line: &str, last: u32, from: u32| -> Vec<(String, Version)> {
            let asks = |patch| if patch < from { "0.5.0" } else { "0.5.2" };
            (0..=last)
                .map(|patch| asking(&format!("{line}.{patch}"), &[("fresh", asks(patch))]))
                .collect()
        };
        [of("1.0", 9, 8), of("1.1", 20, 0), of("2.0", 30, 0), of("3.0", 30, 0)].concat()
    };
    let universe = universe(&[
        ("fresh", ["0.5.0", "0.5.2"].map(plain).into()),
        ("send", versions()),
        ("serve", versions()),
    ]);
    let records = [record("OSV-TEST-0", "fresh", "0.5.2")];
    let manifest = manifest(&json!({ "send": "1.0.0", "serve": "1.0.0" }));
    let Some(plan) = planned(&manifest, &[], &records, universe) else { return };
    let both = plan.actions.iter().find(|action| action.way == "raise-parent");
    let both = both.unwrap_or_else(|| panic!("{:#?}", plan.actions));
    for name in ["pkg:npm/send", "pkg:npm/serve"] {
        let to = reached(both, name);
        assert!(to.is_some_and(|to| ["1.0.8", "1.0.9"].contains(&to)), "{name}: {to:?}");
    }
}

/// No version of `send` lets go of the old `fresh`, of which there is a later one too: the project's own is raised, and the
/// copy is forced.
#[test]
fn a_copy_of_what_is_named_is_forced_with_the_raise() {
    let universe = universe(&[
        ("fresh", ["0.5.0", "0.5.1", "0.5.2"].map(plain).into()),
        ("send", ["1.0.0", "1.1.0"].map(|v| asking(v, &[("fresh", "0.5.0 - 0.5.1")])).into()),
    ]);
    let records = [record("OSV-TEST-0", "fresh", "0.5.2")];
    let manifest = manifest(&json!({ "fresh": "0.5.0", "send": "1.0.0" }));
    let Some(plan) = planned(&manifest, &[], &records, universe) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!(named(action), ["pkg:npm/fresh", "pkg:npm/fresh"], "{action:#?}");
    assert_eq!(action.proposal.with[0].way, "override", "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in fresh 0.5.0"]);
    let diff: String = action.changes.iter().map(|change| change.diff.as_str()).collect();
    assert!(diff.contains("+    \"fresh@0.5.0\": \"0.5.2\""), "{diff}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}

/// The project names 2.0.0, and `send` brings another copy, 1.0.0: what is forced does not concern the project's own.
#[test]
fn another_copy_of_what_is_named_is_forced() {
    let universe = universe(&[
        ("fresh", ["1.0.0", "1.0.1", "2.0.0"].map(plain).into()),
        ("send", vec![asking("1.0.0", &[("fresh", "1.0.0")])]),
    ]);
    let records = [record("OSV-TEST-0", "fresh", "1.0.1")];
    let manifest = manifest(&json!({ "fresh": "^2.0.0", "send": "1.0.0" }));
    let Some(plan) = planned(&manifest, &[], &records, universe) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!((&*action.way, action.confirmed), ("override", true), "{action:#?}");
    assert!(action.moves[0].to.contains(&"1.0.1".to_owned()), "{action:#?}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}

/// The same, where `static` brings that `send` as well: a copy stays with each of the three.
#[test]
fn what_brings_a_parent_is_raised_with_it() {
    let universe = universe(&[
        ("fresh", ["0.5.0", "0.5.2"].map(plain).into()),
        (
            "send",
            vec![asking("0.15.0", &[("fresh", "0.5.0")]), asking("0.15.4", &[("fresh", "0.5.2")])],
        ),
        (
            "static",
            vec![asking("1.0.0", &[("send", "0.15.0")]), asking("1.1.0", &[("send", "0.15.4")])],
        ),
    ]);
    let records = [record("OSV-TEST-0", "fresh", "0.5.2")];
    let manifest = manifest(&json!({ "fresh": "0.5.0", "send": "0.15.0", "static": "1.0.0" }));
    let Some(plan) = planned(&manifest, &[], &records, universe) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!(named(action), ["pkg:npm/fresh", "pkg:npm/send", "pkg:npm/static"], "{action:#?}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}

/// `regex` 1.1.0 brings a `local` that is mended, as `ignore` 1.1.0 does, and is mended itself in 1.2.0 only: raised to 1.1.0
/// it would go down from what the action for itself raises it to.
#[test]
fn a_parent_is_raised_to_its_own_fix_at_least() {
    let versions = || {
        vec![
            asking("1.0.0", &[("local", "^1.0.0")]),
            asking("1.1.0", &[("local", "^2.0.0")]),
            asking("1.2.0", &[("local", "^2.0.0")]),
            asking("1.3.0", &[("local", "^2.0.0")]),
        ]
    };
    let universe = universe(&[
        ("ignore", versions()),
        ("regex", versions()),
        ("local", vec![plain("1.0.0"), plain("2.0.0")]),
    ]);
    let asks = json!({ "local": "^1.0.0" });
    let locked = [
        ("ignore", "1.0.0", asks.clone()),
        ("regex", "1.0.0", asks),
        ("local", "1.0.0", json!({})),
    ];
    let records = [record("OSV-TEST-0", "local", "2.0.0"), record("OSV-TEST-1", "regex", "1.2.0")];
    let manifest = manifest(&json!({ "ignore": "1.0.0", "regex": "1.0.0" }));
    let Some(plan) = planned(&manifest, &locked, &records, universe) else { return };
    let both = plan.actions.iter().find(|action| action.way == "raise-parent");
    let both = both.unwrap_or_else(|| panic!("{:#?}", plan.actions));
    assert_eq!(reached(both, "pkg:npm/ignore"), Some("1.1.0"), "{both:#?}");
    assert_eq!(reached(both, "pkg:npm/regex"), Some("1.2.0"), "{both:#?}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
    assert!(
        plan.not_taken.iter().all(|not| !not.why.contains("does not work together with")),
        "{plan:#?}"
    );
}

/// Each version that mends `left` brings something else in. There is a version that mends it: to replace it is not advised.
#[test]
fn what_a_version_mends_is_not_advised_to_be_replaced() {
    let universe = universe(&[
        ("left", vec![plain("1.0.0"), asking("1.0.1", &[("right", "^1.0.0")])]),
        ("right", vec![plain("1.0.0")]),
    ]);
    let locked = [("left", "1.0.0", json!({}))];
    let records = [record("OSV-TEST-0", "left", "1.0.1"), record("OSV-TEST-1", "right", "2.0.0")];
    let manifest = manifest(&json!({ "left": "1.0.0" }));
    let Some(plan) = planned(&manifest, &locked, &records, universe) else { return };
    let [left] = &plan.left[..] else { panic!("{:#?}", plan.left) };
    let next = left.next.as_deref().unwrap();
    assert!(next.starts_with("raise left to 1.0.1 by hand"), "{next}");
    assert!(!next.contains("replace"), "{next}");
}

/// The manifest names `axe` since, and nobody locked it: whatever is changed brings it in, and it has a finding.
#[test]
fn what_the_lockfile_does_not_have_yet_is_raised_with_what_brings_it() {
    let universe = universe(&[
        ("axe", ["0.21.1", "0.21.2"].map(plain).into()),
        ("left", ["1.0.0", "1.0.1"].map(plain).into()),
    ]);
    let locked = [("left", "1.0.0", json!({}))];
    let records = [record("OSV-TEST-0", "left", "1.0.1"), record("OSV-TEST-1", "axe", "0.21.2")];
    let manifest = manifest(&json!({ "axe": "0.21.1", "left": "^1.0.0" }));
    let Some(plan) = planned(&manifest, &locked, &records, universe) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!(action.removes, ["OSV-TEST-0 in left 1.0.0"]);
    assert_eq!(reached(action, "pkg:npm/left"), Some("1.0.1"), "{action:#?}");
    let diff: String = action.changes.iter().map(|change| change.diff.as_str()).collect();
    assert!(diff.contains("+    \"axe\": \"0.21.2\""), "{diff}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}
