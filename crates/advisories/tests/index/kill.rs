//! A build that is killed or cannot write leaves the old index as it was.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::common::{corpus_records, index_of, zipped};
use serde_json::json;
use trimtab_advisories::{Index, Sources, build};

/// What the child does: not a test of its own.
#[test]
fn child_builds_over_and_over() {
    let Some(folder) = std::env::var_os("TRIMTAB_TEST_BUILD") else { return };
    let folder = Path::new(&folder);
    let sources = Sources { osv: vec![folder.join("big")], ..Sources::default() };
    loop {
        let result = build(&sources, &folder.join("index.db"), &mut ());
        if std::env::var_os("TRIMTAB_TEST_ONCE").is_some() {
            std::process::exit(if result.is_ok() { 0 } else { 9 });
        }
    }
}

fn child(folder: &Path, wrap: Option<&str>) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = match wrap {
        None => Command::new(&this),
        Some(before) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("{before}; exec \"$0\" \"$@\"")).arg(&this);
            shell
        }
    };
    command
        .args(["--exact", "kill::child_builds_over_and_over", "--nocapture"])
        .env("TRIMTAB_TEST_BUILD", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn setup(folder: &Path) -> Vec<u8> {
    let records: Vec<_> = (0..3000)
        .map(|i| {
            json!({"id": format!("GHSA-big-{i}"), "modified": "2026-01-01T00:00:00Z", "summary": "x".repeat(200),
                "affected": [{"package": {"ecosystem": "npm", "name": format!("p{i}")}, "versions": ["1.0.0"]}]})
        })
        .collect();
    zipped(&folder.join("big/npm/all.zip"), &records);
    let (_, _, target) = index_of(folder, &corpus_records());
    fs::read(target).unwrap()
}

#[test]
fn killed_at_any_moment_the_index_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let small = setup(folder.path());
    let target = folder.path().join("index.db");
    // What the child would write, once, and how long it takes.
    let start = Instant::now();
    assert!(child(folder.path(), None).env("TRIMTAB_TEST_ONCE", "1").status().unwrap().success());
    let once = start.elapsed();
    let big = fs::read(&target).unwrap();
    assert_ne!(small, big);
    let (mut old, mut new) = (0, 0);
    for round in 0..30 {
        fs::write(&target, &small).unwrap();
        let mut running = child(folder.path(), None).spawn().unwrap();
        // Spread over the time of two builds, the start of the process included.
        std::thread::sleep(once.mul_f64(round as f64 / 15.0));
        running.kill().unwrap();
        running.wait().unwrap();
        let found = fs::read(&target).unwrap();
        assert!(found == small || found == big, "round {round}: neither the old nor the new index");
        Index::open(&target).unwrap().verify().unwrap();
        if found == small { old += 1 } else { new += 1 }
    }
    eprintln!("killed {old} times before the rename, {new} times after");
    // Nothing that a killed build left behind is in the way.
    assert!(child(folder.path(), None).env("TRIMTAB_TEST_ONCE", "1").status().unwrap().success());
    assert!(!folder.path().join("index.db.new").exists());
}

#[test]
fn when_the_disk_is_full_the_old_index_stays() {
    let folder = tempfile::tempdir().unwrap();
    let small = setup(folder.path());
    // A limit on the size of files that it writes stands for a full disk.
    for blocks in [0, 1, 100, 700] {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}");
        let status =
            child(folder.path(), Some(&limit)).env("TRIMTAB_TEST_ONCE", "1").status().unwrap();
        assert_eq!(status.code(), Some(9), "{blocks}");
        assert!(fs::read(folder.path().join("index.db")).unwrap() == small);
        assert!(!folder.path().join("index.db.new").exists());
    }
}

#[test]
fn two_builds_at_once_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, target) = index_of(folder.path(), &corpus_records());
    let sources = Sources { osv: vec![folder.path().join("in")], ..Sources::default() };
    let results: Vec<bool> = std::thread::scope(|scope| {
        let work =
            || (0..10).map(|_| build(&sources, &target, &mut ()).is_ok()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    assert!(results.contains(&true));
    Index::open(&target).unwrap().verify().unwrap();
}
