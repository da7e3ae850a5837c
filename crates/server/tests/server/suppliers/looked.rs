//! What suppliers and those who look after them see, in a browser.

use trimtab_testkit::browser::{Browser, rules};

use super::*;

/// The way of a supplier who was given a link, in a browser, with the pictures that are looked at.
#[test]
fn a_supplier_sends_and_answers_in_a_browser() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let supplied = begun(&json!({ "format": "cyclonedx", "least": "1.5", "fresh_days": 90,
        "each_release": true, "quality": 80, "notice_hours": 72, "vex_days": 10 }));
    let Supplied { server, lea, id, secret, .. } = &supplied;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.cdx.json");
    std::fs::write(&file, sbom()).unwrap();
    let page = browser.page();
    page.size(1440, 900);
    let look = |name: &str| {
        let faults = rules::looked(&page, &axe, &format!("supplier-{name}"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    };
    let here = format!("{}/supplied/{secret}", server.base);
    page.open(&here);
    page.attach("#f-file", &file);
    page.fill("#f-version", "4.2");
    page.click("#send form button[type=submit]");
    assert!(page.text("main").contains("The document is here."), "{}", page.text("main"));
    server.settle(supplied.org);
    let finding = supplied.finding();
    let question = json!({ "finding": finding["id"], "text": "Is the gateway affected by this?" });
    let asked = post(server, lea, &format!("/api/v1/suppliers/{id}/questions"), &question);
    let question = asked.json()["id"].as_i64().unwrap();
    page.open(&here);
    assert!(page.text("h1").contains("1 question waits"), "{}", page.text("h1"));
    look("own-page");
    page.run(&format!("document.querySelector('#f-status-{question}').value = 'affected'"));
    page.fill(&format!("#f-fixed-{question}"), "4.3");
    page.fill(&format!("#f-words-{question}"), "It is; the next release has the fix.");
    page.click("#questions form button[type=submit]");
    assert!(page.text("main").contains("Your answer is here."), "{}", page.text("main"));
    look("answered");
    // The same without scripts: nothing of it is needed.
    page.without_script();
    page.open(&here);
    assert!(page.text("main").contains("None waits for an answer."), "{}", page.text("main"));

    let name = finding["vulnerability"].as_str().unwrap();
    assert_eq!(supplied.send("vex", "4.2", &vex(name)).status, 303);
    let sent = supplied.api("/documents")["rows"][0]["id"].clone();
    let ours = crate::bulk::page_of(&browser, server, lea);
    for (name, path) in [
        ("vex", format!("/suppliers/{id}/documents/{sent}")),
        ("list", "/suppliers".to_owned()),
        ("one", format!("/suppliers/{id}")),
        ("document", format!("/suppliers/{id}/documents/1")),
        ("finding", format!("/findings/{}", finding["id"])),
        ("ask", format!("/suppliers/{id}/ask?finding={}", finding["id"])),
        ("edit", format!("/suppliers/{id}/edit")),
        ("new", "/suppliers/new".to_owned()),
    ] {
        ours.open(&format!("{}{path}", server.base));
        let faults = rules::looked(&ours, &axe, &format!("supplier-{name}"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
