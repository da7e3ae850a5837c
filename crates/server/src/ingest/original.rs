//! A stored document on its way to a reader: a small one in memory, so that no file is made for it, and a large one in a
//! file.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use tempfile::TempDir;
use trimtab_model::Inventory;
use trimtab_store::{Org, Store, UpTo};

use super::Refused;

/// What has more bytes goes to a file.
const HELD: i64 = 1 << 20;

/// A document as it was received.
pub(crate) enum Original {
    Held(Vec<u8>),
    /// In a folder of its own, which goes with it: readers look at a file and its neighbours, and here it has none.
    File(TempDir),
}

impl Original {
    /// The document of a digest. `None`: it is not stored.
    pub(crate) async fn of(
        store: &Store,
        org: Org,
        digest: &str,
    ) -> Result<Option<Original>, Refused> {
        match store.document_up_to(org, digest, HELD).await? {
            None => return Ok(None),
            Some(UpTo::Bytes(bytes)) => return Ok(Some(Original::Held(bytes))),
            Some(UpTo::More) => {}
        }
        let folder = tempfile::tempdir().map_err(|e| Refused::Internal(e.to_string()))?;
        let path = folder.path().join(NAME);
        let is_there = store.document_to_file(org, digest, &path).await?;
        Ok(is_there.then_some(Original::File(folder)))
    }

    /// Where it is, if it is in a file.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match self {
            Original::Held(_) => None,
            Original::File(folder) => Some(folder.path().join(NAME)),
        }
    }

    /// Its bytes from the beginning.
    pub(super) fn open(&self) -> Result<Box<dyn Read + '_>, Refused> {
        Ok(match self {
            Original::Held(bytes) => Box::new(bytes.as_slice()),
            Original::File(folder) => {
                let file = File::open(folder.path().join(NAME));
                Box::new(file.map_err(|e| Refused::Internal(e.to_string()))?)
            }
        })
    }

    /// What the scanner finds in it.
    pub(super) fn scanned(self) -> Inventory {
        match self {
            Original::Held(bytes) => trimtab_extract::scan_document(NAME, bytes),
            Original::File(folder) => {
                let options = trimtab_extract::Options::default();
                trimtab_extract::scan_path(&folder.path().join(NAME), &options)
            }
        }
    }
}

/// It has no name that says what it is.
const NAME: &str = "document";
