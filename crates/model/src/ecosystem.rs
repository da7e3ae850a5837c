//! Ecosystems: where a package lives, how its name is spelled, how its versions are ordered.
//!
//! One table line per ecosystem of the OSV schema (1.7). Source: the OSV schema's list of
//! ecosystems, the purl type definitions, and each registry's own rules on names.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::purl::Purl;
use crate::release;
use crate::version::Scheme;

/// How the name of a package is normalised before two names are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// Names are compared byte for byte.
    Exact,
    /// ASCII case does not matter.
    Lower,
    /// PEP 503: lower case; runs of `-`, `_` and `.` are one `-`.
    Pep503,
}

/// How namespace and name of a purl make the package's name in advisories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameShape {
    /// The purl's name alone.
    Plain,
    /// `namespace/name`, where there is a namespace.
    Slash,
    /// `namespace:name` (Maven).
    Colon,
}

macro_rules! families {
    ($( $variant:ident, $osv:literal, $purl:literal, $scheme:ident, $rule:ident, $shape:ident; )*) => {
        /// An ecosystem without its release suffix (`Debian`, not `Debian:12`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the variants are the names of the ecosystems")]
        pub enum Family { $( $variant, )* }

        impl Family {
            /// Every family, in the order of the table.
            pub const ALL: &[Family] = &[ $( Family::$variant, )* ];

            /// The name that OSV uses.
            pub const fn osv_name(self) -> &'static str { match self { $( Family::$variant => $osv, )* } }

            /// The purl type of its packages; empty where purl has none.
            pub const fn purl_type(self) -> &'static str { match self { $( Family::$variant => $purl, )* } }

            /// The order of its versions.
            pub const fn scheme(self) -> Scheme { match self { $( Family::$variant => Scheme::$scheme, )* } }

            /// How its package names are normalised.
            pub const fn name_rule(self) -> NameRule { match self { $( Family::$variant => NameRule::$rule, )* } }

            /// How a purl of its packages spells the package's name.
            pub const fn name_shape(self) -> NameShape { match self { $( Family::$variant => NameShape::$shape, )* } }
        }
    };
}

families! {
    // variant, OSV name, purl type, version scheme, name rule, name shape
    AlmaLinux, "AlmaLinux", "rpm", Rpm, Exact, Plain;
    Alpaquita, "Alpaquita", "apk", Alpine, Exact, Plain;
    Alpine, "Alpine", "apk", Alpine, Exact, Plain;
    Android, "Android", "", Unknown, Exact, Plain;
    AzureLinux, "Azure Linux", "rpm", Rpm, Exact, Plain;
    BellSoft, "BellSoft Hardened Containers", "apk", Alpine, Exact, Plain;
    Bioconductor, "Bioconductor", "bioconductor", Cran, Exact, Plain;
    Bitnami, "Bitnami", "bitnami", Bitnami, Lower, Plain;
    Chainguard, "Chainguard", "apk", Alpine, Exact, Plain;
    CleanStart, "CleanStart", "apk", Alpine, Exact, Plain;
    ConanCenter, "ConanCenter", "conan", Conan, Lower, Plain;
    Cran, "CRAN", "cran", Cran, Exact, Plain;
    CratesIo, "crates.io", "cargo", SemVer, Exact, Plain;
    Debian, "Debian", "deb", Debian, Exact, Plain;
    DockerHardened, "Docker Hardened Images", "", Unknown, Exact, Plain;
    Echo, "Echo", "deb", Debian, Exact, Plain;
    FreeBsd, "FreeBSD", "", FreeBsd, Exact, Plain;
    Ghc, "GHC", "", Hackage, Exact, Plain;
    GitHubActions, "GitHub Actions", "github", SemVer, Lower, Slash;
    Go, "Go", "golang", Go, Lower, Slash;
    Hackage, "Hackage", "hackage", Hackage, Exact, Plain;
    Hex, "Hex", "hex", SemVer, Lower, Slash;
    Julia, "Julia", "julia", Pub, Exact, Plain;
    Kubernetes, "Kubernetes", "", SemVer, Exact, Plain;
    Linux, "Linux", "", SemVer, Exact, Plain;
    Mageia, "Mageia", "rpm", Rpm, Exact, Plain;
    Maven, "Maven", "maven", Maven, Exact, Colon;
    MinimOs, "MinimOS", "apk", Alpine, Exact, Plain;
    Npm, "npm", "npm", SemVer, Exact, Slash;
    NuGet, "NuGet", "nuget", NuGet, Lower, Plain;
    Opam, "opam", "opam", Opam, Exact, Plain;
    OpenEuler, "openEuler", "rpm", Rpm, Exact, Plain;
    OpenSuse, "openSUSE", "rpm", Rpm, Exact, Plain;
    OssFuzz, "OSS-Fuzz", "", Unknown, Exact, Plain;
    Packagist, "Packagist", "composer", Packagist, Lower, Slash;
    PhotonOs, "Photon OS", "rpm", Rpm, Exact, Plain;
    Pub, "Pub", "pub", Pub, Exact, Plain;
    PyPI, "PyPI", "pypi", Pep440, Pep503, Plain;
    RedHat, "Red Hat", "rpm", Rpm, Exact, Plain;
    RockyLinux, "Rocky Linux", "rpm", Rpm, Exact, Plain;
    Root, "Root", "", Unknown, Exact, Plain;
    RubyGems, "RubyGems", "gem", RubyGems, Exact, Plain;
    Suse, "SUSE", "rpm", Rpm, Exact, Plain;
    SwiftUrl, "SwiftURL", "swift", SemVer, Lower, Slash;
    TuxCare, "TuxCare", "", Unknown, Exact, Plain;
    Ubuntu, "Ubuntu", "deb", Debian, Exact, Plain;
    VsCode, "VSCode", "vscode-extension", SemVer, Lower, Slash;
    Wolfi, "Wolfi", "apk", Alpine, Exact, Plain;
    // Not an OSV ecosystem with versions of its own, but ranges may be of type GIT.
    Git, "GIT", "", Unknown, Exact, Plain;
}

