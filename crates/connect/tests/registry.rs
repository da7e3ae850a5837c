//! Asking registries: the real clients as they are configured here, and clients that are broken in
//! every way. A client that is not installed skips its test, and says so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use trimtab_connect::registry::closure::{Closure, closure};
use trimtab_connect::registry::{Answer, Options, ask};
use trimtab_model::metadata::Standing;
use trimtab_model::{Code, Metadata, Purl};

/// One client at a time: a script that another thread's new process still holds open for writing
/// cannot be run ("text file busy").
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Timestamp {
    "2030-01-01T00:00:00Z".parse().unwrap()
}

fn purl(text: &str) -> Purl {
    text.parse().unwrap()
}

fn options(folder: &Path) -> Options {
    Options { cache: Some(folder.join("kept")), ..Options::at(now()) }
}

/// Words of clients that do not reach their registry.
const AWAY: &[&str] = &[
    "is not installed",
    "took longer",
    "network",
    "resolve",
    "connect",
    "offline",
    "Unknown host",
    "ENOTFOUND",
    "ECONNREFUSED",
];

/// What the real client tells. `None`: it is not installed, or its registry is not reached.
fn real(text: &str) -> Option<Metadata> {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let answer = ask(&purl(text), &options);
    if answer.metadata.is_none() {
        eprintln!("SKIPPED {text}: {:?}", answer.diagnostics);
        let message = &answer.diagnostics[0].message;
        assert!(AWAY.iter().any(|w| message.contains(w)), "{message}");
        return None;
    }
    // What was told once is known without the network, and the same.
    let again = ask(&purl(text), &Options { offline: true, ..options });
    assert!(again.kept, "{again:?}");
    assert_eq!(again.metadata, answer.metadata);
    answer.metadata
}

#[test]
fn npm_tells() {
    let _alone = alone();
    let Some(m) = real("pkg:npm/left-pad@1.3.0") else { return };
    assert_eq!(m.licence.unwrap().as_str(), "WTFPL");
    assert!(m.published.is_some() && m.last_release >= m.published);
    assert_eq!(m.dependencies.unwrap(), []);
    assert!(m.versions.unwrap() > 5 && m.registry.unwrap().contains("left-pad"));
    let scoped = real("pkg:npm/%40babel/code-frame@7.0.0").unwrap();
    assert_eq!(scoped.dependencies.unwrap()[0].package, purl("pkg:npm/%40babel/highlight"));
}

#[test]
fn cargo_tells() {
    let _alone = alone();
    let Some(m) = real("pkg:cargo/serde_derive@1.0.200") else { return };
    assert_eq!(m.licence.unwrap().as_str(), "MIT OR Apache-2.0");
    assert!(m.repository.is_some());
    let dependencies: Vec<_> =
        m.dependencies.unwrap().iter().map(|d| d.package.name().to_owned()).collect();
    assert_eq!(dependencies, ["proc-macro2", "quote", "syn"]);
    assert_eq!(m.standing, Some(Standing::Offered));
    assert!(m.versions.unwrap() > 100);
}

#[test]
fn pip_tells() {
    let _alone = alone();
    let Some(m) = real("pkg:pypi/requests@2.31.0") else { return };
    assert_eq!(m.licence.unwrap().as_str(), "Apache-2.0");
    let dependencies: Vec<_> =
        m.dependencies.unwrap().iter().map(|d| d.package.name().to_owned()).collect();
    assert_eq!(dependencies, ["charset-normalizer", "idna", "urllib3", "certifi"]);
    // pip before 26 tells no times.
    let told = m.published.map(|at| at.to_string());
    assert!(told.as_deref().is_none_or(|at| at.starts_with("2023-05-22T")), "{told:?}");
    assert!(m.registry.unwrap().contains("requests"));
}

#[test]
fn go_tells() {
    let _alone = alone();
    let Some(m) = real("pkg:golang/github.com/golang/protobuf@v1.4.0") else { return };
    assert!(matches!(m.standing, Some(Standing::Deprecated(_))), "{:?}", m.standing);
    assert_eq!(m.published.unwrap().to_string(), "2020-04-13T19:43:07Z");
    assert!(m.last_release > m.published);
    assert_eq!(m.licence, None, "modules have none");
    assert!(
        m.dependencies
            .unwrap()
            .iter()
            .any(|d| d.package == purl("pkg:golang/google.golang.org/protobuf"))
    );
}

