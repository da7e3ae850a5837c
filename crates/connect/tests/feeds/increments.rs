//! Asking only for what changed.

use std::fs;
use std::path::Path;

use trimtab_connect::feeds::Wanted;
use trimtab_model::Family;

use crate::common::{archive_ids, list, only_osv, record, records, serve, update, zip};
use crate::server::{Fault, Server};

fn server(count: usize) -> Server {
    let server = Server::start();
    server.put("/osv/ecosystems.txt", "npm\n");
    serve(&server, "/osv", "npm", &records(count));
    server
}

fn paths(server: &Server) -> Vec<String> {
    let mut paths: Vec<String> =
        server.requests().into_iter().map(|r| format!("{} {}", r.status, r.path)).collect();
    paths.sort();
    paths
}

fn loose(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("osv/npm")).unwrap().flatten();
    let names = entries.map(|e| e.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
    names.sort();
    names
}

#[test]
fn nothing_new_is_two_small_questions() {
    let server = server(100);
    let folder = tempfile::tempdir().unwrap();
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.whole, mirrored.records, mirrored.unchanged), (1, 0, 0));
    server.requests();
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.whole, mirrored.records, mirrored.unchanged), (0, 0, 1));
    assert!(mirrored.is_unchanged() && mirrored.bytes == 0);
    assert_eq!(paths(&server), ["304 /osv/ecosystems.txt", "304 /osv/npm/modified_id.csv"]);
}

#[test]
fn few_changes_come_as_records_beside_the_archive() {
    let server = server(400);
    let folder = tempfile::tempdir().unwrap();
    update(&only_osv(&server), folder.path());
    let mut now = records(400);
    now[5].1 = "2026-02-01T00:00:00Z".to_owned();
    now.push(("ALSA-2026:1".to_owned(), "2026-02-02T00:00:00Z".to_owned()));
    server.put("/osv/npm/modified_id.csv", list(&now));
    server.put("/osv/npm/X-5.json", record("X-5", "2026-02-01T00:00:00.25Z"));
    server.put("/osv/npm/ALSA-2026:1.json", record("ALSA-2026:1", "2026-02-02T00:00:00Z"));
    server.requests();
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!(mirrored.diagnostics, []);
    assert_eq!((mirrored.whole, mirrored.records), (0, 2));
    assert_eq!(loose(folder.path()), ["ALSA-2026%3A1.json", "X-5.json"]);
    assert!(!paths(&server).iter().any(|path| path.ends_with("all.zip")));
    // And only once.
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert!(mirrored.is_unchanged());
}

#[test]
fn many_changes_come_as_the_archive_and_clear_the_records() {
    let server = server(400);
    let folder = tempfile::tempdir().unwrap();
    update(&only_osv(&server), folder.path());
    let mut now = records(400);
    now[5].1 = "2026-02-01T00:00:00Z".to_owned();
    server.put("/osv/npm/modified_id.csv", list(&now));
    server.put("/osv/npm/X-5.json", record("X-5", "2026-02-01T00:00:00Z"));
    update(&only_osv(&server), folder.path());
    assert_eq!(loose(folder.path()), ["X-5.json"]);
    // Eight of four hundred are two in a hundred: not few any more.
    for one in &mut now[..8] {
        one.1 = "2026-03-01T00:00:00Z".to_owned();
    }
    serve(&server, "/osv", "npm", &now);
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.whole, mirrored.records), (1, 0));
    assert!(loose(folder.path()).is_empty());
}

#[test]
fn a_removed_record_means_the_archive() {
    let server = server(400);
    let folder = tempfile::tempdir().unwrap();
    update(&only_osv(&server), folder.path());
    serve(&server, "/osv", "npm", &records(399));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!(mirrored.whole, 1);
    assert_eq!(archive_ids(&folder.path().join("osv/npm/all.zip")), 399);
}

#[test]
fn a_mirror_without_records_gives_the_archive() {
    let server = server(400);
    let folder = tempfile::tempdir().unwrap();
    update(&only_osv(&server), folder.path());
    let mut now = records(400);
    now[0].1 = "2026-02-01T00:00:00Z".to_owned();
    serve(&server, "/osv", "npm", &now);
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.diagnostics.len(), mirrored.whole), (0, 1));
    assert!(loose(folder.path()).is_empty());
}

