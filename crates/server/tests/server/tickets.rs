//! A team's tickets from planned to deployed and back: on a fake of every tracker and on a real Gitea, with answers that get
//! lost, webhooks that do not come, servers that end in between, and what people do there.

mod forced;
mod world;

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf;
use trimtab_testkit::browser::{Browser, Page, rules};
use trimtab_testkit::git_host::{Fake, Fault, TRACKERS};
use trimtab_testkit::gitea::{OWNER, gitea};

use crate::bulk::page_of;
use crate::harness::{JSON, Someone};
use crate::triage::look;
use world::{World, clock, gitea_fake, is_closed, issues, setting, text};

clock!(life, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(faults, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(people, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(walls, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(browsed, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(alone, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(slow, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(copied, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(renamed, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(real, Timestamp::now());

#[test]
fn of_a_copy_nothing_is_written_until_somebody_says_so() {
    copied::LATER.store(0, Ordering::SeqCst);
    let fake = Fake::start(TRACKERS[0]);
    let set = setting(TRACKERS[0], &fake.address);
    let world = World::with(copied::now, &copied::LATER, &set);
    assert_eq!(issues(&fake).len(), 1);
    // The database says that another server writes them: this one is a rehearsal with its data.
    let (app, now) = (world.server.app(), copied::now());
    let elsewhere = |home: &str| {
        let home = home.to_owned();
        world.server.runtime.block_on(async {
            let mut is = app.store.tracker(world.org, world.team).await.unwrap().unwrap().is;
            is.home = home;
            app.store.put_tracker(world.org, &is, "person:1", now).await.unwrap();
        });
    };
    elsewhere("https://production.example");
    let before = fake.state.lock().unwrap().ticks;
    world.has("shop", "2.29.4");
    world.runs("shop");
    world.passes(61);
    world.round();
    assert_eq!(fake.state.lock().unwrap().ticks, before, "nothing is written");
    let page = world.page();
    assert!(page.contains("the server at https://production.example writes these"), "{page}");
    // Who saves its settings here says that this one writes them from now on.
    assert_eq!(world.set(&set).status, 200);
    world.rest();
    world.round();
    assert!(is_closed(&issues(&fake)[0]), "{:?}", issues(&fake));
    assert!(!world.page().contains("writes these tickets"));
}

#[test]
fn a_project_that_was_renamed_keeps_what_is_known_of_its_tickets() {
    for word in ["gitlab", "jira"] {
        renamed::LATER.store(0, Ordering::SeqCst);
        let dialect = *TRACKERS.iter().find(|dialect| dialect.kind() == word).unwrap();
        let fake = Fake::start(dialect);
        let set = setting(dialect, &fake.address);
        let world = World::with(renamed::now, &renamed::LATER, &set);
        fake.state.lock().unwrap().alter("7", |issue| issue.points = json!(13));
        world.passes(301);
        let (app, key) = (world.server.app(), world.only()["key"].clone());
        // As it was under the name that the project had before: the tracker knows it by the one of now.
        let was = |project: &str, key: &str| {
            world.server.runtime.block_on(async {
                let mut is = app.store.tracker(world.org, world.team).await.unwrap().unwrap().is;
                is.project = project.to_owned();
                let rows = app.store.tickets(world.org, world.team).await.unwrap();
                let keys: Vec<_> =
                    rows.into_iter().map(|row| (row.change, key.to_owned())).collect();
                let (keys, now) = (Some(&keys[..]), renamed::now());
                app.store.put_tracker_with(world.org, &is, keys, "person:1", now).await.unwrap();
                app.store.tickets(world.org, world.team).await.unwrap()[0].points
            })
        };
        let is_jira = word == "jira";
        let (name, old) = if is_jira { ("OLD", "OLD-7") } else { ("old/r", "7") };
        assert_eq!(was(name, old), Some(13.0), "{word}");
        assert_eq!(world.set(&set).status, 200, "{word}");
        world.rest();
        let told = |from: &str| {
            let ledger = world.server.open(&world.lea, "/api/v1/ledger?limit=500").json();
            let from = format!("\"renamed_from\":\"{from}\",\"software\":\"{word}\"");
            let to = format!("\"project\":\"{}\"", dialect.path());
            let rows = ledger["rows"].as_array().unwrap();
            let data = |row: &Value| row["data"].as_str().unwrap_or_default().to_owned();
            rows.iter().map(data).any(|data| data.contains(&to) && data.contains(&from))
        };
        assert!(told(name), "{word}");
        let row = world.only();
        assert_eq!((&row["key"], &row["points"]), (&key, &json!(13.0)), "{word}: {row}");
        assert_eq!(issues(&fake).len(), 1, "{word}: no second one");

        // Another project has none of them: what was known is forgotten, and a ticket is made there.
        let (name, old) = if is_jira { ("ELSE", "ELSE-7") } else { ("else/r", "7") };
        assert_eq!(was(name, old), Some(13.0), "{word}");
        fake.state.lock().unwrap().issues.clear();
        assert_eq!(world.set(&set).status, 200, "{word}");
        world.rest();
        assert!(!told(name), "{word}");
        assert_ne!(world.only()["points"], json!(13.0), "{word}");
        assert_eq!(issues(&fake).len(), 1, "{word}: one in the new project");
    }
}

#[test]
fn a_ticket_follows_its_action_in_every_tracker() {
    for dialect in TRACKERS {
        life::LATER.store(0, Ordering::SeqCst);
        let fake = Fake::start(*dialect);
        let word = dialect.kind();
        let world = World::with(life::now, &life::LATER, &setting(*dialect, &fake.address));
        // One for the action, made when the plan schedules it, with all that is to stand in it.
        let [issue] = &issues(&fake)[..] else { panic!("{word}: {:#?}", issues(&fake)) };
        assert_eq!(issue.title, "Raise moment to 2.29.4 in shop", "{word}");
        for words in ["What it means", "What to change", "Done when", "Owner", "Likelihood"] {
            assert!(text(issue).contains(words), "{word}: {words} in {}", text(issue));
        }
        let row = world.only();
        assert_eq!((&row["state"], row["key"].is_string()), (&json!("open"), true), "{word}");
        let page = world.page();
        assert!(page.contains("Raise moment") && page.contains(row["key"].as_str().unwrap()));

        // Nothing changed: nothing is written.
        let before = fake.state.lock().unwrap().ticks;
        world.passes(301);
        world.round();
        assert_eq!(fake.state.lock().unwrap().ticks, before, "{word}");

        // Merged is not deployed.
        world.has("shop", "2.29.4");
        world.passes(61);
        let [issue] = &issues(&fake)[..] else { panic!("{word}") };
        assert!(!is_closed(issue), "{word}: {issue:#?}");
        assert_eq!(issue.said.len(), 1, "{word}");
        assert!(issue.said[0].1.to_string().contains("waiting to be deployed"), "{word}");

        // Deployed, evidence closes it, in the same comment.
        world.runs("shop");
        world.passes(61);
        let [issue] = &issues(&fake)[..] else { panic!("{word}") };
        assert!(is_closed(issue), "{word}: {issue:#?}");
        assert_eq!(issue.said.len(), 1, "{word}");
        assert!(issue.said[0].1.to_string().contains("Fixed and deployed"), "{word}");
        assert_eq!(world.only()["state"], "closed", "{word}");

        // A regression opens it again.
        world.has("shop", "2.24.0");
        world.runs("shop");
        world.passes(61);
        let [issue] = &issues(&fake)[..] else { panic!("{word}: one stays one") };
        assert!(!is_closed(issue), "{word}: {issue:#?}");
        assert!(issue.said[0].1.to_string().contains("Reopened"), "{word}");
        assert_eq!(world.only()["state"], "open", "{word}");
    }
}

/// Whatever call gets lost, whether it was done or not, and whenever the server ends: the same is left.
#[test]
fn nothing_is_doubled_whatever_gets_lost() {
    let dialect = gitea_fake();
    let busy = || Fault::Status(429, vec![("retry-after", "600".to_owned())]);
    for method in ["POST", "PATCH"] {
        for (name, fault) in [("lost", Fault::Lost), ("done", Fault::DoneAndLost), ("busy", busy())]
        {
            faults::LATER.store(0, Ordering::SeqCst);
            let fake = Fake::start(dialect);
            let at = format!("{method} {name}");
            let mut world = World::new(faults::now, &faults::LATER);
            let mut set = setting(dialect, &fake.address);
            let breaks = |fake: &Fake| {
                // Of calls in a row, so that each is the first that goes wrong in some round.
                let mut state = fake.state.lock().unwrap();
                state.faults.extend((0..3).map(|_| (method, fault.clone())));
            };
            breaks(&fake);
            assert_eq!(world.set(&set).status, 200);
            for _ in 0..6 {
                world.rest();
                world.restart();
                world.passes(601);
            }
            fake.state.lock().unwrap().faults.clear();
            world.passes(601);
            let [issue] = &issues(&fake)[..] else { panic!("{at}: {:#?}", issues(&fake)) };
            assert!(!is_closed(issue), "{at}");
            // People write, no webhook tells of it, and what is done breaks again.
            fake.state.lock().unwrap().alter("7", |issue| issue.assignee = Some("bob".into()));
            world.has("shop", "2.29.4");
            world.runs("shop");
            breaks(&fake);
            for _ in 0..6 {
                world.passes(601);
                world.restart();
            }
            fake.state.lock().unwrap().faults.clear();
            world.passes(601);
            let [issue] = &issues(&fake)[..] else { panic!("{at}: {:#?}", issues(&fake)) };
            assert!(is_closed(issue), "{at}: {issue:#?} {:#?}", world.tickets());
            assert_eq!((issue.said.len(), issue.assignee.as_deref()), (1, Some("bob")), "{at}");
            // Settings of the same project again keep what is known.
            set["open_limit"] = json!(1);
            assert_eq!(world.set(&set).status, 200);
            world.passes(601);
            assert_eq!(issues(&fake).len(), 1, "{at}");
        }
    }
}

#[test]
fn what_people_say_comes_back() {
    let dialect = *TRACKERS.iter().find(|dialect| dialect.kind() == "gitlab").unwrap();
    let fake = Fake::start(dialect);
    let world = World::with(people::now, &people::LATER, &setting(dialect, &fake.address));
    let costs = |world: &World| {
        let plan = world.server.open(&world.lea, &world.path("plan")).json();
        plan["plan"]["batches"][0]["points"].clone()
    };
    let before = costs(&world);
    // Points, who has it, and the sprint: seen by asking what changed.
    fake.state.lock().unwrap().alter("7", |issue| {
        issue.points = json!(13);
        issue.assignee = Some("bob".into());
        issue.sprint = Some("Week 50".into());
    });
    world.passes(301);
    let row = world.only();
    assert_eq!(row["points"], json!(13.0), "{row:#}");
    assert_eq!((&row["assignee"], &row["sprint"]), (&json!("bob"), &json!("Week 50")));
    world.passes(61);
    assert_ne!(costs(&world), before, "people's points price the change");
    let page = world.page();
    assert!(page.contains("assigned to bob") && page.contains("in Week 50"), "{page}");

    // It will not be done: an exception is asked for, once, and nobody approved it.
    let seconds = u64::try_from(people::LATER.load(Ordering::SeqCst)).unwrap();
    fake.state.lock().unwrap().ticks = seconds;
    fake.state.lock().unwrap().alter("7", |issue| {
        issue.state = "closed".into();
        issue.labels.push("trimtab:wont-do".into());
        issue.said.push((799, json!("The shop goes in March.")));
    });
    for _ in 0..3 {
        world.passes(301);
        world.round();
    }
    let row = world.only();
    assert_eq!(row["state"], "wont-do", "{row:#}");
    let decisions = world.server.open(&world.lea, "/api/v1/decisions?state=any").json();
    let decisions = decisions["rows"].as_array().unwrap();
    let findings = world.server.open(&world.lea, "/api/v1/findings").json();
    let findings = findings["rows"].as_array().unwrap().len();
    let answer = row["answer"].as_str().unwrap_or_else(|| panic!("{row:#}"));
    // What is medium needs no control by the charter, so that nothing is missing.
    assert_eq!(decisions.len(), findings, "once for each finding: {decisions:#?} {answer}");
    for decision in decisions {
        assert_eq!((&decision["kind"], &decision["state"]), (&json!("exception"), &json!("asked")));
        assert_eq!(decision["author"], json!(world.lea.id), "who set the tracker asks");
        assert!(decision["reason"].as_str().unwrap().contains("goes in March"), "{decision}");
    }
    assert!(answer.contains("Somebody else must answer it"), "{answer}");
    let said = issues(&fake)[0].said.clone();
    let is_told = |(_, text): &(u64, Value)| text.to_string().contains("must answer it");
    assert!(said.iter().any(is_told), "who closed it reads it there: {said:?}");
    assert!(is_closed(&issues(&fake)[0]), "what people closed stays closed");
}

#[test]
fn a_tracker_is_set_by_who_may_and_leads_nowhere_else() {
    let dialect = gitea_fake();
    let fake = Fake::start(dialect);
    let set = setting(dialect, &fake.address);
    let mut world = World::with(
        walls::now,
        &walls::LATER,
        &json!({ "software": "gitea",
        "address": format!("{}/api/v1", fake.address), "project": "o/r", "token": "t0k",
        "private": true, "open_limit": 1 }),
    );
    let asked = || fake.state.lock().unwrap().asked.len();
    let row = world.only();

    // Webhooks: proven before anything, and only then is the ticket looked at.
    let secret = world.secret.clone();
    let before = asked();
    assert_eq!(world.hook("another", 7, "o/r"), 401);
    assert_eq!(world.hook(&secret, 7, "o/other"), 422);
    let headers = [JSON];
    let unsigned = world.server.ask("POST", &world.webhook, &headers, b"{}");
    assert_eq!(unsigned.status, 401, "{unsigned:?}");
    let nobody = world.server.ask("POST", "/hooks/trackers/0000", &headers, b"{}");
    assert_eq!((nobody.status, &nobody.text), (401, &unsigned.text), "it is not told which");
    world.rest();
    assert_eq!(asked(), before, "nothing follows from what is not proven");
    fake.state.lock().unwrap().alter("7", |issue| issue.assignee = Some("bob".into()));
    assert_eq!(world.hook(&secret, 7, "o/r"), 204);
    world.rest();
    assert_eq!(world.only()["assignee"], "bob");
    let some = vec![b'x'; 3 << 20];
    let some = world.server.ask("POST", &world.webhook, &headers, &some).status;
    assert_eq!(some, 401, "it is read, and not signed");
    let large = vec![b'x'; (4 << 20) + 1];
    let large = world.server.ask("POST", &world.webhook, &headers, &large).status;
    assert!(matches!(large, 0 | 413), "{large}");

    // No more are open than the team chose; the others wait, and are told.
    world.has("desk", "2.24.0");
    world.runs("desk");
    world.passes(61);
    assert_eq!(issues(&fake).len(), 1);
    let page = world.page();
    assert!(page.contains("Scheduled, without a ticket yet"), "{page}");
    let room = json!({ "open_limit": 2 });
    let mut more = set.clone();
    more["open_limit"] = room["open_limit"].clone();
    assert_eq!(world.set(&more).status, 200);
    world.rest();
    assert_eq!(issues(&fake).len(), 2);

    // Secrets are never shown again; a token that was given for one place is sent to no other.
    let shown = world.server.open(&world.lea, &world.path("tracker")).text;
    let form = world.server.open(&world.lea, &format!("/teams/{}/tracker", world.team)).text;
    for text in [&shown, &form] {
        assert!(!text.contains("t0k") && !text.contains(&secret), "{text}");
    }
    let moved = json!({ "software": "gitea", "address": "https://elsewhere.example/api/v1",
        "project": "o/r" });
    let refused = world.set(&moved);
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("token"), "{refused:?}");
    for wrong in [
        json!([]),
        json!({ "software": "trac" }),
        json!({ "open_limit": -1 }),
        json!({ "software": "gitea", "address": "ftp://x", "project": "o/r", "token": "x" }),
        json!({ "software": "gitea", "address": "https://u:p@x.example", "project": "o/r" }),
    ] {
        assert_eq!(world.set(&wrong).status, 422, "{wrong}");
    }

    // Only an administrator lets it reach a private network; who may not look does not write either.
    let tom =
        world.server.someone(world.org, "Tom", &[(Role::Engineering, ScopeOf::Team(world.team))]);
    let ann = world.server.someone(world.org, "Ann", &[(Role::Auditor, ScopeOf::Organisation)]);
    let other = Fake::start(dialect);
    let mut theirs = setting(dialect, &other.address);
    let put = |who: &Someone, body: &Value| {
        let headers = [JSON, ("cookie", who.cookie.as_str())];
        world.server.ask("PUT", &world.path("tracker"), &headers, body.to_string().as_bytes())
    };
    assert_eq!(put(&ann, &theirs).status, 403);
    let refused = put(&tom, &theirs);
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("administrator"), "{refused:?}");
    theirs["private"] = json!(false);
    assert_eq!(put(&tom, &theirs).status, 200);
    world.rest();
    let headers = [("cookie", tom.cookie.as_str())];
    let tried = world.server.ask("POST", &world.path("tracker/try"), &headers, b"").json();
    assert_eq!(tried["works"], json!(false));
    assert!(tried["wrong"].as_str().unwrap().contains("private network"), "{tried}");
    assert!(other.state.lock().unwrap().asked.is_empty(), "nothing was sent there");
    let page = world.page();
    assert!(page.contains("The tracker cannot be used now"), "{page}");

    // Who sees another system of the team sees none of these.
    let app = world.server.app();
    let new = trimtab_store::System {
        name: "desk".into(),
        team: Some(world.team),
        ..trimtab_store::System::default()
    };
    let put = app.store.put_system(world.org, &new, "trimtab", (world.clock)());
    let system = world.server.runtime.block_on(put).unwrap();
    assert_eq!(world.set(&set).status, 200, "an administrator allows it");
    world.rest();
    let sue =
        world.server.someone(world.org, "Sue", &[(Role::Engineering, ScopeOf::System(system))]);
    let seen = world.server.open(&sue, &world.path("tickets"));
    assert_eq!((seen.status, seen.json()["rows"].as_array().unwrap().len()), (200, 0));
    let page = world.server.open(&sue, &format!("/teams/{}/tickets", world.team));
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("moment"), "{}", page.text);
    assert!(row["page"].is_string());

    // Forgotten, its tickets stay there.
    let ends =
        world.server.send(&world.lea, &format!("/teams/{}/tracker", world.team), &[("end", "yes")]);
    assert_eq!(ends.status, 303);
    assert!(world.page().contains("has no tracker"));
    assert_eq!(issues(&fake).len(), 2);

    // Set again for the same project, it goes on with those that are there.
    let before = issues(&fake);
    assert_eq!(world.set(&set).status, 200);
    world.rest();
    world.passes(61);
    assert_eq!(issues(&fake).len(), before.len(), "{:#?}", issues(&fake));
    let keys: Vec<Value> = world.tickets().iter().map(|row| row["key"].clone()).collect();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(Value::is_string), "{keys:?}");

    // What is fixed while it is forgotten is closed once it is set again, whoever has the room.
    let path = format!("/teams/{}/tracker", world.team);
    assert_eq!(world.server.send(&world.lea, &path, &[("end", "yes")]).status, 303);
    world.has("desk", "2.29.4");
    world.runs("desk");
    world.passes(61);
    let desk = || {
        let all = issues(&fake);
        all.iter().any(|issue| issue.title.ends_with(" in desk") && is_closed(issue))
    };
    assert!(!desk(), "nobody looks at it");
    let mut few = set.clone();
    few["open_limit"] = json!(1);
    assert_eq!(world.set(&few).status, 200);
    world.rest();
    world.passes(61);
    assert!(desk(), "{:#?}", issues(&fake));
    assert_eq!(issues(&fake).len(), before.len(), "{:#?}", issues(&fake));
    world.webhook.push('x');
}

#[test]
fn a_plan_that_is_made_anew_asks_for_no_round_of_others() {
    let (fake, other) = (Fake::start(gitea_fake()), Fake::start(gitea_fake()));
    let world = World::with(alone::now, &alone::LATER, &setting(gitea_fake(), &fake.address));
    let team = world.another("one");
    world.passes(61);
    world.set_of(team, &setting(gitea_fake(), &other.address));
    // Rounds that met come a little later.
    for _ in 0..3 {
        world.passes(61);
    }
    assert_eq!((issues(&fake).len(), issues(&other).len()), (1, 1));
    let asked = |fake: &Fake| fake.state.lock().unwrap().asked.len();
    let before = (asked(&fake), asked(&other));
    let fields = [("cadence", "every sprint"), ("capacity", "30")];
    assert_eq!(world.server.send(&world.lea, &format!("/teams/{team}/edit"), &fields).status, 303);
    world.rest();
    assert_eq!(asked(&fake), before.0, "nothing of this team changed");
    assert!(asked(&other) > before.1, "its own tracker is asked");
}

#[test]
fn slow_trackers_leave_a_worker_for_other_work() {
    let world = World::new(slow::now, &slow::LATER);
    // It takes what is sent, and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (said, came) = std::sync::mpsc::channel();
    let (over, ends) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let held = listener.accept().unwrap();
        said.send(()).unwrap();
        // A no to all when the test is over: then nobody waits for it any longer.
        let _ = ends.recv();
        drop(held);
        for stream in listener.incoming() {
            let no = b"HTTP/1.1 403 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let _ = std::io::Write::write_all(&mut stream.unwrap(), no);
        }
    });
    let cookie = [("cookie", world.lea.cookie.as_str())];
    let teams = ["one", "two"].map(|name| world.another(name));
    world.passes(61);
    for team in teams {
        world.set_of(team, &setting(gitea_fake(), &address));
    }
    came.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    // One waits for an answer, the other team's waits for its turn, and whoever uploads waits for neither.
    let path = "/api/v1/snapshots?asset=other&system=shop&wait=5";
    let pushed = world.server.ask("POST", path, &cookie, world::sbom("2.29.4").as_bytes());
    assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
    drop(over);
}

/// On a real Gitea: nobody tells of anything, and all of it is seen.
#[test]
fn a_round_trip_on_a_real_gitea() {
    let Some(gitea) = gitea() else { return };
    gitea.repository("followed");
    let set = json!({ "software": "gitea", "address": format!("{}/api/v1", gitea.address),
        "project": format!("{OWNER}/followed"), "token": gitea.token, "private": true });
    let mut world = World::with(real::now, &real::LATER, &set);
    let path = format!("repos/{OWNER}/followed/issues");
    let all = |path: &str| gitea.send("GET", path, &Value::Null).as_array().unwrap().clone();
    let [issue] = &all(&path)[..] else { panic!("{:#?}", world.tickets()) };
    assert_eq!(issue["title"], "Raise moment to 2.29.4 in shop");
    let number = issue["number"].as_u64().unwrap();
    let one = format!("{path}/{number}");
    assert!(issue["body"].as_str().unwrap().contains("Done when"), "{issue}");
    // People: who has it, and a word below.
    let body = format!("{}See the minutes.", issue["body"].as_str().unwrap());
    gitea.send("PATCH", &one, &json!({ "assignees": [OWNER], "body": body }));
    world.passes(301);
    assert_eq!(world.only()["assignee"], OWNER);
    world.restart();
    world.has("shop", "2.29.4");
    world.runs("shop");
    world.passes(61);
    let issue = gitea.send("GET", &one, &Value::Null);
    assert_eq!(issue["state"], "closed", "{:#?}", world.tickets());
    assert!(issue["body"].as_str().unwrap().contains("See the minutes."));
    assert_eq!(all(&format!("{one}/comments")).len(), 1);
    world.has("shop", "2.24.0");
    world.runs("shop");
    world.passes(61);
    assert_eq!(gitea.send("GET", &one, &Value::Null)["state"], "open", "{:#?}", world.tickets());
    assert_eq!(all(&format!("{path}?state=all")).len(), 1);
}

/// Looks at a page wide and narrow.
fn both(page: &Page, axe: &str, name: &str) {
    for (width, height) in [(360, 740), (1440, 900)] {
        page.size(width, height);
        look(page, axe, &format!("{name}-{width}"));
    }
}

/// A person sets the tracker in a browser, and follows a ticket there and back.
#[test]
fn a_tracker_round_trip_in_a_browser() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let dialect = gitea_fake();
    let fake = Fake::start(dialect);
    let world = World::new(browsed::now, &browsed::LATER);
    world.has("desk", "2.24.0");
    world.runs("desk");
    world.passes(61);
    let page = page_of(&browser, &world.server, &world.lea);
    let here = format!("{}/teams/{}", world.server.base, world.team);
    page.open(&format!("{here}/tickets"));
    assert!(page.text("h1").contains("has no tracker"), "{}", page.text("h1"));
    both(&page, &axe, "tickets-none");
    page.open(&format!("{here}/tracker"));
    page.fill("#f-address", &format!("{}/api/v1", fake.address));
    page.fill("#f-project", "o/r");
    page.fill("#f-token", "t0k");
    page.fill("#f-open_limit", "1");
    page.run("document.querySelector('#f-private').value = 'yes'");
    both(&page, &axe, "tracker");
    page.click("main form button[type=submit]");
    let told = page.text("main");
    assert!(told.contains("Saved, and it works"), "{told}");
    assert!(told.contains("/hooks/trackers/") && told.contains("trimtab-bot"), "{told}");
    both(&page, &axe, "tracker-kept");
    world.rest();
    fake.state.lock().unwrap().alter("7", |issue| issue.assignee = Some("bob".into()));
    world.passes(301);
    page.open(&format!("{here}/tickets"));
    let told = page.text("main");
    for words in ["Raise moment to", "assigned to bob", "Scheduled, without a ticket yet", "o/r"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(page.has("a[href='https://git.example/o/r/issues/7']"));
    both(&page, &axe, "tickets");
    page.open(&format!("{here}/plan"));
    assert!(page.has("a[href='https://git.example/o/r/issues/7']"), "{}", page.text("main"));
    both(&page, &axe, "plan-with-tickets");
}
