//! Entity tags: what has not changed is not sent again, and what has changed is not overwritten
//! unseen.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::is_api;
use crate::access::secret::hex;
use crate::problem::Problem;

/// The tag of something's bytes.
pub(crate) fn tag(bytes: &[u8]) -> String {
    let digest = hex(&Sha256::digest(bytes));
    format!("\"{}\"", digest.get(..32).unwrap_or_default())
}

/// Gives what the API lists and shows a tag, and says `304` to who has it already.
pub(crate) async fn tagged(request: Request, next: Next) -> Response {
    let asked = request.method() == Method::GET && is_api(request.uri().path());
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    let json =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v == "application/json");
    let own = response.headers().contains_key(header::ETAG);
    if !asked || response.status() != StatusCode::OK || !(json || own) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = if own {
        body
    } else {
        // It is in memory already: lists have pages.
        let Ok(bytes) = to_bytes(body, usize::MAX).await else {
            return Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR, "").into_response();
        };
        if let Ok(value) = HeaderValue::from_str(&tag(&bytes)) {
            parts.headers.insert(header::ETAG, value);
        }
        Body::from(bytes)
    };
    let private = HeaderValue::from_static("private, no-cache");
    parts.headers.entry(header::CACHE_CONTROL).or_insert(private);
    let tag = parts.headers.get(header::ETAG).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if known.is_some_and(|known| lists(&known, tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, body)
}

/// Whether a header's list of tags has one. A weak one is as good: bytes are compared here.
fn lists(header: &HeaderValue, tag: &str) -> bool {
    let Ok(text) = header.to_str() else { return false };
    text.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
}

/// That something stands as who changes it believes: `If-Match` names its version, `If-None-Match: *`
/// says that there is none yet. `current`: its version, if it is there.
///
/// # Errors
/// It does not.
pub(crate) fn stands(headers: &HeaderMap, current: Option<&str>) -> Result<(), Problem> {
    if let Some(wanted) = headers.get(header::IF_MATCH)
        && !current.is_some_and(|current| lists(wanted, &format!("\"{current}\"")))
    {
        return Err(Problem::changed());
    }
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|v| v == "*");
    if fresh && current.is_some() { Err(Problem::changed()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_otherwise_is_not_overwritten() {
        let may = |name: &'static str, value: &'static str, current: Option<&str>| {
            let headers = [(name, value)]
                .map(|(n, v)| (header::HeaderName::from_static(n), HeaderValue::from_static(v)));
            stands(&HeaderMap::from_iter(headers), current).is_ok()
        };
        assert!(may("if-match", "\"a\"", Some("a")) && may("if-match", "\"b\", \"a\"", Some("a")));
        assert!(may("if-match", "*", Some("a")) && !may("if-match", "*", None));
        assert!(!may("if-match", "\"b\"", Some("a")) && !may("if-match", "a", Some("a")));
        assert!(may("if-none-match", "*", None) && !may("if-none-match", "*", Some("a")));
        assert!(may("accept", "x", None) && may("accept", "x", Some("a")));
        assert_eq!(tag(b"x").len(), 34);
        assert_ne!(tag(b"x"), tag(b"y"));
    }
}
