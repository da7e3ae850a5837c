//! The life of findings.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Level;
use trimtab_store::{
    Contents, Cursor, FindingFilter, FindingOrder, FindingState, GroupBy, JudgedBy, Known, Listed,
    Matched, NewComponent, NewDeployment, NewSnapshot, Org, Outcome, Settled, Store, Weighed,
};

use crate::now;

pub(crate) fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// Everything is high and due a day after it was seen.
pub(crate) fn high(known: &Known) -> Option<Weighed> {
    Some(Weighed {
        level: Level::High,
        bounds: (Level::Medium, Level::High),
        probability: 0.25,
        weight: 10.0,
        deadline: Some(known.detected + SignedDuration::from_hours(24)),
        deadline_kind: "by",
        cost: Some((1.0, 3.0)),
        decision: None,
    })
}

pub(crate) fn component(name: &str, version: &str) -> NewComponent {
    NewComponent {
        purl: format!("pkg:npm/{name}@{version}"),
        package: format!("pkg:npm/{name}"),
        name: name.to_owned(),
        version: Some(version.to_owned()),
        licence: Some("MIT".to_owned()),
        registry: true,
    }
}

pub(crate) fn matched(ids: &[&str], fix: Option<&str>) -> Matched {
    Matched {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        summary: Some("Something is wrong".into()),
        kind: "vulnerability".into(),
        confidence: "high".into(),
        fix: fix.map(ToOwned::to_owned),
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) org: Org,
    pub(crate) asset: i64,
}

impl World {
    pub(crate) async fn new(store: Store) -> World {
        World::named(store, "A").await
    }

    pub(crate) async fn named(store: Store, name: &str) -> World {
        let org = store.add_organisation(name, now()).await.unwrap();
        let asset = store.put_asset(org, "repo", "repository", None, now()).await.unwrap().id;
        World { store, org, asset }
    }

    /// Makes a document that lists components, each with what the matcher says of it.
    pub(crate) async fn document(&self, digest: &str, components: &[(NewComponent, Vec<Matched>)]) {
        let new: Vec<_> = components.iter().map(|(c, _)| c.clone()).collect();
        let ids = self.store.put_components(self.org, &new).await.unwrap();
        let answers: Vec<_> =
            ids.iter().zip(components).map(|((id, _), (_, m))| (*id, m.clone())).collect();
        self.store.put_matches(self.org, &answers, later(3)).await.unwrap();
        let mut listed: Vec<Listed> = ids
            .iter()
            .map(|(id, _)| Listed {
                component: *id,
                scope: "runtime".into(),
                relation: "direct".into(),
                files: 1,
            })
            .collect();
        listed.sort_by_key(|one| one.component);
        let contents = Contents { listed, unknowns: 0 };
        self.store.put_contents(self.org, digest, &contents).await.unwrap();
        assert_eq!(self.store.contents(self.org, digest).await.unwrap(), Some(contents));
    }

    pub(crate) async fn push(&self, digest: &str, at: Timestamp) -> Settled {
        let new = NewSnapshot { document: digest.into(), ..NewSnapshot::default() };
        let production = ["production".to_owned()];
        let add = self.store.add_snapshot(
            self.org,
            self.asset,
            &new,
            JudgedBy::new(&production, &high, at),
            "token:1",
        );
        add.await.unwrap()
    }

    pub(crate) async fn deploy(&self, snapshot: i64, outcome: Outcome, at: Timestamp) -> Settled {
        let new = NewDeployment {
            asset: self.asset,
            environment: "production".into(),
            snapshot,
            outcome,
            at,
        };
        let production = ["production".to_owned()];
        self.store
            .add_deployment(self.org, &new, JudgedBy::new(&production, &high, at), "token:1")
            .await
            .unwrap()
            .1
    }

    pub(crate) async fn state(&self, id: i64) -> (FindingState, Option<bool>) {
        let finding = self.store.finding(self.org, id).await.unwrap().unwrap();
        (finding.state, finding.production)
    }

    pub(crate) async fn kinds(&self, finding: i64) -> Vec<String> {
        let history = self.store.history(self.org, finding).await.unwrap();
        history.into_iter().map(|e| e.kind).collect()
    }

