//! The verbs, run in process on the sample and on small trees.

use std::path::{Path, PathBuf};

use crate::command::{Terminal, run, run_with};
use trimtab_cli::Exit;

fn examples() -> PathBuf {
    trimtab_testkit::repository().join("examples")
}

/// An index of the sample's advisories, in a folder of its own.
fn sample_index(folder: &Path) -> String {
    let db = folder.join("advisories.index").display().to_string();
    let from = examples().join("advisories").display().to_string();
    let ran = run(&["db", "update", "--from", &from, "--db", &db]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    db
}

#[test]
fn versions_are_compared_from_arguments_and_from_input() {
    assert_eq!(run(&["compare", "npm", "1.2.3", "1.10.0"]).out, "<\n");
    assert_eq!(run(&["compare", "PyPI", "1.0", "1.0.0"]).out, "=\n");
    assert_eq!(run(&["compare", "debian", "1:1.0", "2.0"]).out, ">\n");
    assert_eq!(run(&["compare", "Go", "(devel)", "v1.0.0"]).out, "unknown\n");
    let ran = run_with(&["compare", "Maven"], "1.0 1.0.1\n\n2.0-rc1 2.0\n", Terminal::default());
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Clean, "<\n<\n"));
}

#[test]
fn a_wrong_command_line_says_what_to_do() {
    let ran = run(&["compare", "gentoo", "1", "2"]);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("error[usage]") && ran.err.contains("help:"), "{}", ran.err);
    let ran = run_with(&["compare", "npm"], "1 2 3\n", Terminal::default());
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("line 1"), "{}", ran.err);
    assert_eq!(run(&["scan"]).exit, Exit::Usage);
    assert_eq!(run(&["--help"]).exit, Exit::Clean);
}

#[test]
fn without_an_index_one_line_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("none.index").display().to_string();
    let ran = run(&["scan", &examples().join("harbour").display().to_string(), "--db", &db]);
    assert_eq!(ran.exit, Exit::Incomplete);
    assert!(
        ran.err.contains("index-missing") && ran.err.contains("trimtab db update"),
        "{}",
        ran.err
    );
    assert!(ran.out.is_empty());
}

#[test]
fn a_saved_scan_converts_to_what_the_scan_itself_writes() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    let harbour = examples().join("harbour").display().to_string();
    let saved = folder.path().join("scan.json").display().to_string();
    let ran = run(&["scan", &harbour, "--db", &db, "--format", "json", "--output", &saved]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Clean, ""), "{}", ran.err);
    for format in [
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
    ] {
        let direct = run(&["scan", &harbour, "--db", &db, "--format", format]);
        let again = run(&["scan", &harbour, "--db", &db, "--format", format]);
        let converted = run(&["convert", &saved, "--format", format]);
        assert!(!direct.out.is_empty(), "{format}: {}", direct.err);
        assert!(direct.out == again.out, "{format} differs between two runs");
        assert!(direct.out == converted.out, "{format} differs when converted");
    }
}

#[test]
fn the_policy_reaches_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    let harbour = examples().join("harbour").display().to_string();
    assert_eq!(run(&["scan", &harbour, "--db", &db, "--fail-on", "critical"]).exit, Exit::Violated);
    let clean = folder.path().join("clean");
    std::fs::create_dir(&clean).unwrap();
    std::fs::write(
        clean.join("Cargo.lock"),
        "version = 3\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n",
    )
    .unwrap();
    let clean = clean.display().to_string();
    let ran = run(&["scan", &clean, "--db", &db, "--fail-on", "any"]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
}

#[test]
fn one_bad_file_does_not_lose_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    let tree = folder.path().join("tree");
    std::fs::create_dir_all(tree.join("bad")).unwrap();
    std::fs::write(tree.join("bad/package-lock.json"), "{\"lockfileVersion\": 3, \"packages\": {")
        .unwrap();
    std::fs::copy(examples().join("harbour/timetable/Cargo.lock"), tree.join("Cargo.lock"))
        .unwrap();
    let ran = run(&["scan", &tree.display().to_string(), "--db", &db, "--format", "csv"]);
    assert_eq!(ran.exit, Exit::Incomplete);
    assert!(
        ran.err.contains("error[file-truncated]") && ran.err.contains("bad/package-lock.json:1"),
        "{}",
        ran.err
    );
    assert!(ran.out.lines().count() > 1, "the good file has findings");
}

#[test]
fn an_empty_folder_is_not_a_clean_answer() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let ran = run(&["scan", &empty.display().to_string(), "--db", &db]);
    assert_eq!(ran.exit, Exit::Incomplete);
    assert!(ran.err.contains("nothing-found"), "{}", ran.err);
    assert!(ran.out.contains("Nothing was judged"), "{}", ran.out);
}

#[test]
fn a_damaged_index_is_refused_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    let mut bytes = std::fs::read(&db).unwrap();
    let at = bytes.len() - 9;
    bytes[at] ^= 0x55;
    std::fs::write(&db, &bytes).unwrap();
    let ran = run(&["db", "verify", "--db", &db]);
    assert_eq!(ran.exit, Exit::Incomplete);
    assert!(
        ran.err.contains("error[index-corrupt]") && ran.err.contains("trimtab db update"),
        "{}",
        ran.err
    );
}

#[test]
fn the_table_fits_a_hundred_columns_and_speaks_ascii() {
    let ran = run_with(&["demo", "--verbose"], "", Terminal { colour: false, ascii: true });
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
        assert!(line.is_ascii(), "not ASCII: {line}");
    }
    assert!(!ran.out.contains('\u{1b}'));
    let coloured = run_with(&["demo"], "", Terminal { colour: true, ascii: false });
    assert!(coloured.out.contains('\u{1b}'));
}

#[test]
fn why_tells_the_way() {
    let storefront = examples().join("harbour/storefront").display().to_string();
    let ran = run(&["why", "express", &storefront]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(
        ran.out.contains("pkg:npm/express@") && ran.out.contains("package-lock.json:"),
        "{}",
        ran.out
    );
    let ran = run(&["why", "no-such-package", &storefront]);
    assert_eq!(ran.exit, Exit::Usage);
}

/// The findings of the sample, against a table made by hand with the ecosystems' own tools.
#[test]
fn the_sample_has_the_findings_that_were_worked_out_by_hand() {
    let ran = run(&["demo", "--format", "json"]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    let scan: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let text = |v: &serde_json::Value| v.as_str().unwrap_or("none").to_owned();
    let mut found: Vec<[String; 3]> = scan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| [text(&f["purl"]), text(&f["vulnerability"]["id"]), text(&f["nearest_fix"])])
        .collect();
    let expected = std::fs::read_to_string(examples().join("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
    let mut wanted: Vec<[String; 3]> = expected
        .as_array()
        .unwrap()
        .iter()
        .map(|f| [text(&f["purl"]), text(&f["vulnerability"]), text(&f["fixed_in"])])
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn the_sample_is_told_so() {
    let ran = run(&["demo"]);
    insta::assert_snapshot!("demo", ran.out);
}

#[test]
fn completions_and_man_pages_come_from_the_same_definitions() {
    let ran = run(&["completions", "bash"]);
    assert!(ran.out.contains("trimtab") && ran.out.contains("--fail-on"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", &folder.path().display().to_string()]).exit, Exit::Clean);
    let page = std::fs::read_to_string(folder.path().join("trimtab-db-update.1")).unwrap();
    assert!(page.contains("malicious"), "{page}");
}
