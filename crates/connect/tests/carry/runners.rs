//! Tests of small projects, run in a copy within limits. A project whose runner is not installed is
//! skipped, and says so.

use std::fs;
use std::path::Path;
use std::process::Command as Program;
use std::time::{Duration, Instant};

use trimtab_connect::apply::{
    Command, Confinement, Ended, Judgement, Limits, Trial, Verdict, detect, difference, prepare,
    trial,
};

use crate::common::{files, project, tree};

fn is_installed(program: &str, probe: &str) -> bool {
    let there = Program::new(program).arg(probe).output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("SKIPPED: `{program}` is not installed");
    }
    there
}

fn limits(seconds: u64) -> Limits {
    Limits { time: Duration::from_secs(seconds), ..Limits::default() }
}

/// Before and after a change of files, as the project is detected.
fn around(all: &[(&str, &str)], changed: &[(&str, &str)]) -> (Trial, Trial) {
    let folder = project(all);
    let copy = tree(&folder.path().join("project"));
    let command = detect(&copy.root(), &copy.work()).unwrap();
    let (here, limits) = (Confinement::here(), limits(300));
    prepare(&command, &here, &limits).unwrap();
    let before = trial(&copy, &command, &here, &limits);
    files(&copy.root(), changed);
    let after = trial(&copy, &command, &here, &limits);
    (before, after)
}

/// One test fails before as well, one only after, one passes.
fn tells_apart(all: &[(&str, &str)], changed: &[(&str, &str)], names: [&str; 3]) {
    let (before, after) = around(all, changed);
    let text = after.output.text();
    assert_eq!(before.results.count(Verdict::Failed), 1, "{}", before.output.text());
    let told = difference(&before, &after);
    assert_eq!(told.judgement, Judgement::Broke, "{told:?}\n{text}");
    let ends = |all: &[Box<str>], name: &str| all.len() == 1 && all[0].ends_with(name);
    assert!(ends(&told.broken, names[1]), "{told:?}\n{text}");
    assert!(ends(&told.before, names[0]), "{told:?}\n{text}");
    let passed =
        after.results.tests.iter().any(|(n, v)| n.ends_with(names[2]) && *v == Verdict::Passed);
    assert!(passed, "{after:?}");
    let same = difference(&before, &before);
    assert_eq!(same.judgement, Judgement::Unharmed, "{same:?}");
}

#[test]
fn cargo() {
    let test = "#[cfg(test)] mod t { #[test] fn old() { assert!(false) } #[test] fn new() { assert_eq!(super::V, 1) } #[test] fn fine() {} }\n";
    let lib = |v: u32| format!("pub const V: u32 = {v};\n{test}");
    let all = [
        (
            "Cargo.toml",
            "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
        ),
        ("Cargo.lock", "version = 4\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n"),
        ("src/lib.rs", &lib(1)),
    ];
    tells_apart(&all, &[("src/lib.rs", &lib(2))], ["t::old", "t::new", "t::fine"]);
}

#[test]
fn npm() {
    if !is_installed("npm", "--version") {
        return;
    }
    let test = "const t = require('node:test'), a = require('node:assert');\n\
        t('old', () => a.ok(false)); t('new', () => a.equal(require('./v.js'), 1)); t('fine', () => {});\n";
    let all = [
        (
            "package.json",
            "{\"name\": \"a\", \"version\": \"1.0.0\", \"scripts\": {\"test\": \"node --test\"}}",
        ),
        (
            "package-lock.json",
            "{\"name\": \"a\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"packages\": {\"\": {\"name\": \"a\", \"version\": \"1.0.0\"}}}",
        ),
        ("v.js", "module.exports = 1;\n"),
        ("a.test.js", test),
    ];
    tells_apart(&all, &[("v.js", "module.exports = 2;\n")], ["old", "new", "fine"]);
}

#[test]
fn go() {
    if !is_installed("go", "version") {
        return;
    }
    let test = "package a\nimport \"testing\"\nfunc TestOld(t *testing.T) { t.Fail() }\nfunc TestNew(t *testing.T) { if v != 1 { t.Fail() } }\nfunc TestFine(t *testing.T) {}\n";
    let all = [
        ("go.mod", "module example.org/a\n\ngo 1.21\n"),
        ("a.go", "package a\n\nconst v = 1\n"),
        ("a_test.go", test),
    ];
    let (before, after) = around(&all, &[("a.go", "package a\n\nconst v = 2\n")]);
    let told = difference(&before, &after);
    assert_eq!(told.broken, ["example.org/a TestNew".into()], "{}", after.output.text());
    // The package fails with its test.
    assert!(told.before.contains(&"example.org/a TestOld".into()), "{told:?}");
    assert_eq!(difference(&before, &before).judgement, Judgement::Unharmed);
}

