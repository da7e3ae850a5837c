//! Several calls of the store that take effect together, or not at all.

use std::sync::Arc;

use crate::Store;
use crate::db::Db;
use crate::error::Result;
use crate::tx::Shared;

/// A transaction around several calls. Dropped without [`Together::commit`], or after a call that gave up when
/// it had written, nothing of it took effect. On SQLite nobody else writes meanwhile: what takes long
/// comes before it.
pub struct Together {
    store: Store,
    shared: Arc<Shared>,
}

impl Store {
    /// Begins one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn together(&self) -> Result<Together> {
        let shared = self.db.within().await?;
        let store = Store { db: Db::Within(Arc::clone(&shared)), ..self.clone() };
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
