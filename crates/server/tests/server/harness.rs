//! A server for a test: its own store, an index of the sample's advisories, a client that keeps cookies.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_advisories::Sources;
use trimtab_model::Role;
use trimtab_server::{Access, App, Feeds, Running, Settings, first_link, start};
use trimtab_store::{Grant, JobState, NewPerson, Org, ScopeOf, Session, System, Team};

/// An index of the sample's advisories: built once.
static INDEX: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.index");
    let sources = Sources::beside(&trimtab_testkit::repository().join("examples/advisories"));
    trimtab_advisories::index::build(&sources, &path, &mut ()).unwrap();
    (folder, path)
});

/// A server, and what it lives on.
pub(crate) struct Server {
    pub(crate) running: Option<Running>,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) base: String,
    _folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn settings(store: String, index: PathBuf) -> Settings {
    Settings {
        store,
        listen: "127.0.0.1:0".into(),
        index,
        public: "http://127.0.0.1".into(),
        largest_upload: 8 << 20,
        workers: 2,
        keep_days: None,
        feeds: None,
        access: Access::default(),
        notices: trimtab_server::Notices::default(),
    }
}

impl Server {
    /// A server on a SQLite file of its own.
    pub(crate) fn new() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.sqlite").to_str().unwrap().to_owned();
        Server::on(folder, store)
    }

    /// A server on a store, whose notices leave so, with a key, a clock and as many workers as wished.
    pub(crate) fn telling(
        store: String,
        key: &std::path::Path,
        notices: trimtab_server::Notices,
        (clock, workers): (fn() -> Timestamp, usize),
    ) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let key = Some(trimtab_server::access::Key::of_file(key).unwrap());
        let settings = Settings {
            workers,
            notices,
            access: Access { key, ..Access::default() },
            ..settings(store, INDEX.1.clone())
        };
        Server::run(folder, settings, clock)
    }

    /// A server with a clock of its own, where people get in so.
    pub(crate) fn with(clock: fn() -> Timestamp, access: Access) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.sqlite").to_str().unwrap().to_owned();
        Server::started(folder, store, INDEX.1.clone(), clock, access, None)
    }

    /// A server on a store, with a clock of its own, where people get in so.
    pub(crate) fn keyed(store: String, clock: fn() -> Timestamp, access: Access) -> Server {
        let folder = tempfile::tempdir().unwrap();
        Server::started(folder, store, INDEX.1.clone(), clock, access, None)
    }

    /// A server on a store.
    pub(crate) fn on(folder: tempfile::TempDir, store: String) -> Server {
        Server::started(folder, store, INDEX.1.clone(), Timestamp::now, Access::default(), None)
    }

    /// A server on a store and an index.
    pub(crate) fn at(folder: tempfile::TempDir, store: String, index: PathBuf) -> Server {
        Server::started(folder, store, index, Timestamp::now, Access::default(), None)
    }

    /// A server on a store, with a clock of its own.
    pub(crate) fn beside(store: String, clock: fn() -> Timestamp) -> Server {
        let folder = tempfile::tempdir().unwrap();
        Server::started(folder, store, INDEX.1.clone(), clock, Access::default(), None)
    }

    /// A server on a store and an index, with a clock of its own, where people get in so.
    pub(crate) fn timed(
        store: String,
        index: PathBuf,
        clock: fn() -> Timestamp,
        access: Access,
    ) -> Server {
        let folder = tempfile::tempdir().unwrap();
        Server::started(folder, store, index, clock, access, None)
    }

    /// A server that fetches feeds.
    pub(crate) fn fetching(
        store: String,
        index: PathBuf,
        clock: fn() -> Timestamp,
        feeds: Feeds,
    ) -> Server {
        let folder = tempfile::tempdir().unwrap();
        Server::started(folder, store, index, clock, Access::default(), Some(feeds))
    }

    fn started(
        folder: tempfile::TempDir,
        store: String,
        index: PathBuf,
        clock: fn() -> Timestamp,
        access: Access,
        feeds: Option<Feeds>,
    ) -> Server {
        let settings = Settings { feeds, access, ..settings(store, index) };
        Server::run(folder, settings, clock)
    }

    fn run(folder: tempfile::TempDir, settings: Settings, clock: fn() -> Timestamp) -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let running = runtime.block_on(start(settings, clock)).unwrap();
        let base = format!("http://{}", running.address);
        Server { running: Some(running), runtime, base, _folder: folder }
    }

    pub(crate) fn app(&self) -> App {
        self.running.as_ref().unwrap().app.clone()
    }

    /// Asks without following redirects.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match agent.run(request.body(body.to_vec()).unwrap()) {
            Ok(response) => response,
            // A server that has answered need not listen to the rest: then only the end is seen.
            Err(ureq::Error::Io(_)) => {
                return Answer { status: 0, headers: Vec::new(), text: String::new() };
            }
            Err(error) => panic!("{error}"),
        };
        let headers = response
            .headers()
            .iter()
            .map(|(n, v)| (n.as_str().to_owned(), v.to_str().unwrap_or_default().to_owned()))
            .collect();
        let text =
            response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap_or_default();
        Answer { status: response.status().as_u16(), headers, text }
    }

    /// Signs the first admin in: the way of a first run. Gives the cookie.
    pub(crate) fn first_admin(&self) -> String {
        let app = self.app();
        let link = self.runtime.block_on(first_link(&app, "Ferries")).unwrap().unwrap();
        let path = link.trim_start_matches("http://127.0.0.1").to_owned();
        let form = "email=ada%40example.org&password=correct+horse+battery";
        let answer = self.ask("POST", &path, &[FORM], form.as_bytes());
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.header("set-cookie").unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Gives the first admin every role, and a token for some actions.
    pub(crate) fn token(&self, cookie: &str, actions: &[&str]) -> String {
        self.all_roles();
        let wanted = serde_json::json!({ "name": "test", "actions": actions, "days": 1 });
        let answer = self.ask(
            "POST",
            "/api/v1/tokens",
            &[("cookie", cookie), JSON, ("sec-fetch-site", "same-origin")],
            wanted.to_string().as_bytes(),
        );
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Gives the first person every role.
    pub(crate) fn all_roles(&self) {
        let app = self.app();
        self.runtime.block_on(async {
            let org = app.store.organisations().await.unwrap()[0].org;
            let grants: Vec<Grant> = Role::ALL
                .iter()
                .map(|role| Grant { role: *role, scope: ScopeOf::Organisation })
                .collect();
            let person = app.store.people(org).await.unwrap()[0].id;
            app.store.set_grants(org, person, &grants, "trimtab", Timestamp::now()).await.unwrap();
        });
    }
}

/// Somebody who is signed in.
pub(crate) struct Someone {
    pub(crate) id: i64,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Server {
    /// Makes a person of an organisation, signed in.
    pub(crate) fn someone(&self, org: Org, name: &str, grants: &[(Role, ScopeOf)]) -> Someone {
        let app = self.app();
        let now = Timestamp::now();
        let grants: Vec<Grant> =
            grants.iter().map(|(role, scope)| Grant { role: *role, scope: *scope }).collect();
        let email = format!("{name}-{}@example.org", org.0);
        let new = NewPerson { email, name: name.to_owned(), subject: None };
        let secret = format!("secret-of-{name}-{}", org.0);
        let csrf = format!("csrf-of-{name}");
        let id = self.runtime.block_on(async {
            let id = app.store.add_person(org, &new, &grants, "trimtab", now).await.unwrap();
            let expires = now + jiff::SignedDuration::from_hours(1);
            let session = Session { org, person: id, csrf: csrf.clone(), expires };
            app.store.add_session(&digest(&secret), &session, now).await.unwrap();
            id
        });
        Someone { id, cookie: format!("trimtab={secret}"), csrf }
    }

    /// The first organisation.
    pub(crate) fn org(&self) -> Org {
        let app = self.app();
        self.runtime.block_on(app.store.organisations()).unwrap()[0].org
    }

    /// Makes a system and its team, each with the name.
    pub(crate) fn system(&self, org: Org, name: &str) -> (i64, i64) {
        let app = self.app();
        let now = Timestamp::now();
        self.runtime.block_on(async {
            let team = Team {
                id: 0,
                name: name.to_owned(),
                cadence: None,
                capacity: None,
                open_limit: None,
            };
            let team = app.store.put_team(org, &team, "trimtab", now).await.unwrap();
            let system = System { name: name.to_owned(), team: Some(team), ..System::default() };
            let system = app.store.put_system(org, &system, "trimtab", now).await.unwrap();
            (system, team)
        })
    }

    /// Opens a page.
    pub(crate) fn open(&self, who: &Someone, path: &str) -> Answer {
        self.ask("GET", path, &[("cookie", &who.cookie)], b"")
    }

    /// Sends a form with the person's own token against forged requests.
    pub(crate) fn send(&self, who: &Someone, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = format!("csrf={}", who.csrf);
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encode(value)));
        }
        self.ask("POST", path, &[FORM, ("cookie", &who.cookie)], body.as_bytes())
    }

    /// Sends a form with a file, as browsers do.
    pub(crate) fn send_file(
        &self,
        who: &Someone,
        path: &str,
        fields: &[(&str, &str)],
        file: &str,
    ) -> Answer {
        const EDGE: &str = "edge-of-a-part";
        let mut body = String::new();
        for (name, value) in [("csrf", who.csrf.as_str())].iter().chain(fields) {
            body += &format!(
                "--{EDGE}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body += &format!(
            "--{EDGE}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n{file}\r\n--{EDGE}--\r\n"
        );
        let kind = format!("multipart/form-data; boundary={EDGE}");
        let headers = [("cookie", who.cookie.as_str()), ("content-type", kind.as_str())];
        self.ask("POST", path, &headers, body.as_bytes())
    }

    /// Uploads a document of an asset as somebody; gives the id of its gravest finding.
    pub(crate) fn upload(&self, who: &Someone, asset: &str, system: &str) -> i64 {
        let document = serde_json::json!({
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{ "type": "library", "name": "moment", "version": "2.24.0",
                "purl": "pkg:npm/moment@2.24.0" }]
        });
        let path = format!("/api/v1/snapshots?asset={asset}&system={system}&wait=60");
        let pushed =
            self.ask("POST", &path, &[("cookie", &who.cookie)], document.to_string().as_bytes());
        assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
        let system = &self.open(who, "/api/v1/findings?order=level").json()["rows"];
        let rows = system.as_array().unwrap();
        let of = |row: &&Value| row["asset"]["name"].as_str() == Some(asset);
        rows.iter().find(of).unwrap()["id"].as_i64().unwrap()
    }

    /// Waits until no job runs, and none waits that is due.
    pub(crate) fn settle(&self, org: Org) {
        self.rest(org, Timestamp::now);
    }

    /// The same, by another clock: whoever sleeps until later is woken.
    pub(crate) fn rest(&self, org: Org, clock: impl Fn() -> Timestamp) {
        let app = self.app();
        let store = &app.store;
        let mut ended = app.jobs_ended();
        self.runtime.block_on(async {
            let begun = std::time::Instant::now();
            while begun.elapsed().as_secs() < 300 {
                ended.mark_unchanged();
                app.wake();
                // In this order: what is taken in between is seen running.
                let waiting = store.jobs(org, JobState::Waiting, 500).await.unwrap();
                let running = store.jobs(org, JobState::Running, 1).await.unwrap();
                let is_quiet = running.is_empty() && waiting.iter().all(|job| job.run_at > clock());
                // What ended in between may have asked for more.
                if is_quiet && !ended.has_changed().unwrap() {
                    return;
                }
                // What another process ends is told by nobody.
                let _ = tokio::time::timeout(Duration::from_millis(100), ended.changed()).await;
            }
            panic!("jobs do not end");
        });
    }
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let field = format!("type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&field).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// A value of a form.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

pub(crate) fn digest(secret: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(secret.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// A token as a header's value.
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
