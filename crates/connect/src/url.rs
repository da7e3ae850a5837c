//! Addresses. One is read once, and its credentials never show: not in messages, not in
//! `Debug`, not in what is written to disk. A query may hold a token and does not show either.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use ureq::http::Uri;

/// What is escaped in a segment of a path (RFC 3986: everything but `pchar`).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// An `https` or `http` address.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    secure: bool,
    /// Host and port.
    authority: Box<str>,
    /// With the leading slash.
    path: Box<str>,
    query: Option<Box<str>>,
    /// The value of an `Authorization` header.
    authorization: Option<Box<str>>,
}

/// Why a text is not an address that can be fetched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// Neither `https` nor `http`.
    Scheme,
    /// Not an address at all.
    Malformed,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlError::Scheme => "an address begins with https:// or http://",
            UrlError::Malformed => "it is not an address",
        })
    }
}

impl std::error::Error for UrlError {}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Url, UrlError> {
        // A fragment is for the reader, not for the server.
        let text = text.split('#').next().unwrap_or(text);
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(UrlError::Scheme),
        };
        let whole = uri.authority().ok_or(UrlError::Malformed)?.as_str();
        let (user, authority) = match whole.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, whole),
        };
        if authority.is_empty() {
            return Err(UrlError::Malformed);
        }
        Ok(Url {
            secure,
            authority: authority.to_ascii_lowercase().into(),
            path: if uri.path().is_empty() { "/".into() } else { uri.path().into() },
            query: uri.query().map(Into::into),
            authorization: user.map(basic),
        })
    }
}

/// RFC 7617.
fn basic(user: &str) -> Box<str> {
    let mut plain: Vec<u8> = Vec::new();
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    plain.extend(percent_decode_str(name));
    plain.push(b':');
    plain.extend(percent_decode_str(password));
    format!("Basic {}", STANDARD.encode(plain)).into()
}

impl Url {
    /// Whether a text looks like an address and not like a path.
    pub fn is_url(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| {
            scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether a secret may go there: over an encrypted connection, or to this machine.
    pub(crate) fn keeps_secrets(&self) -> bool {
        let host = self.authority.rsplit_once(':').map_or(&*self.authority, |(host, _)| host);
        self.secure || ["127.0.0.1", "localhost", "[::1]"].contains(&host)
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The address of something below this folder. Each part is one segment and is escaped.
    #[must_use]
    pub fn join(&self, parts: &[&str]) -> Url {
        let mut path = self.path.trim_end_matches('/').to_owned();
        for part in parts {
            path.push('/');
            path.extend(utf8_percent_encode(part, SEGMENT));
        }
        Url { path: path.into(), ..self.clone() }
    }

    /// The same address with a suffix on its last segment.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Url {
        Url { path: format!("{}{suffix}", self.path).into(), ..self.clone() }
    }

    /// The folder above. `None` at the root.
    pub fn parent(&self) -> Option<Url> {
        let (above, last) = self.path.trim_end_matches('/').rsplit_once('/')?;
        if last.is_empty() {
            return None;
        }
        Some(Url { path: format!("{above}/").into(), ..self.clone() })
    }

    /// Where a `Location` leads. Credentials go along only to the same server, and never from
    /// `https` to `http`.
    pub(crate) fn follow(&self, location: &str) -> Result<Url, UrlError> {
        let location = location.trim();
        let absolute = if Url::is_url(location) {
            location.to_owned()
        } else if let Some(rest) = location.strip_prefix("//") {
            format!("{}://{rest}", self.scheme())
        } else if location.starts_with('/') {
            format!("{}://{}{location}", self.scheme(), self.authority)
        } else {
            let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{}://{}{folder}/{location}", self.scheme(), self.authority)
        };
        let mut next: Url = absolute.parse()?;
        if next.authority == self.authority && next.secure == self.secure {
            next.authorization = next.authorization.or_else(|| self.authorization.clone());
        }
        Ok(next)
    }

    /// What is sent to the server, credentials aside.
    pub(crate) fn request_target(&self) -> String {
        let query = self.query.as_deref().map(|q| format!("?{q}")).unwrap_or_default();
        format!("{}://{}{}{query}", self.scheme(), self.authority, self.path)
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority, self.path)?;
        if self.query.is_some() { f.write_str("?…") } else { Ok(()) }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn secrets_do_not_show() {
        let url = url("https://ann:s%3Acret@mirror.example:8443/osv?token=hidden#part");
        for shown in [url.to_string(), format!("{url:?}"), format!("{:?}", Some(&url))] {
            assert!(!shown.contains("ann") && !shown.contains("cret"), "{shown}");
            assert!(!shown.contains("hidden"), "{shown}");
        }
        // RFC 7617 over `ann:s:cret`.
        assert_eq!(url.authorization(), Some("Basic YW5uOnM6Y3JldA=="));
        assert_eq!(url.request_target(), "https://mirror.example:8443/osv?token=hidden");
    }

    #[test]
    fn segments_are_escaped_and_folders_have_parents() {
        let base = url("http://mirror.example/data/osv/");
        let zip = base.join(&["GitHub Actions", "all.zip"]);
        assert_eq!(zip.to_string(), "http://mirror.example/data/osv/GitHub%20Actions/all.zip");
        assert_eq!(base.join(&["../x?y"]).to_string(), "http://mirror.example/data/osv/..%2Fx%3Fy");
        assert_eq!(base.parent().unwrap().to_string(), "http://mirror.example/data/");
        assert_eq!(url("http://mirror.example").parent(), None);
        assert_eq!(url("http://mirror.example/").parent(), None);
    }

    #[test]
    fn a_redirect_is_followed_relative_to_where_it_came_from() {
        let from = url("https://ann:secret@mirror.example/a/b");
        let to = |location: &str| from.follow(location).unwrap();
        assert_eq!(to("c").to_string(), "https://mirror.example/a/c");
        assert_eq!(to("/c").to_string(), "https://mirror.example/c");
        assert_eq!(to("//other.example/c").to_string(), "https://other.example/c");
        assert!(to("/c").authorization().is_some());
        assert!(to("https://other.example/c").authorization().is_none());
        assert!(to("http://mirror.example/c").authorization().is_none());
        assert_eq!(from.follow("ftp://mirror.example/c"), Err(UrlError::Scheme));
    }

    #[test]
    fn a_path_is_not_an_address() {
        for text in ["data/osv", "C:\\data", "C://data", "./x", ""] {
            assert!(!Url::is_url(text), "{text}");
        }
        assert!(Url::is_url("https://mirror.example"));
    }
}
