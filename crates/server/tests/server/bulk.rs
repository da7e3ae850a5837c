//! Several rows at once in a real browser: questions about findings and answers to decisions, with the pointer and with
//! nothing but the keyboard.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::Organisation;
use trimtab_testkit::browser::{Browser, Page, rules};

use crate::answers::{ask, begun};
use crate::harness::{Server, Someone};
use crate::triage::look;

/// A page of somebody who is signed in.
pub(crate) fn page_of(browser: &Browser, server: &Server, who: &Someone) -> Page {
    let page = browser.page();
    page.size(1440, 900);
    page.dark(false);
    let (name, value) = who.cookie.split_once('=').unwrap();
    let cookie = json!({ "name": name, "value": value, "url": server.base });
    assert_eq!(page.call("Network.setCookie", &cookie)["success"], true);
    page
}

fn state(server: &Server, who: &Someone, id: i64) -> Value {
    server.open(who, &format!("/api/v1/decisions/{id}")).json()["state"].clone()
}

/// Chooses all rows of the list by the keys that are made for it.
fn choose(page: &Page) -> u64 {
    let rows = page.run("document.querySelectorAll('input[name=id]').length").as_u64().unwrap();
    for _ in 0..rows {
        page.press("j");
        page.press("x");
    }
    let words = if rows == 1 { "1 row chosen".to_owned() } else { format!("{rows} rows chosen") };
    assert_eq!(page.text(".bar .chosen"), words);
    rows
}

/// Chooses in a field with the arrow keys.
fn pick(page: &Page, selector: &str, value: &str) {
    page.reach(selector);
    for _ in 0..20 {
        if page.run("document.activeElement.value") == json!(value) {
            return;
        }
        page.press("ArrowDown");
    }
    panic!("{selector} has no {value}");
}

#[test]
fn decisions_are_answered_together_with_the_pointer() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let (server, _, eli, sia) = begun();
    let theirs = ask(&server, &eli, "shop");
    let own = ask(&server, &sia, "desk");
    let all = theirs.len() + own.len();
    let page = page_of(&browser, &server, &sia);
    page.open(&format!("{}/exceptions?state=asked", server.base));
    assert_eq!(page.run("document.querySelector('.bar').hidden"), json!(true));
    for id in theirs.iter().chain(&own) {
        page.touch(&format!("input[name=id][value='{id}']"));
    }
    assert_eq!(page.text(".bar .chosen"), format!("{all} rows chosen"));
    look(&page, &axe, "answers-chosen");
    page.click(".bar button[value=approve]");
    assert_eq!(page.text("h1"), format!("Answer {all} decisions."));
    assert_eq!(page.run("document.querySelector('#f-answer').value"), json!("approve"));
    page.run("document.querySelector('#f-role').value = 'security'");
    look(&page, &axe, "answers");
    page.click("main form button[type=submit]");

    // What Eli asked for is approved; what she asked for herself is left, and it says why.
    let told = page.text("main");
    assert!(told.contains(&format!("Approve: {} of {all}.", theirs.len())), "{told}");
    assert!(told.contains("somebody else must answer"), "{told}");
    let left = if own.len() == 1 { "decision" } else { "decisions" };
    assert_eq!(page.text("h1"), format!("Answer {} {left}.", own.len()));
    look(&page, &axe, "answers-left");
    assert!(theirs.iter().all(|id| state(&server, &eli, *id) == json!("approved")));
    assert!(own.iter().all(|id| state(&server, &eli, *id) == json!("asked")));
}

#[test]
fn questions_and_answers_need_no_pointer() {
    let Some(browser) = Browser::start() else { return };
    let (server, org, eli, _) = begun();
    let sam = server.someone(org, "Sam", &[(Role::Security, Organisation)]);

    // Eli asks about every finding of the list at once.
    let page = page_of(&browser, &server, &eli);
    page.open(&format!("{}/findings", server.base));
    let rows = choose(&page);
    assert!(rows >= 2, "{rows}");
    page.reach(".bar button[value=ask]");
    page.follow("Enter");
    assert!(page.text("h1").contains(&format!("{rows} findings")), "{}", page.text("h1"));
    for (field, text) in [
        ("#f-days", "5"),
        ("#f-reason", "The next release takes it out."),
        ("#f-control", "The edge filters it."),
    ] {
        // Fields may stand in any order: each is reached from the beginning.
        page.run("document.activeElement.blur()");
        page.reach(field);
        page.write(text);
        assert_eq!(page.run("document.activeElement.value"), json!(text), "{field}");
    }
    page.reach("main form button[type=submit]");
    page.follow("Enter");
    assert!(page.address().contains("/exceptions"), "{}", page.text("main"));
    let asked = server.open(&eli, "/api/v1/decisions?state=asked").json()["rows"].clone();
    let asked: Vec<i64> =
        asked.as_array().unwrap().iter().filter_map(|row| row["id"].as_i64()).collect();
    assert_eq!(asked.len() as u64, rows);

    // Sam answers them all.
    let page = page_of(&browser, &server, &sam);
    page.open(&format!("{}/exceptions?state=asked", server.base));
    assert_eq!(choose(&page), rows);
    page.reach(".bar button[value=refuse]");
    page.follow("Enter");
    assert_eq!(page.text("h1"), format!("Answer {rows} decisions."));
    pick(&page, "#f-role", "security");
    page.reach("main form button[type=submit]");
    page.follow("Enter");
    assert!(page.address().ends_with("/exceptions"), "{}", page.text("main"));
    for id in asked {
        assert_eq!(state(&server, &eli, id), json!("refused"), "{id}");
    }
}
