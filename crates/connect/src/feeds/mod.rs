//! Brings feeds from servers to a folder on this machine, in the layout that the index is built
//! from: `osv/`, `osv-malicious/`, `kev/`, `epss/`, `lifecycle/`.
//!
//! A feed that fails is told and the others go on; its copy of the last time stays in use. The
//! folder is as good as the last run left it, whenever that run ended.

mod list;
mod osv;

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use trimtab_model::{Code, Diagnostic, Family};

use crate::download::{Got, Meter, Net, Wish, fetch};
use crate::http::{Client, Failure, PARALLEL};
use crate::retry::Clock;
use crate::url::Url;
use osv::Place;

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

/// The most bytes that scores unpack to.
const MAX_SCORES: u64 = 256 << 20;

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

struct Run<'a> {
    net: Net<'a>,
    limits: Limits,
    wanted: &'a Wanted,
    folder: &'a Path,
}

impl Run<'_> {
    fn all(&self) -> Mirrored {
        let mut mirrored = Mirrored::default();
        if let Some(url) = &self.wanted.osv {
            mirrored.osv = self.layout(url, "osv", "OSV", true, &mut mirrored);
            if mirrored.offline && mirrored.osv.is_empty() {
                // Without advisories there is no index; one message is enough.
                return mirrored;
            }
        }
        if let Some(from) = &self.wanted.malicious {
            let (url, named) = match from {
                Source::Named(url) => (url, true),
                Source::Beside(url) => (url, false),
            };
            mirrored.malicious =
                self.layout(url, "osv-malicious", "malicious packages", named, &mut mirrored);
        }
        mirrored.kev = self.single(
            &self.wanted.kev,
            "KEV",
            &["kev", "known_exploited_vulnerabilities.json"],
            looks_like_kev,
            &mut mirrored,
        );
        mirrored.lifecycle = self.single(
            &self.wanted.lifecycle,
            "lifecycles",
            &["lifecycle", "endoflife.json"],
            looks_like_json,
            &mut mirrored,
        );
        let epss = self.dated_epss();
        let epss = epss.as_ref().or(self.wanted.epss.as_ref()).cloned();
        mirrored.epss = self.single(
            &epss,
            "EPSS",
            &["epss", "epss_scores-current.csv.gz"],
            looks_like_scores,
            &mut mirrored,
        );
        mirrored
    }

    /// A folder in OSV's layout: the folders of its ecosystems here.
    fn layout(
        &self,
        url: &Url,
        name: &str,
        title: &str,
        named: bool,
        mirrored: &mut Mirrored,
    ) -> Vec<PathBuf> {
        let folder = self.folder.join(name);
        let (families, down) = match self.ecosystems(url, &folder) {
            Ok(Some(families)) => (families, None),
            Ok(None) if !named => return Vec::new(),
            Ok(None) if !self.wanted.ecosystems.is_empty() => {
                (self.wanted.ecosystems.clone(), None)
            }
            Ok(None) => {
                let failure = Failure::Refused("there is no ecosystems.txt".to_owned());
                (self.kept(&folder), Some(failure))
            }
            Err(failure) => (self.kept(&folder), Some(failure)),
        };
        if let Some(failure) = down {
            mirrored.offline |= matches!(failure, Failure::Unreachable(_));
            mirrored.diagnostics.push(unavailable(title, url, &failure));
            return families.iter().map(|f| folder.join(f.osv_name())).collect();
        }
        if named {
            for family in self.wanted.ecosystems.iter().filter(|f| !families.contains(f)) {
                let failure = Failure::Refused("not listed in ecosystems.txt".to_owned());
                let title = format!("{title} for {family}");
                mirrored.diagnostics.push(unavailable(&title, url, &failure));
                if !mirrored.missing.contains(family) {
                    mirrored.missing.push(*family);
                }
            }
        }
        let places: Vec<(Family, Place<'_>)> = families
            .into_iter()
            .map(|family| {
                let place = Place {
                    net: &self.net,
                    limits: &self.limits,
                    url: url.join(&[family.osv_name()]),
                    folder: folder.join(family.osv_name()),
                };
                (family, place)
            })
            .collect();
        let changes = update_all(&places);
        let mut folders = Vec::new();
        for ((family, place), change) in places.iter().zip(changes) {
            let title = format!("{title} for {family}");
            match change {
                Ok(Change::Absent) => {
                    let failure = Failure::Refused("there is no all.zip".to_owned());
                    mirrored.diagnostics.push(unavailable(&title, &place.url, &failure));
                }
                Ok(change) => mirrored.count(change),
                Err(failure) => {
                    mirrored.diagnostics.push(unavailable(&title, &place.url, &failure));
                }
            }
            if place.has_copy() {
                folders.push(place.folder.clone());
            } else if !mirrored.missing.contains(family) {
                mirrored.missing.push(*family);
            }
        }
        folders
    }

    /// The ecosystems to bring. `None`: the server has no list of them.
    fn ecosystems(&self, url: &Url, folder: &Path) -> Result<Option<Vec<Family>>, Failure> {
        fs::create_dir_all(folder)?;
        let target = folder.join("ecosystems.txt");
        let wish = Wish {
            url: &url.join(&["ecosystems.txt"]),
            target: &target,
            most: 1 << 20,
            sha256_beside: false,
            check: &|path, _| match fs::read_to_string(path) {
                Ok(text) if !text.trim_start().starts_with('<') => Ok(()),
                _ => Err("ecosystems.txt is not a list of names".to_owned()),
            },
        };
        if fetch(&self.net, &wish)? == Got::Absent {
            return Ok(None);
        }
        let text = fs::read_to_string(&target)?;
        let only = &self.wanted.ecosystems;
        // A name with a suffix (`Debian:12`) is a part of the one without.
        let families = text.lines().filter_map(|line| Family::from_osv(line.trim()));
        let mut families: Vec<Family> =
            families.filter(|family| only.is_empty() || only.contains(family)).collect();
        families.sort();
        families.dedup();
        Ok(Some(families))
    }

    /// The ecosystems of which there is a copy.
    fn kept(&self, folder: &Path) -> Vec<Family> {
        let only = &self.wanted.ecosystems;
        let wanted = |family: &Family| only.is_empty() || only.contains(family);
        let has = |family: &Family| folder.join(family.osv_name()).join("all.zip").is_file();
        Family::ALL.iter().copied().filter(wanted).filter(has).collect()
    }

    /// A feed of one file: where it lies here.
    fn single(
        &self,
        from: &Option<Source>,
        title: &str,
        path: &[&str; 2],
        check: fn(&Path) -> Result<(), String>,
        mirrored: &mut Mirrored,
    ) -> Option<PathBuf> {
        let [folder, name] = path;
        let (url, named) = match from.as_ref()? {
            Source::Named(url) => (url.clone(), true),
            Source::Beside(url) => (url.join(path), false),
        };
        let folder = self.folder.join(folder);
        let target = folder.join(name);
        let wish = Wish {
            url: &url,
            target: &target,
            most: self.limits.feed,
            sha256_beside: false,
            check: &|path, _| check(path),
        };
        let got = fs::create_dir_all(&folder)
            .map_err(Failure::from)
            .and_then(|()| fetch(&self.net, &wish));
        let failure = match got {
            Ok(Got::Absent) if !named => return None,
            Ok(Got::Absent) => Failure::Refused("not found".to_owned()),
            Ok(got) => {
                mirrored.count(if got == Got::Fresh { Change::Whole } else { Change::Unchanged });
                return Some(target);
            }
            Err(failure) => failure,
        };
        mirrored.diagnostics.push(unavailable(title, &url, &failure));
        target.is_file().then_some(target)
    }

    /// Beside a mirror, scores may have only a dated name: the newest that the folder's listing
    /// shows, where the server has listings.
    fn dated_epss(&self) -> Option<Source> {
        let Some(Source::Beside(url)) = &self.wanted.epss else { return None };
        let folder = url.join(&["epss"]);
        let current = self.net.client.small(&folder.with_suffix("/"), 1 << 20, self.net.clock);
        let text = String::from_utf8_lossy(&current.ok()??).into_owned();
        let names = text.split(['"', '\'', '<', '>', '/']).filter(|name| {
            let date = name.strip_prefix("epss_scores-").and_then(|n| n.strip_suffix(".csv.gz"));
            date.is_some_and(|d| {
                d.len() == 10 && d.bytes().all(|b| b.is_ascii_digit() || b == b'-')
            })
        });
        let known = text.contains("epss_scores-current.csv.gz");
        names.max().filter(|_| !known).map(|name| Source::Named(folder.join(&[name])))
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

/// After so many ecosystems in a row that could not be reached, the rest is not tried.
const GIVE_UP: usize = 3;

/// Updates every place, a few at a time; the answers are in the places' order.
fn update_all(places: &[(Family, Place<'_>)]) -> Vec<Result<Change, Failure>> {
    let (next, unreachable) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..PARALLEL.min(places.len()) {
            let send = send.clone();
            let (next, unreachable) = (&next, &unreachable);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((_, place)) = places.get(at) else { return };
                    let change = if unreachable.load(Ordering::Relaxed) >= GIVE_UP {
                        Err(Failure::Unreachable("the server cannot be reached".to_owned()))
                    } else {
                        place.update()
                    };
                    match &change {
                        Err(Failure::Unreachable(_)) => {
                            unreachable.fetch_add(1, Ordering::Relaxed);
                        }
                        _ => unreachable.store(0, Ordering::Relaxed),
                    }
                    if send.send((at, change)).is_err() {
                        return;
                    }
                }
            });
        }
    });
    drop(send);
    let mut changes: Vec<(usize, Result<Change, Failure>)> = receive.iter().collect();
    changes.sort_by_key(|(at, _)| *at);
    changes.into_iter().map(|(_, change)| change).collect()
}

