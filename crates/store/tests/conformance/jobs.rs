//! The queue.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{JobState, MAX_ATTEMPTS, NewJob, Org, Priority, Store};

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
    while let Some(job) = store.take_job("w", 2, LEASE, now()).await.unwrap() {
        taken.push(job.name);
    }
    assert_eq!(taken, ["c", "a", "other"], "two of the first organisation, then the other's");
}

pub(crate) async fn equal_work_waits_once(store: Store) {
    let first = store.add_job(&job(1, "a", Priority::Scheduled), now()).await.unwrap();
    assert_eq!(store.add_job(&job(1, "a", Priority::Waited), now()).await.unwrap(), first);
    assert_ne!(store.add_job(&job(2, "a", Priority::Waited), now()).await.unwrap(), first);
    let taken = store.take_job("w", 9, LEASE, now()).await.unwrap().unwrap();
    assert_eq!(taken.id, first, "who waits makes it urgent");
    assert_ne!(
        store.add_job(&job(1, "a", Priority::Upload), now()).await.unwrap(),
        first,
        "what runs may have begun before the change"
    );
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
            while let Some(job) = store.take_job(&name, 100, LEASE, now()).await.unwrap() {
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
    let taken = store.take_job("w1", 9, LEASE, now()).await.unwrap().unwrap();
    assert_eq!((taken.id, taken.attempts), (id, 1));
    assert_eq!(store.release_jobs(later(59)).await.unwrap(), 0);
    assert!(store.keep_job(id, "w1", later(100)).await.unwrap());
    assert_eq!(store.release_jobs(later(61)).await.unwrap(), 0, "the lease was made longer");
    assert_eq!(store.release_jobs(later(101)).await.unwrap(), 1);
    let again = store.take_job("w2", 9, LEASE, later(102)).await.unwrap().unwrap();
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
        let taken = store.take_job("w", 9, LEASE, at).await.unwrap().unwrap();
        assert_eq!(taken.attempts, attempt);
        let state = store.fail_job(&taken, "w", "no", false, at).await.unwrap();
        assert_eq!(state == JobState::Dead, attempt == MAX_ATTEMPTS);
        assert_eq!(store.take_job("w", 9, LEASE, at).await.unwrap(), None, "not at once");
        at += SignedDuration::from_hours(2);
    }
    let dead = store.jobs(Org(1), JobState::Dead, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].error.as_deref(), Some("no"));
    assert!(!store.retry_job(Org(2), id, at).await.unwrap(), "another organisation's");
    assert!(store.retry_job(Org(1), id, at).await.unwrap());
    assert!(store.take_job("w", 9, LEASE, at).await.unwrap().is_some());
}
