//! Suppliers: by a link they send and answer without an account, and see nothing else of ours; what they promised is judged
//! by what came; what they state changes nothing until somebody of ours has agreed.

mod contents;
mod letters;
mod looked;

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{Answer, FORM, JSON, Server, Someone, bearer, encode};
use crate::world::{ROLES, post};

/// An organisation with a supplier whose product goes into a system of the team of that name.
struct Supplied {
    server: Server,
    org: trimtab_store::Org,
    lea: Someone,
    team: i64,
    id: i64,
    product: i64,
    /// What is behind `/supplied/`.
    secret: String,
    link: i64,
}

fn begun_by(clock: fn() -> Timestamp, obligations: &Value) -> Supplied {
    begun_on(Server::with(clock, Access::default()), obligations)
}

fn begun_on(server: Server, obligations: &Value) -> Supplied {
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (_, team) = server.system(org, "harbour");
    server.system(org, "intranet");
    let lea = server.someone(org, "Lea", &ROLES.map(|role| (role, Organisation)));
    let new = json!({ "name": "Northwind", "contact": "psirt@northwind.example", "contract": "C-7",
        "product": "Gateway", "system": "harbour", "obligations": obligations });
    let added = post(&server, &lea, "/api/v1/suppliers", &new);
    assert_eq!(added.status, 201, "{added:?}");
    let id = added.json()["id"].as_i64().unwrap();
    let product = added.json()["product"].as_i64().unwrap();
    let link = json!({ "name": "Release engineering", "days": 30 });
    let made = post(&server, &lea, &format!("/api/v1/suppliers/{id}/links"), &link);
    assert_eq!(made.status, 201, "{made:?}");
    let secret = made.json()["address"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let link = made.json()["id"].as_i64().unwrap();
    Supplied { server, org, lea, team, id, product, secret, link }
}

fn begun(obligations: &Value) -> Supplied {
    begun_by(Timestamp::now, obligations)
}

/// An SBOM with moment, which a vulnerability is known of.
fn sbom() -> String {
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": { "timestamp": Timestamp::now().to_string(),
            "authors": [{ "name": "Northwind" }] },
        "components": [{ "type": "library", "name": "moment", "version": "2.24.0",
            "bom-ref": "m", "purl": "pkg:npm/moment@2.24.0" }],
        "dependencies": [{ "ref": "m", "dependsOn": [] }] })
    .to_string()
}

fn vex(vulnerability: &str) -> String {
    json!({ "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://northwind.example/vex/1",
        "author": "Northwind", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{ "vulnerability": { "name": vulnerability },
            "products": [{ "@id": "pkg:npm/moment" }], "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path" }] })
    .to_string()
}

impl Supplied {
    fn page(&self) -> Answer {
        self.server.ask("GET", &format!("/supplied/{}", self.secret), &[], b"")
    }

