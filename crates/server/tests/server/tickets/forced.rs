//! Whatever order we and they act in, whatever gets lost, and at whatever call a server is killed: in the end there is one
//! ticket for each action, it says what is decided, and nothing is done twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::{Value, json};
use trimtab_testkit::git_host::{Fake, Fault, Issue, Watch};
use trimtab_testkit::postgres::Postgres;

use super::world::{World, clock, gitea_fake, is_closed, setting};

clock!(forced, "2026-11-28T10:00:00Z".parse().unwrap());

/// Each begins another story; what once failed is added.
const SEEDS: std::ops::RangeInclusive<u8> = 1..=16;
/// No more stories are begun after so many seconds.
const LONGEST: u64 = 45;
/// The versions with the flaw and without it.
const OLD: &str = "2.24.0";
const NEW: &str = "2.29.4";
const ASSETS: [&str; 2] = ["shop", "desk"];
/// The labels of levels.
const LEVELS: [&str; 4] = ["trimtab:critical", "trimtab:high", "trimtab:medium", "trimtab:low"];

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// An asset is raised on its main line, or goes back; and what it has there is deployed.
    Has(usize, bool),
    Runs(usize),
    /// The system weighs more or less: levels and deadlines are others.
    Matters(bool),
    /// People do something with a ticket.
    Theirs(usize, Theirs),
    /// The next call of a method gets lost, done or not; or the tracker asks to be left alone.
    Lost(&'static str, bool),
    Busy,
    /// A webhook comes, so often.
    Hook(usize, usize),
    /// Time goes by until the tracker is asked again.
    Polled,
    Restart,
    /// The server is killed at a call, which is done or not.
    Killed(usize, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theirs {
    Assign,
    Title,
    Below,
    Close,
    Open,
    WontDo,
    Delete,
}

fn step() -> impl Strategy<Value = Step> {
    let theirs = prop_oneof![
        3 => Just(Theirs::Assign),
        1 => Just(Theirs::Title),
        1 => Just(Theirs::Below),
        1 => Just(Theirs::Close),
        1 => Just(Theirs::Open),
        1 => Just(Theirs::WontDo),
        1 => Just(Theirs::Delete),
    ];
    let method = prop_oneof![Just("POST"), Just("PATCH")];
    prop_oneof![
        3 => (0..2usize, any::<bool>()).prop_map(|(at, new)| Step::Has(at, new)),
        3 => (0..2usize).prop_map(Step::Runs),
        1 => any::<bool>().prop_map(Step::Matters),
        3 => (0..2usize, theirs).prop_map(|(at, what)| Step::Theirs(at, what)),
        2 => (method, any::<bool>()).prop_map(|(method, done)| Step::Lost(method, done)),
        1 => Just(Step::Busy),
        1 => (0..2usize, 1..3usize).prop_map(|(at, times)| Step::Hook(at, times)),
        2 => Just(Step::Polled),
        1 => Just(Step::Restart),
        3 => (1..7usize, any::<bool>()).prop_map(|(at, done)| Step::Killed(at, done)),
    ]
}

/// What an asset has, and what people did to its ticket.
#[derive(Default, Clone, Copy)]
struct Is {
    has_new: bool,
    /// People closed it, opened it or will not do it.
    touched: bool,
    deleted: bool,
    assigned: bool,
    /// People gave it a title, and wrote below its text.
    titled: bool,
    written: bool,
}

struct Story {
    world: World,
    fake: Fake,
    all: [Is; 2],
    cuts: usize,
    /// Whether it can be cut off in the middle: of PostgreSQL no copy is made here.
    can_cut: bool,
}

/// What is written up to now, as somebody else reads it.
fn cut(store: &str, to: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = trimtab_store::Store::open(store, forced::now()).await.unwrap();
        store.backup(to).await.unwrap();
    });
}

