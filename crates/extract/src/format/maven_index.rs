//! All poms of a tree, by path and by coordinates: made once, asked by every pom.

use std::collections::HashMap;
use std::sync::Arc;

use super::maven_pom::Pom;
use crate::view::{self, FileView, Files};

/// See the module.
#[derive(Debug, Default)]
pub struct Index {
    /// Whether some of the poms lie in a Maven repository: what dependencies bring in is known.
    pub has_repository: bool,
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
        let paths: Vec<&String> = files.claimed().iter().filter(|p| is_pom(p)).collect();
        for pom in load_all(files, &paths) {
            let pom = Arc::new(pom);
            index.has_repository |= pom.in_repository;
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

/// The fewest poms that are worth a thread.
const PER_THREAD: usize = 16;

/// Reads poms on threads of their own: whoever waits for the index may hold all of the pool's.
/// What cannot be read is told where the file itself is read.
fn load_all(files: &dyn Files, paths: &[&String]) -> Vec<Pom> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = paths.len().div_ceil(threads).max(PER_THREAD);
    let load_share = |paths: &[&String]| -> Vec<Pom> {
        paths.iter().filter_map(|path| load(files, path)).collect()
    };
    if paths.len() <= share {
        return load_share(paths);
    }
    std::thread::scope(|scope| {
        let shares: Vec<_> =
            paths.chunks(share).map(|paths| scope.spawn(move || load_share(paths))).collect();
        // A share that failed is read again, file by file, where the walker catches the failure.
        shares.into_iter().flat_map(|share| share.join().unwrap_or_default()).collect()
    })
}

fn load(files: &dyn Files, path: &str) -> Option<Pom> {
    let bytes = files.read(path)?.ok()?;
    Pom::parse(path, &bytes, &|path| files.exists(path)).ok()
}
