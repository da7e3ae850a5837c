//! Package URLs: the name of a component.
//!
//! Follows the purl specification (ECMA-427) and its type definitions; what a type demands stands
//! in one table. Reading accepts what the specification's parser accepts,
//! writing ([`fmt::Display`]) gives the canonical form.
//!
//! Traps:
//! - Go module paths are case-sensitive, the purl of a Go module is lower case. A purl of type
//!   `golang` keeps the spelling it was made with ([`Purl::name`]), is written in lower case, and
//!   is equal to, hashes as and sorts as its lower-case form.
//! - npm names are left alone, against the type definition: names with capitals from npm's early
//!   days are packages of their own, and lower-casing would name another one.
//! - Versions are opaque: `v1.2.3` of a Go module keeps its `v`, and so does a version without.

mod parse;
mod types;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

pub use parse::PurlError;
pub(crate) use parse::decode;
use types::Type;

/// A package URL. Parts are kept decoded. Two purls are equal when their canonical forms are.
#[derive(Clone)]
pub struct Purl {
    purl_type: Type,
    namespace: Option<Box<str>>,
    name: Box<str>,
    version: Option<Box<str>>,
    /// Sorted by key; keys are distinct, values not empty.
    qualifiers: Vec<(Box<str>, Box<str>)>,
    subpath: Option<Box<str>>,
}

impl Purl {
    /// A purl of a type known at compile time, with the type's rules on spelling applied.
    /// The caller knows that `name` is not empty; where the input decides, use [`Purl::build`].
    pub fn new(purl_type: &'static str, namespace: Option<&str>, name: &str) -> Purl {
        debug_assert!(is_valid_type(purl_type), "{purl_type} is not a purl type");
        Purl::of_type(Type::of(purl_type), namespace.unwrap_or_default(), name)
    }

    fn of_type(purl_type: Type, namespace: &str, name: &str) -> Purl {
        let (namespace, name) = purl_type.rule().normalise(namespace, name);
        Purl { purl_type, namespace, name, version: None, qualifiers: Vec::new(), subpath: None }
    }

    /// The same purl at a version.
    #[must_use]
    pub fn with_version(mut self, version: &str) -> Purl {
        self.set_version(version);
        self
    }

    /// Sets the version; an empty one removes it.
    pub fn set_version(&mut self, version: &str) {
        let rule = self.purl_type.rule();
        self.version = (!version.is_empty()).then(|| rule.normalise_version(version));
    }

    /// The same purl with one more qualifier; an empty value drops it. A key that the
    /// specification does not allow is not taken.
    #[must_use]
    pub fn with_qualifier(mut self, key: &str, value: &str) -> Purl {
        self.set_qualifier(key, value);
        self
    }

    /// Sets a qualifier; an empty value drops it. A key that the specification does not allow is
    /// not taken.
    pub fn set_qualifier(&mut self, key: &str, value: &str) {
        let Some(key) = parse::qualifier_key(key) else { return };
        match self.qualifiers.binary_search_by(|(k, _)| (**k).cmp(&*key)) {
            Ok(at) if value.is_empty() => drop(self.qualifiers.remove(at)),
            Ok(at) => self.qualifiers[at].1 = value.into(),
            Err(_) if value.is_empty() => {}
            Err(at) => self.qualifiers.insert(at, (key.into(), value.into())),
        }
    }

    /// The same purl with a path inside the package.
    #[must_use]
    pub fn with_subpath(mut self, subpath: &str) -> Purl {
        self.set_subpath(subpath);
        self
    }

    /// Sets the path inside the package. Segments that are empty, `.` or `..` are left out; when
    /// nothing is left there is no subpath.
    pub fn set_subpath(&mut self, subpath: &str) {
        let significant = |s: &str| !matches!(s, "" | "." | "..");
        self.subpath = if subpath.split('/').all(significant) {
            Some(subpath.into())
        } else {
            let kept: Vec<&str> = subpath.split('/').filter(|s| significant(s)).collect();
            (!kept.is_empty()).then(|| kept.join("/").into())
        };
    }

    /// The same purl without version, qualifiers and subpath: the package.
    #[must_use]
    pub fn package(&self) -> Purl {
        Purl {
            purl_type: self.purl_type.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            version: None,
            qualifiers: Vec::new(),
            subpath: None,
        }
    }

