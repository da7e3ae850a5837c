//! A server that was just begun, step by step, and what forms say of what is wrong with them.

use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::Server;

fn begun() -> (Server, trimtab_store::Org) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    (server, org)
}

const EVERYTHING: &[(Role, trimtab_store::ScopeOf)] = &[
    (Role::Security, Organisation),
    (Role::Engineering, Organisation),
    (Role::Product, Organisation),
    (Role::Operations, Organisation),
    (Role::Admin, Organisation),
];

#[test]
fn who_begins_is_told_the_next_step() {
    let (server, org) = begun();
    let ada = server.someone(org, "Ada", &[(Role::Admin, Organisation)]);
    let today = server.open(&ada, "/").text;
    assert!(today.contains("No inventory has been sent yet"), "{today}");
    for step in [
        "First steps",
        "/teams/new",
        "/systems/new",
        "/charter",
        "It takes the role security, engineering or operations",
    ] {
        assert!(today.contains(step), "{step}: {today}");
    }
    // Nothing is known of what nobody sent: no load is drawn, and none of zero.
    assert!(!today.contains("class=\"dial"), "{today}");
    assert!(!today.contains("/inventory/new"), "an admin alone may send nothing: {today}");
    // Every step leads somewhere.
    for path in ["/teams/new", "/systems/new", "/charter", "/feeds", "/administration"] {
        assert_eq!(server.open(&ada, path).status, 200, "{path}");
    }
    let audit = server.someone(org, "Audit", &[(Role::Auditor, Organisation)]);
    let seen = server.open(&audit, "/").text;
    assert!(
        seen.contains("No inventory has been sent yet") && !seen.contains("First steps"),
        "{seen}"
    );
    assert!(!server.open(&audit, "/teams").text.contains("/teams/new"));
    // Nor does another page count what nobody sent.
    let (system, _) = server.system(org, "shop");
    let room = format!("/systems/{system}");
    for path in ["/findings", "/boards/product", "/boards/operations/wall", room.as_str()] {
        let page = server.open(&audit, path).text;
        assert!(page.contains("has been sent yet: nothing can be found"), "{path}: {page}");
        for label in ["past their deadline", "open, counting towards the load", "findings<"] {
            assert!(!page.contains(&format!("class=\"label\">{label}")), "{path}: {page}");
        }
    }
    for path in ["/systems", "/teams"] {
        let page = server.open(&audit, path).text;
        assert!(page.contains("title=\"no inventory has been sent\""), "{path}: {page}");
        assert!(!page.contains("<b>0</b>"), "{path}: {page}");
    }
}

#[test]
fn a_team_is_added_on_its_page_by_an_admin_alone() {
    let (server, org) = begun();
    let ada = server.someone(org, "Ada", &[(Role::Admin, Organisation)]);
    let tom = server.someone(org, "Tom", &[(Role::Engineering, Organisation)]);
    assert!(server.open(&ada, "/teams").text.contains("href=\"/teams/new\""));
    let wrong = server.send(&ada, "/teams/new", &[("name", "Ferry desk"), ("capacity", "some")]);
    assert!(wrong.text.contains("Enter a number of points."), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"Ferry desk\"") && wrong.text.contains("value=\"some\""));
    assert_eq!(wrong.text.matches(" autofocus").count(), 1, "the field that is wrong is focused");
    let fields = [("name", "Ferry desk"), ("capacity", "12")];
    assert_eq!(server.send(&ada, "/teams/new", &fields).status, 303);
    assert!(server.open(&ada, "/teams").text.contains("Ferry desk"));
    // Another of the name would change the first one.
    let again = server.send(&ada, "/teams/new", &[("name", "Ferry desk"), ("capacity", "1")]);
    assert!(again.text.contains("There is already a team of this name."), "{}", again.text);
    let nameless = server.send(&ada, "/teams/new", &[("name", " ")]);
    assert!(nameless.text.contains("The name must be 1 to 200 characters."), "{}", nameless.text);
    assert_eq!(server.send(&tom, "/teams/new", &fields).status, 403);
    assert_eq!(server.open(&tom, "/teams/new").status, 403);
}

