//! What others say: reports of scanners, VEX, and lists of images that run.

use serde_json::{Value, json};

use crate::harness::{Answer, Server, bearer};

fn sbom(version: &str) -> String {
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": version,
            "purl": format!("pkg:npm/moment@{version}") }] })
    .to_string()
}

/// A report as Grype writes it.
fn grype(ids: &[&str], package: &str) -> String {
    let matches: Vec<Value> = ids
        .iter()
        .map(|id| {
            json!({ "vulnerability": { "id": id, "severity": "High", "dataSource": "x",
                "fix": { "versions": [], "state": "unknown" } },
            "relatedVulnerabilities": [],
            "matchDetails": [],
            "artifact": { "id": "1", "name": package, "version": "2.29.4", "type": "npm",
                "locations": [{ "path": "/app/package.json" }], "language": "javascript",
                "purl": format!("pkg:npm/{package}@2.29.4") } })
        })
        .collect();
    json!({ "matches": matches, "source": { "type": "directory", "target": "/app" },
        "distro": { "name": "", "version": "", "idLike": null },
        "descriptor": { "name": "grype", "version": "0.74.0" } })
    .to_string()
}

struct World {
    server: Server,
    token: String,
}

impl World {
    fn new() -> World {
        let server = Server::new();
        let cookie = server.first_admin();
        let token = bearer(&server.token(&cookie, &["view", "upload", "deploy"]));
        World { server, token }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.server.ask(method, path, &[("authorization", &self.token)], body.as_bytes())
    }

    fn live(&self) -> Vec<Value> {
        self.ask("GET", "/api/v1/findings", "").json()["rows"].as_array().unwrap().clone()
    }
}

#[test]
fn what_only_a_scanner_says_is_a_finding_until_no_source_says_so() {
    let world = World::new();
    let pushed = world.ask("POST", "/api/v1/snapshots?asset=shop&wait=30", &sbom("2.29.4"));
    assert_eq!(pushed.json()["live"], 0, "{pushed:?}");
    let report = |text: &str| world.ask("POST", "/api/v1/reports?asset=shop", text);
    let first = report(&grype(&["CVE-2099-1", "CVE-2099-2"], "moment"));
    assert_eq!(first.status, 201, "{first:?}");
    let first = first.json();
    assert_eq!(
        (&first["says"], &first["detected"], &first["tool"]),
        (&json!(2), &json!(2), &json!("grype"))
    );
    let live = world.live();
    assert_eq!(live.len(), 2);
    assert_eq!(live[0]["level"], Value::Null, "the index does not know them: the level is unknown");
    let id = live.iter().find(|f| f["vulnerability"] == "CVE-2099-2").unwrap()["id"].clone();
    let one = world.ask("GET", &format!("/api/v1/findings/{id}"), "").json();
    assert_eq!(one["attributions"][0]["source"], "grype");
    assert_eq!(one["attributions"].as_array().unwrap().len(), 1, "{one}");

    let someone = world.server.someone(
        world.server.org(),
        "ada",
        &[(trimtab_model::Role::Security, trimtab_store::ScopeOf::Organisation)],
    );
    // It is somewhere, though only the scanner says so.
    let place = world.ask("GET", "/api/v1/where?q=CVE-2099-2", "").json()["rows"][0].clone();
    assert_eq!((&place["asset"], &place["listed"]), (&json!("shop"), &json!(true)), "{place}");
    let page = world.server.open(&someone, "/where?q=CVE-2099-2").text;
    assert!(page.contains("1 place, 0 of them run in production."), "{page}");
    let page = world.server.open(&someone, &format!("/findings/{id}")).text;
    for text in ["grype", "affected, High", "so that it has no level: grype says so."] {
        assert!(page.contains(text), "{text}: {page}");
    }

    // The same again changes nothing; a newer snapshot does not take back what the tool says.
    assert_eq!(report(&grype(&["CVE-2099-1", "CVE-2099-2"], "moment")).json()["detected"], 0);
    world.ask("POST", "/api/v1/snapshots?asset=shop&wait=30&revision=b", &sbom("2.29.4"));
    assert_eq!(world.live().len(), 2);

    // A later report no longer says one of them.
    let third = report(&grype(&["CVE-2099-1"], "moment")).json();
    assert_eq!((&third["gone"], &third["retracted"]), (&json!(1), &json!(1)), "{third}");
    assert_eq!(world.live().len(), 1);
    let one = world.ask("GET", &format!("/api/v1/findings/{id}"), "").json();
    assert_eq!(one["state"], "retracted");
    assert!(one["attributions"][0]["until"].is_string(), "{one}");
    let page = world.server.open(&someone, &format!("/findings/{id}")).text;
    assert!(page.contains("no longer affected, High"), "{page}");
    let back = report(&grype(&["CVE-2099-1", "CVE-2099-2"], "moment")).json();
    assert_eq!(back["live"], 2, "{back}");
    let app = world.server.app();
    let org = world.server.runtime.block_on(app.store.organisations()).unwrap()[0].org;
    assert_eq!(world.server.runtime.block_on(app.store.verify_ledger(org)).unwrap().1, None);
}

