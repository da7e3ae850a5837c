//! Two servers on one database.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use trimtab_store::{Job, JobState};
use trimtab_testkit::postgres::Postgres;

use crate::around::one_of_many_may;
use crate::harness::{Server, bearer};

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
