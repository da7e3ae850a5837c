//! What decisions do to findings: who is accepted, who does not matter, who stays open.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use trimtab_charter::preset;
use trimtab_charter::project::Project;
use trimtab_decisions::exceptions;
use trimtab_engine::repository::{Agreement, Place, weigh};
use trimtab_model::advisory::{Kind, Rating, Severity, Vulnerability};
use trimtab_model::decision::{Decisions, Product, Statement};
use trimtab_model::evidence::VexStatus;
use trimtab_model::finding::{Confidence, Finding, Occurrence};
use trimtab_model::inventory::{FileInventory, Inventory};
use trimtab_model::scan::{Assessed, Scan, Weighing};
use trimtab_model::{
    Code, Component, Ecosystem, Exposure, Level, Purl, Relation, Scope, System, cvss,
};

const VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

/// One finding, in a file for each path.
fn scan(kind: Kind, paths: &[&str]) -> Scan {
    let purl: Purl = "pkg:npm/moment@2.24.0".parse().unwrap();
    let file = |path: &&str| FileInventory {
        path: (*path).into(),
        components: vec![Component {
            relation: Relation::Direct,
            scope: Scope::Runtime,
            ..Component::new(purl.clone())
        }],
        ..FileInventory::default()
    };
    let (version, tenths) = cvss::base_score_tenths(VECTOR).unwrap();
    let finding = Finding {
        ecosystem: Ecosystem::of(&purl).unwrap(),
        package: "moment".into(),
        vulnerability: Vulnerability {
            id: "CVE-2026-1".into(),
            aliases: vec!["GHSA-1".into()],
            kind,
            summary: None,
            severity: Severity {
                rating: Rating::of_tenths(tenths),
                score_tenths: Some(tenths),
                vector: Some(VECTOR.into()),
                cvss: Some(version),
                from: None,
            },
            cwes: Vec::new(),
            kev: None,
            epss: None,
            references: Vec::new(),
        },
        attributions: Vec::new(),
        confidence: Confidence::High,
        doubts: Vec::new(),
        nearest_fix: None,
        occurrences: (0u32..)
            .take(paths.len())
            .map(|file| Occurrence { file, component: 0 })
            .collect(),
        purl: purl.clone(),
    };
    Scan {
        target: "app".into(),
        inventory: Inventory { files: paths.iter().map(file).collect(), ..Inventory::default() },
        index: None,
        findings: vec![finding],
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    }
}

fn agreement(decisions: &str, statements: Vec<Statement>) -> Agreement {
    let (all, faults) = exceptions::read(&format!("format = 1\n{decisions}"), "exceptions.toml");
    assert_eq!(faults, []);
    let Decisions { exceptions, not_affected } = all;
    let system = System {
        name: "app".into(),
        tier: Some("vital".into()),
        exposure: Some(Exposure::Internet),
        data: Some(vec!["personal".into()]),
        environments: Some(vec!["production".into()]),
        ..System::default()
    };
    let project = Project { systems: vec![system], ..Project::default() };
    Agreement {
        charter: preset::default(),
        project,
        exceptions,
        not_affected,
        statements,
        place: Place::Whole,
    }
}

fn weighed(scan: &Scan, agreement: &Agreement) -> (Weighing, Vec<Code>) {
    let now = "2026-02-01T12:00:00Z".parse().unwrap();
    let (weighing, diagnostics) = weigh(scan, agreement, &|_| None, now).unwrap();
    (weighing, diagnostics.iter().map(|d| d.code).collect())
}

fn one(weighing: &Weighing) -> &Assessed {
    assert_eq!(weighing.assessed.len(), 1);
    &weighing.assessed[0]
}

/// A sound decision, with more lines.
fn not_affected(id: &str, more: &str) -> String {
    format!(
        "[[not-affected]]\nid = \"{id}\"\nvulnerability = \"ghsa-1\"\njustification = \"vulnerable_code_not_in_execute_path\"\nreason = \"Dates are our own.\"\nauthor = \"Ada\"\ncreated = 2026-01-10\n{more}\n"
    )
}

