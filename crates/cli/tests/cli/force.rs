//! The server under force: killed at random moments while uploads come in, and with its database taken away.
//! Nothing that was accepted is lost, nothing is there twice, and the ledger verifies.
mod load;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::load::{Place, upload};
use jiff::{SignedDuration, Timestamp};
use sha2::Digest;
use trimtab_advisories::Sources;
use trimtab_model::Role;
use trimtab_store::{
    FindingFilter, FindingOrder, Grant, JobState, NewPerson, NewToken, Org, ScopeOf, Store,
};
use trimtab_testkit::postgres::Postgres;
use trimtab_testkit::served::Served;

/// How many clients upload at once, each to an asset of its own.
const CLIENTS: usize = 3;
const SECRET: &str = "trimtab_force";

/// An index of the sample's advisories.
fn index(folder: &Path) -> PathBuf {
    let path = folder.join("sample.index");
    let sources = Sources::beside(&trimtab_testkit::repository().join("examples/advisories"));
    trimtab_advisories::index::build(&sources, &path, &mut ()).unwrap();
    path
}

/// An organisation with a token for uploads.
async fn begin(store: &Store) -> Org {
    let now = Timestamp::now();
    let org = store.add_organisation("Ferries", now).await.unwrap();
    let ada = NewPerson { email: "ada@example.org".into(), name: "Ada".into(), subject: None };
    let grants: Vec<Grant> =
        Role::ALL.iter().map(|r| Grant { role: *r, scope: ScopeOf::Organisation }).collect();
    let person = store.add_person(org, &ada, &grants, "trimtab", now).await.unwrap();
    let token = NewToken {
        name: "CI".into(),
        person,
        actions: vec!["view".into(), "upload".into()],
        scope: ScopeOf::Organisation,
        expires: now + SignedDuration::from_hours(24),
    };
    let digest: String =
        sha2::Sha256::digest(SECRET.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    store.add_token(org, &token, &digest, "trimtab", now).await.unwrap();
    org
}

/// Starts the program's own server; gives it when it listens.
fn serve(store: &str, index: &Path, place: &Place) -> Served {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--store", store, "--db"]).arg(index);
    let served = Served::start(&mut command);
    place.set(served.base());
    served
}

/// Waits until no job is left, and says what there is.
async fn idle(store: &Store, org: Org) {
    let until = Instant::now() + Duration::from_secs(150);
    loop {
        let now = Timestamp::now();
        let mut waiting = store.jobs(org, JobState::Waiting, 1000).await.unwrap();
        // The load is reckoned once an hour, and plans are made once a minute.
        let later = ["measure", "replan"];
        waiting.retain(|job| !later.contains(&&*job.kind) || job.run_at <= now);
        let running = store.jobs(org, JobState::Running, 10).await.unwrap();
        if waiting.is_empty() && running.is_empty() {
            return;
        }
        assert!(Instant::now() < until, "{} wait, {} run", waiting.len(), running.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every accepted revision is there once and in order; every finding once; no job was given up; the
/// ledger verifies.
async fn verify(store: &Store, org: Org, accepted: &[usize]) {
    idle(store, org).await;
    let dead = store.jobs(org, JobState::Dead, 10).await.unwrap();
    assert!(dead.is_empty(), "{dead:?}");
    let mut assets = HashSet::new();
    for (client, accepted) in accepted.iter().enumerate() {
        let asset = store.asset_of_name(org, &format!("asset-{client}")).await.unwrap().unwrap();
        assets.insert(asset.id);
        let snapshots = store.snapshots(org, asset.id, 100_000).await.unwrap();
        let number = |revision: &str| revision.trim_start_matches('r').parse::<usize>().unwrap();
        let seen: Vec<usize> =
            snapshots.iter().map(|s| number(s.revision.as_deref().unwrap())).collect();
        let times = |revision: usize| seen.iter().filter(|s| **s == revision).count();
        let wrong: Vec<(usize, usize)> =
            (0..*accepted).map(|r| (r, times(r))).filter(|(_, n)| *n != 1).collect();
        assert_eq!(wrong, [], "asset {client}: revisions and how often they are there");
        assert_eq!(seen.len(), *accepted);
    }
    let filter = FindingFilter::default();
    let found = store.findings(org, &filter, FindingOrder::Newest, None, 1000).await.unwrap();
    let keys: HashSet<_> =
        found.rows.iter().map(|f| (f.asset.0, f.package.clone(), f.vulnerability.0)).collect();
    assert_eq!(keys.len(), found.rows.len(), "a finding is there twice");
    let with: HashSet<_> = found.rows.iter().map(|f| f.asset.0).collect();
    assert_eq!(with, assets, "every asset has its findings");
    let (entries, broken) = store.verify_ledger(org).await.unwrap();
    assert_eq!(broken, None);
    assert!(entries > 0);
}

/// Random numbers from a seed: the same moments in every run.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// Uploads go on while `force` is used on the server; then everything must be as it was accepted.
fn under_load(store: &str, force: impl FnOnce(&Place, &Path)) {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let org = runtime.block_on(async {
        let store = Store::open(store, Timestamp::now()).await.unwrap();
        let org = begin(&store).await;
        store.close().await;
        org
    });
    let (place, stop) = (Place::default(), AtomicBool::new(false));
    let accepted: Vec<usize> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (place, stop) = (&place, &stop);
                scope.spawn(move || upload(place, SECRET, client, stop))
            })
            .collect();
        force(&place, &index);
        // The last server answers whoever still waits, and works off what is left.
        let last = serve(store, &index, &place);
        stop.store(true, Ordering::SeqCst);
        let accepted: Vec<usize> =
            clients.into_iter().map(|client| client.join().unwrap()).collect();
        runtime.block_on(async {
            let store = Store::open(store, Timestamp::now()).await.unwrap();
            verify(&store, org, &accepted).await;
            store.close().await;
        });
        drop(last);
        accepted
    });
    eprintln!("accepted and there once: {accepted:?}");
    assert!(accepted.iter().sum::<usize>() > CLIENTS, "{accepted:?}");
}

/// `TRIMTAB_KILLS` says how often.
#[test]
fn a_server_that_is_killed_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.sqlite").to_str().unwrap().to_owned();
    let kills = std::env::var("TRIMTAB_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    under_load(&store, |place, index| {
        let mut seed = 20_261_128;
        for _ in 0..kills {
            let server = serve(&store, index, place);
            // Not to wait for something: the moment is what is tried.
            std::thread::sleep(Duration::from_millis(next(&mut seed) % 250));
            drop(server);
        }
    });
}

#[test]
fn a_database_that_goes_away_is_waited_for() {
    let Some(mut postgres) = Postgres::start() else { return };
    let store = postgres.database("force");
    let address = store.clone();
    under_load(&store, |place, index| {
        let mut server = serve(&address, index, place);
        let mut seed = 7;
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(500 + next(&mut seed) % 1000));
            postgres.stop();
            std::thread::sleep(Duration::from_millis(next(&mut seed) % 500));
            postgres.run();
        }
        std::thread::sleep(Duration::from_millis(500));
        assert!(server.runs(), "the server stays");
    });
}