    /// Sends a document by the page, as a browser does.
    fn send(&self, kind: &str, version: &str, file: &str) -> Answer {
        const EDGE: &str = "edge-of-a-part";
        let product = self.product.to_string();
        let mut body = String::new();
        for (name, value) in [("kind", kind), ("product", &product), ("version", version)] {
            body += &format!(
                "--{EDGE}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body += &format!(
            "--{EDGE}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n{file}\r\n--{EDGE}--\r\n"
        );
        let multipart = format!("multipart/form-data; boundary={EDGE}");
        let headers = [("content-type", multipart.as_str()), ("sec-fetch-site", "same-origin")];
        let path = format!("/supplied/{}", self.secret);
        self.server.ask("POST", &path, &headers, body.as_bytes())
    }

    /// Sends a document by the API.
    fn push(&self, query: &str, body: &[u8]) -> Answer {
        let authorization = bearer(&self.secret);
        let path = format!("/api/v1/supplied/documents?{query}");
        self.server.ask("POST", &path, &[("authorization", &authorization)], body)
    }

    fn said(&self, question: i64, body: &Value) -> Answer {
        let authorization = bearer(&self.secret);
        let path = format!("/api/v1/supplied/questions/{question}");
        let headers = [("authorization", authorization.as_str()), JSON];
        self.server.ask("POST", &path, &headers, body.to_string().as_bytes())
    }

    fn api(&self, rest: &str) -> Value {
        self.server.open(&self.lea, &format!("/api/v1/suppliers/{}{rest}", self.id)).json()
    }

    fn promise(&self, word: &str) -> Value {
        let one = self.api("");
        let all = one["standing"][0]["promises"].as_array().unwrap().clone();
        all.into_iter().find(|is| is["promise"] == word).unwrap_or_else(|| panic!("{word}: {one}"))
    }

    fn finding(&self) -> Value {
        let found = self.server.open(&self.lea, "/api/v1/findings?order=level&state=any").json();
        found["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["asset"]["name"] == "Northwind Gateway")
            .unwrap_or_else(|| panic!("{found}"))
            .clone()
    }

    /// Sends the SBOM, and asks about a finding of it. Gives the finding and the question.
    fn asked(&self) -> (Value, i64) {
        assert_eq!(self.send("sbom", "4.2", &sbom()).status, 303);
        self.server.settle(self.org);
        let finding = self.finding();
        let question = json!({ "finding": finding["id"], "text": "Is the gateway affected?" });
        let path = format!("/api/v1/suppliers/{}/questions", self.id);
        let asked = post(&self.server, &self.lea, &path, &question);
        assert_eq!(asked.status, 201, "{asked:?}");
        (finding, asked.json()["id"].as_i64().unwrap())
    }
}

#[test]
fn a_supplier_sends_by_its_link_and_its_findings_are_in_the_same_queue() {
    let supplied = begun(&json!({ "format": "cyclonedx", "least": "1.4", "fresh_days": 90,
        "each_release": true, "quality": 60 }));
    let Supplied { server, lea, id, .. } = &supplied;
    let page = supplied.page();
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("CycloneDX 1.4 or later") && page.text.contains("Gateway"));
    assert!(page.header("x-robots-tag").unwrap().contains("noindex"));
    assert_eq!(page.header("set-cookie"), None);
    assert!(!page.text.contains("harbour") && !page.text.contains("Lea"), "nothing else of ours");
    for (word, standing) in
        [("format", "unknown"), ("freshness", "unknown"), ("quality", "unknown")]
    {
        assert_eq!(supplied.promise(word)["standing"], standing, "{word}: nothing came");
    }

    let sent = supplied.send("sbom", "4.2", &sbom());
    assert_eq!(sent.status, 303, "{}", sent.text);
    server.settle(supplied.org);
    let finding = supplied.finding();
    let number = finding["id"].as_i64().unwrap();
    let shown = server.open(lea, &format!("/findings/{number}")).text;
    assert!(shown.contains("Ask the supplier") && shown.contains("Ask Northwind"), "{shown}");
    // Nobody here can raise anything in there: no change of it is planned.
    let plan = server.open(lea, &format!("/teams/{}/plan", supplied.team)).text;
    assert!(!plan.contains("Raise moment"), "{plan}");

    // Seven elements of the NTIA but the supplier's name, no licence and no hash: 72 points.
    let document = supplied.api("/documents")["rows"][0].clone();
    assert_eq!((&document["kind"], &document["version"]), (&json!("sbom"), &json!("4.2")));
    assert_eq!(document["score"].as_f64().unwrap().round(), 72.0, "{document}");
    for word in ["format", "freshness", "quality"] {
        assert_eq!(supplied.promise(word)["standing"], "met", "{word}");
    }
    assert_eq!(
        supplied.promise("release")["standing"],
        "unknown",
        "nobody said which is the newest"
    );
    let release = json!({ "product": supplied.product, "version": "4.3" });
    let path = format!("/api/v1/suppliers/{id}/releases");
    assert_eq!(post(server, lea, &path, &release).status, 200);
    assert_eq!(supplied.promise("release")["standing"], "not met");
    let owed = server.open(lea, "/api/v1/today/suppliers?side=security").json();
    assert_eq!(
        (&owed["count"], &owed["rows"][0]["what"]),
        (&json!(1), &json!("release")),
        "{owed}"
    );
    let today = server.open(lea, "/today/suppliers?side=product").text;
    assert!(today.contains("Northwind") && today.contains("4.3"), "{today}");
    assert_eq!(
        supplied
            .push(&format!("product={}&version=4.3", supplied.product), sbom().as_bytes())
            .status,
        201
    );
    assert_eq!(supplied.promise("release")["standing"], "met");

    // The ledger tells who sent it, and no secret.
    let ledger = server.open(lea, "/api/v1/ledger?limit=500").text;
    assert!(ledger.contains("supplier:1") && !ledger.contains(&supplied.secret));
    let shown = server.open(lea, &format!("/suppliers/{id}/documents/1")).text;
    assert!(shown.contains("72 of 100 points") && shown.contains("minimum element"), "{shown}");
    let listed = server.open(lea, "/suppliers").text;
    assert!(listed.contains("Northwind") && !listed.contains(&supplied.secret), "{listed}");
}

#[test]
fn an_answer_asks_for_the_decision_that_the_charter_wants() {
    let supplied = begun(&json!({ "vex_days": 5, "vex_from": "low", "notice_hours": 48 }));
    let Supplied { server, lea, id, .. } = &supplied;
    let (finding, question) = supplied.asked();
    let page = supplied.page().text;
    assert!(page.contains("Is the gateway affected?"), "{page}");
    // Of the finding they learn the vulnerability that they are asked about.
    assert!(page.contains(finding["vulnerability"].as_str().unwrap()));
    assert_eq!(supplied.promise("notice")["standing"], "met", "there is time");
    let shown = supplied.api("/questions")["rows"][0].clone();
    let due: Timestamp = shown["due"].as_str().unwrap().parse().unwrap();
    let days = due.duration_since(Timestamp::now()).as_hours();
    assert!((119..=120).contains(&days), "five days were promised: {shown}");

    for wrong in [
        json!({ "text": "" }),
        json!({ "text": "x", "status": "fine" }),
        json!({ "text": "x", "status": "not_affected" }),
        json!({ "text": "x", "planned": "soon" }),
        json!({ "text": "x", "more": 1 }),
        json!(["x"]),
    ] {
        assert!(matches!(supplied.said(question, &wrong).status, 400 | 422), "{wrong}");
    }
    assert_eq!(supplied.said(question + 1, &json!({ "text": "x" })).status, 404);
    let fields = format!(
        "question={question}&status-{question}=not_affected&words-{question}={}&why-{question}=vulnerable_code_not_in_execute_path",
        encode("We never parse what comes from outside.")
    );
    let path = format!("/supplied/{}/answer", supplied.secret);
    let elsewhere = [FORM, ("sec-fetch-site", "cross-site")];
    assert_eq!(server.ask("POST", &path, &elsewhere, fields.as_bytes()).status, 403);
    let answered = server.ask("POST", &path, &[FORM], fields.as_bytes());
    assert_eq!(answered.status, 303, "{}", answered.text);
    assert_eq!(supplied.said(question, &json!({ "text": "again" })).status, 409, "once");
    let same = json!({ "status": "not_affected", "text": "We never parse what comes from outside.",
        "justification": "vulnerable_code_not_in_execute_path" });
    assert_eq!(supplied.said(question, &same).status, 200, "what was said is said");

    let shown = supplied.api("/questions")["rows"][0].clone();
    assert_eq!(
        (&shown["state"], &shown["answer"]["status"]),
        (&json!("answered"), &json!("not_affected"))
    );
    let decision = shown["decision"].as_i64().unwrap();
    let asked = server.open(lea, &format!("/api/v1/decisions/{decision}")).json();
    assert_eq!(
        (&asked["state"], &asked["kind"]),
        (&json!("asked"), &json!("not-affected")),
        "{asked}"
    );
    assert!(asked["reason"].as_str().unwrap().contains("Northwind answered"), "{asked}");
    server.settle(supplied.org);
    let counts = || {
        let counted = server.open(lea, "/api/v1/findings?counts=true").json();
        counted["rows"].as_array().unwrap().iter().any(|row| row["id"] == finding["id"])
    };
    assert!(counts(), "nothing changed yet");
    // Who asked them may not agree to it; somebody else of security may.
    let agree = json!({ "state": "approved", "role": "security" });
    let path = format!("/api/v1/decisions/{decision}/answer");
    assert_eq!(post(server, lea, &path, &agree).status, 409);
    let sia = server.someone(supplied.org, "Sia", &[(Role::Security, Organisation)]);
    assert_eq!(post(server, &sia, &path, &agree).status, 200);
    server.settle(supplied.org);
    assert!(!counts(), "two people agreed");
    assert_eq!(supplied.promise("vex")["standing"], "met");
    let page = server.open(lea, &format!("/suppliers/{id}")).text;
    assert!(page.contains("We never parse"), "{page}");
}

#[test]
fn what_a_supplier_states_waits_until_somebody_lets_it_hold() {
    let supplied = begun(&json!({ "vex_days": 30 }));
    let Supplied { server, lea, id, .. } = &supplied;
    let (finding, _) = supplied.asked();
    let name = finding["vulnerability"].as_str().unwrap();
    let sent = supplied.send("vex", "", &vex(name));
    assert_eq!(sent.status, 303, "{}", sent.text);
    server.settle(supplied.org);
    let holding = || server.open(lea, "/api/v1/vex").json()["rows"].as_array().unwrap().len();
    assert_eq!(holding(), 0, "it waits");
    let document = supplied.api("/documents")["rows"][0]["id"].as_i64().unwrap();
    let page = format!("/suppliers/{id}/documents/{document}");
    let shown = server.open(lea, &page).text;
    assert!(shown.contains(name) && shown.contains("Let it hold"), "{shown}");
    assert!(
        shown.contains(&format!("/findings/{}", finding["id"])),
        "what it would change: {shown}"
    );
    // What it would change is told before: this finding, and as it comes then.
    let preview = server.open(lea, &format!("/api/v1{page}")).json();
    let change = &preview["findings"][0];
    assert_eq!(
        (&change["finding"], &change["weight"]),
        (&finding["id"], &finding["weight"]),
        "{preview}"
    );
    assert!(change["weight_then"].as_f64() < change["weight"].as_f64(), "{preview}");
    assert!(shown.contains("If it held: of"), "{shown}");
    // Product may not: it is no upload of theirs.
    let pia = server.someone(supplied.org, "Pia", &[(Role::Product, Organisation)]);
    assert!(!server.open(&pia, &page).text.contains("Let it hold\u{3c}"));
    assert_eq!(server.send(&pia, &page, &[]).status, 403);
    assert_eq!(server.send(lea, &page, &[]).status, 303);
    assert_eq!(server.send(lea, &page, &[]).status, 409, "once");
    server.settle(supplied.org);
    assert_eq!(holding(), 1);
    // As the charter weighs any supplier's statement.
    let path = format!("/api/v1/findings/{}", finding["id"]);
    let weighs = server.open(lea, &path).json()["weight"].as_f64().unwrap();
    assert!(weighs < finding["weight"].as_f64().unwrap(), "{weighs} {finding}");
    assert_eq!(Some(weighs), change["weight_then"].as_f64(), "as was told: {preview}");
    assert_eq!(server.open(lea, &format!("/api/v1{page}")).status, 409, "it holds");
}

#[test]
fn nobody_sends_what_cannot_be_read() {
    let supplied = begun(&json!({}));
    let server = &supplied.server;
    let product = supplied.product;
    let deep = format!("{{\"bomFormat\":\"CycloneDX\",\"x\":{}", "[".repeat(200_000));
    let zeros = vec![b' '; 9 << 20];
    let named = vex("CVE-2026-1\u{0}");
    let many = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{}{{}}]}}",
        "{},".repeat(500_000)
    );
    for (what, query, body, status) in [
        ("empty", format!("product={product}&version=1"), &b""[..], 422),
        ("no document", format!("product={product}&version=1"), b"hello", 422),
        ("deep", format!("product={product}&version=1"), deep.as_bytes(), 422),
        (
            "no components",
            format!("product={product}&version=1"),
            br#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[]}"#,
            422,
        ),
        ("no version", format!("product={product}"), sbom().as_bytes(), 422),
        ("another kind", format!("product={product}&version=1&kind=pdf"), sbom().as_bytes(), 422),
        ("no statements", format!("product={product}&kind=vex"), b"{}", 422),
        ("a name of none", format!("product={product}&kind=vex"), named.as_bytes(), 422),
        ("many", format!("product={product}&version=1"), many.as_bytes(), 422),
        ("no product", format!("product={}&version=1", product + 1), sbom().as_bytes(), 404),
        ("large", format!("product={product}&version=1"), &zeros, 413),
    ] {
        let sent = supplied.push(&query, body);
        let ended = what == "large" && sent.status == 0;
        assert!(sent.status == status || ended, "{what}: {sent:?}");
    }
    let shown = supplied.send("sbom", "1", "hello");
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains("role=\"alert\""), "what is wrong is told: {}", shown.text);
    assert_eq!(supplied.api("/documents")["rows"], json!([]), "nothing was taken in");
    let script = "<script>alert(1)</script>";
    assert_eq!(supplied.send("sbom", script, &sbom()).status, 303);
    let page = server.open(&supplied.lea, &format!("/suppliers/{}", supplied.id)).text;
    assert!(page.contains("alert(1)") && !page.contains(script), "{page}");
    assert!(!supplied.page().text.contains(script));
    // A cookie or a token of ours is no link.
    let own = [("cookie", supplied.lea.cookie.as_str())];
    assert_eq!(server.ask("GET", "/api/v1/supplied", &own, b"").status, 404);
    let token = bearer(&server.token(&supplied.lea.cookie, &["view", "upload"]));
    assert_eq!(
        server.ask("GET", "/api/v1/supplied", &[("authorization", &token)], b"").status,
        404
    );
    // And a link is no token.
    let link = bearer(&supplied.secret);
    assert_eq!(server.ask("GET", "/api/v1/findings", &[("authorization", &link)], b"").status, 401);
}

