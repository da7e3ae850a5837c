//! All poms of a tree, by path and by coordinates: made once, asked by every pom.

use std::collections::HashMap;
use std::sync::Arc;

use super::maven_pom::Pom;
use crate::view::{self, FileView, Files};

/// See the module.
#[derive(Debug, Default)]
pub struct Index {
    by_path: HashMap<Box<str>, Arc<Pom>>,
    /// By `group:artifact`.
    by_name: HashMap<String, Vec<Arc<Pom>>>,
}

/// Whether a path is a pom's by its name.
pub fn is_pom(path: &str) -> bool {
    view::file_name(path) == "pom.xml" || path.ends_with(".pom")
}

impl Index {
    /// The index of the tree around a file.
    pub fn of(view: &FileView<'_>) -> Arc<Index> {
        let make = || Index::make(view.files);
        match view.files.memo() {
            Some(memo) => memo.get_or_make(make),
            None => Arc::new(make()),
        }
    }

    fn make(files: &dyn Files) -> Index {
        let mut index = Index::default();
        for path in files.claimed().iter().filter(|p| is_pom(p)) {
            // What cannot be read is told where the file itself is read.
            let Some(pom) = load(files, path) else { continue };
            let pom = Arc::new(pom);
            index.by_path.insert(pom.path.clone(), Arc::clone(&pom));
            if let (Some(group), Some(artifact)) = (pom.known_group(), &pom.artifact) {
                index
                    .by_name
                    .entry(format!("{group}:{artifact}"))
                    .or_default()
                    .push(Arc::clone(&pom));
            }
        }
        index
    }

    /// The pom at a path, if the index holds it.
    pub fn known(&self, path: &str) -> Option<Arc<Pom>> {
        self.by_path.get(path).map(Arc::clone)
    }

    /// The pom at a path, if it is one.
    pub fn at(&self, files: &dyn Files, path: &str) -> Option<Arc<Pom>> {
        self.known(path).or_else(|| load(files, path).map(Arc::new))
    }

    /// The pom with these coordinates. A version that holds an expression may be any.
    pub fn find(&self, group: &str, artifact: &str, version: &str) -> Option<Arc<Pom>> {
        let candidates = self.by_name.get(&format!("{group}:{artifact}"))?;
        let is = |pom: &&Arc<Pom>| pom.known_version() == Some(version);
        let may_be = |pom: &&Arc<Pom>| pom.known_version().is_none_or(|v| v.contains("${"));
        candidates.iter().find(is).or_else(|| candidates.iter().find(may_be)).cloned()
    }

    /// The project of this tree that makes an artefact: one with these names that lies in no
    /// repository, and whose version is the one asked for as far as both are known.
    pub fn sibling(&self, group: &str, artifact: &str, version: Option<&str>) -> Option<&Pom> {
        let candidates = self.by_name.get(&format!("{group}:{artifact}"))?;
        candidates.iter().map(|pom| &**pom).filter(|pom| !pom.in_repository).find(|pom| {
            match (version, pom.known_version()) {
                (Some(asked), Some(made)) => asked == made || made.contains("${"),
                _ => true,
            }
        })
    }
}

fn load(files: &dyn Files, path: &str) -> Option<Pom> {
    let bytes = files.read(path)?.ok()?;
    Pom::parse(path, &bytes, &|path| files.exists(path)).ok()
}