#[test]
fn what_the_index_knows_is_weighed_whoever_says_it() {
    let world = World::new();
    // An old version: the matcher says so; the scanner says the same of the new one.
    world.ask("POST", "/api/v1/snapshots?asset=old&wait=30", &sbom("2.24.0"));
    let known = world.live()[0]["vulnerability"].as_str().unwrap().to_owned();
    world.ask("POST", "/api/v1/snapshots?asset=shop&wait=30", &sbom("2.29.4"));
    let told = world.ask("POST", "/api/v1/reports?asset=shop", &grype(&[&known], "moment"));
    assert_eq!(told.json()["detected"], 1, "{told:?}");
    let live = world.live();
    let one = live.iter().find(|f| f["asset"]["name"] == "shop").unwrap();
    assert!(one["level"].is_string(), "{one}");
}

#[test]
fn what_is_no_report_or_no_asset_is_refused() {
    let world = World::new();
    assert_eq!(world.ask("POST", "/api/v1/reports?asset=none", "{}").status, 422);
    world.ask("POST", "/api/v1/snapshots?asset=shop&wait=30", &sbom("2.29.4"));
    let answer = world.ask("POST", "/api/v1/reports?asset=shop", "{\"hello\": 1}");
    assert_eq!(answer.status, 422);
    assert_eq!(world.ask("POST", "/api/v1/vex?asset=shop", "{\"hello\": 1}").status, 422);
    assert_eq!(world.ask("POST", "/api/v1/vex?asset=none", "{}").status, 422);
    assert_eq!(
        world.ask("POST", "/api/v1/deployments/kubernetes?environment=production", "[]").status,
        422
    );
    let nowhere =
        world.ask("POST", "/api/v1/deployments/kubernetes?environment=mars", "{\"items\":[]}");
    assert_eq!(nowhere.status, 422);
}

#[test]
fn a_statement_changes_the_weight() {
    let world = World::new();
    world.ask("POST", "/api/v1/snapshots?asset=shop&wait=30", &sbom("2.24.0"));
    let before = world.live();
    let id = before[0]["vulnerability"].as_str().unwrap();
    let vex = json!({ "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1",
        "author": "Supplier", "timestamp": "2026-11-01T00:00:00Z", "version": 1,
        "statements": [{ "vulnerability": { "name": id }, "products": [{ "@id": "pkg:npm/moment@2.24.0" }],
            "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path" }] });
    let sent = world.ask("POST", "/api/v1/vex?asset=shop", &vex.to_string());
    assert_eq!(sent.status, 201, "{sent:?}");
    assert_eq!(sent.json()["statements"], 1);
    assert_eq!(world.ask("POST", "/api/v1/vex?asset=shop", &vex.to_string()).status, 200, "again");
    // The next snapshot settles with it, whether or not the job ran yet.
    world.ask("POST", "/api/v1/snapshots?asset=shop&wait=30&revision=b", &sbom("2.24.0"));
    let after = world.live();
    let weight = |all: &[Value]| {
        all.iter().find(|f| f["vulnerability"] == id).map_or(0.0, |f| f["weight"].as_f64().unwrap())
    };
    assert!(weight(&after) < weight(&before), "{} {}", weight(&after), weight(&before));
}

#[test]
fn delivery_systems_speak_in_their_own_words() {
    let world = World::new();
    let path = "/api/v1/snapshots?asset=ferries/shop&revision=4be1f2a&wait=30";
    assert_eq!(world.ask("POST", path, &sbom("2.24.0")).status, 201);
    let event = |state: &str| {
        json!({ "deployment_status": { "state": state, "environment": "production" },
            "deployment": { "sha": "4be1f2a" }, "repository": { "full_name": "ferries/shop" } })
        .to_string()
    };
    let send = |address: &str, text: &str| {
        let with = [("authorization", world.token.as_str()), crate::harness::JSON];
        world.server.ask("POST", address, &with, text.as_bytes())
    };
    let address = "/api/v1/deployments/events";
    let pending = send(address, &event("in_progress"));
    assert_eq!((pending.status, &pending.json()["ignored"]), (200, &json!("in_progress")));
    assert!(world.live().iter().all(|f| f["production"].is_null()), "nothing runs yet");
    assert_eq!(send(address, &event("success")).status, 201);
    assert!(world.live().iter().all(|f| f["production"] == true));
    assert_eq!(send("/api/v1/deployments/events?environment=mars", &event("success")).status, 422);
    assert_eq!(send(address, "{}").status, 422);
}

