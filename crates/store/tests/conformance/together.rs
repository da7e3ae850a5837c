//! Several calls in one transaction: all of them take effect, or none.

use std::time::Duration;

use trimtab_store::{JudgedBy, NewJob, NewSnapshot, Priority, Store};

use crate::now;

fn work(org: trimtab_store::Org, name: &str) -> NewJob {
    NewJob {
        org,
        kind: "read-document".into(),
        name: name.into(),
        payload: serde_json::json!({}),
        priority: Priority::Upload,
        run_at: now(),
    }
}

pub(crate) async fn what_is_done_together_is_done_or_not(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let together = store.together().await.unwrap();
    let asset = together.store().put_asset(org, "shop", "repository", None, now()).await.unwrap();
    let job = together.store().add_job(&work(org, "one"), now()).await.unwrap();
    assert!(together.store().asset(org, asset.id).await.unwrap().is_some(), "seen within");
    assert_eq!(store.asset_of_name(org, "shop").await.unwrap(), None, "not yet seen by others");
    together.commit().await.unwrap();
    assert_eq!(store.asset_of_name(org, "shop").await.unwrap().map(|a| a.id), Some(asset.id));
    // Dropped, nothing of it was.
    let together = store.together().await.unwrap();
    let lost = together.store().put_asset(org, "gone", "repository", None, now()).await.unwrap();
    together.store().add_job(&work(org, "two"), now()).await.unwrap();
    drop(together);
    assert_eq!(store.asset_of_name(org, "gone").await.unwrap(), None);
    let taken = store.take_job("w", 9, Duration::from_secs(9), &[], now()).await.unwrap().unwrap();
    assert_eq!((taken.id, &*taken.name), (job, "one"));
    assert_eq!(store.take_job("w", 9, Duration::from_secs(9), &[], now()).await.unwrap(), None);
    // Its numbers are free again, and never given twice among what is there.
    let next = store.put_asset(org, "next", "repository", None, now()).await.unwrap();
    assert!(next.id != asset.id && next.id <= lost.id, "{next:?}");
    let more = store.add_job(&work(org, "three"), now()).await.unwrap();
    assert_ne!(more, job);
}

pub(crate) async fn a_call_that_gives_up_undoes_the_whole(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let asset = store.put_asset(org, "shop", "repository", None, now()).await.unwrap();
    let together = store.together().await.unwrap();
    together.store().add_job(&work(org, "one"), now()).await.unwrap();
    let new = NewSnapshot {
        document: "never read".into(),
        revision: None,
        branch: None,
        build: None,
        received: None,
    };
    let weigh = |_: &_| None;
    // It writes the snapshot before it finds that nobody read the document.
    let added = together
        .store()
        .add_snapshot(org, asset.id, &new, JudgedBy::new(&[], &weigh, now()), "ci")
        .await;
    assert!(added.is_err(), "{added:?}");
    assert!(together.store().add_job(&work(org, "two"), now()).await.is_err(), "it is over");
    assert!(together.commit().await.is_err());
    assert_eq!(store.take_job("w", 9, Duration::from_secs(9), &[], now()).await.unwrap(), None);
    assert_eq!(store.asset(org, asset.id).await.unwrap().unwrap().asset.latest, None);
}

pub(crate) async fn what_need_not_wait_for_the_disk_is_seen_at_once(store: Store) {
    let soon = store.soon();
    let org = soon.add_organisation("A", now()).await.unwrap();
    soon.put_asset(org, "shop", "repository", None, now()).await.unwrap();
    assert!(store.asset_of_name(org, "shop").await.unwrap().is_some());
    store.flush().await.unwrap();
    soon.flush().await.unwrap();
}
