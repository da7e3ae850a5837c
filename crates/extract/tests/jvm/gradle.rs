//! Gradle: the public suites, real projects, our own cases, and mutated input.

use std::collections::BTreeMap;

use crate::comparison::{differences, mutate, read, read_of, settle, spelled};
use proptest::prelude::*;
use trimtab_extract::view::MemoryFiles;
use trimtab_model::{Code, Relation, Scope, UnmanagedReason};
use trimtab_testkit::{shared, suite};

const LOCK: &str = "gradle-lockfile";
const VERIFICATION: &str = "gradle-verification-metadata";
const CATALOG: &str = "gradle-version-catalog";

#[test]
fn the_suites_agree() {
    let mut results = BTreeMap::new();
    for (format, path, cases) in [
        (LOCK, "gradle.lockfile", suite::cases("scalibr", "gradlelockfile")),
        (LOCK, "gradle.lockfile", suite::cases("trivy", "gradle-lockfile")),
        (
            VERIFICATION,
            "gradle/verification-metadata.xml",
            suite::cases("scalibr", "gradleverificationmetadataxml"),
        ),
    ] {
        for case in cases {
            let bytes = std::fs::read(&case.file).unwrap();
            let mut files = MemoryFiles::default();
            files.insert(path, &bytes);
            let mut found = match read(format, path, &bytes, &files) {
                Err(_) if case.must_fail() => Vec::new(),
                Err(diagnostic) => vec![diagnostic.message.into_string()],
                Ok(_) if case.must_fail() => vec!["reading must fail".to_owned()],
                Ok(file) => {
                    let mut found = differences(&case, &file, |_| true);
                    for package in case.expected["packages"].as_array().unwrap() {
                        let name = package["name"].as_str().unwrap();
                        let ours = |c: &&trimtab_model::Component| {
                            crate::comparison::name(&c.purl) == name
                        };
                        if package["dev"] == true
                            && !file.components.iter().filter(ours).all(|c| c.scope == Scope::Test)
                        {
                            found.push(format!("{name} is for tests only"));
                        }
                    }
                    found
                }
            };
            found.sort();
            results.insert(case.name.clone(), found);
        }
    }
    settle(&results, &[]);
}

#[test]
fn the_totals_of_real_projects_agree() {
    let Some(shared) = shared() else { return };
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(shared.join("corpus/projects/INDEX.json")).unwrap())
            .unwrap();
    let mut count = 0;
    for (path, stated) in index.as_object().unwrap() {
        if !path.ends_with("gradle.lockfile") {
            continue;
        }
        let bytes = std::fs::read(shared.join("corpus").join(path)).unwrap();
        let file = read(LOCK, path, &bytes, &MemoryFiles::default()).unwrap();
        assert_eq!(file.diagnostics, [], "{path}");
        assert_eq!(file.components.len() as u64, stated["locked"].as_u64().unwrap(), "{path}");
        if path.contains("buildscript") {
            assert!(file.components.iter().all(|c| c.scope == Scope::Build), "{path}");
        }
        count += 1;
    }
    assert!(count >= 30, "{count}");
}

#[test]
fn a_lock_of_one_configuration_is_read() {
    let path = "app/gradle/dependency-locks/testRuntimeClasspath.lockfile";
    let text = "# comment\norg.a:b:1.0\norg.c:d:2.0-jre\norg.a:b:1.0\n";
    let file = read_of(LOCK, path, &[(path, text)]);
    let listed: Vec<_> = file.components.iter().map(|c| (spelled(c), c.scope, c.line)).collect();
    assert_eq!(
        listed,
        [
            ("org.a:b@1.0".to_owned(), Scope::Test, Some(2)),
            ("org.c:d@2.0-jre".to_owned(), Scope::Test, Some(3))
        ]
    );
    let script = "gradle/dependency-locks/buildscript-classpath.lockfile";
    let file = read_of(LOCK, script, &[(script, "org.a:b:1.0\n")]);
    assert_eq!(file.components[0].scope, Scope::Build);
}

#[test]
fn bad_lines_are_told_and_the_rest_is_read() {
    let text = "no\na:b:1=runtimeClasspath\n:b:1=x\na:b:1:2=x\na: :1=x\r\nempty=\n";
    let file = read_of(LOCK, "gradle.lockfile", &[("gradle.lockfile", text)]);
    assert_eq!(file.components.len(), 1);
    let lines: Vec<_> = file.diagnostics.iter().map(|d| (d.code, d.line.unwrap())).collect();
    assert_eq!(lines, [1, 3, 4, 5].map(|line| (Code::EntryMalformed, line)));
}

