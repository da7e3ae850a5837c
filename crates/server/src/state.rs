//! What every handler and job works with.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::sync::Notify;
use trimtab_advisories::index::Index;
use trimtab_engine::measure::Lives;
use trimtab_store::{Org, Store, StoreError};

use crate::measuring::{self, Kept};

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
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// What is remembered.
    pub store: Store,
    /// How it runs.
    pub settings: Arc<Settings>,
    index: Arc<RwLock<Option<Arc<Index>>>>,
    /// Told when a job was added.
    pub(crate) work: Arc<Notify>,
    clock: fn() -> Timestamp,
    kept: Kept,
}

impl App {
    /// An application on an open store. `clock` tells the time: tests have their own.
    pub fn new(store: Store, settings: Settings, clock: fn() -> Timestamp) -> App {
        let index = Index::open(&settings.index).ok().map(Arc::new);
        App {
            store,
            settings: Arc::new(settings),
            index: Arc::new(RwLock::new(index)),
            work: Arc::new(Notify::new()),
            clock,
            kept: Kept::default(),
        }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The advisory index, if there is one.
    pub fn index(&self) -> Option<Arc<Index>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lives of an organisation's findings, up to now.
    pub(crate) async fn lives(&self, org: Org) -> Result<Arc<Lives>, StoreError> {
        measuring::lives(&self.kept, &self.store, org).await
    }

    /// Whether people come over TLS, by the address that they use.
    pub fn is_tls(&self) -> bool {
        self.settings.public.starts_with("https://")
    }
}
