//! Maturity over HTTP: judged from what is there, of what somebody may see, as JSON, OSCAL, page and file.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{JSON, Someone};
use crate::world::World;

fn criterion<'v>(told: &'v Value, id: &str) -> &'v Value {
    let all = told["criteria"].as_array().unwrap();
    all.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("no {id}: {told}"))
}

#[test]
fn maturity_is_told_from_evidence_and_of_what_may_be_seen() {
    let world = World::new();
    let World { server, lea, small, eve, team, .. } = &world;
    server.settle(world.org);
    let all = server.open(lea, "/api/v1/maturity").json();
    assert_eq!(all["whole"], true, "{all}");
    // Shop has an inventory, intranet has none: half is enough to begin with, and not for the next stage.
    let begun = criterion(&all, "inventory-begun");
    assert_eq!(
        (&begun["count"], &begun["of"], &begun["verdict"]),
        (&1.into(), &2.into(), &"met".into())
    );
    let whole = criterion(&all, "inventory-whole");
    assert_eq!(
        (&whole["verdict"], &whole["missing"]),
        (&"not-met".into(), &"1 more of 2 systems needed (100 % required).".into())
    );
    assert_eq!(criterion(&all, "charter-agreed")["verdict"], "unknown", "only a preset holds");
    assert_eq!(criterion(&all, "load-falls")["verdict"], "unknown", "the ledger is young");
    assert_eq!(criterion(&all, "deadlines-kept")["verdict"], "unknown", "nothing was due yet");
    assert_eq!(criterion(&all, "ledger-holds")["verdict"], "met");
    // What a supplier delivers into shop has sent no inventory either.
    let unwatched = serde_json::json!(["intranet", "shop"]);
    assert_eq!(criterion(&all, "all-watched")["teams"], unwatched);
    assert!(all["number"].as_u64().unwrap() < 3);

    // Entries that are named are there, and of the kind that tells of it.
    let entries = begun["entries"].as_array().unwrap();
    assert!(!entries.is_empty());
    for seq in entries {
        let after = seq.as_i64().unwrap() - 1;
        let entry = server.open(lea, &format!("/api/v1/ledger?after={after}&limit=1")).json();
        assert_eq!(
            (&entry["rows"][0]["seq"], &entry["rows"][0]["kind"]),
            (seq, &"received".into())
        );
    }
    let end = all["ledger"]["entry"].as_i64().unwrap();
    assert!(entries.iter().all(|seq| seq.as_i64().unwrap() <= end));

    let own = server.open(lea, &format!("/api/v1/maturity?team={team}")).json();
    assert_eq!(criterion(&own, "inventory-whole")["verdict"], "met");
    assert_eq!((&own["team"]["name"], &own["teams"]), (&"shop".into(), &serde_json::json!([])));

    // Who is of another team sees that one alone, and it is said.
    let theirs = server.open(small, "/api/v1/maturity");
    assert!(!theirs.text.contains("shop"), "{}", theirs.text);
    let theirs = theirs.json();
    assert_eq!(theirs["whole"], false);
    assert_eq!(criterion(&theirs, "inventory-begun")["of"], 1);
    assert_eq!(theirs["ledger"], Value::Null);
    let holds = criterion(&theirs, "ledger-holds");
    assert_eq!(holds["of"], 1, "how long it is, is not told: {holds}");
    let quiet = theirs["criteria"]
        .as_array()
        .unwrap()
        .iter()
        .all(|c| c["entries"] == serde_json::json!([]));
    assert!(quiet, "they may not read the ledger");
    for path in [
        format!("/api/v1/maturity?team={team}"),
        format!("/api/v1/maturity/oscal?team={team}"),
        format!("/api/v1/maturity/pack?team={team}"),
        format!("/api/v1/maturity/pdf?team={team}"),
        format!("/teams/{team}/maturity"),
    ] {
        assert_eq!(server.open(lea, &path).status, 200, "{path}");
        assert_eq!(server.open(small, &path).status, 404, "{path}");
        assert_eq!(server.open(eve, &path).status, 404, "{path}");
    }
}

