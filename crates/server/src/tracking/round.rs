//! One round with a tracker: what changed there is asked for, then each ticket that is not known to be as it should is looked at,
//! decided about and done, call by call. What is known is kept before a call is sent and after it, so that a process that
//! ends between two calls costs nothing but the time until the next round.

mod one;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use trimtab_connect::http::Patience;
use trimtab_connect::requests::HostError;
use trimtab_connect::track::{self, Project, Tracker as Role};
use trimtab_model::ticket::{Kept, Mark, Seen, There};
use trimtab_store::{Org, StoreError, Team, TicketOf, Tracker};

use super::{ANEW, Had, Lease, Short, address, later, opened, project, refusal, wanted};
use crate::ingest::Refused;
use crate::state::App;

/// The most calls of one round that change something, and the most tickets that are looked at.
const CALLS: usize = 60;
/// How far back is asked beyond what was told: clocks differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);
/// What went wrong with a ticket is tried again after so long.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);
/// After so long no further ticket is begun, and no further call of one is: other work waits for who does this, and the rest
/// has its turn afterwards.
const LONGEST: Duration = Duration::from_secs(20);
/// From so many on that are looked for by their marks, all are listed instead.
const MANY: usize = 5;
/// How far back tickets are listed, to find second ones of the same.
const LISTED: SignedDuration = SignedDuration::from_hours(24 * 3650);
/// What is over and was not touched for so long is looked at no more, unless somebody tells of it.
const QUIET: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Tickets that were looked at.
    pub(crate) looked: usize,
    /// Calls that changed something there.
    pub(crate) calls: usize,
    /// What went wrong, in words; empty: nothing.
    pub(crate) trouble: String,
    /// When there is more to do. `None`: when something happens.
    pub(crate) again: Option<Timestamp>,
}

/// Why a round ends early.
enum Stop {
    /// The tracker asks to be left alone, or was not reached: it is tried later.
    Later(String, SignedDuration),
    /// Somebody has to change something first.
    Trouble(String),
    /// Another round has it now, or it was set anew: nothing is noted.
    Taken,
    /// Its time is over: the rest has its turn at once.
    Rest,
    /// The store does not answer.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Store(error)
    }
}

/// How patient a round is: slow trackers hold up nobody else for long.
pub(super) fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(10),
        ..Patience::default()
    }
}

/// What a no means for the round. `None`: it is about this ticket alone.
fn stop(error: &HostError) -> Option<Stop> {
    let told = refusal(error);
    match error {
        HostError::Busy(_, wait) => {
            let wait = SignedDuration::try_from(*wait).unwrap_or(AGAIN);
            Some(Stop::Later(told, wait.min(SignedDuration::from_hours(6))))
        }
        HostError::Lost(_) => Some(Stop::Later(told, SignedDuration::from_mins(1))),
        HostError::Denied(_) | HostError::Missing(_) => Some(Stop::Trouble(told)),
        HostError::Refused(_) | HostError::Strange(_) | HostError::Full(_) => None,
    }
}

/// Does a round.
///
/// # Errors
/// The store does not answer.
pub(super) async fn run(app: &App, tracker: &Tracker, lease: Arc<Lease>) -> Result<Done, Refused> {
    let (org, team, now) = (tracker.org, tracker.is.team, app.now());
    let Some(is) = app.store.teams(org).await?.into_iter().find(|t| t.id == team) else {
        return Ok(Done::default());
    };
    // One that nobody gave a token to is looked at by nobody.
    if tracker.is.token.is_empty() {
        return Ok(Done::default());
    }
    let here = address(&app.settings.public);
    let home = app.store.at_home(org, team, &here).await?;
    if address(&home) != here {
        let trouble = away(&home, &here);
        app.store.note_tracker(org, team, None, (&trouble, None), now).await?;
        return Ok(Done { trouble, ..Done::default() });
    }
    let (project, token) = (project(tracker), opened(app, tracker, "token"));
    let (Some(project), Some(token)) = (project, token) else {
        let trouble = "The settings cannot be read: enter the tracker and its token again.";
        app.store.note_tracker(org, team, None, (trouble, None), now).await?;
        return Ok(Done { trouble: trouble.to_owned(), ..Done::default() });
    };
    let work = (app.clone(), tracker.clone());
    let handle = tokio::runtime::Handle::current();
    let round = tokio::task::spawn_blocking(move || {
        let (app, tracker) = work;
        let mut round = Round {
            app: &app,
            tracker: &tracker,
            project,
            handle,
            lease,
            denied: 0,
            until: Instant::now() + LONGEST,
            listed: None,
            lists: false,
            done: Done::default(),
        };
        let ended = round.all(&is, &token);
        (round.done, ended)
    });
    let (mut done, ended) = round.await.map_err(|e| Refused::Internal(e.to_string()))?;
    let now = app.now();
    let (told, trouble, rests) = match ended {
        Ok(told) => (Some(told), String::new(), None),
        Err(Stop::Store(error)) => return Err(error.into()),
        Err(Stop::Taken | Stop::Rest) => return Ok(done),
        Err(Stop::Trouble(why)) => (None, why, None),
        Err(Stop::Later(why, wait)) => {
            let until = later(now, wait);
            done.again = Some(until);
            (None, why, Some(until))
        }
    };
    // What went wrong with the one before is nothing of the one that stands now.
    let is = app.store.tracker(org, team).await?;
    if is.is_some_and(|is| is.changed == tracker.changed) {
        app.store.note_tracker(org, team, told, (&trouble, rests), now).await?;
    }
    done.trouble = trouble;
    Ok(done)
}

