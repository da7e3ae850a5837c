//! Connections that only read a SQLite file. Each lives on a thread of its own, and whatever is asked of one is a way
//! there and back. A pool asks each connection that it is given back whether it is sound, which is a second way for
//! every statement; here one that answered is sound, and one that was not waited for is closed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Error};
use tokio::sync::Semaphore;

use crate::db::{Value, lite};
use crate::error::Result;

/// The readers of one store.
pub(crate) struct Readers {
    options: SqliteConnectOptions,
    most: u32,
    patience: Duration,
    room: Semaphore,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    /// At most so many at once; who finds none free waits so long.
    pub(crate) fn of(options: SqliteConnectOptions, most: u32, patience: Duration) -> Readers {
        let room = Semaphore::new(usize::try_from(most).unwrap_or(1));
        Readers { options, most, patience, room, idle: Mutex::default() }
    }

    /// The rows of a statement that reads.
    ///
    /// # Errors
    /// It is not understood, the file cannot be read, or no reader is free in time.
    pub(crate) async fn all(&self, sql: &str, args: Vec<Value>) -> Result<Vec<SqliteRow>> {
        let room = tokio::time::timeout(self.patience, self.room.acquire()).await;
        let _room = room.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        // Who stops waiting here takes the connection along: nobody else finds it in the middle of something.
        let rows = lite(sql, args).fetch_all(&mut connection).await;
        self.idle().push(connection);
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
