//! What a package would bring: the resolver of its ecosystem chooses, our extractors read its
//! lockfile, and the index says what is known of each package.

use std::collections::HashMap;

use trimtab_advisories::index::Index;
use trimtab_connect::registry::Options;
use trimtab_connect::registry::closure::{self as asked, Closure};
use trimtab_engine::selection::Advised;
use trimtab_engine::selection::brings::{Part, gathered};
use trimtab_extract::{MemoryFiles, scan_files};
use trimtab_model::finding::Finding;
use trimtab_model::metadata::Brought;
use trimtab_model::{Component, Diagnostic, FileInventory, Inventory, Purl};

use crate::commands::scan;

/// Packages of one closure that are judged. What brings more is looked at by people.
const MOST: usize = 5_000;

/// What a package would bring, and what is known of it.
pub(super) struct Brings {
    /// Who chose, and when.
    pub(super) chosen: Closure,
    packages: Vec<Brought>,
    findings: Option<Vec<Finding>>,
    uncompared: Vec<Purl>,
}

/// What came of it. Otherwise why it is unknown, and what is to be told of that.
pub(super) type Answer = Result<Brings, (String, Vec<Diagnostic>)>;

/// Asks what a package would bring.
///
/// # Errors
/// The index is damaged.
pub(super) fn ask(
    purl: &Purl,
    options: &Options,
    index: Option<&Index>,
) -> Result<Answer, Diagnostic> {
    let resolved = asked::closure(purl, options);
    let Some(chosen) = resolved.closure else {
        let why = resolved.diagnostics.first().map_or("", |d| &d.message);
        let why = why.split_once(" is not known: ").map_or(why, |(_, why)| why);
        return Ok(Err((format!("all the way down ({why})"), resolved.diagnostics)));
    };
    let mut files = MemoryFiles::default();
    for (name, text) in &chosen.lockfiles {
        files.insert(name, text.as_bytes());
    }
    let lockfiles = scan_files(&files);
    if lockfiles.is_incomplete() {
        let problems = lockfiles.all_diagnostics().cloned().collect();
        return Ok(Err((format!("the answer of {} cannot be read", chosen.source), problems)));
    }
    let Some(packages) = gathered(purl, &lockfiles, &chosen.packages) else {
        return Ok(Err((format!("the answer of {} lists no package", chosen.source), Vec::new())));
    };
    if packages.len() > MOST {
        let why = format!("more than {MOST} packages, by {}", chosen.source);
        return Ok(Err((why, Vec::new())));
    }
    let (findings, uncompared) = match index {
        Some(index) => {
            let inventory = match lockfiles.files.is_empty() {
                true => listed(&packages),
                false => lockfiles,
            };
            let scan = scan::of_inventory(String::new(), inventory, index)?;
            let unknowns = scan.unknowns.into_iter().map(|u| u.purl).collect();
            (Some(scan.findings), unknowns)
        }
        None => (None, Vec::new()),
    };
    Ok(Ok(Brings { chosen, packages, findings, uncompared }))
}

/// An inventory of packages that no lockfile lists.
fn listed(packages: &[Brought]) -> Inventory {
    let file = FileInventory {
        path: "check-new".into(),
        components: packages.iter().map(|p| Component::new(p.purl.clone())).collect(),
        ..FileInventory::default()
    };
    Inventory { files: vec![file], ..Inventory::default() }
}

impl Brings {
    /// The advisories of each package, in the order of the packages.
    pub(super) fn advised(&self) -> Vec<Option<Vec<Advised<'_>>>> {
        let Some(findings) = &self.findings else { return vec![None; self.packages.len()] };
        let mut of: HashMap<&Purl, Vec<Advised<'_>>> = HashMap::new();
        for finding in findings {
            of.entry(&finding.purl).or_default().push(Advised::of(finding));
        }
        let one = |package: &Brought| {
            let found = of.remove(&package.purl);
            match self.uncompared.contains(&package.purl) {
                // What is known of it counts all the same.
                true => found,
                false => Some(found.unwrap_or_default()),
            }
        };
        self.packages.iter().map(one).collect()
    }

    /// The packages with their advisories.
    pub(super) fn parts<'a>(&'a self, advised: &'a [Option<Vec<Advised<'a>>>]) -> Vec<Part<'a>> {
        let both = self.packages.iter().zip(advised);
        both.map(|(package, advisories)| Part { package, advisories: advisories.as_deref() })
            .collect()
    }
}
