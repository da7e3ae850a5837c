//! One ticket of a round: it is looked at and brought, call by call, to what is wanted.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use trimtab_connect::requests::HostError;
use trimtab_connect::track::{self, Tracker as Role};
use trimtab_engine::track::{Said, Situation, Want, next, said, stands};
use trimtab_model::ticket::{Call, Kept, Seen, There};
use trimtab_store::TicketOf;

use super::super::{Had, Told, later, mark, said as people, standing};
use super::{Round, Stop, is_old, stop};

/// The most calls for one ticket.
const CALLS_OF_ONE: usize = 12;
/// How often in a row an answer may get lost.
const LOST: usize = 2;
/// So many calls of a ticket are made whatever they take: a look, and what follows from it.
const LEAST: usize = 2;
/// So many tickets in a row that may not be written are no matter of single tickets.
const DENIED: usize = 3;

impl Round<'_> {
    /// Brings one ticket to what is wanted.
    pub(super) fn one(
        &mut self,
        role: &dyn Role,
        row: &TicketOf,
        may_open: bool,
    ) -> Result<(), Stop> {
        let Some(mark) = mark(&self.tracker.is.handle, &row.change) else { return Ok(()) };
        let told = Told::of(&row.told);
        let ticket = told.ticket(mark);
        // One that was sent has its room: if it is not there in the end, it is sent again.
        let may_open = may_open || row.sent.is_some();
        let want = if row.wanted { Want::Open { may_open } } else { Want::Over };
        let note = told.note.as_deref();
        let mut kept = Kept {
            key: row.key.as_deref().map(Into::into),
            sent: row.sent,
            note: row.note.as_deref().map(Into::into),
        };
        let settles = self.project.software.settles();
        let now = self.app.now();
        let anew = is_old(row, now);
        let (mut there, mut lost, mut calls) = (There::Unknown, 0, 0);
        // The last answer that was lost, while nothing that changes something was answered since.
        let mut missed = None;
        loop {
            if !self.lease.holds() {
                return Err(Stop::Taken);
            }
            let situation = Situation {
                ticket: &ticket,
                want: &want,
                note,
                there: &there,
                kept: &kept,
                now: self.app.now(),
                settles,
                has_due: self.project.has_due(),
            };
            let call = next(&situation);
            let Some(call) = call else {
                let seen = match &there {
                    There::Tickets(all) => stands(all, &kept).cloned(),
                    There::Unknown => None,
                };
                return self.settled(row, &kept, seen.as_ref(), &said(&situation), settles);
            };
            // What is known is kept after each call: the next round goes on here.
            if calls >= LEAST && Instant::now() >= self.until {
                if let Some(error) = &missed {
                    // A tracker whose answers get lost is left alone for a while, and that is told.
                    return Err(stop(error).unwrap_or(Stop::Rest));
                }
                if calls >= CALLS_OF_ONE / 2 {
                    // The next round begins with another one.
                    let why = "This takes more calls than there is time for; it continues later.";
                    return self.failed(row, why);
                }
                return Err(Stop::Rest);
            }
            calls += 1;
            if calls > CALLS_OF_ONE {
                let why =
                    "This ticket keeps changing: something in the tracker undoes each update."
                        .to_owned();
                return self.failed(row, &why);
            }
            let made = match &call {
                Call::Look => self.look(role, &ticket.mark, (&kept, anew)).map(|found| {
                    there = found;
                    None
                }),
                call => {
                    if *call == Call::Create {
                        kept.sent = Some(self.app.now());
                        self.keep(row, &kept)?;
                    }
                    self.done.calls += 1;
                    there = There::Unknown;
                    track::perform(role, &ticket, call)
                }
            };
            match made {
                Ok(made) => {
                    lost = 0;
                    if call != Call::Look {
                        self.denied = 0;
                        missed = None;
                    }
                    self.learn(row, &call, made, &there, &mut kept)?;
                }
                // It may have been done: it is looked again.
                Err(error @ HostError::Lost(_)) if lost < LOST => {
                    lost += 1;
                    there = There::Unknown;
                    missed = Some(error);
                }
                Err(error) => return self.refused(row, &call, &mut kept, &error),
            }
        }
    }

    /// What is done about a no to a call. One that is about this ticket alone holds up no other.
    fn refused(
        &mut self,
        row: &TicketOf,
        call: &Call,
        kept: &mut Kept,
        error: &HostError,
    ) -> Result<(), Stop> {
        let is_no =
            matches!(error, HostError::Refused(_) | HostError::Denied(_) | HostError::Missing(_));
        if *call == Call::Create && is_no {
            // It was surely not made, and keeps no room.
            kept.sent = None;
            self.keep(row, kept)?;
        }
        let is_denied = matches!(error, HostError::Denied(_) | HostError::Missing(_));
        if *call != Call::Look && is_denied {
            self.failed(row, &error.to_string())?;
            self.denied += 1;
            // So many are no matter of single tickets.
            return match self.denied < DENIED {
                true => Ok(()),
                false => Err(Stop::Trouble(error.to_string())),
            };
        }
        match stop(error) {
            Some(stop) => Err(stop),
            None => self.failed(row, &error.to_string()),
        }
    }

    /// Keeps what a call taught.
    fn learn(
        &self,
        row: &TicketOf,
        call: &Call,
        made: Option<Seen>,
        there: &There,
        kept: &mut Kept,
    ) -> Result<(), Stop> {
        let before = kept.clone();
        if let Some(made) = made {
            (kept.key, kept.sent) = (Some(made.key), None);
        }
        if let There::Tickets(all) = there
            && let Some(seen) = stands(all, kept)
        {
            (kept.key, kept.sent) = (Some(seen.key.clone()), None);
        }
        if let Call::Note { text, .. } = call {
            kept.note = Some(text.clone());
        }
        if *kept == before { Ok(()) } else { self.keep(row, kept) }
    }

    /// On the disk before anything follows from it.
    fn keep(&self, row: &TicketOf, kept: &Kept) -> Result<(), Stop> {
        if !self.lease.holds() {
            return Err(Stop::Taken);
        }
        let known = (kept.key.as_deref(), kept.sent, kept.note.as_deref());
        let (store, is) = (&self.app.store, &self.tracker.is);
        let at = (is.address.as_str(), is.project.as_str());
        if !self.wait(store.keep_ticket(self.org(), self.team(), &row.change, known, at))? {
            // A key of one project is none of another.
            return Err(Stop::Taken);
        }
        self.wait(store.flush())?;
        Ok(())
    }

    /// All is as it should be, as far as it can be now: what people said is taken, and noted after it.
    fn settled(
        &mut self,
        row: &TicketOf,
        kept: &Kept,
        seen: Option<&Seen>,
        said: &[Said],
        settles: SignedDuration,
    ) -> Result<(), Stop> {
        let now = self.app.now();
        if seen.is_none() && kept.key.is_none() {
            // It was sent, and may be there without being shown: it is looked for again when it must be.
            if let Some(sent) = kept.sent {
                let at = later(sent, settles + SignedDuration::from_secs(1));
                if at <= now {
                    // It is not there, and is not wanted: nothing is left to look for.
                    return self.keep(row, &Kept { sent: None, ..kept.clone() });
                }
                self.done.again = Some(self.done.again.map_or(at, |again| again.min(at)));
            }
            return Ok(());
        }
        let asked = self.wait(people::take(self.app, self.tracker, row, seen, said))?;
        let had = Had::seen(seen, said);
        self.tell(row, kept.key.as_deref(), &had, now)?;
        let had = serde_json::to_value(had).unwrap_or_default();
        let why = "the exception could not be requested now; Trimtab tries again";
        let ended = (Some(now), if asked { "" } else { why });
        let store = &self.app.store;
        Ok(self.wait(store.see_ticket(self.org(), self.team(), &row.change, &had, ended))?)
    }

    /// Tells the ledger how it stands with a ticket, before that is noted: a round that ends in between tells it again.
    fn tell(
        &self,
        row: &TicketOf,
        key: Option<&str>,
        had: &Had,
        now: Timestamp,
    ) -> Result<(), Stop> {
        let stands = standing(key, had, row.wanted, Told::of(&row.told).points);
        let store = &self.app.store;
        Ok(self.wait(store.tell_ticket(self.org(), self.team(), &row.change, stands, now))?)
    }

    /// What went wrong with one ticket holds up no other.
    fn failed(&self, row: &TicketOf, why: &str) -> Result<(), Stop> {
        let ended = (Some(self.app.now()), why);
        let store = &self.app.store;
        Ok(self.wait(store.see_ticket(self.org(), self.team(), &row.change, &row.seen, ended))?)
    }
}
