//! Carrying a change out where it can do no harm: a whole copy of the project at a commit, its own
//! tests run in it within limits, commits made in it, and one branch published at the very end.
//!
//! The user's checkout, index and `HEAD` are only ever read. What is written to the user's
//! repository is objects, and then one reference, which git writes in one step.

mod absent;
mod asked;
mod author;
mod confine;
mod detect;
mod difference;
mod group;
mod home;
mod kept;
mod merged;
mod merger;
mod namespaces;
mod objects;
mod pinned;
mod plumbing;
mod publish;
mod push;
mod results;
mod revert;
mod runner;
mod since;
mod standing;
mod taken_back;
mod tree;
mod trial;
mod unmerged;
mod walls;
mod watch;

pub use absent::{Absent, absent};
pub use author::Author;
pub use confine::{Confinement, Limits};
pub use detect::{Command, detect};
pub use difference::{Difference, Judgement, difference};
pub use kept::Kept;
pub use merged::{Carried, Merged, merged};
pub use merger::{Merger, merger};
pub use publish::{Published, publish};
pub use push::{Remote, discard, push, remote};
pub use results::{Results, Verdict};
pub use revert::{Reverted, find, revert};
pub use since::{at, code_differs};
pub use standing::{Heads, heads, standing};
pub use taken_back::{Said, said, taken_back};
pub use tree::{Tree, checked_out};
pub use trial::{Ended, Trial, prepare, trial};
pub use unmerged::{Unmerged, unmerged};