#[test]
fn a_team_gets_another_name_from_an_admin_alone() {
    let (server, org) = begun();
    let ada = server.someone(org, "Ada", &[(Role::Admin, Organisation)]);
    let (_, team) = server.system(org, "Wep");
    let (_, other) = server.system(org, "Data");
    let lead = server.someone(org, "Lea", &[(Role::Engineering, Team(team))]);
    let edit = format!("/teams/{team}/edit");
    assert!(!server.open(&lead, &edit).text.contains("name=\"name\""));
    assert_eq!(server.send(&lead, &edit, &[("name", "Ours")]).status, 403);
    let taken = server.send(&ada, &edit, &[("name", "Data")]);
    assert!(taken.text.contains("There is already a team of this name."), "{}", taken.text);
    assert_eq!(server.send(&ada, &edit, &[("name", "Web")]).status, 303);
    let teams = server.open(&ada, "/api/v1/teams").json()["rows"].clone();
    let names: Vec<_> = teams.as_array().unwrap().iter().map(|t| t["name"].as_str()).collect();
    assert_eq!(names, [Some("Data"), Some("Web")], "no third one");
    let put = |id: i64, name: &str| {
        let headers = [
            ("cookie", ada.cookie.as_str()),
            ("x-csrf-token", ada.csrf.as_str()),
            ("content-type", "application/json"),
        ];
        let body = serde_json::json!({ "id": id, "name": name }).to_string();
        server.ask("PUT", "/api/v1/teams", &headers, body.as_bytes()).status
    };
    assert_eq!((put(team, "Data"), put(other + 99, "New"), put(team, "Ships")), (409, 404, 200));
    assert!(server.open(&ada, &format!("/teams/{team}")).text.contains("Ships"));
}

#[test]
fn teams_and_systems_are_removed_when_nothing_is_theirs_and_systems_get_another_name() {
    let (server, org) = begun();
    let ada = server.someone(org, "Ada", EVERYTHING);
    let (shop, team) = server.system(org, "shop");
    let (intranet, other) = server.system(org, "intranet");
    let lea = server.someone(org, "Lea", &[(Role::Engineering, Team(team))]);
    server.upload(&ada, "till", "shop");
    let ask = |who: &crate::harness::Someone, method: &str, path: &str, body: &str| {
        let headers = [("cookie", who.cookie.as_str()), crate::harness::JSON];
        server.ask(method, path, &headers, body.as_bytes())
    };
    let remove = |who, path: &str| ask(who, "DELETE", path, "");
    // What is still theirs is named, with what to do; on the page too, which has no button then.
    let refused = remove(&ada, &format!("/api/v1/teams/{team}"));
    assert_eq!(refused.status, 409, "{refused:?}");
    let page = server.open(&ada, &format!("/teams/{team}/remove")).text;
    for words in ["1 system is the team", "give them another owner", "1 role is held for it alone"]
    {
        assert!(refused.text.contains(words), "{words}: {refused:?}");
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains(">Remove</button>"), "{page}");
    let refused = remove(&ada, &format!("/api/v1/systems/{shop}"));
    assert!(refused.status == 409 && refused.text.contains("1 asset is in it"), "{refused:?}");
    assert_eq!(remove(&lea, &format!("/api/v1/teams/{team}")).status, 403);
    assert_eq!(remove(&lea, &format!("/api/v1/systems/{shop}")).status, 403);
    assert_eq!(
        remove(&lea, &format!("/api/v1/systems/{intranet}")).status,
        404,
        "not theirs to see"
    );

    // Another name, by the API and on the page: it is the same system.
    let put = |id: i64, name: &str| {
        let body = serde_json::json!({ "id": id, "name": name }).to_string();
        ask(&ada, "PUT", "/api/v1/systems", &body).status
    };
    assert_eq!((put(intranet, "shop"), put(intranet + 99, "new")), (409, 404));
    assert_eq!(put(intranet, "Portal"), 200);
    let edit = format!("/systems/{intranet}/edit");
    let taken = server.send(&ada, &edit, &[("name", "shop")]);
    assert!(taken.text.contains("There is already a system of this name."), "{}", taken.text);
    assert_eq!(server.send(&ada, &edit, &[("name", "Quay")]).status, 303);
    let names = || {
        let systems = server.open(&ada, "/api/v1/systems").json()["rows"].clone();
        let name = |s: &serde_json::Value| s["name"].as_str().unwrap().to_owned();
        systems.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(), ["Quay", "shop"], "no third one");

    // Nobody owns it now, and nothing is in it: both can go, and are nowhere any longer.
    let form = format!("/systems/{intranet}/remove");
    assert!(server.open(&ada, &form).text.contains(">Remove</button>"));
    assert_eq!(server.send(&ada, &form, &[]).status, 303);
    assert_eq!(names(), ["shop"]);
    assert_eq!(server.open(&ada, &format!("/systems/{intranet}")).status, 404);
    assert_eq!(remove(&ada, &format!("/api/v1/teams/{other}")).status, 204);
    assert_eq!(server.open(&ada, &format!("/teams/{other}")).status, 404);
    assert_eq!(remove(&ada, &format!("/api/v1/teams/{other}")).status, 404, "once");
}

