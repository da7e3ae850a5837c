//! Go: the public suites, real projects, our own cases, and mutated input.

use std::collections::BTreeMap;

use crate::comparison::{differences, mutate, read, read_of, settle, spelled};
use proptest::prelude::*;
use trimtab_extract::view::MemoryFiles;
use trimtab_model::{Code, FileInventory, HashAlgorithm, Origin, Relation, Scope, UnmanagedReason};
use trimtab_testkit::{shared, suite};

/// Where we differ from a suite, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    (
        "scalibr/gomod: replacements_ local",
        "the replaced module is the project's own code: kept under its own name with the folder as \
         origin, not as a package called `./fork/net`",
    ),
    (
        "scalibr/gomod: test extractor for go <=1.16",
        "the suite gives lines of go.sum as if they were of go.mod; we give none",
    ),
    (
        "trivy/golang-mod: replaced with local path",
        "the suite drops a module replaced by a folder; we list it as the project's own",
    ),
    ("trivy/golang-mod: replaced with local path and version", "as above"),
    ("trivy/golang-mod: no replace", "the suite switches replacements off; they are what is built"),
    (
        "trivy/golang-mod: go 1.16",
        "the suite's reader leaves go.sum and indirect requirements of old modules to another \
         one; we read them here",
    ),
    (
        "trivy/golang-sum: gomod_many.sum",
        "the suite counts modules of which only the go.mod was fetched to choose versions; their \
         code is not in the build",
    ),
];

fn case_name(case: &suite::Case) -> String {
    let file = case.file.file_name().unwrap().to_string_lossy();
    if case.name.ends_with(": ") { format!("{}{file}", case.name) } else { case.name.clone() }
}

#[test]
fn the_suites_agree() {
    let mut results = BTreeMap::new();
    for case in suite::cases("scalibr", "gomod")
        .into_iter()
        .chain(suite::cases("trivy", "golang-mod"))
        .chain(suite::cases("trivy", "golang-sum"))
    {
        let bytes = std::fs::read(&case.file).unwrap();
        let sum = case.file.extension().is_some_and(|e| e == "sum");
        let path = if sum { "go.sum" } else { "go.mod" };
        let mut files = MemoryFiles::default();
        files.insert(path, &bytes);
        for neighbour in [case.file.with_extension("sum"), case.file.with_file_name("go.sum")] {
            if !sum && let Ok(bytes) = std::fs::read(neighbour) {
                files.insert("go.sum", &bytes);
            }
        }
        let result = read("go-mod", path, &bytes, &files);
        let differences = match result {
            Err(_) if case.must_fail() => Vec::new(),
            Err(diagnostic) => vec![diagnostic.message.into_string()],
            Ok(_) if case.must_fail() => vec!["reading must fail".to_owned()],
            Ok(mut file) => {
                let option = |key: &str| case.expected["options"][key] == true;
                if option("excludeIndirect") {
                    file.components.retain(|c| c.relation != Relation::Transitive);
                }
                let trivy = case.name.starts_with("trivy");
                let stdlib = !trivy || option("useMinVersion");
                differences(&case, &file, |n| stdlib || !n.starts_with("stdlib@"))
            }
        };
        results.insert(case_name(&case), differences);
    }
    settle(&results, DEVIATIONS);
}

#[test]
fn the_totals_of_real_projects_agree() {
    let Some(shared) = shared() else { return };
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(shared.join("corpus/projects/INDEX.json")).unwrap())
            .unwrap();
    let mut count = 0;
    for (path, stated) in index.as_object().unwrap() {
        let (Some(lines), Some(indirect)) =
            (stated["require_lines"].as_u64(), stated["of_these_indirect"].as_u64())
        else {
            continue;
        };
        let file = shared.join("corpus").join(path);
        let bytes = std::fs::read(&file).unwrap();
        let mut files = MemoryFiles::default();
        files.insert("go.mod", &bytes);
        if let Ok(sum) = std::fs::read(file.with_file_name("go.sum")) {
            files.insert("go.sum", &sum);
        }
        let read = read("go-mod", "go.mod", &bytes, &files).unwrap();
        assert_eq!(read.diagnostics, [], "{path}");
        let text = String::from_utf8_lossy(&bytes);
        let requires = |c: &&trimtab_model::Component| {
            c.purl.name() != "stdlib" && (c.relation != Relation::Own || c.requirement.is_some())
        };
        let old = !text.contains("go 1.17") && text.contains("go 1.1");
        if !old {
            assert_eq!(read.components.iter().filter(requires).count() as u64, lines, "{path}");
            let transitive = |c: &&trimtab_model::Component| {
                c.relation == Relation::Transitive || c.groups.contains(&"tool".into())
            };
            let found = read.components.iter().filter(transitive).count() as u64;
            assert!(found >= indirect, "{path}: {found} < {indirect}");
        }
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

fn only<'f>(file: &'f FileInventory, name: &str) -> &'f trimtab_model::Component {
    let mut found = file.components.iter().filter(|c| crate::comparison::name(&c.purl) == name);
    let first = found.next().unwrap_or_else(|| panic!("no {name} in {file:#?}"));
    assert!(found.next().is_none(), "{name} appears twice");
    first
}

