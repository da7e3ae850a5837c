//! The decisions *not affected*: as they are read, when they hold, and what is published of them.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod schemas;
mod told;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use schemas::{apart, errors, validator};
use told::told;
use trimtab_decisions::exceptions::{append, read, schema, write};
use trimtab_decisions::not_affected::{Case, holds, unused};
use trimtab_decisions::vex::{self, Issue, VexFormat};
use trimtab_model::charter::ExceptionRules;
use trimtab_model::decision::{
    Decisions, Exception, Justification, NotAffected, Reach, Signatory, Statement,
};
use trimtab_model::evidence::VexStatus;
use trimtab_model::{Code, Level, Purl, Role};

fn case(name: &str) -> String {
    let path = trimtab_testkit::repository().join("corpus/decisions").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn both() -> Decisions {
    let (all, faults) = read(&case("not-affected.toml"), "exceptions.toml");
    assert_eq!(faults, []);
    all
}

fn sound() -> NotAffected {
    both().not_affected.swap_remove(0)
}

/// Product approves what is low, leadership alone what is critical.
fn rules() -> ExceptionRules {
    ExceptionRules {
        longest_days: [Some(10), Some(10), Some(10), Some(0)],
        may_ask: vec![Role::Product],
        may_approve: [
            vec![Role::Security, Role::Product],
            vec![Role::Security],
            vec![Role::Security],
            vec![Role::Leadership],
        ],
        control_from: Some(Level::Low),
    }
}

fn on(today: Date, rules: &ExceptionRules) -> Case<'_> {
    static UTC: TimeZone = TimeZone::UTC;
    Case { level: Level::High, rules, today, zone: &UTC, changed: None, said: &[] }
}

