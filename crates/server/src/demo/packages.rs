//! The packages of the made organisation, each with the versions that a team goes through; and the
//! advisories as they appear over the year.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trimtab_advisories::Sources;
use trimtab_advisories::index::{self, Index};
use trimtab_model::{Component, Purl};
use trimtab_store::NewComponent;

use super::chance::Chance;
use crate::ingest;
use crate::opened::Opened;

/// How many versions of a package a team goes through at most.
const RUNGS: usize = 4;

/// A package: its versions, from the sample's to one without findings, if a source names it.
pub(super) struct Package {
    pub(super) ecosystem: String,
    pub(super) rungs: Vec<NewComponent>,
}

/// Every package of the sample.
pub(super) fn ladders(components: &[Component], index: &Index) -> Result<Vec<Package>, String> {
    let mut first: BTreeMap<String, NewComponent> = BTreeMap::new();
    for component in components.iter().filter(|c| c.purl.version().is_some()) {
        let is = NewComponent { registry: true, ..ingest::named(component) };
        first.entry(is.package.clone()).or_insert(is);
    }
    let mut packages = Vec::new();
    for (_, mut is) in first {
        let purl: Purl = is.purl.parse().map_err(|e| format!("{}: {e}", is.purl))?;
        let ecosystem = purl.purl_type().to_owned();
        let mut rungs = Vec::new();
        while rungs.len() < RUNGS {
            let asked = [(0, is.clone())];
            let answers = ingest::answers(&asked, index).map_err(|e| e.to_string())?;
            rungs.push(is.clone());
            let fixes = answers.iter().flat_map(|(_, all)| all).filter_map(|m| m.fix.clone());
            let Some(fix) = fixes.filter(|f| Some(f) != is.version.as_ref()).max() else { break };
            let purl = purl.clone().with_version(&fix);
            is = NewComponent { purl: purl.to_string(), version: Some(fix), ..is };
            if rungs.iter().any(|r| r.purl == is.purl) {
                break;
            }
        }
        packages.push(Package { ecosystem, rungs });
    }
    Ok(packages)
}

/// Indexes as they would have been over the year: the first knows about half of the advisories, the last
/// knows all.
pub(super) fn stages(
    advisories: &Path,
    folder: &Path,
    chance: &mut Chance,
    count: usize,
) -> Result<Vec<Arc<Opened>>, String> {
    let mut records = Vec::new();
    for ecosystem in list(&advisories.join("osv"))? {
        records.extend(list(&ecosystem)?);
    }
    chance.shuffle(&mut records);
    let late = records.len() / 2;
    let mut indexes = Vec::new();
    for stage in 0..count {
        let known = records.len() - late + late * stage / count.saturating_sub(1).max(1);
        let to = folder.join(format!("stage-{stage}"));
        for record in records.iter().take(known) {
            copy(record, advisories, &to)?;
        }
        for beside in ["kev", "epss", "lifecycle"] {
            for file in list(&advisories.join(beside)).unwrap_or_default() {
                copy(&file, advisories, &to)?;
            }
        }
        let path = folder.join(format!("stage-{stage}.index"));
        index::build(&Sources::beside(&to), &path, &mut ()).map_err(|e| e.to_string())?;
        indexes.push(Arc::new(Opened::open(&path).map_err(|e| e.to_string())?));
    }
    Ok(indexes)
}

fn copy(file: &Path, from: &Path, to: &Path) -> Result<(), String> {
    let told = |e: std::io::Error| format!("`{}`: {e}", file.display());
    let inner = file.strip_prefix(from).map_err(|e| e.to_string())?;
    let target = to.join(inner);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(told)?;
    }
    fs::copy(file, target).map(|_| ()).map_err(told)
}

/// What is in a folder, by name.
fn list(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |e: std::io::Error| format!("`{}`: {e}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(told)? {
        found.push(entry.map_err(told)?.path());
    }
    found.sort();
    Ok(found)
}
