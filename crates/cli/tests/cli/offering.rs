//! A registry of ours on this machine, in npm's interface: packages that a test declares, with the times at which they
//! were published. No package has content: nothing is fetched to resolve.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Map, Value, json};

/// A version that is offered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Version {
    /// When it was published. Empty: long ago.
    pub(crate) published: String,
    /// What it asks for: name and range.
    pub(crate) dependencies: Vec<(String, String)>,
    pub(crate) optional: Vec<(String, String)>,
    /// What it asks for beside it.
    pub(crate) peers: Vec<(String, String)>,
    /// Why it is given up.
    pub(crate) deprecated: Option<String>,
}

/// Packages with their versions, in ascending order.
pub(crate) type Universe = BTreeMap<String, Vec<(String, Version)>>;

/// Offers packages; the address. It ends with the test.
pub(crate) fn offer(universe: Universe) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let base = address.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            while lines.next().is_some_and(|line| !line.is_empty()) {}
            let path = first.split(' ').nth(1).unwrap_or_default().trim_matches('/');
            let name = path.split('?').next().unwrap_or_default().replace("%2f", "/");
            let (status, body) = match universe.get(&name) {
                Some(versions) => ("200 OK", packument(&name, versions, &base).to_string()),
                None => ("404 Not Found", "{}".to_owned()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let mut out = &stream;
            let _ = out.write_all(head.as_bytes()).and_then(|()| out.write_all(body.as_bytes()));
        }
    });
    address
}

/// What the registry says of a package.
fn packument(name: &str, versions: &[(String, Version)], base: &str) -> Value {
    let ranges = |all: &[(String, String)]| -> Map<String, Value> {
        all.iter().map(|(name, range)| (name.clone(), json!(range))).collect()
    };
    let one = |(version, of): &(String, Version)| {
        let file = name.rsplit('/').next().unwrap_or(name);
        let mut is = json!({
            "name": name, "version": version, "license": "MIT",
            "dependencies": ranges(&of.dependencies), "optionalDependencies": ranges(&of.optional),
            "peerDependencies": ranges(&of.peers),
            "dist": {
                "tarball": format!("{base}{name}/-/{file}-{version}.tgz"),
                "shasum": "0000000000000000000000000000000000000000",
                "integrity": integrity(name, version),
            },
        });
        if let Some(why) = &of.deprecated {
            is["deprecated"] = json!(why);
        }
        (version.clone(), is)
    };
    let published = |(version, of): &(String, Version)| match &*of.published {
        "" => (version.clone(), json!("2020-01-01T00:00:00.000Z")),
        at => (version.clone(), json!(at)),
    };
    let latest = versions.iter().rfind(|(version, _)| !version.contains('-')).map(|(v, _)| v);
    let mut time: Map<String, Value> = versions.iter().map(published).collect();
    time.insert("created".to_owned(), json!("2020-01-01T00:00:00.000Z"));
    time.insert("modified".to_owned(), json!("2026-01-01T00:00:00.000Z"));
    json!({
        "name": name, "dist-tags": { "latest": latest }, "license": "MIT",
        "versions": versions.iter().map(one).collect::<Map<_, _>>(), "time": time,
    })
}

/// A sum of no content. Each version has its own: npm takes those with the same sum for the same.
fn integrity(name: &str, version: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '+' };
    let own: String = format!("{version}/{name}").chars().map(plain).take(86).collect();
    format!("sha512-{own:A<86}==")
}

/// A version without anything else.
pub(crate) fn plain(version: &str) -> (String, Version) {
    (version.to_owned(), Version::default())
}

/// A program with a home of its own, in which the registry is configured.
pub(crate) fn run(program: &str, args: &[&str], folder: &Path, home: &Path) -> Option<Output> {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"));
    command.env_remove("npm_config_registry").env_remove("NPM_CONFIG_REGISTRY");
    command.env_remove("NPM_CONFIG_USERCONFIG").env_remove("npm_config_userconfig");
    command.output().ok()
}

/// A project with its home and its advisories, in a folder of the test.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// With this manifest and lockfile (`None`: as npm locks it), these OSV records, and the registry of a universe.
    /// `None`: npm is not there.
    pub(crate) fn new(
        manifest: &Value,
        lockfile: Option<&Value>,
        records: &[Value],
        universe: Universe,
    ) -> Option<Project> {
        let project = Project { folder: tempfile::tempdir().unwrap() };
        for folder in ["home", "project", "records/npm"] {
            std::fs::create_dir_all(project.at(folder)).unwrap();
        }
        std::fs::write(project.at("home/.npmrc"), format!("registry={}\n", offer(universe)))
            .unwrap();
        let text = serde_json::to_string_pretty(manifest).unwrap() + "\n";
        std::fs::write(project.at("project/package.json"), text).unwrap();
        if let Some(lockfile) = lockfile {
            let text = serde_json::to_string_pretty(lockfile).unwrap() + "\n";
            std::fs::write(project.at("project/package-lock.json"), text).unwrap();
        }
        for record in records {
            let mut record = record.clone();
            for (key, value) in [("schema_version", "1.6.0"), ("summary", "made up")] {
                record[key] = json!(value);
            }
            for key in ["modified", "published"] {
                record[key] = json!("2025-12-01T00:00:00Z");
            }
            let name = format!("records/npm/{}.json", record["id"].as_str().unwrap());
            std::fs::write(project.at(&name), record.to_string()).unwrap();
        }
        if lockfile.is_none() {
            project.npm(&["install", "--package-lock-only", "--ignore-scripts", "--no-audit"])?;
        }
        project.trimtab(&["db", "update", "--from", "records", "--db", "index"]);
        Some(project)
    }

    pub(crate) fn at(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    /// Runs npm in the project. `None`: it is not there, or does not run.
    pub(crate) fn npm(&self, args: &[&str]) -> Option<()> {
        match run("npm", args, &self.at("project"), &self.at("home")) {
            Some(ran) if ran.status.success() => Some(()),
            other => {
                eprintln!("SKIPPED: `npm` is not installed, or did not run: {other:?}");
                None
            }
        }
    }

    /// Runs trimtab beside the project; what it wrote.
    pub(crate) fn trimtab(&self, args: &[&str]) -> String {
        let ran =
            run(env!("CARGO_BIN_EXE_trimtab"), args, self.folder.path(), &self.at("home")).unwrap();
        assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Its plan, in February 2026.
    pub(crate) fn plan(&self) -> trimtab_report::plan::json::Document {
        let args = ["plan", "project", "--db", "index", "--format", "json", "--capacity", "100"];
        let now = ["--cadence", "week", "--now", "2026-02-02T09:00:00Z"];
        trimtab_report::plan::json::read(&self.trimtab(&[&args[..], &now].concat())).unwrap()
    }
}