const H1: &str = "h1:2jmj7l5rSw0yVb/vlWAYkK/YBwk2jmj7l5rSw0yVb/s=";

#[test]
fn every_statement_has_its_effect() {
    let module = r#"
// Deprecated: use v2
module "example.com/app"

go 1.22.0
toolchain go1.22.5-custom
godebug default=go1.21

require (
	example.com/direct v1.2.3
	example.com/branch master
	example.com/gone v1.0.0
	`example.com/old` v1.0.0+incompatible // indirect; kept for a reason
	example.com/forked/v2 v2.0.0 // indirect
	example.com/tools v0.1.0 // indirect
	example.com/local v0.0.0-00010101000000-000000000000
)
exclude example.com/gone v1.0.0
exclude (
	example.com/none v1.0.0 // a comment
)
retract [v1.0.0, v1.1.0] // broken
retract v1.2.0
replace (
	example.com/forked/v2 => example.com/fork/v3 v3.1.0
	example.com/local => ../local
)
tool example.com/tools/cmd/generate
ignore ./node_modules
ignore (
	static
)
nonsense here
require broken
"#;
    let sum = format!("example.com/direct v1.2.3 {H1}\nexample.com/direct v1.2.3/go.mod {H1}\n");
    let file = read_of("go-mod", "app/go.mod", &[("app/go.mod", module), ("app/go.sum", &sum)]);

    let own = only(&file, "example.com/app");
    assert_eq!((own.relation, own.line), (Relation::Own, Some(3)));
    let stdlib = only(&file, "stdlib");
    assert_eq!(stdlib.purl.version(), Some("1.22.5"));
    assert_eq!(stdlib.line, Some(6));
    assert_eq!(stdlib.requirement.as_deref(), Some("toolchain go1.22.5-custom"));
    let direct = only(&file, "example.com/direct");
    assert_eq!(direct.purl.version(), Some("v1.2.3"));
    assert_eq!((direct.relation, direct.scope), (Relation::Direct, Scope::Runtime));
    assert_eq!(direct.hashes.len(), 1);
    assert_eq!(direct.hashes[0].algorithm, HashAlgorithm::GoH1);
    let branch = only(&file, "example.com/branch");
    assert_eq!((branch.purl.version(), branch.requirement.as_deref()), (None, Some("master")));
    let gone = only(&file, "example.com/gone");
    assert_eq!((gone.purl.version(), gone.requirement.as_deref()), (None, Some("v1.0.0")));
    let old = only(&file, "example.com/old");
    assert_eq!(old.purl.version(), Some("v1.0.0+incompatible"));
    assert_eq!(old.relation, Relation::Transitive);
    let fork = only(&file, "example.com/fork/v3");
    assert_eq!((fork.purl.version(), fork.line), (Some("v3.1.0"), Some(25)));
    assert_eq!(fork.requirement.as_deref(), Some("example.com/forked/v2 v2.0.0"));
    let tools = only(&file, "example.com/tools");
    assert_eq!((tools.relation, tools.scope), (Relation::Direct, Scope::Unknown));
    assert_eq!(*tools.groups, ["tool".into()]);
    let local = only(&file, "example.com/local");
    assert_eq!((local.relation, local.purl.version()), (Relation::Own, None));
    assert_eq!(local.origin, Origin::Path("../local".into()));

    let reasons: Vec<_> = file.unmanaged.iter().map(|u| (u.reason, u.line)).collect();
    assert_eq!(
        reasons,
        [(UnmanagedReason::FloatingVersion, Some(11)), (UnmanagedReason::Unresolved, Some(12))]
    );
    let lines: Vec<_> = file.diagnostics.iter().map(|d| (d.code, d.line)).collect();
    assert_eq!(lines, [(Code::EntryMalformed, Some(33)), (Code::EntryMalformed, Some(34))]);

    // The project asks for what is direct; why a transitive one is there, go.mod does not say.
    let position = |name: &str| {
        u32::try_from(
            file.components.iter().position(|c| crate::comparison::name(&c.purl) == name).unwrap(),
        )
        .unwrap()
    };
    assert_eq!(file.why(position("example.com/direct")), [0, position("example.com/direct")]);
    assert_eq!(file.why(position("example.com/old")), Vec::<u32>::new());
}

