//! The queue.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{Job, JobState, MAX_ATTEMPTS, NewJob, Org, Priority, Store};

use crate::now;

const LEASE: Duration = Duration::from_secs(60);

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn job(org: i64, name: &str, priority: Priority) -> NewJob {
    NewJob {
        org: Org(org),
        kind: "read".into(),
        name: name.into(),
        payload: json!({ "n": name }),
        priority,
        run_at: now(),
    }
}

pub(crate) async fn the_most_urgent_job_comes_first_and_no_organisation_starves_another(
    store: Store,
) {
    for (org, name, priority) in [
        (1, "nightly", Priority::Scheduled),
        (1, "a", Priority::Upload),
        (1, "b", Priority::Upload),
        (1, "c", Priority::Waited),
        (2, "other", Priority::Scheduled),
    ] {
        store.add_job(&job(org, name, priority), now()).await.unwrap();
    }
    let mut taken = Vec::new();
    for worker in 0..5 {
        let job = store.take_job(&format!("w{worker}"), 2, LEASE, &[], now()).await.unwrap();
        taken.extend(job.map(|job| job.name));
    }
    assert_eq!(
        taken,
        ["c", "a", "other"],
        "two workers for the first organisation, then the other"
    );
}

pub(crate) async fn more_of_the_same_is_taken_with_it(store: Store) {
    for (org, name, priority) in [
        (1, "a", Priority::Upload),
        (1, "b", Priority::Upload),
        (2, "other", Priority::Upload),
        (1, "c", Priority::Upload),
        (1, "d", Priority::Waited),
    ] {
        store.add_job(&job(org, name, priority), now()).await.unwrap();
    }
    let other = NewJob { kind: "fetch".into(), ..job(1, "e", Priority::Waited) };
    store.add_job(&other, now()).await.unwrap();
    let tried = store.take_job("dead", 9, LEASE, &["fetch"], now()).await.unwrap().unwrap();
    assert_eq!((&*tried.name, store.release_jobs(later(61)).await.unwrap()), ("d", 1));
    let first = store.take_job("w", 9, LEASE, &["fetch"], later(62)).await.unwrap().unwrap();
    assert_eq!(first.name, "d", "it is the most urgent");
    let names = |jobs: &[Job]| jobs.iter().map(|job| job.name.clone()).collect::<Vec<_>>();
    let more = store.take_more(&first, "w", 2, LEASE, later(62)).await.unwrap();
    assert_eq!(names(&more), ["a", "b"], "of the organisation and kind, in order");
    assert!(more.iter().all(|job| (job.state, job.attempts) == (JobState::Running, 1)));
    // What was tried before is done by itself: it may be what its worker died of.
    assert_eq!(store.release_jobs(later(200)).await.unwrap(), 3);
    let first = store.take_job("w", 9, LEASE, &["fetch"], later(201)).await.unwrap().unwrap();
    let more = store.take_more(&first, "w", 9, LEASE, later(201)).await.unwrap();
    assert_eq!(names(&more), ["c"]);
}

pub(crate) async fn equal_work_waits_once(store: Store) {
    let first = store.add_job(&job(1, "a", Priority::Scheduled), now()).await.unwrap();
    assert_eq!(store.add_job(&job(1, "a", Priority::Waited), now()).await.unwrap(), first);
    assert_ne!(store.add_job(&job(2, "a", Priority::Waited), now()).await.unwrap(), first);
    let taken = store.take_job("w", 9, LEASE, &[], now()).await.unwrap().unwrap();
    assert_eq!(taken.id, first, "who waits makes it urgent");
    assert_ne!(
        store.add_job(&job(1, "a", Priority::Upload), now()).await.unwrap(),
        first,
        "what runs may have begun before the change"
    );
    // Of what is all in its name, what runs is the same.
    let once = store.add_job_once(&job(3, "b", Priority::Upload), "b", now()).await.unwrap();
    assert_eq!(store.add_job_once(&job(3, "b", Priority::Upload), "b", now()).await.unwrap(), once);
    while store.take_job("w", 9, LEASE, &[], now()).await.unwrap().is_some() {}
    assert_eq!(store.add_job_once(&job(3, "b", Priority::Upload), "b", now()).await.unwrap(), once);
    // But what came after it stands before what is asked again.
    let other = store.add_job_once(&job(3, "b2", Priority::Upload), "b", now()).await.unwrap();
    let again = store.add_job_once(&job(3, "b", Priority::Upload), "b", now()).await.unwrap();
    assert!(once < other && other < again);
    let before = now() - Duration::from_secs(1);
    let asked =
        async |org: i64, of: &str| store.is_asked_of(Org(org), "read", of, before).await.unwrap();
    assert!(asked(3, "b").await && asked(3, "b2").await, "one runs, the other waits");
    assert!(!asked(3, "b3").await && !asked(4, "b").await);
    assert!(!store.is_asked_of(Org(3), "write", "b", before).await.unwrap());
    assert!(!store.is_asked_of(Org(3), "read", "b", now()).await.unwrap(), "older than that");
    while store.take_job("w", 9, LEASE, &[], now()).await.unwrap().is_some() {}
    assert!(asked(3, "b").await, "all of them run");
    for id in [once, other, again] {
        assert!(store.end_job(id, "w", &json!({}), now()).await.unwrap());
    }
    assert!(!asked(3, "b").await, "all of them are done");
    assert_ne!(store.add_job_once(&job(3, "b", Priority::Upload), "b", now()).await.unwrap(), once);
}

