//! A day's advisories: what settling by groups comes to.

use std::collections::BTreeSet;

use trimtab_model::Level;
use trimtab_store::{
    Contents, FindingFilter, GROUP, GroupBy, JudgedBy, Known, Listed, Matched, NewSnapshot, Store,
    Weighed,
};

use crate::findings::{World, component, high, later, matched};

/// Numbers from a seed.
struct Made(u64);

impl Made {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// In which rounds something new is known of a vulnerability.
fn told_in(round: usize, vulnerability: usize) -> bool {
    round % 3 == vulnerability % 3
}

/// Weighed by what was last told of a vulnerability.
fn by(round: usize) -> impl Fn(&Known) -> Option<Weighed> + Send + Sync {
    move |known| {
        let number = known.vulnerability.chars().last().and_then(|c| c.to_digit(10)).unwrap();
        let last = (0..=round).rev().find(|r| told_in(*r, number as usize)).unwrap_or(0);
        match last % 2 {
            0 => high(known).map(|w| Weighed { level: Level::Critical, weight: 40.0, ..w }),
            _ => high(known),
        }
    }
}

/// Some of nine vulnerabilities, each known by two names.
fn says(made: &mut Made) -> Vec<Matched> {
    let mut all = Vec::new();
    for n in 0..9 {
        if made.one_in(4) {
            let (cve, ghsa) = (format!("CVE-2026-{n}"), format!("GHSA-{}", "x".repeat(n + 1)));
            let fix = [None, Some("8.0.0"), Some("9.0.0")][made.below(3)];
            all.push(matched(&[&cve, &ghsa], fix));
        }
    }
    all
}

pub(crate) async fn a_change_comes_to_what_settling_every_asset_does(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (&world.store, world.org);
    let mut made = Made(7);
    let new: Vec<_> =
        (0..24).map(|n| component(&format!("p{}", n / 3), &format!("1.{}.0", n % 3))).collect();
    let ids: Vec<i64> =
        store.put_components(org, &new).await.unwrap().iter().map(|c| c.0).collect();
    let answers: Vec<_> = ids.iter().map(|id| (*id, says(&mut made))).collect();
    store.put_matches(org, &answers, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    let mut assets = Vec::new();
    for n in 0..9 {
        let asset = store.put_asset(org, &format!("a{n}"), "repository", None, later(0)).await;
        let asset = asset.unwrap().id;
        let mut carried: Vec<i64> = ids.iter().copied().filter(|_| made.one_in(3)).collect();
        carried.sort_unstable();
        let listed = carried.iter().map(|id| Listed {
            component: *id,
            scope: "runtime".into(),
            relation: "direct".into(),
            files: 1,
        });
        let contents = Contents { listed: listed.collect(), unknowns: 0 };
        let digest = format!("d{n}");
        store.put_contents(org, &digest, &contents).await.unwrap();
        let snapshot = NewSnapshot { document: digest, ..NewSnapshot::default() };
        let weigh = by(0);
        let add = store.add_snapshot(
            org,
            asset,
            &snapshot,
            JudgedBy::new(&[], &weigh, later(0)),
            "token:1",
        );
        add.await.unwrap();
        assets.push(asset);
    }
    let filter = FindingFilter::default();
    let all_groups = async || {
        let mut all = Vec::new();
        let all_by = [
            GroupBy::Action,
            GroupBy::Package,
            GroupBy::Vulnerability,
            GroupBy::System,
            GroupBy::Level,
        ];
        for by in all_by {
            // Groups of one weight come in any order.
            let groups = store.group_findings(org, &filter, by, 100).await.unwrap();
            let mut groups: Vec<String> = groups.iter().map(|g| format!("{by:?} {g:?}")).collect();
            groups.sort();
            all.extend(groups);
        }
        all
    };
    let mut news = 0;
    for round in 1..12 {
        // Some answers change; of some vulnerabilities something else is known.
        let mut answers = Vec::new();
        let mut packages = BTreeSet::new();
        for (at, id) in ids.iter().enumerate() {
            if made.one_in(6) {
                answers.push((*id, says(&mut made)));
                packages.insert(new[at].package.clone());
            }
        }
        let at = later(round as i64);
        let names = (0..9).filter(|n| told_in(round, *n));
        let names: Vec<String> = names.map(|n| format!("CVE-2026-{n}")).collect();
        let mut touched: BTreeSet<i64> =
            store.assets_with(org, &names).await.unwrap().into_iter().collect();
        let changed = store.put_matches(org, &answers, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        touched.extend(store.assets_carrying(org, &changed).await.unwrap());
        let packages: Vec<String> = packages.into_iter().collect();
        let packages = store.touched_packages(org, &packages, &names).await.unwrap();
        let weigh = by(round);
        let touched: Vec<i64> = touched.into_iter().collect();
        for group in touched.chunk_by(|a, b| a / GROUP == b / GROUP) {
            let done =
                store.settle_change(org, group, &packages, JudgedBy::new(&[], &weigh, at)).await;
            let (done, whole) = done.unwrap();
            assert_eq!((done.len(), whole.len()), (group.len(), 0));
            news += done.iter().filter(|one| !one.is_quiet()).count();
        }
        // Nothing is left for settling each by itself, and sums are what counting comes to.
        for asset in &assets {
            let again = store.settle(org, *asset, JudgedBy::new(&[], &weigh, at)).await.unwrap();
            assert!(again.is_quiet(), "round {round}, asset {asset}: {again:?}");
        }
        let kept = all_groups().await;
        store.recount(org).await.unwrap();
        assert_eq!(kept, all_groups().await, "round {round}");
    }
    assert!(news > 20, "{news}");
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
}

pub(crate) async fn a_change_looks_at_some_packages_alone(store: Store) {
    let world = World::new(store).await;
    let (store, org, asset) = (&world.store, world.org, world.asset);
    let shared = || matched(&["CVE-2026-1"], None);
    let all = [
        (component("left", "1.0.0"), vec![shared(), matched(&["CVE-2026-2"], None)]),
        (component("right", "1.0.0"), vec![shared()]),
    ];
    world.document("d1", &all).await;
    assert_eq!(world.push("d1", later(0)).await.detected.len(), 3);
    // The one is taken back of one package; the other package still has it, and is not looked at.
    let id = store.put_components(org, &[component("left", "1.0.0")]).await.unwrap()[0].0;
    store.put_matches(org, &[(id, vec![])], jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    let packages = store.touched_packages(org, &["pkg:npm/left".to_owned()], &[]).await.unwrap();
    let none = |_: &Known| -> Option<Weighed> { panic!("nothing of what stays is weighed") };
    let done = store
        .settle_change(org, &[asset], &packages, JudgedBy::new(&[], &none, later(1)))
        .await
        .unwrap();
    assert_eq!(done.0[0].retracted.len(), 2);
    let by = store.group_findings(org, &FindingFilter::default(), GroupBy::Vulnerability, 9).await;
    let by = by.unwrap();
    assert_eq!(
        by.iter().map(|g| (&*g.name, g.assets)).collect::<Vec<_>>(),
        [("CVE-2026-1", Some(1))]
    );
}