#[test]
fn before_pruning_the_rest_comes_from_the_sum() {
    let module = "module example.com/app\ngo 1.15\nrequire example.com/a v1.0.0\nreplace example.com/r => ./r\nexclude example.com/x v1.0.0\n";
    let sum = format!(
        "example.com/a v1.0.0 {H1}\nexample.com/b v1.9.0 {H1}\nexample.com/b v1.10.0 {H1}\nexample.com/c v1.0.0/go.mod {H1}\nexample.com/r v1.0.0 {H1}\nexample.com/x v1.0.0 {H1}\nexample.com/y not-a-version {H1}\n"
    );
    let file = read_of("go-mod", "go.mod", &[("go.mod", module), ("go.sum", &sum)]);
    let listed: Vec<_> =
        file.components.iter().map(|c| (spelled(c), c.relation.as_str())).collect();
    assert_eq!(
        listed,
        [
            ("example.com/app@".to_owned(), "own"),
            ("stdlib@1.15".to_owned(), "direct"),
            ("example.com/a@1.0.0".to_owned(), "direct"),
            ("example.com/b@1.10.0".to_owned(), "transitive"),
            ("example.com/y@not-a-version".to_owned(), "transitive"),
        ]
    );
    let without = read_of("go-mod", "go.mod", &[("go.mod", module)]);
    assert_eq!(without.unmanaged.len(), 1);
    assert_eq!(without.unmanaged[0].reason, UnmanagedReason::NoLockfile);
}

#[test]
fn a_workspace_replaces_and_knows_its_members() {
    let files = [
        (
            "go.work",
            "go 1.23.1\nuse (\n\t./app\n\t./lib\n\t./missing\n)\nreplace example.com/a => example.com/fork v1.5.0\n",
        ),
        (
            "app/go.mod",
            "module example.com/app\ngo 1.22\nrequire (\n\texample.com/lib v0.1.0\n\texample.com/a v1.0.0\n)\nreplace example.com/a => ./elsewhere\n",
        ),
        ("lib/go.mod", "module example.com/lib\ngo 1.22\n"),
        ("alone/go.mod", "module example.com/alone\ngo 1.22\nrequire example.com/a v1.0.0\n"),
    ];
    let app = read_of("go-mod", "app/go.mod", &files);
    assert_eq!(only(&app, "example.com/lib").relation, Relation::Own);
    assert_eq!(only(&app, "example.com/fork").purl.version(), Some("v1.5.0"));
    assert_eq!(only(&app, "example.com/fork").line, Some(5));
    let alone = read_of("go-mod", "alone/go.mod", &files);
    assert_eq!(only(&alone, "example.com/a").purl.version(), Some("v1.0.0"));
    let work = read_of("go-mod", "go.work", &files);
    let listed: Vec<_> = work.components.iter().map(spelled).collect();
    assert_eq!(listed, ["stdlib@1.23.1", "example.com/app@", "example.com/lib@"]);
    assert_eq!(work.diagnostics.len(), 1);
    assert_eq!(work.diagnostics[0].code, Code::ReferenceMissing);
}

#[test]
fn a_sum_speaks_only_without_its_module() {
    let sum = format!("example.com/a v1.0.0 {H1}\n");
    let files = [("go.mod", "module m\n"), ("go.sum", sum.as_str()), ("x/go.sum", sum.as_str())];
    assert_eq!(read_of("go-mod", "go.sum", &files).components.len(), 0);
    assert_eq!(read_of("go-mod", "x/go.sum", &files).components.len(), 1);
}

#[test]
fn the_standard_library_is_at_the_higher_of_two_directives() {
    for (text, version) in [
        ("go 1.21\ntoolchain go1.22rc1\n", Some("1.22rc1")),
        ("go 1.23.1\ntoolchain go1.22.9\n", Some("1.23.1")),
        ("go 1.21.0\ntoolchain default\n", Some("1.21.0")),
        ("toolchain go1.21.3+auto\n", Some("1.21.3")),
        ("module m\n", None),
    ] {
        let file = read_of("go-mod", "go.mod", &[("go.mod", text)]);
        let found = file.components.iter().find(|c| c.purl.name() == "stdlib");
        assert_eq!(found.and_then(|c| c.purl.version()), version, "{text}");
    }
}

proptest! {
    #[test]
    fn no_input_makes_the_reader_fail(
        kind in 0u8..5, at in 0usize..100_000, length in 0usize..400, with in any::<u8>(), pick in 0usize..3,
    ) {
        let Some(shared) = shared() else { return Ok(()) };
        let names = ["aquasecurity+trivy/go.mod", "prometheus+prometheus/go.work", "prometheus+prometheus/go.sum"];
        let path = names[pick];
        let bytes = std::fs::read(shared.join("corpus/projects").join(path)).unwrap();
        let bytes = mutate(&bytes, kind, at, length, with);
        let file = path.rsplit('/').next().unwrap();
        let mut files = MemoryFiles::default();
        files.insert(file, &bytes);
        if let Err(diagnostic) = read("go-mod", file, &bytes, &files) {
            prop_assert_ne!(diagnostic.code, Code::ParserFault);
        }
    }

    #[test]
    fn no_text_makes_the_reader_fail(text in "(\\PC|[\n\"`()=>/ ]|require|replace|go ){0,200}") {
        let mut files = MemoryFiles::default();
        files.insert("go.mod", text.as_bytes());
        if let Err(diagnostic) = read("go-mod", "go.mod", text.as_bytes(), &files) {
            prop_assert_ne!(diagnostic.code, Code::ParserFault);
        }
    }
}