impl Family {
    /// The family with this OSV name, without suffix. `None` for one that this build does not
    /// know: the caller counts it as unknown.
    pub fn from_osv(name: &str) -> Option<Family> {
        Family::ALL.iter().copied().find(|f| f.osv_name() == name)
    }

    /// The family of a purl type that belongs to exactly one language ecosystem. Operating
    /// system packages (`deb`, `rpm`, `apk`) need the purl's namespace: see [`Ecosystem::of`].
    pub fn from_purl_type(purl_type: &str) -> Option<Family> {
        match purl_type {
            "deb" | "rpm" | "apk" | "" => None,
            _ => Family::ALL.iter().copied().find(|f| f.purl_type() == purl_type),
        }
    }

    /// The family that a person or a script names: an OSV name or a purl type, without regard to
    /// case, spaces and punctuation, and without what follows a colon. For the purl types that
    /// several distributions share it is the one that gave them their version order.
    pub fn from_name(name: &str) -> Option<Family> {
        let plain = |text: &str| -> String {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect()
        };
        let name = plain(name.split(':').next().unwrap_or(name));
        match name.as_str() {
            "" => None,
            "deb" => Some(Family::Debian),
            "rpm" | "rhel" => Some(Family::RedHat),
            "apk" => Some(Family::Alpine),
            "rocky" => Some(Family::RockyLinux),
            "conan" => Some(Family::ConanCenter),
            "cargo" => Some(Family::CratesIo),
            "swift" => Some(Family::SwiftUrl),
            _ => (Family::ALL.iter().copied().find(|f| plain(f.osv_name()) == name))
                .or_else(|| Family::ALL.iter().copied().find(|f| plain(f.purl_type()) == name)),
        }
    }

    /// The order of two versions as text. `None` is unknown.
    pub fn compare(self, a: &str, b: &str) -> Option<Ordering> {
        self.scheme().compare(a, b)
    }

    /// The family back from its number in the index. `None` for a number of a later build.
    pub fn from_number(number: u8) -> Option<Family> {
        Family::ALL.get(usize::from(number)).copied()
    }

    /// The name in the form in which two names of this family are compared.
    pub fn normalise(self, name: &str) -> Cow<'_, str> {
        match self.name_rule() {
            NameRule::Lower if name.bytes().any(|b| b.is_ascii_uppercase()) => {
                Cow::Owned(name.to_ascii_lowercase())
            }
            NameRule::Exact | NameRule::Lower => Cow::Borrowed(name),
            NameRule::Pep503 => pep503(name),
        }
    }

    /// The package's name as advisories of this family spell it, before normalisation.
    pub fn package_name(self, purl: &Purl) -> Cow<'_, str> {
        match (self.name_shape(), purl.namespace()) {
            (NameShape::Slash, Some(ns)) => Cow::Owned([ns, "/", purl.name()].concat()),
            (NameShape::Colon, Some(ns)) => Cow::Owned([ns, ":", purl.name()].concat()),
            _ => Cow::Borrowed(purl.name()),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.osv_name())
    }
}

/// PEP 503 normalisation; borrows when the name already is in normal form.
fn pep503(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    let normal = bytes.iter().enumerate().all(|(i, b)| match b {
        b'A'..=b'Z' | b'_' | b'.' => false,
        b'-' => bytes.get(i + 1) != Some(&b'-'),
        _ => true,
    });
    if normal {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    Cow::Owned(out)
}

/// An ecosystem with its release, as `Debian:12` or `Ubuntu:22.04:LTS`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ecosystem {
    /// Which ecosystem.
    pub family: Family,
    /// What follows the first colon, where there is one: a release, or a repository.
    pub release: Option<Box<str>>,
}

impl Ecosystem {
    /// Reads OSV's spelling. `None` if the family is not known.
    pub fn parse(text: &str) -> Option<Ecosystem> {
        let (family, release) = match text.split_once(':') {
            Some((family, release)) => (family, Some(release)),
            None => (text, None),
        };
        Some(Ecosystem { family: Family::from_osv(family)?, release: release.map(Into::into) })
    }