#[test]
fn what_nobody_can_be_asked_about_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let message = |answer: Answer| {
        assert_eq!(answer.metadata, None);
        assert_eq!(answer.diagnostics[0].code, Code::MetadataUnavailable);
        (answer.diagnostics[0].message.to_string(), answer.diagnostics[0].help.clone().unwrap())
    };
    let (why, _) = message(ask(&purl("pkg:nuget/a@1"), &options(folder.path())));
    assert!(why.contains("no client for packages of type nuget"), "{why}");
    let (why, _) = message(ask(&purl("pkg:npm/-g@1"), &options(folder.path())));
    assert!(why.contains("not valid in a registry"), "{why}");
    let (why, _) = message(ask(&purl("pkg:npm/a@%3E%3D1"), &options(folder.path())));
    assert!(why.contains("not valid in a registry"), "{why}");
    let nothing = Options { programs: Some(folder.path().to_owned()), ..options(folder.path()) };
    let (why, help) = message(ask(&purl("pkg:npm/a@1"), &nothing));
    assert!(why.contains("`npm` is not installed"), "{why}");
    assert!(help.contains("Node.js"), "{help}");
    let offline = Options { offline: true, ..options(folder.path()) };
    let (why, _) = message(ask(&purl("pkg:npm/a@1"), &offline));
    assert!(why.contains("offline"), "{why}");
}

#[cfg(unix)]
mod broken {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A client `npm` that does what a shell script says.
    fn client(folder: &Path, script: &str) -> Options {
        program("npm", folder, script)
    }

