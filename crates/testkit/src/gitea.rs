//! A real Gitea for tests: built by `cargo xtask gitea`, with SQLite in a temporary folder, on loopback. One serves a whole
//! process, and ends with it, however that ends. Where it was not built, tests are skipped, and say so.
#![expect(clippy::unwrap_used, reason = "development only: the test cannot go on")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Who owns every repository, and is admin.
pub const OWNER: &str = "ann";
/// Their password.
const WORD: &str = "a-password";
/// How long it may take to begin.
const LONGEST: Duration = Duration::from_secs(120);

/// A server that runs.
pub struct Gitea {
    /// `http://127.0.0.1:PORT`
    pub address: String,
    /// What the API takes.
    pub token: String,
    folder: PathBuf,
    /// Ends the server when the pipe to it closes, which it does with this process.
    _keeper: Child,
}

/// Where the program and its templates are. `None`: it was not built.
fn program() -> Option<(PathBuf, PathBuf)> {
    let folder = crate::repository().join("target/tools/gitea");
    let (program, root) = (folder.join("gitea"), folder.join("source"));
    if !program.is_file() || !root.is_dir() {
        eprintln!("SKIPPED: no Gitea at {} (cargo xtask gitea)", program.display());
        return None;
    }
    Some((program, root.canonicalize().unwrap()))
}

/// The one of this process. `None`, with a loud word, where it was not built.
///
/// # Panics
/// It is there and does not start: that is a failure of the test.
pub fn gitea() -> Option<&'static Gitea> {
    static ONE: OnceLock<Option<Gitea>> = OnceLock::new();
    ONE.get_or_init(Gitea::start).as_ref()
}

impl Gitea {
    fn start() -> Option<Gitea> {
        let (program, root) = program()?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("http://127.0.0.1:{port}");
        let name = format!("trimtab-gitea-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let config = folder.join("app.ini");
        fs::write(&config, settings(&folder, &root, port, &address)).unwrap();
        // It looks at who runs it.
        let user = std::env::var_os("USER").unwrap_or("root".into());
        let asks = |args: &[&str]| {
            let mut command = Command::new(&program);
            command.arg("--config").arg(&config).args(args).current_dir(&root);
            command.env("HOME", &folder).env("USER", &user);
            let ran = command.output().unwrap();
            assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
            String::from_utf8(ran.stdout).unwrap()
        };
        asks(&["migrate"]);
        let person = ["--username", OWNER, "--password", WORD, "--email", "ann@example.org"];
        let create = ["admin", "user", "create", "--admin", "--must-change-password=false"];
        asks(&[&create[..], &person].concat());
        let token = ["admin", "user", "generate-access-token", "--username", OWNER, "--raw"];
        let told = asks(&[&token[..], &["--scopes", "all"]].concat());
        // Before it there may be a warning.
        let token = told.lines().last().unwrap().trim().to_owned();
        let keeper = keep(&folder, &program, &config, &root);
        let gitea = Gitea { address, token, folder, _keeper: keeper };
        let until = Instant::now() + LONGEST;
        while ureq::get(format!("{}/api/healthz", gitea.address)).call().is_err() {
            let log = || fs::read_to_string(gitea.folder.join("log.txt")).unwrap_or_default();
            assert!(Instant::now() < until, "Gitea does not answer: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(gitea)
    }

    /// Asks the API.
    ///
    /// # Panics
    /// It says no.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, text) = self.answer(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Asks the API: status and text.
    ///
    /// # Panics
    /// It is not reached.
    pub fn answer(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
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
        (answer.status().as_u16(), text)
    }

    /// Makes a repository of the owner, empty.
    pub fn repository(&self, name: &str) {
        self.send("POST", "user/repos", &json!({ "name": name, "default_branch": "main" }));
    }

    /// Waits until a repository is known to have what was pushed first: Gitea notes it in its own time.
    ///
    /// # Panics
    /// It never is.
    pub fn wait_for_first_push(&self, name: &str) {
        let until = Instant::now() + LONGEST;
        let path = format!("repos/{OWNER}/{name}/pulls");
        while self.answer("GET", &path, &Value::Null).0 != 200 {
            assert!(Instant::now() < until, "{name} stays empty");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where git reaches a repository, with leave to write.
    pub fn remote(&self, name: &str) -> String {
        let host = self.address.replace("//", &format!("//{OWNER}:{WORD}@"));
        format!("{host}/{OWNER}/{name}.git")
    }

    /// The folder of a repository, bare. Who writes there goes past Gitea.
    pub fn bare(&self, name: &str) -> PathBuf {
        self.folder.join(format!("repositories/{OWNER}/{name}.git"))
    }

    /// People put one label on a request or issue, and take all others off.
    pub fn label(&self, repository: &str, number: u64, name: &str) {
        let labels = format!("repos/{OWNER}/{repository}/labels");
        let all = self.send("GET", &labels, &Value::Null);
        let known = all.as_array().unwrap().iter().find(|l| l["name"] == name).cloned();
        let label = known.unwrap_or_else(|| {
            self.send("POST", &labels, &json!({ "name": name, "color": "#123456" }))
        });
        let path = format!("repos/{OWNER}/{repository}/issues/{number}/labels");
        self.send("PUT", &path, &json!({ "labels": [label["id"]] }));
    }
}

fn settings(folder: &Path, root: &Path, port: u16, address: &str) -> String {
    let (work, root) = (folder.display(), root.display());
    format!(
        "I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true\nRUN_MODE = prod\nWORK_PATH = {work}\n\
         [database]\nDB_TYPE = sqlite3\nPATH = {work}/gitea.db\n\
         [repository]\nROOT = {work}/repositories\n\
         [server]\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = {port}\nROOT_URL = {address}/\n\
         STATIC_ROOT_PATH = {root}\nDISABLE_SSH = true\nOFFLINE_MODE = true\nLFS_START_SERVER = false\n\
         [security]\nINSTALL_LOCK = true\nSECRET_KEY = only-for-tests\n\
         [webhook]\nALLOWED_HOST_LIST = loopback\n\
         [log]\nMODE = console\nLEVEL = Error\n\
         [indexer]\nISSUE_INDEXER_TYPE = db\n\
         [actions]\nENABLED = false\n"
    )
}

/// Starts the server, below a shell that waits at a pipe which closes when this process is gone, and then ends it.
fn keep(folder: &Path, program: &Path, config: &Path, root: &Path) -> Child {
    const KEEPER: &str = "folder=$1; shift; \"$@\" & server=$!; read -r line; \
        kill -TERM $server; wait $server; rm -rf \"$folder\"";
    let log = fs::File::create(folder.join("log.txt")).unwrap();
    Command::new("/bin/sh")
        .args(["-c", KEEPER, "sh"])
        .arg(folder)
        .arg(program)
        .arg("--config")
        .arg(config)
        .arg("web")
        .current_dir(root)
        .env("HOME", folder)
        .env("USER", std::env::var_os("USER").unwrap_or("root".into()))
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
