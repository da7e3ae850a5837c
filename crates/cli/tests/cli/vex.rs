//! Statements of suppliers and of our own, as a person previews, applies and publishes them.
use crate::repository::{BY_SECURITY, PROJECT, Repository, not_affected};
use trimtab_cli::Exit;

#[test]
fn what_was_decided_is_published_and_previewed() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    // One does not matter, the other one is accepted.
    let decided = not_affected(BY_SECURITY);
    let (first, _) = decided.split_at(decided.rfind("[[not-affected]]").unwrap());
    repository.write("exceptions.toml", &format!("{first}[[exception]]\nid = \"E-1\"\nvulnerability = \"CVE-2022-24785\"\nreason = \"r\"\nauthor = \"a\"\nauthor-role = \"engineering\"\napprover = \"b\"\napprover-role = \"security\"\ncreated = 2026-01-30\nexpires = 2026-02-13\ncontrol = \"c\"\n"));
    for format in ["openvex", "csaf", "cyclonedx"] {
        let file = repository.path().join(format!("{format}.vex")).display().to_string();
        let args = [
            "vex",
            "write",
            "HERE",
            "--format",
            format,
            "--product",
            "pkg:generic/app@1.0",
            "--author",
            "Harbour",
            "--id",
            "https://harbour.example/vex/1",
            "--at",
            "2026-02-01T00:00:00Z",
            "--output",
            &file,
        ];
        let ran = repository.trimtab(&args);
        assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
        assert_eq!(ran.err, "", "{format}");
        let preview = |more: &[&str]| {
            let mut args = vec!["vex", "preview", file.as_str(), "--path", "HERE"];
            args.extend_from_slice(more);
            let ran = repository.trimtab(&args);
            assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
            ran.out
        };
        // The product that it is about is what is scanned.
        let told = preview(&["--product", "pkg:generic/app@1.0"]);
        assert!(told.contains("2 statements read: 2 would apply"), "{format}: {told}");
        let line = |mark: &str, id: &str| {
            told.lines().any(|l| l.contains(mark) && l.contains(id) && l.starts_with("applies"))
        };
        assert!(line("not_affected", "CVE-2022-31129"), "{format}: {told}");
        assert!(line(" affected", "CVE-2022-24785"), "{format}: {told}");
        let told = preview(&["--product", "pkg:generic/other@1.0"]);
        assert!(told.contains("0 would apply"), "{format}: {told}");
    }
}

#[test]
fn a_file_of_statements_that_is_none_leaves_a_run_incomplete() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    repository.write("supplier.json", "{\"no\": \"vex\"}");
    let project = PROJECT.replacen("format = 1\n", "format = 1\nvex = [\"supplier.json\"]\n", 1);
    repository.write("trimtab.toml", &project);
    for args in [
        &["scan", "HERE"][..],
        &["gate", "HERE"],
        &["exceptions", "check", "HERE"],
        &["explain", "CVE-2022-31129", "HERE", "--for", "security"],
    ] {
        let ran = repository.trimtab(args);
        // The gate tells it as a verdict.
        let told = if args[0] == "gate" { &ran.out } else { &ran.err };
        assert_eq!(told.matches("supplier.json").count(), 1, "{args:?}: {told}");
        // What fails for another reason fails first.
        let expected = if args[0] == "gate" { Exit::Violated } else { Exit::Incomplete };
        assert_eq!(ran.exit, expected, "{args:?}: {}{}", ran.out, ran.err);
    }
    let file = repository.path().join("supplier.json").display().to_string();
    let ran = repository.trimtab(&["vex", "preview", &file, "--path", "HERE"]);
    assert_eq!(ran.exit, Exit::Incomplete, "{}{}", ran.out, ran.err);
}

#[test]
fn a_suppliers_statement_is_previewed_applied_and_written() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    let statement = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "Moment", "timestamp": "2026-11-21T00:00:00Z", "version": 1, "statements": [{"vulnerability": {"name": "CVE-2022-31129"}, "products": [{"@id": "pkg:npm/moment@2.24.0"}], "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"}]}"#;
    repository.write("supplier.json", statement);
    let file = repository.path().join("supplier.json").display().to_string();
    let ran = repository.trimtab(&["vex", "preview", &file, "--path", "HERE"]);
    assert!(
        ran.out.contains("applies") && ran.out.contains("1 would apply"),
        "{}{}",
        ran.out,
        ran.err
    );
    let scan = || repository.trimtab(&["scan", "HERE"]).out;
    let load = |text: &str| {
        text.split("Load ").nth(1).unwrap().split(':').next().unwrap().parse::<f64>().unwrap()
    };
    let before = load(&scan());
    repository.write(
        "trimtab.toml",
        &PROJECT.replacen("format = 1\n", "format = 1\nvex = [\"supplier.json\"]\n", 1),
    );
    let told = scan();
    assert!(load(&told) < before, "{told}");
    assert!(told.contains("1 not affected, say suppliers"), "{told}");
    // What we accept, we say to others.
    repository.write("exceptions.toml", "format = 1\n[[exception]]\nid = \"E-1\"\nvulnerability = \"CVE-2022-24785\"\nreason = \"r\"\nauthor = \"a\"\nauthor-role = \"engineering\"\napprover = \"b\"\napprover-role = \"security\"\ncreated = 2026-01-30\nexpires = 2026-02-13\ncontrol = \"c\"\n");
    for format in ["openvex", "csaf", "cyclonedx"] {
        let args = [
            "vex",
            "write",
            "HERE",
            "--format",
            format,
            "--product",
            "pkg:generic/app@1.0",
            "--author",
            "Harbour",
            "--id",
            "https://harbour.example/vex/1",
            "--at",
            "2026-02-01T00:00:00Z",
        ];
        let (one, two) = (repository.trimtab(&args), repository.trimtab(&args));
        assert_eq!(one.exit, Exit::Clean, "{}", one.err);
        assert!(one.out.contains("CVE-2022-24785") && one.out == two.out, "{format}: {}", one.out);
    }
}

#[test]
fn what_the_release_before_had_is_published_as_fixed() {
    let repository = Repository::new(&[("moment", "2.24.0"), ("axios", "0.21.0")]);
    let saved = repository.path().join("before.json").display().to_string();
    repository.trimtab(&["scan", "HERE", "--format", "json", "--output", &saved]);
    // One is raised, one is taken out.
    repository.lock(&[("moment", "2.29.4")]);
    let mut args = vec!["vex", "write", "HERE", "--product", "pkg:generic/tickets@1.4.0"];
    args.extend(["--author", "Harbour", "--id", "https://harbour.example/vex/2"]);
    args.extend(["--at", "2026-02-01T09:00:00Z"]);
    let without = repository.trimtab(&args);
    assert!(!without.out.contains("\"fixed\""), "{}", without.out);
    args.extend(["--since", &saved]);
    let ran = repository.trimtab(&args);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let statements = document["statements"].as_array().unwrap();
    let of = |id: &str| statements.iter().find(|s| s["vulnerability"]["name"] == id).unwrap();
    let raised = of("CVE-2022-31129");
    assert_eq!(raised["status"], "fixed");
    let parts = &raised["products"][0]["subcomponents"];
    assert_eq!(parts[0]["@id"], "pkg:npm/moment@2.29.4", "{raised}");
    let removed = of("CVE-2021-3749");
    assert_eq!(removed["status"], "fixed");
    assert!(removed["products"][0].get("subcomponents").is_none(), "{removed}");
    assert!(statements.iter().all(|s| s["status"] == "fixed"), "{document}");
}
