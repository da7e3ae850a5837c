//! Gemfile.lock against other projects' suites, real projects, and cases of our own.

mod compare;

#[test]
fn gemfile_lock_suites() {
    compare::run("gemfile-lock", "scalibr", "gemfilelock", |_| Default::default(), &[]);
    let deviations = [(
        "Gemfile_malformed.lock",
        "is not read: file-malformed",
        "a file without any section is said to be unreadable, not taken for an empty one",
    )];
    compare::run("gemfile-lock", "trivy", "ruby-bundler", |_| Default::default(), &deviations);
}

#[test]
fn own_cases() {
    compare::own_cases("gemfile-lock");
}

#[test]
fn projects_have_their_totals() {
    compare::totals("gemfile-lock", "Gemfile.lock", "distinct_names", |_| true, false);
}

#[test]
fn mutated_files_never_panic() {
    compare::mutate("gemfile-lock", "lockfiles/scalibr/gemfilelock/has-git-gem.lock");
    compare::mutate("gemfile-lock", "projects/OWASP+railsgoat@2014/Gemfile.lock");
}
