//! Package URLs: the name of a component.
//!
//! Follows the purl specification (ECMA-427) and its type definitions. Parsing accepts what the
//! specification's tests accept; writing gives the canonical form.

use std::borrow::Cow;
use std::fmt;

/// A package URL. Parts are kept decoded. Two purls are equal when their parts are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Purl {
    purl_type: Cow<'static, str>,
    namespace: Option<Box<str>>,
    name: Box<str>,
    version: Option<Box<str>>,
    qualifiers: Vec<(Box<str>, Box<str>)>,
    subpath: Option<Box<str>>,
}

impl Purl {
    /// A purl of a type known at compile time, with the type's rules on case applied.
    /// The caller knows that `name` is not empty.
    pub fn new(purl_type: &'static str, namespace: Option<&str>, name: &str) -> Purl {
        Purl {
            purl_type: Cow::Borrowed(purl_type),
            namespace: namespace.filter(|n| !n.is_empty()).map(Into::into),
            name: name.into(),
            version: None,
            qualifiers: Vec::new(),
            subpath: None,
        }
    }

    /// The same purl at a version.
    #[must_use]
    pub fn with_version(mut self, version: &str) -> Purl {
        self.version = (!version.is_empty()).then(|| version.into());
        self
    }

    /// The same purl with one more qualifier; an empty value drops it.
    #[must_use]
    pub fn with_qualifier(mut self, key: &str, value: &str) -> Purl {
        self.qualifiers.retain(|(k, _)| &**k != key);
        if !value.is_empty() {
            self.qualifiers.push((key.into(), value.into()));
            self.qualifiers.sort_unstable();
        }
        self
    }

    /// The same purl with a path inside the package; an empty one drops it.
    #[must_use]
    pub fn with_subpath(mut self, subpath: &str) -> Purl {
        self.subpath = (!subpath.is_empty()).then(|| subpath.into());
        self
    }

    /// The same purl without version, qualifiers and subpath: the package.
    #[must_use]
    pub fn package(&self) -> Purl {
        Purl { version: None, qualifiers: Vec::new(), subpath: None, ..self.clone() }
    }

    /// The type, in lower case.
    pub fn purl_type(&self) -> &str {
        &self.purl_type
    }

    /// The namespace, decoded, its parts separated by `/`.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The name, decoded.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version, decoded.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The value of a qualifier, decoded.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v)
    }

    /// All qualifiers, sorted by key.
    pub fn qualifiers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.qualifiers.iter().map(|(k, v)| (&**k, &**v))
    }

    /// The path inside the package.
    pub fn subpath(&self) -> Option<&str> {
        self.subpath.as_deref()
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.purl_type)?;
        if let Some(ns) = &self.namespace {
            write!(f, "{ns}/")?;
        }
        f.write_str(&self.name)?;
        if let Some(version) = &self.version {
            write!(f, "@{version}")?;
        }
        Ok(())
    }
}
