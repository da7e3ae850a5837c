//! One try: a proposal is carried out in a copy, and what it comes to is judged. What makes anything worse is
//! refused.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use trimtab_advisories::index::Index;
use trimtab_connect::update::{self, Change, Confirmed, Found, Options, Reason, Refusal, Scratch};
use trimtab_engine::action::{Moved, Worse};
use trimtab_model::{Diagnostic, Inventory, Proposal, Purl};

use super::place::{Ground, Judged, Key, Place, judge, look};
use super::several::Several;

/// The longest that one try may take.
const ONE_TRY: Duration = Duration::from_secs(300);
/// All of a time, in thousandths.
const WHOLE: u64 = 1000;
/// How many versions of a parent are tried, and how many where there is time for all that wait.
const PARENTS: usize = 6;
const PARENTS_IN_TIME: usize = 16;

/// A change that a package manager carried out.
pub(super) struct Made {
    pub(super) proposal: Proposal,
    pub(super) changes: Vec<Change>,
    pub(super) moved: Vec<Moved>,
    pub(super) removed: BTreeSet<Key>,
    pub(super) arrived: BTreeSet<Purl>,
    pub(super) commands: Vec<String>,
    /// Names and versions of what comes in and would be built when it is installed here.
    pub(super) unfit: Vec<(String, String)>,
    /// Files of which a part was left out, as what it asks for would have to be built.
    pub(super) unread: Vec<String>,
    /// Names and versions of what stays without a wheel, so that nobody knows what it requires of what moves.
    pub(super) unasked: Vec<(String, String)>,
    /// Names and versions of what moves along as its version has no wheel, which holds up all that is locked with it.
    pub(super) unbuilt: Vec<(String, String)>,
    /// Whether it was carried out with no version that is too young.
    pub(super) aged: bool,
    /// Smaller versions of a parent that there was no time to try, ascending.
    pub(super) untried: Vec<Box<str>>,
    /// Parents that are raised together, of which there was no time to try all smaller versions.
    pub(super) several: Option<Box<Several>>,
}

impl Made {
    /// A proposal that nobody carried out.
    pub(super) fn unmade(proposal: Proposal) -> Made {
        Made {
            proposal,
            changes: Vec::new(),
            moved: Vec::new(),
            removed: BTreeSet::new(),
            arrived: BTreeSet::new(),
            commands: Vec::new(),
            unfit: Vec::new(),
            unread: Vec::new(),
            unasked: Vec::new(),
            unbuilt: Vec::new(),
            aged: false,
            untried: Vec::new(),
            several: None,
        }
    }
}

/// A change, with the copy that has it and what that lists.
pub(super) type Tried = (Made, Scratch, Inventory);

/// Why a proposal is not an action.
#[derive(Clone)]
pub(super) enum Refused {
    /// The package manager cannot carry it out.
    Tool(Box<Refusal>),
    /// Something is worse.
    Worse(Vec<Worse>),
    /// It removes nothing that is wanted.
    Nothing,
    /// It could not be asked, in words.
    Unasked(String),
    /// The project needs the package, or it is not known that it does not, in words.
    Needed(String),
    /// Its publisher advises something else, and it is not sure what: in their words.
    Advised(Box<str>),
    /// It is there only as these bundle it, with versions.
    Bundled(Vec<String>),
    /// There was no time left.
    Time,
}

/// What everything is tried with.
pub(super) struct Trial<'t> {
    pub(super) index: &'t Index,
    pub(super) options: Options,
    begun: Instant,
    /// Milliseconds after the beginning at which nothing more is begun.
    limit: AtomicU64,
    /// The part of the time until the end that one try may take, in thousandths.
    most_of: AtomicU64,
    /// After the beginning: what was begun before ends by then.
    end: Duration,
    most: usize,
    tries: AtomicUsize,
    /// How many tasks of a round are not begun.
    waiting: AtomicUsize,
    /// What was refused with versions of any age, by place. That the time was over is no such refusal.
    refused: Mutex<Vec<(Box<str>, Proposal)>>,
}

