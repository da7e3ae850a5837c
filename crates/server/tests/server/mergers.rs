//! Who merged an update: told by git by a verified address, or by a person of themselves; on their card.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{JSON, Someone, bearer};
use crate::updates::{World, begun, evidence};

/// An update that is merged, whose branch ended in a commit.
fn merged(world: &World) -> i64 {
    let mut batch = evidence("2.24.0", "2.30.1", &world.names[0]);
    batch["now"] = json!(jiff::Timestamp::now().to_string());
    batch["commits"] = json!([{ "id": "a".repeat(40), "subject": "Move moment" }]);
    let (status, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
    assert_eq!(status, 201, "{taken}");
    world.build("2.30.1");
    world.pace();
    world.replan();
    taken["update"].as_i64().unwrap()
}

fn put(world: &World, headers: &[(&str, &str)], id: i64, body: &Value) -> u16 {
    let path = format!("/api/v1/updates/{id}/merged");
    let headers = [&[JSON][..], headers].concat();
    world.server.ask("PUT", &path, &headers, body.to_string().as_bytes()).status
}

fn verified(world: &World, who: &Someone, email: &str) {
    let (app, org) = (world.server.app(), world.server.org());
    let now = jiff::Timestamp::now();
    world.server.runtime.block_on(async {
        app.store.set_email(org, who.id, email, "test", now).await.unwrap();
        app.store.verify_address(org, who.id, email, now).await.unwrap();
    });
}

#[test]
fn git_tells_who_merged_by_a_verified_address_alone() {
    let world = begun();
    let id = merged(&world);
    // The answer to who pushes names what nobody knows.
    let asked = || {
        let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{ "type": "library", "name": "moment", "version": "2.30.1",
                "purl": "pkg:npm/moment@2.30.1" }] });
        let path = "/api/v1/snapshots?asset=shop&system=shop&wait=50&facts=true";
        world.push(&world.lea, path, &document).1["unmerged"].clone()
    };
    assert_eq!(asked(), json!([{ "update": id, "commit": "a".repeat(40) }]));
    let path = "/api/v1/updates/merges?asset=shop";
    let ahead = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(99)).to_string();
    let org = world.server.org();
    let told = |address: &str| {
        let body = json!({ "merges": [{ "update": id, "commit": "b".repeat(40),
            "at": ahead, "address": address }] });
        let (status, said) = world.push(&world.lea, path, &body);
        // Whether there is somebody with the address is not told.
        assert_eq!((status, &said), (200, &json!({ "looked_at": 1 })));
        let known = world.server.runtime.block_on(world.server.app().store.merger(org, id));
        known.unwrap()
    };
    let tom = world.tom.id;
    // An address that an admin wrote down is nobody's word, and one that is not here is nobody's.
    let app = world.server.app();
    let now = jiff::Timestamp::now();
    let set = app.store.set_email(org, tom, "tom@ferries.example", "test", now);
    world.server.runtime.block_on(set).unwrap();
    assert_eq!((told("tom@ferries.example"), told("stranger@ferries.example")), (None, None));
    assert_eq!(asked(), Value::Null, "not with each push again");
    verified(&world, &world.tom, "tom@ferries.example");
    // Of who does not work with it nothing is said.
    let (_, desk) = world.server.system(org, "desk");
    let oz = world.server.someone(org, "Oz", &[(Role::Engineering, Team(desk))]);
    verified(&world, &oz, "oz@ferries.example");
    assert_eq!(told("oz@ferries.example"), None);
    let card = |who: &Someone| world.server.open(who, &format!("/api/v1/cards/{tom}"));
    assert_eq!(card(&world.ann).status, 404, "of Tom nothing is known yet");
    let is = told("Tom@Ferries.example").unwrap();
    assert_eq!((is.person, is.how.as_str()), (tom, "git"));
    assert!(is.at.is_some_and(|at| at <= jiff::Timestamp::now()), "no merge is in the future");
    assert_eq!(told("Tom@Ferries.example"), Some(is), "once");
    let is = card(&world.ann).json();
    assert_eq!((&is["merged"], &is["updates"]), (&json!([id]), &json!([])), "{is:#}");
    let numbers = is["numbers"].as_array().unwrap();
    let number = numbers.iter().find(|one| one["name"] == "updates merged").unwrap();
    assert_eq!((&number["now"], &number["before"]), (&json!(1.0), &json!(0.0)), "{number}");
    let page = world.server.open(&world.ann, &format!("/cards/{tom}")).text;
    assert!(page.contains("Updates merged") && page.contains("moment to 2.30.1"), "{page}");
    let file = world.server.open(&world.ann, &format!("/api/v1/cards/{tom}?as=card"));
    assert_eq!(file.header("content-type").unwrap(), "text/markdown; charset=utf-8");
    for words in ["# What the updates of Tom removed", "updates merged", "## Updates merged"] {
        assert!(file.text.contains(words), "{words}: {}", file.text);
    }
    let page = world.server.open(&world.ann, &format!("/updates/{id}")).text;
    assert!(page.contains(&format!("/cards/{tom}")), "{page}");
    // The address stands nowhere; that it was told does.
    let told = world.server.runtime.block_on(app.store.ledger(org, 0, 5000)).unwrap();
    let told: Vec<_> = told.iter().filter(|one| one.data.contains("\"merger\"")).collect();
    assert_eq!(told.len(), 1);
    assert!(!told[0].data.contains('@'), "{}", told[0].data);
    // Who does not want to be shown is not, and a changed address is verified no longer.
    let hide = app.store.set_unshown(org, tom, true, "test", now);
    world.server.runtime.block_on(hide).unwrap();
    assert_eq!(card(&world.ann).status, 404);
    let page = world.server.open(&world.ann, &format!("/updates/{id}")).text;
    assert!(!page.contains(&format!("/cards/{tom}")), "{page}");
    let known = |email: &'static str| {
        world.server.runtime.block_on(app.store.person_of_verified(org, email)).unwrap()
    };
    assert_eq!(known("tom@ferries.example"), Some(tom));
    let set = app.store.set_email(org, tom, "t@ferries.example", "test", now);
    world.server.runtime.block_on(set).unwrap();
    assert_eq!((known("tom@ferries.example"), known("t@ferries.example")), (None, None));
}

