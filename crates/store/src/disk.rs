//! SQLite's log on the disk. A commit writes to the log (WAL) and does not wait for the disk; whoever must be able
//! to say "this is kept" waits for [`Disk::flush`] afterwards. One call of the system serves all that
//! committed before it began, and the writer goes on meanwhile.
//!
//! The log is in order and each of its frames is summed: after a power cut SQLite takes what is whole from its
//! beginning. So what was flushed is there, with all that was committed before it.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::error::{Result, StoreError};

/// The log of one store.
pub(crate) struct Disk {
    log: PathBuf,
    /// How many flushes have begun.
    begun: AtomicU64,
    /// The number of the last one that ended well.
    ended: Mutex<u64>,
}

impl Disk {
    /// That of the store in a file.
    pub(crate) fn of(store: &Path) -> Disk {
        let mut log = store.as_os_str().to_owned();
        log.push("-wal");
        Disk { log: log.into(), begun: AtomicU64::new(0), ended: Mutex::new(0) }
    }

    /// Waits until all that this process committed before is on the disk.
    ///
    /// # Errors
    /// The system cannot write it.
    pub(crate) async fn flush(&self) -> Result<()> {
        let before = self.begun.load(Ordering::SeqCst);
        let mut ended = self.ended.lock().await;
        // Another's, which began after we committed.
        if *ended > before {
            return Ok(());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let (log, first) = (self.log.clone(), *ended == 0);
        let flushed = tokio::task::spawn_blocking(move || flush(&log, first)).await;
        let flushed = flushed.map_err(|e| StoreError::Busy(e.to_string()))?;
        flushed
            .map_err(|e| StoreError::Busy(format!("what was written is not on the disk: {e}")))?;
        *ended = number;
        Ok(())
    }
}

fn flush(log: &Path, first: bool) -> std::io::Result<()> {
    match File::open(log) {
        Ok(file) => file.sync_data()?,
        // All of it has gone to the store itself, which SQLite brings to the disk before it drops the log.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // That the log has this name.
    match log.parent() {
        Some(folder) if first && cfg!(unix) => {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_flush_serves_all_that_wait() {
        let folder = tempfile::tempdir().unwrap();
        let disk = std::sync::Arc::new(Disk::of(&folder.path().join("store")));
        // Without a log there is nothing to do, and that is no error.
        disk.flush().await.unwrap();
        std::fs::write(folder.path().join("store-wal"), "x").unwrap();
        let held = disk.ended.lock().await;
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                tokio::spawn({
                    let disk = std::sync::Arc::clone(&disk);
                    async move { disk.flush().await }
                })
            })
            .collect();
        // All of them have asked before the first can begin.
        while std::sync::Arc::strong_count(&disk) < 51 {
            tokio::task::yield_now().await;
        }
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        drop(held);
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        // One for who came first, and one for all others at the most.
        assert!(disk.begun.load(Ordering::SeqCst) <= 3, "{:?}", disk.begun);
    }
}
