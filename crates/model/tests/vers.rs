//! Version ranges against the specification's own tests, native notations, and laws.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::Value;
use trimtab_model::vers::{Vers, VersError, VersType};

/// Cases of the suite that we answer otherwise: type, input, our answer, reason. Besides these,
/// cases whose expected range the standard itself calls invalid are judged by [`is_invalid`].
const DEVIATIONS: &[(&str, &str, &str, &str)] = &[
    ("npm", "<= 1.0", "vers:npm/<1.1.0", PARTIAL),
    ("npm", ">= 2.2.x", "vers:npm/>=2.2.0", PARTIAL),
    ("npm", ">= 1.x", "vers:npm/>=1.0.0", PARTIAL),
    ("npm", "2.1 || 2.6", "vers:npm/>=2.1.0|<2.2.0|>=2.6.0|<2.7.0", PARTIAL),
    ("npm", "<=2.1 >=1.1", "vers:npm/>=1.1.0|<2.2.0", PARTIAL),
    ("npm", ">=5.0.3 >=4.2.1", "vers:npm/>=5.0.3", AND),
    ("npm", "1.1.2 1.2.2", "no version is in the range", AND),
];

const PARTIAL: &str = "npm itself: a partial version after `<=` stands for all that start with it, \
                       after `>=` for the first of them, and alone is an x-range";
const AND: &str = "npm itself: terms side by side must hold together; the suite writes them as if \
                   either would do";

/// Comparisons of the suite that we answer otherwise. Their reasons stand in the tests of
/// versions: Maven 3.8, 3.9 and 4 answer as we do.
const UNLIKE_MAVEN: &[(&str, &str)] = &[("2-1", "2.0.a"), ("2-1", "2.0.0.a")];

fn suite(file: &str) -> Option<Vec<Value>> {
    let path = trimtab_testkit::shared()?.join("corpus/vers").join(file);
    let suite: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Some(suite["tests"].as_array().unwrap().clone())
}

fn order(vers_type: &str, versions: &[Value]) -> Option<Ordering> {
    let vers_type = VersType::parse(vers_type).unwrap();
    let point = |at: usize| vers_type.point(versions[at].as_str().unwrap());
    Some(point(0)?.cmp(&point(1)?))
}

