//! Charters, systems, exceptions and voices, as a person uses them: on the sample and on small repositories
//! made here.

use std::process::Command;

use crate::command::{Terminal, run, run_with};
use crate::repository::{BY_SECURITY, PROJECT, Repository, examples, not_affected, sample_index};
use trimtab_cli::Exit;

const NOW: &str = "2026-02-01T09:00:00Z";

#[test]
fn an_exception_accepts_until_its_last_day_and_no_longer() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    let exception = |more: &str| {
        let both = ["CVE-2022-31129", "CVE-2022-24785"].map(|id| format!(
            "[[exception]]\nid = \"E-{id}\"\nvulnerability = \"{id}\"\npackage = \"pkg:npm/moment\"\nreason = \"The dates are our own.\"\nauthor = \"a@example.org\"\nauthor-role = \"engineering\"\ncreated = 2026-01-30\nexpires = 2026-02-13\ncontrol = \"A limit on the length of dates.\"\n{more}\n"
        ));
        format!("format = 1\n{}", both.concat())
    };
    repository.write(
        "exceptions.toml",
        &exception("approver = \"s@example.org\"\napprover-role = \"security\""),
    );
    let gate = |now: &str| repository.trimtab(&["gate", "HERE", "--now", now]);
    let ran = gate("2026-02-13T12:00:00Z");
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.out);
    assert!(ran.out.contains("2 accepted"), "{}", ran.out);
    let ran = gate("2026-02-14T12:00:00Z");
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    // Who asked may not approve.
    repository.write(
        "exceptions.toml",
        &exception("approver = \"a@example.org\"\napprover-role = \"security\""),
    );
    let ran = gate("2026-02-01T12:00:00Z");
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    let ran = repository.trimtab(&["exceptions", "check", "HERE"]);
    assert_eq!(ran.exit, Exit::Violated);
    assert!(
        ran.err.contains("exception-self-approved") && ran.err.contains("exceptions.toml:3"),
        "{}",
        ran.err
    );
    // One about nothing is said, and breaks nothing.
    repository.write("exceptions.toml", "format = 1\n[[exception]]\nid = \"E-9\"\nvulnerability = \"CVE-2000-1\"\nreason = \"Old.\"\nauthor = \"a\"\napprover = \"b\"\napprover-role = \"security\"\nauthor-role = \"engineering\"\ncreated = 2026-01-30\nexpires = 2026-02-13\n");
    let ran = repository.trimtab(&["exceptions", "check", "HERE"]);
    assert!(ran.err.contains("exception-unused"), "{}", ran.err);
}

#[test]
fn what_does_not_matter_passes_and_every_output_tells_it() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    repository.write("exceptions.toml", &not_affected(BY_SECURITY));
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.out);
    assert!(ran.out.contains("2 not affected by decisions"), "{}", ran.out);
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["summary"]["not_affected"], 2);
    // A policy sees the decision.
    let policy = repository.path().join("own.rego").display().to_string();
    std::fs::write(&policy, "package own\n\nimport rego.v1\n\nwarn contains msg if {\n  some f in input.findings\n  msg := sprintf(\"%s %s %s %s\", [f.vex, f.not_affected.id, f.not_affected.justification, f.not_affected.until])\n}\n").unwrap();
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW, "--policy", &policy]);
    let said = "not_affected NA-CVE-2022-31129 vulnerable_code_not_in_execute_path 2026-02-13";
    assert!(ran.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{}", ran.out);
    let scan = |format: &str| {
        let args = ["scan", "HERE", "--now", NOW, "--format", format, "--verbose"];
        repository.trimtab(&args).out
    };
    let table = scan("table");
    assert!(
        table.contains("not affected by decision NA-CVE-2022-24785 until 2026-02-13")
            && table.matches("not affected by decision NA-C").count() == 3,
        "{table}"
    );
    assert!(
        table.contains("Load 0; 2 not affected") && !table.contains("supplier says"),
        "{table}"
    );
    for format in ["markdown", "html"] {
        let page = scan(format);
        assert!(page.contains("not affected by decision NA-CVE-2022-31129"), "{format}: {page}");
    }
    assert!(scan("csv").contains("NA-CVE-2022-24785"));
    let sarif: serde_json::Value = serde_json::from_str(&scan("sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "nothing is hidden");
    for result in results {
        let why = result["suppressions"][0]["justification"].as_str().unwrap();
        assert!(why.contains("Only dates of our own are read."), "{why}");
    }
    let json = scan("json");
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    let decision = &told["weighing"]["assessed"][0]["not_affected"];
    assert_eq!(decision["justification"], "vulnerable_code_not_in_execute_path");
    assert_eq!(decision["until"], "2026-02-13");
    // The day after, they no longer hold.
    let ran = repository.trimtab(&["gate", "HERE", "--now", "2026-02-14T12:00:00Z"]);
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    let check = |now| repository.trimtab(&["exceptions", "check", "HERE", "--now", now]);
    let ran = check(NOW);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(
        ran.out.contains("2 decisions \"not affected\" read, 2 findings not affected"),
        "{}",
        ran.out
    );
    let ran = check("2026-02-14T12:00:00Z");
    assert_eq!(ran.exit, Exit::Violated);
    assert!(ran.err.contains("exception-expired"), "{}", ran.err);
    // Nobody decides so alone, or without a label.
    repository.write(
        "exceptions.toml",
        &not_affected("approver = \"A@example.org\"\napprover-role = \"security\""),
    );
    let ran = check(NOW);
    assert!(ran.err.contains("exception-self-approved"), "{}", ran.err);
    repository.write("exceptions.toml", &not_affected(BY_SECURITY).replace("_path", ""));
    let ran = check(NOW);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    assert!(
        ran.err.contains("decision-unjustified") && ran.err.contains("exceptions.toml:5"),
        "{}",
        ran.err
    );
}

#[test]
fn what_does_not_matter_is_told_in_every_voice() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    // Without a last day, as the voices have no day of their own.
    let decided = not_affected(BY_SECURITY).replace("expires = 2026-02-13\n", "");
    repository.write("exceptions.toml", &decided);
    for audience in ["product", "engineering", "security", "operations"] {
        let ran = repository.trimtab(&["explain", "CVE-2022-31129", "HERE", "--for", audience]);
        let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains(
                "Not affected by decision NA-CVE-2022-31129: Only dates of our own are read."
            ),
            "{audience}: {told}{}",
            ran.err
        );
    }
}

