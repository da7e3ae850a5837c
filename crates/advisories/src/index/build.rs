//! Builds the index: threads share out the records (unpack, parse, prepare), one thread collects
//! what they made, brings it into order and writes it.
//!
//! What is held in memory is the prepared runs, about as much as the index has bytes, never the
//! JSON: each thread has one record at a time. The result does not depend on the order in which
//! threads finish or files are listed: records are identified by id (the newest `modified` wins,
//! then the greater content hash), and everything is sorted before it is numbered.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use trimtab_model::{Code, Diagnostic};

use super::draft::{Draft, content, draft};
use super::open::Index;
use super::sections::{WriteError, write};
use super::settle::{Content, Feeds, Scores};
use super::write::Aside;
use crate::feed::Sources;
use crate::feed::osv_folder::{BadSource, Limits, Records};
use crate::osv::Record;

/// A stage of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Records are read.
    Reading,
    /// What was read is brought into order.
    Sorting,
    /// The file is written.
    Writing,
}

/// Who wants to know how far a build is.
pub trait Progress {
    /// `done` of `total` pieces of work of a phase. Called by one thread, in order.
    fn report(&mut self, phase: Phase, done: u64, total: u64);
}

/// Nobody.
impl Progress for () {
    fn report(&mut self, _: Phase, _: u64, _: u64) {}
}

/// What a build did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildReport {
    /// Records read, repeats included.
    pub records: u64,
    /// Advisories in the index.
    pub advisories: u64,
    /// Records left out because their database took them back.
    pub withdrawn: u64,
    /// Records that could not be read; the first [`MAX_DIAGNOSTICS`] are in `diagnostics`.
    pub malformed: u64,
    /// Affected packages without a usable name (repositories only).
    pub nameless: u64,
    /// Affected packages by ecosystem that this build does not know.
    pub unknown_ecosystems: BTreeMap<Box<str>, u64>,
    /// Packages in the index.
    pub packages: u64,
    /// Pairs of advisory and package in the index.
    pub entries: u64,
    /// Groups of advisories.
    pub groups: u64,
    /// Entries of the KEV catalogue.
    pub kev: u64,
    /// EPSS scores that were kept.
    pub epss: u64,
    /// Products with a lifecycle.
    pub products: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// The content digest, hexadecimal.
    pub digest: Box<str>,
    /// What became of the index that was there.
    pub previous: Previous,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the previous index recorded about when advisories last changed in substance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Previous {
    /// There was none: only what the records themselves say is known.
    #[default]
    None,
    /// It was read.
    Kept,
    /// It could not be read, for this reason: it is known as if there had been none.
    Lost(Box<str>),
}

/// The most diagnostics that a report keeps.
pub const MAX_DIAGNOSTICS: usize = 1000;

