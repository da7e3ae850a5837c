//! The advisory index that is open, and what it said of components lately: many assets carry the same ones.

use std::collections::HashMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use trimtab_advisories::index::{Index, IndexError};
use trimtab_model::finding::Finding;
use trimtab_model::{Component, FileInventory, Inventory};

use crate::access::secret::hex;

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

    /// The SHA-256 of what is in it: a line `ID SECONDS` for each record, by its id in capitals, with when the record was
    /// last changed (seconds since 1970, `-`: it does not say). Unlike the digest of the index it does not depend on the
    /// indexes before it, nor on the build, so that whoever has the records can make it again.
    ///
    /// # Errors
    /// The index is damaged.
    pub(crate) fn records(&self) -> Result<String, IndexError> {
        let mut hash = Sha256::new();
        for number in 0..self.index.advisory_count() {
            let is = self.index.advisory_at(number)?;
            let modified = is.modified().map_or("-".to_owned(), |at| at.as_second().to_string());
            hash.update(format!("{} {modified}\n", is.id()));
        }
        Ok(hex(&hash.finalize()))
    }
}

impl Deref for Opened {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.index
    }
}
