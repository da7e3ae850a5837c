//! Several ways for one finding: an older version where the newest is too young, and one parent or several relocks. With
//! npm, and a registry of ours on this machine.

use serde_json::{Value, json};
use trimtab_report::plan::json::Action;

use crate::offering::{Project, Universe, Version, plain};
use crate::planning::{git, sums};

pub(crate) fn record(id: &str, name: &str, fixed: &str) -> Value {
    json!({
        "id": id,
        "affected": [{
            "package": { "ecosystem": "npm", "name": name },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
        }],
    })
}

/// A lockfile: what the project asks for, and what is locked, with what that asks for.
pub(crate) fn lockfile(manifest: &Value, locked: &[(&str, &str, Value)]) -> Value {
    let mut packages = serde_json::Map::from_iter([(String::new(), manifest.clone())]);
    for (name, version, dependencies) in locked {
        let entry = json!({ "version": version, "license": "MIT", "dependencies": dependencies });
        packages.insert(format!("node_modules/{name}"), entry);
    }
    json!({ "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages })
}

pub(crate) fn reached<'a>(action: &'a Action, package: &str) -> Option<&'a str> {
    let moved = action.moves.iter().find(|moved| moved.package == package)?;
    moved.to.last().map(String::as_str)
}

/// The newest version is a day old. It waits; the one before it is clean, and is planned and applied at once.
#[test]
fn where_the_newest_is_too_young_an_older_one_is_taken() {
    let young = Version { published: "2026-02-01T09:00:00.000Z".to_owned(), ..Version::default() };
    let versions = vec![plain("1.0.0"), plain("1.0.1"), ("1.0.2".to_owned(), young)];
    let universe = Universe::from([("left".to_owned(), versions)]);
    let manifest =
        json!({ "name": "app", "version": "1.0.0", "dependencies": { "left": "^1.0.0" } });
    let locked = lockfile(&manifest, &[("left", "1.0.0", json!({}))]);
    let records = [record("OSV-TEST-0", "left", "1.0.1")];
    let Some(project) = Project::new(&manifest, Some(&locked), &records, universe) else { return };
    if project.npm(&["--version"]).is_none() {
        return;
    }
    let folder = project.at("project");
    git(&folder, &["init", "-q"]);
    git(&folder, &["config", "user.name", "Ann"]);
    git(&folder, &["config", "user.email", "ann@example.org"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "First"]);
    let plan = project.plan();
    sums(&plan);
    let reaches: Vec<_> = plan
        .actions
        .iter()
        .map(|action| (reached(action, "pkg:npm/left").unwrap(), action.quarantine.is_some()))
        .collect();
    assert!(reaches.contains(&("1.0.2", true)), "{reaches:?}");
    assert!(reaches.contains(&("1.0.1", false)), "{reaches:?}");
    let [batch] = &plan.batches[..] else { panic!("{:#?}", plan.batches) };
    assert_eq!(batch.removes, ["OSV-TEST-0 in left 1.0.0"]);
    assert_eq!((&*batch.moves[0].to[0], &*batch.confirmed), ("1.0.1", "together"), "{batch:#?}");
    let args =
        ["apply", "--path", "project", "--db", "index", "--test", "none", "--format", "json"];
    let told = project.trimtab(&[&args[..], &["--now", "2026-02-02T09:00:00Z"]].concat());
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["moves"][0]["to"], json!(["1.0.1"]), "{told:#}");
}

