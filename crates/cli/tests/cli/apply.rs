//! Batches carried out in small real projects, by real package managers against their registries,
//! and taken back. A project whose package manager is not installed, or reaches no registry, is
//! skipped, and says so.
#![cfg(unix)]
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::batches::{Act, Case, INHERITS, MS, git, is_away, npm, text};
use crate::command::run;
use serde_json::{Value, json};
use trimtab_cli::Exit;

const NPM_TEST: &str = "const t = require('node:test'), a = require('node:assert');\n\
    t('old', () => a.ok(false));\n\
    t('works', () => a.equal(require('ms')('1d'), 86400000));\n\
    t('new', () => a.match(require('ms/package.json').version, /^2[.]0/));\n\
    t('network', async () => { await a.rejects(fetch('http://192.0.2.1/', { signal: AbortSignal.timeout(2000) })); });\n";

#[test]
fn what_breaks_is_left_out_and_the_rest_goes_on() {
    let Some(case) = npm(NPM_TEST) else { return };
    let plan = case.plan("npm", "package-lock.json", &[MS, INHERITS]);
    // How it is tested is not guessed.
    let (ran, _) = case.apply(&plan, &[]);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    assert!(ran.err.contains("test-missing") && ran.err.contains("`npm test`"), "{}", ran.err);
    let before = case.state();
    let list = case.folder.path().join("finished.json");
    let (ran, told) = case.apply(&plan, &["--test", "detected", "--finished", &text(&list)]);
    if is_away(&told) {
        return;
    }
    assert_eq!(ran.exit, Exit::Clean, "{}\n{}", ran.err, ran.out);
    assert_eq!(case.state(), before, "the checkout is as it was");
    // What was done is kept, to learn costs from; what was left out is not.
    let kept: Value = serde_json::from_str(&fs::read_to_string(&list).unwrap()).unwrap();
    jsonschema::validate(&trimtab_report::finished::schema(), &kept).unwrap();
    let [batch] = &kept["batches"].as_array().unwrap()[..] else { panic!("{kept:#}") };
    assert_eq!((&batch["batch"], &batch["merged"]), (&json!("week-48"), &Value::Null));
    assert_eq!(batch["commit"], json!(git(&case.root(), &["rev-parse", "trimtab/week-48"])));
    assert_eq!(batch["actions"].as_array().unwrap().len(), 1, "{kept:#}");
    assert_eq!(batch["actions"][0]["points"], json!(1.67));
    assert_eq!((&told["outcome"], &told["branch"]), (&json!("part"), &json!("trimtab/week-48")));
    assert_eq!(told["actions"][0]["outcome"], "breaks", "{told:#}");
    assert!(told["actions"][0]["why"].as_str().unwrap().contains("new"), "{told:#}");
    assert_eq!(told["actions"][1]["outcome"], "done");
    // What was left out is no reason for the rest.
    let whys = json!(["action-1 removes the most load for a point"]);
    assert_eq!(told["why_these"], whys, "{told:#}");
    let moves = json!([{ "package": "pkg:npm/inherits", "from": ["2.0.3"], "to": ["2.0.4"] }]);
    assert_eq!(told["moves"], moves);
    assert_eq!(told["removes"][0]["vulnerability"], "OSV-TEST-1");
    assert_eq!((&told["removes"][0]["level"], &told["load"]), (&json!("high"), &json!(2.5)));
    // What failed before is told apart.
    assert_eq!(told["tests"]["failed_before"], json!(["old"]));
    assert_eq!(told["tests"]["judgement"], "unharmed");
    let root = case.root();
    let changed = git(&root, &["diff", "--name-only", "HEAD", "trimtab/week-48"]);
    assert!(changed.lines().all(|f| f.starts_with("package")), "{changed}");
    let message = git(&root, &["log", "-1", "--format=%an%n%B", "trimtab/week-48"]);
    for part in [
        "Ann",
        "Update inherits to 2.0.4: removes 1 finding",
        "due 2026-12-12",
        "Trimtab-Batch: week-48",
        "Tests before: failed",
        "trimtab rollback week-48",
    ] {
        assert!(message.contains(part), "`{part}` is not in\n{message}");
    }
    for part in [
        "## Removed findings",
        "## Tests",
        "git branch -D trimtab/week-48",
        "without the user's home",
    ] {
        assert!(ran.out.contains(part), "`{part}` is not in\n{}", ran.out);
    }
    let schema = trimtab_report::applied::json::schema();
    jsonschema::validate(&schema, &told).unwrap();
    // What broke the tests is remembered, in its version; what did not is not.
    let plans = fs::read_dir(case.folder.path().join("data/plans")).unwrap();
    let broke = plans.map(|entry| entry.unwrap().path()).find(|path| text(path).contains("broke"));
    let broke: Value = serde_json::from_slice(&fs::read(broke.unwrap()).unwrap()).unwrap();
    let expected = json!([{
        "place": "package-lock.json", "versions": ["pkg:npm/ms@2.1.3"], "on": "2026-11-28T10:00:00Z",
        "base": git(&root, &["rev-parse", "HEAD"]).trim(),
    }]);
    assert_eq!(broke, expected);
    // Merged, and taken back.
    git(&root, &["merge", "-q", "--no-ff", "-m", "Merge", "trimtab/week-48"]);
    let ran = run(&["rollback", "week-48", "--path", &text(&root)]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert_eq!(git(&root, &["diff", "HEAD~1", "trimtab/rollback-week-48"]), "");
    assert!(ran.err.contains("Not tested. Run `npm test` on it"), "{}", ran.err);
    // One test fails with the batch and without it, and no other.
    let tested = |test: &str, more: &[&str]| {
        let path = text(&root);
        let own = ["rollback", "week-48", "--path", &path, "--test", test];
        run(&[&own[..], more].concat())
    };
    let ran = tested("detected", &[]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(ran.err.contains("Tests: only tests that failed before fail"), "{}", ran.err);
    // This one passes with the batch alone.
    git(&root, &["branch", "-q", "-D", "trimtab/rollback-week-48"]);
    let newer = "node -e \"process.exit(require('./package-lock.json').packages['node_modules/inherits'].version === '2.0.4' ? 0 : 1)\"";
    let ran = tested(newer, &[]);
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.err);
    assert!(ran.err.contains("Nothing was written to git: without the batch, "), "{}", ran.err);
    assert_eq!(git(&root, &["branch", "--list", "trimtab/rollback-week-48"]), "");
    let ran = tested(newer, &["--untested"]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert_eq!(git(&root, &["diff", "HEAD~1", "trimtab/rollback-week-48"]), "");
    let again = run(&["rollback", "week-49", "--path", &text(&root)]);
    assert!(again.err.contains("batch-unknown"), "{}", again.err);
}

#[test]
fn each_action_may_have_a_commit_and_a_patch_tells_all() {
    let Some(case) = npm("const t = require('node:test'); t('fine', () => {});\n") else { return };
    let plan = case.plan("npm", "package-lock.json", &[MS, INHERITS]);
    let patch = case.folder.path().join("all.patch");
    let output = format!("patch={}", patch.display());
    let (ran, told) =
        case.apply(&plan, &["--test", "npm test", "--commit-each", "--output", &output]);
    if is_away(&told) {
        return;
    }
    assert_eq!(
        (ran.exit, &told["outcome"]),
        (Exit::Clean, &json!("applied")),
        "{}\n{told:#}",
        ran.err
    );
    assert_eq!(told["commits"].as_array().unwrap().len(), 2);
    assert_eq!(told["tests"]["runs"], 2);
    let root = case.root();
    let subjects = git(&root, &["log", "--format=%s", "HEAD..trimtab/week-48"]);
    assert_eq!(
        subjects,
        "Update inherits to 2.0.4: removes 1 finding\nUpdate ms to 2.1.3: removes 1 finding"
    );
    git(&root, &["checkout", "-qb", "by-hand"]);
    git(&root, &["am", "-q", &text(&patch)]);
    assert_eq!(git(&root, &["diff", "trimtab/week-48"]), "");
}

#[test]
fn a_commit_of_one_action_tells_what_comes_with_it() {
    let manifest = r#"{"name": "app", "version": "1.0.0", "dependencies": {"inherits": "2.0.3", "once": "1.3.0"}}"#;
    let case = Case::new(
        &[("package.json", manifest)],
        &["npm", "install", "--package-lock-only", "--silent"],
        &[("npm", "once", "1.4.0"), ("npm", "inherits", "2.0.4")],
    );
    let Some(case) = case else { return };
    // The later version requires a package that the earlier one does not.
    let once: Act = ("raise", "pkg:npm/once@1.3.0", "1.4.0", 0);
    let plan = case.plan("npm", "package-lock.json", &[once, INHERITS]);
    let (ran, told) = case.apply(&plan, &["--test", "none", "--commit-each"]);
    if is_away(&told) {
        return;
    }
    assert_eq!(ran.exit, Exit::Clean, "{}\n{told:#}", ran.err);
    assert_eq!(told["commits"].as_array().unwrap().len(), 2, "{told:#}");
    let message = |commit: &str| {
        git(&case.root(), &["log", "-1", "--format=%B", &format!("trimtab/{commit}")])
    };
    let (first, second) = (message("week-48~1"), message("week-48"));
    assert!(first.contains("pkg:npm/once: 1.3.0 to 1.4.0\n"), "{first}");
    assert!(first.contains("pkg:npm/wrappy: nothing to 1."), "{first}");
    assert!(second.contains("pkg:npm/inherits") && !second.contains("wrappy"), "{second}");
    // The report shows which ranges the project asks for now.
    let lines = &told["edits"][0]["lines"];
    let has =
        |line: &str| lines.as_array().unwrap().iter().any(|l| l.as_str().unwrap().contains(line));
    assert!(has("1.3.0") && has("1.4.0"), "{told:#}");
}

#[test]
fn what_is_planned_on_top_of_another_batch_says_where_that_is_missing() {
    let Some(case) = npm("const t = require('node:test'); t('fine', () => {});\n") else { return };
    let batches = [("first", &[MS][..]), ("week-48", &[INHERITS][..])];
    let file = case.plan_of("npm", "package-lock.json", &batches, None);
    let mut plan: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    plan["batches"][1]["after"] = json!("first");
    fs::write(&file, plan.to_string()).unwrap();
    let why = || {
        let (ran, told) = case.apply(&file, &["--test", "none"]);
        let is_away = is_away(&told);
        (told["why"].as_str().unwrap_or_default().to_owned(), ran.err, is_away)
    };
    let (told, err, away) = why();
    if away {
        return;
    }
    let missing =
        "it was planned on top of `first`, which is not in the commit that it starts from";
    assert!(told.contains(missing) && err.contains(missing), "{told}\n{err}");
    assert!(told.ends_with("carry that out first"), "{told}");
    let root = case.root();
    let commit = "Move ms\n\nTrimtab-Batch: first";
    git(&root, &["checkout", "-q", "-b", "trimtab/first"]);
    git(&root, &["commit", "-q", "--allow-empty", "-m", commit]);
    git(&root, &["checkout", "-q", "main"]);
    let (told, ..) = why();
    assert!(told.ends_with("start from its branch with --at trimtab/first"), "{told}");
    git(&root, &["merge", "-q", "trimtab/first"]);
    let (told, err, _) = why();
    assert!(!told.contains("on top of") && !err.contains("on top of"), "{told}\n{err}");
}

#[test]
fn what_is_worse_is_refused() {
    let Some(case) = npm("const t = require('node:test'); t('fine', () => {});\n") else { return };
    // An advisory about the version that it would move to.
    let record = json!({
        "schema_version": "1.6.0", "id": "OSV-TEST-9", "modified": "2026-01-01T00:00:00Z", "summary": "made up",
        "affected": [{
            "package": { "ecosystem": "npm", "name": "ms" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "2.1.2" }] }],
        }],
    });
    let records = case.folder.path().join("records");
    fs::write(records.join("npm/OSV-TEST-9.json"), record.to_string()).unwrap();
    assert_eq!(
        run(&["db", "update", "--from", &text(&records), "--db", &case.db()]).exit,
        Exit::Clean
    );
    let plan = case.plan("npm", "package-lock.json", &[MS, INHERITS]);
    let before = case.state();
    let (ran, told) = case.apply(&plan, &["--test", "none"]);
    if is_away(&told) {
        return;
    }
    assert_eq!((ran.exit, &told["outcome"]), (Exit::Violated, &json!("refused")), "{}", ran.err);
    assert!(ran.err.contains("change-worse") && ran.err.contains("OSV-TEST-9"), "{}", ran.err);
    assert_eq!((case.state(), &told["branch"]), (before, &Value::Null));
    assert_eq!(git(&case.root(), &["branch", "--format=%(refname:short)"]), "main");
}

