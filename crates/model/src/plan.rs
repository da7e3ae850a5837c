//! The types of planning: what a plan is made from (a problem), and the plan itself. All references
//! between members of a problem are indexes into its own lists; those of a plan are indexes into
//! the problem that it answers.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::level::Level;

/// All that a plan is made from. Nothing is looked up elsewhere, and the clock is a member.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The moment of planning.
    pub now: Timestamp,
    /// When what is begun at once is through.
    pub at_once: Timestamp,
    /// Until when load-days are counted: later than every window.
    pub horizon: Timestamp,
    /// How much more a day counts after its finding's deadline: 1 counts it twice. 0 to 10.
    pub late: f64,
    /// Who works.
    pub teams: Vec<Team>,
    /// What is open and counts to the load.
    pub findings: Vec<Finding>,
    /// The actions that are known to be possible.
    pub candidates: Vec<Candidate>,
    /// What people accepted in earlier plans. It stays where it is.
    pub accepted: Vec<Placement>,
    /// When nothing is released.
    pub freezes: Vec<Freeze>,
    /// Whose days are told: the time zone of the calendar.
    pub zone: TimeZone,
}

/// A team and its rhythm.
#[derive(Debug, Clone, PartialEq)]
pub struct Team {
    /// Its name.
    pub id: Box<str>,
    /// Its windows.
    pub windows: Vec<Window>,
    /// How many batches it may have open at a time. `None`: no limit.
    pub open_limit: Option<u32>,
    /// How many updates are open already, outside this plan: they count in the first window.
    pub open: u32,
}

/// One slot of a cadence.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// How people call it, such as `sprint of 2026-11-16`.
    pub name: Box<str>,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends: by then its batches are in production.
    pub end: Timestamp,
    /// The points of work that the team gives to it.
    pub points: f64,
    /// The least level that goes into it; graver ones do too.
    pub least: Level,
}

/// A finding, as far as planning needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its name, unique in the problem.
    pub id: Box<str>,
    /// The team that it belongs to.
    pub team: usize,
    /// Its level.
    pub level: Level,
    /// What it adds to the load while it is open.
    pub weight: f64,
    /// When it must be gone. `None`: at the next opportunity, or not known.
    pub deadline: Option<Timestamp>,
    /// Whether the charter says *now*: it need not wait for a window.
    pub now: bool,
    /// Whether it is known to be exploited.
    pub exploited: bool,
    /// What blocks it, if no action is known: a package, a supplier.
    pub blocker: Option<Box<str>>,
}

/// An action that is known to be possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its name, unique in the problem.
    pub id: Box<str>,
    /// The team that would do it.
    pub team: usize,
    /// The repository and lockfile that it changes. What changes one place in one window is one batch, or two where what
    /// removes an exploited finding would wait for versions that are too young.
    pub place: Box<str>,
    /// The least points that it costs.
    pub least: f64,
    /// The most points that it costs.
    pub most: f64,
    /// The probability that nothing breaks, 0 to 1.
    pub confidence: f64,
    /// The findings that it removes.
    pub removes: Vec<usize>,
    /// The candidates that must be done before, or with it.
    pub needs: Vec<usize>,
    /// Candidates of one choice exclude each other.
    pub choice: Option<Box<str>>,
    /// When its version leaves quarantine. A window that ends later may have it, from then on. It
    /// does not apply if a known exploited finding is removed.
    pub quarantine: Option<Timestamp>,
}

/// Where an action is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// At once, outside the windows: an interruption.
    Now,
    /// Into this window of the candidate's team.
    Window(usize),
}

/// An action in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placement {
    /// The action.
    pub candidate: usize,
    /// The slot of its team.
    pub slot: Slot,
}

/// A time without releases.
#[derive(Debug, Clone, PartialEq)]
pub struct Freeze {
    /// When it begins.
    pub from: Timestamp,
    /// When it has ended.
    pub to: Timestamp,
    /// Why.
    pub reason: Box<str>,
    /// Levels that are released all the same.
    pub except: Vec<Level>,
}

/// What is to be done when, why, and what stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// By team, slot and place.
    pub batches: Vec<Batch>,
    /// What stays open, and actions that were not taken; findings first.
    pub left: Vec<Left>,
    /// What one more point would do, where it would do something.
    pub margins: Vec<Margin>,
    /// How good the plan is.
    pub worth: Worth,
    /// The load after each moment at which something is released, and if nothing is done.
    pub course: Vec<Course>,
    /// What happens if nothing is done.
    pub nothing: Nothing,
    /// Slots in which what people accepted is more than the team gives: team, slot, points too many.
    pub overfull: Vec<(usize, Slot, f64)>,
}

/// What is minimised, and how near the plan is to the least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Load-days until the horizon, plus what days after deadlines count more.
    pub objective: f64,
    /// No plan has an objective below this.
    pub bound: f64,
    /// (objective − bound) / objective. 0: no plan is better.
    pub gap: f64,
    /// Load-days until the horizon.
    pub load_days: f64,
    /// Findings that are not gone by their deadline, for deadlines before the horizon.
    pub missed: usize,
}

