//! What the history of a branch lists: each file read once for each of its contents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use trimtab_connect::git::{self, Blob, Shortened, Step};
use trimtab_engine::backtest::Listed;
use trimtab_extract::series::{Read, Series};
use trimtab_model::{Code, Diagnostic};

use crate::io::Io;
use crate::progress::Progress;

/// Contents that are read in one go at most, so that no more of the history than this is in memory.
const MOST_CONTENTS: usize = 64;
/// The most components that are held of all states of all files: some gigabytes.
const MOST_HELD: usize = 5_000_000;

/// The past of a branch as far as files list dependencies.
pub(super) struct Past {
    pub(super) listed: Listed,
    /// When what is known begins.
    pub(super) begins: Timestamp,
    /// Whether something at the end, or some file at all times, could not be read.
    pub(super) incomplete: bool,
    pub(super) told: Told,
}

/// What is said of the reading.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The last commit that counts.
    pub(super) commit: String,
    /// Commits that changed something, the first state included.
    pub(super) commits: usize,
    /// Files that list dependencies.
    pub(super) files: usize,
    pub(super) shortened: Option<Shortened>,
    /// Commits whose clock was wrong by more than a day.
    pub(super) mended: usize,
    /// Commits of after the end.
    pub(super) later: usize,
    /// What could not be seen, in words.
    pub(super) gaps: Vec<String>,
}

/// Reads the past of a reference between two moments.
///
/// # Errors
/// There is no repository or commit, its history does not reach into the time, or holds more than is looked at.
pub(super) fn read(
    folder: &Path,
    reference: &str,
    (since, until): (Timestamp, Timestamp),
    io: &mut Io,
) -> Result<Past, Diagnostic> {
    let seconds = (since.as_second(), until.as_second());
    let past = git::past(folder, reference, seconds, &trimtab_extract::registry::claims_any)?;
    let (Some(first), Some(last)) = (past.steps.first(), past.steps.last()) else {
        let message = format!("`{reference}` has no commit before {until}");
        return Err(Diagnostic::new(Code::Usage, message)
            .help("name a branch with --at, or a later end with --now"));
    };
    let begins = moment(first);
    let mut reading = Reading {
        listed: Listed::default(),
        series: Series::default(),
        large: BTreeMap::new(),
        broken: BTreeMap::new(),
        told: Told {
            commit: last.commit.id.clone(),
            commits: past.steps.len(),
            shortened: past.shortened,
            mended: past.mended,
            later: past.later,
            ..Told::default()
        },
        unread: BTreeSet::new(),
    };
    let mut progress = Progress::new(io);
    let mut rest = past.steps.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(together(rest));
        let blobs = now.iter().flat_map(|step| step.changed.values().flatten());
        let contents = git::contents(folder, blobs)?;
        let contents = contents.into_iter().map(|(blob, bytes)| (blob, Arc::new(bytes))).collect();
        for (at, step) in now.iter().enumerate() {
            // What the first state has came before it, unless it is the first of all.
            let first = rest.len() == past.steps.len() && at == 0;
            let since = if first && !past.whole { Timestamp::MIN } else { moment(step) };
            reading.step(step, since, &contents);
            room(reading.listed.held(), MOST_HELD)?;
        }
        rest = later;
        let (done, all) = (past.steps.len() - rest.len(), past.steps.len());
        progress.report("Reading the history", done as u64, all as u64, false);
    }
    Ok(reading.past(begins))
}

/// How many steps are read in one go.
fn together(steps: &[Step]) -> usize {
    let sizes = steps.iter().map(|step| {
        let blobs = step.changed.values().flatten().filter(|blob| !blob.is_large());
        blobs.map(|blob| blob.size).sum()
    });
    let mut blobs = 0;
    let few = steps.iter().take_while(|step| {
        blobs += step.changed.len();
        blobs <= MOST_CONTENTS
    });
    git::together(sizes).min(few.count().max(1))
}

/// Whether no more components are held than may be.
fn room(held: usize, most: usize) -> Result<(), Diagnostic> {
    if held <= most {
        return Ok(());
    }
    let message = format!("the commits of this history list more than {most} components in all");
    Err(Diagnostic::new(Code::FileLimit, message)
        .help("choose a shorter period (--days) or a smaller folder"))
}

