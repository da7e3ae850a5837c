//! A team with something planned, a tracker to be set, and a clock that a test moves on.

use std::sync::atomic::{AtomicI64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_server::access::Key;
use trimtab_store::{NewJob, Org, Priority, ScopeOf};
use trimtab_testkit::git_host::{Dialect, Fake, Issue, TRACKERS};

use crate::harness::{Answer, JSON, Server, Someone};

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

pub(super) use clock;

pub(super) struct World {
    pub(super) server: Server,
    pub(super) store: String,
    pub(super) org: Org,
    pub(super) team: i64,
    /// May everything.
    pub(super) lea: Someone,
    pub(super) clock: fn() -> Timestamp,
    pub(super) later: &'static AtomicI64,
    pub(super) key: tempfile::TempDir,
    pub(super) secret: String,
    pub(super) webhook: String,
}

pub(super) fn sbom(version: &str) -> String {
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
    pub(super) fn new(clock: fn() -> Timestamp, later: &'static AtomicI64) -> World {
        World::on(None, clock, later)
    }

    /// The same on a store that is there.
    pub(super) fn on(
        store: Option<String>,
        clock: fn() -> Timestamp,
        later: &'static AtomicI64,
    ) -> World {
        let key = tempfile::tempdir().unwrap();
        let own = key.path().join("store.sqlite").to_str().unwrap().to_owned();
        let store = store.unwrap_or(own);
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

    pub(super) fn with(clock: fn() -> Timestamp, later: &'static AtomicI64, set: &Value) -> World {
        let mut world = World::new(clock, later);
        world.sets(set);
        world
    }

    /// Sets the tracker, and keeps what it said of its webhooks.
    pub(super) fn sets(&mut self, set: &Value) {
        let answer = self.set(set);
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = answer.json();
        self.secret = told["secret"].as_str().unwrap().to_owned();
        self.webhook = told["webhook"].as_str().unwrap().replace("http://127.0.0.1", "");
        self.rest();
    }

    pub(super) fn path(&self, what: &str) -> String {
        format!("/api/v1/teams/{}/{what}", self.team)
    }

    pub(super) fn set(&self, body: &Value) -> Answer {
        let headers = [JSON, ("cookie", self.lea.cookie.as_str())];
        self.server.ask("PUT", &self.path("tracker"), &headers, body.to_string().as_bytes())
    }

    /// Another team with something to be planned: its system and its asset have its name.
    pub(super) fn another(&self, name: &str) -> i64 {
        let (_, team) = self.server.system(self.org, name);
        let fields = [("cadence", "every sprint"), ("capacity", "40")];
        assert_eq!(
            self.server.send(&self.lea, &format!("/teams/{team}/edit"), &fields).status,
            303
        );
        let path = format!("/api/v1/snapshots?asset={name}&system={name}&wait=60");
        let cookie = [("cookie", self.lea.cookie.as_str())];
        let pushed = self.server.ask("POST", &path, &cookie, sbom("2.24.0").as_bytes());
        assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
        self.runs(name);
        team
    }

    /// Sets the tracker of a team.
    pub(super) fn set_of(&self, team: i64, body: &Value) {
        let headers = [JSON, ("cookie", self.lea.cookie.as_str())];
        let path = format!("/api/v1/teams/{team}/tracker");
        let set = self.server.ask("PUT", &path, &headers, body.to_string().as_bytes());
        assert_eq!(set.status, 200, "{set:?}");
    }

    /// What an asset has on its main line.
    pub(super) fn has(&self, asset: &str, version: &str) {
        let path = format!("/api/v1/snapshots?asset={asset}&system=shop&wait=60");
        let cookie = [("cookie", self.lea.cookie.as_str())];
        let pushed = self.server.ask("POST", &path, &cookie, sbom(version).as_bytes());
        assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
    }

    /// What it has on its main line runs in production.
    pub(super) fn runs(&self, asset: &str) {
        let headers = [JSON, ("cookie", self.lea.cookie.as_str())];
        let body = json!({ "asset": asset, "environment": "production" }).to_string();
        let told = self.server.ask("POST", "/api/v1/deployments", &headers, body.as_bytes());
        assert!(matches!(told.status, 200 | 201), "{told:?}");
    }

    /// Waits until nothing runs, and nothing waits that is due by the server's clock.
    pub(super) fn rest(&self) {
        self.server.rest(self.org, self.clock);
    }

    /// Time passes, and what is due then is done: plans after a minute, polls after five.
    pub(super) fn passes(&self, seconds: i64) {
        // What follows from what was just sent is asked for at the time of now.
        self.rest();
        self.goes_on(seconds);
    }

    /// The same where a server was killed: what it held rests no earlier than time passes.
    pub(super) fn goes_on(&self, seconds: i64) {
        // A round that met another one comes a little later.
        for seconds in [seconds, 11] {
            self.later.fetch_add(seconds, Ordering::SeqCst);
            self.rest();
        }
    }

    /// A round now.
    pub(super) fn round(&self) {
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

    /// The server is no more, and another begins with what was written up to a moment.
    pub(super) fn begins_with(&mut self, backup: &std::path::Path) {
        let place = backup.with_extension("sqlite").to_str().unwrap().to_owned();
        self.server.runtime.block_on(async {
            let store = trimtab_store::Store::open(&place, (self.clock)()).await.unwrap();
            store.restore(backup).await.unwrap();
        });
        self.store = place;
        self.restart();
    }

    /// The server ends, and another begins with what it left.
    pub(super) fn restart(&mut self) {
        let server = Server::keyed(self.store.clone(), self.clock, access(&self.key));
        drop(std::mem::replace(&mut self.server, server));
    }

    pub(super) fn tickets(&self) -> Vec<Value> {
        let told = self.server.open(&self.lea, &self.path("tickets")).json();
        told["rows"].as_array().unwrap().clone()
    }

    pub(super) fn only(&self) -> Value {
        let mut all = self.tickets();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    pub(super) fn page(&self) -> String {
        let page = self.server.open(&self.lea, &format!("/teams/{}/tickets", self.team));
        assert_eq!(page.status, 200, "{}", page.text);
        page.text
    }

    /// The tracker's webhook about a ticket, in Gitea's way.
    pub(super) fn hook(&self, secret: &str, number: u64, project: &str) -> u16 {
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

pub(super) fn setting(dialect: &dyn Dialect, address: &str) -> Value {
    let jira = dialect.kind().starts_with("jira");
    let own = |field: &str| if jira { field.to_owned() } else { String::new() };
    json!({ "software": dialect.kind(), "address": format!("{address}{}", dialect.api()),
        "project": dialect.path(), "token": dialect.token().1, "private": true,
        "points": own("customfield_10016"), "sprint": own("customfield_10020"),
        "components": { "*": "deps" }, "open_limit": 3 })
}

pub(super) fn issues(fake: &Fake) -> Vec<Issue> {
    fake.state.lock().unwrap().issues.clone()
}

pub(super) fn text(issue: &Issue) -> String {
    issue.body.to_string()
}

/// Whether a ticket is closed, in any tracker's words.
pub(super) fn is_closed(issue: &Issue) -> bool {
    matches!(issue.state.to_lowercase().as_str(), "closed" | "done" | "completed" | "resolved")
}

pub(super) fn gitea_fake() -> &'static dyn Dialect {
    *TRACKERS.iter().find(|dialect| dialect.kind() == "gitea").unwrap()
}
