//! Versions and their order, one file per scheme.
//!
//! A version is parsed once into an order key: bytes whose lexicographic order is the order of
//! the scheme. The advisory index stores such keys, so that a look-up compares and never parses.
//! A version that its scheme does not understand is an [`UnknownVersion`], never a guess.

pub mod flavour;

use std::cmp::Ordering;
use std::fmt;

macro_rules! schemes {
    ($( $variant:ident, $module:ident, $name:literal; )*) => {
        $( pub mod $module; )*

        /// An order of versions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Scheme {
            $( #[doc = concat!("See [`", stringify!($module), "`].")] $variant, )*
            /// An ecosystem whose order is not known: every comparison is unknown.
            Unknown,
        }

        impl Scheme {
            /// Every scheme, in the order of the table.
            pub const ALL: &[Scheme] = &[ $( Scheme::$variant, )* Scheme::Unknown ];

            /// The name of the scheme in output.
            pub const fn as_str(self) -> &'static str {
                match self { $( Scheme::$variant => $name, )* Scheme::Unknown => "unknown" }
            }

            /// The order key of a version.
            fn key(self, text: &str) -> Option<Vec<u8>> {
                match self { $( Scheme::$variant => $module::key(text), )* Scheme::Unknown => None }
            }
        }
    };
}

schemes! {
    SemVer, semver, "semver";
    Go, go, "go";
    Pub, pub_, "pub";
    Pep440, pep440, "pep440";
    Maven, maven, "maven";
    NuGet, nuget, "nuget";
    RubyGems, rubygems, "rubygems";
    Packagist, packagist, "packagist";
    Debian, debian, "debian";
    Alpine, alpine, "alpine";
    Rpm, rpm, "rpm";
    Cran, cran, "cran";
    Hackage, hackage, "hackage";
    Conan, conan, "conan";
    Opam, opam, "opam";
    FreeBsd, freebsd, "freebsd";
    Bitnami, bitnami, "bitnami";
}

/// The longest version text that is parsed, in bytes. Longer ones are unknown.
pub const MAX_VERSION_LEN: usize = 512;

/// A version that its scheme does not understand, or that has no scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownVersion {
    /// The scheme that was asked.
    pub scheme: Scheme,
    /// The text that it did not understand.
    pub text: Box<str>,
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a version that {} can order", self.text, self.scheme.as_str())
    }
}

impl std::error::Error for UnknownVersion {}

/// A version that can be compared with others of its scheme.
#[derive(Debug, Clone)]
pub struct Version {
    scheme: Scheme,
    text: Box<str>,
    key: Box<[u8]>,
}

impl Version {
    /// Parses a version.
    ///
    /// # Errors
    /// The scheme does not understand the text, or it is longer than [`MAX_VERSION_LEN`].
    pub fn parse(scheme: Scheme, text: &str) -> Result<Version, UnknownVersion> {
        let text = text.trim();
        let key =
            if text.is_empty() || text.len() > MAX_VERSION_LEN { None } else { scheme.key(text) };
        match key {
            Some(key) => Ok(Version { scheme, text: text.into(), key: key.into() }),
            None => Err(UnknownVersion { scheme, text: text.into() }),
        }
    }

    /// The scheme that orders it.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The text it was parsed from, trimmed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The order key: see [`Scheme::compare_keys`].
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Whether its place is certain enough to bound a range of an advisory. What is not PEP 440 is
    /// ordered below everything that is; a bound that is misspelled (`fixed: "2.2."`) would so
    /// make a range without an end.
    pub fn can_bound(&self) -> bool {
        self.scheme != Scheme::Pep440 || pep440::is_standard(&self.key)
    }

    /// The order of two versions of one scheme. `None` if the schemes differ.
    pub fn compare(&self, other: &Version) -> Option<Ordering> {
        (self.scheme == other.scheme).then(|| self.scheme.compare_keys(&self.key, &other.key))
    }
}

impl Scheme {
    /// The order of two keys that this scheme made. Never panics, whatever the bytes.
    pub fn compare_keys(self, a: &[u8], b: &[u8]) -> Ordering {
        a.cmp(b)
    }

    /// The order of two versions as text. `None` is unknown: one of them is not a version that
    /// this scheme understands.
    pub fn compare(self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (Version::parse(self, a).ok()?, Version::parse(self, b).ok()?);
        a.compare(&b)
    }

    /// The scheme back from its number in the index. `None` for a number of a later build.
    pub fn from_number(number: u8) -> Option<Scheme> {
        Scheme::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Appends a number of any length so that byte order is numeric order: the count of its digits
/// without leading zeros, then the digits. `None` if `digits` has anything else, or over 250 digits.
pub(crate) fn push_number(key: &mut Vec<u8>, digits: &str) -> Option<()> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let count = u8::try_from(digits.len()).ok().filter(|n| *n <= 250)?;
    key.push(count);
    key.extend_from_slice(digits.as_bytes());
    Some(())
}

/// Appends numbers that are compared one by one, the shorter list below the longer.
fn push_numbers<'a>(numbers: impl Iterator<Item = &'a str>) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(16);
    for number in numbers {
        key.push(1);
        push_number(&mut key, number)?;
    }
    key.push(0);
    Some(key)
}

/// Whether a text looks like an abbreviated or whole Git commit: seven hexadecimal digits
/// or more, in which letters come first or more than once (`20230101a` and `1a20230101` are
/// versions).
fn is_commit_hash(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
    let runs = text.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()).count();
    let letters_first = text.starts_with(|c: char| c.is_ascii_lowercase());
    matches!(text.len(), 7..=40 | 64) && text.bytes().all(hex) && (letters_first || runs > 3)
}
