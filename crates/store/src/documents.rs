//! Documents: the original bytes of everything that was received, so that a better reader can read them
//! again. Named by the SHA-256 of the bytes; equal bytes are kept once for an organisation. Compressed, and
//! in pieces where they are large, so that no statement and no row holds more than a piece.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

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

/// A document that is wanted up to a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpTo {
    /// All of its bytes.
    Bytes(Vec<u8>),
    /// It has more.
    More,
}

/// Fast enough to keep up with uploads; text becomes about a tenth.
const LEVEL: i32 = 3;
/// The most compressed bytes in one row.
const PIECE: usize = 1 << 20;

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
        self.put_packed(org, digest, size, &mut packed.as_slice(), now).await
    }

    /// Keeps a document that lies in a file, without holding more of it than a piece. `false`: it was there
    /// already.
    ///
    /// # Errors
    /// The store does not answer, or the file cannot be read.
    pub async fn put_document_file(
        &self,
        org: Org,
        digest: &str,
        file: File,
        now: Timestamp,
    ) -> Result<bool> {
        if self.document(org, digest).await?.is_some() {
            return Ok(false);
        }
        let packing = tokio::task::spawn_blocking(move || packed(file));
        let (size, mut file) = packing.await.map_err(|e| StoreError::Refused(e.to_string()))??;
        self.put_packed(org, digest, size, &mut file, now).await
    }

    async fn put_packed(
        &self,
        org: Org,
        digest: &str,
        size: i64,
        packed: &mut (impl Read + Send),
        now: Timestamp,
    ) -> Result<bool> {
        let first = piece(packed)?;
        let mut next = piece(packed)?;
        let whole = next.is_empty();
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO document (org, digest, size, received, bytes)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let row = if whole { first.clone() } else { Vec::new() };
        if tx.run(sql, args![org.0, digest, size, micros(now), row]).await? == 0 {
            return Ok(false);
        }
        if !whole {
            let sql = "INSERT INTO document_piece (org, digest, number, bytes)
                VALUES ($1, $2, $3, $4)";
            tx.run(sql, args![org.0, digest, 0i64, first]).await?;
            let mut number = 1i64;
            while !next.is_empty() {
                tx.run(sql, args![org.0, digest, number, next]).await?;
                number += 1;
                next = piece(packed)?;
            }
        }
        tx.commit().await?;
        Ok(true)
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
        let mut packed = Vec::new();
        let size = self.read_packed(org, digest, &mut packed).await?;
        size.map(|size| unpack(&packed, size)).transpose()
    }

    /// The bytes of a document, if they are no more than `most`. `None`: there is no such document.
    ///
    /// # Errors
    /// The store does not answer, or what it kept is damaged.
    pub async fn document_up_to(&self, org: Org, digest: &str, most: i64) -> Result<Option<UpTo>> {
        let sql = "SELECT size, CASE WHEN size <= $3 THEN bytes END FROM document
            WHERE org = $1 AND digest = $2";
        let row = (&mut &self.db).first(sql, args![org.0, digest, most]).await?;
        let Some(row) = row else { return Ok(None) };
        match row.maybe_bytes(1)? {
            None => Ok(Some(UpTo::More)),
            // It lies in pieces.
            Some(packed) if packed.is_empty() => {
                Ok(self.document_bytes(org, digest).await?.map(UpTo::Bytes))
            }
            Some(packed) => Ok(Some(UpTo::Bytes(unpack(&packed, row.int(0)?)?))),
        }
    }

    /// Writes the bytes of a document to a file, without holding more of it than a piece. `false`: there is
    /// no such document.
    ///
    /// # Errors
    /// The store does not answer, what it kept is damaged, or the file cannot be written.
    pub async fn document_to_file(&self, org: Org, digest: &str, path: &Path) -> Result<bool> {
        let mut packed = aside()?;
        let Some(size) = self.read_packed(org, digest, &mut packed).await? else {
            return Ok(false);
        };
        let path = path.to_owned();
        let unpacking = tokio::task::spawn_blocking(move || {
            packed.rewind().map_err(broken)?;
            let mut from = zstd::stream::read::Decoder::new(packed).map_err(broken)?;
            let mut to = BufWriter::new(File::create(&path).map_err(broken)?);
            let most = u64::try_from(size).unwrap_or(0);
            // One byte more than was noted would be a lie.
            let copied = std::io::copy(&mut (&mut from).take(most + 1), &mut to);
            let copied = copied.map_err(|e| StoreError::Damaged(e.to_string()))?;
            to.flush().map_err(broken)?;
            if copied == most { Ok(true) } else { Err(other_size(copied, size)) }
        });
        unpacking.await.map_err(|e| StoreError::Refused(e.to_string()))?
    }

    /// Writes the compressed bytes of a document. Returns its size.
    async fn read_packed(
        &self,
        org: Org,
        digest: &str,
        to: &mut (impl Write + Send),
    ) -> Result<Option<i64>> {
        let sql = "SELECT bytes, size FROM document WHERE org = $1 AND digest = $2";
        let Some(row) = (&mut &self.db).first(sql, args![org.0, digest]).await? else {
            return Ok(None);
        };
        let (bytes, size) = (row.bytes(0)?, row.int(1)?);
        to.write_all(&bytes).map_err(broken)?;
        let sql = "SELECT bytes FROM document_piece
            WHERE org = $1 AND digest = $2 AND number = $3";
        let mut number = 0i64;
        while bytes.is_empty() {
            let row = (&mut &self.db).first(sql, args![org.0, digest, number]).await?;
            let Some(row) = row else { break };
            to.write_all(&row.bytes(0)?).map_err(broken)?;
            number += 1;
        }
        Ok(Some(size))
    }
}

/// Compresses a file into another one, which nobody else sees. Returns the size before.
fn packed(mut file: File) -> Result<(i64, File)> {
    file.rewind().map_err(broken)?;
    let to = BufWriter::new(aside()?);
    let mut encoder = zstd::stream::write::Encoder::new(to, LEVEL).map_err(broken)?;
    let size = std::io::copy(&mut BufReader::new(file), &mut encoder).map_err(broken)?;
    let mut to = encoder
        .finish()
        .and_then(|to| to.into_inner().map_err(std::io::IntoInnerError::into_error));
    if let Ok(to) = &mut to {
        to.rewind().map_err(broken)?;
    }
    Ok((i64::try_from(size).unwrap_or(i64::MAX), to.map_err(broken)?))
}

/// A file without a name, which goes when it is closed.
fn aside() -> Result<File> {
    tempfile::tempfile().map_err(broken)
}

/// The next piece; empty at the end.
fn piece(from: &mut impl Read) -> Result<Vec<u8>> {
    let mut piece = Vec::new();
    from.take(PIECE as u64).read_to_end(&mut piece).map_err(broken)?;
    Ok(piece)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn broken(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("a file for a document: {error}"))
}

fn other_size(found: impl std::fmt::Display, size: i64) -> StoreError {
    StoreError::Damaged(format!("a document has {found} bytes, not {size}"))
}

pub(crate) fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|e| StoreError::Refused(e.to_string()))
}

/// Unpacks to exactly the size that was noted.
pub(crate) fn unpack(packed: &[u8], size: i64) -> Result<Vec<u8>> {
    let size_is = usize::try_from(size).map_err(|e| StoreError::Damaged(e.to_string()))?;
    let bytes =
        zstd::bulk::decompress(packed, size_is).map_err(|e| StoreError::Damaged(e.to_string()))?;
    if bytes.len() == size_is { Ok(bytes) } else { Err(other_size(bytes.len(), size)) }
}
