//! A smaller step beside a major one, or in its place. With npm, and a registry of ours on this machine.

use serde_json::json;

use crate::offering::plain;
use crate::planned::askers::{asking, manifest, planned, universe};
use crate::planned::choice::{reached, record};

/// `left` is pinned; one finding goes within its line, another by a major step only.
#[test]
fn what_a_smaller_step_mends_need_not_wait_for_the_major_one() {
    let universe = universe(&[("left", ["1.0.0", "1.0.1", "1.1.0", "2.0.0"].map(plain).into())]);
    let records = [record("OSV-TEST-0", "left", "1.0.1"), record("OSV-TEST-1", "left", "2.0.0")];
    let Some(plan) = planned(&manifest(&json!({ "left": "1.0.0" })), &[], &records, universe)
    else {
        return;
    };
    let mut steps: Vec<_> = plan
        .actions
        .iter()
        .map(|action| (reached(action, "pkg:npm/left"), action.removes.len()))
        .collect();
    steps.sort_unstable();
    assert_eq!(steps, [(Some("1.0.1"), 1), (Some("2.0.0"), 2)], "{:#?}", plan.actions);
    let removed: usize = plan.batches.iter().map(|batch| batch.removes.len()).sum();
    assert_eq!(removed, 2, "none is counted twice: {:#?}", plan.batches);
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}

/// The only version that mends all brings something worse in: the smaller step is taken, and the rest is told.
#[test]
fn where_the_major_step_cannot_be_done_the_smaller_one_is() {
    let universe = universe(&[
        ("left", vec![plain("1.0.0"), plain("1.0.1"), asking("2.0.0", &[("right", "1.0.0")])]),
        ("right", vec![plain("1.0.0")]),
    ]);
    let records = [
        record("OSV-TEST-0", "left", "1.0.1"),
        record("OSV-TEST-1", "left", "2.0.0"),
        record("OSV-TEST-2", "right", "2.0.0"),
    ];
    let Some(plan) = planned(&manifest(&json!({ "left": "1.0.0" })), &[], &records, universe)
    else {
        return;
    };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!(reached(action, "pkg:npm/left"), Some("1.0.1"), "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in left 1.0.0"]);
    let [left] = &plan.left[..] else { panic!("{:#?}", plan.left) };
    assert!(left.finding.contains("OSV-TEST-1"), "{left:#?}");
}

/// `mid` has two findings, of which one has a fix. What brings it does without it in a later version: with that both are gone.
#[test]
fn what_a_fix_leaves_goes_with_a_later_version_of_what_brings_it() {
    let universe = universe(&[
        ("top", vec![asking("1.0.0", &[("mid", "^1.0.0")]), plain("1.1.0")]),
        ("mid", vec![plain("1.0.0"), plain("1.1.0")]),
    ]);
    let locked = [("top", "1.0.0", json!({ "mid": "^1.0.0" })), ("mid", "1.0.0", json!({}))];
    let unfixed = json!({
        "id": "OSV-TEST-1",
        "affected": [{
            "package": { "ecosystem": "npm", "name": "mid" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }],
        }],
    });
    let records = [record("OSV-TEST-0", "mid", "1.1.0"), unfixed];
    let Some(plan) = planned(&manifest(&json!({ "top": "^1.0.0" })), &locked, &records, universe)
    else {
        return;
    };
    let both = plan.actions.iter().find(|action| action.removes.len() == 2);
    let both = both.unwrap_or_else(|| panic!("{:#?} {:#?}", plan.actions, plan.left));
    assert_eq!(reached(both, "pkg:npm/top"), Some("1.1.0"), "{both:#?}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}
