//! Suppliers: who delivers what, what was promised and how it stands. What a supplier does itself is in
//! [`super::supplied`].

pub(crate) mod documents;
pub(crate) mod letters;
pub(crate) mod links;
pub(crate) mod packages;
pub(crate) mod questions;
mod shown;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use trimtab_store::Cursor;
use utoipa::ToSchema;

use super::{Changed, Listed, cursor, limit, visible};
use crate::access::Who;
use crate::around::tags::stands;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::judged::{self, OfProduct};
use crate::supplying::{self, Delivered, Promised, Seen, Wanted};
use shown::{Shown, ShownLink, ShownOne, ShownPromise, ShownStanding};

/// Which part of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// A page of suppliers as somebody sees them.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    after: Option<&str>,
    most: usize,
) -> Result<(Vec<Seen>, Option<String>), Problem> {
    super::findings::seen(who)?;
    let systems = visible(who, &app.store.systems(who.org).await?);
    let page = app.store.suppliers(who.org, systems.as_deref(), cursor(after)?, most).await?;
    let next = page.next.map(Cursor::to_text);
    Ok((supplying::seen(app, who, page.rows).await?, next))
}

/// The suppliers with a product in a system that they may see, those that were added last first.
#[utoipa::path(get, path = "/api/v1/suppliers", tag = "suppliers", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    let (rows, next) = page(&app, &who, asked.after.as_deref(), limit(asked.limit)).await?;
    Ok(Json(Listed { rows: rows.iter().map(Shown::from).collect(), next }))
}

/// A supplier to be added, with the first that it delivers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSupplier)]
pub(crate) struct New {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where it is reached.
    #[serde(default)]
    #[schema(max_length = 200)]
    contact: String,
    /// The number of the contract.
    #[serde(default)]
    #[schema(max_length = 200)]
    contract: String,
    /// The last day of the contract.
    #[schema(format = Date)]
    ends: Option<String>,
    #[serde(default)]
    obligations: Promised,
    #[schema(min_length = 1, max_length = 200)]
    product: String,
    /// The name of the system that it is delivered into.
    system: String,
    /// What the asset is called. If absent: supplier and product.
    #[schema(max_length = 300)]
    asset: Option<String>,
}

/// A supplier that was added.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierAdded)]
pub(crate) struct Added {
    id: i64,
    product: i64,
}

/// Adds a supplier.
#[utoipa::path(post, path = "/api/v1/suppliers", tag = "suppliers", request_body = New,
    responses((status = 201, body = Added)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(new): Object<New>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let first = Delivered {
        product: new.product,
        system: new.system,
        asset: new.asset.unwrap_or_default(),
    };
    let wanted = Wanted {
        name: new.name,
        contact: new.contact,
        contract: new.contract,
        ends: new.ends.unwrap_or_default(),
        obligations: new.obligations,
    };
    let (id, product) = supplying::add(&app, &who, wanted, &first).await?;
    Ok((StatusCode::CREATED, Json(Added { id, product })))
}

fn standing(of: &OfProduct, now: jiff::Timestamp) -> ShownStanding {
    ShownStanding {
        product: of.product.id,
        promises: of.judged.iter().map(ShownPromise::from).collect(),
        score: of.score(),
        findings: of.findings.map(|(number, _)| number),
        waiting: of.waiting.len(),
        late: judged::late(&of.waiting, now),
    }
}

/// A supplier with how it stands.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}", tag = "suppliers", params(("id" = i64, Path)),
    responses((status = 200, body = ShownOne)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<ShownOne>, Problem> {
    let seen = supplying::find(&app, &who, id).await?;
    let (now, judged) = (app.now(), judged::of(&app, who.org, &seen).await?);
    // Who has a link is of the supplier as a whole.
    let links = match seen.may_change {
        true => app.store.supplier_links(who.org, id).await?,
        false => Vec::new(),
    };
    Ok(Json(ShownOne {
        supplier: Shown::from(&seen),
        standing: judged.iter().map(|of| standing(of, now)).collect(),
        promised: Promised::of(&seen.is).sentences(),
        links: links.iter().map(ShownLink::from).collect(),
    }))
}

/// What is known of a supplier from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangedSupplier)]
pub(crate) struct Change {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    contact: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    contract: String,
    /// The last day of the contract.
    #[schema(format = Date)]
    ends: Option<String>,
    #[serde(default)]
    obligations: Promised,
    /// Whether nothing is delivered any longer: links end with it. If absent: as before.
    ended: Option<bool>,
}

/// Says otherwise what is known of a supplier: what is not said is taken away. `If-Match` with its `version` refuses to
/// overwrite another's change; of two changes at once the second is refused (412).
#[utoipa::path(put, path = "/api/v1/suppliers/{id}", tag = "suppliers", request_body = Change,
    params(("id" = i64, Path)), responses((status = 200, body = Changed)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Object(sent): Object<Change>,
) -> Result<Json<Changed>, Problem> {
    let Change { name, contact, contract, ends, obligations, ended } = sent;
    let ends = ends.unwrap_or_default();
    let wanted = Wanted { name, contact, contract, ends, obligations };
    let read = |version: i64| stands(&headers, Some(&version.to_string()));
    supplying::change(&app, &who, id, (wanted, ended), read).await?;
    Ok(Json(Changed { id }))
}

/// Something more that a supplier delivers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSupplierProduct)]
pub(crate) struct NewProduct {
    #[schema(min_length = 1, max_length = 200)]
    product: String,
    /// The name of the system that it is delivered into.
    system: String,
    /// What the asset is called. If absent: supplier and product.
    #[schema(max_length = 300)]
    asset: Option<String>,
}

/// Adds something that a supplier delivers.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/products", tag = "suppliers",
    request_body = NewProduct, params(("id" = i64, Path)), responses((status = 201, body = Changed)))]
pub(crate) async fn deliver(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<NewProduct>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let NewProduct { product, system, asset } = sent;
    let wanted = Delivered { product, system, asset: asset.unwrap_or_default() };
    let id = supplying::deliver(&app, &who, id, &wanted).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// A release of a product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SupplierRelease)]
pub(crate) struct Release {
    product: i64,
    #[schema(min_length = 1, max_length = 100)]
    version: String,
}

/// Says which release of a product is the newest.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/releases", tag = "suppliers",
    request_body = Release, params(("id" = i64, Path)), responses((status = 200, body = Changed)))]
pub(crate) async fn release(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Release>,
) -> Result<Json<Changed>, Problem> {
    let Release { product, version } = sent;
    supplying::release(&app, &who, (id, product), &version).await?;
    Ok(Json(Changed { id: product }))
}
