//! Kept sums are what counting every finding would give, whatever happened before.

use trimtab_model::Level;
use trimtab_store::{
    FindingFilter, Group, GroupBy, GroupCursor, JudgedBy, Known, Matched, NewComponent,
    NewDeployment, NewSnapshot, Org, Outcome, Store, System, Team, Weighed,
};

use crate::findings::{World, component, high, later, matched};
use crate::now;

/// Numbers that look drawn, and are the same each time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A weighing that differs by package, by system and by round; some are decided, some cannot be weighed.
fn weighed(round: u64, known: &Known) -> Option<Weighed> {
    let mut of =
        Drawn(known.package.len() as u64 * 31 + known.package.bytes().map(u64::from).sum::<u64>());
    let n = of.below(97) + round + known.system.unwrap_or(0).unsigned_abs();
    let level = [Level::Low, Level::Medium, Level::High, Level::Critical][(n % 4) as usize];
    (!n.is_multiple_of(11)).then(|| Weighed {
        level,
        bounds: (level, level),
        probability: 0.5,
        weight: [1.0, 3.0, 10.0, 40.0][(n % 4) as usize],
        deadline: (!n.is_multiple_of(3)).then(|| later(i64::try_from(n).unwrap())),
        deadline_kind: if n.is_multiple_of(3) { "unknown" } else { "by" },
        cost: None,
        decision: n.is_multiple_of(7).then_some((9, "accepted")),
    })
}

const BY: [GroupBy; 6] = [
    GroupBy::Action,
    GroupBy::Package,
    GroupBy::Vulnerability,
    GroupBy::System,
    GroupBy::Team,
    GroupBy::Level,
];

/// Everything that is asked of sums, kept or counted: with a bound on the day of detection, which bounds
/// nothing, they are counted.
async fn told(store: &Store, org: Org, filter: &FindingFilter) -> Vec<String> {
    let mut all = vec![
        format!("{:?}", store.count_findings(org, filter).await.unwrap().number),
        format!("{:?}", store.load(org, filter).await.unwrap()),
    ];
    for by in BY {
        let groups = store.group_findings(org, filter, by, 400).await.unwrap();
        // Page by page they are the same, in the same order.
        let (mut paged, mut after): (Vec<Group>, Option<GroupCursor>) = (Vec::new(), None);
        loop {
            let page = store.group_page(org, filter, by, after.as_ref(), 7).await.unwrap();
            assert!(page.0.len() <= 7 && paged.len() < 400, "{by:?} does not end");
            paged.extend(page.0);
            let Some(next) = page.1 else { break };
            after = GroupCursor::from_text(&next.to_text());
            assert_eq!(after.as_ref(), Some(&next));
        }
        assert_eq!(paged, groups, "{by:?} {filter:?}");
        let one = |group: Group| {
            // Not counted for these.
            let assets = match by {
                GroupBy::System | GroupBy::Team => None,
                _ if filter.counts.is_some() => None,
                _ => group.assets,
            };
            format!("{by:?} {:?}", Group { assets, ..group })
        };
        // Groups of one weight come in any order.
        let mut groups: Vec<String> = groups.into_iter().map(one).collect();
        groups.sort();
        all.extend(groups);
    }
    all
}

async fn agree(store: &Store, org: Org, systems: &[i64], teams: &[i64], after: &str) {
    let all = FindingFilter::default();
    let mut filters = vec![all.clone()];
    for level in [Level::Low, Level::High] {
        filters.push(FindingFilter { level: Some(level), ..all.clone() });
    }
    filters.push(FindingFilter { fixable: Some(true), ..all.clone() });
    filters.push(FindingFilter { fixable: Some(false), ..all.clone() });
    filters.push(FindingFilter { system: Some(0), ..all.clone() });
    filters.push(FindingFilter { team: Some(0), ..all.clone() });
    let fix = Some("2.0".to_owned());
    filters.push(FindingFilter { fix: fix.clone(), ..all.clone() });
    filters.push(FindingFilter { fix, package: Some("pkg:npm/p1".into()), ..all.clone() });
    filters.push(FindingFilter { package: Some("pkg:npm/p1".into()), ..all.clone() });
    filters.push(FindingFilter { systems: Some(systems[..1].to_vec()), ..all.clone() });
    filters.push(FindingFilter { systems: Some(Vec::new()), ..all.clone() });
    filters.extend(systems.iter().map(|s| FindingFilter { system: Some(*s), ..all.clone() }));
    filters.extend(teams.iter().map(|t| FindingFilter { team: Some(*t), ..all.clone() }));
    for counts in [None, Some(true), Some(false)] {
        for filter in &filters {
            let kept = FindingFilter { counts, ..filter.clone() };
            let since = "1970-01-01T00:00:00Z".parse().unwrap();
            let counted = FindingFilter { since: Some(since), ..kept.clone() };
            assert_eq!(
                told(store, org, &kept).await,
                told(store, org, &counted).await,
                "after {after}: {kept:?}"
            );
        }
    }
}

