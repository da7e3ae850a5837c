//! Six teams through their year: what they build, deploy, ask, decide and say, in the order of time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::{Grant, JobState, NewPerson, Org, ScopeOf, Session};

use super::advisories::{World, world};
use super::{later, now, passes};
use crate::harness::{Answer, JSON, Server, Someone, digest};

const TEAMS: [&str; 6] = ["booking", "fleet", "harbour", "pay", "signal", "web"];
/// Teams that meet every two weeks, none of which ever gives a system away.
const MEETING: [usize; 3] = [0, 1, 2];
/// Roles of somebody who may do everything.
const ALL: [Role; 8] = [
    Role::Security,
    Role::Engineering,
    Role::Product,
    Role::Operations,
    Role::Leadership,
    Role::Auditor,
    Role::Admin,
    Role::Engineering,
];

/// What happens next.
#[derive(Debug, Clone)]
enum Act {
    /// An index comes with what was published up to then.
    Publish,
    /// The same without a record that is taken back.
    TakeBack,
    /// An asset is built; with `true`, from what it was before.
    Build(usize, bool),
    Deploy {
        asset: usize,
        revision: String,
        tries: u64,
    },
    RollBack {
        asset: usize,
        revision: String,
    },
    Ask,
    Answer(i64, bool),
    Review(usize),
    Close(i64),
    Follow(i64, i64, usize),
    Goal(usize),
    Pulse,
    Incident(usize),
    Hand,
    Charter,
    Day,
}

struct Asset {
    name: String,
    system: usize,
    /// Of each package that it has, the version.
    has: BTreeMap<usize, usize>,
    /// Its revision, and the one before.
    builds: usize,
    before: Option<BTreeMap<usize, usize>>,
    is_told: bool,
}

/// An organisation and what it will do.
pub(super) struct Year {
    pub(super) server: Server,
    pub(super) org: Org,
    /// May do everything.
    pub(super) lea: Someone,
    /// Security, who answers.
    sia: Someone,
    people: Vec<Someone>,
    teams: Vec<i64>,
    world: World,
    folder: tempfile::TempDir,
    assets: Vec<Asset>,
    queue: BTreeMap<(Timestamp, u64), Act>,
    number: u64,
    chance: u64,
    begins: Timestamp,
    ends: Timestamp,
    incident: Option<i64>,
    /// What everybody answered, by month.
    answers: BTreeMap<String, Vec<[u64; 3]>>,
    /// The record that was taken back: it stays so.
    back: Option<String>,
}

/// Somebody whose session lasts the year.
fn person(server: &Server, org: Org, name: &str, grants: &[(Role, ScopeOf)]) -> Someone {
    let app = server.app();
    let at = now();
    let grants: Vec<Grant> =
        grants.iter().map(|(role, scope)| Grant { role: *role, scope: *scope }).collect();
    let email = format!("{name}@ferries.example");
    let new = NewPerson { email, name: name.to_owned(), subject: None };
    let (secret, csrf) = (format!("secret-of-{name}"), format!("csrf-of-{name}"));
    let id = server.runtime.block_on(async {
        let id = app.store.add_person(org, &new, &grants, "trimtab", at).await.unwrap();
        let expires = at + SignedDuration::from_hours(24 * 700);
        let session = Session { org, person: id, csrf: csrf.clone(), expires };
        app.store.add_session(&digest(&secret), &session, at).await.unwrap();
        id
    });
    later(1);
    Someone { id, cookie: format!("trimtab={secret}"), csrf }
}