#[test]
fn verification_keeps_the_hashes_of_the_archive() {
    let path = "gradle/verification-metadata.xml";
    let text = "<verification-metadata><components>\n<component group='g' name='n' version='1'>\
        <artifact name='n-1.jar'><sha1 value='da39a3ee5e6b4b0d3255bfef95601890afd80709'/>\
        <md5 value='d41d8cd98f00b204e9800998ecf8427e'><also-trust value='00'/></md5><pgp value='ff'/></artifact>\
        <artifact name='n-1-sources.jar'><sha1 value='11'/></artifact><artifact name='n-1.pom'><sha1 value='22'/></artifact></component>\n\
        <component group='g' name='bom' version='1'><artifact name='bom-1.pom'><sha1 value='22'/></artifact></component>\n\
        <component group='g' name='n'/></components></verification-metadata>";
    let file = read_of(VERIFICATION, path, &[(path, text)]);
    let hashes: Vec<_> = file.components[0].hashes.iter().map(trimtab_model::Hash::hex).collect();
    assert_eq!(
        hashes,
        ["00", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709"]
    );
    assert_eq!(file.components[1].purl.qualifier("type"), Some("pom"));
    assert_eq!(file.components[1].hashes, []);
    assert_eq!(file.diagnostics[0].line, Some(4));
}

const CATALOGUE: &str = r#"[metadata]
format.version = "1.1"
[versions]
kotlin = "1.9.20"
slf4j = { strictly = "[1.7, 1.8[", prefer = "1.7.25" }
guava = { require = "32.0.0-jre", reject = "31.0-jre" }
ranged = { strictly = "[1,2)" }
none = { reject = ["1.0"] }
[libraries]
a = "org.a:a:1.0"
b = { module = "org.b:b", version.ref = "kotlin" }
c = { group = "org.c", name = "c", version = { strictly = "2.0" } }
d = { module = "org.d:d", version.ref = "slf4j" }
e = { module = "org.e:e", version.ref = "guava" }
f = { module = "org.f:f", version.ref = "ranged" }
g = { module = "org.g:g" }
h = "org.h:h:1.+"
i = "org.i:i:[1,2[!!1.5"
j = "org.j:j:3.0!!"
k = { module = "org.k:k", version.ref = "none" }
l = { module = "org.l:l", version.ref = "missing" }
m = { name = "m" }
n = "org.n:n:latest.release"
[bundles]
all = ["a", "b"]
[plugins]
kotlin = { id = "org.jetbrains.kotlin.jvm", version.ref = "kotlin" }
short = "org.short:4.0"
"#;

#[test]
fn a_catalogue_gives_what_may_be_asked_for() {
    let path = "gradle/libs.versions.toml";
    let file = read_of(CATALOG, path, &[(path, CATALOGUE)]);
    let listed: Vec<_> = file.components.iter().map(spelled).collect();
    assert_eq!(
        listed,
        [
            "org.a:a@1.0",
            "org.b:b@1.9.20",
            "org.c:c@2.0",
            "org.d:d@1.7.25",
            "org.e:e@32.0.0-jre",
            "org.f:f@",
            "org.g:g@",
            "org.h:h@",
            "org.i:i@1.5",
            "org.j:j@3.0",
            "org.k:k@",
            "org.l:l@",
            "org.n:n@",
            "org.jetbrains.kotlin.jvm:org.jetbrains.kotlin.jvm.gradle.plugin@1.9.20",
            "org.short:org.short.gradle.plugin@4.0",
        ]
    );
    assert_eq!(file.components[0].line, Some(10));
    assert_eq!(file.components[0].scope, Scope::Unknown);
    assert_eq!(file.components[5].requirement.as_deref(), Some("[1,2)"));
    assert_eq!(file.components[13].scope, Scope::Build);
    assert_eq!(file.components[13].relation, Relation::Direct);
    let floating = |r: UnmanagedReason| file.unmanaged.iter().filter(|u| u.reason == r).count();
    assert_eq!(floating(UnmanagedReason::FloatingVersion), 3);
    assert_eq!(floating(UnmanagedReason::Unresolved), 3);
    assert_eq!(floating(UnmanagedReason::NoLockfile), 1);
    let lines: Vec<_> = file.diagnostics.iter().map(|d| d.line).collect();
    assert_eq!(lines, [Some(21), Some(22)]);
}

#[test]
fn a_catalogue_is_silent_where_a_lock_speaks() {
    let path = "x/gradle/libs.versions.toml";
    let locked = [(path, CATALOGUE), ("x/app/gradle.lockfile", "empty=\n")];
    assert_eq!(read_of(CATALOG, path, &locked).components.len(), 0);
    let other =
        [(path, CATALOGUE), ("y/gradle.lockfile", ""), ("x/buildscript-gradle.lockfile", "")];
    assert_eq!(read_of(CATALOG, path, &other).components.len(), 15);
}

proptest! {
    #[test]
    fn no_input_makes_a_reader_fail(
        kind in 0u8..5, at in 0usize..100_000, length in 0usize..400, with in any::<u8>(), pick in 0usize..3,
    ) {
        let Some(shared) = shared() else { return Ok(()) };
        let corpus = shared.join("corpus");
        let (format, bytes) = match pick {
            0 => (LOCK, std::fs::read(corpus.join("projects/google+nomulus/proxy/gradle.lockfile")).unwrap()),
            1 => (VERIFICATION, std::fs::read(corpus.join("lockfiles/scalibr/gradleverificationmetadataxml/multiple-versions.xml")).unwrap()),
            _ => (CATALOG, CATALOGUE.as_bytes().to_vec()),
        };
        let bytes = mutate(&bytes, kind, at, length, with);
        if let Err(diagnostic) = read(format, "x", &bytes, &MemoryFiles::default()) {
            prop_assert_ne!(diagnostic.code, Code::ParserFault);
        }
    }
}
