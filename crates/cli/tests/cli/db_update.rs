//! `trimtab db update` against a server on this machine: whole, again, without it, and killed.
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::server::{Fault, Server};

const ECOSYSTEMS: [&str; 3] = ["npm", "PyPI", "Go"];

/// An archive and its list: `count` records with ids of the ecosystem.
fn serve(server: &Server, ecosystem: &str, count: usize, day: &str) {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut list = String::new();
    for i in 0..count {
        let id = format!("X-{}-{i}", ecosystem.to_ascii_uppercase());
        let record = format!(
            r#"{{"id":"{id}","modified":"{day}T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"p{i}"}},"versions":["1.0.0"]}}]}}"#
        );
        zip.start_file(format!("{id}.json"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(record.as_bytes()).unwrap();
        list.push_str(&format!("{day}T00:00:00Z,{id}\n"));
    }
    server.put(&format!("/osv/{ecosystem}/all.zip"), zip.finish().unwrap().into_inner());
    server.put(&format!("/osv/{ecosystem}/modified_id.csv"), list);
}

fn mirror(count: usize, day: &str) -> Server {
    let server = Server::start();
    fill(&server, count, day);
    server
}

fn fill(server: &Server, count: usize, day: &str) {
    server.put("/osv/ecosystems.txt", ECOSYSTEMS.join("\n"));
    for ecosystem in ECOSYSTEMS {
        serve(server, ecosystem, count, day);
    }
}

fn trimtab(args: &[&str], db: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
    command.args(args).arg("--db").arg(db).env_remove("TRIMTAB_DB");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command
}

fn update(from: &str, db: &Path) -> Output {
    trimtab(&["db", "update", "--from", from], db).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// How many advisories a sound index has.
fn advisories(db: &Path) -> u64 {
    let verified = trimtab(&["db", "verify"], db).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    let status = trimtab(&["db", "status", "--json"], db).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    status["advisories"].as_u64().unwrap()
}

#[test]
fn a_mirror_is_fetched_once_and_then_asked_for_news() {
    let server = mirror(50, "2026-01-01");
    let from = format!("{}/osv", server.url());
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("a.index");
    let first = update(&from, &db);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(text(&first.stdout).starts_with("150 advisories, newest of 2026-01-01"));
    assert!(text(&first.stderr).contains("fetched 3 files and 0 records"));
    let again = update(&from, &db);
    assert!(text(&again.stderr).contains("nothing changed"), "{}", text(&again.stderr));
    assert_eq!(advisories(&db), 150);
    // The copy is a folder like any other: it can be carried to a machine without a network.
    let other = folder.path().join("b.index");
    let carried = update(folder.path().join("a.index.feeds").to_str().unwrap(), &other);
    assert_eq!(carried.status.code(), Some(0), "{}", text(&carried.stderr));
    assert_eq!(advisories(&other), 150);
    // One ecosystem of it.
    let copy = folder.path().join("a.index.feeds");
    let copy = copy.to_str().unwrap();
    let chosen = ["db", "update", "--ecosystems", "pypi", "--from", copy];
    assert_eq!(trimtab(&chosen, &other).output().unwrap().status.code(), Some(0));
    assert_eq!(advisories(&other), 50);
}

#[test]
fn a_failed_part_leaves_the_rest_and_ends_with_three() {
    let server = mirror(10, "2026-01-01");
    let from = format!("{}/osv", server.url());
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("a.index");
    server.change("/osv/npm/all.zip", |s| s.always = Some(Fault::Status(403, "")));
    let partly = update(&from, &db);
    assert_eq!(partly.status.code(), Some(3));
    let told = text(&partly.stderr);
    assert!(told.contains("error[feed-unavailable]: OSV for npm could not be fetched"), "{told}");
    assert_eq!(advisories(&db), 20);
    // An ecosystem that the index has and that has no copy: the old index stays.
    server.change("/osv/npm/all.zip", |s| s.always = None);
    assert_eq!(update(&from, &db).status.code(), Some(0));
    std::fs::remove_dir_all(folder.path().join("a.index.feeds")).unwrap();
    server.change("/osv/npm/all.zip", |s| s.always = Some(Fault::Status(403, "")));
    let refused = update(&from, &db);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("a new index would lack npm"));
    assert_eq!(advisories(&db), 30);
}

#[test]
fn without_a_network_one_line_says_what_to_do() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("a.index");
    let failed = update(&format!("http://u:secret@127.0.0.1:{port}/osv"), &db);
    assert_eq!(failed.status.code(), Some(3));
    let told = text(&failed.stderr);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("there is no index yet") && told.contains("--from"), "{told}");
    assert!(!told.contains("secret"));
    assert!(!db.exists());
}

/// Killed at any moment, an update leaves the old index as it was, and the next one completes.
#[test]
fn a_killed_update_harms_nothing() {
    let server = mirror(40, "2026-01-01");
    let from = format!("{}/osv", server.url());
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("a.index");
    assert!(update(&from, &db).status.success());
    // The new archives come slowly, so that most kills are in the middle of them.
    fill(&server, 400, "2026-02-01");
    for ecosystem in ECOSYSTEMS {
        server.change(&format!("/osv/{ecosystem}/all.zip"), |served| {
            served.always = Some(Fault::Slow(2000, Duration::from_millis(4)));
        });
    }
    // Spread by chance, in milliseconds; the seed is told so that a failure can be repeated.
    let mut state = u64::from(std::process::id());
    println!("seed {state}");
    let mut new = false;
    for _ in 0..12 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = trimtab(&["db", "update", "--from", &from], &db)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis((state >> 33) % 400));
        child.kill().unwrap();
        child.wait().unwrap();
        let count = advisories(&db);
        assert!(if new { count == 1200 } else { matches!(count, 120 | 1200) }, "{count}");
        new |= count == 1200;
    }
    server.requests();
    let last = update(&from, &db);
    assert_eq!(last.status.code(), Some(0), "{}", text(&last.stderr));
    assert_eq!(advisories(&db), 1200);
}
