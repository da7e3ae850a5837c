//! Projects as npm 6 left them: a package asks its users for another version of something than the project has. npm of today
//! refuses each change of such a one. With that npm, and a registry of ours on this machine.

use serde_json::{Value, json};
use trimtab_report::plan::json::Document;

use crate::offering::{Project, Version, plain};
use crate::planned::askers::{manifest, universe};
use crate::planned::choice::{lockfile, reached, record};
use crate::planning::sums;

/// What each package of the project asks its users for.
const PEERS: [(&str, &str, &str); 2] = [("task", "core", "~1.0.0"), ("plug", "lib", "^1.0.0")];
const LOCKED: [(&str, &str); 5] =
    [("core", "1.2.0"), ("ini", "1.0.0"), ("lib", "1.0.0"), ("plug", "1.0.0"), ("task", "1.0.0")];

/// The plan of a project with a lockfile of this version. `None`: npm is not there.
fn planned(locked_as: u8) -> Option<Document> {
    let asking = |who: &str| {
        let of = PEERS.iter().filter(|(own, ..)| *own == who);
        let peers = of.map(|(_, needs, range)| ((*needs).to_owned(), (*range).to_owned()));
        vec![("1.0.0".to_owned(), Version { peers: peers.collect(), ..Version::default() })]
    };
    let universe = universe(&[
        ("core", ["1.0.0", "1.2.0", "1.3.0"].map(plain).into()),
        ("ini", ["1.0.0", "1.0.1"].map(plain).into()),
        ("lib", ["1.0.0", "2.0.0"].map(plain).into()),
        ("plug", asking("plug")),
        ("task", asking("task")),
    ]);
    let manifest = manifest(&json!({
        "core": "^1.2.0", "ini": "^1.0.0", "lib": "^1.0.0", "plug": "^1.0.0", "task": "^1.0.0",
    }));
    let records = [record("OSV-TEST-0", "ini", "1.0.1"), record("OSV-TEST-1", "lib", "2.0.0")];
    let locked = match locked_as {
        1 => first(),
        _ => newest(&manifest),
    };
    let project = Project::new(&manifest, Some(&locked), &records, universe)?;
    project.npm(&["--version"])?;
    let plan = project.plan();
    sums(&plan);
    Some(plan)
}

fn newest(manifest: &Value) -> Value {
    let mut locked = lockfile(manifest, &LOCKED.map(|(name, version)| (name, version, json!({}))));
    for (who, needs, range) in PEERS {
        locked["packages"][format!("node_modules/{who}")]["peerDependencies"] =
            json!({ needs: range });
    }
    locked
}

/// As npm 6 wrote it, which knows nothing of peers.
fn first() -> Value {
    let entry = |(name, version): (&str, &str)| (name.to_owned(), json!({ "version": version }));
    let all: serde_json::Map<String, Value> = LOCKED.map(entry).into_iter().collect();
    json!({
        "name": "app", "version": "1.0.0", "lockfileVersion": 1, "requires": true, "dependencies": all,
    })
}

fn held(locked_as: u8) {
    let Some(plan) = planned(locked_as) else { return };
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert!(action.confirmed, "{action:#?}");
    assert_eq!(action.removes, ["OSV-TEST-0 in ini 1.0.0"]);
    assert_eq!(reached(action, "pkg:npm/ini"), Some("1.0.1"));
    assert_eq!(action.moves.len(), 1, "what is not met stays as it is: {action:#?}");
    let told = action.commands.iter().any(|line| line.contains("--legacy-peer-deps"));
    assert!(told, "{:#?}", action.commands);
    // What was met is not given up for it.
    let [left] = &plan.left[..] else { panic!("{:#?}", plan.left) };
    assert_eq!(left.finding, "OSV-TEST-1 in lib 1.0.0");
    assert!(left.why.contains("`plug@1.0.0` requires `lib ^1.0.0`"), "{left:#?}");
    assert!(!left.why.contains("task"), "what is no obstacle is told as one: {left:#?}");
}

#[test]
fn what_was_not_met_before_is_no_obstacle() {
    held(3);
}

#[test]
fn nor_is_it_in_a_lockfile_of_the_first_version() {
    held(1);
}