    async fn load(&self) -> f64 {
        self.store.load(self.org, &FindingFilter::default()).await.unwrap()
    }
}

pub(crate) fn left(version: &str, bad: bool) -> (NewComponent, Vec<Matched>) {
    let ids = ["CVE-2026-1", "GHSA-aaaa"];
    let says = if bad { vec![matched(&ids, Some("2.0.0"))] } else { Vec::new() };
    (component("left", version), says)
}

pub(crate) async fn a_finding_lives_from_detected_to_deployed(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true), (component("right", "1.0.0"), vec![])]).await;
    world.document("d2", &[left("2.0.0", false), (component("right", "1.0.0"), vec![])]).await;
    let first = world.push("d1", later(0)).await;
    let [id] = first.detected[..] else { panic!("{first:?}") };
    assert_eq!(world.state(id).await, (FindingState::Open, None), "it is not known what runs");
    assert_eq!(world.load().await, 10.0, "and counts all the same");
    world.deploy(first.snapshot.unwrap(), Outcome::Ok, later(1)).await;
    assert_eq!(world.state(id).await, (FindingState::Open, Some(true)));

    let second = world.push("d2", later(2)).await;
    assert_eq!(second.merged, [id], "{second:?}");
    assert_eq!(world.state(id).await, (FindingState::Merged, Some(true)));
    assert_eq!(world.load().await, 10.0, "what runs is still the old one");
    world.deploy(second.snapshot.unwrap(), Outcome::Failed, later(3)).await;
    assert_eq!(
        world.state(id).await,
        (FindingState::Merged, Some(true)),
        "a failed one does not count"
    );
    let third = world.deploy(second.snapshot.unwrap(), Outcome::Ok, later(4)).await;
    assert_eq!(third.fixed, [id]);
    assert_eq!(world.state(id).await, (FindingState::Fixed, Some(false)));
    assert_eq!(world.load().await, 0.0);
    let expected = ["detected", "assessed", "assessed", "merged", "fixed"];
    assert_eq!(world.kinds(id).await, expected);
    let finding = world.store.finding(world.org, id).await.unwrap().unwrap();
    assert_eq!((finding.detected, finding.fixed), (later(0), Some(later(4))));
    let attributions = world.store.attributions(world.org, id).await.unwrap();
    assert_eq!(attributions.len(), 1);
    assert_eq!(attributions[0].until, Some(later(4)));
    assert_eq!(world.store.verify_ledger(world.org).await.unwrap().1, None);
    let notices = world.store.unsent(world.org, 10).await.unwrap();
    assert_eq!(notices.len(), 1, "one notice for one change");
    assert!(world.store.note_sent(world.org, notices[0].id, later(5)).await.unwrap());
    assert!(!world.store.note_sent(world.org, notices[0].id, later(5)).await.unwrap());
}

