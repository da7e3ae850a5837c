//! Every route, in one place, with what stands around all of them.

use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::reference;
use crate::problem::Problem;
use crate::state::App;
use crate::{api, around, repeat, web};

/// The largest body of a form or of JSON.
const FORM: usize = 1 << 20;
/// How long an answer may take; an upload has its own time.
const ANSWER: Duration = Duration::from_secs(60);

/// The API: what its document describes.
pub(crate) fn api(largest_upload: usize) -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(api::snapshots::post))
        .routes(routes!(api::reports::post))
        .routes(routes!(api::reports::vex, api::reports::vex_list))
        .routes(routes!(api::kubernetes::post))
        .routes(routes!(api::plans::list, api::plans::post))
        .routes(routes!(api::supplied::send))
        .routes(routes!(api::updates::list, api::updates::post))
        .layer(RequestBodyLimitLayer::new(largest_upload));
    let rest = OpenApiRouter::new()
        .routes(routes!(api::findings::list))
        .routes(routes!(api::findings::csv))
        .routes(routes!(api::groups::groups))
        .routes(routes!(api::groups::groups_csv))
        .routes(routes!(api::finding::one))
        .routes(routes!(api::vulnerabilities::one))
        .routes(routes!(api::packages::one))
        .routes(routes!(api::releases::get))
        .routes(routes!(api::search::list))
        .routes(routes!(api::risks::list))
        .routes(routes!(api::risks::csv))
        .routes(routes!(api::shares::list, api::shares::post))
        .routes(routes!(api::shares::withdraw))
        .routes(routes!(api::suppliers::list, api::suppliers::post))
        .routes(routes!(api::suppliers::one, api::suppliers::put))
        .routes(routes!(api::suppliers::deliver))
        .routes(routes!(api::suppliers::release))
        .routes(routes!(api::suppliers::link))
        .routes(routes!(api::suppliers::withdraw_link))
        .routes(routes!(api::suppliers::questions, api::suppliers::ask))
        .routes(routes!(api::suppliers::withdraw_question))
        .routes(routes!(api::suppliers::documents))
        .routes(routes!(api::suppliers::take))
        .routes(routes!(api::supplied::get))
        .routes(routes!(api::supplied::answer))
        .routes(routes!(api::systems::list, api::systems::put))
        .routes(routes!(api::teams::list, api::teams::put))
        .routes(routes!(api::reviews::card))
        .routes(routes!(api::plan::get, api::plan::post))
        .routes(routes!(api::notices::get))
        .routes(routes!(api::notices::sent))
        .routes(routes!(api::notices::one))
        .routes(routes!(api::notices::acknowledge))
        .routes(routes!(api::notices::again))
        .routes(routes!(api::wishes::wishes, api::wishes::put))
        .routes(routes!(api::rota::get, api::rota::put))
        .routes(routes!(api::rota::take))
        .routes(routes!(api::rota::give_back))
        .routes(routes!(api::rota::attempted))
        .routes(routes!(api::calendar::post, api::calendar::delete))
        .routes(routes!(api::what_if::post))
        .routes(routes!(api::trackers::get, api::trackers::put, api::trackers::delete))
        .routes(routes!(api::trackers::attempted))
        .routes(routes!(api::tickets::list))
        .routes(routes!(api::updates::one, api::updates::say))
        .routes(routes!(api::reviews::list, api::reviews::post))
        .routes(routes!(api::reviews::one, api::reviews::step))
        .routes(routes!(api::reviews::decide))
        .routes(routes!(api::reviews::followed))
        .routes(routes!(api::reviews::minutes))
        .routes(routes!(api::cards::put))
        .routes(routes!(api::cards::one))
        .routes(routes!(api::cards::all))
        .routes(routes!(api::goals::list, api::goals::post))
        .routes(routes!(api::goals::delete))
        .routes(routes!(api::goals::pulse, api::goals::answer))
        .routes(routes!(api::assets::list))
        .routes(routes!(api::assets::one))
        .routes(routes!(api::deployments::post))
        .routes(routes!(api::delivery::post))
        .routes(routes!(api::alerting::post))
        .routes(routes!(api::reports::vex_end))
        .routes(routes!(api::feeds::get))
        .routes(routes!(api::feeds::fetch))
        .routes(routes!(api::incidents::list, api::incidents::post))
        .routes(routes!(api::incidents::one, api::incidents::tell))
        .routes(routes!(api::incidents::report))
        .routes(routes!(api::appeals::list, api::appeals::post))
        .routes(routes!(api::appeals::one, api::appeals::answer))
        .routes(routes!(api::handoffs::list))
        .routes(routes!(api::handoffs::people, api::handoffs::name))
        .routes(routes!(api::lessons::list))
        .routes(routes!(api::jobs::list))
        .routes(routes!(api::jobs::one))
        .routes(routes!(api::jobs::retry))
        .routes(routes!(api::jobs::events))
        .routes(routes!(api::where_is::list))
        .routes(routes!(api::documents::one))
        .routes(routes!(api::ledger::list))
        .routes(routes!(api::ledger::verify))
        .routes(routes!(api::tokens::list, api::tokens::post))
        .routes(routes!(api::tokens::delete))
        .routes(routes!(api::tokens::sign, api::tokens::sign_no_more))
        .routes(routes!(api::decisions::list, api::decisions::post))
        .routes(routes!(api::decisions::several))
        .routes(routes!(api::decisions::one))
        .routes(routes!(api::decisions::answers))
        .routes(routes!(api::decisions::answer))
        .routes(routes!(api::charters::list, api::charters::post))
        .routes(routes!(api::charters::withdraw))
        .routes(routes!(api::charters::agree))
        .routes(routes!(api::charters::effects))
        .routes(routes!(api::maturity::get))
        .routes(routes!(api::maturity::oscal))
        .routes(routes!(api::maturity::pack))
        .routes(routes!(api::maturity::pdf))
        .routes(routes!(api::metrics::get))
        .routes(routes!(api::metrics::list))
        .routes(routes!(api::today::get))
        .routes(routes!(api::today::list))
        .routes(routes!(api::people::list, api::people::post))
        .routes(routes!(api::people::one, api::people::close))
        .routes(routes!(api::people::open))
        .routes(routes!(api::people::link))
        .routes(routes!(api::people::give, api::people::take))
        .routes(routes!(api::people::end_sessions))
        .routes(routes!(api::people::codes_off))
        .routes(routes!(reference::get))
        .layer(RequestBodyLimitLayer::new(FORM))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER));
    OpenApiRouter::with_openapi(reference::about()).merge(uploads).merge(rest)
}