#[test]
fn unittest() {
    if !is_installed("python3", "--version") {
        return;
    }
    let test = "import unittest\nfrom v import V\n\nclass T(unittest.TestCase):\n    def test_old(self): self.fail()\n    def test_new(self): self.assertEqual(V, 1)\n    def test_fine(self): pass\n";
    for place in ["test_a.py", "tests/test_a.py"] {
        let all = [("requirements.txt", "# nothing\n"), ("v.py", "V = 1\n"), (place, test)];
        tells_apart(&all, &[("v.py", "V = 2\n")], ["T.test_old", "T.test_new", "T.test_fine"]);
    }
}

/// A line of the settings is run in the environment of what is required, whatever tests look like.
#[test]
fn a_line_finds_the_environment_of_requirements() {
    if !is_installed("python3", "--version") {
        return;
    }
    let folder = project(&[("requirements.txt", "# nothing\n"), ("check.py", "assert True\n")]);
    let copy = tree(&folder.path().join("project"));
    let line = "python3 -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)'";
    let command = Command::told(&copy.root(), None, line);
    let (here, limits) = (Confinement::here(), limits(300));
    prepare(&command, &here, &limits).unwrap();
    let ran = trial(&copy, &command, &here, &limits);
    assert!(ran.ended.is_well(), "{}: {}", ran.ended, ran.output.text());
}

/// What lies in the environment that was made is for the tests: it is not found by what keeps them in.
#[cfg(unix)]
#[test]
fn nothing_of_the_environment_is_run_outside() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project(&[("a", "1\n")]);
    let copy = tree(&folder.path().join("project"));
    let mark = folder.path().join("mark");
    let program = format!("#!/bin/sh\ntouch '{}'\nexit 1\n", mark.display());
    for name in ["unshare", "ip", "mount", "mkdir"] {
        files(&copy.root(), &[(&format!(".venv/bin/{name}"), &program)]);
        let path = copy.root().join(".venv/bin").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let line = "case \"$PATH\" in */.venv/bin:*) exit 0;; esac; exit 1";
    let command = Command::told(&copy.root(), None, line);
    let ran = trial(&copy, &command, &Confinement::here(), &limits(60));
    assert!(ran.ended.is_well(), "{}: {}", ran.ended, ran.output.text());
    assert!(!mark.exists());
}

#[test]
fn pytest() {
    if !is_installed("python3", "--version") {
        return;
    }
    let test = "from v import V\ndef test_old(): assert False\ndef test_new(): assert V == 1\ndef test_fine(): pass\n";
    let all = [("requirements.txt", "pytest==8.4.2\n"), ("v.py", "V = 1\n"), ("test_a.py", test)];
    tells_apart(&all, &[("v.py", "V = 2\n")], ["test_old", "test_new", "test_fine"]);
}

/// A shell line as the test of a project with one file.
fn told(line: &str, limits: &Limits) -> (Trial, tempfile::TempDir) {
    let folder = project(&[("a", "1\n")]);
    let copy = tree(&folder.path().join("project"));
    let command = Command::told(&copy.work(), None, line);
    (trial(&copy, &command, &Confinement::here(), limits), folder)
}

#[test]
fn a_test_is_named_without_the_folder_of_the_copy() {
    let line = r#"printf 'TAP version 13\n1..1\nok 1 - reads %s/a\n' "$PWD""#;
    let (ran, _folder) = told(line, &limits(60));
    let names: Vec<&str> = ran.results.tests.keys().map(|name| &**name).collect();
    assert_eq!(names, ["reads a"], "{:?}", ran.output.text());
}

#[test]
fn what_never_ends_is_stopped_with_all_that_it_started() {
    let begun = Instant::now();
    let mark = format!("trimtab-mark-{}", std::process::id());
    // A child in a session of its own, which holds the output open.
    let line = format!("echo begun; setsid sh -c 'sleep 300; : {mark}' & sleep 301");
    let (ran, _folder) = told(&line, &limits(2));
    assert_eq!(ran.ended, Ended::TimeLimit);
    assert!(ran.output.text().starts_with("begun"));
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    if Confinement::here().network_open().is_none() {
        // With a namespace of processes nothing is left.
        let left = fs::read_dir("/proc").unwrap().flatten().any(|process| {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&mark)
        });
        assert!(!left);
    }
}

