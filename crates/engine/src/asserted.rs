//! A finding that another source asserts and the matcher does not make: what the index knows about
//! the vulnerability, so that the finding can be weighed like any other.

use trimtab_advisories::index::{Index, IndexError};
use trimtab_model::finding::{Confidence, Finding};
use trimtab_model::{Ecosystem, Purl};

use crate::vulnerability::Vulnerabilities;

/// The finding of a vulnerability, by any of its ids, in a component. `None`: the index does not know
/// the id, or no ecosystem for the component.
///
/// # Errors
/// The index is damaged.
pub fn asserted(index: &Index, purl: &Purl, id: &str) -> Result<Option<Finding>, IndexError> {
    let (Some(ecosystem), Some(advisory)) = (Ecosystem::of(purl), index.advisory(id)?) else {
        return Ok(None);
    };
    let vulnerability =
        Vulnerabilities::new(index).describe(advisory.group(), advisory.kind(), &[])?;
    let package = ecosystem.family.package_name(purl).as_ref().into();
    Ok(Some(Finding {
        ecosystem,
        package,
        purl: purl.clone(),
        vulnerability,
        attributions: Vec::new(),
        // Our own sources do not say so.
        confidence: Confidence::Low,
        doubts: Vec::new(),
        nearest_fix: None,
        occurrences: Vec::new(),
    }))
}