/// What is told where another server writes the tickets: this is a copy of its database, or it moved.
fn away(home: &str, here: &str) -> String {
    if home.is_empty() {
        return format!(
            "another server than this one, {here}, wrote these tickets before, and a copy writes nothing. If the server has moved here, save the settings of the tracker here"
        );
    }
    format!(
        "the server at {home} writes these tickets, and this one is {here}; a copy writes nothing. If the server has moved here, save the settings of the tracker here"
    )
}

struct Round<'a> {
    app: &'a App,
    tracker: &'a Tracker,
    project: Project,
    handle: tokio::runtime::Handle,
    lease: Arc<Lease>,
    /// How many tickets in a row could not be written for want of a right.
    denied: usize,
    /// After this it ends.
    until: Instant,
    /// Trimtab's tickets of the project, the newest as far as they are told, once they were asked for. `Some(None)`: they
    /// could not be.
    listed: Option<Option<Arc<Vec<Seen>>>>,
    /// Whether so many are looked for by their marks that one listing costs less.
    lists: bool,
    done: Done,
}

impl Round<'_> {
    fn org(&self) -> Org {
        self.tracker.org
    }

    fn team(&self) -> i64 {
        self.tracker.is.team
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle.block_on(work)
    }

    /// Asks what changed, and brings all tickets that need it. Returns up to when it told what changed.
    fn all(&mut self, team: &Team, token: &str) -> Result<Timestamp, Stop> {
        let clock = Short;
        let role = track::connect(&self.project, token, patience(), &clock);
        let role = role.map_err(|e| Stop::Trouble(e.to_string()))?;
        let begun = self.app.now();
        let since = self.tracker.told.unwrap_or(self.tracker.changed);
        let since = since.checked_sub(OVERLAP).unwrap_or(since);
        let tickets = self.wait(self.app.store.tickets(self.org(), self.team()))?;
        let mut told = begun;
        if tickets.iter().any(|row| row.key.is_some()) {
            let changed = role
                .changed(since)
                .map_err(|e| stop(&e).unwrap_or_else(|| Stop::Trouble(e.to_string())))?;
            if changed.cut {
                told = changed.tickets.last().map_or(since, |seen| seen.updated);
            }
            for seen in &changed.tickets {
                let is = |row: &&TicketOf| row.key.as_deref() == Some(&*seen.key);
                let Some(row) = tickets.iter().find(is) else { continue };
                // What was seen as it is now need not be looked at, unless it changed just before that: some tell whole
                // seconds, and clocks differ.
                let same = Had::of(&row.seen).updated == Some(seen.updated.to_string());
                let settled = row.looked.is_some_and(|at| at > later(seen.updated, OVERLAP));
                if !(same && settled) {
                    self.wait(self.app.store.poke_ticket(self.org(), self.team(), &seen.key))?;
                }
            }
        }
        let wanted = self.wait(wanted::of(self.app, self.tracker, team)).map_err(|e| match e {
            Refused::Store(error) => Stop::Store(error),
            other => Stop::Trouble(other.to_string()),
        })?;
        let now = self.app.now();
        let is_sought = |row: &&TicketOf| {
            row.key.is_some() && is_old(row, now) && Round::is_due(row, false, now)
        };
        self.lists = wanted.tickets.iter().filter(is_sought).count() >= MANY;
        for row in &wanted.tickets {
            let may_open = wanted.may_open.contains(&row.change);
            let now = self.app.now();
            if !Round::is_due(row, may_open, now) {
                continue;
            }
            let is_long = Instant::now() >= self.until && self.done.looked > 0;
            if is_long || self.done.calls >= CALLS || self.done.looked >= CALLS {
                // The rest has its turn at once.
                self.done.again = Some(now);
                break;
            }
            self.done.looked += 1;
            match self.one(&*role, row, may_open) {
                Err(Stop::Rest) => {
                    self.done.again = Some(self.app.now());
                    break;
                }
                ended => ended?,
            }
        }
        Ok(told)
    }

    /// What there is of a ticket. What was not looked at for long is looked for by its mark, too: a second one is found so, in
    /// one listing for all of a round where there are many.
    fn look(
        &mut self,
        role: &dyn Role,
        mark: &Mark,
        (kept, anew): (&Kept, bool),
    ) -> Result<There, HostError> {
        if !anew || kept.key.is_none() {
            return track::look(role, mark, kept, false);
        }
        if self.lists && self.listed.is_none() {
            let now = self.app.now();
            // What was not told is not asked for by each ticket again.
            self.listed = Some(None);
            let of = (self.org().0, self.team(), self.tracker.changed);
            let known = self.app.listings.get(of, now);
            let all = match known {
                Some(known) => known,
                None => {
                    let all = role.changed(now.checked_sub(LISTED).unwrap_or(now))?;
                    // It may take its time, and there is some for tickets after it.
                    self.until = Instant::now() + LONGEST;
                    self.app.listings.put(of, all.tickets, now)
                }
            };
            self.listed = Some(Some(all));
        }
        match &self.listed {
            Some(Some(all)) => track::look_among(role, mark, kept, all),
            _ => track::look(role, mark, kept, true),
        }
    }

    /// Whether a ticket is to be looked at now.
    fn is_due(row: &TicketOf, may_open: bool, now: Timestamp) -> bool {
        if row.key.is_none() && row.sent.is_none() {
            return row.wanted && may_open && !is_resting(row, now);
        }
        if is_quiet(row, now) {
            return false;
        }
        let at = row.looked.map(|at| later(at, if row.trouble.is_empty() { ANEW } else { AGAIN }));
        at.is_none_or(|at| at <= now)
    }
}

