//! How fast findings are removed, whether in time, and how old the remaining ones are.

use jiff::Timestamp;
use trimtab_model::Level;

use super::{End, Episode, Life, Share};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// How values are spread. There is none of no values: that is unknown, not zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// The least.
    pub least: f64,
    /// The middle one (of two the lower).
    pub median: f64,
    /// Nine of ten are not above it.
    pub p90: f64,
    /// The greatest.
    pub most: f64,
}

/// The spread of values, by nearest rank.
pub fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.retain(|v| v.is_finite());
    values.sort_by(f64::total_cmp);
    let rank = |tenths: usize| {
        let rank = (values.len() * tenths).div_ceil(10).max(1);
        values.get(rank - 1).copied()
    };
    Some(Spread {
        count: values.len(),
        least: values.first().copied()?,
        median: rank(5)?,
        p90: rank(9)?,
        most: values.last().copied()?,
    })
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0) / DAY
}

/// Whether a finding counted at some time of an episode.
fn counted(life: &Life, episode: &Episode) -> bool {
    let within =
        |at: Timestamp| at >= episode.began && episode.ended.is_none_or(|(end, _)| at < end);
    life.changes.iter().any(|c| c.share.counts() && within(c.at))
}

/// The episodes that ended by a fix from one moment to before another, of findings that had counted. What came back soon
/// after, before that other moment, was not fixed.
pub(super) fn fixed<'l>(
    lives: impl Iterator<Item = &'l Life>,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = (&'l Life, &'l Episode, Timestamp)> {
    lives.flat_map(|life| life.episodes.iter().map(move |e| (life, e))).filter_map(
        move |(life, episode)| match episode.ended {
            Some((at, End::Fixed)) if at >= from && at < to && counted(life, episode) => {
                episode.undone.is_none_or(|back| back >= to).then_some((life, episode, at))
            }
            _ => None,
        },
    )
}

/// Days from detected to gone from production, for what was fixed in a period. Of one level, if
/// given.
pub fn remediation<'l>(
    lives: impl Iterator<Item = &'l Life>,
    level: Option<Level>,
    from: Timestamp,
    to: Timestamp,
) -> Option<Spread> {
    let of = |episode: &Episode| level.is_none() || episode.level == level;
    let values = fixed(lives, from, to).filter(|(_, e, _)| of(e));
    spread(values.map(|(_, e, at)| days(e.since, at)).collect())
}

/// The two legs of a fix: to the main line, and from there to production.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Legs {
    /// Days from detected to merged.
    pub merge: Option<Spread>,
    /// Days from merged to deployed.
    pub deploy: Option<Spread>,
}

/// When the main line was rid of what was on it. `None`: it is not known, or it came where it runs alone (a roll-back), so
/// that nobody merged anything.
pub(super) fn merged(episode: &Episode) -> Option<Timestamp> {
    episode.merged.filter(|at| *at > episode.began)
}

/// The legs of what was fixed in a period, where it is known when it was merged.
pub fn legs<'l>(lives: impl Iterator<Item = &'l Life>, from: Timestamp, to: Timestamp) -> Legs {
    let (mut merge, mut deploy) = (Vec::new(), Vec::new());
    for (_, episode, at) in fixed(lives, from, to) {
        if let Some(merged) = merged(episode) {
            merge.push(days(episode.since, merged));
            deploy.push(days(merged, at));
        }
    }
    Legs { merge: spread(merge), deploy: spread(deploy) }
}

/// Deadlines that were met and missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attainment {
    /// Fixed in the period, in time, and none was missed before.
    pub met: usize,
    /// Deadlines in force that passed in the period while the finding counted.
    pub missed: usize,
}

impl Attainment {
    /// The share that was met, 0 to 1. Of none it is unknown.
    pub fn share(self) -> Option<f64> {
        let all = self.met + self.missed;
        (all > 0).then(|| self.met as f64 / all as f64)
    }
}

/// When a deadline that was in force passed for the first time while the finding counted: what is said of a deadline later
/// changes nothing that has passed. One that is drawn forward to a time that is over passes when that is said. So does one
/// that passed while the finding was gone, when that comes back; what was missed before that is not missed again.
pub(super) fn passed(life: &Life, episode: &Episode) -> Option<Timestamp> {
    if episode.late {
        return None;
    }
    let all = &episode.deadlines;
    all.iter().enumerate().find_map(|(place, (since, deadline))| {
        let deadline = (*deadline).filter(|deadline| *deadline >= episode.since)?;
        let before = place.checked_sub(1).and_then(|place| all.get(place));
        // After a time without one, as while a decision holds, it passed unseen.
        let is_drawn =
            before.is_none_or(|(_, before)| before.is_some_and(|before| before > *since));
        let at = match deadline < *since {
            false => deadline,
            true if is_drawn => *since,
            true => return None,
        };
        let until = all.get(place + 1).map(|(until, _)| *until);
        let holds = until.is_none_or(|until| at < until)
            && episode.ended.is_none_or(|(end, _)| end > at)
            && life.share_at(at).counts();
        holds.then_some(at)
    })
}

