//! The exceptions file, and what its exceptions are worth.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod told;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use told::told;
use trimtab_decisions::exceptions::{
    self, Found, Standing, accepting, append, holds, judge, schema,
};
use trimtab_model::charter::ExceptionRules;
use trimtab_model::decision::{Decisions, Exception, Reach, Signatory};
use trimtab_model::{Code, Diagnostic, Level, Purl, Role};

fn case(name: &str) -> String {
    let path = trimtab_testkit::repository().join("corpus/decisions").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The exceptions of a file.
fn read(text: &str, file: &str) -> (Vec<Exception>, Vec<Diagnostic>) {
    let (all, faults) = exceptions::read(text, file);
    (all.exceptions, faults)
}

fn write(exceptions: &[Exception]) -> String {
    exceptions::write(&Decisions { exceptions: exceptions.to_vec(), ..Decisions::default() })
}

fn covers(exception: &Exception, found: &Found<'_>) -> bool {
    exceptions::covers(&exception.reach, found)
}

fn rules() -> ExceptionRules {
    ExceptionRules {
        longest_days: [None, Some(90), Some(30), Some(0)],
        may_ask: vec![Role::Engineering, Role::Product],
        may_approve: [
            vec![Role::Engineering, Role::Security],
            vec![Role::Security],
            vec![Role::Security],
            vec![Role::Leadership],
        ],
        control_from: Some(Level::High),
    }
}

fn sound() -> Exception {
    let (mut all, faults) = read(&case("exceptions.toml"), "exceptions.toml");
    assert_eq!(faults, []);
    all.swap_remove(0)
}

fn codes(standing: &Standing) -> Vec<Code> {
    standing.diagnostics().iter().map(|d| d.code).collect()
}

#[test]
fn a_file_is_read_whole_and_written_back() {
    let (all, faults) = read(&case("exceptions.toml"), "exceptions.toml");
    assert_eq!(faults, []);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].expires, Some(date(2026, 2, 1)));
    assert_eq!(all[0].approver.as_ref().unwrap().role, Some(Role::Security));
    assert_eq!((&*all[0].ticket.clone().unwrap(), all[0].line), ("PAY-812", 4));
    assert_eq!(all[1].created, Some(date(2026, 1, 10)));
    assert_eq!(all[1].approver, None);
    let written = write(&all);
    let (again, faults) = read(&written, "exceptions.toml");
    assert_eq!(faults, []);
    assert_eq!(again, all);
    assert_eq!(write(&again), written);
}

#[test]
fn what_people_wrote_stays_when_more_is_appended() {
    let text = format!("# Ours.\n{}# The end.", case("exceptions.toml"));
    let other = Exception {
        id: "EX-2".into(),
        reach: Reach { vulnerability: Some("CVE-2026-1".into()), ..Reach::default() },
        ..sound()
    };
    let mut same = sound();
    same.id = "NEW".into();
    same.reach.vulnerability = Some("cve-2021-44228".into());
    let more = [other.clone(), same, other];
    let (out, added) = append(&text, "exceptions.toml", &more).unwrap();
    assert_eq!(added, 1, "the second is decided, the third is the first");
    assert!(out.starts_with(&text));
    let (all, faults) = read(&out, "exceptions.toml");
    assert_eq!(faults, []);
    assert_eq!(all.iter().map(|e| &*e.id).collect::<Vec<_>>(), ["EX-1", "EX-2", "EX-2-2"]);
    // Again, nothing is added.
    assert_eq!(append(&out, "exceptions.toml", &more).unwrap(), (out, 0));
    assert_eq!(append("", "exceptions.toml", &more).unwrap().1, 2);
    // What is not sound, or cannot be appended to, is refused.
    assert!(append(&case("exceptions-wrong.toml"), "exceptions.toml", &more).is_err());
    let inline = "format = 1\nexception = [{ id = \"a\", vulnerability = \"CVE-1\", reason = \"r\", author = \"a\" }]\n";
    assert_eq!(read(inline, "exceptions.toml").0.len(), 1);
    let faults = append(inline, "exceptions.toml", &more).unwrap_err();
    assert!(faults.last().unwrap().help.as_ref().unwrap().contains("[[exception]]"));
}

