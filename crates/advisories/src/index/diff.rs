//! What changed between two indexes.

use super::open::{Index, IndexError};

/// Ids of advisories that differ between an old and a new index; each list is sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Only in the new one.
    pub added: Vec<Box<str>>,
    /// In both, and what the index says of them is not the same.
    pub changed: Vec<Box<str>>,
    /// In the old one; the new one knows that their database took them back.
    pub withdrawn: Vec<Box<str>>,
    /// In the old one, and nowhere in the new one.
    pub removed: Vec<Box<str>>,
}

impl Index {
    /// What changed from an old index to this one.
    ///
    /// # Errors
    /// One of them is damaged.
    pub fn diff(&self, old: &Index) -> Result<Diff, IndexError> {
        Diff::between(old, self)
    }
}

impl Diff {
    /// Compares two indexes. Takes time that grows with both, but little for each advisory.
    ///
    /// # Errors
    /// One of them is damaged.
    pub fn between(old: &Index, new: &Index) -> Result<Diff, IndexError> {
        let mut diff = Diff::default();
        let (mut i, mut j) = (0, 0);
        let (old_count, new_count) = (old.advisory_count(), new.advisory_count());
        // Both are sorted by upper-case id.
        while i < old_count || j < new_count {
            let before = (i < old_count).then(|| old.advisory_at(i)).transpose()?;
            let after = (j < new_count).then(|| new.advisory_at(j)).transpose()?;
            match (before, after) {
                (Some(before), Some(after)) => {
                    let (a, b) =
                        (before.id().to_ascii_uppercase(), after.id().to_ascii_uppercase());
                    if a == b {
                        if before.content() != after.content() {
                            diff.changed.push(after.id().into());
                        }
                        (i, j) = (i + 1, j + 1);
                    } else if a < b {
                        diff.gone(before.id(), new)?;
                        i += 1;
                    } else {
                        diff.added.push(after.id().into());
                        j += 1;
                    }
                }
                (Some(before), None) => {
                    diff.gone(before.id(), new)?;
                    i += 1;
                }
                (None, Some(after)) => {
                    diff.added.push(after.id().into());
                    j += 1;
                }
                (None, None) => break,
            }
        }
        for list in [&mut diff.added, &mut diff.changed, &mut diff.withdrawn, &mut diff.removed] {
            list.sort_unstable();
        }
        Ok(diff)
    }

    fn gone(&mut self, id: &str, new: &Index) -> Result<(), IndexError> {
        let withdrawn = new.id(id)?.is_some_and(|id| id.withdrawn);
        let list = if withdrawn { &mut self.withdrawn } else { &mut self.removed };
        list.push(id.into());
        Ok(())
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        [&self.added, &self.changed, &self.withdrawn, &self.removed].iter().all(|l| l.is_empty())
    }
}