    fn program(name: &str, folder: &Path, script: &str) -> Options {
        let program = folder.join(name);
        fs::write(folder.join("aside"), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(folder.join("aside"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(folder.join("aside"), program).unwrap();
        Options { programs: Some(folder.to_owned()), ..options(folder) }
    }

    /// What pip 26 writes, and an older one.
    #[test]
    fn pip_tells_times_where_it_can() {
        use trimtab_connect::registry::versions::versions;
        let _alone = alone();
        let report = r#"{"install": [{"metadata": {"name": "left-pad", "version": "1.1"}}]}"#;
        let times = "  Skipping link: Upload time 2029-12-31 01:02:03+00:00 not prior to 1970-01-02 00:00:00+00:00: \
                     https://registry.example/left_pad-1.1.tar.gz (from https://registry.example/left-pad/)";
        let listed = "left-pad (1.1)\nAvailable versions: 1.1, 1.0";
        let asked = |option: &str| {
            let script = format!(
                "case \"$*\" in *--report*) echo '{report}' ;; *--uploaded-prior-to*) {option} ;;\n\
                 *'index versions'*) echo '{listed}' ;; *) exit 1 ;; esac"
            );
            let folder = tempfile::tempdir().unwrap();
            let options = program("pip", folder.path(), &script);
            let m = ask(&purl("pkg:pypi/left-pad@1.1"), &options).metadata.unwrap();
            let all = versions(&purl("pkg:pypi/left-pad"), &options).unwrap();
            assert_eq!(all.iter().map(|o| &*o.version).collect::<Vec<_>>(), ["1.0", "1.1"]);
            assert_eq!((all[0].published, all[1].published), (None, m.published));
            (m.published.map(|at| at.to_string()), m.versions)
        };
        let told = asked(&format!("echo '{times}'; echo 'ERROR: none' >&2; exit 1"));
        assert_eq!(told, (Some("2029-12-31T01:02:03Z".to_owned()), Some(1)));
        let untold = (None, Some(2));
        assert_eq!(asked("echo 'no such option: --uploaded-prior-to' >&2; exit 2"), untold);
        assert_eq!(asked("echo 'ERROR: Index does not provide upload-time' >&2; exit 1"), untold);
    }

    fn why(script: &str, limit: impl FnOnce(&mut Options)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut options = client(folder.path(), script);
        limit(&mut options);
        let answer = ask(&purl("pkg:npm/a@1.0.0"), &options);
        assert_eq!(answer.metadata, None, "{script}");
        assert_eq!(answer.diagnostics[0].code, Code::MetadataUnavailable);
        answer.diagnostics[0].message.to_string()
    }

    #[test]
    fn broken_answers_are_unknown_and_say_why() {
        let _alone = alone();
        for (script, says) in [
            ("echo '{ not json'", "could not be read"),
            ("echo '{\"name\":\"b\",\"version\":\"1.0.0\"}'", "not about the package"),
            ("echo '{\"name\":\"a\",\"version\":\"2.0.0\"}'", "not about the package"),
            ("echo '[]'", "not about the package"),
            ("true", "not in the registry"),
            ("printf '\\377\\376'", "could not be read"),
            ("echo 'npm error code E404' >&2; exit 1", "npm error code E404"),
            ("exit 7", "7"),
            ("kill -9 $$", "says: nothing"),
        ] {
            let why = why(script, |_| {});
            assert!(why.contains(says), "{script}: {why}");
        }
    }

    #[test]
    fn a_client_that_hangs_is_stopped_with_what_it_started() {
        let _alone = alone();
        let begun = Instant::now();
        for script in
            ["sleep 300", "sleep 300 & sleep 300", "exec >&- 2>&-; sleep 300", "sleep 300 & exit 0"]
        {
            let why = why(script, |o| o.time_limit = Duration::from_millis(300));
            assert!(why.contains("took longer than 0.3 s"), "{script}: {why}");
        }
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_client_that_writes_without_end_is_stopped() {
        let _alone = alone();
        let why = why("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", |o| {
            o.output_limit = 10_000;
        });
        assert!(why.contains("more than 10000 bytes"), "{why}");
    }

    #[test]
    fn answers_are_kept_for_a_time_and_by_configuration() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let says = |deprecated: &str| {
            let json =
                format!("{{\"name\":\"a\",\"version\":\"1.0.0\",\"deprecated\":\"{deprecated}\"}}");
            client(folder.path(), &format!("echo '{json}'"))
        };
        let standing =
            |answer: &Answer| answer.metadata.as_ref().unwrap().standing.clone().unwrap();
        let a = purl("pkg:npm/a@1.0.0");
        let first = ask(&a, &says("one"));
        assert!(!first.kept);
        assert_eq!(standing(&first), Standing::Deprecated("one".into()));
        let soon = Options { now: now() + SignedDuration::from_hours(23), ..says("two") };
        assert!(ask(&a, &soon).kept);
        assert_eq!(standing(&ask(&a, &soon)), Standing::Deprecated("one".into()));
        let later = Options { now: now() + SignedDuration::from_hours(25), ..says("two") };
        assert_eq!(
            standing(&ask(&a, &Options { offline: true, ..later.clone() })),
            Standing::Deprecated("one".into())
        );
        assert_eq!(standing(&ask(&a, &later)), Standing::Deprecated("two".into()));
        // A kept answer that is damaged is none.
        let kept =
            fs::read_dir(folder.path().join("kept/npm")).unwrap().next().unwrap().unwrap().path();
        fs::write(kept, "{").unwrap();
        assert!(!ask(&a, &later).kept);
    }
}

/// What the real resolver chooses. `None`: it is not installed, or its registry is not reached.
fn really_brings(text: &str) -> Option<Closure> {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let resolved = closure(&purl(text), &options);
    if resolved.closure.is_none() {
        eprintln!("SKIPPED closure of {text}: {:?}", resolved.diagnostics);
        let message = &resolved.diagnostics[0].message;
        assert!(AWAY.iter().any(|w| message.contains(w)), "{message}");
        return None;
    }
    let again = closure(&purl(text), &Options { offline: true, ..options });
    assert!(again.kept, "{again:?}");
    assert_eq!(again.closure, resolved.closure);
    // Nothing is left of the folder that it ran in.
    let scratch = std::fs::read_dir(folder.path().join("kept/scratch")).unwrap();
    assert_eq!(scratch.count(), 0);
    resolved.closure
}

fn purls(closure: &Closure) -> Vec<String> {
    closure.packages.iter().map(|p| p.purl.to_string()).collect()
}

#[test]
fn npm_resolves() {
    let _alone = alone();
    let Some(closure) = really_brings("pkg:npm/%40babel/code-frame@7.0.0") else { return };
    assert_eq!(&*closure.lockfiles[0].0, "package-lock.json");
    assert!(closure.lockfiles[0].1.contains("js-tokens"));
    assert!(purls(&closure).iter().any(|p| p.starts_with("pkg:npm/js-tokens@")), "{closure:?}");
    assert!(closure.packages.iter().all(|p| p.install_scripts == Some(false)));
    let esbuild = really_brings("pkg:npm/esbuild@0.21.5").unwrap();
    let itself = esbuild.packages.iter().find(|p| p.purl.name() == "esbuild").unwrap();
    assert_eq!(itself.install_scripts, Some(true));
}

#[test]
fn cargo_resolves() {
    let _alone = alone();
    let Some(closure) = really_brings("pkg:cargo/serde_derive@1.0.200") else { return };
    assert!(closure.lockfiles[0].1.contains("unicode-ident"));
    let itself = closure.packages.iter().find(|p| p.purl.name() == "serde_derive").unwrap();
    assert_eq!(itself.licence.as_ref().unwrap().as_str(), "MIT OR Apache-2.0");
    assert_eq!(itself.install_scripts, Some(true), "a macro runs in the build");
}

#[test]
fn pip_resolves() {
    let _alone = alone();
    let Some(closure) = really_brings("pkg:pypi/requests@2.31.0") else { return };
    assert_eq!(closure.packages.len(), 5, "{closure:?}");
    assert_eq!(closure.packages[0].licence.as_ref().unwrap().as_str(), "Apache-2.0");
}

#[test]
fn go_resolves() {
    let _alone = alone();
    let Some(closure) = really_brings("pkg:golang/github.com/golang/protobuf@v1.4.0") else {
        return;
    };
    let all = purls(&closure);
    assert!(all.contains(&"pkg:golang/github.com/golang/protobuf@v1.4.0".to_owned()), "{all:?}");
    assert!(all.iter().any(|p| p.starts_with("pkg:golang/google.golang.org/protobuf@v1.")));
}

#[test]
fn maven_tells_and_resolves() {
    let _alone = alone();
    let Some(m) = real("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1") else { return };
    assert_eq!(m.licence.as_ref().unwrap().as_str(), "Apache-2.0");
    assert_eq!(m.standing, Some(Standing::Offered));
    assert_eq!((m.published, m.last_release), (None, None), "Maven tells no dates");
    assert_eq!(
        m.dependencies.unwrap()[0].package,
        purl("pkg:maven/org.apache.logging.log4j/log4j-api")
    );
    let closure = really_brings("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1").unwrap();
    let api = "pkg:maven/org.apache.logging.log4j/log4j-api@2.14.1";
    assert_eq!(purls(&closure)[1..], [api.to_owned()]);
    assert!(closure.packages.iter().all(|p| p.licence.is_some()), "{closure:?}");
    let moved = real("pkg:maven/mysql/mysql-connector-java@8.0.31").unwrap();
    let Some(Standing::Deprecated(why)) = moved.standing else { panic!("{:?}", moved.standing) };
    assert_eq!(&*why, "it moved to com.mysql:mysql-connector-j");
}

#[test]
fn versions_are_listed_in_their_order() {
    use trimtab_connect::registry::versions::versions;
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for (package, two, timed) in [
        ("pkg:npm/left-pad", ["1.2.0", "1.3.0"], true),
        ("pkg:cargo/serde_derive", ["1.0.99", "1.0.200"], false),
        ("pkg:pypi/requests", ["2.9.0", "2.31.0"], false),
        ("pkg:golang/github.com/golang/protobuf", ["v1.3.0", "v1.4.0"], false),
        ("pkg:maven/org.apache.commons/commons-text", ["1.9", "1.10.0"], false),
    ] {
        match versions(&purl(package), &options(folder.path())) {
            Ok(all) => {
                let at = two.map(|v| all.iter().position(|o| &*o.version == v).unwrap());
                assert!(at[0] < at[1], "{package}");
                assert!(!timed || all.iter().all(|o| o.published.is_some()), "{package}");
            }
            Err(diagnostic) => {
                eprintln!("SKIPPED {package}: {diagnostic:?}");
                let message = &diagnostic.message;
                assert!(AWAY.iter().any(|w| message.contains(w)), "{message}");
            }
        }
    }
}
