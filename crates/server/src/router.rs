//! Every route, in one place, with what stands around all of them.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::problem::Problem;
use crate::state::App;
use crate::{api, web};

/// The largest body of a form or of JSON.
const FORM: usize = 1 << 20;
/// How long an answer may take; an upload has its own time.
const ANSWER: Duration = Duration::from_secs(60);

/// The application's routes.
pub fn router(app: App) -> Router {
    let upload = usize::try_from(app.settings.largest_upload).unwrap_or(usize::MAX);
    let uploads = Router::new()
        .route("/api/v1/snapshots", post(api::snapshots::post))
        .layer(RequestBodyLimitLayer::new(upload));
    let rest = Router::new()
        .route("/api/v1/findings", get(api::findings::list))
        .route("/api/v1/findings/{id}", get(api::findings::one))
        .route("/api/v1/systems", get(api::systems::list).put(api::systems::put))
        .route("/api/v1/teams", get(api::teams::list).put(api::teams::put))
        .route("/api/v1/assets", get(api::assets::list))
        .route("/api/v1/assets/{id}", get(api::assets::one))
        .route("/api/v1/deployments", post(api::deployments::post))
        .route("/api/v1/jobs/{id}", get(api::jobs::one))
        .route("/api/v1/where", get(api::where_is::list))
        .route("/api/v1/documents/{digest}", get(api::documents::one))
        .route("/api/v1/ledger", get(api::ledger::list))
        .route("/api/v1/tokens", get(api::tokens::list).post(api::tokens::post))
        .route("/api/v1/tokens/{id}", axum::routing::delete(api::tokens::delete))
        .route("/api/v1/decisions", get(api::decisions::list).post(api::decisions::post))
        .route("/api/v1/decisions/{id}/answer", post(api::decisions::answer))
        .route("/api/v1/charters", get(api::charters::list).post(api::charters::post))
        .route("/api/v1/charters/{id}", axum::routing::delete(api::charters::withdraw))
        .route("/api/v1/charters/{id}/agree", post(api::charters::agree))
        .route("/api/v1/charters/{id}/effect", get(api::charters::effects))
        .route("/api/v1/metrics", get(api::metrics::get))
        .route("/healthz", get(api::health::alive))
        .route("/readyz", get(api::health::ready))
        .route("/sign-in", get(web::sign_in::page).post(web::sign_in::post))
        .route("/sign-out", post(web::sign_in::out))
        .route("/welcome/{secret}", get(web::welcome::page).post(web::welcome::post))
        .route("/", get(web::today::page))
        .route("/findings", get(web::findings::page))
        .route("/findings/{id}", get(web::finding::page))
        .route("/findings/{id}/ask", get(web::ask::page).post(web::ask::post))
        .route("/exceptions", get(web::exceptions::page))
        .route("/exceptions/register.csv", get(web::register::csv))
        .route("/exceptions/register.json", get(web::register::json))
        .route("/exceptions/{id}", get(web::exception::page))
        .route("/exceptions/{id}/answer", post(web::exception::post))
        .route("/charter", get(web::charter::page))
        .route("/charter/propose", get(web::charter::propose).post(web::charter::post))
        .route("/charter/proposals/{id}", get(web::proposal::page))
        .route("/charter/proposals/{id}/answer", post(web::proposal::post))
        .route("/systems", get(web::systems::page))
        .route("/systems/new", get(web::describe::new).post(web::describe::add))
        .route("/systems/{id}", get(web::system::page))
        .route("/systems/{id}/edit", get(web::describe::page).post(web::describe::post))
        .route("/teams", get(web::teams::page))
        .route("/teams/{id}", get(web::team::page))
        .route("/teams/{id}/edit", get(web::team::edit).post(web::team::post))
        .route("/vulnerabilities/{name}", get(web::vulnerability::page))
        .route("/packages", get(web::package::page))
        .route("/releases", get(web::release::page))
        .route("/administration", get(web::administration::people))
        .route("/administration/people", post(web::administration::add))
        .route(
            "/administration/people/{id}",
            get(web::administration::person).post(web::administration::change),
        )
        .route(
            "/administration/tokens",
            get(web::administration::tokens).post(web::administration::revoke),
        )
        .route("/administration/settings", get(web::administration::settings))
        .route("/feeds", get(web::feeds::page))
        .route("/feeds/retry", post(web::feeds::retry))
        .route("/account", get(web::account::page))
        .route("/account/tokens", post(web::account::add_token))
        .route("/account/tokens/revoke", post(web::account::revoke))
        .route("/account/password", get(web::account::password).post(web::account::set_password))
        .route("/session/side", post(web::account::side))
        .route("/search", get(web::search::page))
        .route("/where", get(web::where_is::page))
        .route("/metrics", get(web::metrics::page))
        .route("/metrics.csv", get(web::metrics::csv))
        .route("/assets/{name}", get(web::asset::one))
        .fallback(missing)
        .layer(RequestBodyLimitLayer::new(FORM))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER));
    uploads
        .merge(rest)
        .layer(from_fn(headers))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| broken().into_response()))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}

async fn missing() -> Problem {
    Problem::not_found("page")
}

fn broken() -> Problem {
    let detail = "Something went wrong here. The log of the server says what.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Our fault", detail)
}

/// What every answer says to browsers.
async fn headers(request: Request, next: Next) -> Response {
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
