//! A git host that speaks HTTP on a port of this machine: what it keeps is the same for all, what it
//! says is its dialect's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use super::dialect::Dialect;
use super::git;

/// A request for a change, as it is kept.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// Its branch.
    pub branch: String,
    /// The branch that it would change.
    pub base: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// `open`, `closed` or `merged`.
    pub state: &'static str,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether its branch is of a fork.
    pub fork: bool,
    /// Its comments.
    pub said: Vec<String>,
}

/// A ticket, as it is kept.
#[derive(Debug, Clone, Default)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text: a document, where the tracker has such.
    pub body: Value,
    /// Its state, in the tracker's words.
    pub state: String,
    /// Why it is in that state, in the tracker's words.
    pub reason: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who made it. Empty: who has the token.
    pub author: String,
    /// Its due date, as it was sent.
    pub due: Value,
    /// Its points.
    pub points: Value,
    /// Who has it.
    pub assignee: Option<String>,
    /// Its sprint, milestone or iteration.
    pub sprint: Option<String>,
    /// Its comments, with their ids.
    pub said: Vec<(u64, Value)>,
    /// How many things had happened when it was changed.
    pub updated: u64,
    /// How often it was changed.
    pub rev: u64,
}

impl Issue {
    /// When it was changed: a second for each thing that happened.
    pub fn changed(&self) -> String {
        let seconds = 10 * 3_600 + self.updated;
        let (day, rest) = (28 + seconds / 86_400, seconds % 86_400);
        let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
        format!("2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Segments, as they were sent: still escaped.
    pub path: Vec<String>,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// JSON. `null`: none.
    pub body: Value,
}

impl Asked {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The values of a name in the query.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    }

    /// The first of them.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }
}

/// How the next answer goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is done, and the answer gets lost.
    DoneAndLost,
    /// It is not done, and nothing is answered.
    Lost,
    /// It is not done: a status with these headers.
    Status(u16, Vec<(&'static str, String)>),
}

/// Looks at a call before anything else does, and says how it goes wrong.
type Look = dyn FnMut(&Asked) -> Option<Fault> + Send;

/// Somebody who looks at each call.
pub struct Watch(pub Box<Look>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

/// What the host keeps.
#[derive(Debug, Default)]
pub struct State {
    /// Requests for a change, the oldest first.
    pub requests: Vec<Kept>,
    /// Labels of the repository, where they have numbers: that of the first is 1.
    pub labels: Vec<String>,
    /// What was asked of the API.
    pub asked: Vec<Asked>,
    /// Each with the method that it waits for.
    pub faults: Vec<(&'static str, Fault)>,
    /// How many were open at once at most, when one was opened.
    pub most_open: usize,
    /// The repository, bare. `None`: there is none.
    pub repository: Option<PathBuf>,
    /// Tickets, the oldest first.
    pub issues: Vec<Issue>,
    /// How many things happened to tickets.
    pub ticks: u64,
    /// Whether it is an edition without what is sold: a GitLab has no weights then.
    pub is_free: bool,
    /// See there.
    pub watch: Option<Watch>,
}

impl State {
    /// A new request.
    pub fn open(&mut self, branch: &str, base: &str, title: &str, body: &str) -> Kept {
        let number = self.requests.len() as u64 + 7;
        let (branch, base) = (branch.to_owned(), base.to_owned());
        let (title, body) = (title.to_owned(), body.to_owned());
        let new = Kept { number, branch, base, title, body, state: "open", ..Kept::default() };
        self.requests.push(new.clone());
        let open = self.requests.iter().filter(|kept| kept.state == "open" && !kept.fork).count();
        self.most_open = self.most_open.max(open);
        new
    }

    /// A new ticket.
    pub fn file(&mut self, issue: Issue) -> Issue {
        self.ticks += 1;
        let number = self.issues.len() as u64 + 7;
        let new = Issue { number, updated: self.ticks, rev: 1, ..issue };
        self.issues.push(new.clone());
        new
    }

    /// Changes a ticket. `None`: there is none of this number.
    pub fn alter(&mut self, number: &str, what: impl FnOnce(&mut Issue)) -> Option<Issue> {
        let number: u64 = number.parse().ok()?;
        self.ticks += 1;
        let ticks = self.ticks;
        let issue = self.issues.iter_mut().find(|issue| issue.number == number)?;
        what(issue);
        (issue.updated, issue.rev) = (ticks, issue.rev + 1);
        Some(issue.clone())
    }

    /// A ticket by its number.
    pub fn issue(&self, number: &str) -> Option<&Issue> {
        let number: u64 = number.parse().ok()?;
        self.issues.iter().find(|issue| issue.number == number)
    }

    /// A request by its number.
    pub fn get(&mut self, number: &str) -> Option<&mut Kept> {
        let number: u64 = number.parse().ok()?;
        self.requests.iter_mut().find(|kept| kept.number == number)
    }

    /// Merges a request, if its branch is at this commit. False: it is not.
    pub(super) fn merge(&mut self, number: &str, tip: &str) -> bool {
        let repository = self.repository.clone();
        let Some(kept) = self.get(number).filter(|kept| kept.state == "open") else { return false };
        let done = repository.is_none_or(|bare| git::merge(&bare, &kept.branch, &kept.base, tip));
        if done {
            kept.state = "merged";
        }
        done
    }

    /// The newest first.
    pub fn newest(&self) -> Vec<Kept> {
        self.requests.iter().rev().cloned().collect()
    }
}

/// A host that runs.
pub struct Fake {
    /// `http://127.0.0.1:PORT`
    pub address: String,
    /// What it keeps.
    pub state: Arc<Mutex<State>>,
}

impl Fake {
    /// Starts one that has requests only.
    pub fn start(dialect: &'static dyn Dialect) -> Fake {
        Fake::begin(dialect, None)
    }

    /// Starts one with a repository below a folder, that git reaches at [`Fake::remote`].
    pub fn with_repository(dialect: &'static dyn Dialect, root: &Path) -> Fake {
        let bare = git::begin(root, dialect.path());
        let fake = Fake::begin(dialect, Some(root.to_owned()));
        fake.state.lock().unwrap().repository = Some(bare);
        fake
    }

    /// Where git has the repository.
    pub fn remote(&self, dialect: &dyn Dialect) -> String {
        format!("{}/{}.git", self.address, dialect.path())
    }

    fn begin(dialect: &'static dyn Dialect, root: Option<PathBuf>) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = answer(&stream.unwrap(), dialect, &shared, root.as_deref());
            }
        });
        Fake { address, state }
    }
}

fn answer(
    stream: &TcpStream,
    dialect: &dyn Dialect,
    state: &Arc<Mutex<State>>,
    root: Option<&Path>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut parts = line.split(' ');
    let method = parts.next().unwrap_or_default().to_owned();
    let target = parts.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let asked_query = query;
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    });
    let mut asked = Asked {
        method,
        path: path.trim_start_matches('/').split('/').map(str::to_owned).collect(),
        query: query.collect(),
        headers: Vec::new(),
        body: Value::Null,
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        asked.headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = asked.header("content-length").map_or(0, |l| l.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if let Some(root) = root.filter(|_| asked.path.iter().any(|part| part.ends_with(".git"))) {
        let whole = git::answer(root, &asked, asked_query, &body);
        let mut stream = stream;
        return stream.write_all(&whole);
    }
    if length > 0 {
        let kind = asked.header("content-type").unwrap();
        assert!(["application/json", "application/json-patch+json"].contains(&kind), "{kind}");
        asked.body = serde_json::from_slice(&body).unwrap();
    }
    let mut held = state.lock().unwrap();
    held.asked.push(asked.clone());
    let watched = held.watch.as_mut().and_then(|watch| (watch.0)(&asked));
    let fault = watched.or_else(|| match held.faults.first() {
        Some((method, _)) if *method == asked.method => Some(held.faults.remove(0).1),
        _ => None,
    });
    let write = |status: u16, headers: &[(&str, String)], value: &Value| {
        let text = if value.is_null() { String::new() } else { value.to_string() };
        let mut out = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n");
        for (name, value) in headers {
            out += &format!("{name}: {value}\r\n");
        }
        out += &format!("content-length: {}\r\n\r\n{text}", text.len());
        let mut stream = stream;
        stream.write_all(out.as_bytes())
    };
    match fault {
        Some(Fault::Lost) => return Ok(()),
        Some(Fault::Status(status, headers)) => {
            return write(
                status,
                &headers,
                &serde_json::json!({ "message": "Please try again later" }),
            );
        }
        Some(Fault::DoneAndLost) => {
            dialect.answer(&asked, &mut held);
            return Ok(());
        }
        None => {}
    }
    let (status, value) = if dialect.is_known(&asked) {
        dialect.answer(&asked, &mut held)
    } else {
        (401, serde_json::json!({ "message": "Bad credentials" }))
    };
    drop(held);
    write(status, &[], &value)
}