const SECURITY: &str = "approver = \"Grace\"\napprover-role = \"security\"";
const EXCEPTION: &str = "[[exception]]\nid = \"EX-1\"\nvulnerability = \"CVE-2026-1\"\nreason = \"r\"\nauthor = \"Ada\"\nauthor-role = \"engineering\"\napprover = \"Grace\"\napprover-role = \"security\"\ncreated = 2026-01-30\nexpires = 2026-02-03\ncontrol = \"c\"\n";

#[test]
fn what_does_not_matter_is_shown_and_no_load() {
    let scan = scan(Kind::Vulnerability, &["app/package-lock.json"]);
    let (open, codes) = weighed(&scan, &agreement("", vec![]));
    assert!(open.load > 0.0 && one(&open).is_open() && codes.is_empty());
    let decided = agreement(&not_affected("NA-1", SECURITY), vec![]);
    let (weighing, codes) = weighed(&scan, &decided);
    assert_eq!(codes, []);
    let assessed = one(&weighing);
    assert!(!assessed.is_open() && assessed.exception.is_none());
    let unaffected = assessed.not_affected.as_ref().unwrap();
    assert_eq!(
        (&*unaffected.id, &*unaffected.reason, unaffected.until),
        ("NA-1", "Dates are our own.", None)
    );
    assert_eq!(assessed.vex, Some(VexStatus::NotAffected));
    assert_eq!(weighing.load, 0.0);
    let factor = assessed.assessment.factors().find(|f| f.name == "VEX").unwrap();
    assert_eq!(&*factor.source, "decision NA-1 of Ada, approved by Grace");
    assert!(
        assessed.assessment.likelihood.probability < one(&open).assessment.likelihood.probability
    );
}

#[test]
fn a_decision_does_not_lower_the_level_that_it_is_approved_at() {
    // At critical, by the framework, security or leadership approve; at low also engineering.
    let scan = scan(Kind::Vulnerability, &["app/package-lock.json"]);
    let sound = agreement(&not_affected("NA-1", SECURITY), vec![]);
    let (lowered, _) = weighed(&scan, &sound);
    let (open, _) = weighed(&scan, &agreement("", vec![]));
    assert!(one(&lowered).assessment.level < one(&open).assessment.level);
    assert!(one(&open).assessment.level > Level::Medium);
    let engineering = not_affected("NA-1", "approver = \"Grace\"\napprover-role = \"engineering\"");
    let (weighing, codes) = weighed(&scan, &agreement(&engineering, vec![]));
    assert_eq!(codes, [Code::ExceptionUnapproved]);
    assert!(one(&weighing).is_open());
    assert_eq!(weighing.load, open.load);
}

#[test]
fn what_does_not_hold_leaves_the_finding_open() {
    let scan = scan(Kind::Vulnerability, &["app/package-lock.json"]);
    let cases = [
        ("", Code::ExceptionUnapproved),
        ("approver = \"ada\"\napprover-role = \"security\"", Code::ExceptionSelfApproved),
        (&format!("{SECURITY}\nexpires = 2026-01-31"), Code::ExceptionExpired),
        (&format!("{SECURITY}\npath = \"tools/**\""), Code::ExceptionUnused),
        (&format!("{SECURITY}\npackage = \"pkg:npm/moment@2.25.0\""), Code::ExceptionUnused),
        (&format!("{SECURITY}\nsystem = \"intranet\""), Code::ExceptionUnused),
        (&format!("{SECURITY}\nenvironment = \"test\""), Code::ExceptionUnused),
    ];
    for (more, code) in cases {
        let (weighing, codes) = weighed(&scan, &agreement(&not_affected("NA-1", more), vec![]));
        assert_eq!(codes, [code], "{more}");
        assert!(one(&weighing).is_open() && one(&weighing).vex.is_none(), "{more}");
    }
}

