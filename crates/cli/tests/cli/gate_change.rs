//! The gate on a change that touches what it is gated by: whose agreement judges it, and what is said.
use crate::command::Ran;
use crate::repository::{PROJECT, Repository, git};
use serde_json::Value;
use trimtab_cli::Exit;

const NOW: &str = "2026-02-01T09:00:00Z";
/// It has no findings.
const SOUND: (&str, &str) = ("left-pad", "1.3.0");
/// It has two, one of which no change may bring in.
const WEAK: (&str, &str) = ("moment", "2.24.0");

fn gate(repository: &Repository, more: &[&str]) -> Ran {
    let first = ["gate", "HERE", "--against", "HEAD", "--now", NOW];
    repository.trimtab(&[&first, more].concat())
}

fn told(repository: &Repository, more: &[&str]) -> Value {
    let ran = gate(repository, &[more, &["--format", "json"]].concat());
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let file = trimtab_testkit::repository().join("docs/schemas/gate-1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&told).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    told
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Settings by which the findings of [`WEAK`] are acceptable.
fn mild() -> String {
    PROJECT
        .replace("\"standard\"", "\"supporting\"")
        .replace("\"internet\"", "\"isolated\"")
        .replace("\"personal\"", "\"public\"")
}

#[test]
fn a_change_does_not_loosen_what_it_is_judged_by() {
    let repository = Repository::new(&[SOUND]);
    repository.lock(&[SOUND, WEAK]);
    repository.write("trimtab.toml", &mild());
    for (more, exit) in [
        (&[][..], Exit::Violated),
        (&["--agreement", "both"], Exit::Violated),
        (&["--agreement", "before"], Exit::Violated),
        (&["--agreement", "after"], Exit::Clean),
    ] {
        let ran = gate(&repository, more);
        assert_eq!(ran.exit, exit, "{more:?}: {}{}", ran.out, ran.err);
        let out = words(&ran.out);
        assert!(
            out.contains("this change loosens the settings: ")
                && out.contains("tier of system app: from standard to supporting")
                && out.contains("trimtab.agreement/loosened"),
            "{more:?}: {out}"
        );
    }
    let both = told(&repository, &[]);
    assert_eq!(both["agreement"], "both");
    let verdicts = both["verdicts"].as_array().unwrap();
    let denied: Vec<&str> = verdicts
        .iter()
        .filter(|v| v["effect"] == "deny")
        .map(|v| v["message"].as_str().unwrap())
        .collect();
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert!(denied.iter().all(|m| m.ends_with("(by the agreement of HEAD)")), "{denied:?}");
    let noted = verdicts.iter().find(|v| v["policy"] == "trimtab.agreement").unwrap();
    assert_eq!((&noted["effect"], &noted["file"]), (&"warn".into(), &"trimtab.toml".into()));
    assert_eq!(told(&repository, &["--agreement", "after"])["agreement"], "after");
    // The policies that were asked are listed once.
    let policies = both["policies"].as_array().unwrap();
    let mut once = policies.clone();
    once.dedup();
    assert_eq!(once.len(), policies.len(), "{policies:?}");
    // Once it is merged, it holds.
    repository.lock(&[SOUND]);
    repository.commit("Agree on less");
    repository.lock(&[SOUND, WEAK]);
    let ran = gate(&repository, &[]);
    assert_eq!(ran.exit, Exit::Clean, "{}{}", ran.out, ran.err);
    assert!(told(&repository, &[]).get("agreement").is_none());
    assert!(!ran.out.contains("trimtab.agreement"), "{}", ran.out);
}

#[test]
fn every_output_tells_that_the_agreement_changes() {
    let repository = Repository::new(&[SOUND]);
    repository.write("trimtab.toml", &mild());
    for format in [
        "text",
        "json",
        "sarif",
        "github",
        "step-summary",
        "gitlab-codequality",
        "gitlab",
        "junit",
        "markdown",
    ] {
        let ran = gate(&repository, &["--format", format]);
        assert_eq!(ran.exit, Exit::Clean, "{format}: {}{}", ran.out, ran.err);
        let out = words(&ran.out);
        assert!(out.contains("this change loosens the settings"), "{format}: {}", ran.out);
        assert_eq!(gate(&repository, &["--format", format]).out, ran.out, "{format}");
    }
}

/// Decisions about both findings of [`WEAK`].
fn decided(kind: &str) -> String {
    let both = ["CVE-2022-31129", "CVE-2022-24785"].map(|id| {
        let more = match kind {
            "exception" => "author-role = \"engineering\"\ncontrol = \"A limit on the length of dates.\"",
            _ => "justification = \"vulnerable_code_not_in_execute_path\"",
        };
        format!(
            "[[{kind}]]\nid = \"D-{id}\"\nvulnerability = \"{id}\"\npackage = \"pkg:npm/moment\"\nreason = \"The dates are our own.\"\nauthor = \"a@example.org\"\napprover = \"s@example.org\"\napprover-role = \"security\"\ncreated = 2026-01-30\nexpires = 2026-02-13\n{more}\n"
        )
    });
    format!("format = 1\n{}", both.concat())
}

#[test]
fn a_decision_does_not_excuse_the_change_that_brings_it() {
    for (kind, counted) in [("exception", "accepted"), ("not-affected", "not_affected")] {
        let repository = Repository::new(&[SOUND]);
        repository.lock(&[SOUND, WEAK]);
        repository.write("exceptions.toml", &decided(kind));
        let ran = gate(&repository, &[]);
        assert_eq!(ran.exit, Exit::Violated, "{kind}: {}{}", ran.out, ran.err);
        let out = words(&ran.out);
        let new = "D-CVE-2022-31129 (CVE-2022-31129 in pkg:npm/moment, until 2026-02-13) is new";
        assert!(out.contains("this change loosens the exceptions") && out.contains(new), "{out}");
        assert_eq!(told(&repository, &[])["summary"][counted], 0, "{kind}");
        let after = told(&repository, &["--agreement", "after"]);
        assert_eq!((&after["summary"][counted], &after["outcome"]), (&2.into(), &"pass".into()));
        // What the agreement before says stays in the scan as well.
        let ran = gate(&repository, &["--format", "gitlab"]);
        assert_eq!(ran.exit, Exit::Violated, "{kind}");
        // Agreed on in a change of its own, it holds.
        repository.lock(&[SOUND]);
        repository.commit("Decide");
        repository.lock(&[SOUND, WEAK]);
        let ran = gate(&repository, &[]);
        assert_eq!(ran.exit, Exit::Clean, "{kind}: {}{}", ran.out, ran.err);
        assert_eq!(told(&repository, &[])["summary"][counted], 2, "{kind}");
    }
}

const NO_PADS: &str = "package own.pads\n\nimport rego.v1\n\ndeny contains msg if {\n  some c in input.components\n  c.name == \"left-pad\"\n  msg := \"no left-pad here\"\n}\n";

#[test]
fn a_policy_that_goes_is_asked_once_more_and_one_that_comes_is_asked_at_once() {
    let repository = Repository::new(&[]);
    let with = PROJECT.replace("format = 1\n", "format = 1\npolicies = [\"rules\"]\n");
    repository.write("trimtab.toml", &with);
    repository.write("rules/pads.rego", NO_PADS);
    repository.commit("Want no pads");
    // It goes with the change that breaks it: as a file, or out of the settings.
    repository.lock(&[SOUND]);
    repository.write("rules/pads.rego", "package own.pads\n");
    let ran = gate(&repository, &[]);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    assert!(words(&ran.out).contains("no left-pad here (by the agreement of HEAD)"), "{}", ran.out);
    repository.write("trimtab.toml", PROJECT);
    let ran = gate(&repository, &[]);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    let out = words(&ran.out);
    assert!(out.contains("`rules` is no longer among its policies"), "{out}");
    assert!(out.contains("this change loosens a policy: it is no longer asked"), "{out}");
    // A change that has nothing against it is only told.
    repository.lock(&[]);
    assert_eq!(gate(&repository, &[]).exit, Exit::Clean);
    repository.commit("Want pads again");
    // It comes with the change that breaks it.
    repository.lock(&[SOUND]);
    repository.write("trimtab.toml", &with);
    repository.write("rules/pads.rego", NO_PADS);
    let ran = gate(&repository, &[]);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    let out = words(&ran.out);
    assert!(out.contains("no left-pad here (by the agreement of this change)"), "{out}");
    assert_eq!(gate(&repository, &["--agreement", "before"]).exit, Exit::Clean);
}

#[test]
fn files_of_the_command_line_are_read_where_they_were_as_well() {
    let repository = Repository::new(&[]);
    repository.write("rules/pads.rego", NO_PADS);
    repository.write("strict.toml", "format = 1\npreset = \"framework\"\nname = \"Ours\"\n");
    repository.commit("Want no pads");
    repository.lock(&[SOUND]);
    let file = |name: &str| repository.path().join(name).display().to_string();
    let (rules, charter) = (file("rules"), file("strict.toml"));
    let args = ["--policy", &rules, "--charter", &charter];
    assert_eq!(gate(&repository, &args).exit, Exit::Violated);
    repository.write("rules/pads.rego", "package own.pads\n");
    repository.write("strict.toml", "format = 1\npreset = \"swift\"\nname = \"Theirs\"\n");
    let ran = gate(&repository, &args);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    let out = words(&ran.out);
    assert!(
        out.contains("this change touches a policy: it says something different")
            && out.contains("this change loosens the charter: Deadlines, "),
        "{out}"
    );
    assert!(out.contains("Ours 1 before, Theirs 1 after this change"), "{out}");
    // A preset, and a file outside of the repository, are the same before and after.
    let elsewhere = tempfile::tempdir().unwrap();
    let policy = elsewhere.path().join("pads.rego").display().to_string();
    std::fs::write(&policy, NO_PADS).unwrap();
    repository.commit("Want pads again");
    repository.lock(&[SOUND, ("uuid", "9.0.0")]);
    let ran = gate(&repository, &["--policy", &policy, "--charter", "swift"]);
    assert!(ran.out.contains("no left-pad here"), "{}", ran.out);
    assert!(!ran.out.contains("trimtab.agreement"), "{}", ran.out);
}

#[test]
fn the_first_agreement_judges_the_change_that_brings_it() {
    let repository = Repository::new(&[SOUND]);
    git(repository.path(), &["rm", "-q", "trimtab.toml"]);
    repository.commit("Agree on nothing");
    repository.write("trimtab.toml", PROJECT);
    let ran = gate(&repository, &[]);
    assert_eq!(ran.exit, Exit::Clean, "{}{}", ran.out, ran.err);
    let first =
        "HEAD has no agreement: this change is judged by the one that it brings (trimtab.toml)";
    assert!(words(&ran.out).contains(first), "{}", ran.out);
    let ran = gate(&repository, &["--agreement", "before"]);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.out);
    assert!(ran.err.contains("--agreement after"), "{}", ran.err);
    // And one that goes altogether has its last word.
    repository.commit("Agree");
    std::fs::remove_file(repository.path().join("trimtab.toml")).unwrap();
    repository.lock(&[SOUND, WEAK]);
    let ran = gate(&repository, &[]);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    assert!(words(&ran.out).contains("system app is gone"), "{}", ran.out);
}

#[test]
fn a_broken_agreement_before_is_mended_by_a_change_that_says_so() {
    let repository = Repository::new(&[SOUND]);
    repository.write("charter.toml", "format = 1\npreset = \"framework\"\nnonsense = true\n");
    repository.commit("Break the charter");
    repository.write("charter.toml", "format = 1\npreset = \"framework\"\n");
    let ran = gate(&repository, &[]);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.out);
    assert!(
        ran.err.contains("HEAD:charter.toml") && ran.err.contains("--agreement after"),
        "{}",
        ran.err
    );
    let ran = gate(&repository, &["--agreement", "after"]);
    assert_eq!(ran.exit, Exit::Clean, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("HEAD:charter.toml"), "{}", ran.err);
}