/// The application's routes.
pub fn router(app: App) -> Router {
    let upload = usize::try_from(app.settings.largest_upload).unwrap_or(usize::MAX);
    let (programs, _) = api(upload).split_for_parts();
    let forms = Router::new()
        .route("/inventory/new", get(web::upload::page).post(web::upload::post))
        .route("/said/new", get(web::said::new).post(web::said::post))
        .route("/supplied/{secret}", get(web::supplied::page).post(web::supplied::post))
        .route("/supplied/{secret}/answer", post(web::supplied::answer))
        .layer(RequestBodyLimitLayer::new(upload));
    let hooks = Router::new()
        .route("/hooks/trackers/{handle}", post(web::hooks::tracker))
        .layer(RequestBodyLimitLayer::new(web::hooks::LARGEST))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER));
    let people = Router::new()
        .route("/healthz", get(api::health::alive))
        .route("/internal/metrics", get(around::counted::get))
        .route("/readyz", get(api::health::ready))
        .route("/sign-in", get(web::sign_in::page).post(web::sign_in::post))
        .route("/sign-in/code", post(web::sign_in::code))
        .route("/sign-in/provider", get(web::provider::begin))
        .route("/sign-in/provider/back", get(web::provider::back))
        .route("/sign-out", post(web::sign_in::out))
        .route("/welcome/{secret}", get(web::welcome::page).post(web::welcome::post))
        .route("/", get(web::today::page))
        .route("/today/{list}", get(web::needs::page))
        .route("/findings", get(web::findings::page))
        .route("/findings.csv", get(web::findings::csv))
        .route("/findings/chosen", post(web::ask_many::chosen))
        .route("/findings/ask", post(web::ask_many::post))
        .route("/findings/{id}", get(web::finding::page))
        .route("/findings/{id}/ask", get(web::ask::page).post(web::ask::post))
        .route("/exceptions", get(web::exceptions::page))
        .route("/exceptions/register.csv", get(web::register::csv))
        .route("/exceptions/register.json", get(web::register::json))
        .route("/exceptions/chosen", post(web::answer_many::chosen))
        .route("/exceptions/answers", post(web::answer_many::post))
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
        .route("/said/{id}", get(web::said::page))
        .route("/said/{id}/end", post(web::said::end))
        .route("/teams", get(web::teams::page))
        .route("/teams/{id}", get(web::team::page))
        .route("/teams/{id}/edit", get(web::team::edit).post(web::team::post))
        .route("/teams/{id}/card", get(web::card::page))
        .route("/teams/{id}/plan", get(web::plan::page).post(web::plan::post))
        .route("/teams/{id}/tickets", get(web::tickets::page))
        .route("/teams/{id}/tracker", get(web::tracker::page).post(web::tracker::post))
        .route("/teams/{id}/plan/move", get(web::plan::asks).post(web::plan::moves))
        .route("/teams/{id}/notices", get(web::notices::page))
        .route("/teams/{id}/notices/edit", get(web::wishes::page).post(web::wishes::post))
        .route("/teams/{id}/notices/try", get(web::try_channel::page).post(web::try_channel::post))
        .route("/teams/{id}/rota", get(web::rota::page).post(web::rota::post))
        .route("/teams/{id}/calendar", get(web::calendar::page).post(web::calendar::post))
        .route("/notices/{id}", get(web::letter::page).post(web::letter::post))
        .route("/feeds/{secret}/calendar.ics", get(web::calendar::feed))
        .route("/plan", get(web::plans::page))
        .route("/plan/what-if", get(web::what_if::page))
        .route("/updates", get(web::updates::page))
        .route("/updates/{id}", get(web::update::page).post(web::update::post))
        .route("/incidents", get(web::incidents::page))
        .route("/incidents/new", get(web::incidents::new).post(web::incidents::post))
        .route("/incidents/{id}", get(web::incident::page))
        .route(
            "/incidents/{id}/tell",
            get(web::incident::tell::page).post(web::incident::tell::post),
        )
        .route("/incidents/{id}/report", get(web::incident::retrospective))
        .route("/handoffs", get(web::handoffs::page))
        .route("/systems/{id}/people", get(web::handoffs::people).post(web::handoffs::post))
        .route("/lessons", get(web::lessons::page))
        .route("/lessons/{name}", get(web::lessons::one))
        .route("/appeals", get(web::appeals::page))
        .route("/appeals/new", get(web::appeals::new).post(web::appeals::post))
        .route("/appeals/{id}", get(web::appeals::one).post(web::appeals::answer))
        .route("/cards/{id}", get(web::person_card::page).post(web::person_card::post))
        .route("/wall", get(web::person_card::walls))
        .route("/reviews", get(web::reviews::page))
        .route("/reviews/new", get(web::reviews::new).post(web::reviews::post))
        .route("/reviews/{id}", get(web::review::page).post(web::review::post))
        .route("/goals", get(web::goals::page).post(web::goals::post))
        .route("/pulse", get(web::pulse::page).post(web::pulse::post))
        .route("/suppliers", get(web::suppliers::page))
        .route("/suppliers/new", get(web::suppliers::new).post(web::suppliers::post))
        .route("/suppliers/{id}", get(web::supplier::page).post(web::supplier::post))
        .route("/suppliers/{id}/edit", get(web::suppliers::edit).post(web::suppliers::change))
        .route("/suppliers/{id}/ask", get(web::supplier::ask::page).post(web::supplier::ask::post))
        .route(
            "/suppliers/{id}/documents/{number}",
            get(web::supplier::document::page).post(web::supplier::document::post),
        )
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
        .route("/administration/backup", get(web::settings::backup))
        .route("/administration/settings", get(web::settings::page))
        .route("/ledger", get(web::ledger::page))
        .route("/ledger/verify", post(web::ledger::verify))
        .route("/feeds", get(web::feeds::page))
        .route("/feeds/retry", post(web::feeds::retry))
        .route("/feeds/fetch", post(web::feeds::fetch))
        .route("/api", get(web::reference::page))
        .route("/account", get(web::account::page))
        .route("/account/tokens", post(web::account::add_token))
        .route("/account/tokens/revoke", post(web::account::revoke))
        .route("/account/password", get(web::account::password).post(web::account::set_password))
        .route("/account/codes", get(web::codes::page).post(web::codes::post))
        .route("/session/side", post(web::account::side))
        .route("/search", get(web::search::page))
        .route("/where", get(web::where_is::page))
        .route("/where.csv", get(web::where_is::csv))
        .route("/boards", get(web::board::all))
        .route("/boards/{side}", get(web::board::page))
        .route("/boards/{side}/wall", get(web::board::wall))
        .route("/boards/{side}/mail", get(web::board_mail::page).post(web::board_mail::post))
        .route("/boards/{side}/share", get(web::shares::ask).post(web::shares::post))
        .route("/shares", get(web::shares::page).post(web::shares::withdraw))
        .route("/shared/{secret}", get(web::board::shared))
        .route("/maturity", get(web::maturity::page))
        .route("/teams/{id}/maturity", get(web::maturity::team))
        .route("/metrics", get(web::metrics::page))
        .route("/metrics.csv", get(web::metrics::csv))
        .route("/metrics/list", get(web::metrics::list))
        .route("/assets/{name}", get(web::asset::one))
        .fallback(missing)
        .layer(RequestBodyLimitLayer::new(FORM))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER));
    programs
        .merge(forms)
        .merge(hooks)
        .merge(people)
        .layer(from_fn_with_state(app.clone(), repeat::once))
        .layer(from_fn(around::tags::tagged))
        .layer(from_fn(around::problems))
        .layer(from_fn(around::headers))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| broken().into_response()))
        .layer(from_fn_with_state(app.clone(), around::numbered))
        .with_state(app)
}

async fn missing(uri: Uri) -> Response {
    let problem = Problem::not_found("page");
    if around::is_api(uri.path()) {
        problem.into_response()
    } else {
        web::Sorry::from(problem).into_response()
    }
}

pub(crate) fn broken() -> Problem {
    let detail = "Something went wrong here. The log of the server says what.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Our fault", detail)
}
