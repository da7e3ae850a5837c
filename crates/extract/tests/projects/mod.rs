//! Scans the real projects of the shared corpus and compares totals with its index.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use trimtab_extract::{Files, Format, registry, walk};
use trimtab_model::{Diagnostic, FileInventory, Origin, Relation};

/// How the index counts the entries of a kind of file.
pub(crate) type Count = fn(&Value) -> Option<u64>;

/// A project on disk.
struct Project {
    root: PathBuf,
    claimed: Vec<String>,
}

impl Project {
    fn at(root: PathBuf) -> Project {
        let mut claimed = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let relative = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                    claimed.push(relative);
                }
            }
        }
        claimed.sort_unstable();
        Project { root, claimed }
    }
}

impl Files for Project {
    fn read(&self, path: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>> {
        std::fs::read(self.root.join(path)).ok().map(|bytes| Ok(bytes.into()))
    }

    fn exists(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    fn claimed(&self) -> &[String] {
        &self.claimed
    }
}

/// Reads one file of a project, as a walk would.
fn read(project: &Project, path: &str) -> Option<FileInventory> {
    let bytes = std::fs::read(project.root.join(path)).ok()?;
    let formats: Vec<&Format> = registry::claiming(path).collect();
    let several = formats.len() > 1;
    let format = formats.iter().find(|f| !several || f.sniff.is_some_and(|sniff| sniff(&bytes)))?;
    walk::extract(format, path, &bytes, project).ok()
}

/// Compares the entries that are not the project's own with the index.
pub(crate) fn check(kinds: &[(&str, Count)]) {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let bytes = std::fs::read(shared.join("corpus/projects/INDEX.json")).unwrap();
    let index: BTreeMap<String, Value> = serde_json::from_slice(&bytes).unwrap();
    let mut projects: BTreeMap<String, Project> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut compared = 0;
    for (path, counts) in &index {
        let Some((_, count)) = kinds.iter().find(|(name, _)| path.ends_with(&format!("/{name}")))
        else {
            continue;
        };
        let Some(wanted) = count(counts) else { continue };
        let mut parts = path.splitn(3, '/').skip(1);
        let (Some(name), Some(inside)) = (parts.next(), parts.next()) else { continue };
        let project = projects
            .entry(name.to_owned())
            .or_insert_with(|| Project::at(shared.join("corpus/projects").join(name)));
        let Some(file) = read(project, inside) else {
            problems.push(format!("{path}: not read"));
            continue;
        };
        let listed = file
            .components
            .iter()
            .filter(|c| c.relation != Relation::Own && c.purl.purl_type() != "generic")
            .count();
        // Members that are folders of the lockfile are entries of package-lock's `packages` too.
        let members = file
            .components
            .iter()
            .filter(|c| c.relation == Relation::Own && c.line.is_some_and(|l| l > 10))
            .count();
        let members = if path.ends_with("package-lock.json") { members } else { 0 };
        if (listed + members) as u64 != wanted {
            problems
                .push(format!("{path}: {listed} and {members} members, the index says {wanted}"));
        }
        if !file.diagnostics.is_empty() {
            problems.push(format!("{path}: {:?}", file.diagnostics));
        }
        compared += 1;
        let unreachable = (0u32..)
            .zip(&file.components)
            .filter(|(i, c)| !matches!(c.origin, Origin::Path(_)) && file.why(*i).is_empty())
            .count();
        eprintln!(
            "{path}: {listed} components, {} edges, {unreachable} not led to, scopes {:?}",
            file.edges.len(),
            scopes(&file)
        );
    }
    assert!(compared > 0, "nothing was compared");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn scopes(file: &FileInventory) -> BTreeMap<&'static str, usize> {
    let mut all = BTreeMap::new();
    for component in &file.components {
        *all.entry(component.scope.as_str()).or_insert(0) += 1;
    }
    all
}
