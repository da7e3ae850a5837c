//! The types of VERS and the order of versions in each.

use std::cmp::Ordering;

use super::VersError;
use crate::purl::is_valid_type;
use crate::version::{Scheme, Version};

/// Where the order of a type comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// One of our schemes; [`Scheme::Unknown`] where there is none.
    Scheme(Scheme),
    /// The order of bytes (`lexicographic`).
    Bytes,
    /// Moments in RFC 3339 with `T` and `Z` (`datetime`).
    Moment,
}

/// A type of VERS: mostly the type of the purls whose versions it orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersType {
    name: Box<str>,
    order: Order,
}

impl VersType {
    /// Reads the name of a type, in lower case. One that is not known is valid and has no order.
    ///
    /// # Errors
    /// The name is not valid, or is the reserved `invalid`.
    pub fn parse(name: &str) -> Result<VersType, VersError> {
        let upper = name.bytes().any(|b| b.is_ascii_uppercase());
        if upper || !is_valid_type(name) || name == "invalid" {
            return Err(VersError::TypeInvalid);
        }
        let order = match name {
            "lexicographic" => Order::Bytes,
            "datetime" => Order::Moment,
            _ => Order::Scheme(scheme(name)),
        };
        Ok(VersType { name: name.into(), order })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether every version of the type must be understood.
    pub(super) fn is_strict(&self) -> bool {
        self.order == Order::Moment
    }

    /// The place of a version in the order. `None` if the type does not understand it.
    pub fn point(&self, version: &str) -> Option<Point> {
        let key = match self.order {
            // Conan ends a range at `2-`: before all pre-releases of 2, of which `2-0` is the first.
            Order::Scheme(Scheme::Conan) if version.ends_with('-') => {
                Version::parse(Scheme::Conan, &format!("{version}0")).ok()?.key().into()
            }
            Order::Scheme(scheme) => Version::parse(scheme, version).ok()?.key().into(),
            Order::Bytes => version.as_bytes().into(),
            Order::Moment => moment(version)?,
        };
        Some(Point { text: version.into(), key, order: self.order })
    }
}

fn scheme(name: &str) -> Scheme {
    match name {
        "npm" | "cargo" | "semver" | "hex" | "julia" | "swift" | "github" | "githubactions"
        | "bitnami" | "vscode-extension" | "nginx" => Scheme::SemVer,
        "golang" | "go" => Scheme::Go,
        "pub" => Scheme::Pub,
        "pypi" => Scheme::Pep440,
        "maven" => Scheme::Maven,
        "nuget" => Scheme::NuGet,
        "gem" => Scheme::RubyGems,
        "composer" => Scheme::Packagist,
        "deb" => Scheme::Debian,
        "apk" | "alpine" => Scheme::Alpine,
        "rpm" => Scheme::Rpm,
        "cran" | "bioconductor" => Scheme::Cran,
        "hackage" | "intdot" => Scheme::Hackage,
        "conan" => Scheme::Conan,
        _ => Scheme::Unknown,
    }
}

/// A key of nanoseconds since the epoch.
fn moment(text: &str) -> Option<Box<[u8]>> {
    if text.bytes().any(|b| b.is_ascii_lowercase()) || !text.contains('T') {
        return None;
    }
    let nanoseconds = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    Some(((nanoseconds as u128) ^ (1 << 127)).to_be_bytes().into())
}

/// A version at its place in the order of its type.
#[derive(Debug, Clone)]
pub struct Point {
    text: Box<str>,
    key: Box<[u8]>,
    order: Order,
}

impl Point {
    /// The version.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Ord for Point {
    fn cmp(&self, other: &Point) -> Ordering {
        match self.order {
            Order::Scheme(scheme) => scheme.compare_keys(&self.key, &other.key),
            Order::Bytes | Order::Moment => self.key.cmp(&other.key),
        }
    }
}

impl PartialOrd for Point {
    fn partial_cmp(&self, other: &Point) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Point {
    fn eq(&self, other: &Point) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Point {}
