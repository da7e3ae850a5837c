//! Clients whose registries cannot be reached from everywhere, with small repositories on disk. A
//! client that is not installed skips its test, and says so.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use trimtab_connect::registry::closure::closure;
use trimtab_connect::registry::{Options, ask};
use trimtab_model::Purl;
use trimtab_model::metadata::Standing;

fn purl(text: &str) -> Purl {
    text.parse().unwrap()
}

fn is_installed(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("SKIPPED: `{program}` is not installed");
    }
    there
}

/// The client, with this in its environment and nothing of the user's configuration.
fn client(folder: &Path, program: &str, environment: &str) -> Options {
    let programs = folder.join("programs");
    fs::create_dir_all(&programs).unwrap();
    let home = folder.join("home");
    fs::create_dir_all(&home).unwrap();
    let script =
        format!("#!/bin/sh\nHOME='{}' {environment} exec {program} \"$@\"\n", home.display());
    fs::write(programs.join(program), script).unwrap();
    fs::set_permissions(programs.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    Options {
        cache: Some(folder.join("kept")),
        programs: Some(programs),
        ..Options::at("2030-01-01T00:00:00Z".parse::<Timestamp>().unwrap())
    }
}

#[test]
fn composer_tells_and_resolves() {
    if !is_installed("composer") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repository");
    fs::create_dir_all(&repository).unwrap();
    let package = |name: &str, version: &str, more: &str| {
        format!(
            r#""{version}": {{"name": "{name}", "version": "{version}", "time": "2020-01-02T03:04:05+00:00",
            "dist": {{"type": "zip", "url": "https://registry.example/{version}.zip", "shasum": ""}}, {more}}}"#
        )
    };
    let one = package(
        "acme/lib",
        "1.0.0",
        r#""license": ["MIT"], "abandoned": "acme/other", "require": {"php": ">=7", "acme/dep": "^1.0"}"#,
    );
    let two = package("acme/lib", "1.1.0", r#""license": ["MIT", "GPL-2.0-only"]"#);
    let dep = package("acme/dep", "1.2.0", r#""license": ["ISC"], "type": "composer-plugin""#);
    let packages =
        format!(r#"{{"packages": {{"acme/lib": {{{one}, {two}}}, "acme/dep": {{{dep}}}}}}}"#);
    fs::write(repository.join("packages.json"), packages).unwrap();
    let home = folder.path().join("composer");
    fs::create_dir_all(&home).unwrap();
    let config = format!(
        r#"{{"repositories": [{{"type": "composer", "url": "file://{}"}}, {{"packagist": false}}]}}"#,
        repository.display()
    );
    fs::write(home.join("config.json"), config).unwrap();
    let options = client(folder.path(), "composer", &format!("COMPOSER_HOME='{}'", home.display()));

    let answer = ask(&purl("pkg:composer/acme/lib@1.0.0"), &options);
    let m = answer.metadata.unwrap_or_else(|| unreachable!("{:?}", answer.diagnostics));
    assert_eq!(m.licence.unwrap().as_str(), "MIT");
    assert_eq!(
        m.standing,
        Some(Standing::Deprecated("abandoned; its authors advise acme/other".into()))
    );
    assert_eq!(m.published, None, "the time of a commit is its author's");
    let needs: Vec<_> = m.dependencies.unwrap().iter().map(|d| d.package.to_string()).collect();
    assert_eq!(needs, ["pkg:composer/acme/dep"]);
    let newest = ask(&purl("pkg:composer/acme/lib"), &options).metadata.unwrap();
    assert_eq!(newest.purl, purl("pkg:composer/acme/lib@1.1.0"));
    assert_eq!(newest.licence.unwrap().as_str(), "MIT OR GPL-2.0-only");
    assert_eq!((newest.standing, newest.versions), (Some(Standing::Offered), Some(2)));
    assert!(ask(&purl("pkg:composer/acme/none@1.0.0"), &options).metadata.is_none());

    let closure = closure(&purl("pkg:composer/acme/lib@1.0.0"), &options).closure.unwrap();
    assert!(closure.lockfiles[0].1.contains("acme/dep"));
    let dep = closure.packages.iter().find(|p| p.purl.name() == "dep").unwrap();
    assert_eq!(dep.install_scripts, Some(true), "plugins run");
}

#[test]
fn gem_tells_and_resolves() {
    if !is_installed("gem") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repository");
    fs::create_dir_all(repository.join("gems")).unwrap();
    let gem = |directory: &Path, arguments: &[&str]| {
        Command::new("gem")
            .args(arguments)
            .current_dir(directory)
            .output()
            .unwrap()
            .status
            .success()
    };
    for (name, version, more) in [
        (
            "acme-lib",
            "1.2.0",
            "s.licenses = ['MIT', 'Ruby']; s.add_runtime_dependency 'acme-dep', '~> 1.0'; s.add_development_dependency 'rake'",
        ),
        ("acme-dep", "1.0.1", "s.license = 'ISC'; s.extensions = ['extconf.rb']"),
    ] {
        let source = format!(
            "Gem::Specification.new {{ |s| s.name = '{name}'; s.version = '{version}'; s.summary = 'x'; \
             s.authors = ['a']; s.files = ['extconf.rb']; {more} }}\n"
        );
        let gems = repository.join("gems");
        fs::write(gems.join("extconf.rb"), "raise 'this ran'\n").unwrap();
        fs::write(gems.join("x.gemspec"), source).unwrap();
        assert!(gem(&gems, &["build", "x.gemspec"]));
    }
    if !gem(&repository, &["generate_index"]) {
        eprintln!("SKIPPED: this `gem` makes no index");
        return;
    }
    let gemrc = folder.path().join("gemrc");
    fs::write(&gemrc, format!("---\n:sources:\n- file://{}/\n", repository.display())).unwrap();
    let options = client(folder.path(), "gem", &format!("GEMRC='{}'", gemrc.display()));

    let answer = ask(&purl("pkg:gem/acme-lib"), &options);
    let m = answer.metadata.unwrap_or_else(|| unreachable!("{:?}", answer.diagnostics));
    assert_eq!(m.purl, purl("pkg:gem/acme-lib@1.2.0"));
    assert_eq!(m.licence.unwrap().as_str(), "MIT OR Ruby");
    assert_eq!((m.install_scripts, m.published, m.versions), (Some(false), None, Some(1)));
    let needs = m.dependencies.unwrap();
    assert_eq!(needs.len(), 1, "{needs:?}");
    assert_eq!((needs[0].package.name(), &*needs[0].versions), ("acme-dep", "~> 1.0"));
    let dep = ask(&purl("pkg:gem/acme-dep@1.0.1"), &options).metadata.unwrap();
    assert_eq!(dep.install_scripts, Some(true), "extensions are built");
    assert!(ask(&purl("pkg:gem/acme-none@1.0.0"), &options).metadata.is_none());

    let closure = closure(&purl("pkg:gem/acme-lib@1.2.0"), &options).closure.unwrap();
    let mut all: Vec<_> = closure.packages.iter().map(|p| p.purl.to_string()).collect();
    all.sort();
    assert_eq!(all, ["pkg:gem/acme-dep@1.0.1", "pkg:gem/acme-lib@1.2.0"]);
}