#[test]
fn what_the_charter_refuses_on_the_day_is_left_out() {
    // What a project agreed on after the plan was made, which action it stops, and what is said.
    for (rule, stopped, says) in [
        (
            "denied = [{ package = \"pkg:npm/ms@2.1.3\", reason = \"it was taken over\" }]\n",
            &["action-0"][..],
            "it was taken over (denied list)",
        ),
        (
            "minimum-age = \"20000 days\"\n",
            &["action-0", "action-1"],
            "the charter requires 20000 days (age)",
        ),
    ] {
        let Some(case) = npm("const t = require('node:test'); t('fine', () => {});\n") else {
            return;
        };
        let charter = format!("format = 1\npreset = \"framework\"\n\n[selection]\n{rule}");
        fs::write(case.root().join("charter.toml"), charter).unwrap();
        let plan = case.plan("npm", "package-lock.json", &[MS, INHERITS]);
        let before = case.state();
        let (ran, told) = case.apply(&plan, &["--test", "none"]);
        if is_away(&told) {
            return;
        }
        let denied: Vec<&Value> = told["actions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|action| action["outcome"] == "denied")
            .collect();
        let age_is_known = denied.len() == stopped.len();
        if rule.starts_with("minimum") && !age_is_known {
            eprintln!("SKIPPED: the registry does not say when versions were published");
            continue;
        }
        let names: Vec<&str> = denied.iter().map(|a| a["name"].as_str().unwrap()).collect();
        assert_eq!(names, stopped, "{told:#}");
        for action in denied {
            assert!(action["why"].as_str().unwrap().contains(says), "{action}");
        }
        assert!(ran.err.contains("change-worse") && ran.err.contains("plan again"), "{}", ran.err);
        if stopped.len() == 2 {
            assert_eq!((ran.exit, &told["outcome"]), (Exit::Violated, &json!("nothing")));
            assert_eq!((case.state(), &told["branch"]), (before, &Value::Null));
        } else {
            assert_eq!((ran.exit, &told["outcome"]), (Exit::Clean, &json!("part")), "{}", ran.err);
            let moves = told["moves"].to_string();
            assert!(moves.contains("inherits") && !moves.contains("pkg:npm/ms"), "{moves}");
        }
    }
}

#[test]
fn tests_that_never_end_are_stopped_and_tell_nothing() {
    let Some(case) = npm("setInterval(() => {}, 1000);\n") else { return };
    fs::write(case.root().join("trimtab.toml"), "format = 1\n[apply]\ntest = \"node app.test.js\"\ntime-limit = 3\n[[system]]\nname = \"app\"\n").unwrap();
    let plan = case.plan("npm", "package-lock.json", &[INHERITS]);
    let (ran, told) = case.apply(&plan, &[]);
    if is_away(&told) {
        return;
    }
    assert_eq!(ran.exit, Exit::Incomplete, "{}", ran.err);
    assert_eq!(told["tests"]["before"]["ended"], "stopped at the time limit", "{told:#}");
    assert_eq!((&told["tests"]["judgement"], &told["branch"]), (&json!("untold"), &Value::Null));
    let (ran, told) = case.apply(&plan, &["--untested"]);
    assert_eq!((ran.exit, &told["branch"]), (Exit::Clean, &json!("trimtab/week-48")));
}

/// A batch of one in another ecosystem: the finding goes, and tests before and after are told.
fn one(case: &Case, tool: &str, place: &str, action: Act) {
    let plan = case.plan(tool, place, &[action]);
    let before = case.state();
    let (ran, told) = case.apply(&plan, &["--test", "detected"]);
    if is_away(&told) {
        return;
    }
    assert_eq!(
        (ran.exit, &told["outcome"]),
        (Exit::Clean, &json!("applied")),
        "{}\n{told:#}",
        ran.err
    );
    assert_eq!(case.state(), before);
    assert_eq!(told["removes"].as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!(told["worse"], json!([]));
    for run in ["before", "after"] {
        let run = &told["tests"][run];
        assert_eq!((&run["passed"], &run["failed"]), (&json!(1), &json!(1)), "{told:#}");
    }
    assert_eq!(told["tests"]["failed_before"].as_array().unwrap().len(), 1);
    let (root, branch) = (case.root(), "trimtab/week-48");
    git(&root, &["checkout", "-q", branch]);
    let scan = run(&["scan", &text(&root), "--db", &case.db(), "--format", "json"]);
    let scan: Value = serde_json::from_str(&scan.out).unwrap();
    assert_eq!(scan["findings"], json!([]), "a new scan sees it gone");
}

#[test]
fn cargo() {
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nitoa = \"1.0.1\"\n[workspace]\n",
        ),
        (
            "src/lib.rs",
            "#[cfg(test)] mod t { #[test] fn old() { assert!(false) } #[test] fn fine() { assert_eq!(itoa::Buffer::new().format(7), \"7\") } }\n",
        ),
        (".gitignore", "target\n"),
    ];
    let lock = "cargo generate-lockfile -q && cargo update -q itoa --precise 1.0.1";
    let Some(case) = Case::new(&files, &["sh", "-c", lock], &[("crates.io", "itoa", "1.0.9")])
    else {
        return;
    };
    one(&case, "cargo", "Cargo.lock", ("relock", "pkg:cargo/itoa@1.0.1", "1.0.9", 0));
}

