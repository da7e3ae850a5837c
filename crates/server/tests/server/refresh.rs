//! A new index: exactly what it changed is matched and settled again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_advisories::{Sources, index};
use trimtab_store::{
    Contents, FindingFilter, FindingOrder, JobState, JudgedBy, Listed, NewComponent, NewSnapshot,
    Org,
};

use crate::harness::{Server, bearer};

/// An advisory about a package: versions below `fixed` have it.
pub(crate) fn record(id: &str, package: &str, fixed: &str, modified: &str) -> Value {
    json!({ "schema_version": "1.6.0", "id": id, "modified": modified, "summary": "Wrong",
        "affected": [{ "package": { "ecosystem": "npm", "name": package },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }] }] })
}

/// Puts an index of records in place, and a catalogue of exploited ids.
pub(crate) fn put(folder: &Path, records: &[Value], exploited: &[&str]) -> PathBuf {
    let osv = folder.join("osv");
    let _ = std::fs::remove_dir_all(&osv);
    std::fs::create_dir_all(&osv).unwrap();
    for (at, record) in records.iter().enumerate() {
        std::fs::write(osv.join(format!("{at}.json")), record.to_string()).unwrap();
    }
    let listed: Vec<Value> = exploited
        .iter()
        .map(|id| {
            json!({ "cveID": id, "dateAdded": "2026-01-01", "dueDate": "2026-02-01",
            "knownRansomwareCampaignUse": "Unknown" })
        })
        .collect();
    let kev = folder.join("kev.json");
    let catalogue = json!({ "catalogVersion": "1", "dateReleased": "2026-01-01T00:00:00Z",
        "count": listed.len(), "vulnerabilities": listed });
    std::fs::write(&kev, catalogue.to_string()).unwrap();
    let target = folder.join("index.db");
    let sources = Sources { osv: vec![osv], kev: Some(kev), ..Sources::default() };
    index::build(&sources, &target, &mut ()).unwrap();
    target
}

pub(crate) const OLD: &str = "2026-01-01T00:00:00Z";
pub(crate) const NEW: &str = "2026-02-01T00:00:00Z";

/// What is known before the delta.
fn before() -> Vec<Value> {
    vec![
        record("CVE-2026-1", "left", "2.0.0", OLD),
        record("CVE-2026-2", "right", "2.0.0", OLD),
        record("CVE-2026-3", "middle", "2.0.0", OLD),
        record("CVE-2026-4", "nobody-has-it", "2.0.0", OLD),
    ]
}

fn server(folder: &Path) -> Server {
    let index = put(folder, &before(), &["CVE-2026-4"]);
    let own = tempfile::tempdir().unwrap();
    let store = own.path().join("store.sqlite").to_str().unwrap().to_owned();
    Server::at(own, store, index)
}

fn organisation(server: &Server) -> Org {
    let app = server.app();
    server.runtime.block_on(app.store.organisations()).unwrap()[0].org
}

/// The results of re-matching, once there are as many as expected; newest first.
fn rematched(server: &Server, org: Org, count: usize) -> Vec<Value> {
    let app = server.app();
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let done = server.runtime.block_on(app.store.jobs(org, JobState::Done, 500)).unwrap();
        let done = done.into_iter().filter(|job| job.kind == "rematch");
        let results: Vec<Value> = done.filter_map(|job| job.result).collect();
        if results.len() >= count {
            return results;
        }
        assert!(Instant::now() < until, "{results:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a document that lists packages of version 1.0.0, and waits until it is settled: the status, and what is said.
pub(crate) fn pushed(server: &Server, token: &str, asset: &str, packages: &[&str]) -> (u16, Value) {
    let components: Vec<Value> = packages
        .iter()
        .map(|name| {
            json!({ "type": "library", "name": name, "version": "1.0.0",
                "purl": format!("pkg:npm/{name}@1.0.0") })
        })
        .collect();
    let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": components });
    let path = format!("/api/v1/snapshots?asset={asset}&wait=50");
    let with = [("authorization", token)];
    let answer = server.ask("POST", &path, &with, text.to_string().as_bytes());
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    (answer.status, answer.json())
}

#[test]
fn only_what_changed_is_matched_and_settled() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "upload"]));
    let push = |asset: &str, packages: &[&str]| {
        assert_eq!(pushed(&server, &token, asset, packages).0, 201);
    };
    push("one", &["left", "other"]);
    push("two", &["left", "right"]);
    push("three", &["middle", "calm"]);
    let org = organisation(&server);

    // `left` is fixed earlier than was said, `calm` has a flaw now; `middle` is known as exploited.
    let after = vec![
        record("CVE-2026-1", "left", "0.9.0", NEW),
        record("CVE-2026-2", "right", "2.0.0", OLD),
        record("CVE-2026-3", "middle", "2.0.0", OLD),
        record("CVE-2026-4", "nobody-has-it", "3.0.0", NEW),
        record("CVE-2026-5", "calm", "2.0.0", NEW),
    ];
    put(folder.path(), &after, &["CVE-2026-4"]);
    let results = rematched(&server, org, 1);
    assert_eq!(results[0], json!({ "matched": 2, "settled": 3, "changed": 3 }));

    // Only the catalogue changes: nothing is matched, one asset is weighed.
    put(folder.path(), &after, &["CVE-2026-3", "CVE-2026-4"]);
    let results = rematched(&server, org, 2);
    assert_eq!(results[0]["matched"], 0);
    assert_eq!(results[0]["settled"], 1, "{results:?}");
    assert_eq!(results[0]["changed"], 1, "an exploited flaw weighs more");

    // A delta about what nobody has adds no work; the next one that matters is the next job.
    let mut next = after.clone();
    next[3] = record("CVE-2026-4", "nobody-has-it", "4.0.0", "2026-03-01T00:00:00Z");
    put(folder.path(), &next, &["CVE-2026-3", "CVE-2026-4"]);
    let app = server.app();
    server.runtime.block_on(app.notice_index()).unwrap();
    next[1] = record("CVE-2026-2", "right", "0.5.0", "2026-03-02T00:00:00Z");
    put(folder.path(), &next, &["CVE-2026-3", "CVE-2026-4"]);
    let results = rematched(&server, org, 3);
    assert_eq!(results[0], json!({ "matched": 1, "settled": 1, "changed": 1 }));
    assert_eq!(results.len(), 3);
    let every = FindingFilter::default();
    let findings = app.store.findings(org, &every, FindingOrder::Newest, None, 9);
    let live = server.runtime.block_on(findings).unwrap().rows;
    let mut live: Vec<_> = live.iter().map(|f| (&*f.asset.1, &*f.vulnerability.1)).collect();
    live.sort_unstable();
    assert_eq!(live, [("three", "CVE-2026-3"), ("three", "CVE-2026-5")]);
    let (_, broken) = server.runtime.block_on(app.store.verify_ledger(org)).unwrap();
    assert_eq!(broken, None);
}

