//! A proposed change of the charter: what changes in the text, and what it would do to today's findings.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Diff, Figures, Form, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/proposal.html")]
pub struct Proposal {
    /// What stands around it.
    pub layout: Layout,
    /// What it would change, counted.
    pub figures: Figures,
    /// Who proposes it, why, from when.
    pub about: Pairs,
    /// Today's findings by level, as they are and as they would be.
    pub effect: Table,
    /// The findings whose level or deadline would change.
    pub moved: Table,
    /// The text, line by line.
    pub diff: Diff,
    /// Which sides have agreed, and which have yet to.
    pub agreed: Table,
    /// Agree or object; nothing if it is not theirs to do.
    pub form: Option<Form>,
}