impl Story {
    fn begin(store: Option<String>) -> Story {
        forced::LATER.store(0, Ordering::SeqCst);
        let fake = Fake::start(gitea_fake());
        let can_cut = store.is_none();
        let mut world = World::on(store, forced::now, &forced::LATER);
        world.has("desk", OLD);
        world.runs("desk");
        world.passes(61);
        world.sets(&setting(gitea_fake(), &fake.address));
        Story { world, fake, all: [Is::default(); 2], cuts: 0, can_cut }
    }

    /// The tickets of an asset that nobody deleted, whatever they are called.
    fn every(&self, at: usize) -> Vec<Issue> {
        let end = format!(" in {}", ASSETS[at]);
        let all = self.fake.state.lock().unwrap().issues.clone();
        let theirs = format!("theirs of {}", ASSETS[at]);
        let ours = |issue: &Issue| issue.title.ends_with(&end) || issue.title == theirs;
        all.into_iter().filter(|issue| issue.number < 9_000 && ours(issue)).collect()
    }

    /// The ticket of an asset that is not called a duplicate.
    fn of(&self, at: usize) -> Vec<Issue> {
        let mut all = self.every(at);
        all.retain(|issue| !issue.labels.iter().any(|label| label == "trimtab:duplicate"));
        all
    }

    /// The gravest level of what an asset has that counts.
    fn level(&self, at: usize) -> Option<String> {
        let path = "/api/v1/findings?counts=true&limit=500";
        let told = self.world.server.open(&self.world.lea, path).json();
        let rows: Vec<&Value> = told["rows"].as_array().unwrap().iter().collect();
        let has = |level: &str| {
            rows.iter().any(|row| row["asset"]["name"] == ASSETS[at] && row["level"] == level)
        };
        let level = ["critical", "high", "medium", "low"].into_iter().find(|level| has(level));
        level.map(|level| format!("trimtab:{level}"))
    }

    /// The most exceptions that wait for an answer about one finding.
    fn asked(&self) -> i64 {
        let app = self.world.server.app();
        let entries = app.store.ledger(self.world.org, 0, 20_000);
        let mut asked: BTreeMap<i64, i64> = BTreeMap::new();
        for entry in self.world.server.runtime.block_on(entries).unwrap() {
            let Some(finding) = entry.finding else { continue };
            let data: Value = serde_json::from_str(&entry.data).unwrap();
            if data["decision"].is_number() && data["state"].is_string() {
                let by = if data["state"] == "asked" { 1 } else { -1 };
                *asked.entry(finding).or_default() += by;
            }
        }
        asked.into_values().max().unwrap_or_default()
    }

    fn theirs(&mut self, at: usize, what: Theirs) {
        let Some(issue) = self.of(at).first().cloned() else { return };
        let mut state = self.fake.state.lock().unwrap();
        // Their tracker has the same time.
        let seconds = u64::try_from(forced::LATER.load(Ordering::SeqCst)).unwrap();
        state.ticks = state.ticks.max(seconds);
        state.alter(&issue.number.to_string(), |issue| match what {
            Theirs::Assign => issue.assignee = Some("bob".into()),
            Theirs::Title => issue.title = format!("theirs of {}", ASSETS[at]),
            Theirs::Below => {
                let text = issue.body.as_str().unwrap_or_default();
                issue.body = json!(format!("{text}\n\nSee the minutes."));
            }
            Theirs::Close => issue.state = "closed".into(),
            Theirs::Open => issue.state = "open".into(),
            Theirs::WontDo => {
                issue.state = "closed".into();
                issue.labels.push("trimtab:wont-do".into());
            }
            Theirs::Delete => {
                issue.number += 9_000;
                issue.labels.clear();
                issue.body = Value::Null;
            }
        });
        let is = &mut self.all[at];
        is.touched |= matches!(what, Theirs::Close | Theirs::Open | Theirs::WontDo);
        is.assigned |= what == Theirs::Assign;
        is.titled |= what == Theirs::Title;
        is.written |= what == Theirs::Below;
        is.deleted |= what == Theirs::Delete;
    }