#[test]
fn images_that_run_are_matched_and_the_unknown_are_told() {
    let world = World::new();
    let push = |asset: &str, revision: &str| {
        let path =
            format!("/api/v1/snapshots?asset={asset}&kind=image&revision={revision}&wait=30");
        let answer = world.ask("POST", &path, &sbom("2.24.0"));
        assert_eq!(answer.status, 201, "{answer:?}");
    };
    push("registry.example/shop", "v1");
    push("registry.example/shop", "v2");
    push("registry.example/cart:v7", "x");
    let pod = |image: &str, phase: &str| {
        json!({ "kind": "Pod", "metadata": { "name": "p", "namespace": "n" },
            "spec": { "containers": [{ "name": "c", "image": image }] },
            "status": { "phase": phase, "containerStatuses": [{ "name": "c", "image": image, "imageID": "" }] } })
    };
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
        pod("registry.example/shop:v1", "Running"),
        pod("registry.example/shop:v1", "Running"),
        pod("registry.example/cart:v7", "Running"),
        pod("registry.example/shop:v9", "Running"),
        pod("registry.example/stranger:v1", "Running"),
        pod("registry.example/ended:v1", "Succeeded"),
    ] })
    .to_string();
    let path = "/api/v1/deployments/kubernetes?environment=production";
    let told = world.ask("POST", path, &list);
    assert_eq!(told.status, 200, "{told:?}");
    let told = told.json();
    assert_eq!(told["unknown"], json!(["registry.example/stranger:v1"]));
    assert_eq!(told["unclear"][0]["image"], "registry.example/shop:v9");
    let states: Vec<_> =
        told["assets"].as_array().unwrap().iter().map(|a| a["state"].clone()).collect();
    assert_eq!(states, ["deployed", "deployed"]);
    assert!(world.live().iter().all(|f| f["production"] == true));
    let again = world.ask("POST", path, &list).json();
    let states: Vec<_> =
        again["assets"].as_array().unwrap().iter().map(|a| a["state"].clone()).collect();
    assert_eq!(states, ["known", "known"], "nothing is deployed twice");
    assert!(again["stopped"].is_null(), "it is not asked of a cluster without a name");

    // Two clusters run the shop; the cart is in one of them alone.
    let west = format!("{path}&cluster=west");
    let east = format!("{path}&cluster=east");
    let pods = |images: &[&str]| {
        let items: Vec<_> = images
            .iter()
            .map(|image| pod(&format!("registry.example/{image}"), "Running"))
            .collect();
        json!({ "items": items }).to_string()
    };
    let send = |path: &str, list: &str| world.ask("POST", path, list).json()["stopped"].clone();
    assert_eq!(send(&west, &list), json!([]), "its first list");
    assert_eq!(send(&east, &pods(&["shop:v1"])), json!([]));
    assert!(send(&west, "{\"items\":[]}").is_null(), "a list of nothing says nothing");
    assert_eq!(send(&west, &pods(&["stranger:v1"])), json!(["registry.example/cart:v7"]));
    assert_eq!(send(&west, &pods(&["stranger:v1"])), json!([]), "it stopped once");
    let production = |asset: &str| {
        let of = |f: &Value| f["asset"]["name"] == format!("registry.example/{asset}");
        let live = world.live();
        let all: Vec<_> = live.iter().filter(|f| of(f)).map(|f| f["production"].clone()).collect();
        assert!(!all.is_empty(), "{asset}: {live:?}");
        all
    };
    assert!(
        production("cart:v7").iter().all(|is| *is == false),
        "what stopped is known not to run"
    );
    assert!(production("shop").iter().all(|is| *is == true), "it runs in the east");
    assert_eq!(send(&east, &pods(&["stranger:v1"])), json!(["registry.example/shop"]));
    assert!(production("shop").iter().all(|is| *is == false));
    // It comes back; and what is told late does not bring the other back.
    assert_eq!(send(&east, &pods(&["shop:v1"])), json!([]));
    assert!(production("shop").iter().all(|is| *is == true));
    let late = json!({ "asset": "registry.example/cart:v7", "environment": "production",
        "at": "2026-01-01T00:00:00Z" });
    let with = [("authorization", world.token.as_str()), crate::harness::JSON];
    let late = late.to_string();
    let told = world.server.ask("POST", "/api/v1/deployments", &with, late.as_bytes());
    assert_eq!(told.status, 201, "{told:?}");
    assert!(production("cart:v7").iter().all(|is| *is == false));
}
