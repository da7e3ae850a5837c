//! `GET /api/v1/openapi.json`: the API, described out of its handlers.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, LicenseBuilder, OpenApi, OpenApiBuilder, Ref,
    ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema, ToSchema};

use crate::access::who::COOKIE_TLS;
use crate::problem::Problem;

/// What a program sends.
const TOKEN: &str = "token";
/// What a browser sends.
const SESSION: &str = "session";
/// The answer that is a problem.
const PROBLEM: &str = "Problem";

/// The document, as text.
static TEXT: LazyLock<String> = LazyLock::new(|| text(&document()));

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "reference", security(()),
    responses((status = 200, body = Object)))]
pub(crate) async fn get() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}

/// What the document says before any route is in it.
pub(crate) fn about() -> OpenApi {
    let licence = LicenseBuilder::new()
        .name(env!("CARGO_PKG_LICENSE"))
        .identifier(Some(env!("CARGO_PKG_LICENSE")))
        .build();
    let mut info = Info::new("Trimtab", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "What the pages show and do. Lists come in pages: send `next` as `after`. What goes wrong is told \
         as `application/problem+json`, with a code that stays. What is `null` is unknown, or not there."
            .to_owned(),
    );
    info.license = Some(licence);
    let mut components = Components::new();
    let key = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
        COOKIE_TLS,
        "A signed-in browser.",
    )));
    components.add_security_scheme(SESSION, key);
    components.add_security_scheme(TOKEN, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    components.schemas.insert(PROBLEM.to_owned(), Problem::schema());
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build();
    let response = ResponseBuilder::new()
        .description("It was not done: what happened, and what to do next")
        .content("application/problem+json", content)
        .build();
    components.responses.insert(PROBLEM.to_owned(), response.into());
    let none: [&str; 0] = [];
    let security = [TOKEN, SESSION].map(|name| SecurityRequirement::new(name, none));
    OpenApiBuilder::new().info(info).components(Some(components)).security(Some(security)).build()
}

/// The whole document.
pub(crate) fn document() -> OpenApi {
    let mut document = crate::router::api(0).into_openapi();
    for item in document.paths.paths.values_mut() {
        for operation in operations_mut(item) {
            // Names of operations are of the whole API, names of functions of their file.
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            let name = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(format!("{tag}_{name}"));
            let problem = Ref::from_response_name(PROBLEM);
            operation.responses.responses.insert("default".to_owned(), problem.into());
        }
    }
    document
}

/// The operations of a path, each with its method.
pub(crate) fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [
        ("GET", item.get.as_ref()),
        ("PUT", item.put.as_ref()),
        ("POST", item.post.as_ref()),
        ("PATCH", item.patch.as_ref()),
        ("DELETE", item.delete.as_ref()),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation?)))
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

fn text(document: &OpenApi) -> String {
    let text = document.to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the description of the API cannot be written");
        "{}".to_owned()
    });
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document is kept in the repository, so that a change of the API is seen in review:
    /// `cargo xtask generate` writes it.
    #[test]
    fn the_kept_description_is_the_one_of_the_handlers() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/generated/openapi.json");
        if std::env::var_os("TRIMTAB_GENERATE").is_some() {
            std::fs::write(path, &*TEXT).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == *TEXT, "docs/generated/openapi.json is old: run `cargo xtask generate`");
    }

    /// A route that is added beside [`crate::router::api`] would not be described.
    #[test]
    fn every_route_of_the_api_is_described() {
        let document = document();
        let source = include_str!("../router.rs");
        assert!(!source.contains("route(\"/api/"), "add it to `api`, with `routes!`");
        let routed = source.matches("api::").count() - source.matches("use crate::api::").count();
        let described: usize =
            document.paths.paths.values().map(|item| operations(item).count()).sum();
        assert_eq!(routed, described - 1 + HEALTH, "one `api::` for each operation");
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in &document.paths.paths {
            assert!(path.starts_with("/api/v1/"), "{path}");
            for (method, operation) in operations(item) {
                let at = format!("{method} {path}");
                assert!(
                    operation.summary.as_ref().is_some_and(|s| s.ends_with(['.', '?'])),
                    "{at}"
                );
                assert!(operation.responses.responses.contains_key("default"), "{at}");
                assert!(names.insert(operation.operation_id.clone()), "{at}");
                assert_eq!(operation.tags.as_ref().map(Vec::len), Some(1), "{at}");
            }
        }
    }

    /// `/healthz` and `/readyz` are no part of it; the document itself is named `reference::get`.
    const HEALTH: usize = 2;
}