#[test]
fn every_place_needs_a_decision_and_the_first_to_end_counts() {
    let scan = scan(Kind::Vulnerability, &["app/package-lock.json", "tools/package-lock.json"]);
    let app = not_affected("NA-1", &format!("{SECURITY}\npath = \"app/**\"\nexpires = 2026-06-01"));
    let tools =
        not_affected("NA-2", &format!("{SECURITY}\npath = \"tools/**\"\nexpires = 2026-03-01"));
    let (weighing, codes) = weighed(&scan, &agreement(&app, vec![]));
    assert!(one(&weighing).is_open() && codes.is_empty(), "half of it is open: {codes:?}");
    let (weighing, _) = weighed(&scan, &agreement(&(app + &tools), vec![]));
    let unaffected = one(&weighing).not_affected.as_ref().unwrap();
    assert_eq!(
        (&*unaffected.id, unaffected.until.unwrap().to_string()),
        ("NA-2", "2026-03-01".into())
    );
}

#[test]
fn nothing_is_decided_about_malware() {
    let scan = scan(Kind::Malicious, &["app/package-lock.json"]);
    let (weighing, codes) = weighed(&scan, &agreement(&not_affected("NA-1", SECURITY), vec![]));
    assert_eq!(codes, [Code::DecisionMalicious]);
    assert!(one(&weighing).is_open() && one(&weighing).vex.is_none() && weighing.load > 0.0);
    let (weighing, codes) = weighed(&scan, &agreement(EXCEPTION, vec![]));
    assert_eq!(codes, [Code::DecisionMalicious]);
    assert!(one(&weighing).is_open());
}

#[test]
fn what_is_accepted_and_does_not_matter_is_accepted_and_said() {
    let scan = scan(Kind::Vulnerability, &["app/package-lock.json"]);
    let both = EXCEPTION.to_owned() + &not_affected("NA-1", SECURITY);
    let (weighing, codes) = weighed(&scan, &agreement(&both, vec![]));
    assert_eq!(codes, [Code::VexConflict]);
    let assessed = one(&weighing);
    assert_eq!(assessed.exception.as_ref().map(|(id, _)| &**id), Some("EX-1"));
    assert!(assessed.not_affected.is_none() && assessed.vex.is_none());
}

#[test]
fn a_later_and_graver_word_of_a_supplier_opens_it_again() {
    let scan = scan(Kind::Vulnerability, &["app/package-lock.json"]);
    let says = |status, day: &str| Statement {
        vulnerability: "CVE-2026-1".into(),
        aliases: Vec::new(),
        products: vec![Product {
            id: "p".into(),
            purl: Some("pkg:npm/moment@2.24.0".parse().unwrap()),
            ..Product::default()
        }],
        status,
        justification: None,
        detail: None,
        action: None,
        author: Some("Moment".into()),
        at: Some(format!("{day}T00:00:00Z").parse().unwrap()),
        document: None,
        words: Vec::new(),
    };
    let with = |status, day| {
        weighed(&scan, &agreement(&not_affected("NA-1", SECURITY), vec![says(status, day)]))
    };
    let (weighing, codes) = with(VexStatus::Affected, "2026-01-05");
    assert_eq!(codes, []);
    let assessed = one(&weighing);
    assert!(assessed.not_affected.is_some());
    let factor = assessed.assessment.factors().find(|f| f.name == "VEX").unwrap();
    assert!(
        factor.source.ends_with("; Moment said before that it is affected"),
        "{}",
        factor.source
    );
    let (weighing, codes) = with(VexStatus::Affected, "2026-01-15");
    assert_eq!(codes, [Code::VexConflict]);
    assert!(one(&weighing).is_open());
    assert_eq!(one(&weighing).vex, Some(VexStatus::Affected));
    // Who agrees, whenever, changes nothing: it is our decision that is told.
    let (weighing, codes) = with(VexStatus::Fixed, "2026-01-15");
    let noted = vec![Code::VexAgeUnknown];
    assert_eq!((codes, one(&weighing).vex), (noted, Some(VexStatus::NotAffected)));
}
