//! Two servers on one database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use trimtab_store::{EventKind, FindingFilter, FindingOrder, Job, JobState, LedgerFilter};
use trimtab_testkit::postgres::Postgres;

use crate::around::one_of_many_may;
use crate::harness::{Server, bearer};
use crate::refresh::{NEW, OLD, pushed, put, record};

const UPLOADS: usize = 40;

#[test]
fn two_servers_share_uploads_and_nothing_is_done_twice() {
    let Some(postgres) = Postgres::start() else { return };
    let address = postgres.database("two_servers");
    let one = Server::on(tempfile::tempdir().unwrap(), address.clone());
    let cookie = one.first_admin();
    let token = bearer(&one.token(&cookie, &["view", "upload"]));
    let two = Server::on(tempfile::tempdir().unwrap(), address);
    let changes = bearer(&one.token(&cookie, &["view", "describe", "administer", "pace"]));
    one_of_many_may(&[&one, &two], &changes);
    for n in 0..UPLOADS {
        let server = if n % 2 == 0 { &one } else { &two };
        let text = serde_json::json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{ "type": "library", "name": "moment", "version": format!("2.{n}.0"),
                "purl": format!("pkg:npm/moment@2.{n}.0") }] });
        let path = format!("/api/v1/snapshots?asset=asset-{n}");
        let with = [("authorization", token.as_str())];
        let answer = server.ask("POST", &path, &with, text.to_string().as_bytes());
        assert!((200..300).contains(&answer.status), "{answer:?}");
    }
    let app = one.app();
    let org = one.runtime.block_on(app.store.organisations()).unwrap()[0].org;
    let until = Instant::now() + Duration::from_secs(120);
    let done: Vec<Job> = loop {
        let done = one.runtime.block_on(app.store.jobs(org, JobState::Done, 500)).unwrap();
        let done: Vec<Job> = done.into_iter().filter(|job| job.kind == "read-document").collect();
        if done.len() >= UPLOADS {
            break done;
        }
        assert!(Instant::now() < until, "{} of {UPLOADS}", done.len());
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(done.len(), UPLOADS);
    assert!(done.iter().all(|job| job.attempts == 1), "{done:?}");
    let snapshots: BTreeSet<i64> =
        done.iter().filter_map(|job| job.result.as_ref()?["snapshot"].as_i64()).collect();
    assert_eq!(snapshots.len(), UPLOADS, "each upload is one snapshot");
    one.runtime.block_on(async {
        let assets = app.store.assets(org, None, None, "", 500).await.unwrap();
        assert_eq!(assets.len(), UPLOADS);
        for asset in assets {
            let all = app.store.snapshots(org, asset.id, 9).await.unwrap();
            assert_eq!(all.len(), 1, "{}", asset.name);
        }
        let (entries, broken) = app.store.verify_ledger(org).await.unwrap();
        assert!(entries >= UPLOADS as i64, "{entries}");
        assert_eq!(broken, None);
    });
}

/// When the servers of the test below began by their clock: a little before an hour, so that what is asked for the
/// next hour and the next minute is due while they run.
static BEGUN: LazyLock<(Timestamp, Instant)> = LazyLock::new(|| {
    let hour = Timestamp::now().as_second().div_euclid(3600) * 3600;
    (Timestamp::from_second(hour - 20).unwrap(), Instant::now())
});

fn clock() -> Timestamp {
    BEGUN.0 + SignedDuration::try_from(BEGUN.1.elapsed()).unwrap()
}

/// Asks again until something is there.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(300);
    loop {
        if let Some(is) = ask() {
            return is;
        }
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_servers_share_a_new_index_and_what_follows_it() {
    const ASSETS: usize = 12;
    let Some(postgres) = Postgres::start() else { return };
    let address = postgres.database("two_servers_refresh");
    let folder = tempfile::tempdir().unwrap();
    let known = record("CVE-2026-1", "left", "2.0.0", OLD);
    let index = put(folder.path(), std::slice::from_ref(&known), &[]);
    let one =
        Server::timed(address.clone(), index.clone(), clock, trimtab_server::Access::default());
    let cookie = one.first_admin();
    let token = bearer(&one.token(&cookie, &["view", "upload"]));
    let two = Server::timed(address, index, clock, trimtab_server::Access::default());
    let push =
        |server: &Server, asset: &str, packages: &[&str]| pushed(server, &token, asset, packages).1;
    for n in 0..ASSETS {
        let server = if n % 2 == 0 { &one } else { &two };
        let said = push(server, &format!("asset-{n}"), &["left", "calm"]);
        assert_eq!(said["live"], 1, "{said}");
    }

    // A new index says of `calm` what was not known. Each server notices it by itself, also one that goes on with
    // the old one for a while.
    put(folder.path(), &[known, record("CVE-2026-5", "calm", "2.0.0", NEW)], &[]);
    let mut probes = 0;
    for server in [&one, &two] {
        until("the new index is used", || {
            probes += 1;
            let pushed = push(server, &format!("probe-{probes}"), &["calm"]);
            (pushed["live"] == 1).then_some(())
        });
    }
    let app = one.app();
    let org = one.org();
    let all = 2 * ASSETS + probes;
    until("every asset has what the new index says", || {
        let every = FindingFilter::default();
        let live = app.store.findings(org, &every, FindingOrder::Newest, None, all + 1);
        (one.runtime.block_on(live).unwrap().rows.len() == all).then_some(())
    });

    // The hour and the minute pass: the measures and the plans are made.
    let done = |kind: &str| -> Vec<Job> {
        let jobs = one.runtime.block_on(app.store.jobs(org, JobState::Done, 500)).unwrap();
        jobs.into_iter().filter(|job| job.kind == kind).collect()
    };
    for kind in ["rematch", "measure", "replan"] {
        until(kind, || (!done(kind).is_empty()).then_some(()));
    }
    until("nothing is left to do", || {
        let jobs = |state| one.runtime.block_on(app.store.jobs(org, state, 500)).unwrap();
        let due = jobs(JobState::Waiting).iter().any(|job| job.run_at <= clock());
        (!due && jobs(JobState::Running).is_empty()).then_some(())
    });

    // Each was begun once; of an hour and of a minute there is one.
    for kind in ["rematch", "measure", "replan"] {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for job in done(kind) {
            assert_eq!((job.attempts, &job.error), (1, &None), "{job:?}");
            *names.entry(job.name).or_default() += 1;
        }
        // Who notices the index later asks once more, for what it matched by the old one meanwhile.
        let most = if kind == "rematch" { 2 } else { 1 };
        assert!(names.values().all(|times| *times <= most), "{kind}: {names:?}");
    }
    assert_eq!(one.runtime.block_on(app.store.jobs(org, JobState::Dead, 9)).unwrap(), []);
    // Whoever did it, it was done once: a finding was detected once, and nothing that is of the old index is left.
    let of = LedgerFilter { kind: Some(EventKind::Detected), ..LedgerFilter::default() };
    let detected = one.runtime.block_on(app.store.ledger_of(org, &of, 0, 500)).unwrap();
    let findings: BTreeSet<i64> = detected.iter().filter_map(|entry| entry.finding).collect();
    assert_eq!((detected.len(), findings.len()), (all, all));
    let (_, broken) = one.runtime.block_on(app.store.verify_ledger(org)).unwrap();
    assert_eq!(broken, None);
}
