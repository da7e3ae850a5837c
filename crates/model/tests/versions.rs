//! Version order against the shared suites, our own cases, and the laws of an order.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, in its own functions too"
)]

use std::cmp::Ordering;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use trimtab_model::version::{MAX_VERSION_LEN, Scheme, Version};

/// What a line says of two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Is(Ordering),
    /// One of the two is not a version of the scheme.
    Unknown,
    /// Either above or below.
    Differ,
}

#[derive(Debug, Clone)]
struct Case {
    a: String,
    relation: Relation,
    b: String,
    at: String,
}

/// Shared cases that are answered otherwise, with the reason. A line that no longer deviates
/// fails the test, so that the table stays true.
const DEVIATIONS: &[(Scheme, &str, &str, &str)] = &[
    (Scheme::Maven, "1.0.0-RC16", "1.0.0.RC8-beta", MAVEN_ITSELF),
    (Scheme::Maven, "2.9.0-1", "2.9.0.RC1", MAVEN_ITSELF),
    (Scheme::Maven, "1.1.31.sec10", "1.1.31_noneautotype", MAVEN_ITSELF),
    (Scheme::Maven, "1.1.34.sec10", "1.1.34_noneautotype", MAVEN_ITSELF),
    (Scheme::Maven, "1.2.31.sec10", "1.2.31_noneautotype", MAVEN_ITSELF),
    (Scheme::Maven, "1.2.48.sec10", "1.2.48_noneautotype", MAVEN_ITSELF),
    (Scheme::Maven, "1.2.54.sec10", "1.2.54_noneautotype", MAVEN_ITSELF),
    (Scheme::Maven, "1.2.57.sec10", "1.2.57_noneautotype", MAVEN_ITSELF),
    (Scheme::Maven, "1.2.60.sec10", "1.2.60_noneautotype", MAVEN_ITSELF),
    (Scheme::Maven, "1.0.0rc0", "1.0.beta8", MAVEN_ITSELF),
    (Scheme::Maven, "1.5.9.RC1", "1.5.9-RC0", MAVEN_ITSELF),
    (Scheme::Maven, "2-1", "2.0.a", MAVEN_ITSELF),
    (Scheme::Maven, "2-1", "2.0.0.a", MAVEN_ITSELF),
    (Scheme::Maven, "2.0.0.a", "2.0.a", MAVEN_ITSELF),
];

/// Maven 3.8.7, 3.9.11 and 4.0.0-rc-4 all answer as we do. The suites follow an older text of the
/// POM reference, in which a word after a dot is below a word after a hyphen; that order has
/// circles (`2.9.0.RC1 < 2.9.0 < 2.9.0-1 < 2.9.0.RC1`) and so cannot be sorted by.
const MAVEN_ITSELF: &str = "Maven itself answers otherwise";

/// The lines of a suite: `a < b`, and in our own files also `a ? b` for unknown.
fn cases(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    lines
        .filter(|(_, l)| {
            !l.is_empty() && *l != "#" && !l.starts_with("# ") && !l.starts_with("// ")
        })
        .map(|(number, line)| {
            let at = format!("{name}:{number}: {line}");
            let words: Vec<&str> = line.split(' ').collect();
            let [a, relation, b] = words[..] else { panic!("{at}: not `a < b`") };
            let relation = match relation {
                "<" => Relation::Is(Ordering::Less),
                "=" => Relation::Is(Ordering::Equal),
                ">" => Relation::Is(Ordering::Greater),
                "?" => Relation::Unknown,
                other => panic!("{at}: relation {other}"),
            };
            // A blank in a version is written `·`.
            Case { a: a.replace('·', " "), relation, b: b.replace('·', " "), at }
        })
        .collect()
}

/// The comparison cases of a VERS suite.
fn vers_cases(path: &Path) -> Vec<Case> {
    let suite: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let tests = suite["tests"].as_array().unwrap();
    tests
        .iter()
        .enumerate()
        .map(|(i, test)| {
            let of = |value: &serde_json::Value, n: usize| value[n].as_str().unwrap().to_owned();
            let versions = &test["input"]["versions"];
            let (a, b) = (of(versions, 0), of(versions, 1));
            let relation = match (test["test_type"].as_str().unwrap(), &test["expected_output"]) {
                ("equality", equal) if equal == true => Relation::Is(Ordering::Equal),
                ("equality", _) => Relation::Differ,
                (_, sorted) if of(sorted, 0) == a => Relation::Is(Ordering::Less),
                _ => Relation::Is(Ordering::Greater),
            };
            let at = format!(
                "{}: test {i}: {a} {relation:?} {b}",
                path.file_name().unwrap().to_string_lossy()
            );
            Case { a, relation, b, at }
        })
        .collect()
}

