//! The life of a request on a real Gitea, on this machine. `cargo xtask gitea` builds it; where that was not done, this is
//! skipped, and says so.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the tests of apply use the rest")]
mod batches;
#[expect(dead_code, reason = "the tests of verbs use the rest")]
mod command;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use batches::{Case, INHERITS, MS, git, npm, text};
use serde_json::{Value, json};

/// Where `cargo xtask gitea` puts the program and its templates. `None`: it is not there.
fn program() -> Option<(PathBuf, PathBuf)> {
    let folder = trimtab_testkit::repository().join("target/tools/gitea");
    let (program, root) = (folder.join("gitea"), folder.join("source"));
    if !program.is_file() || !root.is_dir() {
        eprintln!("SKIPPED: no Gitea at {} (cargo xtask gitea)", program.display());
        return None;
    }
    Some((program, root.canonicalize().unwrap()))
}

/// A server with one person and one repository.
struct Gitea {
    child: Child,
    address: String,
    token: String,
}

impl Drop for Gitea {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Gitea {
    fn start(folder: &Path) -> Option<Gitea> {
        let (program, root) = program()?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("http://127.0.0.1:{port}");
        let work = folder.join("gitea");
        fs::create_dir_all(&work).unwrap();
        let config = work.join("app.ini");
        let settings = format!(
            "I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true\nRUN_MODE = prod\nWORK_PATH = {work}\n\
             [database]\nDB_TYPE = sqlite3\nPATH = {work}/gitea.db\n\
             [repository]\nROOT = {work}/repositories\n\
             [server]\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = {port}\nROOT_URL = {address}/\nSTATIC_ROOT_PATH = {root}\n\
             DISABLE_SSH = true\nOFFLINE_MODE = true\nLFS_START_SERVER = false\n\
             [security]\nINSTALL_LOCK = true\nSECRET_KEY = only-for-tests\n\
             [log]\nMODE = console\nLEVEL = Error\n\
             [indexer]\nISSUE_INDEXER_TYPE = db\n\
             [actions]\nENABLED = false\n",
            work = work.display(),
            root = root.display(),
        );
        fs::write(&config, settings).unwrap();
        let says = |args: &[&str]| {
            let mut program = Command::new(&program);
            program.arg("--config").arg(&config).args(args).current_dir(&root);
            // It looks at who runs it.
            program
                .env("HOME", &work)
                .env("USER", std::env::var_os("USER").unwrap_or("root".into()));
            program
        };
        let ran = says(&["migrate"]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let person =
            ["--username", "ann", "--password", "a-password", "--email", "ann@example.org"];
        let create = ["admin", "user", "create", "--admin", "--must-change-password=false"];
        let ran = says(&[&create[..], &person].concat()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let token = ["admin", "user", "generate-access-token", "--username", "ann", "--raw"];
        let ran = says(&[&token[..], &["--scopes", "all"]].concat()).output().unwrap();
        let token =
            String::from_utf8(ran.stdout).unwrap().lines().last().unwrap().trim().to_owned();
        let log = fs::File::create(work.join("log")).unwrap();
        let child = says(&["web"]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let gitea = Gitea { child, address, token };
        let until = Instant::now() + Duration::from_secs(120);
        while ureq::get(format!("{}/api/healthz", gitea.address)).call().is_err() {
            let log = || fs::read_to_string(work.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "it does not answer: {}", log());
            std::thread::yield_now();
        }
        gitea.send("POST", "user/repos", &json!({ "name": "app", "default_branch": "main" }));
        Some(gitea)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v1/{path}", self.address))
            .header("authorization", format!("token {}", self.token))
            .header("content-type", "application/json")
            .body(if body.is_null() { String::new() } else { body.to_string() })
            .unwrap();
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.run(request).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {} {text}", answer.status());
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn remote(&self) -> String {
        format!("{}/ann/app.git", self.address.replace("//", "//ann:a-password@"))
    }

    /// People put one label on a request, and take all others off.
    fn label(&self, number: u64, name: &str) {
        let all = self.send("GET", "repos/ann/app/labels", &Value::Null);
        let known = all.as_array().unwrap().iter().find(|l| l["name"] == name).cloned();
        let label = known.unwrap_or_else(|| {
            let body = json!({ "name": name, "color": "#123456" });
            self.send("POST", "repos/ann/app/labels", &body)
        });
        let path = format!("repos/ann/app/issues/{number}/labels");
        self.send("PUT", &path, &json!({ "labels": [label["id"]] }));
    }

    fn pulls(&self) -> Vec<Value> {
        let all = self.send("GET", "repos/ann/app/pulls?state=all", &Value::Null);
        all.as_array().unwrap().clone()
    }
}

fn says(case: &Case, gitea: &Gitea, args: &[&str]) -> Value {
    let ran = Command::new(env!("CARGO_BIN_EXE_trimtab"))
        .args(args)
        .args(["--path", &text(&case.root()), "--db", &case.db(), "--format", "json"])
        .args(["--plan", &text(&case.folder.path().join("plan.json"))])
        .args(["--host", "gitea", "--now", "2026-11-28T10:00:00Z"])
        .env("GITEA_TOKEN", &gitea.token)
        .env("XDG_DATA_HOME", case.folder.path().join("data"))
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{args:?}: {err}");
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {err}"))
}

/// What is decided, as `#number batch what`.
fn steps(told: &Value) -> Vec<String> {
    let one = |s: &Value| {
        let number = s["number"].as_u64().map_or("-".to_owned(), |n| format!("#{n}"));
        format!("{number} {} {}", s["batch"].as_str().unwrap(), s["what"].as_str().unwrap())
    };
    told["steps"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn a_request_lives_on_a_real_gitea() {
    let Some(case) = npm("const t = require('node:test'); t('fine', () => {});\n") else { return };
    let Some(gitea) = Gitea::start(case.folder.path()) else { return };
    let root = case.root();
    git(&root, &["branch", "-M", "main"]);
    git(&root, &["remote", "add", "origin", &gitea.remote()]);
    git(&root, &["push", "-q", "origin", "main"]);
    let plan = |batches: &[(&str, &[batches::Act])]| {
        case.plan_of("npm", "package-lock.json", batches, Some(1));
    };
    let requests = |more: &[&str]| says(&case, &gitea, &[&["requests"], more].concat());
    let sync = |more: &[&str]| requests(&[&["--sync", "--test", "none"], more].concat());
    plan(&[("week-48", &[MS])]);

    let told = sync(&["--open"]);
    assert_eq!(told["steps"][0]["became"], "#1: opened: it is planned", "{told:#}");
    assert_eq!(steps(&sync(&["--open"])), ["#1 week-48 keep"]);

    // The base moves.
    fs::write(root.join("README.md"), "Read me\n").unwrap();
    git(&root, &["add", "README.md"]);
    git(&root, &["commit", "-qm", "Write a page"]);
    git(&root, &["push", "-q", "origin", "main"]);
    assert_eq!(steps(&requests(&[])), ["#1 week-48 rebase"]);
    let told = sync(&[]);
    assert_eq!(told["steps"][0]["became"], "#1: updated", "{told:#}");
    assert_eq!(steps(&requests(&[])), ["#1 week-48 keep"]);

    // Another batch takes it over, in its place.
    plan(&[("week-49", &[MS, INHERITS])]);
    assert_eq!(steps(&requests(&[])), ["#1 week-48 supersede", "- week-49 open"]);
    let told = sync(&["--open"]);
    assert_eq!(told["open"], 1, "{told:#}");
    let states: Vec<_> =
        gitea.pulls().iter().map(|p| (p["number"].as_u64(), p["state"].clone())).collect();
    assert_eq!(states, [(Some(2), json!("open")), (Some(1), json!("closed"))]);
    let said = gitea.send("GET", "repos/ann/app/issues/1/comments", &Value::Null);
    assert!(said[0]["body"].as_str().unwrap().contains("`week-49`"), "{said:#}");

    // Held, then approved and merged.
    gitea.label(2, "trimtab:hold");
    assert_eq!(steps(&sync(&["--merge"]))[0], "#2 week-49 leave");
    gitea.label(2, "trimtab:approve");
    let mut told = sync(&["--merge"]);
    // Gitea looks for conflicts in its own time, and says no until then.
    let until = Instant::now() + Duration::from_secs(60);
    while told["steps"][0]["became"] != "merged" && Instant::now() < until {
        told = requests(&["--sync", "--merge", "--test", "none"]);
    }
    assert_eq!(told["steps"][0]["became"], "merged", "{told:#}");
    let told = requests(&[]);
    assert_eq!(steps(&told), ["- week-49 wait", "#2 week-49 done", "#1 week-48 over"], "{told:#}");

    // Taken back, and not wanted.
    git(&root, &["pull", "-q", "--ff-only", "origin", "main"]);
    git(&root, &["revert", "--no-edit", "-m", "1", "HEAD"]);
    git(&root, &["push", "-q", "origin", "main"]);
    let told = sync(&["--open"]);
    assert_eq!(steps(&told)[..2], ["- week-49 reverted", "#2 week-49 reverted"], "{told:#}");
    let again = ["apply", "week-49", "--request", "--test", "none", "--again"];
    assert_eq!(says(&case, &gitea, &again)["request"]["number"], 3);
    gitea.send("PATCH", "repos/ann/app/pulls/3", &json!({ "state": "closed" }));
    assert_eq!(steps(&sync(&["--open"]))[0], "- week-49 not-wanted");
    assert_eq!(gitea.pulls().len(), 3);
}