pub(crate) async fn a_new_version_and_a_new_alias_keep_the_finding(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    let [id] = world.push("d1", later(0)).await.detected[..] else { panic!() };
    // The next version has it too, under another leading name.
    let other = matched(&["GHSA-aaaa", "PYSEC-1"], Some("2.0.0"));
    world.document("d2", &[(component("left", "1.1.0"), vec![other])]).await;
    let second = world.push("d2", later(1)).await;
    assert!(second.is_quiet(), "{second:?}");
    let finding = world.store.finding(world.org, id).await.unwrap().unwrap();
    assert_eq!(finding.component.1, "pkg:npm/left@1.1.0");
    assert_eq!(finding.detected, later(0), "the clock is not set back");
    let vulnerability = finding.vulnerability.0;
    let names = world.store.aliases(world.org, vulnerability).await.unwrap();
    assert_eq!(names, ["CVE-2026-1", "GHSA-aaaa", "PYSEC-1"]);

    // Two groups turn out to be one: the finding that both had stays one, with its first day.
    let apart = matched(&["OSV-9"], None);
    let both = vec![apart, matched(&["CVE-2026-1"], Some("2.0.0"))];
    world.document("d3", &[(component("left", "1.2.0"), both)]).await;
    let third = world.push("d3", later(2)).await;
    assert_eq!(third.detected.len(), 1);
    let joined = matched(&["CVE-2026-1", "OSV-9"], Some("2.0.0"));
    world.document("d4", &[(component("left", "1.3.0"), vec![joined])]).await;
    world.push("d4", later(3)).await;
    let live = FindingFilter::default();
    let page = world.store.findings(world.org, &live, FindingOrder::Level, None, 10).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(page.rows[0].id, id);
    assert_eq!(page.rows[0].detected, later(0));
    let of = world.store.vulnerability_of(world.org, "OSV-9").await.unwrap();
    assert_eq!(of.map(|(id, _)| id), Some(vulnerability));
    // The ledger has an end of the one that went, and says where it went.
    let told = world.store.ledger(world.org, 0, 100).await.unwrap();
    let ends: Vec<_> = told.iter().filter(|entry| entry.kind == "retracted").collect();
    assert_eq!(ends.len(), 1, "{told:?}");
    assert_eq!(ends[0].finding, Some(third.detected[0]));
    let data: serde_json::Value = serde_json::from_str(&ends[0].data).unwrap();
    assert_eq!(data["into"], id);
    let is = |entry: &&trimtab_store::Entry| entry.data.contains("\"what\":\"joined\"");
    let names = told.iter().find(is).expect("an entry of the names");
    assert!(names.data.contains("\"from\":\"OSV-9\""), "{names:?}");
    assert!(names.data.contains("\"to\":\"CVE-2026-1\""), "{names:?}");
}

pub(crate) async fn an_acceptance_is_added_once_and_in_its_order(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    world.document("d2", &[left("1.0.1", false)]).await;
    let add = async |document: &str, revision: &str, received: Timestamp, at: Timestamp| {
        let new = NewSnapshot {
            document: document.into(),
            revision: Some(revision.into()),
            received: Some(received),
            ..NewSnapshot::default()
        };
        let (org, asset) = (world.org, world.asset);
        world
            .store
            .add_snapshot(org, asset, &new, JudgedBy::new(&[], &high, at), "token:1")
            .await
            .unwrap()
    };
    let newer = add("d2", "r2", later(2), later(3)).await;
    // The one before it comes late: it is kept, and nothing is detected of what is over.
    let older = add("d1", "r1", later(1), later(4)).await;
    assert!(older.is_quiet() && older.snapshot != newer.snapshot, "{older:?}");
    // A worker that died before it said so does it again.
    for (document, revision, received, is) in
        [("d1", "r1", later(1), older.snapshot), ("d2", "r2", later(2), newer.snapshot)]
    {
        let again = add(document, revision, received, later(5)).await;
        assert_eq!((again.snapshot, again.is_quiet()), (is, true));
    }
    let asset = world.store.asset(world.org, world.asset).await.unwrap().unwrap();
    assert_eq!(asset.asset.latest, newer.snapshot);
    let all = world.store.snapshots(world.org, world.asset, 10).await.unwrap();
    let revisions: Vec<_> = all.iter().map(|s| s.revision.as_deref()).collect();
    assert_eq!(revisions, [Some("r2"), Some("r1")], "the newest first");
    // The same again, accepted once more, is one more.
    let third = add("d1", "r1", later(6), later(6)).await;
    assert_eq!(third.detected.len(), 1);
    assert_eq!(world.store.verify_ledger(world.org).await.unwrap().1, None);
}

