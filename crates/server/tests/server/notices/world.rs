//! Where teams are told: a server with a clock of a test's own, a team with a system, and a hook to which letters are posted.

use trimtab_testkit::browser::Page;

use super::*;

/// A Monday at ten, and so many minutes.
pub(super) fn at(minutes: i64) -> Timestamp {
    let monday: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
    monday + SignedDuration::from_mins(minutes)
}

/// From Monday at ten to the next at nine.
pub(super) const DIGEST: i64 = 7 * 24 * 60 - 60;

/// A clock of a test's own, which goes only when it is set.
macro_rules! clock {
    ($minutes:ident, $clock:ident) => {
        static $minutes: AtomicI64 = AtomicI64::new(0);
        fn $clock() -> Timestamp {
            at($minutes.load(Ordering::SeqCst))
        }
    };
}

/// Where letters are posted: what came, and the status that is answered.
pub(super) struct Hook {
    pub(super) address: String,
    pub(super) came: Arc<Mutex<Vec<Value>>>,
    pub(super) status: Arc<AtomicU16>,
}

impl Hook {
    pub(super) fn start() -> Hook {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hooks/a-secret-path", listener.local_addr().unwrap());
        let (came, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU16::new(200)));
        let (all, answer) = (Arc::clone(&came), Arc::clone(&status));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
                });
                let mut body = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut body).unwrap();
                all.lock().unwrap().push(serde_json::from_slice(&body).unwrap_or_default());
                let status = answer.load(Ordering::SeqCst);
                let text = format!(
                    "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                reader.get_mut().write_all(text.as_bytes()).unwrap();
            }
        });
        Hook { address, came, status }
    }

    pub(super) fn came(&self) -> Vec<Value> {
        self.came.lock().unwrap().clone()
    }
}

pub(super) struct World {
    pub(super) server: Server,
    pub(super) org: Org,
    pub(super) team: i64,
    pub(super) system: i64,
    /// Everything of the organisation is hers.
    pub(super) lea: Someone,
    pub(super) clock: fn() -> Timestamp,
    pub(super) folder: tempfile::TempDir,
}

/// A team with a system, on a store; `None`: a file of its own.
pub(super) fn begun(store: Option<String>, notices: Notices, clock: fn() -> Timestamp) -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = || folder.path().join("store.sqlite").to_str().unwrap().to_owned();
    let store = store.unwrap_or_else(file);
    let server = Server::telling(store, &folder.path().join("key"), notices, (clock, 2));
    let app = server.app();
    // What is matched with the index is settled before there is anything.
    let begun = Instant::now();
    while !server.runtime.block_on(app.store.feeds()).unwrap().iter().any(|f| f.name == "index") {
        assert!(begun.elapsed().as_secs() < 60, "the index is not noted");
        std::thread::yield_now();
    }
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (system, team) = server.system(org, "shop");
    let every: Vec<_> = Role::ALL.iter().map(|role| (*role, ScopeOf::Organisation)).collect();
    let lea = server.someone(org, "Lea", &every);
    World { server, org, team, system, lea, clock, folder }
}

pub(super) fn private() -> Notices {
    Notices { mail: None, private: true }
}

/// Every hundredth is critical: the framework's charter calls that *now*. The others are high.
fn weigh(known: &Known) -> Option<Weighed> {
    let number: usize = known.vulnerability.rsplit('-').next()?.parse().ok()?;
    let level = if number.is_multiple_of(100) { Level::Critical } else { Level::High };
    Some(Weighed {
        level,
        bounds: (Level::Medium, level),
        probability: 0.5,
        weight: 10.0,
        deadline: Some(known.detected + SignedDuration::from_hours(72)),
        deadline_kind: "by",
        cost: None,
        decision: None,
    })
}

