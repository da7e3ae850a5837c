//! What `pnpm-lock.yaml` tells: what is locked, and who brings it.

use std::collections::BTreeSet;

/// The format: `lockfileVersion: '9.0'`.
pub(in crate::update) fn format(text: &str) -> Option<&str> {
    let said = text.lines().find_map(|line| line.strip_prefix("lockfileVersion:"))?;
    Some(said.trim().trim_matches(['\'', '"']))
}

/// Whether a release of pnpm ignores a lockfile, so that nothing in it holds any longer: from 9 on those of pnpm 7 and before.
pub(super) fn is_ignored(lockfile: &str, release: &str) -> bool {
    let first = |text: &str| text.trim().split('.').next()?.parse::<u32>().ok();
    let ends = format(lockfile).and_then(first).zip(first(release));
    ends.is_some_and(|(format, release)| format < 6 && release >= 9)
}

/// The versions of a package that are locked.
pub(super) fn locked(text: &str, name: &str) -> BTreeSet<String> {
    let of = packages(text).filter(|(of, _)| *of == name);
    of.map(|(_, version)| version.to_owned()).collect()
}

/// All that is locked, by name and version.
pub(super) fn packages(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        match line.len() - line.trim_start().len() {
            0 if !line.is_empty() => inside = line.trim_end_matches(':') == "packages",
            2 if inside => {
                let key = line.trim().split(": ").next().unwrap_or_default();
                let key = key.trim_end_matches(':').trim_matches('\'');
                let key = key.trim_start_matches('/').split('(').next().unwrap_or(key);
                // Up to version 5 of the format `/left/1.0.0_peer@2.0.0`; no version has a `_`.
                let key = key.split('_').next().unwrap_or(key);
                let (name, version) = key
                    .rsplit_once('@')
                    .filter(|(name, _)| !name.is_empty())
                    .or_else(|| key.rsplit_once('/'))?;
                return version
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then_some((name, version));
            }
            _ => {}
        }
        None
    })
}

/// Packages, as `name@version`, that have another one among their dependencies in a lockfile.
pub(super) fn bringing(text: &str, name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut section = "";
    let mut who = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let depth = line.len() - line.trim_start().len();
        let key = line.trim().split(": ").next().unwrap_or_default();
        let key = key.trim_end_matches(':').trim_matches('\'');
        match depth {
            0 => section = key,
            // Peers stand behind it in brackets.
            2 => who = key.trim_start_matches('/').split('(').next().unwrap_or(key).to_owned(),
            6 if matches!(section, "snapshots" | "packages") && key == name => {
                found.push(who.clone());
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::javascript::stays;
    use super::*;

    #[test]
    fn a_lockfile_of_pnpm_7_is_ignored_by_later_ones() {
        let lock = |format: &str| format!("lockfileVersion: {format}\n\nsettings: {{}}\n");
        assert_eq!(format(&lock("'9.0'")), Some("9.0"));
        for (of, release, ignored) in [
            ("5.4", "9.15.9\n", true),
            ("5.3", "10.1.0", true),
            ("5.4", "8.15.1", false),
            ("'6.0'", "9.15.9", false),
            ("'9.0'", "10.0.0", false),
            ("5.4", "", false),
        ] {
            assert_eq!(is_ignored(&lock(of), release), ignored, "{of}, {release}");
        }
        assert!(!is_ignored("", "9.15.9"));
    }

    #[test]
    fn who_brings_a_package_stands_in_the_lockfile() {
        let text = "packages:\n\n  a@1.0.0:\n    engines: {node: '>=4'}\n\nsnapshots:\n\n  \
                    '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      c: 1.0.0\n\n  c@1.0.0: {}\n";
        assert_eq!(bringing(text, "c"), ["@s/a@1.0.0"]);
    }

    #[test]
    fn the_versions_that_are_locked_of_a_package_are_told_by_its_name() {
        let text = "lockfileVersion: '9.0'\n\noverrides:\n  left@9.0.0: 1.0.0\n\npackages:\n\n  left@1.0.0:\n    engines: {node: '>=4'}\n\n  \
                    '@s/left@2.0.0(b@2.0.0)':\n    resolution: {}\n\n  left-b@3.0.0: {}\n\n  left@4.0.0: {}\n\nsnapshots:\n\n  left@1.0.0: {}\n";
        let versions = |name: &str| locked(text, name).into_iter().collect::<Vec<_>>();
        assert_eq!(versions("left"), ["1.0.0", "4.0.0"]);
        assert_eq!(versions("@s/left"), ["2.0.0"]);
        let fifth = "lockfileVersion: 5.4\n\npackages:\n\n  /left/1.0.0:\n    dev: true\n\n  /@s/left/2.0.0_b@2.0.0:\n    dev: true\n";
        assert!(locked(fifth, "left").iter().eq(["1.0.0"]));
        assert!(locked(fifth, "@s/left").iter().eq(["2.0.0"]));
        let all: Vec<(&str, &str)> = packages(fifth).collect();
        assert_eq!(all, [("left", "1.0.0"), ("@s/left", "2.0.0")]);
        let set = |all: &[&str]| Some(all.iter().map(|v| (*v).to_owned()).collect());
        assert!(!stays(set(&["1.0.0"]), set(&["4.0.0"])), "it went with what brought it");
        assert!(stays(set(&["1.0.0", "4.0.0"]), set(&["4.0.0", "5.0.0"])), "a copy stands");
        assert!(stays(set(&["1.0.0"]), None), "it is not told");
        assert!(stays(set(&[]), set(&["4.0.0"])), "it was not found");
    }
}
