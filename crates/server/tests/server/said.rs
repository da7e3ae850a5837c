//! What others say about an asset, on its page: sent by the form, read, and ended again. And the pages
//! that say how the server is set and when it was backed up.

use serde_json::json;
use trimtab_model::Role;
use trimtab_store::ScopeOf;

use crate::harness::{Answer, Server, Someone};

fn send(server: &Server, who: &Someone, csrf: &str, what: &str, asset: &str, file: &str) -> Answer {
    let who = Someone { id: who.id, cookie: who.cookie.clone(), csrf: csrf.to_owned() };
    server.send_file(&who, "/said/new", &[("what", what), ("asset", asset)], file)
}

/// A report of another scanner: one package, one vulnerability.
pub(crate) fn report() -> String {
    json!({ "SchemaVersion": 2, "ArtifactName": "shop", "Results": [{ "Target": "package-lock.json",
        "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [{ "VulnerabilityID": "CVE-2099-7",
            "PkgName": "moment", "InstalledVersion": "2.24.0", "Severity": "HIGH",
            "PkgIdentifier": { "PURL": "pkg:npm/moment@2.24.0" } }] }] })
    .to_string()
}

pub(crate) fn sbom(version: &str) -> String {
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "b", "version": version,
            "purl": format!("pkg:npm/b@{version}") }] })
    .to_string()
}

pub(crate) fn statement(product: &str) -> String {
    json!({ "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://a.example/vex/1",
        "author": "Supplier Ltd", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{ "vulnerability": { "name": "CVE-2099-7" },
            "products": [{ "@id": product }], "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path" }] })
    .to_string()
}

#[test]
fn what_others_say_is_sent_shown_and_ended() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (shop, _) = server.system(org, "shop");
    server.system(org, "intranet");
    let roles: Vec<_> = Role::ALL.iter().map(|r| (*r, ScopeOf::Organisation)).collect();
    let lea = server.someone(org, "Lea", &roles);
    let within = [(Role::Security, ScopeOf::System(shop))];
    let small = server.someone(org, "Small", &within);
    let max = server.someone(org, "Max", &[(Role::Auditor, ScopeOf::Organisation)]);
    server.upload(&lea, "shop", "shop");
    server.upload(&lea, "intranet", "intranet");
    let id = |name: &str| {
        let found = server.runtime.block_on(app.store.asset_of_name(org, name)).unwrap();
        found.unwrap().id
    };
    let here = format!("/said/{}", id("shop"));
    let shown = || server.open(&lea, &here).text;
    assert!(shown().contains("No other tool says anything about shop"), "{}", shown());
    let system = server.open(&lea, &format!("/systems/{shop}")).text;
    assert!(system.contains(&format!("href=\"{here}\"")), "{system}");
    // Who may not, from where it may not come, and what it is not.
    for (who, csrf, what, asset, file, status, says) in [
        (&max, max.csrf.as_str(), "report", "shop", report(), 403, ""),
        (&lea, "x", "report", "shop", report(), 403, ""),
        (&small, &small.csrf, "report", "intranet", report(), 403, ""),
        (&small, &small.csrf, "vex-all", "shop", statement("pkg:npm/moment"), 403, ""),
        (&lea, &lea.csrf, "report", "nothing", report(), 200, "There is no asset of this name"),
        (&lea, &lea.csrf, "song", "shop", report(), 200, "Choose what it is"),
        (&lea, &lea.csrf, "report", "shop", String::new(), 200, "Choose a file"),
        (&lea, &lea.csrf, "report", "shop", "{}".to_owned(), 200, "class=\"error\""),
        (&lea, &lea.csrf, "vex", "shop", "{}".to_owned(), 200, "class=\"error\""),
    ] {
        let answer = send(&server, who, csrf, what, asset, &file);
        assert_eq!(answer.status, status, "{what} {asset}: {answer:?}");
        assert!(answer.text.contains(says), "{what} {asset}: {}", answer.text);
    }
    assert!(shown().contains("No other tool says anything about shop"));
    let sent = send(&server, &lea, &lea.csrf, "report", "shop", &report());
    assert_eq!((sent.status, sent.header("location")), (303, Some(&*here)), "{sent:?}");
    let page = shown();
    for told in ["1 other tool speaks about shop: 1 thing.", "trivy", "CVE-2099-7", "still"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let only = server.open(&lea, &format!("{here}?source=trivy")).text;
    assert!(only.contains("What trivy says"), "{only}");
    // A tool that no longer says so: the trail stays.
    let empty = json!({ "SchemaVersion": 2, "ArtifactName": "shop", "Results": [] }).to_string();
    assert_eq!(send(&server, &lea, &lea.csrf, "report", "shop", &empty).status, 303);
    let page = server.open(&lea, &format!("{here}?source=trivy")).text;
    assert!(page.contains("CVE-2099-7") && !page.contains(">still<"), "{page}");
    // Statements hold for the asset until they are ended.
    let vex = statement("pkg:npm/moment@2.24.0");
    assert_eq!(send(&server, &lea, &lea.csrf, "vex", "shop", &vex).status, 303);
    let page = shown();
    for told in
        ["Supplier Ltd", "not affected", "vulnerable code not in execute path", "this asset"]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!server.open(&lea, &format!("/said/{}", id("intranet"))).text.contains("Supplier"));
    assert_eq!(server.open(&small, &here).status, 200);
    assert_eq!(server.open(&small, &format!("/said/{}", id("intranet"))).status, 404);
    let value = page.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let end = format!("{here}/end");
    let forged =
        server.ask("POST", &end, &[crate::harness::FORM, ("cookie", &lea.cookie)], b"csrf=x");
    assert_eq!(forged.status, 403);
    assert_eq!(server.send(&max, &end, &[("id", value)]).status, 403);
    assert!(shown().contains("Supplier Ltd"));
    assert_eq!(server.send(&lea, &end, &[("id", value)]).status, 303);
    assert!(!shown().contains("Supplier Ltd"));
    assert_eq!(server.send(&lea, &end, &[("id", value)]).status, 303, "somebody was first");
}

#[test]
fn backups_and_settings_are_told_to_admins() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let ada = server.someone(org, "Ada", &[(Role::Admin, ScopeOf::Organisation)]);
    let max = server.someone(org, "Max", &[(Role::Auditor, ScopeOf::Organisation)]);
    let backup = || server.open(&ada, "/administration/backup").text;
    assert!(backup().contains("No backup of this store is known."), "{}", backup());
    let now = jiff::Timestamp::now();
    let days = |n: i64| now - jiff::SignedDuration::from_hours(24 * n);
    server.runtime.block_on(app.store.note_backup(5000, days(9))).unwrap();
    assert!(backup().contains("The last backup is 9 days old."), "{}", backup());
    server.runtime.block_on(app.store.note_backup(5000, days(1))).unwrap();
    assert!(backup().contains("5 KiB") && !backup().contains("role=\"alert\""), "{}", backup());
    let settings = server.open(&ada, "/administration/settings").text;
    for told in ["not fetched by this server", "Provider (OpenID Connect)", "100 a second"] {
        assert!(settings.contains(told), "{told}: {settings}");
    }
    for path in ["/administration/backup", "/administration/settings"] {
        assert_eq!(server.open(&max, path).status, 403);
    }
}
