//! What every handler and job works with.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore, watch};
use trimtab_engine::measure::Lives;
use trimtab_feeds::Named;
use trimtab_store::{Org, Store, StoreError};

use crate::access::Access;
use crate::access::limits::Limits;
use crate::access::oidc::Known;
use crate::around::counted::Counters;
use crate::facts::verified::Seals;
use crate::jobs::look::Looked;
use crate::measuring::answers::Answers;
use crate::measuring::{self, Folded, Kept, then};
use crate::notices::Notices;
use crate::opened::Opened;
use crate::tracking::Listings;
use crate::weighing::{self, Agreed};

/// How a server is to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The store: the path of a SQLite file, or `postgres://…`.
    pub store: String,
    /// Where to listen: `127.0.0.1:8321`.
    pub listen: String,
    /// The advisory index.
    pub index: PathBuf,
    /// The address that people use, without a path: `https://trimtab.example`.
    pub public: String,
    /// The largest document that is taken, in bytes.
    pub largest_upload: u64,
    /// How many jobs run at once in this process.
    pub workers: usize,
    /// For how many days bytes of documents are kept that are no evidence. `None`: always.
    pub keep_days: Option<u32>,
    /// What is fetched how often. `None`: somebody else brings a new index.
    pub feeds: Option<Feeds>,
    /// How people and programs get in.
    pub access: Access,
    /// How notices leave.
    pub notices: Notices,
}

/// What is fetched how often.
#[derive(Debug, Clone)]
pub struct Feeds {
    /// The time from one try to the next.
    pub every: SignedDuration,
    /// What to read.
    pub named: Named,
}

/// The index that is open, and which file it was.
struct Held {
    mark: Option<Mark>,
    index: Option<Arc<Opened>>,
}

/// What tells one file at a place from the next.
type Mark = (SystemTime, u64);

fn mark(path: &Path) -> Option<Mark> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

/// What [`App::reopen_index`] found: the index before, if there was one, and the new one.
type Reopened = (Option<Arc<Opened>>, Arc<Opened>);

/// Organisations for which something long is being done, so that it is done once at a time in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<Mutex<HashSet<Org>>>);

impl Busy {
    /// Begins for an organisation; over when what is given is dropped. `None`: it is being done.
    pub(crate) fn begin(&self, org: Org) -> Option<Doing> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(org);
        new.then(|| Doing { busy: self.clone(), org })
    }
}

