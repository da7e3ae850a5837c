//! The numbers at the top of every report, counted once for all formats.

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::RandomState;

use trimtab_model::Relation;
use trimtab_model::advisory::{Kind, Rating};
use trimtab_model::finding::UnknownReason;
use trimtab_model::scan::Scan;

/// Counts of a scan. Components are counted by distinct purl, the project's own left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Distinct components.
    pub components: usize,
    /// Findings that are vulnerabilities or malicious packages, and notices of every kind.
    pub findings: usize,
    /// Distinct components with findings.
    pub affected_components: usize,
    /// Findings by rating, only those that occur.
    pub by_rating: BTreeMap<Rating, usize>,
    /// Findings that are known to be exploited. `None`: the index has no catalogue.
    pub known_exploited: Option<usize>,
    /// Malicious packages.
    pub malicious: usize,
    /// Findings that some source names a fix for.
    pub fixable: usize,
    /// Distinct components about which nothing can be said, by reason, only those that occur.
    pub unknowns: BTreeMap<UnknownReason, usize>,
    /// Dependencies that nothing pins.
    pub unmanaged: usize,
}

impl Summary {
    /// Counts.
    pub fn of(scan: &Scan) -> Summary {
        let components: HashSet<_, RandomState> = scan
            .inventory
            .components()
            .filter(|(_, c)| c.relation != Relation::Own)
            .map(|(_, c)| &c.purl)
            .collect();
        let mut by_rating = BTreeMap::new();
        for finding in &scan.findings {
            *by_rating.entry(finding.vulnerability.severity.rating).or_insert(0) += 1;
        }
        let mut unknowns = BTreeMap::new();
        for unknown in &scan.unknowns {
            *unknowns.entry(unknown.reason).or_insert(0) += 1;
        }
        let affected: HashSet<_, RandomState> = scan.findings.iter().map(|f| &f.purl).collect();
        let count = |test: &dyn Fn(&trimtab_model::finding::Finding) -> bool| {
            scan.findings.iter().filter(|f| test(f)).count()
        };
        let has_kev = scan.index.as_ref().is_some_and(|index| index.kev.is_some());
        Summary {
            files: scan.inventory.files.len(),
            components: components.len(),
            findings: scan.findings.len(),
            affected_components: affected.len(),
            by_rating,
            known_exploited: has_kev.then(|| count(&|f| f.vulnerability.kev.is_some())),
            malicious: count(&|f| f.vulnerability.kind == Kind::Malicious),
            fixable: count(&|f| f.nearest_fix.is_some()),
            unknowns,
            unmanaged: scan.inventory.files.iter().map(|f| f.unmanaged.len()).sum(),
        }
    }
}