#[test]
fn a_delta_that_came_while_no_server_ran_is_matched_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let index = put(folder.path(), &before(), &[]);
    let store = folder.path().join("store.sqlite").to_str().unwrap().to_owned();
    let first = Server::at(tempfile::tempdir().unwrap(), store.clone(), index.clone());
    let cookie = first.first_admin();
    let token = bearer(&first.token(&cookie, &["upload"]));
    let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "left", "version": "1.0.0", "purl": "pkg:npm/left@1.0.0" }] });
    let path = "/api/v1/snapshots?asset=one&wait=30";
    let answer = first.ask("POST", path, &[("authorization", &token)], text.to_string().as_bytes());
    assert_eq!(answer.json()["live"], 1, "{answer:?}");
    drop(first);
    put(folder.path(), &[record("CVE-2026-9", "left", "3.0.0", NEW)], &[]);
    let second = Server::at(tempfile::tempdir().unwrap(), store, index);
    let org = organisation(&second);
    assert_eq!(rematched(&second, org, 1)[0], json!({ "matched": 1, "settled": 1, "changed": 1 }));
}

/// How long a delta takes among 2,000 assets; the time is printed, the counts are asserted.
#[test]
fn a_delta_costs_by_what_it_touches() {
    const ASSETS: usize = 2000;
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    server.first_admin();
    let (app, org) = (server.app(), organisation(&server));
    let now = Timestamp::now();
    server.runtime.block_on(async {
        // Every asset has 20 of 500 packages; `left` is in every hundredth.
        for at in 0..ASSETS {
            let name = |n: usize| match n {
                0 if at % 100 == 0 => "left".to_owned(),
                n => format!("package-{}", (at * 7 + n * 13) % 500),
            };
            let new: Vec<NewComponent> = (0..20)
                .map(|n| {
                    let name = name(n);
                    NewComponent {
                        purl: format!("pkg:npm/{name}@1.0.0"),
                        package: format!("pkg:npm/{name}"),
                        name,
                        version: Some("1.0.0".into()),
                        licence: None,
                        registry: true,
                    }
                })
                .collect();
            let ids = app.store.put_components(org, &new).await.unwrap();
            let mut listed: Vec<Listed> = ids
                .iter()
                .map(|(id, _)| Listed {
                    component: *id,
                    scope: "runtime".into(),
                    relation: "direct".into(),
                    files: 1,
                })
                .collect();
            listed.sort_by_key(|l| l.component);
            listed.dedup_by_key(|l| l.component);
            let digest = format!("{at}");
            let contents = Contents { listed, unknowns: 0 };
            app.store.put_contents(org, &digest, &contents).await.unwrap();
            let asset = app.store.put_asset(org, &digest, "repository", None, now).await.unwrap();
            let snapshot = NewSnapshot { document: digest, ..NewSnapshot::default() };
            let none = |_: &_| None;
            app.store
                .add_snapshot(org, asset.id, &snapshot, JudgedBy::new(&[], &none, now), "test")
                .await
                .unwrap();
        }
    });
    let begun = Instant::now();
    let mut records = before();
    records.push(record("CVE-2026-6", "left", "2.0.0", NEW));
    put(folder.path(), &records, &["CVE-2026-4"]);
    server.runtime.block_on(app.notice_index()).unwrap();
    let results = rematched(&server, org, 1);
    println!("a delta of one advisory among {ASSETS} assets: {:?}", begun.elapsed());
    assert_eq!(results[0], json!({ "matched": 1, "settled": 20, "changed": 20 }));
}

