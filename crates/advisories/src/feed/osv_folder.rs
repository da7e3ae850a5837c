//! OSV records in OSV's bulk layout: `<Ecosystem>/all.zip`, loose `<Ecosystem>/*.json`, a bare
//! zip, or a single record.
//!
//! Archives are hostile until read: the number of entries, the unpacked size of each and of all
//! together are bounded by what really comes out, never by what the archive says. An archive
//! that cannot be read at all fails the build (an index without an ecosystem would call its
//! packages clean); a bad entry is a diagnostic.

use std::fs::{self, File};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use trimtab_model::{Code, Diagnostic};
use zip::ZipArchive;

use super::positioned::Positioned;

/// What is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record, unpacked.
    pub record: u64,
    /// Entries of one archive.
    pub entries: usize,
    /// All unpacked bytes of one archive, as a multiple of its size; `slack` comes on top.
    pub ratio: u64,
    /// See `ratio`.
    pub slack: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { record: 16 << 20, entries: 4_000_000, ratio: 200, slack: 64 << 20 }
    }
}

/// A path that cannot be used as a source of records, and why.
#[derive(Debug)]
pub struct BadSource {
    /// The path.
    pub path: PathBuf,
    /// A sentence part.
    pub reason: String,
}

/// One file that records come from.
enum Source {
    Archive { path: PathBuf, archive: ZipArchive<Positioned>, budget: AtomicU64 },
    Loose(Vec<PathBuf>),
}

/// A piece of work for one thread: some entries of one source.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    source: usize,
    entries: Range<usize>,
}

/// All sources, opened.
pub(crate) struct Records {
    sources: Vec<Source>,
    limits: Limits,
}

/// Entries that one thread takes at a time.
const UNIT: usize = 256;

impl Records {
    /// Opens every archive and lists every loose record at the paths.
    pub(crate) fn open(paths: &[PathBuf], limits: Limits) -> Result<Records, BadSource> {
        let mut files = Vec::new();
        for path in paths {
            list(path, &mut files)?;
        }
        files.sort();
        files.dedup();
        let (archives, loose): (Vec<PathBuf>, Vec<PathBuf>) =
            files.into_iter().partition(|path| has_extension(path, "zip"));
        let mut sources = Vec::new();
        for path in archives {
            sources.push(open_archive(path, limits)?);
        }
        if !loose.is_empty() {
            sources.push(Source::Loose(loose));
        }
        Ok(Records { sources, limits })
    }

    /// The work, cut into pieces.
    pub(crate) fn units(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        for (source, of) in self.sources.iter().enumerate() {
            let count = match of {
                Source::Archive { archive, .. } => archive.len(),
                Source::Loose(paths) => paths.len(),
            };
            for start in (0..count).step_by(UNIT) {
                units.push(Unit { source, entries: start..count.min(start + UNIT) });
            }
        }
        units
    }

    /// Reads one piece of work; hands over the bytes of each record, with its place.
    pub(crate) fn read(&self, unit: &Unit, mut each: impl FnMut(&str, Result<&[u8], Diagnostic>)) {
        let mut bytes = Vec::new();
        match self.sources.get(unit.source) {
            Some(Source::Archive { path, archive, budget }) => {
                let mut archive = archive.clone();
                for i in unit.entries.clone() {
                    bytes.clear();
                    self.entry(&mut archive, i, path, budget, &mut bytes, &mut each);
                }
            }
            Some(Source::Loose(paths)) => {
                for path in paths.get(unit.entries.clone()).unwrap_or_default() {
                    bytes.clear();
                    let place = path.display().to_string();
                    let result = self.loose(path, &mut bytes);
                    each(&place, result.map(|()| &bytes[..]).map_err(|d| d.in_file(&*place)));
                }
            }
            None => {}
        }
    }

    fn loose(&self, path: &Path, bytes: &mut Vec<u8>) -> Result<(), Diagnostic> {
        let read = File::open(path)
            .and_then(|file| file.take(self.limits.record + 1).read_to_end(bytes))
            .map_err(|e| {
                Diagnostic::new(Code::AdvisoryMalformed, format!("it cannot be read: {e}"))
            })?;
        if read as u64 > self.limits.record { Err(too_large(self.limits.record)) } else { Ok(()) }
    }

