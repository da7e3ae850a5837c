//! Brings feeds from servers to a folder on this machine, in the layout that the index is built
//! from: `osv/`, `osv-malicious/`, `kev/`, `epss/`, `lifecycle/`.
//!
//! A feed that fails is told and the others go on; its copy of the last time stays in use. The
//! folder is as good as the last run left it, whenever that run ended.

mod check;
mod list;
mod osv;
mod run;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use trimtab_model::{Code, Diagnostic, Family};

use crate::download::{Meter, Net};
use crate::http::Client;
use crate::retry::Clock;
use crate::url::Url;
use run::Run;

/// OSV's public bucket.
pub const OSV: &str = "https://osv-vulnerabilities.storage.googleapis.com";
/// CISA's catalogue.
pub const KEV: &str =
    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";
/// FIRST's scores of the day.
pub const EPSS: &str = "https://epss.cyentia.com/epss_scores-current.csv.gz";

/// The most bytes of each kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One `all.zip`.
    pub archive: u64,
    /// One `modified_id.csv`.
    pub list: u64,
    /// One record.
    pub record: u64,
    /// KEV, EPSS, lifecycles.
    pub feed: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { archive: 4 << 30, list: 256 << 20, record: 16 << 20, feed: 128 << 20 }
    }
}

/// Where a feed comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An address that was named, or is the default: that it is not there is a failure.
    Named(Url),
    /// Beside a mirror: it may not be there.
    Beside(Url),
}

/// What to bring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A folder in OSV's bulk layout.
    pub osv: Option<Url>,
    /// The same for malicious packages, where they lie apart.
    pub malicious: Option<Source>,
    /// CISA's catalogue, JSON. `Beside`: the folder that has `kev/`.
    pub kev: Option<Source>,
    /// FIRST's scores. `Beside`: the folder that has `epss/`.
    pub epss: Option<Source>,
    /// Product lifecycles. `Beside`: the folder that has `lifecycle/`.
    pub lifecycle: Option<Source>,
    /// Only these; none named means all that this build knows.
    pub ecosystems: Vec<Family>,
}

impl Wanted {
    /// The public feeds.
    pub fn public() -> Wanted {
        let named = |text: &str| text.parse().ok().map(Source::Named);
        Wanted { osv: OSV.parse().ok(), kev: named(KEV), epss: named(EPSS), ..Wanted::default() }
    }

    /// A mirror's feeds: the folder in OSV's layout, and what lies beside it.
    pub fn mirror(url: Url) -> Wanted {
        let beside = url.parent();
        let at = |url: &Url| Source::Beside(url.clone());
        Wanted {
            malicious: beside.as_ref().map(|b| Source::Beside(b.join(&["osv-malicious"]))),
            kev: beside.as_ref().map(at),
            epss: beside.as_ref().map(at),
            lifecycle: beside.as_ref().map(at),
            osv: Some(url),
            ecosystems: Vec::new(),
        }
    }
}

/// What is on disk now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// Folders of ecosystems.
    pub osv: Vec<PathBuf>,
    /// The same for malicious packages.
    pub malicious: Vec<PathBuf>,
    /// CISA's catalogue.
    pub kev: Option<PathBuf>,
    /// FIRST's scores.
    pub epss: Option<PathBuf>,
    /// Product lifecycles.
    pub lifecycle: Option<PathBuf>,
    /// Ecosystems that could not be fetched and of which there is no earlier copy.
    pub missing: Vec<Family>,
    /// Whether no server could be reached at all.
    pub offline: bool,
    /// Archives and feeds that came whole.
    pub whole: usize,
    /// Records that came one by one.
    pub records: usize,
    /// Archives and feeds that had not changed.
    pub unchanged: usize,
    /// Bytes that came.
    pub bytes: u64,
    /// What failed.
    pub diagnostics: Vec<Diagnostic>,
}

/// How far the fetching is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetching {
    /// Bytes that came.
    pub received: u64,
    /// Bytes that are known to come, those included.
    pub expected: u64,
}

/// What became of one part of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Whole,
    Records(usize),
    Unchanged,
    Absent,
}

/// One run's means.
pub struct Fetcher<'a> {
    /// Asks servers.
    pub client: &'a Client,
    /// The time, and waiting.
    pub clock: &'a dyn Clock,
    /// Caps.
    pub limits: Limits,
}

impl Fetcher<'_> {
    /// Brings what is wanted to `folder`, and tells `progress` a few times a second.
    ///
    /// # Errors
    /// The folder cannot be used, or another run uses it.
    pub fn mirror(
        &self,
        wanted: &Wanted,
        folder: &Path,
        progress: &mut dyn FnMut(Fetching),
    ) -> Result<Mirrored, Diagnostic> {
        let _lock = lock(folder)?;
        let meter = Meter::default();
        let (done, wait) = mpsc::channel();
        let now = || Fetching {
            received: meter.received.load(Ordering::Relaxed),
            expected: meter.expected.load(Ordering::Relaxed),
        };
        let mut mirrored = thread::scope(|scope| {
            let run = Run {
                net: Net { client: self.client, clock: self.clock, meter: &meter },
                limits: self.limits,
                wanted,
                folder,
            };
            let worker = scope.spawn(move || {
                let mirrored = run.all();
                // Nobody waits any more only if the other side is gone too.
                let _ = done.send(());
                mirrored
            });
            while let Err(mpsc::RecvTimeoutError::Timeout) =
                wait.recv_timeout(Duration::from_millis(100))
            {
                progress(now());
            }
            worker.join().unwrap_or_default()
        });
        mirrored.bytes = now().received;
        progress(now());
        Ok(mirrored)
    }
}

/// One process at a time writes to the folder; the lock ends with the process.
fn lock(folder: &Path) -> Result<File, Diagnostic> {
    let failed = |e: io::Error| {
        Diagnostic::new(Code::Usage, format!("cannot keep feeds in `{}`: {e}", folder.display()))
            .help("use another place with --db FILE; the feeds are kept next to it")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let path = folder.join("lock");
    let file =
        File::options().create(true).write(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(Diagnostic::new(Code::Usage, "another update is running")
                .help("wait until it ends; the index remains usable in the meantime"))
        }
        // A file system without locks is used without.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

impl Mirrored {
    /// Whether everything was there already and nothing failed.
    pub fn is_unchanged(&self) -> bool {
        self.whole == 0 && self.records == 0 && self.diagnostics.is_empty()
    }

    fn count(&mut self, change: Change) {
        match change {
            Change::Whole => self.whole += 1,
            Change::Records(count) => self.records += count,
            Change::Unchanged => self.unchanged += 1,
            Change::Absent => {}
        }
    }
}
