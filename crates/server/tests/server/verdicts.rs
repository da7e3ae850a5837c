//! Verdicts of the gate on the server: what a CI was told, what it sent, what answered a refusal, and what is learnt of it.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};
use trimtab_testkit::browser::{Browser, rules};

use crate::answers;
use crate::harness::{JSON, Server, Someone, bearer};
use crate::world::post;

/// What `trimtab gate` writes: an outcome, and verdicts by effect and vulnerability.
pub(crate) fn gate(outcome: &str, verdicts: &[(&str, &str)]) -> Value {
    let verdict = |(at, (effect, finding)): (usize, &(&str, &str))| {
        json!({ "effect": effect, "policy": "trimtab.level", "rule": "above", "message":
            format!("{finding} in moment is above what is accepted"), "next_step": "Raise it.",
            "finding": finding, "level": "high", "new": at == 0, "fingerprint": at.to_string() })
    };
    let verdicts: Vec<Value> = verdicts.iter().enumerate().map(verdict).collect();
    json!({ "format": "trimtab-gate", "version": 1, "tool": { "name": "trimtab", "version": "1" },
        "target": "shop", "outcome": outcome, "headline": "So it is.", "complete": true,
        "charter": "Ours 1", "policies": ["trimtab.level"], "summary": { "denied": 1, "unknown": 0,
        "warned": 0, "findings": 1, "accepted": 0 }, "verdicts": verdicts })
}

fn one(server: &Server, who: &Someone, id: &Value) -> Value {
    server.open(who, &format!("/api/v1/verdicts/{id}")).json()
}

fn sent(server: &Server, who: &Someone, query: &str, body: &Value) -> Value {
    let answer = post(server, who, &format!("/api/v1/verdicts?{query}"), body);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["rows"][0].clone()
}

#[test]
fn what_a_ci_was_told_is_kept_with_why() {
    let (server, _, eli, sia) = answers::begun();
    // Each upload that waited was answered: of shop nothing is known to be accepted, as it has no tier.
    let rows = server.open(&eli, "/api/v1/verdicts").json()["rows"].clone();
    let told: Vec<(&Value, &Value)> =
        rows.as_array().unwrap().iter().map(|is| (&is["source"], &is["asset"]["name"])).collect();
    assert_eq!(
        told,
        [(&json!("push"), &json!("desk")), (&json!("push"), &json!("shop"))],
        "{rows}"
    );
    let first = one(&server, &eli, &rows[1]["id"]);
    assert_eq!(first["outcome"], "unknown", "{first}");
    assert!(first["why"].as_array().unwrap().iter().any(|is| is["rule"] == "no-tier"), "{first}");
    assert_eq!(first["actor"], json!(format!("person:{}", eli.id)));
    // The same again is no other verdict.
    server.upload(&eli, "shop", "shop");
    let again = server.open(&eli, "/api/v1/verdicts").json()["rows"].clone();
    assert_eq!(again.as_array().unwrap().len(), 2, "{again}");
    assert_eq!(again[1]["times"], 2);
    // With a tier it is known, and what is new and above it refuses.
    let system = json!({ "name": "shop", "team": "shop", "tier": "vital", "exposure": "internet" });
    let own = [("cookie", sia.cookie.as_str()), JSON];
    let admin = server.someone(server.org(), "Ada", &[(Role::Admin, Organisation)]);
    let cookie = [("cookie", admin.cookie.as_str()), JSON];
    assert_eq!(
        server.ask("PUT", "/api/v1/systems", &cookie, system.to_string().as_bytes()).status,
        200
    );
    server.settle(server.org());
    let _ = own;
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": "2.24.0",
            "purl": "pkg:npm/moment@2.24.0" }] });
    let path = "/api/v1/snapshots?asset=till&system=shop&revision=abc&wait=50";
    let pushed =
        server.ask("POST", path, &[("cookie", &eli.cookie)], document.to_string().as_bytes());
    assert_eq!(pushed.json()["verdict"]["verdict"], "fails", "{pushed:?}");
    let newest = server.open(&eli, "/api/v1/verdicts?outcome=refused").json()["rows"][0].clone();
    let is = one(&server, &eli, &newest["id"]);
    assert_eq!((&is["asset"]["name"], &is["revision"]), (&json!("till"), &json!("abc")), "{is}");
    let why = is["why"][0].clone();
    assert_eq!((&why["rule"], &why["refuses"]), (&json!("above-accepted"), &json!(true)), "{is}");
    assert_eq!((&why["brought"], why["finding"].is_i64()), (&json!(true), true), "{is}");
    let page = server.open(&eli, &format!("/verdicts/{}", newest["id"]));
    assert!(page.text.contains("its tier accepts") && page.text.contains("Open a near miss"));
}

