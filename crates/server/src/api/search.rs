//! One box for everything.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Rows;
use crate::access::Who;
use crate::facts::search::{self, Found, Kind};
use crate::problem::Problem;
use crate::state::App;

/// What is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A vulnerability's name, a purl, the start of a package's name, a part of the name of a system, team or
    /// person; at most 200 characters of it.
    #[serde(default)]
    q: String,
}

/// Something that is called so.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundByName)]
pub(crate) struct Shown {
    /// `vulnerability`, `package`, `system`, `team`, `person`.
    kind: &'static str,
    name: String,
    /// Of systems, teams and people.
    id: Option<i64>,
    /// Of packages: the purl without version.
    purl: Option<String>,
}

/// What is called so of what they may see, at most 50 of each kind.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(Asked),
    responses((status = 200, body = Rows<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Rows<Shown>>, Problem> {
    let found = search::all(&app, &who, &asked.q).await?;
    Ok(Json(Rows { rows: found.into_iter().map(Shown::from).collect() }))
}

impl From<Found> for Shown {
    fn from(is: Found) -> Shown {
        Shown {
            kind: is.kind.as_str(),
            name: is.name,
            id: is.id,
            purl: (is.kind == Kind::Package).then_some(is.note),
        }
    }
}
