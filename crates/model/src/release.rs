//! Releases of distributions: from the `distro` qualifier of a purl to OSV's spelling.
//!
//! Sources: the OSV schema's list of ecosystems for the spellings, the distributions' own lists of
//! releases for the code names. Traps: tools write `debian-12`, `debian-12.5`, `12` and `bookworm`
//! for the same release; a rolling release has no number.

use crate::ecosystem::Family;

/// Debian's code names from the first release of which advisories speak.
const DEBIAN: &[(&str, &str)] = &[
    ("woody", "3.0"),
    ("sarge", "3.1"),
    ("etch", "4.0"),
    ("lenny", "5.0"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

const UBUNTU: &[(&str, &str)] = &[
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
];

/// The release as OSV spells it. `None` if the text names none that has a number.
pub(crate) fn of_distro(family: Family, distro: &str) -> Option<Box<str>> {
    let distro = distro.to_ascii_lowercase();
    if family == Family::OpenSuse && distro.contains("tumbleweed") {
        return Some("Tumbleweed".into());
    }
    // `opensuse-leap-15.5`, `debian-12`, `12`: the last word counts.
    let word = distro.rsplit(['-', ' ']).next().unwrap_or_default();
    let number = word.strip_prefix('v').unwrap_or(word);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        let names = match family {
            Family::Debian => DEBIAN,
            Family::Ubuntu => UBUNTU,
            _ => return None,
        };
        return names.iter().find(|(name, _)| *name == word).map(|(_, release)| (*release).into());
    }
    let major = || number.split('.').next().unwrap_or(number);
    Some(match family {
        Family::Alpine => {
            let mut parts = number.splitn(3, '.');
            match (parts.next(), parts.next()) {
                (Some(major), Some(minor)) => format!("v{major}.{minor}").into(),
                _ => number.into(),
            }
        }
        // Up to release 5 the second number was part of the release.
        Family::Debian if matches!(major(), "3" | "4" | "5") => number.into(),
        Family::OpenSuse => format!("Leap {number}").into(),
        Family::Ubuntu | Family::PhotonOs | Family::Suse | Family::OpenEuler => number.into(),
        _ => major().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_release_is_read() {
        for (family, distro, release) in [
            (Family::Debian, "debian-12", Some("12")),
            (Family::Debian, "debian-12.5", Some("12")),
            (Family::Debian, "12", Some("12")),
            (Family::Debian, "bookworm", Some("12")),
            (Family::Debian, "debian-Bookworm", Some("12")),
            (Family::Debian, "sid", None),
            (Family::Debian, "", None),
            (Family::Ubuntu, "ubuntu-22.04", Some("22.04")),
            (Family::Ubuntu, "jammy", Some("22.04")),
            (Family::Alpine, "alpine-3.18.4", Some("v3.18")),
            (Family::Alpine, "3.18", Some("v3.18")),
            (Family::Alpine, "alpine-edge", None),
            (Family::AlmaLinux, "almalinux-9.3", Some("9")),
            (Family::PhotonOs, "photon-4.0", Some("4.0")),
            (Family::OpenSuse, "opensuse-leap-15.5", Some("Leap 15.5")),
            (Family::OpenSuse, "opensuse-tumbleweed-20240101", Some("Tumbleweed")),
            (Family::Wolfi, "wolfi-20230201", Some("20230201")),
        ] {
            assert_eq!(of_distro(family, distro).as_deref(), release, "{distro}");
        }
    }
}
