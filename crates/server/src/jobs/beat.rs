//! A job that lasts keeps its lease.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::state::App;

/// Says again and again, until it is dropped, that a job is still being done. A task of its own: one that holds
/// SQLite's writer must go on while this waits for it.
pub(super) struct Beat(tokio::task::JoinHandle<()>);

impl Beat {
    /// Of a job that was taken for `lease`: it is kept for as long again, three times within it.
    pub(super) fn of(app: &App, worker: &str, job: i64, lease: Duration) -> Beat {
        let (app, worker) = (app.clone(), worker.to_owned());
        let longer = SignedDuration::try_from(lease).unwrap_or(SignedDuration::from_mins(2));
        Beat(tokio::spawn(async move {
            let mut pause = lease / 3;
            loop {
                tokio::time::sleep(pause).await;
                let until = || app.now().checked_add(longer).unwrap_or(Timestamp::MAX);
                let kept = app.store.keep_job(job, &worker, until).await;
                if let Err(error) = &kept {
                    tracing::warn!(job, %error, "that a job goes on cannot be said");
                }
                // Who waited in vain has waited long already.
                pause = if kept.is_ok() { lease / 3 } else { lease / 30 };
            }
        }))
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;
    use trimtab_store::{NewJob, Priority, Store};

    use super::*;
    use crate::{Access, Settings};

    const LEASE: Duration = Duration::from_secs(3);

    async fn app(folder: &std::path::Path) -> App {
        let store = folder.join("store.sqlite").to_str().unwrap().to_owned();
        let settings = Settings {
            store: store.clone(),
            listen: "127.0.0.1:0".to_owned(),
            index: folder.join("none.index"),
            public: "http://127.0.0.1".to_owned(),
            largest_upload: 1 << 20,
            workers: 0,
            keep_days: None,
            feeds: None,
            access: Access::default(),
            notices: crate::Notices::default(),
        };
        App::new(Store::open(&store, Timestamp::now()).await.unwrap(), settings, Timestamp::now)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_lasts_is_nobody_elses_until_its_worker_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let org = app.store.add_organisation("One", app.now()).await.unwrap();
        let new = NewJob {
            org,
            kind: "measure".to_owned(),
            name: "long".to_owned(),
            payload: json!({}),
            priority: Priority::Scheduled,
            run_at: app.now(),
        };
        app.store.add_job(&new, app.now()).await.unwrap();
        let taken = app.store.take_job("w", 4, LEASE, &[], app.now()).await.unwrap();
        let job = taken.expect("the job that was added").id;
        let beat = Beat::of(&app, "w", job, LEASE);
        let begun = Instant::now();
        // While the writer is held for longer than the lease, by what the job itself does.
        let held = app.store.together().await.unwrap();
        let others = app.clone();
        let releasing = tokio::spawn(async move {
            let mut released = 0;
            while begun.elapsed() < LEASE * 3 {
                released += others.store.release_jobs(others.now()).await.unwrap();
                tokio::time::sleep(LEASE / 60).await;
            }
            released
        });
        while begun.elapsed() < LEASE * 3 / 2 {
            tokio::time::sleep(LEASE / 60).await;
        }
        held.commit().await.unwrap();
        assert_eq!(releasing.await.unwrap(), 0, "it was kept for three leases");
        drop(beat);
        let dropped = Instant::now();
        while app.store.release_jobs(app.now()).await.unwrap() == 0 {
            assert!(dropped.elapsed() < LEASE * 20, "nobody takes it back");
            tokio::time::sleep(LEASE / 60).await;
        }
    }
}
