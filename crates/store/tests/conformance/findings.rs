//! The life of findings.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Level;
use trimtab_store::{
    Contents, Cursor, FindingFilter, FindingOrder, FindingState, GroupBy, Known, Listed, Matched,
    NewComponent, NewDeployment, NewSnapshot, Org, Outcome, Settled, Store, Weighed, WhereQuery,
};

use crate::now;

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// Everything is high and due a day after it was seen.
fn high(known: &Known) -> Option<Weighed> {
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

fn component(name: &str, version: &str) -> NewComponent {
    NewComponent {
        purl: format!("pkg:npm/{name}@{version}"),
        package: format!("pkg:npm/{name}"),
        name: name.to_owned(),
        version: Some(version.to_owned()),
        licence: Some("MIT".to_owned()),
        registry: true,
    }
}

fn matched(ids: &[&str], fix: Option<&str>) -> Matched {
    Matched {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        summary: Some("Something is wrong".into()),
        kind: "vulnerability".into(),
        confidence: "high".into(),
        fix: fix.map(ToOwned::to_owned),
    }
}

struct World {
    store: Store,
    org: Org,
    asset: i64,
}

impl World {
    async fn new(store: Store) -> World {
        let org = store.add_organisation("A", now()).await.unwrap();
        let asset = store.put_asset(org, "repo", "repository", None, now()).await.unwrap().id;
        World { store, org, asset }
    }

    /// Makes a document that lists components, each with what the matcher says of it.
    async fn document(&self, digest: &str, components: &[(NewComponent, Vec<Matched>)]) {
        let new: Vec<_> = components.iter().map(|(c, _)| c.clone()).collect();
        let ids = self.store.put_components(self.org, &new).await.unwrap();
        let answers: Vec<_> =
            ids.iter().zip(components).map(|((id, _), (_, m))| (*id, m.clone())).collect();
        self.store.put_matches(self.org, &answers).await.unwrap();
        let listed = ids
            .iter()
            .map(|(id, _)| Listed {
                component: *id,
                scope: "runtime".into(),
                relation: "direct".into(),
                files: 1,
            })
            .collect();
        let contents = Contents { listed, unknowns: 0 };
        self.store.put_contents(self.org, digest, &contents).await.unwrap();
        assert_eq!(self.store.contents(self.org, digest).await.unwrap(), Some(contents));
    }

    async fn push(&self, digest: &str, at: Timestamp) -> Settled {
        let new = NewSnapshot { document: digest.into(), ..NewSnapshot::default() };
        let production = ["production".to_owned()];
        let add =
            self.store.add_snapshot(self.org, self.asset, &new, &production, &high, "token:1", at);
        add.await.unwrap()
    }

    async fn deploy(&self, snapshot: i64, outcome: Outcome, at: Timestamp) -> Settled {
        let new = NewDeployment {
            asset: self.asset,
            environment: "production".into(),
            snapshot,
            outcome,
            at,
        };
        let production = ["production".to_owned()];
        self.store
            .add_deployment(self.org, &new, &production, &high, "token:1", at)
            .await
            .unwrap()
            .1
    }

    async fn state(&self, id: i64) -> (FindingState, Option<bool>) {
        let finding = self.store.finding(self.org, id).await.unwrap().unwrap();
        (finding.state, finding.production)
    }

    async fn kinds(&self, finding: i64) -> Vec<String> {
        let history = self.store.history(self.org, finding).await.unwrap();
        history.into_iter().map(|e| e.kind).collect()
    }

    async fn load(&self) -> f64 {
        self.store.load(self.org, &FindingFilter::default()).await.unwrap()
    }
}

fn left(version: &str, bad: bool) -> (NewComponent, Vec<Matched>) {
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
    assert_eq!(world.load().await, 10.0);
    // A report that comes late changes nothing.
    let late = world.deploy(new.snapshot.unwrap(), Outcome::Ok, later(3)).await;
    assert!(late.is_quiet());
    assert_eq!(world.state(id).await, (FindingState::Merged, Some(true)));
}

pub(crate) async fn a_withdrawn_advisory_is_told_apart_from_a_fix(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    let [id] = world.push("d1", later(0)).await.detected[..] else { panic!() };
    let ids = world.store.put_components(world.org, &[component("left", "1.0.0")]).await.unwrap();
    assert!(ids[0].1, "the matcher was asked");
    let touched = world.store.put_matches(world.org, &[(ids[0].0, vec![])]).await.unwrap();
    assert_eq!(touched, [world.asset]);
    let settled = world.store.settle(world.org, world.asset, &[], &high, later(1)).await.unwrap();
    assert_eq!(settled.retracted, [id]);
    assert_eq!(world.state(id).await.0, FindingState::Retracted);
    assert_eq!(world.load().await, 0.0);
    // The same answer again touches nothing.
    assert!(world.store.put_matches(world.org, &[(ids[0].0, vec![])]).await.unwrap().is_empty());
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
    let again = world.store.settle(world.org, world.asset, &[], &high, later(5)).await.unwrap();
    assert!(again.is_quiet());
    assert_eq!(again.live, 1);
    assert_eq!(world.store.ledger(world.org, 0, 100).await.unwrap(), before);
    let critical =
        |known: &Known| high(known).map(|w| Weighed { level: Level::Critical, weight: 40.0, ..w });
    let graver =
        world.store.settle(world.org, world.asset, &[], &critical, later(6)).await.unwrap();
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

pub(crate) async fn a_package_is_found_wherever_it_is(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true), (component("leftist", "1.0.0"), vec![])]).await;
    let first = world.push("d1", later(0)).await;
    world.deploy(first.snapshot.unwrap(), Outcome::Ok, later(1)).await;
    let query = WhereQuery::Name("left".into());
    let page = world.store.where_is(world.org, &query, None, 10).await.unwrap();
    assert_eq!(page.rows.len(), 2);
    assert!(page.rows.iter().all(|w| w.latest && w.running && w.asset.1 == "repo"));
    let page = world.store.where_is(world.org, &query, None, 1).await.unwrap();
    let rest = world.store.where_is(world.org, &query, page.next, 1).await.unwrap();
    assert_eq!((page.rows.len(), rest.rows.len(), rest.next), (1, 1, None));
    assert_ne!(page.rows[0].component.id, rest.rows[0].component.id);
    let (vulnerability, _) =
        world.store.vulnerability_of(world.org, "GHSA-aaaa").await.unwrap().unwrap();
    for (query, found) in [
        (WhereQuery::Package("pkg:npm/left".into()), 1),
        (WhereQuery::Vulnerability(vulnerability), 1),
        (WhereQuery::Licence("MIT".into()), 2),
        (WhereQuery::Name("nothing".into()), 0),
    ] {
        let page = world.store.where_is(world.org, &query, None, 10).await.unwrap();
        assert_eq!(page.rows.len(), found, "{query:?}");
    }
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
