//! The result of a scan: what every output format is written from.

use crate::diagnostic::Diagnostic;
use crate::finding::{Finding, Unknown};
use crate::inventory::Inventory;

/// What the advisory index was built from. Part of the result, so that it can be judged later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexInfo {
    /// The newest `modified` date of any advisory, RFC 3339. `None` if no record has one.
    pub data_date: Option<Box<str>>,
    /// A digest of the index's content, hexadecimal: equal data gives equal digests.
    pub digest: Box<str>,
    /// Advisories in it, withdrawn ones left out.
    pub advisories: u64,
    /// Version of the KEV catalogue; `None` if the index has none, so that KEV is unknown.
    pub kev: Option<Box<str>>,
    /// Day of the EPSS scores; `None` if the index has none, so that EPSS is unknown.
    pub epss: Option<Box<str>>,
}

/// The result of `trimtab scan` or, without findings, of `trimtab sbom`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// A name for what was scanned: the folder's or file's own name.
    pub target: Box<str>,
    /// What was found in the tree.
    pub inventory: Inventory,
    /// The index it was matched with. `None`: inventory only, findings are unknown.
    pub index: Option<IndexInfo>,
    /// Worst first; the order is part of the contract and the same on every run.
    pub findings: Vec<Finding>,
    /// Components about which nothing can be said, sorted by purl.
    pub unknowns: Vec<Unknown>,
    /// Problems that are not about one file of the tree.
    pub diagnostics: Vec<Diagnostic>,
}

impl Scan {
    /// Whether something that should have been looked at was not.
    pub fn is_incomplete(&self) -> bool {
        self.inventory.is_incomplete() || self.diagnostics.iter().any(|d| d.code.makes_incomplete())
    }
}
