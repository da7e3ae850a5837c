//! Several decisions are answered at once: each judged by itself, and never by the one who asked.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};
use trimtab_store::{NewJob, Priority};

use crate::harness::{Answer, JSON, Server, Someone};

fn post(server: &Server, who: &Someone, path: &str, body: &Value) -> Answer {
    let own = [("cookie", who.cookie.as_str()), JSON];
    server.ask("POST", path, &own, body.to_string().as_bytes())
}

/// Asks to call every finding of an asset not affected. Gives the decisions.
pub(crate) fn ask(server: &Server, who: &Someone, asset: &str) -> Vec<i64> {
    let rows = server.open(who, "/api/v1/findings").json()["rows"].clone();
    let of = rows.as_array().unwrap().iter().filter(|row| row["asset"]["name"] == asset);
    let findings: Vec<&Value> = of.map(|row| &row["id"]).collect();
    let wanted = json!({ "findings": findings, "kind": "not-affected", "reason": "not called",
        "role": "engineering", "justification": "vulnerable_code_not_in_execute_path" });
    let asked = post(server, who, "/api/v1/decisions/several", &wanted);
    assert_eq!(asked.status, 201, "{asked:?}");
    let rows = asked.json()["rows"].clone();
    rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

pub(crate) fn begun() -> (Server, trimtab_store::Org, Someone, Someone) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    server.system(org, "shop");
    server.system(org, "desk");
    let everywhere =
        |roles: &[Role]| -> Vec<_> { roles.iter().map(|r| (*r, Organisation)).collect() };
    let eli = server.someone(org, "Eli", &everywhere(&[Role::Engineering]));
    let sia = server.someone(org, "Sia", &everywhere(&[Role::Security, Role::Engineering]));
    server.upload(&eli, "shop", "shop");
    server.upload(&eli, "desk", "desk");
    (server, org, eli, sia)
}

#[test]
fn each_is_judged_by_itself() {
    let (server, org, eli, sia) = begun();
    let theirs = ask(&server, &eli, "shop");
    let own = ask(&server, &sia, "desk");
    let all: Vec<i64> = theirs.iter().chain(&own).copied().chain([999_999]).collect();
    let answer = json!({ "decisions": all, "state": "approved", "role": "security" });
    let answered = post(&server, &sia, "/api/v1/decisions/answers", &answer);
    assert_eq!(answered.status, 200, "{answered:?}");
    for row in answered.json()["rows"].as_array().unwrap() {
        let id = row["id"].as_i64().unwrap();
        let (state, status) = (&row["state"], &row["problem"]["status"]);
        if theirs.contains(&id) {
            assert_eq!((state, &row["problem"]), (&json!("approved"), &Value::Null), "{row}");
        } else if own.contains(&id) {
            assert_eq!((state, status), (&Value::Null, &json!(409)), "nobody approves their own");
        } else {
            assert_eq!((state, status), (&Value::Null, &json!(404)), "{row}");
        }
    }
    let still = server.open(&sia, "/api/v1/decisions?state=asked").json();
    assert_eq!(still["rows"].as_array().unwrap().len(), own.len(), "{still}");
    // Once more: nothing is answered twice.
    let again = post(&server, &sia, "/api/v1/decisions/answers", &answer).json();
    assert!(again["rows"].as_array().unwrap().iter().all(|row| row["state"].is_null()), "{again}");
    // Of another team they are not there; who answers nothing is refused as a whole.
    let (_, team) = server.system(org, "office");
    let small = server.someone(org, "Small", &[(Role::Security, Team(team))]);
    let answer = json!({ "decisions": own, "state": "refused", "role": "security" });
    let refused = post(&server, &small, "/api/v1/decisions/answers", &answer).json();
    let rows = refused["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["problem"]["status"] == 404), "{refused}");
    assert_eq!(post(&server, &eli, "/api/v1/decisions/answers", &answer).status, 403);
    for wrong in [
        json!({ "decisions": [], "state": "approved", "role": "security" }),
        json!({ "decisions": (1..=101).collect::<Vec<i64>>(), "state": "approved", "role": "security" }),
        json!({ "decisions": own, "state": "asked", "role": "security" }),
    ] {
        assert_eq!(post(&server, &sia, "/api/v1/decisions/answers", &wrong).status, 422);
    }
}

#[test]
fn what_is_gone_waits_for_nobodys_answer() {
    let (server, org, eli, sia) = begun();
    let teams = server.open(&eli, "/api/v1/teams").json()["rows"].clone();
    let shop = teams.as_array().unwrap().iter().find(|team| team["name"] == "shop").unwrap();
    let app = server.app();
    let waits = |name: &str| {
        let now = Timestamp::now();
        let job = NewJob {
            org,
            kind: "notify".to_owned(),
            name: name.to_owned(),
            payload: json!({}),
            priority: Priority::Scheduled,
            run_at: now,
        };
        server.runtime.block_on(app.store.add_job(&job, now)).unwrap();
        server.settle(org);
        let path = format!("/api/v1/teams/{}/notices", shop["id"]);
        server.open(&sia, &path).json()["things"].to_string().contains("Answer the request")
    };
    let rows = server.open(&eli, "/api/v1/findings").json()["rows"].clone();
    let finding = rows.as_array().unwrap().iter().find(|row| row["asset"]["name"] == "shop");
    let wanted = json!({ "finding": finding.unwrap()["id"], "kind": "exception", "days": 7,
        "reason": "the season", "control": "a guard", "role": "engineering" });
    let asked = post(&server, &eli, "/api/v1/decisions", &wanted);
    assert_eq!(asked.status, 201, "{asked:?}");
    assert!(waits("asked"));
    let other = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "other", "version": "1.0.0",
            "purl": "pkg:npm/other@1.0.0" }] });
    let path = "/api/v1/snapshots?asset=shop&system=shop&wait=60";
    assert!(matches!(post(&server, &eli, path, &other).status, 200 | 201));
    assert!(!waits("gone"), "there is nothing left to accept");
    // Who answers it all the same is told so, and not that it was critical.
    let pam = server.someone(org, "Pam", &[(Role::Product, Organisation)]);
    let answer = json!({ "state": "approved", "role": "product" });
    let path = format!("/api/v1/decisions/{}/answer", asked.json()["id"]);
    let refused = post(&server, &pam, &path, &answer);
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text.contains("Nothing that it is about is open"), "{}", refused.text);
}

