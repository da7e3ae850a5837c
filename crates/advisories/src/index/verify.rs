//! Reads a whole index: every page's checksum, the digest, and that every reference is valid.

use zerocopy::FromBytes;

use super::format::{AdvisoryItem, GroupItem, IdItem, LifecycleKey, Section};
use super::lookup::Entry;
use super::open::{Index, IndexError};
use super::write::digest;

/// What a whole index was found to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Pages whose sum is right.
    pub pages: u64,
    /// Packages.
    pub packages: u64,
    /// Pairs of advisory and package.
    pub entries: u64,
    /// Advisories.
    pub advisories: u64,
    /// Groups.
    pub groups: u64,
    /// Ids.
    pub ids: u64,
}

impl Index {
    /// Checks everything. Takes time that grows with the index.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn verify(&self) -> Result<Verified, IndexError> {
        let mut verified = Verified { pages: self.pages.check_all()?, ..Verified::default() };
        if self.header.digest != digest(&self.header, self.pages.sums()) {
            return Err(IndexError::Corrupt("the content does not match its digest"));
        }
        for package in self.packages() {
            let package = package?;
            let found = self.package(package.family(), package.name())?;
            if found.is_none_or(|found| !std::ptr::eq(found.name(), package.name())) {
                return Err(IndexError::Corrupt("a package is not found by its name"));
            }
            verified.packages += 1;
            for entry in package.try_entries() {
                let entry = entry.ok_or(IndexError::Corrupt("an entry makes no sense"))?;
                let advisory = self.advisory_at(entry.advisory())?;
                if advisory.group() != entry.group() {
                    return Err(IndexError::Corrupt("an entry is not of its advisory's group"));
                }
                check_entry(&entry)?;
                verified.entries += 1;
            }
        }
        self.verify_ids(&mut verified)?;
        let keys = self.whole(Section::LifecycleKeys)?;
        <[LifecycleKey]>::ref_from_bytes(keys)
            .map_err(|_| IndexError::Corrupt("the table of products has a wrong size"))?;
        self.info()?;
        self.families()?;
        Ok(verified)
    }

    fn verify_ids(&self, verified: &mut Verified) -> Result<(), IndexError> {
        verified.advisories = self.pages.count::<AdvisoryItem>(Section::Advisories);
        for number in 0..self.advisory_count() {
            let advisory = self.advisory_at(number)?;
            let found = self.id(advisory.id())?;
            if found.and_then(|id| id.advisory) != Some(number) {
                return Err(IndexError::Corrupt("an advisory is not found by its id"));
            }
        }
        verified.groups = self.pages.count::<GroupItem>(Section::Groups);
        for number in 0..self.group_count() {
            let group = self.group(number)?;
            if group.ids.iter().any(|id| id.group != Some(number)) {
                return Err(IndexError::Corrupt("an id is not of its group"));
            }
        }
        verified.ids = self.pages.count::<IdItem>(Section::Ids);
        for at in 0..verified.ids {
            let id = self.read_id(self.pages.item(Section::Ids, at)?)?;
            self.kev(id.text)?;
            self.epss(id.text)?;
        }
        Ok(())
    }
}

/// The intervals' bounds are inside of the entry, and listed versions and fixes are in order.
fn check_entry(entry: &Entry<'_>) -> Result<(), IndexError> {
    if entry.is_sound() { Ok(()) } else { Err(IndexError::Corrupt("an entry is out of order")) }
}
