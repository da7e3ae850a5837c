//! A team: a repository behind a git host on this machine, a clone of Trimtab's user, and one of somebody else.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::MutexGuard;

use serde_json::Value;
use trimtab_testkit::git_host::{ALL, Dialect, Fake, State};

use crate::batches::{Act, Case, git, npm, text};

/// Where the work of a team is.
pub(crate) struct Team {
    pub(crate) case: Case,
    dialect: &'static dyn Dialect,
    fake: Fake,
}

impl Team {
    /// A repository with a project of npm. `None`: npm is not there.
    pub(crate) fn begin(kind: &str) -> Option<Team> {
        let case = npm("const t = require('node:test'); t('fine', () => {});\n")?;
        let dialect = *ALL.iter().find(|dialect| dialect.kind() == kind).unwrap();
        let fake = Fake::with_repository(dialect, &case.folder.path().join("served"));
        let team = Team { case, dialect, fake };
        let (root, remote) = (team.case.root(), team.fake.remote(dialect));
        git(&root, &["branch", "-M", "main"]);
        git(&root, &["remote", "add", "origin", &remote]);
        git(&root, &["push", "-q", "origin", "main"]);
        git(team.case.folder.path(), &["clone", "-q", &remote, "other"]);
        Some(team)
    }

    /// What the host keeps.
    pub(crate) fn host(&self) -> MutexGuard<'_, State> {
        self.fake.state.lock().unwrap()
    }

    /// A plan with these batches.
    pub(crate) fn plan(&self, batches: &[(&str, &[Act])], limit: Option<u32>) {
        self.case.plan_of("npm", "package-lock.json", batches, limit);
    }

    /// `trimtab VERB …` for the repository: exit code, output, talk.
    pub(crate) fn says(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let (name, token) = self.dialect.token();
        let ran = Command::new(env!("CARGO_BIN_EXE_trimtab"))
            .args(args)
            .args(["--path", &text(&self.case.root()), "--db", &self.case.db()])
            .args(["--plan", &text(&self.case.folder.path().join("plan.json"))])
            .args(["--host", self.dialect.kind(), "--now", "2026-11-28T10:00:00Z"])
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
        let bare = self.host().repository.clone().unwrap();
        git(&bare, args)
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
        let mut host = self.host();
        let kept = host.get(&number.to_string()).unwrap();
        kept.labels = vec![label.to_owned()];
    }
}
