//! What somebody hostile sends: markup and formulas as names, bombs, tricks with paths, forged forms.

use std::collections::{BTreeSet, VecDeque};
use std::io::Write;

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::Organisation;

use crate::harness::{FORM, JSON, Server, Someone, encode};

const ROLES: [Role; 6] = [
    Role::Security,
    Role::Engineering,
    Role::Product,
    Role::Operations,
    Role::Leadership,
    Role::Admin,
];

/// Names that would run if a page wrote them as they are, or leave their place.
const MARKUP: [&str; 3] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'</title></textarea><svg onload=alert(1)>",
];
/// What only unescaped markup would show.
const RAW: [&str; 5] =
    ["<script>alert", "<img src=x", "<svg onload", "</title></textarea>", "\"><img"];
/// Names that a spreadsheet would reckon with.
const FORMULAS: [&str; 6] = ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1"];

/// The most pages that are opened.
const PAGES: usize = 250;

fn begun() -> (Server, trimtab_store::Org, Someone) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, MARKUP[0])).unwrap();
    let org = server.org();
    let everywhere: Vec<_> = ROLES.iter().map(|r| (*r, Organisation)).collect();
    let lea = server.someone(org, "Lea", &everywhere);
    (server, org, lea)
}

fn post(server: &Server, who: &Someone, path: &str, body: &Value) -> (u16, Value) {
    let own = [("cookie", who.cookie.as_str()), JSON];
    let answer = server.ask("POST", path, &own, body.to_string().as_bytes());
    (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
}

/// A document with a package that findings are about, and others with hostile names.
fn document(names: &[&str], licence: &str) -> Value {
    let mut components = vec![json!({ "type": "library", "name": "moment", "version": "2.24.0",
        "purl": "pkg:npm/moment@2.24.0" })];
    for name in names {
        components.push(json!({ "type": "library", "name": name, "version": name,
            "licenses": [{ "license": { "name": licence } }],
            "purl": format!("pkg:npm/{}@{}", encode(name), encode(name)) }));
    }
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components })
}

/// Fills an organisation with hostile names, wherever a name can be given.
fn fill(server: &Server, org: trimtab_store::Org, who: &Someone, names: &[&str]) {
    for (n, name) in names.iter().enumerate() {
        let plain: String = name.chars().filter(|c| !c.is_control()).collect();
        server.system(org, name);
        let path = |revision: &str| {
            format!(
                "/api/v1/snapshots?asset={}&system={}&revision={}&branch=&wait=50",
                encode(&plain),
                encode(name),
                encode(revision)
            )
            .replace("&branch=", "")
        };
        let (status, said) = post(server, who, &path(&plain), &document(names, &plain));
        assert!(matches!(status, 200 | 201), "{status} {said}");
        let (status, said) =
            post(server, who, &path(&format!("{n}{plain}")), &document(&[], &plain));
        assert!(matches!(status, 200 | 201), "{status} {said}");
        let about = json!({ "name": name, "team": name, "product_owner": name, "operations": name,
            "failure": name });
        let own = [("cookie", who.cookie.as_str()), JSON];
        let described = server.ask("PUT", "/api/v1/systems", &own, about.to_string().as_bytes());
        assert_eq!(described.status, 200, "{described:?}");
        post(
            server,
            who,
            "/api/v1/tokens",
            &json!({ "name": name, "actions": ["view"], "days": 9 }),
        );
        let person =
            [("name", *name), ("email", &format!("p{n}@example.org")), ("role", "auditor")];
        let fields = [&person[..], &[("scope", "organisation")]].concat();
        server.send(who, "/administration/people", &fields);
        let found = server.open(who, "/api/v1/findings").json();
        let rows = found["rows"].as_array().unwrap();
        let of = rows.iter().find(|r| r["asset"]["name"].as_str() == Some(&plain)).unwrap();
        let wanted = json!({ "finding": of["id"], "reason": name, "control": name, "days": 5,
            "role": "engineering" });
        let (status, said) = post(server, who, "/api/v1/decisions", &wanted);
        assert_eq!(status, 201, "{said}");
    }
    server.settle(org);
}