#[test]
fn go() {
    let files = [
        ("go.mod", "module example.org/app\n\ngo 1.21\n\nrequire rsc.io/quote v1.5.1\n"),
        (
            "app_test.go",
            "package app\n\nimport (\n\t\"testing\"\n\n\t\"rsc.io/quote\"\n)\n\nfunc TestFine(t *testing.T) {\n\tif quote.Go() == \"\" {\n\t\tt.Fail()\n\t}\n}\n",
        ),
        (
            "old/old_test.go",
            "package old\n\nimport \"testing\"\n\nfunc TestOld(t *testing.T) { t.Fail() }\n",
        ),
    ];
    let Some(case) = Case::new(&files, &["go", "mod", "tidy"], &[("Go", "rsc.io/quote", "1.5.2")])
    else {
        return;
    };
    let plan =
        case.plan("go", "go.mod", &[("raise", "pkg:golang/rsc.io/quote@v1.5.1", "v1.5.2", 0)]);
    let (ran, told) = case.apply(&plan, &["--test", "detected"]);
    if is_away(&told) {
        return;
    }
    assert_eq!(
        (ran.exit, &told["outcome"]),
        (Exit::Clean, &json!("applied")),
        "{}\n{told:#}",
        ran.err
    );
    assert_eq!(told["removes"][0]["vulnerability"], "OSV-TEST-0", "{told:#}");
    // Each package counts as well.
    assert_eq!(
        told["tests"]["failed_before"],
        json!(["example.org/app/old", "example.org/app/old TestOld"])
    );
}

