//! The reviews of the same that were held before one, and how good they were.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use trimtab_engine::review::{Closed, Decided, Follow, Held, Kind, Quality, quality};
use trimtab_store::{Org, Resolve, ResolveState, Review, ReviewFilter, ReviewOf};

use super::agenda::Pack;
use super::kind_of;
use super::seen::Scope;
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;

/// How many reviews before one are looked at.
const BEFORE: usize = 12;
/// How many reviews with decisions that are to be done.
const OLDER: usize = 200;
/// Sorts of topics that stand in every review until they are done, or by their nature.
const STAYS: [&str; 8] = [
    "decision:",
    "window:",
    "relied-on:",
    "concentration:",
    "supplier:",
    "team:",
    "attacks:",
    "malicious:",
];

/// The reviews of the same before one, or before now where it was not opened.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn before_it(
    app: &App,
    who: &Who,
    (review, scope): (&Review, &Scope),
) -> Result<Vec<Before>, Problem> {
    let systems = match (&review.opened, &scope.systems) {
        (_, None) => None,
        (Some(_), Some(_)) => Some(review.is.systems.as_slice()),
        (None, Some(systems)) => Some(systems.as_slice()),
    };
    let until = review.opened.unwrap_or(app.now());
    before(app, who.org, (kind_of(review), &review.is.of, systems), until).await
}

/// A review that was held before another one of the same.
pub(crate) struct Before {
    pub(crate) review: Review,
    pub(crate) pack: Option<Pack>,
    pub(crate) decisions: Vec<Resolve>,
}

impl Before {
    /// As quality counts it.
    fn held(&self) -> Held {
        let topics = self.pack.iter().flat_map(Pack::topics);
        // What stands in every review does not come again.
        let stays = |key: &str| STAYS.iter().any(|sort| key.starts_with(sort));
        let keys = topics.filter(|key| !stays(key)).map(ToOwned::to_owned);
        let minutes = |(from, to): (Timestamp, Timestamp)| {
            u32::try_from(to.duration_since(from).as_secs().div_euclid(60)).unwrap_or(u32::MAX)
        };
        Held {
            keys: keys.collect(),
            decisions: self.decisions.iter().map(decided).collect(),
            planned: self.review.is.minutes,
            took: self.review.opened.zip(self.review.closed).map(minutes),
        }
    }
}

/// The last review before one that it is compared with: of a pack of a month or a quarter, one of the same systems.
pub(crate) fn last_of<'b>(before: &'b [Before], kind: Kind, scope: &Scope) -> Option<&'b Before> {
    let same = |one: &&Before| match (kind, &scope.systems) {
        (Kind::Weekly, _) | (_, None) => true,
        (_, Some(systems)) => {
            let is: HashSet<&i64> = systems.iter().collect();
            is == one.review.is.systems.iter().collect::<HashSet<&i64>>()
        }
    };
    before.iter().filter(same).find(|one| one.pack.is_some())
}

/// The reviews of the same that were opened before a moment, the newest first: those that tell of nothing else than this
/// one does. What a team owned and owns no longer is not told to those who see this one.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn before(
    app: &App,
    org: Org,
    (kind, of, systems): (Kind, &ReviewOf, Option<&[i64]>),
    until: Timestamp,
) -> Result<Vec<Before>, Problem> {
    let filter = ReviewFilter {
        kind: Some(kind.as_str().to_owned()),
        scope: Some(of.word()),
        opened: true,
        before: Some(until),
        systems: systems.map(<[i64]>::to_vec),
        ..ReviewFilter::default()
    };
    let mut reviews = app.store.reviews(org, &filter, None, BEFORE).await?.rows;
    if reviews.len() == BEFORE {
        // Of older ones, those that decided what is still to be done.
        let known: HashSet<i64> = reviews.iter().map(|review| review.id).collect();
        let undone = ReviewFilter { undone: true, ..filter };
        let older = app.store.reviews(org, &undone, None, OLDER).await?.rows;
        let older = older.into_iter().filter(|review| !known.contains(&review.id));
        reviews.extend(older.map(|review| Review { pack: None, ..review }));
    }
    reviews.sort_by_key(|review| std::cmp::Reverse(review.opened));
    let ids: Vec<i64> = reviews.iter().map(|review| review.id).collect();
    let mut of: HashMap<i64, Vec<Resolve>> = HashMap::new();
    for one in app.store.resolved(org, &ids).await? {
        of.entry(one.is.review).or_default().push(one);
    }
    let read = |review: Review| Before {
        pack: review.pack.clone().and_then(|pack| serde_json::from_value(pack).ok()),
        decisions: of.remove(&review.id).unwrap_or_default(),
        review,
    };
    Ok(reviews.into_iter().map(read).collect())
}

/// How good the last twelve reviews were: those before one, and itself if it was opened.
pub(crate) fn how_good(before: &[Before], this: Option<&Before>, now: Timestamp) -> Quality {
    let last = before.iter().take(BEFORE - usize::from(this.is_some()));
    let all: Vec<Held> = last.rev().chain(this).map(Before::held).collect();
    quality(&all, now)
}

/// What was decided, in the engine's words.
fn decided(is: &Resolve) -> Decided {
    let closed = match is.state {
        ResolveState::Open => None,
        ResolveState::Done => Some(Closed::Done),
        ResolveState::Dropped => Some(Closed::Dropped),
    };
    Decided { made: is.made, due: Some(is.is.due), closed: is.ended.zip(closed) }
}

/// How it stands with what was decided.
pub(crate) fn follow(is: &Resolve, now: Timestamp) -> Follow {
    decided(is).at(now)
}