pub(crate) async fn what_is_kept_is_what_is_counted(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (&world.store, world.org);
    let (mut teams, mut systems, mut assets) = (Vec::new(), Vec::new(), vec![world.asset]);
    for name in ["one", "two"] {
        let team =
            Team { id: 0, name: name.into(), cadence: None, capacity: None, open_limit: None };
        teams.push(store.put_team(org, &team, "trimtab", now()).await.unwrap());
        let system = System { name: name.into(), team: teams.last().copied(), ..System::default() };
        systems.push(store.put_system(org, &system, "trimtab", now()).await.unwrap());
    }
    for (n, system) in [(0, None), (1, Some(systems[0])), (2, Some(systems[1]))] {
        let name = format!("asset {n}");
        assets.push(store.put_asset(org, &name, "repository", system, now()).await.unwrap().id);
    }
    let production = ["production".to_owned()];
    let mut drawn = Drawn(7);
    let mut snapshots: Vec<(i64, i64)> = Vec::new();
    for round in 0..40u64 {
        let at = later(i64::try_from(round).unwrap() + 1);
        let weigh = move |known: &Known| weighed(round / 9, known);
        let asset = assets[drawn.below(assets.len() as u64) as usize];
        let after = match drawn.below(6) {
            // Advisories come, go, and turn out to be one.
            0..3 => {
                let listed: Vec<(NewComponent, Vec<Matched>)> = (0..drawn.below(12))
                    .map(|_| {
                        let p = drawn.below(9);
                        let ids: Vec<String> =
                            (0..drawn.below(3)).map(|k| format!("CVE-{}", p * 2 + k)).collect();
                        let fix = (drawn.below(2) == 0).then_some("2.0");
                        let mut one: Vec<Matched> =
                            ids.iter().map(|id| matched(&[id], fix)).collect();
                        if drawn.below(8) == 0 && !ids.is_empty() {
                            one = vec![matched(&["CVE-0", &ids[0]], fix)];
                        }
                        (component(&format!("p{p}"), &format!("1.{}", drawn.below(2))), one)
                    })
                    .collect();
                let mut listed = listed;
                listed.sort_by(|a, b| a.0.purl.cmp(&b.0.purl));
                listed.dedup_by(|a, b| a.0.purl == b.0.purl);
                let digest = format!("d{round}");
                world.document(&digest, &listed).await;
                let new = NewSnapshot { document: digest, ..NewSnapshot::default() };
                let added = store.add_snapshot(
                    org,
                    asset,
                    &new,
                    JudgedBy::new(&production, &weigh, at),
                    "t",
                );
                snapshots.push((asset, added.await.unwrap().snapshot.unwrap()));
                "a snapshot"
            }
            3 => {
                if let Some((asset, snapshot)) = snapshots.last().copied() {
                    let new = NewDeployment {
                        asset,
                        environment: "production".into(),
                        snapshot,
                        outcome: Outcome::Ok,
                        at,
                    };
                    let added = store.add_deployment(
                        org,
                        &new,
                        JudgedBy::new(&production, &weigh, at),
                        "t",
                    );
                    added.await.unwrap();
                }
                "a deployment"
            }
            4 => {
                // The first asset never belongs to a system: an asset is not taken out of one.
                let system = systems[drawn.below(2) as usize];
                let name = format!("asset {}", drawn.below(3));
                store.put_asset(org, &name, "repository", Some(system), at).await.unwrap();
                "a move"
            }
            _ => {
                let team = teams[drawn.below(2) as usize];
                let system = System { name: "one".into(), team: Some(team), ..System::default() };
                store.put_system(org, &system, "trimtab", at).await.unwrap();
                "another owner"
            }
        };
        // What a join of names or a change of advisories leaves is settled, as the server does.
        for asset in &assets {
            store.settle(org, *asset, JudgedBy::new(&production, &weigh, at)).await.unwrap();
        }
        if round % 4 == 3 {
            agree(store, org, &systems, &teams, after).await;
        }
    }
    let all = FindingFilter::default();
    let live = store.count_findings(org, &all).await.unwrap().number;
    assert!(live > 10, "only {live} findings: the case says nothing");
    let before = told(store, org, &all).await;
    store.recount(org).await.unwrap();
    assert_eq!(told(store, org, &all).await, before, "and reckoned anew they are the same");
    agree(store, org, &systems, &teams, "reckoning anew").await;
}

pub(crate) async fn what_plans_are_made_of_tells_in_which_system_it_is(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (&world.store, world.org);
    let team = Team { id: 0, name: "one".into(), cadence: None, capacity: None, open_limit: None };
    let team = store.put_team(org, &team, "trimtab", now()).await.unwrap();
    let mut systems = Vec::new();
    for name in ["first", "second"] {
        let system = System { name: name.into(), team: Some(team), ..System::default() };
        systems.push(store.put_system(org, &system, "trimtab", now()).await.unwrap());
    }
    let put = |system| store.put_asset(org, "web", "repository", Some(system), now());
    let asset = put(systems[0]).await.unwrap().id;
    world.document("d", &[(component("p1", "1.0"), vec![matched(&["CVE-1"], None)])]).await;
    let new = NewSnapshot { document: "d".into(), ..NewSnapshot::default() };
    // Neither system weighs more than the other.
    let judged = || JudgedBy::new(&[], &high, now());
    store.add_snapshot(org, asset, &new, judged(), "t").await.unwrap();
    let before = store.finding_marks(org).await.unwrap();
    assert!(before.contains_key(&team), "{before:?}");
    store.settle(org, asset, judged()).await.unwrap();
    assert_eq!(store.finding_marks(org).await.unwrap(), before, "nothing changed");
    put(systems[1]).await.unwrap();
    store.settle(org, asset, judged()).await.unwrap();
    assert_ne!(store.finding_marks(org).await.unwrap(), before);
}
