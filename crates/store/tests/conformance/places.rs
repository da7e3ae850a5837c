//! Where something is.

use trimtab_store::{
    Component, JudgedBy, NewDeployment, NewReport, NewSnapshot, Outcome, Page, Reported, Store,
    System, Where, WhereFilter, WhereQuery,
};

use crate::findings::{World, component, high, later, left};
use crate::now;

async fn looked(
    world: &World,
    filter: &WhereFilter,
    mut fits: impl FnMut(&Component) -> bool + Send,
    limit: usize,
) -> Vec<Page<Where>> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.where_is(world.org, filter, &mut fits, after, limit).await.unwrap();
        after = page.next;
        pages.push(page);
        if after.is_none() {
            return pages;
        }
    }
}

fn everywhere(is: WhereQuery) -> WhereFilter {
    WhereFilter { is, systems: None, running: false }
}

pub(crate) async fn a_package_is_found_wherever_it_is(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true), (component("leftist", "1.0.0"), vec![])]).await;
    let first = world.push("d1", later(0)).await;
    world.deploy(first.snapshot.unwrap(), Outcome::Ok, later(1)).await;
    let query = everywhere(WhereQuery::Name("left".into()));
    let all = &looked(&world, &query, |_| true, 10).await[0].rows;
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|w| w.latest && w.running && w.listed && w.asset.1 == "repo"));
    let pages = looked(&world, &query, |_| true, 1).await;
    let ids: Vec<i64> = pages.iter().flat_map(|p| &p.rows).map(|w| w.component.id).collect();
    assert_eq!(pages.len(), 2);
    assert_ne!(ids[0], ids[1]);
    let (vulnerability, _) =
        world.store.vulnerability_of(world.org, "GHSA-aaaa").await.unwrap().unwrap();
    for (query, found) in [
        (WhereQuery::Package("pkg:npm/left".into()), 1),
        (WhereQuery::Vulnerability(vulnerability), 1),
        (WhereQuery::Licence("MIT".into()), 2),
        (WhereQuery::Name("nothing".into()), 0),
    ] {
        let pages = looked(&world, &everywhere(query.clone()), |_| true, 10).await;
        assert_eq!(pages[0].rows.len(), found, "{query:?}");
    }
}

/// What narrows a search is in the question: a page is whole as long as there is more.
pub(crate) async fn pages_of_places_are_whole_however_narrow(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    // 300 components of which one in a hundred is wanted, in an asset of everybody and in one of a system.
    let all: Vec<_> =
        (0..300).map(|n| (component(&format!("left-{n}"), &n.to_string()), vec![])).collect();
    world.document("d1", &all).await;
    world.push("d1", later(0)).await;
    let system = System { name: "shop".into(), ..System::default() };
    let system = store.put_system(org, &system, "person:1", now()).await.unwrap();
    let asset = store.put_asset(org, "web", "repository", Some(system), now()).await.unwrap().id;
    let new = NewSnapshot { document: "d1".into(), ..NewSnapshot::default() };
    let added = store
        .add_snapshot(
            org,
            asset,
            &new,
            JudgedBy::new(&["production".to_owned()], &high, later(1)),
            "token:1",
        )
        .await
        .unwrap();

    let name = WhereQuery::Name("left".into());
    let filter = WhereFilter { systems: Some(vec![system]), ..everywhere(name.clone()) };
    let wanted = |c: &Component| c.is.version.as_deref().is_some_and(|v| v.ends_with("99"));
    let pages = looked(&world, &filter, wanted, 1).await;
    assert_eq!(pages.iter().map(|p| p.rows.len()).collect::<Vec<_>>(), [1, 1, 1]);
    assert!(pages.iter().flat_map(|p| &p.rows).all(|w| w.asset.1 == "web"));
    let pages = looked(&world, &everywhere(name.clone()), wanted, 2).await;
    assert_eq!(pages.iter().map(|p| p.rows.len()).collect::<Vec<_>>(), [2, 2, 2]);
    let filter = WhereFilter { systems: Some(Vec::new()), ..everywhere(name.clone()) };
    assert!(looked(&world, &filter, |_| true, 10).await[0].rows.is_empty());

    // Where it runs is told of every environment, and production can be asked for alone.
    let running = WhereFilter { running: true, ..everywhere(name) };
    assert!(looked(&world, &running, |_| true, 10).await[0].rows.is_empty());
    world.document("d2", &all[..200]).await;
    let new = NewSnapshot { document: "d2".into(), ..NewSnapshot::default() };
    let older = store
        .add_snapshot(
            org,
            asset,
            &new,
            JudgedBy::new(&["production".to_owned()], &high, later(2)),
            "token:1",
        )
        .await
        .unwrap();
    for (environment, snapshot) in [("test", added.snapshot), ("production", older.snapshot)] {
        let new = NewDeployment {
            asset,
            environment: environment.into(),
            snapshot: snapshot.unwrap(),
            outcome: Outcome::Ok,
            at: later(3),
        };
        let production = ["production".to_owned()];
        store
            .add_deployment(org, &new, JudgedBy::new(&production, &high, later(3)), "token:1")
            .await
            .unwrap();
    }
    let mut pages = looked(&world, &running, wanted, 10).await;
    assert_eq!(pages[0].rows.len(), 2, "left-299 does not run in production");
    store.tell_environments(org, &mut pages[0].rows).await.unwrap();
    for place in &pages[0].rows {
        assert_eq!(place.environments, ["production", "test"], "{place:?}");
    }
    let package = everywhere(WhereQuery::Package("pkg:npm/left-299".into()));
    let mut pages = looked(&world, &package, |_| true, 10).await;
    assert_eq!(pages[0].rows.len(), 1, "the main line of one asset still has it");
    store.tell_environments(org, &mut pages[0].rows).await.unwrap();
    assert!(pages[0].rows[0].environments.is_empty(), "nothing of that asset was deployed");

    // What other environments run is told of them, also where the main line no longer has it.
    let name = everywhere(WhereQuery::Name("left".into()));
    let runs = async |systems: &[i64], assets: &[i64], limit| {
        let mut fits = |c: &Component| Some(wanted(c));
        let runs = store.runs(org, &name, &mut fits, Some((systems, assets)), limit).await.unwrap();
        let told = |w: &Where| (w.component.is.name.clone(), w.environments.join(","), w.latest);
        (runs.rows.iter().map(told).collect::<Vec<_>>(), runs.more)
    };
    let (mut all, more) = runs(&[], &[asset], 9).await;
    all.sort();
    let at = |n: &str, environment: &str| (n.to_owned(), environment.to_owned(), false);
    let both = |n: &str| [at(n, "production"), at(n, "test")];
    let right: Vec<_> = all.iter().map(|(n, e, _)| (n.clone(), e.clone(), false)).collect();
    let mut expected = [both("left-199"), both("left-99")].concat();
    expected.push(at("left-299", "test"));
    expected.sort();
    assert_eq!((right, more), (expected, false), "{all:?}");
    assert_eq!(runs(&[], &[], 9).await.0, [], "nowhere is nowhere");
    let mut fits = |c: &Component| Some(wanted(c));
    let anywhere = store.runs(org, &name, &mut fits, None, 9).await.unwrap();
    assert_eq!((anywhere.rows.len(), anywhere.more), (all.len(), false));
    assert!(runs(&[], &[asset], 1).await.1, "there is more");
    // Of what cannot be compared it is not known whether it runs.
    let mut unknown = |_: &Component| None::<bool>;
    let found = store.runs(org, &name, &mut unknown, Some((&[], &[asset])), 9).await.unwrap();
    let mut unsure: Vec<&str> = found.unsure.iter().map(|(name, _)| name.as_str()).collect();
    unsure.sort_unstable();
    assert_eq!((unsure, found.rows), (vec!["production", "test"], Vec::new()));
}

