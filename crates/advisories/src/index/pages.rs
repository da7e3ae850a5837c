//! Checked access to the index's bytes: a page is compared with its checksum when it is first read,
//! and the result is remembered. What was not compared is never handed out.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::format::{Extent, Header, PAGE, Section, Slot};
use super::map::Bytes;
use super::open::IndexError;
use super::write::page_sum;

/// The index's bytes with what is known of its pages.
pub(crate) struct Pages {
    bytes: Bytes,
    sections: [Range<usize>; Section::COUNT],
    /// Where the checksums are; the first is that of the page after the header.
    sums: Range<usize>,
    /// One bit for each page that matched its sum.
    seen: Box<[AtomicU64]>,
    /// How many that are.
    touched: AtomicU64,
}

/// After so many pages touched for the first time, memory is given back (see `Bytes::release`).
const RELEASE: u64 = 64;

const OUTSIDE: IndexError = IndexError::Corrupt("a reference leads outside of its section");

impl Pages {
    /// Takes bytes whose header and page sums were found right.
    pub(crate) fn new(bytes: Bytes, header: &Header) -> Result<Pages, IndexError> {
        let sums = range(header.sums, bytes.len())?;
        let mut sections = [const { 0..0 }; Section::COUNT];
        for (place, extent) in sections.iter_mut().zip(header.sections) {
            *place = range(extent, sums.start)?;
            if place.start % PAGE != 0 {
                return Err(IndexError::Corrupt("a section does not begin on a page"));
            }
        }
        let words = (bytes.len() / PAGE).div_ceil(64) + 1;
        let seen = (0..words).map(|_| AtomicU64::new(0)).collect();
        Ok(Pages { bytes, sections, sums, seen, touched: AtomicU64::new(0) })
    }

    /// The length of a section.
    pub(crate) fn len(&self, section: Section) -> u64 {
        self.sections[section as usize].len() as u64
    }

    /// Bytes of a section, checked.
    pub(crate) fn get(&self, section: Section, offset: u64, len: u64) -> Result<&[u8], IndexError> {
        let section = &self.sections[section as usize];
        let end = offset.checked_add(len).ok_or(OUTSIDE)?;
        if end > section.len() as u64 {
            return Err(OUTSIDE);
        }
        // Both are at most the section's length, which is a usize.
        let start = section.start + usize::try_from(offset).map_err(|_| OUTSIDE)?;
        let end = section.start + usize::try_from(end).map_err(|_| OUTSIDE)?;
        for page in start / PAGE..end.div_ceil(PAGE) {
            self.check(page)?;
        }
        self.bytes.get(start..end).ok_or(OUTSIDE)
    }

    /// One item of a section that is an array.
    #[inline]
    pub(crate) fn item<T>(&self, section: Section, at: u64) -> Result<&T, IndexError>
    where
        T: FromBytes + Immutable + KnownLayout + Unaligned,
    {
        let size = size_of::<T>() as u64;
        let bytes = self.get(section, at.checked_mul(size).ok_or(OUTSIDE)?, size)?;
        T::ref_from_bytes(bytes).map_err(|_| OUTSIDE)
    }

    /// How many items a section that is an array has.
    pub(crate) fn count<T>(&self, section: Section) -> u64 {
        self.len(section) / size_of::<T>() as u64
    }

    /// Compares a page with its sum, unless that was done before.
    #[inline]
    fn check(&self, page: usize) -> Result<(), IndexError> {
        let (word, bit) = (page / 64, 1 << (page % 64));
        let seen = self.seen.get(word).ok_or(OUTSIDE)?;
        // Relaxed: the bit stands for bytes that never change, nothing else hangs on it.
        if seen.load(Ordering::Relaxed) & bit == 0 {
            self.compare(page)?;
            seen.fetch_or(bit, Ordering::Relaxed);
            if self.touched.fetch_add(1, Ordering::Relaxed) % RELEASE == RELEASE - 1 {
                self.bytes.release();
            }
        }
        Ok(())
    }

    #[cold]
    fn compare(&self, page: usize) -> Result<(), IndexError> {
        const DAMAGED: IndexError = IndexError::Corrupt("a page does not match its sum");
        let start = page.checked_mul(PAGE).ok_or(DAMAGED)?;
        let bytes = self.bytes.get(start..start + PAGE).ok_or(DAMAGED)?;
        let at = page.checked_sub(1).and_then(|p| p.checked_mul(8)).ok_or(DAMAGED)?;
        let sums = self.bytes.get(self.sums.clone()).ok_or(DAMAGED)?;
        let sum = sums.get(at..at + 8).and_then(|b| b.try_into().ok()).ok_or(DAMAGED)?;
        if page_sum(bytes) == u64::from_le_bytes(sum) { Ok(()) } else { Err(DAMAGED) }
    }

    /// Compares every page with its sum, whether that was done before or not.
    pub(crate) fn check_all(&self) -> Result<u64, IndexError> {
        let pages = self.sums.start / PAGE;
        for page in 1..pages {
            self.compare(page)?;
        }
        Ok(pages as u64)
    }

    /// The page sums.
    pub(crate) fn sums(&self) -> &[u8] {
        self.bytes.get(self.sums.clone()).unwrap_or_default()
    }

    /// Walks the slots of a hash table from where `hash` belongs, until one is vacant or `found`
    /// says that the value is the right one. Never more steps than there are slots.
    #[inline]
    pub(crate) fn probe<T>(
        &self,
        section: Section,
        hash: u64,
        mut found: impl FnMut(u32) -> Result<Option<T>, IndexError>,
    ) -> Result<Option<T>, IndexError> {
        let count = self.count::<Slot>(section);
        if !count.is_power_of_two() {
            return Err(IndexError::Corrupt("a table has an impossible size"));
        }
        let tag = (hash >> 32) as u32;
        let mut at = hash & (count - 1);
        for _ in 0..count {
            let slot: &Slot = self.item(section, at)?;
            let Some(value) = slot.value.get().checked_sub(1) else { return Ok(None) };
            if slot.tag == tag
                && let Some(found) = found(value)?
            {
                return Ok(Some(found));
            }
            at = (at + 1) & (count - 1);
        }
        Ok(None)
    }
}

/// An extent as a range that ends at `end` at the latest.
fn range(extent: Extent, end: usize) -> Result<Range<usize>, IndexError> {
    let start = usize::try_from(extent.offset.get()).map_err(|_| OUTSIDE)?;
    let len = usize::try_from(extent.len.get()).map_err(|_| OUTSIDE)?;
    let stop = start.checked_add(len).filter(|stop| *stop <= end).ok_or(OUTSIDE)?;
    Ok(start..stop)
}