/// Runs the cases both ways. Says how many hold, and fails on the first ones that do not.
fn check(scheme: Scheme, cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let (forth, back) = (scheme.compare(&case.a, &case.b), scheme.compare(&case.b, &case.a));
        assert_eq!(forth, back.map(Ordering::reverse), "{}: not the same both ways", case.at);
        let holds = match case.relation {
            Relation::Is(order) => forth == Some(order),
            Relation::Unknown => forth.is_none(),
            Relation::Differ => forth.is_some_and(|o| o != Ordering::Equal),
        };
        let listed =
            DEVIATIONS.iter().any(|(s, a, b, _)| *s == scheme && *a == case.a && *b == case.b);
        if holds == listed {
            wrong.push(format!("{}: {} gives {forth:?}", case.at, scheme.as_str()));
        }
        for text in [&case.a, &case.b] {
            if let Ok(version) = Version::parse(scheme, text) {
                let again = Version::parse(scheme, &version.to_string()).unwrap();
                assert_eq!(version.key(), again.key(), "{}: the key is not stable", case.at);
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn scheme_named(name: &str) -> Scheme {
    *Scheme::ALL.iter().find(|s| s.as_str() == name).unwrap_or_else(|| panic!("no scheme {name}"))
}

#[test]
fn shared_version_suites_hold() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    for (files, scheme) in [
        ("alpine", Scheme::Alpine),
        ("debian", Scheme::Debian),
        ("maven", Scheme::Maven),
        ("pypi", Scheme::Pep440),
        ("rubygems", Scheme::RubyGems),
        ("semver", Scheme::SemVer),
    ] {
        let folder = shared.join("corpus/versions");
        let mut found = cases(&folder.join(format!("{files}-versions.txt")));
        let generated = folder.join(format!("{files}-versions-generated.txt"));
        if generated.exists() {
            found.extend(cases(&generated));
        }
        println!("{} cases for {}", found.len(), scheme.as_str());
        check(scheme, &found);
    }
}

#[test]
fn vers_comparisons_hold() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    check(Scheme::Alpine, &vers_cases(&shared.join("corpus/vers/alpine_version_cmp_test.json")));
    check(Scheme::Maven, &vers_cases(&shared.join("corpus/vers/maven_version_cmp_test.json")));
}

#[test]
fn own_cases_hold() {
    let folder = trimtab_testkit::repository().join("corpus/versions");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "txt") {
            continue;
        }
        let scheme = scheme_named(path.file_stem().unwrap().to_str().unwrap());
        check(scheme, &cases(&path));
    }
}

#[test]
fn every_scheme_has_own_cases() {
    let folder = trimtab_testkit::repository().join("corpus/versions");
    for scheme in Scheme::ALL.iter().filter(|s| **s != Scheme::Unknown) {
        let file = folder.join(format!("{}.txt", scheme.as_str()));
        assert!(file.exists(), "{} has no cases", scheme.as_str());
    }
}

#[test]
fn too_long_is_unknown() {
    let long = "1".repeat(MAX_VERSION_LEN + 1);
    for scheme in Scheme::ALL {
        assert!(Version::parse(*scheme, &long).is_err());
        assert!(Version::parse(*scheme, " ").is_err());
    }
}

#[test]
fn schemes_do_not_mix() {
    let a = Version::parse(Scheme::SemVer, "1.0.0").unwrap();
    let b = Version::parse(Scheme::Debian, "1.0.0").unwrap();
    assert_eq!(a.compare(&b), None);
    assert_eq!(Scheme::Unknown.compare("1", "1"), None);
}

fn any_scheme() -> impl Strategy<Value = Scheme> {
    proptest::sample::select(Scheme::ALL)
}

/// Texts that look like versions to at least one scheme.
fn versionish() -> impl Strategy<Value = String> {
    let token = proptest::sample::select(vec![
        "0",
        "1",
        "2",
        "9",
        "10",
        "00",
        "01",
        "007",
        "20230101",
        "99999999999999999999",
        ".",
        ".",
        ".",
        "-",
        "-",
        "_",
        "~",
        "^",
        "+",
        ":",
        "!",
        "a",
        "b",
        "m",
        "rc",
        "RC",
        "alpha",
        "beta",
        "pre",
        "dev",
        "post",
        "p",
        "pl",
        "final",
        "ga",
        "sp",
        "snapshot",
        "release",
        "foo",
        "Z",
        "x",
        "v",
        "r",
        "-r",
        "_p",
        "_git",
        "_rc",
        "-dev",
        ".x-dev",
        "..",
        "--",
        ",",
        "~~",
        "é",
    ]);
    prop_oneof![
        4 => (0_u8..4, proptest::collection::vec(token.clone(), 0..8))
            .prop_map(|(n, tokens)| format!("{n}{}", tokens.concat())),
        1 => proptest::collection::vec(token, 1..8).prop_map(|tokens| tokens.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    #[test]
    fn an_order_is_an_order(scheme in any_scheme(), texts in proptest::collection::vec(versionish(), 3)) {
        let parsed: Vec<_> = texts.iter().filter_map(|t| Version::parse(scheme, t).ok()).collect();
        for a in &parsed {
            prop_assert_eq!(a.compare(a), Some(Ordering::Equal));
            for b in &parsed {
                let forth = a.compare(b).unwrap();
                prop_assert_eq!(forth, b.compare(a).unwrap().reverse());
                for c in &parsed {
                    if forth.is_le() && b.compare(c).unwrap().is_le() {
                        prop_assert!(a.compare(c).unwrap().is_le(), "{:?}: {} {} {}", scheme, a, b, c);
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_panics(scheme in any_scheme(), text in ".{0,600}") {
        let _ = Version::parse(scheme, &text);
    }

    #[test]
    fn arbitrary_keys_compare(scheme in any_scheme(), a: Vec<u8>, b: Vec<u8>) {
        let forth = scheme.compare_keys(&a, &b);
        prop_assert_eq!(forth, scheme.compare_keys(&b, &a).reverse());
    }
}
