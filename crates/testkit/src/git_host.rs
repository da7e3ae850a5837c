//! Git hosts on this machine: each speaks as its documentation says, and may hold a real repository that git reaches
//! over HTTP; and trackers, which speak in the same way.
#![expect(clippy::unwrap_used, clippy::panic, reason = "development only: the test cannot go on")]

mod dialect;
mod fake;
mod git;
mod tracker;

pub use dialect::{ALL, Dialect};
pub use fake::{Asked, Fake, Fault, Issue, Kept, State, Watch};
pub use tracker::TRACKERS;
