//! The pasts of `corpus/backtest`, each made into a git repository with an index beside it.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_testkit::past::{begin, commit};

use crate::command::{Ran, Terminal, run_in};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Case {
    pub(crate) intent: String,
    pub(crate) since: toml::value::Datetime,
    pub(crate) now: String,
    pub(crate) cadence: String,
    pub(crate) capacity: u32,
    pub(crate) findings: usize,
    pub(crate) due: usize,
    #[serde(default)]
    pub(crate) gaps: Vec<String>,
    pub(crate) commit: Vec<Commit>,
    #[serde(default)]
    pub(crate) advisory: Vec<Advisory>,
    #[serde(flatten)]
    pub(crate) ways: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
pub(crate) struct Commit {
    pub(crate) at: String,
    #[serde(default)]
    pub(crate) packages: Vec<String>,
    pub(crate) text: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Advisory {
    pub(crate) id: String,
    pub(crate) package: String,
    pub(crate) published: String,
    pub(crate) withdrawn: Option<String>,
    pub(crate) fixed: Option<String>,
    /// From which version on it is there again, without a fix.
    pub(crate) again: Option<String>,
    pub(crate) gravity: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) load_days: Option<f64>,
    pub(crate) median: Option<f64>,
    pub(crate) gone: Option<usize>,
    pub(crate) open: Option<usize>,
    pub(crate) spared: Option<usize>,
    pub(crate) kept: Option<usize>,
    pub(crate) interruptions: Option<usize>,
    pub(crate) now: Option<usize>,
    pub(crate) points: Option<f64>,
}

/// A lockfile of a project that names all of its packages.
pub(crate) fn lockfile(packages: &[String]) -> String {
    let mut text = "version = 4\n".to_owned();
    let names: Vec<_> = packages.iter().filter_map(|p| p.split(' ').next()).collect();
    text.push_str("\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
    text.push_str(&format!("dependencies = {names:?}\n"));
    for package in packages {
        let (name, version) = package.split_once(' ').unwrap();
        text.push_str(&format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n"));
        text.push_str("source = \"registry+https://github.com/rust-lang/crates.io-index\"\n");
    }
    text
}

pub(crate) fn record(advisory: &Advisory) -> Value {
    let vector = match advisory.gravity.as_str() {
        "critical" => "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "none" => "",
        "medium" => "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
        other => panic!("no score for {other}"),
    };
    let mut events = vec![json!({"introduced": "0"})];
    events.extend(advisory.fixed.iter().map(|fixed| json!({"fixed": fixed})));
    events.extend(advisory.again.iter().map(|again| json!({"introduced": again})));
    let mut record = json!({
        "schema_version": "1.7.0", "id": advisory.id, "summary": "made for a test",
        "published": advisory.published, "modified": "2026-03-10T00:00:00Z",
        "severity": [{"type": "CVSS_V3", "score": vector}],
        "affected": [{
            "package": {"ecosystem": "crates.io", "name": advisory.package},
            "ranges": [{"type": "SEMVER", "events": events}],
        }],
    });
    if vector.is_empty() {
        record["severity"] = json!([]);
    }
    if let Some(withdrawn) = &advisory.withdrawn {
        record["withdrawn"] = json!(withdrawn);
    }
    record
}

/// A folder with a repository and an index in it.
pub(crate) struct Made {
    pub(crate) folder: tempfile::TempDir,
}

impl Made {
    pub(crate) fn of(case: &Case) -> Made {
        let made = Made::index(&case.advisory);
        let root = made.root();
        begin(&root);
        for one in &case.commit {
            let text = one.text.clone().unwrap_or_else(|| lockfile(&one.packages));
            commit(&root, &one.at, "a change", &[("Cargo.lock", Some(&text))]);
        }
        made
    }

    /// A folder for a repository, and an index.
    pub(crate) fn index(advisories: &[Advisory]) -> Made {
        let made = Made { folder: tempfile::tempdir().unwrap() };
        let osv = made.folder.path().join("feeds/osv/crates.io");
        fs::create_dir_all(&osv).unwrap();
        fs::create_dir_all(made.root()).unwrap();
        for advisory in advisories {
            let text = record(advisory).to_string();
            fs::write(osv.join(format!("{}.json", advisory.id)), text).unwrap();
        }
        let feeds = made.folder.path().join("feeds").display().to_string();
        let db = made.db();
        let args = ["db", "update", "--from", &feeds, "--db", &db];
        let ran = run_in(None, &args, "", Terminal::default());
        assert_eq!(ran.exit as u8, 0, "{}", ran.err);
        made
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("app")
    }

    pub(crate) fn db(&self) -> String {
        self.folder.path().join("advisories.index").display().to_string()
    }

    pub(crate) fn run(&self, more: &[&str]) -> Ran {
        let (root, db) = (self.root().display().to_string(), self.db());
        let mut args = vec!["backtest", &root, "--db", &db];
        args.extend(more);
        run_in(None, &args, "", Terminal::default())
    }
}

pub(crate) fn cases() -> Vec<(String, Case)> {
    let folder = trimtab_testkit::repository().join("corpus/backtest");
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let case = toml::from_str(&fs::read_to_string(&path).unwrap());
            (name.clone(), case.unwrap_or_else(|e| panic!("{name}: {e}")))
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(all.len() >= 5);
    all
}

pub(crate) fn case(name: &str) -> Case {
    cases().into_iter().find(|(n, _)| n == name).unwrap().1
}

/// What the case says on the command line.
pub(crate) fn said(case: &Case) -> Vec<String> {
    let (since, capacity) = (case.since.to_string(), case.capacity.to_string());
    ["--since", &since, "--now", &case.now, "--cadence", &case.cadence, "--capacity", &capacity]
        .map(str::to_owned)
        .to_vec()
}

pub(crate) fn run(made: &Made, case: &Case, more: &[&str]) -> Ran {
    let said = said(case);
    let mut args: Vec<&str> = said.iter().map(String::as_str).collect();
    args.extend(more);
    made.run(&args)
}