#[test]
fn a_name_is_only_ever_text() {
    let (server, org, lea) = begun();
    fill(&server, org, &lea, &MARKUP);
    let mut waiting: VecDeque<String> =
        ["/", "/where?q=%3C", "/where?q=%22", "/where?q=pkg:npm/moment", "/search?q=%3Cscript"]
            .iter()
            .map(|p| (*p).to_owned())
            .collect();
    for name in MARKUP {
        waiting
            .push_back(format!("/packages?purl={}", encode(&format!("pkg:npm/{}", encode(name)))));
        waiting.push_back(format!("/where?q={}", encode(name)));
        waiting.push_back(format!("/findings?package={}", encode(name)));
        waiting.push_back(format!("/vulnerabilities/{}", encode(name)));
    }
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    let (mut opened, mut shown) = (0, BTreeSet::new());
    while let Some(path) = waiting.pop_front() {
        if opened == PAGES {
            break;
        }
        opened += 1;
        let page = server.open(&lea, &path);
        assert!(page.status < 500, "{path}: {}", page.text);
        let kind = page.header("content-type").unwrap_or_default();
        if !kind.starts_with("text/html") {
            continue;
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        for raw in RAW {
            let at = page.text.find(raw);
            assert!(
                at.is_none(),
                "{path} writes {raw}: {:?}",
                at.and_then(|at| page.text.get(at.saturating_sub(80)..at + 40))
            );
        }
        if page.text.contains("alert(1)") {
            shown.insert(path.split(['?', '/']).nth(1).unwrap_or_default().to_owned());
        }
        for link in page.text.split("href=\"").skip(1) {
            let link = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
            let link = link.split('#').next().unwrap().to_owned();
            assert!(!link.to_lowercase().starts_with("javascript"), "{path}: {link}");
            if link.starts_with('/') && !link.starts_with("//") && seen.insert(link.clone()) {
                waiting.push_back(link);
            }
        }
    }
    // The names do stand there, as text: else nothing was tried.
    for page in [
        "findings",
        "systems",
        "teams",
        "where",
        "exceptions",
        "administration",
        "account",
        "packages",
    ] {
        assert!(shown.contains(page), "{page} shows none of the names: {shown:?}");
    }
    assert!(opened > 60, "{opened}");
}

#[test]
fn no_cell_of_a_csv_reckons() {
    let (server, org, lea) = begun();
    // Texts in the places that take any text.
    fill(&server, org, &lea, &FORMULAS[..4]);
    for name in &FORMULAS[4..] {
        server.system(org, name);
    }
    let mut checked = 0;
    let pages = ["/exceptions", "/metrics", "/where?q=mom", "/findings", "/systems", "/teams"];
    let mut links: BTreeSet<String> = [
        "/exceptions/register.csv",
        "/metrics.csv?chart=groups",
        "/findings.csv",
        "/findings.csv?by=package",
        "/findings.csv?by=action",
        "/api/v1/risks.csv",
        "/api/v1/findings.csv?state=any",
        "/api/v1/findings/groups.csv?by=system",
        "/api/v1/findings/groups.csv?by=team",
    ]
    .map(String::from)
    .into();
    for path in pages {
        let text = server.open(&lea, path).text;
        let all = text.split("href=\"").skip(1).map(|l| l.split('"').next().unwrap_or_default());
        links.extend(all.filter(|l| l.contains("csv")).map(|l| l.replace("&#38;", "&")));
    }
    for link in &links {
        let answer = server.open(&lea, link);
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(answer.status == 200 && kind.starts_with("text/csv"), "{link}: {answer:?}");
        assert!(answer.header("content-disposition").unwrap().starts_with("attachment"), "{link}");
        let mut table = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(answer.text.as_bytes());
        for record in table.records().map(Result::unwrap) {
            for cell in &record {
                checked += 1;
                let number = cell.parse::<f64>().is_ok();
                let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(number || !runs, "{link}: {cell:?}");
            }
        }
    }
    assert!(checked > 100 && links.len() > 2, "{checked} cells of {links:?}");
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let (server, org, lea) = begun();
    let own = ("cookie", lea.cookie.as_str());
    let push = |body: &[u8], more: (&str, &str)| {
        let path = "/api/v1/snapshots?asset=bomb&wait=50";
        server.ask("POST", path, &[own, more], body)
    };
    let zeros = vec![b' '; 64 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&zeros).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(&zeros).unwrap();
    let zlib = zlib.finish().unwrap();
    drop(zeros);
    let deep = [b"{\"bomFormat\":\"CycloneDX\",\"x\":".to_vec(), vec![b'['; 200_000]].concat();
    let many: String = (0..20_000).map(|n| format!("{{\"name\":\"{n}\"}},")).collect();
    let many = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{many}{{}}]}}"
    );
    let entities = "<?xml version=\"1.0\"?><!DOCTYPE b [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">\
        <!ENTITY c \"&b;&b;&b;&b;\">]><bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\">&c;</bom>";
    for (what, status, body, more) in [
        ("gzip", 422, &gzip[..], ("content-encoding", "gzip")),
        ("gzip, not said", 422, &gzip[..], ("accept", "*/*")),
        ("deflate", 422, &zlib[..], ("content-encoding", "deflate")),
        ("deep", 422, &deep[..], ("accept", "*/*")),
        // Many are no bomb: they are read, once each.
        ("many", 201, many.as_bytes(), ("accept", "*/*")),
        ("entities", 422, entities.as_bytes(), ("accept", "*/*")),
    ] {
        let answer = push(body, more);
        assert_eq!(answer.status, status, "{what}: {answer:?}");
    }
    let post = |path: &str, kind, body: &[u8]| server.ask("POST", path, &[own, kind], body).status;
    let nested = format!("{{\"text\":{}", "[".repeat(100_000));
    assert!(matches!(post("/api/v1/charters", JSON, nested.as_bytes()), 400 | 422));
    let large = vec![b'a'; (1 << 20) + 1];
    // A server that has answered need not listen to the rest: then only the end is seen.
    assert!(matches!(post("/api/v1/charters", JSON, &large), 413 | 0));
    assert!(matches!(post("/sign-in", FORM, &large), 413 | 0));
    let fields = "a=b&".repeat(100_000);
    assert!(post("/findings/1/ask", FORM, fields.as_bytes()) < 500);
    server.settle(org);
    assert_eq!(server.ask("GET", "/healthz", &[], b"").status, 200);
    let found = server.open(&lea, "/api/v1/findings").json();
    assert_eq!(found["rows"], json!([]), "nothing of it was taken in");
}

