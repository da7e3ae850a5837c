//! What of a batch is carried out all the same: the parts of an action that breaks tests as a whole, and what only checks of
//! a later Go refuse.
#![cfg(unix)]
use std::fs;
use std::process::Command;

use crate::batches::{Act, Case, INHERITS, MS, git, is_away, npm};
use serde_json::{Value, json};
use trimtab_cli::Exit;

/// Fails with a later `ms`, whatever else moves.
const TEST: &str = "const t = require('node:test'), a = require('node:assert');\n\
    t('works', () => a.equal(require('ms')('1d'), 86400000));\n\
    t('pinned', () => a.match(require('ms/package.json').version, /^2[.]0/));\n";

/// The plan with its two actions as one.
fn joined(plan: &str) {
    let mut told: Value = serde_json::from_str(&fs::read_to_string(plan).unwrap()).unwrap();
    let other = told["actions"].as_array_mut().unwrap().pop().unwrap();
    let first = &mut told["actions"][0];
    first["proposal"]["with"] = json!([other["proposal"]]);
    first["removes"] = json!(["finding-0", "finding-1"]);
    told["batches"][0]["actions"] = json!(["action-0"]);
    fs::write(plan, told.to_string()).unwrap();
}

#[test]
fn the_parts_that_break_nothing_are_carried_out() {
    let Some(case) = npm(TEST) else { return };
    let plan = case.plan("npm", "package-lock.json", &[MS, INHERITS]);
    joined(&plan);
    let before = case.state();
    let (ran, told) = case.apply(&plan, &["--test", "detected"]);
    if is_away(&told) {
        return;
    }
    assert_eq!(
        (ran.exit, &told["outcome"]),
        (Exit::Clean, &json!("part")),
        "{}\n{told:#}",
        ran.err
    );
    assert_eq!(case.state(), before, "the checkout is as it was");
    let actions = told["actions"].as_array().unwrap();
    let of =
        |end: &str| actions.iter().find(|a| a["name"].as_str().unwrap().starts_with(end)).unwrap();
    let whole = of("action-0");
    assert_eq!(whole["outcome"], "breaks", "{told:#}");
    let why = whole["why"].as_str().unwrap();
    assert!(why.contains("done of it: raise inherits to 2.0.4"), "{why}");
    assert_eq!(of("raise inherits")["outcome"], "done");
    assert_eq!(of("raise ms")["outcome"], "breaks");
    let moves = json!([{ "package": "pkg:npm/inherits", "from": ["2.0.3"], "to": ["2.0.4"] }]);
    assert_eq!(told["moves"], moves);
    assert_eq!(told["removes"].as_array().unwrap().len(), 1);
    let all = "0 of 1 actions are done, and 1 part of others; the rest was left out";
    assert_eq!(told["why"], all);
    jsonschema::validate(&trimtab_report::applied::json::schema(), &told).unwrap();
    // Planning again does not take the whole for carried out.
    let message = git(&case.root(), &["log", "-1", "--format=%B", "trimtab/week-48"]);
    assert!(message.contains("Trimtab-Left: action-0"), "{message}");
}

#[test]
fn a_part_is_told_by_what_it_breaks_and_not_by_what_went_without_it() {
    let manifest = r#"{"name": "app", "version": "1.0.0", "scripts": {"test": "node --test"}, "dependencies": {"ms": "2.0.0", "inherits": "2.0.3", "once": "1.3.3"}}"#;
    let files =
        [("package.json", manifest), ("app.test.js", TEST), (".gitignore", "node_modules\n")];
    let lock = ["npm", "install", "--package-lock-only", "--silent"];
    let advisories =
        [("npm", "ms", "2.1.1"), ("npm", "inherits", "2.0.4"), ("npm", "once", "1.4.0")];
    let Some(case) = Case::new(&files, &lock, &advisories) else { return };
    let once: Act = ("raise", "pkg:npm/once@1.3.3", "1.4.0", 2);
    let plan = case.plan("npm", "package-lock.json", &[INHERITS, MS, once]);
    let mut told: Value = serde_json::from_str(&fs::read_to_string(&plan).unwrap()).unwrap();
    let other = told["actions"].as_array_mut().unwrap().pop().unwrap();
    let whole = &mut told["actions"][1];
    whole["proposal"]["with"] = json!([other["proposal"]]);
    whole["removes"] = json!(["finding-0", "finding-2"]);
    told["batches"][0]["actions"] = json!(["action-1", "action-0"]);
    fs::write(&plan, told.to_string()).unwrap();
    let (ran, told) = case.apply(&plan, &["--test", "detected"]);
    if is_away(&told) {
        return;
    }
    assert_eq!(ran.exit, Exit::Clean, "{}\n{told:#}", ran.err);
    let actions = told["actions"].as_array().unwrap();
    let of = |begin: &str| {
        actions.iter().find(|a| a["name"].as_str().unwrap().starts_with(begin)).unwrap()
    };
    assert_eq!(of("action-1")["outcome"], "done", "{told:#}");
    assert_eq!(of("raise once")["outcome"], "done", "{told:#}");
    assert_eq!(of("raise ms")["outcome"], "breaks", "{told:#}");
    let why = of("raise ms")["why"].as_str().unwrap();
    assert!(why.contains("fail"), "{why}");
    let all = "1 of 2 actions are done, and 1 part of others; the rest was left out";
    assert_eq!(told["why"], all);
}

