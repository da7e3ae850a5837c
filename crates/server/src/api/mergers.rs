//! Who merged updates: told by whoever pushes out of git, or by a person of themselves.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asset_for;
use crate::access::{Action, Who};
use crate::merging::{self, ASKED};
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// About which asset.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The asset's name.
    #[param(min_length = 1, max_length = 300)]
    asset: String,
}

/// What git tells of an update.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewMerger)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTold {
    update: i64,
    /// The merge of the main line that brought it.
    #[schema(min_length = 7, max_length = 64, pattern = "^[0-9a-fA-F]+$")]
    commit: String,
    /// When it was. If absent: unknown.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// The address of its author: where it is the verified one of a person who sees the asset, the merge was theirs. It
    /// is not kept.
    #[schema(min_length = 3, max_length = 320)]
    address: String,
}

/// What git tells.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MergersTold)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    #[schema(min_items = 1, max_items = 20)]
    merges: Vec<NewTold>,
}

/// How many of them were looked at. Whose they are is not told: nobody learns here who has which address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MergersLookedAt)]
pub(crate) struct LookedAt {
    /// Merges of updates of the asset of which something can be merged.
    looked_at: usize,
}

/// Takes who merged updates of an asset, as git tells it. Of whom no verified address is known nothing is kept.
#[utoipa::path(post, path = "/api/v1/updates/merges", tag = "updates",
    operation_id = "updates_merges", params(About), request_body = Told,
    responses((status = 200, body = LookedAt)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    Object(sent): Object<Told>,
) -> Result<Json<LookedAt>, Problem> {
    let asset = asset_for(&app.store, &who, Action::Upload, &about.asset).await?;
    if sent.merges.is_empty() || sent.merges.len() > ASKED {
        return Err(Problem::invalid(format!("`merges` must have 1 to {ASKED} merges.")));
    }
    let mut all = Vec::with_capacity(sent.merges.len());
    for one in sent.merges {
        let is_commit = (7..=64).contains(&one.commit.len())
            && one.commit.bytes().all(|b| b.is_ascii_hexdigit());
        let length = one.address.chars().count();
        if !is_commit || !(3..=320).contains(&length) || one.address.chars().any(char::is_control) {
            return Err(Problem::invalid("Each must have the id of a commit and an address."));
        }
        let wrong = |_| Problem::invalid("`at` must be an RFC 3339 timestamp.");
        let at = one.at.map(|at| at.parse::<Timestamp>().map_err(wrong)).transpose()?;
        let (update, commit, address) = (one.update, one.commit, one.address);
        all.push(merging::Told { update, commit, at, address });
    }
    let looked_at = merging::take(&app, &who, &asset, &all).await?;
    Ok(Json(LookedAt { looked_at }))
}

/// Whether one merged an update oneself.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MergedByMe)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mine {
    mine: bool,
}

/// Says that one merged an update, or no longer: for one's own card. No token says it for a person.
#[utoipa::path(put, path = "/api/v1/updates/{id}/merged", tag = "updates",
    operation_id = "updates_merged", params(("id" = i64, Path,)), request_body = Mine,
    responses((status = 204)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Mine>,
) -> Result<StatusCode, Problem> {
    merging::mine(&app, &who, id, sent.mine).await?;
    Ok(StatusCode::NO_CONTENT)
}
