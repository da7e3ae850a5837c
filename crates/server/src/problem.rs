//! Errors as answers: problem details (RFC 9457) for programs, a page for people. One table from error
//! to status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use trimtab_store::StoreError;

use crate::access::Action;

/// A problem.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
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
    /// After how many seconds trying again may help.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem of a status.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        let detail = detail.into();
        Problem { code, title, status: status.as_u16(), detail, retry_after: None }
    }

    /// What a library says with a status and a word.
    pub(crate) fn of_status(status: StatusCode, said: &str) -> Problem {
        let (code, title) = match status {
            StatusCode::NOT_FOUND => ("not-found", "Not found"),
            StatusCode::METHOD_NOT_ALLOWED => ("method", "Method not allowed"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "Too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("media-type", "Unsupported media type"),
            StatusCode::GATEWAY_TIMEOUT => ("too-slow", "Timed out"),
            _ if status.is_server_error() => ("internal", "Server error"),
            _ => ("invalid", "Invalid request"),
        };
        let detail = match (status, said) {
            (StatusCode::METHOD_NOT_ALLOWED, _) => {
                "The `Allow` header lists the methods that are allowed."
            }
            (StatusCode::GATEWAY_TIMEOUT, _) => "It took too long. Ask for less at once.",
            _ if status.is_server_error() => {
                "Something went wrong on the server. Its log has the details."
            }
            (_, "") => "It cannot be read.",
            (_, said) => said,
        };
        Problem::new(status, code, title, detail)
    }

    /// Nobody is signed in.
    pub fn unauthorised() -> Problem {
        let detail = "Sign in, or send a token: `Authorization: Bearer …`.";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", "Not signed in", detail)
    }

    /// A token that lets nobody in. Which of these it is, it is told to nobody.
    pub fn unknown_token() -> Problem {
        let detail =
            "This token is not known, was revoked, or has expired. Make another one: My account.";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", "Not signed in", detail)
    }

    /// A message that is signed by nobody, or not so that it counts.
    pub(crate) fn unsigned(detail: &str) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "unsigned", "Not signed", detail)
    }

    /// They may not.
    pub fn forbidden(action: Action) -> Problem {
        let detail = format!(
            "Your roles or your token do not allow `{}` here. Ask an admin, who gives roles under \
             Administration.",
            action.as_str()
        );
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// No token may, whatever it allows: what comes of it would outlive the token, or is a person's own.
    pub(crate) fn for_people(what: &str) -> Problem {
        let detail = format!("Only people who are signed in may {what}: no token can.");
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
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid request", detail)
    }

    /// Too often: it is said when it may be tried again.
    pub(crate) fn too_often(detail: &str, seconds: u64) -> Problem {
        let detail = format!("{detail} Try again in {seconds} s.");
        let status = StatusCode::TOO_MANY_REQUESTS;
        let problem = Problem::new(status, "too-often", "Too many requests", detail);
        Problem { retry_after: Some(seconds), ..problem }
    }

    /// It stands otherwise than who asks believes.
    pub(crate) fn changed() -> Problem {
        let detail = "It was changed in the meantime, or does not exist. Fetch it again.";
        Problem::new(StatusCode::PRECONDITION_FAILED, "changed", "Changed in the meantime", detail)
    }

    /// The system has no random bytes for a secret. That is logged.
    pub(crate) fn no_random_bytes(error: &std::io::Error) -> Problem {
        tracing::error!(%error, "no random bytes");
        let detail = "The server has no random numbers available. Try again.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Problem::new(status, "unavailable", "Temporarily unavailable", detail)
    }

    /// It does not fit how things stand.
    pub fn conflict(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "conflict", "Conflict with the current state", detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match &error {
            StoreError::Unavailable(_) | StoreError::Busy(_) => {
                tracing::warn!(error = %error, "the store does not answer");
                let detail = "The store is not answering right now. Try again in a moment.";
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "Temporarily unavailable",
                    detail,
                )
            }
            StoreError::Character(_) => {
                Problem::invalid("A text contains a character that cannot be stored, such as NUL.")
            }
            StoreError::Exists(_) => Problem::conflict("It already exists."),
            StoreError::Refused(_)
            | StoreError::Damaged(_)
            | StoreError::Newer { .. }
            | StoreError::Address(_) => {
                // What a database says is for the log, not for strangers.
                tracing::error!(error = %error, "the store refused");
                let detail = "Something went wrong on the server. Its log has the details.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Server error", detail)
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
        let again = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(2);
        if let Some(seconds) = self.retry_after.or(again) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
