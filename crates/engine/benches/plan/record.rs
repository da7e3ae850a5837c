//! Recording a portfolio: the findings of real projects' lockfiles, as a scan tells of them, weighed
//! under the default charter with nothing known of the systems, and as each kind of system that there is.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use trimtab_advisories::{Index, Sources, build};
use trimtab_charter::preset;
use trimtab_engine::assess::{Situation, assess, distance, environment};
use trimtab_engine::match_inventory;
use trimtab_model::finding::Finding;
use trimtab_model::{Evidence, Inventory, Relation, System};

use super::described::Kind;
use super::recorded::{end, file};

/// Reads every project of a folder and writes the findings, one a line.
pub(crate) fn record(projects: &Path, advisories: &Path) {
    let made = tempfile::tempdir().expect("a folder for the index");
    let target = made.path().join("index");
    build(&Sources::beside(advisories), &target, &mut ()).expect("advisories");
    let index = Index::open(&target).expect("an index");
    let mut names: Vec<_> = std::fs::read_dir(projects)
        .expect("a folder of projects")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    names.sort();
    let mut rows: Vec<String> = Vec::new();
    for project in names {
        let name = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let inventory = trimtab_extract::scan_path(&project, &Default::default());
        let found = match_inventory(&inventory, &index).expect("a sound index").findings;
        rows.extend(
            found.iter().filter_map(|f| row(&name, &inventory, f, &index)).map(|r| r.to_string()),
        );
    }
    rows.sort();
    let text = format!("[\n{}\n]\n", rows.join(",\n"));
    let file = file();
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).expect("a folder");
    std::fs::write(&file, text).expect("the recorded portfolio can be written");
    println!("{} findings", rows.len());
}

/// `None`: it has no day on which it was published, or a later one than the time that is replayed.
fn row(project: &str, inventory: &Inventory, finding: &Finding, index: &Index) -> Option<Value> {
    let charter = preset::default();
    let place = finding.occurrences.first()?;
    let list = inventory.files.get(place.file as usize)?;
    let component = list.components.get(place.component as usize)?;
    let published = finding.attributions.iter().filter_map(|a| a.advisory.published).min()?;
    if published >= end() {
        return None;
    }
    let direct = component.relation == Relation::Direct;
    let weighed = |system: Option<&System>| {
        let situation = Situation {
            system,
            environment: environment(system, &charter),
            scope: component.scope,
            relation: component.relation,
            files: 1,
            detected: None,
            has_kev: index.has_kev(),
            described: "trimtab.toml",
            epss_date: None,
        };
        let assessed = assess(finding, &Evidence::default(), &situation, &charter);
        json!({ "level": assessed.level.as_str(), "weight": assessed.weight })
    };
    Some(json!({
        "project": project,
        "file": &*list.path,
        "order": finding.ecosystem.scheme() as u8,
        "package": &*finding.package,
        "version": finding.version(),
        "id": &*finding.vulnerability.id,
        "published": published.to_string(),
        "score": finding.vulnerability.severity.score_tenths,
        "bare": weighed(None),
        "as": Kind::ALL.map(|kind| (kind.word(), weighed(Some(&kind.system()))))
            .into_iter().collect::<BTreeMap<_, _>>(),
        "exploited": finding.vulnerability.kev.is_some(),
        "direct": direct,
        "fix": finding.nearest_fix,
        "distance": finding.nearest_fix.as_deref().and_then(|fix| distance(finding.version(), fix)).map(trimtab_engine::assess::Distance::as_str),
    }))
}