/// Whether it was not looked at for so long that second ones are looked for.
fn is_old(row: &TicketOf, now: Timestamp) -> bool {
    row.looked.is_some_and(|at| later(at, ANEW) <= now)
}

/// Whether something went wrong with it just now.
pub(super) fn is_resting(row: &TicketOf, now: Timestamp) -> bool {
    !row.trouble.is_empty() && row.looked.is_some_and(|at| later(at, AGAIN) > now)
}

/// Whether it is over, closed there, and was touched by nobody for long.
fn is_quiet(row: &TicketOf, now: Timestamp) -> bool {
    if row.wanted || row.looked.is_none() || !row.trouble.is_empty() {
        return false;
    }
    let had = Had::of(&row.seen);
    let updated = had.updated.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    had.stage != "open" && updated.is_some_and(|at| later(at, QUIET) <= now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trimtab_store::PlannedChange;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        let begun: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
        begun + SignedDuration::from_hours(hours)
    }

    fn row() -> TicketOf {
        let change = PlannedChange { asset: 1, package: "pkg:npm/a".to_owned() };
        TicketOf::new(change, json!({}))
    }

    #[test]
    fn what_went_wrong_before_it_was_made_rests() {
        assert!(Round::is_due(&row(), true, at(0)) && !Round::is_due(&row(), false, at(0)));
        let wrong = TicketOf { looked: Some(at(0)), trouble: "no".to_owned(), ..row() };
        assert!(!Round::is_due(&wrong, true, at(0)) && Round::is_due(&wrong, true, at(1)));
    }

    #[test]
    fn what_is_over_and_quiet_is_looked_at_when_somebody_tells_of_it() {
        let seen = json!({ "stage": "done", "updated": at(0).to_string() });
        let over = TicketOf {
            wanted: false,
            key: Some("7".to_owned()),
            looked: Some(at(1)),
            seen,
            ..row()
        };
        assert!(Round::is_due(&over, false, at(48)));
        assert!(!Round::is_due(&over, false, at(24 * 31)));
        assert!(Round::is_due(&TicketOf { looked: None, ..over }, false, at(24 * 31)));
    }
}
