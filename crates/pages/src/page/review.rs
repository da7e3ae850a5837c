//! One review: the agenda with its times, who is there, what was decided, and its minutes.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Chart, Figures, Form, Link, Notice, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/review.html")]
pub struct Review {
    /// What stands around it.
    pub layout: Layout,
    /// What must be known first: that it is over its time.
    pub notice: Option<Notice>,
    /// The numbers, each with that of the last review.
    pub figures: Figures,
    /// How it went until then.
    pub charts: Vec<Chart>,
    /// When it began and ends, what it is time for, who is there.
    pub about: Pairs,
    /// What takes the meeting on: open it, note who is there.
    pub meeting: Vec<Form>,
    /// How well the meetings work.
    pub quality: Pairs,
    /// The agenda, from top to bottom.
    pub parts: Vec<ReviewPart>,
    /// What was decided.
    pub decisions: Table,
    /// To write down, to follow and to close, each with its heading; for those who may.
    pub forms: Vec<(String, Form)>,
    /// What people wrote at its end, a paragraph each.
    pub note: Vec<String>,
    /// The minutes in each format.
    pub minutes: Vec<Link>,
}

impl Review {
    /// How far it is as long as people may add to it, by what it says of its times: then the page takes in what others
    /// record. `None`: it is closed.
    fn stage(&self) -> Option<&'static str> {
        let says = |what: &str| self.about.0.iter().any(|(name, _)| name == what);
        match (says("Closed"), says("Opened")) {
            (true, _) => None,
            (false, true) => Some("open"),
            (false, false) => Some("planned"),
        }
    }
}

/// A part of the agenda.
#[derive(Debug, Clone)]
pub struct ReviewPart {
    /// Its name in the address.
    pub anchor: String,
    /// Its title.
    pub title: String,
    /// How long it is, and until when.
    pub time: String,
    /// What is in it.
    pub about: String,
    /// Where its list is.
    pub list: Link,
    /// Its topics; nothing where there are none.
    pub topics: Option<Table>,
}
