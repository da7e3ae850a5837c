//! What registries tell of the packages that most is built on, sent by whoever pushes, and shown in the monthly pack.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::updates::{World, begun};

const MOMENT: &str = "pkg:npm/moment@2.24.0";

/// Has it reckoned which packages most is built on, as the day's job does.
fn rank(world: &World, packages: &[&str]) {
    let (app, org) = (world.server.app(), world.server.org());
    let packages: Vec<String> = packages.iter().map(|is| (*is).to_owned()).collect();
    let forget = jiff::Timestamp::UNIX_EPOCH;
    world.server.runtime.block_on(app.store.rank_relied(org, &packages, forget)).unwrap();
}

fn wanted(world: &World, query: &str) -> Value {
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": "2.24.0",
            "purl": MOMENT }] });
    let path = format!("/api/v1/snapshots?asset=shop&system=shop&wait=50{query}");
    let (status, said) = world.push(&world.lea, &path, &document);
    assert!(matches!(status, 200 | 201), "{said}");
    said["wanted"].clone()
}

fn told(now: jiff::Timestamp) -> Value {
    json!({ "packages": [
        { "purl": MOMENT, "asked": now.to_string(), "source": "npm view",
          "published": "2019-01-21T21:15:00Z", "last_release": "2023-12-27T20:00:00Z",
          "newest": "2.30.1", "since": 9, "standing": "deprecated", "words": "use another" },
        { "purl": "pkg:npm/stranger@1.0.0", "asked": now.to_string(), "source": "npm view",
          "standing": "offered" } ] })
}

#[test]
fn who_pushes_is_asked_once_and_what_they_tell_is_in_the_month() {
    let world = begun();
    let now = jiff::Timestamp::now();
    let path = "/api/v1/packages/published?asset=shop";
    // Nothing is wanted before it was reckoned what is relied on, nor by who does not ask.
    assert_eq!(wanted(&world, "&facts=true"), Value::Null);
    rank(&world, &["pkg:npm/moment", "pkg:npm/stranger"]);
    assert_eq!(wanted(&world, ""), Value::Null);
    assert_eq!(wanted(&world, "&facts=true"), json!([MOMENT]), "what the asset carries alone");
    assert_eq!(wanted(&world, "&facts=true&branch=other"), Value::Null);
    let every = [Role::Security, Role::Engineering, Role::Product, Role::Auditor];
    let every = every.map(|role| (role, Organisation));
    let eve = world.server.someone(world.server.org(), "Eve", &every);
    let month = || {
        let new = json!({ "kind": "monthly", "team": world.team, "minutes": 45 });
        let (status, made) = world.push(&eve, "/api/v1/reviews", &new);
        assert_eq!(status, 201, "{made}");
        let path = format!("/api/v1/reviews/{}", made["id"]);
        (world.server.open(&eve, &path).json(), path)
    };
    let number = |of: &Value, name: &str| {
        let all = of["pack"]["numbers"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["name"] == name).unwrap()["value"].clone()
    };
    let (half, against) =
        ("median age of the most relied on, in days", "most relied on, but advised against");
    let (before, _) = month();
    assert_eq!((number(&before, half), number(&before, against)), (Value::Null, Value::Null));
    // What the asset does not carry is not believed.
    let (status, kept) = world.push(&world.lea, path, &told(now));
    assert_eq!((status, &kept), (200, &json!({ "kept": 1, "left_out": 1 })));
    assert_eq!(wanted(&world, "&facts=true"), Value::Null, "it is known for a week");
    let (after, review) = month();
    assert!(number(&after, half).as_f64().unwrap() > 365.0 * 6.0, "{after:#}");
    assert_eq!(number(&after, against), json!(1.0));
    let parts = after["pack"]["parts"].as_array().unwrap();
    let relied = parts.iter().find(|one| one["part"] == "relied-on").unwrap();
    let note = relied["topics"][0]["note"].as_str().unwrap();
    for words in [
        "2.24.0 was published 2019-01-21",
        "9 releases since, newest 2.30.1 of 2023-12-27",
        "2.24.0 is deprecated (use another)",
    ] {
        assert!(note.contains(words), "{words}: {note}");
    }
    assert!(relied["about"].as_str().unwrap().contains("known of 1 of 1"), "{relied}");
    let file = world.server.open(&eve, &format!("{review}/minutes?as=md")).text;
    assert!(file.contains("9 releases since") && file.contains(half), "{file}");
    // The package says it beside its versions, with who told it.
    let is = world.server.open(&eve, "/api/v1/packages/pkg%3Anpm%2Fmoment").json();
    let version = &is["versions"][0]["told"];
    assert_eq!((&version["since"], &version["newest"]), (&json!(9), &json!("2.30.1")), "{is:#}");
    assert_eq!(version["actor"], json!(format!("person:{}", world.lea.id)));
    // Who may not read the ledger is not told who it was: it may be somebody of another team.
    let tom = world.server.open(&world.tom, "/api/v1/packages/pkg%3Anpm%2Fmoment").json();
    let version = &tom["versions"][0]["told"];
    assert_eq!((&version["since"], &version["actor"]), (&json!(9), &Value::Null), "{tom:#}");
    let page = world.server.open(&eve, "/packages?purl=pkg%3Anpm%2Fmoment").text;
    assert!(page.contains("Its registry says") && page.contains("use another"), "{page}");
    // It is told to the ledger, and an older answer does not take its place.
    let old = json!({ "packages": [{ "purl": MOMENT, "source": "npm view", "since": 1,
        "asked": (now - jiff::SignedDuration::from_hours(24)).to_string() }] });
    assert_eq!(world.push(&world.lea, path, &old).1["kept"], 0);
    let entries = world.server.open(&world.ann, "/api/v1/ledger?kind=changed&limit=500").json();
    let read = |one: &Value| serde_json::from_str::<Value>(one["data"].as_str().unwrap()).unwrap();
    let entries = entries["rows"].as_array().unwrap().iter().map(read);
    let all: Vec<Value> = entries.filter(|data| data["what"] == "packages-told").collect();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["packages"], json!([MOMENT]));
}

