//! What a newer index makes it necessary to check again: which packages must be matched anew, and
//! which vulnerabilities only weighed anew.

use std::collections::BTreeSet;

use trimtab_model::Family;

use super::diff::Diff;
use super::format::{IdItem, Section};
use super::open::{Index, IndexError};

/// What changed between two indexes, as far as somebody who matched with the old one must care.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Packages of which some advisory, or the company that it is in, is another: family and
    /// normalised name.
    pub packages: BTreeSet<(Family, Box<str>)>,
    /// Ids whose advisory, catalogue entry or score is another, and all ids of the groups that such an advisory is or was
    /// in: a finding of one package is weighed by what its whole group says.
    pub vulnerabilities: BTreeSet<Box<str>>,
    /// One of them has the catalogue or the scores and the other has not: then what is not listed
    /// means something else for every vulnerability.
    pub everything: bool,
}

impl Touched {
    /// Compares two indexes.
    ///
    /// # Errors
    /// One of them is damaged.
    pub fn between(old: &Index, new: &Index) -> Result<Touched, IndexError> {
        let mut touched = Touched::default();
        let (before, after) = (old.info()?, new.info()?);
        if before.digest == after.digest {
            return Ok(touched);
        }
        touched.everything = before.kev.is_some() != after.kev.is_some()
            || before.epss.is_some() != after.epss.is_some();
        let diff = Diff::between(old, new)?;
        let lists = [diff.added, diff.changed, diff.withdrawn, diff.removed];
        let ids: BTreeSet<Box<str>> = lists.into_iter().flatten().collect();
        for index in [old, new] {
            touched.mark(index, &ids)?;
        }
        touched.vulnerabilities.extend(ids);
        touched.exploited(old, new)?;
        touched.exploited(new, old)?;
        Ok(touched)
    }

    /// The packages of an index that name one of the ids, or one of their company.
    fn mark(&mut self, index: &Index, ids: &BTreeSet<Box<str>>) -> Result<(), IndexError> {
        let mut marked: BTreeSet<u32> = BTreeSet::new();
        for id in ids {
            let Some(found) = index.id(id)? else { continue };
            marked.extend(found.advisory);
            if let Some(group) = found.group {
                let group = index.group(group)?;
                marked.extend(group.advisories());
                self.vulnerabilities.extend(group.ids.iter().map(|id| Box::from(id.text)));
            }
        }
        if marked.is_empty() {
            return Ok(());
        }
        for package in index.packages() {
            let package = package?;
            if package.entries().any(|entry| marked.contains(&entry.advisory())) {
                self.packages.insert((package.family(), package.name().into()));
            }
        }
        Ok(())
    }

    /// The ids of one index of which the other says something else about exploitation.
    fn exploited(&mut self, one: &Index, other: &Index) -> Result<(), IndexError> {
        for at in 0..one.pages.count::<IdItem>(Section::Ids) {
            let item: &IdItem = one.pages.item(Section::Ids, at)?;
            let id = one.read_id(item)?.text;
            if one.kev(id)? != other.kev(id)? || one.epss(id)? != other.epss(id)? {
                self.vulnerabilities.insert(id.into());
            }
        }
        Ok(())
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.vulnerabilities.is_empty() && !self.everything
    }
}
