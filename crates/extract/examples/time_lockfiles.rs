//! Times the reading of single lockfiles: `time_lockfiles FILE…`. Prints for each the entries
//! and the best of a number of runs, with the neighbours that the reader asks for, and without.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use trimtab_extract::{Files, Format, MemoryFiles, registry, walk};
use trimtab_model::Diagnostic;

/// The files beside a lockfile, read from disk when asked for.
struct Beside<'a> {
    root: &'a Path,
    claimed: Vec<String>,
}

impl Files for Beside<'_> {
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

fn best(format: &Format, name: &str, bytes: &[u8], files: &dyn Files) -> (usize, Duration) {
    let mut best = Duration::MAX;
    let mut listed = 0;
    for _ in 0..30 {
        let start = Instant::now();
        let file = black_box(walk::extract(format, name, black_box(bytes), files));
        best = best.min(start.elapsed());
        listed = file.map_or(0, |f| f.components.len());
    }
    (listed, best)
}

fn claimed(root: &Path) -> Vec<String> {
    let inventory = trimtab_extract::scan_path(root, &trimtab_extract::Options::default());
    let mut paths: Vec<String> = inventory.files.iter().map(|f| f.path.to_string()).collect();
    paths.sort_unstable();
    paths
}

fn main() {
    for path in std::env::args().skip(1) {
        let path = Path::new(&path);
        let Ok(bytes) = std::fs::read(path) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let formats: Vec<&Format> = registry::claiming(&name).collect();
        let several = formats.len() > 1;
        let fits = |f: &&&Format| !several || f.sniff.is_some_and(|sniff| sniff(&bytes));
        let Some(format) = formats.iter().find(fits) else { continue };
        let root = path.parent().unwrap_or(Path::new("."));
        let beside = Beside { root, claimed: claimed(root) };
        let (listed, alone) = best(format, &name, &bytes, &MemoryFiles::default());
        let (_, whole) = best(format, &name, &bytes, &beside);
        println!(
            "{:<60} {:>8} bytes {listed:>6} components  alone {alone:>10.1?}  with manifests {whole:>10.1?}",
            path.display(),
            bytes.len()
        );
    }
}