#[test]
fn every_fault_is_underlined() {
    let (all, faults) = read(&case("exceptions-wrong.toml"), "exceptions.toml");
    assert_eq!(all, []);
    insta::assert_snapshot!(told(&faults));
    let texts = [
        "format = 1\n[[exception]]\nid = \"a\"\nowner = \"b\"\n",
        "format = 1\n[[exception]]\nid = \"a\"\n",
        "format = 2\n",
        "format = 1\n[[exception]]\nid = \"a\nb\"",
        "",
    ];
    let faults: Vec<_> = texts.iter().flat_map(|text| read(text, "exceptions.toml").1).collect();
    assert!(faults.len() >= texts.len());
    insta::assert_snapshot!("syntax", told(&faults));
}

#[test]
fn every_slip_of_every_entry_is_told_and_the_sound_ones_hold() {
    let text = r#"format = 1
[[exception]]
id = "EX-1"
vulnerability = "CVE-2022-34265"
reson = "a slip"
author = 3
author-role = "enginering"
[[exception]]
id = "EX-2"
vulnerability = "CVE-2022-34265"
reason = "The input is ours."
author = "Mara"
expires = "soon"
[[exception]]
id = "EX-3"
vulnerability = "CVE-2022-34265"
reason = "The input is ours."
author = "Mara"
[[not-affected]]
vulnerability = "CVE-2022-34265"
owner = "Mara"
"#;
    let (all, faults) = read(text, "exceptions.toml");
    let held: Vec<_> = all.iter().map(|e| &*e.id).collect();
    assert_eq!(held, ["EX-3"]);
    let lines: Vec<_> = faults.iter().filter_map(|f| f.line).collect();
    let on = |line| lines.iter().filter(|l| **l == line).count();
    // The unknown member, the number, the side; then the reason that is missing for it, at the head.
    assert_eq!([on(5), on(6), on(7), on(2)], [1, 1, 1, 1], "{}", told(&faults));
    assert_eq!(on(13), 1, "{}", told(&faults));
    // The unknown member; id, reason and author are missing.
    assert_eq!([on(21), on(19)], [1, 3], "{}", told(&faults));
    assert_eq!(faults.len(), 9, "{}", told(&faults));
}

#[test]
fn the_schema_takes_what_is_read() {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut value: toml::Table = toml::from_str(&case("exceptions.toml")).unwrap();
    let json = |value: &toml::Table| {
        // Editors see dates as texts.
        let text = serde_json::to_string(value).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        for entry in json["exception"].as_array_mut().unwrap() {
            for name in ["created", "expires"] {
                if let Some(day) = entry.get_mut(name) {
                    let text = match &*day {
                        serde_json::Value::Object(parts) => parts.values().next().cloned(),
                        text => Some(text.clone()),
                    };
                    *day = text.unwrap();
                }
            }
        }
        json
    };
    assert!(validator.is_valid(&json(&value)), "{:#}", json(&value));
    value.insert("owner".into(), "x".into());
    assert!(!validator.is_valid(&json(&value)));
}

#[test]
fn a_sound_exception_holds_until_the_earlier_end() {
    let exception = sound();
    let day = date(2026, 1, 15);
    // Medium: 90 days; its own end comes first. High: 30 days, to 9 February; the same.
    for level in [Level::Low, Level::Medium, Level::High] {
        assert_eq!(holds(&exception, level, &rules(), day).until(), Some(date(2026, 2, 1)));
    }
    // The last day counts, the next does not.
    assert!(holds(&exception, Level::High, &rules(), date(2026, 2, 1)).is_held());
    let after = holds(&exception, Level::High, &rules(), date(2026, 2, 2));
    assert_eq!(codes(&after), [Code::ExceptionExpired]);
    // None is allowed at critical, and another role would have to approve.
    let critical = holds(&exception, Level::Critical, &rules(), day);
    assert_eq!(codes(&critical), [Code::ExceptionUnapproved, Code::ExceptionOverlong]);
    // Longer than the limit: it is said, and the limit ends it.
    let long = Exception { expires: Some(date(2027, 1, 1)), ..exception };
    let standing = holds(&long, Level::High, &rules(), day);
    assert_eq!(
        (codes(&standing), standing.until()),
        (vec![Code::ExceptionOverlong], Some(date(2026, 2, 9)))
    );
    let over = holds(&long, Level::High, &rules(), date(2026, 2, 10));
    assert_eq!(codes(&over), [Code::ExceptionExpired, Code::ExceptionOverlong]);
    // The same exception, while its finding is medium, goes on for 90 days.
    assert!(holds(&long, Level::Medium, &rules(), date(2026, 2, 10)).is_held());
}