/// Three packages of one parent can be relocked each, or go with the parent: both are candidates, and none counts twice.
#[test]
fn several_relocks_or_one_parent_is_for_the_planner_to_choose() {
    let parent = |range: &str| Version {
        dependencies: ["a", "b", "c"].map(|name| (name.to_owned(), range.to_owned())).into(),
        ..Version::default()
    };
    let mut universe = Universe::from([(
        "parent".to_owned(),
        vec![("1.0.0".to_owned(), parent("^1.0.0")), ("1.1.0".to_owned(), parent("^1.0.1"))],
    )]);
    for name in ["a", "b", "c"] {
        universe.insert(name.to_owned(), vec![plain("1.0.0"), plain("1.0.1")]);
    }
    let manifest =
        json!({ "name": "app", "version": "1.0.0", "dependencies": { "parent": "^1.0.0" } });
    let asks = json!({ "a": "^1.0.0", "b": "^1.0.0", "c": "^1.0.0" });
    let none = json!({});
    let locked = lockfile(
        &manifest,
        &[
            ("a", "1.0.0", none.clone()),
            ("b", "1.0.0", none.clone()),
            ("c", "1.0.0", none),
            ("parent", "1.0.0", asks),
        ],
    );
    let records = ["a", "b", "c"].map(|name| record(&format!("OSV-TEST-{name}"), name, "1.0.1"));
    let Some(project) = Project::new(&manifest, Some(&locked), &records, universe) else { return };
    if project.npm(&["--version"]).is_none() {
        return;
    }
    let plan = project.plan();
    sums(&plan);
    let count = |way: &str| plan.actions.iter().filter(|action| action.way == way).count();
    assert_eq!((count("relock"), count("raise-parent")), (3, 1), "{:#?}", plan.actions);
    let raised = plan.actions.iter().find(|action| action.way == "raise-parent").unwrap();
    assert_eq!(raised.removes.len(), 3, "{raised:#?}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
    let [batch] = &plan.batches[..] else { panic!("{:#?}", plan.batches) };
    let ways: Vec<bool> = batch
        .actions
        .iter()
        .map(|name| plan.actions.iter().any(|a| a.name == *name && a.way == "raise-parent"))
        .collect();
    assert!(ways == [true] || ways == [false; 3], "one or the other: {batch:#?}");
}

/// Of `left` 1.0.1 and 1.0.2 bring something else in, and the charter refuses 1.0.3. The first two were refused already: they
/// are not tried again in its place, and 1.0.4 is found.
#[test]
fn what_was_refused_is_not_tried_again_in_the_place_of_what_the_charter_refuses() {
    let brings = Version {
        dependencies: vec![("right".to_owned(), "^1.0.0".to_owned())],
        ..Version::default()
    };
    let bringing = |version: &str| (version.to_owned(), brings.clone());
    let left =
        vec![plain("1.0.0"), bringing("1.0.1"), bringing("1.0.2"), plain("1.0.3"), plain("1.0.4")];
    let universe =
        Universe::from([("left".to_owned(), left), ("right".to_owned(), vec![plain("1.0.0")])]);
    let manifest =
        json!({ "name": "app", "version": "1.0.0", "dependencies": { "left": "1.0.0" } });
    let locked = lockfile(&manifest, &[("left", "1.0.0", json!({}))]);
    let records = [record("OSV-TEST-0", "left", "1.0.1"), record("OSV-TEST-1", "right", "2.0.0")];
    let Some(project) = Project::new(&manifest, Some(&locked), &records, universe) else { return };
    if project.npm(&["--version"]).is_none() {
        return;
    }
    let charter = "format = 1\npreset = \"framework\"\n\n[selection]\n\
                   denied = [{ package = \"pkg:npm/left@1.0.3\", reason = \"it was taken over\" }]\n";
    std::fs::write(project.at("project/charter.toml"), charter).unwrap();
    let plan = project.plan();
    sums(&plan);
    let reaches: Vec<_> =
        plan.actions.iter().map(|action| reached(action, "pkg:npm/left").unwrap()).collect();
    assert_eq!(reaches, ["1.0.4"], "{:#?}", plan.left);
    // A relock, which the manifest does not allow; 1.0.1, 1.0.2; the newest and the one before it; and the newest again in the
    // place of that.
    assert_eq!(plan.search.tries, 6);
}
