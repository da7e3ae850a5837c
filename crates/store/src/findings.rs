//! Findings: what the matcher says about what an asset carries, remembered over time.
//!
//! A finding is known by asset, package without version and vulnerability, so that a new version or a
//! new alias does not make another one. [`settle`](Store::add_snapshot) brings the findings of an asset
//! to what it carries, in the transaction that changes what it carries; the weighing is the caller's, a
//! pure function that is called within it.

mod arrive;
mod compare;
mod filter;
mod grouped;
mod matches;
mod mentioned;
mod present;
mod read;
mod rematch;
mod reports;
mod settle;
mod sums;
pub(crate) mod tally;
mod waiting;
mod write;

use jiff::Timestamp;
use trimtab_model::Level;

pub use arrive::Arrival;
pub(crate) use filter::counting;
pub use filter::{DueByTeam, ExposureIs, FindingFilter};
pub use grouped::{Group, GroupBy, GroupCursor, Groups};
pub use matches::Matched;
pub use mentioned::Mentioned;
pub use read::{Count, FindingOrder, Load};
pub use rematch::GROUP;
pub use reports::{NewReport, Reported};
pub use settle::{JudgedBy, Settled, Weigh};
pub use waiting::{Rollout, Waits};

use crate::error::{Result, StoreError};

/// How it stands with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingState {
    /// In the newest snapshot of the main line.
    Open,
    /// Gone from the main line, still in something that runs in production.
    Merged,
    /// Gone.
    Fixed,
    /// No source says so any longer, though nothing was changed.
    Retracted,
}

impl FindingState {
    /// Every state.
    pub const ALL: &[FindingState] =
        &[FindingState::Open, FindingState::Merged, FindingState::Fixed, FindingState::Retracted];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            FindingState::Open => "open",
            FindingState::Merged => "merged",
            FindingState::Fixed => "fixed",
            FindingState::Retracted => "retracted",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<FindingState> {
        FindingState::ALL.iter().copied().find(|s| s.as_str() == text)
    }

    /// Whether something is left to do.
    pub const fn is_live(self) -> bool {
        matches!(self, FindingState::Open | FindingState::Merged)
    }

    fn read(text: &str) -> Result<FindingState> {
        FindingState::from_text(text)
            .ok_or_else(|| StoreError::Damaged(format!("state of a finding `{text}`")))
    }
}

/// What a weighing came to. Stored so that lists can be sorted and filtered; the reasons are reckoned
/// again when somebody looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// The level.
    pub level: Level,
    /// The lowest and the gravest that unknown facts allow.
    pub bounds: (Level, Level),
    /// Probability, 0 to 1.
    pub probability: f64,
    /// What it adds to the load while it is in production.
    pub weight: f64,
    /// By when.
    pub deadline: Option<Timestamp>,
    /// `by`, `opportunistic` or `unknown`.
    pub deadline_kind: &'static str,
    /// Points, from and to. `None`: unknown.
    pub cost: Option<(f64, f64)>,
    /// The decision that holds: id and what it comes to (`accepted`, `not-affected`).
    pub decision: Option<(i64, &'static str)>,
}

/// What is known of a finding when it is weighed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The asset's id, name, and the system that it belongs to.
    pub asset: (i64, String),
    /// The system.
    pub system: Option<i64>,
    /// The purl of the component that has it.
    pub purl: String,
    /// The package: the purl without version.
    pub package: String,
    /// The vulnerability's name.
    pub vulnerability: String,
    /// What the component is needed for.
    pub scope: String,
    /// How it came in.
    pub relation: String,
    /// How many files list it.
    pub files: i64,
    /// When it was first seen, or came back.
    pub detected: Timestamp,
}

/// A finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its id.
    pub id: i64,
    /// The asset: id and name.
    pub asset: (i64, String),
    /// The system: id and name.
    pub system: Option<(i64, String)>,
    /// The owner team.
    pub team: Option<(i64, String)>,
    /// The purl without version.
    pub package: String,
    /// The component that has it now, or had it last: id and purl.
    pub component: (i64, String),
    /// The vulnerability: id and name.
    pub vulnerability: (i64, String),
    /// What it is about, in a line.
    pub summary: Option<String>,
    /// How it stands.
    pub state: FindingState,
    /// Whether it is in production. `None`: it is not known what runs.
    pub production: Option<bool>,
    /// First seen, or came back after it had been gone for more than 30 days.
    pub detected: Timestamp,
    /// Gone from the main line.
    pub merged: Option<Timestamp>,
    /// Gone from production.
    pub fixed: Option<Timestamp>,
    /// The last weighing. `None`: it was not weighed.
    pub weighed: Option<Weighed>,
    /// The nearest version that is not affected. `None`: no source names one.
    pub fix: Option<String>,
}

/// Who says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The source: `trimtab`, or a tool's name.
    pub source: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was last seen to say so.
    pub last: Timestamp,
    /// Since when it no longer does.
    pub until: Option<Timestamp>,
    /// What it says in its own words.
    pub said: serde_json::Value,
}