/// What was fixed in time.
pub(super) fn met<'l>(
    lives: impl Iterator<Item = &'l Life>,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = (&'l Life, &'l Episode, Timestamp)> {
    fixed(lives, from, to).filter(|(life, episode, at)| {
        let in_time = episode.deadline.is_some_and(|deadline| *at <= deadline);
        in_time && !episode.late && passed(life, episode).is_none()
    })
}

/// What counted when its deadline passed, with that moment.
pub(super) fn missed<'l>(
    lives: impl Iterator<Item = &'l Life>,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = (&'l Life, &'l Episode, Timestamp)> {
    lives.flat_map(|life| life.episodes.iter().map(move |e| (life, e))).filter_map(
        move |(life, episode)| {
            let at = passed(life, episode).filter(|at| *at >= from && *at < to)?;
            Some((life, episode, at))
        },
    )
}

/// Deadlines from one moment to before another. Each counts once: when it was met, or when it
/// passed. One that passes while a decision is in force is neither.
pub fn attainment<'l>(
    lives: impl Iterator<Item = &'l Life> + Clone,
    from: Timestamp,
    to: Timestamp,
) -> Attainment {
    let met = met(lives.clone(), from, to).count();
    let missed = missed(lives, from, to).count();
    Attainment { met, missed }
}

/// How old what counts is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Age {
    /// Days since detected.
    pub spread: Option<Spread>,
    /// Under a week, under 30 days, under 90 days, older.
    pub bands: [usize; 4],
}

/// What counts at a moment, with the episode that runs and the band of its age.
pub(super) fn aged<'l>(
    lives: impl Iterator<Item = &'l Life>,
    at: Timestamp,
) -> impl Iterator<Item = (&'l Life, &'l Episode, usize)> {
    lives.filter(move |life| life.share_at(at) != Share::Nothing).filter_map(move |life| {
        let episode = life.episode_at(at)?;
        let age = days(episode.since, at);
        let band = [7.0, 30.0, 90.0].iter().position(|most| age < *most).unwrap_or(3);
        Some((life, episode, band))
    })
}

/// The age of the backlog at a moment: of findings that count then.
pub fn backlog<'l>(lives: impl Iterator<Item = &'l Life>, at: Timestamp) -> Age {
    let (mut ages, mut bands) = (Vec::new(), [0; 4]);
    for (_, episode, band) in aged(lives, at) {
        ages.push(days(episode.since, at));
        if let Some(number) = bands.get_mut(band) {
            *number += 1;
        }
    }
    Age { spread: spread(ages), bands }
}

/// What came and went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Detected or back.
    pub found: usize,
    /// Fixed.
    pub fixed: usize,
    /// Retracted.
    pub retracted: usize,
}

/// What ended, with when, and whether it was fixed; a fix that was taken back within the time is none.
pub(super) fn gone<'l>(
    lives: impl Iterator<Item = &'l Life>,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = (&'l Life, &'l Episode, Timestamp, bool)> {
    lives.flat_map(|life| life.episodes.iter().map(move |e| (life, e))).filter_map(
        move |(life, episode)| {
            let (at, end) = episode.ended.filter(|(at, _)| *at >= from && *at < to)?;
            let is_undone = episode.undone.is_some_and(|back| back < to);
            (!is_undone).then_some((life, episode, at, end == End::Fixed))
        },
    )
}

/// What came: detected, or back. What took a fix of the same time back was there all along.
pub(super) fn came<'l>(
    lives: impl Iterator<Item = &'l Life>,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = (&'l Life, &'l Episode)> {
    lives.flat_map(|life| life.episodes.iter().map(move |e| (life, e))).filter(
        move |(_, episode)| {
            let within = episode.began >= from && episode.began < to;
            within && episode.resumed.is_none_or(|fixed| fixed < from)
        },
    )
}

/// What came and went from one moment to before another.
pub fn flow<'l>(
    lives: impl Iterator<Item = &'l Life> + Clone,
    from: Timestamp,
    to: Timestamp,
) -> Flow {
    let mut flow = Flow::default();
    for (.., was_fixed) in gone(lives.clone(), from, to) {
        if was_fixed {
            flow.fixed += 1;
        } else {
            flow.retracted += 1;
        }
    }
    flow.found = came(lives, from, to).count();
    flow
}