/// What is vendored follows in the same commit; what git ignores by its name and keeps is a part of the project.
#[test]
fn go_with_what_is_vendored() {
    let files = [
        ("go.mod", "module example.org/app\n\ngo 1.21\n\nrequire rsc.io/quote v1.5.1\n"),
        (".gitignore", "server\n"),
        (
            "cmd/server/server_test.go",
            "package server\n\nimport (\n\t\"testing\"\n\n\t\"rsc.io/quote\"\n)\n\nfunc TestFine(t *testing.T) {\n\tif quote.Go() == \"\" {\n\t\tt.Fail()\n\t}\n}\n",
        ),
    ];
    let ours =
        "chmod u+w vendor/rsc.io/quote/quote.go; echo '// Ours.' >> vendor/rsc.io/quote/quote.go";
    let prepare = ["sh", "-c", &format!("go mod tidy && go mod vendor && {ours}")];
    let Some(case) = Case::new(&files, &prepare, &[("Go", "rsc.io/quote", "1.5.2")]) else {
        return;
    };
    let (root, branch) = (case.root(), "trimtab/week-48");
    git(&root, &["add", "-f", "cmd"]);
    git(&root, &["commit", "-q", "--amend", "-m", "First"]);
    let listed = |of: &str| git(&root, &["show", &format!("{of}:vendor/modules.txt")]);
    assert!(listed("HEAD").contains("# rsc.io/quote v1.5.1"));
    let plan =
        case.plan("go", "go.mod", &[("raise", "pkg:golang/rsc.io/quote@v1.5.1", "v1.5.2", 0)]);
    let (ran, told) = case.apply(&plan, &["--test", "detected"]);
    if is_away(&told) {
        return;
    }
    assert_eq!(
        (ran.exit, &told["outcome"]),
        (Exit::Clean, &json!("applied")),
        "{}\n{told:#}",
        ran.err
    );
    for run in ["before", "after"] {
        assert_eq!(told["tests"][run]["failed"], json!(0), "{told:#}");
    }
    assert!(listed(branch).contains("# rsc.io/quote v1.5.2"));
    assert_eq!(told["lost"], json!(["vendor/rsc.io/quote/quote.go"]), "{told:#}");
    let message = git(&root, &["log", "-1", "--format=%B", branch]);
    assert!(message.contains("published version: vendor/rsc.io/quote/quote.go"), "{message}");
    let held = git(&root, &["ls-tree", "-r", "--name-only", branch, "vendor/rsc.io/quote"]);
    assert!(held.contains("vendor/rsc.io/quote/quote.go"), "{held}");
    git(&root, &["merge", "-q", "--no-ff", "-m", "Merge", branch]);
    let ran = run(&["rollback", "week-48", "--path", &text(&root)]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert_eq!(git(&root, &["diff", "HEAD~1", "trimtab/rollback-week-48"]), "");
}

#[test]
fn python() {
    let files = [
        ("requirements.txt", "six==1.15.0\npytest==8.4.2\n"),
        (
            "test_app.py",
            "import six\ndef test_fine(): assert six.PY3\ndef test_old(): assert False\n",
        ),
        (".gitignore", ".venv\n__pycache__\n.pytest_cache\n"),
    ];
    let Some(case) = Case::new(&files, &["python3", "--version"], &[("PyPI", "six", "1.16.0")])
    else {
        return;
    };
    one(&case, "pip", "requirements.txt", ("raise", "pkg:pypi/six@1.15.0", "1.16.0", 0));
}

#[test]
fn killed_at_any_moment_the_checkout_is_as_it_was() {
    let Some(case) = npm("const t = require('node:test'); t('fine', () => {});\n") else { return };
    let plan = case.plan("npm", "package-lock.json", &[INHERITS]);
    let (before, root, db) = (case.state(), text(&case.root()), case.db());
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_trimtab"))
            .args([
                "apply", "week-48", "--plan", &plan, "--path", &root, "--db", &db, "--test",
                "npm test",
            ])
            .args(["--now", "2026-11-28T10:00:00Z"])
            .env("TMPDIR", case.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let begun = Instant::now();
    let whole = start().wait().unwrap();
    let took = begun.elapsed();
    assert!(whole.success(), "{whole:?}");
    let tip = git(&case.root(), &["rev-parse", "trimtab/week-48"]);
    assert_eq!(case.state(), before);
    const ROUNDS: u32 = 12;
    for round in 0..ROUNDS {
        git(&case.root(), &["branch", "-D", "trimtab/week-48"]);
        // Git itself writes when a branch goes.
        let before = case.state();
        let mut child = start();
        // Anywhere in the run, a little past its end for the last.
        let chance = begun.elapsed().subsec_nanos() % 100;
        let at = took.mul_f64(f64::from(round * 100 + chance) / f64::from(ROUNDS * 100 - 100));
        std::thread::sleep(at.min(Duration::from_secs(120)));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = case.state();
        let other: Vec<_> = now
            .iter()
            .filter(|(path, bytes)| before.get(*path) != Some(*bytes))
            .map(|(path, _)| path)
            .chain(before.keys().filter(|path| !now.contains_key(*path)))
            .collect();
        assert!(other.is_empty(), "after {at:?}: {other:?}");
        // The branch is there as a whole, or not at all.
        let tips =
            git(&case.root(), &["for-each-ref", "--format=%(objectname)", "refs/heads/trimtab"]);
        assert!(tips.is_empty() || tips == tip, "{tips}");
        git(&case.root(), &["fsck", "--strict"]);
        if tips.is_empty() {
            git(&case.root(), &["branch", "trimtab/week-48", "HEAD"]);
        }
    }
    // The next ones sweep what they left in the folder for temporary files: one empties it, another removes it. A package
    // manager that outlived the last one may have written into it, so that it takes more.
    let left = || -> Vec<_> {
        let ours = |name: &str| name.starts_with("trimtab-");
        let all = fs::read_dir(case.folder.path()).unwrap().map(|entry| entry.unwrap());
        let all = all.filter(|entry| ours(&entry.file_name().to_string_lossy()));
        // One that was killed as it made or removed its folder leaves it empty.
        all.flat_map(|entry| fs::read_dir(entry.path()).unwrap())
            .map(|inner| inner.unwrap().path())
            .collect()
    };
    for _ in 0..6 {
        git(&case.root(), &["branch", "-D", "trimtab/week-48"]);
        assert!(start().wait().unwrap().success());
        if left().is_empty() {
            break;
        }
    }
    assert_eq!(left(), Vec::<std::path::PathBuf>::new());
}