#[test]
fn no_path_leaves_its_place() {
    let (server, _, lea) = begun();
    for path in [
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/assets/..%5c..%5cx",
        "/assets/%00",
        "/api/v1/documents/..%2f..%2fetc%2fpasswd",
        "/api/v1/documents/%00",
        "/vulnerabilities/..%2f..%2fadministration",
        "/welcome/..%2f..%2fsign-in",
        "//evil.example/",
        "/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let answer = server.open(&lea, path);
        let harmless = answer.status == 404 || path.starts_with("/welcome/");
        assert!(harmless && !answer.text.contains("root:"), "{path}: {answer:?}");
        assert_eq!(answer.header("location"), None, "{path}");
    }
    let body = document(&[], "MIT").to_string();
    let own = [("cookie", lea.cookie.as_str())];
    for name in ["../../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x", "%2e%2e%2f"] {
        let path = format!("/api/v1/snapshots?asset={}&wait=50", encode(name));
        let pushed = server.ask("POST", &path, &own, body.as_bytes());
        assert!(matches!(pushed.status, 200 | 201), "a name is no path: {pushed:?}");
    }
    for name in ["a%00b", "a%0Ab", "a%7Fb"] {
        let path = format!("/api/v1/snapshots?asset={name}");
        assert_eq!(server.ask("POST", &path, &own, body.as_bytes()).status, 422, "{name}");
    }
}

/// Every address that takes a form, out of the table of routes.
fn forms() -> Vec<String> {
    let source: String = include_str!("../../src/router.rs").split_whitespace().collect();
    let routes = source.split(".route(\"").skip(1);
    let takes = routes.filter(|r| r.split(".route(").next().unwrap().contains("post(web::"));
    takes.map(|r| r.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn a_forged_form_does_nothing() {
    let (server, org, lea) = begun();
    let (system, team) = server.system(org, "shop");
    let finding = server.upload(&lea, "shop", "shop");
    let app = server.app();
    let before = server.runtime.block_on(app.store.ledger(org, 0, 5000)).unwrap().len();
    let fields = "name=x&email=x%40example.org&password=correct+horse+battery&role=admin&scope=organisation\
        &do=close&id=1&old=a&new=correct+horse+battery+2&code=123456&side=admin&answer=approve&text=x\
        &kind=exception&reason=x&days=5&for-view=yes&capacity=1&rows=1&verb=revoke&control=x&team=shop";
    let without = ["/sign-in", "/sign-in/code", "/welcome/{secret}"];
    // What a tracker sends is no form, and proves itself by its signature.
    let mut forms = forms();
    forms.retain(|form| form != "/hooks/trackers/{handle}");
    assert!(forms.len() > 15 && forms.contains(&"/account/codes".to_owned()), "{forms:?}");
    for form in forms.iter().filter(|f| !without.contains(&f.as_str())) {
        let id = match form.split('/').nth(1).unwrap() {
            "systems" => system,
            "teams" => team,
            "findings" => finding,
            _ => 1,
        };
        let path = form.replace("{id}", &id.to_string()).replace("{number}", "1");
        let cookie = ("cookie", lea.cookie.as_str());
        let wrong = format!("csrf=wrong&{fields}");
        let forged = server.ask("POST", &path, &[cookie, FORM], wrong.as_bytes());
        assert!(matches!(forged.status, 403 | 404), "{path} without its token: {forged:?}");
        let right = format!("csrf={}&{fields}", lea.csrf);
        for elsewhere in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let forged = server.ask("POST", &path, &[cookie, FORM, elsewhere], right.as_bytes());
            assert_eq!(forged.status, 403, "{path} from {elsewhere:?}: {}", forged.text);
        }
    }
    for form in without {
        let path = form.replace("{secret}", "x");
        let forged =
            server.ask("POST", &path, &[FORM, ("sec-fetch-site", "cross-site")], fields.as_bytes());
        assert_eq!(forged.status, 403, "{path}");
    }
    let after = server.runtime.block_on(app.store.ledger(org, 0, 5000)).unwrap().len();
    assert_eq!(before, after, "nothing happened");
    let open = server.open(&lea, "/account");
    assert_eq!(open.status, 200, "nobody was signed out");
}
