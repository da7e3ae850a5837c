//! An organisation with one of everything that can be named, and people on each side of its walls.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_server::App;
use trimtab_store::ScopeOf::{Organisation, Team};
use trimtab_store::{NewLetter, NewRecipient, Org, ScopeOf};

use crate::harness::{Answer, JSON, Server, Someone};

/// Those who can do something; an auditor only looks.
pub(crate) const ROLES: [Role; 6] = [
    Role::Security,
    Role::Engineering,
    Role::Product,
    Role::Operations,
    Role::Leadership,
    Role::Admin,
];

/// The ids of things, and who made them.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) org: Org,
    /// Of the organisation with every role: all of it is hers.
    pub(crate) lea: Someone,
    /// Of the same organisation with every role, within another team.
    pub(crate) small: Someone,
    /// Of another organisation, with every role there.
    pub(crate) eve: Someone,
    pub(crate) system: i64,
    pub(crate) team: i64,
    pub(crate) asset: i64,
    pub(crate) finding: i64,
    pub(crate) vulnerability: String,
    pub(crate) digest: String,
    pub(crate) decision: i64,
    pub(crate) charter: i64,
    pub(crate) token: i64,
    pub(crate) job: i64,
    /// Work about no asset: it is of the whole organisation.
    pub(crate) whole: i64,
    pub(crate) update: i64,
    /// A letter to her team, which tells of her system.
    pub(crate) letter: i64,
    /// An incident that touches her system alone.
    pub(crate) incident: i64,
    /// What she asked for outside of the plan.
    pub(crate) appeal: i64,
    pub(crate) share: i64,
    /// A review that is open, something that it decided, and a goal.
    pub(crate) review: i64,
    pub(crate) resolve: i64,
    pub(crate) goal: i64,
    /// A supplier of hers with a product, a question to it, a link, a statement that it sent.
    pub(crate) supplier: i64,
    pub(crate) product: i64,
    pub(crate) question: i64,
    pub(crate) link: i64,
    pub(crate) statement: i64,
    /// A change of hers that the gate refused.
    pub(crate) verdict: i64,
}

