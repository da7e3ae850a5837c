//! The advisory index that is open, and what it said of components lately: many assets carry the same ones.

use std::collections::HashMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use trimtab_advisories::index::{Index, IndexError};
use trimtab_model::finding::Finding;
use trimtab_model::{Component, FileInventory, Inventory};

/// Of so many components the answers are kept; then all are forgotten.
const KEPT: usize = 2000;

/// An index with what was asked of it.
pub struct Opened {
    index: Index,
    found: Mutex<HashMap<String, Arc<Vec<Finding>>>>,
}

impl Opened {
    /// Opens the index at a place.
    ///
    /// # Errors
    /// It is not one, or cannot be read.
    pub fn open(path: &Path) -> Result<Opened, IndexError> {
        Ok(Opened { index: Index::open(path)?, found: Mutex::default() })
    }

    /// What it says of a component. `None`: the purl is none, or the index cannot be read.
    pub(crate) fn findings(&self, purl: &str) -> Option<Arc<Vec<Finding>>> {
        if let Some(found) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(purl) {
            return Some(Arc::clone(found));
        }
        let component = Component::new(purl.parse().ok()?);
        let file = FileInventory { components: vec![component], ..FileInventory::default() };
        let inventory = Inventory { files: vec![file], diagnostics: Vec::new() };
        let matching = trimtab_engine::match_inventory(&inventory, &self.index).ok()?;
        let found = Arc::new(matching.findings);
        let mut held = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() == KEPT {
            held.clear();
        }
        held.insert(purl.to_owned(), Arc::clone(&found));
        Some(found)
    }
}

impl Deref for Opened {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.index
    }
}