#[test]
fn a_person_says_it_of_themselves_and_takes_it_back() {
    let world = begun();
    let id = merged(&world);
    let app = world.server.app();
    let (yes, no) = (json!({ "mine": true }), json!({ "mine": false }));
    let as_person =
        |who: &Someone| [("cookie", who.cookie.clone()), ("x-csrf-token", who.csrf.clone())];
    let say = |who: &Someone, body: &Value| {
        let own = as_person(who);
        let own: Vec<(&str, &str)> =
            own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        put(&world, &own, id, body)
    };
    assert_eq!(say(&world.ann, &yes), 403, "who only looks merges nothing");
    let token = bearer(&world.server.token(&world.lea.cookie, &["upload", "view"]));
    assert_eq!(put(&world, &[("authorization", &token)], id, &yes), 403, "no token says it");
    assert_eq!((say(&world.lea, &yes), say(&world.lea, &yes)), (204, 204));
    let eve = world.server.someone(world.server.org(), "Eve", &[(Role::Engineering, Organisation)]);
    assert_eq!(say(&eve, &yes), 409, "somebody else did");
    assert_eq!(say(&eve, &no), 204);
    let merged = || {
        let is = world.server.open(&world.lea, &format!("/api/v1/cards/{}", world.lea.id));
        is.json()["merged"].clone()
    };
    assert_eq!(merged(), json!([id]), "what others take back is theirs alone");
    let page = world.server.open(&world.lea, &format!("/updates/{id}")).text;
    assert!(page.contains("I did not merge it"), "{page}");
    let form = format!("/updates/{id}/merged");
    assert_eq!(world.server.send(&world.lea, &form, &[("mine", "no")]).status, 303);
    assert_eq!(merged(), json!([]));
    // It stays so, whatever git tells of them with the next push.
    verified(&world, &world.lea, "lea@ferries.example");
    let body = json!({ "merges": [{ "update": id, "commit": "b".repeat(40),
        "address": "lea@ferries.example" }] });
    let (status, said) = world.push(&world.lea, "/api/v1/updates/merges?asset=shop", &body);
    assert_eq!((status, said, merged()), (200, json!({ "looked_at": 1 }), json!([])));
    assert_eq!(world.server.send(&world.lea, &form, &[("mine", "yes")]).status, 303);
    assert_eq!(merged(), json!([id]));
    assert_eq!(say(&world.lea, &no), 204);
    // Who only looks says no of themselves where git names them.
    verified(&world, &world.ann, "ann@ferries.example");
    let body = json!({ "merges": [{ "update": id, "commit": "b".repeat(40),
        "address": "ann@ferries.example" }] });
    world.push(&world.lea, "/api/v1/updates/merges?asset=shop", &body);
    let known = || {
        let known = world.server.runtime.block_on(app.store.merger(world.server.org(), id));
        known.unwrap().map(|is| is.person)
    };
    assert_eq!(known(), Some(world.ann.id));
    assert_eq!((say(&world.ann, &no), known()), (204, None));
}