pub(crate) async fn a_rollback_brings_it_back(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    world.document("d2", &[left("2.0.0", false)]).await;
    let old = world.push("d1", later(0)).await;
    let [id] = old.detected[..] else { panic!() };
    world.deploy(old.snapshot.unwrap(), Outcome::Ok, later(1)).await;
    let new = world.push("d2", later(2)).await;
    world.deploy(new.snapshot.unwrap(), Outcome::Ok, later(3)).await;
    assert_eq!(world.state(id).await.0, FindingState::Fixed);
    let back = world.deploy(old.snapshot.unwrap(), Outcome::RolledBack, later(4)).await;
    assert_eq!(back.regressed, [id]);
    assert_eq!(world.state(id).await, (FindingState::Merged, Some(true)));
    // It runs, and is not on the main line: since now, and the ledger says so, after what it weighs.
    let finding = world.store.finding(world.org, id).await.unwrap().unwrap();
    assert_eq!(finding.merged, Some(later(4)), "not when it was merged at first");
    let told = world.store.ledger(world.org, 0, 100).await.unwrap();
    let own = told.iter().filter(|entry| entry.finding == Some(id));
    let own: Vec<&str> = own.map(|entry| entry.kind.as_str()).collect();
    assert_eq!(own.get(own.len() - 3..), Some(&["regressed", "assessed", "merged"][..]), "{own:?}");
    assert_eq!(world.load().await, 10.0);
    // It was gone for an hour: it wins no new deadline, and the ledger tells since when its term runs.
    let kept = |is: &trimtab_store::Finding| (is.detected, is.weighed.as_ref().unwrap().deadline);
    assert_eq!(kept(&finding), (later(0), Some(later(24))));
    let back = told.iter().rfind(|entry| entry.kind == "regressed").unwrap();
    let data: serde_json::Value = serde_json::from_str(&back.data).unwrap();
    assert_eq!(data["since"], later(0).to_string());
    // A report that comes late changes nothing.
    let late = world.deploy(new.snapshot.unwrap(), Outcome::Ok, later(3)).await;
    assert!(late.is_quiet());
    assert_eq!(world.state(id).await, (FindingState::Merged, Some(true)));
    // What was gone for longer than 30 days begins anew.
    world.deploy(new.snapshot.unwrap(), Outcome::Ok, later(5)).await;
    assert_eq!(world.state(id).await.0, FindingState::Fixed);
    let month = later(6 + 30 * 24);
    world.deploy(old.snapshot.unwrap(), Outcome::RolledBack, month).await;
    let finding = world.store.finding(world.org, id).await.unwrap().unwrap();
    assert_eq!(kept(&finding), (month, Some(month + SignedDuration::from_hours(24))));
    let told = world.store.ledger(world.org, 0, 100).await.unwrap();
    let back = told.iter().rfind(|entry| entry.kind == "regressed").unwrap();
    assert!(!back.data.contains("since"), "{}", back.data);
}

pub(crate) async fn what_stopped_is_known_not_to_run(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    let old = world.push("d1", later(0)).await;
    let [id] = old.detected[..] else { panic!() };
    let snapshot = old.snapshot.unwrap();
    assert_eq!(world.state(id).await, (FindingState::Open, None), "nobody said what runs");
    world.deploy(snapshot, Outcome::Ok, later(1)).await;
    assert_eq!(
        (world.state(id).await, world.load().await),
        ((FindingState::Open, Some(true)), 10.0)
    );
    world.deploy(snapshot, Outcome::Stopped, later(3)).await;
    assert_eq!(
        (world.state(id).await, world.load().await),
        ((FindingState::Open, Some(false)), 0.0)
    );
    // Told late, that it ran before it stopped changes nothing.
    assert!(world.deploy(snapshot, Outcome::Ok, later(2)).await.is_quiet());
    assert_eq!(world.state(id).await, (FindingState::Open, Some(false)));
    world.deploy(snapshot, Outcome::Ok, later(4)).await;
    assert_eq!(
        (world.state(id).await, world.load().await),
        ((FindingState::Open, Some(true)), 10.0)
    );
    // And that it stopped before it ran again, neither.
    assert!(world.deploy(snapshot, Outcome::Stopped, later(3)).await.is_quiet());
    assert_eq!(world.state(id).await, (FindingState::Open, Some(true)));
    // What only ran is gone with it.
    world.document("d2", &[left("2.0.0", false)]).await;
    world.push("d2", later(5)).await;
    assert_eq!(world.state(id).await, (FindingState::Merged, Some(true)));
    let stopped = world.deploy(snapshot, Outcome::Stopped, later(6)).await;
    assert_eq!((stopped.fixed, world.state(id).await.0), (vec![id], FindingState::Fixed));
}

