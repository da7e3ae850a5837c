//! How fast findings go, whether in time, and how old those are that stay.

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

/// The episodes that ended by a fix from one moment to before another, of findings that had counted.
fn fixed<'l>(
    lives: impl Iterator<Item = &'l Life>,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = (&'l Life, &'l Episode, Timestamp)> {
    lives.flat_map(|life| life.episodes.iter().map(move |e| (life, e))).filter_map(
        move |(life, episode)| match episode.ended {
            Some((at, End::Fixed)) if at >= from && at < to && counted(life, episode) => {
                Some((life, episode, at))
            }
            _ => None,
        },
    )
}

/// Days from detected to gone from production, of what was fixed in a period. Of one level, if asked.
pub fn remediation<'l>(
    lives: impl Iterator<Item = &'l Life>,
    level: Option<Level>,
    from: Timestamp,
    to: Timestamp,
) -> Option<Spread> {
    let of = |episode: &Episode| level.is_none() || episode.level == level;
    let values = fixed(lives, from, to).filter(|(_, e, _)| of(e));
    spread(values.map(|(_, e, at)| days(e.began, at)).collect())
}

/// The two legs of a fix: to the main line, and from there to production.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Legs {
    /// Days from detected to merged.
    pub merge: Option<Spread>,
    /// Days from merged to deployed.
    pub deploy: Option<Spread>,
}

/// The legs of what was fixed in a period, where it is known when it was merged.
pub fn legs<'l>(lives: impl Iterator<Item = &'l Life>, from: Timestamp, to: Timestamp) -> Legs {
    let (mut merge, mut deploy) = (Vec::new(), Vec::new());
    for (_, episode, at) in fixed(lives, from, to) {
        if let Some(merged) = episode.merged {
            merge.push(days(episode.began, merged));
            deploy.push(days(merged, at));
        }
    }
    Legs { merge: spread(merge), deploy: spread(deploy) }
}

/// Deadlines that were met and missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attainment {
    /// Fixed in the period, in time.
    pub met: usize,
    /// Deadlines that passed in the period while the finding counted.
    pub missed: usize,
}

impl Attainment {
    /// The share that was met, 0 to 1. Of none it is unknown.
    pub fn share(self) -> Option<f64> {
        let all = self.met + self.missed;
        (all > 0).then(|| self.met as f64 / all as f64)
    }
}

/// Deadlines from one moment to before another. Each counts once: when it was met, or when it passed.
/// One that passes while a decision holds is neither.
pub fn attainment<'l>(
    lives: impl Iterator<Item = &'l Life> + Clone,
    from: Timestamp,
    to: Timestamp,
) -> Attainment {
    let met = fixed(lives.clone(), from, to)
        .filter(|(_, e, at)| e.deadline.is_some_and(|deadline| *at <= deadline))
        .count();
    let missed = lives
        .flat_map(|life| life.episodes.iter().map(move |e| (life, e)))
        .filter(|(life, episode)| {
            let Some(deadline) = episode.deadline.filter(|d| *d >= from && *d < to) else {
                return false;
            };
            let open = episode.ended.is_none_or(|(end, _)| end > deadline);
            open && deadline >= episode.began && life.share_at(deadline).counts()
        })
        .count();
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

/// The age of the backlog at a moment: of findings that count then.
pub fn backlog<'l>(lives: impl Iterator<Item = &'l Life>, at: Timestamp) -> Age {
    let ages: Vec<f64> = lives
        .filter(|life| life.share_at(at) != Share::Nothing)
        .filter_map(|life| Some(days(life.episode_at(at)?.began, at)))
        .collect();
    let mut bands = [0; 4];
    for age in &ages {
        let band = [7.0, 30.0, 90.0].iter().position(|most| age < most).unwrap_or(3);
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

/// What came and went from one moment to before another.
pub fn flow<'l>(lives: impl Iterator<Item = &'l Life>, from: Timestamp, to: Timestamp) -> Flow {
    let within = |at: Timestamp| at >= from && at < to;
    let mut flow = Flow::default();
    for episode in lives.flat_map(|life| &life.episodes) {
        flow.found += usize::from(within(episode.began));
        match episode.ended {
            Some((at, End::Fixed)) if within(at) => flow.fixed += 1,
            Some((at, End::Retracted)) if within(at) => flow.retracted += 1,
            _ => {}
        }
    }
    flow
}
