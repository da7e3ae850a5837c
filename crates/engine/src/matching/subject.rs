//! What is looked up for a component: ecosystem, name, version, release.
//!
//! Language packages are looked up by their own name. Distributions mostly publish by *source*
//! package and release, with epochs (TRAPS 16): the purl's `upstream` qualifier names the source,
//! as `name`, `name@version`, or the file name of a source rpm. The epoch of an installed package
//! is in its version, or in a qualifier of its own (TRAPS 39).

use std::borrow::Cow;

use trimtab_model::{Ecosystem, Family, Purl};

/// A component as advisories would name it.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) ecosystem: Ecosystem,
    /// As the ecosystem spells it, before normalisation.
    pub(super) name: Cow<'a, str>,
    /// `None`: not known.
    pub(super) version: Option<Cow<'a, str>>,
}

impl<'a> Subject<'a> {
    /// `None` if the purl is of no ecosystem with advisories.
    pub(super) fn of(purl: &'a Purl) -> Option<Subject<'a>> {
        let ecosystem = Ecosystem::of(purl)?;
        let family = ecosystem.family;
        let own = || purl.version().map(|version| with_epoch(purl, version));
        let upstream = purl.qualifier("upstream").filter(|_| is_by_source(family));
        let (name, version) = match upstream {
            None => (family.package_name(purl), own()),
            Some(text) => match source_rpm(text).or_else(|| text.split_once('@')) {
                Some((name, version)) if family.purl_type() == "rpm" => {
                    (Cow::Borrowed(name), Some(with_epoch(purl, version)))
                }
                Some((name, version)) => (Cow::Borrowed(name), Some(Cow::Borrowed(version))),
                None => (Cow::Borrowed(text), own()),
            },
        };
        Some(Subject { ecosystem, name, version })
    }

    /// Whether an entry about a release is about the component's. `None`: this cannot be decided.
    pub(super) fn is_of_release(&self, entry: Option<&str>) -> Option<bool> {
        let Some(entry) = entry else { return Some(true) };
        if !is_distribution(self.ecosystem.family) {
            // A repository of the same ecosystem (`Maven:https://…`): told as a doubt.
            return Some(true);
        }
        let release = self.ecosystem.release.as_deref()?;
        // `22.04:LTS` is 22.04; `Pro:22.04:LTS` is not.
        if entry == release || entry.split_once(':').is_some_and(|(first, _)| first == release) {
            return Some(true);
        }
        match self.ecosystem.family {
            // These name products, of which a purl only says the number.
            Family::RedHat => product(entry, release, &format!("enterprise_linux:{release}")),
            Family::Suse => product(entry, release, &release.replacen('.', " SP", 1)),
            Family::OpenEuler => product(entry, release, release),
            _ => Some(false),
        }
    }
}

/// Whether a product of which advisories speak is the component's: surely if it carries the whole
/// mark of the release, perhaps if its number begins alike.
fn product(entry: &str, release: &str, mark: &str) -> Option<bool> {
    let number = |text: &str| -> String {
        text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
    };
    let sure = entry.find(mark).is_some_and(|at| {
        let rest = entry.get(at + mark.len()..).unwrap_or_default();
        !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ' ' || c == '-')
    });
    match sure {
        true => Some(true),
        false if number(entry) == number(release) => None,
        false => Some(false),
    }
}

/// Whether the packages of a family belong to releases of an operating system.
pub(super) fn is_distribution(family: Family) -> bool {
    matches!(family.purl_type(), "deb" | "apk" | "rpm")
}

/// Whether advisories of a distribution name source packages. These three rpm families publish by
/// binary package.
fn is_by_source(family: Family) -> bool {
    is_distribution(family)
        && !matches!(family, Family::AlmaLinux | Family::RockyLinux | Family::RedHat)
}

/// The version with the epoch that some tools write beside it.
fn with_epoch<'a>(purl: &Purl, version: &'a str) -> Cow<'a, str> {
    let epoch = purl
        .qualifier("epoch")
        .filter(|_| matches!(purl.purl_type(), "deb" | "rpm"))
        .filter(|epoch| *epoch != "0" && !version.contains(':'));
    match epoch {
        Some(epoch) => format!("{epoch}:{version}").into(),
        None => version.into(),
    }
}

