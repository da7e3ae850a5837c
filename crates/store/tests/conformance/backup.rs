//! Copies, backups, and what is let go.

use jiff::SignedDuration;
use serde_json::json;
use trimtab_model::Level;
use trimtab_store::{
    Contents, EventKind, JudgedBy, Keep, Known, Listed, Matched, NewComponent, NewDecision,
    NewDeployment, NewEvent, NewPerson, NewSnapshot, Org, Outcome, Store, StoreError, Team, UpTo,
    Weighed,
};

use crate::{exception, fresh, now};

fn weigh(known: &Known) -> Option<Weighed> {
    Some(Weighed {
        level: Level::High,
        bounds: (Level::Low, Level::Critical),
        probability: 0.1 + 0.2,
        weight: 1.0 / 3.0,
        deadline: Some(known.detected + SignedDuration::from_hours(24)),
        deadline_kind: "by",
        cost: None,
        decision: None,
    })
}

/// Bytes that zstd cannot make smaller, more of them each time.
fn bytes(n: usize) -> Vec<u8> {
    let mut state = n as u64 + 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..if n < 4 { 1000 } else { 1_300_000 }).map(next).collect()
}

/// Two organisations with something of everything, more than one block of it.
async fn fill(store: &Store) -> Org {
    let org = store.add_organisation("Ferries", now()).await.unwrap();
    let other = store.add_organisation("„Ünïcode“ 'quoted'", now()).await.unwrap();
    let person = NewPerson { email: "x@example.org".into(), name: "X".into(), subject: None };
    for org in [org, other] {
        store.add_person(org, &person, &[], "trimtab", now()).await.unwrap();
    }
    let team =
        Team { id: 0, name: "Team".into(), cadence: None, capacity: Some(0.1), open_limit: None };
    store.put_team(org, &team, "trimtab", now()).await.unwrap();
    let asset = store.put_asset(org, "repo", "repository", None, now()).await.unwrap().id;
    let new: Vec<NewComponent> = (0..900)
        .map(|n| NewComponent {
            purl: format!("pkg:npm/p{n}@1.0.0"),
            package: format!("pkg:npm/p{n}"),
            name: format!("p{n}"),
            version: Some("1.0.0".into()),
            licence: (n % 2 == 0).then(|| "MIT".into()),
            registry: n % 3 != 0,
        })
        .collect();
    let ids = store.put_components(org, &new).await.unwrap();
    let matched = |n: usize| Matched {
        ids: vec![format!("CVE-2026-{n}")],
        summary: None,
        kind: "vulnerability".into(),
        confidence: "high".into(),
        fix: None,
    };
    let answers: Vec<_> =
        ids.iter().enumerate().map(|(n, (id, _))| (*id, vec![matched(n); n % 2])).collect();
    store.put_matches(org, &answers, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    let listed = |ids: &[(i64, bool)]| -> Vec<Listed> {
        let one = |(id, _): &(i64, bool)| Listed {
            component: *id,
            scope: "runtime".into(),
            relation: "direct".into(),
            files: 1,
        };
        ids.iter().map(one).collect()
    };
    // The first finds something, the second is deployed, the third ends something; then nothing happens.
    for (n, digest) in ["d0", "d1", "d2", "d3", "d4"].into_iter().enumerate() {
        let bytes = bytes(n);
        let at = now() + SignedDuration::from_hours(n as i64);
        store.put_document(org, digest, &bytes, at).await.unwrap();
        let contents = Contents { listed: listed(&ids[n.min(2)..]), unknowns: 1 };
        store.put_contents(org, digest, &contents).await.unwrap();
        // Accepted before it was read, as by a job.
        let received = Some(at - SignedDuration::from_mins(30));
        let snapshot = NewSnapshot { document: digest.into(), received, ..NewSnapshot::default() };
        let production = ["production".to_owned()];
        let settled = store
            .add_snapshot(org, asset, &snapshot, JudgedBy::new(&production, &weigh, at), "token:1")
            .await;
        if n == 1 {
            let new = NewDeployment {
                asset,
                environment: "production".into(),
                snapshot: settled.unwrap().snapshot.unwrap(),
                outcome: Outcome::Ok,
                at,
            };
            store
                .add_deployment(org, &new, JudgedBy::new(&production, &weigh, at), "token:1")
                .await
                .unwrap();
        } else {
            settled.unwrap();
        }
    }
    let decision = NewDecision {
        vulnerability: Some("CVE-2026-1".into()),
        asset: Some(asset),
        reason: "Soon gone.\nReally.".into(),
        expires: Some(now()),
        ..exception()
    };
    store.ask(org, &decision, "person:1", now()).await.unwrap();
    let event = |n: usize| NewEvent {
        kind: EventKind::Changed,
        at: now(),
        actor: "person:1".into(),
        system: None,
        asset: None,
        finding: None,
        data: json!({ "n": n, "text": "„ünïcode“ \u{0}x" }),
    };
    store.tell(other, &(0..1000).map(event).collect::<Vec<_>>()).await.unwrap();
    org
}

/// Whether two hold the same: every row of every table, and what questions tell.
async fn same(a: &Store, b: &Store, org: Org) {
    assert_eq!(a.sums().await.unwrap(), b.sums().await.unwrap());
    assert_eq!(a.ledger(org, 0, 5000).await.unwrap(), b.ledger(org, 0, 5000).await.unwrap());
    for (n, digest) in ["d0", "d4"].into_iter().zip([0, 4]).map(|(d, n)| (n, d)) {
        assert!(b.document_bytes(org, digest).await.unwrap() == Some(bytes(n)), "{digest}");
        let (one, other) = (a.contents(org, digest).await, b.contents(org, digest).await);
        assert_eq!(one.unwrap(), other.unwrap());
    }
    for id in [1, 2, 449, 450] {
        assert_eq!(a.finding(org, id).await.unwrap(), b.finding(org, id).await.unwrap());
    }
}

pub(crate) async fn a_copy_loses_nothing(store: Store) {
    let org = fill(&store).await;
    for (target, _folder) in fresh("a_copy_loses_nothing").await {
        let carried = store.copy_to(&target).await.unwrap();
        assert_eq!(carried.sums["component"].rows, 900);
        assert_eq!(carried.sums["document"].rows, 5);
        assert!(carried.sums["document_piece"].rows >= 2, "{carried:?}");
        assert!(carried.entries > 1900, "{carried:?}");
        same(&store, &target, org).await;
        // Once more is refused, and changes nothing.
        assert!(matches!(store.copy_to(&target).await, Err(StoreError::Refused(_))));
        same(&store, &target, org).await;
        let seen = store.sums().await.unwrap();
        // One row that is another is seen.
        target.note_feed("x", "fresh", true, None, now()).await.unwrap();
        assert_ne!(target.sums().await.unwrap(), seen);
        // It goes on where the other stood: no id is given out twice.
        let asset = target.put_asset(org, "next", "repository", None, now()).await.unwrap();
        assert!(asset.id > 1);
        target.close().await;
    }
}

pub(crate) async fn a_backup_comes_back_whole(store: Store) {
    let org = fill(&store).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    store.backup(&path).await.unwrap();
    assert!(
        matches!(store.backup(&path).await, Err(StoreError::Exists(_))),
        "nothing is overwritten"
    );
    for (target, _folder) in fresh("a_backup_comes_back_whole").await {
        target.restore(&path).await.unwrap();
        same(&store, &target, org).await;
        assert!(target.restore(&path).await.is_err(), "it is not empty");
        // Between equal engines every byte is the same: their tables are in the same order.
        if store.engine() == target.engine() {
            let again = folder.path().join("again");
            target.backup(&again).await.unwrap();
            assert!(std::fs::read(&again).unwrap() == std::fs::read(&path).unwrap());
        }
        target.close().await;
    }
}

pub(crate) async fn a_damaged_backup_is_refused_and_leaves_the_store_empty(store: Store) {
    fill(&store).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    store.backup(&path).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    let broken = folder.path().join("broken");
    let file = folder.path().join("t.sqlite");
    let target = Store::open(file.to_str().unwrap(), now()).await.unwrap();
    let empty = target.sums().await.unwrap();
    let cut = [0, 10, 100, whole.len() / 2, whole.len() - 10].map(|at| whole[..at].to_vec());
    let turned = [100, whole.len() / 3, whole.len() - 3].map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        bytes
    });
    for (n, bytes) in cut.into_iter().chain(turned).enumerate() {
        std::fs::write(&broken, &bytes).unwrap();
        assert!(target.restore(&broken).await.is_err(), "damage {n}");
        assert_eq!(target.sums().await.unwrap(), empty, "damage {n}");
    }
    target.restore(&path).await.unwrap();
    target.close().await;
    assert!(store.restore(&folder.path().join("none")).await.is_err());
}