/// What one team does to one place in one slot, from one moment on: one request for a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The team.
    pub team: usize,
    /// When.
    pub slot: Slot,
    /// The repository and lockfile.
    pub place: Box<str>,
    /// The actions, in the order of their names.
    pub candidates: Vec<usize>,
    /// The least points that it costs.
    pub least: f64,
    /// The most points that it costs.
    pub most: f64,
    /// The points that were used for planning.
    pub points: f64,
    /// The findings that are gone with it and not before, in the order of their names.
    pub removes: Vec<usize>,
    /// The load that goes with them.
    pub load: f64,
    /// The load-days that are saved until the horizon.
    pub load_days: f64,
    /// From when it can be carried out: the start of its slot, or, in a window, when the last of its versions leaves
    /// quarantine.
    pub from: Timestamp,
    /// When it is in production.
    pub by: Timestamp,
    /// Why these actions.
    pub why_these: Vec<WhyThese>,
    /// Why in this slot.
    pub why_now: Vec<WhyNow>,
}

/// Why an action is in the plan.
#[derive(Debug, Clone, PartialEq)]
pub enum WhyThese {
    /// People accepted it.
    Accepted(usize),
    /// It removes a finding that is known to be exploited: candidate, finding.
    Exploited(usize, usize),
    /// How much load a point of work removes: candidate, load per point, its place by that among the team's
    /// candidates that are in the plan (1: nothing removes more), out of how many.
    Worth(usize, f64, usize, usize),
    /// Another action needs it: this one, that one.
    Needed(usize, usize),
    /// It was chosen and another way was not: this one, that one.
    InsteadOf(usize, usize),
}

/// Why an action is in its slot and not in an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub enum WhyNow {
    /// People accepted it for this slot.
    Accepted,
    /// The charter says *now* of this finding.
    Charter(usize),
    /// It is the first slot that there is for it.
    First,
    /// A version is in quarantine until then: candidate, when.
    Quarantine(usize, Timestamp),
    /// A version leaves quarantine then, within the slot: candidate, when.
    From(usize, Timestamp),
    /// A version is in quarantine until then, and does not wait, as this finding is known to be exploited: candidate, when,
    /// finding.
    Unheld(usize, Timestamp, usize),
    /// Nothing of its level is released before: candidate, the freeze.
    Frozen(usize, usize),
    /// What it needs is done then or just before: this one, that one.
    After(usize, usize),
    /// The earlier windows are full with what removes more for a point.
    Full,
    /// It takes more points than any earlier window has. None has more points left than this.
    Dear(f64),
    /// The earlier windows have as many batches as the team may have open.
    Limit,
    /// This finding would miss its deadline in the next window: finding, deadline.
    Deadline(usize, Timestamp),
    /// Its planned points are more than the window has, while its minimum fits: it has the window
    /// to itself. Candidate, points.
    Whole(usize, f64),
}

/// Something that is not done.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// What.
    pub what: Item,
    /// Why.
    pub because: Because,
}

/// A finding or a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A finding that stays open.
    Finding(usize),
    /// An action that is not taken.
    Candidate(usize),
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq)]
pub enum Because {
    /// No action is known that removes it; what stands in the way, if it has a name.
    NoCandidate(Option<Box<str>>),
    /// It would take this many points, and no window that takes its level has them left.
    Capacity(f64),
    /// It would take this many points, and of its team's windows only these are open to it, and none has them left: points,
    /// team, windows.
    Few(f64, usize, Vec<usize>),
    /// It takes this many points, and the largest window of its team has so many for all that is done in it.
    TooDear(f64, f64),
    /// It would be one batch more than the team may have open, in every window with room.
    Limit,
    /// Its version is in quarantine until then, and no window ends after that.
    Quarantine(Timestamp),
    /// Every window that it could go into ends in a freeze; the last one's.
    Frozen(usize),
    /// This candidate must be done before and is not.
    Blocked(usize),
    /// This candidate does the same, or excludes it.
    Superseded(usize),
    /// The team has no window for its level.
    NoWindow,
    /// It would remove nothing that counts.
    NothingGained,
}

/// What one more point in a window would do, with everything else unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    /// The team.
    pub team: usize,
    /// The window.
    pub window: usize,
    /// By how much the objective falls, at least.
    pub saves: f64,
    /// Actions that come into the plan.
    pub adds: Vec<usize>,
    /// Findings that would be gone by the horizon, and otherwise would not be.
    pub removes: Vec<usize>,
    /// The load of these findings.
    pub load: f64,
}

/// The load from a moment on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// The moment.
    pub at: Timestamp,
    /// The load by the plan.
    pub load: f64,
    /// The load if nothing is done.
    pub nothing: f64,
}

/// What happens if nothing is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Nothing {
    /// Load-days until the horizon.
    pub load_days: f64,
    /// Findings whose deadline passes before the horizon, the next one first.
    pub missed: Vec<usize>,
}