#[test]
fn what_is_missing_refuses() {
    let day = date(2026, 1, 15);
    let at = |exception: &Exception, level| codes(&holds(exception, level, &rules(), day));
    let endless = Exception { expires: None, ..sound() };
    assert_eq!(at(&endless, Level::High), [Code::ExceptionNoExpiry]);
    assert_eq!(holds(&endless, Level::High, &rules(), day).until(), Some(date(2026, 2, 9)));
    assert_eq!(holds(&endless, Level::Low, &rules(), day).until(), None);
    let since = Exception { created: None, ..sound() };
    assert_eq!(at(&since, Level::High), [Code::ExceptionOverlong]);
    assert!(holds(&since, Level::Low, &rules(), day).is_held(), "no limit to reckon");
    let bare = Exception { control: None, ..sound() };
    assert_eq!(at(&bare, Level::High), [Code::ExceptionNoControl]);
    assert_eq!(at(&bare, Level::Medium), []);
    let open = Exception { approver: None, ..sound() };
    assert_eq!(at(&open, Level::Medium), [Code::ExceptionUnapproved]);
    let later = Exception { created: Some(date(2026, 1, 16)), ..sound() };
    assert_eq!(at(&later, Level::Medium), [Code::ConfigMalformed]);
    let mut asked = sound();
    asked.author.role = Some(Role::Operations);
    assert_eq!(at(&asked, Level::Medium), [Code::ExceptionUnapproved]);
    asked.author.role = None;
    assert_eq!(at(&asked, Level::Medium), [Code::ExceptionUnapproved]);
    let anyone = ExceptionRules { may_ask: vec![], ..rules() };
    assert!(holds(&asked, Level::Medium, &anyone, day).is_held());
    let mut unknown = sound();
    unknown.approver.as_mut().unwrap().role = None;
    assert_eq!(at(&unknown, Level::Medium), [Code::ExceptionUnapproved]);
}

#[test]
fn nobody_approves_for_themselves() {
    let pairs = [
        ("Ada Engel <ada@example.org>", "ADA@example.org", true),
        ("ada@example.org", "Somebody Else <Ada+work@Example.org>", true),
        ("Ada  Engel", "ada engel <other@example.org>", true),
        ("Ada Engel <ada@example.org>", "Ada Mann <am@example.org>", false),
        ("ada@example.org", "ada@example.com", false),
        ("ada", "Grace <grace@example.org>", false),
    ];
    for (author, approver, same) in pairs {
        let mut exception = sound();
        exception.author.name = author.into();
        exception.approver.as_mut().unwrap().name = approver.into();
        let standing = holds(&exception, Level::Medium, &rules(), date(2026, 1, 15));
        assert_eq!(
            codes(&standing).contains(&Code::ExceptionSelfApproved),
            same,
            "{author} / {approver}"
        );
        assert_eq!(standing.is_held(), !same);
    }
}

#[test]
fn a_file_is_judged_with_what_nothing_uses() {
    let (all, _) = read(&case("exceptions.toml"), "exceptions.toml");
    let level = |e: &Exception| (&*e.id == "EX-1").then_some(Level::High);
    let (judged, diagnostics) = judge(&all, &rules(), level, date(2026, 3, 1));
    assert!(judged.iter().all(|j| !j.standing.is_held()));
    insta::assert_snapshot!(told(&diagnostics));
}

