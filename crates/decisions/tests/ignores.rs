//! The ignores of other tools, as exceptions that nobody has approved yet.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod told;

use std::fmt::Write;

use jiff::civil::date;
use proptest::prelude::*;
use told::told;
use trimtab_decisions::exceptions::{self, holds};
use trimtab_decisions::ignores::{TOOLS, import, tool, tool_of};
use trimtab_model::charter::ExceptionRules;
use trimtab_model::decision::{Decisions, Exception, Signatory};
use trimtab_model::{Code, Level, Role};

const CASES: [&str; 8] = [
    "sub/osv-scanner.toml",
    ".trivyignore",
    ".trivyignore.yaml",
    ".grype.yaml",
    ".snyk",
    "deny.toml",
    "sub/.cargo/audit.toml",
    "dependency-check-suppression.xml",
];

fn case(name: &str) -> Vec<u8> {
    let folder = trimtab_testkit::repository().join("corpus/decisions/ignores");
    std::fs::read(folder.join(name)).unwrap()
}

fn ada() -> Signatory {
    Signatory { name: "ada@example.org".into(), role: Some(Role::Engineering) }
}

fn imported(name: &str) -> (Vec<Exception>, Vec<trimtab_model::Diagnostic>) {
    import(tool_of(name).unwrap(), &case(name), name, &ada(), date(2026, 3, 1))
}

#[test]
fn every_tool_is_taken_over_and_told() {
    for name in CASES {
        let (all, faults) = imported(name);
        assert!(!all.is_empty());
        let mut out = String::new();
        for e in &all {
            let package = e.reach.package.as_ref().map_or("-".into(), ToString::to_string);
            let (id, path) = (e.reach.vulnerability.as_deref(), e.reach.path.as_deref());
            let days = (e.created, e.expires.map_or("-".into(), |d| d.to_string()));
            writeln!(
                out,
                "{}:{} {} {package} {}",
                e.line,
                e.id,
                id.unwrap_or("-"),
                path.unwrap_or("-")
            )
            .unwrap();
            writeln!(out, "    {} to {}: {}", days.0.unwrap(), days.1, e.reason).unwrap();
        }
        out.push_str(&told(&faults));
        let file = name.rsplit('/').next().unwrap().trim_start_matches('.');
        insta::assert_snapshot!(file.replace('.', "_"), out);
    }
}

#[test]
fn nothing_that_is_imported_is_in_force() {
    let all = || Role::ALL.to_vec();
    let rules = ExceptionRules {
        longest_days: [None; 4],
        may_ask: all(),
        may_approve: [all(), all(), all(), all()],
        control_from: None,
    };
    for name in CASES {
        let (exceptions, _) = imported(name);
        for exception in &exceptions {
            let standing = holds(exception, Level::Low, &rules, date(2026, 3, 1));
            assert!(!standing.is_held());
            assert!(standing.diagnostics().iter().any(|d| d.code == Code::ExceptionUnapproved));
        }
        // And it can be written, read back, and approved by hand.
        let all = Decisions { exceptions: exceptions.clone(), ..Decisions::default() };
        let text = exceptions::write(&all);
        let (again, faults) = exceptions::read(&text, name);
        assert_eq!(faults, []);
        let mut again = again.exceptions;
        for (again, before) in again.iter_mut().zip(&exceptions) {
            again.line = before.line;
        }
        assert_eq!(again, exceptions, "{name}");
    }
}

#[test]
fn files_are_known_by_their_names() {
    let of = |path: &str| tool_of(path).map(|tool| tool.name);
    assert_eq!(of("a/b/osv-scanner.toml"), Some("osv-scanner"));
    assert_eq!(of(".cargo/audit.toml"), Some("cargo-audit"));
    assert_eq!(of("config/owasp/suppressions.xml"), Some("dependency-check"));
    assert_eq!(of("pom.xml"), None);
    assert!(TOOLS.iter().all(|t| tool(t.name).is_some_and(|found| found.files == t.files)));
}

#[test]
fn what_is_broken_is_said_with_its_line() {
    let bomb = "a0: &a0 [x]\n".to_owned() + "b: *a0\n";
    let deep = "[".repeat(5000);
    let cases: [(&str, &[u8]); 9] = [
        ("osv-scanner", b"[[IgnoredVulns]]\nid = 1\n"),
        ("osv-scanner", b"[[IgnoredVulns]\n"),
        ("trivy-yaml", b"vulnerabilities:\n  - id: a\n - b"),
        ("grype", bomb.as_bytes()),
        ("snyk", deep.as_bytes()),
        ("cargo-deny", b"\xff"),
        ("dependency-check", b"<suppressions>\n<suppress>"),
        ("dependency-check", b"<!DOCTYPE a [<!ENTITY b \"c\">]><suppressions/>"),
        ("dependency-check", b"<suppressions><suppress><cve>&b;</cve></suppress></suppressions>"),
    ];
    let mut all = Vec::new();
    for (name, bytes) in cases {
        let (exceptions, faults) =
            import(tool(name).unwrap(), bytes, name, &ada(), date(2026, 3, 1));
        assert_eq!(exceptions, []);
        assert!(!faults.is_empty(), "{name}");
        all.extend(faults);
    }
    insta::assert_snapshot!(told(&all));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic(which in 0usize..8, cut in 0usize..3000, noise in proptest::collection::vec(any::<u8>(), 0..12)) {
        let name = CASES[which];
        let bytes = case(name);
        let cut = cut.min(bytes.len());
        let mut changed = bytes[..cut].to_vec();
        changed.extend_from_slice(&noise);
        changed.extend_from_slice(&bytes[cut..]);
        for tool in TOOLS {
            for bytes in [&bytes[..cut], &changed] {
                let (exceptions, _) = import(tool, bytes, name, &ada(), date(2026, 3, 1));
                for e in &exceptions {
                    prop_assert!(e.approver.is_none() && e.line >= 1);
                    prop_assert!(e.reach.vulnerability.is_some() || e.reach.package.is_some());
                }
            }
        }
    }
}
