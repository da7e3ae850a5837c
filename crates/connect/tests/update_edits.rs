//! Laws of the edits: whatever a person's manifest looks like, only the requirement changes. The
//! package manager is one that does nothing, so that only the edit is tried.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use trimtab_connect::update::{Bounds, Extent, Options, Proposal, Scratch, Tool, confirm};

/// A folder with programs of these names that end well.
fn programs(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        // Written aside: a script that is still open for writing cannot be run.
        let aside = folder.path().join("aside");
        fs::write(&aside, "#!/bin/sh\nexit 0\n").unwrap();
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&aside, folder.path().join(name)).unwrap();
    }
    folder
}

/// The manifest after a proposal.
fn edited(id: &str, programs: &Path, name: &str, text: &str, proposal: &Proposal) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let tool = Tool::by_id(id).unwrap();
    let bounds = Bounds::of(Extent::Resolver);
    let base =
        Scratch::copy(folder.path(), Path::new(""), tool, Extent::Resolver, bounds, None).unwrap();
    let options = Options { programs: vec![programs.to_owned()], ..Options::default() };
    let confirmed = confirm(tool, &base, proposal, &options).unwrap();
    assert_eq!(confirmed.changes.len(), 1, "{}", confirmed.diff());
    String::from_utf8(confirmed.changes[0].after.clone().unwrap()).unwrap()
}

fn raise(package: &str) -> Proposal {
    Proposal::Raise { package: package.parse().unwrap(), to: "1.9.7".into() }
}

/// White space, with line ends of either kind.
fn space() -> impl Strategy<Value = String> {
    "[ \t]{0,3}(\r?\n[ \t]{0,4}){0,2}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn of_package_json_only_the_range_changes(
        gaps in prop::collection::vec(space(), 9),
        operator in "[~^]?",
        text in "[^\"\\\\\\p{C}]{0,8}",
    ) {
        let programs = programs(&["npm"]);
        let [a, b, c, d, e, f, g, h, i] = &gaps[..] else { unreachable!() };
        let manifest = |version: &str| format!(
            "{a}{{{b}\"description\"{c}:{d}\"{text} 1.2.3\",\"dependencies\":{e}{{{f}\"x\":\"1.2.3\",{g}\"left\"{h}:\"{operator}{version}\"}}{i}}}\n"
        );
        let after = edited("npm", programs.path(), "package.json", &manifest("1.2.3"), &raise("pkg:npm/left"));
        prop_assert_eq!(after, manifest("1.9.7"));
    }

    #[test]
    fn of_cargo_toml_only_the_range_changes(
        comment in "[^\\p{C}]{0,12}",
        (gap, end) in ("[ \t]{0,3}", "\r?\n"),
        operator in "[~^=]?",
        table in any::<bool>(),
        quote in prop::sample::select(vec!['"', '\'']),
    ) {
        let programs = programs(&["cargo"]);
        let manifest = |version: &str| {
            let version = format!("{quote}{operator}{version}{quote}");
            let value = if table { format!("{{{gap}version{gap}={gap}{version}, features = [ ] }}") } else { version };
            format!("# {comment}{end}[package]{end}name = 'a'{end}[dependencies]{gap}# 1.2.3{end}x = '1.2.3'{end}left{gap}={gap}{value}{gap}# {comment}{end}")
        };
        let after = edited("cargo", programs.path(), "Cargo.toml", &manifest("1.2.3"), &raise("pkg:cargo/left"));
        prop_assert_eq!(after, manifest("1.9.7"));
    }

    #[test]
    fn of_a_pom_only_the_version_changes(
        gaps in prop::collection::vec(space(), 6),
        comment in "[a-zé ]{0,12}",
    ) {
        let programs = programs(&["mvn"]);
        let [a, b, c, d, e, f] = &gaps[..] else { unreachable!() };
        let manifest = |version: &str| format!(
            "<?xml version=\"1.0\"?>{a}<!-- {comment}1.2.3 --><project><dependencies>{b}<dependency>{c}<groupId>g</groupId><version>{d}{version}{e}</version><artifactId> left </artifactId>{f}<!-- 1.2.3 --></dependency></dependencies></project>"
        );
        let after = edited("maven", programs.path(), "pom.xml", &manifest("1.2.3"), &raise("pkg:maven/g/left"));
        prop_assert_eq!(after, manifest("1.9.7"));
    }

    /// Whatever stands in a manifest, an edit is made or refused in words.
    #[test]
    fn nothing_in_a_manifest_makes_it_panic(text in "\\PC{0,60}", at in 0_usize..6) {
        let (id, name, package) = [
            ("npm", "package.json", "pkg:npm/left"),
            ("cargo", "Cargo.toml", "pkg:cargo/left"),
            ("maven", "pom.xml", "pkg:maven/g/left"),
            ("pip", "requirements.txt", "pkg:pypi/left"),
            ("bundler", "Gemfile", "pkg:gem/left"),
            ("pnpm", "pnpm-workspace.yaml", "pkg:npm/left"),
        ][at];
        let around = [
            format!("{{\"dependencies\": {{\"left\": \"{text}\"}}}}"),
            format!("[dependencies]\nleft = '{text}'\n"),
            format!("<project><dependency><groupId>g</groupId><artifactId>left</artifactId><version>{text}</version></dependency></project>"),
            format!("left{text}\nleft == {text}"),
            format!("gem 'left', '{text}"),
            format!("catalog:\n  left: {text}\n"),
        ];
        let tool = Tool::by_id(id).unwrap();
        let empty = tempfile::tempdir().unwrap();
        let options = Options { programs: vec![empty.path().to_owned()], time_limit: std::time::Duration::from_millis(1), ..Options::default() };
        for text in [&text, &around[at]] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), text).unwrap();
            let bounds = Bounds::of(Extent::Resolver);
            let base = Scratch::copy(folder.path(), Path::new(""), tool, Extent::Resolver, bounds, None).unwrap();
            for proposal in [
                raise(package),
                Proposal::Override { package: package.parse().unwrap(), to: "1.9.7".into() },
                Proposal::Remove { package: package.parse().unwrap() },
            ] {
                match confirm(tool, &base, &proposal, &options) {
                    Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
                    // Of a file in which nothing is left to ask about, pip is not asked.
                    Ok(made) => prop_assert!(
                        id == "pip" && matches!(proposal, Proposal::Remove { .. }) && made.commands.is_empty(),
                        "{proposal:?}: {:?}",
                        made.changes
                    ),
                }
            }
        }
    }
}
