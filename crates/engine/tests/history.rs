//! When findings were first seen: clocks that survive new versions and new names, and files that are damaged.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::Timestamp;
use proptest::prelude::*;
use trimtab_engine::history::{Added, History};
use trimtab_model::advisory::{Kind, Severity, Vulnerability};
use trimtab_model::finding::{Confidence, Finding, Unknown, UnknownReason};
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Ecosystem, Inventory, Purl};

fn finding(purl: &str, ids: &str) -> Finding {
    let purl: Purl = purl.parse().unwrap();
    let mut ids = ids.split(' ').map(Into::into);
    Finding {
        ecosystem: Ecosystem::of(&purl).unwrap(),
        package: purl.name().into(),
        vulnerability: Vulnerability {
            id: ids.next().unwrap(),
            aliases: ids.collect(),
            kind: Kind::Vulnerability,
            summary: None,
            severity: Severity::default(),
            cwes: Vec::new(),
            kev: None,
            epss: None,
            references: Vec::new(),
        },
        attributions: Vec::new(),
        confidence: Confidence::High,
        doubts: Vec::new(),
        nearest_fix: None,
        occurrences: Vec::new(),
        purl,
    }
}

fn scan(findings: &[(&str, &str)]) -> Scan {
    Scan {
        target: "app".into(),
        inventory: Inventory::default(),
        index: None,
        findings: findings.iter().map(|(purl, ids)| finding(purl, ids)).collect(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    }
}

fn day(day: u32) -> Timestamp {
    format!("2026-01-{day:02}T09:00:00.5Z").parse().unwrap()
}

/// A file, as runs continue it.
struct File(String);

impl File {
    fn begun() -> File {
        File("trimtab-history 1\n".to_owned())
    }

    fn observe(&mut self, on: u32, scan: &Scan) -> Added {
        let mut history = History::read(&self.0, "h").unwrap();
        let added = history.observe(scan, day(on)).unwrap();
        self.0.push_str(history.added());
        added
    }

    /// The first day of a finding, and the days from and to which it was here before.
    fn since(&self, purl: &str, ids: &str) -> (Option<i8>, Vec<(i8, i8)>) {
        let since = History::read(&self.0, "h").unwrap().since(&finding(purl, ids));
        let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).day();
        let before = since.before.iter().map(|(from, to)| (day(*from), day(*to)));
        (since.first.map(day), before.collect())
    }
}

#[test]
fn neither_a_version_nor_a_name_starts_a_clock() {
    let mut file = File::begun();
    let added =
        file.observe(1, &scan(&[("pkg:npm/a@1.0.0", "GHSA-1"), ("pkg:npm/b@1.0.0", "GHSA-1")]));
    assert_eq!(added, Added { seen: 2, again: 0, gone: 0 });
    // Another version, and two versions at once.
    file.observe(2, &scan(&[("pkg:npm/a@1.1.0", "GHSA-1"), ("pkg:npm/b@1.0.0", "GHSA-1")]));
    let both = [
        ("pkg:npm/a@1.1.0", "GHSA-1"),
        ("pkg:npm/a@2.0.0", "ghsa-1"),
        ("pkg:npm/b@1.0.0", "GHSA-1"),
    ];
    assert_eq!(file.observe(3, &scan(&both)), Added::default());
    // It gets a CVE, then loses the id that it was first known by.
    file.observe(4, &scan(&[("pkg:npm/a@1.1.0", "CVE-1 GHSA-1")]));
    file.observe(5, &scan(&[("pkg:npm/a@1.1.0", "CVE-1 PYSEC-1")]));
    file.observe(6, &scan(&[("pkg:npm/a@1.1.0", "PYSEC-1")]));
    assert_eq!(file.since("pkg:npm/a@9", "PYSEC-1"), (Some(1), vec![]));
    assert_eq!(
        file.0,
        "trimtab-history 1\n\
         2026-01-01T09:00:00Z seen pkg:npm/a GHSA-1\n\
         2026-01-01T09:00:00Z seen pkg:npm/b GHSA-1\n\
         2026-01-04T09:00:00Z also pkg:npm/a GHSA-1 CVE-1\n\
         2026-01-04T09:00:00Z gone pkg:npm/b GHSA-1\n\
         2026-01-05T09:00:00Z also pkg:npm/a CVE-1 PYSEC-1\n"
    );
}

