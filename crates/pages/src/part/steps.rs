//! Who owns which step: engineering the choice of the dependency, security the assessment, product
//! the priority, operations the rollout. A step that waits says on whom, since when, until when.

use askama::Template;

use super::{Link, When};

/// How a step stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It is done.
    Done(When),
    /// It waits for somebody.
    Waiting {
        /// On whom.
        on: Link,
        /// Since when.
        since: When,
        /// Until when, by the charter.
        until: Option<When>,
        /// Whether that has passed.
        late: bool,
    },
    /// Another step comes first.
    NotYet,
}

/// One side's step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Engineering, security, product, operations.
    pub side: String,
    /// What the step is.
    pub task: String,
    /// Who does it.
    pub owner: Link,
    /// What was chosen, or is to be chosen.
    pub text: String,
    /// How it stands.
    pub state: State,
}

/// The steps of a finding.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(path = "part/steps.html")]
pub struct Steps(pub Vec<Step>);

super::renders_itself!(Steps);
