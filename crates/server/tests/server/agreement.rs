//! Decisions and charters: asked for by one, answered by another, as far as the charter lets them.

use serde_json::json;
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{JSON, Server};

/// A server with an organisation and a system.
fn begun() -> (Server, trimtab_store::Org, i64) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (_, team) = server.system(org, "shop");
    (server, org, team)
}

#[test]
fn what_one_asks_for_another_answers() {
    let (server, org, _) = begun();
    let lea = server.someone(
        org,
        "Lea",
        &[(Role::Engineering, Organisation), (Role::Security, Organisation)],
    );
    let ana = server.someone(
        org,
        "Ana",
        &[(Role::Security, Organisation), (Role::Leadership, Organisation)],
    );
    let id = server.upload(&lea, "shop", "shop");
    let ask = format!("/findings/{id}/ask");
    let form = server.open(&lea, &ask);
    assert!(form.status == 200 && form.text.contains("For how many days?"), "{}", form.text);
    let wrong = server.send(
        &lea,
        &ask,
        &[("kind", "exception"), ("reason", " "), ("role", "engineering"), ("days", "5")],
    );
    assert_eq!(wrong.status, 200);
    assert!(wrong.text.contains("Say why, in 1 to 4000 characters."), "{}", wrong.text);
    let wrong =
        server.send(&lea, &ask, &[("reason", "later"), ("role", "engineering"), ("days", "x")]);
    assert!(wrong.text.contains("Enter a whole number."), "{}", wrong.text);
    let wrong = server.send(&lea, &ask, &[("reason", "later"), ("role", "admin"), ("days", "5")]);
    assert!(wrong.text.contains("Must be one of your own roles here."), "{}", wrong.text);
    let good = [
        ("kind", "exception"),
        ("reason", "=cmd|later <b>"),
        ("role", "engineering"),
        ("days", "5"),
        ("control", "the edge filters it"),
    ];
    let asked = server.send(&lea, &ask, &good);
    assert_eq!(asked.status, 303, "{}", asked.text);
    let here = asked.header("location").unwrap().to_owned();
    let own = server.open(&lea, &here);
    assert!(own.text.contains("Withdraw it") && !own.text.contains(">Approve<"), "{}", own.text);
    assert!(own.text.contains("cmd|later &#60;b&#62;"), "{}", own.text);
    let answer = format!("{here}/answer");
    let self_approved = server.send(&lea, &answer, &[("answer", "approve"), ("role", "security")]);
    assert_eq!(self_approved.status, 409, "the author cannot approve: {}", self_approved.text);
    let forged = server.ask(
        "POST",
        &answer,
        &[crate::harness::FORM, ("cookie", &ana.cookie)],
        b"csrf=x&answer=approve&role=security",
    );
    assert_eq!(forged.status, 403);
    let list = server.open(&ana, "/exceptions");
    assert!(list.text.contains("moment") && list.text.contains("Lea"), "{}", list.text);
    let approved = server.send(&ana, &answer, &[("answer", "approve"), ("role", "security")]);
    let approved = if approved.status == 303 {
        approved
    } else {
        server.send(&ana, &answer, &[("answer", "approve"), ("role", "leadership")])
    };
    assert_eq!(approved.status, 303, "{}", approved.text);
    server.settle(org);
    let finding = server.open(&ana, &format!("/api/v1/findings/{id}")).json();
    assert_eq!(finding["decided"].as_str(), Some("accepted"), "{finding}");
    // When it ends, it is weighed again.
    let store = server.app().store.clone();
    let waiting =
        server.runtime.block_on(store.jobs(org, trimtab_store::JobState::Waiting, 100)).unwrap();
    let ends = waiting.iter().find(|job| job.name.ends_with(" ends")).unwrap();
    let days = ends.run_at.duration_since(jiff::Timestamp::now()).as_hours();
    assert!((119..=120).contains(&days), "in five days, not {days} hours");
    let force = server.open(&ana, "/exceptions?state=in-force");
    assert!(force.text.contains("moment"), "{}", force.text);
    let csv = server.open(&ana, "/exceptions/register.csv");
    assert!(csv.text.starts_with("ID,Priority,Risk Description,Risk Category"), "{}", csv.text);
    let line = csv.text.lines().find(|l| l.starts_with(&format!("F-{id},"))).unwrap();
    assert!(line.contains(",accept,") && line.contains("the edge filters it"), "{line}");
    let json = server.open(&ana, "/exceptions/register.json").json();
    assert_eq!(json["complete"], true);
    assert!(json["rows"].as_array().unwrap().iter().any(|r| r["status"] == "accepted"));
    let renew = server.open(&lea, &format!("{ask}?as={}", here.rsplit('/').next().unwrap()));
    assert!(renew.text.contains("the edge filters it"), "{}", renew.text);
    let ended = server.send(&ana, &answer, &[("answer", "end"), ("role", "security")]);
    assert_eq!(ended.status, 303, "{}", ended.text);
    server.settle(org);
    let finding = server.open(&ana, &format!("/api/v1/findings/{id}")).json();
    assert!(finding["decided"].is_null(), "{finding}");
}