impl Year {
    /// The organisation when the year begins.
    pub(super) fn new(begins: Timestamp, ends: Timestamp) -> Year {
        passes(begins);
        let folder = tempfile::tempdir().unwrap();
        let world = world(begins, ends);
        let index = world.put(folder.path(), begins, None);
        let store = folder.path().join("store.sqlite").to_str().unwrap().to_owned();
        let server = Server::timed(store, index, now);
        let app = server.app();
        server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
        let org = server.org();
        let every = |scope: ScopeOf| ALL.map(|role| (role, scope));
        let lea = person(&server, org, "Lea", &every(ScopeOf::Organisation)[..7]);
        let sia = person(&server, org, "Sia", &[(Role::Security, ScopeOf::Organisation)]);
        let mut year = Year {
            server,
            org,
            lea,
            sia,
            people: Vec::new(),
            teams: Vec::new(),
            world,
            folder,
            assets: Vec::new(),
            queue: BTreeMap::new(),
            number: 0,
            chance: 0x5eed,
            begins,
            ends,
            incident: None,
            answers: BTreeMap::new(),
            back: None,
        };
        year.describe();
        year.plan();
        year
    }

    /// A number below another one: the same each time.
    fn below(&mut self, most: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.chance >> 33) % most
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn at(&mut self, days: i64, hours: i64, act: Act) {
        let at = self.begins + SignedDuration::from_hours(24 * days + hours);
        self.put(at, act);
    }

    fn after(&mut self, days: i64, hours: i64, act: Act) {
        let at = now() + SignedDuration::from_hours(24 * days + hours);
        self.put(at, act);
    }

    fn put(&mut self, at: Timestamp, act: Act) {
        self.number += 1;
        self.queue.insert((at, self.number), act);
    }

