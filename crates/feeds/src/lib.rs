//! From feeds to the index: what to read, fetching what changed, and building the new index aside.
//! The previous index keeps working until the new one is whole. `trimtab db update` and the server
//! use the same functions.

mod plan;
mod update;

use std::path::{Path, PathBuf};

pub use plan::{Named, Plan, plan};
pub use update::{Built, Failed, News, Update};

/// Where the index before the last update is kept, to show what an update changed.
pub fn previous(index: &Path) -> PathBuf {
    beside(index, ".previous")
}

/// Where the copies of fetched feeds are kept.
fn copies(index: &Path) -> PathBuf {
    beside(index, ".feeds")
}

fn beside(index: &Path, suffix: &str) -> PathBuf {
    let mut name = index.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    index.with_file_name(name)
}
