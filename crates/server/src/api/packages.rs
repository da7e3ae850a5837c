//! One package: which of its versions are here, where, and what is wrong with them.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::where_is;
use super::{groups, published};
use crate::access::{Action, On, Who};
use crate::facts::package::{Facts, Version};
use crate::problem::Problem;
use crate::state::App;

/// A package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Package)]
pub(crate) struct Details {
    /// The purl without version.
    package: String,
    /// As some document declares it.
    licence: Option<String>,
    /// In how many assets it is.
    assets: usize,
    load: f64,
    /// Whether it may be more.
    load_at_least: bool,
    versions: Vec<ShownVersion>,
    /// Its vulnerabilities that are open here, the heaviest first, at most 200.
    vulnerabilities: Vec<groups::Shown>,
    /// Where it is, at most 500 places; `/api/v1/where?q=` has all.
    places: Vec<where_is::Shown>,
    /// Whether those are all: assets and versions are counted over them.
    complete: bool,
}

/// A version that is here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PackageVersion)]
struct ShownVersion {
    /// `unknown` where none is told.
    version: String,
    /// In how many places.
    places: usize,
    /// In how many of them it runs in production.
    running: usize,
    /// What its registry told, through whoever pushed it. `null`: nobody told.
    told: Option<published::Shown>,
}

/// A package by its purl, where it is here.
#[utoipa::path(get, path = "/api/v1/packages/{purl}", tag = "packages",
    params(("purl" = String, Path, description = "A purl, encoded for an address; its version does not matter")),
    responses((status = 200, body = Details)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(purl): Path<String>,
) -> Result<Json<Details>, Problem> {
    let mut facts = Facts::of(&app, &who, &purl).await?;
    app.store.tell_environments(who.org, &mut facts.places).await?;
    let may_read = who.may(Action::Audit, On::ALL);
    let version = |is: Version<'_>| ShownVersion {
        version: is.version.to_owned(),
        places: is.places,
        running: is.running,
        told: facts.published.get(is.version).map(|told| published::Shown::of(told, may_read)),
    };
    Ok(Json(Details {
        licence: facts.licence.clone(),
        assets: facts.assets(),
        load: facts.load.weight,
        load_at_least: facts.load.is_least,
        versions: facts.versions().into_iter().map(version).collect(),
        vulnerabilities: facts.vulnerabilities.iter().map(groups::Shown::from).collect(),
        places: facts.places.iter().map(where_is::Shown::from).collect(),
        complete: !facts.more,
        package: facts.package,
    }))
}