#[test]
fn ignores_of_other_tools_are_taken_over_to_be_approved() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    repository.write(".trivyignore", "# our dates\nCVE-2022-31129 exp:2026-03-01\n");
    let file = repository.path().join(".trivyignore").display().to_string();
    let ran = run(&["exceptions", "import", &file, "--author", "a@example.org"]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(ran.out.contains("CVE-2022-31129") && ran.out.contains("2026-02-28"), "{}", ran.out);
    assert!(!ran.out.contains("approver"), "{}", ran.out);
    repository.write("exceptions.toml", &ran.out);
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Violated, "not in force before it is approved: {}", ran.out);
}

#[test]
fn a_part_of_a_repository_is_weighed_as_in_the_whole() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    let context =
        "tier = \"TIER\"\nexposure = \"EXPOSED\"\ndata = []\nenvironments = [\"production\"]\n";
    let system = |name: &str, paths: &str, tier: &str, exposed: &str| {
        let context = context.replace("TIER", tier).replace("EXPOSED", exposed);
        format!("[[system]]\nname = \"{name}\"\npaths = [\"{paths}\"]\n{context}")
    };
    // The order matters: what no pattern of the first has belongs to the rest.
    let systems = format!(
        "format = 1\n{}{}",
        system("pay", "services/pay/**", "vital", "internet"),
        system("rest", "**", "supporting", "isolated")
    );
    repository.write("trimtab.toml", &systems);
    let lock = std::fs::read_to_string(repository.path().join("package-lock.json")).unwrap();
    repository.write("services/pay/package-lock.json", &lock);
    let excepted = "format = 1\n[[exception]]\nid = \"E-1\"\nvulnerability = \"CVE-2022-24785\"\npath = \"services/pay/**\"\nreason = \"r\"\nauthor = \"a\"\nauthor-role = \"engineering\"\napprover = \"b\"\napprover-role = \"security\"\ncreated = 2026-01-30\nexpires = 2026-02-03\ncontrol = \"c\"\n";
    repository.write("exceptions.toml", excepted);
    let weighed = |path: &str| -> Vec<(String, String, bool)> {
        let path = repository.path().join(path).display().to_string();
        let ran = repository.trimtab(&["scan", &path, "--now", NOW, "--format", "json"]);
        assert!(!ran.err.contains("system-empty"), "{path}: {}", ran.err);
        let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let all = told["weighing"]["assessed"].as_array().unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let one = |a: &serde_json::Value| {
            (text(&a["system"]), text(&a["level"]), !a["exception"].is_null())
        };
        let mut all: Vec<_> = all.iter().map(one).collect();
        all.sort();
        all
    };
    let whole = weighed("");
    let pay: Vec<_> = whole.iter().filter(|(system, ..)| system == "pay").cloned().collect();
    assert!(pay.len() == 2 && whole.len() == 4, "{whole:?}");
    assert_eq!(pay.iter().filter(|(.., accepted)| *accepted).count(), 1, "{pay:?}");
    for part in ["services/pay", "services/pay/", "services", "services/pay/package-lock.json"] {
        assert_eq!(weighed(part), pay, "{part}");
    }
}

