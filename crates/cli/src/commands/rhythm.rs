//! The rhythm of the team: out of the command line, `trimtab.toml` and the charter, in this order. What nobody
//! said is assumed, and named.

use jiff::Timestamp;
use trimtab_charter::project::{Project, RHYTHMS};
use trimtab_engine::plan::{AT_ONCE, windows};
use trimtab_model::charter::{Cadence, Charter};
use trimtab_model::plan::Window;
use trimtab_model::{Diagnostic, Level};

use super::scan::usage;

/// The points of a window where nobody says how many.
const CAPACITY: u32 = 10;
/// The most windows of a time.
const MOST_WINDOWS: usize = 200;

/// What the command line says of a rhythm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'s> {
    pub(super) cadence: Option<&'s str>,
    pub(super) capacity: Option<u32>,
    /// Whether somebody chose the charter.
    pub(super) charter: bool,
}

/// Which windows count.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extent {
    /// So many, from the one that runs.
    Next(u16),
    /// All that begin before a moment.
    Until(Timestamp),
}

/// Who works, and when.
pub(super) struct Rhythm {
    pub(super) team: Box<str>,
    pub(super) cadence: Cadence,
    pub(super) capacity: u32,
    pub(super) open_limit: Option<u32>,
    /// What nobody said.
    pub(super) assumed: Vec<&'static str>,
    pub(super) windows: Vec<Window>,
    pub(super) at_once: Timestamp,
    /// The end of the window after the last one, as what is done in the last one counts, too; or the moment until
    /// which windows count, if no window ends later.
    pub(super) horizon: Timestamp,
}

impl Rhythm {
    /// # Errors
    /// There is no such cadence, or it has no windows, or too many.
    pub(super) fn of(
        said: Said<'_>,
        extent: Extent,
        (charter, project): (&Charter, &Project),
        now: Timestamp,
    ) -> Result<Rhythm, Diagnostic> {
        let settings = &project.team;
        let mut assumed = Vec::new();
        let named = said.cadence.or(settings.cadence.as_deref());
        let cadence = match named {
            Some(name) => cadence(name, charter)?,
            None => {
                assumed.push("cadence");
                let cadence = default(charter, now);
                match said.charter {
                    true => cadence,
                    // Where nobody chose a charter, nobody left a level to a slower rhythm.
                    false => Cadence { levels: Level::ALL.to_vec(), ..cadence },
                }
            }
        };
        let capacity = said.capacity.or(settings.capacity).unwrap_or_else(|| {
            assumed.push("capacity");
            CAPACITY
        });
        let points = f64::from(capacity);
        let too_late = |_| {
            let message = format!("no work can be planned as late as {now}");
            usage(message, "choose an earlier time with --now")
        };
        let at_once = now.checked_add(AT_ONCE).map_err(too_late)?;
        let soon = at_once.checked_add(AT_ONCE).map_err(too_late)?;
        let next = |count| windows(&cadence, charter, now, count, points);
        let (windows, horizon) = match extent {
            Extent::Next(count) => {
                let mut windows = next(usize::from(count) + 1);
                let last = windows.pop().map_or(now, |last| last.end);
                (windows, last.max(soon))
            }
            Extent::Until(until) => {
                let mut windows = next(MOST_WINDOWS + 2);
                let within = windows.iter().take_while(|window| window.start < until).count();
                windows.truncate(within + 1);
                let last = windows.iter().map(|window| window.end).max();
                windows.truncate(within);
                (windows, last.map_or(until, |last| last.max(until)))
            }
        };
        if windows.is_empty() {
            let message = format!("the cadence `{}` has no windows", cadence.name);
            return Err(usage(
                message,
                "a rhythm of sprints needs `sprint` in the charter's calendar",
            ));
        }
        if windows.len() > MOST_WINDOWS {
            let message = format!(
                "the cadence `{}` has more than {MOST_WINDOWS} windows in this period",
                cadence.name
            );
            return Err(usage(message, "choose a shorter period, or a slower cadence"));
        }
        let owner = project.systems.first().and_then(|system| system.owner.as_deref());
        Ok(Rhythm {
            team: settings.name.as_deref().or(owner).unwrap_or("this team").into(),
            cadence,
            capacity,
            open_limit: settings.open_limit,
            assumed,
            windows,
            at_once,
            horizon,
        })
    }
}

/// A cadence by the charter's name, or by the word of a rhythm, which takes every level.
fn cadence(name: &str, charter: &Charter) -> Result<Cadence, Diagnostic> {
    if let Some(cadence) = charter.cadences.iter().find(|cadence| &*cadence.name == name) {
        return Ok(cadence.clone());
    }
    if RHYTHMS.contains(&name) {
        return Ok(every(name));
    }
    let known = charter.cadences.iter().map(|cadence| &*cadence.name);
    let known: Vec<&str> = known.chain(RHYTHMS.iter().copied()).collect();
    Err(usage(format!("`{name}` is not a cadence"), &format!("use one of: {}", known.join(", "))))
}

fn every(word: &str) -> Cadence {
    Cadence { name: word.into(), every: word.into(), levels: Level::ALL.to_vec() }
}

/// The charter's first cadence that has windows, else weeks.
fn default(charter: &Charter, now: Timestamp) -> Cadence {
    let has = |cadence: &&Cadence| !windows(cadence, charter, now, 1, 1.0).is_empty();
    charter.cadences.iter().find(has).cloned().unwrap_or_else(|| every("week"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charter_that_was_chosen_keeps_its_rhythm_even_if_it_is_the_usual_one() {
        let lows = |charter: bool| {
            let said = Said { cadence: None, capacity: None, charter };
            let now = "2026-01-05T09:00:00Z".parse().unwrap();
            let (project, preset) = (Project::default(), trimtab_charter::preset::default());
            let agreed = (&preset, &project);
            let rhythm = Rhythm::of(said, Extent::Next(6), agreed, now).unwrap();
            let takes = |window: &&Window| window.least == Level::Low;
            (rhythm.windows.iter().filter(takes).count(), rhythm.windows.len())
        };
        assert_eq!(lows(false), (6, 6));
        let (some, all) = lows(true);
        assert!(some < all, "what is low waits for the clean-up of the quarter: {some} of {all}");
    }
}
