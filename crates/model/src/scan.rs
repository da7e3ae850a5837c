//! The result of a scan: what every output format is written from.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::assessment::Assessment;
use crate::decision::Justification;
use crate::diagnostic::Diagnostic;
use crate::evidence::VexStatus;
use crate::finding::{Finding, Occurrence, Unknown};
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
    /// Components that cannot be judged, sorted by purl.
    pub unknowns: Vec<Unknown>,
    /// What the findings mean in their context. `None`: they were not weighed.
    pub weighing: Option<Weighing>,
    /// Problems that are not about one file of the tree.
    pub diagnostics: Vec<Diagnostic>,
}

/// What findings mean by a charter.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighing {
    /// The charter's name.
    pub charter: Box<str>,
    /// Its version, as the parties count it.
    pub version: Box<str>,
    /// The load of what is open in production: the dial.
    pub load: f64,
    /// The zone of its calendar: days are told in it.
    pub time_zone: TimeZone,
    /// Every finding in every system that has it, in the order of the findings.
    pub assessed: Vec<Assessed>,
}

/// A finding in a system, and what it means there.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// Position in [`Scan::findings`].
    pub finding: u32,
    /// Where in the system it occurs, sorted.
    pub occurrences: Vec<Occurrence>,
    /// What it means.
    pub assessment: Assessment,
    /// The exception that accepts it, and its last day (`None`: it has none). While it is valid,
    /// the finding is not part of the load.
    pub exception: Option<(Box<str>, Option<Date>)>,
    /// Our own decision that it does no harm here. While it is valid, the finding is shown and is
    /// not part of the load. Never beside an exception.
    pub not_affected: Option<Unaffected>,
    /// What the applicable statement says: a supplier's, or our own decision.
    pub vex: Option<VexStatus>,
}

/// The decision *not affected* that applies to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unaffected {
    /// Its id.
    pub id: Box<str>,
    /// Why, by label.
    pub justification: Justification,
    /// Why, in words.
    pub reason: Box<str>,
    /// Its last day. `None`: it has none.
    pub until: Option<Date>,
}

impl Assessed {
    /// Whether something has to be done: it is neither accepted nor decided to be not affected, and
    /// no applicable statement says so.
    pub fn is_open(&self) -> bool {
        self.exception.is_none()
            && self.not_affected.is_none()
            && self.vex.is_none_or(VexStatus::is_open)
    }

    /// Whether it is open but for what a supplier says.
    pub fn is_cleared_by_supplier(&self) -> bool {
        self.exception.is_none() && self.not_affected.is_none() && !self.is_open()
    }
}

impl Weighing {
    /// The assessments of a finding, by its position.
    pub fn of(&self, finding: usize) -> &[Assessed] {
        let at = |a: &Assessed| a.finding as usize;
        let start = self.assessed.partition_point(|a| at(a) < finding);
        let end = self.assessed.partition_point(|a| at(a) <= finding);
        self.assessed.get(start..end).unwrap_or_default()
    }

    /// The gravest assessment of a finding; one that is open comes before one that is decided.
    pub fn gravest(&self, finding: usize) -> Option<&Assessed> {
        self.of(finding).iter().max_by_key(|a| (a.is_open(), a.assessment.level))
    }
}

impl Scan {
    /// Whether something that should have been examined was not.
    pub fn is_incomplete(&self) -> bool {
        self.inventory.is_incomplete() || self.diagnostics.iter().any(|d| d.code.makes_incomplete())
    }
}
