//! What a run told already is not asked again. With npm, and a registry of ours on this machine.

use serde_json::json;

use crate::offering::plain;
use crate::planned::askers::{asking, manifest, planned, universe};
use crate::planned::choice::record;

/// One run relocks all three and moves none: none is relocked by itself, and who asks for each is told all the same. No
/// registry has what mends them.
#[test]
fn what_does_not_move_with_others_is_not_asked_for_alone() {
    let names = ["a", "b", "c"];
    let asks = names.map(|name| (name, "^1.0.0"));
    let mut all = vec![("top", vec![asking("1.0.0", &asks)])];
    all.extend(names.map(|name| (name, vec![plain("1.0.0")])));
    let mut locked = vec![("top", "1.0.0", json!({ "a": "^1.0.0", "b": "^1.0.0", "c": "^1.0.0" }))];
    locked.extend(names.map(|name| (name, "1.0.0", json!({}))));
    let records = names.map(|name| record(&format!("OSV-TEST-{name}"), name, "2.0.0"));
    let manifest = manifest(&json!({ "top": "^1.0.0" }));
    let Some(plan) = planned(&manifest, &locked, &records, universe(&all)) else { return };
    // One relock and one override of all, and each of these alone.
    assert_eq!(plan.search.tries, 1 + 1 + 3, "{:#?}", plan.left);
    assert!(plan.actions.is_empty(), "{:#?}", plan.actions);
    let told: Vec<&str> = plan.left.iter().map(|left| &*left.why).collect();
    for name in names {
        let why = format!("`top@1.0.0` requires `{name} ^1.0.0`");
        assert!(told.iter().any(|told| told.contains(&why)), "{why}: {told:#?}");
    }
}

/// Each is held by one that may go to a later version, which holds it as well: one run with all that hold something tells so.
#[test]
fn what_is_not_helped_by_moving_all_that_holds_is_not_tried_with_its_own() {
    let chains = [("top1", "mid1", "deep1"), ("top2", "mid2", "deep2"), ("top3", "mid3", "deep3")];
    let mut all = Vec::new();
    let mut locked = Vec::new();
    for (top, mid, deep) in chains {
        let held = |version: &str| asking(version, &[(deep, "^1.0.0")]);
        all.push((top, vec![asking("1.0.0", &[(mid, "^1.0.0")])]));
        all.push((mid, vec![held("1.0.0"), held("1.1.0")]));
        all.push((deep, vec![plain("1.0.0"), plain("2.0.0")]));
        locked.push((top, "1.0.0", json!({ mid: "^1.0.0" })));
        locked.push((mid, "1.0.0", json!({ deep: "^1.0.0" })));
        locked.push((deep, "1.0.0", json!({})));
    }
    let records = chains.map(|(_, _, deep)| record(&format!("OSV-TEST-{deep}"), deep, "2.0.0"));
    let manifest = manifest(&json!({ "top1": "^1.0.0", "top2": "^1.0.0", "top3": "^1.0.0" }));
    let Some(plan) = planned(&manifest, &locked, &records, universe(&all)) else { return };
    let ways: Vec<&str> = plan.actions.iter().map(|action| &*action.way).collect();
    assert_eq!(ways, ["override"; 3], "{:#?}", plan.actions);
    // All relocked, all that hold them too, all forced, each forced, and those as one batch.
    assert_eq!(plan.search.tries, 1 + 1 + 1 + 3 + 1);
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}
