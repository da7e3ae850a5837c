//! What becomes of each request of ours. A pure decision: what hosts, git, the plan and a scan of the base say goes
//! in, one step for each request comes out. Doing the steps and deciding again leaves nothing to do.

mod closed;
mod open;
mod step;

use std::collections::BTreeSet;

use jiff::Timestamp;
pub use step::{Step, What};

use super::marker::{Id, Marker, Wanted};
use super::{State, Word};

/// How the branch of an open request stands to its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is on top of the base.
    UpToDate,
    /// The base moved on.
    Behind {
        /// Whether files that the branch changes changed there as well.
        touched: bool,
    },
    /// It has a commit that is not Trimtab's: which.
    Others(String),
    /// It is not known: why.
    Unknown(String),
}

/// A request of ours, for the base that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// Its number.
    pub number: u64,
    /// The batch, by the name of the branch.
    pub batch: String,
    /// Where it is in its life.
    pub state: State,
    /// What people say by labels.
    pub word: Option<Word>,
    /// What its text says. `None`: nothing that is understood.
    pub marker: Option<Marker>,
    /// Its branch; counts while it is open.
    pub standing: Standing,
    /// The commit of the base that took it back. `None`: none did.
    pub reverted: Option<String>,
}

/// A batch of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub batch: String,
    /// The lockfile or manifest.
    pub place: Id,
    /// Its actions, without those that wait for their age.
    pub actions: BTreeSet<Id>,
    /// The findings that go with it, under each of their ids.
    pub removes: BTreeSet<Id>,
    /// Whether its window has begun, and it waits for no version to be old enough.
    pub due: bool,
    /// From when it may be carried out, where it waits for that within its window.
    pub not_before: Option<Timestamp>,
    /// When the last of its actions became old enough that had to wait for it. `None`: none had to.
    pub aged: Option<Timestamp>,
    /// The charter that it was planned by, as a digest. `None`: it is not known.
    pub charter: Option<Id>,
}

impl Planned {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { actions: &self.actions, aged: self.aged, charter: self.charter.as_ref() }
    }
}

/// What may be asked for that is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Nothing.
    Nothing,
    /// Every batch whose window has begun and that waits for no version to be old enough.
    Due,
    /// This batch; `again`: also if people did not want it, or took it back.
    Batch {
        /// Its name.
        name: String,
        /// Whether people say that it is wanted after all.
        again: bool,
    },
}

/// All that a decision is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// Ours, in any order.
    pub ours: Vec<Ours>,
    /// Open requests of ours that are left out of this, such as those for another base: they count.
    pub others_open: usize,
    /// The plan's batches, in their order. `None`: there is no plan.
    pub plan: Option<Vec<Planned>>,
    /// The findings that the base has, under each of their ids. `None`: that is not known.
    pub base: Option<BTreeSet<Id>>,
    /// How many may be open. `None`: any number.
    pub limit: Option<usize>,
    /// What may be asked for.
    pub asked: Asked,
    /// Whether what people approve may be merged.
    pub merging: bool,
}

impl Situation {
    /// How many of some findings the base still has. `None`: that is not known, or there are none to look for.
    fn left(&self, marker: Option<&Marker>) -> Option<usize> {
        let marker = marker.filter(|marker| marker.whole && !marker.gone.is_empty())?;
        self.base.as_ref().map(|base| marker.gone.intersection(base).count())
    }

    fn planned(&self, batch: &str) -> Option<&Planned> {
        self.plan.iter().flatten().find(|planned| planned.batch == batch)
    }

    fn open(&self) -> impl Iterator<Item = &Ours> {
        self.ours.iter().filter(|ours| ours.state == State::Open)
    }
}

/// Decides: first for what is open, then for what the plan has and is not open, then for what is over.
pub fn decide(situation: &Situation) -> Vec<Step> {
    let mut steps = open::steps(situation);
    open::wanted(situation, &mut steps);
    steps.extend(closed::steps(situation));
    steps
}
