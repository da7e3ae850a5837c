//! An assessment: what a finding means in its context by the charter. It has every factor, so that
//! it can be explained in a sentence to each audience and recomputed by hand.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::level::{ImpactBand, Level, LikelihoodBand};

/// One step of a weighing: what was examined, what was found, its effect, and its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// What was examined: a stable name such as `base`, `exposure`, `scope`, `tier`.
    pub name: Cow<'static, str>,
    /// What was found, in words; `unknown` if nothing is known.
    pub value: Box<str>,
    /// What it did.
    pub effect: Effect,
    /// Who says so: a feed with its date, a file, the charter, or that it is assumed.
    pub source: Box<str>,
    /// Whether the fact itself is unknown, so that the effect is an assumption.
    pub unknown: bool,
}

/// What a factor did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// Set the probability (0 to 1).
    Probability(f64),
    /// Multiplied the odds.
    Odds(f64),
    /// Set or moved the impact by steps.
    Steps(i8),
    /// Set the level to at least this.
    Floor(Level),
    /// Kept the level from falling below this.
    Kept(Level),
    /// No effect; it is listed because people ask about it.
    None,
}

/// How likely exploitation is.
#[derive(Debug, Clone, PartialEq)]
pub struct Likelihood {
    /// Probability, 0 to 1.
    pub probability: f64,
    /// Its band.
    pub band: LikelihoodBand,
    /// How it came about, in order.
    pub factors: Vec<Factor>,
}

/// What exploitation would mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Impact {
    /// The sum of the steps, before it is cut to the bands.
    pub steps: i8,
    /// The band.
    pub band: ImpactBand,
    /// How it came about, in order.
    pub factors: Vec<Factor>,
}

/// When the finding must be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deadline {
    /// By this moment.
    By {
        /// The moment.
        at: Timestamp,
        /// How it came about: term, start, what moved it. One sentence without a full stop.
        because: Box<str>,
    },
    /// At the next opportunity: the charter sets no date.
    Opportunistic,
    /// Not known: the start of the clock, or the environment, is unknown.
    Unknown {
        /// What is missing.
        because: Box<str>,
    },
}

impl Deadline {
    /// The moment, where there is one.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Deadline::By { at, .. } => Some(*at),
            Deadline::Opportunistic | Deadline::Unknown { .. } => None,
        }
    }
}

/// What removing the finding costs, in points.
#[derive(Debug, Clone, PartialEq)]
pub enum Cost {
    /// Between two bounds.
    Range {
        /// The least.
        least: f64,
        /// The most.
        most: f64,
        /// What makes it so, each with the points that it adds (least, most).
        reasons: Vec<CostReason>,
    },
    /// Not known.
    Unknown {
        /// Why: for example that no source names a fixed version.
        because: Box<str>,
    },
}

/// One part of a cost.
#[derive(Debug, Clone, PartialEq)]
pub struct CostReason {
    /// In words.
    pub what: Box<str>,
    /// The least points that it adds.
    pub least: f64,
    /// The most points that it adds.
    pub most: f64,
}

/// What a finding means in its context.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The system that it was weighed for.
    pub system: Box<str>,
    /// The environment that it was weighed for.
    pub environment: Box<str>,
    /// How likely.
    pub likelihood: Likelihood,
    /// How grave.
    pub impact: Impact,
    /// The level. Where facts are unknown it rests on the charter's assumptions; `bounds` says between what.
    pub level: Level,
    /// What moved the level after the matrix, in order.
    pub adjustments: Vec<Factor>,
    /// The lowest and the gravest level that the unknown facts allow. Equal where nothing is unknown.
    pub bounds: (Level, Level),
    /// The gravest level that the system's tier may keep: `Some(None)` if it may keep none. `None`: the tier is unknown.
    pub acceptable: Option<Option<Level>>,
    /// What it adds to the load while it is open in production.
    pub weight: f64,
    /// When it must be gone.
    pub deadline: Deadline,
    /// What removing it costs.
    pub cost: Cost,
}

impl Assessment {
    /// All factors in the order of the weighing.
    pub fn factors(&self) -> impl Iterator<Item = &Factor> {
        self.likelihood.factors.iter().chain(&self.impact.factors).chain(&self.adjustments)
    }

    /// Names of the facts that are unknown, in the order of the weighing.
    pub fn unknowns(&self) -> impl Iterator<Item = &str> {
        self.factors().filter(|f| f.unknown).map(|f| &*f.name)
    }

    /// Whether the level is above what the tier may keep; `None` if the tier is unknown.
    pub fn is_above_acceptable(&self) -> Option<bool> {
        self.acceptable.map(|acceptable| acceptable.is_none_or(|most| self.level > most))
    }
}