#[test]
fn what_is_sent_again_or_late_takes_nobodys_place() {
    let supplied = begun(&json!({}));
    let document = sbom();
    let query = |version: &str| format!("product={}&version={version}", supplied.product);
    let first = supplied.push(&query("4.2"), document.as_bytes());
    let again = supplied.push(&query("4.2"), document.as_bytes());
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json(), "it is one document");
    supplied.server.settle(supplied.org);
    // The SBOM of an older release that comes late does not say what is in the product now.
    let mut older: Value = serde_json::from_str(&document).unwrap();
    older["metadata"]["timestamp"] = json!("2025-01-01T00:00:00Z");
    older["components"] = json!([{ "type": "library", "name": "other", "version": "1.0.0",
        "bom-ref": "o", "purl": "pkg:npm/other@1.0.0" }]);
    let late = supplied.push(&query("4.1"), older.to_string().as_bytes());
    assert_eq!((late.status, &late.json()["older"]), (201, &json!("4.2")), "{late:?}");
    let again = supplied.push(&query("4.1"), older.to_string().as_bytes());
    assert_eq!(late.json(), again.json(), "also where it is sent again");
    supplied.server.settle(supplied.org);
    assert_eq!(supplied.finding()["state"], "open");
    // Both sides read the same.
    let theirs = supplied.page().text;
    assert!(theirs.contains("kept as an older release, as 4.2 was made later"), "{theirs}");
    let ours = format!("/suppliers/{}", supplied.id);
    let ours = supplied.server.open(&supplied.lea, &ours).text;
    assert!(ours.contains("an older release, as 4.2 was made later"), "{ours}");
    // One of the future would make all that come later older.
    older["metadata"]["timestamp"] = json!("2131-07-01T00:00:00Z");
    let ahead = supplied.push(&query("4.3"), older.to_string().as_bytes());
    assert_eq!(ahead.status, 422, "{ahead:?}");
    assert!(ahead.text.contains("2131-07-01"), "{}", ahead.text);
    assert_eq!(supplied.api("/documents")["rows"].as_array().unwrap().len(), 2);
}

