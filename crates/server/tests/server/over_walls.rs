//! Nobody reaches over a wall through a page or a form: every address of a page that names something, and every form.
//! `walls` has the API.

use std::collections::BTreeSet;

use crate::harness::Someone;
use crate::world::World;

/// What somebody of another team gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Small {
    /// As if it were not there.
    NotThere,
    /// They may not.
    MayNot,
    /// It is of the whole organisation, or their own.
    May,
}

/// A page or form about something of the first organisation.
struct Row {
    method: &'static str,
    template: &'static str,
    thing: String,
    /// What the form sends.
    fields: Vec<(&'static str, String)>,
    /// The file that goes with them.
    file: Option<String>,
    small: Small,
}

#[test]
fn no_page_and_no_form_reaches_over_a_wall() {
    let world = World::new();
    let World { server, lea, small, eve, .. } = &world;
    let World { system, team, asset, finding, decision, charter, token, update, .. } = &world;
    let letter = &world.letter;
    let World { incident, appeal, .. } = &world;
    let World { review, resolve, goal, .. } = &world;
    let day = jiff::Timestamp::now().to_string();
    let row = |method, template, thing: &dyn ToString, fields: &[(&'static str, String)], small| {
        let fields = fields.to_vec();
        Row { method, template, thing: thing.to_string(), fields, file: None, small }
    };
    let sending = |template, fields: &[(&'static str, &str)], file: &str| {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (thing, file, small) = (String::new(), Some(file.to_owned()), NotThere);
        Row { method: "POST", template, thing, fields, file, small }
    };
    // Of a package that the first organisation has not: what Eve sends is her own.
    let inventory = crate::said::sbom("9.9.9");
    let report = crate::said::report().replace("moment", "b");
    let text = |text: &str| text.to_owned();
    let asks = [
        ("kind", text("exception")),
        ("reason", text("x")),
        ("control", text("y")),
        ("role", text("engineering")),
        ("days", text("1")),
    ];
    let appeals = [
        ("kind", text("dispute")),
        ("finding", finding.to_string()),
        ("wanted", text("now")),
        ("reason", text("x")),
    ];
    let answer = [("answer", text("refuse")), ("role", text("security"))];
    let many = |name, id: &dyn ToString| {
        let mut fields = asks.to_vec();
        fields.push((name, id.to_string()));
        fields
    };
    let group = "package=pkg%3Anpm%2Fmoment";
    use Small::{May, MayNot, NotThere};
    let rows = [
        row("GET", "/findings/{id}", finding, &[], NotThere),
        row("GET", "/findings/{id}/ask", finding, &[], NotThere),
        row("POST", "/findings/{id}/ask", finding, &asks, NotThere),
        row("POST", "/findings/chosen", &"", &[("id", finding.to_string())], NotThere),
        row("POST", "/findings/ask", &"", &many("findings", finding), NotThere),
        row("GET", "/exceptions/{id}", decision, &[], NotThere),
        row("POST", "/exceptions/{id}/answer", decision, &answer, NotThere),
        row("POST", "/exceptions/chosen", &"", &[("id", decision.to_string())], NotThere),
        row(
            "POST",
            "/exceptions/answers",
            &"",
            &[answer.to_vec(), vec![("decisions", decision.to_string())]].concat(),
            NotThere,
        ),
        // Charters are of the whole organisation: everybody reads them.
        row("GET", "/charter/proposals/{id}", charter, &[], May),
        row(
            "POST",
            "/charter/proposals/{id}/answer",
            charter,
            &[("answer", text("agree security"))],
            MayNot,
        ),
        row("GET", "/systems/{id}", system, &[], NotThere),
        row("GET", "/systems/{id}/edit", system, &[], NotThere),
        row("POST", "/systems/{id}/edit", system, &[("name", text("shop"))], NotThere),
        row("GET", "/systems/{id}/remove", system, &[], NotThere),
        row("POST", "/systems/{id}/remove", system, &[], NotThere),
        row("GET", "/said/{id}", asset, &[], NotThere),
        row("POST", "/said/{id}/end", asset, &[("id", world.digest.clone())], NotThere),
        row("GET", "/teams/{id}", team, &[], NotThere),
        row("GET", "/teams/{id}/edit", team, &[], NotThere),
        row("POST", "/teams/{id}/edit", team, &[("capacity", text("1"))], NotThere),
        row("GET", "/teams/{id}/remove", team, &[], NotThere),
        row("POST", "/teams/{id}/remove", team, &[], NotThere),
        row("GET", "/teams/{id}/maturity", team, &[], NotThere),
        row("GET", "/teams/{id}/card", team, &[], NotThere),
        row("GET", "/teams/{id}/plan", team, &[], NotThere),
        row("POST", "/teams/{id}/plan", team, &[], NotThere),
        row("GET", "/teams/{id}/plan/move", team, &[], NotThere),
        row("POST", "/teams/{id}/plan/move", team, &[], NotThere),
        row("GET", "/teams/{id}/notices", team, &[], NotThere),
        row("GET", "/teams/{id}/notices/edit", team, &[], NotThere),
        row("POST", "/teams/{id}/notices/edit", team, &[("channel", text("none"))], NotThere),
        row("GET", "/teams/{id}/notices/try", team, &[], NotThere),
        row("POST", "/teams/{id}/notices/try", team, &[], NotThere),
        row("GET", "/teams/{id}/rota", team, &[], NotThere),
        row("POST", "/teams/{id}/rota", team, &[("do", text("take"))], NotThere),
        row("GET", "/teams/{id}/calendar", team, &[], NotThere),
        row("POST", "/teams/{id}/calendar", team, &[("do", text("make"))], NotThere),
        row("GET", "/notices/{id}", letter, &[], NotThere),
        row("POST", "/notices/{id}", letter, &[("do", text("acknowledge"))], NotThere),
        row("GET", "/systems/{id}/people", system, &[], NotThere),
        row("POST", "/systems/{id}/people", system, &[("selection", text("1"))], NotThere),
        row("POST", "/incidents/new", &"", &[("title", text("x"))], MayNot),
        row("GET", "/incidents/{id}", incident, &[], NotThere),
        row("GET", "/incidents/{id}/tell", incident, &[], NotThere),
        row("POST", "/incidents/{id}/tell", incident, &[("kind", text("note"))], NotThere),
        row("GET", "/incidents/{id}/report", incident, &[], NotThere),
        row("POST", "/appeals/new", &"", &appeals, NotThere),
        row("GET", "/appeals/{id}", appeal, &[], NotThere),
        row("POST", "/appeals/{id}", appeal, &[("state", text("refused"))], NotThere),
        row("POST", "/appeals/{id}/take-back", appeal, &[], NotThere),
        row("GET", "/teams/{id}/tickets", team, &[], NotThere),
        row("GET", "/teams/{id}/tracker", team, &[], NotThere),
        row("POST", "/teams/{id}/tracker", team, &[("end", text("yes"))], NotThere),
        row("GET", "/updates/{id}", update, &[], NotThere),
        row("POST", "/updates/{id}", update, &[("points", text("1"))], NotThere),
        row("POST", "/updates/{id}/merged", update, &[("mine", text("yes"))], NotThere),
        row("GET", "/cards/{id}", &lea.id, &[], NotThere),
        row("POST", "/cards/{id}", &lea.id, &[("shown", text("no"))], NotThere),
        row("GET", "/reviews/{id}", review, &[], NotThere),
        row("POST", "/reviews/{id}", review, &[("do", text("attend"))], NotThere),
        row(
            "POST",
            "/reviews/{id}",
            review,
            &[
                ("do", text("follow")),
                ("decision", format!("{review}.{resolve}")),
                ("became", text("done")),
            ],
            NotThere,
        ),
        row(
            "POST",
            "/reviews/new",
            &"",
            &[
                ("kind", text("weekly")),
                ("of", format!("team:{team}")),
                ("day", text(&day[..10])),
                ("time", text("09:00")),
                ("minutes", text("30")),
            ],
            NotThere,
        ),
        row("POST", "/goals", &"", &[("do", text("drop")), ("id", goal.to_string())], NotThere),
        row("GET", "/vulnerabilities/{name}", &world.vulnerability, &[], NotThere),
        row("GET", "/assets/{name}", &"shop", &[], NotThere),
        row("POST", "/shares", &"", &[("id", world.share.to_string())], NotThere),
        row("GET", "/verdicts/{id}", &world.verdict, &[], NotThere),
        row("GET", "/verdicts/{id}/near-miss", &world.verdict, &[], NotThere),
        row("POST", "/verdicts/{id}/near-miss", &world.verdict, &[("title", text("x"))], NotThere),
        row("GET", "/suppliers/{id}", &world.supplier, &[], NotThere),
        row("POST", "/suppliers/{id}", &world.supplier, &[("do", text("link"))], NotThere),
        row("GET", "/suppliers/{id}/edit", &world.supplier, &[], NotThere),
        row("POST", "/suppliers/{id}/edit", &world.supplier, &[("name", text("x"))], NotThere),
        row("GET", "/suppliers/{id}/packages", &world.supplier, &[], NotThere),
        row("GET", "/suppliers/{id}/ask", &world.supplier, &[], NotThere),
        row("POST", "/suppliers/{id}/ask", &world.supplier, &[("words", text("x"))], NotThere),
        row("GET", "/suppliers/{id}/documents/{number}", &world.supplier, &[], NotThere),
        row("POST", "/suppliers/{id}/documents/{number}", &world.supplier, &[], NotThere),
        row(
            "POST",
            "/suppliers/new",
            &"",
            &[("name", text("x")), ("product", text("y")), ("system", text("shop"))],
            // The form comes again: there is no such system for them.
            May,
        ),
        // People are of the whole organisation.
        row("GET", "/administration/people/{id}", &lea.id, &[], MayNot),
        row("POST", "/administration/people/{id}", &lea.id, &[("do", text("close"))], MayNot),
        row("POST", "/administration/people", &"", &[("name", text("x"))], MayNot),
        row("POST", "/administration/tokens", &"", &[("id", token.to_string())], MayNot),
        row("POST", "/feeds/retry", &"", &[("id", world.job.to_string())], MayNot),
        row("POST", "/feeds/fetch", &"", &[], MayNot),
        row("POST", "/charter/propose", &"", &[("text", text("x"))], MayNot),
        row("POST", "/systems/new", &"", &[("name", text("shop"))], MayNot),
        row("POST", "/teams/new", &"", &[("name", text("shop"))], MayNot),
        // Files: by the name of an asset, and of a system.
        sending("/inventory/new", &[("asset", "shop"), ("kind", "repository")], &inventory),
        sending(
            "/inventory/new",
            &[("asset", "another"), ("kind", "repository"), ("system", "shop")],
            &inventory,
        ),
        sending("/said/new", &[("asset", "shop"), ("what", "report")], &report),
        sending(
            "/said/new",
            &[("asset", "shop"), ("what", "vex")],
            &crate::said::statement("pkg:npm/a"),
        ),
        sending(
            "/said/new",
            &[("asset", "shop"), ("what", "vex-all")],
            &crate::said::statement("pkg:npm/a"),
        ),
    ];
    // Every page that names something, and every form that changes something of the organisation, is a row.
    let source = trimtab_testkit::repository().join("crates/server/src/router.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let own = [
        "/sign-in",
        "/sign-out",
        "/sign-in/code",
        "/welcome/{secret}",
        // What stands in its address is known to one person.
        "/feeds/{secret}/calendar.ics",
        "/session/side",
        // One's own answers: only counted.
        "/pulse",
        // One's own account.
        "/account/tokens",
        "/account/tokens/revoke",
        "/account/password",
        "/account/codes",
        "/account/digest",
        // What one's own organisation asks of itself: it names criteria alone.
        "/maturity/thresholds",
        // What is one's own organisation's; these name nothing.
        "/today/{list}",
        "/ledger/verify",
        // A lesson is for all; where it was met is of what one may see.
        "/lessons/{name}",
        "/boards/{side}",
        "/boards/{side}/wall",
        // It goes to one's own address, with what one may see.
        "/boards/{side}/mail",
        // A link of one's own, and what it shows to whoever has it.
        "/boards/{side}/share",
        "/shared/{secret}",
        // What a supplier sees and does by its link.
        "/supplied/{secret}",
        "/supplied/{secret}/answer",
        // Whoever sends it signs it; it leads to nothing but a look.
        "/hooks/trackers/{handle}",
    ];
    let mut missing = BTreeSet::new();
    for part in source.split(".route(").skip(1) {
        let path = part.split('"').nth(1).unwrap();
        let handlers = part.split_once('"').unwrap().1.split_once('"').unwrap().1;
        let handlers = handlers.split(".layer").next().unwrap();
        for (method, word) in [("GET", "get("), ("POST", "post(")] {
            let is_named = path.contains('{') || method == "POST";
            let known = rows.iter().any(|row| row.template == path && row.method == method);
            if handlers.contains(word) && is_named && !known && !own.contains(&path) {
                missing.insert(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "in no row of this table: {missing:?}");

    let send = |who: &Someone, row: &Row| {
        let path = row.template.replace("{id}", &row.thing).replace("{name}", &row.thing);
        let path = path.replace("{number}", &world.statement.to_string());
        match row.method {
            "GET" => server.open(who, &path),
            _ => {
                let fields: Vec<(&str, &str)> =
                    row.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                match &row.file {
                    None => server.send(who, &path, &fields),
                    Some(file) => server.send_file(who, &path, &fields, file),
                }
            }
        }
    };
    server.settle(world.org);
    let ledger = || server.open(lea, "/api/v1/ledger?limit=5000").json()["rows"].clone();
    let before = ledger();
    let mut faults = Vec::new();
    // What names something in a question: nothing is there, or nothing of theirs is told.
    let name = &world.vulnerability;
    for path in [
        "/packages?purl=pkg%3Anpm%2Fmoment".to_owned(),
        format!("/releases?asset={asset}"),
        format!("/findings?asset={asset}&state=any"),
        format!("/findings?system={system}"),
        format!("/findings.csv?asset={asset}"),
        format!("/findings.csv?by=package&team={team}"),
        "/exceptions?state=asked".to_owned(),
        format!("/exceptions?state=asked&team={team}"),
        format!("/exceptions?state=asked&system={system}"),
        "/exceptions/register.csv".to_owned(),
        "/exceptions/register.json".to_owned(),
        "/where?q=moment".to_owned(),
        "/where.csv?q=moment".to_owned(),
        format!("/where?q={name}"),
        "/search?q=sho".to_owned(),
        "/teams".to_owned(),
        "/systems".to_owned(),
        format!("/updates?asset={asset}"),
        format!("/updates?team={team}"),
        "/incidents".to_owned(),
        "/appeals".to_owned(),
        "/handoffs".to_owned(),
        format!("/reviews?team={team}"),
        "/goals".to_owned(),
        "/suppliers".to_owned(),
        "/verdicts".to_owned(),
        format!("/verdicts?team={team}"),
        format!("/verdicts?asset={asset}"),
        "/wall".to_owned(),
        "/plan".to_owned(),
        "/plan/what-if?capacity=2".to_owned(),
    ] {
        let hers = server.open(lea, &path);
        let told = ["shop", "not called", "2.24.0", "pkg:npm/moment", name.as_str()];
        let told: Vec<&str> = told
            .into_iter()
            .filter(|told| !path.contains(told) && hers.text.contains(told))
            .collect();
        if hers.status != 200 || (told.is_empty() && path != "/plan") {
            faults.push(format!("{path} as Lea: {} {told:?}", hers.status));
        }
        for (who, someone) in [("Eve", eve), ("Small", small)] {
            let answer = server.open(someone, &path);
            if !matches!(answer.status, 200 | 404) {
                faults.push(format!("{path} as {who}: {}", answer.status));
            }
            for told in &told {
                if answer.text.contains(told) {
                    faults.push(format!("{path} tells {who} {told}"));
                }
            }
        }
    }
    for row in &rows {
        let at = format!("{} {} {}", row.method, row.template, row.thing);
        let theirs = send(eve, row);
        // What names nothing of the first organisation does something of their own.
        let names = row.template.contains('{') || row.fields.iter().any(|(name, _)| *name == "id");
        let names = names || row.template.ends_with("/ask") || row.template.ends_with("/answers");
        let let_in = names && !matches!(theirs.status, 403 | 404);
        // Ids in a choice that are not theirs are passed over.
        let passed = theirs.status == 303 && theirs.text.is_empty() && !row.template.contains('{');
        if (let_in && !passed) || theirs.status >= 500 {
            faults.push(format!("{at} as Eve: {}", theirs.status));
        }
        let other = send(small, row);
        let right = match row.small {
            NotThere => matches!(other.status, 403 | 404),
            MayNot => other.status == 403,
            May => other.status == 200,
        };
        if !right {
            faults.push(format!("{at} as Small: {}", other.status));
        }
        for told in ["moment", "not called", "pkg:npm/a"] {
            if theirs.text.contains(told) || other.text.contains(told) {
                faults.push(format!("{at} tells {told}"));
            }
        }
    }
    // A group of a list is what they may see of it: nothing.
    for who in [eve, small] {
        let answer = server.send(who, "/findings/chosen", &[("id", group)]);
        if !(answer.status == 303 || answer.status == 404) || answer.text.contains("moment") {
            faults.push(format!("a group: {answer:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(ledger(), before, "nothing was done");
}
