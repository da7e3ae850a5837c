//! Maven: the public suites, real projects, our own cases, and mutated input.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trimtab_extract::read::xml;
use trimtab_extract::view::{self, Files, MemoryFiles};
use trimtab_model::{Code, Component, FileInventory, Relation, Scope};
use trimtab_testkit::{shared, suite};

use crate::comparison::{differences, mutate, read, read_of, settle, spelled, tree};

const POM: &str = "pom-xml";

/// Where we differ from a suite, and why.
const FIRST: &[(&str, &str)] = &[
    (
        "scalibr/pomxml: interpolation",
        "the suite takes the lower bound of a range for the version; Maven takes the highest in \
         it, which only the registry knows",
    ),
    (
        "scalibr/pomxml: multi version dependency",
        "of two declarations of one dependency in a pom Maven takes the last, the suite the first",
    ),
];

const SECOND: &[(&str, &str)] = &[(
    "trivy/java-pom: Infinity loop for modules",
    "the suite lists a module that another module asks for also as a direct dependency; it is the \
     project's own",
)];

/// What the suites call packages: plugins and extensions are left out by both.
fn without_build(mut file: FileInventory) -> FileInventory {
    let of_build = |c: &Component| c.groups.iter().any(|g| matches!(&**g, "plugin" | "extension"));
    file.components.retain(|c| !(of_build(c) && c.scope == Scope::Build));
    file
}

#[test]
fn the_first_suite_agrees() {
    let mut results = BTreeMap::new();
    for case in suite::cases("scalibr", "pomxml") {
        let files = tree(case.file.parent().unwrap());
        let path = case.file.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&case.file).unwrap();
        let found = match read(POM, path, &bytes, &files) {
            Err(_) if case.must_fail() => Vec::new(),
            Err(diagnostic) => vec![diagnostic.message.into_string()],
            Ok(_) if case.must_fail() => vec!["reading must fail".to_owned()],
            Ok(file) => differences(&case, &without_build(file), |_| true),
        };
        results.insert(case.name.clone(), found);
    }
    settle(&results, FIRST);
}

/// The inventory of a pom and of the modules that it names, as one.
fn with_modules(path: &str, files: &MemoryFiles) -> (FileInventory, BTreeSet<(String, String)>) {
    let mut all = FileInventory { format: POM.into(), ..FileInventory::default() };
    let mut edges = BTreeSet::new();
    let mut waiting = vec![path.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let Some(Ok(bytes)) = files.read(&path) else { continue };
        if !seen.insert(path.clone()) {
            continue;
        }
        let file = read(POM, &path, &bytes, files).expect("the suite's poms can be read");
        let title = |at: u32| spelled(&file.components[at as usize]).replace('@', ":");
        edges.extend(file.edges.iter().map(|(from, to)| (title(*from), title(*to))));
        all.components.extend(without_build(file.clone()).components);
        all.diagnostics.extend(file.diagnostics);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for module in text.split("<module>").skip(1).filter_map(|m| m.split("</module>").next()) {
            let folder = view::resolve(view::folder(&path), module.trim());
            waiting.extend(folder.map(|folder| view::join(&folder, "pom.xml")));
        }
    }
    (all, edges)
}

#[test]
fn the_second_suite_agrees() {
    let mut results = BTreeMap::new();
    let Some(shared) = shared() else { return };
    let root = shared.join("corpus/lockfiles/trivy/java-pom");
    let everything = tree(&root);
    for case in suite::cases("trivy", "java-pom") {
        let path = case.file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let folder = path.split('/').next().unwrap();
        let mut files = MemoryFiles::default();
        for file in everything.claimed() {
            if file.starts_with(&format!("{folder}/")) || file.starts_with("repository/") {
                files.insert(file, &everything.read(file).unwrap().unwrap());
            }
        }
        let (file, edges) = with_modules(&path, &files);
        let mut found = differences(&case, &file, |_| true);
        let id = |id: &serde_json::Value| {
            id.as_str().unwrap().split("::").next().unwrap_or_default().to_owned()
        };
        for asks in case.expected["dependencies"].as_array().into_iter().flatten() {
            for asked in asks["depends_on"].as_array().into_iter().flatten() {
                let edge = (id(&asks["id"]), id(asked));
                let named = |title: &str| {
                    file.components.iter().any(|c| {
                        c.relation == Relation::Own && spelled(c).replace('@', ":") == title
                    })
                };
                // A module of an aggregator is no dependency of it.
                if !edges.contains(&edge) && !named(&edge.1) {
                    found.push(format!("edge: {} → {}", edge.0, edge.1));
                }
            }
        }
        results.insert(case.name.clone(), found);
    }
    settle(&results, SECOND);
}