#[test]
fn what_is_there_already_is_told_as_that() {
    let Some(case) = npm("const t = require('node:test'); t('fine', () => {});\n") else { return };
    let plan = case.plan("npm", "package-lock.json", &[MS, INHERITS]);
    let (ran, told) = case.apply(&plan, &["--test", "none"]);
    if is_away(&told) {
        return;
    }
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    // Where nothing was run, nothing was kept from anything.
    assert_eq!(told["tests"]["confined"], json!([]), "{told:#}");
    assert!(ran.out.contains("2 findings: 2 high"), "{}", ran.out);
    git(&case.root(), &["merge", "-q", "trimtab/week-48"]);
    let (ran, told) = case.apply(&plan, &["--test", "none"]);
    assert_eq!((ran.exit, &told["outcome"]), (Exit::Violated, &json!("nothing")), "{}", ran.err);
    assert_eq!(
        told["why"], "all of it is already done in the commit that it started from",
        "{told:#}"
    );
}

const GO: &str =
    "package app\n\nimport \"fmt\"\n\nfunc Wrong(what string) error { return fmt.Errorf(what) }\n";
const GO_TEST: &str = "package app\n\nimport \"testing\"\n\nfunc TestWrong(t *testing.T) {\n\tif Wrong(\"a\").Error() != \"a\" {\n\t\tt.Fail()\n\t}\n}\n";

/// From `go 1.24` on, vet refuses a format that is no constant, and `go test` runs nothing.
#[test]
fn checks_that_a_later_go_line_turns_on_are_told_and_break_no_test() {
    let line: Act = ("relock", "pkg:golang/stdlib@1.20", "1.24.0", 0);
    let version = Command::new("go").args(["env", "GOVERSION"]).output().ok();
    let version = version.map(|ran| String::from_utf8(ran.stdout).unwrap()).unwrap_or_default();
    let minor = version.trim().strip_prefix("go1.").and_then(|v| v.split('.').next()?.parse().ok());
    if minor.is_none_or(|minor: u32| minor < 24) {
        eprintln!("SKIPPED: there is no Go 1.24 or later");
        return;
    }
    let fails = GO_TEST.replace("!=", "==") + "\nfunc TestFine(t *testing.T) {}\n";
    for (test, passes) in [(GO_TEST.to_owned(), true), (fails, false)] {
        let files = [
            ("go.mod", "module example.org/app\n\ngo 1.20\n"),
            ("app.go", GO),
            ("app_test.go", &*test),
        ];
        let Some(case) = Case::new(&files, &["go", "version"], &[("Go", "stdlib", "1.24.0")])
        else {
            return;
        };
        let plan = case.plan("go", "go.mod", &[line]);
        let (ran, told) = case.apply(&plan, &["--test", "detected"]);
        if is_away(&told) {
            return;
        }
        if !passes {
            // The test fails before as well, so that what vet keeps from running is told apart.
            assert_eq!(told["tests"]["failed_before"].as_array().unwrap().len(), 2, "{told:#}");
        }
        let tests = &told["tests"];
        assert_eq!(
            (&told["outcome"], &tests["runs"]),
            (&json!("applied"), &json!(4)),
            "{}\n{told:#}",
            ran.err
        );
        let vet = tests["vet"].as_array().unwrap();
        assert!(vet[0].as_str().unwrap().contains("non-constant format string"), "{told:#}");
        let need = told["needs"][0].as_str().unwrap();
        assert_eq!(
            need,
            "whoever builds it needs Go 1.24.0 or later: the line `go` of go.mod was 1.20"
        );
        for part in ["## Requirements", "`-vet=off`", "non-constant format string"] {
            assert!(
                ran.out.replace('\\', "").contains(&part.replace('`', ""))
                    || ran.out.contains(part),
                "{part}: {}",
                ran.out
            );
        }
        let Some(branch) = told["branch"].as_str() else { panic!("{told:#}") };
        let message = git(&case.root(), &["log", "-1", "--format=%B", branch]);
        assert!(message.contains("Needs: whoever builds it needs Go 1.24.0"), "{message}");
    }
}
