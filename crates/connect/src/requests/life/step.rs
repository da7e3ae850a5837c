//! A step: what is done about one request, or told of it, and why.

/// What is done or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is as it should be, or nothing can be done about it.
    Keep,
    /// The plan has other actions: it is built anew, in place.
    Update,
    /// The base moved: it is built anew on it, in place.
    Rebase,
    /// It is closed: another batch has what it has.
    Supersede {
        /// The other batch.
        by: String,
        /// The other's request, where that is open and has it all. `None`: first the other is built.
        number: Option<u64>,
    },
    /// It is closed: its findings are gone without it.
    Obsolete,
    /// It is closed: people said so.
    Skip,
    /// It is merged: people approved it.
    Merge,
    /// It is not touched.
    Leave,
    /// It is asked for.
    Open,
    /// It waits: as many are open as may be, its window has not begun, or a version is not old enough.
    Wait,
    /// It is not asked for: people closed it.
    NotWanted,
    /// It was merged and taken back: it is not asked for before people say so.
    Reverted,
    /// It was merged, and its findings are gone, or nobody can tell.
    Done,
    /// It was merged, and the base still has findings of it.
    StillThere,
    /// Trimtab closed it.
    Over,
}

impl What {
    /// The word used in all output.
    pub fn as_str(&self) -> &'static str {
        match self {
            What::Keep => "keep",
            What::Update => "update",
            What::Rebase => "rebase",
            What::Supersede { .. } => "supersede",
            What::Obsolete => "obsolete",
            What::Skip => "skip",
            What::Merge => "merge",
            What::Leave => "leave",
            What::Open => "open",
            What::Wait => "wait",
            What::NotWanted => "not-wanted",
            What::Reverted => "reverted",
            What::Done => "done",
            What::StillThere => "still-there",
            What::Over => "over",
        }
    }

    /// Whether something is done.
    pub fn acts(&self) -> bool {
        self.closes() || self.builds() || *self == What::Merge
    }

    /// Whether a request is closed.
    pub fn closes(&self) -> bool {
        matches!(self, What::Supersede { .. } | What::Obsolete | What::Skip)
    }

    /// Whether one fewer is open afterwards.
    pub fn frees(&self) -> bool {
        self.closes() || *self == What::Merge
    }

    /// Whether a batch is carried out.
    pub fn builds(&self) -> bool {
        matches!(self, What::Update | What::Rebase | What::Open)
    }
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The request. `None`: there is none yet.
    pub number: Option<u64>,
    /// The batch.
    pub batch: String,
    /// The request that is over and decides about a batch that has none open. `None`: none does.
    pub over: Option<u64>,
    /// What is done or told.
    pub what: What,
    /// Why, in words.
    pub why: String,
}