pub(crate) async fn a_cluster_lists_all_that_it_runs(store: Store) {
    let world = World::new(store).await;
    let all = |ids: &[i64]| ids.iter().copied().collect();
    let gone = async |cluster: &str, seen: &[i64]| {
        let gone = world
            .store
            .no_longer_seen(world.org, "production", cluster, &all(seen), later(1))
            .await;
        world.store.saw(world.org, "production", cluster, &all(seen), later(1)).await.unwrap();
        gone.unwrap()
    };
    assert!(gone("west", &[1, 2, 3]).await.is_empty());
    assert!(gone("east", &[3]).await.is_empty());
    assert_eq!(gone("west", &[1]).await, [2], "the third is in the east");
    assert_eq!(gone("east", &[]).await, [3]);
    assert!(gone("east", &[2]).await.is_empty());
    // Another environment is another matter.
    let none = all(&[]);
    let ask = async |environment: &str, now| {
        world.store.no_longer_seen(world.org, environment, "west", &none, now).await.unwrap()
    };
    assert!(ask("staging", later(1)).await.is_empty());
    assert_eq!(gone("west", &[]).await, [1]);
    // A cluster that sends no list any longer keeps nothing running.
    assert!(gone("west", &[2]).await.is_empty());
    assert!(ask("production", later(24 * 7)).await.is_empty(), "it is in the east");
    assert_eq!(ask("production", later(24 * 7 + 2)).await, [2]);
}