impl<'t> Trial<'t> {
    pub(super) fn new(
        index: &'t Index,
        options: Options,
        (begun, end): (Instant, Duration),
        most: usize,
    ) -> Trial<'t> {
        let (limit, most_of) = (AtomicU64::new(0), AtomicU64::new(WHOLE));
        let tries = AtomicUsize::new(0);
        let (waiting, refused) = (AtomicUsize::new(0), Mutex::default());
        Trial { index, options, begun, limit, most_of, end, most, tries, waiting, refused }
    }

    /// Sets how long after the beginning something may be begun.
    pub(super) fn until(&self, limit: Duration) {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// How long something may still be begun.
    pub(super) fn left(&self) -> Duration {
        Duration::from_millis(self.limit.load(Ordering::Relaxed))
            .saturating_sub(self.begun.elapsed())
    }

    /// Sets after which part of all the time nothing more is begun.
    pub(super) fn until_part(&self, of: f64) {
        self.until(self.end.mul_f64(of));
    }

    /// Whether so much of all the time is over.
    pub(super) fn is_past(&self, of: f64) -> bool {
        self.begun.elapsed() >= self.end.mul_f64(of)
    }

    /// How long until so much of all the time is over.
    pub(super) fn until_past(&self, of: f64) -> Duration {
        self.end.mul_f64(of).saturating_sub(self.begun.elapsed())
    }

    /// Sets how many tasks of a round are not begun.
    pub(super) fn wait(&self, tasks: usize) {
        self.waiting.store(tasks, Ordering::Relaxed);
    }

    /// How long a task may go on beyond what is usual, so that those that wait have as much.
    fn part(&self) -> Duration {
        let waiting = u32::try_from(self.waiting.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        self.left() / waiting.saturating_add(1)
    }

    /// How many tries were made.
    pub(super) fn tries(&self) -> usize {
        self.tries.load(Ordering::Relaxed)
    }

    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero() || self.tries() >= self.most
    }

    /// Whether a proposal was refused in a place, whatever the age of what it brings. As long as batches are not carried out
    /// one on top of the other, it would be again.
    pub(super) fn was_refused(&self, place: &Place, proposal: &Proposal) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.iter().any(|(name, known)| *name == place.name && known == proposal)
    }

    fn keep(&self, place: &Place, proposal: &Proposal) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.push((place.name.clone(), proposal.clone()));
    }

    /// A share of how long something may still be begun, until [`Trial::until`] says otherwise. Returns what
    /// held before.
    pub(super) fn share(&self, of: f64) -> Duration {
        let held = Duration::from_millis(self.limit.load(Ordering::Relaxed));
        self.until(self.begun.elapsed() + self.left().mul_f64(of));
        held
    }

    /// What is left until the end.
    pub(super) fn rest(&self) -> Duration {
        self.end.saturating_sub(self.begun.elapsed())
    }

    /// Sets which part of the time until the end one try may take: what comes after it has the rest.
    pub(super) fn at_most(&self, of: f64) {
        let of = Duration::from_millis(WHOLE).mul_f64(of.clamp(0.0, 1.0)).as_millis();
        self.most_of.store(u64::try_from(of).unwrap_or(WHOLE), Ordering::Relaxed);
    }

    /// A try that was begun in time may use what is left until the end, or its part of that.
    pub(super) fn options(&self) -> Options {
        let most_of = self.most_of.load(Ordering::Relaxed);
        let time_limit = one_try(self.rest(), most_of);
        Options { time_limit, ..self.options.clone() }
    }

    /// A refusal; that the time of all tries was over says nothing about the proposal.
    fn refused(refusal: Box<Refusal>, options: &Options) -> Refused {
        let is_short = options.time_limit < ONE_TRY;
        match refusal.reason {
            Reason::TimeLimit(_) if is_short => Refused::Time,
            _ => Refused::Tool(refusal),
        }
    }

    /// Tries a proposal on a ground, with versions of any age.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn attempt(
        &self,
        place: &Place,
        ground: (&Scratch, &Inventory),
        proposal: &Proposal,
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Tried, Refused>, Diagnostic> {
        self.attempt_aged(false, place, ground, proposal, wanted)
    }

    /// The same; `aged`: with none that is too young, as far as the package manager can be told so.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn attempt_aged(
        &self,
        aged: bool,
        place: &Place,
        ground: (&Scratch, &Inventory),
        proposal: &Proposal,
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Tried, Refused>, Diagnostic> {
        let options = self.options();
        let options = Options { before: options.before.filter(|_| aged), ..options };
        self.attempt_with((aged, &options), place, ground, proposal, wanted)
    }

    /// The same, with versions of any age, and stopped when nothing more may be begun: it only tells what else needs no try.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn probe(
        &self,
        place: &Place,
        ground: (&Scratch, &Inventory),
        proposal: &Proposal,
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Tried, Refused>, Diagnostic> {
        let time_limit = self.left().clamp(Duration::from_secs(1), ONE_TRY);
        let options = Options { before: None, time_limit, ..self.options.clone() };
        self.attempt_with((false, &options), place, ground, proposal, wanted)
    }

    fn attempt_with(
        &self,
        (aged, options): (bool, &Options),
        place: &Place,
        (base, before): (&Scratch, &Inventory),
        proposal: &Proposal,
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Tried, Refused>, Diagnostic> {
        if self.is_over() {
            return Ok(Err(Refused::Time));
        }
        self.tries.fetch_add(1, Ordering::Relaxed);
        let confirmed = match update::confirm(place.tool, base, proposal, options) {
            Ok(confirmed) => confirmed,
            Err(refusal) => {
                // Where nothing was run, nothing was tried.
                if matches!(refusal.reason, Reason::ProjectCode(_) | Reason::ToolMissing { .. }) {
                    self.tries.fetch_sub(1, Ordering::Relaxed);
                }
                let refused = Trial::refused(refusal, options);
                if !aged && is_lasting(&refused) {
                    self.keep(place, proposal);
                }
                return Ok(Err(refused));
            }
        };
        let after = look(&confirmed.scratch, place, confirmed.packages.as_deref());
        let judged = judge(before, &after, place, self.index)?;
        Ok(match accepted(judged, wanted) {
            Err(refused) => {
                if !aged && matches!(refused, Refused::Worse(_)) {
                    self.keep(place, proposal);
                }
                Err(refused)
            }
            Ok(judged) => {
                let (made, scratch) = made(proposal.clone(), confirmed, judged);
                Ok((Made { aged, ..made }, scratch, after))
            }
        })
    }

    /// The smallest version of a parent that removes as much of what is wanted as its newest, as far as there is time.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn parent(
        &self,
        place: &Place,
        ground: &Ground,
        pair: (&Purl, &Purl),
        versions: &[Box<str>],
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        self.least(place, ground, pair, versions, (wanted, None))
    }

    /// The smallest version of a parent that removes all of this.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn as_well(
        &self,
        place: &Place,
        ground: &Ground,
        pair: (&Purl, &Purl),
        versions: &[Box<str>],
        removed: &BTreeSet<Key>,
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        self.least(place, ground, pair, versions, (removed, Some(removed.clone())))
    }

    fn least(
        &self,
        place: &Place,
        ground: &Ground,
        (parent, child): (&Purl, &Purl),
        versions: &[Box<str>],
        (wanted, all): (&BTreeSet<Key>, Option<BTreeSet<Key>>),
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        if self.is_over() {
            return Ok(Err(Refused::Time));
        }
        // What the newest removes, or what is to be; and how the last one that was looked at fared.
        let target = std::cell::RefCell::new(all);
        let last = std::cell::RefCell::new(None::<Result<Judged, Refused>>);
        let damaged = std::cell::RefCell::new(None);
        let accept = |confirmed: &Confirmed| {
            self.tries.fetch_add(1, Ordering::Relaxed);
            let after = look(&confirmed.scratch, place, confirmed.packages.as_deref());
            let judged = match judge(&ground.before, &after, place, self.index) {
                Ok(judged) => judged,
                Err(e) => {
                    *damaged.borrow_mut() = Some(e);
                    return false;
                }
            };
            match accepted(judged, wanted) {
                Err(refused) => {
                    *last.borrow_mut() = Some(Err(refused));
                    false
                }
                Ok(judged) => {
                    let removes: BTreeSet<Key> =
                        judged.removed.intersection(wanted).cloned().collect();
                    let mut target = target.borrow_mut();
                    let enough = target.as_ref().is_none_or(|all| all.is_subset(&removes));
                    target.get_or_insert(removes);
                    if enough {
                        *last.borrow_mut() = Some(Ok(judged));
                    }
                    enough
                }
            }
        };
        let pair = (parent, child);
        let options = Options { before: None, ..self.options() };
        let (begun, part) = (Instant::now(), self.part());
        let more = |tried: usize| {
            let has_time = || begun.elapsed() < part && !self.is_over();
            tried < PARENTS || tried < PARENTS_IN_TIME && has_time()
        };
        let found = update::smallest_parent(
            place.tool,
            &ground.base,
            pair,
            versions,
            &accept,
            &more,
            &options,
        );
        if let Some(damaged) = damaged.into_inner() {
            return Err(damaged);
        }
        let last = last.into_inner();
        Ok(match found {
            Ok(Found { version, confirmed, untried, .. }) => {
                let after = look(&confirmed.scratch, place, confirmed.packages.as_deref());
                let judged = judge(&ground.before, &after, place, self.index)?;
                let (parent, child) = (parent.clone(), child.clone());
                let proposal = Proposal::RaiseParent { parent, to: version, child };
                Ok(Made { untried, ..made(proposal, confirmed, judged).0 })
            }
            Err(refusal) => {
                let unaccepted = matches!(refusal.reason, Reason::Unchanged { .. });
                Err(match last {
                    Some(Err(refused)) if unaccepted => refused,
                    _ => Trial::refused(refusal, &options),
                })
            }
        })
    }
}