fn unavailable(title: &str, url: &Url, failure: &Failure) -> Diagnostic {
    let next = match failure {
        Failure::Disk(_) => "free disk space, or use another place with --db FILE",
        Failure::Untrusted(_) => {
            "check the address; if a proxy inspects TLS, set SSL_CERT_FILE to a PEM file with its root certificate"
        }
        Failure::Refused(_) | Failure::Corrupt(_) => "check the address, or use a mirror",
        _ => "run the update again; it resumes from what was already downloaded",
    };
    Diagnostic::new(Code::FeedUnavailable, format!("{title} could not be fetched: {failure}"))
        .in_file(url.to_string())
        .help(next)
}

/// CISA's catalogue has a list of vulnerabilities; an error page, JSON or not, has none.
fn looks_like_kev(path: &Path) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Catalogue {
        vulnerabilities: Vec<IgnoredAny>,
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    match serde_json::from_slice::<Catalogue>(&bytes) {
        Ok(catalogue) if catalogue.vulnerabilities.is_empty() => Err("it is empty".to_owned()),
        Ok(_) => Ok(()),
        Err(e) => Err(format!("it is not a catalogue of vulnerabilities: {e}")),
    }
}

fn looks_like_json(path: &Path) -> Result<(), String> {
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    serde_json::from_slice::<IgnoredAny>(&bytes)
        .map(|_| ())
        .map_err(|e| format!("it is not JSON: {e}"))
}

/// A table of scores, packed or not; what is packed must unpack to its end.
fn looks_like_scores(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut input = BufReader::new(file);
    let start = input.fill_buf().map_err(|e| e.to_string())?;
    if start.starts_with(&[0x1F, 0x8B]) {
        let unpacked = MultiGzDecoder::new(input).take(MAX_SCORES);
        return match io::copy(&mut { unpacked }, &mut io::sink()) {
            Ok(count) if count == MAX_SCORES => {
                Err("it unpacks to more than its size allows".to_owned())
            }
            Ok(_) => Ok(()),
            Err(e) => Err(format!("it could not be unpacked: {e}")),
        };
    }
    if start.starts_with(b"#") || start.starts_with(b"cve") {
        Ok(())
    } else {
        Err("it is neither a gzip file nor a table of scores".to_owned())
    }
}
