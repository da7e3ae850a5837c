//! What could not be read, and so is in no number of a plan.

use std::collections::BTreeMap;

use trimtab_model::{FileInventory, Inventory};
use trimtab_report::plan::json::Unread;

use super::place::Top;

/// How many files were read, whole or in part.
pub(super) fn read(inventory: &Inventory) -> usize {
    let is_read = |file: &&FileInventory| {
        let mut faults = file.diagnostics.iter().filter(|d| d.code.makes_incomplete());
        !file.components.is_empty() || faults.next().is_none()
    };
    inventory.files.iter().filter(is_read).count()
}

/// Each file that could not be read, or not whole, with the first of what happened to it, by path.
pub(super) fn unread(inventory: &Inventory, top: &Top) -> Vec<Unread> {
    let lists = |path: &str| {
        let mut files = inventory.files.iter().filter(|file| &*file.path == path);
        files.any(|file| !file.components.is_empty())
    };
    let mut all: BTreeMap<String, Unread> = BTreeMap::new();
    for told in inventory.all_diagnostics().filter(|d| d.code.makes_incomplete()) {
        let path = told.file.as_deref().unwrap_or_default();
        let file = if path.is_empty() { String::new() } else { top.path(path).to_string() };
        all.entry(file.clone()).or_insert_with(|| Unread {
            file,
            code: told.code.as_str().to_owned(),
            why: told.message.to_string(),
            partly: lists(path),
        });
    }
    all.into_values().collect()
}