#[test]
fn what_does_not_matter_here_needs_a_reason_and_another_person() {
    let (server, org, _) = begun();
    let lea = server.someone(org, "Lea", &[(Role::Engineering, Organisation)]);
    let ana = server.someone(org, "Ana", &[(Role::Security, Organisation)]);
    let id = server.upload(&lea, "shop", "shop");
    let ask = |wanted: serde_json::Value| {
        let headers = [("cookie", lea.cookie.as_str()), JSON];
        server.ask("POST", "/api/v1/decisions", &headers, wanted.to_string().as_bytes())
    };
    let mut wanted = json!({ "finding": id, "kind": "not-affected", "reason": "the code is not called",
        "role": "engineering" });
    let missing = ask(wanted.clone());
    assert_eq!(missing.status, 422);
    assert!(missing.text.contains("justification"), "{missing:?}");
    wanted["justification"] = json!("vulnerable_code_not_in_execute_path");
    let asked = ask(wanted);
    assert_eq!(asked.status, 201, "{asked:?}");
    let decision = asked.json()["id"].as_i64().unwrap();
    let answer = format!("/exceptions/{decision}/answer");
    assert_eq!(
        server.send(&lea, &answer, &[("answer", "approve"), ("role", "engineering")]).status,
        403
    );
    let done = server.send(&ana, &answer, &[("answer", "approve"), ("role", "security")]);
    assert_eq!(done.status, 303, "{}", done.text);
    server.settle(org);
    let finding = server.open(&ana, &format!("/api/v1/findings/{id}")).json();
    assert_eq!(finding["decided"].as_str(), Some("not-affected"), "{finding}");
    let register = server.open(&ana, "/exceptions/register.json").json();
    let id = format!("F-{id}");
    assert!(!register["rows"].as_array().unwrap().iter().any(|r| r["id"] == id.as_str()));
}

#[test]
fn a_proposal_that_this_build_does_not_read_comes_into_force_for_nobody() {
    let (server, org, _) = begun();
    let lea = server.someone(org, "Lea", &[(Role::Engineering, Organisation)]);
    let (app, now) = (server.app(), jiff::Timestamp::now());
    // As an older build took it.
    let old = app.store.propose_charter(org, "format = 1\nold = 1\n", 1, "person:1", now);
    let old = server.runtime.block_on(old).unwrap();
    let answer = server.ask(
        "POST",
        &format!("/api/v1/charters/{old}/agree"),
        &[("cookie", lea.cookie.as_str()), JSON],
        json!({ "side": "engineering" }).to_string().as_bytes(),
    );
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.text.contains("This version of Trimtab cannot read it."), "{}", answer.text);
}

