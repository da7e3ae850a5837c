//! The documents that suppliers sent, and what a VEX document of theirs would change.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Changed, Listed, cursor, limit};
use super::Asked;
use super::shown::ShownDocument;
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying;

/// What a supplier sent about products that they may see, the newest first.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}/documents", tag = "suppliers",
    params(("id" = i64, Path), Asked),
    responses((status = 200, body = Listed<ShownDocument>)))]
pub(crate) async fn documents(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ShownDocument>>, Problem> {
    let seen = supplying::find(&app, &who, id).await?;
    let (after, ids) = (cursor(asked.after.as_deref())?, seen.ids());
    let page = app.store.supplied(who.org, (&ids, None), after, limit(asked.limit)).await?;
    Ok(Json(Listed::of(&page)))
}

/// What a VEX document would change if somebody let it hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierPreview)]
pub(crate) struct ShownPreview {
    /// How many findings of the product were weighed, the gravest first.
    weighed: usize,
    /// Whether there are more than that.
    more: bool,
    /// What they weigh together, today and then.
    weight: f64,
    weight_then: f64,
    /// Findings that would change.
    findings: Vec<ShownChange>,
}

/// A finding that would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierPreviewFinding)]
pub(crate) struct ShownChange {
    finding: i64,
    vulnerability: String,
    /// Its level today and then; `null`: not weighed.
    level: Option<&'static str>,
    level_then: Option<&'static str>,
    /// What it weighs, today and then.
    weight: f64,
    weight_then: f64,
    /// Whether it counts, today and then.
    counts: bool,
    counts_then: bool,
}

/// What a VEX document of a supplier would change if somebody let it hold for its product.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}/documents/{number}", tag = "suppliers",
    operation_id = "suppliers_preview",
    params(("id" = i64, Path), ("number" = i64, Path)),
    responses((status = 200, body = ShownPreview)))]
pub(crate) async fn preview(
    State(app): State<App>,
    who: Who,
    Path((id, number)): Path<(i64, i64)>,
) -> Result<Json<ShownPreview>, Problem> {
    let (seen, is) = supplying::document(&app, &who, (id, number)).await?;
    let asset = seen.product(is.is.product)?.asset;
    let none = || {
        Problem::conflict(
            "It already applies, it is not a VEX document, or there is no advisory index.",
        )
    };
    let is = supplying::preview::of(&app, &who, (&is, asset)).await?.ok_or_else(none)?;
    let word = |level: Option<trimtab_model::Level>| level.map(trimtab_model::Level::as_str);
    let change = |one: &supplying::preview::Changed| ShownChange {
        finding: one.finding.id,
        vulnerability: one.finding.vulnerability.1.clone(),
        level: word(one.level.0),
        level_then: word(one.level.1),
        weight: one.weight.0,
        weight_then: one.weight.1,
        counts: one.counts.0,
        counts_then: one.counts.1,
    };
    Ok(Json(ShownPreview {
        weighed: is.weighed,
        more: is.more,
        weight: is.weight.0,
        weight_then: is.weight.1,
        findings: is.changed.iter().map(change).collect(),
    }))
}

/// Lets a VEX document of a supplier hold for its product.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/documents/{number}", tag = "suppliers",
    params(("id" = i64, Path), ("number" = i64, Path)),
    responses((status = 200, body = Changed)))]
pub(crate) async fn take(
    State(app): State<App>,
    who: Who,
    Path((id, number)): Path<(i64, i64)>,
) -> Result<Json<Changed>, Problem> {
    supplying::take(&app, &who, (id, number)).await?;
    Ok(Json(Changed { id: number }))
}

/// The bytes of a document that a supplier sent about a product that they may see.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}/documents/{number}/bytes", tag = "suppliers",
    operation_id = "suppliers_document_bytes",
    params(("id" = i64, Path), ("number" = i64, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn bytes(
    State(app): State<App>,
    who: Who,
    Path(ids): Path<(i64, i64)>,
) -> Result<impl IntoResponse, Problem> {
    let (_, is) = supplying::document(&app, &who, ids).await?;
    let bytes = app.store.document_bytes(who.org, &is.is.document).await?;
    let bytes = bytes.ok_or_else(|| Problem::not_found("document"))?;
    Ok((crate::api::documents::headers(&is.is.document), bytes))
}