#[test]
fn a_saved_scan_holds_no_agreement() {
    let repository = Repository::new(&[SOUND]);
    let saved = repository.path().join("saved.json").display().to_string();
    let ran = repository.trimtab(&["scan", "HERE", "--format", "json", "--output", &saved]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    let against = |more: &[&str]| {
        let first = ["gate", "HERE", "--against", &saved, "--now", NOW];
        repository.trimtab(&[&first, more].concat())
    };
    assert_eq!(against(&[]).exit, Exit::Clean);
    assert_eq!(against(&["--agreement", "after"]).exit, Exit::Clean);
    for of in ["before", "both"] {
        let ran = against(&["--agreement", of]);
        assert_eq!(ran.exit, Exit::Usage, "{of}");
        assert!(ran.err.contains("a saved scan, which holds no agreement"), "{}", ran.err);
    }
    let ran = repository.trimtab(&["gate", "HERE", "--agreement", "after"]);
    assert_eq!(ran.exit, Exit::Usage, "without --against nothing is before: {}", ran.err);
}

#[cfg(unix)]
#[test]
fn an_agreement_below_the_top_and_behind_a_link_is_found_at_the_commit() {
    use std::os::unix::fs::symlink;
    let repository = Repository::new(&[]);
    git(repository.path(), &["rm", "-q", "trimtab.toml", "package.json", "package-lock.json"]);
    let service = |packages: &[(&str, &str)]| {
        repository.lock(packages);
        std::fs::create_dir_all(repository.path().join("api")).unwrap();
        for name in ["package.json", "package-lock.json"] {
            let (from, to) = (repository.path().join(name), repository.path().join("api"));
            std::fs::rename(from, to.join(name)).unwrap();
        }
    };
    service(&[SOUND]);
    repository.write("shared/trimtab.toml", PROJECT);
    symlink("../shared/trimtab.toml", repository.path().join("api/trimtab.toml")).unwrap();
    repository.commit("Share the settings");
    service(&[SOUND, WEAK]);
    repository.write("shared/trimtab.toml", &mild());
    let api = repository.path().join("api").display().to_string();
    let gate = |more: &[&str]| {
        let first = ["gate", &api, "--against", "HEAD", "--now", NOW];
        repository.trimtab(&[&first, more].concat())
    };
    let ran = gate(&[]);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    assert!(words(&ran.out).contains("api/trimtab.toml"), "{}", ran.out);
    assert_eq!(gate(&["--agreement", "after"]).exit, Exit::Clean);
}
