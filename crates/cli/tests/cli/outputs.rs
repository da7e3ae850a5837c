//! Several results of one run, and registries that are asked at once.
use crate::command::{Ran, run};
use crate::repository::{Repository, sample_index};
use trimtab_cli::Exit;

const NOW: &str = "2026-02-01T09:00:00Z";
const GATE: &[&str] = &[
    "text",
    "json",
    "sarif",
    "github",
    "step-summary",
    "gitlab-codequality",
    "gitlab",
    "junit",
    "markdown",
];
const SCAN: &[&str] = &[
    "table",
    "json",
    "sarif",
    "cyclonedx-json",
    "cyclonedx-xml",
    "spdx-json",
    "spdx-tag",
    "markdown",
    "html",
    "gitlab",
    "csv",
];

/// Runs a verb once with every format into a file of its own: each file holds what a run with this format alone
/// prints, and standard output what it has without files.
fn all_at_once(verb: &dyn Fn(&[&str]) -> Ran, formats: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = |format: &str| folder.path().join(format).display().to_string();
    let targets: Vec<String> = formats.iter().map(|f| format!("{f}={}", file(f))).collect();
    let mut args = Vec::new();
    for target in &targets {
        args.extend(["--output", target.as_str()]);
    }
    let ran = verb(&args);
    let plain = verb(&[]);
    assert_eq!((ran.exit, &ran.out), (plain.exit, &plain.out), "{}", ran.err);
    assert!(!ran.out.is_empty());
    for format in formats {
        let alone = verb(&["--format", format]);
        assert_eq!(alone.exit, plain.exit, "{format}: {}", alone.err);
        let written = std::fs::read_to_string(file(format)).unwrap();
        assert!(written == alone.out && !written.is_empty(), "{format}: {written}");
    }
    // What `--format` names goes to the file without a format, and nowhere else.
    let rest = file("rest");
    let ran = verb(&["--format", formats[1], "--output", &rest, "--output", &targets[2]]);
    assert_eq!((ran.exit, ran.out.as_str()), (plain.exit, ""), "{}", ran.err);
    assert_eq!(
        std::fs::read_to_string(&rest).unwrap(),
        std::fs::read_to_string(file(formats[1])).unwrap()
    );
    let known = formats.join(", ");
    for (args, expected) in [
        (vec!["--output", "jsn=a"], format!("`jsn` is not a format: {known}")),
        (vec!["--output", "json="], "name a file after `json=`".to_owned()),
        (vec!["--output", "a", "--output", "b"], "no format of their own".to_owned()),
        (vec!["--output", "json=a", "--output", "sarif=a"], "would go to `a`".to_owned()),
    ] {
        let ran = verb(&args);
        assert_eq!(ran.exit, Exit::Usage, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(&expected), "{args:?}: {}", ran.err);
    }
}

#[test]
fn the_gate_writes_all_its_outputs_in_one_run() {
    let repository = Repository::new(&[("axios", "0.21.0")]);
    repository.lock(&[("axios", "0.21.0"), ("moment", "2.24.0")]);
    let first = ["gate", "HERE", "--against", "HEAD", "--now", NOW];
    all_at_once(&|more| repository.trimtab(&[&first, more].concat()), GATE);
    // Where no text is shown, the outcome is still said.
    let file = repository.path().join("gate.json").display().to_string();
    let ran = repository.trimtab(&[&first[..], &["--format", "json", "-o", &file]].concat());
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Violated, ""));
    assert!(ran.err.starts_with("Fails: "), "{}", ran.err);
}

#[test]
fn a_scan_and_a_saved_one_write_all_theirs() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    let scan = ["scan", "HERE", "--now", NOW];
    all_at_once(&|more| repository.trimtab(&[&scan, more].concat()), SCAN);
    let saved = repository.path().join("saved.json").display().to_string();
    let target = format!("json={saved}");
    let ran = repository.trimtab(&[&scan[..], &["--output", &target]].concat());
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    all_at_once(&|more| run(&[&["convert", &saved], more].concat()), SCAN);
}

