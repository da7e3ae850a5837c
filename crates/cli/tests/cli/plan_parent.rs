//! Raises of what brings a package: beside what is cheaper, and for what has no fix. With npm, and a registry of ours on this
//! machine.
use serde_json::{Value, json};

use crate::offering::{Project, Universe, Version, plain};

fn asks(version: &str, dependencies: &[(&str, &str)]) -> (String, Version) {
    let dependencies =
        dependencies.iter().map(|(name, range)| ((*name).to_owned(), (*range).to_owned()));
    (version.to_owned(), Version { dependencies: dependencies.collect(), ..Version::default() })
}

fn record(id: &str, name: &str, fixed: Option<&str>) -> Value {
    let mut events = vec![json!({ "introduced": "0" })];
    events.extend(fixed.map(|fixed| json!({ "fixed": fixed })));
    json!({
        "id": id,
        "affected": [{
            "package": { "ecosystem": "npm", "name": name },
            "ranges": [{ "type": "SEMVER", "events": events }],
        }],
    })
}

/// What the large step of a test runner would move along can be had for less by itself.
#[test]
fn what_a_large_step_moves_along_stays_an_action_of_its_own() {
    let universe = Universe::from([
        ("packed".to_owned(), ["1.0.0", "1.0.1"].map(plain).into()),
        ("globbed".to_owned(), ["1.0.0", "1.0.1"].map(plain).into()),
        ("compared".to_owned(), ["1.0.0", "2.0.0"].map(plain).into()),
        (
            "runner".to_owned(),
            vec![
                asks("1.0.0", &[("compared", "^1.0.0")]),
                asks(
                    "2.0.0",
                    &[("compared", "^2.0.0"), ("packed", "^1.0.1"), ("globbed", "^1.0.1")],
                ),
            ],
        ),
    ]);
    let of = |dependencies: Value, dev: Value| json!({ "name": "app", "version": "1.0.0", "dependencies": dependencies, "devDependencies": dev });
    let manifest =
        of(json!({ "packed": "^1.0.0", "globbed": "^1.0.0" }), json!({ "runner": "^1.0.0" }));
    let lockfile = json!({
        "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": manifest,
            "node_modules/packed": { "version": "1.0.0" },
            "node_modules/globbed": { "version": "1.0.0" },
            "node_modules/compared": { "version": "1.0.0", "dev": true },
            "node_modules/runner": {
                "version": "1.0.0", "dev": true, "dependencies": { "compared": "^1.0.0" },
            },
        },
    });
    let records = [
        record("OSV-TEST-0", "packed", Some("1.0.1")),
        record("OSV-TEST-1", "globbed", Some("1.0.1")),
        record("OSV-TEST-2", "compared", Some("2.0.0")),
    ];
    let Some(project) = Project::new(&manifest, Some(&lockfile), &records, universe) else {
        return;
    };
    let plan = project.plan();
    let all = serde_json::to_string_pretty(&plan).unwrap();
    for own in ["relock packed at 1.0.1", "relock globbed at 1.0.1", "raise runner to 2.0.0"] {
        assert!(all.contains(own), "{own}: {all}");
    }
}

/// A later version of what brings it does without it.
#[test]
fn what_has_no_fix_goes_with_a_later_version_of_what_brings_it() {
    let universe = Universe::from([
        ("given-up".to_owned(), vec![plain("1.0.0")]),
        ("stays".to_owned(), vec![plain("1.0.0")]),
        ("top".to_owned(), vec![asks("1.0.0", &[("given-up", "^1.0.0")]), plain("2.0.0")]),
        (
            "held".to_owned(),
            vec![asks("1.0.0", &[("stays", "^1.0.0")]), asks("2.0.0", &[("stays", "^1.0.0")])],
        ),
    ]);
    let manifest = json!({
        "name": "app", "version": "1.0.0", "dependencies": { "top": "^1.0.0", "held": "^1.0.0" },
    });
    let records = [record("OSV-TEST-0", "given-up", None), record("OSV-TEST-1", "stays", None)];
    let Some(project) = Project::new(&manifest, None, &records, universe) else { return };
    let plan = project.plan();
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!((&*action.way, action.confirmed), ("raise-parent", true), "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in given-up 1.0.0"]);
    assert!(
        action.moves.iter().any(|moved| moved.package == "pkg:npm/given-up" && moved.to.is_empty())
    );
    let [left] = &plan.left[..] else { panic!("{:#?}", plan.left) };
    let next = left.next.as_deref().unwrap();
    assert!(
        next.starts_with("replace or remove held") && next.contains("no later version"),
        "{next}"
    );
}