#[test]
fn what_cannot_be_so_is_refused_and_so_is_who_may_not_push() {
    let world = begun();
    rank(&world, &["pkg:npm/moment"]);
    let path = "/api/v1/packages/published?asset=shop";
    let now = jiff::Timestamp::now();
    let wrong = [
        json!({ "packages": [] }),
        json!({ "packages": [{ "purl": "pkg:npm/moment" }] }),
        json!({ "packages": [{ "purl": MOMENT, "standing": "fine" }] }),
        json!({ "packages": vec![json!({ "purl": MOMENT }); 51] }),
        json!([[]]),
    ];
    for body in &wrong {
        let (status, said) = world.push(&world.lea, path, body);
        assert_eq!(status, 422, "{body}: {said}");
    }
    // What cannot be so is left out alone.
    let asked = now.to_string();
    for one in [
        json!({ "purl": MOMENT, "asked": asked, "since": -1 }),
        json!({ "purl": MOMENT, "asked": asked, "published": "2999-01-01T00:00:00Z" }),
        json!({ "purl": MOMENT, "asked": asked, "words": "x".repeat(501) }),
    ] {
        let (status, said) = world.push(&world.lea, path, &json!({ "packages": [one] }));
        assert_eq!((status, said), (200, json!({ "kept": 0, "left_out": 1 })), "{one}");
    }
    assert_eq!(world.push(&world.ann, path, &told(now)).0, 403);
    let (_, team) = world.server.system(world.server.org(), "desk");
    let other = world.server.someone(world.server.org(), "Oz", &[(Role::Engineering, Team(team))]);
    assert_eq!(world.push(&other, path, &told(now)).0, 403);
    // That a registry did not answer is no fact, and is not asked for again on each push.
    let silent = json!({ "packages": [{ "purl": MOMENT }] });
    assert_eq!(world.push(&world.lea, path, &silent).1["kept"], 1);
    assert_eq!(wanted(&world, "&facts=true"), Value::Null);
    let is = world.server.open(&world.lea, "/api/v1/packages/pkg%3Anpm%2Fmoment").json();
    assert_eq!(is["versions"][0]["told"], Value::Null, "{is:#}");
}
