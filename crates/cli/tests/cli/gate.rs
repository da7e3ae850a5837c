//! The gate, as CI asks it: what it blames, tells and cannot know.
use crate::command::run;
use crate::repository::{Repository, git, lock};
use trimtab_cli::Exit;

const NOW: &str = "2026-02-01T09:00:00Z";

#[test]
fn the_gate_blames_the_change_and_not_the_calendar() {
    // axios 0.21.0 has findings in the sample's advisories; left-pad has none.
    let repository = Repository::new(&[("axios", "0.21.0")]);
    // Nothing changed: what was there is told, and nothing fails.
    let ran = repository.trimtab(&["gate", "HERE", "--against", "HEAD", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Clean, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("CVE-2021-3749") && ran.out.contains("Already there before this change"),
        "{}",
        ran.out
    );
    // By itself, it fails.
    let ran = repository.trimtab(&["gate", "HERE", "--against", "HEAD", "--all", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    // The change brings in another: that fails, and only that.
    repository.lock(&[("axios", "0.21.0"), ("moment", "2.24.0")]);
    let ran = repository.trimtab(&["gate", "HERE", "--against", "HEAD", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    let denied = ran.out.split("Already there before").next().unwrap();
    assert!(denied.contains("moment") && !denied.contains("axios"), "{}", ran.out);
    // Against a saved scan it is the same.
    repository.commit("Add moment");
    let saved = repository.path().join("saved.json").display().to_string();
    let ran = repository.trimtab(&["scan", "HERE", "--format", "json", "--output", &saved]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    let ran = repository.trimtab(&["gate", "HERE", "--against", &saved, "--now", NOW]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.out);
    // Raising a version keeps the finding the same: it is nobody's change.
    repository.lock(&[("axios", "0.21.1"), ("moment", "2.24.0")]);
    let ran = repository.trimtab(&["gate", "HERE", "--against", "HEAD", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.out);
}

#[test]
fn every_format_tells_the_same_answer_twice() {
    let repository = Repository::new(&[("axios", "0.21.0")]);
    repository.lock(&[("axios", "0.21.0"), ("moment", "2.24.0")]);
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
        let args = ["gate", "HERE", "--against", "HEAD", "--now", NOW, "--format", format];
        let (one, two) = (repository.trimtab(&args), repository.trimtab(&args));
        assert_eq!(one.exit, Exit::Violated, "{format}: {}", one.err);
        assert_eq!(one.out, two.out, "{format}");
        assert!(one.out.contains("CVE-2022-24785"), "{format}: {}", one.out);
    }
}

#[test]
fn a_dry_run_tells_which_commits_would_have_failed() {
    let repository = Repository::new(&[("left-pad", "1.3.0")]);
    repository.lock(&[("left-pad", "1.3.0"), ("moment", "2.24.0")]);
    repository.commit("Add moment");
    repository.lock(&[("left-pad", "1.3.0"), ("moment", "2.29.4")]);
    repository.commit("Raise moment");
    let ran = repository.trimtab(&["gate", "HERE", "--dry-run", "2"]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(ran.out.contains("Add moment") && !ran.out.contains("Raise moment"), "{}", ran.out);
    assert!(ran.out.contains("failed 1 of the last 2 commits"), "{}", ran.out);
}

#[test]
fn what_is_unknown_fails_where_the_charter_says_so() {
    // A package of a registry that no advisory covers cannot be judged.
    let repository = Repository::new(&[("left-pad", "1.3.0")]);
    repository
        .write("charter.toml", "format = 1\npreset = \"framework\"\n[unknown]\ngate = \"deny\"\n");
    repository.lock(&[("left-pad", "1.3.0"), ("newcomer", "1.0.0")]);
    // When it was published is not known, and the charter asks for seven days.
    let ran = repository.trimtab(&["gate", "HERE", "--against", "HEAD", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Incomplete, "{}", ran.out);
    assert!(
        ran.out.contains("newcomer") && ran.out.contains("when it was published"),
        "{}",
        ran.out
    );
    repository.write("charter.toml", "format = 1\npreset = \"framework\"\n");
    let ran = repository.trimtab(&["gate", "HERE", "--against", "HEAD", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.out);
}

#[test]
fn policies_of_ones_own_are_asked_and_take_the_place_of_built_in_ones() {
    let repository = Repository::new(&[("left-pad", "1.3.0")]);
    let policy = repository.path().join("own.rego").display().to_string();
    // As conftest has them.
    std::fs::write(&policy, "package main\n\ndeny[msg] {\n  input.components[_].name == \"left-pad\"\n  msg := \"no left-pad here\"\n}\n").unwrap();
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW, "--policy", &policy]);
    assert_eq!(ran.exit, Exit::Violated, "{}", ran.out);
    assert!(ran.out.contains("no left-pad here"), "{}", ran.out);
    // A policy that cannot be read is never a pass.
    std::fs::write(&policy, "package main\n\ndeny contains \"a\" if {\n").unwrap();
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW, "--policy", &policy]);
    assert_eq!(ran.exit, Exit::Incomplete, "{}", ran.out);
    assert!(ran.err.contains("policy-malformed"), "{}", ran.err);
    let repository = Repository::new(&[("axios", "0.21.0")]);
    let policy = repository.path().join("own.rego").display().to_string();
    std::fs::write(
        &policy,
        "package trimtab.acceptable\n\nimport rego.v1\n\ndeny contains \"never\" if false\n",
    )
    .unwrap();
    let ran =
        repository.trimtab(&["gate", "HERE", "--now", "2021-01-10T00:00:00Z", "--policy", &policy]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.out);
    assert_eq!(run(&["policy", "test"]).exit, Exit::Clean);
    assert!(run(&["policy", "list"]).out.contains("trimtab.deadline"));
    assert!(run(&["policy", "show", "deadline"]).out.contains("package trimtab.deadline"));
}

#[test]
fn what_cannot_be_compared_with_is_said() {
    let repository = Repository::new(&[("left-pad", "1.3.0")]);
    for against in ["nowhere", "--all", "", "HEAD~7", "trimtab.toml"] {
        let against = format!("--against={against}");
        let ran = repository.trimtab(&["gate", "HERE", "--now", NOW, &against]);
        assert!(
            matches!(ran.exit, Exit::Usage | Exit::Incomplete),
            "{against}: {:?} {}",
            ran.exit,
            ran.out
        );
        assert!(ran.err.contains("error["), "{against}: {}", ran.err);
    }
    // Outside of a repository, and in one without a commit.
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(empty.path().join("package-lock.json"), lock(&[("left-pad", "1.3.0")])).unwrap();
    let path = empty.path().display().to_string();
    for _ in 0..2 {
        let ran = run(&["gate", &path, "--against", "HEAD", "--db", &repository.db]);
        assert!(ran.exit != Exit::Clean && ran.err.contains("error["), "{}", ran.err);
        git(empty.path(), &["init", "-q"]);
    }
    assert_eq!(repository.trimtab(&["gate", "HERE", "--dry-run", "0"]).exit, Exit::Clean);
    assert_eq!(repository.trimtab(&["gate", "HERE", "--now", "yesterday"]).exit, Exit::Usage);
}

#[test]
fn a_broken_rule_fails_even_if_not_everything_could_be_read() {
    let repository = Repository::new(&[("moment", "2.24.0")]);
    repository.write("Cargo.lock", "[[package]]\nname = \"a");
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Violated, "{}{}", ran.out, ran.err);
    // Without one, what could not be read is never a pass.
    repository.lock(&[("left-pad", "1.3.0")]);
    let ran = repository.trimtab(&["gate", "HERE", "--now", NOW]);
    assert_eq!(ran.exit, Exit::Incomplete, "{}{}", ran.out, ran.err);
}
