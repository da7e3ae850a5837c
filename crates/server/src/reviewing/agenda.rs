//! What a review shows, out of data: its agenda with a time for each part, and the numbers that are compared with the
//! review before. Kept as it was when the review was opened.

mod decided;
mod found;
mod shape;
mod windows;

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::review::{Kind, Part, Topic, repeats, times};
use trimtab_store::{FindingFilter, Org, ReviewOf, Waits};

use super::packing::{Made, load_line};
use super::{Before, Scope, briefing, health};
use crate::api::findings::WEEK;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;
pub(crate) use shape::{Pack, PackFigures, PackPart, PackTopic};

/// How many topics of a part are listed; the part says how many there are.
pub(super) const LISTED: usize = 20;
/// Of so many it is remembered that they stood there: those that are listed, and those further down.
pub(super) const KEPT: usize = 500;
/// How near a deadline or an end is.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 14);
/// Of so many topics a part has the time that tells how it is.
const FEW: usize = 3;

/// A topic on its way.
pub(super) struct Draft {
    pub(super) is: Topic,
    pub(super) title: String,
    pub(super) note: String,
    pub(super) page: String,
}

/// A part on its way: its topics in order, how many there are, whether there may be more, and where the list is.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) topics: Vec<Draft>,
    /// The keys of those that stand further down, as far as they are remembered.
    pub(super) further: Vec<String>,
    pub(super) count: i64,
    pub(super) more: bool,
    pub(super) list: String,
    pub(super) about: String,
}

/// Takes off what stands further down than is listed, and keeps the keys of the first of it.
pub(super) fn further(topics: &mut Vec<Draft>) -> Vec<String> {
    let rest = topics.split_off(topics.len().min(LISTED));
    rest.into_iter().take(KEPT - LISTED).map(|draft| draft.is.key).collect()
}

/// What a review would show at a moment, which is now, and what is carried where that is to be kept with it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn pack(
    app: &App,
    org: Org,
    scope: &Scope,
    (kind, minutes): (Kind, u32),
    before: &[Before],
    (agreed, now): (&Agreed, Timestamp),
) -> Result<(Pack, Option<String>), Problem> {
    let making = Making { app, org, scope, agreed, now };
    let last = before.first().and_then(|one| one.review.opened);
    let since = last.unwrap_or(now - WEEK).max(now - WEEK - WEEK - WEEK - WEEK);
    let [new, late, soon] =
        [making.fresh(since).await?, making.due(now).await?, making.due(now + SOON).await?];
    let least = if late.more { "At least " } else { "" };
    let about =
        format!("{least}{} past their deadline, the others due within 14 days.", late.count);
    let deadlines = Filled { about, ..soon };
    let (exceptions, answers) = (making.exceptions().await?, making.answers().await?);
    let (plan, scheduled) = making.plan().await?;
    let follow = making.follow(before).await?;
    let counting = making.counting();
    let open = app.store.count_findings(org, &counting).await?;
    let load = making.load().await?;
    let known = |filled: &Filled| (!filled.more).then_some(filled.count);
    // What ended already is told in the same part, and is no number of its own.
    let ending = known(&exceptions);
    let exceptions = making.with_ended(exceptions, (since, last.is_some())).await?;
    let figures = PackFigures {
        load,
        open: (!open.is_least).then_some(open.number),
        new: known(&new),
        late: known(&late),
        soon: known(&deadlines).zip(known(&late)).map(|(all, late)| all - late),
        exceptions: ending,
        answers: known(&answers),
        scheduled: Some(scheduled),
    };
    let made = match kind {
        Kind::Weekly => Made {
            parts: Part::ALL
                .into_iter()
                .zip([follow, new, deadlines, exceptions, answers, plan])
                .collect(),
            numbers: Vec::new(),
            charts: vec![load_line(app, org, scope, (load, now)).await?],
            stock: None,
        },
        Kind::Monthly => health::made(&making, follow, before).await?,
        Kind::Quarterly => briefing::made(&making, follow, before).await?,
    };
    let counts: Vec<usize> = made.parts.iter().map(|(part, one)| worth(*part, one.count)).collect();
    let times = match kind {
        Kind::Weekly => times(&counts, minutes),
        // However long a list of a pack is, the others have their time, and so has what is decided.
        Kind::Monthly | Kind::Quarterly => times(&counts, minutes).at_most_a_third(),
    };
    let keys: Vec<Vec<String>> = before
        .iter()
        .map(|one| one.pack.iter().flat_map(Pack::remembered).map(ToOwned::to_owned).collect())
        .collect();
    let parts = made.parts.into_iter().zip(&times.parts);
    let parts = parts.map(|((part, filled), minutes)| PackPart {
        part: part.as_str().to_owned(),
        title: part.title().to_owned(),
        about: filled.about,
        minutes: *minutes,
        count: filled.count,
        more: filled.more,
        list: filled.list,
        topics: filled.topics.into_iter().map(|draft| told(part, draft, &keys)).collect(),
        further: filled.further,
    });
    let pack = Pack {
        at: now.to_string(),
        figures,
        numbers: made.numbers,
        charts: made.charts,
        parts: parts.collect(),
        end: times.end,
    };
    Ok((pack, made.stock))
}