#[test]
fn versions_compare_as_the_suite_says() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for file in
        ["alpine_version_cmp_test.json", "maven_version_cmp_test.json", "lexicographic-test.json"]
    {
        let Some(suite) = suite(file) else { return };
        for case in suite {
            cases += 1;
            let input = &case["input"];
            let versions = input["versions"].as_array().unwrap();
            let order = order(input["input_scheme"].as_str().unwrap(), versions);
            let expected = &case["expected_output"];
            let right = match case["test_type"].as_str().unwrap() {
                "equality" => order.map(Ordering::is_eq) == expected.as_bool(),
                _ if versions[0] == expected[0] => order.is_some_and(Ordering::is_le),
                _ => order.is_some_and(Ordering::is_ge),
            };
            let known = UNLIKE_MAVEN.iter().any(|(a, b)| versions[0] == *a && versions[1] == *b);
            assert!(!(right && known), "a deviation is gone: {input}");
            if !right && !known {
                wrong.push(format!("{input} {expected}: {order:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases > 1600, "only {cases} cases");
}

#[test]
fn canonical_ranges_are_read_and_others_refused() {
    let Some(suite) = suite("vers_canonical_parse_test.json") else { return };
    for case in suite {
        let text = case["input"].as_str().unwrap();
        let read = Vers::parse_canonical(text);
        if case["expected_failure"] == true {
            assert!(read.is_err(), "{text}");
            continue;
        }
        let read = read.unwrap();
        assert_eq!(read.vers_type().name(), case["expected_output"]["scheme"]);
        let constraints: Vec<Value> = read
            .constraints()
            .iter()
            .map(|c| match c.comparator.as_str() {
                "" => serde_json::json!(["=", c.version]),
                sign => serde_json::json!([sign, c.version]),
            })
            .collect();
        assert_eq!(Value::from(constraints), case["expected_output"]["version_constraints"]);
        assert_eq!(read.to_string(), text);
    }
}

#[test]
fn versions_are_in_ranges_as_the_suite_says() {
    let Some(suite) = suite("pypi_range_containment_test.json") else { return };
    for case in suite {
        let input = &case["input"];
        let range = Vers::parse(input["vers"].as_str().unwrap()).unwrap();
        let inside = range.contains(input["version"].as_str().unwrap());
        assert_eq!(inside, case["expected_output"].as_bool(), "{input}");
    }
}

/// Whether the suite expects a range that the standard calls invalid (5.4: versions that stand
/// twice, or bounds that repeat a direction).
fn is_invalid(range: &str) -> bool {
    Vers::parse_canonical(range).is_err()
}

#[test]
fn native_ranges_become_the_suite_s() {
    let (mut wrong, mut cases, mut invalid, mut used) = (Vec::new(), 0, 0, Vec::new());
    for file in [
        "conan_range_from_native_basic_test.json",
        "gem_range_from_native_test.json",
        "nginx_range_from_native_test.json",
        "npm_range_from_native_test.json",
        "pypi_range_from_native_test.json",
    ] {
        let Some(suite) = suite(file) else { return };
        for case in suite {
            cases += 1;
            let native = case["input"]["native_range"].as_str().unwrap();
            let vers_type = case["input"]["scheme"].as_str().unwrap();
            let expected = case["expected_output"].as_str().unwrap();
            let ours = match Vers::from_native(vers_type, native) {
                Ok(range) => range.to_string(),
                Err(error) => error.to_string(),
            };
            if ours == expected {
                continue;
            }
            let known =
                DEVIATIONS.iter().find(|(t, n, o, _)| (*t, *n, *o) == (vers_type, native, &*ours));
            match known {
                Some(deviation) => used.push(deviation),
                // What the suite writes redundantly must be what we write without redundancy.
                None if is_invalid(expected)
                    && Vers::parse(expected).is_ok_and(|read| read.to_string() == ours) =>
                {
                    invalid += 1;
                }
                None => wrong.push(format!("{vers_type} `{native}`: {ours}, expected {expected}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} wrong:\n{}", wrong.len(), wrong.join("\n"));
    for deviation in DEVIATIONS {
        assert!(used.contains(&deviation), "gone: {deviation:?}");
    }
    assert!(cases > 500, "only {cases} cases");
    eprintln!("vers: {cases} native ranges, {} deviations, {invalid} invalid", used.len());
}

#[test]
fn native_ranges_mean_what_their_package_managers_say() {
    for (vers_type, native, expected) in [
        ("npm", "1.2", "vers:npm/>=1.2.0|<1.3.0"),
        ("npm", "^0.0.3", "vers:npm/>=0.0.3|<0.0.4"),
        ("npm", "^0.0", "vers:npm/>=0.0.0|<0.1.0"),
        ("npm", ">1.2", "vers:npm/>=1.3.0"),
        ("npm", "<=1.2", "vers:npm/<1.3.0"),
        ("npm", "1.2 - 2", "vers:npm/>=1.2.0|<3.0.0"),
        ("npm", "", "vers:npm/*"),
        ("npm", "~> 1.2", "vers:npm/>=1.2.0|<1.3.0"),
        ("npm", "^1 || ^2", "vers:npm/>=1.0.0|<3.0.0"),
        ("cargo", "1.2", "vers:cargo/>=1.2.0|<2.0.0"),
        ("cargo", "=1.2.3", "vers:cargo/1.2.3"),
        ("cargo", "0.2.*", "vers:cargo/>=0.2.0|<0.3.0"),
        ("cargo", ">=1.2, <1.5", "vers:cargo/>=1.2.0|<1.5.0"),
        ("cargo", "~1.2.3", "vers:cargo/>=1.2.3|<1.3.0"),
        ("cargo", "~1", "vers:cargo/>=1.0.0|<2.0.0"),
        ("gem", ">= 1.0, != 1.3.1, < 2", "vers:gem/>=1.0|!=1.3.1|<2"),
        ("gem", "~> 2", "vers:gem/>=2|<3"),
        ("gem", "1.0", "vers:gem/1.0"),
        ("hex", "~> 2.0 and != 2.1.0", "vers:hex/>=2.0.0|!=2.1.0|<3.0.0"),
        ("pub", "any", "vers:pub/*"),
        ("pub", "^1.2.3", "vers:pub/>=1.2.3|<2.0.0"),
        ("composer", "~1.2", "vers:composer/>=1.2|<2.0"),
        ("composer", "^1.2.3 || 2.0.*", "vers:composer/>=1.2.3|<2.1"),
        ("composer", "^8.1@dev", "vers:composer/>=8.1|<9.0"),
        ("pypi", "~=1.4.2", "vers:pypi/>=1.4.2|<1.5.dev0"),
        ("pypi", "==1.4.*", "vers:pypi/>=1.4.dev0|<1.5.dev0"),
        ("pypi", ">=1,!=1.5.*,<2", "vers:pypi/>=1|<1.5.dev0|>=1.6.dev0|<2"),
        ("pypi", "", "vers:pypi/*"),
        ("pypi", ">=2.7,<2.8 || >=3.4,<3.5", "vers:pypi/>=2.7|<2.8|>=3.4|<3.5"),
        ("pypi", "^1.2.3", "vers:pypi/>=1.2.3|<2.0"),
        ("pypi", "~1.2", "vers:pypi/>=1.2|<1.3"),
        ("maven", "[1.0,2.0)", "vers:maven/>=1.0|<2.0"),
        ("maven", "(,1.0],[1.2,)", "vers:maven/<=1.0|>=1.2"),
        ("maven", "[1.5]", "vers:maven/1.5"),
        ("nuget", "1.0", "vers:nuget/>=1.0"),
        ("nuget", "(1.0, 2.0]", "vers:nuget/>1.0|<=2.0"),
        ("nuget", "6.*", "vers:nuget/>=6"),
        ("golang", "v1.2.3", "vers:golang/>=v1.2.3"),
        ("deb", ">= 1.0, << 2.0", "vers:deb/>=1.0|<2.0"),
    ] {
        let read = Vers::from_native(vers_type, native).map(|read| read.to_string());
        assert_eq!(read.as_deref(), Ok(expected), "{vers_type} {native}");
    }
}

#[test]
fn what_is_no_range_says_why() {
    for (vers_type, native) in [
        ("npm", "latest"),
        ("npm", "git+ssh://git@host/a/b.git"),
        ("npm", "^^1.0.0"),
        ("pypi", "==1.*.2"),
        ("pypi", "~=1"),
        ("maven", "[1.0,2.0"),
        ("maven", "(1.0)"),
        ("maven", "[1.0,2.0)x"),
        ("nginx", "1+"),
    ] {
        assert!(Vers::from_native(vers_type, native).is_err(), "{vers_type} {native}");
    }
    assert_eq!(Vers::from_native("npm", "<1.0.0 >2.0.0"), Err(VersError::Empty));
    assert_eq!(Vers::parse("vers:invalid/1"), Err(VersError::TypeInvalid));
    assert_eq!(Vers::parse("vers:npm/"), Err(VersError::ConstraintMissing));
    let many = "1.0.0|".repeat(10_000);
    assert_eq!(Vers::parse(&format!("vers:npm/{many}")), Err(VersError::TooMany));
    let many = ">=1.0.0 ".repeat(10_000);
    assert_eq!(Vers::from_native("npm", &many), Err(VersError::TooMany));
}

#[test]
fn what_cannot_be_ordered_is_unknown() {
    let range = Vers::parse("vers:unheard-of/>=b|<=a").unwrap();
    assert_eq!(range.to_string(), "vers:unheard-of/>=b|<=a");
    assert_eq!(range.contains("a"), None);
    let range = Vers::parse("vers:npm/>=1.0.0").unwrap();
    assert_eq!(range.contains("latest"), None);
    assert_eq!(Vers::parse("vers:unheard-of/*").unwrap().contains("a"), Some(true));
}

/// All types together took 6 s when each word was looked at again with the words before it, and take
/// a few hundredths now.
#[test]
fn long_texts_are_read_in_time() {
    const TYPES: [&str; 12] = [
        "npm", "cargo", "pub", "composer", "conan", "hex", "gem", "pypi", "maven", "golang", "deb",
        "rpm",
    ];
    let begun = std::time::Instant::now();
    for piece in ["> ", "!=1.0 ", "!=1,", "1||", "[1,2],"] {
        let text = piece.repeat(65_000 / piece.len());
        for name in TYPES {
            // Too many terms, but for conan, which leaves out what is behind a comma.
            let read = Vers::from_native(name, &text);
            assert!(read.is_err() || name == "conan", "{name} {piece}");
        }
    }
    let taken = begun.elapsed();
    assert!(taken < std::time::Duration::from_secs(3), "{taken:?}");
}

proptest! {
    #[test]
    fn a_range_reads_back_and_says_what_its_terms_say(
        // Small numbers, so that terms meet.
        alternatives in proptest::collection::vec(
            proptest::collection::vec((0..6usize, 0..9u8), 1..4), 1..4),
        probe in 0..9u8,
    ) {
        const SIGNS: [&str; 6] = ["=", "<", "<=", ">", ">=", "!="];
        let native: Vec<String> = alternatives
            .iter()
            .map(|terms| terms.iter().map(|(s, v)| format!("{}{v}.0.0", SIGNS[*s])).collect::<Vec<_>>().join(" "))
            .collect();
        let inside = alternatives.iter().any(|terms| terms.iter().all(|(sign, v)| match sign {
            0 => probe == *v,
            1 => probe < *v,
            2 => probe <= *v,
            3 => probe > *v,
            4 => probe >= *v,
            _ => probe != *v,
        }));
        match Vers::from_native("npm", &native.join(" || ")) {
            Err(error) => {
                prop_assert_eq!(error, VersError::Empty);
                prop_assert!(!inside);
            }
            Ok(range) => {
                prop_assert_eq!(range.contains(&format!("{probe}.0.0")), Some(inside));
                let text = range.to_string();
                prop_assert_eq!(&Vers::parse(&text).unwrap(), &range);
                prop_assert_eq!(&Vers::parse_canonical(&text).unwrap(), &range);
            }
        }
    }

    /// The crate that Cargo uses is the judge, for versions that are no pre-releases.
    #[test]
    fn cargo_requirements_mean_what_cargo_says(
        terms in proptest::collection::vec(
            (0..8usize, proptest::collection::vec(0..4u8, 1..4), any::<bool>()), 1..3),
        probe in (0..5u8, 0..5u8, 0..5u8),
    ) {
        const SIGNS: [&str; 8] = ["", "^", "~", "=", ">", ">=", "<", "<="];
        let terms: Vec<String> = terms
            .iter()
            .map(|(sign, numbers, wildcard)| {
                let version: Vec<String> = numbers.iter().map(u8::to_string).collect();
                let tail = if *wildcard && numbers.len() < 3 { ".*" } else { "" };
                format!("{}{}{tail}", SIGNS[*sign], version.join("."))
            })
            .collect();
        let native = terms.join(", ");
        let version = format!("{}.{}.{}", probe.0, probe.1, probe.2);
        if let Ok(requirement) = semver::VersionReq::parse(&native) {
            let inside = requirement.matches(&version.parse().unwrap());
            match Vers::from_native("cargo", &native) {
                Ok(range) => prop_assert_eq!(range.contains(&version), Some(inside), "{}", native),
                Err(error) => prop_assert!(error == VersError::Empty && !inside, "{native}: {error}"),
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(
        which in 0..14usize,
        text in "([0-9.<>=!~^*|,x\\[\\]() -]|\\PC){0,40}",
    ) {
        const TYPES: [&str; 14] = [
            "npm", "cargo", "pub", "composer", "conan", "hex", "gem", "pypi", "maven", "nuget",
            "golang", "nginx", "deb", "datetime",
        ];
        let _ = Vers::from_native(TYPES[which], &text);
        let _ = Vers::parse_canonical(&format!("vers:{}/{text}", TYPES[which]));
        if let Ok(range) = Vers::parse(&format!("vers:{}/{text}", TYPES[which])) {
            prop_assert_eq!(Vers::parse(&range.to_string()).unwrap().to_string(), range.to_string());
        }
    }
}
