//! What a team's updates teach: what they took, what held, and who is told of it.

use serde_json::json;
use trimtab_model::Role;

use crate::harness::Someone;
use crate::updates::{begun, evidence, plan_of};

#[test]
fn estimates_learn_from_what_updates_took() {
    let world = begun();
    world.pace();
    let change = || {
        let path = format!("/api/v1/teams/{}/plan", world.team);
        world.server.open(&world.ann, &path).json()["plan"]["batches"][0]["changes"][0].clone()
    };
    let before = change();
    assert_eq!(before["estimate"], json!("prior"), "{before:#}");
    // Five updates of the same distance as the planned one, each of nine points.
    let to = before["to"].as_str().unwrap().to_owned();
    for n in 0..5 {
        let mut batch = evidence("2.24.0", &to, &world.names[0]);
        batch["now"] = json!(format!("2026-03-0{}T09:00:00Z", n + 1));
        let (_, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
        let path = format!("/api/v1/updates/{}", taken["update"]);
        let said = world.push(&world.tom, &path, &json!({ "points": 9.0 }));
        assert_eq!(said.0, 200, "{said:?}");
    }
    let after = change();
    assert_eq!(after["estimate"], json!("prior and 5 finished updates of this team"));
    // Half of it is the prior, half what they took.
    assert!(after["most"].as_f64() > before["most"].as_f64(), "{before:#} {after:#}");
    assert!((4.5..=9.0).contains(&after["least"].as_f64().unwrap()), "{after:#}");
    let page = world.server.open(&world.ann, &format!("/teams/{}/plan", world.team));
    for words in ["5 finished updates of this team", "Learnt from finished changes"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
}

#[test]
fn what_was_confirmed_is_priced_by_what_the_team_learnt() {
    let world = begun();
    world.pace();
    let path = format!("/api/v1/teams/{}/plan", world.team);
    let plan = || world.server.open(&world.ann, &path).json()["plan"].clone();
    assert_eq!(plan()["learnt"], json!([]), "before there is history the priors are used");
    let sent = plan_of(&world, "2.30.1", 5.0);
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &sent).0, 201);
    let change = || plan()["batches"][0]["changes"][0].clone();
    let is = change();
    assert_eq!((&is["least"], &is["most"]), (&json!(5.0), &json!(7.0)));
    assert_eq!(is["estimate"], json!("prior"));
    // Five that took nine points each, one of them reverted, and one relock that says nothing of raises.
    for n in 1..7 {
        let mut batch = evidence("2.24.0", "2.30.1", &world.names[0]);
        batch["now"] = json!(format!("2026-03-0{n}T09:00:00Z"));
        if n == 6 {
            batch["actions"][0]["estimate"] = json!({ "kind": "relock", "distance": "minor",
                "transitive": false, "least": 1.0, "most": 1.0, "confidence": 0.95,
                "finished": 0, "reverted": 0 });
        }
        let (_, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
        let path = format!("/api/v1/updates/{}", taken["update"]);
        let back = n == 1;
        let reason = if back { "the till was slow" } else { "" };
        let said = json!({ "points": 9.0, "reverted": back, "reason": reason });
        assert_eq!(world.push(&world.tom, &path, &said).0, 200);
    }
    // A minor step is 1 to 2 points and holds in 9 of 10: with five of nine points it is 5 to 5.5, and holds in 8.5 of 10.
    let is = change();
    assert_eq!((&is["least"], &is["most"]), (&json!(9.0), &json!(10.5)), "{is:#}");
    let holds = is["confidence"].as_f64().unwrap();
    assert!((holds - 0.8 * 0.85 / 0.9).abs() < 1e-9, "{holds}");
    let words = "prior and 5 finished updates of this team, 1 of them reverted";
    assert_eq!(is["estimate"], json!(words));
    let learnt = plan()["learnt"].clone();
    let kinds: Vec<(&str, i64, i64, i64)> = learnt
        .as_array()
        .unwrap()
        .iter()
        .map(|of| {
            let number = |name: &str| of[name].as_i64().unwrap();
            (of["kind"].as_str().unwrap(), number("finished"), number("reverted"), number("said"))
        })
        .collect();
    assert_eq!(kinds, [("raise", 5, 1, 5), ("relock", 1, 0, 1)]);
    assert_eq!(learnt[0]["prior"], json!({ "least": 1.0, "most": 2.0, "confidence": 0.9 }));
    // What the command line had learnt itself is not learnt twice.
    let mut known = plan_of(&world, "2.30.1", 5.0);
    known["now"] = json!("2026-03-02T09:00:00Z");
    known["actions"][0]["cost"]["estimate"] = json!({ "kind": "raise", "distance": "minor",
        "transitive": false, "least": 3.0, "most": 4.0, "confidence": 0.9, "finished": 2,
        "reverted": 0 });
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &known).0, 201);
    let is = change();
    assert_eq!((&is["least"], &is["most"]), (&json!(7.0), &json!(8.5)), "{is:#}");
    known["actions"][0]["cost"]["estimate"]["least"] = json!(-1.0);
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &known).0, 422);
}

