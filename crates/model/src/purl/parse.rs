//! Reading and building purls, with what makes them invalid.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{Purl, Type, is_valid_type};

/// Why a text or a set of parts is not a purl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurlError {
    /// It does not start with `pkg:`.
    SchemeMissing,
    /// The type is missing or has characters that a type may not have.
    TypeInvalid,
    /// A purl of this type has a namespace.
    NamespaceMissing,
    /// A purl of this type has no namespace.
    NamespaceProhibited,
    /// There is no name.
    NameMissing,
    /// The type does not allow such a name.
    NameInvalid,
    /// The type does not allow such a version.
    VersionInvalid,
    /// The key of a qualifier has characters that it may not have.
    QualifierKey,
    /// A qualifier occurs twice.
    QualifierTwice,
    /// A `%` is not followed by two hexadecimal digits, or the decoded bytes are not UTF-8.
    Encoding,
    /// A segment of namespace or subpath hides a `/`.
    SegmentSlash,
}

impl fmt::Display for PurlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PurlError::SchemeMissing => "a purl starts with `pkg:`",
            PurlError::TypeInvalid => "the type is missing or is not a purl type",
            PurlError::NamespaceMissing => "a purl of this type needs a namespace",
            PurlError::NamespaceProhibited => "a purl of this type has no namespace",
            PurlError::NameMissing => "the name is missing",
            PurlError::NameInvalid => "the type does not allow this name",
            PurlError::VersionInvalid => "the type does not allow this version",
            PurlError::QualifierKey => "the key of a qualifier is not valid",
            PurlError::QualifierTwice => "a qualifier appears twice",
            PurlError::Encoding => "the percent-encoding is broken",
            PurlError::SegmentSlash => "a segment contains an encoded `/`",
        })
    }
}

impl std::error::Error for PurlError {}

impl Purl {
    /// Reads a purl, canonical or not.
    ///
    /// # Errors
    /// The text is not a purl, or its type does not allow these parts.
    pub fn parse(text: &str) -> Result<Purl, PurlError> {
        let text = text.trim();
        let rest = match text.split_at_checked(4) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("pkg:") => rest,
            _ => return Err(PurlError::SchemeMissing),
        };
        let (rest, subpath) = rest.rsplit_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let rest = rest.trim_start_matches('/');
        let (purl_type, path) = rest.split_once('/').ok_or(PurlError::TypeInvalid)?;
        let (path, version) = split_version(path);
        let path = path.trim_end_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));

        let qualifiers = qualifiers
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((key, decode(value)?))
            })
            .collect::<Result<Vec<_>, PurlError>>()?;
        Purl::build(
            purl_type,
            Some(&decode_segments(namespace)?),
            &decode(name)?,
            Some(&decode(version)?),
            qualifiers.iter().map(|(key, value)| (*key, &**value)),
            Some(&decode_segments(subpath)?),
        )
    }

    /// Builds a purl from decoded parts, with the type's rules on spelling applied. Empty parts
    /// and qualifiers without a value count as absent.
    ///
    /// # Errors
    /// The type is not valid or does not allow these parts, there is no name, or the key of a
    /// qualifier is not valid or stands twice.
    pub fn build<'a>(
        purl_type: &str,
        namespace: Option<&str>,
        name: &str,
        version: Option<&str>,
        qualifiers: impl IntoIterator<Item = (&'a str, &'a str)>,
        subpath: Option<&str>,
    ) -> Result<Purl, PurlError> {
        if !is_valid_type(purl_type) {
            return Err(PurlError::TypeInvalid);
        }
        let purl_type = Type::of(&lowered(purl_type));
        let mut purl = Purl::of_type(purl_type, namespace.unwrap_or_default(), name);
        purl.set_version(version.unwrap_or_default());
        purl.set_subpath(subpath.unwrap_or_default());
        for (key, value) in qualifiers {
            let key = qualifier_key(key).ok_or(PurlError::QualifierKey)?;
            if !value.is_empty() {
                purl.qualifiers.push((key.into(), value.into()));
            }
        }
        purl.qualifiers.sort_unstable();
        if purl.qualifiers.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(PurlError::QualifierTwice);
        }
        purl.purl_type.rule().check(purl.namespace(), purl.name(), purl.version())?;
        Ok(purl)
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Purl, PurlError> {
        Purl::parse(text)
    }
}

/// Splits at the last `@`, unless that is the sign of an npm scope which should have been
/// encoded (`pkg:npm/@scope/name`).
fn split_version(path: &str) -> (&str, &str) {
    match path.rsplit_once('@') {
        Some((before, after))
            if (before.is_empty() || before.ends_with('/')) && after.contains('/') =>
        {
            (path, "")
        }
        Some(parts) => parts,
        None => (path, ""),
    }
}

/// The key in lower case, if it may be one.
pub(super) fn qualifier_key(key: &str) -> Option<Cow<'_, str>> {
    let valid = key.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    valid.then(|| lowered(key))
}

fn lowered(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// Decodes a path segment by segment; a `/` that was encoded is no separator and is refused.
fn decode_segments(path: &str) -> Result<Cow<'_, str>, PurlError> {
    if !path.contains('%') {
        return Ok(Cow::Borrowed(path));
    }
    let segments = path
        .split('/')
        .map(|segment| match decode(segment)? {
            decoded if decoded.contains('/') => Err(PurlError::SegmentSlash),
            decoded => Ok(decoded),
        })
        .collect::<Result<Vec<_>, PurlError>>()?;
    Ok(Cow::Owned(segments.join("/")))
}

/// Decodes `%XX`.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, PurlError> {
    let Some((plain, _)) = text.split_once('%') else { return Ok(Cow::Borrowed(text)) };
    let digit = |b: Option<u8>| char::from(b?).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(plain.as_bytes());
    let mut bytes = text.bytes().skip(plain.len());
    while let Some(b) = bytes.next() {
        if b == b'%' {
            let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
                return Err(PurlError::Encoding);
            };
            out.push(high << 4 | low);
        } else {
            out.push(b);
        }
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| PurlError::Encoding)
}