/// Numbers that look as if by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % n
    }
}

/// The live findings as far as they must not depend on how one came there: asset, component, vulnerability,
/// level, weight and fix. Of two ids that may be one, the lower stands for both.
fn live(server: &Server) -> Vec<String> {
    let (app, org) = (server.app(), organisation(server));
    server.runtime.block_on(async {
        let every = FindingFilter::default();
        let order = FindingOrder::Newest;
        let rows = app.store.findings(org, &every, order, None, 500).await.unwrap().rows;
        assert!(rows.len() < 500);
        let mut all = Vec::new();
        for is in rows {
            let number = is.vulnerability.1.rsplit('-').next().unwrap();
            let number: u64 = number.parse().unwrap();
            let number = if number % 3 == 1 { number - 1 } else { number };
            let w = is.weighed.as_ref();
            let level = w.map(|w| (w.level, w.weight));
            all.push(format!("{} {} {number} {level:?} {:?}", is.asset.1, is.component.1, is.fix));
        }
        all.sort();
        all
    })
}

/// The law: whatever the deltas, matching only what they touch comes to what matching all anew comes to.
#[test]
fn refreshing_comes_to_what_matching_all_anew_comes_to() {
    const PACKAGES: u64 = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut chance = Chance(7);
    let id = |n: u64| format!("CVE-2026-{n}");
    // An advisory is about one or two packages, and may say that it is the same as the one before it.
    let advisory = |n: u64, round: u64, chance: &mut Chance| {
        let mut record = record(&id(n), &format!("p{}", n % PACKAGES), "0", "");
        let parts: Vec<Value> = (0..=chance.below(2))
            .map(|k| {
                let package = format!("p{}", (n + k * 5) % PACKAGES);
                json!({ "package": { "ecosystem": "npm", "name": package },
                    "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" },
                        { "fixed": format!("{}.0.0", chance.below(4)) }] }] })
            })
            .collect();
        record["affected"] = parts.into();
        record["modified"] = format!("2026-02-{:02}T00:00:00Z", round + 1).into();
        if n % 3 == 1 {
            record["aliases"] = json!([id(n - 1)]);
        }
        record
    };
    let mut records: std::collections::BTreeMap<u64, Value> =
        (0..15).map(|n| (n, advisory(n, 0, &mut chance))).collect();
    let mut exploited = vec![id(2)];
    let write = |records: &std::collections::BTreeMap<u64, Value>, exploited: &[String]| {
        let all: Vec<Value> = records.values().cloned().collect();
        let exploited: Vec<&str> = exploited.iter().map(String::as_str).collect();
        put(folder.path(), &all, &exploited)
    };
    let index = write(&records, &exploited);
    let sboms: Vec<String> = (0..8)
        .map(|_| {
            let components: Vec<Value> = (0..PACKAGES)
                .filter(|_| chance.below(2) == 0)
                .collect::<Vec<_>>()
                .into_iter()
                .map(|p| {
                    let version = format!("{}.5.0", chance.below(3));
                    json!({ "type": "library", "name": format!("p{p}"), "version": version,
                        "purl": format!("pkg:npm/p{p}@{version}") })
                })
                .collect();
            json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
                "components": components })
            .to_string()
        })
        .collect();
    let open = |index: &Path| {
        let own = tempfile::tempdir().unwrap();
        let store = own.path().join("store.sqlite").to_str().unwrap().to_owned();
        let server = Server::at(own, store, index.to_owned());
        let cookie = server.first_admin();
        let token = bearer(&server.token(&cookie, &["upload"]));
        for (n, text) in sboms.iter().enumerate() {
            let path = format!("/api/v1/snapshots?asset=a{n}&wait=30");
            let with = [("authorization", token.as_str())];
            let answer = server.ask("POST", &path, &with, text.as_bytes());
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        server
    };
    let refreshed = open(&index);
    let org = organisation(&refreshed);
    for round in 1..=10 {
        for _ in 0..=chance.below(3) {
            let n = chance.below(18);
            match chance.below(5) {
                0 => drop(records.remove(&n)),
                1 => exploited = vec![id(n)],
                _ => drop(records.insert(n, advisory(n, round, &mut chance))),
            }
        }
        write(&records, &exploited);
        let (app, name) = (refreshed.app(), folder.path().join("index.db"));
        let noted = refreshed.runtime.block_on(app.notice_index());
        noted.unwrap();
        refreshed.settle(org);
        let anew = open(&name);
        assert_eq!(live(&refreshed), live(&anew), "after round {round}");
    }
    let (_, broken) = refreshed.runtime.block_on(refreshed.app().store.verify_ledger(org)).unwrap();
    assert_eq!(broken, None);
}
