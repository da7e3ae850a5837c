//! What files listed from when to when: every reading of every file once, however many commits it
//! stayed the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::{FileInventory, Inventory};

/// From when to when something was so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Since then. [`Timestamp::MIN`]: since before what is known.
    pub from: Timestamp,
    /// Until then. `None`: it still is.
    pub until: Option<Timestamp>,
}

impl Span {
    /// Whether it was so at a moment.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Whether both were so at some moment.
    pub fn meets(&self, other: &Span) -> bool {
        let begins = |one: &Span, other: &Span| one.until.is_none_or(|until| other.from < until);
        begins(self, other) && begins(other, self)
    }
}

/// Everything that was listed over a time.
#[derive(Debug, Default)]
pub struct Listed {
    /// Every reading of every file that differs from the one before.
    pub inventory: Inventory,
    /// Per file of the inventory: from when to when it had this content.
    pub spans: Vec<Span>,
    /// The current state: path and format, and the position.
    current: BTreeMap<(Box<str>, Box<str>), usize>,
    /// Components of all readings.
    held: usize,
}

impl Listed {
    /// Records what the files list from a moment on, which is not before the previous one. A file
    /// that is not named is gone; one that is named as broken stays unchanged. The first moment is
    /// [`Timestamp::MIN`] if the files are older than what is known.
    pub fn tell<'f>(
        &mut self,
        at: Timestamp,
        files: impl IntoIterator<Item = &'f FileInventory>,
        broken: &BTreeSet<&str>,
    ) {
        let mut there: BTreeSet<(Box<str>, Box<str>)> = BTreeSet::new();
        for file in files {
            let key: (Box<str>, Box<str>) = (file.path.clone(), (&*file.format).into());
            let stands = self.current.get(&key).copied();
            if stands.and_then(|is| self.inventory.files.get(is)) != Some(file) {
                if let Some(span) = stands.and_then(|is| self.spans.get_mut(is)) {
                    span.until = Some(at);
                }
                self.current.insert(key.clone(), self.spans.len());
                self.spans.push(Span { from: at, until: None });
                self.held += file.components.len();
                self.inventory.files.push(file.clone());
            }
            there.insert(key);
        }
        let spans = &mut self.spans;
        self.current.retain(|key, is| {
            let stays = there.contains(key) || broken.contains(&*key.0);
            if let Some(span) = spans.get_mut(*is).filter(|_| !stays) {
                span.until = Some(at);
            }
            stays
        });
    }

    /// How many components are held, of all readings of all files.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The files as they are at the end.
    pub fn last(&self) -> impl Iterator<Item = &FileInventory> {
        self.current.values().filter_map(|is| self.inventory.files.get(*is))
    }
}