    /// The type, in lower case.
    pub fn purl_type(&self) -> &str {
        self.purl_type.as_str()
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

    /// Whether namespace and name compare without regard to ASCII case.
    fn folds(&self) -> bool {
        self.purl_type.rule().keeps_spelling
    }
}

/// Whether the text may be the type of a purl: a letter, then letters, digits, `.` and `-`.
pub fn is_valid_type(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

impl PartialEq for Purl {
    fn eq(&self, other: &Purl) -> bool {
        self.purl_type == other.purl_type
            && if self.folds() {
                self.name.eq_ignore_ascii_case(&other.name)
                    && match (&self.namespace, &other.namespace) {
                        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                        (a, b) => a == b,
                    }
            } else {
                self.name == other.name && self.namespace == other.namespace
            }
            && self.version == other.version
            && self.qualifiers == other.qualifiers
            && self.subpath == other.subpath
    }
}

impl Eq for Purl {}

impl Hash for Purl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.purl_type().hash(state);
        for part in [self.namespace(), Some(self.name())] {
            match part {
                Some(part) if self.folds() => {
                    part.bytes().for_each(|b| state.write_u8(b.to_ascii_lowercase()));
                    state.write_u8(0xff);
                }
                part => part.hash(state),
            }
        }
        self.version.hash(state);
        self.qualifiers.hash(state);
        self.subpath.hash(state);
    }
}

impl Ord for Purl {
    fn cmp(&self, other: &Purl) -> Ordering {
        let lower = |s: &str| s.bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<u8>>();
        let package = || match self.folds() {
            true => (self.namespace().map(lower).cmp(&other.namespace().map(lower)))
                .then_with(|| lower(&self.name).cmp(&lower(&other.name))),
            false => {
                (self.namespace.cmp(&other.namespace)).then_with(|| self.name.cmp(&other.name))
            }
        };
        (self.purl_type().cmp(other.purl_type()))
            .then_with(package)
            .then_with(|| self.version.cmp(&other.version))
            .then_with(|| self.qualifiers.cmp(&other.qualifiers))
            .then_with(|| self.subpath.cmp(&other.subpath))
    }
}

impl PartialOrd for Purl {
    fn partial_cmp(&self, other: &Purl) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.purl_type.rule();
        f.write_str("pkg:")?;
        f.write_str(self.purl_type())?;
        f.write_str("/")?;
        let package = Encoded { slash: true, lower: rule.keeps_spelling };
        if let Some(namespace) = &self.namespace {
            package.write(f, namespace)?;
            f.write_str("/")?;
        }
        Encoded { slash: rule.name_is_path, ..package }.write(f, &self.name)?;
        if let Some(version) = &self.version {
            f.write_str("@")?;
            Encoded::PART.write(f, version)?;
        }
        for (i, (key, value)) in self.qualifiers.iter().enumerate() {
            f.write_str(if i == 0 { "?" } else { "&" })?;
            f.write_str(key)?;
            f.write_str("=")?;
            Encoded::PART.write(f, value)?;
        }
        if let Some(subpath) = &self.subpath {
            f.write_str("#")?;
            Encoded { slash: true, lower: false }.write(f, subpath)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purl")
            .field("purl_type", &self.purl_type())
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("version", &self.version)
            .field("qualifiers", &self.qualifiers)
            .field("subpath", &self.subpath)
            .finish()
    }
}

/// How a part is written.
#[derive(Clone, Copy)]
struct Encoded {
    /// `/` separates segments and stays.
    slash: bool,
    /// In lower case.
    lower: bool,
}

impl Encoded {
    const PART: Encoded = Encoded { slash: false, lower: false };

    /// Writes runs of plain bytes as they are, everything else as `%XX`.
    fn write(self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        let mut from = 0;
        for (at, b) in text.bytes().enumerate() {
            let plain = match b {
                b'A'..=b'Z' => !self.lower,
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => true,
                b'/' => self.slash,
                _ => false,
            };
            if plain {
                continue;
            }
            // Up to `from` all is written, and a byte that is not plain never splits a
            // character: of a longer character every byte is written here.
            f.write_str(text.get(from..at).unwrap_or_default())?;
            if b.is_ascii_uppercase() {
                write!(f, "{}", char::from(b.to_ascii_lowercase()))?;
            } else {
                write!(f, "%{b:02X}")?;
            }
            from = at + 1;
        }
        f.write_str(text.get(from..).unwrap_or_default())
    }
}
