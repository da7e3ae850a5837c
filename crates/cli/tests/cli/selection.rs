//! `check-new` with what a client would bring: the client is a script that answers as npm does, with
//! hostile texts in its answers.
#![cfg(unix)]
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::command::{Ran, Terminal, run, run_in};
use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_cli::Exit;
use trimtab_connect::registry::closure::closure;
use trimtab_connect::registry::{Options, ask};

/// A folder for data with an index, and with what the scripted npm answered, so that it is known offline.
struct Data {
    folder: tempfile::TempDir,
}

const PACKAGE: &str = "pkg:npm/quagga-hoof@1.0.0";

impl Data {
    fn new(packages: &Value) -> Data {
        let folder = tempfile::tempdir().unwrap();
        let data = Data { folder };
        let records = data.path("records/osv/npm");
        fs::create_dir_all(&records).unwrap();
        for (id, name) in [("GHSA-aaaa-bbbb-cccc", "weak-hoof"), ("MAL-2024-1", "evil-hoof")] {
            let record = json!({
                "id": id, "modified": "2024-01-01T00:00:00Z", "summary": "x",
                "affected": [{
                    "package": { "ecosystem": "npm", "name": name },
                    "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }],
                }],
            });
            fs::write(records.join(format!("{id}.json")), record.to_string()).unwrap();
        }
        let db = data.db();
        let from = data.path("records").display().to_string();
        let ran = run(&["db", "update", "--from", &from, "--db", &db]);
        assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
        data.answer(packages);
        data
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn db(&self) -> String {
        self.path("advisories.index").display().to_string()
    }

    /// Lets a script answer as npm does, and keeps that.
    fn answer(&self, packages: &Value) {
        let view = json!({
            "name": "quagga-hoof", "version": "1.0.0", "license": "MIT",
            "deprecated": "no \u{1b}]0;title\u{7} more \u{202e}txt",
        });
        let lock = json!({
            "name": "trimtab-scratch", "version": "0.0.0", "lockfileVersion": 3,
            "packages": packages,
        });
        fs::write(self.path("view.json"), view.to_string()).unwrap();
        fs::write(self.path("lock.json"), lock.to_string()).unwrap();
        let here = self.folder.path().display();
        let script = format!(
            "#!/bin/sh\ncase $1 in view) cat '{here}/view.json' ;; *) cp '{here}/lock.json' package-lock.json ;; esac\n"
        );
        let programs = self.path("programs");
        fs::create_dir_all(&programs).unwrap();
        fs::write(programs.join("npm"), script).unwrap();
        fs::set_permissions(programs.join("npm"), fs::Permissions::from_mode(0o755)).unwrap();
        let options = Options {
            cache: Some(self.path("metadata")),
            programs: Some(programs),
            ..Options::at(Timestamp::now())
        };
        let purl = PACKAGE.parse().unwrap();
        let answer = ask(&purl, &options);
        assert!(answer.metadata.is_some(), "{answer:?}");
        let resolved = closure(&purl, &options);
        assert!(resolved.closure.is_some(), "{resolved:?}");
    }

    fn judged(&self, arguments: &[&str]) -> Ran {
        let db = self.db();
        let all = [&["check-new", PACKAGE, "--offline", "--db", &db], arguments].concat();
        run_in(Some(self.folder.path().to_owned()), &all, "", Terminal::default())
    }
}

fn packages(names: &[(&str, &str)]) -> Value {
    let mut all = serde_json::Map::new();
    all.insert(String::new(), json!({ "dependencies": { "quagga-hoof": "1.0.0" } }));
    all.insert(
        "node_modules/quagga-hoof".to_owned(),
        json!({ "version": "1.0.0", "license": "MIT" }),
    );
    for (name, licence) in names {
        let entry = json!({ "version": "2.0.0", "license": licence, "hasInstallScript": true });
        all.insert(format!("node_modules/{name}"), entry);
    }
    Value::Object(all)
}

fn told(ran: &Ran) -> Value {
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let file = trimtab_testkit::repository().join("docs/schemas/selection-1.schema.json");
    let schema: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&told).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    told
}

#[test]
fn what_it_brings_is_told_compactly_and_in_full() {
    let data = Data::new(&packages(&[("weak-hoof", "MIT"), ("fine-hoof", "ISC")]));
    let ran = data.judged(&[]);
    assert_eq!(ran.exit, Exit::Violated, "its deprecation: {}{}", ran.out, ran.err);
    let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains(
            "brings 2 packages, 1 with known vulnerabilities: weak-hoof@2.0.0 (GHSA-aaaa-bbbb-cccc); \
             2 running code when installed or built: fine-hoof@2.0.0, weak-hoof@2.0.0 \
             (npm install --package-lock-only)"
        ),
        "{}",
        ran.out
    );
    // What others wrote commands no terminal.
    assert!(!ran.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", ran.out);
    let told = told(&data.judged(&["--json"]));
    let all = told["closure"]["packages"].as_array().unwrap();
    assert_eq!(all.len(), 2, "{told:#}");
    assert_eq!(all[0]["purl"], "pkg:npm/fine-hoof@2.0.0");
    assert_eq!((&all[0]["licence"], &all[0]["install_scripts"]), (&json!("ISC"), &json!(true)));
    assert_eq!(all[1]["advisories"][0]["id"], "GHSA-aaaa-bbbb-cccc");
    // One step is what the registry lists.
    let shallow = data.judged(&["--json", "--shallow"]);
    assert_eq!(serde_json::from_str::<Value>(&shallow.out).unwrap()["closure"], Value::Null);
}

#[test]
fn an_attack_is_refused_at_any_depth_and_by_name_alone() {
    let data = Data::new(&packages(&[("fine-hoof/node_modules/evil-hoof", "MIT")]));
    let ran = data.judged(&[]);
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    assert!(ran.out.contains("evil-hoof@2.0.0"), "{}", ran.out);
    // A name that its registry took away has no version to ask about.
    let db = data.db();
    let ran = run(&["check-new", "pkg:npm/evil-hoof", "--offline", "--db", &db]);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("MAL-2024-1"), "{}", ran.out);
}

#[test]
fn a_lockfile_that_cannot_be_read_is_unknown() {
    let data = Data::new(&json!(7));
    let ran = data.judged(&["--json"]);
    let told = told(&ran);
    assert_eq!(told["closure"], Value::Null, "{told:#}");
    let reasons = told["reasons"].as_array().unwrap();
    let brings = reasons.iter().find(|r| r["rule"] == "brings" && r["unknown"] == true).unwrap();
    assert_eq!(brings["verdict"], "unknown", "{told:#}");
    let names: Vec<String> = (0..5_001).map(|n| format!("hoof-{n}")).collect();
    let all: Vec<_> = names.iter().map(|n| (n.as_str(), "MIT")).collect();
    let ran = Data::new(&packages(&all)).judged(&[]);
    assert!(ran.out.contains("more than 5000 packages"), "{}", ran.out);
    assert!(Path::new(&data.db()).is_file());
}
