//! Purls against the specification's own tests, and the laws of reading and writing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use trimtab_model::purl::{Purl, PurlError};

/// Cases of the suite that we answer otherwise: file, test type, input, reason.
const DEVIATIONS: &[(&str, &str, &str, &str)] = &[
    (
        "gem-test.json",
        "parse",
        "pkg:gem/jruby-launcher@1.1.2?Platform=java",
        "must fail here; the maven tests ask that the same (`repositorY_url`) is read, and so does \
         the specification's parser",
    ),
    (
        "git-test.json",
        "validate",
        "pkg:git/github/Package-url/purl-Spec@244fd47e07d1004f0aed9c",
        "asks for lower case; the type definition says that `git` is case-sensitive",
    ),
    (
        "swift-test.json",
        "parse",
        "pkg:swift/github.com/Alamofire/@5.4.3",
        "must fail for want of a name; the specification's parser strips trailing slashes, so the \
         name is there",
    ),
];

fn build(parts: &Value) -> Result<Purl, PurlError> {
    let none = serde_json::Map::new();
    let qualifiers = parts["qualifiers"].as_object().unwrap_or(&none);
    Purl::build(
        parts["type"].as_str().unwrap_or_default(),
        parts["namespace"].as_str(),
        parts["name"].as_str().unwrap_or_default(),
        parts["version"].as_str(),
        qualifiers.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())),
        parts["subpath"].as_str(),
    )
}