static HOURS: AtomicI64 = AtomicI64::new(0);

fn later() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(HOURS.load(Ordering::SeqCst))
}

#[test]
fn a_link_ends_by_itself_by_hand_and_with_the_supplier() {
    let supplied = begun_by(later, &json!({}));
    let Supplied { server, lea, id, link, .. } = &supplied;
    let stranger = format!("{}x", supplied.secret);
    assert_eq!(server.ask("GET", &format!("/supplied/{stranger}"), &[], b"").status, 404);
    assert_eq!(supplied.page().status, 200);
    let change = |ended: bool| {
        let body = json!({ "name": "Northwind", "ended": ended }).to_string();
        let own = [("cookie", lea.cookie.as_str()), JSON];
        let path = format!("/api/v1/suppliers/{id}");
        assert_eq!(server.ask("PUT", &path, &own, body.as_bytes()).status, 200);
    };
    HOURS.store(24 * 30 + 1, Ordering::SeqCst);
    assert_eq!(supplied.page().status, 404, "it ended");
    HOURS.store(0, Ordering::SeqCst);
    let own = [("cookie", lea.cookie.as_str()), JSON];
    let withdraw =
        || server.ask("DELETE", &format!("/api/v1/suppliers/{id}/links/{link}"), &own, b"").status;
    assert_eq!((withdraw(), withdraw()), (204, 404));
    assert_eq!(supplied.page().status, 404);
    let authorization = bearer(&supplied.secret);
    let asked = server.ask("GET", "/api/v1/supplied", &[("authorization", &authorization)], b"");
    assert_eq!(asked.status, 401);
    // No token makes a link, and no answer that has one is kept.
    let token = bearer(&server.token(&lea.cookie, &["view", "supply"]));
    let body = json!({ "name": "x", "days": 1 }).to_string();
    let path = format!("/api/v1/suppliers/{id}/links");
    // With the supplier all of them end, and none comes back with it.
    let made = post(server, lea, &path, &json!({ "name": "Another", "days": 1 }));
    let another = made.json()["address"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let open = || server.ask("GET", &format!("/supplied/{another}"), &[], b"").status;
    assert_eq!(open(), 200);
    change(true);
    assert_eq!(open(), 404, "they deliver nothing any longer");
    // Who says nothing about that does not say that they deliver again.
    let own = [("cookie", lea.cookie.as_str()), JSON];
    let path_of = format!("/api/v1/suppliers/{id}");
    let named = json!({ "name": "Northwind Traders" }).to_string();
    assert_eq!(server.ask("PUT", &path_of, &own, named.as_bytes()).status, 200);
    let is = server.open(lea, &path_of).json()["supplier"].clone();
    assert_eq!((&is["name"], is["ended"].is_string()), (&json!("Northwind Traders"), true), "{is}");
    change(false);
    assert_eq!(open(), 404, "who had it may no longer be theirs");
    let headers = [("authorization", token.as_str()), JSON];
    let refused = server.ask("POST", &path, &headers, body.as_bytes());
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["detail"],
        "Only people who are signed in may make a link for a supplier: no token can."
    );
    let keyed = [("cookie", lea.cookie.as_str()), JSON, ("idempotency-key", "k")];
    assert_eq!(server.ask("POST", &path, &keyed, body.as_bytes()).status, 422);
}

