//! Suppliers: who delivers what, what was promised and how it stands, links, questions, documents. What a supplier does
//! itself is in [`super::supplied`].

mod shown;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trimtab_store::{Cursor, QuestionState, SupplierTold};
use utoipa::ToSchema;

use super::reviews::body;
use super::{Changed, Listed, Rows, cursor, limit, visible};
use crate::access::Who;
use crate::around::tags::stands;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::judged::{self, OfProduct};
use crate::supplying::{self, Delivered, Promised, Seen, Wanted, contents};
use shown::{
    Made, Shown, ShownContained, ShownDocument, ShownLink, ShownOne, ShownPromise, ShownQuestion,
    ShownStanding,
};

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
    Json(sent): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let new: New = body(sent)?;
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
    Json(sent): Json<Map<String, Value>>,
) -> Result<Json<Changed>, Problem> {
    let Change { name, contact, contract, ends, obligations, ended } = body(sent)?;
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
    Json(sent): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let NewProduct { product, system, asset } = body(sent)?;
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
    Json(sent): Json<Map<String, Value>>,
) -> Result<Json<Changed>, Problem> {
    let Release { product, version } = body(sent)?;
    supplying::release(&app, &who, (id, product), &version).await?;
    Ok(Json(Changed { id: product }))
}

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSupplierLink)]
pub(crate) struct NewLink {
    /// Who has it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// How many days it is good.
    #[schema(minimum = 1, maximum = 400)]
    days: i64,
}

/// Makes a link by which a supplier sends documents and answers. Its address is in this answer only.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/links", tag = "suppliers",
    request_body = NewLink, params(("id" = i64, Path)), responses((status = 201, body = Made)))]
pub(crate) async fn link(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(sent): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let NewLink { name, days } = body(sent)?;
    let (id, address) = supplying::link(&app, &who, id, (&name, days)).await?;
    Ok((StatusCode::CREATED, Json(Made { id, address })))
}

/// Withdraws a link of a supplier.
#[utoipa::path(delete, path = "/api/v1/suppliers/{id}/links/{link}", tag = "suppliers",
    params(("id" = i64, Path), ("link" = i64, Path)),
    responses((status = 204, description = "It is withdrawn")))]
pub(crate) async fn withdraw_link(
    State(app): State<App>,
    who: Who,
    Path(ids): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    supplying::withdraw_link(&app, &who, ids).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The questions to a supplier about products that they may see, the newest first.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}/questions", tag = "suppliers",
    params(("id" = i64, Path), Asked),
    responses((status = 200, body = Listed<ShownQuestion>)))]
pub(crate) async fn questions(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ShownQuestion>>, Problem> {
    let seen = supplying::find(&app, &who, id).await?;
    let (after, ids) = (cursor(asked.after.as_deref())?, seen.ids());
    let none: Option<QuestionState> = None;
    let page = app.store.questions(who.org, (&ids, none), after, limit(asked.limit)).await?;
    Ok(Json(Listed::of(&page)))
}

/// A question to be asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSupplierQuestion)]
pub(crate) struct NewQuestion {
    /// About which product. If absent: the one that has the finding.
    product: Option<i64>,
    finding: Option<i64>,
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// Within how many days; if absent: as was promised.
    #[schema(minimum = 1, maximum = 365)]
    days: Option<i64>,
    /// The side that they speak for. If absent: one of theirs.
    role: Option<String>,
}

/// Asks a supplier: they see it by their link.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/questions", tag = "suppliers",
    request_body = NewQuestion, params(("id" = i64, Path)), responses((status = 201, body = Changed)))]
pub(crate) async fn ask(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(sent): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let NewQuestion { product, finding, text, days, role } = body(sent)?;
    let role = role.unwrap_or_default();
    let asked = supplying::Asked { product, finding, words: text, days, role };
    let id = supplying::ask(&app, &who, id, asked).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// Takes a question back that was not answered.
#[utoipa::path(delete, path = "/api/v1/suppliers/{id}/questions/{question}", tag = "suppliers",
    params(("id" = i64, Path), ("question" = i64, Path)),
    responses((status = 204, description = "It is no longer asked")))]
pub(crate) async fn withdraw_question(
    State(app): State<App>,
    who: Who,
    Path(ids): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    supplying::withdraw_question(&app, &who, ids).await?;
    Ok(StatusCode::NO_CONTENT)
}

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
    Json(sent): Json<Map<String, Value>>,
) -> Result<Json<Changed>, Problem> {
    let Letters { on, again } = body(sent)?;
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
    Ok((super::documents::headers(&is.is.document), bytes))
}

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
