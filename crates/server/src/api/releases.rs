//! What is different between two snapshots of an asset.

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use trimtab_store::{Asset, Component};
use utoipa::ToSchema;

use super::Named;
use super::assets::ShownSnapshot;
use crate::access::Who;
use crate::facts::release::{Asked, Facts};
use crate::problem::Problem;
use crate::state::App;

/// Two snapshots of an asset, and what is different.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Release)]
pub(crate) struct Shown {
    asset: Named,
    /// The snapshot before; `null`: nothing was received yet. With one snapshot alone it is both.
    from: Option<ShownSnapshot>,
    to: Option<ShownSnapshot>,
    /// Packages that were not there before.
    came: Vec<Versioned>,
    /// Packages that are there no longer.
    went: Vec<Versioned>,
    changed: Vec<ChangedPackage>,
    /// What the advisory index says of the one and not of the other.
    findings_new: Vec<Said>,
    findings_gone: Vec<Said>,
    /// Whether all that differs was looked at.
    complete: bool,
}

/// A package at a version.
#[derive(Debug, Serialize, ToSchema)]
struct Versioned {
    /// The purl without version.
    package: String,
    /// `null`: none is told.
    version: Option<String>,
}

/// A package whose version changed.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedPackage {
    package: String,
    /// Its versions before, with commas.
    before: String,
    after: String,
}

/// A vulnerability in a package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseFinding)]
struct Said {
    package: String,
    vulnerability: String,
}

/// What is different between two snapshots of an asset, by today's advisories: of the newest 100.
#[utoipa::path(get, path = "/api/v1/releases", tag = "assets", operation_id = "release",
    params(Asked), responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Shown>, Problem> {
    let facts = Facts::of(&app, &who, &asked).await?;
    let Asset { id, name, .. } = &facts.asset;
    let versioned =
        |c: &Component| Versioned { package: c.is.package.clone(), version: c.is.version.clone() };
    let said = |(package, vulnerability): &(String, String)| Said {
        package: package.clone(),
        vulnerability: vulnerability.clone(),
    };
    let changed = |(package, before, after): &(String, String, String)| ChangedPackage {
        package: package.clone(),
        before: before.clone(),
        after: after.clone(),
    };
    let sides = &facts.sides;
    Ok(Json(Shown {
        asset: Named { id: *id, name: name.clone() },
        from: facts.from().map(ShownSnapshot::from),
        to: facts.to().map(ShownSnapshot::from),
        came: sides.came.iter().map(versioned).collect(),
        went: sides.went.iter().map(versioned).collect(),
        changed: sides.changed.iter().map(changed).collect(),
        findings_new: sides.new.iter().map(said).collect(),
        findings_gone: sides.gone.iter().map(said).collect(),
        complete: !sides.more,
    }))
}