#[test]
fn who_sees_a_part_of_a_supplier_sees_that_part() {
    let supplied = begun(&json!({}));
    let Supplied { server, lea, id, team, .. } = &supplied;
    let more = json!({ "product": "Till", "system": "intranet" });
    let till = post(server, lea, &format!("/api/v1/suppliers/{id}/products"), &more);
    assert_eq!(till.status, 201, "{till:?}");
    let question = json!({ "product": till.json()["id"], "text": "How is the till?" });
    post(server, lea, &format!("/api/v1/suppliers/{id}/questions"), &question);
    let hal = server.someone(supplied.org, "Hal", &[(Role::Security, Team(*team))]);
    let one = server.open(&hal, &format!("/api/v1/suppliers/{id}")).json();
    assert_eq!(one["supplier"]["products"].as_array().unwrap().len(), 1, "{one}");
    assert_eq!(one["links"], json!([]), "who has a link is told to who may make one");
    let asked = server.open(&hal, &format!("/api/v1/suppliers/{id}/questions")).json();
    assert_eq!(asked["rows"], json!([]));
    let page = server.open(&hal, &format!("/suppliers/{id}")).text;
    assert!(
        page.contains("Gateway") && !page.contains("Till") && !page.contains("the till"),
        "{page}"
    );
    // What is of the supplier as a whole is changed by who may do so at each of its products.
    let body = json!({ "name": "Mine" }).to_string();
    let own = [("cookie", hal.cookie.as_str()), JSON];
    let path = format!("/api/v1/suppliers/{id}");
    assert_eq!(server.ask("PUT", &path, &own, body.as_bytes()).status, 403);
    // An asset that is something else does not come to stand for a product.
    server.upload(lea, "shop", "intranet");
    let odd = json!({ "name": "Odd", "product": "x", "system": "intranet", "asset": "shop" });
    assert_eq!(post(server, lea, "/api/v1/suppliers", &odd).status, 409);
    let again = json!({ "name": "Northwind", "product": "Till", "system": "intranet" });
    assert_eq!(
        post(server, lea, "/api/v1/suppliers", &again).status,
        409,
        "one asset, one product"
    );
}