#[test]
fn it_covers_what_it_names() {
    let exception = sound();
    let ids: Vec<Box<str>> = vec!["GHSA-jfh8-c2jp-5v3q".into(), "cve-2021-44228".into()];
    let purl = Purl::parse("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1").unwrap();
    let found = Found {
        ids: &ids,
        package: Some(&purl),
        path: Some("tools/a/pom.xml"),
        system: Some("payments"),
        environment: Some("production"),
    };
    assert!(covers(&exception, &found));
    let newer = Purl::parse("pkg:maven/org.apache.logging.log4j/log4j-core@2.17.1").unwrap();
    for other in [
        Found { ids: &ids[..1], ..found },
        Found { package: Some(&newer), ..found },
        Found { package: None, ..found },
        Found { path: Some("app/tools/pom.xml"), ..found },
        Found { path: None, ..found },
        Found { system: None, ..found },
        Found { environment: Some("test"), ..found },
    ] {
        assert!(!covers(&exception, &other), "{other:?}");
    }
    let mut all = sound();
    all.reach.package = all.reach.package.map(|p| p.package());
    assert!(covers(&all, &Found { package: Some(&newer), ..found }), "a purl without version");
    all.reach = Reach { path: Some("**".into()), ..Reach::default() };
    assert!(!covers(&all, &found), "what names neither vulnerability nor package covers nothing");
}

#[test]
fn the_exception_that_holds_longest_accepts() {
    let short = sound();
    let long = Exception { id: "EX-9".into(), expires: Some(date(2026, 2, 5)), ..sound() };
    let open = Exception { id: "EX-10".into(), approver: None, expires: None, ..sound() };
    let ids = [short.reach.vulnerability.clone().unwrap()];
    let found = Found {
        ids: &ids,
        package: short.reach.package.as_ref(),
        path: Some("tools/pom.xml"),
        system: Some("payments"),
        environment: Some("production"),
    };
    let all = [short.clone(), long.clone(), open.clone()];
    let on = |level, day| {
        accepting(&all, &found, level, &rules(), day).map(|(e, until)| (&*e.id, until.unwrap()))
    };
    assert_eq!(on(Level::High, date(2026, 1, 20)), Some(("EX-9", date(2026, 2, 5))));
    assert_eq!(on(Level::High, date(2026, 2, 6)), None);
    assert_eq!(on(Level::Critical, date(2026, 1, 20)), None);
    let elsewhere = Found { system: Some("intranet"), ..found };
    assert_eq!(accepting(&all, &elsewhere, Level::High, &rules(), date(2026, 1, 20)), None);
}

fn any_date() -> impl Strategy<Value = Date> {
    (2000i16..2100, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| date(y, m, d))
}

fn any_rules() -> impl Strategy<Value = ExceptionRules> {
    let limit = || proptest::option::of(prop_oneof![0u32..400, Just(u32::MAX)]);
    (
        [limit(), limit(), limit(), limit()],
        proptest::option::of(proptest::sample::select(Level::ALL)),
    )
        .prop_map(|(longest_days, control_from)| {
            let all = || Role::ALL.to_vec();
            ExceptionRules {
                longest_days,
                may_ask: all(),
                may_approve: [all(), all(), all(), all()],
                control_from,
            }
        })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z \"'\\\\\n#=\u{e9}\u{1F600}]{0,20}[a-z]", "[ -~]{0,30}[!-~]"]
        .prop_map(|text| text.trim().to_owned())
}

fn some_text() -> impl Strategy<Value = Option<Box<str>>> {
    proptest::option::of(any_text().prop_map(Box::from))
}

fn who() -> impl Strategy<Value = Signatory> {
    (any_text(), proptest::option::of(proptest::sample::select(Role::ALL)))
        .prop_map(|(name, role)| Signatory { name: name.into(), role })
}