    /// The order of its versions. Root repackages other ecosystems, and its release says which;
    /// where the order of a repackaged version is not that of the original, it stays unknown.
    pub fn scheme(&self) -> Scheme {
        let base = self.release.as_deref().and_then(|r| r.split(':').next());
        match (self.family, base) {
            (Family::Root, Some("Debian" | "Ubuntu")) => Scheme::Debian,
            (Family::Root, Some("Alpine")) => Scheme::Alpine,
            (Family::Root, Some("PyPI")) => Scheme::Pep440,
            (family, _) => family.scheme(),
        }
    }

    /// The ecosystem of a purl. For operating system packages the namespace names the
    /// distribution and the `distro` qualifier the release (`distro=debian-12`).
    pub fn of(purl: &Purl) -> Option<Ecosystem> {
        if let Some(family) = Family::from_purl_type(purl.purl_type()) {
            return Some(Ecosystem { family, release: None });
        }
        let family = match (purl.purl_type(), purl.namespace()?) {
            ("deb", "debian") => Family::Debian,
            ("deb", "ubuntu") => Family::Ubuntu,
            ("deb", "echo") => Family::Echo,
            ("apk", "alpine") => Family::Alpine,
            ("apk", "wolfi") => Family::Wolfi,
            ("apk", "chainguard") => Family::Chainguard,
            ("apk", "minimos") => Family::MinimOs,
            ("apk", "alpaquita") => Family::Alpaquita,
            ("rpm", "almalinux") => Family::AlmaLinux,
            ("rpm", "rocky" | "rocky-linux" | "rockylinux") => Family::RockyLinux,
            ("rpm", "redhat" | "rhel") => Family::RedHat,
            ("rpm", "opensuse" | "opensuse-leap" | "opensuse-tumbleweed") => Family::OpenSuse,
            ("rpm", "suse" | "sles") => Family::Suse,
            ("rpm", "mageia") => Family::Mageia,
            ("rpm", "openeuler") => Family::OpenEuler,
            ("rpm", "photon") => Family::PhotonOs,
            ("rpm", "azurelinux" | "mariner") => Family::AzureLinux,
            _ => return None,
        };
        let release = purl.qualifier("distro").and_then(|d| release::of_distro(family, d));
        Some(Ecosystem { family, release })
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family.osv_name())?;
        match &self.release {
            Some(release) => write!(f, ":{release}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pypi_names_normalise_both_ways() {
        // TRAPS 10: one-sided normalising loses findings.
        for (raw, normal) in [
            ("Django", "django"),
            ("zope.interface", "zope-interface"),
            ("a__b..-c", "a-b-c"),
            ("plain", "plain"),
            ("a--b", "a-b"),
        ] {
            assert_eq!(Family::PyPI.normalise(raw), normal);
        }
    }

    #[test]
    fn every_family_reads_back_by_name_and_number() {
        for (i, family) in Family::ALL.iter().enumerate() {
            assert_eq!(Family::from_osv(family.osv_name()), Some(*family));
            assert_eq!(Family::from_number(u8::try_from(i).unwrap()), Some(*family));
            assert_eq!(*family as usize, i);
        }
        assert_eq!(Family::from_number(u8::MAX), None);
    }

    #[test]
    fn families_are_found_by_any_usual_name() {
        for family in Family::ALL {
            assert_eq!(Family::from_name(family.osv_name()), Some(*family), "{family}");
            assert_eq!(
                Family::from_name(&family.osv_name().to_uppercase()),
                Some(*family),
                "{family}"
            );
        }
        for (name, family) in [
            ("gem", Family::RubyGems),
            ("composer", Family::Packagist),
            ("golang", Family::Go),
            ("cargo", Family::CratesIo),
            ("deb", Family::Debian),
            ("Debian:12", Family::Debian),
            ("redhat", Family::RedHat),
            ("rocky-linux", Family::RockyLinux),
            ("github-actions", Family::GitHubActions),
            ("vscode-extension", Family::VsCode),
        ] {
            assert_eq!(Family::from_name(name), Some(family), "{name}");
        }
        assert_eq!(Family::from_name("gentoo"), None);
        assert_eq!(Family::from_name(""), None);
    }

    #[test]
    fn root_orders_as_what_it_repackages() {
        let scheme = |text: &str| Ecosystem::parse(text).unwrap().scheme();
        assert_eq!(scheme("Root:Alpine:3.18"), Scheme::Alpine);
        assert_eq!(scheme("Root:PyPI"), Scheme::Pep440);
        assert_eq!(scheme("Root:npm"), Scheme::Unknown);
        assert_eq!(scheme("Debian:12"), Scheme::Debian);
    }

    #[test]
    fn ecosystems_keep_their_release() {
        let ubuntu = Ecosystem::parse("Ubuntu:22.04:LTS").unwrap();
        assert_eq!(ubuntu.family, Family::Ubuntu);
        assert_eq!(ubuntu.release.as_deref(), Some("22.04:LTS"));
        assert_eq!(ubuntu.to_string(), "Ubuntu:22.04:LTS");
        assert_eq!(Ecosystem::parse("Gentoo"), None);
    }
}