#[test]
fn groups_that_join_keep_the_earliest_day_and_parts_keep_it_too() {
    let mut file = File::begun();
    file.observe(1, &scan(&[("pkg:npm/a@1", "GHSA-1")]));
    file.observe(3, &scan(&[("pkg:npm/a@1", "GHSA-1"), ("pkg:npm/a@1", "CVE-2")]));
    assert_eq!(file.since("pkg:npm/a", "CVE-2").0, Some(3));
    let joined = scan(&[("pkg:npm/a@1", "CVE-2 GHSA-1")]);
    file.observe(4, &joined);
    assert_eq!(file.since("pkg:npm/a", "CVE-2").0, Some(1));
    let before = file.0.clone();
    file.observe(5, &joined);
    assert_eq!(file.0, before, "nothing new adds nothing");
    file.observe(6, &scan(&[("pkg:npm/a@1", "GHSA-1"), ("pkg:npm/a@1", "CVE-2")]));
    assert_eq!(file.since("pkg:npm/a", "GHSA-1").0, Some(1));
    assert_eq!(file.since("pkg:npm/a", "CVE-2").0, Some(1));
    // All of it goes.
    file.observe(7, &scan(&[]));
    assert_eq!(file.since("pkg:npm/a", "CVE-2").0, None);
    assert_eq!(file.since("pkg:npm/a", "GHSA-1").0, None);
}

#[test]
fn what_comes_back_has_a_new_day_and_keeps_its_trail() {
    let mut file = File::begun();
    let here = scan(&[("pkg:npm/a@1", "GHSA-1")]);
    file.observe(1, &here);
    assert_eq!(file.observe(5, &scan(&[])), Added { seen: 0, again: 0, gone: 1 });
    assert_eq!(file.since("pkg:npm/a", "GHSA-1"), (None, vec![(1, 5)]));
    let back = scan(&[("pkg:npm/a@2", "CVE-1 GHSA-1")]);
    assert_eq!(file.observe(8, &back), Added { seen: 1, again: 1, gone: 0 });
    assert_eq!(file.since("pkg:npm/a", "CVE-1"), (Some(8), vec![(1, 5)]));
    file.observe(9, &scan(&[]));
    file.observe(12, &here);
    assert_eq!(file.since("pkg:npm/a", "GHSA-1"), (Some(12), vec![(1, 5), (8, 9)]));
}

#[test]
fn what_was_not_looked_at_is_not_gone() {
    let mut file = File::begun();
    file.observe(1, &scan(&[("pkg:npm/a@1", "GHSA-1")]));
    let mut broken = scan(&[]);
    broken.diagnostics.push(Diagnostic::new(Code::FileMalformed, "a lockfile is cut off"));
    assert_eq!(file.observe(2, &broken), Added::default());
    let mut unclear = scan(&[]);
    unclear.unknowns.push(Unknown {
        purl: "pkg:npm/a".parse().unwrap(),
        reason: UnknownReason::NoVersion,
        advisories: Vec::new(),
        occurrences: Vec::new(),
    });
    assert_eq!(file.observe(3, &unclear), Added::default());
    assert_eq!(file.since("pkg:npm/a", "GHSA-1").0, Some(1));
}