impl World {
    pub(super) fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// An asset of a system that carries packages, each with a finding of its number. Teams are told.
    pub(super) fn carries(&self, asset: &str, system: i64, numbers: impl Iterator<Item = usize>) {
        let app = self.server.app();
        let store = &app.store;
        let now = (self.clock)();
        self.server.runtime.block_on(async {
            let id = store.put_asset(self.org, asset, "repository", Some(system), now).await;
            let id = id.unwrap().id;
            let (mut new, mut said) = (Vec::new(), Vec::new());
            for n in numbers {
                new.push(NewComponent {
                    purl: format!("pkg:npm/p{n}@1.0.0"),
                    package: format!("pkg:npm/p{n}"),
                    name: format!("p{n}"),
                    version: Some("1.0.0".to_owned()),
                    licence: None,
                    registry: true,
                });
                said.push(vec![Matched {
                    ids: vec![format!("CVE-2026-{n}")],
                    summary: None,
                    kind: "vulnerability".into(),
                    confidence: "high".into(),
                    fix: Some("1.0.1".into()),
                }]);
            }
            let ids = store.put_components(self.org, &new).await.unwrap();
            let answers: Vec<_> = ids.iter().map(|(id, _)| *id).zip(said).collect();
            store.put_matches(self.org, &answers, Timestamp::now()).await.unwrap();
            let mut listed: Vec<Listed> = ids
                .iter()
                .map(|(id, _)| Listed {
                    component: *id,
                    scope: "runtime".into(),
                    relation: "direct".into(),
                    files: 1,
                })
                .collect();
            listed.sort_by_key(|one| one.component);
            let document = format!("{asset}-{}-{now}", new.len());
            let contents = Contents { listed, unknowns: 0 };
            store.put_contents(self.org, &document, &contents).await.unwrap();
            let snapshot = NewSnapshot { document, ..NewSnapshot::default() };
            let production = ["production".to_owned()];
            let judged = JudgedBy::new(&production, &weigh, now);
            store.add_snapshot(self.org, id, &snapshot, judged, "trimtab").await.unwrap();
        });
        self.job("replan", "after a snapshot");
        self.settle();
    }

    pub(super) fn job(&self, kind: &str, name: &str) {
        let app = self.server.app();
        let now = (self.clock)();
        let job = NewJob {
            org: self.org,
            kind: kind.to_owned(),
            name: name.to_owned(),
            payload: json!({}),
            priority: Priority::Scheduled,
            run_at: now,
        };
        self.server.runtime.block_on(app.store.add_job(&job, now)).unwrap();
    }

    /// Until nothing runs, and nothing waits that is due by the clock.
    pub(super) fn settle(&self) {
        self.server.rest(self.org, self.clock);
    }

    pub(super) fn put(&self, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1/teams/{}/notices/wishes", self.team);
        let headers = [JSON, ("cookie", self.lea.cookie.as_str())];
        let answer = self.server.ask("PUT", &path, &headers, body.to_string().as_bytes());
        (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
    }

    /// By a webhook, on Mondays at nine.
    pub(super) fn wishes(&self, hook: &Hook, more: &Value) {
        let mut body = json!({ "zone": "UTC", "days": ["monday"], "time": "09:00", "budget": 1,
            "channel": "webhook", "address": hook.address, "secret": "sixteen letters!" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, told) = self.put(&body);
        assert_eq!(status, 200, "{told}");
        assert!(told.get("address").is_none() && told.get("secret").is_none(), "{told}");
        self.settle();
    }

    pub(super) fn notices(&self) -> Value {
        let path = format!("/api/v1/teams/{}/notices", self.team);
        let answer = self.server.open(&self.lea, &path);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Letters, the newest first.
    pub(super) fn sent(&self) -> Vec<Value> {
        let path = format!("/api/v1/teams/{}/notices/sent", self.team);
        self.server.open(&self.lea, &path).json()["rows"].as_array().unwrap().clone()
    }

    pub(super) fn post(&self, who: &Someone, path: &str) -> (u16, Value) {
        let headers = [JSON, ("cookie", who.cookie.as_str())];
        let answer = self.server.ask("POST", path, &headers, b"{}");
        (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
    }

    /// Somebody who entered by a link, as the first admin does.
    pub(super) fn entered(&self, browser: &Browser) -> Page {
        let page = browser.page();
        let app = self.server.app();
        let link = trimtab_server::demo::link(&app, self.org, self.lea.id);
        let link = self.server.runtime.block_on(link).unwrap();
        page.open(&format!("{}{}", self.server.base, link.trim_start_matches("http://127.0.0.1")));
        page.fill("#f-email", "lea@example.org");
        page.fill("#f-password", "correct horse battery");
        page.follow("Enter");
        page
    }
}

pub(super) fn words(letter: &Value) -> (String, u64) {
    let items = letter["items"].as_array().unwrap().len() as u64;
    (letter["subject"].as_str().unwrap().to_owned(), items + letter["more"].as_u64().unwrap())
}