#[test]
fn another_team_and_another_organisation_see_nothing_of_it() {
    let (server, org, team) = begun();
    let (_, other_team) = server.system(org, "intranet");
    let lea = server.someone(org, "Lea", &[(Role::Engineering, Organisation)]);
    let ours = server.someone(org, "Ours", &[(Role::Product, Team(team))]);
    let theirs = server.someone(org, "Theirs", &[(Role::Product, Team(other_team))]);
    let app = server.app();
    let rival = server
        .runtime
        .block_on(app.store.add_organisation("Rivals", jiff::Timestamp::now()))
        .unwrap();
    let eve = server.someone(
        rival,
        "Eve",
        &Role::ALL.iter().map(|r| (*r, Organisation)).collect::<Vec<_>>(),
    );
    let id = server.upload(&lea, "shop", "shop");
    let good =
        [("reason", "later"), ("role", "engineering"), ("days", "3"), ("control", "a filter")];
    let asked = server.send(&lea, &format!("/findings/{id}/ask"), &good);
    let here = asked.header("location").unwrap().to_owned();
    assert!(server.open(&ours, "/exceptions").text.contains("moment"));
    assert_eq!(server.open(&ours, &here).status, 200);
    for stranger in [&theirs, &eve] {
        assert!(!server.open(stranger, "/exceptions").text.contains("moment"));
        assert!(!server.open(stranger, "/api/v1/decisions").text.contains("moment"));
        assert!(!server.open(stranger, "/exceptions/register.csv").text.contains("moment"));
        for path in [&here, &format!("/findings/{id}"), &format!("/findings/{id}/ask")] {
            assert_eq!(server.open(stranger, path).status, 404, "{path}");
        }
        let answer = [("answer", "refuse"), ("role", "product")];
        assert_eq!(server.send(stranger, &format!("{here}/answer"), &answer).status, 404);
        assert_eq!(server.send(stranger, &format!("/findings/{id}/ask"), &good).status, 404);
    }
}

#[test]
fn a_charter_without_the_cadence_of_a_team_says_so() {
    let (server, org, team) = begun();
    let sides = [Role::Security, Role::Engineering, Role::Product, Role::Operations];
    let all: Vec<_> = sides.iter().map(|r| (*r, Organisation)).collect();
    let lea = server.someone(org, "Lea", &all);
    server.upload(&lea, "shop", "shop");
    let fields = [("cadence", "every sprint"), ("capacity", "20")];
    assert_eq!(server.send(&lea, &format!("/teams/{team}/edit"), &fields).status, 303);
    let lost = |cadence: &str| {
        let text = format!(
            "format = 1\npreset = \"framework\"\nname = \"Ours\"\nversion = \"{cadence}\"\n\n[[cadence]]\n\
             name = \"{cadence}\"\nevery = \"sprint\"\nlevels = [\"high\", \"medium\"]\n"
        );
        let proposed = server.send(&lea, "/charter/propose", &[("text", &text)]);
        let here = proposed.header("location").unwrap().to_owned();
        let charter = here.rsplit('/').next().unwrap();
        let effect = server.open(&lea, &format!("/api/v1/charters/{charter}/effect")).json();
        (effect["without_plan"].clone(), server.open(&lea, &here).text)
    };
    let (teams, page) = lost("each sprint");
    assert_eq!(teams, json!(["shop"]));
    assert!(page.contains("1 team has a cadence that it does not have"), "{page}");
    assert!(page.contains("shop (every sprint)"), "{page}");
    let (teams, page) = lost("every sprint");
    assert_eq!(teams, json!([]));
    assert!(!page.contains("Teams without a plan"), "{page}");
}