#[test]
fn real_projects_are_read_whole() {
    for (project, poms) in [
        ("WebGoat+WebGoat", 1),
        ("WebGoat+WebGoat@2019", 31),
        ("DependencyTrack+dependency-track", 76),
    ] {
        let Some(shared) = shared() else { return };
        let tree = tree(&shared.join("corpus/projects").join(project));
        let mut count = 0;
        for path in tree.claimed().iter().filter(|p| p.ends_with("pom.xml")) {
            let bytes = tree.read(path).unwrap().unwrap();
            let file = read(POM, path, &bytes, &tree).unwrap();
            assert!(!file.diagnostics.iter().any(|d| d.code.makes_incomplete()), "{path}");
            // By plain reading: every dependency that the pom itself declares is listed.
            let text = xml::decode(&bytes).unwrap();
            let doc = xml::parse(&text).unwrap();
            let declared = doc.root().child("dependencies").into_iter();
            for dependency in declared.flat_map(|d| d.all("dependency")) {
                let artifact = dependency.child_text("artifactId").unwrap();
                let listed = file
                    .components
                    .iter()
                    .any(|c| c.line == Some(dependency.line()) && c.purl.name() == artifact);
                assert!(listed || artifact.contains("${"), "{path}:{}", dependency.line());
            }
            for component in &file.components {
                let told = component.purl.version().is_some()
                    || component.relation == Relation::Own
                    || file
                        .unmanaged
                        .iter()
                        .any(|u| u.package.as_ref() == Some(&component.purl.package()));
                assert!(told, "{path}: {}", spelled(component));
            }
            count += 1;
        }
        assert_eq!(count, poms, "{project}");
    }
}

#[test]
fn properties_that_grow_without_end_are_bounded() {
    let mut properties = String::from("<p0>x</p0><loop>${loop}${loop}</loop>");
    for i in 1..100 {
        let before = i - 1;
        properties.push_str(&format!("<p{i}>${{p{before}}}${{p{before}}}</p{i}>"));
    }
    let text = format!(
        "<project><properties>{properties}</properties><dependencies>\
         <dependency><groupId>g</groupId><artifactId>a</artifactId><version>${{p99}}</version></dependency>\
         <dependency><groupId>g</groupId><artifactId>b</artifactId><version>${{loop}}</version></dependency>\
         </dependencies></project>"
    );
    let file = read_of(POM, "pom.xml", &[("pom.xml", &text)]);
    assert!(file.components.iter().all(|c| c.purl.version().is_none()));
    assert_eq!(file.components.len(), 2);
}

#[test]
fn a_wide_tree_of_modules_is_indexed_once() {
    // Every module asks for every tenth other one: 300 × 30 look-ups, one reading of each pom.
    let mut files = MemoryFiles::default();
    let mut poms = Vec::new();
    for i in 0..300 {
        let mut text = format!(
            "<project><groupId>g</groupId><artifactId>m{i}</artifactId><version>1</version><dependencies>"
        );
        for j in (0..300).step_by(10).filter(|j| *j != i) {
            text.push_str(&format!("<dependency><groupId>g</groupId><artifactId>m{j}</artifactId><version>1</version></dependency>"));
        }
        text.push_str("</dependencies></project>");
        poms.push((format!("m{i}/pom.xml"), text));
    }
    for (path, text) in &poms {
        files.insert(path, text.as_bytes());
    }
    for (path, text) in &poms {
        let file = read(POM, path, text.as_bytes(), &files).unwrap();
        assert!(file.components.iter().all(|c| c.relation == Relation::Own), "{path}");
    }
}

proptest! {
    #[test]
    fn no_input_makes_the_reader_fail(
        kind in 0u8..5, at in 0usize..100_000, length in 0usize..400, with in any::<u8>(), pick in 0usize..3,
    ) {
        let Some(shared) = shared() else { return Ok(()) };
        let names = ["projects/WebGoat+WebGoat/pom.xml", "projects/DependencyTrack+dependency-track/pom.xml", "lockfiles/scalibr/pomxml/profiles.xml"];
        let bytes = std::fs::read(shared.join("corpus").join(names[pick])).unwrap();
        let bytes = mutate(&bytes, kind, at, length, with);
        let mut files = MemoryFiles::default();
        files.insert("pom.xml", &bytes);
        if let Err(diagnostic) = read(POM, "pom.xml", &bytes, &files) {
            prop_assert_ne!(diagnostic.code, Code::ParserFault);
        }
    }
}
