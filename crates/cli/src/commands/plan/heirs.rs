//! What advisories name to be used instead of a package that nobody maintains: told to people, and never carried out by
//! itself.

use std::collections::BTreeMap;

use trimtab_advisories::index::Index;
use trimtab_engine::action::Open;
use trimtab_model::scan::Scan;
use trimtab_model::{Diagnostic, Purl};
use trimtab_report::group::name;

use super::words::Explained;

/// How many names are told.
const MOST: usize = 4;

/// Tells of what no source names a fix of what its advisory names instead.
///
/// # Errors
/// The index is damaged.
pub(super) fn advise(
    explained: &mut [Explained],
    open: &[Open],
    scan: &Scan,
    index: &Index,
) -> Result<(), Diagnostic> {
    let mut known: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (explained, open) in explained.iter_mut().zip(open) {
        let Some(finding) = scan.findings.get(open.finding) else { continue };
        for attribution in &finding.attributions {
            let id = &*attribution.advisory.id;
            if !known.contains_key(id) {
                let record = index.advisory(id).map_err(|e| e.diagnostic())?;
                let names = record.map(|r| r.successors().take(MOST).map(str::to_owned).collect());
                known.insert(id, names.unwrap_or_default());
            }
            let names = known.get(id).map(Vec::as_slice).unwrap_or_default();
            if !names.is_empty() {
                explained.next = told(&explained.next, &finding.purl, id, names);
                break;
            }
        }
    }
    Ok(())
}

fn told(next: &str, package: &Purl, id: &str, names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let told = format!(
        "replace {} by {}, which {id} names (nobody looked whether it fits)",
        name(package),
        names.join(" or ")
    );
    if next.is_empty() { told } else { format!("{told}; else {next}") }
}
