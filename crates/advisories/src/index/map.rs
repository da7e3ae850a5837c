//! The one place with `unsafe`: mapping the index file into memory.
//!
//! Contract: the bytes of a mapped file must not change while they are lent out. An index is
//! never written in place: the builder writes a new file aside and renames it over the old name,
//! so an open index keeps the old file's bytes for as long as it lives. Whoever truncates or
//! overwrites the file by other means while it is in use breaks the contract (on Unix: a signal
//! on truncation, and torn values, which every reader treats as it does hostile bytes: no code
//! relies on the content for memory safety).

#![expect(unsafe_code, reason = "memory-mapping needs it; the contract stands above")]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// The bytes of an index: mapped, or in memory.
pub(crate) enum Bytes {
    /// A mapped file.
    Mapped(memmap2::Mmap),
    /// Bytes in memory, for tests and fuzzing.
    Owned(Vec<u8>),
}

impl Bytes {
    /// Maps a whole file for reading.
    pub(crate) fn map(file: &File) -> io::Result<Bytes> {
        // SAFETY: the module's contract. The map is private and read-only, its lifetime is that
        // of `Bytes`, and no reference outlives it (`Deref` borrows `self`).
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Bytes::Mapped(map))
    }

    /// Gives the memory of mapped pages back to the system; they are mapped again when touched.
    /// The kernel maps the neighbours of a touched page, too, so a thousand scattered look-ups
    /// would make a whole index count as this process's memory.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = self {
            // SAFETY: the map is a shared, read-only one of a file that does not change (the
            // contract above): a page that is dropped reads the same when it comes back.
            // A failure leaves the pages where they are, which is harmless.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }
}