#[test]
fn a_refusal_is_mended_or_let_through_and_counted_by_team() {
    let (server, org, eli, sia) = answers::begun();
    let names = server.open(&eli, "/api/v1/findings").json()["rows"].clone();
    let of: Vec<String> = names
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["asset"]["name"] == "shop")
        .map(|row| row["vulnerability"].as_str().unwrap().to_owned())
        .collect();
    let all: Vec<(&str, &str)> = of.iter().map(|name| ("deny", name.as_str())).collect();
    // A change of a branch that is mended, and one of the main line that nobody mends.
    let branch = sent(&server, &eli, "asset=shop&revision=b1&branch=topic", &gate("fail", &all));
    let main = sent(&server, &eli, "asset=shop&revision=m1", &gate("fail", &all));
    assert_eq!((&main["outcome"], &main["new"]), (&json!("refused"), &json!(true)));
    let again = sent(&server, &eli, "asset=shop&revision=m1", &gate("fail", &all));
    assert_eq!((&again["id"], &again["new"]), (&main["id"], &json!(false)));
    let pass = sent(&server, &eli, "asset=shop&revision=b2&branch=topic", &gate("pass", &[]));
    let is = one(&server, &eli, &branch["id"]);
    assert_eq!(
        (&is["answered"]["how"], &is["answered"]["verdict"]),
        (&json!("passed"), &pass["id"])
    );
    let is = one(&server, &eli, &main["id"]);
    assert_eq!(is["answered"], Value::Null);
    assert!(is["why"].as_array().unwrap().iter().all(|why| why["finding"].is_i64()), "{is}");
    assert_eq!((&is["why"][0]["brought"], &is["why"][1]["brought"]), (&json!(true), &json!(false)));
    // A decision that comes after it lets it through.
    let decisions = answers::ask(&server, &eli, "shop");
    let answer = json!({ "decisions": decisions, "state": "approved", "role": "security" });
    assert_eq!(post(&server, &sia, "/api/v1/decisions/answers", &answer).status, 200);
    server.settle(org);
    let is = one(&server, &eli, &main["id"]);
    assert_eq!(is["answered"]["how"], "decided", "{is}");
    assert!(decisions.contains(&is["answered"]["decision"].as_i64().unwrap()), "{is}");
    let page = server.open(&eli, &format!("/verdicts/{}", main["id"])).text;
    assert!(page.contains("answered by Sia"), "{page}");
    let teams = server.open(&eli, "/api/v1/verdicts/teams").json()["rows"].clone();
    let shop = teams.as_array().unwrap().iter().find(|row| row["team"]["name"] == "shop").unwrap();
    let numbers = ["looked_at", "passed", "refused", "mended", "let_through"];
    let numbers: Vec<i64> = numbers.iter().map(|name| shop[*name].as_i64().unwrap()).collect();
    assert_eq!(numbers, [4, 1, 2, 1, 1], "{shop}");
    // Every number opens as many.
    for (query, count) in [
        ("outcome=refused", 2),
        ("answered=passed", 1),
        ("answered=decided", 1),
        ("answered=open", 0),
        ("source=gate", 3),
        ("source=change", 5),
        ("outcome=refused&days=1", 2),
    ] {
        let rows = server.open(&eli, &format!("/api/v1/verdicts?{query}")).json()["rows"].clone();
        assert_eq!(rows.as_array().unwrap().len(), count, "{query}: {rows}");
    }
    for wrong in
        ["outcome=x", "outcome=", "source=x", "answered=x", "days=0", "days=401", "after=x"]
    {
        assert_eq!(server.open(&eli, &format!("/api/v1/verdicts?{wrong}")).status, 422, "{wrong}");
    }
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let page = crate::bulk::page_of(&browser, &server, &sia);
    for (name, path) in [
        ("list", "/verdicts".to_owned()),
        ("one", format!("/verdicts/{}", branch["id"])),
        ("let-through", format!("/verdicts/{}", main["id"])),
        ("near-miss", format!("/verdicts/{}/near-miss", branch["id"])),
    ] {
        page.open(&format!("{}{path}", server.base));
        let faults = rules::looked(&page, &axe, &format!("verdict-{name}"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn what_is_sent_is_checked_and_only_by_who_may_upload_there() {
    let (server, org, eli, _) = answers::begun();
    let to = |query: &str, body: &str| {
        let own = [("cookie", eli.cookie.as_str()), JSON];
        server.ask("POST", &format!("/api/v1/verdicts?{query}"), &own, body.as_bytes()).status
    };
    let right = gate("fail", &[("deny", "CVE-2026-1")]).to_string();
    for (query, body) in [
        ("asset=none", right.as_str()),
        ("asset=shop", ""),
        ("asset=shop", "{"),
        ("asset=shop", "[]"),
        ("asset=shop", "{}"),
        ("asset=shop", r#"{"format": "trimtab-gate", "version": 2}"#),
        ("asset=shop&revision=", right.as_str()),
        ("asset=shop&branch=%00", right.as_str()),
    ] {
        assert_eq!(to(query, body), 422, "{query} {body}");
    }
    let lie = gate("pass", &[("deny", "CVE-2026-1")]).to_string();
    assert_eq!(to("asset=shop", &lie), 422, "a pass that denies");
    // A token for uploads of another team sends nothing here.
    let (_, desk) = server.system(org, "desk");
    let other = server.someone(org, "Oto", &[(Role::Engineering, Team(desk))]);
    let token = json!({ "name": "ci", "actions": ["upload"], "days": 1 });
    let token = post(&server, &other, "/api/v1/tokens", &token).json();
    let secret = bearer(token["token"].as_str().unwrap());
    let ask = |asset: &str| {
        let own = [("authorization", secret.as_str()), JSON];
        let path = format!("/api/v1/verdicts?asset={asset}");
        server.ask("POST", &path, &own, right.as_bytes()).status
    };
    assert_eq!((ask("desk"), ask("shop")), (201, 403));
    let rows = server.open(&other, "/api/v1/verdicts").json()["rows"].clone();
    assert!(rows.as_array().unwrap().iter().all(|row| row["asset"]["name"] == "desk"), "{rows}");
}

#[test]
fn a_near_miss_is_opened_out_of_what_was_refused() {
    let (server, org, eli, _) = answers::begun();
    let (_, desk) = server.system(org, "desk");
    let (_, shop) = server.system(org, "shop");
    let near = |who: &Someone, id: &Value, body: &Value| {
        let answer = post(&server, who, &format!("/api/v1/verdicts/{id}/near-miss"), body);
        (answer.status, answer.json())
    };
    // What check-new refused: a package that is nowhere.
    let asked = |verdict: &str, package: &str| {
        json!({ "format": "trimtab-selection", "version": 1, "package": package,
            "verdict": verdict, "reasons": [{ "rule": "malicious", "verdict": verdict,
            "found": "MAL-2026-7 says that it is an attack", "source": "OSV", "unknown": false }],
            "asked": null, "closure": null })
    };
    let lines = format!(
        "{}\n{}\n",
        asked("deny", "pkg:npm/momnet@1.0.0"),
        asked("allow", "pkg:npm/moment@2.30.1")
    );
    let own = [("cookie", eli.cookie.as_str()), JSON];
    let answer = server.ask("POST", "/api/v1/verdicts?asset=shop", &own, lines.as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    let rows = answer.json()["rows"].clone();
    let outcomes: Vec<&Value> = rows.as_array().unwrap().iter().map(|is| &is["outcome"]).collect();
    assert_eq!(outcomes, ["refused", "passed"]);
    // The same file again doubles nothing.
    let again = server.ask("POST", "/api/v1/verdicts?asset=shop", &own, lines.as_bytes()).json();
    let again = again["rows"].as_array().unwrap().clone();
    assert!(again.iter().all(|is| is["new"] == json!(false)), "{again:?}");
    // A version that cannot be understood is not looked for.
    let odd = asked("deny", "pkg:npm/odd@%3C1.0.0%20%3E2.0.0").to_string();
    let odd = server.ask("POST", "/api/v1/verdicts?asset=shop", &own, odd.as_bytes()).json();
    let (status, opened) = near(&eli, &odd["rows"][0]["id"], &json!({}));
    assert_eq!(status, 201, "{opened}");
    let room = server.open(&eli, &format!("/api/v1/incidents/{}", opened["id"])).json();
    assert_eq!((&room["looked_for"], &room["versions"]), (&json!("pkg:npm/odd"), &Value::Null));
    let refused = &rows[0]["id"];
    assert_eq!(near(&eli, &rows[1]["id"], &json!({})).0, 409, "nothing was refused");
    assert_eq!(near(&eli, refused, &json!({ "title": "x\ny" })).0, 422);
    assert_eq!(near(&eli, refused, &json!({ "name": "x" })).0, 422);
    // Who is of the team may; who is of another does not see it.
    let tam = server.someone(org, "Tam", &[(Role::Engineering, Team(shop))]);
    let oto = server.someone(org, "Oto", &[(Role::Engineering, Team(desk))]);
    let pat = server.someone(org, "Pat", &[(Role::Product, Team(shop))]);
    assert_eq!((near(&oto, refused, &json!({})).0, near(&pat, refused, &json!({})).0), (404, 403));
    let (status, opened) = near(&tam, refused, &json!({}));
    assert_eq!(status, 201, "{opened}");
    assert_eq!(near(&tam, refused, &json!({})).0, 409, "once");
    let id = opened["id"].clone();
    let room = server.open(&tam, &format!("/api/v1/incidents/{id}")).json();
    assert_eq!((&room["near_miss"], &room["looked_for"]), (&json!(true), &json!("pkg:npm/momnet")));
    assert_eq!(room["versions"], "1.0.0");
    let told = room["timeline"].to_string();
    assert!(told.contains("MAL-2026-7 says that it is an attack"), "{told}");
    assert_eq!(server.open(&oto, &format!("/api/v1/incidents/{id}")).status, 404);
    assert_eq!(one(&server, &tam, refused)["near_miss"], id);
    // A form does the same, out of a refusal of the gate.
    let gate =
        sent(&server, &eli, "asset=shop&revision=x", &gate("fail", &[("deny", "CVE-2022-31129")]));
    let page = server.open(&tam, &format!("/verdicts/{}", gate["id"])).text;
    assert!(page.contains("Open a near miss"), "{page}");
    let path = format!("/verdicts/{}/near-miss", gate["id"]);
    let form = server.open(&tam, &path).text;
    assert!(form.contains("CVE-2022-31129 was refused before it came in"), "{form}");
    let opened = server.send(&tam, &path, &[("title", "Nearly again")]);
    assert_eq!(opened.status, 303, "{opened:?}");
    // Another team has that package, and reads nothing of what was refused here.
    let others = server.open(&oto, "/api/v1/incidents").json()["rows"].clone();
    assert_eq!(others, json!([]));
    // Each sort has its list, and real ones are not among them.
    let of = |query: &str| {
        let rows = server.open(&eli, &format!("/api/v1/incidents?{query}")).json()["rows"].clone();
        rows.as_array().unwrap().len()
    };
    assert_eq!((of("sort=near-miss"), of("sort=incident"), of("sort=drill")), (3, 0, 0));
    for wrong in ["sort=x", "sort="] {
        assert_eq!(server.open(&eli, &format!("/api/v1/incidents?{wrong}")).status, 422, "{wrong}");
    }
}

#[test]
fn a_verdict_says_when_it_was_made_and_its_list_has_what_is_counted() {
    let (server, _, eli, _) = answers::begun();
    let now = jiff::Timestamp::now();
    let ago = |hours: i64| (now - jiff::SignedDuration::from_hours(hours)).to_string();
    let refused = gate("fail", &[("deny", "CVE-2022-31129")]);
    let path = |branch: &str, made: &str| {
        format!("asset=shop&revision=c1&branch={branch}&made={}", made.replace('+', "%2B"))
    };
    let query = format!("/api/v1/verdicts?{}", path("topic", "yesterday"));
    assert_eq!(post(&server, &eli, &query, &refused).status, 422);
    let id = sent(&server, &eli, &path("topic", &ago(5)), &refused)["id"].clone();
    let is = one(&server, &eli, &id);
    assert_eq!(is["at"].as_str().unwrap()[..13], ago(5)[..13], "{is}");
    assert_eq!(is["left"], Value::Null);
    // It is younger than a week: it is listed, and not among those that are counted.
    let list = |query: &str| {
        let all = server.open(&eli, &format!("/api/v1/verdicts?{query}")).json();
        all["rows"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(list("outcome=refused"), std::slice::from_ref(&id));
    assert_eq!(list("outcome=refused&had_time=true"), Vec::<Value>::new());
    let pass = gate("pass", &[]);
    sent(&server, &eli, &path("topic", &ago(6)), &pass);
    assert_eq!(one(&server, &eli, &id)["answered"], Value::Null, "it was made before");
    let later = json!({ "made": ago(4) });
    let query = path("topic", later["made"].as_str().unwrap()).replace("c1", "c2");
    sent(&server, &eli, &query, &pass);
    assert_eq!(one(&server, &eli, &id)["answered"]["how"], "passed");
    assert_eq!(list("outcome=refused&had_time=true"), std::slice::from_ref(&id));
    let page = server.open(&eli, "/verdicts").text;
    assert!(page.contains("on abandoned branches"), "{page}");
    assert_eq!(list("answered=left"), Vec::<Value>::new());
    // A clock that is ahead fails nobody, and what is old is old.
    let at = |branch: &str, made: &str| {
        let id = sent(&server, &eli, &path(branch, made), &refused)["id"].clone();
        one(&server, &eli, &id)["at"].as_str().unwrap().to_owned()
    };
    let ahead: jiff::Timestamp = at("ahead", &ago(-1)).parse().unwrap();
    assert!(ahead <= jiff::Timestamp::now());
    assert_eq!(at("old", &ago(24 * 30))[..10], ago(24 * 7)[..10]);
}
