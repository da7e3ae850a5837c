//! Advisory feeds (OSV, KEV, EPSS, lifecycle) on disk → one memory-mapped index file.
//!
//! [`index::build`] reads a folder of feeds and writes the index; [`Index::open`] maps it in
//! constant time; [`Index::package`] returns what is known about a package, and [`Entry::verdict`]
//! what one advisory says about a version of it. Nothing here decides what a finding is: the engine
//! does.

pub mod feed;
pub mod index;
mod lenient;
pub mod osv;

pub use feed::Sources;
pub use index::{
    AdvisoryRef, Affected, BuildError, BuildReport, Diff, Entry, Index, IndexError, Package, Phase,
    Progress, Verdict, build,
};
