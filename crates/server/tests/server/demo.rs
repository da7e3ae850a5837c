//! The made year: its ledger, findings and loads are true, and its pages can be used.

use std::collections::HashSet;

use jiff::Timestamp;
use trimtab_server::demo::{Filled, Sample, fill, link};
use trimtab_store::{EventKind, FindingFilter, Grant, ScopeOf};
use trimtab_testkit::browser::{Browser, rules};
use trimtab_testkit::repository;

use super::harness::{FORM, Server};
use super::walk::every_page;

/// A server with the year, and how it was filled.
fn year() -> (Server, Filled, Timestamp) {
    let server = Server::new();
    let folder = tempfile::tempdir().unwrap();
    let examples = repository().join("examples");
    let options = trimtab_extract::Options::default();
    let inventory = trimtab_extract::scan_path(&examples.join("harbour"), &options);
    let sample = Sample {
        organisation: "Harbour & Lane".into(),
        charter: std::fs::read_to_string(examples.join("harbour/charter.toml")).unwrap(),
        components: inventory.files.into_iter().flat_map(|f| f.components).collect(),
        advisories: examples.join("advisories"),
        folder: folder.path().to_owned(),
    };
    let now = Timestamp::now();
    let began = std::time::Instant::now();
    let filled = server.runtime.block_on(fill(&server.app(), &sample, 20_260_202, now)).unwrap();
    eprintln!("{filled:?} in {:?}", began.elapsed());
    (server, filled, now)
}

