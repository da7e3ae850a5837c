//! A review with all that is known of it, as it is shown.

use serde::Serialize;
use trimtab_store::{Resolve, Review};
use utoipa::ToSchema;

use super::Row;
use crate::access::Who;
use crate::api::Named;
use crate::people::name;
use crate::problem::Problem;
use crate::reviewing::agenda::{Pack, PackFigures};
use crate::reviewing::packing::PackNumber;
use crate::reviewing::{self, Before, Scope};
use crate::state::App;

/// Somebody who was there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewPerson)]
pub(crate) struct There {
    person: Named,
    #[schema(format = DateTime)]
    since: String,
}

/// What a review decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewDecision)]
pub(crate) struct ShownDecision {
    id: i64,
    /// The key of the topic of the agenda; empty: of none.
    topic: String,
    title: String,
    what: String,
    owner: Named,
    /// The last day.
    #[schema(format = Date)]
    due: String,
    #[schema(format = DateTime)]
    made: String,
    /// `open`, `done`, `dropped`.
    state: &'static str,
    /// `carried out`, `carried out late`, `dropped`, `open`, `late`.
    stands: &'static str,
    #[schema(format = DateTime)]
    ended: Option<String>,
    word: String,
}

/// How good reviews of the same were, up to this one. `null`: it cannot be said yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewQuality)]
pub(crate) struct ShownQuality {
    reviews: usize,
    decisions: usize,
    per_review: Option<f64>,
    /// Decisions whose day is over, or that were carried out.
    judged: usize,
    in_time: usize,
    in_time_share: Option<f64>,
    topics: usize,
    repeats: usize,
    repeat_share: Option<f64>,
    over: usize,
    overran: usize,
}

/// A review with what it shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub(crate) struct Shown {
    #[serde(flatten)]
    row: Row,
    /// What it is of, for people.
    name: String,
    /// What it shows: as it was when it was opened, or as it would be now.
    pack: Pack,
    /// The numbers of the last review of the same.
    before: Option<PackFigures>,
    /// The numbers of the last pack of the same kind; none where there is none.
    before_numbers: Vec<PackNumber>,
    present: Vec<There>,
    decisions: Vec<ShownDecision>,
    note: String,
    quality: ShownQuality,
}

/// All that is known of a review; pages, API and minutes show it.
pub(crate) struct Known {
    pub(crate) review: Review,
    pub(crate) scope: Scope,
    pub(crate) pack: Pack,
    pub(crate) before: Vec<Before>,
    pub(crate) present: Vec<(i64, jiff::Timestamp)>,
    pub(crate) decisions: Vec<Resolve>,
    pub(crate) names: std::collections::HashMap<i64, String>,
    pub(crate) quality: trimtab_engine::review::Quality,
}

/// A review that they may see, with all that is known of it.
///
/// # Errors
/// There is none.
pub(crate) async fn known(app: &App, who: &Who, id: i64) -> Result<Known, Problem> {
    let (review, scope) = reviewing::find(app, who, id).await?;
    let before = reviewing::before_it(app, who, (&review, &scope)).await?;
    let pack = reviewing::pack(app, who, (&review, &scope), &before).await?;
    let present = app.store.review_people(who.org, id).await?;
    let decisions = app.store.resolved(who.org, &[id]).await?;
    let this = review.opened.is_some().then(|| Before {
        review: review.clone(),
        pack: Some(pack.clone()),
        decisions: decisions.clone(),
    });
    let quality = reviewing::how_good(&before, this.as_ref(), app.now());
    let names = reviewing::names(app, who).await?;
    Ok(Known { review, scope, pack, before, present, decisions, names, quality })
}

pub(super) fn shown(is: &Known, now: jiff::Timestamp) -> Shown {
    let named = |id: i64| Named { id, name: name(&is.names, id) };
    let decision = |one: &Resolve| ShownDecision {
        id: one.id,
        topic: one.is.topic.0.clone(),
        title: one.is.topic.1.clone(),
        what: one.is.what.clone(),
        owner: named(one.is.owner),
        due: reviewing::last_day(one.is.due),
        made: one.made.to_string(),
        state: one.state.as_str(),
        stands: reviewing::follow(one, now).words(),
        ended: one.ended.map(|at| at.to_string()),
        word: one.word.clone(),
    };
    let quality = &is.quality;
    let last = reviewing::last_of(&is.before, reviewing::kind_of(&is.review), &is.scope);
    let last = last.and_then(|one| one.pack.as_ref());
    Shown {
        row: Row::from(&is.review),
        name: is.scope.name.clone(),
        pack: is.pack.clone(),
        before: last.map(|pack| pack.figures),
        before_numbers: last.map_or_else(Vec::new, |pack| pack.numbers.clone()),
        present: is
            .present
            .iter()
            .map(|(id, since)| There { person: named(*id), since: since.to_string() })
            .collect(),
        decisions: is.decisions.iter().map(decision).collect(),
        note: is.review.note.clone(),
        quality: ShownQuality {
            reviews: quality.reviews,
            decisions: quality.decisions,
            per_review: quality.per_review(),
            judged: quality.judged,
            in_time: quality.in_time,
            in_time_share: quality.in_time_share(),
            topics: quality.topics,
            repeats: quality.repeats,
            repeat_share: quality.repeat_share(),
            over: quality.over,
            overran: quality.overran,
        },
    }
}