fn codes(decision: &NotAffected, case: &Case<'_>) -> Vec<Code> {
    let standing = holds(decision, case);
    assert_eq!(standing.is_held(), standing.diagnostics().is_empty());
    standing.diagnostics().iter().map(|d| d.code).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_file_is_read_whole_and_written_back() {
    let all = both();
    assert_eq!((all.exceptions.len(), all.not_affected.len()), (1, 2));
    let one = &all.not_affected[0];
    assert_eq!(one.justification, Justification::VulnerableCodeNotInExecutePath);
    assert_eq!((one.created, one.expires), (Some(date(2026, 1, 10)), Some(date(2026, 6, 30))));
    assert_eq!(
        (one.evidence.as_deref().unwrap(), one.line),
        ("PAY-812: the test `logs_no_input`", 10)
    );
    assert_eq!(all.not_affected[1].approver, None);
    let written = write(&all);
    assert_eq!(read(&written, "exceptions.toml"), (all, vec![]));
}

#[test]
fn every_fault_is_underlined_and_the_rest_is_read() {
    let (all, faults) = read(&case("not-affected-wrong.toml"), "exceptions.toml");
    assert_eq!((all.exceptions.len(), all.not_affected.len()), (1, 0));
    insta::assert_snapshot!(told(&faults));
}

#[test]
fn the_schema_knows_the_labels() {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let entry = |justification: serde_json::Value| {
        serde_json::json!({ "format": 1, "not-affected": [{
            "id": "NA-1", "vulnerability": "CVE-2026-1", "justification": justification,
            "reason": "r", "author": "a", "created": "2026-01-10",
        }] })
    };
    for label in Justification::ALL {
        assert!(validator.is_valid(&entry(label.as_str().into())), "{}", label.as_str());
    }
    assert!(!validator.is_valid(&entry("not_reachable".into())));
    for needed in ["justification", "vulnerability", "reason", "author", "id"] {
        let mut value = entry("component_not_present".into());
        value["not-affected"][0].as_object_mut().unwrap().remove(needed);
        assert!(!validator.is_valid(&value), "{needed}");
    }
}

#[test]
fn an_exception_that_is_appended_takes_no_id_of_a_decision() {
    let new = Exception {
        id: "NA-1".into(),
        reach: Reach { vulnerability: Some("CVE-2026-2".into()), ..Reach::default() },
        ..both().exceptions.swap_remove(0)
    };
    let (text, added) = append(&case("not-affected.toml"), "exceptions.toml", &[new]).unwrap();
    assert_eq!(added, 1);
    let (all, faults) = read(&text, "exceptions.toml");
    assert_eq!(faults, []);
    assert_eq!((&*all.exceptions[1].id, all.not_affected), ("NA-1-2", both().not_affected));
}

#[test]
fn somebody_else_approves_and_security_always_may() {
    let rules = rules();
    let today = on(date(2026, 2, 1), &rules);
    // Neither the days nor the control nor who may ask of exceptions matter here.
    for level in Level::ALL {
        assert_eq!(codes(&sound(), &Case { level: *level, ..today }), []);
    }
    let by = |name: &str, role| {
        let approver = Some(Signatory { name: name.into(), role });
        NotAffected { approver, ..sound() }
    };
    let product = by("pat@example.org", Some(Role::Product));
    assert_eq!(codes(&product, &Case { level: Level::Low, ..today }), []);
    assert_eq!(codes(&product, &today), [Code::ExceptionUnapproved]);
    let leadership = by("lee@example.org", Some(Role::Leadership));
    assert_eq!(codes(&leadership, &today), [Code::ExceptionUnapproved]);
    assert_eq!(codes(&leadership, &Case { level: Level::Critical, ..today }), []);
    assert_eq!(codes(&by("grace@example.org", None), &today), [Code::ExceptionUnapproved]);
    let own = by("ADA+x@example.org", Some(Role::Security));
    assert_eq!(codes(&own, &today), [Code::ExceptionSelfApproved]);
    let nobody = NotAffected { approver: None, ..sound() };
    assert_eq!(codes(&nobody, &today), [Code::ExceptionUnapproved]);
}

#[test]
fn it_ends_on_its_last_day_and_when_the_advisory_changes() {
    let rules = rules();
    assert_eq!(codes(&sound(), &on(date(2026, 6, 30), &rules)), []);
    assert_eq!(codes(&sound(), &on(date(2026, 7, 1), &rules)), [Code::ExceptionExpired]);
    assert_eq!(codes(&sound(), &on(date(2026, 1, 9), &rules)), [Code::ConfigMalformed]);
    let endless = NotAffected { expires: None, ..sound() };
    assert_eq!(holds(&endless, &on(date(2030, 1, 1), &rules)).until(), None);
    // Made on 10 January: a change before or on that day was known, a later one was not.
    let changed = |when| Case { changed: Some(at(when)), ..on(date(2026, 2, 1), &rules) };
    assert_eq!(codes(&sound(), &changed("2026-01-09T23:00:00Z")), []);
    assert_eq!(codes(&sound(), &changed("2026-01-10T23:00:00Z")), []);
    assert_eq!(codes(&sound(), &changed("2026-01-11T00:00:00Z")), [Code::VexStale]);
    // Days begin where the charter says.
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let there = Case { zone: &zone, ..changed("2026-01-10T23:00:00Z") };
    assert_eq!(codes(&sound(), &there), [Code::VexStale]);
    let undated = NotAffected { created: None, ..sound() };
    assert_eq!(codes(&undated, &changed("2020-01-01T00:00:00Z")), [Code::VexStale]);
    assert_eq!(codes(&undated, &on(date(2026, 2, 1), &rules)), []);
}

#[test]
fn a_supplier_who_says_something_graver_afterwards_has_the_last_word() {
    let rules = rules();
    let says = |status, when: Option<&str>| Statement {
        vulnerability: "CVE-2021-44228".into(),
        aliases: vec![],
        products: vec![],
        status,
        justification: None,
        detail: None,
        action: None,
        author: Some("Logging".into()),
        at: when.map(at),
        document: None,
        words: vec![],
    };
    let against = |decision: &NotAffected, said: &[&Statement]| {
        codes(decision, &Case { said, ..on(date(2026, 2, 1), &rules) })
    };
    use VexStatus::{Affected, Fixed, NotAffected as Not, UnderInvestigation};
    for status in [Affected, UnderInvestigation] {
        let before = says(status, Some("2026-01-10T09:00:00Z"));
        assert_eq!(against(&sound(), &[&before]), [], "known to those who decided");
        let after = says(status, Some("2026-01-11T09:00:00Z"));
        assert_eq!(against(&sound(), &[&before, &after]), [Code::VexConflict]);
        assert_eq!(against(&sound(), &[&says(status, None)]), [Code::VexConflict]);
        let undated = NotAffected { created: None, ..sound() };
        assert_eq!(against(&undated, &[&before]), [Code::VexConflict]);
    }
    for status in [Not, Fixed] {
        assert_eq!(against(&sound(), &[&says(status, Some("2026-01-20T09:00:00Z"))]), []);
    }
    let after = says(Affected, Some("2026-01-11T09:00:00Z"));
    let said = [&after];
    let standing = holds(&sound(), &Case { said: &said, ..on(date(2026, 2, 1), &rules) });
    insta::assert_snapshot!(told(standing.diagnostics()));
}

#[test]
fn one_about_nothing_is_said_with_what_else_is_wrong() {
    let faults = unused(&both().not_affected[1], &rules(), date(2026, 2, 1));
    let codes: Vec<_> = faults.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::ExceptionUnapproved, Code::ExceptionUnused]);
    assert!(faults.iter().all(|d| d.line == Some(27)), "{faults:?}");
}