fn moment(step: &Step) -> Timestamp {
    Timestamp::from_second(step.commit.seconds).unwrap_or_default()
}

/// A file that cannot be read for a time.
struct Broken {
    /// Commit and day since when.
    since: String,
    why: String,
    /// Whether it was read before.
    known: bool,
}

struct Reading {
    listed: Listed,
    series: Series,
    /// Files that are too large to be read as they are now, with why.
    large: BTreeMap<String, String>,
    broken: BTreeMap<String, Broken>,
    told: Told,
    /// Files that could not be read as long as they were there.
    unread: BTreeSet<String>,
}

impl Reading {
    /// Takes in a step that tells of the time from `since` on.
    fn step(&mut self, step: &Step, since: Timestamp, contents: &BTreeMap<Blob, Arc<Vec<u8>>>) {
        let short = step.commit.id.get(..10).unwrap_or(&step.commit.id);
        let when = format!("{short} of {}", moment(step).strftime("%Y-%m-%d"));
        let mut changed = Vec::with_capacity(step.changed.len());
        for (path, blob) in &step.changed {
            self.large.remove(path);
            match blob {
                // What it was before stands, for it and for those who look at it.
                Some(blob) if blob.is_large() => {
                    let why = format!("it has {} MiB, more than is read", blob.size >> 20);
                    self.large.insert(path.clone(), why);
                }
                blob => {
                    let bytes = blob.as_ref().and_then(|blob| contents.get(blob));
                    changed.push((path.clone(), bytes.cloned()));
                }
            }
        }
        let states = self.series.next(changed);
        let mut files = Vec::new();
        let mut broken = self.large.clone();
        for (path, read) in &states {
            match fault(read) {
                Some(why) => drop(broken.entry((*path).to_owned()).or_insert(why)),
                None => {
                    self.unread.remove(*path);
                    files.extend(read.iter().flatten());
                }
            }
        }
        let before: BTreeSet<String> = self.listed.last().map(|f| f.path.to_string()).collect();
        let stays: BTreeSet<&str> = broken.keys().map(String::as_str).collect();
        self.listed.tell(since, files, &stays);
        let mended = self.broken.extract_if(.., |path, _| !stays.contains(&**path));
        for (path, was) in mended {
            self.told.gaps.push(gap(&path, &was, &format!("until {when}")));
            if !was.known && !states.contains_key(&*path) {
                self.unread.insert(path);
            }
        }
        for (path, why) in broken {
            let known = before.contains(&path);
            let is = || Broken { since: when.clone(), why, known };
            self.broken.entry(path).or_insert_with(is);
        }
    }

    fn past(mut self, begins: Timestamp) -> Past {
        let mut incomplete = !self.unread.is_empty() || !self.broken.is_empty();
        for (path, was) in &self.broken {
            self.told.gaps.push(gap(path, was, "to the end"));
        }
        let paths: BTreeSet<&str> = self.listed.inventory.files.iter().map(|f| &*f.path).collect();
        self.told.files = paths.len();
        for file in self.listed.last() {
            let parts = file.diagnostics.iter().filter(|d| d.code.makes_incomplete());
            for problem in parts {
                incomplete = true;
                self.told.gaps.push(format!("`{}` at the end: {}", file.path, problem.message));
            }
        }
        Past { listed: self.listed, begins, incomplete, told: self.told }
    }
}

/// Why a file cannot be read.
fn fault(read: &Read) -> Option<String> {
    read.iter().find_map(|one| one.as_ref().err().map(|problem| problem.message.to_string()))
}

fn gap(path: &str, was: &Broken, until: &str) -> String {
    let stands = match was.known {
        true => "what it listed before is assumed to hold",
        false => "what it listed is unknown",
    };
    format!("`{path}` cannot be read from {} {until}, and {stands}: {}", was.since, was.why)
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn too_many_components_are_told_with_what_to_narrow() {
        assert!(room(5, 5).is_ok());
        let told = room(6, 5).unwrap_err();
        assert!(told.message.contains("more than 5 components"), "{}", told.message);
        assert!(told.help.is_some_and(|help| help.contains("--days")));
    }
}
