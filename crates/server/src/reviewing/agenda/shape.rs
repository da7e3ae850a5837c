//! How a review is kept: its numbers, and its parts with their topics.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::reviewing::packing::{PackChart, PackNumber};

/// What a review shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewPack)]
pub(crate) struct Pack {
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    pub(crate) figures: PackFigures,
    /// The numbers of a pack of a month or a quarter; a weekly review has none but its figures.
    #[serde(default)]
    pub(crate) numbers: Vec<PackNumber>,
    #[serde(default)]
    pub(crate) charts: Vec<PackChart>,
    /// The agenda, from top to bottom.
    pub(crate) parts: Vec<PackPart>,
    /// Minutes at the end, to say again what was decided.
    pub(crate) end: u32,
}

/// The numbers of a review. `null` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewFigures)]
pub(crate) struct PackFigures {
    pub(crate) load: Option<f64>,
    /// Findings that count towards the load.
    pub(crate) open: Option<i64>,
    /// Those that came since the last review, above the line.
    pub(crate) new: Option<i64>,
    /// Past their deadline.
    pub(crate) late: Option<i64>,
    /// Due within 14 days.
    pub(crate) soon: Option<i64>,
    /// Exceptions that end within 14 days.
    pub(crate) exceptions: Option<i64>,
    /// Decisions that were asked for and not answered.
    pub(crate) answers: Option<i64>,
    /// Changes that are scheduled.
    pub(crate) scheduled: Option<i64>,
}

/// A part of the agenda.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewPart)]
pub(crate) struct PackPart {
    /// `follow-through`, `new`, `deadlines`, `exceptions`, `answers`, `plan`; of a month `added`, `removed`, `relied-on`,
    /// `end-of-life`, `unmanaged`, `concentration`, `licences`, `noise`; of a quarter `exploited`, `nearly`, `attacks`,
    /// `speed`, `watch`.
    pub(crate) part: String,
    pub(crate) title: String,
    /// What is in it.
    pub(crate) about: String,
    pub(crate) minutes: u32,
    /// How many topics there are; the first are listed.
    pub(crate) count: i64,
    /// Whether there may be more than were counted.
    pub(crate) more: bool,
    /// Where the same list is as it is now.
    pub(crate) list: String,
    pub(crate) topics: Vec<PackTopic>,
    /// The keys of topics that stand further down, as far as they are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) further: Vec<String>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewTopic)]
pub(crate) struct PackTopic {
    /// What it is, the same in every review: `finding:12`.
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) note: String,
    /// Its page.
    pub(crate) page: String,
    /// `critical`, `high`, `medium`, `low`.
    pub(crate) level: Option<String>,
    pub(crate) weight: f64,
    /// By when; of `answers` when it was asked for, of `plan` when the window begins.
    #[schema(format = DateTime)]
    pub(crate) due: Option<String>,
    /// In how many reviews in a row before this one it stood.
    pub(crate) repeats: usize,
}

impl Pack {
    /// The keys of its topics.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|part| &part.topics).map(|topic| topic.key.as_str())
    }

    /// The keys of all topics that are remembered: those that are listed, and those further down.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = &str> {
        let further = self.parts.iter().flat_map(|part| &part.further).map(String::as_str);
        self.topics().chain(further)
    }

    /// The title of a topic.
    pub(crate) fn title_of(&self, key: &str) -> Option<String> {
        let mut all = self.parts.iter().flat_map(|part| &part.topics);
        all.find(|topic| topic.key == key).map(|topic| topic.title.clone())
    }
}
