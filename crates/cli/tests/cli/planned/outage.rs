//! A registry that does not answer: what could be done is not known, and that is no plan. With npm, and a registry of ours on
//! this machine.

use std::fs;

use serde_json::json;

use crate::offering::{Project, Universe, plain, run};
use crate::planned::choice::{lockfile, record};

#[test]
fn a_registry_that_is_away_is_told_and_leaves_the_last_plan() {
    let universe = Universe::from([("left".to_owned(), ["1.0.0", "1.0.1"].map(plain).into())]);
    let manifest =
        json!({ "name": "app", "version": "1.0.0", "dependencies": { "left": "^1.0.0" } });
    let locked = lockfile(&manifest, &[("left", "1.0.0", json!({}))]);
    let records = [record("OSV-TEST-0", "left", "1.0.1")];
    let Some(project) = Project::new(&manifest, Some(&locked), &records, universe) else { return };
    if project.npm(&["--version"]).is_none() {
        return;
    }
    let planned = project.plan();
    assert_eq!(planned.actions.len(), 1, "{planned:#?}");
    let plans = project.at("home/data/trimtab/plans");
    let file = fs::read_dir(&plans).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read(&file).unwrap();
    // Nothing listens there, and nothing is left of what was fetched.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!("registry=http://127.0.0.1:{port}/\nfetch-retries=0\n");
    fs::write(project.at("home/.npmrc"), settings).unwrap();
    let _ = fs::remove_dir_all(project.at("home/.npm"));
    let program = env!("CARGO_BIN_EXE_trimtab");
    let args = ["plan", "project", "--db", "index", "--now", "2026-02-02T10:00:00Z"];
    let ran = run(program, &args, &project.at("."), &project.at("home")).unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(3), "{out}\n{err}");
    assert!(err.contains("registry-away"), "{err}");
    assert!(out.contains("plan again once the registry can be reached"), "{out}");
    assert!(!out.contains("by hand"), "{out}");
    assert!(fs::read(&file).unwrap() == kept, "the plan that was confirmed is kept");
    // To carry it out needs the registry too: that is told as what it is.
    let args = ["apply", "--path", "project", "--db", "index", "--test", "none"];
    let all = [&args[..], &["--now", "2026-02-02T10:00:00Z"]].concat();
    let ran = run(program, &all, &project.at("."), &project.at("home")).unwrap();
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(3), "{err}");
    assert!(err.contains("registry-away"), "{err}");
}
