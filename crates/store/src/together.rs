//! Several calls of the store that take effect together, or not at all.

use std::sync::Arc;

use crate::db::{Db, Engine};
use crate::error::Result;
use crate::ids::{Ids, Kind};
use crate::tx::Shared;
use crate::{Org, Store};

/// A transaction around several calls. Dropped without [`Together::commit`], or after a call that gave up when
/// it had written, nothing of it took effect. On SQLite nobody else writes meanwhile: what takes long
/// comes before it.
pub struct Together {
    store: Store,
    shared: Arc<Shared>,
}

/// How many numbers the calls will give to what they add.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    /// To assets.
    pub assets: usize,
    /// To snapshots.
    pub snapshots: usize,
    /// To jobs.
    pub jobs: usize,
}

impl Store {
    /// Begins one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn together(&self) -> Result<Together> {
        self.together_for(Org(0), Numbers::default()).await
    }

    /// Begins one that will give out numbers: on PostgreSQL these are taken before it, as whoever else wants one of a kind
    /// that it gives out waits for its end. One that is not used is a gap.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn together_for(&self, org: Org, numbers: Numbers) -> Result<Together> {
        let mut ids = Ids::default();
        if self.engine() == Engine::Postgres {
            for (of, kind, count) in [
                (org.0, Kind::Asset, numbers.assets),
                (org.0, Kind::Snapshot, numbers.snapshots),
                (0, Kind::Job, numbers.jobs),
            ] {
                ids.hold(of, kind, self.ids.take(&self.db, of, kind, count).await?);
            }
        }
        let ids = Arc::new(ids);
        let shared = self.db.within().await?;
        let store = Store { db: Db::Within(Arc::clone(&shared)), ids, ..self.clone() };
        Ok(Together { store, shared })
    }
}

impl Together {
    /// The store as it is within. One call after another: two at once fail.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Makes it so.
    ///
    /// # Errors
    /// The store does not answer, or a call gave up.
    pub async fn commit(self) -> Result<()> {
        self.shared.commit().await
    }
}
