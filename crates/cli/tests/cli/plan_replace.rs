//! What its publisher gave up is replaced by what they advise: with npm, and a registry of ours on this machine.
use std::fs;

use crate::offering::{Project, Universe, Version, plain};
use serde_json::json;

#[test]
fn what_was_given_up_is_replaced_by_what_is_advised() {
    let given_up = Version {
        deprecated: Some("No longer maintained. Use right-new instead.".to_owned()),
        ..Version::default()
    };
    let unsure = Version {
        deprecated: Some("Given up. Use \"right-new\" or\nright-other.".to_owned()),
        ..Version::default()
    };
    let universe = Universe::from([
        ("both-old".to_owned(), vec![("1.0.0".to_owned(), unsure)]),
        ("left-old".to_owned(), vec![("1.0.0".to_owned(), given_up)]),
        ("right-new".to_owned(), ["1.0.0", "1.1.0", "2.0.0-beta.1"].map(plain).into()),
    ]);
    let manifest = json!({
        "name": "app", "version": "1.0.0",
        "dependencies": { "left-old": "1.0.0", "both-old": "1.0.0" },
    });
    let record = |id: &str, name: &str| {
        json!({
            "id": id,
            "affected": [{
                "package": { "ecosystem": "npm", "name": name },
                "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }],
            }],
        })
    };
    let records = [record("OSV-TEST-0", "left-old"), record("OSV-TEST-1", "both-old")];
    let Some(project) = Project::new(&manifest, None, &records, universe) else { return };
    let source = "require('left-old');\nrequire('both-old');\n";
    fs::write(project.at("project/index.js"), source).unwrap();
    let plan = project.plan();
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!((&*action.way, action.confirmed), ("replace", true), "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in left-old 1.0.0"]);
    assert_eq!(action.name, "replace left-old by right-new 1.1.0");
    let diff: String = action.changes.iter().map(|change| &*change.diff).collect();
    assert!(
        diff.contains("-    \"left-old\": \"1.0.0\"")
            && diff.contains("+    \"left-old\": \"npm:right-new@^1.1.0\""),
        "what requires it goes on: {diff}"
    );
    let confidence = &action.confidence;
    let says = |what: &str| confidence.reasons.iter().any(|reason| reason.contains(what));
    assert!(confidence.value < 0.5 && says("its publisher advises"), "{confidence:?}");
    // What comes in is judged as new.
    assert!(action.checks.iter().any(|check| check.package == "pkg:npm/right-new@1.1.0"));
    // What names no one package for sure is for people to read.
    let [left] = &plan.left[..] else { panic!("{:#?}", plan.left) };
    let said =
        "its publisher says: \"Given up. Use 'right-new' or right-other.\"; else replace or remove";
    assert!(left.next.as_deref().unwrap().starts_with(said), "{:?}", left.next);
}
