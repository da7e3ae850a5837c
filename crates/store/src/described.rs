//! How an organisation is described changes seldom and is asked for often: what was read is remembered in
//! this process, and holds while the organisation's count of changes stays.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::db::{Sql, Tx, args};
use crate::error::Result;
use crate::{Org, Store, ledger};

/// How long it is believed at most: a build that does not yet count changes may run beside this one.
pub const BELIEVED: Duration = Duration::from_secs(60);

/// Something that is remembered of organisations.
pub(crate) type Memory<T> = Mutex<HashMap<Org, (i64, Instant, Arc<T>)>>;

/// Counts a change of how an organisation is described, in the transaction that makes it.
pub(crate) async fn count(tx: &mut Tx, org: Org) -> Result<()> {
    ledger::hold(tx, org).await?;
    let sql = "UPDATE ledger_head SET described = described + 1 WHERE org = $1";
    tx.run(sql, args![org.0]).await.map(|_| ())
}

impl Store {
    /// Has others who change how an organisation is described wait until the transaction ends that this is within:
    /// what is compared in it still stands when it is changed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn hold_described(&self, org: Org) -> Result<()> {
        let mut tx = self.db.begin().await?;
        ledger::hold(&mut tx, org).await?;
        tx.commit().await
    }

    /// How often an organisation changed how it is described: its systems, teams, charters, decisions and VEX
    /// documents. While this stays, they do.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn described(&self, org: Org) -> Result<i64> {
        let sql = "SELECT described FROM ledger_head WHERE org = $1";
        let row = (&mut &self.db).first(sql, args![org.0]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// What is remembered, or what `read` reads anew.
    pub(crate) async fn remembered<T, F>(
        &self,
        memory: &Memory<T>,
        org: Org,
        read: impl FnOnce() -> F,
    ) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>>,
    {
        // The count first: what is read after it is at least as new.
        let count = self.described(org).await?;
        let held = memory.lock().unwrap_or_else(PoisonError::into_inner).get(&org).cloned();
        if let Some((of, since, value)) = held
            && of == count
            && since.elapsed() < BELIEVED
        {
            return Ok(value);
        }
        let value = Arc::new(read().await?);
        let mut held = memory.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(org, (count, Instant::now(), Arc::clone(&value)));
        Ok(value)
    }
}
