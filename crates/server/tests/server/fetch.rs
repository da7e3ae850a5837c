//! Feeds that the server fetches by itself, from a server on this machine.

use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_server::Feeds;
use trimtab_store::JobState;

use crate::feed;
use crate::harness::{JSON, Server, bearer};

/// How often the servers of these tests fetch.
const EVERY: SignedDuration = SignedDuration::from_hours(6);

/// Serves npm's advisories, each about versions of a package below a fix.
fn publish(at: &feed::Server, records: &[(&str, &str, &str, &str)]) {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut list = String::new();
    for (day, id, package, fixed) in records {
        let record = json!({ "schema_version": "1.6.0", "id": id, "modified": format!("{day}T00:00:00Z"),
            "affected": [{ "package": { "ecosystem": "npm", "name": package }, "ranges": [{ "type": "SEMVER",
                "events": [{ "introduced": "0" }, { "fixed": fixed }] }] }] });
        zip.start_file(format!("{id}.json"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(record.to_string().as_bytes()).unwrap();
        list.push_str(&format!("{day}T00:00:00Z,{id}\n"));
    }
    at.put("/osv/ecosystems.txt", "npm");
    at.put("/osv/npm/all.zip", zip.finish().unwrap().into_inner());
    at.put("/osv/npm/modified_id.csv", list);
}

fn feeds(at: &feed::Server) -> Feeds {
    let from = format!("{}/osv", at.url()).replace("http://", "http://u:geheim@");
    let named = trimtab_feeds::Named { from: Some(from), ..trimtab_feeds::Named::default() };
    Feeds { every: EVERY, named }
}

/// A clock that the tests move on.
static LATER: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(LATER.load(Ordering::SeqCst))
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn store(folder: &Path) -> String {
    folder.join("store.sqlite").to_str().unwrap().to_owned()
}

fn tried(feed: &feed::Server) -> usize {
    feed.requests().iter().filter(|r| r.path == "/osv/ecosystems.txt").count()
}

#[test]
fn feeds_are_fetched_by_themselves_and_only_what_changed_is_matched() {
    let feed = feed::Server::start();
    const OLD: &str = "2026-01-01";
    let right = (OLD, "CVE-2026-2", "right", "2.0.0");
    publish(&feed, &[(OLD, "CVE-2026-1", "left", "2.0.0"), right]);
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("a.index");
    let server = Server::fetching(store(folder.path()), index.clone(), clock, feeds(&feed));
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "upload", "administer"]));
    let with = [("authorization", token.as_str()), JSON];
    let state = || server.ask("GET", "/api/v1/feeds", &with, b"").json();
    let app = server.app();
    // Two processes that see to it at once plan one fetch.
    let asked = server.ask("POST", "/api/v1/feeds/fetch", &with, b"");
    assert_eq!(asked.status, 202, "{asked:?}");
    until("the first index", || app.index().is_some() && state()["succeeded"].is_string());
    let is = state();
    assert_eq!(is["advisories"], 2, "{is}");
    assert_eq!(is["data_date"], "2026-01-01T00:00:00Z");
    assert_eq!((&is["every_hours"], &is["error"]), (&json!(6), &Value::Null));
    let push = |asset: &str, package: &str| {
        let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{ "type": "library", "name": package, "version": "1.0.0",
                "purl": format!("pkg:npm/{package}@1.0.0") }] });
        let path = format!("/api/v1/snapshots?asset={asset}&wait=30");
        let answer = server.ask("POST", &path, &with, text.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
    };
    push("one", "left");
    push("two", "right");
    let (org, page) =
        (server.org(), || server.ask("GET", "/feeds", &[("cookie", &cookie)], b"").text);
    assert!(page().contains("by the server, every 6 hours"), "{}", page());
    assert!(page().contains("Fetch them now"));

    // What is published is there after its time, and not before; one asset is touched.
    publish(&feed, &[("2026-02-01", "CVE-2026-1", "left", "0.5.0"), right]);
    server.settle(org);
    feed.requests();
    LATER.fetch_add(EVERY.as_secs() - 600, Ordering::SeqCst);
    app_looks(&server);
    assert_eq!(tried(&feed), 0, "it is not time yet: {}", state());
    LATER.fetch_add(700, Ordering::SeqCst);
    until("the second index", || state()["data_date"] == "2026-02-01T00:00:00Z");
    let rematched = || {
        let done = server.runtime.block_on(app.store.jobs(org, JobState::Done, 500)).unwrap();
        let results = done.into_iter().filter(|job| job.kind == "rematch");
        results.filter_map(|job| job.result).collect::<Vec<_>>()
    };
    // The first index is no change: nothing had been uploaded.
    until("the match", || !rematched().is_empty());
    assert_eq!(rematched(), [json!({ "matched": 1, "settled": 1, "changed": 1 })]);

    // Nothing new: no index is built, nothing is matched.
    let before = std::fs::metadata(&index).unwrap().modified().unwrap();
    let changed = state()["changed"].clone();
    let last = state()["tried"].clone();
    assert_eq!(server.ask("POST", "/api/v1/feeds/fetch", &with, b"").status, 202);
    until("the third try", || state()["tried"] != last);
    assert_eq!(state()["changed"], changed);
    assert_eq!(std::fs::metadata(&index).unwrap().modified().unwrap(), before);
    assert_eq!(rematched().len(), 1);
}