/// Of how many topics a part has the time. What tells how it is, and has as many rows each time, has that of a few.
fn worth(part: Part, count: i64) -> usize {
    let count = usize::try_from(count).unwrap_or(0);
    match part {
        Part::Relied | Part::Concentration | Part::Noise | Part::Attacks | Part::Watch => {
            count.min(FEW)
        }
        _ => count,
    }
}

fn told(part: Part, draft: Draft, before: &[Vec<String>]) -> PackTopic {
    let again = match part {
        // What was decided stands there until it is done.
        // The last four tell how it is, and have the same to tell each time.
        Part::Follow
        | Part::Plan
        | Part::Relied
        | Part::Concentration
        | Part::Noise
        | Part::Attacks => 0,
        _ => repeats(&draft.is.key, before.iter().map(Vec::as_slice)),
    };
    PackTopic {
        key: draft.is.key,
        title: draft.title,
        note: draft.note,
        page: draft.page,
        level: draft.is.level.map(|level| level.as_str().to_owned()),
        weight: draft.is.weight,
        due: draft.is.due.map(|at| at.to_string()),
        repeats: again,
    }
}

pub(super) struct Making<'a> {
    pub(super) app: &'a App,
    pub(super) org: Org,
    pub(super) scope: &'a Scope,
    agreed: &'a Agreed,
    pub(super) now: Timestamp,
}

impl Making<'_> {
    pub(super) fn counting(&self) -> FindingFilter {
        FindingFilter {
            systems: self.scope.systems.clone(),
            counts: Some(true),
            ..FindingFilter::default()
        }
    }

    /// The load of now. `None`: not all of it is weighed, and what was not weighed adds nothing to a sum.
    pub(super) async fn load(&self) -> Result<Option<f64>, Problem> {
        let load = self.app.store.load_of(self.org, &self.counting()).await?;
        let unweighed = self.unweighed(None).await?;
        Ok((!load.is_least && unweighed == 0).then_some(load.weight))
    }

    /// An address with what the review is of.
    pub(super) fn of(&self, path: &str) -> String {
        let join = if path.contains('?') { '&' } else { '?' };
        match &self.scope.of {
            ReviewOf::Team(id) => format!("{path}{join}team={id}"),
            ReviewOf::Systems(ids) if ids.len() == 1 => {
                format!("{path}{join}system={}", ids.first().copied().unwrap_or_default())
            }
            // Of several, only findings can be listed together.
            ReviewOf::Systems(ids) if path.starts_with("/findings") => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                format!("{path}{join}systems={}", ids.join(","))
            }
            ReviewOf::All | ReviewOf::Systems(_) => path.to_owned(),
        }
    }

    /// How many that count were not weighed, of those that came since a moment.
    pub(super) async fn unweighed(&self, since: Option<Timestamp>) -> Result<i64, Problem> {
        let filter = FindingFilter { since, waits: Some(Waits::Assessment), ..self.counting() };
        Ok(self.app.store.count_findings(self.org, &filter).await?.number)
    }
}
