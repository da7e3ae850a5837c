//! The pages of systems, teams, packages, releases, people and jobs, as their readers open them.

use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, System, Team};

use crate::harness::{FORM, Server};

const ALL: &[(Role, trimtab_store::ScopeOf)] = &[
    (Role::Security, Organisation),
    (Role::Engineering, Organisation),
    (Role::Product, Organisation),
    (Role::Operations, Organisation),
    (Role::Admin, Organisation),
];

fn begun() -> (Server, trimtab_store::Org) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    (server, org)
}

#[test]
fn every_page_opens_for_its_organisation_and_for_no_other() {
    let (server, org) = begun();
    let (system, team) = server.system(org, "shop");
    let (_, elsewhere) = server.system(org, "intranet");
    let lea = server.someone(org, "Lea", ALL);
    let id = server.upload(&lea, "shop", "shop");
    let finding = server.open(&lea, &format!("/api/v1/findings/{id}")).json();
    let name = finding["vulnerability"].as_str().unwrap();
    let asset = finding["asset"]["id"].as_i64().unwrap();
    let own = [
        format!("/systems/{system}"),
        format!("/teams/{team}"),
        format!("/teams/{team}/plan"),
        format!("/vulnerabilities/{name}"),
        "/packages?purl=pkg%3Anpm%2Fmoment".to_owned(),
        format!("/releases?asset={asset}"),
    ];
    let shared = ["/systems", "/teams", "/charter", "/exceptions", "/account", "/search?q=shop+x"];
    let whole = ["/feeds", "/administration", "/administration/tokens", "/administration/settings"];
    let paths = own.iter().map(String::as_str).chain(shared).chain(whole);
    for path in paths.clone() {
        let page = server.open(&lea, path);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
    }
    let app = server.app();
    let rival =
        server.runtime.block_on(app.store.add_organisation("Rivals", jiff::Timestamp::now()));
    let eve = server.someone(rival.unwrap(), "Eve", ALL);
    let small = server.someone(org, "Small", &[(Role::Product, Team(elsewhere))]);
    let none = server.someone(org, "None", &[]);
    for path in &own {
        assert_eq!(server.open(&eve, path).status, 404, "{path}");
        assert_eq!(server.open(&small, path).status, 404, "{path}");
        assert_ne!(server.open(&none, path).status, 200, "{path}");
    }
    for path in whole {
        assert_eq!(server.open(&small, path).status, 403, "{path}");
    }
    let person = format!("/administration/people/{}", lea.id);
    assert_eq!(server.open(&lea, &person).status, 200);
    assert_eq!(server.open(&eve, &person).status, 404);
    let close = [("do", "close")];
    assert_eq!(server.send(&eve, &person, &close).status, 404);
    assert_eq!(server.send(&small, &person, &close).status, 403);
    for path in paths {
        let answer = server.ask("GET", path, &[], b"");
        assert_eq!((answer.status, answer.header("location")), (303, Some("/sign-in")), "{path}");
    }
}

#[test]
fn a_system_and_a_team_are_described_by_who_may() {
    let (server, org) = begun();
    let (system, team) = server.system(org, "shop");
    let (other, _) = server.system(org, "intranet");
    let pia = server.someone(org, "Pia", &[(Role::Product, System(system))]);
    let tom = server.someone(org, "Tom", &[(Role::Engineering, Team(team))]);
    let edit = format!("/systems/{system}/edit");
    let fields = [("team", "shop"), ("exposure", "internet"), ("failure", "<b>no ferries</b>")];
    let done = server.send(&pia, &edit, &fields);
    assert_eq!(done.status, 303, "{}", done.text);
    let page = server.open(&pia, &format!("/systems/{system}"));
    assert!(page.text.contains("&#60;b&#62;no ferries"), "{}", page.text);
    let wrong = server.send(&pia, &edit, &[("tier", "nonsense")]);
    assert!(wrong.text.contains("The charter has no <code>nonsense</code>"), "{}", wrong.text);
    assert_eq!(server.send(&pia, &format!("/systems/{other}/edit"), &fields).status, 404);
    assert_eq!(server.send(&pia, "/systems/new", &[("name", "x")]).status, 403);
    assert_eq!(server.send(&tom, &edit, &fields).status, 403);
    let pace = format!("/teams/{team}/edit");
    assert_eq!(server.send(&tom, &pace, &[("capacity", "12")]).status, 303);
    assert!(server.open(&tom, &format!("/teams/{team}")).text.contains("12 points"));
    assert!(server.send(&tom, &pace, &[("capacity", "x")]).text.contains("a number of points"));
    let forged = server.ask("POST", &pace, &[FORM, ("cookie", &tom.cookie)], b"csrf=no&capacity=1");
    assert_eq!(forged.status, 403);
}

#[test]
fn people_are_added_with_a_link_that_is_shown_once() {
    let (server, org) = begun();
    let ada = server.someone(org, "Ada", ALL);
    let fields = [
        ("name", "Mei"),
        ("email", "mei@example.org"),
        ("role", "operations"),
        ("scope", "organisation"),
    ];
    let added = server.send(&ada, "/administration/people", &fields);
    assert!(added.status == 200 && added.text.contains("/welcome/"), "{}", added.text);
    assert!(!server.open(&ada, "/administration").text.contains("/welcome/"));
    let again = server.send(&ada, "/administration/people", &fields);
    assert!(again.text.contains("Somebody here has this address."), "{}", again.text);
    let bad = [("name", "X"), ("email", "x@example.org"), ("role", "admin"), ("scope", "team 999")];
    assert!(
        server.send(&ada, "/administration/people", &bad).text.contains("Choose where it holds.")
    );
    let own = format!("/administration/people/{}", ada.id);
    let closed = server.send(&ada, &own, &[("do", "close")]);
    assert!(closed.text.contains("Another admin must close your account."), "{}", closed.text);
    let made =
        server.send(&ada, "/account/tokens", &[("name", "ci"), ("days", "5"), ("for-view", "yes")]);
    assert!(made.text.contains("trimtab_"), "{}", made.text);
    let account = server.open(&ada, "/account").text;
    assert!(account.contains(">ci<") && !account.contains("trimtab_"), "{account}");
    let side = server.send(&ada, "/session/side", &[("side", "product")]);
    assert_eq!(side.status, 303);
    assert_eq!(server.send(&ada, "/session/side", &[("side", "leadership")]).status, 422);
    let found = server.open(&ada, "/search?q=Mei");
    assert_eq!(found.status, 303, "one thing: it leads there");
    assert_eq!(server.send(&ada, "/feeds/retry", &[("id", "1")]).status, 303);
}