pub(crate) async fn what_is_evidence_is_never_let_go(store: Store) {
    let org = fill(&store).await;
    let entries = store.verify_ledger(org).await.unwrap();
    let much_later = now() + SignedDuration::from_hours(24 * 4000);
    let keep = |documents| Keep { documents, letters: None, verdicts: None, rest: much_later };
    let kept = store.forget(org, &keep(None)).await.unwrap();
    assert_eq!(kept.documents, 0, "without a word every byte is kept");
    let gone = store.forget(org, &keep(Some(much_later))).await.unwrap();
    assert_eq!(gone.documents, 1, "{gone:?}");
    for digest in ["d0", "d1", "d2", "d3", "d4"] {
        let kept = store.document_bytes(org, digest).await.unwrap().is_some();
        assert_eq!(kept, digest != "d3", "{digest}");
        assert!(store.contents(org, digest).await.unwrap().is_some(), "{digest}");
    }
    assert_eq!(store.verify_ledger(org).await.unwrap(), entries);
    assert_eq!(store.snapshots(org, 1, 10).await.unwrap().len(), 5);
    assert!(store.decision(org, 1).await.unwrap().is_some());
    assert_eq!(store.forget(org, &keep(Some(much_later))).await.unwrap().documents, 0);
    // Who sends it again finds it taken in as new.
    assert!(store.put_document(org, "d3", &bytes(3), now()).await.unwrap());
}