#[test]
fn the_page_of_maturity_opens_its_lists_and_the_file_stands_alone() {
    let world = World::new();
    let World { server, lea, small, team, .. } = &world;
    for path in ["/maturity".to_owned(), format!("/teams/{team}/maturity")] {
        let page = server.open(lea, &path);
        assert_eq!(page.status, 200, "{}", page.text);
        let links: BTreeSet<&str> =
            page.text.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for link in links {
            let link = format!("/{}", link.replace("&#38;", "&").replace("&amp;", "&"));
            let answer = server.open(lea, &link);
            assert!(matches!(answer.status, 200 | 303), "{link}: {}", answer.status);
        }
    }
    assert!(server.open(small, "/maturity").text.contains("of what you may see"));
    let file = server.open(lea, "/api/v1/maturity/pack");
    assert!(file.header("content-disposition").unwrap().contains("attachment"));
    assert!(file.header("content-type").unwrap().starts_with("text/html"));
    assert!(!file.text.contains("href=\"/") && !file.text.contains("<script"), "{}", file.text);
    assert!(file.text.contains("http://127.0.0.1/api/v1/ledger?after="), "{}", file.text);
    // The same on paper, of what each may see.
    let size = |who| {
        let file = server.open(who, "/api/v1/maturity/pdf");
        assert_eq!((file.status, file.header("content-type")), (200, Some("application/pdf")));
        file.header("content-length").unwrap().parse::<usize>().unwrap()
    };
    let (whole, part) = (size(lea), size(small));
    assert!(whole > 5000 && part > 5000 && whole != part, "{whole} {part}");
}

/// What the schema of OSCAL 1.1 asks of assessment results, as far as we write of it.
#[test]
fn oscal_has_what_its_schema_asks_for() {
    let world = World::new();
    let World { server, lea, .. } = &world;
    let all = server.open(lea, "/api/v1/maturity/oscal").json();
    let is = &all["assessment-results"];
    let id = |value: &Value| {
        let text = value.as_str().unwrap().to_owned();
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{text}");
        text
    };
    let mut ids = BTreeSet::from([id(&is["uuid"])]);
    for member in ["title", "last-modified", "version", "oscal-version"] {
        assert!(is["metadata"][member].is_string(), "{member}");
    }
    let criteria = id(&is["back-matter"]["resources"][0]["uuid"]);
    assert_eq!(is["import-ap"]["href"], format!("#{criteria}"));
    let result = &is["results"][0];
    for member in ["title", "description", "start"] {
        assert!(result[member].is_string(), "{member}");
    }
    ids.insert(id(&result["uuid"]));
    let controls = &result["reviewed-controls"]["control-selections"][0]["include-controls"];
    assert!(controls.as_array().unwrap().iter().any(|c| c["control-id"] == "ra-5"), "{controls}");
    let token = |text: &str| {
        text.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))
    };
    for observation in result["observations"].as_array().unwrap() {
        assert!(ids.insert(id(&observation["uuid"])), "each once");
        assert_eq!(observation["methods"], serde_json::json!(["EXAMINE"]));
        assert!(observation["description"].is_string() && observation["collected"].is_string());
        for prop in observation["props"].as_array().unwrap() {
            assert!(token(prop["name"].as_str().unwrap()), "{prop}");
            assert!(!prop["value"].as_str().unwrap().is_empty(), "{prop}");
        }
        for evidence in observation["relevant-evidence"].as_array().into_iter().flatten() {
            assert!(evidence["description"].is_string(), "{evidence}");
        }
    }
    assert!(ids.len() > 20);
}