#[test]
fn asking_within_no_time_leaves_everything_unknown() {
    let repository = Repository::new(&[]);
    repository.lock(&[("left-pad", "1.3.0"), ("uuid", "9.0.0")]);
    let first = ["gate", "HERE", "--against", "HEAD", "--now", NOW];
    let gate = |more: &[&str]| repository.trimtab(&[&first, more].concat());
    let ran = gate(&["--ask", "--ask-seconds", "0"]);
    assert_eq!(ran.exit, Exit::Clean, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("registries were not asked about 2 of 2 packages")
            && ran.err.contains("--ask-seconds"),
        "{}",
        ran.err
    );
    assert_eq!(gate(&["--ask-seconds", "5"]).exit, Exit::Usage, "nobody asks");
    // Without asking nothing is missed: that is no news.
    assert!(!gate(&[]).err.contains("not asked about"));
}

/// A stand-in for npm that tells of every package that it is new, and notes what it was asked.
#[cfg(unix)]
const NPM: &str = r#"#!/bin/sh
case $1 in
view)
  echo "$2" >> "$ASKED"
  printf '{"name": "%s", "version": "%s", "time": {"1.0.0": "2026-01-31T00:00:00Z"}}' "${2%@*}" "${2##*@}"
  ;;
esac
"#;

#[cfg(unix)]
#[test]
fn what_a_change_brings_in_is_asked_about_once_and_kept() {
    use std::process::Command;
    let repository = Repository::new(&[("left-pad", "1.3.0")]);
    let names: Vec<String> = (0..20).map(|n| format!("hoof-{n}")).collect();
    let mut packages: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "1.0.0")).collect();
    packages.push(("left-pad", "1.3.0"));
    repository.lock(&packages);
    repository.commit("Bring in twenty packages");
    let elsewhere = tempfile::tempdir().unwrap();
    let here = elsewhere.path();
    std::fs::create_dir(here.join("programs")).unwrap();
    std::fs::write(here.join("script"), NPM).unwrap();
    // Another process writes it: none of ours has it open for writing when it is run.
    let program = here.join("programs/npm");
    let mut install = Command::new("install");
    install.args(["-m", "755"]).arg(here.join("script")).arg(&program);
    assert!(install.status().unwrap().success());
    sample_index(here);
    let mut path = vec![here.join("programs")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let path = std::env::join_paths(path).unwrap();
    let gate = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_trimtab"))
            .args(["gate", "--against", "HEAD^", "--now", NOW, "--db", &repository.db])
            .args(["--format", "json"])
            .args(more)
            .arg(repository.path())
            .env("PATH", &path)
            .env("ASKED", here.join("asked"))
            .env("XDG_DATA_HOME", here.join("data"))
            .env("HOME", here)
            .output()
            .unwrap()
    };
    let denied = |output: &std::process::Output| {
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let verdicts = told["verdicts"].as_array().unwrap().clone();
        let denied = verdicts.iter().filter(|v| v["effect"] == "deny");
        denied
            .filter(|v| v["message"].as_str().unwrap().contains("it was published 1 days ago"))
            .count()
    };
    // Only the registry knows when each was published.
    let ran = gate(&["--ask"]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert_eq!(denied(&ran), 20, "{ran:?}");
    let mut asked: Vec<String> =
        std::fs::read_to_string(here.join("asked")).unwrap().lines().map(str::to_owned).collect();
    asked.sort();
    let mut expected: Vec<String> = names.iter().map(|n| format!("{n}@1.0.0")).collect();
    expected.sort();
    assert_eq!(asked, expected);
    // What was told is kept, so that a run without asking knows it, and gives the same bytes.
    std::fs::remove_file(here.join("asked")).unwrap();
    let again = gate(&[]);
    assert_eq!(again.stdout, ran.stdout);
    assert_eq!(gate(&["--ask"]).stdout, ran.stdout);
    assert!(!here.join("asked").exists());
}
