//! Nobody reaches over a wall: every address of the API that names something, asked for by another
//! organisation and by another team. The addresses come from the API's own description.

use serde_json::{Value, json};

use crate::harness::{JSON, Someone};
use crate::world::World;

/// A request about something of the first organisation, and what somebody of another team there may
/// get. Somebody of another organisation gets 404, whatever it is.
struct Row {
    method: &'static str,
    template: &'static str,
    id: String,
    body: Value,
    /// 404 where they may not know of it; 403 where they may see but not do.
    another_team: u16,
}

fn row(
    method: &'static str,
    template: &'static str,
    id: &impl ToString,
    body: Value,
    another_team: u16,
) -> Row {
    Row { method, template, id: id.to_string(), body, another_team }
}

#[test]
fn what_belongs_to_others_is_not_there() {
    let world = World::new();
    let World { server, lea, small, eve, system, team, asset, finding, decision, .. } = &world;
    let World { charter, token, job, whole, update, vulnerability, digest, letter, .. } = &world;
    let World { incident, appeal, .. } = &world;
    let World { review, resolve, goal, .. } = &world;
    let day = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).to_string();
    let decided = json!({ "what": "x", "owner": small.id, "due": &day[..10] });
    let followed = json!({ "decision": resolve, "state": "done" });

    let none = Value::Null;
    let answer = json!({ "state": "approved", "role": "security" });
    let role = json!({ "role": "admin" });
    let granted = json!({ "state": "granted", "role": "security", "reason": "x" });
    let agree = json!({ "side": "security" });
    let cover = json!({ "person": lea.id, "first": "2026-03-02", "until": "2026-03-09" });
    let place = json!({ "changes": [format!("{asset}:pkg:npm/moment")], "state": "held" });
    let rows = [
        row("GET", "/api/v1/findings/{id}", finding, none.clone(), 404),
        row("GET", "/api/v1/assets/{id}", asset, none.clone(), 404),
        row("GET", "/api/v1/teams/{id}/card", team, none.clone(), 404),
        row("GET", "/api/v1/teams/{id}/plan", team, none.clone(), 404),
        row("POST", "/api/v1/teams/{id}/plan", team, place, 404),
        row("GET", "/api/v1/teams/{id}/notices", team, none.clone(), 404),
        row("GET", "/api/v1/teams/{id}/notices/sent", team, none.clone(), 404),
        row("GET", "/api/v1/teams/{id}/notices/wishes", team, none.clone(), 404),
        row("PUT", "/api/v1/teams/{id}/notices/wishes", team, crate::matrix::wishes(), 404),
        row("POST", "/api/v1/teams/{id}/notices/try", team, none.clone(), 404),
        row("GET", "/api/v1/teams/{id}/rota", team, none.clone(), 404),
        row("PUT", "/api/v1/teams/{id}/rota", team, crate::matrix::rota(lea.id), 404),
        row("POST", "/api/v1/teams/{id}/rota/covers", team, cover, 404),
        row("DELETE", "/api/v1/teams/{id}/rota/covers/{day}", team, none.clone(), 404),
        row("POST", "/api/v1/teams/{id}/calendar", team, none.clone(), 404),
        row("DELETE", "/api/v1/teams/{id}/calendar", team, none.clone(), 404),
        row("GET", "/api/v1/notices/{id}", letter, none.clone(), 404),
        row("POST", "/api/v1/notices/{id}/acknowledgement", letter, none.clone(), 404),
        row("POST", "/api/v1/notices/{id}/again", letter, none.clone(), 404),
        row("GET", "/api/v1/teams/{id}/tickets", team, none.clone(), 404),
        row("GET", "/api/v1/teams/{id}/tracker", team, none.clone(), 404),
        row("PUT", "/api/v1/teams/{id}/tracker", team, json!({ "software": "gitea" }), 404),
        row("DELETE", "/api/v1/teams/{id}/tracker", team, none.clone(), 404),
        row("POST", "/api/v1/teams/{id}/tracker/try", team, none.clone(), 404),
        row("GET", "/api/v1/updates/{id}", update, none.clone(), 404),
        row("POST", "/api/v1/updates/{id}", update, json!({ "points": 1 }), 404),
        row("PUT", "/api/v1/updates/{id}/merged", update, json!({ "mine": true }), 404),
        row("GET", "/api/v1/incidents/{id}", incident, none.clone(), 404),
        row(
            "POST",
            "/api/v1/incidents/{id}",
            incident,
            json!({ "kind": "note", "text": "x" }),
            404,
        ),
        row("GET", "/api/v1/incidents/{id}/report", incident, none.clone(), 404),
        row("GET", "/api/v1/verdicts/{id}", &world.verdict, none.clone(), 404),
        row("POST", "/api/v1/verdicts/{id}/near-miss", &world.verdict, json!({}), 404),
        row("GET", "/api/v1/appeals/{id}", appeal, none.clone(), 404),
        row("POST", "/api/v1/appeals/{id}", appeal, granted, 404),
        row("DELETE", "/api/v1/appeals/{id}", appeal, none.clone(), 404),
        row("DELETE", "/api/v1/systems/{id}", system, none.clone(), 404),
        row("DELETE", "/api/v1/teams/{id}", team, none.clone(), 404),
        row("GET", "/api/v1/systems/{id}/people", system, none.clone(), 404),
        row("PUT", "/api/v1/systems/{id}/people", system, json!({}), 404),
        row("GET", "/api/v1/cards/{id}", &lea.id, none.clone(), 404),
        row("GET", "/api/v1/reviews/{id}", review, none.clone(), 404),
        row("POST", "/api/v1/reviews/{id}", review, json!({ "do": "attend" }), 404),
        row("POST", "/api/v1/reviews/{id}/decisions", review, decided, 404),
        row("POST", "/api/v1/reviews/{id}/followed", review, followed, 404),
        row("GET", "/api/v1/reviews/{id}/minutes", review, none.clone(), 404),
        row("DELETE", "/api/v1/goals/{id}", goal, none.clone(), 404),
        row("GET", "/api/v1/jobs/{id}", job, none.clone(), 404),
        row("GET", "/api/v1/jobs/{id}/events", job, none.clone(), 404),
        row("GET", "/api/v1/jobs/{id}", whole, none.clone(), 404),
        row("GET", "/api/v1/jobs/{id}/events", whole, none.clone(), 404),
        row("POST", "/api/v1/jobs/{id}/retry", whole, none.clone(), 404),
        // A document may be of several assets: who sees a part may have none, and says nothing.
        row("GET", "/api/v1/documents/{digest}", digest, none.clone(), 403),
        // So is a VEX document of everything.
        row("DELETE", "/api/v1/vex/{document}", digest, none.clone(), 403),
        row("POST", "/api/v1/jobs/{id}/retry", job, none.clone(), 404),
        row("GET", "/api/v1/vulnerabilities/{name}", vulnerability, none.clone(), 404),
        row("GET", "/api/v1/packages/{purl}", &"pkg%3Anpm%2Fmoment", none.clone(), 404),
        row("GET", "/api/v1/decisions/{id}", decision, none.clone(), 404),
        row("POST", "/api/v1/decisions/{id}/answer", decision, answer, 404),
        row("DELETE", "/api/v1/tokens/{id}", token, none.clone(), 404),
        row("POST", "/api/v1/tokens/{id}/signing", token, none.clone(), 404),
        row("DELETE", "/api/v1/tokens/{id}/signing", token, none.clone(), 404),
        row("DELETE", "/api/v1/shares/{id}", &world.share, none.clone(), 404),
        row("GET", "/api/v1/suppliers/{id}", &world.supplier, none.clone(), 404),
        row("PUT", "/api/v1/suppliers/{id}", &world.supplier, json!({ "name": "x" }), 404),
        row("GET", "/api/v1/suppliers/{id}/documents", &world.supplier, none.clone(), 404),
        row(
            "GET",
            "/api/v1/suppliers/{id}/documents/{number}/bytes",
            &world.supplier,
            none.clone(),
            404,
        ),
        row("GET", "/api/v1/suppliers/{id}/packages", &world.supplier, none.clone(), 404),
        row("GET", "/api/v1/suppliers/{id}/letters", &world.supplier, none.clone(), 404),
        row("POST", "/api/v1/suppliers/{id}/letters", &world.supplier, none.clone(), 404),
        row("PUT", "/api/v1/suppliers/{id}/letters", &world.supplier, json!({ "on": true }), 404),
        row("GET", "/api/v1/suppliers/{id}/documents/{number}", &world.supplier, none.clone(), 404),
        row(
            "POST",
            "/api/v1/suppliers/{id}/documents/{number}",
            &world.supplier,
            none.clone(),
            404,
        ),
        row(
            "POST",
            "/api/v1/suppliers/{id}/links",
            &world.supplier,
            json!({ "name": "x", "days": 1 }),
            404,
        ),
        row("DELETE", "/api/v1/suppliers/{id}/links/{link}", &world.supplier, none.clone(), 404),
        row(
            "POST",
            "/api/v1/suppliers/{id}/products",
            &world.supplier,
            json!({ "product": "x", "system": "intranet" }),
            404,
        ),
        row("GET", "/api/v1/suppliers/{id}/questions", &world.supplier, none.clone(), 404),
        row(
            "POST",
            "/api/v1/suppliers/{id}/questions",
            &world.supplier,
            json!({ "product": world.product, "text": "x" }),
            404,
        ),
        row(
            "DELETE",
            "/api/v1/suppliers/{id}/questions/{question}",
            &world.supplier,
            none.clone(),
            404,
        ),
        row(
            "POST",
            "/api/v1/suppliers/{id}/releases",
            &world.supplier,
            json!({ "product": world.product, "version": "9" }),
            404,
        ),
        // By a link alone.
        row(
            "POST",
            "/api/v1/supplied/questions/{id}",
            &world.question,
            json!({ "text": "x" }),
            404,
        ),
        // People are of the whole organisation.
        row("GET", "/api/v1/people/{id}", &small.id, none.clone(), 403),
        row("DELETE", "/api/v1/people/{id}", &small.id, none.clone(), 403),
        row("POST", "/api/v1/people/{id}/open", &small.id, none.clone(), 403),
        row("POST", "/api/v1/people/{id}/link", &small.id, none.clone(), 403),
        row("POST", "/api/v1/people/{id}/roles", &small.id, role.clone(), 403),
        row("DELETE", "/api/v1/people/{id}/roles", &small.id, none.clone(), 403),
        row("DELETE", "/api/v1/people/{id}/sessions", &small.id, none.clone(), 403),
        row("DELETE", "/api/v1/people/{id}/codes", &small.id, none.clone(), 403),
        // Charters are of the whole organisation: everybody reads them.
        row("POST", "/api/v1/charters/{id}/agree", charter, agree, 403),
        row("DELETE", "/api/v1/charters/{id}", charter, none.clone(), 403),
        row("GET", "/api/v1/charters/{id}/effect", charter, none, 200),
    ];

    let described = server.ask("GET", "/api/v1/openapi.json", &[], b"").json();
    for (path, item) in described["paths"].as_object().unwrap() {
        // A word of ours, and what is in the list is one's own.
        let words = ["/api/v1/today/{list}", "/api/v1/boards/{side}/mail"];
        let names = path.contains('{') && !words.contains(&path.as_str());
        for method in item.as_object().unwrap().keys().filter(|_| names) {
            let method = method.to_uppercase();
            let known = rows.iter().any(|r| r.template == path && r.method == method);
            assert!(known, "{method} {path} is in no row of this table");
        }
    }
    let ask = |who: Option<&Someone>, row: &Row| {
        let query = if row.template.ends_with("/roles") { "?role=admin" } else { "" };
        let path = format!("{}{query}", row.template)
            .replace("{id}", &row.id)
            .replace("{digest}", &row.id)
            .replace("{document}", &row.id)
            .replace("{name}", &row.id)
            .replace("{purl}", &row.id)
            .replace("{number}", &world.statement.to_string())
            .replace("{link}", &world.link.to_string())
            .replace("{question}", &world.question.to_string())
            .replace("{day}", "2026-03-02");
        let mut headers = vec![JSON];
        headers.extend(who.map(|who| ("cookie", who.cookie.as_str())));
        server.ask(row.method, &path, &headers, row.body.to_string().as_bytes())
    };
    for row in &rows {
        let at = format!("{} {} {}", row.method, row.template, row.id);
        assert_eq!(ask(None, row).status, 401, "{at}");
        let theirs = ask(Some(eve), row);
        assert_eq!(theirs.status, 404, "{at}: {}", theirs.text);
        let small = ask(Some(small), row);
        assert_eq!(small.status, row.another_team, "{at}: {}", small.text);
        for told in ["moment", "not called", "pkg:npm/a"] {
            assert!(!theirs.text.contains(told) && !small.text.contains(told), "{at}: {told}");
        }
    }
    // A board of a team that they do not see is not mailed to them.
    let of_team = json!({ "rhythm": "week-1", "hour": 8, "team": team }).to_string();
    for who in [eve, small] {
        let headers = [JSON, ("cookie", who.cookie.as_str())];
        let path = "/api/v1/boards/security/mail";
        let answer = server.ask("PUT", path, &headers, of_team.as_bytes());
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
    // The same by filters and searches: nothing is found, or nothing is there.
    let name = vulnerability;
    for path in [
        "/api/v1/findings".to_owned(),
        format!("/api/v1/findings?system={system}&state=any"),
        format!("/api/v1/findings?asset={asset}"),
        format!("/api/v1/findings?vulnerability={name}"),
        format!("/api/v1/assets?system={system}"),
        "/api/v1/assets".to_owned(),
        "/api/v1/where?q=moment".to_owned(),
        "/api/v1/where?q=pkg:npm/moment@2.24.0".to_owned(),
        format!("/api/v1/where?q={name}"),
        "/api/v1/decisions".to_owned(),
        "/api/v1/decisions?state=any&q=moment".to_owned(),
        "/api/v1/findings/groups?by=action".to_owned(),
        "/api/v1/findings/groups?by=package&state=any".to_owned(),
        "/api/v1/search?q=moment".to_owned(),
        "/api/v1/search?q=shop".to_owned(),
        "/api/v1/risks".to_owned(),
        "/api/v1/risks.csv".to_owned(),
        format!("/api/v1/releases?asset={asset}"),
        format!("/api/v1/plans?team={team}"),
        format!("/api/v1/reviews?team={team}"),
        "/api/v1/goals".to_owned(),
        "/api/v1/suppliers".to_owned(),
        "/api/v1/verdicts".to_owned(),
        "/api/v1/verdicts/teams".to_owned(),
        format!("/api/v1/verdicts?team={team}"),
        format!("/api/v1/verdicts?asset={asset}"),
        format!("/api/v1/metrics?system={system}"),
        format!("/api/v1/maturity?team={team}"),
        "/api/v1/maturity".to_owned(),
        "/api/v1/maturity/oscal".to_owned(),
        "/api/v1/maturity/pack".to_owned(),
        "/api/v1/metrics/list?of=found".to_owned(),
        "/api/v1/metrics/list?of=notices".to_owned(),
        "/api/v1/metrics/list?of=deployments".to_owned(),
        "/metrics/list?of=updates-deployed".to_owned(),
        "/api/v1/wall".to_owned(),
        "/wall".to_owned(),
        "/api/v1/today".to_owned(),
        "/api/v1/today/answers".to_owned(),
        "/api/v1/today/choices?side=engineering".to_owned(),
        "/api/v1/today/new?side=security".to_owned(),
        "/api/v1/today/tiers?side=product".to_owned(),
        "/api/v1/today/rollouts?side=operations".to_owned(),
        "/api/v1/systems".to_owned(),
        "/api/v1/teams".to_owned(),
        "/api/v1/teams?q=shop".to_owned(),
        "/api/v1/incidents".to_owned(),
        "/api/v1/appeals".to_owned(),
        format!("/api/v1/appeals?team={team}"),
        format!("/api/v1/appeals?incident={incident}"),
        "/api/v1/handoffs".to_owned(),
        "/api/v1/lessons".to_owned(),
        "/incidents".to_owned(),
        "/appeals".to_owned(),
        "/handoffs".to_owned(),
        "/lessons".to_owned(),
        "/api/v1/plans".to_owned(),
        "/api/v1/updates".to_owned(),
        format!("/api/v1/updates?team={team}"),
        format!("/api/v1/updates?asset={asset}"),
        "/plan".to_owned(),
        "/updates".to_owned(),
    ] {
        assert_eq!(server.open(lea, &path).status, 200, "{path}");
        for who in [eve, small] {
            let answer = server.open(who, &path);
            assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.text);
            let asked = answer.text.contains("shop") || answer.text.contains("moment");
            assert!(!asked, "{path}: {}", answer.text);
        }
    }
    // What names something in a body, too.
    let about = json!({ "finding": finding, "reason": "x", "role": "engineering", "days": 1 });
    let appeals = json!({ "kind": "emergency", "finding": finding, "reason": "x" });
    let moved = json!({ "asset": "shop", "environment": "production" });
    for (method, path, body) in [
        ("POST", "/api/v1/decisions", &about),
        ("POST", "/api/v1/deployments", &moved),
        ("POST", "/api/v1/appeals", &appeals),
        ("POST", "/api/v1/snapshots?asset=shop", &json!({})),
        ("POST", "/api/v1/plans?asset=shop", &json!({})),
        ("POST", "/api/v1/updates?asset=shop", &json!({})),
        ("PUT", "/api/v1/systems", &json!({ "name": "shop" })),
        ("PUT", "/api/v1/teams", &json!({ "name": "shop" })),
    ] {
        let own = [("cookie", small.cookie.as_str()), JSON];
        let answer = server.ask(method, path, &own, body.to_string().as_bytes());
        assert!(matches!(answer.status, 403 | 404), "{path}: {answer:?}");
    }
    // Who has no role sees no work, of an asset or of the whole.
    let nobody = server.someone(world.org, "None", &[]);
    for job in [job, whole] {
        for rest in ["", "/events"] {
            let path = format!("/api/v1/jobs/{job}{rest}");
            assert_eq!(server.open(&nobody, &path).status, 404, "{path}");
        }
        let own = [("cookie", nobody.cookie.as_str()), JSON];
        let path = format!("/api/v1/jobs/{job}/retry");
        assert_eq!(server.ask("POST", &path, &own, b"").status, 404, "{path}");
    }
    let still = server.open(lea, "/api/v1/tokens").json();
    // What a system needs is told as far as it may be seen; who describes it takes nothing away that others said.
    let needs = |who: &Someone| -> Value {
        let rows = server.open(who, "/api/v1/systems?q=intranet").json()["rows"].clone();
        json!([rows[0]["needs"], rows[0]["version"]])
    };
    let (all, seen) = (needs(lea), needs(small));
    assert_eq!((&all[0], &seen[0]), (&json!(["shop"]), &json!([])));
    assert_eq!(all[1], seen[1], "one version");
    let small_puts = |body: Value| {
        let version = format!("\"{}\"", seen[1].as_str().unwrap());
        let own = [("cookie", small.cookie.as_str()), JSON, ("if-match", version.as_str())];
        server.ask("PUT", "/api/v1/systems", &own, body.to_string().as_bytes()).status
    };
    let named = json!({ "name": "intranet", "team": "intranet", "needs": ["shop"] });
    assert_eq!(small_puts(named), 422, "it is not there for them");
    let mut told = json!({ "name": "intranet", "team": "intranet", "tier": "vital" });
    told["needs"] = seen[0].clone();
    assert_eq!(small_puts(told), 200);
    assert_eq!(needs(lea)[0], json!(["shop"]));
    assert!(still["rows"][0]["revoked"].is_null(), "nothing was done: {still}");
}
