//! Maven: the public suites, real projects, our own cases, and mutated input.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trimtab_extract::view::{self, Files, MemoryFiles};
use trimtab_model::{Code, Component, FileInventory, Origin, Relation, Scope, UnmanagedReason};
use trimtab_testkit::{shared, suite};

use crate::comparison::{self, differences, mutate, read, read_of, settle, spelled, tree};

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

/// Every pom of a tree, read.
fn all_of(project: &str) -> Option<Vec<FileInventory>> {
    let files = tree(&shared()?.join("corpus/projects").join(project));
    let poms = files.claimed().iter().filter(|p| p.ends_with("pom.xml"));
    Some(
        poms.map(|path| {
            read(POM, path, &files.read(path).unwrap().unwrap(), &files)
                .unwrap_or_else(|d| panic!("{path}: {}", d.message))
        })
        .collect(),
    )
}

#[test]
fn real_projects_are_read_whole() {
    for project in ["WebGoat+WebGoat", "WebGoat+WebGoat@2019", "DependencyTrack+dependency-track"] {
        let Some(files) = all_of(project) else { return };
        let components = || files.iter().flat_map(|f| &f.components);
        let not_own = components().filter(|c| c.relation != Relation::Own).count();
        let without = components()
            .filter(|c| c.relation != Relation::Own && c.purl.version().is_none())
            .count();
        let own = components().filter(|c| c.relation == Relation::Own).count();
        println!(
            "{project}: {} files, {own} own, {not_own} others, {without} without version",
            files.len()
        );
        for file in &files {
            for c in &file.components {
                println!(
                    "  {} {} {:?} {:?} {} {:?} {:?}",
                    file.path,
                    spelled(c),
                    c.line,
                    c.relation,
                    c.scope,
                    c.groups,
                    c.requirement
                );
            }
            for d in &file.diagnostics {
                println!("  {} {:?} {} {:?}", file.path, d.code, d.message, d.line);
            }
        }
    }
}
