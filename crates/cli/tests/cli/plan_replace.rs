//! What its publisher gave up is replaced by what they advise: with npm, and a registry of ours on this machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use crate::offering::{Project, Universe, Version, plain};
use serde_json::json;

#[test]
fn what_was_given_up_is_replaced_by_what_is_advised() {
    let given_up = Version {
        deprecated: Some("No longer maintained. Use right-new instead.".to_owned()),
        ..Version::default()
    };
    let universe = Universe::from([
        ("left-old".to_owned(), vec![("1.0.0".to_owned(), given_up)]),
        ("right-new".to_owned(), ["1.0.0", "1.1.0", "2.0.0-beta.1"].map(plain).into()),
    ]);
    let manifest =
        json!({ "name": "app", "version": "1.0.0", "dependencies": { "left-old": "1.0.0" } });
    let record = json!({
        "id": "OSV-TEST-0",
        "affected": [{
            "package": { "ecosystem": "npm", "name": "left-old" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }],
        }],
    });
    let Some(project) = Project::new(&manifest, None, &[record], universe) else { return };
    fs::write(project.at("project/index.js"), "require('left-old');\n").unwrap();
    let plan = project.plan();
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!((&*action.way, action.confirmed), ("replace", true), "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in left-old 1.0.0"]);
    assert_eq!(action.name, "replace left-old by right-new 1.1.0");
    let diff: String = action.changes.iter().map(|change| &*change.diff).collect();
    assert!(
        diff.contains("-    \"left-old\": \"1.0.0\"") && diff.contains("+    \"right-new\""),
        "{diff}"
    );
    let confidence = &action.confidence;
    let says = |what: &str| confidence.reasons.iter().any(|reason| reason.contains(what));
    assert!(confidence.value < 0.5 && says("its publisher advises"), "{confidence:?}");
    // What comes in is judged as new.
    assert!(action.checks.iter().any(|check| check.package == "pkg:npm/right-new@1.1.0"));
}
