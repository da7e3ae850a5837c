//! A team: a repository behind a git host on this machine, a clone of Trimtab's user, and one of somebody else.
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::MutexGuard;

use serde_json::{Value, json};
use trimtab_testkit::git_host::{ALL, Dialect, Fake, Kept, State};
use trimtab_testkit::gitea::{Gitea, OWNER, gitea};

use crate::batches::{Act, Case, git, npm, text};

/// Where the repository is.
enum Served {
    /// At a host that speaks as its documentation says.
    Fake(Fake, &'static dyn Dialect),
    /// At a real Gitea, under this name.
    Real(&'static Gitea, &'static str),
}

/// Where the work of a team is.
pub(crate) struct Team {
    pub(crate) case: Case,
    served: Served,
}

impl Team {
    /// A repository with a project of npm. `None`: npm is not there.
    pub(crate) fn begin(kind: &str) -> Option<Team> {
        let case = npm("const t = require('node:test'); t('fine', () => {});\n")?;
        Some(Team::of(case, kind))
    }

    /// A repository with a project.
    pub(crate) fn of(case: Case, kind: &str) -> Team {
        let dialect = *ALL.iter().find(|dialect| dialect.kind() == kind).unwrap();
        let fake = Fake::with_repository(dialect, &case.folder.path().join("served"));
        Team { case, served: Served::Fake(fake, dialect) }.pushed()
    }

    /// The same on a real Gitea, in a repository of this name. `None`: it was not built, or npm is not there.
    pub(crate) fn on_real_gitea(name: &'static str) -> Option<Team> {
        let case = npm("const t = require('node:test'); t('fine', () => {});\n")?;
        let gitea = gitea()?;
        gitea.repository(name);
        Some(Team { case, served: Served::Real(gitea, name) }.pushed())
    }

    fn pushed(self) -> Team {
        let (root, remote) = (self.case.root(), self.remote());
        git(&root, &["branch", "-M", "main"]);
        git(&root, &["remote", "add", "origin", &remote]);
        git(&root, &["push", "-q", "origin", "main"]);
        if let Served::Real(gitea, name) = &self.served {
            gitea.wait_for_first_push(name);
        }
        git(self.case.folder.path(), &["clone", "-q", &remote, "other"]);
        self
    }

    fn remote(&self) -> String {
        match &self.served {
            Served::Fake(fake, dialect) => fake.remote(*dialect),
            Served::Real(gitea, name) => gitea.remote(name),
        }
    }