#[test]
fn the_page_says_what_became_of_each() {
    let (server, _, eli, sia) = begun();
    let theirs = ask(&server, &eli, "shop");
    let own = ask(&server, &sia, "desk");
    let page = server.open(&sia, "/exceptions?state=asked").text;
    assert!(page.contains("action=\"/exceptions/chosen\""), "{page}");
    assert!(!server.open(&eli, "/exceptions?state=asked").text.contains("/exceptions/chosen"));
    let (one, two) = (theirs[0].to_string(), own[0].to_string());
    let chosen = [("id", one.as_str()), ("id", two.as_str()), ("do", "approve")];
    let form = server.send(&sia, "/exceptions/chosen", &chosen);
    assert_eq!(form.status, 200);
    assert!(form.text.contains("Answer 2 decisions"), "{}", form.text);
    let ids = crate::harness::hidden(&form.text, "decisions");
    let fields = [("decisions", ids.as_str()), ("answer", "approve"), ("role", "security")];
    let done = server.send(&sia, "/exceptions/answers", &fields);
    assert!(done.text.contains("Approve: 1 of 2."), "{}", done.text);
    assert!(done.text.contains("somebody else must answer"), "{}", done.text);
    assert_eq!(crate::harness::hidden(&done.text, "decisions"), two, "what is left stays");
    let state =
        |id: &str| server.open(&sia, &format!("/api/v1/decisions/{id}")).json()["state"].clone();
    assert_eq!((state(&one), state(&two)), (json!("approved"), json!("asked")));
    // Without the session's own word nothing is done.
    let forged = server.ask(
        "POST",
        "/exceptions/answers",
        &[crate::harness::FORM, ("cookie", sia.cookie.as_str())],
        format!("csrf=x&decisions={two}&answer=refuse&role=security").as_bytes(),
    );
    assert_eq!(forged.status, 403);
    assert_eq!(server.send(&eli, "/exceptions/chosen", &chosen).status, 403);
    assert_eq!(state(&two), json!("asked"));
}