fn any_exception() -> impl Strategy<Value = Exception> {
    let reach = (
        any_text(),
        proptest::option::of(proptest::sample::select(vec![
            "pkg:npm/lodash",
            "pkg:npm/lodash@4.17.20",
            "pkg:deb/debian/curl?arch=amd64",
        ])),
        proptest::option::of(proptest::sample::select(vec!["tools/**", "*.lock", "a/b.txt"])),
        some_text(),
        some_text(),
    );
    let days = (proptest::option::of(any_date()), proptest::option::of(any_date()));
    (reach, any_text(), who(), proptest::option::of(who()), days, some_text(), some_text())
        .prop_map(|(reach, reason, author, approver, (created, expires), control, ticket)| {
            let (created, expires) = match (created, expires) {
                (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
                other => other,
            };
            Exception {
                id: "EX".into(),
                reach: Reach {
                    vulnerability: Some(reach.0.into()),
                    package: reach.1.map(|p| Purl::parse(p).unwrap()),
                    path: reach.2.map(Box::from),
                    system: reach.3,
                    environment: reach.4,
                },
                reason: reason.into(),
                author,
                approver,
                created,
                expires,
                control,
                ticket,
                file: "e".into(),
                line: 4,
            }
        })
}

proptest! {
    #[test]
    fn an_exception_never_outlives_its_limit(
        exception in any_exception(), rules in any_rules(), level in proptest::sample::select(Level::ALL),
        today in any_date(), days in 0i32..800,
    ) {
        let near = exception.created.map_or(today, |from| from.saturating_add(jiff::Span::new().days(days)));
        for today in [today, near] {
            let standing = holds(&exception, level, &rules, today);
            if standing.is_held() {
                prop_assert!(exception.approver.is_some());
                prop_assert!(exception.expires.is_none_or(|last| today <= last));
                prop_assert!(exception.created.is_none_or(|first| first <= today));
                if let Some(limit) = rules.longest_days[level as usize] {
                    let first = exception.created.expect("an exception with a limit has a beginning");
                    let passed = first.until(today).unwrap().get_days();
                    prop_assert!(i64::from(passed) <= i64::from(limit) && limit > 0);
                    prop_assert!(standing.until().is_some_and(|until| today <= until));
                }
            } else {
                prop_assert!(!standing.diagnostics().is_empty());
            }
            // Once over, it stays over.
            let next = today.tomorrow().unwrap();
            if !standing.is_held() && exception.created.is_none_or(|first| first <= today) {
                prop_assert!(!holds(&exception, level, &rules, next).is_held());
            }
        }
    }

    #[test]
    fn narrowing_never_covers_more(
        exception in any_exception(), id in any_text(),
        package in proptest::sample::select(vec!["pkg:npm/lodash@4.17.20", "pkg:npm/x@1"]),
        path in proptest::sample::select(vec!["tools/a/b", "x.lock", "a/b.txt"]),
        here in some_text(), which in 0usize..5,
    ) {
        let ids = [id.into_boxed_str(), exception.reach.vulnerability.clone().unwrap()];
        let purl = Purl::parse(package).unwrap();
        let found = Found {
            ids: &ids, package: Some(&purl), path: Some(path),
            system: here.as_deref(), environment: here.as_deref(),
        };
        let mut wider = exception.clone();
        match which {
            0 if exception.reach.package.is_some() => wider.reach.vulnerability = None,
            1 => wider.reach.package = wider.reach.package.map(|p| p.package()),
            2 => wider.reach.path = None,
            3 => wider.reach.system = None,
            _ => wider.reach.environment = None,
        }
        prop_assert!(!covers(&exception, &found) || covers(&wider, &found));
    }

    #[test]
    fn what_is_written_is_read_back(exception in any_exception()) {
        let text = write(std::slice::from_ref(&exception));
        let (read, faults) = read(&text, "e");
        prop_assert_eq!(faults, []);
        prop_assert_eq!(read, [exception]);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}", at in 0usize..900) {
        read(&text, "e");
        let whole = case("exceptions.toml");
        let mut end = at.min(whole.len());
        while !whole.is_char_boundary(end) { end -= 1; }
        let _ = read(&whole[..end], "e");
    }
}