/// Why there is no new index. The old one is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A source cannot be used.
    Source {
        /// The file or folder.
        path: PathBuf,
        /// A sentence part.
        reason: String,
    },
    /// The sources have no record at all.
    Nothing,
    /// There is more than the format holds.
    TooLarge(&'static str),
    /// The file cannot be written.
    Write {
        /// The index.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Source { path, reason } => {
                write!(f, "{} cannot be used as a source of advisories: {reason}", path.display())
            }
            BuildError::Nothing => f.write_str("the sources have no advisory"),
            BuildError::TooLarge(what) => write!(f, "there are too many {what} for an index"),
            BuildError::Write { path, error } => {
                write!(f, "{} cannot be written: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for BuildError {}

impl From<BadSource> for BuildError {
    fn from(bad: BadSource) -> BuildError {
        BuildError::Source { path: bad.path, reason: bad.reason }
    }
}

/// Builds the index at `target` from feeds on disk. A previous index at that place says when
/// advisories last changed in substance.
///
/// # Errors
/// A source cannot be used or the file cannot be written. An index that is there stays.
pub fn build(
    sources: &Sources,
    target: &Path,
    progress: &mut dyn Progress,
) -> Result<BuildReport, BuildError> {
    let failed = |error| BuildError::Write { path: target.to_path_buf(), error };
    // The lock and a full disk show now, not after the work.
    let aside = Aside::create(target).map_err(failed)?;
    let mut report = BuildReport::default();
    let paths: Vec<PathBuf> = sources.osv.iter().chain(&sources.malicious).cloned().collect();
    let records = Records::open(&paths, Limits::default())?;
    let drafts = read_all(&records, &mut report, progress);
    if report.records == 0 {
        return Err(BuildError::Nothing);
    }
    progress.report(Phase::Sorting, 0, 1);
    let feeds = Feeds::read(sources)?;
    let content = Content::settle(drafts, &feeds, Index::open(target), &mut report)?;
    let scores = Scores::read(sources, &content)?;
    progress.report(Phase::Sorting, 1, 1);
    progress.report(Phase::Writing, 0, 1);
    let file = aside.file().map_err(failed)?;
    let header = write(file, &content, &feeds, &scores, &mut report).map_err(|e| match e {
        WriteError::TooLarge(what) => BuildError::TooLarge(what),
        WriteError::Io(error) => failed(error),
    })?;
    aside.commit().map_err(failed)?;
    report.bytes = header.file_len.get();
    report.digest = super::open::hex(&header.digest).into();
    progress.report(Phase::Writing, 1, 1);
    Ok(report)
}

/// What one thread made of one piece of work.
#[derive(Default)]
struct Batch {
    drafts: Vec<Draft>,
    records: u64,
    malformed: u64,
    diagnostics: Vec<Diagnostic>,
}

fn read_all(
    records: &Records,
    report: &mut BuildReport,
    progress: &mut dyn Progress,
) -> HashMap<Box<str>, Draft> {
    let units = records.units();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(units.len().max(1));
    // A short queue: no thread runs far ahead of the one that collects.
    let (send, receive) = mpsc::sync_channel::<Batch>(threads * 2);
    let mut drafts: HashMap<Box<str>, Draft> = HashMap::new();
    thread::scope(|scope| {
        for _ in 0..threads {
            let send = send.clone();
            let (units, next) = (&units, &next);
            scope.spawn(move || {
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut batch = Batch::default();
                    records.read(unit, |place, bytes| read_one(place, bytes, &mut batch));
                    if send.send(batch).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let total = units.len() as u64;
        for (done, batch) in receive.iter().enumerate() {
            report.records += batch.records;
            report.malformed += batch.malformed;
            report.diagnostics.extend(batch.diagnostics);
            for draft in batch.drafts {
                keep_newest(&mut drafts, draft);
            }
            progress.report(Phase::Reading, done as u64 + 1, total);
        }
    });
    report.diagnostics.sort();
    report.diagnostics.truncate(MAX_DIAGNOSTICS);
    drafts
}

fn read_one(place: &str, bytes: Result<&[u8], Diagnostic>, batch: &mut Batch) {
    let result = bytes.and_then(|bytes| {
        let record = Record::parse(bytes).map_err(|reason| {
            Diagnostic::new(Code::AdvisoryMalformed, format!("it is not an OSV record: {reason}"))
                .in_file(place)
        })?;
        Ok(draft(&record, bytes))
    });
    match result {
        Ok(mut draft) => {
            draft.content = content(&draft);
            batch.records += 1;
            batch.drafts.push(draft);
        }
        Err(diagnostic) => {
            batch.malformed += 1;
            batch.diagnostics.push(
                diagnostic.help("report it to the database that published it; the rest is in use"),
            );
        }
    }
}

/// A record that is in several files is one record.
fn keep_newest(drafts: &mut HashMap<Box<str>, Draft>, draft: Draft) {
    match drafts.get_mut(&draft.key) {
        Some(before) => {
            let rank = |d: &Draft| (d.modified, d.withdrawn, d.content, d.id.clone());
            if rank(&draft) > rank(before) {
                *before = draft;
            }
        }
        None => {
            drafts.insert(draft.key.clone(), draft);
        }
    }
}