/// What the API says of a member is said at the field, in words that do not name the member.
#[test]
fn what_is_wrong_is_said_at_its_field_and_what_was_sent_stays() {
    let (server, org) = begun();
    server.system(org, "shop");
    let lea = server.someone(org, "Lea", EVERYTHING);
    let goal =
        [("of", "all"), ("name", "Fewer"), ("measure", "load"), ("to", "many"), ("ends", "")];
    let mail = [("rhythm", "week-1"), ("hour", "9"), ("zone", "Mars/Base")];
    let token = [("name", "ci"), ("days", "9999"), ("for-view", "yes")];
    let incident = [("title", "It is out"), ("looked_for", "pkg:npm/")];
    /// A page, what is sent to it, which field is wrong, and what stays in it.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case<'_>; 4] = [
        ("/goals", &goal, "to", "many"),
        ("/boards/security/mail", &mail, "zone", "Mars/Base"),
        ("/account/tokens", &token, "days", "9999"),
        ("/incidents/new", &incident, "looked_for", "pkg:npm/"),
    ];
    for (path, sent, field, held) in cases {
        let page = server.send(&lea, path, sent);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let at = format!("id=\"f-{field}\"");
        let from = page.text.split_once(&at).map(|(_, rest)| rest).unwrap_or_default();
        let input = from.split('>').next().unwrap_or_default();
        assert!(input.contains("aria-invalid=\"true\" autofocus"), "{path}: {input}");
        assert!(input.contains(&format!("value=\"{held}\"")), "{path}: {input}");
        let error = from.split_once("class=\"error\">").map(|(_, rest)| rest).unwrap_or_default();
        let error = error.split("</span>").next().unwrap_or_default();
        assert!(
            (error.starts_with("This must be ") || error.starts_with("It must be ")),
            "{path}: {error}"
        );
        assert!(
            !error.contains(&format!("<code>{field}</code>")),
            "{path} names a member: {error}"
        );
    }
}

/// No page leads to a form that its reader may not use.
#[test]
fn who_may_not_set_a_team_up_is_not_led_there() {
    let (server, org) = begun();
    let (_, team) = server.system(org, "shop");
    let audit = server.someone(org, "Audit", &[(Role::Auditor, Organisation)]);
    let tom = server.someone(org, "Tom", &[(Role::Engineering, Team(team))]);
    let edit = format!("/teams/{team}/notices/edit");
    for page in [format!("/teams/{team}/notices"), format!("/teams/{team}/rota")] {
        assert!(!server.open(&audit, &page).text.contains(&edit), "{page}");
    }
    assert!(server.open(&tom, &format!("/teams/{team}/notices")).text.contains(&edit));
    // Of weeks before the first entry of the ledger nobody counted: they are no noughts.
    let notices = server.open(&tom, &format!("/teams/{team}/notices")).text;
    let unknown = notices.matches("the ledger begins after this week").count();
    assert!(unknown >= 14 && notices.contains("0 of "), "{unknown}: {notices}");
    // Of one team alone, the load is called that team's.
    let lea = server.someone(org, "Lea", EVERYTHING);
    server.upload(&lea, "shop", "shop");
    assert!(
        server.open(&tom, "/").text.contains("load of shop"),
        "{}",
        server.open(&tom, "/").text
    );
    assert!(server.open(&lea, "/").text.contains("load of Ferries"));
    // Nor is what came in minutes spread over weeks that nobody saw.
    for (page, times) in [("/boards/engineering", 4), ("/metrics", 2)] {
        let young = server.open(&lea, page).text;
        let unknown = young.matches("the first finding is younger than this period").count();
        assert!(unknown >= times, "{page}: {unknown}: {young}");
    }
}
