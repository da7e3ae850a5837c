//! Where is it? What narrows a search narrows the question, not the page.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf;

use crate::harness::{Server, Someone, encode};

fn push(server: &Server, who: &Someone, asset: &str, system: &str, components: &[(&str, &str)]) {
    let components: Vec<Value> = components
        .iter()
        .map(|(name, version)| {
            json!({ "type": "library", "name": name, "version": version,
                "licenses": [{ "license": { "id": if *name == "lodash" { "MIT" } else { "ISC" } } }],
                "purl": format!("pkg:npm/{name}@{version}") })
        })
        .collect();
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": components });
    let path = format!("/api/v1/snapshots?asset={asset}&system={system}&wait=60");
    let own = [("cookie", who.cookie.as_str())];
    let pushed = server.ask("POST", &path, &own, document.to_string().as_bytes());
    assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
}

/// What is found, page by page: version and asset.
fn found(server: &Server, who: &Someone, query: &str) -> (Vec<(String, String)>, usize) {
    let (mut all, mut pages, mut after) = (Vec::new(), 0, String::new());
    loop {
        let answer = server.open(who, &format!("/api/v1/where?{query}&limit=2{after}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        let rows = page["rows"].as_array().unwrap();
        pages += 1;
        for row in rows {
            let version = row["purl"].as_str().unwrap().rsplit('@').next().unwrap().to_owned();
            all.push((version, row["asset"].as_str().unwrap().to_owned()));
        }
        let Some(next) = page["next"].as_str() else { return (all, pages) };
        assert_eq!(rows.len(), 2, "only the last page may be short: {page}");
        after = format!("&after={next}");
    }
}

#[test]
fn a_search_is_narrowed_before_it_is_cut_into_pages() {
    let server = Server::new();
    server.first_admin();
    let org = server.org();
    let (_, _) = server.system(org, "shop");
    let (_, team) = server.system(org, "bank");
    let everywhere =
        [(Role::Security, ScopeOf::Organisation), (Role::Admin, ScopeOf::Organisation)];
    let ada = server.someone(org, "ada", &everywhere);
    let bob = server.someone(org, "bob", &[(Role::Engineering, ScopeOf::Team(team))]);
    for n in 0..4 {
        let version = format!("4.17.{}", n + 7);
        let asset = format!("web{n}");
        push(&server, &ada, &asset, "shop", &[("lodash", &version), ("lodashes", "9.0.0")]);
    }
    push(&server, &ada, "core", "bank", &[("lodash", "4.17.20"), ("left", "1.0.0")]);
    push(&server, &ada, "late", "bank", &[("lodash", "4.17.21")]);

    let versions = |query: &str, who: &Someone| -> Vec<String> {
        found(&server, who, query).0.into_iter().map(|(version, _)| version).collect()
    };
    // An exact version that lies behind the first page.
    assert_eq!(versions("q=pkg:npm/lodash@4.17.21", &ada), ["4.17.21"]);
    // A person of a team, whose places lie behind the first page.
    assert_eq!(versions("q=pkg:npm/lodash", &bob), ["4.17.20", "4.17.21"]);
    let page = server.open(&bob, "/packages?purl=pkg%3Anpm%2Flodash");
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!page.text.contains("web0"), "what they may not see is not shown");
    let page = server.open(&bob, "/packages?purl=pkg%3Anpm%2Flodashes");
    assert_eq!(page.status, 404, "it is nowhere that they may see");

    // Ranges, as the ecosystem orders versions and not as text.
    let range = encode("<4.17.21");
    let below = ["4.17.7", "4.17.8", "4.17.9", "4.17.10", "4.17.20"];
    assert_eq!(versions(&format!("q=pkg:npm/lodash&version={range}"), &ada), below);
    assert_eq!(versions(&format!("q={}", encode("pkg:npm/lodash <4.17.21")), &ada), below);
    let vers = encode("vers:npm/>=4.17.9|<4.17.21");
    let some = ["4.17.9", "4.17.10", "4.17.20"];
    assert_eq!(versions(&format!("q=lodash&version={vers}"), &ada), some);
    let wrong = server.open(&ada, &format!("/api/v1/where?q=pkg:npm/a&version={}", encode("<x y")));
    assert_eq!(wrong.status, 422, "{wrong:?}");

    // A licence alone, and with a name.
    assert_eq!(versions("licence=MIT", &ada).len(), 6);
    assert_eq!(versions("q=lodash&licence=ISC", &ada), ["9.0.0"; 4]);
    assert_eq!(versions("licence=MIT", &bob).len(), 2);

    // The page carries on all that was asked, and says how it was cut.
    let page = server.open(&ada, "/where?q=lodash&licence=MIT&version=%3C4.17.21").text;
    assert!(page.contains("5 places, 0 of them run in production."), "{page}");
    for kept in [
        "name=\"version\" aria-label=\"Version or range\"",
        "name=\"licence\" aria-label=\"Licence\"",
        "value=\"MIT\"",
        "/where.csv?q=lodash&#38;version=%3C4.17.21&#38;licence=MIT",
    ] {
        assert!(page.contains(kept), "{kept}: {page}");
    }
    let csv = server.open(&ada, "/where.csv?q=lodash&licence=MIT&version=%3C4.17.21");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.text.lines().count(), 1 + 5, "{}", csv.text);
    let csv = server.open(&bob, "/where.csv?q=lodash").text;
    assert!(csv.lines().count() == 1 + 2 && !csv.contains("web"), "{csv}");
}

/// A cell runs nothing in a spreadsheet, and the file is whole though the page is not.
#[test]
fn the_csv_of_a_search_is_whole_and_runs_nothing() {
    let server = Server::new();
    server.first_admin();
    let org = server.org();
    server.system(org, "shop");
    let ada = server.someone(
        org,
        "ada",
        &[(Role::Security, ScopeOf::Organisation), (Role::Admin, ScopeOf::Organisation)],
    );
    let many: Vec<String> = (0..600).map(|n| format!("left-{n}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    push(&server, &ada, "%3D1%2B1", "shop", &many);
    let page = server.open(&ada, "/where?q=left").text;
    assert!(page.contains("The first 100 places"), "{page}");
    let csv = server.open(&ada, "/where.csv?q=left").text;
    assert_eq!(csv.lines().count(), 1 + 600);
    assert!(csv.contains("'=1+1") && !csv.contains(",=1+1"), "{}", &csv[..300]);
    assert_eq!(server.open(&ada, "/where.csv").status, 422);
}

#[test]
fn every_environment_in_which_it_runs_is_told() {
    let server = Server::new();
    server.first_admin();
    let org = server.org();
    server.system(org, "shop");
    let everything: Vec<_> = Role::ALL.iter().map(|r| (*r, ScopeOf::Organisation)).collect();
    let ada = server.someone(org, "ada", &everything);
    push(&server, &ada, "web", "shop", &[("left", "1.0.0")]);
    let body = json!({ "asset": "web", "environment": "staging" }).to_string();
    let own = [("cookie", ada.cookie.as_str()), crate::harness::JSON];
    let told = server.ask("POST", "/api/v1/deployments", &own, body.as_bytes());
    assert!(matches!(told.status, 200 | 201), "{told:?}");
    let row = server.open(&ada, "/api/v1/where?q=left").json()["rows"][0].clone();
    assert_eq!((&row["environments"], &row["running"]), (&json!(["staging"]), &json!(false)));
    let page = server.open(&ada, "/where?q=left").text;
    assert!(page.contains("staging"), "{page}");
}