#[test]
fn tests_see_no_credentials_and_a_home_of_their_own() {
    let users = std::env::var("HOME").unwrap();
    let (ran, _folder) = told("env; ls -A \"$HOME\"; cat ~/.netrc ~/.npmrc 2>&1", &limits(30));
    let text = ran.output.text();
    for line in text.lines().filter(|line| line.contains('=')) {
        let name = line.split('=').next().unwrap_or_default();
        let secret = ["TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];
        assert!(!secret.iter().any(|word| name.contains(word)), "{line}");
        assert!(!name.starts_with("TRIMTAB"), "{line}");
    }
    assert!(!text.contains(&format!("HOME={users}\n")), "{text}");
    assert!(text.contains("CI=1"));
}

#[test]
fn tests_reach_no_network_but_their_own_machine() {
    if let Some(why) = Confinement::here().network_open() {
        eprintln!("SKIPPED: the network cannot be cut off here: {why}");
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // A server outside is not reached; one inside is.
    let line = format!(
        "python3 - <<'E'\n\
        import socket\n\
        s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n\
        socket.create_connection(s.getsockname(), 5); print('inside reached')\n\
        try:\n    socket.create_connection(('127.0.0.1', {port}), 5); print('outside reached')\n\
        except OSError as e: print('outside refused')\n\
        import os; print('user', os.getuid())\nE"
    );
    let (ran, _folder) = told(&line, &limits(30));
    let text = ran.output.text();
    let user = rustix::process::getuid().as_raw();
    assert_eq!(text, format!("inside reached\noutside refused\nuser {user}\n"), "{:?}", ran.ended);
    let open = Limits { network: true, ..limits(30) };
    let (ran, _folder) = told(&line, &open);
    assert!(ran.output.text().contains("outside reached"), "{}", ran.output.text());
}

#[test]
fn memory_and_output_are_bounded() {
    let small = Limits { memory: 256 << 20, ..limits(60) };
    let (ran, _folder) = told("python3 -c \"x = bytearray(1 << 30); print('filled')\"", &small);
    assert!(!ran.ended.is_well() && !ran.output.text().contains("filled"), "{ran:?}");
    let short = Limits { output: 1000, ..limits(60) };
    let (ran, _folder) = told("head -c 9000000 /dev/zero | tr '\\0' x; echo; echo the end", &short);
    assert_eq!(ran.ended, Ended::Well);
    let text = ran.output.text();
    assert!(text.len() < 1 << 20 && text.ends_with("the end\n"), "{}", text.len());
    assert!(ran.output.lost() > 8_000_000);
}

#[test]
fn what_cannot_be_run_is_told() {
    let (ran, _folder) = told("no-such-program-here", &limits(30));
    assert!(matches!(ran.ended, Ended::NotRun(_)), "{:?}", ran.ended);
    assert_eq!(difference(&ran, &ran).judgement, Judgement::Untold);
    let (failed, _folder) = told("echo no; exit 3", &limits(30));
    assert_eq!(failed.ended, Ended::Failed(Some(3)));
    // Without a word on single tests nothing can be told apart.
    assert_eq!(difference(&failed, &failed).judgement, Judgement::Untold);
    let (well, _folder) = told("true", &limits(30));
    assert_eq!(difference(&well, &failed).judgement, Judgement::Broke);
    assert_eq!(difference(&failed, &well).judgement, Judgement::Unharmed);
}

#[test]
fn projects_are_detected_by_their_files() {
    /// Files, and the command.
    type Case<'c> = (&'c [(&'c str, &'c str)], Option<&'c str>);
    let cases: &[Case<'_>] = &[
        (&[("Cargo.toml", "")], Some("cargo test --workspace --no-fail-fast")),
        (&[("go.mod", "")], Some("go test -json ./...")),
        (&[("package.json", "{\"scripts\": {\"test\": \"x\"}}")], Some("npm test")),
        (&[("package.json", "{}")], None),
        (
            &[(
                "package.json",
                "{\"scripts\": {\"test\": \"echo \\\"Error: no test specified\\\"\"}}",
            )],
            None,
        ),
        (
            &[("package.json", "{\"scripts\": {\"test\": \"x\"}}"), ("pnpm-lock.yaml", "")],
            Some("pnpm test"),
        ),
        (
            &[("package.json", "{\"scripts\": {\"test\": \"x\"}}"), ("yarn.lock", "__metadata:\n")],
            Some("yarn test"),
        ),
        (
            &[("uv.lock", ""), ("tests/test_a.py", "")],
            Some("uv run --frozen --no-sync --offline pytest -rA -q"),
        ),
        (&[("poetry.lock", ""), ("pyproject.toml", "pytest")], Some("poetry run pytest -rA -q")),
        (&[("requirements.txt", ""), ("test_a.py", "")], Some(".venv/bin/python -m pytest -rA -q")),
        (
            &[
                ("requirements.txt", ""),
                ("tests/test_a.py", "from unittest import mock\n\ndef test_a(): pass\n"),
            ],
            Some(".venv/bin/python -m pytest -rA -q"),
        ),
        (&[("requirements.txt", "")], None),
        (&[("pom.xml", "")], Some("mvn -B --no-transfer-progress --fail-at-end test")),
        (&[("readme", "")], None),
    ];
    for (all, line) in cases {
        let folder = tempfile::tempdir().unwrap();
        files(folder.path(), all);
        let below = folder.path().join("below");
        fs::create_dir(&below).unwrap();
        // Also from a folder below.
        for from in [folder.path(), Path::new(&below)] {
            let found = detect(folder.path(), from).map(|command| command.line());
            assert_eq!(found.as_deref(), *line, "{all:?}");
        }
    }
}
