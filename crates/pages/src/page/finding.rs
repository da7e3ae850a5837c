//! One finding as a short story: what could happen, to what, by when it must go, what it costs, how to do
//! it; then factors, paths, evidence, and what happened.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Factors, Figures, History, Link, Paths, Steps, Table, Voices};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/finding.html")]
pub struct Finding {
    /// What stands around it.
    pub layout: Layout,
    /// Level, deadline, weight, cost.
    pub figures: Figures,
    /// Who owns which step.
    pub steps: Steps,
    /// The story, told to one side.
    pub voices: Voices,
    /// What would remove it.
    pub actions: Table,
    /// Every factor of the assessment.
    pub factors: Factors,
    /// How the factors make the level, as a sentence.
    pub reckoning: String,
    /// Who brings the component in.
    pub paths: Paths,
    /// What is known, by whom, since when.
    pub evidence: Table,
    /// Who says that the finding exists.
    pub attributions: Table,
    /// What people agreed.
    pub decisions: Table,
    /// What can be learnt of it.
    pub lessons: Vec<Lesson>,
    /// From detected to deployed.
    pub history: History,
}

/// A short lesson about a weakness.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What it is called; it leads to all of it.
    pub title: Link,
    /// What it is, how it is exploited, how to avoid it: a paragraph each, with its name.
    pub text: Vec<(String, String)>,
}
