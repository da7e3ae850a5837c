//! What the products of suppliers contain.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::super::{Listed, cursor, limit};
use super::shown::ShownContained;
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::{self, contents};

/// Which packages of a supplier.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedPackages {
    /// Of one product alone.
    product: Option<i64>,
    /// Those alone that have findings.
    affected: Option<bool>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 200.
    limit: Option<usize>,
}

/// What the products of a supplier contain, that they may see, by package: with findings here and what they state of them.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}/packages", tag = "suppliers",
    operation_id = "suppliers_packages", params(("id" = i64, Path), AskedPackages),
    responses((status = 200, body = Listed<ShownContained>)))]
pub(crate) async fn packages(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<AskedPackages>,
) -> Result<Json<Listed<ShownContained>>, Problem> {
    let seen = supplying::find(&app, &who, id).await?;
    let of = (asked.product, asked.affected.unwrap_or(false));
    let (after, limit) = (cursor(asked.after.as_deref())?, limit(asked.limit));
    let (rows, next) = contents::page(&app, &who, &seen, of, (after, limit)).await?;
    Ok(Json(Listed { rows: rows.iter().map(ShownContained::from).collect(), next }))
}