    fn entry(
        &self,
        archive: &mut ZipArchive<Positioned>,
        i: usize,
        path: &Path,
        budget: &AtomicU64,
        bytes: &mut Vec<u8>,
        each: &mut impl FnMut(&str, Result<&[u8], Diagnostic>),
    ) {
        let bad = |message: String| Diagnostic::new(Code::AdvisoryMalformed, message);
        let mut entry = match archive.by_index(i) {
            Ok(entry) => entry,
            Err(e) => {
                let place = format!("{}, entry {i}", path.display());
                let problem = bad(format!("an entry of the archive cannot be read: {e}"));
                return each(&place, Err(problem.in_file(&*place)));
            }
        };
        // A name that cannot be read still has its place.
        let name = entry.name().map_or_else(|_| format!("entry {i}"), std::borrow::Cow::into_owned);
        if entry.is_dir() || name.ends_with(".csv") || name.ends_with(".txt") {
            return;
        }
        let name: String = name.chars().filter(|c| !c.is_control()).take(300).collect();
        let place = format!("{}, {name}", path.display());
        let left = budget.load(Ordering::Relaxed);
        let most = self.limits.record.min(left);
        // The declared size is only used to make room, and only as far as the limit.
        bytes.reserve(usize::try_from(entry.size().min(1 << 20)).unwrap_or(0));
        let result = match (&mut entry).take(most + 1).read_to_end(bytes) {
            Ok(_) if bytes.len() as u64 > most && most < self.limits.record => {
                Err(bad("the archive unpacks to more than its size allows".to_owned()))
            }
            Ok(_) if bytes.len() as u64 > most => Err(too_large(self.limits.record)),
            Ok(_) => Ok(()),
            Err(e) => Err(bad(format!("it could not be unpacked: {e}"))),
        };
        // Relaxed: the budget bounds the work, an exact cut is not needed.
        budget.store(left.saturating_sub(bytes.len() as u64), Ordering::Relaxed);
        each(&place, result.map(|()| &bytes[..]).map_err(|d| d.in_file(&*place)));
    }
}

fn too_large(limit: u64) -> Diagnostic {
    Diagnostic::new(Code::AdvisoryMalformed, format!("it is larger than {limit} bytes"))
}

fn open_archive(path: PathBuf, limits: Limits) -> Result<Source, BadSource> {
    let fail = |reason: String| BadSource { path: path.clone(), reason };
    let file = File::open(&path).and_then(Positioned::new).map_err(|e| fail(e.to_string()))?;
    let budget = file.len().saturating_mul(limits.ratio).saturating_add(limits.slack);
    let archive = ZipArchive::new(file).map_err(|e| fail(format!("not a zip archive: {e}")))?;
    if archive.len() > limits.entries {
        return Err(fail(format!("it has more than {} entries", limits.entries)));
    }
    Ok(Source::Archive { path, archive, budget: AtomicU64::new(budget) })
}

/// Lists the archives and records at a path: itself, in it, and one folder below.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), BadSource> {
    let fail = |e: std::io::Error| BadSource { path: path.to_path_buf(), reason: e.to_string() };
    if !fs::metadata(path).map_err(fail)?.is_dir() {
        if has_extension(path, "zip") || has_extension(path, "json") {
            files.push(path.to_path_buf());
            return Ok(());
        }
        return Err(BadSource {
            path: path.to_path_buf(),
            reason: "neither a folder nor a .zip or .json file".to_owned(),
        });
    }
    for entry in fs::read_dir(path).map_err(fail)? {
        let inner = entry.map_err(fail)?.path();
        if inner.is_dir() {
            for entry in fs::read_dir(&inner).map_err(fail)? {
                take(entry.map_err(fail)?.path(), files);
            }
        } else {
            take(inner, files);
        }
    }
    Ok(())
}

fn take(path: PathBuf, files: &mut Vec<PathBuf>) {
    let is_bulk = path.file_name().is_some_and(|name| name == "all.zip");
    if (is_bulk || has_extension(&path, "json")) && path.is_file() {
        files.push(path);
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
}