    /// Sends JSON as somebody; whatever comes is an answer that was expected.
    fn send(&self, who: &Someone, method: &str, path: &str, body: &Value) -> Answer {
        later(1);
        let headers = [JSON, ("cookie", who.cookie.as_str())];
        let answer = self.server.ask(method, path, &headers, body.to_string().as_bytes());
        assert!((200..300).contains(&answer.status), "{method} {path} {body}: {answer:?}");
        answer
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.send(&self.lea, "POST", path, body).json()
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.server.open(&self.lea, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// Waits until nothing is to be done by the server's clock.
    fn rest(&self) {
        let app = self.server.app();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < 120 {
            app.wake();
            let busy = self.server.runtime.block_on(async {
                let mut waiting = app.store.jobs(self.org, JobState::Waiting, 200).await.unwrap();
                waiting.retain(|job| job.run_at <= now());
                waiting.len() + app.store.jobs(self.org, JobState::Running, 9).await.unwrap().len()
            });
            if busy == 0 {
                return;
            }
            std::thread::yield_now();
        }
        panic!("jobs do not end");
    }

    /// What was done is followed: plans are made a minute later.
    fn follows(&self) {
        self.rest();
        later(61);
        self.rest();
    }

    fn describe(&mut self) {
        let rhythms = ["every sprint", "quarterly clean-up"];
        for (at, name) in TEAMS.iter().enumerate() {
            let rhythm = rhythms[usize::from(at == 4)];
            let team = json!({ "name": name, "cadence": rhythm, "capacity": 40.0 });
            let made = self.send(&self.lea, "PUT", "/api/v1/teams", &team).json();
            let id = made["id"].as_i64().unwrap();
            self.teams.push(id);
            let scope = ScopeOf::Team(id);
            let lead = person(
                &self.server,
                self.org,
                name,
                &[(Role::Engineering, scope), (Role::Product, scope)],
            );
            self.people.push(lead);
        }
        for at in 0..12usize {
            let tier = ["vital", "standard", "supporting"][at % 3];
            let exposure = ["internet", "internal", "isolated"][at / 2 % 3];
            let data = ["personal", "payment", "public"][at / 3 % 3];
            let team = TEAMS[at % 6];
            let system = json!({ "name": format!("system-{at}"), "team": team, "tier": tier,
                "exposure": exposure, "data": [data], "environments": ["production"] });
            self.send(&self.lea, "PUT", "/api/v1/systems", &system);
        }
        let packages = self.world.packages.len() as u64;
        for at in 0..30usize {
            let mut has = BTreeMap::new();
            for _ in 0..5 + self.below(5) {
                let package = usize::try_from(self.below(packages)).unwrap();
                let first = self.world.packages[package].first;
                // Some are behind already when it begins.
                let behind = usize::from(self.happens(25));
                has.insert(package, first.saturating_sub(behind));
            }
            self.assets.push(Asset {
                name: format!("asset-{at}"),
                system: at % 12,
                has,
                builds: 0,
                before: None,
                is_told: at % 5 != 4,
            });
        }
        self.rest();
    }

    /// What is known to come.
    fn plan(&mut self) {
        let days: BTreeSet<Timestamp> = self
            .world
            .records
            .iter()
            .filter(|one| one.at > self.begins)
            // The whole of a day at its end.
            .map(|one| {
                let day = one.at.as_second().div_euclid(86_400);
                Timestamp::from_second((day + 1) * 86_400 - 3_600).unwrap()
            })
            .collect();
        for at in days {
            self.put(at, Act::Publish);
        }
        for asset in 0..self.assets.len() {
            let first = i64::try_from(asset % 5).unwrap();
            self.at(first, 3, Act::Build(asset, false));
            let rhythm = 14 + 7 * i64::try_from(self.assets[asset].system % 6).unwrap() / 2;
            for round in 1..=super::DAYS / rhythm {
                self.at(first + round * rhythm, 4, Act::Build(asset, false));
            }
        }
        for (day, asset) in [(120, 3), (170, 8), (215, 13), (300, 21), (345, 0)] {
            self.at(day, 9, Act::Build(asset, true));
        }
        for number in 0..14 {
            self.at(12 + 25 * number, 7, Act::Ask);
        }
        for team in MEETING {
            for week in (1..52).step_by(2) {
                self.at(7 * week, 2 + i64::try_from(team).unwrap(), Act::Review(team));
            }
        }
        for (number, day) in [(0, 40), (1, 130), (2, 290), (3, 310)] {
            self.at(day, 5, Act::Goal(number));
        }
        for month in 0..12 {
            self.at(20 + 30 * month, 8, Act::Pulse);
        }
        for (step, hours) in [0, 2, 30, 50, 24 * 12, 24 * 16].into_iter().enumerate() {
            self.at(250, hours, Act::Incident(step));
        }
        self.at(100, 10, Act::Charter);
        self.at(190, 10, Act::TakeBack);
        self.at(260, 10, Act::Hand);
        for day in 0..=super::DAYS {
            self.at(day, 0, Act::Day);
        }
    }

    /// The year passes.
    pub(super) fn pass(&mut self) {
        while let Some(((at, _), act)) = self.queue.pop_first() {
            if at >= self.ends {
                continue;
            }
            passes(at);
            self.rest();
            self.act(act);
        }
        passes(self.ends);
        self.follows();
        // The load is kept once for an hour.
        later(3_700);
        self.follows();
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Day => return,
            Act::Publish => self.publish(),
            Act::TakeBack => self.take_back(),
            Act::Build(asset, back) => self.build(asset, back),
            Act::Deploy { asset, revision, tries } => self.deploy(asset, &revision, tries),
            Act::RollBack { asset, revision } => {
                let body = json!({ "asset": self.assets[asset].name, "revision": revision,
                    "environment": "production", "outcome": "rolled-back" });
                self.post("/api/v1/deployments", &body);
            }
            Act::Ask => self.ask(),
            Act::Answer(decision, yes) => {
                let state = if yes { "approved" } else { "refused" };
                let body = json!({ "state": state, "role": "security" });
                let path = format!("/api/v1/decisions/{decision}/answer");
                self.send(&self.sia, "POST", &path, &body);
            }
            Act::Review(team) => self.review(team),
            Act::Close(review) => {
                let body = json!({ "do": "close", "note": "The quay is closed." });
                self.post(&format!("/api/v1/reviews/{review}"), &body);
            }
            Act::Follow(review, decision, how) => {
                let state = ["done", "done", "dropped"][how % 3];
                let body = json!({ "decision": decision, "state": state, "word": "" });
                self.post(&format!("/api/v1/reviews/{review}/followed"), &body);
            }
            Act::Goal(number) => self.goal(number),
            Act::Pulse => self.pulse(),
            Act::Incident(step) => self.respond(step),
            Act::Hand => {
                let team = TEAMS[5];
                let system = json!({ "name": "system-3", "team": team, "tier": "vital",
                    "exposure": "internal", "data": ["payment"], "environments": ["production"] });
                self.send(&self.lea, "PUT", "/api/v1/systems", &system);
            }
            Act::Charter => self.charter(),
        }
        self.follows();
    }

    fn publish(&mut self) {
        self.world.put(self.folder.path(), now(), self.back.as_deref());
        let app = self.server.app();
        self.server.runtime.block_on(app.notice_index()).unwrap();
    }

    /// A record of something that is there turns out to be none.
    fn take_back(&mut self) {
        let rows = self.get("/api/v1/findings?limit=500")["rows"].clone();
        let names: BTreeSet<&str> = rows
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|row| row["vulnerability"].as_str())
            .collect();
        self.back = self.world.called(&names).map(ToOwned::to_owned);
        assert!(self.back.is_some(), "{names:?}");
        self.publish();
    }