pub(crate) async fn no_job_is_taken_twice(store: Store) {
    for n in 0..40 {
        store.add_job(&job(n % 3, &n.to_string(), Priority::Upload), now()).await.unwrap();
    }
    let mut workers = Vec::new();
    for worker in 0..4 {
        let store = store.clone();
        workers.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            let name = format!("w{worker}");
            while let Some(job) = store.take_job(&name, 100, LEASE, &[], now()).await.unwrap() {
                assert!(store.end_job(job.id, &name, &json!({}), now()).await.unwrap());
                taken.push(job.id);
            }
            taken
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((count, all.len()), (40, 40));
}

pub(crate) async fn a_dead_workers_job_is_taken_again(store: Store) {
    let id = store.add_job(&job(1, "a", Priority::Upload), now()).await.unwrap();
    let taken = store.take_job("w1", 9, LEASE, &[], now()).await.unwrap().unwrap();
    assert_eq!((taken.id, taken.attempts), (id, 1));
    assert_eq!(store.release_jobs(later(59)).await.unwrap(), 0);
    assert!(store.keep_job(id, "w1", || later(100)).await.unwrap());
    assert_eq!(store.release_jobs(later(61)).await.unwrap(), 0, "the lease was made longer");
    assert_eq!(store.release_jobs(later(101)).await.unwrap(), 1);
    let again = store.take_job("w2", 9, LEASE, &[], later(102)).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempts), (id, 2));
    assert!(!store.end_job(id, "w1", &json!({}), later(103)).await.unwrap(), "it is another's now");
    assert!(store.end_job(id, "w2", &json!({ "ok": true }), later(103)).await.unwrap());
    let job = store.job(Org(1), id).await.unwrap().unwrap();
    assert_eq!((job.state, job.result), (JobState::Done, Some(json!({ "ok": true }))));
    assert_eq!(store.job(Org(2), id).await.unwrap(), None);
}

pub(crate) async fn a_job_is_given_up_and_tried_again_by_hand(store: Store) {
    let id = store.add_job(&job(1, "a", Priority::Upload), now()).await.unwrap();
    let mut at = now();
    for attempt in 1..=MAX_ATTEMPTS {
        let taken = store.take_job("w", 9, LEASE, &[], at).await.unwrap().unwrap();
        assert_eq!(taken.attempts, attempt);
        let state = store.fail_job(&taken, "w", "no", false, at).await.unwrap();
        assert_eq!(state == JobState::Dead, attempt == MAX_ATTEMPTS);
        assert_eq!(store.take_job("w", 9, LEASE, &[], at).await.unwrap(), None, "not at once");
        at += SignedDuration::from_hours(2);
    }
    let dead = store.jobs(Org(1), JobState::Dead, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].error.as_deref(), Some("no"));
    assert!(!store.retry_job(Org(2), id, at).await.unwrap(), "another organisation's");
    assert!(store.retry_job(Org(1), id, at).await.unwrap());
    assert!(store.take_job("w", 9, LEASE, &[], at).await.unwrap().is_some());
}

pub(crate) async fn a_kind_can_be_left_to_others_and_what_waits_begins_earlier(store: Store) {
    let fetch =
        NewJob { kind: "fetch".into(), run_at: later(600), ..job(1, "f", Priority::Waited) };
    let id = store.add_job(&fetch, now()).await.unwrap();
    assert_eq!(store.open_job(Org(1), "fetch").await.unwrap().unwrap().id, id);
    assert_eq!(store.open_job(Org(2), "fetch").await.unwrap(), None);
    assert!(!store.hasten_job(Org(1), id, later(900)).await.unwrap(), "that would be later");
    assert!(!store.hasten_job(Org(2), id, now()).await.unwrap());
    assert_eq!(store.take_job("w", 9, LEASE, &[], now()).await.unwrap(), None);
    assert!(store.hasten_job(Org(1), id, now()).await.unwrap());
    assert_eq!(store.take_job("w", 9, LEASE, &["fetch"], now()).await.unwrap(), None);
    assert_eq!(store.take_job("w", 9, LEASE, &["read", "fetch"], now()).await.unwrap(), None);
    let others = ["read", "", "fetch-feeds", "fet"];
    let taken = store.take_job("w", 9, LEASE, &others, now()).await.unwrap().unwrap();
    assert_eq!(taken.id, id);
    assert!(!store.hasten_job(Org(1), id, now()).await.unwrap(), "it runs");
    store.end_job(id, "w", &json!({}), now()).await.unwrap();
    assert_eq!(store.open_job(Org(1), "fetch").await.unwrap(), None);
}