/// What only a tool says is somewhere: where the tool said so, and nowhere else.
pub(crate) async fn what_only_a_tool_says_is_somewhere(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", false)]).await;
    world.push("d1", later(0)).await;
    let other = world.store.put_asset(world.org, "other", "image", None, now()).await.unwrap().id;
    let new = NewSnapshot { document: "d1".into(), ..NewSnapshot::default() };
    let production = ["production".to_owned()];
    let (store, org) = (&world.store, world.org);
    store
        .add_snapshot(org, other, &new, JudgedBy::new(&production, &high, later(1)), "token:1")
        .await
        .unwrap();
    let says = |name: &str| Reported {
        component: component(name, "1.0.0"),
        ids: vec!["SNYK-7".to_owned()],
        summary: None,
        said: serde_json::json!({}),
    };
    let report = |says: Vec<Reported>, at| {
        let document = format!("{at}");
        NewReport { source: "snyk".into(), document, incomplete: false, says }
    };
    let said = report(vec![says("left"), says("unlisted")], later(2));
    let asset = world.asset;
    store
        .add_report(org, asset, &said, JudgedBy::new(&production, &high, later(2)), "token:1")
        .await
        .unwrap();
    let (vulnerability, _) = store.vulnerability_of(org, "SNYK-7").await.unwrap().unwrap();
    let found = async |query: WhereQuery, limit| {
        let pages = looked(&world, &everywhere(query), |_| true, limit).await;
        let rows = pages.iter().flat_map(|p| &p.rows);
        let mut rows: Vec<_> = rows
            .map(|w| (w.component.is.name.clone(), w.asset.1.clone(), w.listed, w.latest))
            .collect();
        rows.sort();
        rows
    };
    let told =
        |name: &str, asset: &str, listed: bool| (name.to_owned(), asset.to_owned(), listed, listed);
    let vulnerability = WhereQuery::Vulnerability(vulnerability);
    let both = [told("left", "repo", true), told("unlisted", "repo", false)];
    assert_eq!(found(vulnerability.clone(), 10).await, both);
    assert_eq!(found(vulnerability.clone(), 1).await, both);
    let unlisted = WhereQuery::Package("pkg:npm/unlisted".into());
    assert_eq!(found(unlisted.clone(), 10).await, [told("unlisted", "repo", false)]);
    let name = WhereQuery::Name("left".into());
    assert_eq!(
        found(name, 1).await,
        [told("left", "other", true), told("left", "repo", true)],
        "what is listed as well is one place"
    );
    // It is gone when the tool no longer says so.
    let said = report(vec![], later(3));
    store
        .add_report(org, asset, &said, JudgedBy::new(&production, &high, later(3)), "token:1")
        .await
        .unwrap();
    assert_eq!(found(vulnerability, 10).await, []);
    assert_eq!(found(unlisted, 10).await, []);
}