/// Signs a person in by a link. Gives the cookie.
fn sign_in(server: &Server, filled: &Filled, person: i64, email: &str) -> String {
    let link = server.runtime.block_on(link(&server.app(), filled.org, person)).unwrap();
    let path = link.trim_start_matches("http://127.0.0.1").to_owned();
    let form = format!("email={email}&password=correct+horse+battery");
    let answer = server.ask("POST", &path, &[FORM], form.as_bytes());
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn the_year_is_true_and_can_be_looked_at() {
    let (server, filled, now) = year();
    let (app, org) = (server.app(), filled.org);
    let store = app.store.clone();
    let today = now.as_second().div_euclid(86_400);
    server.runtime.block_on(async {
        let (entries, broken) = store.verify_ledger(org).await.unwrap();
        assert_eq!(broken, None);
        assert!(entries > 2000, "{entries}");
        let mut kinds = HashSet::new();
        let (mut after, mut last) = (0, 0);
        loop {
            let block = store.ledger(org, after, 5000).await.unwrap();
            let Some(end) = block.last() else { break };
            after = end.seq;
            for entry in block {
                // Letters of the last days are made up when the year is over.
                let data: serde_json::Value = serde_json::from_str(&entry.data).unwrap();
                if data["what"] != "letter" {
                    assert!(entry.at >= last, "the past is told in order: {entry:?}");
                    last = entry.at;
                }
                kinds.insert(entry.kind);
            }
        }
        for kind in EventKind::ALL.iter().filter(|k| **k != EventKind::Retracted) {
            assert!(kinds.contains(kind.as_str()), "nothing was {}", kind.as_str());
        }
        // The last day's load is the store's own, of every scope.
        let mut scopes = vec![(ScopeOf::Organisation, FindingFilter::default())];
        for team in store.teams(org).await.unwrap() {
            let filter = FindingFilter { team: Some(team.id), ..FindingFilter::default() };
            scopes.push((ScopeOf::Team(team.id), filter));
        }
        for system in store.systems(org).await.unwrap().iter() {
            let filter = FindingFilter { system: Some(system.id), ..FindingFilter::default() };
            scopes.push((ScopeOf::System(system.id), filter));
        }
        assert_eq!(scopes.len(), 1 + 12 + 80);
        for (scope, filter) in scopes {
            let kept = store.loads(org, scope, today - 363, today).await.unwrap();
            let own = store.load(org, &filter).await.unwrap();
            let last = kept.last().unwrap();
            assert!((last.load - own).abs() < 1e-6, "{scope:?}: {} is not {own}", last.load);
            let counts = FindingFilter { counts: Some(true), ..filter };
            let count = store.count_findings(org, &counts).await.unwrap().number;
            assert_eq!(last.levels.iter().sum::<i64>() + last.unknown, count, "{scope:?}");
        }
        let kept = store.loads(org, ScopeOf::Organisation, today - 363, today).await.unwrap();
        assert!(kept.len() > 350, "{}", kept.len());
    });

    let cookie = sign_in(&server, &filled, filled.person, "ada@harbour.example");
    let get = |path: &str, cookie: &str| server.ask("GET", path, &[("cookie", cookie)], b"");
    for path in [
        "/plan",
        "/updates",
        "/incidents",
        "/appeals",
        "/verdicts",
        "/handoffs",
        "/lessons",
        "/reviews",
        "/goals",
        "/pulse",
        "/suppliers",
        "/suppliers/1",
        "/teams/8/card",
        "/wall",
        "/metrics/list?of=updates-deployed&days=364",
        "/",
        "/metrics",
        "/metrics?days=364",
        "/metrics?team=1",
        "/ledger",
        "/systems",
        "/findings",
    ] {
        let page = get(path, &cookie);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
    }
    assert!(get("/", &cookie).text.contains("deployed: "), "the dial says what moved it");
    let metrics = get("/api/v1/metrics?days=182", &cookie).json();
    assert!(metrics["now"]["time_to_remediate"]["median"].as_f64().unwrap() > 0.0, "{metrics}");
    assert_eq!(metrics["groups"].as_array().unwrap().len(), 12);
    assert_eq!(metrics["days"].as_array().unwrap().len(), 182);
    for wrong in ["from=x", "days=0", "team=99999", "system=x", "from=2030-01-01"] {
        let status = get(&format!("/api/v1/metrics?{wrong}"), &cookie).status;
        assert!(matches!(status, 404 | 422), "{wrong}: {status}");
    }
    for chart in [
        "load",
        "open",
        "remediate",
        "remediate90",
        "deadlines",
        "flow",
        "legs",
        "noise",
        "notices",
        "age",
        "levels",
        "groups",
    ] {
        let csv = get(&format!("/metrics.csv?chart={chart}"), &cookie);
        assert_eq!(csv.status, 200, "{chart}");
        assert!(csv.text.lines().count() > 3, "{chart}: {}", csv.text);
    }
    assert_eq!(get("/metrics.csv?chart=none", &cookie).status, 404);

    super::figures::every_figure_opens_its_list(&server, &cookie);
    super::figures::every_point_opens_its_list(&server, &cookie);
    a_team_sees_its_own(&server, &filled);
    pictures(&server, &filled);
}

/// Who has a role in one team sees the numbers of that team alone.
fn a_team_sees_its_own(server: &Server, filled: &Filled) {
    let store = server.app().store.clone();
    let (person, team) = server.runtime.block_on(async {
        for person in store.people(filled.org).await.unwrap() {
            if let [Grant { scope: ScopeOf::Team(team), .. }] =
                store.grants(filled.org, person.id).await.unwrap()[..]
            {
                return (person.id, team);
            }
        }
        panic!("nobody is of a team");
    });
    let cookie = sign_in(server, filled, person, "team@harbour.example");
    let get = |path: &str| server.ask("GET", path, &[("cookie", &cookie)], b"");
    let all = get("/api/v1/metrics").json();
    let groups = all["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{all}");
    assert_eq!(groups[0]["id"], team);
    let own = get(&format!("/api/v1/metrics?team={team}")).json();
    // Ages and load-days go on between the two questions; the rest is the same.
    for part in ["load", "flow", "deadlines", "detected_to_merged"] {
        assert_eq!(own["now"][part], all["now"][part], "{part}");
    }
    let other = if team == 1 { 2 } else { 1 };
    assert_eq!(get(&format!("/api/v1/metrics?team={other}")).status, 404);
    assert_eq!(get(&format!("/metrics.csv?chart=load&team={other}")).status, 404);
    let filter = FindingFilter { team: Some(team), ..FindingFilter::default() };
    let load = server.runtime.block_on(store.load(filled.org, &filter)).unwrap();
    assert!((all["now"]["load"].as_f64().unwrap() - load).abs() < 1e-6);
    assert_eq!(get("/").status, 200);
}

/// Every page that can be reached, in a real browser: everybody can use them, and pictures are kept.
fn pictures(server: &Server, filled: &Filled) {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let link = server.runtime.block_on(link(&server.app(), filled.org, filled.person)).unwrap();
    let path = link.trim_start_matches("http://127.0.0.1").to_owned();
    let page = browser.page();
    page.open(&format!("{}{path}", server.base));
    page.fill("#f-email", "ada@harbour.example");
    page.fill("#f-password", "correct horse battery");
    page.follow("Enter");
    let (seen, wrong) = every_page(&page, &axe, &server.base);
    eprintln!("{} kinds of pages: {}", seen.len(), seen.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for wanted in [
        "/?",
        "/findings?",
        "/findings/one?",
        "/systems/one?",
        "/teams/one?",
        "/teams/one/card?",
        "/wall?days",
        "/cards/one?days",
        "/teams/one/plan?",
        "/teams/one/notices?",
        "/teams/one/notices/edit?",
        "/teams/one/notices/try?",
        "/teams/one/rota?",
        "/teams/one/calendar?",
        "/notices/one?",
        "/teams/one/plan/move?change",
        "/maturity?",
        "/boards/leadership?",
        "/boards/product/wall?",
        "/boards/leadership/mail?",
        "/account/digest?",
        "/boards/security/share?",
        "/shares?",
        "/teams/one/maturity?",
        "/plan?",
        "/ledger?",
        "/metrics/list?from",
        "/today/rollouts?side",
        "/today/new?side",
        "/updates?",
        "/incidents?",
        "/incidents/one?",
        "/incidents/one/tell?kind",
        "/incidents/one/report?",
        "/incidents/new?",
        "/incidents/new?near_miss",
        "/verdicts?",
        "/verdicts/one?",
        "/verdicts/one/near-miss?",
        "/appeals?",
        "/appeals/one?",
        "/appeals/new?finding",
        "/handoffs?",
        "/lessons?",
        "/systems/one/people?",
        "/updates/one?",
        "/reviews?",
        "/reviews/new?",
        "/reviews/one?",
        "/goals?",
        "/pulse?",
        "/suppliers?",
        "/suppliers/new?",
        "/suppliers/one?",
        "/suppliers/one/edit?",
        "/suppliers/one/ask?",
        "/suppliers/one/documents/one?",
        "/today/suppliers?side",
        "/vulnerabilities/one?",
    ] {
        assert!(seen.iter().any(|kind| kind == wanted), "{wanted} is not reached: {seen:?}");
    }
}
