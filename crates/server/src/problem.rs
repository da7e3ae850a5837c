//! Errors as answers: problem details (RFC 9457) for programs, a page for people. One table from error
//! to status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use trimtab_store::StoreError;

use crate::access::Action;

/// A problem.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// A stable code: `about:blank#` would say nothing that the status does not.
    #[serde(rename = "type")]
    pub code: &'static str,
    /// The same for everybody who has it.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do next.
    pub detail: String,
}

impl Problem {
    /// A problem of a status.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem { code, title, status: status.as_u16(), detail: detail.into() }
    }

    /// Nobody is signed in.
    pub fn unauthorised() -> Problem {
        let detail = "Sign in, or send a token: `Authorization: Bearer …`.";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", "Nobody is signed in", detail)
    }

    /// They may not.
    pub fn forbidden(action: Action) -> Problem {
        let detail = format!(
            "Your roles or your token do not allow `{}` here. Ask an admin.",
            action.as_str()
        );
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// Another site made the browser ask.
    pub fn from_elsewhere() -> Problem {
        let detail = "Another site made your browser send this. Open the page here and try again.";
        Problem::new(StatusCode::FORBIDDEN, "from-elsewhere", "Sent by another site", detail)
    }

    /// There is none, or it is another organisation's: the answer is the same.
    pub fn not_found(what: &str) -> Problem {
        let detail = format!("There is no {what} here, or you may not see it.");
        Problem::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// What was sent is not right.
    pub fn invalid(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Not understood", detail)
    }

    /// It does not fit how things stand.
    pub fn conflict(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "conflict", "It does not stand so", detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match &error {
            StoreError::Unavailable(_) | StoreError::Busy(_) => {
                tracing::warn!(error = %error, "the store does not answer");
                let detail = "The store does not answer right now. Try again in a moment.";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now", detail)
            }
            StoreError::Exists(_) => Problem::conflict("It exists already."),
            StoreError::Refused(_)
            | StoreError::Damaged(_)
            | StoreError::Newer { .. }
            | StoreError::Address(_) => {
                // What a database says is for the log, not for strangers.
                tracing::error!(error = %error, "the store refused");
                let detail = "Something went wrong here. The log of the server says what.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Our fault", detail)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
