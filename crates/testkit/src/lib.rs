//! Development only: finds the shared corpus and data, and reads their expected results;
//! a browser for pages.

pub mod browser;
pub mod git_host;
pub mod gitea;
pub mod naive;
pub mod past;
pub mod postgres;
pub mod served;
pub mod smtp;
pub mod suite;

use std::path::PathBuf;

/// The folder of shared corpus and data: `TRIMTAB_SHARED`, else `../shared` beside the
/// repository. `None` if absent; the caller's test then says loudly that it skips.
pub fn shared() -> Option<PathBuf> {
    let folder = match std::env::var_os("TRIMTAB_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => repository().join("../shared"),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no shared corpus at {} (set TRIMTAB_SHARED)", folder.display());
    None
}

/// The root of this repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