    fn matters(&self, much: bool) {
        let (tier, exposure) =
            if much { ("vital", "internet") } else { ("supporting", "isolated") };
        let app = self.world.server.app();
        let system = trimtab_store::System {
            name: "shop".to_owned(),
            team: Some(self.world.team),
            tier: Some(tier.to_owned()),
            exposure: trimtab_model::Exposure::from_word(exposure),
            ..trimtab_store::System::default()
        };
        let put = app.store.put_system(self.world.org, &system, "trimtab", forced::now());
        self.world.server.runtime.block_on(put).unwrap();
        for (at, name) in ASSETS.iter().enumerate() {
            self.world.has(name, if self.all[at].has_new { NEW } else { OLD });
        }
    }

    /// A round in which the server is killed at a call.
    fn killed(&mut self, call: usize, done: bool) {
        self.cuts += 1;
        let to: PathBuf = self.world.key.path().join(format!("cut-{}", self.cuts));
        let (store, path, mut calls) = (self.world.store.clone(), to.clone(), 0);
        let dead = || Fault::Status(403, Vec::new());
        self.fake.state.lock().unwrap().watch = Some(Watch(Box::new(move |_| {
            calls += 1;
            if calls == call {
                cut(&store, &path);
            }
            match calls.cmp(&call) {
                std::cmp::Ordering::Less => None,
                std::cmp::Ordering::Equal if done => Some(Fault::DoneAndLost),
                _ => Some(dead()),
            }
        })));
        self.world.round();
        self.fake.state.lock().unwrap().watch = None;
        if to.exists() {
            self.world.begins_with(&to);
        } else {
            self.world.restart();
        }
        // What it held is given up after two minutes.
        self.world.goes_on(181);
    }

    fn happens(&mut self, step: &Step) {
        match step {
            Step::Has(at, new) => {
                self.world.has(ASSETS[*at], if *new { NEW } else { OLD });
                self.all[*at].has_new = *new;
            }
            Step::Runs(at) => self.world.runs(ASSETS[*at]),
            Step::Matters(much) => self.matters(*much),
            Step::Theirs(at, what) => self.theirs(*at, *what),
            Step::Lost(method, done) => {
                let fault = if *done { Fault::DoneAndLost } else { Fault::Lost };
                self.fake.state.lock().unwrap().faults.push((method, fault));
            }
            Step::Busy => {
                let headers = vec![("retry-after", "600".to_owned())];
                let fault = Fault::Status(429, headers);
                self.fake.state.lock().unwrap().faults.push(("PATCH", fault));
            }
            Step::Hook(at, times) => {
                let Some(issue) = self.of(*at).first().cloned() else { return };
                for _ in 0..*times {
                    let secret = self.world.secret.clone();
                    assert_eq!(self.world.hook(&secret, issue.number, "o/r"), 204);
                }
            }
            Step::Polled => self.world.passes(301),
            Step::Killed(call, done) if self.can_cut => self.killed(*call, *done),
            Step::Restart | Step::Killed(..) => self.world.restart(),
        }
        self.world.passes(61);
    }