impl World {
    pub(crate) fn new() -> World {
        let server = Server::new();
        let app = server.app();
        server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
        let org = server.org();
        let (system, team) = server.system(org, "shop");
        let (_, elsewhere) = server.system(org, "intranet");
        let every = |scope: ScopeOf| ROLES.map(|role| (role, scope));
        let lea = server.someone(org, "Lea", &every(Organisation));
        let small = server.someone(org, "Small", &every(Team(elsewhere)));
        let rivals = app.store.add_organisation("R", jiff::Timestamp::now());
        let rivals = server.runtime.block_on(rivals).unwrap();
        let eve = server.someone(rivals, "Eve", &every(Organisation));

        let finding = server.upload(&lea, "shop", "shop");
        let details = server.open(&lea, &format!("/api/v1/findings/{finding}")).json();
        let asset = details["asset"]["id"].as_i64().unwrap();
        let shown = server.open(&lea, &format!("/api/v1/assets/{asset}")).json();
        let post = |path: &str, body: Value| post(&server, &lea, path, &body).json();
        let wanted = json!({ "finding": finding, "kind": "not-affected", "reason": "not called",
            "role": "engineering", "justification": "vulnerable_code_not_in_execute_path" });
        let decision = post("/api/v1/decisions", wanted);
        let text = "format = 1\npreset = \"swift\"\nname = \"Ours\"\nversion = \"7\"\n";
        let charter = post("/api/v1/charters", json!({ "text": text }));
        let token = json!({ "name": "t", "actions": ["view"], "days": 1 });
        let token = post("/api/v1/tokens", token);
        let other = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{ "type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1" },
                { "type": "library", "name": "moment", "version": "2.24.0",
                    "purl": "pkg:npm/moment@2.24.0" }] });
        let job = post("/api/v1/snapshots?asset=shop&system=shop&revision=x", other);
        let update = crate::updates::evidence("2.24.0", "2.30.1", "CVE-2022-31129");
        let update = post("/api/v1/updates?asset=shop", update);
        let loud = json!({ "title": "moment in a loop", "looked_for": "pkg:npm/moment" });
        let incident = post("/api/v1/incidents", loud);
        let wanted = json!({ "kind": "emergency", "finding": finding, "reason": "not called" });
        let appeal = post("/api/v1/appeals", wanted);
        let share = json!({ "name": "wall", "side": "leadership", "days": 1 });
        let share = post("/api/v1/shares", share);
        let review = post("/api/v1/reviews", json!({ "team": team }));
        let of_review = format!("/api/v1/reviews/{}", review["id"]);
        post(&of_review, json!({ "do": "open" }));
        let day = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).to_string();
        let resolve = json!({ "what": "not called", "owner": lea.id, "due": &day[..10] });
        let resolve = post(&format!("{of_review}/decisions"), resolve);
        let goal = json!({ "team": team, "name": "not called", "measure": "load", "from": 900,
            "to": 1, "ends": &day[..10] });
        let goal = post("/api/v1/goals", goal);
        let supplier = json!({ "name": "not called", "product": "moment", "system": "shop" });
        let supplier = post("/api/v1/suppliers", supplier);
        let of_supplier = format!("/api/v1/suppliers/{}", supplier["id"]);
        let question = json!({ "product": supplier["product"], "text": "not called?" });
        let question = post(&format!("{of_supplier}/questions"), question);
        let link =
            post(&format!("{of_supplier}/links"), json!({ "name": "not called", "days": 1 }));
        let secret = link["address"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let statement = server.ask(
            "POST",
            &format!("/api/v1/supplied/documents?kind=vex&product={}", supplier["product"]),
            &[("authorization", &crate::harness::bearer(&secret))],
            crate::said::statement("pkg:npm/moment").as_bytes(),
        );
        assert_eq!(statement.status, 201, "{statement:?}");
        let refused = crate::verdicts::gate("fail", &[("deny", "CVE-2022-31129")]);
        let verdict = post("/api/v1/verdicts?asset=shop&revision=x", refused);
        // What is of another team needs what is hers.
        let own = [("cookie", lea.cookie.as_str()), JSON];
        let needs = json!({ "name": "intranet", "team": "intranet", "needs": ["shop"] });
        let told = server.ask("PUT", "/api/v1/systems", &own, needs.to_string().as_bytes());
        assert_eq!(told.status, 200, "{told:?}");
        let tracker = trimtab_store::NewTracker {
            team,
            software: "gitea".to_owned(),
            address: "https://git.example/api/v1".to_owned(),
            project: "o/r".to_owned(),
            settings: json!({}),
            components: json!({}),
            open_limit: 1,
            private: false,
            token: Vec::new(),
            secret: Vec::new(),
            handle: "0123456789abcdef".to_owned(),
            person: lea.id,
            home: String::new(),
        };
        let put = app.store.put_tracker(org, &tracker, "trimtab", jiff::Timestamp::now());
        server.runtime.block_on(put).unwrap();
        let whole = trimtab_store::NewJob {
            org,
            kind: "replan".to_owned(),
            name: "of the whole".to_owned(),
            payload: json!({}),
            priority: trimtab_store::Priority::Scheduled,
            run_at: jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24),
        };
        let whole = app.store.add_job(&whole, jiff::Timestamp::now());
        let whole = server.runtime.block_on(whole).unwrap();
        let letter = server.runtime.block_on(letter(&app, org, (team, system)));
        let number = |value: &Value| value.as_i64().unwrap();
        World {
            system,
            team,
            asset,
            finding,
            vulnerability: details["vulnerability"].as_str().unwrap().to_owned(),
            digest: shown["snapshots"][0]["document"].as_str().unwrap().to_owned(),
            decision: number(&decision["id"]),
            charter: number(&charter["id"]),
            token: number(&token["id"]),
            job: number(&job["job"]),
            whole,
            update: number(&update["update"]),
            letter,
            incident: number(&incident["id"]),
            appeal: number(&appeal["id"]),
            share: number(&share["id"]),
            review: number(&review["id"]),
            resolve: number(&resolve["id"]),
            goal: number(&goal["id"]),
            supplier: number(&supplier["id"]),
            product: number(&supplier["product"]),
            question: number(&question["id"]),
            link: number(&link["id"]),
            statement: number(&statement.json()["id"]),
            verdict: number(&verdict["rows"][0]["id"]),
            server,
            org,
            lea,
            small,
            eve,
        }
    }
}

/// A letter that was begun.
async fn letter(app: &App, org: Org, (team, system): (i64, i64)) -> i64 {
    let now = jiff::Timestamp::now();
    let wishes = json!({ "channel": "none", "days": [] });
    app.store.put_wishes(org, team, (&wishes, None), "trimtab", now).await.unwrap();
    let turn = app.store.wishes(org, team).await.unwrap().unwrap().turn;
    let told = json!({ "title": "Raise moment to 2.30.1 in shop", "system": system,
        "link": format!("/teams/{team}/plan"), "findings": 1 });
    let new = NewLetter {
        team,
        why: "now".to_owned(),
        items: vec!["1:pkg:npm/moment".to_owned()],
        told: json!({ "urgent": true, "named": [{ "item": "1:pkg:npm/moment", "told": told }] }),
    };
    let to = NewRecipient {
        channel: "mail".to_owned(),
        address: "lea-1@example.org".to_owned(),
        person: None,
    };
    app.store.begin_letter(org, turn, (&new, &[to]), now).await.unwrap().unwrap()
}

/// Sends JSON as somebody.
pub(crate) fn post(server: &Server, who: &Someone, path: &str, body: &Value) -> Answer {
    let own = [("cookie", who.cookie.as_str()), JSON];
    server.ask("POST", path, &own, body.to_string().as_bytes())
}