#[test]
fn what_is_published_comes_back_from_every_format() {
    let product: Purl = "pkg:generic/payments@2.4.0".parse().unwrap();
    let component: Purl = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1".parse().unwrap();
    let other: Purl = "pkg:npm/moment@2.24.0".parse().unwrap();
    let exception = both().exceptions.swap_remove(0);
    let issued = at("2026-02-01T12:00:00Z");
    let mut ours = vec![vex::accepted(&exception, "CVE-2026-1", &product, Some(&other))];
    // Every justification, once with its time and once without, and of one that is no CVE.
    for (number, justification) in Justification::ALL.iter().enumerate() {
        let decision = NotAffected { justification: *justification, ..sound() };
        let id = if number == 4 {
            "GHSA-xxxx-0000".to_owned()
        } else {
            format!("CVE-2021-{number}0000")
        };
        let made = (number % 2 == 0).then(|| at("2026-01-10T00:00:00Z"));
        ours.push(vex::not_affected(&decision, &id, &product, Some(&component), made));
        // The product itself.
        ours.push(vex::not_affected(&decision, &id, &product, Some(&product), made));
    }
    let issue = Issue {
        id: "https://vex.example/2026-1".into(),
        title: "VEX of payments".into(),
        author: "Example PSIRT".into(),
        namespace: "https://vex.example/".into(),
        at: issued,
        version: 1,
    };
    let filled: Vec<_> = ours
        .iter()
        .map(|s| Statement {
            author: Some(issue.author.clone()),
            at: s.at.or(Some(issued)),
            ..s.clone()
        })
        .collect();
    for format in VexFormat::ALL {
        let (text, losses) = vex::write(*format, &ours, &issue);
        assert_eq!(losses, [], "{}", format.as_str());
        if let Some(validator) = validator(*format) {
            assert_eq!(errors(&validator, &text), Vec::<String>::new(), "{}", format.as_str());
        }
        assert!(
            !text.contains("Ada") && !text.contains("PAY-812"),
            "people and evidence stay here"
        );
        let (again, faults) = vex::read(text.as_bytes());
        assert_eq!(faults, []);
        // The words that a format has of its own are not ours.
        let plain = |statements: &[Statement]| {
            let mut all = apart(statements);
            for (product, statement) in &mut all {
                statement.words.clear();
                product.identifiers.clear();
                product.name = None;
                product.components.iter_mut().for_each(|c| c.identifiers.clear());
                product.components.iter_mut().for_each(|c| c.name = None);
            }
            all
        };
        assert_eq!(plain(&again.unwrap().statements), plain(&filled), "{}", format.as_str());
    }
}

fn any_date() -> impl Strategy<Value = Date> {
    (2025i16..2028, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| date(y, m, d))
}

proptest! {
    #[test]
    fn it_never_holds_alone_too_long_or_after_a_change(
        created in proptest::option::of(any_date()), expires in proptest::option::of(any_date()),
        today in any_date(), changed in proptest::option::of(any_date()),
        author in "[ab]", approver in proptest::option::of("[ab]"),
        role in proptest::option::of(proptest::sample::select(Role::ALL)),
        level in proptest::sample::select(Level::ALL),
    ) {
        let rules = rules();
        let changed_at = changed.map(|d| d.to_zoned(TimeZone::UTC).unwrap().timestamp());
        let decision = NotAffected {
            created, expires,
            author: Signatory { name: author.clone().into(), role: None },
            approver: approver.clone().map(|name| Signatory { name: name.into(), role }),
            ..sound()
        };
        let case = Case { level, changed: changed_at, ..on(today, &rules) };
        let standing = holds(&decision, &case);
        let sound = approver.is_some_and(|a| a != author)
            && role.is_some_and(|r| r == Role::Security || rules.may_approve[level as usize].contains(&r))
            && created.is_none_or(|d| d <= today)
            && expires.is_none_or(|d| today <= d)
            && changed.is_none_or(|c| created.is_some_and(|d| d >= c));
        prop_assert_eq!(standing.is_held(), sound);
        prop_assert_eq!(standing.until(), expires.filter(|_| sound));
    }
}