/// Something long that is being done.
#[derive(Debug)]
pub(crate) struct Doing {
    busy: Busy,
    org: Org,
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.busy.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.org);
    }
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// What is remembered.
    pub store: Store,
    /// How it runs.
    pub settings: Arc<Settings>,
    index: Arc<RwLock<Held>>,
    /// Told when a job was added.
    pub(crate) work: Arc<Notify>,
    /// How many jobs ended in this process.
    ended: Arc<watch::Sender<u64>>,
    clock: fn() -> Timestamp,
    kept: Kept,
    pub(crate) answers: Answers,
    /// Organisations whose ledger is being verified.
    pub(crate) verifying: Busy,
    /// How far each was found to hold.
    pub(crate) seals: Seals,
    /// One what-if at a time, whoever still waits for it; and the organisations that wait for their turn.
    pub(crate) trial: Arc<Semaphore>,
    pub(crate) trying: Busy,
    agreed: weighing::Remembered,
    /// What charters that held say is production.
    production: then::Remembered,
    /// Rounds with trackers that may be at once: a worker is always left for other work, where there is more than one.
    pub(crate) rounds: Arc<Semaphore>,
    /// What trackers listed a while ago.
    pub(crate) listings: Listings,
    /// What the last looks at incidents were of.
    pub(crate) looked: Looked,
    /// How often who may.
    pub(crate) limits: Limits,
    /// What is counted of this process.
    pub(crate) counters: Counters,
    /// What the provider said of itself.
    pub(crate) provider: Known,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    /// An application on an open store. `clock` tells the time: tests have their own.
    pub fn new(store: Store, settings: Settings, clock: fn() -> Timestamp) -> App {
        // The mark first: a file that comes in between is noticed later.
        let mark = mark(&settings.index);
        let index = Opened::open(&settings.index).ok().map(Arc::new);
        let mark = mark.filter(|_| index.is_some());
        let limits = Limits::new(clock, settings.access.token_rate);
        let rounds = Arc::new(Semaphore::new(settings.workers.saturating_sub(1).max(1)));
        App {
            store,
            settings: Arc::new(settings),
            index: Arc::new(RwLock::new(Held { mark, index })),
            work: Arc::new(Notify::new()),
            ended: Arc::new(watch::Sender::new(0)),
            clock,
            kept: Kept::default(),
            answers: Answers::default(),
            verifying: Busy::default(),
            seals: Seals::default(),
            trial: Arc::new(Semaphore::new(1)),
            trying: Busy::default(),
            agreed: weighing::Remembered::default(),
            production: then::Remembered::default(),
            rounds,
            listings: Listings::default(),
            looked: Looked::default(),
            limits,
            counters: Counters::default(),
            provider: Known::default(),
            stopping: watch::channel(false).1,
        }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The same, with writes that do not wait for the disk: for work that is done again if the machine stops, and
    /// for several writes that are brought to the disk together, by [`Store::flush`].
    pub(crate) fn soon(&self) -> App {
        self.on(self.store.soon())
    }

    /// The same on the store as it is seen elsewhere: within a transaction.
    pub(crate) fn on(&self, store: Store) -> App {
        App { store, ..self.clone() }
    }

    /// The advisory index, if there is one.
    pub fn index(&self) -> Option<Arc<Opened>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).index.clone()
    }

    /// What an organisation agreed on and knows.
    pub(crate) async fn agreed(&self, org: Org, now: Timestamp) -> Result<Arc<Agreed>, StoreError> {
        weighing::agreed(&self.agreed, &self.store, org, now).await
    }

    /// When each environment of an organisation was production.
    pub(crate) async fn production_times(&self, org: Org) -> Result<then::Times, StoreError> {
        then::of(&self.production, &self.store, org).await
    }

    /// The lives of an organisation's findings, up to now.
    pub(crate) async fn lives(&self, org: Org) -> Result<Arc<Lives>, StoreError> {
        Ok(self.folded(org).await?.lives)
    }

    /// What an organisation's ledger comes to, up to now.
    pub(crate) async fn folded(&self, org: Org) -> Result<Folded, StoreError> {
        measuring::folded(&self.kept, &self.store, org).await
    }

    /// Opens the index if another file lies at its place. Who still works with the one before keeps it.
    pub(crate) fn reopen_index(&self) -> Result<Option<Reopened>, String> {
        let Some(mark) = mark(&self.settings.index) else { return Ok(None) };
        let mut held = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if held.mark == Some(mark) {
            return Ok(None);
        }
        let new = Arc::new(Opened::open(&self.settings.index).map_err(|e| e.to_string())?);
        held.mark = Some(mark);
        let old = held.index.replace(Arc::clone(&new));
        Ok(Some((old, new)))
    }

    /// Goes on with the index before, so that the new one is noticed once more.
    pub(crate) fn put_index_back(&self, old: Option<Arc<Opened>>) {
        let mut held = self.index.write().unwrap_or_else(PoisonError::into_inner);
        *held = Held { mark: None, index: old };
    }

    /// Looks whether another index lies at its place, and has matched again what it changed. The server
    /// does so by itself every few seconds. Returns how many organisations are touched.
    ///
    /// # Errors
    /// The index cannot be read, or the store does not answer.
    pub async fn notice_index(&self) -> Result<usize, String> {
        crate::jobs::refresh::notice(self).await.map_err(|e| e.to_string())
    }

    /// Has this process look at once for work that is due. It does so by itself when work is added, and every few
    /// seconds: a test whose clock moves on need not wait for that.
    pub fn wake(&self) {
        self.work.notify_waiters();
        // A worker that looks just now looks once more.
        self.work.notify_one();
    }

    /// Tells those who wait that a job ended, and that what follows from it was asked for.
    pub(crate) fn job_ended(&self) {
        self.ended.send_modify(|ended| *ended = ended.wrapping_add(1));
    }

    /// Changes whenever a job ended in this process, well or not. Those of other processes are not counted.
    pub fn jobs_ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// Makes the plans of an organisation's teams anew, and keeps what differs. The server does so by itself when
    /// something that plans are made of has changed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn plan_anew(&self, org: Org) -> Result<crate::Replanned, String> {
        let done = crate::replanning::anew(self, org, None, self.now()).await;
        done.map_err(|e| e.to_string())
    }

    /// Reads the ledger of an organisation on to its end, so many entries at a time, keeps the stages of maturity of the
    /// day, notes which branches were left, and tells what rounds of the pulse that are over came to; the server does so by
    /// itself each day. Returns in how many parts; `None`: somebody else reads it now.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn look_back(&self, org: Org, part: usize) -> Result<Option<usize>, String> {
        // One that fails holds up no other: what fails first is told.
        let parts = crate::facts::verified::read_on(self, org, part).await;
        let kept = crate::facts::maturity::kept::keep(self, org).await;
        let left = self.leave_branches(org).await;
        let rounds = crate::goaling::tell_rounds(self, org).await;
        let parts = parts.map_err(|e| e.detail)?;
        kept.map_err(|e| e.detail)?;
        left?;
        rounds.map_err(|e| e.to_string())?;
        Ok(parts)
    }

    /// Notes which branches were left.
    async fn leave_branches(&self, org: Org) -> Result<usize, String> {
        let now = self.now();
        let agreed = self.agreed(org, now).await.map_err(|e| e.to_string())?;
        let since = now - crate::judging::patience(&agreed.charter);
        self.store.leave_verdicts(org, since, now).await.map_err(|e| e.to_string())
    }

    /// Whether people come over TLS, by the address that they use.
    pub fn is_tls(&self) -> bool {
        self.settings.public.starts_with("https://")
    }
}

#[cfg(test)]
mod tests {
    use trimtab_store::Org;

    use super::Busy;

    #[test]
    fn one_at_a_time_of_an_organisation() {
        let busy = Busy::default();
        let first = busy.begin(Org(1));
        assert!(first.is_some() && busy.begin(Org(1)).is_none());
        assert!(busy.begin(Org(2)).is_some(), "another's is another");
        drop(first);
        assert!(busy.begin(Org(1)).is_some());
    }
}
