//! Documents: the original bytes of everything that was received, so that a better reader can read them
//! again. Named by the SHA-256 of the bytes; equal bytes are kept once for an organisation.

use jiff::Timestamp;

use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::time::{micros, moment};
use crate::{Org, Store};

/// A document, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// SHA-256 of the bytes, hexadecimal.
    pub digest: String,
    /// Bytes.
    pub size: i64,
    /// When it was first received.
    pub received: Timestamp,
}

/// Fast enough to keep up with uploads; text becomes about a tenth.
const LEVEL: i32 = 3;

impl Store {
    /// Keeps a document. `false`: it was there already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_document(
        &self,
        org: Org,
        digest: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<bool> {
        if self.document(org, digest).await?.is_some() {
            return Ok(false);
        }
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let packed = pack(bytes)?;
        let sql = "INSERT INTO document (org, digest, size, received, bytes)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let added =
            (&mut &self.db).run(sql, args![org.0, digest, size, micros(now), packed]).await?;
        Ok(added == 1)
    }

    /// A document without its bytes.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn document(&self, org: Org, digest: &str) -> Result<Option<Document>> {
        let sql = "SELECT digest, size, received FROM document WHERE org = $1 AND digest = $2";
        let row = (&mut &self.db).first(sql, args![org.0, digest]).await?;
        let read = |row: Row| {
            Ok(Document { digest: row.text(0)?, size: row.int(1)?, received: moment(row.int(2)?)? })
        };
        row.map(read).transpose()
    }

    /// The bytes of a document, as they were received.
    ///
    /// # Errors
    /// The store does not answer, or what it kept is damaged.
    pub async fn document_bytes(&self, org: Org, digest: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT bytes, size FROM document WHERE org = $1 AND digest = $2";
        let row = (&mut &self.db).first(sql, args![org.0, digest]).await?;
        row.map(|row| unpack(&row.bytes(0)?, row.int(1)?)).transpose()
    }
}

pub(crate) fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|e| StoreError::Refused(e.to_string()))
}

/// Unpacks to exactly the size that was noted.
pub(crate) fn unpack(packed: &[u8], size: i64) -> Result<Vec<u8>> {
    let size = usize::try_from(size).map_err(|e| StoreError::Damaged(e.to_string()))?;
    let bytes =
        zstd::bulk::decompress(packed, size).map_err(|e| StoreError::Damaged(e.to_string()))?;
    if bytes.len() == size {
        Ok(bytes)
    } else {
        Err(StoreError::Damaged(format!("a document has {} bytes, not {size}", bytes.len())))
    }
}
