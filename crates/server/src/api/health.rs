//! Whether the process lives, and whether it can work.

use axum::extract::State;
use axum::http::StatusCode;

use crate::state::App;

pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.store.ping().await.is_err() {
        (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
    } else if app.index().is_none() {
        (StatusCode::SERVICE_UNAVAILABLE, "there is no advisory index: run `trimtab db update`\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}