    /// A team raises what it knows to be affected, each in its own way.
    fn build(&mut self, at: usize, back: bool) {
        let name = self.assets[at].name.clone();
        let mut has = self.assets[at].has.clone();
        if back {
            // Somebody builds from an old branch.
            let Some(before) = self.assets[at].before.clone() else { return };
            has = before;
        } else if self.assets[at].builds > 0 {
            let diligence = 55 + 8 * (at as u64 % 6);
            let path = "/api/v1/findings?limit=500&asset=";
            let id = self.asset_id(&name);
            let rows = self.get(&format!("{path}{id}"))["rows"].clone();
            let affected: BTreeSet<&str> = rows
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|row| row["package"].as_str()?.strip_prefix("pkg:cargo/"))
                .collect();
            for (package, version) in self.assets[at].has.clone() {
                let is = &self.world.packages[package];
                let most = is.versions.len() - 1;
                if affected.contains(is.name.as_str()) && version < most && self.happens(diligence)
                {
                    has.insert(package, version + 1);
                }
            }
        }
        if self.assets[at].builds > 0 && has == self.assets[at].has {
            return;
        }
        let asset = &mut self.assets[at];
        asset.builds += 1;
        asset.before = Some(std::mem::replace(&mut asset.has, has));
        let (system, revision) = (asset.system, format!("{name}-{}", asset.builds));
        let is_told = asset.is_told;
        if asset.builds > 1 && asset.builds.is_multiple_of(3) && !back {
            self.request(at);
        }
        let components: Vec<Value> = self.assets[at]
            .has
            .iter()
            .map(|(package, version)| {
                let is = &self.world.packages[*package];
                let version = &is.versions[*version];
                json!({ "type": "library", "name": is.name, "version": version,
                    "purl": format!("pkg:cargo/{}@{version}", is.name) })
            })
            .collect();
        let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": components });
        let path = format!(
            "/api/v1/snapshots?asset={name}&system=system-{system}&revision={revision}&wait=60"
        );
        self.send(&self.lea, "POST", &path, &document);
        if is_told {
            let hours = 5 + i64::try_from(self.below(90)).unwrap();
            self.after(0, hours, Act::Deploy { asset: at, revision, tries: 0 });
        }
    }

    fn asset_id(&self, name: &str) -> i64 {
        let app = self.server.app();
        let found = app.store.assets(self.org, None, None, "", 100);
        let found = self.server.runtime.block_on(found).unwrap();
        found.iter().find(|asset| asset.name == name).unwrap().id
    }

    /// A request was opened before.
    fn request(&mut self, at: usize) {
        let asset = &self.assets[at];
        let mut is = crate::updates::evidence("1.0.0", "1.0.1", "RUSTSEC-2026-0001");
        let now_or_later = if at.is_multiple_of(4) { "now" } else { "sprint" };
        is["batch"] = json!(format!("{now_or_later}-{}-{}", at, asset.builds));
        is["now"] = json!(now().to_string());
        is["target"] = json!(asset.name);
        self.post(&format!("/api/v1/updates?asset={}", asset.name), &is);
    }

    fn deploy(&mut self, at: usize, revision: &str, tries: u64) {
        let newest = format!("{}-{}", self.assets[at].name, self.assets[at].builds);
        if revision != newest {
            return;
        }
        let fails = tries == 0 && self.happens(8);
        let outcome = if fails { "failed" } else { "ok" };
        let body = json!({ "asset": self.assets[at].name, "environment": "production",
            "revision": revision, "outcome": outcome });
        self.post("/api/v1/deployments", &body);
        let again = Act::Deploy { asset: at, revision: revision.to_owned(), tries: tries + 1 };
        if fails {
            self.after(1, 2, again);
        } else if self.assets[at].builds > 1 && tries == 0 && self.happens(6) {
            let before = format!("{}-{}", self.assets[at].name, self.assets[at].builds - 1);
            self.after(0, 9, Act::RollBack { asset: at, revision: before });
            self.after(2, 1, again);
        }
    }

    fn ask(&mut self) {
        let rows = self.get("/api/v1/findings?counts=true&limit=500")["rows"].clone();
        let rows = rows.as_array().unwrap();
        if rows.is_empty() {
            return;
        }
        let one = usize::try_from(self.below(rows.len() as u64)).unwrap();
        let days = match rows[one]["level"].as_str() {
            Some("critical") => 6,
            Some("high") => 20,
            _ => 60,
        };
        let wanted = json!({ "finding": rows[one]["id"], "kind": "exception",
            "reason": "The season begins this week.", "role": "engineering", "days": days,
            "control": "The gateway refuses requests of this shape." });
        let asked = self.post("/api/v1/decisions", &wanted);
        let yes = self.happens(75);
        // The last is left to be answered.
        self.after(2, 3, Act::Answer(asked["id"].as_i64().unwrap(), yes));
    }

    fn review(&mut self, team: usize) {
        let made = self.post("/api/v1/reviews", &json!({ "team": self.teams[team] }));
        let id = made["id"].as_i64().unwrap();
        let path = format!("/api/v1/reviews/{id}");
        self.post(&path, &json!({ "do": "open" }));
        let shown = self.get(&path);
        let topics: Vec<Value> = shown["pack"]["parts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["part"] != "follow-through")
            .flat_map(|part| part["topics"].as_array().unwrap().clone())
            .take(2)
            .collect();
        let due = now() + SignedDuration::from_hours(24 * 8);
        for topic in topics {
            let body = json!({ "topic": topic["key"], "what": "Raise it in the next window",
                "owner": self.people[team].id, "due": &due.to_string()[..10] });
            let made = self.post(&format!("{path}/decisions"), &body);
            let (days, how) = (3 + self.below(12), self.below(7));
            if how < 5 {
                let how = usize::try_from(how).unwrap();
                let days = i64::try_from(days).unwrap();
                self.after(days, 1, Act::Follow(id, made["id"].as_i64().unwrap(), how));
            }
        }
        let minutes = 20 + i64::try_from(self.below(18)).unwrap();
        self.put(now() + SignedDuration::from_mins(minutes), Act::Close(id));
    }

    fn goal(&mut self, number: usize) {
        let (measure, from, to) =
            [("load", 900.0, 20.0), ("remediation", 60.0, 14.0), ("deadlines", 20.0, 95.0)]
                [number % 3];
        let days = [90, 400, 60, 200][number];
        let ends = now() + SignedDuration::from_hours(24 * days);
        let team = (number != 0).then(|| self.teams[number]);
        let body = json!({ "team": team, "name": format!("goal {number}"), "measure": measure,
            "from": from, "to": to, "ends": &ends.to_string()[..10] });
        self.post("/api/v1/goals", &body);
    }

    fn pulse(&mut self) {
        // In one month nearly nobody does.
        let most = if now().strftime("%m").to_string() == "03" { 4 } else { self.people.len() };
        for at in 0..most {
            let [a, b, c] = [0; 3].map(|_: u64| 1 + self.below(5));
            let body = json!({ "role": "engineering", "productive": a, "heard": b, "clear": c });
            self.send(&self.people[at], "POST", "/api/v1/pulse", &body);
            let month = now().strftime("%Y-%m").to_string();
            self.answers.entry(month).or_default().push([a, b, c]);
        }
    }

    /// The pulse tells the means of what was answered, of months that are over.
    pub(super) fn answers_are_told(&self) {
        let rows = self.get("/api/v1/pulse")["rows"].clone();
        let this = now().strftime("%Y-%m").to_string();
        let over: Vec<_> = self.answers.iter().rev().filter(|(month, _)| **month != this).collect();
        assert_eq!(rows.as_array().unwrap().len(), over.len());
        for (row, (month, answers)) in rows.as_array().unwrap().iter().zip(over) {
            assert_eq!(row["round"], month.as_str());
            for (question, name) in ["productive", "heard", "clear"].into_iter().enumerate() {
                let sum: u64 = answers.iter().map(|all| all[question]).sum();
                let mean = (sum as f64 / answers.len() as f64 * 10.0).round() / 10.0;
                // Fewer than five are told of nowhere.
                let told = (answers.len() >= 5).then_some(mean);
                assert_eq!(row["all"][name].as_f64(), told, "{row}");
                assert_eq!(row["roles"][0]["told"][name].as_f64(), told, "{row}");
            }
        }
    }

    /// A package that many have turns out to be a door.
    fn respond(&mut self, step: usize) {
        let path = |id: i64| format!("/api/v1/incidents/{id}");
        let Some(id) = self.incident else {
            let mut many: BTreeMap<usize, usize> = BTreeMap::new();
            for package in self.assets.iter().flat_map(|asset| asset.has.keys()) {
                *many.entry(*package).or_default() += 1;
            }
            let (package, _) = many.into_iter().max_by_key(|(_, number)| *number).unwrap();
            let published = now() - SignedDuration::from_hours(7);
            let body = json!({ "title": "A worm", "published": published.to_string(),
                "looked_for": format!("pkg:cargo/{}", self.world.packages[package].name) });
            let made = self.post("/api/v1/incidents", &body);
            self.incident = made["id"].as_i64();
            return;
        };
        let room = self.get(&path(id));
        let touched: Vec<i64> = room["teams"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|team| team["team"]["id"].as_i64())
            .collect();
        let kind = ["", "acknowledged", "contained", "acknowledged", "contained", ""][step];
        for (at, team) in touched.into_iter().enumerate() {
            if at % 2 == (step + 1) / 2 % 2 && !kind.is_empty() {
                let body = json!({ "kind": kind, "team": team, "text": "We shut the gate." });
                self.post(&path(id), &body);
            }
        }
        if step == 5 {
            let body = json!({ "kind": "closed", "text": "We know where it is." });
            self.post(&path(id), &body);
        }
    }

    /// Four sides agree to weigh otherwise.
    fn charter(&mut self) {
        let text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\nversion = \"2\"\n\n\
            [weights]\ncritical = 50\nhigh = 12\nmedium = 4\nlow = 1\n";
        let made = self.post("/api/v1/charters", &json!({ "text": text }));
        let path = format!("/api/v1/charters/{}/agree", made["id"]);
        for side in ["security", "engineering", "product", "operations"] {
            self.post(&path, &json!({ "side": side }));
        }
    }

    /// It was a year: all that is to happen did.
    pub(super) fn is_a_year(&self, ledger: &std::path::Path) {
        let text = std::fs::read_to_string(ledger).unwrap();
        let mut days: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for line in text.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let day = entry["at"].as_i64().unwrap() / 86_400_000_000;
            days.entry(entry["kind"].as_str().unwrap().to_owned()).or_default().insert(day);
        }
        for (kind, least) in [
            ("received", 40),
            ("detected", 20),
            ("assessed", 40),
            ("decided", 15),
            ("planned", 20),
            ("merged", 20),
            ("deployed", 40),
            ("fixed", 20),
            ("regressed", 2),
            ("retracted", 1),
            ("changed", 60),
        ] {
            let on = days.get(kind).map_or(0, BTreeSet::len);
            assert!(on >= least, "{kind} on {on} days");
        }
    }
}
