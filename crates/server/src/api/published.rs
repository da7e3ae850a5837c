//! What registries tell of versions that are carried, sent by whoever pushes: their own clients were asked.

use axum::Json;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_model::Purl;
use trimtab_store::{Published, ToldPublished};
use utoipa::ToSchema;

use super::asset_for;
use crate::access::{Action, Who};
use crate::object::Object;
use crate::problem::Problem;
use crate::published::{MOST, checked};
use crate::state::App;

/// About which asset.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The asset's name.
    #[param(min_length = 1, max_length = 300)]
    asset: String,
}

/// What a registry tells of a version.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewPublished)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTold {
    /// The purl, with its version.
    #[schema(max_length = 500)]
    purl: String,
    /// When its registry was asked. If absent: it did not answer, and nothing else is said.
    #[schema(format = DateTime)]
    asked: Option<String>,
    /// By which program.
    #[serde(default)]
    #[schema(max_length = 500)]
    source: String,
    /// When this version was published. If absent: unknown; so with all that follows.
    #[schema(format = DateTime)]
    published: Option<String>,
    /// When the newest version was published.
    #[schema(format = DateTime)]
    last_release: Option<String>,
    /// The newest version.
    #[schema(max_length = 500)]
    newest: Option<String>,
    /// How many versions came after it.
    #[schema(minimum = 0, maximum = 1_000_000)]
    since: Option<i64>,
    /// `offered`, `deprecated` or `yanked`.
    #[schema(pattern = "^(offered|deprecated|yanked)$")]
    standing: Option<String>,
    /// In which words it is deprecated or taken back.
    #[serde(default)]
    #[schema(max_length = 500)]
    words: String,
    /// Whether the project is archived.
    archived: Option<bool>,
}

/// What registries tell.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PublishedTold)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    #[schema(min_items = 1, max_items = 50)]
    packages: Vec<NewTold>,
}

/// How much of it was kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedKept)]
pub(crate) struct Kept {
    /// How many.
    kept: usize,
    /// Those that the asset does not carry, that few rely on, of which something newer is known, or of which something is
    /// said that cannot be so.
    left_out: usize,
}

/// Takes what registries tell of packages that an asset carries, as the answer to its upload asked for them.
#[utoipa::path(post, path = "/api/v1/packages/published", tag = "packages",
    operation_id = "packages_published", params(About), request_body = Told,
    responses((status = 200, body = Kept)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    Object(sent): Object<Told>,
) -> Result<Json<Kept>, Problem> {
    let asset = asset_for(&app.store, &who, Action::Upload, &about.asset).await?;
    if sent.packages.is_empty() || sent.packages.len() > MOST {
        return Err(Problem::invalid(format!("`packages` must have 1 to {MOST} packages.")));
    }
    let now = app.now();
    let count = sent.packages.len();
    let (mut all, mut wrong) = (Vec::with_capacity(count), Vec::new());
    for one in sent.packages {
        let mut is = read(one)?;
        // The clock of who tells may be ahead.
        is.asked = is.asked.map(|at| at.min(now));
        // What cannot be so is left out alone, and counts as tried: the rest is none the worse for it.
        match checked(&is, now) {
            Ok(()) => all.push(is),
            Err(_) => wrong.push(Published { asked: None, ..is }),
        }
    }
    let actor = who.actor();
    let by = (&*actor, now);
    let kept = app.store.tell_published(who.org, asset.id, &all, by).await?;
    app.store.tell_published(who.org, asset.id, &wrong, by).await?;
    Ok(Json(Kept { kept, left_out: count.saturating_sub(kept) }))
}

fn moment(name: &str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let wrong = |_| Problem::invalid(format!("`{name}` must be an RFC 3339 timestamp."));
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

fn read(one: NewTold) -> Result<Published, Problem> {
    let unnamed =
        || Problem::invalid("Each `purl` must name a package with its version.".to_owned());
    if one.purl.chars().count() > 500 {
        return Err(unnamed());
    }
    let purl: Purl = one.purl.parse().map_err(|_| unnamed())?;
    let version = purl.version().ok_or_else(unnamed)?.to_owned();
    let known = ["offered", "deprecated", "yanked"];
    if one.standing.as_deref().is_some_and(|word| !known.contains(&word)) {
        return Err(Problem::invalid("`standing` must be offered, deprecated or yanked."));
    }
    Ok(Published {
        package: purl.package().to_string(),
        version,
        asked: moment("asked", one.asked)?,
        source: one.source,
        published: moment("published", one.published)?,
        last_release: moment("last_release", one.last_release)?,
        newest: one.newest,
        since: one.since,
        standing: one.standing,
        words: one.words,
        archived: one.archived,
    })
}

/// What its registry told of a version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VersionPublished)]
pub(crate) struct Shown {
    /// When this version was published. `null`: unknown; so with all that follows.
    published: Option<String>,
    last_release: Option<String>,
    newest: Option<String>,
    /// How many versions came after it.
    since: Option<i64>,
    /// `offered`, `deprecated` or `yanked`.
    standing: Option<String>,
    words: String,
    archived: Option<bool>,
    /// When the registry was asked, and by which program.
    asked: Option<String>,
    source: String,
    /// Who told it, for those who may read the ledger. `null`: others, for it may be of another team.
    actor: Option<String>,
}

impl Shown {
    /// What was told; by whom, for who may read it.
    pub(crate) fn of(told: &ToldPublished, may_read: bool) -> Shown {
        let is = &told.is;
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Shown {
            published: text(is.published),
            last_release: text(is.last_release),
            newest: is.newest.clone(),
            since: is.since,
            standing: is.standing.clone(),
            words: is.words.clone(),
            archived: is.archived,
            asked: text(is.asked),
            source: is.source.clone(),
            actor: may_read.then(|| told.actor.clone()),
        }
    }
}
