//! What is kept of maturity: the stage of each day, and how much an organisation asks of itself.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trimtab_engine::maturity::{Assessment, CRITERIA, Criterion, Thresholds, Verdict};
use trimtab_store::{Org, StageDay, Threshold};

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::reviewing::line;
use crate::state::App;
use crate::web::today::epoch_day;

/// For how many days the trend is told: a year.
pub(crate) const TREND: i64 = 364;
/// The longest reason.
pub(crate) const REASON: usize = 500;

/// The day of a moment, since 1970.
pub(super) fn day(at: Timestamp) -> i64 {
    epoch_day(at.to_zoned(TimeZone::UTC).date())
}

/// An assessment as the stage of a day.
pub(super) fn stage_day(team: Option<i64>, day: i64, is: &Assessment) -> StageDay {
    let count = |verdict| {
        let all = is.judged.iter().filter(|judged| judged.verdict == verdict).count();
        i64::try_from(all).unwrap_or(i64::MAX)
    };
    StageDay {
        team,
        day,
        stage: i64::from(is.stage.number()),
        met: count(Verdict::Met),
        unmet: count(Verdict::NotMet),
        unknown: count(Verdict::Unknown),
    }
}

/// The stages that were kept of a team, or of the organisation.
///
/// # Errors
/// The store does not answer.
pub(super) async fn days(
    app: &App,
    org: Org,
    team: Option<i64>,
    now: Timestamp,
) -> Result<Vec<StageDay>, Problem> {
    let today = day(now);
    Ok(app.store.stages(org, team, (today - TREND, today)).await?)
}

/// Keeps the stages of today, and tells the ledger what they rest on.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn keep(app: &App, org: Org) -> Result<usize, Problem> {
    let (all, rests) = super::of_day(app, org).await?;
    app.store.judge_stages(org, &all, rests).await?;
    Ok(all.len())
}

/// What an organisation asks of itself.
///
/// # Errors
/// The store does not answer.
pub(super) async fn thresholds(app: &App, org: Org) -> Result<Thresholds, Problem> {
    let set = app.store.thresholds(org).await?;
    Ok(Thresholds::of(
        set.iter()
            .map(|is| (is.criterion.as_str(), u8::try_from(is.least.clamp(0, 100)).unwrap_or(100))),
    ))
}

/// Another threshold than the usual one, and why.
pub(crate) struct Reason {
    pub(crate) criterion: &'static Criterion,
    /// In percent.
    pub(crate) least: i64,
    pub(crate) why: String,
    pub(crate) since: Timestamp,
}

impl Reason {
    /// In the order of [`Reason::COLUMNS`].
    pub(crate) fn cells(&self) -> [String; 5] {
        [
            self.criterion.words.to_owned(),
            format!("{} %", self.least),
            format!("{} %", self.criterion.least),
            self.why.clone(),
            self.since.strftime("%Y-%m-%d").to_string(),
        ]
    }

    pub(crate) const COLUMNS: [&'static str; 5] = ["Asked for", "Here", "Of all", "Why", "Since"];
}

/// The thresholds that an organisation set, in the order of the table.
///
/// # Errors
/// The store does not answer.
pub(super) async fn reasons(app: &App, org: Org) -> Result<Vec<Reason>, Problem> {
    let set = app.store.thresholds(org).await?;
    let of = |criterion: &'static Criterion| {
        let is = set.iter().find(|is| is.criterion == criterion.id)?;
        Some(Reason { criterion, least: is.least, why: is.reason.clone(), since: is.at })
    };
    Ok(CRITERIA.iter().filter_map(of).collect())
}

/// What is asked of a criterion, and what was set of it.
pub(crate) struct Asked {
    pub(crate) criterion: &'static Criterion,
    pub(crate) own: Option<Threshold>,
}

/// Every criterion that can be set, in the order of the table.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn all(app: &App, who: &Who) -> Result<Vec<Asked>, Problem> {
    crate::api::findings::seen(who)?;
    let mut set = app.store.thresholds(who.org).await?;
    let mut take = |id: &str| {
        let at = set.iter().position(|is| is.criterion == id)?;
        Some(set.swap_remove(at))
    };
    let can = CRITERIA.iter().filter(|criterion| criterion.bounds().is_some());
    Ok(can.map(|criterion| Asked { criterion, own: take(criterion.id) }).collect())
}

/// Says how much of a criterion is enough for the organisation, and why; `None`: what is asked of all.
///
/// # Errors
/// They may not, there is no such criterion, it goes beyond its bounds, or no reason is given.
pub(crate) async fn set(
    app: &App,
    who: &Who,
    (id, least, reason): (&str, Option<i64>, &str),
) -> Result<(), Problem> {
    who.must(Action::Administer, On::ALL)?;
    let missing = || Problem::invalid("`criterion` must be the id of a criterion.");
    let criterion = CRITERIA.iter().find(|criterion| criterion.id == id).ok_or_else(missing)?;
    let Some((lowest, highest)) = criterion.bounds() else {
        return Err(Problem::invalid("This criterion has no `least`: it is met or not."));
    };
    let bounds = i64::from(lowest)..=i64::from(highest);
    if least.is_some_and(|least| !bounds.contains(&least)) {
        return Err(Problem::invalid(format!("`least` must be {lowest} to {highest} percent.")));
    }
    let reason = line(reason, REASON).filter(|text| least.is_none() || !text.is_empty());
    let reason = reason.ok_or_else(|| {
        Problem::invalid(format!("`reason` must say why, in 1 to {REASON} characters on one line."))
    })?;
    let by = (&*who.actor(), app.now());
    app.store.set_threshold(who.org, (id, least, &reason), by).await?;
    Ok(())
}
