//! An update: fetch what changed, build the index aside, keep the one before.

use std::path::{Path, PathBuf};

use trimtab_advisories::index::{self as advisories, BuildError, Index, Previous, Progress};
use trimtab_connect::Clock;
use trimtab_connect::feeds::{Fetcher, Fetching, Limits, Mirrored};
use trimtab_connect::http::{Client, Patience};
use trimtab_model::{Code, Diagnostic};

use crate::plan::Plan;
use crate::{copies, previous};

/// An update of the index at a place.
#[derive(Debug)]
pub struct Update {
    plan: Plan,
    index: PathBuf,
}

/// What servers had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// What came.
    pub mirrored: Mirrored,
    /// Nothing came, and the index was built of just this: there is nothing to build.
    pub nothing: bool,
}

/// Why there is no new index. The old one stays as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// What went wrong before.
    pub told: Vec<Diagnostic>,
    /// What ended it.
    pub error: Diagnostic,
}

impl From<Diagnostic> for Failed {
    fn from(error: Diagnostic) -> Failed {
        Failed { told: Vec::new(), error }
    }
}

/// A new index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Built {
    /// What could not be read of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// Why it is not known since when some of it is so: the index before could not be read.
    pub forgot: Option<String>,
    /// What could not be had: the index is whole, but without that or with an older copy of it.
    pub missing: Vec<Diagnostic>,
}

impl Built {
    /// Whether something could not be had or read.
    pub fn is_incomplete(&self) -> bool {
        self.missing.iter().any(|d| d.code.makes_incomplete())
    }
}

