//! The smallest version of a parent whose resolution gets rid of something.

use std::ops::Range;
use std::time::Instant;

use trimtab_model::{Proposal, Purl};

use super::change::Confirmed;
use super::confirm::confirm;
use super::refusal::{Reason, Refusal};
use super::scratch::Scratch;
use super::{Options, Tool};

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// The version of the parent.
    pub version: Box<str>,
    /// What it changes.
    pub confirmed: Confirmed,
    /// How many versions were tried.
    pub tried: usize,
    /// Smaller versions that were not tried and may do as well, ascending.
    pub untried: Vec<Box<str>>,
}

/// The smallest of `versions` (in the order of the ecosystem, ascending, all above the one that is
/// locked) to which a parent can be raised so that `accept` holds of the outcome.
///
/// The newest is tried first: it tells whether there is one at all. Where it is refused, as it may ask for what the
/// project does not have, the newest of the line below is tried, and then the lines are halved. Of what is left, the
/// newest of the line that is there now, of its major version and of the next one are tried ([`near_ends`]), and
/// then the rest is halved. That assumes that what holds of a version holds of the later ones; where it does not, the
/// answer still holds (it was resolved and accepted itself), and a smaller one may exist. A version that is refused counts
/// as not accepted. After so many versions one more is tried if `more` says so; where the newest is refused, up to four
/// lines are not counted.
///
/// # Errors
/// The refusal of the newest, or that it is not accepted (`Unchanged`), or what keeps every version
/// from being tried: the tool is missing, the registry is away, the time is over.
pub fn smallest_parent(
    tool: &'static Tool,
    base: &Scratch,
    (parent, child): (&Purl, &Purl),
    versions: &[Box<str>],
    accept: &dyn Fn(&Confirmed) -> bool,
    more: &dyn Fn(usize) -> bool,
    options: &Options,
) -> Result<Found, Box<Refusal>> {
    let begun = Instant::now();
    let mut tried = 0;
    let mut attempt = |version: &str| {
        tried += 1;
        // All versions share the time.
        let left = options.time_limit.saturating_sub(begun.elapsed());
        let options = Options { time_limit: left, ..options.clone() };
        let proposal = Proposal::RaiseParent {
            parent: parent.clone(),
            to: version.into(),
            child: child.clone(),
        };
        match confirm(tool, base, &proposal, &options) {
            Ok(confirmed) if accept(&confirmed) => Ok(Ok(confirmed)),
            Ok(confirmed) => Ok(Err(Box::new(Refusal {
                reason: Reason::Unchanged { blockers: Vec::new() },
                edits: confirmed.changes,
                next: None,
                commands: confirmed.commands,
            }))),
            Err(refusal) if refusal.reason.stops() => Err(refusal),
            Err(refusal) => Ok(Err(refusal)),
        }
    };
    let none = || {
        Box::new(Refusal {
            reason: Reason::NoLater,
            edits: Vec::new(),
            next: None,
            commands: Vec::new(),
        })
    };
    let newest = versions.last().ok_or_else(none)?;
    // Below `low` none is accepted, as far as was seen; `high` is.
    let (mut low, mut high) = (0, versions.len() - 1);
    let best = match attempt(newest)? {
        Ok(confirmed) => (newest.clone(), confirmed),
        Err(refusal) if matches!(refusal.reason, Reason::Unchanged { .. }) => return Err(refusal),
        Err(refusal) => {
            let lines = lower_lines(versions);
            let found = step_down(&lines, LOWER, &mut |at| -> Result<_, Box<Refusal>> {
                let Some(version) = versions.get(at) else { return Ok(Fate::TooOld) };
                Ok(match attempt(version)? {
                    Ok(confirmed) => Fate::Fits((version.clone(), confirmed)),
                    Err(refusal) if matches!(refusal.reason, Reason::Unchanged { .. }) => {
                        Fate::TooOld
                    }
                    Err(_) => Fate::TooNew,
                })
            })?;
            let Some((line, below, best)) = found else { return Err(refusal) };
            (low, high) = (below.map_or(0, |at| at + 1), line);
            best
        }
    };
    let near = near_ends(parent.version().unwrap_or_default(), versions);
    let (best, left) = smaller(best, (low, high), more, near, &mut |at| {
        let Some(version) = versions.get(at) else { return Ok(None) };
        attempt(version).map(|tried| tried.ok().map(|confirmed| (version.clone(), confirmed)))
    });
    let untried = versions.get(left).unwrap_or_default().to_vec();
    Ok(Found { version: best.0, confirmed: best.1, tried, untried })
}

