//! Feeds on disk: where they are, and how each is read. The `connect` crate downloads them.

pub mod epss;
pub mod kev;
pub mod lifecycle;
pub mod osv_folder;
pub(crate) mod positioned;

use std::fs;
use std::path::{Path, PathBuf};

/// The feeds that an index is built from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Folders in OSV's bulk layout, single zips or single records.
    pub osv: Vec<PathBuf>,
    /// The same for malicious packages, where they lie apart.
    pub malicious: Vec<PathBuf>,
    /// CISA's catalogue of known exploited vulnerabilities, JSON.
    pub kev: Option<PathBuf>,
    /// FIRST's scores, csv or csv.gz.
    pub epss: Option<PathBuf>,
    /// endoflife.date's products, JSON.
    pub lifecycle: Option<PathBuf>,
}

impl Sources {
    /// The feeds at a path and beside it. The path is a folder of feeds (`data`), the OSV folder
    /// in it (`data/osv`), or one zip or record, beside which nothing is looked for.
    pub fn beside(path: &Path) -> Sources {
        let mut sources = Sources::default();
        if !path.is_dir() {
            sources.osv.push(path.to_path_buf());
            return sources;
        }
        let (osv, around) = if path.join("osv").is_dir() {
            (path.join("osv"), Some(path.to_path_buf()))
        } else {
            // `.` has no parent by name; asking the system does no harm if it fails.
            let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
            (path.to_path_buf(), absolute.parent().map(Path::to_path_buf))
        };
        sources.osv.push(osv);
        let Some(around) = around else { return sources };
        let malicious = around.join("osv-malicious");
        if malicious.is_dir() {
            sources.malicious.push(malicious);
        }
        sources.kev = [&around.join("kev"), &around].into_iter().find_map(|f| kev_in(f));
        sources.epss = [&around.join("epss"), &around].into_iter().find_map(|f| epss_in(f));
        sources.lifecycle =
            [&around.join("lifecycle"), &around].into_iter().find_map(|f| lifecycle_in(f));
        sources
    }
}

/// The catalogue of known exploited vulnerabilities in a folder.
pub fn kev_in(folder: &Path) -> Option<PathBuf> {
    greatest(folder, |name| {
        name.starts_with("known_exploited_vulnerabilities")
            && name.ends_with(".json")
            && !name.contains("schema")
    })
}

/// The newest scores in a folder.
pub fn epss_in(folder: &Path) -> Option<PathBuf> {
    greatest(folder, |name| {
        name.starts_with("epss_scores") && (name.ends_with(".csv.gz") || name.ends_with(".csv"))
    })
}

/// The product lifecycles in a folder.
pub fn lifecycle_in(folder: &Path) -> Option<PathBuf> {
    greatest(folder, |name| name == "endoflife.json")
}

/// The file with the greatest matching name (dated names: the newest).
fn greatest(folder: &Path, matches: fn(&str) -> bool) -> Option<PathBuf> {
    let paths = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.is_file())
        .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(matches))
        .max()
}