impl Update {
    /// An update of an index by a plan.
    ///
    /// # Errors
    /// The folder of the index cannot be made.
    pub fn new(plan: Plan, index: &Path) -> Result<Update, Diagnostic> {
        if let Some(folder) = index.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| {
                Diagnostic::new(Code::Usage, format!("`{}` cannot be made: {e}", folder.display()))
                    .help("name the index with --db FILE")
            })?;
        }
        Ok(Update { plan, index: index.to_owned() })
    }

    /// Brings the feeds of servers beside the index. `None`: no server is to be asked.
    ///
    /// # Errors
    /// Nothing could be had, or the new index would lack what the old one has.
    pub fn fetch(
        &mut self,
        clock: &dyn Clock,
        progress: &mut dyn FnMut(Fetching),
    ) -> Result<Option<News>, Failed> {
        if !self.plan.is_remote() {
            return Ok(None);
        }
        let before = Stamp::take(&self.index);
        let client = Client::new(Patience::default());
        let fetcher = Fetcher { client: &client, clock, limits: Limits::default() };
        let mirrored = fetcher.mirror(&self.plan.remote, &copies(&self.index), progress)?;
        self.suffices(&mirrored)?;
        self.plan.add(&mirrored);
        let now = self.stamp();
        let nothing = mirrored.is_unchanged() && now.is_some() && before == now;
        if nothing {
            self.write(now.as_ref());
        }
        self.plan.diagnostics.extend(mirrored.diagnostics.iter().cloned());
        Ok(Some(News { mirrored, nothing }))
    }

    /// Whether an index of what is here now has what the one before has.
    fn suffices(&self, mirrored: &Mirrored) -> Result<(), Failed> {
        let old = Index::open(&self.index).ok();
        let nothing = mirrored.osv.is_empty() && self.plan.local.osv.is_empty();
        if nothing && let Some(first) = mirrored.diagnostics.first() {
            // One line: what happened, where, and what to do.
            let place = first.file.as_deref().unwrap_or_default();
            let index =
                if old.is_some() { "the old index stays in use" } else { "there is no index yet" };
            let next = match first.help.as_deref() {
                Some(help) if !mirrored.offline => help,
                _ => "run it again with a network, or name a mirror or folder with --from",
            };
            let text = format!("{} ({place}); {index}: {next}", first.message);
            return Err(Diagnostic::new(Code::FeedUnavailable, text).into());
        }
        let families = old.and_then(|old| old.families().ok()).unwrap_or_default();
        let has = |family| families.iter().any(|f| f.family == family && f.entries > 0);
        if let Some(family) = mirrored.missing.iter().find(|family| has(**family)) {
            let text = format!(
                "a new index would lack {family}, which the old one has; the old one stays in use"
            );
            let error = Diagnostic::new(Code::FeedUnavailable, text)
                .help("run it again, or choose what to have with --ecosystems");
            return Err(Failed { told: mirrored.diagnostics.clone(), error });
        }
        Ok(())
    }

    /// Builds the index aside and puts it in its place; the one before is kept beside it.
    ///
    /// # Errors
    /// A feed cannot be read, or the index cannot be written.
    pub fn build(self, progress: &mut dyn Progress) -> Result<Built, Diagnostic> {
        // Keep the old index: a second name of the same file, no copy.
        let old = self.index.with_extension("old");
        let _ = std::fs::remove_file(&old);
        let kept = std::fs::hard_link(&self.index, &old).is_ok();
        let report = match advisories::build(&self.plan.local, &self.index, progress) {
            Ok(report) => report,
            Err(e) => {
                let _ = std::fs::remove_file(&old);
                return Err(failed(&e));
            }
        };
        let index = Index::open(&self.index).map_err(|e| e.diagnostic())?;
        if kept {
            keep_previous(&old, &self.index, &index);
        }
        if self.plan.is_remote() && self.plan.diagnostics.is_empty() {
            self.write(self.stamp().as_ref());
        }
        let forgot = match report.previous {
            Previous::Lost(reason) => Some(reason.to_string()),
            _ => None,
        };
        Ok(Built { diagnostics: report.diagnostics, forgot, missing: self.plan.diagnostics })
    }

    /// The stamp of the existing index. `None` if files of the user's own are in it, which may
    /// change by themselves.
    fn stamp(&self) -> Option<Stamp> {
        if self.plan.has_own_files {
            return None;
        }
        let digest = Index::open(&self.index).ok()?.info().ok()?.digest;
        let local = &self.plan.local;
        Some(Stamp(format!("{} {digest}\n{local:#?}\n", env!("CARGO_PKG_VERSION"))))
    }

    /// A stamp that cannot be written costs the next update some time, nothing else.
    fn write(&self, stamp: Option<&Stamp>) {
        if let Some(Stamp(text)) = stamp {
            let _ = std::fs::write(Stamp::file(&self.index), text);
        }
    }
}

fn failed(error: &BuildError) -> Diagnostic {
    let (code, help) = match error {
        BuildError::Source { .. } | BuildError::Nothing => (
            Code::FeedUnavailable,
            "name a folder laid out as OSV publishes it with --from; the old index stays in use",
        ),
        BuildError::TooLarge(_) => {
            (Code::FileLimit, "choose fewer with --ecosystems; the old index stays in use")
        }
        _ => (Code::Usage, "name another place with --db FILE; the old index stays in use"),
    };
    Diagnostic::new(code, error.to_string()).help(help)
}

/// The old index becomes the previous one, unless nothing changed.
fn keep_previous(old: &Path, path: &Path, new: &Index) {
    let digest = |index: &Index| index.info().map(|i| i.digest).ok();
    let changed = Index::open(old).ok().and_then(|o| digest(&o)) != digest(new);
    if changed {
        let _ = std::fs::rename(old, previous(path));
    } else {
        let _ = std::fs::remove_file(old);
    }
}

/// Which index was built from which files, so that an update without news builds nothing. It is
/// removed while files change: a process that is killed then builds anew.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp(String);

impl Stamp {
    fn file(index: &Path) -> PathBuf {
        copies(index).join("built")
    }

    fn take(index: &Path) -> Option<Stamp> {
        let file = Stamp::file(index);
        let stamp = std::fs::read_to_string(&file).ok().map(Stamp);
        let removed = std::fs::remove_file(&file).is_ok();
        stamp.filter(|_| removed)
    }
}
