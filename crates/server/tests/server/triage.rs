//! A day's work in a real browser: signing in, choosing in a list, asking, another person's answer, the
//! search, a page for paper. Pictures are kept.

use jiff::Timestamp;
use serde_json::json;
use trimtab_model::Role;
use trimtab_store::{Grant, NewPerson, ScopeOf};
use trimtab_testkit::browser::{Browser, Page, rules};
use trimtab_testkit::repository;

use super::harness::Server;

const PASSWORD: &str = "correct horse battery";

/// Looks at a page: everybody can use it. Keeps a picture.
pub(crate) fn look(page: &Page, axe: &str, name: &str) {
    let mut faults = rules::inaccessible(page, axe);
    faults.extend(rules::too_wide(page));
    faults.extend(rules::refused(page));
    assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
    page.picture(&repository().join(format!("target/screenshots/triage-{name}.png")));
}

/// Signs in with address and password.
fn sign_in(page: &Page, server: &Server, email: &str) {
    page.open(&format!("{}/sign-in", server.base));
    page.fill("#f-email", email);
    page.fill("#f-password", PASSWORD);
    page.follow("Enter");
    assert!(!page.address().contains("sign-in"), "{}", page.text("main"));
}

#[test]
fn what_one_chooses_in_a_list_another_answers() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let server = Server::new();
    let app = server.app();
    let link = server.runtime.block_on(trimtab_server::first_link(&app, "Ferries"));
    let link = link.unwrap().unwrap();
    let org = server.org();
    server.system(org, "shop");
    server.system(org, "desk");

    // The first admin comes by the link, and chooses a password.
    let ada = browser.page();
    ada.size(1440, 900);
    ada.dark(false);
    let path = link.trim_start_matches("http://127.0.0.1");
    ada.open(&format!("{}{path}", server.base));
    look(&ada, &axe, "welcome");
    ada.fill("#f-email", "ada@example.org");
    ada.fill("#f-password", PASSWORD);
    ada.follow("Enter");
    server.all_roles();
    look(&ada, &axe, "empty");

    // Another person is invited.
    let store = app.store.clone();
    let invited = server.runtime.block_on(async {
        let lea = NewPerson { email: "lea@example.org".into(), name: "Lea".into(), subject: None };
        let grant = |role| Grant { role, scope: ScopeOf::Organisation };
        let grants = [grant(Role::Engineering), grant(Role::Product)];
        let id = store.add_person(org, &lea, &grants, "trimtab", Timestamp::now()).await.unwrap();
        trimtab_server::demo::link(&app, org, id).await.unwrap()
    });
    let uploader = server.someone(org, "Uwe", &[(Role::Engineering, ScopeOf::Organisation)]);
    server.upload(&uploader, "shop", "shop");
    server.settle(org);

    // Lea chooses two findings and asks for both at once.
    let lea = browser.page();
    lea.size(1440, 900);
    lea.dark(false);
    lea.open(&format!("{}{}", server.base, invited.trim_start_matches("http://127.0.0.1")));
    lea.fill("#f-email", "lea@example.org");
    lea.fill("#f-password", PASSWORD);
    lea.follow("Enter");

    // She sends a lockfile; what it means is there at once.
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("package-lock.json");
    let text = r#"{ "name": "desk", "lockfileVersion": 3, "packages": {
        "": { "name": "desk", "dependencies": { "dates": "1.0.0" } },
        "node_modules/dates": { "version": "1.0.0", "dependencies": { "moment": "2.24.0" } },
        "node_modules/moment": { "version": "2.24.0" } } }"#;
    std::fs::write(&lock, text).unwrap();
    lea.open(&format!("{}/systems", server.base));
    lea.click("a[href='/inventory/new']");
    look(&lea, &axe, "upload");
    lea.attach("#f-file", &lock);
    lea.fill("#f-asset", "desk");
    lea.run("document.querySelector('#f-system').value = 'desk'");
    lea.click("main form button[type=submit]");
    server.settle(org);
    lea.open(&lea.address());
    assert!(lea.text("main").contains("moment"), "{}", lea.text("main"));
    look(&lea, &axe, "uploaded");
    lea.click("main table.data tbody a");
    assert!(lea.text(".paths").contains("dates"), "{}", lea.text("main"));
    look(&lea, &axe, "finding");

    lea.open(&format!("{}/findings", server.base));
    let rows = lea.run("document.querySelectorAll('input[name=id]').length").as_u64().unwrap();
    assert!(rows >= 2, "{rows} rows can be chosen");
    for key in ["j", "x", "j", "x"] {
        lea.press(key);
    }
    assert_eq!(lea.text(".bar .chosen"), "2 rows chosen");
    look(&lea, &axe, "chosen");
    lea.click(".bar button[value=ask]");
    assert!(lea.text("h1").contains("2 findings"), "{}", lea.text("h1"));
    look(&lea, &axe, "ask");
    // Without a reason, she is told so, at the field.
    lea.fill("#f-days", "5");
    lea.run("document.querySelector('#f-reason').removeAttribute('required')");
    lea.click("main form button[type=submit]");
    assert!(lea.text("main").contains("Say why"), "{}", lea.text("main"));
    lea.fill("#f-reason", "The next release takes it out.");
    lea.fill("#f-control", "The edge filters it.");
    lea.click("main form button[type=submit]");
    assert!(lea.address().contains("/exceptions"), "{}", lea.text("main"));
    let asked = lea.run("document.querySelectorAll('main table.data tbody tr').length");
    assert_eq!(asked, json!(2), "{}", lea.text("main"));
    look(&lea, &axe, "asked");

    // She cannot answer what she asked for; Ada can.
    lea.click("main table.data tbody a");
    assert!(!lea.text("main").contains("Approve"), "{}", lea.text("main"));
    let decision = lea.address();
    // On another machine she signs in with her password.
    let ada = browser.page();
    ada.size(1440, 900);
    ada.dark(false);
    sign_in(&ada, &server, "ada@example.org");
    ada.open(&decision);
    look(&ada, &axe, "answer");
    ada.run("document.querySelector('select[name=answer]').value = 'approve'");
    ada.run("document.querySelector('select[name=role]').value = 'security'");
    ada.click("main form button[type=submit]");
    server.settle(org);
    ada.open(&format!("{}/exceptions?state=in-force", server.base));
    assert!(ada.text("main").contains("moment"), "{}", ada.text("main"));

    // The search takes anything; the answer is a list that can be shared.
    ada.open(&format!("{}/", server.base));
    ada.press("/");
    assert_eq!(ada.run("document.activeElement.id"), json!("q"));
    ada.fill("#q", "moment");
    ada.follow("Enter");
    assert!(ada.text("main").contains("moment"), "{}", ada.text("main"));
    look(&ada, &axe, "search");
    ada.open(&format!("{}/where?q=moment", server.base));
    assert!(ada.text("main").contains("shop") && ada.text("main").contains("desk"));

    // On paper there is no menu, and what is decided stands there.
    ada.open(&decision);
    ada.print_view();
    let shown = ada.run("getComputedStyle(document.querySelector('nav')).display");
    assert_eq!(shown, json!("none"), "the menu is not printed");
    ada.picture(&repository().join("target/screenshots/triage-print.png"));
}