    /// All comes to rest: what is on main lines is deployed, and nothing gets lost any longer.
    fn ends(&mut self) -> Result<(), TestCaseError> {
        self.fake.state.lock().unwrap().faults.clear();
        for at in 0..2 {
            self.happens(&Step::Runs(at));
        }
        for _ in 0..3 {
            self.world.passes(901);
        }
        let before = self.fake.state.lock().unwrap().ticks;
        self.world.passes(301);
        // Every ticket is looked at anew once its tracker is set: two that write against each other would be seen.
        for _ in 0..2 {
            let looked = self.fake.state.lock().unwrap().asked.len();
            let set = self.world.set(&setting(gitea_fake(), &self.fake.address));
            prop_assert_eq!(set.status, 200, "{:?}", set);
            self.world.rest();
            self.world.passes(11);
            let state = self.fake.state.lock().unwrap();
            let is_there = state.issues.iter().any(|issue| issue.number < 9_000);
            prop_assert!(state.asked.len() > looked || !is_there, "nobody looked");
        }
        let after = self.fake.state.lock().unwrap().ticks;
        prop_assert_eq!(before, after, "it does not come to rest");
        prop_assert!(self.asked() <= 1, "an exception is asked for twice");
        for (at, is) in self.all.iter().enumerate() {
            let every = self.every(at);
            prop_assert!(every.len() <= 1, "a second one was made: {every:#?}");
            let all = self.of(at);
            let findings = self.world.server.open(&self.world.lea, "/api/v1/findings?state=any");
            let plan = self.world.server.open(&self.world.lea, &self.world.path("plan"));
            let told = format!(
                "{}: {all:#?} {:#?} {} {}",
                ASSETS[at],
                self.world.tickets(),
                findings.text,
                plan.text
            );
            if is.deleted {
                prop_assert!(all.len() <= 1, "{told}");
                continue;
            }
            prop_assert_eq!(all.len(), 1, "{}", told);
            prop_assert!(all[0].said.len() <= 1, "{told}");
            prop_assert!(!is.assigned || all[0].assignee.as_deref() == Some("bob"), "{told}");
            prop_assert_eq!(all[0].title.starts_with("theirs of "), is.titled, "{}", told);
            let text = all[0].body.as_str().unwrap_or_default();
            prop_assert_eq!(text.contains("See the minutes."), is.written, "{}", told);
            if !is.touched {
                prop_assert_eq!(is_closed(&all[0]), is.has_new, "{}", told);
                let mut levels = all[0].labels.clone();
                levels.retain(|label| LEVELS.contains(&label.as_str()));
                prop_assert!(levels.len() <= 1, "{told}");
                // What is in no window is not written anew until it is.
                let is_out =
                    |(_, text): &(u64, Value)| text.to_string().contains("no longer in the plan");
                if !is.has_new && !all[0].said.iter().any(is_out) {
                    prop_assert_eq!(levels.first().cloned(), self.level(at), "{}", told);
                }
            }
        }
        Ok(())
    }
}

/// There is one clock.
static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn story(store: Option<String>, steps: &[Step]) -> Result<(), TestCaseError> {
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut story = Story::begin(store);
    for step in steps {
        story.happens(step);
    }
    story.ends()
}

#[test]
fn whatever_happens_each_action_has_one_ticket_in_the_end() {
    let begun = std::time::Instant::now();
    let config =
        Config { cases: 1, failure_persistence: None, max_shrink_iters: 30, ..Config::default() };
    let mut told = 0;
    for seed in SEEDS {
        if begun.elapsed().as_secs() > LONGEST {
            eprintln!("{told} of {} stories were told: this machine is slow", SEEDS.len());
            break;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut runner = TestRunner::new_with_rng(config.clone(), rng);
        let steps = prop::collection::vec(step(), 8..14);
        let ended = runner.run(&steps, |steps| story(None, &steps));
        if let Err(TestError::Fail(why, steps)) = &ended {
            panic!("seed {seed}: {why}: {steps:#?}");
        }
        ended.unwrap();
        told += 1;
    }
    eprintln!("{told} stories in {:?}", begun.elapsed());
    assert!(told > 1, "{told}");
}

#[test]
fn one_story_on_both_engines() {
    let steps = [
        Step::Lost("POST", true),
        Step::Theirs(0, Theirs::Assign),
        Step::Has(0, true),
        Step::Restart,
        Step::Hook(0, 2),
        Step::Lost("PATCH", true),
        Step::Runs(0),
        Step::Has(0, false),
        Step::Busy,
        Step::Runs(0),
        Step::Restart,
        Step::Polled,
        Step::Has(1, true),
    ];
    story(None, &steps).unwrap();
    let Some(postgres) = Postgres::start() else { return };
    story(Some(postgres.database("forced")), &steps).unwrap();
}