#[test]
fn what_was_merged_teaches_without_anybody_saying_so() {
    let world = begun();
    world.pace();
    let before = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 14);
    for name in &world.names {
        let mut batch = evidence("2.24.0", "2.30.1", name);
        batch["now"] = json!(before.to_string());
        batch["batch"] = json!(format!("sprint-{name}"));
        assert_eq!(world.push(&world.lea, "/api/v1/updates?asset=shop", &batch).0, 201);
        // Carried out anew since, as a request is that is brought up to date: it is merged once, and was begun before.
        for hours in [30, 60] {
            let again = before + jiff::SignedDuration::from_hours(hours);
            batch["now"] = json!(again.to_string());
            assert_eq!(world.push(&world.lea, "/api/v1/updates?asset=shop", &batch).0, 201);
        }
    }
    world.server.settle(world.server.org());
    world.replan();
    let path = format!("/api/v1/teams/{}/plan", world.team);
    let learnt = || world.server.open(&world.ann, &path).json()["plan"]["learnt"].clone();
    assert_eq!(learnt(), json!([]), "nothing is over yet");
    world.build("2.30.1");
    world.server.settle(world.server.org());
    world.replan();
    let all = learnt();
    let [of] = &all.as_array().unwrap()[..] else { panic!("{all:#}") };
    assert_eq!(
        (&of["kind"], &of["said"], &of["reverted"]),
        (&json!("raise"), &json!(0), &json!(0))
    );
    assert_eq!(of["finished"].as_u64(), Some(world.names.len() as u64));
    // Two weeks have ten working days; so long alone says no more than the most that the charter expects.
    let days = of["days"].as_f64().unwrap();
    assert!((9.0..=11.0).contains(&days), "{of:#}");
    assert_eq!(of["most"], json!(2.0));
    assert!(of["least"].as_f64() > Some(1.0), "{of:#}");
}

#[test]
fn what_a_team_learnt_is_told_of_the_systems_that_one_sees() {
    let world = begun();
    world.pace();
    let org = world.server.org();
    let app = world.server.app();
    let depot = trimtab_store::System {
        name: "depot".to_owned(),
        team: Some(world.team),
        ..trimtab_store::System::default()
    };
    let put = app.store.put_system(org, &depot, "trimtab", jiff::Timestamp::now());
    let depot = world.server.runtime.block_on(put).unwrap();
    let sue = world.server.someone(
        org,
        "Sue",
        &[(Role::Engineering, trimtab_store::ScopeOf::System(depot))],
    );
    let batch = evidence("2.24.0", "2.30.1", &world.names[0]);
    let (_, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
    let path = format!("/api/v1/updates/{}", taken["update"]);
    assert_eq!(world.push(&world.tom, &path, &json!({ "points": 9.0 })).0, 200);
    let path = format!("/api/v1/teams/{}/plan", world.team);
    let learnt = |who: &Someone| world.server.open(who, &path).json()["plan"]["learnt"].clone();
    assert_eq!(learnt(&world.ann).as_array().map(Vec::len), Some(1));
    assert_eq!(learnt(&world.tom), learnt(&world.ann));
    assert_eq!(learnt(&sue), json!([]), "of a system that she does not see");
}