#[test]
fn a_charter_is_made_checked_told_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let answers = "swift\nOur charter\nNobody is harmed.\nEurope/Lisbon\nshop\nvital\ninternet\n";
    let ran = run_with(&["charter", "init", &path], answers, Terminal::default());
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    let ran = run(&["charter", "check", &path]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(ran.out.contains("valid, 5 things are open"), "{}{}", ran.out, ran.err);
    let ran = run(&["charter", "explain", &path]);
    assert!(ran.out.contains("48 hours") && ran.out.contains("Europe/Lisbon"), "{}", ran.out);
    let ran = run(&["charter", "diff", "framework", "swift"]);
    assert!(ran.out.contains("critical in production: 72 hours → 48 hours"), "{}", ran.out);
    // It is not written over, and an answer that cannot be is told before anything is written.
    assert_eq!(run(&["charter", "init", &path, "--preset", "swift"]).exit, Exit::Usage);
    let other = tempfile::tempdir().unwrap();
    let other_path = other.path().display().to_string();
    let wrong = "swift\nOur charter\n\nEurope/Lisbn\nshop\n\n\n";
    let ran = run_with(&["charter", "init", &other_path], wrong, Terminal::default());
    assert_eq!(ran.exit, Exit::Usage);
    assert!(
        ran.err.contains("Lisbn") && std::fs::read_dir(other.path()).unwrap().next().is_none(),
        "{}",
        ran.err
    );
    std::fs::write(
        other.path().join("charter.toml"),
        "format = 1\npreset = \"framework\"\n[matrix]\nactive = 3\n",
    )
    .unwrap();
    let ran = run(&["charter", "check", &other_path]);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("charter.toml:4") && ran.err.contains("active = 3"), "{}", ran.err);
}

#[test]
fn a_weighed_scan_is_saved_and_converted_without_loss() {
    let repository = Repository::new(&[("axios", "0.21.0"), ("moment", "2.24.0")]);
    let saved = repository.path().join("saved.json").display().to_string();
    repository.trimtab(&["scan", "HERE", "--format", "json", "--output", &saved]);
    let again = run(&["convert", &saved, "--format", "json"]);
    assert_eq!(again.out, std::fs::read_to_string(&saved).unwrap());
    assert_eq!(run(&["convert", &saved]).out, repository.trimtab(&["scan", "HERE"]).out);
}

#[test]
fn the_same_finding_is_told_to_four_audiences() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    let harbour = examples().join("harbour").display().to_string();
    let mut all = String::new();
    for audience in ["product", "engineering", "security", "operations"] {
        for id in ["CVE-2022-34265", "PYSEC-2023-175"] {
            let ran = run(&[
                "explain",
                id,
                &harbour,
                "--for",
                audience,
                "--db",
                &db,
                "--now",
                "2026-11-28T09:00:00Z",
            ]);
            assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
            all.push_str(&format!("--- {audience}\n{}\n", ran.out));
        }
    }
    insta::assert_snapshot!("four_voices", all);
}

#[test]
fn a_dependency_is_judged_before_it_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    // Offline and never asked: what only a registry knows is unknown, what the index knows is told.
    let ran = run(&["check-new", "pkg:npm/moment@2.24.0", "--offline", "--db", &db]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(ran.out.starts_with("? ") && ran.out.contains("CVE-2022-31129"), "{}", ran.out);
    assert!(ran.err.contains("metadata-unavailable"), "{}", ran.err);
    // Where the charter refuses what is unknown, so does this.
    let charter = folder.path().join("charter.toml");
    std::fs::write(&charter, "format = 1\npreset = \"framework\"\n[unknown]\ngate = \"deny\"\n[[selection.denied]]\npackage = \"pkg:npm/event-stream\"\nreason = \"taken over once\"\n").unwrap();
    let charter = charter.display().to_string();
    let judged = |purl: &str| {
        run(&["check-new", purl, "--offline", "--json", "--charter", &charter, "--db", &db])
    };
    assert_eq!(judged("pkg:npm/moment@2.24.0").exit, Exit::Incomplete);
    let ran = judged("pkg:npm/event-stream@4.0.1");
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["verdict"], "deny");
    // A name one letter away from a popular one is said.
    assert!(judged("pkg:npm/lodahs").out.contains("lodash"));
    assert_eq!(judged("npm/lodash").exit, Exit::Usage);
}