/// What is wrong with our answer to a case. `None`: nothing.
fn judge(case: &Value) -> Option<String> {
    let expected = &case["expected_output"];
    let input = &case["input"];
    let result = match case["test_type"].as_str().unwrap() {
        "build" => build(input),
        _ => Purl::parse(input.as_str().unwrap()),
    };
    let fails = case["expected_failure"].as_bool().unwrap_or(false);
    let purl = match (result, fails) {
        (Err(_), true) => return None,
        (Ok(purl), true) => return Some(format!("read as {purl}")),
        (Err(error), false) => return Some(error.to_string()),
        (Ok(purl), false) => purl,
    };
    if let Some(canonical) = expected.as_str() {
        return (purl.to_string() != canonical).then(|| format!("{purl}, expected {canonical}"));
    }
    let qualifiers: BTreeMap<&str, &str> = expected["qualifiers"]
        .as_object()
        .map(|map| map.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())).collect())
        .unwrap_or_default();
    let same = Some(purl.purl_type()) == expected["type"].as_str()
        && purl.namespace() == expected["namespace"].as_str()
        && Some(purl.name()) == expected["name"].as_str()
        && purl.version() == expected["version"].as_str()
        && purl.subpath() == expected["subpath"].as_str()
        && purl.qualifiers().collect::<BTreeMap<_, _>>() == qualifiers;
    (!same).then(|| format!("{purl:?}, expected {expected}"))
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_specification_s_tests_hold() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let (mut cases, mut wrong, mut deviations) = (0, Vec::new(), Vec::new());
    for folder in ["corpus/purl/spec", "corpus/purl/types"] {
        for path in files(&shared.join(folder)) {
            let file = path.file_name().unwrap().to_str().unwrap();
            let suite: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            for case in suite["tests"].as_array().unwrap() {
                cases += 1;
                let Some(what) = judge(case) else { continue };
                let known = DEVIATIONS.iter().find(|(f, kind, input, _)| {
                    *f == file && case["test_type"] == *kind && case["input"] == *input
                });
                match known {
                    Some(deviation) => deviations.push(deviation),
                    None => wrong.push(format!("{file}: {}: {what}", case["input"])),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} wrong:\n{}", wrong.len(), wrong.join("\n"));
    deviations.dedup();
    assert_eq!(deviations.len(), DEVIATIONS.len(), "a deviation is gone: {deviations:?}");
    assert!(cases > 300, "only {cases} cases");
    eprintln!("purl: {cases} cases, {} deviations", deviations.len());
}

/// Purls of real documents that are not read, and why.
const UNREADABLE: &[(&str, &str)] = &[
    ("&amp;", "a tool escaped the `&` for XML twice: the key would be `amp;type`"),
    ("pkg:invalid", "a document made to be invalid"),
];

fn documents(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for path in files(folder) {
        match path.is_dir() {
            true => documents(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn purls_of_real_documents_are_read_and_written_stably() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let mut found = Vec::new();
    for folder in ["corpus/sbom", "corpus/vex", "corpus/reports"] {
        documents(&shared.join(folder), &mut found);
    }
    let mut purls = std::collections::BTreeSet::new();
    for path in found.iter().filter(|p| p.extension().is_some_and(|e| e == "json")) {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let quoted = text.split("\"pkg:").skip(1).filter_map(|rest| rest.split_once('"'));
        purls.extend(quoted.map(|(purl, _)| format!("pkg:{}", purl.replace("\\u0026", "&"))));
    }
    let mut wrong = Vec::new();
    for text in &purls {
        match Purl::parse(text) {
            Ok(purl) => assert_eq!(Purl::parse(&purl.to_string()), Ok(purl), "{text}"),
            Err(_) if UNREADABLE.iter().any(|(part, _)| text.contains(part)) => {}
            Err(error) => wrong.push(format!("{text}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), purls.len(), wrong.join("\n"));
    assert!(purls.len() > 2000, "only {} purls", purls.len());
}

fn hash(purl: &Purl) -> u64 {
    let mut state = DefaultHasher::new();
    purl.hash(&mut state);
    state.finish()
}

#[test]
fn go_modules_keep_their_spelling_and_are_written_in_lower_case() {
    let one = Purl::new("golang", Some("github.com/NYTimes"), "GzipHandler").with_version("v1.1.1");
    assert_eq!((one.namespace(), one.name()), (Some("github.com/NYTimes"), "GzipHandler"));
    assert_eq!(one.to_string(), "pkg:golang/github.com/nytimes/gziphandler@v1.1.1");
    let two = Purl::parse(&one.to_string()).unwrap();
    assert_eq!(one, two);
    assert_eq!(hash(&one), hash(&two));
    assert_eq!(one.cmp(&two), std::cmp::Ordering::Equal);
    assert_ne!(one, two.clone().with_version("V1.1.1"));
    assert_ne!(
        two,
        Purl::new("golang", Some("github.com/nytimes"), "other").with_version("v1.1.1")
    );
    let read = Purl::parse("pkg:golang/github.com/NYTimes/GzipHandler@v1.1.1").unwrap();
    assert_eq!(read.namespace(), Some("github.com/NYTimes"));
}

#[test]
fn case_is_kept_where_it_tells_packages_apart() {
    for (purl_type, namespace, name) in [
        ("npm", None, "JSONStream"),
        ("maven", Some("HTTPClient"), "HTTPClient"),
        ("swift", Some("github.com/Alamofire"), "Alamofire"),
    ] {
        let purl = Purl::new(purl_type, namespace, name);
        assert_eq!(purl.name(), name);
        assert_ne!(purl, Purl::new(purl_type, namespace, &name.to_lowercase()));
    }
}

#[test]
fn what_other_tools_write_is_read() {
    for (written, canonical) in [
        ("pkg:npm/@scope/name@1.0.0", "pkg:npm/%40scope/name@1.0.0"),
        ("pkg:npm/@scope/name", "pkg:npm/%40scope/name"),
        ("pkg:npm/%40Scope%2fname@1", "pkg:npm/%40Scope%2Fname@1"),
        ("PKG:PyPI/Zope.Interface@5", "pkg:pypi/zope-interface@5"),
        ("pkg:pypi/a?", "pkg:pypi/a"),
        ("pkg:pypi/a@1?x=&y", "pkg:pypi/a@1"),
        ("pkg:generic/caf\u{e9}@1", "pkg:generic/caf%C3%A9@1"),
        ("pkg:generic/a@1+b", "pkg:generic/a@1%2Bb"),
        ("pkg:deb/Debian/Attr@1%3A2.4?arch=amd64", "pkg:deb/debian/attr@1:2.4?arch=amd64"),
        ("pkg:golang/a.b/c#../x//y/.", "pkg:golang/a.b/c#x/y"),
        ("  pkg:cargo/serde@1.0.0\n", "pkg:cargo/serde@1.0.0"),
    ] {
        assert_eq!(Purl::parse(written).unwrap().to_string(), canonical, "{written}");
    }
}

#[test]
fn what_is_no_purl_says_why() {
    for (text, why) in [
        ("", PurlError::SchemeMissing),
        ("npm/a@1", PurlError::SchemeMissing),
        ("pkg:npm", PurlError::TypeInvalid),
        ("pkg:3x/a", PurlError::TypeInvalid),
        ("pkg:npm/", PurlError::NameMissing),
        ("pkg:npm/%2F", PurlError::NameMissing),
        ("pkg:npm/a%2", PurlError::Encoding),
        ("pkg:npm/a%zz", PurlError::Encoding),
        ("pkg:npm/a%+1", PurlError::Encoding),
        ("pkg:npm/a%FF", PurlError::Encoding),
        ("pkg:npm/a%2Fb/c", PurlError::SegmentSlash),
        ("pkg:npm/a#b%2Fc", PurlError::SegmentSlash),
        ("pkg:npm/a?b%20c=1", PurlError::QualifierKey),
        ("pkg:npm/a?b=1&B=2", PurlError::QualifierTwice),
        ("pkg:swift/a", PurlError::NamespaceMissing),
        ("pkg:otp/a/b", PurlError::NamespaceProhibited),
    ] {
        assert_eq!(Purl::parse(text), Err(why), "{text}");
    }
}

#[test]
fn qualifiers_stay_sorted_and_distinct() {
    let purl = Purl::new("rpm", Some("Fedora"), "Curl")
        .with_qualifier("epoch", "1")
        .with_qualifier("arch", "i686")
        .with_qualifier("Arch", "x86_64")
        .with_qualifier("bad key", "x")
        .with_qualifier("distro", "fedora-25")
        .with_qualifier("distro", "");
    assert_eq!(purl.to_string(), "pkg:rpm/fedora/Curl?arch=x86_64&epoch=1");
    assert_eq!(purl.package().to_string(), "pkg:rpm/fedora/Curl");
}

const SOME_TYPES: &[&str] =
    &["npm", "pypi", "golang", "maven", "git", "deb", "swift", "generic", "unheard-of"];

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_same(
        which in 0..SOME_TYPES.len(),
        namespace in proptest::option::of("[a-zA-Z@/.%é]{0,12}"),
        name in "([a-zA-Z@/.%]|\\PC){0,12}",
        version in proptest::option::of("\\PC{0,8}"),
        qualifiers in proptest::collection::vec(("[a-z][a-z0-9._-]{0,3}", "\\PC{0,6}"), 0..4),
        subpath in proptest::option::of("([a-z./#?@]|\\PC){0,8}"),
    ) {
        let pairs = qualifiers.iter().map(|(k, v)| (&**k, &**v));
        let (namespace, version) = (namespace.as_deref(), version.as_deref());
        let built =
            Purl::build(SOME_TYPES[which], namespace, &name, version, pairs, subpath.as_deref());
        if let Ok(purl) = built {
            let text = purl.to_string();
            prop_assert!(text.is_ascii());
            let read = Purl::parse(&text).unwrap();
            prop_assert_eq!(&read, &purl);
            prop_assert_eq!(hash(&read), hash(&purl));
            prop_assert_eq!(read.cmp(&purl), std::cmp::Ordering::Equal);
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", tail in "([a-z0-9@/?#%&=.:]|\\PC){0,40}") {
        let _ = Purl::parse(&text);
        if let Ok(purl) = Purl::parse(&format!("pkg:{tail}")) {
            prop_assert_eq!(Purl::parse(&purl.to_string()).unwrap(), purl);
        }
    }
}
