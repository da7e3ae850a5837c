//! What an action of a batch does, another may do otherwise: with npm, and a registry of ours on this machine.

use std::fs;

use serde_json::{Value, json};

use crate::offering::{Project, Universe, Version, plain};
use crate::planning::git;

/// A version that asks for these.
fn asking(version: &str, dependencies: &[(&str, &str)]) -> (String, Version) {
    let owned = |(name, range): &(&str, &str)| ((*name).to_owned(), (*range).to_owned());
    let dependencies = dependencies.iter().map(owned).collect();
    (version.to_owned(), Version { dependencies, ..Version::default() })
}

fn record(name: &str, fixed: &str) -> Value {
    json!({
        "id": format!("OSV-TEST-{name}"),
        "affected": [{
            "package": { "ecosystem": "npm", "name": name },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
        }],
    })
}

/// `outer` wants an older `shared` than a relock chooses, and moves `stuck` to a version that mends nothing.
fn project() -> Option<Project> {
    let universe = Universe::from([
        ("keeper".to_owned(), vec![asking("1.0.0", &[("shared", "^1.0.0")])]),
        (
            "outer".to_owned(),
            vec![
                asking("1.0.0", &[("shared", "^1.0.0"), ("stuck", "^1.0.0")]),
                asking("1.1.0", &[("shared", "1.0.1"), ("stuck", "1.0.1")]),
            ],
        ),
        ("shared".to_owned(), ["1.0.0", "1.0.1", "1.0.2"].map(plain).into()),
        ("stuck".to_owned(), ["1.0.0", "1.0.1"].map(plain).into()),
        ("apart".to_owned(), ["1.0.0", "1.0.1"].map(plain).into()),
    ]);
    let manifest = json!({
        "name": "app", "version": "1.0.0",
        "dependencies": { "keeper": "^1.0.0", "outer": "1.0.0", "apart": "1.0.0" },
    });
    let locked = [
        ("apart", json!({})),
        ("keeper", json!({ "shared": "^1.0.0" })),
        ("outer", json!({ "shared": "^1.0.0", "stuck": "^1.0.0" })),
        ("shared", json!({})),
        ("stuck", json!({})),
    ];
    let mut packages = serde_json::Map::from_iter([(String::new(), manifest.clone())]);
    for (name, asks) in locked {
        let entry = json!({ "version": "1.0.0", "license": "MIT", "dependencies": asks });
        packages.insert(format!("node_modules/{name}"), entry);
    }
    let lockfile = json!({
        "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages,
    });
    let records = [
        record("shared", "1.0.1"),
        record("outer", "1.1.0"),
        record("stuck", "2.0.0"),
        record("apart", "1.0.1"),
    ];
    let project = Project::new(&manifest, Some(&lockfile), &records, universe)?;
    project.npm(&["--version"])?;
    let folder = project.at("project");
    git(&folder, &["init", "-q"]);
    git(&folder, &["config", "user.name", "Ann"]);
    git(&folder, &["config", "user.email", "ann@example.org"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "First"]);
    Some(project)
}

/// Way, package, version, and what it removes by the plan.
type Act<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

/// Applies a batch of these actions.
fn applied(project: &Project, plan: &Value, name: &str, acts: &[Act<'_>]) -> Value {
    let mut plan = plan.clone();
    let (mut actions, mut names) = (Vec::new(), Vec::new());
    for (way, package, to, removes) in acts {
        let mut action = plan["actions"][0].clone();
        let removes = removes.iter().map(|of| format!("OSV-TEST-{of} in {of} 1.0.0"));
        action["removes"] = removes.collect::<Vec<_>>().into();
        action["name"] = format!("{way} {package}").into();
        action["way"] = json!(way);
        let package = format!("pkg:npm/{package}@1.0.0");
        action["proposal"] = json!({ "way": way, "package": package, "to": to, "other": null });
        names.push(action["name"].clone());
        actions.push(action);
    }
    plan["actions"] = actions.into();
    let batch = &mut plan["batches"][0];
    batch["name"] = name.into();
    batch["actions"] = names.into();
    fs::write(project.at("plan.json"), plan.to_string()).unwrap();
    let args = ["apply", name, "--plan", "plan.json", "--path", "project", "--db", "index"];
    let more = ["--test", "none", "--format", "json", "--now", "2026-02-02T09:00:00Z"];
    serde_json::from_str(&project.trimtab(&[&args[..], &more].concat())).unwrap()
}

fn outcomes(told: &Value) -> Vec<&str> {
    let actions = told["actions"].as_array().unwrap().iter();
    actions.map(|action| action["outcome"].as_str().unwrap()).collect()
}

#[test]
fn actions_of_a_batch_are_held_to_what_the_project_was() {
    let Some(project) = project() else { return };
    let args = ["plan", "project", "--db", "index", "--format", "json", "--capacity", "100"];
    let now = ["--cadence", "week", "--now", "2026-02-02T09:00:00Z"];
    let plan: Value = serde_json::from_str(&project.trimtab(&[&args[..], &now].concat())).unwrap();
    // `shared` below `outer` goes down from what the relock chose, and not below what the project had.
    let told = applied(
        &project,
        &plan,
        "down",
        &[("relock", "shared", "1.0.2", &["shared"]), ("raise", "outer", "1.1.0", &["outer"])],
    );
    assert_eq!(outcomes(&told), ["done", "done"], "{told:#}");
    // It is enough that something goes of what an action is to remove, as when batches are planned.
    let told =
        applied(&project, &plan, "enough", &[("raise", "apart", "1.0.1", &["apart", "stuck"])]);
    assert_eq!(outcomes(&told), ["done"], "{told:#}");
    // What an earlier action moved without mending it is still there.
    let told = applied(
        &project,
        &plan,
        "moved",
        &[("raise", "outer", "1.1.0", &["outer"]), ("raise", "apart", "1.0.1", &["stuck"])],
    );
    assert_eq!(outcomes(&told), ["done", "refused"], "{told:#}");
    let why = told["actions"][1]["why"].as_str().unwrap();
    assert!(why.contains("does not remove OSV-TEST-stuck"), "{why}");
}
