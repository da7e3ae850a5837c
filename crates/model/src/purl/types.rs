//! What each purl type requires of namespace, name and version: one table.
//!
//! Source: the type definitions of the purl specification. A type that is not in the table is valid
//! and has no requirements.

use std::borrow::Cow;

use super::PurlError;
use crate::ecosystem::Family;

/// How a part is spelled in the canonical form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    /// As it is.
    Keep,
    /// ASCII lower case.
    Lower,
    /// PEP 503.
    Pep503,
}

/// Whether a purl of the type has a namespace. Only what the specification's tests require:
/// refusing more would lose components of other tools' inventories.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Optional,
    Required,
    Prohibited,
}

/// The demands of one type.
pub(super) struct TypeRule {
    name: &'static str,
    namespace: Fold,
    package: Fold,
    version: Fold,
    need: Need,
    /// Namespace and name are lower case when written and compared, and keep their spelling here.
    pub(super) keeps_spelling: bool,
    /// The namespace is one segment, the name all the others (`git`).
    pub(super) name_is_path: bool,
    /// More about name and version.
    check: fn(&str, Option<&str>) -> Result<(), PurlError>,
}

static ANY_RULE: TypeRule = ANY;

const ANY: TypeRule = TypeRule {
    name: "",
    namespace: Fold::Keep,
    package: Fold::Keep,
    version: Fold::Keep,
    need: Need::Optional,
    keeps_spelling: false,
    name_is_path: false,
    check: |_, _| Ok(()),
};

/// A type without demands.
const fn plain(name: &'static str) -> TypeRule {
    TypeRule { name, ..ANY }
}

/// A type whose namespace and name are lower case.
const fn lower(name: &'static str) -> TypeRule {
    TypeRule { name, namespace: Fold::Lower, package: Fold::Lower, ..ANY }
}

/// Sorted by name.
static TYPES: &[TypeRule] = &[
    lower("alpm"),
    lower("apk"),
    plain("bazel"),
    plain("bioconductor"),
    lower("bitbucket"),
    lower("bitnami"),
    lower("brew"),
    plain("cargo"),
    TypeRule { check: chrome_extension, ..plain("chrome-extension") },
    plain("cocoapods"),
    lower("composer"),
    plain("conan"),
    plain("conda"),
    TypeRule { need: Need::Required, ..plain("cpan") },
    plain("cran"),
    lower("deb"),
    plain("docker"),
    plain("gem"),
    plain("generic"),
    TypeRule { name_is_path: true, ..plain("git") },
    lower("github"),
    lower("githubactions"),
    TypeRule { keeps_spelling: true, ..plain("golang") },
    plain("hackage"),
    lower("hex"),
    TypeRule { version: Fold::Lower, ..plain("huggingface") },
    plain("julia"),
    lower("luarocks"),
    plain("maven"),
    plain("mlflow"),
    plain("npm"),
    plain("nuget"),
    lower("oci"),
    plain("opam"),
    TypeRule { need: Need::Prohibited, ..plain("otp") },
    lower("pub"),
    TypeRule { package: Fold::Pep503, ..plain("pypi") },
    TypeRule { namespace: Fold::Lower, ..plain("qpkg") },
    TypeRule { namespace: Fold::Lower, ..plain("rpm") },
    plain("swid"),
    TypeRule { need: Need::Required, ..plain("swift") },
    TypeRule { need: Need::Required, version: Fold::Lower, ..lower("vscode-extension") },
    plain("yocto"),
];

/// The type of a purl. One that the table knows is never `Other`.
#[derive(Clone)]
pub(super) enum Type {
    Known(&'static TypeRule),
    Other(Box<str>),
}

impl Type {
    /// The type of that name, which is in lower case.
    pub(super) fn of(name: &str) -> Type {
        match TYPES.binary_search_by(|rule| rule.name.cmp(name)) {
            Ok(at) => Type::Known(&TYPES[at]),
            Err(_) => Type::Other(name.into()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Type::Known(rule) => rule.name,
            Type::Other(name) => name,
        }
    }

    pub(super) fn rule(&self) -> &'static TypeRule {
        match self {
            Type::Known(rule) => rule,
            Type::Other(_) => &ANY_RULE,
        }
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Known(a), Type::Known(b)) => std::ptr::eq(*a, *b),
            (Type::Other(a), Type::Other(b)) => a == b,
            _ => false,
        }
    }
}

impl TypeRule {
    /// Namespace and name in the spelling in which a purl keeps them.
    pub(super) fn normalise(&self, namespace: &str, name: &str) -> (Option<Box<str>>, Box<str>) {
        if self.name_is_path {
            return path_name(namespace, name);
        }
        let namespace = segments(namespace);
        let namespace = self.namespace.apply(&namespace);
        let name = self.package.apply(name.trim_matches('/'));
        ((!namespace.is_empty()).then(|| namespace.into()), name.into())
    }

    pub(super) fn normalise_version(&self, version: &str) -> Box<str> {
        self.version.apply(version).into()
    }

    /// Whether a purl of this type may have these parts.
    pub(super) fn check(
        &self,
        namespace: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<(), PurlError> {
        match (self.need, namespace) {
            (Need::Required, None) => Err(PurlError::NamespaceMissing),
            (Need::Prohibited, Some(_)) => Err(PurlError::NamespaceProhibited),
            _ if name.is_empty() => Err(PurlError::NameMissing),
            _ => (self.check)(name, version),
        }
    }
}

impl Fold {
    fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Fold::Lower if text.bytes().any(|b| b.is_ascii_uppercase()) => {
                Cow::Owned(text.to_ascii_lowercase())
            }
            Fold::Keep | Fold::Lower => Cow::Borrowed(text),
            Fold::Pep503 => Family::PyPI.normalise(text),
        }
    }
}

/// The path without empty segments.
fn segments(path: &str) -> Cow<'_, str> {
    let path = path.trim_matches('/');
    if !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let kept: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    Cow::Owned(kept.join("/"))
}

/// The first segment of the two, and the others.
fn path_name(namespace: &str, name: &str) -> (Option<Box<str>>, Box<str>) {
    let path = [namespace, name].join("/");
    let path = segments(&path);
    match path.split_once('/') {
        Some((first, others)) => (Some(first.into()), others.into()),
        None => (None, path.into()),
    }
}

/// 32 letters from `a` to `p`; a version of one to four numbers.
fn chrome_extension(name: &str, version: Option<&str>) -> Result<(), PurlError> {
    if name.len() != 32 || !name.bytes().all(|b| matches!(b, b'a'..=b'p')) {
        return Err(PurlError::NameInvalid);
    }
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match version {
        Some(v) if v.split('.').count() > 4 || !v.split('.').all(number) => {
            Err(PurlError::VersionInvalid)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn every_family_has_a_known_type() {
        for family in Family::ALL.iter().filter(|f| !f.purl_type().is_empty()) {
            assert!(matches!(Type::of(family.purl_type()), Type::Known(_)), "{family}");
        }
    }
}
