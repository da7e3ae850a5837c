//! The letters that are written to suppliers.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trimtab_store::SupplierTold;
use utoipa::ToSchema;

use super::super::{Changed, Rows};
use crate::access::Who;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying;

/// Whether letters are written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SupplierLetters)]
pub(crate) struct Letters {
    /// Whether the supplier is written to, at its contact.
    on: bool,
    /// Whether what was refused, or may not have come, is told again.
    #[serde(default)]
    again: bool,
}

/// Something that was told to a supplier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierTold)]
pub(crate) struct ShownTold {
    /// What: `question-3`, `due-2-freshness`, `broken-2-quality`, or `test`.
    item: String,
    at: String,
    address: String,
    /// `sent`; `begun`: it may have been; `refused`; `unknown`.
    state: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl From<&SupplierTold> for ShownTold {
    fn from(is: &SupplierTold) -> ShownTold {
        ShownTold {
            item: is.item.clone(),
            at: is.at.to_string(),
            address: is.address.clone(),
            state: is.became.as_str(),
            detail: is.detail.clone(),
        }
    }
}

/// What was told to a supplier in letters, the newest 100 first. For who may change what is of the supplier as a whole.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}/letters", tag = "suppliers",
    operation_id = "suppliers_letters",
    params(("id" = i64, Path)), responses((status = 200, body = Rows<ShownTold>)))]
pub(crate) async fn letters(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Rows<ShownTold>>, Problem> {
    supplying::find(&app, &who, id).await?.must_change()?;
    let told = app.store.supplier_told(who.org, id, 100).await?;
    Ok(Json(Rows { rows: told.iter().map(ShownTold::from).collect() }))
}

/// Has letters written to a supplier itself, or no longer.
#[utoipa::path(put, path = "/api/v1/suppliers/{id}/letters", tag = "suppliers",
    operation_id = "suppliers_write",
    params(("id" = i64, Path)), request_body = Letters,
    responses((status = 200, body = Changed)))]
pub(crate) async fn write(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Letters>,
) -> Result<Json<Changed>, Problem> {
    let Letters { on, again } = sent;
    if again && !on {
        return Err(Problem::invalid("`again` needs a supplier that gets letters: set `on`."));
    }
    let begun = supplying::letters::set(&app, &who, id, on).await?;
    if again {
        supplying::letters::again(&app, &who, id, begun).await?;
    }
    Ok(Json(Changed { id }))
}

/// What became of a test letter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierTried)]
pub(crate) struct Tried {
    /// `sent`, `refused`, or `unknown`.
    state: &'static str,
    /// Why, in words.
    detail: String,
}

/// Sends a test letter to a supplier, five in an hour at most.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/letters", tag = "suppliers",
    operation_id = "suppliers_try_letter",
    params(("id" = i64, Path)), responses((status = 200, body = Tried)))]
pub(crate) async fn try_letter(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Tried>, Problem> {
    let (became, detail) = supplying::letters::attempt(&app, &who, id).await?;
    Ok(Json(Tried { state: became.as_str(), detail }))
}
