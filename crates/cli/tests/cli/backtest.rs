//! `trimtab backtest`: the pasts of `corpus/backtest`, each made into a git repository, against figures worked out
//! by hand; the shapes that are published; and pasts that mean harm.
use std::fs;
use std::path::Path;

use crate::command::{Ran, Terminal, run_in};
use crate::lived::{Made, case, cases, lockfile, run, said};
use serde_json::Value;
use trimtab_report::backtest::json::Document;
use trimtab_testkit::past::{begin, commit, git};

#[test]
fn every_case_comes_out_as_reckoned_by_hand() {
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let ran = run(&Made::of(&case), &case, &["--format", "json"]);
        assert_eq!(ran.exit as u8, 0, "{name}: {}", ran.err);
        let is: Document = serde_json::from_str(&ran.out).unwrap();
        let mut same = |what: &str, is: Option<f64>, expected: Option<f64>| {
            if expected.is_some() && is != expected {
                wrong.push(format!("{name} ({}): {what} is {is:?}, not {expected:?}", case.intent));
            }
        };
        let count = |n: usize| Some(n as f64);
        let of = |n: Option<usize>| n.map(|n| n as f64);
        same("findings", count(is.counts.findings), count(case.findings));
        same("due", count(is.counts.due), count(case.due));
        for (name, expected) in &case.ways {
            let way = is.way(name).unwrap_or_else(|| panic!("no way is called {name}"));
            let at = |what: &str| format!("{name}: {what}");
            let spread = way.remediation.as_ref();
            same(&at("load-days"), Some(way.load_days), expected.load_days);
            same(&at("median"), spread.map(|s| s.median), expected.median);
            same(&at("gone"), count(spread.map_or(0, |s| s.count)), of(expected.gone));
            same(&at("open"), count(way.open), of(expected.open));
            same(&at("spared"), count(way.spared), of(expected.spared));
            same(&at("kept"), count(way.kept), of(expected.kept));
            same(&at("interruptions"), of(way.interruptions), of(expected.interruptions));
            same(&at("now"), of(way.now), of(expected.now));
            same(&at("points"), way.points, expected.points);
        }
        for gap in &case.gaps {
            assert!(is.gaps.iter().any(|told| told.contains(gap)), "{name}: {:?}", is.gaps);
        }
        holds(&name, &is);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What holds of every backtest.
fn holds(name: &str, is: &Document) {
    for way in &is.ways {
        let gone = way.remediation.as_ref().map_or(0, |s| s.count);
        assert_eq!(gone + way.open + way.spared, is.counts.findings, "{name}, {}", way.name);
        assert_eq!(way.days.iter().map(|b| b.findings).sum::<usize>(), gone, "{name}");
        // The area below the course is the load-days.
        let time = |at: &str| at.parse::<jiff::Timestamp>().unwrap().as_second();
        let ends = way.course.iter().skip(1).map(|l| time(&l.at));
        let ends = ends.chain([time(&is.period.until)]);
        let area: f64 = way
            .course
            .iter()
            .zip(ends)
            .map(|(load, end)| load.load * (end - time(&load.at)) as f64 / 86_400.0)
            .sum();
        assert!((area - way.load_days).abs() < 0.1, "{name}, {}: {area}", way.name);
        assert_eq!(way.points.is_none(), way.name == "as it was", "what was has no known work");
    }
}

#[test]
fn two_runs_give_the_same_bytes_of_a_shape_that_is_published() {
    let case = case("dropped-and-spared");
    let made = Made::of(&case);
    let more = ["--format", "json", "--compare", "month=20", "--compare", "sprint=3"];
    let (first, second) = (run(&made, &case, &more), run(&made, &case, &more));
    assert_eq!(first.out, second.out);
    let schema = trimtab_testkit::repository().join("docs/schemas/backtest-1.schema.json");
    let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let document: Value = serde_json::from_str(&first.out).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(document["compared"].as_array().unwrap().len(), 2);
}

#[test]
fn a_table_is_told() {
    let case = case("dropped-and-spared");
    let ran = run(&Made::of(&case), &case, &["--compare", "month=20", "--verbose"]);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    insta::assert_snapshot!("backtest_table", ran.out);
}

#[test]
fn a_page_holds_by_itself() {
    let case = case("one-update");
    let made = Made::of(&case);
    let page = run(&made, &case, &["--format", "html"]).out;
    for part in ["<script", "http://", "https://", "url("] {
        assert!(!page.contains(part), "{part}");
    }
    // A line for each way, and its table.
    assert_eq!(page.matches("<polyline").count(), 5);
    assert!(page.contains("The load at the start of each month"));
    let nothing = self::case("nothing");
    let page = run(&Made::of(&nothing), &nothing, &["--format", "html"]).out;
    assert!(page.contains("nothing to compare") && !page.contains("<polyline"));
}

/// Why there is nothing to compare is one of three things.
#[test]
fn nothing_to_compare_has_its_reason() {
    let nothing = case("nothing");
    let ran = run(&Made::of(&nothing), &nothing, &["--format", "json"]);
    let mut is: Document = serde_json::from_str(&ran.out).unwrap();
    let told = |is: &Document| {
        let mut out = Vec::new();
        let style = trimtab_report::table::Style::default();
        trimtab_report::backtest::text::write(is, style, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().next().unwrap().to_owned()
    };
    assert!(told(&is).ends_with("no finding was known in this period"), "{}", told(&is));
    is.counts.decided = 2;
    assert!(told(&is).ends_with("2 findings in this period, all already decided"), "{}", told(&is));
    is.history.files = 0;
    assert!(told(&is).ends_with("no file that lists dependencies could be read in this period"));
}

/// What others wrote reaches no terminal, in no format.
#[cfg(unix)]
#[test]
fn names_of_files_command_no_terminal() {
    let case = case("one-update");
    let made = Made::index(&case.advisory);
    begin(&made.root());
    let path = "a\u{1b}]0;x\u{7}b/Cargo.lock";
    commit(&made.root(), "2025-12-01T00:00:00Z", "begin", &[(path, Some("[[["))]);
    let text = lockfile(&case.commit[0].packages);
    commit(&made.root(), "2025-12-02T00:00:00Z", "\u{1b}[31mmore", &[(path, Some(&text))]);
    for format in ["table", "json", "html"] {
        let ran = run(&made, &case, &["--verbose", "--format", format]);
        assert_eq!(ran.exit as u8, 0, "{}", ran.err);
        assert!(ran.out.contains("GHSA-aaaa-aaaa-aaaa"), "{}", ran.out);
        let is = |c: char| c.is_control() && c != '\n';
        assert!(!ran.out.contains(is) && !ran.err.contains(is), "{format}: {}", ran.out);
    }
    let json = run(&made, &case, &["--format", "json"]).out;
    let is: Document = serde_json::from_str(&json).unwrap();
    assert_eq!(is.findings[0].file, path);
}

#[test]
fn the_checkout_is_not_touched_and_not_looked_at() {
    let case = case("one-update");
    let made = Made::of(&case);
    let before = run(&made, &case, &["--format", "json"]).out;
    fs::write(made.root().join("Cargo.lock"), "[[[").unwrap();
    let index = fs::read(made.root().join(".git/index")).unwrap();
    assert_eq!(run(&made, &case, &["--format", "json"]).out, before);
    assert_eq!(fs::read(made.root().join(".git/index")).unwrap(), index);
}

#[test]
fn pasts_that_are_none_are_told() {
    let case = case("one-update");
    let made = Made::index(&case.advisory);
    let none = run(&made, &case, &[]);
    assert_eq!(none.exit as u8, 3, "{}", none.err);
    assert!(none.err.contains("not a git repository"), "{}", none.err);
    begin(&made.root());
    let empty = run(&made, &case, &[]);
    assert_eq!(empty.exit as u8, 2, "{}", empty.err);
    assert!(empty.err.contains("there is no commit `HEAD`"), "{}", empty.err);
    commit(&made.root(), "2026-05-01T00:00:00Z", "late", &[("a.txt", Some("a"))]);
    let late = run(&made, &case, &[]);
    assert_eq!(late.exit as u8, 2, "{}", late.err);
    assert!(late.err.contains("no commit before 2026-03-02"), "{}", late.err);
    let slip = run(&made, &case, &["--at", "--upload-pack=x"]);
    assert_eq!(slip.exit as u8, 2, "{}", slip.err);
}

#[test]
fn a_shallow_clone_says_where_it_begins() {
    let case = case("one-update");
    let made = Made::of(&case);
    let shallow = made.folder.path().join("shallow");
    let from = format!("file://{}", made.root().display());
    let to = shallow.display().to_string();
    git(made.folder.path(), "2026-03-01T00:00:00Z", &["clone", "-q", "--depth", "1", &from, &to]);
    let db = made.db();
    let said = said(&case);
    let mut args = vec!["backtest", &to, "--db", &db, "--format", "json"];
    args.extend(said.iter().map(String::as_str));
    let ran = run_in(None, &args, "", Terminal::default());
    assert_eq!(ran.exit as u8, 0, "{}", ran.err);
    let is: Document = serde_json::from_str(&ran.out).unwrap();
    assert!(is.period.from.starts_with("2026-02-09"), "{}", is.period.from);
    assert!(is.gaps.iter().any(|gap| gap.contains("unshallow")), "{:?}", is.gaps);
}

#[test]
fn a_lockfile_that_never_could_be_read_leaves_it_incomplete() {
    let mut case = case("one-update");
    for commit in &mut case.commit {
        commit.text = Some("[[[".to_owned());
    }
    let ran = run(&Made::of(&case), &case, &["--format", "json"]);
    assert_eq!(ran.exit as u8, 3, "{}", ran.err);
    let is: Document = serde_json::from_str(&ran.out).unwrap();
    assert!(is.gaps.iter().any(|gap| gap.contains("to the end")), "{:?}", is.gaps);
}

/// A lockfile by its text at each time; `None`: it is gone.
fn with_texts(texts: &[(&str, Option<&str>)]) -> Ran {
    let case = case("one-update");
    let made = Made::index(&case.advisory);
    begin(&made.root());
    commit(&made.root(), "2025-11-01T00:00:00Z", "begin", &[("readme", Some("a"))]);
    for (at, text) in texts {
        commit(&made.root(), at, "a change", &[("Cargo.lock", *text)]);
    }
    run(&made, &case, &["--format", "json"])
}

#[test]
fn what_was_mended_is_no_gap_at_the_end() {
    let text = lockfile(&["alpha 1.0.0".to_owned()]);
    let (first, later, last) =
        ("2025-12-01T00:00:00Z", "2026-01-20T00:00:00Z", "2026-01-25T00:00:00Z");
    for (exit, texts) in [
        // Mended, from the beginning and in the middle.
        (0, vec![(first, Some("[[[")), (later, Some(&*text))]),
        (0, vec![(first, Some(&*text)), (later, Some("[[[")), (last, Some(&*text))]),
        // Gone, after it had been read, and before it ever was.
        (0, vec![(first, Some(&*text)), (later, Some("[[[")), (last, None)]),
        (3, vec![(first, Some("[[[")), (later, None)]),
        // Read in the end, after it was gone.
        (0, vec![(first, Some("[[[")), (later, None), (last, Some(&*text))]),
        // Not at the end.
        (3, vec![(first, Some(&*text)), (later, Some("[[["))]),
    ] {
        let ran = with_texts(&texts);
        assert_eq!(ran.exit as u8, exit, "{texts:?}: {}", ran.err);
        let is: Document = serde_json::from_str(&ran.out).unwrap();
        assert!(is.gaps.iter().any(|gap| gap.contains("cannot be read")), "{:?}", is.gaps);
    }
}

/// A file that is too large to be read stands as it did, and is told.
#[test]
fn a_file_that_is_too_large_is_not_gone() {
    let case = case("one-update");
    let made = Made::index(&case.advisory);
    let root = made.root();
    begin(&root);
    let text = lockfile(&["alpha 1.0.0".to_owned()]);
    commit(&root, "2025-12-01T00:00:00Z", "begin", &[("Cargo.lock", Some(&text))]);
    let file = fs::File::create(root.join("Cargo.lock")).unwrap();
    file.set_len(trimtab_connect::git::MOST_BYTES + 1).unwrap();
    drop(file);
    commit(&root, "2026-01-20T00:00:00Z", "too large", &[]);
    let ran = run(&made, &case, &["--format", "json"]);
    assert_eq!(ran.exit as u8, 3, "{}", ran.err);
    let is: Document = serde_json::from_str(&ran.out).unwrap();
    let gap = is.gaps.iter().find(|gap| gap.contains("256 MiB, more than is read")).unwrap();
    assert!(gap.contains("what it listed before is assumed to hold"), "{gap}");
    // From 10 January to the end: 51 days × 3.
    assert_eq!(is.way("as it was").unwrap().load_days, 153.0);
}

/// What stands in two files at the same time has half of its weight in each; a file that was moved is one file.
#[test]
fn files_that_never_stood_together_share_no_weight() {
    let case = case("one-update");
    let text = lockfile(&["alpha 1.0.0".to_owned()]);
    let (first, later) = ("2025-12-01T00:00:00Z", "2026-01-20T00:00:00Z");
    let (old, new) = ("old/Cargo.lock", "new/Cargo.lock");
    for (begin_with, then, weights) in [
        (vec![(old, Some(&*text))], vec![(old, None), (new, Some(&*text))], vec![3.0]),
        (vec![(old, Some(&*text)), (new, Some(&*text))], vec![], vec![1.5, 1.5]),
    ] {
        let made = Made::index(&case.advisory);
        begin(&made.root());
        commit(&made.root(), first, "begin", &begin_with);
        commit(&made.root(), later, "then", &then);
        let ran = run(&made, &case, &["--format", "json"]);
        let is: Document = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(is.findings.iter().map(|f| f.weight).collect::<Vec<_>>(), weights);
        // From 10 January to the end: 51 days × 3, in one file or two.
        assert_eq!(is.way("as it was").unwrap().load_days, 153.0);
    }
}

#[test]
fn findings_without_a_score_are_counted_among_what_is_assumed() {
    let mut case = case("one-update");
    "none".clone_into(&mut case.advisory[0].gravity);
    let ran = run(&Made::of(&case), &case, &["--format", "json"]);
    let is: Document = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(is.counts.unscored, 1);
    let told = is.assumptions.iter().find(|told| told.contains("have no score")).unwrap();
    assert!(told.contains(" 1 of the findings"), "{told}");
}

#[test]
fn a_moment_at_the_end_of_all_times_is_no_panic() {
    let made = Made::of(&case("one-update"));
    for now in ["9999-12-31T00:00:00Z", "9999-12-30T21:00:00Z", "9999-12-28T00:00:00Z"] {
        let ran = made.run(&["--now", now]);
        assert!(matches!(ran.exit as u8, 0 | 2), "{now}: {}", ran.err);
        let (root, db) = (made.root().display().to_string(), made.db());
        let args = ["plan", &root, "--db", &db, "--offline", "--now", now];
        let ran = run_in(None, &args, "", Terminal::default());
        assert!(matches!(ran.exit as u8, 0 | 2), "{now}: {}", ran.err);
    }
}

#[test]
fn times_and_rhythms_that_make_no_sense_are_refused() {
    let case = case("one-update");
    let made = Made::of(&case);
    for (args, word) in [
        (
            &["--since", "2026-04-01", "--now", "2026-03-02T00:00:00Z"][..],
            "longer than three years",
        ),
        (&["--since", "2020-01-01", "--now", "2026-03-02T00:00:00Z"], "longer than three years"),
        (&["--cadence", "fortnight"], "is not a cadence"),
        (&["--compare", "month"], "month=20"),
        (&["--compare", "fortnight=3"], "is not a cadence"),
        (&["--days", "0"], "--days"),
    ] {
        let ran = made.run(args);
        assert_eq!(ran.exit as u8, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(word), "{args:?}: {}", ran.err);
    }
}

/// Bounded, and said: more commits than are looked at begin the time later.
#[test]
fn a_long_history_is_cut_and_says_so() {
    let made = Made::index(&case("one-update").advisory);
    let root = made.root();
    begin(&root);
    // Fast: one stream of commits instead of thousands of programs.
    let mut stream = String::new();
    let commits = trimtab_connect::git::MOST_CHANGES + 50;
    for n in 0..commits {
        let text = lockfile(&[format!("alpha 1.0.{n}")]);
        let at = 1_767_571_200 + n * 600;
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter a <a@example.org> {at} +0000\ndata 1\nc\nM 100644 inline Cargo.lock\ndata {}\n{text}\n",
            text.len()
        ));
    }
    import(&root, &stream);
    let ran = made.run(&[
        "--since",
        "2026-01-01",
        "--now",
        "2026-03-02T00:00:00Z",
        "--cadence",
        "week",
        "--format",
        "json",
    ]);
    assert_eq!(ran.exit as u8, 0, "{}", ran.err);
    let is: Document = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(is.history.commits, trimtab_connect::git::MOST_CHANGES);
    assert!(is.gaps.iter().any(|gap| gap.contains("more commits")), "{:?}", is.gaps);
}

fn import(root: &Path, stream: &str) {
    use std::io::Write;
    let mut child = std::process::Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["fast-import", "--quiet"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