/// Until the server has looked for work at least once more.
fn app_looks(server: &Server) {
    let app = server.app();
    let org = server.org();
    let job = trimtab_store::NewJob {
        org,
        kind: "no-such-work".to_owned(),
        name: format!("{}", clock().as_nanosecond()),
        payload: json!({}),
        priority: trimtab_store::Priority::Scheduled,
        run_at: clock(),
    };
    let id = server.runtime.block_on(app.store.add_job(&job, clock())).unwrap();
    until("the look", || {
        let job = server.runtime.block_on(app.store.job(org, id)).unwrap().unwrap();
        job.attempts > 0
    });
}

#[test]
fn what_fails_is_told_tried_again_and_given_up_until_the_next_time() {
    let feed = feed::Server::start();
    publish(&feed, &[("2026-01-01", "CVE-2026-1", "left", "2.0.0")]);
    feed.change("/osv/npm/all.zip", |file| file.always = Some(feed::Fault::Status(403, "")));
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("a.index");
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    fn clock() -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(AHEAD.load(Ordering::SeqCst))
    }
    let server = Server::fetching(store(folder.path()), index.clone(), clock, feeds(&feed));
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "administer"]));
    let with = [("authorization", token.as_str())];
    let state = || server.ask("GET", "/api/v1/feeds", &with, b"").json();
    assert_eq!(server.ask("POST", "/api/v1/feeds/fetch", &with, b"").status, 202);
    until("the first try", || state()["error"].is_string());
    let error = state()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("could not be fetched") && error.contains("403"), "{error}");
    assert!(!error.contains("geheim"), "{error}");
    assert_eq!(state()["succeeded"], Value::Null);
    let page = server.ask("GET", "/feeds", &[("cookie", &cookie)], b"").text;
    assert!(page.contains("The last fetch did not go well"), "{page}");
    // Each attempt comes later; after the eighth it is given up, until its time comes again.
    let (app, org) = (server.app(), server.org());
    let dead = || {
        let dead = server.runtime.block_on(app.store.jobs(org, JobState::Dead, 9)).unwrap();
        dead.into_iter().filter(|job| job.kind == "fetch-feeds").collect::<Vec<_>>()
    };
    until("the end", || {
        // Time passes while it waits, and never so much at once that a worker seems dead.
        let job = server.runtime.block_on(app.store.open_job(org, "fetch-feeds")).unwrap();
        if job.is_some_and(|job| job.state == JobState::Waiting) {
            AHEAD.fetch_add(8, Ordering::SeqCst);
        }
        !dead().is_empty()
    });
    assert_eq!(dead()[0].attempts, 8);
    feed.change("/osv/npm/all.zip", |file| file.always = None);
    AHEAD.fetch_add(EVERY.as_secs(), Ordering::SeqCst);
    // The job is revived, and not a second one made.
    until("the next time", || state()["succeeded"].is_string());
    assert_eq!(state()["error"], Value::Null);
    assert!(dead().is_empty());
}

#[test]
fn a_server_that_fetches_nothing_says_so_and_leaves_the_work_to_another() {
    let feed = feed::Server::start();
    publish(&feed, &[("2026-01-01", "CVE-2026-1", "left", "2.0.0")]);
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("a.index");
    let own = tempfile::tempdir().unwrap();
    let idle = Server::at(own, store(folder.path()), index.clone());
    let cookie = idle.first_admin();
    let token = bearer(&idle.token(&cookie, &["view", "administer"]));
    let with = [("authorization", token.as_str())];
    let refused = idle.ask("POST", "/api/v1/feeds/fetch", &with, b"");
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text.contains("--feeds-every"));
    let is = idle.ask("GET", "/api/v1/feeds", &with, b"").json();
    assert_eq!((&is["every_hours"], &is["next"]), (&Value::Null, &Value::Null), "{is}");
    let page = idle.ask("GET", "/feeds", &[("cookie", &cookie)], b"").text;
    assert!(page.contains("not by this server"), "{page}");
    // The other one does it once, though both see the job; the idle one works with the new index.
    let busy = Server::fetching(store(folder.path()), index, Timestamp::now, feeds(&feed));
    until("the index", || idle.app().index().is_some() && busy.app().index().is_some());
    let org = idle.org();
    let app = idle.app();
    let done = || idle.runtime.block_on(app.store.jobs(org, JobState::Done, 99)).unwrap();
    until("the job", || done().iter().any(|job| job.kind == "fetch-feeds"));
    assert_eq!(done().iter().filter(|job| job.kind == "fetch-feeds").count(), 1);
    // Another organisation's admin sees how it stands, and does not set it off.
    let rivals = busy.runtime.block_on(busy.app().store.add_organisation("R", Timestamp::now()));
    let admin = [(trimtab_model::Role::Admin, trimtab_store::ScopeOf::Organisation)];
    let eve = busy.someone(rivals.unwrap(), "Eve", &admin);
    assert_eq!(busy.open(&eve, "/api/v1/feeds").status, 200);
    let own = [("cookie", eve.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(busy.ask("POST", "/api/v1/feeds/fetch", &own, b"").status, 403);
    assert!(!busy.open(&eve, "/feeds").text.contains("Fetch them now"));
}
