//! A team's tickets from planned to deployed and back: on a fake of every tracker and on a real Gitea, with answers that get
//! lost, webhooks that do not come, servers that end in between, and what people do there.

use std::sync::atomic::{AtomicI64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_server::access::Key;
use trimtab_store::{JobState, NewJob, Org, Priority, ScopeOf};
use trimtab_testkit::browser::{Browser, Page, rules};
use trimtab_testkit::git_host::{Dialect, Fake, Fault, Issue, TRACKERS};
use trimtab_testkit::gitea::{OWNER, gitea};

use crate::bulk::page_of;
use crate::harness::{Answer, JSON, Server, Someone};
use crate::triage::look;

/// A clock that a test moves on: from the day of the fakes, or from now.
macro_rules! clock {
    ($name:ident, $from:expr) => {
        mod $name {
            use super::*;
            pub(super) static LATER: AtomicI64 = AtomicI64::new(0);
            pub(super) fn now() -> Timestamp {
                let from: Timestamp = $from;
                from + SignedDuration::from_secs(LATER.load(Ordering::SeqCst))
            }
        }
    };
}

clock!(life, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(faults, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(people, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(walls, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(browsed, "2026-11-28T10:00:00Z".parse().unwrap());
clock!(real, Timestamp::now());

struct World {
    server: Server,
    store: String,
    org: Org,
    team: i64,
    /// May everything.
    lea: Someone,
    clock: fn() -> Timestamp,
    later: &'static AtomicI64,
    key: tempfile::TempDir,
    secret: String,
    webhook: String,
}

fn sbom(version: &str) -> String {
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": version,
            "purl": format!("pkg:npm/moment@{version}") }] })
    .to_string()
}

fn access(folder: &tempfile::TempDir) -> Access {
    let key = Some(Key::of_file(&folder.path().join("key")).unwrap());
    Access { key, ..Access::default() }
}

impl World {
    /// A team with something planned, and no tracker.
    fn new(clock: fn() -> Timestamp, later: &'static AtomicI64) -> World {
        let key = tempfile::tempdir().unwrap();
        let store = key.path().join("store.sqlite").to_str().unwrap().to_owned();
        let server = Server::keyed(store.clone(), clock, access(&key));
        let app = server.app();
        server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
        let org = server.org();
        let (_, team) = server.system(org, "shop");
        let roles: Vec<_> = Role::ALL.iter().map(|r| (*r, ScopeOf::Organisation)).collect();
        let lea = server.someone(org, "Lea", &roles);
        let (secret, webhook) = (String::new(), String::new());
        let world = World { server, store, org, team, lea, clock, later, key, secret, webhook };
        world.has("shop", "2.24.0");
        world.runs("shop");
        let edit = format!("/teams/{team}/edit");
        let fields = [("cadence", "every sprint"), ("capacity", "40")];
        assert_eq!(world.server.send(&world.lea, &edit, &fields).status, 303);
        world.rest();
        world
    }

    fn with(clock: fn() -> Timestamp, later: &'static AtomicI64, set: &Value) -> World {
        let mut world = World::new(clock, later);
        let answer = world.set(set);
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = answer.json();
        world.secret = told["secret"].as_str().unwrap().to_owned();
        world.webhook = told["webhook"].as_str().unwrap().replace("http://127.0.0.1", "");
        world.rest();
        world
    }

    fn path(&self, what: &str) -> String {
        format!("/api/v1/teams/{}/{what}", self.team)
    }

    fn set(&self, body: &Value) -> Answer {
        let headers = [JSON, ("cookie", self.lea.cookie.as_str())];
        self.server.ask("PUT", &self.path("tracker"), &headers, body.to_string().as_bytes())
    }

    /// What an asset has on its main line.
    fn has(&self, asset: &str, version: &str) {
        let path = format!("/api/v1/snapshots?asset={asset}&system=shop&wait=60");
        let cookie = [("cookie", self.lea.cookie.as_str())];
        let pushed = self.server.ask("POST", &path, &cookie, sbom(version).as_bytes());
        assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
    }

    /// What it has on its main line runs in production.
    fn runs(&self, asset: &str) {
        let headers = [JSON, ("cookie", self.lea.cookie.as_str())];
        let body = json!({ "asset": asset, "environment": "production" }).to_string();
        let told = self.server.ask("POST", "/api/v1/deployments", &headers, body.as_bytes());
        assert!(matches!(told.status, 200 | 201), "{told:?}");
    }

    /// Waits until nothing runs, and nothing waits that is due by the server's clock.
    fn rest(&self) {
        let app = self.server.app();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < 240 {
            let busy = self.server.runtime.block_on(async {
                let mut waiting = app.store.jobs(self.org, JobState::Waiting, 200).await.unwrap();
                waiting.retain(|job| job.run_at <= (self.clock)());
                let running = app.store.jobs(self.org, JobState::Running, 10).await.unwrap();
                waiting.len() + running.len()
            });
            if busy == 0 {
                return;
            }
            std::thread::yield_now();
        }
        panic!("jobs do not end");
    }

    /// Time passes, and what is due then is done: plans after a minute, polls after five.
    fn passes(&self, seconds: i64) {
        // A round that met another one comes a little later.
        for seconds in [seconds, 11] {
            self.later.fetch_add(seconds, Ordering::SeqCst);
            self.rest();
        }
    }

    /// A round now.
    fn round(&self) {
        let now = (self.clock)();
        let job = NewJob {
            org: self.org,
            kind: "track".to_owned(),
            name: format!("team-{}", self.team),
            payload: json!({ "team": self.team }),
            priority: Priority::Scheduled,
            run_at: now,
        };
        let app = self.server.app();
        self.server.runtime.block_on(app.store.add_job(&job, now)).unwrap();
        self.rest();
    }

    /// The server ends, and another begins with what it left.
    fn restart(&mut self) {
        let server = Server::keyed(self.store.clone(), self.clock, access(&self.key));
        drop(std::mem::replace(&mut self.server, server));
    }

    fn tickets(&self) -> Vec<Value> {
        let told = self.server.open(&self.lea, &self.path("tickets")).json();
        told["rows"].as_array().unwrap().clone()
    }

    fn only(&self) -> Value {
        let mut all = self.tickets();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    fn page(&self) -> String {
        let page = self.server.open(&self.lea, &format!("/teams/{}/tickets", self.team));
        assert_eq!(page.status, 200, "{}", page.text);
        page.text
    }

    /// The tracker's webhook about a ticket, in Gitea's way.
    fn hook(&self, secret: &str, number: u64, project: &str) -> u16 {
        let body = json!({ "action": "edited", "issue": { "number": number },
            "repository": { "full_name": project } });
        let body = body.to_string();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let sign: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        let headers = [JSON, ("x-gitea-signature", sign.as_str())];
        self.server.ask("POST", &self.webhook, &headers, body.as_bytes()).status
    }
}

fn setting(dialect: &dyn Dialect, address: &str) -> Value {
    let jira = dialect.kind().starts_with("jira");
    let own = |field: &str| if jira { field.to_owned() } else { String::new() };
    json!({ "software": dialect.kind(), "address": format!("{address}{}", dialect.api()),
        "project": dialect.path(), "token": dialect.token().1, "private": true,
        "points": own("customfield_10016"), "sprint": own("customfield_10020"),
        "components": { "*": "deps" }, "open_limit": 3 })
}

fn issues(fake: &Fake) -> Vec<Issue> {
    fake.state.lock().unwrap().issues.clone()
}

fn text(issue: &Issue) -> String {
    issue.body.to_string()
}

/// Whether a ticket is closed, in any tracker's words.
fn is_closed(issue: &Issue) -> bool {
    matches!(issue.state.to_lowercase().as_str(), "closed" | "done" | "completed" | "resolved")
}

fn gitea_fake() -> &'static dyn Dialect {
    *TRACKERS.iter().find(|dialect| dialect.kind() == "gitea").unwrap()
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
        for words in ["What it means", "What to change", "Done when", "Owner", "How likely"] {
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
        assert!(issue.said[0].1.to_string().contains("waits to be deployed"), "{word}");

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
        assert!(issue.said[0].1.to_string().contains("came back"), "{word}");
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
    assert!(page.contains("bob has it") && page.contains("in Week 50"), "{page}");

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
    if decisions.is_empty() {
        // The charter may want more than a ticket says; then it is told what.
        assert!(answer.contains("Ask for it by hand"), "{answer}");
    } else {
        assert_eq!(decisions.len(), findings, "once for each finding: {decisions:#?}");
        assert!(decisions.iter().all(|d| d["state"] == "asked"), "{decisions:#?}");
        assert!(decisions[0]["reason"].as_str().unwrap().contains("goes in March"));
        assert!(answer.contains("Somebody else answers it"), "{answer}");
    }
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
    world.webhook.push('x');
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
    assert!(told.contains("It is kept, and it works"), "{told}");
    assert!(told.contains("/hooks/trackers/") && told.contains("trimtab-bot"), "{told}");
    both(&page, &axe, "tracker-kept");
    world.rest();
    fake.state.lock().unwrap().alter("7", |issue| issue.assignee = Some("bob".into()));
    world.passes(301);
    page.open(&format!("{here}/tickets"));
    let told = page.text("main");
    for words in ["Raise moment to", "bob has it", "Scheduled, without a ticket yet", "o/r"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(page.has("a[href='https://git.example/o/r/issues/7']"));
    both(&page, &axe, "tickets");
    page.open(&format!("{here}/plan"));
    assert!(page.has("a[href='https://git.example/o/r/issues/7']"), "{}", page.text("main"));
    both(&page, &axe, "plan-with-tickets");
}