/// The smallest of what is accepted from `low` to below `high`, which is: those near first, then halved. What was found holds
/// where nothing more can be tried, as the time is over or `more` does not want it. Told with those that are left.
fn smaller<T, E>(
    mut best: T,
    (mut low, mut high): (usize, usize),
    more: &dyn Fn(usize) -> bool,
    near: impl IntoIterator<Item = usize>,
    attempt: &mut dyn FnMut(usize) -> Result<Option<T>, E>,
) -> (T, Range<usize>) {
    let mut near = near.into_iter();
    // The one that is accepted was tried.
    let mut tried = 1;
    while low < high && more(tried) {
        tried += 1;
        let next = near.find(|at| (low..high).contains(at));
        let middle = next.unwrap_or(low + (high - low) / 2);
        match attempt(middle) {
            Ok(Some(found)) => (best, high) = (found, middle),
            Ok(None) => low = middle + 1,
            Err(_) => break,
        }
    }
    (best, low.min(high)..high)
}

/// How many versions below the newest are tried where that is refused.
const LOWER: usize = 4;

/// How a version fares.
enum Fate<T> {
    Fits(T),
    /// It is refused: an earlier one may ask for less.
    TooNew,
    /// It is carried out and does not suffice.
    TooOld,
}

/// The first two numbers of a version, as in `2.31`.
fn line(version: &str) -> (Option<&str>, Option<&str>) {
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
    (parts.next(), parts.next())
}

/// Where in ascending versions the newest stands of the line that a version is of, the newest of its major version (of
/// 0.x each line is one), and the newest of the next one: what tells first how large a step it must be, and so what it costs.
/// Should the time be over then, the step is not one over several major versions where one would do.
pub fn near_ends(from: &str, versions: &[Box<str>]) -> Vec<usize> {
    let of_line = versions.iter().rposition(|version| line(version) == line(from));
    let own = newest_of_major(from, versions);
    let beyond = versions.get(own.map_or(0, |at| at + 1));
    let next = beyond.and_then(|version| newest_of_major(version, versions));
    let mut ends: Vec<usize> = of_line.into_iter().chain(own).chain(next).collect();
    ends.dedup();
    ends
}

/// Where the newest of a version's major version stands; of 0.x each line is one.
fn newest_of_major(of: &str, versions: &[Box<str>]) -> Option<usize> {
    let own = line(of);
    let is_same = |version: &str| match own.0 {
        Some("0") => line(version) == own,
        major => line(version).0 == major,
    };
    versions.iter().rposition(|version| is_same(version))
}

/// Where the newest version of each line stands (its first two numbers, as in `2.31`), but that of the newest; ascending.
pub fn lower_lines(versions: &[Box<str>]) -> Vec<usize> {
    let pairs = versions.windows(2).enumerate();
    let ends = pairs.filter_map(|(at, pair)| match pair {
        [this, next] if line(this) != line(next) => Some(at),
        _ => None,
    });
    ends.collect()
}

type Stepped<T> = Option<(usize, Option<usize>, T)>;

