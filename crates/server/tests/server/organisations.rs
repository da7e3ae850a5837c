//! A second organisation in the same store: made while the server runs, and never seen by the first.

use jiff::Timestamp;
use trimtab_model::Role;
use trimtab_server::add_organisation;
use trimtab_store::ScopeOf::Organisation;

use crate::harness::{Answer, FORM, Server, encode};

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn a_second_organisation_is_made_while_the_server_runs() {
    let server = Server::new();
    let app = server.app();
    let ferries = server.first_admin();
    let make = |name: &str| {
        let made = add_organisation(&app.store, name, "http://127.0.0.1", Timestamp::now());
        server.runtime.block_on(made)
    };
    let link = make("Lighters").unwrap();
    for wrong in ["Lighters", "Ferries", "", "  ", "a\nb", &"x".repeat(201)] {
        assert!(make(wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(server.runtime.block_on(app.store.organisations()).unwrap().len(), 2);
    let path = link.trim_start_matches("http://127.0.0.1");
    // The same person may have an account in both, each with a password of its own.
    let form = "email=ada%40example.org&password=another+horse+battery";
    let welcomed = server.ask("POST", path, &[FORM], form.as_bytes());
    assert_eq!(welcomed.status, 303, "{welcomed:?}");
    assert_ne!(server.ask("POST", path, &[FORM], form.as_bytes()).status, 303, "good once");
    let name = |cookie: &str| {
        let page = server.ask("GET", "/account", &[("cookie", cookie)], b"");
        assert_eq!(page.status, 200, "{page:?}");
        let (_, rest) = page.text.split_once("class=\"organisation\">").unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    let sign_in = |password: &str| {
        let form = format!("email=ada%40example.org&password={}", encode(password));
        server.ask("POST", "/sign-in", &[FORM], form.as_bytes())
    };
    assert_eq!(name(&cookie(&sign_in("correct horse battery"))), "Ferries");
    assert_eq!(name(&cookie(&sign_in("another horse battery"))), "Lighters");
    assert_eq!(name(&ferries), "Ferries");
    // A wrong one is a failure of both accounts: five of them lock both.
    for _ in 0..5 {
        assert_eq!(sign_in("no horse at all here").status, 200);
    }
    for password in ["correct horse battery", "another horse battery"] {
        assert_eq!(sign_in(password).status, 200, "it is locked for a while");
    }
}

#[test]
fn organisations_never_see_each_other() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let first = server.org();
    let made = add_organisation(&app.store, "Lighters", "http://127.0.0.1", Timestamp::now());
    server.runtime.block_on(made).unwrap();
    let second = server.runtime.block_on(app.store.organisations()).unwrap()[1].org;
    let all: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
    let (ada, eve) = (server.someone(first, "Ada", &all), server.someone(second, "Eve", &all));
    for (org, who, name) in [(first, &ada, "quay"), (second, &eve, "barge")] {
        server.system(org, name);
        server.upload(who, &format!("asset-of-{name}"), name);
        server.settle(org);
    }
    for path in [
        "/",
        "/systems",
        "/teams",
        "/findings",
        "/findings?by=package",
        "/plan",
        "/updates",
        "/metrics",
        "/metrics/list?of=found",
        "/metrics/list?of=notices",
        "/metrics.csv?chart=groups",
        "/ledger",
        "/today/choices?side=engineering",
        "/today/tiers?side=product",
        "/feeds",
        "/exceptions",
        "/charter",
        "/administration",
        "/administration/tokens",
        "/administration/backup",
        "/where?q=moment",
        "/search?q=asset",
        "/api/v1/findings",
        "/api/v1/systems",
        "/api/v1/assets",
        "/api/v1/ledger",
        "/api/v1/people",
        "/api/v1/metrics",
        "/api/v1/teams",
    ] {
        for (who, own, others) in [
            (&ada, ["Ferries", "quay"], ["Lighters", "barge"]),
            (&eve, ["Lighters", "barge"], ["Ferries", "quay"]),
        ] {
            let page = server.open(who, path);
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            for word in others {
                assert!(!page.text.contains(word), "{path} of {own:?} tells {word}: {}", page.text);
            }
        }
    }
    let (verified, _) = server.runtime.block_on(app.store.verify_ledger(second)).unwrap();
    assert!(verified > 3);
}
