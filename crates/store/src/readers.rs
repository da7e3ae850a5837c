//! Connections that only read a SQLite file. Each lives on a thread of its own, and whatever is asked of one is a way
//! there and back. A pool asks each connection that it is given back whether it is sound, which is a second way for
//! every statement; here one that answered is sound, and only one that was not waited for is asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Error};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::db::{Value, lite};
use crate::error::Result;

/// The readers of one store.
pub(crate) struct Readers {
    options: SqliteConnectOptions,
    most: u32,
    patience: Duration,
    room: Arc<Semaphore>,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    /// At most so many at once; who finds none free waits so long.
    pub(crate) fn of(options: SqliteConnectOptions, most: u32, patience: Duration) -> Arc<Readers> {
        let room = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(1)));
        Arc::new(Readers { options, most, patience, room, idle: Mutex::default() })
    }

    /// The rows of a statement that reads.
    ///
    /// # Errors
    /// It is not understood, the file cannot be read, or no reader is free in time.
    pub(crate) async fn all(
        self: &Arc<Self>,
        sql: &str,
        args: Vec<Value>,
    ) -> Result<Vec<SqliteRow>> {
        let room = tokio::time::timeout(self.patience, Arc::clone(&self.room).acquire_owned());
        let room = room.await.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let mut reading = Reading { readers: Arc::clone(self), connection: None, room: Some(room) };
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let connection = reading.connection.insert(connection);
        let rows = lite(sql, args).fetch_all(connection).await;
        let connection = reading.connection.take();
        // One whose thread is gone answers nobody any more.
        let is_gone =
            matches!(&rows, Err(Error::WorkerCrashed | Error::Io(_) | Error::Protocol(_)));
        self.idle().extend(connection.filter(|_| !is_gone));
        Ok(rows?)
    }

    /// Waits until nobody reads, and closes them.
    pub(crate) async fn close(&self) {
        let all = self.room.acquire_many(self.most).await;
        self.room.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            // It wrote nothing: nothing is lost with one that does not close well.
            drop(connection.close().await);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A statement that is being answered.
struct Reading {
    readers: Arc<Readers>,
    connection: Option<SqliteConnection>,
    room: Option<OwnedSemaphorePermit>,
}

impl Drop for Reading {
    /// Nobody waits for the answer any more, and SQLite works on it still: so long its place is taken.
    fn drop(&mut self) {
        let (Some(mut connection), Some(room)) = (self.connection.take(), self.room.take()) else {
            return;
        };
        let readers = Arc::clone(&self.readers);
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if connection.ping().await.is_ok() {
                readers.idle().push(connection);
            }
            drop(room);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::args;

    const LONG: &str =
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 400000)
        SELECT COUNT(*) FROM c";

    #[test]
    fn who_stops_waiting_keeps_the_place_until_sqlite_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("store.sqlite"))
            .create_if_missing(true);
        let readers = Readers::of(options, 1, Duration::from_secs(60));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for _ in 0..20 {
                let long =
                    tokio::time::timeout(Duration::from_millis(1), readers.all(LONG, args![]));
                drop(long.await);
            }
            // It is answered, by the only one there is.
            assert_eq!(readers.all("SELECT 1", args![]).await.unwrap().len(), 1);
            assert!(readers.all("SELECT nothing", args![]).await.is_err());
            assert_eq!(readers.all("SELECT 2", args![]).await.unwrap().len(), 1);
            assert_eq!(readers.idle().len(), 1);
            readers.close().await;
            assert!(readers.all("SELECT 3", args![]).await.is_err(), "it is closed");
        });
    }
}
