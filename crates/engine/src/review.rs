//! Reviews: an agenda from data with a time for each part, what became of what was decided, and how
//! good the meetings were. Pure: the caller passes in what there is and what time it is.

mod age;
mod agenda;
mod briefing;
mod follow;
mod health;
mod milestone;
mod quality;

pub use age::{age_words, median_age};
pub use agenda::{Kind, Part, Times, Topic, order, times};
pub use briefing::{Met, Speed, speed};
pub use follow::{Closed, Decided, Follow};
pub use health::{Concentration, Drift, Held as HeldPackage, concentration, drift};
pub use milestone::{Milestone, Reach, milestones};
pub use quality::{Held, Quality, quality, repeats};