pub(crate) async fn notices_go_when_they_were_sent_or_are_old(store: Store) {
    let org = fill(&store).await;
    let other = store.put_asset(org, "other", "repository", None, now()).await.unwrap().id;
    let snapshot = NewSnapshot { document: "d0".into(), ..NewSnapshot::default() };
    let by = JudgedBy::new(&[], &weigh, now());
    store.add_snapshot(org, other, &snapshot, by, "token:1").await.unwrap();
    let notices = store.unsent(org, 10).await.unwrap();
    assert_eq!(notices.len(), 2, "{notices:?}");
    let entries = store.verify_ledger(org).await.unwrap();
    // Nothing is old: what was sent goes, and the rest waits for whoever sends it.
    let keep = Keep { documents: None, letters: None, verdicts: None, rest: now() };
    assert_eq!(store.forget(org, &keep).await.unwrap().notices, 0);
    let (first, second) = (notices[0].id, notices[1].id);
    assert!(store.note_sent(org, first, now()).await.unwrap());
    assert_eq!(store.forget(org, &keep).await.unwrap().notices, 1);
    let left: Vec<i64> = store.unsent(org, 10).await.unwrap().iter().map(|n| n.id).collect();
    assert_eq!(left, [second]);
    assert!(!store.note_sent(org, first, now()).await.unwrap(), "it is not sent twice");
    // Much later the rest is old, of this organisation only; what it told stays in the ledger.
    let keep = Keep {
        documents: None,
        letters: None,
        verdicts: None,
        rest: now() + SignedDuration::from_hours(24 * 4000),
    };
    let others = store.organisations().await.unwrap();
    for is in others.iter().filter(|is| is.org != org) {
        assert_eq!(store.forget(is.org, &keep).await.unwrap().notices, 0);
    }
    assert_eq!(store.forget(org, &keep).await.unwrap().notices, 1);
    assert_eq!(store.unsent(org, 10).await.unwrap(), []);
    assert_eq!(store.verify_ledger(org).await.unwrap(), entries);
}

pub(crate) async fn a_large_document_lies_in_pieces(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (n, digest) in [(0, "small"), (4, "large")] {
        let (path, back) = (folder.path().join(digest), folder.path().join("back"));
        std::fs::write(&path, bytes(n)).unwrap();
        let file = || std::fs::File::open(&path).unwrap();
        assert!(store.put_document_file(org, digest, file(), now()).await.unwrap());
        assert!(!store.put_document_file(org, digest, file(), now()).await.unwrap());
        assert!(store.document_to_file(org, digest, &back).await.unwrap());
        assert!(std::fs::read(&back).unwrap() == bytes(n), "{digest}");
        assert!(store.document_bytes(org, digest).await.unwrap() == Some(bytes(n)), "{digest}");
        let size = store.document(org, digest).await.unwrap().unwrap().size;
        assert_eq!(size, bytes(n).len() as i64);
        let up_to = async |most| store.document_up_to(org, digest, most).await.unwrap();
        assert!(up_to(size).await == Some(UpTo::Bytes(bytes(n))), "{digest}");
        assert_eq!(up_to(size - 1).await, Some(UpTo::More), "{digest}");
    }
    let sums = store.sums().await.unwrap();
    assert!(sums["document_piece"].rows >= 2, "{sums:?}");
    assert_eq!(store.document_up_to(org, "none", 9).await.unwrap(), None);
    assert!(!store.document_to_file(org, "none", &folder.path().join("x")).await.unwrap());
}