#[test]
fn a_charter_holds_when_four_sides_have_agreed() {
    let (server, org, team) = begun();
    let sides = [Role::Security, Role::Engineering, Role::Product, Role::Operations];
    let all: Vec<_> = sides.iter().map(|r| (*r, Organisation)).collect();
    let lea = server.someone(org, "Lea", &all);
    let small = server.someone(org, "Small", &[(Role::Security, Team(team))]);
    let id = server.upload(&lea, "shop", "shop");
    let page = server.open(&lea, "/charter");
    assert!(page.text.contains("Nothing is agreed on yet"), "{}", page.text);
    assert_eq!(server.open(&small, "/charter/propose").status, 403);
    let wrong =
        server.send(&lea, "/charter/propose", &[("text", "format = 1\r\nnonsense = <b>\r\n")]);
    assert!(wrong.status == 200 && wrong.text.contains("Line 2:"), "{}", wrong.text);
    let text = "format = 1\npreset = \"swift\"\nname = \"Ours\"\nversion = \"7\"\n";
    let proposed = server.send(&lea, "/charter/propose", &[("text", text)]);
    assert_eq!(proposed.status, 303, "{}", proposed.text);
    let here = proposed.header("location").unwrap().to_owned();
    let charter = here.rsplit('/').next().unwrap().to_owned();
    let page = server.open(&lea, &here);
    assert!(page.text.contains("72 hours") && page.text.contains("48 hours"), "{}", page.text);
    assert!(page.text.contains("0 of 4"), "{}", page.text);
    let effect = server.open(&lea, &format!("/api/v1/charters/{charter}/effect")).json();
    assert!(effect["weighed"].as_i64().unwrap() > 0 && effect["complete"] == true, "{effect}");
    assert!(effect["sooner"].as_i64().unwrap() > 0, "{effect}");
    let answer = format!("{here}/answer");
    assert_eq!(server.send(&small, &answer, &[("answer", "agree security")]).status, 403);
    let before = server.open(&lea, &format!("/api/v1/findings/{id}")).json();
    for side in sides {
        let said = format!("agree {side}");
        let done = server.send(&lea, &answer, &[("answer", &said)]);
        assert_eq!(done.status, 303, "{}", done.text);
    }
    server.settle(org);
    let page = server.open(&lea, "/charter");
    assert!(page.text.contains("Version 7 of “Ours” holds since"), "{}", page.text);
    let after = server.open(&lea, &format!("/api/v1/findings/{id}")).json();
    assert_ne!(before["deadline"], after["deadline"], "every finding is weighed anew");
    assert_eq!(server.send(&lea, &answer, &[("answer", "withdraw")]).status, 409);
    let second = server.send(&lea, "/charter/propose", &[("text", &text.replace('7', "8"))]);
    let second = second.header("location").unwrap().to_owned();
    let back = server.send(&lea, &format!("{second}/answer"), &[("answer", "withdraw")]);
    assert_eq!(back.status, 303);
    let rows = server.open(&lea, "/api/v1/charters").json();
    assert_eq!(
        (&rows["rows"][0]["state"], &rows["rows"][1]["state"]),
        (&json!("withdrawn"), &json!("in-force"))
    );
}

#[test]
fn terms_that_an_older_build_did_not_tell_are_told_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.sqlite").to_str().unwrap().to_owned();
    let server = Server::beside(store.clone(), jiff::Timestamp::now);
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let lea = server.someone(org, "Lea", &[(Role::Security, Organisation)]);
    let text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\nversion = \"7\"\n\n\
        [[environment]]\nname = \"edge\"\nproduction = true\n";
    let now = jiff::Timestamp::now().as_microsecond();
    let now = jiff::Timestamp::from_microsecond(now).unwrap();
    server.runtime.block_on(async {
        let id = app.store.propose_charter(org, text, lea.id, "person:1", now).await.unwrap();
        for side in [Role::Security, Role::Engineering, Role::Product, Role::Operations] {
            let by = (side, lea.id);
            let agreed = app.store.agree(org, id, by, &serde_json::Value::Null, "person:1", now);
            agreed.await.unwrap();
        }
    });
    drop((app, server));
    // Once, however often it starts.
    for _ in 0..2 {
        let server = Server::beside(store.clone(), jiff::Timestamp::now);
        server.settle(org);
        let app = server.app();
        let ledger = server.runtime.block_on(app.store.ledger(org, 0, 1000)).unwrap();
        let told = ledger.iter().filter(|entry| entry.data.contains("charter-terms"));
        let told: Vec<serde_json::Value> =
            told.map(|entry| serde_json::from_str(&entry.data).unwrap()).collect();
        let [one] = &told[..] else { panic!("{told:?}") };
        assert_eq!(one["terms"]["production"], json!(["edge"]));
        assert_eq!(
            (&one["terms"]["version"], &one["since"]),
            (&json!("7"), &json!(now.to_string()))
        );
    }
}
