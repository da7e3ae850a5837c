//! What a number counts: the findings behind it, one by one. They come from the same iterators as
//! the numbers, so that a list has as many rows as its number says.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Level;

use super::load::carried;
use super::pace::{aged, came, fixed, gone, merged, met, missed};
use super::{Episode, Life, Share};

/// What is counted of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Findings that count when the period ends.
    Counting,
    /// Those of a level; `None`: that were not weighed, or at a level that is not known.
    CountingAt(Option<Level>),
    /// Detected or back.
    Found,
    /// Fixed.
    Fixed,
    /// Fixed or retracted.
    Gone,
    /// Fixed after they had counted: the basis of the time to remediate. Of one level, if given.
    Remediated(Option<Level>),
    /// Those of them of which it is known when they were merged.
    Merged,
    /// Fixed in time.
    Met,
    /// Whose deadline passed while they counted.
    Missed,
    /// Both.
    Due,
    /// What counts at the end, by age: one of the bands of [`Age`](super::Age), or all.
    Backlog(Option<usize>),
    /// What was carried in the period, with its load-days.
    LoadDays,
}

/// A finding that is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member<'l> {
    /// Its life.
    pub life: &'l Life,
    /// When the episode that is counted began; of what came back soon after it was fixed, since when its term runs.
    pub began: Option<Timestamp>,
    /// When what is counted happened; for what is still there, the end of the period.
    pub at: Timestamp,
    /// The number that it brings: days, or load-days; else the weight.
    pub value: f64,
    /// The level by which it is counted.
    pub level: Option<Level>,
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0) / 86_400.0
}

fn ended<'l>((life, episode, at): (&'l Life, &'l Episode, Timestamp)) -> Member<'l> {
    let value = days(episode.since, at);
    Member { life, began: Some(episode.since), at, value, level: episode.level }
}

/// The findings that a number counts, from one moment to before another; in the order of the lives.
pub fn members<'l>(
    lives: impl Iterator<Item = &'l Life> + Clone,
    what: Counted,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Member<'l>> {
    match what {
        Counted::Counting | Counted::CountingAt(_) => {
            // The last moment of the period.
            let end = to - SignedDuration::from_nanos(1);
            let counts = move |life: &'l Life| standing(life, end);
            let is = move |member: &Member<'l>| match what {
                Counted::CountingAt(level) => member.level == level,
                _ => true,
            };
            lives.filter_map(counts).filter(is).collect()
        }
        Counted::Found => came(lives, from, to)
            .map(|(life, episode)| {
                let (began, level) = (episode.began, episode.level);
                Member { life, began: Some(began), at: began, value: 0.0, level }
            })
            .collect(),
        Counted::Fixed => gone(lives, from, to)
            .filter(|(.., was)| *was)
            .map(|(l, e, at, _)| ended((l, e, at)))
            .collect(),
        Counted::Gone => gone(lives, from, to).map(|(l, e, at, _)| ended((l, e, at))).collect(),
        Counted::Remediated(level) => fixed(lives, from, to)
            .filter(|(_, episode, _)| level.is_none() || episode.level == level)
            .map(ended)
            .collect(),
        Counted::Merged => fixed(lives, from, to)
            .filter(|(_, episode, _)| merged(episode).is_some())
            .map(ended)
            .collect(),
        Counted::Met => met(lives, from, to).map(ended).collect(),
        Counted::Missed => missed(lives, from, to).map(ended).collect(),
        Counted::Due => {
            met(lives.clone(), from, to).chain(missed(lives, from, to)).map(ended).collect()
        }
        Counted::Backlog(band) => aged(lives, to)
            .filter(|(_, _, of)| band.is_none_or(|band| *of == band))
            .map(|(life, episode, _)| Member {
                life,
                began: Some(episode.since),
                at: to,
                value: days(episode.since, to),
                level: episode.level,
            })
            .collect(),
        Counted::LoadDays => lives
            .filter_map(|life| {
                let value = carried(life, from, to);
                let level = life.episodes.last().and_then(|e| e.level);
                let began = life.episodes.last().map(|e| e.since);
                (value > 0.0).then_some(Member { life, began, at: to, value, level })
            })
            .collect(),
    }
}

/// A finding that counts at a moment.
fn standing(life: &Life, at: Timestamp) -> Option<Member<'_>> {
    let began = life.episode_at(at).map(|episode| episode.since);
    match life.share_at(at) {
        Share::Nothing => None,
        Share::Unknown => Some(Member { life, began, at, value: 0.0, level: None }),
        Share::Weight(level, value) => Some(Member { life, began, at, value, level }),
    }
}