    /// The word of the kind of host.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.served {
            Served::Fake(_, dialect) => dialect.kind(),
            Served::Real(..) => "gitea",
        }
    }

    /// What a host that is no real one keeps.
    pub(crate) fn host(&self) -> MutexGuard<'_, State> {
        let Served::Fake(fake, _) = &self.served else { panic!("a real host keeps it for itself") };
        fake.state.lock().unwrap()
    }

    /// The requests that the host has, the oldest first.
    pub(crate) fn asked_for(&self) -> Vec<Kept> {
        let (gitea, name) = match &self.served {
            Served::Fake(..) => return self.host().requests.clone(),
            Served::Real(gitea, name) => (gitea, name),
        };
        let below = format!("repos/{OWNER}/{name}");
        let all = gitea.send("GET", &format!("{below}/pulls?state=all"), &Value::Null);
        let one = |pull: &Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let number = pull["number"].as_u64().unwrap();
            let said = format!("{below}/issues/{number}/comments");
            let said = gitea.send("GET", &said, &Value::Null);
            Kept {
                number,
                branch: text(&pull["head"]["label"]),
                base: text(&pull["base"]["ref"]),
                title: text(&pull["title"]),
                body: text(&pull["body"]),
                state: match (pull["merged"].as_bool(), pull["state"].as_str()) {
                    (Some(true), _) => "merged",
                    (_, Some("open")) => "open",
                    _ => "closed",
                },
                labels: pull["labels"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|l| text(&l["name"]))
                    .collect(),
                said: said.as_array().unwrap().iter().map(|c| text(&c["body"])).collect(),
                ..Kept::default()
            }
        };
        all.as_array().unwrap().iter().rev().map(one).collect()
    }

    /// How many were open at once at most, where that is known.
    pub(crate) fn most_open(&self) -> Option<usize> {
        match &self.served {
            Served::Fake(..) => Some(self.host().most_open),
            Served::Real(..) => None,
        }
    }

    /// People close a request.
    pub(crate) fn close(&self, number: u64) {
        match &self.served {
            Served::Fake(..) => self.host().get(&number.to_string()).unwrap().state = "closed",
            Served::Real(gitea, name) => {
                let path = format!("repos/{OWNER}/{name}/pulls/{number}");
                gitea.send("PATCH", &path, &json!({ "state": "closed" }));
            }
        }
    }

    /// A plan with these batches.
    pub(crate) fn plan(&self, batches: &[(&str, &[Act])], limit: Option<u32>) {
        self.case.plan_of("npm", "package-lock.json", batches, limit);
    }

    /// `trimtab VERB …` for the repository: exit code, output, talk.
    pub(crate) fn says(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let (name, token) = match &self.served {
            Served::Fake(_, dialect) => dialect.token(),
            Served::Real(gitea, _) => ("GITEA_TOKEN", &*gitea.token),
        };
        let ran = Command::new(env!("CARGO_BIN_EXE_trimtab"))
            .args(args)
            .args(["--path", &text(&self.case.root()), "--db", &self.case.db()])
            .args(["--plan", &text(&self.case.folder.path().join("plan.json"))])
            .args(["--host", self.kind(), "--now", "2026-11-28T10:00:00Z"])
            .env(name, token)
            .env("XDG_DATA_HOME", self.case.folder.path().join("data"))
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ran.status.code(), text(ran.stdout), text(ran.stderr))
    }

    /// `trimtab apply BATCH --request`, without tests.
    pub(crate) fn apply(&self, batch: &str, more: &[&str]) -> Value {
        let args = ["apply", batch, "--request", "--test", "none", "--format", "json"];
        let (code, out, err) = self.says(&[&args[..], more].concat());
        assert!(matches!(code, Some(0 | 1)), "{code:?}: {err}");
        serde_json::from_str(&out).unwrap()
    }

    /// `trimtab requests …`.
    pub(crate) fn requests(&self, more: &[&str]) -> Value {
        let (code, out, err) = self.says(&[&["requests", "--format", "json"], more].concat());
        assert!(matches!(code, Some(0 | 3)), "{code:?}: {err}");
        let told: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}"));
        let failed = told.to_string().contains("failed: ");
        assert!(code == Some(0) || failed, "{err}");
        told
    }

    /// Git in the repository of the host.
    pub(crate) fn bare(&self, args: &[&str]) -> String {
        let bare = match &self.served {
            Served::Fake(..) => self.host().repository.clone().unwrap(),
            Served::Real(gitea, name) => gitea.bare(name),
        };
        git(&bare, args)
    }

    /// Somebody puts a branch back to a commit.
    pub(crate) fn reset(&self, branch: &str, commit: &str) {
        let to = format!("+{commit}:refs/heads/{branch}");
        git(&self.other(), &["push", "-q", "origin", &to]);
    }

    /// Where a branch of the host is.
    pub(crate) fn tip(&self, branch: &str) -> String {
        self.bare(&["rev-parse", &format!("refs/heads/{branch}")])
    }

    fn other(&self) -> PathBuf {
        self.case.folder.path().join("other")
    }

    /// Somebody else does something on a branch, commits what is staged, and pushes it: the commit.
    pub(crate) fn in_clone(&self, branch: &str, args: &[&str]) -> String {
        let other = self.other();
        git(&other, &["fetch", "-q", "--prune"]);
        git(&other, &["checkout", "-q", "-B", branch, &format!("origin/{branch}")]);
        git(&other, args);
        if !git(&other, &["status", "--porcelain"]).is_empty() {
            git(&other, &["commit", "-qm", "Mend it by hand"]);
        }
        git(&other, &["push", "-q", "origin", branch]);
        git(&other, &["rev-parse", "HEAD"])
    }

    /// Somebody else writes a file and pushes it: the commit.
    pub(crate) fn push_to(&self, branch: &str, file: &str, content: &str, message: &str) -> String {
        let other = self.other();
        git(&other, &["fetch", "-q", "--prune"]);
        git(&other, &["checkout", "-q", "-B", branch, &format!("origin/{branch}")]);
        fs::write(other.join(file), content).unwrap();
        git(&other, &["add", file]);
        self.commit_and_push(branch, message)
    }

    fn commit_and_push(&self, branch: &str, message: &str) -> String {
        let other = self.other();
        git(&other, &["commit", "-qm", message]);
        git(&other, &["push", "-q", "origin", branch]);
        git(&other, &["rev-parse", "HEAD"])
    }

    /// The user takes in what others did.
    pub(crate) fn update(&self) {
        git(&self.case.root(), &["pull", "-q", "--ff-only", "origin", "main"]);
    }

    /// People put one label on a request, and take all others off.
    pub(crate) fn label(&self, number: u64, label: &str) {
        match &self.served {
            Served::Fake(..) => {
                let mut host = self.host();
                // A label is one of the repository before it is one of a request.
                if !host.labels.iter().any(|held| held == label) {
                    host.labels.push(label.to_owned());
                }
                host.get(&number.to_string()).unwrap().labels = vec![label.to_owned()];
            }
            Served::Real(gitea, name) => gitea.label(name, number, label),
        }
    }
}