/// Of lines in ascending order one that fits: the last, and then by halving. Told with the line below it that does not
/// suffice, where one was met.
fn step_down<T, E>(
    lines: &[usize],
    most: usize,
    attempt: &mut dyn FnMut(usize) -> Result<Fate<T>, E>,
) -> Result<Stepped<T>, E> {
    let (mut low, mut high) = (0_usize, lines.len());
    let mut at = high.checked_sub(1);
    for _ in 0..most {
        let Some((now, line)) = at.and_then(|at| Some((at, *lines.get(at)?))) else { break };
        match attempt(line)? {
            Fate::Fits(found) => {
                let below = low.checked_sub(1).and_then(|at| lines.get(at).copied());
                return Ok(Some((line, below, found)));
            }
            Fate::TooNew => high = now,
            Fate::TooOld => low = now + 1,
        }
        at = (low < high).then(|| low + (high - low) / 2);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_holds_when_the_time_is_over() {
        let search = |over: usize| {
            let mut tried = Vec::new();
            let (found, left) = smaller(9, (0, 9), &|tried| tried < 6, [3, 6], &mut |at| {
                tried.push(at);
                if tried.len() > over { Err(()) } else { Ok((at >= 5).then_some(at)) }
            });
            (found, tried, left)
        };
        assert_eq!(search(9), (5, vec![3, 6, 5, 4], 5..5));
        assert_eq!(search(2), (6, vec![3, 6, 5], 4..6));
        assert_eq!(search(0), (9, vec![3], 0..9));
    }

    #[test]
    fn what_there_was_no_time_for_is_told() {
        let search = |most: usize| {
            let mut attempt = |at: usize| Ok::<_, ()>((at >= 2).then_some(at));
            smaller(40, (0, 40), &|tried| tried < most, [0, 30, 35], &mut attempt)
        };
        assert_eq!(search(3), (30, 1..30));
        assert_eq!(search(6), (4, 1..4), "halved");
        assert_eq!(search(12), (2, 2..2), "to the end");
    }

    fn versions(all: &[&str]) -> Vec<Box<str>> {
        all.iter().map(|version| (*version).into()).collect()
    }

    /// The version that is found, and all that were tried, where `fits` are accepted and later ones refused.
    fn found(all: &[&str], fits: std::ops::RangeInclusive<usize>) -> (Option<usize>, Vec<usize>) {
        let all = versions(all);
        let mut tried = Vec::new();
        let lines = lower_lines(&all);
        let found = step_down(&lines, LOWER, &mut |at| {
            tried.push(at);
            let fate = match () {
                () if fits.contains(&at) => Fate::Fits(()),
                () if at > *fits.end() => Fate::TooNew,
                () => Fate::TooOld,
            };
            Ok::<_, ()>(fate)
        });
        (found.ok().flatten().map(|(at, ..)| at), tried)
    }

    #[test]
    fn below_the_newest_stands_the_newest_of_each_line() {
        let all = versions(&["2.31.0", "2.32.0", "2.32.3", "2.33.0", "2.34.0", "2.34.2"]);
        assert_eq!(lower_lines(&all), [0, 2, 3]);
        assert!(lower_lines(&versions(&["3.0"])).is_empty());
        assert!(lower_lines(&[]).is_empty());
    }

    #[test]
    fn the_step_that_a_version_is_away_is_known_by_few_tries() {
        let all = versions(&["1.2.4", "1.2.9", "1.3.0", "1.9.1", "2.0.0", "3.1.0"]);
        assert_eq!(near_ends("1.2.3", &all), [1, 3, 4]);
        assert_eq!(near_ends("v1.8.0", &all), [3, 4], "of its line there is none that is later");
        assert_eq!(near_ends("1.9.0", &all), [3, 4]);
        assert_eq!(
            near_ends("0.9.0", &all),
            [3],
            "the next major version comes before those after it"
        );
        assert_eq!(near_ends("2.0.0", &all[4..]), [0, 1]);
        let all = versions(&["0.15.1", "0.15.6", "0.16.0", "0.17.2", "1.0.0"]);
        assert_eq!(near_ends("0.15.0", &all), [1, 2], "each line of 0.x is a major step away");
        assert!(near_ends("1.0.0", &[]).is_empty());
    }

    #[test]
    fn a_line_that_fits_is_found_below_those_that_are_refused() {
        let all = ["2.29.0", "2.30.0", "2.31.0", "2.32.0", "2.32.3", "2.33.0", "2.34.2"];
        assert_eq!(found(&all, 3..=4), (Some(4), vec![5, 2, 4]), "above what does not suffice");
        assert_eq!(found(&all, 0..=5), (Some(5), vec![5]));
        assert_eq!(found(&all, 0..=0), (Some(0), vec![5, 2, 1, 0]));
        assert_eq!(found(&all, 3..=3).0, None, "no newest of a line fits");
        let majors = ["3.0", "4.0.0", "4.0.2", "5.0", "6.0", "7.0", "8.0", "9.0", "10.0"];
        assert_eq!(found(&majors, 1..=2), (Some(2), vec![7, 4, 2]));
    }
}
