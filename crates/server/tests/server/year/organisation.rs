//! Six teams through their year: what they build, deploy, ask, decide and say, in the order of time.

mod acts;
mod begun;
mod beside;
mod carried;
mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::{Grant, JobState, NewPerson, Org, ScopeOf, Session};

use super::advisories::{World, world};
use super::{later, now, passes};
use crate::harness::{Answer, JSON, Server, Someone, digest};
use beside::Beside;
use carried::Carried;

const TEAMS: [&str; 6] = ["booking", "fleet", "harbour", "pay", "signal", "web"];
/// Teams that meet every two weeks. The second gives a system to the third, and one of the first gets another tier.
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
    /// A record says of itself that it is withdrawn.
    Withdrawn,
    /// A record says that it is the same as another one.
    Joined,
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
    /// What was accepted is taken back before its time.
    End(i64),
    Review(usize),
    Close(i64),
    Follow(i64, i64, usize),
    Goal(usize),
    Drop(i64),
    Pulse,
    Incident(usize),
    /// Another incident, of which nobody hears much: which one, its number once it is open, and how far it is.
    Another(&'static str, Option<i64>, usize),
    /// An update is taken back.
    Revert(i64),
    /// An asset goes to another system with its next build.
    Move(usize, usize),
    /// Somebody leaves.
    Leave(usize),
    /// A decision is asked for by somebody else, and a charter proposed, and both wait.
    Wait,
    /// A system gets another owner or tier: which one, and who it is from then on.
    Describe(usize),
    /// Four sides agree to another charter: which one.
    Charter(usize),
    /// What trackers, suppliers, a CI and packs bring.
    Tracker(usize),
    Supplier(usize),
    Gate(usize),
    Pack(&'static str),
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
    /// Those who lead a team, and see it alone.
    pub(super) people: Vec<Someone>,
    /// Security, who answers.
    sia: Someone,
    pub(super) teams: Vec<i64>,
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
    /// Who left.
    left: BTreeSet<usize>,
    /// The record that was taken back: it stays so.
    back: Option<String>,
    beside: Beside,
    carried: Carried,
    /// Decisions that a tracker asked for, and that are to be answered.
    answered: BTreeSet<i64>,
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
        let key = trimtab_server::access::Key::of_file(&folder.path().join("key")).unwrap();
        let access = trimtab_server::Access { key: Some(key), ..Default::default() };
        let server = Server::timed(store, index, now, access);
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
            left: BTreeSet::new(),
            beside: Beside::default(),
            carried: Carried::default(),
            answered: BTreeSet::new(),
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
        self.server.rest(self.org, now);
    }

    /// What was done is followed: plans are made a minute later.
    fn follows(&self) {
        self.rest();
        later(61);
        self.rest();
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
        // What was given up would be missing from both sides. What is sent out leads nowhere here.
        let app = self.server.app();
        let dead = app.store.jobs(self.org, JobState::Dead, 20);
        let mut dead = self.server.runtime.block_on(dead).unwrap();
        dead.retain(|job| !matches!(job.kind.as_str(), "notify" | "fetch-feeds"));
        assert!(dead.is_empty(), "{dead:#?}");
    }

    /// What an auditor gets beside the ledger: the documents and charters that its entries name, each called by its digest, and
    /// the advisories as they are published, and as they were before they said something else.
    pub(super) fn evidence(&self, ledger: &Path, to: &Path) {
        let (documents, advisories) = (to.join("documents"), to.join("advisories"));
        std::fs::create_dir_all(&documents).unwrap();
        std::fs::create_dir_all(&advisories).unwrap();
        for file in std::fs::read_dir(self.folder.path().join("osv")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), advisories.join(file.file_name())).unwrap();
        }
        self.world.keep_earlier(&to.join("earlier"));
        let store = &self.server.app().store;
        for line in std::fs::read_to_string(ledger).unwrap().lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let data: Value = serde_json::from_str(entry["data"].as_str().unwrap()).unwrap();
            if data["what"] == "charter-proposed" {
                let text = store.charter_text(self.org, data["charter"].as_i64().unwrap());
                let text = self.server.runtime.block_on(text).unwrap().unwrap();
                std::fs::write(documents.join(data["text"].as_str().unwrap()), text).unwrap();
            }
            let Some(digest) = data["document"].as_str() else { continue };
            let to = documents.join(digest);
            if !to.exists() {
                let bytes = store.document_bytes(self.org, digest);
                let bytes = self.server.runtime.block_on(bytes).unwrap();
                std::fs::write(to, bytes.expect("what an entry names is kept")).unwrap();
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Day => return self.asked_elsewhere(),
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
                // What became critical since it was asked for no ticket's words are enough for.
                let is_kept = yes && !self.is_too_grave(decision);
                let state = if is_kept { "approved" } else { "refused" };
                let body = json!({ "state": state, "role": "security" });
                let path = format!("/api/v1/decisions/{decision}/answer");
                self.send(&self.sia, "POST", &path, &body);
                if is_kept && decision % 3 == 0 {
                    self.after(1, 2, Act::End(decision));
                }
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
            Act::End(_)
            | Act::Drop(_)
            | Act::Revert(_)
            | Act::Move(..)
            | Act::Leave(_)
            | Act::Wait => {
                self.case(&act);
            }
            Act::Withdrawn => self.withdrawn(),
            Act::Joined => self.joined(),
            Act::Another(what, id, step) => self.another(what, id, step),
            Act::Goal(number) => self.goal(number),
            Act::Pulse => self.pulse(),
            Act::Incident(step) => self.respond(step),
            Act::Describe(which) => self.describes(which),
            Act::Charter(which) => self.charter(which),
            Act::Tracker(step) => self.tracker(step),
            Act::Supplier(step) => self.supplier(step),
            Act::Gate(step) => self.gate(step),
            Act::Pack(kind) => self.pack(kind),
        }
        self.follows();
    }

    /// It was a year: all that is to happen did.
    pub(super) fn is_a_year(&self, ledger: &Path) {
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
            eprintln!("{kind} on {on} days");
            assert!(on >= least, "{kind} on {on} days");
        }
        self.has_cases(&text);
        self.is_carried(&text);
    }
}