#[test]
fn a_team_is_reminded_of_what_ends_and_of_what_is_owed() {
    let day = (Timestamp::now() + SignedDuration::from_hours(24 * 30)).to_string();
    let supplied = begun(&json!({}));
    let Supplied { server, lea, id, team, .. } = &supplied;
    let body = json!({ "name": "Northwind", "ends": &day[..10] }).to_string();
    let own = [("cookie", lea.cookie.as_str()), JSON];
    let path = format!("/api/v1/suppliers/{id}");
    assert_eq!(server.ask("PUT", &path, &own, body.as_bytes()).status, 200);
    let app = server.app();
    let remind = || {
        let now = Timestamp::now();
        let job = trimtab_store::NewJob {
            org: supplied.org,
            kind: "remind".to_owned(),
            name: format!("again {now}"),
            payload: json!({}),
            priority: trimtab_store::Priority::Waited,
            run_at: now,
        };
        server.runtime.block_on(app.store.add_job(&job, now)).unwrap();
        server.settle(supplied.org);
        server.runtime.block_on(app.store.pending(supplied.org, *team)).unwrap()
    };
    let pending = remind();
    let told: Vec<&str> = pending.iter().map(|is| is.told["title"].as_str().unwrap()).collect();
    let expected = format!("The contract with Northwind ends on {}", &day[..10]);
    assert_eq!(told, [expected.as_str()], "the link holds longer than two weeks");
    let again = remind();
    assert_eq!(again[0].since, pending[0].since, "the same thing, told once");
    // It is in the team's calendar, of who may see the system.
    let made = server.ask("POST", &format!("/api/v1/teams/{team}/calendar"), &own, b"");
    let address =
        made.json()["address"].as_str().unwrap().trim_start_matches("http://127.0.0.1").to_owned();
    let feed = server.ask("GET", &address, &[], b"").text.replace("\r\n ", "");
    assert!(feed.contains("The contract with Northwind ends"), "{feed}");
}