#[test]
fn an_archive_behind_its_list_is_completed_by_records() {
    let server = server(400);
    let mut now = records(400);
    now[7].1 = "2026-02-01T00:00:00Z".to_owned();
    server.put("/osv/npm/modified_id.csv", list(&now));
    let folder = tempfile::tempdir().unwrap();
    // There is no such record yet: the archive alone, and the record is still wanted.
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.diagnostics.len(), mirrored.whole, mirrored.records), (0, 1, 0));
    server.put("/osv/npm/X-7.json", record("X-7", "2026-02-01T00:00:00Z"));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.whole, mirrored.records), (0, 1));
    assert_eq!(loose(folder.path()), ["X-7.json"]);
}

#[test]
fn a_record_older_than_the_list_says_is_not_taken() {
    let server = server(400);
    let folder = tempfile::tempdir().unwrap();
    update(&only_osv(&server), folder.path());
    let mut now = records(400);
    now[7].1 = "2026-02-01T00:00:00Z".to_owned();
    server.put("/osv/npm/modified_id.csv", list(&now));
    server.put("/osv/npm/X-7.json", record("X-7", "2026-01-15T00:00:00Z"));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.whole, mirrored.records, mirrored.unchanged), (0, 0, 1));
    assert!(loose(folder.path()).is_empty());
    // When it has caught up, it comes.
    server.put("/osv/npm/X-7.json", record("X-7", "2026-02-01T00:00:00Z"));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!(mirrored.records, 1);
}

#[test]
fn one_ecosystem_that_fails_leaves_the_others_and_its_own_copy() {
    let server = Server::start();
    // A part of Debian, an unknown name and a repeat are no ecosystems of their own.
    server.put("/osv/ecosystems.txt", "npm\nPyPI\nDebian:12\nNeverHeardOf\nGitHub Actions\nnpm\n");
    for name in ["npm", "PyPI", "GitHub%20Actions"] {
        serve(&server, "/osv", name, &records(10));
    }
    let folder = tempfile::tempdir().unwrap();
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.diagnostics.len(), mirrored.whole), (0, 3));
    for name in ["npm", "PyPI"] {
        serve(&server, "/osv", name, &records(20));
    }
    server.change("/osv/npm/modified_id.csv", |s| s.always = Some(Fault::Status(500, "")));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.diagnostics.len(), mirrored.whole, mirrored.osv.len()), (1, 1, 3));
    assert!(mirrored.diagnostics[0].message.starts_with("OSV for npm could not be fetched"));
    assert_eq!(archive_ids(&folder.path().join("osv/npm/all.zip")), 10);
    assert_eq!(archive_ids(&folder.path().join("osv/PyPI/all.zip")), 20);
    // With the whole server gone, the copies are still named.
    server.change("/osv/ecosystems.txt", |s| s.always = Some(Fault::Status(500, "")));
    let (mirrored, _) = update(&only_osv(&server), folder.path());
    assert_eq!((mirrored.diagnostics.len(), mirrored.osv.len()), (1, 3));
}

#[test]
fn chosen_ecosystems_are_all_that_is_asked_for() {
    let server = Server::start();
    server.put("/osv/ecosystems.txt", "npm\nPyPI\n");
    serve(&server, "/osv", "npm", &records(3));
    serve(&server, "/osv", "PyPI", &records(3));
    let wanted = Wanted { ecosystems: vec![Family::PyPI], ..only_osv(&server) };
    let folder = tempfile::tempdir().unwrap();
    let (mirrored, _) = update(&wanted, folder.path());
    assert_eq!(mirrored.osv, [folder.path().join("osv/PyPI")]);
    assert!(!paths(&server).iter().any(|path| path.contains("npm")));
}

#[test]
fn another_server_is_not_asked_whether_this_ones_file_changed() {
    let (one, two) = (server(10), server(10));
    two.put("/osv/npm/all.zip", zip(&records(11)));
    two.put("/osv/npm/modified_id.csv", list(&records(11)));
    let folder = tempfile::tempdir().unwrap();
    update(&only_osv(&one), folder.path());
    let (mirrored, _) = update(&only_osv(&two), folder.path());
    assert_eq!(mirrored.whole, 1);
    assert!(two.requests().iter().all(|r| !r.headers.contains_key("if-none-match")));
    assert_eq!(archive_ids(&folder.path().join("osv/npm/all.zip")), 11);
}