pub(crate) async fn a_withdrawn_advisory_is_told_apart_from_a_fix(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    let [id] = world.push("d1", later(0)).await.detected[..] else { panic!() };
    let ids = world.store.put_components(world.org, &[component("left", "1.0.0")]).await.unwrap();
    assert!(ids[0].1, "the matcher was asked");
    let changed =
        world.store.put_matches(world.org, &[(ids[0].0, vec![])], later(3)).await.unwrap();
    assert_eq!(changed, [ids[0].0]);
    let touched = world.store.assets_carrying(world.org, &changed).await.unwrap();
    assert_eq!(touched, [world.asset]);
    let (org, asset) = (world.org, world.asset);
    let left = ["pkg:npm/left".to_owned()];
    let packages = world.store.touched_packages(org, &left, &[]).await.unwrap();
    let change =
        world.store.settle_change(org, &touched, &packages, JudgedBy::new(&[], &high, later(1)));
    assert_eq!(change.await.unwrap().0[0].retracted, [id]);
    let again = world.store.settle(org, asset, JudgedBy::new(&[], &high, later(2))).await.unwrap();
    assert!(again.is_quiet(), "what it carries was as it had been");
    assert_eq!(world.state(id).await.0, FindingState::Retracted);
    assert_eq!(world.load().await, 0.0);
    // The same answer again touches nothing.
    assert!(
        world
            .store
            .put_matches(world.org, &[(ids[0].0, vec![])], later(3))
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn lists_are_paged_without_gaps_or_repeats(store: Store) {
    let world = World::new(store).await;
    let many: Vec<_> = (0..57)
        .map(|n| {
            let id = format!("CVE-2026-{n}");
            (
                component(&format!("p{:02}", n % 20), &format!("1.0.{n}")),
                vec![matched(&[&id], Some("2"))],
            )
        })
        .collect();
    world.document("d", &many).await;
    let settled = world.push("d", now()).await;
    assert_eq!((settled.detected.len(), settled.live), (57, 57));
    let all = FindingFilter::default();
    for order in [FindingOrder::Level, FindingOrder::Deadline, FindingOrder::Newest] {
        let mut seen = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = world.store.findings(world.org, &all, order, after, 10).await.unwrap();
            seen.extend(page.rows.iter().map(|f| f.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((seen.len(), sorted.len()), (57, 57), "{order:?}");
    }
    let count = world.store.count_findings(world.org, &all).await.unwrap();
    assert_eq!((count.number, count.is_least), (57, false));
    let groups = world.store.group_findings(world.org, &all, GroupBy::Package, 100).await.unwrap();
    assert_eq!(groups.len(), 20);
    assert_eq!(groups.iter().map(|g| g.findings).sum::<i64>(), 57);
    for by in
        [GroupBy::Action, GroupBy::Vulnerability, GroupBy::System, GroupBy::Team, GroupBy::Level]
    {
        let groups = world.store.group_findings(world.org, &all, by, 100).await.unwrap();
        assert_eq!(groups.iter().map(|g| g.findings).sum::<i64>(), 57, "{by:?}");
        assert_eq!(groups.iter().map(|g| g.weight).sum::<f64>(), 570.0, "{by:?}");
    }
    let none = FindingFilter { systems: Some(Vec::new()), ..FindingFilter::default() };
    assert_eq!(world.store.count_findings(world.org, &none).await.unwrap().number, 0);
    let package = FindingFilter { package: Some("pkg:npm/p03".into()), ..FindingFilter::default() };
    assert_eq!(world.store.count_findings(world.org, &package).await.unwrap().number, 3);
}

pub(crate) async fn settling_twice_changes_nothing(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    world.push("d1", later(0)).await;
    let before = world.store.ledger(world.org, 0, 100).await.unwrap();
    let again = world
        .store
        .settle(world.org, world.asset, JudgedBy::new(&[], &high, later(5)))
        .await
        .unwrap();
    assert!(again.is_quiet());
    assert_eq!(again.live, 1);
    let (org, asset) = (world.org, world.asset);
    let names = ["GHSA-aaaa".to_owned()];
    let packages = world.store.touched_packages(org, &[], &names).await.unwrap();
    assert!(packages.iter().eq(["pkg:npm/left"]));
    let assets = [asset];
    let again =
        world.store.settle_change(org, &assets, &packages, JudgedBy::new(&[], &high, later(5)));
    let again = again.await.unwrap().0;
    assert!(again[0].is_quiet());
    assert_eq!(again[0].live, 1);
    assert_eq!(world.store.ledger(world.org, 0, 100).await.unwrap(), before);
    let critical =
        |known: &Known| high(known).map(|w| Weighed { level: Level::Critical, weight: 40.0, ..w });
    let graver = world
        .store
        .settle(world.org, world.asset, JudgedBy::new(&[], &critical, later(6)))
        .await
        .unwrap();
    assert_eq!(graver.reassessed.len(), 1);
    assert_eq!(world.load().await, 40.0);
}

pub(crate) async fn two_at_once_settle_one_after_the_other(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    world
        .document(
            "d2",
            &[left("1.0.0", true), (component("b", "1"), vec![matched(&["CVE-9"], None)])],
        )
        .await;
    let (a, b) = tokio::join!(world.push("d1", later(0)), world.push("d2", later(1)));
    assert_ne!(a.snapshot, b.snapshot);
    let detected = a.detected.len() + b.detected.len();
    assert_eq!(detected, 2, "{a:?} {b:?}");
    assert_eq!(world.store.verify_ledger(world.org).await.unwrap().1, None);
}

pub(crate) async fn a_first_snapshot_may_have_thousands_of_findings(store: Store) {
    let world = World::new(store).await;
    let many: Vec<_> = (0..3000)
        .map(|n| {
            let id = format!("CVE-2026-{n}");
            (component(&format!("p{n}"), "1.0.0"), vec![matched(&[&id], None)])
        })
        .collect();
    world.document("d", &many).await;
    let settled = world.push("d", now()).await;
    assert_eq!((settled.detected.len(), settled.live), (3000, 3000));
    let fewer: Vec<_> = many.into_iter().take(10).collect();
    world.document("e", &fewer).await;
    assert_eq!(world.push("e", later(1)).await.fixed.len(), 2990);
}

pub(crate) async fn an_asset_with_a_long_past_may_have_many_new_ones(store: Store) {
    let world = World::new(store).await;
    let some = |from: usize| -> Vec<_> {
        let one = |n: usize| {
            let id = format!("CVE-2026-{n}");
            (component(&format!("p{n}"), "1.0.0"), vec![matched(&[&id], None)])
        };
        (from..from + 400).map(one).collect()
    };
    for (n, digest) in ["a", "b", "c", "d"].into_iter().enumerate() {
        world.document(digest, &some(n * 1000)).await;
        world.push(digest, later(n as i64)).await;
    }
    // Nothing of it is left, and then as many others come as there never were before.
    world.document("none", &[left("1.0.0", false)]).await;
    world.push("none", later(5)).await;
    world.document("e", &some(9000)).await;
    assert_eq!(world.push("e", later(6)).await.detected.len(), 400);
}