/// Name and version of a source rpm by its file name: `bash-4.4.20-4.el8.src.rpm`.
fn source_rpm(file: &str) -> Option<(&str, &str)> {
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let release = stem.rfind('-')?;
    let version = stem.get(..release)?.rfind('-')?;
    Some((stem.get(..version)?, stem.get(version + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(purl: &str) -> (String, Option<String>, Option<String>) {
        let purl: Purl = purl.parse().unwrap();
        let Subject { ecosystem, name, version } = Subject::of(&purl).unwrap();
        let text = |t: Cow<'_, str>| t.into_owned();
        (name.into_owned(), version.map(text), ecosystem.release.map(Into::into))
    }

    #[test]
    fn distributions_are_asked_by_source_package_with_epoch() {
        for (purl, name, version, release) in [
            (
                "pkg:deb/debian/libc6@2.31-13?upstream=glibc&distro=bullseye",
                "glibc",
                "2.31-13",
                "11",
            ),
            (
                "pkg:deb/debian/libgcc-s1@10.2.1-6?upstream=gcc-10%4010.2.0-1&distro=11",
                "gcc-10",
                "10.2.0-1",
                "11",
            ),
            ("pkg:deb/debian/vim@8.2?epoch=2&distro=debian-11", "vim", "2:8.2", "11"),
            ("pkg:deb/debian/vim@2:8.2?epoch=2&distro=debian-11", "vim", "2:8.2", "11"),
            (
                "pkg:rpm/almalinux/bash@4.4.20-4.el8?upstream=bash-4.4.20-4.el8.src.rpm&epoch=1&distro=almalinux-8.6",
                "bash",
                "1:4.4.20-4.el8",
                "8",
            ),
            (
                "pkg:rpm/almalinux/openssl-libs@1.1.1k-7.el8_6?upstream=openssl-1.1.1k-7.el8_6.src.rpm&distro=almalinux-8.6",
                "openssl-libs",
                "1.1.1k-7.el8_6",
                "8",
            ),
            (
                "pkg:rpm/opensuse/libopenssl1_1@1.1.1l-1?upstream=openssl-1_1-1.1.1l-1.1.src.rpm&distro=opensuse-leap-15.5",
                "openssl-1_1",
                "1.1.1l-1.1",
                "Leap 15.5",
            ),
        ] {
            let expected = (name.to_owned(), Some(version.to_owned()), Some(release.to_owned()));
            assert_eq!(subject(purl), expected, "{purl}");
        }
    }

    #[test]
    fn releases_are_told_apart() {
        for (purl, entry, expected) in [
            ("pkg:deb/debian/vim@8?distro=debian-11", "11", Some(true)),
            ("pkg:deb/debian/vim@8?distro=debian-11", "12", Some(false)),
            ("pkg:deb/debian/vim@8?distro=sid", "12", None),
            ("pkg:deb/debian/vim@8", "12", None),
            ("pkg:deb/ubuntu/vim@8?distro=jammy", "22.04:LTS", Some(true)),
            ("pkg:deb/ubuntu/vim@8?distro=jammy", "Pro:22.04:LTS", Some(false)),
            ("pkg:rpm/redhat/vim@8?distro=rhel-8.4", "enterprise_linux:8::appstream", Some(true)),
            ("pkg:rpm/redhat/vim@8?distro=rhel-8.4", "rhel_aus:8.4::appstream", None),
            ("pkg:rpm/redhat/vim@8?distro=rhel-8.4", "enterprise_linux:9::appstream", Some(false)),
            ("pkg:rpm/suse/vim@8?distro=sles-15.4", "Linux Enterprise Server 15 SP4", Some(true)),
            ("pkg:rpm/suse/vim@8?distro=sles-15.4", "Linux Enterprise Server 15 SP5", None),
            ("pkg:rpm/suse/vim@8?distro=sles-15.4", "Linux Enterprise Server 12 SP4", Some(false)),
        ] {
            let parsed: Purl = purl.parse().unwrap();
            let answer = Subject::of(&parsed).unwrap().is_of_release(Some(entry));
            assert_eq!(answer, expected, "{purl} {entry}");
        }
    }
}
