//! Requests that come twice. `Idempotency-Key` on a POST of the API: it is done once, and its answer
//! given again.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use trimtab_store::{Org, Reserved};

use crate::access::Who;
use crate::access::secret::hex;
use crate::problem::Problem;
use crate::sent::{Arrived, Sent};
use crate::state::App;

/// The name of the header.
const KEY: &str = "idempotency-key";
/// The longest key.
const LONGEST: usize = 200;
/// The largest request that is no upload, and the largest answer that is kept.
const MOST: usize = 1 << 20;
/// Answers that hold a secret are never kept.
fn holds_secret(path: &str) -> bool {
    let below = |folder: &str, name: &str| path.starts_with(folder) && path.ends_with(name);
    matches!(path, "/api/v1/tokens" | "/api/v1/people" | "/api/v1/shares")
        || below("/api/v1/tokens/", "/signing")
        || below("/api/v1/people/", "/link")
        || below("/api/v1/teams/", "/calendar")
        || below("/api/v1/suppliers/", "/links")
}

/// Whose bodies are documents, and may be large.
const UPLOADS: [&str; 4] =
    ["/api/v1/snapshots", "/api/v1/reports", "/api/v1/vex", "/api/v1/deployments/kubernetes"];

/// Does what has a key once.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let applies = request.method() == Method::POST && path.starts_with("/api/");
    let Some(key) = request.headers().get(KEY).filter(|_| applies) else {
        return next.run(request).await;
    };
    if holds_secret(path) {
        let detail =
            "This answer holds a secret, so that it is not kept: leave `Idempotency-Key` away.";
        return Problem::invalid(detail).into_response();
    }
    let Some(key) = key.to_str().ok().filter(|k| !k.is_empty() && k.len() <= LONGEST) else {
        let detail = format!(
            "`Idempotency-Key` must be 1 to {LONGEST} letters, digits and punctuation marks."
        );
        return Problem::invalid(detail).into_response();
    };
    let key = key.to_owned();
    match keyed(&app, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn keyed(app: &App, key: &str, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Ok(who) = Who::from_request_parts(&mut parts, app).await else {
        // The handler says why.
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let is_upload = UPLOADS.contains(&parts.uri.path());
    let most = if is_upload { app.settings.largest_upload } else { MOST as u64 };
    let sent = Sent::read(body, most).await?;
    let mut digest = Sha256::new();
    digest.update(parts.uri.to_string());
    digest.update([0]);
    digest.update(&sent.digest);
    let digest = hex(&digest.finalize());
    let name = format!("{} {key}", who.actor());
    let work = async {
        let body = if is_upload {
            parts.extensions.insert(Arrived::new(sent));
            Body::empty()
        } else {
            Body::from(sent.bytes(MOST).await?)
        };
        Ok(next.run(Request::from_parts(parts, body)).await)
    };
    named(app, (who.org, &name, &digest), is_answer, work).await
}

/// Does work of a name once; the same again (by its digest) has the same answer. `keeps` says of which
/// status an answer is: what has another may be tried again.
///
/// # Errors
/// It is being done, something else had the name, or the work has them.
pub(crate) async fn named(
    app: &App,
    (org, name, digest): (Org, &str, &str),
    keeps: fn(StatusCode) -> bool,
    work: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    match app.store.reserve_answer(org, name, digest, app.now()).await? {
        Reserved::Fresh => {}
        Reserved::Answered(status, text) => return Ok(again(status, text)),
        Reserved::Running => {
            let detail = "The same request is being done. Try again in a moment.";
            let problem = Problem::new(StatusCode::CONFLICT, "running", "Being done", detail);
            let mut response = problem.into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            return Ok(response);
        }
        Reserved::Other => {
            let detail =
                "Another request had this key or number: take a new one for a new request.";
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-used",
                "The key was used",
                detail,
            ));
        }
    }
    let (parts, body) = work.await.unwrap_or_else(IntoResponse::into_response).into_parts();
    let bytes = to_bytes(body, MOST).await;
    let text = bytes.as_ref().ok().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let keep = text.filter(|_| keeps(parts.status));
    app.store.keep_answer(org, name, keep.map(|text| (parts.status.as_u16(), text))).await?;
    Ok(Response::from_parts(parts, Body::from(bytes.unwrap_or_default())))
}

/// Whether a status is an answer to the request. What failed here, or who asked too often or may not, says
/// nothing about it: it may be tried again.
fn is_answer(status: StatusCode) -> bool {
    let refused = [
        StatusCode::BAD_REQUEST,
        StatusCode::NOT_FOUND,
        StatusCode::CONFLICT,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    status.is_success() || refused.contains(&status)
}

/// The answer that was given.
fn again(status: u16, text: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true")),
    ];
    (status, headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::holds_secret;

    #[test]
    fn answers_with_a_secret_are_known_by_their_path() {
        assert!(holds_secret("/api/v1/teams/1/calendar"));
        assert!(holds_secret("/api/v1/people/1/link"));
        assert!(holds_secret("/api/v1/suppliers/1/links"));
        assert!(!holds_secret("/api/v1/teams/1/notices"));
    }
}
