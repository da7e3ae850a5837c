//! What stands around every answer: its number, its headers, and problems where a library would
//! only say a word.

pub(crate) mod counted;
pub(crate) mod tags;

use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::problem::Problem;
use crate::state::App;
use crate::web::Sorry;

/// The number of a request, in its answer and in every line of the log about it.
const REQUEST: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer says to browsers.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, trimtab_pages::CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What is shown to one person is nobody else's.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Every error of the API is a problem, every other one a page: what a library refuses with a word,
/// too.
pub(crate) async fn problems(request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path());
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let told =
        kind.is_some_and(|k| ["application/problem", "text/html"].iter().any(|t| k.starts_with(t)));
    // What a page's library says to a broken server is for those who ask whether it lives.
    if told || !(status.is_client_error() || api && status.is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let said = to_bytes(body, 4096).await.unwrap_or_default();
    let problem = Problem::of_status(status, String::from_utf8_lossy(&said).trim());
    let mut response =
        if api { problem.into_response() } else { Sorry::from(problem).into_response() };
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// Whether programs read what is there.
pub(crate) fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// Numbers a request, and logs how it ended. What the log says of the address is its pattern: an
/// address may hold a secret.
pub(crate) async fn numbered(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(fresh);
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST, value);
    }
    let route = request.extensions().get::<MatchedPath>().map(|p| p.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unknown".to_owned());
    let method = request.method().as_str().to_owned();
    let span = tracing::info_span!(
        "request",
        id,
        method,
        route,
        otel.name = format!("{} {route}", known(&method)),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
    );
    crate::traces::follow(&span, request.headers());
    let begun = std::time::Instant::now();
    async move {
        let mut response = next.run(request).await;
        let (status, took) = (response.status().as_u16(), begun.elapsed());
        let labels = counted::Request { method: known(&method), route, status: status.to_string() };
        app.counters.requests.get_or_create(&labels).observe(took.as_secs_f64());
        let ms = took.as_millis();
        let span = tracing::Span::current();
        span.record("http.response.status_code", status);
        if response.status().is_server_error() {
            span.record("otel.status_code", "ERROR");
            tracing::warn!(status, ms, "answered");
        } else {
            tracing::debug!(status, ms, "answered");
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST, value);
        }
        response
    }
    .instrument(span)
    .await
}

/// A method, if it is one of the usual: anybody may invent others.
fn known(method: &str) -> String {
    let usual = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    if usual.contains(&method) { method.to_owned() } else { "other".to_owned() }
}

/// The number that a proxy gave it, if it can stand in a log.
fn given(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST)?.to_str().ok()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!text.is_empty() && text.len() <= 64 && text.chars().all(fits)).then(|| text.to_owned())
}

fn fresh() -> String {
    let mut bytes = [0u8; 12];
    match getrandom::fill(&mut bytes) {
        Ok(()) => crate::access::secret::hex(&bytes),
        Err(_) => "unnumbered".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_could_not_stand_in_a_log_is_replaced() {
        let of = |text: &'static [u8]| {
            let value = HeaderValue::from_bytes(text).unwrap();
            given(&HeaderMap::from_iter([(REQUEST, value)]))
        };
        assert_eq!(of(b"a-1.b_2").as_deref(), Some("a-1.b_2"));
        for wrong in [&b""[..], b"a b", b"\"}{\"", b"\xff", &[b'a'; 65]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        assert_ne!(fresh(), fresh());
    }
}