/// How long one try may take, by what is left until the end and its part of that in thousandths.
fn one_try(rest: Duration, most_of: u64) -> Duration {
    let part = u32::try_from(most_of.min(WHOLE)).unwrap_or(u32::MAX);
    let thousandth = rest / u32::try_from(WHOLE).unwrap_or(u32::MAX);
    thousandth.saturating_mul(part).clamp(Duration::from_secs(1), ONE_TRY)
}

/// Whether a refusal is of the proposal, and not of the moment.
fn is_lasting(refused: &Refused) -> bool {
    let Refused::Tool(refusal) = refused else { return false };
    !matches!(refusal.reason, Reason::Registry(_) | Reason::TimeLimit(_) | Reason::Scratch(_))
}

/// A judged change, unless it is worse or removes nothing that is wanted.
fn accepted(judged: Judged, wanted: &BTreeSet<Key>) -> Result<Judged, Refused> {
    if !judged.outcome.worse.is_empty() {
        return Err(Refused::Worse(judged.outcome.worse));
    }
    if judged.removed.is_disjoint(wanted) {
        return Err(Refused::Nothing);
    }
    Ok(judged)
}

fn made(proposal: Proposal, confirmed: Confirmed, judged: Judged) -> (Made, Scratch) {
    let named: Vec<Purl> = proposal.parts().map(|part| part.package().package()).collect();
    let mut moved = judged.outcome.moved;
    // What is named comes first, in its order.
    moved.sort_by_key(|moved| named.iter().position(|n| *n == moved.package).unwrap_or(usize::MAX));
    let made = Made {
        proposal,
        changes: confirmed.changes,
        moved,
        removed: judged.removed,
        arrived: judged.arrived,
        unfit: confirmed.unfit,
        unread: confirmed.unread,
        unasked: confirmed.unasked,
        unbuilt: Vec::new(),
        commands: confirmed.commands.into_iter().map(|ran| ran.line).collect(),
        aged: false,
        untried: Vec::new(),
        several: None,
    };
    (made, confirmed.scratch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_try_goes_beyond_the_end_but_for_a_second() {
        let seconds = Duration::from_secs;
        assert_eq!(one_try(seconds(200), WHOLE), seconds(200));
        assert_eq!(one_try(seconds(200), 600), seconds(120));
        assert_eq!(one_try(seconds(3600), WHOLE), ONE_TRY);
        assert_eq!(one_try(seconds(3600), 600), ONE_TRY);
        assert_eq!(one_try(Duration::ZERO, WHOLE), seconds(1));
    }
}
