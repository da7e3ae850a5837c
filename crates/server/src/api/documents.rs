//! The original bytes of a document.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// The original bytes of a document.
#[utoipa::path(get, path = "/api/v1/documents/{digest}", tag = "documents",
    params(("digest" = String, Path, description = "SHA-256, as snapshots name it")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(digest): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    // A document may be of several assets: who sees the whole organisation may have it.
    who.must(Action::View, On::ALL)?;
    let bytes = app.store.document_bytes(who.org, &digest).await?;
    let bytes = bytes.ok_or_else(|| Problem::not_found("document"))?;
    Ok((headers(&digest), bytes))
}

/// What stands before the bytes of a document. It is never shown by a browser: it is somebody else's text.
pub(super) fn headers(digest: &str) -> [(header::HeaderName, String); 3] {
    [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"document\"".to_owned()),
        (
            header::ETAG,
            format!("\"{}\"", digest.chars().filter(char::is_ascii_hexdigit).collect::<String>()),
        ),
    ]
}