#[test]
fn a_damaged_file_is_an_error_at_its_line() {
    let seen = "2026-01-02T00:00:00Z seen pkg:npm/a GHSA-1\n";
    let head = "trimtab-history 1\n";
    for (text, line, wanted) in [
        (String::new(), 1, "the first line is not `trimtab-history 1`"),
        ("trimtab-history 2\n".into(), 1, "the first line is not"),
        ("trimtab-history 1".into(), 1, "the first line is not"),
        (format!("{head}{seen}{}", seen.trim_end()), 3, "the last line is cut off"),
        (format!("{head}\n"), 2, "it has no time"),
        (format!("{head}yesterday seen pkg:npm/a X\n"), 2, "`yesterday` is not a time"),
        (format!("{head}2026-01-02T00:00:00Z\n"), 2, "it has no event"),
        (format!("{head}2026-01-02T00:00:00Z fixed pkg:npm/a X\n"), 2, "none of seen, also, gone"),
        (format!("{head}2026-01-02T00:00:00Z seen a X\n"), 2, "`a` is not the purl of a package"),
        (
            format!("{head}2026-01-02T00:00:00Z seen pkg:npm/a@1 X\n"),
            2,
            "not the purl of a package",
        ),
        (format!("{head}2026-01-02T00:00:00Z seen pkg:npm/a\n"), 2, "it has no id"),
        (format!("{head}2026-01-02T00:00:00Z seen pkg:npm/a  X\n"), 2, "an id is empty"),
        (format!("{head}{seen}{seen}"), 3, "it is here already"),
        (format!("{head}{seen}2026-01-02T00:00:00Z gone pkg:npm/a X\n"), 3, "`X` is not here"),
        (
            format!("{head}{seen}2026-01-01T00:00:00Z gone pkg:npm/a GHSA-1\n"),
            3,
            "is before that of",
        ),
        (format!("{head}<<<<<<< HEAD\n{seen}"), 2, "`<<<<<<<` is not a time"),
    ] {
        let error = History::read(&text, "h.txt").unwrap_err();
        assert_eq!((error.code, error.line), (Code::HistoryMalformed, Some(line)), "{text}");
        assert!(error.message.contains(wanted), "{text}: {}", error.message);
        assert!(error.file.as_deref() == Some("h.txt") && error.help.is_some());
    }
    // The line ends of another system are no damage.
    assert!(History::read(&format!("{head}{seen}").replace('\n', "\r\n"), "h").is_ok());
    // Time does not go back.
    let mut history = History::read(&format!("{head}{seen}"), "h").unwrap();
    assert!(history.observe(&scan(&[]), day(1)).is_err());
    let long = format!("{head}2026-01-02T00:00:00Z seen pkg:npm/a{}\n", " X".repeat(5));
    assert!(History::read(&long, "h").is_ok());
    let ids: String = (0..1001).map(|i| format!(" X{i}")).collect();
    let long = format!("{head}2026-01-02T00:00:00Z seen pkg:npm/a{ids}\n");
    assert!(History::read(&long, "h").unwrap_err().message.contains("1000 ids"));
}

const PACKAGES: [&str; 2] = ["pkg:npm/a@1", "pkg:npm/b@2"];
const IDS: [&str; 7] = ["A", "B", "C", "A B", "B C", "A C", "A B C"];

fn any_scan() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let one = (proptest::sample::select(&PACKAGES[..]), proptest::sample::select(&IDS[..]));
    proptest::collection::vec(one, 0..5)
}

proptest! {
    /// The file only grows, is read again as it was written, and what was here the last time keeps its day.
    #[test]
    fn clocks_do_not_start_anew(scans in proptest::collection::vec(any_scan(), 1..8)) {
        let mut file = File::begun();
        for (on, findings) in (1..).zip(&scans) {
            let now = scan(findings);
            let before = History::read(&file.0, "h").unwrap();
            let text = file.0.clone();
            file.observe(on, &now);
            prop_assert!(file.0.starts_with(&text));
            let after = History::read(&file.0, "h").unwrap();
            for finding in &now.findings {
                let (was, is) = (before.since(finding), after.since(finding));
                prop_assert!(is.first.is_some());
                prop_assert!(was.first.is_none() || is.first <= was.first);
                // Earlier times may go to another finding: where `B C` was gone, and `A C` and `B` come, both
                // could be it, and one of them is.
            }
            let same = file.0.clone();
            prop_assert_eq!(file.observe(on, &now), Added::default());
            prop_assert_eq!(&file.0, &same);
        }
    }

    #[test]
    fn no_text_is_too_much(text in "(trimtab-history 1\n)?([ -~\n]{0,80})") {
        let _ = History::read(&text, "h");
    }
}
