//! What a supplier does itself, with the secret of its link as bearer: sees what was promised and what is asked, sends
//! documents, answers.

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Changed, Named};
use crate::access::Who;
use crate::access::who::bearer;
use crate::object::Object;
use crate::problem::Problem;
use crate::sent::{Arriving, Sent};
use crate::state::App;
use crate::supplying::intake::{self, About, Answered, By, LARGEST};
use crate::supplying::{PREFIX, Promised, judged};

impl FromRequestParts<App> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<By, Problem> {
        match bearer(&parts.headers).filter(|secret| secret.starts_with(PREFIX)) {
            Some(secret) => intake::by_secret(app, secret).await.map_err(|problem| {
                if problem.status == 404 { Problem::unauthorised() } else { problem }
            }),
            None => {
                <Who as FromRequestParts<App>>::from_request_parts(parts, app).await?;
                // Only a supplier comes here, with the secret of its link.
                Err(Problem::not_found("link of a supplier"))
            }
        }
    }
}

/// What is asked of a supplier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuppliedWith)]
pub(crate) struct Shown {
    /// Who they are to us.
    supplier: String,
    products: Vec<Named>,
    /// What was promised, a sentence each.
    promised: Vec<String>,
    /// What of it about SBOMs is not kept or falls due within a week, a sentence each.
    owed: Vec<String>,
    /// The last day of the contract.
    #[schema(format = Date)]
    ends: Option<String>,
    /// When the link ends.
    #[schema(format = DateTime)]
    link_ends: String,
    questions: Vec<ShownQuestion>,
}

/// A question that waits for them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuppliedQuestion)]
pub(crate) struct ShownQuestion {
    id: i64,
    product: i64,
    vulnerability: Option<String>,
    text: String,
    #[schema(format = DateTime)]
    asked: String,
    #[schema(format = DateTime)]
    due: String,
}

/// What is asked of the supplier of a link: what was promised, and the questions that wait.
#[utoipa::path(get, path = "/api/v1/supplied", tag = "supplied",
    responses((status = 200, body = Shown)))]
pub(crate) async fn get(State(app): State<App>, by: By) -> Result<Json<Shown>, Problem> {
    let (asked, _) = intake::questions(&app, &by).await?;
    let questions = asked.into_iter().map(|is| ShownQuestion {
        id: is.id,
        product: is.is.product,
        vulnerability: is.is.vulnerability,
        text: is.is.words,
        asked: is.asked.to_string(),
        due: is.is.due.to_string(),
    });
    Ok(Json(Shown {
        supplier: by.supplier.is.name.clone(),
        products: by.products.iter().map(|p| Named { id: p.id, name: p.name.clone() }).collect(),
        promised: Promised::of(&by.supplier).sentences(),
        owed: judged::owed(&app, by.org(), &by.supplier, &by.products).await?,
        ends: by.supplier.is.contract_ends.map(crate::reviewing::last_day),
        link_ends: by.link.expires.to_string(),
        questions: questions.collect(),
    }))
}

/// What is said about a document.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// About which product.
    product: i64,
    /// Of which version of it; of an SBOM it is said.
    version: Option<String>,
    /// `sbom`, `vex`. If absent: `sbom`.
    #[param(pattern = "^(sbom|vex)$")]
    kind: Option<String>,
}

/// A document that was taken in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuppliedDocument)]
pub(crate) struct Received {
    id: i64,
    /// The version of an SBOM that was made later: this one is kept as an older release, and replaces nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<String>,
}

/// Takes a document of a supplier in, up to 16 MiB: the body is the document. A VEX document holds when somebody has looked at it.
#[utoipa::path(post, path = "/api/v1/supplied/documents", tag = "supplied",
    params(Asked), request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Received)))]
pub(crate) async fn send(
    State(app): State<App>,
    by: By,
    Query(asked): Query<Asked>,
    arriving: Arriving,
) -> Result<(StatusCode, Json<Received>), Problem> {
    let about = About {
        product: asked.product,
        version: asked.version.unwrap_or_default(),
        kind: asked.kind.unwrap_or_else(|| "sbom".to_owned()),
    };
    let sent: Sent = arriving.read_up_to(LARGEST.min(app.settings.largest_upload)).await?;
    let intake::Taken { id, older } = intake::send(&app, &by, &about, sent).await?;
    Ok((StatusCode::CREATED, Json(Received { id, older })))
}

/// What a supplier answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSupplierAnswer)]
pub(crate) struct Answer {
    /// `not_affected`, `affected`, `fixed`, `under_investigation`. If absent: only words.
    #[schema(pattern = "^(not_affected|affected|fixed|under_investigation)?$")]
    status: Option<String>,
    /// Why not affected: one of the five labels of VEX.
    justification: Option<String>,
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// The version that has the fix.
    #[schema(max_length = 100)]
    fixed_in: Option<String>,
    /// The day by which it is fixed.
    #[schema(format = Date)]
    planned: Option<String>,
}

/// Answers a question, once.
#[utoipa::path(post, path = "/api/v1/supplied/questions/{id}", tag = "supplied",
    request_body = Answer, params(("id" = i64, Path)), responses((status = 200, body = Changed)))]
pub(crate) async fn answer(
    State(app): State<App>,
    by: By,
    Path(id): Path<i64>,
    Object(sent): Object<Answer>,
) -> Result<Json<Changed>, Problem> {
    let Answer { status, justification, text, fixed_in, planned } = sent;
    let status = status.unwrap_or_default();
    let answer = Answered { status, justification, words: text, fixed_in, planned };
    intake::answer(&app, &by, id, answer).await?;
    Ok(Json(Changed { id }))
}