#[test]
fn an_organisation_asks_more_or_less_of_itself_within_bounds() {
    let world = World::new();
    let World { server, lea, small, .. } = &world;
    server.settle(world.org);
    let put = |who: &Someone, body: &Value| {
        let own = [("cookie", who.cookie.as_str()), JSON];
        server.ask("PUT", "/api/v1/maturity/thresholds", &own, body.to_string().as_bytes()).status
    };
    let asked = |least: Value, reason: &str| json!({ "criterion": "inventory-whole", "least": least, "reason": reason });
    let verdict = || {
        let all = server.open(lea, "/api/v1/maturity").json();
        let is = criterion(&all, "inventory-whole");
        (is["verdict"].clone(), is["least"].clone(), is["usual"].clone())
    };
    assert_eq!(verdict(), ("not-met".into(), 100.into(), 100.into()));
    for wrong in [
        asked(json!(79), "x"),
        asked(json!(101), "x"),
        asked(json!(90), " "),
        json!({ "criterion": "no-such", "least": 90, "reason": "x" }),
        json!({ "criterion": "ledger-holds", "least": 90, "reason": "x" }),
    ] {
        assert_eq!(put(lea, &wrong), 422, "{wrong}");
    }
    assert_eq!(put(small, &asked(json!(90), "x")), 403, "who answers for all alone");
    assert_eq!(put(lea, &asked(json!(80), "Two are bought, and send nothing.")), 204);
    // One of two is still too few, by what is asked for here.
    let all = server.open(lea, "/api/v1/maturity").json();
    let is = criterion(&all, "inventory-whole");
    assert_eq!(is["missing"], "1 more of 2 systems needed (80 % required).");
    assert_eq!(is["least"], 80);
    let rows = server.open(small, "/api/v1/maturity/thresholds").json()["rows"].clone();
    let rows = rows.as_array().unwrap();
    let own = rows.iter().find(|row| row["criterion"] == "inventory-whole").unwrap();
    assert_eq!(
        (&own["least"], &own["usual"], &own["lowest"], &own["reason"]),
        (&80.into(), &100.into(), &80.into(), &"Two are bought, and send nothing.".into())
    );
    assert_eq!(own["actor"], format!("person:{}", lea.id));
    assert!(rows.iter().all(|row| row["criterion"] != "ledger-holds"));
    let page = server.open(small, "/maturity/thresholds").text;
    assert!(page.contains("Two are bought, and send nothing."), "{page}");
    assert!(page.contains("Lea") && !page.contains("Set a threshold"), "{page}");
    let form = [("criterion", "inventory-whole"), ("least", "7"), ("reason", "less")];
    let answer = server.send(lea, "/maturity/thresholds", &form);
    assert!(answer.status == 200 && answer.text.contains("80 to 100 percent"), "{answer:?}");
    let form = [("criterion", "inventory-whole"), ("least", ""), ("reason", "")];
    assert_eq!(server.send(lea, "/maturity/thresholds", &form).status, 303);
    assert_eq!(verdict().1, 100);
    // Each change is told, with why.
    let app = server.app();
    let told = server.runtime.block_on(app.store.ledger(world.org, 0, 5000)).unwrap();
    let told: Vec<Value> = told
        .iter()
        .filter(|one| one.data.contains("maturity-threshold"))
        .map(|one| serde_json::from_str(&one.data).unwrap())
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((&told[0]["least"], &told[1]["least"]), (&json!(80), &Value::Null));
}

#[test]
fn the_stage_is_kept_by_day_and_the_ledger_read_on_before_anybody_looks() {
    let world = World::new();
    let World { server, lea, small, team, .. } = &world;
    server.settle(world.org);
    let app = server.app();
    let proof = || server.runtime.block_on(app.store.proof(world.org)).unwrap();
    // As the job of the day does; a few entries at a time.
    let parts = server.runtime.block_on(app.look_back(world.org, 7)).unwrap();
    assert!(parts.unwrap() > 1, "{parts:?}");
    let is = proof().unwrap();
    assert_eq!((is.place.as_ref().unwrap().0, is.holds.unwrap().0), (is.entries, true));
    let all = server.open(lea, "/api/v1/maturity").json();
    let days = all["days"].as_array().unwrap();
    assert_eq!(days.len(), 1, "{days:?}");
    assert_eq!(days[0]["number"], all["number"]);
    let sum = |name: &str| days[0][name].as_i64().unwrap();
    let criteria = all["criteria"].as_array().unwrap().len();
    assert_eq!(sum("met") + sum("not_met") + sum("unknown"), i64::try_from(criteria).unwrap());
    let own = server.open(lea, &format!("/api/v1/maturity?team={team}")).json();
    assert_eq!(own["days"][0]["number"], own["number"]);
    // Who sees a part is told of no stage of the whole.
    assert_eq!(server.open(small, "/api/v1/maturity").json()["days"], json!([]));
    // One day has no trend; of two weeks there is a chart.
    assert!(!server.open(lea, "/maturity").text.contains("last day of each week"));
    let today = server.runtime.block_on(app.store.stages(world.org, None, (0, i64::MAX))).unwrap();
    let before = trimtab_store::StageDay { day: today[0].day - 21, stage: 1, ..today[0] };
    server.runtime.block_on(app.store.keep_stages(world.org, &[before])).unwrap();
    let page = server.open(lea, "/maturity").text;
    assert!(page.contains("last day of each week") && page.contains("?</text>"), "{page}");
    assert!(!server.open(small, "/maturity").text.contains("last day of each week"));
}
