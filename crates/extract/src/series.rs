//! A tree that changes: each file is read again only where something that its reader looked at has changed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use trimtab_model::{Diagnostic, FileInventory};

use crate::registry;
use crate::view::{Files, Memo};
use crate::walk::read_with;

/// What reading one file gave: one result for each format that takes it. Shared while it holds.
pub type Read = Arc<Vec<Result<FileInventory, Diagnostic>>>;

/// A tree in its last state, with what its files were read as.
#[derive(Debug, Default)]
pub struct Series {
    files: BTreeMap<String, Arc<Vec<u8>>>,
    /// Per claimed file: what its reader gave, and what it had looked at.
    read: BTreeMap<String, (Read, Looked)>,
}

/// What a reader looked at.
#[derive(Debug, Default)]
struct Looked {
    /// Files, by their content. `None`: there was none.
    at: BTreeMap<String, Option<Arc<Vec<u8>>>>,
    /// Whether it asked about the tree as a whole.
    whole: bool,
}

impl Series {
    /// Takes in what changed (`None`: the file is gone), and reads what has to be read again. Gives what every
    /// claimed file is read as now, by path; where nothing has changed it is the very same.
    pub fn next(
        &mut self,
        changed: impl IntoIterator<Item = (String, Option<Arc<Vec<u8>>>)>,
    ) -> BTreeMap<&str, Read> {
        let mut moved = false;
        for (path, bytes) in changed {
            let before = match bytes {
                Some(bytes) => {
                    self.files.insert(path, Arc::clone(&bytes)).is_none_or(|b| b != bytes)
                }
                None => self.files.remove(&path).is_some(),
            };
            moved |= before;
        }
        if moved {
            let claimed: Vec<String> =
                self.files.keys().filter(|path| registry::claims_any(path)).cloned().collect();
            self.read.retain(|path, _| self.files.contains_key(path));
            let old = &self.read;
            let files = &self.files;
            let memo = Memo::default();
            let stale = claimed
                .par_iter()
                .filter(|path| old.get(*path).is_none_or(|(_, looked)| !looked.still(files)));
            let new: Vec<_> = stale
                .map(|path| {
                    let watched = Watched {
                        files,
                        claimed: &claimed,
                        memo: &memo,
                        looked: Mutex::default(),
                        whole: AtomicBool::new(false),
                    };
                    let formats: Vec<_> = registry::claiming(path).collect();
                    let read = Arc::new(read_with(&watched, path, &formats));
                    (path.clone(), (read, watched.looked()))
                })
                .collect();
            self.read.extend(new);
        }
        self.read.iter().map(|(path, (read, _))| (path.as_str(), Arc::clone(read))).collect()
    }
}

impl Looked {
    /// Whether all of it is as it was.
    fn still(&self, files: &BTreeMap<String, Arc<Vec<u8>>>) -> bool {
        !self.whole && self.at.iter().all(|(path, was)| files.get(path) == was.as_ref())
    }
}

/// A state of the tree that remembers what was asked of it.
struct Watched<'t> {
    files: &'t BTreeMap<String, Arc<Vec<u8>>>,
    claimed: &'t [String],
    memo: &'t Memo,
    looked: Mutex<BTreeMap<String, Option<Arc<Vec<u8>>>>>,
    whole: AtomicBool,
}

impl Watched<'_> {
    fn looked(self) -> Looked {
        let at = self.looked.into_inner().unwrap_or_else(PoisonError::into_inner);
        Looked { at, whole: self.whole.into_inner() }
    }

    fn look(&self, path: &str) -> Option<Arc<Vec<u8>>> {
        let found = self.files.get(path).cloned();
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.insert(path.to_owned(), found.clone());
        found
    }
}

impl Files for Watched<'_> {
    fn read(&self, path: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>> {
        self.look(path).map(Ok)
    }

    fn exists(&self, path: &str) -> bool {
        self.look(path).is_some()
    }

    fn claimed(&self) -> &[String] {
        self.whole.store(true, Ordering::Relaxed);
        self.claimed
    }

    fn memo(&self) -> Option<&Memo> {
        // What is worked out once for the tree hangs on all of it.
        self.whole.store(true, Ordering::Relaxed);
        Some(self.memo)
    }
}