#[test]
fn a_scan_of_a_day_is_the_same_on_every_day() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    repository.write("exceptions.toml", "format = 1\n[[exception]]\nid = \"E-1\"\nvulnerability = \"CVE-2022-24785\"\nreason = \"r\"\nauthor = \"a\"\nauthor-role = \"engineering\"\napprover = \"b\"\napprover-role = \"security\"\ncreated = 2026-01-30\nexpires = 2026-02-13\ncontrol = \"c\"\n");
    let scan =
        |now: &str| repository.trimtab(&["scan", "HERE", "--format", "json", "--now", now]).out;
    assert_eq!(scan(NOW), scan(NOW));
    assert!(
        scan(NOW).contains("\"E-1\"") && !scan("2026-03-01T00:00:00Z").contains("\"id\": \"E-1\"")
    );
    assert_eq!(repository.trimtab(&["scan", "HERE", "--now", "soon"]).exit, Exit::Usage);
}

#[test]
#[cfg(unix)]
fn hostile_settings_are_refused_and_nothing_waits_or_leaks() {
    use std::os::unix::fs::symlink;
    let repository = Repository::new(&[("left-pad", "1.3.0")]);
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    std::fs::write(&secret, "password = hunter2 !!\n").unwrap();
    let project = repository.path().join("trimtab.toml");
    let refused = |what: &str| {
        for args in [&["scan", "HERE"][..], &["gate", "HERE", "--now", NOW]] {
            let ran = repository.trimtab(args);
            assert_ne!(ran.exit, Exit::Clean, "{what}: {}", ran.out);
            assert!(ran.err.contains("error["), "{what}: {}", ran.err);
            assert!(
                !ran.err.contains("hunter2") && !ran.out.contains("hunter2"),
                "{what}: {}",
                ran.err
            );
        }
    };
    for file in ["trimtab.toml", "charter.toml", "exceptions.toml"] {
        let path = repository.path().join(file);
        let before = std::fs::read(&path).ok();
        let _ = std::fs::remove_file(&path);
        symlink(&secret, &path).unwrap();
        refused(&format!("{file} leads out"));
        std::fs::remove_file(&path).unwrap();
        symlink("nowhere", &path).unwrap();
        refused(&format!("{file} leads nowhere"));
        std::fs::remove_file(&path).unwrap();
        // A pipe that nobody writes to.
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        refused(&format!("{file} is a pipe"));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        refused(&format!("{file} is a folder"));
        std::fs::remove_dir(&path).unwrap();
        for bytes in [&b"\xff\xfe"[..], b"format", b"format = 1\n[[", &[b'#'; 2 << 20]] {
            std::fs::write(&path, bytes).unwrap();
            refused(&format!("{file} is {:?}", &bytes[..bytes.len().min(9)]));
        }
        std::fs::remove_file(&path).unwrap();
        if let Some(before) = before {
            std::fs::write(&path, before).unwrap();
        }
    }
    // What trimtab.toml names: documents and policies elsewhere, or not there.
    std::fs::create_dir(repository.path().join("own")).unwrap();
    symlink(&secret, repository.path().join("own/leak.json")).unwrap();
    symlink(&secret, repository.path().join("own/leak.rego")).unwrap();
    std::fs::write(&project, PROJECT.replacen("format = 1\n", "format = 1\nvex = [\"own\"]\n", 1))
        .unwrap();
    refused("a VEX document leads out");
    std::fs::write(
        &project,
        PROJECT.replacen("format = 1\n", "format = 1\npolicies = [\"own\"]\n", 1),
    )
    .unwrap();
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.out);
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    for text in [
        "format = 1\nvex = [\"nowhere\"]\n",
        "format = 1\ncharter = \"nowhere.toml\"\n",
        "format = 1\nexceptions = \"nowhere.toml\"\n",
    ] {
        std::fs::write(&project, text).unwrap();
        refused(text);
    }
}

#[test]
fn purls_that_no_registry_has_are_refused_before_any_client_runs() {
    let folder = tempfile::tempdir().unwrap();
    let db = sample_index(folder.path());
    for purl in ["pkg:npm/--eval", "pkg:cargo/a%20b", "pkg:pypi/..%2f..%2fetc", "pkg:npm/a@$(id)"] {
        let ran = run(&["check-new", purl, "--db", &db]);
        assert!(
            ran.err.contains("metadata-unavailable") || ran.exit == Exit::Usage,
            "{purl}: {}",
            ran.err
        );
        assert!(!ran.err.contains("registry has it"), "{purl}: {}", ran.err);
    }
    assert_eq!(run(&["check-new", "", "--db", &db]).exit, Exit::Usage);
}
