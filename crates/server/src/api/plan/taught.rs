//! What a team's plan tells beside its batches: what finished changes taught.

use serde::Serialize;
use trimtab_engine::assess::Distance;
use trimtab_engine::plan::learn::{Source, Taught};
use utoipa::ToSchema;

/// What finished changes of one sort came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LearntOfChanges)]
pub(crate) struct Learnt {
    /// `raise`, `raise-parent`, `relock`, `override`, `replace`, `remove`, `base-image` or `configuration`.
    kind: &'static str,
    /// `patch`, `minor` or `major`. Not there: it does not move, or that is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<&'static str>,
    /// Whether something else brings the package in.
    transitive: bool,
    /// How many are over, how many of them were taken back, and of how many people said the points.
    finished: usize,
    reverted: usize,
    said: usize,
    /// The middle of the working days from when they were carried out until they were merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<f64>,
    /// What is reckoned with now.
    least: f64,
    most: f64,
    confidence: f64,
    prior: Prior,
}

/// What was reckoned with before there was history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriorOfChanges)]
pub(crate) struct Prior {
    least: f64,
    most: f64,
    confidence: f64,
}

pub(super) fn learnt(of: &Taught) -> Learnt {
    let (finished, reverted) = match of.is.source {
        Source::Prior => (0, 0),
        Source::Team { finished, reverted } => (finished, reverted),
    };
    let prior = &of.prior;
    Learnt {
        kind: of.sort.kind.as_str(),
        distance: of.sort.distance.map(Distance::as_str),
        transitive: of.sort.transitive,
        finished,
        reverted,
        said: of.said,
        days: of.days,
        least: of.is.least,
        most: of.is.most,
        confidence: of.is.confidence,
        prior: Prior { least: prior.least, most: prior.most, confidence: prior.confidence },
    }
}
